"""Many files at once in the Upload tab, in Chromium."""

import csv
import json
import re
from io import BytesIO, StringIO

import pytest
import test_browser
from PIL import Image
from strokes import DIGITS, draw_strokes

from mnist_model.ui.assets import read_asset

browser, context, visit, page = test_browser.browser, test_browser.context, test_browser.visit, test_browser.page
expect, expect_digit, expect_number = test_browser.expect, test_browser.expect_digit, test_browser.expect_number

HOSTILE = "<img src=x onerror=document.title=1>.png"
READ_FILE = "**/component_server/"


def payload(name: str, picture: Image.Image | None) -> dict:
    """A file as Playwright takes it; None for a broken one."""
    content = BytesIO()
    if picture:
        picture.save(content, "PNG")
    return {"name": name, "mimeType": "image/png", "buffer": content.getvalue() or b"no picture"}


def number(digits: str) -> Image.Image:
    strokes = [[(x / 2, y) for x, y in stroke] for stroke in test_browser.side_by_side(digits)]
    return draw_strokes(strokes, (800, 400), 12)


def choose(page, files: list[dict]) -> None:
    test_browser.open_upload(page)
    page.locator("#picture input[type=file]").set_input_files(files)


def save(page, kind: str) -> str:
    with page.expect_download() as download:
        page.get_by_role("button", name=f"Save as {kind}").click()
    assert download.value.suggested_filename == f"digits.{kind.lower()}"
    return download.value.path().read_bytes().decode()


TWENTY = [
    payload("number.png", number("402")),
    payload("broken.png", None),
    payload("blank.png", Image.new("RGB", (60, 60), "white")),
    payload(HOSTILE, draw_strokes(DIGITS["7"])),
    payload("=1+1.png", draw_strokes(DIGITS["3"])),
    *[payload(f"{index}.png", draw_strokes(DIGITS[str(index % 10)])) for index in range(15)],
]
TEXTS = ["402", "", "", "7", "3", *[str(index % 10) for index in range(15)]]


