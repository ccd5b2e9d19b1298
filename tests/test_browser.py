"""The app as a visitor meets it, in Chromium: mouse, finger, keyboard, uploads, a phone, no other host."""

import os
import re
from urllib.parse import urlsplit

import numpy as np
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
expect.set_options(timeout=20_000)  # milliseconds: other tests run beside these
DRAW_HINT = "Draw a digit from 0 to 9."
DESK = {"width": 1100, "height": 800}
CROSS = [[(0.2, 0.2), (0.8, 0.8)], [(0.8, 0.2), (0.2, 0.8)]]


@pytest.fixture(scope="module")
def browser():
    with open_chromium("--process-per-site") as browser:
        yield browser


@pytest.fixture(scope="module")
def context(browser, url):
    """Of the usual visitor. One page stays open, so that the others start in its process, which knows the scripts."""
    context = browser.new_context()
    context.new_page().goto(f"{url}/favicon.ico")
    yield context
    context.close()


def forget_visitor(context, url: str) -> None:
    """Closes the pages, and takes away what they have stored and been allowed."""
    first, *others = context.pages
    for page in others:
        page.close()
    context.clear_cookies()
    context.clear_permissions()
    devtools = context.new_cdp_session(first)
    devtools.send("Storage.clearDataForOrigin", {"origin": url, "storageTypes": "all"})
    devtools.detach()


@pytest.fixture
def visit(browser, context, url):
    """Opens the app as a new visitor; at the end, fails on any script error or request to another host.

    The first page is the usual visitor's, unless it has options: then, as all others, it has a context of its own.
    """
    contexts, strangers, errors = [], set(), []

    def visit(address: str = url, viewport=DESK, **options):
        usual = address == url and not options and len(context.pages) == 1
        if not usual:
            contexts.append(browser.new_context(**options))
        page = (context if usual else contexts[-1]).new_page()
        page.set_viewport_size(viewport)
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
    forget_visitor(context, url)
    for own in contexts:
        own.close()
    assert not strangers and not errors


@pytest.fixture
def page(visit):
    return visit()


def expect_digit(page, digit: str, tab: str = "#draw") -> None:
    expect(page.locator(f"{tab} .digit")).to_have_text(digit)


def open_upload(page) -> None:
    page.get_by_role("tab", name="Upload").click()
    expect(page.locator("#upload-answer .sentence")).to_be_visible()


def side_by_side(digits: str, spread: float = 0.34, scale: float = 0.6) -> list:
    """Strokes of a number, in units of its height."""
    return [
        [(0.1 + index * spread + x * scale, 0.2 + y * scale) for x, y in stroke]
        for index, digit in enumerate(digits)
        for stroke in DIGITS[digit]
    ]


def save_number(folder, digits: str, size: tuple[int, int] = (800, 400)):
    """A picture of a number; the path to it."""
    strokes = [[(x * size[1] / size[0], y) for x, y in stroke] for stroke in side_by_side(digits)]
    draw_strokes(strokes, size, 12).save(folder / f"{digits}.png")
    return folder / f"{digits}.png"


def write_on_wide_pad(page, strokes: list) -> None:
    box = page.locator("#draw .paper > canvas").bounding_box()
    for stroke in strokes:
        points = [(box["x"] + x * box["height"], box["y"] + y * box["height"]) for x, y in stroke]
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point)
        page.mouse.up()


def expect_number(page, digits: str, tab: str) -> None:
    expect(page.locator(f"{tab} .number b")).to_have_text(list(digits))


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
    expect(page.locator("#draw .correction")).to_be_hidden()  # this app keeps nothing
    assert page.locator("#draw .seen img").evaluate("image => [image.naturalWidth, image.naturalHeight]") == [28, 28]


def test_the_answer_follows_the_pen_before_it_is_lifted(page):
    box = page.locator(".paper > canvas").bounding_box()
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
    page.locator(".paper > canvas").focus()
    for key in [*["ArrowUp"] * 8, "Space", *["ArrowDown"] * 16, "Space"]:
        page.keyboard.press(key)
    expect_digit(page, "1")
    expect(page.locator("#draw [role=status]")).to_have_text(re.compile("1"))


def test_a_finger_draws_and_does_not_scroll(visit):
    page = visit(viewport={"width": 390, "height": 500}, has_touch=True, is_mobile=True)
    page.locator(".paper > canvas").scroll_into_view_if_needed()
    offset = page.evaluate("scrollY")
    box = page.locator(".paper > canvas").bounding_box()
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
    expect(page.locator("#draw .sentence")).to_have_text(re.compile("does not answer.*drawing is kept"))
    draw_with_mouse(page, DIGITS["5"][1:])
    page.unroute("**/component_server/")
    expect_digit(page, "5")  # it is asked again, without a stroke


