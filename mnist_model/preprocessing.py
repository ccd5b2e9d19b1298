"""Any picture of a digit -> what MNIST would have made of it.

    from PIL import Image
    from mnist_model import canonicalize
    canonicalize(Image.open("seven.jpg"))      # uint8, (28, 28), ink bright on black; all zero where there is no ink

The steps are MNIST's own (LeCun et al., 1998): the ink is found, brought to MNIST's stroke width, scaled into a box of
20x20 pixels with antialiasing, and placed so that its centre of mass lies in the centre of 28x28.

This file is published beside the weights: it needs numpy and PIL alone.
"""

from functools import reduce

import numpy as np
from PIL import Image, ImageFilter, ImageOps

SIDE = 28
BOX = 20
PIXEL_MEAN = 0.1307
PIXEL_STD = 0.3081

# Ink is looked for at this size, whatever the picture's.
WORKING_SIDE = 512
COARSE_SIDE = 128
# A digit that is smaller than this when it is found is cut out of the full picture.
DETAIL_SIDE = 120

# Grey levels, of 255, that ink must differ from a plain ground, and from paper under a camera.
MIN_CONTRAST = 20
MIN_PAPER_CONTRAST = 8

# The middle 80% of the widths that `stroke_width` gives for MNIST's training pictures, in pixels of 28.
STROKE_WIDTH_RANGE = (1.8, 3.5)
OVERSAMPLING = 6

# The edge of ink rises by this share of its height from one pixel to the next somewhere; a shadow's does not.
MIN_SHARPNESS = 0.2

# Printed lines rise or fall by no more than this, pixels to a pixel: a page is held no more askew.
MAX_SLOPE = 0.3

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
    return fit_to_box(find_one_digit(image))


def find_one_digit(image) -> np.ndarray:
    """The ink of the one digit in a picture, upright, and from close where it is small in a large picture.

    Args:
        image: as for `canonicalize`.
    Returns:
        float32, shape (H, W), values 0 to 1: the whole picture at `WORKING_SIDE`, or the part of it around the digit;
        of size 0 where `image` is no picture.
    """
    image = _as_picture(image)
    if image is None:
        return np.zeros((0, 0), np.float32)
    ink = drop_specks(find_ink(_grey(_downscale(image))), one_digit=True)
    if max(image.size) > max(ink.shape):
        ink = _look_closer(image, ink)
    return _upright(ink, image)


