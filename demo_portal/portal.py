"""One portal of the demo world: its people, data, limits and faults, and what it does to an application."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import requests

from demo_portal import gateway, launching, pages
from demo_portal.bx24js import script_reply
from demo_portal.calls import CallLog
from demo_portal.crm import Crm
from demo_portal.faults import FaultPlan
from demo_portal.http_server import Reply, Request, Server
from demo_portal.installation import Installation
from demo_portal.launching import LaunchForm, Opening
from demo_portal.limits import ENTERPRISE, STANDARD, LeakyBucket, OperatingTime, Pace
from demo_portal.pages.app_pages import OpenFrame
from demo_portal.people import App, Department, User, the_cast, the_departments
from demo_portal.tokens import TokenPair

if TYPE_CHECKING:
    from demo_portal.world import DemoWorld

_TIMEOUT = 30


class Portal:
    """A portal on its own port, thus of its own origin. Made by ``DemoWorld.add_portal``.

    Data are in ``crm``; ``bucket``, ``operating``, ``pace`` and ``faults`` are switches; ``calls`` is the witness.
    ``admin``, ``accountant`` (sees all invoices) and ``manager`` (sees own ones) are the cast.
    """

    def __init__(self, world: DemoWorld, *, member_id: str | None = None, port: int = 0, title: str = "") -> None:
        self.world = world
        self.member_id = member_id or secrets.token_hex(16)
        self.title = title or "Север-Трейд"
        self.server = Server(self.handle, port)
        self._moved_from: list[Server] = []
        self.crm = Crm()
        self.users: dict[int, User] = {user.id: user for user in the_cast()}
        self.departments: list[Department] = the_departments()
        self.bucket = LeakyBucket(world.clock, *STANDARD)
        self.operating = OperatingTime(world.clock)
        self.pace = Pace()
        self.faults = FaultPlan()
        self.calls = CallLog()
        self.webhook_secret = secrets.token_hex(8)
        self.license_type, self.license_family = "std", "std"
        self.frames: dict[str, OpenFrame] = {}
        self._installations: dict[str, Installation] = {}

    def __repr__(self) -> str:
        return f"<Portal {self.title} {self.url}>"

    # --- addresses --------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The portal's origin."""
        return self.server.url

    @property
    def domain(self) -> str:
        """Host and port, as in DOMAIN."""
        return self.url.partition("://")[2]

    @property
    def client_endpoint(self) -> str:
        """Root of its REST methods, with the trailing slash."""
        return f"{self.url}/rest/"

    def webhook_url(self, user: User | None = None) -> str:
        """An incoming webhook's address (for scripts that know no OAuth)."""
        return f"{self.url}/rest/{(user or self.admin).id}/{self.webhook_secret}/"

    def move(self) -> str:
        """Move to a new address: the old one answers everything with 302 to it. Returns the old origin."""
        old = self.server
        self.server = Server(self.handle)
        self.server.start()
        old.reply_with(lambda request: Reply(302, headers={"Location": f"{self.url}{_path(request)}"}))
        self._moved_from.append(old)
        return old.url

    # --- people -----------------------------------------------------------------------------------------------

    @property
    def admin(self) -> User:
        """The administrator."""
        return self.users[1]

    @property
    def accountant(self) -> User:
        """An employee who sees all invoices."""
        return self.users[5]

    @property
    def manager(self) -> User:
        """An employee who sees only invoices that they are responsible for."""
        return self.users[8]

    # --- licence ----------------------------------------------------------------------------------------------

    def make_enterprise(self) -> None:
        """Give it an Enterprise plan: 250 requests of credit, 5 a second."""
        self.license_type, self.license_family = "ent250", "ent"
        self.bucket.capacity, self.bucket.rate = ENTERPRISE

    # --- tokens -----------------------------------------------------------------------------------------------

    def issue_tokens(self, user: User | None = None, app: App | None = None, lifetime: int | None = None) -> TokenPair:
        """A fresh pair for a user (default: the administrator), as an opening of the app would give it."""
        owner, of = user or self.admin, app or self.world.app
        scope = ",".join(sorted(self.installation(of).scopes))
        return self.world.tokens.issue(self.member_id, owner.id, of.client_id, scope, lifetime)

    def expire_tokens(self, user: User | None = None) -> int:
        """Let all access tokens of this portal (of one user) expire now; how many did."""
        return self.world.tokens.expire(self.member_id, user.id if user else None)

    def revoke_tokens(self, user: User | None = None) -> None:
        """Make all pairs of this portal (of one user) worthless: access refused, ``invalid_grant`` on renewal."""
        self.world.tokens.revoke(self.member_id, user_id=user.id if user else None)

    # --- the application --------------------------------------------------------------------------------------

    def installation(self, app: App | None = None) -> Installation:
        """What this portal keeps of an application (default: the world's own)."""
        of = app or self.world.app
        if of.client_id not in self._installations:
            self._installations[of.client_id] = Installation(secrets.token_hex(16), of.scopes)
        return self._installations[of.client_id]

    def set_scopes(self, *scopes: str, app: App | None = None) -> None:
        """Grant the application exactly these scopes, in tokens already issued too."""
        of = app or self.world.app
        self.installation(of).scopes = frozenset(scopes)
        self.world.tokens.narrow(self.member_id, of.client_id, ",".join(sorted(scopes)))

    def launch_form(
        self,
        user: User | None = None,
        placement: str = "DEFAULT",
        options: Mapping[str, Any] | None = None,
        lang: str = "ru",
        *,
        app: App | None = None,
        pair: TokenPair | None = None,
    ) -> LaunchForm:
        """The form with which Bitrix24 opens the app for a user (default: the administrator), with a fresh pair."""
        owner, of = user or self.admin, app or self.world.app
        return launching.launch_form(self, of, pair or self.issue_tokens(owner, of), Opening(placement, options, lang))

    def open_app(
        self,
        app_url: str | None = None,
        user: User | None = None,
        placement: str = "DEFAULT",
        options: Mapping[str, Any] | None = None,
        lang: str = "ru",
        **form: Any,
    ) -> requests.Response:
        """POST a launch to ``{app_url}/app`` on behalf of a user; the app's answer, redirects not followed.

        Further keywords replace fields of the body (``member_id="…"``; None takes a field away).
        """
        launch = self.launch_form(user, placement, options, lang)
        return self._post(f"{app_url or self.world.app.url}/app", launch, form)

    def open_install(
        self, app_url: str | None = None, user: User | None = None, lang: str = "ru", **form: Any
    ) -> requests.Response:
        """POST a launch to ``{app_url}/install``, as for an app that is not installed yet."""
        return self._post(f"{app_url or self.world.app.url}/install", self.launch_form(user, lang=lang), form)

    def install(self, app_url: str | None = None, user: User | None = None) -> requests.Response:
        """The whole installation: the install page, then what BX24.installFinish() brings about.

        Finishes only when the page answered 200.
        """
        response = self.open_install(app_url, user)
        if response.status_code == 200:
            self.finish_install()
        return response

    def _post(self, handler: str, form: LaunchForm, replaced: Mapping[str, Any]) -> requests.Response:
        form.body.update(replaced)
        body = {name: value for name, value in form.body.items() if value is not None}
        headers = {"Origin": self.url, "Referer": f"{self.url}/"}
        return requests.post(form.url(handler), data=body, headers=headers, timeout=_TIMEOUT, allow_redirects=False)

    def finish_install(self, app: App | None = None) -> list[int]:
        """What BX24.installFinish() brings about: placements become visible and ONAPPINSTALL is sent.

        Returns the statuses with which the event's handlers answered (0: no answer).
        """
        of = app or self.world.app
        installation = self.installation(of)
        if installation.installed:
            return []
        installation.installed = True
        data = {"VERSION": "1", "ACTIVE": "Y", "INSTALLED": "Y", "LANGUAGE_ID": "ru"}
        return self._tell(of, "ONAPPINSTALL", data, self.issue_tokens(self.admin, of))

    def uninstall(self, *, clean: bool = False, app: App | None = None) -> list[int]:
        """Delete the application: its tokens, placements and handlers go, ONAPPUNINSTALL is sent to its handlers.

        Returns the statuses of the handlers' answers.
        """
        of = app or self.world.app
        installation = self.installation(of)
        self.world.tokens.revoke(self.member_id, of.client_id)
        statuses = self._tell(of, "ONAPPUNINSTALL", {"LANGUAGE_ID": "ru", "CLEAN": int(clean)}, None)
        del self._installations[of.client_id]
        installation.present = False
        return statuses

    def _tell(self, app: App, event: str, data: Mapping[str, Any], pair: TokenPair | None) -> list[int]:
        handlers = [each.handler for each in self.installation(app).events if each.event == event]
        return [self._delivered(handler, app, event, data, pair) for handler in handlers]

    def _delivered(self, handler: str, app: App, event: str, data: Mapping[str, Any], pair: TokenPair | None) -> int:
        """Events are sent once: an answer that fails, or none, changes nothing."""
        fields = launching.event_fields(self, app, event, data, pair)
        try:
            return requests.post(handler, data=fields, timeout=_TIMEOUT).status_code
        except requests.RequestException:
            return 0

    def event_fields(
        self,
        event: str,
        data: Mapping[str, Any] | None = None,
        *,
        user: User | None = None,
        with_tokens: bool = True,
        **auth: Any,
    ) -> dict[str, str]:
        """An event's form fields (``auth[member_id]`` and so on); keywords replace fields of ``auth`` (None: away)."""
        pair = self.issue_tokens(user) if with_tokens else None
        pairs = launching.event_fields(self, self.world.app, event, data or {}, pair)
        fields = dict(pairs)
        for name, value in auth.items():
            fields[f"auth[{name}]"] = value
        return {name: value for name, value in fields.items() if value is not None}

    def send_event(
        self,
        event: str,
        data: Mapping[str, Any] | None = None,
        *,
        url: str | None = None,
        user: User | None = None,
        with_tokens: bool = True,
        **auth: Any,
    ) -> requests.Response:
        """POST an event to ``url`` (default: the app's ``/events``), genuine unless ``auth`` keywords spoil it."""
        fields = self.event_fields(event, data, user=user, with_tokens=with_tokens, **auth)
        return requests.post(url or f"{self.world.app.url}/events", data=fields, timeout=_TIMEOUT)

    # --- the witness ------------------------------------------------------------------------------------------

    def witness(self) -> dict[str, Any]:
        """Counters as plain values: calls, by method, errors, refusals of both limits, highest levels."""
        return {
            "calls": len(self.calls),
            "by_method": dict(self.calls.by_method),
            "errors": dict(self.calls.errors),
            "peak_in_flight": self.calls.peak_in_flight,
            "rejected": self.bucket.rejected,
            "peak": self.bucket.peak,
            "refused": self.operating.refused,
            "secrets_seen": self.calls.secrets_seen,
        }

    def reset_counters(self) -> None:
        """Empty the bucket; forget calls and operating time."""
        self.calls.clear()
        self.bucket.reset()
        self.operating.reset()

    # --- HTTP -------------------------------------------------------------------------------------------------

    def handle(self, request: Request) -> Reply:
        """Answer one HTTP request."""
        if request.path.startswith("/rest/"):
            return gateway.serve(self, request, request.path.removeprefix("/rest/"))
        if request.path.startswith("/api/v1/"):
            return script_reply()
        return pages.serve(self, request)

    def start(self) -> None:
        """Begin to answer."""
        self.server.start()

    def stop(self) -> None:
        """Stop answering and let go of calls that hang."""
        self.faults.clear()
        for server in (self.server, *self._moved_from):
            server.stop()


def _path(request: Request) -> str:
    return f"{request.path}?{request.raw_query}" if request.raw_query else request.path
