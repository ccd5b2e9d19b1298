"""The package from the shell: `python -m mnist_model predict PICTURE...`."""

import argparse
import json
import sys

from .errors import MnistModelError
from .recognizer import DigitRecognizer, Prediction


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m mnist_model", description="Recognise handwritten digits.")
    commands = parser.add_subparsers(required=True)
    predict = commands.add_parser("predict", help="read pictures of one digit each: the digit and the top 3")
    predict.add_argument("pictures", nargs="+", metavar="PICTURE", help="PNG, JPEG, WebP, GIF, BMP or TIFF")
    predict.add_argument("--model", metavar="ID", help="Hub id or checkpoint folder (default: the bundled model)")
    predict.add_argument("--revision", help="branch, tag or commit of the model on the Hub")
    predict.add_argument("--json", action="store_true", help="one JSON object a line, with all probabilities")
    predict.set_defaults(run=run_predict)
    options = parser.parse_args(arguments)
    sys.exit(options.run(options))


def run_predict(options: argparse.Namespace) -> int:
    """Print a line for each picture; go on after one that cannot be read, and give 2 then."""
    try:
        recognizer = DigitRecognizer.from_pretrained(options.model, options.revision)
    except MnistModelError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    status = 0
    for picture in options.pictures:
        try:
            prediction = recognizer.predict(picture)
        except MnistModelError as error:
            print(f"error: {error}", file=sys.stderr)
            status = 2
        else:
            print(_as_json(picture, prediction) if options.json else _as_text(picture, prediction))
    return status


def _as_text(picture: str, prediction: Prediction) -> str:
    if not prediction.is_digit:
        return f"{picture}: no digit"
    return f"{picture}: {prediction.label}  ({', '.join(f'{label} {p:.1%}' for label, p in prediction.top(3))})"


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


if __name__ == "__main__":
    main()
