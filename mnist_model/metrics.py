"""Metrics for classification, as `evaluate.Metric` classes that need no network.

`evaluate.load("accuracy")` downloads a script before it computes anything; these are plain classes, filled batch by
batch and computed once. Classes are numbered from 0; every figure is exact, whatever the batches were.

>>> metric = Accuracy()
>>> metric.add_batch(predictions=[7, 2], references=[7, 2])
>>> metric.add_batch(predictions=[1, 0], references=[1, 4])
>>> metric.compute()
{'accuracy': 0.75}

The last part, `fit_temperature`, makes confidences honest where `ExpectedCalibrationError` shows that they are not.
"""

from typing import cast

import evaluate
import numpy as np
from datasets import Features, Sequence, Value

_CLASSES = Features({"predictions": Value("int64"), "references": Value("int64")})
_LOGITS = Features({"predictions": Sequence(Value("float64")), "references": Value("int64")})

_GUO = """@inproceedings{guo2017calibration,
  title={On Calibration of Modern Neural Networks},
  author={Guo, Chuan and Pleiss, Geoff and Sun, Yu and Weinberger, Kilian Q.},
  booktitle={International Conference on Machine Learning}, year={2017}}"""
_NAEINI = """@inproceedings{naeini2015obtaining,
  title={Obtaining Well Calibrated Probabilities Using Bayesian Binning},
  author={Naeini, Mahdi Pakdaman and Cooper, Gregory F. and Hauskrecht, Milos},
  booktitle={AAAI Conference on Artificial Intelligence}, year={2015}}"""


class _OfflineMetric(evaluate.Metric):
    """A metric in memory: nothing is read, nothing is written, and two processes never meet in one cache file.

    The first line of the subclass' docstring is its description. Under several processes gather the batches first
    (`accelerator.gather_for_metrics`) and compute on any one of them. With `keep_in_memory=False` the batches wait in
    evaluate's cache on disk instead.
    """

    _features = _CLASSES
    _citation = ""

    def __init__(self, *args, keep_in_memory: bool = True, **kwargs):
        super().__init__(*args, keep_in_memory=keep_in_memory, **kwargs)

    def _info(self) -> evaluate.MetricInfo:
        about = type(self).__doc__ or type(self).__name__
        return evaluate.MetricInfo(
            description=about.splitlines()[0],
            citation=self._citation,
            features=self._features,
            inputs_description=f"\n{about}",
        )

    def _build_data_dir(self) -> str:
        # evaluate creates its cache folder even when nothing will go there, and fails where home is read-only.
        return "" if self.keep_in_memory else super()._build_data_dir()

    def compute(self, *, predictions=None, references=None, **kwargs) -> dict:
        """Every batch added so far (and these, if given) -> the figures; the metric is empty again afterwards.

        Raises:
            ValueError: nothing was added, or a class or a logit is out of range.
        """
        if len(self) == 0 and (predictions is None or len(predictions) == 0):
            raise ValueError(f"{type(self).__name__}: add at least one example before compute().")
        return cast(dict, super().compute(predictions=predictions, references=references, **kwargs))


class Accuracy(_OfflineMetric):
    """The share of right answers.

    `predictions` and `references` are classes, integers of shape (B,). Computes `accuracy`, from 0 to 1.
    """

    def _compute(self, predictions, references):
        return {"accuracy": float(np.mean(np.asarray(predictions) == np.asarray(references)))}


class ConfusionMatrix(_OfflineMetric):
    """How often each class was answered for each class.

    `predictions` and `references` are classes from 0 to `num_classes - 1`, shape (B,). Computes `confusion_matrix`, a
    list of `num_classes` rows of counts: row = truth, column = answer. A class that never occurs is a row of zeros.

    >>> ConfusionMatrix(num_classes=3).compute(predictions=[0, 1, 1], references=[0, 1, 0])
    {'confusion_matrix': [[1, 1, 0], [0, 1, 0], [0, 0, 0]]}
    """

    def __init__(self, *args, num_classes: int, **kwargs):
        self.num_classes = num_classes
        super().__init__(*args, **kwargs)

    def _compute(self, predictions, references):
        return {"confusion_matrix": _confusion(predictions, references, self.num_classes).tolist()}


class PrecisionRecallF1(_OfflineMetric):
    """Precision, recall and F1 of each class, and their mean over the classes (macro).

    `predictions` and `references` are classes from 0 to `num_classes - 1`, shape (B,). Computes the lists `precision`,
    `recall`, `f1` (0 to 1) and `support` (how many of the references are of this class), by class, and the numbers
    `macro_precision`, `macro_recall`, `macro_f1`. A class that was never answered has precision 0, one that never
    occurs has recall 0, and both count in the mean: scikit-learn's `zero_division=0` with `labels=range(num_classes)`.

    >>> figures = PrecisionRecallF1(num_classes=2).compute(predictions=[0, 1, 1, 1], references=[0, 0, 1, 1])
    >>> figures["recall"], figures["support"], figures["macro_recall"]
    ([0.5, 1.0], [2, 2], 0.75)
    """

    def __init__(self, *args, num_classes: int, **kwargs):
        self.num_classes = num_classes
        super().__init__(*args, **kwargs)

    def _compute(self, predictions, references):
        matrix = _confusion(predictions, references, self.num_classes)
        right, answered, support = np.diag(matrix), matrix.sum(axis=0), matrix.sum(axis=1)
        scores = {
            "precision": _ratio(right, answered),
            "recall": _ratio(right, support),
            "f1": _ratio(2 * right, answered + support),
        }
        macro = {f"macro_{name}": float(values.mean()) for name, values in scores.items()}
        return {name: values.tolist() for name, values in scores.items()} | {"support": support.tolist()} | macro


