"""Find lines of writing in a picture's ink, and the parts of it that may be digits, or several that touch.

`seams.py` cuts the parts further, and `lattice.py` tries which of the pieces belong together.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from .preprocessing import (
    LEAST_CIRCLED,
    LEAST_FRAMED,
    SLASH,
    connected_components,
    find_rules,
    is_circle,
    part_boxes,
    running,
    sides_along,
    stroke_width,
    width_over_length,
)

# How much of a pixel is covered where a part has its edge.
EDGE = 0.3
# Parts kept, the tallest first: what holds more is no number but a texture.
MAX_PARTS = 256

# A broken line, as a pencil leaves it on rough paper.
CRUMB = 0.15  # area of a crumb, relative to that of the largest part
CRUMB_LENGTH = 0.5  # its longer side, relative to the height of the tallest part
MIN_CRUMBS = 3  # in a picture: fewer are commas and dots
GRAIN = 0.8  # half of the widest gap, relative to the width of the strokes

# Printed to write on.
MIN_DOTS = 8  # in a dotted line
TOOTH = 0.25  # width of a comb's tooth over its height, at most

# All that follows is relative to the height of the tallest part, or of the line.
MIN_MAIN_HEIGHT = 0.35  # of a part that can be a digit: less is a bar, a comma, a dot, a minus sign
MIN_PIECE = 0.07  # the longer side of what is more than a speck
RULE_WIDTH = 1.5  # a flat part as long is an underline
# Parts of one line share so much of the lower one's height.
MIN_SHARED_HEIGHT = 0.4
MIN_HALF = 0.2  # the longer side of a part that stands above another and belongs to it
MOST_UNEVEN = 1.6  # height of two neighbours together, where they are in one line
MOST_BROKEN = 0.12  # gap in a broken stroke
MOST_APART = 0.35  # between two parts of a digit, of which one stands above the other
MIN_SHARED_WIDTH = 0.6  # of these, relative to the narrower

SLENDER = 0.22  # width of a bare stroke over its length, at most
# How far a bare stroke that is no digit reaches above and below its neighbours, relative to their height.
BEYOND_BOTH = 0.15  # those on both sides of it, as a slash does; few ones do
BEYOND_ONE = 0.2  # the only one, as the side of a frame does: a tall one before other digits reaches beyond them, too
UPRIGHT = 1.5  # width of such a side over that of its stroke, at most


@dataclass(frozen=True)
class Piece:
    """Some ink, and where it is: a connected part, several of them, or what was cut off from one.

    Args:
        box: left, top, right, bottom in pixels of the picture's ink.
        ink: float32, shape (bottom - top, right - left), values 0 to 1.
        cut: how many strokes were cut through to part this piece from the one to its left; 0 where nothing was.
    """

    box: tuple[int, int, int, int]
    ink: np.ndarray = field(repr=False)
    cut: float = 0.0

    @property
    def width(self) -> int:
        return self.box[2] - self.box[0]

    @property
    def height(self) -> int:
        return self.box[3] - self.box[1]

    @property
    def middle(self) -> float:
        return (self.box[0] + self.box[2]) / 2


@dataclass(frozen=True)
class Line:
    """One line of writing: what it consists of, from left to right, and how high its digits are in pixels."""

    pieces: list[Piece]
    height: float


def find_lines(ink: np.ndarray) -> list[Line]:
    """Find the lines of writing, top to bottom, and the parts of each, left to right.

    Frames, rules and specks are left out.

    Args:
        ink: float32, shape (H, W), values 0 to 1, as `find_ink` gives it.
    """
    parts = _join_enclosed(_drop_frames(find_parts(ink)))
    if not parts:
        return []
    tallest = max(part.height for part in parts)
    main = [part for part in parts if part.height >= MIN_MAIN_HEIGHT * tallest and not _is_rule(part, tallest)]
    lines = [kept for line in _chain(main) if (kept := _without_signs(line))]
    taken = {id(part) for part in main}
    for part in parts:
        if id(part) not in taken and max(part.width, part.height) >= MIN_PIECE * tallest:
            line = _line_around(part, lines)
            if line is not None and not _is_rule(part, _line_height(line)) and not _hangs_in(part, line, len(ink)):
                line.append(part)
    return [_as_line(line) for line in lines]


def find_parts(ink: np.ndarray) -> list[Piece]:
    """The connected parts of the ink with their soft edges, at most `MAX_PARTS`, in reading order of first pixels."""
    labels = _with_edges(_label_parts(ink > EDGE), ink)
    top, left, bottom, right = part_boxes(labels)
    numbers = np.flatnonzero(bottom)
    boxes = np.stack([left, top, right, bottom], axis=1)[numbers]
    longer = np.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])
    kept = np.sort(np.argsort(-longer, kind="stable")[:MAX_PARTS])
    parts = []
    for number, (left, top, right, bottom) in zip(numbers[kept].tolist(), boxes[kept].tolist(), strict=True):
        inside = (slice(top, bottom), slice(left, right))
        parts.append(Piece((left, top, right, bottom), ink[inside] * (labels[inside] == number)))
    return parts


def _label_parts(mask: np.ndarray) -> np.ndarray:
    """The connected parts of a mask; where many are crumbs, the gaps between them, as of a pencil's grain, are bridged.

    Gaps in whole strokes stay: there may be two digits.
    """
    parts = connected_components(mask)
    areas = np.bincount(parts.ravel())[1:]
    top, left, bottom, right = part_boxes(parts)[:, 1:]
    longer = np.maximum(bottom - top, right - left)
    # A digit may have little ink beside a row of boxes.
    small = (areas < CRUMB * areas.max(initial=0)) & (longer < CRUMB_LENGTH * (bottom - top).max(initial=0))
    crumbs = np.count_nonzero(small)
    if crumbs < MIN_CRUMBS:
        return parts
    if _in_a_row(parts, areas, small):
        return np.where(np.concatenate([[False], small])[parts], 0, parts)
    reach = max(2, round(GRAIN * stroke_width(mask)))
    bridged = connected_components(running(mask, 2 * reach + 1, np.maximum))
    return np.where(mask, bridged, 0) if parts.max() - bridged.max() >= crumbs / 2 else parts


def _in_a_row(parts: np.ndarray, areas: np.ndarray, small: np.ndarray) -> bool:
    """Whether the small parts are the dots of a printed line to write on: many, alike, and straight in line."""
    dots = small & (areas > np.median(areas[small]) / 3)
    if np.count_nonzero(dots) < MIN_DOTS:
        return False
    rows, columns = np.nonzero(parts)
    labels = parts[rows, columns] - 1
    y, x = (np.bincount(labels, place)[dots] / areas[dots] for place in (rows, columns))
    if np.ptp(x) < np.ptp(y):
        return False
    middle, away = np.median(y), x - np.median(x)
    slopes = (y - middle)[away != 0] / away[away != 0]
    off = np.abs(y - middle - (np.median(slopes) if slopes.size else 0) * away)
    return bool((off <= max(1.0, np.sqrt(np.median(areas[dots])) / 2)).mean() > 0.8)


def ink_box(ink: np.ndarray) -> tuple[int, int, int, int]:
    """x, y, width and height of all the ink; of the whole picture where none is dark enough to have an edge."""
    rows, columns = np.nonzero(ink > EDGE)
    if rows.size == 0:
        return 0, 0, ink.shape[1], ink.shape[0]
    left, top = int(columns.min()), int(rows.min())
    return left, top, int(columns.max()) + 1 - left, int(rows.max()) + 1 - top


def _with_edges(labels: np.ndarray, ink: np.ndarray) -> np.ndarray:
    """Let each part have the half-covered pixels around it."""
    padded = np.pad(labels, 1)
    across = np.maximum(
        np.maximum(padded[1:-1, :-2], padded[1:-1, 2:]), np.maximum(padded[:-2, 1:-1], padded[2:, 1:-1])
    )
    return np.where((labels == 0) & (ink > 0), across, labels)


def _drop_frames(parts: list[Piece]) -> list[Piece]:
    """Leave out boxes drawn around other parts, and long straight lines: what touches them stays."""
    return [piece for part in parts for piece in _without_lines(part, parts)]


def _join_enclosed(parts: list[Piece]) -> list[Piece]:
    """Add to a ring the one thing in it: the slash or dot of a zero."""
    for ring in parts:
        inside = [part for part in parts if _encloses(ring, part)]
        if len(inside) == 1:
            rest = [part for part in parts if part is not ring and part is not inside[0]]
            return _join_enclosed([*rest, join([ring, *inside])])
    return parts


def _encloses(ring: Piece, part: Piece) -> bool:
    """Whether a part lies in what another one shuts in."""
    if not _holds(ring, part, 0.0):
        return False
    around = connected_components(np.pad(ring.ink <= EDGE, 1))
    y, x = (places[0] for places in np.nonzero(part.ink > EDGE))
    return bool(around[y + part.box[1] - ring.box[1] + 1, x + part.box[0] - ring.box[0] + 1] != around[0, 0])


def _without_lines(part: Piece, others: list[Piece]) -> list[Piece]:
    """What is left of a part without the frame around it or the line under it; the part where it has neither."""
    held = [other for other in others if _holds(part, other)]
    if held and is_circle(part.ink > EDGE) and (len(held) > 1 or not _is_of_zero(part, held[0])):
        return []
    top, bottom, left, right = sides_along(part.ink > EDGE)
    frame = top and bottom and left and right
    # Of a frame that the picture's border has cut two sides may be left; no digit with such a corner is around another.
    frame |= (top or bottom) and (left or right) and bool(held)
    if not frame and part.width < RULE_WIDTH * part.height:
        return [part]
    lines = find_rules(part.ink, upright=frame)
    pieces = _split(part, np.where(lines, 0, part.ink)) if lines.any() else []
    if frame:
        if any(piece.height >= MIN_MAIN_HEIGHT * part.height for piece in pieces):
            return pieces
        return [] if held else [part]
    pieces = _without_teeth(pieces, part)
    # A line to write on sticks out on both sides of what is written; a stroke that joins two digits does not.
    out = 0.1 * part.height
    within = all(part.box[0] + out < piece.box[0] and piece.box[2] < part.box[2] - out for piece in pieces)
    return pieces if pieces and within else [part]


def _without_teeth(pieces: list[Piece], part: Piece) -> list[Piece]:
    """Leave out the teeth of a comb: thin bars on its line, all as high as those at its two ends."""
    bars = [piece for piece in pieces if piece.width < TOOTH * piece.height]
    first = next((bar for bar in bars if bar.box[0] <= part.box[0] + 1), None)
    last = next((bar for bar in bars if bar.box[2] >= part.box[2] - 1), None)
    if first is None or last is None or first is last:
        return pieces
    slope = (last.box[1] - first.box[1]) / max(1.0, last.middle - first.middle)
    near = 2 + 0.05 * part.height

    def is_tooth(bar: Piece) -> bool:
        return abs(bar.box[1] - first.box[1] - slope * (bar.middle - first.middle)) <= near

    return [piece for piece in pieces if not (piece.width < TOOTH * piece.height and is_tooth(piece))]


def _split(part: Piece, ink: np.ndarray) -> list[Piece]:
    """The connected parts of what is left of a part's ink, but for the crumbs."""
    left, top = part.box[:2]
    pieces = [piece for piece in find_parts(ink) if max(piece.width, piece.height) >= 0.15 * part.height]
    return [
        replace(piece, box=(piece.box[0] + left, piece.box[1] + top, piece.box[2] + left, piece.box[3] + top))
        for piece in pieces
    ]


