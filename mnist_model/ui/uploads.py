"""Pictures that visitors send through Gradio's own component: a file, the clipboard or the webcam."""

from collections.abc import Callable
from pathlib import Path

import gradio as gr
from gradio.i18n import I18nData
from gradio.utils import get_upload_folder
from PIL import Image

from mnist_model.errors import MnistModelError
from mnist_model.preprocessing import orientation_of
from mnist_model.ui.assets import EXAMPLES
from mnist_model.ui.language import say


def build_picture(label: str, elem_id: str = "") -> gr.Image:
    """A column with the place for a picture, and examples below it; `picture.js` looks after it.

    Args:
        label: a key.
        elem_id: begins the ids of both.
    """
    with gr.Column(min_width=0, elem_classes="picture-column"):
        picture = gr.Image(
            label=I18nData(label),
            sources=["upload", "clipboard", "webcam"],
            type="filepath",
            buttons=[],
            height=360,
            # Else the picture is taken mirrored, and no digit is read right; on a phone, the camera at its back.
            webcam_options=gr.WebcamOptions(mirror=False, constraints={"video": {"facingMode": "environment"}}),
            elem_id=f"{elem_id}picture",
            elem_classes="picture",
        )
        gr.Examples(
            [[str(path)] for path in EXAMPLES],
            picture,
            label=I18nData("upload.examples"),
            api_visibility="private",
            elem_id=f"{elem_id}examples",
        )
    return picture


def answer_when(event: Callable, answer: Callable, picture: gr.Image, output: gr.HTML) -> None:
    """Let `answer` fill `output` on an event, with the raw value of `picture` (`uploaded_path`) and the language."""
    language = gr.Textbox(visible=False)  # its value is what `js` gives
    event(
        answer,
        [picture, language],
        output,
        js="(picture) => [picture, app.language]",
        preprocess=False,
        show_progress="hidden",
        trigger_mode="always_last",
        concurrency_limit=4,
        api_visibility="private",
    )


def uploaded_path(image) -> str:
    """The file behind the raw value of a gr.Image, which events with preprocess=False are given.

    gr.Image opens a file before the function runs, and one that is no picture then ends in a traceback. Here it stays
    unopened until the recognizer opens it, and says in a sentence what is wrong with it.

    Gradio checks the path of a value only where that calls itself a file ("meta"): any other is checked here.

    Raises:
        MnistModelError: when there is no file, or none that Gradio was sent.
    """
    path = image.get("path") if isinstance(image, dict) else None
    try:
        if isinstance(path, str) and Path(path).resolve().is_relative_to(Path(get_upload_folder()).resolve()):
            return path
    except (ValueError, OSError):  # a null byte, a name that is too long
        pass
    raise MnistModelError(say("file.none"))


def shown_size(picture: Image.Image) -> tuple[int, int]:
    """Width and height of a picture as it is shown, its EXIF rotation undone."""
    width, height = picture.size
    return (height, width) if orientation_of(picture) >= 5 else (width, height)
