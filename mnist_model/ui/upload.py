"""The Upload tab: a file, the clipboard or the webcam."""

from pathlib import Path

import gradio as gr

from mnist_model.errors import MnistModelError
from mnist_model.recognizer import open_image
from mnist_model.steps import follow
from mnist_model.ui import result
from mnist_model.ui.assets import EXAMPLES, read_asset
from mnist_model.ui.steps import show_steps
from mnist_model.ui.uploads import shown_size, uploaded_path

HINT = "Choose a picture of a digit, or of a number."


def build_upload_tab(recognizer) -> None:
    def recognize(image) -> dict:
        if image is None:
            return result.blank(HINT)
        try:
            path = uploaded_path(image)
            picture = open_image(path)
        except MnistModelError as error:
            return result.blank(str(error), state="error")
        answer = result.show(recognizer.read(picture), shown_size(picture))
        # Gradio keeps each picture in a folder of its own: by its name upload.js knows which one the boxes belong to.
        return answer | {"steps": show_steps(follow(picture), answer), "picture": Path(path).parent.name}

    with gr.Row(elem_classes="tab-grid"):
        with gr.Column(min_width=0):
            picture = gr.Image(
                label="Picture of a digit or a number",
                sources=["upload", "clipboard", "webcam"],
                type="filepath",
                buttons=[],
                height=360,
                alt_text="The picture you chose",
                # Else the picture is taken mirrored, and no digit is read right; on a phone, the camera at its back.
                webcam_options=gr.WebcamOptions(mirror=False, constraints={"video": {"facingMode": "environment"}}),
                elem_id="picture",
            )
            gr.Examples(
                [[str(path)] for path in EXAMPLES],
                picture,
                label="Or try one of these",
                api_visibility="private",
                elem_id="examples",
            )
        with gr.Column(min_width=0):
            answer = gr.HTML(
                value=result.blank(HINT),
                html_template=result.HTML,
                css_template=result.CSS,
                js_on_load=result.JS + read_asset("upload.js"),
                apply_default_css=False,
                elem_id="upload-answer",
            )
    picture.change(
        recognize,
        picture,
        answer,
        preprocess=False,  # see uploaded_path
        show_progress="hidden",
        concurrency_limit=4,
        api_visibility="private",
    )
