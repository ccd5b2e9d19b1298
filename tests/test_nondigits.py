"""Made-up pictures that are no digits."""

import pytest
import torch
from strokes import draw_digit

from mnist_model.errors import MnistModelError
from mnist_model.glyphs import GLYPHS, SCRIBBLES, STRIKES
from mnist_model.nondigits import KINDS, draw_kinds, make_nondigits
from mnist_model.preprocessing import BOX, CENTRE, SIDE, canonicalize, connected_components

# What a person could take for a digit, or for a stroke of nothing.
LOOKALIKES = set("0123456789OoQDIlSsZzBbGgqyL|/-.,'`")


@pytest.fixture(scope="module")
def digits() -> torch.Tensor:
    return torch.stack([torch.from_numpy(canonicalize(draw_digit(digit))) for digit in range(10)])


def draw(digits: torch.Tensor, name: str, count: int) -> torch.Tensor:
    return draw_kinds(digits, torch.full([count], list(KINDS).index(name)))


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_is_in_the_form_of_mnist(digits, name):
    torch.manual_seed(0)
    images = draw(digits, name, 200)
    assert images.shape == (200, SIDE, SIDE) and images.dtype == torch.float32
    assert images.min() >= 0 and images.max() <= 255 and (images.amax(dim=(1, 2)) > 100).all()
    ink = images > 0.1 * 255
    for image in ink:
        rows, columns = image.any(dim=1).nonzero(), image.any(dim=0).nonzero()
        longer = max(rows.max() - rows.min(), columns.max() - columns.min()) + 1
        assert BOX - 2 <= longer <= BOX
    axis = torch.arange(SIDE) + 0.5
    for other_axis in (1, 2):
        centres = (images.sum(dim=other_axis) * axis).sum(dim=1) / images.sum(dim=(1, 2))
        # As in MNIST, moved by whole pixels; the box stays in the picture, and so some cannot be moved far enough.
        off = (centres - CENTRE).abs()
        assert (off <= 0.51).float().mean() > 0.95 and off.max() < 2


@pytest.mark.parametrize("name", KINDS)
def test_those_of_a_kind_differ(digits, name):
    torch.manual_seed(0)
    images = draw(digits, name, 40).flatten(1)
    equal = torch.cdist(images, images) < 50
    assert equal.sum() < 2 * 40  # each is equal to itself, and ten digits can be combined in so many ways only


def test_all_kinds_are_drawn_in_their_shares(digits, monkeypatch):
    seen = []

    def remember(digits, kinds):
        seen.append(kinds)
        return draw_kinds(digits, kinds)

    monkeypatch.setattr("mnist_model.nondigits.draw_kinds", remember)
    torch.manual_seed(0)
    make_nondigits(digits, 2000)
    shares = torch.bincount(seen[0], minlength=len(KINDS)) / 2000
    expected = torch.tensor([kind.share for kind in KINDS.values()])
    assert expected.sum().item() == pytest.approx(1)
    assert (shares - expected).abs().max() < 0.05 and (shares > 0.01).all()


def test_the_seed_decides(digits):
    def make(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        return make_nondigits(digits, 40)

    assert torch.equal(make(0), make(0)) and not torch.equal(make(0), make(1))


@pytest.mark.parametrize("name", ["cut", "row", "struck", "rotated"])
def test_what_is_made_of_digits_is_none_of_them(digits, name):
    torch.manual_seed(0)
    images = draw(digits, name, 200).flatten(1)
    nearest = torch.cdist(images, digits.flatten(1).float()).amin(dim=1)
    assert (nearest > 1000).all()  # between two digits it is about 2500


def test_an_arch_is_open(digits):
    torch.manual_seed(0)
    open_ones = [int(connected_components(image.numpy() < 60).max()) == 1 for image in draw(digits, "arch", 200)]
    assert sum(open_ones) >= 196


def test_one_digit_is_enough_and_none_is_refused(digits):
    assert make_nondigits(digits[:1], 100).shape == (100, SIDE, SIDE)
    assert make_nondigits(digits, 0).shape == (0, SIDE, SIDE)
    with pytest.raises(MnistModelError, match="at least one"):
        make_nondigits(digits[:0], 3)


def test_digits_are_left_as_they_are(digits):
    before = digits.clone()
    make_nondigits(digits, 50)
    assert torch.equal(digits, before)
    floats = digits.float()
    torch.manual_seed(0)
    of_floats = make_nondigits(floats, 50)
    torch.manual_seed(0)
    assert torch.equal(of_floats, make_nondigits(digits, 50))


def test_no_glyph_is_one_that_a_person_could_take_for_a_digit():
    assert not LOOKALIKES & set(GLYPHS)
    assert len(GLYPHS) > 80


def test_every_drawing_is_well_formed():
    for drawn in (GLYPHS, SCRIBBLES, STRIKES):
        for name, variants in drawn.items():
            assert isinstance(variants, tuple), name
            assert len(set(variants)) == len(variants), name
            for stroke in (stroke for variant in variants for stroke in variant.split(",")):
                points = stroke.strip().removeprefix("~").split()
                assert len(points) >= 2 and all(len(point) == 2 and point.isdigit() for point in points), (name, stroke)
