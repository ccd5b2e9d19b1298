"""Reports: right, the same in any number of processes, and whole on disk. Run as a script, one process of several."""

import dataclasses
import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import sklearn.metrics
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader, TensorDataset

from mnist_model.errors import MnistModelError
from mnist_model.evaluation import Report, evaluate_logits, predict_logits

DIGITS = list("0123456789")
COUNTS = (13, 5, 8, 1)  # with batches of 4 in two processes: a remainder, less than a round, no remainder, one image


def small_problem(count: int) -> tuple[torch.nn.Module, DataLoader]:
    """A model and its images, such that fp32 sums are exact in any order, bf16 is not enough, and dropout matters."""
    rng = np.random.default_rng(count)
    pixels = torch.from_numpy(rng.integers(0, 256, (count, 1, 8, 8)) / 256).float()
    labels = torch.from_numpy(rng.integers(0, 10, count))
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Dropout(0.5), torch.nn.Linear(64, 10))
    with torch.no_grad():
        model[2].weight.copy_(torch.from_numpy(rng.integers(-64, 65, (10, 64)) / 256))
        model[2].bias.zero_()
    return model, DataLoader(TensorDataset(pixels, labels), batch_size=4)


def exact_logits(model, loader):
    pixels, labels = loader.dataset.tensors
    return pixels.flatten(1) @ model[2].weight.detach().T, labels


@pytest.fixture
def accelerator(request, fresh_accelerate):
    yield Accelerator(cpu=True, mixed_precision=getattr(request, "param", "no"))
    AcceleratorState._reset_state(reset_partial_state=True)


def report_of(count=200, **options) -> Report:
    rng = np.random.default_rng(7)
    labels = rng.integers(0, 9, count)  # no nines: one class is never seen
    logits = rng.normal(size=(count, 10)) + 3 * np.eye(10)[labels]
    return evaluate_logits(logits, labels, DIGITS, dataset="ylecun/mnist", **options)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 120), st.integers(1, 150))
def test_report_agrees_with_scikit_learn_whatever_the_batches(seed, count, batch_size):
    rng = np.random.default_rng(seed)
    logits, labels = rng.normal(size=(count, 10)), rng.integers(0, 10, count)
    answers = logits.argmax(axis=1)
    report = evaluate_logits(logits, labels, DIGITS, dataset="d", batch_size=batch_size)
    assert report == evaluate_logits(logits, labels, DIGITS, dataset="d")

    options = {"labels": range(10), "zero_division": 0}
    per_class = sklearn.metrics.precision_recall_fscore_support(labels, answers, **options)
    found = [[c["precision"], c["recall"], c["f1"], c["support"]] for c in report.per_class]
    np.testing.assert_allclose(found, np.transpose(per_class), atol=1e-12)
    macro = sklearn.metrics.precision_recall_fscore_support(labels, answers, average="macro", **options)
    assert (report.macro_precision, report.macro_recall, report.macro_f1) == pytest.approx(macro[:3])
    assert report.confusion_matrix == sklearn.metrics.confusion_matrix(labels, answers, labels=range(10)).tolist()
    assert report.accuracy == pytest.approx(1 - report.errors / report.images)
    assert [c["label"] for c in report.per_class] == DIGITS


def test_mistakes_are_named_by_index_most_confident_first():
    names = ["cat", "dog", "eel"]
    logits = np.log([[0.6, 0.3, 0.1], [0.1, 0.8, 0.1], [0.2, 0.1, 0.7], [0.05, 0.9, 0.05]])
    report = evaluate_logits(torch.from_numpy(logits), torch.tensor([1, 1, 0, 2]), names, dataset="pets")
    assert report.mistakes == [
        {"index": 3, "truth": "eel", "answer": "dog", "confidence": pytest.approx(0.9)},
        {"index": 2, "truth": "cat", "answer": "eel", "confidence": pytest.approx(0.7)},
        {"index": 0, "truth": "dog", "answer": "cat", "confidence": pytest.approx(0.6)},
    ]
    assert (report.images, report.errors, report.accuracy) == (4, 3, 0.25)


def test_temperature_changes_confidence_and_no_answer():
    plain, cooled = report_of(), report_of(temperature=4.0)
    assert cooled.temperature == 4.0 and plain.temperature == 1.0
    assert cooled.confusion_matrix == plain.confusion_matrix
    assert cooled.nll != plain.nll and cooled.ece != plain.ece
    by_index = {m["index"]: m["confidence"] for m in plain.mistakes}
    assert all(m["confidence"] < by_index[m["index"]] for m in cooled.mistakes)


@pytest.mark.parametrize(
    ("logits", "labels"),
    [(np.zeros((0, 10)), []), (np.zeros((2, 9)), [0, 1]), (np.zeros((1000, 10)), [0] * 1500), ([[np.nan] * 10], [0])],
)
def test_what_cannot_be_measured_is_refused(logits, labels):
    with pytest.raises(ValueError):
        evaluate_logits(logits, labels, DIGITS, dataset="d")


