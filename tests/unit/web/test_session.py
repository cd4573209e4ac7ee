"""The session of an API call: who has one, until when, and what belongs to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest
from flask import Flask

from bitrix_app.errors import RejectedRequestError
from bitrix_app.storage import PortalRecord
from bitrix_app.web.i18n import current_language
from bitrix_app.web.limits import MEMORY, RATE_LIMITS, RateLimits
from bitrix_app.web.services import SERVICES
from bitrix_app.web.session import (
    SIGNED_TOKENS,
    Session,
    SessionClaims,
    SignedTokens,
    installed_portal,
    new_session,
    require_session,
    session,
)
from demo_portal import ManualClock

PORTAL = PortalRecord(
    id=3,
    member_id="m",
    client_endpoint="https://x.bitrix24.ru/rest/",
    domain="x.bitrix24.ru",
    status="installed",
    scopes=frozenset({"crm"}),
    license_family=None,
    installed_by=1,
    settings={"time_zone": "Asia/Vladivostok"},
    epoch=17,
)


@dataclass
class Doors:
    """The application behind the session: one portal, a clock, signed tokens."""

    app: Flask
    clock: ManualClock
    signed: SignedTokens
    portal: PortalRecord | None = PORTAL

    def enter(self, token: str | None = None, scheme: str = "Bearer ") -> Session:
        """The session of a call with this token; ``None``: one that was made for the portal."""
        with self.app.test_request_context("/"):
            given = new_session(PORTAL, 5, "en")[0] if token is None else token
        headers = {"Authorization": f"{scheme}{given}"} if given else {}
        with self.app.test_request_context("/", headers=headers):
            require_session()
            return session()


@pytest.fixture
def doors(app: Flask) -> Doors:
    made = Doors(app, clock := ManualClock(), SignedTokens(["key"], clock))

    def by_id(portal_id: int) -> PortalRecord | None:
        return made.portal if made.portal and portal_id == made.portal.id else None

    app.extensions[SERVICES] = SimpleNamespace(
        portals=SimpleNamespace(by_id=by_id),
        access=SimpleNamespace(require_open=lambda portal, user_id: None),
        clock=clock,
    )
    app.extensions[SIGNED_TOKENS] = made.signed
    app.extensions[RATE_LIMITS] = RateLimits(MEMORY)
    return made


def refused(doors: Doors, *args: str) -> tuple[int, str]:
    with pytest.raises(RejectedRequestError) as caught:
        doors.enter(*args)
    return caught.value.status, caught.value.code


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER   "])
def test_a_token_opens_a_session_of_its_user_portal_and_language(doors: Doors, scheme: str) -> None:
    found = doors.enter(None, scheme)
    assert (found.portal, found.user_id, found.lang) == (PORTAL, 5, "en")


@pytest.mark.parametrize(("token", "scheme"), [("", ""), (" ", "Bearer "), ("x.y", "Basic "), ("x.y", "Bearer")])
def test_without_a_bearer_token_there_is_no_session(doors: Doors, token: str, scheme: str) -> None:
    assert refused(doors, token, scheme) == (401, "session_required")


def test_a_session_ends_with_its_hour(doors: Doors) -> None:
    token, expires_at = doors.signed.session(SessionClaims(PORTAL.id, PORTAL.epoch, 5, "ru"))
    doors.clock.advance(expires_at - 1 - doors.clock())
    assert doors.enter(token).user_id == 5
    doors.clock.advance(expires_at - doors.clock())
    assert refused(doors, token) == (401, "session_expired")


@pytest.mark.parametrize(
    "portal", [None, replace(PORTAL, status="uninstalled"), replace(PORTAL, epoch=18), replace(PORTAL, epoch=16)]
)
def test_a_session_ends_with_the_install_that_it_belongs_to(doors: Doors, portal: PortalRecord | None) -> None:
    """The portal is gone, the app was removed from it, or installed anew since."""
    doors.portal = portal
    assert refused(doors) == (401, "session_expired")
    with doors.app.test_request_context("/"):
        assert installed_portal(PORTAL.id, PORTAL.epoch) is None


@pytest.mark.parametrize(("lang", "read"), [("en", "en"), ("ru", "ru"), ("xx", "ru")])
def test_the_answer_is_in_the_pages_language(doors: Doors, lang: str, read: str) -> None:
    """Whatever the browser prefers; a language that we have no more reads Russian."""
    token, _ = doors.signed.session(SessionClaims(PORTAL.id, PORTAL.epoch, 5, lang))
    headers = {"Authorization": f"Bearer {token}", "Accept-Language": "de"}
    with doors.app.test_request_context("/", headers=headers):
        require_session()
        assert current_language() == read


def test_today_is_the_portals(doors: Doors) -> None:
    """22:30 in UTC is tomorrow in Vladivostok."""
    doors.clock.advance(datetime(2026, 3, 31, 22, 30, tzinfo=UTC).timestamp() - doors.clock())
    found = doors.enter()
    with doors.app.test_request_context("/"):
        assert found.today == date(2026, 4, 1)
        assert Session(replace(PORTAL, settings={"time_zone": "Mars/Olympus"}), 5, "ru").today == date(2026, 3, 31)
