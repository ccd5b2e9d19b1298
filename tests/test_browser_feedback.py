"""Correcting an answer, in Chromium: nothing is kept before the visitor agreed, and after that it takes one click."""

import json
import re

import pytest
import test_browser
from bundled_copies import copy_model, write_start
from fake_camera import chromium_flags, draw_numbers, film, write_video
from serving import CHROMIUM, CHROMIUM_FLAGS, draw_with_mouse, serve
from strokes import DIGITS, draw_strokes

browser, context, visit = test_browser.browser, test_browser.context, test_browser.visit  # fixtures
expect = test_browser.expect
THANKS = "Thank you. Kept as: {}."


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def url(tmp_path_factory, data_dir):
    """The app with a model that reads every digit as the next one."""
    folder = tmp_path_factory.mktemp("bundled")
    copy_model(folder, "mnist_cnn", 0.9959, off_by=1, refuses=True)
    with serve(write_start(folder / "start.py", folder), DATA_DIR=str(data_dir)) as (url, _):
        yield url


def kept(data_dir) -> list[dict]:
    return [json.loads(line) for file in data_dir.glob("feedback/*/metadata.jsonl") for line in file.open()]


def row(page, tab: str = "#draw"):
    return page.locator(f"{tab} .correction")


def draw_seven(page) -> None:
    expect(row(page)).to_be_hidden()
    draw_with_mouse(page, DIGITS["7"])
    expect(page.locator("#draw .announcement")).to_have_text(re.compile("8"))  # no other answer is on its way
    expect(row(page)).to_be_visible()


def choose(page, label: str, tab: str = "#draw") -> None:
    row(page, tab).get_by_role("button", name=label, exact=True).click()


def test_the_visitor_is_asked_first_and_may_withdraw(visit, data_dir):
    page, before = visit(), len(kept(data_dir))
    draw_seven(page)
    choose(page, "7")
    expect(row(page)).to_contain_text("28 × 28 pixels that the model saw")
    expect(row(page)).to_contain_text("in this app's own storage.")
    choose(page, "No, thanks")
    expect(row(page).locator(".agreement")).to_be_hidden()
    expect(row(page).get_by_role("button", name="7", exact=True)).to_be_focused()
    assert len(kept(data_dir)) == before
    choose(page, "7")
    choose(page, "Agree and send")
    expect(row(page)).to_contain_text(THANKS.format(7))
    assert [(one["label"], one["answer"], one["model"]) for one in kept(data_dir)[before:]] == [("7", "8", "mnist_cnn")]
    page.reload()
    draw_seven(page)
    choose(page, "not a digit")  # one click, from now on
    expect(row(page)).to_contain_text(THANKS.format("not a digit"))
    choose(page, "Keep no more of mine")
    expect(row(page)).to_contain_text("until you agree again")
    choose(page, "3")
    expect(row(page)).to_contain_text("May this app keep your correction?")
    assert [one["label"] for one in kept(data_dir)[before:]] == ["7", "none"]


def test_consent_that_was_withdrawn_in_another_tab_stays_withdrawn(visit, data_dir):
    page = visit()
    draw_seven(page)
    choose(page, "7")
    choose(page, "Agree and send")
    expect(row(page)).to_contain_text(THANKS.format(7))
    other = page.context.new_page()
    other.goto(page.url)
    draw_seven(other)
    choose(page, "Keep no more of mine")
    other.get_by_role("button", name=re.compile("^Theme")).click()  # keeps a preference of its own
    before = len(kept(data_dir))
    choose(other, "3")
    expect(row(other)).to_contain_text("May this app keep your correction?")
    assert len(kept(data_dir)) == before
    other.close()


def test_a_digit_of_a_number_and_of_an_upload_is_corrected(visit, data_dir, tmp_path):
    page, before = visit(), len(kept(data_dir))
    page.evaluate("app.prefer('corrections', true)")
    page.locator("#draw").get_by_label("A number").check(force=True)
    test_browser.write_on_wide_pad(page, test_browser.side_by_side("47"))
    expect(page.locator("#draw .announcement")).to_have_text(re.compile("58"))
    page.locator("#draw .tile").nth(1).click()
    choose(page, "7")
    expect(row(page)).to_contain_text(THANKS.format(7))
    test_browser.open_upload(page)
    draw_strokes(DIGITS["2"]).save(tmp_path / "my name.png")
    test_browser.choose(page, tmp_path / "my name.png")
    expect(page.locator("#upload-answer .digit")).to_have_text("3")
    choose(page, "2", "#upload-answer")
    expect(row(page, "#upload-answer")).to_contain_text(THANKS.format(2))
    assert [(one["label"], one["answer"]) for one in kept(data_dir)[before:]] == [("7", "8"), ("2", "3")]
    everything = b"".join(path.read_bytes() for path in data_dir.rglob("*") if path.is_file())
    assert b"my name" not in everything


def test_of_two_digits_on_the_square_pad_the_one_that_was_meant_is_kept(visit, data_dir):
    page, before = visit(), len(kept(data_dir))
    page.evaluate("app.prefer('corrections', true)")
    draw_with_mouse(page, test_browser.side_by_side("42", spread=0.42, scale=0.5))
    expect(page.locator("#draw .announcement")).to_have_text(re.compile("53"))
    page.locator("#draw .tile").nth(1).click()
    choose(page, "2")
    expect(row(page)).to_contain_text(THANKS.format(2))
    assert [(one["label"], one["answer"]) for one in kept(data_dir)[before:]] == [("2", "3")]


def test_it_fits_a_phone_and_is_reached_by_key(visit):
    page = visit(viewport={"width": 390, "height": 844})
    draw_seven(page)
    for button in row(page).locator(".labels button").all():
        box = button.bounding_box()
        assert min(box["width"], box["height"]) >= 24
    row(page).get_by_role("button", name="7", exact=True).focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(row(page).get_by_role("button", name="Agree and send")).to_be_focused()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert row(page).get_by_role("button", name="8", exact=True).is_disabled()  # that was the answer


def test_the_app_that_does_not_answer_says_so(visit):
    page = visit()
    page.evaluate("app.prefer('corrections', true)")
    draw_seven(page)
    page.route("**/component_server**", lambda route: route.abort())
    choose(page, "7")
    expect(row(page)).to_contain_text("could not be kept")


def test_a_photograph_is_corrected_once_it_stands_still(browser, url, data_dir, tmp_path):
    before = len(kept(data_dir))
    video = write_video(tmp_path / "paper.y4m", film(draw_numbers(["4"], (640, 480)), frames=5, tremor=2))
    flags = [*CHROMIUM_FLAGS, *chromium_flags(video)]
    with browser.browser_type.launch(executable_path=CHROMIUM, args=flags) as other:
        page = other.new_context(permissions=["camera"]).new_page()
        page.goto(url)
        expect(page.locator("#draw .paper")).to_be_visible()
        page.evaluate("app.prefer('corrections', true)")
        page.get_by_role("tab", name="Camera").click()
        camera = page.locator("#camera")
        camera.get_by_role("button", name="Start the camera").click()
        expect(camera.locator(".sentence")).to_have_text(re.compile("5"))
        expect(row(page, "#camera")).to_be_hidden()  # what changes with every frame cannot be meant
        camera.get_by_role("button", name="Freeze").click()
        choose(page, "4", "#camera")
        expect(row(page, "#camera")).to_contain_text(THANKS.format(4))
    assert [(one["label"], one["answer"]) for one in kept(data_dir)[before:]] == [("4", "5")]
