"""Made-up pictures that are no digits, for the network to learn in training what a digit is not.

A classifier that has seen digits alone takes a letter for the digit that it resembles most, and is sure of it. One that
was also taught to be unsure of some outliers is unsure of others that it never saw: Hendrycks et al., "Deep Anomaly
Detection with Outlier Exposure", 2019. The outliers are drawn here: letters and symbols, scribbles, digits cut up or
crossed out, and patches of texture, in the form that `preprocessing.canonicalize` leaves of such pictures. What a
person would read as a digit is left out, as far as can be told without the labels of the digits.

    images = make_nondigits(digits, 16)   # (16, 28, 28), values 0 to 255
"""

from dataclasses import dataclass
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from .errors import MnistModelError
from .glyphs import LETTERS, OTHER_SCRIPTS, SCRIBBLES, STRIKES, SYMBOLS
from .preprocessing import BOX, CENTRE, SIDE
from .stroke_drawing import bend, compile_drawings, distance_to_strokes, random_affine

MARGIN = (SIDE - BOX) // 2
HALF = BOX // 2


@dataclass(frozen=True)
class Kind:
    """One kind of non-digit.

    Args:
        share: of all that is made.
        drawn: the strokes that it is drawn with, if any.
        jitter: standard deviation of the displacement of each point, as a fraction of the glyph.
        turn: limit of the rotation, in degrees.
        widths: of the pen, in pixels.
    """

    share: float
    drawn: dict[str, tuple[str, ...]] | None = None
    jitter: float = 0.0
    turn: float = 0.0
    widths: tuple[float, float] = (1.5, 4.5)


KINDS = {
    "letter": Kind(0.33, LETTERS, jitter=0.04, turn=15),
    "symbol": Kind(0.19, SYMBOLS | OTHER_SCRIPTS, jitter=0.035, turn=15, widths=(1.5, 3.5)),
    "scribble": Kind(0.09, SCRIBBLES, jitter=0.08, turn=180, widths=(1.5, 3.0)),
    "cut": Kind(0.05),
    "row": Kind(0.07),
    "struck": Kind(0.04, STRIKES, jitter=0.05, turn=90, widths=(1.5, 2.8)),
    "rotated": Kind(0.04, STRIKES, jitter=0.05, turn=90, widths=(1.5, 2.8)),
    "noise": Kind(0.06),
    "pattern": Kind(0.06),
    "shape": Kind(0.04),
    "arch": Kind(0.03),
}


def make_nondigits(digits: Tensor, count: int) -> Tensor:
    """Make pictures that are no digits, a random mixture of all kinds.

    Args:
        digits: what some of them are made of, shape (N, 28, 28), values 0 to 255, uint8 or float, in MNIST's form.
        count: how many to make.
    Returns:
        float32, shape (count, 28, 28), values 0 to 255, on the device of `digits`: bright ink on black in a box of
        20x20, centred by mass. Random numbers come from torch's global generator.
    Raises:
        MnistModelError: there are no digits.

    >>> make_nondigits(torch.zeros(4, 28, 28, dtype=torch.uint8), 3).shape
    torch.Size([3, 28, 28])
    """
    shares = torch.tensor([kind.share for kind in KINDS.values()], device=digits.device)
    if count == 0:
        return torch.zeros(0, SIDE, SIDE, device=digits.device)
    return draw_kinds(digits, torch.multinomial(shares, count, replacement=True))


def draw_kinds(digits: Tensor, kinds: Tensor) -> Tensor:
    """Make one picture of each of the kinds asked for.

    Args:
        digits: as for `make_nondigits`.
        kinds: int64, shape (count,), indices into `KINDS`.
    Returns:
        float32, shape (count, 28, 28), as `make_nondigits` does.
    Raises:
        MnistModelError: there are no digits.
    """
    if len(digits) == 0:
        raise MnistModelError("Non-digits are made of digits, and none were given: pass at least one.")
    tiles = torch.zeros(len(kinds), BOX, BOX, device=digits.device)
    for index, name in enumerate(KINDS):
        rows = (kinds == index).nonzero()[:, 0]
        if name in _BACKGROUNDS and len(rows):
            tiles[rows] = _into_box(_BACKGROUNDS[name](digits, len(rows)))
    drawn = torch.tensor([kind.drawn is not None for kind in KINDS.values()], device=kinds.device)
    rows = drawn[kinds].nonzero()[:, 0]
    if len(rows):
        tiles[rows] = torch.maximum(tiles[rows], _draw_strokes(kinds[rows]))
    return _centre_by_mass(tiles) * 255


