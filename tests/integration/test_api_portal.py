"""Who, what is offered, settings, saved sets, journal, self-check, companies' cards."""

from __future__ import annotations

import csv
import json
import re
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from bitrix_app.storage import Portals
from bitrix_app.web.schemas import DAYS_OF_JOURNAL, DAYS_OF_REPORTS, SettingsSchema
from demo_portal import PAID, SHIPPED, Fault, Portal, a_company
from demo_portal.crm.fields import custom_field
from tests.integration.house import APP_URL, House, Visitor


def test_me_says_who_and_where(portal: Portal, visitor: Visitor, administrator: Visitor) -> None:
    me = visitor.get("/me")
    assert me["user"]["id"] == portal.accountant.id
    assert portal.accountant.last_name in me["user"]["name"]
    assert me["user"]["is_admin"] is False
    assert me["portal"] == {"member_id": portal.member_id, "domain": portal.domain}
    assert (me["lang"], me["may_build"]) == ("ru", True)
    date.fromisoformat(me["today"])
    assert administrator.get("/me")["user"]["is_admin"] is True


def test_options_are_what_the_portal_has(portal: Portal, visitor: Visitor) -> None:
    portal.crm.add_company("ООО «Наша»", isMyCompany="Y")
    options = visitor.get("/options")
    fields = {field["name"]: field for field in options["date_fields"]}
    assert fields["begindate"]["type"] == "date"
    assert {SHIPPED, PAID, "createdTime"} <= fields.keys()
    assert "opportunity" not in fields
    stages = {stage["id"]: stage for stage in options["stages"]}
    assert {stage["semantics"] for stage in stages.values()} == {"P", "S", "F"}
    assert {stage["category_id"] for stage in stages.values()} == {each["id"] for each in options["categories"]}
    assert [company["title"] for company in options["my_companies"]] == ["ООО «Наша»"]
    assert options["currencies"][0] == "RUB"
    assert len(options["assignees"]) == len(portal.users)


def test_options_offer_the_columns_of_a_register_and_say_which_cannot_be_chosen(
    portal: Portal, visitor: Visitor
) -> None:
    """Codes: contract §4. A portal's own fields follow under their names."""
    portal.crm.add_custom_field(custom_field("UF_CRM_SMART_INVOICE_1", "enumeration", "Проект", items={"45": "Альфа"}))
    portal.crm.add_custom_field(custom_field("UF_CRM_SMART_INVOICE_2", "file", "Скан"))
    columns = {each["code"]: each for each in visitor.get("/options")["columns"]}
    usual = "number inn counterparty amount vat date shipped_date paid_date currency stage kpp due_date responsible"
    more = "paid_amount outstanding payment_status my_company my_company_inn deal title id created comment"
    codes = f"{usual} vat_rates {more}".split()
    assert list(columns)[: len(codes)] == codes
    assert " ".join(code for code, each in columns.items() if each["default"]) == f"{usual} vat_rates"
    assert columns["amount"] == {
        "code": "amount",
        "title": "Сумма",
        "type": "money",
        "group": "invoice",
        "default": True,
        "reason": None,
    }
    assert (columns["inn"]["group"], columns["paid_amount"]["group"], columns["deal"]["group"]) == (
        "counterparty",
        "payment",
        "deal",
    )
    own = columns["ufCrm_SMART_INVOICE_1"]
    assert (own["title"], own["type"], own["group"], own["default"], own["reason"]) == (
        "Проект",
        "list",
        "custom",
        False,
        None,
    )
    assert columns["ufCrm_SMART_INVOICE_2"]["reason"]


@pytest.mark.parametrize(("columns", "named"), [(["nothing"], "nothing"), (["number", "number"], "number"), ([], "")])
def test_columns_of_the_settings_must_be_the_portals(administrator: Visitor, columns: list[str], named: str) -> None:
    answer = administrator.call("PUT", "/settings", json={**administrator.get("/settings"), "columns": columns})
    assert answer.status_code == 422
    assert answer.json is not None
    assert named in answer.json["errors"]["columns"][0]


