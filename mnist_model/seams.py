"""Cut ink that may be several digits along seams: ways from top to bottom that cross as few strokes as they can."""

from bisect import bisect
from operator import itemgetter

import numpy as np

from .preprocessing import pool, stroke_width
from .segmentation import EDGE, MIN_MAIN_HEIGHT, Line, Piece

# Relative to the height of the line.
MIN_CUT_WIDTH = 0.5  # a narrower part is one digit
MIN_STROKES = 2.0  # a part that is less high than so many strokes are wide is a dash
MIN_CUT_PIECE = 0.2  # the longer side of what is cut off
MIN_SIDE = 0.3  # length of the stroke on either side of a seam
SEAM_DISTANCE = 0.15  # between two seams, half-way down
MIN_BETWEEN = 0.2  # length of the stroke between two seams

# Seams are looked for in this many rows; the cost of a seam is counted in strokes that it crosses.
SEAM_ROWS = 40
SIDESTEP = 0.02  # for a step to the side
ALONG = 0.15  # for a way along a stroke, as long as that is wide: two digits may share a wall


def cut_line(line: Line) -> Line:
    """The line with all its parts cut into pieces."""
    return Line([piece for part in line.pieces for piece in cut_part(part, line.height)], line.height)


def cut_part(part: Piece, line_height: float) -> list[Piece]:
    """Cut a part that may be several digits that touch, along the easiest seams.

    Returns:
        The pieces from left to right: the part alone where it is too narrow to be cut, or too low to be digits.
    """
    if part.width < MIN_CUT_WIDTH * line_height or part.height < MIN_MAIN_HEIGHT * line_height:
        return [part]
    stroke = stroke_width(part.ink > EDGE)
    if part.height < MIN_STROKES * stroke:
        return [part]
    cell = max(1, round(part.height / SEAM_ROWS))
    coarse = pool(part.ink, cell, np.add) / cell**2
    strokes = max(1.0, stroke / cell)
    distance = max(1, round(SEAM_DISTANCE * line_height / cell))
    length = line_height / cell * strokes
    column = np.arange(part.width)[None]
    rest, pieces, cut = part.ink, [], 0.0
    least = (MIN_BETWEEN * length, MIN_SIDE * length)
    for seam, cost in find_seams(coarse, (distance, round(strokes)), least, ALONG / strokes):
        right = column >= (seam.repeat(cell)[: part.height] * cell)[:, None]
        sides = [_trim(part, rest * ~right, cut), _trim(part, rest * right, cost)]
        if all(side and max(side.width, side.height) >= MIN_CUT_PIECE * line_height for side in sides):
            pieces.append(sides[0])
            rest, cut = rest * right, cost
    last = _trim(part, rest, cut)
    return [*pieces, last] if pieces and last else [part]


def find_seams(
    ink: np.ndarray, distances: tuple[int, int], least: tuple[float, float], along: float
) -> list[tuple[np.ndarray, float]]:
    """The ways from top to bottom that cross the fewest strokes, each through another column of the middle row.

    Args:
        ink: shape (H, W), values 0 to 1.
        distances: between two seams, and to the sides, in columns.
        least: ink between two seams, and on either side of each.
        along: what a row spent in ink costs, beside the 1 for each stroke that a seam enters.
    Returns:
        From left to right: of each seam its column in each row, int, shape (H,), and its cost.
    """
    (distance, aside), (between, beside) = distances, least
    middle = ink.shape[0] // 2
    above, from_above = _descend(ink[: middle + 1], along)
    below, from_below = _descend(ink[middle:][::-1], along)
    total = above + below - (1 + along) * ink[middle]
    total[:aside] = total[len(total) - aside :] = np.inf
    sums = np.pad(ink.cumsum(axis=1), ((0, 0), (1, 0)))
    every = np.arange(len(ink))
    seams: list[tuple[int, np.ndarray, float]] = []
    while np.isfinite(total).any():
        column = int(_lowest_middle(total))
        seam = np.array(_ascend(from_above, column)[::-1] + _ascend(from_below, column)[1:])
        left = sums[every, seam]
        place = bisect(seams, column, key=itemgetter(0))
        neighbours = seams[max(0, place - 1) : place + 1]
        # A seam that parts the same strokes as a cheaper one next to it is no other way to cut.
        is_another = all(np.abs(left - sums[every, other]).sum() >= between for _, other, _ in neighbours)
        if is_another and beside <= left.sum() <= sums[:, -1].sum() - beside:
            seams.insert(place, (column, seam, float(total[column])))
            total[max(0, column - distance) : column + distance + 1] = np.inf
        else:
            total[column] = np.inf
    return [(seam, cost) for _, seam, cost in seams]


def _lowest_middle(total: np.ndarray) -> int:
    """The middle of the first run of columns that are as low as any."""
    lowest = np.flatnonzero(total <= total.min() + 1e-6)
    run = np.split(lowest, np.flatnonzero(np.diff(lowest) > 1) + 1)[0]
    return run[len(run) // 2]


def _descend(ink: np.ndarray, along: float) -> tuple[np.ndarray, list[np.ndarray]]:
    """The cost of the best way to each column of the last row, and for each row but the first where it comes from."""
    cost, steps = (1 + along) * ink[0].astype(np.float64), []
    for above, row in zip(ink, ink[1:], strict=False):
        wide, wide_ink = np.pad(cost, 1, constant_values=np.inf), np.pad(above, 1)
        ways = np.stack(
            [
                wide[first : first + len(row)] + sidestep + np.maximum(row - wide_ink[first : first + len(row)], 0)
                for first, sidestep in ((1, 0.0), (0, SIDESTEP), (2, SIDESTEP))
            ]
        )
        choice = ways.argmin(axis=0)
        steps.append(np.array([0, -1, 1])[choice])
        cost = ways.min(axis=0) + along * row
    return cost, steps


def _ascend(steps: list[np.ndarray], column: int) -> list[int]:
    columns = [column]
    for step in reversed(steps):
        columns.append(columns[-1] + int(step[columns[-1]]))
    return columns


def _trim(part: Piece, ink: np.ndarray, cut: float) -> Piece | None:
    """A piece of a part, in its own box; None where there is no ink in it."""
    mask = ink > EDGE
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if rows.size == 0:
        return None
    left, top = part.box[:2]
    rows, columns = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    box = (left + int(columns.start), top + int(rows.start), left + int(columns.stop), top + int(rows.stop))
    return Piece(box, ink[rows, columns], float(cut))
