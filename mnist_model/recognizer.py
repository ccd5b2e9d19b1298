"""The one way that the app, the tests and users predict.

    recognizer = DigitRecognizer.from_pretrained()          # the bundled model; or a Hub id, or a folder
    recognizer.predict("seven.jpg").label                   # "7"

It runs on onnxruntime and imports no torch.
"""

import json
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, NamedTuple, overload

import numpy as np
import onnxruntime
from PIL import Image, UnidentifiedImageError

from .closeup import find_writing
from .config import bundled_checkpoint, read_config
from .errors import MnistModelError
from .explain import Explanation, explain_ink
from .files import write_whole
from .lattice import cost_of_doubt, find_digits, legible
from .preprocessing import as_picture, canonicalize, find_one_digit, fit_to_box
from .refusal import Refusal, why_refused
from .rejection import REJECTION_FILE, Rejection
from .segmentation import ink_box

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
MAX_FILE_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 80_000_000  # beyond, PIL warns of a decompression bomb
MIN_SHARE = 0.5  # of all the ink in a picture: what holds less is not the one digit in it
DOES_NOT_FIT = "what the network answers does not fit config.json: fetch or train the checkpoint again."
SCORED_AT_ONCE = 64  # pictures that may be digits, to bound the memory


@dataclass(frozen=True)
class Prediction:
    """What one picture was read as.

    Args:
        label: name of the most probable class.
        confidence: its probability, 0 to 1.
        probabilities: of all classes, by name, in the order of the model's labels; they sum to 1.
        is_digit: False where there is no ink, where what there is looks like none of the labels, and where it is less
            than half of what is in the picture. `label` is then what the model would guess if it had to.
        canonical: what the model saw: uint8, shape (28, 28), ink bright on black.
    """

    label: str
    confidence: float
    probabilities: dict[str, float]
    is_digit: bool
    canonical: np.ndarray = field(repr=False, compare=False)

    def top(self, k: int = 3) -> list[tuple[str, float]]:
        """The `k` most probable classes with their probabilities, best first."""
        return sorted(self.probabilities.items(), key=lambda item: -item[1])[:k]