def test_a_column_whose_field_was_deleted_since_may_stay_in_the_settings(
    portal: Portal, administrator: Visitor, house: House
) -> None:
    record = house.services.web.portals.by_member_id(portal.member_id)
    assert record is not None
    house.services.web.portals.save_settings(record.id, {"columns": ["number", "ufCrmGone"]})
    kept = {**administrator.get("/settings"), "columns": ["ufCrmGone", "amount"]}
    assert administrator.call("PUT", "/settings", json=kept).status_code == 200
    assert administrator.call("PUT", "/settings", json={**kept, "columns": None}).json["columns"] is None  # type: ignore[index]


def test_chosen_fields_that_the_portal_no_longer_has_are_named(
    house: House, portal: Portal, visitor: Visitor, administrator: Visitor
) -> None:
    record = house.services.web.portals.by_member_id(portal.member_id)
    assert record is not None
    house.services.web.portals.save_settings(record.id, {"shipped_field": SHIPPED, "paid_field": PAID})
    portal.crm.remove_custom_field(PAID)
    assert visitor.get("/options")["gone_fields"] == {"paid_field": PAID}
    check = next(each for each in administrator.get("/self-check")["checks"] if each["code"] == "fields")
    assert (check["ok"], PAID in check["title"]) == (False, True)


def test_options_cost_few_calls_and_are_kept_for_a_while(portal: Portal, visitor: Visitor) -> None:
    portal.calls.clear()
    visitor.get("/options")
    assert len(portal.calls) <= 7
    portal.calls.clear()
    visitor.get("/options")
    assert len(portal.calls) == 0


def test_a_user_without_access_to_companies_still_gets_a_form(portal: Portal, visitor: Visitor) -> None:
    portal.accountant.sees_companies = False
    assert visitor.get("/options")["my_companies"] == []


def test_without_a_scope_of_users_there_are_no_assignees(house: House, portal: Portal) -> None:
    portal.set_scopes("crm", "placement")
    assert house.visitor(portal).get("/options")["assignees"] == []


def test_an_administrator_changes_the_settings_and_everybody_reads_them(
    visitor: Visitor, administrator: Visitor
) -> None:
    chosen = {
        "date_field": SHIPPED,
        "shipped_field": None,
        "paid_field": PAID,
        "excluded_stages": ["DT31_2:N"],
        "time_zone": "Asia/Omsk",
        "default_period": "last_quarter",
        "columns": ["number", "amount", "deal"],
        "builders": {"mode": "chosen", "users": [5], "departments": [1], "names": {"U5": "Мария"}},
        "report_days": 30,
        "journal_days": 100,
        "fetch_mode": "batch",
        "payment_source": "payments",
        "paid_amount_field": None,
        "receivables_borders": [7, 30],
        "tabs_off": ["CRM_CONTACT_DETAIL_TAB"],
    }
    answer = administrator.call("PUT", "/settings", json=chosen)
    assert (answer.status_code, answer.json) == (200, chosen)
    assert visitor.get("/settings") == chosen


def test_the_five_fields_of_the_contract_are_enough(administrator: Visitor) -> None:
    """What a caller does not know of stays as it is."""
    before = administrator.get("/settings")
    five = ("date_field", "shipped_field", "paid_field", "excluded_stages", "time_zone")
    answer = administrator.call("PUT", "/settings", json={name: before[name] for name in five})
    assert (answer.status_code, answer.json) == (200, before)


def test_the_second_of_two_administrators_is_told_that_the_settings_have_changed(administrator: Visitor) -> None:
    """What the first has saved stays; with the tag of the settings as they are now the second may save."""
    read = administrator.call("GET", "/settings")
    mine, theirs = read.json | {"report_days": 30}, read.json | {"journal_days": 40}
    seen = {"If-Match": read.headers["ETag"]}
    saved = administrator.call("PUT", "/settings", json=theirs, headers=seen)
    assert saved.status_code == 200
    refused = administrator.call("PUT", "/settings", json=mine, headers=seen)
    assert (refused.status_code, refused.mimetype) == (412, "application/problem+json")
    assert refused.json["code"] == "settings_changed"
    assert administrator.get("/settings") == theirs
    again = {"If-Match": administrator.call("GET", "/settings").headers["ETag"]}
    assert again == {"If-Match": saved.headers["ETag"]} != seen
    assert administrator.call("PUT", "/settings", json=mine, headers=again).json == mine


