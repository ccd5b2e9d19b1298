"""From a `datasets` data set to tensors, and from tensors to what the network sees.

    data = load_data(DataConfig(dataset="ylecun/mnist"))
    images = augment(data.train[torch.arange(128)], data.label_names, AugmentConfig())
    pixel_values = to_pixel_values(images, input_size_of(model))   # (128, 1, 56, 56)

A data set is decoded once, into uint8; whole batches are augmented as tensors, on whatever device they are.
"""

from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from datasets import ClassLabel, DatasetDict, Image, Value, load_dataset
from torch import Tensor

from .errors import MnistModelError
from .preprocessing import PIXEL_MEAN, PIXEL_STD, SIDE, canonicalize
from .styles import draw_styles

ANNEAL_FROM = 2 / 3  # of the epochs
LIMITS = ("rotation", "scale", "shear", "shift", "elastic", "thickness", "blur")

DECODED_AT_ONCE = 1000  # pictures
COARSEST = 18  # pixels along a side of the coarsest canvas of hard edges
FULL_PIXEL = (0.25, 0.6)  # a pixel of it is full from so much ink on


@dataclass
class DataConfig:
    """Which pictures to learn from."""

    dataset: str = field(
        default="ylecun/mnist", metadata={"help": "data set: an id on the Hub, or a local folder that `datasets` reads"}
    )
    dataset_config: str | None = field(
        default=None, metadata={"help": "configuration of the data set, if it has several"}
    )
    extra_dataset: list[str] = field(
        default_factory=list,
        metadata={"help": "more data sets to train on, ids or folders: corrections of the app's visitors, say"},
    )
    image_column: str | None = field(default=None, metadata={"help": "column of pictures: the only one, if not given"})
    label_column: str | None = field(
        default=None,
        metadata={
            "help": "column of labels: the only one of classes, or 'label' of texts or whole numbers, if not given"
        },
    )
    train_split: str = field(default="train", metadata={"help": "split to train on"})
    test_split: str = field(default="test", metadata={"help": "split to report on; looked at once, after training"})
    validation_fraction: float = field(
        default=0.05, metadata={"help": "stratified part of the training split held out, the same for every seed"}
    )
    max_train_samples: int | None = field(
        default=None, metadata={"help": "train on so many pictures only: a quick try"}
    )

    def __post_init__(self):
        if not 0 < self.validation_fraction < 1:
            raise MnistModelError(f"--validation-fraction must lie between 0 and 1, not {self.validation_fraction}.")
        if self.max_train_samples is not None and self.max_train_samples < 1:
            raise MnistModelError(f"--max-train-samples must be at least 1, not {self.max_train_samples}.")


@dataclass(frozen=True)
class Split:
    """Pictures and their labels.

    Args:
        images: uint8, shape (N, 28, 28), ink bright on black ground.
        labels: int64, shape (N,), indices into the data set's label names.
    """

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, indices: Tensor) -> "Split":
        return Split(self.images[indices], self.labels[indices])

    def fingerprint(self) -> str:
        """A hash of all pictures and labels, in their order."""
        return sha256(self.images.numpy().tobytes() + self.labels.numpy().tobytes()).hexdigest()

    def to(self, device: torch.device | str) -> "Split":
        return Split(self.images.to(device), self.labels.to(device))


@dataclass(frozen=True)
class Data:
    train: Split
    validation: Split
    test: Split
    label_names: list[str]
    extra: dict[str, int] = field(default_factory=dict)  # how many of those to train on come from other data sets


def load_data(config: DataConfig) -> Data:
    """Load, decode and split a data set.

    Label names and columns come from its features; where labels are texts or whole numbers, as in a metadata.csv, those
    of the training split are the names. Pictures of 28x28 grey pixels are taken as they are; any other goes through
    `canonicalize`, as it will when the model is used.

    Raises:
        MnistModelError: the data set cannot be had, or lacks a split, a column of pictures or labels, or classes; or
            a picture or its label is missing, or of a class that the training split lacks.
    """
    splits = load_splits(config.dataset, config.dataset_config)
    to_learn_from, to_report_on = (_rows_of(splits, name, config) for name in (config.train_split, config.test_split))
    image_column, label_column = find_columns(to_learn_from, config)
    label_names = _class_names(to_learn_from, label_column)
    if len(label_names) < 2:
        raise MnistModelError(
            f"{config.dataset} has fewer than two classes, {label_names}: what is there to tell apart?"
        )
    whole, test = (
        _decode(rows, image_column, label_column, label_names, "its training split")
        for rows in (to_learn_from, to_report_on)
    )
    train_indices, validation_indices = stratified_split(whole.labels, config.validation_fraction)
    learnt, held_out = (set(whole.labels[part].tolist()) for part in (train_indices, validation_indices))
    if not held_out <= learnt:
        names = ", ".join(label_names[label] for label in sorted(held_out - learnt))
        raise MnistModelError(
            f"The split {config.train_split!r} of {config.dataset} leaves no picture to train on of {names}: "
            "give two pictures of each class at least, or lower --validation-fraction."
        )
    if config.max_train_samples is not None:
        train_indices = train_indices[: config.max_train_samples]
    return Data(whole[train_indices], whole[validation_indices], test, label_names)


