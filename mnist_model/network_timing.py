"""How long a network takes, without the preprocessing, on onnxruntime and one thread.

Seconds are the processor's: where nothing else runs, one thread takes as many by the clock; where something does, the
clock's would be its too.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime

from .recognizer import open_session

BATCH = 256
ROUNDS = 10
SINGLES = 10  # pictures given alone in a round


@dataclass(frozen=True)
class Timing:
    """Of one network.

    Args:
        latency_ms: median milliseconds for one picture.
        throughput: pictures in a second, `BATCH` at once.
    """

    latency_ms: float
    throughput: float

    @staticmethod
    def conditions() -> dict[str, int | str]:
        return {"threads": 1, "batch": BATCH, "onnxruntime": onnxruntime.__version__}


def time_networks(paths: Sequence[Path], rounds: int = ROUNDS) -> list[Timing]:
    """Take the times of networks by turns, so that whatever else keeps the machine's memory busy slows them alike.

    Args:
        paths: ONNX files of one input of shape (B, C, H, W) and an output `logits`. A file that occurs twice is timed
            once.
        rounds: turns of each.
    Raises:
        MnistModelError: a file is missing or damaged.
    """
    runs = {path: _runner(path) for path in paths}
    singles: dict[Path, list[float]] = {path: [] for path in runs}
    batches: dict[Path, list[float]] = {path: [] for path in runs}
    for run in runs.values():  # the first of each size is slower
        run(1), run(BATCH)
    for _ in range(rounds):
        for path, run in runs.items():
            singles[path] += [run(1) for _ in range(SINGLES)]
            batches[path].append(run(BATCH))
    return [Timing(1000 * statistics.median(singles[path]), BATCH / statistics.median(batches[path])) for path in paths]


def _runner(path: Path) -> Callable[[int], float]:
    """A function from a number of pictures to the processor's seconds for one pass over them."""
    session = open_session(path)
    (pictures,) = session.get_inputs()
    noise = np.random.default_rng(0).standard_normal((BATCH, *pictures.shape[1:]), dtype=np.float32)

    def run(count: int) -> float:
        inputs = {pictures.name: noise[:count]}
        start = time.process_time()
        session.run(["logits"], inputs)
        return time.process_time() - start

    return run
