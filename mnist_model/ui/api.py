"""The two endpoints for gradio_client and curl: /predict and /read. They are the tools of the MCP server too."""

import gradio as gr

from mnist_model.errors import MnistModelError
from mnist_model.ui.uploads import uploaded_path


def build_api(recognizer) -> None:
    def predict(image):
        """The digit in a picture.

        Returns what gr.Label returns: the label, and all ten digits with their confidence, best first. The label is
        null where the picture shows no digit; the confidences are then what the model would guess if it had to.

        Args:
            image: a picture of one handwritten digit, dark on light or light on dark, at most 10 MB
        """
        prediction = answer(recognizer.predict, image)
        ranking = prediction.top(len(prediction.probabilities))
        return {
            "label": prediction.label if prediction.is_digit else None,
            "confidences": [{"label": label, "confidence": confidence} for label, confidence in ranking],
        }

    def read(image):
        """The number in a picture: its text, and for each digit its box (x, y, width, height), label and confidence.

        Boxes are in pixels of the picture, confidences between 0 and 1. The text is empty where there is no digit.

        Args:
            image: a picture of handwritten digits beside each other, dark on light or light on dark, at most 10 MB
        """
        reading = answer(recognizer.read, image)
        return {"text": reading.text, "digits": [describe(digit) for digit in reading.digits]}

    with gr.Column(visible=False):
        image = gr.Image(label="image", type="filepath")
        for function, output in ((predict, gr.Label(label="digit")), (read, gr.JSON(label="reading"))):
            gr.Button().click(
                function,
                image,
                output,
                preprocess=False,  # see uploaded_path
                postprocess=False,  # gr.Label would name the best of the ten even where there is no digit
                api_name=function.__name__,
                concurrency_limit=4,
            )


def answer(recognize, image):
    try:
        return recognize(uploaded_path(image))
    except MnistModelError as error:
        raise gr.Error(str(error), print_exception=False) from None


def describe(digit) -> dict:
    return {
        "box": [int(value) for value in digit.box],
        "label": digit.prediction.label,
        "confidence": digit.prediction.confidence,
    }
