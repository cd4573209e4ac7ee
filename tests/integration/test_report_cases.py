"""Cases from the world, all the way from a portal's answers to the finished workbook."""

from __future__ import annotations

from typing import Any

import pytest

from demo_portal import SHIPPED, User, a_row
from demo_portal.crm.fields import custom_field
from tests.cases import SELLER, fill_with_case
from tests.integration.workshop import QUARTER, Ended, Process, Workshop

PERIOD: dict[str, Any] = {"date_from": "2025-12-01", "date_to": "2026-03-31"}


def built(shop: Workshop, process: Process, case: str, **params: Any) -> Ended:
    """The detailed report of a case, seen by its administrator or by ``user_id``."""
    user_id = params.pop("user_id", 1)
    portal = shop.house.portal()
    fill_with_case(portal, case)
    user: User = portal.users[user_id]
    shop.house.visitor(portal, user)
    portal.reset_counters()
    return shop.build(process, portal, user, **PERIOD, **params)


def test_a_seller_gets_the_product_rows_of_their_own_invoices(shop: Workshop, process: Process) -> None:
    """Though the portal judges a list of owners by invoice 1, which is not theirs."""
    ended = built(shop, process, "rows_few", user_id=SELLER)
    assert [line["Номер"] for line in ended.sheet("Полный")] == ["СЧ-1", "СЧ-2", "СЧ-3"]
    assert ended.sheet("Проблемы") == []


def test_the_template_of_a_recurring_invoice_is_no_invoice(shop: Workshop, process: Process) -> None:
    """One row, and no word about the template's missing number."""
    ended = built(shop, process, "recurring_template")
    assert [(line["Номер"], line["Сумма"], line["НДС"]) for line in ended.sheet("Краткий")] == [("СЧ-1", 12200, 2200)]
    assert (ended.rubles(), ended.rubles("vat")) == (12200, 2200)
    assert ended.sheet("Проблемы") == []


def test_undated_templates_are_not_counted_either(shop: Workshop, process: Process) -> None:
    """Nor in the estimate; an older portal does not know the field and is not asked for it."""
    for version, undated in (("26.250", 0), ("25.700", 1)):
        portal = shop.portal()
        portal.behave(version=version)
        portal.crm.add_invoice(date=None, isRecurring="Y")
        portal.crm.add_invoice(date="2026-02-01")
        ended = shop.build(process, portal)
        assert (len(ended.lines), ended.record.summary and ended.record.summary["undated"]) == (1, undated)
        estimate = shop.house.visitor(portal).call("POST", "/reports/preview", json=QUARTER).get_json()
        assert (estimate["invoices"], estimate["undated"]) == (1, undated)


# --- a missing right costs its part -------------------------------------------------------------------------------


def test_a_missing_right_to_clients_costs_their_columns(shop: Workshop, process: Process) -> None:
    """``crm.requisite.list`` says no: said once, and no invoice is told to mend its client."""
    portal = shop.house.portal()
    fill_with_case(portal, "rows_few")
    seller = portal.users[SELLER]
    seller.sees_companies = seller.sees_contacts = False
    shop.house.visitor(portal, seller)
    ended = shop.build(process, portal, seller, **PERIOD, mycompany_id=None)
    assert ended.numbers == ["СЧ-1", "СЧ-2", "СЧ-3"]
    assert [str(line["Проблема"]).split(":")[0] for line in ended.sheet("Проблемы")] == [
        "Портал не показал реквизиты или карточки клиентов"
    ]


def test_a_missing_right_to_funnels_costs_the_stages(shop: Workshop, process: Process) -> None:
    """Failed invoices cannot be told then, which is said."""
    portal = shop.house.portal()
    fill_with_case(portal, "rows_few")
    seller = portal.users[SELLER]
    seller.sees_funnels = False
    shop.house.visitor(portal, seller)
    ended = shop.build(process, portal, seller, **PERIOD)
    assert ended.numbers == ["СЧ-1", "СЧ-2", "СЧ-3"]
    assert [str(line["Проблема"]).split(":")[0] for line in ended.sheet("Проблемы")] == [
        "Портал не показал воронки счетов"
    ]


# --- a period by a custom date field ------------------------------------------------------------------------------

DIGITS = custom_field("UF_CRM_626D6ABE98692", "date", "Дата акта")
READ_ALL = "Портал не принимает отбор по этому полю"


@pytest.mark.parametrize(
    ("field", "version", "cut_here"),
    [
        (SHIPPED, "26.250", False),
        (SHIPPED, "24.300", False),
        (DIGITS.name, "26.250", False),
        (DIGITS.name, "24.300", True),
    ],
)
def test_a_period_by_a_custom_date_field(
    shop: Workshop, process: Process, field: str, version: str, cut_here: bool
) -> None:
    """However the portal takes the field's name; where it takes no spelling, the period is cut by us, which is said."""
    portal = shop.portal()
    portal.behave(filter_keys=True, version=version)
    portal.crm.add_custom_field(DIGITS)
    for number, day in enumerate(("2026-03-31", "2026-01-01", None, "2025-12-31", "2026-04-01", "2024-05-05"), 1):
        invoice = portal.crm.add_invoice(number=f"СЧ-{number}", date="2025-06-01", rows=[a_row(price=100)])
        portal.crm.invoices.change(invoice, **{field: day and f"{day}T03:00:00+03:00"})
    ended = shop.build(process, portal, date_field=field, detailed=False)
    assert ended.numbers == ["СЧ-2", "СЧ-1"]
    assert [line["Сумма"] for line in ended.sheet("Краткий")] == [100, 100]
    assert ended.record.summary is not None
    assert ended.record.summary["undated"] == 1
    notes = [line["Проблема"] for line in ended.sheet("Проблемы") if str(line["Проблема"]).startswith(READ_ALL)]
    assert bool(notes) is cut_here
    refused = portal.calls.errors.get("INVALID_ARG_VALUE", 0)
    assert refused == {(DIGITS.name, "26.250"): 1, (DIGITS.name, "24.300"): 3}.get((field, version), 0)
    shop.build(process, portal, date_field=field, detailed=False)
    assert portal.calls.errors.get("INVALID_ARG_VALUE", 0) == refused  # what was found is remembered
