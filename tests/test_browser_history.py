"""The History tab, and signing in, in Chromium."""

import json

import pytest
import test_browser
from serving import draw_with_mouse, serve
from strokes import DIGITS

browser, context, visit = test_browser.browser, test_browser.context, test_browser.visit  # fixtures
expect, expect_digit = test_browser.expect, test_browser.expect_digit

HOSTILE = "<img src=x onerror=\"document.title='broken'\">"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def private(data):
    """The app with two local users, who are kept apart; its address."""
    with serve(DATA_DIR=str(data), AUTH="ada:lovelace,grace:hopper") as (url, _):
        yield url


def draw(page, digit: str) -> None:
    """Draws it and waits until it is settled."""
    page.get_by_role("tab", name="Draw").click()
    clear = page.locator("#draw").get_by_role("button", name="Clear")
    if clear.is_enabled():
        clear.click()
    draw_with_mouse(page, DIGITS[digit])
    expect_digit(page, digit)


def open_history(page):
    page.get_by_role("tab", name="History").click()
    expect(page.locator("#history .history")).to_have_attribute("aria-busy", "false")
    return page.locator("#history")


def expect_listed(page, *labels: str) -> None:
    expect(page.locator("#history .label")).to_have_text(list(labels))


def announce(page, *names: str, **detail) -> None:
    """What the tabs do when an answer has settled, for pictures of these names."""
    script = """([names, detail]) => {
        const canvas = Object.assign(document.createElement("canvas"), { width: 280, height: 280 });
        const bars = [["4", 0.03], ["7", 0.97]];
        const answer = { state: "sure", sentence: "A 7.", read: 1, details: [{ label: "7", spaced: false, bars }] };
        const picture = canvas.toDataURL();
        const rest = { source: "upload", answer, model: "mnist_cnn", strokes: null, picture, ...detail };
        for (const id of names) app.announce({ id, ...rest });
    }"""
    page.evaluate(script, [names, detail])


def sign_in(browser, address: str, name: str, password: str):
    """A page in a browser of its own."""
    page = browser.new_context(viewport={"width": 1100, "height": 800}).new_page()
    page.goto(address)
    page.get_by_label("username").fill(name)
    page.get_by_label("password").fill(password)
    page.get_by_role("button", name="Login").click()
    expect(page.locator("#account .name")).to_have_text(f"Signed in as {name}")
    expect(page.locator("#draw .sentence")).to_be_visible()
    return page


def test_a_drawing_is_listed_after_a_reload_and_opened_again(visit):
    page = visit()
    draw(page, "7")
    draw(page, "4")  # of several strokes, and still one entry
    open_history(page)
    expect_listed(page, "4", "7")
    page.reload()
    history = open_history(page)
    expect_listed(page, "4", "7")
    expect(history.locator(".where")).to_contain_text("in this browser only")
    assert history.locator("img").evaluate_all("all => all.map(image => image.naturalHeight)") == [128, 128]
    history.get_by_role("button", name="Open again: 7").click()
    expect(page.locator("#draw .paper > canvas")).to_be_visible()
    expect_digit(page, "7")
    other = visit()
    expect(open_history(other).get_by_text("Nothing here yet.")).to_be_visible()


def test_one_and_all_are_deleted(visit):
    page = visit()
    announce(page, "one", "two", "three")
    history = open_history(page)
    expect_listed(page, "7", "7", "7")
    history.get_by_role("button", name="Delete: 7").first.click()
    expect_listed(page, "7", "7")
    expect(history.get_by_role("button", name="Delete: 7").first).to_be_focused()
    history.get_by_role("button", name="Delete all").click()
    expect(history.get_by_role("button", name="Keep them")).to_be_focused()
    page.keyboard.press("Escape")
    expect_listed(page, "7", "7")
    history.get_by_role("button", name="Delete all").click()
    history.get_by_role("button", name="Yes, delete them").click()
    expect(history.get_by_text("Nothing here yet.")).to_be_visible()
    page.reload()
    expect(open_history(page).get_by_text("Nothing here yet.")).to_be_visible()


def test_tabs_of_one_browser_add_to_the_same_history_and_the_oldest_goes(visit):
    page = visit()
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.locator("#draw .sentence")).to_be_visible()
    announce(page, *(f"first {index}" for index in range(101)))
    announce(other, *(f"second {index}" for index in range(101)))
    open_history(other)
    open_history(page)
    expect(page.locator("#history .entry")).to_have_count(200)


