"""How a report reads the portal: every invoice once, with what belongs to it, in few calls."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import date
from typing import Any

import pytest

from bitrix_app.errors import PortalDeletedError, ReportCancelledError
from bitrix_app.reports.fetching import FetchedPage, InvoiceSource
from bitrix_app.reports.kinds import REGISTER
from bitrix_app.reports.lookups import user_name
from bitrix_app.reports.product_rows import ProductRowReader
from bitrix_app.reports.request import ReportCatalog, ReportParams
from bitrix_app.reports.running import ProgressTracker, StopSignal
from demo_portal import Fault, Portal, a_requisite, a_row
from tests.memory import Scene
from tests.unit.reports.watched import Watched

JANUARY = {"date_from": date(2026, 1, 1), "date_to": date(2026, 1, 31)}
INVOICE = 31
ITEMS, ROWS, REQUISITES, LINKS = (
    "crm.item.list",
    "crm.item.productrow.list",
    "crm.requisite.list",
    "crm.requisite.link.list",
)

Question = Callable[[str, Mapping[str, Any]], bool]
"""Whether a call, by its method and parameters, is of one kind."""


def asks(method: str, field: str = "", **equal: Any) -> Question:
    """Calls of this method that filter by this field and have these parameters."""

    def is_one(name: str, params: Mapping[str, Any]) -> bool:
        fits = all(params.get(key) == value for key, value in equal.items())
        return name == method and fits and (not field or field in (params.get("filter") or {}))

    return is_one


def calls(portal: Portal, question: Question) -> list[Mapping[str, Any]]:
    """The filters of the calls of this kind."""
    return [each.params["filter"] for each in portal.calls.records if question(each.method, each.params)]


def fill(portal: Portal, count: int, *, rows: int = 0, **given: Any) -> list[int]:
    """So many invoices of January. → their ids."""
    given = {"date": "2026-01-15", "company_id": 1, "assigned_by": 5, **given}
    lines = [a_row(name=f"row {each}") for each in range(rows)]
    return [portal.crm.add_invoice(rows=lines, **given) for _ in range(count)]


def a_source(
    scene: Scene, *, client: Any = None, stop: Any = None, watched: Any = None, knows_users: bool = False, **params: Any
) -> InvoiceSource:
    asked = ReportParams(**{**JANUARY, **params})
    return InvoiceSource(
        kind=REGISTER,
        portal=client or scene.client,
        params=asked,
        catalog=ReportCatalog(knows_users=knows_users),
        progress=ProgressTracker(watched or Watched(), detailed=asked.detailed),
        stop=stop or StopSignal(),
    )


def read(source: InvoiceSource) -> list[FetchedPage]:
    return list(source.pages())


@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 1000, 1001, 2350])
def test_every_invoice_comes_once_in_the_order_of_ids(scene: Scene, count: int) -> None:
    """Whatever the number of pages, the report sees each invoice exactly once."""
    made = fill(scene.portal, count)
    assert [invoice["id"] for page in read(a_source(scene)) for invoice in page.raw_invoices] == made


def test_the_whole_sample_needs_few_calls(scene: Scene) -> None:
    """600 invoices with rows: the pages that hold them and at most a dozen calls more (issue 2)."""
    crm = scene.portal.crm
    for number in range(150):
        crm.add_requisite(company_id=2, name=f"Покупатель {number}")
    made = fill(scene.portal, 600, rows=3, contact_id=3)
    fill(scene.portal, 4, date=None)
    crm.invoices.change(made[5], companyId=99)  # nobody has its requisites
    for invoice in made[10:]:
        crm.link(invoice, 1 + invoice % 150)
    read(a_source(scene, detailed=True, knows_users=True))
    pages = sum(math.ceil(n / 50) for n in (600, 600, 150, 1800))
    assert len(scene.portal.calls) <= pages + 8, scene.portal.calls.by_method


def test_a_thousand_invoices_with_five_rows_need_no_call_for_the_last_page_of_rows(scene: Scene) -> None:
    """Lists of rows that end with a full page end with the counted total, not with one more call."""
    fill(scene.portal, 1000, rows=5)
    read(a_source(scene, detailed=True))
    assert scene.portal.calls.by_method[ROWS] == 100
    assert len(scene.portal.calls) <= 165


def test_look_ups_carry_at_most_fifty_keys_and_each_key_once(scene: Scene) -> None:
    """A requisite shared by many invoices is asked for once."""
    for number in range(120):
        scene.portal.crm.add_requisite(company_id=1, name=f"Покупатель {number}")
    for invoice in fill(scene.portal, 1200):
        scene.portal.crm.link(invoice, 1 + invoice % 120)
    read(a_source(scene))
    asked = [where["@ID"] for where in calls(scene.portal, asks(REQUISITES, "@ID"))]
    assert max(map(len, asked)) <= 50
    assert sorted(key for keys in asked for key in keys) == list(range(1, 121))


def a_requisite_of(portal: Portal, number: int, *, company: int = 0, contact: int = 0, **fields: Any) -> None:
    """A requisite with this id."""
    owner = {"contact_id": contact} if contact else {"company_id": company}
    portal.crm.add_requisite(a_requisite(**owner, name=fields.pop("name", "ООО «Ромашка»"), ID=number, **fields))


def test_the_counterparty_is_looked_for_step_by_step(scene: Scene) -> None:
    """Linked requisite → company's → contact's → bare name; nothing is asked that a step before has answered."""
    portal = scene.portal
    first, second, *_ = [
        portal.crm.add_invoice(date="2026-01-15", company_id=company, contact_id=contact)
        for company, contact in ((1, 1), (2, 2), (3, 3), (4, 4), (None, 5))
    ]
    portal.crm.link(first, 11)
    portal.crm.link(second, 12)  # which is gone
    a_requisite_of(portal, 11, company=1)
    a_requisite_of(portal, 21, company=2)
    a_requisite_of(portal, 31, contact=3)
    portal.crm.add_company("Четвёртая", id=4)
    portal.crm.add_contact(id=5, name="Пётр")
    (page,) = read(a_source(scene))
    context = page.context
    assert context.requisite_links == {1: 11, 2: 12}
    assert list(context.requisites) == [11]
    assert [each["ID"] for each in context.company_requisites[2]] == ["21"]
    assert [each["ID"] for each in context.contact_requisites[3]] == ["31"]
    assert context.company_titles == {4: "Четвёртая"}
    assert [(id, contact["name"]) for id, contact in context.contacts.items()] == [(5, "Пётр")]
    assert calls(portal, asks(ITEMS, entityTypeId=3)) == [{"@id": [5]}]


def test_the_contact_that_is_billed_is_the_one_that_is_looked_up(scene: Scene) -> None:
    """Where the portal names no first contact, it is the first of the others."""
    fill(scene.portal, 1, company_id=None, contactIds=[7, 8])
    a_requisite_of(scene.portal, 71, contact=7)
    a_requisite_of(scene.portal, 81, contact=8)
    (page,) = read(a_source(scene))
    assert [each["ID"] for each in page.context.contact_requisites[7]] == ["71"]
    assert list(page.context.contact_requisites) == [7]


def test_a_requisite_without_any_name_brings_its_company_along(scene: Scene) -> None:
    """The company's title stands in for a requisite that names nobody."""
    (invoice,) = fill(scene.portal, 1)
    scene.portal.crm.link(invoice, 11)
    a_requisite_of(scene.portal, 11, company=1, name="")
    scene.portal.crm.add_company("Ромашка", id=1)
    (page,) = read(a_source(scene))
    assert page.context.company_titles == {1: "Ромашка"}


