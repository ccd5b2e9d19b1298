"""The app without a browser: its API, bad input, the model that it starts with."""

import json
import runpy
import socket
import struct
import subprocess
import sys
import zlib
from io import BytesIO
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import huggingface_hub
import numpy as np
import pytest
from gradio.utils import get_upload_folder
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from serving import ROOT
from strokes import DIGITS, draw_strokes

from mnist_model import MnistModelError
from mnist_model.config import bundled_checkpoint
from mnist_model.recognizer import Box, Prediction, ReadDigit, Reading
from mnist_model.refusal import Refusal
from mnist_model.steps import follow
from mnist_model.ui import drawing, result, words
from mnist_model.ui.assets import EXAMPLES
from mnist_model.ui.page import launch_options
from mnist_model.ui.steps import show_steps
from mnist_model.ui.uploads import shown_size


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


@pytest.mark.parametrize("meta", [{}, {"meta": {"_type": "other"}}, {"meta": {"_type": "gradio.FileData"}}])
@pytest.mark.parametrize("path", [str(EXAMPLES[0]), f"{get_upload_folder()}/../../{EXAMPLES[0]}", "a\0b", ["x"]])
def test_no_file_of_the_server_is_read(url, path, meta):
    """Gradio checks the path of what calls itself a file in its "meta", and nothing else."""
    question = Request(f"{url}gradio_api/call/read", json.dumps({"data": [{"path": path} | meta]}).encode())
    question.add_header("Content-Type", "application/json")
    with urlopen(question) as answer:
        event = json.load(answer)["event_id"]
    with urlopen(f"{url}gradio_api/call/read/{event}") as answer:
        assert answer.read().startswith(b"event: error")


def test_no_event_of_the_page_reads_a_file_of_the_server(url):
    with urlopen(f"{url}config") as response:
        events = [event for event in json.load(response)["dependencies"] if event["backend_fn"]]
    for event in events:
        data = [{"path": str(EXAMPLES[0])}, "mnist_cnn"][: len(event["inputs"])]
        answer = ask_event(url, event["id"], data)
        refused = not answer["success"] or answer["output"]["data"][0].get("state") == "error"
        assert refused, (event["api_name"], answer)


def ask_event(url: str, number: int, data: list) -> dict:
    """What an event of the page answers, by its number in the page's configuration."""
    body = json.dumps({"data": data, "fn_index": number, "session_hash": "stranger"}).encode()
    with urlopen(Request(f"{url}gradio_api/queue/join", body, {"Content-Type": "application/json"})):
        pass
    with urlopen(f"{url}gradio_api/queue/data?session_hash=stranger", timeout=20) as response:
        messages = [json.loads(line[6:]) for line in response if line.startswith(b"data: ")]
    return next(message for message in messages if message["msg"] == "process_completed")


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
    text = heading(build_demo(monkeypatch, MODEL_ID=str(bundled_checkpoint("mnist_mlp"))))
    assert "<b>mnist_mlp</b>" in text and str(bundled_checkpoint().parent) not in text  # no visitor needs its place


def test_a_model_that_cannot_be_had_is_replaced_and_the_page_says_so(monkeypatch):
    text = heading(build_demo(monkeypatch, MODEL_ID="/no/such/<b>folder"))
    assert "no checkpoint folder &lt;b&gt;folder" in text and "The bundled model answers instead." in text
    assert "/no/such" not in text  # the place of a folder is nobody's business
    assert "mnist_cnn (bundled)" in text


def test_a_hub_that_says_nothing_is_not_waited_for(monkeypatch, loopback_hub):
    loopback_hub.use_here(monkeypatch)
    monkeypatch.setattr("mnist_model.ui.page.SILENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", address)
        monkeypatch.setattr(huggingface_hub.hf_api.api, "endpoint", address)
        text = heading(build_demo(monkeypatch, MODEL_ID="you/mnist-cnn"))
    assert "cannot be" in text and "The bundled model answers instead." in text


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
        with pytest.raises(MnistModelError, match="more ink than a number needs"):
            drawing.parse_strokes(payload)


