"""The portal's two limits, by the portal's own count: the bucket of requests and the working time of a method."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from bitrix_app.bitrix24 import AccessToken, Transport
from bitrix_app.bitrix24.transport import Exchange
from bitrix_app.errors import ReportCancelledError
from bitrix_app.jobs.heartbeat import LatestProgress
from bitrix_app.reports import Progress, StopSignal, Waiting
from bitrix_app.storage import Lease, PortalBuckets
from demo_portal import Fault, ManualClock, Portal, a_row
from demo_portal.data import scaled
from tests.integration.workshop import Clock, FastClock, Process, Workshop, open_workshop
from tests.live import until

PAGES = "crm.item.list"
ROWS = "crm.item.productrow.list"
SPEED = 8.0

Open = Callable[[Clock], AbstractContextManager[Workshop]]


@pytest.fixture
def opened(tmp_path: Path, sqlite_template: Path) -> Open:
    """Opens a workshop on a clock of the test's choice."""

    @contextmanager
    def open_on(clock: Clock) -> Iterator[Workshop]:
        shutil.copy(sqlite_template, tmp_path / "app.db")
        with open_workshop(tmp_path, f"sqlite:///{tmp_path}/app.db", clock) as shop:
            yield shop

    return open_on


class GatedClock(ManualClock):
    """A clock that can be shut: whoever sleeps then waits until it is opened, and no time is lost."""

    def __init__(self) -> None:
        super().__init__(time.time())
        self._was_shut, self._open = threading.Event(), threading.Event()
        self._open.set()

    def shut(self) -> None:
        self._open.clear()
        self._was_shut.set()

    def open_once_shut(self) -> None:
        assert self._was_shut.wait(60), "what should have shut the clock did not come"
        self._open.set()

    def sleep(self, seconds: float) -> None:
        assert self._open.wait(60), "what should have gone on meanwhile did not"
        super().sleep(seconds)


class ClockedTransport(Transport):
    """Reckons how long calls take by the workshop's clock, as the portal holds them by it."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(allow_http=True)
        self._clock = clock

    def send(self, token: AccessToken, method: str, params: Mapping[str, Any], watch: Any = None) -> Exchange:
        began = self._clock()
        return replace(super().send(token, method, params, watch), duration=self._clock() - began)


def fill(portal: Portal, invoices: int) -> None:
    for n in range(1, invoices + 1):
        portal.crm.add_invoice(number=str(n), date="2026-02-01", rows=[a_row(price=n)])


# --- the bucket ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("invoices", "calls"), [(100, 25), (1000, 110)])
def test_a_quiet_portal_never_refuses_a_call(opened: Open, invoices: int, calls: int) -> None:
    """The portal's real figures, 50 and 2 a second, on a faster clock: no QUERY_LIMIT_EXCEEDED."""
    with opened(FastClock(SPEED)) as shop:
        portal = shop.portal()
        made = scaled.fill(portal.crm, invoices=invoices, rows=2, first=date(2026, 1, 1), days=90)
        ended = shop.build(shop.process(), portal)
        assert (len(set(ended.numbers)), ended.rubles()) == (invoices, made.amount)
        assert len(portal.calls) <= calls
        assert (portal.bucket.rejected, dict(portal.calls.errors)) == (0, {})


def test_a_portal_of_the_enterprise_plan_is_read_faster(opened: Open) -> None:
    """250 at once and 5 a second, once the portal's license family is known."""
    with opened(FastClock(SPEED)) as shop:
        portal = shop.portal()
        portal.make_enterprise()
        shop.house.services.web.portals.set_license(shop.record(portal).id, "ent")
        scaled.fill(portal.crm, invoices=1000, rows=5, first=date(2026, 1, 1), days=90)
        process = shop.process()
        assert len(set(shop.build(process, portal).numbers)) == 1000
        assert portal.bucket.rejected == 0
        assert process.watch.seconds("bucket") == 0


def waits_for_sixty_places(process: Process, portal_id: int, *, background: bool = False) -> list[float]:
    """What the portal's bucket lets sixty calls at once wait, in seconds: pages', or (``background``) a report's."""
    bucket = PortalBuckets(process.database).bucket(portal_id)
    return [bucket.take(background=background) for _ in range(60)]


def test_who_shares_the_address_slows_us_down_and_we_find_our_way_back(opened: Open) -> None:
    """Others spend the credit: few refusals, everybody slower, a right report; an hour later all is as before."""
    clock = ManualClock(time.time())
    with opened(clock) as shop:
        portal, process = shop.portal(), shop.process()
        portal_id = shop.record(portal).id
        fill(portal, 200)
        for nth in range(1, 28, 4):
            portal.faults.before(nth, portal.bucket.fill)
        ended = shop.build(process, portal)
        assert sorted(map(int, ended.numbers)) == list(range(1, 201))
        assert 1 <= portal.bucket.rejected <= 2 * 7
        assert process.watch.seconds("query_limit") > 0
        slow = waits_for_sixty_places(process, portal_id, background=True)
        assert slow[-1] - slow[-2] > 0.5
        assert slow[0] > 0

        clock.advance(60 * 60)
        waits = waits_for_sixty_places(process, portal_id)
        assert waits[44] == 0
        assert waits[-1] == pytest.approx(15 * 0.5, rel=0.01)


def test_a_portal_whose_bucket_is_always_full_ends_the_report_with_its_reason(opened: Open) -> None:
    """Somebody hammers the portal from our address for hours: after a quarter of an hour the user is told."""
    with opened(ManualClock(time.time())) as shop:
        portal = shop.portal()
        fill(portal, 10)
        portal.bucket.rate = 0.0
        portal.bucket.fill()
        assert shop.build(shop.process(), portal).outcome == "query_limit_exceeded"
        assert portal.bucket.rejected < 40


