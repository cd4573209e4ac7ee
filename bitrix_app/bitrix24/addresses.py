"""Which addresses are called: what a REST address looks like, and where on the network its host may stand.

A host's name leads wherever its owner says at that moment. So the address that a socket is about to connect to is
judged, not the name, and nothing is looked up in between: names that lead inside, odd spellings of inner addresses and
names that change between two look-ups (DNS rebinding) all end there.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Collection
from concurrent.futures import Future, wait
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

Network = IPv4Network | IPv6Network

LOOPBACK: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_PRINTABLE = r"[^\s\\@?#\x00-\x1f\x7f\ud800-\udfff"
_ENDPOINT = re.compile(rf"https?://{_PRINTABLE}/]+(/{_PRINTABLE}]*)?")
_LONGEST_ENDPOINT = 500


class AddressRefusedError(Exception):
    """The host's name leads to addresses that are not called, and to no other."""


def checked_endpoint(address: str, *, allow_http: bool) -> str:
    """``address`` with a trailing slash.

    Raises ValueError unless it is an absolute https address (http too where ``allow_http``) with a host and without
    user, query or fragment.
    """
    if len(address) > _LONGEST_ENDPOINT or not _ENDPOINT.fullmatch(address):
        raise ValueError("not a REST address")
    parts = urlsplit(address)
    if not parts.hostname or (parts.port or 1) < 1:
        raise ValueError("a REST address without a host")
    if parts.scheme != "https" and not allow_http:
        raise ValueError("a REST address must be https")
    return address if address.endswith("/") else f"{address}/"


def reachable(networks: Collection[Network], *, allow_http: bool) -> Collection[Network]:
    """Where portals may stand besides public addresses: in ``networks``; where none are named and plain http is allowed
    (tests, the demo), on this machine."""
    return networks or (LOOPBACK if allow_http else ())


def admits(address: str, networks: Collection[Network]) -> bool:
    """Whether this numeric address is called: a public one, or one in ``networks``.

    IPv6 addresses that stand for an IPv4 address (mapped, NAT64, 6to4) are judged as that one.
    """
    meant = _meant(ip_address(address))
    if any(meant in network for network in networks):
        return True
    if isinstance(meant, IPv6Address):
        return meant.is_global and meant in _GLOBAL_UNICAST
    return meant.is_global and not meant.is_multicast


def _meant(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour or address


def refused_addresses(host: str, networks: Collection[Network]) -> list[str]:
    """The addresses to which a host's name leads, where none of them may be called; empty where one may, or where it
    leads nowhere."""
    try:
        found = {str(address[0]) for *_, address in look_up(host, 443)}
    except OSError:
        return []
    return [] if any(admits(each, networks) for each in found) else sorted(found)


def look_up(host: str, port: int | None) -> list[Any]:
    """What the system's resolver says, as ``socket.getaddrinfo`` gives it. Raises OSError."""
    try:
        return socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError("a host name that is none") from error


class Resolver:
    """Looks names up in threads, so that whoever waits for one may give up: the system's resolver cannot be stopped.

    A name that is being looked up is not asked for twice: a portal whose name servers are silent holds one thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: dict[tuple[str, int | None], Future[list[Any]]] = {}

    def addresses(self, host: str, port: int | None, pause: Callable[[], float]) -> list[Any]:
        """As ``look_up``. ``pause`` is called again and again meanwhile: it gives the seconds until the next time, and
        what it raises ends the waiting."""
        answer = self._ask(host, port)
        while not answer.done():
            wait([answer], timeout=pause())
        return answer.result()

    def _ask(self, host: str, port: int | None) -> Future[list[Any]]:
        key = host, port
        with self._lock:
            if key not in self._under_way:
                self._under_way[key] = answer = Future[list[Any]]()
                threading.Thread(target=self._work, args=(key, answer), name=f"look-up {host}", daemon=True).start()
            return self._under_way[key]

    def _work(self, key: tuple[str, int | None], answer: Future[list[Any]]) -> None:
        try:
            found = look_up(*key)
        except BaseException as error:  # noqa: BLE001 # goes to whoever waits
            failure: BaseException | None = error
        else:
            failure = None
        with self._lock:
            del self._under_way[key]
        if failure is None:
            answer.set_result(found)
        else:
            answer.set_exception(failure)
