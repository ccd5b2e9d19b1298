"""What is no digit: how it is told, and how the threshold is chosen."""

import json
import shutil

import numpy as np
import pytest
import timm
import torch
from strokes import DIGITS, draw_digit, draw_strokes

import mnist_model  # noqa: F401  (registers mnist_cnn)
from mnist_model import DigitRecognizer, MnistModelError
from mnist_model.calibration import DIGITS_REFUSED, fit_rejection, split_last_output
from mnist_model.config import bundled_checkpoint
from mnist_model.data import to_pixel_values
from mnist_model.rejection import Rejection, rejection_curve

LETTERS = {
    "A": [[(0.2, 0.9), (0.5, 0.1), (0.8, 0.9)], [(0.32, 0.6), (0.68, 0.6)]],
    "H": [[(0.25, 0.1), (0.25, 0.9)], [(0.75, 0.1), (0.75, 0.9)], [(0.25, 0.5), (0.75, 0.5)]],
    "M": [[(0.15, 0.9), (0.2, 0.1), (0.5, 0.6), (0.8, 0.1), (0.85, 0.9)]],
    "R": [[(0.25, 0.9), (0.25, 0.1), (0.7, 0.15), (0.7, 0.45), (0.25, 0.5), (0.75, 0.9)]],
    "W": [[(0.1, 0.1), (0.3, 0.9), (0.5, 0.3), (0.7, 0.9), (0.9, 0.1)]],
    "X": [[(0.2, 0.1), (0.8, 0.9)], [(0.8, 0.1), (0.2, 0.9)]],
    "E": [[(0.75, 0.1), (0.25, 0.1), (0.25, 0.9), (0.75, 0.9)], [(0.25, 0.5), (0.65, 0.5)]],
    "K": [[(0.25, 0.1), (0.25, 0.9)], [(0.75, 0.1), (0.25, 0.55), (0.75, 0.9)]],
}


def with_rejection(folder, entry):
    shutil.copytree(bundled_checkpoint(), folder)
    config = json.loads((folder / "config.json").read_text())
    config.pop("rejection", None)
    if entry is not None:
        config["rejection"] = entry
    (folder / "config.json").write_text(json.dumps(config))
    return DigitRecognizer(folder)


def test_digits_are_kept(recognizer):
    assert all(prediction.is_digit for prediction in recognizer.predict([draw_digit(digit) for digit in DIGITS]))


def test_what_scores_below_the_threshold_is_refused(tmp_path):
    pictures = [draw_digit(7), *(draw_strokes(strokes) for strokes in LETTERS.values())]
    for name, threshold in (("low", -1000.0), ("high", 1000.0)):
        recognizer = with_rejection(tmp_path / name, {"weight": [], "bias": 0.0, "threshold": threshold})
        assert {prediction.is_digit for prediction in recognizer.predict(pictures)} == {name == "low"}


def test_a_model_without_rejection_refuses_only_what_is_empty(tmp_path):
    recognizer = with_rejection(tmp_path / "checkpoint", None)
    assert recognizer.predict(draw_strokes(LETTERS["W"])).is_digit
    assert not recognizer.predict(np.zeros((50, 50), np.uint8)).is_digit


@pytest.mark.parametrize("entry", [{}, {"weight": [1.0], "bias": 0.0, "threshold": 0.0}, [], {"weight": "x"}])
def test_a_damaged_rejection_is_told(tmp_path, entry):
    with pytest.raises(MnistModelError, match="has a damaged 'rejection'"):
        with_rejection(tmp_path / "checkpoint", entry)


def test_the_last_output_becomes_the_score():
    torch.manual_seed(0)
    model = timm.create_model("mnist_cnn", in_chans=1, num_classes=11).eval()
    images = torch.randint(0, 256, (40, 28, 28), dtype=torch.uint8)
    with torch.inference_mode():
        outputs = model(to_pixel_values(images))
        weight, bias = split_last_output(model, 10)
        logits, features = model(to_pixel_values(images)), model.forward_features(to_pixel_values(images))
    torch.testing.assert_close(logits, outputs[:, :10])
    rejection = Rejection(tuple(weight.tolist()), bias.item(), 0.0)
    expected = outputs[:, :10].logsumexp(dim=1) + outputs[:, 10]
    np.testing.assert_allclose(rejection.scores(logits.numpy(), features.numpy()), expected, atol=1e-4)
    again = Rejection.from_config({"num_features": 128, "rejection": rejection.as_config()}, "config.json")
    np.testing.assert_allclose(again.scores(logits.numpy(), features.numpy()), expected, atol=1e-3)


def test_the_threshold_costs_the_digits_it_may():
    torch.manual_seed(0)
    model = timm.create_model("mnist_cnn", in_chans=1, num_classes=11).eval()
    last_output = split_last_output(model, 10)
    digits, others = torch.randint(0, 256, (2, 400, 28, 28), dtype=torch.uint8)
    rejection, refused = fit_rejection(model, last_output, digits, others // 8)
    assert abs(refused["digits_refused"] - DIGITS_REFUSED) <= 1 / 400
    assert rejection.threshold == refused["threshold"] and 0 <= refused["others_refused"] <= 1


def test_the_curve():
    curve = rejection_curve(np.arange(100.0), np.arange(-50.0, 50.0), points=3)
    assert [point["threshold"] for point in curve] == pytest.approx([0, 9.9, 19.8])
    assert [point["digits_refused"] for point in curve] == [0, 0.1, 0.2]
    assert [point["others_refused"] for point in curve] == [0.5, 0.6, 0.7]
