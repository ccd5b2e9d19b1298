"""Many visitors at once: python benchmarks/load.py [--visitors 50] [--every 2] [--seconds 120]

Each visitor has a drawing of their own and asks for it again and again, by the HTTP request that the pad in the browser
makes when the pen is lifted: each answer is explained. It is wrong where it is not, to the last digit, what the
recognizer says of this drawing in this process. Beside it, in the same run and at the same rate, a Gradio app whose
function does nothing. Resident memory is that of the app after a warm-up at the full rate, and at the end. Writes
reports/load.txt. Needs Linux (/proc).

With --url, only asks at that address until it is stopped: the other visitors of stroke_latency.py.
"""

import argparse
import asyncio
import os
import random
import sys
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from uuid import uuid4

import httpx

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from serving import serve  # noqa: E402
from startup import resident_megabytes  # noqa: E402
from strokes import DIGITS  # noqa: E402

REPORT = Path(__file__).parent / "reports" / "load.txt"
WARM_UP_SECONDS = 20
TIMEOUT_SECONDS = 30
LIVE = 3  # questions that a pad asks in a stroke, before the one when the pen is up


@dataclass
class Visitor:
    """Somebody with a drawing, and what became of the questions; `expected` is of each answer what is theirs alone."""

    strokes: list
    expected: dict
    seconds: list[float] = field(default_factory=list)
    errors: int = 0
    wrong: int = 0


def make_visitors(count: int) -> list[Visitor]:
    """Visitors whose drawings, slanted and squeezed, are all surely read, and no two of them alike."""
    from mnist_model import DigitRecognizer
    from mnist_model.ui import result, words
    from mnist_model.ui.drawing import draw_strokes, may_be_number

    recognizer, rng = DigitRecognizer.from_pretrained(), random.Random(0)
    visitors: list[Visitor] = []
    while len(visitors) < count:
        width, slant = rng.uniform(0.6, 0.9), rng.uniform(-0.2, 0.2)
        drawn = DIGITS[str(len(visitors) % 10)]
        strokes = [[(0.5 + (x - 0.5) * width + (0.5 - y) * slant, y) for x, y in stroke] for stroke in drawn]
        prediction = recognizer.predict(draw_strokes(strokes))
        described = result.describe(prediction)
        expected = {name: described[name] for name in ("label", "bars", "seen")}
        unlike = all(expected != visitor.expected for visitor in visitors)
        if unlike and words.state(prediction) == "sure" and not may_be_number(strokes):
            visitors.append(Visitor(strokes, expected))
    return visitors


async def find_pad(client: httpx.AsyncClient) -> int:
    components = (await client.get("/config")).json()["components"]
    return next(part["id"] for part in components if part["props"].get("elem_id") == "draw")


async def visit(
    client: httpx.AsyncClient, pad: int, visitor: Visitor, every: float, seconds: float, live: int = 0
) -> None:
    """Asks every so often; late only where the answer before is.

    Args:
        live: how many questions of a moving pen come before each of a pen that is up, which is explained.
    """
    question: dict = {"strokes": visitor.strokes, "model": "mnist_cnn", "language": "en"}
    body = {"data": question, "component_id": pad, "fn_name": "recognize_digit", "session_hash": uuid4().hex}
    settled = cycle([False] * live + [True])
    start = perf_counter()
    due = start + random.uniform(0, every)
    while due < start + seconds:
        await asyncio.sleep(max(0, due - perf_counter()))
        due += every
        question["settled"] = next(settled)
        asked = perf_counter()
        try:
            answer = (await client.post("/gradio_api/component_server/", json=body)).raise_for_status().json()
        except (httpx.HTTPError, ValueError):
            visitor.errors += 1
            continue
        visitor.seconds.append(perf_counter() - asked)
        (thing,) = answer["details"] if len(answer.get("details", [])) == 1 else [{}]
        visitor.wrong += any(thing.get(name) != value for name, value in visitor.expected.items())


async def ask(url: str, visitors: list[Visitor], every: float, seconds: float, live: int = 0) -> None:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(base_url=url, timeout=TIMEOUT_SECONDS, limits=limits) as client:
        pad = await find_pad(client)
        await asyncio.gather(*(visit(client, pad, visitor, every, seconds, live) for visitor in visitors))


def measure(script: Path, visitors: list[Visitor], every: float, seconds: float, **environment: str) -> str:
    """A row of the table."""
    with serve(script, **environment) as (url, process):

        def resident() -> float:
            return resident_megabytes(Path(f"/proc/{process.pid}/status").read_text())

        asyncio.run(ask(url, visitors, every, WARM_UP_SECONDS))
        warm = resident()
        for visitor in visitors:
            visitor.seconds, visitor.errors, visitor.wrong = [], 0, 0
        asyncio.run(ask(url, visitors, every, seconds))
        end = resident()
    latencies = [1000 * value for visitor in visitors for value in visitor.seconds]
    errors, wrong = (sum(getattr(visitor, name) for visitor in visitors) for name in ("errors", "wrong"))
    middle, tail = median(latencies), quantiles(latencies, n=20)[-1]
    counts = f"{len(latencies) + errors:9}{errors:8}{wrong:8}"
    return f"{counts}{middle:9.0f} ms{tail:9.0f} ms{warm:9.0f} MB{end:7.0f} MB{end / warm - 1:+8.1%}"


def serve_nothing(visitors: list[Visitor]) -> None:
    """An app that says to every drawing what it was told to say, so that it counts as right: the first visitor's."""
    import gradio as gr

    def recognize_digit(question):
        return {"details": [visitors[0].expected]}

    with gr.Blocks() as demo:
        gr.HTML(elem_id="draw", server_functions=[recognize_digit])
    demo.launch(ssr_mode=False)


def main() -> None:
    if os.environ.get("SERVE_NOTHING"):
        return serve_nothing(make_visitors(1))
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--visitors", type=int, default=50, help="how many at once (default: 50)")
    parser.add_argument("--every", type=float, default=2, help="seconds between the questions of each (default: 2)")
    parser.add_argument("--seconds", type=float, default=120, help="for how long (default: 120)")
    parser.add_argument("--url", help="ask there until stopped, and measure nothing: each as one who draws does")
    options = parser.parse_args()
    visitors = make_visitors(options.visitors)
    if options.url:
        print("asking", flush=True)
        return asyncio.run(ask(options.url, visitors, options.every, float("inf"), LIVE))
    rate = options.every, options.seconds
    echoes = [Visitor(visitor.strokes, visitors[0].expected) for visitor in visitors]
    lines = [
        f"{options.visitors} visitors, each an answer every {options.every:g} s for {options.seconds:g} s",
        f"{'':16}{'answers':>9}{'errors':>8}{'wrong':>8}{'median':>12}{'95th pct':>12}{'warm':>12}{'end':>10}{'':>8}",
        f"{'this app':16}" + measure(ROOT / "app.py", visitors, *rate),
        f"{'does nothing':16}" + measure(Path(__file__), echoes, *rate, SERVE_NOTHING="1"),
    ]
    report = "\n".join(lines) + "\n"
    REPORT.write_text(report)
    print(report, end="")


if __name__ == "__main__":
    main()
