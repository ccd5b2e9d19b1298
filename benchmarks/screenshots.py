"""The pictures of README.md, shot from the running app: python benchmarks/screenshots.py [NAME ...]

Each is a WebP in docs/; without names, all of them are made anew. Nothing of MNIST is in them: the digits are the
strokes of tests/strokes.py, and the app is told that there are no test pictures to show.
"""

import argparse
import io
import sys
import tempfile
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from fake_camera import chromium_flags, draw_numbers, film, write_video  # noqa: E402
from serving import draw_with_mouse, open_chromium, serve  # noqa: E402
from strokes import DIGITS, draw_strokes  # noqa: E402

DOCS = ROOT / "docs"
SIZE, PHONE = (1100, 780), (390, 844)
QUALITY = 82  # of WebP, in 0..100
# What depends on how busy this machine is, and the words in place of MNIST's pictures.
HIDDEN = "#camera .rate, #results .behind :is(.said, .shown) { visibility: hidden }"
SETTLED = 1200  # milliseconds: an answer, its Why and the movement of the page are over by then
LIVE = 300  # milliseconds: an answer has come while the pen rests
POINTS = 2  # of the stroke, between two frames of the animation
FRAME, HOLD = 110, 2600  # milliseconds: each of its frames, and the last one


@contextmanager
def visit(browser, url: str, size: tuple[int, int] = SIZE, **options):
    """A page of a visitor who has not been here before."""
    viewport = {"width": size[0], "height": size[1]}
    context = browser.new_context(viewport=viewport, reduced_motion="reduce", permissions=["camera"], **options)
    page = context.new_page()
    page.goto(url)
    page.locator("#draw .sentence:not(:empty)").wait_for()
    yield page
    context.close()


def shoot(page) -> Image.Image:
    """The page at rest."""
    page.mouse.move(1, 1)  # so that nothing is under it
    page.wait_for_timeout(SETTLED)
    return picture_of(page)


def picture_of(page) -> Image.Image:
    return Image.open(io.BytesIO(page.screenshot(style=HIDDEN))).convert("RGB")


def open_tab(page, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).click()


def write_number(page, digits: str) -> None:
    """With the mouse, from left to right, onto the wide pad."""
    page.locator("#draw").get_by_text("A number", exact=True).click()
    box = page.locator("#draw .paper > canvas").bounding_box()
    across = box["width"] / box["height"]
    scale = min(0.8, across / (0.7 * len(digits) + 0.3))
    left = (across - scale * (0.7 * (len(digits) - 1) + 1)) / 2
    for index, digit in enumerate(digits):
        for stroke in DIGITS[digit]:
            points = [
                (
                    box["x"] + box["height"] * (left + scale * (0.7 * index + x)),
                    box["y"] + box["height"] * ((1 - scale) / 2 + scale * y),
                )
                for x, y in stroke
            ]
            page.mouse.move(*points[0])
            page.mouse.down()
            for point in points[1:]:
                page.mouse.move(*point)
            page.mouse.up()


# ---- the pictures


def draw(browser, url) -> list[Image.Image]:
    """A digit, point by point, and its answer after each; at last with what decided it."""
    (stroke,) = DIGITS["8"]
    with visit(browser, url, (800, 780)) as page:
        frames = [shoot(page)]
        box = page.locator("#draw .paper > canvas").bounding_box()
        points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
        page.mouse.move(*points[0])
        page.mouse.down()
        for index, point in enumerate(points[1:], 1):
            page.mouse.move(*point)
            if index % POINTS == 0:
                page.wait_for_timeout(LIVE)
                frames.append(picture_of(page))
        page.mouse.up()
        return [*frames, shoot(page)]


def upload(browser, url) -> Image.Image:
    """Many files at once, of which one is looked at."""
    with tempfile.TemporaryDirectory() as folder, visit(browser, url) as page:
        files = []
        for digits in ("1937", "26", "80514", "42"):
            picture = film(draw_numbers([digits], (640, 400)), frames=1, tremor=0)[0]
            files.append(Path(folder, f"page-{len(files) + 1}.png"))
            picture.save(files[-1])
        draw_strokes(DIGITS["7"], ink="#f2c14e", paper="#23395b").save(Path(folder, "chalk.png"))
        open_tab(page, "Upload")
        examples = sorted((ROOT / "mnist_model" / "ui" / "examples").glob("*.png"))
        page.locator("#picture input[type=file]").set_input_files([*files, Path(folder, "chalk.png"), *examples])
        page.locator("#upload .card").nth(9).wait_for()
        page.locator("#upload .summary").filter(has_text="10 of 10").wait_for()
        return shoot(page)


