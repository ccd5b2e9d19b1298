"""The models that a visitor can choose from, and what the Compare tab says of their answers."""

import dataclasses
import runpy
import shutil
from concurrent.futures import ThreadPoolExecutor

import gradio as gr
import numpy as np
import pytest
from bundled_copies import SOURCE, copy_model
from PIL import Image
from serving import ROOT
from strokes import DIGITS, draw_digit, draw_strokes

import mnist_model.config
import mnist_model.recognizer
from mnist_model import DigitRecognizer, MnistModelError
from mnist_model.ui import compare, words
from mnist_model.ui.draw import build_draw_tab
from mnist_model.ui.models import Models

PAGE = draw_digit(7)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Four bundled models, of which mnist_linear reads every digit as the next one."""
    folder = tmp_path / "checkpoints"
    copy_model(folder, "mnist_linear", 0.92, off_by=1, parameters=7850, description="logistic regression")
    copy_model(folder, "mnist_knn", 0.97)
    copy_model(folder, "mnist_mlp", 0.98, parameters=407050)
    copy_model(folder, "mnist_cnn", 0.99, refuses=True)
    monkeypatch.setattr(mnist_model.config, "BUNDLED_CHECKPOINTS", folder)
    return folder


@pytest.fixture
def opened(monkeypatch) -> list[str]:
    """Names of the folders whose network is loaded, one for each time that it is."""
    opened, open_session = [], mnist_model.recognizer.open_session

    def note(path):
        if path.name == "model.onnx":
            opened.append(path.parent.name)
        return open_session(path)

    monkeypatch.setattr(mnist_model.recognizer, "open_session", note)
    return opened


@pytest.fixture
def models(folder):
    return Models(DigitRecognizer.from_pretrained())


# ---- loading


def test_the_default_comes_first_and_then_the_most_accurate(folder, models):
    assert models.names == ["mnist_cnn", "mnist_mlp", "mnist_knn", "mnist_linear"]
    linear = Models(DigitRecognizer.from_pretrained(folder / "mnist_linear"))
    assert linear.names == ["mnist_linear", "mnist_cnn", "mnist_mlp", "mnist_knn"]
    elsewhere = DigitRecognizer(SOURCE, "you/mnist-cnn")
    assert Models(elsewhere).names == ["you/mnist-cnn", *models.names]
    assert Models(elsewhere).get("you/mnist-cnn") is elsewhere
    mine = DigitRecognizer.from_pretrained(SOURCE)  # in a folder whose place is nobody's business
    assert Models(mine).names == [f"{SOURCE.name} (MODEL_ID)", *models.names]
    assert Models(mine).get(f"{SOURCE.name} (MODEL_ID)") is mine


def test_a_model_is_loaded_when_it_is_first_chosen_and_stays(folder, opened):
    models = Models(DigitRecognizer.from_pretrained())
    with ThreadPoolExecutor(8) as threads:
        first, *others = threads.map(models.get, ["mnist_mlp"] * 8)
    assert all(other is first for other in others)
    assert models.get("mnist_cnn").predict(PAGE).label == "7"
    assert opened == ["mnist_cnn", "mnist_mlp"]
    compare.compare(models, PAGE)
    compare.compare(models, PAGE)
    assert sorted(opened) == sorted(models.names)


def test_the_app_starts_with_one_model(folder, opened, monkeypatch):
    monkeypatch.delenv("MODEL_ID", raising=False)
    monkeypatch.delenv("MODEL_REVISION", raising=False)
    runpy.run_path(str(ROOT / "app.py"))
    assert opened == ["mnist_cnn"]


@pytest.mark.parametrize("name", ["nothing", "", ".", "../checkpoints/mnist_mlp", str(SOURCE), None, 5, ["mnist_mlp"]])
def test_no_other_name_is_looked_up(models, opened, name):
    with pytest.raises(MnistModelError, match="^There is no model .* here: choose one of the list.$"):
        models.get(name)
    assert opened == []


def test_facts_come_from_the_reports(models, tmp_path):
    facts = dict(zip(models.names, models.facts, strict=True))
    linear, knn = facts["mnist_linear"], facts["mnist_knn"]
    assert (linear.description, linear.parameters, linear.accuracy) == ("logistic regression", 7850, 0.92)
    about = "Logistic regression. 7,850 parameters, right on 92.00% of the MNIST test set."
    assert words.about_model(linear) == about + " Takes anything with ink for a digit."
    assert words.about_model(dataclasses.replace(linear, refuses=True)) == about
    assert (knn.description, knn.parameters) == ("", None)
    assert words.table_row(knn)["parameters"] == "–"
    shutil.copytree(SOURCE, tmp_path / "mine")
    odd = '{"model": {"parameters": "many", "description": 5}, "accuracy": null}'
    for text in ("{", "[]", '{"model": 5}', odd):
        (tmp_path / "mine" / "report.json").write_text(text)
        unknown = Models(DigitRecognizer.from_pretrained(tmp_path / "mine")).facts[0]
        assert unknown.accuracy is None and words.about_model(unknown) == ""


# ---- the Draw tab asks the chosen model


def test_each_drawing_is_answered_by_the_model_that_it_names(models):
    with gr.Blocks() as demo:
        build_draw_tab(models)
    pad = next(block for block in demo.blocks.values() if block.elem_id == "draw")
    strokes = DIGITS["7"]
    for model, digit in (("mnist_cnn", "7"), ("mnist_linear", "8")):
        assert pad.recognize_digit({"strokes": strokes, "model": model})["details"][0]["label"] == digit
        assert pad.recognize_number({"strokes": strokes, "model": model})["details"][0]["label"] == digit
    for question in (
        {"strokes": strokes, "model": "../mnist_mlp"},
        {"strokes": strokes},
        strokes,
        None,
        {"strokes": 5},
    ):
        answer = pad.recognize_digit(question)
        assert answer["state"] == "error" and answer["sentence"].endswith((" of the list.", " and draw again."))
        assert answer["details"][0]["label"] == ""


# ---- comparing


def test_every_model_has_a_row(models):
    answer = compare.compare(models, PAGE)
    rows = dict(zip(models.names, answer["rows"], strict=True))
    assert answer["sentence"] == "3 of 4 models read a 7; mnist_linear reads an 8." and answer["state"] == "some"
    assert {name: row["label"] for name, row in rows.items()} == dict.fromkeys(models.names, "7") | {
        "mnist_linear": "8"
    }
    assert [name for name, row in rows.items() if row["differs"]] == ["mnist_linear"]
    assert all(row["confidence"] > 0.9 and row["words"].endswith("%") for row in rows.values())
    assert all(float(row["time"].removesuffix(" ms")) > 0 for row in rows.values())
    assert answer["seen"].startswith("data:image/png;base64,")


def test_what_one_model_refuses(models):
    cross = draw_strokes([[(0.2, 0.2), (0.8, 0.8)], [(0.8, 0.2), (0.2, 0.8)]])
    answer = compare.compare(models, cross)
    refusing, *others = answer["rows"]
    assert refusing["state"] == "none" and refusing["label"] == "" and refusing["differs"]
    assert refusing["note"].startswith("no digit, nearest to ") and refusing["time"]
    assert all(row["label"] for row in others) and "mnist_cnn sees no digit" in answer["sentence"]


def test_a_model_that_cannot_be_loaded_says_so_in_its_row(folder, models):
    (folder / "mnist_knn" / "model.onnx").write_bytes(b"damaged")
    answer = compare.compare(models, PAGE)
    damaged = answer["rows"][models.names.index("mnist_knn")]
    assert damaged["state"] == "error" and damaged["note"] == "could not be loaded" and not damaged["differs"]
    assert answer["sentence"] == "2 of 3 models read a 7; mnist_linear reads an 8."


def test_what_is_not_compared(models, opened):
    two = Image.new("L", (560, 280), 255)
    for index, digit in enumerate((4, 2)):
        two.paste(draw_digit(digit), (280 * index, 0))
    blank = Image.new("L", (90, 90), 255)
    shadow = Image.fromarray(np.linspace(255, 130, 400)[None].repeat(300, axis=0).astype(np.uint8))
    for picture, start in ((two, "There is more than one thing"), (blank, "Nothing here is"), (shadow, "Nothing here")):
        answer = compare.compare(models, picture)
        assert answer["state"] == "none" and answer["rows"] == [] and answer["sentence"].startswith(start)
    assert opened == []


@pytest.mark.parametrize(
    ("answers", "most", "sentence"),
    [
        ("7", "7", "a reads a 7."),
        (" ", "", "a sees no digit."),
        ("777", "7", "All 3 models read a 7."),
        ("   ", "", "All 3 models see no digit."),
        ("8811", "8", "2 of 4 models read an 8; c and d read a 1."),
        ("7177 2", "7", "3 of 6 models read a 7; b reads a 1; e sees no digit; f reads a 2."),
        ("777111", "7", "3 of 6 models read a 7; d, e and f read a 1."),
        ("12", "1", "1 of 2 models reads a 1; b reads a 2."),
    ],
)
def test_agreement_in_words(answers, most, sentence):
    assert words.agreement({name: one.strip() for name, one in zip("abcdef", answers, strict=False)}) == (
        most,
        sentence,
    )


def test_milliseconds():
    assert [words.milliseconds(value / 1000) for value in (0.043, 0.5, 1.26, 31.4)] == [
        "0.04 ms",
        "0.50 ms",
        "1.3 ms",
        "31 ms",
    ]
