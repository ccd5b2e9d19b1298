"""Pen strokes of real writers, read from files and drawn with a round brush: what a model never saw in training.

A drawing is a list of strokes, a stroke a list of [x, y] points in any unit, y growing downward.
"""

import gzip
import json
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from .errors import MnistModelError

DIGIT_FILES = ("pendigits", "unipen-digits")
PEN = 14  # pixels on a canvas of 280
OVERSAMPLING = 2

Strokes = list[list[list[float]]]


def load_drawings(folder: Path, file: str) -> list[dict]:
    """Read FOLDER/FILE.json.gz.

    Raises:
        MnistModelError: the file is missing, or holds something else.
    """
    path = folder / f"{file}.json.gz"
    try:
        rows = json.loads(gzip.decompress(path.read_bytes()))
        if not all(row["strokes"] for row in rows):
            raise ValueError("strokes are missing")
    except FileNotFoundError as error:
        raise MnistModelError(f"There is no {path}: give the folder of the gzipped JSON lists of strokes.") from error
    except (OSError, EOFError, ValueError, TypeError, KeyError, zlib.error) as error:
        raise MnistModelError(f"{path} is no gzipped JSON list of objects with strokes.") from error
    return rows


def some(rows: Sequence, limit: int | None) -> list:
    """At most `limit` rows, drawn by lot, but always the same."""
    chosen = np.random.default_rng(0).permutation(len(rows))[:limit]
    return [rows[index] for index in sorted(chosen.tolist())]


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
    return ImageOps.invert(draw_white(strokes, pen, side, margin))


def draw_white(strokes: Strokes, pen: float, side: int = 280, margin: float = 40) -> Image.Image:
    """As `draw`, white on black."""
    return ink_mask(fit(strokes, (margin, margin, side - 2 * margin, side - 2 * margin)), (side, side), pen)


def load_pictures(folder: Path, file: str, limit: int | None = None) -> list[tuple[str, Image.Image]]:
    """Labels and pictures of a file of single digits, drawn as on the app's pad: a pen of 14 pixels on 280x280.

    Args:
        folder: of the strokes.
        file: one of `DIGIT_FILES`.
        limit: the most of them; None for all.
    Raises:
        MnistModelError: the file is missing, or holds something else.
    """
    rows = some(load_drawings(folder, file), limit)
    try:
        return [(str(row["label"]), draw(row["strokes"], PEN)) for row in rows]
    except (KeyError, TypeError, ValueError) as error:
        raise MnistModelError(f"{folder / file}.json.gz has a drawing without a label or of no points.") from error
