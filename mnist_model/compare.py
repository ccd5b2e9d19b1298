"""Models measured side by side: how well they read, what they cost, and what they take for what.

    comparison = compare(["mnist_cnn", "runs/mine/checkpoint"], dataset="ylecun/mnist")
    print(comparison_table(comparison))

What can be measured is measured here and now, through model.onnx; the accuracies of other seeds, the training time and
the numbers of parameters and of operations are those of the reports.
"""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .card import MNIST_IDS
from .config import bundled_checkpoint, bundled_models, is_digits, public_name
from .data import DataConfig, load_data
from .errors import MnistModelError
from .evaluation import Report, evaluate_logits
from .handwriting import DIGIT_FILES, load_pictures, some
from .network_timing import Timing, time_networks
from .preprocessing import canonicalize
from .recognizer import DigitRecognizer

REPORTS = Path(__file__).parent.parent / "benchmarks" / "reports"
REFERENCE = "mnist_cnn"  # what times are multiples of
WEIGHTS = ("model.safetensors", "model.onnx")
ANSWERED_AT_ONCE = 500  # pictures, to bound the memory
CONFUSIONS = 5
MEASURED = ("accuracy", "errors", "macro_precision", "macro_recall", "macro_f1", "nll", "ece", "confusion_matrix")

Pictures = tuple[list[np.ndarray], list[str]]  # uint8, shape (28, 28) each, and their labels


@dataclass(frozen=True)
class Candidate:
    """A model to compare.

    Args:
        name: as it was asked for.
        report: that of its checkpoint.
        seeds: reports of trainings that differ by their seed alone; one where there are no others.
    """

    name: str
    folder: Path
    report: Report
    seeds: list[Report]
    recognizer: DigitRecognizer


