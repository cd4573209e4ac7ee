"""Several web processes under gunicorn, as deploy/ runs them: whichever answers, the figures are everybody's."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from demo_portal import DemoWorld
from tests.kept import kept_in
from tests.live import free_port, until

ROOT = Path(__file__).parents[2]
TOKEN = {"Authorization": "Bearer open sesame"}


@contextmanager
def gunicorn(world: DemoWorld, folder: Path, processes: int) -> Iterator[str]:
    """The app under gunicorn with deploy's configuration. → its address."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    world.set_app_url(url)
    environ = {
        **{name: value for name, value in os.environ.items() if name != "PROMETHEUS_MULTIPROC_DIR"},
        **world.environment(),
        "SECRET_KEY": "a key for tests that is long enough",
        **kept_in(folder),
        "METRICS_TOKEN": "open sesame",
        "WEB_CONCURRENCY": str(processes),
    }
    command = [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", "--bind", f"127.0.0.1:{port}"]
    with (folder / "gunicorn.log").open("wb") as log:
        process = subprocess.Popen([*command, "app:app"], cwd=ROOT, env=environ, stdout=log, stderr=log)
    try:
        until(lambda: is_ready(url), what=f"gunicorn, see {folder}")
        yield url
    finally:
        process.terminate()
        process.wait(60)


def is_ready(url: str) -> bool:
    """Whether a process answers."""
    try:
        return requests.get(f"{url}/readyz", timeout=30).status_code == 200
    except requests.ConnectionError:
        return False


def counted(url: str) -> list[str]:
    """What /metrics says of calls, asked over a connection of its own."""
    answer = requests.get(f"{url}/metrics", headers={**TOKEN, "Connection": "close"}, timeout=30)
    assert answer.status_code == 200, answer.text
    return [line for line in answer.text.splitlines() if line.startswith("portal_calls_total")]


def test_counters_do_not_jump_between_processes(tmp_path: Path) -> None:
    """Without a common folder each process would tell what it has counted itself, now more, now less."""
    with DemoWorld() as world, gunicorn(world, tmp_path, processes=2) as url:
        for _ in range(4):
            assert world.add_portal().install(url).status_code == 200
        asked = [counted(url) for _ in range(20)]
    assert 'portal_calls_total{method="profile",result="ok"} 8.0' in asked[0]
    assert all(each == asked[0] for each in asked)


SLOW = """
import pathlib, time

def app(environ, start_response):
    pathlib.Path("inside").touch()
    while not pathlib.Path("go").exists():
        time.sleep(0.02)
    start_response("200 OK", [("Content-Length", "5")])
    return [b"hello"]
"""


def test_a_request_that_is_being_served_is_answered_though_gunicorn_stops(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    port, answers = free_port(), []
    config = ["--config", str(ROOT / "deploy/gunicorn.conf.py"), "--bind", f"127.0.0.1:{port}"]
    with (tmp_path / "gunicorn.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", *config, "slow:app"], cwd=tmp_path, stdout=log, stderr=log
        )
    try:
        until(lambda: listens(port), what="gunicorn")
        asking = threading.Thread(target=lambda: answers.append(requests.get(f"http://127.0.0.1:{port}", timeout=60)))
        asking.start()
        until((tmp_path / "inside").exists, what="the request")
        process.terminate()
        until(lambda: "Handling signal: term" in (tmp_path / "gunicorn.log").read_text(), what="gunicorn's stop")
        (tmp_path / "go").touch()
        asking.join(60)
        assert [each.text for each in answers] == ["hello"]
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait(60)


def listens(port: int) -> bool:
    """Whether somebody takes connections there."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=60).close()
    except ConnectionRefusedError:
        return False
    return True
