"""The model card: complete, and saying nothing but what the report and the folder say."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jinja2
import jinja2.meta
import numpy as np
import onnx
import onnxruntime
import pytest
from huggingface_hub import ModelCard
from markdown_it import MarkdownIt

from mnist_model import MnistModelError, card
from mnist_model.card import TEMPLATE, make_card, template_values
from mnist_model.config import bundled_checkpoint, read_config

MODEL_ID = "somebody/digits-1.0"
HANDWRITING = [{"set": "pen_digits, 14 px pen", "accuracy": 0.9713, "count": 1234}]
LETTERS = [
    *"ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    *"abdefghnqrt",
    "|",
    "*",
    "_",
    "<b>",
    "`",
    "$x$",
    "\\",
    "#",
    "&amp;",
    "two words",
]


def read_report(folder: Path) -> dict:
    return json.loads((folder / "report.json").read_text())


def write_report(folder: Path, report: dict) -> None:
    (folder / "report.json").write_text(json.dumps(report))


def change_report(folder: Path, path: list, value) -> None:
    """Put another value at a path of keys and indices."""
    report = place = read_report(folder)
    for key in path[:-1]:
        place = place[key]
    assert place[path[-1]] != value
    place[path[-1]] = value
    write_report(folder, report)


@pytest.fixture
def folder(tmp_path) -> Path:
    """A copy of the bundled checkpoint, to be changed."""
    return shutil.copytree(bundled_checkpoint(), tmp_path / "checkpoint")


@pytest.fixture(scope="module")
def text() -> str:
    return make_card(bundled_checkpoint(), MODEL_ID)


@pytest.fixture(scope="module")
def letters(tmp_path_factory) -> Path:
    """A checkpoint for another data set: 47 classes, a report of random logits, and one plot."""
    import timm

    from mnist_model.checkpoint import save_checkpoint
    from mnist_model.evaluation import evaluate_logits
    from mnist_model.plots import plot_reliability

    assert len(LETTERS) == 47
    rng = np.random.default_rng(0)
    truth = rng.integers(47, size=400)
    logits = rng.normal(size=(400, 47)) + 3 * np.eye(47)[truth]
    report = evaluate_logits(logits, truth, LETTERS, dataset="my_letters", model={"architecture": "x", "parameters": 9})

    def write_more(folder: Path) -> None:
        report.save(folder / "report.json")
        plot_reliability(report).savefig(folder / "reliability.png")

    model = timm.create_model("mnist_cnn", in_chans=1, num_classes=47)
    return save_checkpoint(
        model, tmp_path_factory.mktemp("run") / "checkpoint", "mnist_cnn", LETTERS, write_more=write_more
    )


def body(text: str) -> str:
    return ModelCard(text).text


def parse(text: str) -> list:
    return MarkdownIt("commonmark").enable("table").parse(body(text))


def tables(text: str) -> list[list[list[str]]]:
    """Every table as a Markdown renderer sees it: rows, the header first, of what is shown in their cells."""
    found, tokens = [], parse(text)
    for token, following in zip(tokens, tokens[1:], strict=False):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type in ("th_open", "td_open"):
            found[-1][-1].append("".join(child.content for child in following.children or []))
    return found


def table_with(text: str, header: str) -> list[list[str]]:
    (table,) = [table for table in tables(text) if header in table[0]]
    return table[1:]


def links(text: str) -> list[str]:
    children = [child for token in parse(text) for child in token.children or []]
    return [child.attrs.get("href") or child.attrs["src"] for child in children if child.type in ("link_open", "image")]


def prose(text: str) -> str:
    """What the card says in words of its own: no code, no links' targets, no options."""
    lines = [line for line in text.splitlines() if not line.startswith("| `--")]
    children = [child for token in parse("\n".join(lines)) for child in token.children or []]
    return "\n".join(child.content for child in children if child.type == "text")


def blocks(text: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)


# ------------------------------------------------------------------------------------------------------------ metadata


