"""The training loop, on accelerate: one process or many, CPU or GPU.

    accelerator = make_accelerator(config)
    model, history = fit(model, data.train, augment, validate, config, accelerator)

What is random in an epoch follows from (seed, epoch, process) alone, and the state is saved after each. So a run that
was killed starts its last epoch again and ends with the same weights as one that was not.
"""

import ctypes
import math
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from accelerate import Accelerator, DataLoaderConfiguration
from accelerate.utils import ProjectConfiguration
from timm.optim import create_optimizer_v2, list_optimizers, muon
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler, OneCycleLR, ReduceLROnPlateau
from torch.optim.swa_utils import AveragedModel, update_bn
from tqdm import tqdm
from transformers import get_scheduler

from .architectures import ARCHITECTURES
from .data import Split, epoch_batches, input_size_of, to_pixel_values
from .errors import MnistModelError
from .run_state import Progress, load_state, save_state

AUGMENTED_AT_ONCE = 1024  # pictures, of several batches: on a CPU that takes two thirds of the time
NEWTON_SCHULZ = muon.zeropower_via_newtonschulz


@dataclass
class TrainingConfig:
    """How to learn. A model's recipe (`recipes.RECIPES`) prevails over the defaults."""

    model: str = field(default="mnist_cnn", metadata={"help": f"one of {', '.join(ARCHITECTURES)}"})
    output_dir: str = field(
        default="",
        metadata={"help": "folder of the run, runs/MODEL if not given: checkpoint/ to publish, states/ to resume from"},
    )
    epochs: int = field(
        default=20, metadata={"help": "passes over the training pictures; 0 where nothing is learnt by gradient"}
    )
    batch_size: int = field(
        default=128, metadata={"help": "pictures per optimizer step, over all processes and accumulation steps"}
    )
    gradient_accumulation_steps: int = field(default=1, metadata={"help": "parts a batch is cut into, to save memory"})
    optimizer: str = field(
        default="nmuon", metadata={"help": "any optimizer of timm: nmuon (Muon, Nesterov momentum), adamw, sgd, ..."}
    )
    learning_rate: float = field(default=3e-3, metadata={"help": "its highest value over the schedule"})
    schedule: Literal["onecycle", "cosine", "constant", "plateau"] = field(
        default="onecycle",
        metadata={
            "help": "course of the learning rate; cosine and constant begin with a warm-up; plateau divides it by 5 "
            "where the validation loss has not fallen for two epochs"
        },
    )
    warmup_fraction: float = field(default=0.2, metadata={"help": "part of the steps in which the learning rate rises"})
    weight_decay: float = field(default=0.05, metadata={"help": "on weights, not on biases and norms"})
    label_smoothing: float = field(
        default=0.0, metadata={"help": "probability taken from the truth and spread over all"}
    )
    rejection_epochs: int = field(
        default=2,
        metadata={"help": "passes in which a small network learns to tell digits from other things; 0: none does"},
    )
    dropout: float = field(default=0.0, metadata={"help": "before the classifier"})
    ema_decay: float = field(
        default=0.998,
        metadata={"help": "per step, of the moving average of the weights that is kept; 0 keeps the weights"},
    )
    keep: Literal["last", "best"] = field(
        default="last", metadata={"help": "epoch whose weights are kept: the last, or the best on the validation split"}
    )
    early_stopping_patience: int = field(
        default=0, metadata={"help": "stop after so many epochs without a better validation accuracy; 0 never stops"}
    )
    seed: int = field(default=0, metadata={"help": "of the weights, the order and the augmentation"})
    mixed_precision: Literal["auto", "no", "bf16", "fp16"] = field(
        default="auto", metadata={"help": "auto: bf16 where the hardware computes in it, else no"}
    )
    threads: int = field(default=0, metadata={"help": "CPU threads of each process; 0 shares out all cores"})
    resume: Literal["no", "latest"] = field(default="no", metadata={"help": "latest: go on where output_dir stopped"})
    report_to: str = field(
        default="none",
        metadata={"help": "none, or a tracker that accelerate supports: tensorboard, trackio, wandb, ..."},
    )

    def __post_init__(self):
        self.output_dir = self.output_dir or f"runs/{self.model}"
        for name, low, high in (
            ("epochs", 0, 10_000),
            ("batch_size", 1, 1_000_000),
            ("gradient_accumulation_steps", 1, self.batch_size),
            ("warmup_fraction", 0, 1),
            ("weight_decay", 0, math.inf),
            ("label_smoothing", 0, 1),
            ("rejection_epochs", 0, 10_000),
            ("dropout", 0, 0.99),
            ("ema_decay", 0, 0.999999),
            ("early_stopping_patience", 0, math.inf),
            ("seed", 0, 2**32 - 1),
            ("threads", 0, 1024),
        ):
            if not low <= getattr(self, name) <= high:
                option = "--" + name.replace("_", "-")
                raise MnistModelError(f"{option} must lie between {low} and {high}, and is {getattr(self, name)}.")
        if not 0 < self.learning_rate < math.inf:
            raise MnistModelError(f"--learning-rate must be positive, and is {self.learning_rate}.")
        if self.optimizer not in list_optimizers():
            raise MnistModelError(f"timm has no optimizer {self.optimizer!r}; try adamw, sgd, lamb, lion or muon.")