def _is_of_zero(ring: Piece, part: Piece) -> bool:
    """Whether a part in a ring may be the dot or the slash of a zero."""
    return part.height < LEAST_CIRCLED * ring.height or width_over_length(part.ink > EDGE) <= SLASH


def _holds(part: Piece, other: Piece, least: float = LEAST_FRAMED) -> bool:
    (left, top, right, bottom), inner = part.box, other.box
    inside = left < inner[0] and top < inner[1] and inner[2] < right and inner[3] < bottom
    return inside and other.height >= least * part.height


def _is_rule(part: Piece, height: float) -> bool:
    return part.width >= RULE_WIDTH * height and part.height < 0.25 * part.width and part.height < 0.5 * height


# --------------------------------------------------------------------------------------------------- parts -> lines


def _chain(parts: list[Piece]) -> list[list[Piece]]:
    """Group parts into lines, top to bottom: each follows the nearest to its left that stands at its height.

    So a line may rise or fall.
    """
    lines: list[list[Piece]] = []
    for part in sorted(parts, key=lambda part: part.middle):
        before = [line for line in lines if shared_height(line[-1], part) >= MIN_SHARED_HEIGHT]
        if before:
            max(before, key=lambda line: (line[-1].middle, shared_height(line[-1], part))).append(part)
        else:
            lines.append([part])
    whole: list[list[Piece]] = []
    for line in sorted(lines, key=_line_height, reverse=True):
        home = next((other for other in whole if _stands_in(line, other)), None)
        if home is None:
            whole.append(line)
        else:
            home += line
    return sorted(whole, key=lambda line: np.mean([part.box[1] + part.box[3] for part in line]))


