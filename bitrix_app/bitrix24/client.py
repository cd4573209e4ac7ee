"""The portal client: methods on top of a session on top of the transport."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from typing import Any

from bitrix_app.bitrix24.crm import CrmMethods
from bitrix_app.bitrix24.portal_methods import PortalMethods
from bitrix_app.bitrix24.session import PortalSession
from bitrix_app.bitrix24.transport import Transport
from bitrix_app.bitrix24.types import Answer, Bucket, CallObserver, StopSignal, TokenSource


class Bitrix24Client(CrmMethods, PortalMethods):
    """Speaks to one portal with one user's rights, for one piece of work (a report, a web request).

    Several threads may use it at once. ``clock`` gives Unix seconds, ``jitter`` a number from 0 to 1. The transport
    belongs to whoever made it.
    """

    def __init__(
        self,
        *,
        transport: Transport,
        tokens: TokenSource,
        bucket: Bucket,
        stop: StopSignal,
        observer: CallObserver,
        clock: Callable[[], float] = time.time,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        super().__init__()
        self._session = PortalSession(
            transport=transport,
            tokens=tokens,
            bucket=bucket,
            stop=stop,
            observer=observer,
            clock=clock,
            jitter=jitter,
        )

    def call(self, method: str, params: Mapping[str, Any] | None = None) -> Answer:
        """The good answer to one method; waits, renews the token and repeats as contract §5 says.

        Raises PortalError when that does not help, AuthorizationServerError when the token cannot be renewed, and
        what the stop signal raises.
        """
        return self._session.call(method, params or {})
