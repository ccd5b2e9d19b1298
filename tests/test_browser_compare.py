"""Choosing a model, and comparing all of them, in Chromium."""

import re

import pytest
import test_browser
from bundled_copies import copy_model, write_start
from serving import draw_with_mouse, serve
from strokes import DIGITS, draw_strokes

from mnist_model.ui.words import with_article

browser, context, visit, page = test_browser.browser, test_browser.context, test_browser.visit, test_browser.page
expect, expect_digit, expect_number = test_browser.expect, test_browser.expect_digit, test_browser.expect_number

NAMES = ["mnist_cnn", "mnist_mlp", "mnist_knn", "mnist_linear"]  # as they are listed
PAD = "#compare .paper > canvas"
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """The app with four models, of which mnist_linear reads every digit as the next one."""
    folder = tmp_path_factory.mktemp("bundled")
    copy_model(folder, "mnist_linear", 0.9256, off_by=1, parameters=7850, description="multinomial logistic regression")
    copy_model(folder, "mnist_knn", 0.9754, parameters=470_400, description="k nearest neighbours, " + "exact " * 30)
    copy_model(folder, "mnist_mlp", 0.9825, parameters=407_050)
    copy_model(folder, "mnist_cnn", 0.9959, refuses=True, parameters=314_906)
    with serve(write_start(folder / "start.py", folder)) as (url, _):
        yield url


def choose_model(page, name: str, tab: str = "#draw") -> None:
    page.locator(tab).get_by_label("Model").select_option(name)


def open_compare(page) -> None:
    page.get_by_role("tab", name="Compare").click()
    expect(page.locator(PAD)).to_be_visible()


def upload_to_compare(page, file) -> None:
    page.locator("#compare").get_by_label("Upload", exact=True).check(force=True)
    page.locator("#compare-picture input[type=file]").first.set_input_files(file)


def rows(page):
    return (
        page.locator("#compare").get_by_role("table", name="What each model reads").locator("tbody").get_by_role("row")
    )


def expect_compared(page, digit: str, dissent: str) -> None:
    """Three models read one digit, mnist_linear another."""
    sentence = f"3 of 4 models read {with_article(digit)}; mnist_linear reads {with_article(dissent)}."
    expect(page.locator("#compare .sentence")).to_have_text(sentence)
    expect(rows(page).locator(".read")).to_have_text([digit] * 3 + [dissent])


# ---- choosing a model


def test_another_model_answers_the_same_drawing(page):
    choice = page.locator("#draw").get_by_label("Model")
    expect(choice).to_have_value("mnist_cnn")
    assert choice.locator("option").all_inner_texts() == NAMES
    draw_with_mouse(page, DIGITS["7"])
    expect_digit(page, "7")
    choose_model(page, "mnist_linear")
    expect_digit(page, "8")
    expect(page.locator("#draw .about")).to_have_text(
        re.compile("^Multinomial logistic regression. 7,850 parameters, ")
    )
    draw_with_mouse(page, [[(0.42, 0.52), (0.64, 0.51)]])
    expect_digit(page, "8")  # and the next stroke, too
    choose_model(page, "mnist_cnn")
    expect_digit(page, "7")


def test_the_choice_is_made_with_keys_and_keeps_the_drawing(page):
    draw_with_mouse(page, DIGITS["3"])
    expect_digit(page, "3")
    page.locator("#draw").get_by_label("Model").focus()
    page.keyboard.type("mnist_l")
    expect_digit(page, "4")
    page.keyboard.press("Delete")
    page.keyboard.press("Escape")
    page.keyboard.press("Home")
    expect_digit(page, "3")


def test_a_blank_pad_stays_blank(page):
    choose_model(page, "mnist_knn")
    page.wait_for_timeout(200)
    expect(page.locator("#draw .sentence")).to_have_text(test_browser.DRAW_HINT)


