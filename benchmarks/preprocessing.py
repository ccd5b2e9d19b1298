"""How long `canonicalize` takes on one core, beside decoding the same picture with PIL in the same run.

    python benchmarks/preprocessing.py [--runs 20]

Processor time of the best of so many runs, so that other work on the machine counts little. The pictures are drawn:
a canvas of 280x280 pixels (PNG), a page of 500x300 (PNG), and a photograph of 12 megapixels (JPEG) of a digit on paper,
plain and squared, in uneven light.
"""

import argparse
import io
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from strokes import DIGITS, draw_digit, draw_strokes  # noqa: E402

from mnist_model import canonicalize  # noqa: E402


def canvas() -> Image.Image:
    return draw_strokes(DIGITS["5"], (280, 280), pen=14)


def page() -> Image.Image:
    return draw_strokes(DIGITS["3"], (500, 300), pen=3, box=(350, 150, 100, 100))


def photograph(height: int, squares: int = 0) -> Image.Image:
    """A digit so many pixels high on a sheet, with `squares` pixels to a square; 4000x3000 pixels."""
    sheet = Image.new("L", (4000, 3000), 225)
    if squares:
        pixels = np.asarray(sheet).copy()
        for line in range(5):
            pixels[line::squares] = pixels[:, line::squares] = 160
        sheet = Image.fromarray(pixels)
    sheet.paste(30, (1500, 1100), Image.eval(draw_digit(8, side=height, pen=height / 15), lambda value: 255 - value))
    light = np.linspace(1.0, 0.7, 4000, dtype=np.float32)
    noise = np.random.default_rng(0).normal(0, 3, (3000, 4000)).astype(np.float32)
    grey = np.clip(np.asarray(sheet) * light + noise, 0, 255).astype(np.uint8)
    return Image.fromarray(np.dstack([grey, grey, (grey * np.float32(0.93)).astype(np.uint8)]))


PICTURES = (
    ("canvas, 280x280", "PNG", canvas, 2),
    ("page, 500x300", "PNG", page, None),
    ("photograph, 12 megapixels", "JPEG", lambda: photograph(1500), 25),
    ("the same, a digit of 5%", "JPEG", lambda: photograph(230), 25),
    ("the same, on squared paper", "JPEG", lambda: photograph(600, squares=200), 25),
)


def best(function: Callable[[], object], runs: int) -> float:
    """Milliseconds of processor time."""
    times = []
    for _ in range(runs):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return 1000 * min(times)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20, help="the best of so many counts (default: 20)")
    runs = max(1, parser.parse_args(arguments).runs)
    print(f"{'':<28}{'decoding':>10}{'canonicalize':>14}{'goal':>8}   (ms)")
    for name, form, make, goal in PICTURES:
        file = io.BytesIO()
        make().save(file, form, **({"quality": 90} if form == "JPEG" else {}))

        def decode(file: io.BytesIO = file) -> Image.Image:
            file.seek(0)
            picture = Image.open(file)
            picture.load()
            return picture

        picture = decode()
        decoding, ours = best(decode, min(runs, 5)), best(lambda picture=picture: canonicalize(picture), runs)
        print(f"{name:<28}{decoding:>10.2f}{ours:>14.2f}{goal or '':>8}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
