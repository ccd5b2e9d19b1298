"""The recognizer as its users call it: pictures in, answers out, a sentence for what is no picture."""

import io
import json
import os
import shutil
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageOps
from strokes import DIGITS, STORED, draw_digit, draw_strokes

from mnist_model import DigitRecognizer, MnistModelError
from mnist_model.config import bundled_checkpoint
from mnist_model.recognizer import MAX_FILE_BYTES, open_image


@pytest.mark.parametrize("digit", range(10))
@pytest.mark.parametrize("pen", [4, 14, 28])
def test_digits(recognizer, digit, pen):
    prediction = recognizer.predict(draw_digit(digit, pen=pen))
    assert prediction.label == str(digit) and prediction.is_digit


def test_prediction(recognizer):
    prediction = recognizer.predict(draw_digit(3))
    assert list(prediction.probabilities) == [str(digit) for digit in range(10)]
    assert sum(prediction.probabilities.values()) == pytest.approx(1, abs=1e-5)
    assert prediction.top(1) == [("3", prediction.confidence)]
    confidences = [confidence for _, confidence in prediction.top(10)]
    assert confidences == sorted(confidences, reverse=True) and len(confidences) == 10
    assert prediction.canonical.shape == (28, 28) and prediction.canonical.dtype == np.uint8


def test_a_list_gives_a_list(recognizer):
    pages = [draw_digit(digit) for digit in (4, 2)]
    together = recognizer.predict(pages)
    assert [prediction.label for prediction in together] == ["4", "2"]
    assert together[0].confidence == pytest.approx(recognizer.predict(pages[0]).confidence, abs=1e-5)
    assert recognizer.predict([]) == []


def test_arrays_and_paths(recognizer, tmp_path):
    page = draw_digit(7)
    page.save(tmp_path / "seven.png")
    for picture in (np.asarray(page), tmp_path / "seven.png", str(tmp_path / "seven.png"), page.convert("RGBA")):
        assert recognizer.predict(picture).label == "7"


@pytest.mark.parametrize("blank", [Image.new("RGB", (280, 280), "white"), np.zeros((28, 28)), Image.new("L", (1, 1))])
def test_a_blank_page_is_no_digit(recognizer, blank):
    assert not recognizer.predict(blank).is_digit
    assert recognizer.read(blank).text == ""


def test_reading(recognizer):
    page = Image.new("L", (900, 400), 255)
    for index, digit in enumerate((5, 0, 4, 2)):
        page.paste(draw_digit(digit, side=180, pen=9), (40 + 200 * index, 60 + 20 * index))
    reading = recognizer.read(page)
    assert reading.text == "5042"
    for index, digit in enumerate(reading.digits):
        x, y, width, height = digit.box
        assert 40 + 200 * index < x < x + width < 220 + 200 * index
        assert 60 + 20 * index < y < y + height < 240 + 20 * index
        assert digit.prediction.label == reading.text[index]


def test_reading_one_digit_equals_predicting_it(recognizer):
    for digit in range(10):
        page = draw_digit(digit)
        assert recognizer.read(page).text == recognizer.predict(page).label


def test_reading_a_small_picture_that_was_enlarged_equals_predicting_it(recognizer):
    for digit in range(10):
        ink = ImageOps.invert(draw_digit(digit, pen=24))
        small = ink.crop(ink.getbbox()).resize((16, 16), Image.Resampling.BOX)
        for method in (Image.Resampling.NEAREST, Image.Resampling.BILINEAR):
            enlarged = small.resize((256, 256), method)
            reading = recognizer.read(enlarged)
            assert reading.text == recognizer.predict(enlarged).label == str(digit)
            assert max(reading.digits[0].box[2:]) > 230