@pytest.mark.parametrize(
    ("tag", "status"), [(None, 200), ("*", 200), ('"other", {tag}', 200), ('"other"', 412), ("W/{tag}", 412)]
)
def test_settings_are_taken_where_their_tag_is_among_those_that_were_seen(
    administrator: Visitor, tag: str | None, status: int
) -> None:
    """Without If-Match they are taken whoever has changed them (contract §9); a weak tag matches nothing (RFC 9110)."""
    read = administrator.call("GET", "/settings")
    headers = {"If-Match": tag.format(tag=read.headers["ETag"])} if tag else {}
    answer = administrator.call("PUT", "/settings", json=read.json | {"report_days": 30}, headers=headers)
    assert answer.status_code == status


def test_a_save_whose_answer_was_lost_may_be_repeated(administrator: Visitor) -> None:
    """The page sends it once more with the same tag: it was no other administrator who has changed the settings."""
    read = administrator.call("GET", "/settings")
    chosen, seen = read.json | {"report_days": 30}, {"If-Match": read.headers["ETag"]}
    answers = [administrator.call("PUT", "/settings", json=chosen, headers=seen) for _ in range(2)]
    assert [(each.status_code, each.json) for each in answers] == [(200, chosen)] * 2
    assert answers[0].headers["ETag"] == answers[1].headers["ETag"]
    entries = [each for each in administrator.get("/journal")["items"] if each["action"] == "settings_changed"]
    assert len(entries) == 1


def test_settings_changed_between_the_look_and_the_save_are_not_overwritten(
    house: House, administrator: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other administrator saves while this one's request is being checked."""
    read = administrator.call("GET", "/settings")
    portals = house.services.web.portals
    really_save = type(portals).save_settings

    def overtaken(self: Portals, portal_id: int, settings: dict[str, Any], **kwargs: Any) -> None:
        really_save(self, portal_id, settings | {"journal_days": 40})
        really_save(self, portal_id, settings, **kwargs)

    monkeypatch.setattr(type(portals), "save_settings", overtaken)
    headers = {"If-Match": read.headers["ETag"]}
    answer = administrator.call("PUT", "/settings", json=read.json | {"report_days": 30}, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (412, "settings_changed")
    assert administrator.get("/settings")["journal_days"] == 40


def test_null_chooses_the_default(house: House, portal: Portal, administrator: Visitor) -> None:
    """The invoice's date, and no stages but the failed ones."""
    before = administrator.get("/settings") | {"date_field": SHIPPED, "excluded_stages": ["DT31_2:N"]}
    assert administrator.call("PUT", "/settings", json=before).status_code == 200
    defaults = {"date_field": None, "excluded_stages": None}
    answer = administrator.call("PUT", "/settings", json=before | defaults)
    assert (answer.status_code, answer.json) == (200, before | {"date_field": "begindate", "excluded_stages": []})
    assert administrator.get("/settings") == answer.json
    record = house.services.web.portals.by_member_id(portal.member_id)
    assert record is not None
    assert defaults.items() <= record.settings.items()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"date_field": "opportunity"}, "date_field"),
        ({"shipped_field": "noSuchField"}, "shipped_field"),
        ({"paid_field": 5}, "paid_field"),
        ({"excluded_stages": ["DT31_2:NOSUCH"]}, "excluded_stages"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone"),
        ({"default_period": "ever"}, "default_period"),
        ({"builders": {"mode": "nobody"}}, "builders.mode"),
        ({"builders": {"mode": "chosen", "users": ["5"]}}, "builders.users.0"),
        ({"builders": {"mode": "chosen", "extra": 1}}, "builders.extra"),
        ({"builders": {"mode": "chosen", "names": {"SG4": "Группа"}}}, "builders.names.SG4.key"),
        ({"builders": {"mode": "chosen", "names": {"U5": 5}}}, "builders.names.U5.value"),
        ({"report_days": 0}, "report_days"),
        ({"report_days": True}, "report_days"),
        ({"journal_days": 10**9}, "journal_days"),
        ({"fetch_mode": "fast"}, "fetch_mode"),
        ({"fetch_mode": None}, "fetch_mode"),
        ({"receivables_borders": [30, 30]}, "receivables_borders"),
        ({"tabs_off": ["CRM_ANALYTICS_MENU"]}, "tabs_off.0"),
        ({"receivables_borders": None}, "receivables_borders"),
        ({"receivables_borders": {"1": 30}}, "receivables_borders"),
        ({"epoch": 1}, "epoch"),
    ],
)
def test_wrong_settings_are_422_and_change_nothing(administrator: Visitor, changes: dict[str, Any], field: str) -> None:
    before = administrator.get("/settings")
    answer = administrator.call("PUT", "/settings", json={**before, **changes})
    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])
    assert administrator.get("/settings") == before


