"""The web application in the test's process, over a real database, in a world of demo portals; no worker runs.

``House`` opens pages as Bitrix24 would and hands out ``Visitor``s, who call the API as the page's script does.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from bitrix_app.settings import load_settings
from bitrix_app.storage import Lease, ReportFile, ReportLeases, file_name
from bitrix_app.web import create_app
from bitrix_app.wiring import Services, build_services
from demo_portal import DemoWorld, Portal, User
from tests.kept import kept_in

APP_URL = "https://register.example"
SESSION_TOKEN = re.compile(r'<meta name="session-token" content="([^"]+)"')
PATIENT = 60.0
"""Seconds that a test gives to what the application would not wait for, however slow the machine."""
QUARTER = {"date_from": "2026-01-01", "date_to": "2026-03-31"}
SUMMARY = {
    "invoices": 2,
    "problems": 1,
    "undated": 0,
    "totals": [{"currency": "RUB", "amount": "120.1", "vat": "20.02", "amount_with_vat": "120.1"}],
}


@dataclass
class Time:
    """The web's clock: the real one, moved on by ``ahead`` seconds."""

    ahead: float = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@dataclass
class Visitor:
    """A user at an open page."""

    app: Flask
    token: str

    def call(self, method: str, path: str, **options: Any) -> TestResponse:
        """A call of the API with the session token, as the page's script makes it."""
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        return self.app.test_client().open(f"/api/v1{path}", method=method, headers=headers, **options)

    def get(self, path: str) -> Any:
        """The JSON of a good answer."""
        answer = self.call("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json

    def start(self, **params: Any) -> dict[str, Any]:
        """Starts a report. → the report object."""
        answer = self.call("POST", "/reports", json={**QUARTER, **params})
        assert answer.status_code == 202, answer.text
        report: dict[str, Any] = answer.json
        return report


@dataclass
class House:
    """The application and the world that it lives in."""

    world: DemoWorld
    services: Services
    folder: Path
    clock: Time = field(default_factory=Time)
    app: Flask = field(init=False)

    def __post_init__(self) -> None:
        self.app = create_app(replace(self.services.web, clock=self.clock))

    def portal(self, *, installed: bool = True) -> Portal:
        """A portal of the world, the app installed in it or not."""
        portal = self.world.add_portal()
        if installed:
            answer = self.post("/install", portal)
            assert answer.status_code == 200, answer.text
        return portal

    def post(self, path: str, portal: Portal, user: User | None = None, **options: Any) -> TestResponse:
        """What Bitrix24 posts when a user opens the app; further keywords replace fields (None takes one away)."""
        opening = {
            name: options.pop(name) for name in ("placement", "options", "lang", "pair", "host") if name in options
        }
        form = portal.launch_form(user, **opening)
        body = {name: value for name, value in {**form.body, **options}.items() if value is not None}
        return self.app.test_client().post(path, query_string=form.query, data=body)

    def event(self, portal: Portal, event: str, data: dict[str, Any] | None = None, **auth: Any) -> TestResponse:
        """What Bitrix24 posts to ``/events``; keywords spoil fields of ``auth``."""
        fields = portal.event_fields(event, data or {}, **auth)
        return self.app.test_client().post("/events", data=fields)

    def uninstall(self, portal: Portal, clean: int = 0) -> TestResponse:
        """The application is removed from the portal: its pairs are worth nothing any more, and ``/events`` hears of
        it."""
        self.world.tokens.revoke(portal.member_id, self.world.app.client_id)
        return self.event(portal, "ONAPPUNINSTALL", {"CLEAN": clean}, with_tokens=False)

    def get(self, path: str, **options: Any) -> TestResponse:
        """Any address, as a browser asks for it."""
        return self.app.test_client().get(path.removeprefix(APP_URL), **options)

    def visitor(self, portal: Portal, user: User | None = None, **options: Any) -> Visitor:
        """Opens the app as this user (default: the accountant)."""
        answer = self.post("/app", portal, user or portal.accountant, **options)
        assert answer.status_code == 200, answer.text
        found = SESSION_TOKEN.search(answer.text)
        assert found, answer.text
        return Visitor(self.app, found.group(1))

    def lease(self, report_id: str) -> Lease:
        """What a worker does: takes this report up. Reports that earlier tests have left waiting are cancelled."""
        leases = ReportLeases(self.services.database)
        while (lease := leases.claim("a worker", 60.0)) is not None and lease.report.id != report_id:
            leases.cancelled(lease)
        assert lease is not None
        return lease

    def finish(self, report_id: str, content: bytes = b"PK workbook", rows: bytes | None = None) -> str:
        """What a worker does: the waiting report becomes done, with a file, and with rows where they are given. → the
        file's name."""
        lease = self.lease(report_id)
        contents = {"xlsx": content} if rows is None else {"xlsx": content, "rows": rows}
        files = [ReportFile(each, file_name(report_id, lease.attempt, each), len(contents[each])) for each in contents]
        for file in files:
            local = self.folder / f"finished.{file.format}"
            local.write_bytes(contents[file.format])
            self.services.web.files.put(local, file.name)
        ReportLeases(self.services.database).done(lease, SUMMARY, files)
        return files[0].name

    def be_impatient(self, seconds: float) -> None:
        """From now on a web request waits no longer than this for its portal."""
        self.services.web.clients._interactive_seconds = seconds

    def rows(self, table: str) -> list[Any]:
        """All rows of a table, to see what is stored."""
        return self.select(f"SELECT * FROM {table}")

    def select(self, query: str) -> list[Any]:
        """The rows of a query."""
        with self.services.database.engine.connect() as connection:
            return list(connection.exec_driver_sql(query))


@contextmanager
def open_house(folder: Path, database_url: str, *, both_roots: bool = False, **environ: str) -> Iterator[House]:
    """A house with its files in ``folder``; ``environ`` replaces settings. ``both_roots``: it knows both authorization
    servers of the world, as it does without BITRIX_OAUTH_URL."""
    with DemoWorld(app_url=APP_URL) as world:
        values = {
            **world.environment(),
            "SECRET_KEY": "a key for tests that is long enough",
            **kept_in(folder),
            "DATABASE_URL": database_url,
            **environ,
        }
        settings = load_settings(values)
        if both_roots:
            settings = replace(settings, oauth_roots=world.oauth_roots)
        services = build_services(settings)
        try:
            yield House(world, services, folder)
        finally:
            services.close()
