"""comparison.json as Markdown.

    print(comparison_table(json.loads(Path("runs/comparison/comparison.json").read_text())))

Imports no torch, so that a model card can be written where nothing is trained.
"""

import math
from typing import Any

from .card import duration, percent, table

NONE = "–"


def comparison_table(comparison: dict[str, Any]) -> str:
    """Three tables, each under a line that says what was measured: how well, at what cost, and what for what.

    Args:
        comparison: contents of comparison.json. Its models are shown in its order.
    Returns:
        Markdown without headings, for a README or a model card.
    """
    return "\n\n".join(
        [_said_of_accuracy(comparison), _accuracy_table(comparison)]
        + [_said_of_cost(comparison), _cost_table(comparison)]
        + [_said_of_confusions(comparison), _confusions_table(comparison)]
    )


def significant(number: float, digits: int = 2) -> str:
    """So many significant digits, without an exponent.

    >>> significant(0.01234), significant(1.0), significant(26817), significant(0)
    ('0.012', '1.0', '27,000', '0')
    """
    if not number:
        return "0"
    decimals = digits - 1 - math.floor(math.log10(abs(number)))
    rounded = round(number, decimals)
    return f"{rounded:,.{max(decimals, 0)}f}"


def _said_of_accuracy(comparison: dict) -> str:
    images, whole = comparison["images"], comparison["of_images"]
    part = f"{images:,} of the {whole:,}" if images < whole else f"the {images:,}"
    said = f"Accuracy on {part} {comparison['split']} pictures of {comparison['dataset']}, the lowest first."
    if any(len(model["seeds"]["accuracies"]) > 1 for model in comparison["models"] if model["seeds"]):
        said += " The mean is that over trainings that differ by their seed, with its 95% interval (Student's t)."
    said += " Precision, recall and F1 are means over the labels; ECE is the expected calibration error, NLL in nats."
    if comparison["handwriting"]:
        drawings = " and ".join(f"{file} ({count:,})" for file, count in comparison["handwriting"].items())
        said += f" {drawings}: digits of other writers, drawn on 280x280 pixels with a pen of 14."
    return said


def _accuracy_table(comparison: dict) -> str:
    files = list(comparison["handwriting"])
    header = ("Model", "Accuracy", "Mean of seeds", "Precision / recall / F1", "ECE", "NLL", *files)
    rows = [
        (
            _code(model["name"]),
            percent(model["accuracy"]),
            _mean_of_seeds(model["seeds"]),
            " / ".join(f"{100 * model[f'macro_{name}']:.2f}" for name in ("precision", "recall", "f1")) + "%",
            f"{model['ece']:.2%}",
            f"{model['nll']:.4f}",
            *(f"{model['handwriting'][file]:.1%}" for file in files),
        )
        for model in comparison["models"]
    ]
    return table(header, rows, "l" + "r" * (len(header) - 1))


def _mean_of_seeds(seeds: dict | None) -> str:
    if not seeds:
        return NONE
    count = len(seeds["accuracies"])
    if not seeds["interval"]:
        return f"{seeds['mean']:.2%}, {count} seed{'s' * (count > 1)}"
    half = seeds["interval"][1] - seeds["mean"]
    return f"{100 * seeds['mean']:.2f} ± {100 * half:.2f}%, {count} seeds"


def _said_of_cost(comparison: dict) -> str:
    timing = comparison["timing"]
    return (
        "Size is that of model.safetensors and model.onnx together. Times are the processor's for the network alone, "
        f"on onnxruntime {timing['onnxruntime']} and {_threads(timing['threads'])}: the median for one picture, and "
        f"how many pictures in a second, {timing['batch']} at once; in brackets, as multiples of "
        f"{timing['reference']}'s. "
        f"Training took what its report says{_training_setups(comparison['models'])}."
    )


def _training_setups(models: list[dict]) -> str:
    """Such as ", on cpu (2 threads) or cuda (1 thread)"."""
    known = [model["training"] for model in models if model["training"]["device"]]
    setups = {
        f"{training['device']} ({_threads(training['threads'])})" if training["threads"] else training["device"]
        for training in known
    }
    return f", on {' or '.join(sorted(setups))}" if setups else ""


def _threads(count: int) -> str:
    return f"{count} thread{'s' * (count > 1)}"


def _cost_table(comparison: dict) -> str:
    rows = [
        (
            _code(model["name"]),
            f"{model['parameters']:,}",
            NONE if model["macs"] is None else significant(model["macs"] / 1e6),
            f"{significant(model['bytes'] / 1e6)} MB",
            _training_time(model["training"]["training_seconds"]),
            f"{significant(model['latency_ms'])} ms (×{significant(model['latency_ratio'])})",
            f"{significant(model['throughput'])}/s (×{significant(model['throughput_ratio'])})",
        )
        for model in comparison["models"]
    ]
    header = ("Model", "Parameters", "Million MACs", "Size", "Training", "One picture", "Many")
    return table(header, rows, "l" + "r" * (len(header) - 1))


def _training_time(seconds: float | None) -> str:
    return NONE if seconds is None else duration(seconds)


def _said_of_confusions(comparison: dict) -> str:
    return f"What each is, and what it takes for what most often, in {comparison['images']:,} pictures: truth→answer."


def _confusions_table(comparison: dict) -> str:
    rows = [
        (
            _code(model["name"]),
            _cell(model["description"] or NONE),
            f"{model['errors']:,}",
            ", ".join(f"{_cell(one['truth'])}→{_cell(one['answer'])} ×{one['count']}" for one in model["confusions"]),
        )
        for model in comparison["models"]
    ]
    return table(("Model", "What it is", "Mistakes", "The commonest"), rows, "llrl")


def _code(name: str) -> str:
    return f"`{_cell(name.replace('`', ' '))}`"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
