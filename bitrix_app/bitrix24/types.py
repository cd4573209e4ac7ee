"""What goes in and out of the portal client: frozen values that never show a token, and Protocols of what it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol, TypeVar

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
    the portal's clock): when the oldest minute of them is forgotten [limits].
    """

    result: Any
    total: int | None = None
    next: int | None = None
    operating: Decimal | None = None
    operating_reset_at: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Records of a list, in the rising order of their ids where they have one; ``total`` only where the portal was
    asked to count, ``next`` where the list is read by number: with which record the next page begins."""

    items: list[dict[str, Any]]
    total: int | None = None
    next: int | None = None


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
class CallRecord:
    """One HTTP exchange for the REST log: no bodies, no personal data.

    ``status`` is None when no answer came; ``duration`` in seconds; ``received_bytes`` after decompression.
    """

    method: str
    status: int | None
    portal_code: str
    duration: float
    operating: Decimal | None
    sent_bytes: int
    received_bytes: int
    request_id: str


@dataclass(frozen=True, slots=True)
class TokenOwner:
    """Whose access token it is, as the authorization server at ``root`` confirms. ``expires_at`` in Unix seconds."""

    member_id: str
    client_endpoint: str
    domain: str
    user_id: int
    scopes: frozenset[str]
    expires_at: int | None
    root: str = ""


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
