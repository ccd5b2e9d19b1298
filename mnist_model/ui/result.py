"""The answer as both tabs show it: a plain dictionary for result.js, and the words in it."""

import base64
from io import BytesIO

from PIL import Image

from mnist_model.ui.assets import read_asset

HTML, CSS, JS = (read_asset(f"result.{kind}") for kind in ("html", "css", "js"))

SURE = 0.9
LIKELY = 0.6


def show(prediction, hint: str) -> dict:
    """What the page shows for a prediction.

    Args:
        prediction: a Prediction of the recognizer.
        hint: what to do when the picture shows no digit.

    Returns:
        digit ("" for no digit), state ("sure", "unsure", "none" or "error"), sentence, bars (all [digit, probability]
        pairs, in their order), top (three [digit, percentage] pairs, best first) and seen (a data URL of a PNG).
    """
    seen = data_url(prediction.canonical)
    if not prediction.canonical.any():
        return blank(f"Nothing stands out from the paper. {hint}") | {"seen": seen}
    answer = {
        "digit": prediction.label,
        "bars": [[label, round(probability, 4)] for label, probability in prediction.probabilities.items()],
        "top": [[label, percentage(probability)] for label, probability in prediction.top(3)],
        "seen": seen,
    }
    if not prediction.is_digit:
        sentence = f"This does not look like a digit. If it is one, it is nearest to {prediction.label}. {hint}"
        return answer | {"digit": "", "state": "none", "sentence": sentence}
    first, second = (f"an {label}" if label == "8" else f"a {label}" for label, _ in prediction.top(2))
    if prediction.confidence >= SURE:
        return answer | {"state": "sure", "sentence": f"This is {first}."}
    if prediction.confidence >= LIKELY:
        return answer | {"state": "unsure", "sentence": f"Probably {first}, but it could be {second}."}
    return answer | {"state": "unsure", "sentence": f"Not sure: {first}, or {second}?"}


def blank(sentence: str, state: str = "none") -> dict:
    """What the page shows while there is nothing to recognise, or, with state "error", what went wrong."""
    bars = [[str(digit), 0] for digit in range(10)]
    return {"digit": "", "state": state, "sentence": sentence, "bars": bars, "top": [], "seen": ""}


def percentage(probability: float) -> str:
    """A probability in words that never claim certainty: 0.9997 is "over 99.9%", not "100.0%"."""
    if probability > 0.999:
        return "over 99.9%"
    if probability < 0.001:
        return "under 0.1%"
    return f"{probability:.1%}"


def data_url(canonical) -> str:
    png = BytesIO()
    Image.fromarray(canonical).save(png, "PNG")
    return "data:image/png;base64," + base64.b64encode(png.getvalue()).decode()
