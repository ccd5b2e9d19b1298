"""A finished checkpoint folder -> the README.md of its model repository.

    card = make_card("runs/mnist_cnn/checkpoint", "you/mnist-cnn")

Every figure is the one in report.json, every link leads to a file of the folder. The text is `model_card.md`, a Jinja2
template at the top of the repository; Jinja2 comes with gradio and with torch.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from huggingface_hub import EvalResult, ModelCard, ModelCardData
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id

from . import preprocessing
from .config import is_digits, read_config
from .errors import MnistModelError

TEMPLATE = Path(__file__).parent.parent / "model_card.md"
COMPARISON = TEMPLATE.parent / "benchmarks" / "reports" / "comparison.json"  # what `python -m mnist_model compare` left
FILES = {
    "model.safetensors": "the weights, for timm and transformers",
    "model.onnx": "the same model for onnxruntime",
    "rejection.onnx": "a small network that tells the labels from everything else",
    "config.json": "architecture, labels and input",
    "preprocessing.py": "any picture to the form the model knows; numpy and PIL alone",
    "image_processing_mnist.py": "the same as an image processor of transformers",
    "report.json": "every figure of this card, with the whole history of the training",
}
PLOTS = ("training_curves", "confusion_matrix", "mistakes", "reliability", "rejection")
MNIST_IDS = ("ylecun/mnist", "mnist")
SHOWN_MISTAKES = 10
# What the card says of a report; `history`, `training`, `extra_pictures`, `cost` and `real_handwriting` may be absent.
REQUIRED = (
    *("dataset", "split", "images", "label_names", "accuracy", "errors", "macro_precision", "macro_recall", "macro_f1"),
    *("per_class", "confusion_matrix", "nll", "ece", "reliability", "temperature", "mistakes", "model"),
)
ONNX_NAMES = {
    "pixel_values": "standardised pictures, their three channels equal",
    "logits": "softmax gives the probabilities, in the order of `label_names` in config.json",
    "features": "the last feature map; its mean over height and width is what the classifier sees",
}


def make_card(folder: str | Path, model_id: str) -> str:
    """Write the model card of a checkpoint.

    Args:
        folder: a finished checkpoint folder: config.json, report.json, weights, ONNX and plots.
        model_id: where it is going to be published, "owner/name".
    Returns:
        The whole README.md: YAML metadata and Markdown.
    Raises:
        MnistModelError: a file is missing or damaged, `model_id` is none, or the template cannot be used.
    """
    from .hub import check_repo_id  # here, because it takes `make_card` from this module

    folder = Path(folder)
    config = read_config(folder)
    report = _read_report(folder, config["label_names"])
    check_repo_id(model_id)
    if not TEMPLATE.is_file():
        raise MnistModelError(f"There is no template {TEMPLATE.name} beside mnist_model/: use a whole checkout.")
    try:
        card = ModelCard.from_template(
            make_metadata(report, model_id),
            template_path=str(TEMPLATE),
            **template_values(folder, config, report, model_id),
        )
    except ImportError as error:
        raise MnistModelError("A model card is written by Jinja2: pip install jinja2.") from error
    return f"{str(card).rstrip()}\n"


def make_metadata(report: dict[str, Any], model_id: str) -> ModelCardData:
    """What the Hub reads: the YAML block at the top of the card, with the results in its model-index.

    Args:
        report: contents of report.json.
        model_id: "owner/name".
    """
    mnist, hub_id = is_mnist(report), dataset_id(report)
    options = report.get("training", {}).get("data", {})
    measured: dict[str, Any] = {
        "task_type": "image-classification",
        "task_name": "Image Classification",
        "dataset_type": hub_id or "local",
        "dataset_name": "MNIST" if mnist else report["dataset"],
        "dataset_config": options.get("dataset_config"),
        "dataset_split": report["split"],
    }
    results = (
        ("accuracy", "Accuracy", report["accuracy"], None),
        ("f1", "Macro F1", report["macro_f1"], {"average": "macro"}),
        ("nll", "Negative log-likelihood", report["nll"], None),
        ("ece", "Expected calibration error", report["ece"], None),
    )
    return ModelCardData(
        license="apache-2.0",
        library_name="timm",
        pipeline_tag="image-classification",
        datasets=[hub_id] if hub_id else None,
        metrics=["accuracy", "f1"],
        tags=["timm", "transformers", "onnx", "safetensors", *(["mnist", "handwritten-digits"] if mnist else [])],
        model_name=model_id.split("/")[1],
        eval_results=[
            EvalResult(**measured, metric_type=kind, metric_name=name, metric_value=value, metric_args=arguments)
            for kind, name, value, arguments in results
        ],
    )


def is_mnist(report: dict[str, Any]) -> bool:
    """Whether the report is of MNIST: by its id or as a folder of that name, with the ten digits as labels."""
    return report["dataset"] in MNIST_IDS and is_digits(report["label_names"])


def dataset_id(report: dict[str, Any]) -> str | None:
    """The data set's id on the Hub, or None: the bare name of a local folder may be anybody's there."""
    if is_mnist(report):
        return MNIST_IDS[0]
    try:
        validate_repo_id(report["dataset"])
    except HFValidationError:
        return None
    return report["dataset"] if "/" in report["dataset"] else None


def template_values(folder: Path, config: dict, report: dict, model_id: str) -> dict[str, Any]:
    """What `model_card.md` is filled with, by the names it uses."""
    pretrained_cfg = config["pretrained_cfg"]
    tables = _tables(folder, report)  # first, because it finds a damaged model.onnx
    return {
        "model_id": model_id,
        "name": model_id.split("/")[1],
        "report": report,
        "options": {name: value for part in report.get("training", {}).values() for name, value in part.items()},
        "config": config,
        "model_args": json.dumps(config["model_args"]),
        "needs_package": config["architecture"] == report["model"].get("architecture"),  # timm alone does not know it
        "is_mnist": is_mnist(report),
        "dataset_id": dataset_id(report),
        "dataset": "MNIST" if is_mnist(report) else escape(report["dataset"]),
        "preprocessing": preprocessing,
        "input_size": pretrained_cfg["input_size"][-1],
        "mean": pretrained_cfg["mean"][0],
        "std": pretrained_cfg["std"][0],
        "onnx_opset": _onnx_opset(folder / "model.onnx"),
        "confusions": _confusions(report),
        "augmented": any(report.get("training", {}).get("augmentation", {}).values()),
        "last_epoch": _last_epoch(report),
        "plots": [name for name in PLOTS if (folder / f"{name}.png").is_file()],
        "shown_mistakes": min(SHOWN_MISTAKES, len(report["mistakes"])),
        "percent": percent,
        "duration": duration,
        "escape": escape,
        "tables": tables,
    }


def _tables(folder: Path, report: dict) -> dict[str, str]:
    options = [
        (f"`--{name.replace('_', '-')}`", "not set" if value is None else escape(value))
        for part in report.get("training", {}).values()
        for name, value in part.items()
    ]
    classes = [
        (escape(row["label"]), *(percent(row[key]) for key in ("precision", "recall", "f1")), f"{row['support']:,}")
        for row in report["per_class"]
    ]
    mistakes = [
        (f"{row['index']}", escape(row["truth"]), escape(row["answer"]), percent(row["confidence"]))
        for row in report["mistakes"][:SHOWN_MISTAKES]
    ]
    handwriting = [
        (escape(row["set"]), percent(row["accuracy"]), f"{row['count']:,}")
        for row in report.get("real_handwriting") or []
    ]
    sizes = [
        (f"`{name}`", _size((folder / name).stat().st_size), what)
        for name, what in FILES.items()
        if (folder / name).is_file()
    ]
    return {
        "options": table(("Option", "Value"), options, "ll"),
        "per_class": table(("Label", "Precision", "Recall", "F1", "Pictures"), classes, "lrrrr"),
        "mistakes": table(("Index in the split", "Truth", "Answer", "Confidence"), mistakes, "rccr"),
        "real_handwriting": table(("Pictures", "Right", "Of"), handwriting, "lrr"),
        "files": table(("File", "Size", "What it is"), sizes, "lrl"),
        "comparison": _comparison() if is_mnist(report) else "",
        "onnx": table(("", "Name", "Shape", "Type", "What it is"), _onnx_interface(folder / "model.onnx"), "lllll"),
    }


def _comparison() -> str:
    from .comparison_table import comparison_table  # here, because it takes `table` from this module

    return comparison_table(json.loads(COMPARISON.read_text(encoding="utf-8"))) if COMPARISON.is_file() else ""


def table(header: Iterable[str], rows: Iterable[Iterable[str]], align: str) -> str:
    """A Markdown table.

    Args:
        header: one Markdown text for each column.
        rows: as many texts in each.
        align: a letter for each column: l, c or r.

    >>> print(table(("Label", "F1"), [("7", "99.42%")], "lr"))
    | Label | F1 |
    | :-- | --: |
    | 7 | 99.42% |
    """
    rules = [{"l": ":--", "c": ":-:", "r": "--:"}[letter] for letter in align]
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, rules, *rows))


def percent(share: float) -> str:
    """Two decimals, and never 100% for what is less.

    >>> percent(0.9962), percent(1.0), percent(0.999991)
    ('99.62%', '100.00%', '>99.99%')
    """
    text = f"{share:.2%}"
    return ">99.99%" if text == "100.00%" and share < 1 else text


def duration(seconds: float) -> str:
    """In the unit that one would say it in.

    >>> duration(42.4), duration(815.787), duration(9000)
    ('42 seconds', '13.6 minutes', '2.5 hours')
    """
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.1f} minutes" if seconds < 7200 else f"{seconds / 3600:.1f} hours"


def escape(value: object) -> str:
    r"""Any text as Markdown that shows just this text, in a table too.

    >>> print(escape("mnist_cnn"), escape("a|b"), escape(0.5))
    mnist\_cnn a\|b 0.5
    """
    return re.sub(r"([\\`*_\[\]<>|~&$#])", r"\\\1", " ".join(str(value).split()))


def _size(number: int) -> str:
    return f"{number / 1e6:.2f} MB" if number >= 1e6 else f"{number / 1e3:.1f} kB"


def _confusions(report: dict) -> list[tuple[str, str, int]]:
    """(truth, answer, count) of the three most frequent mistakes that were made more than once."""
    names = [escape(name) for name in report["label_names"]]
    found = [
        (names[truth], names[answer], count)
        for truth, row in enumerate(report["confusion_matrix"])
        for answer, count in enumerate(row)
        if truth != answer and count > 1
    ]
    return sorted(found, key=lambda confusion: -confusion[2])[:3]


def _last_epoch(report: dict) -> dict | None:
    """Of the history; None where there is none, or where its figures were not finite."""
    names = ("train_loss", "validation_loss", "validation_accuracy")
    epochs = report.get("history") or [{}]
    return epochs[-1] if all(epochs[-1].get(name) is not None for name in names) else None


def _onnx_interface(path: Path) -> list[tuple[str, ...]]:
    """A row for each input and output of an ONNX file: role, name, shape, type, meaning."""
    import onnxruntime

    try:
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has an exception of its own for each fault
        raise MnistModelError(f"{path} is damaged or cut short: fetch or train the checkpoint again.") from error
    return [
        (
            role,
            f"`{value.name}`",
            f"({', '.join(map(str, value.shape))})",
            value.type.replace("tensor(float)", "float32"),
            ONNX_NAMES.get(value.name, ""),
        )
        for role, values in (("input", session.get_inputs()), ("output", session.get_outputs()))
        for value in values
    ]


def _onnx_opset(path: Path) -> int | None:
    """Of the standard operators; None where the package onnx, which comes with onnxscript, is not installed."""
    try:
        import onnx
    except ImportError:
        return None
    opsets = onnx.load(path, load_external_data=False).opset_import
    return next((opset.version for opset in opsets if opset.domain in ("", "ai.onnx")), None)


def _read_report(folder: Path, label_names: list[str]) -> dict[str, Any]:
    for name in ("report.json", "model.safetensors", "model.onnx"):
        if not (folder / name).is_file():
            raise MnistModelError(f"{folder} has no {name}: the card of a model needs a finished checkpoint.")
    path = folder / "report.json"
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MnistModelError(f"{path} is damaged or cut short: train the checkpoint again.") from error
    missing = [name for name in REQUIRED if not isinstance(report, dict) or name not in report]
    if missing:
        raise MnistModelError(f"{path} lacks {', '.join(missing)}: it is not the report of an evaluation.")
    if report["label_names"] != label_names:
        raise MnistModelError(f"{path} and config.json name different labels: they are not of one checkpoint.")
    return report
