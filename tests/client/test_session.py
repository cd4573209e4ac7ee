"""How the client behaves: bucket, retries, renewal, moves, paused methods, and stopping in the middle of all that."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from decimal import Decimal
from typing import Any

import pytest

from bitrix_app.bitrix24 import AccessToken
from bitrix_app.bitrix24.transport import Exchange, Failure
from bitrix_app.errors import (
    AuthorizationServerUnavailableError,
    ExpiredTokenError,
    InvalidGrantError,
    InvalidTokenError,
    OperationTimeLimitError,
    PortalMovedError,
    PortalUnavailableError,
    QueryLimitExceededError,
    ReportCancelledError,
)
from tests.fakes import FakeTokens, ScriptedTransport, Surroundings

METHOD = "crm.item.list"
GOOD = {"result": ["good"]}
LIMIT = (503, {"error": "QUERY_LIMIT_EXCEEDED"})
PAUSED = (429, {"error": "OPERATION_TIME_LIMIT"})
EXPIRED = (401, {"error": "expired_token"})


@pytest.fixture(autouse=True)
def good_answer(around: Surroundings) -> None:
    around.portal.answers.update({METHOD: GOOD, "crm.status.list": GOOD})


def fail(around: Surroundings, *faults: Any, method: str = METHOD) -> None:
    """Answers the first calls of a method with these faults."""
    around.portal.faults.update({(method, nth): fault for nth, fault in enumerate(faults, 1)})


def told(operating: float, reset_in: int, clock_ahead: int = 0) -> tuple[int, dict[str, Any]]:
    """A good answer that tells operating time; the portal's clock may differ from ours."""
    now = 1_790_000_000 + clock_ahead
    time = {"finish": now, "operating": Decimal(str(operating)), "operating_reset_at": now + reset_in}
    return 200, {**GOOD, "time": time}


def test_a_call_waits_for_its_place_in_the_bucket(around: Surroundings) -> None:
    """The bucket is asked before each call, and its delay is waited out before the call goes."""
    around.bucket.delays.append(3.5)

    around.client.call(METHOD)

    assert around.stop.waits == [3.5]
    assert around.reasons == ["bucket"]
    assert around.bucket.taken == 1


def test_the_token_is_put_on_after_the_wait(around: Surroundings) -> None:
    """A token renewed while the call waited is the one that is sent."""
    around.bucket.delays.append(3.5)
    plain_wait = around.stop.wait

    def wait_while_somebody_renews(seconds: float) -> None:
        plain_wait(seconds)
        around.tokens.renewals = 6

    around.stop.wait = wait_while_somebody_renews  # type: ignore[method-assign]

    around.client.call(METHOD)

    assert [token.value for token in around.portal.tokens_seen] == ["access-7"]


def test_each_repetition_takes_a_place_too(around: Surroundings) -> None:
    """A call that is sent three times spends three places of the bucket."""
    fail(around, Failure.NO_ANSWER, (500, {}))

    around.client.call(METHOD)

    assert around.bucket.taken == 3


def test_the_limit_slows_everybody_down_more_each_time(around: Surroundings) -> None:
    """Each QUERY_LIMIT_EXCEEDED moves the shared bucket forward by twice as much, then the call goes on."""
    fail(around, LIMIT, LIMIT, LIMIT, LIMIT)

    assert around.client.call(METHOD).result == ["good"]

    assert around.bucket.penalties == [1, 2, 4, 8]
    assert around.stop.waits == [1, 2, 4, 8]
    assert set(around.reasons) == {"query_limit"}


def test_the_waits_grow_whatever_chance_does_to_them(around: Surroundings) -> None:
    """The longest by chance is followed by the shortest by chance, and that is longer still."""
    chance = itertools.cycle([0.999, 0.0])
    around.jitter = lambda: next(chance)
    fail(around, LIMIT, LIMIT, LIMIT, LIMIT)

    around.client.call(METHOD)

    assert around.stop.waits == sorted(set(around.stop.waits))


def test_others_know_that_the_limit_makes_them_wait(around: Surroundings) -> None:
    """While a penalty runs, a wait for the bucket is told as the portal's limit."""
    fail(around, LIMIT)
    around.bucket.delays.extend([0, 7, 7])
    around.stop.wait = around.stop.waits.append  # type: ignore[method-assign]  # the penalty still runs afterwards

    around.client.call(METHOD)
    assert around.reasons == ["query_limit", "query_limit"]

    around.clock.advance(5)
    around.client.call(METHOD)
    assert around.reasons[-1] == "bucket"


def test_patience_with_the_limit_ends_after_a_quarter_of_an_hour(around: Surroundings) -> None:
    """A portal that always says QUERY_LIMIT_EXCEEDED is waited for about 15 minutes, a minute at most at a time."""
    around.portal.answers[METHOD] = LIMIT[1]

    with pytest.raises(QueryLimitExceededError):
        around.client.call(METHOD)

    assert 800 < sum(around.stop.waits) <= 900
    assert max(around.stop.waits) == 60