def camera(browser, url) -> Image.Image:
    """Digits on paper, boxed as they are filmed."""
    with visit(browser, url) as page:
        open_tab(page, "Camera")
        page.locator("#camera .start").click()
        page.locator("#camera .boxes .box").nth(6).wait_for()
        return shoot(page)


def compare(browser, url) -> Image.Image:
    """One drawing, and what each model reads in it."""
    with visit(browser, url) as page:
        open_tab(page, "Compare")
        page.locator("#compare .paper > canvas").wait_for()
        leaning = [[(x - 0.7 * (0.5 - y), y) for x, y in stroke] for stroke in DIGITS["5"]]  # not all can read it
        draw_with_mouse(page, leaning, "#compare .paper > canvas")
        page.locator("#compare tbody tr").first.wait_for()
        return shoot(page)


def results(browser, url) -> Image.Image:
    """How a model was trained, and what it takes for what."""
    with visit(browser, url) as page:
        open_tab(page, "Results")
        page.locator("#results .lead").filter(has_text="Right on").wait_for()
        return shoot(page)


def history(browser, url) -> Image.Image:
    """What this browser has had read."""
    with visit(browser, url) as page:
        for digit in "31415926":
            draw_with_mouse(page, DIGITS[digit], "#draw .paper > canvas")
            page.locator("#draw .digit").filter(has_text=digit).wait_for()
            page.wait_for_timeout(SETTLED)
            page.locator("#draw .clear").click()
        open_tab(page, "History")
        page.locator("#history .label").nth(7).wait_for()
        return shoot(page)


def phone(browser, url) -> Image.Image:
    """Three phones beside each other: a digit, a number, and the page in Arabic."""
    shots = []
    phones = [
        {"color_scheme": "dark"},
        {"color_scheme": "light"},
        {"color_scheme": "dark", "locale": "ar"},
    ]
    for options, drawn in zip(phones, ("4", "1024", "8"), strict=True):
        with visit(browser, url, PHONE, has_touch=True, **options) as page:
            if len(drawn) > 1:
                write_number(page, drawn)
            else:
                draw_with_mouse(page, DIGITS[drawn], "#draw .paper > canvas")
            shots.append(shoot(page))
    gap = 20
    across = Image.new("RGBA", (3 * PHONE[0] + 2 * gap, PHONE[1]))
    for index, shot in enumerate(shots):
        across.paste(shot, (index * (PHONE[0] + gap), 0))
    return across


PICTURES: dict[str, Callable] = {
    make.__name__: make for make in (draw, upload, camera, compare, results, history, phone)
}


def save(picture: Image.Image | list[Image.Image], path: Path) -> None:
    """One picture, or the frames of an animation that plays again and again."""
    if isinstance(picture, Image.Image):
        picture.save(path, quality=QUALITY, method=6)
        return
    first, *rest = picture
    durations = [FRAME] * len(rest) + [HOLD]
    first.save(path, save_all=True, append_images=rest, duration=durations, loop=0, quality=QUALITY, method=6)


def main() -> None:
    parser = argparse.ArgumentParser(description="Shoot the pictures of README.md from the running app.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(PICTURES)}; all of them when none")
    names = parser.parse_args().names or list(PICTURES)
    if unknown := set(names) - PICTURES.keys():
        parser.error(f"no picture is named {', '.join(sorted(unknown))}")
    DOCS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        frames = film(draw_numbers(["407", "1926"], (640, 480)), frames=15, tremor=4)
        flags = chromium_flags(write_video(Path(folder, "numbers.y4m"), frames))
        with serve(MNIST_DATASET=folder) as (url, _), open_chromium(*flags) as browser:
            for name in names:
                path = DOCS / f"{name}.webp"
                save(PICTURES[name](browser, url), path)
                print(f"{path.stat().st_size:>9,}  {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
