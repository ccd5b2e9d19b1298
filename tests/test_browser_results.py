"""The Results tab as a visitor meets it, in Chromium."""

import json
import re
import shutil

import pytest
from reports import confusions
from serving import ROOT, serve
from test_browser import browser, context, expect, visit  # noqa: F401  (fixtures; without Chromium this skips)

from mnist_model.config import bundled_checkpoint

REPORT = json.loads((bundled_checkpoint() / "report.json").read_text())
MATRIX = REPORT["confusion_matrix"]
CONFUSED = confusions(REPORT)
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    """The app with a second model: the first one, as if it had been fitted in one go, with fewer right answers."""
    folder = tmp_path_factory.mktemp("results")
    for name in ("mnist_cnn", "mnist_other"):
        shutil.copytree(bundled_checkpoint(), folder / "checkpoints" / name)
    path = folder / "checkpoints" / "mnist_other" / "report.json"
    report = json.loads(path.read_text())
    report |= {"accuracy": 0.9, "errors": 1000, "history": []}
    report["model"] |= {"description": "Another <b>model</b>.", "macs": 12345}
    path.write_text(json.dumps(report))
    (folder / "app.py").write_text(
        "import pathlib, runpy\n"
        "from mnist_model import config\n"
        f"config.BUNDLED_CHECKPOINTS = pathlib.Path({str(folder / 'checkpoints')!r})\n"
        f"runpy.run_path({str(ROOT / 'app.py')!r}, run_name='__main__')\n"
    )
    return folder / "app.py"


@pytest.fixture(scope="module")
def url(script, mnist_dataset):
    with serve(script, MNIST_DATASET=mnist_dataset) as (url, _):
        yield url


@pytest.fixture
def results(visit):  # noqa: F811
    """Opens the tab in a fresh context."""

    def open_results(*address, **options):
        page = visit(*address, **options)
        page.get_by_role("tab", name="Results").click()
        expect(page.locator("#results .lead")).to_have_text(re.compile("^Right on"))
        return page

    return open_results


def cell(page, truth: int, answer: int):
    return page.get_by_role("button", name=f"Truth {truth}, answer {answer}:")


def behind(truth: int, answer: int, count: int) -> str:
    """What is said of the pictures behind a cell; of those on the diagonal there are more than are shown."""
    shown = ": the first 60 are shown." if truth == answer else "."
    return f"{count:,} picture{'s' * (count != 1)} of {truth}, answered {answer}{shown}"


def test_the_report_of_a_model_is_shown(results):
    page = results()
    lead = f"Right on {REPORT['accuracy']:.2%} of 10,000 test pictures: {REPORT['errors']} wrong."
    expect(page.locator("#results .lead")).to_have_text(lead)
    expect(page.locator("#results h2")).to_have_text(
        ["Confusion matrix", "Worst mistakes", "By label", "Reliability", "Training"]
    )
    expect(page.locator("#results .worst img")).to_have_count(24)
    sizes = page.locator("#results .worst img").evaluate_all("all => all.map(image => image.naturalWidth)")
    assert sizes == [28] * 24
    worst = max(REPORT["mistakes"], key=lambda mistake: mistake["confidence"])
    expect(page.locator("#results .worst li").first).to_have_text(
        f"Answer {worst['answer']}Truth {worst['truth']}{worst['confidence']:.1%} sure"
    )


def test_nothing_is_asked_before_the_tab_is_opened(visit):  # noqa: F811
    asked = []
    page = visit()
    page.on("request", lambda request: asked.append(request.url) if "component_server" in request.url else None)
    page.wait_for_timeout(500)
    assert not asked and page.locator("#results").count() == 0
    page.get_by_role("tab", name="Results").click()
    expect(page.locator("#results .worst img")).to_have_count(24)
    assert asked


def test_a_cell_shows_the_pictures_that_it_counts(results):
    page = results()
    said, shown = page.locator("#results .said"), page.locator("#results .shown li")
    expect(said).to_have_text(behind(*CONFUSED[0]))  # the most frequent mistake, to begin with
    for truth, answer, count in (CONFUSED[1], CONFUSED[-1]):
        cell(page, truth, answer).click()
        expect(cell(page, truth, answer)).to_have_attribute("aria-pressed", "true")
        expect(said).to_have_text(behind(truth, answer, count))
        expect(shown.locator("img")).to_have_count(count)
        expect(shown.first.locator("img")).to_have_attribute("alt", re.compile(rf": {truth}, answered {answer}$"))
    cell(page, 4, 4).click()
    expect(said).to_have_text(behind(4, 4, MATRIX[4][4]))
    expect(shown.locator("img")).to_have_count(60)
    assert page.locator("#results .matrix [aria-pressed=true]").count() == 1


def test_cells_are_chosen_with_keys(results):
    page = results()
    truth, answer, count = CONFUSED[0]
    expect(page.locator("#results .shown img")).to_have_count(count)
    assert page.locator("#results .matrix button").evaluate_all("all => all.filter(b => b.tabIndex === 0).length") == 1
    page.locator("#results select").focus()
    page.keyboard.press("Tab")
    expect(cell(page, truth, answer)).to_be_focused()
    # Towards the diagonal there is always a count, and cells without one are passed over.
    on, back, vertically = (1, "ArrowLeft", "ArrowUp") if answer < truth else (-1, "ArrowRight", "ArrowDown")
    page.keyboard.press("ArrowRight" if answer < truth else "ArrowLeft")
    expect(cell(page, truth, next(c for c in range(answer + on, truth + on, on) if MATRIX[truth][c]))).to_be_focused()
    page.keyboard.press(back)
    expect(cell(page, truth, answer)).to_be_focused()
    page.keyboard.press(vertically)
    other = next(row for row in range(truth - on, answer - on, -on) if MATRIX[row][answer])
    expect(cell(page, other, answer)).to_be_focused()
    page.keyboard.press("Enter")
    count = MATRIX[other][answer]
    expect(page.locator("#results .said")).to_have_text(behind(other, answer, count))
    expect(page.locator("#results .shown img")).to_have_count(min(count, 60))


