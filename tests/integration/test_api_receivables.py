"""Receivables over the API: what the body may hold, what is stored, what a finished report tells."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from demo_portal.portal import Portal
from tests.integration.house import House, Visitor

DAY = {"kind": "receivables", "as_of": "2026-03-31"}


def order(visitor: Visitor, **body: Any) -> Any:
    return visitor.call("POST", "/reports", json={**DAY, **body})


def test_an_order_is_settled_with_its_defaults(visitor: Visitor) -> None:
    answer = order(visitor)
    assert answer.status_code == 202
    assert answer.json["params"] == {
        **DAY,
        "due": {"from": "due_date", "days": 0},
        "borders": [30, 60, 90],
        "stages": None,
        "company_id": None,
        "mycompany_id": None,
        "assigned_by_id": None,
        "currency": None,
    }


def test_all_conditions_are_stored(visitor: Visitor) -> None:
    conditions = {
        "due": {"from": "shipped_date", "days": 14},
        "borders": [7],
        "stages": ["DT31_2:N"],
        "company_id": 12,
        "mycompany_id": 7,
        "assigned_by_id": 5,
        "currency": "RUB",
    }
    assert order(visitor, **conditions).json["params"] == {**DAY, **conditions}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"as_of": None}, "as_of"),
        ({"as_of": "31.03.2026"}, "as_of"),
        ({"date_from": "2026-01-01"}, "date_from"),
        ({"date_to": "2026-03-31"}, "date_to"),
        ({"paid": False}, "paid"),
        ({"invoice_id": 5}, "invoice_id"),
        ({"detailed": True}, "detailed"),
        ({"period": "last_month"}, "period"),
        ({"borders": []}, "borders"),
        ({"borders": [1, 2, 3, 4, 5, 6]}, "borders"),
        ({"borders": [30, 30]}, "borders"),
        ({"borders": [60, 30]}, "borders"),
        ({"borders": [0, 30]}, "borders"),
        ({"borders": ["30"]}, "borders"),
        ({"borders": [30.5]}, "borders"),
        ({"borders": [True]}, "borders"),
        ({"borders": 30}, "borders"),
        ({"due": {"from": "created"}}, "due.from"),
        ({"due": {"days": 366}}, "due.days"),
        ({"due": {"days": -1}}, "due.days"),
        ({"due": "date"}, "due"),
    ],
)
def test_what_does_not_fit_is_said_at_its_field(visitor: Visitor, body: dict[str, Any], field: str) -> None:
    answer = order(visitor, **body)
    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])
    assert len(answer.json["errors"][field][0]) > 10


def test_a_day_that_has_not_come_is_refused(visitor: Visitor) -> None:
    """Two days ahead it is in no time zone today; yesterday has come everywhere."""
    today = datetime.now(UTC).date()
    answer = order(visitor, as_of=(today + timedelta(days=2)).isoformat())
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["as_of"])
    assert order(visitor, as_of=(today - timedelta(days=1)).isoformat()).status_code == 202


@pytest.mark.parametrize("only", [{"as_of": "2026-03-31"}, {"due": {"days": 5}}, {"borders": [30]}])
def test_a_register_takes_nothing_of_receivables(visitor: Visitor, only: dict[str, Any]) -> None:
    answer = visitor.call("POST", "/reports", json={"date_from": "2026-03-01", "date_to": "2026-03-31", **only})
    assert (answer.status_code, list(answer.json["errors"])) == (422, list(only))


def test_the_same_key_gives_the_same_report(visitor: Visitor) -> None:
    headers = {"Idempotency-Key": "twice"}
    first, again = (visitor.call("POST", "/reports", json=DAY, headers=headers).json for _ in range(2))
    assert first["id"] == again["id"]


def test_the_forms_last_choice_stays_that_of_registers(visitor: Visitor) -> None:
    visitor.start(currency="RUB")
    before = visitor.get("/me")
    order(visitor, currency="USD")
    assert visitor.get("/me") == before


def test_a_finished_one_is_downloaded_deleted_and_journalled_by_its_day(house: House, visitor: Visitor) -> None:
    report = order(visitor).json
    house.finish(report["id"], b"PK 123")
    done = visitor.get(f"/reports/{report['id']}")
    assert "2026-03-31.xlsx" in house.get(done["download_url"]).headers["Content-Disposition"]
    assert visitor.call("DELETE", f"/reports/{report['id']}").status_code == 204


def test_the_borders_of_the_settings_count_where_an_order_names_none(house: House, portal: Portal) -> None:
    administrator = house.visitor(portal, portal.admin)
    settings = {**administrator.get("/settings"), "receivables_borders": [10, 45]}
    assert administrator.call("PUT", "/settings", json=settings).status_code == 200
    assert order(administrator).json["params"]["borders"] == [10, 45]
    assert order(administrator, borders=[7]).json["params"]["borders"] == [7]


def test_a_set_of_receivables_is_kept_without_a_day(visitor: Visitor) -> None:
    params = {"kind": "receivables", "due": {"from": "date", "days": 14}, "borders": [7, 30], "currency": "RUB"}
    made = visitor.call("POST", "/saved-sets", json={"name": "Должники", "params": params})
    assert made.status_code == 201
    assert {name: made.json["params"][name] for name in params} == params


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"kind": "receivables", "as_of": "2026-03-31"}, "params.as_of"),
        ({"kind": "receivables", "paid": False}, "params.paid"),
        ({"kind": "receivables", "borders": [30, 7]}, "params.borders"),
        ({"borders": [7, 30]}, "params.borders"),
        ({"kind": "balance"}, "params.kind"),
    ],
)
def test_a_set_takes_what_its_kind_knows(visitor: Visitor, params: dict[str, Any], field: str) -> None:
    answer = visitor.call("POST", "/saved-sets", json={"name": "Набор", "params": params})
    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])
