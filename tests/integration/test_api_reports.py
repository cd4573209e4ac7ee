"""Reports over the API: started, watched, listed, cancelled, deleted; what they were asked is what is stored."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest

from bitrix_app.reports import Progress, Waiting
from bitrix_app.storage import ReportLeases
from demo_portal import SHIPPED, Fault, Portal
from tests.integration.house import APP_URL, QUARTER, House, Visitor


def test_a_report_is_accepted_with_its_address(visitor: Visitor) -> None:
    answer = visitor.call("POST", "/reports", json={**QUARTER, "detailed": True})
    assert answer.status_code == 202
    report = answer.json
    assert answer.headers["Location"] == f"{APP_URL}/api/v1/reports/{report['id']}"
    assert report["status"] == "queued"
    assert report["params"] == {
        **QUARTER,
        "kind": "register",
        "date_field": "begindate",
        "detailed": True,
        "stages": None,
        "company_id": None,
        "invoice_id": None,
        "mycompany_id": None,
        "assigned_by_id": None,
        "currency": None,
        "paid": None,
        "columns": None,
    }
    assert report["progress"] == {"stage": "invoices", "done": 0, "total": 0, "waiting": None}
    assert (report["summary"], report["error"], report["download_url"], report["downloads"]) == (None, None, None, [])
    assert (report["started_at"], report["finished_at"]) == (None, None)
    assert report["created_at"].endswith("Z")
    assert visitor.get(f"/reports/{report['id']}") == report


def test_an_ordinary_report_starts_without_a_call_to_the_portal(portal: Portal, visitor: Visitor) -> None:
    portal.calls.clear()
    visitor.start()
    assert len(portal.calls) == 0


def test_all_conditions_are_stored(visitor: Visitor) -> None:
    conditions = {
        "date_field": SHIPPED,
        "detailed": False,
        "stages": ["DT31_2:N"],
        "company_id": 12,
        "invoice_id": 345,
        "mycompany_id": 7,
        "assigned_by_id": 5,
        "currency": "RUB",
        "paid": False,
        "columns": ["number", "amount"],
    }
    assert visitor.start(**conditions)["params"] == {"kind": "register", **QUARTER, **conditions}


def test_a_date_field_that_is_none_is_422(visitor: Visitor) -> None:
    answer = visitor.call("POST", "/reports", json={**QUARTER, "date_field": "opportunity"})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["date_field"])


def test_the_default_date_field_is_the_settings_one(visitor: Visitor, administrator: Visitor) -> None:
    settings = administrator.get("/settings") | {"date_field": SHIPPED}
    assert administrator.call("PUT", "/settings", json=settings).status_code == 200
    assert visitor.start()["params"]["date_field"] == SHIPPED


def test_chosen_columns_are_kept_in_their_order(visitor: Visitor) -> None:
    codes = ["amount", "number", "deal", SHIPPED]
    assert visitor.start(columns=codes)["params"]["columns"] == codes


def test_the_name_of_a_saved_set_goes_with_its_columns(visitor: Visitor) -> None:
    """Trimmed; a report without one has no such parameter."""
    report = visitor.start(columns=["number"], set_name=" Для 1С ")
    assert (report["params"]["set_name"], report["filters"]) == ("Для 1С", ["Столбцы набора «Для 1С»"])
    assert "set_name" not in visitor.start(columns=["number"], set_name=None)["params"]


@pytest.mark.parametrize("body", [{"set_name": ""}, {"set_name": "x" * 81}, {"set_name": 7}, {"set_name": "a\nb"}])
def test_a_name_that_no_set_can_have_is_refused(visitor: Visitor, body: dict[str, Any]) -> None:
    answer = visitor.call("POST", "/reports", json={**QUARTER, **body})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["set_name"])


def test_receivables_have_no_set_of_columns(visitor: Visitor) -> None:
    body = {"kind": "receivables", "as_of": "2026-03-31", "set_name": "Для 1С"}
    answer = visitor.call("POST", "/reports", json=body)
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["set_name"])


def test_without_columns_those_of_the_settings_count(visitor: Visitor, administrator: Visitor) -> None:
    assert visitor.start()["params"]["columns"] is None
    chosen = {**administrator.get("/settings"), "columns": ["number", "amount"]}
    assert administrator.call("PUT", "/settings", json=chosen).status_code == 200
    assert visitor.start()["params"]["columns"] == ["number", "amount"]
    assert visitor.start(columns=["amount"])["params"]["columns"] == ["amount"]


@pytest.mark.parametrize(
    ("columns", "named"),
    [
        (["number", "nothing"], "nothing"),
        (["number", "ufCrm_626D6ABE98692"], "ufCrm_626D6ABE98692"),
        (["number", "amount", "number"], "number"),
        (["number", "=1+1"], "=1+1"),
        (["number", 7], "7"),
        ([f"ufCrm_{number}" for number in range(41)], "ufCrm_40"),
        ([], ""),
        ("number", ""),
    ],
)
@pytest.mark.parametrize("address", ["/reports", "/reports/preview"])
def test_columns_that_do_not_fit_are_named(visitor: Visitor, address: str, columns: Any, named: str) -> None:
    answer = visitor.call("POST", address, json={**QUARTER, "columns": columns})
    assert answer.status_code == 422
    assert answer.json is not None
    assert list(answer.json["errors"]) == ["columns"]
    assert named in answer.json["errors"]["columns"][0]


def test_the_form_remembers_the_columns_that_were_asked_for(visitor: Visitor, administrator: Visitor) -> None:
    """Not those of the settings: they may change."""
    chosen = {**administrator.get("/settings"), "columns": ["number", "amount"]}
    administrator.call("PUT", "/settings", json=chosen)
    visitor.start()
    assert visitor.get("/me")["last_choice"]["columns"] is None
    visitor.start(columns=["amount"])
    assert visitor.get("/me")["last_choice"]["columns"] == ["amount"]


def test_the_same_idempotency_key_gives_the_same_report(house: House, portal: Portal, visitor: Visitor) -> None:
    """A double click, a broken line: one report. The same key with other conditions is a mistake."""
    headers = {"Idempotency-Key": "a-click"}
    first = visitor.call("POST", "/reports", json=QUARTER, headers=headers)
    again = visitor.call("POST", "/reports", json=QUARTER, headers=headers)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json["id"] == again.json["id"]
    assert len(visitor.get("/reports")["items"]) == 1
    other = visitor.call("POST", "/reports", json={**QUARTER, "detailed": True}, headers=headers)
    assert (other.status_code, other.json["code"]) == (422, "idempotency_key_reused")
    somebody = house.visitor(portal, portal.manager).call("POST", "/reports", json=QUARTER, headers=headers)
    assert somebody.json["id"] != first.json["id"]


def test_a_finished_report_has_totals_and_links(house: House, visitor: Visitor) -> None:
    report = visitor.start()
    house.finish(report["id"], b"PK 123")
    done = visitor.get(f"/reports/{report['id']}")
    assert done["status"] == "done"
    assert done["summary"]["invoices"] == 2
    assert done["summary"]["totals"] == [
        {
            "currency": "RUB",
            "amount": "120.10",
            "vat": "20.02",
            "amount_with_vat": "120.10",
            "amount_without_vat": "0.00",
        }
    ]
    assert [(each["format"], each["size"]) for each in done["downloads"]] == [("xlsx", 6)]
    assert house.get(done["download_url"]).data == b"PK 123"
    assert done["finished_at"] >= done["started_at"] >= done["created_at"]


def test_progress_and_waiting_are_told(house: House, visitor: Visitor) -> None:
    report = visitor.start()
    lease = house.lease(report["id"])
    waiting = Waiting("operating_time", datetime(2026, 3, 1, 10, tzinfo=UTC))
    ReportLeases(house.services.database).beat(lease, Progress("products", 120, 480, waiting))
    running = visitor.get(f"/reports/{report['id']}")
    assert running["status"] == "running"
    waiting_shown = {"reason": "operating_time", "until": "2026-03-01T10:00:00+00:00"}
    assert running["progress"] == {"stage": "products", "done": 120, "total": 480, "waiting": waiting_shown}


@pytest.mark.parametrize(("lang", "words"), [("ru", "Битрикс24 не отвечает."), ("en", "Bitrix24 does not answer.")])
def test_a_failed_report_says_why_in_the_readers_language(house: House, portal: Portal, lang: str, words: str) -> None:
    visitor = house.visitor(portal, lang=lang)
    report = visitor.start()
    lease = house.lease(report["id"])
    ReportLeases(house.services.database).failed(lease, "portal_unavailable", {"method": "crm.item.list"})
    failed = visitor.get(f"/reports/{report['id']}")
    assert failed["status"] == "failed"
    assert failed["error"]["code"] == "portal_unavailable"
    assert failed["error"]["message"].startswith(words)


def test_cancelling_takes_effect_at_once_and_twice_is_harmless(visitor: Visitor) -> None:
    report = visitor.start()
    for _ in range(2):
        answer = visitor.call("POST", f"/reports/{report['id']}/cancel")
        assert (answer.status_code, answer.json["status"]) == (202, "cancelled")


def test_a_deleted_report_is_gone_with_its_file(house: House, visitor: Visitor) -> None:
    report = visitor.start()
    name = house.finish(report["id"])
    assert visitor.call("DELETE", f"/reports/{report['id']}").status_code == 204
    assert visitor.call("GET", f"/reports/{report['id']}").status_code == 404
    assert visitor.call("DELETE", f"/reports/{report['id']}").status_code == 404
    assert name not in house.services.web.files.names()


def test_a_running_report_is_cancelled_by_deleting_it(house: House, visitor: Visitor) -> None:
    report = visitor.start()
    house.lease(report["id"])
    assert visitor.call("DELETE", f"/reports/{report['id']}").status_code == 204
    assert visitor.get("/reports")["items"] == []


def test_the_list_is_newest_first_in_pages_of_twenty(visitor: Visitor) -> None:
    started: list[str] = []
    for _ in range(23):
        started.append(visitor.start()["id"])
        visitor.call("POST", f"/reports/{started[-1]}/cancel")
    first = visitor.get("/reports")
    assert [item["id"] for item in first["items"]] == started[:2:-1]
    assert first["next"].startswith(f"{APP_URL}/api/v1/reports?before=")
    second = visitor.get(first["next"].removeprefix(f"{APP_URL}/api/v1"))
    assert [item["id"] for item in second["items"]] == started[2::-1]
    assert second["next"] is None


def test_the_twenty_first_open_report_is_429(house: House) -> None:
    portal = house.portal()
    visitor = house.visitor(portal)
    for _ in range(20):
        visitor.start()
    answer = visitor.call("POST", "/reports", json=QUARTER)
    assert (answer.status_code, answer.json["code"]) == (429, "too_many_reports")
    assert "20" in answer.json["title"]
    house.visitor(portal, portal.manager).start()


def test_a_portal_that_stores_more_than_its_quota_is_told_what_to_delete(house: House) -> None:
    portal = house.portal()
    visitor = house.visitor(portal)
    stored = visitor.start()["id"]
    house.finish(stored)
    with house.services.database.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE report_file SET size = {5121 * 2**20} WHERE report_id = '{stored}'")
    answer = visitor.call("POST", "/reports", json=QUARTER)
    assert (answer.status_code, answer.json["code"]) == (409, "portal_quota")
    assert "5121" in answer.json["title"]
    assert "Delete" in answer.json["detail"] or "Удалите" in answer.json["detail"]
    assert visitor.call("DELETE", f"/reports/{stored}").status_code == 204
    visitor.start()


def test_conditions_are_told_in_words(house: House, portal: Portal) -> None:
    conditions: dict[str, Any] = {"detailed": True, "company_id": 12, "paid": False, "stages": ["DT31_2:N", "DT31_2:P"]}
    russian = house.visitor(portal).start(**conditions)["filters"]
    assert russian == ["С товарными позициями", "2 стадии", "Компания: ID 12", "Только неоплаченные"]
    english = house.visitor(portal, lang="en").start(**conditions)["filters"]
    assert english == ["With product rows", "2 stages", "Company: ID 12", "Unpaid only"]


def test_a_report_keeps_the_names_of_what_it_is_narrowed_to(portal: Portal, visitor: Visitor) -> None:
    """They were looked up when it was ordered, with its user's rights; what cannot be seen keeps its number."""
    company = portal.crm.add_company("ООО «Электрощит»")
    invoice = portal.crm.add_invoice(number="528", date="2026-08-29", company_id=company)
    assert visitor.start(company_id=company, assigned_by_id=portal.accountant.id)["filters"] == [
        "Компания: ООО «Электрощит»",
        f"Ответственный: {portal.accountant.last_name} {portal.accountant.name}",
    ]
    portal.crm.companies.get(company)["title"] = "ООО «Другое»"
    assert visitor.start(invoice_id=invoice)["filters"] == ["Счёт № 528 от 29.08.2026"]
    portal.accountant.sees_companies = False
    assert visitor.start(company_id=company)["filters"] == [f"Компания: ID {company}"]
    kept = [each["filters"][0] for each in visitor.get("/reports")["items"]]
    assert kept == [f"Компания: ID {company}", "Счёт № 528 от 29.08.2026", "Компания: ООО «Электрощит»"]