class NegativeLogLikelihood(_OfflineMetric):
    """The mean negative log-probability of the truth, in nats: the cross-entropy loss without label smoothing.

    `predictions` are logits of shape (B, C), `references` classes of shape (B,). Logarithms of probabilities are logits
    too. Computes `nll`: 0 is perfect, log(C) is what guessing gets.

    >>> round(NegativeLogLikelihood().compute(predictions=[[0.0, 0.0]], references=[1])["nll"], 4)
    0.6931
    """

    _features = _LOGITS

    def _compute(self, predictions, references):
        logits, labels = _checked(predictions, references)
        return {"nll": float(-_log_softmax(logits)[np.arange(len(labels)), labels].mean())}


class ExpectedCalibrationError(_OfflineMetric):
    """How far confidence is from accuracy, on average over the images (ECE).

    Answers are sorted by confidence into `num_bins` bins of equal width, (0, 1/15], (1/15, 2/15] and so on, and the
    distance between mean confidence and accuracy in a bin counts by its share of the images (Naeini et al. 2015;
    Guo et al. 2017, equation 3).

    `predictions` are logits of shape (B, C), `references` classes of shape (B,). Computes `ece`, from 0 (honest) to 1,
    and `reliability`, one `{"confidence", "accuracy", "count"}` per bin; the first two are None in an empty bin.
    """

    _features = _LOGITS
    _citation = f"{_NAEINI}\n{_GUO}"

    def __init__(self, *args, num_bins: int = 15, **kwargs):
        self.num_bins = num_bins
        super().__init__(*args, **kwargs)

    def _compute(self, predictions, references):
        logits, labels = _checked(predictions, references)
        confidence = np.exp(_log_softmax(logits).max(axis=1))
        right = logits.argmax(axis=1) == labels
        upper_edges = np.arange(1, self.num_bins) / self.num_bins  # of all bins but the last
        bins = np.searchsorted(upper_edges, confidence)
        reliability, ece = [], 0.0
        for index in range(self.num_bins):
            inside = bins == index
            mean, accuracy = (float(v[inside].mean()) if inside.any() else None for v in (confidence, right))
            reliability.append({"confidence": mean, "accuracy": accuracy, "count": int(inside.sum())})
            if mean is not None and accuracy is not None:
                ece += inside.mean() * abs(mean - accuracy)
        return {"ece": float(ece), "reliability": reliability}


def fit_temperature(logits, labels, bounds: tuple[float, float] = (0.05, 20.0)) -> float:
    """The temperature T for which softmax(logits / T) has the least negative log-likelihood (Guo et al. 2017, 4.2).

    Fit it on images that the model was not trained on. No answer changes, only the confidence: T > 1 lowers it.

    Args:
        logits: shape (N, C); array, tensor or nested list.
        labels: classes, integers of shape (N,).
        bounds: the range of T. Where every answer is right the likelihood grows without end as T falls, and where
            answers are worse than chance as T rises; the result is then the bound.

    Raises:
        ValueError: no images, shapes that do not match, or a number that is not finite.

    >>> round(fit_temperature([[2.0, 0.0]] * 4, [0, 0, 0, 1]), 4)  # right 3 times in 4: logit log(3), not 2
    1.8205
    """
    logits, labels = _checked(logits, labels)
    logits = logits - logits.max(axis=1, keepdims=True)
    truth = logits[np.arange(len(labels)), labels]

    def slope(log_t: float) -> float:  # of the NLL in 1/T, where it is convex: rises through 0 at the minimum
        probabilities = np.exp(_log_softmax(logits * np.exp(-log_t)))
        return float(((probabilities * logits).sum(axis=1) - truth).mean())

    low, high = np.log(bounds)
    if slope(high) >= 0 >= slope(low):  # only where no temperature matters: all logits of an image are equal
        return 1.0
    for _ in range(50):  # bisection: each halves the bracket, which ends far below float32's precision
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) > 0 else (low, middle)
    return float(np.exp((low + high) / 2))


def _confusion(predictions, references, num_classes: int) -> np.ndarray:
    """Counts, shape (num_classes, num_classes): row = truth, column = answer."""
    pairs = np.asarray([references, predictions])
    if pairs.min() < 0 or pairs.max() >= num_classes:
        raise ValueError(f"Classes must lie in 0..{num_classes - 1}, found {pairs.min()} to {pairs.max()}.")
    return np.bincount(pairs[0] * num_classes + pairs[1], minlength=num_classes**2).reshape(num_classes, num_classes)


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    return np.divide(numerator, denominator, out=np.zeros(len(numerator)), where=denominator > 0)


def _checked(logits, labels) -> tuple[np.ndarray, np.ndarray]:
    """Logits as float64 (N, C) and labels as integers (N,), or a ValueError that says what is wrong with them."""
    logits, labels = np.asarray(logits, dtype=np.float64), np.asarray(labels)
    if logits.ndim != 2 or len(logits) == 0 or labels.shape != logits.shape[:1]:
        raise ValueError(f"Expected logits (N, C) and labels (N,), N > 0, not {logits.shape} and {labels.shape}.")
    if not np.isfinite(logits).all():
        raise ValueError("Some logits are not finite.")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError(f"Classes must lie in 0..{logits.shape[1] - 1}, found {labels.min()} to {labels.max()}.")
    return logits, labels


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
