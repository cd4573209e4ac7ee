"""The HTTP side of the demo world: small threaded servers on 127.0.0.1 whose answers can also misbehave."""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.client import responses as REASONS  # noqa: N812  # a table of constants
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from demo_portal.server import forms, serialization

_MAX_BODY = 160 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request: ``path`` without the query, ``query`` nested, ``body`` as it came."""

    method: str
    path: str
    query: Mapping[str, Any]
    headers: Mapping[str, str]
    body: bytes
    raw_query: str = ""

    @property
    def content_type(self) -> str:
        """The media type of the body, lower case, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def fields(self) -> dict[str, Any]:
        """The body as a nested value, JSON or urlencoded alike. Raises ValueError on broken JSON."""
        if not self.body:
            return {}
        text = self.body.decode("utf-8", "replace")
        if self.content_type == "application/json" or text.lstrip()[:1] == "{":
            parsed = json.loads(text)
            if not isinstance(parsed, dict):
                raise ValueError("the body is not an object")
            return parsed
        return forms.decode(text)


@dataclass(slots=True)
class Reply:
    """One HTTP answer. ``body`` may also be an iterator of chunks (sent as they come, ``length`` announced)."""

    status: int = 200
    body: bytes | Iterator[bytes] = b""
    content_type: str = "application/json; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None  # announced Content-Length, when it is not the length of the body
    drop: bool = False  # close the connection without a word
    cut: bool = False  # close the connection after the body, however long the announced one was


def json_reply(value: Any, status: int = 200) -> Reply:
    """An answer whose body is ``value`` as JSON."""
    return Reply(status, serialization.dumps(value))


class Server:
    """A threaded HTTP server on 127.0.0.1 that hands each request to ``handle``.

    ``port`` 0 takes any free one. ``start`` returns at once; ``stop`` closes the listener and every connection.
    """

    def __init__(self, handle: Callable[[Request], Reply], port: int = 0) -> None:
        self._handle = handle
        self._http = _HttpServer(("127.0.0.1", port), _handler_for(self._answer))
        self._thread = threading.Thread(target=self._http.accept_until_stopped, daemon=True)
        self.port: int = self._http.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def reply_with(self, handle: Callable[[Request], Reply]) -> None:
        """Answer further requests with another function."""
        self._handle = handle

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering; connections that are kept alive are closed too."""
        if self._thread.is_alive():
            self._http.stop_accepting()
            self._thread.join()
        self._http.server_close()
        self._http.close_connections()

    def settle(self, seconds: float = 10) -> None:
        """Answer what has arrived, also from clients that have gone away, and close the connections made so far.

        Raises TimeoutError when an answer takes longer.
        """
        self._http.settle(seconds)

    def _answer(self, request: Request) -> Reply:
        return self._handle(request)


class MemoryServer:
    """In the place of a ``Server``: an address without a socket. Who sends a request there calls ``answer``."""

    def __init__(self, handle: Callable[[Request], Reply], port: int) -> None:
        self._handle = handle
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def answer(self, request: Request) -> Reply:
        """The answer to one request, in the caller's thread."""
        return self._handle(request)

    def reply_with(self, handle: Callable[[Request], Reply]) -> None:
        """Answer further requests with another function."""
        self._handle = handle

    def start(self) -> None:
        """Nothing to start."""

    def stop(self) -> None:
        """Nothing to stop."""

    def settle(self, seconds: float = 10) -> None:
        """Nothing is under way: whoever calls has waited for the answer."""


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._stopping = False
        self._open: dict[socket.socket, Any] = {}  # and the client's address
        self._changed = threading.Condition()
        super().__init__(address, handler)

    def accept_until_stopped(self) -> None:
        """Serve; without the polling of ``serve_forever``, so that tests start and stop servers in no time."""
        while not self._stopping:
            with contextlib.suppress(OSError):  # a client that gave up while it was being accepted
                self.process_request(*self.get_request())

    def stop_accepting(self) -> None:
        """End ``accept_until_stopped``: a connection of our own wakes it up."""
        self._stopping = True
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.server_port), timeout=1):
            pass

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._changed:
            self._open[request] = client_address
            self._changed.notify_all()
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self._changed:
            self._open.pop(request, None)
            self._changed.notify_all()

    def settle(self, seconds: float) -> None:
        with socket.create_connection(("127.0.0.1", self.server_port), timeout=seconds) as last:
            mine = last.getsockname()
            in_time = self._wait_until(lambda: mine in self._open.values(), seconds)  # after whoever came before
        if not (in_time and self._shut_all(socket.SHUT_RD, seconds)):  # what has arrived can still be read
            raise TimeoutError(f"not all connections were closed within {seconds} s")

    def close_connections(self) -> None:
        self._shut_all(socket.SHUT_RDWR, 2)  # a handler that still hangs then ends with the process

    def _shut_all(self, how: int, seconds: float) -> bool:
        """Whether the handlers have seen it and closed their sockets in time."""
        with self._changed:
            shut = set(self._open)
        for each in shut:
            with contextlib.suppress(OSError):  # closed meanwhile
                each.shutdown(how)
        return self._wait_until(lambda: shut.isdisjoint(self._open), seconds)

    def _wait_until(self, condition: Callable[[], bool], seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(condition, seconds)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; anything else is a bug of ours and shows."""
        if not isinstance(sys.exception(), (OSError, ValueError)):
            super().handle_error(request, client_address)


def _handler_for(answer: Callable[[Request], Reply]) -> type[BaseHTTPRequestHandler]:
    return type("Handler", (_Handler,), {"answer": staticmethod(answer)})


class _Handler(BaseHTTPRequestHandler):
    answer: Callable[[Request], Reply]
    protocol_version = "HTTP/1.1"
    server_version = "DemoPortal"
    sys_version = ""
    wbufsize = -1  # one write an answer: without it Nagle and delayed ACK cost 40 ms a call
    disable_nagle_algorithm = True

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Every HTTP method is served alike (``do_GET``, ``do_POST``…)."""
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > _MAX_BODY:
            self.close_connection = True
            return
        parts = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=parts.path,
            query=forms.decode(parts.query) if parts.query else {},
            headers={key.lower(): value for key, value in self.headers.items()},
            body=self.rfile.read(length) if length else b"",
            raw_query=parts.query,
        )
        self._send(type(self).answer(request))

    def _send(self, reply: Reply) -> None:
        if reply.drop:
            self.close_connection = True
            return
        length = reply.length
        if length is None and isinstance(reply.body, bytes):
            length = len(reply.body)
        self.send_response(reply.status, REASONS.get(reply.status, ""))
        self.send_header("Content-Type", reply.content_type)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if length is not None:
            self.send_header("Content-Length", str(length))
        if reply.cut or length is None:
            self.close_connection = True
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self._send_body(reply.body)

    def _send_body(self, body: bytes | Iterator[bytes]) -> None:
        for chunk in [body] if isinstance(body, bytes) else body:
            self.wfile.write(chunk)
            self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:  # the name the base class gives it
        """Say nothing: the portal keeps its own record of calls."""