def test_the_wide_page_reads_a_number(page):
    page.get_by_label("A number").check(force=True)
    expect(page.locator("#draw .sentence")).to_have_text("Write a number, digit by digit.")
    box = page.locator("#draw .paper > canvas").bounding_box()
    assert box["width"] > 2 * box["height"]
    write_on_wide_pad(page, side_by_side("402"))
    expect_number(page, "402", "#draw")
    expect(page.locator("#draw .number .percentage")).to_have_text([re.compile("%")] * 3)
    expect(page.locator("#draw .sentence")).to_have_text("This reads 402.")
    expect(page.locator("#draw [role=status]")).to_have_text("This reads 402.")
    expect(page.locator("#draw .paper .box")).to_have_count(3)
    page.locator("#draw .number").get_by_role("radio", name="Digit 3 of 3: 2").click()
    expect_digit(page, "2")
    page.get_by_role("button", name="Undo").click()
    expect_number(page, "40", "#draw")


def test_the_page_may_be_turned_and_keeps_the_strokes(page):
    draw_with_mouse(page, DIGITS["4"])
    expect_digit(page, "4")
    page.get_by_label("A number").check(force=True)
    expect(page.locator("#draw .sentence")).to_have_text("This is a 4.")
    write_on_wide_pad(page, [[(x + 1, y) for x, y in stroke] for stroke in DIGITS["2"]])
    expect_number(page, "42", "#draw")
    page.get_by_label("One digit").check(force=True)
    expect_number(page, "42", "#draw")  # all of it still in sight
    for _ in range(2):
        page.get_by_role("button", name="Undo").click()
    ink = (
        "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value)"
    )
    assert page.locator("#draw .paper > canvas").evaluate(ink)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#draw .sentence")).to_have_text(DRAW_HINT)


def test_the_page_is_turned_with_keys(page):
    page.get_by_label("One digit").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#draw .sentence")).to_have_text("Write a number, digit by digit.")
    page.locator(".paper > canvas").focus()
    for key in [*["ArrowUp"] * 8, "Space", *["ArrowDown"] * 16, "Space", *["ArrowRight"] * 10]:
        page.keyboard.press(key)
    expect_digit(page, "1")
    for key in ["Space", *["ArrowUp"] * 16, "Space"]:
        page.keyboard.press(key)
    expect_number(page, "11", "#draw")


def test_a_number_on_the_square_pad_is_no_digit(page):
    draw_with_mouse(page, side_by_side("42", spread=0.42, scale=0.5))
    expect_number(page, "42", "#draw")


def test_a_finger_writes_a_number(visit):
    page = visit(viewport={"width": 390, "height": 700}, has_touch=True, is_mobile=True)
    page.get_by_text("A number", exact=True).tap()
    box = page.locator(".paper > canvas").bounding_box()
    assert box["width"] > 340
    touch = page.context.new_cdp_session(page)
    for stroke in side_by_side("73", spread=0.7):
        for index, (x, y) in enumerate(stroke):
            point = {"x": box["x"] + x * box["height"], "y": box["y"] + y * box["height"]}
            touch.send(
                "Input.dispatchTouchEvent", {"type": "touchMove" if index else "touchStart", "touchPoints": [point]}
            )
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect_number(page, "73", "#draw")


def test_ink_changes_with_the_theme(page):
    ink = "canvas => canvas.getContext('2d').getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data[0]"
    draw_with_mouse(page, [[(0.5, 0.2), (0.5, 0.8)]])
    expect_digit(page, "1")
    light = page.locator(".paper > canvas").evaluate(ink)
    page.evaluate("document.body.classList.toggle('dark')")
    page.wait_for_timeout(100)
    assert abs(page.locator(".paper > canvas").evaluate(ink) - light) > 150


# ---- uploading


def test_a_picture_is_read_and_taken_away(page, tmp_path):
    draw_strokes(DIGITS["7"]).save(tmp_path / "seven.png")
    open_upload(page)
    choose(page, tmp_path / "seven.png")
    expect_digit(page, "7", "#upload-answer")
    page.locator("#picture").get_by_label("Remove Image").click()
    expect(page.locator("#upload-answer .sentence")).to_have_text("Choose a picture of a digit, or of a number.")


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
        ("blank.png", "Nothing here is darker or lighter than the paper"),
    ):
        choose(page, tmp_path / name)
        expect(sentence).to_have_text(re.compile(words))
    page.locator("#picture").get_by_label("Remove Image").click()
    expect(sentence).to_have_text(re.compile("^Choose"))
    choose(page, tmp_path / "big.png")
    expect(sentence).to_have_text("big.png has 11 MB; pictures of up to 10 MB are read.")
    choose(page, tmp_path / "seven.png")
    expect_digit(page, "7", "#upload-answer")