def test_the_hub_reads_the_metadata_back(text, tmp_path):
    (tmp_path / "README.md").write_text(text)
    data, report = ModelCard.load(tmp_path / "README.md").data, read_report(bundled_checkpoint())
    assert data.license == "apache-2.0" and data.library_name == "timm" and data.language is None
    assert data.pipeline_tag == "image-classification" and data.datasets == ["ylecun/mnist"]
    assert data.metrics == ["accuracy", "f1"] and data.model_name == "digits-1.0"
    assert {"mnist", "timm", "transformers", "onnx", "handwritten-digits"} <= set(data.tags)
    assert {result.metric_type: result.metric_value for result in data.eval_results} == {
        "accuracy": report["accuracy"],
        "f1": report["macro_f1"],
        "nll": report["nll"],
        "ece": report["ece"],
    }
    for result in data.eval_results:
        assert (result.task_type, result.dataset_type) == ("image-classification", "ylecun/mnist")
        assert (result.dataset_name, result.dataset_split) == ("MNIST", report["split"])


@pytest.mark.parametrize(
    ("dataset", "hub_id", "name"),
    [
        ("mnist", "ylecun/mnist", "MNIST"),
        ("ylecun/mnist", "ylecun/mnist", "MNIST"),
        ("somebody/numbers", "somebody/numbers", "somebody/numbers"),
        ("my-scans", None, "my-scans"),
        ("not an id/at all", None, "not an id/at all"),
    ],
)
def test_only_a_data_set_that_the_hub_can_know_is_named_as_one(folder, dataset, hub_id, name):
    write_report(folder, read_report(folder) | {"dataset": dataset})
    data = ModelCard(make_card(folder, MODEL_ID)).data
    assert data.datasets == ([hub_id] if hub_id else None)
    assert data.eval_results[0].dataset_name == name and data.eval_results[0].dataset_type == (hub_id or "local")
    assert ("mnist" in data.tags) == (name == "MNIST")


# ------------------------------------------------------------------------------------------------------------- figures


def test_the_tables_show_the_report(text):
    report = read_report(bundled_checkpoint())
    summary = dict(table_with(text, "Metric"))
    assert summary["Accuracy"] == f"{report['accuracy']:.2%}" and summary["Mistakes"] == f"{report['errors']}"
    for row, key in (
        ("Macro precision", "macro_precision"),
        ("Macro recall", "macro_recall"),
        ("Macro F1", "macro_f1"),
        ("Negative log-likelihood (nats)", "nll"),
        ("Expected calibration error", "ece"),
    ):
        assert float(summary[row]) == pytest.approx(report[key], abs=5.1e-5)
    for row, expected in zip(table_with(text, "Precision"), report["per_class"], strict=True):
        assert row[0] == expected["label"] and int(row[4].replace(",", "")) == expected["support"]
        shares = [float(cell.rstrip("%")) / 100 for cell in row[1:4]]
        assert shares == pytest.approx([expected[key] for key in ("precision", "recall", "f1")], abs=5.1e-5)
    for row, expected in zip(table_with(text, "Truth"), report["mistakes"][:10], strict=True):
        assert row[:3] == [str(expected["index"]), expected["truth"], expected["answer"]]
        assert float(row[3].rstrip("%")) / 100 == pytest.approx(expected["confidence"], abs=5.1e-5)


def test_every_option_of_the_run_is_shown(text):
    parts = read_report(bundled_checkpoint())["training"].values()
    options = {name: value for part in parts for name, value in part.items()}
    shown = {name: value for name, value in table_with(text, "Option")}
    assert shown == {
        f"--{name.replace('_', '-')}": "not set" if value is None else str(value) for name, value in options.items()
    }


