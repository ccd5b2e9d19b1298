"""The timm contract of our models."""

import pytest
import timm
import torch

import mnist_model  # noqa: F401  registers the models
from mnist_model.architectures import ARCHITECTURES


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_timm_contract(name):
    model = timm.create_model(name).eval()
    side = ARCHITECTURES[name].input_size
    pixel_values = torch.randn(2, 3, side, side)
    features = model.forward_features(pixel_values)
    assert features.ndim == 4 and len(features) == 2
    torch.testing.assert_close(model.forward_head(features), model(pixel_values))
    assert model.forward_head(features, pre_logits=True).shape == (2, model.num_features)
    model.reset_classifier(4)
    assert model(pixel_values).shape == (2, 4) and model.get_classifier().out_features == model.num_classes == 4
    assert timm.create_model(name, in_chans=1, num_classes=47)(pixel_values[:, :1]).shape == (2, 47)
    without = timm.create_model(name, num_classes=0)
    assert without(pixel_values).shape == (2, without.num_features)
    assert list(model.pretrained_cfg["input_size"]) == [3, side, side]


def test_size():
    tensors = timm.create_model("mnist_cnn").state_dict().values()
    assert sum(tensor.numel() for tensor in tensors) <= 500_000


def test_pretrained_gives_the_bundled_weights():
    model = timm.create_model("mnist_cnn", pretrained=True).eval()
    bundled = mnist_model.load_checkpoint("mnist_model/checkpoints/mnist_cnn")
    grey = torch.randn(3, 1, 56, 56)
    expected = bundled(grey.expand(-1, 3, -1, -1))
    torch.testing.assert_close(model(grey.expand(-1, 3, -1, -1)), expected)
    one_channel = timm.create_model("mnist_cnn.mnist", pretrained=True, in_chans=1).eval()
    torch.testing.assert_close(one_channel(grey), expected, atol=1e-4, rtol=1e-4)
    fine_tuned = timm.create_model("mnist_cnn", pretrained=True, num_classes=3).eval()
    torch.testing.assert_close(
        fine_tuned.forward_features(grey.expand(-1, 3, -1, -1)), bundled.forward_features(grey.expand(-1, 3, -1, -1))
    )


def test_registered_in_any_order_of_import(run_python):
    orders = [
        "import timm, mnist_model",
        "import mnist_model, timm",
        "import mnist_model, timm.models",
        "import mnist_model, importlib.util; importlib.util.find_spec('timm')",
    ]
    code = f"""import os, torch, torchvision  # what takes long to import, and is no part of the question
for order in {orders}:
    if os.fork() == 0:
        exec(order + "; import timm; assert timm.is_model('mnist_cnn')")
        os._exit(0)
    assert os.wait()[1] == 0, order"""
    run_python("-c", code)


def test_importing_the_package_imports_neither_torch_nor_timm(run_python):
    run_python("-c", "import sys, mnist_model; assert not {'torch', 'timm', 'gradio'} & set(sys.modules)")
