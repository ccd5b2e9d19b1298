"""The frames that the Camera tab sends: what is read in them, and what is refused unread."""

import base64
from io import BytesIO

import pytest
from fake_camera import draw_numbers
from PIL import Image, ImageFile
from strokes import draw_digit
from test_app import encode, one_sentence, png_of_size

from mnist_model.recognizer import Reading
from mnist_model.ui.camera import MAX_CHARACTERS, answer_frame
from mnist_model.ui.models import Models

JPEG, PNG = "data:image/jpeg;base64,", "data:image/png;base64,"


@pytest.fixture(scope="module")
def models(recognizer):
    return Models(recognizer)


def data_url(content: bytes, prefix: str = JPEG) -> str:
    return prefix + base64.b64encode(content).decode()


def frame(**changes) -> dict:
    picture = data_url(encode(draw_numbers(["407"], (512, 384)), "JPEG"))
    return {"picture": picture, "model": "mnist_cnn", "language": "en", "settled": False, **changes}


def test_a_frame_is_read_and_boxed(models):
    answer = answer_frame(models, frame())
    assert answer["state"] == "sure" and answer["sentence"] == "This reads 407."
    assert [detail["label"] for detail in answer["details"]] == list("407")
    lefts = [detail["box"][0] for detail in answer["details"]]
    assert lefts == sorted(lefts) and 0 < lefts[0] < 40 < lefts[2] < 100
    assert not answer["steps"]  # nobody reads them while frames follow each other


def test_the_picture_that_stays_is_explained_and_has_its_steps(models):
    answer = answer_frame(models, frame(settled=True))
    assert answer["steps"] and all("why" in detail for detail in answer["details"])
    answer = answer_frame(models, frame(settled="yes"))
    assert not answer["steps"] and not any("why" in detail for detail in answer["details"])


def test_png_is_read_too_and_rotation_is_heeded(models):
    assert answer_frame(models, frame(picture=data_url(encode(draw_digit(7)), PNG)))["details"][0]["label"] == "7"
    page = draw_numbers(["407"], (512, 384))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by a right angle
    turned = data_url(encode(page.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif))
    details = answer_frame(models, frame(picture=turned))["details"]
    assert [detail["label"] for detail in details] == list("407")
    assert all(0 <= left and left + width <= 100 for left, _, width, _ in (detail["box"] for detail in details))


def test_nothing_on_the_paper_is_no_error(models):
    answer = answer_frame(models, frame(picture=data_url(encode(Image.new("RGB", (512, 384), "white"), "JPEG"))))
    assert answer["state"] == "none" and one_sentence(answer["sentence"])


WHOLE = encode(draw_digit(7), "JPEG")
FORGED = {
    "nothing": None,
    "a number": 7,
    "a list": [JPEG],
    "no data URL": base64.b64encode(WHOLE).decode(),
    "an address": "http://127.0.0.1:1/seven.jpg",
    "a file": "file:///etc/hostname",
    "empty": JPEG,
    "no base64": JPEG + "<script>alert(1)</script>",
    "no ASCII": JPEG + "½½½½",
    "no picture": data_url(b"seven" * 100),
    "cut short": data_url(WHOLE[: len(WHOLE) // 2]),
    "header only": data_url(b"\xff\xd8\xff\xe0"),
    "another format": data_url(encode(draw_digit(7), "GIF")),
    "svg": data_url(b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
    "damaged": data_url(encode(draw_digit(7))[:60] + b"\0" * 400, PNG),
    "too long": JPEG + "A" * MAX_CHARACTERS,
    "too many pixels": data_url(png_of_size(1281, 1280), PNG),
    "a bomb": data_url(png_of_size(60_000, 60_000), PNG),
    "no pixels": data_url(png_of_size(0, 5), PNG),
}


@pytest.mark.parametrize("what", FORGED)
def test_what_is_no_frame_is_refused_in_a_sentence(models, monkeypatch, what):
    monkeypatch.setattr(type(models.get("mnist_cnn")), "read", lambda *_: pytest.fail("It was read."))
    answer = answer_frame(models, frame(picture=FORGED[what]))
    assert answer["state"] == "error" and one_sentence(answer["sentence"]) and answer["read"] == 0


@pytest.mark.parametrize("question", [None, [], "frame", {}, {"picture": 1, "model": []}, frame(model="../../etc")])
def test_a_question_that_is_none_is_refused(models, question):
    answer = answer_frame(models, question)
    assert answer["state"] == "error" and one_sentence(answer["sentence"])


def test_nothing_is_decoded_before_its_size_is_known(models, monkeypatch):
    decoded = []
    load = ImageFile.ImageFile.load
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: decoded.append(self.size) or load(self))
    for what in ("too many pixels", "a bomb"):
        assert "larger" in answer_frame(models, frame(picture=FORGED[what]))["sentence"]
    assert not decoded
    Image.open(BytesIO(WHOLE)).load()
    assert decoded  # the watch is set


def test_a_language_that_is_none_is_english(models):
    answer = answer_frame(models, frame(picture=None, language={"en": 1}))
    assert answer["sentence"].startswith("The frame is no picture")
    assert answer_frame(models, frame(language="x" * 10_000))["sentence"] == "This reads 407."


def test_the_model_that_was_chosen_answers(models, monkeypatch):
    asked = []
    monkeypatch.setattr(models, "get", lambda name: asked.append(name) or FakeModel())
    assert answer_frame(models, frame(model="mnist_mlp"))["state"] == "none"
    assert asked == ["mnist_mlp"]


class FakeModel:
    def read(self, _):
        from mnist_model.refusal import Refusal

        return Reading("", [], [], Refusal.BLANK)
