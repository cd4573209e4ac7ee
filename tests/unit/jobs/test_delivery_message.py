"""The line that is said with a delivered report."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bitrix_app.jobs.delivery.message import failure, file_title, message
from bitrix_app.storage import ReportRecord

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)


def report(params: dict[str, Any], summary: dict[str, Any]) -> ReportRecord:
    return ReportRecord(
        id="1",
        portal_id=1,
        user_id=5,
        user_name="",
        params=params,
        names={},
        status="done",
        stage=None,
        done=0,
        total=None,
        waiting=None,
        attempt=1,
        created_at=NOW,
        started_at=NOW,
        finished_at=NOW,
        summary=summary,
        error_code=None,
        error_params=None,
        files=(),
    )


NOVEMBER = {"date_from": "2026-11-01", "date_to": "2026-11-30"}


def register(**summary: Any) -> ReportRecord:
    return report(NOVEMBER, {"invoices": 214, "totals": [{"currency": "RUB", "amount": "3412500.00"}], **summary})


def debts(day: str, overdue: str, **summary: Any) -> ReportRecord:
    told = {"receivables": [{"currency": "RUB", "total": "900000.00", "overdue": overdue}], **summary}
    return report({"as_of": day}, told)


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_a_register_in_a_line() -> None:
    said = "Реестр за ноябрь 2026: 214 счетов, 3 412 500,00 ₽, замечаний 3"
    assert plain(message(register(problems=3), None, "")) == said


def test_without_problems_nothing_is_said_of_them() -> None:
    assert plain(message(register(problems=0), None, "")) == "Реестр за ноябрь 2026: 214 счетов, 3 412 500,00 ₽"


def test_each_currency_has_its_sum() -> None:
    sums = [{"currency": "RUB", "amount": "1.50"}, {"currency": "PLN", "amount": "2"}]
    assert plain(message(register(totals=sums, invoices=2), None, "")).endswith("2 счёта, 1,50 ₽, 2,00 PLN")


@pytest.mark.parametrize(("count", "said"), [(1, "1 счёт"), (11, "11 счетов"), (22, "22 счёта"), (0, "0 счетов")])
def test_invoices_are_counted_in_good_russian(count: int, said: str) -> None:
    assert f": {said}" in message(register(invoices=count), None, "")


def test_what_narrows_a_report_is_said_and_cannot_become_markup() -> None:
    narrowed = register(
        title="Реестр счетов за ноябрь 2026 г.",
        file_title="Реестр счетов за ноябрь 2026 г, неоплаченные, ООО [URL=https://evil.example]«Роза»[/URL]",
    )
    text = message(narrowed, None, "https://romashka.bitrix24.ru/marketplace/view/app/?params[report]=1")
    line, link = text.split("\n")
    assert line.startswith("Реестр за ноябрь 2026, неоплаченные, ООО (URL=")
    assert "[" not in line
    assert link.startswith("[URL=https://romashka.bitrix24.ru/marketplace/view/app/?params[report]=1]")


@pytest.mark.parametrize(
    ("day", "before", "said"),
    [
        ("2026-11-23", "360000.00", "на 120 000,00 больше, чем неделю назад (23.11.2026)"),
        ("2026-11-29", "500000.00", "на 20 000,00 меньше, чем днём раньше (29.11.2026)"),
        ("2026-10-31", "480000.00", "столько же, сколько на 31.10.2026"),
        ("2026-10-31", "0.00", "на 480 000,00 больше, чем на 31.10.2026"),
    ],
)
def test_receivables_are_compared_with_an_earlier_day(day: str, before: str, said: str) -> None:
    now = debts("2026-11-30", "480000.00", title="Задолженность на 30.11.2026")
    text = plain(message(now, debts(day, before), ""))
    assert text == f"Задолженность на 30.11.2026: просрочено 480 000,00 ₽, {said}"


def test_receivables_without_an_earlier_day_are_not_compared() -> None:
    now = debts("2026-11-30", "480000.00", problems=2)
    assert plain(message(now, None, "")) == ("Задолженность на 30.11.2026: просрочено 480 000,00 ₽, замечаний 2")


def test_nobody_owes() -> None:
    now = replace(debts("2026-11-30", "0"), summary={"receivables": []})
    assert message(now, None, "") == "Задолженность на 30.11.2026: никто не должен"


def test_a_file_is_named_as_it_is_downloaded() -> None:
    named = register(file_title='Реестр счетов за ноябрь 2026 г, ООО "Роза/Мимоза"')
    assert file_title(named, "xlsx") == "Реестр счетов за ноябрь 2026 г, ООО  Роза Мимоза.xlsx"


def in_english(record: ReportRecord) -> ReportRecord:
    return replace(record, params={**record.params, "lang": "en"})


def test_an_english_report_is_told_in_english() -> None:
    record = in_english(register(problems=3))
    assert message(record, None, "") == "Invoice register for November 2026: 214 invoices, 3,412,500.00 ₽, problems: 3"
    assert file_title(record, "xlsx") == "Invoice register 2026-11-01 — 2026-11-30.xlsx"
    assert failure(record, "https://p.example/").split("\n") == [
        "Invoice register for November 2026: not built after several tries. The app says why and what to do",
        "[URL=https://p.example/]See the reason[/URL]",
    ]


def test_english_debts_are_compared_in_english() -> None:
    now, then = in_english(debts("2026-11-30", "480000.00")), in_english(debts("2026-11-23", "360000.00"))
    assert message(now, then, "") == (
        "Receivables as of 30.11.2026: overdue 480,000.00 ₽, 120,000.00 more than a week earlier (23.11.2026)"
    )
    nothing = in_english(report({"as_of": "2026-11-30"}, {"receivables": []}))
    assert message(nothing, None, "") == "Receivables as of 30.11.2026: nobody owes"
