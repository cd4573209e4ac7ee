"""A company's months: what was invoiced and paid, counted as in the register. Odd answers cost a line, not the page."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from bitrix_app.portals import DateField, InvoiceFields, OverviewRules, PortalStage, company_overview, default_settings
from bitrix_app.portals.catalog import read_fields
from demo_portal import a_row
from demo_portal.crm.fields import custom_field
from tests.memory import Scene
from tests.unit.portals.answers import around

DATES = InvoiceFields(
    (
        DateField("begindate", "Дата счёта", "date"),
        DateField("ufCrmMoment", "Отгружен", "datetime"),
        DateField("ufCrmPaid", "Оплачен", "date"),
    )
)
STAGES = tuple(PortalStage(f"DT31_2:{name}", name, name, 2) for name in "PSF")


def overview(items: list[dict[str, Any]], **changes: Any) -> Any:
    rows = [{"id": number, **item} for number, item in enumerate(items, 1)]
    scene = around(crm__item__list={"items": rows})
    rules = OverviewRules.of(default_settings() | changes, DATES, STAGES, "RUB")
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
    """A moment counts in the portal's zone; it is asked for further at both ends: servers compare it in theirs."""
    items = [{"begindate": "2026-01-31", "ufCrmMoment": "2026-02-28T16:30:00-05:00", "opportunity": 1}]
    found, conditions = overview(items, date_field="ufCrmMoment")
    assert [month.month for month in found.months if month.invoiced] == ["2026-03"]
    assert (conditions[">=ufCrmMoment"], conditions["<ufCrmMoment"]) == ("2025-03-30", "2026-04-03")


def test_fields_that_the_portal_no_longer_has_give_way_to_the_usual_rules() -> None:
    """The invoice's own date, and the stage."""
    items = [{"begindate": "2026-01-31", "opportunity": 1, "stageId": "DT31_2:S"}]
    found, conditions = overview(items, date_field="ufCrmGone", paid_field="ufCrmGoneToo")
    assert {month.month: month.paid for month in found.months if month.paid} == {"2026-01": Decimal(1)}
    assert ">=begindate" in conditions


def test_a_server_west_of_greenwich_moves_no_invoice_into_another_month() -> None:
    found, _ = overview([{"begindate": "2026-02-28T19:00:00-05:00", "opportunity": 1, "stageId": "DT31_2:P"}])
    assert [month.month for month in found.months if month.invoiced] == ["2026-03"]


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


@pytest.mark.parametrize(("count", "read", "complete"), [(49, 49, True), (50, 50, True), (500, 500, False)])
def test_ten_pages_are_read_and_it_is_said_when_there_is_more(count: int, read: int, complete: bool) -> None:
    """Fifty at a time; a full page may have another behind it."""
    scene = Scene()
    company = scene.portal.crm.add_company()
    for _ in range(count):
        scene.portal.crm.add_invoice(date="2026-03-01", opportunity=1, company_id=company)
    rules = OverviewRules.of(default_settings(), DATES, (), "RUB")
    found = company_overview(scene.client, company, today=date(2026, 3, 31), rules=rules)
    assert (found.months[-1].invoiced, found.complete) == (Decimal(read), complete)
    assert len(scene.params("crm.item.list")) == min(10, count // 50 + 1)
    assert {each["start"] for each in scene.params("crm.item.list")} == {-1}, "nobody counts what is not shown"


@pytest.mark.parametrize("version", ["24.300", "26.250"])
def test_a_custom_date_field_is_asked_as_the_portal_takes_it(version: str) -> None:
    """Where it takes no spelling, the company's invoices are read without the period and cut here."""
    scene = Scene()
    scene.portal.behave(version=version)
    scene.portal.crm.add_custom_field(custom_field("UF_CRM_626D6ABE98692", "date", "Дата акта"))
    for day in ("2026-02-01", "2020-02-01", None):
        invoice = scene.portal.crm.add_invoice(date="2026-01-01", company_id=12, rows=[a_row(price=100)])
        scene.portal.crm.invoices.change(invoice, ufCrm_626D6ABE98692=day and f"{day}T03:00:00+03:00")
    dates = InvoiceFields((*DATES.dates, DateField("ufCrm_626D6ABE98692", "Дата акта", "date")))
    rules = OverviewRules.of(default_settings() | {"date_field": "ufCrm_626D6ABE98692"}, dates, STAGES, "RUB")
    found = company_overview(scene.client, 12, today=date(2026, 3, 31), rules=rules)
    assert {month.month: month.invoiced for month in found.months if month.invoiced} == {"2026-02": Decimal(100)}


def test_a_template_of_a_recurring_invoice_is_none() -> None:
    scene = Scene()
    for recurring in ("N", "Y"):
        scene.portal.crm.add_invoice(date="2026-02-01", company_id=12, rows=[a_row(price=100)], isRecurring=recurring)
    rules = OverviewRules.of(default_settings(), read_fields(scene.client), STAGES, "RUB")
    found = company_overview(scene.client, 12, today=date(2026, 3, 31), rules=rules)
    assert {month.month: month.invoiced for month in found.months if month.invoiced} == {"2026-02": Decimal(100)}
