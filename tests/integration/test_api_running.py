"""What whoever runs the app sees: health, readiness, metrics, the description of the API."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from bitrix_app.errors import SettingsError
from bitrix_app.web import create_app
from demo_portal import ManualClock
from tests.integration.house import House, Visitor, open_house


def test_healthz_says_that_the_process_lives(house: House) -> None:
    assert (house.get("/healthz").status_code, house.get("/healthz").json) == (200, {"status": "ok"})


def test_readyz_is_200_when_database_and_queue_answer(house: House) -> None:
    assert house.get("/readyz").status_code == 200


def test_readyz_names_a_queue_that_is_down(house: House) -> None:
    def down() -> None:
        raise SettingsError("QUEUE_URL: the queue cannot be reached")

    app = create_app(replace(house.services.web, ping_queue=down))
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.json["down"]) == (503, ["queue"])


def test_readyz_tells_the_log_why_once_a_minute(house: House) -> None:
    """A monitor asks every second, and whoever knows the address may."""

    def down() -> None:
        raise SettingsError("QUEUE_URL: the queue cannot be reached")

    clock = ManualClock(house.clock())
    app = create_app(replace(house.services.web, ping_queue=down, clock=clock))
    with capture_logs() as logs:
        for seconds in (0, 1, 58, 2):
            clock.advance(seconds)
            assert app.test_client().get("/readyz").status_code == 503
    told = [each for each in logs if each["event"] == "queue_not_ready"]
    assert [each.get("exc_info", False) for each in told] == [True, True]


def test_readyz_names_a_worker_that_broke(house: House) -> None:
    app = create_app(replace(house.services.web, worker_broken=lambda: True))
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.json["down"]) == (503, ["worker"])


def test_readyz_names_a_database_that_is_down_and_the_api_says_503(house: House, visitor: Visitor) -> None:
    folder = house.folder / "gone"
    folder.mkdir()
    with open_house(folder, "postgresql://nobody@127.0.0.1:1/none") as lost:
        answer = lost.get("/readyz")
        assert (answer.status_code, answer.json["down"]) == (503, ["database"])
        call = Visitor(lost.app, visitor.token).call("GET", "/reports")
        assert (call.status_code, call.json["code"]) == (503, "service_unavailable")
        assert call.headers["Retry-After"]


def test_metrics_are_off_unless_a_token_is_set(house: House) -> None:
    assert house.get("/metrics").status_code == 404
    assert house.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


def test_metrics_want_their_token(house: House) -> None:
    folder = house.folder / "metrics"
    folder.mkdir()
    with open_house(folder, str(house.services.database.url), METRICS_TOKEN="open sesame") as measured:
        assert measured.get("/metrics").status_code == 404
        assert measured.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 404
        answer = measured.get("/metrics", headers={"Authorization": "Bearer open sesame"})
        assert answer.status_code == 200
        assert "portal_calls" in answer.text


def test_the_description_is_open_and_names_every_address_of_the_api(house: House) -> None:
    """What is served is described: nothing more, nothing less."""
    described: dict[str, Any] = house.get("/api/v1/openapi.json").json
    assert described["openapi"].startswith("3.")
    served = set()
    for rule in house.app.url_map.iter_rules():
        if rule.endpoint.startswith("api."):
            path = re.sub(r"<[^>]*>", "{id}", rule.rule.removeprefix("/api/v1"))
            served |= {(method.lower(), path) for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}
    assert served == {(method, path) for path, methods in described["paths"].items() for method in methods}


@pytest.mark.parametrize("path", ["/api//v1/me", "/api/v1//me", "/app//"])
def test_an_address_with_a_slash_too_many_leads_nowhere(house: House, path: str) -> None:
    """Not on to another one: nobody is redirected by us."""
    assert house.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/static/page.css", "/static/js/app.js"])
def test_static_files_are_served_with_their_type(house: House, path: str) -> None:
    with house.get(path) as answer:
        assert answer.status_code == 200
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.mimetype in {"text/css", "text/javascript"}