def _between(count: int, low: float | Tensor, high: float | Tensor, like: Tensor) -> Tensor:
    """Random numbers of shape (count, 1, 1), from `low` to `high`."""
    return low + (high - low) * torch.rand(count, 1, 1, device=like.device)


def _into_box(tiles: Tensor) -> Tensor:
    """Scale ink of shape (N, BOX, BOX) so that its longer side fills the box."""
    axis = torch.arange(BOX, device=tiles.device)
    theta = torch.zeros(len(tiles), 2, 3, device=tiles.device)
    sizes = []
    for index, other_axis in enumerate((1, 2)):  # columns hold x, rows y
        holds = tiles.amax(dim=other_axis) > 0.1
        low = torch.where(holds, axis, BOX).amin(dim=1)
        high = torch.where(holds, axis, -1).amax(dim=1) + 1
        theta[:, index, 2] = (low + high) / BOX - 1
        sizes.append(high - low)
    theta[:, 0, 0] = theta[:, 1, 1] = torch.maximum(*sizes).clamp(min=1) / BOX
    grid = F.affine_grid(theta, [len(tiles), 1, BOX, BOX], align_corners=False)
    return F.grid_sample(tiles[:, None], grid, mode="bilinear", padding_mode="zeros", align_corners=False)[:, 0]


def _centre_by_mass(tiles: Tensor) -> Tensor:
    """Move ink of shape (N, BOX, BOX) by whole pixels, as `preprocessing.canonicalize` does: (N, SIDE, SIDE)."""
    axis = torch.arange(BOX, device=tiles.device) + 0.5
    mass = tiles.sum(dim=(1, 2)).clamp(min=1e-6)
    padded = F.pad(tiles, [0, 1, 0, 1])  # what lies outside of the tile is read from its last row and column
    targets = torch.arange(SIDE, device=tiles.device)
    sources = []
    for other_axis in (2, 1):
        first = (CENTRE - (tiles.sum(dim=other_axis) * axis).sum(dim=1) / mass).round().clamp(0, SIDE - BOX).long()
        source = targets - first[:, None]  # (N, SIDE)
        sources.append(torch.where((source < 0) | (source >= BOX), BOX, source))
    rows, columns = sources
    return padded[torch.arange(len(tiles), device=tiles.device)[:, None, None], rows[:, :, None], columns[:, None, :]]


# ------------------------------------------------------------------------------------------------------------ strokes


@dataclass(frozen=True)
class _Templates:
    """The drawings of all kinds.

    Args:
        points, strokes, weights: as `compile_drawings` gives them.
        first, count: of each kind's drawings, shape (K,).
        jitter, turn, narrow, wide: of each kind, shape (K,).
    """

    points: Tensor
    strokes: Tensor
    weights: Tensor
    first: Tensor
    count: Tensor
    jitter: Tensor
    turn: Tensor
    narrow: Tensor
    wide: Tensor


@cache
def _templates(device: torch.device) -> _Templates:
    drawings = [kind.drawn or {} for kind in KINDS.values()]
    variants = [[variant for variants in drawn.values() for variant in variants] for drawn in drawings]
    counts = torch.tensor([len(of_kind) for of_kind in variants])
    points, strokes, weights = compile_drawings([variant for of_kind in variants for variant in of_kind])
    limits = [[k.jitter, k.turn * torch.pi / 180, *k.widths] for k in KINDS.values()]
    tensors = [
        points,
        strokes,
        weights,
        counts.cumsum(0) - counts,
        counts,
        *torch.tensor(limits).unbind(1),
    ]
    return _Templates(*(tensor.to(device) for tensor in tensors))


