"""Bytes in and out: what goes into a commit, large-file storage, and downloads.

The Hub keeps large files in a storage of another origin, whose addresses are signed and which knows no tokens; here it
is another port of this server.
"""

import base64
import hashlib
import json
import re
from urllib.parse import quote, urlsplit

from .answers import Answer, HubError, entry_not_found, json_answer
from .attributes import is_ignored, upload_mode
from .repos import API
from .routing import Call, forbidden, route
from .store import GITATTRIBUTES, Commit, File, Repo

# Models are at the root, datasets and spaces below a folder of their kind.
_PREFIX = "(?P<kind>datasets/|spaces/)?"
_FILE = "/" + _PREFIX + "{repo}/resolve/{revision}/{path}"
_LFS = "/" + _PREFIX + "{repo}.git/info/lfs/objects"
_SHA256 = re.compile("[0-9a-f]{64}")


@route("POST", API + "/preupload/{revision}", access="login")
def preupload(call: Call) -> Answer:
    repo, content = call.repo, call.json()
    if call.token.role != "write":
        raise forbidden(call)
    commit = repo.resolve(call.params["revision"])
    attributes = commit.files.get(GITATTRIBUTES, File(b"")).data
    gitignore = content.get("gitIgnore") or commit.files.get(".gitignore", File(b"")).data.decode()
    answers = []
    for file in content["files"]:
        path = file["path"]
        answer = {
            "path": path,
            "uploadMode": upload_mode(path, file["size"], base64.b64decode(file["sample"]), attributes),
            "shouldIgnore": is_ignored(path, gitignore),
        }
        if path in commit.files:
            answer["oid"] = commit.files[path].etag
        answers.append(answer)
    return json_answer({"files": answers, "commitOid": commit.id})


@route("POST", API + "/commit/{revision}", access="write")
def commit(call: Call) -> Answer:
    if call.flag("create_pr"):
        raise HubError(400, "Pull requests are not part of the loopback Hub")
    try:
        lines = [json.loads(line) for line in call.body.splitlines() if line.strip()]
    except ValueError as error:
        raise HubError(400, "The commit is not newline-delimited JSON") from error
    if not lines or lines[0].get("key") != "header":
        raise HubError(400, 'The first line of a commit is its "header"')
    if not lines[0]["value"].get("summary"):
        raise HubError(400, '"summary" is not allowed to be empty')
    made = call.repo.commit(call.params["revision"], call.token.user, lines)
    address = f"{call.hub.url}/{call.repo.path}/commit/{made.id}"
    return json_answer({"success": True, "commitOid": made.id, "commitUrl": address, "hookOutput": ""})


@route("POST", _LFS + "/batch", access="write")
def lfs_batch(call: Call) -> Answer:
    content, repo = call.json(), call.repo
    if content.get("operation") != "upload":
        raise HubError(400, "Only uploads go through the batch API of the loopback Hub")
    objects = []
    for item in content["objects"]:
        oid, size = item["oid"], item["size"]
        answer = {"oid": oid, "size": size, "authenticated": True}
        if not _SHA256.fullmatch(oid):
            answer["error"] = {"code": 422, "message": "Invalid oid"}
        elif oid not in repo.storage:
            upload = f"/upload/{repo.kind}/{repo.id}/{oid}"
            verify = f"{call.hub.url}/{repo.path}.git/info/lfs/objects/verify"
            answer["actions"] = {"upload": {"href": _signed(call, upload)}, "verify": {"href": verify}}
        objects.append(answer)
    return json_answer({"transfer": "basic", "objects": objects})


@route("PUT", "/upload/{kind}/{repo}/{oid}")
def upload(call: Call) -> Answer:
    _check_signature(call)
    if hashlib.sha256(call.body).hexdigest() != call.params["oid"]:
        return Answer(400, b"<Error><Code>BadDigest</Code></Error>", {"Content-Type": "application/xml"})
    call.store.repos[call.params["kind"], call.params["repo"]].keep(call.body)
    return Answer(200, headers={"ETag": f'"{hashlib.md5(call.body).hexdigest()}"'})


