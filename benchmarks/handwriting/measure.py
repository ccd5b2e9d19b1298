"""Give the pictures of a row to a recognizer, and see what is right: in this process or in several."""

from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from mnist_model import DigitRecognizer

from .sets import KEPT, LABEL, MNIST_TOLERANCE, NUMBER, REFUSED, Row, Sample, build_rows, resized_and_inverted

BATCH = 25  # pictures, some of 12 megapixels, that are held at once
THUMBNAIL = 120  # pixels


@dataclass(frozen=True)
class Task:
    """Everything that a process needs to know: the arguments of `build_rows`, the model, and how pictures reach it."""

    folder: Path
    sets: list[str]
    limit: int | None = None
    mnist: str | None = None
    model: str | None = None
    resize_and_invert: bool = False


@dataclass(frozen=True)
class Outcome:
    """What came of one sample. The pictures, as given and as the model saw it, are kept of mistakes only."""

    row: str
    source: str
    truth: str
    answer: str
    confidence: float
    is_digit: bool
    right: bool
    pictures: tuple[Image.Image, Image.Image] | None


def measure_all(task: Task, processes: int = 1) -> Iterator[tuple[dict, list[Outcome]]]:
    """Measure row by row.

    Yields:
        the figures of a row (see `summarise`), and what came of each of its samples.
    Raises:
        MnistModelError: strokes, MNIST or the model cannot be read.
    """
    prepare(task)
    rows = _rows
    pool = ProcessPoolExecutor(processes, get_context("spawn"), prepare, (task,)) if processes > 1 else None
    outcomes, accuracies = {}, {}
    try:
        for index, row in enumerate(rows):
            if row.same_as and all(name in outcomes for name in row.same_as):
                known = chain.from_iterable(outcomes[name] for name in row.same_as)
                outcomes[row.name] = [judge_again(row, outcome) for outcome in known]
            else:
                starts = range(0, len(row.samples), BATCH)
                batches = (pool.map if pool else map)(measure_batch, [index] * len(starts), starts)
                outcomes[row.name] = list(chain.from_iterable(batches))
            goal = accuracies[row.baseline] - MNIST_TOLERANCE if row.baseline else row.goal
            figures = summarise(row.name, goal, outcomes[row.name])
            accuracies[row.name] = figures["accuracy"]
            yield figures, outcomes[row.name]
    finally:
        if pool:
            pool.shutdown(cancel_futures=True)


def prepare(task: Task) -> None:
    """Load what this process needs to measure."""
    global _rows, _recognizer
    _recognizer = DigitRecognizer.from_pretrained(task.model)
    _rows = build_rows(task.folder, task.sets, task.limit, task.mnist)
    if task.resize_and_invert:
        _rows = [resized_and_inverted(row) for row in _rows]


def measure_batch(row_index: int, start: int) -> list[Outcome]:
    row = _rows[row_index]
    return measure(row, row.samples[start : start + BATCH], _recognizer)


def measure(row: Row, samples: list[Sample], recognizer: DigitRecognizer) -> list[Outcome]:
    """Make the pictures of some samples of a row, and see what the recognizer says."""
    images = [sample.render() for sample in samples]
    if row.right == NUMBER:
        answers = [_read(recognizer, image) for image in images]
    else:
        predict = recognizer.predict_canonical if row.canonical else recognizer.predict
        predictions = predict([np.asarray(image) for image in images] if row.canonical else images)
        answers = [(one.label, one.confidence, one.is_digit, one.canonical) for one in predictions]
    outcomes = []
    for sample, image, (label, confidence, is_digit, seen) in zip(samples, images, answers, strict=True):
        right = is_right(row.right, sample.truth, label, is_digit)
        pictures = None if right else (_thumbnail(image), _thumbnail(Image.fromarray(seen)))
        outcomes.append(Outcome(row.name, sample.source, sample.truth, label, confidence, is_digit, right, pictures))
    return outcomes


def is_right(rule: str, truth: str, label: str, is_digit: bool) -> bool:
    """Judge an answer by one of the rules of `sets`."""
    if rule == REFUSED:
        return not is_digit
    if rule == KEPT:
        return is_digit
    return label == truth and (is_digit or rule == LABEL)


def judge_again(row: Row, outcome: Outcome) -> Outcome:
    """What came of a sample, as another row of the same pictures counts it."""
    right = is_right(row.right, outcome.truth, outcome.answer, outcome.is_digit)
    return replace(outcome, row=row.name, right=right, pictures=None if right else outcome.pictures)


def summarise(name: str, goal: float | None, outcomes: list[Outcome]) -> dict:
    """The figures of a row; `sources` is the share that was right of each file or kind."""
    by_source = defaultdict(list)
    for outcome in outcomes:
        by_source[outcome.source].append(outcome.right)
    mistakes = sum(not outcome.right for outcome in outcomes)
    return {
        "set": name,
        "accuracy": 1 - mistakes / len(outcomes),
        "count": len(outcomes),
        "mistakes": mistakes,
        "goal": goal,
        "sources": {source: sum(right) / len(right) for source, right in sorted(by_source.items())},
    }


def _read(recognizer: DigitRecognizer, image: Image.Image) -> tuple[str, float, bool, np.ndarray]:
    """As of a prediction: the text, the least confidence of its digits, whether there are any, and all of them."""
    reading = recognizer.read(image)
    predictions = [digit.prediction for digit in reading.digits]
    seen = [prediction.canonical for prediction in predictions] or [np.zeros((28, 28), np.uint8)]
    confidence = min((prediction.confidence for prediction in predictions), default=0.0)
    return reading.text, confidence, bool(reading.text), np.hstack(seen)


def _thumbnail(image: Image.Image) -> Image.Image:
    image = ImageOps.exif_transpose(image)
    if image.mode == "RGBA":  # on grey, where black ink and white ink show
        image = Image.alpha_composite(Image.new("RGBA", image.size, (160, 160, 160, 255)), image)
    method = Image.Resampling.NEAREST if max(image.size) < THUMBNAIL else Image.Resampling.BOX
    return ImageOps.contain(image.convert("RGB"), (THUMBNAIL, THUMBNAIL), method)
