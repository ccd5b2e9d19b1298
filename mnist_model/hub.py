"""Checkpoints to the Hugging Face Hub, and from it.

pushed = push_checkpoint("runs/mnist_cnn/checkpoint", "you/mnist-cnn")
folder, commit = download_checkpoint("you/mnist-cnn", revision=pushed.commit)
"""

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha1, sha256
from pathlib import Path

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, get_token, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils import validate_repo_id

from .card import make_card
from .config import CODE_FILES, read_config
from .errors import MnistModelError
from .rejection import REJECTION_FILE

CHECKPOINT_FILES = ("config.json", "model.safetensors", "model.onnx", "report.json")
MADE_BY_THE_HUB = (".gitattributes", "README.md")
REFERENCE = re.compile(r"(?!.*\.\.)\w[\w.-]*(/\w[\w.-]*)*(?<!\.)(?<!\.lock)")  # what git takes, and little else


@dataclass(frozen=True)
class Pushed:
    """What the Hub holds now.

    Args:
        repo_id: "owner/name".
        url: its page.
        commit: id of the commit that holds the files, to be used as `revision`.
        changed: number of files that this commit added, replaced or deleted; 0 where all was there.
    """

    repo_id: str
    url: str
    commit: str
    changed: int

    def summary(self) -> str:
        what = f"{self.changed} files changed" if self.changed else "nothing to change"
        return f"{self.url} at commit {self.commit} ({what})"


def push_checkpoint(
    folder: str | Path,
    model_id: str,
    *,
    private: bool = False,
    revision: str | None = None,
    tag: str | None = None,
) -> Pushed:
    """Publish a checkpoint folder in one commit, with the model card that its report makes.

    Whatever interrupts it, the repository is as it was; the same call again finishes, and sends no file that is there.
    A `README.md` in the folder is taken in place of a card made anew.

    Args:
        folder: as `save_checkpoint` writes it.
        model_id: "owner/name". Created if there is none.
        private: create it for its owner's eyes only.
        revision: branch to commit to, created from main if there is none.
        tag: to set on the commit.
    Raises:
        MnistModelError: the folder is no finished checkpoint; there is no token, no right to write, no room or no way
            to the Hub; no branch or tag can have that name; the repository holds something else; or the tag stands on
            another commit.
    """
    folder = Path(folder)
    check_repo_id(model_id)
    check_references(revision, tag)
    files: dict[str, Path | bytes] = dict(_files_to_publish(folder))
    if "README.md" not in files:
        files["README.md"] = make_card(folder, model_id).encode()
    api = HfApi()
    again = ["python", "-m", "mnist_model", "push", str(folder), model_id, *(["--private"] if private else [])]
    again += [f"--{name}={value}" for name, value in (("revision", revision), ("tag", tag)) if value]
    advice = f"The checkpoint in {folder} is unharmed; to push it later: {shlex.join(again)}"
    try:
        check_token()
        url = str(api.create_repo(model_id, private=private or None, exist_ok=True))
        if private:
            check_private(api, model_id, "model")
        if revision:
            api.create_branch(model_id, branch=revision, exist_ok=True)
        head, remote = head_and_files(api, model_id, "model", revision)
        check_not_taken(model_id, remote, CODE_FILES[-1], "another kind of model")
        outdated = [path for path in remote if path.endswith((".png", REJECTION_FILE)) and path not in files]
        operations = changes(remote, files, outdated)
        _check_tag(api, model_id, tag, None if operations else head)
        commit = commit_changes(api, model_id, "model", operations, head, f"Upload {folder.name}", revision)
        if tag:
            api.create_tag(model_id, tag=tag, revision=commit, exist_ok=True)
    except MnistModelError as error:
        raise MnistModelError(f"{error} {advice}") from error
    except Exception as error:  # the transport raises whatever it is built on
        raise MnistModelError(f"{explain(error, model_id)} {advice}") from error
    return Pushed(model_id, url, commit, len(operations))


def _files_to_publish(folder: Path) -> Iterable[tuple[str, Path]]:
    """By name, so that no pickle, optimizer state or stray file is ever sent."""
    rejection = (REJECTION_FILE,) if read_config(folder).get("rejection") else ()
    for name in (*CHECKPOINT_FILES, *rejection, *CODE_FILES):
        if not (folder / name).is_file():
            raise MnistModelError(f"{folder} has no {name}: it is not a finished checkpoint, and is not pushed.")
        yield name, folder / name
    for path in sorted([*folder.glob("*.png"), *folder.glob("README.md")]):
        yield path.name, path


def _check_tag(api: HfApi, repo_id: str, tag: str | None, commit: str | None) -> None:
    """Before anything is sent: a tag that stands elsewhere is somebody's, and stays."""
    for reference in api.list_repo_refs(repo_id).tags if tag else []:
        if reference.name == tag and reference.target_commit != commit:
            raise MnistModelError(f"{repo_id} has a tag {tag!r} on other files: choose another tag.")


def check_repo_id(repo_id: str) -> None:
    try:
        validate_repo_id(repo_id)
        if "/" not in repo_id:
            raise HFValidationError(repo_id)
    except HFValidationError as error:
        raise MnistModelError(explain(error, repo_id)) from error


def check_references(*names: str | None) -> None:
    for name in filter(None, names):
        if not REFERENCE.fullmatch(name):
            raise MnistModelError(
                f"{name!r} is no name of a branch or tag: write it in letters, digits, '-', '_', '.' and '/'."
            )


def check_token() -> None:
    if not get_token():
        raise MnistModelError("There is no token for the Hub: use `hf auth login`, or set HF_TOKEN.")


