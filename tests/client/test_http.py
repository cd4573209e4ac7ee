"""Connecting ends in time, whatever addresses the owner of a host's name has given it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from bitrix_app.bitrix24.http import HttpClient, Limits, NoAnswerError
from bitrix_app.errors import ReportCancelledError
from tests.client.raw_server import RawServer, answer, says

HOST = "many.example"
Addresses = list[tuple[str, int]]


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> Addresses:
    """The addresses of HOST, for the test to fill."""
    addresses: Addresses = []
    usual = socket.getaddrinfo

    def look_up(host: str, port: int, *args: Any, **options: Any) -> Any:
        if host != HOST:
            return usual(host, port, *args, **options)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return addresses


@pytest.fixture
def black_holes() -> Iterator[Addresses]:
    """Addresses at which a connection is neither taken nor refused: their queues are full."""
    with ExitStack() as open_ones:
        found = []
        for _hole in range(12):
            listener = open_ones.enter_context(socket.socket())
            listener.bind(("127.0.0.1", 0))
            listener.listen(0)
            found.append(listener.getsockname())
            for _waiting in range(2):
                waiting = open_ones.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex(listener.getsockname())
        yield found


def ask(http: HttpClient, port: int, host: str = HOST, **options: Any) -> bytes:
    return http.request("POST", f"http://{host}:{port}/rest/profile", headers={}, body=b"{}", **options).content


def test_a_name_with_many_dead_addresses_is_given_up_in_the_time_of_one_call(
    named: Addresses, black_holes: Addresses
) -> None:
    named += black_holes
    http = HttpClient(Limits(connect=0.3, read=1.0, total=0.7, max_bytes=1000))
    tried: list[None] = []
    with pytest.raises(NoAnswerError):
        ask(http, 80, watch=lambda: tried.append(None))
    assert 1 <= len(tried) <= 4
    http.close()


def test_the_next_address_is_tried_when_one_is_dead(named: Addresses, black_holes: Addresses) -> None:
    """A machine whose IPv6 leads nowhere still reaches the portal."""
    http = HttpClient(Limits(connect=0.2, read=5.0, total=20.0, max_bytes=1000))
    with RawServer(says(answer(b"{}"))) as server:
        port = int(server.root.rstrip("/").rpartition(":")[2])
        named += [black_holes[0], ("127.0.0.1", 1), ("127.0.0.1", port)]
        assert ask(http, port) == b"{}"
    http.close()


def test_a_cancelled_report_tries_no_further_address(named: Addresses, black_holes: Addresses) -> None:
    named += black_holes
    http = HttpClient(Limits(connect=0.2, read=60.0, total=60.0, max_bytes=1000))
    glances: list[None] = []

    def cancelled() -> None:
        glances.append(None)
        if len(glances) > 2:
            raise ReportCancelledError

    with pytest.raises(ReportCancelledError):
        ask(http, 80, watch=cancelled)
    assert len(glances) == 3
    http.close()


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "[::1]", "127.0.0.1"])
def test_a_host_that_nobody_answers_for_is_no_answer(host: str) -> None:
    http = HttpClient(Limits(connect=0.5, read=1.0, total=1.0, max_bytes=1000))
    with pytest.raises(NoAnswerError):
        ask(http, 1, host)
    http.close()
