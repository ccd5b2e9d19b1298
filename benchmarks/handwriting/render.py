"""Pen strokes as pictures: on a page, in colour, on transparent ground, in 28x28."""

import numpy as np
from PIL import Image, ImageOps

from mnist_model.handwriting import Strokes, draw_white, extent, fit, ink_mask

Colour = tuple[int, int, int]

MIN_COLOUR_DISTANCE = 45  # in CIELAB: red on green is enough, though both are equally bright; blue on navy is not


def draw_coloured(strokes: Strokes, pen: float, ink: Colour, paper: Colour, side: int = 280) -> Image.Image:
    """As `handwriting.draw`, in two colours: mode RGB."""
    mask = draw_white(strokes, pen, side)
    return Image.composite(Image.new("RGB", mask.size, ink), Image.new("RGB", mask.size, paper), mask)


def draw_transparent(strokes: Strokes, pen: float, ink: Colour, hidden: Colour, side: int = 280) -> Image.Image:
    """As `handwriting.draw`, on nothing: mode RGBA; `hidden` is the colour that the fully transparent pixels carry."""
    mask = draw_white(strokes, pen, side)
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
