"""Is it a digit at all? Told by the free energy of the logits, and by one output more where the network has it.

    "rejection": {"weight": [], "bias": 0.0, "threshold": 3.4}

stands in `config.json`. A network that was trained with made-up non-digits (`nondigits.py`) has an output beside its
labels that tells them from digits. What is published has the labels alone, so that every loader gives a classifier of
digits: the last output's weights are here.

numpy alone: the recognizer reads this.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .errors import MnistModelError


@dataclass(frozen=True)
class Rejection:
    """When to say that a picture shows none of the labels.

    Args:
        weight: of the output that tells digits from other things, one number for each channel of the features; empty
            where the network has none.
        bias: of that output.
        threshold: a picture whose score lies below is refused.
    """

    weight: tuple[float, ...]
    bias: float
    threshold: float

    def scores(self, logits: np.ndarray, features: np.ndarray) -> np.ndarray:
        """How much pictures look like any of the labels.

        The logarithm of the summed exponentials of the logits is high where any label has support (Liu et al.,
        "Energy-based Out-of-distribution Detection", 2020); the output beside the labels is added to it.

        Args:
            logits: shape (B, labels).
            features: the last feature map, shape (B, channels, H, W), or its mean over H and W, shape (B, channels).
        Returns:
            float64, shape (B,): the higher, the more it is a digit.

        >>> Rejection((1.0, -1.0), 0.5, 0.0).scores(np.zeros((1, 1)), np.array([[3.0, 1.0]]))
        array([2.5])
        """
        logits = logits.astype(np.float64)
        highest = logits.max(axis=1)
        energy = highest + np.log(np.exp(logits - highest[:, None]).sum(axis=1))
        if not self.weight:
            return energy
        pooled = features.mean(axis=(2, 3)) if features.ndim == 4 else features
        return energy + pooled.astype(np.float64) @ np.asarray(self.weight) + self.bias

    def as_config(self) -> dict[str, Any]:
        """For `config.json`: six significant digits, about what float32 holds."""
        return {**asdict(self), "weight": [float(f"{value:.6g}") for value in self.weight]}

    @classmethod
    def from_config(cls, config: dict[str, Any], path: object) -> "Rejection | None":
        """From the contents of a `config.json`; None where the model has none.

        Raises:
            MnistModelError: the entry is damaged; `path` is named in the sentence.
        """
        entry = config.get("rejection")
        if entry is None:
            return None
        try:
            weight = tuple(float(value) for value in entry["weight"])
            if weight and len(weight) != int(config["num_features"]):
                raise ValueError(len(weight))
            return cls(weight, float(entry["bias"]), float(entry["threshold"]))
        except (KeyError, TypeError, ValueError) as error:
            raise MnistModelError(f"{path} has a damaged 'rejection': fetch or train the checkpoint again.") from error


def rejection_curve(digits: np.ndarray, others: np.ndarray, points: int = 100) -> list[dict[str, float]]:
    """What a threshold costs and what it gives, over the range of thresholds that matters.

    Args:
        digits, others: scores of pictures that should be kept, and of pictures that should be refused.
        points: number of thresholds.
    Returns:
        One dict for each: threshold, digits_refused and others_refused (shares, 0 to 1).
    """
    thresholds = np.quantile(digits, np.linspace(0, 0.2, points))
    return [
        {
            "threshold": float(threshold),
            "digits_refused": float((digits < threshold).mean()),
            "others_refused": float((others < threshold).mean()),
        }
        for threshold in thresholds
    ]
