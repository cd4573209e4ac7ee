"""Where portals may stand: the address that is connected to is judged, however the host's name is spelt or led."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_network
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from bitrix_app.bitrix24 import AccessToken, Transport
from bitrix_app.bitrix24.addresses import LOOPBACK, AddressRefusedError, Network, Resolver, admits
from bitrix_app.bitrix24.http import HttpClient, Limits, NoAnswerError
from bitrix_app.bitrix24.transport import Failure
from bitrix_app.errors import PortalAddressError, ReportCancelledError
from tests.client.raw_server import RawServer, answer, says
from tests.fakes import Surroundings

HOST = "portal.example"
OFFICE = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
USUAL = socket.getaddrinfo


@contextmanager
def leading(monkeypatch: pytest.MonkeyPatch, look_up: Callable[[], list[tuple[str, int]]]) -> Iterator[list[str]]:
    """HOST leads to what ``look_up`` says; → the hosts that were looked up."""
    asked: list[str] = []

    def found(host: str, port: int, *args: Any, **options: Any) -> Any:
        asked.append(host)
        if host != HOST:
            return USUAL(host, port, *args, **options)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in look_up()]

    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", found)
        yield asked


def a_client(networks: tuple[Network, ...] | None, *, total: float = 20.0) -> HttpClient:
    return HttpClient(Limits(connect=5.0, read=5.0, total=total, max_bytes=1000), networks=networks)


def port_of(server: RawServer) -> int:
    return int(server.root.rstrip("/").rpartition(":")[2])


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "0.1.2.3", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254",
        "172.16.0.1", "192.0.0.1", "192.168.0.1", "198.18.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1",
        "255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe",
        "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:7f00:1::1", "2002:a00:1::1", "2001:db8::1", "2001:0:1::1",
        "fc00::1", "fd12::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "4000::1",
    ],
)  # fmt: skip
def test_only_public_addresses_are_called(address: str) -> None:
    assert not admits(address, ())


@pytest.mark.parametrize("address", ["8.8.4.4", "195.208.1.1", "2a02:6b8::1", "::ffff:8.8.4.4", "64:ff9b::808:404"])
def test_public_addresses_are_called_whatever_networks_are_named(address: str) -> None:
    assert admits(address, ())
    assert admits(address, OFFICE)


@pytest.mark.parametrize(
    ("address", "admitted"),
    [("10.1.2.3", True), ("::ffff:10.1.2.3", True), ("fd00::5", True), ("192.168.0.1", False), ("127.0.0.1", False)],
)
def test_networks_that_are_named_are_called_too(address: str, admitted: bool) -> None:
    assert admits(address, OFFICE) is admitted


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1", "0.0.0.0", "localhost", "[::ffff:127.0.0.1]"],
)
def test_no_spelling_of_this_machine_is_connected_to(host: str) -> None:
    http = a_client(())
    with RawServer(says(answer(b"{}"))) as server:
        with pytest.raises(AddressRefusedError):
            http.request("POST", f"http://{host}:{port_of(server)}/rest/profile", headers={}, body=b"{}")
        assert server.connections == 0
    http.close()


def test_a_name_that_leads_elsewhere_the_next_time_is_looked_up_once_a_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """DNS rebinding: there is no second look-up between judging and connecting."""
    http = a_client(())
    with RawServer(says(answer(b"{}"))) as server:
        port = port_of(server)
        answers = iter([[("10.0.0.1", port)], [("127.0.0.1", port)], [("127.0.0.1", port)]])
        with leading(monkeypatch, lambda: next(answers)) as asked:
            for _ in range(2):
                with pytest.raises(AddressRefusedError):
                    http.request("POST", f"http://{HOST}:{port}/", headers={}, body=b"{}")
        assert asked == [HOST, HOST]
        assert server.connections == 0
    http.close()


def test_an_address_that_may_not_be_called_is_left_out_and_the_others_are_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Some names have an inner and an outer address."""
    http = a_client((ip_network("127.0.0.1/32"),))
    with RawServer(says(answer(b"{}"))) as server, leading(
        monkeypatch, lambda: [("10.0.0.1", 1), ("127.0.0.1", port_of(server))]
    ):  # fmt: skip
        assert http.request("POST", f"http://{HOST}:1/", headers={}, body=b"{}").content == b"{}"
    http.close()


