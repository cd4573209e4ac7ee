"""What goes in and out of the portal client: frozen values that never show a token, and Protocols of what it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any, ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
Q = TypeVar("Q")
A = TypeVar("A")

Raw = Mapping[str, Any]
"""A record as the portal's JSON gives it: numbers with a fraction are Decimal."""


@dataclass(frozen=True, slots=True)
class AccessToken:
    """An access token and the one confirmed REST address it may be sent to (``https://x.bitrix24.ru/rest/``)."""

    value: str = field(repr=False)
    client_endpoint: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer. ``total`` and ``next`` where the method counts and pages.

    ``operating``: seconds of work this method has cost within ten minutes; ``operating_reset_at`` (Unix seconds by
    the portal's clock): when the oldest minute of them is forgotten [limits]. ``offset``: of the time that the answer
    is dated with.
    """

    result: Any
    total: int | None = None
    next: int | None = None
    operating: Decimal | None = None
    operating_reset_at: int | None = None
    offset: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Records of a list, in the rising order of their ids where they have one; ``total`` only where the portal was
    asked to count, ``next`` where the list is read by number: with which record the next page begins."""

    items: list[dict[str, Any]]
    total: int | None = None
    next: int | None = None


@dataclass(frozen=True, slots=True)
class Outline:
    """Between which ids a list lies (the first fifty, the last one) and how many records it has, as far as that is
    known before its exact filter: it says how wide ranges of ids shall be and no more, so that no record is lost where
    it is wrong."""

    first_ids: list[int]
    last_id: int
    total: int


@dataclass(frozen=True, slots=True)
class Profile:
    """The user behind a token, as ``profile`` tells. ``time_zone`` is ``""`` where the user has set none."""

    id: int
    name: str
    is_admin: bool
    time_zone: str


@dataclass(frozen=True, slots=True)
class Wait:
    """A wait that begins now: ``reason`` is ``bucket``, ``query_limit``, ``operating_time`` or ``retry``."""

    reason: str
    seconds: float
    method: str


@dataclass(frozen=True, slots=True)
class Told:
    """What an answer tells beside its records: their number, ``total`` and ``next``, and its ``error``: code and
    description, in the portal's words."""

    rows: int | None = None
    total: int | None = None
    next: int | None = None
    error: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One HTTP exchange for the REST log. A repr shows no personal data.

    ``status`` is None when no answer came; ``duration`` in seconds; ``received_bytes`` after decompression;
    ``commands``: the methods asked for in a batch; ``params``: as asked, without the token, nothing masked;
    ``failure``: why there is no body; ``parts``: what a batch's commands were told, by their keys; ``member_id``: of
    the portal, where it is known.
    """

    method: str
    status: int | None
    portal_code: str
    duration: float
    operating: Decimal | None
    sent_bytes: int
    received_bytes: int
    request_id: str
    commands: tuple[str, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict, repr=False)
    failure: str = ""
    told: Told = Told()
    parts: Mapping[str, Told] = field(default_factory=dict, repr=False)
    member_id: str = ""


@dataclass(frozen=True, slots=True)
class TokenOwner:
    """Whose access token it is, as the authorization server at ``root`` confirms. ``expires_at`` in Unix seconds;
    ``app_version``: of the application in that portal, empty where it is not told."""

    member_id: str
    client_endpoint: str
    domain: str
    user_id: int
    scopes: frozenset[str]
    expires_at: int | None
    root: str = ""
    app_version: str = ""


@dataclass(frozen=True, slots=True)
class RenewedPair:
    """A new pair of tokens; the refresh token that bought it is spent. ``expires_at`` in Unix seconds; ``root``: of the
    authorization server that the portal belongs to now."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: int
    member_id: str
    user_id: int
    client_endpoint: str
    root: str = ""


class TokenSource(Protocol):
    """One user's access token in one portal; used from several threads at once."""

    def current(self) -> AccessToken:
        """The token to call with now. Raises InvalidGrantError when there is none."""

    def renew(self, spent: AccessToken) -> AccessToken:
        """A valid token in place of an expired one. Raises AuthorizationServerError and its children."""

    def moved(self, spent: AccessToken) -> AccessToken:
        """The token with the address that the authorization server confirms, after a redirect from the old one.

        Raises PortalMovedError when it knows no other address; AuthorizationServerError and its children.
        """


class Bucket(Protocol):
    """The portal's leaky bucket, shared by everybody who calls it from here."""

    def take(self) -> float:
        """Reserves a place: seconds to wait before the call may go, 0.0 for now."""

    def penalize(self, seconds: float) -> None:
        """The portal said QUERY_LIMIT_EXCEEDED: everybody's next place moves forward."""


class StopSignal(Protocol):
    """Whether the work that the calls serve must end."""

    def check(self) -> None:
        """Raises ReportCancelledError, LeaseLostError or another AppError when it must."""

    def wait(self, seconds: float) -> None:
        """Sleeps; wakes early and raises as ``check`` does."""


class CallObserver(Protocol):
    """Told of each exchange and each wait: the REST log, metrics, progress."""

    def waited(self, wait: Wait) -> None:
        """A wait begins."""

    def answered(self, call: CallRecord) -> None:
        """An exchange is over, well or not."""


class Run(Protocol):
    """How several questions are asked: ``map`` asks one after another, a pool of threads several at once."""

    def __call__(self, ask: Callable[[Q], A], questions: Iterable[Q], /) -> Iterable[A]:
        """What ``ask`` makes of each question, in their order."""


class Crew(Protocol):
    """The tasks of one piece of work, in pools of ``threads`` threads: one for single calls, one for chains of them."""

    threads: tuple[int, int]

    def start(self, pool: ThreadPoolExecutor, call: Callable[P, A], /, *args: P.args, **kwargs: P.kwargs) -> Future[A]:
        """Starts a task in a pool."""

    def waits(self, future: Future[Any], /) -> AbstractContextManager[None]:
        """While its caller does nothing but wait for a task."""