def _stands_in(parts: list[Piece], line: list[Piece]) -> bool:
    """Whether parts are no line of their own: together with what is next to them they are no higher than the line.

    Or each is half of a broken digit whose other half is in the line; for a wide break there must be one digit alone.
    """
    height = _line_height(line)
    gap = (MOST_APART if len(parts) == len(line) == 1 else MOST_BROKEN) * height

    def belongs(part: Piece) -> bool:
        other = _nearest(part, line)
        together = _height_together(part, other)
        halves = _stands_above(part, other) and together - part.height - other.height <= gap
        return together <= MOST_UNEVEN * height or (halves and max(part.width, other.width) <= together)

    return all(belongs(part) for part in parts)


def shared_width(a: Piece, b: Piece) -> float:
    """Columns that both stand in, relative to the narrower's; negative where there are some between them."""
    return (min(a.box[2], b.box[2]) - max(a.box[0], b.box[0])) / min(a.width, b.width)


def _stands_above(a: Piece, b: Piece) -> bool:
    """Or below."""
    return shared_height(a, b) <= 0.2 and shared_width(a, b) >= MIN_SHARED_WIDTH


def _nearest(part: Piece, line: list[Piece]) -> Piece:
    return min(line, key=lambda other: abs(other.middle - part.middle))


