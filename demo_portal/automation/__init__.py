"""Automation rules of applications: robots that they have registered, and runs of them that wait for an answer.

Pages: bizproc/bizproc-robot/index (what the handler is sent, and when an answer counts), bizproc-robot-add.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from demo_portal.launching import pair_fields
from demo_portal.server import forms

if TYPE_CHECKING:
    from demo_portal.people import App
    from demo_portal.portal import Portal
    from demo_portal.server.tokens import TokenPair

INVOICES = ("crm", "Bitrix\\Crm\\Integration\\BizProc\\Document\\SmartInvoice", "SMART_INVOICE")


@dataclass(slots=True)
class Robot:
    """A registered automation rule; ``fields`` as they were given, in upper case."""

    code: str
    fields: dict[str, Any]

    @property
    def handler(self) -> str:
        """Where its runs are sent."""
        return str(self.fields.get("HANDLER") or "")

    @property
    def user_id(self) -> int:
        """Whose token goes with a run (``AUTH_USER_ID``); 0: nobody's."""
        return int(self.fields.get("AUTH_USER_ID") or 0)

    @property
    def waits(self) -> bool:
        """Whether the process waits for the answer."""
        return self.fields.get("USE_SUBSCRIPTION") == "Y"

    @property
    def properties(self) -> dict[str, dict[str, Any]]:
        """Its parameters by name."""
        return dict(self.fields.get("PROPERTIES") or {})

    def named(self, lang: str) -> str:
        """Its name in a language."""
        return localized(self.fields.get("NAME"), lang) or self.code


@dataclass(slots=True)
class Run:
    """A run of a robot. ``values``: what has come back, None while the process waits; ``answers`` counts what was sent
    for it, of which only the first changes anything."""

    number: int
    code: str
    token: str = field(repr=False)
    user_id: int
    properties: dict[str, Any]
    document: tuple[str, str, str]
    waits: bool
    statuses: list[int] = field(default_factory=list)
    values: dict[str, Any] | None = None
    log_message: str = ""
    answers: int = 0

    @property
    def done(self) -> bool:
        """Whether the process goes on."""
        return self.values is not None or not self.waits


class Automation:
    """Runs of robots in one portal. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._key = secrets.token_bytes(16)
        self.runs: list[Run] = []

    def begin(
        self, robot: Robot, user_id: int, properties: Mapping[str, Any], document: tuple[str, str, str] | None = None
    ) -> Run:
        """A run with its token. What is not given has the parameter's default."""
        usual = {name: each.get("Default", each.get("DEFAULT", "")) for name, each in robot.properties.items()}
        with self._lock:
            number = len(self.runs) + 1
            token = self._signed(f"{secrets.token_hex(8)}.{number}|A{number}|{secrets.token_hex(16)}")
            place = document or (*INVOICES[:2], "SMART_INVOICE_1")
            run = Run(number, robot.code, token, user_id, {**usual, **properties}, place, robot.waits)
            self.runs.append(run)
            return run

    def answered(self, token: str, values: Mapping[str, Any], log_message: str, known: Mapping[str, Any]) -> bool:
        """Take an answer; values that the robot has not registered are dropped, and one for a process that waits no
        more changes nothing. → whether the token is one of ours."""
        if not hmac.compare_digest(self._signed(token.rpartition(".")[0]).encode(), token.encode()):
            return False
        with self._lock:
            run = next((each for each in self.runs if each.token == token), None)
            if run is None:
                return True
            run.answers += 1
            if not run.done:
                names = {name.upper(): name for name in known}
                run.values = {names[key.upper()]: value for key, value in values.items() if key.upper() in names}
                run.log_message = log_message
        return True

    def _signed(self, text: str) -> str:
        return f"{text}.{hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()}"


def localized(given: Any, lang: str) -> str:
    """A text that may be given in several languages."""
    if isinstance(given, Mapping):
        return str(given.get(lang) or given.get("en") or next(iter(given.values()), ""))
    return str(given or "")


def run_fields(portal: Portal, app: App, run: Run, pair: TokenPair | None) -> list[tuple[str, str]]:
    """What a robot's handler is sent, as form fields. ``pair`` None: the robot runs on behalf of nobody."""
    auth: dict[str, Any] = {
        "domain": portal.domain,
        "server_endpoint": f"{portal.oauth.url}/rest/",
        "client_endpoint": portal.client_endpoint,
        "member_id": portal.member_id,
        "status": app.status,
        "application_token": portal.installation(app).application_token,
    }
    if pair is not None:
        auth |= pair_fields(pair)
    return forms.encode(
        {
            "workflow_id": run.token.partition("|")[0],
            "code": run.code,
            "document_id": list(run.document),
            "document_type": list(INVOICES),
            "event_token": run.token,
            "properties": run.properties,
            "use_subscription": "Y" if run.waits else "N",
            "timeout_duration": 0,
            "ts": int(portal.world.clock()),
            "auth": auth,
        }
    )
