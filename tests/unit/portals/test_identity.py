"""Who is calling: only what the authorization server says."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from bitrix_app.bitrix24 import TokenOwner
from bitrix_app.errors import (
    AuthorizationServerError,
    AuthorizationServerUnavailableError,
    ForeignTokenError,
    RejectedRequestError,
)
from bitrix_app.portals import CallerCheck

NETWORK = "192.0.2.1"
OWNER = TokenOwner("member", "https://x.bitrix24.ru/rest/", "x.bitrix24.ru", 5, frozenset({"crm"}), 1_800_000_000)


@dataclass
class FakeServer:
    """An authorization server that knows one token."""

    failure: Exception | None = None
    asked: list[str] = field(default_factory=list)

    def confirm(self, access_token: str) -> TokenOwner:
        self.asked.append(access_token)
        if self.failure:
            raise self.failure
        return OWNER


def test_a_caller_is_what_the_authorization_server_says() -> None:
    caller = CallerCheck(FakeServer()).confirm("token", "member", NETWORK)
    assert (caller.user_id, caller.client_endpoint, caller.domain) == (5, OWNER.client_endpoint, OWNER.domain)
    assert (caller.scopes, caller.expires_at) == (OWNER.scopes, OWNER.expires_at)
    assert "token" not in repr(caller).replace("access_token", "")


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (ForeignTokenError(), 401, "foreign_token"),
        (AuthorizationServerUnavailableError(), 503, "authorization_server_unavailable"),
        (AuthorizationServerError(), 503, "authorization_server_unavailable"),
    ],
)
def test_a_server_that_does_not_confirm_lets_nobody_in(failure: Exception, status: int, code: str) -> None:
    with pytest.raises(RejectedRequestError) as refused:
        CallerCheck(FakeServer(failure)).confirm("token", "member", NETWORK)
    assert (refused.value.status, refused.value.code) == (status, code)
    assert (refused.value.retry_after is not None) == (status == 503)


@pytest.mark.parametrize("member_id", ["Member", "membe", "member ", "другой", "\ud800"])
def test_another_portals_member_id_is_refused(member_id: str) -> None:
    with pytest.raises(RejectedRequestError) as refused:
        CallerCheck(FakeServer()).confirm("token", member_id, NETWORK)
    assert (refused.value.status, refused.value.code) == (401, "portal_mismatch")


@pytest.mark.parametrize(
    ("token", "member_id", "status", "code"),
    [
        ("", "member", 400, "missing_field"),
        (" ", "member", 400, "missing_field"),
        ("token", "", 400, "missing_field"),
        ("to ken", "member", 401, "foreign_token"),
        ("to\0ken", "member", 401, "foreign_token"),
        ("t" * 2049, "member", 401, "foreign_token"),
    ],
)
def test_what_cannot_be_a_token_is_refused_without_asking(token: str, member_id: str, status: int, code: str) -> None:
    server = FakeServer()
    with pytest.raises(RejectedRequestError) as refused:
        CallerCheck(server).confirm(token, member_id, NETWORK)
    assert (refused.value.status, refused.value.code, server.asked) == (status, code, [])