def _draw_strokes(kinds: Tensor) -> Tensor:
    """Draw one of the kind's drawings each, as a hand would: ink of shape (N, BOX, BOX), that fills the box."""
    known, count = _templates(kinds.device), len(kinds)
    index = known.first[kinds] + (torch.rand(count, device=kinds.device) * known.count[kinds]).long()
    jitter = known.jitter[kinds][:, None, None] * _between(count, 0.4, 1.6, known.points)  # some write neatly
    points, strokes = known.points[index], known.strokes[index]
    shift = torch.randn_like(points).gather(1, strokes[:, :, None].expand(-1, -1, 2))  # the same for a whole stroke
    points = points + jitter * (torch.randn_like(points) + 0.6 * shift)
    line = bend(known.weights[index] @ points)  # (N, 2 * S, 2)
    line = line @ random_affine(known.turn[kinds])
    widths = _between(count, known.narrow[kinds][:, None, None], known.wide[kinds][:, None, None], points)
    low, high = line.amin(dim=1, keepdim=True), line.amax(dim=1, keepdim=True)
    scale = (BOX - widths) / (high - low).amax(dim=2, keepdim=True).clamp(min=0.1)
    line = (line - (low + high) / 2) * scale + (BOX - 1) / 2
    starts, ends = line.chunk(2, dim=1)
    softness = _between(count, 1.0, 2.0, points)
    return (widths / 2 - distance_to_strokes(starts, ends, BOX)).div(softness).add(0.5).clamp(0, 1)


# ------------------------------------------------------------------------------------------------------------- digits


