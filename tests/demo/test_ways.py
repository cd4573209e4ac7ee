"""Genuine ways: what the portal's own source does and its pages don't say. Each is switched on for its test."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from demo_portal import PAID, SHIPPED, DemoWorld, Portal, Ways
from demo_portal.crm.fields import custom_field
from demo_portal.crm.names import camel_name, upper_name
from demo_portal.ways import parsed
from tests.cases import CASES, SELLER, fill_with_case, portal_of_case
from tests.demo.conftest import Rest

ORIGINAL_SHIPPED = "UF_CRM_SMART_INVOICE_1718000000001"
DIGITS = custom_field("UF_CRM_626D6ABE98692", "date", "Дата акта")


def listed(rest: Rest, **params: Any) -> tuple[int, Any]:
    """Ids of the invoices found, or the error's description."""
    status, body = rest("crm.item.list", entityTypeId=31, **params)
    return status, body["error_description"] if status != 200 else [each.get("id") for each in body["result"]["items"]]


@pytest.fixture
def dated(portal: Portal) -> Portal:
    """Two invoices, shipped in March and in April; the ways of names are on."""
    portal.crm.add_custom_field(DIGITS)
    for day in ("2026-03-20", "2026-04-20"):
        invoice = portal.crm.add_invoice(shipped=day)
        portal.crm.invoices.change(invoice, **{DIGITS.name: f"{day}T03:00:00+03:00"})
    portal.behave(filter_keys=True, unknown_select=True)
    return portal


@pytest.mark.parametrize(
    ("key", "made"),
    [
        (">=ufCrm_SMART_INVOICE_1689252229", ">=UF_CRM_S_MA_RT_I_NV_OI_CE_1689252229"),
        (">=uf_crm_smart_invoice_1689252229", ">=UF_CRM_SMART_INVOICE_1689252229"),
        ("ufCrm_SMART_INVOICE_1689252229", "UF_CRM_SMART_INVOICE_1689252229"),
        (">=uf_crm_626d6abe98692", ">=UF_CRM_626_D_6_ABE_98692"),
        ("ufCrm_626D6ABE98692", "UF_CRM_626D6ABE98692"),
        (">=ufCrmShipped", ">=UF_CRM_SHIPPED"),
        (">=ufCrm31_1689252229", ">=UF_CRM_31_1689252229"),
        ("!=isRecurring", "!=IS_RECURRING"),
        ("parentId2", "PARENT_ID_2"),
    ],
)
def test_a_key_is_made_upper_case_with_its_prefix(key: str, made: str) -> None:
    """Only keys that begin with uf are spared the splitting into words."""
    assert upper_name(key) == made


@pytest.mark.parametrize(
    ("original", "camel"),
    [
        ("UF_CRM_SHIPPED", "ufCrmShipped"),
        ("UF_CRM_31_1689252229", "ufCrm31_1689252229"),
        ("UF_CRM_626D6ABE98692", "ufCrm_626D6ABE98692"),
        (ORIGINAL_SHIPPED, SHIPPED),
    ],
)
def test_a_custom_field_has_two_names(original: str, camel: str) -> None:
    assert (camel_name(original), upper_name(camel)) == (camel, original)


def test_a_custom_date_in_camel_case_is_refused_by_the_name_with_its_prefix(dated: Portal, rest: Rest) -> None:
    assert dated.ways.filter_keys
    assert listed(rest, filter={f">={SHIPPED}": "2026-04-01"}) == (
        400,
        "Invalid filter: field '>=UF_CRM_S_MA_RT_I_NV_OI_CE_1718000000001' is not allowed in filter",
    )


@pytest.mark.parametrize("version", ["24.300", "26.250"])
def test_lower_case_from_the_upper_name_is_taken_by_both_versions(dated: Portal, rest: Rest, version: str) -> None:
    dated.behave(version=version)
    assert listed(rest, filter={f">={ORIGINAL_SHIPPED.lower()}": "2026-04-01"}) == (200, [2])
    assert listed(rest, filter={SHIPPED: "2026-03-20"}) == (200, [1])  # without a prefix camelCase is right
    assert listed(rest, filter={">=begindate": "2026-01-01", "@id": [1, 2]}, order={SHIPPED: "desc"}) == (200, [2, 1])


