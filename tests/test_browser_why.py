"""Why a digit was read, in Chromium: colours on the ink, gone while the pen moves, and the choice kept."""

import re

import numpy as np
import test_browser
from PIL import Image
from serving import draw_with_mouse
from strokes import DIGITS, draw_strokes

browser, context, visit, page = test_browser.browser, test_browser.context, test_browser.visit, test_browser.page
expect, expect_number = test_browser.expect, test_browser.expect_number

EXPLAINED = re.compile("explained")
# Of the colours on the pad or a picture, drawn at 100x100: how many pixels there are, and how many redder than blue.
COLOURS = """(layer) => {
  const brush = Object.assign(document.createElement("canvas"), { width: 100, height: 100 }).getContext("2d");
  brush.drawImage(layer.querySelector(".colours"), 0, 0, 100, 100);
  const { data } = brush.getImageData(0, 0, 100, 100);
  const pixels = Array.from({ length: 10000 }, (_, index) => data.slice(4 * index, 4 * index + 4));
  const inked = pixels.filter((pixel) => pixel[3] > 128);
  const strong = pixels.flatMap((pixel, index) => (pixel[3] > 128 && pixel[0] > pixel[2] + 90 ? [index] : []));
  return { inked: inked.length, strong };
}"""


def choose_why(page, name: str, tab: str = "#draw") -> None:
    page.locator(tab).get_by_role("radio", name=re.compile(name)).check(force=True)


def test_the_ink_is_coloured_where_it_counts_and_plain_under_the_pen(page):
    why, layer = page.locator("#draw .why"), page.locator("#draw .boxes")
    expect(why).to_be_hidden()
    draw_with_mouse(page, DIGITS["9"])
    expect(layer).to_have_class(EXPLAINED)
    said = r"Without the piece of ink (on the left|at the top|at the top left), this would be read as a [47] \(\d"
    expect(why.locator(".words")).to_have_text(re.compile(said))
    colours = layer.evaluate(COLOURS)
    rows, columns = np.divmod(colours["strong"], 100)
    assert colours["inked"] > 200 and len(columns) > 20
    place = why.locator(".words").inner_text().split(",")[0]
    assert ("left" in place) <= (np.median(columns) < 50) and ("top" in place) <= (np.median(rows) < 50)
    seen = page.locator("#draw .seen img")
    coloured = seen.get_attribute("src")
    box = page.locator("#draw .paper > canvas").bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    expect(layer).not_to_have_class(EXPLAINED)
    page.mouse.up()
    expect(layer).to_have_class(EXPLAINED)
    page.get_by_role("button", name="Undo").click()
    expect(seen).to_have_attribute("src", coloured)
    page.get_by_role("button", name="Clear").click()
    expect(layer).not_to_have_class(EXPLAINED)
    expect(why).to_be_hidden()


def test_the_choice_is_made_by_key_and_remembered(page):
    draw_with_mouse(page, DIGITS["9"])
    why, layer = page.locator("#draw .why"), page.locator("#draw .boxes")
    expect(why.get_by_role("radio", name="Why a 9")).to_be_checked()
    why.get_by_role("radio", name="Why a 9").focus()
    page.keyboard.press("ArrowRight")
    second = page.locator("#draw .top li").nth(1).inner_text()[0]
    expect(why.get_by_role("radio", name=f"Why not a {second}")).to_be_checked()
    expect(why.locator(".words p").first).to_have_text(re.compile(f"The runner-up is a {second}, with"))
    expect(why.locator(".scale span")).to_have_text([f"for a {second}", "for a 9"])
    page.keyboard.press("ArrowRight")
    expect(why.get_by_role("radio", name="Off")).to_be_checked()
    expect(layer).not_to_have_class(EXPLAINED)
    expect(why.locator(".words")).to_be_hidden()
    page.reload()
    draw_with_mouse(page, DIGITS["9"])
    expect(why.get_by_role("radio", name="Off")).to_be_checked()
    page.wait_for_timeout(600)  # longer than the colours wait for the pen to rest
    expect(layer).not_to_have_class(EXPLAINED)
    choose_why(page, "Why a 9")
    expect(layer).to_have_class(EXPLAINED)


def test_an_upload_is_explained_on_the_picture(page, tmp_path):
    draw_strokes(DIGITS["9"], (400, 300), 14, box=(180, 60, 200, 200)).save(tmp_path / "nine.png")
    test_browser.open_upload(page)
    test_browser.choose(page, tmp_path / "nine.png")
    layer = page.locator(".boxes.explained")
    expect(layer).to_be_attached()
    strong = np.array(layer.evaluate(COLOURS)["strong"])
    ink = np.argwhere(np.asarray(Image.open(tmp_path / "nine.png").convert("L").resize((100, 100))) < 128)
    near = [np.abs(ink - [index // 100, index % 100]).max(axis=1).min() for index in strong]
    assert len(strong) > 10 and max(near) <= 3  # the colours lie on the ink


def test_each_digit_of_a_number_has_its_reason(page):
    page.get_by_label("A number").check(force=True)
    test_browser.write_on_wide_pad(page, test_browser.side_by_side("48", spread=0.6))
    expect_number(page, "48", "#draw")
    expect(page.locator("#draw .boxes")).to_have_class(EXPLAINED)
    why = page.locator("#draw .why")
    page.locator("#draw .tile").nth(1).click()
    expect(why.get_by_role("radio", name="Why an 8")).to_be_checked()
    page.locator("#draw .tile").nth(0).click()
    expect(why.get_by_role("radio", name="Why a 4")).to_be_checked()
    assert len(page.locator("#draw .boxes").evaluate(COLOURS)["strong"]) > 10


def test_a_phone_has_no_need_to_scroll_sideways(visit):
    page = visit(viewport={"width": 390, "height": 800})
    draw_with_mouse(page, DIGITS["8"])
    expect(page.locator("#draw .boxes")).to_have_class(EXPLAINED)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
