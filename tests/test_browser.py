"""The app as a visitor meets it, in Chromium: mouse, finger, keyboard, uploads, a phone, no other host."""

import os
import re
from urllib.parse import urlsplit

import pytest
from PIL import Image
from serving import CHROMIUM, draw_with_mouse, open_chromium, serve
from strokes import DIGITS, draw_strokes

REQUIRED = os.environ.get("REQUIRE_CHROMIUM") == "1"
playwright = None
try:
    from playwright import sync_api as playwright
except ImportError:
    if REQUIRED:
        raise

if not (playwright and CHROMIUM):
    if REQUIRED:
        pytest.fail("REQUIRE_CHROMIUM=1, but there is no Chromium on the PATH.", pytrace=False)
    pytest.skip("needs Playwright and a Chromium on the PATH", allow_module_level=True)

expect = playwright.expect
DRAW_HINT = "Draw a digit from 0 to 9."


@pytest.fixture(scope="module")
def url():
    with serve() as (url, _):
        yield url


@pytest.fixture(scope="module")
def browser():
    with open_chromium() as browser:
        yield browser


@pytest.fixture
def visit(browser, url):
    """Opens the app in a fresh context; at the end, fails on any script error or request to another host."""
    contexts, strangers, errors = [], set(), []

    def visit(address: str = url, **options):
        context = browser.new_context(**{"viewport": {"width": 1100, "height": 800}, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda request: note_stranger(request.url))
        page.goto(address)
        expect(page.locator("#draw .sentence")).to_have_text(DRAW_HINT)
        return page

    def note_stranger(address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("data", "blob") and parts.hostname != "127.0.0.1":
            strangers.add(address)

    yield visit
    for context in contexts:
        context.close()
    assert not strangers and not errors


@pytest.fixture
def page(visit):
    return visit()


def expect_digit(page, digit: str, tab: str = "#draw") -> None:
    expect(page.locator(f"{tab} .digit")).to_have_text(digit)


def open_upload(page) -> None:
    page.get_by_role("tab", name="Upload").click()
    expect(page.locator("#upload-answer .sentence")).to_be_visible()


def choose(page, file) -> None:
    page.locator("#picture input[type=file]").first.set_input_files(file)


# ---- drawing


def test_every_digit_is_read_from_the_mouse(page):
    for digit, strokes in DIGITS.items():
        draw_with_mouse(page, strokes)
        expect_digit(page, digit)
        page.get_by_role("button", name="Clear").click()
        expect_digit(page, "")


def test_the_answer_is_shown_in_full(page):
    draw_with_mouse(page, DIGITS["3"])
    expect_digit(page, "3")
    expect(page.locator("#draw [role=status]")).to_have_text(re.compile("3"))
    expect(page.locator("#draw .top li")).to_have_count(3)
    expect(page.locator("#draw .top li").first).to_have_text(re.compile(r"3 .*\d%"))
    expect(page.locator("#draw .bars li")).to_have_count(10)
    assert page.locator("#draw .seen img").evaluate("image => [image.naturalWidth, image.naturalHeight]") == [28, 28]


def test_the_answer_follows_the_pen_before_it_is_lifted(page):
    box = page.locator("canvas").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 60)
    page.mouse.down()
    for step in range(30):
        page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 60 + step * 8)
        page.wait_for_timeout(10)
    expect_digit(page, "1")
    page.mouse.up()
    expect_digit(page, "1")


def test_a_blank_pad_says_what_to_do(page):
    expect(page.locator("#draw .sentence")).to_have_text(DRAW_HINT)
    expect_digit(page, "")
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    expect(page.get_by_role("button", name="Clear")).to_be_disabled()


def test_undo_takes_back_one_stroke_and_clear_itself(page):
    seven, bar = [(0.3, 0.25), (0.68, 0.24), (0.48, 0.8)], [(0.40, 0.52), (0.64, 0.51)]
    draw_with_mouse(page, [seven])
    expect_digit(page, "7")
    seen = page.locator("#draw .seen img")
    before = seen.get_attribute("src")
    draw_with_mouse(page, [bar])
    expect(seen).not_to_have_attribute("src", before)
    page.get_by_role("button", name="Undo").click()
    expect(seen).to_have_attribute("src", before)
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#draw .sentence")).to_have_text(DRAW_HINT)
    page.get_by_role("button", name="Undo").click()
    expect(seen).to_have_attribute("src", before)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#draw .sentence")).to_have_text(DRAW_HINT)


def test_keys_undo_and_clear(page):
    for key in ("Delete", "Escape", "Control+z"):
        draw_with_mouse(page, DIGITS["1"])
        expect_digit(page, "1")
        page.keyboard.press(key)
        expect(page.locator("#draw .sentence")).to_have_text(DRAW_HINT)


