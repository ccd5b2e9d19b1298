"""From pen up to the answer on the screen, beside gr.Sketchpad: python benchmarks/stroke_latency.py [--others 10]

Chromium draws the same strokes with the mouse in both apps, on the same recognizer. The clock starts in the page at the
pointerup event and stops when the frame with the answer to the whole stroke has been painted. With --others, our app is
measured once more, while so many visitors of load.py draw in it.
"""

import argparse
import os
import subprocess
import sys
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from serving import draw_with_mouse, open_chromium, serve  # noqa: E402
from strokes import DIGITS  # noqa: E402

LOST_MS = 5000  # no answer after so long: the stroke is counted as lost
PAUSE_MS = 300  # between strokes, so that nothing of one is left when the next begins
POLL_MS = 50  # to look at each frame, as Playwright does by itself, would keep a core busy
OTHERS_EVERY = 0.25  # seconds: a pad asks every 100 ms while the pen moves, which it does less than half of the time

# `selector` is an element that changes with each answer, and with nothing else.
STOPWATCH = """(selector) => {
  window.latency = null;
  let lifted = null;
  addEventListener("pointerup", () => { lifted = performance.now(); window.latency = null; }, true);
  new MutationObserver(() => {
    if (lifted === null) return;
    const start = lifted;
    lifted = null;
    requestAnimationFrame(() => setTimeout(() => { window.latency = performance.now() - start; }));
  }).observe(document.querySelector(selector), { childList: true, subtree: true, characterData: true });
}"""


def serve_sketchpad() -> None:
    """The usual MNIST demo: Sketchpad, Label, and a counter to see each answer arrive."""
    import gradio as gr
    from PIL import Image

    from mnist_model import DigitRecognizer

    recognizer = DigitRecognizer.from_pretrained()
    answers = iter(range(1, 10**9))

    def recognize(drawing):
        ink = None if drawing is None else drawing["composite"]
        if ink is None:
            return None, next(answers)
        return recognizer.predict(Image.fromarray(ink)).probabilities, next(answers)

    with gr.Blocks() as demo:
        pad = gr.Sketchpad(canvas_size=(400, 400), layers=False)
        label = gr.Label(num_top_classes=3)
        counter = gr.HTML("0", elem_id="answers")
        pad.change(recognize, pad, [label, counter], show_progress="hidden")
    demo.launch(ssr_mode=False, theme=gr.themes.Base(font=["sans-serif"], font_mono=["monospace"]))


def measure(page, selector: str, canvas: str, clear: list[str], count: int) -> list[float | None]:
    """Milliseconds for each of `count` strokes; None for one that got no answer. `clear` are the buttons to press."""
    page.evaluate(STOPWATCH, selector)
    latencies = []
    for strokes in cycle(DIGITS.values()):
        for stroke in strokes:
            draw_with_mouse(page, [[*stroke[:-1:3], stroke[-1]]], canvas)  # Sketchpad takes long over each point
            latencies.append(wait_for_latency(page))
            page.wait_for_timeout(PAUSE_MS)
            if len(latencies) == count:
                return latencies
        for button in clear:
            page.get_by_role("button", name=button, exact=True).click()
            page.wait_for_timeout(2 * PAUSE_MS)


def wait_for_latency(page) -> float | None:
    from playwright.sync_api import TimeoutError

    try:
        return page.wait_for_function("window.latency", timeout=LOST_MS, polling=POLL_MS).json_value()
    except TimeoutError:
        return None


@contextmanager
def others_drawing(url: str, count: int):
    """So many visitors who draw, in a process of their own."""
    if not count:
        yield
        return
    options = ["--url", url, "--visitors", str(count), "--every", str(OTHERS_EVERY)]
    command = [sys.executable, str(Path(__file__).with_name("load.py")), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout and process.stdout.readline() == "asking\n"
            yield
            assert process.poll() is None, "the other visitors have left"
        finally:
            process.terminate()


def measure_ours(browser, count: int, others: int = 0):
    with serve() as (url, _), others_drawing(url, others):
        page = browser.new_page()
        page.goto(url)
        page.locator("#draw .paper > canvas").wait_for()
        return measure(page, "#draw .announcement", "#draw .paper > canvas", ["Clear"], count)


def measure_sketchpad(browser, count: int):
    with serve(Path(__file__), SERVE_SKETCHPAD="1") as (url, _):
        page = browser.new_page()
        page.goto(url)
        page.get_by_role("button", name="Brush").click()  # until it is pressed, also after each clear, strokes are lost
        page.wait_for_timeout(1000)
        return measure(page, "#answers [id^=html-]", "canvas", ["Clear canvas", "Brush"], count)


def row(name: str, latencies: list[float | None]) -> tuple[float, float]:
    answered = [value for value in latencies if value is not None]
    middle, tail = median(answered), quantiles(answered, n=20)[-1]
    print(f"{name:16}{middle:10.0f} ms{tail:10.0f} ms{len(latencies) - len(answered):8} of {len(latencies)}")
    return middle, tail


def main() -> None:
    if os.environ.get("SERVE_SKETCHPAD"):
        return serve_sketchpad()
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--strokes", type=int, default=50, help="how many strokes in each app (default: 50)")
    parser.add_argument("--others", type=int, default=0, help="visitors who draw in our app meanwhile (default: 0)")
    options = parser.parse_args()
    count, others = options.strokes, options.others
    with open_chromium() as browser:
        print(f"{'':16}{'median':>13}{'95th pct':>13}{'no answer':>16}")
        ours = row("this app", measure_ours(browser, count))
        if others:
            row(f"{others} others draw", measure_ours(browser, count, others))
        stock = row("gr.Sketchpad", measure_sketchpad(browser, count))
    print(f"{'ratio':16}{stock[0] / ours[0]:10.1f} x {stock[1] / ours[1]:10.1f} x")


if __name__ == "__main__":
    main()
