"""No secret in logs, answers, representations; the REST log has what the Market asks for and nobody's data."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

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
    house.uninstall(portal)
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


def test_the_rest_log_says_what_was_asked_and_nobodys_data(house: House, portal: Portal) -> None:
    house.visitor(portal).get("/options")
    text = rest_log_of(house)
    lines = [json.loads(line) for line in text.splitlines()]
    told = {line["method"]: line for line in lines if line["portal"] == portal.member_id}
    confirmed = f"{urlsplit(house.world.oauth.url).netloc}/rest/app.info"
    assert {"crm.item.fields", "profile", "placement.bind", confirmed} <= told.keys()
    assert (told[confirmed]["status"], told[confirmed]["params"]) == (200, {"auth": "***"})
    assert all(line["portal"] for line in lines if line["status"] == 200)
    assert told["crm.item.fields"]["params"] == {"entityTypeId": 31}
    assert told["placement.bind"]["params"]["TITLE"] == "***"
    assert told["crm.category.list"]["rows"] >= 1
    assert portal.accountant.name not in text


def test_the_rest_log_has_the_authorization_servers_answers_without_their_tokens(house: House, portal: Portal) -> None:
    """A renewal, a forged token, a server that is away: what was asked of whom, and what it said."""
    visitor, pair = house.visitor(portal), portal.issue_tokens()
    portal.expire_tokens()
    visitor.get("/options")
    house.post("/app", portal, AUTH_ID="f0rged-token-of-nobody")
    house.world.oauth.faults.always(Fault.drop(), method="app.info")
    house.post("/app", portal, pair=pair)
    text, server = rest_log_of(house), urlsplit(house.world.oauth.url).netloc
    lines = [line for line in map(json.loads, text.splitlines()) if line["method"].startswith(server)]
    asked = [line for line in lines if line["method"] == f"{server}/oauth/token/"]
    renewals = [line for line in asked if line["portal"] == portal.member_id]
    assert [(line["status"], set(line["params"].values())) for line in renewals] == [(200, {"***"})]
    forged, silent = [line for line in lines if line["method"].endswith("app.info")][-2:]
    assert (forged["status"] >= 400, forged["code"] != "", forged["portal"]) == (True, True, "")
    assert (silent["status"], silent["failure"]) == (None, "no_answer")
    for secret in (pair.access_token, pair.refresh_token, "f0rged", house.services.settings.client_secret):
        assert secret not in text


def rest_log_of(house: House) -> str:
    """All that the REST log holds."""
    log = Path(house.services.settings.rest_log)
    return "".join(each.read_text(encoding="utf-8") for each in log.parent.glob(f"{log.name}.*"))
