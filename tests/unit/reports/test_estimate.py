"""The look ahead says how many invoices there are and what they would cost."""

from __future__ import annotations

from datetime import date

import pytest

from bitrix_app.reports.estimate import estimate, expected_calls, expected_seconds
from bitrix_app.reports.request import ReportCatalog, ReportParams
from tests.unit.reports.fake_portal import FakePortal

YEAR = ReportParams(date(2026, 1, 1), date(2026, 12, 31))


def test_two_calls_tell_invoices_and_undated_ones() -> None:
    """Nothing is read for a look ahead, it is only counted."""
    portal = FakePortal(undated=37)
    found = estimate(portal, YEAR, ReportCatalog())
    assert (found.invoices, found.undated) == (37, 37)
    assert portal.calls == {"count_invoices": 2}


def test_one_invoice_may_have_no_date_either() -> None:
    """From an invoice's card only that one is asked about."""
    portal = FakePortal(undated=1)
    found = estimate(portal, ReportParams(date(2026, 1, 1), date(2026, 12, 31), invoice_id=5), ReportCatalog())
    assert found.undated == 1
    assert all(asked["=id"] == 5 for asked in portal.filters)


@pytest.mark.parametrize(("invoices", "most"), [(0, 15), (22, 15), (600, 100), (1000, 165), (10_000, 1650)])
def test_a_detailed_report_is_reckoned_as_the_bucket_dictates(invoices: int, most: int) -> None:
    """A thousand invoices with rows cost about 130 calls: the seconds follow from two calls a second."""
    calls = expected_calls(invoices, detailed=True)
    assert calls <= most
    assert expected_seconds(calls) >= (calls - 45) // 2


def test_a_report_without_rows_is_cheaper() -> None:
    """Product rows are most of the cost."""
    assert expected_calls(1000, detailed=False) < expected_calls(1000, detailed=True) / 2


def test_even_nothing_takes_a_moment() -> None:
    """No report promises zero seconds."""
    assert expected_seconds(0) == 1
