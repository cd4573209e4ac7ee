"""A portal in memory and everything that opens the app in it: access, launch, install, on a clock moved by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bitrix_app.bitrix24 import RenewedPair, TokenOwner
from bitrix_app.errors import AppError
from bitrix_app.portals import (
    Access,
    Bulkhead,
    Caller,
    CallerCheck,
    Embedding,
    Installer,
    Launcher,
    Observers,
    PortalCache,
    PortalClients,
    RobotRegistration,
    Transports,
)
from bitrix_app.storage import Cipher, Database, PortalBuckets, Portals, PortalUsers, SavedSets, UserTokens
from demo_portal import ManualClock
from tests.fakes import NOW, ScriptedTransport
from tests.seed import ENDPOINT

MEMBER = "romashka"
ALICE = 7
NETWORK = "192.0.2.1"
EXPIRES = 1_790_002_222
APP = "https://register.example"


def profile(user_id: int = ALICE, *, admin: bool = False, name: str = "Алиса") -> dict[str, Any]:
    """What ``profile`` answers."""
    return {"result": {"ID": str(user_id), "ADMIN": admin, "NAME": name, "LAST_NAME": "Лиддел", "TIME_ZONE": ""}}


@dataclass
class FakeServer:
    """An authorization server that confirms everybody as Alice, unless it has a ``failure``."""

    failure: AppError | None = None
    expires_at: int | None = EXPIRES
    asked: int = 0

    def confirm(self, access_token: str, told: str = "", remembered: str | None = None) -> TokenOwner:
        self.asked += 1
        if self.failure:
            raise self.failure
        return TokenOwner(MEMBER, ENDPOINT, "romashka.bitrix24.ru", ALICE, frozenset({"crm"}), self.expires_at)

    def renew(self, refresh_token: str, remembered: str | None = None) -> RenewedPair:
        self.asked += 1
        if self.failure:
            raise self.failure
        return RenewedPair("renewed", "refresh-2", EXPIRES, MEMBER, ALICE, ENDPOINT)


@dataclass
class Office:
    """The app in one portal. ``portal`` answers ``profile`` as Alice's until told otherwise."""

    db: Database
    cipher: Cipher
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW))
    portal: ScriptedTransport = field(default_factory=lambda: ScriptedTransport(answers={"profile": profile()}))
    server: FakeServer = field(default_factory=FakeServer)

    def __post_init__(self) -> None:
        transport: Any = self.portal
        self.portals = Portals(self.db, self.cipher)
        self.tokens = UserTokens(self.db, self.cipher)
        self.users = PortalUsers(self.db)
        self.clients = PortalClients(
            transports=Transports(transport, transport),
            tokens=self.tokens,
            portals=self.portals,
            buckets=PortalBuckets(self.db),
            authorization_server=self.server,
            observer=Observers(),
            bulkhead=Bulkhead(total=8),
        )
        self.check = CallerCheck(self.server)
        self.access = Access(self.clients, self.users, PortalCache(60), clock=self.clock)
        self.launcher = Launcher(
            check=self.check, portals=self.portals, tokens=self.tokens, access=self.access, clock=self.clock
        )
        self.installer = Installer(
            check=self.check,
            clients=self.clients,
            portals=self.portals,
            tokens=self.tokens,
            access=self.access,
            embedding=Embedding(APP),
            robot=RobotRegistration(APP, self.portals, SavedSets(self.db)),
            clock=self.clock,
        )

    def caller(self, **changes: Any) -> Caller:
        """Alice, confirmed."""
        said: dict[str, Any] = {
            "member_id": MEMBER,
            "user_id": ALICE,
            "client_endpoint": ENDPOINT,
            "domain": "romashka.bitrix24.ru",
            "scopes": frozenset({"crm"}),
            "access_token": "access-1",
            "expires_at": EXPIRES,
        }
        return Caller(**(said | changes))
