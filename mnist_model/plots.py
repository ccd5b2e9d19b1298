"""A `Report` as pictures: `save_plots(report, "runs/mnist_cnn")` after an evaluation, or one figure at a time.

Every function returns a matplotlib `Figure` that belongs to nobody else (no pyplot, no global state), in the
colour-blind-safe palette of Okabe and Ito (2008).
"""

import functools
import os
from pathlib import Path
from typing import Any

import numpy as np

from .evaluation import Report

BLUE, ORANGE, GREY, INK = "#0072B2", "#D55E00", "#8A8A8A", "#222222"
STYLE: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": GREY,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "font.size": 10,
    "grid.color": "#E6E6E6",
    "legend.frameon": False,
    "text.color": INK,
    "text.parse_math": False,  # a label name is text, dollar signs and all
    "xtick.color": INK,
    "ytick.color": INK,
}


def _styled(plot):
    """Draw with STYLE, and leave matplotlib's settings as they were."""

    @functools.wraps(plot)
    def styled(*args, **kwargs):
        import matplotlib  # here, so that evaluating without plots does not wait for it

        with matplotlib.rc_context(STYLE):
            return plot(*args, **kwargs)

    return styled


def save_plots(report: Report, folder: str | os.PathLike, images: np.ndarray | None = None) -> list[Path]:
    """Write a report's plots as PNG files and return their paths.

    Args:
        report: what to show.
        folder: made where it is missing; gets training_curves.png (if the report has a history), confusion_matrix.png,
            reliability.png, rejection.png (if the model refuses what is none of its labels) and, with `images`,
            mistakes.png.
        images: the whole split that was measured, shape (N, H, W), uint8, 0 = background.
    """
    figures = {"confusion_matrix": plot_confusion_matrix(report), "reliability": plot_reliability(report)}
    if report.history:
        figures["training_curves"] = plot_curves(report)
    if report.rejection:
        figures["rejection"] = plot_rejection(report)
    if images is not None:
        figures["mistakes"] = plot_mistakes(report, images)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return [_save(figure, folder / f"{name}.png") for name, figure in figures.items()]


@_styled
def plot_curves(report: Report):
    """Loss and accuracy by epoch, on the training and on the validation images.

    Loss is on a logarithmic scale, and so is the distance of accuracy from 100%, where the last epochs differ.
    """
    from matplotlib.ticker import MaxNLocator

    figure, axes = _figure((9, 3.6), columns=2)
    for axis, name in zip(axes, ("loss", "accuracy"), strict=True):
        for part, colour, dash in (("train", ORANGE, "--"), ("validation", BLUE, "-")):
            points = [(row["epoch"], row.get(f"{part}_{name}")) for row in report.history]
            points = [point for point in points if point[1] is not None]
            if points:
                axis.plot(*zip(*points, strict=True), dash, color=colour, label=part, marker="o", markersize=3)
        axis.set(title=name.capitalize(), xlabel="Epoch", xlim=(0.5, max(row["epoch"] for row in report.history) + 0.5))
        axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        if axis.lines:
            axis.legend()
    if axes[0].lines:
        _loss_scale(axes[0])
    if axes[1].lines:
        _accuracy_scale(axes[1])
    return figure


@_styled
def plot_confusion_matrix(report: Report):
    """Every count; colour is for the errors alone, so that the diagonal does not drown them."""
    from matplotlib.colors import LinearSegmentedColormap

    counts = np.array(report.confusion_matrix)
    classes, errors = len(counts), counts * (1 - np.eye(len(counts), dtype=int))
    figure, axis = _figure((1.4 + 0.5 * classes, 1.2 + 0.5 * classes))
    warm = LinearSegmentedColormap.from_list("warm", ["#FFFFFF", "#FBD9C1", ORANGE])
    axis.imshow(errors, cmap=warm, vmin=0, vmax=max(errors.max(), 1))
    for (row, column), count in np.ndenumerate(counts):
        right = row == column
        if right:
            axis.add_patch(_square(row))
        colour = BLUE if right else INK if count else "#C8C8C8"
        weight = "bold" if count and not right else "normal"
        axis.text(column, row, f"{count}", ha="center", va="center", color=colour, fontsize=9, weight=weight)
    ticks = range(classes)
    axis.set_xticks(ticks, report.label_names, rotation=90 * (max(map(len, report.label_names)) > 3))
    axis.set_yticks(ticks, report.label_names)
    axis.set(title=f"{report.errors:,} wrong of {report.images:,}", xlabel="Answer", ylabel="Truth")
    axis.grid(False)
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    return figure


@_styled
def plot_reliability(report: Report):
    """Accuracy against confidence, and how many answers had it. Bars span the 95% interval of Wilson (1927)."""
    from matplotlib.ticker import NullLocator, StrMethodFormatter

    bins = len(report.reliability)
    filled = [(i, b) for i, b in enumerate(report.reliability) if b["count"]]
    figure, (top, bottom) = _figure((5.2, 5.6), rows=2, heights=(3, 1))
    top.plot([0, 1], [0, 1], "--", color=GREY, linewidth=1, label="honest confidence")
    confidence, accuracy = (np.array([b[name] for _, b in filled]) for name in ("confidence", "accuracy"))
    low, high = _wilson(accuracy, np.array([b["count"] for _, b in filled]))
    top.vlines(confidence, low, high, color=BLUE, linewidth=2, alpha=0.4, clip_on=False)
    top.plot(confidence, accuracy, "o", color=BLUE, clip_on=False, label="answers, with 95% interval")
    top.set(title=f"Expected calibration error {report.ece:.2%}", ylabel="Accuracy", xlim=(0, 1), ylim=(0, 1))
    top.legend(loc="best")

    edges, counts = [i / bins for i, _ in filled], [b["count"] for _, b in filled]
    bars = bottom.bar(edges, counts, width=1 / bins, align="edge", color=BLUE, edgecolor="white")
    bottom.bar_label(bars, fmt="{:,.0f}", fontsize=7, padding=1)
    bottom.set_yscale("log")
    bottom.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    bottom.yaxis.set_minor_locator(NullLocator())
    bottom.set(xlabel="Confidence", ylabel="Images", xlim=(0, 1), ylim=(0.5, 8 * max(counts)))
    for axis in (top, bottom):
        axis.xaxis.set_major_formatter(_percent())
    top.yaxis.set_major_formatter(_percent())
    return figure