def test_any_model_reads_a_number(page):
    page.get_by_label("A number").check(force=True)
    choose_model(page, "mnist_linear")
    test_browser.write_on_wide_pad(page, test_browser.side_by_side("402"))
    expect_number(page, "513", "#draw")
    choose_model(page, "mnist_mlp")
    expect_number(page, "402", "#draw")
    expect(page.locator("#draw .paper .box")).to_have_count(3)


def test_an_answer_of_the_model_before_is_dropped(page):
    held = []
    draw_with_mouse(page, DIGITS["7"])
    expect_digit(page, "7")
    page.route("**/component_server/", lambda route: held.append(route) if not held else route.continue_())
    choose_model(page, "mnist_linear")
    while not held:
        page.wait_for_timeout(20)
    choose_model(page, "mnist_mlp")
    expect_digit(page, "7")
    with page.expect_response("**/component_server/"):
        held[0].continue_()
    page.wait_for_timeout(100)
    expect_digit(page, "7")


def test_another_model_answers_the_same_picture(page, tmp_path):
    test_browser.open_upload(page)
    choose_model(page, "mnist_linear", "#upload-answer")
    test_browser.choose(page, test_browser.save_number(tmp_path, "402"))
    expect_number(page, "513", "#upload-answer")
    choose_model(page, "mnist_knn", "#upload-answer")
    expect_number(page, "402", "#upload-answer")
    expect(page.locator("#picture .box")).to_have_count(3)
    page.locator("#picture").get_by_label("Remove Image").click()
    expect(page.locator("#upload-answer .sentence")).to_have_text(re.compile("^Choose"))
    choose_model(page, "mnist_cnn", "#upload-answer")
    page.wait_for_timeout(200)
    expect(page.locator("#upload-answer .sentence")).to_have_text(re.compile("^Choose"))


# ---- comparing


def test_every_model_reads_a_drawing(page):
    open_compare(page)
    expect(rows(page).locator(".model-name")).to_have_text(NAMES)
    expect(page.locator("#compare .sentence")).to_have_text("Draw a digit: every model reads it.")
    draw_with_mouse(page, DIGITS["7"], PAD)
    expect_compared(page, "7", "8")
    expect(page.locator("#compare [role=status]")).to_have_text(re.compile("^3 of 4 models"))
    expect(rows(page).locator(".percentage")).to_have_text([re.compile("%")] * 4)
    expect(rows(page).locator(".time")).to_have_text([re.compile(r"^\d+(\.\d+)? ms$")] * 4)
    assert rows(page).locator(".bar").evaluate_all("all => all.every(bar => bar.offsetWidth > 20)")
    expect(rows(page).locator(".parameters")).to_have_text(
        [re.compile(f"^{n}") for n in ("314,906", "407", "470", "7,8")]
    )
    expect(rows(page).locator(".accuracy")).to_have_text([re.compile(f"^{n}") for n in ("99.59%", "98", "97", "92")])
    assert page.locator("#compare .pixels").evaluate("image => image.naturalWidth") == 28
    page.locator("#compare").get_by_role("button", name="Clear").click()
    expect(rows(page).locator(".read")).to_have_text([""] * 4)
    expect(page.locator("#compare .sentence")).to_have_text("Draw a digit: every model reads it.")


def test_dissent_is_told_by_a_word(page):
    open_compare(page)
    draw_with_mouse(page, DIGITS["2"], PAD)
    expect_compared(page, "2", "3")
    marks = page.locator("#compare").get_by_text("differs")
    expect(marks.filter(visible=True)).to_have_count(1)
    expect(rows(page).nth(3).get_by_text("differs")).to_be_visible()


def test_what_one_model_refuses_stands_in_its_row(page):
    open_compare(page)
    draw_with_mouse(page, test_browser.CROSS, PAD)
    expect(rows(page).first.locator(".note")).to_have_text(re.compile("^no digit, nearest to [0-9]$"))
    expect(rows(page).first.locator(".bar")).to_be_hidden()
    expect(page.locator("#compare .sentence")).to_have_text(re.compile("mnist_cnn sees no digit"))


