"""``make demo``: the demo portal with sample data, and the application embedded in it. Ctrl-C stops both."""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfoNotFoundError

import requests

from demo_portal import ways
from demo_portal.data import sample
from demo_portal.world import DemoWorld

_ROOT = Path(__file__).resolve().parent.parent
_PORTS = {"portal": 8090, "oauth": 8091, "app": 8092}
_PATIENCE = 60.0
_SCOPES = ("crm", "placement", "user_brief", "department", "im", "disk", "bizproc")


class DemoError(Exception):
    """The demo cannot start; the message says why."""


def main(arguments: list[str] | None = None) -> int:
    """Run the demo until it is interrupted; 1 when the application does not start."""
    options = _options(arguments)
    folder = _folder(options.var, keep=options.keep)
    port = free_port(_PORTS["app"])
    oauth_port = free_port(_PORTS["oauth"])
    with DemoWorld(f"http://127.0.0.1:{port}", oauth_port=oauth_port, portal_host="localhost", scopes=_SCOPES) as world:
        portal = world.add_portal(member_id="demo" + "0" * 28, port=free_port(_PORTS["portal"]), **options.ways)
        portal.pace.latency = options.latency
        sample.fill(portal.crm, today=options.today, seed=options.seed, invoices=options.invoices)
        app = _started(options.app, port, {**os.environ, **world.environment(), **_storage(folder)}, folder)
        try:
            _wait_until_up(app, f"http://127.0.0.1:{port}/healthz", folder)
            _say(portal.url)
            _until_interrupted(app)
        except DemoError as failure:
            sys.stderr.write(f"{failure}\n")
            return 1
        finally:
            _stop(app)
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m demo_portal", description=__doc__)
    parser.add_argument("--invoices", type=int, default=600, help="how many invoices the sample has (600)")
    parser.add_argument("--seed", type=int, default=24, help="another seed gives other sample data")
    parser.add_argument("--today", type=date.fromisoformat, default=date.today(), help="the day the sample ends with")  # noqa: DTZ011  # the day of whoever looks at the demo
    parser.add_argument("--latency", type=float, default=0.1, help="seconds each REST call takes (0.1)")
    parser.add_argument("--way", action="append", default=[], help="a genuine way: filter_keys=on (see ways.py)")
    parser.add_argument("--keep", action="store_true", help="keep the reports of the last demo")
    parser.add_argument("--var", type=Path, default=_ROOT / "var" / "demo", help="where the application keeps its data")
    parser.add_argument("--app", type=Path, default=_ROOT / "app.py", help="the application to embed")
    options = parser.parse_args(arguments)
    try:
        options.ways = ways.parsed(options.way)
    except (ValueError, ZoneInfoNotFoundError) as refused:
        parser.error(str(refused))
    return options


def free_port(preferred: int) -> int:
    """``preferred`` if nobody listens there, else any free port."""
    for port in (preferred, 0):
        with closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise DemoError("no free port on 127.0.0.1")


def _folder(folder: Path, *, keep: bool) -> Path:
    if not keep:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


def _storage(folder: Path) -> dict[str, str]:
    key = folder / "secret-key"
    if not key.exists():
        key.write_text(secrets.token_urlsafe(32), encoding="ascii")
    return {
        "SECRET_KEY": key.read_text(encoding="ascii"),
        "DATABASE_URL": f"sqlite:///{folder}/app.db",
        "QUEUE_URL": f"sqlite:///{folder}/queue.db",
        "REPORTS_DIR": str(folder / "reports"),
        "REST_LOG": str(folder / "rest.log"),
        "WORK_DIR": str(folder / "work"),
    }


def _started(app: Path, port: int, environment: dict[str, str], folder: Path) -> subprocess.Popen[bytes]:
    """The application as a process of its own session: Ctrl-C reaches it through us, after the last report step."""
    with (folder / "app.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, str(app), "--host", "127.0.0.1", "--port", str(port)],
            cwd=_ROOT,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _wait_until_up(app: subprocess.Popen[bytes], address: str, folder: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if app.poll() is not None:
            log = (folder / "app.log").read_text(encoding="utf-8", errors="replace")
            raise DemoError(f"The application stopped ({app.returncode}):\n{log[-3000:]}")
        try:
            if requests.get(address, timeout=2).status_code == 200:
                return
        except requests.RequestException:
            pass
        time.sleep(0.1)
    raise DemoError(f"The application does not answer at {address}; its log is {folder / 'app.log'}")


def _say(address: str) -> None:
    sys.stdout.write(
        "\nДемо-портал с приложением «Реестр счетов» / the demo portal with the application in it:\n\n"
        f"    {address}/\n\n"
        "Откройте адрес: приложение установится и появится в левом меню, в списке счетов, в карточках и в аналитике.\n"
        "Ctrl-C останавливает всё / stops everything.\n\n"
    )
    sys.stdout.flush()


def _until_interrupted(app: subprocess.Popen[bytes]) -> None:
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, stop)
    while not stopping:
        if app.poll() is not None:
            raise DemoError(f"The application stopped by itself ({app.returncode}).")
        time.sleep(0.2)


def _stop(app: subprocess.Popen[bytes]) -> None:
    if app.poll() is None:
        app.terminate()
        try:
            app.wait(20)
        except subprocess.TimeoutExpired:
            app.kill()
            app.wait()


if __name__ == "__main__":
    sys.exit(main())
