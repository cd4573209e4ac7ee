"""The session, second storey: rate limiting, tokens, retries, and the portal's limit of operating time.

Sources: contract §5; ``limits``; ``settings/oauth/auto-renewal`` (renew on ``expired_token`` only, once).
"""

from __future__ import annotations

import math
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from bitrix_app.bitrix24.questions import PagedList, Question, RecordLimit, no_end
from bitrix_app.bitrix24.responses import Action, Timing, action_for, judge, portal_code, timing_of
from bitrix_app.bitrix24.transport import Exchange, Transport
from bitrix_app.bitrix24.types import (
    AccessToken,
    Answer,
    Bucket,
    CallObserver,
    CallRecord,
    Page,
    Run,
    StopSignal,
    TokenSource,
    Wait,
)
from bitrix_app.errors import (
    AppError,
    AuthorizationServerUnavailableError,
    InvalidTokenError,
    PortalError,
    UnexpectedAnswerError,
)

T = TypeVar("T")

RETRIES = 4
FIRST_RETRY_SECONDS = 1.0
FIRST_PENALTY_SECONDS = 1.0
LONGEST_PENALTY_SECONDS = 60.0
LIMIT_PATIENCE_SECONDS = 15 * 60.0
OPERATING_PATIENCE_SECONDS = 30 * 60.0
FREE_BYTES = 16 * 2**20
BYTES_A_CALL = 128 * 2**10
"""Answers may weigh so much each on the average, and so much more in all: a full page is 20 to 50 KB."""
ANSWERS_A_METHOD = 40_000
"""Two million records, page by page: twice as many as a sheet has rows."""

LIMIT_SECONDS = 480.0
EASE_SECONDS = 0.85 * LIMIT_SECONDS
TARGET_SECONDS = 0.97 * LIMIT_SECONDS
WINDOW_SECONDS = 600.0
FIRST_PAUSE_SECONDS = 5.0
_MARGIN_SECONDS = 1.0  # the portal tells whole seconds


@dataclass(slots=True)
class _Call:
    """The state of one call between its retries: the token it was last sent with, and what has gone wrong so far."""

    method: str
    token: AccessToken | None = None
    failures: int = 0
    penalties: int = 0
    penalized_seconds: float = 0.0
    pauses: int = 0
    paused_seconds: float = 0.0
    renewed: bool = False
    moved: bool = False


class _AnswerBudget:
    """The limit of all answers to one piece of work: bytes on the average, for one heavy answer is no harm and
    thousands are, and answers of each method."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bytes_left = FREE_BYTES
        self._answers: Counter[str] = Counter()

    def charge(self, exchange: Exchange) -> None:
        """Raises UnexpectedAnswerError when the portal's answers have become too heavy, or too many of a method."""
        method = exchange.method
        with self._lock:
            self._bytes_left += BYTES_A_CALL - exchange.received_bytes
            self._answers[method] += 1
            is_too_heavy, are_too_many = self._bytes_left < 0, self._answers[method] > ANSWERS_A_METHOD
        if is_too_heavy:
            raise UnexpectedAnswerError(f"{method}: too much in all", method=method, status=exchange.status)
        if are_too_many:
            raise no_end(method)