@pytest.fixture(params=["list", "batch"])
def fetch_mode(request: pytest.FixtureRequest) -> str:
    """Call by call, and by the portal's ``batch``."""
    return str(request.param)


def fetched_by(shop: Workshop, fetch_mode: str, invoices: int = 120) -> Portal:
    """A portal with so many invoices, whose reports are fetched in this way."""
    portal = shop.portal()
    shop.house.services.web.portals.save_settings(shop.record(portal).id, {"fetch_mode": fetch_mode})
    fill(portal, invoices)
    return portal


def test_pages_find_their_places_while_a_report_waits_for_its_own(opened: Open, fetch_mode: str) -> None:
    """Whenever a report's request arrives: the reports' part of the credit is spent, a page's call goes at once."""
    with opened(ManualClock(time.time())) as shop:
        portal, process = fetched_by(shop, fetch_mode), shop.process()
        portal_id, page_waits = shop.record(portal).id, []
        waits_for_sixty_places(process, portal_id, background=True)
        shop.clock.sleep((60 - 33) * 0.5)

        def a_page_calls() -> None:
            page_waits.append(PortalBuckets(process.database).bucket(portal_id).take())

        method = "batch" if fetch_mode == "batch" else PAGES
        portal.faults.before(1, a_page_calls, method=method, times=None)
        assert len(set(shop.build(process, portal).numbers)) == 120
        assert process.watch.seconds("bucket") > 1
        assert len(page_waits) > 3
        assert set(page_waits) == {0.0}


@pytest.mark.parametrize("method", ["crm.category.list", PAGES, ROWS])
def test_a_cancelled_report_waits_for_no_answer(opened: Open, fetch_mode: str, method: str) -> None:
    """It ends while the portal still holds what was asked last: the catalog, a page of invoices, product rows."""
    with opened(ManualClock(time.time())) as shop, TemporaryDirectory() as folder:
        portal, process, stop = fetched_by(shop, fetch_mode), shop.process(), StopSignal()
        portal.faults.always(Fault.hang(), method=method)
        lease = Lease(replace(shop.queue(process, portal), attempt=1), 1, "past the queue", 1e7)
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(process.run, lease, stop, LatestProgress(), Path(folder))
            until(lambda: portal.faults.fired)
            stop.cancel()
            with pytest.raises(ReportCancelledError):
                running.result(timeout=50)  # the portal would be waited for longer
        assert portal.calls.in_flight >= 1
        portal.faults.clear()


# --- operating time -----------------------------------------------------------------------------------------------


def test_a_method_over_its_limit_is_waited_for_alone_and_the_wait_is_shown(opened: Open) -> None:
    """OPERATION_TIME_LIMIT: this method rests, the progress says until when, all others go on meanwhile."""
    clock = GatedClock()
    with opened(clock) as shop:
        portal, process = shop.portal(), shop.process()
        fill(portal, 120)
        portal.operating.spend(ROWS, 481)
        portal.faults.before(1, clock.shut, method=ROWS)
        # asked when all pages and links have been read, maybe before the rows
        portal.faults.before(1, clock.open_once_shut, method="user.get")
        shown: list[Progress] = []
        ended = shop.build(process, portal, sink=shown.append)
        assert sorted(map(int, ended.numbers)) == list(range(1, 121))
        assert portal.operating.refused == portal.calls.errors["OPERATION_TIME_LIMIT"]
        assert 1 <= portal.operating.refused <= 8
        waits = [wait for wait in process.watch.waits if wait.reason == "operating_time"]
        assert {wait.method for wait in waits} == {ROWS}
        assert 600 <= sum(wait.seconds for wait in waits) < 900
        waited = [each.waiting for each in shown if each.waiting is not None]
        assert {each.reason for each in waited} == {"operating_time"}
        assert shown[-1].waiting is None


def test_the_wait_lasts_until_the_reset_that_the_last_answer_told(opened: Open) -> None:
    """One refusal, one wait, to the second that the portal has named: «Битрикс24 просит подождать до …»."""
    with opened(ManualClock(time.time())) as shop:
        portal, process = shop.portal(), shop.process()
        fill(portal, 120)
        clock, began = shop.clock, []

        def others_spend_it() -> None:
            began.append(clock())
            portal.operating.spend(ROWS, 481)

        portal.faults.before(2, others_spend_it, method=ROWS)
        shown: list[Progress] = []
        ended = shop.build(process, portal, sink=shown.append)
        assert len(set(ended.numbers)) == 120
        assert portal.operating.refused == 1
        (waiting,) = {each.waiting for each in shown if each.waiting is not None}
        assert isinstance(waiting, Waiting)
        assert waiting.reason == "operating_time"
        reset = datetime.fromtimestamp(began[0], UTC) + timedelta(seconds=600)
        assert abs(waiting.until - reset) < timedelta(seconds=60)


@pytest.mark.parametrize("execution", [6.0, 12.0])
def test_a_long_report_eases_off_before_a_method_is_blocked(opened: Open, execution: float) -> None:
    """Pages that cost the portal many seconds each are asked for ever more slowly, and never refused."""
    clock = ManualClock(time.time())
    with opened(clock) as shop:
        portal = shop.portal()
        pages = int(1000 / execution)
        scaled.fill(portal.crm, invoices=50 * pages, rows=1, first=date(2026, 1, 1), days=90)
        portal.pace.latency = portal.pace.execution = lambda method: execution if method == PAGES else 0.0
        process = shop.process(ClockedTransport(clock))
        ended = shop.build(process, portal, detailed=False)
        assert len(set(ended.numbers)) == 50 * pages
        assert portal.operating.refused == 0
        assert process.watch.seconds("operating_time") > 100
