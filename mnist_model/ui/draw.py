"""The Draw tab: a pad for one digit, or for a number."""

from collections.abc import Callable

from mnist_model.errors import MnistModelError
from mnist_model.feedback import Feedback
from mnist_model.recognizer import DigitRecognizer
from mnist_model.ui import correction, result, words
from mnist_model.ui.assets import read_asset
from mnist_model.ui.canvas import UNREACHABLE, Page, build_canvas, choices
from mnist_model.ui.drawing import WIDE, draw_page, draw_strokes, may_be_number, parse_question
from mnist_model.ui.models import Models

DIGIT_HINT = "Draw a digit from 0 to 9."
NUMBER_HINT = "Write a number, digit by digit."
PAGES = choices("What to draw", "page", {"digit": "One digit", "number": "A number"})
LAYOUT = f'<div class="tab-grid"><div class="pad">{PAGES}$pad</div>{result.HTML}</div>'


def build_draw_tab(models: Models, feedback: Feedback | None = None) -> None:
    def recognize_digit(question):
        return _answer(models, question, 1, DIGIT_HINT, show_digit)

    def recognize_number(question):
        return _answer(models, question, WIDE, NUMBER_HINT, show_number)

    def correct(question):
        number = isinstance(question, dict) and question.get("page") == "number"
        answer = recognize_number(question) if number else recognize_digit(question)
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
                invitation="Draw a digit",
                label="Drawing pad: draw a digit from 0 to 9",
            ),
            Page(
                "number",
                recognize_number,
                result.blank(NUMBER_HINT),
                pen=0.045,
                width=WIDE,
                invitation="Write a number",
                label="Drawing pad: write a number",
            ),
        ],
        LAYOUT,
        css=result.CSS,
        js=result.JS + read_asset("draw.js"),
        unreachable=result.blank(UNREACHABLE, state="error"),
        functions=[correct],
        models=words.model_options(models.facts),
        storage=correction.storage(feedback),
    )


def show_digit(recognizer: DigitRecognizer, strokes: list) -> dict:
    picture = draw_strokes(strokes)
    prediction = recognizer.predict(picture)
    if words.state(prediction) == "sure" and not may_be_number(strokes):
        return result.show_digit(prediction)
    return result.show(recognizer.read(picture))  # as a number, if it is one after all


def show_number(recognizer: DigitRecognizer, strokes: list) -> dict:
    page = draw_page(strokes)
    return result.show(recognizer.read(page), page.size)


def _answer(models: Models, question, width: float, hint: str, show: Callable) -> dict:
    try:
        strokes, model = parse_question(question, width)
        return show(models.get(model), strokes) if strokes else result.blank(hint)
    except MnistModelError as error:
        return result.blank(str(error), state="error")
