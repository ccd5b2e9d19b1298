"""The whole circle: a drawing is misread, corrected, sent, learnt and published; then it is read right."""

import json
import re
import signal
from urllib.request import Request, urlopen

import PIL.Image
import pytest
from datasets import ClassLabel, Dataset, Features, Image
from serving import serve
from strokes import DIGITS, draw_digit

from mnist_model.preprocessing import canonicalize

MODEL, SPACE, DATASET = "you/mnist-mlp", "you/mnist", "you/mnist-feedback"


def one_with_flag(lean: float) -> list:
    """A one as much of Europe writes it. The ones that the model learns from at first are bare strokes: it sees a 7."""
    return [[(0.25, 0.5), (0.75 + lean, 0.15), (0.45, 0.85)]]


@pytest.fixture
def digits(tmp_path):
    """A data set of ten drawn digits, again and again, in several widths of the pen."""
    features = Features({"image": Image(), "label": ClassLabel(names=[str(digit) for digit in range(10)])})
    for split, count in (("train", 200), ("test", 20)):
        labels = [index % 10 for index in range(count)]
        pens = [12 + index // 10 for index in range(count)]
        images = [
            PIL.Image.fromarray(canonicalize(draw_digit(label, pen=pen)))
            for label, pen in zip(labels, pens, strict=True)
        ]
        rows = Dataset.from_dict({"image": images, "label": labels}, features=features)
        rows.to_parquet(tmp_path / "digits" / "data" / f"{split}-00000-of-00001.parquet")
    return tmp_path / "digits"


class Visitor:
    """Asks the Draw tab's functions as its page does."""

    def __init__(self, url: str):
        self.address = f"{url}/gradio_api/component_server/"
        with urlopen(f"{url}/config") as response:
            components = json.load(response)["components"]
        self.pad = next(part["id"] for part in components if part["props"].get("elem_id") == "draw")

    def ask(self, function: str, **question) -> dict:
        data = question | {"model": MODEL, "page": "digit", "language": "en"}
        body = {"data": data, "component_id": self.pad, "fn_name": function, "session_hash": "circle"}
        with urlopen(Request(self.address, json.dumps(body).encode(), {"Content-Type": "application/json"})) as answer:
            return json.load(answer)

    def read(self, strokes: list) -> str:
        return self.ask("recognize_digit", strokes=strokes)["details"][0]["label"]


def test_a_misread_drawing_is_corrected_learnt_and_then_read_right(hub, digits, tmp_path, run_python):
    environment = hub.environment(hub.secret_token) | {"ACCELERATE_USE_CPU": "true"}
    drawings = [one_with_flag(0.01 * step) for step in range(-4, 5)]
    unseen = one_with_flag(0.005)

    def publish(*more: str) -> str:
        """Trains, pushes and deploys by the commands of README.md; gives what the training said."""
        said = run_python(
            *("train.py", "--model", "mnist_mlp", "--dataset", digits, "--output-dir", tmp_path / "run"),
            *("--epochs", "10", "--batch-size", "16", "--threads", "1", "--validation-fraction", "0.2"),
            *("--push-to-hub", "--hub-model-id", MODEL, *more),
            env=environment,
        ).stdout
        run_python("-m", "mnist_model", "deploy", SPACE, "--model-id", MODEL, env=environment)
        return said

    def space():
        """The app with the variables of the Space, as they are now."""
        variables = {name: item["value"] for name, item in hub.repo(SPACE, "space").variables.items()}
        return serve(**environment, **variables, FEEDBACK_DATASET=DATASET, DATA_DIR=str(tmp_path / "data"))

    publish()
    first = hub.commits(MODEL)[0].id
    with space() as (url, process):
        visitor = Visitor(url)
        wrong = [visitor.read(strokes) for strokes in [*drawings, unseen]]
        assert wrong == ["7"] * 10 and visitor.read(DIGITS["7"]) == "7"
        for strokes in drawings:
            question = {"strokes": strokes, "index": 0, "label": "1"}
            assert not visitor.ask("correct", **question)["kept"]  # nobody agreed
            assert visitor.ask("correct", **question, agreed=True) == {"kept": True, "sentence": ""}
        process.send_signal(signal.SIGTERM)  # as a Space is stopped: what is not sent yet is sent now
        assert process.wait(timeout=30) == 0
    sent = hub.files(DATASET, repo_type="dataset")
    [metadata] = [content for path, content in sent.items() if path.endswith("metadata.jsonl")]
    rows = [json.loads(line) for line in metadata.splitlines()]
    assert hub.repo(DATASET, "dataset").private and sum(path.endswith(".png") for path in sent) == len(drawings)
    assert [(row["label"], row["answer"], row["model"], row["revision"]) for row in rows] == [
        ("1", "7", MODEL, first)
    ] * len(drawings)

    said = publish("--extra-dataset", DATASET)
    assert f"{DATASET}: {len(drawings)} pictures more to train on" in said
    card, report = (hub.files(MODEL)[name].decode() for name in ("README.md", "report.json"))
    assert re.search(rf"\b{len(drawings)} pictures of {DATASET} were trained on besides", card)
    assert json.loads(report)["extra_pictures"] == {DATASET: len(drawings)}
    with space() as (url, _):
        visitor = Visitor(url)
        assert [visitor.read(strokes) for strokes in [*drawings, unseen]] == ["1"] * 10
        assert visitor.read(DIGITS["7"]) == "7"