class Box(NamedTuple):
    """In pixels of the picture, from its upper left corner."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class ReadDigit:
    """A digit in a picture, or what might have been one.

    Args:
        word: number of the word that it stands in, from 0: between two words is a wide gap, or the end of a line.
    """

    box: Box
    prediction: Prediction
    word: int = 0


@dataclass(frozen=True)
class Reading:
    """What a picture of several digits was read as.

    Args:
        text: the digits as one text.
        digits: each with its place.
        rejected: what else was found, and taken for no digit.
        refusal: why nothing was read; None where something was.
    """

    text: str
    digits: list[ReadDigit]
    rejected: list[ReadDigit] = field(default_factory=list)
    refusal: Refusal | None = None


class DigitRecognizer:
    """A trained model, with everything between a picture and its answer.

    Args:
        folder: a checkpoint folder.
        model_id, revision: where the folder came from, for display.
    Raises:
        MnistModelError: the folder is not a whole checkpoint, or its files do not fit one another.

    >>> recognizer = DigitRecognizer.from_pretrained()
    >>> recognizer.predict(np.zeros((100, 100))).is_digit
    False
    """

    def __init__(self, folder: str | Path, model_id: str | None = None, revision: str | None = None):
        self.folder = folder = Path(folder)
        self.model_id = model_id or str(folder)
        self.revision = revision
        config = read_config(folder)
        self.label_names: list[str] = config["label_names"]
        cfg = config["pretrained_cfg"]
        try:
            self._mean, self._std = float(cfg["mean"][0]), float(cfg["std"][0])
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise MnistModelError(f"{folder}/config.json does not say what the model's input is.") from error
        self.test_accuracy = _read_test_accuracy(folder)
        self._rejection = Rejection.from_config(config, folder / "config.json")
        if not (folder / "model.onnx").is_file():
            _export(folder, folder / "model.onnx")
        self._session = open_session(folder / "model.onnx")
        if self._rejection:
            if not (folder / REJECTION_FILE).is_file():
                raise MnistModelError(
                    f"{folder} has no {REJECTION_FILE}, which transformers' save_pretrained leaves out: copy it from "
                    "the model that was loaded, or take 'rejection' out of config.json."
                )
            self._rejection_session = open_session(folder / REJECTION_FILE)
        self._try_out()

    @classmethod
    def from_pretrained(cls, model_id: str | Path | None = None, revision: str | None = None) -> "DigitRecognizer":
        """Load a model.

        Args:
            model_id: a folder, the name of a bundled model such as "mnist_knn", or an id on the Hub such as
                "you/mnist-cnn"; None for the bundled mnist_cnn.
            revision: branch, tag or commit on the Hub.
        Raises:
            MnistModelError: the model cannot be had, or is not whole.
        """
        if model_id is None:
            return cls(bundled_checkpoint(), "mnist_cnn (bundled)")
        if Path(model_id).is_dir():
            return cls(model_id)
        is_name = Path(model_id).name == str(model_id)
        if is_name and (bundled_checkpoint(str(model_id)) / "config.json").is_file():
            return cls(bundled_checkpoint(str(model_id)), f"{model_id} (bundled)")
        if isinstance(model_id, Path) or str(model_id).startswith((".", "/", "~")):
            raise MnistModelError(f"There is no checkpoint folder {model_id}.")
        from .hub import download_checkpoint

        folder, commit = download_checkpoint(model_id, revision)
        return cls(folder, model_id, commit)

    @overload
    def predict(self, image: list | tuple) -> list[Prediction]: ...

    @overload
    def predict(self, image: str | os.PathLike | Image.Image | np.ndarray) -> Prediction: ...

    def predict(self, image) -> Prediction | list[Prediction]:
        """Read pictures of one digit each.

        Args:
            image: a path, or what `canonicalize` takes; or a list of these.
        Returns:
            A `Prediction`; a list of them for a list.
        Raises:
            MnistModelError: what is given is no picture, or leads to none that can be opened.
        """
        several = isinstance(image, (list, tuple))
        images = [_opened(one) for one in (image if several else [image])]
        found = [(fit_to_box(ink), share) for ink, share in map(find_one_digit, images)]
        read = self.predict_canonical([canonical for canonical, _ in found])
        predictions = [
            replace(prediction, is_digit=prediction.is_digit and share >= MIN_SHARE)
            for prediction, (_, share) in zip(read, found, strict=True)
        ]
        return predictions if several else predictions[0]

    def read(self, image) -> Reading:
        """Read a picture of several digits: line by line from top to bottom, each from left to right.

        The digits may touch, and may be in several parts. Commas, points, minus signs, rules and boxes are left out,
        and so is what is no digit. A picture of one digit is read as `predict` reads it.

        Args:
            image: a path, or what `canonicalize` takes.
        Returns:
            The digits; their boxes are in pixels of the picture as it is shown, its EXIF rotation undone.
        Raises:
            MnistModelError: what is given is no picture, or leads to none that can be opened.
        """
        image = _opened(image)
        writing = find_writing(image)
        tried: list[tuple[Prediction, float]] = []

        def score(pictures: Sequence[np.ndarray]) -> list[float]:
            costs = []
            for start in range(0, len(pictures), SCORED_AT_ONCE):
                predictions, margins = self._examine(pictures[start : start + SCORED_AT_ONCE])
                costs += map(cost_of_doubt, [one.confidence for one in predictions], margins)
                tried.extend(zip(predictions, margins, strict=True))
            return costs

        found = find_digits(writing.ink, score)
        predictions = [tried[digit.index][0] for digit in found]
        shown = legible(found, [tried[digit.index][1] for digit in found])
        if len(found) == 1:
            whole = self.predict(image)
            if whole.is_digit:  # else it is without a sign beside it, perhaps
                predictions, shown = [whole], [True]
        things = [
            ReadDigit(Box(*writing.in_picture(digit.box)), prediction, digit.word)
            for digit, prediction in zip(found, predictions, strict=True)
        ]
        if not things and writing.ink.any():  # nothing looks like writing: `predict` may see a digit all the same
            prediction = self.predict(image)
            things = [ReadDigit(Box(*writing.in_picture(ink_box(writing.ink))), prediction)]
            shown = [prediction.is_digit]
        digits = [thing for thing, kept in zip(things, shown, strict=True) if kept]
        rejected = [thing for thing, kept in zip(things, shown, strict=True) if not kept]
        refusal = None if digits else why_refused(image, [thing.box for thing in things])
        return Reading("".join(digit.prediction.label for digit in digits), digits, rejected, refusal)

    def predict_canonical(self, images: Sequence[np.ndarray]) -> list[Prediction]:
        """Read pictures that are in MNIST's form already: uint8, shape (28, 28), ink bright on black."""
        return self._examine(images)[0]

    def _examine(self, images: Sequence[np.ndarray]) -> tuple[list[Prediction], list[float]]:
        """What each picture is read as, and how far its score lies above that below which a picture is refused."""
        if not len(images):
            return [], []
        size = self._input_size(self._session)
        inputs = self._inputs(images, size)
        logits = self._logits(inputs)
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
        margins = np.array([math.inf if image.any() else -math.inf for image in images])
        if self._rejection:
            rejection_size = self._input_size(self._rejection_session)
            if rejection_size != size:
                inputs = self._inputs(images, rejection_size)
            rejection_logits = np.asarray(self._rejection_session.run(["logits"], inputs)[0])
            margins = np.minimum(margins, self._rejection.scores(logits, rejection_logits) - self._rejection.threshold)
        rows = zip(probabilities.tolist(), (margins >= 0).tolist(), images, strict=True)
        return [self._prediction(*row) for row in rows], margins.tolist()

    def _try_out(self) -> None:
        """Read one picture: a model that cannot fails when it is loaded, and not when it is asked."""
        try:
            predictions, margins = self._examine([np.full((28, 28), 128, np.uint8)])
            sound = math.isclose(sum(predictions[0].probabilities.values()), 1, abs_tol=1e-3)
            sound = sound and not math.isnan(margins[0])
        except Exception as error:  # of onnxruntime or numpy, whatever does not fit
            raise MnistModelError(f"{self.folder}: {DOES_NOT_FIT}") from error
        if not sound:
            raise MnistModelError(f"{self.folder}: {DOES_NOT_FIT}")

    def explain(self, image) -> Explanation | None:
        """Which ink decides what a picture of one digit is read as, and what parts it from the runner-up.

        Args:
            image: a path, or what `canonicalize` takes.
        Returns:
            An `Explanation` of what `predict` reads; None where there is no ink.
        Raises:
            MnistModelError: what is given is no picture, or leads to none that can be opened.

        >>> page = np.full((200, 200), 255, np.uint8)
        >>> page[30:170, 95:105] = 0
        >>> explanation = DigitRecognizer.from_pretrained().explain(page)
        >>> explanation.label, explanation.evidence.shape, explanation.parts[0].place
        ('1', (28, 28), 'top')
        """
        return self.explain_canonical(canonicalize(_opened(image)))

    def explain_canonical(self, canonical: np.ndarray) -> Explanation | None:
        """As `explain`, of a picture that is in MNIST's form already: the `canonical` of a `Prediction`."""
        size = self._input_size(self._session)
        return explain_ink(canonical, lambda images: self._logits(self._inputs(images, size)), self.label_names)

    def _logits(self, inputs: dict[str, np.ndarray]) -> np.ndarray:
        return np.asarray(self._session.run(["logits"], inputs)[0])

    @staticmethod
    def _input_size(session: onnxruntime.InferenceSession) -> tuple[int, int]:
        height, width = session.get_inputs()[0].shape[-2:]
        return width, height

    def _inputs(self, images: Sequence[np.ndarray], size: tuple[int, int]) -> dict[str, np.ndarray]:
        """What the network is given of pictures in MNIST's form; `size` is (width, height), in pixels."""
        enlarged = [np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR)) for image in images]
        standardised = (np.stack(enlarged)[:, None].astype(np.float32) / 255 - self._mean) / self._std
        return {"pixel_values": np.repeat(standardised.astype(np.float32), 3, axis=1)}

    def _prediction(self, probabilities: list[float], is_digit: bool, canonical: np.ndarray) -> Prediction:
        by_label = dict(zip(self.label_names, probabilities, strict=True))
        label = max(by_label, key=by_label.__getitem__)
        return Prediction(label, by_label[label], by_label, is_digit, canonical)


