"""The pad's tools, sharing a drawing, and what the browser remembers, in Chromium."""

import re

import test_browser
from PIL import Image
from serving import draw_with_mouse
from strokes import DIGITS, draw_strokes

browser, context, visit, page = test_browser.browser, test_browser.context, test_browser.visit, test_browser.page
expect, expect_digit, expect_number = test_browser.expect, test_browser.expect_digit, test_browser.expect_number
DRAW_HINT = test_browser.DRAW_HINT
# Of each column of the pad, how many of its pixels have ink.
INK = """canvas => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const column = (x) => Array.from({ length: canvas.height }, (_, y) => data[4 * (y * canvas.width + x) + 3] > 127);
    return Array.from({ length: canvas.width }, (_, x) => column(x).filter(Boolean).length);
}"""
LISTEN = "window.heard = []; document.addEventListener('answered', ({ detail }) => heard.push(detail))"


def button(page, name: str):
    return page.locator("#draw").get_by_role("button", name=name, exact=True)


def open_page(page, url: str, hash: str = "") -> None:
    """Loads the app anew, in the same browser: a change of the hash alone would not."""
    page.goto("about:blank")
    page.goto(url + hash)
    expect(page.locator("#draw .sentence")).not_to_be_empty()


def copied_link(page) -> str:
    button(page, "Share").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    link = page.get_by_label("Link to this drawing").input_value()
    page.keyboard.press("Escape")
    return link


# ---- the ink


def test_ink_follows_the_pen_before_it_is_lifted(page):
    pad = page.locator(".paper > canvas")
    box = pad.bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.down()
    seen = [sum(map(bool, pad.evaluate(INK)))]
    for x in (140, 180, 220):
        page.mouse.move(box["x"] + x, box["y"] + 100)
        seen.append(sum(map(bool, pad.evaluate(INK))))
    assert [later - before for before, later in zip(seen, seen[1:], strict=False)] == [40, 40, 40]
    growing = pad.evaluate(INK)
    page.mouse.up()
    assert max(abs(a - b) for a, b in zip(pad.evaluate(INK), growing, strict=True)) <= 2  # as when it is drawn anew
    pad.focus()
    page.keyboard.press(" ")
    page.keyboard.press("ArrowDown")
    assert sum(pad.evaluate(INK)) > sum(growing) + 100


def test_the_page_may_move_under_the_pen(visit):
    page = visit(viewport={"width": 1000, "height": 400})
    pad = page.locator(".paper > canvas")
    box = pad.bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 150)
    page.mouse.down()
    page.mouse.wheel(0, 70)
    page.wait_for_function("scrollY === 70")
    page.mouse.move(box["x"] + 100, box["y"] + 151)
    page.mouse.up()
    assert max(pad.evaluate(INK)) > 80  # the stroke goes down, as the pen did on the pad


# ---- the tools


def test_what_was_undone_is_redone(page):
    hint = page.locator("#draw .sentence")
    expect(button(page, "Redo")).to_be_disabled()
    draw_with_mouse(page, DIGITS["4"])
    expect_digit(page, "4")
    ink = page.locator(".paper > canvas").evaluate(INK)
    button(page, "Undo").click()
    button(page, "Undo").click()
    expect(hint).to_have_text(DRAW_HINT)
    button(page, "Redo").click()
    page.keyboard.press("Control+y")
    expect_digit(page, "4")
    assert page.locator(".paper > canvas").evaluate(ink_equals(ink))
    page.keyboard.press("Delete")
    page.keyboard.press("Control+z")
    expect_digit(page, "4")
    page.keyboard.press("Control+Shift+Z")
    expect(hint).to_have_text(DRAW_HINT)
    page.keyboard.press("Control+z")
    draw_with_mouse(page, [[(0.1, 0.1), (0.1, 0.2)]])
    expect(button(page, "Redo")).to_be_disabled()  # what was undone led elsewhere


def ink_equals(ink: list[int]) -> str:
    return f"canvas => ({INK})(canvas).join() === '{','.join(map(str, ink))}'"