@pytest.mark.parametrize("fault", [Failure.NO_ANSWER, Failure.NOT_JSON, (500, {}), (502, [])])
def test_no_answer_is_tried_four_times_more(around: Surroundings, fault: Any) -> None:
    """A portal that stays silent or broken gets five tries with growing pauses, then the report fails."""
    fail(around, *[fault] * 5)

    with pytest.raises(PortalUnavailableError) as caught:
        around.client.call(METHOD)

    assert around.stop.waits == [1, 2, 4, 8]
    assert around.portal.counts[METHOD] == 5
    assert caught.value.method == METHOD


def test_the_fifth_try_may_succeed(around: Surroundings) -> None:
    """Four failures in a row are survived."""
    fail(around, Failure.NO_ANSWER, (500, {}), Failure.NOT_JSON, Failure.NO_ANSWER)

    assert around.client.call(METHOD).result == ["good"]


def test_an_expired_token_is_renewed_once_and_the_call_repeated(around: Surroundings) -> None:
    """expired_token: the pair is renewed, the same call is sent with the new token, nothing is waited for."""
    fail(around, EXPIRED)

    around.client.call(METHOD, {"entityTypeId": 31})

    assert around.tokens.renewals == 1
    assert [token.value for token in around.portal.tokens_seen] == ["access-1", "access-2"]
    assert around.portal.asked(METHOD) == [{"entityTypeId": 31}] * 2
    assert around.stop.waits == []


def test_a_fresh_token_that_is_refused_ends_the_call(around: Surroundings) -> None:
    """A second expired_token after a renewal is not answered by another renewal."""
    fail(around, EXPIRED, EXPIRED)

    with pytest.raises(InvalidTokenError) as caught:
        around.client.call(METHOD)

    assert around.tokens.renewals == 1
    assert isinstance(caught.value.__cause__, ExpiredTokenError)


def test_a_refresh_token_that_is_spent_ends_the_call(around: Surroundings) -> None:
    """invalid_grant is told as it is: the user must open the app again."""
    fail(around, EXPIRED)
    around.tokens.failures.append(InvalidGrantError())

    with pytest.raises(InvalidGrantError):
        around.client.call(METHOD)


def test_an_authorization_server_that_is_away_for_a_moment_is_survived(around: Surroundings) -> None:
    """A renewal that gets no answer is tried again after a pause, within the same patience as other failures."""
    fail(around, EXPIRED, EXPIRED, EXPIRED)
    around.tokens.failures.extend([AuthorizationServerUnavailableError()] * 2)

    assert around.client.call(METHOD).result == ["good"]

    assert around.tokens.renewals == 1
    assert around.stop.waits == [1, 2]


def test_an_authorization_server_that_stays_away_ends_the_call(around: Surroundings) -> None:
    """After four pauses the error of the authorization server is the call's."""
    around.portal.answers[METHOD] = EXPIRED[1]
    around.tokens.failures.extend([AuthorizationServerUnavailableError()] * 9)

    with pytest.raises(AuthorizationServerUnavailableError):
        around.client.call(METHOD)

    assert around.stop.waits == [1, 2, 4, 8]


def test_a_portal_that_moved_is_called_at_its_confirmed_address(around: Surroundings) -> None:
    """A redirect is never followed: the authorization server names the address, and the call goes on there."""
    fail(around, Failure.MOVED)

    around.client.call(METHOD)

    assert [token.client_endpoint for token in around.portal.tokens_seen] == [
        "https://romashka.example/rest/",
        "https://roza.example/rest/",
    ]


def test_a_portal_that_redirects_again_is_given_up(around: Surroundings) -> None:
    """A redirect from the confirmed address ends the call."""
    fail(around, Failure.MOVED, Failure.MOVED)

    with pytest.raises(PortalMovedError):
        around.client.call(METHOD)

    assert around.tokens.moves == 1


def test_a_move_that_is_not_confirmed_ends_the_call(around: Surroundings) -> None:
    """When the authorization server knows no other address, no token goes anywhere."""
    fail(around, Failure.MOVED)
    around.tokens.failures.append(PortalMovedError())

    with pytest.raises(PortalMovedError):
        around.client.call(METHOD)

    assert around.portal.counts[METHOD] == 1


def test_a_method_paused_until_the_reset_of_its_last_good_answer(around: Surroundings) -> None:
    """OPERATION_TIME_LIMIT: the method waits until the portal forgets some of its work, says so, and goes on."""
    fail(around, told(100, 300), PAUSED)
    around.client.call(METHOD)

    around.client.call(METHOD)

    assert [(wait.reason, wait.method) for wait in around.observer.waits] == [("operating_time", METHOD)]
    assert around.stop.waits == [pytest.approx(301)]


def test_the_reset_is_reckoned_by_the_portals_own_clock(around: Surroundings) -> None:
    """A portal whose clock is an hour ahead makes nobody wait an hour."""
    fail(around, told(100, 300, clock_ahead=3600), PAUSED)
    around.client.call(METHOD)

    around.client.call(METHOD)

    assert around.stop.waits == [pytest.approx(301)]


