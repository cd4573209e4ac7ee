"""The portal client: words on top of manners on top of transport."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from typing import Any

from bitrix_app.bitrix24.invoice_words import InvoiceWords
from bitrix_app.bitrix24.manners import Manners
from bitrix_app.bitrix24.portal_words import PortalWords
from bitrix_app.bitrix24.ports import Bucket, CallObserver, StopSignal, TokenSource
from bitrix_app.bitrix24.records import Answer
from bitrix_app.bitrix24.transport import Transport


class Bitrix24Client(InvoiceWords, PortalWords):
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
        self._manners = Manners(
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
        return self._manners.call(method, params or {})
