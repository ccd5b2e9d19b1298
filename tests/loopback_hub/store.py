"""Accounts, tokens and repos of the loopback Hub. A repo is immutable commits, and names that point at them."""

import base64
import binascii
import hashlib
import json
import re
import secrets
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from types import MappingProxyType

from . import cards
from .answers import HubError, entry_not_found, revision_not_found
from .attributes import REGULAR_LIMIT, default_gitattributes, is_binary, is_lfs, with_lfs

GITATTRIBUTES = ".gitattributes"
SPACE_CARD = """---
title: {title}
emoji: 🏆
colorFrom: indigo
colorTo: pink
sdk: {sdk}
app_file: app.py
pinned: false
---

Check out the configuration reference at https://huggingface.co/docs/hub/spaces-config-reference
"""
_BINARY = (
    "Your push was rejected because it contains binary files. Please use https://huggingface.co/docs/hub/xet to store "
    "binary files. Offending files: - {path}"
)
_TOO_LARGE = (
    "Your push was rejected because it contains files larger than 10 MiB. Please use https://git-lfs.github.com/ to "
    "store large files. Offending files: - {path}"
)
_DANGLING = (
    "Your push was rejected because an LFS pointer pointed to a file that does not exist. For instance, this can "
    "happen if you used git push --no-verify to push your changes. Offending file: - {path}"
)


@dataclass(frozen=True)
class Token:
    user: str
    role: str  # "read" or "write"


@dataclass(frozen=True)
class File:
    """A file of a commit; in large-file storage, git holds `pointer` in its place."""

    data: bytes = field(repr=False)
    lfs: bool = False

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def pointer(self) -> bytes:
        return f"version https://git-lfs.github.com/spec/v1\noid sha256:{self.sha256}\nsize {len(self.data)}\n".encode()

    @cached_property
    def oid(self) -> str:
        """What git calls the blob: of the pointer, where the file is in large-file storage."""
        blob = self.pointer if self.lfs else self.data
        return hashlib.sha1(b"blob %d\0" % len(blob) + blob).hexdigest()

    @property
    def etag(self) -> str:
        return self.sha256 if self.lfs else self.oid


@dataclass(frozen=True)
class Commit:
    id: str
    parent: str | None
    title: str
    message: str
    author: str
    date: datetime
    files: Mapping[str, File] = field(repr=False)

    @classmethod
    def create(cls, parent: str | None, title: str, message: str, author: str, files: dict[str, File]) -> "Commit":
        date = datetime.now(UTC)
        listing = sorted((path, file.oid) for path, file in files.items())
        content = json.dumps([parent, title, message, author, date.isoformat(), listing])
        id_ = hashlib.sha1(content.encode()).hexdigest()
        return cls(id_, parent, title, message, author, date, MappingProxyType(dict(sorted(files.items()))))