def load_test(config: DataConfig, label_names: list[str]) -> Split:
    """The test split alone, its labels by the names that a trained model gives them.

    Raises:
        MnistModelError: as `load_data`; or a label is none of the model's.
    """
    rows = _rows_of(load_splits(config.dataset, config.dataset_config), config.test_split, config)
    return _decode(rows, *find_columns(rows, config), label_names, "the model")


def _rows_of(splits: DatasetDict, name: str, config: DataConfig):
    if name not in splits:
        raise MnistModelError(
            f"{config.dataset} has no split {name!r}; it has: {', '.join(map(str, splits))}. Name the one to learn "
            "from with --train-split, and another, to report on, with --test-split."
        )
    if len(splits[name]) == 0:
        raise MnistModelError(f"The split {name!r} of {config.dataset} is empty.")
    return splits[name]


def load_splits(dataset: str, dataset_config: str | None = None) -> DatasetDict:
    """All splits of a data set.

    Raises:
        MnistModelError: it cannot be had.
    """
    try:
        return load_dataset(dataset, dataset_config)
    except Exception as error:  # every builder and transport raises its own kind
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise MnistModelError(
            f"The data set {dataset!r} cannot be loaded ({reason}): check its name, or give a folder."
        ) from error


def find_columns(rows, config: DataConfig) -> tuple[str, str]:
    """The column of pictures and that of labels: those that are asked for, or else the only ones.

    Raises:
        MnistModelError: there is none, or more than one.
    """
    found = []
    for kind, candidates, wanted in zip(
        ("image", "label"),
        _column_candidates(rows, config.label_column),
        (config.image_column, config.label_column),
        strict=True,
    ):
        if wanted is None and len(candidates) == 1:
            found += candidates
        elif wanted is not None and wanted in candidates:
            found.append(wanted)
        else:
            columns = ", ".join(f"{name} ({_kind_of(feature)})" for name, feature in rows.features.items())
            wish = f"no {kind} column {wanted!r}" if wanted else f"{len(candidates)} {kind} columns"
            raise MnistModelError(
                f"{config.dataset} has {wish}; name one with --{kind}-column. Its columns: {columns}. Labels are "
                "ClassLabel, texts or whole numbers."
            )
    return found[0], found[1]


def _kind_of(feature) -> str:
    return feature.dtype if isinstance(feature, Value) else type(feature).__name__


def _column_candidates(rows, label_column: str | None) -> tuple[list[str], list[str]]:
    """Names of the columns that can be pictures, and of those that can be labels.

    Labels are classes; texts and whole numbers too, in the column that is asked for, or else in one called "label"
    where there are no classes.
    """
    pictures = [name for name, feature in rows.features.items() if isinstance(feature, Image)]
    classes = [name for name, feature in rows.features.items() if isinstance(feature, ClassLabel)]
    plain = label_column or ("" if classes else "label")
    is_plain = _kind_of(rows.features.get(plain)).startswith(("string", "large_string", "int", "uint"))
    return pictures, [*classes, plain] if is_plain else classes


def label_texts(rows, column: str) -> list[str]:
    """The label of each row by its name; "" where there is none."""
    labels, feature = rows[column][:], rows.features[column]
    if isinstance(feature, ClassLabel):
        return ["" if label is None or label < 0 else feature.names[label] for label in labels]
    return ["" if label is None or label == -1 else str(label) for label in labels]


def _class_names(rows, column: str) -> list[str]:
    feature = rows.features[column]
    if isinstance(feature, ClassLabel):
        return feature.names
    names = set(label_texts(rows, column)) - {""}
    return sorted(names, key=str if feature.dtype.endswith("string") else int)