@pytest.mark.parametrize(
    ("owner", "requisites"),
    [
        ({"company_id": 1}, [(21, {"company": 1, "name": " "})]),
        ({"company_id": 1, "contact_id": 3}, [(31, {"contact": 3, "name": ""})]),
        ({"company_id": 1}, [(21, {"company": 1}), (22, {"company": 1, "name": ""})]),
    ],
    ids=["a company's", "a contact's", "the second of a company"],
)
def test_an_unlinked_requisite_without_any_name_brings_its_company_along(
    scene: Scene, owner: dict[str, int], requisites: list[tuple[int, dict[str, Any]]]
) -> None:
    """The invoice names no requisite: those of its owner are as good, and as nameless."""
    fill(scene.portal, 1, **owner)
    for number, given in requisites:
        a_requisite_of(scene.portal, number, **given)
    scene.portal.crm.add_company("Ромашка", id=1)
    (page,) = read(a_source(scene))
    assert page.context.company_titles == {1: "Ромашка"}


@pytest.mark.parametrize(
    "name", ["RQ_COMPANY_NAME", "RQ_COMPANY_FULL_NAME", "RQ_NAME", "RQ_LAST_NAME", "RQ_FIRST_NAME"]
)
def test_a_requisite_with_any_name_needs_no_company(scene: Scene, name: str) -> None:
    """A call saved: a company is asked for its title only where the requisite names nobody."""
    (invoice,) = fill(scene.portal, 1)
    scene.portal.crm.link(invoice, 11)
    a_requisite_of(scene.portal, 11, company=1, **{"RQ_COMPANY_NAME": "", name: "Ромашка"})
    read(a_source(scene))
    assert calls(scene.portal, asks(ITEMS, entityTypeId=4)) == []


