"""A report as the HTML of the Results tab. Whatever comes from a report is escaped: its labels may be anybody's."""

import json
import math
from html import escape

from mnist_model.config import bundled_checkpoint, bundled_models
from mnist_model.errors import MnistModelError
from mnist_model.ui.charts import curves, percent, pictures, reliability
from mnist_model.ui.pictures import Pictures
from mnist_model.ui.words import percentage

NEEDED = ("label_names", "accuracy", "errors", "images", "confusion_matrix", "per_class", "reliability", "mistakes")
CELL_LIMIT = 60  # pictures
WORST_LIMIT = 24


def read_report(name: str) -> dict:
    """The report of a model that ships with the package, as report.json holds it.

    Raises:
        MnistModelError: there is no such model, or its report is damaged.
    """
    if name not in bundled_models():
        raise MnistModelError("There is no such model here: choose another.")
    report = json.loads((bundled_checkpoint(name) / "report.json").read_text(encoding="utf-8"))
    if missing := [key for key in NEEDED if key not in report]:
        raise MnistModelError(f"The report of {name} lacks {missing[0]!r}: evaluate the model again.")
    return report


def lead(report: dict) -> str:
    """The result in a sentence."""
    wrong = report["errors"]
    return f"Right on {percent(report['accuracy'])} of {report['images']:,} test pictures: {wrong:,} wrong."


def render_report(report: dict) -> str:
    """All of the report but the pictures, whose places are left for them."""
    return "".join((_facts(report), _confusion(report), _worst(report), _per_class(report), _curves(report)))


def _facts(report: dict) -> str:
    model = report.get("model") or {}
    facts = {
        "Macro F1": _share(report.get("macro_f1")),
        "Calibration error": _share(report.get("ece")),
        "Parameters": _count(model.get("parameters")),
        "Multiply-adds per picture": _count(model.get("macs")),
    }
    told = f'<p class="description">{escape(str(model["description"]))}</p>' if model.get("description") else ""
    rows = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts.items() if value)
    return f'{told}<dl class="facts">{rows}</dl>'


def _confusion(report: dict) -> str:
    names, counts = report["label_names"], report["confusion_matrix"]
    most = max((n for row, line in enumerate(counts) for column, n in enumerate(line) if row != column), default=0)
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    lines = "".join(
        f'<tr>{_side(row, len(names))}<th scope="row">{escape(name)}</th>'
        + "".join(_cell(names, row, column, count, most) for column, count in enumerate(counts[row]))
        + "</tr>"
        for row, name in enumerate(names)
    )
    table = (
        f'<div class="scroll"><table class="matrix" style="--labels: {len(names)}">'
        "<caption>How often each answer was given for each truth</caption>"
        f'<colgroup><col class="side"><col class="name"><col span="{len(names)}"></colgroup>'
        f'<thead><tr><td colspan="2"></td><th class="axis" scope="colgroup" colspan="{len(names)}">Answer</th></tr>'
        f'<tr><td colspan="2"></td>{head}</tr></thead><tbody>{lines}</tbody></table></div>'
    )
    keys = '<span class="by-key">The arrow keys move from one to the next.</span>'
    hint = f"Choose a number to see the pictures behind it. {keys}"
    behind = f'<div class="behind"><p>{hint}</p><p class="said" role="status"></p><div class="shown"></div></div>'
    return _section("Confusion matrix", f'<div class="halves">{table}{behind}</div>')


def _side(row: int, rows: int) -> str:
    return "" if row else f'<th class="axis" scope="rowgroup" rowspan="{rows}"><span>Truth</span></th>'


def _cell(names: list[str], row: int, column: int, count: int, most: int) -> str:
    if not count:
        return "<td></td>"
    kind = "right" if row == column else "wrong"
    share = math.log1p(count) / math.log1p(most) if kind == "wrong" else 0
    name = f"Truth {names[row]}, answer {names[column]}: {pictures(count)}"
    return (
        f'<td><button type="button" class="{kind}" style="--share: {share:.2f}" data-row="{row}" '
        f'data-column="{column}" tabindex="-1" aria-pressed="false" aria-label="{escape(name)}">{count}</button></td>'
    )


def _worst(report: dict) -> str:
    total = len(report["mistakes"])
    if not total:
        return _section("Worst mistakes", "<p>There are none.</p>")
    said = (
        f"The {WORST_LIMIT} most confident of {total:,} mistakes."
        if total > WORST_LIMIT
        else "All, most confident first."
    )
    tiles = render_tiles(report["mistakes"][:WORST_LIMIT], None)
    return _section(
        "Worst mistakes", f'<p>{said} <span class="reason" role="status"></span></p><div class="worst">{tiles}</div>'
    )


def _per_class(report: dict) -> str:
    keys = ("precision", "recall", "f1")
    lowest = {key: min((row[key] for row in report["per_class"]), default=0) for key in keys}
    lines = "".join(
        f'<tr><th scope="row">{escape(row["label"])}</th>'
        + "".join(f"<td{_mark(row[key], lowest[key])}>{percent(row[key])}</td>" for key in keys)
        + f"<td>{row['support']:,}</td></tr>"
        for row in report["per_class"]
    )
    mean = "".join(f"<td>{_share(report.get(f'macro_{key}'))}</td>" for key in keys)
    table = (
        '<div class="scroll"><table class="figures"><thead><tr><th scope="col">Label</th><th scope="col">Precision</th>'
        '<th scope="col">Recall</th><th scope="col">F1</th><th scope="col">Pictures</th></tr></thead>'
        f'<tbody>{lines}</tbody><tfoot><tr><th scope="row">Mean</th>{mean}<td>{report["images"]:,}</td></tr></tfoot>'
        "</table></div>"
    )
    note = "<p>The lowest of each column stands out.</p>"
    diagram = (
        f"<p>How sure the answers are, against how often they are right. On the dashed line confidence is honest; the "
        f"bars are 95% intervals. Expected calibration error: {_share(report.get('ece')) or 'unknown'}.</p>"
        f'<div class="diagram"><span class="up">Right</span>{reliability(report["reliability"])}'
        f'<span class="along">Confidence</span></div>{_numbers(*_bins(report))}'
    )
    return f'<div class="halves">{_section("By label", note + table)}{_section("Reliability", diagram)}</div>'


