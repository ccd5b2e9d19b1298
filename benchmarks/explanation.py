"""Which ways to explain an answer point at the ink that decided: python benchmarks/explanation.py FOLDER [--limit N]

Deletion and insertion (Petsiuk et al., 2018) on real pen strokes: squares of ink are removed from a digit, or laid on a
black ground, those first that the explanation ranks highest. The score is the mean probability of the model's answer
over the ink removed or laid: low for deletion and high for insertion where the explanation is right. The squares are
`CELL` pixels wide, whatever the method's own: single pixels would reward one that thins all strokes.

Occlusion removes ink as deletion does: it has an advantage there, and none in insertion. The time is that of one core,
in the median.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image
from safetensors.numpy import load_file

from mnist_model import DigitRecognizer, MnistModelError, canonicalize
from mnist_model.config import bundled_checkpoint, bundled_models
from mnist_model.explain import PATCH, explain_ink
from mnist_model.handwriting import DIGIT_FILES, load_pictures

CELL = 3
RISE_MASKS = 100
RISE_GRID = 8

Method = Callable[[np.ndarray], np.ndarray]  # from a picture in MNIST's form to the worth of each of its pixels


class Model:
    """A bundled model and the outputs of it that the methods need."""

    def __init__(self, name: str):
        folder = bundled_checkpoint(name)
        self.recognizer = DigitRecognizer(folder)
        self.classifier = load_file(folder / "model.safetensors")["fc.weight"].astype(np.float32)

    def run(self, images) -> tuple[np.ndarray, np.ndarray]:
        recognizer = self.recognizer
        inputs = recognizer._inputs(images, recognizer._input_size(recognizer._session))
        logits, features = recognizer._session.run(["logits", "features"], inputs)
        return np.asarray(logits), np.asarray(features)

    def logits(self, images) -> np.ndarray:
        return self.run(images)[0]

    def probabilities(self, images) -> np.ndarray:
        logits = self.logits(images).astype(np.float64)
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        return exponentials / exponentials.sum(axis=1, keepdims=True)


def activation_map(model: Model, contrast: bool) -> Method:
    """Zhou et al., 2016; with `contrast` of the answer less the runner-up."""

    def explain(canonical: np.ndarray) -> np.ndarray:
        logits, features = model.run([canonical])
        first, second = np.argsort(-logits[0])[:2]
        weight = model.classifier[first] - (model.classifier[second] if contrast else 0)
        cells = Image.fromarray(np.tensordot(weight, features[0], 1))
        return np.asarray(cells.resize(canonical.shape, Image.Resampling.BILINEAR))

    return explain


def occlusion(model: Model, patch: int, contrast: bool = False) -> Method:
    def explain(canonical: np.ndarray) -> np.ndarray:
        explanation = explain_ink(canonical, model.logits, model.recognizer.label_names, patch)
        assert explanation
        return explanation.contrast if contrast else explanation.evidence

    return explain


def rise(model: Model, rng: np.random.Generator) -> Method:
    """Petsiuk et al., 2018: the mean of random soft masks, weighted by what is left of the probability under each."""

    def explain(canonical: np.ndarray) -> np.ndarray:
        side = canonical.shape[0]
        larger = side + side // RISE_GRID + 1
        masks = []
        for _ in range(RISE_MASKS):
            grid = Image.fromarray((rng.random((RISE_GRID, RISE_GRID)) < 0.5).astype(np.float32))
            y, x = rng.integers(0, larger - side, 2)
            mask = np.asarray(grid.resize((larger, larger), Image.Resampling.BILINEAR))
            masks.append(mask[y : y + side, x : x + side])
        probabilities = model.probabilities([canonical, *((mask * canonical).astype(np.uint8) for mask in masks)])
        left = probabilities[1:, probabilities[0].argmax()]
        return np.tensordot(left - left.mean(), np.stack(masks), 1)

    return explain


def methods_for(model: Model, all_of_them: bool) -> dict[str, Method]:
    rng = np.random.default_rng(0)
    methods: dict[str, Method] = {
        "random": lambda canonical: rng.random(canonical.shape),
        "most ink": lambda canonical: canonical.astype(float),
    }
    if not all_of_them:
        return methods | {f"occlusion, {PATCH} pixels": occlusion(model, PATCH)}
    return (
        methods
        | {
            "class activation map": activation_map(model, contrast=False),
            "class activation map, contrast": activation_map(model, contrast=True),
        }
        | {f"occlusion, {patch} pixels": occlusion(model, patch) for patch in (3, 4, 5, 6, 7)}
        | {
            f"occlusion, {PATCH} pixels, contrast": occlusion(model, PATCH, contrast=True),
            f"RISE, {RISE_MASKS} masks": rise(model, rng),
        }
    )


def deletion_and_insertion(model: Model, canonical: np.ndarray, worth: np.ndarray) -> tuple[float, float]:
    """Areas under the probability of the answer, 0 to 1, over the share of the ink that is removed or laid."""
    at = np.arange(canonical.shape[0]) // CELL
    cells = at[:, None] * (at[-1] + 1) + at
    ink = np.bincount(cells.ravel(), canonical.ravel())
    total = np.bincount(cells.ravel(), (worth * canonical).ravel())
    inked = np.flatnonzero(ink)
    order = inked[np.argsort(-total[inked] / ink[inked], kind="stable")]
    share = np.concatenate([[0], np.cumsum(ink[order])]) / ink.sum()
    taken = [np.isin(cells, order[:count]) for count in range(len(order) + 1)]
    deleted = [np.where(mask, np.uint8(0), canonical) for mask in taken]
    inserted = [np.where(mask, canonical, np.uint8(0)) for mask in taken]
    probabilities = model.probabilities([*deleted, *inserted])
    answer = probabilities[:, probabilities[0].argmax()]
    first, second = answer[: len(taken)], answer[len(taken) :]
    return float(np.trapezoid(first, share)), float(np.trapezoid(second, share))


def compare(model: Model, pictures: list[np.ndarray], all_of_them: bool) -> list[str]:
    rows = []
    for name, explain in methods_for(model, all_of_them).items():
        seconds, scores = [], []
        for canonical in pictures:
            start = time.thread_time()
            worth = explain(canonical)
            seconds.append(time.thread_time() - start)
            scores.append(deletion_and_insertion(model, canonical, worth))
        deletion, insertion = np.mean(scores, axis=0)
        rows.append(f"  {name:<32}{deletion:>9.3f}{insertion:>11.3f}{median(seconds) * 1000:>9.1f} ms")
        print(rows[-1], flush=True)
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder of the strokes: pendigits.json.gz and unipen-digits.json.gz")
    parser.add_argument("--limit", type=int, default=50, help="so many digits of each file (default: 50)")
    parser.add_argument("--models", nargs="+", choices=bundled_models(), metavar="NAME", help="default: all bundled")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the table here, too")
    options = parser.parse_args()
    try:
        drawn = [picture for file in DIGIT_FILES for _, picture in load_pictures(options.folder, file, options.limit)]
    except MnistModelError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    pictures = [canonicalize(picture) for picture in drawn]
    rows = [f"{len(pictures)} digits{'':<23}{'deletion':>11}{'insertion':>11}{'time':>9}"]
    print(rows[0])
    for name in options.models or reversed(bundled_models()):
        print(name)
        rows += [name, *compare(Model(name), pictures, all_of_them=name == "mnist_cnn")]
    if options.report:
        options.report.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
