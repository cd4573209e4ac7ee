"""How a report reads the portal: every invoice once, with what belongs to it, in few calls."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import pytest

from bitrix_app.bitrix24 import Page
from bitrix_app.errors import AccessDeniedError, PortalDeletedError, ReportCancelledError
from bitrix_app.reports.fetching import FetchedPage, InvoiceSource
from bitrix_app.reports.product_rows import ProductRowReader
from bitrix_app.reports.request import ReportCatalog, ReportParams
from bitrix_app.reports.running import ProgressTracker, StopSignal
from tests.unit.reports.fake_portal import FakePortal, Watched, requisite

JANUARY = {"date_from": date(2026, 1, 1), "date_to": date(2026, 1, 31)}


def invoices(count: int, **fields: Any) -> list[dict[str, Any]]:
    return [{"id": 10 + number, "companyId": 1, "contactId": 0, "assignedById": 7, **fields} for number in range(count)]


def rows_for(portal: FakePortal, per_invoice: int) -> None:
    number = 0
    for invoice in portal.records:
        portal.rows[invoice["id"]] = [
            {"id": number + n, "ownerId": invoice["id"], "name": f"row {n}"} for n in range(1, per_invoice + 1)
        ]
        number += per_invoice


def a_source(
    portal: FakePortal, *, stop: Any = None, watched: Any = None, knows_users: bool = False, **params: Any
) -> Any:
    asked = ReportParams(**{**JANUARY, **params})
    return InvoiceSource(
        portal=portal,
        params=asked,
        catalog=ReportCatalog(knows_users=knows_users),
        progress=ProgressTracker(watched or Watched(), detailed=asked.detailed),
        stop=stop or StopSignal(),
    )


def read(source: InvoiceSource) -> list[FetchedPage]:
    return list(source.pages())


@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 1000, 1001, 2350])
def test_every_invoice_comes_once_in_the_order_of_ids(count: int) -> None:
    """Whatever the number of pages, the report sees each invoice exactly once."""
    portal = FakePortal(records=invoices(count))
    ids = [invoice["id"] for page in read(a_source(portal)) for invoice in page.raw_invoices]
    assert ids == [10 + number for number in range(count)]


def test_the_whole_sample_needs_few_calls() -> None:
    """600 invoices with rows: the pages that hold them and at most a dozen calls more (issue 2)."""
    portal = FakePortal(records=invoices(600, contactId=3), undated=4)
    portal.records[5]["companyId"] = 99  # nobody has its requisites
    portal.links = {invoice["id"]: 1000 + invoice["id"] % 150 for invoice in portal.records[10:]}
    portal.requisite_records = [requisite(1000 + n) for n in range(150)]
    rows_for(portal, 3)
    read(a_source(portal, detailed=True, knows_users=True))
    pages = sum(math.ceil(n / 50) for n in (600, 600, 150, 1800))
    assert sum(portal.calls.values()) <= pages + 8, portal.calls


def test_a_thousand_invoices_with_five_rows_need_no_call_for_the_last_page_of_rows() -> None:
    """Lists of rows that end with a full page end with the counted total, not with one more call."""
    portal = FakePortal(records=invoices(1000))
    rows_for(portal, 5)
    read(a_source(portal, detailed=True))
    assert portal.calls["product_row_page"] == 100
    assert sum(portal.calls.values()) <= 165


def test_look_ups_carry_at_most_fifty_keys_and_each_key_once() -> None:
    """A requisite shared by many invoices is asked for once."""
    portal = FakePortal(records=invoices(1200))
    portal.links = {invoice["id"]: 1 + invoice["id"] % 120 for invoice in portal.records}
    portal.requisite_records = [requisite(1 + n) for n in range(120)]
    read(a_source(portal))
    asked = [keys for method, keys in portal.keys_asked if method == "requisites"]
    assert max(map(len, asked)) <= 50
    assert sorted(key for keys in asked for key in keys) == list(range(1, 121))


def test_the_counterparty_is_looked_for_step_by_step() -> None:
    """Linked requisite → company's → contact's → bare name; nothing is asked that a step before has answered."""
    portal = FakePortal(
        records=[
            {"id": 1, "companyId": 1, "contactId": 1},
            {"id": 2, "companyId": 2, "contactId": 2},
            {"id": 3, "companyId": 3, "contactId": 3},
            {"id": 4, "companyId": 4, "contactId": 4},
            {"id": 5, "companyId": 0, "contactId": 5},
        ],
        links={1: 11, 2: 12},
        requisite_records=[requisite(11), requisite(21, 4, 2), requisite(31, 3, 3)],
        company_records=[{"id": 4, "title": "Четвёртая"}],
        contact_records=[{"id": 5, "name": "Пётр"}],
    )
    (page,) = read(a_source(portal))
    context = page.context
    assert context.requisite_links == {1: 11, 2: 12}
    assert list(context.requisites) == [11]
    assert [each["ID"] for each in context.company_requisites[2]] == ["21"]
    assert [each["ID"] for each in context.contact_requisites[3]] == ["31"]
    assert context.company_titles == {4: "Четвёртая"}
    assert context.contacts == {5: {"id": 5, "name": "Пётр"}}
    asked = dict(portal.keys_asked)
    assert asked["contacts"] == (5,)


def test_the_contact_that_is_billed_is_the_one_that_is_looked_up() -> None:
    """Where the portal names no first contact, it is the first of the others."""
    portal = FakePortal(
        records=[{"id": 1, "companyId": 0, "contactId": 0, "contactIds": [7, 8]}],
        requisite_records=[requisite(71, 3, 7), requisite(81, 3, 8)],
    )
    (page,) = read(a_source(portal))
    assert [each["ID"] for each in page.context.contact_requisites[7]] == ["71"]
    assert list(page.context.contact_requisites) == [7]


def test_a_requisite_without_any_name_brings_its_company_along() -> None:
    """The company's title stands in for a requisite that names nobody."""
    portal = FakePortal(
        records=invoices(1),
        links={10: 11},
        requisite_records=[requisite(11, RQ_COMPANY_NAME="")],
        company_records=[{"id": 1, "title": "Ромашка"}],
    )
    (page,) = read(a_source(portal))
    assert page.context.company_titles == {1: "Ромашка"}


