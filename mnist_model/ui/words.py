"""The words of an answer."""

from collections import Counter
from collections.abc import Sequence

from mnist_model.recognizer import Prediction, ReadDigit, Reading
from mnist_model.refusal import Refusal
from mnist_model.ui.models import ModelFacts

SURE = 0.9
LIKELY = 0.6

REFUSALS = {
    Refusal.BLANK: "Nothing here is darker or lighter than the paper.",
    Refusal.NO_INK: "Nothing here stands out from the paper as ink does. A darker pen or more light may help.",
    Refusal.SEVERAL: "There is more than one thing here, and it is no row of digits.",
    Refusal.SMALL: "What is here is too small to be read. Come nearer.",
    Refusal.CUT_OFF: "This runs into the edge of the picture. Show the whole of it, with some paper around.",
    Refusal.UNLIKE: "This does not look like a digit: it may be a letter, a scribble or a drawing.",
}


def state(prediction: Prediction) -> str:
    """How sure the answer is: "sure", "unsure" or "none"."""
    if not prediction.is_digit:
        return "none"
    return "sure" if prediction.confidence >= SURE else "unsure"


def digit_sentence(prediction: Prediction) -> str:
    first, second = (with_article(label) for label, _ in prediction.top(2))
    if prediction.confidence >= SURE:
        return f"This is {first}."
    if prediction.confidence >= LIKELY:
        return f"Probably {first}, but it could be {second}."
    return f"Not sure: {first}, or {second}?"


def number_sentence(reading: Reading) -> str:
    number = spaced(reading.digits)
    index = least_sure(reading.digits)
    doubtful = reading.digits[index].prediction
    if state(doubtful) == "sure":
        return f"This reads {number}."
    if not doubtful.is_digit:
        return f"This seems to read {number}, but digit {index + 1} hardly looks like one."
    return f"Probably {number}, but digit {index + 1} could be {with_article(doubtful.top(2)[1][0])}."


def refusal_sentence(refusal: Refusal, rejected: list[ReadDigit]) -> str:
    """Why nothing was read; of one thing that is no digit also which it is nearest to."""
    nearest = ""
    if refusal is Refusal.UNLIKE:
        nearest = f" If it is a digit, it is nearest to {rejected[0].prediction.label}."
    return REFUSALS[refusal] + nearest


def left_out(reading: Reading) -> str:
    """What was found beside the digits."""
    count = len(reading.rejected)
    if count == 0:
        return ""
    return " One other thing was left out." if count == 1 else f" {count} other things were left out."


def least_sure(digits: list[ReadDigit]) -> int:
    """Index of the digit that is most in doubt."""
    return min(
        range(len(digits)), key=lambda index: (digits[index].prediction.is_digit, digits[index].prediction.confidence)
    )


def spaced(digits: list[ReadDigit]) -> str:
    """The digits as text, with a space between two words."""
    text, word = "", digits[0].word
    for digit in digits:
        text += (" " if digit.word != word else "") + digit.prediction.label
        word = digit.word
    return text


def agreement(answers: dict[str, str]) -> tuple[str, str]:
    """What most models answer, and in a sentence how far they agree.

    Args:
        answers: a label, or "" for no digit, of each model by its name. Of two answers that are given equally often
            the one that comes first is the one that "most" give.

    >>> agreement({"cnn": "7", "mlp": "7", "knn": "7", "linear": "1"})
    ('7', '3 of 4 models read a 7; linear reads a 1.')
    """
    counts = Counter(answers.values())
    (most, count), *others = counts.most_common()
    if len(answers) == 1:
        return most, f"{_reads(list(answers), most)}."
    if not others:
        return most, f"All {count} models {_verb(count, most)}."
    parts = [f"{count} of {len(answers)} models {_verb(count, most)}"]
    for answer, _ in others:
        parts.append(_reads([name for name, given in answers.items() if given == answer], answer))
    return most, "; ".join(parts) + "."


def _reads(names: Sequence[str], answer: str) -> str:
    listed = ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else names[0]
    return f"{listed} {_verb(len(names), answer)}"


def _verb(count: int, answer: str) -> str:
    if not answer:
        return "sees no digit" if count == 1 else "see no digit"
    return f"{'reads' if count == 1 else 'read'} {with_article(answer)}"


def model_options(facts: Sequence[ModelFacts]) -> list[dict[str, str]]:
    """Each model for the selector: its name, and about it in a sentence or two."""
    return [{"name": one.name, "about": about_model(one)} for one in facts]


def table_row(facts: ModelFacts) -> dict[str, str]:
    """What the table of all models says of one before anything is read."""
    return {
        "name": facts.name,
        "description": facts.description,
        "parameters": f"{facts.parameters:,}" if facts.parameters else "–",
        "accuracy": f"{facts.accuracy:.2%}" if facts.accuracy is not None else "–",
    }


def about_model(facts: ModelFacts) -> str:
    parameters = f"{facts.parameters:,} parameters" if facts.parameters else ""
    accuracy = f"right on {facts.accuracy:.2%} of the MNIST test set" if facts.accuracy is not None else ""
    figures = ", ".join(filter(None, (parameters, accuracy)))
    description = facts.description.rstrip(".")
    limits = "" if facts.refuses else "takes anything with ink for a digit"
    return " ".join(f"{part[0].upper()}{part[1:]}." for part in (description, figures, limits) if part)


def milliseconds(seconds: float) -> str:
    """A time in two digits: 0.83 ms, 1.3 ms, 31 ms."""
    value = seconds * 1000
    return f"{value:.2f} ms" if value < 1 else f"{value:.1f} ms" if value < 10 else f"{value:.0f} ms"


def with_article(label: str) -> str:
    return f"an {label}" if label == "8" else f"a {label}"


def percentage(probability: float) -> str:
    """A probability in words that never claim certainty: 0.9997 is "over 99.9%", not "100.0%"."""
    if probability > 0.999:
        return "over 99.9%"
    if probability < 0.001:
        return "under 0.1%"
    return f"{probability:.1%}"


def short_percentage(probability: float) -> str:
    """The same where there is little room: whole per cent, ">99%" at most."""
    return ">99%" if probability > 0.99 else f"{probability:.0%}"
