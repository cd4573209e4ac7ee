"""The sample data and the worlds of any size."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
import requests

from demo_portal import DemoWorld, Portal
from demo_portal.crm.builders import amount_of, vat_of
from demo_portal.crm.fields import PAID, SHIPPED
from demo_portal.crm.store import Crm
from demo_portal.data import sample, scaled
from demo_portal.data.defects import DEFECTS
from demo_portal.data.inn import legal_entity_inn, person_inn
from demo_portal.subprocess import portal_subprocess
from tests.demo.conftest import Rest

TODAY = date(2026, 11, 24)


@pytest.fixture(scope="module")
def filled() -> tuple[Crm, sample.Sample]:
    crm = Crm()
    return crm, sample.fill(crm, today=TODAY)


@pytest.mark.parametrize(
    ("made", "known"),
    [(legal_entity_inn("7707", 8389), "7707083893"), (person_inn("5001", 7322), "500100732259")],
)
def test_check_digits_of_inn_are_right(made: str, known: str) -> None:
    """Two ИНН that everybody knows."""
    assert made == known


def test_the_sample_covers_two_years_up_to_today(filled: tuple[Crm, sample.Sample]) -> None:
    """December 2024 to November 2026, some 600 invoices, both funnels, four currencies, all VAT rates."""
    crm, made = filled
    days = [each["begindate"][:10] for each in crm.invoices if each["begindate"]]
    assert len(made.invoices) == 600
    assert min(days)[:7] == "2024-12"
    assert max(days)[:7] == "2026-11"
    assert {each["categoryId"] for each in crm.invoices} == {2, 7}
    assert {each["currencyId"] for each in crm.invoices} == {"RUB", "USD", "EUR", "KZT"}
    assert {each["taxRate"] for each in crm.rows} >= {22, 20, 10, 7, 5, 0, None}


def test_vat_is_20_until_2025_and_22_from_2026(filled: tuple[Crm, sample.Sample]) -> None:
    """The standard rate follows the invoice's date."""
    crm, made = filled
    undated = set(made.defects["no invoice date"])
    for row in crm.rows:
        if row["taxRate"] in {20, 22} and row["ownerId"] not in undated:
            year = crm.invoices[row["ownerId"]]["begindate"][:4]
            assert (row["taxRate"] == 22) == (year == "2026")


def test_ordinary_invoices_are_the_sum_of_their_rows(filled: tuple[Crm, sample.Sample]) -> None:
    """Those whose sum disagrees are named in defects, and no others."""
    crm, made = filled
    odd = {each for kind in ("sum differs from rows", "no rows", "no sum") for each in made.defects[kind]}
    for invoice in crm.invoices:
        rows = crm.rows.with_value("ownerId", invoice["id"])
        agrees = invoice["opportunity"] == sum((amount_of(row) for row in rows), Decimal(0))
        assert agrees == (invoice["id"] not in odd)
        if invoice["id"] not in odd:
            assert invoice["taxValue"] == sum((vat_of(row) for row in rows), Decimal(0))


def test_every_kind_of_defect_is_there(filled: tuple[Crm, sample.Sample]) -> None:
    """Two invoices of each kind, one kind an invoice."""
    crm, made = filled
    assert set(made.defects) == {*DEFECTS, "duplicated number"}
    damaged = [each for found in made.defects.values() for each in found]
    assert len(damaged) == len(set(damaged)) == 2 * len(made.defects)
    first, second = made.defects["duplicated number"]
    assert crm.invoices[first]["accountNumber"] == crm.invoices[second]["accountNumber"]
    assert crm.invoices[made.defects["credit"][0]]["opportunity"] < 0
    assert crm.invoices[made.defects["no shipping date"][0]][SHIPPED] is None


def test_the_same_seed_gives_the_same_sample(filled: tuple[Crm, sample.Sample]) -> None:
    """Another seed gives another one."""
    crm, _ = filled
    same, other = Crm(), Crm()
    sample.fill(same, today=TODAY)
    sample.fill(other, today=TODAY, seed=1)
    assert list(same.invoices) == list(crm.invoices)
    assert list(other.invoices) != list(crm.invoices)
    assert sum(1 for each in crm.invoices if each[PAID]) > 350


def test_a_large_world_reads_like_a_small_one(portal: Portal, rest: Rest) -> None:
    """Computed records: pages, owners, links and totals agree with what the generator says."""
    made = scaled.fill(portal.crm, invoices=2000, rows=5)
    amount, last, pages = Decimal(0), 0, 0
    while True:
        _, body = rest("crm.item.list", entityTypeId=31, filter={">id": last}, select=["id", "opportunity"], start=-1)
        items = body["result"]["items"]
        amount += sum((Decimal(str(item["opportunity"])) for item in items), Decimal(0))
        pages += 1
        if len(items) < 50:
            break
        last = items[-1]["id"]
    assert (pages, amount) == (41, made.amount)
    _, rows = rest("crm.item.productrow.list", filter={"=ownerType": "SI", "=ownerId": [1, 2000]}, start=0)
    assert [row["id"] for row in rows["result"]["productRows"]] == [1, 2, 3, 4, 5, 9996, 9997, 9998, 9999, 10000]
    _, links = rest("crm.requisite.link.list", filter={"ENTITY_TYPE_ID": 31, "@ENTITY_ID": [251]})
    assert links["result"][0]["REQUISITE_ID"] == "1"


def test_records_of_a_large_world_can_be_changed(portal: Portal, rest: Rest) -> None:
    """Changed and removed ones are remembered."""
    scaled.fill(portal.crm, invoices=100, rows=2)
    portal.crm.invoices.change(3, opportunity=Decimal(1), companyId=1)
    portal.crm.remove_invoice(4)
    added = portal.crm.add_invoice(number="new", company_id=1)
    _, body = rest("crm.item.list", entityTypeId=31, filter={"@id": [3, 4, added]}, select=["id", "opportunity"])
    assert body["result"]["items"] == [{"id": 3, "opportunity": 1}, {"id": 101, "opportunity": None}]
    _, found = rest("crm.item.list", entityTypeId=31, filter={"companyId": 1}, select=["id"])
    assert {3, 101} <= {item["id"] for item in found["result"]["items"]}


def test_a_portal_lives_in_a_process_of_its_own() -> None:
    """Its addresses, token and counters are told; it ends with the block."""
    with portal_subprocess(invoices=120, rows=2) as portal:
        body = {"entityTypeId": 31, "select": ["id"], "auth": portal.access_token}
        answer = requests.post(f"{portal.client_endpoint}crm.item.list", json=body, timeout=60).json()
        assert answer["total"] == portal.invoices == 120
        assert requests.get(f"{portal.webhook_url}profile.json", timeout=60).json()["result"]["ADMIN"] is True
        assert portal.stats()["by_method"] == {"crm.item.list": 1, "profile": 1}
        portal.reset()
        assert portal.stats()["calls"] == 0
    with pytest.raises(requests.ConnectionError):
        requests.get(portal.url, timeout=60)


def test_portals_of_one_world_do_not_share_data(world: DemoWorld, portal: Portal) -> None:
    """Each has its own origin, identity and CRM."""
    other = world.add_portal()
    portal.crm.add_invoice()
    assert len(other.crm.invoices) == 0
    assert (other.member_id, other.url) != (portal.member_id, portal.url)