def _height_together(a: Piece, b: Piece) -> int:
    return max(a.box[3], b.box[3]) - min(a.box[1], b.box[1])


def shared_height(a: Piece, b: Piece) -> float:
    """Rows that both stand in, relative to the lower's; negative where there are some between them."""
    return (min(a.box[3], b.box[3]) - max(a.box[1], b.box[1])) / min(a.height, b.height)


def _line_around(part: Piece, lines: list[list[Piece]]) -> list[Piece] | None:
    """The line that a small part stands in or close to; None where it stands in none."""

    def distance(line: list[Piece]) -> float:
        nearest = _nearest(part, line)
        apart = max(nearest.box[1] - part.box[3], part.box[1] - nearest.box[3], 0)
        aside = max(nearest.box[0] - part.box[2], part.box[0] - nearest.box[2], 0)
        return max(apart / 0.25, aside) / _line_height(line)

    line = min(lines, key=distance, default=None)
    return line if line is not None and distance(line) < 1 else None


def _hangs_in(part: Piece, line: list[Piece], height: int) -> bool:
    """Whether a small part is what the picture's border has left of the line above or below."""
    nearest = _nearest(part, line)
    apart = max(nearest.box[1] - part.box[3], part.box[1] - nearest.box[3])
    return (part.box[1] <= 0 or part.box[3] >= height) and apart > MOST_BROKEN * _line_height(line)


