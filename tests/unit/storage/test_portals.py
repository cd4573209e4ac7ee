"""Portals: install, launch, events, uninstall, erase."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bitrix_app.errors import AppUninstalledError, SettingsChangedError
from bitrix_app.storage import (
    INSTALL,
    AuditLog,
    Cipher,
    Database,
    PairKey,
    PendingUninstall,
    PortalBuckets,
    PortalRecord,
    Portals,
    PortalUsers,
    ReportFile,
    ReportLeases,
    Reports,
    SavedSets,
    TokenPair,
    Uninstalls,
    UserTokens,
    file_name,
)
from bitrix_app.storage.portals import MOST_HABITS
from bitrix_app.storage.tables import Base, Portal, UserToken
from tests.seed import ADMINISTRATOR, ALICE, install_portal, make_robot_run, make_schedule, queue_report

PAIR = TokenPair("access", "refresh", None)


@pytest.fixture
def portals(db: Database, cipher: Cipher) -> Portals:
    return Portals(db, cipher)


def test_an_install_is_stored_with_the_portals_own_pair(db: Database, cipher: Cipher, portals: Portals) -> None:
    portal = install_portal(db, cipher)
    assert portal.installed
    assert portal.scopes == {"crm", "placement"}
    assert portals.by_member_id("romashka") == portals.by_id(portal.id) == portal
    own = UserTokens(db, cipher).read(PairKey(portal.id, ADMINISTRATOR, INSTALL))
    assert own is not None
    assert own.access_token == "installer's access token of romashka"


def test_a_repeated_install_keeps_number_and_settings_and_replaces_the_pair(
    db: Database, cipher: Cipher, portals: Portals
) -> None:
    first = install_portal(db, cipher)
    portals.save_settings(first.id, {"date_field": "begindate"})
    again = install_portal(db, cipher, installed_by=99, access_token="another", domain="moved.bitrix24.ru")
    assert (again.id, again.settings, again.domain) == (first.id, {"date_field": "begindate"}, "moved.bitrix24.ru")
    tokens = UserTokens(db, cipher)
    own = tokens.read(PairKey(first.id, 99, INSTALL))
    assert own is not None
    assert own.access_token == "another"
    assert tokens.read(PairKey(first.id, ADMINISTRATOR, INSTALL)) is None


def test_each_uninstall_and_the_install_after_it_begins_a_new_epoch(
    db: Database, cipher: Cipher, portals: Portals
) -> None:
    epochs = []
    for _ in range(2):
        epochs.append(install_portal(db, cipher).epoch)
        record = portals.uninstall("romashka")
        assert record is not None
        epochs.append(record.epoch)
    assert epochs == sorted(set(epochs))


def test_a_repeated_install_ends_nobodys_session(db: Database, cipher: Cipher) -> None:
    assert install_portal(db, cipher).epoch == install_portal(db, cipher).epoch


def test_an_erased_portal_that_comes_back_has_another_number(db: Database, cipher: Cipher, portals: Portals) -> None:
    first = install_portal(db, cipher)
    portals.erase("romashka")
    assert install_portal(db, cipher).id != first.id


def test_secrets_do_not_lie_in_the_database_as_they_are(db: Database, cipher: Cipher) -> None:
    install_portal(db, cipher)
    with db.reading() as session:
        stored = [
            str(value)
            for row in session.execute(select(UserToken.access_token, UserToken.refresh_token))
            for value in row
        ]
        stored.append(str(session.scalar(select(Portal.application_token))))
    assert len(stored) == 3
    assert not any("token" in value for value in stored)


def test_a_launch_refreshes_address_and_scopes_only(db: Database, cipher: Cipher, portals: Portals) -> None:
    before = install_portal(db, cipher)
    portals.launched(before.id, client_endpoint="https://new/rest/", domain="new", scopes={"crm"})
    after = portals.by_id(before.id)
    assert after is not None
    assert (after.client_endpoint, after.domain, after.scopes) == ("https://new/rest/", "new", {"crm"})
    assert (after.epoch, after.installed_by) == (before.epoch, before.installed_by)
    assert portals.has_application_token("romashka", "application token of romashka")


@pytest.mark.parametrize(
    ("member_id", "token", "known"),
    [
        ("romashka", "application token of romashka", True),
        ("romashka", "application token of vasilek", False),
        ("romashka", "", False),
        ("romashka", "\ud800", False),
        ("vasilek", "application token of vasilek", True),
        ("nobody", "application token of romashka", False),
        ("nobody", "no portal has this application token", False),
    ],
)
def test_an_application_token_is_known_for_its_own_portal_only(
    db: Database, cipher: Cipher, member_id: str, token: str, known: bool
) -> None:
    install_portal(db, cipher)
    install_portal(db, cipher, "vasilek")
    assert Portals(db, cipher).has_application_token(member_id, token) is known


def test_an_application_token_that_no_key_opens_is_nobodys(db: Database, cipher: Cipher) -> None:
    install_portal(db, cipher)
    other = Portals(db, Cipher(["another key"]))
    assert not other.has_application_token("romashka", "application token of romashka")


def test_an_install_without_an_application_token_keeps_the_stored_one(
    db: Database, cipher: Cipher, portals: Portals
) -> None:
    install_portal(db, cipher)
    install_portal(db, cipher, application_token="")
    assert portals.has_application_token("romashka", "application token of romashka")


def test_uninstalling_forgets_all_tokens_and_cancels_the_portals_reports_only(
    db: Database, cipher: Cipher, portals: Portals
) -> None:
    portal, other = install_portal(db, cipher), install_portal(db, cipher, "vasilek")
    tokens = UserTokens(db, cipher)
    tokens.save(portal.id, ALICE, PAIR)
    running, waiting, others = (queue_report(db, each) for each in (portal, portal, other))
    leases = ReportLeases(db)
    claimed = [leases.claim("w", 30), leases.claim("w", 30)]
    record = portals.uninstall("romashka")
    assert record is not None
    assert not record.installed
    assert tokens.read(PairKey(portal.id, ALICE)) is None
    assert tokens.read(PairKey(portal.id, ADMINISTRATOR, INSTALL)) is None
    mine = Reports(db).of(portal.id, ALICE)
    for report in (running, waiting):
        ended = mine.get(report.id)
        assert ended is not None
        assert (ended.status, ended.error_code) == ("cancelled", "app_uninstalled")
    left = Reports(db).of(other.id, ALICE).get(others.id)
    assert left is not None
    assert left.open
    beats = {lease.report.portal_id: leases.beat(lease).cancelled for lease in claimed if lease}
    assert beats == {portal.id: True, other.id: False}


def test_an_uninstall_that_comes_twice_is_still_known_as_genuine(
    db: Database, cipher: Cipher, portals: Portals
) -> None:
    install_portal(db, cipher)
    portals.uninstall("romashka")
    assert portals.has_application_token("romashka", "application token of romashka")
    assert portals.uninstall("nobody") is None


def test_erasing_leaves_no_row_of_the_portal_and_names_its_files(
    db: Database, cipher: Cipher, portals: Portals
) -> None:
    portal, other = install_portal(db, cipher), install_portal(db, cipher, "vasilek")
    names = [fill(db, cipher, each) for each in (portal, other)]
    assert portals.erase("romashka") == [names[0]]
    assert portals.erase("romashka") == []
    with db.reading() as session:
        left = {
            table.name: session.execute(select(table.c.portal_id).distinct()).scalars().all()
            for table in Base.metadata.sorted_tables
            if "portal_id" in table.c
        }
    assert set(map(tuple, left.values())) == {(other.id,)}


def test_what_is_stored_of_a_portal_is_counted_without_its_neighbours(
    db: Database, cipher: Cipher, portals: Portals
) -> None:
    portal, other = install_portal(db, cipher), install_portal(db, cipher, "vasilek")
    fill(db, cipher, portal)
    assert portals.holdings(portal.id) == {
        "reports": 1,
        "files": 1,
        "users": 1,
        "saved_sets": 1,
        "schedules": 1,
        "robot_runs": 1,
        "journal": 1,
        "tokens": 2,
    }
    assert portals.holdings(other.id) == {
        "reports": 0,
        "files": 0,
        "users": 0,
        "saved_sets": 0,
        "schedules": 0,
        "robot_runs": 0,
        "journal": 0,
        "tokens": 1,
    }


def fill(db: Database, cipher: Cipher, portal: PortalRecord) -> str:
    """One row of each kind. → the name of the report's file."""
    UserTokens(db, cipher).save(portal.id, ALICE, PAIR)
    PortalUsers(db).remember(portal.id, ALICE, "Алиса", False)
    PortalBuckets(db).bucket(portal.id).take()
    SavedSets(db).of(portal.id, ALICE).create("Квартал", {})
    make_schedule(db, portal)
    make_robot_run(db, cipher, portal)
    AuditLog(db).add(portal.id, ALICE, "Алиса", "built")
    Reports(db).of(portal.id, ALICE).create({}, "Алиса")
    lease = ReportLeases(db).claim("w", 30)
    assert lease is not None
    name = file_name(lease.report.id, lease.attempt, "xlsx")
    ReportLeases(db).done(lease, {}, [ReportFile("xlsx", name, 1)])
    Uninstalls(db).note(portal.member_id, clean=False, digest="")
    return name