def decode_images(dataset, image_column: str) -> np.ndarray:
    """Pictures as the network knows them: uint8, shape (N, 28, 28).

    Raises:
        MnistModelError: one is missing or damaged.
    """
    images = np.empty((len(dataset), SIDE, SIDE), dtype=np.uint8)
    for start in range(0, len(dataset), DECODED_AT_ONCE):
        rows = f"rows {start} to {min(start + DECODED_AT_ONCE, len(dataset)) - 1}"
        try:
            pictures = dataset[start : start + DECODED_AT_ONCE][image_column]
        except (OSError, SyntaxError, ValueError) as error:  # Pillow's, of a file that is none or ends too soon
            raise MnistModelError(f"A picture of the data set, in {rows}, is damaged: {error}.") from error
        if any(picture is None for picture in pictures):
            raise MnistModelError(f"A picture of the data set is missing, in {rows}: leave out such rows.")
        for offset, image in enumerate(pictures):
            as_is = image.mode == "L" and image.size == (SIDE, SIDE)
            images[start + offset] = np.asarray(image) if as_is else canonicalize(image)
    return images


def _decode(rows, image_column: str, label_column: str, label_names: list[str], whose: str) -> Split:
    images = decode_images(rows, image_column)
    texts, index = label_texts(rows, label_column), {name: place for place, name in enumerate(label_names)}
    if "" in texts:
        raise MnistModelError("The data set has pictures without a label: choose a labelled split.")
    unknown = sorted(set(texts) - set(index))
    if unknown:
        raise MnistModelError(f"The data set has labels that {whose} lacks: {', '.join(unknown[:10])}.")
    return Split(torch.from_numpy(images), torch.tensor([index[text] for text in texts], dtype=torch.int64))


def stratified_split(labels: Tensor, fraction: float) -> tuple[Tensor, Tensor]:
    """Shuffled indices of the training part and of the held-out part, `fraction` of each class.

    The split depends on the labels alone, never on the training seed: all runs are compared on the same pictures.
    """
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    held_out = torch.zeros(len(labels), dtype=torch.bool)
    for label in labels.unique():
        of_class = order[labels[order] == label]
        held_out[of_class[: max(1, round(len(of_class) * fraction))]] = True
    return order[~held_out[order]], order[held_out[order]]


