"""The demo world: two authorization servers and any number of portals in one process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from demo_portal.people import App
from demo_portal.portal import Portal
from demo_portal.server.http import MemoryServer, Reply, Request, Server
from demo_portal.server.oauth import AuthorizationServer
from demo_portal.server.tokens import TokenStore
from demo_portal.ways import Ways


class DemoWorld:
    """Use it as a context manager; everything listens on 127.0.0.1, or nothing does ``in_memory``: then requests are
    handed to ``send``.

    ``app_url`` is the address of the application under test (it may be set later: ``world.set_app_url``).
    ``portal_host`` is the name of this machine under which portals are known; for a browser another name than the
    application's is another site.
    ``oauth`` stands for the authorization server of Russia and its neighbours, ``second_oauth`` for that of all
    others: a portal belongs to one of them (``portal.oauth``, by default the first).
    ``ways`` is how its portals behave (``Portal.behave`` changes one of them).
    ``clock`` and ``sleep`` drive expiry, buckets and latency: give a ManualClock for exact tests.
    """

    def __init__(
        self,
        app_url: str = "http://127.0.0.1:8080",
        *,
        client_id: str = "local.demo",
        client_secret: str = "demo-client-secret",
        scopes: Iterable[str] = ("crm", "placement", "user_brief", "department"),
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        oauth_port: int = 0,
        portal_host: str = "127.0.0.1",
        ways: Ways | None = None,
        in_memory: bool = False,
    ) -> None:
        self._addresses: dict[str, MemoryServer] | None = {} if in_memory else None
        self.clock = clock
        self.portal_host = portal_host
        self.ways = ways or Ways()
        self._sleep = sleep
        self.tokens = TokenStore(clock)
        self.app = App(client_id, client_secret, app_url, scopes=frozenset(scopes))
        self.apps: dict[str, App] = {client_id: self.app}
        self.portals: list[Portal] = []
        self._lock = threading.Lock()
        self.oauth = AuthorizationServer(self, oauth_port)
        self.second_oauth = AuthorizationServer(self)
        self._started = False

    def __enter__(self) -> DemoWorld:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to answer: the authorization server and the portals there are."""
        self._started = True
        self.oauth.server.start()
        self.second_oauth.server.start()
        for portal in self.portals:
            portal.start()

    def stop(self) -> None:
        """Stop everything; hanging calls are let go."""
        for oauth in (self.oauth, self.second_oauth):
            oauth.resume()
            oauth.faults.clear()
        for portal in self.portals:
            portal.stop()
        self.oauth.server.stop()
        self.second_oauth.server.stop()
        self._started = False

    def add_portal(
        self,
        *,
        member_id: str | None = None,
        port: int = 0,
        title: str = "",
        oauth: AuthorizationServer | None = None,
        **ways: Any,
    ) -> Portal:
        """A further portal, empty but for its default users, funnels, presets and currencies. Answers at once in a
        started world.

        ``oauth``: the authorization server it belongs to (default: the first); ``ways``: fields of ``Ways``.
        """
        portal = Portal(self, member_id=member_id, port=port, title=title)
        portal.oauth = oauth or self.oauth
        portal.behave(**ways)
        with self._lock:
            self.portals.append(portal)
        if self._started:
            portal.start()
        return portal

    def add_app(self, client_id: str, client_secret: str = "another-secret", url: str = "http://127.0.0.1:1") -> App:
        """Register another application: its tokens are foreign to the one under test."""
        app = App(client_id, client_secret, url, title="Другое приложение")
        self.apps[client_id] = app
        return app

    def new_server(self, handle: Callable[[Request], Reply], port: int = 0) -> Server | MemoryServer:
        """A server at an address of its own; ``port`` 0 takes any free one."""
        if self._addresses is None:
            return Server(handle, port)
        server = MemoryServer(handle, port or len(self._addresses) + 1)
        self._addresses[server.url] = server
        return server

    def send(self, origin: str, request: Request) -> Reply:
        """What a world in memory answers to a request to this address. Raises KeyError where nobody is."""
        return (self._addresses or {})[origin].answer(request)

    def set_app_url(self, url: str) -> None:
        """Where the application under test listens, once that is known."""
        app = self.app
        self.app = App(app.client_id, app.client_secret, url, app.title, app.scopes, app.status)
        self.apps[app.client_id] = self.app

    def find(self, member_id: str) -> Portal | None:
        """The portal of that member_id."""
        return next((portal for portal in self.portals if portal.member_id == member_id), None)

    def sleep(self, seconds: float) -> None:
        """Hold an answer."""
        if seconds > 0:
            self._sleep(seconds)

    @property
    def oauth_roots(self) -> tuple[str, str]:
        """Roots of the two authorization servers."""
        return self.oauth.url, self.second_oauth.url

    def environment(self) -> dict[str, str]:
        """The application's settings that make it live in this world (without SECRET_KEY and storage)."""
        return {
            "BITRIX_CLIENT_ID": self.app.client_id,
            "BITRIX_CLIENT_SECRET": self.app.client_secret,
            "APP_URL": self.app.url,
            "BITRIX_OAUTH_URL": self.oauth.url,
            "BITRIX_ALLOW_HTTP": "1",
            "BX24_JS_URL": self.oauth.bx24_js_url,
        }
