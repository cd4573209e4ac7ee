"""Shapes and types of the answers, as the methods' pages show them."""

from __future__ import annotations

import requests

from demo_portal import DemoWorld, Portal, a_row
from demo_portal.crm.builders import PRESET_SOLE_TRADER
from tests.demo.conftest import Rest


def test_money_is_a_plain_json_number(portal: Portal, rest: Rest) -> None:
    """120000.1, not 120000.10 and not a text; whole sums without a point; every digit of a large one."""
    for opportunity in ("120000.10", "5000.00", "99999999999999.99"):
        portal.crm.add_invoice(opportunity=opportunity)
    token = portal.issue_tokens().access_token
    call = {"entityTypeId": 31, "select": ["opportunity"], "auth": token}
    text = requests.post(f"{portal.client_endpoint}crm.item.list", json=call, timeout=60).text
    assert '[{"opportunity":120000.1},{"opportunity":5000},{"opportunity":99999999999999.99}]' in text


def test_an_invoice_has_the_fields_of_its_type(portal: Portal, rest: Rest) -> None:
    """camelCase names, dates with the portal's offset, null for what is empty."""
    portal.crm.add_invoice(number="17", date="2026-03-31", company_id=3)
    item = rest("crm.item.get", entityTypeId=31, id=1)[1]["result"]["item"]
    fields = rest("crm.item.fields", entityTypeId=31)[1]["result"]["fields"]
    assert set(fields) <= set(item)
    assert item["begindate"] == "2026-03-31T03:00:00+03:00"
    assert (item["accountNumber"], item["companyId"], item["opportunity"]) == ("17", 3, None)
    assert fields["begindate"] == {
        "type": "date",
        "isRequired": False,
        "isReadOnly": False,
        "isImmutable": False,
        "isMultiple": False,
        "isDynamic": False,
        "title": "Дата выставления",
        "upperName": "BEGINDATE",
    }


def test_sums_are_reckoned_from_the_rows(portal: Portal, rest: Rest) -> None:
    """opportunity is Σ price × quantity, taxValue the VAT in it, both rounded by row."""
    rows = [
        a_row(price="120", quantity="1.5", rate=20),
        a_row(price="10", rate=None),
        a_row(price="33.335", rate=10),
    ]
    portal.crm.add_invoice(rows=rows)
    item = rest("crm.item.get", entityTypeId=31, id=1)[1]["result"]["item"]
    assert (item["opportunity"], item["taxValue"]) == (223.34, 33.03)


def test_product_rows_have_the_documented_prices(portal: Portal, rest: Rest) -> None:
    """price with discount and tax; priceExclusive without tax; priceBrutto before the discount; rate null stays."""
    portal.crm.add_invoice(rows=[a_row(price="90000", quantity=3, rate=10, discount=10), a_row(rate=None)])
    _, body = rest("crm.item.productrow.list", filter={"=ownerType": "SI", "=ownerId": [1]}, order={"sort": "asc"})
    first, second = body["result"]["productRows"]
    prices = [first[name] for name in ("price", "priceExclusive", "priceNetto", "priceBrutto", "discountSum")]
    assert prices == [90000, 81818.18, 90909.09, 100000, 9090.91]
    assert (first["taxRate"], second["taxRate"], first["ownerType"]) == (10, None, "SI")
    assert body["total"] == 2


def test_requisites_speak_upper_case_and_texts(portal: Portal, rest: Rest) -> None:
    """Every value is a text or null; link ids too, "0" for none."""
    company = portal.crm.add_company()
    person = ("Орлов", "Пётр", "Ильич")
    requisite = portal.crm.add_requisite(
        company_id=company, inn="500100732259", person=person, preset=PRESET_SOLE_TRADER
    )
    portal.crm.add_invoice(company_id=company, requisite_id=0, my_requisite_id=requisite)
    record = rest("crm.requisite.get", id=requisite)[1]["result"]
    assert all(value is None or isinstance(value, str) for value in record.values())
    assert (record["PRESET_ID"], record["RQ_LAST_NAME"], record["RQ_COMPANY_NAME"]) == ("3", "Орлов", None)
    assert len(record) > 60
    link = rest("crm.requisite.link.list", filter={"ENTITY_TYPE_ID": 31, "@ENTITY_ID": [1]})[1]["result"]
    assert link == [
        {
            "ENTITY_TYPE_ID": "31",
            "ENTITY_ID": "1",
            "REQUISITE_ID": "0",
            "BANK_DETAIL_ID": "0",
            "MC_REQUISITE_ID": str(requisite),
            "MC_BANK_DETAIL_ID": "0",
        }
    ]


def test_stages_come_by_funnel_with_their_semantics(rest: Rest) -> None:
    """crm.category.list names the funnels, crm.status.list their stages."""
    categories = rest("crm.category.list", entityTypeId=31)[1]["result"]["categories"]
    assert [(each["id"], each["isDefault"]) for each in categories] == [(2, "Y"), (7, "N")]
    _, body = rest("crm.status.list", filter={"ENTITY_ID": "SMART_INVOICE_STAGE_2"}, order={"SORT": "ASC"})
    stages = [(each["STATUS_ID"], each["SEMANTICS"], each["EXTRA"]["SEMANTICS"]) for each in body["result"]]
    assert stages[0] == ("DT31_2:N", None, "process")
    assert stages[-2:] == [("DT31_2:P", "S", "success"), ("DT31_2:D", "F", "failure")]


