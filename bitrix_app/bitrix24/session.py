"""The session, second storey: rate limiting, tokens, retries, and the portal's limit of operating time.

Sources: contract §5; ``limits``; ``settings/oauth/auto-renewal`` (renew on ``expired_token`` only, once).
"""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from bitrix_app.bitrix24.habits import Habits
from bitrix_app.bitrix24.pace import OperatingPace
from bitrix_app.bitrix24.questions import ListById, PagedList, Question, RecordLimit, no_end
from bitrix_app.bitrix24.records import record_of
from bitrix_app.bitrix24.responses import Action, action_for, judge, timing_of
from bitrix_app.bitrix24.transport import Exchange, Transport
from bitrix_app.bitrix24.types import (
    AccessToken,
    Answer,
    Bucket,
    CallObserver,
    Crew,
    Outline,
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

P = ParamSpec("P")
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
OWNERS_A_LIST = 250
ANSWERS_A_METHOD = 40_000
"""Two million records, page by page: twice as many as a sheet has rows."""


@dataclass(slots=True)
class Call:
    """The state of one call between its retries: the token it was last sent with, and what has gone wrong so far.

    ``tries``: how often it is sent while no answer comes; ``alone``: whether it goes beside no other.
    """

    method: str
    tries: int = 1 + RETRIES
    alone: bool = False
    token: AccessToken | None = None
    failures: int = 0
    penalties: int = 0
    penalized_seconds: float = 0.0
    pauses: int = 0
    paused_seconds: float = 0.0
    renewed: bool = False
    moved: bool = False


class FewAtOnce:
    """A crew whose calls go out as they come. A Crew."""

    threads = (3, 2)

    def start(self, pool: ThreadPoolExecutor, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Starts a task."""
        return pool.submit(call, *args, **kwargs)

    def waits(self, _future: Future[Any], /) -> AbstractContextManager[None]:
        """Nothing to do meanwhile."""
        return nullcontext()


class _AnswerBudget:
    """The limit of all answers to one piece of work: bytes on the average, for one heavy answer is no harm and
    thousands are, and answers of each method."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bytes_left = FREE_BYTES
        self._answers: Counter[str] = Counter()

    def charge(self, exchange: Exchange, answers: int = 1) -> None:
        """Takes in so many answers that came together. Raises UnexpectedAnswerError when the portal's answers have
        become too heavy, or too many of a method."""
        method = exchange.method
        with self._lock:
            self._bytes_left += BYTES_A_CALL * answers - exchange.received_bytes
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
        habits: Habits,
        clock: Callable[[], float],
        jitter: Callable[[], float],
    ) -> None:
        self._habits = habits
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
        self._reactions: Mapping[Action, Callable[[AppError, Call], None]] = {
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
        return self._asked(Call(question.method, tries=1 if question.once else 1 + RETRIES), question)

    def _asked(self, call: Call, question: Question[T]) -> T:
        while True:
            try:
                answer = self._answered(call, question)
            except PortalError as error:
                self._react(error, call)
            else:
                return question.read(answer)

    def _answered(self, call: Call, question: Question[Any]) -> Answer:
        """The good answer to one call."""
        self._take_turn(question.method)
        self._take_place(question.method)
        call.token = self._tokens.current()
        return self._exchange(call.token, question)

    def ask_all(self, questions: Iterable[Question[T]], run: Run) -> list[T]:
        """The answers to several questions, in their order. ``run``: one after another, or several at once."""
        return list(run(self.ask, questions))

    def whole(self, lists: Iterable[PagedList], run: Run) -> list[dict[str, Any]]:
        """The records of whole lists, in the order of the lists; they are kept in memory together."""
        limit = RecordLimit()

        def read(asked: PagedList) -> list[dict[str, Any]]:
            return [record for page in self.pages(asked, limit) for record in page.items]

        return [record for found in run(read, lists) for record in found]

    def outline(self, _asked: ListById) -> Outline | None:
        """None, without a call: a list that is read page by page gains nothing by it."""
        return None

    def pages(
        self,
        asked: PagedList,
        limit: RecordLimit | None = None,
        outline: Outline | None = None,  # noqa: ARG002 - for lists in ranges
    ) -> Iterator[Page]:
        """A list page by page, each read when it is wanted. ``limit`` is shared with other lists."""
        reading = asked.reading(limit)
        question: Question[Page] | None = reading.first()
        while question is not None:
            page = self.ask(question)
            question = reading.following(page)
            yield page

    @contextmanager
    def together(self) -> Iterator[Crew]:
        """The threads of a piece of work: a few calls at once."""
        yield FewAtOnce()

    def at_once(self, *tasks: Callable[[], Any]) -> list[Any]:
        """What several tasks return, whose questions may go together."""
        return [task() for task in tasks]

    def owners_together(self, _rows: float, _spread: float) -> int:
        """How many owners a list of product rows is best asked for: a page holds 50 rows whoever owns them, so long
        lists of owners waste fewer half-empty pages."""
        return OWNERS_A_LIST

    def _take_turn(self, method: str) -> None:
        """Waits until the method may work again."""
        while (seconds := self._pace.full(method, self._clock())) > 0:
            self._wait("operating_time", seconds, method)
        self._wait("operating_time", self._pace.take(method, self._clock()), method)

    def _take_place(self, method: str) -> None:
        """Waits for a place in the portal's bucket."""
        seconds = self._bucket.take()
        self._wait("query_limit" if self._clock() < self._limited_until else "bucket", seconds, method)
        self._stop.check()

    def _exchange(self, token: AccessToken, question: Question[T]) -> Answer:
        exchange = self._transport.send(token, question.method, question.params, self._stop.check)
        self._heard(question, exchange)
        return judge(exchange)

    def _heard(self, question: Question[Any], exchange: Exchange) -> None:
        self._pace.learn(question.method, timing_of(exchange), exchange.duration, self._clock())
        self._observer.answered(record_of(exchange, question.params))
        self._budget.charge(exchange, max(1, len(question.params.get("cmd", ()))))

    def _react(self, error: AppError, call: Call) -> None:
        """Does what the table says for this error, after which the call is repeated. Raises ``error`` where it says
        to give up."""
        reaction = self._reactions.get(action_for(error))
        if reaction is None:
            raise error
        reaction(error, call)

    def _slow_down(self, error: AppError, call: Call) -> None:
        seconds = self._backoff(FIRST_PENALTY_SECONDS, call.penalties, LONGEST_PENALTY_SECONDS)
        call.penalties += 1
        call.penalized_seconds += seconds
        if call.penalized_seconds > LIMIT_PATIENCE_SECONDS:
            raise error
        self._bucket.penalize(seconds)
        self._limited_until = self._clock() + seconds
        self._wait("query_limit", seconds, call.method)

    def _pause_method(self, error: AppError, call: Call) -> None:
        """Pauses the method; the call waits for the end of the pause when it is repeated (``_take_place``)."""
        call.pauses += 1
        call.paused_seconds += self._pace.refused(call.method, call.pauses, self._clock())
        if call.paused_seconds > OPERATING_PATIENCE_SECONDS:
            raise error

    def _renew_token(self, error: AppError, call: Call) -> None:
        if call.renewed or call.token is None:
            raise InvalidTokenError(method=call.method, status=401, portal_code="expired_token") from error
        call.renewed = self._ask_server(self._tokens.renew, call.token, call)

    def _ask_address(self, error: AppError, call: Call) -> None:
        if call.moved or call.token is None:
            raise error
        call.moved = self._ask_server(self._tokens.moved, call.token, call)

    def _ask_server(self, ask: Callable[[AccessToken], AccessToken], token: AccessToken, call: Call) -> bool:
        """Asks the token source, and waits after a server that is unavailable. → whether it has answered."""
        try:
            ask(token)
        except AuthorizationServerUnavailableError as error:
            self._react(error, call)
            return False
        return True

    def _try_again(self, error: AppError, call: Call) -> None:
        if call.failures + 1 >= call.tries:
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
