"""The models, registered with timm.

    import timm, mnist_model
    model = timm.create_model("mnist_cnn", pretrained=True)

mnist_cnn and its smaller sisters are a stock timm architecture with JSON `model_args`, so that their published
checkpoints load with `timm.create_model("hf-hub:...")` and `AutoModelForImageClassification` where this package is not
installed. Those of the others load so after `import mnist_model`.

A new model is an `Architecture` here, a registered function that builds it, and a recipe in `recipes.py`.
"""

from dataclasses import dataclass, field
from typing import Any

import torch
from timm.models import (
    build_model_with_cfg,
    generate_default_cfgs,
    model_entrypoint,
    register_model,
    resolve_pretrained_cfg,
)
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from .baselines import ConvNet, NearestNeighbours, Perceptron
from .config import bundled_checkpoint
from .preprocessing import PIXEL_MEAN, PIXEL_STD

__all__ = ["ARCHITECTURES", "REJECTION_NETWORK", "Architecture", "count_macs", "count_parameters", "create_network"]


@dataclass(frozen=True)
class Architecture:
    """What timm builds, and what it must know of it.

    Args:
        description: one line.
        entrypoint: name under which timm builds it from `model_args`, as written to `config.json`.
        model_args: JSON arguments of its constructor.
        input_size: height and width of the square input, in pixels.
        first_conv: name of the module whose weights depend on the number of channels, as timm's `pretrained_cfg` wants
            it; None where none do.
        half_precision: the weights are rounded to 16 bits when training ends, and kept in as many.
    """

    description: str
    entrypoint: str
    model_args: dict[str, Any] = field(default_factory=dict)
    input_size: int = 28
    first_conv: str | None = None
    half_precision: bool = False

    def pretrained_cfg(self, num_classes: int = 10) -> dict[str, Any]:
        """What timm needs to know of the input and of the head; the same dict goes into `config.json`."""
        return {
            "input_size": [3, self.input_size, self.input_size],
            "interpolation": "bilinear",
            "crop_pct": 1.0,
            "mean": [PIXEL_MEAN] * 3,
            "std": [PIXEL_STD] * 3,
            "num_classes": num_classes,
            "first_conv": self.first_conv,
            "classifier": "fc",
        }


def _resnet(description: str, channels: list[int], dilated: bool = True) -> Architecture:
    """A ResNet whose input is enlarged twice, so that the stem, which halves it, works at MNIST's own 28x28.

    The third stage keeps 7x7 where it is dilated, and else has 4x4, for a third of its multiplications. The fourth is
    empty.
    """
    return Architecture(
        description,
        entrypoint="resnet18",
        model_args={
            "layers": [1, 1, 1, 0],
            "channels": [*channels, channels[-1]],
            "stem_type": "deep",
            "stem_width": channels[0] // 2,  # the stem ends with twice as many
            "avg_down": True,
            "output_stride": 8 if dilated else 32,
        },
        input_size=56,
        first_conv="conv1.0",
    )


ARCHITECTURES = {
    "mnist_linear": Architecture("multinomial logistic regression on standardised pixels", "mnist_linear"),
    "mnist_knn": Architecture("nearest neighbours among 36,000 deskewed pictures", "mnist_knn"),
    "mnist_mlp": Architecture("perceptron with one hidden layer of 512", "mnist_mlp", half_precision=True),
    "mnist_mlp_scaled": Architecture(
        "perceptron with one hidden layer of 128 on standardised pixels", "mnist_mlp_scaled", half_precision=True
    ),
    "mnist_cnn_basic": Architecture(
        "two convolutions with pooling",
        "mnist_cnn_basic",
        first_conv="features.0",
        half_precision=True,
    ),
    "mnist_cnn_dropout": Architecture(
        "four convolutions, dropout, a hidden layer of 128",
        "mnist_cnn_dropout",
        first_conv="features.0",
        half_precision=True,
    ),
    "mnist_cnn_bn": Architecture(
        "three blocks of two convolutions with batch norm, a hidden layer of 256",
        "mnist_cnn_bn",
        first_conv="features.0",
        half_precision=True,
    ),
    "mnist_cnn_nano": _resnet("a ResNet of three stages with at most 10,000 parameters", [8, 12, 18]),
    "mnist_cnn_small": _resnet("a ResNet of three stages with at most 100,000 parameters", [32, 32, 56]),
    "mnist_cnn": _resnet("a ResNet of three stages, the default", [32, 64, 128], dilated=False),
}

# Tells the labels from everything else; no model of its own, and so not registered.
REJECTION_NETWORK = _resnet("labels against everything else", [16, 32, 64])


def create_network(architecture: Architecture, num_classes: int = 10, **kwargs) -> nn.Module:
    """Build the architecture with its arguments; `kwargs` are those of timm's entrypoint, and prevail."""
    kwargs = {
        "pretrained_cfg": architecture.pretrained_cfg(num_classes),
        **architecture.model_args,
        "num_classes": num_classes,
        **kwargs,
    }
    return model_entrypoint(architecture.entrypoint)(**kwargs)


