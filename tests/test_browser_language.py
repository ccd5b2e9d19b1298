"""The page in other languages than English, in Chromium: what it says, which way it runs, and how it is chosen."""

import re

import pytest
import test_browser
from serving import draw_with_mouse
from strokes import DIGITS

from mnist_model.ui.language import phrases
from mnist_model.ui.report import read_report

ACCURACY = f"{100 * read_report('mnist_cnn')['accuracy']:.2f}"

browser = test_browser.browser  # a fixture
expect, expect_digit = test_browser.expect, test_browser.expect_digit

SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
TABS = ("draw", "upload", "compare", "results")


@pytest.fixture
def visit(browser, url):
    """Opens the app as a visitor whose browser speaks a language; at the end, fails on any script error."""
    contexts, errors = [], []

    def visit(locale: str, **options):
        context = browser.new_context(**{"viewport": {"width": 1100, "height": 900}, "locale": locale, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(url)
        expect(page.locator("#draw .sentence")).not_to_be_empty()
        return page

    yield visit
    for context in contexts:
        context.close()
    assert not errors


def open_tab(page, name: str, language: str) -> None:
    page.get_by_role("tab", name=phrases(language)[f"tab.{name}"], exact=True).click()


def expect_language(page, language: str, direction: str = "ltr") -> None:
    expect(page.locator("html")).to_have_attribute("lang", re.compile(f"^{language}"))
    expect(page.locator("html")).to_have_attribute("dir", direction)
    expect(page.locator("#draw .sentence")).to_have_text(phrases(language)["draw.hint_digit"])
    for name in TABS:
        expect(page.get_by_role("tab", name=phrases(language)[f"tab.{name}"], exact=True)).to_be_visible()
    expect(page.locator("header select")).to_have_value(language)


@pytest.mark.parametrize("width", [320, 360])
def test_a_long_heading_leaves_the_buttons_on_the_page(visit, width):
    page = visit("de-DE", viewport={"width": width, "height": 640})
    button = page.locator("header .theme").bounding_box()
    assert button["x"] + button["width"] <= width


def test_a_german_page(visit, tmp_path):
    page = visit("de-AT")
    expect_language(page, "de")
    expect(page).to_have_title("Handgeschriebene Ziffern")
    expect(page.locator("header .facts")).to_contain_text(f"{ACCURACY}\u00a0%".replace(".", ","))
    draw_with_mouse(page, DIGITS["8"])
    expect(page.locator("#draw .sentence")).to_have_text("Das ist eine 8.")
    expect(page.locator("#draw .about")).to_contain_text("314.906 Parameter")
    open_tab(page, "upload", "de")
    expect(page.locator("#upload-answer .sentence")).to_have_text(phrases("de")["upload.hint"])
    (tmp_path / "text.png").write_text("no picture")
    page.locator("#picture input[type=file]").first.set_input_files(tmp_path / "text.png")
    expect(page.locator("#upload-answer .sentence")).to_contain_text("text.png ist kein lesbares Bild")
    open_tab(page, "compare", "de")
    draw_with_mouse(page, DIGITS["7"], "#compare .paper > canvas")
    expect(page.locator("#compare .sentence")).to_contain_text("Modelle")
    page.locator("#compare .choices").get_by_text("Hochladen").click()
    expect(page.locator("#compare-picture")).to_contain_text("Bild einer Ziffer")
    expect(page.locator("#compare-picture")).to_contain_text("Bild hier ablegen")  # Gradio's own
    open_tab(page, "results", "de")
    expect(page.locator("#results .lead")).to_contain_text("Testbildern richtig")
    expect(page.get_by_role("heading", name="Konfusionsmatrix")).to_be_visible()


def test_an_arabic_page_runs_from_right_to_left(visit):
    page = visit("ar-EG", viewport={"width": 390, "height": 844})
    expect_language(page, "ar", "rtl")
    draw_with_mouse(page, DIGITS["4"])
    expect(page.locator("#draw .sentence")).to_have_text("هذا هو الرقم 4.")
    places = page.locator("#draw .bars li").evaluate_all("all => all.map((bar) => bar.getBoundingClientRect().left)")
    assert places == sorted(places)  # 0 to 9 from left to right
    verdict = page.locator("#draw .verdict").bounding_box()
    assert page.locator("#draw .digit").bounding_box()["x"] > verdict["x"] + verdict["width"] / 2
    assert page.evaluate(SIDEWAYS) == 0
    for name in TABS[1:]:
        open_tab(page, name, "ar")
        expect(page.get_by_role("tab", name=phrases("ar")[f"tab.{name}"], exact=True)).to_have_attribute(
            "aria-selected", "true"
        )
        assert page.evaluate(SIDEWAYS) == 0
    expect(page.locator("#results .lead")).to_contain_text(f"{ACCURACY}%")
    assert page.evaluate(SIDEWAYS) == 0


def test_a_language_that_is_not_spoken_gives_english_and_another_can_be_chosen(visit):
    page = visit("fr-FR")
    expect_language(page, "en")
    expect(page.locator("footer")).to_contain_text("Built with Gradio")
    page.locator("header").get_by_label("Language").select_option("zh")
    expect_language(page, "zh")
    expect(page.locator("footer")).to_contain_text("使用 Gradio 构建")
    page.reload()
    expect_language(page, "zh")
    draw_with_mouse(page, DIGITS["2"])
    expect(page.locator("#draw .sentence")).to_have_text("这是 2。")
    page.locator("header select").select_option("de")
    expect(page.locator("#draw .sentence")).to_have_text("Das ist eine 2.")  # the drawing is still there


def test_a_drawing_that_is_not_answered_yet_outlives_the_choice_of_a_language(visit):
    page = visit("en-GB")
    page.route("**/component_server/", lambda route: route.abort())
    draw_with_mouse(page, DIGITS["2"])
    page.locator("header select").select_option("de")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    page.unroute_all()
    expect(page.locator("#draw .sentence")).to_have_text("Das ist eine 2.")