def test_a_portal_that_does_not_answer_costs_a_report_only_its_names(portal: Portal, visitor: Visitor) -> None:
    portal.faults.always(Fault.error("QUERY_LIMIT_EXCEEDED"), method="crm.item.list")
    assert visitor.start(company_id=12)["filters"] == ["Компания: ID 12"]


def test_the_last_choice_is_remembered_per_user(house: House, portal: Portal, visitor: Visitor) -> None:
    """The period by its name, so that «last month» is next month another one; places are not part of a choice."""
    assert visitor.get("/me")["last_choice"] is None
    visitor.start(period="last_quarter", detailed=True, company_id=12)
    choice = visitor.get("/me")["last_choice"]
    assert (choice["period"], choice["detailed"]) == ("last_quarter", True)
    assert "company_id" not in choice
    visitor.start(invoice_id=5, period="this_year")
    assert visitor.get("/me")["last_choice"] == choice
    assert house.visitor(portal, portal.manager).get("/me")["last_choice"] is None


def test_an_estimate_counts_invoices_and_those_without_a_date(portal: Portal, visitor: Visitor) -> None:
    for number, day in enumerate(["2026-01-01", "2026-03-31", "2026-04-01", None, None]):
        portal.crm.add_invoice(number=str(number), date=day)
    portal.calls.clear()
    found = visitor.call("POST", "/reports/preview", json=QUARTER)
    assert found.status_code == 200
    assert (found.json["invoices"], found.json["undated"]) == (2, 2)
    assert found.json["calls"] > 0
    assert found.json["seconds"] > 0
    assert visitor.get("/reports")["items"] == []