def test_all_that_is_wrong_with_settings_is_said_at_once(administrator: Visitor) -> None:
    """Each at its field: what was typed in one answer, what the portal does not have in another."""
    before = administrator.get("/settings")
    typed = {"time_zone": "Mars/Olympus", "report_days": 3651, "journal_days": None, "receivables_borders": [60, 30]}
    said = administrator.call("PUT", "/settings", json={**before, **typed}).json["errors"]
    assert said.keys() == typed.keys()
    assert (said["report_days"], said["journal_days"]) == (["От 1 до 3650 дней."], ["От 1 до 1095 дней."])
    gone = {"paid_field": "ufCrmGone", "excluded_stages": ["DT31_2:NOSUCH"], "columns": ["ufCrmGone"]}
    answer = administrator.call("PUT", "/settings", json={**before, **gone})
    assert answer.json["errors"].keys() == gone.keys()
    assert administrator.get("/settings") == before


def test_the_terms_that_are_told_are_those_that_hold() -> None:
    told = {"report_days": DAYS_OF_REPORTS, "journal_days": DAYS_OF_JOURNAL}
    most = {field: int(re.findall(r"[0-9]+", text)[-1]) for field, text in told.items()}
    assert SettingsSchema(partial=True).validate(most) == {}
    too_many = SettingsSchema(partial=True).validate({field: days + 1 for field, days in most.items()})
    assert too_many == {field: [text] for field, text in told.items()}


def test_a_guess_stands_until_it_is_confirmed_or_settings_are_saved(
    house: House, portal: Portal, administrator: Visitor
) -> None:
    """To say which zone is right says nothing of what counts as paid."""

    def asked() -> tuple[bool, bool]:
        page = house.post("/app", portal, portal.admin).text
        config = json.loads(re.findall(r'id="config"[^>]*>(.*?)</script>', page)[0])
        return config["zone_guess"] is not None, config["paid_guess"]

    assert asked() == (True, True)
    settings = administrator.get("/settings")
    assert administrator.call("PUT", "/settings?confirms=time_zone", json=settings).status_code == 200
    assert asked() == (False, True)
    assert administrator.call("PUT", "/settings?confirms=paid_field", json=settings).status_code == 200
    assert asked() == (False, False)
    assert administrator.call("PUT", "/settings?confirms=columns", json=settings).json["errors"].keys() == {"confirms"}


def test_saved_sets_are_made_changed_and_deleted(visitor: Visitor) -> None:
    params = {"period": "last_month", "detailed": True, "paid": False}
    made = visitor.call("POST", "/saved-sets", json={"name": " Неоплаченные ", "params": params})
    assert made.status_code == 201
    assert (made.json["name"], made.json["shared"], made.json["mine"]) == ("Неоплаченные", False, True)
    assert params.items() <= made.json["params"].items()
    own = {"period": "own", "date_from": "2026-01-01", "date_to": "2026-01-31"}
    changed = visitor.call("PUT", f"/saved-sets/{made.json['id']}", json={"name": "Январь", "params": own})
    assert changed.status_code == 200
    assert visitor.get("/saved-sets")["items"] == [changed.json]
    assert own.items() <= changed.json["params"].items()
    assert visitor.call("DELETE", f"/saved-sets/{made.json['id']}").status_code == 204
    assert visitor.get("/saved-sets")["items"] == []