def test_the_pen_is_chosen_and_kept_and_does_not_matter_to_the_model(page, url):
    page.evaluate("app.prefer('why', 'off')")  # it would colour the pixels
    draw_with_mouse(page, [[(0.5, 0.2), (0.5, 0.8)]])
    expect_digit(page, "1")
    pad, seen = page.locator(".paper > canvas"), page.locator("#draw .pixels").get_attribute("src")
    medium, width = max(pad.evaluate(INK)), sum(map(bool, pad.evaluate(INK)))
    page.get_by_label("Thick").check(force=True)
    assert sum(map(bool, page.locator(".paper > canvas").evaluate(INK))) > 1.4 * width
    button(page, "Undo").click()
    expect(page.locator("#draw .sentence")).to_have_text(DRAW_HINT)
    button(page, "Redo").click()
    expect(page.locator("#draw .pixels")).to_have_attribute("src", seen)
    open_page(page, url)
    expect(page.get_by_label("Thick")).to_be_checked()
    page.locator(".paper > canvas").focus()
    page.keyboard.press("[")
    page.keyboard.press("[")
    expect(page.get_by_label("Thin")).to_be_checked()
    draw_with_mouse(page, [[(0.5, 0.2), (0.5, 0.8)]])
    assert max(page.locator(".paper > canvas").evaluate(INK)) < medium
    page.get_by_role("tab", name="Compare").click()
    expect(page.locator("#compare").get_by_role("radio", name="Thin")).to_be_checked()


def test_pressure_widens_the_line_on_the_screen(page):
    box = page.locator(".paper > canvas").bounding_box()
    pen = page.context.new_cdp_session(page)

    def press(kind: str, x: float, force: float) -> None:
        at = {"x": box["x"] + x * box["width"], "y": box["y"] + 0.5 * box["height"]}
        options = {"button": "left", "buttons": 1, "clickCount": 1, "pointerType": "pen", "force": force}
        pen.send("Input.dispatchMouseEvent", {"type": kind, **at, **options})

    press("mousePressed", 0.1, 0.1)
    for step in range(2, 10):
        press("mouseMoved", step / 10, 0.1 if step < 6 else 0.9)
    press("mouseReleased", 0.9, 0.9)
    expect(page.locator("#draw .top li")).to_have_count(3)
    ink = page.locator(".paper > canvas").evaluate(INK)
    light, firm = ink[int(0.3 * len(ink))], ink[int(0.75 * len(ink))]
    assert 0 < 1.8 * light < firm


def test_examples_are_drawn_and_read(page):
    for digit in DIGITS:
        button(page, f"Example: {digit}").click()
        expect_digit(page, digit)
    button(page, "Undo").click()
    expect_digit(page, "8")
    page.get_by_label("A number").check(force=True)
    button(page, "Example: 365").focus()
    page.keyboard.press("Enter")
    expect_number(page, "365", "#draw")
    expect(button(page, "Example: 365")).to_be_focused()


def test_a_phone_shows_pad_and_answer(visit):
    page = visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    button(page, "Example: 7").click()
    expect_digit(page, "7")
    digit = page.locator("#draw .digit").bounding_box()
    assert digit["y"] + digit["height"] <= 844
    for name in ("Undo", "Redo", "Clear", "Share"):
        assert button(page, name).bounding_box()["width"] >= 44
    examples = page.locator("#draw .drawings button").all()
    for control in [*page.locator("#draw .pens label").all(), *examples]:
        assert min(control.bounding_box()["width"], control.bounding_box()["height"]) >= 24
    page.set_viewport_size({"width": 320, "height": 600})
    assert page.evaluate("document.documentElement.scrollWidth") == 320


# ---- announcing answers