@pytest.mark.parametrize(
    ("owner", "requisites"),
    [
        ({"companyId": 1}, [requisite(21, 4, 1, RQ_COMPANY_NAME=" ")]),
        ({"companyId": 1, "contactId": 3}, [requisite(31, 3, 3, RQ_COMPANY_NAME="")]),
        ({"companyId": 1}, [requisite(21, 4, 1), requisite(22, 4, 1, RQ_COMPANY_NAME="")]),
    ],
    ids=["a company's", "a contact's", "the second of a company"],
)
def test_an_unlinked_requisite_without_any_name_brings_its_company_along(
    owner: dict[str, int], requisites: list[dict[str, Any]]
) -> None:
    """The invoice names no requisite: those of its owner are as good, and as nameless."""
    portal = FakePortal(
        records=[{"id": 10, "contactId": 0, **owner}],
        requisite_records=requisites,
        company_records=[{"id": 1, "title": "Ромашка"}],
    )
    (page,) = read(a_source(portal))
    assert page.context.company_titles == {1: "Ромашка"}


@pytest.mark.parametrize(
    "name", ["RQ_COMPANY_NAME", "RQ_COMPANY_FULL_NAME", "RQ_NAME", "RQ_LAST_NAME", "RQ_FIRST_NAME"]
)
def test_a_requisite_with_any_name_needs_no_company(name: str) -> None:
    """A call saved: a company is asked for its title only where the requisite names nobody."""
    portal = FakePortal(
        records=invoices(1),
        links={10: 11},
        requisite_records=[requisite(11, **{"RQ_COMPANY_NAME": "", name: "Ромашка"})],
    )
    read(a_source(portal))
    assert portal.calls["companies"] == 0


