"""Corrections that visitors agreed to give, kept as a data set that `datasets` reads as it is.

    DATA_DIR/feedback/2026-05-30-0b7c.../metadata.jsonl   a line for each correction, only ever appended to
                                         00000.png, ...   the picture that it is about: 28x28 grey pixels

Each process begins such a folder of its own each day. With HF_TOKEN and FEEDBACK_DATASET set, all of them are sent to a
private data set on the Hub, every five minutes and at the end. `train.py --extra-dataset` learns from either.
"""

import json
import logging
import os
import tempfile
import uuid
from contextlib import nullcontext
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from .errors import MnistModelError

NONE = "none"  # what a picture is corrected to that shows no digit
A_DAY = 1000  # corrections that a process keeps in a day, so that nobody fills the disk
MINUTES = 5  # from one push to the next
AT_THE_END = 20  # seconds that the Hub is waited for when the process ends

logger = logging.getLogger(__name__)


def open_feedback() -> "Feedback | None":
    """Where the environment says that corrections are kept; None where it names no place."""
    data_dir, dataset, token = (os.getenv(name) for name in ("DATA_DIR", "FEEDBACK_DATASET", "HF_TOKEN"))
    if not token:
        dataset = None
    if data_dir:
        feedback = Feedback(Path(data_dir, "feedback"), dataset, token)
        feedback.send()  # what the last process could not
        return feedback
    return Feedback(Path(tempfile.mkdtemp(prefix="feedback-")), dataset, token) if dataset else None


class Feedback:
    """Keeps corrections. Any thread may call it.

    Args:
        folder: for the data set; made with the first correction.
        dataset: "owner/name" of a data set on the Hub to send them to, created private if there is none.
        token: that may write to it.
    """

    def __init__(self, folder: Path, dataset: str | None = None, token: str | None = None):
        self.folder, self.dataset, self._token = folder, dataset, token
        self._lock, self._connecting = Lock(), Lock()
        self._scheduler = None
        self._day, self._today, self._count = "", folder, 0

    def keep(self, picture: np.ndarray, label: str, answer: str, model: str, revision: str = "") -> bool:
        """Keep one correction, whole or not at all.

        Args:
            picture: what the model saw: uint8, shape (28, 28).
            label: what it is, and `answer` what the model took it for: one of its labels, or `NONE`.
            model: its name, and `revision` its commit on the Hub.
        Returns:
            Whether there was room for it today.
        Raises:
            MnistModelError: it cannot be written.
        """
        day = datetime.now(UTC).date().isoformat()
        # `datasets` takes the type of a column from its first row: there is always a text, be it an empty one.
        row = {"label": label, "answer": answer, "model": model, "revision": revision, "day": day}
        try:
            with self._lock, self._scheduler.lock if self._scheduler else nullcontext():
                if day != self._day:
                    self._day, self._today, self._count = day, self.folder / f"{day}-{uuid.uuid4()}", 0
                if self._count == A_DAY:
                    return False
                name = f"{self._count:05}.png"
                self._today.mkdir(parents=True, exist_ok=True)
                # huggingface_hub uploads files that are the same, byte for byte, through one file object at once, and
                # sends a mixture: no two may be.
                png, about = BytesIO(), PngInfo()
                about.add_text("Title", f"{self._today.name}/{name}")
                Image.fromarray(picture).save(png, "PNG", pnginfo=about)
                (self._today / name).unlink(missing_ok=True)  # of one that failed after this
                _append(self._today / name, png.getvalue())  # before the line that names it
                line = json.dumps({"file_name": name} | row, ensure_ascii=False) + "\n"
                _append(self._today / "metadata.jsonl", line.encode())
                self._count += 1
        except OSError as error:
            logger.error("A correction could not be kept: %s", error)
            raise MnistModelError("The correction could not be kept: the app cannot write to its folder.") from error
        self.send()
        return True

    def send(self) -> None:
        """Begin to send what is kept, if there is a data set to send it to; nobody waits for the Hub."""
        if self.dataset and not self._scheduler and self._holds_any():
            Thread(target=self._connect, args=[self.dataset], daemon=True).start()

    def flush(self) -> None:
        """Send what has not been sent, and nothing more after that. For the end of the process."""
        if not self.dataset or not self._holds_any():
            return
        self._connect(self.dataset, patience=AT_THE_END)
        if self._scheduler:
            try:
                self._scheduler.trigger().result(timeout=AT_THE_END)
            except Exception as error:  # the transport raises whatever it is built on
                logger.error("Corrections were not sent to %s: %s", self.dataset, error)
            self._scheduler.stop()

    def _holds_any(self) -> bool:
        return any(self.folder.glob("*/metadata.jsonl"))

    def _connect(self, dataset: str, patience: float = 0) -> None:
        """Begin to send; where the Hub cannot be had, the next correction tries again.

        Args:
            patience: seconds to wait for another thread that is at it.
        """
        if not self._connecting.acquire(timeout=patience):
            return
        try:
            self._scheduler = self._scheduler or self._start(dataset)
        except Exception as error:  # the transport raises whatever it is built on
            logger.error("Corrections are kept, but not sent to %s: %s", dataset, error)
        finally:
            self._connecting.release()

    def _start(self, dataset: str) -> Any:
        from huggingface_hub import CommitScheduler, HfApi

        api = HfApi(token=self._token)
        dataset = api.create_repo(dataset, repo_type="dataset", private=True, exist_ok=True).repo_id
        if not api.dataset_info(dataset).private:
            raise MnistModelError("it is public: make it private in its settings, or name another.")
        return CommitScheduler(
            repo_id=dataset,
            repo_type="dataset",
            folder_path=self.folder,
            every=MINUTES,
            private=True,
            hf_api=api,
        )


def _append(path: Path, content: bytes) -> None:
    """To the end of a file, and onto the disk; where that fails, the file is as it was.

    Raises:
        OSError: it failed.
    """
    with path.open("ab", buffering=0) as file:
        size = file.tell()
        try:
            if file.write(content) != len(content):
                raise OSError("the disk is full")
            os.fsync(file.fileno())
        except OSError:
            file.truncate(size)
            raise
