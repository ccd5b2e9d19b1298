"""The Code tab in Chromium."""

import json
from base64 import b64encode

import test_browser
from strokes import DIGITS, draw_strokes

browser, context, visit, page = test_browser.browser, test_browser.context, test_browser.visit, test_browser.page
expect = test_browser.expect


def sample(page, name: str) -> str:
    return page.locator(f"#code-{name} code").text_content()


def open_code(page) -> None:
    page.get_by_role("tab", name="Code").click()
    expect(page.locator("#code-curl")).to_be_visible()


def test_the_javascript_of_the_page_runs_in_it(page, url, tmp_path):
    """As it is shown, so with this app's address, for a digit and for a number."""
    draw_strokes(DIGITS["7"]).save(tmp_path / "digit.png")
    picture = b64encode((tmp_path / "digit.png").read_bytes()).decode()
    open_code(page)
    for choice, name, part in (("One digit", "predict", "label"), ("A number", "read", "text")):
        page.locator("#code").get_by_label(choice, exact=True).check(force=True)
        expect(page.locator("#code-javascript code")).to_contain_text(f"async function {name}")
        assert url in sample(page, "curl") and f"/call/{name}" in sample(page, "curl")
        call = f"{name}(await (await fetch('data:image/png;base64,{picture}')).blob())"
        answer = page.evaluate(f"async () => {{ {sample(page, 'javascript')}\nreturn await {call}; }}")
        assert answer[part] == "7", json.dumps(answer)


def test_a_sample_is_copied_as_it_is_shown(visit):
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    open_code(page)
    page.get_by_role("button", name="Copy the sample: curl").click()
    expect(page.locator("#code-curl [role=status]")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == sample(page, "curl")
    page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.get_by_role("button", name="Copy the sample: curl").click()
    expect(page.locator("#code-curl [role=status]")).to_have_text("Selected: press Ctrl+C")
    assert page.evaluate("getSelection().toString()").strip() == sample(page, "curl").strip()


def test_long_lines_do_not_widen_the_window_of_a_phone(visit):
    page = visit(viewport={"width": 390, "height": 844})
    open_code(page)
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    for button in page.locator("#code button").all():
        box = button.bounding_box()
        assert box["height"] >= 44 and box["x"] >= 0 and box["x"] + box["width"] <= 390
