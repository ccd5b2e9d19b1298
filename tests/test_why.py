"""What the page is given to say why: maps in the right place, and sentences that the maps bear out."""

from base64 import b64decode
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from strokes import DIGITS, draw_digit, draw_strokes

from mnist_model import canonicalize
from mnist_model.explain import Explanation, Part
from mnist_model.ui import draw, result, why
from mnist_model.ui.drawing import pad_in_picture
from mnist_model.ui.models import Models


def decoded(text: str, kind) -> np.ndarray:
    return np.frombuffer(b64decode(text), kind).reshape(28, 28)


def centre(box) -> tuple[float, float]:
    return box[0] + box[2] / 2, box[1] + box[3] / 2


def test_a_drawing_is_explained_where_it_stands_on_the_pad(recognizer):
    small = [[(0.6 + 0.3 * x, 0.1 + 0.3 * y) for x, y in stroke] for stroke in DIGITS["4"]]
    (detail,) = draw.show_digit(recognizer, small)["details"]
    assert decoded(detail["why"]["ink"], np.uint8).max() == 255
    xs, ys = zip(*(point for stroke in small for point in stroke), strict=True)
    x, y, width, height = detail["why"]["box"]
    assert abs(x + width / 2 - 50 * (min(xs) + max(xs))) < 1 and abs(y + height / 2 - 50 * (min(ys) + max(ys))) < 1
    assert 0 < height - 100 * (max(ys) - min(ys)) < 4  # the pen's width
    ink = decoded(detail["why"]["ink"], np.uint8)
    rows, columns = np.nonzero(ink)
    square = detail["why"]["square"]
    assert square[0] + square[2] * columns.min() / 28 == pytest.approx(x, abs=0.01)
    assert square[1] + square[3] * (rows.max() + 1) / 28 == pytest.approx(y + height, abs=0.01)


def test_while_the_pen_moves_nothing_is_explained(recognizer):
    assert "why" not in draw.show_digit(recognizer, DIGITS["4"], settled=False)["details"][0]


def test_while_the_pen_moves_no_stroke_is_a_number(recognizer, monkeypatch):
    def read(picture):
        raise AssertionError("read as a number")

    monkeypatch.setattr(recognizer, "read", read)
    dash = [[(0.1, 0.5), (0.9, 0.5)]]
    draw.show_digit(recognizer, dash, settled=False)
    with pytest.raises(AssertionError, match="as a number"):
        draw.show_digit(recognizer, dash)
    with pytest.raises(AssertionError, match="as a number"):
        draw.show_digit(recognizer, [*dash, [(0.1, 0.4), (0.1, 0.6)]], settled=False)


def test_what_is_no_digit_is_told_why_once_it_is_finished(recognizer):
    scribble = [[(0.5 + 0.3 * np.cos(t * 0.28) * np.sin(t / 6), 0.5 + 0.3 * np.sin(t * 0.38)) for t in range(60)]]
    models = Models(recognizer)

    def ask(settled: bool) -> dict:
        question = {"strokes": scribble, "model": models.names[0], "language": "en", "settled": settled}
        return draw._answer(models, question, 1, draw.DIGIT_HINT, draw.show_digit)

    assert (ask(False)["sentence"], ask(False)["state"], ask(False)["read"]) == ("No digit yet…", "none", 0)
    assert ask(False)["details"][0]["label"] == ask(True)["details"][0]["label"] == ""
    assert ask(True)["sentence"].startswith("This does not look like a digit")


def test_values_end_in_127_and_reach_all_around_the_ink(recognizer):
    (detail,) = draw.show_digit(recognizer, DIGITS["8"])["details"]
    for kind in ("evidence", "contrast"):
        values = decoded(detail["why"]["maps"][kind]["values"], np.int8)
        assert values.max() == 127
        assert np.count_nonzero(values) > 2 * np.count_nonzero(decoded(detail["why"]["ink"], np.uint8))


def test_spread_keeps_what_is_even_and_goes_on_to_the_edge():
    ink = np.zeros((28, 28), np.uint8)
    ink[10:20, 13:15] = 255
    assert np.allclose(why.spread(np.where(ink > 0, 0.5, 0.0)[None], ink), 0.5)