def test_a_number_is_shown_digit_by_digit(page, tmp_path):
    open_upload(page)
    choose(page, save_number(tmp_path, "4028"))
    expect_number(page, "4028", "#upload-answer")
    expect(page.locator("#upload-answer .number .percentage")).to_have_text([re.compile("%")] * 4)
    expect(page.locator("#upload-answer .sentence")).to_have_text("This reads 4028.")
    boxes = page.locator("#picture .box")
    expect(boxes).to_have_count(4)
    expect(boxes.nth(2)).to_have_text(re.compile("2 .*%"))
    boxes.nth(2).click()
    expect_digit(page, "2", "#upload-answer")
    expect(page.locator("#upload-answer .which")).to_have_text("Digit 3 of 4")
    expect(page.locator("#upload-answer .number [aria-checked=true]")).to_have_text(re.compile("^2"))
    choose_another = page.locator("#upload-answer .number").get_by_role("radio", name="Digit 4 of 4: 8")
    choose_another.click()
    expect_digit(page, "8", "#upload-answer")
    expect(boxes.nth(3)).to_have_attribute("aria-checked", "true")
    expect(page.locator("#upload-answer .top li").first).to_have_text(re.compile("^8"))


@pytest.mark.parametrize("width", [1100, 390])
def test_the_boxes_lie_on_the_digits(visit, tmp_path, width):
    page = visit(viewport={"width": width, "height": 800})
    path = save_number(tmp_path, "407")
    dark = np.asarray(Image.open(path).convert("L")) < 128
    open_upload(page)
    choose(page, path)
    expect(page.locator("#picture .box")).to_have_count(3)
    page.set_viewport_size({"width": width - 60, "height": 900})  # they move with the picture
    page.wait_for_timeout(300)
    image = page.locator("#picture .image-frame img").bounding_box()
    scale = min(image["width"] / dark.shape[1], image["height"] / dark.shape[0])
    left = image["x"] + (image["width"] - dark.shape[1] * scale) / 2
    top = image["y"] + (image["height"] - dark.shape[0] * scale) / 2
    covered = np.zeros_like(dark)
    for box in page.locator("#picture .box").all():
        place = box.bounding_box()
        x, y = (place["x"] - left) / scale, (place["y"] - top) / scale
        rows = slice(max(0, int(y)), int(y + place["height"] / scale) + 1)
        columns = slice(max(0, int(x)), int(x + place["width"] / scale) + 1)
        assert dark[rows, columns].any()
        covered[rows, columns] = True
    assert covered[dark].mean() > 0.98 and covered.mean() < 0.4


def test_the_digits_are_chosen_with_keys(page, tmp_path):
    open_upload(page)
    choose(page, save_number(tmp_path, "402"))
    expect_number(page, "402", "#upload-answer")
    for group in ("#picture .boxes", "#upload-answer .number"):
        radios = page.locator(group).get_by_role("radio")
        assert radios.evaluate_all("all => all.filter(one => one.tabIndex === 0).length") == 1
        page.locator(f"{group} [aria-checked=true]").focus()
        for _ in range(3):
            page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowLeft")
        assert radios.evaluate_all("all => all.indexOf(document.activeElement)") == 2
        expect_digit(page, "2", "#upload-answer")
        page.keyboard.press("ArrowLeft")
        expect_digit(page, "0", "#upload-answer")
        page.keyboard.press("ArrowLeft")


def test_a_refusal_says_why(page, tmp_path):
    draw_strokes(CROSS, (300, 300)).save(tmp_path / "cross.png")
    light = np.linspace(255, 130, 400)[None].repeat(300, axis=0).astype(np.uint8)
    Image.fromarray(light).save(tmp_path / "light.png")
    open_upload(page)
    sentence = page.locator("#upload-answer .sentence")
    choose(page, tmp_path / "cross.png")
    expect(sentence).to_have_text(re.compile("does not look like a digit.*letter.*nearest to [0-9]"))
    expect(page.locator("#picture .box")).to_have_attribute("aria-label", re.compile("^no digit, nearest to"))
    expect_digit(page, "", "#upload-answer")
    page.locator("#picture").get_by_label("Remove Image").click()
    choose(page, tmp_path / "light.png")
    expect(sentence).to_have_text(re.compile("Nothing here stands out from the paper as ink does"))
    expect(page.locator("#picture .box")).to_have_count(0)


