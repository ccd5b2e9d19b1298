"""Any picture of a digit -> what MNIST would have made of it.

    from PIL import Image
    from mnist_model import canonicalize
    canonicalize(Image.open("seven.jpg"))      # uint8, (28, 28), ink bright on black; all zero where there is no ink

The steps are MNIST's own (LeCun et al., 1998): the ink is found, brought to MNIST's stroke width, scaled into a box of
20x20 pixels with antialiasing, and placed so that its centre of mass lies in the centre of 28x28.

This file is published beside the weights: it needs numpy and PIL alone.
"""

import numpy as np
from PIL import Image, ImageFilter, ImageOps

SIDE = 28
BOX = 20
PIXEL_MEAN = 0.1307
PIXEL_STD = 0.3081

# Pictures are worked on at this size: a stroke that matters is wider than a pixel of it.
WORKING_SIDE = 512
COARSE_SIDE = 128

# Grey levels, of 255, that ink must differ from its ground.
MIN_CONTRAST = 20

# The middle 80% of the widths that `stroke_width` gives for MNIST's training pictures, in pixels of 28.
STROKE_WIDTH_RANGE = (1.8, 3.5)
OVERSAMPLING = 6

# MNIST's centre of mass, in pixels from the upper left corner of the first one.
CENTRE = 14.5


def canonicalize(image) -> np.ndarray:
    """Bring any picture of one digit into MNIST's form.

    Args:
        image: a PIL image of any mode (its EXIF rotation is undone), or an array of shape (H, W), (H, W, C) or
            (C, H, W) with 1 to 4 channels (the last of 2 or 4 being alpha) and any numeric type. Ink may be darker or
            brighter than its ground.
    Returns:
        uint8, shape (28, 28), ink bright on black. All zero where no ink is found.

    >>> page = np.full((280, 280), 255, dtype=np.uint8)
    >>> page[60:220, 130:150] = 0
    >>> canonicalize(page).shape, canonicalize(page).max(), canonicalize(255 - page).max()
    ((28, 28), np.uint8(255), np.uint8(255))
    >>> canonicalize(np.zeros((5, 5))).any()
    np.False_
    """
    return fit_to_box(drop_specks(find_ink(to_grey(image))))


# ---------------------------------------------------------------------------------------------------- picture -> grey


