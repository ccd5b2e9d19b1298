"""Accuracy on pen strokes of real writers, drawn as people draw in an app. Nothing is trained on them.

    python benchmarks/real_handwriting.py FOLDER [--pens 4 14 28] [--model ID] [--mistakes sheet.png]

FOLDER holds gzipped JSON lists of {"label", "strokes"}, such as pendigits.json.gz; a stroke is a list of [x, y] points,
y growing downward. Each digit is drawn black on white, in the middle of a 280x280 canvas with 40 pixels free around it.
"""

import argparse
import gzip
import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from mnist_model import DigitRecognizer

FILES = ("pendigits.json.gz", "unipen-digits.json.gz")
SIDE, MARGIN, OVERSAMPLING = 280, 40, 2


def draw(strokes: list[list[list[float]]], pen: float) -> Image.Image:
    """Strokes as a round brush of `pen` pixels leaves them on the canvas."""
    points = np.concatenate([np.asarray(stroke, float) for stroke in strokes])
    low, high = points.min(axis=0), points.max(axis=0)
    scale = (SIDE - 2 * MARGIN) / max((high - low).max(), 1e-9)
    offset = (SIDE - (high - low) * scale) / 2
    canvas = Image.new("L", (SIDE * OVERSAMPLING, SIDE * OVERSAMPLING), 255)
    brush = ImageDraw.Draw(canvas)
    radius = pen * OVERSAMPLING / 2
    for stroke in strokes:
        path = [tuple(((np.asarray(point) - low) * scale + offset) * OVERSAMPLING) for point in stroke]
        if len(path) > 1:
            brush.line(path, fill=0, width=round(pen * OVERSAMPLING), joint="curve")
        for x, y in path:
            brush.ellipse([x - radius, y - radius, x + radius, y + radius], fill=0)
    return canvas.reduce(OVERSAMPLING)


def contact_sheet(mistakes: list[tuple[str, str, np.ndarray]], path: Path) -> None:
    """What the model saw of each mistake, under "truth > answer"."""
    columns, cell = 12, 84
    sheet = Image.new("L", (columns * cell, -(-len(mistakes) // columns) * (cell + 14)), 255)
    brush = ImageDraw.Draw(sheet)
    for index, (truth, answer, canonical) in enumerate(mistakes):
        x, y = index % columns * cell, index // columns * (cell + 14)
        sheet.paste(Image.fromarray(canonical).resize((cell - 4, cell - 4), Image.Resampling.NEAREST), (x, y + 14))
        brush.text((x + 2, y + 1), f"{truth} > {answer}", fill=0)
    sheet.save(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pens", type=float, nargs="+", default=[14])
    parser.add_argument("--model")
    parser.add_argument("--mistakes", type=Path, help="write a contact sheet of the mistakes here")
    options = parser.parse_args()
    recognizer = DigitRecognizer.from_pretrained(options.model)
    mistakes = []
    for file in FILES:
        rows = json.loads(gzip.decompress((options.folder / file).read_bytes()))
        for pen in options.pens:
            predictions = recognizer.predict([draw(row["strokes"], pen) for row in rows])
            wrong = [
                (str(row["label"]), prediction.label, prediction.canonical)
                for row, prediction in zip(rows, predictions, strict=True)
                if not prediction.is_digit or prediction.label != str(row["label"])
            ]
            mistakes += wrong
            accuracy = 1 - len(wrong) / len(rows)
            print(f"{file.split('.')[0]:<14} pen {pen:>4g} px   {accuracy:7.2%}   {len(wrong)} mistakes in {len(rows)}")
    if options.mistakes:
        contact_sheet(mistakes, options.mistakes)


if __name__ == "__main__":
    main()
