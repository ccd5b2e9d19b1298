"""Train a digit classifier, measure it, and leave a checkpoint folder that is ready to publish.

    accelerate launch train.py                                      # the recipe of the bundled checkpoint
    accelerate launch train.py --max-train-samples 2000 --epochs 2  # a quick try
    accelerate launch train.py --resume latest                      # go on after an interruption
    python train.py --eval-only mnist_model/checkpoints/mnist_cnn   # measure a finished checkpoint
    accelerate launch train.py --extra-dataset you/mnist-feedback   # and on what visitors of the app corrected
    accelerate launch train.py --push-to-hub --hub-model-id you/mnist-cnn

Several processes on one CPU:

    ACCELERATE_USE_CPU=true torchrun --nproc_per_node 2 train.py
"""

import argparse
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import torch
from accelerate import Accelerator
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from transformers import HfArgumentParser

from mnist_model.architectures import (
    ARCHITECTURES,
    REJECTION_NETWORK,
    count_macs,
    count_parameters,
    create_network,
)
from mnist_model.checkpoint import fold_temperature, load_checkpoint, round_weights, save_checkpoint
from mnist_model.config import is_digits, public_name, read_config
from mnist_model.data import (
    AugmentConfig,
    Data,
    DataConfig,
    Split,
    augment,
    input_size_of,
    load_data,
    load_test,
    to_pixel_values,
)
from mnist_model.errors import MnistModelError
from mnist_model.evaluation import Report, evaluate_logits, predict_logits
from mnist_model.extra_data import with_extra
from mnist_model.files import check_writable
from mnist_model.hub import check_references, check_repo_id, check_token, push_checkpoint
from mnist_model.metrics import fit_temperature
from mnist_model.plots import save_plots
from mnist_model.recipes import RECIPES
from mnist_model.rejection import Rejection
from mnist_model.rejection_training import HARD_EDGED, RECIPE, fit_rejection, with_nondigits
from mnist_model.run_state import PICTURES
from mnist_model.training import TrainingConfig, fit, make_accelerator, seed_of

EVALUATION_BATCH = 500
MAY_CHANGE = ("threads", "mixed_precision", "report_to")  # from where a run stopped to where it is resumed


