"""The estimate says how many invoices there are and what they would cost."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from bitrix_app.portals.clients import license_family
from bitrix_app.processing import FieldMapping, Stage
from bitrix_app.reports.estimate import estimate, expected_calls, expected_seconds
from bitrix_app.reports.request import ReportCatalog, ReportParams
from bitrix_app.storage import ENTERPRISE, ORDINARY, SELF_HOSTED
from demo_portal import PAID
from demo_portal.crm.fields import custom_field
from tests.memory import Scene

YEAR = ReportParams(date(2026, 1, 1), date(2026, 12, 31))


def test_two_calls_tell_invoices_and_undated_ones(scene: Scene) -> None:
    """Nothing is read for an estimate, it is only counted."""
    for date_ in ("2026-01-01", "2026-12-31", "2025-12-31", None, None):
        scene.portal.crm.add_invoice(date=date_)
    found = estimate(scene.client, YEAR, ReportCatalog(), ORDINARY)
    assert (found.invoices, found.undated) == (2, 2)
    assert scene.portal.calls.by_method == {"crm.item.list": 2}


def test_one_invoice_may_have_no_date_either(scene: Scene) -> None:
    """From an invoice's card only that one is asked about."""
    invoice, _ = (scene.portal.crm.add_invoice(date=None) for _ in range(2))
    found = estimate(
        scene.client, ReportParams(date(2026, 1, 1), date(2026, 12, 31), invoice_id=invoice), ReportCatalog(), ORDINARY
    )
    assert (found.invoices, found.undated) == (0, 1)


def test_an_estimate_says_at_most_where_the_portal_takes_no_condition_on_the_field(scene: Scene) -> None:
    """Digits beside letters in the name: an older version takes it in no spelling; the invoices of all time count."""
    portal = scene.portal
    portal.behave(version="24.300")
    portal.crm.add_custom_field(custom_field("UF_CRM_626D6ABE98692", "date", "Дата акта"))
    for _ in range(3):
        portal.crm.add_invoice(date="2020-01-01")
    params = replace(YEAR, date_field="ufCrm_626D6ABE98692")
    found = estimate(scene.client, params, ReportCatalog(), ORDINARY)
    assert (found.invoices, found.undated, found.at_most) == (3, 0, True)


def test_paid_invoices_are_counted_where_the_portal_can_be_asked_for_them(scene: Scene) -> None:
    """By the payment date, else the stages; where there is neither, or the field is taken in no spelling."""
    portal = scene.portal
    portal.behave(version="24.300")
    portal.crm.add_custom_field(custom_field("UF_CRM_626D6ABE98692", "date", "Оплачен"))
    for stage, day in (("DT31_2:P", "2026-03-01"), ("DT31_2:N", "2026-03-02"), ("DT31_2:N", None)):
        portal.crm.add_invoice(date="2026-02-01", stage=stage, paid=day)
    unpaid = replace(YEAR, paid=False)
    stages = {name: Stage(name, name, meaning, 2) for name, meaning in (("DT31_2:N", "P"), ("DT31_2:P", "S"))}

    def counted(**known: Any) -> tuple[int, bool]:
        found = estimate(scene.client, unpaid, ReportCatalog(**known), ORDINARY)
        return found.invoices, found.at_most

    assert counted(fields=FieldMapping(paid_field=PAID), stages=stages) == (1, False)
    assert counted(stages=stages) == (2, False)
    assert counted() == (3, True)
    assert counted(fields=FieldMapping(paid_field="ufCrm_626D6ABE98692")) == (3, True)


@pytest.mark.parametrize(
    ("way", "user", "more"), [("first", "manager", True), ("refused", "admin", True), ("first", "admin", False)]
)
def test_rows_that_must_be_asked_for_one_by_one_are_said_beforehand(
    scene: Scene, way: str, user: str, more: bool
) -> None:
    """A hundred invoices are a hundred calls where no list of owners is taken."""
    portal = scene.portal
    portal.behave(owner_lists=way)
    portal.crm.add_invoice(assigned_by=portal.admin.id)
    for _ in range(100):
        portal.crm.add_invoice(date="2026-01-15", assigned_by=portal.manager.id)
    detailed = ReportParams(date(2026, 1, 1), date(2026, 12, 31), detailed=True)
    found = estimate(scene.client_of(getattr(portal, user)), detailed, ReportCatalog(), ORDINARY)
    assert (found.calls >= 100) is more


@pytest.mark.parametrize(("invoices", "most"), [(0, 15), (22, 15), (600, 100), (1000, 165), (10_000, 1650)])
def test_a_detailed_report_is_reckoned_as_the_bucket_dictates(invoices: int, most: int) -> None:
    """A thousand invoices with rows cost about 130 calls: the seconds follow from two calls a second."""
    calls = expected_calls(invoices, detailed=True)
    assert calls <= most
    assert expected_seconds(calls, ORDINARY) >= (calls - ORDINARY.background) // 2


@pytest.mark.parametrize(
    ("invoices", "calls", "with_rows", "one_by_one"),
    [(0, 10, 10, 10), (1, 13, 14, 14), (50, 13, 17, 63), (200, 20, 36, 220)],
)
def test_each_page_that_is_begun_is_a_call(invoices: int, calls: int, with_rows: int, one_by_one: int) -> None:
    """Ten beforehand; two for each fifty invoices, one for each fifty requisites and each fifty product rows."""
    assert expected_calls(invoices, detailed=False) == calls
    assert expected_calls(invoices, detailed=True) == with_rows
    assert expected_calls(invoices, detailed=True, one_by_one=True) == one_by_one


def test_a_report_without_rows_is_cheaper() -> None:
    """Product rows are most of the cost."""
    assert expected_calls(1000, detailed=False) < expected_calls(1000, detailed=True) / 2


def test_even_nothing_takes_a_moment() -> None:
    """No report promises zero seconds."""
    assert expected_seconds(0, ORDINARY) == 1


@pytest.mark.parametrize(("calls", "usual", "enterprise"), [(33, 9, 9), (93, 30, 24), (190, 79, 48), (690, 329, 99)])
def test_seconds_follow_from_the_portals_plan(calls: int, usual: int, enterprise: int) -> None:
    """33 calls at once and two a second; on Enterprise plans 195 and five."""
    assert (expected_seconds(calls, ORDINARY), expected_seconds(calls, ENTERPRISE)) == (usual, enterprise)


def test_a_box_has_no_limit_of_requests() -> None:
    """Thousands of calls cost little more than their own time."""
    assert license_family({"LICENSE": "ru_selfhosted", "LICENSE_FAMILY": "box"}) == "selfhosted"
    assert license_family({"LICENSE": "ru_std", "LICENSE_FAMILY": "std"}) == "std"
    assert expected_seconds(5000, SELF_HOSTED) <= expected_seconds(5000, ENTERPRISE) / 9
