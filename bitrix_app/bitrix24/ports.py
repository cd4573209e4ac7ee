"""What the portal client needs from the outside, as Protocols."""

from __future__ import annotations

from typing import Protocol

from bitrix_app.bitrix24.records import AccessToken, CallRecord, Wait


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
