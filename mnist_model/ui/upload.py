"""The Upload tab: a picture of a digit or a number, and what is read in it."""

from pathlib import Path

import gradio as gr

from mnist_model.errors import MnistModelError
from mnist_model.feedback import Feedback
from mnist_model.recognizer import open_image
from mnist_model.steps import follow
from mnist_model.ui import correction, result, words
from mnist_model.ui.assets import read_asset
from mnist_model.ui.models import Models
from mnist_model.ui.steps import show_steps
from mnist_model.ui.uploads import answer_when, build_picture, shown_size, uploaded_path

HINT = "Choose a picture of a digit, or of a number."
# The chosen model goes with each picture, whatever the server remembers.
CHOSEN = "(picture) => [picture, document.querySelector('#upload-answer .model select').value]"


def build_upload_tab(models: Models, feedback: Feedback | None = None) -> None:
    def recognize(image, model) -> dict:
        if image is None:
            return result.blank(HINT)
        try:
            recognizer = models.get(model)
            path = uploaded_path(image)
            picture = open_image(path)
        except MnistModelError as error:
            return result.blank(str(error), state="error")
        answer = result.show(recognizer.read(picture), shown_size(picture))
        # Gradio keeps each picture in a folder of its own: by its name upload.js knows which one the boxes belong to.
        return answer | {"steps": show_steps(follow(picture), answer), "picture": Path(path).parent.name}

    def correct(question):
        seen = question.get("seen") if isinstance(question, dict) else None
        return correction.keep(models, feedback, question, seen)

    with gr.Row(elem_classes="tab-grid"):
        picture = build_picture("Picture of a digit or a number")
        with gr.Column(min_width=0):
            answer = gr.HTML(
                value=result.blank(HINT),
                models=words.model_options(models.facts),
                storage=correction.storage(feedback),
                html_template=result.HTML,
                css_template=result.CSS,
                js_on_load=result.JS + read_asset("picture.js") + read_asset("upload.js"),
                server_functions=[correct],
                apply_default_css=False,
                elem_id="upload-answer",
            )
    model = gr.Textbox(visible=False)  # the value is what CHOSEN gives
    for event in (picture.change, answer.choose):
        answer_when(event, recognize, [picture, model], answer, js=CHOSEN)
