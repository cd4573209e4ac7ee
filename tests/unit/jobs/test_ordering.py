"""Ordering a report without Flask: what is asked is settled, the right checked, the row written, a worker woken."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pytest

from bitrix_app.errors import IdempotencyKeyReusedError, InvalidParametersError, ReportAccessError
from bitrix_app.jobs import Ordering, today_in
from bitrix_app.jobs.ordering import days_of
from bitrix_app.portals import DateField
from bitrix_app.storage import AuditLog, Cipher, Database, PortalRecord, Portals, PortalUsers, ReportRecord, Reports
from tests.seed import ADMINISTRATOR, ALICE, install_portal

MARCH = {"date_from": date(2026, 3, 1), "date_to": date(2026, 3, 31)}
NEW_YEARS_EVE = datetime(2025, 12, 31, 22, tzinfo=UTC)
"""In Moscow it is 1 January already."""


@dataclass
class Rights:
    """In place of Access: lets everybody but those in ``closed_to`` build reports."""

    closed_to: set[int] = field(default_factory=set)

    def require_report_access(self, portal: PortalRecord, user_id: int) -> None:
        if user_id in self.closed_to:
            raise ReportAccessError


@dataclass
class Fields:
    """In place of Catalogs: the portal has one date field of its own."""

    asked: int = 0

    def date_fields(self, portal: PortalRecord, user_id: int) -> tuple[DateField, ...]:
        self.asked += 1
        return (DateField("ufCrmShipped", "Дата отгрузки", "date"),)


class Desk:
    """An Ordering over one database, and what it did."""

    def __init__(self, db: Database, cipher: Cipher) -> None:
        self.db = db
        self.portals = Portals(db, cipher)
        self.portal = install_portal(db, cipher)
        self.rights, self.fields = Rights(), Fields()
        self.woken: list[int] = []
        self.ordering = Ordering(
            reports=Reports(db),
            users=PortalUsers(db),
            audit_log=AuditLog(db),
            access=self.rights,  # type: ignore[arg-type]
            catalogs=self.fields,  # type: ignore[arg-type]
            clients=None,  # type: ignore[arg-type] # only an estimate asks the portal
            wake=lambda: self.woken.append(1),
            clock=NEW_YEARS_EVE.timestamp,
        )
        PortalUsers(db).remember(self.portal.id, ALICE, "Алиса", is_admin=False)

    def order(self, asked: dict[str, Any], *, user_id: int = ALICE, key: str | None = None) -> ReportRecord:
        return self.ordering.order(self.portal, user_id, asked, idempotency_key=key)[0]

    def choose(self, **settings: Any) -> None:
        self.portals.save_settings(self.portal.id, settings)
        found = self.portals.by_id(self.portal.id)
        assert found is not None
        self.portal = found

    def rows(self, user_id: int = ALICE) -> list[ReportRecord]:
        return Reports(self.db).of(self.portal.id, user_id).page()[0]

    def noted(self) -> list[tuple[str, str, str | None, dict[str, Any]]]:
        entries, _ = AuditLog(self.db).page(self.portal.id)
        return [(each.action, each.user_name, each.report_id, each.details) for each in entries]


@pytest.fixture
def desk(db: Database, cipher: Cipher) -> Desk:
    return Desk(db, cipher)


def test_an_ordered_report_waits_in_its_row_is_noted_and_wakes_a_worker(desk: Desk) -> None:
    record = desk.order({**MARCH, "detailed": True, "currency": "RUB"})
    assert [each.id for each in desk.rows()] == [record.id]
    assert (record.status, record.user_name) == ("queued", "Алиса")
    days = {"date_from": "2026-03-01", "date_to": "2026-03-31"}
    assert record.params == {
        **days,
        "kind": "register",
        "date_field": "begindate",
        "detailed": True,
        "stages": None,
        "company_id": None,
        "invoice_id": None,
        "mycompany_id": None,
        "assigned_by_id": None,
        "currency": "RUB",
        "paid": None,
        "columns": None,
    }
    told = {**days, "filters": {"detailed": True, "currency": "RUB"}}
    assert desk.noted() == [("report_created", "Алиса", record.id, told)]
    assert desk.woken == [1]


def test_a_period_by_name_goes_by_the_portals_calendar(desk: Desk) -> None:
    """Midnight has passed in Moscow: last month is December, though it is not over in UTC."""
    asked = desk.order({"period": "last_month"}).params
    assert (asked["date_from"], asked["date_to"]) == ("2025-12-01", "2025-12-31")
    desk.choose(time_zone="America/New_York")
    asked = desk.order({"period": "last_month"}).params
    assert (asked["date_from"], asked["date_to"]) == ("2025-11-01", "2025-11-30")


def test_days_go_before_the_name_of_a_period(desk: Desk) -> None:
    assert desk.order({**MARCH, "period": "this_year"}).params["date_from"] == "2026-03-01"


def test_without_a_date_field_the_portals_own_counts_and_the_portal_is_not_asked(desk: Desk) -> None:
    desk.choose(date_field="ufCrmGone")
    assert desk.order(MARCH).params["date_field"] == "ufCrmGone"
    assert desk.order({**MARCH, "date_field": "begindate"}).params["date_field"] == "begindate"
    assert desk.fields.asked == 0


def test_another_date_field_must_be_one_of_the_portals(desk: Desk) -> None:
    assert desk.order({**MARCH, "date_field": "ufCrmShipped"}).params["date_field"] == "ufCrmShipped"
    with pytest.raises(InvalidParametersError) as refused:
        desk.order({**MARCH, "date_field": "ufCrmNone"})
    assert refused.value.fields == {"date_field": "unknown_date_field"}


@pytest.mark.parametrize(
    ("asked", "fields"),
    [
        ({**MARCH, "kind": "none_such"}, {"kind": "unknown_kind"}),
        ({**MARCH, "as_of": date(2026, 3, 1)}, {"as_of": "of_receivables_only"}),
        ({}, {"date_from": "missing_day"}),
        ({"period": "own"}, {"date_from": "missing_day"}),
        ({"date_from": date(2026, 3, 1), "period": "last_month"}, {"date_to": "missing_day"}),
        ({"date_from": date(2026, 3, 2), "date_to": date(2026, 3, 1)}, {"date_from": "after_last_day"}),
    ],
)
def test_what_does_not_fit_is_named_and_orders_nothing(
    desk: Desk, asked: dict[str, Any], fields: dict[str, str]
) -> None:
    with pytest.raises(InvalidParametersError) as refused:
        desk.order(asked)
    assert refused.value.fields == fields
    assert desk.rows() == desk.noted() == desk.woken == []


def test_a_period_of_one_day_is_one(desk: Desk) -> None:
    assert desk.order({"date_from": date(2026, 3, 1), "date_to": date(2026, 3, 1)}).params["date_to"] == "2026-03-01"


def test_who_may_not_build_reports_orders_none(desk: Desk) -> None:
    desk.rights.closed_to.add(ALICE)
    for use_case in (desk.order, lambda asked: desk.ordering.estimate(desk.portal, ALICE, asked)):
        with pytest.raises(ReportAccessError):
            use_case(MARCH)
    assert desk.rows() == desk.noted() == []


def test_the_same_key_orders_once(desk: Desk) -> None:
    first, second = desk.order(MARCH, key="k"), desk.order(MARCH, key="k")
    assert first.id == second.id
    assert len(desk.noted()) == len(desk.woken) == 1


def test_the_same_key_with_other_parameters_is_refused(desk: Desk) -> None:
    desk.order(MARCH, key="k")
    with pytest.raises(IdempotencyKeyReusedError):
        desk.order({**MARCH, "detailed": True}, key="k")


def test_an_order_of_the_version_without_kinds_is_known_by_its_key(desk: Desk) -> None:
    params = {name: value for name, value in desk.order(MARCH).params.items() if name != "kind"}
    earlier, _ = Reports(desk.db).of(desk.portal.id, ALICE).create(params, "Алиса", "k")
    assert desk.order(MARCH, key="k").id == earlier.id


def test_a_user_whose_name_is_not_known_orders_without_one(desk: Desk) -> None:
    assert desk.order(MARCH, user_id=ADMINISTRATOR).user_name == ""


@pytest.mark.parametrize(
    ("period", "today", "first", "last"),
    [
        ("this_month", date(2026, 2, 28), date(2026, 2, 1), date(2026, 2, 28)),
        ("this_month", date(2028, 2, 1), date(2028, 2, 1), date(2028, 2, 29)),
        ("last_month", date(2026, 1, 1), date(2025, 12, 1), date(2025, 12, 31)),
        ("this_quarter", date(2026, 6, 30), date(2026, 4, 1), date(2026, 6, 30)),
        ("last_quarter", date(2026, 2, 10), date(2025, 10, 1), date(2025, 12, 31)),
        ("this_year", date(2026, 12, 31), date(2026, 1, 1), date(2026, 12, 31)),
        ("last_year", date(2026, 1, 1), date(2025, 1, 1), date(2025, 12, 31)),
        ("all_time", date(2026, 3, 31), date(2000, 1, 1), date(2036, 12, 31)),
    ],
)
def test_a_period_has_its_first_and_last_day(period: str, today: date, first: date, last: date) -> None:
    assert days_of(period, today) == (first, last)


@pytest.mark.parametrize(
    ("zone", "today"), [("Asia/Vladivostok", 1), ("Europe/Moscow", 1), ("UTC", 31), ("../../etc", 31), ("", 31)]
)
def test_today_is_the_portals_calendar_date(zone: str, today: int) -> None:
    evening = datetime(2026, 3, 31, 22, 30, tzinfo=UTC).timestamp()
    assert today_in(zone, evening).day == today
