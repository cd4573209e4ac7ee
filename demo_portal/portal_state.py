"""What a portal is and has: addresses, people, data, limits, faults, tokens, installed applications, counters."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import tzinfo
from typing import TYPE_CHECKING, Any

from demo_portal.automation import Automation
from demo_portal.collaboration import default_collaboration
from demo_portal.crm.countries import COUNTRIES
from demo_portal.crm.store import Crm
from demo_portal.faults import FaultPlan
from demo_portal.installation import PLACEMENTS, Installation, OpenFrame
from demo_portal.people import App, Department, User, default_departments, default_users
from demo_portal.rest.calls import CallLog
from demo_portal.rest.limits import ENTERPRISE, STANDARD, LeakyBucket, OperatingTime, Pace
from demo_portal.server.http import Reply, Request
from demo_portal.server.tokens import TokenPair

if TYPE_CHECKING:
    from demo_portal.world import DemoWorld


class PortalState:
    """People, data, limits, faults and tokens of a portal."""

    def __init__(self, world: DemoWorld, *, member_id: str | None = None, port: int = 0, title: str = "") -> None:
        self.world = world
        self.member_id = member_id or secrets.token_hex(16)
        self.title = title or "Север-Трейд"
        self.ways = world.ways
        self.server = world.new_server(self.handle, port)
        self.oauth = world.oauth
        self.crm = Crm()
        self.collaboration = default_collaboration()
        self.automation = Automation()
        self.users: dict[int, User] = {user.id: user for user in default_users()}
        self.departments: list[Department] = default_departments()
        self.bucket = LeakyBucket(world.clock, *STANDARD)
        self.operating = OperatingTime(world.clock)
        self.pace = Pace()
        self.faults = FaultPlan()
        self.calls = CallLog()
        self.webhook_secret = secrets.token_hex(8)
        self.region = "ru"
        self.license_type, self.license_family = "std", "std"
        self.known_placements: list[str] = list(PLACEMENTS)
        self.frames: dict[str, OpenFrame] = {}
        self._installations: dict[str, Installation] = {}

    def __repr__(self) -> str:
        return f"<Portal {self.title} {self.url}>"

    def handle(self, request: Request) -> Reply:
        """Answer one HTTP request."""
        raise NotImplementedError

    # --- addresses --------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The portal's origin."""
        return f"http://{self.world.portal_host}:{self.server.port}"

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

    @property
    def zone(self) -> tzinfo:
        """The zone in which its server stands."""
        return self.ways.server_zone or self.crm.zone

    def settle_in(self, region: str) -> list[int]:
        """Make it a portal of another region: base currency, licence, presets (→ their ids)."""
        self.region = region
        self.crm.add_currency(COUNTRIES[region].currency, base=True)
        return self.crm.add_presets(region)

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

    @property
    def assistant(self) -> User:
        """An employee who sees own invoices and may read neither companies nor contacts."""
        return self.users[12]

    # --- ways ---------------------------------------------------------------------------------------------------

    def behave(self, **ways: Any) -> None:
        """Change single ways (fields of ``Ways``) from the next call on."""
        self.ways = replace(self.ways, **ways)

    # --- licence ----------------------------------------------------------------------------------------------

    def make_box(self, operating_limit: float | None = 420.0) -> None:
        """Make it self-hosted: no limit of requests, another operating limit or none."""
        self.region = "ru"
        self.license_type, self.license_family = "selfhosted", "box"
        self.bucket.enabled = False
        self.operating.enabled = operating_limit is not None
        self.operating.limit = operating_limit or self.operating.limit

    def make_enterprise(self) -> None:
        """Give it an Enterprise plan: 250 requests of credit, 5 a second."""
        self.region = "ru"
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

    # --- applications -----------------------------------------------------------------------------------------

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

    # --- counters ---------------------------------------------------------------------------------------------

    def stats(self) -> dict[str, Any]:
        """Counters as plain values: calls, by method, commands of batches, errors, refusals, highest levels."""
        return {
            "calls": len(self.calls),
            "by_method": dict(self.calls.by_method),
            "commands": self.calls.commands_by_method.total(),
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