@pytest.mark.parametrize("detailed", [True, False])
def test_the_sellers_requisite_is_looked_up_where_rates_are_judged(scene: Scene, detailed: bool) -> None:
    """The linked one, else those of the own company, whoever has the first requisite of all; in the calls that ask for
    the buyers' anyway."""
    linked, _ = fill(scene.portal, 1, mycompany_id=7)[0], fill(scene.portal, 1, mycompany_id=8)
    a_requisite_of(scene.portal, 1, company=1)
    a_requisite_of(scene.portal, 77, company=7)
    a_requisite_of(scene.portal, 88, company=8)
    scene.portal.crm.link(linked, 1, 77)
    (page,) = read(a_source(scene, detailed=detailed))
    assert page.context.own_requisite_links == {linked: 77}
    assert (77 in page.context.requisites, 8 in page.context.company_requisites) == (detailed, detailed)
    assert len(calls(scene.portal, asks(REQUISITES))) == 2


def owners(params: Mapping[str, Any]) -> list[int]:
    """The invoices whose rows are asked for."""
    asked = params["filter"]["=ownerId"]
    return asked if isinstance(asked, list) else [asked]


def test_rows_that_the_user_may_not_read_are_found_out_and_the_others_read(scene: Scene) -> None:
    """One unreadable owner does not cost the other invoices their rows."""
    made = fill(scene.portal, 300, rows=2)
    unreadable = made[123]
    scene.portal.faults.when(
        lambda method, params: method == ROWS and unreadable in owners(params),
        Fault.error("ACCESS_DENIED"),
        times=None,
    )
    context = read(a_source(scene, detailed=True))[0].context
    assert context.unreadable_rows == {unreadable}
    assert context.product_rows is not None
    assert sum(len(rows) for rows in context.product_rows.values()) == 299 * 2


@pytest.mark.parametrize("hide", ["delete", "hand over"])
@pytest.mark.parametrize("hidden", [range(123, 124), range(90, 130), range(299), range(300)], ids=len)
def test_invoices_that_are_gone_or_handed_over_cost_no_other_its_rows(scene: Scene, hidden: range, hide: str) -> None:
    """However many invoices vanish while we read, a few calls find out which, and the others keep their rows."""
    portal = scene.portal
    portal.behave(owner_lists="each")
    made = fill(portal, 300, rows=2, assigned_by=portal.manager.id)
    gone = {made[each] for each in hidden}

    left, once, all_listed = set(gone), threading.Lock(), threading.Event()

    def vanish() -> None:
        """After the last page of invoices, before any list of rows."""
        assert all_listed.wait(60)
        with once:
            while left:
                if hide == "delete":
                    portal.crm.remove_invoice(left.pop())
                else:
                    portal.crm.invoices.change(left.pop(), assignedById=portal.accountant.id)

    portal.faults.before(1, vanish, method=ROWS, times=None)
    portal.faults.when(
        lambda method, params: method == ITEMS and params["filter"].get(">id") == made[-1],
        Fault("listed", lambda exchange: (all_listed.set(), exchange.truth())[1]),
    )
    watched = Watched()
    source = a_source(scene, client=scene.client_of(portal.manager), detailed=True, watched=watched)
    context = read(source)[0].context
    assert context.unreadable_rows == gone
    assert context.product_rows is not None
    assert sum(len(rows) for rows in context.product_rows.values()) == (300 - len(gone)) * 2
    assert len(calls(portal, asks(ITEMS, "@id", entityTypeId=INVOICE))) <= 6
    assert portal.calls.by_method[ROWS] <= 2 + 12
    assert all(each.done <= 300 for each in watched.told if each.stage == "products")


