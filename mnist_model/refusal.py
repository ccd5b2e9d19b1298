"""Why nothing in a picture is taken for a digit: told by what is measured in it."""

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
from PIL import Image

from .closeup import size_of
from .preprocessing import WORKING_SIDE, to_grey

PLAIN = 20  # grey levels, of 255, that a page of one tone varies by at most
FEWEST_PIXELS = 8  # high or wide: of a smaller digit nothing is left to see


class Refusal(StrEnum):
    """What there is in a picture in which nothing is taken for a digit."""

    BLANK = "blank"  # one tone all over
    NO_INK = "no ink"  # differences in tone, of which none is as dark and as sharp as ink
    SEVERAL = "several"  # more than one thing, of which too few look like digits
    SMALL = "small"  # one thing, of too few pixels
    CUT_OFF = "cut off"  # one thing, which reaches the edge of the picture
    UNLIKE = "unlike"  # one whole thing, which looks like none of the labels


def why_refused(image: Image.Image | np.ndarray, boxes: Sequence[tuple[int, int, int, int]]) -> Refusal:
    """Why nothing in a picture was taken for a digit.

    Args:
        image: what `canonicalize` takes.
        boxes: x, y, width, height in the picture's pixels, of each thing that stands out from the ground.

    >>> page = np.full((100, 100), 255)
    >>> why_refused(page, []).value, why_refused(page, [(30, 20, 40, 60)]).value
    ('blank', 'unlike')
    >>> why_refused(page, [(60, 20, 40, 60)]).value
    'cut off'
    """
    if len(boxes) > 1:
        return Refusal.SEVERAL
    grey = to_grey(image)
    if not boxes:
        return Refusal.BLANK if grey.size == 0 or np.ptp(grey) <= PLAIN else Refusal.NO_INK
    ((left, top, width, height),) = boxes
    if max(width, height) < FEWEST_PIXELS:
        return Refusal.SMALL
    scale = max(size_of(image)) / max(grey.shape)
    rows, columns = (side * scale for side in grey.shape)
    edge = max(1, max(size_of(image)) / WORKING_SIDE)  # what a pixel is where ink is looked for
    inside = left > edge and top > edge and left + width < columns - edge and top + height < rows - edge
    return Refusal.UNLIKE if inside else Refusal.CUT_OFF
