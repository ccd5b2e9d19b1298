"""The Space: what it holds, and that it works where torch is missing."""

import os
import re
import shutil
from pathlib import Path

import pytest
from bundled_copies import copy_model
from huggingface_hub import RepoCard, snapshot_download
from serving import CHROMIUM, ROOT, draw_with_mouse, open_chromium, serve
from strokes import DIGITS

from mnist_model import MnistModelError
from mnist_model.config import bundled_checkpoint, bundled_models
from mnist_model.deploy import deploy_space, space_files
from mnist_model.hub import push_checkpoint

try:
    import playwright.sync_api as playwright
except ImportError:
    playwright = None

MODEL, SPACE = "you/mnist-cnn", "you/mnist"


def test_what_the_space_holds(hub):
    pushed = push_checkpoint(bundled_checkpoint(), MODEL)
    deployed = deploy_space(SPACE, MODEL)
    files = hub.files(SPACE, repo_type="space")
    assert files.pop(".gitattributes") and files.keys() == space_files(MODEL).keys()
    assert files["requirements.txt"] == (ROOT / "requirements-space.txt").read_bytes()
    shown = set(re.findall(r"\]\(([^:)]+\.(?:png|webp))\)", files["README.md"].decode()))
    assert "docs/draw.webp" in shown and shown <= files.keys()
    assert not [path for path in files.keys() - shown if path.startswith(("tests", "benchmarks", "docs", ".", "train"))]
    card = RepoCard(files["README.md"].decode())
    assert card.data.sdk == "gradio" and card.data.app_file == "app.py" and card.data.models == [MODEL]
    assert f"gradio=={card.data.sdk_version}" in files["requirements.txt"].decode()
    space = hub.repo(SPACE, "space")
    assert {name: variable["value"] for name, variable in space.variables.items()} == {
        "MODEL_ID": MODEL,
        "MODEL_REVISION": pushed.commit,
    }
    assert deployed.url == f"{hub.url}/spaces/{SPACE}" and not space.secrets


