"""Filters, sums, moments and checks as the page gets them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from bitrix_app.portals import Check
from bitrix_app.web.filters import filter_labels
from bitrix_app.web.messages import check_message
from bitrix_app.web.present import moment, moment_of, money, progress, summary

NOTHING: dict[str, Any] = {"date_field": "begindate", "detailed": False}


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


@pytest.mark.parametrize(
    ("changes", "names", "words"),
    [
        ({"company_id": 12}, {"company": "ООО «Ромашка» %(id)s"}, ["Компания: ООО «Ромашка» %(id)s"]),
        ({"assigned_by_id": 5}, {"assigned_by": "Петрова"}, ["Ответственный: Петрова"]),
        ({"invoice_id": 3}, {"invoice": {"number": "528", "date": "2026-08-29"}}, ["Счёт № 528 от 29.08.2026"]),
        ({"invoice_id": 3}, {"invoice": {"number": "528", "date": None}}, ["Счёт № 528"]),
        ({"invoice_id": 3}, {"invoice": {"number": None, "date": "2026-08-29"}}, ["Счёт с ID 3"]),
    ],
)
def test_what_a_report_is_narrowed_to_has_the_name_it_has_in_the_portal(
    russian: None, changes: dict[str, Any], names: dict[str, Any], words: list[str]
) -> None:
    assert filter_labels(NOTHING | changes, {}, names) == words


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
        ("0.125", "0.13"),
        ("-0.125", "-0.13"),
        ("2.665", "2.67"),
        ("NaN", "0.00"),
        ("Infinity", "0.00"),
    ],
)
def test_money_is_text_with_two_decimals_rounded_half_up(value: Any, text: str) -> None:
    assert money(value) == text


def test_a_summary_of_an_older_worker_lacks_nothing() -> None:
    assert summary({}) == {
        "invoices": 0,
        "problems": 0,
        "undated": 0,
        "totals": [],
        "first_problems": [],
        "problems_by_field": [],
    }
    totals = summary({"totals": [{"currency": "RUB", "amount": "1"}]})["totals"]
    assert (totals[0]["vat"], "unpaid" in totals[0]) == ("0.00", False)


def test_moments_are_told_in_utc() -> None:
    moscow = datetime(2026, 3, 31, 1, 2, 3, 456_789, tzinfo=timezone(timedelta(hours=3)))
    assert moment(moscow) == "2026-03-30T22:02:03.456Z"
    assert moment(None) is None
    assert moment_of(0) == "1970-01-01T00:00:00Z"


@pytest.mark.parametrize("ok", [True, False])
@pytest.mark.parametrize(
    "code", ["scopes", "invoices", "own_company", "clients", "embedding", "fields", "time_zone", "limits"]
)
def test_a_check_says_what_was_found_and_only_a_bad_one_advises(lang: str, code: str, ok: bool) -> None:
    params = {
        "missing": "crm",
        "companies": 0,
        "count": 5,
        "zone": "Europe/Moscow",
        "user_zone": "Asia/Omsk",
        "operating": 450,
    }
    words = check_message(Check(code, ok=ok, params=params), "https://p.example")
    assert words["title"]
    assert bool(words["advice"]) == (not ok)
    mended = {"invoices", "own_company", "clients"}
    assert bool(words["link"]) == (not ok and code in mended)


@pytest.mark.parametrize(
    ("method", "module"),
    [
        ("crm.item.payment.list", "crm"),
        ("placement.bind", "rest"),
        ("batch", "rest"),
        ("disk.folder.uploadfile", "disk"),
    ],
)
def test_a_call_that_an_old_box_lacks_is_said_with_the_module_to_be_updated(
    russian: None, method: str, module: str
) -> None:
    words = check_message(Check("x", ok=False, params={"method": method}, error="unknown_method"), "https://p.example")
    assert method in words["title"]
    assert f"обновить модуль {module} до последней версии" in words["advice"]


def test_a_check_that_the_portal_refused_reads_like_that_refusal(russian: None) -> None:
    words = check_message(Check("invoices", ok=False, error="access_denied"), "https://p.example")
    assert words["ok"] is False
    assert "не хватает прав" in words["title"]


UNTIL = "2026-03-31T10:00:00Z"


@pytest.mark.parametrize(
    ("is_open", "waiting", "told"),
    [
        (True, {"reason": "retry", "until": UNTIL, "method": "x"}, {"reason": "retry", "until": UNTIL}),
        (False, {"reason": "retry", "until": UNTIL}, None),
        (True, {"reason": "retry"}, None),
        (True, None, None),
    ],
)
def test_what_a_report_waits_for_is_told_while_it_is_open(is_open: bool, waiting: Any, told: Any) -> None:
    """An older worker may have written less: then nothing is told."""
    record = SimpleNamespace(open=is_open, waiting=waiting, stage="products", done=3, total=None)
    assert progress(record) == {"stage": "products", "done": 3, "total": 0, "waiting": told}
    record.stage, record.total = None, 9
    assert (progress(record)["stage"], progress(record)["total"]) == ("invoices", 9)