class HelpFormatter(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Keeps the lines of the examples, and tells defaults, but for those that say nothing."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return super()._get_help_string(action) if action.default not in (None, "", []) else action.help


@dataclass
class RunConfig:
    """What to do."""

    eval_only: str | None = field(
        default=None, metadata={"help": "checkpoint folder: measure it on the test split and train nothing"}
    )
    push_to_hub: bool = field(default=False, metadata={"help": "publish the checkpoint when it is finished"})
    hub_model_id: str | None = field(default=None, metadata={"help": "where to: owner/name; created if there is none"})
    private: bool = field(default=False, metadata={"help": "create it for its owner's eyes only"})
    revision: str | None = field(default=None, metadata={"help": "branch to push to, created if there is none"})
    tag: str | None = field(default=None, metadata={"help": "tag to set on the pushed commit"})

    def __post_init__(self):
        if self.push_to_hub and self.eval_only:
            raise MnistModelError("--eval-only publishes nothing: use `python -m mnist_model push FOLDER ID`.")
        if self.push_to_hub and not self.hub_model_id:
            raise MnistModelError("--push-to-hub wants --hub-model-id owner/name.")
        if not self.push_to_hub and (self.hub_model_id or self.private or self.revision or self.tag):
            raise MnistModelError("--hub-model-id, --private, --revision and --tag want --push-to-hub.")
        if self.hub_model_id:
            check_repo_id(self.hub_model_id)
        check_references(self.revision, self.tag)


def main(arguments: list[str] | None = None) -> None:
    # transformers declares the classes, and what it makes of them, as types that nothing fits.
    parser = cast(Any, HfArgumentParser)(
        (TrainingConfig, DataConfig, AugmentConfig, RunConfig), description=__doc__, formatter_class=HelpFormatter
    )
    parser.set_defaults(**RECIPES.get(_chosen_model(arguments), {}))
    try:
        training, data_config, augmentation, run = parser.parse_args_into_dataclasses(arguments)
        if training.model not in ARCHITECTURES:
            raise MnistModelError(f"There is no model {training.model!r}; there is: {', '.join(ARCHITECTURES)}.")
        if run.eval_only:
            evaluate_checkpoint(run.eval_only, training, data_config)
        else:
            if run.push_to_hub:
                check_token()  # before the time is spent
            checkpoint = train(training, data_config, augmentation)
            if run.push_to_hub and checkpoint:
                pushed = push_checkpoint(
                    checkpoint, run.hub_model_id, private=run.private, revision=run.revision, tag=run.tag
                )
                print(pushed.summary())
    except MnistModelError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("Interrupted: the same command with --resume latest goes on after the last whole epoch.", file=sys.stderr)
        sys.exit(130)


def _chosen_model(arguments: list[str] | None) -> str:
    chooser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    chooser.add_argument("--model", default=TrainingConfig.model)
    return chooser.parse_known_args(arguments)[0].model


def train(training: TrainingConfig, data_config: DataConfig, augmentation: AugmentConfig) -> Path | None:
    """Data -> fit -> calibration -> report on the test split -> checkpoint folder.

    Gives the folder, in the main process alone.
    """
    started = time.perf_counter()
    check_writable(training.output_dir)  # before the time is spent
    accelerator = make_accelerator(training)
    options = published_options(training, data_config, augmentation)
    by_name = {name: value for part in options.values() for name, value in part.items()}
    if accelerator.log_with:
        given = {name: value for name, value in by_name.items() if value is not None}
        accelerator.init_trackers("mnist_model", config=given)
    with accelerator.main_process_first():
        data = with_extra(load_data(data_config), data_config) if data_config.extra_dataset else load_data(data_config)
    fixed = {name: value for name, value in by_name.items() if name not in MAY_CHANGE}
    fixed[PICTURES] = data.train.fingerprint()
    for name, count in data.extra.items():
        accelerator.print(f"{name}: {count} pictures more to train on")
    accelerator.print(
        f"{data_config.dataset}: {len(data.train)} pictures to train on, {len(data.validation)} to validate, "
        f"{len(data.test)} to test; {accelerator.num_processes} process(es) on {accelerator.device.type}, "
        f"precision {accelerator.mixed_precision}"
    )
    if training.resume == "no" and accelerator.is_main_process:
        shutil.rmtree(rejection_folder(training), ignore_errors=True)
    learning = time.perf_counter()
    model, history = learn(data, training, augmentation, accelerator, fixed)
    fit_seconds = 0 if history else time.perf_counter() - learning
    temperature = calibrate(model, data, accelerator)
    if ARCHITECTURES[training.model].half_precision:
        round_weights(model)
    report = report_on_test(model, data.test, data.label_names, data_config, training.model, accelerator)
    report.temperature, report.history, report.training = temperature, history, options
    report.extra_pictures = data.extra
    rejection, rejection_history, report.rejection = learn_rejection(model, data, training, augmentation, fixed)
    training_seconds = fit_seconds + sum(epoch["seconds"] for epoch in history + rejection_history)
    report.cost = {
        "seconds": max(time.perf_counter() - started, training_seconds),  # a resumed run has spent most of them before
        "training_seconds": training_seconds,
        "device": accelerator.device.type,
        "processes": accelerator.num_processes,
        "threads": torch.get_num_threads(),
        "precision": accelerator.mixed_precision,
        "torch": torch.__version__,
    }
    folder = Path(training.output_dir, "checkpoint")
    if accelerator.is_main_process:
        write_more = partial(write_report, report, data=data)
        save_checkpoint(model, folder, training.model, data.label_names, rejection, write_more)
        print(f"{summary(report)}\nCheckpoint: {folder}")
    accelerator.wait_for_everyone()
    accelerator.end_training()
    return folder if accelerator.is_main_process else None


def published_options(
    training: TrainingConfig, data_config: DataConfig, augmentation: AugmentConfig
) -> dict[str, dict[str, Any]]:
    """Every option that says how, and none that says where: reports are published."""
    options = {"training": asdict(training), "data": asdict(data_config), "augmentation": asdict(augmentation)}
    options["data"]["dataset"] = public_name(data_config.dataset)
    options["data"]["extra_dataset"] = ", ".join(map(public_name, data_config.extra_dataset)) or None
    for name in ("output_dir", "resume"):
        del options["training"][name]
    return options


def learn(
    data: Data, training: TrainingConfig, augmentation: AugmentConfig, accelerator: Accelerator, fixed: dict[str, Any]
) -> tuple[nn.Module, list[dict]]:
    """A trained model, and its history; `fixed` are the options that a resumed run must have been started with."""
    torch.manual_seed(seed_of(training.seed))
    architecture, num_classes = ARCHITECTURES[training.model], len(data.label_names)
    model = create_network(architecture, num_classes, in_chans=1, drop_rate=training.dropout)
    if hasattr(model, "fit_buffers"):
        model.fit_buffers(to_pixel_values(data.train.images, input_size_of(model)), data.train.labels)
    if not any(parameter.requires_grad for parameter in model.parameters()):
        return model.to(accelerator.device).eval(), []
    if not training.epochs:
        raise MnistModelError(f"--epochs must lie between 1 and 10000 for {training.model}, and is 0.")

    def augmented(batch: Split, progress: float) -> torch.Tensor:
        return augment(batch, data.label_names, augmentation.at(progress))

    validate = make_validate(data.validation, model, accelerator)
    return fit(model, data.train, augmented, validate, training, accelerator, fixed)


def make_validate(split: Split, model: nn.Module, accelerator: Accelerator) -> Callable[[nn.Module], dict[str, float]]:
    loader = make_loader(split, model, accelerator)

    def validate(model: nn.Module) -> dict[str, float]:
        logits, labels = predict_logits(model, loader, accelerator)
        loss = nn.functional.cross_entropy(logits, labels).item()
        return {"validation_loss": loss, "validation_accuracy": (logits.argmax(dim=1) == labels).double().mean().item()}

    return validate


def calibrate(model: nn.Module, data: Data, accelerator: Accelerator) -> float:
    """The temperature, fitted on the validation split and folded into the model.

    1 where every answer is right: so few pictures do not tell how sure is too sure.
    """
    logits, labels = predict_logits(model, make_loader(data.validation, model, accelerator), accelerator)
    if (logits.argmax(dim=1) == labels).all():
        return 1.0
    temperature = fit_temperature(logits, labels)
    fold_temperature(model, temperature)
    return temperature


def rejection_folder(training: TrainingConfig) -> Path:
    return Path(training.output_dir, "rejection")


def learn_rejection(
    model: nn.Module, data: Data, training: TrainingConfig, augmentation: AugmentConfig, fixed: dict[str, Any]
) -> tuple[tuple[nn.Module, Rejection] | None, list[dict], dict[str, Any]]:
    """A trained network that tells digits from everything else, and when to refuse; its history; what that refuses.

    None where the labels are not digits: to a model of letters, say, the made-up non-digits may be just what it knows.
    """
    if not training.rejection_epochs or not is_digits(data.label_names):
        return None, [], {}
    training = replace(training, **RECIPE, epochs=training.rejection_epochs, output_dir=str(rejection_folder(training)))
    accelerator = make_accelerator(training)  # of its own: it saves the state of all that it ever prepared
    accelerator.print("Telling digits from everything else:")
    torch.manual_seed(seed_of(training.seed))
    everything_else = len(data.label_names)
    train, validation = (with_nondigits(split, everything_else) for split in (data.train, data.validation))
    network = create_network(REJECTION_NETWORK, in_chans=1, num_classes=everything_else + 1)

    jagged = replace(augmentation, hard_edges=HARD_EDGED)

    def augmented(batch: Split, progress: float = 0.0) -> torch.Tensor:
        return augment(batch, data.label_names, jagged)

    validate = make_validate(validation, network, accelerator)
    network, history = fit(network, train, augmented, validate, training, accelerator, fixed)
    torch.manual_seed(seed_of(training.seed))  # the same after an interruption
    pictures = augmented(validation.to(accelerator.device))
    is_label = validation.labels.to(accelerator.device) < everything_else
    rejection, measured = fit_rejection(model, network, pictures[is_label], pictures[~is_label])
    return (network, rejection), history, measured


def evaluate_checkpoint(folder: str, training: TrainingConfig, data_config: DataConfig) -> None:
    """Measure a finished checkpoint on the test split; nothing is written."""
    config = read_config(folder)
    model = load_checkpoint(folder)
    accelerator = make_accelerator(training)
    label_names = config["label_names"]
    test = load_test(data_config, label_names)
    report = report_on_test(
        model.to(accelerator.device), test, label_names, data_config, config["architecture"], accelerator, channels=3
    )
    accelerator.print(summary(report))
    accelerator.wait_for_everyone()
    accelerator.end_training()


def make_loader(split: Split, model: nn.Module, accelerator: Accelerator, channels: int = 1) -> DataLoader:
    """An accelerate loader of (pixel_values, labels) over a split, in its own order."""
    input_size = input_size_of(model)

    def collate(rows: list) -> tuple[torch.Tensor, torch.Tensor]:
        images, labels = (torch.stack(column) for column in zip(*rows, strict=True))
        return to_pixel_values(images, input_size).expand(-1, channels, -1, -1), labels

    of_each_process = -(-EVALUATION_BATCH // accelerator.num_processes)
    batch_size = of_each_process * accelerator.num_processes  # accelerate cuts none into unequal parts
    return accelerator.prepare(DataLoader(TensorDataset(split.images, split.labels), batch_size, collate_fn=collate))


def report_on_test(
    model: nn.Module,
    test: Split,
    label_names: list[str],
    data_config: DataConfig,
    name: str,
    accelerator: Accelerator,
    channels: int = 1,
) -> Report:
    """One forward pass over the test split."""
    logits, labels = predict_logits(model, make_loader(test, model, accelerator, channels), accelerator)
    about = {"architecture": name, "parameters": count_parameters(model), "macs": count_macs(model, channels)}
    if name in ARCHITECTURES:
        about["description"] = ARCHITECTURES[name].description
    return evaluate_logits(
        logits,
        labels,
        label_names,
        dataset=public_name(data_config.dataset),
        split=data_config.test_split,
        model=about,
    )


def write_report(report: Report, folder: Path, data: Data) -> None:
    report.save(folder / "report.json")
    save_plots(report, folder, data.test.images.numpy())


def summary(report: Report) -> str:
    return (
        f"{report.dataset} {report.split}: accuracy {report.accuracy:.2%} "
        f"({report.errors} mistakes in {report.images}), "
        f"macro F1 {report.macro_f1:.4f}, negative log-likelihood {report.nll:.4f}, "
        f"expected calibration error {report.ece:.4f}"
    )


if __name__ == "__main__":
    main()