def _look_closer(image: Image.Image, ink: np.ndarray) -> np.ndarray:
    """Where the digit found is small, find it again in the part of the full picture around it."""
    rows, columns = _extent(ink > 0.1)
    if rows.size == 0:
        return ink
    longer = max(np.ptp(rows), np.ptp(columns)) + 1
    if longer >= DETAIL_SIDE:
        return ink
    scale = max(image.size) / max(ink.shape)
    margin = max(longer * 2 // 3, 6)
    top, left = max(rows[0] - margin, 0), max(columns[0] - margin, 0)
    part = ink[top : rows[-1] + margin, left : columns[-1] + margin]
    box = (left, top, left + part.shape[1], top + part.shape[0])
    box = tuple(min(round(value * scale), most) for value, most in zip(box, image.size * 2, strict=True))
    factor = max(1, int(longer * scale / (1.5 * DETAIL_SIDE)))
    if scale / factor < 1.2:
        return ink
    stroke = stroke_width(ink > 0.5) * scale / factor
    closer = find_ink(_grey(_reduce(image, factor, box)), stroke)
    near = Image.fromarray((running(part > 0.1, 5, np.maximum) * 255).astype(np.uint8))
    near = near.resize(closer.shape[::-1], Image.Resampling.BILINEAR)
    closer = drop_specks(np.where(np.asarray(near) > 0, closer, 0))
    return closer if closer.any() else ink


# ---------------------------------------------------------------------------------------------------- picture -> grey


def to_grey(image) -> np.ndarray:
    """One number for each pixel, in which ink differs from its ground as it does in colour.

    For a grey picture that is its luminance. Of a coloured one the colours are projected on the axis along which they
    differ most from those around them, so that red ink shows on green paper of the same luminance.

    Args:
        image: as for `canonicalize`.
    Returns:
        float32, shape (H, W), values 0 to 255, the longer side at most `WORKING_SIDE`, EXIF rotation undone; of size
        0 where `image` is no picture.
    """
    image = _as_picture(image)
    return np.zeros((0, 0), np.float32) if image is None else _upright(_grey(_downscale(image)), image)


def _as_picture(image) -> Image.Image | None:
    """A picture of mode L, RGB or RGBA, its EXIF rotation not yet undone; None for what is no picture."""
    if not isinstance(image, Image.Image):
        return _from_array(np.asarray(image))
    if 0 in image.size:
        return None
    if image.mode[0] in "IF":  # more than 8 bits to a pixel
        picture = _from_array(np.asarray(image))
    elif image.has_transparency_data:
        picture = image if image.mode == "RGBA" else image.convert("RGBA")
    elif image.mode in ("L", "RGB"):
        return image
    else:
        picture = image.convert("L" if image.mode == "1" else "RGB")
    if picture is not None:
        picture.info["orientation"] = _orientation(image)
    return picture


def _orientation(image: Image.Image) -> int:
    return image.info.get("orientation") or image.getexif().get(0x0112, 1)


def _upright(array: np.ndarray, image: Image.Image) -> np.ndarray:
    """Turn and mirror what was found in a picture as its EXIF orientation asks."""
    orientation = _orientation(image)
    if orientation in (5, 6, 7, 8):
        array = array.T
    rows = -1 if orientation in (3, 4, 7, 8) else 1
    columns = -1 if orientation in (2, 3, 6, 7) else 1
    return array[::rows, ::columns]


def _from_array(array: np.ndarray) -> Image.Image | None:
    if array.dtype.kind not in "biuf" or array.size == 0:
        return None
    while array.ndim > 3 and array.shape[0] == 1:
        array = array[0]
    if array.ndim == 3 and array.shape[2] > 4 and array.shape[0] <= 4:
        array = np.moveaxis(array, 0, 2)
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or array.shape[2] > 4:
        return None
    pixels = np.ascontiguousarray(_to_uint8(array))
    picture = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    return picture.convert("RGBA") if picture.mode == "LA" else picture


def _to_uint8(array: np.ndarray) -> np.ndarray:
    """Bring any numeric range to 0..255.

    Values that start at 0 are grey levels where they end between 1 and 255, fractions (or a mask) where they end at 1
    or below, and else a wider range. Where any is negative, the lowest is black and the highest white.
    """
    if array.dtype == np.uint8 and array.max() > 1:
        return array
    array = np.nan_to_num(array.astype(np.float64), posinf=255, neginf=0)
    low, high = array.min(), array.max()
    if low < 0:
        low, high = low / 2, high / 2  # halved, the difference of any two numbers is a number
        array, scale = array / 2 - low, 255 / max(high - low, 1e-300)
    elif high <= 1:
        scale = 255
    else:
        scale = 255 / high if high > 255 else 1
    return np.clip(np.rint(array * scale), 0, 255).astype(np.uint8)


def _downscale(image: Image.Image) -> Image.Image:
    longer = max(image.size)
    if longer <= WORKING_SIDE:
        return image
    if longer >= 4 * WORKING_SIDE:
        return _reduce(image, -(-longer // WORKING_SIDE))
    small = _reduce(image, longer // WORKING_SIDE)
    small.thumbnail((WORKING_SIDE, WORKING_SIDE), Image.Resampling.BOX)
    return small


def _reduce(image: Image.Image, factor: int, box: tuple | None = None) -> Image.Image:
    box = box or (0, 0, *image.size)
    return image.crop(box) if factor == 1 else image.reduce(factor, box)


def _grey(image: Image.Image) -> np.ndarray:
    """float32, shape (H, W), of a picture of mode L, RGB or RGBA."""
    if image.mode == "RGBA":
        image = _onto_ground(image)
    if image.mode == "RGB":
        axis = _colour_axis(image)
        image = image.convert("L", (*axis, 255 * float(np.clip(-axis, 0, None).sum())))
    return np.asarray(image, np.float32)


def _colour_axis(image: Image.Image) -> np.ndarray:
    """Weights of red, green and blue whose sum differs most between ink and ground; (1/3, 1/3, 1/3) for a grey picture.

    The first principal axis of the colours' differences from those around them.
    """
    small = image.reduce(-(-max(image.size) // COARSE_SIDE))
    red, green, blue = small.split()
    if red == green == blue:
        return np.full(3, 1 / 3)
    around = small.filter(ImageFilter.BoxBlur(max(small.size) / 6))
    differences = (np.asarray(small, np.float32) - np.asarray(around, np.float32)).reshape(-1, 3)
    sizes = np.abs(differences).max(axis=1)
    strong = differences[sizes > max(MIN_CONTRAST / 2, 0.3 * sizes.max())]
    if len(strong) == 0:
        return np.full(3, 1 / 3)
    axis = np.linalg.eigh(strong.T @ strong)[1][:, -1].astype(float)
    return axis / np.sqrt(3) * (1 if axis.sum() >= 0 else -1)


def _onto_ground(image: Image.Image) -> Image.Image:
    """Lay a picture with transparency on the ground that shows it."""
    alpha = image.getchannel("A")
    if alpha.getextrema()[0] == 255:
        return image.convert("RGB")
    shares = np.asarray(alpha, np.float32) / 255
    colours = np.asarray(image.convert("RGB"), np.float32)
    if shares.mean() > 0.5:  # a page with transparent corners
        ground = np.median(colours[shares > 0.5], axis=0)
    else:  # ink on nothing
        dark = (colours.mean(axis=2) * shares).sum() < 128 * shares.sum()
        ground = np.full(3, 255.0 if dark else 0.0)
    paper = Image.new("RGB", image.size, tuple(int(value) for value in ground))
    paper.paste(image, mask=alpha)
    return paper


# ------------------------------------------------------------------------------------------------------- grey -> ink


def find_ink(grey: np.ndarray, stroke: float | None = None) -> np.ndarray:
    """How much ink is on each pixel.

    On a plain ground ink is what differs from it. On any other (photographs, scans) the ground is estimated locally,
    and what does not look like a stroke is left out: printed lines, shadows, what hangs in from the picture's border.

    Args:
        grey: float32, shape (H, W), values 0 to 255.
        stroke: width of the strokes in pixels, where it is known.
    Returns:
        float32, shape (H, W), values 0 (ground) to 1 (full ink). All zero where nothing stands out from the ground.
    """
    return find_ink_and_ground(grey, stroke)[0]


def find_ink_and_ground(grey: np.ndarray, stroke: float | None = None) -> tuple[np.ndarray, np.ndarray]:
    """What `find_ink` gives, and the ground that it was told from: float32, shape (H, W), values 0 to 255."""
    if grey.size == 0:
        return np.zeros((0, 0), np.float32), grey
    border = _border(grey)
    level = np.median(border)
    if np.mean(np.abs(border - level) < 3) > 0.75 and np.mean(np.abs(grey[::2, ::2] - level) < 3) > 0.5:
        difference, ground = grey - level, np.full_like(grey, level)
        ink = np.maximum(_sign(difference) * difference, 0)
        noise = 1.4826 * np.median(np.abs(border - level))
        full, faint = _full_ink(ink), 0.0
        enough = max(MIN_CONTRAST, 8 * noise)
    else:
        ink, noise, ground = _ink_on_paper(grey, stroke)
        full = _full_ink(ink)
        # What is left of the light is fainter than ink, and wide: a stroke's soft edges lose less by its removal.
        faint = min(max(2 * noise, 0.15 * full), 0.5 * full)
        enough = MIN_PAPER_CONTRAST
    if full < enough:
        return np.zeros_like(ink, np.float32), ground
    return np.clip((ink - faint) / (full - faint), 0, 1).astype(np.float32), ground


def _border(grey: np.ndarray) -> np.ndarray:
    width = max(1, min(grey.shape) // 50)
    sides = (grey[:width], grey[-width:], grey[width:-width, :width], grey[width:-width, -width:])
    return np.concatenate([side.ravel() for side in sides])


def _sign(difference: np.ndarray) -> int:
    """-1 for dark ink, 1 for bright ink: whichever side of the ground has the more of it."""
    brighter = np.clip(difference - MIN_CONTRAST, 0, None).sum()
    darker = np.clip(-difference - MIN_CONTRAST, 0, None).sum()
    return 1 if brighter > darker else -1


def _full_ink(ink: np.ndarray) -> float:
    """The level of a fully inked pixel: high among those that hold any, so that no speck and no soft edge sets it."""
    strongest = ink.max()
    return float(np.percentile(ink[ink > 0.4 * strongest], 80)) if strongest > 0 else 0.0


# --------------------------------------------------------------------------------------- ink on paper, under a camera


def _ink_on_paper(grey: np.ndarray, stroke: float | None) -> tuple[np.ndarray, float, np.ndarray]:
    """Ink in grey levels above its local ground, without what is no ink; the noise's deviation in it; that ground."""
    pixels = grey.astype(np.uint8)
    bright = _ink_is_bright(pixels)
    if bright:
        pixels = 255 - pixels
        ratio = False
    else:
        ratio = True
    widest = max(pixels.shape) // 4
    kernel = min(widest, int(4 * stroke) + 5) if stroke else widest
    ink, ground = _above_ground(pixels, kernel, ratio)
    rules, near = _rules(ink, _above_ground(pixels, max(widest // 6, 7), ratio)[0])
    kept = _strokes(ink, rules, near)
    if not stroke and kept.any():
        kernel = int(4 * stroke_width(kept > 0.5 * _full_ink(kept))) + 5
        if kernel < widest:  # the nearer the ground is looked for, the less of a shadow is left
            ink, ground = _above_ground(pixels, kernel, ratio)
            kept = _strokes(ink, rules, near)
    return kept, _noise(ink[~rules]), 255 - ground if bright else ground


def _noise(ink: np.ndarray) -> float:
    """The standard deviation of most of it, which is ground."""
    return float(1.4826 * np.median(np.abs(ink.ravel()[::7]))) + 0.3


def _ink_is_bright(pixels: np.ndarray) -> bool:
    """Ink is the lesser part of what is around it: it lies further from the mean of it than the ground does.

    Bright ink on a bright page must be plain to see: light through leaves or fingers looks like it.
    """
    image = Image.fromarray(pixels)
    image = image.reduce(-(-max(image.size) // COARSE_SIDE))
    around = image.filter(ImageFilter.BoxBlur(max(image.size) / 6))
    difference = np.asarray(image, np.float32) - np.asarray(around, np.float32)
    cubes = difference**3
    brighter, darker = np.clip(cubes, 0, None).sum(), -np.clip(cubes, None, 0).sum()
    return bool(brighter > darker * (1 if np.median(pixels) < 128 else 4))


def _above_ground(pixels: np.ndarray, kernel: int, ratio: bool) -> tuple[np.ndarray, np.ndarray]:
    """Dark ink in grey levels above its ground, and that: a morphological closing, edges of what is wider stay.

    Args:
        kernel: pixels, wider than a stroke.
        ratio: ink takes a share of the light that falls on the paper: less of it is lost in a shadow.
    """
    smooth = np.asarray(Image.fromarray(pixels).filter(ImageFilter.BoxBlur(1)))
    ground = running(running(smooth, kernel, np.maximum), kernel, np.minimum).astype(np.float32)
    ink = ground - pixels
    if ratio:
        level = np.median(ground[::4, ::4])
        ink *= level / np.maximum(ground, max(level / 3, 1))
    return ink - np.median(ink[::4, ::4]), ground


def running(array: np.ndarray, length: int, pick: np.ufunc, axes: tuple[int, ...] = (0, 1)) -> np.ndarray:
    """The maximum or minimum (`pick`) of the pixels around each, in a square of `length` rounded up to odd."""
    reach = length // 2
    for axis in axes:
        array = np.moveaxis(array, axis, 0)
        padded = np.pad(array, ((reach, reach), (0, 0)), mode="edge")
        covered = 1
        while covered < 2 * reach + 1:
            step = min(covered, 2 * reach + 1 - covered)
            padded = pick(padded[:-step], padded[step:])
            covered += step
        array = np.moveaxis(padded, 0, axis)
    return array


def _strokes(ink: np.ndarray, rules: np.ndarray, near_rules: np.ndarray) -> np.ndarray:
    """Of what is above the ground, what looks like strokes.

    A part of it counts from where it is above the noise, if it is well above it somewhere (hysteresis). It must be as
    sharp as the sharpest of them, which a shadow is not, and parts that touch the border count only if no other does.
    """
    noise = _noise(ink[~rules])
    low, high = 3 * noise, max(6 * noise, MIN_PAPER_CONTRAST)
    ink = np.where(rules | (ink < 0), 0, ink)
    if not (ink > high).any():
        return np.zeros_like(ink)
    labels, cell = _coarse_labels(ink, low)
    above, steep = np.maximum(ink - low, 0), _steepness(ink)
    count = labels.max() + 1
    strong, mass, ruled, energy = (
        np.bincount(labels.ravel(), weights=pool(values, cell, np.add).ravel(), minlength=count)
        for values in (_within(ink > high), above, above * near_rules, steep)
    )
    energy[0] = 0
    peak, slope = np.zeros(count), np.zeros(count)
    inked = labels > 0
    np.maximum.at(peak, labels[inked], pool(ink, cell, np.maximum)[inked])
    np.maximum.at(slope, labels[inked], pool(steep, cell, np.maximum)[inked])
    soft = (peak > 12 * noise) & (slope < (MIN_SHARPNESS * peak) ** 2 + (5 * noise) ** 2)
    energy[(strong < 3) | (ruled > 0.8 * mass) | soft] = 0
    sides = sum(np.bincount(np.unique(side), minlength=count) for side in _sides(labels))
    inner = np.where(sides == 0, energy, 0)
    if inner.any():
        energy = np.where(sides < 2, energy, 0)
        energy = inner if inner.max() > 0.1 * energy.max() else energy
    sharpness = energy / np.maximum(mass, 1e-6)
    kept = (energy > 0) & (sharpness >= 0.3 * sharpness[energy.argmax()])
    near = running(kept[labels], 3, np.maximum)
    return np.where(_refine(near, cell, ink.shape), ink, 0)


def _within(mask: np.ndarray) -> np.ndarray:
    """A mask without the picture's outermost hundredth, where no line is seen from both its sides."""
    width = max(mask.shape) // 100
    inner = np.zeros_like(mask)
    inside = tuple(slice(width, side - width) for side in mask.shape)
    inner[inside] = mask[inside]
    return inner


def _sides(array: np.ndarray) -> tuple:
    return array[0], array[-1], array[:, 0], array[:, -1]


def _steepness(ink: np.ndarray) -> np.ndarray:
    """Squares of the differences between neighbours, along rows and columns."""
    steep = np.zeros_like(ink)
    steep[1:] += (ink[1:] - ink[:-1]) ** 2
    steep[:, 1:] += (ink[:, 1:] - ink[:, :-1]) ** 2
    return steep


def _rules(ink: np.ndarray, fine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where printed lines are: thin, straight, and from one side of the picture to the other, or nearly.

    A stroke that crosses one stays where it is darker than the line, or runs on across it.

    Args:
        ink: float32, shape (H, W).
        fine: the same, but without what is wider than a line.
    Returns:
        bool, shape (H, W) each: what is to be taken for a line, and what near one is not much darker.
    """
    threshold = 2 * _noise(fine) + 1
    mask = fine > threshold
    level, thick = _level_rules(fine, mask)
    upright, thick_upright = _level_rules(fine.T, mask.T)
    upright = upright.T
    near = level + upright > 0
    if not near.any():
        return near, near
    across = (level > 0) & ~_crossed(mask & (upright == 0), thick, 0)
    along = (upright > 0) & ~_crossed(mask & (level == 0), thick_upright, 1)
    level = level + upright
    darker = ink > 2 * level + threshold
    hidden = (ink > level) & (fine < 0.3 * level)
    return (across | along) & ~darker & ~hidden, near & (ink < 3 * level + threshold)


def _crossed(mask: np.ndarray, thickness: int, axis: int) -> np.ndarray:
    """Where the mask runs on along the axis for longer than a line is thick."""
    length = thickness + 4
    return running(running(mask, length, np.minimum, (axis,)), length, np.maximum, (axis,))


def _level_rules(ink: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, int]:
    """Find lines that run from left to right.

    Returns:
        float32, shape (H, W), the level of the line that each pixel lies on, 0 off all lines; and the thickness of
        the thickest line in pixels, 0 where there is none.
    """
    height, width = ink.shape
    levels = np.zeros_like(ink)
    if min(height, width) < 64:
        return levels, 0
    across = np.arange(width)
    thickest, most = 0, max(ink.shape) // 50 + 2
    offsets = np.arange(-most, most + 1)
    for line in _straight_lines(ink, mask):
        rows = np.rint(line).astype(int) + offsets[:, None]
        inside = (line >= 0) & (line < height)
        sample = rows[:, inside][:, ::4]
        values = ink[np.clip(sample, 0, height - 1), across[inside][::4]]
        profile = np.median(np.where((sample >= 0) & (sample < height), values, 0), axis=1)
        peak = most - 2 + profile[most - 2 : most + 3].argmax()
        low = profile < max(0.3 * profile[peak], 0.5)
        before, after = np.flatnonzero(low[:peak]), np.flatnonzero(low[peak:])
        if before.size == 0 or after.size == 0:  # too thick for a printed line
            continue
        first, last = before[-1], peak + after[0]
        thickest = max(thickest, int(last - first - 1))
        rows = rows[first : last + 1]
        inside = (rows >= 0) & (rows < height)
        levels[rows[inside], np.broadcast_to(across, rows.shape)[inside]] = profile[peak]
    return levels, thickest


def _straight_lines(ink: np.ndarray, mask: np.ndarray) -> list[np.ndarray]:
    """Lines that are ridges of the ink for most of their way from left to right, by a Hough transform.

    Returns:
        of each its row at each column, shape (W,).
    """
    height, width = ink.shape
    stride = max(1, width // 64)
    part = ink[:, ::stride]
    y, x = np.nonzero(mask[1:-1, ::stride] & (part[1:-1] >= part[:-2]) & (part[1:-1] > part[2:]))
    if len(y) < 0.5 * part.shape[1]:
        return []
    y, x = (y + 1).astype(np.float32), (x * stride - width / 2).astype(np.float32)
    slopes = np.linspace(-MAX_SLOPE, MAX_SLOPE, 2 * int(MAX_SLOPE * width / 4) + 1, dtype=np.float32)
    beyond = MAX_SLOPE * width / 2  # of a line that leaves the picture the middle may lie outside of it
    bins = int(height / 2 + beyond) + 2
    at = ((y + beyond - slopes[:, None] * x) / 2).astype(np.int32)
    at += np.arange(len(slopes), dtype=np.int32)[:, None] * bins
    votes = np.bincount(at.ravel(), minlength=bins * len(slopes)).reshape(len(slopes), bins)
    votes = votes[:, :-1] + votes[:, 1:]
    middles = 2.0 * np.arange(1, bins) - beyond
    steps = np.where(slopes == 0, 1e-6, slopes)[:, None]
    ends = np.clip(np.stack([-middles / steps, (height - middles) / steps]), -width / 2, width / 2)
    share = votes / np.maximum(np.abs(ends[1] - ends[0]), 0.3 * width) * stride
    share[share < max(0.5, 2.5 * share.mean())] = 0
    lines, across = [], np.arange(width) - width / 2
    while share.any():
        index, place = np.unravel_index(share.argmax(), share.shape)
        share[:, max(place - 2, 0) : place + 3] = 0
        middle, slope = middles[place], slopes[index]
        for reach in (4, 2):
            near = np.abs(y - middle - slope * x) < reach
            if np.count_nonzero(near) > 1:
                slope, middle = np.polyfit(x[near], y[near], 1)
        line = middle + slope * across
        if _crosses(mask, line):
            lines.append(line)
    return lines


def _crosses(mask: np.ndarray, line: np.ndarray) -> bool:
    """Whether a line is seen for half of its way through the picture, and where it enters or leaves it."""
    inside = np.flatnonzero((line >= 1) & (line < len(mask) - 2))
    if inside.size < 8:
        return False
    rows = np.rint(line[inside]).astype(int)
    seen = mask[rows, inside] | mask[rows - 1, inside] | mask[rows + 1, inside]
    end = inside.size // 8
    return bool(seen.mean() > 0.5 and max(seen[:end].mean(), seen[-end:].mean()) > 0.6)


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
    labels, cell = _coarse_labels(ink, 0.3)
    labels = _refine(labels, cell, ink.shape)
    return labels, np.bincount(labels.ravel(), weights=ink.ravel())


def _coarse_labels(ink: np.ndarray, threshold: float) -> tuple[np.ndarray, int]:
    """The parts on the coarse grid, and how many pixels a cell's side has."""
    cell = max(1, -(-max(ink.shape) // COARSE_SIDE))
    return connected_components(pool(ink > threshold, cell, np.logical_or)), cell


def pool(array: np.ndarray, cell: int, pick: np.ufunc) -> np.ndarray:
    """Reduce each square of `cell` by `cell` pixels to one value with `pick`, such as `np.add` or `np.maximum`."""
    if cell == 1:
        return array
    array = np.pad(array, [(0, -side % cell) for side in array.shape])
    array = reduce(pick, (array[start::cell] for start in range(cell)))
    return reduce(pick, (array[:, start::cell] for start in range(cell)))


def _refine(coarse: np.ndarray, cell: int, shape: tuple[int, int]) -> np.ndarray:
    """From cells back to pixels."""
    return coarse.repeat(cell, axis=0)[: shape[0]].repeat(cell, axis=1)[:, : shape[1]]


def drop_specks(ink: np.ndarray, one_digit: bool = False) -> np.ndarray:
    """Keep the parts that can belong to a digit, at least 4% of the largest, with the soft edges around them.

    Args:
        ink: float32, shape (H, W), values 0 to 1.
        one_digit: keep only the largest part, and those that are nearer to it than half its size.
    Returns:
        The same with 0 elsewhere.
    """
    labels, cell = _coarse_labels(ink, 0.3)
    if not labels.any():
        return ink
    mass = np.bincount(labels.ravel(), weights=pool(ink, cell, np.add).ravel())
    mass[0] = 0
    kept = mass >= 0.04 * mass.max()
    kept[0] = False
    if one_digit and np.count_nonzero(kept) > 1:
        kept = _near_largest(labels, kept, int(mass.argmax()))
    near = running(kept[labels], 3 if cell > 1 else 5, np.maximum)
    return np.where(_refine(near, cell, ink.shape), ink, 0)


def _near_largest(labels: np.ndarray, candidates: np.ndarray, largest: int) -> np.ndarray:
    """Gather parts around the largest one, until all others are further away than half the size of what is gathered."""
    boxes = {int(label): _box(labels == label) for label in np.flatnonzero(candidates)}
    kept = np.zeros_like(candidates)
    box, joining = boxes[largest], [largest]
    while joining:
        kept[joining] = True
        box = _around([box] + [boxes.pop(label) for label in joining])
        reach = max(box[2] - box[0], box[3] - box[1]) / 2
        joining = [label for label, other in boxes.items() if _apart(box, other) <= reach]
    return kept


def _extent(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns that hold any of a mask."""
    return np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))


def _box(mask: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = _extent(mask)
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def _around(boxes: list) -> tuple:
    tops, lefts, bottoms, rights = zip(*boxes, strict=True)
    return min(tops), min(lefts), max(bottoms), max(rights)


def _apart(a: tuple, b: tuple) -> int:
    """The gap between two boxes, along the axis on which it is wider."""
    return max(a[0] - b[2], b[0] - a[2], a[1] - b[3], b[1] - a[3])


# ----------------------------------------------------------------------------------------------- ink -> MNIST's form


def fit_to_box(ink: np.ndarray) -> np.ndarray:
    """Scale ink into MNIST's 20x20 box, at MNIST's stroke width, centred by mass in 28x28.

    Args:
        ink: float32, shape (H, W), values 0 to 1.
    Returns:
        uint8, shape (28, 28); all zero where there is no ink.
    """
    rows, columns = _extent(ink > 0.1)
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
