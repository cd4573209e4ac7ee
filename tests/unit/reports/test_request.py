"""What a report asks of the portal."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitrix_app.processing import FieldMapping, Stage
from bitrix_app.reports.exporting import file_words, filters_in_words
from bitrix_app.reports.left_out import more_undated
from bitrix_app.reports.request import ReportCatalog, ReportParams, invoice_filter, invoice_select, undated_filter

MARCH = ReportParams(date(2026, 3, 1), date(2026, 3, 31))
STAGES = {
    "DT31_1:N": Stage("DT31_1:N", "Новый", "P", 1),
    "DT31_1:D": Stage("DT31_1:D", "Не оплачен", "F", 1),
    "DT31_1:P": Stage("DT31_1:P", "Оплачен", "S", 1),
}
MOMENTS = ReportCatalog(FieldMapping(datetime_fields=frozenset({"begindate", "ufCrmPaid"})))
OFFSETS = st.integers(-12 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))
WITHOUT_FAILED = ReportCatalog(excluded_stages=frozenset({"DT31_1:D"}))


def params(**values: Any) -> ReportParams:
    return ReportParams.from_json({"date_from": "2026-03-01", "date_to": "2026-03-31", **values})


def test_the_period_includes_both_ends() -> None:
    """The last day ends where the next one begins."""
    asked = invoice_filter(MARCH, ReportCatalog())
    assert asked == {">=begindate": "2026-03-01", "<begindate": "2026-04-01"}


def test_a_moment_is_asked_for_with_a_day_to_spare() -> None:
    """The portal compares moments in its server's time zone; the calendar date is cut afterwards."""
    asked = invoice_filter(params(date_field="ufCrmPaid"), MOMENTS)
    assert asked == {">=ufCrmPaid": "2026-02-28", "<ufCrmPaid": "2026-04-02"}


@pytest.mark.parametrize(
    ("hours", "spare"), [(-11, 2), (-10, 2), (-9, 1), (3, 1), (11, 1), (12, 2)], ids=lambda value: f"{value:+}"
)
def test_two_days_are_spared_only_where_a_server_may_be_more_than_a_day_away(hours: int, spare: int) -> None:
    """Servers stand between UTC−12 and UTC+14; a day more is a day more to read for nothing."""
    catalog = replace(MOMENTS, fields=replace(MOMENTS.fields, zone=timezone(timedelta(hours=hours))))
    asked = invoice_filter(params(date_field="ufCrmPaid"), catalog)
    assert asked[">=ufCrmPaid"] == f"{date(2026, 3, 1) - timedelta(days=spare)}"


@given(OFFSETS, OFFSETS, st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.times())
def test_no_server_keeps_back_a_moment_of_the_period(server: timezone, own: timezone, day: date, at: time) -> None:
    """Whatever the server's and the portal's zones: a moment of the period's only day lies within the filter."""
    catalog = ReportCatalog(FieldMapping(datetime_fields=frozenset({"ufCrmPaid"}), zone=own))
    asked = invoice_filter(ReportParams(day, day, date_field="ufCrmPaid"), catalog)
    first, after = (
        datetime.combine(date.fromisoformat(asked[key]), time(), server) for key in (">=ufCrmPaid", "<ufCrmPaid")
    )
    assert first <= datetime.combine(day, at, own) < after


@pytest.mark.parametrize(
    ("wish", "asked"),
    [
        ({"company_id": 12}, {"=companyId": 12}),
        ({"invoice_id": 345}, {"=id": 345}),
        ({"mycompany_id": 7}, {"=mycompanyId": 7}),
        ({"assigned_by_id": 3}, {"=assignedById": 3}),
        ({"currency": "USD"}, {"=currencyId": "USD"}),
        ({"stages": ["DT31_1:N"]}, {"@stageId": ["DT31_1:N"]}),
        ({"paid": True}, {}),
        ({"company_id": None, "stages": None}, {}),
    ],
)
def test_each_wish_narrows_on_the_server(wish: dict[str, Any], asked: dict[str, Any]) -> None:
    """What the portal can filter is filtered there; paid invoices cannot be asked for without a field and stages."""
    found = invoice_filter(params(**wish), ReportCatalog())
    assert {name: value for name, value in found.items() if "begindate" not in name} == asked


@pytest.mark.parametrize(
    ("paid", "stages", "field", "asked"),
    [
        (True, None, "ufCrmPaid", {"!=ufCrmPaid": None, "!@stageId": ["DT31_1:D"]}),
        (False, None, "ufCrmPaid", {"=ufCrmPaid": None, "!@stageId": ["DT31_1:D"]}),
        (False, ["DT31_1:N"], "ufCrmPaid", {"=ufCrmPaid": None, "@stageId": ["DT31_1:N"]}),
        (True, None, None, {"@stageId": ["DT31_1:P"], "!@stageId": ["DT31_1:D"]}),
        (False, None, None, {"!@stageId": ["DT31_1:D", "DT31_1:P"]}),
        (True, ["DT31_1:N", "DT31_1:P"], None, {"@stageId": ["DT31_1:P"]}),
        (False, ["DT31_1:N", "DT31_1:P"], None, {"@stageId": ["DT31_1:N"]}),
        (True, ["DT31_1:N"], None, {"@stageId": ["DT31_1:N"], "=id": 0}),
    ],
)
def test_paid_and_unpaid_invoices_are_asked_for_by_the_field_or_by_the_stage(
    paid: bool, stages: list[str] | None, field: str | None, asked: dict[str, Any]
) -> None:
    """By the mapped payment date, else a successful stage means paid; none can be both paid and in an open stage."""
    catalog = ReportCatalog(fields=FieldMapping(paid_field=field), stages=STAGES)
    found = invoice_filter(params(paid=paid, stages=stages), catalog)
    assert {name: value for name, value in found.items() if "begindate" not in name} == asked


