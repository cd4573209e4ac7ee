"""How ``app.py`` serves: it ends when its worker breaks, and still answers those whom it served when told to stop."""

from __future__ import annotations

import http.client
import os
import signal
import threading
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

import pytest

import app
from tests.live import free_port, until


class Jobs:
    """In place of the job service."""

    def __init__(self) -> None:
        self.broken = False
        self.started, self.stopped = threading.Event(), threading.Event()

    def start(self) -> None:
        self.started.set()

    def stop(self) -> None:
        self.stopped.set()


class Serving:
    """``app.serve`` in a thread, over a WSGI application of the test's; ``stop`` is the operator's signal."""

    def __init__(self, wsgi: Callable[..., Iterable[bytes]]) -> None:
        self.jobs, self.port, self.code = Jobs(), free_port(), None
        settings = SimpleNamespace(web_threads=2, proxy_hops=0, embedded_queue=True)
        services: Any = SimpleNamespace(flask_app=lambda: wsgi, settings=settings, jobs=self.jobs)
        self._stopped = threading.Event()
        self.thread = threading.Thread(target=lambda: self._serve(services), daemon=True)

    def _serve(self, services: Any) -> None:
        self.code = app.serve(services, "127.0.0.1", self.port)

    def ended(self) -> int | None:
        self.thread.join(60)
        assert not self.thread.is_alive()
        return self.code


@pytest.fixture
def stop(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """What SIGTERM sets: handlers can only be set in the main thread."""
    event = threading.Event()
    monkeypatch.setattr(app, "stop_on_signals", lambda: event)
    monkeypatch.setattr(app, "share_the_interpreter", lambda: None)
    return event


def hello(_environ: Any, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Length", "5")])
    return [b"hello"]


def test_a_broken_worker_ends_the_process_with_a_message(
    stop: threading.Event, capsys: pytest.CaptureFixture[str]
) -> None:
    serving = Serving(hello)
    serving.thread.start()
    assert serving.jobs.started.wait(60)
    serving.jobs.broken = True
    assert serving.ended() == 1
    assert serving.jobs.stopped.is_set()
    assert "worker" in capsys.readouterr().err


def test_a_request_that_is_being_served_is_answered_though_the_process_stops(stop: threading.Event) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def slow(environ: Any, start_response: Any) -> Iterable[bytes]:
        inside.set()
        go_on.wait(60)
        return hello(environ, start_response)

    serving = Serving(slow)
    serving.thread.start()
    assert serving.jobs.started.wait(60)
    connection = http.client.HTTPConnection("127.0.0.1", serving.port, timeout=60)
    connection.request("GET", "/")
    assert inside.wait(60)
    stop.set()
    assert serving.jobs.stopped.wait(60)
    until(lambda: refuses(serving.port))
    go_on.set()
    assert connection.getresponse().read() == b"hello"
    connection.close()
    assert serving.ended() == 0


def test_who_only_holds_a_connection_open_does_not_keep_the_process(stop: threading.Event) -> None:
    serving = Serving(hello)
    serving.thread.start()
    assert serving.jobs.started.wait(60)
    connection = http.client.HTTPConnection("127.0.0.1", serving.port, timeout=60)
    connection.request("GET", "/")
    assert connection.getresponse().read() == b"hello"
    stop.set()
    assert serving.ended() == 0
    connection.close()


def refuses(port: int) -> bool:
    """Whether nobody listens there any more."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.connect()
    except ConnectionRefusedError:
        return True
    finally:
        connection.close()
    return False


def test_under_another_server_a_broken_worker_asks_for_the_end_of_its_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    jobs, sent = Jobs(), []
    monkeypatch.setattr(app.os, "kill", lambda process, number: sent.append((process, number)))
    services: Any = SimpleNamespace(jobs=jobs)
    watching = threading.Thread(target=lambda: app.end_with_worker(services, pause=0.01), daemon=True)
    watching.start()
    jobs.broken = True
    watching.join(60)
    assert sent == [(os.getpid(), signal.SIGTERM)]
    assert "worker" in capsys.readouterr().err
