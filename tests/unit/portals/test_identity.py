"""Who is calling: only what the authorization server says."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from bitrix_app.bitrix24 import TokenOwner
from bitrix_app.errors import (
    AuthorizationServerError,
    AuthorizationServerUnavailableError,
    ForeignTokenError,
    MissingFieldError,
    PortalMismatchError,
)
from bitrix_app.portals import CallerCheck

NETWORK = "192.0.2.1"
OWNER = TokenOwner("member", "https://x.bitrix24.ru/rest/", "x.bitrix24.ru", 5, frozenset({"crm"}), 1_800_000_000)


@dataclass
class FakeServer:
    """An authorization server that knows one token."""

    failure: Exception | None = None
    asked: list[str] = field(default_factory=list)

    def confirm(self, access_token: str, told: str = "", remembered: str | None = None) -> TokenOwner:
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
    ("failure", "refusal"),
    [
        (ForeignTokenError(), ForeignTokenError),
        (AuthorizationServerUnavailableError(), AuthorizationServerUnavailableError),
        (AuthorizationServerError(), AuthorizationServerUnavailableError),
    ],
)
def test_a_server_that_does_not_confirm_lets_nobody_in(failure: Exception, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        CallerCheck(FakeServer(failure)).confirm("token", "member", NETWORK)


@pytest.mark.parametrize("member_id", ["Member", "membe", "member ", "другой", "\ud800"])
def test_another_portals_member_id_is_refused(member_id: str) -> None:
    with pytest.raises(PortalMismatchError):
        CallerCheck(FakeServer()).confirm("token", member_id, NETWORK)


@pytest.mark.parametrize(
    ("token", "member_id", "refusal"),
    [
        ("", "member", MissingFieldError),
        (" ", "member", MissingFieldError),
        ("token", "", MissingFieldError),
        ("to ken", "member", ForeignTokenError),
        ("to\0ken", "member", ForeignTokenError),
        ("t" * 2049, "member", ForeignTokenError),
    ],
)
def test_what_cannot_be_a_token_is_refused_without_asking(token: str, member_id: str, refusal: type[Exception]) -> None:
    server = FakeServer()
    with pytest.raises(refusal):
        CallerCheck(server).confirm(token, member_id, NETWORK)
    assert server.asked == []
