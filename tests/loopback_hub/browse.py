"""What is in a repo: its description, its tree and its history."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping
from urllib.parse import parse_qs, urlencode, urlsplit

from . import cards
from .answers import Answer, entry_not_found, json_answer, timestamp
from .repos import API, space_runtime
from .routing import Call, route
from .store import Commit, File, Repo


@route("GET", API, access="read")
@route("GET", API + "/revision/{revision}", access="read")
def repo_info(call: Call) -> Answer:
    repo = call.repo
    commit = repo.resolve(call.params.get("revision") or "main")
    info = _describe(repo, commit, with_blobs=call.flag("blobs"))
    expand = call.query.get("expand", []) + call.query.get("expand[]", [])
    if expand:
        info = {name: info.get(name) for name in ("_id", "id", *expand)}
    return json_answer(info)


def _describe(repo: Repo, commit: Commit, *, with_blobs: bool) -> dict:
    files = commit.files
    card = cards.metadata(files["README.md"].data.decode()) if "README.md" in files else {}
    info = {
        "_id": hashlib.sha1(repo.path.encode()).hexdigest()[:24],
        "id": repo.id,
        "author": repo.namespace,
        "sha": commit.id,
        "lastModified": timestamp(commit.date),
        "createdAt": timestamp(repo.created),
        "private": repo.private,
        "gated": repo.gated,
        "disabled": False,
        "downloads": 0,
        "likes": 0,
        "tags": cards.tags(card),
        "cardData": card,
        "siblings": [_sibling(path, file, with_blobs) for path, file in files.items()],
        "usedStorage": sum(len(data) for data in repo.storage.values()),
    }
    if repo.kind == "models":
        info |= {"modelId": repo.id, "config": _config(files), "model-index": card.get("model-index"), "spaces": []}
        info |= {name: card[name] for name in ("pipeline_tag", "library_name") if name in card}
    if repo.kind == "spaces":
        subdomain = repo.id.replace("/", "-").replace(".", "-").lower()
        info |= {"sdk": card.get("sdk", repo.sdk), "subdomain": subdomain, "runtime": space_runtime(repo)}
    return info


def _config(files: Mapping[str, File]) -> dict:
    try:
        config = json.loads(files["config.json"].data)
    except (KeyError, ValueError):
        return {}
    return {name: config[name] for name in ("architectures", "model_type", "auto_map") if name in config}


def _sibling(path: str, file: File, with_blobs: bool) -> dict:
    if not with_blobs:
        return {"rfilename": path}
    sibling = {"rfilename": path, "blobId": file.oid, "size": len(file.data)}
    if file.lfs:
        sibling["lfs"] = {"sha256": file.sha256, "size": len(file.data), "pointerSize": len(file.pointer)}
    return sibling


@route("GET", API + "/tree/{revision}(?:/{path})?", access="read")
def tree(call: Call) -> Answer:
    repo, folder = call.repo, call.params["path"].strip("/")
    history = repo.history(call.params["revision"])
    files = history[0].files
    prefix = f"{folder}/" if folder else ""
    below = {path: file for path, file in files.items() if path.startswith(prefix)}
    if folder and not below:
        raise entry_not_found(f'{folder} does not exist on "{call.params["revision"]}"')
    entries = _folders(below, prefix) | below
    if not call.flag("recursive"):
        entries = {path: entry for path, entry in entries.items() if "/" not in path.removeprefix(prefix)}
    expand = history if call.flag("expand") else None
    return _page(call, [_entry(path, entries[path], expand) for path in sorted(entries)], call.hub.tree_page)


@route("POST", API + "/paths-info/{revision}", access="read")
def paths_info(call: Call) -> Answer:
    if call.headers.get("content-type", "").startswith("application/json"):
        content = call.json()
        paths, expand = content["paths"], content.get("expand")
    else:
        form = parse_qs(call.body.decode())
        paths, expand = form.get("paths", []), form.get("expand", [""])[0].lower() == "true"
    history = call.repo.history(call.params["revision"])
    entries = _folders(history[0].files, "") | dict(history[0].files)
    found = [path.strip("/") for path in paths if path.strip("/") in entries]
    return json_answer([_entry(path, entries[path], history if expand else None) for path in found])


@route("GET", API + "/commits/{revision}", access="read")
def commits(call: Call) -> Answer:
    listed = [
        {
            "id": commit.id,
            "title": commit.title,
            "message": commit.message,
            "authors": [{"user": commit.author}],
            "date": timestamp(commit.date),
        }
        for commit in call.repo.history(call.params["revision"])
    ]
    return _page(call, listed, 50)


def _folders(files: Mapping[str, File], prefix: str) -> dict[str, str]:
    """The folders below `prefix`, each with a name for what is in it."""
    contents = defaultdict(list)
    for path, file in files.items():
        parts = path.removeprefix(prefix).split("/")[:-1]
        for end in range(len(parts)):
            contents[prefix + "/".join(parts[: end + 1])].append((path, file.oid))
    return {folder: hashlib.sha1(json.dumps(inside).encode()).hexdigest() for folder, inside in contents.items()}


def _entry(path: str, file: File | str, history: list[Commit] | None) -> dict:
    if isinstance(file, str):
        entry = {"type": "directory", "oid": file, "size": 0, "path": path}
    else:
        entry = {"type": "file", "oid": file.oid, "size": len(file.data), "path": path}
        if file.lfs:
            entry["lfs"] = {"oid": file.sha256, "size": len(file.data), "pointerSize": len(file.pointer)}
    if history is not None:
        last = _last_change(path, file, history)
        entry["lastCommit"] = {"id": last.id, "title": last.title, "date": timestamp(last.date)}
    return entry


def _last_change(path: str, file: File | str, history: list[Commit]) -> Commit:
    """The commit that made the file, or anything in the folder, what it is."""

    def state(commit: Commit) -> object:
        if isinstance(file, File):
            return commit.files.get(path)
        return {name: item for name, item in commit.files.items() if name.startswith(f"{path}/")}

    for commit, older in zip(history, history[1:], strict=False):
        if state(commit) != state(older):
            return commit
    return history[-1]


def _page(call: Call, entries: list[dict], size: int) -> Answer:
    """A part of a long answer, and in its Link the address of the next."""
    query = {name: values[-1] for name, values in call.query.items()}
    start, size = int(query.get("cursor", 0)), min(size, int(query.get("limit", size)))
    headers = {"X-Total-Count": str(len(entries))}
    if start + size < len(entries):
        path = urlsplit(call.target).path
        headers["Link"] = f'<{call.hub.url}{path}?{urlencode(query | {"cursor": start + size})}>; rel="next"'
    return json_answer(entries[start : start + size], headers=headers)