def test_a_shared_set_is_any_administrators_to_change_and_nobody_elses(house: House, portal: Portal) -> None:
    portal.accountant.admin = True
    first, second, employee = (
        house.visitor(portal, user) for user in (portal.admin, portal.accountant, portal.manager)
    )
    body = {"name": "Для всех", "params": {"period": "last_year"}, "shared": True}
    set_id = first.call("POST", "/saved-sets", json=body).json["id"]
    for method, told in (("PUT", {**body, "shared": False}), ("DELETE", None)):
        answer = employee.call(method, f"/saved-sets/{set_id}", json=told)
        assert (answer.status_code, answer.json["code"]) == (403, "admin_required")
    changed = second.call("PUT", f"/saved-sets/{set_id}", json={**body, "name": "Для каждого"})
    assert (changed.status_code, changed.json["name"], changed.json["mine"]) == (200, "Для каждого", False)
    assert first.get("/saved-sets")["items"] == [{**changed.json, "mine": True}]
    assert second.call("DELETE", f"/saved-sets/{set_id}").status_code == 204
    assert first.get("/saved-sets")["items"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"params": {}}, "name"),
        ({"name": "", "params": {}}, "name"),
        ({"name": "x" * 81, "params": {}}, "name"),
        ({"name": "x"}, "params"),
        ({"name": "x", "params": []}, "params"),
        ({"name": "x", "params": {"company": 1}}, "params.company"),
        ({"name": "x", "params": {}, "shared": "yes"}, "shared"),
        ({"name": "x", "params": {}, "mine": True}, "mine"),
    ],
)
def test_a_wrong_set_is_422(visitor: Visitor, body: dict[str, Any], field: str) -> None:
    answer = visitor.call("POST", "/saved-sets", json=body)
    assert (answer.status_code, [key.replace("body", "_schema") for key in answer.json["errors"]]) == (422, [field])


def test_sets_have_a_limit(visitor: Visitor) -> None:
    for number in range(100):
        assert visitor.call("POST", "/saved-sets", json={"name": str(number), "params": {}}).status_code == 201
    answer = visitor.call("POST", "/saved-sets", json={"name": "one more", "params": {}})
    assert (answer.status_code, answer.json["code"]) == (409, "too_many_sets")


def test_the_journal_tells_who_did_what(house: House, visitor: Visitor, administrator: Visitor) -> None:
    report = visitor.start()
    house.finish(report["id"])
    house.get(visitor.get(f"/reports/{report['id']}")["download_url"])
    visitor.call("DELETE", f"/reports/{report['id']}")
    administrator.call("PUT", "/settings", json=administrator.get("/settings") | {"report_days": 10})
    journal = administrator.get("/journal")
    assert [item["action"] for item in journal["items"]] == [
        "settings_changed",
        "report_deleted",
        "report_downloaded",
        "report_created",
        "installed",
    ]
    created = journal["items"][3]
    assert created["report_id"] == report["id"]
    assert created["details"] == {"date_from": "2026-01-01", "date_to": "2026-03-31"}
    assert created["user"] == {"id": 5, "name": visitor.get("/me")["user"]["name"]}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", created["at"])
    assert journal["items"][0]["words"] == ["Срок хранения отчётов: 90 дней → 10 дней"]
    assert journal["next"] is None


def test_the_journal_tells_changes_and_filters_in_words(
    house: House, portal: Portal, visitor: Visitor, administrator: Visitor
) -> None:
    company = portal.crm.add_company("ООО «Заря»")
    visitor.start(company_id=company, paid=False, assigned_by_id=visitor.get("/me")["user"]["id"])
    before = administrator.get("/settings")
    chosen = {"mode": "chosen", "users": [5], "departments": [], "names": {"U5": "Иванова"}}
    changed = {"builders": chosen, "paid_field": None, "fetch_mode": "batch", "excluded_stages": ["DT31_2:N"]}
    administrator.call("PUT", "/settings", json=before | changed)
    settings, report = (each["words"] for each in administrator.get("/journal")["items"][:2])
    assert settings == [
        "Дата оплаты: Дата оплаты → Не выбрано",
        "Стадии, которые не учитывать: нет → 1 стадия",
        "Кто может формировать отчёты: Все → 1 сотрудник",
        "Ускоренная выгрузка: выкл. → вкл.",
    ]
    name = visitor.get("/me")["user"]["name"]
    assert report == ["Компания: ООО «Заря»", f"Ответственный: {name}", "Только неоплаченные"]
    assert "Иванова" not in str(administrator.get("/journal")["items"][0]["details"])


