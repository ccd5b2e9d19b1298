"""The network that tells digits from everything else: what it learns from, and when it refuses.

    train = with_nondigits(data.train, label=10)
    rejection, measured = fit_rejection(model, network, digits, nondigits)

The network is trained by `training.fit` like any other, as a classifier of the labels and of one class more.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .data import Split, input_size_of, to_pixel_values
from .nondigits import make_nondigits
from .rejection import Rejection, free_energy, rejection_curve

# What a network of its size learns in two passes; it is for this task alone, and no option of the command line.
RECIPE: dict[str, Any] = {
    "batch_size": 256,
    "gradient_accumulation_steps": 1,
    "optimizer": "nmuon",
    "learning_rate": 4e-3,
    "schedule": "onecycle",
    "warmup_fraction": 0.2,
    "weight_decay": 0.05,
    "label_smoothing": 0.0,
    "ema_decay": 0.995,
    "dropout": 0.0,
    "keep": "last",
    "early_stopping_patience": 0,
    "report_to": "none",
}
DIGITS_REFUSED = 0.02  # of augmented ones: of those that people draw, half as many
DIGITS_BELOW_CAP = 0.25
BATCH = 500

# Some pictures are drawn on a canvas of few pixels, without antialiasing: jagged strokes are no sign of a letter.
HARD_EDGED = 0.15  # share of the pictures


def with_nondigits(split: Split, label: int) -> Split:
    """The pictures of a split, and behind them as many made-up ones that are no digits, labelled `label`."""
    made = [make_nondigits(part, len(part)).round().to(torch.uint8) for part in split.images.split(BATCH)]
    labels = torch.full_like(split.labels, label)
    return Split(torch.cat([split.images, *made]), torch.cat([split.labels, labels]))


def fit_rejection(
    model: nn.Module, network: nn.Module, digits: Tensor, others: Tensor
) -> tuple[Rejection, dict[str, Any]]:
    """Choose the score below which `DIGITS_REFUSED` of the digits lie.

    Args:
        model: classifier of the labels, in eval mode.
        network: classifier of the labels and of everything else, in eval mode.
        digits: pictures that are to be kept, shape (N, 28, 28), values 0 to 255; not those trained on.
        others: pictures that are to be refused, shape (M, 28, 28), values 0 to 255.
    Returns:
        The rejection; and what goes into the report: the threshold, the shares refused at it, and the whole curve.
    """
    logits_of_digits, logits_of_others = _logits(model, network, digits), _logits(model, network, others)
    energy_cap = _rounded(np.quantile(free_energy(logits_of_digits[0]), DIGITS_BELOW_CAP))
    score = Rejection(energy_cap, threshold=0.0).scores
    of_digits, of_others = score(*logits_of_digits), score(*logits_of_others)
    threshold = _rounded(np.quantile(of_digits, DIGITS_REFUSED))
    return Rejection(energy_cap, threshold), {
        "threshold": threshold,
        "digits_refused": float((of_digits < threshold).mean()),
        "others_refused": float((of_others < threshold).mean()),
        "digits": len(digits),
        "others": len(others),
        "curve": rejection_curve(of_digits, of_others),
    }


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")  # about what float32 holds


def _logits(model: nn.Module, network: nn.Module, images: Tensor) -> list[np.ndarray]:
    """Of both, shapes (N, labels) and (N, labels + 1)."""
    with torch.inference_mode():
        return [
            torch.cat([each(to_pixel_values(part, input_size_of(each))) for part in images.split(BATCH)]).cpu().numpy()
            for each in (model, network)
        ]
