"""README.md: its samples run as printed, its pins are those of the requirements, and its pictures are there."""

import re
import runpy
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
PINS = dict(line.split("==") for line in (ROOT / "requirements.txt").read_text().split())


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


@pytest.mark.parametrize("index", range(len(blocks("python"))))
def test_samples_run_as_printed(index, run_python, tmp_path):
    finished = run_python("-W", "error::SyntaxWarning", "-c", blocks("python")[index], env={"HF_HOME": str(tmp_path)})
    if "DigitRecognizer" in blocks("python")[index]:
        assert finished.stdout.splitlines()[0].split()[0] in ("2", "17")


def test_the_shell_sample_runs(run_python):
    (line,) = [line for block in blocks("bash") for line in block.splitlines() if " predict " in line]
    pattern = line.split()[-1]
    pictures = sorted(map(str, ROOT.glob(pattern)))
    assert len(pictures) >= 3
    finished = run_python(*line.split()[1:-1], *pictures)
    assert len(finished.stdout.splitlines()) == len(pictures)


def test_options_in_the_samples_exist(run_train):
    text = run_train("--help")
    options = {option for block in blocks("bash") for option in re.findall(r"train\.py.*", block)}
    for option in {word for line in options for word in re.findall(r"--[a-z-]+", line)}:
        assert option in text


def test_front_matter_and_requirements_agree():
    assert f"sdk_version: {PINS['gradio']}" in README
    space = dict(line.split("==") for line in (ROOT / "requirements-space.txt").read_text().split())
    assert space.items() <= PINS.items() and "torch" not in space


def test_ci_runs_the_command_of_the_readme():
    commands = [line for line in README.splitlines() if line.endswith("&& pytest")]
    assert len(commands) == 1
    assert "grep -m1 '&& pytest$' README.md" in (ROOT / ".ci" / "run").read_text()


def test_the_pictures_are_those_of_the_command_and_small():
    shown = re.findall(r"!\[([^]]+)\]\(docs/([^)]+)\)", README)
    files = {path.name: path for path in (ROOT / "docs").iterdir()}
    script = runpy.run_path(str(ROOT / "benchmarks" / "screenshots.py"))
    names = [f"{name}.webp" for name in script["PICTURES"]]
    assert [name for _, name in shown] == names and files.keys() == set(names)
    assert all(len(words) > 20 for words, _ in shown)
    assert sum(path.stat().st_size for path in files.values()) < 1_000_000
    for name, path in files.items():
        picture = Image.open(path)
        assert getattr(picture, "is_animated", False) == (name == "draw.webp")
        assert 800 <= picture.width <= 1300 and 600 <= picture.height <= 900


def test_the_animation_is_short():
    picture = Image.open(ROOT / "docs" / "draw.webp")
    lasts = 0
    for index in range(picture.n_frames):
        picture.seek(index)
        picture.load()
        lasts += picture.info["duration"]
    assert picture.width == 800 and 3000 < lasts <= 6000