def test_my_companies_are_found_by_their_flag(portal: Portal, rest: Rest) -> None:
    """crm.item.list of companies with isMyCompany Y."""
    portal.crm.add_company("ООО «Покупатель»")
    portal.crm.add_company("ООО «Мы»", my=True)
    _, body = rest("crm.item.list", entityTypeId=4, filter={"isMyCompany": "Y"}, select=["id", "title"])
    assert body["result"]["items"] == [{"id": 2, "title": "ООО «Мы»"}]


def test_the_older_company_list_answers_in_texts(portal: Portal, rest: Rest) -> None:
    """crm.company.list: ID and TITLE as texts."""
    portal.crm.add_company("ООО «Ромашка»")
    _, body = rest("crm.company.list", select=["ID", "TITLE"], filter={"ID": 1})
    assert body["result"] == [{"ID": "1", "TITLE": "ООО «Ромашка»"}]


def test_profile_and_users(portal: Portal, rest: Rest) -> None:
    """profile needs no scope and tells ADMIN; user.get hides contact details from user_brief."""
    assert rest("profile", user=portal.manager)[1]["result"]["ADMIN"] is False
    _, body = rest("user.get", FILTER={"@ID": [5, 8]})
    assert [(each["ID"], each["LAST_NAME"]) for each in body["result"]] == [("5", "Кузнецова"), ("8", "Волков")]
    assert "EMAIL" not in body["result"][0]
    assert rest("department.get")[1]["total"] == 3


def test_empty_objects_arrive_as_lists(portal: Portal, rest: Rest) -> None:
    """PHP writes an empty object as []."""
    rest("placement.bind", PLACEMENT="CRM_ANALYTICS_MENU", HANDLER="http://127.0.0.1:1/app")
    placement = rest("placement.get")[1]["result"][0]
    assert (placement["options"], placement["langAll"]) == ([], [])


def test_every_answer_tells_its_time(portal: Portal, rest: Rest) -> None:
    """The time block with operating and its reset; a self-hosted portal leaves these two out."""
    portal.pace.execution = 1.5
    rest("profile")
    time = rest("profile")[1]["time"]
    assert time["operating"] == 3.0
    assert time["operating_reset_at"] == 1_780_000_600
    assert {"start", "finish", "duration", "processing", "date_start", "date_finish"} <= set(time)
    portal.operating.enabled = False
    assert "operating" not in rest("profile")[1]["time"]


def test_app_info_tells_the_licence_and_whether_the_app_is_installed(portal: Portal, rest: Rest) -> None:
    """The portal's own app.info."""
    portal.make_enterprise()
    info = rest("app.info")[1]["result"]
    assert (info["INSTALLED"], info["LICENSE_FAMILY"], info["STATUS"]) == (False, "ent", "L")
    assert (portal.bucket.capacity, portal.bucket.rate) == (250, 5)


def test_batch_carries_out_up_to_50_calls_as_one_request(portal: Portal, rest: Rest) -> None:
    """Results, totals and errors by key; references to earlier results; nesting refused."""
    company = portal.crm.add_company("ООО «Ромашка»")
    portal.crm.add_invoice(company_id=company)
    commands = {
        "one": "crm.item.list?entityTypeId=31&select[]=companyId",
        "two": "crm.item.get?entityTypeId=4&id=$result[one][items][0][companyId]",
        "wrong": "crm.nothing",
        "nested": "batch?cmd[0]=profile",
    }
    _, body = rest("batch", cmd=commands, halt=0)
    result = body["result"]
    assert result["result"]["two"]["item"]["title"] == "ООО «Ромашка»"
    assert result["result_total"] == {"one": 1}
    assert result["result_error"]["wrong"]["error"] == "ERROR_METHOD_NOT_FOUND"
    assert result["result_error"]["nested"]["error"] == "ERROR_BATCH_METHOD_NOT_ALLOWED"
    assert portal.calls.by_method == {"batch": 1}


def test_the_door_refuses_strangers(portal: Portal, world: DemoWorld, rest: Rest) -> None:
    """Unknown method, no token, another portal's token, missing scope, a user kept out of the app."""
    stranger = world.add_portal().issue_tokens()
    assert rest("crm.nothing")[0] == 404
    assert rest("profile", pair=stranger)[1]["error"] == "NO_AUTH_FOUND"
    portal.set_scopes("crm")
    status, body = rest("placement.get")
    assert (status, body["error"]) == (403, "insufficient_scope")
    portal.admin.may_open_app = False
    assert rest("profile")[1]["error"] == "user_access_error"


def test_the_record_of_calls_tells_how_each_came(portal: Portal, rest: Rest) -> None:
    """Counts by method and error, where the token was, and a client_secret that strayed to a portal."""
    rest("profile")
    rest("crm.nothing")
    requests.get(f"{portal.client_endpoint}profile", params={"auth": "x", "s": "demo-client-secret"}, timeout=60)
    assert portal.calls.by_method == {"profile": 2, "crm.nothing": 1}
    assert portal.calls.errors == {"ERROR_METHOD_NOT_FOUND": 1, "NO_AUTH_FOUND": 1}
    assert [each.auth_in for each in portal.calls.records] == ["body", "body", "query"]
    assert portal.calls.secrets_seen == 1
    assert portal.calls.records[0].user_id == 1
