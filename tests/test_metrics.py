"""The metrics against scikit-learn, against figures worked out by hand, and against each other."""

import os
import socket

import evaluate
import numpy as np
import pytest
import sklearn.metrics
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from mnist_model.metrics import (
    Accuracy,
    ConfusionMatrix,
    ExpectedCalibrationError,
    NegativeLogLikelihood,
    PrecisionRecallF1,
    fit_temperature,
)

CLASSES = 4  # more than most examples contain, so that classes go unseen and unanswered
quick = settings(max_examples=20, deadline=None)


@st.composite
def answered(draw):
    """(logits (N, 4), labels (N,), where to cut them into batches), N from 1 to 60; ties between logits included."""
    count = draw(st.integers(1, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    logits = rng.normal(scale=draw(st.sampled_from([0.1, 1, 30])), size=(count, CLASSES)).astype(np.float32)
    if draw(st.booleans()):
        logits = logits.round()
    labels = rng.integers(0, draw(st.integers(1, CLASSES)), count)
    return logits, labels, sorted(draw(st.sets(st.integers(1, 60), max_size=4)))


def compute(metric, predictions, labels, cuts=()):
    for batch, references in zip(np.split(predictions, cuts), np.split(labels, cuts), strict=True):
        if len(batch):
            metric.add_batch(predictions=batch, references=references)
    return metric.compute()


def softmax(logits):
    return torch.from_numpy(logits).double().softmax(dim=1).numpy()


@quick
@given(answered())
def test_class_metrics_agree_with_scikit_learn(example):
    logits, labels, cuts = example
    answers, every_class = logits.argmax(axis=1), range(CLASSES)
    accuracy = compute(Accuracy(), answers, labels, cuts)
    assert accuracy == {"accuracy": sklearn.metrics.accuracy_score(labels, answers)}

    matrix = compute(ConfusionMatrix(num_classes=CLASSES), answers, labels, cuts)["confusion_matrix"]
    assert matrix == sklearn.metrics.confusion_matrix(labels, answers, labels=every_class).tolist()

    figures = compute(PrecisionRecallF1(num_classes=CLASSES), answers, labels, cuts)
    expected = sklearn.metrics.precision_recall_fscore_support(labels, answers, labels=every_class, zero_division=0)
    for name, values in zip(("precision", "recall", "f1", "support"), expected, strict=True):
        assert figures[name] == pytest.approx(values.tolist(), abs=1e-12)
    for name, values in zip(("precision", "recall", "f1"), expected[:3], strict=True):
        assert figures[f"macro_{name}"] == pytest.approx(values.mean(), abs=1e-12)


@quick
@given(answered())
def test_nll_agrees_with_scikit_learn_and_torch(example):
    logits, labels, cuts = example
    nll = compute(NegativeLogLikelihood(), logits, labels, cuts)["nll"]
    torch_says = torch.nn.functional.cross_entropy(torch.from_numpy(logits).double(), torch.from_numpy(labels))
    assert nll == pytest.approx(torch_says.item(), rel=1e-9, abs=1e-12)
    if softmax(logits).min() > 1e-12:  # scikit-learn clips probabilities
        assert nll == pytest.approx(sklearn.metrics.log_loss(labels, softmax(logits), labels=range(CLASSES)), rel=1e-6)


@quick
@given(answered())
def test_calibration_error_agrees_with_a_plain_loop(example):
    logits, labels, cuts = example
    bins = [[] for _ in range(15)]
    for row, label in zip(softmax(logits), labels, strict=True):
        index = next(i for i in range(15) if row.max() <= (i + 1) / 15 + 1e-12)
        bins[index].append((row.max(), row.argmax() == label))
    means = [np.mean(b, axis=0) if b else None for b in bins]
    expected = sum(len(b) / len(labels) * abs(m[0] - m[1]) for b, m in zip(bins, means, strict=True) if b)

    figures = compute(ExpectedCalibrationError(), logits, labels, cuts)
    assert figures["ece"] == pytest.approx(expected, abs=1e-9)
    assert [b["count"] for b in figures["reliability"]] == [len(b) for b in bins]
    for found, mean in zip(figures["reliability"], means, strict=True):
        if mean is None:
            assert found == {"confidence": None, "accuracy": None, "count": 0}
        else:
            assert (found["confidence"], found["accuracy"]) == pytest.approx(tuple(mean), abs=1e-9)


def test_calibration_error_by_hand():
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6], [0.35, 0.65]])
    figures = compute(ExpectedCalibrationError(), np.log(probabilities), np.array([0, 1, 1, 1]))
    # Bin 14, (13/15, 14/15]: two at 0.9, one right. Bins 9 and 10: one each at 0.6 and 0.65, both right.
    assert figures["ece"] == pytest.approx(2 / 4 * abs(0.5 - 0.9) + 1 / 4 * 0.4 + 1 / 4 * 0.35)
    assert [(i, b["count"]) for i, b in enumerate(figures["reliability"]) if b["count"]] == [(8, 1), (9, 1), (13, 2)]
    assert figures["reliability"][13] == {"confidence": pytest.approx(0.9), "accuracy": 0.5, "count": 2}