class PortalSession:
    """A session with one portal for one piece of work. Safe to use from several threads.

    Each call waits for its method's operating time and for the shared bucket, takes the token only then, and is
    repeated as the table in ``responses`` says.
    """

    def __init__(
        self,
        *,
        transport: Transport,
        tokens: TokenSource,
        bucket: Bucket,
        stop: StopSignal,
        observer: CallObserver,
        clock: Callable[[], float],
        jitter: Callable[[], float],
    ) -> None:
        self._transport = transport
        self._tokens = tokens
        self._bucket = bucket
        self._stop = stop
        self._observer = observer
        self._clock = clock
        self._jitter = jitter
        self._pace = OperatingPace()
        self._limited_until = 0.0
        self._budget = _AnswerBudget()
        self._reactions: Mapping[Action, Callable[[AppError, _Call], None]] = {
            Action.SLOW_DOWN: self._slow_down,
            Action.PAUSE_METHOD: self._pause_method,
            Action.RENEW_TOKEN: self._renew_token,
            Action.ASK_ADDRESS: self._ask_address,
            Action.TRY_AGAIN: self._try_again,
        }

    def ask(self, question: Question[T]) -> T:
        """The good answer to one question, as the question reads it.

        Raises the last PortalError when its retries are used up or a retry would not help, and what the question, the
        token source and the stop signal raise.
        """
        call = _Call(question.method)
        while True:
            self._take_place(question.method)
            call.token = self._tokens.current()
            try:
                answer = self._exchange(call.token, question)
            except PortalError as error:
                self._react(error, call)
            else:
                return question.read(answer)

    def ask_all(self, questions: Iterable[Question[T]], run: Run) -> list[T]:
        """The answers to several questions, in their order. ``run``: one after another, or several at once."""
        return list(run(self.ask, questions))

    def whole(self, lists: Iterable[PagedList], run: Run) -> list[dict[str, Any]]:
        """The records of whole lists, in the order of the lists; they are kept in memory together."""
        limit = RecordLimit()

        def read(asked: PagedList) -> list[dict[str, Any]]:
            return [record for page in self.pages(asked, limit) for record in page.items]

        return [record for found in run(read, lists) for record in found]

    def pages(self, asked: PagedList, limit: RecordLimit | None = None) -> Iterator[Page]:
        """A list page by page, each read when it is wanted. ``limit`` is shared with other lists."""
        reading = asked.reading(limit)
        question: Question[Page] | None = reading.first()
        while question is not None:
            page = self.ask(question)
            question = reading.following(page)
            yield page

    def _take_place(self, method: str) -> None:
        self._wait("operating_time", self._pace.take(method, self._clock()), method)
        seconds = self._bucket.take()
        self._wait("query_limit" if self._clock() < self._limited_until else "bucket", seconds, method)
        self._stop.check()

    def _exchange(self, token: AccessToken, question: Question[T]) -> Answer:
        exchange = self._transport.send(token, question.method, question.params, self._stop.check)
        self._pace.learn(question.method, timing_of(exchange), exchange.duration, self._clock())
        self._observer.answered(_record(exchange))
        self._budget.charge(exchange)
        return judge(exchange)

    def _react(self, error: AppError, call: _Call) -> None:
        """Does what the table says for this error, after which the call is repeated. Raises ``error`` where it says
        to give up."""
        reaction = self._reactions.get(action_for(error))
        if reaction is None:
            raise error
        reaction(error, call)

    def _slow_down(self, error: AppError, call: _Call) -> None:
        seconds = self._backoff(FIRST_PENALTY_SECONDS, call.penalties, LONGEST_PENALTY_SECONDS)
        call.penalties += 1
        call.penalized_seconds += seconds
        if call.penalized_seconds > LIMIT_PATIENCE_SECONDS:
            raise error
        self._bucket.penalize(seconds)
        self._limited_until = self._clock() + seconds
        self._wait("query_limit", seconds, call.method)

    def _pause_method(self, error: AppError, call: _Call) -> None:
        """Pauses the method; the call waits for the end of the pause when it is repeated (``_take_place``)."""
        call.pauses += 1
        call.paused_seconds += self._pace.refused(call.method, call.pauses, self._clock())
        if call.paused_seconds > OPERATING_PATIENCE_SECONDS:
            raise error

    def _renew_token(self, error: AppError, call: _Call) -> None:
        if call.renewed or call.token is None:
            raise InvalidTokenError(method=call.method, status=401, portal_code="expired_token") from error
        call.renewed = self._ask_server(self._tokens.renew, call.token, call)

    def _ask_address(self, error: AppError, call: _Call) -> None:
        if call.moved or call.token is None:
            raise error
        call.moved = self._ask_server(self._tokens.moved, call.token, call)

    def _ask_server(self, ask: Callable[[AccessToken], AccessToken], token: AccessToken, call: _Call) -> bool:
        """Asks the token source, and waits after a server that is unavailable. → whether it has answered."""
        try:
            ask(token)
        except AuthorizationServerUnavailableError as error:
            self._react(error, call)
            return False
        return True

    def _try_again(self, error: AppError, call: _Call) -> None:
        if call.failures >= RETRIES:
            raise error
        seconds = self._backoff(FIRST_RETRY_SECONDS, call.failures)
        call.failures += 1
        self._wait("retry", seconds, call.method)

    def _wait(self, reason: str, seconds: float, method: str) -> None:
        if seconds > 0:
            self._observer.waited(Wait(reason, seconds, method))
            self._stop.wait(seconds)

    def _backoff(self, first: float, times: int, longest: float = math.inf) -> float:
        """Exponential back-off, capped at ``longest``, with ±25 % jitter: so little that each wait is longer than the
        one before it."""
        return min(first * float(2**times), longest) * (0.75 + self._jitter() / 2)


