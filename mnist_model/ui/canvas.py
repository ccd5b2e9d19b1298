"""The drawing pad and the answer beside it, as one Gradio component."""

from collections.abc import Callable

import gradio as gr

from mnist_model.ui import result
from mnist_model.ui.assets import read_asset
from mnist_model.ui.drawing import WIDE


def build_canvas(recognize: list[Callable[[object], dict]], blanks: list[dict], unreachable: dict) -> gr.HTML:
    """A pad that asks after every stroke, and every so often during one.

    The answer is drawn by the component itself: a round trip through Gradio's event queue takes several times as long
    as the recognition.

    Args:
        recognize: recognize_digit for the square pad and recognize_number for the wide one. They take the strokes,
            lists of [x, y] in units of the pad's height, and return an answer of result.py.
        blanks: the answers to these pads when they are empty.
        unreachable: the answer to show when the server gives none.
    """
    layout = f'<div class="tab-grid">{read_asset("canvas.html")}{result.HTML}</div>'
    return gr.HTML(
        value=blanks[0],
        blanks=blanks,
        unreachable=unreachable,
        wide=WIDE,
        html_template=layout,
        css_template=read_asset("canvas.css") + result.CSS,
        js_on_load=result.JS + read_asset("canvas.js"),
        server_functions=recognize,
        apply_default_css=False,
        elem_id="draw",
    )
