"""Find the digits in a picture of several: try which pieces of ink belong together, and ask the recognizer.

Every run of a few neighbouring pieces may be a digit. All of them are scored at once; the best way through a line takes
each of its pieces into one digit, or leaves it out.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from .preprocessing import fit_to_box, width_over_length
from .seams import cut_line
from .segmentation import (
    EDGE,
    MIN_MAIN_HEIGHT,
    SLENDER,
    Line,
    Piece,
    find_lines,
    join,
    shared_height,
    shared_width,
)

# Of pictures in MNIST's form, uint8, shape (28, 28), what it costs to take each for the digit that it seems to show:
# minus the logarithm of a probability.
Score = Callable[[Sequence[np.ndarray]], Sequence[float]]

MOST_PIECES = 6  # in a digit
WIDEST = 1.7  # of a digit of several pieces, relative to the line's height
WIDEST_GAP = 0.35  # between two pieces of a digit, likewise
SPACE = 0.8  # between two words, likewise

# Costs, to be weighed against log-probabilities: chosen by likelihood on numbers put together of MNIST's digits.
NO_DIGIT = 5.0  # for a digit that looks like none,
DOUBT = 2.0  # half of it at this margin above the threshold of refusal,
DOUBT_SPREAD = 3.0  # and so gradually
WORST_SCORE = 8.0  # no picture counts for less than this
TOO_DEAR = 9.0  # by its shape: not worth a look
CUT_STROKE = 1.8  # through each stroke but the first
TAIL = 2.0  # where what is parted from its neighbour is a bare stroke, lower than the line's digits
FULL_HEIGHT = 0.9  # of a one over the line's, at least
JOIN = 2.5  # of two parts of which neither stands above the other, and
JOIN_GAP = 15.0  # for a gap as wide as the line is high
SQUARE = 0.85  # a digit's width over its height, and
WIDE = 5.0  # for as much more
HIGH = 0.65  # a digit's height over the line's, and
LOW = 5.0  # for no height at all
HANG = 20.0  # a stroke's foot below its neighbours', over the line's height
COMMA = 0.4  # width of a comma over its length, at most
SIGN = -3.5  # the margin below which the first or last of a word is none of its digits
LEAVE_OUT = 12.0  # a piece as high or wide as the line, by the square of its size


@dataclass(frozen=True)
class FoundDigit:
    """A digit that may be one.

    Args:
        box: x, y, width, height in pixels of the ink.
        canonical: its picture in MNIST's form: uint8, shape (28, 28).
        word: number of the word that it stands in: between two words is a wide gap, or the end of a line.
        index: of its picture among those that were scored.
    """

    box: tuple[int, int, int, int]
    canonical: np.ndarray = field(repr=False)
    word: int = 0
    index: int = 0


@dataclass(frozen=True)
class _Candidate:
    start: int
    stop: int
    digit: FoundDigit
    cost: float
    is_tail: bool = False


def find_digits(ink: np.ndarray, score: Score) -> list[FoundDigit]:
    """Find the digits in ink, those that touch and those in several parts too.

    Args:
        ink: float32, shape (H, W), values 0 to 1, as `find_ink` gives it.
        score: called once, with all the pictures that may be digits.
    Returns:
        The digits line by line from top to bottom, in each from left to right.
    """
    lines = [cut_line(line) for line in find_lines(ink)]
    candidates = [list_candidates(line) for line in lines]
    pictures = [candidate.digit.canonical for of_line in candidates for candidate in of_line]
    scores = score(pictures) if pictures else ()
    found, first = [], 0
    for line, of_line in zip(lines, candidates, strict=True):
        costs = [
            candidate.cost + min(float(scores[first + index]), WORST_SCORE) for index, candidate in enumerate(of_line)
        ]
        word = found[-1].word + 1 if found else 0
        for index in best_path(line, of_line, costs):
            digit = of_line[index].digit
            if found and found[-1].word == word:
                word += digit.box[0] - found[-1].box[0] - found[-1].box[2] > SPACE * line.height
            found.append(replace(digit, word=word, index=first + index))
        first += len(of_line)
    return found


def cost_of_doubt(confidence: float, margin: float) -> float:
    """What it costs to take a piece of ink for the digit that it is read as: more, the nearer it is to being refused.

    Args:
        confidence: probability of the label, 0 to 1.
        margin: how far its score lies above that below which a picture is refused.

    >>> cost_of_doubt(1.0, 19.0) < 0.1 < cost_of_doubt(1.0, 1.0) < cost_of_doubt(1.0, -1.0)
    True
    """
    doubt = 1 / (1 + math.exp(min(max((margin - DOUBT) / DOUBT_SPREAD, -50.0), 50.0)))
    return NO_DIGIT * doubt - math.log(max(confidence, 1e-9))


def legible(found: Sequence[FoundDigit], margins: Sequence[float]) -> list[bool]:
    """Which are taken for digits: all of a word of which most are, one odd digit of a number among them.

    Where half are, as in "+2", the others are signs; and so is what is far from any digit before or after a number.

    Args:
        found: as `find_digits` gives it.
        margins: how far the score of each lies above that below which a picture is refused.
    """
    words: dict[int, list[int]] = {}
    for index, digit in enumerate(found):
        words.setdefault(digit.word, []).append(index)
    shown = [False] * len(found)
    for word in words.values():
        share = sum(margins[index] >= 0 for index in word) / len(word)
        while word and margins[word[0]] < SIGN:
            word.pop(0)
        while word and margins[word[-1]] < SIGN:
            word.pop()
        for index in word:
            shown[index] = share > 0.5 or (share == 0.5 and margins[index] >= 0)
    return shown


def list_candidates(line: Line) -> list[_Candidate]:
    """All runs of pieces that may be a digit, at most `MOST_PIECES` for each piece."""
    candidates = []
    for start in range(len(line.pieces)):
        for stop in range(start + 1, min(start + MOST_PIECES, len(line.pieces)) + 1):
            pieces = line.pieces[start:stop]
            whole = join(pieces)
            if stop > start + 1 and (whole.width > WIDEST * line.height or _gap(pieces) > WIDEST_GAP * line.height):
                break
            cost = _cost_of_size(whole, line.height) + _cost_of_joins(pieces, line.height)
            cost += _cost_of_hanging(whole, line, start, stop)
            if whole.height >= MIN_MAIN_HEIGHT * line.height and (cost < TOO_DEAR or len(pieces) == 1):
                digit = FoundDigit((*whole.box[:2], whole.width, whole.height), fit_to_box(whole.ink))
                candidates.append(_Candidate(start, stop, digit, cost, _is_tail(whole, line.height)))
    return candidates


def best_path(line: Line, candidates: list[_Candidate], costs: list[float]) -> list[int]:
    """The cheapest way through a line: indices of the candidates that it takes, left to right."""
    count = len(line.pieces)
    ending: list[list[int]] = [[] for _ in range(count + 1)]
    for index, candidate in enumerate(candidates):
        ending[candidate.stop].append(index)
    cheapest, taken = [0.0], [-1]  # of the way to each place between pieces; -1 where the piece before is left out
    for stop in range(1, count + 1):
        ways = [(cheapest[stop - 1] + _cost_to_leave_out(line.pieces[stop - 1], line.height), -1)]
        for index in ending[stop]:
            candidate = candidates[index]
            cost = cheapest[candidate.start] + costs[index]
            cost += _cost_of_cut(line.pieces[stop].cut) if stop < count else 0.0
            before = taken[candidate.start]
            if before >= 0 and line.pieces[candidate.start].cut and (candidate.is_tail or candidates[before].is_tail):
                cost += TAIL
            ways.append((cost, index))
        cost, index = min(ways)
        cheapest.append(cost)
        taken.append(index)
    path, place = [], count
    while place:
        if taken[place] >= 0:
            path.append(taken[place])
        place = candidates[taken[place]].start if taken[place] >= 0 else place - 1
    return path[::-1]


def _cost_of_cut(strokes: float) -> float:
    return CUT_STROKE * max(0.0, strokes - 1)


def _cost_to_leave_out(piece: Piece, height: float) -> float:
    return LEAVE_OUT * (max(piece.width, piece.height) / height) ** 2


def _cost_of_size(digit: Piece, height: float) -> float:
    low = max(0.0, 1 - digit.height / (HIGH * height))
    return LOW * low + WIDE * max(0.0, digit.width / digit.height - SQUARE)


def _cost_of_hanging(digit: Piece, line: Line, start: int, stop: int) -> float:
    """For a low stroke that hangs from the foot of its higher neighbours, as a comma does: a small 3 there is a 3."""
    if digit.height >= HIGH * line.height or width_over_length(digit.ink > EDGE) > COMMA:
        return 0.0
    sides = (line.pieces[:start][::-1], line.pieces[stop:])
    high = [next((piece for piece in side if piece.height >= HIGH * line.height), None) for side in sides]
    high = [piece for piece in high if piece]
    if not high:
        return 0.0
    top, foot = (sum(piece.box[edge] for piece in high) / len(high) for edge in (1, 3))
    below = (digit.box[3] - foot) / line.height
    return HANG * max(0.0, below - 0.1) if digit.box[1] > (top + foot) / 2 else 0.0


def _is_tail(digit: Piece, height: float) -> bool:
    """Whether it is a short stroke, such as the up-stroke of a one, the tail of a nine, the last stroke of a four.

    Cut off, that looks like a one, whatever it is a part of; a one that touches other digits is as high as they are.
    """
    return digit.height < FULL_HEIGHT * height and width_over_length(digit.ink > EDGE) <= SLENDER


def _cost_of_joins(pieces: list[Piece], height: float) -> float:
    """For parts that were apart: the more, the less they stand above one another, and the wider the gap is."""
    cost = 0.0
    for index in range(1, len(pieces)):
        before, piece = join(pieces[:index]), pieces[index]
        if not piece.cut:
            aside = min(1.0, max(1 - shared_width(before, piece), shared_height(before, piece)))
            cost += JOIN * aside + JOIN_GAP * max(0, _gap(pieces[: index + 1])) / height
    return cost


def _gap(pieces: list[Piece]) -> int:
    """Between the last piece and those before it, from left to right; negative where they overlap."""
    return pieces[-1].box[0] - max(piece.box[2] for piece in pieces[:-1])
