"""The benchmarks still run: the smallest sizes, so that the scripts do not rot. How fast we are is not asserted."""

from __future__ import annotations

import re
from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace

import pytest

from benchmarks import peers, processing
from benchmarks.morning.findings import Built, check
from benchmarks.morning.portals import Arrived
from benchmarks.options import Options, parsed
from benchmarks.ways.ours import unpace
from benchmarks.ways.question import SELECT
from bitrix_app.portals import clients
from bitrix_app.processing import FieldMapping, extra_fields
from bitrix_app.reports.kinds import REGISTER
from bitrix_app.reports.request import invoice_select
from demo_portal.subprocess import PortalSubprocess

SMALLEST = Options(sizes=(20,), ways=("ours",), rows=2, latency=0.0, large=40)


def test_our_way_reads_everything_and_provokes_no_refusal() -> None:
    """Part 1 measures a real report of ours, checks what is in it, and counts the portal's calls and refusals."""
    (run,) = peers.at_size(20, SMALLEST)
    assert (run.way, run.invoices, run.rejected, run.reckoned) == ("ours", 20, 0, False)
    assert 8 <= run.calls <= 20
    assert run.seconds > 0
    assert run.peak


def test_our_own_bucket_can_be_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the demo portal's limits are off, a report of 100,000 invoices does not wait for two calls a second."""
    monkeypatch.setattr(clients, "ORDINARY", clients.ORDINARY)  # to be put back
    unpace()
    portal = SimpleNamespace(license_family=None)
    assert clients.plan_of(portal).interval < 1e-6  # type: ignore[arg-type]  # all that is looked at


def test_every_way_asks_for_the_fields_that_a_report_asks_for() -> None:
    """Whose answers are smaller has not read the same; ``crm.item.get`` of the way by single calls gives them all."""
    shown = extra_fields(REGISTER.columns(with_rows=True))
    assert sorted(SELECT) == sorted(invoice_select(FieldMapping(), shown))


def test_processing_alone_counts_rows_a_second() -> None:
    """Part 2 plays recorded invoices through the pipeline and tells rows a second."""
    text = processing.section(SMALLEST).markdown()
    assert "40 invoices with 80 product rows" in text
    assert re.search(r"\| processing, spool, workbook, CSV \| [\d.]+ \| [\d.]+ \| [\d,]+ \|", text)


def test_one_call_per_invoice_is_reckoned_where_it_would_take_hours() -> None:
    """A page of ids and four calls an invoice, two calls a second."""
    (run,) = peers.at_size(20, replace(SMALLEST, ways=(peers.SLOW,), slow=10))
    assert (run.calls, run.seconds, run.dictated, run.reckoned) == (81, 40.5, 15.5, True)


PORTAL = PortalSubprocess(
    url="",
    client_endpoint="",
    webhook_url="",
    member_id="",
    access_token="",
    refresh_token="",
    environment={},
    invoices=80,
    rows=400,
    first="2026-01-01",
    last="2026-03-31",
    amount="12.50",
    vat="2.5",
)
WHOLE = {
    "invoices": 80,
    "rows": 400,
    "requisites": 10,
    "summary": {"totals": [{"currency": "RUB", "amount": "12.50", "vat": "2.50"}]},
}


@pytest.mark.parametrize(
    "lacking",
    [
        {"invoices": 79},
        {"rows": 399},
        {"requisites": 9},
        {"summary": {"totals": [{"currency": "RUB", "amount": "12.49", "vat": "2.50"}]}},
        {"summary": {"totals": [{"currency": "RUB", "amount": "12.50", "vat": "2.49"}]}},
    ],
)
def test_a_way_that_did_not_get_everything_is_not_measured(lacking: dict[str, object]) -> None:
    """Fewer invoices, rows or requisites, or other sums than the portal was made with, end the run."""
    peers.check(WHOLE, PORTAL)
    with pytest.raises(AssertionError):
        peers.check(WHOLE | lacking, PORTAL)


def test_only_a_whole_run_writes_the_results() -> None:
    """A part, a size or a quick run prints, unless it is given a file of its own."""
    assert parsed([]).out is not None
    assert [parsed(each.split()).out for each in ("--quick", "--only page", "--sizes 100")] == [None] * 3
    assert parsed(["--sizes", "100,1000", "--only", "peers,page"]) == replace(
        Options(), sizes=(100, 1000), parts=("peers", "page")
    )


def test_the_morning_runs_only_where_it_is_named_and_as_large_as_is_said() -> None:
    assert "morning" not in parsed([]).parts
    chosen = parsed(["morning", "--portals", "20"])
    assert (chosen.parts, chosen.portals, chosen.out) == (("morning",), 20, None)


@pytest.mark.parametrize(
    ("runs", "status", "files", "refused", "said"),
    [
        (1, "done", 1, 0, None),
        (0, "done", 1, 0, "schedule 7: 0 reports"),
        (2, "done", 1, 0, "schedule 7: 2 reports"),
        (1, "failed", 1, 0, "schedule 7: failed"),
        (1, "done", 2, 0, "files=2"),
        (1, "done", 0, 0, "files=0"),
        (1, "done", 1, 3, "refused=3"),
    ],
)
def test_a_morning_on_which_anything_is_lost_or_comes_twice_is_no_result(
    runs: int, status: str, files: int, refused: int, said: str | None
) -> None:
    built = [Built(7, status, 1, *[0.0] * 5)] * runs
    arrived = {"a portal": Arrived(1, files, refused, 50.0, 20)}
    with nullcontext() if said is None else pytest.raises(RuntimeError, match=said):
        check({7: 0.0}, arrived, built)
