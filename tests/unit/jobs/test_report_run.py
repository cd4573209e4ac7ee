"""What a report's run makes of the portal's record, and how its waits become visible."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bitrix_app.errors import AnswersTooHeavyError, AppUninstalledError
from bitrix_app.jobs.report_run import (
    AnswerBudget,
    ReportRun,
    WaitsInProgress,
    invoice_address,
    present_date,
    report_catalog,
)
from bitrix_app.portals import CallRecord
from bitrix_app.portals.catalog import DateField, InvoiceFields, PortalCatalog, PortalStage, Preset
from bitrix_app.reports import ProgressTracker, ReportParams, StopSignal
from bitrix_app.storage import Lease, PortalRecord, Portals

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
KNOWN = PortalCatalog(
    fields=InvoiceFields(
        (DateField("begindate", "Дата выставления", "date"), DateField("ufCrmPaid", "Дата оплаты", "datetime"))
    ),
    stages=(PortalStage("DT31_1:N", "Новый", "P", 1), PortalStage("DT31_1:D", "Отклонён", "F", 1)),
    presets=(Preset(3, "ИП", "#CRM_REQUISITE_PRESET_DEF_RU_INDIVIDUAL#"),),
)


@dataclass(frozen=True)
class AWait:
    reason: str
    seconds: float
    method: str
    commands: tuple[str, ...] = ()


class Told:
    def __init__(self) -> None:
        self.waiting: list[Any] = []

    def update(self, progress: Any) -> None:
        self.waiting.append(progress.waiting)


def a_portal(**changes: Any) -> PortalRecord:
    record = PortalRecord(
        id=1,
        member_id="m",
        client_endpoint="https://romashka.bitrix24.ru/rest/",
        domain="romashka.bitrix24.ru",
        status="installed",
        scopes=frozenset({"crm", "placement"}),
        license_family=None,
        installed_by=1,
        settings={},
        epoch=1,
    )
    return replace(record, **changes)


def an_answer(size: int) -> CallRecord:
    return CallRecord("crm.item.list", 200, "", 0.1, None, 100, size, "")


def test_answers_are_weighed_all_together_and_too_heavy_ones_end_the_report() -> None:
    stop = StopSignal()
    budget = AnswerBudget(stop, most=1000)
    budget.answered(an_answer(600))
    budget.answered(an_answer(400))
    stop.check()
    budget.answered(an_answer(1))
    with pytest.raises(AnswersTooHeavyError):
        stop.check()


def test_a_long_wait_is_shown_until_its_method_answers_again() -> None:
    """«Битрикс24 просит подождать до 12:10»: the reason and the moment stand in the progress, then they go."""
    told = Told()
    watcher = WaitsInProgress(ProgressTracker(told, detailed=True), lambda: NOON)
    watcher.waited(AWait("operating_time", 600, "crm.item.list"))
    assert (told.waiting[-1].reason, told.waiting[-1].until) == ("operating_time", NOON + timedelta(minutes=10))
    watcher.answered(AWait("", 0, "crm.requisite.list"))
    assert told.waiting[-1] is not None
    watcher.answered(AWait("", 0, "crm.item.list"))
    assert told.waiting[-1] is None


def test_a_short_wait_until_a_method_may_work_again_is_shown_too() -> None:
    """The portal has stopped the method: that is told however soon it ends."""
    told = Told()
    WaitsInProgress(ProgressTracker(told, detailed=True), lambda: NOON).waited(
        AWait("operating_time", 2, "crm.item.list")
    )
    assert [each and each.reason for each in told.waiting] == ["operating_time"]


def test_the_rhythm_of_the_bucket_is_no_wait_to_speak_of() -> None:
    """Half a second before each call is how every report runs."""
    told = Told()
    WaitsInProgress(ProgressTracker(told, detailed=True), lambda: NOON).waited(AWait("bucket", 0.5, "crm.item.list"))
    assert told.waiting == []


@pytest.mark.parametrize("record", [None, a_portal(status="uninstalled")], ids=["erased", "uninstalled"])
def test_a_report_of_a_portal_that_is_gone_ends_before_anything_is_asked(record: PortalRecord | None) -> None:
    """It may have been taken up in the moment when the application was removed."""
    portals = SimpleNamespace(by_id=lambda _: record)
    nothing: Any = None
    run = ReportRun(cast("Portals", portals), nothing, nothing, nothing, nothing, nothing)
    lease = SimpleNamespace(
        report=SimpleNamespace(portal_id=1, user_id=7, params={"date_from": "2026-01-01", "date_to": "2026-01-31"})
    )
    with pytest.raises(AppUninstalledError):
        run(cast("Lease", lease), StopSignal(), nothing, nothing)


def test_the_settings_of_the_portal_reach_the_report() -> None:
    """Mapped fields, excluded stages, titles and presets are those of this portal."""
    portal = a_portal(settings={"paid_field": "ufCrmPaid", "excluded_stages": ["DT31_1:N"], "time_zone": "Asia/Almaty"})
    found = report_catalog(portal, KNOWN)
    assert (found.fields.paid_field, found.fields.titles["ufCrmPaid"]) == ("ufCrmPaid", "Дата оплаты")
    assert (found.fields.datetime_fields, str(found.fields.zone)) == ({"ufCrmPaid"}, "Asia/Almaty")
    assert found.left_out_stages == {"DT31_1:N", "DT31_1:D"}
    assert found.preset_xml_ids == {3: "#CRM_REQUISITE_PRESET_DEF_RU_INDIVIDUAL#"}


def test_a_mapped_field_that_the_portal_no_longer_has_is_not_asked_for_and_named() -> None:
    """The portal drops it in silence: read, it would look like an empty payment date, and nothing would be paid."""
    chosen = {"date_field": "ufCrmGone", "shipped_field": "ufCrmShipped", "paid_field": "ufCrmPaid"}
    params = ReportParams.from_json({"date_from": "2026-03-01", "date_to": "2026-03-31", "date_field": "ufCrmGone"})
    settled, found = present_date(params, report_catalog(a_portal(settings=chosen), KNOWN))
    assert (settled.date_field, found.fields.date_field) == ("begindate", "begindate")
    assert (found.fields.shipped_field, found.fields.paid_field) == (None, "ufCrmPaid")
    assert found.gone_fields == {"date_field": "ufCrmGone", "shipped_field": "ufCrmShipped"}


def test_a_period_by_another_field_does_not_miss_the_usual_one() -> None:
    """Nothing of this report went by it."""
    params = ReportParams.from_json({"date_from": "2026-03-01", "date_to": "2026-03-31", "date_field": "ufCrmPaid"})
    portal = a_portal(settings={"date_field": "ufCrmGone"})
    settled, found = present_date(params, report_catalog(portal, KNOWN))
    assert (settled, found.gone_fields) == (params, {})


@pytest.mark.parametrize(("scopes", "asked"), [({"crm"}, False), ({"crm", "user_brief"}, True), ({"user"}, True)])
def test_names_of_people_are_asked_for_only_with_a_scope_for_it(scopes: set[str], asked: bool) -> None:
    """Without the scope the call would only be refused."""
    assert report_catalog(a_portal(scopes=frozenset(scopes)), KNOWN).knows_users is asked


def test_an_invoice_is_linked_in_its_own_portal() -> None:
    """The address comes from the confirmed REST address."""
    assert invoice_address("https://romashka.bitrix24.ru/rest/")(7) == (
        "https://romashka.bitrix24.ru/crm/type/31/details/7/"
    )


def test_an_address_is_no_template() -> None:
    assert invoice_address("https://x{0.__class__}{}.example/rest/")(7) == (
        "https://x{0.__class__}{}.example/crm/type/31/details/7/"
    )
