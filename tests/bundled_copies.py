"""Folders like `mnist_model/checkpoints`, with copies of the bundled model, and a script that starts the app on one."""

import json
import shutil
from pathlib import Path

from serving import ROOT

from mnist_model.config import bundled_checkpoint

SOURCE = bundled_checkpoint()
DIGITS = [str(digit) for digit in range(10)]
START = """
import runpy
from pathlib import Path
import mnist_model.config
mnist_model.config.BUNDLED_CHECKPOINTS = Path({folder!r})
runpy.run_path({app!r}, run_name="__main__")
"""


def copy_model(folder: Path, name: str, accuracy: float, off_by: int = 0, refuses: bool = False, **about) -> None:
    """The bundled model under another name.

    Args:
        off_by: what it adds to every digit that it reads, so that it dissents from the others.
        refuses: whether it keeps its network that refuses what is no digit.
        about: what the report says of the model: parameters, description.
    """
    copy = folder / name
    copy.mkdir(parents=True)
    config = json.loads((SOURCE / "config.json").read_text())
    config["label_names"] = DIGITS[off_by:] + DIGITS[:off_by]
    shutil.copy(SOURCE / "model.onnx", copy)
    if refuses:
        shutil.copy(SOURCE / "rejection.onnx", copy)
    else:
        del config["rejection"]
    (copy / "config.json").write_text(json.dumps(config))
    report = json.loads((SOURCE / "report.json").read_text())
    report |= {"accuracy": accuracy, "model": {"architecture": name, **about}}
    (copy / "report.json").write_text(json.dumps(report))


def write_start(path: Path, folder: Path) -> Path:
    """A script that starts the app with the models of `folder`, for `serving.serve`."""
    path.write_text(START.format(folder=str(folder), app=str(ROOT / "app.py")))
    return path
