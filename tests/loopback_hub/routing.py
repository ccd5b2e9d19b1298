"""From a request to the function that answers it, and whether whoever asks may have an answer."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

from .answers import Answer, HubError, invalid_token, json_answer, repo_not_found, unauthorized
from .store import Repo, Store, Token

if TYPE_CHECKING:
    from . import LoopbackHub

_PARTS = {
    "kind": "models|datasets|spaces",
    "repo": "[^/]+/[^/]+",
    "path": ".+",
}
_routes: list[tuple[str, re.Pattern, str | None, Callable]] = []


@dataclass
class Call:
    """One request, as the functions that answer see it."""

    hub: "LoopbackHub"
    method: str
    target: str
    headers: dict[str, str]  # with names in lower case
    body: bytes
    token: Token | None = None
    params: dict[str, str] = field(default_factory=dict)

    @property
    def store(self) -> Store:
        return self.hub.store

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)

    @property
    def repo(self) -> Repo:
        key = (self.params.get("kind") or "models").strip("/"), self.params["repo"]
        repo = self.store.repos.get(key)
        if repo is None or not self.store.can_read(repo, self.token):
            raise repo_not_found() if self.token else unauthorized(hides_a_repo=True)
        return repo

    def flag(self, name: str) -> bool:
        return self.query.get(name, [""])[0].lower() in ("1", "true")

    def json(self) -> dict:
        try:
            content = json.loads(self.body or b"{}")
        except ValueError as error:
            raise HubError(400, "The body is not JSON") from error
        if not isinstance(content, dict):
            raise HubError(400, "The body is not an object")
        return content


def route(method: str, template: str, access: str | None = None):
    """Register a function that takes a `Call` and returns an `Answer`.

    Args:
        method: HTTP method; HEAD goes where GET does.
        template: path with `{name}` for one part, or for several as `_PARTS` says; compared before unquoting, since
            the client quotes the slashes of a branch's name.
        access: "read" and "write" are rights to the repo that the path names; "login" wants a token.
    """
    names = re.sub(r"\{(\w+)\}", lambda match: f"(?P<{match[1]}>{_PARTS.get(match[1], '[^/]+')})", template)
    pattern = re.compile(names)

    def register(function: Callable[[Call], Answer]) -> Callable[[Call], Answer]:
        _routes.append((method, pattern, access, function))
        return function

    return register


def dispatch(call: Call) -> Answer:
    """The answer to a request; every error that the Hub would answer is one too."""
    try:
        return _dispatch(call)
    except HubError as error:
        return error.answer()


def _dispatch(call: Call) -> Answer:
    path = urlsplit(call.target).path
    _authenticate(call, path)
    method = "GET" if call.method == "HEAD" else call.method
    for allowed, pattern, access, function in _routes:
        match = pattern.fullmatch(path)
        if match and allowed == method:
            call.params = {name: unquote(value or "") for name, value in match.groupdict().items()}
            _authorize(call, access)
            return function(call)
    return json_answer({"error": "Sorry, we can't find the page you are looking for."}, 404)


def _authenticate(call: Call, path: str) -> None:
    credentials = call.headers.get("authorization")
    # The addresses of the storage carry a signature; it knows no tokens.
    if credentials is None or path.startswith(("/cdn/", "/upload/")):
        return
    call.token = call.store.tokens.get(credentials.removeprefix("Bearer "))
    if call.token is None:
        raise invalid_token()


def _authorize(call: Call, access: str | None) -> None:
    if access in ("login", "write") and call.token is None:
        raise unauthorized(hides_a_repo="repo" in call.params)
    if access in ("read", "write"):
        repo = call.repo  # raises where it is not there to be seen
        if access == "write" and not call.store.can_write(repo.namespace, call.token):
            raise forbidden(call)


def forbidden(call: Call) -> HubError:
    """The 403 for a token without the right to write."""
    if call.token.role != "write":
        return HubError(403, "you must use a write token to upload to a repository.")
    if "/commit/" in call.target:
        return HubError(403, "Forbidden: pass `create_pr=1` as a query parameter to create a Pull Request.")
    return HubError(403, "Authorization error.")
