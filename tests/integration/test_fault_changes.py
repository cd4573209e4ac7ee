"""Data that change while a report is being read: nothing twice, nothing lost that stayed, no failure.

What was touched while the report was read may stand in it as it was or as it is; everything else is there once.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest

from demo_portal import PAID, SHIPPED, Fault, Portal, a_row
from demo_portal.crm.store import Crm
from demo_portal.data.inn import legal_entity_inn
from tests.integration.workshop import Ended, Process, Workshop

INVOICES = 130
PAGES = "crm.item.list"
LINKS = "crm.requisite.link.list"
REQUISITES = "crm.requisite.list"
ROWS = "crm.item.productrow.list"


@pytest.fixture(params=["list", "batch"])
def fetch_mode(request: pytest.FixtureRequest) -> str:
    """Call by call, and by the portal's ``batch``."""
    return str(request.param)


@pytest.fixture
def portal(shop: Workshop, fetch_mode: str) -> Portal:
    """130 invoices of the quarter with ids and numbers from 1 to 130, two rows each; ten more of the year before."""
    portal = shop.portal()
    shop.house.services.web.portals.save_settings(shop.record(portal).id, {"fetch_mode": fetch_mode})
    crm = portal.crm
    for n in range(1, INVOICES + 11):
        company = crm.add_company(f"ООО «Фирма {n}»")
        requisite = crm.add_requisite(company_id=company, inn=legal_entity_inn("7701", n), name=f"ООО «Фирма {n}»")
        rows = [a_row(price=100 + n, rate=22, name=f"Товар {n}"), a_row(price=n, rate=None, name=f"Услуга {n}")]
        year = 2026 if n <= INVOICES else 2025
        crm.add_invoice(
            number=str(n), date=f"{year}-02-{1 + n % 28:02}", company_id=company, requisite_id=requisite, rows=rows
        )
    return portal


def just_before(portal: Portal, method: str, asked: Callable[[Mapping[str, Any]], bool], do: Callable[[], Any]) -> None:
    """``do()`` happens just before the first call of ``method`` for whose filter ``asked`` holds is answered."""
    fault = Fault("change", lambda exchange: (do(), exchange.truth())[1])
    portal.faults.when(lambda name, params: name == method and asked(params.get("filter") or {}), fault)


def page_after(last_id: int) -> Callable[[Mapping[str, Any]], bool]:
    """The page of a list that is read on from this id."""
    return lambda where: str(where.get(">id")) == str(last_id)  # a command says it as a text


def any_page(where: Mapping[str, Any]) -> bool:
    """Not the rows of two invoices, by which it is learnt whether lists of owners are answered."""
    owners = where.get("=ownerId")
    return not isinstance(owners, list) or len(owners) > 2


def check(portal: Portal, ended: Ended, touched: set[int]) -> None:
    """Each invoice at most once, with its own sum; untouched ones surely, with their two rows."""
    assert ended.outcome == "done"
    assert portal.faults.fired, "nothing has changed"
    times = Counter(ended.numbers)
    assert set(times.values()) == {1}
    stayed = {str(n) for n in range(1, INVOICES + 1)} - {str(n) for n in touched}
    assert stayed <= times.keys()
    assert times.keys() - stayed <= {str(n) for n in touched}
    assert ended.rubles() == sum(Decimal(line["Сумма"].replace(",", ".") or 0) for line in ended.lines)
    assert all(line["ИНН"] for line in ended.lines if line["Номер"] in stayed)
    lines = Counter(row["Номер"] for row in ended.sheet("Полный"))
    assert {lines[each] for each in stayed} == {2}


def remove(crm: Crm, *ids: int) -> None:
    for each in ids:
        crm.remove_invoice(each)


