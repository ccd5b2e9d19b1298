"""Pen strokes from the browser, checked and drawn into a picture."""

from math import isfinite
from typing import Any

from PIL import Image, ImageDraw

from mnist_model.errors import MnistModelError

Point = tuple[float, float]

MAX_STROKES = 200
MAX_POINTS = 20_000
SIDE = 280  # pixels of the picture that is handed to the recognizer
OVERSAMPLING = 4  # PIL draws without anti-aliasing: draw larger, then average
PEN = 20  # pixels: a digit of LONGER_SIDE written with it has the stroke width that MNIST has
LONGER_SIDE = 200
MAX_ENLARGEMENT = 6  # a dot stays a dot


def parse_strokes(payload: Any) -> list[list[Point]]:
    """Strokes as the browser sends them: lists of [x, y] in 0..1 of the pad, clipped to it.

    Raises:
        MnistModelError: when the payload is anything else, or too long to be a digit.
    """
    try:
        strokes = [[(float(x), float(y)) for x, y in stroke] for stroke in payload]
    except (TypeError, ValueError, OverflowError):
        raise MnistModelError("The drawing could not be understood: clear the pad and draw again.") from None
    if len(strokes) > MAX_STROKES or sum(map(len, strokes)) > MAX_POINTS:
        raise MnistModelError("That is more ink than a digit needs: clear the pad and draw a digit from 0 to 9.")
    if not all(isfinite(value) for stroke in strokes for point in stroke for value in point):
        raise MnistModelError("The drawing could not be understood: clear the pad and draw again.")
    return [[(min(max(x, 0), 1), min(max(y, 0), 1)) for x, y in stroke] for stroke in strokes if stroke]


def draw_strokes(strokes: list[list[Point]]) -> Image.Image:
    """The strokes in black on white, as an L picture of SIDE x SIDE.

    Because strokes are vectors, the pen on the screen need not be the pen in the picture: the drawing is enlarged to a
    fixed size and inked with a pen of fixed width, so that a small digit is not a blob and a large one not a thread.
    """
    xs = [x for stroke in strokes for x, _ in stroke]
    ys = [y for stroke in strokes for _, y in stroke]
    extent = max(max(xs) - min(xs), max(ys) - min(ys))
    factor = min(LONGER_SIDE / max(extent, 1e-6), SIDE * MAX_ENLARGEMENT) * OVERSAMPLING
    middle_x, middle_y = (max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2
    centre, pen = SIDE * OVERSAMPLING / 2, PEN * OVERSAMPLING
    picture = Image.new("L", (SIDE * OVERSAMPLING, SIDE * OVERSAMPLING), 255)
    brush = ImageDraw.Draw(picture)
    for stroke in strokes:
        points = [(centre + (x - middle_x) * factor, centre + (y - middle_y) * factor) for x, y in stroke]
        if len(points) > 1:
            brush.line(points, fill=0, width=pen, joint="curve")
        for x, y in (points[0], points[-1]):
            brush.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), fill=0)
    return picture.reduce(OVERSAMPLING)
