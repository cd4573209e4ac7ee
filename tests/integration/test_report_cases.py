"""Cases from the world, all the way from a portal's answers to the finished workbook."""

from __future__ import annotations

from typing import Any

import pytest

from demo_portal import SHIPPED, Fault, User, a_row
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


@pytest.mark.parametrize(
    ("refused", "kind", "complaint"), [(3, "карточки контактов", "СЧ-1"), (4, "карточки компаний", "СЧ-2")]
)
def test_a_missing_right_to_contacts_says_nothing_of_companies(
    shop: Workshop, process: Process, refused: int, kind: str, complaint: str
) -> None:
    """A client of the other kind without requisites is named all the same, and its card is shown."""
    portal = shop.portal()
    crm = portal.crm
    crm.add_invoice(number="СЧ-1", date="2026-02-01", company_id=crm.add_company("ООО «Ромашка»"))
    crm.add_invoice(number="СЧ-2", date="2026-02-02", contact_id=crm.add_contact())
    portal.faults.when(
        lambda method, params: method == "crm.item.list" and params["entityTypeId"] == refused,
        Fault.error("ACCESS_DENIED", status=403),
        times=None,
    )
    ended = shop.build(process, portal, detailed=False)
    said, *lines = [line for line in ended.sheet("Проблемы") if line["Поле"] == "Контрагент"]
    assert str(said["Проблема"]).startswith(f"Портал не показал {kind}")
    assert [(line["Номер"], str(line["Проблема"]).split(".")[0]) for line in lines] == [(complaint, "Нет реквизитов")]
    assert [line["Номер"] for line in ended.sheet("Краткий") if line["Контрагент"]][:1] == [complaint]


@pytest.mark.parametrize("gone", [True, False], ids=["deleted", "no right"])
def test_clients_whose_cards_are_not_shown_are_told_once_and_not_to_be_mended(
    shop: Workshop, process: Process, gone: bool
) -> None:
    """The portal answers with an empty list instead of a refusal; who is shown without requisites is named as ever."""
    portal = shop.portal()
    crm = portal.crm
    for number in range(1, 9):
        crm.add_invoice(number=f"СЧ-{number}", date="2026-02-01", contact_id=crm.add_contact())
    crm.add_invoice(number="СЧ-9", date="2026-02-01", company_id=crm.add_company("ООО «Ромашка»"))
    portal.accountant.sees_contacts = gone
    if gone:
        for each in list(crm.contacts.ids):
            crm.contacts.remove(each)
    ended = shop.build(process, portal, detailed=False)
    hidden, bare = [line for line in ended.sheet("Проблемы") if line["Поле"] == "Контрагент"]
    assert (hidden["Номер"], bare["Номер"]) == ("СЧ-1", "СЧ-9")
    assert str(hidden["Проблема"]).startswith("Портал не показал карточку клиента")
    assert str(hidden["Проблема"]).endswith("То же у счетов: «СЧ-2», «СЧ-3», «СЧ-4», «СЧ-5», «СЧ-6» и ещё 2.")
    assert str(bare["Проблема"]).startswith("Нет реквизитов. Добавьте")
    assert [line["Контрагент"] for line in ended.sheet("Краткий")][:9] == [""] * 8 + ["ООО «Ромашка»"]


def test_a_contact_stands_in_for_no_company_that_is_not_shown(shop: Workshop, process: Process) -> None:
    """The requisites of a contact person are not those of whom the invoice bills."""
    portal = shop.portal()
    crm = portal.crm
    contact = crm.add_contact()
    crm.add_requisite(contact_id=contact)
    crm.add_invoice(number="СЧ-1", date="2026-02-01", company_id=crm.add_company("ООО «Ромашка»"), contact_id=contact)
    portal.accountant.sees_companies = False
    (line,) = shop.build(process, portal, detailed=False).lines
    assert (line["Контрагент"], line["ИНН"]) == ("", "")


@pytest.mark.parametrize("method", ["crm.category.list", "crm.status.list"])
def test_stages_that_are_refused_cost_no_report(shop: Workshop, process: Process, method: str) -> None:
    portal = shop.portal()
    portal.crm.add_invoice(number="СЧ-1", date="2026-02-01")
    portal.faults.always(Fault.error("ACCESS_DENIED", status=403), method=method)
    ended = shop.build(process, portal, detailed=False)
    assert ended.numbers == ["СЧ-1"]
    assert any("Портал не показал воронки" in str(line["Проблема"]) for line in ended.sheet("Проблемы"))


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
    for again in (process, shop.process()):  # what was found is remembered for the portal
        shop.build(again, portal, date_field=field, detailed=False)
        assert portal.calls.errors.get("INVALID_ARG_VALUE", 0) == refused


@pytest.mark.parametrize(("before", "after"), [("26.250", "24.300"), ("24.300", "26.250")])
def test_a_remembered_spelling_that_the_portal_no_longer_takes_fails_no_report(
    shop: Workshop, process: Process, before: str, after: str
) -> None:
    """It is forgotten, and the next is tried; that none was taken is believed for a month."""
    portal = shop.portal()
    portal.behave(filter_keys=True, version=before)
    portal.crm.add_custom_field(DIGITS)
    invoice = portal.crm.add_invoice(number="СЧ-1", date="2025-06-01", rows=[a_row(price=100)])
    portal.crm.invoices.change(invoice, **{DIGITS.name: "2026-03-31T03:00:00+03:00"})

    def is_cut_here() -> bool:
        ended = shop.build(process, portal, date_field=DIGITS.name, detailed=False)
        assert ended.numbers == ["СЧ-1"]
        return any(str(line["Проблема"]).startswith(READ_ALL) for line in ended.sheet("Проблемы"))

    assert is_cut_here() is (before == "24.300")
    portal.behave(version=after)
    assert is_cut_here() is True
    shop.clock.sleep(31 * 24 * 3600)
    process = shop.process()
    assert is_cut_here() is (after == "24.300")


def test_that_lists_of_owners_are_refused_to_a_user_is_remembered_for_a_day(shop: Workshop) -> None:
    """A thousand invoices are not asked about twice; a right that was given meanwhile is met the day after."""
    portal = shop.house.portal()
    fill_with_case(portal, "rows_few")
    seller = portal.users[SELLER]
    shop.house.visitor(portal, seller)
    portal.reset_counters()

    def lists_asked() -> int:
        portal.calls.clear()
        ended = shop.build(shop.process(), portal, seller, **PERIOD)
        assert len(ended.sheet("Полный")) == 3
        asked = [each.params["filter"]["=ownerId"] for each in portal.calls.records if "productrow" in each.method]
        return sum(isinstance(each, list) for each in asked)

    assert lists_asked() > 0
    assert lists_asked() == 0
    shop.clock.sleep(25 * 3600)
    assert lists_asked() > 0
