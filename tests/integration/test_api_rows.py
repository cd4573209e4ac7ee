"""The rows of a report over the API: whose they are, which query is refused, what is answered."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bitrix_app.workbook import REGISTER_SHEETS
from bitrix_app.workbook.rows import write_rows
from demo_portal.data.inn import legal_entity_inn
from demo_portal.portal import Portal
from tests.integration.house import House, Visitor
from tests.integration.workshop import Process, Workshop
from tests.unit.workbook.builders import a_header, a_register, an_invoice

INVOICES = [an_invoice(id=each, number=f"С-{each}", amount=Decimal(each)) for each in range(1, 251)]


@pytest.fixture
def content(tmp_path: Path) -> bytes:
    write_rows(tmp_path / "rows", a_register(INVOICES), a_header(detailed=False), REGISTER_SHEETS)
    return (tmp_path / "rows").read_bytes()


@pytest.fixture
def done(house: House, visitor: Visitor, content: bytes) -> str:
    """The id of a finished report of 250 invoices."""
    report = str(visitor.start()["id"])
    house.finish(report, rows=content)
    return report


def test_rows_come_two_hundred_at_a_time(visitor: Visitor, done: str) -> None:
    first = visitor.call("GET", f"/reports/{done}/rows").json
    assert (first["total"], len(first["rows"]), first["offset"], first["next"]) == (250, 200, 0, 200)
    rest = visitor.call("GET", f"/reports/{done}/rows?offset=200").json
    assert (len(rest["rows"]), rest["next"]) == (50, None)
    row = rest["rows"][-1]
    values = dict(zip([each["code"] for each in rest["columns"]], row["values"], strict=True))
    assert (row["invoice_id"], row["unpaid"], row["problems"]) == (250, False, 0)
    assert row["url"] == "https://portal.example/crm/type/31/details/250/"
    assert (values["number"], values["amount"], values["date"]) == ("С-250", "250", "2026-03-30")


def test_they_are_searched_and_put_in_order(visitor: Visitor, done: str) -> None:
    found = visitor.call("GET", f"/reports/{done}/rows?q=С-24&sort=amount&desc=true&limit=2").json
    assert found["total"] == 11
    assert [each["invoice_id"] for each in found["rows"]] == [249, 248]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=201", "limit"),
        ("limit=0", "limit"),
        ("offset=-1", "offset"),
        ("offset=x", "offset"),
        ("sort=no_such", "sort"),
        ("desc=maybe", "desc"),
        (f"q={'x' * 201}", "q"),
        ("page=2", "page"),
    ],
)
def test_a_wrong_query_is_refused_at_the_parameter(visitor: Visitor, done: str, query: str, field: str) -> None:
    answer = visitor.call("GET", f"/reports/{done}/rows?{query}")
    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])


@pytest.mark.parametrize("address", ["rows", "figures"])
def test_they_are_the_owners_alone(house: House, portal: Portal, done: str, address: str) -> None:
    """An administrator's, too: 404."""
    other = house.visitor(portal, portal.admin)
    assert other.call("GET", f"/reports/{done}/{address}").status_code == 404


@pytest.mark.parametrize("address", ["rows", "figures"])
def test_a_report_without_rows_says_why(house: House, visitor: Visitor, address: str) -> None:
    """It is not ready yet, or was built by an earlier version."""
    report = visitor.start()["id"]
    waiting: Any = visitor.call("GET", f"/reports/{report}/{address}")
    assert (waiting.status_code, waiting.json["code"]) == (409, "report_not_done")
    house.finish(report)
    missing: Any = visitor.call("GET", f"/reports/{report}/{address}")
    assert (missing.status_code, missing.json["code"]) == (409, "rows_missing")


def test_figures_are_told_by_currency(visitor: Visitor, done: str) -> None:
    [found] = visitor.call("GET", f"/reports/{done}/figures").json["currencies"]
    assert found["currency"] == "RUB"
    assert found["months"] == [{"month": "2026-03", "amount": "31375.00", "paid": "31375.00"}]
    assert found["counterparties"] == [{"name": "ООО «Ромашка»", "amount": "31375.00"}]


