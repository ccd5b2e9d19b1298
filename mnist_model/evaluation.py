"""A trained model on a data set: logits -> metrics -> one `Report`, kept as report.json.

>>> report = evaluate_logits([[4.0, 0.0], [0.0, 1.0], [2.0, 0.0]], [0, 1, 1], ["cat", "dog"], dataset="pets")
>>> report.errors, report.confusion_matrix, report.mistakes[0]["index"]
(1, [[1, 0], [1, 1]], 2)
"""

import json
import math
import os
from collections.abc import Sequence
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, get_origin

import numpy as np
import torch

from .errors import MnistModelError
from .files import to_json, write_whole
from .metrics import Accuracy, ConfusionMatrix, ExpectedCalibrationError, NegativeLogLikelihood, PrecisionRecallF1


@dataclass
class Report:
    """Every figure of one evaluation. In report.json floats carry six significant digits.

    Attributes:
        dataset: id on the Hub, or folder.
        split: the split that was measured, such as "test".
        images: how many.
        label_names: one name per class, in the model's order.
        accuracy: 0 to 1.
        errors: how many images were answered wrongly.
        macro_precision: mean over the classes, 0 to 1; so are `macro_recall` and `macro_f1`.
        per_class: one `{"label", "precision", "recall", "f1", "support"}` per class, `support` being its images.
        confusion_matrix: counts; row = truth, column = answer.
        nll: mean negative log-likelihood, in nats.
        ece: expected calibration error, 0 to 1.
        reliability: 15 bins of confidence, `{"confidence", "accuracy", "count"}`; the first two None if empty.
        temperature: what the logits were divided by, here or in the classifier, before anything was measured.
        mistakes: `{"index", "truth", "answer", "confidence"}`, most confident first; `index` counts in the split,
            `truth` and `answer` are label names.
        rejection: what it costs to refuse pictures of no label: threshold, the shares digits_refused and others_refused
            at it, and their curve over other thresholds. Empty where the model refuses nothing.
        history: one dict per epoch: epoch (from 1), train_loss, train_accuracy, validation_loss, validation_accuracy,
            learning_rate, seconds. Empty when an existing checkpoint was evaluated.
        training: the options of the run.
        extra_pictures: how many pictures of other data sets were trained on, by the data set's name.
        model: architecture, parameters.
        cost: seconds, hardware, versions.
    """

    dataset: str
    split: str
    images: int
    label_names: list[str]
    accuracy: float
    errors: int
    macro_precision: float
    macro_recall: float
    macro_f1: float
    per_class: list[dict]
    confusion_matrix: list[list[int]]
    nll: float
    ece: float
    reliability: list[dict]
    temperature: float
    mistakes: list[dict]
    rejection: dict = field(default_factory=dict)
    history: list[dict] = field(default_factory=list)
    training: dict = field(default_factory=dict)
    extra_pictures: dict = field(default_factory=dict)
    model: dict = field(default_factory=dict)
    cost: dict = field(default_factory=dict)

    def to_json(self) -> str:
        """Strict JSON. A figure that is not finite, such as the loss of an epoch that diverged, becomes null."""
        return to_json(_plain(asdict(self)))

    @classmethod
    def from_json(cls, text: str) -> "Report":
        """The inverse of `to_json`, to six digits; unknown keys are passed over.

        Raises:
            ValueError: not strict JSON, or a field is missing or of the wrong type.
        """
        values = json.loads(text, parse_constant=_refuse_constant)
        if not isinstance(values, dict):
            raise ValueError("expected a JSON object")
        known = {}
        for f in fields(cls):
            if f.name not in values:
                if f.default_factory is MISSING:
                    raise ValueError(f"{f.name} is missing")
                continue
            expected: Any = (int, float) if f.type is float else (get_origin(f.type) or f.type)
            if not isinstance(values[f.name], expected):
                raise ValueError(f"{f.name} has the wrong type")
            known[f.name] = values[f.name]
        return cls(**known)

    def save(self, path: str | os.PathLike) -> Path:
        """Write report.json: all of it or, where that fails, nothing; an older one is replaced in one step.

        Args:
            path: the file; its folder is made where it is missing.

        Raises:
            MnistModelError: the file can't be written (no space left, no permission).
        """
        text = self.to_json()
        write_whole(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))
        return Path(path)

    @classmethod
    def load(cls, path: str | os.PathLike) -> "Report":
        """Read what `save` wrote.

        Raises:
            MnistModelError: the file is missing, or is not a report.
        """
        try:
            return cls.from_json(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise MnistModelError(f"Could not read {path}: {error.strerror or error}.") from error
        except ValueError as error:
            raise MnistModelError(f"{path} is not an evaluation report: {error}.") from error


def predict_logits(model: torch.nn.Module, loader, accelerator) -> tuple[torch.Tensor, torch.Tensor]:
    """Run a model over a loader, in every process its share, and give every process all answers in the loader's order.

    Computed in fp32 whatever precision `accelerator` trains in, and in eval mode; the model's own mode is restored.

    Args:
        model: a timm model on `accelerator.device`, bare or prepared.
        loader: prepared by `accelerator`, unshuffled, its data set exactly the images to answer; yields
            (pixel_values (B, C, H, W) float32, labels (B,) int64).
        accelerator: `accelerate.Accelerator`.

    Returns:
        Logits (N, classes) float32 and labels (N,) int64, on the CPU; N is the size of the data set in any number of
        processes.

    Raises:
        MnistModelError: a logit is not finite, as after a training that diverged.
        RuntimeError: the loader did not yield each image once (it drops the last batch, or was not prepared).
    """
    model = accelerator.unwrap_model(model, keep_torch_compile=False)
    was_training = model.training
    model.eval()
    batches = []
    try:
        with torch.inference_mode(), torch.autocast(accelerator.device.type, enabled=False):
            for pixel_values, labels in loader:
                # Mixed precision lives in an instance attribute `forward` that accelerate sets; the class has fp32's.
                logits = type(model).forward(model, pixel_values)
                batches.append([t.cpu() for t in accelerator.gather_for_metrics((logits, labels))])
    finally:
        model.train(was_training)
    logits, labels = (torch.cat(column) for column in zip(*batches, strict=True))
    if len(labels) != len(loader.dataset):
        raise RuntimeError(f"The loader gave {len(labels)} of {len(loader.dataset)} images.")
    if not torch.isfinite(logits).all():
        raise MnistModelError("The model's outputs are not finite: training diverged; try a lower learning rate.")
    return logits, labels


def evaluate_logits(
    logits,
    labels,
    label_names: Sequence[str],
    *,
    dataset: str,
    split: str = "test",
    temperature: float = 1.0,
    batch_size: int = 1000,
    **about,
) -> Report:
    """Measure answers against the truth.

    Args:
        logits: shape (N, C), in the order of the split; tensor, array or nested list.
        labels: classes, integers of shape (N,).
        label_names: C names.
        dataset, split: what was measured.
        temperature: logits are divided by it first; leave it at 1 where it is already folded into the classifier.
        batch_size: images handed to the metrics at once; changes no figure.
        **about: `history`, `training`, `model` and `cost`, as `Report` describes them.

    Raises:
        ValueError: no images, shapes that do not match, logits that are not finite, or a label out of range.
    """
    logits, labels = np.asarray(logits, dtype=np.float64) / temperature, np.asarray(labels)
    if logits.shape != (len(labels), len(label_names)):
        raise ValueError(f"Expected logits {(len(labels), len(label_names))} (images, classes), not {logits.shape}.")
    answers = logits.argmax(axis=1)
    figures = _compute_metrics(logits, answers, labels, batch_size)
    columns = zip(label_names, *(figures[k] for k in ("precision", "recall", "f1", "support")), strict=True)
    return Report(
        dataset=dataset,
        split=split,
        images=len(labels),
        label_names=list(label_names),
        errors=int((answers != labels).sum()),
        per_class=[
            {"label": name, "precision": precision, "recall": recall, "f1": f1, "support": support}
            for name, precision, recall, f1, support in columns
        ],
        temperature=float(temperature),
        mistakes=_mistakes(logits, answers, labels, label_names),
        **{f.name: figures[f.name] for f in fields(Report) if f.name in figures},
        **about,
    )


def _compute_metrics(logits: np.ndarray, answers: np.ndarray, labels: np.ndarray, batch_size: int) -> dict:
    num_classes = logits.shape[1]
    metrics = {
        Accuracy(): answers,
        PrecisionRecallF1(num_classes=num_classes): answers,
        ConfusionMatrix(num_classes=num_classes): answers,
        NegativeLogLikelihood(): logits,
        ExpectedCalibrationError(): logits,
    }
    figures = {}
    for metric, predictions in metrics.items():
        for start in range(0, len(predictions), batch_size):
            batch = slice(start, start + batch_size)
            metric.add_batch(predictions=predictions[batch], references=labels[batch])
        figures |= metric.compute()
    return figures


def _mistakes(logits: np.ndarray, answers: np.ndarray, labels: np.ndarray, names: Sequence[str]) -> list[dict]:
    """Wrong answers, most confident first; ties in the order of the split."""
    best = logits.max(axis=1, keepdims=True)
    confidence = 1 / np.exp(logits - best).sum(axis=1)
    found = [
        {"index": int(i), "truth": names[labels[i]], "answer": names[answers[i]], "confidence": float(confidence[i])}
        for i in np.flatnonzero(answers != labels)
    ]
    return sorted(found, key=lambda mistake: -mistake["confidence"])


def _plain(value):
    """Anything -> what strict JSON can hold; tensors and arrays become lists, paths and other objects their text."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def _refuse_constant(name: str):
    raise ValueError(f"{name} is not JSON")
