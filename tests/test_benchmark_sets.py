"""The pictures of benchmarks/real_handwriting.py are what they say, and what is wrong counts as a mistake."""

import gzip
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from PIL import Image, ImageOps
from strokes import DIGITS

from mnist_model import MnistModelError
from mnist_model.handwriting import draw, draw_white

sys.path.insert(0, str(ROOT / "benchmarks"))

import real_handwriting  # noqa: E402
from handwriting import paper, photograph, render, sets  # noqa: E402
from handwriting.measure import Task, is_right, measure_all  # noqa: E402
from handwriting.nondigits import MAKERS, nondigits  # noqa: E402

BAR = [[[0, 0], [0, 10]]]
FLAT = [[[0, 0], [100, 1]]]


def ink_box(image: Image.Image) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is darker than half of white."""
    return image.convert("L").point(lambda grey: 255 * (grey < 128)).getbbox()


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Files of the benchmark's form: ten digits twice, a number, and letters of which one is a lookalike."""
    folder = tmp_path_factory.mktemp("strokes")
    digits = [{"label": int(digit), "strokes": strokes} for digit, strokes in DIGITS.items()]
    pair = [[[x + shift, y] for x, y in stroke] for shift, digit in ((0, "4"), (0.8, "2")) for stroke in DIGITS[digit]]
    cross = [[[0, 0], [1, 1]], [[1, 0], [0, 1]]]
    contents = {
        "pendigits": digits,
        "unipen-digits": [{**digits[0], "label": 3}, *digits[1:]],  # a wrong label, of which there are some
        "unipen-numbers": [{"text": "4,2", "strokes": pair}],
        "unipen-others": [
            {"char": "X", "lookalike": False, "strokes": cross},
            {"char": "O", "lookalike": True, "strokes": DIGITS["0"]},
        ],
    }
    for name, rows in contents.items():
        (folder / f"{name}.json.gz").write_bytes(gzip.compress(json.dumps(rows).encode()))
    return folder


class TestRender:
    @pytest.mark.parametrize("pen", [4, 14, 28])
    def test_the_drawing_fills_the_canvas_up_to_its_margin(self, pen):
        image = draw(BAR, pen)
        left, top, right, bottom = ink_box(image)
        assert image.size == (280, 280)
        assert (right - left, bottom - top) == pytest.approx((pen, 200 + pen), abs=2)
        assert ((left + right) / 2, (top + bottom) / 2) == pytest.approx((140, 140), abs=1)

    def test_white_is_the_negative(self):
        assert np.array_equal(np.asarray(draw_white(BAR, 14)), 255 - np.asarray(draw(BAR, 14)))

    def test_colours_are_those_that_were_asked_for(self):
        image = render.draw_coloured(BAR, 14, ink=(200, 10, 20), paper=(0, 90, 30))
        assert image.getpixel((140, 140)) == (200, 10, 20) and image.getpixel((5, 5)) == (0, 90, 30)

    def test_transparent_ground_carries_the_hidden_colour(self):
        image = render.draw_transparent(BAR, 14, ink=(9, 8, 7), hidden=(255, 255, 255))
        assert image.getpixel((140, 140)) == (9, 8, 7, 255) and image.getpixel((5, 5)) == (255, 255, 255, 0)
        edge = np.asarray(image).reshape(-1, 4)
        assert (edge[(edge[:, 3] > 0) & (edge[:, 3] < 255)][:, :3] == (9, 8, 7)).all()

    @pytest.mark.parametrize("strokes", [DIGITS["8"], BAR, FLAT])
    def test_a_digit_lies_anywhere_on_its_page(self, strokes):
        pages = [render.draw_on_page(strokes, np.random.default_rng(seed)) for seed in range(10)]
        boxes = [ink_box(page) for page in pages]
        assert {page.size for page in pages} == {(500, 300)} and len(set(boxes)) > 5
        for left, top, right, bottom in boxes:
            assert left > 0 and top > 0 and right < 500 and bottom < 300
            assert bottom - top == pytest.approx(103, abs=2) or right - left > 450

    def test_tiny_pictures_are_hard_edged_in_both_polarities(self):
        tiny = [np.asarray(render.draw_tiny(DIGITS["3"], np.random.default_rng(seed))) for seed in range(10)]
        assert {image.shape for image in tiny} == {(28, 28)}
        assert all(set(np.unique(image)) == {0, 255} for image in tiny)
        assert len({image[0, 0] for image in tiny}) == 2
        for image in tiny:
            rows = np.flatnonzero((image != image[0, 0]).any(axis=1))
            assert 17 <= np.ptp(rows) + 1 <= 22

    def test_a_number_keeps_its_proportions(self):
        left, top, right, bottom = ink_box(render.draw_number([[[0, 0], [30, 0], [30, 10]]], height=100))
        assert (right - left, bottom - top) == pytest.approx((304, 104), abs=2)

    def test_colours_are_told_apart_by_more_than_their_brightness(self):
        assert render.colour_distance((0, 0, 0), (255, 255, 255)) == pytest.approx(100, abs=0.1)
        assert render.colour_distance((255, 0, 0), (0, 130, 0)) > 100 > 5 > render.colour_distance((9, 9, 9), (5, 9, 9))
        for seed in range(20):
            assert render.colour_distance(*render.random_colours(np.random.default_rng(seed))) >= 45


