"""Uninstalls, verified: the application token is in every employee's browser, so the authorization server decides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bitrix_app.portals import UninstallCheck
from bitrix_app.storage import (
    AuditLog,
    Cipher,
    Database,
    PairKey,
    PortalRecord,
    Portals,
    ReportLeases,
    Uninstalls,
    UserTokens,
)
from demo_portal import Fault, Portal
from tests.integration.house import House, Visitor, open_house


@dataclass
class Watch:
    """A house, a portal in it, and the periodic task that asks about uninstalls, on a clock moved by hand."""

    house: House
    portal: Portal
    database: Database
    check: UninstallCheck
    now: list[datetime]

    @property
    def record(self) -> PortalRecord | None:
        return self.house.services.web.portals.by_member_id(self.portal.member_id)

    @property
    def status(self) -> str | None:
        return self.record.status if self.record else None

    def later(self, **time: float) -> list[str]:
        """So much time goes by, and the periodic task runs. → outcomes that it has logged."""
        self.now[0] += timedelta(**time)
        with capture_logs() as logs:
            self.check.run()
        return [line["outcome"] for line in logs if line["event"] == "uninstall"]

    def actions(self) -> list[str]:
        """Actions in the audit log, the latest first."""
        assert self.record is not None
        entries, _ = self.house.services.web.audit_log.page(self.record.id)
        return [entry.action for entry in entries]

    def forge(self, clean: int = 1) -> int:
        """An employee sends the event with the application token that their browser has seen."""
        return self.house.event(self.portal, "ONAPPUNINSTALL", {"CLEAN": clean}, with_tokens=False).status_code

    def silence(self) -> None:
        self.house.world.oauth.faults.always(Fault.html(502))

    def speak(self) -> None:
        self.house.world.oauth.faults.clear()


@pytest.fixture
def watch(tmp_path: Path, database_url: str) -> Iterator[Watch]:
    now = [datetime.now(UTC)]
    with open_house(tmp_path, database_url) as house:
        services = house.services
        database = Database(database_url, clock=lambda: now[0])
        cipher = Cipher(services.settings.secret_keys)
        check = UninstallCheck(
            authorization_server=services.web.clients._server,
            portals=Portals(database, cipher),
            tokens=UserTokens(database, cipher),
            uninstalls=Uninstalls(database),
            audit_log=AuditLog(database),
            files=services.web.files,
            clock=lambda: now[0].timestamp(),  # noqa: PLW0108 # the moment is another one later
        )
        yield Watch(house, house.portal(), database, check, now)
        database.close()


@pytest.fixture
def visitor(watch: Watch) -> Visitor:
    """The accountant, at the open page."""
    return watch.house.visitor(watch.portal)


def test_a_forged_event_costs_nobody_anything(watch: Watch, visitor: Visitor) -> None:
    """Not the reports, not the journal, not the files, not a session."""
    name = watch.house.finish(visitor.start()["id"])
    waiting = visitor.start()["id"]
    before = watch.actions()
    assert watch.forge() == 200
    assert watch.forge(clean=0) == 200
    assert watch.status == "installed"
    assert visitor.get(f"/reports/{waiting}")["status"] == "queued"
    assert name in watch.house.services.web.files.names()
    assert watch.actions() == before


def test_a_forged_event_while_all_access_tokens_have_expired_is_seen_through_by_a_renewal(
    watch: Watch, visitor: Visitor
) -> None:
    """What the renewal brought is stored: a report of that user runs on by it."""
    watch.portal.expire_tokens()
    assert watch.forge() == 200
    assert watch.status == "installed"
    assert visitor.get("/options")
    assert max(watch.house.world.oauth.renewals.values()) == 1


def test_what_stays_confirmed_for_a_day_was_forged(watch: Watch) -> None:
    watch.forge()
    assert watch.later(minutes=1) == []
    assert watch.later(minutes=2) == ["still_installed"]
    assert watch.later(minutes=11) == ["still_installed"]
    watch.portal.expire_tokens()
    assert watch.later(hours=2) == ["still_installed"]
    assert watch.later(hours=20) == []
    assert watch.later(hours=5) == ["forged"]
    assert watch.actions()[0] == "uninstall_forged"
    assert watch.later(days=3) == []
    assert watch.status == "installed"


def test_an_uninstall_whose_pairs_are_refused_only_later_is_carried_out_then(watch: Watch, visitor: Visitor) -> None:
    visitor.start()
    assert watch.forge() == 200
    watch.house.world.tokens.revoke(watch.portal.member_id, watch.house.world.app.client_id)
    assert watch.later(minutes=3) == ["erased"]
    assert watch.record is None


def test_a_genuine_uninstall_after_a_forged_one_counts_at_once(watch: Watch) -> None:
    watch.forge(clean=0)
    with capture_logs() as logs:
        assert watch.house.uninstall(watch.portal, clean=1).status_code == 200
    assert watch.record is None
    told = [(line["by"], line["outcome"]) for line in logs if line["event"] == "uninstall"]
    assert told == [("event", "erased")]


def test_a_removed_app_is_not_erased_by_an_event_that_follows(watch: Watch, visitor: Visitor) -> None:
    """The administrator wanted the data kept; whoever has seen the token cannot change that."""
    visitor.start()
    assert watch.house.uninstall(watch.portal, clean=0).status_code == 200
    assert watch.status == "uninstalled"
    assert watch.forge(clean=1) == 200
    assert watch.later(days=2) == []
    assert watch.record is not None
    assert watch.house.services.web.portals.holdings(watch.record.id)["reports"] == 1


def test_a_silent_authorization_server_suspends_until_it_answers(watch: Watch, visitor: Visitor) -> None:
    """No jobs and no sessions meanwhile; the report that ran waits again, and is no loss."""
    running, waiting = visitor.start()["id"], visitor.start()["id"]
    lease = watch.house.lease(running)
    watch.silence()
    assert watch.forge() == 200
    assert watch.status == "suspended"
    assert visitor.call("GET", "/reports").status_code == 401
    leases = ReportLeases(watch.house.services.database)
    assert leases.claim("a worker", 60.0) is None
    assert watch.later(minutes=3) == []
    assert watch.actions()[:2] == ["uninstall_unverified", "report_created"]
    watch.speak()
    assert watch.later(minutes=11) == ["still_installed"]
    assert visitor.get(f"/reports/{waiting}")["status"] == "queued"
    taken = leases.claim("a worker", 60.0)
    assert taken is not None
    assert (taken.report.id, taken.attempt) == (running, lease.attempt + 1)


def test_a_suspended_portal_whose_pairs_are_refused_in_the_end_is_removed(watch: Watch) -> None:
    watch.silence()
    watch.house.uninstall(watch.portal, clean=0)
    assert watch.status == "suspended"
    watch.speak()
    assert watch.later(minutes=3) == ["uninstalled"]
    assert watch.status == "uninstalled"
    assert watch.actions()[:2] == ["uninstalled", "uninstall_unverified"]


def test_what_suspended_a_portal_is_not_made_worse_by_another_event(watch: Watch) -> None:
    watch.silence()
    watch.house.uninstall(watch.portal, clean=0)
    watch.forge(clean=1)
    watch.speak()
    assert watch.later(minutes=11) == ["uninstalled"]
    assert watch.status == "uninstalled"


def test_without_a_pair_the_portal_is_suspended_until_somebody_confirmed_opens_it(watch: Watch) -> None:
    assert watch.record is not None
    with watch.house.services.database.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM user_token")
    watch.forge()
    assert watch.status == "suspended"
    assert watch.later(days=2) == []
    assert watch.house.post("/app", watch.portal, AUTH_ID="f0rged").status_code == 401
    assert watch.status == "suspended"
    assert watch.house.visitor(watch.portal).get("/reports")["items"] == []
    assert watch.status == "installed"
    assert watch.later(days=2) == ["forged"]


@pytest.mark.parametrize("door", ["/app", "/install"])
def test_a_confirmed_opening_lifts_a_suspension(watch: Watch, visitor: Visitor, door: str) -> None:
    """Sessions that were open go on: nobody was removed."""
    watch.silence()
    watch.forge()
    watch.speak()
    assert watch.house.post(door, watch.portal, watch.portal.admin).status_code == 200
    assert watch.status == "installed"
    assert visitor.get("/reports")["items"] == []


def test_an_opening_overtakes_the_answer_that_the_app_is_gone(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the last refusal and the erasing somebody opens the app, confirmed: it is asked again."""
    usual = Uninstalls.carry_out

    def overtaken(uninstalls: Uninstalls, pending: object) -> object:
        assert watch.house.post("/app", watch.portal).status_code == 200
        return usual(uninstalls, pending)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(Uninstalls, "carry_out", overtaken)
        assert watch.house.uninstall(watch.portal, clean=1).status_code == 200
    assert watch.status == "installed"
    assert watch.later(minutes=1) == ["still_installed"]


