"""Whose token is it, and a new pair for a spent one: what the authorization server may say, and what we make of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests
import responses
from responses import matchers

from bitrix_app import errors
from bitrix_app.bitrix24 import AuthorizationServer, RenewedPair, TokenOwner
from bitrix_app.errors import AuthorizationServerUnavailableError, ForeignTokenError
from tests.client.raw_server import RawServer, answer, drips, says, silent

OAUTH = "https://oauth.example"
INFO = f"{OAUTH}/rest/app.info"
TOKEN = f"{OAUTH}/oauth/token/"
NOW = 1_790_000_000


@pytest.fixture
def server() -> Iterator[AuthorizationServer]:
    made = AuthorizationServer(
        roots=(OAUTH,), client_id="local.ours", client_secret="client-secret", clock=lambda: float(NOW)
    )
    yield made
    made.close()


def info(install: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """The answer to a genuine token, with what is given put in its place."""
    portal = {
        "member_id": "a223c6b3710f85df22e9377d6c4f7553",
        "client_endpoint": "https://romashka.example/rest/",
        "domain": "romashka.example",
        "installed": True,
    }
    usual = {"client_id": "local.ours", "user_id": 7, "scope": "crm,placement", "expires": NOW + 3600}
    return {"result": {**usual, "install": {**portal, **(install or {})}, **fields}}


def in_the_form(asked: dict[str, str]) -> Callable[[Any], tuple[bool, str]]:
    """Whether a request carries these fields in its body, and nothing in its address."""

    def matches(request: Any) -> tuple[bool, str]:
        form = dict(parse_qsl(request.body.decode()))
        return form == asked and "?" not in request.url, f"asked by {request.url}, form {sorted(form)}"

    return matches


def pair(**fields: Any) -> dict[str, Any]:
    """A renewal's answer, with what is given put in its place."""
    usual = {
        "access_token": "new-access",
        "refresh_token": "new-refresh",
        "client_endpoint": "https://romashka.example/rest/",
        "domain": "oauth.example",
        "expires": NOW + 3600,
        "expires_in": 3600,
        "member_id": "a223c6b3710f85df22e9377d6c4f7553",
        "scope": "crm",
        "status": "L",
        "user_id": 7,
    }
    return {name: value for name, value in {**usual, **fields}.items() if value is not ...}


# --- whose token is this ------------------------------------------------------------------------------------------


def test_a_genuine_token_has_an_owner(server: AuthorizationServer, http: responses.RequestsMock) -> None:
    """Portal, address, user and scopes come from the authorization server, asked with the token that came."""
    http.get(INFO, json=info(), match=[matchers.query_param_matcher({"auth": "the-token"})])

    assert server.confirm("the-token") == TokenOwner(
        member_id="a223c6b3710f85df22e9377d6c4f7553",
        client_endpoint="https://romashka.example/rest/",
        domain="romashka.example",
        user_id=7,
        scopes=frozenset({"crm", "placement"}),
        expires_at=NOW + 3600,
        root=OAUTH,
    )


@pytest.mark.parametrize(
    ("given", "attribute", "value"),
    [
        (info(user_id="7"), "user_id", 7),
        (info(scope=["crm", "user_brief"]), "scopes", {"crm", "user_brief"}),
        (info(scope=""), "scopes", set()),
        (info(scope=None, install={"scope": "crm"}), "scopes", {"crm"}),
        (info(scope=None), "scopes", set()),
        (info(expires=str(NOW + 5)), "expires_at", NOW + 5),
        (info(expires="2030-01-01T03:00:00+03:00"), "expires_at", 1893456000),
        (info(expires="2030-01-01T00:00:00"), "expires_at", 1893456000),
        (info(expires=None), "expires_at", None),
        (info({"client_endpoint": "https://roza.example/rest"}), "client_endpoint", "https://roza.example/rest/"),
        (info({"domain": None}), "domain", "romashka.example"),
        (info({"domain": "evil; frame-ancestors *"}), "domain", "romashka.example"),
        (info({"domain": "", "client_endpoint": "https://x.example:8443/rest/"}), "domain", "x.example:8443"),
    ],
)
def test_the_answers_many_spellings_are_read(
    server: AuthorizationServer, http: responses.RequestsMock, given: Any, attribute: str, value: Any
) -> None:
    """Numbers as text, scopes as list or text, moments in three spellings, an address without its slash."""
    http.get(INFO, json=given)

    assert getattr(server.confirm("t"), attribute) == value


