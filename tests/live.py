"""The whole application over real HTTP, inside the test's process, with a demo portal beside it."""

from __future__ import annotations

import random
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import requests
from waitress import wasyncore
from waitress.server import create_server

from app import server_options
from bitrix_app.settings import Settings, load_settings
from bitrix_app.wiring import Services, build_services
from demo_portal import DemoWorld
from tests.kept import kept_in

PATIENCE_SECONDS = 60.0
SESSION_TOKEN = re.compile(r'<meta name="session-token" content="([^"]+)"')
PORTS = range(10_000, 32_000)
"""Below those that the system chooses for whoever asks for any port, or connects."""

_chance = random.SystemRandom()  # hypothesis seeds the usual one: processes side by side would draw the same


def until(condition: Callable[[], Any], seconds: float = PATIENCE_SECONDS, what: str = "", every: float = 0.05) -> Any:
    """Waits for ``condition`` to become true and returns what it gave; fails after ``seconds``."""
    pause, deadline = threading.Event(), time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain: {what or condition}")
        pause.wait(every)
    return found


@dataclass
class Page:
    """An open page of the app: calls the API with its session token, as the page's script does."""

    app_url: str
    token: str
    lang: str = "ru"
    http: requests.Session = field(default_factory=requests.Session)

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        return self.http.request(method, f"{self.app_url}{path}", headers=headers, timeout=30, **options)

    def get(self, path: str) -> Any:
        answer = self.call("GET", f"/api/v1{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def start(self, **params: Any) -> dict[str, Any]:
        """Starts a report; → the report object."""
        body = {"date_from": "2026-03-01", "date_to": "2026-03-31", **params}
        answer = self.call("POST", "/api/v1/reports", json=body)
        assert answer.status_code == 202, answer.text
        report: dict[str, Any] = answer.json()
        return report

    def ended(self, report: dict[str, Any], seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
        """The report object when it has ended, well or not."""

        def look() -> dict[str, Any] | None:
            found: dict[str, Any] = self.get(f"/reports/{report['id']}")
            return found if found["status"] in {"done", "failed", "cancelled"} else None

        often = 0.12  # a user may ask ten times a second, however long it takes
        ended: dict[str, Any] = until(look, seconds, f"report {report['id']} to end", every=often)
        return ended

    def build(self, **params: Any) -> dict[str, Any]:
        """Starts a report and waits for it to be done."""
        report = self.ended(self.start(**params))
        assert report["status"] == "done", report
        return report

    def download(self, url: str, path: Path) -> Path:
        """Follows a download link as a browser does: without the header."""
        answer = requests.get(url, timeout=30)
        assert answer.status_code == 200, answer.text
        path.write_bytes(answer.content)
        return path


@dataclass
class LiveApp:
    """A running application and the world it lives in."""

    world: DemoWorld
    url: str
    settings: Settings
    services: Services

    def page(self, portal: Any, user: Any = None, **options: Any) -> Page:
        """Opens the app as this user; → its page."""
        answer = portal.open_app(self.url, user or portal.accountant, **options)
        assert answer.status_code == 200, answer.text
        found = SESSION_TOKEN.search(answer.text)
        assert found, answer.text[:2000]
        return Page(self.url, found.group(1))


def free_port() -> int:
    """A port that nobody listens on at the moment, and that the system gives to nobody by itself before it is taken."""
    while True:
        port = _chance.choice(PORTS)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


@contextmanager
def served(app: Any, settings: Settings, port: int) -> Iterator[None]:
    """The application is served at this port, as ``app.py`` serves it."""
    server = create_server(app, host="127.0.0.1", port=port, **server_options(settings))
    web = threading.Thread(target=server.run, name="web", daemon=True)
    web.start()
    try:
        yield
    finally:
        with suppress(OSError):  # the last answer's pull may have carried it out, and closed the trigger, already
            server.trigger.pull_trigger(partial(wasyncore.close_all, server._map))  # kept-alive connections too
        web.join(5)
        server.task_dispatcher.shutdown()


@contextmanager
def live_app(world: DemoWorld, folder: Path, *, jobs: bool = True, **environ: str) -> Iterator[LiveApp]:
    """The application for ``world`` with its files in ``folder``; ``environ`` adds or replaces settings."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    world.set_app_url(url)
    values = {
        **world.environment(),
        "SECRET_KEY": "a key for tests, long enough",
        **kept_in(folder),
        **environ,
    }
    settings = load_settings(values)
    services = build_services(settings)
    services.database.migrate()
    try:
        with served(services.flask_app(), settings, port):
            if jobs:
                services.jobs.start()
            try:
                yield LiveApp(world, url, settings, services)
            finally:
                if jobs:
                    services.jobs.stop()
    finally:
        services.close()