def test_digits_beside_letters_need_the_original_name(dated: Portal, rest: Rest) -> None:
    """Every other spelling is refused; 24.300 does not know the parameter."""
    for key in (f">={DIGITS.name}", f">={DIGITS.upper_name.lower()}", f">={DIGITS.upper_name}"):
        assert listed(rest, filter={key: "2026-04-01"})[0] == 400
    where = {f">={DIGITS.upper_name}": "2026-04-01", "<begindate": "2027-01-01"}
    assert listed(rest, filter=where, useOriginalUfNames="Y") == (200, [2])
    dated.behave(version="24.300")
    assert listed(rest, filter=where, useOriginalUfNames="Y")[0] == 400


def test_original_names_below_the_first_level_are_refused(dated: Portal, rest: Rest) -> None:
    where = {"0": {"logic": "OR", "0": {f">={DIGITS.upper_name}": "2026-04-01"}}}
    assert dated.ways.filter_keys
    assert listed(rest, filter=where, useOriginalUfNames="Y")[0] == 400


def test_original_names_lose_system_fields_unless_all_are_selected(dated: Portal, rest: Rest) -> None:
    """The answer is cut by upper-case names, so that camelCase ones fall out."""
    call = {"entityTypeId": 31, "useOriginalUfNames": "Y", "filter": {"id": 1}}
    assert dated.ways.filter_keys
    _, body = rest("crm.item.list", select=["id", "opportunity", ORIGINAL_SHIPPED], **call)
    assert body["result"]["items"] == [{ORIGINAL_SHIPPED: "2026-03-20T03:00:00+03:00"}]
    _, body = rest("crm.item.list", select=["id"], **call)
    assert body["result"]["items"] == [[]]
    _, body = rest("crm.item.list", select=["*"], **call)
    assert body["result"]["items"][0]["id"] == 1
    assert body["result"]["items"][0][ORIGINAL_SHIPPED] == "2026-03-20T03:00:00+03:00"
    assert SHIPPED not in body["result"]["items"][0]


def test_a_list_of_values_needs_a_prefix_that_takes_lists(dated: Portal, rest: Rest) -> None:
    assert dated.ways.filter_keys
    assert listed(rest, filter={">=id": [1, 2]}) == (400, "Invalid filter: field '>=ID' has invalid value")


def test_unknown_names_in_select_are_dropped(dated: Portal, rest: Rest) -> None:
    """A field that was deleted reads like an empty one."""
    assert dated.ways.unknown_select
    _, body = rest("crm.item.list", entityTypeId=31, filter={"id": 1}, select=["id", "ufCrm_GONE_1"])
    assert body["result"]["items"] == [{"id": 1}]


def test_a_kinder_portal_refuses_unknown_names_in_select(portal: Portal, rest: Rest) -> None:
    portal.behave(unknown_select=False)
    status, body = rest("crm.item.list", entityTypeId=31, select=["nope"])
    assert (status, body["error_description"]) == (400, "Invalid select: field 'nope' is not allowed in select")


# --- product rows -----------------------------------------------------------------------------------------------


@pytest.fixture
def rows(portal: Portal) -> Portal:
    """Invoice 1 is the administrator's, 2 and 3 the manager's; each has a row."""
    for assigned_by in (1, 8, 8):
        portal.crm.add_row(portal.crm.add_invoice(assigned_by=assigned_by))
    portal.behave(owner_lists="first")
    return portal


def owners(rest: Rest, portal: Portal, ids: Any, user: Any = None) -> tuple[int, Any]:
    """Owners of the rows found, or the error."""
    where = {"=ownerType": "SI", "=ownerId": ids}
    status, body = rest("crm.item.productrow.list", user=user or portal.manager, filter=where)
    return status, body.get("error") or [row["ownerId"] for row in body["result"]["productRows"]]


