"""Handwritten digits, recognised as people really write them.

Names are imported when first used, so that predicting needs neither torch nor timm.
"""

import importlib
import importlib.abc
import importlib.util
import sys
from typing import Any

__version__ = "0.1.0"

_MODULE_OF = {
    "DigitRecognizer": "recognizer",
    "Explanation": "explain",
    "MnistModelError": "errors",
    "Prediction": "recognizer",
    "Reading": "recognizer",
    "canonicalize": "preprocessing",
    "load_checkpoint": "checkpoint",
}

__all__ = [*_MODULE_OF, "__version__"]


def __getattr__(name: str):
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_MODULE_OF[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)


class _RegisterWithTimm(importlib.abc.MetaPathFinder):
    """Registers our models as soon as timm is imported: importing it here would cost predicting its seconds."""

    def find_spec(self, name, path=None, target=None):
        if name != "timm":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec("timm")
        sys.meta_path.insert(0, self)  # it may have been asked for by one who only wants to know whether timm is there
        if spec is not None:
            loader: Any = spec.loader
            load = loader.exec_module

            def load_and_register(module):
                sys.meta_path.remove(self)
                load(module)
                importlib.import_module(f"{__name__}.architectures")

            loader.exec_module = load_and_register
        return spec


if sys.modules.get("timm"):
    importlib.import_module(f"{__name__}.architectures")
else:
    sys.meta_path.insert(0, _RegisterWithTimm())
