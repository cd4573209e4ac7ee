"""The session whose questions go together: how big a batch is, and what is done when one fails."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import Any

from bitrix_app.bitrix24 import types
from bitrix_app.bitrix24.batch.commands import METHOD, MOST_COMMANDS, command, empty_texts_in, exchange_of, parts_of
from bitrix_app.bitrix24.batch.crew import Asked, Crew
from bitrix_app.bitrix24.batch.ranges import ReadingInRanges
from bitrix_app.bitrix24.parsing import PAGE, record_id
from bitrix_app.bitrix24.questions import End, ListById, PagedList, Question, RecordLimit
from bitrix_app.bitrix24.responses import Action, action_for, judge, timing_of
from bitrix_app.bitrix24.session import Call, PortalSession
from bitrix_app.bitrix24.transport import Exchange
from bitrix_app.bitrix24.types import Answer, Outline, Page
from bitrix_app.errors import (
    AccessDeniedError,
    GiveUpError,
    InsufficientScopeError,
    InvalidArgumentError,
    PortalError,
    UnexpectedAnswerError,
    UnknownMethodError,
)

UNTRIED = 20
"""Commands of a method whose cost is not known yet, in one batch."""
TARGET_SECONDS = 10.0
"""Of work in one batch: a sixth of what the portal lets a request take."""
TARGET_BYTES = 2 * 2**20
"""Of one batch's answer: half of what a request may bring."""
REFUSALS = (AccessDeniedError, InsufficientScopeError, UnknownMethodError)
"""The portal does not let the application use ``batch``."""


@dataclass(slots=True)
class _Cost:
    """What a command costs, as a smoothed maximum: rises at once, sinks slowly. Several threads write it, and any of
    their figures will do."""

    known: float | None = None

    def learn(self, found: float) -> None:
        """Takes in what one has cost."""
        self.known = found if self.known is None else max(found, 0.9 * self.known + 0.1 * found)


