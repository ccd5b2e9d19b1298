"""How long until the app answers, and what it holds in memory: python benchmarks/startup.py [--runs 3]

Beside it, in the same run, what importing Gradio and onnxruntime alone costs: the rest is ours. Needs Linux (/proc).
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from gradio_client import Client, handle_file

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from serving import serve  # noqa: E402
from strokes import DIGITS, draw_strokes  # noqa: E402

IMPORTS = "import gradio, onnxruntime; print(open('/proc/self/status').read())"


def resident_megabytes(status: str) -> float:
    """Resident memory from the text of /proc/PID/status."""
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


def measure_imports() -> tuple[float, float]:
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, text=True, check=True)
    return time.perf_counter() - start, resident_megabytes(done.stdout)


def measure_app(picture: str) -> tuple[float, float]:
    """Seconds from `python app.py` to the first answer of /predict, and the megabytes resident then."""
    start = time.perf_counter()
    with serve() as (url, process):
        answer = Client(url, verbose=False).predict(handle_file(picture), api_name="/predict")
        seconds = time.perf_counter() - start
        assert answer["label"] == "7", answer
        return seconds, resident_megabytes(Path(f"/proc/{process.pid}/status").read_text())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=3, help="the median of so many runs is printed (default: 3)")
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        picture = f"{folder}/seven.png"
        draw_strokes(DIGITS["7"]).save(picture)
        measure_imports(), measure_app(picture)  # fills the file cache
        pairs = [(measure_imports(), measure_app(picture)) for _ in range(runs)]
    imports, app = ([median(values) for values in zip(*side, strict=True)] for side in zip(*pairs, strict=True))
    print(f"{'':32}{'seconds':>10}{'MB resident':>14}")
    print(f"{'import gradio, onnxruntime':32}{imports[0]:10.2f}{imports[1]:14.0f}")
    print(f"{'app.py, first /predict answer':32}{app[0]:10.2f}{app[1]:14.0f}")
    print(f"{'ratio':32}{app[0] / imports[0]:10.2f}{app[1] / imports[1]:14.2f}")


if __name__ == "__main__":
    main()
