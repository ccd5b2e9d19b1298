"""The steps of a picture are those that `canonicalize` takes."""

import numpy as np
import pytest
from PIL import Image, ImageOps
from strokes import DIGITS, draw_digit, draw_strokes

from mnist_model import canonicalize
from mnist_model.steps import follow
from mnist_model.ui.assets import EXAMPLES


def shaded(page: Image.Image) -> Image.Image:
    """The page in light that fades from left to right."""
    light = np.linspace(1, 0.5, page.width)
    return Image.fromarray((np.asarray(page) * light).astype(np.uint8))


def turned(page: Image.Image) -> Image.Image:
    page = page.rotate(90, expand=True)
    page.getexif()[0x0112] = 6
    return page


PAGES = {
    "plain": draw_digit(3),
    "white on black": ImageOps.invert(draw_digit(5)),
    "shaded": shaded(draw_digit(4, pen=5)),
    "turned": turned(draw_digit(2)),
    "small in a large picture": draw_strokes(DIGITS["6"], (2000, 1500), pen=9, box=(300, 200, 110, 110)),
    "blank": Image.new("L", (60, 40), 255),
    "array": np.asarray(draw_digit(9)) / 255,
    "no picture": np.zeros((2, 2, 2, 2, 2)),
    **{path.stem: Image.open(path) for path in EXAMPLES},
}


@pytest.mark.parametrize("name", PAGES)
def test_the_last_step_is_what_canonicalize_gives(name):
    page = PAGES[name]
    steps = follow(page)
    assert (steps.canonical == canonicalize(page)).all()
    assert steps.grey.shape == steps.ground.shape == steps.ink.shape
    assert (steps.box is None) == (not steps.canonical.any())


def test_the_ground_is_the_paper_without_the_ink():
    paper = shaded(Image.new("L", (280, 280), 255))
    steps = follow(PAGES["shaded"])
    assert np.abs(steps.ground - np.asarray(paper, float)).mean() < 6
    assert not steps.bright and follow(PAGES["white on black"]).bright


def test_the_box_holds_the_digit():
    left, top, width, height = follow(PAGES["plain"]).box
    rows, columns = np.nonzero(np.asarray(PAGES["plain"]) < 128)
    assert abs(left - columns.min()) <= 2 and abs(left + width - columns.max() - 1) <= 2
    assert abs(top - rows.min()) <= 2 and abs(top + height - rows.max() - 1) <= 2


def test_a_small_digit_is_seen_from_close():
    steps = follow(PAGES["small in a large picture"])
    height = np.ptp(np.nonzero(steps.digit > 127)[0])
    assert height > 1.5 * steps.box[3]
