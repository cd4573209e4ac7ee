"""A world with one portal, a clock that moves by hand, and a way to call REST over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from demo_portal import DemoWorld, ManualClock, Portal, TokenPair, User

Rest = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def world(clock: ManualClock) -> Iterator[DemoWorld]:
    with DemoWorld(clock=clock, sleep=clock.sleep) as world:
        yield world


@pytest.fixture
def portal(world: DemoWorld) -> Portal:
    return world.add_portal()


@pytest.fixture
def rest(portal: Portal) -> Iterator[Rest]:
    """``rest(method, user=…, pair=…, **params)`` → status and body. The bucket is off: its own tests turn it on."""
    portal.bucket.enabled = False
    pairs: dict[int, TokenPair] = {}
    with requests.Session() as session:

        def call(
            method: str, user: User | None = None, pair: TokenPair | None = None, **params: Any
        ) -> tuple[int, dict[str, Any]]:
            owner = user or portal.admin
            token = (pair or pairs.setdefault(owner.id, portal.issue_tokens(owner))).access_token
            response = session.post(f"{portal.client_endpoint}{method}", json={**params, "auth": token}, timeout=60)
            return response.status_code, response.json()

        yield call
