"""Pen strokes from the browser, checked and drawn into a picture."""

from math import isfinite
from typing import Any

from PIL import Image, ImageDraw

from mnist_model.errors import MnistModelError
from mnist_model.ui.language import say

Point = tuple[float, float]

MAX_STROKES = 200
MAX_POINTS = 20_000
SIDE = 280  # pixels of the picture that is handed to the recognizer
OVERSAMPLING = 4  # PIL draws without anti-aliasing: draw larger, then average
PEN = 20  # pixels: a digit of LONGER_SIDE written with it has the stroke width that MNIST has
LONGER_SIDE = 200
MAX_ENLARGEMENT = 6  # a dot stays a dot
NARROWEST_NUMBER = 0.7  # width over height
WIDE = 2.5  # width of the page for numbers, of its height
PAGE_HEIGHT = 200  # pixels of the page as it is handed to the recognizer
PAGE_PEN = 7


def parse_question(question: Any, width: float = 1) -> tuple[list[list[Point]], Any]:
    """The strokes that the pad sends, and the name of the model that is asked, which is not checked here.

    Args:
        width: of the pad, in units of its height.
    Raises:
        MnistModelError: as `parse_strokes`.
    """
    if not isinstance(question, dict):
        question = {}
    return parse_strokes(question.get("strokes"), width), question.get("model")


def parse_strokes(payload: Any, width: float = 1) -> list[list[Point]]:
    """Strokes as the browser sends them: lists of [x, y] in units of the pad's height, clipped to it.

    Args:
        width: of the pad, in units of its height.
    Raises:
        MnistModelError: when the payload is anything else, or too long to be a digit or a number.
    """
    try:
        strokes = [[(float(x), float(y)) for x, y in stroke] for stroke in payload]
    except (TypeError, ValueError, OverflowError):
        raise MnistModelError(say("pad.unclear")) from None
    if len(strokes) > MAX_STROKES or sum(map(len, strokes)) > MAX_POINTS:
        raise MnistModelError(say("pad.full"))
    if not all(isfinite(value) for stroke in strokes for point in stroke for value in point):
        raise MnistModelError(say("pad.unclear"))
    return [[(min(max(x, 0), width), min(max(y, 0), 1)) for x, y in stroke] for stroke in strokes if stroke]


def may_be_number(strokes: list[list[Point]]) -> bool:
    """Whether strokes are as wide as two digits beside each other. Some digits are, and two narrow ones are not."""
    (left, right), (top, bottom) = _range(strokes, 0), _range(strokes, 1)
    return right - left > NARROWEST_NUMBER * (bottom - top)


def draw_strokes(strokes: list[list[Point]]) -> Image.Image:
    """The strokes in black on white, as an L picture of SIDE x SIDE.

    Because strokes are vectors, the pen on the screen need not be the pen in the picture: the drawing is enlarged to a
    fixed size and inked with a pen of fixed width, so that a small digit is not a blob and a large one not a thread.
    """
    left, top, side = (value * OVERSAMPLING for value in pad_in_picture(strokes))
    lines = [[(left + x * side, top + y * side) for x, y in stroke] for stroke in strokes]
    return _ink(lines, (SIDE, SIDE), PEN)


def pad_in_picture(strokes: list[list[Point]]) -> tuple[float, float, float]:
    """Left, top and side of the square pad, in pixels of the picture that `draw_strokes` gives."""
    (left, right), (top, bottom) = _range(strokes, 0), _range(strokes, 1)
    factor = min(LONGER_SIDE / max(right - left, bottom - top, 1e-6), SIDE * MAX_ENLARGEMENT)
    return SIDE / 2 - (left + right) / 2 * factor, SIDE / 2 - (top + bottom) / 2 * factor, factor


def draw_page(strokes: list[list[Point]]) -> Image.Image:
    """The strokes in black on white where they are on the wide pad: an L picture, PAGE_HEIGHT pixels high."""
    scale = PAGE_HEIGHT * OVERSAMPLING
    lines = [[(x * scale, y * scale) for x, y in stroke] for stroke in strokes]
    return _ink(lines, (round(PAGE_HEIGHT * WIDE), PAGE_HEIGHT), PAGE_PEN)


def _ink(lines: list[list[Point]], size: tuple[int, int], pen: int) -> Image.Image:
    """Lines, in pixels of the oversampled picture, drawn with a round pen."""
    picture = Image.new("L", (size[0] * OVERSAMPLING, size[1] * OVERSAMPLING), 255)
    brush, width = ImageDraw.Draw(picture), pen * OVERSAMPLING
    for points in lines:
        if len(points) > 1:
            brush.line(points, fill=0, width=width, joint="curve")
        for x, y in (points[0], points[-1]):
            brush.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=0)
    return picture.reduce(OVERSAMPLING)


def _range(strokes: list[list[Point]], axis: int) -> tuple[float, float]:
    values = [point[axis] for stroke in strokes for point in stroke]
    return min(values), max(values)
