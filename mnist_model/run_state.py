"""The state of a run on disk: saved after each epoch, whole at any moment, so that a killed run can go on."""

import shutil
from pathlib import Path
from typing import Any

from accelerate import Accelerator
from safetensors import SafetensorError
from torch import Tensor, nn

from .errors import MnistModelError

PICTURES = "pictures"  # among the options: a hash of the pictures to train on


class Progress:
    """What has been reached, and with which options: saved with the state of the run."""

    def __init__(self, options: dict[str, Any]):
        self.options = options
        self.history: list[dict] = []
        self.best_weights: dict[str, Tensor] | None = None

    def state_dict(self) -> dict:
        return {"options": self.options, "history": self.history, "best_weights": self.best_weights}

    def load_state_dict(self, state: dict) -> None:
        """Raises `MnistModelError` if the run was started with other options, or on other pictures."""
        if state.get("options", self.options) != self.options:
            saved, given = state["options"], self.options
            changed = [name for name in saved | given if saved.get(name) != given.get(name) and name != PICTURES]
            if not changed:
                raise MnistModelError("The pictures to train on have changed since the run was started")
            started_with, resumed_with = (_in_words(options, changed) for options in (saved, given))
            raise MnistModelError(f"The run was started with {started_with}; not with {resumed_with}")
        self.history, self.best_weights = state["history"], state["best_weights"]

    @property
    def best_epoch(self) -> int:
        """Number of the first epoch with the highest validation accuracy; 0 before any."""
        return max(self.history, key=lambda epoch: epoch["validation_accuracy"], default={"epoch": 0})["epoch"]

    def record(self, epoch: dict, model: nn.Module) -> None:
        self.history.append(epoch)
        if self.best_epoch == epoch["epoch"]:
            self.best_weights = {name: tensor.cpu().clone() for name, tensor in model.state_dict().items()}

    def is_over(self, epochs: int, patience: int) -> bool:
        """Whether so many epochs are done, or `patience` of them (if any) brought nothing better."""
        waited = len(self.history) - self.best_epoch
        return len(self.history) >= epochs or 0 < patience <= waited


def _in_words(options: dict[str, Any], names: list[str]) -> str:
    words = {name: "--" + name.replace("_", "-") for name in names}
    return ", ".join(
        f"no {words[name]}" if options.get(name) is None else f"{words[name]} {options[name]}" for name in names
    )


def save_state(accelerator: Accelerator, states: Path, number: int) -> None:
    """Save beside the last state, and only then remove it: at any moment one of them is whole.

    Raises:
        MnistModelError: the disk is full or the folder cannot be written.
    """
    folder, unfinished = states / f"epoch_{number:05d}", states / "unfinished"
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        shutil.rmtree(unfinished, ignore_errors=True)
    accelerator.wait_for_everyone()
    try:
        accelerator.save_state(str(unfinished))
    except (OSError, RuntimeError, SafetensorError) as error:
        reason = str(error).splitlines()[0]
        raise MnistModelError(
            f"The state of the run cannot be saved in {states} ({reason}): "
            "make room and go on with --resume latest, from the state before."
        ) from error
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        unfinished.rename(folder)
        for old in states.glob("epoch_*"):
            if old != folder:
                shutil.rmtree(old)
    accelerator.wait_for_everyone()


def load_state(accelerator: Accelerator, states: Path) -> None:
    """Take up the last state saved, if there is one.

    Raises:
        MnistModelError: it is damaged, or of a run with other options or on other pictures.
    """
    saved = sorted(states.glob("epoch_*"))
    if not saved:
        accelerator.print(f"Nothing to resume in {states}: starting from the beginning.")
        return
    try:
        accelerator.load_state(str(saved[-1]))
    except Exception as error:
        reason = (
            str(error)
            if isinstance(error, MnistModelError)
            else f"{saved[-1]} is damaged or does not fit these options"
        )
        raise MnistModelError(f"{reason}: give those it was started with, or another --output-dir.") from error
    accelerator.print(f"Resuming after {saved[-1].name}.")