def test_report_round_trip(tmp_path):
    report = report_of(
        history=[{"epoch": 1, "train_loss": float("nan"), "seconds": np.float32(1 / 3)}],
        training={"output": Path("runs/x"), "betas": (0.9, 0.999), "seed": 1234567890123},
        model={"architecture": "mnist_cnn", "parameters": torch.tensor(5)},
        cost={"seconds": 12.3456789, "best": float("-inf")},
    )
    path = report.save(tmp_path / "deep" / "report.json")
    loaded = Report.load(path)
    assert loaded.to_json() == report.to_json() == path.read_text(encoding="utf-8")
    assert loaded.history == [{"epoch": 1, "train_loss": None, "seconds": 0.333333}]
    assert loaded.training == {"output": "runs/x", "betas": [0.9, 0.999], "seed": 1234567890123}
    assert loaded.model == {"architecture": "mnist_cnn", "parameters": 5}
    assert loaded.cost == {"seconds": 12.3457, "best": None}
    assert (loaded.nll, loaded.accuracy) == pytest.approx((report.nll, report.accuracy), rel=1e-5)
    assert loaded.mistakes[0]["index"] == report.mistakes[0]["index"]


def test_newer_reports_with_more_keys_can_be_read():
    report = Report.from_json(json.dumps(json.loads(report_of().to_json()) | {"colour": "blue"}))
    assert report.to_json() == report_of().to_json()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: "",
        lambda text: text[: len(text) // 2],
        lambda text: "[]",
        lambda text: text.replace('"accuracy"', '"acuracy"', 1),
        lambda text: text.replace('"errors": ', '"errors": "many", "x": '),
        lambda text: text.replace('"nll": ', '"nll": NaN, "x": '),
    ],
)
def test_a_spoilt_report_is_one_clear_sentence(tmp_path, spoil):
    path = tmp_path / "report.json"
    path.write_text(spoil(report_of().to_json()), encoding="utf-8")
    with pytest.raises(MnistModelError, match="report.json is not an evaluation report") as caught:
        Report.load(path)
    assert str(caught.value).count("\n") == 0


def test_a_report_that_is_missing_or_binary(tmp_path):
    with pytest.raises(MnistModelError, match="No such file"):
        Report.load(tmp_path / "report.json")
    (tmp_path / "report.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(MnistModelError, match="not an evaluation report"):
        Report.load(tmp_path / "report.json")


def test_a_full_disk_leaves_the_old_report_whole(tmp_path, monkeypatch):
    path = report_of().save(tmp_path / "report.json")
    before = path.read_text()

    def half_a_write(self, text, **options):
        self.write_bytes(text[: len(text) // 2].encode())
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", half_a_write)
    with pytest.raises(MnistModelError, match="No space left on device"):
        dataclasses.replace(report_of(), split="other").save(path)
    assert path.read_text() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("accelerator", ["no", "bf16"], indirect=True)
def test_predictions_are_fp32_in_order_and_leave_the_model_as_it_was(accelerator):
    model, loader = small_problem(13)
    expected, labels = exact_logits(model, loader)
    model, loader = accelerator.prepare(model.train(), loader)
    with accelerator.autocast():
        logits, found = predict_logits(model, loader, accelerator)
    assert logits.dtype == torch.float32 and not logits.is_inference()
    assert torch.equal(logits, expected) and torch.equal(found, labels)
    assert model.training
    if accelerator.mixed_precision == "bf16":  # and the model still trains in bf16
        assert not torch.equal(model.eval()(loader.dataset.tensors[0]), expected)


def test_a_diverged_model_is_one_clear_sentence(accelerator):
    model, loader = small_problem(5)
    model[2].bias.data[3] = float("nan")
    with pytest.raises(MnistModelError, match="diverged"):
        predict_logits(model, accelerator.prepare(loader), accelerator)


def test_a_loader_that_loses_images_is_noticed(accelerator):
    model, loader = small_problem(5)
    loader = DataLoader(loader.dataset, batch_size=4, drop_last=True)
    with pytest.raises(RuntimeError, match="4 of 5"):
        predict_logits(model, accelerator.prepare(loader), accelerator)


def main(folder: Path):
    """One process of several: evaluate each problem with a model wrapped for training in bf16; the first one saves."""
    accelerator = Accelerator(mixed_precision="bf16")
    for count in COUNTS:
        model, loader = accelerator.prepare(*small_problem(count))
        logits, labels = predict_logits(model, loader, accelerator)
        if accelerator.is_main_process:
            cost = {"processes": accelerator.num_processes}
            evaluate_logits(logits, labels, DIGITS, dataset="small", cost=cost).save(folder / f"{count}.json")
    accelerator.wait_for_everyone()
    accelerator.end_training()  # a process that leaves its group by exiting may abort


def test_two_processes_make_exactly_the_report_of_one(tmp_path):
    root = str(Path(__file__).parents[1])
    env = os.environ | {"ACCELERATE_USE_CPU": "true", "HF_HUB_OFFLINE": "1", "PYTHONPATH": root}
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    done = subprocess.run([*torchrun, __file__, str(tmp_path)], env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    for count in COUNTS:
        logits, labels = exact_logits(*small_problem(count))
        expected = evaluate_logits(logits, labels, DIGITS, dataset="small", cost={"processes": 2})
        assert (tmp_path / f"{count}.json").read_text() == expected.to_json()
        assert expected.images == count


if __name__ == "__main__":
    main(Path(sys.argv[1]))