def test_the_space_holds_every_model_that_lies_in_checkpoints(tmp_path, run_python):
    for name in ("app.py", "LICENSE", "README.md", "requirements-space.txt"):
        shutil.copy(ROOT / name, tmp_path)
    for folder in ("docs", "benchmarks"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    shutil.copytree(ROOT / "mnist_model", tmp_path / "mnist_model", ignore=shutil.ignore_patterns("__pycache__"))
    copy_model(tmp_path / "mnist_model" / "checkpoints", "another", accuracy=0.5)
    environment = {"PYTHONPATH": str(tmp_path)}
    arguments = ("-m", "mnist_model", "deploy", SPACE, "--model-id", MODEL, "--dry-run")
    listed = run_python(*arguments, cwd=tmp_path, env=environment).stdout.split()
    checkpoints = {Path(path) for path in listed if path.startswith("mnist_model/checkpoints/")}
    files = {"config.json", "model.onnx", "report.json"}
    assert {path.name for path in checkpoints if path.parent.name == "another"} == files
    assert {path.name for path in checkpoints if path.parent.name == "mnist_cnn"} == {*files, "rejection.onnx"}
    assert {path.parent.name for path in checkpoints} == {*bundled_models(), "another"}
    (tmp_path / "mnist_model" / "checkpoints" / "another" / "model.onnx").unlink()
    refused = run_python(*arguments, cwd=tmp_path, env=environment, check=False)
    assert refused.returncode == 2 and "another/model.onnx is missing" in refused.stderr


def test_twice_changes_nothing_and_what_was_removed_disappears(hub):
    push_checkpoint(bundled_checkpoint(), MODEL)
    first = deploy_space(SPACE, MODEL)
    before = len(hub.requests)
    assert deploy_space(SPACE, MODEL) == first.__class__(first.repo_id, first.url, first.commit, 0)
    assert {request.method for request in hub.requests[before:]} <= {"GET", "HEAD", "POST"}
    assert not [
        request
        for request in hub.requests[before:]
        if "/commit/" in request.path or "variables" in request.path and request.method != "GET"
    ]
    hub.put(SPACE, {"old.py": b"", "mnist_model/ui/gone.js": b""}, "space")
    third = deploy_space(SPACE, MODEL)
    assert (
        third.changed == 2
        and hub.files(SPACE, repo_type="space").keys() - {".gitattributes"} == space_files(MODEL).keys()
    )


def test_a_new_revision_of_the_model_is_served_after_the_next_deploy(hub, tmp_path):
    push_checkpoint(bundled_checkpoint(), MODEL)
    deploy_space(SPACE, MODEL)
    newer = tmp_path / "checkpoint"
    shutil.copytree(bundled_checkpoint(), newer)
    (newer / "preprocessing.py").write_text("# changed\n")
    pushed = push_checkpoint(newer, MODEL)
    assert deploy_space(SPACE, MODEL).changed == 0
    assert hub.repo(SPACE, "space").variables["MODEL_REVISION"]["value"] == pushed.commit


def test_what_cannot_be_deployed(hub, loopback_hub, monkeypatch):
    with pytest.raises(MnistModelError, match="no you/mnist-cnn on the Hub"):
        deploy_space(SPACE, MODEL)
    hub.put(MODEL, {"config.json": b"{}"})
    with pytest.raises(MnistModelError, match="holds no model.onnx"):
        deploy_space(SPACE, MODEL)
    push_checkpoint(bundled_checkpoint(), "you/whole")
    with pytest.raises(MnistModelError, match="has no such branch, tag or commit"):
        deploy_space(SPACE, "you/whole", revision="v9")
    with pytest.raises(MnistModelError, match="may not write to theirs/mnist"):
        loopback_hub.token("theirs")
        deploy_space("theirs/mnist", "you/whole")
    hub.put("you/diary", {"app.py": b"mine"}, "space")
    with pytest.raises(MnistModelError, match="you/diary is taken: it holds another app"):
        deploy_space("you/diary", "you/whole")
    hub.put("you/shown", {"README.md": b""}, "space")
    with pytest.raises(MnistModelError, match="you/shown is public"):
        deploy_space("you/shown", "you/whole", private=True)
    for name in ("you/diary", "you/shown"):
        assert not hub.repo(name, "space").variables and len(hub.files(name, repo_type="space")) <= 3
    loopback_hub.use_here(monkeypatch, None)
    with pytest.raises(MnistModelError, match="no token"):
        deploy_space(SPACE, "you/whole")
    assert ("spaces", SPACE) not in hub.store.repos


def test_a_dry_run_lists_and_sends_nothing(run_python):
    listed = run_python("-m", "mnist_model", "deploy", SPACE, "--model-id", MODEL, "--dry-run").stdout
    sizes = {path: len(content) for path, content in space_files(MODEL).items()}
    for path, size in sizes.items():
        assert f"{size:>9,}  {path}\n" in listed
    assert f"{sum(sizes.values()):,}  bytes in {len(sizes)} files" in listed


WITHOUT_TORCH = """
import runpy, sys
from pathlib import Path
for name in ("torch", "timm", "transformers", "datasets"):
    sys.modules[name] = None
import mnist_model
here = Path(__file__).parent
assert Path(mnist_model.__file__).parent == here / "mnist_model"
runpy.run_path(str(here / "app.py"), run_name="__main__")
"""


@pytest.fixture(scope="module")
def browser():
    if not (playwright and CHROMIUM):
        reason = "there is no Chromium on the PATH, or Playwright is not installed"
        pytest.fail(reason) if os.environ.get("REQUIRE_CHROMIUM") else pytest.skip(reason)
    with open_chromium() as chromium:
        yield chromium


def first_answer(browser, url: str) -> tuple[str, str]:
    """Draws a seven; gives the heading and the digit that is answered."""
    page = browser.new_page()
    try:
        page.goto(url)
        page.wait_for_selector("canvas")
        draw_with_mouse(page, DIGITS["7"])
        playwright.expect(page.locator("#draw .digit")).not_to_be_empty(timeout=20_000)
        return page.inner_text("header"), page.inner_text("#draw .digit")
    finally:
        page.close()


def test_the_deployed_space_answers_with_the_hub_and_without_it(hub, tmp_path, browser):
    pushed = push_checkpoint(bundled_checkpoint(), MODEL)
    deploy_space(SPACE, MODEL)
    folder = tmp_path / "space"
    snapshot_download(SPACE, repo_type="space", local_dir=folder)
    start = folder / "start.py"
    start.write_text(WITHOUT_TORCH)

    def answer():
        variables = {name: item["value"] for name, item in hub.repo(SPACE, "space").variables.items()}
        environment = hub.environment() | variables | {"PYTHONPATH": str(folder)}
        with serve(start, **environment) as (url, _):
            return first_answer(browser, url)

    heading, digit = answer()
    assert digit == "7" and MODEL in heading and pushed.commit[:12] in heading
    shutil.rmtree(hub.home)
    hub.stop()
    heading, digit = answer()
    assert digit == "7" and "bundled" in heading and "cannot be reached" in heading
    hub.start()
    newer = tmp_path / "checkpoint"
    shutil.copytree(bundled_checkpoint(), newer)
    (newer / "preprocessing.py").write_text("# changed\n")
    second = push_checkpoint(newer, MODEL)
    deploy_space(SPACE, MODEL)
    heading, digit = answer()
    assert digit == "7" and second.commit[:12] in heading and "bundled" not in heading


@pytest.mark.parametrize("ids", [("mnist", MODEL), (SPACE, "you/mnist cnn")])
def test_a_wrong_id_is_told_before_anything_is_listed(run_python, ids):
    refused = run_python("-m", "mnist_model", "deploy", ids[0], "--model-id", ids[1], "--dry-run", check=False)
    assert refused.returncode == 2 and "is no id on the Hub" in refused.stderr and not refused.stdout
