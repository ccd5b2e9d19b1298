"""What the Upload tab answers to a file, without a browser."""

from io import BytesIO

import pytest
from gradio.data_classes import DataWithFiles
from PIL import Image
from strokes import DIGITS, draw_strokes

from mnist_model import DigitRecognizer
from mnist_model.recognizer import MAX_FILE_BYTES
from mnist_model.ui.models import Models
from mnist_model.ui.upload import answer_file


@pytest.fixture(scope="module")
def models():
    return Models(DigitRecognizer.from_pretrained())


def sent(content: bytes, name: str = "a.png", **fields) -> DataWithFiles:
    return DataWithFiles(data={"model": "mnist_cnn"} | fields, files=[(name, content)])


def seven(kind: str = "PNG", **options) -> bytes:
    content = BytesIO()
    draw_strokes(DIGITS["7"]).save(content, kind, **options)
    return content.getvalue()


def test_one_file_is_answered_in_full_and_one_of_many_briefly(models):
    full, brief = answer_file(models, sent(seven())), answer_file(models, sent(seven(), brief="yes"))
    assert full["details"][0]["box"] and full["steps"] and full["milliseconds"] > 0
    assert set(brief) == {"state", "sentence", "text", "digits", "milliseconds"}
    assert all(brief[key] == full[key] for key in ("state", "sentence", "text", "digits"))
    assert brief["text"] == "7" and set(brief["digits"][0]) == {"box", "label", "confidence"}


def test_a_tiff_and_a_rotated_jpeg_are_read(models):
    assert answer_file(models, sent(seven("TIFF")))["text"] == "7"
    exif = Image.Exif()
    exif[274] = 6  # to be shown a quarter turn clockwise
    content = BytesIO()
    draw_strokes(DIGITS["7"], (300, 200)).rotate(90, expand=True).save(content, "JPEG", exif=exif)
    answer = answer_file(models, sent(content.getvalue()))
    assert answer["text"] == "7" and max(answer["details"][0]["box"]) <= 100


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        (sent(b"text"), "a.png is no picture that can be read: use PNG, JPEG, WebP, GIF, BMP or TIFF."),
        (sent(b""), "a.png is empty."),
        (sent(seven()[:200]), "a.png is damaged or cut short."),
        (sent(bytes(MAX_FILE_BYTES + 1)), "a.png has 10 MB; pictures of up to 10 MB are read."),
        (sent(seven(), model="../etc"), "There is no model '../etc' here: choose one of the list."),
        (DataWithFiles(data={}, files=[]), "No picture was sent: send one image file."),
        (DataWithFiles(data=None, files=[("a.png", b"")]), "No picture was sent: send one image file."),
        ({"data": {}, "files": [["a.png", "text"]]}, "No picture was sent: send one image file."),
        ({"path": "/etc/hostname"}, "No picture was sent: send one image file."),
        (None, "No picture was sent: send one image file."),
    ],
)
def test_what_is_no_picture_gets_one_sentence(models, question, sentence):
    answer = answer_file(models, question)
    assert (answer["state"], answer["sentence"]) == ("error", sentence)
    assert (answer["text"], answer["digits"], answer["milliseconds"]) == ("", [], None)