def test_the_pad_can_be_drawn_on_with_keys_alone(page):
    page.locator("canvas").focus()
    for key in [*["ArrowUp"] * 8, "Space", *["ArrowDown"] * 16, "Space"]:
        page.keyboard.press(key)
    expect_digit(page, "1")
    expect(page.locator("#draw [role=status]")).to_have_text(re.compile("1"))


def test_a_finger_draws_and_does_not_scroll(visit):
    page = visit(viewport={"width": 390, "height": 500}, has_touch=True, is_mobile=True)
    page.locator("canvas").scroll_into_view_if_needed()
    offset = page.evaluate("scrollY")
    box = page.locator("canvas").bounding_box()
    touch = page.context.new_cdp_session(page)
    for stroke in DIGITS["4"]:
        for index, (x, y) in enumerate(stroke):
            point = {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]}
            kind = "touchMove" if index else "touchStart"
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect_digit(page, "4")
    assert page.evaluate("scrollY") == offset


def test_a_late_answer_does_not_overwrite_a_newer_one(page):
    held = []
    holding = True
    page.route("**/component_server/", lambda route: held.append(route) if holding else route.continue_())
    draw_with_mouse(page, DIGITS["1"])
    while not held:
        page.wait_for_timeout(20)
    holding = False
    page.get_by_role("button", name="Clear").click()
    draw_with_mouse(page, DIGITS["0"])
    expect_digit(page, "0")
    with page.expect_response("**/component_server/"):
        for route in held:
            route.continue_()
    page.wait_for_timeout(100)
    expect_digit(page, "0")


def test_without_the_server_the_drawing_is_kept(page):
    page.route("**/component_server/", lambda route: route.abort())
    draw_with_mouse(page, DIGITS["5"][:1])
    expect(page.locator("#draw .sentence")).to_have_text(re.compile("did not answer"))
    page.unroute("**/component_server/")
    draw_with_mouse(page, DIGITS["5"][1:])
    expect_digit(page, "5")


def test_ink_changes_with_the_theme(page):
    ink = "canvas => canvas.getContext('2d').getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data[0]"
    draw_with_mouse(page, [[(0.5, 0.2), (0.5, 0.8)]])
    expect_digit(page, "1")
    light = page.locator("canvas").evaluate(ink)
    page.evaluate("document.body.classList.toggle('dark')")
    page.wait_for_timeout(100)
    assert abs(page.locator("canvas").evaluate(ink) - light) > 150


# ---- uploading


def test_a_picture_is_read_and_taken_away(page, tmp_path):
    draw_strokes(DIGITS["7"]).save(tmp_path / "seven.png")
    open_upload(page)
    choose(page, tmp_path / "seven.png")
    expect_digit(page, "7", "#upload-answer")
    page.locator("#picture").get_by_label("Remove Image").click()
    expect(page.locator("#upload-answer .sentence")).to_have_text("Choose a picture of one digit from 0 to 9.")


def test_the_examples_are_read(page):
    open_upload(page)
    for index, digit in enumerate("37542"):
        page.locator("#examples button").nth(index).click()
        expect_digit(page, digit, "#upload-answer")
    expect(page.get_by_role("button", name="Example: black on white")).to_be_visible()


def test_a_bad_file_gets_a_sentence_and_the_app_goes_on(page, tmp_path):
    draw_strokes(DIGITS["7"]).save(tmp_path / "seven.png")
    Image.new("RGB", (60, 60), "white").save(tmp_path / "blank.png")
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "drawing.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    (tmp_path / "big.png").write_bytes(bytes(11 * 2**20))
    open_upload(page)
    sentence = page.locator("#upload-answer .sentence")
    for name, words in (
        ("text.png", "text.png is no picture"),
        ("drawing.svg", "drawing.svg is no picture"),
        ("blank.png", "Nothing stands out from the paper"),
    ):
        choose(page, tmp_path / name)
        expect(sentence).to_have_text(re.compile(words))
        page.locator("#picture").get_by_label("Remove Image").click()
        expect(sentence).to_have_text(re.compile("^Choose"))
    choose(page, tmp_path / "big.png")
    expect(page.get_by_text(re.compile("maximum allowed size")).first).to_be_visible()
    choose(page, tmp_path / "seven.png")
    expect_digit(page, "7", "#upload-answer")


# ---- the page


@pytest.mark.parametrize("width", [390, 320])
def test_a_phone_need_not_scroll_sideways(visit, width):
    page = visit(viewport={"width": width, "height": 844})
    draw_with_mouse(page, DIGITS["8"])
    expect_digit(page, "8")
    sideways = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(sideways) == 0
    open_upload(page)
    assert page.evaluate(sideways) == 0


def test_a_model_that_cannot_be_had_is_named_on_the_page(visit):
    with serve(MODEL_ID="nobody/no-such-model") as (url, _):
        page = visit(url)
        expect(page.get_by_role("alert")).to_have_text(re.compile("nobody/no-such-model.*bundled model answers"))
        draw_with_mouse(page, DIGITS["2"])
        expect_digit(page, "2")
