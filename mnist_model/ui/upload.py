"""The Upload tab: pictures of digits and numbers, one or many at once, and what is read in them.

The browser sends each file by itself: nothing is written to disk, and a batch waits its turn among other visitors.
"""

import asyncio
from base64 import b64encode
from io import BytesIO
from pathlib import Path
from time import perf_counter

import gradio as gr

from mnist_model.errors import MnistModelError
from mnist_model.feedback import Feedback
from mnist_model.recognizer import MAX_FILE_BYTES, decode_image
from mnist_model.steps import follow
from mnist_model.ui import correction, result, words
from mnist_model.ui.api import describe
from mnist_model.ui.assets import EXAMPLES, read_asset
from mnist_model.ui.language import answering, say, say_error
from mnist_model.ui.models import Models
from mnist_model.ui.steps import show_steps
from mnist_model.ui.uploads import shown_size
from mnist_model.ui.why import explain_answer

AT_ONCE = 2  # pictures that are read for all visitors together, so that drawings are answered meanwhile
MAX_FILES = 500  # in a batch
SCRIPTS = ("answers.js", "batch.js", "thumbnail.js", "upload.js")


def build_upload_tab(models: Models, feedback: Feedback | None = None) -> None:
    turns = asyncio.Semaphore(AT_ONCE)

    async def read_file(question) -> dict:
        async with turns:
            with answering(getattr(question, "data", None)):
                return await asyncio.to_thread(answer_file, models, question)

    gr.HTML(
        blank=result.blank("upload.hint"),
        models=words.model_options(models.facts),
        storage=correction.storage(feedback),
        examples=[{"name": path.name, "url": _data_url(path)} for path in EXAMPLES],
        max_files=MAX_FILES,
        max_bytes=MAX_FILE_BYTES,
        html_template=read_asset("upload.html").replace("$result", result.HTML),
        css_template=result.CSS + read_asset("upload.css"),
        js_on_load=result.JS + "".join(map(read_asset, SCRIPTS)),
        server_functions=[read_file, correction.of_picture(models, feedback)],
        apply_default_css=False,
        elem_id="upload",
    )


def answer_file(models: Models, question) -> dict:
    """What is read in a file that the browser sent.

    Args:
        question: Gradio's `DataWithFiles`: one file, and the fields "model" (the chosen name), "language" (the
            visitor's) and "brief" ("yes" for one of many, of which only the reading is wanted).
    Returns:
        state and sentence, as of result.py; text and digits, as of the API's /read; milliseconds, of the reading alone.
        Where it is not brief, also all else of result.py.
    """
    try:
        name, content, fields = _parse(question)
        recognizer = models.get(fields.get("model"))
        picture = decode_image(BytesIO(content), name, len(content))
    except MnistModelError as error:
        return result.blank(say_error(error), state="error") | {"text": "", "digits": [], "milliseconds": None}
    start = perf_counter()
    reading = recognizer.read(picture)
    milliseconds = round((perf_counter() - start) * 1000, 1)
    size = shown_size(picture)
    answer = result.show(reading, size)
    if fields.get("brief") == "yes":
        answer = {"state": answer["state"], "sentence": answer["sentence"]}
    else:
        steps = follow(picture)
        answer["steps"] = show_steps(steps, answer)
        explain_answer(answer, recognizer, reading.digits, (0, 0, *size), steps.ink)
    digits = [describe(digit) for digit in reading.digits]
    return answer | {"text": reading.text, "digits": digits, "milliseconds": milliseconds}


def _parse(question) -> tuple[str, bytes, dict]:
    """Name, content and fields of what may be anything.

    Raises:
        MnistModelError: it is not one file.
    """
    try:
        ((name, content),) = question.files
        return str(name), content, dict(question.data)
    except (AttributeError, TypeError, ValueError):
        raise MnistModelError(say("file.none")) from None


def _data_url(path: Path) -> str:
    return f"data:image/png;base64,{b64encode(path.read_bytes()).decode()}"
