"""Pen strokes drawn on whole batches of pictures, as distances to line segments."""

import torch
from torch import Tensor

GRID = 9  # the largest coordinate of a point in a drawing


def distance_to_strokes(starts: Tensor, ends: Tensor, side: int) -> Tensor:
    """How far each pixel lies from the nearest of its picture's segments.

    Args:
        starts, ends: of the S segments of each of N pictures, shape (N, S, 2), (x, y) in pixels; the centre of the
            first pixel is (0, 0).
        side: of the square pictures, in pixels.
    Returns:
        float32, shape (N, side, side), in pixels.

    >>> distance_to_strokes(torch.tensor([[[0.0, 0.0]]]), torch.tensor([[[2.0, 0.0]]]), 3)[0].int()
    tensor([[0, 0, 0],
            [1, 1, 1],
            [2, 2, 2]], dtype=torch.int32)
    """
    middles, halves = (starts + ends) / 2, (ends - starts) / 2
    lengths = halves.norm(dim=-1, keepdim=True)
    # A segment without length is a dot, and may have any direction.
    directions = torch.where(lengths > 0, halves / lengths.clamp(min=1e-9), torch.tensor([1.0, 0.0]).to(starts))
    axis = torch.arange(side, dtype=starts.dtype, device=starts.device)
    x, y = (axis - middles[..., None]).unbind(dim=2)  # (N, S, side) each
    cos, sin = directions[..., None].unbind(dim=2)  # (N, S, 1) each
    # The frame of the segment: `along` it, counted from its middle, and `off` it.
    along = (x * cos)[:, :, None, :] + (y * sin)[:, :, :, None]
    off = (y * cos)[:, :, :, None] - (x * sin)[:, :, None, :]
    beyond = along.abs_().sub_(lengths[..., None]).clamp_(min=0)
    return beyond.square_().addcmul_(off, off).amin(dim=1).sqrt_()


def compile_drawings(drawings: list[str]) -> tuple[Tensor, Tensor, Tensor]:
    """Points of drawings, and the weights that make segments of them: curves are linear in their points.

    Args:
        drawings: T of them, written as in `glyphs`.
    Returns:
        points, shape (T, P, 2), from -0.5 to 0.5; strokes, int64, shape (T, P), which stroke each point belongs to;
        and weights, shape (T, 2 * S, P): `weights @ points` are the S segments' starts, then their ends.

    >>> points, strokes, weights = compile_drawings(["00 90, 09 99"])
    >>> (weights @ points)[0].tolist()[0], strokes[0].tolist()
    ([-0.5, -0.5], [0, 0, 1, 1])
    """
    compiled = [_compile(drawing) for drawing in drawings]
    size = max(len(some) for some, _, _ in compiled)
    segments = max(some.shape[1] for _, _, some in compiled)
    points, strokes = torch.zeros(len(drawings), size, 2), torch.zeros(len(drawings), size, dtype=torch.long)
    weights = torch.zeros(len(drawings), 2, segments, size)
    for index, (some_points, some_strokes, some_weights) in enumerate(compiled):
        points[index, : len(some_points)], strokes[index, : len(some_points)] = some_points, some_strokes
        weights[index, :, :, : len(some_points)] = some_weights[:, -1:]  # the last segment fills up the rest
        weights[index, :, : some_weights.shape[1], : len(some_points)] = some_weights
    return points, strokes, weights.flatten(1, 2)


def _compile(drawing: str) -> tuple[Tensor, Tensor, Tensor]:
    """Points (P, 2), their strokes (P,), and the weights of the points in the segments' ends, (2, S, P)."""
    strokes = [stroke.split() for stroke in drawing.replace("~", "~ ").split(",")]
    smooth = [stroke[0] == "~" for stroke in strokes]
    strokes = [[point for point in stroke if point != "~"] for stroke in strokes]
    points = torch.tensor([[int(x), int(y)] for stroke in strokes for x, y in stroke]) / GRID - 0.5
    owner = torch.tensor([index for index, stroke in enumerate(strokes) for _ in stroke])
    starts, ends = [], []
    for index, is_smooth in enumerate(smooth):
        own = (owner == index).nonzero()[:, 0].tolist()
        for before, a, b, after in zip([own[0], *own], own, own[1:], [*own[2:], own[-1]], strict=False):
            length = (points[a] - points[b]).norm().item() * GRID
            pieces = max(1, round(length / 1.4)) if is_smooth else 2
            t = torch.linspace(0, 1, pieces + 1)
            weights = torch.zeros(pieces + 1, len(points))
            if is_smooth:  # Catmull-Rom
                weights[:, before] += (-t + 2 * t**2 - t**3) / 2
                weights[:, a] += (2 - 5 * t**2 + 3 * t**3) / 2
                weights[:, b] += (t + 4 * t**2 - 3 * t**3) / 2
                weights[:, after] += (-(t**2) + t**3) / 2
            else:
                weights[:, a], weights[:, b] = 1 - t, t
            starts.append(weights[:-1])
            ends.append(weights[1:])
    return points, owner, torch.stack([torch.cat(starts), torch.cat(ends)])


def bend(line: Tensor) -> Tensor:
    """Move points by a smooth random displacement of the plane, so that no line is quite straight."""
    count = len(line)
    waves = torch.randn(count, 2, 2, device=line.device) * 3
    phases = torch.rand(count, 1, 2, device=line.device) * (2 * torch.pi)
    return line + 0.04 * (line @ waves + phases).sin()


def random_affine(turn: Tensor) -> Tensor:
    """Matrices that turn by at most `turn`, slant, and change the aspect: (N, 2, 2), to multiply from the right."""
    angle, slant, aspect = (torch.rand(3, len(turn), device=turn.device) * 2 - 1).unbind()
    angle, slant, aspect = angle * turn, 0.35 * slant, (0.35 * aspect).exp()
    cos, sin = angle.cos(), angle.sin()
    return torch.stack([cos * aspect, sin * aspect, cos * slant - sin, sin * slant + cos], dim=1).view(-1, 2, 2)
