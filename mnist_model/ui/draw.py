"""The Draw tab."""

from mnist_model.errors import MnistModelError
from mnist_model.ui import result
from mnist_model.ui.canvas import build_canvas
from mnist_model.ui.drawing import draw_strokes, parse_strokes

HINT = "Draw a digit from 0 to 9."
UNREACHABLE = "The app did not answer. Your drawing is kept: add a stroke to ask again."


def build_draw_tab(recognizer) -> None:
    def recognize(payload):
        try:
            strokes = parse_strokes(payload)
        except MnistModelError as error:
            return result.blank(str(error), state="error")
        if not strokes:
            return result.blank(HINT)
        return result.show(recognizer.predict(draw_strokes(strokes)), HINT)

    build_canvas(recognize, blank=result.blank(HINT), unreachable=result.blank(UNREACHABLE, state="error"))