def test_the_pad_is_drawn_on_with_keys_and_undone(page):
    open_compare(page)
    page.locator(PAD).focus()
    for key in [*["ArrowUp"] * 8, "Space", *["ArrowDown"] * 16, "Space"]:
        page.keyboard.press(key)
    expect_compared(page, "1", "2")
    page.keyboard.press("Control+z")
    expect(page.locator("#compare .sentence")).to_have_text("Draw a digit: every model reads it.")


def test_every_model_reads_a_picture_and_the_drawing_is_kept(page, tmp_path):
    open_compare(page)
    draw_with_mouse(page, DIGITS["7"], PAD)
    expect_compared(page, "7", "8")
    draw_strokes(DIGITS["5"]).save(tmp_path / "five.png")
    (tmp_path / "text.png").write_text("no picture")
    upload_to_compare(page, tmp_path / "five.png")
    expect_compared(page, "5", "6")
    for selector in (".drawings", ".keys"):  # of the pad
        expect(page.locator(f"#compare {selector}")).to_be_hidden()
    page.locator("#compare").get_by_label("Draw", exact=True).check(force=True)
    expect_compared(page, "7", "8")
    page.locator("#compare").get_by_label("Upload", exact=True).check(force=True)
    expect_compared(page, "5", "6")
    held = []
    page.route("**/queue/join*", lambda route: held.append(route))
    page.locator("#compare").get_by_role("button", name="Example: black on white").click()
    expect(page.locator("#compare .comparison")).to_have_attribute("aria-busy", "true")  # of the picture before
    for route in held:
        route.continue_()
    page.unroute("**/queue/join*")
    expect_compared(page, "3", "4")
    expect(page.locator("#compare .comparison")).to_have_attribute("aria-busy", "false")
    sentence = page.locator("#compare .sentence")
    page.locator("#compare-picture").get_by_label("Remove Image").click()
    expect(sentence).to_have_text("Choose a picture of a digit: every model reads it.")
    upload_to_compare(page, tmp_path / "text.png")
    expect(sentence).to_have_text(re.compile("text.png is no picture"))
    upload_to_compare(page, test_browser.save_number(tmp_path, "4028"))
    expect(sentence).to_have_text(re.compile("more than one thing"))
    page.locator("#compare").get_by_role("button", name="Example: black on white").click()
    expect_compared(page, "3", "4")


def test_draw_or_upload_is_chosen_with_keys(page):
    open_compare(page)
    page.locator("#compare").get_by_label("Draw", exact=True).focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(PAD)).to_be_hidden()
    expect(page.locator("#compare-picture")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(PAD)).to_be_visible()
    expect(page.locator("#compare-picture")).to_be_hidden()


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (800, 800), (390, 844), (320, 600)])
def test_the_table_fits_the_window(visit, width, height):
    page = visit(viewport={"width": width, "height": height})
    open_compare(page)
    draw_with_mouse(page, DIGITS["8"], PAD)
    expect_compared(page, "8", "9")
    assert page.evaluate(SIDEWAYS) == 0
    panel = page.locator("#compare .comparison").bounding_box()
    overflow = """([left, right]) => [...document.querySelectorAll('#compare tbody :is(th, td, span)')].filter(part => {
        const box = part.getBoundingClientRect();
        return box.width && !part.closest('.description') && (box.left < left || box.right > right);
    }).length"""
    assert page.evaluate(overflow, [panel["x"], panel["x"] + panel["width"]]) == 0


def test_controls_are_large_enough_and_named(visit):
    page = visit(viewport={"width": 390, "height": 844})
    controls = [page.locator("#draw").get_by_label("Model")]
    open_compare(page)
    controls += page.locator("#compare .choices span").all()
    controls += [page.locator("#compare").get_by_role("button", name=name) for name in ("Undo", "Clear")]
    page.get_by_role("tab", name="Draw").click()
    assert controls[0].bounding_box()["height"] >= 24
    open_compare(page)
    for control in controls[1:]:
        assert min(control.bounding_box()["width"], control.bounding_box()["height"]) >= 24