@route("POST", _LFS + "/verify", access="write")
def lfs_verify(call: Call) -> Answer:
    content = call.json()
    data = call.repo.storage.get(content["oid"])
    if data is None or len(data) != content["size"]:
        raise HubError(404, "The object has not been uploaded")
    return json_answer({"success": True})


@route("GET", _FILE, access="read")
def resolve(call: Call) -> Answer:
    """A file at a revision: large ones are in the storage, the others of public repos at an address for caches."""
    repo, commit, file = _find(call)
    about = {"X-Repo-Commit": commit.id, "Accept-Ranges": "bytes"}
    if file.lfs:
        location = _signed(call, f"/cdn/{repo.kind}/{repo.id}/{file.sha256}")
        about |= {"X-Linked-Etag": f'"{file.sha256}"', "X-Linked-Size": str(len(file.data)), "Location": location}
        return Answer(302, f"Found. Redirecting to {location}".encode(), about | {"Cache-Control": "no-store"})
    if repo.private:
        return _content(call, file.data, about | {"ETag": f'"{file.oid}"'})
    location = f"/api/resolve-cache/{repo.kind}/{repo.id}/{commit.id}/{quote(call.params['path'])}"
    about |= {"X-Linked-Etag": f'"{file.oid}"', "Location": location}
    return Answer(307, f"Temporary Redirect. Redirecting to {location}".encode(), about)


@route("GET", "/api/resolve-cache/{kind}/{repo}/{revision}/{path}", access="read")
def resolve_cache(call: Call) -> Answer:
    _, commit, file = _find(call)
    return _content(call, file.data, {"X-Repo-Commit": commit.id, "ETag": f'"{file.oid}"'})


@route("GET", "/cdn/{kind}/{repo}/{oid}")
def cdn(call: Call) -> Answer:
    _check_signature(call)
    repo = call.store.repos[call.params["kind"], call.params["repo"]]
    return _content(call, repo.storage[call.params["oid"]], {"ETag": f'"{call.params["oid"]}"'})


def _find(call: Call) -> tuple[Repo, Commit, File]:
    repo = call.repo
    if repo.gated and not (call.token and call.store.belongs(call.token.user, repo.namespace)):
        message = f"Access to {repo.repo_type} {repo.id} is restricted."
        raise HubError(403 if call.token else 401, message, "GatedRepo")
    commit = repo.resolve(call.params["revision"])
    if call.params["path"] not in commit.files:
        # The client remembers that the file is not there, under this commit.
        error = entry_not_found()
        error.headers["X-Repo-Commit"] = commit.id
        raise error
    return repo, commit, commit.files[call.params["path"]]


def _content(call: Call, data: bytes, headers: dict[str, str]) -> Answer:
    """The bytes, or the part of them that a Range header asks for."""
    headers = {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes"} | headers
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", call.headers.get("range", ""))
    if not match or match[0] == "bytes=-":
        return Answer(200, data, headers)
    if match[1]:
        start, end = int(match[1]), min(int(match[2] or len(data)), len(data) - 1)
    else:
        start, end = max(0, len(data) - int(match[2])), len(data) - 1
    if start > end:
        return Answer(416, b"", headers | {"Content-Range": f"bytes */{len(data)}"})
    return Answer(206, data[start : end + 1], headers | {"Content-Range": f"bytes {start}-{end}/{len(data)}"})


def _signed(call: Call, path: str) -> str:
    return f"{call.hub.storage_url}{path}?Signature={_signature(call, path)}"


def _signature(call: Call, path: str) -> str:
    return hashlib.sha256(f"{call.hub.secret}{path}".encode()).hexdigest()[:32]


def _check_signature(call: Call) -> None:
    if call.query.get("Signature") != [_signature(call, urlsplit(call.target).path)]:
        raise HubError(403, "SignatureDoesNotMatch")