def epoch_batches(count: int, batch_size: int, seed: int) -> list[Tensor]:
    """A permutation of `range(count)`, cut into batches of `batch_size` or one less.

    Every index occurs once, and no batch is left over that is too small to normalise over.
    """
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    return list(order.tensor_split(max(1, -(-count // batch_size))))


def to_pixel_values(images: Tensor, input_size: int = 2 * SIDE) -> Tensor:
    """What the network sees of canonical pictures.

    Enlarges exactly as PIL's bilinear filter does (rounded after each axis), so that a published image processor, the
    recognizer and the training loop give the network the same numbers.

    Args:
        images: shape (B, 28, 28), values 0 to 255, uint8 or float.
        input_size: S, height and width of the network's input.
    Returns:
        float32, shape (B, 1, S, S), standardised.
    """
    x = images[:, None].float()
    if input_size != SIDE:
        for size in ((SIDE, input_size), (input_size, input_size)):
            x = F.interpolate(x, size=size, mode="bilinear", align_corners=False).add(0.5).floor()
    return (x / 255 - PIXEL_MEAN) / PIXEL_STD


def input_size_of(model: torch.nn.Module) -> int:
    """Height and width of a timm model's square input, in pixels."""
    pretrained_cfg: Any = model.pretrained_cfg
    return int(pretrained_cfg["input_size"][-1])


@dataclass
class AugmentConfig:
    """How far a picture may be bent in training. Never mirrored: a mirrored digit is another sign or none."""

    rotation: float = field(default=10.0, metadata={"help": "limit of the rotation, in degrees"})
    scale: float = field(default=0.1, metadata={"help": "limit of the change of width and of height, as a fraction"})
    shear: float = field(default=0.15, metadata={"help": "limit of the slant: horizontal shift per unit of height"})
    shift: float = field(default=1.5, metadata={"help": "limit of the shift, in pixels of 28"})
    elastic: float = field(
        default=0.5, metadata={"help": "standard deviation of the elastic displacement, in pixels of 28"}
    )
    thickness: float = field(default=0.3, metadata={"help": "limit of thickening and thinning, in pixels on each side"})
    styles: float = field(
        default=0.35,
        metadata={"help": "share of 0, 1, 4, 7 and 9 drawn in a style that MNIST lacks"},
    )
    blur: float = field(default=0.4, metadata={"help": "limit of blurring and of sharpening, 0 to 1"})
    hard_edges: float = field(
        default=0.0, metadata={"help": "share drawn again without antialiasing, on a canvas of few pixels"}
    )
    anneal: float = field(
        default=0.0,
        metadata={"help": "part of these limits that is taken away in the last third of the epochs, 0 to 1"},
    )

    def __post_init__(self):
        for name, value in vars(self).items():
            option = "--" + name.replace("_", "-")
            most = 1 if name in ("styles", "blur", "hard_edges", "anneal") else 1000
            if not 0 <= value <= most:
                raise MnistModelError(f"{option} must lie between 0 and {most}, and is {value}.")

    def at(self, progress: float) -> "AugmentConfig":
        """The limits when so much of the training is over, 0 to 1: in the last third without what `anneal` takes.

        The last epochs see pictures that are more like real ones (Ge et al., 2021, end without strong augmentation).
        The shares, of styles and of hard edges, stay: real writers have these, and MNIST does not.
        """
        if progress < ANNEAL_FROM:
            return self
        return replace(self, anneal=0.0, **{name: getattr(self, name) * (1 - self.anneal) for name in LIMITS})


def augment(batch: Split, label_names: list[str], config: AugmentConfig) -> Tensor:
    """Draw the digits again, each a little differently.

    Some are given a style that MNIST lacks (`styles.draw_styles`). Strokes are thickened or thinned, then rotated,
    scaled, slanted, shifted and bent by a smooth random displacement (Simard et al., 2003), in one resampling; then
    blurred or sharpened; and some are drawn again with hard edges (`with_hard_edges`).

    Args:
        batch: pictures and labels, B of them.
        label_names: what the labels mean.
    Returns:
        float32, shape (B, 28, 28), values 0 to 255. Random numbers come from torch's global generator.
    """
    if not any(vars(config).values()):
        return batch.images.float()
    x = draw_styles(batch.images, batch.labels, label_names, config.styles)[:, None]
    x = _change_thickness(x, config.thickness)
    grid = _affine_grid(x, config) + _elastic_displacement(x, config.elastic)
    x = F.grid_sample(x, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    return with_hard_edges(_change_sharpness(x, config.blur)[:, 0], config.hard_edges)


def with_hard_edges(images: Tensor, share: float) -> Tensor:
    """Draw some pictures again on a coarse canvas whose pixels are full or empty, as those of small canvases are.

    Args:
        images: float32, shape (N, 28, 28), values 0 to 255.
        share: of them, drawn again: 0 to 1. All of these have the same canvas of 18 to 28 pixels.
    Returns:
        float32, shape (N, 28, 28), values 0 to 255. Random numbers come from torch's global generator.
    """
    if not share:
        return images
    chosen = torch.randperm(len(images))[: round(share * len(images))].to(images.device)
    side = int(torch.randint(COARSEST, images.shape[-1] + 1, ()))
    low, high = FULL_PIXEL
    coarse = F.interpolate(images[chosen, None], size=(side, side), mode="area")
    full = coarse.amax(dim=(2, 3), keepdim=True) * (low + (high - low) * torch.rand(len(chosen), 1, 1, 1).to(coarse))
    hard = torch.where(coarse > full, 255.0, 0.0)
    result = images.clone()
    result[chosen] = F.interpolate(hard, size=images.shape[1:], mode="bilinear", align_corners=False)[:, 0]
    return result


def _uniform(x: Tensor, limit: float) -> Tensor:
    return (torch.rand(len(x), device=x.device) * 2 - 1) * limit


def _change_thickness(x: Tensor, limit: float) -> Tensor:
    amount = _uniform(x, limit)[:, None, None, None]
    thicker = F.max_pool2d(x, 3, 1, 1)
    thinner = -F.max_pool2d(-x, 3, 1, 1)
    return x + amount.clamp(min=0) * (thicker - x) + (-amount).clamp(min=0) * (thinner - x)


def _affine_grid(x: Tensor, config: AugmentConfig) -> Tensor:
    angle = torch.deg2rad(_uniform(x, config.rotation))
    width, height = _uniform(x, config.scale).exp(), _uniform(x, config.scale).exp()
    shear = _uniform(x, config.shear)
    cos, sin = angle.cos(), angle.sin()
    unit = 2 / SIDE  # grid_sample measures from -1 to 1
    theta = torch.stack(
        [
            torch.stack([cos * width, (shear * cos - sin) * height, _uniform(x, config.shift * unit)], dim=1),
            torch.stack([sin * width, (shear * sin + cos) * height, _uniform(x, config.shift * unit)], dim=1),
        ],
        dim=1,
    )
    return F.affine_grid(theta, list(x.shape), align_corners=False)


def _elastic_displacement(x: Tensor, deviation: float) -> Tensor:
    knots = torch.randn(len(x), 2, 6, 6, device=x.device) * (deviation * 2 / SIDE)
    return F.interpolate(knots, size=(SIDE, SIDE), mode="bicubic", align_corners=True).permute(0, 2, 3, 1)


def _change_sharpness(x: Tensor, limit: float) -> Tensor:
    amount = _uniform(x, limit)[:, None, None, None]
    blurred = F.avg_pool2d(x, 3, 1, 1)
    return (x + torch.where(amount > 0, amount, 2 * amount) * (blurred - x)).clamp(0, 255)
