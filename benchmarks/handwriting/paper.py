"""What a photograph is taken of: a pen's ink on paper, plain, ruled or squared, as a tilted camera sees it.

Digits are written in millimetres on a plane; `View` brings them to pixels.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .render import Colour


@dataclass(frozen=True)
class Pen:
    """Heights of the digits and widths of the line in millimetres. `grain`: how much the paper takes away."""

    share: float
    height: tuple[float, float]
    width: tuple[float, float]
    density: tuple[float, float]
    grain: float
    colours: tuple[Colour, ...]


BLUE, BLACK, RED, GREEN, GREY = (32, 52, 150), (28, 28, 34), (186, 30, 44), (20, 110, 60), (76, 76, 80)
PENS = {
    "ball pen": Pen(0.35, (6, 22), (0.4, 0.8), (0.7, 0.95), 0.3, (BLUE, BLUE, BLACK, BLACK, RED)),
    "gel pen": Pen(0.15, (6, 25), (0.5, 1.0), (0.85, 1.0), 0.05, (BLACK, BLUE, GREEN, (70, 40, 120))),
    "pencil": Pen(0.20, (6, 22), (0.4, 0.9), (0.45, 0.9), 0.5, (GREY,)),
    "felt pen": Pen(0.20, (12, 40), (1.0, 2.5), (0.8, 1.0), 0.1, (BLACK, BLUE, RED, GREEN, (220, 90, 20))),
    "marker": Pen(0.10, (35, 90), (3.0, 6.0), (0.9, 1.0), 0.03, (BLACK, BLUE, RED)),
}


class View(NamedTuple):
    """How the camera sees the paper: a homography from millimetres to pixels, and its scale where the digit is."""

    matrix: np.ndarray
    size: tuple[int, int]
    pixels_per_mm: float

    def project(self, points: np.ndarray) -> np.ndarray:
        x, y, w = self.matrix @ np.column_stack([points, np.ones(len(points))]).T
        return np.column_stack([x / w, y / w])


def smooth(path: np.ndarray) -> np.ndarray:
    """Cut the corners that a coarse tablet left (Chaikin, twice); the ends stay."""
    for _ in range(2 if len(path) > 2 else 0):
        a, b = path[:-1], path[1:]
        cut = np.stack([0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b], axis=1).reshape(-1, 2)
        path = np.concatenate([path[:1], cut[1:-1], path[-1:]])
    return path


def aim(points: np.ndarray, size: tuple[int, int], share: float, rng: np.random.Generator) -> View:
    """Hold the camera over the paper, a little tilted and turned, so that the digit fills `share` of the height."""
    width, height = size
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    scale = share * height / max(np.ptp(points[:, 1]), 1e-6)
    angle = np.radians(np.clip(rng.normal(0, 4), -12, 12))
    turned, tilted = np.eye(3), np.eye(3)
    turned[:2, :2] = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turned[:2, 2] = -turned[:2, :2] @ middle
    tilted[2, :2] = rng.uniform(-0.25, 0.25, 2) / height  # the frame's sides are up to 12% nearer than its middle
    seen = View(tilted @ turned, size, scale).project(points)
    low, drawn = seen.min(axis=0), np.ptp(seen, axis=0)
    zoom = min(share * height / max(drawn[1], 1e-6), 0.9 * width / max(drawn[0], 1e-6))
    corner = (np.array(size) - drawn * zoom) * np.clip(rng.normal(0.5, 0.2, 2), 0.15, 0.85)
    framed = np.array([[zoom, 0, corner[0] - low[0] * zoom], [0, zoom, corner[1] - low[1] * zoom], [0, 0, 1]])
    return View(framed @ tilted @ turned, size, scale * zoom)


def write(paths: list[np.ndarray], width: float, pen: Pen, view: View, rng: np.random.Generator) -> Image.Image:
    """The ink that the camera sees: mode L, 255 where it takes all the light that it can."""
    points = np.concatenate(paths)
    margin = width + 2
    low = np.floor(points.min(axis=0) - margin).astype(int)
    size = np.ceil(points.max(axis=0) + margin).astype(int) - low
    oversampling = 2 if size.max() < 1200 else 1
    ink = Image.new("L", tuple(size * oversampling), 0)
    brush = ImageDraw.Draw(ink)
    density = rng.uniform(*pen.density)
    for path in paths:
        steps = resample((path - low) * oversampling, max(1.0, width * oversampling / 4))
        pressure = wander(len(steps), 40, rng)
        radii = width * oversampling / 2 * (1 + 0.15 * pressure)
        shades = 255 * np.clip(density * (1 + 0.1 * pressure), 0.2, 1)
        for (x, y), radius, shade in zip(steps.tolist(), radii.tolist(), shades.tolist(), strict=True):
            brush.ellipse([x - radius, y - radius, x + radius, y + radius], fill=round(shade))
    ink = grain(ink.reduce(oversampling) if oversampling > 1 else ink, width, pen.grain, view.pixels_per_mm, rng)
    whole = Image.new("L", view.size, 0)
    whole.paste(ink, tuple(low.tolist()))
    return whole


def grain(ink: Image.Image, width: float, amount: float, pixels_per_mm: float, rng: np.random.Generator) -> Image.Image:
    """Take ink away where the paper lies lower, most of it on the edges of the line, where the pen presses least."""
    texture = np.full(ink.size[::-1], 0, np.float32)
    for apart, share in ((0.07, 0.6), (0.2, 0.4)):  # paper's fibres and their clusters, in millimetres
        coarse = [int(side / max(1.0, apart * pixels_per_mm)) + 2 for side in ink.size]
        field = Image.fromarray(rng.integers(0, 256, coarse[::-1], dtype=np.uint8))
        texture += share / 255 * np.asarray(field.resize(ink.size, Image.Resampling.BICUBIC), np.float32)
    shade = np.asarray(ink, np.float32)
    pressed = np.asarray(ink.filter(ImageFilter.GaussianBlur(float(width / 6))), np.float32) / max(shade.max(), 1)
    covered = np.clip(4 * pressed - 1.5 - 6 * amount * texture, 0, 1)
    return Image.fromarray((max(shade.max(), 1) * covered).astype(np.uint8))


def resample(path: np.ndarray, step: float) -> np.ndarray:
    """Points on a path at most `step` apart."""
    lengths = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
    at = np.linspace(0, lengths[-1], max(2, int(np.ceil(lengths[-1] / step)) + 1))
    return np.column_stack([np.interp(at, lengths, path[:, 0]), np.interp(at, lengths, path[:, 1])])


def wander(count: int, period: int, rng: np.random.Generator) -> np.ndarray:
    """`count` values around 0 that change slowly, most of them between -1 and 1."""
    knots = rng.normal(0, 0.5, count // period + 3)
    return np.interp(np.arange(count) / period + rng.random(), np.arange(len(knots)), knots)


def rule(view: View, rng: np.random.Generator) -> tuple[Image.Image | None, Colour]:
    """Printed lines: none, ruled or squared; and their colour."""
    kind = rng.choice(["plain", "ruled", "squared"], p=[0.5, 0.25, 0.25])
    colour = [(110, 150, 205), (140, 140, 145), (120, 170, 150)][rng.integers(3)]
    if kind == "plain":
        return None, colour
    spacing = rng.uniform(7, 9) if kind == "ruled" else rng.choice([4.0, 5.0, 5.0, 10.0])
    width = max(1, round(rng.uniform(0.12, 0.3) * view.pixels_per_mm))
    shade = round(255 * rng.uniform(0.35, 0.9))
    corners = np.array([[0, 0], [view.size[0], 0], [0, view.size[1]], view.size])
    seen = View(np.linalg.inv(view.matrix), view.size, 1).project(corners)
    low, high = seen.min(axis=0), seen.max(axis=0)
    lines = Image.new("L", view.size, 0)
    brush = ImageDraw.Draw(lines)
    for axis in (1, 0)[: 1 if kind == "ruled" else 2]:
        for at in np.arange(low[axis] - rng.uniform(0, spacing), high[axis], spacing):
            ends = np.array([low, high])
            ends[:, axis] = at
            brush.line([tuple(end) for end in view.project(ends).tolist()], fill=shade, width=width)
    return lines, colour
