"""Whole numbers: digits apart, touching, leaning over one another; lines, commas, rules; boxes; work."""

from operator import itemgetter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageOps
from strokes import DIGITS, draw_digit, draw_strokes

from mnist_model.lattice import MOST_PIECES, FoundDigit, cost_of_doubt, find_digits, legible, list_candidates
from mnist_model.preprocessing import connected_components, find_ink, to_grey
from mnist_model.seams import cut_line, cut_part, find_seams
from mnist_model.segmentation import find_lines, find_parts


def place(text, x=40.0, y=40.0, size=160.0, gap=30.0, slant=0.0):
    """Strokes of a number, in pixels: `gap` between the paths of two digits, `slant` to the right for each pixel up."""
    strokes, left = [], x
    for sign in text:
        points = [point for stroke in DIGITS[sign] for point in stroke]
        first, last = min(px for px, _ in points), max(px for px, _ in points)
        for stroke in DIGITS[sign]:
            path = [(left + (px - first) * size, y + py * size) for px, py in stroke]
            strokes.append([(px + slant * (y + size - py), py) for px, py in path])
        left += (last - first) * size + gap
    return strokes


def draw(strokes, size, pen=7, **colours):
    """Strokes in pixels on a picture of `size`."""
    return draw_strokes(strokes, size, pen, box=(0, 0, 1, 1), **colours)


def page(text, pen=7, size=160, **layout):
    strokes = place(text, size=size, **layout)
    width = max(x for stroke in strokes for x, _ in stroke) + 40
    return draw(strokes, (round(width), size + 80), pen)


@pytest.mark.parametrize("text", ["5042", "1987", "6135", "20", "31415926"])
@pytest.mark.parametrize("pen", [4, 14])
def test_digits_apart(recognizer, text, pen):
    assert recognizer.read(page(text, pen, gap=45)).text == text


def pushed_together(text, pen, slant=0.0):
    """A number whose digits just touch: the picture, of as few parts as can be had."""
    for gap in range(pen, -60, -1):
        picture = page(text, pen, gap=gap, slant=slant)
        if len(find_parts(find_ink(to_grey(picture)))) == 1:
            return picture
    raise AssertionError(f"{text} does not come together")


@pytest.mark.parametrize("text", ["08", "20", "24", "26", "30", "33", "42", "43", "48", "66", "69", "74", "88"])
@pytest.mark.parametrize("pen", [6, 12])
def test_digits_that_touch(recognizer, text, pen):
    assert recognizer.read(pushed_together(text, pen)).text == text


@pytest.mark.parametrize("slant", [0.3, 0.5])
@pytest.mark.parametrize("text", ["20", "24", "33", "42", "43", "71", "88"])
def test_digits_that_touch_in_italics(recognizer, text, slant):
    assert recognizer.read(pushed_together(text, 12, slant)).text == text


@pytest.mark.parametrize("text", ["80", "63", "00", "38"])
def test_the_right_cut_is_among_those_tried(text):
    lines = [cut_line(line) for line in find_lines(find_ink(to_grey(pushed_together(text, 8))))]
    (line,) = lines
    spans = {(candidate.start, candidate.stop): candidate.digit.box for candidate in list_candidates(line)}
    count = len(line.pieces)
    widths = [
        max(spans[0, cut][2], spans[cut, count][2]) for cut in range(1, count) if {(0, cut), (cut, count)} <= set(spans)
    ]
    assert min(widths) <= 0.65 * (line.pieces[-1].box[2] - line.pieces[0].box[0])


@pytest.mark.parametrize("pen", [5, 7, 12])
def test_a_one_with_a_long_up_stroke_is_not_two_ones(recognizer, monkeypatch, pen):
    monkeypatch.setitem(DIGITS, "1", [[(0.1, 0.8), (0.5, 0.17), (0.5, 0.83)]])
    for text in ("10187", "617", "41"):
        assert recognizer.read(page(text, pen, gap=40)).text == text


