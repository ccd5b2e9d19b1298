"""The answer as both tabs show it: a plain dictionary for result.js.

    state       "sure", "unsure", "none" (no digit) or "error"
    sentence    the answer in words
    details     one for each digit, and for each thing that is none; the first `read` of them make up the number
    read        how many digits were read
    chosen      which of the details is shown first
    steps       of steps.py; empty where there are none to show

Each of the details has label ("" for no digit), state, name (for screen readers), which ("Digit 1 of 3"), confidence,
spaced (whether a new word begins with it), box (left, top, width and height in per cent of the picture, or None), bars
(all [digit, probability] pairs, in their order), top (three [digit, percentage] pairs) and seen (a data URL); where it
is explained, why (of why.py).
"""

import base64
from io import BytesIO

from PIL import Image

from mnist_model.recognizer import Prediction, Reading
from mnist_model.ui import words
from mnist_model.ui.assets import read_asset
from mnist_model.ui.language import say, sentences

PARTS = ("correction", "why")
HTML = read_asset("result.html")
for part in PARTS:
    HTML = HTML.replace(f"${part}", read_asset(f"{part}.html").rstrip())
CSS, JS = ("".join(read_asset(f"{name}.{kind}") for name in ("result", *PARTS)) for kind in ("css", "js"))


def show(reading: Reading, size: tuple[int, int] | None = None) -> dict:
    """What the page shows for what was read.

    Args:
        reading: of the recognizer.
        size: width and height of the picture as it is shown; None to draw no boxes on it.
    """
    things, count = [*reading.digits, *reading.rejected], len(reading.digits)
    details: list[dict] = [
        describe(thing.prediction, taken=index < count)
        | {"which": _which(index, count, len(things)), "box": place(thing.box, size) if size else None}
        for index, thing in enumerate(things)
    ]
    for index, detail in enumerate(details):
        detail["spaced"] = 0 < index < count and things[index].word != things[index - 1].word
        detail["name"] = say("list.colon").join(filter(None, (detail["which"], detail["name"])))
    if reading.refusal:
        sentence = words.refusal_sentence(reading.refusal, reading.rejected)
        return _answer("none", sentence, details) if details else blank(sentence)
    if count == 1:
        sentence = sentences(words.digit_sentence(things[0].prediction), words.left_out(reading))
        return _answer(details[0]["state"], sentence, details, read=1)
    chosen = words.least_sure(reading.digits)
    state = details[chosen]["state"]
    sentence = sentences(words.number_sentence(reading), words.left_out(reading))
    return _answer(state, sentence, details, read=count, chosen=0 if state == "sure" else chosen)


def show_digit(prediction: Prediction) -> dict:
    """The same for one digit."""
    taken = prediction.is_digit
    details = [describe(prediction, taken)]
    return _answer(words.state(prediction), words.digit_sentence(prediction), details, read=int(taken))


def blank(sentence: str, state: str = "none") -> dict:
    """What the page shows while there is nothing to recognise, or, with state "error", what went wrong.

    Args:
        sentence: or, where the browser says it, its key.
    """
    bars = [[str(digit), 0] for digit in range(10)]
    nothing = {"label": "", "state": state, "name": "", "which": "", "confidence": "", "spaced": False, "box": None}
    return _answer(state, sentence, [nothing | {"bars": bars, "top": [], "seen": ""}])


def describe(prediction: Prediction, taken: bool = True) -> dict:
    """All about one digit, or, where it was not `taken` for one, about what it is not."""
    confidence = words.percentage(prediction.confidence)
    state = words.state(prediction)
    return {
        "label": prediction.label if taken else "",
        "state": ("unsure" if state == "none" else state) if taken else "none",
        "name": f"{prediction.label}, {confidence}" if taken else say("answer.no_digit", digit=prediction.label),
        "which": "",
        "confidence": words.short_percentage(prediction.confidence) if taken else "",
        "spaced": False,
        "box": None,
        "bars": [[label, round(probability, 4)] for label, probability in prediction.probabilities.items()],
        "top": [[label, words.percentage(probability)] for label, probability in prediction.top(3)],
        "seen": data_url(prediction.canonical),
    }


def data_url(pixels, kind: str = "PNG", **options) -> str:
    """An array of grey levels, uint8, shape (H, W), as a picture that needs no request; (H, W, 2) with opacity."""
    picture = BytesIO()
    Image.fromarray(pixels).save(picture, kind, **options)
    return f"data:image/{kind.lower()};base64," + base64.b64encode(picture.getvalue()).decode()


def _answer(state: str, sentence: str, details: list[dict], read: int = 0, chosen: int = 0) -> dict:
    return {"state": state, "sentence": sentence, "details": details, "read": read, "chosen": chosen, "steps": []}


def _which(index: int, digits: int, things: int) -> str:
    if things == 1:
        return ""
    if digits == 0:
        return say("answer.which_thing", place=index + 1, count=things)
    if index >= digits:
        return say("answer.which_left_out")
    return say("answer.which_digit", place=index + 1, count=digits) if digits > 1 else say("answer.which_one")


def place(box, size: tuple[int, int]) -> list[float]:
    """A box (x, y, width, height) in a picture of a size (width, height), in per cent of that."""
    return [round(100 * value / side, 3) for value, side in zip(box, size * 2, strict=True)]
