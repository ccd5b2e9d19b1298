"""The package from the shell.

    python -m mnist_model predict PICTURE...
    python -m mnist_model read PICTURE...
    python -m mnist_model push runs/mnist_cnn/checkpoint you/mnist-cnn
    python -m mnist_model deploy you/mnist --model-id you/mnist-cnn
    python -m mnist_model compare

What cannot be done is said in one sentence, with exit code 2.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable
from io import TextIOWrapper
from pathlib import Path
from typing import Any, cast

from .errors import MnistModelError
from .files import check_writable
from .recognizer import DigitRecognizer, Prediction, Reading

STROKES = "../shared/real-digits"


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m mnist_model", description="Read handwritten digits; publish a model; compare models."
    )
    commands = parser.add_subparsers(required=True)
    for name, run, what, more in (
        ("predict", run_predict, "read pictures of one digit each: the digit and the top 3", "all probabilities"),
        ("read", run_read, "read pictures of numbers: every digit, line by line", "the place of each digit"),
    ):
        command = commands.add_parser(name, help=what)
        command.add_argument("pictures", nargs="+", metavar="PICTURE", help="PNG, JPEG, WebP, GIF, BMP or TIFF")
        command.add_argument(
            "--model", metavar="ID", help="bundled model, Hub id or checkpoint folder (default: mnist_cnn, bundled)"
        )
        command.add_argument("--revision", help="branch, tag or commit of the model on the Hub")
        command.add_argument("--json", action="store_true", help=f"one JSON object a line, with {more}")
        command.set_defaults(run=run)
    push = commands.add_parser("push", help="publish a finished checkpoint folder on the Hub")
    push.add_argument("folder", metavar="FOLDER", help="the checkpoint folder, such as runs/mnist_cnn/checkpoint")
    push.add_argument("model_id", metavar="MODEL_ID", help="owner/name on the Hub; created if there is none")
    push.add_argument("--private", action="store_true", help="create it for its owner's eyes only")
    push.add_argument("--revision", metavar="BRANCH", help="branch to commit to, created if there is none")
    push.add_argument("--tag", help="tag to set on the commit")
    push.set_defaults(run=run_push)
    deploy = commands.add_parser("deploy", help="create or update the Space that serves a model")
    deploy.add_argument("space_id", metavar="SPACE_ID", help="owner/name on the Hub; created if there is none")
    deploy.add_argument("--model-id", metavar="ID", required=True, help="the model to serve, on the Hub")
    deploy.add_argument("--revision", help="branch, tag or commit of the model (default: main as it is now)")
    deploy.add_argument("--private", action="store_true", help="create it for its owner's eyes only")
    deploy.add_argument("--dry-run", action="store_true", help="list the files and their sizes, and send nothing")
    deploy.set_defaults(run=run_deploy)
    _add_compare(commands)
    options = parser.parse_args(arguments)
    cast(TextIOWrapper, sys.stdout).reconfigure(errors="backslashreplace")  # for names of files that are no text
    try:
        status = options.run(options)
        sys.stdout.flush()
        sys.exit(status)
    except MnistModelError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:  # `| head` has seen enough: what is still to be written goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _add_compare(commands) -> None:
    compare = commands.add_parser("compare", help="measure models side by side: figures, tables and plots")
    compare.add_argument(
        "--models",
        nargs="+",
        metavar="NAME",
        help="bundled models or checkpoint folders (default: all that are bundled)",
    )
    compare.add_argument("--dataset", default="ylecun/mnist", help="id on the Hub, or folder (default: %(default)s)")
    compare.add_argument(
        "--strokes", metavar="FOLDER", help=f"drawings of other writers (default: {STROKES}, where it is found)"
    )
    compare.add_argument("--reports", metavar="FOLDER", help="NAME/seed*.json of each (default: benchmarks/reports)")
    compare.add_argument("--limit", type=_positive, metavar="N", help="N test pictures, and N drawings of each file")
    compare.add_argument("--output", metavar="FOLDER", default="runs/comparison", help="default: %(default)s")
    compare.add_argument("--readme", metavar="FILE", help="put the tables between the markers of this file, too")
    compare.add_argument(
        "--from", dest="earlier", metavar="FILE", help="measure nothing: tables and plots of this comparison.json"
    )
    compare.set_defaults(run=run_compare)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 on, and is {text!r}")
    return int(text)


def run_predict(options: argparse.Namespace) -> int:
    """Print a line for each picture; go on after one that cannot be read, and give 2 then."""
    return _run_on_pictures(options, DigitRecognizer.predict, _as_json if options.json else _as_text)


def run_read(options: argparse.Namespace) -> int:
    """As `run_predict`."""
    return _run_on_pictures(options, DigitRecognizer.read, _reading_as_json if options.json else _reading_as_text)


def _run_on_pictures(options: argparse.Namespace, answer: Callable, as_line: Callable[[str, Any], str]) -> int:
    recognizer = DigitRecognizer.from_pretrained(options.model, options.revision)
    status = 0
    for picture in options.pictures:
        try:
            print(as_line(picture, answer(recognizer, picture)))
        except MnistModelError as error:
            print(f"error: {error}", file=sys.stderr)
            status = 2
    return status


def _as_text(picture: str, prediction: Prediction) -> str:
    if not prediction.is_digit:
        return f"{picture}: no digit"
    return f"{picture}: {prediction.label}  ({', '.join(f'{label} {p:.1%}' for label, p in prediction.top(3))})"


def _reading_as_text(picture: str, reading: Reading) -> str:
    if not reading.digits:
        return f"{picture}: no digit"
    sure = (f"{digit.prediction.label} {digit.prediction.confidence:.1%}" for digit in reading.digits)
    return f"{picture}: {reading.text}  ({', '.join(sure)})"


def _reading_as_json(picture: str, reading: Reading) -> str:
    digits = [
        {"label": digit.prediction.label, "confidence": digit.prediction.confidence, "box": digit.box._asdict()}
        for digit in reading.digits
    ]
    return json.dumps({"picture": picture, "text": reading.text, "digits": digits})


def _as_json(picture: str, prediction: Prediction) -> str:
    top = [{"label": label, "confidence": confidence} for label, confidence in prediction.top(3)]
    return json.dumps(
        {
            "picture": picture,
            "is_digit": prediction.is_digit,
            "label": prediction.label if prediction.is_digit else None,
            "confidence": prediction.confidence,
            "top": top,
            "probabilities": prediction.probabilities,
        }
    )


def run_push(options: argparse.Namespace) -> int:
    from .hub import push_checkpoint

    pushed = push_checkpoint(
        options.folder, options.model_id, private=options.private, revision=options.revision, tag=options.tag
    )
    print(pushed.summary())
    return 0


def run_deploy(options: argparse.Namespace) -> int:
    from .deploy import deploy_space, space_files
    from .hub import check_repo_id

    check_repo_id(options.space_id)
    check_repo_id(options.model_id)
    if options.dry_run:
        files = space_files(options.model_id)
        for path, content in sorted(files.items()):
            print(f"{len(content):>9,}  {path}")
        print(f"{sum(map(len, files.values())):>9,}  bytes in {len(files)} files, for {options.space_id}")
        return 0
    print(
        deploy_space(options.space_id, options.model_id, revision=options.revision, private=options.private).summary()
    )
    return 0


def run_compare(options: argparse.Namespace) -> int:
    from .config import bundled_models

    try:
        from . import comparison_files
        from .compare import compare
        from .comparison_table import comparison_table
    except ImportError as error:
        raise MnistModelError(f"To compare models, install what training wants: pip install {error.name}.") from error
    check_writable(options.output)  # what is wrong there is said before minutes are spent
    if options.readme:
        comparison_files.read_around_table(options.readme)
    if options.earlier:
        comparison = comparison_files.load_comparison(options.earlier)
    else:
        strokes = options.strokes or (STROKES if Path(STROKES).is_dir() else None)
        if not strokes:
            print("There are no drawings of other writers to read: --strokes names their folder.", file=sys.stderr)
        comparison = compare(
            options.models or bundled_models(),
            options.dataset,
            strokes=strokes,
            reports=options.reports,
            limit=options.limit,
            say=lambda line: print(line, file=sys.stderr, flush=True),
        )
    tables = comparison_table(comparison)
    paths = comparison_files.save_comparison(comparison, options.output)
    if options.readme:
        comparison_files.write_table(options.readme, tables)
    print(tables)
    print(f"written: {', '.join(map(str, paths))}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    main()