def test_settled_answers_are_announced(page, tmp_path):
    page.evaluate(LISTEN)
    draw_with_mouse(page, DIGITS["5"][:1])
    page.wait_for_function("heard.length === 1")
    draw_with_mouse(page, DIGITS["5"][1:])
    page.wait_for_function("heard.length === 2")
    page.keyboard.press("Delete")
    button(page, "Example: 3").click()
    page.wait_for_function("heard.length === 3")
    first, second, third = page.evaluate("heard")
    assert first["id"] == second["id"] != third["id"]
    assert [len(one["strokes"]) for one in (first, second, third)] == [1, 2, 1]
    assert set(second) == {"source", "id", "answer", "model", "strokes", "page", "picture"}
    assert (second["source"], second["page"], second["model"]) == ("draw", "digit", "mnist_cnn")
    assert second["answer"]["details"][0]["label"] == "5"
    assert second["picture"].startswith("data:image/png")
    size = "url => { const image = new Image(); image.src = url; return image.decode().then(() => image.height) }"
    assert page.evaluate(size, second["picture"]) == 280

    page.route("**/component_server/", lambda route: route.abort())
    draw_with_mouse(page, DIGITS["1"])
    expect(page.locator("#draw .sentence")).to_have_text(re.compile("does not answer"))
    expect(button(page, "Share")).to_be_disabled()
    page.unroute("**/component_server/")
    page.wait_for_function("heard.length === 4")  # it is asked again
    draw_strokes(DIGITS["7"], (800, 600)).save(tmp_path / "seven.png")
    test_browser.open_upload(page)
    test_browser.choose(page, tmp_path / "seven.png")
    page.wait_for_function("heard.length === 5")
    upload = page.evaluate("heard[4]")
    assert (upload["source"], upload["strokes"], upload["model"]) == ("upload", None, "mnist_cnn")
    assert upload["answer"]["details"][0]["label"] == "7" and upload["id"]
    assert upload["picture"].startswith("data:image/jpeg")
    assert page.evaluate(size, upload["picture"]) == 280


# ---- sharing


def test_a_link_reopens_the_drawing_elsewhere(visit, url):
    page = visit()
    page.locator("#draw").get_by_label("Model").select_option("mnist_mlp")
    draw_with_mouse(page, DIGITS["4"])
    expect_digit(page, "4")
    ink = page.locator(".paper > canvas").evaluate(INK)
    link = copied_link(page)
    assert len(link) < 250
    other = visit()
    open_page(other, link)
    expect_digit(other, "4")
    expect(other.locator("#draw").get_by_label("Model")).to_have_value("mnist_mlp")
    opened = other.locator(".paper > canvas").evaluate(INK)
    assert sum(abs(a - b) for a, b in zip(ink, opened, strict=True)) < 0.05 * sum(ink)
    other.keyboard.press("Delete")
    expect(other.locator("#draw .sentence")).to_have_text(DRAW_HINT)
    assert "#" not in other.url

    page.get_by_label("A number").check(force=True)
    button(page, "Example: 1024").click()
    expect_number(page, "1024", "#draw")
    link = copied_link(page)
    other.get_by_role("tab", name="Results").click()
    other.evaluate("hash => { location.hash = hash }", link.partition("#")[2])  # pasted into the same window
    expect_number(other, "1024", "#draw")
    expect(other.locator(".paper > canvas")).to_be_visible()


def test_the_model_of_a_link_stays_when_something_else_is_chosen(visit, url):
    page = visit()
    draw_with_mouse(page, DIGITS["4"])
    expect_digit(page, "4")
    link = copied_link(page)
    page.locator("#draw").get_by_label("Model").select_option("mnist_mlp")  # a preference from now on
    page.goto("about:blank")
    open_page(page, link)
    model = page.locator("#draw").get_by_label("Model")
    expect(model).to_have_value("mnist_cnn")
    page.get_by_role("button", name=re.compile("^Theme")).click()
    expect(model).to_have_value("mnist_cnn")


def test_the_dialog_closes_beside_it_and_not_on_it(visit):
    page = visit()
    button(page, "Example: 2").click()
    expect_digit(page, "2")
    button(page, "Share").click()
    dialog = page.get_by_role("dialog")
    box = dialog.bounding_box()
    page.mouse.click(box["x"] + 6, box["y"] + box["height"] / 2)
    expect(dialog).to_be_visible()
    page.mouse.click(box["x"] - 12, box["y"] + box["height"] / 2)
    expect(dialog).to_be_hidden()


def test_the_link_is_copied_sent_or_selected(visit):
    page = visit()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    button(page, "Example: 2").click()
    expect_digit(page, "2")
    button(page, "Share").click()
    told = page.locator("dialog [aria-live]")
    page.get_by_role("button", name="Copy link").click()
    expect(told).to_have_text("The link is copied.")
    link = page.get_by_label("Link to this drawing")
    assert page.evaluate("navigator.clipboard.readText()") == link.input_value()
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('refused')) }")
    page.get_by_role("button", name="Copy link").click()
    expect(told).to_have_text(re.compile("selected"))
    assert page.evaluate("getSelection().toString()") == link.input_value()
    page.keyboard.press("Delete")
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    expect_digit(page, "2")  # the keys of the dialog are not those of the pad

    page.add_init_script("navigator.share = async (data) => { window.sent = data }")
    page.reload()
    button(page, "Example: 2").click()
    button(page, "Share").click()
    page.get_by_role("dialog").get_by_role("button", name="Share").click()
    assert page.evaluate("sent.url").split("#")[1].startswith("page=digit&model=mnist_cnn&ink=")


