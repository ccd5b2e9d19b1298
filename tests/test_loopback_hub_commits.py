"""The loopback Hub as `huggingface_hub` sees it: what a commit does, and what it must not do."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from hub_samples import REPO, WEIGHTS, add
from huggingface_hub import CommitOperationCopy, CommitOperationDelete
from huggingface_hub.errors import HfHubHTTPError, RemoteEntryNotFoundError


def post(url: str, token: str, *lines: dict) -> dict:
    """A request that the client would not make."""
    body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    with urlopen(Request(url, body, {"Authorization": f"Bearer {token}"})) as answer:
        return json.load(answer)


@pytest.mark.parametrize(("repo_type", "folder"), [("model", ""), ("dataset", "datasets/"), ("space", "spaces/")])
def test_upload(loopback_hub, api, repo_type, folder):
    api.create_repo(REPO, repo_type=repo_type, space_sdk="docker" if folder == "spaces/" else None)
    operations = [add("config.json", b"{}"), add("model.safetensors", WEIGHTS)]
    done = api.create_commit(REPO, operations, commit_message="First", commit_description="Why", repo_type=repo_type)
    newest, initial = loopback_hub.commits(REPO, repo_type=repo_type)
    assert (newest.id, newest.parent, newest.title, newest.message) == (done.oid, initial.id, "First", "Why")
    assert done.commit_url == f"{loopback_hub.url}/{folder}{REPO}/commit/{done.oid}"
    files = loopback_hub.files(REPO, repo_type=repo_type)
    assert files.keys() - {"README.md"} == {".gitattributes", "config.json", "model.safetensors"}
    assert (files["config.json"], files["model.safetensors"]) == (b"{}", WEIGHTS)
    large = {path: file.lfs for path, file in newest.files.items()}
    assert [path for path in large if large[path]] == ["model.safetensors"]
    assert [request.received for request in loopback_hub.requests_to("PUT", "^/upload/")] == [len(WEIGHTS)]
    listed = [(commit.title, commit.authors) for commit in api.list_repo_commits(REPO, repo_type=repo_type)]
    assert listed == [("First", ["you"]), ("initial commit", ["you"])]


def test_what_has_not_changed_is_not_sent_again(loopback_hub, api, repo):
    new = WEIGHTS[::-1]
    same = api.create_commit(repo, [add("config.json", b"{}"), add("model.safetensors", WEIGHTS)], commit_message="-")
    assert same.oid == loopback_hub.commits(repo)[0].id
    assert len(loopback_hub.commits(repo)) == 2
    assert not loopback_hub.requests_to("PUT", "") and not loopback_hub.requests_to("POST", "/commit/")
    # Under another name the storage has it, and only the commit is sent.
    api.create_commit(repo, [add("copy.safetensors", WEIGHTS), add("new.safetensors", new)], commit_message="-")
    assert [request.received for request in loopback_hub.requests_to("PUT", "")] == [len(new)]
    assert loopback_hub.files(repo)["copy.safetensors"] == WEIGHTS


@pytest.mark.parametrize(
    ("path", "data", "large"),
    [
        ("model.onnx", b"short", True),
        ("notes.txt", b"short", False),
        ("notes.txt", b"a" * (10 * 2**20), True),
        ("plot.png", b"\x89PNG\r\n\x1a\n\0", True),  # binary, though no pattern of a model's names it
        ("saved_model/variables", b"short", True),
        ("drei.txt", b"drei " * 102 + "ü".encode() * 9, False),  # the sample ends in the middle of an ü
        ("empty.bin", b"", False),
    ],
)
def test_what_goes_to_large_storage(loopback_hub, api, path, data, large):
    api.create_repo(REPO)
    api.upload_file(path_or_fileobj=data, path_in_repo=path, repo_id=REPO)
    file = loopback_hub.commits(REPO)[0].files[path]
    assert (file.data, file.lfs) == (data, large)
    assert Path(api.hf_hub_download(REPO, path)).read_bytes() == data


def test_gitattributes_learns_of_large_files(loopback_hub, api):
    api.create_repo(REPO)
    api.upload_file(path_or_fileobj=b"\0", path_in_repo="some plot.png", repo_id=REPO)
    lines = loopback_hub.files(REPO)[".gitattributes"].splitlines()
    assert lines[-1] == b"some[[:space:]]plot.png filter=lfs diff=lfs merge=lfs -text"
    api.upload_file(path_or_fileobj=b"now text", path_in_repo="some plot.png", repo_id=REPO)
    assert loopback_hub.commits(REPO)[0].files["some plot.png"].lfs
    assert loopback_hub.files(REPO)[".gitattributes"].splitlines() == lines


def test_what_a_commit_cannot_hold(loopback_hub):
    token = loopback_hub.add_user("you")
    loopback_hub.put(REPO, {"config.json": b"{}"})
    address = f"{loopback_hub.url}/api/models/{REPO}/commit/main"
    header = {"key": "header", "value": {"summary": "Try"}}
    for message, key, value in (
        ("contains binary files", "file", {"path": "plot.png", "content": "AAEC", "encoding": "base64"}),
        ("larger than 10 MiB", "file", {"path": "notes.txt", "content": "a" * (10 * 2**20)}),
        ("a file that does not exist", "lfsFile", {"path": "model.bin", "oid": "0" * 64, "algo": "sha256", "size": 1}),
        ("Invalid path", "file", {"path": "../config.json", "content": "[]"}),
        ("A file with this name doesn't exist", "deletedFile", {"path": "missing.json"}),
        ("Invalid metadata", "file", {"path": "README.md", "content": "---\nlicense: [\n---\n"}),
    ):
        # All or none: the line before does not count either.
        with pytest.raises(HTTPError) as raised:
            post(
                address,
                token,
                header,
                {"key": "file", "value": {"path": "new", "content": ""}},
                {"key": key, "value": value},
            )
        assert message in json.load(raised.value)["error"]
    with pytest.raises(HTTPError):
        post(address, token, {"key": "file", "value": {"path": "new", "content": ""}})
    assert len(loopback_hub.commits(REPO)) == 2
    # A commit without changes is one all the same; the client makes none.
    done = post(address, token, header)
    assert done["commitOid"] == loopback_hub.commits(REPO)[0].id
    assert len(loopback_hub.commits(REPO)) == 3


def test_a_commit_on_an_old_parent_is_refused(loopback_hub, api, repo):
    parent = api.model_info(repo).sha
    api.create_commit(repo, [add("a.txt", b"1")], commit_message="In between")
    with pytest.raises(HfHubHTTPError, match="A commit has happened since") as raised:
        api.create_commit(repo, [add("b.txt", b"2")], commit_message="Late", parent_commit=parent)
    assert raised.value.response.status_code == 412
    assert "b.txt" not in loopback_hub.files(repo)
    head = api.model_info(repo).sha
    api.create_commit(repo, [add("b.txt", b"2")], commit_message="In time", parent_commit=head)
    assert loopback_hub.commits(repo)[0].parent == head


def test_of_commits_at_once_on_one_parent_one_is_made(loopback_hub, api, repo):
    head = api.model_info(repo).sha

    def commit(number: int) -> int:
        try:
            api.create_commit(repo, [add(f"{number}.txt", b"")], commit_message=f"{number}", parent_commit=head)
        except HfHubHTTPError as error:
            return error.response.status_code
        return 200

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(commit, range(6))) == [200] + 5 * [412]
    assert loopback_hub.commits(repo)[1].id == head


def test_delete_and_copy(loopback_hub, api, repo):
    api.create_commit(
        repo, [add("old/a.txt", b"1"), add("old/b/c.txt", b"2"), add("older.txt", b"3")], commit_message="-"
    )
    api.create_commit(
        repo,
        [
            CommitOperationDelete("old/"),
            CommitOperationDelete("older.txt"),
            CommitOperationCopy("model.safetensors", "copy.safetensors"),
            CommitOperationCopy("config.json", "copy.json"),
        ],
        commit_message="-",
    )
    files = loopback_hub.files(repo)
    expected = {"config.json", "copy.json", "model.safetensors", "copy.safetensors"}
    assert files.keys() - {".gitattributes"} == expected
    assert files["copy.safetensors"] == WEIGHTS
    assert not loopback_hub.requests_to("PUT", "")  # large files are copied where they are
    with pytest.raises(RemoteEntryNotFoundError, match="A file with this name doesn't exist"):
        api.delete_file("missing.txt", repo)


def test_upload_folder_is_one_commit(loopback_hub, api, tmp_path):
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "sub" / "model.onnx").write_bytes(WEIGHTS)
    (folder / "build.log").write_text("noise")
    (folder / ".gitignore").write_text("*.log\n")
    loopback_hub.put(REPO, {"gone.txt": b"", "kept.txt": b""})
    api.upload_folder(repo_id=REPO, folder_path=folder, delete_patterns="gone*")
    assert len(loopback_hub.commits(REPO)) == 3
    files = loopback_hub.files(REPO)
    assert files.keys() == {".gitattributes", ".gitignore", "config.json", "kept.txt", "sub/model.onnx"}


@pytest.mark.parametrize(
    ("lines", "ignored"),
    [
        ("*.log", {"a.log", "sub/b.log"}),
        ("/*.log", {"a.log"}),
        ("sub/", {"sub/b.log", "sub/deep/c.txt"}),
        ("sub/**/c.txt", {"sub/deep/c.txt"}),
        ("*.log\n!a.log\n# comment", {"sub/b.log"}),
    ],
)
def test_what_gitignore_leaves_out(loopback_hub, api, lines, ignored):
    paths = {"a.log", "sub/b.log", "sub/deep/c.txt"}
    loopback_hub.put(REPO, {".gitignore": lines.encode()})
    api.create_commit(REPO, [add(path, b"") for path in paths], commit_message="-")
    assert paths - loopback_hub.files(REPO).keys() == ignored


def test_cards_are_checked(loopback_hub, api):
    api.create_repo(REPO)
    with pytest.raises(ValueError, match="Invalid metadata in README.md"):
        api.upload_file(path_or_fileobj=b"---\nlicense: [\n---\n", path_in_repo="README.md", repo_id=REPO)
    with pytest.warns(UserWarning, match="empty or missing yaml metadata"):
        api.upload_file(path_or_fileobj=b"# Hello", path_in_repo="README.md", repo_id=REPO)
    api.create_repo(REPO, repo_type="space", space_sdk="gradio")
    for line, message in (("colorFrom: mauve", "colorFrom"), (f"short_description: {'a' * 61}", "60 characters")):
        card = f"---\nsdk: gradio\n{line}\n---\n".encode()
        with pytest.raises(ValueError, match=message):
            api.upload_file(path_or_fileobj=card, path_in_repo="README.md", repo_id=REPO, repo_type="space")
