"""Every registered model: the same command trains it, and what that leaves loads and answers everywhere."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import timm
import torch
from strokes import draw_digit
from timm.models import build_model_with_cfg, register_model

import train
from mnist_model import DigitRecognizer, canonicalize, load_checkpoint
from mnist_model.architectures import ARCHITECTURES, Architecture, count_parameters
from mnist_model.baselines import Perceptron
from mnist_model.data import AugmentConfig, to_pixel_values
from mnist_model.evaluation import Report
from mnist_model.recipes import RECIPES
from mnist_model.training import TrainingConfig

pytestmark = pytest.mark.usefixtures("fresh_accelerate")


def trained(dataset, output, *options) -> Path:
    train.main(
        ["--dataset", str(dataset), "--output-dir", str(output), "--batch-size", "32", "--threads", "1", *options]
    )
    return output / "checkpoint"


def check_loaders(folder: Path, architecture: Architecture) -> None:
    images = np.stack([canonicalize(draw_digit(digit, side=140, pen=9)) for digit in range(10)])
    pixel_values = to_pixel_values(torch.from_numpy(images), architecture.input_size).expand(-1, 3, -1, -1)
    session = onnxruntime.InferenceSession(folder / "model.onnx")
    logits = session.run(["logits"], {"pixel_values": pixel_values.numpy()})[0]
    with torch.inference_mode():
        for model in (load_checkpoint(folder), timm.create_model(f"local-dir:{folder}", pretrained=True).eval()):
            np.testing.assert_allclose(model(pixel_values).numpy(), logits, atol=1e-4, rtol=1e-4)
    predictions = DigitRecognizer.from_pretrained(folder).predict_canonical(list(images))
    softmax = torch.from_numpy(logits).softmax(dim=1).numpy()
    np.testing.assert_allclose([list(one.probabilities.values()) for one in predictions], softmax, atol=1e-4)


def test_a_recipe_for_each_model():
    assert RECIPES.keys() == ARCHITECTURES.keys()
    options = vars(TrainingConfig()).keys() | vars(AugmentConfig()).keys()
    for recipe in RECIPES.values():
        assert recipe.keys() <= options


@pytest.mark.parametrize("name", [name for name in ARCHITECTURES if name != "mnist_cnn"])
def test_the_same_command_trains_it(name, tiny_dataset, tmp_path):
    """mnist_cnn, whose run takes longer, is trained in test_training.py."""
    folder = trained(tiny_dataset, tmp_path, "--model", name, "--epochs", "1")
    report = Report.load(folder / "report.json")
    assert report.model["architecture"] == name and report.model["macs"] > 0
    assert report.training["training"]["optimizer"] == RECIPES[name].get("optimizer", TrainingConfig.optimizer)
    assert report.training["augmentation"]["styles"] == RECIPES[name].get("styles", AugmentConfig.styles)
    assert len(report.history) == (0 if name == "mnist_knn" else 1)
    check_loaders(folder, ARCHITECTURES[name])


def test_an_option_prevails_over_the_recipe(tiny_dataset, tmp_path):
    folder = trained(tiny_dataset, tmp_path, "--model", "mnist_mlp", "--optimizer=sgd", "--epochs", "2")
    options = Report.load(folder / "report.json").training
    assert options["training"]["optimizer"] == "sgd" and options["training"]["epochs"] == 2
    assert options["augmentation"]["rotation"] == 0


def test_help_shows_the_recipe_of_the_model(capsys):
    with pytest.raises(SystemExit):
        train.main(["--model", "mnist_mlp", "--help"])
    assert "(default: rmsprop)" in capsys.readouterr().out


def test_a_new_model_is_a_function_an_architecture_and_a_recipe(tiny_dataset, tmp_path, monkeypatch):
    @register_model
    def mnist_of_a_test(pretrained=False, **kwargs):
        return build_model_with_cfg(Perceptron, "mnist_of_a_test", pretrained, **{"hidden": (16, 8), **kwargs})

    monkeypatch.setitem(ARCHITECTURES, "mnist_of_a_test", Architecture("a small perceptron", "mnist_of_a_test"))
    monkeypatch.setitem(RECIPES, "mnist_of_a_test", {"optimizer": "adam", "epochs": 3, "rejection_epochs": 0})

    folder = trained(tiny_dataset, tmp_path, "--model", "mnist_of_a_test")
    report = Report.load(folder / "report.json")
    assert len(report.history) == 3
    assert report.model["parameters"] == count_parameters(load_checkpoint(folder)) == 784 * 16 + 16 + 16 * 8 + 8 + 90
    check_loaders(folder, ARCHITECTURES["mnist_of_a_test"])


@pytest.mark.parametrize(("name", "limit"), [("mnist_cnn_nano", 10_000), ("mnist_cnn_small", 100_000)])
def test_sizes(name, limit):
    assert count_parameters(timm.create_model(name)) <= limit
