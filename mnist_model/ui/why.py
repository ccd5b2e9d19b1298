"""Why a digit was read, for why.js: maps to colour the ink with, and what they show in words.

Each of an answer's details that is explained has `why`:

    ink       the 28x28 pixels that the model saw, base64 of uint8
    square    where these lie on what the visitor sees: left, top, width and height in per cent
    mask      of a picture, its ink near the digit: url (a PNG, opaque where there is ink) and place, likewise
    maps      "evidence" and "contrast", each with title, sentences, ends (of its scale) and values (base64 of int8:
              -127 counts against the answer, 127 for it)
"""

from base64 import b64encode
from collections.abc import Sequence

import numpy as np

from mnist_model.explain import Explanation, Part, ink_extent
from mnist_model.recognizer import DigitRecognizer, ReadDigit
from mnist_model.ui import words
from mnist_model.ui.language import say
from mnist_model.ui.result import data_url

MAX_EXPLAINED = 12  # digits of one picture: more would keep the visitor waiting
NOTABLE = np.log(2)  # of the logarithm of a probability or of odds: halved or doubled
STEADY = 0.9  # an answer that keeps so much of its probability does not rest on a piece
REACHES = (5, 2)  # pixels: the visitor's strokes may be wider than those that the model saw

Frame = tuple[float, float, float, float]  # x, y, width and height


def explain_answer(
    answer: dict,
    recognizer: DigitRecognizer,
    digits: Sequence[ReadDigit],
    frame: Frame,
    ink: np.ndarray | None = None,
) -> dict:
    """The answer of result.py, its digits explained.

    Args:
        digits: those that the answer's details begin with.
        frame: what the visitor sees, the pad or a picture, in pixels of the picture that was read.
        ink: uint8, shape (H, W), all over the frame: what is to be coloured where the browser cannot tell it.
    """
    if len(digits) <= MAX_EXPLAINED:
        for detail, digit in zip(answer["details"], digits, strict=False):
            canonical = digit.prediction.canonical
            explanation = recognizer.explain_canonical(canonical)
            if explanation:
                detail["why"] = _show(explanation, canonical, digit.box, frame)
                if ink is not None:
                    detail["why"]["mask"] = _cut_mask(ink, digit.box, frame)
    return answer


def square_of(canonical: np.ndarray, box: Frame) -> Frame:
    """Where the whole 28x28 picture lies in one whose ink lies in `box`."""
    left, top, width, height = ink_extent(canonical)
    x, y = box[2] / width, box[3] / height
    return box[0] - left * x, box[1] - top * y, canonical.shape[1] * x, canonical.shape[0] * y


def spread(values: np.ndarray, ink: np.ndarray) -> np.ndarray:
    """Values that are known where there is ink, carried on to all other pixels, and smoothed by as much as is between.

    Args:
        values: N maps, shape (N, H, W).
        ink: shape (H, W), some of it above 0.
    """
    weighted = np.concatenate([ink[None], values * ink]).astype(np.float64)
    near, *totals = weighted.sum(axis=(1, 2), keepdims=True)
    result = np.full(values.shape, np.divide(totals, near))
    for reach in REACHES:
        near, *totals = _sum_around(weighted, reach)
        np.divide(totals, near, out=result, where=near > 0)
    return result


def _sum_around(maps: np.ndarray, reach: int) -> np.ndarray:
    """Of each pixel the sum of the square around it that reaches so many pixels to all sides."""
    count, height, width = maps.shape
    length = 2 * reach + 1
    sums = np.zeros((count, height + length, width + length))
    sums[:, reach + 1 : -reach, reach + 1 : -reach] = maps
    sums = sums.cumsum(axis=1).cumsum(axis=2)
    rows = sums[:, length:] - sums[:, :-length]
    return rows[:, :, length:] - rows[:, :, :-length]


def _show(explanation: Explanation, canonical: np.ndarray, box: Frame, frame: Frame) -> dict:
    first, second = words.with_article(explanation.label), words.with_article(explanation.runner_up)
    evidence, contrast = spread(np.stack([explanation.evidence, explanation.contrast]), canonical)
    maps = {
        "evidence": {
            "title": say("why.title", digit=first),
            "ends": [say("why.end_against", digit=first), say("why.end_for", digit=first)],
            "sentences": evidence_sentences(explanation),
            "values": _encode(evidence),
        },
        "contrast": {
            "title": say("why.title_not", digit=second),
            "ends": [say("why.end_for", digit=second), say("why.end_for", digit=first)],
            "sentences": contrast_sentences(explanation),
            "values": _encode(contrast),
        },
    }
    ink = b64encode(canonical.tobytes()).decode()
    return {"ink": ink, "square": _place(square_of(canonical, box), frame), "box": _place(box, frame), "maps": maps}


def evidence_sentences(explanation: Explanation) -> list[str]:
    """What the answer rests on: the piece of ink without which it would be least probable."""
    part = max(explanation.parts, key=lambda part: part.support)
    instead = max(part.without, key=part.without.__getitem__)
    if instead != explanation.label:
        share = words.percentage(part.without[instead])
        return [say("why.flips", place=_where(part), digit=words.with_article(instead), share=share)]
    left = part.without[explanation.label]
    key = "why.even" if left > STEADY * explanation.probabilities[explanation.label] else "why.rests"
    digit, share = words.with_article(explanation.label), words.percentage(left)
    return [say(key, place=_where(part), digit=digit, share=share)]


def contrast_sentences(explanation: Explanation) -> list[str]:
    """How far the runner-up is behind, which ink keeps it there, and which brings it near."""
    first, second = explanation.label, explanation.runner_up
    digits = {"digit": words.with_article(first), "other": words.with_article(second)}
    sentences = [say("why.second", share=words.percentage(explanation.probabilities[second]), **digits)]
    against = max(explanation.parts, key=lambda part: part.contrast)
    if against.contrast > NOTABLE:
        shares = {
            "share": words.percentage(against.without[first]),
            "other_share": words.percentage(against.without[second]),
        }
        if shares["share"] != words.percentage(explanation.probabilities[first]):
            sentences.append(say("why.apart", place=_where(against), **digits, **shares))
    in_favour = min(explanation.parts, key=lambda part: part.contrast)
    if in_favour.contrast < -NOTABLE and in_favour.place != against.place:
        sentences.append(say("why.nearer", place=_where(in_favour), **digits))
    return sentences


def _where(part: Part) -> str:
    return say(f"why.place_{part.place.replace('-', '_')}")


def _encode(values: np.ndarray) -> str:
    """The strongest colour for the highest value; a paler one where even that is not notable."""
    scale = max(float(np.abs(values).max()), NOTABLE)
    return b64encode(np.rint(127 * values / scale).astype(np.int8).tobytes()).decode()


def _cut_mask(ink: np.ndarray, box: Frame, frame: Frame) -> dict:
    height, width = ink.shape
    left, top, wide, high = (value / 100 for value in _place(box, frame))
    rows = slice(max(int(top * height) - 1, 0), int((top + high) * height) + 2)
    columns = slice(max(int(left * width) - 1, 0), int((left + wide) * width) + 2)
    part = ink[rows, columns]
    place = _place((columns.start, rows.start, part.shape[1], part.shape[0]), (0, 0, width, height))
    return {"url": data_url(np.stack([part, part], axis=2)), "place": place}


def _place(box: Frame, frame: Frame) -> list[float]:
    """In per cent of the frame."""
    x, y, width, height = frame
    of_frame = ((box[0] - x) / width, (box[1] - y) / height, box[2] / width, box[3] / height)
    return [round(100 * float(value), 3) for value in of_frame]