def _choose(digits: Tensor, count: int, several: int) -> list[Tensor]:
    """Random digits, `several` for each picture, none twice if there are enough: ink of shape (count, BOX, BOX)."""
    first = torch.randint(len(digits), [count], device=digits.device)
    step = 1 + torch.randint(max(1, (len(digits) - 1) // max(1, several - 1)), [count], device=digits.device)
    crop = digits[:, MARGIN:-MARGIN, MARGIN:-MARGIN]
    return [crop[(first + index * step) % len(digits)].float() / 255 for index in range(several)]


def _cut(digits: Tensor, count: int) -> Tensor:
    """Strips of two digits out of order, every other one moved along by half a digit: no stroke goes on in the next."""
    one, other = _choose(digits, count, 2)
    strip = torch.arange(BOX, device=digits.device).view(4, -1)
    strips = torch.where((strip.flatten() // (BOX // 4) % 2 == 1)[:, None], one.roll(HALF, dims=2), other)
    strips = strips[:, strip[[2, 0, 3, 1]].flatten()]
    return torch.where(_between(count, 0, 1, one) < 0.5, strips, strips.mT)


def _row(digits: Tensor, count: int) -> Tensor:
    """Two or three digits side by side."""
    tiles = torch.stack(_choose(digits, count, 3), dim=1)[..., 2:-2]
    height = int(torch.randint(10, 17, []))
    rows = []
    for several, width in ((2, HALF), (3, 7)):
        small = F.interpolate(tiles[:, :several], size=(height, width), mode="area")
        row = F.pad(small.transpose(1, 2).flatten(2), [0, 0, (BOX - height) // 2, (BOX + 1 - height) // 2])
        rows.append(row[..., :BOX])
    two, three = rows
    return (1.6 * torch.where(_between(count, 0, 1, tiles) < 0.6, two, three)).clamp(max=1)


def _struck(digits: Tensor, count: int) -> Tensor:
    """A digit over another on its side, to be crossed out: one alone would often be legible still."""
    one, other = _choose(digits, count, 2)
    return torch.maximum(one, other.rot90(1, dims=(1, 2)))


def _rotated(digits: Tensor, count: int) -> Tensor:
    """A digit on its side, to be crossed out: a 0 on its side is one still."""
    return _choose(digits, count, 1)[0].rot90(1, dims=(1, 2))


# ----------------------------------------------------------------------------------------------------------- textures


def _noise(digits: Tensor, count: int) -> Tensor:
    """Grain and blotches, from pixels to large: half of the patch is ink, more or less hard."""
    field = torch.zeros(count, BOX, BOX, device=digits.device)
    for knots, least in (
        (4, 0.0),
        (7, 0.1),
        (BOX, 0.2),
    ):  # some fine grain always, so that no blotch has a plain outline
        grain = torch.randn(count, 1, knots, knots, device=digits.device)
        grain = F.interpolate(grain, size=(BOX, BOX), mode="bicubic", align_corners=True)[:, 0]
        field += grain * (least + _between(count, 0, 1, field) ** 2)
    field = (field - field.mean(dim=(1, 2), keepdim=True)) / field.std(dim=(1, 2), keepdim=True).clamp(min=1e-6)
    hardness = _between(count, -1.5, 2, field).exp()
    ink = ((field + _between(count, -0.5, 0.5, field)) * hardness + 0.5).clamp(0, 1)
    return ink * _patch(ink)


def _pattern(digits: Tensor, count: int) -> Tensor:
    """Stripes, grids, checkers, dots and arcs."""
    x, y = _turned_axes(digits, count, torch.pi)
    wavelength = _between(count, 2.2, 5.5, x)
    along, across = (torch.sin(2 * torch.pi / wavelength * axis + _between(count, 0, 6.28, x)) for axis in (x, y))
    radius = ((x - HALF) ** 2 + y**2).sqrt()  # from the edge: one ring around the middle would be a 0
    ring = torch.sin(2 * torch.pi / wavelength * radius + _between(count, 0, 6.28, x))
    wave = torch.stack([along, torch.maximum(along, across), along * across * 2, torch.minimum(along, across), ring])
    wave = wave[torch.randint(5, [count], device=x.device), torch.arange(count, device=x.device)]
    ink = (wave * _between(count, 0.2, 3, x) + _between(count, 0.4, 0.7, x)).clamp(0, 1)
    return ink * _patch(ink)


def _shape(digits: Tensor, count: int) -> Tensor:
    """Filled rectangles, ellipses and triangles, some fading to one side, some with features as a face has."""
    x, y = _turned_axes(digits, count, 0.5)
    fade = (0.6 + (x * _between(count, -1, 1, x) + y * _between(count, -1, 1, x)) * _between(count, 0, 0.1, x)).clamp(
        0, 1
    )
    faded = torch.where(_between(count, 0, 1, x) < 0.5, fade / fade.amax(dim=(1, 2), keepdim=True), 1)
    features = F.interpolate(
        torch.rand(count, 1, 5, 5, device=x.device), size=(BOX, BOX), mode="bicubic", align_corners=True
    )[:, 0]
    faded = faded * (1 - _between(count, 0, 1, x) * features).clamp(0, 1)
    return _filled(x, y, triangles=True) * faded


def _arch(digits: Tensor, count: int) -> Tensor:
    """Crescents and arches, half upright as hair around a face is, half turned any way: open, or it would be a 0."""
    upright = _between(count, 0, 1, digits) < 0.5
    x, y = _turned_axes(digits, count, torch.where(upright, 0.4, torch.pi))
    a, b = _between(count, 6, 9, x), _between(count, 6, 9, x)
    down, ends = _between(count, 0.2, 0.6, x), _between(count, 0.35, 0.85, x)
    inner = (1 + down**2 - 2 * down * ends).sqrt()  # of this radius, and so far down, it leaves the outline at the ends
    outside = ((x / a) ** 2 + (y / b) ** 2).sqrt().sub(1) * 8
    hollow = ((x / a) ** 2 + (y / b - down) ** 2).sqrt().sub(inner) * 8
    return (0.5 - torch.maximum(outside, -hollow)).clamp(0, 1) * _between(count, 0.7, 1, x)


def _turned_axes(digits: Tensor, count: int, turn: float | Tensor) -> tuple[Tensor, Tensor]:
    axis = torch.arange(BOX, device=digits.device) - (BOX - 1) / 2
    angle = turn * _between(count, -1, 1, axis)
    cos, sin = angle.cos(), angle.sin()
    return axis * cos + axis[:, None] * sin, axis[:, None] * cos - axis * sin


def _filled(x: Tensor, y: Tensor, triangles: bool) -> Tensor:
    count = len(x)
    a, b = _between(count, 6.5, 9, x), _between(count, 6.5, 9, x)
    rectangle = torch.maximum(x.abs() - a, y.abs() - b)
    ellipse = ((x / a) ** 2 + (y / b) ** 2).sqrt().sub(1) * 8
    triangle = torch.maximum(x.abs() * 0.9 + y * 0.45 - b * 0.45, -y - b)
    which = _between(count, 0, 3 if triangles else 2, x)
    outside = torch.where(which < 1, rectangle, torch.where(which < 2, ellipse, triangle))
    return (0.5 - outside).clamp(0, 1)


def _patch(ink: Tensor) -> Tensor:
    """Where a texture is seen: mostly the whole box, else a rectangle or an ellipse in it."""
    part = _filled(*_turned_axes(ink, len(ink), 0.3), triangles=False)
    return torch.where(_between(len(ink), 0, 1, ink) < 0.6, 1, part)


_BACKGROUNDS = {
    "cut": _cut,
    "row": _row,
    "struck": _struck,
    "rotated": _rotated,
    "noise": _noise,
    "pattern": _pattern,
    "shape": _shape,
    "arch": _arch,
}