def make_accelerator(config: TrainingConfig) -> Accelerator:
    """An `Accelerator` for this run. Batches are shared out among processes: more of them change the speed alone."""
    # The launchers allow one thread to a process unless told otherwise, and leave the other cores idle.
    torch.set_num_threads(config.threads or _cores_for_each_process())
    _keep_freed_memory()
    mixed_precision = config.mixed_precision
    if mixed_precision == "auto":
        mixed_precision = "bf16" if _computes_in_bf16() else "no"
    try:
        accelerator = Accelerator(
            mixed_precision=mixed_precision,
            gradient_accumulation_steps=config.gradient_accumulation_steps,
            dataloader_config=DataLoaderConfiguration(split_batches=True),
            log_with=None if config.report_to == "none" else config.report_to,
            project_config=ProjectConfiguration(project_dir=config.output_dir, logging_dir=config.output_dir),
        )
    except (ValueError, ImportError) as error:
        raise MnistModelError(f"accelerate cannot run so: {str(error).splitlines()[0]}") from error
    if config.report_to not in ("none", "all") and not accelerator.log_with:
        raise MnistModelError(f"--report-to {config.report_to} wants a package: pip install {config.report_to}.")
    return accelerator


def _cores_for_each_process() -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // int(os.environ.get("LOCAL_WORLD_SIZE", 1)))


def _computes_in_bf16() -> bool:
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def _keep_freed_memory() -> None:
    """Let glibc keep freed activations: to take them from the kernel anew in each step is slow on a CPU."""
    if sys.platform == "linux" and hasattr(ctypes.CDLL(None), "mallopt"):
        trim_threshold, mmap_threshold = -1, -3
        ctypes.CDLL(None).mallopt(mmap_threshold, 1 << 30)
        ctypes.CDLL(None).mallopt(trim_threshold, (1 << 31) - 1)


def fit(
    model: nn.Module,
    train: Split,
    augment: Callable[[Split, float], Tensor],
    validate: Callable[[nn.Module], dict[str, float]],
    config: TrainingConfig,
    accelerator: Accelerator,
    options: dict[str, Any] | None = None,
) -> tuple[nn.Module, list[dict]]:
    """Train a model.

    Args:
        model: takes (B, 1, H, W) and gives logits of shape (B, classes).
        train: the pictures to learn from.
        augment: called with a batch or several at once, and with the part of the epochs that is over, 0 to 1; gives
            float32 pictures of shape (B, 28, 28), values 0 to 255.
        validate: called after each epoch, in every process, with a float32 model; gives `validation_loss` and
            `validation_accuracy`.
        options: by name, what the result depends on, the data set and all: a run is resumed with the same alone.
    Returns:
        The trained model (the moving average of the weights where there is one), in float32 and eval mode; and one dict
        per epoch: epoch, learning_rate, train_loss, train_accuracy, validation_loss, validation_accuracy, seconds.
    Raises:
        MnistModelError: a batch leaves a process without pictures, the loss is no longer a number, the state cannot be
            saved, or that to resume does not fit.
    """
    model = model.to(memory_format=torch.channels_last)
    averaged = AveragedModel(
        model, accelerator.device, multi_avg_fn=_moving_average(config.ema_decay), use_buffers=True
    )
    optimizer = _make_optimizer(model, config)
    batches = epoch_batches(len(train), config.batch_size, seed=0)
    steps_per_epoch, smallest = len(batches), min(map(len, batches))
    if smallest < config.gradient_accumulation_steps * accelerator.num_processes:
        raise MnistModelError(
            f"Batches of {smallest} pictures are too small for {config.gradient_accumulation_steps} accumulation steps "
            f"on {accelerator.num_processes} process(es): raise --batch-size, or give more pictures."
        )
    scheduler = _make_scheduler(optimizer, config, config.epochs * steps_per_epoch)
    model, optimizer, scheduler = accelerator.prepare(model, optimizer, scheduler)
    progress = Progress(options or {})
    accelerator.register_for_checkpointing(averaged, progress)
    states = Path(config.output_dir) / "states"
    if config.resume == "latest":
        load_state(accelerator, states)
    elif accelerator.is_main_process:
        shutil.rmtree(states, ignore_errors=True)
    accelerator.wait_for_everyone()

    train = train.to(accelerator.device)
    while not progress.is_over(config.epochs, config.early_stopping_patience):
        started = time.perf_counter()
        number = len(progress.history) + 1
        results = _train_epoch(number, model, averaged, optimizer, scheduler, train, augment, config, accelerator)
        _average_buffers(averaged.module, accelerator)
        results |= validate(averaged.module.eval())
        if config.schedule == "plateau":
            scheduler.step(results["validation_loss"])
        results["seconds"] = time.perf_counter() - started
        progress.record({"epoch": number, **results}, averaged.module)
        save_state(accelerator, states, number)
        _announce(progress.history[-1], config, accelerator)
    if config.keep == "best" and progress.best_weights:
        averaged.module.load_state_dict(progress.best_weights)
    torch.manual_seed(seed_of(config.seed, len(progress.history) + 1, accelerator.process_index))
    _settle_statistics(averaged.module, train, augment, accelerator)
    return averaged.module.eval(), progress.history


