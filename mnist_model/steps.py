"""What `canonicalize` does to a picture, step by step, to look at.

steps = follow(Image.open("seven.jpg"))
Image.fromarray(steps.ground).show()
"""

from dataclasses import dataclass

import numpy as np

from .preprocessing import find_ink_and_ground, find_one_digit, fit_to_box, pick_digit, to_grey
from .segmentation import ink_box


@dataclass(frozen=True)
class Steps:
    """What there is of a picture after each step.

    Args:
        grey: uint8, shape (H, W): one tone for each pixel, upright and no larger than ink is looked for.
        ground: uint8, shape (H, W): the tone that each pixel would have without ink.
        bright: whether the ink is brighter than its ground.
        ink: uint8, shape (H, W), 255 for full ink.
        box: x, y, width and height of the one digit in pixels of these; None where there is no ink.
        digit: uint8, its ink alone: shape (H, W), or else larger and cut out, of a small digit in a large picture.
        canonical: uint8, shape (28, 28): what `canonicalize` gives.
    """

    grey: np.ndarray
    ground: np.ndarray
    bright: bool
    ink: np.ndarray
    box: tuple[int, int, int, int] | None
    digit: np.ndarray
    canonical: np.ndarray


def follow(image) -> Steps:
    """Follow a picture on its way through `canonicalize`, by the functions that it calls.

    Args:
        image: as for `canonicalize`.

    >>> page = np.full((200, 300), 255)
    >>> page[40:160, 140:152] = 0
    >>> steps = follow(page)
    >>> steps.box, steps.bright, int(steps.ground.min())
    ((140, 40, 12, 120), False, 255)
    """
    grey = to_grey(image)
    ink, ground = find_ink_and_ground(grey)
    digit, _ = find_one_digit(image)
    inked = ink > 0.5
    bright = bool(inked.any() and (grey[inked] > ground[inked]).mean() > 0.5)
    box = ink_box(pick_digit(ink)[0]) if digit.any() else None
    return Steps(
        _levels(grey), _levels(ground), bright, _levels(ink * 255), box, _levels(digit * 255), fit_to_box(digit)
    )


def _levels(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