def open_image(path: str | os.PathLike) -> Image.Image:
    """Open a picture from a file that may be anything.

    Raises:
        MnistModelError: the file is missing, or as `decode_image`.
    """
    file = Path(path)
    if file.is_dir():
        raise MnistModelError(f"{file.name} is a folder, not a picture.")
    if not file.exists():
        raise MnistModelError(f"There is no file {os.fspath(path)}.")
    if not file.is_file():
        raise MnistModelError(f"{file} is a pipe or a device: save the picture in a file first.")
    return decode_image(file, file.name, file.stat().st_size)


def decode_image(file: Path | BinaryIO, name: str, size: int) -> Image.Image:
    """The picture in a file that may be anything.

    Of an animation the first frame is taken. Nothing is decoded before its size in bytes and in pixels is known.

    Args:
        name: of the file, for the message.
        size: of the file, in bytes.
    Raises:
        MnistModelError: the file is empty, too large, cut short or no picture.
    """
    if size == 0:
        raise MnistModelError(f"{name} is empty.", "file.empty", name=name)
    if size > MAX_FILE_BYTES:
        size, most = round(size / 2**20), MAX_FILE_BYTES >> 20
        message = f"{name} has {size} MB; pictures of up to {most} MB are read."
        raise MnistModelError(message, "file.large", name=name, size=size, most=most)
    try:
        image = Image.open(file, formats=FORMATS)
        if image.width * image.height <= MAX_PIXELS:
            image.load()
            return image
        key, millions = "file.pixels", round(image.width * image.height / 1e6)
    except Image.DecompressionBombError:
        key, millions = "file.vast", 0
    except UnidentifiedImageError as error:
        raise MnistModelError(
            f"{name} is no picture that can be read: use PNG, JPEG, WebP, GIF, BMP or TIFF.", "file.unknown", name=name
        ) from error
    except Exception as error:  # each decoder raises its own kind on a broken file
        raise MnistModelError(f"{name} is damaged or cut short.", "file.damaged", name=name) from error
    most = MAX_PIXELS // 10**6
    pixels = f"{millions} million" if millions else "too many"
    message = f"{name} has {pixels} pixels; pictures of up to {most} million are read."
    raise MnistModelError(message, key, name=name, millions=millions, most=most)


