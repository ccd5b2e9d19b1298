"""A Hugging Face Hub on this machine, for tests: the real clients talk to it over a socket, through `HF_ENDPOINT`.

    python tests/loopback_hub --port 8000

starts one by itself; it prints what to put into the environment. It keeps everything in memory. `huggingface_hub` has
to run with `HF_HUB_DISABLE_XET=1`: the Xet protocol is not part of it, nor are pull requests, multipart uploads,
renaming, searching and the git protocol.
"""

import re
import secrets
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path

from huggingface_hub import HfApi, constants, hf_api
from huggingface_hub.utils import close_session

from . import browse, repos, transfer  # noqa: F401  (their functions register themselves)
from .attributes import upload_mode
from .faults import Fault, Faults
from .server import Request, Server
from .store import GITATTRIBUTES, Commit, File, Repo, Store

__all__ = ["Commit", "Fault", "LoopbackHub", "Request"]


class LoopbackHub:
    """A Hub that runs in threads of this process.

    Args:
        port: of the API; 0 for any that is free.
        home: folder for the caches of its clients; a temporary one where it is None.

    Example:
        >>> hub = LoopbackHub()
        >>> api = hub.api("you")
        >>> api.create_repo("you/mnist-cnn").repo_id
        'you/mnist-cnn'
        >>> _ = api.upload_file(path_or_fileobj=b"{}", path_in_repo="config.json", repo_id="you/mnist-cnn")
        >>> hub.files("you/mnist-cnn")["config.json"]
        b'{}'
        >>> hub.stop()
    """

    def __init__(self, port: int = 0, home: Path | None = None):
        self.store = Store()
        self.faults = Faults()
        self.requests: list[Request] = []
        self.errors: list[str] = []  # tracebacks of mistakes in the loopback Hub itself
        self.tree_page = 1000  # entries of one answer that lists a tree
        self.secret = secrets.token_hex(8)
        self.home = home or Path(tempfile.gettempdir()) / f"loopback-hub-{self.secret}"
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self._ports = (port, 0)
        self.start()

    def start(self) -> None:
        """Come back on the same ports, with everything that was there."""
        self.stopping.clear()
        self._servers = [Server(self, port) for port in self._ports]
        self._ports = tuple(server.server_port for server in self._servers)

    def stop(self) -> None:
        """Go away: open connections break, new ones are refused."""
        self.stopping.set()
        for server in self._servers:
            server.stop()
        self._servers = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._ports[0]}"

    @property
    def storage_url(self) -> str:
        """Where large files are: another origin, to which clients must not send their token."""
        return f"http://127.0.0.1:{self._ports[1]}"

    def add_user(self, name: str, *, orgs: tuple[str, ...] = ()) -> str:
        """A user, and a token with the right to write.

        Args:
            name: also of the namespace where its repos are.
            orgs: organizations in whose namespaces it may create repos too.
        """
        self.store.users[name] = tuple(orgs)
        return self.token(name)

    def token(self, user: str, role: str = "write") -> str:
        """A new token of a user, who is added where there is none; `role` is "read" or "write"."""
        self.store.users.setdefault(user, ())
        return self.store.add_token(user, role)

    def api(self, user: str | None = "you", role: str = "write") -> HfApi:
        """`huggingface_hub`'s client with a new token of a user; anonymous where `user` is None."""
        return HfApi(endpoint=self.url, token=self.token(user, role) if user else False)

    def environment(self, token: str | None = None) -> dict[str, str]:
        """Environment variables with which a process uses this Hub, and caches below `home`, and no other Hub."""
        return {
            "HF_ENDPOINT": self.url,
            "HF_TOKEN": token or "",
            "HF_HOME": str(self.home),
            "HF_HUB_CACHE": str(self.home / "hub"),
            "HF_DATASETS_CACHE": str(self.home / "datasets"),
            "HF_MODULES_CACHE": str(self.home / "modules"),
            "HF_TOKEN_PATH": str(self.home / "token"),
            "HF_HUB_OFFLINE": "0",
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_UPDATE_CHECK": "1",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }

    def use_here(self, monkeypatch, token: str | None = None) -> None:
        """What `environment` does to a new process, for this one, where libraries have read theirs already.

        Args:
            monkeypatch: pytest's, which undoes it.
            token: what the clients send by themselves; they are anonymous where it is None.
        """
        environment = self.environment(token)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        for name in ("HF_HUB_CACHE", "HF_TOKEN_PATH", "HF_HOME"):
            monkeypatch.setattr(constants, name, environment[name])
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr(constants, "ENDPOINT", self.url)
        monkeypatch.setattr(
            constants, "HUGGINGFACE_CO_URL_TEMPLATE", f"{self.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        )
        monkeypatch.setattr(hf_api.api, "endpoint", self.url)
        close_session()  # it may have been opened with a proxy

    def put(
        self,
        repo_id: str,
        files: Mapping[str, bytes],
        repo_type: str = "model",
        *,
        private: bool = False,
        message: str = "Upload files",
    ) -> Commit:
        """One commit with these files; the repo and its owner are created where they are not there.

        Which files are large is decided as for an upload.
        """
        owner = repo_id.split("/")[0]
        self.store.users.setdefault(owner, ())
        repo = self.store.repos.get((f"{repo_type}s", repo_id)) or self.store.create(
            f"{repo_type}s", repo_id, owner, private=private, sdk="gradio" if repo_type == "space" else None
        )
        attributes = repo.resolve("main").files.get(GITATTRIBUTES, File(b"")).data
        lines: list[dict] = [{"key": "header", "value": {"summary": message}}]
        for path, data in files.items():
            if upload_mode(path, len(data), data, attributes) == "lfs":
                oid = repo.keep(data)
                lines.append({"key": "lfsFile", "value": {"path": path, "oid": oid, "size": len(data)}})
            else:
                lines.append({"key": "file", "value": {"path": path, "content": data.decode()}})
        return repo.commit("main", owner, lines)

    def repo(self, repo_id: str, repo_type: str = "model") -> Repo:
        """What the Hub holds of a repo: `private`, `branches`, `tags`, `variables`, `secrets`, `stages` and so on.

        Raises:
            KeyError: there is no such repo.
        """
        return self.store.repos[f"{repo_type}s", repo_id]

    def commits(self, repo_id: str, revision: str = "main", repo_type: str = "model") -> list[Commit]:
        """The commits of a revision, the newest first. The last one is the Hub's own, with .gitattributes."""
        return self.repo(repo_id, repo_type).history(revision)

    def files(self, repo_id: str, revision: str = "main", repo_type: str = "model") -> dict[str, bytes]:
        """The files of a revision, with .gitattributes, which the Hub puts into every repo."""
        commit = self.repo(repo_id, repo_type).resolve(revision)
        return {path: file.data for path, file in commit.files.items()}

    def fault(self, method: str, path: str, **what: object) -> None:
        """Have something go wrong for requests to come; see `Fault`.

        Example:
            >>> hub = LoopbackHub()
            >>> hub.fault("POST", "/commit/", status=503, times=2)
            >>> hub.fault("PUT", "^/upload/", drop_received=1000)
            >>> hub.stop()
        """
        self.faults.add(Fault(method, path, **what))

    def requests_to(self, method: str, path: str) -> list[Request]:
        """The requests so far with this method, and a path in which the regular expression is found."""
        with self.lock:
            found = list(self.requests)
        return [request for request in found if request.method == method and re.search(path, request.path)]
