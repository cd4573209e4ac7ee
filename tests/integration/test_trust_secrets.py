"""No secret in logs, answers, representations; the REST log has what the Market asks for and nobody's data."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from bitrix_app.logs import set_up_logging
from demo_portal import Fault, Portal
from tests.integration.house import House


@pytest.fixture(params=["text", "json"])
def log(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """Everything that is logged at the lowest level."""
    stream = io.StringIO()
    root = logging.getLogger()
    before, level, configuration = root.handlers[:], root.level, structlog.get_config()
    set_up_logging("DEBUG", request.param, stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)
    structlog.configure(**configuration)


def test_no_secret_of_a_whole_visit_reaches_the_log(house: House, log: io.StringIO) -> None:
    """Install, launch, renewals, failures, an uninstall, a crash: not one token in any line or traceback."""
    portal = house.portal(installed=False)
    pair = portal.issue_tokens()
    house.post("/install", portal, pair=pair)
    visitor = house.visitor(portal)
    portal.expire_tokens()
    visitor.call("GET", "/options")
    report = visitor.start()
    house.finish(report["id"])
    link = visitor.get(f"/reports/{report['id']}")["download_url"]
    house.get(link)
    house.be_impatient(1.0)
    portal.faults.always(Fault.html(502))
    visitor.call("POST", "/reports/preview", json={"date_from": "2026-01-01", "date_to": "2026-01-02"})
    house.post("/app", portal, AUTH_ID=pair.access_token, member_id="another")
    house.event(portal, "ONAPPUNINSTALL", with_tokens=False)
    structlog.get_logger("x").error("crash", exc_info=ValueError(f"AUTH_ID={pair.access_token}"))
    written = log.getvalue()
    secrets = [
        pair.access_token,
        pair.refresh_token,
        portal.installation().application_token,
        visitor.token,
        link.rsplit("/", 1)[1],
        house.services.settings.client_secret,
        house.services.settings.secret_keys[0],
    ]
    assert "crash" in written
    assert written.count("request") > 5
    for secret in secrets:
        assert secret not in written


def test_secrets_do_not_show_in_representations(house: House, portal: Portal) -> None:
    settings = house.services.settings
    shown = repr(settings) + repr(house.services) + str(house.services.web)
    for secret in (settings.client_secret, *settings.secret_keys):
        assert secret not in shown


def test_the_client_secret_never_reaches_a_portal(house: House, portal: Portal) -> None:
    visitor = house.visitor(portal)
    portal.expire_tokens()
    assert visitor.call("GET", "/options").status_code == 200
    assert portal.calls.secrets_seen == 0


def test_the_rest_log_says_what_was_called_and_nothing_of_what_was_said(house: House, portal: Portal) -> None:
    house.visitor(portal).get("/options")
    log = Path(house.services.settings.rest_log)
    text = "".join(each.read_text(encoding="utf-8") for each in log.parent.glob(f"{log.name}.*"))
    lines = [json.loads(line) for line in text.splitlines()]
    assert {"crm.item.fields", "profile", "placement.bind"} <= {line["method"] for line in lines}
    assert {frozenset(line) for line in lines} == {
        frozenset({"at", "method", "status", "code", "seconds", "operating", "sent", "received", "request_id"})
    }
    assert portal.accountant.name not in text
