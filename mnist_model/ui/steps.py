"""What happened to a picture, step by step: pictures and a sentence to each, for result.js."""

import numpy as np
from PIL import Image

from mnist_model.steps import Steps
from mnist_model.ui.result import data_url, place

LONGER_SIDE = 360  # pixels, at most


def show_steps(steps: Steps, answer: dict) -> list[dict]:
    """The steps as lists of pictures, for the answer of result.py that they led to.

    Returns:
        of each step title, sentence, pictures (data URLs) and boxes (left, top, width and height in per cent).
    """
    if steps.grey.size == 0:
        return []
    several = len(answer["details"]) > 1
    told = "brighter" if steps.bright else "darker"
    plain = np.ptp(steps.ground) == 0
    shown = [
        _step("Grey", "One tone for each pixel, mixed so that ink stands out.", steps.grey),
        _step("Paper", "One tone all over." if plain else "What would be there without the ink.", steps.ground),
    ]
    if not steps.ink.any():
        return [*shown, _step("Ink", "None: nothing differs from the paper as a stroke of ink does.", steps.ink)]
    shown.append(_step("Ink", f"What is {told} than the paper, and as sharp as a stroke.", steps.ink))
    if several:
        boxes = [detail["box"] for detail in answer["details"]]
        shown.append(_step("Boxes", "What belongs together, line by line.", steps.ink, boxes))
        seen = [detail["seen"] for detail in answer["details"]]
        sentence = "Each brought to the size, the place and the thickness of MNIST's digits."
        return [*shown, {"title": "28 × 28", "sentence": sentence, "pictures": seen, "boxes": []}]
    if steps.box:
        height, width = steps.ink.shape
        box = place(steps.box, (width, height))
        shown.append(_step("Box", "What belongs together; specks and what is far away are left out.", steps.ink, [box]))
    if steps.digit.shape != steps.ink.shape:
        shown.append(_step("Close-up", "It is small, so it is cut out of the full picture.", steps.digit))
    sentence = "Brought to the size, the place and the thickness of MNIST's digits."
    pictures = [data_url(steps.canonical)]
    return [*shown, {"title": "28 × 28", "sentence": sentence, "pictures": pictures, "boxes": []}]


def _step(title: str, sentence: str, levels: np.ndarray, boxes: list | None = None) -> dict:
    picture = Image.fromarray(levels)
    picture.thumbnail((LONGER_SIDE, LONGER_SIDE))
    url = data_url(np.asarray(picture), "JPEG", quality=85)
    return {"title": title, "sentence": sentence, "pictures": [url], "boxes": boxes or []}
