"""A comparison on disk: comparison.json, comparison.md and plots in a folder, and its tables in a README."""

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from .comparison_plots import save_comparison_plots
from .comparison_table import comparison_table
from .errors import MnistModelError
from .files import check_writable, write_whole

BEGIN, END = "<!-- comparison -->", "<!-- /comparison -->"


def save_comparison(comparison: dict[str, Any], folder: str | Path) -> list[Path]:
    """Write comparison.json, comparison.md and the plots; none before all are made, and comparison.json last.

    Raises:
        MnistModelError: the folder can't be written.
    """
    check_writable(folder)
    try:
        with tempfile.TemporaryDirectory(prefix=".", dir=folder) as made:
            plots = save_comparison_plots(comparison, made)
            table, figures = Path(made, "comparison.md"), Path(made, "comparison.json")
            table.write_text(comparison_table(comparison) + "\n", encoding="utf-8")
            text = json.dumps(comparison, indent=1, ensure_ascii=False, allow_nan=False)
            figures.write_text(text + "\n", encoding="utf-8")
            return [path.replace(Path(folder, path.name)) for path in (*plots, table, figures)]
    except OSError as error:
        raise MnistModelError(f"Could not write to {folder}: {error.strerror or error}.") from error


def load_comparison(path: str | os.PathLike) -> dict[str, Any]:
    """Read what `save_comparison` wrote.

    Raises:
        MnistModelError: the file is missing, or is no comparison.
    """
    try:
        comparison = json.loads(Path(path).read_text(encoding="utf-8"))
        comparison_table(comparison)
        side = len(comparison["label_names"])
        if not all(np.shape(model["confusion_matrix"]) == (side, side) for model in comparison["models"]):
            raise ValueError("confusion matrices are of another size")
    except OSError as error:
        raise MnistModelError(f"Could not read {path}: {error.strerror or error}.") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise MnistModelError(f"{path} is not a comparison: make it with `python -m mnist_model compare`.") from error
    return comparison


def read_around_table(path: str | os.PathLike) -> tuple[str, str]:
    """What a file holds up to `<!-- comparison -->` and from `<!-- /comparison -->` on, markers included.

    Raises:
        MnistModelError: the file cannot be read, or does not hold each marker once, in this order.
    """
    try:
        with open(path, encoding="utf-8", newline="") as file:  # line ends are left as they are
            text = file.read()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise MnistModelError(f"Could not read {path}: {reason}.") from error
    begin, end = text.find(BEGIN), text.find(END)
    if (text.count(BEGIN), text.count(END)) != (1, 1) or end < begin:
        raise MnistModelError(f"{path} must hold a line {BEGIN} and, below it, a line {END}, each once: add them.")
    return text[: begin + len(BEGIN)], text[end:]


def write_table(path: str | os.PathLike, markdown: str) -> None:
    """Put a table between the markers of a file, in place of what stands there; all of it or, where that fails, none.

    Raises:
        MnistModelError: as `read_around_table`, or the file cannot be written.
    """
    before, after = read_around_table(path)
    path = Path(path).resolve()  # a link stays one
    line_end = "\r\n" if "\r\n" in before else "\n"
    text = line_end.join([before, "", *markdown.splitlines(), "", after])

    def save(temporary: Path) -> None:
        temporary.write_text(text, encoding="utf-8", newline="")
        shutil.copymode(path, temporary)

    write_whole(path, save)