def test_rows_that_the_user_may_not_read_are_found_out_and_the_others_read() -> None:
    """One unreadable owner does not cost the other invoices their rows."""
    portal = FakePortal(records=invoices(300), unreadable={133})
    rows_for(portal, 2)
    pages = read(a_source(portal, detailed=True))
    context = pages[0].context
    assert context.unreadable_rows == {133}
    assert context.product_rows is not None
    assert sum(len(rows) for rows in context.product_rows.values()) == 299 * 2


@pytest.mark.parametrize("hidden", [{133}, set(range(100, 140)), set(range(10, 309)), set(range(10, 310))])
def test_invoices_that_are_gone_or_handed_over_cost_no_other_its_rows(hidden: set[int]) -> None:
    """However many invoices vanish while we read, a few calls find out which, and the others keep their rows."""
    portal = FakePortal(records=invoices(300), hidden=hidden)
    rows_for(portal, 2)
    watched = Watched()
    context = read(a_source(portal, detailed=True, watched=watched))[0].context
    assert context.unreadable_rows == hidden
    assert context.product_rows is not None
    assert sum(len(rows) for rows in context.product_rows.values()) == (300 - len(hidden)) * 2
    assert portal.calls["seen"] <= 6
    assert portal.calls["product_row_page"] <= 2 + 12
    assert all(each.done <= 300 for each in watched.told if each.stage == "products")


def test_rows_written_anew_while_they_are_read_are_there_once() -> None:
    """An invoice whose rows got new ids between two pages has them once, whatever page they stood on."""
    portal = FakePortal(records=invoices(60))
    rows_for(portal, 3)

    def write_anew(method: str, nth: int) -> None:
        if (method, nth) == ("product_row_page", 2):
            for invoice in (10, 26, 60):  # on the first page, across its end, on a later page
                portal.rows[invoice] = [{**row, "id": row["id"] + 1000} for row in portal.rows[invoice]]

    portal.before = write_anew
    contexts = [page.context for page in read(a_source(portal, detailed=True))]
    assert contexts[0].product_rows is not None
    assert {owner: len(rows) for owner, rows in contexts[0].product_rows.items()} == dict.fromkeys(range(10, 70), 3)
    assert all(len({row["name"] for row in rows}) == 3 for rows in contexts[0].product_rows.values())


def test_a_user_who_may_read_no_rows_at_all_is_told_so_soon() -> None:
    """Refusal after refusal ends the report: a dozen calls for each list in flight, not one for every invoice."""
    portal = FakePortal(records=invoices(1000), unreadable=set(range(10, 1010)))
    with pytest.raises(AccessDeniedError):
        read(a_source(portal, detailed=True))
    assert portal.calls["product_row_page"] <= 4 * 12


def test_names_that_the_portal_does_not_tell_cost_no_report() -> None:
    """A user who may not ask for other users still gets the report, with numbers in the place of names."""
    portal = FakePortal(records=invoices(3))

    def refuse(method: str, nth: int) -> None:
        if method == "users":
            raise AccessDeniedError(method="user.get", status=403)

    portal.before = refuse
    (page,) = read(a_source(portal, knows_users=True))
    assert (len(page.raw_invoices), page.context.users) == (3, {})


def test_no_rows_are_asked_for_without_the_detailed_sheet() -> None:
    """The detailed sheet costs most of the calls; without it they are not made."""
    portal = FakePortal(records=invoices(60))
    (page, _) = read(a_source(portal))
    assert page.context.product_rows is None
    assert portal.calls["product_row_page"] == 0


def test_invoices_without_a_date_are_counted_apart() -> None:
    """No period holds them, so the report says how many there are."""
    source = a_source(FakePortal(records=invoices(3), undated=37))
    read(source)
    assert source.undated == 37


