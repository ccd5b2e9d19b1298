"""Handwritten digits, recognised as people really write them.

Names are imported when first used, so that predicting needs neither torch nor timm.
"""

import importlib

__version__ = "0.1.0"

_MODULE_OF = {
    "DigitRecognizer": "recognizer",
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