def test_the_first_part_tells_what_all_that_were_found_come_to(visitor: Visitor, done: str) -> None:
    sums = [{"currency": "RUB", "amount": "31375.00", "paid": "31375.00"}]
    assert visitor.get(f"/reports/{done}/rows?limit=1")["sums"] == sums
    assert visitor.get(f"/reports/{done}/rows?offset=200")["sums"] is None


@pytest.fixture
def owed(shop: Workshop, process: Process) -> tuple[Portal, Visitor, str]:
    """Receivables of 31 March, built by a worker: an invoice that was paid on 2 April, one of a company whose ИНН is
    wrong, one in dollars; and one that nobody owed any more."""
    portal = shop.portal()
    crm, client = portal.crm, portal.crm.add_company("ООО «Должник»")
    crm.add_requisite(company_id=client, inn="7700000000", name="ООО «Должник»")
    payer = crm.add_company("ООО «Плательщик»")
    crm.add_requisite(company_id=payer, inn=legal_entity_inn("7701", 1), name="ООО «Плательщик»")
    usual = {"date": "2026-03-01", "due": "2026-03-10", "company_id": payer}
    crm.add_invoice(number="1", opportunity="100.10", paid="2026-04-02", **usual)
    crm.add_invoice(number="2", opportunity="200.20", **usual | {"company_id": client})
    crm.add_invoice(number="3", opportunity="30.00", currency="USD", **usual)
    crm.add_invoice(number="4", opportunity="400.00", paid="2026-03-31", **usual)
    visitor = shop.house.visitor(portal)
    ordered = visitor.call("POST", "/reports", json={"kind": "receivables", "as_of": "2026-03-31"})
    assert shop.work_on(process, ordered.json["id"], portal).outcome == "done"
    return portal, visitor, ordered.json["id"]


def test_rows_of_receivables_are_those_of_their_sheet(owed: tuple[Portal, Visitor, str]) -> None:
    """What was owed on the day is unpaid, whatever came after it; the remainders are those of the summary."""
    _, visitor, report = owed
    page = visitor.get(f"/reports/{report}/rows?sort=number")
    codes = [each["code"] for each in page["columns"]]
    shown = [dict(zip(codes, row["values"], strict=True)) for row in page["rows"]]
    assert [(each["number"], each["paid_amount"], each["outstanding"]) for each in shown] == [
        ("1", "0.00", "100.10"),
        ("2", "0.00", "200.20"),
        ("3", "0.00", "30.00"),
    ]
    assert [row["unpaid"] for row in page["rows"]] == [True] * 3
    assert page["sums"] == [
        {"currency": "RUB", "amount": "300.30", "paid": "0.00"},
        {"currency": "USD", "amount": "30.00", "paid": "0.00"},
    ]
    totals = visitor.get(f"/reports/{report}")["summary"]["receivables"]
    assert [(each["currency"], each["total"]) for each in totals] == [("RUB", "300.30"), ("USD", "30.00")]
    figures = {each["currency"]: each["months"] for each in visitor.get(f"/reports/{report}/figures")["currencies"]}
    assert figures["RUB"] == [{"month": "2026-03", "amount": "300.30", "paid": "0.00"}]


def test_debts_with_a_problem_are_found(owed: tuple[Portal, Visitor, str]) -> None:
    _, visitor, report = owed
    page = visitor.get(f"/reports/{report}/rows?problems=true")
    assert [(row["values"][0], row["problems"]) for row in page["rows"]] == [("2", 1)]


def test_debts_are_their_owners_alone(shop: Workshop, owed: tuple[Portal, Visitor, str]) -> None:
    portal, _, report = owed
    other = shop.house.visitor(portal, portal.admin)
    assert [other.call("GET", f"/reports/{report}/{each}").status_code for each in ("rows", "figures")] == [404, 404]


def test_the_file_of_rows_is_no_download(visitor: Visitor, done: str) -> None:
    """It goes with the report, like the others."""
    assert [each["format"] for each in visitor.call("GET", f"/reports/{done}").json["downloads"]] == ["xlsx"]


def test_it_goes_with_its_report(house: House, visitor: Visitor, done: str) -> None:
    kept = [each for each in house.services.web.files.names() if each.startswith(done)]
    assert sorted(each.rpartition(".")[2] for each in kept) == ["rows", "xlsx"]
    visitor.call("DELETE", f"/reports/{done}")
    assert not [each for each in house.services.web.files.names() if each.startswith(done)]
