"""Where the app stands in a portal, and whether all is in order there. Odd answers cost a line, not the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from bitrix_app.portals import Check, Embedding, Payment, self_check
from bitrix_app.storage import PortalRecord
from tests.unit.portals.answers import around, refusing

APP = "https://register.example"
OURS = {
    "CRM_SMART_INVOICE_LIST_TOOLBAR",
    "CRM_SMART_INVOICE_DETAIL_TAB",
    "CRM_COMPANY_DETAIL_TAB",
    "CRM_ANALYTICS_MENU",
    "CRM_DEAL_DETAIL_TAB",
    "CRM_CONTACT_DETAIL_TAB",
    "REST_APP_URI",
}


def test_what_is_bound_already_is_not_bound_again() -> None:
    bound = [{"placement": name, "handler": f"{APP}/app"} for name in OURS - {"CRM_ANALYTICS_MENU"}]
    scene = around(placement__get=bound, placement__bind=True, placement__unbind={"count": 1})
    Embedding(APP).bind_placements(scene.client)
    assert [params["PLACEMENT"] for params in scene.portal.asked("placement.bind")] == ["CRM_ANALYTICS_MENU"]
    assert scene.portal.asked("placement.unbind") == []


def test_handlers_elsewhere_are_unbound_each_once_and_never_all_of_a_place() -> None:
    bound = [
        {"placement": "CRM_ANALYTICS_MENU", "handler": "https://old.example/app"},
        {"placement": "CRM_ANALYTICS_MENU", "handler": "https://old.example/app"},
        {"placement": "CRM_DEAL_LIST_TOOLBAR", "handler": "https://old.example/app"},
        {"placement": "CRM_COMPANY_DETAIL_TAB", "handler": ""},
        {"placement": "CRM_COMPANY_DETAIL_TAB", "handler": None},
    ]
    scene = around(placement__get=bound, placement__bind=True, placement__unbind={"count": 1})
    Embedding(APP).bind_placements(scene.client)
    unbound = [(params["PLACEMENT"], params["HANDLER"]) for params in scene.portal.asked("placement.unbind")]
    assert unbound == [
        ("CRM_ANALYTICS_MENU", "https://old.example/app"),
        ("CRM_DEAL_LIST_TOOLBAR", "https://old.example/app"),
    ]
    assert len(scene.portal.asked("placement.bind")) == len(OURS)


def test_a_tab_that_is_switched_off_is_unbound_and_not_missed() -> None:
    bound = [{"placement": name, "handler": f"{APP}/app"} for name in OURS - {"CRM_ANALYTICS_MENU"}]
    scene = around(placement__get=bound, placement__bind=True, placement__unbind={"count": 2}, event__get=[])
    Embedding(APP).bind_placements(scene.client, ["CRM_DEAL_DETAIL_TAB"])
    assert [each["PLACEMENT"] for each in scene.portal.asked("placement.unbind")] == ["CRM_DEAL_DETAIL_TAB"]
    assert [each["PLACEMENT"] for each in scene.portal.asked("placement.bind")] == ["CRM_ANALYTICS_MENU"]
    less = [each for each in bound if each["placement"] != "CRM_DEAL_DETAIL_TAB"]
    known = around(placement__get=less, placement__list=sorted(OURS), event__get=[])
    assert "CRM_DEAL_DETAIL_TAB" not in Embedding(APP).missing(known.client, ["CRM_DEAL_DETAIL_TAB"])[0]


def test_the_uninstall_event_is_bound_once() -> None:
    scene = around(event__get=[], event__bind=True)
    Embedding(APP).bind_events(scene.client)
    assert [(each["event"], each["handler"]) for each in scene.portal.asked("event.bind")] == [
        ("ONAPPUNINSTALL", f"{APP}/events")
    ]
    again = around(event__get=[{"event": "onAppUninstall", "handler": f"{APP}/events"}])
    Embedding(APP).bind_events(again.client)
    assert again.portal.asked("event.bind") == []


# --- the self-check -----------------------------------------------------------------------------------------------

PORTAL = PortalRecord(
    id=1,
    member_id="m",
    client_endpoint="https://romashka.bitrix24.ru/rest/",
    domain="romashka.bitrix24.ru",
    status="installed",
    scopes=frozenset({"crm", "placement"}),
    license_family=None,
    installed_by=1,
    settings={"paid_field": "ufCrmPaid", "time_zone": "Asia/Omsk"},
)
IN_ORDER: dict[str, Any] = {
    "crm__item__list": {"items": [{"id": 7, "title": "ООО «Наша»"}]},
    "crm__requisite__list": [{"ID": "1", "ENTITY_ID": "7"}],
    "crm__item__fields": {"fields": {"begindate": {"type": "date"}, "ufCrmPaid": {"type": "date"}}},
    "placement__get": [{"placement": name, "handler": f"{APP}/app"} for name in OURS],
    "event__get": [{"event": "onAppUninstall", "handler": f"{APP}/events"}],
    "crm__category__list": {"categories": []},
    "app__info": {"STATUS": "L", "PAYMENT_EXPIRED": "N", "DAYS": None},
}


def checks(portal: PortalRecord = PORTAL, zone: str = "Asia/Omsk", **changes: Any) -> dict[str, Check]:
    """The answers by their code."""
    scene = around(**(IN_ORDER | changes))
    scene.portal.answers["crm.item.list"] |= {"total": 12}
    scene.portal.answers["crm.category.list"] |= {"time": {"operating": changes.get("operating", Decimal("399.4"))}}
    return {each.code: each for each in self_check(scene.client, portal, Embedding(APP), zone, told)}


def told(info: Mapping[str, Any]) -> Payment:
    """What an answer of ``app.info`` says of the payment."""
    return Payment.told(info, 0)


def test_a_portal_in_order_passes_every_check() -> None:
    found = checks()
    assert [each.code for each in found.values() if not each.ok] == []
    assert found["invoices"].params == {"count": 12}
    assert found["limits"].params == {"operating": 399}


def test_an_empty_portal_is_told_what_it_lacks() -> None:
    scene = around(**(IN_ORDER | {"crm__item__list": {"items": []}}))
    scene.portal.answers["crm.item.list"] |= {"total": 0}
    found = {each.code: each for each in self_check(scene.client, PORTAL, Embedding(APP), "Asia/Omsk", told)}
    assert [code for code, each in found.items() if not each.ok] == ["invoices", "own_company", "clients"]
    assert found["own_company"].params == {"companies": 0}


def test_an_own_company_without_requisites_is_told() -> None:
    found = checks(crm__requisite__list=[])["own_company"]
    assert (found.ok, found.params) == (False, {"companies": 1})


def test_a_permission_that_is_missing_is_named() -> None:
    found = checks(replace(PORTAL, scopes=frozenset({"crm"})))["scopes"]
    assert (found.ok, found.params) == (False, {"missing": "placement"})


def test_places_and_events_that_lead_elsewhere_are_named() -> None:
    elsewhere = [{"placement": name, "handler": "https://old.example/app"} for name in OURS]
    bound = {"placement__get": [*elsewhere, *IN_ORDER["placement__get"][1:]], "event__get": []}
    gone = IN_ORDER["placement__get"][0]["placement"]
    for codes, missing, unknown in (
        (sorted(OURS), f"{gone}, ONAPPUNINSTALL", ""),
        (sorted(OURS - {gone}), "ONAPPUNINSTALL", gone),
        ([], f"{gone}, ONAPPUNINSTALL", ""),
        ("odd", f"{gone}, ONAPPUNINSTALL", ""),
    ):
        found = checks(**bound, placement__list=codes)["embedding"]
        assert (found.ok, found.params) == (False, {"missing": missing, "unknown": unknown})


def test_a_mapped_field_that_is_gone_is_named() -> None:
    found = checks(crm__item__fields={"fields": {"begindate": {"type": "date"}}})["fields"]
    assert (found.ok, found.params) == (False, {"missing": "ufCrmPaid"})


@pytest.mark.parametrize(("zone", "ok"), [("Asia/Omsk", True), ("", True), ("Europe/Moscow", False)])
def test_another_time_zone_than_the_administrators_is_pointed_out(zone: str, ok: bool) -> None:
    """A portal that does not tell theirs is none to compare with."""
    found = checks(zone=zone)["time_zone"]
    assert (found.ok, found.params) == (ok, {"zone": "Asia/Omsk", "user_zone": zone})


def test_much_operating_time_is_pointed_out() -> None:
    """A method rests after 480 seconds of it in ten minutes."""
    assert checks(operating=Decimal(400))["limits"].ok is False


def test_a_refusal_is_an_answer_too_and_the_other_checks_go_on() -> None:
    scene = refusing("crm.item.list")
    scene.portal.answers |= {name.replace("__", "."): {"result": result} for name, result in IN_ORDER.items()}
    found = {each.code: each for each in self_check(scene.client, PORTAL, Embedding(APP), "", told)}
    assert (found["invoices"].ok, found["invoices"].error) == (False, "access_denied")
    assert all(each.ok for code, each in found.items() if code != "invoices")
