"""Installing in portals that are older or otherwise than the pages say: what can be done is done, the rest is named."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from demo_portal import Fault, Portal
from tests.integration.house import APP_URL, House, open_house

EVENTS = f"{APP_URL}/events"


def steps(page: str) -> dict[str, str]:
    """The steps of an installation page by their code: their class, and what is said of them."""
    found = re.findall(r'<li class="(\w+)" data-code="(\w+)">(.*?)</li>', page, re.DOTALL)
    return {code: f"{kind} {' '.join(re.sub('<[^>]+>', '', text).split())}" for kind, code, text in found}


def bound(portal: Portal) -> tuple[set[str], set[str]]:
    """Placements and events of the application in the portal."""
    there = portal.installation(portal.world.app)
    return {each.code for each in there.placements}, {each.event for each in there.events}


def test_a_form_of_2024_installs_and_the_token_comes_with_the_event(house: House) -> None:
    """Without the three later fields; what ONAPPINSTALL brings is what later events are known by."""
    portal = house.portal(installed=False)
    portal.behave(version="24.300")

    assert house.post("/install", portal).status_code == 200
    assert bound(portal)[1] == {"ONAPPINSTALL", "ONAPPUNINSTALL"}
    assert house.post("/app", portal, portal.manager).status_code == 200

    assert house.event(portal, "ONAPPUNINSTALL", {"CLEAN": 0}, with_tokens=False).status_code == 403
    assert house.event(portal, "ONAPPINSTALL").status_code == 200
    assert house.uninstall(portal, clean=0).status_code == 200


def test_an_install_event_without_the_token_says_what_is_missing(house: House) -> None:
    portal = house.portal(installed=False)
    assert house.event(portal, "ONAPPINSTALL", application_token=None).status_code == 400


def test_a_placement_that_the_portal_does_not_have_is_named_and_the_rest_is_bound(house: House) -> None:
    portal = house.portal(installed=False)
    portal.known_placements.remove("CRM_ANALYTICS_MENU")

    answer = house.post("/install", portal, lang="ru")

    assert answer.status_code == 200
    assert steps(answer.text)["placements"].startswith("ok")
    assert "пункт в аналитике CRM" in steps(answer.text)["placements"]
    assert bound(portal) == (
        {
            "CRM_SMART_INVOICE_LIST_TOOLBAR",
            "CRM_SMART_INVOICE_DETAIL_TAB",
            "CRM_COMPANY_DETAIL_TAB",
            "CRM_DEAL_DETAIL_TAB",
            "CRM_CONTACT_DETAIL_TAB",
            "REST_APP_URI",
        },
        {"ONAPPUNINSTALL"},
    )


def test_the_self_check_names_it_and_orders_nothing(house: House) -> None:
    """Installing once more would not bring a place that the portal's version does not have."""
    portal = house.portal(installed=False)
    portal.known_placements.remove("CRM_ANALYTICS_MENU")
    house.post("/install", portal)

    checks = house.visitor(portal, portal.admin, lang="ru").get("/self-check")["checks"]

    embedding = next(each for each in checks if each["code"] == "embedding")
    assert (embedding["ok"], embedding["advice"]) == (True, "")
    assert "пункт в аналитике CRM" in embedding["title"]


@pytest.mark.parametrize("method", ["placement.get", "event.get"])
def test_a_step_that_fails_is_named_and_the_others_are_done(house: House, method: str) -> None:
    portal = house.portal(installed=False)
    step = {"placement.get": "placements", "event.get": "events"}[method]
    portal.faults.always(Fault.error("ACCESS_DENIED"), method=method)

    answer = house.post("/install", portal, lang="ru")

    failed = {code for code, text in steps(answer.text).items() if text.startswith("failed")}
    assert failed == {step}
    assert ("CRM_COMPANY_DETAIL_TAB" in bound(portal)[0]) == (step != "placements")
    assert ("ONAPPUNINSTALL" in bound(portal)[1]) == (step != "events")


def test_a_host_without_a_dot_is_said_in_words(tmp_path: Path, sqlite_template: Path) -> None:
    """The portal takes no handler there; whoever reads it learns which setting to change."""
    shutil.copy(sqlite_template, tmp_path / "app.db")
    with open_house(tmp_path, f"sqlite:///{tmp_path}/app.db", APP_URL="https://invoices") as opened:
        answer = opened.post("/install", opened.portal(installed=False), lang="ru")
    said = steps(answer.text)
    for code in ("placements", "events"):
        assert said[code].startswith("failed")
        assert "в имени сервера нет точки" in said[code]
        assert "APP_URL" in said[code]
    assert said["settings"].startswith("ok")
