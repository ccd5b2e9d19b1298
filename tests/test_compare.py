"""`python -m mnist_model compare`: figures that are right, tables and plots that show them, nothing half-written."""

import gzip
import json
import re
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from conftest import ROOT
from onnx import numpy_helper
from PIL import Image
from strokes import DIGITS

from mnist_model import DigitRecognizer, MnistModelError
from mnist_model.__main__ import main
from mnist_model.compare import answer, canonical_handwriting, commonest_confusions, open_candidate, over_seeds
from mnist_model.comparison_files import load_comparison, save_comparison, write_table
from mnist_model.comparison_plots import plot_accuracy_and_parameters, plot_confusions
from mnist_model.comparison_table import comparison_table
from mnist_model.config import bundled_checkpoint, bundled_models
from mnist_model.evaluation import evaluate_logits
from mnist_model.handwriting import load_pictures

TINY_TEST = 60  # pictures, six of each digit
FILES = {"comparison.json", "comparison.md", "accuracy_and_parameters.png", "confusions.png"}


def copy_model(folder: Path, **report) -> Path:
    """A copy of the bundled mnist_cnn, with altered entries of its report."""
    shutil.copytree(bundled_checkpoint(), folder)
    known = json.loads((folder / "report.json").read_text())
    (folder / "report.json").write_text(json.dumps(known | report))
    return folder


def always_three(folder: Path) -> None:
    """Make a checkpoint's network answer 3 to everything."""
    network = onnx.load(folder / "model.onnx")
    (classifier,) = (node for node in network.graph.node if node.op_type == "Gemm")
    for value in network.graph.initializer:
        if value.name in classifier.input[1:]:
            array = np.zeros_like(numpy_helper.to_array(value))
            if array.ndim == 1:
                array[3] = 2
            value.CopyFrom(numpy_helper.from_array(array, value.name))
    onnx.save(network, folder / "model.onnx")


