"""The HTTP client: kept-alive, capped in size and total time, never redirected, for servers that we do not trust.

``requests`` limits the time between two bytes, not the time of an answer. Here each read of the socket looks at a
deadline and at the caller's stop signal, from the status line to the last byte.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
import structlog
import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from bitrix_app.bitrix24.addresses import AddressRefusedError, Network, Resolver, admits

log = structlog.get_logger("bitrix24")

_POLL_SECONDS = 0.5
_CHUNK = 65_536


class NoAnswerError(Exception):
    """No complete answer: refused, dropped, cut, too slow. The message is the kind of failure, nothing else."""


class OversizedError(Exception):
    """The body is longer than we take."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An answer: its HTTP status, its body, decompressed (empty for a redirect), and its ``Date``, as it came."""

    status: int
    content: bytes = field(repr=False)
    date: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds to connect, between two bytes, and for the whole answer; bytes of the body after decompression."""

    connect: float
    read: float
    total: float
    max_bytes: int


class _Guard(threading.local):
    """The deadline, read time-out and stop check of the request that this thread is making."""

    deadline: float = 0.0
    read: float = 0.0
    watch: Callable[[], None] | None = None

    def pause(self, until: float = float("inf")) -> float:
        """Seconds of the next wait. Raises TimeoutError at the deadline, or at ``until``, and what ``watch`` raises."""
        if self.watch is not None:
            self.watch()
        left = min(self.deadline, until) - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer takes too long")
        return min(left, _POLL_SECONDS)


class _GuardedSocket(io.RawIOBase):
    """A socket's stream that reads in slices of half a second: no read outlives the deadline or the stop signal."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, guard: _Guard) -> None:
        self._raw = raw  # keeps the socket open until it is closed itself
        self._sock = sock
        self._guard = guard

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        silent_since = time.monotonic()
        while True:
            self._sock.settimeout(self._guard.pause(silent_since + self._guard.read))
            try:
                return self._sock.recv_into(buffer)
            except TimeoutError:
                continue

    def close(self) -> None:
        self._raw.close()
        super().close()


class _GuardedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, guard: _Guard, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_GuardedSocket(self.fp.detach(), sock, guard))


@dataclass(frozen=True, slots=True)
class _Reach:
    """Where connections may lead: ``networks`` besides public addresses; anywhere where it is None."""

    networks: Collection[Network] | None
    resolver: Resolver = field(default_factory=Resolver)

    def addresses(self, connection: HTTPConnection, guard: _Guard) -> list[Any]:
        """Where the connection's host may be called, as ``socket.getaddrinfo`` gives it.

        Raises AddressRefusedError where it stands elsewhere alone, and OSError.
        """
        found = self.resolver.addresses(connection.host, connection.port, guard.pause)
        if self.networks is None:
            return found
        admitted = [each for each in found if admits(str(each[4][0]), self.networks)]
        if found and not admitted:
            inside = sorted({str(each[4][0]) for each in found})
            log.warning("portal_address_refused", host=connection.host, addresses=", ".join(inside))
            raise AddressRefusedError(connection.host)
        return admitted


def _connect(connection: HTTPConnection, guard: _Guard, reach: _Reach) -> socket.socket:
    """A socket to the first address of the host that answers. All addresses share one deadline: a hostile host name
    may have hundreds, and each may cost a time-out."""
    failure: OSError = TimeoutError("connecting takes too long")
    for family, kind, protocol, _, address in reach.addresses(connection, guard):
        left = guard.deadline - time.monotonic()
        if left <= 0:
            break
        if guard.watch is not None:
            guard.watch()
        sock = socket.socket(family, kind, protocol)
        try:
            for option in connection.socket_options or ():
                sock.setsockopt(*option)
            sock.settimeout(min(left, connection.timeout or left))
            sock.connect(address)
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock
    raise failure


class _GuardedAdapter(HTTPAdapter):
    """An adapter whose connections connect until the deadline and read through ``_GuardedSocket``."""

    def __init__(
        self, guard: _Guard, reach: _Reach, *, hosts: int, connections: int, trusted: ssl.SSLContext | None
    ) -> None:
        self._guard = guard
        self._reach = reach
        self._trusted = trusted
        super().__init__(pool_connections=hosts, pool_maxsize=connections)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        if self._trusted is not None:
            kwargs["ssl_context"] = self._trusted
        super().init_poolmanager(*args, **kwargs)
        guard, reach = self._guard, self._reach
        guarded = {
            "response_class": staticmethod(partial(_GuardedResponse, guard=guard)),
            "_new_conn": lambda connection: _connect(connection, guard, reach),
        }
        plain = type("GuardedConnection", (HTTPConnection,), guarded)
        secure = type("GuardedSecureConnection", (HTTPSConnection,), guarded)
        self.poolmanager.pool_classes_by_scheme = {
            "http": type("GuardedPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type("GuardedSecurePool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
        }


def _trusting(ca_bundle: str) -> ssl.SSLContext | None:
    """A TLS context that trusts the public authorities and those of this PEM file; None for the public ones alone."""
    if not ca_bundle:
        return None
    trusted = urllib3.util.ssl_.create_urllib3_context()
    for each in (DEFAULT_CA_BUNDLE_PATH, ca_bundle):
        trusted.load_verify_locations(each)
    return trusted


class HttpClient:
    """Sends requests and reads whole answers. Safe to use from several threads; close it when done.

    Takes no proxies, passwords or cookies from anywhere. ``ca_bundle``: a PEM file of authorities to trust beside the
    public ones. ``networks``: where servers may stand besides public addresses; None: anywhere.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        hosts: int = 1,
        connections: int = 16,
        ca_bundle: str = "",
        networks: Collection[Network] | None = None,
    ) -> None:
        self._limits = limits
        reach = _Reach(networks)
        self._guard = _Guard()
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        trusted = _trusting(ca_bundle)
        for scheme in ("http://", "https://"):
            adapter = _GuardedAdapter(self._guard, reach, hosts=hosts, connections=connections, trusted=trusted)
            self._session.mount(scheme, adapter)

    def request(
        self,
        verb: str,
        address: str,
        *,
        headers: Mapping[str, str],
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        watch: Callable[[], None] | None = None,
    ) -> HttpResponse:
        """The answer to one request. ``watch`` is called about twice a second; what it raises ends the call.

        Raises NoAnswerError, OversizedError, AddressRefusedError. The failure underneath is not kept as their cause: it
        holds the address and the body, and with them tokens.
        """
        limits, guard = self._limits, self._guard
        guard.deadline, guard.read, guard.watch = time.monotonic() + limits.total, limits.read, watch
        try:
            with self._session.request(
                verb,
                address,
                params=query,
                data=body,
                headers=dict(headers),
                timeout=(limits.connect, limits.read),
                allow_redirects=False,
                stream=True,
            ) as response:
                return HttpResponse(response.status_code, self._body(response), response.headers.get("Date", ""))
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, http.client.HTTPException) as error:
            failure = type(error).__name__
        finally:
            guard.watch = None
        raise NoAnswerError(failure)

    def close(self) -> None:
        """Closes the kept connections."""
        self._session.close()

    def _body(self, response: requests.Response) -> bytes:
        if 300 <= response.status_code < 400:
            return b""
        content = bytearray()
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            content += chunk
            if len(content) > self._limits.max_bytes:
                raise OversizedError("the body is too long")
        return bytes(content)
