"""The rows of the table: which pictures, what is right, and the goal.

Every picture is made anew from its row's name and its own number, so that it is the same in every run.
"""

import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from mnist_model.handwriting import DIGIT_FILES, PEN, Strokes, draw, draw_white, load_drawings, some

from . import render
from .nondigits import MAKERS, nondigit
from .photograph import photograph

PENS = (4, 14, 28)
MNIST_TOLERANCE = 0.0003

# `--sets` in the order of the table.
SETS = (
    *("pens", "page", "white", "coloured", "transparent", "tiny", "enlarged", "soft", "close", "cell", "photographed"),
    *("numbers", "others", "nondigits", "mnist"),
)
OF_ONE_DIGIT = SETS[: SETS.index("numbers")]
# Pictures of each file, where all of them would take too long for what they tell.
DEFAULT_LIMITS = dict.fromkeys(("white", "coloured", "transparent", "tiny", "enlarged", "soft", "close", "cell"), 500)
DEFAULT_LIMITS["photographed"] = 200

# What counts as right.
LABEL = "the label alone"
DIGIT = "the label, and not refused"
NUMBER = "the whole text"
KEPT = "not refused"
REFUSED = "refused"


@dataclass(frozen=True)
class Sample:
    """One picture to measure on: `source` is the file or the kind that it comes from, `render` makes it."""

    truth: str
    source: str
    render: Callable[[], Image.Image]


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Args:
        right: what counts as right, one of the five above.
        goal: the least share, 0 to 1, that should be right; None where none is set.
        canonical: the pictures are in MNIST's form and go to the network as they are.
        baseline: the row that this one may fall short of by `MNIST_TOLERANCE`: that is its goal.
        same_as: rows of the same pictures.
    """

    name: str
    right: str
    goal: float | None
    samples: list[Sample]
    canonical: bool = False
    baseline: str | None = None
    same_as: tuple[str, ...] = ()


def seed_of(key: str, row: dict) -> list[int]:
    """A seed for one drawing in one row of the table: the same under every limit."""
    return [zlib.crc32(key.encode()), zlib.crc32(json.dumps(row["strokes"]).encode())]


def build_rows(folder: Path, sets: list[str], limit: int | None = None, mnist: str | None = None) -> list[Row]:
    """The rows of the table, their pictures not made yet.

    Args:
        folder: of the strokes.
        sets: some of `SETS`.
        limit: the most pictures of a file in a row; None for `DEFAULT_LIMITS`, or all.
        mnist: id or folder of MNIST, for the set "mnist".
    Raises:
        MnistModelError: strokes or MNIST cannot be read.
    """
    builders = {
        "pens": _pens,
        "page": partial(_variation, "page", "3 px pen, anywhere on a page", 0.985, _on_page),
        "white": partial(_variation, "white", "white on black", 0.98, _white),
        "coloured": partial(_variation, "coloured", "coloured ink on coloured paper", 0.98, _coloured),
        "transparent": partial(_variation, "transparent", "on transparent ground", 0.98, _transparent),
        "tiny": partial(_variation, "tiny", "28x28, hard-edged", 0.98, _tiny),
        "enlarged": partial(_variation, "enlarged", "16x16, enlarged to 28x28", None, _enlarged),
        "soft": partial(_variation, "soft", "16x16, soft, without a margin", None, _soft),
        "close": partial(_variation, "close", "white, 28 px pen, cut out closely", None, _close),
        "cell": partial(_variation, "cell", "between others, cut off", None, _cell),
        "photographed": partial(_variation, "photographed", "photographed", 0.97, photograph),
        "numbers": _numbers,
        "others": _others,
        "nondigits": _nondigits,
    }
    rows = []
    for name in SETS:
        if name in sets:
            most = limit or DEFAULT_LIMITS.get(name)
            rows += _mnist(mnist, most) if name == "mnist" else builders[name](folder, most)
    return rows


def resized_and_inverted(row: Row) -> Row:
    """The same pictures as most demonstrations give them to a network: grey, squeezed into 28x28, inverted.

    It has no way to refuse, so that the label alone counts.
    """
    samples = [replace(sample, render=partial(_resize_and_invert, sample)) for sample in row.samples]
    return replace(row, right=LABEL, goal=None, samples=samples, canonical=True)


def _resize_and_invert(sample: Sample) -> Image.Image:
    picture = ImageOps.exif_transpose(sample.render())
    return ImageOps.invert(picture.convert("L").resize((28, 28)))


def _pens(folder: Path, limit: int | None) -> list[Row]:
    return [_pen(folder, limit, file, pen) for file in DIGIT_FILES for pen in PENS]


def _pen(folder: Path, limit: int | None, file: str, pen: int) -> Row:
    digits = some(load_drawings(folder, file), limit)
    samples = [Sample(str(row["label"]), file, partial(draw, row["strokes"], pen)) for row in digits]
    return Row(f"{file}, {pen} px pen", DIGIT, 0.985, samples)


def _variation(key: str, name: str, goal: float | None, make: Callable, folder: Path, limit: int | None) -> list[Row]:
    """One row of both files' digits; `make(strokes, seed)` renders one."""
    samples = [
        Sample(str(row["label"]), file, partial(make, row["strokes"], seed_of(key, row)))
        for file in DIGIT_FILES
        for row in some(load_drawings(folder, file), limit)
    ]
    return [Row(name, DIGIT, goal, samples)]


