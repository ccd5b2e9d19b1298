"""The Results tab without a browser: pictures by index, a report as HTML, Parquet files."""

import asyncio
import copy
import json
import threading
from base64 import b64decode
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import gradio as gr
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from reports import confusions

from mnist_model import MnistModelError, config
from mnist_model.config import bundled_checkpoint
from mnist_model.ui import report as html
from mnist_model.ui import results
from mnist_model.ui.charts import curves
from mnist_model.ui.parquet import read_columns
from mnist_model.ui.pictures import DATASET, Pictures, PictureSource, load_pictures

PICTURES = [bytes([i % 251]) * (i % 97) + b"\x89PNG the same in all" for i in range(5000)]
LABELS = [i % 10 for i in range(5000)]


@pytest.fixture
def report() -> dict:
    return copy.deepcopy(html.read_report("mnist_cnn"))


@pytest.fixture(scope="module")
def split(mnist_dataset) -> Pictures:
    if not Path(mnist_dataset).is_dir():
        pytest.skip("MNIST is not in a folder here")
    return load_pictures(mnist_dataset)


def decode(url: str) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(b64decode(url.removeprefix("data:image/png;base64,")))))


def one_sentence(error) -> bool:
    message = str(error.value)
    return bool(message) and "\n" not in message and len(message) < 200 and message.endswith(".")


# ---- Parquet


@pytest.mark.parametrize("compression", ["none", "snappy", "gzip"])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("dictionary", [True, False])
def test_columns_are_read_as_pyarrow_wrote_them(tmp_path, compression, version, dictionary):
    files = [None if i % 7 == 0 else content for i, content in enumerate(PICTURES)]
    images = pa.array([{"bytes": content, "path": None} for content in files])
    table = pa.table({"image": images, "label": LABELS, "small": pa.array(LABELS, pa.int32())})
    pq.write_table(
        table,
        tmp_path / "test.parquet",
        compression=compression,
        data_page_version=version,
        use_dictionary=dictionary,
        row_group_size=2000,
        data_page_size=20_000,
    )
    columns = read_columns(tmp_path / "test.parquet", ["image.bytes", "label", "small"])
    assert columns == {"image.bytes": files, "label": LABELS, "small": LABELS}


def test_other_parquet_is_refused(tmp_path):
    path = tmp_path / "test.parquet"
    pq.write_table(pa.table({"label": LABELS}), path, compression="zstd")
    with pytest.raises(ValueError, match="codec"):
        read_columns(path, ["label"])
    with pytest.raises(ValueError, match="no column image.bytes"):
        read_columns(path, ["image.bytes"])
    pq.write_table(pa.table({"label": [[1, 2], [3]]}), path)
    with pytest.raises(ValueError, match="list"):
        read_columns(path, ["label.list.element"])
    pq.write_table(pa.table({"label": LABELS}), path, use_dictionary=False, column_encoding="DELTA_BINARY_PACKED")
    with pytest.raises(ValueError, match="encoding 5"):
        read_columns(path, ["label"])


def test_a_damaged_file_is_a_value_error(tmp_path):
    path = tmp_path / "test.parquet"
    images = pa.array([{"bytes": content} for content in PICTURES[:50]])
    pq.write_table(pa.table({"image": images, "label": LABELS[:50]}), path, compression="snappy")
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    for _ in range(100):
        damaged = bytearray(whole)
        for at in rng.integers(4, len(whole) - 4, 3):
            damaged[at] = rng.integers(256)
        path.write_bytes(damaged)
        try:
            read_columns(path, ["image.bytes", "label"])
        except ValueError:
            pass
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="cut short"):
        read_columns(path, ["label"])


# ---- the pictures


def test_pictures_by_index_are_those_of_the_test_split(split, mnist_dataset):
    table = pq.read_table(next(Path(mnist_dataset).rglob("test*.parquet")))
    assert split.labels == table["label"].to_pylist()
    for index in (0, 1, 2130, 9999):
        picture = Image.open(BytesIO(table["image"][index]["bytes"].as_py()))
        assert np.array_equal(decode(split.url(index)), np.asarray(picture))


def test_pictures_need_no_pyarrow(tiny_dataset, run_python):
    code = (
        "import sys\n"
        "class Refuse:\n"
        "    def find_spec(self, name, *rest):\n"
        "        if name.split('.')[0] in ('pyarrow', 'pandas', 'datasets', 'torch'):\n"
        "            raise ImportError('refused: ' + name)\n"
        "sys.meta_path.insert(0, Refuse())\n"
        "from mnist_model.ui.pictures import load_pictures\n"
        f"pictures = load_pictures({str(tiny_dataset)!r})\n"
        "print(len(pictures.files), pictures.labels[:11], pictures.url(3)[:22])\n"
    )
    assert run_python("-c", code).stdout.split("\n")[0] == f"60 {[*range(10), 0]} data:image/png;base64,"


