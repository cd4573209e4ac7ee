"""No token, secret, body or query string reaches an exception, a log line or a repr."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from bitrix_app.bitrix24 import AccessToken, AuthorizationServer, Bitrix24Client, RenewedPair, Transport
from bitrix_app.bitrix24.transport import Exchange
from bitrix_app.errors import AppError
from tests.client.raw_server import RawServer, Script, answer, says
from tests.fakes import Surroundings

ACCESS, REFRESH, CLIENT_SECRET, TITLE = "access-1", "refresh-secret", "client-secret", "Ромашка"
SECRETS = (ACCESS, REFRESH, CLIENT_SECRET, TITLE, "romashka-body")
BODY = b'{"error": "expired_token", "error_description": "romashka-body"}'

SCRIPTS: dict[str, Script] = {
    "dropped": says(),
    "cut": says(answer(BODY, length=900)),
    "not JSON": says(answer(b"<html>romashka-body")),
    "an error": says(answer(BODY, status="401 Unauthorized")),
    "broken": says(answer(BODY, status="500 Internal Server Error")),
    "headers that cannot be read": says(b"HTTP/1.1 200 OK\r\nno header but access-1\r\nContent-Length: 2\r\n\r\n{}"),
    "a wrong shape": says(answer(b'{"result": {"client_id": "romashka-body", "romashka-body": 1}}')),
    "echoed": says(answer(b'{"error": "access-1 refresh-secret client-secret"}', status="400 Bad Request")),
}


@pytest.fixture
def logs(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """All that was logged at any level."""
    caplog.set_level(logging.DEBUG)
    for name in ("urllib3", "urllib3.connection", "urllib3.connectionpool"):
        caplog.set_level(logging.DEBUG, logger=name)
    return lambda: "\n".join([caplog.text, *(repr(record.__dict__) for record in caplog.records)])


def whole_story(error: BaseException | None) -> str:
    """An exception with everything that hangs on it, as a log would show it."""
    told = []
    while error is not None:
        told += [repr(error), repr(error.__dict__), *traceback.format_exception(error)]
        error = error.__cause__ or error.__context__
    return "\n".join(told)


def assert_no_secret(text: str) -> None:
    assert [secret for secret in SECRETS if secret in text] == []


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS.keys())
def test_a_failed_call_tells_no_secret(script: Script, logs: Callable[[], str]) -> None:
    """Whatever goes wrong with a call, its story holds neither the token nor what was sent or response."""
    transport = Transport(allow_http=True)
    with RawServer(script) as server:
        around = Surroundings(portal=transport)
        around.tokens.endpoint = f"{server.root}rest/"
        with pytest.raises(AppError) as caught:
            around.client.invoice_page(filter={"=title": TITLE}, select=["id"], after_id=None, counted=True)
    transport.close()

    assert_no_secret(whole_story(caught.value))
    assert_no_secret(repr(around.observer.calls))
    assert_no_secret(logs())


ASK: dict[str, Callable[[AuthorizationServer], Any]] = {
    "confirm": lambda server: server.confirm(ACCESS),
    "renew": lambda server: server.renew(REFRESH),
}


@pytest.mark.parametrize("ask", ASK.values(), ids=ASK.keys())
@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS.keys())
def test_a_failed_question_tells_no_secret(
    script: Script, ask: Callable[[AuthorizationServer], Any], logs: Callable[[], str]
) -> None:
    """Tokens and the client secret stand in the address: no log of the HTTP library shows it, no exception keeps it."""
    with RawServer(script) as listening:
        server = AuthorizationServer(
            roots=(listening.root,), client_id="ours", client_secret=CLIENT_SECRET, allow_http=True
        )
        with pytest.raises(AppError) as caught:
            ask(server)
        server.close()

    assert listening.requests
    assert_no_secret(whole_story(caught.value))
    assert_no_secret(logs())


@pytest.mark.parametrize("ask", ASK.values(), ids=ASK.keys())
def test_a_question_that_nobody_hears_tells_no_secret(
    ask: Callable[[AuthorizationServer], Any], logs: Callable[[], str]
) -> None:
    """The HTTP library's own error names the whole address: it is not kept."""
    server = AuthorizationServer(
        roots=("http://127.0.0.1:1",), client_id="ours", client_secret=CLIENT_SECRET, allow_http=True
    )
    with pytest.raises(AppError) as caught:
        ask(server)
    server.close()

    assert_no_secret(whole_story(caught.value))
    assert_no_secret(logs())


def test_the_http_library_still_logs_where_it_went(logs: Callable[[], str]) -> None:
    """Only the query is cut off: whoever looks for a fault sees the path and the status."""
    with RawServer(SCRIPTS["an error"]) as listening:
        server = AuthorizationServer(
            roots=(listening.root,), client_id="ours", client_secret=CLIENT_SECRET, allow_http=True
        )
        with pytest.raises(AppError):
            server.confirm(ACCESS)
        server.close()

    assert "GET /rest/app.info?…" in logs()
    assert "401" in logs()


@pytest.mark.parametrize(
    "value",
    [
        AccessToken("access-1", "https://romashka.example/rest/"),
        RenewedPair("access-1", "refresh-secret", 1, "member", 7, "https://romashka.example/rest/"),
        Exchange("profile", 200, body={"result": "romashka-body"}),
        AuthorizationServer(roots=("https://oauth.example",), client_id="ours", client_secret=CLIENT_SECRET),
    ],
)
def test_a_repr_shows_no_secret(value: object) -> None:
    """Values that hold secrets do not show them."""
    assert_no_secret(repr(value) + str(value) + f"{[value]}")


def test_a_client_shows_nothing(around: Surroundings) -> None:
    """A client's repr does not lead to its tokens."""
    assert isinstance(around.client, Bitrix24Client)
    assert_no_secret(repr(around.client))