def count_parameters(model: nn.Module) -> int:
    """Numbers that were learnt or fitted: the parameters, a scaler, references; not the statistics of batch norm."""
    fitted = (
        buffer.numel()
        for module in model.modules()
        if not isinstance(module, nn.modules.batchnorm._BatchNorm)
        for buffer in module.buffers(recurse=False)
    )
    return sum(parameter.numel() for parameter in model.parameters()) + sum(fitted)


def count_macs(model: nn.Module, channels: int = 3) -> int:
    """Multiply-accumulates of convolutions and matrix products for one picture."""
    pretrained_cfg: Any = model.pretrained_cfg
    side = pretrained_cfg["input_size"][-1]
    device = next(model.parameters()).device
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(torch.zeros(1, channels, side, side, device=device))
    return counter.get_total_flops() // 2


default_cfgs = generate_default_cfgs(
    {
        f"{name}.mnist": {**architecture.pretrained_cfg(), "file": str(bundled_checkpoint(name) / "model.safetensors")}
        for name, architecture in ARCHITECTURES.items()
    }
)


def _create(name: str, pretrained: bool, pretrained_cfg=None, **kwargs) -> nn.Module:
    """Build a stock architecture with our weights where timm would look for its own."""
    pretrained_cfg = resolve_pretrained_cfg(name, pretrained_cfg)
    return create_network(ARCHITECTURES[name], pretrained=pretrained, pretrained_cfg=pretrained_cfg, **kwargs)


def _build(module: type[nn.Module], name: str, pretrained: bool, given: dict[str, Any], **shape) -> nn.Module:
    """Build a module of our own; what is `given` prevails over its shape."""
    return build_model_with_cfg(module, name, pretrained, **{**shape, **given})


@register_model
def mnist_linear(pretrained: bool = False, **kwargs) -> nn.Module:
    """Multinomial logistic regression; the scaler is part of it."""
    return _build(Perceptron, "mnist_linear", pretrained, kwargs, standardize=True)


@register_model
def mnist_knn(pretrained: bool = False, **kwargs) -> nn.Module:
    """k nearest neighbours in 32 principal components."""
    return _build(NearestNeighbours, "mnist_knn", pretrained, kwargs)


@register_model
def mnist_mlp(pretrained: bool = False, **kwargs) -> nn.Module:
    """784-512-10, ReLU."""
    return _build(Perceptron, "mnist_mlp", pretrained, kwargs, hidden=(512,))


@register_model
def mnist_mlp_scaled(pretrained: bool = False, **kwargs) -> nn.Module:
    """784-128-10, ReLU; the scaler is part of it."""
    return _build(Perceptron, "mnist_mlp_scaled", pretrained, kwargs, hidden=(128,), standardize=True)


@register_model
def mnist_cnn_basic(pretrained: bool = False, **kwargs) -> nn.Module:
    """Convolution, pooling, convolution, pooling, classifier."""
    return _build(ConvNet, "mnist_cnn_basic", pretrained, kwargs, blocks=((32,), (64,)))


@register_model
def mnist_cnn_dropout(pretrained: bool = False, **kwargs) -> nn.Module:
    """Four convolutions in three blocks, a hidden layer of 128, dropout after each."""
    shape = {"blocks": ((16, 32), (32,), (64,)), "dense": 128, "block_dropout": 0.1}
    return _build(ConvNet, "mnist_cnn_dropout", pretrained, kwargs, **shape)


@register_model
def mnist_cnn_bn(pretrained: bool = False, **kwargs) -> nn.Module:
    """Three blocks of two convolutions with batch norm, the mean over the last map, a hidden layer of 256."""
    shape = {
        "blocks": ((32, 32), (64, 64), (128, 128)),
        "dense": 256,
        "batch_norm": True,
        "block_dropout": 0.1,
        "average": True,
    }
    return _build(ConvNet, "mnist_cnn_bn", pretrained, kwargs, **shape)


@register_model
def mnist_cnn_nano(pretrained: bool = False, **kwargs) -> nn.Module:
    """A ResNet of three stages on 56x56 pixels with at most 10,000 parameters."""
    return _create("mnist_cnn_nano", pretrained, **kwargs)


@register_model
def mnist_cnn_small(pretrained: bool = False, **kwargs) -> nn.Module:
    """A ResNet of three stages on 56x56 pixels with at most 100,000 parameters."""
    return _create("mnist_cnn_small", pretrained, **kwargs)


@register_model
def mnist_cnn(pretrained: bool = False, **kwargs) -> nn.Module:
    """A ResNet of three stages on 56x56 pixels: 315k parameters, logits of shape (B, num_classes)."""
    return _create("mnist_cnn", pretrained, **kwargs)
