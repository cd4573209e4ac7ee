"""What /metrics shows: the counters of this process, or of all processes that share PROMETHEUS_MULTIPROC_DIR.

With that variable, which prometheus_client reads itself and which gunicorn's configuration sets, each process keeps its
counters in files of that folder, and whichever process is asked adds them up.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, Metric, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from bitrix_app.bitrix24 import CallRecord, Wait

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

REPORT_SECONDS = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1200, 3600)


def shared_folder() -> str:
    """Where several processes keep their counters together; empty when each has its own."""
    return os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")


class QueueLength(Collector):
    """A gauge of waiting reports, counted at scrape time: every process tells the same number, so none are added up."""

    def __init__(self) -> None:
        self.count: Callable[[], float] = float

    def collect(self) -> Iterable[Metric]:
        """The gauge, counted now."""
        yield GaugeMetricFamily("queued_reports", "Reports that wait for a worker", self.count())


class Metrics:
    """A registry of our own with the counters of reports, portal calls, waiting and the queue."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        if shared_folder():
            Path(shared_folder()).mkdir(parents=True, exist_ok=True, mode=0o700)
        self._registry = CollectorRegistry()
        self._reports = Histogram(
            "report_seconds",
            "Attempts at reports by how they ended, and how long they took",
            ["status"],
            buckets=REPORT_SECONDS,
            registry=self._registry,
        )
        self._calls = Counter(
            "portal_calls",
            "REST calls by method and result (ok, or an error code)",
            ["method", "result"],
            registry=self._registry,
        )
        self._waits = Counter(
            "portal_wait_seconds", "Seconds waited for portals, by cause", ["cause"], registry=self._registry
        )
        self._queue = QueueLength()
        self._asked = CollectorRegistry()
        self._asked.register(self._queue)

    def report_finished(self, status: str, seconds: float) -> None:
        """An attempt ended: ``done``, ``failed``, ``cancelled``, ``handed_back``, ``lost``."""
        self._reports.labels(status).observe(seconds)

    def portal_call(self, method: str, result: str) -> None:
        """A REST call was answered (or not): ``ok`` or an error code."""
        self._calls.labels(method, result).inc()

    def waited(self, cause: str, seconds: float) -> None:
        """A call had to wait: ``bucket``, ``query_limit``, ``operating_time``, ``retry``."""
        self._waits.labels(cause).inc(seconds)

    def queue_length(self, count: Callable[[], float]) -> None:
        """Ask ``count`` for the queue's length whenever the metrics are read."""
        self._queue.count = count

    def render(self) -> bytes:
        """All of it in Prometheus' text format; its content type is ``content_type``."""
        counted = self._registry
        if shared_folder():
            counted = CollectorRegistry()
            MultiProcessCollector(counted, shared_folder())  # type: ignore[no-untyped-call]
        return generate_latest(counted) + generate_latest(self._asked)


def opens(token: str, authorization: str) -> bool:
    """Whether this ``Authorization`` header brings the token of METRICS_TOKEN; without one set, nothing opens."""
    given = authorization.removeprefix("Bearer ").strip()
    return bool(token) and hmac.compare_digest(token.encode(), given.encode("utf-8", "replace"))


def metrics_page(metrics: Metrics, token: str) -> WSGIApplication:
    """``/metrics`` of a process that has no other page: a worker's. 404 for everybody and everything else."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        is_asked = environ.get("PATH_INFO") == "/metrics" and environ.get("REQUEST_METHOD") == "GET"
        if not is_asked or not opens(token, environ.get("HTTP_AUTHORIZATION", "")):
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"not found"]
        start_response("200 OK", [("Content-Type", metrics.content_type), ("Cache-Control", "no-store")])
        return [metrics.render()]

    return answer


KNOWN_CODES = frozenset(
    {
        "QUERY_LIMIT_EXCEEDED",
        "OPERATION_TIME_LIMIT",
        "expired_token",
        "OVERLOAD_LIMIT",
        "ACCESS_DENIED",
        "PORTAL_DELETED",
    }
)
"""Codes that are worth a line of their own; a hostile portal must not be able to make lines without end."""


class CallMeter:
    """Counts the calls and waits of portal clients. A ``bitrix24.CallObserver``."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def waited(self, wait: Wait) -> None:
        """Adds the seconds to their cause."""
        self._metrics.waited(wait.reason, wait.seconds)

    def answered(self, call: CallRecord) -> None:
        """Counts the call under its result: ``ok``, a code that we know, ``http_…`` or ``no_answer``."""
        self._metrics.portal_call(call.method, _result(call))


def _result(call: CallRecord) -> str:
    if call.portal_code in KNOWN_CODES:
        return call.portal_code
    if call.status is None:
        return "no_answer"
    return "ok" if call.status == 200 and not call.portal_code else f"http_{call.status}"