@pytest.mark.parametrize(("paper", "ink"), [(240, 20), (200, 60), (170, 40)])
def test_dithered_pictures(recognizer, paper, ink):
    for digit in range(10):
        dithered = draw_digit(digit, side=100, pen=6, ink=(ink,) * 3, paper=(paper,) * 3).convert("1")
        assert recognizer.predict(dithered).is_digit
        assert recognizer.read(dithered).text == recognizer.predict(dithered).label == str(digit)


@pytest.mark.parametrize("share", [0.02, 0.06, 0.1])
def test_dirt_on_a_copy_is_no_ink(recognizer, share):
    for digit in range(10):
        rng = np.random.default_rng(digit)
        pixels = np.asarray(draw_digit(digit, side=100, pen=6)) > 127
        copy = np.where(rng.random(pixels.shape) < share, rng.random(pixels.shape) < 0.5, pixels)
        assert recognizer.read(copy).text == recognizer.predict(copy).label == str(digit)


def test_boxes_are_in_the_pictures_own_pixels(recognizer):
    page = draw_strokes(DIGITS["8"], (2400, 1800), pen=40, box=(600, 300, 1200, 1200))
    (digit,) = recognizer.read(page).digits
    ink = np.argwhere(np.asarray(page.convert("L")) < 128)
    (top, left), (bottom, right) = ink.min(axis=0), ink.max(axis=0)
    x, y, width, height = digit.box
    assert np.abs(np.array([x, y, x + width, y + height]) - [left, top, right, bottom]).max() <= 12


def test_the_bundled_model_names_itself(recognizer):
    assert "bundled" in recognizer.model_id and recognizer.revision is None
    assert 0.99 < recognizer.test_accuracy < 1


def test_onnxruntime_alone(run_python):
    blocked = "import sys; sys.modules.update(dict.fromkeys(['torch', 'timm', 'transformers', 'datasets', 'gradio']))\n"
    code = f"{blocked}from mnist_model import DigitRecognizer; import numpy as np\n"
    code += "page = np.full((99, 99), 255); page[10:90, 45:52] = 0\n"
    code += "print(DigitRecognizer.from_pretrained().predict(page).label)"
    assert run_python("-c", code).stdout.strip() == "1"


