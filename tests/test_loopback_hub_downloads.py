"""The loopback Hub as `huggingface_hub` sees it: downloads, and what goes wrong on demand."""

import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from hub_samples import REPO, WEIGHTS, add
from huggingface_hub import HfApi, hf_hub_download, snapshot_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, RemoteEntryNotFoundError


def test_a_second_download_sends_nothing(loopback_hub, api, repo):
    for path, data in (("config.json", b"{}"), ("model.safetensors", WEIGHTS)):
        assert Path(hf_hub_download(repo, path)).read_bytes() == data
    sent = sum(request.sent for request in loopback_hub.requests)
    assert sent >= len(WEIGHTS) + 2
    loopback_hub.requests.clear()
    assert Path(hf_hub_download(repo, "model.safetensors")).read_bytes() == WEIGHTS
    assert {request.method for request in loopback_hub.requests} == {"HEAD"}
    # Another commit with the same file needs no more either; one with another file does.
    loopback_hub.put(repo, {"config.json": b"[]"})
    loopback_hub.requests.clear()
    hf_hub_download(repo, "model.safetensors")
    assert Path(hf_hub_download(repo, "config.json")).read_bytes() == b"[]"
    assert sum(request.sent for request in loopback_hub.requests_to("GET", "")) < 200


def test_a_file_that_is_not_there(loopback_hub, repo):
    with pytest.raises(RemoteEntryNotFoundError):
        hf_hub_download(repo, "missing.json")
    # The client remembers it, by the commit that the answer names.
    assert list((loopback_hub.home / "hub").glob("*/.no_exist/*/missing.json"))


@pytest.mark.parametrize(
    ("asked", "status", "expected"),
    [
        ("bytes=0-9", 206, WEIGHTS[:10]),
        ("bytes=1000000-", 206, WEIGHTS[1_000_000:]),
        ("bytes=-7", 206, WEIGHTS[-7:]),
        ("bytes=1023999-9999999", 206, WEIGHTS[-1:]),
        ("bytes=1024000-", 416, b""),
        ("nonsense", 200, WEIGHTS),
    ],
)
def test_parts_of_a_file(loopback_hub, repo, asked, status, expected):
    address = f"{loopback_hub.url}/{repo}/resolve/main/model.safetensors"
    try:
        with urlopen(Request(address, headers={"Range": asked})) as answer:
            assert (answer.status, answer.read()) == (status, expected)
    except HTTPError as error:
        assert (error.code, error.headers["Content-Range"]) == (status, f"bytes */{len(WEIGHTS)}")


def test_a_download_that_breaks_off_is_resumed(loopback_hub):
    large = WEIGHTS * 11
    loopback_hub.put(REPO, {"model.safetensors": large})
    loopback_hub.fault("GET", "^/cdn/", drop_sent=len(large) - 1)
    assert Path(hf_hub_download(REPO, "model.safetensors")).read_bytes() == large
    first, second = loopback_hub.requests_to("GET", "^/cdn/")
    assert (first.status, first.sent) == (200, len(large) - 1)
    # The client writes 10 MiB at a time, and goes on where it has written.
    assert second.headers["range"] == f"bytes={10 * 2**20}-"
    assert (second.status, second.sent) == (206, len(large) - 10 * 2**20)


@pytest.mark.parametrize("page", [1, 2, 1000])
def test_snapshot(loopback_hub, repo, page):
    loopback_hub.put(repo, {"a/b/c.txt": b"c", "a/d e.txt": b"d", "ü.txt": b"u"})
    loopback_hub.tree_page = page
    folder = Path(snapshot_download(repo))
    assert folder.name == loopback_hub.commits(repo)[0].id
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert found == loopback_hub.files(repo)
    assert len(loopback_hub.requests_to("GET", "/tree/")) == {1: 8, 2: 4, 1000: 1}[page]
    old = snapshot_download(repo, revision=loopback_hub.commits(repo)[1].id, allow_patterns="*.json")
    assert {path.name for path in Path(old).iterdir()} == {"config.json"}


def test_the_tree(loopback_hub, api, repo):
    loopback_hub.put(repo, {"a/b/c.txt": b"c", "a/d.txt": b"d"}, message="Letters")
    top = {entry.path: entry for entry in api.list_repo_tree(repo, expand=True)}
    assert top.keys() == {".gitattributes", "a", "config.json", "model.safetensors"}
    assert top["a"].last_commit.title == "Letters"
    assert top["model.safetensors"].last_commit.title == "Upload files"
    assert top["model.safetensors"].lfs.size == len(WEIGHTS)
    inside = [entry.path for entry in api.list_repo_tree(repo, "a", recursive=True)]
    assert inside == ["a/b", "a/b/c.txt", "a/d.txt"]
    with pytest.raises(RemoteEntryNotFoundError):
        list(api.list_repo_tree(repo, "nowhere"))
    some = api.get_paths_info(repo, ["a", "a/d.txt", "missing"], expand=True)
    assert [(entry.path, entry.last_commit.title) for entry in some] == [("a", "Letters"), ("a/d.txt", "Letters")]
    assert api.file_exists(repo, "a/d.txt") and not api.file_exists(repo, "a")