@pytest.mark.parametrize(
    ("path", "value", "shown"),
    [
        (["accuracy"], 0.87654, ["87.65%"]),
        (["errors"], 1234, ["1,234 mistakes", "| 1,234 |"]),
        (["errors"], 1, ["1 mistake)"]),
        (["images"], 54321, ["54,321 pictures"]),
        (["split"], "held-back", ["`held-back` split"]),
        (["ece"], 0.04321, ["calibration error is 0.0432"]),
        (["temperature"], 0.98765, ["temperature of 0.988"]),
        (["reliability"], [], ["over 0 bins"]),
        (["model", "parameters"], 7654321, ["7,654,321 parameters"]),
        (["confusion_matrix", 3, 8], 77, ["3 read as 8 (77 times)"]),
        (["mistakes"], [], ["Nothing in this split"]),
        (["history"], [], ["23 epochs"]),
        (["history"], [{}], ["1 epoch with the"]),
        (["history", -1, "validation_accuracy"], 0.7777, ["77.77% were read right"]),
        (["training", "training", "learning_rate"], 0.0123, ["was 0.0123 at its highest"]),
        (["training", "training", "ema_decay"], 0.9, ["(decay 0.9)"]),
        (["training", "training", "keep"], "best", ["best on the held-out pictures"]),
        (["training", "data", "validation_fraction"], 0.125, ["12.5% of the training split"]),
        (["training", "data", "max_train_samples"], 2500, ["Only 2,500 pictures"]),
        (["training", "augmentation"], {"shear": 0.5, "styles": 0.25}, ["last 2 options", "25% of the digits that"]),
        (
            ["training", "augmentation"],
            {"hard_edges": 0.125, "anneal": 0.25},
            ["12.5% of the pictures were drawn again", "were 75% of that"],
        ),
        (["cost", "seconds"], 7300, ["took 2.0 hours"]),
        (["cost", "training_seconds"], 61, ["itself 61 seconds"]),
        (["cost", "device"], "tpu", ["process on tpu"]),
        (["cost", "processes"], 3, ["3 processes", "threads each"]),
        (["cost", "threads"], 7, ["with 7 threads,"]),
        (["cost", "precision"], "fp16", ["precision fp16"]),
        (["cost", "torch"], "9.8.7", ["PyTorch 9.8.7"]),
    ],
)
def test_another_report_gives_another_card(folder, path, value, shown):
    change_report(folder, ["training", "training", "epochs"], 23)
    change_report(folder, ["cost", "threads"], 4)
    change_report(folder, path, value)
    for words in shown:
        assert words in make_card(folder, MODEL_ID)
        assert words not in make_card(bundled_checkpoint(), MODEL_ID)


@pytest.mark.parametrize(
    ("path", "value", "gone"),
    [
        (["history"], [], "After the last epoch"),
        (["history", -1, "train_loss"], None, "After the last epoch"),
        (["training"], {}, "Every option"),
        (["training", "augmentation"], {"rotation": 0.0}, "drawn anew"),
        (["cost"], {}, "The run took"),
    ],
)
def test_what_the_report_does_not_know_is_not_said(folder, text, path, value, gone):
    change_report(folder, path, value)
    assert gone in text and gone not in make_card(folder, MODEL_ID)


def test_real_handwriting_is_shown_where_it_was_measured(folder):
    report = read_report(folder)
    report.pop("real_handwriting", None)
    write_report(folder, report)
    assert "real_handwriting" not in make_card(folder, MODEL_ID)
    write_report(folder, report | {"real_handwriting": HANDWRITING})
    text = make_card(folder, MODEL_ID)
    assert table_with(text, "Of") == [["pen_digits, 14 px pen", "97.13%", "1,234"]]
    assert "python benchmarks/real_handwriting.py FOLDER" in text


# ---------------------------------------------------------------------------------------------------- folder and files


def test_the_onnx_file_is_described_as_it_is(text, monkeypatch):
    path = bundled_checkpoint() / "model.onnx"
    assert f"(opset {onnx.load(path).opset_import[0].version})" in text
    session = onnxruntime.InferenceSession(path)
    rows = [(value.name, value.shape) for value in (*session.get_inputs(), *session.get_outputs())]
    shown = [(name, f"({', '.join(map(str, shape))})") for name, shape in rows]
    assert [tuple(row[1:3]) for row in table_with(text, "Shape")] == shown
    assert all(row[3] == "float32" and row[4] for row in table_with(text, "Shape"))
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert "opset" not in make_card(bundled_checkpoint(), MODEL_ID)


def test_file_sizes_are_those_on_disk(text):
    for name, size, _ in table_with(text, "File"):
        number, unit = size.split()
        actual = (bundled_checkpoint() / name).stat().st_size
        assert float(number) * {"kB": 1e3, "MB": 1e6}[unit] == pytest.approx(actual, abs={"kB": 51, "MB": 5100}[unit])
    assert {"model.onnx", "model.safetensors"} <= {row[0] for row in table_with(text, "File")}