def test_an_estimate_knows_that_other_plans_let_more_through(house: House) -> None:
    """Enterprise ones five calls a second; a box has no limit of requests."""
    seconds = []
    for settle in (lambda portal: None, Portal.make_enterprise, Portal.make_box):
        portal = house.portal(installed=False)
        settle(portal)
        house.post("/install", portal)
        for _ in range(1500):
            portal.crm.add_invoice(date="2026-01-01")
        found = house.visitor(portal).call("POST", "/reports/preview", json={**QUARTER, "detailed": True})
        assert found.json["invoices"] == 1500
        seconds.append(found.json["seconds"])
    assert seconds[1] < seconds[0] * 2 / 3
    assert seconds[2] <= seconds[1]


def test_an_estimate_tells_what_fast_fetching_would_take_until_it_is_on(house: House, portal: Portal) -> None:
    for _ in range(1000):
        portal.crm.add_invoice(date="2026-01-01")
    admin = house.visitor(portal, portal.admin)
    order = {**QUARTER, "detailed": True}
    usual = admin.call("POST", "/reports/preview", json=order).json
    assert usual["batch_seconds"] < usual["seconds"] / 5
    admin.call("PUT", "/settings", json={**admin.get("/settings"), "fetch_mode": "batch"})
    faster = admin.call("POST", "/reports/preview", json=order).json
    assert (faster["seconds"], faster["batch_seconds"]) == (usual["batch_seconds"], None)
    assert "batch" not in portal.calls.by_method


