"""Which ink decided: the maps are what the model answers without each piece, and rank the ink better than chance."""

import sys

import numpy as np
import pytest
from conftest import ROOT
from strokes import DIGITS, draw_digit

from mnist_model import DigitRecognizer, canonicalize
from mnist_model.config import bundled_checkpoint
from mnist_model.explain import PATCH, explain_ink, ink_extent, ink_squares

sys.path.insert(0, str(ROOT / "benchmarks"))

import explanation as benchmark  # noqa: E402


@pytest.fixture(scope="module")
def model():
    return benchmark.Model("mnist_cnn")


@pytest.mark.parametrize("digit", [1, 4, 8])
def test_the_maps_are_what_is_lost_without_each_piece(recognizer, digit):
    page = draw_digit(digit)
    explanation = recognizer.explain(page)
    prediction = recognizer.predict(page)
    assert explanation.label == prediction.label == str(digit)
    assert explanation.runner_up == prediction.top(2)[1][0]
    assert explanation.probabilities == pytest.approx(prediction.probabilities, abs=1e-4)
    inked = prediction.canonical > 0
    covered = np.zeros_like(inked, int)
    for part in explanation.parts:
        x, y, width, height = part.box
        inside = np.s_[max(y, 0) : y + height, max(x, 0) : x + width]
        covered[inside] += 1
        without = prediction.canonical.copy()
        without[inside] = 0
        left = recognizer.predict_canonical([without])[0].probabilities
        assert left == pytest.approx(part.without, abs=1e-4) and sum(part.without.values()) == pytest.approx(1)
        fall = np.log(explanation.probabilities[str(digit)] / part.without[str(digit)])
        assert part.support == pytest.approx(fall, abs=1e-6)
        gain = np.log(part.without[explanation.runner_up] / explanation.probabilities[explanation.runner_up])
        assert part.contrast == pytest.approx(fall + gain, abs=1e-6)
        assert np.allclose(explanation.evidence[inside][inked[inside]], part.support)
        assert np.allclose(explanation.contrast[inside][inked[inside]], part.contrast)
    assert covered.max() == 1 and (covered[inked] == 1).all()
    for values in (explanation.evidence, explanation.contrast):
        assert values.shape == (28, 28) and values.dtype == np.float32 and not values[~inked].any()


def test_without_its_piece_a_digit_is_another(recognizer):
    """As a person would say: a 9 open to the left is a 7, an 8 a 3, a 6 without its lower left a 5."""
    for digit, other, places in ((9, "7", ["left"]), (8, "3", ["left"]), (6, "5", ["left", "bottom-left"])):
        part = max(recognizer.explain(draw_digit(digit)).parts, key=lambda part: part.support)
        assert max(part.without, key=part.without.__getitem__) == other and part.place in places


def test_a_blank_picture_is_explained_by_nothing(recognizer):
    assert recognizer.explain(np.full((200, 200), 255)) is None
    assert recognizer.explain_canonical(np.zeros((28, 28), np.uint8)) is None


@pytest.mark.parametrize("name", ["mnist_linear", "mnist_mlp", "mnist_knn", "mnist_cnn_basic", "mnist_cnn_nano"])
def test_models_of_every_form_are_explained(name):
    explanation = DigitRecognizer(bundled_checkpoint(name)).explain(draw_digit(4))
    assert explanation.label == "4" and explanation.evidence.max() > 0.01
    assert np.isfinite(explanation.evidence).all() and np.isfinite(explanation.contrast).all()


def test_places():
    ink = np.zeros((28, 28), np.uint8)
    ink[4:24, 4:24] = 255

    def logits_of(pictures):
        return np.stack([[0.0, picture.sum()] for picture in pictures])

    explanation = explain_ink(ink, logits_of, ["a", "b"])
    places = [part.place for part in explanation.parts]
    assert len(places) == 16 and (places[0], places[3], places[-1]) == ("top-left", "top-right", "bottom-right")
    assert "middle" in places and explanation.label == "b" and explanation.runner_up == "a"
    ink[:, :12] = ink[:, 15:] = 0
    assert {part.place for part in explain_ink(ink, logits_of, ["a", "b"]).parts} == {"top", "middle", "bottom"}


def test_squares_hold_all_ink_at_the_edge_too():
    for rows, columns in ((slice(0, 20), slice(0, 3)), (slice(25, 28), slice(8, 28)), (slice(13, 14), slice(13, 14))):
        ink = np.zeros((28, 28), np.uint8)
        ink[rows, columns] = 9
        left = ink.copy()
        for x, y, width, height in ink_squares(ink, PATCH):
            assert left[max(y, 0) : y + height, max(x, 0) : x + width].any()
            left[max(y, 0) : y + height, max(x, 0) : x + width] = 0
        assert not left.any()
    assert ink_extent(ink) == (13, 13, 1, 1)


def test_it_ranks_the_ink_better_than_chance_and_than_an_activation_map(model):
    pictures = [canonicalize(draw_digit(digit)) for digit in (0, 2, 4, 5, 9)]
    methods = benchmark.methods_for(model, all_of_them=True)
    scores = {
        name: np.mean(
            [benchmark.deletion_and_insertion(model, picture, methods[name](picture)) for picture in pictures], axis=0
        )
        for name in ("random", "class activation map", f"occlusion, {PATCH} pixels")
    }
    deletion, insertion = scores.pop(f"occlusion, {PATCH} pixels")
    for other in scores.values():
        assert deletion < other[0] - 0.05 and insertion > other[1] + 0.03


def test_an_activation_map_adds_up_to_the_logit(model):
    """So that what the benchmark compares with is the real one: its mean and the bias are the logit of the answer."""
    from safetensors.numpy import load_file

    bias = load_file(bundled_checkpoint() / "model.safetensors")["fc.bias"]
    logits, features = model.run([canonicalize(draw_digit(int(digit))) for digit in DIGITS])
    maps = np.einsum("lc,bchw->blhw", model.classifier, features)
    assert np.allclose(maps.mean(axis=(2, 3)) + bias, logits, atol=1e-4)
