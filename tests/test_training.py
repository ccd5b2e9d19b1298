"""The loop: resumed after a kill bit for bit, shared out among processes, and kind to wrong options."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file
from torch.utils._python_dispatch import TorchDispatchMode

import train
from mnist_model import MnistModelError
from mnist_model.architectures import ARCHITECTURES, create_network
from mnist_model.data import AugmentConfig, Data, Split, augment, to_pixel_values
from mnist_model.run_state import Progress
from mnist_model.training import TrainingConfig, _make_optimizer, fit, make_accelerator, process_batches

ROOT = Path(__file__).parent.parent


class DtypesOfProducts(TorchDispatchMode):
    """The types in which matrix products are computed."""

    def __init__(self):
        super().__init__()
        self.dtypes = set()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        if "mm" in str(function):
            self.dtypes.add(args[0].dtype)
        return function(*args, **kwargs or {})


pytestmark = pytest.mark.usefixtures("fresh_accelerate")


def short_run(dataset, output) -> list:
    chosen = ("--epochs", "3", "--batch-size", "8", "--validation-fraction", "0.2", "--threads", "1")
    return ["--dataset", dataset, "--output-dir", output, *chosen]


def train_command(dataset, output) -> list:
    return [sys.executable, "train.py", *short_run(dataset, output)]


def environment() -> dict[str, str]:
    return {**os.environ, "HF_HUB_OFFLINE": "1", "ACCELERATE_USE_CPU": "true"}


def run(command) -> subprocess.CompletedProcess:
    return subprocess.run(
        list(map(str, command)), cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=300
    )


def kill_after(beginning: str, command, seconds: float = 0.0) -> str:
    """Start a run, and kill it so many seconds after it has printed a line with this beginning; what it printed."""
    command, printed = list(map(str, command)), ""
    with subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            printed += line
            if line.startswith(beginning):
                time.sleep(seconds)
                process.send_signal(signal.SIGKILL)
                break
    assert process.returncode == -signal.SIGKILL
    return printed


@pytest.fixture(scope="module")
def whole_run(tiny_dataset, tmp_path_factory) -> Path:
    output = tmp_path_factory.mktemp("whole")
    finished = run(train_command(tiny_dataset, output))
    assert finished.returncode == 0, finished.stderr
    return output


def test_what_a_run_leaves(whole_run):
    names = {path.name for path in (whole_run / "checkpoint").iterdir()}
    assert names >= {
        *(
            "config.json",
            "model.safetensors",
            "model.onnx",
            "rejection.onnx",
            "preprocessing.py",
            "image_processing_mnist.py",
        ),
        *("report.json", "training_curves.png", "confusion_matrix.png", "reliability.png", "mistakes.png"),
        "rejection.png",
    }
    text = (whole_run / "checkpoint" / "report.json").read_text()
    report = json.loads(text)
    assert [epoch["epoch"] for epoch in report["history"]] == [1, 2, 3]
    config = json.loads((whole_run / "checkpoint" / "config.json").read_text())
    assert config["rejection"]["threshold"] == report["rejection"]["threshold"]
    assert 0 <= report["rejection"]["digits_refused"] <= 0.1
    assert report["images"] == 60 and report["errors"] == len(report["mistakes"])
    assert report["training"]["training"]["batch_size"] == 8
    assert str(ROOT) not in text and "/tmp" not in json.dumps(report["training"]["data"])


def test_a_run_that_learns_to_refuse_nothing(run_train, tiny_dataset, tmp_path):
    run_train(*short_run(tiny_dataset, tmp_path), "--rejection-epochs", "0", "--epochs", "1")
    names = {path.name for path in (tmp_path / "checkpoint").iterdir()}
    assert not names & {"rejection.onnx", "rejection.png"}
    assert "rejection" not in json.loads((tmp_path / "checkpoint" / "config.json").read_text())


def test_killed_twice_a_run_resumes_to_the_same_weights_and_threshold(whole_run, tiny_dataset, tmp_path):
    command = train_command(tiny_dataset, tmp_path)
    kill_after("epoch   1/3", command, 0.2)  # into the second epoch
    printed = kill_after("epoch   1/2", [*command, "--resume", "latest"])  # while it learns to refuse
    assert "Resuming after epoch_00001" in printed and "epoch   1/3" not in printed
    assert not (tmp_path / "checkpoint").exists()
    resumed = run([*command, "--resume", "latest"])
    assert resumed.returncode == 0, resumed.stderr
    assert "epoch   3/3" not in resumed.stdout
    expected, found = (load_file(folder / "checkpoint" / "model.safetensors") for folder in (whole_run, tmp_path))
    assert expected.keys() == found.keys()
    for name in expected:
        assert torch.equal(expected[name], found[name]), name
    expected, found = (folder / "checkpoint" / "rejection.onnx" for folder in (whole_run, tmp_path))
    assert expected.read_bytes() == found.read_bytes()
    expected, found = (json.loads((run / "checkpoint" / "config.json").read_text()) for run in (whole_run, tmp_path))
    assert expected["rejection"] == found["rejection"]


def test_a_full_disk_is_told_in_a_sentence(tiny_dataset, tmp_path):
    limited = "import resource, runpy, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
    limited += "resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, -1)); sys.argv.pop(0);"
    limited += "runpy.run_path(sys.argv[0], run_name='__main__')"
    command = train_command(tiny_dataset, tmp_path)
    failed = run([command[0], "-c", limited, *command[1:]])
    assert failed.returncode == 2 and "Traceback" not in failed.stderr
    assert "error: The state of the run cannot be saved in" in failed.stderr
    assert [path.name for path in (tmp_path / "states").iterdir() if path.name != "unfinished"] == []


def test_resuming_a_finished_run_trains_no_more(run_train, whole_run, tiny_dataset):
    before = (whole_run / "checkpoint" / "model.safetensors").read_bytes()
    assert "epoch   " not in run_train(*short_run(tiny_dataset, whole_run), "--resume", "latest")
    assert (whole_run / "checkpoint" / "model.safetensors").read_bytes() == before


def test_a_run_is_resumed_with_the_options_it_was_started_with_alone(run_train, whole_run, tiny_dataset):
    started = "error: The run was started with --learning-rate 0.003, --train-split train, no --max-train-samples; "
    resumed = "not with --learning-rate 0.004, --train-split test, --max-train-samples 9: give those it was started"
    options = ("--resume", "latest", "--learning-rate", "0.004", "--train-split", "test", "--max-train-samples", "9")
    with pytest.raises(AssertionError, match=re.escape(started + resumed)):
        run_train(*short_run(tiny_dataset, whole_run), *options)


def test_a_run_is_resumed_on_the_pictures_it_was_started_with_alone(run_train, tiny_dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(train, "save_checkpoint", lambda *_: None)
    dataset = shutil.copytree(tiny_dataset, tmp_path / "digits")
    command = [*short_run(dataset, tmp_path / "run"), "--model", "mnist_linear", "--epochs", "1"]
    run_train(*command)
    shutil.copy(*(dataset / "data" / f"{split}-00000-of-00001.parquet" for split in ("test", "train")))
    with pytest.raises(AssertionError, match="pictures to train on have changed since the run was started: give"):
        run_train(*command, "--resume", "latest")


def test_each_model_has_a_folder_of_its_own(tmp_path):
    assert TrainingConfig(model="mnist_cnn_nano").output_dir == "runs/mnist_cnn_nano"
    assert TrainingConfig(output_dir="mine").output_dir == "mine"


def test_evaluating_a_finished_checkpoint_gives_its_report(run_train, whole_run, tiny_dataset):
    printed = run_train(*short_run(tiny_dataset, whole_run), "--eval-only", whole_run / "checkpoint")
    report = json.loads((whole_run / "checkpoint" / "report.json").read_text())
    assert f"accuracy {report['accuracy']:.2%} ({report['errors']} mistakes in 60)" in printed


@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize("processes", [1, 2, 3])
def test_each_picture_once_an_epoch_over_all_processes(processes, parts):
    config = TrainingConfig(batch_size=16, gradient_accumulation_steps=parts, seed=4)
    shares = [process_batches(1003, config, 1, rank, processes) for rank in range(processes)]
    assert len({len(share) for share in shares}) == 1
    seen = torch.cat([part for share in shares for step in share for part in step])
    assert torch.equal(seen.sort().values, torch.arange(1003))
    whole = process_batches(1003, TrainingConfig(batch_size=16, seed=4), 1, 0, 1)
    for step, (batch,) in enumerate(whole):  # and the same pictures a step, however many share them
        shared = torch.cat([part for share in shares for part in share[step]])
        assert torch.equal(shared.sort().values, batch.sort().values)


COUNTING = """
import json, torch, timm, mnist_model.training as training
from mnist_model.data import Split
seen, epoch = [], []
def augment(batch, progress):
    seen.append(batch.images[:, 0, 0].clone() + 256 * batch.images[:, 0, 1].int())
    return batch.images.float()
