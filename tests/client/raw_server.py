"""A server made of bare sockets: it answers with any bytes, at any pace, and closes when it likes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from types import TracebackType

Script = Callable[[socket.socket, threading.Event], bool]
"""Answers one request on a connection; whether the connection stays open. The event is set when the test is over."""

PATIENCE_SECONDS = 30.0


class ClientStayedError(Exception):
    """A client that should have given up is still there when the server's patience ends."""


class RawServer:
    """Answers each request with ``script``. ``connections`` counts accepted ones, ``requests`` keeps what was sent,
    ``hung_up`` is released by each connection that ends.

    Leaving it fails where a client has waited for a silent or dripping answer to its end.
    """

    def __init__(self, script: Script) -> None:
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        self._client_stayed = False
        self.hung_up = threading.Semaphore(0)
        self.connections = 0
        self.requests: list[bytes] = []
        self.root = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"

    def __enter__(self) -> RawServer:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            _shut(connection)
        for thread in self._threads:
            thread.join(timeout=60)
        assert not self._client_stayed, "the client gave up later than the server"

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                while request := _read_request(connection):
                    self.requests.append(request)
                    if not self._script(connection, self._over):
                        return
            except OSError:
                return
            except ClientStayedError:
                self._client_stayed = True
            finally:
                self.hung_up.release()


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


def _read_request(connection: socket.socket) -> bytes:
    response = b""
    while b"\r\n\r\n" not in response:
        chunk = connection.recv(65_536)
        if not chunk:
            return b""
        response += chunk
    head, _, body = response.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    while len(body) < length:
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body


def says(*parts: bytes, keep: bool = False) -> Script:
    """Sends these bytes and closes, or keeps the connection open."""

    def script(connection: socket.socket, over: threading.Event) -> bool:
        for part in parts:
            connection.sendall(part)
        return keep

    return script


def drips(head: bytes, part: bytes, seconds: float) -> Script:
    """Sends ``head``, then ``part`` every ``seconds`` until the test is over."""

    def script(connection: socket.socket, over: threading.Event) -> bool:
        connection.sendall(head)
        for _ in range(round(PATIENCE_SECONDS / max(seconds, 0.001))):
            if over.wait(seconds):
                return False
            connection.sendall(part)
        raise ClientStayedError

    return script


def silent(connection: socket.socket, over: threading.Event) -> bool:
    """Says nothing until the test is over."""
    if not over.wait(PATIENCE_SECONDS):
        raise ClientStayedError
    return False


def answer(body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    """The bytes of an HTTP answer with a Content-Length (its own, or the one given)."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body