def test_the_journal_is_narrowed_by_person_kind_and_days(
    house: House, portal: Portal, visitor: Visitor, administrator: Visitor
) -> None:
    """Days are the portal's, both included; pages keep the filter; all that is wrong is said at once."""
    visitor.start()
    administrator.call("PUT", "/settings", json=administrator.get("/settings") | {"report_days": 10})

    def found(**query: str) -> list[str]:
        return [item["action"] for item in administrator.get(f"/journal?{urlencode(query)}")["items"]]

    assert {each["id"] for each in administrator.get("/journal")["people"]} == {1, 5}
    today = administrator.get("/me")["today"]
    assert found(user="5") == ["report_created"]
    assert found(kind="settings") == ["settings_changed"]
    assert found(kind="application") == ["installed"]
    record = house.services.web.portals.by_member_id(portal.member_id)
    assert record is not None
    for action in ("user_forgotten", "uninstall_forged"):
        house.services.web.audit_log.add(record.id, 0, "", action)
    assert found(kind="application") == ["uninstall_forged", "user_forgotten", "installed"]
    assert found(**{"from": today, "to": today, "user": "1"}) == ["settings_changed", "installed"]
    assert found(to="2020-01-01") == []
    wrong = administrator.call("GET", "/journal?kind=all&from=yesterday&to=2026-02-30")
    assert (wrong.status_code, wrong.json["errors"].keys()) == (422, {"kind", "from", "to"})


def test_the_journal_is_saved_as_csv_by_administrators_alone(
    house: House, portal: Portal, visitor: Visitor, administrator: Visitor
) -> None:
    """Nothing in it runs as a formula where a spreadsheet opens it."""
    company = portal.crm.add_company('=HYPERLINK("https://evil.test")')
    visitor.start(company_id=company)
    answer = administrator.call("GET", "/journal.csv?kind=reports")
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    assert answer.data.startswith("\ufeffКогда;Часовой пояс;Кто;Что;Даты;Подробности\r\n".encode())
    rows = list(csv.reader(answer.data.decode("utf-8-sig").splitlines(), delimiter=";"))
    assert rows[1][1:5] == [
        "Europe/Moscow",
        visitor.get("/me")["user"]["name"],
        "Запуск отчёта",
        "2026-01-01 - 2026-03-31",
    ]
    assert rows[1][5] == 'Компания: =HYPERLINK("https://evil.test")'
    record = house.services.web.portals.by_member_id(portal.member_id)
    assert record is not None
    house.services.web.audit_log.add(record.id, 5, "@SUM(A1)", "report_failed", details={"name": "=1+1"})
    last = administrator.call("GET", "/journal.csv").data.decode("utf-8-sig").splitlines()[1]
    assert last.split(";")[2:] == ["'@SUM(A1)", "Отчёт не сформирован", "", "'=1+1"]
    assert visitor.call("GET", "/journal.csv").status_code == 403


def test_time_zones_are_offered_by_city_in_both_languages(visitor: Visitor) -> None:
    zones = {each["name"]: each for each in visitor.get("/time-zones")["items"]}
    assert zones["Asia/Omsk"] == {"name": "Asia/Omsk", "city": "Омск", "other": "Omsk", "offset": 360}
    assert zones["Asia/Kolkata"]["offset"] == 330
    assert zones["UTC"]["offset"] == 0
    assert "Etc/GMT-3" not in zones


def test_the_journal_has_pages(house: House, visitor: Visitor, administrator: Visitor) -> None:
    for _ in range(51):
        house.finish(visitor.start()["id"])  # only so many may be open at once
    first = administrator.get("/journal")
    assert len(first["items"]) == 50
    rest = administrator.get(first["next"].removeprefix(f"{APP_URL}/api/v1"))
    assert [item["action"] for item in rest["items"]] == ["report_created", "installed"]


