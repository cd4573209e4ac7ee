"""What /metrics shows."""

from __future__ import annotations

import pytest
from werkzeug.test import Client

from bitrix_app.metrics import Metrics, metrics_page


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


def test_counters_belong_to_their_object() -> None:
    first, second = Metrics(), Metrics()
    first.portal_call("profile", "ok")
    assert "profile" not in second.render().decode()


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