FOREIGN = {
    "unknown": (401, {"error": "invalid_token"}),
    "expired": (401, {"error": "expired_token"}),
    "an error in a good status": (200, {"error": "invalid_token"}),
    "an error without a code": (400, {}),
    "another application's": (200, info(client_id="local.theirs")),
    "another application's, odd letters": (200, info(client_id="local.ours\ud800")),
    "expired by its own word": (200, info(expires=NOW)),
    "of a portal on plain http": (200, info({"client_endpoint": "http://romashka.example/rest/"})),
    "of a portal with a user in its address": (200, info({"client_endpoint": "https://a:b@romashka.example/rest/"})),
    "of a portal with a query in its address": (200, info({"client_endpoint": "https://romashka.example/rest/?a="})),
    "of a portal without a host": (200, info({"client_endpoint": "https:///rest/"})),
}


@pytest.mark.parametrize(("status", "body"), FOREIGN.values(), ids=FOREIGN.keys())
def test_a_token_that_is_not_ours_is_foreign(
    server: AuthorizationServer, http: responses.RequestsMock, status: int, body: Any
) -> None:
    """Forged, expired, another application's, or of a portal that we must not call."""
    http.get(INFO, status=status, body=json.dumps(body))

    with pytest.raises(ForeignTokenError):
        server.confirm("t")


NO_ANSWER: dict[str, dict[str, Any]] = {
    "a broken server": {"status": 500, "json": {"error": "INTERNAL_SERVER_ERROR"}},
    "a proxy's page": {"status": 502, "body": "<html>"},
    "a page in a good status": {"body": "<html>"},
    "a page that forbids": {"status": 403, "body": "<html>"},
    "too many requests": {"status": 429, "json": {"error": "QUERY_LIMIT_EXCEEDED"}},
    "a redirect": {"status": 302, "headers": {"Location": "https://evil.example/"}},
    "a dropped connection": {"body": requests.ConnectionError("…?auth=the-token")},
    "no time": {"body": requests.ReadTimeout("…?auth=the-token")},
    "half a JSON": {"body": '{"result": {"client_id"'},
    "a list": {"json": []},
    "nothing": {"json": {}},
    "no owner": {"json": {"result": None}},
    "an odd owner": {"json": {"result": "me"}},
    "no application": {"json": info(client_id=None)},
    "no user": {"json": info(user_id=0)},
    "a user who is true": {"json": info(user_id=True)},
    "no portal": {"json": info({"member_id": ""})},
    "a portal that is a list": {"json": info({"member_id": ["a"]})},
    "a portal with a line break": {"json": info({"member_id": "a\nb"})},
    "no install": {"json": {"result": {"client_id": "local.ours", "user_id": 7}}},
    "an odd moment": {"json": info(expires="soon")},
    "not a number": {"body": '{"result": NaN}'},
}


@pytest.mark.parametrize("said", NO_ANSWER.values(), ids=NO_ANSWER.keys())
def test_what_confirms_nothing_is_no_answer(
    server: AuthorizationServer, http: responses.RequestsMock, said: dict[str, Any]
) -> None:
    """Without a clear answer nobody is believed and nobody is called a stranger."""
    http.get(INFO, **said)

    with pytest.raises(AuthorizationServerUnavailableError):
        server.confirm("t")


def test_plain_http_portals_are_accepted_where_that_is_set(http: responses.RequestsMock) -> None:
    """BITRIX_ALLOW_HTTP=1 accepts portals on plain http."""
    http.get(INFO, json=info({"client_endpoint": "http://127.0.0.1:8000/rest/"}, expires=None))
    server = AuthorizationServer(roots=(OAUTH,), client_id="local.ours", client_secret="s", allow_http=True)

    assert server.confirm("t").client_endpoint == "http://127.0.0.1:8000/rest/"
    server.close()


# --- a new pair ---------------------------------------------------------------------------------------------------


def test_a_refresh_token_buys_a_new_pair(server: AuthorizationServer, http: responses.RequestsMock) -> None:
    """The documented request, and all that its answer tells."""
    asked = {
        "grant_type": "refresh_token",
        "client_id": "local.ours",
        "client_secret": "client-secret",
        "refresh_token": "old-refresh",
    }
    http.post(TOKEN, json=pair(), match=[in_the_form(asked)])

    assert server.renew("old-refresh") == RenewedPair(
        access_token="new-access",
        refresh_token="new-refresh",
        expires_at=NOW + 3600,
        member_id="a223c6b3710f85df22e9377d6c4f7553",
        user_id=7,
        client_endpoint="https://romashka.example/rest/",
        root=OAUTH,
    )