def test_links_lead_somewhere(folder):
    (folder / "mistakes.png").write_bytes((folder / "reliability.png").read_bytes())
    for lost in (None, "mistakes.png", "reliability.png", "confusion_matrix.png", "training_curves.png"):
        if lost:
            (folder / lost).unlink()
        text = make_card(folder, MODEL_ID)
        found = links(text)
        relative = {link for link in found if not link.startswith(("https://", "#"))}
        assert relative == {path.name for path in folder.glob("*.png")}
        titles = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), flags=re.MULTILINE)
        anchors = {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}
        assert {link[1:] for link in found if link.startswith("#")} <= anchors


@pytest.mark.parametrize("which", ["bundled", "letters", "with everything"])
def test_the_card_is_complete_and_keeps_to_itself(which, folder, request, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_" + "s3cret" * 5)
    if which == "letters":
        folder = request.getfixturevalue("letters")
    if which == "with everything":
        write_report(folder, read_report(folder) | {"real_handwriting": HANDWRITING})
    text = make_card(folder, MODEL_ID)
    for unwanted in ("More information needed", "{{", "{%", " \n", "s3cret"):
        assert unwanted not in text
    assert "\n\n\n" not in re.sub(r"```.*?```", "code", text, flags=re.DOTALL)
    assert not re.search(r"\b(None|nan|null|Undefined)\b", prose(text))
    assert not re.search(r"(?<![\w.:/])/\w+/", body(text).replace("</", "")), "a path of this machine"
    assert str(folder) not in text and str(Path.home()) not in text
    assert text.startswith("---\n") and text.endswith("\n")


# ---------------------------------------------------------------------------------------------------------- as it looks


@pytest.mark.parametrize("which", ["bundled", "letters", "with handwriting"])
def test_tables_are_tables(which, folder, request):
    if which == "letters":
        folder = request.getfixturevalue("letters")
    else:
        rows = HANDWRITING if which == "with handwriting" else []
        write_report(folder, read_report(folder) | {"real_handwriting": rows})
    text = make_card(folder, MODEL_ID)
    assert len(tables(text)) == len(re.findall(r"^\| :?-", text, flags=re.MULTILINE))
    assert len(tables(text)) == {"bundled": 10, "letters": 6, "with handwriting": 11}[which]
    rows = [line for line in body(text).splitlines() if line.startswith("|")]
    assert sum(len(table) + 1 for table in tables(text)) == len(rows)
    for line in rows:  # a renderer drops the cells that are too many
        assert line.endswith(" |")
    for block in re.findall(r"(?:^\|.*\n)+", body(text), flags=re.MULTILINE):
        cells = {len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) for line in block.splitlines()}
        assert len(cells) == 1, block


def test_headings_stand_alone(text):
    lines = body(text).splitlines()
    for index, line in enumerate(lines):
        if line.startswith(("## ", "### ", "```", "![")) and not line == "```":
            assert lines[index - 1] == "", line
    assert len(re.findall(r"^```", text, flags=re.MULTILINE)) == 2 * len([t for t in parse(text) if t.type == "fence"])


# ------------------------------------------------------------------------------------------------------- the code in it


