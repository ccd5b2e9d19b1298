"""Any picture of a digit -> what MNIST would have made of it.

    from PIL import Image
    from mnist_model import canonicalize
    canonicalize(Image.open("seven.jpg"))      # uint8, (28, 28), ink bright on black; all zero where there is no ink

The steps are MNIST's own (LeCun et al., 1998): the ink is found, brought to MNIST's stroke width, scaled into a box of
20x20 pixels with antialiasing, and placed so that its centre of mass lies in the centre of 28x28.

This file is published beside the weights: it needs numpy and PIL alone.
"""

import math
from collections.abc import Iterator
from functools import reduce
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageChops, ImageFilter, ImageOps

SIDE = 28
BOX = 20
PIXEL_MEAN = 0.1307
PIXEL_STD = 0.3081

# Ink is looked for at this size, whatever the picture's.
WORKING_SIDE = 512
COARSE_SIDE = 128
STRIP = 1 << 20  # numbers that are brought to 0..255 at once, in eight bytes each
# A digit that is smaller than this when it is found is cut out of the full picture.
DETAIL_SIDE = 120

# Grey levels, of 255, that ink must differ from a plain ground, and from paper under a camera.
MIN_CONTRAST = 20
MIN_PAPER_CONTRAST = 8
MIN_HINT = 6  # for a printed line on a plain ground to be noticed

# Of the differences in brightness around a pixel, what it may lose where an enlarged picture is made small again.
MOST_LOST = 0.25

# Of a picture of two levels, the share of pixels that are dots where these stand for grey, or are dirt.
LEAST_DOTS = 0.004
DOT = 1.4  # pixels: the deviation of the blur that makes grey of dots

# Of a picture, the least that a sheet lying on something else covers.
LEAST_SHEET = 0.01

# The middle 80% of the widths that `stroke_width` gives for MNIST's training pictures, in pixels of 28.
STROKE_WIDTH_RANGE = (1.8, 3.5)
OVERSAMPLING = 6

# The edge of ink rises by this share of its height from one pixel to the next somewhere; a shadow's does not.
MIN_SHARPNESS = 0.2

# Printed lines rise or fall by no more than this, pixels to a pixel: a page is held no more askew.
MAX_SLOPE = 0.3

# Of two boxes side by side; a digit has fewer strokes.
FEWEST_DIVIDERS = 3
DARKER = 1.6  # than the lines above and below, at most

FEWEST_GRID_LINES = 8  # each way

# Of a frame's height, the least that something in it must have.
LEAST_FRAMED = 0.25
LEAST_CIRCLED = 0.4  # a dot in a zero is less, and
SLASH = 0.35  # the width of a stroke in a zero over its length, at most
MOST_HOLES = 4  # punched in a sheet
MIN_FRAME = 8  # cells of the coarse grid, high and wide

# MNIST's centre of mass, in pixels from the upper left corner of the first one.
CENTRE = 14.5


class Sheet(NamedTuple):
    """A sheet or label that lies on something else.

    Args:
        place: rows and columns of the picture, without the sheet's edges.
        contrast: how many grey levels it differs from what it lies on.
        inside: of a sheet that lies askew, what of its place it covers: bool, on the coarse grid; None for all.
    """

    place: tuple[slice, slice]
    contrast: float
    inside: np.ndarray | None = None


def canonicalize(image) -> np.ndarray:
    """Bring any picture of one digit into MNIST's form.

    Args:
        image: a PIL image of any mode (its EXIF rotation is undone), or an array of shape (H, W), (H, W, C) or
            (C, H, W) with 1 to 4 channels (the last of 2 or 4 being alpha) and any numeric type; or the rows of a
            square one after another, as tables have them: (784,). Ink may be darker or brighter than its ground.
    Returns:
        uint8, shape (28, 28), ink bright on black. All zero where no ink is found.

    >>> page = np.full((280, 280), 255, dtype=np.uint8)
    >>> page[60:220, 130:150] = 0
    >>> canonicalize(page).shape, canonicalize(page).max(), canonicalize(255 - page).max()
    ((28, 28), np.uint8(255), np.uint8(255))
    >>> canonicalize(np.zeros((5, 5))).any()
    np.False_
    """
    return fit_to_box(find_one_digit(image)[0])


def find_one_digit(image) -> tuple[np.ndarray, float]:
    """The ink of the one digit in a picture, upright, and from close where it is small in a large picture.

    Args:
        image: as for `canonicalize`.
    Returns:
        float32, shape (H, W), values 0 to 1: the whole picture at `WORKING_SIDE`, or the part of it around the digit;
        of size 0 where `image` is no picture. And the share of the ink that `pick_digit` gives: where it is small, the
        picture shows more than one thing.
    """
    image = as_picture(image)
    if image is None:
        return np.zeros((0, 0), np.float32), 0.0
    image = _original(image)
    grey = _grey(_downscale(image))
    ink, share = pick_digit(_upright(find_ink(grey), image))
    ink = _as_stored(ink, image)
    if max(image.size) > max(ink.shape):
        ink = _look_closer(image, grey, ink)
    return _upright(ink, image), share


