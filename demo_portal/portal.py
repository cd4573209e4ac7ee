"""A portal and what it does to an application: opens it, installs it, tells it events; its side of HTTP."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import requests

from demo_portal import automation, launching, pages
from demo_portal.automation import Run
from demo_portal.launching import LaunchForm, Opening
from demo_portal.people import App, User
from demo_portal.portal_state import PortalState
from demo_portal.rest import gateway
from demo_portal.server.bx24js import script_reply
from demo_portal.server.http import MemoryServer, Reply, Request, Server
from demo_portal.server.tokens import TokenPair

if TYPE_CHECKING:
    from demo_portal.world import DemoWorld

_TIMEOUT = 30


class Portal(PortalState):
    """A portal on its own port, thus of its own origin. Made by ``DemoWorld.add_portal``.

    Data are in ``crm``; ``bucket``, ``operating``, ``pace`` and ``faults`` are switches; ``calls`` is the record of
    calls. ``admin``, ``accountant`` (sees all invoices) and ``manager`` (sees own ones) are its default users.
    """

    def __init__(self, world: DemoWorld, *, member_id: str | None = None, port: int = 0, title: str = "") -> None:
        super().__init__(world, member_id=member_id, port=port, title=title)
        self._moved_from: list[Server | MemoryServer] = []

    # --- the application --------------------------------------------------------------------------------------

    def launch_form(
        self,
        user: User | None = None,
        placement: str = "DEFAULT",
        options: Mapping[str, Any] | None = None,
        lang: str = "ru",
        *,
        app: App | None = None,
        pair: TokenPair | None = None,
        host: str = "",
    ) -> LaunchForm:
        """The form with which Bitrix24 opens the app for a user (default: the administrator), with a fresh pair.

        ``host``: the one in the browser's address, where the portal was opened under another name than its own.
        """
        owner, of = user or self.admin, app or self.world.app
        opening = Opening(placement, options, lang, host)
        return launching.launch_form(self, of, pair or self.issue_tokens(owner, of), opening)

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

    def update_app(self, *, tell: bool = True, new_token: bool = True, app: App | None = None) -> list[int]:
        """Install the application's next version: handlers of placements and events and its robots go, its token
        changes.

        ONAPPUPDATE (with the new token) is sent to the handlers that there were, unless ``tell`` is off: by reports it
        is not always sent. Returns the statuses of the handlers' answers.
        """
        of = app or self.world.app
        installation = self.installation(of)
        handlers = [each.handler for each in installation.events if each.event == "ONAPPUPDATE"] if tell else []
        installation.placements.clear()
        installation.events.clear()
        installation.robots.clear()
        installation.version += 1
        if new_token:
            installation.application_token = secrets.token_hex(16)
        data = {
            "VERSION": str(installation.version),
            "PREVIOUS_VERSION": str(installation.version - 1),
            "LANGUAGE_ID": "ru",
        }
        pair = self.issue_tokens(self.admin, of)
        return [self._delivered(handler, of, "ONAPPUPDATE", data, pair) for handler in handlers]

    def change_payment(
        self, *, expired: bool, days: int | None = None, status: str = "", app: App | None = None
    ) -> list[int]:
        """Let the application be paid for, or its payment lapse: app.info tells it. ONAPPPAYMENT is sent of a payment
        alone, not of one that has lapsed (common/events/on-app-payment.md)."""
        of = app or self.world.app
        installation = self.installation(of)
        installation.payment_expired, installation.days = expired, days
        installation.status = status or installation.status
        if expired:
            return []
        data: dict[str, Any] = {
            "CODE": of.client_id,
            "VERSION": installation.version,
            "STATUS": installation.status or of.status,
            "PAYMENT_EXPIRED": "N",
        }
        if days is not None:
            data["DAYS"] = days
        return self._tell(of, "ONAPPPAYMENT", data, None)

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
        """POST an event to ``url`` (default: the app's ``/events``), genuine unless ``auth`` keywords change it."""
        fields = self.event_fields(event, data, user=user, with_tokens=with_tokens, **auth)
        return requests.post(url or f"{self.world.app.url}/events", data=fields, timeout=_TIMEOUT)

    def begin_run(
        self,
        code: str,
        properties: Mapping[str, Any] | None = None,
        *,
        user: User | None = None,
        document: tuple[str, str, str] | None = None,
    ) -> Run:
        """A document has reached the stage of an automation rule: a run of the robot, which nobody has heard of yet.

        ``user``: whom an administrator has chosen in the rule's settings; without, the one of ``AUTH_USER_ID``.
        """
        robot = self.installation().robots[code]
        return self.automation.begin(robot, user.id if user else robot.user_id, properties or {}, document)

    def run_fields(self, run: Run, **auth: Any) -> dict[str, str]:
        """What the robot's handler is sent; keywords replace fields of ``auth`` (None: away)."""
        owner = self.users.get(run.user_id)
        pair = self.issue_tokens(owner) if owner else None
        fields = dict(automation.run_fields(self, self.world.app, run, pair))
        fields.update({f"auth[{name}]": value for name, value in auth.items()})
        return {name: value for name, value in fields.items() if value is not None}

    def run_robot(self, code: str, properties: Mapping[str, Any] | None = None, **how: Any) -> Run:
        """A run, sent to the robot's handler; ``how`` as ``begin_run``. The answer's status stands in the run."""
        run = self.begin_run(code, properties, **how)
        try:
            handler = self.installation().robots[code].handler
            run.statuses.append(requests.post(handler, data=self.run_fields(run), timeout=_TIMEOUT).status_code)
        except requests.RequestException:
            run.statuses.append(0)
        return run

    # --- HTTP -------------------------------------------------------------------------------------------------

    def handle(self, request: Request) -> Reply:
        """Answer one HTTP request."""
        if request.path.startswith("/rest/"):
            return gateway.serve(self, request, request.path.removeprefix("/rest/"))
        if request.path.startswith("/api/v1/"):
            return script_reply()
        return pages.serve(self, request)

    def move(self) -> str:
        """Move to a new address: the old one answers everything with 302 to it. Returns the old origin."""
        old, origin = self.server, self.url
        self.server = self.world.new_server(self.handle)
        self.server.start()
        old.reply_with(lambda request: Reply(302, headers={"Location": f"{self.url}{_path(request)}"}))
        self._moved_from.append(old)
        return origin

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
