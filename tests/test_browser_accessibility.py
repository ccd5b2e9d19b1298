"""Every tab against WCAG 2.2 AA, as far as axe can tell: light and dark, desk and phone, right to left."""

import pytest
import test_browser
from serving import draw_with_mouse, serve
from strokes import DIGITS

if not test_browser.REQUIRED:
    pytest.importorskip("axe_playwright_python")
from axe_playwright_python.sync_playwright import Axe  # noqa: E402

browser, expect = test_browser.browser, test_browser.expect  # the first is a fixture
OPTIONS = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "resultTypes": ["violations"],
}
# What each tab shows once it is there.
SETTLED = {
    "draw": "#draw .sentence",
    "upload": "#upload-answer .sentence",
    "camera": "#camera button",
    "compare": "#compare .sentence",
    "results": "#results .matrix",
    "history": "#history",
    "code": "#code button",
}


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with serve(DATA_DIR=str(tmp_path_factory.mktemp("data"))) as (url, _):  # so that corrections are offered
        yield url


@pytest.mark.parametrize(
    ("width", "scheme", "locale"), [(1200, "light", "en-GB"), (390, "dark", "en-GB"), (820, "light", "ar")]
)
def test_no_tab_has_violations(browser, url, width, scheme, locale):
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, locale=locale)
    page = context.new_page()
    page.goto(url)
    draw_with_mouse(page, DIGITS["4"])
    expect(page.locator("#draw .digit")).to_have_text("4")
    expect(page.locator("#draw .why")).to_be_visible()
    found = []
    tabs = page.get_by_role("tab")
    assert tabs.count() == len(SETTLED)
    for index, (name, selector) in enumerate(SETTLED.items()):
        tabs.nth(index).click()
        expect(page.locator(selector).first).to_be_visible()
        page.wait_for_function("document.getAnimations().every((one) => one.playState !== 'running')")
        for violation in Axe().run(page, options=OPTIONS).response["violations"]:
            nodes = [f"{node['html'][:200]} {node['failureSummary']}" for node in violation["nodes"][:3]]
            found.append(f"{name}: {violation['id']} on {len(violation['nodes'])}: {nodes}")
    context.close()
    assert not found, "\n".join(found)
