"""The Compare tab: one digit, drawn or in a picture, and what every model reads it as.

An answer is a dictionary for compare.js: state ("some", "none" or "error"), sentence, seen (a data URL) and rows, one
for each model. A row has label ("" for no digit), state (as in result.py), differs (from what most models read),
confidence and its words, time, and note, which stands in for the confidence where there is none.
"""

from functools import partial
from time import perf_counter

import numpy as np
from PIL import Image

from mnist_model.errors import MnistModelError
from mnist_model.preprocessing import find_one_digit, fit_to_box
from mnist_model.recognizer import MIN_SHARE, DigitRecognizer, Prediction, open_image
from mnist_model.refusal import why_refused
from mnist_model.ui import words
from mnist_model.ui.assets import read_asset
from mnist_model.ui.canvas import UNREACHABLE, Page, build_canvas, choices
from mnist_model.ui.drawing import draw_strokes, may_be_number, parse_question
from mnist_model.ui.language import answering, in_all_languages, say, say_error
from mnist_model.ui.models import Models
from mnist_model.ui.result import data_url
from mnist_model.ui.uploads import answer_when, build_picture, uploaded_path

DRAW_HINT, UPLOAD_HINT = "compare.hint_draw", "compare.hint_upload"  # keys
RUNS = 3  # of each model on a picture; the quickest counts, for other work on the same cores only slows one down
SOURCES = choices("compare.sources", "source", {"draw": "tab.draw", "upload": "tab.upload"})
LAYOUT = f'<div class="pad">{SOURCES}$pad</div>@children{read_asset("compare.html")}'


def build_compare_tab(models: Models) -> None:
    def compare_drawing(question) -> dict:
        with answering(question):
            try:
                strokes, _ = parse_question(question)
            except MnistModelError as error:
                return nothing(say_error(error), state="error")
            if not strokes:
                return nothing(say(DRAW_HINT))
            return compare(models, draw_strokes(strokes), may_be_number(strokes))

    def compare_upload(image, language) -> dict:
        with answering({"language": language}):
            if image is None:
                return nothing(say(UPLOAD_HINT))
            try:
                return compare(models, open_image(uploaded_path(image)))
            except MnistModelError as error:
                return nothing(say_error(error), state="error")

    page = Page(
        "digit",
        compare_drawing,
        nothing(DRAW_HINT),
        pen=0.06,
        width=1,
        examples=list("0123456789"),
        invitation="draw.invitation_digit",
        label="compare.pad",
    )
    with build_canvas(
        "compare",
        [page],
        LAYOUT,
        css=read_asset("compare.css"),
        js=read_asset("picture.js") + read_asset("compare.js"),
        unreachable=nothing(UNREACHABLE, state="error"),
        uploaded=nothing(UPLOAD_HINT),
        models=[in_all_languages(words.table_row, facts) for facts in models.facts],
    ) as canvas:
        picture = build_picture("compare.picture", "compare-")
    answer_when(picture.change, compare_upload, picture, canvas)


def compare(models: Models, picture: Image.Image, wide: bool = True) -> dict:
    """What each model reads in a picture of one digit. It is brought into MNIST's form once, for all of them.

    Args:
        wide: whether there may be several digits in it: then the default model is asked first.
    """
    ink, share = find_one_digit(picture)
    canonical = fit_to_box(ink)
    if not canonical.any():
        return nothing(words.reason(why_refused(picture, [])))
    if share < MIN_SHARE or wide and len(models.get(models.names[0]).read(picture).digits) > 1:
        return nothing(say("compare.several"))
    rows = {name: ask(partial(models.get, name), canonical) for name in models.names}
    answers = {name: row["label"] for name, row in rows.items() if row["state"] != "error"}
    if not answers:
        return nothing(say("compare.none_loaded"), state="error")
    most, sentence = words.agreement(answers)
    for name in answers:
        rows[name]["differs"] = answers[name] != most
    return {"state": "some", "sentence": sentence, "seen": data_url(canonical), "rows": list(rows.values())}


def ask(load, canonical: np.ndarray) -> dict:
    """The row of one model. Why one cannot be loaded is said where it is chosen alone: here is no room for it."""
    row = {"label": "", "state": "error", "differs": False, "confidence": 0, "words": "", "time": "", "note": ""}
    try:
        prediction, seconds = measure(load(), canonical)
    except MnistModelError:
        return row | {"note": say("compare.not_loaded")}
    row |= {"state": words.state(prediction), "time": words.milliseconds(seconds)}
    if not prediction.is_digit:
        return row | {"note": say("answer.no_digit", digit=prediction.label)}
    percentage = words.short_percentage(prediction.confidence)
    return row | {"label": prediction.label, "confidence": round(prediction.confidence, 4), "words": percentage}


def measure(recognizer: DigitRecognizer, canonical: np.ndarray) -> tuple[Prediction, float]:
    """What a model reads in a picture in MNIST's form, and the seconds that takes it."""
    quickest = float("inf")
    for _ in range(RUNS):
        start = perf_counter()
        (prediction,) = recognizer.predict_canonical([canonical])
        quickest = min(quickest, perf_counter() - start)
    return prediction, quickest


def nothing(sentence: str, state: str = "none") -> dict:
    return {"state": state, "sentence": sentence, "seen": "", "rows": []}
