"""Which ink decided: what the model would have read without each part of it.

    explanation = DigitRecognizer.from_pretrained().explain("seven.jpg")
    explanation.evidence                # (28, 28): the ink that the answer rests on
    explanation.contrast                # (28, 28): the ink that parts the answer from the runner-up

Squares of the 28x28 picture are blackened in turn (occlusion: Zeiler & Fergus, 2014), and the logarithm of the answer's
probability is watched. That needs the model's outputs alone, and so it explains every model alike. A class activation
map, for all that it adds up to the logits, says less of which ink matters: a cell of the last feature map sees most of
the digit (benchmarks/explanation.py compares them).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

PATCH = 5  # pixels, the side of what is blackened at once: less takes longer, more blurs
NARROW = 8  # pixels: ink no wider has no left and no right


@dataclass(frozen=True)
class Part:
    """Some of the ink, and what is read without it.

    Args:
        box: x, y, width and height in pixels of the 28x28 picture.
        place: where in the digit it is: "top-left", "top", ..., "middle", ..., "bottom-right".
        without: the probabilities of all labels without this ink, by name; they sum to 1.
        support: by how much the logarithm of the answer's probability falls without it. Below 0 the ink speaks against
            the answer.
        contrast: the same of the log odds of the answer against the runner-up. Below 0 the ink speaks for that.
    """

    box: tuple[int, int, int, int]
    place: str
    without: dict[str, float] = field(repr=False)
    support: float
    contrast: float


@dataclass(frozen=True)
class Explanation:
    """Why a picture was read as it was. It speaks of ink alone: what is missing also counts, but cannot be taken away.

    Args:
        label, runner_up: the most probable label and the one after it.
        probabilities: of all labels, by name; they sum to 1.
        evidence: float32, shape (28, 28): of each pixel with ink the `support` of its part; 0 where there is no ink.
        contrast: the same of the parts' `contrast`.
        parts: all the ink, in reading order.
    """

    label: str
    runner_up: str
    probabilities: dict[str, float]
    evidence: np.ndarray = field(repr=False)
    contrast: np.ndarray = field(repr=False)
    parts: list[Part]


def explain_ink(
    canonical: np.ndarray,
    logits_of: Callable[[Sequence[np.ndarray]], np.ndarray],
    label_names: Sequence[str],
    patch: int = PATCH,
) -> Explanation | None:
    """Explain what a model reads in a picture.

    Args:
        canonical: uint8, shape (28, 28), ink bright on black.
        logits_of: gives the logits, shape (B, labels), of B such pictures. It is called once.
        label_names: two or more, one for each logit.
        patch: side of the squares in pixels.
    Returns:
        None where there is no ink.
    """
    boxes = ink_squares(canonical, patch)
    if not boxes:
        return None
    masks = np.stack([_mask(box, canonical.shape) for box in boxes])
    logits = np.asarray(logits_of([canonical, *np.where(masks, np.uint8(0), canonical)]), np.float64)
    log_probabilities = logits - logits.max(axis=1, keepdims=True)
    log_probabilities -= np.log(np.exp(log_probabilities).sum(axis=1, keepdims=True))
    first, second = np.argsort(-log_probabilities[0], kind="stable")[:2]
    fall = log_probabilities[0] - log_probabilities[1:]  # (parts, labels)
    support, contrast = fall[:, first], fall[:, first] - fall[:, second]
    of_each = [dict(zip(label_names, row, strict=True)) for row in np.exp(log_probabilities).tolist()]
    places = _name_places(canonical, masks)
    return Explanation(
        label_names[first],
        label_names[second],
        of_each[0],
        _paint(canonical, masks, support),
        _paint(canonical, masks, contrast),
        [Part(*row) for row in zip(boxes, places, of_each[1:], support.tolist(), contrast.tolist(), strict=True)],
    )


def ink_squares(canonical: np.ndarray, side: int) -> list[tuple[int, int, int, int]]:
    """The squares that hold ink, in reading order, of a grid that is laid over the ink's box, centred.

    Returns:
        x, y, width and height of each, in pixels.
    """
    left, top, width, height = ink_extent(canonical)
    squares = []
    for y in range(top - (-height % side) // 2, top + height, side):
        for x in range(left - (-width % side) // 2, left + width, side):
            if canonical[max(y, 0) : y + side, max(x, 0) : x + side].any():
                squares.append((x, y, side, side))
    return squares


def ink_extent(canonical: np.ndarray) -> tuple[int, int, int, int]:
    """x, y, width and height of all that is not black; all 0 where everything is.

    >>> picture = np.zeros((28, 28), np.uint8); picture[4:24, 12:15] = 255
    >>> ink_extent(picture)
    (12, 4, 3, 20)
    """
    rows, columns = np.nonzero(canonical)
    if rows.size == 0:
        return 0, 0, 0, 0
    left, top = int(columns.min()), int(rows.min())
    return left, top, int(columns.max()) + 1 - left, int(rows.max()) + 1 - top


def _mask(box: tuple[int, int, int, int], shape: tuple[int, ...]) -> np.ndarray:
    x, y, width, height = box
    mask = np.zeros(shape, bool)
    mask[max(y, 0) : y + height, max(x, 0) : x + width] = True
    return mask


def _paint(canonical: np.ndarray, masks: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The value of each part on its own ink."""
    return np.where(canonical > 0, np.tensordot(values, masks, 1), 0).astype(np.float32)


def _name_places(canonical: np.ndarray, masks: np.ndarray) -> list[str]:
    """Where the ink under each mask lies in all of it: the thirds of its height and of its width."""
    left, top, width, height = ink_extent(canonical)
    weights = masks * canonical.astype(float)
    total = weights.sum(axis=(1, 2))
    y = weights.sum(axis=2) @ (np.arange(canonical.shape[0]) + 0.5) / total
    x = weights.sum(axis=1) @ (np.arange(canonical.shape[1]) + 0.5) / total
    down = (3 * (y - top) / height).astype(int) if height > NARROW else np.ones(len(masks), int)
    across = (3 * (x - left) / width).astype(int) if width > NARROW else np.ones(len(masks), int)
    rows, columns = ("top", "", "bottom"), ("left", "", "right")
    return ["-".join(filter(None, (rows[i], columns[j]))) or "middle" for i, j in zip(down, across, strict=True)]
