"""Styles of writing that MNIST's writers did not use, drawn onto its digits in training.

MNIST's writers were American. Elsewhere a zero has a slash, a one a long up-stroke or a foot, a seven a bar, a nine a
curved tail, and the right stroke of a four starts low. Who writes fast leaves a zero open, or draws on past where it
began, and leaves a one with a stroke towards the next digit. Strokes of the digit's own width are added or taken away,
and the digit is scaled into MNIST's 20x20 box again.

    images = draw_styles(images, labels, label_names, share=0.3)   # (B, 28, 28), values 0 to 255
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from .preprocessing import BOX, CENTRE, SIDE
from .stroke_drawing import distance_to_strokes

MARGIN = 10  # strokes may leave the picture: the digit is scaled afterwards
CANVAS = SIDE + 2 * MARGIN
INK = 100  # of 255: what counts as ink where the digit is measured
SEGMENTS = 10  # straight pieces that stand for a curve


@dataclass(frozen=True)
class Digits:
    """Digits on a larger canvas, and where they are on it, in pixels.

    Args:
        images: float32, shape (N, CANVAS, CANVAS), values 0 to 255.
        low, high: first and last column and row that hold ink, shape (N, 2), (x, y) each.
        stroke_width: shape (N,).
    """

    images: Tensor
    low: Tensor
    high: Tensor
    stroke_width: Tensor

    @property
    def size(self) -> Tensor:
        return self.high - self.low + 1

    @property
    def axis(self) -> Tensor:
        """Coordinates of the columns, and of the rows: shape (CANVAS,)."""
        return torch.arange(CANVAS, dtype=torch.float32, device=self.images.device)

    def between(self, low: float, high: float, *shape: int) -> Tensor:
        """Random numbers of shape (N, *shape)."""
        return low + (high - low) * torch.rand(len(self.images), *shape, device=self.images.device)

    def chance(self, probability: float) -> Tensor:
        return self.between(0, 1) < probability

    def middle_of_ink(self, fraction: float | Tensor) -> Tensor:
        """Mean (x, y) of the ink in the rows at `fraction` of the height, shape (N, 2)."""
        y = self.low[:, 1] + fraction * (self.size[:, 1] - 1)
        near = torch.exp(-((self.axis - y[:, None]) ** 2))  # (N, CANVAS)
        columns = (self.images * near[:, :, None]).sum(dim=1)
        return torch.stack([(columns * self.axis).sum(dim=1) / columns.sum(dim=1).clamp(min=1), y], dim=1)


def draw_styles(images: Tensor, labels: Tensor, label_names: list[str], share: float) -> Tensor:
    """Draw some of the digits that have one in a style of their own.

    Args:
        images: shape (B, 28, 28), values 0 to 255, in MNIST's form.
        labels: int64, shape (B,), indices into `label_names`. What is not named "0" to "9" is left as it is.
        share: of the digits that have a style, 0 to 1.
    Returns:
        float32, shape (B, 28, 28), values 0 to 255. Random numbers come from torch's global generator.
    """
    images = images.float()
    drawn = torch.rand(len(images), device=images.device) < share
    chance = torch.rand(len(images), device=images.device)
    for digit, styles in STYLES.items():
        if digit not in label_names:
            continue
        of_digit = drawn & (labels == label_names.index(digit))
        for index, draw in enumerate(styles):
            chosen = (of_digit & ((chance * len(styles)).long() == index)).nonzero()[:, 0]
            if len(chosen):
                images[chosen] = _into_box(draw(_measure(F.pad(images[chosen], [MARGIN] * 4))))
    return images


def _measure(images: Tensor) -> Digits:
    ink = images > INK
    low, high = [], []
    for other_axis in (1, 2):  # columns hold x, rows y
        holds = ink.any(dim=other_axis).int()
        low.append(holds.argmax(dim=1))
        high.append(CANVAS - 1 - holds.flip(1).argmax(dim=1))
    crossings = ink.diff(dim=1).sum(dim=(1, 2)) + ink.diff(dim=2).sum(dim=(1, 2))
    stroke_width = 2 * ink.sum(dim=(1, 2)) / (crossings * torch.pi / 4).clamp(min=1)
    return Digits(images, torch.stack(low, dim=1).float(), torch.stack(high, dim=1).float(), stroke_width)


def _slash(zeros: Digits) -> Tensor:
    """A line through the middle, mostly from lower left to upper right, often far beyond the oval."""
    middle = (zeros.low + zeros.high) / 2 + zeros.between(-1, 1, 2)
    x = zeros.size[:, 0] / 2 * zeros.between(0.0, 1.5)
    y = zeros.size[:, 1] / 2 * zeros.between(0.3, 1.4)
    reach = torch.stack([x * torch.where(zeros.chance(0.1), -1, 1), -y], dim=1)
    return _add_curve(_thinned(zeros), middle - reach * zeros.between(0.7, 1.1, 1), middle, middle + reach)


def _overrun(zeros: Digits) -> Tensor:
    """The stroke goes on past the top, where it began: into the oval, or out to one side."""
    top = zeros.middle_of_ink(0.04)
    width, height = zeros.size[:, 0], zeros.size[:, 1]
    inward = zeros.chance(0.5)
    side = torch.where(zeros.chance(0.75), 1, -1)
    x = torch.where(inward, -side * width * zeros.between(0, 0.3), side * zeros.between(3, 9))
    y = torch.where(inward, height * zeros.between(0.25, 0.55), -zeros.between(-1, 4))
    bend_x = torch.where(inward, -side * width * zeros.between(0.1, 0.35), x / 2)
    bend_y = torch.where(inward, height * zeros.between(0.05, 0.15), zeros.between(-1, 1))
    end, bend = top + torch.stack([x, y], dim=1), top + torch.stack([bend_x, bend_y], dim=1)
    return _add_curve(zeros, top, bend, end)


def _open(zeros: Digits) -> Tensor:
    """The stroke ends before it meets its beginning, somewhere near the top."""
    x, y = ((zeros.low + zeros.high) / 2).unbind(dim=1)
    right = (zeros.axis - x[:, None])[:, None, :] / zeros.size[:, 0, None, None]
    up = (y[:, None] - zeros.axis)[:, :, None] / zeros.size[:, 1, None, None]
    angle = torch.atan2(right, up)  # 0 at the top, clockwise
    middle, half = (torch.deg2rad(angle)[:, None, None] for angle in (zeros.between(-60, 60), zeros.between(6, 20)))
    return torch.where((angle - middle).abs() < half, 0, zeros.images)


def _exit_stroke(ones: Digits) -> Tensor:
    """From the foot of the stem a stroke rises to the right, steeply or less."""
    bottom = ones.middle_of_ink(0.97)
    right, rise = ones.between(2, 5), ones.size[:, 1] * ones.between(0.12, 0.45)
    bend = bottom + torch.stack([right * ones.between(0.2, 0.7), ones.between(0, 1.5)], dim=1)
    return _add_curve(_thinned(ones), bottom, bend, bottom + torch.stack([right, -rise], dim=1))


def _up_stroke(ones: Digits) -> Tensor:
    """A line from the lower left up to the top of the stem; under some a foot, or a hook to the right."""
    top, bottom = ones.middle_of_ink(0.03), ones.middle_of_ink(0.97)
    angle, length = torch.deg2rad(ones.between(20, 68)), ones.between(4, 16)
    start = top + torch.stack([-length * angle.cos(), length * angle.sin()], dim=1)
    images = _add_curve(ones, start, (start + top) / 2 + ones.between(-2, 2, 2), top)
    left, right = ones.between(2, 6), ones.between(2, 6)
    hook = ones.chance(0.3)
    left = torch.where(hook, 0, left)
    rise = torch.where(hook, ones.between(0, 4), ones.between(-1, 1))
    foot = torch.stack([-left, torch.zeros_like(left)], dim=1), torch.stack([right, -rise], dim=1)
    with_foot = _add_curve(replace(ones, images=images), bottom + foot[0], bottom, bottom + foot[1])
    return torch.where(ones.chance(0.35)[:, None, None], with_foot, images)


def _bar(sevens: Digits) -> Tensor:
    """A short line across the stem."""
    middle = sevens.middle_of_ink(sevens.between(0.4, 0.65))
    reach = torch.stack([sevens.between(2.5, 6), sevens.between(-2, 1)], dim=1)
    return _add_curve(sevens, middle - reach, middle, middle + reach)


def _tail(nines: Digits) -> Tensor:
    """The stem goes on in a curve to the left."""
    end = nines.middle_of_ink(0.97)
    down, left = nines.between(2, 6), nines.between(4, 14)
    turn = end + torch.stack([-left * nines.between(0, 0.3), down], dim=1)
    return _add_curve(nines, end, turn, end + torch.stack([-left, down * nines.between(-0.3, 1.1)], dim=1))


def _low_right_stroke(fours: Digits) -> Tensor:
    """Open fours lose the upper part of their right stroke; a four that is closed at the top stays as it is."""
    y = (fours.low[:, 1] + 0.25 * fours.size[:, 1]).long()
    row = fours.images[torch.arange(len(y), device=y.device), y] > INK  # (N, CANVAS)
    is_open = row.int().diff(dim=1).clamp(min=0).sum(dim=1) == 2
    columns = fours.axis
    first_end = (row.int().diff(dim=1) < 0).int().argmax(dim=1)
    second_start = CANVAS - 2 - (row.int().diff(dim=1) > 0).int().flip(1).argmax(dim=1)
    gap = (first_end + second_start + 1) / 2
    # The bar is where the most ink lies in a row, below the open top.
    below = (columns > y[:, None]) & (columns < (fours.high[:, 1] - 3)[:, None])
    bar = (fours.images.sum(dim=2) * below).argmax(dim=1)
    start = bar - fours.stroke_width * 0.7 - fours.between(0, 1) * (bar - fours.low[:, 1]) * 0.5
    # Some end early as well, which leaves the left stroke the longer one.
    end = torch.where(fours.chance(0.35), bar + fours.between(0.5, 1) * (fours.high[:, 1] - bar), CANVAS)
    rows = columns
    taken = ((columns > gap[:, None])[:, None, :] & (rows < start[:, None])[:, :, None]) | (rows > end[:, None])[
        :, :, None
    ]
    return torch.where(taken & is_open[:, None, None], 0, fours.images)


STYLES: dict[str, tuple[Callable[[Digits], Tensor], ...]] = {
    "0": (_slash, _overrun, _open),
    "1": (_up_stroke, _exit_stroke),
    "4": (_low_right_stroke,),
    "7": (_bar,),
    "9": (_tail,),
}


def _thinned(digits: Digits) -> Digits:
    """What is added to a thick digit with a stroke as thick would fill it up."""
    return replace(digits, stroke_width=digits.stroke_width.clamp(max=3))


def _add_curve(digits: Digits, start: Tensor, control: Tensor, end: Tensor) -> Tensor:
    """Draw a quadratic Bezier curve, of the digit's own stroke width, from points of shape (N, 2) in (x, y)."""
    start, control, end = start[:, None], control[:, None], end[:, None]
    t = torch.linspace(0, 1, SEGMENTS + 1, device=start.device)[:, None]
    points = (1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end  # (N, SEGMENTS + 1, 2)
    distance = distance_to_strokes(points[:, :-1], points[:, 1:], CANVAS)
    radius = digits.stroke_width[:, None, None] / 2
    return torch.maximum(digits.images, (radius + 0.5 - distance).clamp(0, 1) * 255)


def _into_box(images: Tensor) -> Tensor:
    """Scale digits on the canvas into the 20x20 box, centred by mass: as MNIST was made."""
    digits = _measure(images)
    longer = digits.size.max(dim=1).values
    scale = longer / BOX * SIDE / CANVAS
    axis = digits.axis + 0.5
    mass = images.sum(dim=(1, 2)).clamp(min=1)
    centre = torch.stack([(images.sum(dim=1) * axis).sum(dim=1), (images.sum(dim=2) * axis).sum(dim=1)], dim=1)
    centre = centre / mass[:, None] - (CENTRE - SIDE / 2) * (longer / BOX)[:, None]
    theta = torch.zeros(len(images), 2, 3, device=images.device)
    theta[:, 0, 0] = theta[:, 1, 1] = scale
    theta[:, :, 2] = centre * 2 / CANVAS - 1
    grid = F.affine_grid(theta, [len(images), 1, SIDE, SIDE], align_corners=False)
    return F.grid_sample(images[:, None], grid, mode="bilinear", padding_mode="zeros", align_corners=False)[:, 0]