def _look_closer(image: Image.Image, grey: np.ndarray, ink: np.ndarray) -> np.ndarray:
    """Where the digit found is small, find it again in the part of the full picture around it."""
    rows, columns = _extent(ink > 0.1)
    if rows.size == 0:
        return ink
    longer = max(np.ptp(rows), np.ptp(columns)) + 1
    if longer >= DETAIL_SIDE:
        return ink
    scale = max(image.size) / max(ink.shape)
    margin = max(longer * 2 // 3, 6)
    room = longer // 8  # else the digit may be cut off, or its strokes go from side to side as printed lines do
    top, left = max(rows[0] - margin, 0), max(columns[0] - margin, 0)
    bottom, right = min(rows[-1] + margin, ink.shape[0]), min(columns[-1] + margin, ink.shape[1])
    for sheet in _sheets(grey):  # what a small one lies on is no ground
        down, across = sheet.place
        clear = down.start < rows[0] - room and rows[-1] + room < down.stop
        if clear and across.start < columns[0] - room and columns[-1] + room < across.stop:
            top, bottom = max(top, down.start), min(bottom, down.stop)
            left, right = max(left, across.start), min(right, across.stop)
    part, box = ink[top:bottom, left:right], (left, top, right, bottom)
    factor = max(1, int(longer * scale / (1.5 * DETAIL_SIDE)))
    if scale / factor < 1.2:
        return ink
    stroke = stroke_width(ink > 0.5) * scale / factor
    left, top, right, bottom = (
        min(round(value * scale), most) for value, most in zip(box, image.size * 2, strict=True)
    )
    near = running(part > 0.1, 5, np.maximum)
    closer = _grey(image.reduce(factor, (left, top, right, bottom)))  # of colours, along an axis of its own
    coarse = np.asarray(Image.fromarray(closer).resize(part.shape[::-1], Image.Resampling.BOX))
    inked, beside = coarse[part > 0.5], coarse[near & (part < 0.1)]
    bright = bool(inked.mean() > np.median(beside)) if inked.size and beside.size else None
    closer = find_ink(closer, stroke, bright)
    near = Image.fromarray(near.astype(np.uint8) * 255).resize(closer.shape[::-1], Image.Resampling.BILINEAR)
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
        float32, shape (H, W), values 0 to 255, the longer side at most `WORKING_SIDE`, and that of the small picture
        where it was enlarged; EXIF rotation undone; of size 0 where `image` is no picture.
    """
    image = as_picture(image)
    if image is None:
        return np.zeros((0, 0), np.float32)
    image = _original(image)
    return _upright(_grey(_downscale(image)), image)


def as_picture(image) -> Image.Image | None:
    """A picture of mode L, RGB or RGBA, its EXIF rotation not yet undone; None for what is no picture."""
    if not isinstance(image, Image.Image):
        return _from_array(np.asarray(image))
    if 0 in image.size:
        return None
    if image.mode[0] in "IF":  # more than 8 bits to a pixel
        picture = _from_array(np.asarray(image))
    elif image.mode == "RGBA" or (image.mode in ("L", "RGB") and not image.has_transparency_data):
        return image
    elif image.has_transparency_data:
        picture = image.convert("RGBA")
    else:
        picture = image.convert("L" if image.mode == "1" else "RGB")
    if picture is not None:
        picture.info["orientation"] = orientation_of(image)
    return picture


def orientation_of(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 (upright) where there is none, or none that can be read."""
    try:
        orientation = image.info.get("orientation") or image.getexif().get(0x0112, 1)
    except Exception:  # Pillow's reader of TIFF has many kinds, for damaged EXIF
        return 1
    return orientation if orientation in range(1, 9) else 1


def _upright(array: np.ndarray, image: Image.Image) -> np.ndarray:
    """Turn and mirror what was found in a picture as its EXIF orientation asks."""
    swapped, mirror = _turn(image)
    return (array.T if swapped else array)[mirror]


def _as_stored(array: np.ndarray, image: Image.Image) -> np.ndarray:
    """What `_upright` undoes."""
    swapped, mirror = _turn(image)
    return array[mirror].T if swapped else array[mirror]


def _turn(image: Image.Image) -> tuple[bool, tuple[slice, slice]]:
    """Whether the EXIF orientation swaps rows and columns, and how it mirrors them after that."""
    orientation = orientation_of(image)
    rows = -1 if orientation in (3, 4, 7, 8) else 1
    columns = -1 if orientation in (2, 3, 6, 7) else 1
    return orientation >= 5, (slice(None, None, rows), slice(None, None, columns))


def _from_array(array: np.ndarray) -> Image.Image | None:
    if array.dtype.kind not in "biuf" or array.size == 0:
        return None
    side = math.isqrt(array.size)
    flat = max(array.shape, default=0) == side * side
    array = array.reshape((side, side) if flat else array.shape)
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

    Bytes are grey levels, and so are other values that start at 0 and end between `MIN_CONTRAST` and 255. They are
    fractions (or a mask) where they end at 1 or below, and else of another range, such as the 0..16 of scikit-learn's
    digits: as grey levels they would hold no ink. Fractions that were interpolated may end a little above 1. Where any
    is negative, the lowest is black and the highest white. What is infinite is as far as the others go, and what is no
    number is like most of them.
    """
    if array.dtype == np.uint8 and array.max() > 1:
        return array
    strips = np.array_split(array, -(-array.size // STRIP))
    ranges = [(part.min(), part.max()) for strip in strips if (part := strip[np.isfinite(strip)]).size]
    if not ranges:
        return np.zeros(array.shape, np.uint8)
    low, high = (float(edge(values)) for edge, values in zip((min, max), zip(*ranges, strict=True), strict=True))
    sample = strips[len(strips) // 2]
    typical = float(np.median(sample[np.isfinite(sample)])) if np.isfinite(sample).any() else low
    if low < 0:
        origin, scale = low, 255 / 2 / max(high / 2 - low / 2, 1e-300)  # halved, any difference of two is a number
    elif high <= (1.5 if array.dtype.kind == "f" else 1):
        origin, scale = 0.0, 255.0
    else:
        origin, scale = 0.0, 1.0 if MIN_CONTRAST <= high <= 255 else 255 / high

    def convert(strip: np.ndarray) -> np.ndarray:
        strip = np.nan_to_num(strip.astype(np.float64), nan=typical, posinf=high, neginf=low)
        strip = (strip / 2 - origin / 2) * scale * 2
        return np.clip(np.rint(strip), 0, 255).astype(np.uint8)

    return np.concatenate([convert(strip) for strip in strips])


def _original(image: Image.Image) -> Image.Image:
    """The picture as it was before it was dithered or enlarged."""
    original = _unenlarged(_undithered(image))
    if original is not image:
        original.info["orientation"] = orientation_of(image)
    return original


def _undithered(image: Image.Image) -> Image.Image:
    """A picture of two levels that stand for grey ones by how many dots there are, in grey; dirt on a copy goes, too.

    Such dots are single pixels, or touch others by most of their corners; those of a hairline do by one or two.
    """
    if not 2 * SIDE < max(image.size) <= 4 * WORKING_SIDE or len(image.getcolors(2) or ()) < 2:
        return image
    image = image.convert("L")
    pixels = np.pad(np.asarray(image), 1, mode="edge")
    like = {
        (y, x): pixels[y : y - 2 or None, x : x - 2 or None] == pixels[1:-1, 1:-1] for y in range(3) for x in range(3)
    }
    beside = like[0, 1] | like[1, 0] | like[1, 2] | like[2, 1]
    corners = np.sum([like[0, 0], like[0, 2], like[2, 0], like[2, 2]], axis=0)
    if np.count_nonzero(~beside & ((corners < 1) | (corners > 2))) < LEAST_DOTS * pixels.size:
        return image
    return image.filter(ImageFilter.GaussianBlur(DOT))


def _unenlarged(image: Image.Image) -> Image.Image:
    """Of a small picture that was enlarged, by whatever filter, that picture, or one that shows as much."""
    small = _unrepeated(image)
    return _without_empty_detail(image) if small is image else small


def _without_empty_detail(image: Image.Image) -> Image.Image:
    """A picture at `2 * SIDE` pixels where it can be had back from that; enlarged, most of it may be soft edges."""
    longer = max(image.size)
    if not 2 * SIDE < longer <= 4 * WORKING_SIDE:
        return image
    width, height = (max(1, round(side * 2 * SIDE / longer)) for side in image.size)
    rows = image.resize((image.width, 8), Image.Resampling.NEAREST)  # enough to tell nearly all others
    if _without_loss(rows, (width, 8)) is None:
        return image
    small = _without_loss(image, (width, height))
    return small if small and _has_strokes(_grey(small)) else image


def _has_strokes(grey: np.ndarray) -> bool:
    """Whether something in a small picture is narrow and has an edge as sharp as that of ink: no shadow alone."""
    bright = grey > _otsu(grey)
    narrow = min(stroke_width(bright), stroke_width(~bright)) < max(grey.shape) / 4
    return bool(narrow and _steepness(grey).max() >= (MIN_SHARPNESS * np.ptp(grey)) ** 2)


def _without_loss(image: Image.Image, size: tuple[int, int]) -> Image.Image | None:
    """A picture at a smaller size; None where that loses something.

    What is lost at a pixel is held against how much the picture differs around that: a faint stroke counts, too.
    """
    small = image.resize(size, Image.Resampling.BOX)
    lost = ImageChops.difference(image, small.resize(image.size, Image.Resampling.BICUBIC))
    if np.asarray(lost).max() > 255 * MOST_LOST:
        return None
    around = ImageChops.difference(small.filter(ImageFilter.MaxFilter(5)), small.filter(ImageFilter.MinFilter(5)))
    allowed = around.point([max(round(MOST_LOST * level), MIN_HINT) for level in range(256)] * len(small.getbands()))
    lost = ImageChops.subtract(lost, allowed.resize(image.size, Image.Resampling.NEAREST))
    return None if np.asarray(lost).any() else small


def _unrepeated(image: Image.Image) -> Image.Image:
    """Of a small picture that was enlarged by repeating its pixels, that picture: no stroke has edges of such steps."""
    factor = math.gcd(*image.size)
    if max(image.size) > min(2 * SIDE * factor, 4 * WORKING_SIDE):
        return image
    rows = image.resize((image.width, 8), Image.Resampling.NEAREST)  # enough to tell nearly all others
    for part, axis in ((rows, 1), (image, 0), (image, 1)):
        changes = np.nonzero(np.diff(np.asarray(part), axis=axis))[axis] + 1
        factor = int(np.gcd.reduce(changes, initial=factor))
        if max(image.size) > 2 * SIDE * factor:
            return image
    return image.resize((image.width // factor, image.height // factor), Image.Resampling.NEAREST)


def _downscale(image: Image.Image) -> Image.Image:
    longer = max(image.size)
    if longer <= WORKING_SIDE:
        return image
    if longer >= 4 * WORKING_SIDE:
        return image.reduce(-(-longer // WORKING_SIDE))
    small = image.reduce(longer // WORKING_SIDE)
    small.thumbnail((WORKING_SIDE, WORKING_SIDE), Image.Resampling.BOX)
    return small


def _grey(image: Image.Image) -> np.ndarray:
    """float32, shape (H, W), of a picture of mode L, RGB or RGBA."""
    if image.mode == "RGBA":
        image = _onto_ground(image)
    if image.mode == "RGB":
        small = image.reduce(-(-max(image.size) // COARSE_SIDE))
        red, green, blue = small.split()
        if not red == green == blue:
            axis = _colour_axis(small)
            ground = _ground_of_many_inks(small, axis)
            if ground is not None:
                return _unlike(image, ground)
            image = image.convert("L", (*axis, 255 * float(np.clip(-axis, 0, None).sum())))
    return np.asarray(image.convert("L"), np.float32)


def _ground_of_many_inks(image: Image.Image, axis: np.ndarray) -> np.ndarray | None:
    """The colour of a plain ground, where some of what is written on it does not show along the axis; else None."""
    pixels = np.asarray(image, np.float32)
    ground = np.median(np.concatenate(_sides(pixels)).reshape(-1, 3), axis=0)
    differences = (pixels - ground).reshape(-1, 3)
    distances = np.linalg.norm(differences, axis=1)
    if np.count_nonzero(distances < MIN_HINT) < 0.5 * len(distances):
        return None
    strong = distances > max(2 * MIN_CONTRAST, 0.4 * distances.max())
    along = (differences[strong] @ axis) * np.sqrt(3) / distances[strong]  # the cosine, as the axis is of that length
    along *= np.sign(differences[strong].sum(axis=1))  # of inks none is brighter than the ground and others darker
    along *= 1 if along.sum() >= 0 else -1
    return ground if np.count_nonzero(along < 0.4) > 0.03 * along.size else None


def _unlike(image: Image.Image, ground: np.ndarray) -> np.ndarray:
    """How far each pixel is from the colour of the ground, as dark ink on white: float32, values 0 to 255."""
    distances = np.linalg.norm(np.asarray(image, np.float32) - ground, axis=2)
    return (255 - distances * (255 / max(distances.max(), 255))).astype(np.float32)


def _colour_axis(image: Image.Image) -> np.ndarray:
    """Weights of red, green and blue whose sum differs most between ink and ground; (1/3, 1/3, 1/3) where none do.

    The first principal axis of the colours' differences from those around them.
    """
    differences = _unlike_around(image).reshape(-1, 3)
    sizes = np.abs(differences).max(axis=1)
    strong = differences[sizes > max(MIN_CONTRAST / 2, 0.3 * sizes.max())]
    if len(strong) == 0:
        return np.full(3, 1 / 3)
    axis = np.linalg.eigh(strong.T @ strong)[1][:, -1].astype(float)
    return axis / np.sqrt(3) * (1 if axis.sum() >= 0 else -1)


def _unlike_around(image: Image.Image) -> np.ndarray:
    """How each pixel differs from the mean of those around it."""
    around = image.filter(ImageFilter.BoxBlur(max(image.size) / 6))
    return np.asarray(image, np.float32) - np.asarray(around, np.float32)


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
        ground = np.full(3, 255.0 if _is_dark(colours.mean(axis=2), shares) else 0.0)
    paper = Image.new("RGB", image.size, tuple(int(value) for value in ground))
    paper.paste(image, mask=alpha)
    return paper


def _is_dark(grey: np.ndarray, shares: np.ndarray) -> bool:
    """Whether ink on nothing is dark: most of it, or, of two tones, the one that lies on the other.

    Some rub out by painting in the ground's colour; others draw with a rim.
    """
    opaque = shares > 0.5
    tones = [opaque & tone for tone in (grey < 64, grey > 191)]
    if min(map(np.count_nonzero, tones)) > 0.1 * np.count_nonzero(opaque):
        around = [running(tone, 7, np.maximum) & ~running(tone, 3, np.maximum) for tone in tones]
        dark, bright = (float(opaque[ring].mean()) if ring.any() else 1.0 for ring in around)
        if max(dark, bright) > 0.5:
            return dark > bright
    return bool((grey * shares).sum() < 128 * shares.sum())


# ------------------------------------------------------------------------------------------------------- grey -> ink


def find_ink(grey: np.ndarray, stroke: float | None = None, bright: bool | None = None) -> np.ndarray:
    """How much ink is on each pixel.

    On a plain ground ink is what differs from it. On any other (photographs, scans) the ground is estimated locally,
    and what does not look like a stroke is left out: printed lines, shadows, what hangs in from the picture's border.

    Args:
        grey: float32, shape (H, W), values 0 to 255.
        stroke: width of the strokes in pixels, where it is known.
        bright: whether ink is brighter than its ground, where it is known.
    Returns:
        float32, shape (H, W), values 0 (ground) to 1 (full ink). All zero where nothing stands out from the ground.
    """
    return find_ink_and_ground(grey, stroke, bright)[0]


def find_ink_and_ground(
    grey: np.ndarray, stroke: float | None = None, bright: bool | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """What `find_ink` gives, and the ground that it was told from: float32, shape (H, W), values 0 to 255."""
    if grey.size == 0:
        return np.zeros((0, 0), np.float32), grey
    grey = _without_grid(grey)
    on_sheet = _ink_on_sheet(grey) if stroke is None and bright is None else None
    if on_sheet:
        return on_sheet
    level = _level_of_border(grey)
    away = np.abs(grey - level)
    small = max(away.shape) <= 2 * SIDE
    flat, about = _flat_and_about(away)
    # Plain: what is about as bright as the ground is exactly so, and is most of the picture, or all but strokes. A
    # digit may fill a very small picture, and has soft edges where that was enlarged. From close, the smoothest paper
    # is all but plain: it has grain of a level or two.
    plain = flat > (0.5 if small else 0.75) * about
    if plain and not small:
        grainy = bool(stroke) and np.count_nonzero(away < 1) <= 0.5 * flat
        plain = not grainy and (flat > 0.6 * away.size or _all_but_strokes(away, flat)) and not _is_ruled(away)
    lined = False
    if not plain and not small:
        commonest = _commonest_level(grey)
        lined = abs(commonest - level) > MIN_CONTRAST and _is_plain(np.abs(grey - commonest))
        plain, level = lined, commonest if lined else level
    if plain:
        difference, ground = grey - level, np.full_like(grey, level)
        bright = _ink_is_brighter(difference) if bright is None else bright
        ink = np.maximum(difference if bright else -difference, 0)
        if lined:
            ink = np.where(find_rules(np.clip(ink / max(_full_ink(ink), 1e-6), 0, 1), upright=True), 0, ink)
        full, faint, enough = _full_ink(ink), 0.0, MIN_CONTRAST
    else:
        ink, noise, ground = _ink_on_paper(grey, stroke, bright)
        full, enough = _full_ink(ink), MIN_PAPER_CONTRAST
        # What is left of the light is fainter than ink, and wide: a stroke's soft edges lose less by its removal.
        faint = min(max(2 * noise, 0.15 * full), 0.5 * full)
    if full < enough:
        return np.zeros_like(ink, np.float32), ground
    return np.clip((ink - faint) / (full - faint), 0, 1).astype(np.float32), ground


def _without_grid(grey: np.ndarray) -> np.ndarray:
    """A picture without the lines between the cells of a grid, as drawn in cells: the cells meet where these were."""
    height, width = grey.shape
    some = grey[:, [width // 3, width // 2, 5 * width // 7]]
    if (np.abs(np.diff(some, axis=0)) > MIN_HINT).sum(axis=0).max() < 2 * FEWEST_GRID_LINES:
        return grey
    away = np.abs(grey - _commonest_level(grey))
    rows, columns = _off_grid_lines(away), _off_grid_lines(away.T)
    return grey if rows is None or columns is None else grey[rows][:, columns]


def _off_grid_lines(away: np.ndarray) -> np.ndarray | None:
    """For each row the nearest one that is no line of a grid; None where there is no grid.

    Its lines run all across, are evenly spaced, and narrower than what is between them.

    Args:
        away: how far each pixel is from the level of the cells.
    """
    levels = np.percentile(away[:, :: 1 + away.shape[1] // 128], 10, axis=1)
    lines = levels > max(MIN_HINT, levels.max() / 8)
    starts, ends = np.flatnonzero(np.diff(np.pad(lines, 1).astype(np.int8))).reshape(-1, 2).T
    if len(starts) < FEWEST_GRID_LINES:
        return None
    spaces = np.diff(starts + ends) / 2
    space = np.median(spaces)
    if np.abs(spaces - space).max() > max(2, space / 10) or 2 * (ends - starts).max() > space:
        return None
    clear = np.flatnonzero(~lines)
    return clear[np.abs(clear[:, None] - np.arange(len(lines))).argmin(axis=0)]


def _all_but_strokes(away: np.ndarray, flat: int) -> bool:
    """Whether the rest of the picture, but for its soft edges, is of one other brightness, and narrow."""
    full = away > 0.95 * away.max()
    rest = away.size - flat - int(np.count_nonzero(full))
    return flat > 0.3 * away.size and rest < 0.2 * away.size and stroke_width(full) < max(away.shape) / 4


def _level_of_border(grey: np.ndarray) -> int:
    """The grey level that most of a picture's border has: a digit that fills the picture covers much of the border."""
    border = np.concatenate(_sides(grey, max(1, min(grey.shape) // 50)))
    counts = _histogram(border)
    first = max(0, int(np.convolve(counts, np.ones(3, int), "same").argmax()) - 1)
    return first + int(counts[first : first + 3].argmax())


def _commonest_level(grey: np.ndarray) -> int:
    """The grey level that most of a picture has: where a frame or the lines of a form run along its border."""
    return int(_histogram(grey[::2, ::2]).argmax())


def _histogram(grey: np.ndarray) -> np.ndarray:
    """How many pixels there are of each grey level from 0 to 255."""
    return np.bincount(np.clip(grey, 0, 255).astype(np.uint8).ravel(), minlength=256)


def _is_plain(away: np.ndarray) -> bool:
    """Whether most of a picture lies exactly at a level, and what is about as bright as that does, too."""
    flat, about = _flat_and_about(away)
    return flat > max(0.6 * away.size, 0.75 * about)


def _flat_and_about(away: np.ndarray) -> tuple[int, int]:
    """How many pixels lie exactly at a level, and how many are about as bright."""
    flat, about = (int(np.count_nonzero(away < limit)) for limit in (3, 0.3 * away.max()))
    return flat, about


def _ink_is_brighter(difference: np.ndarray) -> bool:
    """Than its plain ground: whichever side of that has the more, and sharper, edges: a lamp's reflection is soft."""
    steep = _steepness(difference)
    return bool(steep[difference > MIN_CONTRAST].sum() > steep[difference < -MIN_CONTRAST].sum())


def _full_ink(ink: np.ndarray) -> float:
    """The level of a fully inked pixel: high among those that hold any, so that no speck and no soft edge sets it."""
    strongest = ink.max()
    return float(np.percentile(ink[ink > 0.4 * strongest], 80)) if strongest > 0 else 0.0


def _is_ruled(away: np.ndarray) -> bool:
    """Whether printed lines cross a plain page, fainter than the ink.

    Args:
        away: how far each pixel is from the level of the ground.
    """
    top, bottom, left, right = ((side > MIN_HINT).any() for side in _sides(away))
    if not (top and bottom or left and right):
        return False
    rules = _rules(away, away, close=False)[0]
    if not rules.any():
        return False
    return bool(np.percentile(away[rules], 75) < 0.75 * _full_ink(np.where(rules, 0, away)))


def _ink_on_sheet(grey: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Ink and ground, as `find_ink_and_ground` gives them, of a sheet or label that lies on something else.

    None where there is no sheet, or nothing on it that stands out as the sheet itself does: then what looks like one
    is ink, a thick bar perhaps.
    """
    for sheet in _sheets(grey):
        part = _alone(grey, sheet)
        ink, ground = find_ink_and_ground(part)
        lines = find_rules(ink, upright=True)
        if (ink[~lines] > 0.5).any():  # else it may be a one
            ink = np.where(lines, 0, ink)
        strong = ink > 0.5
        if strong.any() and np.abs(part - ground)[strong].mean() >= 0.3 * sheet.contrast:
            all_ink, all_ground = np.zeros_like(grey, np.float32), grey.copy()
            all_ink[sheet.place], all_ground[sheet.place] = ink, ground
            return all_ink, all_ground
    return None


def _alone(grey: np.ndarray, sheet: Sheet) -> np.ndarray:
    """A sheet's picture; where it lies askew, what is around it looks as the blank sheet would, grain included."""
    part = grey[sheet.place]
    if sheet.inside is None:
        return part
    cell = -(-max(grey.shape) // COARSE_SIDE)
    inside = _refine(sheet.inside, cell, part.shape)
    y, x = (places * cell for places in np.nonzero(sheet.inside))
    paper = np.abs(part[y, x] - np.median(part[y, x])) < sheet.contrast / 2
    y, x = y[paper], x[paper]
    down, across, level = np.linalg.lstsq(np.stack([y, x, np.ones_like(y)], axis=1) * 1.0, part[y, x], rcond=None)[0]
    light = down * np.arange(part.shape[0])[:, None] + across * np.arange(part.shape[1]) + level
    grain = (part - light)[inside]
    grain = grain[np.abs(grain) <= 3 * np.median(np.abs(grain))]  # without the ink
    blank = part.copy()
    blank[~inside] = np.clip(light[~inside] + np.resize(grain, np.count_nonzero(~inside)), 0, 255)
    return blank


def _sheets(grey: np.ndarray) -> Iterator[Sheet]:
    """Where a sheet may lie on something else."""
    cell = -(-max(grey.shape) // COARSE_SIDE)
    if max(grey.shape) <= 2 * SIDE or min(grey.shape) <= (BOX - 1) * cell:  # a digit may be all of a small picture
        return
    for find in (_find_panel, _find_sheet, _find_smooth):
        sheet = find(grey, cell)
        if sheet:
            yield sheet


def _find_sheet(grey: np.ndarray, cell: int) -> Sheet | None:
    """A sheet that is brighter or darker than what it lies on.

    Otsu's threshold (1979) parts the picture in two; a sheet is that of the parts which has less of the border, if it
    is all but a quadrilateral, somewhat turned perhaps.
    """
    coarse = np.asarray(Image.fromarray(grey.astype(np.uint8)).reduce(cell))
    sheet = coarse > _otsu(coarse)
    contrast = float(coarse[sheet].mean() - coarse[~sheet].mean()) if 0 < sheet.mean() < 1 else 0.0
    of_border = np.concatenate(_sides(sheet)).mean()
    if of_border > 0.5:
        sheet = ~sheet
    if contrast < 2 * MIN_CONTRAST or min(of_border, 1 - of_border) > 0.4 or sheet.mean() < LEAST_SHEET:
        return None
    return _quadrilateral(sheet, cell, contrast)


def _find_panel(grey: np.ndarray, cell: int) -> Sheet | None:
    """As `_find_sheet`, of a canvas that is all of one tone, on a page or beside a bar of another, alike perhaps."""
    counts = _histogram(grey[::2, ::2]) * 4
    first, second = np.argsort(counts)[:-3:-1].tolist()
    if abs(first - second) < 2 or counts[first] + counts[second] < 0.6 * grey.size:
        return None
    for level in (first, second):
        if counts[level] < LEAST_SHEET * grey.size:
            return None
        if all((np.abs(side - level) < 2).any() for side in _sides(grey)):
            continue  # it is the page itself
        level_only = ~pool(np.abs(grey - level) >= 2, cell, np.logical_or)
        sheet = _quadrilateral(level_only, cell, float(abs(first - second)), upright=True)
        if sheet:
            return sheet
    return None


def _find_smooth(grey: np.ndarray, cell: int) -> Sheet | None:
    """As `_find_sheet`, of a sheet on a pattern, in a frame, or on what is as bright: edges part it from the rest."""
    coarse = np.asarray(Image.fromarray(grey.astype(np.uint8)).reduce(cell), np.float32)
    if np.count_nonzero(coarse == _level_of_border(coarse)) > 0.5 * coarse.size:
        return None  # a plain page
    edges = _steepness(coarse) > MIN_HINT**2
    labels = connected_components(~running(edges, 3, np.logical_or))
    areas = np.where(_touched(labels) > 1, 0, np.bincount(labels.ravel()))
    areas[0] = 0
    if areas.max() < LEAST_SHEET * labels.size or np.count_nonzero(areas > 0.5 * areas.max()) > 1:  # boxes of a form
        return None
    return _quadrilateral(labels == areas.argmax(), cell, 2.0 * MIN_CONTRAST)


def _quadrilateral(sheet: np.ndarray, cell: int, contrast: float, upright: bool = False) -> Sheet | None:
    """The largest part of a mask, if that is all but a quadrilateral: the upright rectangle within, if that is most.

    Args:
        cell: pixels to a side of what the mask has as one; the place is given in pixels.
        upright: all but a rectangle with sides along those of the picture. It may then touch three of these, if it is
            most of that.
    """
    rows, columns = np.count_nonzero(sheet, axis=1) > 3, np.count_nonzero(sheet, axis=0) > 3
    if not (rows.any() and columns.any()) or sheet[rows][:, columns].mean() < (0.65 if upright else 0.5):  # strokes
        return None
    labels = connected_components(sheet)
    areas = np.bincount(labels.ravel())[1:]
    if areas.max() < 0.6 * areas.sum():  # the boxes of a form
        return None
    sheet = labels == areas.argmax() + 1
    around = connected_components(~sheet)
    sheet = ~np.isin(around, np.concatenate(_sides(around))) | sheet  # with what is on it
    y, x = np.nonzero(sheet)
    if upright and len(y) < 0.9 * (np.ptp(y) + 1) * (np.ptp(x) + 1):
        return None
    corners = [int(each) for each in ((x + y).argmin(), (x - y).argmax(), (x + y).argmax(), (x - y).argmin())]
    ys, xs = y[corners], x[corners]
    sides = np.stack([np.roll(xs, -1) - xs, np.roll(ys, -1) - ys])
    area = abs(int((xs * np.roll(ys, -1) - np.roll(xs, -1) * ys).sum())) / 2 + np.abs(sides).max(axis=0).sum() / 2 + 1
    touched = sum(bool(side.any()) for side in _sides(sheet))
    top, right, bottom, left = (  # of the largest upright rectangle within, or nearly
        max(ys[0], ys[1]) + 1,
        min(xs[1], xs[2]),
        min(ys[2], ys[3]),
        max(xs[0], xs[3]) + 1,
    )
    within = sheet[top:bottom, left:right]
    if not (upright or 0.9 < len(y) / area < 1.1):
        return None
    if touched > 2 and not (upright and touched == 3 and within.size >= 0.5 * sheet.size):
        return None
    if within.size >= (0.4 if upright else 0.8) * area and within.mean() >= 0.98:
        return Sheet((slice(int(top) * cell, int(bottom) * cell), slice(int(left) * cell, int(right) * cell)), contrast)
    longest = np.hypot(*sides).max()
    if upright or touched > 1 or len(y) < longest**2 / 4:  # a corner of the page in the light; a stroke
        return None
    rows, columns = (slice(int(places.min()), int(places.max()) + 1) for places in (ys, xs))
    y, x = np.mgrid[rows, columns]
    turns = [across * (y - b) - down * (x - a) for a, b, across, down in zip(xs, ys, *sides, strict=True)]
    inside = np.min([turn / max(np.hypot(*side), 1) for turn, side in zip(turns, sides.T, strict=True)], axis=0) > 1.5
    if not inside.any() or sheet[rows, columns][inside].mean() < 0.98:
        return None
    top, bottom, left, right = (edge * cell for edge in (rows.start, rows.stop, columns.start, columns.stop))
    return Sheet((slice(top, bottom), slice(left, right)), contrast, inside)


def _otsu(grey: np.ndarray) -> int:
    """The level that parts a picture of uint8 so that the means of what is above it and of the rest differ most."""
    counts = _histogram(grey).astype(float)
    below, sums = counts.cumsum(), (counts * np.arange(256)).cumsum()
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (sums[-1] * below / below[-1] - sums) ** 2 / (below * above)
    return int(np.nan_to_num(between, posinf=0.0).argmax())


# --------------------------------------------------------------------------------------- ink on paper, under a camera


def _ink_on_paper(grey: np.ndarray, stroke: float | None, bright: bool | None) -> tuple[np.ndarray, float, np.ndarray]:
    """Ink in grey levels above its local ground, without what is no ink; the noise's deviation in it; that ground."""
    pixels = grey.astype(np.uint8)
    bright = _ink_is_bright(pixels) if bright is None else bright
    if bright:
        pixels = 255 - pixels
    smooth = np.asarray(Image.fromarray(pixels).filter(ImageFilter.BoxBlur(1)))
    longer = max(pixels.shape)
    widest = max(longer // 6, min(longer // 2, 32))
    kernel = min(widest, int(4 * stroke) + 5) if stroke else widest
    ink, ground = _above_ground(pixels, smooth, kernel, not bright)
    rules, near = _rules(ink, _above_ground(pixels, smooth, max(widest // 4, 7), not bright)[0], close=bool(stroke))
    kept = _strokes(ink, rules, near)
    if not stroke and kept.any():
        kernel = int(4 * stroke_width(kept > 0.5 * _full_ink(kept))) + 5
        if kernel < widest:  # the nearer the ground is looked for, the less of a shadow is left
            ink, ground = _above_ground(pixels, smooth, kernel, not bright)
            kept = _strokes(ink, rules, near)
    return kept, _noise(ink, rules), 255 - ground if bright else ground


def _noise(ink: np.ndarray, rules: np.ndarray | None = None) -> float:
    """The standard deviation of the ground, told from what lies below its mean: up to half of the rest may be ink."""
    step = 1 + ink.size // 20000
    sample = ink.ravel()[::step] if rules is None else ink.ravel()[::step][~rules.ravel()[::step]]
    sample = _faint_half(sample)
    lowest, least, most = np.percentile(sample, (0.5, 5, 40)) if sample.size else (0, 0, 0)
    # How far apart they are in a normal distribution; a printed pattern of few levels has no tail.
    noise = float(min((most - least) / 1.39, (most - lowest) / 2.32)) + 0.3
    if max(ink.shape) > 2 * SIDE:
        return noise
    return min(noise, 0.3 + _full_ink(ink) / 15)  # of so few pixels most are a soft edge of ink, perhaps


def _ink_is_bright(pixels: np.ndarray) -> bool:
    """Ink is the lesser part of what is around it: it lies further from the mean of it than the ground does. Beside a
    dark strip, where the page lies as far from its mean, there are no edges.

    Bright ink on a bright page must be plain to see: light through leaves or fingers looks like it.
    """
    image = Image.fromarray(pixels)
    coarse = image.reduce(-(-max(image.size) // COARSE_SIDE))
    cubes = _unlike_around(coarse) ** 3 * _steepness(np.asarray(coarse, np.float32))
    brighter, darker = np.clip(cubes, 0, None).sum(), -np.clip(cubes, None, 0).sum()
    if max(pixels.shape) < COARSE_SIDE:  # cut out around the digit: where it is bold, its holes are the lesser part
        of_border = np.concatenate(_sides(pixels > _otsu(pixels))).mean()
        return bool(brighter - darker > (2 * of_border - 1) * (brighter + darker))
    return bool(brighter > darker * (1 if np.median(pixels) < 128 else 4))


def _above_ground(pixels: np.ndarray, smooth: np.ndarray, kernel: int, ratio: bool) -> tuple[np.ndarray, np.ndarray]:
    """Dark ink in grey levels above its ground, and that: a morphological closing, edges of what is wider stay.

    Args:
        smooth: `pixels` with less noise.
        kernel: pixels, wider than a stroke.
        ratio: ink takes a share of the light that falls on the paper: less of it is lost in a shadow.
    """
    ground = running(running(smooth, kernel, np.maximum), kernel, np.minimum).astype(np.float32)
    ink = ground - pixels
    if ratio:
        level = np.median(ground[::4, ::4])
        ink *= level / np.maximum(ground, max(level / 3, 1))
    step = 1 + min(ink.shape) // 100
    return ink - np.median(_faint_half(ink[::step, ::step])), ground


def _faint_half(ink: np.ndarray) -> np.ndarray:
    """What is no more than half of full ink: the ground, however much of a picture the digit in it covers."""
    faint = ink[ink <= 0.5 * _full_ink(ink)] if ink.size else ink
    return faint if faint.size else ink


def running(array: np.ndarray, length: int, pick: np.ufunc, axes: tuple[int, ...] = (0, 1)) -> np.ndarray:
    """The maximum or minimum (`pick`) of the pixels around each, in a square of `length` rounded up to odd."""
    reach = length // 2
    for axis in axes:
        array = array.T if axis else array
        window = np.concatenate([array[:1].repeat(reach, 0), array, array[-1:].repeat(reach, 0)])
        covered = 1
        while covered < 2 * reach + 1:
            step = min(covered, 2 * reach + 1 - covered)
            window = pick(window[:-step], window[step:])
            covered += step
        array = window.T if axis else window
    return array


def _strokes(ink: np.ndarray, rules: np.ndarray, near_rules: np.ndarray) -> np.ndarray:
    """Of what is above the ground, what looks like strokes.

    A part of it counts from where it is above the noise and above what is faint beside the darkest, if it is well above
    the noise somewhere (hysteresis). It must be as sharp as the sharpest of them, which a shadow is not, and must not
    hang in from the border.
    """
    noise = _noise(ink, rules)
    ink = np.where(rules | (ink < 0), 0, ink)
    low, high = max(3 * noise, 0.25 * _full_ink(ink)), max(6 * noise, MIN_PAPER_CONTRAST)
    if ink.max() <= high:
        return np.zeros_like(ink)
    labels, cell = _coarse_labels(ink, low)
    cut_out = cell < 3 or min(ink.shape) < COARSE_SIDE  # around a digit, or a line of them
    above, steep = np.maximum(ink - low, 0), _steepness(ink)
    count = labels.max() + 1

    def total(values: np.ndarray) -> np.ndarray:
        return np.bincount(labels.ravel(), values.ravel(), count)

    weights = pool(above, cell, np.add)
    strong, ruled, energy = (total(pool(some, cell, np.add)) for some in (ink > high, above * near_rules, steep))
    mass, energy[0] = np.maximum(total(weights), 1e-6), 0
    peak, slope = np.zeros(count), np.zeros(count)
    inked = labels > 0
    np.maximum.at(peak, labels[inked], pool(ink, cell, np.maximum)[inked])
    np.maximum.at(slope, labels[inked], pool(steep, cell, np.maximum)[inked])
    energy[(strong < 3) | (ruled > 0.8 * mass)] = 0
    all_strokes = energy
    # Where nothing is as sharp, the picture is out of focus: then what is dark counts.
    for least, darkness in ((MIN_SHARPNESS, 0), (MIN_SHARPNESS / 3, 3 * MIN_CONTRAST)):
        soft = (peak > 12 * noise) & (slope < (least * peak) ** 2 + (5 * noise) ** 2)
        energy = _off_border(np.where(soft | (peak < darkness), 0, all_strokes), labels, weights, cut_out)
        if energy.any():
            break
    sharpness = energy / mass
    kept = (energy > 0) & (sharpness >= 0.3 * sharpness[energy.argmax()])
    near = running(kept[labels], 3, np.maximum)
    return np.where(_refine(near, cell, ink.shape), ink, 0)


def _off_border(energy: np.ndarray, labels: np.ndarray, weights: np.ndarray, cut_out: bool) -> np.ndarray:
    """The energy of parts, 0 where one hangs in from the picture's border: a neighbour, a frame, the edge of a sheet.

    A small picture was cut out around the digit, which may touch all sides of it; a low one around a number, whose
    first and last digits may touch two. In a photograph what touches two sides counts only where nothing lies within.
    """
    sides = _touched(labels)
    y, x = (np.minimum(np.arange(side), np.arange(side)[::-1]) for side in labels.shape)
    inward = np.minimum(y[:, None], x) / (min(labels.shape) / 2)  # of each cell: 0 on the border, at most 1
    total, mass = (np.bincount(labels.ravel(), values.ravel()) for values in (weights * inward, weights))
    depth = total / np.maximum(mass, 1e-6)
    score = np.where(sides == 0, energy, energy * depth)
    if not cut_out and (energy[sides == 0] > 0).any():
        score[sides > 1] = 0
    top, left, bottom, right = part_boxes(labels)
    reach = np.minimum((bottom - top) / labels.shape[0], (right - left) / labels.shape[1])
    all_along = (sides == 3) & (depth < 0.2) & (reach < 0.8)  # one side: where a light falls off, or a sheet ends
    score[all_along] = 0
    return np.where(score > 0.05 * score.max(), energy, 0)


def _touched(labels: np.ndarray) -> np.ndarray:
    """How many sides of the picture each part touches."""
    parts = int(labels.max()) + 1
    return np.sum([np.bincount(np.unique(side), minlength=parts) for side in _sides(labels)], axis=0)


def _sides(array: np.ndarray, width: int = 1) -> list[np.ndarray]:
    return [part.ravel() for part in (array[:width], array[-width:], array[:, :width], array[:, -width:])]


def _steepness(ink: np.ndarray) -> np.ndarray:
    """Squares of the differences between neighbours, along rows and columns."""
    steep = np.zeros_like(ink)
    steep[1:] += (ink[1:] - ink[:-1]) ** 2
    steep[:, 1:] += (ink[:, 1:] - ink[:, :-1]) ** 2
    return steep


def _rules(ink: np.ndarray, fine: np.ndarray, close: bool) -> tuple[np.ndarray, np.ndarray]:
    """Where printed lines are: thin, straight, and from one side of the picture to the other, or nearly.

    A stroke that crosses one stays where it is darker than the line, or runs on across it.

    Args:
        ink: float32, shape (H, W).
        fine: the same, but without what is wider than a line.
        close: whether the picture is a part of one in which the digit was found: it has room around it.
    Returns:
        bool, shape (H, W) each: what is to be taken for a line, and what near one is not much darker.
    """
    threshold = 2 * _noise(fine) + 1
    level, thick = _level_rules(fine, threshold, close)
    upright, thick_upright = _level_rules(np.ascontiguousarray(fine.T), threshold, close)
    upright = upright.T
    dividers, thick_dividers = _dividers(fine, level, thick, threshold, close)
    upright, thick_upright = np.maximum(upright, dividers), max(thick_upright, thick_dividers)
    near = level + upright > 0
    if not near.any():
        return near, near
    mask = fine > threshold
    across = (level > 0) & ~_crossed(mask & (upright == 0), thick, 0)
    along = (upright > 0) & ~_crossed(mask & (level == 0), thick_upright, 1)
    level = level + upright
    darker = ink > (1.25 if close else 2) * level + threshold
    hidden = (ink > level) & (fine < 0.3 * level)
    beside = running(level, 3, np.maximum)  # a line's edge may be a pixel further out than its middle tells
    return (across | along) & ~darker & ~hidden, (beside > 0) & (ink < 3 * beside + threshold)


def find_rules(ink: np.ndarray, upright: bool) -> np.ndarray:
    """Where straight lines run from one side to the other of ink, without a break, but for the strokes that cross.

    Args:
        ink: float32, shape (H, W), values 0 to 1.
        upright: whether to look for those from top to bottom, too; where some run from left to right, between these.
    """
    most = max(max(ink.shape) // 50 + 2, round(1.5 * stroke_width(ink > 0.5)))
    lines, thick = _unbroken_lines(ink, np.zeros(ink.shape, bool), most, np.inf)
    if not upright:
        return lines
    between, darkest, share = slice(None), np.inf, lines.mean(axis=1)
    if lines.any():  # a digit may reach from line to line, too
        rows = np.flatnonzero(share > 0.3 * share.max())
        between = slice(rows[0] + thick, max(rows[-1] + 1, rows[0] + 2 * thick) - thick)
        most, darkest = 2 * thick + 1, DARKER * float(np.percentile(ink[lines], 75))
    lines[between] |= _unbroken_lines(ink[between].T, lines[between].T, most, darkest)[0].T
    return lines


def _unbroken_lines(ink: np.ndarray, known: np.ndarray, most: int, darkest: float) -> tuple[np.ndarray, int]:
    """Where lines run from left to right, but for what crosses them; and how many pixels the thickest has.

    Args:
        known: lines that cross these, and do not count.
        most: pixels that one may be thick.
        darkest: ink that one may have.
    """
    level, thick = _level_rules(np.ascontiguousarray(ink) * 255, 1.0, False, True, most)
    level[level > 255 * darkest] = 0
    room = ((2 * most,) * 2,) * 2  # a line along the border is no thicker than it looks
    crossed = _crossed(np.pad((ink > 0.5) & ~known, room), thick, 0)
    return (level > 0) & ~crossed[2 * most : -2 * most, 2 * most : -2 * most], thick


def _dividers(ink: np.ndarray, level: np.ndarray, thick: int, threshold: float, close: bool) -> tuple[np.ndarray, int]:
    """Find what parts a row of boxes: lines from one printed line to another, no darker or thicker than these.

    Between more than two printed lines there are none: that is squared paper, whose lines go on.

    Args:
        level, thick: of the lines that run from left to right, as `_level_rules` gives them.
    Returns:
        The same of the dividers.
    """
    found = np.zeros_like(ink)
    free = (level > 0).mean(axis=1) < 0.02  # rows that no line runs through
    edges = np.flatnonzero(np.diff(np.pad(free.astype(np.int8), 1))).tolist()
    bands = [band for band in zip(edges[::2], edges[1::2], strict=True) if band[0] > 0 and band[1] < len(ink)]
    if not thick or len(bands) != 1:
        return found, 0
    ((top, bottom),) = bands
    upright, thickest = _level_rules(np.ascontiguousarray(ink[top:bottom].T), threshold, close, True, thick + 3)
    upright = np.where(upright.T < DARKER * np.median(level[level > 0]), upright.T, 0)
    count = np.count_nonzero(np.diff(np.pad((upright > 0).any(axis=0).astype(np.int8), 1)) > 0)
    if count < FEWEST_DIVIDERS:  # a digit may reach from line to line, too
        return found, 0
    found[top:bottom] = upright
    return found, thickest


def _crossed(mask: np.ndarray, thickness: int, axis: int) -> np.ndarray:
    """Where the mask runs on along the axis for longer than a line is thick."""
    length = thickness + 4
    return running(running(mask, length, np.minimum, (axis,)), length, np.maximum, (axis,))


def _level_rules(
    ink: np.ndarray, threshold: float, close: bool, whole: bool = False, most: int | None = None
) -> tuple[np.ndarray, int]:
    """Find lines that run from left to right.

    Args:
        whole: only those that do so without a break.
        most: pixels that a line may be thick; None for what is thin in a picture of this size.
    Returns:
        float32, shape (H, W), the level of the line that each pixel lies on, 0 off all lines; and the thickness of
        the thickest line in pixels, 0 where there is none.
    """
    height, width = ink.shape
    levels, thickest = np.zeros_like(ink), 0
    if min(height, width) < BOX:
        return levels, thickest
    most, found = most or max(ink.shape) // 50 + 2, []
    # A low and wide picture may be cut out around a number, whose strokes reach all but from border to border.
    of_number = not (close or whole) and 2 * min(height, width) < max(height, width)
    small = min(height, width) < (COARSE_SIDE if of_number else 64)
    offsets = np.arange(-most, most + 1)[:, None]
    padded = np.pad(ink, ((most, most), (0, 0)))
    step = slice(None, None, max(1, width // 128))
    for centre, slope in _straight_lines(ink, threshold):
        rows = np.rint(centre + slope * (np.arange(width) - width / 2)).astype(int)
        columns = np.flatnonzero((rows >= 0) & (rows < height))
        rows = rows[columns] + offsets
        values = padded[rows[:, step] + most, columns[step]]
        middle = values[most - 1 : most + 2].max(axis=0)
        if not _runs_across(middle > threshold, whole):
            continue
        profile = np.median(values, axis=1)
        peak = most - 2 + profile[most - 2 : most + 3].argmax()
        if profile[peak] < 0.5 * threshold:  # noise alone is seen, too, on half of any way
            continue
        low = profile < max(0.3 * profile[peak], 0.5)
        before, after = np.flatnonzero(low[:peak]), np.flatnonzero(low[peak:])
        if not (before.size and after.size) or (whole and peak + after[0] - before[-1] - 1 > most):
            continue  # it is too thick for a printed line
        # From close a line drifts by a pixel; from afar a stroke looks like a line, though not for all of its way.
        level = np.median(values[peak - 1 : peak + 2].max(axis=0)) if close else profile[peak]
        seen = middle > (max(threshold, 0.3 * profile[peak]) if small else threshold)
        across = _runs_across(seen, whole=True) and (not small or seen[0] and seen[-1])
        found.append((rows[before[-1] : peak + after[0] + 1], columns, level, across))
    # A stroke may look like a line, though not run across the whole picture, of a small one from border to border, as
    # dark all along; of four in line with the paper some are printed.
    dark = np.inf if close or len(found) > 3 else 0.5 * _full_ink(ink)
    found = [line for line in found if line[3] or not (small or line[2] > dark)]
    most_dark = 1.5 * np.median([level for _, _, level, _ in found]) if len(found) > 3 else np.inf
    for rows, columns, level, _ in found:
        thickest = max(thickest, len(rows) - 2)
        inside = (rows >= 0) & (rows < height)
        at = rows[inside], np.broadcast_to(columns, rows.shape)[inside]
        levels[at] = np.maximum(levels[at], min(level, most_dark))
    return levels, thickest


def _runs_across(seen: np.ndarray, whole: bool) -> bool:
    """Whether a line is seen for its whole way through the picture, or half of it and where it enters or leaves it."""
    if seen.size < 8:
        return False
    end = seen.size // 8
    ends = np.count_nonzero(seen[:end]), np.count_nonzero(seen[-end:])
    least, needed, at_end = (0.9, min, 0.8) if whole else (0.5, max, 0.6)
    return bool(np.count_nonzero(seen) > least * seen.size and needed(ends) > at_end * end)


def _straight_lines(ink: np.ndarray, threshold: float) -> Iterator[tuple[float, float]]:
    """Lines that are ridges of the ink for most of their way from left to right, by a Hough transform.

    Yields:
        of each its row in the middle of the picture, and its slope.
    """
    height, width = ink.shape
    stride = max(1, width // 64)
    part = np.pad(ink[:, ::stride], ((1, 1), (0, 0)))
    y, x = np.nonzero((part[1:-1] > threshold) & (part[1:-1] >= part[:-2]) & (part[1:-1] > part[2:]))
    if len(y) < 0.5 * part.shape[1]:
        return
    y, x = y.astype(np.float32), (x * stride - width / 2).astype(np.float32)
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
    share[share < min(max(0.5, 2.5 * share.mean()), 0.75)] = 0
    while share.any():
        index, place = np.unravel_index(share.argmax(), share.shape)
        share[:, max(place - 2, 0) : place + 3] = 0
        middle, slope = middles[place], slopes[index]
        for reach in (4, 2):
            near = np.abs(y - middle - slope * x) < reach
            if np.count_nonzero(near) > 1:
                away = x[near] - x[near].mean()
                slope = (away * y[near]).sum() / max((away * away).sum(), 1e-6)
                middle = y[near].mean() - slope * x[near].mean()
        yield float(middle), float(slope)


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


def drop_specks(ink: np.ndarray) -> np.ndarray:
    """Keep the parts that can belong to a digit, at least 4% of the largest, with the soft edges around them.

    Args:
        ink: float32, shape (H, W), values 0 to 1.
    Returns:
        The same with 0 elsewhere.
    """
    labels, cell, mass = _parts(ink)
    return _keep(ink, labels, cell, _no_specks(mass))


def pick_digit(ink: np.ndarray) -> tuple[np.ndarray, float]:
    """Keep one digit: the largest part, and those that are nearer to it than half its size, but for specks.

    Where there is a frame, of a canvas or of a box on a form, only what is in it counts. What hangs in from the left or
    right, beside the largest part or a little over its edge, is of another digit.

    Args:
        ink: float32, shape (H, W), values 0 to 1.
    Returns:
        The same with 0 elsewhere; and the share of the ink that was kept, 0 to 1, without frames and what hangs in.
    """
    labels, cell, mass = _parts(ink)
    within = _within_frame(ink) if len(mass) > 2 else ink
    if within is not ink:
        ink, (labels, cell, mass) = within, _parts(within)
    boxes = part_boxes(labels)
    mass[_along_a_side(boxes, labels.shape, mass)] = 0
    dots = _dots(labels, boxes)
    if not (1 < np.count_nonzero(dots) <= MOST_HOLES and mass[~dots].any() and mass[dots].max() < 2 * mass[dots].min()):
        dots[:] = False
    hanging = np.zeros(len(mass), bool)
    hanging[np.concatenate(_sides(labels)[2:])] = True
    largest = int(np.where(dots, 0, mass / (1 + hanging)).argmax())  # what may be another digit's counts half
    mass[_beside(labels, largest)] = 0
    mass[_across(boxes, labels.shape, largest) | _underlines(boxes, largest)] = 0
    kept = _no_specks(mass)
    if np.count_nonzero(kept) > 1:
        kept = _near_largest(labels, kept, largest)
    return _keep(ink, labels, cell, kept), float(mass[kept].sum() / max(mass[kept | ~dots].sum(), 1e-6))


def _parts(ink: np.ndarray) -> tuple[np.ndarray, int, np.ndarray]:
    """The labels of the connected parts, from 1; pixels to a label; and the ink of each part, 0 for the rest."""
    labels, cell = _coarse_labels(ink, 0.3)
    mass = np.bincount(labels.ravel(), weights=pool(ink, cell, np.add).ravel(), minlength=1)
    mass[0] = 0
    return labels, cell, mass


def _within_frame(ink: np.ndarray) -> np.ndarray:
    """The ink without frames; where there is one alone, or one in another, only what is in that."""
    for threshold in (0.1, 0.3):  # a thin line may be faint, and a faint haze may join it to the rest
        labels, cell = _coarse_labels(ink, threshold)
        frames = _frames(labels)
        if frames:
            break
    else:
        return ink
    kept = ~np.isin(labels, list(frames))
    rows, columns = innermost = min(frames.values(), key=lambda place: labels[place].size)
    if all(
        outer[0].start <= rows.start
        and rows.stop <= outer[0].stop
        and outer[1].start <= columns.start
        and columns.stop <= outer[1].stop
        for outer in frames.values()
    ):
        inside = np.zeros_like(kept)
        inside[innermost] = True
        kept &= inside
    return np.where(_refine(kept, cell, ink.shape), ink, 0)


def _frames(labels: np.ndarray) -> dict[int, tuple[slice, slice]]:
    """Of each part that is a frame, around something of some size, its label and the place that it takes."""
    top, left, bottom, right = part_boxes(labels)
    frames = {}
    for label in np.flatnonzero(np.minimum(bottom - top, right - left) >= MIN_FRAME).tolist():
        inside = (top > top[label]) & (left > left[label]) & (bottom < bottom[label]) & (right < right[label])
        place = slice(top[label], bottom[label]), slice(left[label], right[label])
        largest = int(np.where(inside, bottom - top, 0).argmax())
        framed = (bottom - top)[largest] / (bottom[label] - top[label]) if inside.any() else 0
        if framed >= LEAST_FRAMED and all(sides_along(labels[place] == label)):
            frames[label] = place
        elif framed >= LEAST_CIRCLED and is_circle(labels[place] == label):
            if width_over_length(labels == largest) > SLASH:
                frames[label] = place
    return frames


def sides_along(mask: np.ndarray) -> tuple[bool, bool, bool, bool]:
    """Whether a part runs along the top, the bottom, the left and the right of its box, corners included.

    No digit does along all four.

    Args:
        mask: bool, shape (H, W), without room around the part.
    """
    deep, wide = (-(-side // 8) for side in mask.shape)
    sides = (mask[:deep].any(0), mask[-deep:].any(0), mask[:, :wide].any(1), mask[:, -wide:].any(1))
    top, bottom, left, right = (bool(side.mean() > 0.85) for side in sides)
    return top, bottom, left, right


def is_circle(mask: np.ndarray) -> bool:
    """Whether a part is about as wide as high, and goes all round the middle of its box, far from it: a zero may.

    Args:
        mask: bool, shape (H, W), without room around the part.
    """
    if max(mask.shape) > 1.4 * min(mask.shape):
        return False
    y, x = (2 * (places + 0.5) / side - 1 for places, side in zip(np.nonzero(mask), mask.shape, strict=True))
    directions = np.unique(np.floor(np.arctan2(y, x) * 18 / np.pi))  # of 36
    return bool(np.hypot(y, x).min() > 0.5) and directions.size >= 32


def width_over_length(mask: np.ndarray) -> float:
    """Of the bar that is spread as widely as a mask: small for a stroke that is hardly bent, about 1 for a ring."""
    spread = np.linalg.eigvalsh(np.cov(np.nonzero(mask), bias=True))
    return float(np.sqrt(max(spread[0], 0) / max(spread[1], 1e-9)))


def part_boxes(labels: np.ndarray) -> np.ndarray:
    """Where each part is.

    Args:
        labels: as `connected_components` gives them; some may be missing.
    Returns:
        int, shape (4, greatest label + 1): top, left, bottom and right; bottom and right are 0 where there is no part.

    >>> part_boxes(np.array([[0, 1, 1], [0, 0, 1]]))[:, 1].tolist()
    [0, 1, 2, 3]
    """
    y, x = np.nonzero(labels)
    numbers = labels[y, x]
    boxes = np.zeros((4, int(labels.max(initial=0)) + 1), int)
    boxes[:2, 1:] = max(labels.shape)
    for edge, pick, values in zip(boxes, [np.minimum] * 2 + [np.maximum] * 2, (y, x, y + 1, x + 1), strict=True):
        pick.at(edge, numbers, values)
    return boxes


def _dots(labels: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Of each part whether it is about as wide as high, and all but filled: a hole punched in the paper, a dot."""
    top, left, bottom, right = boxes
    height, width = bottom - top, right - left
    filled = (np.bincount(labels.ravel(), minlength=len(top)) > 0.7 * height * width) & (height > 0)
    return filled & (np.maximum(height, width) <= 1.5 * np.minimum(height, width))


def _no_specks(mass: np.ndarray) -> np.ndarray:
    return (mass >= 0.04 * mass.max()) & (mass > 0)


def _keep(ink: np.ndarray, labels: np.ndarray, cell: int, kept: np.ndarray) -> np.ndarray:
    near = running(kept[labels], 3 if cell > 1 else 5, np.maximum)
    return np.where(_refine(near, cell, ink.shape), ink, 0)


def _beside(labels: np.ndarray, largest: int) -> list[int]:
    """Labels of what hangs in from the left or right, and reaches over a quarter of the largest part at most."""
    columns = _extent(labels == largest)[1]
    left, right = columns[0] + len(columns) // 4, columns[-1] + 1 - len(columns) // 4
    return [
        label
        for side, rest in ((labels[:, 0], labels[:, left:]), (labels[:, -1], labels[:, :right]))
        if largest not in side  # the picture may have been cut out around the digit
        for label in np.unique(side).tolist()
        if label and not (rest == label).any()
    ]


def _across(boxes: np.ndarray, shape: tuple[int, ...], largest: int) -> np.ndarray:
    """Of each part whether it is a line from side to side of the picture, above, below or beside the largest part.

    More than two are a pattern.
    """
    (top, left, bottom, right), (height, width) = boxes, shape
    above_or_below = (bottom <= top[largest]) | (top >= bottom[largest])
    beside = (right <= left[largest]) | (left >= right[largest])
    level = (left == 0) & (right == width) & above_or_below & (bottom - top < width / 4)
    upright = (top == 0) & (bottom == height) & beside & (right - left < height / 4)
    return sum(lines if np.count_nonzero(lines) <= 2 else np.zeros_like(lines) for lines in (level, upright)) > 0


def _underlines(boxes: np.ndarray, largest: int) -> np.ndarray:
    """Of each part whether it is a flat line below the largest part, at least as wide, and further off than a foot."""
    top, left, bottom, right = boxes
    covering = (left <= left[largest]) & (right >= right[largest])
    apart = top - bottom[largest] > (bottom[largest] - top[largest]) / 12
    return covering & apart & (bottom - top < (right - left) / 4)


def _along_a_side(boxes: np.ndarray, shape: tuple[int, ...], mass: np.ndarray) -> np.ndarray:
    """Of each part whether it is a strip all along one side: the shadow of a scanner's lid, the desk beside a sheet.

    None is where the largest of the other parts touches a side, too: the picture was cut out around the digit.
    """
    (top, left, bottom, right), (height, width) = boxes, shape
    level = (left == 0) & (right == width) & ((top == 0) ^ (bottom == height)) & (bottom - top < height / 4)
    upright = (top == 0) & (bottom == height) & ((left == 0) ^ (right == width)) & (right - left < width / 4)
    strips = level | upright
    other = int(np.where(strips, 0, mass).argmax())
    inside = min(top[other], left[other], height - bottom[other], width - right[other]) > 0
    return strips & inside


def _near_largest(labels: np.ndarray, candidates: np.ndarray, largest: int) -> np.ndarray:
    """Gather parts around the largest one, until all others are further away than half the size of what is gathered."""
    joined, kept = np.arange(len(candidates)) == largest, np.zeros_like(candidates)
    while (joined & ~kept).any():
        kept = joined | kept
        rows, columns = _extent(kept[labels])
        reach = (max(np.ptp(rows), np.ptp(columns)) + 1) // 2
        part = (slice(max(extent[0] - reach, 0), extent[-1] + reach + 1) for extent in (rows, columns))
        joined = candidates & np.isin(np.arange(len(candidates)), labels[tuple(part)])
    return kept


def _extent(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns that hold any of a mask."""
    return np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))


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
    soft = np.count_nonzero((ink > 0.1) & (ink < 0.9)) > 0.1 * np.count_nonzero(ink)
    if not soft or abs(max(ink.shape) - BOX) > 1:  # else it is in MNIST's form already: more would only blur it
        ink = _rescale(ink)
    return _centre_by_mass(ink)


def _rescale(ink: np.ndarray) -> np.ndarray:
    image = Image.fromarray((ink * (255 / ink.max())).round().astype(np.uint8))  # a part may be faint all over
    small = max(image.size) < BOX * OVERSAMPLING
    image = _fit_longer_side(ImageOps.expand(image, 1) if small else image, BOX * OVERSAMPLING)
    if small:  # enlarged, the outermost pixels have got soft edges, as all others: softer ones than MNIST's
        image = image.crop(Image.fromarray(np.asarray(image) > 63).getbbox())
        image = image.point(lambda level: min(max(2 * level - 128, 0), 255))
    width = stroke_width(np.asarray(image) > 127) / OVERSAMPLING
    low, high = STROKE_WIDTH_RANGE
    change = round((min(max(width, low), high) - width) * OVERSAMPLING / 2)  # on each side of the stroke
    if change:
        array = np.pad(np.asarray(image), abs(change))
        image = Image.fromarray(running(array, 2 * abs(change) + 1, np.maximum if change > 0 else np.minimum))
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