def _moving_average(decay: float) -> Callable:
    """Exponential, and in the first steps shorter than `decay` asks: the weights of the start are soon forgotten."""

    def update(averages: list[Tensor], currents: list[Tensor], steps: Tensor) -> None:
        count = int(steps)
        weight = 1 - min(decay, (1 + count) / (10 + count))
        for average, current in zip(averages, currents, strict=True):
            if average.is_floating_point():
                average.lerp_(current, weight)
            else:
                average.copy_(current)

    return update


def _make_optimizer(model: nn.Module, config: TrainingConfig) -> torch.optim.Optimizer:
    # timm's Muon orthogonalizes in bf16 and has no option for it. A CPU that emulates bf16 is ten times slower at that.
    newton_schulz: Any = NEWTON_SCHULZ if _computes_in_bf16() else partial(NEWTON_SCHULZ, dtype=torch.float32)
    muon.zeropower_via_newtonschulz = newton_schulz
    # torch's fused step takes a quarter of the time, and only its own optimizers have it.
    fused: dict[str, Any] = {"fused": True} if config.optimizer in ("adam", "adamw") else {}
    return create_optimizer_v2(
        model, opt=config.optimizer, lr=config.learning_rate, weight_decay=config.weight_decay, **fused
    )


def _make_scheduler(optimizer: torch.optim.Optimizer, config: TrainingConfig, steps: int) -> LRScheduler:
    warmup = round(config.warmup_fraction * steps)
    if config.schedule == "onecycle":
        # A cycled momentum would leave the optimizers that have no betas behind.
        # Both ways take a part of a step at least, be there only one: torch divides by their lengths.
        pct_start = min(max(warmup, 1), max(steps - 1, 0.75)) / steps
        return OneCycleLR(
            optimizer, config.learning_rate, total_steps=steps + 1, pct_start=pct_start, cycle_momentum=False
        )
    if config.schedule == "plateau":
        return ReduceLROnPlateau(optimizer, factor=0.2, patience=2)
    name = "cosine" if config.schedule == "cosine" else "constant_with_warmup"
    return get_scheduler(name, optimizer, num_warmup_steps=warmup, num_training_steps=steps)


def seed_of(*parts: int) -> int:
    """A seed for (seed, epoch, process), far from that of any neighbour."""
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0] >> 1)


def process_batches(count: int, config: TrainingConfig, epoch: int, process: int, processes: int) -> list[list[Tensor]]:
    """The indices that one process works on in one epoch: a list of steps, each a list of accumulation steps.

    Over all processes every picture comes once.
    """
    batches = epoch_batches(count, config.batch_size, seed_of(config.seed, epoch))
    parts = config.gradient_accumulation_steps
    return [[part[process::processes] for part in batch.tensor_split(parts)] for batch in batches]


