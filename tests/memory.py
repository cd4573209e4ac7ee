"""The portal client beside a demo portal in memory: no socket, and a clock that only waits move.

The app's own client, transport and authorization server are used; only what they send goes straight to the demo
world's handlers. What the portal is like is told in the demo portal's words: its tables, its faults, its users.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from bitrix_app.bitrix24 import AccessToken, AuthorizationServer, Bitrix24Client, Transport
from bitrix_app.bitrix24.http import HttpResponse, Limits, NoAnswerError, OversizedError
from bitrix_app.errors import PortalMovedError
from demo_portal import DemoWorld, ManualClock, Portal, User
from demo_portal.server import forms
from demo_portal.server.http import Reply, Request
from tests.fakes import NOW, FakeBucket, FakeStop, RecordingObserver


class MemoryHttp:
    """In the place of an HttpClient: the demo world answers in the caller's thread."""

    def __init__(self, world: DemoWorld, max_bytes: int) -> None:
        self._world = world
        self._max_bytes = max_bytes

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
        if watch is not None:
            watch()
        parts = urlsplit(address)
        lower = {name.lower(): value for name, value in headers.items()}
        asked = Request(verb, parts.path, forms.decode(parts.query) | dict(query or {}), lower, body or b"")
        reply = self._world.send(f"{parts.scheme}://{parts.netloc}", asked)
        if reply.drop or reply.cut:
            raise NoAnswerError("dropped")
        if 300 <= reply.status < 400:
            return HttpResponse(reply.status, b"")
        return HttpResponse(reply.status, self._read(reply))

    def _read(self, reply: Reply) -> bytes:
        chunks: Iterator[bytes] = iter([reply.body] if isinstance(reply.body, bytes) else reply.body)
        content = b""
        for chunk in chunks:
            content += chunk
            if len(content) > self._max_bytes:
                raise OversizedError
        return content

    def close(self) -> None:
        """Nothing to close."""


def memory_transport(world: DemoWorld) -> Transport:
    """The app's transport, with this world in the place of the network."""
    made = Transport(allow_http=True)
    limits: Limits = made._http._limits
    made.close()
    made._http = MemoryHttp(world, limits.max_bytes)  # type: ignore[assignment]
    return made


def memory_authorization_server(world: DemoWorld) -> AuthorizationServer:
    """The app's client of the authorization server, with this world in the place of the network."""
    made = AuthorizationServer(
        roots=(world.oauth.url,),
        client_id=world.app.client_id,
        client_secret=world.app.client_secret,
        allow_http=True,
        clock=world.clock,
    )
    limits: Limits = made._http._limits
    made.close()
    made._http = MemoryHttp(world, limits.max_bytes)  # type: ignore[assignment]
    return made


class PortalTokens:
    """One user's tokens, renewed at the demo world's authorization server. A TokenSource.

    ``seen`` are the tokens that were handed out, in order.
    """

    def __init__(self, portal: Portal, server: AuthorizationServer, user: User | None = None) -> None:
        self._server = server
        pair = portal.issue_tokens(user)
        self._token = AccessToken(pair.access_token, portal.client_endpoint)
        self.refresh_token = pair.refresh_token
        self._lock = threading.Lock()
        self.seen: list[AccessToken] = []

    def current(self) -> AccessToken:
        self.seen.append(self._token)
        return self._token

    def renew(self, spent: AccessToken) -> AccessToken:
        with self._lock:
            if spent.value == self._token.value:
                pair = self._server.renew(self.refresh_token)
                self._token = AccessToken(pair.access_token, pair.client_endpoint)
                self.refresh_token = pair.refresh_token
            return self._token

    def moved(self, spent: AccessToken) -> AccessToken:
        with self._lock:
            if spent.client_endpoint == self._token.client_endpoint:
                owner = self._server.confirm(spent.value)
                if owner.client_endpoint == spent.client_endpoint:
                    raise PortalMovedError
                self._token = AccessToken(spent.value, owner.client_endpoint)
            return self._token


class Scene:
    """A demo portal in memory, and a client of one of its users (default: the administrator).

    The portal's own bucket is off unless a test puts it on: its limits are a matter of the tests about limits.
    """

    def __init__(self) -> None:
        self.clock = ManualClock(NOW)
        self.world = DemoWorld(clock=self.clock, sleep=self.clock.sleep, in_memory=True)
        self.portal = self.world.add_portal()
        self.portal.bucket.enabled = False
        self.authorization_server = memory_authorization_server(self.world)
        self.bucket, self.observer, self.stop = FakeBucket(), RecordingObserver(), FakeStop(self.clock)
        self.jitter: Callable[[], float] = lambda: 0.5
        self.tokens = PortalTokens(self.portal, self.authorization_server)
        self.client = self.client_of(self.portal.admin, self.tokens)

    def client_of(self, user: User, tokens: Any = None, **options: Any) -> Bitrix24Client:
        """A client with this user's rights; ``options`` as the client takes them (``batches``, ``habits``)."""
        return Bitrix24Client(
            transport=memory_transport(self.world),
            tokens=tokens or PortalTokens(self.portal, self.authorization_server, user),
            bucket=self.bucket,
            stop=self.stop,
            observer=self.observer,
            clock=self.clock,
            jitter=lambda: self.jitter(),  # noqa: PLW0108 # a test may replace it later
            **options,
        )

    def params(self, method: str, **equal: Any) -> list[Mapping[str, Any]]:
        """Parameters of the calls of one method, in order; only those with these values, where some are given."""
        asked = [each.params for each in self.portal.calls.of(method)]
        return [each for each in asked if all(each.get(name) == value for name, value in equal.items())]
