"""The Camera tab: digits on paper, read frame by frame."""

import asyncio
import base64
import binascii
import os
from io import BytesIO
from typing import Any

import gradio as gr
from PIL import Image

from mnist_model.errors import MnistModelError
from mnist_model.feedback import Feedback
from mnist_model.steps import follow
from mnist_model.ui import correction, result, words
from mnist_model.ui.assets import read_asset
from mnist_model.ui.language import answering, say, say_error
from mnist_model.ui.models import Models
from mnist_model.ui.steps import show_steps
from mnist_model.ui.uploads import shown_size
from mnist_model.ui.why import explain_answer

MAX_CHARACTERS = 3_000_000  # of base64: a JPEG of MAX_PIXELS has a tenth of it
MAX_PIXELS = 1280 * 1280  # camera.js sends at most 1280 on the longer side
PREFIXES = ("data:image/jpeg;base64,", "data:image/png;base64,")


def build_camera_tab(models: Models, feedback: Feedback | None = None) -> None:
    # Cameras ask all the time: whatever their number, one core is left to those who draw.
    turn = asyncio.Semaphore(max(1, (os.cpu_count() or 1) - 1))

    async def read_frame(question) -> dict:
        async with turn:
            return await asyncio.to_thread(answer_frame, models, question)

    gr.HTML(
        blank=result.blank(""),
        models=words.model_options(models.facts),
        html_template=f'<div class="tab-grid">{read_asset("camera.html")}{result.HTML}</div>',
        css_template=read_asset("camera.css") + result.CSS,
        js_on_load=result.JS + read_asset("steady.js") + read_asset("camera.js"),
        storage=correction.storage(feedback),
        server_functions=[read_frame, correction.of_picture(models, feedback)],
        apply_default_css=False,
        elem_id="camera",
    )


def answer_frame(models: Models, question: Any) -> dict:
    """The answer to a frame, as `result.show` gives it.

    Args:
        question: {"picture": a data URL, "model": a name, "language": a code, "settled": whether the picture stays},
            as a browser sends it, or anything else. A picture that stays is explained, and its steps are told.
    """
    if not isinstance(question, dict):
        question = {}
    with answering(question):
        try:
            recognizer = models.get(question.get("model"))
            picture = open_frame(question.get("picture"))
        except MnistModelError as error:
            return result.blank(say_error(error), state="error")
        reading, size = recognizer.read(picture), shown_size(picture)
        answer = result.show(reading, size)
        if question.get("settled") is not True:
            return answer
        steps = follow(picture)
        answer["steps"] = show_steps(steps, answer)
        return explain_answer(answer, recognizer, reading.digits, (0, 0, *size), steps.ink)


def open_frame(url: Any) -> Image.Image:
    """The picture in a data URL. Nothing is decoded before its size in bytes and in pixels is known.

    Raises:
        MnistModelError: it is no JPEG or PNG, or damaged, or larger than a frame is.
    """
    if not isinstance(url, str) or not url.startswith(PREFIXES):
        raise MnistModelError(say("camera.no_picture"))
    if len(url) > MAX_CHARACTERS:
        raise MnistModelError(say("camera.too_large"))
    try:
        content = base64.b64decode(url.partition(",")[2], validate=True)
        picture = Image.open(BytesIO(content), formats=("JPEG", "PNG"))
        if fits := picture.width * picture.height <= MAX_PIXELS:
            picture.load()
    except Image.DecompressionBombError:
        fits = False
    except (binascii.Error, ValueError, OSError, SyntaxError) as error:  # PIL has each of them for broken pictures
        raise MnistModelError(say("camera.no_picture")) from error
    if not fits:
        raise MnistModelError(say("camera.too_large"))
    return picture
