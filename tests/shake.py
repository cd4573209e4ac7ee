"""A pytest plugin that shakes the tests: random pauses where threads meet (``make shake``, off by default).

A pause may come when a thread begins, before and after a job of a pool, an HTTP call, a request to the web
application, and a database statement. Each test has its own sequence of pauses, drawn of the seed and the test's name;
the seed stands in the header, and ``make shake SEED=…`` draws the same again. What other threads do meanwhile is not
drawn, so that a failure may need a few tries to come back. Worker processes of their own are not shaken.
"""

from __future__ import annotations

import functools
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import thread as pool
from typing import Any

import flask
import pytest
import requests
from sqlalchemy import Engine, event

CHANCE = 0.15
LONG_CHANCE = 0.1
SHORT_SECONDS, LONG_SECONDS = 0.002, 0.04

_sleep = time.sleep  # as it is now: tests may replace it


class Shaker:
    """Draws pauses. Safe to share between threads."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._lock = threading.Lock()
        self.begin("")

    def begin(self, test: str) -> None:
        """Draw for this test from now on."""
        with self._lock:
            self._random = random.Random(f"{self._seed} {test}")

    def pause(self, *_: object) -> None:
        """Wait for a random moment, mostly for none."""
        with self._lock:
            seconds = 0.0
            if self._random.random() < CHANCE:
                longest = LONG_SECONDS if self._random.random() < LONG_CHANCE else SHORT_SECONDS
                seconds = self._random.uniform(0, longest)
        if seconds:
            _sleep(seconds)

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function with a pause before and after it."""

        @functools.wraps(function)
        def shaken(*args: Any, **options: Any) -> Any:
            self.pause()
            try:
                return function(*args, **options)
            finally:
                self.pause()

        return shaken


class Plugin:
    """The hooks of one pytest process."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._shaker = Shaker(seed)
        self._patch = pytest.MonkeyPatch()

    def pytest_report_header(self) -> str:
        return f"shaken with seed {self._seed} (make shake SEED={self._seed} draws the same pauses)"

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        terminalreporter.write_line(f"shaken with seed {self._seed}")

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._shaker.begin(nodeid)

    def pytest_sessionstart(self) -> None:
        around = self._shaker.around
        for owner, name in (
            (threading.Thread, "_bootstrap_inner"),
            (pool._WorkItem, "run"),
            (requests.Session, "send"),
            (flask.Flask, "wsgi_app"),
        ):
            self._patch.setattr(owner, name, around(getattr(owner, name)))
        for moment in ("before_cursor_execute", "after_cursor_execute"):
            event.listen(Engine, moment, self._shaker.pause)

    def pytest_sessionfinish(self) -> None:
        self._patch.undo()
        for moment in ("before_cursor_execute", "after_cursor_execute"):
            event.remove(Engine, moment, self._shaker.pause)


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--shake-seed``."""
    parser.addoption("--shake-seed", default="", help="the seed of the random pauses (default: another one each time)")


def pytest_configure(config: pytest.Config) -> None:
    """Shake; the processes that run tests side by side are told the seed of the first one."""
    config.option.shake_seed = config.option.shake_seed or str(random.randrange(10**6))
    config.pluginmanager.register(Plugin(config.option.shake_seed), "shaking")
