"""Pictures that hold no digit: empty paper, noise, patterns, letters, words, scribbles and scenes.

for kind, image in nondigits(seed=0, count=100): ...
"""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from .photograph import photograph
from .render import ink_mask, random_colours
from .scenes import portrait, random_size, scene, to_image

# Those that in no typeface are a digit's lookalikes; l, O, S, Z, b, g, q and others are.
LETTERS = "ACEFHKMNPRUVWXacdefhkmnprtuvwx&@#%?*+<>=~$"
WORDS = ("Hand", "cart", "MARK", "Wave", "there", "Cafe", "frame", "XXX", "wurm", "Punkt", "cream", "EXTRA", "haha")

Maker = Callable[[np.random.Generator], Image.Image]


def nondigits(seed: int, count: int) -> Iterator[tuple[str, Image.Image]]:
    """Make pictures without a digit, the kinds in turn.

    Args:
        seed: of all that chance decides; picture `i` of a seed is the same whatever `count` is.
        count: how many.
    Yields:
        the kind, such as "letter", and the picture.
    """
    for index in range(count):
        yield nondigit(seed, index)


def nondigit(seed: int, index: int) -> tuple[str, Image.Image]:
    """Picture `index` of those that `nondigits(seed, ...)` makes."""
    kind = list(MAKERS)[index % len(MAKERS)]
    return kind, MAKERS[kind](np.random.default_rng([seed, index]))


# ---------------------------------------------------------------------------------------------------- no drawing at all


def blank(rng: np.random.Generator) -> Image.Image:
    """One colour, or a soft change of light, with as little noise as a screenshot or as much as a photograph."""
    width, height = random_size(rng)
    y, x = np.mgrid[:height, :width] / max(width, height)
    colour = rng.choice([255, 0, rng.uniform(0, 255)]) if rng.random() < 0.5 else rng.uniform(0, 255, 3)
    slope = rng.normal(0, 60, 2) if rng.random() < 0.4 else np.zeros(2)
    grey = x * slope[0] + y * slope[1]
    noise = rng.normal(0, rng.choice([0, 1, 4]), (height, width, 1))
    return to_image(np.broadcast_to(colour, (height, width, 3)) + grey[:, :, None] + noise)


def empty_sheet(rng: np.random.Generator) -> Image.Image:
    """A photograph of paper, plain, ruled or squared, that nobody wrote on."""
    return photograph([], int(rng.integers(2**32)), (1024, 768))


def noise(rng: np.random.Generator) -> Image.Image:
    """Every pixel by chance."""
    width, height = random_size(rng)
    kind = rng.integers(3)
    if kind == 0:
        return to_image(rng.uniform(0, 256, (height, width, rng.choice([1, 3]))))
    if kind == 1:
        return to_image(rng.normal(rng.uniform(60, 200), rng.uniform(10, 60), (height, width, 1)))
    specks = np.where(rng.random((height, width, 1)) < rng.uniform(0.01, 0.2), rng.choice([0, 255]), 128)
    return to_image(specks)


def clouds(rng: np.random.Generator) -> Image.Image:
    """Noise in blots, from fog to marble."""
    width, height = random_size(rng)
    total = np.zeros((height, width, 3))
    roughness = rng.uniform(0.4, 0.7)
    for octave in range(1, 6):
        cells = rng.uniform(-1, 1, (2**octave + 1, 2**octave + 1, rng.choice([1, 3])))
        channels = [_stretch(cells[:, :, channel], (width, height)) for channel in range(cells.shape[2])]
        total += roughness**octave * np.stack(channels, axis=-1)
    total = (total - total.min()) / np.ptp(total)
    return to_image(255 * (total > 0.5 if rng.random() < 0.2 else total))


# ------------------------------------------------------------------------------------------------------------- patterns


def pattern(rng: np.random.Generator) -> Image.Image:
    """Stripes, checkerboard, dots, squared paper or a crossword, a little turned."""
    width, height = random_size(rng)
    y, x = np.mgrid[:height, :width].astype(float)
    angle = rng.normal(0, 0.3) if rng.random() < 0.5 else 0.0
    x, y = x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)
    period = rng.uniform(1 / 14, 1 / 4) * width
    u, v, thin = x % period / period, y % period / period, rng.uniform(0.05, 0.25)
    kind = rng.integers(5)
    if kind == 0:
        ink = (u if rng.random() < 0.5 else v) < rng.uniform(0.1, 0.6)
    elif kind == 1:
        ink = (u < 0.5) ^ (v < 0.5)
    elif kind == 2:
        ink = np.hypot(u - 0.5, v - 0.5) < rng.uniform(0.15, 0.45)
    else:
        ink = (u < thin) | (v < thin)
    if kind == 4:  # a crossword: some squares of the grid are black
        column, row = np.floor(x / period).astype(int), np.floor(y / period).astype(int)
        black = rng.random((np.ptp(row) + 1, np.ptp(column) + 1)) < 0.25
        ink |= black[row - row.min(), column - column.min()]
    return _in_two_colours(Image.fromarray((ink * 255).astype(np.uint8)), rng)