def test_the_steps_are_folded_away(page, tmp_path):
    open_upload(page)
    steps = page.locator("#upload-answer .steps")
    expect(steps).to_be_hidden()
    choose(page, save_number(tmp_path, "40"))
    expect_number(page, "40", "#upload-answer")
    expect(steps.locator("li").first).to_be_hidden()
    steps.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(steps.locator("strong")).to_have_text(["Grey", "Paper", "Ink", "Boxes", "28 × 28"])
    sizes = steps.locator("img").evaluate_all("all => all.map(image => image.naturalWidth)")
    assert sizes == [360, 360, 360, 360, 28, 28]
    expect(steps.locator(".outline")).to_have_count(2)


def test_boxes_go_with_their_picture(page, tmp_path):
    open_upload(page)
    choose(page, save_number(tmp_path, "40"))
    expect(page.locator("#picture .box")).to_have_count(2)
    page.locator("#picture").get_by_label("Remove Image").click()
    expect(page.locator("#picture .box")).to_have_count(0)
    page.locator("#examples button").first.click()
    expect(page.locator("#picture .box")).to_have_count(1)


def test_the_answer_to_another_picture_is_not_shown_on_this_one(page, tmp_path):
    open_upload(page)
    choose(page, save_number(tmp_path, "40"))
    expect(page.locator("#picture .box")).to_have_count(2)
    held = []
    holding = True
    page.route("**/component_server/", lambda route: held.append(route) if holding else route.continue_())
    page.locator("#examples button").first.click()
    while not held:
        page.wait_for_timeout(20)
    page.locator("#picture .image-frame img").evaluate("image => image.decode()")
    page.wait_for_timeout(100)
    expect(page.locator("#picture .boxes")).to_be_hidden()
    expect(page.locator("#upload-answer [aria-busy=true]")).to_have_count(1)
    holding = False
    for route in held:
        route.continue_()
    expect(page.locator("#picture .box")).to_have_count(1)
    expect(page.locator("#picture .boxes")).to_be_visible()
    expect(page.locator("#upload-answer [aria-busy=true]")).to_have_count(0)


def test_the_camera_has_a_tab_of_its_own(page):
    open_upload(page)
    page.locator("#picture").get_by_role("button", name="Camera").click()
    expect(page.get_by_role("tab", name="Camera")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#camera").get_by_role("button", name="Start the camera")).to_be_visible()


def test_after_a_file_that_is_no_picture_another_can_be_chosen(page, tmp_path):
    open_upload(page)
    (tmp_path / "notes.txt").write_text("seven")
    choose(page, tmp_path / "notes.txt")
    expect(page.locator("#upload-answer .sentence")).to_contain_text("notes.txt")
    expect(page.locator("#picture").get_by_text("Choose")).to_be_visible()
    choose(page, save_number(tmp_path, "40"))
    expect_number(page, "40", "#upload-answer")


# ---- the page


@pytest.mark.parametrize(("width", "height"), [(390, 664), (360, 640), (412, 732)])
def test_the_digit_is_in_sight_below_the_pad_of_a_phone(visit, width, height):
    page = visit(viewport={"width": width, "height": height}, is_mobile=True, has_touch=True)
    draw_with_mouse(page, DIGITS["8"])
    expect_digit(page, "8")
    box = page.locator("#draw .digit").bounding_box()
    assert box["y"] + 0.8 * box["height"] <= height


def test_a_phone_held_across_has_room_beside_the_pad(visit):
    page = visit(viewport={"width": 667, "height": 375})
    box = page.locator("#draw .paper").bounding_box()
    assert box["height"] < 375 - 60 and box["width"] < 667 - 60


@pytest.mark.parametrize("width", [390, 320])
def test_a_phone_need_not_scroll_sideways(visit, tmp_path, width):
    page = visit(viewport={"width": width, "height": 844})
    draw_with_mouse(page, DIGITS["8"])
    expect_digit(page, "8")
    sideways = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(sideways) == 0
    page.get_by_role("button", name="Clear").click()
    page.get_by_text("A number", exact=True).click()
    write_on_wide_pad(page, side_by_side("402"))
    expect_number(page, "402", "#draw")
    assert page.evaluate(sideways) == 0
    open_upload(page)
    choose(page, save_number(tmp_path, "402", (1000, 400)))
    expect_number(page, "402", "#upload-answer")
    page.locator("#upload-answer summary").click()
    assert page.evaluate(sideways) == 0


def test_a_model_that_cannot_be_had_is_named_on_the_page(visit):
    with serve(MODEL_ID="nobody/no-such-model") as (url, _):
        page = visit(url)
        expect(page.get_by_role("alert")).to_have_text(re.compile("nobody/no-such-model.*bundled model answers"))
        draw_with_mouse(page, DIGITS["2"])
        expect_digit(page, "2")