def _train_epoch(
    number, model, averaged, optimizer, scheduler, train, augment, config, accelerator
) -> dict[str, float]:
    model.train()
    steps = process_batches(len(train), config, number, accelerator.process_index, accelerator.num_processes)
    torch.manual_seed(seed_of(config.seed, number, accelerator.process_index))
    totals = torch.zeros(3, device=accelerator.device)  # loss, right, seen; Apple's GPUs have no float64
    learning_rate = scheduler.get_last_lr()[0]
    quiet = not (accelerator.is_main_process and sys.stderr.isatty())
    progress = (number - 1) / config.epochs
    batches = _augmented(train, [part for parts in steps for part in parts], augment, progress)
    with tqdm(total=len(train), desc=f"epoch {number}/{config.epochs}", unit=" img", disable=quiet, leave=False) as bar:
        for step, parts in enumerate(steps):
            for _ in parts:
                with accelerator.accumulate(model):
                    totals += _train_step(model, optimizer, scheduler, *next(batches), config, accelerator)
            averaged.update_parameters(accelerator.unwrap_model(model))
            if step % 20 == 19 or step == len(steps) - 1:
                if not totals[0].isfinite():
                    raise MnistModelError(
                        f"The loss is not a number any more in epoch {number}: lower --learning-rate."
                    )
                if not quiet:
                    loss, right, seen = totals.tolist()
                    bar.set_postfix(loss=f"{loss / seen:.4f}", accuracy=f"{right / seen:.4f}")
                    bar.update(round(seen * accelerator.num_processes) - bar.n)
    loss, right, seen = accelerator.reduce(totals, "sum").tolist()
    return {"learning_rate": learning_rate, "train_loss": loss / seen, "train_accuracy": right / seen}


def _augmented(train: Split, batches: list[Tensor], augment, progress: float) -> Iterator[tuple[Tensor, Tensor]]:
    """Pictures, augmented, and labels of each batch of indices."""
    at_once = max(1, AUGMENTED_AT_ONCE // max(1, len(batches[0])))
    for start in range(0, len(batches), at_once):
        group = batches[start : start + at_once]
        pictures, sizes = train[torch.cat(group)], [len(batch) for batch in group]
        yield from zip(augment(pictures, progress).split(sizes), pictures.labels.split(sizes), strict=True)


def _train_step(model, optimizer, scheduler, images: Tensor, labels: Tensor, config, accelerator) -> Tensor:
    pixel_values = to_pixel_values(images, input_size_of(accelerator.unwrap_model(model)))
    logits = model(pixel_values.contiguous(memory_format=torch.channels_last)).float()
    loss = F.cross_entropy(logits, labels, label_smoothing=config.label_smoothing)
    accelerator.backward(loss)
    optimizer.step()
    if config.schedule != "plateau":
        scheduler.step()
    optimizer.zero_grad()
    right = (logits.detach().argmax(dim=1) == labels).sum()
    return torch.stack([loss.detach() * len(labels), right, torch.full_like(right, len(labels))]).float()


def _average_buffers(model: nn.Module, accelerator: Accelerator) -> None:
    """Give every process the same running statistics: the mean over what each has seen."""
    if accelerator.num_processes > 1:
        for buffer in model.buffers():
            if buffer.is_floating_point():
                buffer.copy_(accelerator.reduce(buffer, "mean"))


def _settle_statistics(model: nn.Module, train: Split, augment, accelerator: Accelerator) -> None:
    """Take the running statistics anew, over pictures as they are and as they are augmented.

    Those that training leaves are of weights that have been averaged since (Izmailov et al., 2018, take them anew for
    that).
    """
    mine = torch.arange(accelerator.process_index, len(train), accelerator.num_processes)[:10_000]
    batches = [train[part] for part in mine.split(500)]
    pictures = (images for batch in batches for images in (batch.images, augment(batch, 1.0)))
    update_bn((to_pixel_values(images, input_size_of(model)) for images in pictures), model)
    _average_buffers(model, accelerator)


def _announce(epoch: dict, config: TrainingConfig, accelerator: Accelerator) -> None:
    if accelerator.trackers:
        accelerator.log({name: value for name, value in epoch.items() if name != "epoch"}, step=epoch["epoch"])
    accelerator.print(
        f"epoch {epoch['epoch']:>3}/{config.epochs}"
        f"  train loss {epoch['train_loss']:.4f}  accuracy {epoch['train_accuracy']:.4f}"
        f"  validation loss {epoch['validation_loss']:.4f}  accuracy {epoch['validation_accuracy']:.4f}"
        f"  {epoch['seconds']:.1f} s",
        flush=True,
    )