def test_boxes_that_overlap_as_in_italics(recognizer):
    strokes = place("71473", gap=18, slant=0.45)
    reading = recognizer.read(draw(strokes, (700, 240)))
    assert reading.text == "71473"
    boxes = [digit.box for digit in reading.digits]
    assert any(a.x + a.width > b.x for a, b in zip(boxes, boxes[1:], strict=False))


def test_sizes_that_differ(recognizer):
    strokes = place("1", y=110, size=80) + place("8", x=80, size=170) + place("35", x=210, y=90, size=100)
    assert recognizer.read(draw(strokes, (420, 260))).text == "1835"


@pytest.mark.parametrize("digit", "2350")
def test_a_small_digit_below_the_line_is_no_comma(recognizer, digit):
    strokes = place("6", size=160) + place(digit, x=160, y=118, size=90) + place("8", x=240, size=160)
    assert recognizer.read(draw(strokes, (400, 260))).text == f"6{digit}8"


def test_a_large_comma_is_no_digit(recognizer):
    comma = [(172, 160), (176, 172), (172, 190), (160, 212)]
    assert recognizer.read(draw([*place("6"), comma, *place("48", x=200)], (480, 260))).text == "648"


def test_lines_from_top_to_bottom(recognizer):
    strokes = place("507", size=120) + place("3218", x=20, y=180, size=120) + place("46", x=120, y=330, size=120)
    assert recognizer.read(draw(strokes, (480, 480))).text == "507321846"


@pytest.mark.parametrize("degrees", [-8, 8])
def test_a_line_that_rises_or_falls(recognizer, degrees):
    picture = page("506218", gap=40).rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor="white")
    assert recognizer.read(picture).text == "506218"


def test_words_far_apart(recognizer):
    strokes = place("30", size=100) + place("59", x=400, size=100) + place("7", x=650, size=100)
    assert recognizer.read(draw(strokes, (800, 180), pen=5)).text == "30597"


def test_what_stands_between_is_left_out(recognizer):
    strokes = place("3", size=160) + place("25", x=200, size=160)
    comma, minus = [(160, 168), (166, 178), (156, 196)], [(4, 122), (44, 121)]
    underline, speck = [(30, 215), (400, 211)], [(330, 20), (331, 21)]
    for extras in ([comma], [minus], [underline], [speck], [comma, minus, underline, speck]):
        assert recognizer.read(draw([*strokes, *extras], (440, 250))).text == "325", extras


@pytest.mark.parametrize("lean", [0, 30, 70])
def test_slashes_of_a_date_are_left_out(recognizer, lean):
    numbers = zip((40, 260, 480), ("24", "08", "35"), strict=True)
    digits = [stroke for x, text in numbers for stroke in place(text, x=x, size=130, gap=22)]
    slashes = [[(x + lean / 2, 45), (x - lean / 2, 170)] for x in (213, 437)]
    assert recognizer.read(draw([*digits, *slashes], (720, 230), 6)).text == "240835"


def test_a_one_higher_than_the_next_digit_is_one(recognizer):
    zeros = place("00", x=100, y=40, size=130)
    for one in ([(60, 48), (60, 162)], [(66, 30), (56, 182)]):
        assert recognizer.read(draw([one, *zeros], (320, 220))).text == "100"


@pytest.mark.parametrize("text", ["300417", "7141", "9471"])
@pytest.mark.parametrize("room", [1, 4])
def test_a_number_cut_out_closely_from_paper(recognizer, text, room):
    strokes = place(text, x=10, y=10, size=120, gap=26)
    points = np.concatenate(strokes)
    left, top, right, bottom = *(points.min(axis=0) - 5 - room), *(points.max(axis=0) + 5 + room)
    strokes = [[(x - left, y - top) for x, y in stroke] for stroke in strokes]
    picture = draw(strokes, (round(right - left), round(bottom - top)), 9, ink="#404040", paper="#d8d8d8")
    grain = np.random.default_rng(0).normal(0, 3, (picture.height, picture.width))
    paper = np.clip(np.asarray(picture.convert("L")) + grain, 0, 255).astype(np.uint8)
    assert recognizer.read(paper).text == text


