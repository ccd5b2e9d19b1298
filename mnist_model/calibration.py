"""From a network with one output more than labels to a classifier of the labels that knows when to refuse.

    last_output = split_last_output(model, num_labels)
    rejection, refused = fit_rejection(model, last_output, digits, nondigits)

The threshold is chosen on pictures that were held out from training.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .data import to_pixel_values
from .rejection import Rejection, rejection_curve

DIGITS_REFUSED = 0.005
BATCH = 500


def split_last_output(model: nn.Module, num_labels: int) -> tuple[Tensor, Tensor]:
    """Take the last output off a timm classifier of `num_labels` + 1 outputs, in place.

    Returns:
        The weight, shape (features,), and the bias, shape (), of the output that was taken off.
    """
    classifier = model.get_classifier()
    weight, bias = classifier.weight.detach(), classifier.bias.detach()
    model.reset_classifier(num_labels)
    labels_only = model.get_classifier().to(weight.device)
    with torch.no_grad():
        labels_only.weight.copy_(weight[:num_labels])
        labels_only.bias.copy_(bias[:num_labels])
    return weight[num_labels], bias[num_labels]


def fit_rejection(
    model: nn.Module, last_output: tuple[Tensor, Tensor] | None, digits: Tensor, others: Tensor
) -> tuple[Rejection, dict]:
    """Choose the threshold below which a picture is refused: that which `DIGITS_REFUSED` of the digits stay below.

    Args:
        model: classifier of the labels, in eval mode.
        last_output: its weight and bias, as `split_last_output` gives them; None where there was none.
        digits: pictures that are to be kept, shape (N, 28, 28), values 0 to 255; not those trained on.
        others: pictures that are to be refused, shape (M, 28, 28), values 0 to 255.
    Returns:
        The rejection, and what goes into the report: the threshold, the shares refused at it, and the whole curve.
    """
    weight, bias = (last_output[0].tolist(), last_output[1].item()) if last_output else ([], 0.0)
    rejection = Rejection(tuple(weight), bias, threshold=0.0)
    of_digits, of_others = (_scores(model, rejection, pictures) for pictures in (digits, others))
    threshold = float(f"{np.quantile(of_digits, DIGITS_REFUSED):.6g}")
    measured = {
        "threshold": threshold,
        "digits_refused": float((of_digits < threshold).mean()),
        "others_refused": float((of_others < threshold).mean()),
        "digits": len(digits),
        "others": len(others),
        "curve": rejection_curve(of_digits, of_others),
    }
    return Rejection(rejection.weight, rejection.bias, threshold), measured


def _scores(model: Any, rejection: Rejection, pictures: Tensor) -> np.ndarray:
    scores = []
    with torch.inference_mode():
        for part in pictures.split(BATCH):
            features = model.forward_features(to_pixel_values(part)).mean(dim=(2, 3))
            logits = model.get_classifier()(features)
            scores.append(rejection.scores(logits.cpu().numpy(), features.cpu().numpy()))
    return np.concatenate(scores)