def _line_height(parts: list[Piece]) -> float:
    """Height of the digits of a line: of the higher ones, so that a small one among them is seen to be small."""
    return float(np.percentile([part.height for part in parts], 75))


def _without_signs(line: list[Piece]) -> list[Piece]:
    """Leave out slashes, brackets, dividers and what is left of a frame: bare strokes that reach beyond the digits."""
    line = sorted(line, key=lambda part: part.middle)
    bare = [width_over_length(part.ink > EDGE) <= SLENDER for part in line]
    left = _last_before(line, bare)
    right = _last_before(line[::-1], bare[::-1])[::-1]

    def is_sign(part: Piece, neighbours: list[Piece]) -> bool:
        beyond = [min(one.box[1] - part.box[1], part.box[3] - one.box[3]) / one.height for one in neighbours]
        if len(beyond) == 1:
            return beyond[0] >= BEYOND_ONE and part.width <= UPRIGHT * stroke_width(part.ink > EDGE)
        return bool(beyond) and min(beyond) >= BEYOND_BOTH

    return [
        part
        for part, is_bare, *sides in zip(line, bare, left, right, strict=True)
        if not (is_bare and is_sign(part, [one for one in sides if one]))
    ]


def _last_before(line: list[Piece], bare: list[bool]) -> list[Piece | None]:
    """Of each part of a line the last before it that is no bare stroke."""
    last, found = None, []
    for part, is_bare in zip(line, bare, strict=True):
        found.append(last)
        last = last if is_bare else part
    return found


def _is_underline(part: Piece, parts: list[Piece], height: float) -> bool:
    """Whether a flat part lies under two digits or more: the foot of a one is under that alone."""
    if part.height > 0.25 * part.width:
        return False
    over = [one for one in parts if one.height >= MIN_MAIN_HEIGHT * height and one.box[3] <= part.box[1]]
    return sum(min(one.box[2], part.box[2]) - max(one.box[0], part.box[0]) > 0.5 * one.width for one in over) > 1


def _as_line(parts: list[Piece]) -> Line:
    height = _line_height(parts)
    parts = [part for part in parts if not _is_underline(part, parts, height)]
    parts = _stack(parts, MIN_HALF * height)
    return Line(sorted(parts, key=lambda part: part.middle), _line_height(parts))


def _stack(parts: list[Piece], least: float) -> list[Piece]:
    """Make one of parts that stand above one another, such as a five's bar: those of at least `least` pixels."""
    stacked: list[Piece] = []
    for part in sorted(parts, key=lambda part: part.middle):
        large = max(part.width, part.height) >= least
        under = [one for one in stacked if large and max(one.width, one.height) >= least and _stands_above(one, part)]
        if under:
            other = min(under, key=lambda one: abs(one.middle - part.middle))
            stacked.remove(other)
            part = join([other, part])
        stacked.append(part)
    return stacked


def join(pieces: list[Piece]) -> Piece:
    """All the ink of some pieces."""
    boxes = np.array([piece.box for piece in pieces])
    left, top = boxes[:, :2].min(axis=0).tolist()
    right, bottom = boxes[:, 2:].max(axis=0).tolist()
    ink = np.zeros((bottom - top, right - left), np.float32)
    for piece in pieces:
        x, y = piece.box[0] - left, piece.box[1] - top
        inside = ink[y : y + piece.height, x : x + piece.width]
        np.maximum(inside, piece.ink, out=inside)
    return Piece((left, top, right, bottom), ink, pieces[0].cut)