@pytest.mark.parametrize(
    ("fields", "expires_at"),
    [
        ({"expires": ..., "expires_in": 1800}, NOW + 1800),
        ({"expires": ..., "expires_in": "1800"}, NOW + 1800),
        ({"expires": ..., "expires_in": ...}, NOW + 3600),
        ({"expires": ..., "expires_in": None}, NOW + 3600),
        ({"expires": str(NOW + 60)}, NOW + 60),
    ],
)
def test_a_pair_without_its_moment_lives_an_hour(
    server: AuthorizationServer, http: responses.RequestsMock, fields: dict[str, Any], expires_at: int
) -> None:
    """The refresh token is spent: a pair is not thrown away because its lifetime is told otherwise."""
    http.post(TOKEN, json=pair(**fields))

    assert server.renew("r").expires_at == expires_at


REFUSED: list[tuple[int, Any, type[errors.AppError]]] = [
    (400, {"error": "invalid_grant"}, errors.InvalidGrantError),
    (200, {"error": "invalid_grant"}, errors.InvalidGrantError),
    (402, {"error": "PAYMENT_REQUIRED"}, errors.PaymentRequiredError),
    (200, {"error": "payment_required"}, errors.PaymentRequiredError),
    (401, {"error": "invalid_client"}, errors.AuthorizationServerError),
    (400, {"error": ["invalid_grant"]}, errors.AuthorizationServerError),
    (400, {}, errors.AuthorizationServerError),
    (500, {"error": "invalid_grant"}, errors.AuthorizationServerUnavailableError),
    (429, {"error": "invalid_grant"}, errors.AuthorizationServerUnavailableError),
    (302, {}, errors.AuthorizationServerUnavailableError),
    (200, {}, errors.AuthorizationServerUnavailableError),
    (200, [], errors.AuthorizationServerUnavailableError),
    (200, pair(access_token=""), errors.AuthorizationServerUnavailableError),
    (200, pair(access_token=["a"]), errors.AuthorizationServerUnavailableError),
    (200, pair(refresh_token=...), errors.AuthorizationServerUnavailableError),
    (200, pair(member_id=None), errors.AuthorizationServerUnavailableError),
    (200, pair(user_id="me"), errors.AuthorizationServerUnavailableError),
    (200, pair(client_endpoint="http://romashka.example/rest/"), errors.AuthorizationServerUnavailableError),
]


@pytest.mark.parametrize(("status", "body", "kind"), REFUSED)
def test_a_renewal_that_fails_says_why(
    server: AuthorizationServer, http: responses.RequestsMock, status: int, body: Any, kind: type[errors.AppError]
) -> None:
    """Spent, unpaid, refused otherwise, or no answer at all."""
    http.post(TOKEN, status=status, json=body)

    with pytest.raises(errors.AppError) as caught:
        server.renew("r")

    assert type(caught.value) is kind


# --- two servers --------------------------------------------------------------------------------------------------

OTHER = "https://oauth.other.example"


@pytest.fixture
def both() -> Iterator[AuthorizationServer]:
    made = AuthorizationServer(
        roots=(OAUTH, OTHER), client_id="local.ours", client_secret="client-secret", clock=lambda: float(NOW)
    )
    yield made
    made.close()


@pytest.mark.parametrize("told", [OTHER, f"{OTHER}/", f"{OTHER}/rest", f"{OTHER}/rest/"])
def test_a_named_root_is_asked_alone(both: AuthorizationServer, http: responses.RequestsMock, told: str) -> None:
    """With and without what hangs under it."""
    http.get(f"{OTHER}/rest/app.info", json=info())

    assert both.confirm("t", told, OAUTH).root == OTHER


@pytest.mark.parametrize(
    "told",
    [
        "",
        "https://evil.example/rest/",
        f"{OTHER}.evil.example/rest/",
        f"{OTHER}@evil.example/",
        f"{OTHER}/rest/../x",
        "http://oauth.other.example/rest/",
    ],
)
def test_a_word_that_is_no_root_is_not_looked_at(
    both: AuthorizationServer, http: responses.RequestsMock, told: str
) -> None:
    """One is asked, then the other, and nobody else: what is not registered here would fail the test."""
    http.get(INFO, status=401, json={"error": "invalid_token"})
    http.get(f"{OTHER}/rest/app.info", json=info())

    assert both.confirm("t", told).root == OTHER


