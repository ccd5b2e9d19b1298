"""The workflows of GitHub and the files around them: linted, pinned, and every command in them runs."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import mnist_model

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / ".github" / "workflows"
# BaseLoader leaves every scalar a string, and the key `on` is no boolean then.
CI, DEPLOY, TRAIN = (
    yaml.load((FOLDER / f"{name}.yml").read_text(), yaml.BaseLoader) for name in ("ci", "deploy", "train")
)
JOBS = [job for workflow in (CI, DEPLOY, TRAIN) for job in workflow["jobs"].values()]
STEPS = [step for job in JOBS for step in job["steps"]]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DEV = dict(pin.split("==") for pin in PROJECT["optional-dependencies"]["dev"])


def step_named(workflow: dict, name: str) -> dict:
    (step,) = [step for job in workflow["jobs"].values() for step in job["steps"] if step.get("name") == name]
    return step


def shell(command: str, *path: Path, **environment: str) -> subprocess.CompletedProcess:
    """Run a command as a runner does, with this Python and its programs first on the PATH."""
    folders = [*map(str, path), str(Path(sys.executable).parent), os.environ["PATH"]]
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", command],
        cwd=ROOT,
        env={**os.environ, "HF_HUB_OFFLINE": "1", **environment, "PATH": os.pathsep.join(folders)},
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_quality():
    finished = shell(step_named(CI, "Check style, types and workflows")["run"])
    assert finished.returncode == 0, finished.stdout + finished.stderr


@pytest.mark.parametrize("command", ["actionlint {}"])
def test_the_linters_refuse_a_title_that_becomes_a_command(command, tmp_path):
    (tmp_path / ".github" / "workflows").mkdir(parents=True)
    workflow = tmp_path / ".github" / "workflows" / "bad.yml"
    workflow.write_text(
        "name: Bad\non: issues\njobs:\n  bad:\n    runs-on: ubuntu-24.04\n    steps:\n"
        "      - run: echo ${{ github.event.issue.title }}\n"
    )
    finished = shell(command.format(workflow))
    assert finished.returncode != 0 and "github.event.issue.title" in finished.stdout + finished.stderr


def test_actions_are_pinned_by_commit():
    lines = [line.strip() for path in FOLDER.glob("*.yml") for line in path.read_text().splitlines()]
    pins = [line.split("uses: ")[1] for line in lines if "uses: " in line]
    assert len(pins) == sum("uses" in step for step in STEPS)
    for pin in pins:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", pin), pin
    assert len(set(pins)) == len({pin.split("@")[0] for pin in pins}), "one action, one version"


def test_permissions_are_least():
    for workflow in (CI, DEPLOY, TRAIN):
        assert workflow["permissions"] == {"contents": "read"} and workflow["concurrency"]["group"]
    for job in JOBS:
        assert "permissions" not in job and 0 < int(job["timeout-minutes"]) < 360
    for step in STEPS:
        assert "${{" not in step.get("run", ""), "values reach a command through its environment"
        if "actions/checkout" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] == "false"


def test_the_token_goes_only_where_it_is_used():
    assert "secrets." not in (FOLDER / "ci.yml").read_text()
    for step in STEPS:
        with_token = step.get("env", {}).get("HF_TOKEN") == "${{ secrets.HF_TOKEN }}"
        assert with_token == (step.get("name") in ("Deploy", "Train"))
    for path in FOLDER.glob("*.yml"):
        text = path.read_text()
        assert text.count("secrets.") == text.count("HF_TOKEN: ${{ secrets.HF_TOKEN }}")


def test_ci_runs_the_command_of_the_readme_under_the_rules_of_the_gate():
    install, test = step_named(CI, "Install")["run"], step_named(CI, "Test")["run"]
    assert shell(f"{test} --dry-run").stdout.strip() == "pytest"
    assert f"{install} && pytest\n" in (ROOT / "README.md").read_text()
    gate = re.search(r"^export (REQUIRE_.*)$", (ROOT / ".ci" / "run").read_text(), flags=re.MULTILINE)[1]
    assert CI["jobs"]["test"]["env"] == {
        "MNIST_DATASET": "ylecun/mnist",
        **dict(pair.split("=") for pair in gate.split()),
    }


def test_what_is_installed_is_there():
    for step in STEPS:
        if step.get("name") == "Install":
            words = shlex.split(step["run"])
            assert words[:3] == ["pip", "install", "-r"] and (ROOT / words[3]).is_file() and words[4] == "-e"
            assert set(re.findall(r"\[(.*)\]", words[5])) <= set(PROJECT["optional-dependencies"])
        for path in step.get("with", {}).get("cache-dependency-path", "").split():
            assert (ROOT / path).is_file()


def test_deploying_follows_ci_on_main():
    follows = DEPLOY["on"]["workflow_run"]
    assert follows == {"workflows": [CI["name"]], "types": ["completed"], "branches": CI["on"]["push"]["branches"]}
    condition = DEPLOY["jobs"]["deploy"]["if"]
    assert "workflow_run.conclusion == 'success'" in condition and "workflow_run.event == 'push'" in condition


def test_missing_settings_are_named():
    finished = shell(step_named(DEPLOY, "Say what is missing")["run"])
    assert re.match(r"::notice title=[^:]+::.*SPACE_ID.*MODEL_ID.*HF_TOKEN.*\n$", finished.stdout), finished.stdout


@pytest.mark.parametrize("workflow", [DEPLOY, TRAIN], ids=["deploy", "train"])
def test_the_deploy_command_runs(workflow):
    command = step_named(workflow, "Deploy")["run"] + " --dry-run"
    finished = shell(command, SPACE_ID="you/mnist", MODEL_ID="you/mnist-cnn")
    assert finished.returncode == 0, finished.stderr
    assert "app.py" in finished.stdout and "requirements.txt" in finished.stdout


@pytest.mark.parametrize("push", ["true", "false"])
def test_the_train_command_is_one_that_train_py_takes(push, run_train, tmp_path):
    launcher = tmp_path / "accelerate"
    launcher.write_text('#!/bin/sh\nprintf "%s\\n" "$@" > "$WORDS"\n')
    launcher.chmod(0o755)
    step, inputs = step_named(TRAIN, "Train"), TRAIN["on"]["workflow_dispatch"]["inputs"]
    values = {name: re.search(r"inputs\.(\w+)", value) for name, value in step["env"].items()}
    environment = {name: inputs[match[1]]["default"] for name, match in values.items() if match}
    environment |= {"EXTRA_ARGUMENTS": "--dropout 0.1 --tag $(exit)", "PUSH": push, "MODEL_ID": "you/mnist-cnn"}
    finished = shell(step["run"], tmp_path, **environment, WORDS=str(tmp_path / "words"))
    assert finished.returncode == 0, finished.stderr

    launch, *words = (tmp_path / "words").read_text().splitlines()
    assert launch == "launch" and words[0] == "train.py" and words[words.index("--tag") + 1] == "$(exit)"
    assert (words[-3:] == ["--push-to-hub", "--hub-model-id", "you/mnist-cnn"]) == (push == "true")
    text = run_train(*words[1:], "--help")
    for option in re.findall(r"^--[\w-]+", "\n".join(words), flags=re.MULTILINE):
        assert re.search(rf"{option}\b", text), option
    output_dir = words[words.index("--output-dir") + 1]
    kept = step_named(TRAIN, "Keep the checkpoint, even one that could not be published")
    assert kept["with"]["path"] == f"{output_dir}/checkpoint"


@pytest.mark.parametrize(
    ("inputs", "missing"),
    [
        ({}, ""),
        ({"PUSH": "true", "MODEL_ID": "you/mnist-cnn"}, ""),
        ({"PUSH": "true", "DEPLOY": "true", "MODEL_ID": "you/mnist-cnn", "SPACE_ID": "you/mnist"}, ""),
        ({"PUSH": "true"}, "model_id"),
        ({"DEPLOY": "true", "MODEL_ID": "you/mnist-cnn", "SPACE_ID": "you/mnist"}, "push"),
        ({"PUSH": "true", "DEPLOY": "true", "MODEL_ID": "you/mnist-cnn"}, "space_id"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_trained(inputs, missing):
    names = [step.get("name") for step in TRAIN["jobs"]["train"]["steps"]]
    assert names.index("Check the inputs") < names.index("Install")
    step = step_named(TRAIN, "Check the inputs")
    finished = shell(step["run"], **(dict.fromkeys(step["env"], "") | inputs))
    assert finished.returncode == (1 if missing else 0)
    assert missing in finished.stdout and finished.stdout.startswith("::error title=" if missing else "")


def test_the_inputs_of_training_start_at_its_defaults():
    from mnist_model.data import DataConfig
    from mnist_model.recipes import RECIPES
    from mnist_model.training import TrainingConfig

    inputs = TRAIN["on"]["workflow_dispatch"]["inputs"]
    assert float(inputs["seed"]["default"]) == TrainingConfig.seed
    assert inputs["model"]["default"] == TrainingConfig.model
    assert sorted(inputs["model"]["options"]) == sorted(RECIPES)
    assert inputs["dataset"]["default"] == DataConfig.dataset


def test_versions_agree():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert {repo["repo"].rsplit("/")[-1]: repo["rev"] for repo in hooks}["ruff-pre-commit"] == f"v{DEV['ruff']}"
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == mnist_model.__version__ and citation["title"] == PROJECT["name"]
    assert citation["license"] == PROJECT["license"]
    assert mnist_model.__version__ in (ROOT / "CHANGELOG.md").read_text()


def test_the_commands_of_contributing_exist():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    assert step_named(CI, "Install")["run"] in text
    for target in set(re.findall(r"`(make \w+)`", text)):
        assert shell(f"{target} --dry-run").returncode == 0, target
    for path in re.findall(r"`([\w./]+/[\w./]+\.py|\.ci/run|[A-Z]+\.md)`", text):
        assert (ROOT / path).is_file(), path