def test_every_digit_of_a_number_is_explained_in_its_place(recognizer):
    page = Image.new("L", (800, 400), 255)
    for index, digit in enumerate((4, 8)):
        page.paste(draw_digit(digit, side=300), (60 + 380 * index, 50))
    reading = recognizer.read(page)
    ink = 255 - np.asarray(page.resize((400, 200)))
    answer = why.explain_answer(result.show(reading, page.size), recognizer, reading.digits, (0, 0, *page.size), ink)
    for detail in answer["details"]:
        mask = Image.open(BytesIO(b64decode(detail["why"]["mask"]["url"].partition(",")[2]))).getchannel("A")
        assert np.abs(np.subtract(mask.size, (np.array(detail["box"][2:]) * (4, 2)))).max() < 4
        assert detail["why"]["mask"]["place"] == pytest.approx(detail["box"], abs=1.5)
        assert np.asarray(mask).max() == 255
        assert detail["why"]["box"] == pytest.approx(detail["box"], abs=0.01)
        assert (
            detail["why"]["maps"]["evidence"]["title"]
            == f"Why {'an' if detail['label'] == '8' else 'a'} {detail['label']}"
        )


def test_what_is_no_digit_and_what_is_too_much_are_not_explained(recognizer):
    blot = draw_strokes([[(0.2, 0.2), (0.8, 0.8)], [(0.8, 0.2), (0.2, 0.8)]])
    reading = recognizer.read(blot)
    assert not reading.digits
    answer = why.explain_answer(result.show(reading), recognizer, reading.digits, (0, 0, 280, 280))
    assert "why" not in answer["details"][0]
    many = recognizer.read(draw_digit(4)).digits * (why.MAX_EXPLAINED + 1)
    answer = why.explain_answer({"details": [{} for _ in many]}, recognizer, many, (0, 0, 280, 280))
    assert not any(answer["details"])


def explanation(first: float, *parts: tuple[str, float, float, float]) -> Explanation:
    """Of a 7, with a 1 as runner-up; of each part its place, what it leaves the 7, and its two values."""
    made = [Part((0, 0, 5, 5), place, {"7": left, "1": 1 - left}, *values) for place, left, *values in parts]
    nothing = np.zeros((28, 28), np.float32)
    return Explanation("7", "1", {"7": first, "1": 1 - first}, nothing, nothing, made)


def test_sentences():
    steady = explanation(0.999, ("top", 0.99, 0.01, 0.1), ("bottom-left", 0.998, 0.0, 0.0))
    assert why.evidence_sentences(steady) == [
        "No single piece of ink decides: without the one that counts most, at the top, a 7 would still have 99.0%."
    ]
    assert why.contrast_sentences(steady) == ["The runner-up is a 1, with 0.1%."]
    leaning = explanation(0.9, ("top-right", 0.6, 0.4, 1.8), ("bottom", 0.95, -0.05, -0.75))
    assert why.evidence_sentences(leaning) == [
        "Most rests on the piece of ink at the top right: without it, a 7 would have 60.0%."
    ]
    assert why.contrast_sentences(leaning) == [
        "The runner-up is a 1, with 10.0%.",
        "The piece of ink at the top right parts the two most: "
        "without it, a 7 would have 60.0% and a 1 would have 40.0%.",
        "The piece of ink at the bottom makes it look more like a 1.",
    ]
    turning = explanation(0.9, ("middle", 0.2, 1.5, 3.5))
    assert why.evidence_sentences(turning) == [
        "Without the piece of ink in the middle, this would be read as a 1 (80.0%)."
    ]


def test_the_square_of_what_is_in_mnists_form_already():
    canonical = canonicalize(draw_digit(5))
    rows, columns = np.nonzero(canonical)
    box = (columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1)
    assert why.square_of(canonical, box) == (0, 0, 28, 28)


def test_the_pad_in_the_picture():
    left, top, side = pad_in_picture([[(0.25, 0.25), (0.75, 0.75)]])
    assert (left + 0.5 * side, top + 0.5 * side, 0.5 * side) == (140, 140, 200)
