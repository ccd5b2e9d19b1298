"""Draws the example pictures of the Upload tab: python mnist_model/ui/examples/make_examples.py

Every picture is our own, strokes and all. They show what the recognizer is asked to cope with: both polarities, a small
digit in the corner of a page, a thin pen under a shadow, ink on textured paper.
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

FOLDER = Path(__file__).parent
OVERSAMPLING = 4

THREE = [(0.33, 0.25), (0.42, 0.18), (0.55, 0.18), (0.64, 0.26), (0.63, 0.37), (0.55, 0.45), (0.45, 0.48), (0.58, 0.50),
         (0.67, 0.58), (0.68, 0.69), (0.61, 0.79), (0.49, 0.83), (0.38, 0.81), (0.32, 0.76)]  # fmt: skip
SEVEN = [(0.31, 0.22), (0.44, 0.20), (0.57, 0.21), (0.69, 0.19), (0.62, 0.36), (0.54, 0.55), (0.49, 0.70), (0.45, 0.84)]
BAR = [(0.40, 0.52), (0.52, 0.51), (0.66, 0.50)]
FIVE = [(0.38, 0.20), (0.37, 0.31), (0.35, 0.44), (0.44, 0.41), (0.55, 0.43), (0.64, 0.51), (0.67, 0.63), (0.62, 0.75),
        (0.51, 0.82), (0.40, 0.81), (0.32, 0.77)]  # fmt: skip
FLAG = [(0.38, 0.20), (0.48, 0.20), (0.58, 0.19), (0.68, 0.19)]
TWO = [(0.32, 0.33), (0.36, 0.23), (0.47, 0.17), (0.60, 0.20), (0.67, 0.31), (0.63, 0.45), (0.53, 0.58), (0.41, 0.71),
       (0.32, 0.81), (0.45, 0.79), (0.58, 0.80), (0.71, 0.81)]  # fmt: skip
FOUR = [(0.42, 0.17), (0.36, 0.31), (0.31, 0.44), (0.28, 0.54), (0.42, 0.55), (0.57, 0.54), (0.72, 0.52)]
STEM = [(0.60, 0.28), (0.59, 0.45), (0.57, 0.65), (0.55, 0.85)]


def round_corners(points: list) -> list:
    """A hand makes no corners where these strokes have a point: cut them, twice (Chaikin)."""
    for _ in range(2):
        cut = [points[0]]
        for (x, y), (next_x, next_y) in zip(points, points[1:], strict=False):
            cut.append((0.75 * x + 0.25 * next_x, 0.75 * y + 0.25 * next_y))
            cut.append((0.25 * x + 0.75 * next_x, 0.25 * y + 0.75 * next_y))
        points = [*cut, points[-1]]
    return points


def draw_mask(strokes, size, pen, box=None) -> Image.Image:
    """Ink as an L picture, 255 where the pen went. `box` is (x, y, width, height) in pixels."""
    left, top, width, height = box or (0, 0, *size)
    mask = Image.new("L", (size[0] * OVERSAMPLING, size[1] * OVERSAMPLING))
    brush = ImageDraw.Draw(mask)
    radius = pen * OVERSAMPLING / 2
    for stroke in strokes:
        points = [
            ((left + x * width) * OVERSAMPLING, (top + y * height) * OVERSAMPLING) for x, y in round_corners(stroke)
        ]
        brush.line(points, fill=255, width=round(2 * radius), joint="curve")
        for x, y in (points[0], points[-1]):
            brush.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return mask.reduce(OVERSAMPLING)


def paint(paper: Image.Image, mask: Image.Image, ink) -> Image.Image:
    return Image.composite(Image.new("RGB", paper.size, ink), paper, mask)


def light_from_left(size, bright: int, dark: int) -> np.ndarray:
    """A soft shadow: brightness (height, width) that falls from left to right and a little downwards."""
    y, x = np.mgrid[0 : 1 : size[1] * 1j, 0 : 1 : size[0] * 1j]
    return bright + (dark - bright) * (0.8 * x + 0.2 * y) ** 1.5


def shadow() -> Image.Image:
    size = (240, 240)
    paper = Image.fromarray(light_from_left(size, 246, 160).astype(np.uint8)).convert("RGB")
    return paint(paper, draw_mask([FOUR, STEM], size, 4), (40, 44, 70))


def photo() -> Image.Image:
    size = (180, 180)
    grain = np.random.default_rng(0).normal(0, 5, (size[1], size[0]))
    grey = light_from_left(size, 215, 150) + grain
    paper = np.clip(grey[..., None] + np.array([8, 2, -14]), 0, 255).astype(np.uint8)
    mask = draw_mask([TWO], size, 9).rotate(-7, Image.Resampling.BICUBIC)
    picture = paint(Image.fromarray(paper), mask, (36, 52, 120)).filter(ImageFilter.GaussianBlur(0.9))
    return picture.quantize(32)


def main() -> None:
    square = (240, 240)
    pictures = {
        "1-black-on-white": paint(Image.new("RGB", square, "white"), draw_mask([THREE], square, 14), "black"),
        "2-white-on-black": paint(Image.new("RGB", square, "#101820"), draw_mask([SEVEN, BAR], square, 16), "#f4f4ef"),
        "3-small-in-a-corner": paint(
            Image.new("RGB", square, "#fdfcf8"), draw_mask([FIVE, FLAG], square, 5, (150, 20, 76, 76)), "#22252b"
        ),
        "4-thin-pen-with-shadow": shadow(),
        "5-photo": photo(),
    }
    for name, picture in pictures.items():
        picture.save(FOLDER / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