def test_what_is_no_link_says_so_and_leaves_a_blank_pad(visit, url):
    page = visit()
    sentence = page.locator("#draw .sentence")
    markup = "%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E"
    broken = [
        "page=digit&ink=",
        "page=digit&ink=A",
        "page=digit&ink=" + "A" * 12,
        f"page=digit&ink={markup}",
        f"page={markup}&ink=BAUa",
        "page=__proto__&ink=CI4CVgMeACwJTAAoCUoAKAUa",
        "page=digit&ink=____CI4CVgMeACwJTAAoCUoAKAUa",
        "page=digit&ink=" + "CI4CVgMe" * 5000,
        "page=digit&ink=AdgEAA",  # a dot beyond the pad
    ]
    open_page(page, url, f"/#{broken[0]}")
    for hash in broken:
        page.evaluate("hash => { location.hash = hash }", hash)
        expect(sentence).to_have_text("This link holds no drawing that can be opened. Draw one here.")
        assert not any(page.locator(".paper > canvas").evaluate(INK))
        page.get_by_label("A number").check(force=True)
        page.get_by_label("One digit").check(force=True)
        expect(sentence).to_have_text(DRAW_HINT)
    draw_with_mouse(page, DIGITS["1"])
    expect_digit(page, "1")
    open_page(page, url, f"/#page=digit&model={markup}&ink=CI4CVgMeACwJTAAoCUoAKAUa")
    expect_digit(page, "1")
    expect(page.locator("#draw").get_by_label("Model")).to_have_value("mnist_cnn")


def test_the_card_is_saved_as_a_picture(page, tmp_path):
    for name, shown, file in [("One digit", "7", "digit-7.png"), ("A number", "365", "number-365.png")]:
        page.get_by_label(name).check(force=True)
        button(page, f"Example: {shown}").click()
        expect(page.locator("#draw .sentence")).to_have_text(re.compile(shown))
        button(page, "Share").click()
        expect(page.get_by_role("dialog").locator("img")).to_have_js_property("complete", True)
        expect(page.get_by_role("link", name="Save picture")).to_have_attribute("href", re.compile("^blob:"))
        with page.expect_download() as download:
            page.get_by_role("link", name="Save picture").click()
        assert download.value.suggested_filename == file
        download.value.save_as(tmp_path / file)
        picture = Image.open(tmp_path / file)
        assert (picture.format, picture.size) == ("PNG", (1200, 630))
        for part in ((60, 60, 570, 570), (600, 60, 1140, 300), (600, 500, 1140, 580)):
            assert picture.convert("L").crop(part).getextrema()[0] < 120  # drawing, digits and model
        page.keyboard.press("Escape")


# ---- what is remembered


def test_the_theme_is_chosen_and_kept(visit, url):
    dark = "document.body.classList.contains('dark')"
    page = visit(color_scheme="light")
    assert not page.evaluate(dark)
    page.get_by_role("button", name="Theme: as the system").click()
    page.get_by_role("button", name="Theme: light").click()
    expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()
    assert page.evaluate(dark)
    page.goto("about:blank")
    page.goto(url)
    expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()
    assert page.evaluate(dark)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(19, 18, 17)"
    page.get_by_role("button", name="Theme: dark").click()
    assert not page.evaluate(dark)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(dark)
    open_page(page, url, "/?__theme=light")
    expect(page.get_by_role("button", name="Theme: as the system")).to_be_visible()
    assert not page.evaluate(dark)


def test_the_model_is_remembered_on_every_tab(page, url):
    page.locator("#draw").get_by_label("Model").select_option("mnist_linear")
    test_browser.open_upload(page)
    choice = page.locator("#upload-answer").get_by_label("Model")
    expect(choice).to_have_value("mnist_linear")
    choice.select_option("mnist_mlp")
    open_page(page, url)
    expect(page.locator("#draw").get_by_label("Model")).to_have_value("mnist_mlp")
    page.evaluate("app.prefer('model', 'gone')")
    open_page(page, url)
    expect(page.locator("#draw").get_by_label("Model")).to_have_value("mnist_cnn")