class BatchSession(PortalSession):
    """A session whose questions go together while a crew works, in batches that stay far from the portal's time limit;
    outside of it, and where the portal refuses ``batch``, as plain calls."""

    def __init__(self, **session: Any) -> None:
        """As PortalSession."""
        super().__init__(**session)
        self._crew: Crew | None = None
        self._most = MOST_COMMANDS
        self._costs: defaultdict[str, _Cost] = defaultdict(_Cost)
        self._bytes = _Cost()

    @contextmanager
    def together(self) -> Iterator[types.Crew]:
        """A crew for a piece of work; one at a time."""
        with self._opened() as crew:
            yield crew

    @contextmanager
    def _opened(self) -> Iterator[Crew]:
        crew = self._crew = Crew(self._send, self._sized, self._stop)
        try:
            yield crew
        finally:
            self._crew = None
            crew.close()

    def outline(self, asked: ListById) -> Outline | None:
        """Where the list lies, of a list that will be read in ranges; None of a short one, and outside of a crew."""
        if self._crew is None or self._is_refused or not _is_long(asked):
            return None
        first: Page
        last_id: int
        first, last_id = self.at_once(partial(self.ask, asked.counted()), partial(self.ask, asked.last_id()))
        if (first.total or 0) <= PAGE or not first.items:
            return None
        ids = [record_id(asked.method, each, asked.id_field) for each in first.items]
        return Outline(ids, last_id, first.total or 0)

    def pages(
        self, asked: PagedList, limit: RecordLimit | None = None, outline: Outline | None = None
    ) -> Iterator[Page]:
        """A list page by page; where it is long, ranges of its ids are read at the same time."""
        crew = self._crew
        if crew is None or self._is_refused or not isinstance(asked, ListById) or not _is_long(asked):
            yield from super().pages(asked, limit)
        else:
            limit = limit or RecordLimit(asked.most)
            yield from ReadingInRanges(asked, limit, lambda all_: crew.run(self.ask, all_), outline).pages()

    def at_once(self, *tasks: Callable[[], Any]) -> list[Any]:
        """What several tasks return, whose questions go together, with those of the crew that is at work."""
        if self._crew is not None:
            return self._crew.run(lambda task: task(), tasks)
        with self._opened() as crew:
            return crew.run(lambda task: task(), tasks)

    def owners_together(self, rows: float, spread: float) -> int:
        """As many owners as have no more than a page of rows, as a rule, if one has so many on the average."""
        found = 1
        while found < MOST_COMMANDS and (found + 1) * rows + spread * (found + 1) ** 0.5 <= MOST_COMMANDS:
            found += 1
        return found

    @property
    def _is_refused(self) -> bool:
        """Whether the portal has refused ``batch``."""
        return self._habits.batch is False

    def _wait(self, reason: str, seconds: float, method: str) -> None:
        crew = self._crew
        if crew is None or method == METHOD or seconds <= 0:
            super()._wait(reason, seconds, method)
            return
        with crew.sleeps():
            super()._wait(reason, seconds, method)

    def _answered(self, call: Call, question: Question[Any]) -> Answer:
        crew = self._crew
        if crew is None or question.method == METHOD or call.alone or self._is_refused:
            return super()._answered(call, question)
        said = command(question)
        if said is None:
            with crew.sleeps():
                return super()._answered(call, question)
        self._take_turn(question.method)
        asked = Asked(question, said)
        crew.ask(asked)
        call.token = asked.token
        if asked.exchange is None:
            self._pace.forget(question.method)
            if asked.error is not None:
                raise asked.error
            with crew.sleeps():
                return super()._answered(call, question)
        try:
            return judge(asked.exchange)
        except GiveUpError as error:
            is_unknown = type(error) is GiveUpError  # without its HTTP status a code tells nothing
            was_null = isinstance(error, InvalidArgumentError) and bool(empty_texts_in(question.params))
            call.alone = is_unknown or was_null
            if not call.alone:
                raise
        with crew.sleeps():
            return super()._answered(call, question)

    def _send(self, chunk: list[Asked]) -> None:
        """Sends commands; a batch that fails as a whole is split in halves, down to plain calls."""
        if len(chunk) == 1 or self._is_refused:
            return
        try:
            self._carry_out(chunk)
        except PortalError as error:
            if isinstance(error, REFUSALS):
                self._habits.refuse_batch()
            elif not isinstance(error, UnexpectedAnswerError) and action_for(error) is not Action.TRY_AGAIN:
                raise
            middle = len(chunk) // 2
            self._most = max(2, min(self._most, ceil(len(chunk) / 2)))
            self._send(chunk[:middle])
            self._send(chunk[middle:])

    def _carry_out(self, chunk: list[Asked]) -> None:
        commands = {f"q{place}": asked.command for place, asked in enumerate(chunk)}
        call = Call(METHOD, tries=1)
        parts = self._asked(call, Question(METHOD, {"halt": 0, "cmd": commands}, parts_of))
        for key, asked in zip(commands, chunk, strict=True):
            asked.token = call.token
            asked.exchange = exchange = exchange_of(asked.question.method, key, parts)
            if exchange.failure is None and "error" not in exchange.body:
                self._costs[exchange.method].learn(exchange.duration)
            self._pace.learn(exchange.method, timing_of(exchange), exchange.duration, self._clock())
        self._most = min(MOST_COMMANDS, self._most + 5)

    def _heard(self, question: Question[Any], exchange: Exchange) -> None:
        commands = len(question.params.get("cmd", ()))
        if commands:
            self._bytes.learn(exchange.received_bytes / commands)
        super()._heard(question, exchange)

    def _sized(self, gathered: Sequence[Asked]) -> int:
        """How many of these fit into one batch: by what commands of their methods have cost so far."""
        seconds, untried = 0.0, Counter[str]()
        most = min(len(gathered), self._most, int(TARGET_BYTES / max(self._bytes.known or 0.0, 1.0)))
        for place, asked in enumerate(gathered[:most]):
            method = asked.question.method
            cost = self._costs[method].known
            seconds += cost or 0.0
            untried[method] += cost is None
            if seconds > TARGET_SECONDS or untried[method] > UNTRIED:
                return place
        return most


def _is_long(asked: ListById) -> bool:
    """Whether it is a list that may be long, and that a command can ask for."""
    return asked.end is End.NOTHING_FOLLOWS and command(asked.page()) is not None
