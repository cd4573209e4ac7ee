"""What a card tells of its client's debts over the API: the figures of receivables, in a handful of calls."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from demo_portal import PAID
from demo_portal.portal import Portal
from tests.integration.house import House, Visitor
from tests.live import until


@pytest.fixture
def client(portal: Portal) -> int:
    return portal.crm.add_company("ООО «Ромашка»")


def owes(portal: Portal, client: int | None, days: int | None, amount: str = "100.00", **told: Any) -> int:
    """An invoice that was due so many days ago (below 0: will be; None: nobody knows when)."""
    today = date.fromisoformat(told.pop("today"))
    due = None if days is None else (today - timedelta(days=days)).isoformat()
    usual = {"date": (today - timedelta(days=200)).isoformat(), "due": due, "number": f"{days}"}
    made: int = portal.crm.add_invoice(company_id=client, **{**usual, **told})
    portal.crm.invoices.change(made, opportunity=amount, isManualOpportunity="Y")
    return made


def test_a_companys_open_invoices_and_their_three_figures(portal: Portal, visitor: Visitor, client: int) -> None:
    today = visitor.get("/me")["today"]
    for days in (100, 12, 0, -3, None):
        owes(portal, client, days, today=today)
    owes(portal, client, 5, today=today, number="failed", stage="DT31_2:D")
    owes(portal, client, 5, today=today, number="template", isRecurring="Y")
    owes(portal, client, 5, today=today, number="paid", **{PAID: today})
    owes(portal, portal.crm.add_company("Другая"), 5, today=today)
    found = visitor.get(f"/companies/{client}/debts")
    assert found["client"] == {"type": "company", "id": client}
    assert [each["days"] for each in found["invoices"]] == [100, 12, 0, -3, None]
    [total] = found["receivables"]
    assert (total["total"], total["overdue"], total["oldest_days"]) == ("500.00", "200.00", 100)
    assert total["ranges"] == {
        "not_due": "200.00",
        "1-30": "100.00",
        "31-60": "0.00",
        "61-90": "0.00",
        "90+": "100.00",
        "no_due_date": "100.00",
    }
    assert found["complete"] is True


def test_the_figures_are_kept_for_five_minutes_and_cost_at_most_four_calls(
    house: House, portal: Portal, visitor: Visitor, client: int
) -> None:
    today = visitor.get("/me")["today"]
    for number in range(180):
        owes(portal, client, 5, today=today, number=str(number))
    deal = portal.crm.add_deal("Поставка", companyId=client)
    visitor.get("/options")
    visitor.get(f"/companies/{client}/debts")  # what reports know of the portal is at hand then
    portal.calls.clear()
    found = visitor.get(f"/deals/{deal}/debts")
    assert len(portal.calls) <= 4
    assert found["complete"] is False
    assert sum(Decimal(each["outstanding"]) for each in found["invoices"]) == Decimal(found["receivables"][0]["total"])
    portal.calls.clear()
    assert visitor.get(f"/deals/{deal}/debts") == found
    assert len(portal.calls) == 0


def test_payments_that_a_card_does_not_ask_for_are_named_where_they_count(
    portal: Portal, visitor: Visitor, administrator: Visitor
) -> None:
    """By the payment date nothing is left out."""
    for source, left_out in (("date", False), ("payments", True)):
        chosen = {**administrator.get("/settings"), "payment_source": source}
        assert administrator.call("PUT", "/settings", json=chosen).status_code == 200
        client = portal.crm.add_company(f"ООО «{source}»")
        assert visitor.get(f"/companies/{client}/debts")["payments_left_out"] is left_out


def test_a_deal_shows_its_company_else_its_contact(portal: Portal, visitor: Visitor, client: int) -> None:
    today = visitor.get("/me")["today"]
    contact = portal.crm.add_contact()
    owes(portal, client, 5, "70.00", today=today)
    owes(portal, None, 5, "30.00", today=today, contact_id=contact)
    of_company = portal.crm.add_deal("Обоих", companyId=client, contactId=contact)
    of_contact = portal.crm.add_deal("Контакта", contactId=contact)
    of_nobody = portal.crm.add_deal("Ничья")

    def seen(path: str) -> tuple[Any, list[str]]:
        found = visitor.get(path)
        return found["client"], [each["total"] for each in found["receivables"]]

    assert seen(f"/deals/{of_company}/debts") == ({"type": "company", "id": client}, ["70.00"])
    assert seen(f"/deals/{of_contact}/debts") == ({"type": "contact", "id": contact}, ["30.00"])
    assert seen(f"/contacts/{contact}/debts") == ({"type": "contact", "id": contact}, ["30.00"])
    assert seen(f"/deals/{of_nobody}/debts") == (None, [])


def test_a_deal_that_the_user_may_not_see_is_not_there(house: House, portal: Portal, client: int) -> None:
    deal = portal.crm.add_deal("Тайная", companyId=client)
    portal.accountant.sees_deals = False
    assert house.visitor(portal).call("GET", f"/deals/{deal}/debts").status_code == 404


def test_an_employee_sees_the_debts_of_their_own_invoices_alone(house: House, portal: Portal, client: int) -> None:
    manager = house.visitor(portal, portal.manager)
    today = manager.get("/me")["today"]
    owes(portal, client, 5, "70.00", today=today, assigned_by=portal.manager.id)
    owes(portal, client, 5, "30.00", today=today, assigned_by=1)
    assert [each["total"] for each in manager.get(f"/companies/{client}/debts")["receivables"]] == ["70.00"]


def test_an_administrator_switches_a_tab_off_and_on(portal: Portal, administrator: Visitor) -> None:
    def bound() -> set[str]:
        return {each.code for each in portal.installation().placements}

    def life_events() -> set[str]:
        return {each.event for each in portal.installation().events} & {"ONAPPPAYMENT"}

    until(life_events, what="the launch to have looked after all places")
    before, settings = bound(), administrator.get("/settings")
    assert {"CRM_DEAL_DETAIL_TAB", "CRM_CONTACT_DETAIL_TAB", "CRM_COMPANY_DETAIL_TAB"} <= before
    off = {**settings, "tabs_off": ["CRM_DEAL_DETAIL_TAB"]}
    assert administrator.call("PUT", "/settings", json=off).status_code == 200
    assert bound() == before - {"CRM_DEAL_DETAIL_TAB"}
    assert administrator.call("PUT", "/settings", json=settings).status_code == 200
    assert bound() == before