config = training.TrainingConfig(output_dir="run", epochs=1, batch_size=8, warmup_fraction=0.1, seed=1, threads=1)
accelerator = training.make_accelerator(config)
numbers = torch.arange(301)
images = torch.zeros(301, 28, 28, dtype=torch.uint8)
images[:, 0, 0], images[:, 0, 1] = numbers % 256, numbers // 256
images[:, 8:20, 14] = 255
torch.manual_seed(0)
model = timm.create_model("mnist_cnn", in_chans=1, num_classes=2)
split = Split(images, (numbers % 2).long())
def validate(model):
    epoch.extend(seen)  # what is augmented after it serves the statistics of batch norm
    return {"validation_loss": 0.0, "validation_accuracy": 0.0}
model, history = training.fit(model, split, augment, validate, config, accelerator)
weights = [model.fc.weight.double().sum().item(), model.bn1.running_var.double().sum().item()]
# To a file of its own: what processes print to one pipe gets mixed up.
with open(f"rank{accelerator.process_index}.json", "w") as file:
    json.dump({"seen": torch.cat(epoch).tolist(), "weights": weights}, file)
accelerator.wait_for_everyone()
accelerator.end_training()
"""


def test_two_processes_train_for_real(tmp_path):
    (tmp_path / "counting.py").write_text(COUNTING)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    env = {**environment(), "PYTHONPATH": str(ROOT)}
    finished = subprocess.run(
        [*command, tmp_path / "counting.py"], env=env, capture_output=True, text=True, timeout=300, cwd=tmp_path
    )
    assert finished.returncode == 0, finished.stderr
    ranks = [json.loads(path.read_text()) for path in tmp_path.glob("rank*.json")]
    assert len(ranks) == 2
    assert sorted(number for rank in ranks for number in rank["seen"]) == list(range(301))
    assert len({tuple(rank["weights"]) for rank in ranks}) == 1, "the processes hold other weights"


@pytest.fixture
def two_classes() -> Split:
    torch.manual_seed(0)
    images = torch.zeros(80, 28, 28, dtype=torch.uint8)
    images[::2, 6:22, 12:15] = 255
    images[1::2, 12:15, 6:22] = 255
    return Split(images, torch.arange(80) % 2)


def augmented_signs(batch, progress):
    return augment(batch, ["dash", "bar"], AugmentConfig())


def fit_small(split, tmp_path, validate=None, augmented=augmented_signs, **options):
    import timm

    config = TrainingConfig(output_dir=str(tmp_path), batch_size=8, mixed_precision="no", threads=1, **options)
    torch.manual_seed(0)
    model = timm.create_model("mnist_cnn", in_chans=1, num_classes=2)
    validate = validate or (lambda model: {"validation_loss": 1.0, "validation_accuracy": 0.5})
    return fit(model, split, augmented, validate, config, make_accelerator(config))


@pytest.mark.parametrize(
    "options",
    [
        {"schedule": "onecycle"},
        {"schedule": "cosine", "optimizer": "sgd", "learning_rate": 0.02},
        {"schedule": "constant", "ema_decay": 0.0, "label_smoothing": 0.1, "dropout": 0.1},
        {"schedule": "plateau", "optimizer": "adam"},
        {"gradient_accumulation_steps": 2},
    ],
)
def test_it_learns(two_classes, tmp_path, options):
    model, history = fit_small(two_classes, tmp_path, epochs=4, **options)
    assert history[-1]["train_loss"] < history[0]["train_loss"]
    with torch.inference_mode():
        answers = model(to_pixel_values(two_classes.images)).argmax(dim=1)
    assert (answers == two_classes.labels).float().mean() == 1


@pytest.mark.parametrize("schedule", ["onecycle", "cosine", "constant", "plateau"])
@pytest.mark.parametrize("warmup_fraction", [0.0, 1.0])
def test_a_run_of_one_step(two_classes, tmp_path, schedule, warmup_fraction):
    options = {"epochs": 1, "schedule": schedule, "warmup_fraction": warmup_fraction}
    _, history = fit_small(two_classes[torch.arange(8)], tmp_path, **options)
    assert len(history) == 1


def test_batch_norm_knows_pictures_as_they_are_and_as_they_are_augmented(two_classes, tmp_path):
    def negative(batch, progress=1.0):
        return 255.0 - batch.images

    model, _ = fit_small(two_classes, tmp_path, augmented=negative, epochs=1)
    pictures = torch.cat([two_classes.images.float(), negative(two_classes)])
    with torch.inference_mode():
        seen = model.conv1[0](to_pixel_values(pictures))
    torch.testing.assert_close(model.conv1[1].running_mean, seen.mean(dim=(0, 2, 3)), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("computes_in_bf16", "dtype"), [(True, torch.bfloat16), (False, torch.float32)])
def test_muon_computes_in_what_the_hardware_has(computes_in_bf16, dtype, monkeypatch):
    monkeypatch.setattr("mnist_model.training._computes_in_bf16", lambda: computes_in_bf16)
    model = torch.nn.Linear(12, 8, bias=False)
    model.weight.grad = torch.randn(8, 12)
    optimizer = _make_optimizer(model, TrainingConfig(optimizer="nmuon"))
    with DtypesOfProducts() as products:
        optimizer.step()
    assert products.dtypes == {dtype}


def test_early_stopping_keeps_the_best(two_classes, tmp_path):
    weights, accuracies = [], iter([0.5, 0.9, 0.7, 0.8, 0.99])

    def validate(model):
        weights.append(model.fc.weight.clone())
        return {"validation_loss": 0.0, "validation_accuracy": next(accuracies)}

    model, history = fit_small(two_classes, tmp_path, validate, epochs=9, early_stopping_patience=2, keep="best")
    assert len(history) == 4
    assert torch.equal(model.fc.weight, weights[1])


def test_a_state_cut_short_is_said_to_be_damaged(two_classes, tmp_path):
    fit_small(two_classes, tmp_path, epochs=1)
    (tmp_path / "states" / "epoch_00001" / "model.safetensors").write_bytes(b"cut short")
    with pytest.raises(MnistModelError, match="epoch_00001 is damaged or does not fit these options: give those"):
        fit_small(two_classes, tmp_path, epochs=1, resume="latest")


def test_a_loss_that_is_no_number_ends_the_run(two_classes, tmp_path):
    with pytest.raises(MnistModelError, match="not a number any more in epoch 1: lower --learning-rate"):
        fit_small(two_classes, tmp_path, epochs=2, optimizer="sgd", learning_rate=1e30)


def test_no_process_is_left_without_pictures(two_classes, tmp_path):
    with pytest.raises(MnistModelError, match=r"Batches of 7 pictures are too small for 8 accumulation steps on 1 pro"):
        fit_small(two_classes[torch.arange(79)], tmp_path, epochs=1, gradient_accumulation_steps=8)


@pytest.mark.parametrize("processes", [1, 2, 3, 6, 7, 8])
def test_any_number_of_processes_shares_out_what_is_measured(two_classes, processes):
    accelerator = SimpleNamespace(num_processes=processes, prepare=lambda loader: loader)
    loader = train.make_loader(two_classes, create_network(ARCHITECTURES["mnist_linear"]), accelerator)
    assert loader.batch_size % processes == 0
    assert sum(len(labels) for _, labels in loader) == len(two_classes)


@pytest.mark.parametrize(("wrong", "temperature"), [(0, 1.0), (1, 1.3)])
def test_answers_that_are_all_right_say_nothing_of_the_temperature(two_classes, monkeypatch, wrong, temperature):
    labels = torch.tensor([0] * 19 + [wrong])
    logits = torch.tensor([[3.0, -0.8]] * 20)
    monkeypatch.setattr(train, "predict_logits", lambda *_: (logits, labels))
    model = create_network(ARCHITECTURES["mnist_linear"])
    data = Data(two_classes, two_classes, two_classes, ["dash", "bar"])
    found = train.calibrate(model, data, make_accelerator(TrainingConfig()))
    assert found == pytest.approx(temperature, abs=0.05)


def test_progress_goes_round():
    progress = Progress({"epochs": 2})
    progress.record({"epoch": 1, "validation_accuracy": 0.9}, torch.nn.Linear(2, 2))
    copy = Progress({"epochs": 2})
    copy.load_state_dict(progress.state_dict())
    assert copy.best_epoch == 1 and copy.history == progress.history


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--epochs", "0"), "--epochs must lie between 1"),
        (("--learning-rate", "-1"), "--learning-rate must be positive"),
        (("--dropout", "1.5"), "--dropout must lie"),
        (("--validation-fraction", "1"), "--validation-fraction must lie"),
        (("--optimizer", "sdg"), "no optimizer 'sdg'"),
        (("--model", "mnist_transformer"), "no model 'mnist_transformer'"),
        (("--eval-only", "nowhere"), "no checkpoint folder nowhere"),
        (("--dataset", "nowhere"), "cannot be loaded"),
        (("--report-to", "stone_tablets"), "stone_tablets"),
        (("--report-to", "dvclive"), "error: --report-to dvclive wants a package: pip install dvclive.\n"),
        (("--output-dir", train.__file__), f"error: Could not write to {train.__file__}: File exists.\n"),
        (("--push-to-hub",), "error: --push-to-hub wants --hub-model-id owner/name.\n"),
        (("--push-to-hub", "--eval-only", "nowhere"), "error: --eval-only publishes nothing"),
        (("--push-to-hub", "--hub-model-id", "you/digits", "--tag", "v 1"), "error: 'v 1' is no name of a branch"),
        (("--tag", "v1"), "--tag want --push-to-hub"),
        (("--push-to-hub", "--hub-model-id", "you/digits"), "There is no token"),  # and the time is not yet spent
        (("--schedule", "zigzag"), "invalid choice: 'zigzag'"),
    ],
)
def test_wrong_options_get_a_sentence_and_exit_code_2(options, sentence, capsys, tmp_path, tiny_dataset, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)  # else it is asked for again and again
    monkeypatch.setattr("mnist_model.hub.get_token", lambda: None)
    with pytest.raises(SystemExit) as exit_:
        train.main(["--dataset", str(tiny_dataset), "--epochs", "1", "--threads", "1", *options])
    assert exit_.value.code == 2
    error = capsys.readouterr().err
    assert sentence in error and "Traceback" not in error


def test_help_teaches(run_train):
    text = run_train("--help")
    for option in (
        "--epochs",
        "--resume",
        "--report-to",
        "--mixed-precision",
        "--elastic",
        "--image-column",
        "--ema-decay",
    ):
        assert option in text
