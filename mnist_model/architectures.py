"""The models, registered with timm.

    import timm, mnist_model
    model = timm.create_model("mnist_cnn", pretrained=True)

Each is a stock timm architecture with JSON `model_args`, so that a published checkpoint loads with
`timm.create_model("hf-hub:...")` and `AutoModelForImageClassification` where this package is not installed.
"""

from dataclasses import dataclass, replace
from typing import Any

from timm.models import generate_default_cfgs, model_entrypoint, register_model, resolve_pretrained_cfg
from torch import nn

from .config import bundled_checkpoint
from .preprocessing import PIXEL_MEAN, PIXEL_STD

__all__ = ["ARCHITECTURES", "REJECTION_NETWORK", "Architecture", "create_network"]


@dataclass(frozen=True)
class Architecture:
    """A stock timm architecture and what makes it ours.

    Args:
        stock: name of the timm architecture, as written to `config.json`.
        model_args: JSON arguments of its constructor.
        num_features: channels of the last feature map.
        input_size: height and width of the square input, in pixels.
        first_conv, classifier: module names, as timm's `pretrained_cfg` wants them.
    """

    stock: str
    model_args: dict[str, Any]
    num_features: int
    input_size: int
    first_conv: str
    classifier: str

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
            "classifier": self.classifier,
        }


# The input is enlarged twice, so that the stem, whose first convolution halves it, works at MNIST's own 28x28. The
# third stage keeps 7x7 by dilation, fine enough for a heat map over the features to show a stroke. The fourth is empty.
ARCHITECTURES = {
    "mnist_cnn": Architecture(
        stock="resnet18",
        model_args={
            "layers": [1, 1, 1, 0],
            "channels": [32, 64, 128, 128],
            "stem_type": "deep",
            "stem_width": 16,
            "avg_down": True,
            "output_stride": 8,
        },
        num_features=128,
        input_size=56,
        first_conv="conv1.0",
        classifier="fc",
    ),
}

# Tells the labels from everything else; no model of its own, and so not registered.
REJECTION_NETWORK = replace(
    ARCHITECTURES["mnist_cnn"],
    model_args={**ARCHITECTURES["mnist_cnn"].model_args, "channels": [16, 32, 64, 64], "stem_width": 8},
    num_features=64,
)


def create_network(architecture: Architecture, **kwargs) -> nn.Module:
    """Build the stock architecture with its arguments; `kwargs` are those of timm's entrypoint, and prevail."""
    return model_entrypoint(architecture.stock)(**{**architecture.model_args, **kwargs})


default_cfgs = generate_default_cfgs(
    {
        f"{name}.mnist": {**architecture.pretrained_cfg(), "file": str(bundled_checkpoint(name) / "model.safetensors")}
        for name, architecture in ARCHITECTURES.items()
    }
)


def _create(name: str, pretrained: bool, pretrained_cfg=None, **kwargs) -> nn.Module:
    """Build a model with our weights where timm would look for its own."""
    pretrained_cfg = resolve_pretrained_cfg(name, pretrained_cfg)
    return create_network(ARCHITECTURES[name], pretrained=pretrained, pretrained_cfg=pretrained_cfg, **kwargs)


@register_model
def mnist_cnn(pretrained: bool = False, **kwargs) -> nn.Module:
    """A ResNet of three stages on 56x56 pixels: 315k parameters, logits of shape (B, num_classes)."""
    return _create("mnist_cnn", pretrained, **kwargs)
