"""What several test files need. Nothing here reaches for the network unless MNIST has to come from the Hub."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("TQDM_DISABLE", "1")
# Where workers share the cores, threads of torch's on more than one each wait long for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).parent.parent
LONGEST = ("test_training.py", "test_circle.py", "test_deploy.py", "test_hub.py", "test_recipes.py", "test_loaders.py")


def pytest_collection_modifyitems(items):
    """The files that take longest first: where several workers share the files, none has a long one left at the end."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


@pytest.fixture(scope="session")
def mnist_dataset() -> str:
    """Where MNIST is: `MNIST_DATASET`, the folder beside the repository, or the Hub's cache."""
    candidates = [os.environ.get("MNIST_DATASET"), str(ROOT.parent / "shared" / "mnist"), "ylecun/mnist"]
    for candidate in filter(None, candidates):
        if Path(candidate).is_dir() or (candidate.count("/") == 1 and _on_the_hub(candidate)):
            return candidate
    reason = "MNIST is not here: set MNIST_DATASET to a folder or id, or connect to the Hub"
    if os.environ.get("REQUIRE_MNIST"):
        pytest.fail(reason)
    pytest.skip(reason)


def _on_the_hub(dataset: str) -> bool:
    from huggingface_hub import HfApi

    try:
        HfApi().dataset_info(dataset, timeout=5)
    except Exception:  # whatever is wrong with the network, MNIST is not to be had
        return False
    return True


@pytest.fixture(scope="session")
def mnist(mnist_dataset):
    """All of MNIST, as `load_data` gives it."""
    from mnist_model.data import DataConfig, load_data

    return load_data(DataConfig(dataset=mnist_dataset))


@pytest.fixture(scope="session")
def recognizer():
    from mnist_model import DigitRecognizer

    return DigitRecognizer.from_pretrained()


@pytest.fixture(scope="session")
def url():
    """Address of the app as it starts without any setting: one for all files, since a start takes seconds."""
    from serving import serve

    with serve() as (url, _):
        yield url


@pytest.fixture
def run_python():
    """Run Python in a process of its own: `run_python("-c", "print(1)")`."""

    def run(*arguments: str, check: bool = True, env: dict[str, str] | None = None, cwd: Path = ROOT):
        return subprocess.run(
            [sys.executable, *map(str, arguments)],
            cwd=cwd,
            env={**os.environ, "HF_HUB_OFFLINE": "1", **(env or {})},
            capture_output=True,
            text=True,
            check=check,
            timeout=300,
        )

    return run


@pytest.fixture
def fresh_accelerate():
    """accelerate keeps its state for the process: a test that trains in this one begins without any."""
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.fixture
def run_train(capsys, fresh_accelerate):
    """Run train.py in this process, and give what it prints: to start another takes longer than a short run."""
    import train

    def run(*arguments: object) -> str:
        try:
            train.main([*map(str, arguments), "--threads", "1"])
        except SystemExit as ended:
            assert not ended.code, capsys.readouterr().err
        return capsys.readouterr().out

    return run


@pytest.fixture(scope="session")
def tiny_dataset(tmp_path_factory) -> Path:
    """A data set of 260 drawn digits, and 60 to test on, laid out as on the Hub: for plumbing, not for accuracy."""
    import numpy as np
    from datasets import ClassLabel, Dataset, Features, Image
    from strokes import draw_digit

    folder = tmp_path_factory.mktemp("tiny") / "digits"
    features = Features({"image": Image(), "label": ClassLabel(names=[str(digit) for digit in range(10)])})
    rng = np.random.default_rng(0)
    for split, count in (("train", 260), ("test", 60)):
        labels = [index % 10 for index in range(count)]
        images = [draw_digit(label, side=28, pen=rng.uniform(2, 4), ink="white", paper="black") for label in labels]
        rows = Dataset.from_dict({"image": images, "label": labels}, features=features)
        rows.to_parquet(folder / "data" / f"{split}-00000-of-00001.parquet")
    return folder


@pytest.fixture
def loopback_hub(tmp_path, monkeypatch):
    """A Hub of this test's own. This process uses it, and a new process with `env=loopback_hub.environment()`."""
    from loopback_hub import LoopbackHub

    hub = LoopbackHub(home=tmp_path / "hf")
    hub.use_here(monkeypatch)
    yield hub
    hub.stop()
    assert hub.errors == []


@pytest.fixture
def hub(loopback_hub, monkeypatch):
    """The loopback Hub with this process signed in as "you"; its `secret_token` must never show."""
    loopback_hub.secret_token = loopback_hub.token("you")
    loopback_hub.use_here(monkeypatch, loopback_hub.secret_token)
    return loopback_hub


@pytest.fixture
def api(loopback_hub):
    """A client of the loopback Hub that is signed in as "you"."""
    return loopback_hub.api("you")


@pytest.fixture
def repo(loopback_hub) -> str:
    """The id of a repository in the loopback Hub that holds two files."""
    from hub_samples import REPO, WEIGHTS

    loopback_hub.put(REPO, {"config.json": b"{}", "model.safetensors": WEIGHTS})
    return REPO