@pytest.mark.parametrize("finish", [None, 1_790_009_999, 1_780_000_000], ids=["none", "late", "early"])
def test_where_the_portals_own_clock_is_no_help_ours_counts(around: Surroundings, finish: int | None) -> None:
    """An end of the answer that is not told, lies behind the reset or long before it."""
    time = {"operating": 100, "operating_reset_at": 1_790_000_300, "finish": finish}
    fail(around, (200, {**GOOD, "time": time}), PAUSED)
    around.client.call(METHOD)

    around.client.call(METHOD)

    assert around.stop.waits == [pytest.approx(301)]


@pytest.mark.parametrize("reset_in", [86_400 * 365, -86_400])
def test_an_absurd_reset_is_no_longer_than_the_window(around: Surroundings, reset_in: int) -> None:
    """No portal makes a report wait longer than the ten minutes after which it forgets everything."""
    fail(around, told(100, reset_in), PAUSED)
    around.client.call(METHOD)

    around.client.call(METHOD)

    assert 0 < sum(around.stop.waits) <= 601


def test_without_a_known_reset_the_pauses_grow(around: Surroundings) -> None:
    """Where no answer has told a reset, the method pauses longer each time."""
    fail(around, PAUSED, PAUSED, PAUSED)

    around.client.call(METHOD)

    assert around.stop.waits == [5, 10, 20]


def test_a_reset_in_the_refusal_itself_is_used(around: Surroundings) -> None:
    """An error answer that tells its operating time is believed as a good one is."""
    time = {"operating": 481, "operating_reset_at": 1_790_000_090, "finish": 1_790_000_000}
    fail(around, (429, {"error": "OPERATION_TIME_LIMIT", "time": time}))

    around.client.call(METHOD)

    assert around.stop.waits == [pytest.approx(91)]


def test_other_methods_go_on_meanwhile(around: Surroundings) -> None:
    """Only the method that is over its limit pauses."""
    fail(around, told(100, 300), PAUSED)
    around.client.call(METHOD)
    around.stop.stop_in_wait = 1
    with pytest.raises(ReportCancelledError):
        around.client.call(METHOD)
    around.stop.stopped = None

    around.client.call("crm.status.list")

    assert len(around.stop.waits) == 1


def test_patience_with_a_paused_method_ends(around: Surroundings) -> None:
    """A method that stays over its limit is waited for half an hour, not for ever."""
    around.portal.answers[METHOD] = PAUSED[1]

    with pytest.raises(OperationTimeLimitError):
        around.client.call(METHOD)

    assert 1200 < sum(around.stop.waits) <= 1800


def test_a_cancelled_report_stops_in_the_middle_of_a_wait(around: Surroundings) -> None:
    """Cancelling during a pause between tries ends the call at once."""
    fail(around, *[Failure.NO_ANSWER] * 5)
    around.stop.stop_in_wait = 2

    with pytest.raises(ReportCancelledError):
        around.client.call(METHOD)

    assert around.portal.counts[METHOD] == 2


def test_a_cancelled_report_sends_nothing_more(around: Surroundings) -> None:
    """Once the report is cancelled no call leaves, though nothing had to be waited for."""
    around.stop.stopped = ReportCancelledError()

    with pytest.raises(ReportCancelledError):
        around.client.call(METHOD)

    assert around.portal.seen == []


def test_each_exchange_is_told_to_the_observer(around: Surroundings) -> None:
    """The REST log gets every exchange with status, the portal's code and operating time, failed ones too."""
    fail(around, Failure.NO_ANSWER, LIMIT, told(12.5, 300))

    around.client.call(METHOD)

    seen = [(call.method, call.status, call.portal_code, call.operating) for call in around.observer.calls]
    assert seen == [
        (METHOD, None, "", None),
        (METHOD, 503, "QUERY_LIMIT_EXCEEDED", None),
        (METHOD, 200, "", Decimal("12.5")),
    ]


def test_threads_that_expire_together_renew_once() -> None:
    """Eight calls refused with the same token spend one refresh token and all come back with their answers."""
    portal = ExpiringPortal(parties=8)
    around = Surroundings(portal=portal, tokens=FakeTokens())
    results: deque[Any] = deque()

    def work() -> None:
        results.append(around.client.call(METHOD).result)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert list(results) == [["good"]] * 8
    assert around.tokens.renewals == 1


class ExpiringPortal(ScriptedTransport):
    """Refuses the first token, once all threads have arrived with it."""

    def __init__(self, parties: int) -> None:
        super().__init__(answers={METHOD: GOOD})
        self._together = threading.Barrier(parties, timeout=60)

    def send(self, token: AccessToken, method: str, params: Any, watch: Any = None) -> Exchange:
        if token.value == "access-1":
            self._together.wait()
            return Exchange(method, 401, body={"error": "expired_token"})
        return super().send(token, method, params, watch)
