"""What is made of a portal's answers: places, catalog, a company's months. Odd answers cost a line, not the page."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from bitrix_app.portals import (
    DateField,
    Embedding,
    Named,
    OverviewRules,
    PortalStage,
    company_overview,
    default_settings,
)
from bitrix_app.portals.catalog import (
    read_assignees,
    read_categories,
    read_date_fields,
    read_my_companies,
    read_stages,
)
from bitrix_app.portals.events import bracketed
from tests.fakes import FakePortal, Surroundings

APP = "https://register.example"
OURS = {
    "CRM_SMART_INVOICE_LIST_TOOLBAR",
    "CRM_SMART_INVOICE_DETAIL_TAB",
    "CRM_COMPANY_DETAIL_TAB",
    "CRM_ANALYTICS_MENU",
}


def around(**answers: Any) -> Surroundings:
    """A client of a portal that answers these results."""
    portal = FakePortal(answers={name.replace("__", "."): {"result": result} for name, result in answers.items()})
    return Surroundings(portal=portal)


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


def test_the_uninstall_event_is_bound_once() -> None:
    scene = around(event__get=[], event__bind=True)
    Embedding(APP).bind_events(scene.client)
    assert [(each["event"], each["handler"]) for each in scene.portal.asked("event.bind")] == [
        ("ONAPPUNINSTALL", f"{APP}/events")
    ]
    again = around(event__get=[{"event": "onAppUninstall", "handler": f"{APP}/events"}])
    Embedding(APP).bind_events(again.client)
    assert again.portal.asked("event.bind") == []


def test_date_fields_are_single_dates_with_a_name_that_can_be_asked() -> None:
    fields = {
        "begindate": {"type": "date", "title": "Дата выставления"},
        "ufCrmPaid": {"type": "date", "title": "", "formLabel": "Дата оплаты"},
        "createdTime": {"type": "datetime", "title": "Создан"},
        "ufCrmMany": {"type": "date", "isMultiple": True, "title": "Даты"},
        "opportunity": {"type": "double", "title": "Сумма"},
        "bad name": {"type": "date", "title": "Плохое"},
        "ufCrmNameless": {"type": "date"},
    }
    scene = around(crm__item__fields={"fields": fields})
    assert read_date_fields(scene.client) == (
        DateField("begindate", "Дата выставления", "date"),
        DateField("ufCrmPaid", "Дата оплаты", "date"),
        DateField("createdTime", "Создан", "datetime"),
        DateField("ufCrmNameless", "ufCrmNameless", "date"),
    )


def test_stages_tell_their_meaning_wherever_the_portal_puts_it() -> None:
    rows = [
        {"ID": "1", "STATUS_ID": "DT31_2:N", "NAME": "Новый", "ENTITY_ID": "SMART_INVOICE_STAGE_2", "SEMANTICS": None},
        {"ID": "2", "STATUS_ID": "DT31_2:P", "NAME": "Оплачен", "ENTITY_ID": "SMART_INVOICE_STAGE_2", "SEMANTICS": "S"},
        {
            "ID": "3",
            "STATUS_ID": "DT31_2:D",
            "NAME": "",
            "ENTITY_ID": "SMART_INVOICE_STAGE_2",
            "SEMANTICS": "",
            "EXTRA": {"SEMANTICS": "failure"},
        },
        {"ID": "4", "STATUS_ID": "", "NAME": "Без кода", "ENTITY_ID": "SMART_INVOICE_STAGE_2"},
    ]
    scene = around(crm__status__list=rows)
    assert read_stages(scene.client, [Named(2, "Счета")]) == (
        PortalStage("DT31_2:N", "Новый", "P", 2),
        PortalStage("DT31_2:P", "Оплачен", "S", 2),
        PortalStage("DT31_2:D", "DT31_2:D", "F", 2),
    )


def test_categories_without_a_number_are_left_out() -> None:
    scene = around(crm__category__list={"categories": [{"id": 2, "name": "Счета"}, {"id": 7, "name": ""}, {"id": "x"}]})
    assert read_categories(scene.client) == (Named(2, "Счета"), Named(7, "ID 7"))


def test_a_user_who_may_not_read_companies_has_none() -> None:
    refused = {"error": "ACCESS_DENIED", "error_description": "Access denied."}
    scene = Surroundings(portal=FakePortal(faults={("crm.item.list", 1): (403, refused)}))
    assert read_my_companies(scene.client) == ()


def test_assignees_are_asked_for_only_with_a_scope_of_users() -> None:
    scene = around(user__get=[{"ID": "5", "NAME": "Мария", "LAST_NAME": "Кузнецова"}, {"ID": None}, "odd"])
    assert read_assignees(scene.client, frozenset({"crm"})) == ()
    assert scene.portal.seen == []
    assert read_assignees(scene.client, frozenset({"user_brief"})) == (Named(5, "Кузнецова Мария"),)


DATES = (DateField("begindate", "Дата счёта", "date"), DateField("ufCrmMoment", "Отгружен", "datetime"))
STAGES = tuple(PortalStage(f"DT31_2:{name}", name, name, 2) for name in "PSF")


def overview(items: list[dict[str, Any]], **changes: Any) -> Any:
    rows = [{"id": number, **item} for number, item in enumerate(items, 1)]
    scene = around(crm__item__list={"items": rows})
    rules = OverviewRules.of(default_settings() | changes, DATES, STAGES)
    found = company_overview(scene.client, 12, today=date(2026, 3, 31), rules=rules)
    return found, scene.portal.asked("crm.item.list")[0]["filter"]


def test_months_are_summed_in_kopecks_and_paid_goes_by_the_stage() -> None:
    found, conditions = overview(
        [
            {"begindate": "2026-01-31T03:00:00+03:00", "opportunity": Decimal("0.105"), "stageId": "DT31_2:S"},
            {"begindate": "2026-01-01T03:00:00+03:00", "opportunity": "100", "stageId": "DT31_2:P"},
            {"begindate": "2025-12-31T03:00:00+03:00", "opportunity": 5, "stageId": "DT31_2:P"},
        ]
    )
    sums = {month.month: (month.invoiced, month.paid) for month in found.months}
    assert sums["2025-12"] == (Decimal("5.00"), Decimal(0))
    assert sums["2026-01"] == (Decimal("100.11"), Decimal("0.11"))
    assert (conditions[">=begindate"], conditions["<begindate"]) == ("2025-04-01", "2026-04-01")
    assert conditions["=companyId"] == 12


def test_months_without_invoices_stand_as_zero_months() -> None:
    """The last twelve months follow each other without a gap; what lies outside of them is not counted."""
    days = ("2025-03-31", "2025-04-01", "2026-01-15", "2026-04-01", "2206-01-01")
    found, _ = overview([{"begindate": day, "opportunity": 7, "stageId": "DT31_2:S"} for day in days])
    expected = [f"2025-{month:02}" for month in range(4, 13)] + ["2026-01", "2026-02", "2026-03"]
    assert [month.month for month in found.months] == expected
    assert {month.month for month in found.months if month.invoiced} == {"2025-04", "2026-01"}
    assert {month.paid for month in found.months if not month.invoiced} == {Decimal(0)}


def test_failed_and_excluded_stages_do_not_count() -> None:
    _, conditions = overview([], excluded_stages=["DT31_2:N"])
    assert conditions["!@stageId"] == ["DT31_2:F", "DT31_2:N"]


def test_the_months_are_those_of_the_portals_date_field() -> None:
    """A moment is asked for a day further at both ends, since portals compare it in another time zone."""
    items = [{"begindate": "2026-01-31", "ufCrmMoment": "2026-03-01T00:30:00+03:00", "opportunity": 1}]
    found, conditions = overview(items, date_field="ufCrmMoment")
    assert [month.month for month in found.months if month.invoiced] == ["2026-03"]
    assert (conditions[">=ufCrmMoment"], conditions["<ufCrmMoment"]) == ("2025-03-31", "2026-04-02")


def test_paid_goes_by_the_mapped_field_where_there_is_one() -> None:
    items = [
        {"begindate": "2026-01-31", "opportunity": 1, "stageId": "DT31_2:S", "ufCrmPaid": None},
        {"begindate": "2026-01-31", "opportunity": 2, "stageId": "DT31_2:P", "ufCrmPaid": "2026-02-01"},
    ]
    found, _ = overview(items, paid_field="ufCrmPaid")
    assert {month.month: month.paid for month in found.months if month.paid} == {"2026-01": Decimal(2)}


@pytest.mark.parametrize(
    "odd",
    [
        {"begindate": None, "opportunity": 1},
        {"begindate": "</text><script>", "opportunity": 1},
        {"begindate": 20260101, "opportunity": 1},
        {"begindate": "2026-01-01", "opportunity": None},
        {"begindate": "2026-01-01", "opportunity": "NaN"},
        {"begindate": "2026-01-01", "opportunity": "1e999"},
        {"begindate": "2026-01-01", "opportunity": True},
        {"begindate": "2026-01-01", "opportunity": ["1"]},
    ],
)
def test_an_invoice_without_a_month_or_a_sum_is_left_out_of_the_picture(odd: dict[str, Any]) -> None:
    assert overview([odd])[0].months == ()


@pytest.mark.parametrize(
    ("form", "auth"),
    [
        ({"auth[member_id]": "m", "auth[scope]": "crm", "data[CLEAN]": "1"}, {"member_id": "m", "scope": "crm"}),
        ({"auth[a][b]": "1", "auth[": "2", "auth": "3", "auth]": "4", "xauth[a]": "5", "auth[x": "6"}, {}),
        ({"auth[]": "1"}, {"": "1"}),
    ],
)
def test_bracketed_fields_are_taken_apart(form: dict[str, str], auth: dict[str, str]) -> None:
    assert bracketed(form, "auth") == auth