def run(capsys, *arguments) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of the command."""
    with pytest.raises(SystemExit) as exit_:
        main(["compare", *map(str, arguments)])
    captured = capsys.readouterr()
    return exit_.value.code, captured.out, captured.err


@pytest.fixture(scope="module")
def strokes(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("strokes")
    digits = [{"label": int(digit), "strokes": strokes} for digit, strokes in DIGITS.items()]
    for file, rows in {"pendigits": digits, "unipen-digits": [{**digits[0], "label": 3}, *digits[1:]]}.items():
        (folder / f"{file}.json.gz").write_bytes(gzip.compress(json.dumps(rows).encode()))
    return folder


@pytest.fixture(scope="module")
def reports(tmp_path_factory, tiny_dataset) -> Path:
    """Reports of three seeds of mnist_cnn, as if measured on the tiny data set, and a fourth of another one."""
    folder = tmp_path_factory.mktemp("reports")
    (folder / "mnist_cnn").mkdir()
    known = json.loads((bundled_checkpoint() / "report.json").read_text())
    for seed, accuracy in enumerate((0.97, 0.98, 0.99)):
        measured = known | {"accuracy": accuracy, "dataset": tiny_dataset.name, "images": TINY_TEST}
        (folder / "mnist_cnn" / f"seed{seed}.json").write_text(json.dumps(measured))
    (folder / "mnist_cnn" / "seed3.json").write_text(json.dumps(known | {"accuracy": 0.1}))
    return folder


@pytest.fixture(scope="module")
def compared(tmp_path_factory, tiny_dataset, strokes, reports):
    """(comparison, output folder, what was printed) of a run over mnist_cnn and a network that always answers 3."""
    folder = tmp_path_factory.mktemp("compared")
    about = {"architecture": "mnist_three", "description": "says 3 | always", "parameters": 4000, "macs": 12_345_678}
    here = {"dataset": tiny_dataset.name, "images": TINY_TEST, "accuracy": 0.1}
    three = copy_model(folder / "three", model=about, cost={"training_seconds": 90, "device": "cpu"}, **here)
    always_three(three)
    options = ["--models", "mnist_cnn", three, "--dataset", tiny_dataset, "--strokes", strokes, "--reports", reports]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("builtins.print", lambda *_, **__: None)
        with pytest.raises(SystemExit) as exit_:
            main(["compare", *map(str, options), "--output", str(folder / "output")])
    assert exit_.value.code == 0
    return load_comparison(folder / "output" / "comparison.json"), folder / "output", three


class TestFigures:
    def test_models_come_by_accuracy_with_what_was_measured_now(self, compared, tiny_dataset):
        comparison, _, folder = compared
        three, cnn = comparison["models"]
        assert (three["name"], cnn["name"]) == (str(folder), "mnist_cnn")
        assert (comparison["dataset"], comparison["images"], comparison["of_images"]) == (tiny_dataset.name, 60, 60)
        assert three["accuracy"] == 0.1 and three["errors"] == 54
        assert three["macro_recall"] == pytest.approx(0.1) and three["macro_precision"] == pytest.approx(0.01)
        assert three["nll"] == pytest.approx(np.log(np.exp(2) + 9) - 0.2, abs=1e-5)
        assert cnn["accuracy"] > 0.9  # though its report says nothing of these pictures

    def test_confusions_are_counted(self, compared):
        three = compared[0]["models"][0]
        assert [row[3] for row in three["confusion_matrix"]] == [6] * 10
        assert three["confusions"] == [{"truth": truth, "answer": "3", "count": 6} for truth in "01245"]

    def test_the_commonest_confusion_comes_first(self):
        labels = [0, 0, 1, 1, 1, 2]
        report = evaluate_logits(np.eye(3)[[0, 2, 0, 0, 1, 2]], labels, ["a", "b", "c"], dataset="letters")
        assert commonest_confusions(report) == [
            {"truth": "b", "answer": "a", "count": 2},
            {"truth": "a", "answer": "c", "count": 1},
        ]

    def test_seeds_are_those_of_this_data_set_with_their_interval(self, compared):
        three, cnn = compared[0]["models"]
        assert cnn["seeds"]["accuracies"] == [0.97, 0.98, 0.99]
        assert cnn["seeds"]["mean"] == pytest.approx(0.98)
        assert np.diff(cnn["seeds"]["interval"]) == pytest.approx(2 * 4.302653 * 0.01 / 3**0.5, rel=1e-5)
        assert three["seeds"] == {"accuracies": [0.1], "mean": 0.1, "interval": None}
        assert over_seeds([]) is None

    def test_costs(self, compared):
        three, cnn = compared[0]["models"]
        assert three["bytes"] == sum(
            (compared[2] / name).stat().st_size for name in ("model.safetensors", "model.onnx")
        )
        assert (three["parameters"], three["macs"], three["training"]["training_seconds"]) == (4000, 12_345_678, 90)
        for model in (three, cnn):  # the same network but for its last numbers
            assert model["latency_ms"] > 0 and model["throughput"] > 0
        assert cnn["latency_ratio"] == cnn["throughput_ratio"] == 1
        assert three["latency_ratio"] == pytest.approx(three["latency_ms"] / cnn["latency_ms"])
        assert three["throughput_ratio"] == pytest.approx(three["throughput"] / cnn["throughput"])

    def test_real_handwriting_is_read_as_predict_reads_it(self, compared, strokes, recognizer):
        comparison = compared[0]
        assert comparison["handwriting"] == {"pendigits": 10, "unipen-digits": 10}
        three, cnn = comparison["models"]
        assert cnn["handwriting"] == {"pendigits": 1, "unipen-digits": 0.9}
        assert three["handwriting"] == {"pendigits": 0.1, "unipen-digits": 0.2}
        canonical, labels = canonical_handwriting(strokes, "pendigits")
        drawn = load_pictures(strokes, "pendigits")
        predictions = recognizer.predict([picture for _, picture in drawn])
        assert labels == [label for label, _ in drawn] == list("0123456789")
        assert all(
            np.array_equal(one, prediction.canonical) for one, prediction in zip(canonical, predictions, strict=True)
        )

    def test_answers_are_finite_where_a_probability_is_nil(self, compared, recognizer):
        page = np.zeros((28, 28), np.uint8)
        assert np.isfinite(answer(recognizer, [page])).all()
        answers = answer(DigitRecognizer(compared[2]), [page] * 2)
        assert answers.shape == (2, 10) and np.exp(answers).sum(axis=1) == pytest.approx(1)


class TestOutput:
    def test_files(self, compared):
        comparison, folder, _ = compared
        assert {path.name for path in folder.iterdir()} == FILES
        assert (folder / "comparison.md").read_text() == comparison_table(comparison) + "\n"
        for path in folder.glob("*.png"):
            with Image.open(path) as picture:
                assert min(picture.size) > 250 and len(picture.convert("RGB").getcolors(1 << 20)) > 10
            assert path.stat().st_size < 60_000

    def test_the_tables_say_what_was_measured(self, compared):
        text = comparison_table(compared[0])
        rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in text.splitlines() if line.startswith("|")]
        assert len(rows) == 3 * 4  # header, rule and two models
        for start in (0, 4, 8):
            assert len({len(row) for row in rows[start : start + 4]}) == 1
        three, cnn = ([" ".join(row) for row in rows if name in row[0]] for name in ("three", "`mnist_cnn`"))
        assert "10.00%" in three[0] and "10.00%, 1 seed" in three[0] and "98.00 ± 2.48%, 3 seeds" in cnn[0]
        assert "4,000" in three[1] and " 12 " in three[1] and "90 seconds" in three[1]
        assert "314,906" in cnn[1] and "(×1.0)" in cnn[1]
        assert "54" in three[2] and "0→3 ×6, 1→3 ×6, 2→3 ×6, 4→3 ×6, 5→3 ×6" in three[2] and "3 \\| always" in three[2]

    def test_what_is_not_known_is_a_dash(self, compared):
        model = dict(compared[0]["models"][0], macs=None, description=None, seeds=None, training={})
        model["training"] = {"training_seconds": None, "device": None, "threads": None}
        comparison = dict(compared[0], models=[model], handwriting={})
        assert comparison_table(comparison).count("| – |") == 4
        assert "pendigits" not in comparison_table(comparison)
        assert "seed" not in comparison_table(comparison).split("|")[0]

    def test_figures_of_an_earlier_run_are_shown_again(self, compared, tmp_path, capsys):
        comparison, folder, _ = compared
        status, out, _ = run(capsys, "--from", folder / "comparison.json", "--output", tmp_path / "again")
        assert status == 0 and out == comparison_table(comparison) + "\n"
        assert {path.name for path in (tmp_path / "again").iterdir()} == FILES
        assert load_comparison(tmp_path / "again" / "comparison.json") == comparison

    def test_an_older_comparison_stays_whole_where_writing_fails(self, compared, tmp_path):
        comparison = compared[0]
        (tmp_path / "comparison.json").write_text("older")
        (tmp_path / "confusions.png").mkdir()
        (tmp_path / "confusions.png" / "in the way").touch()
        with pytest.raises(MnistModelError, match="Could not write"):
            save_comparison(comparison, tmp_path)
        assert (tmp_path / "comparison.json").read_text() == "older"
        assert not list(tmp_path.glob(".*"))


class TestReadme:
    def test_only_what_stands_between_the_markers_is_replaced(self, compared, tmp_path, capsys):
        comparison, folder, _ = compared
        readme = tmp_path / "README.md"
        before, after = "# Digits\n\n| a | table |\n\n<!-- comparison -->", "<!-- /comparison -->\n\nThe rest.\n"
        readme.write_text(f"{before}\nold\n{after}")
        readme.chmod(0o600)
        options = ["--from", folder / "comparison.json", "--output", tmp_path / "output", "--readme", readme]
        for _ in range(2):
            assert run(capsys, *options)[0] == 0
            assert readme.read_text() == f"{before}\n\n{comparison_table(comparison)}\n\n{after}"
        assert readme.stat().st_mode & 0o777 == 0o600
        assert {path.name for path in tmp_path.iterdir()} == {"README.md", "output"}

    def test_line_ends_stay_as_they_are(self, tmp_path):
        readme = tmp_path / "README.md"
        readme.write_bytes(b"a\r\n<!-- comparison -->\r\n<!-- /comparison -->\r\n")
        write_table(readme, "one\ntwo")
        assert readme.read_bytes() == b"a\r\n<!-- comparison -->\r\n\r\none\r\ntwo\r\n\r\n<!-- /comparison -->\r\n"

    @pytest.mark.parametrize(
        "text",
        ["", "<!-- comparison -->\n", "<!-- /comparison -->\n<!-- comparison -->\n", "<!-- comparison -->\n" * 2],
    )
    def test_missing_markers_are_said_and_nothing_is_touched(self, text, tmp_path, capsys):
        readme = tmp_path / "README.md"
        readme.write_text(text)
        status, out, err = run(capsys, "--dataset", "nowhere", "--output", tmp_path / "output", "--readme", readme)
        assert (status, out) == (2, "") and "must hold a line <!-- comparison -->" in err
        assert readme.read_text() == text


def ten_models() -> dict:
    """A comparison of ten models, some of which lie close together."""
    shape = [(0.926, 7_850), (0.975, 1_280_000), (0.982, 101_770), (0.983, 407_050), (0.9905, 34_826)]
    shape += [(0.9931, 101_000), (0.9955, 322_762), (0.9951, 9_900), (0.9952, 9_500), (0.9953, 310_000)]
    rng, models = np.random.default_rng(0), []
    for index, (accuracy, parameters) in enumerate(shape):
        matrix = rng.integers(0, 5, (10, 10)) + 100 * np.eye(10, dtype=int)
        errors = int(matrix.sum() - np.trace(matrix))
        seeds = over_seeds((accuracy + rng.normal(0, 4e-4, 3)).tolist() if index else [accuracy])
        figures = {"accuracy": accuracy, "errors": errors, "confusion_matrix": matrix.tolist(), "confusions": []}
        models.append({"name": f"mnist_model_{index}", "parameters": parameters, "seeds": seeds, **figures})
    return {"label_names": list("0123456789"), "models": models}


class TestPlots:
    def test_each_point_has_its_name_and_no_two_overlap(self):
        comparison = ten_models()
        figure = plot_accuracy_and_parameters(comparison)
        figure.canvas.draw()
        (axis,) = figure.axes
        names = [text for text in axis.texts if text.get_text()]
        assert [text.get_text() for text in names] == [model["name"] for model in comparison["models"]]
        boxes = [text.get_window_extent() for text in names]
        for index, box in enumerate(boxes):
            assert axis.bbox.containsx(box.x0) and axis.bbox.containsx(box.x1)
            assert axis.bbox.containsy(box.y0) and axis.bbox.containsy(box.y1)
            assert not any(box.overlaps(other) for other in boxes[:index])
            for model in comparison["models"]:
                assert not box.contains(*axis.transData.transform((model["parameters"], model["seeds"]["mean"])))

    def test_points_and_error_bars_are_those_of_the_seeds(self):
        comparison = ten_models()
        (axis,) = plot_accuracy_and_parameters(comparison).axes
        bars, points = axis.lines[::2], axis.lines[1::2]
        for model, bar, point in zip(comparison["models"], bars, points, strict=True):
            assert (point.get_xdata()[0], point.get_ydata()[0]) == (model["parameters"], model["seeds"]["mean"])
            assert list(bar.get_ydata()) == (model["seeds"]["interval"] or [model["seeds"]["mean"]] * 2)
        low, high = axis.get_ylim()
        assert low < 0.926 and high > 0.9955 and axis.get_xscale() == "log"

    @pytest.mark.filterwarnings("error")
    @pytest.mark.parametrize("accuracy", [0.0, 0.1, 1.0])
    def test_a_model_alone_can_be_drawn_however_good(self, accuracy):
        model = dict(ten_models()["models"][0], accuracy=accuracy, seeds=None)
        figure = plot_accuracy_and_parameters({"models": [model]})
        figure.canvas.draw()
        (axis,) = figure.axes
        labels = [label.get_text() for label in axis.get_xticklabels(which="both")]
        assert "10,000" in labels and all(re.fullmatch("[0-9,]*", label) for label in labels)
        assert axis.lines[1].get_ydata()[0] == accuracy and np.isfinite(axis.get_ylim()).all()

    def test_confusions_leave_out_the_diagonal(self):
        comparison = ten_models()
        comparison["models"][0]["confusions"] = [{"truth": "2", "answer": "7", "count": 4}]
        axes = plot_confusions(comparison).axes
        assert len(axes) == 10
        for axis, model in zip(axes, comparison["models"], strict=True):
            shown = np.asarray(axis.images[0].get_array())
            assert np.trace(shown) == 0 and shown.sum() == model["errors"]
            assert axis.images[0].norm.vmax == shown.max() and model["name"] in axis.get_title(loc="left")
        (count,) = axes[0].texts
        assert count.get_text() == "4" and count.get_position() == (7, 2)

    def test_places_that_are_left_over_stay_empty(self):
        comparison = ten_models()
        comparison["models"] = comparison["models"][:7]
        assert [axis.get_visible() for axis in plot_confusions(comparison).axes] == [True] * 7 + [False] * 3


class TestErrors:
    @pytest.mark.parametrize(
        ("options", "sentence"),
        [
            (["--models", "mnist_transformer"], "no bundled model of that name; bundled are: "),
            (["--dataset", "nothing"], "'nothing' cannot be loaded"),
            (["--reports", "nowhere"], "There is no folder nowhere"),
            (["--from", "nowhere.json"], "Could not read nowhere.json"),
            (["--from", "letters.json"], "letters.json is not a comparison"),
            (["--from", "empty.json"], "empty.json is not a comparison"),
            (["--readme", "nowhere.md"], "Could not read nowhere.md"),
            (["--output", "letters.json"], "Could not write to letters.json"),
            (["--limit", "0"], "must be a whole number from 1 on"),
        ],
    )
    def test_one_sentence_and_exit_code_2(self, options, sentence, tmp_path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        Path("nothing").mkdir()
        Path("letters.json").write_text('{"a": 1}')
        Path("empty.json").write_text('{"models": []}')
        status, out, err = run(capsys, "--models", "mnist_cnn", "--dataset", "nothing here", *options)
        assert status == 2 and out == "" and sentence in err and "Traceback" not in err
        assert not list(tmp_path.rglob("comparison.*"))

    def test_strokes_that_are_not_there(self, tiny_dataset, tmp_path, capsys):
        options = ["--dataset", tiny_dataset, "--strokes", tmp_path / "nowhere", "--output", tmp_path / "output"]
        status, _, err = run(capsys, "--models", "mnist_cnn", *options)
        assert status == 2 and "There is no" in err and "pendigits.json.gz" in err

    def test_drawings_without_a_label(self, tmp_path):
        (tmp_path / "pendigits.json.gz").write_bytes(gzip.compress(b'[{"strokes": [[[0, 0], [1, 1]]]}]'))
        with pytest.raises(MnistModelError, match="pendigits.json.gz has a drawing without a label"):
            load_pictures(tmp_path, "pendigits")

    def test_labels_that_do_not_match(self, tiny_dataset, tmp_path, capsys):
        model = copy_model(tmp_path / "letters")
        config = json.loads((model / "config.json").read_text())
        (model / "config.json").write_text(json.dumps(config | {"label_names": list("ABCDEFGHIJ")}))
        options = ["--models", model, "--dataset", tiny_dataset, "--output", tmp_path / "output"]
        status, _, err = run(capsys, *options)
        assert status == 2 and "knows the labels A, B, C" in err and "has 0, 1, 2" in err

    @pytest.mark.parametrize("file", ["report.json", "model.safetensors"])
    def test_a_checkpoint_that_is_not_whole(self, file, tmp_path):
        model = copy_model(tmp_path / "model")
        (model / file).unlink()
        with pytest.raises(MnistModelError, match=re.escape(file)):
            open_candidate(str(model))

    def test_a_report_without_parameters_or_without_newer_entries(self, tmp_path):
        with pytest.raises(MnistModelError, match="how many parameters"):
            open_candidate(str(copy_model(tmp_path / "none", model={})))
        older = copy_model(tmp_path / "older", model={"parameters": 7}, history=[])
        assert open_candidate(str(older)).report.model == {"parameters": 7}


def test_bundled_models_are_in_order_of_accuracy():
    names = bundled_models()
    accuracies = [open_candidate(name).report.accuracy for name in names]
    assert "mnist_cnn" in names and accuracies == sorted(accuracies)


def test_predicting_imports_nothing_of_this(run_python):
    picture = next((ROOT / "mnist_model" / "ui" / "examples").glob("*.png"))
    code = f"""import sys
from mnist_model.__main__ import main
try:
    main(["predict", {str(picture)!r}])
except SystemExit:
    print([name for name in ("torch", "datasets", "matplotlib", "mnist_model.compare") if name in sys.modules])"""
    assert run_python("-c", code).stdout.splitlines()[-1] == "[]"


def test_on_mnist(mnist_dataset, tmp_path, capsys):
    options = ["--models", "mnist_cnn", "--dataset", mnist_dataset, "--limit", "300", "--output", tmp_path / "output"]
    status, out, _ = run(capsys, *options)
    assert status == 0
    comparison = load_comparison(tmp_path / "output" / "comparison.json")
    (model,) = comparison["models"]
    assert (comparison["images"], comparison["of_images"]) == (300, 10_000)
    assert model["accuracy"] > 0.97 and model["ece"] < 0.05
    assert out == comparison_table(comparison) + "\n"
    assert "300 of the 10,000 test pictures" in out
