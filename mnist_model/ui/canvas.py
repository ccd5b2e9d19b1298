"""The drawing pad and the answer beside it, as one Gradio component."""

from collections.abc import Callable

import gradio as gr

from mnist_model.ui import result
from mnist_model.ui.assets import read_asset


def build_canvas(recognize: Callable[[object], dict], blank: dict, unreachable: dict) -> gr.HTML:
    """A pad that asks `recognize` after every stroke, and every so often during one.

    The answer is drawn by the component itself: a round trip through Gradio's event queue takes several times as long
    as the recognition.

    Args:
        recognize: takes the strokes, lists of [x, y] in 0..1, and returns an answer of result.py.
        blank: the answer to an empty pad.
        unreachable: the answer to show when the server gives none.
    """
    layout = f'<div class="tab-grid">{read_asset("canvas.html")}{result.HTML}</div>'
    return gr.HTML(
        value=blank,
        unreachable=unreachable,
        html_template=layout,
        css_template=read_asset("canvas.css") + result.CSS,
        js_on_load=result.JS + read_asset("canvas.js"),
        server_functions=[recognize],
        apply_default_css=False,
        elem_id="draw",
    )
