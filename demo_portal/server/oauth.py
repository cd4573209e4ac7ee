"""The authorization server of the demo world: ``/oauth/token/``, ``/rest/app.info``, and BX24.js beside them."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

from demo_portal.faults import FaultPlan
from demo_portal.server.bx24js import script_reply
from demo_portal.server.http import Reply, Request, json_reply

if TYPE_CHECKING:
    from demo_portal.portal import Portal
    from demo_portal.server.tokens import TokenPair
    from demo_portal.world import DemoWorld

TOKEN, APP_INFO = "oauth.token", "app.info"  # names of calls


class AuthorizationServer:
    """Confirms whose a token is, and renews pairs.

    ``calls`` counts requests by name (``oauth.token``, ``app.info``); ``faults`` take the same names. ``pause()`` lets
    requests hang until ``resume()``; ``dead`` closes connections; ``delay`` holds each answer; ``payment_required``
    refuses renewals. It knows the portals whose ``oauth`` it is; of another's tokens it says that they are unknown.
    """

    def __init__(self, world: DemoWorld, port: int = 0) -> None:
        self._world = world
        self._open = threading.Event()
        self._open.set()
        self.server = world.new_server(self.handle, port)
        self.url = self.server.url
        self.calls: Counter[str] = Counter()
        self.in_flight = 0
        self.peak_in_flight = 0
        self.faults = FaultPlan()
        self.delay = 0.0
        self.dead = False
        self.payment_required = False
        self._lock = threading.Lock()

    @property
    def bx24_js_url(self) -> str:
        """Where the page loads BX24.js from."""
        return f"{self.url}/api/v1/"

    @property
    def renewals(self) -> Counter[str]:
        """How often each refresh token was presented."""
        return self._world.tokens.renewals

    def pause(self) -> None:
        """Let every request hang from now on."""
        self._open.clear()

    def resume(self) -> None:
        """Let requests through again, those that hang too."""
        self._open.set()

    def handle(self, request: Request) -> Reply:
        """Answer one HTTP request."""
        path = request.path.rstrip("/")
        if path.startswith("/api/v1"):
            return script_reply()
        routes = {"/oauth/token": (TOKEN, self._renew), "/rest/app.info": (APP_INFO, self._app_info)}
        name, answer = routes.get(path.removesuffix(".json"), ("", None))
        if answer is None:
            return Reply(404, b"Not found", "text/plain")
        return self._served(name, request, answer)

    def _served(self, name: str, request: Request, answer: Any) -> Reply:
        with self._lock:
            self.calls[name] += 1
            self.in_flight += 1
            self.peak_in_flight = max(self.peak_in_flight, self.in_flight)
        try:
            self._open.wait()
            self._world.sleep(self.delay)
            if self.dead:
                return Reply(drop=True)
            try:
                params = {**request.query, **request.fields()}
            except ValueError:
                params = dict(request.query)
            kept: list[tuple[dict[str, Any], int]] = []

            def once() -> tuple[dict[str, Any], int]:
                if not kept:
                    kept.append(answer(params))
                return kept[0]

            return self.faults.answer(name, params, lambda: json_reply(*once()), lambda: once()[0])
        finally:
            with self._lock:
                self.in_flight -= 1

    def _portal(self, pair: TokenPair | None) -> Portal | None:
        """The portal of a pair, if it is one of this server's."""
        portal = self._world.find(pair.member_id) if pair else None
        return portal if portal is not None and portal.oauth is self else None

    def _renew(self, params: dict[str, Any]) -> tuple[dict[str, Any], int]:
        app = self._world.apps.get(str(params.get("client_id", "")))
        if params.get("grant_type") != "refresh_token" or not params.get("refresh_token"):
            return _error("invalid_request", "Invalid authorization request"), 400
        if app is None or params.get("client_secret") != app.client_secret:
            return _error("invalid_client", "Invalid client"), 401
        if self.payment_required:
            return _error("PAYMENT_REQUIRED", "Payment required"), 402
        given = str(params["refresh_token"])
        mine = self._portal(self._world.tokens.by_refresh(given)) is not None
        pair = self._world.tokens.renew(given, app.client_id) if mine else None
        portal = self._portal(pair)
        if pair is None or portal is None:
            return _error("invalid_grant", "Invalid authorization data"), 400
        return self._renewed(pair, portal, app.status), 200

    def _renewed(self, pair: TokenPair, portal: Portal, status: str) -> dict[str, Any]:
        return {
            "access_token": pair.access_token,
            "client_endpoint": portal.client_endpoint,
            "domain": self.url.partition("://")[2],
            "expires": int(pair.expires_at),
            "expires_in": pair.expires_in,
            "member_id": pair.member_id,
            "refresh_token": pair.refresh_token,
            "scope": pair.scope,
            "server_endpoint": f"{self.url}/rest/",
            "status": status,
            "user_id": pair.user_id,
        }

    def _app_info(self, params: dict[str, Any]) -> tuple[dict[str, Any], int]:
        pair = self._world.tokens.by_access(str(params.get("auth", "")))
        portal = self._portal(pair)
        if pair is None or portal is None:
            return _error("invalid_token", "Unable to get application by token"), 401
        if not self._world.tokens.is_alive(pair):
            return _error("expired_token", "The access token provided has expired"), 401
        app = self._world.apps[pair.client_id]
        result = {
            "client_id": pair.client_id,
            "scope": pair.scope,
            "expires": int(pair.expires_at),
            "install": {
                "installed": portal.installation(app).installed,
                "version": str(portal.installation(app).version),
                "status": app.status,
                "scope": pair.scope,
                "domain": portal.domain,
                "uri": portal.url,
                "client_endpoint": portal.client_endpoint,
                "member_id": pair.member_id,
                "member_type": "bitrix24",
            },
            "user_id": pair.user_id,
        }
        now = self._world.clock()
        return {"result": result, "time": {"start": now, "finish": now, "duration": 0.0, "processing": 0.0}}, 200


def _error(code: str, description: str) -> dict[str, Any]:
    return {"error": code, "error_description": description}