def _opened(image) -> Image.Image:
    if isinstance(image, (str, os.PathLike)):
        return open_image(image)
    if isinstance(image, Image.Image):
        return image
    if image is None or isinstance(image, (bytes, dict)) or hasattr(image, "read"):
        raise MnistModelError("That is no picture: give a path, a PIL image or an array.")
    array = np.asarray(image)
    picture = as_picture(array)
    if picture is None and array.size:
        raise MnistModelError(
            f"An array of shape {array.shape} and type {array.dtype} is no picture: give numbers of shape (H, W), "
            "(H, W, C) or (C, H, W), and several pictures in a list."
        )
    return Image.new("L", (0, 0)) if picture is None else picture


def _read_test_accuracy(folder: Path) -> float | None:
    """Of the report that lies with the weights; None where there is none."""
    try:
        return float(json.loads((folder / "report.json").read_text(encoding="utf-8"))["accuracy"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def open_session(path: Path) -> onnxruntime.InferenceSession:
    """A network on one thread of the CPU.

    Raises:
        MnistModelError: the file is missing or damaged.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = (
        1  # a picture takes a millisecond: several visitors share the cores better than its layers
    )
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has an exception of its own for each fault
        raise MnistModelError(f"{path} is missing or damaged: fetch or train the checkpoint again.") from error


def _export(folder: Path, path: Path) -> None:
    """Write the missing model.onnx from the weights, where torch is installed."""
    try:
        from .checkpoint import export_onnx, load_checkpoint
    except ImportError as error:
        raise MnistModelError(
            f"{folder} has no model.onnx: install torch and timm, which write it from model.safetensors, or fetch it."
        ) from error
    model, side = load_checkpoint(folder), int(read_config(folder)["pretrained_cfg"]["input_size"][-1])
    write_whole(path, lambda temporary: export_onnx(model, temporary, side))
