"""Pages before reports, where both run in one process: a report lets go of the interpreter while a page is answered.

Python runs one thread at a time. A page's request lets the interpreter go some twenty times, at each look into the
database and each write to its socket, and a report that writes its files takes it each time. So the report waits once
instead: measured in ``benchmarks/results.md``, part 5.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug.wsgi import ClosingIterator

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

YOUNG_SECONDS = 0.05
"""A request that takes longer waits for somebody else, a portal or a slow reader, and needs no interpreter."""

STEP_SECONDS = 0.005
"""A report waits no longer than this before its next step: however many pages ask, it gets through."""


class PagesFirst:
    """Knows whether this process is answering requests. Safe to use from several threads."""

    def __init__(self, *, young: float = YOUNG_SECONDS, step: float = STEP_SECONDS) -> None:
        self._young = young
        self._step = step
        self._lock = threading.Lock()
        self._inside = 0
        self._last_came = 0.0
        self._quiet = threading.Event()

    def around(self, app: WSGIApplication) -> WSGIApplication:
        """The same application, its requests counted from their coming to their last byte.

        A file that the server sends by itself is not counted: nothing may stand between the two.
        """

        def counted(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            self._came()
            try:
                body = app(environ, start_response)
            except BaseException:
                self._went()
                raise
            if sent_by_server := isinstance(body, environ.get("wsgi.file_wrapper", ())):
                self._went()
            return body if sent_by_server else ClosingIterator(body, self._went)

        return counted

    @property
    def busy(self) -> bool:
        """Whether a request is being answered."""
        return self._inside > 0

    def give_way(self) -> None:
        """Before a report's next step: waits up to ``step`` seconds while a request younger than ``young`` seconds is
        being answered."""
        if self._inside and time.monotonic() - self._last_came < self._young:
            self._quiet.wait(self._step)

    def _came(self) -> None:
        with self._lock:
            self._inside += 1
            self._last_came = time.monotonic()
            self._quiet.clear()

    def _went(self) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._quiet.set()
