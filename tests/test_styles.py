"""Styles of writing, drawn onto digits in MNIST's form."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from strokes import draw_digit

from mnist_model.preprocessing import BOX, CENTRE, canonicalize
from mnist_model.styles import STYLES, draw_styles

NAMES = [str(digit) for digit in range(10)]
# A four that is open at the top, as most people write it.
OPEN_FOUR = [[(0.3, 0.1), (0.25, 0.55), (0.75, 0.55)], [(0.65, 0.1), (0.65, 0.9)]]


@pytest.fixture
def digits() -> torch.Tensor:
    from strokes import draw_strokes

    pages = [draw_digit(digit) for digit in range(10)]
    pages[4] = draw_strokes(OPEN_FOUR)
    return torch.from_numpy(np.stack([canonicalize(page) for page in pages]))


def test_digits_with_a_style_change_and_the_others_do_not(digits):
    torch.manual_seed(0)
    drawn = draw_styles(digits, torch.arange(10), NAMES, share=1.0)
    changed = (drawn - digits).abs().amax(dim=(1, 2)) > 60
    assert {name for name, is_changed in zip(NAMES, changed, strict=True) if is_changed} == set(STYLES)
    assert torch.equal(drawn[~changed], digits[~changed].float())


def test_a_share_of_none_and_names_that_are_no_digits_change_nothing(digits):
    labels = torch.arange(10)
    assert torch.equal(draw_styles(digits, labels, NAMES, share=0.0), digits.float())
    assert torch.equal(draw_styles(digits, labels, list("abcdefghij"), share=1.0), digits.float())


def test_what_is_drawn_is_in_the_form_of_mnist(digits):
    torch.manual_seed(0)
    drawn = draw_styles(digits.repeat(50, 1, 1), torch.arange(10).repeat(50), NAMES, share=1.0)
    assert drawn.min() >= 0 and drawn.max() < 255.01
    for image in drawn:
        ink = image > 100
        height, width = ink.any(dim=1).sum(), ink.any(dim=0).sum()
        assert BOX - 2 <= max(height, width) <= BOX + 2
        rows = (image.sum(dim=1) * (torch.arange(28) + 0.5)).sum() / image.sum()
        assert abs(rows - CENTRE) < 1


def test_zeros_are_slashed_open_or_drawn_on_past_the_top(digits):
    torch.manual_seed(0)
    drawn = draw_styles(digits[:1].repeat(90, 1, 1), torch.zeros(90, dtype=torch.long), NAMES, share=1.0)
    assert digits[0, 13:16, 13:16].max() < 50 and not is_open(digits[0])
    slashed = drawn[:, 13:16, 13:16].amax(dim=(1, 2)) > 150
    opened = torch.tensor([is_open(image) for image in drawn]) & ~slashed
    for share in (slashed, opened, ~slashed & ~opened):
        assert 15 < share.sum() < 45


def is_open(image: torch.Tensor) -> bool:
    """The ground around the digit reaches its middle."""
    page = Image.fromarray((image > 100).byte().numpy()).copy()  # one that can be drawn on
    ImageDraw.floodfill(page, (0, 0), 2)
    return page.getpixel((14, 14)) == 2


def test_ones_have_an_up_stroke_or_leave_with_a_stroke_to_the_right(digits):
    torch.manual_seed(0)
    stem = torch.zeros(1, 28, 28)
    stem[:, 4:24, 13:15] = 255
    drawn = draw_styles(stem.repeat(60, 1, 1), torch.ones(60, dtype=torch.long), NAMES, share=1.0)
    middle = (drawn[:, 4:14].sum(dim=1) * torch.arange(28)).sum(dim=1) / drawn[:, 4:14].sum(dim=(1, 2))
    foot = (drawn[:, 14:].sum(dim=1) * torch.arange(28)).sum(dim=1) / drawn[:, 14:].sum(dim=(1, 2))
    assert 15 < (foot > middle + 0.3).sum()
    assert 15 < (middle < foot - 0.3).sum()


def test_the_right_stroke_of_an_open_four_starts_lower(digits):
    torch.manual_seed(0)
    drawn = draw_styles(digits[4:5].repeat(20, 1, 1), torch.full([20], 4), NAMES, share=1.0)
    right = digits[4].float().sum(dim=0).argmax()
    assert right > 12 and digits[4, 5, right] > 150
    assert (drawn[:, 4:6, 14:].amax(dim=(1, 2)) < 100).all() and (drawn[:, 4:8, :14].amax(dim=(1, 2)) > 150).all()