def test_an_estimate_at_a_portal_that_does_not_answer_is_503(house: House, portal: Portal, visitor: Visitor) -> None:
    house.be_impatient(1.0)
    portal.faults.always(Fault.html(502))
    answer = visitor.call("POST", "/reports/preview", json=QUARTER)
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
    assert answer.headers["Retry-After"]


def test_a_user_whose_access_has_lapsed_is_told_to_open_the_app_again(portal: Portal, visitor: Visitor) -> None:
    """401, so that the page renews its session with a fresh access token, unseen."""
    portal.revoke_tokens(portal.accountant)
    answer = visitor.call("POST", "/reports/preview", json=QUARTER)
    assert (answer.status_code, answer.json["code"]) == (401, "invalid_token")
    fresh = portal.issue_tokens(portal.accountant)
    body = {"AUTH_ID": fresh.access_token, "member_id": portal.member_id}
    renewed = visitor.app.test_client().post("/api/v1/session", json=body).json
    assert Visitor(visitor.app, renewed["token"]).call("POST", "/reports/preview", json=QUARTER).status_code == 200


def test_a_report_is_in_the_language_of_the_page_that_orders_it(house: House, portal: Portal, visitor: Visitor) -> None:
    """Another one can be asked for; what is no language of ours is refused."""
    english = house.visitor(portal, lang="en")
    assert english.start()["params"]["lang"] == "en"
    assert english.start(lang="en")["params"]["lang"] == "en"
    assert "lang" not in english.start(lang="ru")["params"]
    assert "lang" not in visitor.start()["params"]
    assert visitor.start(lang="en")["params"]["lang"] == "en"
    refused = visitor.call("POST", "/reports", json={**QUARTER, "lang": "de"})
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["lang"])


def test_a_file_is_named_in_its_reports_language(house: House, portal: Portal) -> None:
    """Whoever reads the page: the name goes with what stands in the file."""
    for lang, name in (("ru", "Реестр счетов"), ("en", "Invoice register")):
        report_id = house.visitor(portal, lang=lang).start()["id"]
        house.finish(report_id)
        reader = house.visitor(portal, lang="ru" if lang == "en" else "en")
        answer = house.get(reader.get(f"/reports/{report_id}")["download_url"])
        assert quote(name) in answer.headers["Content-Disposition"]