def test_the_self_check_of_a_well_installed_portal_is_all_good(portal: Portal, administrator: Visitor) -> None:
    mine, theirs = portal.crm.add_company(a_company("ООО «Наша»", my=True)), portal.crm.add_company("ООО «Клиент»")
    portal.crm.add_requisite(company_id=mine, inn="7707083893")
    portal.crm.add_invoice(company_id=theirs)
    checks = administrator.get("/self-check")["checks"]
    assert [check["code"] for check in checks] == [
        "scopes",
        "invoices",
        "own_company",
        "clients",
        "embedding",
        "fields",
        "time_zone",
        "payment",
        "limits",
        "robot",
    ]
    assert all(check["ok"] and check["title"] and not check["advice"] for check in checks), checks


def test_the_self_check_names_what_is_wrong_and_what_to_do(
    house: House, portal: Portal, administrator: Visitor
) -> None:
    portal.installation().placements.pop()
    portal.set_scopes("crm")
    administrator = house.visitor(portal, portal.admin)
    portal.faults.always(Fault.error("ACCESS_DENIED"), method="crm.item.list")
    checks = {check["code"]: check for check in administrator.get("/self-check")["checks"]}
    bad = {code for code, check in checks.items() if not check["ok"]}
    assert {"scopes", "invoices"} <= bad
    assert "placement" in checks["scopes"]["title"]
    assert all(checks[code]["advice"] for code in bad)


def test_an_invoices_card_tells_its_company(portal: Portal, visitor: Visitor) -> None:
    company = portal.crm.add_company("ООО «Ромашка»")
    invoice = portal.crm.add_invoice(number="17/А", date="2026-03-31", company_id=company)
    assert visitor.get(f"/invoices/{invoice}") == {
        "id": invoice,
        "number": "17/А",
        "date": "2026-03-31",
        "company_id": company,
    }


def test_an_invoice_that_the_user_may_not_see_is_404(house: House, portal: Portal) -> None:
    invoice = portal.crm.add_invoice(number="18", date="2026-03-31")
    portal.crm.invoices.change(invoice, assignedById=portal.accountant.id)
    assert house.visitor(portal).call("GET", f"/invoices/{invoice}").status_code == 200
    assert house.visitor(portal, portal.manager).call("GET", f"/invoices/{invoice}").status_code == 404


def test_a_companys_card_goes_by_the_portals_date_field(
    portal: Portal, visitor: Visitor, administrator: Visitor
) -> None:
    """As its registers do: by the month of payment here, so that what is not paid has no month."""
    settings = administrator.get("/settings") | {"date_field": PAID}
    assert administrator.call("PUT", "/settings", json=settings).status_code == 200
    overview = visitor.get(f"/companies/{an_overview(portal)}/overview")
    assert [each["invoiced"] for each in overview["months"] if each["invoiced"] != "0.00"] == ["100.10"]


def a_day_in(portal: Portal) -> str:
    """The first day of the portal's month: of its clock, not of this machine's."""
    return f"{datetime.fromtimestamp(portal.world.clock(), portal.crm.zone):%Y-%m}-01"


def an_overview(portal: Portal) -> int:
    company = portal.crm.add_company("ООО «Ромашка»")
    for amount, paid in (("100.10", a_day_in(portal)), ("50", None)):
        invoice = portal.crm.add_invoice(number=amount, date=a_day_in(portal), company_id=company)
        portal.crm.invoices.change(invoice, opportunity=amount, currencyId="RUB", **{PAID: paid})
    return company


def test_a_companys_card_shows_invoiced_and_paid_by_month(portal: Portal, visitor: Visitor) -> None:
    company = an_overview(portal)
    failed = portal.crm.add_invoice(number="failed", date=a_day_in(portal), company_id=company)
    portal.crm.invoices.change(failed, opportunity="7", currencyId="RUB", stageId="DT31_2:D")
    overview = visitor.get(f"/companies/{company}/overview")
    month = a_day_in(portal)[:7]
    assert overview["currency"] == "RUB"
    assert len(overview["months"]) == 12
    assert [each for each in overview["months"] if each["invoiced"] != "0.00"] == [
        {"month": month, "invoiced": "150.10", "paid": "100.10"}
    ]


