"""Find the ink of a number in a picture; where it is small in a large one, look at the part that holds it alone."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from .preprocessing import SIDE, WORKING_SIDE, find_ink, orientation_of, running, stroke_width, to_grey
from .segmentation import Line, find_lines

ENLARGEMENT = 1.25  # the least that is worth a second look
SEEN = 0.98  # share of the ink that was seen at first
UPRIGHT = {  # what undoes an EXIF orientation
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
MARGIN = 1.0  # of paper around the writing, relative to the height of its highest line


@dataclass(frozen=True)
class Writing:
    """The ink of some writing, and where it is.

    Args:
        ink: float32, shape (H, W), values 0 to 1, as `find_ink` gives it.
        scale: pixels of the picture to one of the ink.
        left, top: of the ink, in pixels of the picture.
    """

    ink: np.ndarray
    scale: float
    left: int = 0
    top: int = 0

    def in_picture(self, box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
        """From x, y, width, height in pixels of the ink to the same in pixels of the picture."""
        x, y, width, height = (round(value * self.scale) for value in box)
        return self.left + x, self.top + y, width, height


def find_writing(image: Image.Image) -> Writing:
    """Find the ink of all digits in a picture, in as many pixels as can be had."""
    grey = to_grey(image)
    whole = Writing(find_ink(grey), max(image.size) / max(grey.shape) if grey.size else 1.0)
    enlarged = max(grey.shape, default=0) <= 2 * SIDE  # whatever its size, the picture shows no more
    if whole.scale < ENLARGEMENT or enlarged:
        return whole
    lines = find_lines(whole.ink)
    if not lines:
        return whole
    box = _around(lines, whole)
    longer = max(box[2] - box[0], box[3] - box[1])
    if longer * ENLARGEMENT > WORKING_SIDE * whole.scale:
        return whole
    grey = to_grey(_cut_out(image, box))
    scale = longer / max(grey.shape)
    closer = find_ink(grey, stroke_width(whole.ink > 0.5) * whole.scale / scale)
    return Writing(closer, scale, *box[:2]) if _shows_all(closer, whole, scale, box) else whole


def size_of(image: Image.Image | np.ndarray) -> tuple[int, ...]:
    """The sides of a picture in its own pixels, and the number of channels of an array that has some."""
    return image.size if isinstance(image, Image.Image) else np.asarray(image).shape


def _shows_all(closer: np.ndarray, whole: Writing, scale: float, box: tuple[int, int, int, int]) -> bool:
    """Whether all the ink that was seen in the whole picture is seen in the part, too."""
    rows, columns = np.nonzero(whole.ink > 0.5)
    near = running(closer > 0.3, 2 * round(whole.scale / scale) + 1, np.maximum)
    y = ((rows + 0.5) * whole.scale - box[1]) / scale
    x = ((columns + 0.5) * whole.scale - box[0]) / scale
    inside = (y >= 0) & (y < closer.shape[0]) & (x >= 0) & (x < closer.shape[1])
    return bool(near[y[inside].astype(int), x[inside].astype(int)].mean() > SEEN)


def _around(lines: list[Line], writing: Writing) -> tuple[int, int, int, int]:
    """Left, top, right, bottom in pixels of the picture, with a margin; never outside of the picture."""
    margin = MARGIN * max(line.height for line in lines)
    boxes = np.array([piece.box for line in lines for piece in line.pieces])
    low = np.maximum(boxes[:, :2].min(axis=0) - margin, 0)
    high = np.minimum(boxes[:, 2:].max(axis=0) + margin, writing.ink.shape[::-1])
    left, top, right, bottom = np.rint(np.concatenate([low, high]) * writing.scale).astype(int).tolist()
    return left, top, right, bottom


def _cut_out(image: Image.Image, box: tuple[int, int, int, int]) -> Image.Image:
    orientation = orientation_of(image)
    part = (image.transpose(UPRIGHT[orientation]) if orientation in UPRIGHT else image).crop(box)
    part.info["orientation"] = 1  # whatever EXIF the picture had
    return part
