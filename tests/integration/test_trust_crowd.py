"""Many openings at once: an office in the morning, a flood of strangers, an authorization server that is silent.

The authorization server holds its answers until it is told to go on, so nothing here depends on how fast we are.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from bitrix_app.bitrix24 import AuthorizationServer
from demo_portal import DemoWorld, Portal
from tests.live import LiveApp, live_app, until

OFFICE = "198.51.100.7"
STRANGER = "203.0.113.66"
AT_ONCE = 16
PLACES = 59
LONG = 600.0


class Openings:
    """Forms posted side by side, each from the address that our proxy saw."""

    def __init__(self, app: LiveApp, portal: Portal) -> None:
        self._app = app
        self._portal = portal
        self._threads: list[threading.Thread] = []
        self.statuses: dict[str, Counter[int]] = {OFFICE: Counter(), STRANGER: Counter()}
        self._lock = threading.Lock()

    def come(self, count: int, address: str, **replaced: str) -> None:
        """``count`` more openings, each with a token of its own."""
        for _ in range(count):
            thread = threading.Thread(target=self._open, args=(address, replaced), daemon=True)
            self._threads.append(thread)
            thread.start()

    def answered(self) -> None:
        """All openings have got their answer."""
        for thread in self._threads:
            thread.join(LONG)
        assert not any(thread.is_alive() for thread in self._threads)

    def _open(self, address: str, replaced: dict[str, str]) -> None:
        form = self._portal.launch_form(self._portal.accountant)
        answer = requests.post(
            form.url(f"{self._app.url}/app"),
            data={**form.body, **replaced},
            headers={"X-Forwarded-For": address},
            timeout=LONG,
        )
        with self._lock:
            self.statuses[address][answer.status_code] += 1


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveApp]:
    """The app behind a proxy, with more patience than a test takes."""
    monkeypatch.setitem(AuthorizationServer.__init__.__kwdefaults__, "total_timeout", LONG)
    with DemoWorld() as world, live_app(world, tmp_path, jobs=False, PROXY_HOPS="1") as running:
        running.services.web.clients._interactive_seconds = LONG
        yield running
        world.oauth.resume()


@pytest.fixture
def openings(app: LiveApp) -> Openings:
    portal = app.world.add_portal()
    portal.install(app.url)
    return Openings(app, portal)


def waiting(app: LiveApp) -> int:
    """Requests in the queue before the authorization server."""
    return app.services.web.launcher._check.queue.waiting


def test_fifty_colleagues_who_open_the_app_at_once_all_see_it(app: LiveApp, openings: Openings) -> None:
    """They queue, sixteen are asked for at once, and pages that need nobody are answered meanwhile."""
    app.world.oauth.pause()
    openings.come(50, OFFICE)
    until(lambda: waiting(app) == 50 - AT_ONCE and app.world.oauth.in_flight == AT_ONCE)
    assert requests.get(f"{app.url}/healthz", timeout=LONG).status_code == 200
    app.world.oauth.resume()
    openings.answered()
    assert openings.statuses[OFFICE] == {200: 50}
    assert app.world.oauth.peak_in_flight == AT_ONCE


def test_a_silent_authorization_server_takes_so_many_threads_and_no_more(app: LiveApp, openings: Openings) -> None:
    """Those for whom there is no place are told at once; pages that need nobody are answered."""
    app.world.oauth.pause()
    openings.come(70, OFFICE)
    until(lambda: openings.statuses[OFFICE] == {503: 70 - PLACES})
    assert requests.get(f"{app.url}/healthz", timeout=LONG).status_code == 200
    app.world.oauth.resume()
    openings.answered()
    assert openings.statuses[OFFICE] == {503: 70 - PLACES, 200: PLACES}


def test_a_flood_from_one_address_gives_its_places_to_employees(app: LiveApp, openings: Openings) -> None:
    """The queue is full of strangers; whoever comes from elsewhere gets in all the same, and has their turn."""
    app.world.oauth.pause()
    openings.come(PLACES, STRANGER, AUTH_ID="forged")
    until(lambda: waiting(app) == PLACES - AT_ONCE)
    openings.come(10, OFFICE)
    until(lambda: openings.statuses[STRANGER] == {503: 10})
    app.world.oauth.resume()
    openings.answered()
    assert openings.statuses[OFFICE] == {200: 10}


def test_forged_openings_are_refused_unasked_and_employees_elsewhere_go_on(app: LiveApp, openings: Openings) -> None:
    asked = app.world.oauth.calls["app.info"]
    for _ in range(30):
        openings.come(1, STRANGER, AUTH_ID="forged")
        openings.answered()
    openings.come(20, STRANGER, AUTH_ID="forged")
    openings.answered()
    assert openings.statuses[STRANGER] == {401: 30, 429: 20}
    assert app.world.oauth.calls["app.info"] == asked + 30
    openings.come(10, OFFICE)
    openings.answered()
    assert openings.statuses[OFFICE] == {200: 10}


@pytest.mark.parametrize("path", ["/app", "/install", "/api/v1/session", "/events"])
def test_every_door_that_asks_the_authorization_server_counts(app: LiveApp, openings: Openings, path: str) -> None:
    """A stranger who was refused thirty times at one of them is not let in at another."""
    portal = openings._portal
    form = portal.launch_form(portal.accountant)
    forged = {**form.body, "AUTH_ID": "forged"}
    event = {"event": "ONAPPINSTALL", "auth[member_id]": portal.member_id, "auth[access_token]": "forged"}
    event |= {"auth[refresh_token]": "forged", "auth[application_token]": "forged"}
    sent = {
        "/api/v1/session": {"json": {name: forged[name] for name in ("AUTH_ID", "member_id")}},
        "/events": {"data": event},
    }.get(path, {"data": forged})
    headers = {"X-Forwarded-For": STRANGER}
    met = [requests.post(f"{app.url}{path}", headers=headers, timeout=LONG, **sent).status_code for _ in range(31)]
    assert met == [401] * 30 + [429]
    assert requests.post(f"{app.url}/app", data=form.body, headers=headers, timeout=LONG).status_code == 429
