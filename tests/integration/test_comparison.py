"""A report compared with an earlier one: what came, went and differs in the portal between the two."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from demo_portal import Portal, a_row
from demo_portal.data.inn import legal_entity_inn
from tests.integration.house import Visitor
from tests.integration.workshop import QUARTER, Ended, Process, Workshop

BODY = {name: value for name, value in QUARTER.items() if name != "detailed"}


@pytest.fixture
def portal(shop: Workshop) -> Portal:
    """Five invoices of the quarter, of 100, 200 … 500 roubles and as many companies."""
    portal = shop.portal()
    for n in range(1, 6):
        company = portal.crm.add_company(f"ООО «Фирма {n}»")
        inn = legal_entity_inn("7701", n)
        requisite = portal.crm.add_requisite(company_id=company, inn=inn, name=f"ООО «Фирма {n}»")
        rows = [a_row(price=100 * n, rate=None, name="Услуга")]
        portal.crm.add_invoice(
            number=str(n), date=f"2026-02-0{n}", company_id=company, requisite_id=requisite, rows=rows
        )
    return portal


@pytest.fixture
def visitor(shop: Workshop, portal: Portal) -> Visitor:
    return shop.house.visitor(portal)


@pytest.fixture
def build(shop: Workshop, process: Process, portal: Portal, visitor: Visitor) -> Any:
    """Orders a report over the API and builds it."""

    def built(**body: Any) -> Ended:
        answer = visitor.call("POST", "/reports", json={**BODY, **body})
        assert answer.status_code == 202, answer.text
        return shop.work_on(process, answer.json["id"], portal)

    return built


def named(line: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(line[name] for name in ("Номер", "Что изменилось", "Поле", "Было", "Стало", "Разница"))


def test_what_came_went_and_differs(build: Any, portal: Portal) -> None:
    """A sum, a stage, a requisite, an invoice less, an invoice more: each a line with what was and what is."""
    earlier = build()
    portal.crm.invoices.change(1, opportunity=Decimal(150))
    portal.crm.invoices.change(2, stageId="DT31_2:S")
    inn = legal_entity_inn("7702", 3)
    portal.crm.requisites.change(3, RQ_INN=inn)
    portal.crm.remove_invoice(4)
    portal.crm.add_invoice(number="6", date="2026-03-06", company_id=5, requisite_id=5, rows=[a_row(price=600)])
    later = build(compare_with=earlier.record.id)

    lines = later.sheet("Изменения")
    assert [named(each) for each in lines if each["Что изменилось"] != "Изменён"] == [
        ("6", "Добавлен", "Сумма", "", 600.0, 600.0),
        ("4", "Исчез", "Сумма", 400.0, "", -400.0),
    ]
    changed = [named(each) for each in lines if each["Что изменилось"] == "Изменён"]
    assert ("1", "Изменён", "Сумма", 100.0, 150.0, 50.0) in changed
    assert ("2", "Изменён", "Стадия", "Новый", "Отправлен клиенту", "") in changed
    assert ("3", "Изменён", "ИНН", legal_entity_inn("7701", 3), inn, "") in changed
    assert {each[0] for each in changed} == {"1", "2", "3"}
    told = (later.record.summary or {})["changes"]
    assert (told["added"], told["gone"], told["changed"]) == (1, 1, 3)
    assert told["with"] == earlier.record.id
    [sums] = told["totals"]
    assert [Decimal(sums[each]) for each in ("was", "now", "difference")] == [1500, 1750, 250]


def test_numbers_lead_to_their_invoices(build: Any, portal: Portal, tmp_path: Path) -> None:
    """Also that of an invoice that is no longer in the report: it may have another date now."""
    earlier = build()
    portal.crm.invoices.change(1, opportunity=Decimal(150))
    portal.crm.invoices.change(2, begindate="2026-05-01T03:00:00+03:00")
    later = build(compare_with=earlier.record.id)
    path = tmp_path / "register.xlsx"
    with later.files.open(next(each.name for each in later.record.files if each.format == "xlsx")) as file:
        path.write_bytes(file.read())
    links = {cell.value: cell.hyperlink.target for cell in load_workbook(path)["Изменения"]["A"] if cell.hyperlink}
    address = f"{portal.url}/crm/type/31/details"
    assert links == {"1": f"{address}/1/", "2": f"{address}/2/"}


def test_the_api_tells_the_counts_and_the_first_lines(build: Any, portal: Portal, visitor: Visitor) -> None:
    earlier = build()
    portal.crm.invoices.change(1, begindate="2026-02-20T03:00:00+03:00")
    told = visitor.get(f"/reports/{build(compare_with=earlier.record.id).record.id}")["summary"]["changes"]
    assert (told["added"], told["gone"], told["changed"]) == (0, 0, 1)
    assert told["totals"] == [{"currency": "RUB", "was": "1500.00", "now": "1500.00", "difference": "0.00"}]
    assert told["first"] == [
        {
            "what": "changed",
            "invoice_id": 1,
            "number": "1",
            "counterparty": "ООО «Фирма 1»",
            "field": "Дата счёта",
            "type": "date",
            "was": "2026-02-01",
            "now": "2026-02-20",
            "currency": "RUB",
        }
    ]


def test_columns_of_one_report_alone_are_named_and_left_out(build: Any) -> None:
    """The invoice is told by its id where a report has no numbers."""
    earlier = build(columns=["inn", "comment"])
    later = build(compare_with=earlier.record.id, columns=["inn", "kpp", "amount"])
    told = (later.record.summary or {})["changes"]
    assert (told["added"], told["gone"], told["changed"]) == (0, 0, 0)
    assert told["not_compared"] == ["КПП", "Комментарий"]
    assert later.sheet("Изменения") == []


def test_a_report_without_comparison_has_no_such_sheet(build: Any) -> None:
    ended = build()
    assert "changes" not in (ended.record.summary or {})
    assert ended.sheet("Изменения") == []


def test_an_earlier_report_that_is_deleted_meanwhile_costs_the_comparison_alone(
    shop: Workshop, process: Process, portal: Portal, visitor: Visitor, build: Any
) -> None:
    earlier = build().record.id
    ordered = visitor.call("POST", "/reports", json={**BODY, "compare_with": earlier}).json["id"]
    assert visitor.call("DELETE", f"/reports/{earlier}").status_code == 204
    ended = shop.work_on(process, ordered, portal)
    assert ended.outcome == "done"
    assert [line["Поле"] for line in ended.sheet("Проблемы") if "сравнить" in line["Проблема"]] == ["Изменения"]


def test_what_cannot_be_compared_is_refused_at_the_field(
    shop: Workshop, process: Process, portal: Portal, visitor: Visitor, build: Any
) -> None:
    """Somebody else's, one that is not ready, receivables, nothing at all; and receivables compare with nothing."""

    def refused(body: dict[str, Any], by: Visitor = visitor) -> str:
        answer = by.call("POST", "/reports", json=body)
        assert (answer.status_code, list(answer.json["errors"])) == (422, ["compare_with"])
        return str(answer.json["errors"]["compare_with"][0])

    done = build().record.id
    owed = build(kind="receivables", as_of="2026-03-31", date_from=None, date_to=None, date_field=None).record.id
    waiting = visitor.call("POST", "/reports", json=BODY).json["id"]
    said = [
        refused({**BODY, "compare_with": done}, shop.house.visitor(portal, portal.admin)),
        refused({**BODY, "compare_with": waiting}),
        refused({**BODY, "compare_with": owed}),
        refused({"kind": "receivables", "as_of": "2026-03-31", "compare_with": done}),
    ]
    assert len(set(said)) == 4
    assert said[0] == refused({**BODY, "compare_with": "none"})
    visitor.call("POST", f"/reports/{waiting}/cancel")


def test_reports_of_two_languages_are_not_compared(
    build: Any, shop: Workshop, portal: Portal, visitor: Visitor
) -> None:
    """Words like «нет» would differ in every row and mean the same."""
    earlier = build()
    refused = visitor.call("POST", "/reports", json={**BODY, "compare_with": earlier.record.id, "lang": "en"})
    assert refused.status_code == 422
    assert list(refused.json["errors"]) == ["compare_with"]
    english = build(lang="en")
    assert (
        visitor.call("POST", "/reports", json={**BODY, "compare_with": english.record.id, "lang": "en"}).status_code
        == 202
    )
