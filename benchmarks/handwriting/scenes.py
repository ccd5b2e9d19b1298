"""Landscapes and portraits made of shapes, lit and noisy as photographs are: pictures of things that are no digit."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter


def random_size(rng: np.random.Generator) -> tuple[int, int]:
    """Width and height of a picture: 96 to 400 pixels."""
    width = int(rng.integers(96, 401))
    return width, int(np.clip(width * rng.choice([1, 0.75, 4 / 3]), 96, 400))


def to_image(values: np.ndarray) -> Image.Image:
    """An array of shape (H, W, 1) or (H, W, 3), values 0 to 255, as a picture."""
    values = np.clip(values, 0, 255).astype(np.uint8)
    return Image.fromarray(values[:, :, 0] if values.shape[2] == 1 else np.ascontiguousarray(values))


def scene(rng: np.random.Generator) -> Image.Image:
    """Hills, and before them houses, trees, stars and boxes."""
    width, height = random_size(rng)
    image = _sky(width, height, rng)
    brush = ImageDraw.Draw(image)
    horizon = rng.uniform(0.45, 0.75) * height
    for _ in range(rng.integers(1, 4)):
        xs = np.linspace(0, width, 24)
        phase, swing = rng.uniform(0, 6, 2), rng.uniform(0.02, 0.15) * height
        ridge = horizon + swing * np.sin(xs / width * rng.uniform(3, 9) + phase[0])
        brush.polygon([*zip(xs.tolist(), ridge.tolist(), strict=True), (width, height), (0, height)], fill=_colour(rng))
        horizon += rng.uniform(0.05, 0.15) * height
    for _ in range(rng.integers(2, 7)):
        size = rng.uniform(0.08, 0.3) * height
        x, y = rng.uniform(0, width), rng.uniform(0.3, 0.9) * height
        SHAPES[rng.integers(len(SHAPES))](brush, x, y, size, rng)
    return _photographed(image, rng)


def portrait(rng: np.random.Generator) -> Image.Image:
    """Somebody's head and shoulders before a wall, made of shapes."""
    width, height = random_size(rng)
    image = _sky(width, height, rng)
    brush = ImageDraw.Draw(image)
    x, y, radius = rng.uniform(0.35, 0.65) * width, rng.uniform(0.35, 0.5) * height, rng.uniform(0.15, 0.25) * height
    hair, skin, shirt = _colour(rng), (224, 182, 150) if rng.random() < 0.5 else (141, 92, 66), _colour(rng)

    def oval(cx: float, cy: float, rx: float, ry: float, fill) -> None:
        _disc(brush, x + cx * radius, y + cy * radius, rx * radius, ry * radius, fill)

    oval(0, 3.2, 2.2, 2.0, shirt)
    oval(0, -0.15, 1.1, 1.35, hair)
    brush.rectangle([x - 0.35 * radius, y + 0.8 * radius, x + 0.35 * radius, y + 1.5 * radius], fill=skin)
    oval(0, 0.1, 0.9, 1.15, skin)
    for side in (-0.38, 0.38):
        oval(side, -0.1, 0.2, 0.1, (250, 250, 250))
        oval(side, -0.1, 0.09, 0.09, (40, 30, 25))
    oval(0, 0.65, 0.32, rng.uniform(0.05, 0.16), (170, 70, 70))
    return _photographed(image, rng)


def _house(brush: ImageDraw.ImageDraw, x: float, y: float, size: float, rng: np.random.Generator) -> None:
    brush.rectangle([x - size / 2, y - size / 2, x + size / 2, y + size / 2], fill=_colour(rng))
    brush.polygon([(x - 0.6 * size, y - size / 2), (x + 0.6 * size, y - size / 2), (x, y - size)], fill=_colour(rng))
    brush.rectangle([x - 0.1 * size, y, x + 0.1 * size, y + size / 2], fill=_colour(rng))


def _tree(brush: ImageDraw.ImageDraw, x: float, y: float, size: float, rng: np.random.Generator) -> None:
    brush.rectangle([x - 0.08 * size, y - size / 2, x + 0.08 * size, y + size / 2], fill=(94, 66, 40))
    for _ in range(8):
        dx, dy = rng.normal(0, 0.2 * size, 2)
        leaves = (int(rng.integers(20, 90)), int(rng.integers(90, 170)), int(rng.integers(20, 80)))
        _disc(brush, x + dx, y - size / 2 + dy, size / 3, size / 3, leaves)


def _star(brush: ImageDraw.ImageDraw, x: float, y: float, size: float, rng: np.random.Generator) -> None:
    turns = np.arange(10) * np.pi / 5 - np.pi / 2
    radii = np.where(np.arange(10) % 2, 0.2, 0.5) * size
    corners = np.column_stack([x + radii * np.cos(turns), y + radii * np.sin(turns)])
    brush.polygon([tuple(corner) for corner in corners.tolist()], fill=_colour(rng))


def _box(brush: ImageDraw.ImageDraw, x: float, y: float, size: float, rng: np.random.Generator) -> None:
    wide = size * rng.uniform(0.5, 1.2)
    corners = [x - wide / 2, y - size / 3, x + wide / 2, y + size / 3]
    brush.rectangle(corners, fill=_colour(rng), outline=_colour(rng), width=3)


SHAPES = (_house, _tree, _star, _box)


def _disc(brush: ImageDraw.ImageDraw, x: float, y: float, rx: float, ry: float, fill) -> None:
    brush.ellipse([x - rx, y - ry, x + rx, y + ry], fill)


def _colour(rng: np.random.Generator) -> tuple[int, int, int]:
    red, green, blue = rng.integers(0, 256, 3).tolist()
    return red, green, blue


def _sky(width: int, height: int, rng: np.random.Generator) -> Image.Image:
    upper, lower = np.array(_colour(rng), float), np.array(_colour(rng), float)
    share = np.linspace(0, 1, height)[:, None, None]
    return to_image(np.broadcast_to(upper + share * (lower - upper), (height, width, 3)))


def _photographed(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    pixels = np.asarray(image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.5))), float)
    y, x = np.mgrid[: image.height, : image.width] / image.height
    light = 1 + rng.normal(0, 0.2) * (x - 0.5) + rng.normal(0, 0.2) * (y - 0.5)
    return to_image(pixels * light[:, :, None] + rng.normal(0, rng.uniform(0, 8), pixels.shape))