def texture(rng: np.random.Generator) -> Image.Image:
    """Wood, cloth or bricks."""
    width, height = random_size(rng)
    y, x = np.mgrid[:height, :width] / width
    warp = _stretch(rng.uniform(-1, 1, (5, 5)), (width, height))
    kind = rng.integers(3)
    if kind == 0:
        value = np.sin(rng.uniform(40, 120) * (y + 0.12 * warp) + 3 * np.sin(4 * x))
    elif kind == 1:
        step = rng.uniform(80, 250)
        value = np.sin(step * x) * np.sin(step * y) + 0.4 * warp
    else:
        rows = rng.integers(4, 12)
        shifted = x * rows / 2 + 0.5 * (np.floor(y * rows) % 2)
        mortar = (y * rows % 1 < 0.12) | (shifted % 1 < 0.06)
        value = np.where(mortar, 1.0, -0.5 + 0.4 * warp)
    value = value + rng.normal(0, 0.15, value.shape)
    low, high = (np.array(colour) for colour in random_colours(rng))
    share = np.clip((value + 1) / 2, 0, 1)[:, :, None]
    return to_image(low + share * (high - low))


# --------------------------------------------------------------------------------------------------- letters, scribbles


def letter(rng: np.random.Generator) -> Image.Image:
    """One letter or sign of a typeface."""
    return _typeset(LETTERS[rng.integers(len(LETTERS))], rng)


def word(rng: np.random.Generator) -> Image.Image:
    return _typeset(WORDS[rng.integers(len(WORDS))], rng)


def scribble(rng: np.random.Generator) -> Image.Image:
    """A pen that goes to and fro: too long for any digit."""
    width, height = random_size(rng)
    kind = rng.integers(3)
    count = rng.integers(14, 40)
    if kind == 0:  # anywhere
        points = rng.uniform(0.15, 0.85, (count, 2))
    elif kind == 1:  # zigzag
        across = np.tile([0.15, 0.85], count)[:count] + rng.normal(0, 0.04, count)
        points = np.column_stack([np.linspace(0.15, 0.85, count), across])
    else:  # coils
        turns = np.linspace(0, 2 * np.pi * count / 3, 3 * count)
        radius = rng.uniform(0.08, 0.2)
        drift = np.linspace(0.2, 0.8, len(turns))
        points = np.column_stack([drift + radius * np.cos(turns), 0.5 + 2 * radius * np.sin(turns)])
        points += np.cumsum(rng.normal(0, 0.01, points.shape), axis=0)
    for _ in range(2):  # rounded corners
        a, b = points[:-1], points[1:]
        points = np.stack([0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b], axis=1).reshape(-1, 2)
    if rng.random() < 0.5:
        points = points[:, ::-1]
    pen = rng.uniform(0.008, 0.04) * min(width, height)
    return _in_two_colours(ink_mask([points * (width, height)], (width, height), pen), rng, plain=0.6)


MAKERS: dict[str, Maker] = {
    "blank": blank,
    "empty sheet": empty_sheet,
    "noise": noise,
    "clouds": clouds,
    "pattern": pattern,
    "texture": texture,
    "letter": letter,
    "word": word,
    "scribble": scribble,
    "scene": scene,
    "portrait": portrait,
}


# ---------------------------------------------------------------------------------------------------------------- tools


def _stretch(cells: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return np.asarray(Image.fromarray(cells.astype(np.float32)).resize(size, Image.Resampling.BICUBIC))


def _in_two_colours(mask: Image.Image, rng: np.random.Generator, plain: float = 0.3) -> Image.Image:
    """Black on white in a `plain` share of all pictures, else in two colours."""
    if rng.random() < plain:
        return ImageOps.invert(mask)
    ink, paper = random_colours(rng)
    return Image.composite(Image.new("RGB", mask.size, ink), Image.new("RGB", mask.size, paper), mask)


@cache
def _faces() -> list[str]:
    """Typefaces: files that matplotlib brings where it is installed; "" stands for PIL's own."""
    try:
        import matplotlib
    except ImportError:
        return [""]
    folder = Path(matplotlib.get_data_path(), "fonts", "ttf")
    return ["", *(str(path) for path in sorted(folder.glob("DejaVu*.ttf")) if "Display" not in path.name)]


def _typeset(text: str, rng: np.random.Generator) -> Image.Image:
    size = random_size(rng)
    face = str(rng.choice(_faces()))
    font = ImageFont.truetype(face, 200) if face else ImageFont.load_default(200)
    left, top, right, bottom = font.getbbox(text)
    mask = Image.new("L", (right - left, bottom - top), 0)
    ImageDraw.Draw(mask).text((-left, -top), text, fill=255, font=font)
    mask = mask.rotate(rng.normal(0, 6), Image.Resampling.BILINEAR, expand=True)
    share = rng.uniform(0.3, 0.8) * min(size[0] / mask.width, size[1] / mask.height)
    mask = mask.resize(
        (max(8, round(mask.width * share)), max(8, round(mask.height * share))), Image.Resampling.LANCZOS
    )
    page = Image.new("L", size, 0)
    page.paste(mask, tuple(int(rng.uniform(0, room - side)) for room, side in zip(size, mask.size, strict=True)))
    return _in_two_colours(page, rng, plain=0.6)
