"""Frames a second that the Camera tab reads, and how late its boxes are: python benchmarks/camera.py [--seconds 15]

Chromium's camera plays a video of numbers on paper, in a hand that is never still. The clock of a frame starts when it
is taken from the video and stops when the page with its boxes has been painted. Beside it, in the same run, what
reading the same frames takes without browser and server. Chromium shares the cores with the app: on a visitor's
machine it does not.
"""

import argparse
import io
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles

from PIL import Image

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from fake_camera import chromium_flags, draw_numbers, film, write_video  # noqa: E402
from serving import open_chromium, serve  # noqa: E402

from mnist_model import DigitRecognizer  # noqa: E402

SIZE = (640, 480)
SENT = (512, 384)  # as camera.js makes it
PAGES = {"one digit": ["7"], "four digits": ["4071"], "two lines, seven digits": ["407", "1926"]}
WARM_UP = 3  # seconds

STOPWATCH = """() => {
  window.frames_ = [];
  let taken = null;
  const draw = CanvasRenderingContext2D.prototype.drawImage;
  CanvasRenderingContext2D.prototype.drawImage = function (source, ...rest) {
    if (source instanceof HTMLVideoElement) taken = performance.now();
    return draw.call(this, source, ...rest);
  };
  new MutationObserver(() => {
    if (taken === null) return;
    const start = taken;
    taken = null;
    requestAnimationFrame(() => setTimeout(() => window.frames_.push([start, performance.now()])));
  }).observe(document.querySelector("#camera .boxes"), { childList: true });
}"""


def measure_page(frames: list[Image.Image], seconds: float) -> tuple[float, list[float]]:
    """Frames a second, and the milliseconds from each frame to its boxes."""
    with tempfile.TemporaryDirectory() as folder:
        video = write_video(Path(folder, "numbers.y4m"), frames)
        with serve() as (url, _), open_chromium(*chromium_flags(video)) as browser:
            page = browser.new_context(permissions=["camera"]).new_page()
            page.goto(url)
            page.get_by_role("tab", name="Camera").click()
            page.locator("#camera .start").click()
            page.locator("#camera .boxes .box").first.wait_for()
            page.wait_for_timeout(1000 * WARM_UP)
            page.evaluate(STOPWATCH)
            page.wait_for_timeout(1000 * seconds)
            measured = page.evaluate("window.frames_")
    ended = [end for _, end in measured]
    return (len(ended) - 1) * 1000 / (ended[-1] - ended[0]), [end - start for start, end in measured]


def measure_reading(recognizer: DigitRecognizer, frames: list[Image.Image]) -> tuple[list[float], str]:
    """Milliseconds for each frame, decoded as the server does, and what is read in the last."""
    times, text = [], ""
    for frame in frames:
        jpeg = io.BytesIO()
        frame.resize(SENT, Image.Resampling.BOX).save(jpeg, "JPEG", quality=80)
        start = time.perf_counter()
        text = recognizer.read(Image.open(jpeg)).text
        times.append((time.perf_counter() - start) * 1000)
    return times, text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=15, help="of each video, after a warm-up (default: 15)")
    seconds = parser.parse_args().seconds
    recognizer = DigitRecognizer.from_pretrained()
    print(f"{'':26}{'frames/s':>9}{'frame to boxes, ms':>24}{'read() alone, ms':>20}{'ratio':>7}  text")
    print(f"{'':35}{'median':>12}{'95th pct':>12}{'median':>20}")
    for name, lines in PAGES.items():
        frames = film(draw_numbers(lines, SIZE), frames=45, tremor=6)
        rate, latencies = measure_page(frames, seconds)
        reading, text = measure_reading(recognizer, frames)
        middle, tail, alone = median(latencies), quantiles(latencies, n=20)[-1], median(reading)
        print(f"{name:26}{rate:9.1f}{middle:12.0f}{tail:12.0f}{alone:20.0f}{middle / alone:7.2f}  {text}")


if __name__ == "__main__":
    main()
