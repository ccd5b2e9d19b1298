"""One click on the right digit, where the answer was wrong: checked here, and kept by `feedback.py`.

The page sends what the pictures above the answer are made of, and a correction:

    label      what it is: one of the model's labels, or "none"
    index      which of the answer's details is meant
    seen       of a picture, the data URL of what the model saw of it
    agreed     true: nothing is kept before the visitor agreed
    model, language

It is answered {"kept": whether it was, "sentence": why not}. The picture of a drawing is made anew from its strokes.
"""

import base64
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from mnist_model.config import public_name
from mnist_model.errors import MnistModelError
from mnist_model.feedback import NONE, Feedback
from mnist_model.preprocessing import SIDE
from mnist_model.ui.language import answering, say
from mnist_model.ui.models import Models

MAX_URL = 4000  # characters: 28x28 pixels of noise are a PNG of about 900 bytes
NOT_UNDERSTOOD = "The correction could not be understood."


def storage(feedback: Feedback | None) -> str:
    """Where corrections go, for the page to say: "" (nowhere: none are asked for), "disk" or "hub"."""
    return "" if feedback is None else "hub" if feedback.dataset else "disk"


def keep(models: Models, feedback: Feedback | None, question: Any, seen: Any) -> dict:
    """Keep a correction that the page sent.

    Args:
        seen: the data URL of what the model saw.
    """
    with answering(question):
        try:
            kept = _keep(models, feedback, question, seen)
        except MnistModelError:
            return {"kept": False, "sentence": say("correction.failed")}
        return {"kept": kept, "sentence": "" if kept else say("correction.full")}


def of_picture(models: Models, feedback: Feedback | None) -> Callable[[Any], dict]:
    """`keep` as a server function, for a tab that sends what the model saw."""

    def correct(question) -> dict:
        return keep(models, feedback, question, question.get("seen") if isinstance(question, dict) else None)

    return correct


def _keep(models: Models, feedback: Feedback | None, question: Any, seen: Any) -> bool:
    if not isinstance(question, dict) or feedback is None or question.get("agreed") is not True:
        raise MnistModelError(NOT_UNDERSTOOD)
    recognizer, label = models.get(question.get("model")), question.get("label")
    if label not in (*recognizer.label_names, NONE):
        raise MnistModelError(NOT_UNDERSTOOD)
    picture = parse_seen(seen)
    [prediction] = recognizer.predict_canonical([picture])
    answer = prediction.label if prediction.is_digit else NONE
    return feedback.keep(picture, label, answer, public_name(question["model"]), recognizer.revision or "")


def detail_seen(answer: dict, question: Any) -> Any:
    """The data URL of what the model saw, in the detail of an answer that a correction means."""
    index = question.get("index") if isinstance(question, dict) else None
    details = answer["details"]
    return details[index]["seen"] if type(index) is int and 0 <= index < len(details) else None


def parse_seen(url: Any) -> np.ndarray:
    """The picture in a data URL: uint8, shape (28, 28), with ink on it.

    Raises:
        MnistModelError: it is anything else.

    >>> parse_seen("data:image/png;base64,AAAA")
    Traceback (most recent call last):
    mnist_model.errors.MnistModelError: The correction could not be understood.
    """
    start = "data:image/png;base64,"
    try:
        if not isinstance(url, str) or not url.startswith(start) or len(url) > MAX_URL:
            raise ValueError("no data URL of a small PNG")
        with Image.open(BytesIO(base64.b64decode(url[len(start) :], validate=True)), formats=["PNG"]) as image:
            if image.mode != "L" or image.size != (SIDE, SIDE):
                raise ValueError("no 28x28 grey pixels")
            picture = np.array(image)
        if not picture.any():
            raise ValueError("no ink")
    except Exception as error:  # PIL has several kinds for broken files
        raise MnistModelError(NOT_UNDERSTOOD) from error
    return picture
