"""The plots: the right files, small, showing the report's figures, for any report that an evaluation can leave."""

import sys

import numpy as np
import pytest
from PIL import Image

from mnist_model.evaluation import Report, evaluate_logits
from mnist_model.plots import plot_confusion_matrix, plot_curves, plot_mistakes, plot_reliability, save_plots
from mnist_model.rejection import rejection_curve

HISTORY = [
    {"epoch": 1, "train_loss": 1.2, "train_accuracy": 0.7, "validation_loss": 0.4, "validation_accuracy": 0.9},
    {"epoch": 2, "train_loss": 0.3, "train_accuracy": 0.95, "validation_loss": 0.1, "validation_accuracy": 1.0},
]


def report_of(count=300, names="0123456789", signal=2.0, history=HISTORY) -> Report:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, len(names), count)
    logits = rng.normal(size=(count, len(names))) + signal * np.eye(len(names))[labels]
    return evaluate_logits(logits, labels, list(names), dataset="ylecun/mnist", history=history)


def images_of(report: Report) -> np.ndarray:
    """Squares of a brightness that is their index."""
    return np.tile(np.arange(report.images, dtype=np.uint8)[:, None, None], (1, 28, 28))


def texts(axis) -> list[str]:
    return [text.get_text() for text in axis.texts]


def test_files_are_pngs_and_small(tmp_path):
    report = report_of()
    names = {path.name for path in save_plots(report, tmp_path / "new", images_of(report))}
    assert names == {"training_curves.png", "confusion_matrix.png", "reliability.png", "mistakes.png"}
    assert names == {path.name for path in (tmp_path / "new").iterdir()}
    for path in (tmp_path / "new").iterdir():
        with Image.open(path) as picture:
            assert picture.format == "PNG" and min(picture.size) > 200
            colours = len(picture.convert("RGB").getcolors(1 << 20))
            assert colours > 20
        assert path.stat().st_size < 60_000


def test_what_is_refused_is_plotted_where_the_model_refuses(tmp_path):
    report = report_of()
    curve = rejection_curve(np.linspace(0, 1, 500), np.linspace(-1, 0.5, 500))
    report.rejection = {"threshold": 0.01, "digits_refused": 0.01, "others_refused": 0.67, "curve": curve}
    assert "rejection.png" in {path.name for path in save_plots(report, tmp_path)}


def test_no_mistakes_picture_without_images_and_no_curves_without_history(tmp_path):
    paths = save_plots(report_of(history=[]), tmp_path)
    assert {path.name for path in paths} == {"confusion_matrix.png", "reliability.png"}


def test_curves_show_every_epoch():
    loss, accuracy = plot_curves(report_of()).axes
    assert {line.get_label(): list(line.get_ydata()) for line in loss.lines} == {
        "train": [1.2, 0.3],
        "validation": [0.4, 0.1],
    }
    assert [list(line.get_ydata()) for line in accuracy.lines] == [[0.7, 0.95], [0.9, 1.0]]
    assert [list(line.get_xdata()) for line in accuracy.lines] == [[1, 2], [1, 2]]
    low, high = accuracy.get_ylim()
    assert low <= 0.7 and high >= 1.0
    assert "99.9%" in [tick.get_text() for tick in accuracy.get_yticklabels()]


def test_curves_pass_over_what_was_not_measured(tmp_path):
    history = [{"epoch": 1, "train_loss": None, "train_accuracy": None}, {"epoch": 2, "train_loss": 0.5}]
    report = report_of(history=history)
    loss, accuracy = plot_curves(report).axes
    assert [list(line.get_xdata()) for line in loss.lines] == [[2]]
    assert list(accuracy.lines) == []
    assert len(save_plots(report, tmp_path)) == 3


def test_confusion_matrix_colours_errors_and_not_the_diagonal():
    report = report_of()
    (axis,) = plot_confusion_matrix(report).axes
    assert texts(axis) == [str(count) for row in report.confusion_matrix for count in row]
    shown = np.asarray(axis.images[0].get_array())
    assert np.diag(shown).sum() == 0 and shown.sum() == report.errors
    assert axis.images[0].norm.vmax == shown.max()
    assert axis.get_xlabel() == "Answer" and axis.get_ylabel() == "Truth"


def test_reliability_shows_each_bin_that_has_answers():
    report = report_of()
    filled = [b for b in report.reliability if b["count"]]
    top, bottom = plot_reliability(report).axes
    points = top.lines[-1]
    assert list(points.get_xdata()) == [b["confidence"] for b in filled]
    assert list(points.get_ydata()) == [b["accuracy"] for b in filled]
    assert [bar.get_height() for bar in bottom.patches] == [b["count"] for b in filled]
    for (low, high), b in zip((s[:, 1] for s in top.collections[0].get_segments()), filled, strict=True):
        assert 0 <= low <= b["accuracy"] + 1e-9 and b["accuracy"] - 1e-9 <= high <= 1 + 1e-9


def test_mistakes_show_their_own_images():
    report = report_of(count=200)
    figure = plot_mistakes(report, images_of(report), limit=10)
    shown = [axis for axis in figure.axes if axis.images]
    assert len(shown) == 10 < len(report.mistakes)
    for axis, mistake in zip(shown, report.mistakes, strict=False):
        assert np.asarray(axis.images[0].get_array())[0, 0] == mistake["index"]
        assert axis.get_title() == f"{mistake['truth']} → {mistake['answer']}"
        assert texts(axis) == [f"{mistake['confidence']:.1%}"]
    assert figure.get_suptitle() == f"{len(report.mistakes)} mistakes, the 10 most confident (truth → answer)"


@pytest.mark.parametrize(
    "report", [report_of(signal=100), report_of(count=1, signal=-9), report_of(20, names=["cat", "dog"])]
)
def test_any_report_can_be_drawn(report, tmp_path):
    report = Report.from_json(report.to_json())
    assert len(save_plots(report, tmp_path, images_of(report))) == 4


def test_label_names_that_dollar_signs_would_turn_into_formulas(tmp_path):
    report = report_of(20, names=["$a_{", "b$"], signal=0.5)
    assert save_plots(report, tmp_path, images_of(report))


def test_matplotlib_is_left_as_it_was():
    import matplotlib

    def state():
        return {name: value for name, value in matplotlib.rcParams.items() if name != "backend"}

    before = state()
    plot_curves(report_of(history=HISTORY[:1]))
    assert state() == before
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()