def test_a_zero_with_a_slash_that_touches_nothing_is_one_digit(recognizer):
    strokes = place("2", size=160) + place("0", x=200) + [[(243, 135), (217, 185)]] + place("5", x=330)
    assert recognizer.read(draw(strokes, (520, 250))).text == "205"


def test_a_circle_around_a_number_is_no_digit(recognizer):
    turns = np.linspace(0, 2 * np.pi, 60)
    circle = [(190 + 170 * np.cos(turn), 190 + 170 * np.sin(turn)) for turn in turns]
    for text in ("25", "13"):
        assert recognizer.read(draw([*place(text, x=110, y=110, gap=40), circle], (380, 380))).text == text


def test_a_short_line_under_two_digits_is_of_neither(recognizer):
    strokes = place("60", size=160) + place("45", x=230, y=55, size=75, gap=14)
    for under in ([[(232, 128), (325, 125)]], [[(232, 128), (325, 125)], [(235, 142), (322, 140)]]):
        reading = recognizer.read(draw([*strokes, *under], (380, 240), 6))
        assert reading.text == "6045"
        assert all(digit.box.y + digit.box.height < 126 for digit in reading.digits[2:])


def test_a_box_drawn_around(recognizer):
    picture = page("482", gap=40)
    ImageDraw.Draw(picture).rectangle([12, 30, picture.width - 12, 220], outline="black", width=5)
    assert recognizer.read(picture).text == "482"


@pytest.mark.parametrize("sides", ["bottom left", "top right", "bottom left right", "left", "left right"])
def test_what_the_border_has_left_of_a_box(recognizer, sides):
    picture = page("482", gap=40)
    brush, right, bottom = ImageDraw.Draw(picture), picture.width - 12, picture.height - 12
    ends = {"top": (0, 20, right, 20), "bottom": (0, bottom, right, bottom)}
    ends |= {"left": (12, 20, 12, bottom), "right": (right, 20, right, bottom)}
    for side in sides.split():
        brush.line(ends[side], fill="black", width=5)
    assert recognizer.read(picture).text == "482"


def test_a_row_of_many_boxes(recognizer):
    text = "40812395"
    strokes = [stroke for index, sign in enumerate(text) for stroke in place(sign, x=24 + 50 * index, y=26, size=44)]
    picture = draw(strokes, (450, 100), 2)
    for left in range(15, 15 + 50 * len(text), 50):
        ImageDraw.Draw(picture).rectangle([left, 22, left + 50, 74], outline="black", width=2)
    assert recognizer.read(picture).text == text


def test_a_broken_stroke_is_joined(recognizer):
    picture = page("805", gap=50)
    ImageDraw.Draw(picture).rectangle([0, 117, picture.width, 121], fill="white")
    assert recognizer.read(picture).text == "805"


def test_a_line_in_crumbs_as_of_a_pencil(recognizer):
    rng = np.random.default_rng(0)
    picture = np.asarray(page("3052", pen=5, gap=50).convert("L")).copy()
    for row, column in rng.integers(0, picture.shape, (2500, 2)):
        picture[row : row + 4, column : column + 4] = 255
    ink = find_ink(to_grey(picture))
    assert connected_components(ink > 0.3).max() > 12 and len(find_parts(ink)) <= 5
    assert recognizer.read(picture).text == "3052"


def test_digits_a_hair_apart_are_apart():
    ink = np.zeros((60, 100), np.float32)
    ink[5:55, 5:48] = ink[5:55, 50:95] = 1
    ink[57:60, 10:13] = ink[57:60, 60:63] = 1  # dots under them
    assert len(find_parts(ink)) == 4