def test_pictures_come_from_the_hub_once(loopback_hub, tiny_dataset):
    path = next(tiny_dataset.rglob("test*.parquet"))
    files = {f"mnist/{path.name}": path.read_bytes(), "mnist/train-0.parquet": b"large"}
    loopback_hub.put(DATASET, files, "dataset")
    source = PictureSource(lambda: load_pictures(DATASET))
    pictures = asyncio.run(source.get())
    assert pictures == load_pictures(str(tiny_dataset))
    requests = len(loopback_hub.requests)
    assert not loopback_hub.requests_to("GET", "train")
    assert asyncio.run(source.get()) is pictures
    assert len(loopback_hub.requests) == requests


def test_pictures_that_cannot_be_had_are_a_sentence(loopback_hub, tmp_path, tiny_dataset):
    loopback_hub.put("you/empty", {"README.md": b"-"}, "dataset")
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "test-0.parquet").write_bytes(b"PAR1")
    for dataset, words in (
        ("you/nowhere", "no you/nowhere"),
        ("you/empty", "no file test"),
        ("/no/such/folder", "neither a folder"),
        (str(tmp_path / "empty"), "no file test"),
        (str(tmp_path / "bad"), "cut short"),
    ):
        with pytest.raises(MnistModelError, match=words) as error:
            load_pictures(dataset)
        assert one_sentence(error)
    loopback_hub.stop()
    with pytest.raises(MnistModelError, match="the Hub cannot be reached") as error:
        load_pictures(DATASET)
    assert one_sentence(error)


def test_a_damaged_picture_is_a_sentence():
    for content in (b"no picture", None):
        with pytest.raises(MnistModelError, match="Picture 0"):
            Pictures([content], [0]).url(0)


def test_nobody_waits_for_long_and_the_loading_goes_on():
    release, pictures = threading.Event(), Pictures([], [])

    def load():
        release.wait(20)
        return pictures

    source = PictureSource(load, wait=0.05)
    with pytest.raises(MnistModelError, match="on their way"):
        asyncio.run(source.get())
    release.set()
    source.wait = 20
    assert asyncio.run(source.get()) is pictures


def test_a_failure_is_remembered_for_a_while():
    loads = []

    def load():
        loads.append(1)
        raise MnistModelError("The Hub is away.")

    source = PictureSource(load, retry=3600)
    for _ in range(3):
        with pytest.raises(MnistModelError, match="away"):
            asyncio.run(source.get())
    assert len(loads) == 1
    source.retry = -1
    with pytest.raises(MnistModelError, match="away"):
        asyncio.run(source.get())
    assert len(loads) == 2


# ---- a report as HTML


class Page(HTMLParser):
    """Tags and text of a piece of HTML."""

    def __init__(self, text: str):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data

    def all(self, tag: str, **wanted) -> list[dict]:
        return [found for name, found in self.tags if name == tag and wanted.items() <= found.items()]


def test_every_count_is_a_button_and_zero_is_silent(report):
    page = Page(html.render_report(report))
    counts = {
        (str(row), str(column)): f"Truth {row}, answer {column}: {html.pictures(count)}"
        for row, line in enumerate(report["confusion_matrix"])
        for column, count in enumerate(line)
        if count
    }
    assert {(b["data-row"], b["data-column"]): b["aria-label"] for b in page.all("button")} == counts
    row, column, _ = confusions(report)[0]
    assert page.all("button", **{"data-row": str(row), "data-column": str(column)})[0]["style"] == "--share: 1.00"
    assert len(page.all("button", **{"class": "right"})) == 10


def test_figures_are_those_of_the_report(report):
    page = Page(html.render_report(report))
    for row in report["per_class"]:
        for key in ("precision", "recall", "f1"):
            assert f"{row[key]:.2%}" in page.text
    assert len(page.all("circle", **{"class": "bin"})) == sum(one["count"] > 0 for one in report["reliability"])
    assert html.lead(report) == f"Right on {report['accuracy']:.2%} of 10,000 test pictures: {report['errors']} wrong."


def test_a_report_of_an_older_run_is_shown(report):
    for key in ("model", "history", "ece", "macro_f1"):
        del report[key]
    assert "Confusion matrix" in html.render_report(report)


def test_a_report_without_epochs_says_so(report):
    report["history"] = []
    page = Page(html.render_report(report))
    assert "This report has no epochs" in page.text
    assert not page.all("input") and not page.all("figure")


def test_a_loss_that_is_missing_leaves_a_gap(report):
    whole = curves(report["history"])
    report["history"][8]["validation_loss"] = None
    gap = curves(report["history"])
    assert whole[1:] == gap[1:]
    lines = [len(Page(charts[0]).all("path", **{"class": "validation"})) for charts in (whole, gap)]
    assert lines == [1, 2]
    assert "none" in Page(gap[0]).all("b")[1]["data-values"]
    for row in report["history"]:
        row["train_loss"] = row["validation_loss"] = None
    assert ["Loss" in Page(chart).text for chart in curves(report["history"])] == [False, False]