def _on_page(strokes: Strokes, seed: list[int]) -> Image.Image:
    return render.draw_on_page(strokes, np.random.default_rng(seed))


def _white(strokes: Strokes, seed: list[int]) -> Image.Image:
    return draw_white(strokes, PEN)


def _coloured(strokes: Strokes, seed: list[int]) -> Image.Image:
    return render.draw_coloured(strokes, PEN, *render.random_colours(np.random.default_rng(seed)))


def _transparent(strokes: Strokes, seed: list[int]) -> Image.Image:
    """In black, white or any colour; what cannot be seen is black, as browsers leave it, or white."""
    rng = np.random.default_rng(seed)
    ink = [(0, 0, 0), (0, 0, 0), (255, 255, 255), render.random_colours(rng)[0]][rng.integers(4)]
    hidden = (0, 0, 0) if rng.random() < 0.7 else (255, 255, 255)
    return render.draw_transparent(strokes, PEN, ink, hidden)


def _tiny(strokes: Strokes, seed: list[int]) -> Image.Image:
    return render.draw_tiny(strokes, np.random.default_rng(seed))


def _close(strokes: Strokes, seed: list[int], pen: int = 2 * PEN) -> Image.Image:
    picture = draw_white(strokes, pen)
    return picture.crop(picture.getbbox())


def _enlarged(strokes: Strokes, seed: list[int]) -> Image.Image:
    small = ImageOps.pad(_close(strokes, seed, PEN), (16, 16), Image.Resampling.BOX)
    return small.resize((28, 28), Image.Resampling.BILINEAR)


def _soft(strokes: Strokes, seed: list[int]) -> Image.Image:
    """In either polarity; a thick pen, so that most of the picture may be ink."""
    rng = np.random.default_rng(seed)
    small = ImageOps.contain(_close(strokes, seed, int(rng.integers(18, 36))), (16, 16), Image.Resampling.BOX)
    soft = np.asarray(small.filter(ImageFilter.GaussianBlur(0.5)), np.float32)
    picture = Image.fromarray(np.clip(soft + rng.normal(0, 6, soft.shape), 0, 255).astype(np.uint8))
    return picture if rng.random() < 0.5 else ImageOps.invert(picture)


def _cell(strokes: Strokes, seed: list[int]) -> Image.Image:
    """On white, with a part of the same digit at either side: what a cell of a form shows of those before and after."""
    digit = _close(strokes, seed, PEN)
    margin, *gaps = (np.random.default_rng(seed).uniform(0.1, 0.3, 3) * max(digit.size)).round().astype(int).tolist()
    cell = Image.new("L", (digit.width + sum(gaps) + 2 * margin, digit.height + 2 * margin))
    left = margin + gaps[0]
    for x in (left - gaps[0] - digit.width, left, left + digit.width + gaps[1]):
        cell.paste(digit, (x, margin))
    return ImageOps.invert(cell)


def _numbers(folder: Path, limit: int | None) -> list[Row]:
    file, samples = "unipen-numbers", []
    for row in some(load_drawings(folder, file), limit):
        digits = "".join(sign for sign in row["text"] if sign.isdigit())
        height = np.random.default_rng(seed_of("numbers", row)).uniform(100, 150)
        samples.append(Sample(digits, file, partial(render.draw_number, row["strokes"], height)))
    return [Row(f"{file}, whole", NUMBER, 0.93, samples)]


def _others(folder: Path, limit: int | None) -> list[Row]:
    """Letters and signs that should be refused, and digits that should not."""
    signs = some([row for row in load_drawings(folder, "unipen-others") if not row["lookalike"]], limit)
    refused = [Sample(row["char"], "unipen-others", partial(draw, row["strokes"], PEN)) for row in signs]
    pens = [_pen(folder, limit, file, PEN) for file in DIGIT_FILES]
    kept = [sample for pen in pens for sample in pen.samples]
    return [
        Row("unipen-others, refused", REFUSED, 0.9, refused),
        Row("real digits, not refused", KEPT, 0.99, kept, same_as=tuple(pen.name for pen in pens)),
    ]


def _nondigits(folder: Path, limit: int | None) -> list[Row]:
    kinds = list(MAKERS)
    samples = [
        Sample(kinds[index % len(kinds)], kinds[index % len(kinds)], partial(_nondigit, index))
        for index in range(limit or 50 * len(kinds))
    ]
    return [Row("made-up non-digits, refused", REFUSED, 0.99, samples)]


def _nondigit(index: int) -> Image.Image:
    return nondigit(0, index)[1]


def _mnist(dataset: str, limit: int | None) -> list[Row]:
    from mnist_model.data import DataConfig, load_data

    data = load_data(DataConfig(dataset=dataset))
    images, labels = data.test.images[:limit].numpy(), data.test.labels[:limit].tolist()
    samples = [
        Sample(data.label_names[label], "MNIST", partial(Image.fromarray, image))
        for image, label in zip(images, labels, strict=True)
    ]
    bare = Row("MNIST test, network alone", LABEL, None, samples, canonical=True)
    return [bare, Row("MNIST test, predict()", LABEL, None, samples, baseline=bare.name)]
