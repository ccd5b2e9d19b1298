"""Charts of a report as SVG: training curves, on scales where the last epochs differ, and the reliability diagram."""

import json
import math
from html import escape

from mnist_model.ui.language import number, say

WIDTH, HEIGHT = 300, 200
LEFT, RIGHT, TOP, BOTTOM = 46, 292, 10, 176  # of the plot itself
SERIES = {"train": "results.training", "validation": "results.validation"}  # keys
REST = 1e-4  # keeps 100% at a finite height
SHARES = (0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 0.997, 0.998, 0.999, 1)
MOST_TICKS = 6


def curves(history: list[dict]) -> list[str]:
    """Loss, accuracy and learning rate by epoch, each a figure; those that the history does not tell are left out.

    Args:
        history: of a report. A figure that is None, as the loss of an epoch that diverged, leaves a gap.
    """
    charts = (
        _curve(
            "loss", history, {key: f"{key}_loss" for key in SERIES}, _loss_scale, lambda value: number(value, ".3g")
        ),
        _curve("accuracy", history, {key: f"{key}_accuracy" for key in SERIES}, _accuracy_scale, percent),
        _curve("learning_rate", history, {"rate": "learning_rate"}, _linear_scale, lambda value: number(value, ".2g")),
    )
    return [chart for chart in charts if chart]