class TestPhotograph:
    def test_the_digit_is_in_the_picture_as_high_as_was_asked(self):
        points = np.concatenate([np.asarray(stroke) for stroke in DIGITS["5"]]) * 10
        for seed in range(50):
            rng = np.random.default_rng(seed)
            share = rng.uniform(0.05, 0.9)
            seen = paper.aim(points, (1944, 2592), share, rng).project(points)
            assert seen.min() > 0 and (seen < (1944, 2592)).all()
            assert np.ptp(seen[:, 1]) == pytest.approx(share * 2592, rel=0.01) or np.ptp(seen[:, 0]) > 0.89 * 1944

    def test_it_is_upright_once_its_orientation_is_undone(self):
        pixels = np.zeros((64, 96, 3), np.uint8)
        pixels[:32, :48] = 255
        orientations = set()
        for seed in range(40):
            photo = photograph.compress(pixels, np.random.default_rng(seed))
            orientations.add(photo.getexif().get(0x0112, 1))
            upright = np.asarray(ImageOps.exif_transpose(photo).convert("L"))
            assert upright.shape == (64, 96)
            assert np.abs(upright - pixels[:, :, 0].astype(int)).mean() < 5
        assert orientations == {1, 3, 6, 8}

    def test_the_seed_decides_everything(self):
        one, same, other = (
            np.asarray(photograph.photograph(DIGITS["3"], seed, (640, 480)).convert("L"), float) for seed in (4, 4, 5)
        )
        assert np.array_equal(one, same)
        assert one.shape != other.shape or np.abs(one - other).mean() > 2

    def test_a_phone_has_3_to_12_megapixels(self):
        photo = photograph.photograph(DIGITS["3"], 0)
        assert photo.mode == "RGB" and 3e6 < photo.width * photo.height < 12.1e6

    def test_many_can_be_read_even_when_small(self, recognizer):
        photos = [photograph.photograph(DIGITS[str(seed % 10)], seed, (640, 480)) for seed in range(10)]
        answers = [prediction.label for prediction in recognizer.predict(photos)]
        assert sum(answer == str(seed % 10) for seed, answer in enumerate(answers)) >= 5


def test_nondigits_come_by_turns_and_do_not_depend_on_their_number():
    once, again, other = list(nondigits(0, 14)), list(nondigits(0, 20)), list(nondigits(1, 14))
    assert {kind for kind, _ in once} == set(MAKERS)
    for (kind, image), (kind_again, image_again) in zip(once, again, strict=False):
        assert kind == kind_again and image.tobytes() == image_again.tobytes()
        assert min(image.size) >= 96
    differing = sum(a.tobytes() != b.tobytes() for (_, a), (_, b) in zip(once, other, strict=True))
    assert differing >= 12  # two blank pages may be the same


@pytest.mark.parametrize(
    ("rule", "right", "wrong"),
    [
        (sets.DIGIT, [("7", "7", True)], [("7", "7", False), ("7", "1", True)]),
        (sets.LABEL, [("7", "7", False)], [("7", "1", True)]),
        (sets.NUMBER, [("42", "42", True)], [("42", "4", True), ("42", "", False)]),
        (sets.REFUSED, [("X", "4", False)], [("X", "4", True)]),
        (sets.KEPT, [("7", "1", True)], [("7", "7", False)]),
    ],
)
def test_what_counts_as_right(rule, right, wrong):
    assert all(is_right(rule, *answer) for answer in right)
    assert not any(is_right(rule, *answer) for answer in wrong)


