"""How long and how many web requests wait: places at a portal, a fair queue, a deadline; a cache that forgets."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from bitrix_app.errors import AuthorizationServerUnavailableError, PortalBusyError
from bitrix_app.portals import Bulkhead, Deadline, FairQueue, Places, begin_request, end_request
from bitrix_app.portals.clients import InteractiveBucket
from bitrix_app.portals.waiting import at_most, request_deadline
from bitrix_app.storage import Cipher, Database, PortalBuckets
from demo_portal import ManualClock
from tests.live import until
from tests.seed import install_portal

LONG = 60.0


def test_one_portal_gets_its_places_and_no_more() -> None:
    bulkhead = Bulkhead(per_portal=2, total=10)
    with bulkhead.enter("a", 0.0), bulkhead.enter("a", 0.0):
        with pytest.raises(PortalBusyError) as refused, bulkhead.enter("a", 0.01):
            pass
        assert (refused.value.code, refused.value.retry_after) == ("portal_busy", 3)
        with bulkhead.enter("b", 0.0):
            pass
    with bulkhead.enter("a", 0.0):
        pass


def test_who_waits_a_moment_gets_the_place_that_comes_free() -> None:
    """Two colleagues who open the page together both see it."""
    bulkhead = Bulkhead(per_portal=1, total=10)
    entered = threading.Event()

    def colleague() -> None:
        with bulkhead.enter("a", LONG):
            entered.set()

    thread = threading.Thread(target=colleague)
    with bulkhead.enter("a", 0.0):
        thread.start()
        until(lambda: bulkhead._present["a"] == 2)
        assert not entered.is_set()
    assert entered.wait(LONG)
    thread.join()


def test_only_as_many_wait_as_may() -> None:
    """The crowd before a hanging portal does not fill our threads: those too many are told at once."""
    bulkhead = Bulkhead(per_portal=1, waiting=1, total=10)

    def wait() -> None:
        with bulkhead.enter("a", LONG):
            pass

    waiting = threading.Thread(target=wait)
    with bulkhead.enter("a", 0.0):
        waiting.start()
        until(lambda: bulkhead._present["a"] == 2)
        with pytest.raises(PortalBusyError), bulkhead.enter("a", 10**6):
            pass
    waiting.join()


def test_all_portals_together_leave_threads_for_pages_that_need_none() -> None:
    bulkhead = Bulkhead(per_portal=2, total=3)
    with (
        bulkhead.enter("a", LONG),
        bulkhead.enter("b", LONG),
        bulkhead.enter("c", LONG),
        pytest.raises(PortalBusyError),
        bulkhead.enter("d", LONG),
    ):
        pass
    with bulkhead.enter("d", LONG):
        pass


def test_a_place_is_given_back_whatever_happens() -> None:
    bulkhead = Bulkhead(per_portal=1, total=1)
    with pytest.raises(ZeroDivisionError), bulkhead.enter("a", LONG):
        raise ZeroDivisionError
    with bulkhead.enter("a", LONG):
        pass


def test_a_bulkhead_remembers_nobody_who_has_left() -> None:
    bulkhead = Bulkhead(per_portal=1, total=2)
    with bulkhead.enter("a", LONG), pytest.raises(PortalBusyError), bulkhead.enter("a", 0.01):
        pass
    assert not bulkhead._present
    assert not bulkhead._calling


@pytest.mark.parametrize("slow", [1, 2, 4, 8])
def test_a_few_slow_portals_never_take_all_places(slow: int) -> None:
    """However many requests crowd before them, a portal that comes along finds a place."""
    bulkhead = Bulkhead(per_portal=8, total=16)
    with contextlib.ExitStack() as held:
        for number in range(slow * 16):
            with contextlib.suppress(PortalBusyError):
                held.enter_context(bulkhead.enter(f"slow {number % slow}", 0.01))
        assert bulkhead._present.total() >= 8
        with bulkhead.enter("another", 0.0):
            pass


def test_five_slow_portals_leave_places_for_portals_with_nobody_present() -> None:
    """Whatever they take, four more portals get a first request each; who is present already does not."""
    bulkhead = Bulkhead(per_portal=16, waiting=0, total=Places.of(96).portals)
    with contextlib.ExitStack() as held:
        for number in range(5 * 16):
            with contextlib.suppress(PortalBusyError):
                held.enter_context(bulkhead.enter(f"slow {number // 16}", 0.0))
        for number in range(4):
            held.enter_context(bulkhead.enter(f"another {number}", 0.0))
            with pytest.raises(PortalBusyError), bulkhead.enter(f"another {number}", 0.0):
                pass


# --- the fair queue -----------------------------------------------------------------------------------------------


class Crowd:
    """Requests before a queue, each in a thread of its own: who was let in, in which order, and who was refused."""

    def __init__(self, queue: FairQueue) -> None:
        self._queue = queue
        self._threads: list[threading.Thread] = []
        self._done: list[threading.Event] = []
        self.inside: list[str] = []
        self.refused: list[str] = []

    def come(self, network: str, patience: float = LONG) -> None:
        """One more request; → when it stands in the queue, is inside, or was refused."""
        done = threading.Event()
        settled = len(self.inside) + len(self.refused) + self._queue.waiting + 1

        def request() -> None:
            try:
                with self._queue.enter(network, patience):
                    self.inside.append(network)
                    self._done.append(done)
                    done.wait(LONG)
            except AuthorizationServerUnavailableError:
                self.refused.append(network)

        thread = threading.Thread(target=request, daemon=True)
        self._threads.append(thread)
        thread.start()
        until(lambda: len(self.inside) + len(self.refused) + self._queue.waiting >= settled)

    def answer(self) -> None:
        """The server answers whoever has been inside longest; the next one's turn comes."""
        count, waiting = len(self.inside), self._queue.waiting
        self._done.pop(0).set()
        until(lambda: len(self.inside) == count + min(1, waiting))

    def leave(self) -> None:
        """All are answered."""
        until(lambda: [done.set() for done in list(self._done)] and not any(each.is_alive() for each in self._threads))