def test_a_list_of_owners_is_judged_by_invoice_1(rows: Portal, rest: Rest) -> None:
    assert owners(rest, rows, [2, 3]) == (400, "ACCESS_DENIED")
    assert owners(rest, rows, [2]) == (400, "ACCESS_DENIED")
    assert owners(rest, rows, 2) == (200, [2])
    assert owners(rest, rows, 1) == (400, "ACCESS_DENIED")
    assert owners(rest, rows, [2, 3], rows.accountant) == (200, [2, 3])
    rows.crm.remove_invoice(1)
    assert owners(rest, rows, [2, 3]) == (400, "ACCESS_DENIED")
    assert owners(rest, rows, [2, 3], rows.accountant) == (200, [2, 3])


def test_whoever_may_read_invoice_1_gets_rows_of_others_too(rows: Portal, rest: Rest) -> None:
    rows.crm.invoices.change(1, assignedById=8)
    rows.crm.invoices.change(2, assignedById=1)
    assert owners(rest, rows, [2, 3]) == (200, [2, 3])


def test_a_later_version_refuses_lists_of_owners_to_everybody(rows: Portal, rest: Rest) -> None:
    rows.behave(owner_lists="refused")
    assert owners(rest, rows, [2], rows.admin) == (400, "REQUIRED_ARG_MISSING")
    assert owners(rest, rows, 2, rows.admin) == (200, [2])


# --- templates of recurring invoices ----------------------------------------------------------------------------


def test_templates_are_answered_beside_invoices(portal: Portal, rest: Rest) -> None:
    portal.crm.add_invoice()
    portal.crm.add_invoice(isRecurring="Y")
    assert listed(rest) == (200, [1, 2])
    assert listed(rest, filter={"!=isRecurring": "Y"}) == (200, [1])
    assert rest("crm.item.fields", entityTypeId=31)[1]["result"]["fields"]["isRecurring"]["upperName"] == "IS_RECURRING"


def test_older_versions_know_no_templates(portal: Portal, rest: Rest) -> None:
    portal.crm.add_invoice()
    portal.behave(version="25.700")
    assert "isRecurring" not in rest("crm.item.fields", entityTypeId=31)[1]["result"]["fields"]
    assert "isRecurring" not in rest("crm.item.list", entityTypeId=31)[1]["result"]["items"][0]
    assert listed(rest, filter={"!=isRecurring": "Y"})[0] == 400


# --- dates ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours", "day", "moment"),
    [
        (3, "2026-03-31T03:00:00+03:00", "2026-03-31T14:20:00+03:00"),
        (-5, "2026-03-30T19:00:00-05:00", "2026-03-31T06:20:00-05:00"),
        (0, "2026-03-31T00:00:00+00:00", "2026-03-31T11:20:00+00:00"),
    ],
)
def test_dates_are_shifted_by_the_offset_of_the_server(
    portal: Portal, rest: Rest, hours: int, day: str, moment: str
) -> None:
    """A date is midnight in UTC wherever the server stands; a datetime is told in the server's zone."""
    portal.crm.add_invoice(date="2026-03-31", shipped="2026-03-31", paid="2026-03-31")
    portal.behave(server_zone=timezone(timedelta(hours=hours)))
    _, body = rest("crm.item.list", entityTypeId=31, select=["begindate", SHIPPED, PAID])
    assert body["result"]["items"] == [{"begindate": day, SHIPPED: day, PAID: moment}]
    assert rest("crm.item.get", entityTypeId=31, id=1)[1]["result"]["item"]["begindate"] == day
    assert body["time"]["date_start"].endswith(day[-6:])


# --- other countries --------------------------------------------------------------------------------------------


