"""What the loopback Hub answers: a body with headers, or an error in the form that `huggingface_hub` reads."""

import json
from dataclasses import dataclass, field
from datetime import datetime


@dataclass
class Answer:
    """One HTTP answer; its length is that of `body`, which a HEAD request gets the length of and not the bytes."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class HubError(Exception):
    """An error answer. `huggingface_hub` chooses its exception by the status and `X-Error-Code`.

    Args:
        status: HTTP status.
        message: goes into `X-Error-Message` and the JSON body.
        code: `X-Error-Code`: RepoNotFound, RevisionNotFound, EntryNotFound or GatedRepo.
        **extra: further fields of the JSON body.
    """

    def __init__(self, status: int, message: str, code: str | None = None, **extra: object):
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.extra = extra
        self.headers: dict[str, str] = {}

    def answer(self) -> Answer:
        headers = {"X-Error-Message": " ".join(self.message.split())} | self.headers
        if self.code:
            headers["X-Error-Code"] = self.code
        return json_answer({"error": self.message, **self.extra}, self.status, headers)


def json_answer(content: object, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    body = json.dumps(content, ensure_ascii=False, default=str).encode()
    return Answer(status, body, {"Content-Type": "application/json; charset=utf-8"} | (headers or {}))


def unauthorized(*, hides_a_repo: bool) -> HubError:
    """The Hub's 401 for anonymous requests that need a token.

    Args:
        hides_a_repo: whether the request names a repo. The Hub then says no more than this either, and the client
            takes a 401 from an https address of a repo for "there is no such repo". This server is plain http, so
            the code has to say it, or the client would raise another exception than it does in production.
    """
    error = HubError(401, "Invalid username or password.", "RepoNotFound" if hides_a_repo else None)
    error.headers["WWW-Authenticate"] = 'Bearer realm="Authentication required", charset="UTF-8"'
    return error


def invalid_token() -> HubError:
    return HubError(401, "Invalid credentials in Authorization header")


def repo_not_found() -> HubError:
    return HubError(404, "Repository not found", "RepoNotFound")


def revision_not_found(revision: str) -> HubError:
    return HubError(404, f"Invalid rev id: {revision}", "RevisionNotFound")


def entry_not_found(message: str = "Entry not found") -> HubError:
    return HubError(404, message, "EntryNotFound")


def timestamp(date: datetime) -> str:
    """A time in UTC, in the one form that `huggingface_hub` reads."""
    return date.strftime("%Y-%m-%dT%H:%M:%S.") + f"{date.microsecond // 1000:03d}Z"