def test_failed_and_excluded_stages_are_left_out_by_name() -> None:
    """An invoice in a stage that nobody knows is then in the report, not lost."""
    catalog = ReportCatalog(stages=STAGES, excluded_stages=frozenset({"DT31_1:N"}))
    found = invoice_filter(MARCH, catalog)
    assert found["!@stageId"] == ["DT31_1:D", "DT31_1:N"]


def test_chosen_stages_win_over_excluded_ones() -> None:
    """Who names a failed stage gets it."""
    found = invoice_filter(params(stages=["DT31_1:D"]), WITHOUT_FAILED)
    assert (found["@stageId"], "!@stageId" in found) == (["DT31_1:D"], False)


def test_undated_invoices_are_counted_under_the_same_wishes() -> None:
    """Only invoices that the report would have held are counted."""
    found = undated_filter(params(company_id=12), WITHOUT_FAILED)
    assert found == {"=begindate": None, "=companyId": 12, "!@stageId": ["DT31_1:D"]}


def test_the_end_of_the_calendar_is_no_error() -> None:
    """The last day that a date can hold is still a period."""
    last = ReportParams(date(9999, 12, 31), date(9999, 12, 31))
    assert invoice_filter(last, MOMENTS)["<begindate"] == "9999-12-31"


def test_only_needed_fields_are_asked_for_each_once() -> None:
    """Mapped date fields join the standard ones."""
    select = invoice_select(FieldMapping("closedate", "ufCrmShipped", "ufCrmShipped"))
    assert select.count("ufCrmShipped") == 1
    assert select.count("closedate") == 1
    assert "*" not in select


def test_further_contacts_of_an_invoice_are_asked_for() -> None:
    """Where an invoice has contacts but no first one, the counterparty is found among them."""
    assert {"companyId", "contactId", "contactIds"} <= set(invoice_select(FieldMapping()))


def test_filters_are_told_in_words() -> None:
    """The title block says what narrows the report, with names where they are known."""
    asked = params(stages=["DT31_1:P", "DT31_9:X"], company_id=12, currency="USD", paid=False, assigned_by_id=3)
    assert filters_in_words(asked, STAGES, company="ООО «Ромашка»") == (
        "Стадии: Оплачен, DT31_9:X",
        "Компания: ООО «Ромашка»",
        "Ответственный: ID 3",
        "Валюта: USD",
        "Только неоплаченные",
    )


@pytest.mark.parametrize(
    ("stages", "left_out", "words"),
    [
        (None, {"DT31_1:D"}, ("Без проваленных счетов (стадии «Не оплачен»)",)),
        (
            None,
            {"DT31_1:D", "DT31_1:N", "DT31_9:X"},
            ("Без проваленных счетов (стадии «Не оплачен»); Без счетов на стадиях «Новый», «DT31_9:X»",),
        ),
        (None, set(), ()),
        (["DT31_1:D"], {"DT31_1:D"}, ("Стадии: Не оплачен",)),
    ],
    ids=["failed", "excluded, one of them gone", "none", "chosen"],
)
def test_stages_that_nobody_asked_to_leave_out_are_named(
    stages: list[str] | None, left_out: set[str], words: tuple[str, ...]
) -> None:
    """Nothing is left out silently: who reads the register has not seen the settings."""
    assert filters_in_words(params(stages=stages), STAGES, left_out_stages=left_out) == words


def test_the_files_name_tells_the_filter() -> None:
    """In a word or two each; what has no name is left out."""
    asked = params(stages=["DT31_1:P"], company_id=12, assigned_by_id=3, currency="USD", paid=False)
    words = file_words(asked, "ООО «Ромашка»", None, None)
    assert words == ("неоплаченные", "ООО «Ромашка»", "USD", "выбранные стадии")
    assert file_words(params(), None, None, None) == ()


def test_what_was_asked_for_comes_before_what_is_left_out() -> None:
    """A title block has room for a few lines only."""
    found = filters_in_words(params(company_id=12), STAGES, left_out_stages={"DT31_1:D"})
    assert found == ("Компания: ID 12", "Без проваленных счетов (стадии «Не оплачен»)")


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (1, "1 счёт без даты в поле «Дата» не попал в отчёт"),
        (3, "3 счёта без даты в поле «Дата» не попали в отчёт"),
        (12, "12 счетов без даты в поле «Дата» не попали в отчёт"),
        (21, "21 счёт без даты в поле «Дата» не попал в отчёт"),
        (37, "37 счетов без даты в поле «Дата» не попали в отчёт"),
    ],
)
def test_invoices_without_a_date_are_told_in_good_russian(count: int, words: str) -> None:
    """Numbers bend the noun and the verb."""
    assert more_undated(count, "Дата", paid_asked=False).startswith(f"И ещё {words}")