def test_twenty_files_are_read_shown_and_saved(page):
    choose(page, TWENTY)
    summary, cards = page.locator("#upload .summary"), page.locator("#upload .card")
    expect(summary).to_have_text("Read: 20 of 20 · No digit: 1 · Not readable: 1")
    expect(page.locator("#upload .batch-announcement")).to_have_text(re.compile("^Read: 20 of 20"))
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()
    expect(cards.locator(".card-text")).to_have_text(TEXTS)
    expect(cards.locator(".card-name")).to_have_text([file["name"] for file in TWENTY])
    expect(cards.nth(0).locator(".card-state")).to_have_text(re.compile(r"^Sure · .*%$"))
    expect(cards.nth(1)).to_have_text(re.compile("Not readable.*broken.png is no picture"))
    expect(cards.nth(2)).to_have_text(re.compile("No digit.*Nothing here is darker"))
    expect(cards.locator(".thumbnail img")).to_have_count(19)
    assert cards.locator(".thumbnail img").evaluate_all("all => Math.max(...all.map(i => i.naturalWidth))") <= 160
    assert page.title() == "Handwritten digits"
    expect(page.locator("#upload img[src=x]")).to_have_count(0)

    # The first is shown as a single file is, then the one that is chosen.
    expect_number(page, "402", "#upload-answer")
    expect(page.locator("#picture .box")).to_have_count(3)
    cards.nth(3).click()
    expect_digit(page, "7", "#upload-answer")
    expect(page.locator("#picture .box")).to_have_count(1)
    expect(page.locator("#upload-answer .steps")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(cards.nth(4)).to_be_focused()
    expect_digit(page, "3", "#upload-answer")
    assert cards.evaluate_all("all => all.filter(one => one.tabIndex === 0).length") == 1

    page.locator("#upload .listing summary").click()
    rows = page.get_by_role("region", name="All answers as a table").locator("tbody tr")
    expect(rows).to_have_count(20)
    expect(rows.nth(0).locator(":is(th, td)")).to_have_text(
        ["number.png", "402", re.compile("^(>?[0-9]+% ?){3}$"), "Sure", "", re.compile("ms$")]
    )
    expect(rows.nth(1)).to_have_text(re.compile("broken.png.*Not readable.*use PNG, JPEG"))

    table = list(csv.DictReader(StringIO(save(page, "CSV"), newline="")))
    assert [row["text"] for row in table] == TEXTS
    assert [row["state"] for row in table][:5] == ["sure", "error", "none", "sure", "sure"]
    assert [row["file"] for row in table][3:5] == [HOSTILE, "'=1+1.png"]
    assert all(0 < float(part) <= 1 for part in table[0]["confidences"].split()) and table[0]["reason"] == ""
    assert "Nothing here" in table[2]["reason"] and float(table[2]["milliseconds"]) > 0
    objects = json.loads(save(page, "JSON"))
    assert [one["name"] for one in objects] == [file["name"] for file in TWENTY]
    assert [one["text"] for one in objects] == TEXTS
    assert [digit["label"] for digit in objects[0]["digits"]] == list("402") and objects[0]["reason"] is None
    assert set(objects[0]["digits"][0]) == {"box", "label", "confidence"} and objects[1]["digits"] == []
    assert "broken.png is no picture" in objects[1]["reason"]

    page.get_by_label("Remove all images").click()
    expect(page.locator("#upload .batch")).to_be_hidden()
    expect(page.locator("#upload-answer .sentence")).to_have_text(re.compile("^Choose"))


def test_a_batch_is_stopped_and_goes_on(page):
    held = []
    test_browser.open_upload(page)
    page.route(READ_FILE, lambda route: held.append(route))
    choose(page, TWENTY[4:12])
    summary = page.locator("#upload .summary")
    while len(held) < 3:  # the one that is shown large, and two of the batch: never more at once
        page.wait_for_timeout(20)
    page.wait_for_timeout(100)
    assert len(held) == 3
    page.get_by_role("button", name="Stop").click()
    expect(summary).to_have_text("Read: 0 of 8")
    for route in held:
        route.continue_()
    page.wait_for_timeout(100)
    assert len(held) == 3
    page.unroute(READ_FILE)
    page.get_by_role("button", name="Go on").click()
    expect(summary).to_have_text("Read: 8 of 8")

    asked = []
    page.on("request", lambda request: asked.append(request.url) if "component_server" in request.url else None)
    page.locator("#upload-answer").get_by_label("Model").select_option(index=1)  # reads all of them anew
    expect(summary).to_have_text(re.compile("^Read: 8 of 8"))
    assert len(asked) == 9


def test_an_app_that_does_not_answer_stops_the_batch(page):
    test_browser.open_upload(page)
    page.route(READ_FILE, lambda route: route.abort())
    choose(page, TWENTY[4:8])
    summary = page.locator("#upload .summary")
    expect(summary).to_have_text("Read: 0 of 4 · The app did not answer. Your files are kept.")
    expect(page.locator("#upload-answer .sentence")).to_have_text("The app does not answer. Trying again…")
    page.unroute(READ_FILE)
    page.get_by_role("button", name="Go on").click()
    expect(summary).to_have_text("Read: 4 of 4")


def test_files_are_dropped_and_pasted(page):
    transfer = """([kind, names]) => {
        const data = new DataTransfer();
        for (const name of names) data.items.add(new File(["no picture"], name));
        const options = { bubbles: true, cancelable: true, dataTransfer: data, clipboardData: data };
        const event = kind === "drop" ? new DragEvent(kind, options) : new ClipboardEvent(kind, options);
        document.querySelector(kind === "drop" ? "header" : "body").dispatchEvent(event);
        return event.defaultPrevented; // else the browser would open the file in the place of the page
    }"""
    assert page.evaluate(transfer, ["drop", ["a.png", "b.png"]])  # on Draw, before Upload was ever opened
    expect(page.get_by_role("tab", name="Upload")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#upload .card-name")).to_have_text(["a.png", "b.png"])
    page.get_by_role("tab", name="Draw").click()
    page.evaluate(transfer, ["paste", ["c.png", "d.png", "e.png"]])
    expect(page.locator("#upload .card-name")).to_have_text(["c.png", "d.png", "e.png"])
    expect(page.get_by_role("button", name="Remove all images")).to_be_visible()
    page.evaluate(transfer, ["paste", ["f.png"]])
    expect(page.locator("#upload .batch")).to_be_hidden()
    expect(page.locator("#upload-answer .sentence")).to_have_text(re.compile("^f.png is no picture"))
    page.evaluate(transfer, ["drop", [f"{index}.png" for index in range(501)]])
    expect(page.get_by_text("Only the first 500 of these 501 files are read")).to_be_visible()
    expect(page.locator("#upload .card")).to_have_count(500)
    page.get_by_role("button", name="Stop").click()


def test_many_files_fit_a_phone(visit):
    page = visit(viewport={"width": 390, "height": 844})
    choose(page, TWENTY[:6])
    expect(page.locator("#upload .summary")).to_have_text(re.compile("^Read: 6 of 6"))
    page.locator("#upload .listing summary").click()
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    for control in page.locator("#upload :is(.buttons button, .card, .remove)").filter(visible=True).all():
        assert min(control.bounding_box()["width"], control.bounding_box()["height"]) >= 44


@pytest.fixture(scope="module")
def answers(browser):
    """A blank page with answers.js alone."""
    page = browser.new_page()
    page.add_script_tag(content=read_asset("answers.js"))
    yield page
    page.close()


NAMES = ["=1+1", "+1", "-1", "@a", "\tx", "\rx", 'a "b", c', "two\nlines", "٣ é 😀", "plain.png", ""]


def test_csv_survives_any_name(answers):
    digit = {"box": [1, 2, 3, 4], "label": "7", "confidence": 0.98765}
    given = [
        {"name": name, "state": "sure", "sentence": "", "text": "7", "digits": [digit] * 2, "milliseconds": -1.5}
        for name in NAMES
    ]
    text = answers.evaluate("given => toCsv(given)", given)
    header, *rows = csv.reader(StringIO(text, newline=""), strict=True)
    assert header == ["file", "text", "confidences", "state", "reason", "milliseconds"]
    assert [row[0] for row in rows] == [f"'{name}" if name[:1] in tuple("=+-@\t\r") else name for name in NAMES]
    assert all(row[1:] == ["7", "0.9877 0.9877", "sure", "", "-1.5"] for row in rows)
    assert answers.evaluate("toCsv([])") == ",".join(header) + "\r\n"


def test_json_is_what_the_api_answers(answers):
    digit = {"box": [1, 2, 3, 4], "label": "7", "confidence": 0.98765}
    refused = {"name": NAMES[6], "state": "none", "sentence": "Why.", "text": "", "digits": [], "milliseconds": 2}
    read = refused | {"state": "unsure", "text": "7", "digits": [digit]}
    assert json.loads(answers.evaluate("given => toJson(given)", [refused, read])) == [
        {"name": NAMES[6], "text": "", "digits": [], "reason": "Why."},
        {"name": NAMES[6], "text": "7", "digits": [digit], "reason": None},
    ]
