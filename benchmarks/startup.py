"""How long until the app answers, and what it holds in memory: python benchmarks/startup.py [--runs 3] [--where]

Beside it, in the same run, what importing Gradio and onnxruntime alone costs (the rest is ours), and the same page on
torch and timm, as most Spaces have it. With --where, instead, the steps of one start, and the packages whose modules
take longest to import. Needs Linux (/proc).
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from statistics import median

from gradio_client import Client, handle_file

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from serving import serve  # noqa: E402
from strokes import DIGITS, draw_strokes  # noqa: E402

IMPORTS = "import gradio, onnxruntime; print(open('/proc/self/status').read())"

ON_TORCH = f"""
import gradio, timm, torch
model = timm.create_model("local-dir:{ROOT / "mnist_model" / "checkpoints" / "mnist_cnn"}", pretrained=True).eval()
transform = timm.data.create_transform(**timm.data.resolve_model_data_config(model))

def predict(picture):
    with torch.inference_mode():
        probabilities = model(transform(picture.convert("RGB"))[None]).softmax(dim=1)[0]
    return {{str(digit): probability for digit, probability in enumerate(probabilities.tolist())}}

gradio.Interface(predict, gradio.Image(type="pil"), gradio.Label(), api_name="predict").launch()
"""

STEPS = {
    "Python": "pass",
    "import onnxruntime": "import onnxruntime",
    "import gradio": "import gradio",
    "the default model": "from mnist_model import DigitRecognizer; model = DigitRecognizer.from_pretrained()",
    "the page": "from app import demo",
    "the server": "from mnist_model.ui.page import launch_options; "
    "demo.launch(**launch_options(), prevent_thread_lock=True, quiet=True)",
    "a first digit": "from mnist_model.ui.assets import EXAMPLES; model.predict(EXAMPLES[0])",
}
LISTED_PACKAGES = 10

STEP_BY_STEP = f"""
import json, time
rows, start = [], time.perf_counter()
for name, code in {STEPS!r}.items():
    exec(code)
    rows.append([name, time.perf_counter() - start, open("/proc/self/status").read()])
print(json.dumps(rows))
"""


def resident_megabytes(status: str) -> float:
    """Resident memory from the text of /proc/PID/status."""
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


def measure_imports() -> tuple[float, float]:
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, text=True, check=True)
    return time.perf_counter() - start, resident_megabytes(done.stdout)


def measure_app(script: Path, picture: str) -> tuple[float, float]:
    """Seconds from the start of an app to the first answer of /predict, and the megabytes resident then."""
    start = time.perf_counter()
    with serve(script) as (url, process):
        answer = Client(url, verbose=False).predict(handle_file(picture), api_name="/predict")
        seconds = time.perf_counter() - start
        assert answer["label"], answer
        return seconds, resident_megabytes(Path(f"/proc/{process.pid}/status").read_text())


def print_steps() -> None:
    """What each step of one start adds, and how long the modules of which package took to import."""
    # Python's own account of imports lengthens them, and takes memory: it has a start of its own.
    plain, accounted = (
        subprocess.run(
            [sys.executable, *flags, "-c", STEP_BY_STEP], capture_output=True, text=True, check=True, cwd=ROOT
        )
        for flags in ((), ("-X", "importtime"))
    )
    print(f"{'':24}{'seconds':>10}{'MB resident':>14}{'MB added':>11}")
    before = 0.0, 0.0
    for name, seconds, status in json.loads(plain.stdout.splitlines()[-1]):
        megabytes = resident_megabytes(status)
        print(f"{name:24}{seconds - before[0]:10.2f}{megabytes:14.0f}{megabytes - before[1]:11.0f}")
        before = seconds, megabytes
    spent: Counter[str] = Counter()
    for own, package in re.findall(r"^import time: +(\d+) \| +\d+ \| +(\w+)", accounted.stderr, flags=re.MULTILINE):
        spent[package] += int(own) / 1e6
    print(f"\n{'package':24}{'seconds':>10}")
    for package, seconds in spent.most_common(LISTED_PACKAGES):
        print(f"{package:24}{seconds:10.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=3, help="the median of so many runs is printed (default: 3)")
    parser.add_argument("--where", action="store_true", help="the steps of one start instead")
    options = parser.parse_args()
    if options.where:
        return print_steps()
    runs = options.runs
    with tempfile.TemporaryDirectory() as folder:
        picture, on_torch = f"{folder}/seven.png", Path(folder, "on_torch.py")
        draw_strokes(DIGITS["7"]).save(picture)
        on_torch.write_text(ON_TORCH)
        measures = {
            "import gradio, onnxruntime": measure_imports,
            "app.py, first /predict answer": lambda: measure_app(ROOT / "app.py", picture),
            "the same on torch and timm": lambda: measure_app(on_torch, picture),
        }
        for measure in measures.values():
            measure()  # fills the file cache
        rows = {name: [measure() for _ in range(runs)] for name, measure in measures.items()}
    medians = {name: [median(values) for values in zip(*row, strict=True)] for name, row in rows.items()}
    imports = medians["import gradio, onnxruntime"]
    print(f"{'':32}{'seconds':>10}{'MB resident':>14}{'ratios':>16}")
    for name, (seconds, megabytes) in medians.items():
        ratios = f"{seconds / imports[0]:.2f}, {megabytes / imports[1]:.2f}"
        print(f"{name:32}{seconds:10.2f}{megabytes:14.0f}{ratios:>16}")


if __name__ == "__main__":
    main()