def test_one_invoice_from_its_card_may_have_no_date_either() -> None:
    """Its report would be empty without a word; of other invoices it says nothing."""
    portal = FakePortal(undated=1)
    source = a_source(portal, invoice_id=10)
    read(source)
    assert source.undated == 1
    assert {"=begindate": None, "=id": 10} in portal.filters


@pytest.mark.parametrize(
    "method", ["invoice_page", "requisite_links", "requisites_of", "product_row_page", "count_invoices"]
)
def test_an_error_of_any_call_ends_the_report_with_that_error(method: str) -> None:
    """The reason that a person sees is the first cause, whichever thread met it."""
    portal = FakePortal(records=invoices(500))

    def fail(called: str, nth: int) -> None:
        if called == method and nth == 1:
            raise PortalDeletedError(method=method, status=500)

    portal.before = fail
    with pytest.raises(PortalDeletedError):
        read(a_source(portal, detailed=True))


def test_cancelling_stops_the_reading() -> None:
    """After the user's stop no further page is asked for."""

    class StopAfter(StopSignal):
        stopped = False

        def check(self) -> None:
            if self.stopped:
                raise ReportCancelledError

    stop = StopAfter()
    portal = FakePortal(records=invoices(5000))
    portal.before = lambda method, nth: setattr(stop, "stopped", stop.stopped or (method, nth) == ("invoice_page", 20))
    with pytest.raises(ReportCancelledError):
        read(a_source(portal, stop=stop))
    assert portal.calls["invoice_page"] < 100


def test_progress_goes_forward_through_the_stages() -> None:
    """Each stage is told once, in order, and never runs backwards."""
    watched = Watched()
    portal = FakePortal(records=invoices(1250))
    rows_for(portal, 2)
    source = a_source(portal, detailed=True, watched=watched)
    read(source)
    stages = [each.stage for each in watched.told]
    assert list(dict.fromkeys(stages)) == ["invoices", "requisites", "products", "workbook"] or list(
        dict.fromkeys(stages)
    ) == ["invoices", "requisites", "workbook"]
    assert sorted(stages, key=["invoices", "requisites", "products", "workbook"].index) == stages
    for stage in set(stages):
        done = [each.done for each in watched.told if each.stage == stage]
        assert done == sorted(done)
    assert all(each.done <= each.total for each in watched.told)


def test_progress_moves_on_within_one_list_of_rows() -> None:
    """Invoices with many rows are told as they come, by the share of rows that is there."""
    advanced: list[int] = []
    portal = FakePortal(records=invoices(10))
    rows_for(portal, 25)
    owned = ProductRowReader(portal, advanced.append).read([10 + number for number in range(10)])
    assert advanced == [2] * 5
    assert sum(map(len, owned.rows.values())) == 250


def test_a_list_of_rows_read_twice_is_told_once() -> None:
    """Rows that grow while they are read are read anew: progress neither runs back nor beyond the invoices."""
    advanced: list[int] = []
    portal = FakePortal(records=invoices(2))
    rows_for(portal, 60)

    def grow(method: str, nth: int) -> None:
        if (method, nth) == ("product_row_page", 2):
            portal.rows[11] = [*portal.rows[11], *({"id": 900 + each, "ownerId": 11} for each in range(60))]

    portal.before = grow
    owned = ProductRowReader(portal, advanced.append).read([10, 11])
    assert sum(advanced) == 2
    assert all(each > 0 for each in advanced)
    assert [len(owned.rows[each]) for each in (10, 11)] == [60, 120]


def test_rows_that_the_portal_does_not_count_are_read_all_the_same() -> None:
    """Without a total the invoices are through when their list is."""

    class Uncounted(FakePortal):
        def product_rows(self, invoice_ids: Sequence[int]) -> Iterator[Page]:
            yield Page([{"id": each, "ownerId": 10} for each in range(50)])
            yield Page([{"id": 50, "ownerId": 11}])

    advanced: list[int] = []
    owned = ProductRowReader(Uncounted(), advanced.append).read([10, 11])
    assert (len(owned.rows[10]), len(owned.rows[11]), advanced) == (50, 1, [2])