def write_png_header(path, width, height):
    """A PNG that claims to have so many pixels, and holds none."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    written = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    ]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(written))


def test_files_that_are_no_pictures(recognizer, tmp_path):
    buffer = io.BytesIO()
    draw_digit(2).save(buffer, "PNG")
    (tmp_path / "cut.png").write_bytes(buffer.getvalue()[: len(buffer.getvalue()) // 2])
    (tmp_path / "empty.png").touch()
    (tmp_path / "note.png").write_text("a seven, honestly")
    (tmp_path / "vector.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    (tmp_path / "long.png").write_bytes(buffer.getvalue() + bytes(MAX_FILE_BYTES))
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    write_png_header(tmp_path / "vast.png", 30_000, 30_000)
    write_png_header(tmp_path / "large.png", 12_000, 11_000)
    for name, sentence in {
        "cut.png": "cut.png is damaged or cut short",
        "empty.png": "empty.png is empty",
        "note.png": "note.png is no picture that can be read",
        "vector.svg": "vector.svg is no picture that can be read: use PNG",
        "long.png": "pictures of up to 10 MB",
        "folder": "folder is a folder",
        "pipe": "pipe is a pipe or a device: save the picture in a file first",
        "vast.png": "vast.png has too many pixels; pictures of up to 80 million are read",
        "large.png": "large.png has 132 million pixels",
        "missing.png": "There is no file",
    }.items():
        with pytest.raises(MnistModelError, match=sentence):
            recognizer.predict(tmp_path / name)
    with pytest.raises(MnistModelError, match="There is no file https://example.org/7.png"):
        recognizer.predict("https://example.org/7.png")


def test_animation_gives_its_first_frame(recognizer, tmp_path):
    frames = [draw_digit(digit) for digit in (6, 1, 1)]
    frames[0].save(tmp_path / "film.gif", save_all=True, append_images=frames[1:])
    assert open_image(tmp_path / "film.gif").mode in ("L", "P")
    assert recognizer.predict(tmp_path / "film.gif").label == "6"


@pytest.mark.parametrize(
    ("model_id", "sentence"),
    [
        ("nobody/no-such-model", "not in the cache and the Hub cannot be reached|no model 'nobody/no-such-model'"),
        ("not an id", "neither a folder here nor a model id"),
        ("./nowhere", "There is no checkpoint folder ./nowhere"),
    ],
)
def test_a_model_that_cannot_be_had(monkeypatch, model_id, sentence):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(MnistModelError, match=sentence):
        DigitRecognizer.from_pretrained(model_id)


def test_from_the_shell(run_python, tmp_path):
    draw_digit(9).save(tmp_path / "nine.png")
    Image.new("L", (50, 50), 255).save(tmp_path / "blank.png")
    (tmp_path / "note.png").write_text("no picture")
    pictures = [tmp_path / name for name in ("nine.png", "note.png", "blank.png")]
    finished = run_python("-m", "mnist_model", "predict", *pictures, check=False)
    first, second = finished.stdout.splitlines()
    assert "nine.png: 9  (9 " in first and first.count("%") == 3 and second.endswith("blank.png: no digit")
    assert finished.returncode == 2 and finished.stderr.startswith("error: note.png is no picture")
    finished = run_python("-m", "mnist_model", "predict", pictures[0], pictures[2], "--json")
    nine, blank = map(json.loads, finished.stdout.splitlines())
    assert nine["label"] == "9" and len(nine["top"]) == 3 and len(nine["probabilities"]) == 10
    assert blank["is_digit"] is False and blank["label"] is None
    finished = run_python("-m", "mnist_model", "predict", pictures[0], "--model", "./nowhere", check=False)
    assert finished.returncode == 2 and finished.stderr == "error: There is no checkpoint folder ./nowhere.\n"
    on_form("407", 120, 130)[0].save(tmp_path / "number.png")
    numbers = (tmp_path / "number.png", pictures[2])
    finished = run_python("-m", "mnist_model", "read", *numbers, "--model", "mnist_cnn_small")
    first, second = finished.stdout.splitlines()
    assert "number.png: 407  (4 " in first and second.endswith("blank.png: no digit")
    number, blank = map(json.loads, run_python("-m", "mnist_model", "read", *numbers, "--json").stdout.splitlines())
    assert [digit["label"] for digit in number["digits"]] == list(number["text"]) == ["4", "0", "7"]
    assert set(number["digits"][0]["box"]) == {"x", "y", "width", "height"} and blank["text"] == ""


def test_the_shell_may_stop_reading_or_not_know_a_letter(run_python, tmp_path):
    picture = tmp_path / "süß.png"
    draw_digit(9).save(picture)
    finished = run_python("-m", "mnist_model", "predict", picture, env={"PYTHONIOENCODING": "ascii"})
    assert r"s\xfc\xdf.png: 9  (9 " in finished.stdout
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "mnist_model", "predict", picture]
    finished = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=300)
    os.close(writer)
    assert finished.returncode == 1 and finished.stderr == ""


def test_a_bundled_model_is_had_by_its_name():
    assert DigitRecognizer.from_pretrained("mnist_linear").model_id == "mnist_linear (bundled)"


def test_what_is_less_than_half_of_the_picture_is_not_the_one_digit_in_it(recognizer):
    page = np.full((200, 900), 255, np.uint8)
    for column, digit in enumerate((3, 8, 2, 5)):
        page[20:180, 30 + column * 220 : 190 + column * 220] = np.asarray(draw_digit(digit, side=160).convert("L"))
    assert not recognizer.predict(page).is_digit
    assert recognizer.read(page).text == "3825"
    page[:, 220:] = 255
    page[50:55, 400:800:60] = 0  # specks beside a digit do no harm
    assert recognizer.predict(page).is_digit and recognizer.predict(page).label == "3"


def test_a_model_that_cannot_be_exported_leaves_no_half_of_it(tmp_path, monkeypatch):
    folder = tmp_path / "checkpoint"
    shutil.copytree(bundled_checkpoint("mnist_linear"), folder)
    (folder / "model.onnx").unlink()

    def full(model, path, input_size):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("mnist_model.checkpoint.export_onnx", full)
        with pytest.raises(MnistModelError, match="Could not write .*: No space left on device."):
            DigitRecognizer.from_pretrained(folder)
    assert not list(folder.glob("*.onnx"))
    assert DigitRecognizer.from_pretrained(folder).predict(draw_digit(0, side=280, pen=14)).label == "0"


def change_config(folder: Path, **changes) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))


MALFORMED = {
    "labels": lambda folder: change_config(folder, label_names=[str(n) for n in range(9)], num_classes=9),
    "equal labels": lambda folder: change_config(folder, label_names=["7"] * 10),
    "numbers for labels": lambda folder: change_config(folder, label_names=list(range(10))),
    "threshold": lambda folder: change_config(folder, rejection={"energy_cap": 9.0, "threshold": "nan"}),
    "network": lambda folder: shutil.copy(folder / "rejection.onnx", folder / "model.onnx"),
}


@pytest.mark.parametrize("fault", MALFORMED)
def test_a_model_whose_files_do_not_fit_is_refused_when_it_is_loaded(fault, tmp_path):
    folder = tmp_path / "checkpoint"
    shutil.copytree(bundled_checkpoint(), folder)
    DigitRecognizer.from_pretrained(folder)
    MALFORMED[fault](folder)
    with pytest.raises(MnistModelError, match="does not fit config.json|different strings"):
        DigitRecognizer.from_pretrained(folder)


@pytest.mark.parametrize("form", ["ico", "ppm", "tga"])
def test_forms_that_nobody_hands_in_are_not_opened(form, tmp_path):
    draw_digit(7, side=64).convert("RGB").save(tmp_path / f"seven.{form}")
    with pytest.raises(MnistModelError, match="use PNG, JPEG, WebP, GIF, BMP or TIFF"):
        open_image(tmp_path / f"seven.{form}")


def inked(picture: Image.Image, digit: int, box: tuple[int, int, int, int], colour, pen: float = 8) -> Image.Image:
    """The picture, with a digit drawn into a square box of it."""
    left, top, right, bottom = box
    picture.paste(colour, box, ImageOps.invert(draw_digit(digit, right - left, pen)))
    return picture


def expect_read(recognizer, digit: int, picture: Image.Image, least: float = 0.5) -> None:
    prediction = recognizer.predict(picture)
    assert (prediction.label, prediction.is_digit) == (str(digit), True) and prediction.confidence > least
    assert recognizer.read(picture).text == str(digit)


@pytest.mark.parametrize("digit", range(10))
@pytest.mark.parametrize(
    ("table", "paper", "ink"),
    [("#5a3c20", "#f0f0ea", "#202060"), ("white", "#2040a0", "white"), ("#606060", "white", "black")],
    ids=["a sheet on wood", "a label on white", "a card on grey"],
)
def test_a_sheet_that_lies_on_something_is_no_ink(recognizer, digit, table, paper, ink):
    picture = Image.new("RGB", (400, 400), table)
    picture.paste(paper, (40, 40, 360, 360))
    expect_read(recognizer, digit, inked(picture, digit, (60, 60, 340, 340), ink, pen=13))


@pytest.mark.parametrize(("size", "tilt"), [((700, 560), 4), ((420, 420), -4), ((300, 300), 10), ((1000, 800), -6)])
def test_a_note_on_a_table_is_read_from_a_photograph(recognizer, size, tilt):
    rng = np.random.default_rng(0)
    for digit in range(10):
        note, side = Image.new("RGBA", size, "#f0f0ea"), int(0.6 * min(size))
        left, top = (size[0] - side) // 2, (size[1] - side) // 2
        inked(note, digit, (left, top, left + side, top + side), "#202060", pen=15)
        note = note.rotate(tilt, expand=True, resample=Image.Resampling.BICUBIC)
        photo = Image.new("RGB", (1200, 900), "#5a3c20")
        photo.paste(note, ((1200 - note.width) // 2, (900 - note.height) // 2), note)
        pixels = np.asarray(photo.filter(ImageFilter.GaussianBlur(1.5)), np.float32)
        light = 1 - 0.35 * np.arange(1200)[:, None] / 1200
        pixels = pixels * light + rng.normal(0, 4, pixels.shape)
        expect_read(recognizer, digit, Image.fromarray(pixels.clip(0, 255).astype(np.uint8)))


def test_thick_digits_are_no_sheets(recognizer):
    for digit in range(10):
        expect_read(recognizer, digit, draw_digit(digit, 200, 40))
    bar = Image.new("L", (280, 280), 255)
    bar.paste(0, (110, 40, 170, 240))
    expect_read(recognizer, 1, bar)


@pytest.mark.parametrize(
    ("paper", "line", "ink"),
    [("white", "#a0c0f0", "#1030a0"), ("#fff8b0", "#90b0e0", "#1030a0"), ("#202020", "#707070", "#60a0ff"),
     ("white", "#b0b0b0", "#404040"), ("white", "#787878", "black")],
)  # fmt: skip
@pytest.mark.parametrize("squared", [False, True])
def test_printed_lines_on_a_plain_page_are_no_ink(recognizer, paper, line, ink, squared):
    right = 0
    for digit in range(10):
        page = Image.new("RGB", (400, 320), paper)
        draw = ImageDraw.Draw(page)
        for place in range(20, 400, 40):
            draw.line([(0, place), (400, place)], fill=line, width=2)
            if squared:
                draw.line([(place, 0), (place, 320)], fill=line, width=2)
        inked(page, digit, (120, 60, 320, 260), ink)
        prediction = recognizer.predict(page)
        right += prediction.is_digit and prediction.label == recognizer.read(page).text == str(digit)
    assert right >= (9 if squared else 10)


def test_digits_that_touch_the_border_are_no_printed_lines(recognizer):
    for digit in range(10):
        for pen in (3, 8, 20):
            page = draw_digit(digit, 200, pen)
            expect_read(recognizer, digit, page.crop(ImageOps.invert(page).getbbox()), least=0.3)


@pytest.mark.parametrize(
    ("paper", "inks"),
    [("#1e1e1e", ["red", "blue"]), ("white", ["#ffd000", "#40c0ff"]), ("#c0ffc0", ["red", "blue"]),
     ("black", ["red", "green", "blue", "#ffbf00"]), ("white", ["black", "red"])],
)  # fmt: skip
def test_digits_of_several_colours(recognizer, paper, inks):
    page = Image.new("RGB", (560, 240), paper)
    for index, digit in enumerate((9, 0, 4, 2)):
        inked(page, digit, (10 + 130 * index, 30, 190 + 130 * index, 210), inks[index % len(inks)], pen=9)
    assert recognizer.read(page).text == "9042"


def test_a_frame_around_one_digit_is_left_out(recognizer):
    for digit in range(10):
        page = draw_digit(digit, 200, 9)
        ImageDraw.Draw(page).rectangle([8, 8, 191, 191], outline=0, width=4)
        assert recognizer.read(page).text == str(digit)
        prediction = recognizer.predict(page)
        assert (prediction.label, prediction.is_digit) == (str(digit), True)


@pytest.mark.parametrize(("page", "canvas", "ink"), [("#f4f4f8", "white", "black"), ("#121212", "#1c1c1c", "white")])
@pytest.mark.parametrize("border", [0, 1, 3])
def test_a_canvas_on_a_page_of_its_app(recognizer, page, canvas, ink, border):
    """A title above it, buttons below, and a border that is no ink."""
    for digit in range(10):
        shot = Image.new("RGB", (480, 640), page)
        draw = ImageDraw.Draw(shot)
        draw.text((40, 30), "Draw a digit", fill=ink, font_size=32)
        draw.rounded_rectangle(
            [90, 110, 389, 409], 6, fill=canvas, outline=ink if border else canvas, width=border or 1
        )
        for left in (90, 250):
            draw.rounded_rectangle([left, 450, left + 130, 500], 8, fill="#3060e0")
            draw.text((left + 30, 462), "Clear", fill="white", font_size=22)
        expect_read(recognizer, digit, inked(shot, digit, (110, 130, 370, 390), ink, pen=14), least=0.3)


@pytest.mark.parametrize("blurred", [5, 9])
def test_a_photograph_out_of_focus(recognizer, blurred):
    rng = np.random.default_rng(0)
    for digit in range(10):
        paper = inked(Image.new("RGB", (960, 720), "#d8d6cc"), digit, (330, 180, 690, 540), "#303050", pen=14)
        pixels = np.asarray(paper.filter(ImageFilter.GaussianBlur(blurred)), np.float32)
        pixels = pixels * np.linspace(1, 0.7, 960)[:, None] + rng.normal(0, 3, pixels.shape)
        expect_read(recognizer, digit, Image.fromarray(pixels.clip(0, 255).astype(np.uint8)))


def test_what_was_rubbed_out_in_white_is_no_ink(recognizer):
    for digit in range(10):
        page = Image.new("RGBA", (280, 280), (0, 0, 0, 0))
        draw = ImageDraw.Draw(page)
        draw.line([(20, 250), (260, 250)], fill="black", width=14)
        draw.rectangle([10, 236, 270, 264], fill="white")
        draw.rectangle([30, 20, 250, 230], fill="white")
        inked(page, digit, (30, 20, 240, 230), "black", pen=14)
        prediction = recognizer.predict(page)
        assert (prediction.label, prediction.is_digit) == (str(digit), True)


def test_holes_in_the_sheet_are_no_ink(recognizer):
    for digit in range(10):
        page = Image.new("L", (600, 800), 235)
        for top in (200, 560):
            ImageDraw.Draw(page).ellipse([25, top, 75, top + 50], fill=40)
        prediction = recognizer.predict(inked(page, digit, (220, 260, 460, 500), 50, pen=7))
        assert (prediction.label, prediction.is_digit) == (str(digit), True)


def on_form(text: str, height: int, cell: int, top: int = 30) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """A number, each digit in the middle of a cell, and what draws on the form."""
    page = Image.new("RGB", (cell * len(text) + 60, height + 2 * top), "white")
    for index, digit in enumerate(text):
        left = 30 + cell * index + (cell - height) // 2
        inked(page, int(digit), (left, top, left + height, top + height), "#202040", pen=height / 12)
    return page, ImageDraw.Draw(page)


@pytest.mark.parametrize("text", ["40725", "3186", "92"])
@pytest.mark.parametrize(("line", "width"), [("black", 2), ("#808080", 3)])
def test_digits_that_touch_the_lines_of_a_form(recognizer, text, line, width):
    right, cell = 0, 76
    boxes, draw = on_form(text, 80, cell)
    draw.rectangle([30, 30, boxes.width - 30, 97], outline=line, width=width)
    for index in range(1, len(text)):
        draw.line([(30 + cell * index, 30), (30 + cell * index, 97)], fill=line, width=width)
    right += recognizer.read(boxes).text == text
    border, draw = on_form(text, 80, cell)
    draw.rectangle([0, 0, border.width - 1, border.height - 1], outline=line, width=width)
    for index in range(1, len(text)):
        draw.line([(30 + cell * index, 0), (30 + cell * index, border.height)], fill=line, width=width)
    right += recognizer.read(border).text == text
    comb, draw = on_form(text, 80, cell)
    draw.line([(30, 91), (comb.width - 30, 91)], fill=line, width=width)
    for index in range(len(text) + 1):
        draw.line([(30 + cell * index, 70), (30 + cell * index, 91)], fill=line, width=width)
    right += recognizer.read(comb).text == text
    dotted, draw = on_form(text, 80, cell)
    for left in range(20, dotted.width - 20, 9):
        draw.ellipse([left, 104, left + 3, 107], fill=line)
    right += recognizer.read(dotted).text == text
    assert right == 4


@pytest.mark.parametrize("sign", ["£", "#", "€"])
def test_a_sign_before_a_number_is_left_out(recognizer, sign):
    page, draw = on_form("40725", 80, 60)
    wide = Image.new("RGB", (page.width + 80, page.height), "white")
    wide.paste(page, (80, 0))
    ImageDraw.Draw(wide).text((30, 24), sign, fill="#202040", font_size=76)
    assert recognizer.read(wide).text == "40725"


def test_a_long_comma_is_left_out(recognizer):
    page, draw = on_form("40725", 80, 72)
    draw.line([(32 + 3 * 72, 88), (20 + 3 * 72, 118)], fill="#202040", width=7)
    assert recognizer.read(page).text == "40725"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_digit_between_others_is_found_whatever_the_orientation(recognizer, orientation):
    shifted = [[[(x + shift, y) for x, y in stroke] for stroke in DIGITS[digit]] for shift, digit in
               ((-0.55, "8"), (0, "3"), (0.55, "2"))]  # fmt: skip
    cell = draw_strokes([stroke for strokes in shifted for stroke in strokes], (100, 100), 6).convert("L")
    stored = cell if orientation == 1 else cell.transpose(STORED[orientation])
    stored.getexif()[0x0112] = orientation
    prediction = recognizer.predict(stored)
    assert (prediction.label, prediction.is_digit) == ("3", True)
    assert np.abs(prediction.canonical.astype(int) - recognizer.predict(cell).canonical).mean() < 1


@pytest.mark.parametrize("scale", [1.0, 1.0000001, 1.04, 0.5, 255.0])
@pytest.mark.parametrize("hole", [np.nan, np.inf, None])
def test_numbers_of_any_range(recognizer, scale, hole):
    page = np.asarray(draw_digit(5)) / 255 * scale
    if hole is not None:
        page[:3, :3] = hole
    assert recognizer.read(page.astype(np.float32)).text == "5"


def test_the_rows_of_a_square_one_after_another(recognizer):
    small = draw_digit(5, 28, 2.5, "white", "black")
    for shape in ((784,), (1, 784), (784, 1)):
        row = np.asarray(small, np.float32).reshape(shape) / 255
        assert recognizer.predict(row) == recognizer.predict(small)
        assert recognizer.read(row) == recognizer.read(small)


@pytest.mark.parametrize(
    ("thing", "sentence"),
    [
        (np.zeros(700), r"shape \(700,\) and type float64 is no picture"),
        (np.zeros((5, 28, 28)), "several pictures in a list"),
        (np.full((28, 28), None), "type object is no picture"),
        ({"background": None, "layers": [], "composite": np.zeros((28, 28))}, "give a path, a PIL image or an array"),
        (np.zeros((28, 28)).tolist(), "is no picture"),  # a list of pictures, as it were
    ],
    ids=["a line", "many", "objects", "sketchpad", "rows"],
)
def test_what_is_no_picture_is_refused_in_a_sentence(recognizer, thing, sentence):
    with pytest.raises(MnistModelError, match=sentence):
        recognizer.predict(thing)