def test_nothing_that_is_kept_becomes_markup(visit):
    page = visit()
    details = {"label": HOSTILE, "spaced": False, "bars": [[HOSTILE, 0.5]]}
    answer = {"state": HOSTILE, "sentence": HOSTILE, "read": 1, "details": [details]}
    announce(page, HOSTILE, answer=answer, model=HOSTILE, source=HOSTILE)
    announce(page, "none", answer=answer | {"read": 0}, model=HOSTILE)
    open_history(page)
    expect_listed(page, HOSTILE, HOSTILE)
    expect(page.locator("#history .model-name")).to_have_text([HOSTILE] * 2)
    assert page.locator("#history img").count() == 2
    assert page.title() == "Handwritten digits"


def test_export(visit):
    page = visit()
    announce(page, "one")
    history = open_history(page)
    with page.expect_download() as download:
        history.get_by_role("button", name="Export as JSON").click()
    exported = json.loads(download.value.path().read_text())
    assert exported["answers"][0]["label"] == "7" and exported["answers"][0]["confidence"] == 0.97
    assert exported["answers"][0]["thumbnail"].startswith("data:image/jpeg;base64,")


def test_a_browser_that_keeps_nothing_still_answers(browser, url):
    context = browser.new_context()
    context.add_init_script(
        "Object.defineProperty(window, 'indexedDB', { get: () => { throw new Error('forbidden') } })"
    )
    page = context.new_page()
    page.goto(url)
    expect(page.locator("#draw .sentence")).to_be_visible()
    draw(page, "7")
    expect(open_history(page).locator(".said")).to_contain_text("does not let the page keep anything")
    draw(page, "3")
    context.close()


def test_signed_in_it_follows_one_and_nobody_else_sees_it(browser, private):
    ada, grace = (sign_in(browser, private, *who) for who in (("ada", "lovelace"), ("grace", "hopper")))
    draw(ada, "7")
    expect(open_history(ada).locator(".where")).to_contain_text("your account, ada")
    expect_listed(ada, "7")
    draw(grace, "3")
    open_history(grace)
    expect_listed(grace, "3")
    ada.get_by_role("button", name="Theme").click()
    mode = ada.get_by_role("button", name="Theme").get_attribute("data-mode")

    ada.evaluate("app.prefer('corrections', true)")  # agreed to on this browser
    ada.evaluate("app.history.saved()")

    elsewhere = sign_in(browser, private, "ada", "lovelace")
    open_history(elsewhere)
    expect_listed(elsewhere, "7")
    assert not elsewhere.evaluate("app.preference('corrections')")
    expect(elsewhere.get_by_role("button", name="Theme")).to_have_attribute("data-mode", mode)
    expect(grace.get_by_role("button", name="Theme")).not_to_have_attribute("data-mode", mode)

    # With the id of ada's entry, her name, and all else that a browser could send.
    guessed = ada.evaluate("app.history.list().then(({ found }) => found[0].id)")
    stolen = grace.evaluate("id => app.history.remove(id).then(() => app.history.list())", guessed)
    assert guessed not in [entry["id"] for entry in stolen["found"]] and stolen["found"]
    ada.reload()
    history = open_history(ada)
    expect_listed(ada, "7")

    history.get_by_role("button", name="Delete everything of mine").click()
    history.get_by_role("button", name="Yes, delete them").click()
    expect(history.get_by_text("Nothing here yet.")).to_be_visible()
    elsewhere.reload()
    expect(open_history(elsewhere).get_by_text("Nothing here yet.")).to_be_visible()
    grace.reload()
    open_history(grace)
    expect_listed(grace, "3")
    grace.get_by_role("link", name="Sign out").click()
    expect(grace.get_by_label("username")).to_be_visible()
    for page in (ada, grace, elsewhere):
        page.context.close()


def test_when_the_account_cannot_be_reached_the_browser_keeps_it_until_it_is_moved(browser, private, data):
    page = sign_in(browser, private, "grace", "hopper")
    (data / "history.sqlite").rename(data / "aside")
    (data / "history.sqlite").write_bytes(b"no database" * 1000)
    try:
        draw(page, "7")
        history = open_history(page)
        expect(history.locator(".said")).to_contain_text("cannot be reached")
        expect_listed(page, "7")
    finally:
        (data / "aside").replace(data / "history.sqlite")
    page.reload()
    expect(open_history(page).locator(".waiting")).to_contain_text("not in your account: 1")
    history.get_by_role("button", name="Move them to my account").click()
    expect(history.locator(".waiting")).to_be_hidden()
    expect(page.locator("#history .label").first).to_have_text("7")
    page.context.close()
