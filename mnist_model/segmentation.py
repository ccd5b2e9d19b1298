"""Find the digits in a picture of several."""

import numpy as np

from .preprocessing import label_ink

# Parts that share so much of the narrower one's width are strokes of one digit.
MIN_OVERLAP = 0.5
# A part of less height, relative to the tallest, is a comma, a dot or a speck.
MIN_HEIGHT = 0.3


def find_digits(ink: np.ndarray) -> list[tuple[tuple[int, int, int, int], np.ndarray]]:
    """Cut ink into digits that stand apart on one line, left to right.

    Args:
        ink: float32, shape (H, W), values 0 to 1, as `find_ink` gives it.
    Returns:
        For each digit its box (x, y, width, height) in pixels of `ink`, and the ink in it, of shape (height, width).
    """
    if not ink.any():
        return []
    labels, _ = label_ink(ink)
    marked = np.where(ink > 0.1, labels, 0)
    boxes = [(_box(marked == label), {label}) for label in range(1, labels.max() + 1) if (marked == label).any()]
    boxes = _join(boxes)
    tallest = max(box[3] - box[1] for box, _ in boxes)
    digits = []
    for (left, top, right, bottom), members in boxes:
        if bottom - top >= MIN_HEIGHT * tallest:
            inside = (slice(top, bottom), slice(left, right))
            digits.append(
                ((left, top, right - left, bottom - top), ink[inside] * np.isin(marked[inside], list(members)))
            )
    return digits


def _box(mask: np.ndarray) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the pixels in a mask."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _join(boxes: list) -> list:
    """Join parts that stand above one another, and order what remains from left to right."""
    joined: list = []
    for box, members in sorted(boxes, key=lambda item: item[0][0]):
        if joined and _overlap(joined[-1][0], box) >= MIN_OVERLAP:
            last, last_members = joined.pop()
            box = (*np.minimum(last[:2], box[:2]).tolist(), *np.maximum(last[2:], box[2:]).tolist())
            members = last_members | members
        joined.append((box, members))
    return joined


def _overlap(a: tuple, b: tuple) -> float:
    shared = min(a[2], b[2]) - max(a[0], b[0])
    return shared / min(a[2] - a[0], b[2] - b[0])
