"""Opening and installing the app: what is kept of a confirmed caller, what the portal is asked, what may fail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bitrix_app.errors import (
    AdminRequiredError,
    AppError,
    AuthorizationServerUnavailableError,
    NotInstalledError,
    PortalBusyError,
    UnexpectedAnswerError,
)
from bitrix_app.portals import Event, InstallForm, LaunchForm, SeenUser, complete_settings, end_request
from bitrix_app.portals.clients import InteractiveBucket
from bitrix_app.portals.install import fresh_pair
from bitrix_app.storage import USER, Cipher, Database, PairKey, PortalRecord
from tests.seed import install_portal
from tests.unit.portals.opening import ALICE, APP, EXPIRES, MEMBER, NETWORK, Office, profile

FORM = LaunchForm(MEMBER, "access-1", "refresh-1")
INSTALL = InstallForm(MEMBER, "access-1", "refresh-1", "application token")
MOVED = "https://roza.bitrix24.ru/rest/"
FIELDS = {
    "begindate": {"type": "date", "title": "Дата выставления"},
    "ufCrmPaid": {"type": "date", "title": "Дата оплаты"},
}
INSTALLED: dict[str, Any] = {
    "app.info": {"result": {"LICENSE_FAMILY": "ent"}},
    "placement.get": {"result": []},
    "placement.bind": {"result": True},
    "event.get": {"result": []},
    "event.bind": {"result": True},
    "crm.item.fields": {"result": {"fields": FIELDS}},
}


@pytest.fixture
def office(db: Database, cipher: Cipher) -> Iterator[Office]:
    """The app in one portal; a request that a test has begun is at its end with the test."""
    yield Office(db, cipher)
    end_request()


@pytest.fixture
def portal(office: Office) -> PortalRecord:
    return install_portal(office.db, office.cipher)


# --- access -------------------------------------------------------------------------------------------------------


def test_a_user_is_asked_for_once_a_minute(office: Office, portal: PortalRecord) -> None:
    """What the portal said counts for a minute; then an administrator of yesterday is none any more."""
    office.launcher.enter(office.caller(), FORM)
    office.portal.answers["profile"] = profile(admin=True)
    assert office.access.require_admin(portal, ALICE).name == "Лиддел Алиса"
    office.portal.answers["profile"] = profile()
    office.clock.advance(59)
    assert office.access.require_admin(portal, ALICE).is_admin
    assert len(office.portal.asked("profile")) == 1
    office.clock.advance(2)
    with pytest.raises(AdminRequiredError):
        office.access.require_admin(portal, ALICE)
    assert len(office.portal.asked("profile")) == 2


def test_a_portal_that_describes_somebody_else_is_not_believed(office: Office, portal: PortalRecord) -> None:
    office.launcher.enter(office.caller(), FORM)
    office.portal.answers["profile"] = profile(8, admin=True)
    with pytest.raises(UnexpectedAnswerError):
        office.access.user(portal, ALICE)
    assert office.access.known(portal, ALICE) is None


@pytest.mark.parametrize(
    ("access", "said", "may"),
    [
        ({"mode": "everybody"}, {}, True),
        ({"mode": "admins"}, {}, False),
        ({"mode": "admins"}, {"admin": True}, True),
        ({"mode": "chosen", "users": [ALICE]}, {}, True),
        ({"mode": "chosen", "users": [8]}, {}, False),
        ({"mode": "chosen", "users": [8]}, {"admin": True}, True),
        ({"mode": "chosen", "departments": [3]}, {"departments": ["3", 4]}, True),
        ({"mode": "chosen", "departments": [3]}, {"departments": [4]}, False),
        ({"mode": "chosen", "departments": [3]}, {"departments": "3"}, False),
    ],
)
def test_who_has_access_to_reports(
    office: Office, portal: PortalRecord, access: dict[str, Any], said: dict[str, Any], may: bool
) -> None:
    """Everybody, chosen people and departments; administrators always."""
    chosen = {"users": [], "departments": [], **access}
    office.portals.save_settings(portal.id, {**complete_settings({}), "builders": chosen})
    office.launcher.enter(office.caller(scopes=frozenset({"crm", "user_brief"})), FORM)
    office.portal.answers["profile"] = profile(admin=said.get("admin", False))
    office.portal.answers["user.current"] = {"result": {"ID": "7", "UF_DEPARTMENT": said.get("departments")}}
    standing = office.portals.by_id(portal.id)
    assert standing is not None
    assert office.access.has_report_access(standing, ALICE) is may


# --- launch -------------------------------------------------------------------------------------------------------


def test_a_launch_keeps_the_users_pair_and_tells_who_they_are(office: Office, portal: PortalRecord) -> None:
    opened = office.launcher.launch(office.caller(), FORM)
    assert opened.user == SeenUser(ALICE, "Лиддел Алиса", False, "")
    pair = office.tokens.read(PairKey(portal.id, ALICE, USER))
    assert pair is not None
    assert (pair.access_token, pair.refresh_token, pair.expires_at) == ("access-1", "refresh-1", EXPIRES)
    assert [token.value for token in office.portal.tokens_seen] == ["access-1"]


def test_a_launch_works_with_the_address_that_was_just_confirmed(office: Office, portal: PortalRecord) -> None:
    """After a move: the record that it returns is the new one, and the call goes there."""
    opened = office.launcher.launch(office.caller(client_endpoint=MOVED, domain="roza.bitrix24.ru"), FORM)
    assert (opened.portal.client_endpoint, opened.portal.domain) == (MOVED, "roza.bitrix24.ru")
    assert [token.client_endpoint for token in office.portal.tokens_seen] == [MOVED]


def test_a_silent_authorization_server_does_not_cost_the_page(office: Office, portal: PortalRecord) -> None:
    """The access token must be renewed, and nobody renews it: what was known before is shown."""
    office.launcher.launch(office.caller(), FORM)
    office.clock.advance(61)
    office.portal.faults["profile", 2] = (401, {"error": "expired_token"})
    office.server.failure = AuthorizationServerUnavailableError()
    for number in range(3, 9):
        office.portal.faults["profile", number] = (401, {"error": "expired_token"})
    opened = office.launcher.launch(office.caller(), FORM)
    assert opened.user == SeenUser(ALICE, "Лиддел Алиса", False, "")
    assert office.server.asked >= 1


def test_a_busy_portal_does_not_cost_the_page_and_loses_no_place(office: Office, portal: PortalRecord) -> None:
    """The page opens at once without a name; the bucket is as it was."""
    bucket = office.clients._bucket(portal)
    bucket.penalize(1.5)
    opened = office.launcher.launch(office.caller(), FORM)
    assert (opened.user, office.portal.seen) == (None, [])
    assert bucket.take() < 1.5 + 0.75 + 0.01


def test_a_portal_without_the_app_is_told_who_can_help(office: Office) -> None:
    with pytest.raises(NotInstalledError) as caught:
        office.launcher.launch(office.caller(), FORM)
    assert caught.value.code == "not_installed"


def test_a_page_that_renews_its_session_keeps_the_refresh_token(office: Office, portal: PortalRecord) -> None:
    office.launcher.enter(office.caller(), FORM)
    office.launcher.enter(office.caller(access_token="access-2"), LaunchForm(MEMBER, "access-2", None))
    pair = office.tokens.read(PairKey(portal.id, ALICE, USER))
    assert pair is not None
    assert (pair.access_token, pair.refresh_token) == ("access-2", "refresh-1")


# --- install ------------------------------------------------------------------------------------------------------


def test_an_administrator_installs_the_app(office: Office) -> None:
    office.portal.answers |= INSTALLED | {"profile": profile(admin=True)}
    done = office.installer.install(office.caller(), INSTALL)
    assert [(step.code, step.error) for step in done.steps] == [
        (code, None) for code in ("stored", "license", "placements", "events", "settings")
    ]
    assert (done.error, done.portal.installed, done.portal.license_family) == (None, True, "ent")
    assert len(office.portal.asked("placement.bind")) == 7
    assert [each["handler"] for each in office.portal.asked("event.bind")] == [f"{APP}/events"]
    assert complete_settings(done.portal.settings)["paid_field"] == "ufCrmPaid"
    for key in (PairKey(done.portal.id, ALICE, USER), PairKey(done.portal.id, ALICE, "install")):
        pair = office.tokens.read(key)
        assert pair is not None
        assert (pair.access_token, pair.refresh_token, pair.expires_at) == ("access-1", "refresh-1", EXPIRES)
    assert office.access.known(done.portal, ALICE) == SeenUser(ALICE, "Лиддел Алиса", True, "")


def test_an_employee_installs_nothing(office: Office) -> None:
    with pytest.raises(AdminRequiredError):
        office.installer.install(office.caller(), INSTALL)
    assert office.portals.by_member_id(MEMBER) is None


def test_an_installation_names_the_step_that_failed_and_does_the_others(office: Office) -> None:
    office.portal.answers |= INSTALLED | {"profile": profile(admin=True)}
    office.portal.faults["placement.bind", 3] = (403, {"error": "insufficient_scope"})
    stopped = office.installer.install(office.caller(), INSTALL)
    assert [(step.code, step.error is None) for step in stopped.steps] == [
        ("stored", True),
        ("license", True),
        ("placements", False),
        ("events", True),
        ("settings", True),
    ]
    assert stopped.error is not None
    assert stopped.error.code == "insufficient_scope"
    assert office.installer.install(office.caller(), INSTALL).error is None


def test_a_repeat_keeps_the_settings_that_were_chosen(office: Office) -> None:
    office.portal.answers |= INSTALLED | {"profile": profile(admin=True)}
    portal = office.installer.install(office.caller(), INSTALL).portal
    office.portals.save_settings(portal.id, {**complete_settings({}), "paid_field": "ufCrmOther"})
    again = office.installer.install(office.caller(), INSTALL).portal
    assert complete_settings(again.settings)["paid_field"] == "ufCrmOther"
    assert len(office.portal.asked("crm.item.fields")) == 1


@pytest.mark.parametrize(("confirmed", "kept"), [(EXPIRES, EXPIRES), (None, 1_790_003_600)])
def test_a_pair_lives_as_long_as_was_confirmed_or_an_hour(office: Office, confirmed: int | None, kept: int) -> None:
    pair = fresh_pair(office.caller(expires_at=confirmed), "refresh-1", office.clock())
    assert (pair.expires_at, pair.refresh_token) == (kept, "refresh-1")
    assert fresh_pair(office.caller(), "", office.clock()).refresh_token is None


def test_forms_and_events_show_no_token() -> None:
    """A repr goes into logs and tracebacks."""
    pair = {"access_token": "access-1", "refresh_token": "refresh-1", "application_token": "application token"}
    shown = repr(FORM) + repr(INSTALL) + repr(Event("ONAPPINSTALL", auth=pair, data={}))
    for secret in ("access-1", "refresh-1", "application token"):
        assert secret not in shown


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("refresh_token", "", "missing_field"),
        ("refresh_token", "with space", "malformed_field"),
        ("application_token", "with space", "malformed_field"),
    ],
)
def test_an_install_form_is_complete_before_anybody_is_asked(office: Office, field: str, value: str, code: str) -> None:
    form = {"member_id": MEMBER, "access_token": "a", "refresh_token": "r", "application_token": "t", field: value}
    with pytest.raises(AppError) as caught:
        office.installer.confirm(InstallForm(**form), NETWORK)
    assert (caught.value.code, office.server.asked) == (code, 0)


def test_an_installation_has_more_time_than_a_page(office: Office) -> None:
    """Known portals are asked through their bucket, within the longer time; longer waits keep no place."""
    portal = install_portal(office.db, office.cipher)
    bucket = office.clients._bucket(portal)
    bucket.penalize(50.0)
    office.portal.answers |= INSTALLED | {"profile": profile(admin=True)}
    with pytest.raises(PortalBusyError) as caught:
        office.installer.install(office.caller(), INSTALL)
    assert caught.value.retry_after == pytest.approx(51, abs=10)  # less what the machine took
    assert office.portal.seen == []
    office.clients.begin_request()
    with office.clients.for_caller(office.caller(), portal, times=3) as client:
        shared = client._session._bucket
        assert isinstance(shared, InteractiveBucket)
        assert 8 < shared._deadline.remaining() <= 24
    assert bucket.take() <= 50.75 + 0.01  # a kept place would come on top
