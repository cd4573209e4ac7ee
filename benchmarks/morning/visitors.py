"""Administrators who install the app and plan a report, and pages that are looked at meanwhile."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import requests

from benchmarks.morning.portals import FOLDER_ID

SESSION_TOKEN = re.compile(r'<meta name="session-token" content="([^"]+)"')
PAUSE_SECONDS = 0.2
LOOKS = ("/api/v1/reports", "/api/v1/schedules")
OPENING = "POST /app"


@dataclass
class Administrator:
    """The administrator of a portal at the open page."""

    app_url: str
    form: Mapping[str, Any]
    token: str = ""

    def post(self, path: str) -> requests.Response:
        """Bitrix24 opens the app."""
        url = f"{self.app_url}{path}?{urlencode(self.form['query'])}"
        return requests.post(url, data=self.form["body"], timeout=60)

    def call(self, method: str, path: str, body: Any = None) -> requests.Response:
        """A call of the page."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return requests.request(method, f"{self.app_url}{path}", json=body, headers=headers, timeout=60)

    def plan(self) -> int:
        """Install the app, choose batch mode, plan last month's register for nine o'clock each day. → the schedule."""
        self._good(self.post("/install"))
        found = SESSION_TOKEN.search(self._good(self.post("/app")).text)
        assert found is not None
        self.token = found.group(1)
        settings = self._good(self.call("GET", "/api/v1/settings")).json()
        self._good(self.call("PUT", "/api/v1/settings", {**settings, "fetch_mode": "batch"}))
        body = {
            "name": "Реестр за прошлый месяц",
            "params": {"detailed": True},
            "period": "last_month",
            "when": {"every": "day", "time": "09:00"},
            "deliver": [{"to": "notification"}, {"to": "disk", "folder_id": FOLDER_ID}],
        }
        return int(self._good(self.call("POST", "/api/v1/schedules", body)).json()["id"])

    @staticmethod
    def _good(answer: requests.Response) -> requests.Response:
        if answer.status_code >= 300:
            raise RuntimeError(f"{answer.request.method} {answer.url}: {answer.status_code} {answer.text[:500]}")
        return answer


@dataclass
class Looking:
    """Looks at the pages of some portals, one request at a time, in a thread of its own. ``times``: milliseconds by
    (what was going on, request); ``refused``: answers that were no good ones, by (what was going on, status)."""

    people: Sequence[Administrator]
    state: str = "idle"
    times: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    refused: Counter[tuple[str, int]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        nth = 0
        while not self._over.wait(PAUSE_SECONDS):
            who = self.people[nth % len(self.people)]
            path = (*LOOKS, "/app")[nth // len(self.people) % 3]
            nth += 1
            state, start = self.state, time.perf_counter()
            try:
                answer = who.post(path) if path == "/app" else who.call("GET", path)
            except requests.RequestException:
                self.refused[state, 0] += 1
                continue
            if answer.status_code >= 300:
                self.refused[state, answer.status_code] += 1
                continue
            request = OPENING if path == "/app" else f"GET {path}"
            self.times[state, request].append((time.perf_counter() - start) * 1000)