OUTCOMES: list[tuple[int, int, type[errors.AppError]]] = [
    (400, 400, errors.InvalidGrantError),
    (400, 401, errors.InvalidGrantError),
    (401, 400, errors.InvalidGrantError),
    (401, 401, errors.AuthorizationServerError),
    (500, 400, errors.AuthorizationServerUnavailableError),
    (400, 500, errors.AuthorizationServerUnavailableError),
]


@pytest.mark.parametrize(("first", "second", "kind"), OUTCOMES)
def test_a_renewal_that_both_refuse_is_refused_and_silence_is_none(
    both: AuthorizationServer, http: responses.RequestsMock, first: int, second: int, kind: type[errors.AppError]
) -> None:
    """An application that one of them does not know is no spent token."""
    codes = {400: {"error": "invalid_grant"}, 401: {"error": "invalid_client"}, 500: {}}
    http.post(TOKEN, status=first, json=codes[first])
    http.post(f"{OTHER}/oauth/token/", status=second, json=codes[second])

    with pytest.raises(errors.AppError) as caught:
        both.renew("r")

    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("told", "root"),
    [(f"{OTHER}/rest/", OTHER), ("https://evil.example/rest/", OAUTH), (None, OAUTH), (["x"], OAUTH), (..., OAUTH)],
)
def test_a_renewal_tells_which_root_serves_the_portal_now(
    both: AuthorizationServer, http: responses.RequestsMock, told: Any, root: str
) -> None:
    """If it is one of ours; whatever else stands there costs nobody the new pair."""
    http.post(TOKEN, json=pair(server_endpoint=told))

    assert both.renew("r", OAUTH).root == root


# --- slow, dead, crowded ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("script", [silent, drips(b"HTTP/1.1 200 OK\r\nX: ", b"x", 0.02), says()])
def test_a_dead_server_is_waited_for_a_few_seconds_only(script: Any) -> None:
    """Neither silence nor a byte now and then holds anybody longer than the total time."""
    with RawServer(script) as dead:
        server = AuthorizationServer(
            roots=(dead.root,), client_id="c", client_secret="s", allow_http=True, total_timeout=0.3
        )
        with pytest.raises(AuthorizationServerUnavailableError):
            server.confirm("t")
        server.close()


def test_closing_hangs_up() -> None:
    """A client of the authorization server that is closed keeps no connection open."""
    with RawServer(says(answer(b'{"error": "invalid_token"}', status="401 Unauthorized"), keep=True)) as live:
        server = AuthorizationServer(roots=(live.root,), client_id="c", client_secret="s", allow_http=True)
        assert said_by(server) == "foreign_token"
        assert not live.hung_up.acquire(blocking=False)
        server.close()
        assert live.hung_up.acquire(timeout=60)


def test_a_crowd_waits_for_a_place_and_not_longer_than_an_answer_may_take() -> None:
    """Nobody is told at once that the server is away because others ask it; it is asked by so many at once."""
    arrived, let_go = threading.Semaphore(0), threading.Event()

    def script(connection: Any, over: threading.Event) -> bool:
        arrived.release()
        let_go.wait(60)
        connection.sendall(answer(b'{"error": "invalid_token"}', status="401 Unauthorized"))
        return True

    with RawServer(script) as slow:
        server = AuthorizationServer(roots=(slow.root,), client_id="c", client_secret="s", allow_http=True, at_once=3)
        told: list[str] = []
        threads = [threading.Thread(target=lambda: told.append(said_by(server))) for _ in range(5)]
        for thread in threads:
            thread.start()
        for _ in range(3):
            assert arrived.acquire(timeout=60)
        assert (slow.connections, told) == (3, [])

        let_go.set()
        for thread in threads:
            thread.join(timeout=60)
        assert told == ["foreign_token"] * 5
        assert slow.connections == 3
        server.close()


def test_whoever_gets_no_place_is_told_that_the_server_is_away() -> None:
    let_go = threading.Event()

    def script(connection: Any, over: threading.Event) -> bool:
        let_go.wait(60)
        return False

    with RawServer(script) as slow:
        server = AuthorizationServer(
            roots=(slow.root,), client_id="c", client_secret="s", allow_http=True, at_once=1, total_timeout=0.3
        )
        with server._places:
            assert said_by(server) == "authorization_server_unavailable"
        assert slow.connections == 0
        let_go.set()
        server.close()


def said_by(server: AuthorizationServer) -> str:
    """The code of what the server says about a token."""
    with pytest.raises(errors.AppError) as caught:
        server.confirm("t")
    return caught.value.code