@pytest.mark.parametrize("status", [401, 403, 500, 503])
def test_a_status_on_demand(loopback_hub, api, repo, status):
    before = loopback_hub.commits(repo)
    loopback_hub.fault("POST", "/commit/", status=status)
    with pytest.raises(HfHubHTTPError) as raised:
        api.create_commit(repo, [add("a.txt", b"1")], commit_message="-")
    assert raised.value.response.status_code == status
    assert loopback_hub.commits(repo) == before
    api.create_commit(repo, [add("a.txt", b"1")], commit_message="-")  # it happened once
    assert len(loopback_hub.commits(repo)) == len(before) + 1


def test_the_client_waits_as_long_as_it_is_told(loopback_hub, api, repo):
    loopback_hub.fault("POST", "/preupload/", status=429, headers={"Retry-After": "0"})
    start = time.monotonic()
    api.create_commit(repo, [add("a.txt", b"1")], commit_message="-")
    assert time.monotonic() - start >= 1  # the client adds a second
    assert [request.status for request in loopback_hub.requests_to("POST", "/preupload/")] == [429, 200]
    loopback_hub.fault("GET", "/revision/", status=429, headers={"Retry-After": "7"}, times=None)
    for _ in range(2):
        with pytest.raises(HfHubHTTPError, match="429 Too Many Requests") as raised:
            api.model_info(repo, revision="main")
        assert raised.value.response.headers["Retry-After"] == "7"
    loopback_hub.faults.clear()
    assert api.model_info(repo, revision="main").id == repo


def test_a_slow_answer(loopback_hub, repo):
    import httpx2

    loopback_hub.fault("GET", "/api/models/", delay=5)
    with pytest.raises(httpx2.ReadTimeout):
        HfApi().model_info(repo, timeout=0.2)
    assert HfApi().model_info(repo, timeout=5).id == repo


def test_a_commit_that_breaks_off_changes_nothing(loopback_hub, api, repo):
    operations = [("config.json", b'{"new": 1}'), ("notes.txt", b"n" * 300), ("model.safetensors", WEIGHTS[::-1])]
    api.preupload_lfs_files(repo, [add(*operations[2])])  # so that only the commit is to be sent
    before, files = loopback_hub.commits(repo), loopback_hub.files(repo)
    for offset in (0, 1, 50, 120, 121, 300, 500, 700, 800):
        loopback_hub.fault("POST", "/commit/", drop_received=offset)
        with pytest.raises(Exception, match="(?i)disconnect|reset|broken pipe|closed"):
            api.create_commit(repo, [add(*operation) for operation in operations], commit_message="-")
        broken = loopback_hub.requests_to("POST", "/commit/")[-1]
        assert (broken.received, broken.status) == (offset, None)
        assert loopback_hub.commits(repo) == before
    assert loopback_hub.files(repo) == files
    api.create_commit(repo, [add(*operation) for operation in operations], commit_message="-")
    assert len(loopback_hub.commits(repo)) == len(before) + 1
    assert loopback_hub.files(repo) == files | dict(operations)


def test_somebody_else_commits_in_between(loopback_hub, api, repo):
    head = api.model_info(repo).sha
    loopback_hub.fault("POST", "/preupload/", act=lambda: loopback_hub.put(repo, {"theirs.txt": b""}))
    with pytest.raises(HfHubHTTPError, match="412"):
        api.create_commit(repo, [add("ours.txt", b"")], commit_message="-", parent_commit=head)
    assert {"theirs.txt", "ours.txt"} & loopback_hub.files(repo).keys() == {"theirs.txt"}


def test_a_commit_whose_answer_is_lost_is_made(loopback_hub, api, repo):
    loopback_hub.fault("POST", "/commit/", drop_sent=0)
    with pytest.raises(Exception, match="(?i)disconnected"):
        api.create_commit(repo, [add("a.txt", b"1")], commit_message="Lost")
    assert loopback_hub.commits(repo)[0].title == "Lost"


def test_an_upload_that_breaks_off_is_sent_again(loopback_hub, api):
    api.create_repo(REPO)
    loopback_hub.fault("PUT", "^/upload/", drop_received=500_000)
    api.upload_file(path_or_fileobj=WEIGHTS, path_in_repo="model.safetensors", repo_id=REPO)
    sent = loopback_hub.requests_to("PUT", "^/upload/")
    assert [(request.received, request.status) for request in sent] == [(500_000, None), (len(WEIGHTS), 200)]
    assert loopback_hub.files(REPO)["model.safetensors"] == WEIGHTS
    assert len(loopback_hub.commits(REPO)) == 2


def test_the_hub_goes_and_comes_back(loopback_hub, api, repo):
    folder = snapshot_download(repo)
    address = loopback_hub.url
    loopback_hub.stop()
    assert snapshot_download(repo) == folder  # from the cache
    with pytest.raises(LocalEntryNotFoundError):
        snapshot_download("you/another")
    with pytest.raises(Exception, match="(?i)refused"):
        api.whoami()
    loopback_hub.start()
    assert loopback_hub.url == address
    assert api.whoami()["name"] == "you"
    assert api.model_info(repo).sha == loopback_hub.commits(repo)[0].id