ANSWERS: dict[str, Callable[[Uninstalls, PendingUninstall], object]] = {
    "it is there": lambda uninstalls, pending: uninstalls.installed(pending, None),
    "nobody can say": lambda uninstalls, pending: uninstalls.unknown(pending, timedelta(minutes=1)),
    "it is gone": lambda uninstalls, pending: uninstalls.carry_out(pending),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_that_an_opening_has_overtaken_changes_nothing(
    db: Database, cipher: Cipher, portals: Portals, answer: str
) -> None:
    """Between the question whether the app is gone and its answer somebody opens it, confirmed."""
    portal, uninstalls = install_portal(db, cipher), Uninstalls(db)
    pending = uninstalls.note(portal.member_id, clean=True, digest="digest")
    assert pending is not None
    portals.launched(portal.id, client_endpoint=portal.client_endpoint, domain=portal.domain, scopes=portal.scopes)
    assert not ANSWERS[answer](uninstalls, pending)
    assert portals.by_id(portal.id) == portal
    assert not portals.was_erased("digest")


def test_nothing_can_be_hung_on_an_erased_portal(db: Database, cipher: Cipher, portals: Portals) -> None:
    gone = install_portal(db, cipher)
    portals.erase("romashka")
    for attempt in (
        lambda: UserTokens(db, cipher).save(gone.id, ALICE, PAIR),
        lambda: PortalUsers(db).remember(gone.id, ALICE, "Алиса", False),
        lambda: PortalBuckets(db).bucket(gone.id).take(),
        lambda: SavedSets(db).of(gone.id, ALICE).create("Квартал", {}),
        lambda: make_schedule(db, gone),
        lambda: make_robot_run(db, cipher, gone),
        lambda: AuditLog(db).add(gone.id, ALICE, "Алиса", "built"),
        lambda: queue_report(db, gone),
    ):
        with pytest.raises(AppUninstalledError):
            attempt()


def test_the_license_family_is_remembered(db: Database, cipher: Cipher, portals: Portals) -> None:
    portal = install_portal(db, cipher)
    portals.set_license(portal.id, "ent")
    record = portals.by_id(portal.id)
    assert record is not None
    assert record.license_family == "ent"


def test_what_was_learnt_of_a_portal_is_kept_until_another_install(
    db: Database, cipher: Cipher, portals: Portals
) -> None:
    portal = install_portal(db, cipher)
    for name, value in {"a": "1", "b": "2", "c": "3"}.items():
        portals.remember(portal.id, name, value)
    portals.remember(portal.id, "a", "4")
    portals.remember(portal.id, "b", None)
    install_portal(db, cipher)
    assert {name: value for name, (value, _age) in portals.remembered(portal.id).items()} == {"a": "4", "c": "3"}
    portals.uninstall("romashka")
    install_portal(db, cipher)
    assert portals.remembered(portal.id) == {}


def test_of_what_was_learnt_the_oldest_goes(db: Database, cipher: Cipher, portals: Portals) -> None:
    portal = install_portal(db, cipher)
    with db.transaction() as session:
        kept = {f"{day}": ["x", f"2026-01-{day:02}T00:00:00+00:00"] for day in range(1, 32)}
        many = {f"later {each}": ["x", "2026-02-01T00:00:00+00:00"] for each in range(MOST_HABITS - 31)}
        session.execute(update(Portal).where(Portal.id == portal.id).values(habits={**kept, **many}))
    portals.remember(portal.id, "new", "y")
    found = portals.remembered(portal.id)
    assert len(found) == MOST_HABITS
    assert {"1", "2", "new"} & set(found) == {"2", "new"}


def test_an_unknown_portal_is_none(portals: Portals) -> None:
    assert portals.by_member_id("nobody") is None
    assert portals.by_id(4711) is None
    assert portals.settings(4711) == {}
    assert portals.erase("nobody") == []


def test_settings_that_somebody_else_has_changed_meanwhile_are_not_replaced(
    db: Database, cipher: Cipher, portals: Portals
) -> None:
    portal = install_portal(db, cipher)
    portals.save_settings(portal.id, {"report_days": 30}, expected=portal.settings)
    with pytest.raises(SettingsChangedError):
        portals.save_settings(portal.id, {"report_days": 60}, expected=portal.settings)
    assert portals.settings(portal.id) == {"report_days": 30}
    portals.save_settings(portal.id, {"report_days": 60}, expected={"report_days": 30})
    portals.save_settings(portal.id, {"report_days": 90})
    assert portals.settings(portal.id) == {"report_days": 90}


def test_of_two_who_replace_the_same_settings_at_once_one_is_told(
    db: Database, cipher: Cipher, portals: Portals
) -> None:
    portal, together = install_portal(db, cipher), threading.Barrier(2, timeout=60)

    def replace(days: int) -> bool:
        together.wait()
        try:
            portals.save_settings(portal.id, {"report_days": days}, expected=portal.settings)
        except SettingsChangedError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(replace, (30, 60))) == [False, True]