def test_rows_written_anew_while_they_are_read_are_there_once(scene: Scene) -> None:
    """An invoice whose rows got new ids between two pages has them once, whatever page they stood on."""
    crm = scene.portal.crm
    made = fill(scene.portal, 60, rows=3)

    def write_anew() -> None:
        for invoice in (made[0], made[16], made[50]):  # on the first page, across its end, on a later page
            for row in crm.rows.with_value("ownerId", invoice):
                crm.rows.remove(row["id"])
                crm.add_row(invoice, row)

    scene.portal.faults.before(2, write_anew, method=ROWS)
    context = read(a_source(scene, detailed=True))[0].context
    assert context.product_rows is not None
    assert {owner: len(rows) for owner, rows in context.product_rows.items()} == dict.fromkeys(made, 3)
    assert all(len({row["productName"] for row in rows}) == 3 for rows in context.product_rows.values())


def test_a_user_who_may_read_no_rows_at_all_is_told_so_soon(scene: Scene) -> None:
    """A dozen refusals for each list in flight, not one for every invoice; said once, it costs that part alone."""
    fill(scene.portal, 1000, rows=1)
    scene.portal.faults.always(Fault.error("ACCESS_DENIED"), method=ROWS)
    source = a_source(scene, detailed=True)
    contexts = [page.context for page in read(source)]
    assert scene.portal.calls.by_method[ROWS] <= 4 * 13
    assert [note.message.split(":")[0] for note in source.notes] == ["Портал не показал товары ни одного счёта"]
    assert {(each.product_rows is None, each.unreadable_rows) for each in contexts} == {(True, frozenset())}


@pytest.mark.parametrize("way", ["first", "refused"])
def test_a_manager_gets_the_rows_of_their_own_invoices(scene: Scene, way: str) -> None:
    """Where no list of owners is taken, each invoice is asked for alone; the next report of this client knows it."""
    portal = scene.portal
    portal.behave(owner_lists=way)
    portal.crm.add_invoice(assigned_by=portal.admin.id)
    made = fill(portal, 60, rows=2, assigned_by=portal.manager.id)
    client = scene.client_of(portal.manager)
    for most in (60 + 4, 60):
        before = portal.calls.by_method[ROWS]
        source = a_source(scene, client=client, detailed=True)
        context = read(source)[0].context
        assert context.product_rows is not None
        assert {owner: len(rows) for owner, rows in context.product_rows.items()} == dict.fromkeys(made, 2)
        assert (context.unreadable_rows, source.notes) == (frozenset(), ())
        assert portal.calls.by_method[ROWS] - before <= most


@pytest.mark.parametrize("hidden", [[], [7]])
def test_an_invoice_that_is_hidden_meanwhile_costs_its_own_rows(scene: Scene, hidden: list[int]) -> None:
    """Also where lists of owners are judged by invoice 1, whoever may read it."""
    portal = scene.portal
    portal.crm.add_invoice(assigned_by=portal.admin.id)
    made = fill(portal, 30, rows=1, assigned_by=portal.manager.id)

    def hand_over() -> None:
        for invoice in hidden:
            portal.crm.invoices.change(invoice, assignedById=portal.admin.id)

    portal.faults.before(1, hand_over, method=ROWS)
    context = read(a_source(scene, client=scene.client_of(portal.manager), detailed=True))[0].context
    assert context.unreadable_rows == set(hidden)
    assert context.product_rows is not None
    assert set(context.product_rows) == set(made) - set(hidden)


