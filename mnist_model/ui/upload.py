"""The Upload tab: a picture of a digit or a number, and what is read in it."""

from pathlib import Path

import gradio as gr

from mnist_model.errors import MnistModelError
from mnist_model.recognizer import open_image
from mnist_model.steps import follow
from mnist_model.ui import result, words
from mnist_model.ui.assets import read_asset
from mnist_model.ui.language import answering, say, say_error
from mnist_model.ui.models import Models
from mnist_model.ui.steps import show_steps
from mnist_model.ui.uploads import answer_when, build_picture, shown_size, uploaded_path

HINT = "upload.hint"  # a key
# The chosen model and the language go with each picture, whatever the server remembers.
CHOSEN = "(picture) => [picture, document.querySelector('#upload-answer .model select').value, app.language]"


def build_upload_tab(models: Models) -> None:
    def recognize(image, model, language) -> dict:
        with answering({"language": language}):
            if image is None:
                return result.blank(say(HINT))
            try:
                recognizer = models.get(model)
                path = uploaded_path(image)
                picture = open_image(path)
            except MnistModelError as error:
                return result.blank(say_error(error), state="error")
            answer = result.show(recognizer.read(picture), shown_size(picture))
            # Gradio keeps each picture in a folder of its own: by its name upload.js knows which the boxes belong to.
            return answer | {"steps": show_steps(follow(picture), answer), "picture": Path(path).parent.name}

    with gr.Row(elem_classes="tab-grid"):
        picture = build_picture("upload.picture")
        with gr.Column(min_width=0):
            answer = gr.HTML(
                value=result.blank(HINT),
                models=words.model_options(models.facts),
                html_template=result.HTML,
                css_template=result.CSS,
                js_on_load=result.JS + read_asset("picture.js") + read_asset("upload.js"),
                apply_default_css=False,
                elem_id="upload-answer",
            )
    model, language = (gr.Textbox(visible=False) for _ in range(2))  # the values are what CHOSEN gives
    for event in (picture.change, answer.choose):
        answer_when(event, recognize, [picture, model, language], answer, js=CHOSEN)
