"""Fixtures of the portal client's tests: a client among fakes, and one that speaks HTTP to recorded answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import responses

from bitrix_app.bitrix24 import Transport
from bitrix_app.bitrix24.addresses import LOOPBACK
from tests.fakes import Surroundings


@pytest.fixture
def around() -> Surroundings:
    """A client of a portal in memory, whose waits take no time."""
    return Surroundings()


@pytest.fixture
def http() -> Iterator[responses.RequestsMock]:
    """Recorded answers in the place of the network."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def transport() -> Iterator[Transport]:
    """A transport with usual limits."""
    made = Transport(networks=LOOPBACK)
    yield made
    made.close()


@pytest.fixture
def over_http(http: responses.RequestsMock, transport: Transport) -> Surroundings:
    """A client that speaks HTTP to recorded answers."""
    return Surroundings(portal=transport)
