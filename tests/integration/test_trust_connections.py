"""The web server of ``python app.py``: nobody fills its disk with a body, or its places with silence."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import requests

from app import BODY_BYTES
from tests.integration.house import House, open_house
from tests.live import free_port, served

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def port_of(house: House) -> Iterator[int]:
    """The port at which the application is served as ``app.py`` serves it."""
    port = free_port()
    with served(house.app, house.services.settings, port):
        yield port


@pytest.fixture
def port(house: House) -> Iterator[int]:
    """Where the application is served."""
    with port_of(house) as port:
        yield port


def pour(connection: socket.socket, megabytes: int) -> None:
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    for _ in range(megabytes):
        connection.sendall(chunk)


def test_a_body_that_would_fill_the_disk_is_refused_before_it_is_sent(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(f"POST /app HTTP/1.1\r\nHost: x\r\nContent-Length: {BODY_BYTES + 1}\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


def test_a_body_without_a_length_ends_too(port: int) -> None:
    """A chunked one is cut off when it has become too long."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(b"POST /app HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        with pytest.raises(ConnectionError):
            pour(connection, megabytes=200)


def test_a_body_of_ten_megabytes_is_refused_in_the_apps_own_words(port: int) -> None:
    address = f"http://127.0.0.1:{port}/api/v1/session"
    answer = requests.post(address, data=b"x" * 10_000_000, timeout=30, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (413, "application/problem+json")


def test_silent_connections_keep_nobody_out(port: int) -> None:
    """Two hundred clients that begin a request and never end it."""
    with ExitStack() as open_ones:
        for _ in range(200):
            connection = open_ones.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60))
            connection.sendall(b"POST /app HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\na")
        assert requests.get(f"http://127.0.0.1:{port}/healthz", timeout=60).status_code == 200


@pytest.mark.parametrize("door", ["/install", "/app", "/events", "/api/v1/session"])
def test_the_nginx_site_counts_every_spelling_of_a_door(house: House, door: str) -> None:
    """The app takes an address with a slash at its end too: no way around the limit."""
    site = (ROOT / "deploy" / "nginx" / "invoice-register-https.conf").read_text(encoding="utf-8")
    limited = re.findall(r"location ~ (\S+) \{\s+limit_req ", site)
    assert limited
    for spelling in (door, f"{door}/"):
        assert house.app.test_client().post(spelling).status_code != 404
        assert any(re.search(each, spelling) for each in limited)


@pytest.mark.parametrize(
    ("hops", "answers"),
    [
        ("0", [400, 429, 429, 429]),  # everybody's header is ignored: the connection counts
        ("1", [400, 429, 400, 429]),  # what the one proxy has seen counts, whatever the client wrote before it
    ],
)
def test_floods_are_counted_by_the_address_that_our_own_proxy_has_seen(
    hops: str, answers: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bitrix_app.web.limits.UNCONFIRMED_OF_NETWORK", "1 per minute")
    forwarded = ["203.0.113.5", "198.51.100.1, 203.0.113.5", "203.0.113.6", "203.0.113.7, 203.0.113.6"]
    with open_house(tmp_path, f"sqlite:///{tmp_path}/app.db", PROXY_HOPS=hops) as house, port_of(house) as port:
        house.services.database.migrate()
        fields = {"member_id": "nobody"}
        address = f"http://127.0.0.1:{port}/app"
        got = [requests.post(address, data=fields, headers={"X-Forwarded-For": each}, timeout=30) for each in forwarded]
    assert [each.status_code for each in got] == answers


def test_no_forwarded_header_changes_a_link(tmp_path: Path) -> None:
    """Links are made from APP_URL, behind a proxy too."""
    with open_house(tmp_path, f"sqlite:///{tmp_path}/app.db", PROXY_HOPS="1") as house, port_of(house) as port:
        headers = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http", "X-Forwarded-Prefix": "/evil"}
        answer = requests.get(f"http://127.0.0.1:{port}/", headers=headers, timeout=30)
    assert answer.status_code == 200
    assert "evil" not in answer.text
