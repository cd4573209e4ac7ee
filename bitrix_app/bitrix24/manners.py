"""Second storey: how we behave towards a portal. Bucket, token, call, and the table of decisions.

Sources: contract §5; ``limits``; ``settings/oauth/auto-renewal`` (renew on ``expired_token`` only, once).
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bitrix_app.bitrix24.decisions import Action, action_for, judge, portal_code, timing_of
from bitrix_app.bitrix24.operating import OperatingPace
from bitrix_app.bitrix24.ports import Bucket, CallObserver, StopSignal, TokenSource
from bitrix_app.bitrix24.records import AccessToken, Answer, CallRecord, Wait
from bitrix_app.bitrix24.transport import Exchange, Transport
from bitrix_app.errors import (
    AppError,
    AuthorizationServerUnavailableError,
    InvalidTokenError,
    PortalError,
    UnexpectedAnswerError,
)

RETRIES = 4
FIRST_RETRY_SECONDS = 1.0
FIRST_PENALTY_SECONDS = 1.0
LONGEST_PENALTY_SECONDS = 60.0
LIMIT_PATIENCE_SECONDS = 15 * 60.0
OPERATING_PATIENCE_SECONDS = 30 * 60.0
FREE_BYTES = 16 * 2**20
BYTES_A_CALL = 128 * 2**10
"""Answers may weigh so much each on the average, and so much more in all: a full page is 20 to 50 KB."""


@dataclass(slots=True)
class _Call:
    """One call, the token it was last sent with, and how much it has already been through."""

    method: str
    token: AccessToken | None = None
    failures: int = 0
    penalties: int = 0
    penalized_seconds: float = 0.0
    rests: int = 0
    rested_seconds: float = 0.0
    renewed: bool = False
    moved: bool = False


class _Scale:
    """Weighs the answers of one piece of work together: one that is heavy is no harm, thousands are."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left = FREE_BYTES

    def weigh(self, exchange: Exchange) -> None:
        """Raises UnexpectedAnswerError when the portal's answers have become too heavy altogether."""
        with self._lock:
            self._left += BYTES_A_CALL - exchange.received_bytes
            too_heavy = self._left < 0
        if too_heavy:
            method = exchange.method
            raise UnexpectedAnswerError(f"{method}: too much in all", method=method, status=exchange.status)


class Manners:
    """Calls methods of one portal for one piece of work; several threads may call at once."""

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
        self._scale = _Scale()
        self._reactions: Mapping[Action, Callable[[AppError, _Call], None]] = {
            Action.SLOW_DOWN: self._slow_down,
            Action.REST_METHOD: self._rest_method,
            Action.RENEW_TOKEN: self._renew_token,
            Action.ASK_ADDRESS: self._ask_address,
            Action.TRY_AGAIN: self._try_again,
        }

    def call(self, method: str, params: Mapping[str, Any]) -> Answer:
        """The good answer to ``method``, however many exchanges it takes.

        Raises the PortalError that remains when patience is at its end or waiting would change nothing, what the
        token source raises, and what the stop signal raises.
        """
        call = _Call(method)
        while True:
            self._take_place(method)
            call.token = self._tokens.current()
            try:
                return self._exchange(call.token, method, params)
            except PortalError as error:
                self._react(error, call)

    def _take_place(self, method: str) -> None:
        self._wait("operating_time", self._pace.take(method, self._clock()), method)
        seconds = self._bucket.take()
        self._wait("query_limit" if self._clock() < self._limited_until else "bucket", seconds, method)
        self._stop.check()

    def _exchange(self, token: AccessToken, method: str, params: Mapping[str, Any]) -> Answer:
        exchange = self._transport.send(token, method, params, self._stop.check)
        self._pace.learn(method, timing_of(exchange), exchange.duration, self._clock())
        self._observer.answered(_record(exchange))
        self._scale.weigh(exchange)
        return judge(exchange)

    def _react(self, error: AppError, call: _Call) -> None:
        """Does what the table says, so that the call may be repeated. Raises ``error`` when there is nothing to do."""
        reaction = self._reactions.get(action_for(error))
        if reaction is None:
            raise error
        reaction(error, call)

    def _slow_down(self, error: AppError, call: _Call) -> None:
        seconds = self._grown(FIRST_PENALTY_SECONDS, call.penalties, LONGEST_PENALTY_SECONDS)
        call.penalties += 1
        call.penalized_seconds += seconds
        if call.penalized_seconds > LIMIT_PATIENCE_SECONDS:
            raise error
        self._bucket.penalize(seconds)
        self._limited_until = self._clock() + seconds
        self._wait("query_limit", seconds, call.method)

    def _rest_method(self, error: AppError, call: _Call) -> None:
        """The method's next place in the pace lies behind the rest: the wait is made there."""
        call.rests += 1
        call.rested_seconds += self._pace.refused(call.method, call.rests, self._clock())
        if call.rested_seconds > OPERATING_PATIENCE_SECONDS:
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
        """Whether the token source has got what was asked for; after a failure to be repeated it has not."""
        try:
            ask(token)
        except AuthorizationServerUnavailableError as error:
            self._react(error, call)
            return False
        return True

    def _try_again(self, error: AppError, call: _Call) -> None:
        if call.failures >= RETRIES:
            raise error
        seconds = self._grown(FIRST_RETRY_SECONDS, call.failures)
        call.failures += 1
        self._wait("retry", seconds, call.method)

    def _wait(self, reason: str, seconds: float, method: str) -> None:
        if seconds > 0:
            self._observer.waited(Wait(reason, seconds, method))
            self._stop.wait(seconds)

    def _grown(self, first: float, times: int, longest: float = math.inf) -> float:
        """``first`` doubled ``times`` times, up or down by a quarter of it at random: so that each wait is longer than
        the one before it."""
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