def test_the_model_is_switched(results):
    page = results()
    models = page.get_by_label("Model", exact=True)
    expect(models.locator("option")).to_have_text(["mnist_other", "mnist_cnn"])  # by accuracy
    expect(models).to_have_value("mnist_cnn")
    expect(page.locator("#results .curve")).to_have_count(3)
    models.select_option("mnist_other")
    expect(page.locator("#results .lead")).to_have_text(re.compile("90.00%.*1,000 wrong"))
    expect(page.locator("#results .description")).to_have_text("Another <b>model</b>.")
    expect(page.locator("#results .facts")).to_contain_text("12,345")
    expect(page.locator("#results .curve")).to_have_count(0)
    expect(page.get_by_text("This report has no epochs")).to_be_visible()
    models.select_option("mnist_cnn")
    expect(page.locator("#results .curve")).to_have_count(3)


def test_a_late_answer_does_not_replace_a_newer_one(results):
    page, held = results(), []
    expect(page.locator("#results .shown img")).to_have_count(CONFUSED[0][2])
    page.route("**/component_server/", lambda route: route.continue_() if held else held.append(route))
    for truth, answer, _ in (CONFUSED[1], CONFUSED[-1]):
        cell(page, truth, answer).click()
    expect(page.locator("#results .said")).to_have_text(behind(*CONFUSED[-1]))
    with page.expect_response("**/component_server/"):
        held[0].continue_()
    page.wait_for_timeout(200)
    expect(page.locator("#results .said")).to_have_text(behind(*CONFUSED[-1]))


def test_an_epoch_is_marked_in_all_curves(results):
    page = results()
    slider = page.get_by_role("slider", name="Epoch")
    slider.focus()
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    marked = REPORT["history"][-4]
    expect(page.locator("#results .epoch b")).to_have_text(str(marked["epoch"]))
    expect(slider).to_have_attribute("aria-valuetext", re.compile(f"^Epoch {marked['epoch']}: Loss training 0.0"))
    expect(page.locator("#results .curve").first.locator("b").nth(1)).to_have_text(f"{marked['validation_loss']:.3g}")
    expect(page.locator("#results .dot.here")).to_have_count(5)
    box = page.locator("#results .curve svg").last.bounding_box()
    page.locator("#results .curve svg").last.hover(position={"x": box["width"] * 0.17, "y": 50})
    expect(page.locator("#results .epoch b")).to_have_text("1")


def test_without_the_data_set_the_rest_is_shown(results, script):
    with serve(script, MNIST_DATASET="nobody/no-such-data") as (url, _):
        page = results(url)
        reason = "The pictures cannot be shown. The data set nobody/no-such-data is not in the cache"
        expect(page.locator("#results .reason")).to_have_text(re.compile(f"^{reason}"))
        expect(page.locator("#results .worst li")).to_have_count(24)
        assert page.locator("#results img").count() == 0
        truth, answer, count = CONFUSED[0]
        cell(page, truth, answer).click()
        said = re.compile(f"^{behind(truth, answer, count)} {reason}")
        expect(page.locator("#results .said")).to_have_text(said)
        expect(page.locator("#results .shown li")).to_have_text([re.compile("% sure$")] * count)
        expect(page.locator("#results .curve")).to_have_count(3)


@pytest.mark.parametrize("width", [390, 320])
def test_a_phone_shows_it_all_without_scrolling_sideways(results, width):
    page = results(viewport={"width": width, "height": 844})
    expect(page.locator("#results .worst img")).to_have_count(24)
    cell(page, 4, 4).click()
    expect(page.locator("#results .shown img")).to_have_count(60)
    for summary in page.locator("#results summary").all():
        summary.click()
    assert page.evaluate(SIDEWAYS) == 0
    matrix = page.locator("#results .scroll").first
    assert (matrix.evaluate("box => box.scrollWidth - box.clientWidth") == 0) == (width == 390)  # else within its frame
    small = "all => all.map(b => b.getBoundingClientRect()).filter(b => b.width < 24 || b.height < 24).length"
    for selector in ("button", "select", "summary", "input"):
        assert page.locator(f"#results {selector}").evaluate_all(small) == 0


def test_what_cannot_be_reached_is_said(results):
    page = results()
    expect(page.locator("#results .worst img")).to_have_count(24)
    page.route("**/component_server/", lambda route: route.abort())
    cell(page, *CONFUSED[1][:2]).click()
    expect(page.locator("#results .said")).to_have_text("The app did not answer: reload the page.")
    page.locator("#results select").select_option("mnist_other")
    expect(page.locator("#results .lead")).to_have_text("The app does not answer. Trying again…")
    page.unroute("**/component_server/")
    expect(page.locator("#results .lead")).to_contain_text("Right on")
