"""HTTP/1.1 over sockets: reads requests, has them answered, and breaks the connection where a fault says so."""

import itertools
import socket
import sys
import threading
import traceback
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from .answers import Answer, json_answer
from .faults import Fault
from .routing import Call, dispatch

if TYPE_CHECKING:
    from . import LoopbackHub

_CHUNK = 64 * 1024
_numbers = itertools.count(1)


@dataclass
class Request:
    """One request that the server got, and what came of it.

    Args:
        method: HTTP method.
        path: unquoted, without the query.
        headers: with names in lower case.
        received: bytes of the body that arrived.
        sent: bytes of the answer's body that were sent.
        status: of the answer; None where the connection was dropped before one.
    """

    method: str
    path: str
    headers: dict[str, str]
    received: int = 0
    sent: int = 0
    status: int | None = None


class _Dropped(Exception):
    """The connection is to be closed here, or the client has closed it."""


class Server(ThreadingHTTPServer):
    """One port of the loopback Hub; stopping it closes its connections too, as when the Hub goes away."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, hub: "LoopbackHub", port: int = 0):
        self.hub = hub
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", port), Handler)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def process_request(self, request, client_address) -> None:
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        with self._lock:
            for connection in self._connections:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:  # closed already
                    continue

    def handle_error(self, request, client_address) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # clients may leave when they like
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "loopback-hub"
    disable_nagle_algorithm = True
    server: Server

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except _Dropped:
            self.close_connection = True

    def respond(self) -> None:
        hub = self.server.hub
        path = urlsplit(self.path).path
        request = Request(self.command, unquote(path), {name.lower(): value for name, value in self.headers.items()})
        with hub.lock:
            hub.requests.append(request)
        fault = hub.faults.take(self.command, request.path) or Fault("", "")
        body = self._read_body(request, fault.drop_received)
        hub.stopping.wait(fault.delay)
        if fault.act:
            fault.act()
        answer = fault.answer() if fault.status else self._answer(request, body)
        answer.headers.setdefault("X-Request-Id", f"loopback-{next(_numbers)}")
        self._send(answer, request, fault.drop_sent)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = respond

    def _answer(self, request: Request, body: bytes) -> Answer:
        try:
            return dispatch(Call(self.server.hub, self.command, self.path, request.headers, body))
        except Exception:  # a mistake in the loopback Hub itself: the test that it happens in has to fail
            self.server.hub.errors.append(traceback.format_exc())
            return json_answer({"error": "The loopback Hub is broken"}, 500)

    def _read_body(self, request: Request, limit: int | None) -> bytes:
        if request.headers.get("transfer-encoding", "").lower() == "chunked":
            return self._read_chunked(request, limit)
        return self._read(int(request.headers.get("content-length") or 0), request, limit)

    def _read_chunked(self, request: Request, limit: int | None) -> bytes:
        parts = []
        while size := int(self.rfile.readline().split(b";")[0] or b"0", 16):
            parts.append(self._read(size, request, limit))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _read(self, size: int, request: Request, limit: int | None) -> bytes:
        """`size` bytes of the body, unless the fault or the client ends it before."""
        allowed = size if limit is None else min(size, limit - request.received)
        parts = []
        while allowed and (part := self.rfile.read1(min(allowed, _CHUNK))):
            parts.append(part)
            allowed -= len(part)
            request.received += len(part)
        body = b"".join(parts)
        if len(body) < size:
            raise _Dropped
        return body

    def _send(self, answer: Answer, request: Request, limit: int | None) -> None:
        if limit == 0:
            raise _Dropped
        request.status = answer.status
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value.encode().decode("latin-1"))
        self.send_header("Content-Length", str(len(answer.body)))
        body = b"" if self.command == "HEAD" else answer.body
        cut = body if limit is None else body[:limit]
        try:
            self.end_headers()
            for start in range(0, len(cut), _CHUNK):
                part = cut[start : start + _CHUNK]
                request.sent += len(part)
                self.wfile.write(part)
        except ConnectionError as error:
            raise _Dropped from error
        if len(cut) < len(body):
            raise _Dropped

    def log_message(self, format: str, *args: object) -> None:
        pass  # tests look at `hub.requests`
