"""The Draw tab: a pad for one digit, or for a number."""

from collections.abc import Callable

import numpy as np

from mnist_model.errors import MnistModelError
from mnist_model.feedback import Feedback
from mnist_model.recognizer import Box, DigitRecognizer, ReadDigit
from mnist_model.segmentation import ink_box
from mnist_model.ui import correction, result, words
from mnist_model.ui.assets import read_asset
from mnist_model.ui.canvas import UNREACHABLE, Page, build_canvas, choices
from mnist_model.ui.drawing import WIDE, draw_page, draw_strokes, may_be_number, pad_in_picture, parse_question
from mnist_model.ui.language import answering, say, say_error
from mnist_model.ui.models import Models
from mnist_model.ui.why import explain_answer

DIGIT_HINT, NUMBER_HINT = "draw.hint_digit", "draw.hint_number"  # keys
PAGES = choices("draw.pages", "page", {"digit": "draw.page_digit", "number": "draw.page_number"})
SHARE_BUTTON = read_asset("share_button.html")
LAYOUT = f'<div class="tab-grid"><div class="pad">{PAGES}$pad</div>{result.HTML}</div>{read_asset("share.html")}'


def build_draw_tab(models: Models, feedback: Feedback | None = None) -> None:
    def recognize_digit(question):
        return _answer(models, question, 1, DIGIT_HINT, show_digit)

    def recognize_number(question):
        return _answer(models, question, WIDE, NUMBER_HINT, show_number)

    def correct(question):
        asked = question | {"settled": True} if isinstance(question, dict) else {}  # for the answer that was corrected
        answer = recognize_number(asked) if asked.get("page") == "number" else recognize_digit(asked)
        return correction.keep(models, feedback, question, correction.detail_seen(answer, question))

    build_canvas(
        "draw",
        [
            Page(
                "digit",
                recognize_digit,
                result.blank(DIGIT_HINT),
                pen=0.06,
                width=1,
                examples=list("0123456789"),
                invitation="draw.invitation_digit",
                label="draw.pad_digit",
            ),
            Page(
                "number",
                recognize_number,
                result.blank(NUMBER_HINT),
                pen=0.045,
                width=WIDE,
                examples=["10", "42", "365", "1024", "90210"],
                invitation="draw.invitation_number",
                label="draw.pad_number",
            ),
        ],
        LAYOUT,
        css=result.CSS + read_asset("share.css"),
        js=result.JS + "".join(map(read_asset, ("card.js", "share.js", "draw.js"))),
        unreachable=result.blank(UNREACHABLE, state="error"),
        tools=SHARE_BUTTON,
        functions=[correct],
        models=words.model_options(models.facts),
        storage=correction.storage(feedback),
    )


def show_digit(recognizer: DigitRecognizer, strokes: list, settled: bool = True) -> dict:
    """The answer to one digit, or to the number that it is after all.

    Args:
        settled: whether the pen is up. Only then the answer is explained, and a single stroke or a doubtful digit may
            be a number: while the pen moves it may just be unfinished.
    """
    picture = draw_strokes(strokes)
    prediction = recognizer.predict(picture)
    wide = may_be_number(strokes) and (settled or len(strokes) > 1)
    if not wide and (words.state(prediction) == "sure" or not settled):
        box = Box(*ink_box(1 - np.asarray(picture) / 255))
        answer, digits = result.show_digit(prediction), [ReadDigit(box, prediction)]
    else:
        reading = recognizer.read(picture)
        answer, digits = result.show(reading), reading.digits
    left, top, side = pad_in_picture(strokes)
    return explain_answer(answer, recognizer, digits, (left, top, side, side)) if settled else answer


def show_number(recognizer: DigitRecognizer, strokes: list, settled: bool = True) -> dict:
    """The answer to a number on the wide pad, explained if `settled`."""
    page = draw_page(strokes)
    reading = recognizer.read(page)
    answer = result.show(reading, page.size)
    return explain_answer(answer, recognizer, reading.digits, (0, 0, *page.size)) if settled else answer


def _answer(models: Models, question, width: float, hint: str, show: Callable) -> dict:
    with answering(question):
        try:
            strokes, model = parse_question(question, width)
            if not strokes:
                return result.blank(say(hint))
            settled = bool(question.get("settled"))
            answer = show(models.get(model), strokes, settled)
            if answer["state"] == "none" and not settled:
                answer["sentence"] = say("draw.not_yet")  # why not, and what to do, is for what is finished
            return answer
        except MnistModelError as error:
            return result.blank(say_error(error), state="error")
