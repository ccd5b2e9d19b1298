"""Is it a digit at all? Told by the free energy of the logits, and by a second, small network.

    "rejection": {"energy_cap": 9.6, "threshold": 3.4}

stands in `config.json`, and `rejection.onnx` beside it: a classifier of the labels and of one class more, that of
everything else, which was trained on digits and on made-up non-digits (`nondigits.py`). It is apart from the classifier
of the labels, because one network that learns both reads digits less well, and because what is published loads as a
plain classifier everywhere. The two make their mistakes on different pictures: their scores are added.

numpy alone: the recognizer reads this.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from .errors import MnistModelError

REJECTION_FILE = "rejection.onnx"


@dataclass(frozen=True)
class Rejection:
    """When to say that a picture shows none of the labels.

    Args:
        energy_cap: as much of the free energy as counts. Of more than most digits have, a checkerboard has the most.
        threshold: a picture whose score lies below is refused.
    """

    energy_cap: float
    threshold: float

    def scores(self, logits: np.ndarray, rejection_logits: np.ndarray) -> np.ndarray:
        """How much pictures look like any of the labels.

        The free energy of the logits, up to `energy_cap`, and the log odds of the labels against everything else.

        Args:
            logits: of the labels, shape (B, labels).
            rejection_logits: of the labels and, last, of everything else, shape (B, labels + 1).
        Returns:
            float64, shape (B,): the higher, the more it is a digit.

        >>> scores = Rejection(energy_cap=9.0, threshold=0.0).scores(np.log([[1.0, 4.0]]), np.log([[2.0, 4.0, 3.0]]))
        >>> scores.round(3) == np.log(10).round(3)
        array([ True])
        """
        log_odds = free_energy(rejection_logits[:, :-1]) - rejection_logits[:, -1].astype(np.float64)
        return log_odds + np.minimum(free_energy(logits), self.energy_cap)

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
            return cls(float(entry["energy_cap"]), float(entry["threshold"]))
        except (KeyError, TypeError, ValueError) as error:
            raise MnistModelError(f"{path} has a damaged 'rejection': fetch or train the checkpoint again.") from error


def free_energy(logits: np.ndarray) -> np.ndarray:
    """The logarithm of the summed exponentials of logits, shape (B, classes): high where any class has support.

    Liu et al., "Energy-based Out-of-distribution Detection", 2020, whose sign is the opposite.
    """
    logits = logits.astype(np.float64)
    highest = logits.max(axis=1, keepdims=True)
    return highest[:, 0] + np.log(np.exp(logits - highest).sum(axis=1))


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