@pytest.fixture
def crowd() -> Iterator[Crowd]:
    made = Crowd(FairQueue(at_once=1, places=6))
    yield made
    made.leave()


def test_each_network_has_its_turn_however_many_crowd_from_another(crowd: Crowd) -> None:
    for network in ("flood", "flood", "flood", "flood", "office"):
        crowd.come(network)
    crowd.answer()
    crowd.answer()
    assert crowd.inside[:3] == ["flood", "flood", "office"]


def test_one_networks_requests_are_let_in_in_their_order_by_turns_with_others(crowd: Crowd) -> None:
    for network in ("a", "b", "b", "c"):
        crowd.come(network)
    for _ in range(3):
        crowd.answer()
    assert crowd.inside == ["a", "b", "c", "b"]


def test_when_all_places_are_taken_the_longest_network_gives_one_up(crowd: Crowd) -> None:
    """The newest of the flood is refused, the office gets in; and again, as long as the flood is longer."""
    for _ in range(6):
        crowd.come("flood")
    crowd.come("office")
    until(lambda: crowd.refused == ["flood"])
    crowd.come("flood")
    assert crowd.refused == ["flood", "flood"]
    crowd.answer()
    crowd.answer()
    assert crowd.inside == ["flood", "flood", "office"]


def test_a_crowd_of_one_network_may_fill_all_places(crowd: Crowd) -> None:
    """An office behind one address in the morning; those beyond the places are told at once."""
    for _ in range(7):
        crowd.come("office")
    assert crowd.refused == ["office"]
    for _ in range(5):
        crowd.answer()
    assert crowd.inside == ["office"] * 6


def test_networks_that_are_as_long_take_no_places_from_one_another(crowd: Crowd) -> None:
    for network in ("inside", "a", "b", "c", "d", "e", "late"):
        crowd.come(network)
    assert crowd.refused == ["late"]


