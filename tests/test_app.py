"""The app without a browser: its API, bad input, the model that it starts with."""

import json
import runpy
import struct
import subprocess
import sys
import zlib
from io import BytesIO
from types import SimpleNamespace
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from serving import ROOT
from strokes import DIGITS, draw_strokes

from mnist_model import MnistModelError
from mnist_model.config import bundled_checkpoint
from mnist_model.ui import drawing, result
from mnist_model.ui.page import launch_options


def build_demo(monkeypatch, **environment):
    for name in ("MODEL_ID", "MODEL_REVISION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"GRADIO_ANALYTICS_ENABLED": "False", **environment}.items():
        monkeypatch.setenv(name, value)
    return runpy.run_path(str(ROOT / "app.py"))["demo"]


def heading(demo) -> str:
    return next(block.value for block in demo.blocks.values() if "<header>" in str(getattr(block, "value", "")))


@pytest.fixture(scope="module")
def url():
    with pytest.MonkeyPatch.context() as monkeypatch:
        demo = build_demo(monkeypatch)
        demo.launch(**launch_options(), prevent_thread_lock=True, quiet=True, server_name="127.0.0.1")
        yield demo.local_url
        demo.close()


@pytest.fixture(scope="module")
def client(url):
    return Client(url, verbose=False)


@pytest.fixture
def send(client, tmp_path):
    """Sends bytes as a file to an endpoint."""

    def send(content: bytes, name: str = "picture.png", api_name: str = "/predict"):
        (tmp_path / name).write_bytes(content)
        return client.predict(handle_file(tmp_path / name), api_name=api_name)

    return send


def encode(picture: Image.Image, kind: str = "PNG", **options) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def png_of_size(width: int, height: int) -> bytes:
    """A PNG that claims a size without the pixels for it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(99))) + chunk(b"IEND", b"")


def one_sentence(message: str) -> bool:
    return bool(message) and "\n" not in message and "Traceback" not in message and len(message) < 200


# ---- the API


def test_only_the_two_endpoints_are_public(client):
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(endpoints) == {"/predict", "/read"}


@pytest.mark.parametrize("digit", DIGITS)
def test_predict_gives_what_label_gives(send, digit):
    answer = send(encode(draw_strokes(DIGITS[digit])))
    assert set(answer) == {"label", "confidences"}
    assert answer["label"] == digit == answer["confidences"][0]["label"]
    assert {row["label"] for row in answer["confidences"]} == set("0123456789")
    confidences = [row["confidence"] for row in answer["confidences"]]
    assert confidences == sorted(confidences, reverse=True)
    assert sum(confidences) == pytest.approx(1, abs=1e-3)


def test_read_gives_text_and_boxes(send):
    page = draw_strokes(DIGITS["4"], (400, 200), 10, box=(20, 10, 180, 180))
    page.paste(draw_strokes(DIGITS["2"], (200, 200), 10), (200, 0))
    answer = send(encode(page), api_name="/read")
    assert answer["text"] == "42"
    assert [digit["label"] for digit in answer["digits"]] == ["4", "2"]
    for digit, left in zip(answer["digits"], (72, 264), strict=True):
        x, _, width, height = digit["box"]
        assert abs(x - left) < 12 and 0 < width < 120 and 80 < height < 180
        assert 0 < digit["confidence"] <= 1


def test_a_page_without_a_digit_has_no_label(send):
    blank = encode(Image.new("RGB", (200, 200), "white"))
    answer = send(blank)
    assert answer["label"] is None and len(answer["confidences"]) == 10
    assert send(blank, api_name="/read") == {"text": "", "digits": []}
    assert send(encode(Image.new("L", (1, 1))))["label"] is None


def test_animated_gif_is_read_by_its_first_frame(send):
    frames = [draw_strokes(DIGITS[digit]) for digit in "38"]
    assert send(encode(frames[0], "GIF", save_all=True, append_images=frames[1:]), "animated.gif")["label"] == "3"


SEVEN = encode(draw_strokes(DIGITS["7"]))


@pytest.mark.parametrize("api_name", ["/predict", "/read"])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("text.png", b"no picture at all"),
        ("empty.png", b""),
        ("cut.png", SEVEN[: len(SEVEN) // 2]),
        ("huge.png", png_of_size(30_000, 30_000)),
        ("drawing.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0h9v9"/></svg>'),
    ],
)
def test_a_bad_file_gets_one_sentence_and_the_app_goes_on(send, name, content, api_name):
    with pytest.raises(AppError) as error:
        send(content, name, api_name)
    assert one_sentence(error.value.message) and name in error.value.message
    assert send(SEVEN)["label"] == "7"


def test_no_file_gets_one_sentence(client):
    with pytest.raises(AppError) as error:
        client.predict(None, api_name="/predict")
    assert error.value.message == "No picture was sent: send one image file."


def test_an_upload_over_10_mb_is_refused(url, client, tmp_path):
    boundary, content = "boundary", bytes(11 * 2**20)
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="big.png"\r\n\r\n'
    body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
    request = Request(f"{url}gradio_api/upload", body, {"Content-Type": f"multipart/form-data; boundary={boundary}"})
    with pytest.raises(HTTPError) as error:
        urlopen(request)
    assert error.value.code == 413
    (tmp_path / "big.png").write_bytes(content)
    with pytest.raises(ValueError, match="exceeds the maximum file size"):
        client.predict(handle_file(tmp_path / "big.png"), api_name="/predict")


# ---- the model that it starts with


def test_the_page_names_the_model(monkeypatch):
    demo = build_demo(monkeypatch)
    assert "mnist_cnn" in heading(demo) and "notice" not in heading(demo)


def test_model_id_may_be_a_folder(monkeypatch):
    assert str(bundled_checkpoint()) in heading(build_demo(monkeypatch, MODEL_ID=str(bundled_checkpoint())))


def test_a_model_that_cannot_be_had_is_replaced_and_the_page_says_so(monkeypatch):
    text = heading(build_demo(monkeypatch, MODEL_ID="/no/such/<b>folder"))
    assert "/no/such/&lt;b&gt;folder" in text and "The bundled model answers instead." in text
    assert "mnist_cnn (bundled)" in text


def test_the_app_needs_no_torch():
    code = (
        "import runpy, sys\n"
        "class Refuse:\n"
        "    def find_spec(self, name, *rest):\n"
        "        if name.split('.')[0] in ('torch', 'timm', 'transformers', 'datasets', 'accelerate', 'evaluate'):\n"
        "            raise ImportError('refused: ' + name)\n"
        "sys.meta_path.insert(0, Refuse())\n"
        "sys.path.insert(0, '.')\n"
        "runpy.run_path('app.py')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


# ---- the drawing that the browser sends


@pytest.mark.parametrize(
    "payload",
    [None, 5, "7", {"a": 1}, [5], [[5]], [[[1, 2, 3]]], [[["a", "b"]]], [[[float("nan"), 0]]], [[[0, 1e999]]]],
)
def test_strokes_that_are_none_are_refused(payload):
    with pytest.raises(MnistModelError) as error:
        drawing.parse_strokes(payload)
    assert one_sentence(str(error.value))


def test_too_much_ink_is_refused():
    for payload in ([[[0, 0]]] * (drawing.MAX_STROKES + 1), [[[0, 0]] * (drawing.MAX_POINTS + 1)]):
        with pytest.raises(MnistModelError, match="more ink than a digit needs"):
            drawing.parse_strokes(payload)


def test_strokes_are_clipped_to_the_pad():
    assert drawing.parse_strokes([[[-1, 0.5], [0.5, 2]], []]) == [[(0, 0.5), (0.5, 1)]]


def test_a_small_digit_is_drawn_as_a_large_one():
    small = [[(0.7 + x / 5, 0.1 + y / 5) for x, y in stroke] for stroke in DIGITS["3"]]
    difference = np.subtract(drawing.draw_strokes(small), drawing.draw_strokes(DIGITS["3"]), dtype=float)
    assert abs(difference).mean() < 1


def test_a_dot_stays_a_dot():
    ink = np.asarray(drawing.draw_strokes([[(0.5, 0.5)], [(0.502, 0.5), (0.502, 0.502)]])) < 128
    assert 0 < ink.any(axis=0).sum() <= 1.5 * drawing.PEN


def test_the_draw_tab_answers_junk_with_a_sentence(url):
    with urlopen(f"{url}config") as response:
        components = json.load(response)["components"]
    pad = next(part["id"] for part in components if part["props"].get("elem_id") == "draw")
    body = {"data": [[["x", None]]], "component_id": pad, "fn_name": "recognize", "session_hash": "test"}
    request = Request(
        f"{url}gradio_api/component_server/", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urlopen(request) as response:
        answer = json.load(response)
    assert answer["state"] == "error" and one_sentence(answer["sentence"])


# ---- the words of the answer


@pytest.mark.parametrize(
    ("label", "confidence", "is_digit", "state", "sentence"),
    [
        ("8", 0.998, True, "sure", "This is an 8."),
        ("7", 0.7, True, "unsure", "Probably a 7, but it could be a 1."),
        ("7", 0.4, True, "unsure", "Not sure: a 7, or a 1?"),
        ("0", 0.99, False, "none", "This does not look like a digit. If it is one, it is nearest to 0. Try again."),
    ],
)
def test_doubt_is_shown(label, confidence, is_digit, state, sentence):
    probabilities = dict.fromkeys("0123456789", 0.0) | {"1": (1 - confidence) / 2, label: confidence}
    prediction = SimpleNamespace(
        label=label,
        confidence=confidence,
        is_digit=is_digit,
        probabilities=probabilities,
        canonical=np.full((28, 28), 255, np.uint8),
        top=lambda k: sorted(probabilities.items(), key=lambda item: -item[1])[:k],
    )
    answer = result.show(prediction, "Try again.")
    assert (answer["state"], answer["sentence"]) == (state, sentence)
    assert answer["digit"] == (label if is_digit else "")
    assert len(answer["bars"]) == 10 and answer["seen"].startswith("data:image/png;base64,")


def test_a_picture_without_ink_says_so():
    empty = SimpleNamespace(canonical=np.zeros((28, 28), np.uint8), is_digit=False)
    answer = result.show(empty, "Try again.")
    assert answer["digit"] == "" and answer["sentence"] == "Nothing stands out from the paper. Try again."


def test_a_percentage_never_claims_certainty():
    words = [result.percentage(probability) for probability in (1, 0.9994, 0.9, 0.1234, 0.0001, 0)]
    assert words == ["over 99.9%", "over 99.9%", "90.0%", "12.3%", "under 0.1%", "under 0.1%"]
