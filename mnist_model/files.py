"""Files that are written whole or not at all, and folders that take them."""

import json
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .errors import MnistModelError


def check_writable(folder: str | Path) -> None:
    """Make the folder where it is missing.

    Raises:
        MnistModelError: nothing can be written there.
    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".", dir=folder):
            pass
    except OSError as error:
        raise MnistModelError(f"Could not write to {folder}: {error.strerror or error}.") from error


def write_whole(path: str | os.PathLike, save: Callable[[Path], object]) -> None:
    """Let `save(path)` write a file: all of it or, where that fails, nothing; an older one is replaced in one step.

    Args:
        path: the file; its folder is made where it is missing.
        save: called once, with the path of a file beside it whose name has the same ending.
    Raises:
        MnistModelError: the file cannot be written.
    """
    path = Path(path)
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save(temporary)
        os.replace(temporary, path)
    except (OSError, ValueError) as error:  # the latter is Pillow's, for an ending that it does not know
        reason = getattr(error, "strerror", None) or error
        raise MnistModelError(f"Could not write {path}: {reason}.") from error
    finally:
        temporary.unlink(missing_ok=True)


def to_json(content: Mapping[str, Any]) -> str:
    """A strict JSON object, each of its values on a line: a report of a thousand mistakes stays small.

    Raises:
        ValueError: a number is not finite.

    >>> print(to_json({"accuracy": 0.5, "mistakes": [{"index": 3}, {"index": 8}]}), end="")
    {
    "accuracy": 0.5,
    "mistakes": [{"index":3},{"index":8}]
    }
    """
    encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
    return "{\n" + ",\n".join(f"{encode(key)}: {encode(value)}" for key, value in content.items()) + "\n}\n"
