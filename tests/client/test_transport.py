"""Over a real socket: what the transport says about answers of every kind, and how long it takes to say it."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import responses

from bitrix_app.bitrix24 import AccessToken, Transport
from bitrix_app.bitrix24.transport import Exchange, Failure
from bitrix_app.errors import ReportCancelledError, UnexpectedAnswerError
from tests.client.raw_server import RawServer, Script, answer, drips, says, silent
from tests.fakes import Surroundings

GOOD = b'{"result": [1]}'
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@contextmanager
def talking(script: Script, **limits: Any) -> Iterator[tuple[RawServer, Callable[..., Exchange]]]:
    """A server and a function that makes a call to it."""
    transport = Transport(allow_http=True, **limits)
    with RawServer(script) as server:
        try:
            yield (
                server,
                lambda **kwargs: transport.send(
                    AccessToken("secret-token", f"{server.root}rest/"), "crm.item.list", {"start": -1}, **kwargs
                ),
            )
        finally:
            transport.close()


def test_the_call_is_a_post_with_the_token_in_the_body() -> None:
    """A call posts JSON to the method under the REST address; the token is in the body and nowhere else."""
    with talking(says(answer(GOOD))) as (server, send):
        exchange = send()

    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /rest/crm.item.list HTTP/1.1\r\n")
    assert b"secret-token" not in head
    assert json.loads(body) == {"start": -1, "auth": "secret-token"}
    headers = {line.lower() for line in head.decode().split("\r\n")[1:]}
    assert f"x-request-id: {exchange.request_id}" in headers
    assert headers >= {"content-type: application/json", "accept: application/json", "accept-encoding: gzip"}
    assert (exchange.status, exchange.body, exchange.failure) == (200, {"result": [1]}, None)
    assert (exchange.sent_bytes, exchange.received_bytes) == (len(body), len(GOOD))


@pytest.mark.parametrize(
    "script",
    [
        says(answer(GOOD), keep=True),
        says(CHUNKED, b"5\r\n" + GOOD[:5] + b"\r\n", b"a\r\n" + GOOD[5:] + b"\r\n", b"0\r\n\r\n", keep=True),
        says(answer(gzip.compress(GOOD), "Content-Encoding: gzip"), keep=True),
    ],
)
def test_connections_are_kept_alive(script: Script) -> None:
    """Calls one after another use one connection, however the answers are framed."""
    with talking(script) as (server, send):
        assert [send().body for _ in range(5)] == [{"result": [1]}] * 5
        assert server.connections == 1


TROUBLED = {
    "closed without an answer": (says(), Failure.NO_ANSWER),
    "cut in the status line": (says(b"HTTP/1.1 20"), Failure.NO_ANSWER),
    "cut in the headers": (says(b"HTTP/1.1 200 OK\r\nContent-Len"), Failure.NOT_JSON),
    "not HTTP": (says(b"220 smtp.example ESMTP\r\n"), Failure.NO_ANSWER),
    "shorter than announced": (says(answer(GOOD, length=500)), Failure.NO_ANSWER),
    "a chunk cut": (says(CHUNKED, b"ff\r\n" + GOOD), Failure.NO_ANSWER),
    "the last chunk missing": (says(CHUNKED, b"f\r\n" + GOOD + b"\r\n"), Failure.NO_ANSWER),
    "a chunk of nonsense": (says(CHUNKED, b"zz\r\n" + GOOD), Failure.NO_ANSWER),
    "cut without a length": (says(b"HTTP/1.1 200 OK\r\n\r\n" + GOOD[:7]), Failure.NOT_JSON),
    "broken compression": (says(answer(b"\x1f\x8b nonsense", "Content-Encoding: gzip")), Failure.NO_ANSWER),
    "an empty body": (says(answer(b"")), Failure.NOT_JSON),
    "an HTML page": (says(answer(b"<html>", status="502 Bad Gateway")), Failure.NOT_JSON),
    "a redirect": (says(answer(b"", "Location: http://127.0.0.1:9/", status="302 Found")), Failure.MOVED),
    "a little longer than we take": (says(answer(b'"' + b"x" * (4 * 2**20 - 1) + b'"')), Failure.UNSAFE),
    "longer than we take": (says(answer(b'["' + b"x" * 9_000_000 + b'"]')), Failure.UNSAFE),
    "endless": (drips(CHUNKED, b"10000\r\n" + b" " * 65536 + b"\r\n", 0), Failure.UNSAFE),
    "a gzip bomb": (
        says(answer(gzip.compress(b" " * 100_000_000, compresslevel=9), "Content-Encoding: gzip")),
        Failure.UNSAFE,
    ),
    "our own token as an error code": (says(answer(b'{"error": "x secret-token"}')), Failure.UNSAFE),
}


@pytest.mark.parametrize(("script", "failure"), TROUBLED.values(), ids=TROUBLED.keys())
def test_a_bad_answer_is_named(script: Script, failure: Failure) -> None:
    """Each way an answer can be broken is told apart, and nothing of a broken body gets further."""
    with talking(script) as (_, send):
        exchange = send()

    assert (exchange.failure, exchange.body) == (failure, None)


def test_nobody_listening_is_no_answer(transport: Transport) -> None:
    """A refused connection has no status."""
    exchange = transport.send(AccessToken("t", "https://127.0.0.1:1/rest/"), "profile", {})

    assert (exchange.status, exchange.failure) == (None, Failure.NO_ANSWER)


SLOW = {
    "in the body": drips(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b" ", 0.02),
    "in the chunks": drips(CHUNKED, b"1\r\n \r\n", 0.02),
    "in the headers": drips(b"HTTP/1.1 200 OK\r\nX: ", b"x", 0.02),
    "in the status line": drips(b"", b"H", 0.02),
}


@pytest.mark.parametrize("script", SLOW.values(), ids=SLOW.keys())
def test_a_dripping_answer_ends_at_the_total_time(script: Script) -> None:
    """A byte now and then keeps nobody longer than the total time of a call, wherever it drips."""
    with talking(script, total_timeout=0.3) as (_, send):
        assert send().failure is Failure.NO_ANSWER


def test_silence_ends_at_the_read_timeout() -> None:
    """A portal that accepts the call and says nothing is waited for as long as its read time-out."""
    with talking(silent, read_timeout=0.2) as (_, send):
        assert send().failure is Failure.NO_ANSWER


def test_a_cancelled_report_does_not_wait_for_the_answer() -> None:
    """What the watch raises ends a call that hangs."""
    cancelled = threading.Event()

    def watch() -> None:
        if cancelled.is_set():
            raise ReportCancelledError

    def cancelled_meanwhile(connection: Any, over: threading.Event) -> bool:
        cancelled.set()
        return silent(connection, over)

    with talking(cancelled_meanwhile) as (server, send), pytest.raises(ReportCancelledError):
        send(watch=watch)

    assert len(server.requests) == 1


def test_a_client_looks_at_its_stop_signal_while_a_portal_hangs() -> None:
    """A report that is cancelled after its call has gone out ends without the answer."""
    transport = Transport(allow_http=True)
    around = Surroundings(portal=transport)

    def cancelled_meanwhile(connection: Any, over: threading.Event) -> bool:
        around.stop.stopped = ReportCancelledError()
        return silent(connection, over)

    with RawServer(cancelled_meanwhile) as server:
        around.tokens.endpoint = f"{server.root}rest/"
        with pytest.raises(ReportCancelledError):
            around.client.call("profile")
    transport.close()


def test_the_longest_answer_is_taken() -> None:
    """Four megabytes, to the byte."""
    with talking(says(answer(b'"' + b"x" * (4 * 2**20 - 2) + b'"'))) as (_, send):
        exchange = send()

    assert (exchange.failure, exchange.received_bytes) == (None, 4 * 2**20)


def test_closing_hangs_up() -> None:
    """A transport that is closed keeps no connection open."""
    transport = Transport(allow_http=True)
    with RawServer(says(answer(GOOD), keep=True)) as server:
        transport.send(AccessToken("secret-token", f"{server.root}rest/"), "profile", {})
        assert not server.hung_up.acquire(blocking=False)
        transport.close()
        assert server.hung_up.acquire(timeout=60)


def test_a_redirect_is_not_followed() -> None:
    """The address in a redirect gets no connection."""
    with RawServer(says(answer(GOOD))) as elsewhere:
        moved = answer(b"", f"Location: {elsewhere.root}rest/crm.item.list", status="307 Temporary Redirect")
        with talking(says(moved)) as (server, send):
            assert send().failure is Failure.MOVED

    assert (len(server.requests), elsewhere.connections) == (1, 0)


@pytest.mark.parametrize(
    ("status", "failure"),
    [("299 Odd", None), ("300 Multiple Choices", Failure.MOVED), ("399 Odd", Failure.MOVED), ("400 Bad Request", None)],
)
def test_any_status_of_three_hundred_is_a_redirect(status: str, failure: Failure | None) -> None:
    """Whatever a redirect says is not read; every other answer is."""
    with talking(says(answer(GOOD, status=status))) as (_, send):
        exchange = send()

    assert (exchange.failure, exchange.body) == (failure, None if failure else {"result": [1]})


def test_cookies_are_not_taken() -> None:
    """What a portal sets as a cookie is not sent back."""
    with talking(says(answer(GOOD, "Set-Cookie: spy=1; Path=/"), keep=True)) as (server, send):
        send()
        send()

    assert b"cookie" not in server.requests[1].lower()


def test_the_environment_names_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment gets no token."""
    with RawServer(says(answer(GOOD))) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.root)
        monkeypatch.setenv("no_proxy", "")
        with talking(says(answer(GOOD))) as (_, send):
            assert send().status == 200

    assert proxy.connections == 0


@pytest.mark.parametrize(
    "address",
    [
        "http://romashka.example/rest/",
        "ftp://romashka.example/rest/",
        "https://user:password@romashka.example/rest/",
        "https://romashka.example/rest/?auth=",
        "https://romashka.example\\@evil.example/rest/",
        "https://romashka.example:99999/rest/",
        "https:///rest/",
        "//romashka.example/rest/",
        "",
    ],
)
def test_a_token_goes_to_https_addresses_only(transport: Transport, http: responses.RequestsMock, address: str) -> None:
    """An address that is not a plain https one gets no call."""
    with pytest.raises(UnexpectedAnswerError):
        transport.send(AccessToken("t", address), "profile", {})

    assert len(http.calls) == 0


def test_twelve_threads_share_one_transport() -> None:
    """Calls of several threads do not disturb each other's answers or deadlines."""

    def script(connection: Any, over: threading.Event) -> bool:
        connection.sendall(answer(GOOD))
        return True

    found: list[Any] = []
    with talking(script) as (_, send):
        threads = [threading.Thread(target=lambda: found.extend(send().body for _ in range(20))) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=20)

    assert found == [{"result": [1]}] * 240