def to_grey(image) -> np.ndarray:
    """Luminance of a picture, its longer side at most `WORKING_SIDE` pixels.

    Args:
        image: as for `canonicalize`.
    Returns:
        float32, shape (H, W), values 0 to 255; of size 0 where `image` is no picture.
    """
    if isinstance(image, Image.Image):
        image = ImageOps.exif_transpose(image)
    if not isinstance(image, Image.Image) or image.mode[0] in "IF":  # more than 8 bits to a pixel
        image = _from_array(np.asarray(image))
    if image is None:
        return np.zeros((0, 0), np.float32)
    if image.has_transparency_data:
        image = image.convert("RGBA")
    elif image.mode not in ("L", "RGB"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    image = _downscale(image)
    return _onto_ground(image) if image.mode == "RGBA" else np.asarray(image.convert("L"), np.float32)


def _from_array(array: np.ndarray) -> Image.Image | None:
    if array.dtype.kind not in "biuf" or array.size == 0:
        return None
    array = _drop_batch_axes(array)
    if array.ndim == 3 and array.shape[2] > 4 and array.shape[0] <= 4:
        array = np.moveaxis(array, 0, 2)
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or array.shape[2] > 4:
        return None
    modes = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
    array = _to_uint8(array)
    return Image.fromarray(
        np.ascontiguousarray(array[:, :, 0] if array.shape[2] == 1 else array), modes[array.shape[2]]
    )


def _drop_batch_axes(array: np.ndarray) -> np.ndarray:
    while array.ndim > 3 and array.shape[0] == 1:
        array = array[0]
    return array


def _to_uint8(array: np.ndarray) -> np.ndarray:
    """Bring any numeric range to 0..255: masks and fractions by 255, signed and wider ranges by their own extent."""
    if array.dtype == np.uint8 and array.max() > 1:
        return array
    array = np.nan_to_num(array.astype(np.float64), posinf=255, neginf=0)
    low, high = min(array.min(), 0.0), array.max()
    if low < 0:
        array, high = array - low, high - low
    if high <= 1 or high > 255 or low < 0:
        array = array * (255 / high if high > 1 or low < 0 and high > 0 else 255)
    return np.clip(np.rint(array), 0, 255).astype(np.uint8)


def _downscale(image: Image.Image) -> Image.Image:
    longer = max(image.size)
    if longer <= WORKING_SIDE:
        return image
    factor = longer // WORKING_SIDE
    if factor > 1:
        image = image.reduce(factor)
    image.thumbnail((WORKING_SIDE, WORKING_SIDE), Image.Resampling.BOX)
    return image


def _onto_ground(image: Image.Image) -> np.ndarray:
    """Lay a picture with transparency on the ground that shows it."""
    grey = np.asarray(image.convert("RGB").convert("L"), np.float32)
    alpha = np.asarray(image.getchannel("A"), np.float32) / 255
    if alpha.mean() > 0.5:  # a page with transparent corners
        ground = np.median(grey[alpha > 0.5])
    else:  # ink on nothing
        ground = 255.0 if (grey * alpha).sum() < 128 * alpha.sum() else 0.0
    return grey * alpha + ground * (1 - alpha)


# ------------------------------------------------------------------------------------------------------- grey -> ink


def find_ink(grey: np.ndarray) -> np.ndarray:
    """How much ink is on each pixel.

    On a plain ground ink is what differs from it. On any other (light that falls off, soft shadows) the ground is
    estimated locally, by a morphological opening wider than a stroke.

    Args:
        grey: float32, shape (H, W), values 0 to 255.
    Returns:
        float32, shape (H, W), values 0 (ground) to 1 (full ink). All zero where nothing stands out from the ground.
    """
    if grey.size == 0:
        return np.zeros((0, 0), np.float32)
    border = _border(grey)
    level = np.median(border)
    plain = np.mean(np.abs(grey - level) < 12) > 0.5 and np.mean(np.abs(border - level) < 12) > 0.75
    if plain:
        ink = np.clip(_sign(grey - level) * (grey - level), 0, None)
        full = _full_ink(ink)
    else:
        ink = _local_contrast(grey)
        grain = 3 * np.median(np.abs(ink - np.median(ink)))
        full = _full_ink(np.clip(ink - grain, 0, None)) + grain
        # What is left of the light is fainter than ink, and wide: a stroke's soft edges lose less by its removal.
        faint = max(grain, 0.2 * full)
        ink, full = np.clip(ink - faint, 0, None), full - faint
    if full < MIN_CONTRAST:
        return np.zeros_like(ink, np.float32)
    return np.minimum(ink / full, 1).astype(np.float32)


def _border(grey: np.ndarray) -> np.ndarray:
    width = max(1, min(grey.shape) // 50)
    inner = np.zeros(grey.shape, bool)
    inner[width:-width, width:-width] = True
    return grey[~inner]


def _sign(difference: np.ndarray) -> int:
    """-1 for dark ink, 1 for bright ink: whichever side of the ground has the more of it."""
    brighter = difference[difference > MIN_CONTRAST].sum()
    darker = -difference[difference < -MIN_CONTRAST].sum()
    return 1 if brighter > darker else -1


def _local_contrast(grey: np.ndarray) -> np.ndarray:
    surface = _smooth_surface(grey)
    sign = _sign(grey - surface)
    # Ink is now above a ground that is level but for what no quadratic surface can follow.
    level = (grey - surface) * sign
    height, width = grey.shape
    ratio = 64 / max(height, width)
    size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
    small = Image.fromarray(np.clip(level + 128, 0, 255).round().astype(np.uint8)).resize(size, Image.Resampling.BOX)
    kernel = 15
    opened = small.filter(ImageFilter.MinFilter(kernel)).filter(ImageFilter.MaxFilter(kernel))
    opened = opened.filter(ImageFilter.GaussianBlur(2)).resize((width, height), Image.Resampling.BILINEAR)
    ground = np.asarray(opened, np.float32) - 128
    contrast = level - ground
    if sign < 0:  # ink takes a share of the light that falls on the paper: less of it is lost in a shadow
        light = np.clip(surface - ground, 32, 255)
        contrast *= np.median(light) / light
    return contrast


def _smooth_surface(grey: np.ndarray) -> np.ndarray:
    """A quadratic surface through the ground: least squares, twice without what lies far off it."""
    height, width = grey.shape
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    terms = np.stack([np.ones_like(x), x, y, x * y, x * x, y * y], axis=-1).reshape(-1, 6)
    values = grey.reshape(-1)
    kept = slice(None, None, max(1, values.size // 4096))
    terms_kept, values_kept = terms[kept], values[kept]
    for _ in range(3):
        coefficients = np.linalg.lstsq(terms_kept, values_kept, rcond=None)[0]
        residual = np.abs(values_kept - terms_kept @ coefficients)
        near = residual <= 2.5 * np.median(residual) + 1
        terms_kept, values_kept = terms_kept[near], values_kept[near]
    return (terms @ coefficients).reshape(grey.shape)


def _full_ink(ink: np.ndarray) -> float:
    """The level of a fully inked pixel: high among those that hold any, so that no speck and no soft edge sets it."""
    strongest = ink.max()
    return float(np.percentile(ink[ink > 0.4 * strongest], 80)) if strongest > 0 else 0.0


# -------------------------------------------------------------------------------------------------- ink -> its parts


def connected_components(mask: np.ndarray) -> np.ndarray:
    """Label the 8-connected parts of a mask.

    Args:
        mask: bool, shape (H, W).
    Returns:
        int32, shape (H, W): 0 off the mask, 1, 2, ... for the parts in reading order of their first pixels.

    >>> connected_components(np.array([[1, 0, 1], [0, 1, 0], [0, 0, 0], [1, 1, 0]], bool)).max()
    np.int32(2)
    """
    padded = np.zeros((mask.shape[0], mask.shape[1] + 2), np.int8)
    padded[:, 1:-1] = mask
    edges = np.diff(padded, axis=1)
    rows, starts = np.nonzero(edges == 1)
    _, ends = np.nonzero(edges == -1)
    parents = list(range(len(rows)))

    def find(run: int) -> int:
        while parents[run] != run:
            parents[run] = parents[parents[run]]
            run = parents[run]
        return run

    first_of_row = np.searchsorted(rows, np.arange(mask.shape[0] + 1)).tolist()
    starts_list, ends_list = starts.tolist(), ends.tolist()
    for row in range(1, mask.shape[0]):
        above, below = first_of_row[row - 1], first_of_row[row]
        while above < first_of_row[row] and below < first_of_row[row + 1]:
            if starts_list[above] <= ends_list[below] and starts_list[below] <= ends_list[above]:
                a, b = find(above), find(below)
                parents[max(a, b)] = min(a, b)
            if ends_list[above] < ends_list[below]:
                above += 1
            else:
                below += 1
    _, numbers = np.unique([find(run) for run in range(len(rows))], return_inverse=True)
    labels = np.zeros(mask.shape, np.int32)
    for row, start, end, number in zip(rows.tolist(), starts_list, ends_list, numbers.tolist(), strict=True):
        labels[row, start:end] = number + 1
    return labels


def label_ink(ink: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The connected parts of the ink, and how much each holds.

    They are found on a grid of at most `COARSE_SIDE` cells, which closes the small gaps that a pen or a camera leaves.

    Args:
        ink: float32, shape (H, W), values 0 to 1.
    Returns:
        labels, int32, shape (H, W), 0 for ground; and mass, shape (parts + 1,), the ink of each label.
    """
    height, width = ink.shape
    cell = -(-max(height, width) // COARSE_SIDE)
    padded = np.zeros((-(-height // cell) * cell, -(-width // cell) * cell), np.float32)
    padded[:height, :width] = ink
    coarse = padded.reshape(padded.shape[0] // cell, cell, padded.shape[1] // cell, cell).max(axis=(1, 3))
    labels = connected_components(coarse > 0.3)
    labels = labels.repeat(cell, axis=0).repeat(cell, axis=1)[:height, :width]
    return labels, np.bincount(labels.ravel(), weights=ink.ravel())


def drop_specks(ink: np.ndarray) -> np.ndarray:
    """Keep the parts that can belong to a digit, at least 4% of the largest, with the soft edges around them."""
    if not ink.any():
        return ink
    labels, mass = label_ink(ink)
    mass[0] = 0
    kept = mass >= 0.04 * mass.max()
    kept[0] = False
    kept = Image.fromarray(kept[labels].astype(np.uint8) * 255)
    reach = 2 * (max(ink.shape) // COARSE_SIDE) + 3
    return np.where(np.asarray(kept.filter(ImageFilter.MaxFilter(reach))) > 0, ink, 0)


# ----------------------------------------------------------------------------------------------- ink -> MNIST's form


def fit_to_box(ink: np.ndarray) -> np.ndarray:
    """Scale ink into MNIST's 20x20 box, at MNIST's stroke width, centred by mass in 28x28.

    Args:
        ink: float32, shape (H, W), values 0 to 1.
    Returns:
        uint8, shape (28, 28); all zero where there is no ink.
    """
    rows, columns = np.flatnonzero((ink > 0.1).any(axis=1)), np.flatnonzero((ink > 0.1).any(axis=0))
    if rows.size == 0:
        return np.zeros((SIDE, SIDE), np.uint8)
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    longer = max(ink.shape)
    if abs(longer - BOX) > 1:  # else it is in the box already, and a resampling would only blur it
        ink = _rescale(ink)
    return _centre_by_mass(ink)


def _rescale(ink: np.ndarray) -> np.ndarray:
    image = Image.fromarray((ink * 255).round().astype(np.uint8))
    image = _fit_longer_side(image, BOX * OVERSAMPLING)
    width = stroke_width(np.asarray(image) > 127) / OVERSAMPLING
    low, high = STROKE_WIDTH_RANGE
    change = round((min(max(width, low), high) - width) * OVERSAMPLING / 2)  # on each side of the stroke
    if change:
        image = ImageOps.expand(image, abs(change))
        image = image.filter((ImageFilter.MaxFilter if change > 0 else ImageFilter.MinFilter)(2 * abs(change) + 1))
        image = image.crop(image.getbbox())
    image = _fit_longer_side(image, BOX)
    ink = np.asarray(image, np.float32) / 255
    return ink / ink.max()


def _fit_longer_side(image: Image.Image, side: int) -> Image.Image:
    ratio = side / max(image.size)
    size = (max(1, round(image.width * ratio)), max(1, round(image.height * ratio)))
    return image.resize(size, Image.Resampling.BILINEAR)


def stroke_width(mask: np.ndarray) -> float:
    """Mean width of the strokes of a mask, in its pixels: twice the area over the perimeter.

    The perimeter is counted from crossings along rows and columns (Cauchy-Crofton).

    >>> mask = np.zeros((100, 100), bool); mask[10:90, 40:50] = True
    >>> round(stroke_width(mask))
    11
    """
    padded = np.pad(mask, 1)
    crossings = np.count_nonzero(padded[1:] != padded[:-1]) + np.count_nonzero(padded[:, 1:] != padded[:, :-1])
    return 2 * np.count_nonzero(mask) / max(1.0, crossings * np.pi / 4)


def _centre_by_mass(ink: np.ndarray) -> np.ndarray:
    height, width = ink.shape
    total = ink.sum()
    top = round(CENTRE - ((ink.sum(axis=1) * (np.arange(height) + 0.5)).sum() / total))
    left = round(CENTRE - ((ink.sum(axis=0) * (np.arange(width) + 0.5)).sum() / total))
    top, left = min(max(top, 0), SIDE - height), min(max(left, 0), SIDE - width)
    canonical = np.zeros((SIDE, SIDE), np.uint8)
    canonical[top : top + height, left : left + width] = (ink * 255).round()
    return canonical