def test_strokes_are_clipped_to_the_pad():
    assert drawing.parse_strokes([[[-1, 0.5], [2, 2]], []]) == [[(0, 0.5), (1, 1)]]
    assert drawing.parse_strokes([[[2, 0.5], [9, 2]]], drawing.WIDE) == [[(2, 0.5), (drawing.WIDE, 1)]]


def test_a_page_keeps_the_places_of_the_strokes():
    page = 255 - np.asarray(drawing.draw_page([[(2.0, 0.25), (2.0, 0.75)]]), int)
    assert page.shape == (drawing.PAGE_HEIGHT, drawing.PAGE_HEIGHT * drawing.WIDE)
    rows, columns = np.nonzero(page > 127)
    assert np.allclose([columns.mean() + 0.5, rows.mean() + 0.5], [2 * page.shape[0], page.shape[0] / 2], atol=1)
    assert np.ptp(columns) + 1 == pytest.approx(drawing.PAGE_PEN, abs=1)


def test_what_is_as_wide_as_a_number():
    seven = [[(x / 2, y) for x, y in stroke] for stroke in DIGITS["7"]]
    assert not drawing.may_be_number(seven)
    assert drawing.may_be_number([*seven, *([(x + 0.4, y) for x, y in stroke] for stroke in seven)])


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
    for name in ("recognize_digit", "recognize_number"):
        body = {"data": [[["x", None]]], "component_id": pad, "fn_name": name, "session_hash": "test"}
        request = Request(
            f"{url}gradio_api/component_server/", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urlopen(request) as response:
            answer = json.load(response)
        assert answer["state"] == "error" and one_sentence(answer["sentence"])


# ---- the answer


def predicted(label: str, confidence: float, is_digit: bool = True) -> Prediction:
    """With what is left of the probability shared between 1 and 2, the former having more of it."""
    rest = 1 - confidence
    probabilities = dict.fromkeys("0123456789", 0.0) | {"1": 0.6 * rest, "2": 0.4 * rest, label: confidence}
    return Prediction(label, confidence, probabilities, is_digit, np.full((28, 28), 255, np.uint8))


def read(*predictions: Prediction, rejected=(), word_numbers=(), refusal=None) -> Reading:
    """A picture with a thing every 100 pixels, each 50 wide and 80 high."""
    things = [
        ReadDigit(Box(100 * index, 10, 50, 80), prediction, word_numbers[index] if word_numbers else 0)
        for index, prediction in enumerate([*predictions, *rejected])
    ]
    digits, others = things[: len(predictions)], things[len(predictions) :]
    return Reading("".join(digit.prediction.label for digit in digits), digits, others, refusal)


@pytest.mark.parametrize(
    ("prediction", "state", "sentence"),
    [
        (predicted("8", 0.998), "sure", "This is an 8."),
        (predicted("7", 0.7), "unsure", "Probably a 7, but it could be a 1."),
        (predicted("7", 0.4), "unsure", "Not sure: a 7, or a 1?"),
    ],
)
def test_doubt_is_shown(prediction, state, sentence):
    for answer in (result.show(read(prediction)), result.show_digit(prediction)):
        assert (answer["state"], answer["sentence"], answer["read"]) == (state, sentence, 1)
        (detail,) = answer["details"]
        assert detail["label"] == prediction.label and detail["box"] is None
        assert len(detail["bars"]) == 10 and detail["seen"].startswith("data:image/png;base64,")
        assert [label for label, _ in detail["top"]] == [prediction.label, "1", "2"]


@pytest.mark.parametrize(
    ("reading", "state", "sentence"),
    [
        (read(predicted("4", 0.99), predicted("2", 0.95)), "sure", "This reads 42."),
        (read(*[predicted("4", 0.99)] * 3, word_numbers=(0, 0, 1)), "sure", "This reads 44 4."),
        (read(predicted("4", 0.99), predicted("7", 0.6)), "unsure", "Probably 47, but digit 2 could be a 1."),
        (
            read(predicted("4", 0.99, False), predicted("7", 0.6)),
            "unsure",
            "This seems to read 47, but digit 1 hardly looks like one.",
        ),
        (
            read(predicted("4", 0.99), predicted("5", 0.95), rejected=[predicted("6", 0.3, False)]),
            "sure",
            "This reads 45. One other thing was left out.",
        ),
    ],
)
def test_a_number_in_words(reading, state, sentence):
    answer = result.show(reading, (400, 100))
    assert (answer["state"], answer["sentence"], answer["read"]) == (state, sentence, len(reading.digits))
    assert len(answer["details"]) == len(reading.digits) + len(reading.rejected)


def test_each_digit_of_a_number_is_described():
    other = predicted("5", 0.3, False)
    reading = read(predicted("4", 0.999), predicted("7", 0.6), rejected=[other], word_numbers=(0, 1, 1))
    details = result.show(reading, (400, 100))["details"]
    assert [detail["box"] for detail in details] == [[0, 10, 12.5, 80], [25, 10, 12.5, 80], [50, 10, 12.5, 80]]
    assert [detail["name"] for detail in details] == [
        "Digit 1 of 2: 4, 99.9%",
        "Digit 2 of 2: 7, 60.0%",
        "Left out: no digit, nearest to 5",
    ]
    assert [detail["confidence"] for detail in details] == [">99%", "60%", ""]
    assert [detail["spaced"] for detail in details] == [False, True, False]
    assert [detail["state"] for detail in details] == ["sure", "unsure", "none"]
    assert [detail["label"] for detail in details] == ["4", "7", ""]
    assert result.show(reading)["chosen"] == 1  # the one in doubt


@pytest.mark.parametrize("refusal", Refusal)
def test_every_refusal_has_its_reason(refusal):
    rejected = {Refusal.BLANK: 0, Refusal.NO_INK: 0, Refusal.SEVERAL: 2}.get(refusal, 1)
    answer = result.show(read(rejected=[predicted("5", 0.9, False)] * rejected, refusal=refusal))
    assert answer["state"] == "none" and answer["read"] == 0 and one_sentence(answer["sentence"])
    assert all(detail["label"] == "" for detail in answer["details"])
    assert ("nearest to 5" in answer["sentence"]) == (refusal is Refusal.UNLIKE)


def test_the_steps_end_in_what_the_model_saw(recognizer):
    page = draw_strokes(DIGITS["4"])
    answer = result.show(recognizer.read(page), page.size)
    steps = show_steps(follow(page), answer)
    assert [step["title"] for step in steps] == ["Grey", "Paper", "Ink", "Box", "28 × 28"]
    assert steps[-1]["pictures"] == [answer["details"][0]["seen"]]
    assert np.allclose(steps[3]["boxes"][0], answer["details"][0]["box"], atol=1)
    number = Image.new("RGB", (560, 280), "white")
    number.paste(page)
    number.paste(draw_strokes(DIGITS["2"]), (280, 0))
    answer = result.show(recognizer.read(number), number.size)
    steps = show_steps(follow(number), answer)
    assert steps[-1]["pictures"] == [detail["seen"] for detail in answer["details"]] and answer["read"] == 2
    blank = Image.new("L", (90, 90), 255)
    assert [step["title"] for step in show_steps(follow(blank), result.show(recognizer.read(blank)))][-1] == "Ink"


def test_the_size_of_a_turned_picture_is_that_which_is_shown():
    picture = Image.new("L", (300, 200), 255)
    assert shown_size(picture) == (300, 200)
    picture.getexif()[0x0112] = 6
    assert shown_size(picture) == (200, 300)


def test_a_percentage_never_claims_certainty():
    spoken = [words.percentage(probability) for probability in (1, 0.9994, 0.9, 0.1234, 0.0001, 0)]
    assert spoken == ["over 99.9%", "over 99.9%", "90.0%", "12.3%", "under 0.1%", "under 0.1%"]
    short = [words.short_percentage(probability) for probability in (1, 0.991, 0.9, 0.2)]
    assert short == [">99%", ">99%", "90%", "20%"]