CHANGES: dict[str, tuple[int, list[int], Callable[[Crm, int], Any]]] = {
    "an invoice that was read is deleted": (50, [20], lambda crm, n: crm.remove_invoice(n)),
    "the last one read is deleted": (50, [50], lambda crm, n: crm.remove_invoice(n)),
    "an invoice that comes next is deleted": (50, [51], lambda crm, n: crm.remove_invoice(n)),
    "a page that was read is deleted": (100, [*range(1, 51)], lambda crm, n: crm.remove_invoice(n)),
    "a page that comes next is deleted": (50, [*range(51, 101)], lambda crm, n: crm.remove_invoice(n)),
    "all that comes is deleted": (100, [*range(101, 131)], lambda crm, n: crm.remove_invoice(n)),
    "one that was read leaves the period": (
        50,
        [20],
        lambda crm, n: crm.invoices.change(n, begindate="2025-02-01T03:00:00+03:00"),
    ),
    "one that comes leaves the period": (
        50,
        [120],
        lambda crm, n: crm.invoices.change(n, begindate="2026-04-01T03:00:00+03:00"),
    ),
    "some come into the period": (
        50,
        [131, 135],
        lambda crm, n: crm.invoices.change(n, begindate="2026-03-31T03:00:00+03:00"),
    ),
    "one that was read moves within the period": (
        100,
        [3, 99],
        lambda crm, n: crm.invoices.change(n, begindate="2026-03-31T03:00:00+03:00"),
    ),
    "some fail": (50, [10, 110], lambda crm, n: crm.invoices.change(n, stageId="DT31_2:D")),
    "some are paid": (50, [10, 110], lambda crm, n: crm.invoices.change(n, stageId="DT31_2:P")),
    "some get another sum": (50, [10, 110], lambda crm, n: crm.invoices.change(n, opportunity=Decimal("1.01"))),
    "an invoice is added": (100, [141], lambda crm, n: crm.add_invoice(number=str(n), date="2026-02-01", rows=[])),
}


@pytest.mark.parametrize("name", CHANGES)
def test_invoices_that_change_between_two_pages(shop: Workshop, process: Process, portal: Portal, name: str) -> None:
    """Deleted, moved, failed, added while the list is read: the rest of the report does not notice."""
    after, touched, change = CHANGES[name]
    just_before(portal, PAGES, page_after(after), lambda: [change(portal.crm, each) for each in touched])
    check(portal, shop.build(process, portal), set(touched))


@pytest.mark.parametrize("method", [LINKS, REQUISITES, ROWS])
@pytest.mark.parametrize("count", [1, 40])
def test_invoices_that_go_before_their_belongings_are_read(
    shop: Workshop, process: Process, portal: Portal, method: str, count: int
) -> None:
    """An invoice that was read and is deleted before its link, requisite or rows stays in the report as it was read."""
    touched = {*range(11, 11 + count)}
    just_before(portal, method, any_page, lambda: remove(portal.crm, *touched))
    ended = shop.build(process, portal)
    check(portal, ended, touched)
    assert {str(each) for each in touched} <= set(ended.numbers)


@pytest.mark.parametrize("count", [1, 5, 100])
def test_invoices_that_are_handed_to_somebody_else(
    shop: Workshop, process: Process, portal: Portal, count: int
) -> None:
    """A manager sees only their own: those taken away meanwhile cost nobody else's rows and not the report."""
    portal.behave(owner_lists="each")
    for each in portal.crm.invoices.ids:
        portal.crm.invoices.change(each, assignedById=portal.manager.id)
    shop.house.visitor(portal, portal.manager)
    touched = {*range(21, 21 + count)}

    def hand_over() -> None:
        for each in touched:
            portal.crm.invoices.change(each, assignedById=1)

    just_before(portal, ROWS, any_page, hand_over)
    ended = shop.build(process, portal, portal.manager)
    check(portal, ended, touched)
    problems = [row["Номер"] for row in ended.sheet("Проблемы") if "не показал товары" in row["Проблема"]]
    assert set(problems) == {str(each) for each in touched} & set(ended.numbers)


def test_a_requisite_that_goes_before_it_is_read(shop: Workshop, process: Process, portal: Portal) -> None:
    """Without the linked requisite the company's next one stands in; without any, its title and a problem."""
    crm = portal.crm
    spare = crm.add_requisite(company_id=7, inn="7707083893", name="ООО «Запасная»", sort=900)

    def go() -> None:
        crm.requisites.remove(7)
        crm.requisites.remove(8)

    just_before(portal, REQUISITES, any_page, go)
    ended = shop.build(process, portal)
    check(portal, ended, {8})
    by_number = {line["Номер"]: line for line in ended.lines}
    assert spare in crm.requisites
    assert (by_number["7"]["ИНН"], by_number["7"]["Контрагент"]) == ("7707083893", "ООО «Запасная»")
    assert (by_number["8"]["ИНН"], by_number["8"]["Контрагент"]) == ("", "ООО «Фирма 8»")
    assert "8" in [row["Номер"] for row in ended.sheet("Проблемы")]