def test_a_limit_chooses_the_same_drawings_and_draws_them_alike(folder):
    (everything,), (some,) = (sets.build_rows(folder, ["coloured"], limit) for limit in (None, 4))
    assert len(everything.samples) == 20 and len(some.samples) == 8
    pictures = {sample.render().tobytes() for sample in everything.samples}
    assert {sample.render().tobytes() for sample in some.samples} < pictures


def test_strokes_that_cannot_be_read_are_one_sentence(tmp_path, capsys):
    with pytest.raises(MnistModelError, match="There is no .*pendigits.json.gz"):
        sets.build_rows(tmp_path, ["pens"])
    for content in (b"no gzip", gzip.compress(b"{}")[:-4], gzip.compress(b'[{"label": 3}]'), gzip.compress(b"[7]")):
        (tmp_path / "pendigits.json.gz").write_bytes(content)
        with pytest.raises(MnistModelError, match="no gzipped JSON list"):
            sets.build_rows(tmp_path, ["pens"])
    assert real_handwriting.main([str(tmp_path / "nowhere"), "--sets", "page"]) == 2
    assert capsys.readouterr().err.startswith("error: There is no")


def test_the_table_the_sheet_and_the_report(folder, tmp_path, capsys):
    (tmp_path / "report.json").write_text('{"accuracy": 0.99, "real_handwriting": "old"}')
    files = ["--json", tmp_path / "all.json", "--mistakes", tmp_path / "sheet.png", "--save", tmp_path]
    assert real_handwriting.main([str(folder), "--sets", "pens", "numbers", "others", *map(str, files)]) == 0

    rows = {row["set"]: row for row in json.loads((tmp_path / "all.json").read_text())["rows"]}
    assert rows["pendigits, 14 px pen"]["accuracy"] == 1 and rows["pendigits, 14 px pen"]["goal"] == 0.985
    wrong_label = rows["unipen-digits, 14 px pen"]
    assert (wrong_label["mistakes"], wrong_label["count"], wrong_label["accuracy"]) == (1, 10, 0.9)
    assert rows["unipen-numbers, whole"]["mistakes"] == 0  # the comma is not a digit
    assert rows["unipen-others, refused"]["count"] == 1  # without the lookalike
    assert rows["real digits, not refused"]["count"] == 20 and rows["real digits, not refused"]["accuracy"] == 1

    printed = capsys.readouterr().out
    assert all(name in printed for name in rows) and "98.50% met" in printed and "98.50% short" in printed
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["accuracy"] == 0.99
    assert {"set": "unipen-digits, 14 px pen", "accuracy": 0.9, "count": 10} in report["real_handwriting"]
    assert np.asarray(Image.open(tmp_path / "sheet.png")).min() < 50
    assert not list(tmp_path.glob(".*"))


def test_resized_and_inverted_is_what_most_demonstrations_do(folder, capsys):
    (row,) = sets.build_rows(folder, ["page"])
    usual = sets.resized_and_inverted(row)
    page, squeezed = row.samples[0].render(), usual.samples[0].render()
    assert squeezed.size == (28, 28) and np.asarray(squeezed)[0, 0] == 0
    ink = (255 - np.asarray(page.convert("L"))).mean()
    assert np.asarray(squeezed).mean() == pytest.approx(ink, rel=0.15)  # as much ink, where it was
    assert usual.right == sets.LABEL and usual.goal is None

    assert real_handwriting.main([str(folder), "--sets", "page", "--resize-and-invert"]) == 0
    right = float(capsys.readouterr().out.split("page")[1].split("%")[0])
    assert right < 50  # a thin, small digit vanishes
    with pytest.raises(SystemExit):
        real_handwriting.main([str(folder), "--sets", "numbers", "--resize-and-invert"])
    assert "pictures of one digit" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        real_handwriting.main([str(folder), "--resize-and-invert", "--save", str(folder)])
    assert "goes around it" in capsys.readouterr().err


def test_a_report_that_is_not_there_is_said_before_anything_is_measured(folder, tmp_path, capsys):
    assert real_handwriting.main([str(folder), "--save", str(tmp_path)]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and "has no report.json" in captured.err


def test_several_processes_find_what_one_does(folder):
    task = Task(folder, ["page", "others"])
    assert [row for row, _ in measure_all(task, 2)] == [row for row, _ in measure_all(task)]


def test_mnist_is_measured_against_the_bare_network(folder, tiny_dataset):
    bare, predicted = (row for row, _ in measure_all(Task(folder, ["mnist"], 20, str(tiny_dataset))))
    assert bare["goal"] is None and bare["count"] == predicted["count"] == 20
    assert predicted["goal"] == pytest.approx(bare["accuracy"] - 0.0003)