@pytest.mark.parametrize("form", ["picture", "array", "turned"])
def test_a_small_number_in_a_large_picture(recognizer, tmp_path, form):
    picture = draw(place("4081", x=1500, y=900, size=60, gap=18), (3000, 2000), pen=3.5)
    given = np.asarray(picture) if form == "array" else picture
    if form == "turned":
        exif = Image.Exif()
        exif[0x0112] = 8
        picture.transpose(Image.Transpose.ROTATE_270).save(tmp_path / "turned.png", exif=exif)
        given = tmp_path / "turned.png"
    reading = recognizer.read(given)
    assert reading.text == "4081"
    rows, columns = np.nonzero(np.asarray(picture.convert("L")) < 128)
    first, last = reading.digits[0].box, reading.digits[-1].box
    found = [first.x, min(first.y, last.y), last.x + last.width, max(first.y + first.height, last.y + last.height)]
    truth = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    assert np.abs(np.subtract(found, truth)).max() <= 4


@pytest.mark.parametrize("axes", [(None,), (None, None)])
def test_arrays_that_start_with_other_axes(recognizer, axes):
    picture = np.asarray(draw(place("50", x=700, y=400, size=160, gap=40), (1200, 800), pen=9).convert("L"))
    assert recognizer.read(picture[axes]).text == recognizer.read(picture).text == "50"


def test_polarity_and_colour(recognizer):
    strokes = place("9042")
    for colours in ({"ink": "white", "paper": "black"}, {"ink": "#1030a0", "paper": "#f0e8c0"}):
        assert recognizer.read(draw(strokes, (560, 240), **colours)).text == "9042"
    assert recognizer.read(ImageOps.invert(page("9042"))).text == "9042"


@given(st.integers(0, 9), st.integers(60, 240), st.floats(0, 1), st.floats(0, 1), st.sampled_from([0.03, 0.05, 0.09]))
@settings(max_examples=40, deadline=None)
def test_one_digit_is_read_as_predict_reads_it(recognizer, digit, size, right, down, pen):
    box = (right * (400 - size), down * (300 - size), size, size)
    picture = draw_strokes(DIGITS[str(digit)], (400, 300), max(2.0, pen * size), box)
    prediction, reading = recognizer.predict(picture), recognizer.read(picture)
    assert reading.text == (prediction.label if prediction.is_digit else "")
    for one in reading.digits:
        assert one.prediction == prediction


@pytest.mark.parametrize("scale", [1, 4])
def test_boxes(recognizer, scale):
    picture = page("5291", pen=8, gap=50)
    picture = picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.BICUBIC)
    dark = np.asarray(picture.convert("L")) < 128
    columns = np.flatnonzero(dark.any(axis=0))
    runs = np.split(columns, np.flatnonzero(np.diff(columns) > 1) + 1)
    reading = recognizer.read(picture)
    assert reading.text == "5291"
    for run, digit in zip(runs, reading.digits, strict=True):
        rows = np.flatnonzero(dark[:, run].any(axis=1))
        truth = np.array([run[0], rows[0], run[-1] + 1, rows[-1] + 1])
        x, y, width, height = digit.box
        assert np.abs(np.array([x, y, x + width, y + height]) - truth).max() <= 4 * scale


def test_boxes_of_a_rotated_photograph_are_of_the_upright_picture(recognizer, tmp_path):
    upright = page("62", gap=50)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    upright.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.png", exif=exif)
    expected, reading = recognizer.read(upright), recognizer.read(tmp_path / "turned.png")
    assert reading.text == "62"
    for one, other in zip(reading.digits, expected.digits, strict=True):
        assert np.abs(np.subtract(one.box, other.box)).max() <= 2


@pytest.mark.parametrize("empty", [np.full((300, 500), 255, np.uint8), np.zeros((0, 0)), np.zeros((1, 1))])
def test_an_empty_page(recognizer, empty):
    assert recognizer.read(empty).text == "" and recognizer.read(empty).digits == []
    assert find_lines(np.zeros(empty.shape, np.float32)) == []


def count_candidates(ink):
    counts = []

    def score(pictures):
        counts.append(len(pictures))
        return np.zeros(len(pictures))

    find_digits(ink, score)
    return counts


def test_each_digit_names_the_picture_that_was_scored():
    scored = []

    def score(pictures):
        scored.extend(pictures)
        return np.zeros(len(pictures))

    found = find_digits(find_ink(to_grey(page("507", gap=40))), score)
    assert len(found) >= 3 and all(scored[digit.index] is digit.canonical for digit in found)


