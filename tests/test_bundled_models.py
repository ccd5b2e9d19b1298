"""The ten checkpoints that ship with the package."""

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import timm
import torch
from strokes import draw_digit

from mnist_model import DigitRecognizer, canonicalize
from mnist_model.architectures import ARCHITECTURES, count_parameters
from mnist_model.comparison_table import comparison_table
from mnist_model.config import BUNDLED_CHECKPOINTS, CODE_FILES, bundled_checkpoint, bundled_models
from mnist_model.data import to_pixel_values
from mnist_model.evaluation import Report

ROOT = Path(__file__).parent.parent
COMPARISON = ROOT / "benchmarks" / "reports" / "comparison.json"


def test_all_ship_and_are_small_together():
    assert set(bundled_models()) == set(ARCHITECTURES)
    assert sum(path.stat().st_size for path in BUNDLED_CHECKPOINTS.rglob("*") if path.is_file()) <= 12_000_000


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_pretrained_weights_are_those_of_the_onnx_file(name):
    images = np.stack([canonicalize(draw_digit(digit, side=140, pen=9)) for digit in range(10)])
    model = timm.create_model(name, pretrained=True).eval()
    pixel_values = to_pixel_values(torch.from_numpy(images), ARCHITECTURES[name].input_size).expand(-1, 3, -1, -1)
    session = onnxruntime.InferenceSession(bundled_checkpoint(name) / "model.onnx")
    logits = session.run(["logits"], {"pixel_values": pixel_values.numpy()})[0]
    with torch.inference_mode():
        np.testing.assert_allclose(model(pixel_values), logits, atol=1e-4, rtol=1e-4)
    report = Report.load(bundled_checkpoint(name) / "report.json")
    assert report.model["architecture"] == name and report.model["description"] == ARCHITECTURES[name].description
    assert report.model["parameters"] == count_parameters(timm.create_model(name, in_chans=1))


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_code_beside_the_weights_is_that_of_the_package(name):
    for file in CODE_FILES:
        assert (bundled_checkpoint(name) / file).read_bytes() == (ROOT / "mnist_model" / file).read_bytes()


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_recognizer_reads_mnist_as_the_report_says(name, mnist):
    report = Report.load(bundled_checkpoint(name) / "report.json")
    recognizer = DigitRecognizer.from_pretrained(bundled_checkpoint(name))
    pictures, truth = list(mnist.test.images[:1000].numpy()), mnist.test.labels[:1000].tolist()
    answers = [prediction.label for prediction in recognizer.predict_canonical(pictures)]
    mistakes = {index for index in range(1000) if answers[index] != report.label_names[truth[index]]}
    reported = {mistake["index"] for mistake in report.mistakes if mistake["index"] < 1000}
    assert len(mistakes ^ reported) <= 1  # a picture on the border may fall to either side


def test_the_table_in_readme_is_that_of_the_comparison_and_that_of_the_checkpoints():
    comparison = json.loads(COMPARISON.read_text())
    assert comparison_table(comparison) in (ROOT / "README.md").read_text()
    for model in comparison["models"]:
        assert model["accuracy"] == Report.load(bundled_checkpoint(model["name"]) / "report.json").accuracy
    assert [model["name"] for model in comparison["models"]] == bundled_models()