def test_names_that_the_portal_does_not_tell_cost_no_report(scene: Scene) -> None:
    """A user who may not ask for other users still gets the report, with numbers in the place of names."""
    fill(scene.portal, 3)
    scene.portal.set_scopes("crm")
    (page,) = read(a_source(scene, knows_users=True))
    assert (len(page.raw_invoices), page.context.users) == (3, {})
    assert scene.portal.calls.errors == {"insufficient_scope": 1}


def test_own_companies_are_read_by_name(scene: Scene) -> None:
    """The register says who sells."""
    own = [scene.portal.crm.add_company(name, isMyCompany="Y") for name in ("ООО «Первая»", "ООО «Вторая»")]
    for company in own:
        fill(scene.portal, 30, mycompany_id=company)
    context = read(a_source(scene))[0].context
    assert [context.company_titles[each] for each in own] == ["ООО «Первая»", "ООО «Вторая»"]


def test_no_rows_are_asked_for_without_the_detailed_sheet(scene: Scene) -> None:
    """The detailed sheet costs most of the calls; without it they are not made."""
    fill(scene.portal, 60, rows=1)
    (page, _) = read(a_source(scene))
    assert page.context.product_rows is None
    assert scene.portal.calls.by_method[ROWS] == 0


def test_invoices_without_a_date_are_counted_apart(scene: Scene) -> None:
    """No period holds them, so the report says how many there are."""
    fill(scene.portal, 3)
    fill(scene.portal, 37, date=None)
    source = a_source(scene)
    read(source)
    assert source.undated == 37


def test_one_invoice_from_its_card_may_have_no_date_either(scene: Scene) -> None:
    """Its report would be empty without a word; of other invoices it says nothing."""
    invoice, _ = fill(scene.portal, 2, date=None)
    source = a_source(scene, invoice_id=invoice)
    read(source)
    assert source.undated == 1


KINDS = {
    "invoices": asks(ITEMS, ">=begindate"),
    "undated invoices": asks(ITEMS, "=begindate"),
    "links": asks(LINKS),
    "requisites of companies": asks(REQUISITES, "@ENTITY_ID"),
    "product rows": asks(ROWS),
}


@pytest.mark.parametrize("question", KINDS.values(), ids=KINDS.keys())
def test_an_error_of_any_call_ends_the_report_with_that_error(scene: Scene, question: Question) -> None:
    """The reason that a person sees is the first cause, whichever thread met it."""
    fill(scene.portal, 500, rows=1)
    scene.portal.faults.when(question, Fault.error("PORTAL_DELETED"))
    with pytest.raises(PortalDeletedError):
        read(a_source(scene, detailed=True))
    assert len(scene.portal.faults.fired) == 1


def test_cancelling_stops_the_reading(scene: Scene) -> None:
    """After the user's stop no further page is asked for."""
    stop = StopSignal()
    fill(scene.portal, 5000)
    scene.portal.faults.before(20, stop.cancel, method=ITEMS)
    with pytest.raises(ReportCancelledError):
        read(a_source(scene, stop=stop))
    assert scene.portal.calls.by_method[ITEMS] < 100


def test_progress_goes_forward_through_the_stages(scene: Scene) -> None:
    """Each stage is told once, in order, and never runs backwards."""
    watched = Watched()
    fill(scene.portal, 1250, rows=2)
    read(a_source(scene, detailed=True, watched=watched))
    stages = [each.stage for each in watched.told]
    assert list(dict.fromkeys(stages)) == ["invoices", "requisites", "products", "workbook"] or list(
        dict.fromkeys(stages)
    ) == ["invoices", "requisites", "workbook"]
    assert sorted(stages, key=["invoices", "requisites", "products", "workbook"].index) == stages
    for stage in set(stages):
        done = [each.done for each in watched.told if each.stage == stage]
        assert done == sorted(done)
    assert all(each.done <= each.total for each in watched.told)
    assert {each.total for each in watched.told if each.done} == {1250}


