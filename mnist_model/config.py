"""Checkpoint folders, found and described without torch."""

import json
from pathlib import Path
from typing import Any

from .errors import MnistModelError

BUNDLED_CHECKPOINTS = Path(__file__).parent / "checkpoints"
CODE_FILES = ("preprocessing.py", "image_processing_mnist.py")  # published beside the weights
REQUIRED = {"architecture": str, "num_classes": int, "label_names": list, "model_args": dict, "pretrained_cfg": dict}


def bundled_checkpoint(name: str = "mnist_cnn") -> Path:
    """Folder of the trained weights that ship with the package."""
    return BUNDLED_CHECKPOINTS / name


def bundled_models() -> list[str]:
    """Names of the models whose trained weights ship with the package, by test accuracy, the lowest first."""
    reports = BUNDLED_CHECKPOINTS.glob("*/report.json")
    accuracy = {path.parent.name: json.loads(path.read_text(encoding="utf-8"))["accuracy"] for path in reports}
    return sorted(accuracy, key=lambda name: (accuracy[name], name))


def public_name(model_or_dataset: str) -> str:
    """An id on the Hub as it is, of a local path the last part: its place is nobody's business, and no use elsewhere.

    >>> public_name("ylecun/mnist"), public_name(str(BUNDLED_CHECKPOINTS / "mnist_knn"))
    ('ylecun/mnist', 'mnist_knn')
    """
    path = Path(model_or_dataset)
    return path.resolve().name if path.exists() else model_or_dataset


def is_digits(label_names: list[str]) -> bool:
    """Whether the labels are the ten digits, and not letters, say."""
    return label_names == [str(digit) for digit in range(10)]


def read_config(folder: str | Path) -> dict[str, Any]:
    """The `config.json` of a checkpoint folder.

    Raises:
        MnistModelError: the folder or the file is missing, or the file is damaged or of another kind of model.
    """
    path = Path(folder, "config.json")
    if not path.parent.is_dir():
        raise MnistModelError(f"There is no checkpoint folder {folder}.")
    if not path.is_file():
        raise MnistModelError(f"{folder} has no config.json: it is no checkpoint folder.")
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MnistModelError(f"{path} is damaged or cut short: fetch or train the checkpoint again.") from error
    for key, kind in REQUIRED.items():
        if not isinstance(config, dict) or not isinstance(config.get(key), kind):
            raise MnistModelError(f"{path} lacks {key!r}: it is not the config.json of a timm image classifier.")
    if len(config["label_names"]) != config["num_classes"]:
        raise MnistModelError(f"{path} names {len(config['label_names'])} labels for {config['num_classes']} classes.")
    if len({name for name in config["label_names"] if isinstance(name, str)}) != config["num_classes"]:
        raise MnistModelError(f"{path} must name labels by different strings.")
    return config
