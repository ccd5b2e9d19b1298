"""Why a picture is refused follows from what is in it."""

import numpy as np
import pytest
from PIL import Image
from strokes import DIGITS, draw_digit, draw_strokes

from mnist_model.refusal import Refusal, why_refused

PAGE = Image.new("L", (300, 200), 255)


@pytest.mark.parametrize(
    ("boxes", "refusal"),
    [
        ([(100, 50, 60, 90)], Refusal.UNLIKE),
        ([(20, 50, 60, 90), (200, 50, 60, 90)], Refusal.SEVERAL),
        ([(0, 50, 60, 90)], Refusal.CUT_OFF),
        ([(100, 110, 60, 90)], Refusal.CUT_OFF),
        ([(100, 50, 6, 7)], Refusal.SMALL),
    ],
)
def test_what_stands_out_decides(boxes, refusal):
    assert why_refused(PAGE, boxes) is why_refused(np.asarray(PAGE), boxes) is refusal


def test_the_edge_is_that_of_the_picture_as_it_is_shown():
    large = Image.new("L", (3000, 2000), 255)
    assert why_refused(large, [(1000, 1390, 600, 600)]) is Refusal.UNLIKE
    assert why_refused(large, [(1000, 1399, 600, 600)]) is Refusal.CUT_OFF
    large.getexif()[0x0112] = 6
    assert why_refused(large, [(1000, 1399, 600, 600)]) is Refusal.UNLIKE


def test_a_page_without_ink(recognizer):
    light = np.linspace(255, 120, 400)[None] * np.linspace(1, 0.8, 300)[:, None]
    for page, refusal in ((PAGE, Refusal.BLANK), (np.zeros((40, 40)), Refusal.BLANK), (light, Refusal.NO_INK)):
        reading = recognizer.read(page)
        assert reading.refusal is refusal and reading.digits == reading.rejected == []


def test_what_is_read_is_not_refused(recognizer):
    assert recognizer.read(draw_digit(4)).refusal is None


def test_what_is_refused_is_kept_with_its_place(recognizer):
    cross = draw_strokes([[(0.2, 0.2), (0.8, 0.8)], [(0.8, 0.2), (0.2, 0.8)]], (300, 300), 20)
    reading = recognizer.read(cross)
    (thing,) = reading.rejected
    assert reading.text == "" and reading.refusal is Refusal.UNLIKE and not thing.prediction.is_digit
    assert np.allclose(thing.box, (52, 52, 196, 196), atol=8)


def test_words_are_counted(recognizer):
    page = Image.new("RGB", (900, 300), "white")
    for left, digit in zip((0, 150, 650), "472", strict=True):
        page.paste(draw_strokes(DIGITS[digit], (200, 260)), (left, 20))
    reading = recognizer.read(page)
    assert reading.text == "472" and [digit.word for digit in reading.digits] == [0, 0, 1]