def test_progress_moves_on_within_one_list_of_rows(scene: Scene) -> None:
    """Invoices with many rows are told as they come, by the share of rows that is there."""
    advanced: list[int] = []
    made = fill(scene.portal, 10, rows=25)
    owned = ProductRowReader(scene.client, advanced.append).read(made)
    assert advanced == [2] * 5
    assert sum(map(len, owned.rows.values())) == 250


def test_a_list_of_rows_read_twice_is_told_once(scene: Scene) -> None:
    """Rows that grow while they are read are read anew: progress neither runs back nor beyond the invoices."""
    advanced: list[int] = []
    first, second = fill(scene.portal, 2, rows=60)

    def grow() -> None:
        for _ in range(60):
            scene.portal.crm.add_row(second)

    scene.portal.faults.before(2, grow, method=ROWS)
    owned = ProductRowReader(scene.client, advanced.append).read([first, second])
    assert sum(advanced) == 2
    assert all(each > 0 for each in advanced)
    assert [len(owned.rows[each]) for each in (first, second)] == [60, 120]


def test_invoices_that_are_asked_for_one_by_one_are_told_one_by_one(scene: Scene) -> None:
    """However many pages the rows of one fill."""
    scene.portal.behave(owner_lists="refused")
    advanced: list[int] = []
    manager = scene.portal.manager.id
    made = [*fill(scene.portal, 1, rows=120, assigned_by=manager), *fill(scene.portal, 2, rows=1, assigned_by=manager)]
    owned = ProductRowReader(scene.client_of(scene.portal.manager), advanced.append).read(made)
    assert sum(map(len, owned.rows.values())) == 122
    assert sum(advanced) == 3


def test_a_list_refused_once_is_asked_for_again_where_lists_are_answered(scene: Scene) -> None:
    """An invoice of it may have been hidden for that moment: one call more, not one for each invoice."""
    first, second = fill(scene.portal, 5, rows=1), fill(scene.portal, 5, rows=1)
    reader = ProductRowReader(scene.client, lambda _: None)
    reader.read(first)
    scene.portal.faults.when(lambda method, _: method == ROWS, Fault.error("ACCESS_DENIED"))
    owned = reader.read(second)
    assert ({*owned.rows}, owned.refused) == ({*second}, set())
    assert scene.portal.calls.by_method[ROWS] == 3


def test_rows_that_the_portal_does_not_count_are_read_all_the_same(scene: Scene) -> None:
    """Without a total the invoices are through when their list is."""
    first, second = *fill(scene.portal, 1, rows=50), *fill(scene.portal, 1, rows=1)
    scene.portal.faults.always(Fault.edit(lambda body: body.pop("total", None)), method=ROWS)
    advanced: list[int] = []
    owned = ProductRowReader(scene.client, advanced.append).read([first, second])
    assert (len(owned.rows[first]), len(owned.rows[second]), advanced) == (50, 1, [2])


def test_two_windows_of_pages_are_held_at_most(scene: Scene) -> None:
    """Memory does not follow the size of the report: reading waits for what is done with the pages."""
    fill(scene.portal, 5_000)
    of_the_period = asks(ITEMS, ">=begindate")
    with closing(a_source(scene).pages()) as pages:
        next(pages)
        first_window = len(calls(scene.portal, of_the_period))
        for _ in range(20):
            next(pages)
        second_window = len(calls(scene.portal, of_the_period))
    assert 40 <= first_window <= 41
    assert 60 <= second_window <= 61


@pytest.mark.parametrize(
    ("user", "name"),
    [
        ({"ID": "7", "NAME": "Анна", "LAST_NAME": "Иванова"}, "Иванова Анна"),
        ({"ID": "7", "NAME": " Анна ", "LAST_NAME": None}, "Анна"),
        ({"ID": "7", "LAST_NAME": "Иванова"}, "Иванова"),
        ({"ID": "7", "NAME": "", "LAST_NAME": " "}, "ID 7"),
    ],
)
def test_a_person_is_called_by_surname_and_name(user: dict[str, Any], name: str) -> None:
    """Whoever has neither is called by the number."""
    assert user_name(user) == name
