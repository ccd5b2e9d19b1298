"""A camera that films drawn numbers on paper: a video that Chromium plays in the place of a real one."""

from math import cos, pi, sin
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter
from strokes import DIGITS, draw_strokes

INK, PAPER = (48, 52, 70), (232, 229, 222)
RATE = 15  # frames a second


def draw_numbers(lines: list[str], size: tuple[int, int]) -> Image.Image:
    """Numbers on paper, one below the other, as large as they fit."""
    width, height = size
    side = min(0.8 * height / len(lines), 0.9 * width / (0.7 * max(map(len, lines)) + 0.3))
    top = (height - side * len(lines)) / 2
    strokes = []
    for row, line in enumerate(lines):
        left = (width - side * (0.7 * len(line) + 0.3)) / 2
        for index, digit in enumerate(line):
            x0, y0 = left + 0.7 * side * index, top + side * row
            strokes += [[(x0 + x * side, y0 + y * side) for x, y in stroke] for stroke in DIGITS[digit]]
    return draw_strokes(strokes, size, max(2, side * 0.05), box=(0, 0, 1, 1), ink=INK, paper=PAPER)


def film(page: Image.Image, frames: int, tremor: float) -> list[Image.Image]:
    """Frames of a page in uneven light, filmed by hand: a circle of `tremor` pixels, grain and a lens's softness."""
    rng = np.random.default_rng(0)
    across, down = np.meshgrid(np.linspace(0, 1, page.width), np.linspace(0, 1, page.height))
    light = (0.6 + 0.25 * across + 0.15 * down)[..., None]
    filmed = []
    for index in range(frames):
        angle = 2 * pi * index / frames
        shift = (1, 0, tremor * cos(angle), 0, 1, tremor * sin(angle))
        moved = page.transform(page.size, Image.Transform.AFFINE, shift, Image.Resampling.BILINEAR, fillcolor=PAPER)
        soft = np.asarray(moved.filter(ImageFilter.GaussianBlur(0.7)), np.float32)
        grain = rng.normal(0, 3, (*soft.shape[:2], 1))
        filmed.append(Image.fromarray((soft * light + grain).clip(0, 255).astype(np.uint8)))
    return filmed


def write_video(path: Path, frames: list[Image.Image]) -> Path:
    """Frames as an uncompressed video (YUV4MPEG2, 4:2:0), which Chromium plays again and again."""
    width, height = frames[0].size
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F{RATE}:1 Ip A1:1 C420jpeg\n".encode())
        for frame in frames:
            brightness, *colours = frame.convert("YCbCr").split()
            file.write(b"FRAME\n" + brightness.tobytes())
            for colour in colours:
                file.write(colour.reduce(2).tobytes())
    return path


def chromium_flags(video: Path) -> list[str]:
    """For a Chromium whose camera plays a video. Whether it may be used is a permission of the context."""
    return ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={video}"]
