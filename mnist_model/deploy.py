"""The Space that serves a model: what it holds, and how it gets there.

deployed = deploy_space("you/mnist", "you/mnist-cnn")
"""

import re
from pathlib import Path

from huggingface_hub import HfApi, RepoCard

from .config import bundled_checkpoint, bundled_models, read_config
from .errors import MnistModelError
from .hub import (
    Pushed,
    changes,
    check_not_taken,
    check_private,
    check_token,
    commit_changes,
    explain,
    head_and_files,
)
from .rejection import REJECTION_FILE

ROOT = Path(__file__).parent.parent
# What app.py needs to run: no training, and so no torch.
MODULES = (
    *("__init__", "config", "errors", "files", "preprocessing", "recognizer", "refusal", "rejection"),
    *("closeup", "segmentation", "seams", "lattice", "steps", "explain", "hub", "card", "feedback"),
)
SPACE_FILES = (
    "app.py",
    "LICENSE",
    *(f"mnist_model/{module}.py" for module in MODULES),
)
CHECKPOINT_FILES = ("config.json", "model.onnx", "report.json")


def space_files(model_id: str) -> dict[str, bytes]:
    """The files of the Space, by path: the app, the modules that it needs, the bundled models, its requirements, and
    its README with the pictures in it.

    Raises:
        MnistModelError: this is no checkout of the whole project.

    >>> sorted(path for path in space_files("you/mnist-cnn") if "/" not in path)
    ['LICENSE', 'README.md', 'app.py', 'requirements.txt']
    """
    ui = sorted(path for path in (ROOT / "mnist_model" / "ui").rglob("*") if path.is_file())
    ui = [path for path in ui if path.suffix != ".pyc"]
    try:
        readme = RepoCard((ROOT / "README.md").read_text())
        found = [path.relative_to(ROOT).as_posix() for path in [*ui, *_checkpoint_files()]]
        paths = [*SPACE_FILES, *found, *_pictures(readme.text)]
        files = {path: (ROOT / path).read_bytes() for path in paths}
        files["requirements.txt"] = (ROOT / "requirements-space.txt").read_bytes()
    except OSError as error:
        raise MnistModelError(f"Deploy from a checkout of the project: {error.filename} is missing.") from error
    readme.data["models"] = [model_id]
    files["README.md"] = str(readme).encode()
    return files


def deploy_space(space_id: str, model_id: str, *, revision: str | None = None, private: bool = False) -> Pushed:
    """Create or update the Space, in one commit, so that it holds `space_files` and nothing else.

    It serves the commit that `revision` names now (variables MODEL_ID and MODEL_REVISION), until it is deployed again.

    Args:
        space_id: "owner/name".
        model_id: a model on the Hub, as `push_checkpoint` leaves it.
        revision: branch, tag or commit of the model; the main branch where it is None.
        private: create the Space for its owner's eyes only.
    Raises:
        MnistModelError: there is no such model, or no token, no right to write, or no way to the Hub; or the Space
            holds something else, or is public and must be private.
    """
    files = space_files(model_id)
    api = HfApi()
    try:
        check_token()
        model = api.model_info(model_id, revision=revision)
        if "model.onnx" not in [file.rfilename for file in model.siblings or []]:
            raise MnistModelError(f"{model_id} holds no model.onnx: push it with `python -m mnist_model push`.")
    except MnistModelError:
        raise
    except Exception as error:  # the transport raises whatever it is built on
        raise MnistModelError(explain(error, model_id)) from error
    try:
        created = api.create_repo(
            space_id, repo_type="space", space_sdk="gradio", private=private or None, exist_ok=True
        )
        space_id = created.repo_id
        if private:
            check_private(api, space_id, "space")
        head, remote = head_and_files(api, space_id, "space")
        check_not_taken(space_id, remote, "mnist_model/__init__.py", "another app")
        outdated = remote.keys() - files.keys() - {".gitattributes"}
        operations = changes(remote, files, outdated)
        commit = commit_changes(api, space_id, "space", operations, head, f"Deploy {model_id}")
        _set_variables(api, space_id, {"MODEL_ID": model_id, "MODEL_REVISION": str(model.sha)})
    except MnistModelError:
        raise
    except Exception as error:
        raise MnistModelError(explain(error, space_id)) from error
    return Pushed(space_id, str(created), commit, len(operations))


def _pictures(readme: str) -> list[str]:
    """Paths of the pictures that it shows from beside it, not from another host."""
    return sorted(set(re.findall(r"!\[[^]]*]\(([^:)]+)\)", readme)))


def _checkpoint_files() -> list[Path]:
    """Of each bundled model what it takes to answer, and to be described."""
    files = []
    for name in bundled_models():
        folder = bundled_checkpoint(name)
        refuses = "rejection" in read_config(folder)
        files += [folder / file for file in (*CHECKPOINT_FILES, *([REJECTION_FILE] if refuses else []))]
    return files


def _set_variables(api: HfApi, space_id: str, wanted: dict[str, str]) -> None:
    """Only those that differ: setting one restarts the Space."""
    there = api.get_space_variables(space_id)
    for name, value in wanted.items():
        if name not in there or there[name].value != value:
            api.add_space_variable(space_id, name, value)
