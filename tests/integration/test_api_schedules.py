"""Schedules over the API: made, listed, changed, taken over, started, removed; what does not fit is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from demo_portal import Portal
from tests.integration.house import APP_URL, House, Visitor

MONTHLY: dict[str, Any] = {
    "name": "Реестр за прошлый месяц",
    "params": {"kind": "register", "detailed": True},
    "period": "last_month",
    "when": {"every": "month", "day": 1, "time": "09:00"},
    "deliver": [],
    "active": True,
}
DEBTS = {"params": {"kind": "receivables"}, "period": "as_of_run"}


def make(visitor: Visitor, **changes: Any) -> dict[str, Any]:
    answer = visitor.call("POST", "/schedules", json={**MONTHLY, **changes})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json
    return made


def errors(visitor: Visitor, **changes: Any) -> dict[str, list[str]]:
    answer = visitor.call("POST", "/schedules", json={**MONTHLY, **changes})
    assert (answer.status_code, answer.json["code"]) == (422, "validation_failed"), answer.text
    found: dict[str, list[str]] = answer.json["errors"]
    return found


def test_a_schedule_is_made_with_its_address_and_its_planned_moment(portal: Portal, visitor: Visitor) -> None:
    answer = visitor.call("POST", "/schedules", json=MONTHLY)
    assert answer.status_code == 201
    made = answer.json
    assert answer.headers["Location"] == f"{APP_URL}/api/v1/schedules/{made['id']}"
    planned = datetime.fromisoformat(made["next_run_at"]).astimezone(ZoneInfo("Europe/Moscow"))
    assert (planned.day, planned.hour, planned.minute) == (1, 9, 0)
    assert planned > datetime.now(UTC)
    assert made == {
        **MONTHLY,
        "id": made["id"],
        "owner": {"id": portal.accountant.id, "name": "Кузнецова Мария"},
        "next_run_at": made["next_run_at"],
        "last_report_id": None,
        "last_run": None,
        "paused_reason": None,
    }
    assert visitor.get(f"/schedules/{made['id']}") == made
    assert visitor.get("/schedules") == {"items": [made], "next": None}


def test_an_inactive_schedule_has_no_next_run(visitor: Visitor) -> None:
    assert make(visitor, active=False)["next_run_at"] is None


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"period": "as_of_run"}, {"period"}),
        ({"period": "this_year"}, {"period"}),
        ({"period": None}, {"period"}),
        ({**DEBTS, "period": "last_month"}, {"period"}),
        ({"params": {"kind": "receivables", "paid": True}, "period": "as_of_run"}, {"params.paid"}),
        ({"params": {"kind": "nonsense"}}, {"params.kind"}),
        ({"params": {"date_from": "2026-01-01", "date_to": "2026-01-31"}}, {"params.date_from", "params.date_to"}),
        ({"params": {"as_of": "2026-01-01"}}, {"params.as_of"}),
        ({"params": {"period": "last_month"}}, {"params.period"}),
        ({"params": {"date_field": "title"}}, {"params.date_field"}),
        ({"params": {"columns": ["number", "nonsense"]}}, {"params.columns"}),
        ({"params": None}, {"params"}),
        ({"when": {"every": "hour", "time": "09:00"}}, {"when.every"}),
        ({"when": {"every": "day"}}, {"when.time"}),
        ({"when": {"every": "day", "time": "9:00"}}, {"when.time"}),
        ({"when": {"every": "day", "time": "24:00"}}, {"when.time"}),
        ({"when": {"every": "day", "day": 1, "time": "09:00"}}, {"when.day"}),
        ({"when": {"every": "week", "time": "09:00"}}, {"when.weekday"}),
        ({"when": {"every": "week", "weekday": 8, "time": "09:00"}}, {"when.weekday"}),
        ({"when": {"every": "month", "time": "09:00"}}, {"when.day"}),
        ({"when": {"every": "month", "day": 32, "time": "09:00"}}, {"when.day"}),
        ({"when": {"every": "quarter", "day": "first", "time": "09:00"}}, {"when.day"}),
        ({"deliver": [{"to": "mail"}]}, {"deliver.0.to"}),
        ({"deliver": [{"to": "chat"}]}, {"deliver.0.chat_id"}),
        ({"deliver": [{"to": "chat", "chat_id": "42"}]}, {"deliver.0.chat_id"}),
        ({"deliver": [{"to": "disk", "folder_id": "12"}]}, {"deliver.0.folder_id"}),
        ({"deliver": [{"to": "notification", "chat_id": "chat42"}]}, {"deliver.0.chat_id"}),
        ({"name": " "}, {"name"}),
        ({"next_run_at": None}, {"next_run_at"}),
    ],
)
def test_what_does_not_fit_is_refused_by_field(visitor: Visitor, changes: dict[str, Any], fields: set[str]) -> None:
    assert errors(visitor, **changes).keys() == fields


def test_targets_need_what_the_portal_grants(house: House, portal: Portal) -> None:
    targets = [{"to": "notification"}, {"to": "chat", "chat_id": "chat42"}, {"to": "disk", "folder_id": 12}]
    visitor = house.visitor(portal)
    refused = errors(visitor, deliver=targets)
    assert refused.keys() == {"deliver.0.to", "deliver.1.to", "deliver.2.to"}
    assert " im," in refused["deliver.0.to"][0]
    portal.set_scopes("crm", "placement", "im", "disk")
    assert make(house.visitor(portal), deliver=targets)["deliver"] == targets


def test_targets_that_are_no_longer_granted_do_not_keep_a_schedule_from_being_paused(
    house: House, portal: Portal
) -> None:
    portal.set_scopes("crm", "placement", "im")
    made = make(house.visitor(portal), deliver=[{"to": "notification"}])
    portal.set_scopes("crm", "placement")
    answer = house.visitor(portal).call("PUT", f"/schedules/{made['id']}", json={**made, "active": False})
    assert (answer.status_code, answer.json["active"], answer.json["next_run_at"]) == (200, False, None)


def test_receivables_are_as_of_the_run(visitor: Visitor) -> None:
    made, before = make(visitor, **DEBTS), datetime.now(ZoneInfo("Europe/Moscow")).date()
    report = visitor.call("POST", f"/schedules/{made['id']}/run").json
    after = datetime.now(ZoneInfo("Europe/Moscow")).date()  # another day, should midnight come in between
    assert before.isoformat() <= report["params"]["as_of"] <= after.isoformat()


def test_a_schedule_is_started_by_hand(house: House, portal: Portal, visitor: Visitor) -> None:
    made = make(visitor, active=False)
    answer = visitor.call("POST", f"/schedules/{made['id']}/run")
    assert answer.status_code == 202, answer.text
    report = answer.json
    assert answer.headers["Location"] == f"{APP_URL}/api/v1/reports/{report['id']}"
    assert (report["status"], report["params"]["detailed"]) == ("queued", True)
    assert visitor.get(f"/reports/{report['id']}") == report
    assert visitor.get(f"/schedules/{made['id']}")["last_report_id"] == report["id"]
    house.finish(report["id"])
    assert visitor.get(f"/schedules/{made['id']}")["last_run"]["status"] == "done"
    assert visitor.call("DELETE", f"/reports/{report['id']}").status_code == 204
    assert visitor.get(f"/schedules/{made['id']}")["last_report_id"] is None


def test_a_whole_schedule_is_replaced_as_it_was_read(visitor: Visitor) -> None:
    made = make(visitor)
    weekly = {"every": "week", "weekday": 5, "time": "18:30"}
    changed = visitor.call("PUT", f"/schedules/{made['id']}", json={**made, "name": "Неделя", "when": weekly}).json
    planned = datetime.fromisoformat(changed["next_run_at"]).astimezone(ZoneInfo("Europe/Moscow"))
    assert (planned.isoweekday(), f"{planned:%H:%M}") == (5, "18:30")
    assert changed == {**made, "name": "Неделя", "when": weekly, "next_run_at": changed["next_run_at"]}
    assert visitor.call("PUT", f"/schedules/{made['id']}", json={"name": "Неделя"}).status_code == 422


def test_others_schedules_are_seen_by_administrators_alone(
    house: House, portal: Portal, visitor: Visitor, administrator: Visitor
) -> None:
    made = make(administrator)
    for method, path in (
        ("GET", ""),
        ("PUT", ""),
        ("DELETE", ""),
        ("POST", "/run"),
    ):
        body = {"json": MONTHLY} if method == "PUT" else {}
        assert visitor.call(method, f"/schedules/{made['id']}{path}", **body).status_code == 404
    take_over = visitor.call("PUT", f"/schedules/{made['id']}", json={"owner": "me"})
    assert take_over.status_code == 404
    mine = make(visitor)
    assert [each["id"] for each in visitor.get("/schedules")["items"]] == [mine["id"]]
    assert [each["id"] for each in administrator.get("/schedules")["items"]] == [mine["id"], made["id"]]
    stranger = house.visitor(other := house.portal(), other.admin)
    assert stranger.call("GET", f"/schedules/{made['id']}").status_code == 404


def test_an_administrator_takes_over(portal: Portal, visitor: Visitor, administrator: Visitor) -> None:
    made = make(visitor)
    taken = administrator.call("PUT", f"/schedules/{made['id']}", json={"owner": "me"})
    assert taken.json == {**made, "owner": {"id": portal.admin.id, "name": "Смирнова Ольга"}}
    assert visitor.call("GET", f"/schedules/{made['id']}").status_code == 404
    for body in ({"owner": 5}, {"owner": "you"}):
        assert administrator.call("PUT", f"/schedules/{made['id']}", json=body).json["errors"].keys() == {"owner"}


def test_a_schedule_is_deleted(visitor: Visitor) -> None:
    made = make(visitor)
    assert visitor.call("DELETE", f"/schedules/{made['id']}").status_code == 204
    assert visitor.call("GET", f"/schedules/{made['id']}").status_code == 404
    assert visitor.get("/schedules") == {"items": [], "next": None}


def test_ten_active_ones_a_user(visitor: Visitor, administrator: Visitor) -> None:
    for _ in range(10):
        made = make(visitor)
    make(visitor, active=False)
    refused = visitor.call("POST", "/schedules", json=MONTHLY)
    assert (refused.status_code, refused.json["code"]) == (409, "too_many_schedules")
    assert visitor.call("PUT", f"/schedules/{made['id']}", json=made).status_code == 200
    make(administrator)


def test_the_list_goes_by_twenty(visitor: Visitor) -> None:
    made = [make(visitor, active=False)["id"] for _ in range(21)]
    first = visitor.get("/schedules")
    assert [each["id"] for each in first["items"]] == made[:0:-1]
    second = visitor.get(first["next"].removeprefix(f"{APP_URL}/api/v1"))
    assert ([each["id"] for each in second["items"]], second["next"]) == (made[:1], None)
    assert visitor.call("GET", "/schedules?before=x").json["errors"].keys() == {"before"}


def test_another_time_zone_plans_anew(visitor: Visitor, administrator: Visitor) -> None:
    made, paused = make(visitor), make(visitor, active=False)
    settings = administrator.get("/settings")
    assert administrator.call("PUT", "/settings", json={**settings, "time_zone": "Asia/Vladivostok"}).status_code == 200
    planned = datetime.fromisoformat(visitor.get(f"/schedules/{made['id']}")["next_run_at"])
    assert f"{planned.astimezone(ZoneInfo('Asia/Vladivostok')):%d %H:%M}" == "01 09:00"
    assert visitor.get(f"/schedules/{paused['id']}")["next_run_at"] is None


def test_who_may_not_build_makes_no_schedule(house: House, portal: Portal, administrator: Visitor) -> None:
    settings = administrator.get("/settings")
    builders = {"mode": "administrators", "users": [], "departments": [], "names": {}}
    administrator.call("PUT", "/settings", json={**settings, "builders": builders})
    refused = house.visitor(portal).call("POST", "/schedules", json=MONTHLY)
    assert (refused.status_code, refused.json["code"]) == (403, "not_allowed_to_build")


def test_the_journal_tells_what_was_done(portal: Portal, visitor: Visitor, administrator: Visitor) -> None:
    made = make(visitor)
    visitor.call("PUT", f"/schedules/{made['id']}", json=made)
    administrator.call("PUT", f"/schedules/{made['id']}", json={"owner": "me"})
    administrator.call("DELETE", f"/schedules/{made['id']}")
    lines = [(each["action"], each["user"]["id"]) for each in administrator.get("/journal")["items"]]
    accountant, admin = portal.accountant.id, portal.admin.id
    assert lines[:4] == [
        ("schedule_deleted", admin),
        ("schedule_taken_over", admin),
        ("schedule_changed", accountant),
        ("schedule_created", accountant),
    ]


def test_a_schedule_keeps_the_language_of_whoever_made_it(house: House, portal: Portal, visitor: Visitor) -> None:
    """Its reports and messages are read by those they were meant for, whoever changes or starts it."""
    english = house.visitor(portal, lang="en")
    made = make(english)
    assert made["params"] == {**MONTHLY["params"], "lang": "en"}
    address = f"/schedules/{made['id']}"
    changed = visitor.call("PUT", address, json={**MONTHLY, "name": "Другое имя"})
    assert changed.json["params"]["lang"] == "en"
    assert visitor.call("POST", f"{address}/run").json["params"]["lang"] == "en"
    assert "lang" not in make(visitor)["params"]
    russian = visitor.call("PUT", address, json={**MONTHLY, "params": {**MONTHLY["params"], "lang": "ru"}})
    assert "lang" not in russian.json["params"]
