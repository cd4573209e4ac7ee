"""The web server of ``python app.py``: nobody fills its disk with a body, or its places with silence."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests
from waitress.server import create_server

from app import BODY_BYTES, server_options
from tests.integration.house import House
from tests.live import free_port

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def port(house: House) -> Iterator[int]:
    """The port at which the application is served as ``app.py`` serves it."""
    port = free_port()
    server = create_server(house.app, host="127.0.0.1", port=port, **server_options(house.services.settings))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield port
    server.close()
    thread.join(5)


def pour(connection: socket.socket, megabytes: int) -> None:
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    for _ in range(megabytes):
        connection.sendall(chunk)


def test_a_body_that_would_fill_the_disk_is_refused_before_it_is_sent(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(f"POST /app HTTP/1.1\r\nHost: x\r\nContent-Length: {BODY_BYTES + 1}\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


def test_a_body_without_a_length_ends_too(port: int) -> None:
    """A chunked one is cut off when it has become too long."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
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
            connection = open_ones.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
            connection.sendall(b"POST /app HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\na")
        assert requests.get(f"http://127.0.0.1:{port}/healthz", timeout=10).status_code == 200


@pytest.mark.parametrize("door", ["/install", "/app", "/events", "/api/v1/session"])
def test_the_nginx_site_counts_every_spelling_of_a_door(house: House, door: str) -> None:
    """The app takes an address with a slash at its end too: no way around the limit."""
    site = (ROOT / "deploy" / "nginx" / "invoice-register.conf").read_text(encoding="utf-8")
    found = re.search(r"location ~ (\S+) \{\s+limit_req ", site)
    assert found
    for spelling in (door, f"{door}/"):
        assert house.app.test_client().post(spelling).status_code != 404
        assert re.search(found.group(1), spelling)