@_styled
def plot_rejection(report: Report):
    """How many made-up non-digits are refused, for each share of digits that is refused with them."""
    figure, axis = _figure((5.2, 4))
    curve = report.rejection["curve"]
    axis.plot([point["digits_refused"] for point in curve], [point["others_refused"] for point in curve], color=BLUE)
    here = report.rejection["digits_refused"], report.rejection["others_refused"]
    axis.plot(*here, "o", color=BLUE, clip_on=False)
    axis.annotate("the model's threshold", here, (8, -12), textcoords="offset points", va="top")
    axis.set_xscale("symlog", linthresh=0.001)
    axis.set(title="What the model refuses", xlabel="Digits refused", ylabel="Made-up non-digits refused")
    axis.set(xlim=(0, 0.2), ylim=(0, 1))
    axis.xaxis.set_major_formatter("{x:.1%}")
    axis.yaxis.set_major_formatter(_percent())
    return figure


@_styled
def plot_mistakes(report: Report, images: np.ndarray, limit: int = 40):
    """A contact sheet of the mistakes, most confident first: truth -> answer, and the confidence below.

    Args:
        report: its `mistakes` index into `images`.
        images: the whole split that was measured, shape (N, H, W), uint8, 0 = background.
        limit: at most so many are shown.
    """
    shown, total = report.mistakes[:limit], len(report.mistakes)
    columns = min(8, max(len(shown), 4))
    rows = max(1, -(-len(shown) // columns))
    figure, axes = _figure((1.15 * columns, 1.6 * rows + 0.4), rows=rows, columns=columns)
    for axis in np.ravel(axes):
        axis.axis("off")
    for axis, mistake in zip(np.ravel(axes), shown, strict=False):
        axis.imshow(images[mistake["index"]], cmap="gray_r", vmin=0, vmax=255)
        axis.set_title(f"{mistake['truth']} → {mistake['answer']}", loc="center", fontsize=10, weight="normal", pad=3)
        below = f"{mistake['confidence']:.1%}"
        axis.text(0.5, -0.05, below, transform=axis.transAxes, ha="center", va="top", fontsize=8)
    title = "No mistakes" if total == 0 else "1 mistake" if total == 1 else f"{total:,} mistakes"
    title += f", the {len(shown)} most confident" if len(shown) < total else ""
    figure.get_layout_engine().set(w_pad=0.03, h_pad=0.06)
    figure.suptitle(f"{title} (truth → answer)" if shown else title, x=0.02, ha="left", fontsize=11, weight="bold")
    return figure


def _figure(size: tuple[float, float], rows: int = 1, columns: int = 1, heights=None):
    """A figure of `size` inches that can be saved without a display, and its axes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    figure = Figure(figsize=size, dpi=120, layout=ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.1))
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns, height_ratios=heights)


def _save(figure, path: Path) -> Path:
    """A PNG of at most 256 colours: a third of the size, and no difference to the eye in charts and grey digits."""
    from PIL import Image

    figure.canvas.draw()
    picture = Image.fromarray(np.asarray(figure.canvas.buffer_rgba())).convert("RGB")
    picture.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
    return path


def _square(index: int):
    from matplotlib.patches import Rectangle

    return Rectangle((index - 0.5, index - 0.5), 1, 1, color="#E8F1F7", linewidth=0)


def _percent():
    from matplotlib.ticker import PercentFormatter

    return PercentFormatter(1, decimals=0)


def _loss_scale(axis) -> None:
    from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

    axis.set_yscale("log")
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.yaxis.set_minor_locator(NullLocator())
    axis.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))


def _accuracy_scale(axis) -> None:
    """Equal steps for 90%, 99% and 99.9%; 100% is as far from 99.9% as that is from 99%."""
    lowest, highest = (bound(np.concatenate([line.get_ydata() for line in axis.lines])) for bound in (np.min, np.max))
    rest = 1e-4  # keeps 100% at a finite height
    axis.set_yscale("function", functions=(lambda a: -np.log10(1 + rest - a), lambda y: 1 + rest - 10.0**-y))
    ticks = np.array([0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 0.997, 0.998, 0.999, 1])
    bottom = ticks[ticks <= lowest].max()
    top = ticks[ticks >= highest].min()
    axis.set_ylim(bottom, top)
    ticks = ticks[(ticks >= bottom) & (ticks <= top)]
    axis.set_yticks(ticks, [f"{tick:.3%}".rstrip("0%").rstrip(".") + "%" for tick in ticks])


def _wilson(share: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The 95% interval of a share that was observed `count` times."""
    z = 1.96
    middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    return middle - half, middle + half