def _curve(title: str, history: list[dict], keys: dict[str, str], scale, write) -> str:
    columns = {series: [_number(row.get(key)) for row in history] for series, key in keys.items()}
    columns = {series: values for series, values in columns.items() if any(value is not None for value in values)}
    if not columns:
        return ""
    place, ticks = scale([value for values in columns.values() for value in values if value is not None])
    epochs = [row.get("epoch", index) for index, row in enumerate(history, 1)]
    xs = [_between(LEFT, RIGHT, index / (len(epochs) - 1) if len(epochs) > 1 else 0.5) for index in range(len(epochs))]
    parts = [_line_y(place(value), label) for value, label in ticks]
    parts += [
        f'<text x="{xs[index]:.1f}" y="{BOTTOM + 16}" text-anchor="middle">{escape(str(epochs[index]))}</text>'
        for index in sorted({0, (len(epochs) - 1) // 2, len(epochs) - 1})
    ]
    parts += [f'<line class="rule" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{BOTTOM}"/>' for x in xs]
    legend = []
    for series, values in columns.items():
        points = [None if value is None else (x, place(value)) for x, value in zip(xs, values, strict=True)]
        parts += [f'<path class="{series}" d="{path}"/>' for path in _paths(points)]
        parts += [
            f'<circle class="dot {series}" data-epoch="{index}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
            for index, (x, y) in ((i, point) for i, point in enumerate(points) if point)
        ]
        written = [say("results.none") if value is None else write(value) for value in values]
        value = f'<b data-values="{escape(json.dumps(written))}">{written[-1]}</b>'
        name = say(SERIES[series]) if series in SERIES else ""
        legend.append(f'<li><i class="{series}"></i>{name} {value}</li>')
    drawing = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" data-left="{LEFT}" data-right="{RIGHT}" aria-hidden="true">'
    title = say(f"results.{title}")
    return (
        f'<figure class="curve"><figcaption><strong>{title}</strong><ul>{"".join(legend)}</ul></figcaption>'
        f"{drawing}{''.join(parts)}</svg></figure>"
    )


def reliability(bins: list[dict]) -> str:
    """Accuracy against confidence: a dot for each bin that is not empty, with the 95% interval of Wilson (1927)."""
    side, edge = 300, 40
    size = side - edge - 10

    def x(share: float) -> float:
        return edge + share * size

    def y(share: float) -> float:
        return 10 + (1 - share) * size

    parts = []
    for share in (0, 0.25, 0.5, 0.75, 1):
        parts.append(f'<line class="grid" x1="{x(0)}" x2="{x(1)}" y1="{y(share)}" y2="{y(share)}"/>')
        parts.append(f'<text x="{edge - 6}" y="{y(share) + 4}" text-anchor="end">{number(share, ".0%")}</text>')
        parts.append(f'<text x="{x(share)}" y="{side - 12}" text-anchor="middle">{number(share, ".0%")}</text>')
    parts.append(f'<line class="honest" x1="{x(0)}" y1="{y(0)}" x2="{x(1)}" y2="{y(1)}"/>')
    for one in bins:
        confidence, accuracy, count = (_number(one.get(key)) for key in ("confidence", "accuracy", "count"))
        if confidence is None or accuracy is None or not count:
            continue
        low, high = wilson(accuracy, count)
        sure, right = percent(confidence), percent(accuracy)
        said = say("results.bin", sure=sure, right=right, pictures=pictures(count))
        parts.append(
            f'<g><title>{said}</title><line class="interval" x1="{x(confidence):.1f}" x2="{x(confidence):.1f}" '
            f'y1="{y(low):.1f}" y2="{y(high):.1f}"/>'
            f'<circle class="bin" cx="{x(confidence):.1f}" cy="{y(accuracy):.1f}" r="5"/></g>'
        )
    return f'<svg class="square" viewBox="0 0 {side} {side}" aria-hidden="true">{"".join(parts)}</svg>'


def wilson(share: float, count: float) -> tuple[float, float]:
    """The 95% interval of a share that was observed `count` times.

    >>> [round(bound, 2) for bound in wilson(0.5, 4)]
    [0.15, 0.85]
    """
    z = 1.96
    middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * math.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def percent(share: float) -> str:
    return number(share, ".2%")


def pictures(count: float) -> str:
    return say("results.picture" if count == 1 else "results.pictures", count=number(count, ",.0f"))


def _number(value) -> float | None:
    fits = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return value if fits else None


def _paths(points: list) -> list[str]:
    """Lines through the points, one for each stretch without a gap."""
    stretches: list[list] = [[]]
    for point in points:
        if point:
            stretches[-1].append("{:.1f},{:.1f}".format(*point))
        elif stretches[-1]:
            stretches.append([])
    # A line of no length with round ends is a dot.
    return ["M" + "L".join(stretch if len(stretch) > 1 else stretch * 2) for stretch in stretches if stretch]


def _line_y(y: float, label: str) -> str:
    return (
        f'<line class="grid" x1="{LEFT}" x2="{RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{label}</text>'
    )


def _between(low: float, high: float, share: float) -> float:
    return low + (high - low) * share


def _scale(low: float, high: float, ticks: list[tuple[float, str]], bend=lambda value: value):
    """Where a value lies, in the drawing, and the ticks; `bend` makes it logarithmic, say."""
    bottom, top = bend(low), bend(high)

    def place(value: float) -> float:
        return _between(BOTTOM, TOP, (bend(value) - bottom) / (top - bottom) if top > bottom else 0.5)

    return place, ticks


def _thin(ticks: list) -> list:
    return ticks[:: -(-len(ticks) // MOST_TICKS)]


def _loss_scale(values: list[float]):
    floor = 1e-6

    def bend(value: float) -> float:
        return math.log10(max(value, floor))

    least, most = max(min(values), floor), max(*values, floor, 0)
    steps = [digit * 10.0**power for power in range(-6, 7) for digit in (1, 2, 5)]
    low = max((step for step in steps if step <= least), default=floor)
    high = min((step for step in steps if step >= most and step > low), default=most)
    ticks = [step for step in steps if low <= step <= high]
    decades = [step for step in ticks if math.log10(step) % 1 < 1e-9 or math.log10(step) % 1 > 1 - 1e-9]
    chosen = ticks if len(ticks) <= MOST_TICKS else decades if len(decades) > 2 else _thin(ticks)
    return _scale(low, high, [(step, number(step, "g")) for step in chosen], bend)


def _accuracy_scale(values: list[float]):
    """Equal steps for 90%, 99% and 99.9%."""
    low = max((share for share in SHARES if share <= min(values)), default=0)
    high = min((share for share in SHARES if share >= max(values) and share > low), default=1)
    ticks = _thin([share for share in SHARES if low <= share <= high][::-1])
    return _scale(
        low,
        high,
        [(share, say("number.percent", value=number(share * 100, "g"))) for share in ticks],
        lambda share: -math.log10(1 + REST - min(share, 1)),
    )


def _linear_scale(values: list[float]):
    most = max(*values, 0.0, 0.0)
    if most <= 0:
        return _scale(0, 1, [(0, "0")])
    power = 10.0 ** math.floor(math.log10(most))
    step = next(step for step in (0.25 * power, 0.5 * power, power, 2.5 * power) if most / step <= 4 or step > power)
    count = math.ceil(most / step - 1e-9)
    return _scale(0, count * step, [(index * step, number(index * step, "g")) for index in range(count + 1)])
