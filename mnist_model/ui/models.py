"""The models that a visitor can choose from: loaded when first chosen, and kept."""

import json
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from mnist_model import DigitRecognizer, MnistModelError
from mnist_model.config import bundled_checkpoint, bundled_models, public_name
from mnist_model.rejection import REJECTION_FILE
from mnist_model.ui.language import say


@dataclass(frozen=True)
class ModelFacts:
    """What is known of a model before it is loaded.

    Args:
        name: in the registry, or the id or folder that the app was started with.
        description: one line; empty where the report has none.
        parameters: how many numbers it learned; None where the report does not say.
        accuracy: on the test split, 0 to 1; None where there is no report.
        refuses: whether it has learnt to refuse what is no digit.
    """

    name: str
    description: str = ""
    parameters: int | None = None
    accuracy: float | None = None
    refuses: bool = True


class Models:
    """The default model and those that ship with the package.

    Args:
        default: the model that answers until another is chosen.

    >>> models = Models(DigitRecognizer.from_pretrained())
    >>> models.names[0], models.facts[0].parameters
    ('mnist_cnn', 314906)
    >>> models.get("../../etc")
    Traceback (most recent call last):
    mnist_model.errors.MnistModelError: There is no model '../../etc' here: choose one of the list.
    """

    def __init__(self, default: DigitRecognizer):
        folders = {name: bundled_checkpoint(name) for name in reversed(bundled_models())}
        same = (name for name, folder in folders.items() if folder.resolve() == default.folder.resolve())
        first = next(same, None)
        if not first:
            first = public_name(default.model_id)
            first += " (MODEL_ID)" if first in folders else ""
        self._folders = {first: default.folder} | folders
        self._loaded = {first: default}
        self._locks = {name: Lock() for name in self._folders}
        self.facts: list[ModelFacts] = [_read_facts(name, folder) for name, folder in self._folders.items()]

    @property
    def names(self) -> list[str]:
        """The default first, then the others, the most accurate first."""
        return list(self._folders)

    def get(self, name: object) -> DigitRecognizer:
        """A model by its name, loaded if need be. Any thread may call this.

        Raises:
            MnistModelError: there is no model of this name, or its folder is not whole.
        """
        if not isinstance(name, str) or name not in self._folders:
            raise MnistModelError(say("model.unknown", name=repr(str(name)[:60])))
        with self._locks[name]:
            if name not in self._loaded:
                self._loaded[name] = DigitRecognizer(self._folders[name], name)
            return self._loaded[name]


def _read_facts(name: str, folder: Path) -> ModelFacts:
    """What the report says, which may be of an older run, or of somebody else's making."""
    refuses = (folder / REJECTION_FILE).is_file()
    try:
        report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        model = report.get("model", {})
        description, parameters, accuracy = model.get("description"), model.get("parameters"), report.get("accuracy")
    except (OSError, ValueError, AttributeError):
        return ModelFacts(name, refuses=refuses)
    return ModelFacts(
        name,
        description if isinstance(description, str) else "",
        parameters if isinstance(parameters, int) else None,
        accuracy if isinstance(accuracy, (int, float)) else None,
        refuses,
    )
