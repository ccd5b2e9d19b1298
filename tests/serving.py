"""Starts the app as its own process, and Chromium: for the browser tests and the benchmarks."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).parent.parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_SECONDS = 60
PORTS = 200  # for each worker


def free_port() -> int:
    """From a range of the test worker's own: what another worker starts cannot take it before the app does."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    for port in range(20_000 + PORTS * worker, 20_000 + PORTS * (worker + 1)):
        with suppress(OSError), socket.socket() as listener:
            listener.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("No port is free for the app.")


@contextmanager
def serve(script: Path = ROOT / "app.py", **environment: str) -> Iterator[tuple[str, subprocess.Popen]]:
    """Runs `python app.py` on a free port; yields its address, as soon as that answers, and the process.

    Raises:
        RuntimeError: with what the process printed, when it ends or does not answer in time.
    """
    port = free_port()
    offline = {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT)}
    chosen = ("MODEL_ID", "MODEL_REVISION", "DATA_DIR", "FEEDBACK_DATASET")
    unset = {name: value for name, value in os.environ.items() if name not in chosen}
    process = subprocess.Popen(
        [sys.executable, str(script)],
        cwd=ROOT,
        env=unset | offline | {"GRADIO_SERVER_PORT": str(port), "GRADIO_SERVER_NAME": "127.0.0.1"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + START_SECONDS
        while not answers(url):
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                raise RuntimeError(f"The app did not start:\n{process.communicate()[0]}")
            time.sleep(0.05)
        yield url, process
    finally:
        process.terminate()
        process.communicate(timeout=20)


def answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=5):
            return True
    except (URLError, OSError):
        return False


@contextmanager
def open_chromium(*flags: str):
    """A headless Chromium of the machine, driven by Playwright, with further flags."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*CHROMIUM_FLAGS, *flags])
        try:
            yield browser
        finally:
            browser.close()


def draw_with_mouse(page, strokes, canvas: str = "canvas") -> None:
    """Draws strokes, in 0..1 of a square, into the middle of the first element that the selector `canvas` finds."""
    box = page.locator(canvas).first.bounding_box()
    side = min(box["width"], box["height"])
    left, top = box["x"] + (box["width"] - side) / 2, box["y"] + (box["height"] - side) / 2
    for stroke in strokes:
        points = [(left + x * side, top + y * side) for x, y in stroke]
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point)
        page.mouse.up()
