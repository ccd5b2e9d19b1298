"""The words of an answer."""

from collections import Counter
from collections.abc import Sequence

from mnist_model.recognizer import Prediction, ReadDigit, Reading
from mnist_model.refusal import Refusal
from mnist_model.ui.language import in_all_languages, number, say, sentences
from mnist_model.ui.models import ModelFacts

SURE = 0.9
LIKELY = 0.6


def state(prediction: Prediction) -> str:
    """How sure the answer is: "sure", "unsure" or "none"."""
    if not prediction.is_digit:
        return "none"
    return "sure" if prediction.confidence >= SURE else "unsure"


def digit_sentence(prediction: Prediction) -> str:
    first, second = (with_article(label) for label, _ in prediction.top(2))
    if prediction.confidence >= SURE:
        return say("answer.digit", digit=first)
    if prediction.confidence >= LIKELY:
        return say("answer.digit_probably", digit=first, other=second)
    return say("answer.digit_unsure", digit=first, other=second)


def number_sentence(reading: Reading) -> str:
    text = spaced(reading.digits)
    index = least_sure(reading.digits)
    doubtful = reading.digits[index].prediction
    if state(doubtful) == "sure":
        return say("answer.number", number=text)
    if not doubtful.is_digit:
        return say("answer.number_hardly", number=text, place=index + 1)
    other = with_article(doubtful.top(2)[1][0])
    return say("answer.number_probably", number=text, place=index + 1, other=other)


def refusal_sentence(refusal: Refusal, rejected: list[ReadDigit]) -> str:
    """Why nothing was read; of one thing that is no digit also which it is nearest to."""
    nearest = ""
    if refusal is Refusal.UNLIKE:
        nearest = say("refusal.nearest", digit=rejected[0].prediction.label)
    return sentences(reason(refusal), nearest)


def reason(refusal: Refusal) -> str:
    return say(f"refusal.{refusal.name.lower()}")


def left_out(reading: Reading) -> str:
    """What was found beside the digits."""
    count = len(reading.rejected)
    if count == 0:
        return ""
    return say("answer.left_out_one") if count == 1 else say("answer.left_out", count=count)


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
        return most, say("compare.sentence", parts=_read_by(list(answers), most))
    if not others:
        return most, say("compare.sentence", parts=_reads(say("compare.all", count=count), count, most))
    some = say("compare.some", count=count, total=len(answers))
    parts = [_reads(some, count, most)]
    for answer, _ in others:
        parts.append(_read_by([name for name, given in answers.items() if given == answer], answer))
    return most, say("compare.sentence", parts=say("list.semicolon").join(parts))


def _read_by(names: Sequence[str], answer: str) -> str:
    listed = say("list.names").join(names[:-1]) + say("list.and") + names[-1] if len(names) > 1 else names[0]
    return _reads(listed, len(names), answer)


def _reads(who: str, count: int, answer: str) -> str:
    if not answer:
        return say("compare.sees_none" if count == 1 else "compare.see_none", who=who)
    return say("compare.reads" if count == 1 else "compare.read", who=who, digit=with_article(answer))


def model_options(facts: Sequence[ModelFacts]) -> list[dict]:
    """Each model for the selector: its name, and about it in a sentence or two, by language."""
    return [{"name": one.name, "about": in_all_languages(about_model, one)} for one in facts]


def table_row(facts: ModelFacts) -> dict[str, str]:
    """What the table of all models says of one before anything is read."""
    return {
        "name": facts.name,
        "description": facts.description,
        "parameters": number(facts.parameters) if facts.parameters else "–",
        "accuracy": number(facts.accuracy, ".2%") if facts.accuracy is not None else "–",
    }


def about_model(facts: ModelFacts) -> str:
    parameters = say("model.parameters", count=number(facts.parameters)) if facts.parameters else ""
    accuracy = say("model.accuracy", share=number(facts.accuracy, ".2%")) if facts.accuracy is not None else ""
    figures = say("list.comma").join(filter(None, (parameters, accuracy)))
    limits = "" if facts.refuses else say("model.refuses_nothing")
    stop = say("sentence.stop")
    told = [f"{_capital(part)}{stop}" for part in (figures, limits) if part]
    if description := facts.description.rstrip("."):
        told.insert(0, say("sentence.english", text=f"{_capital(description)}."))
    return sentences(*told)


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def milliseconds(seconds: float) -> str:
    """A time in two digits: 0.83 ms, 1.3 ms, 31 ms."""
    value = seconds * 1000
    return say("time.milliseconds", value=number(value, ".2f" if value < 1 else ".1f" if value < 10 else ".0f"))


def with_article(label: str) -> str:
    return say("answer.an_8" if label == "8" else "answer.a_digit", digit=label)


def percentage(probability: float) -> str:
    """A probability in words that never claim certainty: 0.9997 is "over 99.9%", not "100.0%"."""
    if probability > 0.999:
        return say("number.over", share=number(0.999, ".1%"))
    if probability < 0.001:
        return say("number.under", share=number(0.001, ".1%"))
    return number(probability, ".1%")


def short_percentage(probability: float) -> str:
    """The same where there is little room: whole per cent, ">99%" at most."""
    return say("number.over_short", share=number(0.99, ".0%")) if probability > 0.99 else number(probability, ".0%")
