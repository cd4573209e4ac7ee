"""The sample report: invented invoices through the same pipeline, marked wherever they stand, the portal untouched."""

from __future__ import annotations

import io
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from bitrix_app.processing.countries import inn_fault
from bitrix_app.reports.sample import records
from demo_portal import Portal
from tests.integration.house import Visitor
from tests.integration.workshop import Ended, Process, Workshop

SHEETS = ["Краткий", "По контрагентам", "По ответственным", "Полный", "По ставкам НДС", "Проблемы"]


@pytest.fixture
def portal(shop: Workshop) -> Portal:
    """An empty portal."""
    return shop.portal()


@pytest.fixture
def visitor(shop: Workshop, portal: Portal) -> Visitor:
    return shop.house.visitor(portal)


@pytest.fixture
def sample(shop: Workshop, process: Process, portal: Portal, visitor: Visitor) -> Ended:
    return built(shop, process, portal, visitor)


def built(shop: Workshop, process: Process, portal: Portal, visitor: Visitor, **body: Any) -> Ended:
    """The sample, ordered over the API as the page does, with what else is in the body."""
    answer = visitor.call("POST", "/reports", json={"sample": True, **body})
    assert answer.status_code == 202, answer.text
    return shop.work_on(process, answer.json["id"], portal)


def workbook(ended: Ended) -> CalamineWorkbook:
    name = next(each.name for each in ended.record.files if each.format == "xlsx")
    with ended.files.open(name) as file:
        return CalamineWorkbook.from_filelike(io.BytesIO(file.read()))


def texts(book: CalamineWorkbook, sheet: str) -> list[str]:
    return [str(cell) for line in book.get_sheet_by_name(sheet).to_python() for cell in line if cell != ""]


def test_the_portal_is_asked_nothing(shop: Workshop, process: Process, portal: Portal, visitor: Visitor) -> None:
    portal.reset_counters()
    built(shop, process, portal, visitor)
    assert len(portal.calls) == 0


def test_every_sheet_says_that_it_is_a_sample(sample: Ended) -> None:
    book = workbook(sample)
    assert book.sheet_names == SHEETS
    for name in book.sheet_names:
        first, *others = texts(book, name)
        assert first.startswith("ПРИМЕР. Реестр счетов"), name
        assert any("вымышлены, из портала ничего не взято" in each for each in others), name


def test_an_english_sample_says_so_in_english_and_has_no_russian_text(
    shop: Workshop, process: Process, portal: Portal, visitor: Visitor
) -> None:
    book = workbook(built(shop, process, portal, visitor, lang="en"))
    for name in book.sheet_names:
        found = texts(book, name)
        assert found[0].startswith("SAMPLE. ")
        assert any("This is a sample" in each for each in found)
        russian = [each for each in found if any("а" <= letter <= "я" for letter in each.lower())]
        assert [each for each in russian if "Кузнецова" not in each] == []  # who has built it


def test_it_is_a_whole_report_with_payments_and_the_commonest_problems(sample: Ended) -> None:
    summary = sample.record.summary
    assert summary is not None
    (total,) = summary["totals"]
    assert (summary["invoices"], total["currency"]) == (14, "RUB")
    assert all(
        Decimal(total[name]) > 0 for name in ("amount", "vat", "amount_without_vat", "paid", "unpaid", "overdue")
    )
    assert Decimal(total["amount"]) == Decimal(total["paid"]) + Decimal(total["unpaid"])
    said = " ".join(line["message"] for group in summary["problems_by_field"] for line in group["first"])
    assert summary["problems"] == 3, said
    assert len(sample.sheet("Полный")) > 14


def test_no_cell_leads_into_the_portal(sample: Ended, portal: Portal) -> None:
    name = next(each.name for each in sample.record.files if each.format == "xlsx")
    with sample.files.open(name) as file:
        assert portal.domain.encode() not in file.read()
    assert portal.domain not in " ".join(text for sheet in SHEETS for text in texts(workbook(sample), sheet))


def test_history_page_and_journal_name_it(shop: Workshop, sample: Ended, visitor: Visitor, portal: Portal) -> None:
    (report,) = visitor.get("/reports")["items"]
    assert report["params"]["sample"] is True
    assert report["filters"][0] == "Пример: данные не из вашего портала"
    lines = shop.house.visitor(portal, portal.admin).get("/journal")["items"]
    assert any("Пример: данные не из вашего портала" in str(line) for line in lines)


def test_it_is_not_the_last_choice_of_the_form(sample: Ended, visitor: Visitor) -> None:
    assert visitor.get("/me")["last_choice"] is None


def test_no_register_is_compared_with_it(sample: Ended, visitor: Visitor) -> None:
    body = {"date_from": "2026-01-01", "date_to": "2026-01-31", "compare_with": sample.record.id}
    answer = visitor.call("POST", "/reports", json=body)
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["compare_with"])


def test_other_conditions_do_not_narrow_it(shop: Workshop, process: Process, portal: Portal, visitor: Visitor) -> None:
    ended = built(shop, process, portal, visitor, company_id=7, date_from="2020-01-01", date_to="2020-01-31")
    assert ended.record.summary is not None
    assert ended.record.summary["invoices"] == 14


@pytest.mark.parametrize("value", [1, "yes", None])
def test_only_true_asks_for_it(visitor: Visitor, value: object) -> None:
    assert visitor.call("POST", "/reports", json={"sample": value}).status_code == 422


def test_who_may_not_build_reports_gets_no_sample(shop: Workshop, portal: Portal, visitor: Visitor) -> None:
    administrator = shop.house.visitor(portal, portal.admin)
    settings = administrator.get("/settings")
    settings["builders"] = {**settings["builders"], "mode": "administrators"}
    answer = administrator.call("PUT", "/settings", json=settings)
    assert answer.status_code == 200, answer.text
    assert visitor.call("POST", "/reports", json={"sample": True}).status_code == 403


def test_its_numbers_belong_to_nobody() -> None:
    """No tax office gives an ИНН that begins with 0000; all but the mistyped one pass the check digits."""
    numbers = [each.inn for each in records.BUYERS if each.inn]
    assert all(each.startswith("0000") for each in numbers)
    assert len([each for each in numbers if inn_fault(each)]) == 1


@pytest.mark.parametrize("today", [date(2026, 1, 15), date(2026, 12, 1), date(2028, 2, 29)])
def test_rates_are_those_of_their_day_and_all_days_are_in_its_period(today: date) -> None:
    first = today - timedelta(days=records.DAYS - 1)
    rows = records.product_rows(today)
    for each in records.invoices(today):
        day = date.fromisoformat(each["begindate"][:10])
        assert first <= day <= today
        usual = 22 if day >= date(2026, 1, 1) else 20
        assert {row["taxRate"] for row in rows[each["id"]]} <= {usual, 10, None}