def test_a_company_that_goes_with_all_it_had(shop: Workshop, process: Process, portal: Portal) -> None:
    """Nobody to bill is a problem of that invoice, not of the report."""
    crm = portal.crm

    def go() -> None:
        crm.requisites.remove(7)
        crm.companies.remove(7)

    just_before(portal, REQUISITES, any_page, go)
    ended = shop.build(process, portal)
    check(portal, ended, {7})
    assert "7" in ended.numbers
    assert "7" in [row["Номер"] for row in ended.sheet("Проблемы")]


def owners_rows(crm: Crm, owner: int) -> list[dict[str, Any]]:
    return list(crm.rows.with_value("ownerId", owner))


def replace_rows(crm: Crm, owner: int) -> None:
    """What ``crm.item.productrow.set`` does: the old rows go, the same come back with new ids."""
    old = owners_rows(crm, owner)
    for row in old:
        crm.rows.remove(row["id"])
    for row in old:
        crm.rows.add({**row, "id": None})


def add_a_row(crm: Crm, owner: int) -> None:
    crm.add_row(owner, a_row(price=1, name="Новый"))


def remove_a_row(crm: Crm, owner: int) -> None:
    crm.rows.remove(owners_rows(crm, owner)[0]["id"])


@pytest.mark.parametrize("change", [replace_rows, add_a_row, remove_a_row])
@pytest.mark.parametrize("owner", [5, 120])
def test_product_rows_that_change_between_two_pages(
    shop: Workshop, process: Process, portal: Portal, change: Callable[[Crm, int], None], owner: int
) -> None:
    """Rows written anew while they are read are not there twice, wherever their invoice stands in the list. (A batch
    asks for so few invoices at a time that there is no second page.)"""
    where = page_after(50) if shop.record(portal).settings["fetch_mode"] == "list" else any_page
    just_before(portal, ROWS, where, lambda: change(portal.crm, owner))
    ended = shop.build(process, portal)
    check(portal, ended, {owner})
    names = Counter(row["Наименование товара"] for row in ended.sheet("Полный") if row["Номер"] == str(owner))
    assert set(names.values()) <= {1}
    if change is replace_rows:
        assert set(names) == {f"Товар {owner}", f"Услуга {owner}"}


def test_mapped_fields_that_are_deleted_cost_neither_the_report_nor_payments(shop: Workshop, portal: Portal) -> None:
    """The portal drops unknown names of ``select`` in silence and refuses them in a filter: the next report goes by
    the invoice's own date and by the stage, and says so once for each field."""
    process = shop.process(catalog_seconds=300)
    chosen = {**shop.record(portal).settings, "date_field": SHIPPED, "shipped_field": SHIPPED, "paid_field": PAID}
    shop.house.services.web.portals.save_settings(shop.record(portal).id, chosen)
    portal.crm.invoices.change(3, stageId="DT31_2:P")
    portal.crm.invoices.change(4, **{SHIPPED: "2026-02-05T03:00:00+03:00", PAID: "2026-02-05T14:20:00+03:00"})
    asked = {"date_field": SHIPPED, "paid": True}
    assert shop.build(process, portal, **asked).numbers == ["4"]
    for name in (SHIPPED, PAID):
        portal.crm.remove_custom_field(name)
    ended = shop.build(process, portal, **asked)
    assert ended.numbers == ["3"]
    notes = [line["Поле"] for line in ended.sheet("Проблемы") if not line["Номер"]]
    assert notes == ["Дата периода", "Дата отгрузки", "Дата оплаты"]


@pytest.mark.parametrize("seed", range(3))
def test_a_storm_of_changes(shop: Workshop, process: Process, portal: Portal, seed: int) -> None:
    """Something changes before every single call: the report ends well, without anything twice or lost."""
    crm, chance = portal.crm, random.Random(seed)
    touched: set[int] = set()

    def change() -> None:
        left = [each for each in crm.invoices.ids if each not in touched]
        which = chance.choice(left)
        touched.add(which)
        changes: list[Callable[[], Any]] = [
            lambda: crm.remove_invoice(which),
            lambda: crm.invoices.change(which, begindate="2025-01-01T03:00:00+03:00"),
            lambda: crm.invoices.change(which, begindate="2026-03-01T03:00:00+03:00"),
            lambda: crm.invoices.change(which, stageId="DT31_2:D"),
            lambda: replace_rows(crm, which),
            lambda: crm.unlink(which),
            lambda: touched.add(crm.add_invoice(number=str(crm.invoices.next_id()), date="2026-01-15")),
        ]
        chance.choice(changes)()

    portal.faults.before(1, change, times=None)
    ended = shop.build(process, portal)
    portal.faults.clear()
    portal.faults.fired.append(("storm", ""))
    check(portal, ended, touched)
