"""How long reading a number takes: python benchmarks/reading.py [--runs 50] [--model ID]

Beside it, in the same run, what decoding the same PNG with PIL takes. One core: nothing else should run.
"""

import argparse
import io
import sys
import time
from pathlib import Path
from statistics import median

from PIL import Image

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from strokes import DIGITS, draw_strokes  # noqa: E402

from mnist_model import DigitRecognizer  # noqa: E402


def number(text: str, pitch: int, side: int = 140, pen: float = 7) -> bytes:
    """A drawn number as a PNG; `pitch` pixels from one digit to the next."""
    strokes = [
        [(10 + index * pitch + x * side, 20 + y * side) for x, y in stroke]
        for index, sign in enumerate(text)
        for stroke in DIGITS[sign]
    ]
    picture = draw_strokes(strokes, (side + 20 + pitch * (len(text) - 1), side + 40), pen, box=(0, 0, 1, 1))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def milliseconds(function, runs: int) -> float:
    function()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        function()
        times.append((time.perf_counter() - start) * 1000)
    return median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=50, help="the median of so many runs is printed (default: 50)")
    parser.add_argument("--model", metavar="ID", help="Hub id or checkpoint folder (default: the bundled model)")
    options = parser.parse_args()
    recognizer = DigitRecognizer.from_pretrained(options.model)
    print(f"{'':32}{'decode, ms':>12}{'read, ms':>12}  text")
    for name, text, pitch in (
        ("one digit", "5", 100),
        ("six digits", "502417", 100),
        ("six digits that touch", "502417", 55),
        ("twelve digits", "502417960338", 100),
    ):
        png = number(text, pitch)
        image = Image.open(io.BytesIO(png))
        image.load()
        decode = milliseconds(lambda png=png: Image.open(io.BytesIO(png)).load(), options.runs)
        read = milliseconds(lambda image=image: recognizer.read(image), options.runs)
        print(f"{name:32}{decode:12.2f}{read:12.1f}  {recognizer.read(image).text}")


if __name__ == "__main__":
    main()