def test_a_certain_answer_falls_in_the_last_bin():
    figures = compute(ExpectedCalibrationError(), np.array([[1e4, 0.0], [0.0, 1e4]]), np.array([0, 0]))
    assert figures["reliability"][-1] == {"confidence": 1.0, "accuracy": 0.5, "count": 2}
    assert figures["ece"] == 0.5


@quick
@given(answered(), st.floats(0.2, 5))
def test_temperature_is_where_the_likelihood_is_highest(example, factor):
    logits, labels, _ = example

    def nll(log_t):
        return compute(NegativeLogLikelihood(), logits / np.exp(log_t), labels)["nll"]

    temperature = fit_temperature(logits, labels)
    best = minimize_scalar(nll, bounds=np.log([0.05, 20]), method="bounded", options={"maxiter": 30}).fun
    assert 0.05 <= temperature <= 20.0
    assert nll(np.log(temperature)) <= best + 1e-6
    if 0.3 < temperature < 3 and np.ptp(logits) > 0:  # away from the bounds it follows the scale of the logits
        assert fit_temperature(logits.astype(float) * factor, labels) == pytest.approx(temperature * factor, rel=1e-4)


def test_temperature_brings_an_overconfident_model_back():
    rng = np.random.default_rng(0)
    honest = rng.normal(scale=2.0, size=(4000, 10))
    labels = np.array([rng.choice(10, p=p) for p in softmax(honest)])
    temperature = fit_temperature(honest * 3, labels)
    assert temperature == pytest.approx(3.0, rel=0.05)
    before, after = (compute(ExpectedCalibrationError(), honest * 3 / t, labels)["ece"] for t in (1, temperature))
    assert after < 0.02 < 0.1 < before


def test_temperature_without_a_minimum_is_a_bound():
    right, wrong = np.eye(3) * 5, np.eye(3)[[1, 2, 0]] * 5
    assert fit_temperature(right, [0, 1, 2]) == pytest.approx(0.05)
    assert fit_temperature(wrong, [0, 1, 2]) == pytest.approx(20.0)
    assert fit_temperature(right, [0, 1, 2], bounds=(0.5, 2)) == pytest.approx(0.5)
    assert fit_temperature(np.ones((2, 3)), [0, 1]) == 1.0
    assert fit_temperature(torch.eye(3) * 1e30, torch.tensor([0, 1, 1])) == pytest.approx(20.0)


@pytest.mark.parametrize(
    ("metric", "predictions", "references"),
    [
        (ConfusionMatrix(num_classes=3), [0, 3], [0, 1]),
        (PrecisionRecallF1(num_classes=3), [0, 1], [0, -1]),
        (NegativeLogLikelihood(), [[0.0, 1.0]], [2]),
        (NegativeLogLikelihood(), [[0.0, float("nan")]], [0]),
        (ExpectedCalibrationError(), [[0.0, float("inf")]], [0]),
        (Accuracy(), [0, 1], [0]),
        (Accuracy(), None, None),
    ],
)
def test_wrong_input_is_refused(metric, predictions, references):
    with pytest.raises(ValueError):
        metric.compute(predictions=predictions, references=references)


def test_temperature_refuses_what_it_cannot_use():
    for logits, labels in [([], []), ([[0.0, 1.0]], [0, 1]), ([[0.0, np.nan]], [0]), ([[0.0, 1.0]], [2])]:
        with pytest.raises(ValueError):
            fit_temperature(logits, labels)


def test_a_metric_is_empty_again_after_compute():
    metric = Accuracy()
    assert metric.compute(predictions=[1], references=[0]) == {"accuracy": 0.0}
    assert metric.compute(predictions=torch.tensor([1]), references=torch.tensor([1])) == {"accuracy": 1.0}


def test_metrics_need_no_network_and_no_folder_to_write_to(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a metric used the network")

    for name in ("create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(evaluate.config, "HF_METRICS_CACHE", os.path.join(os.devnull, "metrics"))
    classes = {"predictions": [1, 0], "references": [1, 1]}
    for metric in (Accuracy(), ConfusionMatrix(num_classes=2), PrecisionRecallF1(num_classes=2)):
        assert metric.compute(**classes)
    for metric in (NegativeLogLikelihood(), ExpectedCalibrationError()):
        assert metric.compute(predictions=[[0.0, 1.0]], references=[1])
    with pytest.raises(OSError):  # so the cache was out of reach indeed
        Accuracy(keep_in_memory=False)