def compare(
    names: Sequence[str],
    dataset: str = "ylecun/mnist",
    *,
    strokes: str | Path | None = None,
    reports: str | Path | None = None,
    limit: int | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """Measure models on a test split, on real handwriting, and by the clock.

    Args:
        names: bundled models, or checkpoint folders.
        dataset: id on the Hub, or folder.
        strokes: folder of pendigits.json.gz and unipen-digits.json.gz; None to leave handwriting out.
        reports: folder of NAME/seed*.json; None for those of the checkout, where there are any.
        limit: so many test pictures, and drawings of each file, at most.
        say: called with a line on each step.
    Returns:
        What comparison.json holds, the models by accuracy, the lowest first. See `comparison_table`.
    Raises:
        MnistModelError: a model, the data set, a report or the strokes cannot be had, or the labels are not the same.
    """
    candidates = [open_candidate(name, reports) for name in dict.fromkeys(names)]
    say(f"reading {dataset}")
    data = load_data(DataConfig(dataset=dataset))
    for candidate in candidates:
        _check_labels(candidate, data.label_names, dataset)
    chosen = some(range(len(data.test)), limit)
    images, labels = list(data.test.images[chosen].numpy()), data.test.labels[chosen].numpy()
    handwriting = {}
    if strokes is not None and is_digits(data.label_names):
        say(f"reading {strokes}")
        handwriting = {file: canonical_handwriting(Path(strokes), file, limit) for file in DIGIT_FILES}
    test, models = public_name(dataset), []
    for candidate in candidates:
        report = evaluate_logits(answer(candidate.recognizer, images), labels, data.label_names, dataset=test)
        say(f"{candidate.name}: {report.accuracy:.2%}")
        accuracies = _comparable(candidate.seeds, test, len(data.test), data.label_names)
        models.append(
            _describe(candidate)
            | {name: getattr(report, name) for name in MEASURED}
            | {"confusions": commonest_confusions(report), "seeds": over_seeds(accuracies)}
            | {"handwriting": {file: _accuracy(candidate.recognizer, *handwriting[file]) for file in handwriting}}
        )
    say("taking the times")
    _add_times(models, candidates)
    return {
        "dataset": test,
        "split": "test",
        "images": len(labels),
        "of_images": len(data.test),
        "label_names": data.label_names,
        "handwriting": {file: len(truth) for file, (_, truth) in handwriting.items()},
        "timing": Timing.conditions() | {"reference": REFERENCE},
        "models": sorted(models, key=lambda model: (model["accuracy"], model["name"])),
    }


def open_candidate(name: str, reports: str | Path | None = None) -> Candidate:
    """Find a model and its reports.

    Raises:
        MnistModelError: there is no such model, or its checkpoint or a report is not whole.
    """
    bundled = name in bundled_models()
    folder = bundled_checkpoint(name) if bundled else Path(name)
    if not folder.is_dir():
        raise MnistModelError(
            f"There is no checkpoint folder {name}, and no bundled model of that name; bundled are: "
            f"{', '.join(bundled_models())}."
        )
    if reports is not None and not Path(reports).is_dir():
        raise MnistModelError(f"There is no folder {reports}: give one that holds the reports NAME/seed*.json.")
    recognizer = DigitRecognizer.from_pretrained(folder)
    for file in WEIGHTS:
        if not (folder / file).is_file():
            raise MnistModelError(f"{folder} has no {file}: compare finished checkpoints.")
    report = Report.load(folder / "report.json")
    if not isinstance(report.model.get("parameters"), int):
        raise MnistModelError(f"{folder / 'report.json'} does not say how many parameters the model has.")
    paths = sorted(Path(reports or REPORTS, name).glob("seed*.json")) if bundled else []
    return Candidate(name, folder, report, [Report.load(path) for path in paths] or [report], recognizer)


def canonical_handwriting(folder: Path, file: str, limit: int | None = None) -> Pictures:
    """Digits of real writers in MNIST's form, as `predict` would bring them into it for any model."""
    drawn = load_pictures(folder, file, limit)
    return [canonicalize(picture) for _, picture in drawn], [label for label, _ in drawn]


def answer(recognizer: DigitRecognizer, pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Logarithms of the probabilities of all labels: float64, shape (N, labels).

    Args:
        pictures: N in MNIST's form: uint8, shape (28, 28).
    """
    rows = [
        list(prediction.probabilities.values())
        for start in range(0, len(pictures), ANSWERED_AT_ONCE)
        for prediction in recognizer.predict_canonical(pictures[start : start + ANSWERED_AT_ONCE])
    ]
    return np.log(np.maximum(rows, np.finfo(np.float32).tiny))  # what is too small for float32 arrives as 0


def over_seeds(accuracies: Sequence[float]) -> dict[str, Any] | None:
    """Mean over seeds, and the 95% interval of Student (1908) around it where there are two or more.

    >>> over_seeds([0.995, 0.996, 0.997])
    {'accuracies': [0.995, 0.996, 0.997], 'mean': 0.996, 'interval': [0.99351..., 0.99848...]}
    >>> over_seeds([0.995])
    {'accuracies': [0.995], 'mean': 0.995, 'interval': None}
    """
    if not accuracies:
        return None
    mean, interval = statistics.mean(accuracies), None
    if len(accuracies) > 1:
        half = t_quantile(len(accuracies) - 1) * statistics.stdev(accuracies) / len(accuracies) ** 0.5
        interval = [mean - half, mean + half]
    return {"accuracies": list(accuracies), "mean": mean, "interval": interval}


def t_quantile(degrees: int, share: float = 0.95) -> float:
    """The bound that the absolute value of Student's t with `degrees` of freedom keeps to in a `share` of all cases.

    With t = sqrt(degrees) tan(angle), the density of the angle is cos(angle) ** (degrees - 1), up to a factor.

    >>> [round(t_quantile(degrees), 3) for degrees in (1, 2, 9, 100)]
    [12.706, 4.303, 2.262, 1.984]
    """
    angles = np.linspace(0, np.pi / 2, 100_001)
    middles = (angles[1:] + angles[:-1]) / 2
    cumulative = np.concatenate([[0], np.cumsum(np.cos(middles) ** (degrees - 1))])
    return float(degrees**0.5 * np.tan(np.interp(share * cumulative[-1], cumulative, angles)))


def commonest_confusions(report: Report) -> list[dict[str, Any]]:
    """Up to five of `{"truth", "answer", "count"}`, the most frequent first."""
    errors = np.array(report.confusion_matrix) * (1 - np.eye(len(report.label_names), dtype=int))
    places = np.argsort(-errors, axis=None, kind="stable")[: min(CONFUSIONS, np.count_nonzero(errors))]
    return [
        {"truth": report.label_names[truth], "answer": report.label_names[answer], "count": int(errors[truth, answer])}
        for truth, answer in zip(*np.unravel_index(places, errors.shape), strict=True)
    ]


def _check_labels(candidate: Candidate, label_names: list[str], dataset: str) -> None:
    known = candidate.recognizer.label_names
    if known != label_names:
        raise MnistModelError(
            f"{candidate.name} knows the labels {', '.join(known)}, and {dataset} has {', '.join(label_names)}: "
            "compare models of one data set, on that."
        )


def _describe(candidate: Candidate) -> dict[str, Any]:
    """What is known without measuring."""
    model, cost = candidate.report.model, candidate.report.cost
    return {
        "name": candidate.name,
        "architecture": model.get("architecture"),
        "description": model.get("description"),
        "parameters": model["parameters"],
        "macs": model.get("macs"),
        "bytes": sum((candidate.folder / name).stat().st_size for name in WEIGHTS),
        "training": {key: cost.get(key) for key in ("training_seconds", "device", "threads")},
    }


def _comparable(seeds: Iterable[Report], dataset: str, images: int, label_names: list[str]) -> list[float]:
    """Accuracies of those reports that measured the same test split."""
    same = {dataset, *(MNIST_IDS if dataset in MNIST_IDS else ())}
    return [
        report.accuracy
        for report in seeds
        if report.dataset in same and report.images == images and report.label_names == label_names
    ]


def _accuracy(recognizer: DigitRecognizer, pictures: list[np.ndarray], truth: list[str]) -> float:
    best = answer(recognizer, pictures).argmax(axis=1)
    return float(np.mean([recognizer.label_names[index] == label for index, label in zip(best, truth, strict=True)]))


def _add_times(models: list[dict], candidates: list[Candidate]) -> None:
    """To the description of each model, whose candidates come in the same order."""
    paths = [candidate.folder / "model.onnx" for candidate in candidates]
    *times, reference = time_networks([*paths, bundled_checkpoint(REFERENCE) / "model.onnx"])
    for model, timing in zip(models, times, strict=True):
        model["latency_ms"], model["throughput"] = timing.latency_ms, timing.throughput
        model["latency_ratio"] = timing.latency_ms / reference.latency_ms
        model["throughput_ratio"] = timing.throughput / reference.throughput