@dataclass
class Repo:
    """A model, dataset or space repo. `kind` is models, datasets or spaces, as in the addresses of the API."""

    kind: str
    id: str
    private: bool = False
    gated: bool = False
    sdk: str | None = None
    commits: dict[str, Commit] = field(default_factory=dict, repr=False)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    storage: dict[str, bytes] = field(default_factory=dict, repr=False)  # large files, by SHA-256
    variables: dict[str, dict] = field(default_factory=dict)
    secrets: dict[str, dict] = field(default_factory=dict, repr=False)
    hardware: str = "cpu-basic"
    sleep_time: int = 172800
    paused: bool = False
    stages: list[str] = field(default_factory=list)  # what a space's runtime goes through, in place of its own stage
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def namespace(self) -> str:
        return self.id.split("/")[0]

    @property
    def repo_type(self) -> str:
        return self.kind.removesuffix("s")

    @property
    def path(self) -> str:
        """Its address under the Hub's."""
        return self.id if self.kind == "models" else f"{self.kind}/{self.id}"

    def keep(self, data: bytes) -> str:
        """Put a large file into the storage; returns its SHA-256, by which a commit names it."""
        oid = hashlib.sha256(data).hexdigest()
        self.storage[oid] = data
        return oid

    def resolve(self, revision: str) -> Commit:
        """The commit that a branch, a tag, or a commit's id (or its first seven letters) names."""
        name = revision.removeprefix("refs/heads/").removeprefix("refs/tags/")
        id_ = self.branches.get(name) or self.tags.get(name)
        if not id_ and re.fullmatch("[0-9a-f]{7,40}", revision):
            id_ = next((id_ for id_ in self.commits if id_.startswith(revision)), None)
        if not id_:
            raise revision_not_found(revision)
        return self.commits[id_]

    def history(self, revision: str = "main") -> list[Commit]:
        """The commit and its ancestors, the newest first."""
        commits = [self.resolve(revision)]
        while commits[-1].parent:
            commits.append(self.commits[commits[-1].parent])
        return commits

    def commit(self, branch: str, author: str, lines: Iterable[dict]) -> Commit:
        """Apply a commit's lines, all or none.

        Args:
            branch: whose head moves.
            author: user name.
            lines: `{"key": ..., "value": {...}}`, as the client sends them: a header, and file, lfsFile, copyFile,
                deletedFile and deletedFolder.
        Raises:
            HubError: the head has moved on from the header's parentCommit, or a line cannot be applied.
        """
        header, *operations = lines
        with self.lock:
            if branch not in self.branches:
                raise revision_not_found(branch)
            head = self.commits[self.branches[branch]]
            parent = header["value"].get("parentCommit")
            if parent and not (len(parent) >= 5 and head.id.startswith(parent)):
                raise HubError(412, "A commit has happened since. Please refresh and try again.")
            files = dict(head.files)
            for operation in operations:
                self._apply(operation["key"], operation["value"], files)
            self._check_card(head.files, files)
            title = header["value"].get("summary") or ""
            commit = Commit.create(head.id, title, header["value"].get("description") or "", author, files)
            self.commits[commit.id] = commit
            self.branches[branch] = commit.id
        return commit

    def _apply(self, key: str, value: dict, files: dict[str, File]) -> None:
        path = _checked(value["path"])
        if key == "file":
            data = _content(value)
            if is_binary(data):
                raise HubError(400, _BINARY.format(path=path))
            if len(data) >= REGULAR_LIMIT:
                raise HubError(400, _TOO_LARGE.format(path=path))
            files[path] = File(data)
        elif key == "lfsFile":
            data = self.storage.get(value["oid"])
            if data is None or value.get("size", len(data)) != len(data):
                raise HubError(400, _DANGLING.format(path=path))
            self._add_large(path, data, files)
        elif key == "copyFile":
            source = self.resolve(value["srcRevision"]).files if value.get("srcRevision") else files
            if value["srcPath"] not in source:
                raise entry_not_found()
            files[path] = source[value["srcPath"]]
        elif key in ("deletedFile", "deletedFolder"):
            found = [name for name in files if name == path or name.startswith(path.rstrip("/") + "/")]
            if not found:
                raise entry_not_found("A file with this name doesn't exist")
            for name in found:
                del files[name]
        else:
            raise HubError(400, f'Invalid key "{key}" in a line of the commit')

    def _add_large(self, path: str, data: bytes, files: dict[str, File]) -> None:
        files[path] = File(data, lfs=True)
        attributes = files.get(GITATTRIBUTES, File(b"")).data
        if not is_lfs(path, attributes):
            files[GITATTRIBUTES] = File(with_lfs(path, attributes))

    def _check_card(self, before: Mapping[str, File], after: Mapping[str, File]) -> None:
        card = after.get("README.md")
        if card and card != before.get("README.md"):
            errors, _ = cards.problems(card.data.decode(errors="replace"), self.repo_type)
            if errors:
                raise HubError(400, "Invalid metadata in README.md. " + " ".join(errors))


def _checked(path: str) -> str:
    parts = re.split(r"[/\\]", path.removesuffix("/"))
    if any(part in ("", ".", "..", ".git") for part in parts):
        raise HubError(422, f"Invalid path: {path}")
    return path


def _content(value: dict) -> bytes:
    if value.get("encoding", "utf-8") != "base64":
        return value["content"].encode()
    try:
        return base64.b64decode(value["content"], validate=True)
    except binascii.Error as error:
        raise HubError(400, f"The content of {value['path']} is not base64") from error


class Store:
    """Everything that the loopback Hub keeps, all of it in memory."""

    def __init__(self):
        self.users: dict[str, tuple[str, ...]] = {}  # name -> the organizations it belongs to
        self.tokens: dict[str, Token] = {}
        self.repos: dict[tuple[str, str], Repo] = {}
        self.lock = threading.Lock()

    def add_token(self, user: str, role: str) -> str:
        token = f"hf_{secrets.token_urlsafe(24)}"
        self.tokens[token] = Token(user, role)
        return token

    def belongs(self, user: str, namespace: str) -> bool:
        return user == namespace or namespace in self.users.get(user, ())

    def can_read(self, repo: Repo, token: Token | None) -> bool:
        return not repo.private or (token is not None and self.belongs(token.user, repo.namespace))

    def can_write(self, namespace: str, token: Token | None) -> bool:
        return token is not None and token.role == "write" and self.belongs(token.user, namespace)

    def create(self, kind: str, repo_id: str, author: str, *, private: bool = False, sdk: str | None = None) -> Repo:
        """A new repo with the files that the Hub puts in: .gitattributes, and a card for a space.

        Raises:
            KeyError: there is such a repo.
        """
        files = {GITATTRIBUTES: File(default_gitattributes(kind))}
        if kind == "spaces":
            files["README.md"] = File(SPACE_CARD.format(title=repo_id.split("/")[1], sdk=sdk).encode())
        first = Commit.create(None, "initial commit", "", author, files)
        with self.lock:
            if (kind, repo_id) in self.repos:
                raise KeyError(repo_id)
            repo = Repo(kind, repo_id, private=private, sdk=sdk, commits={first.id: first}, branches={"main": first.id})
            self.repos[kind, repo_id] = repo
        return repo
