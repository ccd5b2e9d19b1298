"""A report as the HTML of the Results tab. Whatever comes from a report is escaped: its labels may be anybody's."""

import json
import math
from collections.abc import Iterable
from html import escape

from mnist_model.config import bundled_checkpoint, bundled_models
from mnist_model.errors import MnistModelError
from mnist_model.ui.charts import curves, percent, pictures, reliability
from mnist_model.ui.language import number, say
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
        raise MnistModelError(say("results.no_model"))
    report = json.loads((bundled_checkpoint(name) / "report.json").read_text(encoding="utf-8"))
    if missing := [key for key in NEEDED if key not in report]:
        raise MnistModelError(f"The report of {name} lacks {missing[0]!r}: evaluate the model again.")
    return report


def lead(report: dict) -> str:
    """The result in a sentence."""
    right, count, wrong = percent(report["accuracy"]), number(report["images"]), number(report["errors"])
    return say("results.lead", right=right, count=count, wrong=wrong)


def render_report(report: dict) -> str:
    """All of the report but the pictures, whose places are left for them."""
    return "".join((_facts(report), _confusion(report), _worst(report), _per_class(report), _curves(report)))


def _facts(report: dict) -> str:
    model = report.get("model") or {}
    facts = {
        "macro_f1": _share(report.get("macro_f1")),
        "calibration_error": _share(report.get("ece")),
        "parameters": _count(model.get("parameters")),
        "macs": _count(model.get("macs")),
    }
    description = str(model.get("description") or "")
    told = f'<p class="description">{escape(description[:1].upper() + description[1:])}</p>' if description else ""
    rows = "".join(
        f"<div><dt>{say(f'results.{name}')}</dt><dd>{value}</dd></div>" for name, value in facts.items() if value
    )
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
    answer = say("results.answer")
    table = (
        f'<div class="scroll"><table class="matrix" style="--labels: {len(names)}">'
        f"<caption>{say('results.matrix_caption')}</caption>"
        f'<colgroup><col class="side"><col class="name"><col span="{len(names)}"></colgroup>'
        f'<thead><tr><td colspan="2"></td><th class="axis" scope="colgroup" colspan="{len(names)}">{answer}</th></tr>'
        f'<tr><td colspan="2"></td>{head}</tr></thead><tbody>{lines}</tbody></table></div>'
    )
    hint = f'{say("results.matrix_hint")} <span class="by-key">{say("results.matrix_keys")}</span>'
    behind = f'<div class="behind"><p>{hint}</p><p class="said" role="status"></p><div class="shown"></div></div>'
    return _section("matrix", f'<div class="halves">{table}{behind}</div>')


def _side(row: int, rows: int) -> str:
    return "" if row else f'<th class="axis" scope="rowgroup" rowspan="{rows}"><span>{say("results.truth")}</span></th>'


def _cell(names: list[str], row: int, column: int, count: int, most: int) -> str:
    if not count:
        return "<td></td>"
    kind = "right" if row == column else "wrong"
    share = math.log1p(count) / math.log1p(most) if kind == "wrong" else 0
    name = say("results.cell", truth=names[row], answer=names[column], pictures=pictures(count))
    return (
        f'<td><button type="button" class="{kind}" style="--share: {share:.2f}" data-row="{row}" '
        f'data-column="{column}" tabindex="-1" aria-pressed="false" aria-label="{escape(name)}">{count}</button></td>'
    )


def _worst(report: dict) -> str:
    total = len(report["mistakes"])
    if not total:
        return _section("worst", f"<p>{say('results.worst_none')}</p>")
    key = "results.worst_first" if total > WORST_LIMIT else "results.worst_all"
    said = say(key, limit=WORST_LIMIT, count=number(total))
    tiles = render_tiles(report["mistakes"][:WORST_LIMIT], None)
    return _section(
        "worst", f'<p>{said} <span class="reason" role="status"></span></p><div class="worst">{tiles}</div>'
    )


def _per_class(report: dict) -> str:
    keys = ("precision", "recall", "f1")
    lowest = {key: min((row[key] for row in report["per_class"]), default=0) for key in keys}
    lines = "".join(
        f'<tr><th scope="row">{escape(row["label"])}</th>'
        + "".join(f"<td{_mark(row[key], lowest[key])}>{percent(row[key])}</td>" for key in keys)
        + f"<td>{number(row['support'])}</td></tr>"
        for row in report["per_class"]
    )
    mean = "".join(f"<td>{_share(report.get(f'macro_{key}'))}</td>" for key in keys)
    head = _head(say(f"results.{name}") for name in ("label", *keys, "pictures_head"))
    foot = f'<th scope="row">{say("results.mean")}</th>{mean}<td>{number(report["images"])}</td>'
    table = (
        f'<div class="scroll" tabindex="0"><table class="figures"><thead><tr>{head}</tr></thead>'
        f"<tbody>{lines}</tbody><tfoot><tr>{foot}</tr></tfoot></table></div>"
    )
    note = f"<p>{say('results.lowest')}</p>"
    error = _share(report.get("ece")) or say("results.unknown")
    diagram = (
        f"<p>{say('results.reliability_told', interval=number(0.95, '.0%'), error=error)}</p>"
        f'<div class="diagram"><span class="up">{say("results.right")}</span>{reliability(report["reliability"])}'
        f'<span class="along">{say("results.confidence")}</span></div>{_numbers(*_bins(report))}'
    )
    return f'<div class="halves">{_section("by_label", note + table)}{_section("reliability", diagram)}</div>'


