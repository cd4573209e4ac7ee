"""Events: believed by the application token of their portal; the same one twice is harmless."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bitrix_app.errors import ForeignEventError, MissingFieldError
from bitrix_app.portals import Event, InstallForm, PortalEvents
from bitrix_app.portals.events import bracketed
from bitrix_app.storage import (
    Cipher,
    Database,
    PairKey,
    PendingUninstall,
    PortalRecord,
    Portals,
    TokenPair,
    Uninstalls,
    UserTokens,
)
from tests.seed import ALICE, install_portal, queue_report

TOKEN = "application token of romashka"


@dataclass
class FakeInstaller:
    """Confirms every form as one caller, and keeps what it was asked to store."""

    confirmed: list[tuple[InstallForm, str]] = field(default_factory=list)
    stored: list[tuple[Any, InstallForm]] = field(default_factory=list)

    def confirm(self, form: InstallForm, network: str) -> str:
        self.confirmed.append((form, network))
        return "the caller"

    def store(self, caller: Any, form: InstallForm) -> None:
        self.stored.append((caller, form))


@dataclass
class RefusedPairs:
    """In the place of the UninstallCheck: the authorization server refuses every pair."""

    uninstalls: Uninstalls

    def ask(self, pending: PendingUninstall) -> None:
        self.uninstalls.carry_out(pending)


@dataclass
class Office:
    """A portal with the app, a pair and a report of Alice's in it, on a clock moved by hand."""

    db: Database
    portals: Portals
    tokens: UserTokens
    portal: PortalRecord
    now: list[datetime]
    installer: FakeInstaller = field(default_factory=FakeInstaller)

    def __post_init__(self) -> None:
        installer: Any = self.installer
        uninstalls = Uninstalls(self.db)
        check: Any = RefusedPairs(uninstalls)
        self.events = PortalEvents(
            installer=installer,
            portals=self.portals,
            uninstalls=uninstalls,
            uninstall_check=check,
            maintenance=check,
        )

    def receive(self, name: str, clean: str | None = None, **auth: str) -> bool:
        """The event as the portal sends it; ``auth`` replaces its proof. → whether there was anything to do."""
        form = {"event": name, "auth[member_id]": "romashka", "auth[application_token]": TOKEN}
        form |= {f"auth[{key}]": value for key, value in auth.items()}
        if clean is not None:
            form["data[CLEAN]"] = clean
        work = self.events.receive(Event.from_form(form))
        if work is not None:
            work()
        return work is not None

    def installed(self) -> bool | None:
        """Whether the app is installed; None where nothing of the portal is left."""
        record = self.portals.by_member_id("romashka")
        return record.installed if record else None


@pytest.fixture
def office(database_url: str, cipher: Cipher) -> Iterator[Office]:
    now = [datetime(2026, 1, 1, tzinfo=UTC)]
    db = Database(database_url, clock=lambda: now[0])
    portal, tokens = install_portal(db, cipher), UserTokens(db, cipher)
    tokens.save(portal.id, ALICE, TokenPair("access", "refresh", None))
    queue_report(db, portal)
    yield Office(db, Portals(db, cipher), tokens, portal, now)
    db.close()


@pytest.mark.parametrize("clean", [None, "0", "", "true", "11"])
def test_an_uninstall_forgets_the_tokens_and_keeps_the_data(office: Office, clean: str | None) -> None:
    """Only ``CLEAN=1`` erases: what else may stand there loses nobody's reports."""
    assert office.receive("ONAPPUNINSTALL", clean)
    assert office.installed() is False
    assert office.tokens.read(PairKey(office.portal.id, ALICE)) is None
    assert office.portals.holdings(office.portal.id)["reports"] == 1


def test_a_clean_uninstall_erases_the_portal(office: Office) -> None:
    assert office.receive(" onAppUninstall ", "1")
    assert office.installed() is None


def test_a_clean_uninstall_is_known_as_genuine_for_a_day(office: Office) -> None:
    office.receive("ONAPPUNINSTALL", "1")
    office.now[0] += timedelta(hours=23)
    assert not office.receive("ONAPPUNINSTALL", "1")
    with pytest.raises(ForeignEventError):
        office.receive("ONAPPUNINSTALL", "1", application_token="another")
    office.now[0] += timedelta(hours=2)
    with pytest.raises(ForeignEventError):
        office.receive("ONAPPUNINSTALL", "1")


@pytest.mark.parametrize("forged", [{"application_token": "forged"}, {"member_id": "another"}])
def test_an_event_with_another_portals_token_changes_nothing(office: Office, forged: dict[str, str]) -> None:
    with pytest.raises(ForeignEventError):
        office.receive("ONAPPUNINSTALL", "1", **forged)
    assert office.installed() is True


@pytest.mark.parametrize(
    ("name", "auth", "missing"),
    [
        ("", {}, "event"),
        ("ONAPPUNINSTALL", {"member_id": ""}, "auth[member_id]"),
        ("ONAPPUNINSTALL", {"application_token": " "}, "auth[application_token]"),
    ],
)
def test_a_field_that_is_missing_is_named(office: Office, name: str, auth: dict[str, str], missing: str) -> None:
    with pytest.raises(MissingFieldError) as refused:
        office.receive(name, **auth)
    assert refused.value.params == {"field": missing}


def test_an_event_that_we_do_not_know_is_ignored_without_a_look_at_anything() -> None:
    nothing: Any = None
    events = PortalEvents(
        installer=nothing, portals=nothing, uninstalls=nothing, uninstall_check=nothing, maintenance=nothing
    )
    assert events.receive(Event("ONCRMDEALADD", {}, {})) is None


def test_an_install_is_confirmed_in_the_turn_of_its_network_and_stored(office: Office) -> None:
    auth = {"member_id": "m", "access_token": "a", "refresh_token": "r", "application_token": "t"}
    form = InstallForm("m", "a", "r", "t")
    office.events.install(Event("ONAPPINSTALL", auth, {}), "192.0.2.1")
    assert office.installer.confirmed == [(form, "192.0.2.1")]
    assert office.installer.stored == [("the caller", form)]


def test_an_install_without_its_fields_is_passed_on_as_empty_ones(office: Office) -> None:
    """The installer says what is missing; the application token it may do without, an event may not."""
    with pytest.raises(MissingFieldError):
        office.events.install(Event("ONAPPINSTALL", {}, {}), "192.0.2.1")
    office.events.install(Event("ONAPPINSTALL", {"application_token": "t"}, {}), "192.0.2.1")
    assert office.installer.confirmed[0][0] == InstallForm("", "", "", "t")


@pytest.mark.parametrize(
    ("form", "auth"),
    [
        ({"auth[member_id]": "m", "auth[scope]": "crm", "data[CLEAN]": "1"}, {"member_id": "m", "scope": "crm"}),
        ({"auth[a][b]": "1", "auth[": "2", "auth": "3", "auth]": "4", "xauth[a]": "5", "auth[x": "6"}, {}),
        ({"auth[]": "1"}, {"": "1"}),
    ],
)
def test_bracketed_fields_are_taken_apart(form: dict[str, str], auth: dict[str, str]) -> None:
    assert bracketed(form, "auth") == auth