def _bins(report: dict) -> tuple[list[str], list[list[str]]]:
    filled = [one for one in report["reliability"] if one["count"]]
    return ["Confidence", "Right", "Pictures"], [
        [_share(one["confidence"]), _share(one["accuracy"]), f"{one['count']:,}"] for one in filled
    ]


def _curves(report: dict) -> str:
    history = report.get("history") or []
    charts = curves(history)
    if not charts:
        none = "This report has no epochs: the model was fitted in one go, or measured without being trained."
        return _section("Training", f"<p>{none}</p>")
    epochs = [str(row.get("epoch", index)) for index, row in enumerate(history, 1)]
    last = len(epochs) - 1
    slider = (
        f'<label class="epoch">Epoch <b>{escape(epochs[-1])}</b><input type="range" min="0" max="{last}" '
        f'value="{last}" aria-label="Epoch" data-epochs="{escape(json.dumps(epochs))}"></label>'
    )
    keys = ("train_loss", "validation_loss", "train_accuracy", "validation_accuracy", "learning_rate")
    head = ["Epoch", "Loss, training", "validation", "Accuracy, training", "validation", "Learning rate"]
    rows = [[epoch, *(_figure(key, row.get(key)) for key in keys)] for epoch, row in zip(epochs, history, strict=True)]
    charts_and_slider = f'<div class="curves">{"".join(charts)}</div>{slider if last else ""}'
    return _section("Training", charts_and_slider + _numbers(head, rows))


def _figure(key: str, value) -> str:
    if not isinstance(value, int | float):
        return ""
    return percent(value) if key.endswith("accuracy") else f"{value:.3g}"


def _numbers(head: list[str], rows: list[list[str]]) -> str:
    """A chart's figures, folded away."""
    first = "".join(f'<th scope="col">{name}</th>' for name in head)
    lines = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:]) + "</tr>"
        for row in rows
    )
    table = f'<table class="figures"><thead><tr>{first}</tr></thead><tbody>{lines}</tbody></table>'
    return f'<details><summary>In numbers</summary><div class="scroll">{table}</div></details>'


def _section(title: str, inner: str) -> str:
    return f"<section><h2>{title}</h2>{inner}</section>"


# ---- the pictures


def check_pictures(report: dict, found: Pictures) -> None:
    """Raises MnistModelError where these are not the pictures that the report is about."""
    names, labels = report["label_names"], found.labels
    same = len(labels) == report["images"] and all(
        0 <= labels[one["index"]] < len(names) and names[labels[one["index"]]] == one["truth"]
        for one in report["mistakes"]
    )
    if not same:
        raise MnistModelError("The data set here is not the one that this report was measured on.")


def cell(report: dict, row: int, column: int, found: Pictures | None) -> tuple[str, list[dict]]:
    """What is behind a cell of the confusion matrix: a sentence, and what to show of it, as `render_tiles` takes it."""
    names = report["label_names"]
    if min(row, column) < 0:
        raise IndexError((row, column))
    truth, answer = names[row], names[column]
    if row != column:
        behind = [one for one in report["mistakes"] if (one["truth"], one["answer"]) == (truth, answer)]
        order = f"the {CELL_LIMIT} most confident are shown"
    else:
        wrong = {one["index"] for one in report["mistakes"]}
        labels = found.labels if found else []
        behind = [{"index": i} for i, label in enumerate(labels) if label == row and i not in wrong]
        order = f"the first {CELL_LIMIT} are shown"
    count = report["confusion_matrix"][row][column]
    said = f"{pictures(count)} of {truth}, answered {answer}"
    said += f": {order}." if len(behind) > CELL_LIMIT else "."
    return said[0].upper() + said[1:], [{"truth": truth} | one for one in behind[:CELL_LIMIT]]


def render_tiles(mistakes: list[dict], found: Pictures | None, *, words: bool = True) -> str:
    """A list of pictures.

    Args:
        mistakes: of a report, or of `cell`.
        found: where the pictures are; None to leave them out.
        words: whether to write answer and truth to each.
    """
    return f'<ul class="tiles">{"".join(_tile(one, found, words) for one in mistakes)}</ul>'


def _tile(one: dict, found: Pictures | None, words: bool) -> str:
    truth, answer = escape(one["truth"]), escape(one.get("answer", one["truth"]))
    alt = f"Test picture {one['index']}: {truth}, answered {answer}"
    image = f'<img src="{found.url(one["index"])}" alt="{alt}" width="84" height="84">' if found else ""
    lines = f"<span>Answer <b>{answer}</b></span><span>Truth <b>{truth}</b></span>" if words else ""
    sure = f'<span class="sure">{percentage(one["confidence"])} sure</span>' if "confidence" in one else ""
    return f"<li>{image}{lines}{sure}</li>"


def _mark(value: float, lowest: float) -> str:
    return ' class="lowest"' if value == lowest < 1 else ""


def _share(value) -> str:
    return percent(value) if isinstance(value, int | float) else ""


def _count(value) -> str:
    return f"{value:,}" if isinstance(value, int) else ""
