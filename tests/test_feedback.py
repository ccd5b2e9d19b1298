"""Corrections: what is kept and what is not, what reaches the Hub, and what training makes of it."""

import base64
import json
from io import BytesIO
from pathlib import Path
from threading import Event, Thread, active_count

import numpy as np
import pytest
import torch
from datasets import Dataset, Features, Image, Value, load_dataset
from PIL import Image as PILImage
from PIL.PngImagePlugin import PngInfo
from strokes import DIGITS, draw_digit, draw_strokes

from mnist_model import MnistModelError, feedback
from mnist_model.data import DataConfig, load_data
from mnist_model.extra_data import with_extra
from mnist_model.feedback import Feedback, open_feedback
from mnist_model.preprocessing import canonicalize
from mnist_model.ui import correction
from mnist_model.ui.models import Models
from mnist_model.ui.result import data_url

DATASET = "you/mnist-feedback"
SEVEN = canonicalize(draw_digit(7))


def rows(folder: Path) -> list[dict]:
    return [json.loads(line) for file in sorted(folder.glob("*/metadata.jsonl")) for line in file.open()]


@pytest.fixture
def store(tmp_path) -> Feedback:
    return Feedback(tmp_path / "feedback")


@pytest.fixture
def ask(recognizer, store):
    """What the Upload tab's function does with a question; a right one by itself."""

    def ask(**question):
        right = {"label": "7", "seen": data_url(SEVEN), "agreed": True, "model": Models(recognizer).names[0]}
        question = right | question
        return correction.keep(Models(recognizer), store, question, question["seen"])

    return ask


def test_what_is_kept_is_a_data_set_and_nothing_else(store):
    assert not store.folder.exists()
    assert store.keep(SEVEN, "1", "7", "mnist_cnn") and store.keep(SEVEN.T.copy(), "none", "4", "you/other", "0a1b")
    [folder] = store.folder.iterdir()
    assert sorted(path.name for path in folder.iterdir()) == ["00000.png", "00001.png", "metadata.jsonl"]
    first, second = rows(store.folder)
    assert first.keys() == {"file_name", "label", "answer", "model", "revision", "day"}
    assert len(first["day"]) == 10 and folder.name.startswith(first["day"])
    assert (second["label"], second["answer"], second["revision"]) == ("none", "4", "0a1b")
    loaded = load_dataset(str(store.folder))["train"]
    assert loaded["label"][:] == ["1", "none"]
    assert np.array_equal(loaded[0]["image"], SEVEN) and np.array_equal(loaded[1]["image"], SEVEN.T)


