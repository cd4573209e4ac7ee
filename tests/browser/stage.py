"""The stage of the browser tests: the application as it is served, in a world of demo portals, on another site.

The application is known as ``127.0.0.1``, the portals as ``localhost``: for a browser these are two sites, so cookies
of the application's frame are third-party ones.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import requests

from demo_portal.data import sample
from demo_portal.people import User
from demo_portal.portal import Portal
from demo_portal.world import DemoWorld
from tests.kept import kept_in
from tests.live import free_port

ROOT = Path(__file__).parents[2]
SECRET_KEY = "the secret key of the browser tests"
PATIENCE = 60.0
TOKEN = re.compile(r'<meta name="session-token" content="([^"]+)">')


def portal_day() -> date:
    """Today in the portals' time zone: the page's today, which in the evening is not this machine's."""
    return datetime.now(ZoneInfo("Europe/Moscow")).date()


@dataclass(frozen=True, slots=True)
class Stage:
    """The running application and its world."""

    world: DemoWorld

    def portal(self, *, invoices: int = 30, installed: bool = True, today: date | None = None) -> Portal:
        """A new portal with sample data; its calls are not slowed down by a bucket."""
        portal = self.world.add_portal()
        portal.bucket.capacity, portal.bucket.rate = 1000, 1000.0
        sample.fill(portal.crm, today=today or portal_day(), invoices=invoices)
        if installed:
            portal.install()
        return portal


@dataclass(frozen=True, slots=True)
class Person:
    """An employee who calls the API as the page would, to arrange what a test begins with."""

    app: str
    token: str

    @classmethod
    def of(cls, portal: Portal, user: User | None = None, lang: str = "ru") -> Person:
        """Opens the page for ``user`` (default: the administrator) and takes the session token from it."""
        answer = portal.open_app(user=user or portal.admin, lang=lang)
        found = TOKEN.search(answer.text)
        assert found, answer.text[:500]
        return cls(portal.world.app.url, found[1])

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """JSON of the answer, None for an empty one."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = requests.request(method, f"{self.app}/api/v1{path}", json=body, headers=headers, timeout=20)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def report(self, date_from: str = "2020-01-01", date_to: str = "2029-12-31", **conditions: Any) -> str:
        """Starts a report. → its id."""
        made = self.call("POST", "/reports", {"date_from": date_from, "date_to": date_to, **conditions})
        return str(made["id"])

    def finished(self, report_id: str) -> dict[str, Any]:
        """The report once it has ended."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            report: dict[str, Any] = self.call("GET", f"/reports/{report_id}")
            if report["status"] not in {"queued", "running"}:
                return report
            time.sleep(0.1)
        raise AssertionError(f"the report {report_id} did not end")


@contextmanager
def running_stage(folder: Path) -> Iterator[Stage]:
    """Starts the application, with its data in ``folder``, and the world around it."""
    port = free_port()
    with DemoWorld(f"http://127.0.0.1:{port}", portal_host="localhost") as world:
        process = _start(port, world, folder)
        try:
            _wait_until_up(process, f"{world.app.url}/readyz", folder)
            yield Stage(world)
        finally:
            _stop(process)


def _start(port: int, world: DemoWorld, folder: Path) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        **world.environment(),
        "SECRET_KEY": SECRET_KEY,
        **kept_in(folder),
    }
    command = [sys.executable, str(ROOT / "app.py"), "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "app.log").open("ab") as log:
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Lets it end what it does, but not for long: there is nothing to keep."""
    process.terminate()
    try:
        process.wait(3)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_until_up(process: subprocess.Popen[bytes], address: str, folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if requests.get(address, timeout=2).ok:
                return
        except requests.RequestException:
            pass
        time.sleep(0.1)
    log = (folder / "app.log").read_text(encoding="utf-8", errors="replace")
    raise AssertionError(f"the application did not start:\n{log[-3000:]}")
