"""The Upload tab: a file, the clipboard or the webcam."""

import gradio as gr

from mnist_model.errors import MnistModelError
from mnist_model.ui import result
from mnist_model.ui.assets import EXAMPLES, read_asset
from mnist_model.ui.uploads import uploaded_path

HINT = "Choose a picture of one digit from 0 to 9."


def build_upload_tab(recognizer) -> None:
    def recognize(image) -> dict:
        if image is None:
            return result.blank(HINT)
        try:
            return result.show(recognizer.predict(uploaded_path(image)), HINT)
        except MnistModelError as error:
            return result.blank(str(error), state="error")

    with gr.Row(elem_classes="tab-grid"):
        with gr.Column(min_width=0):
            picture = gr.Image(
                label="Picture of a digit",
                sources=["upload", "clipboard", "webcam"],
                type="filepath",
                buttons=[],
                height=360,
                alt_text="The picture you chose",
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