def _bins(report: dict) -> tuple[list[str], list[list[str]]]:
    filled = [one for one in report["reliability"] if one["count"]]
    return [say(f"results.{name}") for name in ("confidence", "right", "pictures_head")], [
        [_share(one["confidence"]), _share(one["accuracy"]), number(one["count"])] for one in filled
    ]


def _curves(report: dict) -> str:
    history = report.get("history") or []
    charts = curves(history)
    if not charts:
        return _section("training_title", f"<p>{say('results.no_epochs')}</p>")
    epochs = [str(row.get("epoch", index)) for index, row in enumerate(history, 1)]
    last, name = len(epochs) - 1, say("results.epoch")
    slider = (
        f'<label class="epoch">{name} <b>{escape(epochs[-1])}</b><input type="range" min="0" max="{last}" '
        f'value="{last}" aria-label="{name}" data-epochs="{escape(json.dumps(epochs))}"></label>'
    )
    keys = ("train_loss", "validation_loss", "train_accuracy", "validation_accuracy", "learning_rate")
    training, validation = (say(f"results.{series}") for series in ("training", "validation"))
    loss, accuracy = (f"{say(f'results.{figure}')}{say('list.comma')}{training}" for figure in ("loss", "accuracy"))
    head = [name, loss, validation, accuracy, validation, say("results.learning_rate")]
    rows = [[epoch, *(_figure(key, row.get(key)) for key in keys)] for epoch, row in zip(epochs, history, strict=True)]
    charts_and_slider = f'<div class="curves">{"".join(charts)}</div>{slider if last else ""}'
    return _section("training_title", charts_and_slider + _numbers(head, rows))


def _figure(key: str, value) -> str:
    if not isinstance(value, int | float):
        return ""
    return percent(value) if key.endswith("accuracy") else number(value, ".3g")


def _numbers(head: list[str], rows: list[list[str]]) -> str:
    """A chart's figures, folded away."""
    lines = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:]) + "</tr>"
        for row in rows
    )
    table = f'<table class="figures"><thead><tr>{_head(head)}</tr></thead><tbody>{lines}</tbody></table>'
    summary = say("results.in_numbers")
    return f'<details><summary>{summary}</summary><div class="scroll" tabindex="0">{table}</div></details>'


def _head(names: Iterable[str]) -> str:
    return "".join(f'<th scope="col">{name}</th>' for name in names)


def _section(title: str, inner: str) -> str:
    return f"<section><h2>{say(f'results.{title}')}</h2>{inner}</section>"


# ---- the pictures


def check_pictures(report: dict, found: Pictures) -> None:
    """Raises MnistModelError where these are not the pictures that the report is about."""
    names, labels = report["label_names"], found.labels
    same = len(labels) == report["images"] and all(
        0 <= labels[one["index"]] < len(names) and names[labels[one["index"]]] == one["truth"]
        for one in report["mistakes"]
    )
    if not same:
        raise MnistModelError(say("results.other_data"))


def cell(report: dict, row: int, column: int, found: Pictures | None) -> tuple[str, list[dict]]:
    """What is behind a cell of the confusion matrix: a sentence, and what to show of it, as `render_tiles` takes it."""
    names = report["label_names"]
    if min(row, column) < 0:
        raise IndexError((row, column))
    truth, answer = names[row], names[column]
    if row != column:
        behind = [one for one in report["mistakes"] if (one["truth"], one["answer"]) == (truth, answer)]
        key = "results.behind_confident"
    else:
        wrong = {one["index"] for one in report["mistakes"]}
        labels = found.labels if found else []
        behind = [{"index": i} for i, label in enumerate(labels) if label == row and i not in wrong]
        key = "results.behind_first"
    count = report["confusion_matrix"][row][column]
    key = key if len(behind) > CELL_LIMIT else "results.behind"
    said = say(key, pictures=pictures(count), truth=truth, answer=answer, limit=CELL_LIMIT)
    return said, [{"truth": truth} | one for one in behind[:CELL_LIMIT]]


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
    alt = say("results.picture_alt", index=one["index"], truth=truth, answer=answer)
    image = f'<img src="{found.url(one["index"])}" alt="{alt}" width="84" height="84">' if found else ""
    figures = {"answer": answer, "truth": truth} if words else {}
    lines = "".join(f"<span>{say(f'results.{name}')} <b>{label}</b></span>" for name, label in figures.items())
    sure = say("results.sure", share=percentage(one["confidence"])) if "confidence" in one else ""
    sure = f'<span class="sure">{sure}</span>' if sure else ""
    return f"<li>{image}{lines}{sure}</li>"


def _mark(value: float, lowest: float) -> str:
    return ' class="lowest"' if value == lowest < 1 else ""


def _share(value) -> str:
    return percent(value) if isinstance(value, int | float) else ""


def _count(value) -> str:
    return number(value) if isinstance(value, int) else ""