def test_a_network_with_two_waiting_makes_room_for_one_with_none(crowd: Crowd) -> None:
    for network in ("inside", "a", "a", "b", "c", "d", "late"):
        crowd.come(network)
    until(lambda: crowd.refused == ["a"])
    assert crowd._queue.waiting == 5


def test_whose_patience_ends_leaves_the_queue(crowd: Crowd) -> None:
    crowd.come("a")
    crowd.come("b", patience=0.01)
    until(lambda: crowd.refused == ["b"])
    assert crowd._queue.waiting == 0
    assert not crowd._queue._queues
    crowd.come("c")
    crowd.answer()
    assert crowd.inside == ["a", "c"]


def test_a_turn_is_given_back_whatever_happens() -> None:
    queue = FairQueue(at_once=1, places=1)
    with pytest.raises(ZeroDivisionError), queue.enter("a", LONG):
        raise ZeroDivisionError
    with queue.enter("a", 0.0):
        pass


@pytest.mark.parametrize(("threads", "portals", "callers"), [(96, 29, 59), (48, 13, 27), (40, 10, 22)])
def test_some_threads_never_wait_for_anybody(threads: int, portals: int, callers: int) -> None:
    assert Places.of(threads) == Places(portals, callers)
    assert portals + callers == threads - 8


# --- the deadline -------------------------------------------------------------------------------------------------


def test_a_web_requests_time_runs_out() -> None:
    clock = ManualClock()
    deadline = Deadline(8.0, clock=clock, sleep=lambda seconds: None)
    clock.advance(7.5)
    deadline.check()
    assert deadline.remaining() == 0.5
    clock.advance(1.0)
    assert deadline.remaining() == 0.0
    with pytest.raises(PortalBusyError) as refused:
        deadline.check()
    assert (refused.value.code, refused.value.retry_after) == ("portal_busy", 5)


def test_a_wait_that_would_not_end_in_time_is_not_begun() -> None:
    slept: list[float] = []
    deadline = Deadline(8.0, clock=ManualClock(), sleep=slept.append)
    deadline.wait(3.0)
    for seconds, retry_after in ((200.0, 60), (8.4, 8)):
        with pytest.raises(PortalBusyError) as refused:
            deadline.wait(seconds)
        assert refused.value.retry_after == retry_after
    assert slept == [3.0]


def test_a_request_that_needs_more_is_given_more_from_its_beginning() -> None:
    clock = ManualClock()
    deadline = Deadline(clock=clock)
    clock.advance(6.0)
    deadline.lengthen(3)
    deadline.lengthen(1)
    assert deadline.remaining() == 18.0


def test_everything_that_a_request_waits_for_shares_its_time() -> None:
    assert request_deadline() is not request_deadline()
    begin_request()
    shared = request_deadline()
    assert request_deadline() is shared
    with at_most(0.5):
        assert request_deadline().remaining() <= 0.5
        with at_most(60.0):
            assert request_deadline().remaining() <= 0.5
    assert request_deadline() is shared
    end_request()
    assert request_deadline() is not shared


def test_a_page_keeps_no_place_that_it_will_not_use(database_url: str, cipher: Cipher) -> None:
    """The bucket is told the request's own remaining time: who cannot wait answers at once and moves nobody."""
    still, clock = Database(database_url, clock=lambda: datetime(2026, 1, 1, tzinfo=UTC)), ManualClock()
    shared = PortalBuckets(still).bucket(install_portal(still, cipher).id)
    shared.penalize(6.0)
    deadline = Deadline(clock=clock)
    page = InteractiveBucket(shared, deadline)
    assert page.take() == pytest.approx(6.75)
    clock.advance(3.0)
    with pytest.raises(PortalBusyError) as refused:
        page.take()
    assert refused.value.retry_after == 8
    deadline.lengthen(3)
    assert page.take() == pytest.approx(7.5)  # the next place, not the one after it
    still.close()
