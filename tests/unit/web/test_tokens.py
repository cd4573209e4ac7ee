"""Session tokens and download links: bound, short-lived, signed by the first key, read by all."""

from __future__ import annotations

import pytest

from bitrix_app.errors import RejectedRequestError
from bitrix_app.web.session import DownloadClaims, SessionClaims, SignedTokens
from demo_portal import ManualClock

SESSION = SessionClaims(portal_id=3, epoch=17, user_id=5, lang="ru")
DOWNLOAD = DownloadClaims(portal_id=3, epoch=17, user_id=5, report_id="a", format="xlsx")


def refused(call: object, token: str) -> tuple[int, str]:
    with pytest.raises(RejectedRequestError) as error:
        call(token)  # type: ignore[operator]  # one of the two readers
    return error.value.status, error.value.code


def test_what_was_signed_is_read() -> None:
    signed = SignedTokens(["key"])
    assert signed.read_session(signed.session(SESSION)[0]) == SESSION
    assert signed.read_download(signed.download(DOWNLOAD)) == DOWNLOAD


def test_a_session_lasts_an_hour_and_a_link_ten_minutes() -> None:
    clock = ManualClock()
    signed = SignedTokens(["key"], clock)
    session, expires_at = signed.session(SESSION)
    link = signed.download(DOWNLOAD)
    assert expires_at == clock() + 3600
    clock.advance(599)
    assert signed.read_download(link) == DOWNLOAD
    clock.advance(1)
    assert refused(signed.read_download, link) == (410, "link_expired")
    clock.advance(2999)
    assert signed.read_session(session) == SESSION
    clock.advance(1)
    assert refused(signed.read_session, session) == (401, "session_expired")


def test_one_kind_is_not_read_as_the_other() -> None:
    signed = SignedTokens(["key"])
    assert refused(signed.read_session, signed.download(DOWNLOAD)) == (401, "session_invalid")
    assert refused(signed.read_download, signed.session(SESSION)[0]) == (404, "link_invalid")


@pytest.mark.parametrize("token", ["", ".", "..", "a.b", "é", "a" * 10_000, "eyJ9.x", "\0"])
def test_what_is_no_token_is_refused(token: str) -> None:
    signed = SignedTokens(["key"])
    assert refused(signed.read_session, token) == (401, "session_invalid")
    assert refused(signed.read_download, token) == (404, "link_invalid")


def test_the_first_key_signs_and_all_are_read() -> None:
    old, rotated, new = SignedTokens(["old"]), SignedTokens(["new", "old"]), SignedTokens(["new"])
    assert rotated.read_session(old.session(SESSION)[0]) == SESSION
    assert new.read_session(rotated.session(SESSION)[0]) == SESSION
    assert refused(new.read_session, old.session(SESSION)[0]) == (401, "session_invalid")
