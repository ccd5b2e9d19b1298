"""The Results tab: what the reports that ship with the models say, and the test pictures behind it.

Nothing is read before the tab is opened: Gradio runs results.js only then, and that asks for what it shows.
"""

import asyncio
from collections.abc import Callable

import gradio as gr

from mnist_model.config import bundled_models
from mnist_model.errors import MnistModelError
from mnist_model.ui.assets import read_asset
from mnist_model.ui.language import answering, say, say_error, sentences
from mnist_model.ui.pictures import Pictures, PictureSource
from mnist_model.ui.report import WORST_LIMIT, cell, check_pictures, lead, read_report, render_report, render_tiles

FIRST = "mnist_cnn"


def build_results_tab() -> None:
    source = PictureSource.from_environment()

    # A question is {"language": the visitor's, "asked": what is passed on}.
    def ask_report(question) -> dict:
        with answering(question):
            return show_model(question["asked"])

    async def ask_worst(question) -> dict:
        with answering(question):
            return await _with_pictures(source, worst_of, question["asked"])

    async def ask_cell(question) -> dict:
        with answering(question):
            return await _with_pictures(source, cell_of, question["asked"])

    gr.HTML(
        html_template=read_asset("results.html"),
        css_template=read_asset("results.css"),
        js_on_load=read_asset("results.js"),
        server_functions=[ask_report, ask_worst, ask_cell],
        apply_default_css=False,
        elem_id="results",
    )


def show_model(name) -> dict:
    """A model's report, without pictures.

    Args:
        name: of a bundled model; None for the one to begin with.
    Returns:
        models (all names), name, lead (a sentence) and html.
    """
    models = bundled_models()
    name = name or (FIRST if FIRST in models else models[-1])
    try:
        report = read_report(name)
    except MnistModelError as error:
        return {"models": models, "name": name, "lead": say_error(error), "html": ""}
    return {"models": models, "name": name, "lead": lead(report), "html": render_report(report)}


def worst_of(name, pictures: Pictures | None, reason: str) -> dict:
    """The worst mistakes of a model.

    Args:
        name: of a bundled model.
        pictures: where they can be had.
        reason: else why not, in a sentence.
    Returns:
        said (the reason) and html.
    """
    report = read_report(name)
    pictures, reason = _checked(report, pictures, reason)
    return {"said": reason, "html": render_tiles(report["mistakes"][:WORST_LIMIT], pictures)}


def cell_of(place, pictures: Pictures | None, reason: str) -> dict:
    """What is behind a cell of the confusion matrix: as `worst_of`, for [name, row, column]."""
    name, row, column = place
    report = read_report(name)
    pictures, reason = _checked(report, pictures, reason)
    said, behind = cell(report, int(row), int(column), pictures)
    return {"said": sentences(said, reason), "html": render_tiles(behind, pictures, words=False)}


def _checked(report: dict, pictures: Pictures | None, reason: str) -> tuple[Pictures | None, str]:
    try:
        if pictures:
            check_pictures(report, pictures)
    except MnistModelError as error:
        return None, _refusal(error)
    return pictures, reason


def _refusal(error: MnistModelError) -> str:
    return sentences(say("results.no_pictures"), say_error(error))


async def _with_pictures(source: PictureSource, answer: Callable[..., dict], asked) -> dict:
    try:
        pictures, reason = await source.get(), ""
    except MnistModelError as error:
        pictures, reason = None, _refusal(error)
    try:
        return await asyncio.to_thread(answer, asked, pictures, reason)
    except MnistModelError as error:
        return {"said": say_error(error), "html": ""}
    except (TypeError, ValueError, IndexError):
        return {"said": say("results.no_cell"), "html": ""}