def test_a_portal_of_another_country_has_its_presets_currency_and_licence(portal: Portal, rest: Rest) -> None:
    individual, company, _ = portal.settle_in("kz")
    portal.crm.add_requisite(company_id=1, inn=None, preset=company, RQ_BIN="060140003721", ACTIVE="N")
    _, presets = rest("crm.requisite.preset.list", select=["ID", "COUNTRY_ID", "ACTIVE", "XML_ID"])
    assert {
        "ID": str(individual),
        "COUNTRY_ID": "6",
        "ACTIVE": "Y",
        "XML_ID": "#CRM_REQUISITE_PRESET_DEF_KZ_INDIVIDUAL#",
    } in presets["result"]
    requisite = rest("crm.requisite.list")[1]["result"][0]
    assert (requisite["RQ_BIN"], requisite["RQ_INN"], requisite["ACTIVE"]) == ("060140003721", None, "N")
    base = [each["CURRENCY"] for each in rest("crm.currency.list")[1]["result"] if each["BASE"] == "Y"]
    assert (base, rest("app.info")[1]["result"]["LICENSE"]) == (["KZT"], "kz_std")


# --- payments ---------------------------------------------------------------------------------------------------


def test_payments_are_told_of_one_invoice_a_call(portal: Portal, rest: Rest) -> None:
    invoice, other = portal.crm.add_invoice(assigned_by=8), portal.crm.add_invoice(assigned_by=1)
    portal.crm.add_payment(invoice, "100.50")
    portal.crm.add_payment(invoice, 20, paid="N")
    portal.crm.add_payment(other, 1)
    _, body = rest("crm.item.payment.list", user=portal.manager, entityTypeId=31, entityId=invoice)
    found = [(each["paid"], each["sum"], each["datePaid"]) for each in body["result"]]
    assert found == [("Y", 100.5, "2026-03-31T12:00:00+03:00"), ("N", 20, None)]
    assert "total" not in body
    denied = rest("crm.item.payment.list", user=portal.manager, entityTypeId=31, entityId=other)
    assert denied[1]["error"] == "ACCESS_DENIED"


# --- a command line ---------------------------------------------------------------------------------------------


def test_ways_are_read_from_a_command_line() -> None:
    found = parsed(["filter_keys=on", "version=24.300", "owner_lists=refused", "server_zone=America/New_York"])
    assert replace(Ways(), **found).filter_keys
    assert found["server_zone"] == ZoneInfo("America/New_York")
    for wrong in ("filter_keys=1", "owner_lists=none", "nothing=on"):
        with pytest.raises(ValueError, match=wrong):
            parsed([wrong])


# --- cases from the world ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_a_case_fills_a_portal(world: DemoWorld, name: str) -> None:
    """Rows, requisites and links lead to the invoices and clients of the same case."""
    crm = portal_of_case(world, name).crm
    assert {row["ownerId"] for row in crm.rows} == set(crm.invoices.ids)
    assert {link["REQUISITE_ID"] for link in crm.links} == set(crm.requisites.ids)
    assert all(requisite["PRESET_ID"] in crm.presets for requisite in crm.requisites)


def test_a_case_takes_ordinary_values_where_it_says_nothing(portal: Portal, rest: Rest) -> None:
    fill_with_case(portal, "kz")
    item = rest("crm.item.get", entityTypeId=31, id=301)[1]["result"]["item"]
    assert (item["stageId"], item["currencyId"], item["opportunity"]) == ("DT31_2:N", "KZT", 116000)
    assert {each["COUNTRY_ID"] for each in rest("crm.requisite.preset.list")[1]["result"]} == {"1", "6"}


def test_the_seller_of_a_case_gets_rows_by_single_numbers_alone(portal: Portal, rest: Rest) -> None:
    fill_with_case(portal, "rows_few")
    seller = portal.users[SELLER]
    assert owners(rest, portal, [301, 302, 303], seller) == (400, "ACCESS_DENIED")
    assert [owners(rest, portal, each, seller) for each in (301, 303)] == [(200, [301]), (200, [303])]
