"""What happened to a picture, step by step: pictures and a sentence to each, for result.js."""

import numpy as np
from PIL import Image

from mnist_model.steps import Steps
from mnist_model.ui.language import say
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
    plain = np.ptp(steps.ground) == 0
    shown = [
        _step("grey", "grey_told", steps.grey),
        _step("paper", "paper_plain" if plain else "paper_told", steps.ground),
    ]
    if not steps.ink.any():
        return [*shown, _step("ink", "ink_none", steps.ink)]
    shown.append(_step("ink", "ink_brighter" if steps.bright else "ink_darker", steps.ink))
    if several:
        boxes = [detail["box"] for detail in answer["details"]]
        shown.append(_step("boxes", "boxes_told", steps.ink, boxes))
        seen = [detail["seen"] for detail in answer["details"]]
        return [*shown, _last("canonical_each", seen)]
    if steps.box:
        height, width = steps.ink.shape
        box = place(steps.box, (width, height))
        shown.append(_step("box", "box_told", steps.ink, [box]))
    if steps.digit.shape != steps.ink.shape:
        shown.append(_step("close_up", "close_up_told", steps.digit))
    return [*shown, _last("canonical_one", [data_url(steps.canonical)])]


def _last(sentence: str, pictures: list[str]) -> dict:
    return {"title": "28 × 28", "sentence": say(f"steps.{sentence}"), "pictures": pictures, "boxes": []}


def _step(title: str, sentence: str, levels: np.ndarray, boxes: list | None = None) -> dict:
    picture = Image.fromarray(levels)
    picture.thumbnail((LONGER_SIDE, LONGER_SIDE))
    url = data_url(np.asarray(picture), "JPEG", quality=85)
    title, sentence = say(f"steps.{title}"), say(f"steps.{sentence}")
    return {"title": title, "sentence": sentence, "pictures": [url], "boxes": boxes or []}