def _record(exchange: Exchange) -> CallRecord:
    return CallRecord(
        method=exchange.method,
        status=exchange.status,
        portal_code=portal_code(exchange),
        duration=exchange.duration,
        operating=timing_of(exchange).operating,
        sent_bytes=exchange.sent_bytes,
        received_bytes=exchange.received_bytes,
        request_id=exchange.request_id,
    )


@dataclass(slots=True)
class _Method:
    reset_at: float = 0.0
    spacing: float = 0.0
    next_at: float = 0.0
    paused_until: float = 0.0


class OperatingPace:
    """A rate limiter for operating time: the portal allows each method 480 seconds of work in ten minutes.

    Source: ``limits``. The portal keeps ten baskets of one minute, and tells in every answer how much a method has
    spent and when the oldest basket is forgotten. Times are seconds of one clock, which the caller reads. Safe to use
    from several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._methods: defaultdict[str, _Method] = defaultdict(_Method)

    def take(self, method: str, now: float) -> float:
        """Reserves the method's next call. → seconds to wait before it may go."""
        with self._lock:
            state = self._methods[method]
            start = max(now, state.next_at, state.paused_until)
            state.next_at = max(start, min(start + state.spacing, state.reset_at))
            return start - now

    def learn(self, method: str, timing: Timing, cost: float, now: float) -> None:
        """Takes in what an answer tells; ``cost`` is how many seconds the call has taken.

        Below 85 % of the limit calls are not held back. Above it they are spaced evenly over the time until the reset;
        when not even one more fits, the method pauses until then.
        """
        if timing.reset_at is None or timing.operating is None:
            return
        spent = float(timing.operating)
        with self._lock:
            state = self._methods[method]
            state.reset_at = _by_our_clock(timing, now)
            state.spacing = spacing(spent, cost, state.reset_at - now) if spent >= EASE_SECONDS else 0.0
            state.next_at = max(state.next_at, now + state.spacing) if state.spacing else now

    def refused(self, method: str, nth: int, now: float) -> float:
        """Pauses the method after OPERATION_TIME_LIMIT, the ``nth`` for this call. → the pause in seconds.

        It ends at the reset that the last answer told; where none was told, or it has passed, pauses grow.
        """
        with self._lock:
            state = self._methods[method]
            pause = state.reset_at - now
            if pause <= 0:
                pause = min(FIRST_PAUSE_SECONDS * 2 ** (nth - 1), WINDOW_SECONDS)
            state.paused_until = max(state.paused_until, now + pause)
            return pause


def spacing(spent: float, cost: float, until_reset: float) -> float:
    """Seconds between two calls of a method near its limit; all arguments in seconds."""
    if until_reset <= 0:
        return 0.0
    spare = TARGET_SECONDS - spent
    return until_reset if spare <= 0 else min(until_reset, cost * until_reset / spare)


def _by_our_clock(timing: Timing, now: float) -> float:
    """The reset in our clock's time: the portal's clock may be wrong, so what counts is how long after the end of its
    answer the reset comes."""
    reset_at, finished_at = timing.reset_at or 0, timing.finished_at
    left = reset_at - now if finished_at is None else float(reset_at - finished_at)
    if not 0 <= left <= WINDOW_SECONDS:
        left = min(max(reset_at - now, 0.0), WINDOW_SECONDS)
    return now + left + _MARGIN_SECONDS