def check_private(api: HfApi, repo_id: str, repo_type: str) -> None:
    if not api.repo_info(repo_id, repo_type=repo_type).private:
        raise MnistModelError(f"{repo_id} is public: make it private in its settings, or choose another id.")


def check_not_taken(repo_id: str, remote: dict[str, str], of_ours: str, otherwise: str) -> None:
    """What is sent replaces what is there: that must be nothing yet, or hold the file `of_ours`."""
    if not remote.keys() <= {*MADE_BY_THE_HUB} and of_ours not in remote:
        raise MnistModelError(f"{repo_id} is taken: it holds {otherwise}. Choose another id.")


def head_and_files(api: HfApi, repo_id: str, repo_type: str, revision: str | None = None) -> tuple[str, dict[str, str]]:
    """The last commit of a branch, and the paths in it.

    Each path comes with the hash that the Hub keeps of the file: SHA-256 in LFS, else git's of a blob.
    """
    head = str(api.repo_info(repo_id, repo_type=repo_type, revision=revision).sha)
    tree = api.list_repo_tree(repo_id, recursive=True, repo_type=repo_type, revision=head)
    files = (file for file in tree if isinstance(file, RepoFile))
    return head, {file.path: file.lfs.sha256 if file.lfs else file.blob_id for file in files}


def changes(
    remote: dict[str, str], files: Mapping[str, Path | bytes], outdated: Iterable[str]
) -> list[CommitOperationAdd | CommitOperationDelete]:
    """What turns `remote` into `files`, less what is `outdated`."""
    operations: list[CommitOperationAdd | CommitOperationDelete] = [
        CommitOperationDelete(path) for path in sorted(outdated)
    ]
    for path, source in files.items():
        content = source if isinstance(source, bytes) else source.read_bytes()
        blob = b"blob %d\0" % len(content) + content
        if remote.get(path) not in (sha256(content).hexdigest(), sha1(blob).hexdigest()):
            operations.append(CommitOperationAdd(path, content))
    return operations


def commit_changes(
    api: HfApi, repo_id: str, repo_type: str, operations: list, head: str, message: str, revision: str | None = None
) -> str:
    """One atomic commit on `head`, where `HfApi.upload_folder` makes several. Gives its id, or `head` for no change."""
    if not operations:
        return head
    info = api.create_commit(
        repo_id, operations, commit_message=message, repo_type=repo_type, revision=revision, parent_commit=head
    )
    return info.oid


def explain(error: Exception, repo_id: str) -> str:
    """What went wrong between here and the Hub, and what to do, in one sentence."""
    status = error.response.status_code if isinstance(error, HfHubHTTPError) else None
    said = f" ({error.server_message})" if isinstance(error, HfHubHTTPError) and error.server_message else ""
    if isinstance(error, HFValidationError):
        return f"{repo_id!r} is no id on the Hub: it is written 'owner/name', in letters, digits, '-', '_' and '.'."
    if isinstance(error, OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE forbids to reach the Hub: unset it."
    if isinstance(error, GatedRepoError):
        return f"{repo_id} is gated: ask for access on its page, and log in with `hf auth login`."
    if isinstance(error, RevisionNotFoundError):
        return f"{repo_id} has no such branch, tag or commit."
    if status == 401 and "token" in said.lower():
        return f"The Hub does not accept the token{said}: use `hf auth login`, or set HF_TOKEN to another."
    if isinstance(error, RepositoryNotFoundError):
        return f"There is no {repo_id} on the Hub, or it is not for this account: check the id and the token."
    sentences = {
        401: f"The Hub does not accept the token{said}: use `hf auth login`, or set HF_TOKEN to another.",
        402: f"The account's quota on the Hub is used up{said}: make room, or use another account.",
        403: f"This token may not write to {repo_id}{said}: use one with write rights, or your own name as owner.",
        409: f"{repo_id} is being changed by somebody else{said}: try again.",
        412: f"{repo_id} was changed by somebody else in the meantime: try again.",
        413: f"The files are too large for the account's quota{said}: make room, or use another account.",
        429: f"The Hub has had too many requests from this account{said}: wait some minutes.",
    }
    if status in sentences:
        return sentences[status]
    if status is not None and status < 500:
        return f"The Hub refuses this (HTTP {status}){said}: check the id and the options."
    if status is not None:
        return f"The Hub has a fault of its own (HTTP {status}){said}: try again later."
    return f"The Hub cannot be reached ({type(error).__name__}): check the connection."


def download_checkpoint(model_id: str, revision: str | None = None) -> tuple[Path, str]:
    """Fetch a checkpoint from the Hub, or take it from the local cache.

    Args:
        model_id: "owner/name".
        revision: branch, tag or commit; the main branch where it is None.
    Returns:
        The folder in the cache, and the commit that it holds.
    Raises:
        MnistModelError: there is no such model or revision, it is private, or the Hub cannot be reached.
    """
    try:
        patterns = [*CHECKPOINT_FILES, REJECTION_FILE]
        folder = Path(snapshot_download(model_id, revision=revision, allow_patterns=patterns))
    except HFValidationError as error:
        raise MnistModelError(f"{model_id!r} is neither a folder here nor a model id like 'owner/name'.") from error
    except RevisionNotFoundError as error:
        raise MnistModelError(f"The model {model_id!r} has no revision {revision!r} on the Hub.") from error
    except LocalEntryNotFoundError as error:
        raise MnistModelError(f"The model {model_id!r} is not in the cache and the Hub cannot be reached.") from error
    except Exception as error:  # the transport raises whatever it is built on
        raise MnistModelError(f"The model {model_id!r} cannot be fetched: {explain(error, model_id)}") from error
    return folder, folder.name