def test_many_at_once_and_a_limit_for_the_day(store, monkeypatch):
    monkeypatch.setattr(feedback, "A_DAY", 20)
    kept = []
    threads = [Thread(target=lambda: kept.append(store.keep(SEVEN, "1", "7", "mnist_cnn"))) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(kept) == 4 * [False] + 20 * [True]
    assert sorted(row["file_name"] for row in rows(store.folder)) == [f"{n:05}.png" for n in range(20)]


def test_a_full_disk_leaves_no_half_line(store, monkeypatch):
    store.keep(SEVEN, "1", "7", "mnist_cnn")

    sync = feedback.os.fsync
    room = 0

    def full(file):
        nonlocal room
        room -= 1
        if room < 0:
            raise OSError("No space left on device")
        sync(file)

    for files_written in (0, 1):  # nothing, or the picture without the line that names it
        with monkeypatch.context() as patch:
            room = files_written
            patch.setattr(feedback.os, "fsync", full)
            with pytest.raises(MnistModelError, match="could not be kept"):
                store.keep(SEVEN.T.copy(), "2", "7", "mnist_cnn")
    store.keep(SEVEN, "3", "7", "mnist_cnn")
    assert [row["label"] for row in rows(store.folder)] == ["1", "3"]
    assert np.array_equal(load_dataset(str(store.folder))["train"][1]["image"], SEVEN)


def test_where_corrections_go(monkeypatch, tmp_path):
    for name in ("DATA_DIR", "FEEDBACK_DATASET", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    assert open_feedback() is None
    monkeypatch.setenv("FEEDBACK_DATASET", DATASET)
    assert open_feedback() is None  # without a token
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    assert correction.storage(open_feedback()) == "disk" and open_feedback().folder == tmp_path / "feedback"
    monkeypatch.setenv("HF_TOKEN", "hf_x")
    assert correction.storage(open_feedback()) == "hub"
    assert not list(tmp_path.iterdir())


# ---- what the page sends


@pytest.mark.parametrize(
    "question",
    [
        {"agreed": False},
        {"agreed": "true"},
        {"label": "10"},
        {"label": None},
        {"label": ["7"]},
        {"model": "../../etc"},
        {"seen": None},
        {"seen": "https://example.com/7.png"},
        {"seen": "data:image/png;base64,AAAA"},
        {"seen": data_url(np.zeros((28, 28), np.uint8))},
        {"seen": data_url(np.ones((29, 28), np.uint8))},
        {"seen": data_url(np.ones((28, 28, 3), np.uint8))},
        {"seen": data_url(SEVEN, "JPEG").replace("jpeg", "png")},
        {"seen": data_url(SEVEN) + "A" * 5000},
        {"language": {"x": 1}, "agreed": None},
    ],
)
def test_what_is_not_kept(ask, store, question):
    answer = ask(**question)
    assert not answer["kept"] and "Choose again" in answer["sentence"]
    assert not store.folder.exists()


@pytest.mark.parametrize("question", [None, [], "x", 7])
def test_junk_is_not_kept(recognizer, store, question):
    assert not correction.keep(Models(recognizer), store, question, None)["kept"]
    assert not correction.keep(Models(recognizer), None, {"agreed": True}, None)["kept"]


def test_a_correction_is_kept_with_what_the_model_answers(ask, store, monkeypatch):
    assert ask(label="1") == {"kept": True, "sentence": ""}
    [row] = rows(store.folder)
    assert (row["label"], row["answer"], row["model"]) == ("1", "7", "mnist_cnn")
    text = draw_strokes(DIGITS["7"] + DIGITS["2"] + DIGITS["5"]).convert("L")
    assert ask(label="none", seen=data_url(canonicalize(text)))["kept"]
    monkeypatch.setattr(feedback, "A_DAY", 2)
    assert "today" in ask()["sentence"]


def test_png_chunks_beside_the_pixels_are_not_kept(ask, store):
    picture, about = BytesIO(), PngInfo()
    about.add_text("Author", "somebody")
    PILImage.fromarray(SEVEN).save(picture, "PNG", pnginfo=about)
    assert ask(seen="data:image/png;base64," + base64.b64encode(picture.getvalue()).decode())["kept"]
    [kept] = store.folder.glob("*/*.png")
    assert b"somebody" not in kept.read_bytes()


# ---- the Hub


def test_corrections_reach_a_private_data_set(hub, tmp_path):
    store = Feedback(tmp_path, DATASET, hub.secret_token)
    store.keep(SEVEN, "1", "7", "mnist_cnn")
    store.flush()
    assert hub.repo(DATASET, "dataset").private
    files = hub.files(DATASET, repo_type="dataset")
    assert {path.split("/")[-1] for path in files} == {".gitattributes", "00000.png", "metadata.jsonl"}
    assert len(rows(tmp_path)) == 1
    [metadata] = [content for path, content in files.items() if path.endswith(".jsonl")]
    assert metadata == next(tmp_path.glob("*/metadata.jsonl")).read_bytes()


def test_the_same_picture_corrected_often_is_sent_as_often(hub, tmp_path):
    for store in (Feedback(tmp_path), Feedback(tmp_path)):
        for _ in range(6):
            store.keep(SEVEN, "1", "7", "mnist_cnn")
    contents = [path.read_bytes() for path in tmp_path.glob("*/*.png")]
    assert len(set(contents)) == len(contents) == 12
    Feedback(tmp_path, DATASET, hub.secret_token).flush()
    sent = hub.files(DATASET, repo_type="dataset")
    assert sorted(content for path, content in sent.items() if path.endswith(".png")) == sorted(contents)


def test_a_public_data_set_gets_nothing(hub, tmp_path, caplog):
    hub.api("you").create_repo(DATASET, repo_type="dataset")
    store = Feedback(tmp_path, DATASET, hub.secret_token)
    assert store.keep(SEVEN, "1", "7", "mnist_cnn")
    store.flush()
    assert hub.files(DATASET, repo_type="dataset").keys() == {".gitattributes"} and "it is public" in caplog.text


def test_without_the_hub_the_app_goes_on(hub, tmp_path, caplog):
    hub.stop()
    store = Feedback(tmp_path, DATASET, hub.secret_token)
    assert store.keep(SEVEN, "1", "7", "mnist_cnn")
    store.flush()
    assert len(rows(tmp_path)) == 1 and "not sent" in caplog.text
    assert hub.secret_token not in caplog.text
    hub.start()
    assert store.keep(SEVEN, "2", "7", "mnist_cnn")
    store.flush()
    assert "00001.png" in " ".join(hub.files(DATASET, repo_type="dataset"))


def test_what_an_earlier_process_left_is_sent(hub, tmp_path, monkeypatch):
    Feedback(tmp_path / "feedback").keep(SEVEN, "1", "7", "mnist_cnn")
    for name, value in {"DATA_DIR": str(tmp_path), "FEEDBACK_DATASET": DATASET, "HF_TOKEN": hub.secret_token}.items():
        monkeypatch.setenv(name, value)
    open_feedback().flush()
    assert "00000.png" in " ".join(hub.files(DATASET, repo_type="dataset"))


def test_a_silent_hub_keeps_one_thread_waiting(tmp_path, monkeypatch):
    silence, started = Event(), []

    def start(self, dataset):
        started.append(dataset)
        silence.wait(10)
        raise MnistModelError("It stays silent.")

    monkeypatch.setattr(Feedback, "_start", start)
    monkeypatch.setattr(feedback, "AT_THE_END", 0.1)
    store = Feedback(tmp_path, DATASET, "token")
    before = active_count()
    for _ in range(20):
        store.keep(SEVEN, "1", "7", "mnist_cnn")
    store.flush()
    assert started == [DATASET] and active_count() <= before + 1
    silence.set()


# ---- training


def rows_of(split) -> list[tuple[bytes, int]]:
    return sorted(
        (bytes(image.numpy()), label) for image, label in zip(split.images, split.labels.tolist(), strict=True)
    )


def test_corrections_are_trained_on_and_nothing_else(store, tiny_dataset):
    nine = canonicalize(draw_digit(9))
    for picture, label in ((SEVEN, "1"), (nine, "9"), (SEVEN.T.copy(), "none"), (SEVEN, "7")):
        store.keep(picture, label, "4", "mnist_cnn")
    config = DataConfig(dataset=str(tiny_dataset), extra_dataset=[str(store.folder)])
    plain = load_data(config)
    data = with_extra(plain, config)
    assert data.extra == {"feedback": 2}
    # Of a picture that was corrected twice the last counts.
    expected = [*zip(plain.train.images, plain.train.labels.tolist(), strict=True), (nine, 9), (SEVEN, 7)]
    assert rows_of(data.train) == sorted((bytes(np.asarray(image)), label) for image, label in expected)
    again = with_extra(plain, config)
    assert torch.equal(again.train.images, data.train.images)
    assert data.train.labels[-2:].tolist() != [9, 7]  # k-NN keeps the first: they are among all others
    assert data.validation is plain.validation and data.test is plain.test


def test_extra_data_sets_that_cannot_be_learnt(store, tiny_dataset, tmp_path):
    store.keep(SEVEN, "none", "7", "mnist_cnn")
    plain = load_data(DataConfig(dataset=str(tiny_dataset)))
    for dataset, sentence in (
        (store.folder, "no picture with one of the labels"),
        (tmp_path / "no", "cannot be loaded"),
    ):
        with pytest.raises(MnistModelError, match=sentence):
            with_extra(plain, DataConfig(dataset=str(tiny_dataset), extra_dataset=[str(dataset)]))


def test_columns_that_are_asked_for_are_those_of_an_extra_data_set_where_it_has_them(tiny_dataset, tmp_path):
    features = {"scan": Image(), "thumbnail": Image(), "digit": Value("int64")}
    for name, less in (("many", []), ("few", ["thumbnail"])):
        rows = Dataset.from_dict({"scan": [SEVEN], "thumbnail": [SEVEN], "digit": [7]}, features=Features(features))
        rows.remove_columns(less).to_parquet(tmp_path / name / "train.parquet")
    plain = load_data(DataConfig(dataset=str(tiny_dataset)))
    for options, dataset in (({}, "few"), ({"image_column": "scan"}, "many"), ({"image_column": "image"}, "few")):
        config = DataConfig(extra_dataset=[str(tmp_path / dataset)], label_column="digit", **options)
        assert with_extra(plain, config).extra == {dataset: 1}
    with pytest.raises(MnistModelError, match="many has 2 image columns; name one with --image-column"):
        with_extra(plain, DataConfig(extra_dataset=[str(tmp_path / "many")], label_column="digit"))


def test_an_extra_data_set_may_be_laid_out_as_the_first(tiny_dataset):
    config = DataConfig(dataset=str(tiny_dataset), extra_dataset=[str(tiny_dataset)])
    data = with_extra(load_data(config), config)
    assert 0 < data.extra["digits"] <= 260 and len(data.test) == 60
