"""The Draw tab: a pad for one digit, or for a number."""

from collections.abc import Callable

from mnist_model.errors import MnistModelError
from mnist_model.ui import result
from mnist_model.ui.canvas import build_canvas
from mnist_model.ui.drawing import WIDE, draw_page, draw_strokes, may_be_number, parse_strokes
from mnist_model.ui.words import state

DIGIT_HINT = "Draw a digit from 0 to 9."
NUMBER_HINT = "Write a number, digit by digit."
UNREACHABLE = "The app did not answer. Your drawing is kept: add a stroke to ask again."


def build_draw_tab(recognizer) -> None:
    def show_digit(strokes) -> dict:
        picture = draw_strokes(strokes)
        prediction = recognizer.predict(picture)
        if state(prediction) == "sure" and not may_be_number(strokes):
            return result.show_digit(prediction)
        return result.show(recognizer.read(picture))  # as a number, if it is one after all

    def show_number(strokes) -> dict:
        page = draw_page(strokes)
        return result.show(recognizer.read(page), page.size)

    def recognize_digit(payload):
        return _answer(payload, 1, DIGIT_HINT, show_digit)

    def recognize_number(payload):
        return _answer(payload, WIDE, NUMBER_HINT, show_number)

    build_canvas(
        [recognize_digit, recognize_number],
        blanks=[result.blank(DIGIT_HINT), result.blank(NUMBER_HINT)],
        unreachable=result.blank(UNREACHABLE, state="error"),
    )


def _answer(payload, width: float, hint: str, show: Callable[[list], dict]) -> dict:
    try:
        strokes = parse_strokes(payload, width)
    except MnistModelError as error:
        return result.blank(str(error), state="error")
    return show(strokes) if strokes else result.blank(hint)
