"""Lists: paging by 50, filters with prefixes, orders, selects, and the errors for what does not exist."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from demo_portal import PAID, SHIPPED, Portal, an_invoice
from tests.demo.conftest import Rest

LOWER_SHIPPED, LOWER_PAID = (camel.replace("ufCrm", "uf_crm").lower() for camel in (SHIPPED, PAID))
"""With a prefix only the lower case is taken whatever the way."""


def ids(body: dict[str, Any]) -> list[int]:
    return [item["id"] for item in body["result"]["items"]]


def invoices(rest: Rest, **params: Any) -> list[int]:
    status, body = rest("crm.item.list", entityTypeId=31, select=["id"], **params)
    assert status == 200, body
    return ids(body)


def test_a_counted_page_has_50_items_with_total_and_next(portal: Portal, rest: Rest) -> None:
    """Paging is by 50 always; next is there while more follows."""
    for number in range(120):
        portal.crm.add_invoice(number=str(number))
    pages = [rest("crm.item.list", entityTypeId=31, select=["id"], start=start)[1] for start in (0, 50, 100)]
    assert [len(ids(page)) for page in pages] == [50, 50, 20]
    assert [page.get("next") for page in pages] == [50, 100, None]
    assert {page["total"] for page in pages} == {120}


def test_an_uncounted_list_has_neither_total_nor_next(portal: Portal, rest: Rest) -> None:
    """start=-1 reads on by id without counting."""
    for number in range(70):
        portal.crm.add_invoice(number=str(number))
    _, body = rest("crm.item.list", entityTypeId=31, filter={">id": 50}, order={"id": "ASC"}, start=-1, select=["id"])
    assert ids(body) == list(range(51, 71))
    assert "total" not in body
    assert "next" not in body


def test_the_older_methods_say_total_0_when_nothing_is_counted(portal: Portal, rest: Rest) -> None:
    """crm.requisite.list with start=-1 answers total 0 although there are records."""
    portal.crm.add_requisite(company_id=1)
    _, body = rest("crm.requisite.list", start=-1)
    assert (len(body["result"]), body["total"]) == (1, 0)


def test_reading_by_id_neither_skips_nor_repeats_when_data_change(portal: Portal, rest: Rest) -> None:
    """An invoice removed behind the reader and one added ahead of it leave the others as they were."""
    for number in range(100):
        portal.crm.add_invoice(number=str(number))
    first = invoices(rest, filter={">id": 0}, start=-1)
    portal.crm.remove_invoice(10)
    portal.crm.add_invoice(number="new")
    rest_of_them = invoices(rest, filter={">id": first[-1]}, start=-1)
    last = invoices(rest, filter={">id": rest_of_them[-1]}, start=-1)
    assert first + rest_of_them + last == list(range(1, 102))


@pytest.fixture
def varied(portal: Portal) -> Portal:
    """Six invoices that differ in date, sum, stage, buyer and number."""
    add = portal.crm.add_invoice
    add(an_invoice(number="A-1", date="2026-03-01", opportunity="100.10", company_id=4, stage="DT31_2:N"))
    add(an_invoice(number="A-2", date="2026-03-31", opportunity="200", company_id=4, stage="DT31_2:P"))
    add(an_invoice(number="B-1", date="2026-04-01", opportunity="300", company_id=5, stage="DT31_2:D"))
    add(an_invoice(number="", date=None, opportunity=None, contact_id=9, stage="DT31_7:N"))
    add(an_invoice(number="b-2", date="2026-03-15", opportunity="50.5", shipped="2026-03-20", assigned_by=8))
    paid = an_invoice(number="C%1", date="2026-03-15", opportunity="0", currency="USD")
    add(paid) if PAID not in paid else add({**paid, PAID: "2026-03-31T14:20:00+03:00"})
    return portal


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({">=begindate": "2026-03-01", "<begindate": "2026-04-01"}, [1, 2, 5, 6]),
        ({">begindate": "2026-03-31"}, [3]),
        ({"<=begindate": "2026-03-31T00:00:00+03:00"}, [1, 2, 5, 6]),
        ({"begindate": "2026-03-15"}, [5, 6]),
        ({"=begindate": None}, [4]),
        ({"!begindate": ""}, [1, 2, 3, 5, 6]),
        ({">=opportunity": "100.10"}, [1, 2, 3]),
        ({"opportunity": 100.1}, [1]),
        ({"@id": [3, 1, 99]}, [1, 3]),
        ({"id": [2, 3]}, [2, 3]),
        ({"@id": []}, []),
        ({"!@id": [1, 2, 3]}, [4, 5, 6]),
        ({"!id": 1}, [2, 3, 4, 5, 6]),
        ({"!=stageId": ["DT31_2:N", "DT31_7:N"]}, [2, 3]),
        ({"companyId": 4}, [1, 2]),
        ({"@companyId": ["4", "5"], "<id": 3}, [1, 2]),
        ({"companyId": None}, [4, 5, 6]),
        ({"companyId": 0}, [4, 5, 6]),
        ({"!companyId": None}, [1, 2, 3]),
        ({"%accountNumber": "b-"}, [3, 5]),
        ({"!%accountNumber": "-"}, [4, 6]),
        ({"=%accountNumber": "a-%"}, [1, 2]),
        ({"%=accountNumber": "%1"}, [1, 3, 6]),
        ({"%accountNumber": "%"}, [6]),
        ({"accountNumber": ""}, [4]),
        ({SHIPPED: "2026-03-20"}, [5]),
        ({"!" + LOWER_SHIPPED: None}, [5]),
        ({"<=" + LOWER_PAID: "2026-03-31"}, []),
        ({"<" + LOWER_PAID: "2026-04-01"}, [6]),
        ({">=" + LOWER_PAID: "2026-03-31T14:20:00+03:00"}, [6]),
        ({"assignedById": 8}, [5]),
        ({"currencyId": "USD"}, [6]),
        ({"logic": "OR", "id": 1, "companyId": 5}, [1, 3]),
        ({"0": {"logic": "OR", "0": {"id": 1}, "1": {">id": 5}}, "currencyId": "RUB"}, [1]),
        ([], [1, 2, 3, 4, 5, 6]),
    ],
)
def test_a_filter_finds_what_its_prefix_says(varied: Portal, rest: Rest, where: Any, expected: list[int]) -> None:
    """Every prefix of crm.item.list; a bare date against a moment is its midnight; empty is null, "" or 0."""
    assert invoices(rest, filter=where) == expected


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ({}, [1, 2, 3, 4, 5, 6]),
        ({"id": "DESC"}, [6, 5, 4, 3, 2, 1]),
        ({"begindate": "ASC", "id": "DESC"}, [4, 1, 6, 5, 2, 3]),
        ({"opportunity": "desc"}, [3, 2, 1, 5, 6, 4]),
    ],
)
def test_an_order_sorts_by_its_fields_in_turn(varied: Portal, rest: Rest, order: Any, expected: list[int]) -> None:
    """Empty values come first in a rising order."""
    assert invoices(rest, order=order) == expected


@pytest.mark.parametrize(
    ("params", "description"),
    [
        ({"filter": {"nope": 1}}, "Invalid filter: field 'NOPE' is not allowed in filter"),
        ({"filter": {">=begindate": "soon"}}, "Invalid filter: field 'begindate' has invalid value"),
        ({"filter": {"@id": ["x"]}}, "Invalid filter: field 'id' has invalid value"),
        ({"filter": {">id": "x"}}, "Invalid filter: field 'id' has invalid value"),
        ({"order": {"nope": "ASC"}}, "Invalid order: field 'nope' is not allowed in order"),
        (
            {"order": {"id": "UP"}},
            "Invalid order: allowed sort directions are ASC, DESC. But got 'UP' for field 'id'",
        ),
    ],
)
def test_an_unknown_field_or_value_is_an_error(varied: Portal, rest: Rest, params: Any, description: str) -> None:
    """A wrong name is INVALID_ARG_VALUE, not an empty list."""
    status, body = rest("crm.item.list", entityTypeId=31, **params)
    assert (status, body["error"], body["error_description"]) == (400, "INVALID_ARG_VALUE", description)


def test_original_names_of_custom_fields_work_both_ways(portal: Portal, rest: Rest) -> None:
    """useOriginalUfNames=Y takes and gives UF_CRM_… names."""
    portal.crm.add_invoice(shipped="2026-03-20")
    name = "UF_CRM_SMART_INVOICE_1718000000001"
    _, body = rest(
        "crm.item.list", entityTypeId=31, useOriginalUfNames="Y", filter={f">={name}": "2026-03-20"}, select=["*"]
    )
    assert body["result"]["items"][0][name] == "2026-03-20T03:00:00+03:00"
    _, fields = rest("crm.item.fields", entityTypeId=31, useOriginalUfNames="Y")
    assert fields["result"]["fields"][name]["title"] == "Дата отгрузки"


def test_an_urlencoded_call_means_the_same_as_a_json_one(portal: Portal, rest: Rest) -> None:
    """Bracketed fields, texts for numbers, and the .json suffix."""
    for number in range(3):
        portal.crm.add_invoice(number=str(number))
    token = portal.issue_tokens().access_token
    form = {"auth": token, "entityTypeId": "31", "filter[@id][0]": "1", "filter[@id][1]": "3", "select[]": "id"}
    answer = requests.post(f"{portal.client_endpoint}crm.item.list.json", data=form, timeout=60).json()
    assert ids(answer) == [1, 3]


def test_an_employee_finds_only_what_they_may_read(portal: Portal, rest: Rest) -> None:
    """The manager sees own invoices, in lists, totals and links alike."""
    for assigned_by in (1, 8, 8):
        portal.crm.add_invoice(assigned_by=assigned_by, requisite_id=0)
    _, body = rest("crm.item.list", user=portal.manager, entityTypeId=31, select=["id"], start=0)
    assert (ids(body), body["total"]) == ([2, 3], 2)
    _, links = rest("crm.requisite.link.list", user=portal.manager, filter={"ENTITY_TYPE_ID": 31})
    assert [link["ENTITY_ID"] for link in links["result"]] == ["2", "3"]
    status, denied = rest("crm.item.get", user=portal.manager, entityTypeId=31, id=1)
    assert (status, denied["error"]) == (400, "ACCESS_DENIED")


def test_product_rows_demand_their_owner(portal: Portal, rest: Rest) -> None:
    """=ownerType and =ownerId must be named, with the equals sign."""
    for where in ({}, {"=ownerType": "SI"}, {"ownerType": "SI", "ownerId": 1}, {"=ownerType": "XX", "=ownerId": 1}):
        assert rest("crm.item.productrow.list", filter=where)[0] == 400


def test_one_unreadable_owner_denies_the_whole_call(portal: Portal, rest: Rest) -> None:
    """ACCESS_DENIED for two owners of which one is another's."""
    mine = portal.crm.add_invoice(assigned_by=8)
    another = portal.crm.add_invoice(assigned_by=1)
    portal.crm.add_row(mine)
    portal.behave(owner_lists="each")
    where = {"=ownerType": "SI", "=ownerId": [mine]}
    assert rest("crm.item.productrow.list", user=portal.manager, filter=where)[0] == 200
    where = {"=ownerType": "SI", "=ownerId": [mine, another]}
    status, body = rest("crm.item.productrow.list", user=portal.manager, filter=where)
    assert (status, body["error"]) == (400, "ACCESS_DENIED")