def test_an_install_answers_what_was_to_be_verified_of_an_earlier_uninstall(watch: Watch) -> None:
    watch.forge()
    watch.house.world.tokens.revoke(watch.portal.member_id, watch.house.world.app.client_id)
    assert watch.house.post("/install", watch.portal).status_code == 200
    assert watch.later(days=2) == []
    assert watch.status == "installed"


def test_an_app_that_is_not_paid_is_not_a_removed_one(watch: Watch) -> None:
    """The server refuses to renew, but for another reason: nothing is lost, nobody works until it is clear."""
    watch.portal.expire_tokens()
    watch.house.world.oauth.payment_required = True
    watch.forge()
    assert watch.status == "suspended"
    watch.house.world.oauth.payment_required = False
    assert watch.later(minutes=3) == ["still_installed"]


def test_one_good_pair_among_refused_ones_keeps_the_portal(watch: Watch, visitor: Visitor) -> None:
    """The administrator who installed the app was dismissed long ago."""
    own = [each for each in watch.house.world.tokens.pairs(watch.portal.member_id) if each.user_id == 1]
    for pair in own:
        watch.house.world.tokens.spend(pair.refresh_token)
    watch.portal.expire_tokens()
    watch.forge()
    assert watch.status == "installed"
    assert watch.record is not None
    read = UserTokens(watch.house.services.database, Cipher(watch.house.services.settings.secret_keys)).read
    assert read(PairKey(watch.record.id, watch.portal.accountant.id)) is not None


def test_an_event_flood_leaves_the_questions_to_the_periodic_task(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bitrix_app.web.limits.EVENTS_OF_PORTAL", "1 per minute")
    watch.forge()
    asked = watch.house.world.oauth.calls["app.info"]
    assert [watch.forge() for _ in range(3)] == [200, 200, 200]
    assert watch.house.world.oauth.calls["app.info"] == asked
    assert watch.later(minutes=1) == ["still_installed"]
