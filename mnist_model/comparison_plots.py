"""A comparison as pictures: accuracy against parameters, and which labels each model confuses.

`save_comparison_plots(comparison, "runs/comparison")`, or one figure at a time, in the style of `plots`.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np

from .plots import BLUE, GREY, INK, ORANGE, _accuracy_scale, _figure, _save, _square, _styled

COLUMNS = 5  # small matrices side by side
MOST_LETTERS = 24  # of a model's name
MOST_TICKS = 12  # labels along a small matrix
RADII = (9, 16, 26, 38, 52, 68)  # how far a name may stand from its point, in points
DIRECTIONS = ((1, 0), (-1, 0), (0, 1), (0, -1), (0.8, 0.8), (0.8, -0.8), (-0.8, 0.8), (-0.8, -0.8))


def save_comparison_plots(comparison: dict[str, Any], folder: str | os.PathLike) -> list[Path]:
    """Write accuracy_and_parameters.png and confusions.png, and return their paths."""
    figures = {
        "accuracy_and_parameters": plot_accuracy_and_parameters(comparison),
        "confusions": plot_confusions(comparison),
    }
    return [_save(figure, Path(folder, f"{name}.png")) for name, figure in figures.items()]


@_styled
def plot_accuracy_and_parameters(comparison: dict[str, Any]):
    """A point for each model: the mean over its seeds with the 95% interval, or what was measured where there are none.

    Parameters are on a logarithmic scale, and so is the distance of accuracy from 100%.
    """
    from matplotlib.ticker import LogLocator, NullFormatter

    figure, axis = _figure((8, 5))
    models = comparison["models"]
    points, bars = [], []
    for model in models:
        seeds = model["seeds"] or {"mean": model["accuracy"], "interval": None}
        low, high = np.clip(seeds["interval"] or [seeds["mean"]] * 2, 0, 1)
        (bar,) = axis.plot([model["parameters"]] * 2, [low, high], color=BLUE, alpha=0.4, linewidth=2, clip_on=False)
        axis.plot(model["parameters"], seeds["mean"], "o", color=BLUE, clip_on=False)
        points.append((model["parameters"], seeds["mean"]))
        bars.append(bar)
    several = any(model["seeds"] and model["seeds"]["interval"] for model in models)
    lowest, highest = min(bar.get_ydata()[0] for bar in bars), max(bar.get_ydata()[1] for bar in bars)
    room = max(0, 1 - 1.1 * (1 - lowest) - 1e-4), max(0.01, highest)  # even where all are 100%, or 0
    (unseen,) = axis.plot([points[0][0]] * 2, room, alpha=0)
    _accuracy_scale(axis)
    unseen.remove()
    fewest, most = (pick(model["parameters"] for model in models) for pick in (min, max))
    axis.set_xscale("log")
    axis.xaxis.set_major_locator(LogLocator(subs=(1,) if most > 30 * fewest else (1, 2, 5)))
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.set(xlim=(fewest / 2.5, most * 2.5), xlabel="Parameters", ylabel="Test accuracy")
    axis.set_title("Accuracy and size" + ", with the 95% interval over seeds" * several)
    axis.xaxis.set_major_formatter("{x:,.0f}")
    figure.canvas.draw()  # the layout is settled, and the names have no part in it
    _name_points(axis, [_short(model["name"]) for model in models], points, bars)
    return figure


@_styled
def plot_confusions(comparison: dict[str, Any]):
    """A small confusion matrix of each model, without the diagonal; colour is relative to its own largest count."""
    from matplotlib.colors import LinearSegmentedColormap

    models, names = comparison["models"], comparison["label_names"]
    columns = min(COLUMNS, len(models))
    rows = -(-len(models) // columns)
    figure, axes = _figure((max(2.3 * columns, 4), 2.6 * rows + 0.4), rows=rows, columns=columns)
    axes = np.atleast_1d(axes).ravel()
    warm = LinearSegmentedColormap.from_list("warm", ["#FFFFFF", "#FBD9C1", ORANGE])
    for index, (axis, model) in enumerate(zip(axes, models, strict=False)):
        errors = np.array(model["confusion_matrix"]) * (1 - np.eye(len(names), dtype=int))
        axis.imshow(errors, cmap=warm, vmin=0, vmax=max(errors.max(), 1))
        for diagonal in range(len(names)):
            axis.add_patch(_square(diagonal))
        for one in model["confusions"]:
            place = names.index(one["answer"]), names.index(one["truth"])
            axis.text(*place, f"{one['count']}", ha="center", va="center", fontsize=6.5, weight="bold", color=INK)
        axis.set_title(f"{_short(model['name'])}\n{model['errors']:,} wrong", fontsize=9)
        ticks = range(len(names)) if len(names) <= MOST_TICKS else ()
        rotation = 90 * (max(map(len, names)) > 2)
        axis.set_xticks(ticks, [names[tick] for tick in ticks], fontsize=7, rotation=rotation)
        axis.set_yticks(ticks, [names[tick] for tick in ticks], fontsize=7)
        axis.tick_params(length=0, pad=2)
        axis.grid(False)
        axis.spines[:].set(visible=True, color=GREY, linewidth=0.5)
        if index % columns == 0:
            axis.set_ylabel("Truth", fontsize=8)
        if index + columns >= len(models):
            axis.set_xlabel("Answer", fontsize=8)
    for axis in axes[len(models) :]:
        axis.set_visible(False)
    figure.suptitle("Mistakes; colour by each model's own largest count", x=0.02, ha="left", fontsize=10)
    return figure


def _name_points(axis, names: list[str], points: list[tuple[float, float]], bars: list) -> None:
    """Write a name beside each point: as near as it stands free of the other names, of all points and of all bars."""
    from matplotlib.transforms import Bbox

    renderer, pixels = axis.figure.canvas.get_renderer(), axis.figure.dpi / 72
    centres = axis.transData.transform(points)
    taken = [Bbox([centre - 4 * pixels, centre + 4 * pixels]) for centre in centres]
    taken += [bar.get_window_extent(renderer).padded(2 * pixels) for bar in bars]
    for name, point in zip(names, points, strict=True):
        tried = [(radius, direction) for radius in RADII for direction in DIRECTIONS]
        for radius, direction in tried:
            text = _beside(axis, name, point, radius, direction)
            box = text.get_window_extent(renderer)
            inside = axis.bbox.padded(1).containsx(box.x0) and axis.bbox.containsx(box.x1)
            inside = inside and axis.bbox.containsy(box.y0) and axis.bbox.containsy(box.y1)
            if inside and not any(box.overlaps(other) for other in taken):
                break
            text.remove()
        else:
            text = _beside(axis, name, point, RADII[0], DIRECTIONS[0])
        taken.append(text.get_window_extent(renderer).padded(1))


def _beside(axis, name: str, point: tuple[float, float], radius: float, direction: tuple[float, float]):
    """A name `radius` points away; from further away a line leads to the point."""
    across, up = direction
    text = axis.annotate(
        name,
        point,
        (across * radius, up * radius),
        textcoords="offset points",
        ha="left" if across > 0 else "right" if across < 0 else "center",
        va="bottom" if up > 0 else "top" if up < 0 else "center",
        fontsize=9,
        arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.6, "shrinkB": 4} if radius > RADII[0] else None,
    )
    text.set_in_layout(False)
    return text


def _short(name: str) -> str:
    return name if len(name) <= MOST_LETTERS else f"…{name[1 - MOST_LETTERS :]}"
