"""How well a model recognises what people draw, photograph and write. Nothing is trained on these pictures.

    python benchmarks/real_handwriting.py FOLDER [--sets pens page ...] [--limit N] [--model ID] [--mistakes sheet.png]

FOLDER holds pen strokes of real writers, gzipped JSON lists of objects: pendigits.json.gz and unipen-digits.json.gz
({"label", "strokes"}), unipen-numbers.json.gz ({"text", "strokes"}) and unipen-others.json.gz ({"char", "lookalike",
"strokes"}). A stroke is a list of [x, y] points, y growing downward. They are drawn, coloured and photographed
(benchmarks/handwriting/) and given to `DigitRecognizer` as a user would. A digit that is refused counts as a mistake.
"""

import argparse
import json
import sys
from pathlib import Path

from handwriting.measure import THUMBNAIL, Outcome, Task, measure_all
from handwriting.sets import OF_ONE_DIGIT, SETS
from PIL import Image, ImageDraw

from mnist_model import MnistModelError
from mnist_model.files import to_json, write_whole


def parse_options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder of the strokes")
    parser.add_argument("--sets", nargs="+", choices=SETS, metavar="SET", help=f"some of: {', '.join(SETS)}")
    parser.add_argument(
        "--limit", type=positive, help="so many pictures of each file in each row (default: see the counts)"
    )
    parser.add_argument("--model", metavar="ID", help="Hub id or checkpoint folder (default: the bundled model)")
    parser.add_argument("--mnist", metavar="DATASET", help="measure on the test split of this folder or id, too")
    parser.add_argument(
        "--resize-and-invert",
        action="store_true",
        help="squeeze pictures of one digit into 28x28 and invert them, as most demonstrations do, for comparison",
    )
    parser.add_argument("--processes", type=positive, default=1, help="measure in so many processes (default: 1)")
    parser.add_argument("--mistakes", type=Path, metavar="PNG", help="draw a contact sheet of the worst mistakes")
    parser.add_argument("--worst", type=positive, default=100, help="mistakes on the sheet (default: 100)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures here")
    parser.add_argument("--save", type=Path, metavar="FOLDER", help="add the table to this checkpoint's report.json")
    options = parser.parse_args(arguments)
    sets = OF_ONE_DIGIT if options.resize_and_invert else SETS
    options.sets = options.sets or [name for name in sets if name != "mnist" or options.mnist]
    if not set(options.sets) <= set(sets):
        parser.error(f"--resize-and-invert is for pictures of one digit: {', '.join(sets)}")
    if options.resize_and_invert and options.save:
        parser.error("--save is for what the recognizer reads, and --resize-and-invert goes around it")
    if "mnist" in options.sets and not options.mnist:
        parser.error("--sets mnist wants --mnist DATASET")
    return options


def positive(text: str) -> int:
    if int(text) < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return int(text)


def main(arguments: list[str] | None = None) -> int:
    options = parse_options(arguments)
    try:
        run(options)
    except MnistModelError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def run(options: argparse.Namespace) -> None:
    if options.save:
        read_report(options.save)  # before minutes are spent
    task = Task(options.folder, options.sets, options.limit, options.mnist, options.model, options.resize_and_invert)
    table, mistakes = [], []
    for figures, outcomes in measure_all(task, options.processes):
        if not table:
            print(f"{'':<32}{'right':>8}{'mistakes':>10}{'of':>7}{'goal':>9}")
        print(format_row(figures), flush=True)
        table.append(figures)
        mistakes += [outcome for outcome in outcomes if not outcome.right]
    if options.mistakes:
        sheet = contact_sheet(sorted(mistakes, key=lambda outcome: -outcome.confidence)[: options.worst])
        write_whole(options.mistakes, sheet.save)
    if options.json:
        write_json(options.json, {"model": options.model, "rows": table})
    if options.save:
        report = read_report(options.save)
        report["real_handwriting"] = [{key: figures[key] for key in ("set", "accuracy", "count")} for figures in table]
        write_json(options.save / "report.json", report)


def format_row(figures: dict) -> str:
    """One line of the table: the figures, whether the goal is met, and the three sources that do worst."""
    goal, accuracy = figures["goal"], figures["accuracy"]
    verdict = "" if goal is None else f"{goal:>9.2%} {'met' if accuracy >= goal else 'short':<5}"
    sources = sorted(figures["sources"].items(), key=lambda item: item[1])[:3]
    note = ", ".join(f"{source} {share:.1%}" for source, share in sources) if len(sources) > 1 else ""
    line = f"{figures['set']:<32}{accuracy:>8.2%}{figures['mistakes']:>10}{figures['count']:>7}{verdict:<15}  {note}"
    return line.rstrip()


def contact_sheet(mistakes: list[Outcome]) -> Image.Image:
    """Of each mistake the picture as given, and as the model saw it, under "truth > answer  confidence" and its row."""
    columns, width, height = 6, 2 * THUMBNAIL + 12, THUMBNAIL + 32
    sheet = Image.new("RGB", (columns * width, max(1, -(-len(mistakes) // columns)) * height), "white")
    brush = ImageDraw.Draw(sheet)
    for index, outcome in enumerate(mistakes):
        x, y = index % columns * width, index // columns * height
        answer = outcome.answer if outcome.is_digit else f"refused ({outcome.answer})"
        brush.text((x + 2, y + 2), f"{outcome.truth} > {answer}  {outcome.confidence:.3f}", fill="black")
        brush.text((x + 2, y + 14), outcome.row, fill="grey")
        given, seen = outcome.pictures
        sheet.paste(given, (x, y + 28))
        sheet.paste(seen, (x + THUMBNAIL + 2, y + 28))
        brush.rectangle([x - 1, y + 27, x + given.width, y + 28 + given.height], outline="silver")
    return sheet


def read_report(folder: Path) -> dict:
    try:
        report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MnistModelError(f"{folder} has no report.json that can be read: give a checkpoint folder.") from error
    if not isinstance(report, dict):
        raise MnistModelError(f"{folder}/report.json is no report: give a checkpoint folder.")
    return report


def write_json(path: Path, content: dict) -> None:
    write_whole(path, lambda temporary: temporary.write_text(to_json(content), encoding="utf-8"))


if __name__ == "__main__":
    sys.exit(main())