def test_each_block_is_whole_by_itself(text, tmp_path):
    assert len(blocks(text)) == 5
    for index, block in enumerate(blocks(text)):
        compile(block, f"block {index}", "exec")
        assert MODEL_ID in block and "Image.new(" in block and "print(" in block
        assert max(map(len, block.splitlines())) <= 92  # wider ones are cut off on the page
        (tmp_path / f"block{index}.py").write_text(block)
    # undefined and unused names
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "F", "--no-cache", str(tmp_path)]
    finished = subprocess.run(command, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_the_loaders_are_all_there(text):
    code = blocks(text)
    assert "trust_remote_code" not in code[0] and code[1].count("trust_remote_code=True") == 2
    assert all('pipeline("image-classification"' in block for block in code[:2])
    assert f'"hf-hub:{MODEL_ID}"' in code[2]
    assert f'DigitRecognizer.from_pretrained("{MODEL_ID}", revision=' in code[3]
    assert not re.search(r"\b(torch|timm|transformers|mnist_model)\b", code[4])


# ----------------------------------------------------------------------------------------------------- other data sets


def test_a_card_of_another_data_set_claims_neither_mnist_nor_digits(letters, text):
    written = make_card(letters, "somebody/letters")
    pattern = r"mnist|digit|lecun|\bseven\b|60,000"
    assert re.search(pattern, prose(text), flags=re.IGNORECASE)  # the pattern finds what it is to find
    assert not re.search(pattern, prose(written), flags=re.IGNORECASE)
    assert not any("seven" in block for block in blocks(written))
    data = ModelCard(written).data
    assert data.datasets is None and not {"mnist", "handwritten-digits"} & set(data.tags)
    assert "47 classes" in written and r"my\_letters" in written
    assert [row[0] for row in table_with(written, "Precision")] == LETTERS
    assert ["output", "logits", "(batch, 47)"] in [row[:3] for row in table_with(written, "Shape")]
    assert [link for link in links(written) if link.endswith(".png")] == ["reliability.png"]


# ---------------------------------------------------------------------------------------------------- what can go wrong


@pytest.mark.parametrize("name", ["report.json", "config.json", "model.onnx", "model.safetensors"])
def test_an_unfinished_folder(folder, name):
    (folder / name).unlink()
    with pytest.raises(MnistModelError, match=re.escape(name)):
        make_card(folder, MODEL_ID)


@pytest.mark.parametrize(
    ("content", "message"),
    [("{", "damaged"), ("[]", "lacks dataset"), ('{"accuracy": 1.0}', "lacks dataset, split")],
)
def test_a_report_that_is_none(folder, content, message):
    (folder / "report.json").write_text(content)
    with pytest.raises(MnistModelError, match=message):
        make_card(folder, MODEL_ID)


def test_a_report_of_another_model(folder):
    write_report(folder, read_report(folder) | {"label_names": ["yes", "no"]})
    with pytest.raises(MnistModelError, match="different labels"):
        make_card(folder, MODEL_ID)


def test_a_damaged_onnx_file(folder):
    (folder / "model.onnx").write_bytes(b"nothing")
    with pytest.raises(MnistModelError, match="model.onnx is damaged"):
        make_card(folder, MODEL_ID)


@pytest.mark.parametrize("model_id", ["", "digits", "a/b/c", "me/my digits", "../../etc", "https://huggingface.co/a/b"])
def test_an_id_that_is_none(model_id):
    with pytest.raises(MnistModelError, match="is no id on the Hub"):
        make_card(bundled_checkpoint(), model_id)


def test_a_missing_template(monkeypatch, tmp_path):
    monkeypatch.setattr(card, "TEMPLATE", tmp_path / "model_card.md")
    with pytest.raises(MnistModelError, match="no template model_card.md"):
        make_card(bundled_checkpoint(), MODEL_ID)


def test_the_template_uses_what_it_is_given_and_no_more():
    folder = bundled_checkpoint()
    used = jinja2.meta.find_undeclared_variables(jinja2.Environment().parse(TEMPLATE.read_text()))
    assert used == {"card_data", *template_values(folder, read_config(folder), read_report(folder), MODEL_ID)}


def test_it_needs_neither_torch_nor_matplotlib(run_python):
    code = f"""
import sys
for name in ("torch", "timm", "transformers", "datasets", "matplotlib"):
    sys.modules[name] = None
from mnist_model.card import make_card
print(len(make_card({str(bundled_checkpoint())!r}, {MODEL_ID!r})))
"""
    assert int(run_python("-c", code).stdout) > 5000


def test_what_is_refused_is_said_where_the_model_refuses(folder):
    config, report = (json.loads((folder / name).read_text()) for name in ("config.json", "report.json"))
    for rejection in (None, {"energy_cap": 9.0, "threshold": 3.0}):
        config.pop("rejection", None)
        report["rejection"] = {}
        if rejection:
            config["rejection"] = rejection
            shares = {"digits_refused": 0.005, "others_refused": 0.432}
            report["rejection"] = {"threshold": 3.0, **shares, "digits": 3000, "others": 2000, "curve": []}
        (folder / "config.json").write_text(json.dumps(config))
        (folder / "report.json").write_text(json.dumps(report))
        text = make_card(folder, MODEL_ID)
        assert ("### What it refuses" in text) == bool(rejection)
        assert ("43.20% of 2,000 made-up non-digits" in text) == bool(rejection)
