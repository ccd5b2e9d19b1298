"""Pen strokes as pictures: on a canvas, on a page, in colour, on transparent ground, in 28x28.

A drawing is a list of strokes, a stroke a list of [x, y] points in any unit, y growing downward.
"""

import numpy as np
from PIL import Image, ImageDraw, ImageOps

Strokes = list[list[list[float]]]
Colour = tuple[int, int, int]

OVERSAMPLING = 2
MIN_COLOUR_DISTANCE = 45  # in CIELAB: red on green is enough, though both are equally bright; blue on navy is not


def extent(strokes: Strokes) -> tuple[np.ndarray, np.ndarray]:
    """The upper left corner of a drawing, and its (width, height)."""
    points = np.concatenate([np.asarray(stroke, float) for stroke in strokes])
    return points.min(axis=0), np.ptp(points, axis=0)


def fit(strokes: Strokes, box: tuple[float, float, float, float]) -> list[np.ndarray]:
    """Bring a drawing into the middle of `box` (x, y, width, height), as large as it can be, proportions kept.

    Returns:
        one array of shape (points, 2) for each stroke.
    """
    low, size = extent(strokes)
    room = np.array(box[2:], float)
    scale = min((side / drawn for side, drawn in zip(room, size, strict=True) if drawn > 0), default=1.0)
    offset = np.array(box[:2]) + (room - size * scale) / 2
    return [(np.asarray(stroke, float) - low) * scale + offset for stroke in strokes]


def ink_mask(
    paths: list[np.ndarray], size: tuple[int, int], pen: float, oversampling: int = OVERSAMPLING
) -> Image.Image:
    """What a round brush covers: mode L, 0 where there is no ink, 255 where there is, between on the edges.

    Args:
        paths: strokes in pixels of the picture.
        size: width and height of the picture in pixels.
        pen: width of the brush in pixels.
    """
    mask = Image.new("L", (size[0] * oversampling, size[1] * oversampling), 0)
    brush = ImageDraw.Draw(mask)
    radius = pen * oversampling / 2
    for path in paths:
        points = [(x * oversampling, y * oversampling) for x, y in path.tolist()]
        if len(points) > 1:
            brush.line(points, fill=255, width=round(pen * oversampling), joint="curve")
        for x, y in points:
            brush.ellipse([x - radius, y - radius, x + radius, y + radius], fill=255)
    return mask.reduce(oversampling)


def draw(strokes: Strokes, pen: float, side: int = 280, margin: float = 40) -> Image.Image:
    """Black on a white canvas of `side` x `side` pixels, in its middle, `margin` free pixels around the pen's path."""
    return ImageOps.invert(_canvas(strokes, pen, side, margin))


def draw_white(strokes: Strokes, pen: float, side: int = 280, margin: float = 40) -> Image.Image:
    """As `draw`, white on black."""
    return _canvas(strokes, pen, side, margin)


def draw_coloured(strokes: Strokes, pen: float, ink: Colour, paper: Colour, side: int = 280) -> Image.Image:
    """As `draw`, in two colours: mode RGB."""
    mask = _canvas(strokes, pen, side)
    return Image.composite(Image.new("RGB", mask.size, ink), Image.new("RGB", mask.size, paper), mask)


def draw_transparent(strokes: Strokes, pen: float, ink: Colour, hidden: Colour, side: int = 280) -> Image.Image:
    """As `draw`, on nothing: mode RGBA; `hidden` is the colour that the fully transparent pixels carry."""
    mask = _canvas(strokes, pen, side)
    colours = Image.composite(
        Image.new("RGB", mask.size, ink),
        Image.new("RGB", mask.size, hidden),
        mask.point(lambda alpha: 255 * (alpha > 0)),
    )
    colours.putalpha(mask)
    return colours


def draw_on_page(strokes: Strokes, rng: np.random.Generator, pen: float = 3, height: float = 100) -> Image.Image:
    """Somewhere on a white page of 500x300 pixels, `height` pixels high, or as wide as the page allows."""
    size, margin = np.array([500, 300]), 2 * pen
    _, drawn = extent(strokes)
    scale = min(height / max(drawn[1], 1e-9), (size[0] - 2 * margin) / max(drawn[0], 1e-9))
    corner = rng.uniform(margin, size - margin - drawn * scale)
    return ImageOps.invert(ink_mask(fit(strokes, (*corner, *(drawn * scale))), (500, 300), pen))


def draw_tiny(strokes: Strokes, rng: np.random.Generator) -> Image.Image:
    """In 28x28 pixels that are black or white and nothing between, about 20 pixels high, in either polarity."""
    pen, longer = rng.uniform(2, 3), rng.uniform(18, 21) - 2  # the pen's width comes on top
    corner = np.clip((28 - longer) / 2 + rng.uniform(-2, 2, 2), 2, 26 - longer)
    mask = ink_mask(fit(strokes, (*corner, longer, longer)), (28, 28), pen, oversampling=8)
    mask = mask.point(lambda covered: 255 * (covered > 127))
    return mask if rng.random() < 0.5 else ImageOps.invert(mask)


def draw_number(strokes: Strokes, height: float, pen: float = 4, margin: int = 40) -> Image.Image:
    """Black on a white page that leaves `margin` pixels around the writing, its `height` in pixels."""
    _, drawn = extent(strokes)
    size = drawn * height / max(drawn[1], 1e-9)
    page = tuple(int(side) for side in np.ceil(size + 2 * margin))
    return ImageOps.invert(ink_mask(fit(strokes, (margin, margin, *size)), page, pen))


def random_colours(rng: np.random.Generator) -> tuple[Colour, Colour]:
    """Two colours, (ink, paper), that anybody with colour vision tells apart."""
    while True:
        ink, paper = (tuple(int(value) for value in rng.integers(0, 256, 3)) for _ in range(2))
        if colour_distance(ink, paper) >= MIN_COLOUR_DISTANCE:
            return ink, paper


def colour_distance(one: Colour, other: Colour) -> float:
    """Distance in CIELAB (delta E, 1976): 100 between black and white, about 2 where it can just be seen."""
    return float(np.linalg.norm(_lab(one) - _lab(other)))


def _lab(colour: Colour) -> np.ndarray:
    encoded = np.array(colour) / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = to_xyz @ linear / (0.9505, 1.0, 1.089)
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def _canvas(strokes: Strokes, pen: float, side: int = 280, margin: float = 40) -> Image.Image:
    return ink_mask(fit(strokes, (margin, margin, side - 2 * margin, side - 2 * margin)), (side, side), pen)
