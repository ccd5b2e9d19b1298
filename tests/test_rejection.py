"""What is no digit: how it is told, and how the threshold is chosen."""

import json
import shutil

import numpy as np
import pytest
import torch
from strokes import DIGITS, draw_digit, draw_strokes

from mnist_model import DigitRecognizer, MnistModelError
from mnist_model.architectures import REJECTION_NETWORK, create_network
from mnist_model.config import bundled_checkpoint
from mnist_model.data import Split
from mnist_model.rejection import REJECTION_FILE, Rejection, free_energy, rejection_curve
from mnist_model.rejection_training import DIGITS_REFUSED, fit_rejection, with_nondigits

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


def test_letters_are_refused(recognizer):
    predictions = recognizer.predict([draw_strokes(strokes) for strokes in LETTERS.values()])
    assert sum(prediction.is_digit for prediction in predictions) <= 1


def test_what_scores_below_the_threshold_is_refused(tmp_path):
    pictures = [draw_digit(7), *(draw_strokes(strokes) for strokes in LETTERS.values())]
    for name, threshold in (("low", -1000.0), ("high", 1000.0)):
        recognizer = with_rejection(tmp_path / name, {"energy_cap": 9.0, "threshold": threshold})
        assert {prediction.is_digit for prediction in recognizer.predict(pictures)} == {name == "low"}


def test_a_model_without_rejection_refuses_only_what_is_empty(tmp_path):
    recognizer = with_rejection(tmp_path / "checkpoint", None)
    assert recognizer.predict(draw_strokes(LETTERS["W"])).is_digit
    assert not recognizer.predict(np.zeros((50, 50), np.uint8)).is_digit


@pytest.mark.parametrize("entry", [{}, {"energy_cap": 9.0, "threshold": "x"}, {"threshold": 1.0}, []])
def test_a_damaged_rejection_is_told(tmp_path, entry):
    with pytest.raises(MnistModelError, match="has a damaged 'rejection'"):
        with_rejection(tmp_path / "checkpoint", entry)


def test_a_missing_network_is_told(tmp_path):
    shutil.copytree(bundled_checkpoint(), tmp_path / "checkpoint")
    (tmp_path / "checkpoint" / REJECTION_FILE).unlink()
    with pytest.raises(MnistModelError, match="no rejection.onnx, .* leaves out: copy it"):
        DigitRecognizer(tmp_path / "checkpoint")
    (tmp_path / "checkpoint" / REJECTION_FILE).write_bytes(b"half")
    with pytest.raises(MnistModelError, match="rejection.onnx is missing or damaged"):
        DigitRecognizer(tmp_path / "checkpoint")


def test_the_score_is_the_capped_energy_and_the_log_odds_of_the_labels():
    logits, more = np.random.default_rng(0).normal(0, 20, (2, 50, 11)).astype(np.float32)
    probabilities = np.exp(more - more.max(axis=1, keepdims=True).astype(np.float64))
    expected = np.log(probabilities[:, :10].sum(axis=1) / probabilities[:, 10])
    expected += np.minimum(np.log(np.exp(logits[:, :10].astype(np.float64)).sum(axis=1)), 25.0)
    rejection = Rejection(energy_cap=25.0, threshold=0.0)
    np.testing.assert_allclose(rejection.scores(logits[:, :10], more), expected, rtol=1e-4, atol=1e-3)
    assert np.isfinite(free_energy(logits * 1e4)).all()


def test_as_many_non_digits_as_digits():
    digits = Split(torch.randint(0, 256, (7, 28, 28), dtype=torch.uint8), torch.arange(7))
    both = with_nondigits(digits, label=10)
    assert both.labels.tolist() == [*range(7), *[10] * 7] and both.images.dtype == torch.uint8
    assert torch.equal(both.images[:7], digits.images) and both.images[7:].flatten(1).any(dim=1).all()


def test_the_threshold_costs_the_digits_it_may():
    torch.manual_seed(0)
    model, network = (create_network(REJECTION_NETWORK, in_chans=1, num_classes=count).eval() for count in (10, 11))
    digits, others = torch.randint(0, 256, (2, 400, 28, 28), dtype=torch.uint8)
    rejection, refused = fit_rejection(model, network, digits, others // 8)
    assert rejection.threshold == refused["threshold"]
    assert abs(refused["digits_refused"] - DIGITS_REFUSED) < 1.5 / 400
    assert 0 <= refused["others_refused"] <= 1


def test_the_curve():
    curve = rejection_curve(np.arange(100.0), np.arange(-50.0, 50.0), points=3)
    assert [point["threshold"] for point in curve] == pytest.approx([0, 9.9, 19.8])
    assert [point["digits_refused"] for point in curve] == [0, 0.1, 0.2]
    assert [point["others_refused"] for point in curve] == [0.5, 0.6, 0.7]