def test_doubt_costs_by_degrees():
    costs = [cost_of_doubt(0.9, margin) for margin in (-np.inf, -2, 0, 2, 4, np.inf)]
    assert costs == sorted(costs, reverse=True) and costs[1] - costs[4] > 2
    assert costs[-1] == pytest.approx(-np.log(0.9))


def test_work_grows_no_faster_than_the_number_of_digits():
    counts = {}
    for length in (6, 12, 24):
        picture = (
            page("382059471605" * 2, size=80, gap=3) if length == 24 else page("382059471605"[:length], size=80, gap=3)
        )
        (counts[length],) = count_candidates(1 - np.asarray(picture.convert("L"), np.float32) / 255)
    assert counts[6] <= 16 * 6 and counts[12] <= 2.5 * counts[6] and counts[24] <= 2.5 * counts[12]


def test_a_texture_is_not_tried_for_ever():
    noise = np.random.default_rng(0).random((512, 512)).astype(np.float32)
    ink = np.where(noise > 0.8, noise, 0).astype(np.float32)
    assert len(find_parts(ink)) <= 256
    assert sum(count_candidates(ink)) <= 256 * MOST_PIECES * 4


def test_seams_go_where_there_is_no_ink():
    ink = np.zeros((40, 60), np.float32)
    ink[5:35, 5:25] = ink[5:35, 35:55] = 1
    ink[18:22, 25:35] = 1  # a bridge
    seam, crossed = min(find_seams(ink, distances=(6, 6), least=(60, 100), along=0.1), key=itemgetter(1))
    assert ((seam >= 24) & (seam <= 35)).all() and crossed == pytest.approx(1.4, abs=0.1)


def test_no_two_seams_part_the_same_strokes():
    ink = np.zeros((40, 80), np.float32)
    ink[5:35, 5:10] = ink[5:35, 70:75] = 1
    ink[5:10, 5:75] = ink[30:35, 5:75] = 1  # a wide hole, which many columns of the middle row lead through
    seams = find_seams(ink, distances=(2, 5), least=(100, 100), along=0.1)
    between = [
        ink[:, a.mean().round().astype(int) : b.mean().round().astype(int)].sum()
        for (a, _), (b, _) in zip(seams, seams[1:], strict=False)
    ]
    assert 2 <= len(seams) <= 6 and min(between) >= 90


def test_cutting_loses_no_ink():
    (part,) = find_parts(find_ink(to_grey(page("80", pen=10, gap=6))))
    pieces = cut_part(part, part.height)
    assert len(pieces) > 1 and pieces[0].cut == 0 and all(piece.cut > 0 for piece in pieces[1:])
    assert sum(piece.ink.sum() for piece in pieces) == pytest.approx(part.ink.sum(), rel=0.02)


def test_an_odd_digit_of_a_number_is_kept_and_a_word_of_letters_is_not():
    found = [FoundDigit((0, 0, 1, 1), np.zeros((28, 28), np.uint8), word) for word in (0, 0, 0, 1, 1, 1)]
    assert legible(found, [4.0, -1.0, 4.0, -1.0, 4.0, -1.0]) == [True] * 3 + [False] * 3
    assert legible(found[:2], [-1.0, 4.0]) == [False, True]


def test_a_plus_before_a_digit_is_left_out(recognizer):
    for digit in range(10):
        page = Image.new("L", (360, 200), 255)
        page.paste(draw_digit(digit, 200, 9), (150, 0))
        ImageDraw.Draw(page).line([(60, 100), (130, 100)], fill=0, width=9)
        ImageDraw.Draw(page).line([(95, 65), (95, 135)], fill=0, width=9)
        assert recognizer.read(page).text == str(digit)


def test_a_dash_is_not_cut_into_ones(recognizer):
    page = np.full((120, 400), 255, np.uint8)
    page[50:68, 60:340] = 0
    assert len(recognizer.read(page).digits) <= 1