def test_a_companys_card_says_what_is_owed_and_since_when(portal: Portal, visitor: Visitor) -> None:
    """Due today is not overdue; what is paid is neither."""
    company, month = an_overview(portal), a_day_in(portal)
    today = datetime.fromtimestamp(portal.world.clock(), portal.crm.zone).date()
    for amount, days, paid in (("7", 12, None), ("3", 40, None), ("5", 90, month), ("2", 0, None)):
        due = f"{today - timedelta(days=days)}"
        invoice = portal.crm.add_invoice(number=due, date=month, company_id=company, due=due, paid=paid)
        portal.crm.invoices.change(invoice, opportunity=amount, currencyId="RUB")
    overview = visitor.get(f"/companies/{company}/overview")
    assert (overview["unpaid"], overview["overdue"], overview["overdue_days"]) == ("62.00", "10.00", 40)


def two_companies(portal: Portal) -> tuple[int, int]:
    plant, shop = portal.crm.add_company("ООО «Электрощит»"), portal.crm.add_company("ООО «Щитовая 7»")
    portal.crm.add_requisite(company_id=plant, inn="7707083893")
    portal.crm.add_company("ООО «Наш щит»", isMyCompany="Y")
    return plant, shop


def test_a_customer_is_found_by_a_part_of_the_title_or_the_beginning_of_the_inn(
    portal: Portal, visitor: Visitor
) -> None:
    plant, shop = two_companies(portal)
    by_title = visitor.get("/companies?search=щит")["items"]
    assert by_title == [
        {"id": plant, "title": "ООО «Электрощит»", "inn": "7707083893"},
        {"id": shop, "title": "ООО «Щитовая 7»", "inn": None},
    ]
    assert visitor.get("/companies?search=77070")["items"] == by_title[:1]
    assert visitor.get("/companies?search=07083")["items"] == []
    assert visitor.get(f"/companies/{shop}") == by_title[1]


def test_entities_of_html_in_names_are_decoded(portal: Portal, visitor: Visitor) -> None:
    """Old records hold them: in a customer's name, an own company's, and the name that a report keeps."""
    customer = portal.crm.add_company("ООО &quot;Рога &amp;amp; Копыта&quot;")
    portal.crm.add_company("ООО &quot;Наша&quot;", isMyCompany="Y")
    assert [each["title"] for each in visitor.get("/companies?search=Рога")["items"]] == ['ООО "Рога & Копыта"']
    assert [each["title"] for each in visitor.get("/options")["my_companies"]] == ['ООО "Наша"']
    assert visitor.start(company_id=customer)["filters"] == ['Компания: ООО "Рога & Копыта"']


def test_a_search_needs_two_characters_and_shows_what_the_user_may_see(portal: Portal, visitor: Visitor) -> None:
    plant, _ = two_companies(portal)
    short = visitor.call("GET", "/companies?search=щ")
    assert (short.status_code, list(short.json["errors"])) == (422, ["search"])
    portal.accountant.sees_companies = False
    assert visitor.get("/companies?search=щит")["items"] == []
    assert visitor.call("GET", f"/companies/{plant}").status_code == 404


@pytest.mark.parametrize("refused", [False, True])
def test_the_self_check_says_whether_the_portal_takes_batches(
    portal: Portal, administrator: Visitor, refused: bool
) -> None:
    """Asked only where reports are fetched so."""
    assert "batch" not in [each["code"] for each in administrator.get("/self-check")["checks"]]
    assert "batch" not in portal.calls.by_method
    administrator.call("PUT", "/settings", json={**administrator.get("/settings"), "fetch_mode": "batch"})
    if refused:
        portal.faults.always(Fault.error("ACCESS_DENIED"), method="batch")
    check = next(each for each in administrator.get("/self-check")["checks"] if each["code"] == "batch")
    assert check["ok"] is not refused
    assert bool(check["advice"]) is refused


def test_columns_are_offered_in_the_readers_language(house: House, portal: Portal, visitor: Visitor) -> None:
    """Codes stay."""
    titles = {each["code"]: each["title"] for each in house.visitor(portal, lang="en").get("/options")["columns"]}
    assert (titles["amount"], titles["outstanding"], titles["inn"]) == ("Amount", "Outstanding balance", "INN")
    russian = {each["code"]: each["title"] for each in visitor.get("/options")["columns"]}
    assert russian.keys() == titles.keys()
    assert russian["amount"] == "Сумма"
