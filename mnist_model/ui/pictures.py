"""The pictures of the test split by their index: from a folder, or from the Hub when they are first asked for.

Environment:
    MNIST_DATASET    folder or Hub id of the data set; unset: ylecun/mnist
"""

import asyncio
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from mnist_model.config import public_name
from mnist_model.errors import MnistModelError
from mnist_model.ui.language import say
from mnist_model.ui.parquet import read_columns
from mnist_model.ui.result import data_url

DATASET = "ylecun/mnist"
SPLIT = "test"
WAIT_SECONDS = 8  # that a visitor waits
RETRY_SECONDS = 60  # after a failure nobody waits, for so long


@dataclass(frozen=True)
class Pictures:
    """A split.

    Args:
        files: of each picture the content of a PNG or another image file.
        labels: of each its class, an index into the label names.
    """

    files: list[bytes]
    labels: list[int]

    def url(self, index: int) -> str:
        """One picture as a data URL, in grey.

        Raises:
            MnistModelError: its file is damaged.
        """
        try:
            return data_url(np.asarray(Image.open(BytesIO(self.files[index])).convert("L")))
        except (OSError, ValueError, TypeError, Image.DecompressionBombError) as error:
            raise MnistModelError(say("results.picture_damaged", index=index)) from error


def load_pictures(dataset: str, split: str = SPLIT) -> Pictures:
    """All pictures of a split, as files: 10,000 of MNIST are 3 MB.

    Args:
        dataset: a folder, or an id on the Hub, laid out as ylecun/mnist is: Parquet files whose names begin with the
            split's, columns `image` and `label`.
    Raises:
        MnistModelError: there is no such data set, it cannot be reached, or it is laid out otherwise.
    """
    folder = Path(dataset)
    if folder.is_dir():
        dataset = public_name(dataset)  # visitors are told of it
    else:
        folder = _download(dataset, split)
    paths = sorted(folder.rglob(f"{split}*.parquet"))
    if not paths:
        raise MnistModelError(f"The data set {dataset} has no file {split}*.parquet.")
    files, labels = [], []
    for path in paths:
        try:
            columns = read_columns(path, ["image.bytes", "label"])
        except (OSError, ValueError) as error:
            raise MnistModelError(f"{path.name} of the data set {dataset} cannot be read: {error}.") from error
        files += columns["image.bytes"]
        labels += columns["label"]
    return Pictures(files, labels)


def _download(dataset: str, split: str) -> Path:
    # Here, so that the app does not wait for it at the start.
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    from mnist_model.hub import explain

    try:
        return Path(snapshot_download(dataset, repo_type="dataset", allow_patterns=[f"*{split}*.parquet"]))
    except HFValidationError as error:
        raise MnistModelError(f"{dataset} is neither a folder here nor a data set's id like 'owner/name'.") from error
    except LocalEntryNotFoundError as error:
        raise MnistModelError(f"The data set {dataset} is not in the cache and the Hub cannot be reached.") from error
    except Exception as error:  # the transport raises whatever it is built on
        raise MnistModelError(f"The data set {dataset} cannot be fetched: {explain(error, dataset)}") from error


class PictureSource:
    """Loads once, in a thread of its own, when first asked; nobody waits for it longer than they should.

    Args:
        load: what is to be had, or an MnistModelError.
        wait: seconds; the loading goes on behind one who gave up.
        retry: seconds for which a failure is remembered.
    """

    def __init__(self, load: Callable[[], Pictures], wait: float = WAIT_SECONDS, retry: float = RETRY_SECONDS):
        self.load, self.wait, self.retry = load, wait, retry
        self.lock = threading.Lock()
        self.loading: Future | None = None
        self.failed = 0.0

    @classmethod
    def from_environment(cls) -> "PictureSource":
        return cls(lambda: load_pictures(os.getenv("MNIST_DATASET") or DATASET))

    async def get(self) -> Pictures:
        """The pictures.

        Raises:
            MnistModelError: they cannot be had, or not yet.
        """
        loading = asyncio.wrap_future(self._start())
        done, _ = await asyncio.wait({loading}, timeout=self.wait)
        if not done:
            raise MnistModelError(say("results.pictures_late"))
        result = loading.result()
        if isinstance(result, Exception):
            raise result
        return result

    def _start(self) -> Future:
        with self.lock:
            over = self.failed and time.monotonic() - self.failed > self.retry
            if self.loading is None or over:
                self.loading, self.failed = Future(), 0.0
                threading.Thread(target=self._run, args=(self.loading,), daemon=True).start()
            return self.loading

    def _run(self, loading: Future) -> None:
        try:
            loading.set_result(self.load())
        except Exception as error:
            self.failed = time.monotonic()
            # As a result: nobody may be waiting any more, and asyncio complains of exceptions that nobody takes.
            loading.set_result(error)
