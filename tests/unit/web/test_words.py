"""Periods, conditions, sums and drawings as the page gets them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from bitrix_app.portals import Check, MonthSums
from bitrix_app.web.chart import draw_chart, round_scale
from bitrix_app.web.filters import filter_labels
from bitrix_app.web.messages import check_message
from bitrix_app.web.periods import period_titles, range_of, today_in
from bitrix_app.web.present import moment, moment_of, money, summary

NOTHING: dict[str, Any] = {"date_field": "begindate", "detailed": False}


@pytest.mark.parametrize(
    ("period", "today", "first", "last"),
    [
        ("this_month", "2026-02-15", "2026-02-01", "2026-02-28"),
        ("this_month", "2024-02-29", "2024-02-01", "2024-02-29"),
        ("last_month", "2026-01-31", "2025-12-01", "2025-12-31"),
        ("this_quarter", "2026-03-31", "2026-01-01", "2026-03-31"),
        ("last_quarter", "2026-01-01", "2025-10-01", "2025-12-31"),
        ("last_quarter", "2026-12-31", "2026-07-01", "2026-09-30"),
        ("this_year", "2026-07-01", "2026-01-01", "2026-12-31"),
        ("last_year", "2026-07-01", "2025-01-01", "2025-12-31"),
    ],
)
def test_a_period_by_name_has_whole_months(period: str, today: str, first: str, last: str) -> None:
    found = range_of(period, date.fromisoformat(today))
    assert [day.isoformat() for day in found] == [first, last]


@pytest.mark.parametrize(
    ("zone", "today"), [("Asia/Vladivostok", 1), ("Europe/Moscow", 1), ("UTC", 31), ("../../etc", 31), ("", 31)]
)
def test_today_is_the_portals_calendar_date(zone: str, today: int) -> None:
    evening = datetime(2026, 3, 31, 22, 30, tzinfo=UTC).timestamp()
    assert today_in(zone, evening).day == today


def test_periods_have_names_in_the_readers_language(lang: str) -> None:
    assert period_titles()["last_quarter"] == {"ru": "Прошлый квартал", "en": "Last quarter"}[lang]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, []),
        ({"date_field": "closedate"}, ["По дате: closedate"]),
        ({"date_field": "ufCrm1"}, ["По дате: Дата отгрузки"]),
        ({"stages": ["DT31_2:N"]}, ["Стадии: Новый"]),
        ({"stages": ["DT31_2:N", "DT31_2:X"]}, ["2 стадии"]),
        ({"stages": [f"DT31_2:{n}" for n in range(5)]}, ["5 стадий"]),
        ({"mycompany_id": 7, "assigned_by_id": 5}, ["Своя компания: ID 7", "Ответственный: ID 5"]),
        ({"currency": "RUB", "paid": True}, ["Валюта: RUB", "Только оплаченные"]),
        ({"paid": None, "company_id": None}, []),
    ],
)
def test_conditions_are_sentences(russian: None, changes: dict[str, Any], words: list[str]) -> None:
    assert filter_labels(NOTHING | changes, {"ufCrm1": "Дата отгрузки", "DT31_2:N": "Новый"}) == words


def test_titles_with_places_are_data(russian: None) -> None:
    assert filter_labels(NOTHING | {"date_field": "x"}, {"x": "100 %(no)s %d"}) == ["По дате: 100 %(no)s %d"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("120000.1", "120000.10"),
        (Decimal("1E+3"), "1000.00"),
        (0, "0.00"),
        ("-5", "-5.00"),
        (None, "0.00"),
        ("x", "0.00"),
        ("99999999999999.99", "99999999999999.99"),
    ],
)
def test_money_is_text_with_two_decimals(value: Any, text: str) -> None:
    assert money(value) == text


def test_a_summary_of_an_older_worker_lacks_nothing() -> None:
    assert summary({}) == {"invoices": 0, "problems": 0, "undated": 0, "totals": [], "first_problems": []}
    totals = summary({"totals": [{"currency": "RUB", "amount": "1"}]})["totals"]
    assert totals[0]["vat"] == "0.00"


def test_moments_are_told_in_utc() -> None:
    moscow = datetime(2026, 3, 31, 1, 2, 3, 456_789, tzinfo=timezone(timedelta(hours=3)))
    assert moment(moscow) == "2026-03-30T22:02:03.456Z"
    assert moment(None) is None
    assert moment_of(0) == "1970-01-01T00:00:00Z"


def test_a_drawing_has_two_bars_a_month_in_proportion() -> None:
    drawing = ET.fromstring(
        draw_chart(
            [MonthSums("2026-01", Decimal(200), Decimal(50)), MonthSums("2026-02", Decimal(100), Decimal(0))], "ru"
        )
    )
    heights = [float(each.get("height", -1)) for each in drawing.iter("{http://www.w3.org/2000/svg}rect")]
    assert heights[0] == pytest.approx(4 * heights[1], abs=0.3)
    assert heights[0] == pytest.approx(2 * heights[2], abs=0.3)
    assert heights[3] == 0
    texts = list(drawing.iter("{http://www.w3.org/2000/svg}text"))
    assert [each.text for each in texts if each.get("class") == "month"] == ["2026-01", "2026-02"]
    assert [each.text for each in texts if each.get("class") == "scale"] == ["50", "100", "150", "200"]


@pytest.mark.parametrize(
    ("highest", "scale"),
    [
        ("0", []),
        ("-5", []),
        ("0.01", ["1"]),
        ("1083017.60", ["500000", "1000000", "1500000"]),
        ("4", ["1", "2", "3", "4"]),
        ("99999999999999.99", ["25000000000000", "50000000000000", "75000000000000", "100000000000000"]),
    ],
)
def test_a_scale_is_of_round_sums_and_reaches_over_the_highest_bar(highest: str, scale: list[str]) -> None:
    assert round_scale(Decimal(highest)) == [Decimal(each) for each in scale]


@pytest.mark.parametrize(("lang", "text"), [("ru", "1,5\u00a0млн"), ("en", "1.5M")])
def test_a_scale_reads_in_the_readers_language(lang: str, text: str) -> None:
    assert f">{text}</text>" in draw_chart([MonthSums("2026-01", Decimal(1_400_000), Decimal(0))], lang)


@pytest.mark.parametrize("amount", [Decimal(0), Decimal(-5)])
def test_a_drawing_of_nothing_is_still_one(amount: Decimal) -> None:
    ET.fromstring(draw_chart([], "ru"))
    ET.fromstring(draw_chart([MonthSums("<&>", amount, amount)], "ru"))


@pytest.mark.parametrize("ok", [True, False])
@pytest.mark.parametrize("code", ["scopes", "invoices", "embedding", "fields", "time_zone", "limits"])
def test_a_check_says_what_was_found_and_only_a_bad_one_advises(lang: str, code: str, ok: bool) -> None:
    params = {"missing": "crm", "count": 5, "zone": "Europe/Moscow", "user_zone": "Asia/Omsk", "operating": 450}
    words = check_message(Check(code, ok=ok, params=params))
    assert words["title"]
    assert bool(words["advice"]) == (not ok and code != "invoices")


def test_a_check_that_the_portal_refused_reads_like_that_refusal(russian: None) -> None:
    words = check_message(Check("invoices", ok=False, error="access_denied"))
    assert words["ok"] is False
    assert "не хватает прав" in words["title"]