@pytest.mark.parametrize("value", [0.0, 1e-9, 1.0, 3e5])
def test_scales_hold_every_value(value):
    keys = ("train_loss", "validation_loss", "train_accuracy", "validation_accuracy", "learning_rate")
    for history in ([dict.fromkeys(keys, min(value, 1.0))], [{"epoch": 1} | dict.fromkeys(keys, value)] * 3):
        for chart in curves(history):
            for dot in Page(chart).all("circle"):
                assert 9 <= float(dot["cy"]) <= 177 and 40 <= float(dot["cx"]) <= 300


def test_markup_in_label_names_is_text(report):
    evil = '"><img src=x onerror=alert(1)><script>'
    renamed = json.loads(json.dumps(report).replace('"7"', json.dumps(evil)))
    renamed["model"] |= {"description": evil, "parameters": evil}
    renamed["history"][0]["epoch"] = evil
    said, behind = html.cell(renamed, 7, 1, None)
    for text in (html.render_report(renamed), html.render_tiles(behind, None)):
        page = Page(text)
        assert not page.all("img") and not page.all("script") and evil in page.text
    assert evil in said  # as text: results.js sets no HTML of it


def test_no_mistakes(report):
    report["mistakes"] = []
    report["confusion_matrix"] = [[10 * (row == column) for column in range(10)] for row in range(10)]
    assert "There are none." in html.render_report(report)


# ---- what is behind a cell


def test_a_cell_holds_as_many_pictures_as_it_counts(report, split):
    html.check_pictures(report, split)
    for row, line in enumerate(report["confusion_matrix"]):
        for column, count in enumerate(line):
            said, behind = html.cell(report, row, column, split)
            assert len(behind) == min(count, html.CELL_LIMIT)
            assert all(split.labels[one["index"]] == row for one in behind)
            assert said.startswith(f"{html.pictures(count)} of {row}, answered {column}")
            assert ("shown" in said) == (count > html.CELL_LIMIT)
    row, column, count = confusions(report)[0]
    _, behind = html.cell(report, row, column, split)
    page = Page(html.render_tiles(behind, split))
    assert [decode(image["src"]).shape for image in page.all("img")] == [(28, 28)] * count


def test_other_pictures_are_not_shown_for_these(report, split):
    swapped = Pictures(split.files, split.labels[::-1])
    for other in (Pictures(split.files[:60], split.labels[:60]), swapped):
        with pytest.raises(MnistModelError, match="not the one"):
            html.check_pictures(report, other)
        assert results.worst_of("mnist_cnn", other, "")["said"].startswith("The pictures cannot be shown.")


def test_without_pictures_the_rest_is_shown(report):
    answer = results.worst_of("mnist_cnn", None, "The Hub is away.")
    assert answer["said"] == "The Hub is away."
    page = Page(answer["html"])
    assert not page.all("img") and len(page.all("li")) == html.WORST_LIMIT
    assert f"{max(mistake['confidence'] for mistake in report['mistakes']):.1%} sure" in page.text
    row, column, count = confusions(report)[0]
    answer = results.cell_of(["mnist_cnn", row, column], None, "The Hub is away.")
    assert answer["said"] == f"{count} pictures of {row}, answered {column}. The Hub is away."


@pytest.mark.parametrize(
    "place", [None, [], 5, ["mnist_cnn"], ["mnist_cnn", 0, 10], ["mnist_cnn", -1, 0], ["../x", 0, 0]]
)
def test_a_cell_that_is_none_is_a_sentence(place):
    source = PictureSource(lambda: Pictures([], []))
    answer = asyncio.run(results._with_pictures(source, results.cell_of, place))
    assert answer["html"] == "" and answer["said"].endswith("choose another.")


def test_a_model_that_is_none_is_a_sentence():
    for name in ("../mnist_cnn", "no", 5, {"a": 1}):
        answer = results.show_model(name)
        assert answer["html"] == "" and answer["lead"] == "There is no such model here: choose another."
    assert results.show_model(None)["name"] == "mnist_cnn"


def test_nothing_is_read_before_the_tab_is_opened(monkeypatch):
    monkeypatch.setattr(config, "BUNDLED_CHECKPOINTS", bundled_checkpoint("nowhere"))
    monkeypatch.setenv("MNIST_DATASET", "/no/such/folder")
    threads = set(threading.enumerate())  # those of other tests may go on
    with gr.Blocks(), gr.Tabs(), gr.Tab("Results"):
        results.build_results_tab()
    assert not set(threading.enumerate()) - threads
