"""What /metrics shows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from werkzeug.test import Client

from bitrix_app.bitrix24 import CallRecord
from bitrix_app.metrics import CallMeter, Metrics, metrics_page


def test_what_happened_is_counted_under_its_names() -> None:
    metrics = Metrics()
    metrics.report_finished("done", 12.5)
    metrics.portal_call("crm.item.list", "ok")
    metrics.portal_call("crm.item.list", "ok")
    metrics.portal_call("crm.item.list", "query_limit_exceeded")
    metrics.waited("bucket", 0.5)
    metrics.waited("bucket", 0.25)
    metrics.queue_length(lambda: 7)
    shown = metrics.render().decode()
    for line in (
        'report_seconds_count{status="done"} 1.0',
        'report_seconds_sum{status="done"} 12.5',
        'portal_calls_total{method="crm.item.list",result="ok"} 2.0',
        'portal_calls_total{method="crm.item.list",result="query_limit_exceeded"} 1.0',
        'portal_wait_seconds_total{cause="bucket"} 0.75',
        "queued_reports 7.0",
    ):
        assert line in shown.splitlines()


@pytest.mark.parametrize(
    ("status", "code", "result"),
    [
        (200, "", "ok"),
        (503, "QUERY_LIMIT_EXCEEDED", "QUERY_LIMIT_EXCEEDED"),
        (200, "ERROR_OF_A_PLUGIN", "http_200"),
        (503, "", "http_503"),
        (None, "", "no_answer"),
    ],
)
def test_a_call_is_counted_under_what_became_of_it(status: int | None, code: str, result: str) -> None:
    """A code that only one portal knows makes no counter of its own."""
    metrics = Metrics()
    CallMeter(metrics).answered(CallRecord("profile", status, code, 0.1, None, 10, 10, "id"))
    assert f'portal_calls_total{{method="profile",result="{result}"}} 1.0' in metrics.render().decode()


def test_counters_belong_to_their_object() -> None:
    first, second = Metrics(), Metrics()
    first.portal_call("profile", "ok")
    assert "profile" not in second.render().decode()


COUNTING = """
from bitrix_app.metrics import Metrics
metrics = Metrics()
metrics.queue_length(lambda: 7)
metrics.portal_call("profile", "ok")
metrics.report_finished("done", 12.5)
print(metrics.render().decode())
"""


def test_processes_that_share_a_folder_are_one_counter(tmp_path: Path) -> None:
    """Each process adds to what the others, even ended ones, have counted; the queue's length is not multiplied."""
    environ = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "counters")}
    run = [sys.executable, "-c", COUNTING]
    shown = [subprocess.run(run, env=environ, capture_output=True, text=True, check=True).stdout for _ in range(3)]
    for nth, each in enumerate(shown, 1):
        lines = each.splitlines()
        assert f'portal_calls_total{{method="profile",result="ok"}} {nth}.0' in lines
        assert f'report_seconds_sum{{status="done"}} {nth * 12.5}' in lines
        assert [line for line in lines if line.startswith("queued_reports")] == ["queued_reports 7.0"]


@pytest.mark.parametrize(
    ("token", "path", "authorization", "status"),
    [
        ("secret", "/metrics", "Bearer secret", 200),
        ("secret", "/metrics", "Bearer other", 404),
        ("secret", "/metrics", "", 404),
        ("secret", "/", "Bearer secret", 404),
        ("", "/metrics", "Bearer ", 404),
    ],
)
def test_a_workers_metrics_open_to_the_token_alone(token: str, path: str, authorization: str, status: int) -> None:
    """A worker has no other page; without METRICS_TOKEN nothing is shown."""
    metrics = Metrics()
    metrics.portal_call("profile", "ok")
    answer = Client(metrics_page(metrics, token)).get(path, headers={"Authorization": authorization})
    assert (answer.status_code, "profile" in answer.text) == (status, status == 200)
