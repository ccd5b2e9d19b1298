"""The drawing pad, and whatever shows the answer beside it, as one Gradio component."""

from collections.abc import Sequence
from dataclasses import dataclass
from string import Template
from types import FunctionType

import gradio as gr

from mnist_model.ui.assets import read_asset

UNREACHABLE = "pad.unreachable"  # a key


@dataclass(frozen=True)
class Page:
    """What is drawn on the pad.

    Args:
        name: of its radio button, where there are several pages.
        answer: takes {"strokes": lists of [x, y] in units of the pad's height, "model": the chosen name or nothing,
            "language": the visitor's, "settled": whether the pen is up}.
        blank: the answer while nothing is drawn, with a key for its sentence.
        pen: width of the pen, and `width` that of the pad, in units of its height.
        examples: digits, or numbers, whose drawings can be chosen.
        invitation: on the empty pad, a key.
        label: of the pad, for screen readers, a key.
    """

    name: str
    answer: FunctionType
    blank: dict
    pen: float
    width: float
    examples: list[str]
    invitation: str
    label: str


def build_canvas(
    elem_id: str,
    pages: list[Page],
    layout: str,
    css: str,
    js: str,
    unreachable: dict,
    tools: str = "",
    functions: Sequence[FunctionType] = (),
    **props,
) -> gr.HTML:
    """A pad that asks after every stroke, and every so often during one.

    The answer is drawn by the component itself: a round trip through Gradio's event queue takes several times as long
    as the recognition.

    Args:
        pages: the first is shown at the start.
        layout: HTML, of which "$pad" stands for the pad.
        js: defines createView(element), which gives {show(answer, settled)} and, where one can be chosen, model(); if
            it likes, settled(answer, drawing) for the last answer to each drawing, {id, strokes, page, model}, or to
            the blank pad (null), and ready(), called when drawings can be opened.
        unreachable: the answer to show when the server gives none, with a key for its sentence.
        tools: HTML of buttons beside those of the pad.
        functions: what else `js` may ask the server.
        props: what else `js` needs.
    """
    pad = Template(read_asset("canvas.html")).substitute(id=elem_id, tools=tools)
    settings = [vars(page) | {"answer": page.answer.__name__} for page in pages]
    return gr.HTML(
        value=pages[0].blank,
        pages=settings,
        unreachable=unreachable,
        html_template=Template(layout).substitute(pad=pad),
        css_template=read_asset("canvas.css") + css,
        js_on_load=js + "".join(map(read_asset, ("ink.js", "link.js", "drawings.js", "canvas.js"))),
        server_functions=[*(page.answer for page in pages), *functions],
        apply_default_css=False,
        elem_id=elem_id,
        **props,
    )


def choices(legend: str, name: str, labels: dict[str, str]) -> str:
    """HTML of two or three radio buttons beside each other, the first of them chosen. Their texts are keys."""
    radios = [
        f'<label><input type="radio" name="{name}" value="{value}"><span data-say="{label}"></span></label>'
        for value, label in labels.items()
    ]
    radios[0] = radios[0].replace("><span", " checked><span")
    return f'<fieldset class="choices"><legend data-say="{legend}"></legend>{"".join(radios)}</fieldset>'