def test_the_authorization_servers_stand_where_the_operator_says() -> None:
    http = a_client(None)
    with RawServer(says(answer(b"{}"))) as server:
        assert http.request("GET", server.root, headers={}).content == b"{}"
    http.close()


def test_this_machine_is_called_in_tests_unless_networks_are_named() -> None:
    """BITRIX_ALLOW_HTTP=1 is for tests and the demo, whose portal stands here; PORTAL_NETWORKS narrows it."""
    with RawServer(says(answer(b'{"result": 1}'))) as server:
        found = []
        for networks in ((), LOOPBACK, OFFICE):
            transport = Transport(allow_http=True, networks=networks)
            found.append(transport.send(AccessToken("t0ken", f"{server.root}rest/"), "profile", {}).failure)
            transport.close()
    assert found == [None, None, Failure.ADDRESS_REFUSED]


def test_a_portal_that_may_not_be_called_is_given_up_at_once() -> None:
    """Its address will not have changed in a second; the reason is named."""
    around = Surroundings()
    around.portal.faults = {("profile", 1): Failure.ADDRESS_REFUSED}
    with pytest.raises(PortalAddressError) as caught:
        around.client.profile()
    assert caught.value.code == "portal_address"
    assert around.portal.counts["profile"] == 1


# --- looking a name up


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """HOST's name servers say nothing until the test is over; → the hosts that were looked up."""
    over = threading.Event()

    def nothing() -> list[tuple[str, int]]:
        over.wait(60)
        return []

    with leading(monkeypatch, nothing) as asked:
        yield asked
        over.set()
        for each in threading.enumerate():
            if each.name == f"look-up {HOST}":
                each.join(30)


def test_a_silent_name_server_takes_no_longer_than_the_call_may(silent: list[str]) -> None:
    http = a_client((), total=0.3)
    with pytest.raises(NoAnswerError):
        http.request("POST", f"http://{HOST}/", headers={}, body=b"{}")
    http.close()


def test_a_cancelled_report_waits_for_no_name_server(silent: list[str]) -> None:
    http = a_client((), total=60.0)
    glances: list[None] = []

    def cancelled() -> None:
        glances.append(None)
        if len(glances) > 1:
            raise ReportCancelledError

    with pytest.raises(ReportCancelledError):
        http.request("POST", f"http://{HOST}/", headers={}, body=b"{}", watch=cancelled)
    assert len(glances) == 2
    http.close()


def test_all_who_wait_for_a_name_share_one_question(silent: list[str]) -> None:
    """A hostile portal's silent name servers hold one thread, however often it is called."""
    resolver = Resolver()

    def soon() -> float:
        raise TimeoutError

    for _ in range(5):
        with pytest.raises(TimeoutError):
            resolver.addresses(HOST, 443, soon)
    assert silent.count(HOST) <= 1
    assert [each.name for each in threading.enumerate()].count(f"look-up {HOST}") == 1


# --- the guards are in use


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_every_connection_of_the_client_is_a_guarded_one(scheme: str) -> None:
    """urllib3 and requests are told which classes to use through names of their own, which a new version may change:
    then no address would be judged and no deadline kept."""
    http = a_client(())
    request = requests.Request("GET", f"{scheme}://{HOST}/").prepare()
    adapter = http._session.get_adapter(f"{scheme}://{HOST}/")
    assert isinstance(adapter, HTTPAdapter)
    pool = adapter.get_connection_with_tls_context(request, verify=True)
    connection = pool._new_conn()
    assert type(pool).__name__ == {"http": "GuardedPool", "https": "GuardedSecurePool"}[scheme]
    assert type(connection).__name__ == {"http": "GuardedConnection", "https": "GuardedSecureConnection"}[scheme]
    assert connection._new_conn.__module__ == "bitrix_app.bitrix24.http"
    assert connection.response_class.func.__name__ == "_GuardedResponse"
    http.close()
