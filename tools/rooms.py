"""How many files of ``bitrix_app/`` one has to read: ``python -m tools.rooms`` (``--files`` names each).

A profiler counts the files in which a function runs during a launch (``POST /app``), an order (``POST
/api/v1/reports``) and a report from claim to done: embedded set-up on SQLite, with a demo portal in this process.
Beside them stand the files and the lines of code (without blank lines, comments and docstrings) of each room.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import io
import os
import re
import sys
import tempfile
import threading
import time
import tokenize
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from types import FrameType
from typing import Any

import app
from demo_portal import DemoWorld
from demo_portal.data import sample

ROOT = Path(__file__).resolve().parents[1] / "bitrix_app"
LAUNCH, ORDER, REPORT = "launch", "order", "report"
TODAY = date(2026, 11, 24)
PATIENCE_SECONDS = 120.0
SESSION_TOKEN = re.compile(r'<meta name="session-token" content="([^"]+)"')


class Profiler:
    """Notes in which files functions run, by thread: the object, for the system gives a number of its own to a thread
    only until it ends. ``started_by``: thread → the thread that started it."""

    def __init__(self) -> None:
        self.entered: dict[threading.Thread, set[str]] = {}
        self.claimants: set[threading.Thread] = set()
        self.started_by: dict[threading.Thread, threading.Thread] = {}

    @contextmanager
    def running(self) -> Iterator[Profiler]:
        """Profile this thread and those that are started meanwhile."""
        start = threading.Thread.start
        started_by = self.started_by

        def noted_start(thread: threading.Thread) -> None:
            started_by[thread] = threading.current_thread()
            start(thread)

        threading.Thread.start = noted_start  # type: ignore[method-assign]
        threading.setprofile(self._note)
        sys.setprofile(self._note)
        try:
            yield self
        finally:
            sys.setprofile(None)
            threading.setprofile(None)
            threading.Thread.start = start  # type: ignore[method-assign]

    def _note(self, frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if event != "call" or not code.co_flags & inspect.CO_OPTIMIZED or not code.co_filename.startswith(str(ROOT)):
            return  # module and class bodies are not functions
        thread = threading.current_thread()
        if code.co_name == "claim" and "storage" in code.co_filename:
            self.claimants.add(thread)
        self.entered.setdefault(thread, set()).add(code.co_filename)

    def files(self, threads: Callable[[threading.Thread], bool] = lambda _: True) -> set[Path]:
        """The files entered by these threads, relative to the package."""
        names = {name for thread, entered in self.entered.items() if threads(thread) for name in entered}
        return {Path(name).relative_to(ROOT) for name in names}

    def works_on_a_report(self, thread: threading.Thread) -> bool:
        """Whether the thread claims reports, or was started by one that does."""
        seen: threading.Thread | None = thread
        while seen is not None and seen not in self.claimants:
            seen = self.started_by.get(seen)
        return seen is not None


def measured() -> dict[str, set[Path]]:
    """Launch, order, report → the files entered."""
    with tempfile.TemporaryDirectory() as folder, DemoWorld("http://app.example") as world:
        portal = world.add_portal()
        sample.fill(portal.crm, today=TODAY, invoices=300)
        os.environ.update(_settings(Path(folder), world))
        with closing(app.start()) as services:
            return _story(services, portal)


def _settings(folder: Path, world: DemoWorld) -> dict[str, str]:
    return {
        **world.environment(),
        "SECRET_KEY": "a key for measuring that is long enough",
        "DATABASE_URL": f"sqlite:///{folder}/app.db",
        "QUEUE_URL": f"sqlite:///{folder}/queue.db",
        "REPORTS_DIR": str(folder / "reports"),
        "REST_LOG": str(folder / "rest.log"),
        "WORK_DIR": str(folder / "work"),
        "LOG_LEVEL": "ERROR",
    }


def _story(services: Any, portal: Any) -> dict[str, set[Path]]:
    browser = services.flask_app().test_client()
    form = portal.launch_form()
    _expect(200, browser.post("/install", query_string=form.query, data=form.body))

    form = portal.launch_form(portal.accountant)
    with Profiler().running() as launch:
        page = _expect(200, browser.post("/app", query_string=form.query, data=form.body))
    (token,) = SESSION_TOKEN.findall(page.text)
    headers = {"Authorization": f"Bearer {token}"}

    params = {"date_from": "2026-07-01", "date_to": "2026-09-30", "detailed": True}
    with Profiler().running() as order:
        report = _expect(202, browser.post("/api/v1/reports", headers=headers, json=params)).json

    with Profiler().running() as work:
        services.jobs.start()
        try:
            _wait_until_done(lambda: browser.get(f"/api/v1/reports/{report['id']}", headers=headers).json)
        finally:
            services.jobs.stop()
    return {LAUNCH: launch.files(), ORDER: order.files(), REPORT: work.files(work.works_on_a_report)}


def _expect(status: int, answer: Any) -> Any:
    if answer.status_code != status:
        raise RuntimeError(f"{answer.request.path}: {answer.status_code} {answer.text}")
    return answer


def _wait_until_done(asked: Callable[[], dict[str, Any]]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (report := asked())["status"] in {"queued", "running"}:
        if time.monotonic() > deadline:
            raise TimeoutError(f"the report is not ready: {report}")
        threading.Event().wait(0.2)
    if report["status"] != "done":
        raise RuntimeError(f"the report came to a bad end: {report}")


def room_of(path: Path) -> str:
    """A folder's name, or ``(top)``."""
    return path.parts[0] if len(path.parts) > 1 else "(top)"


def sources() -> list[Path]:
    """All modules of the package but the migrations, relative to it."""
    found = (path.relative_to(ROOT) for path in ROOT.rglob("*.py"))
    return sorted(path for path in found if "migrations" not in path.parts)


def code_lines(text: str) -> int:
    """Lines that hold code: no blank lines, comments or docstrings."""
    ignored = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    lines = {n for token in tokens if token.type not in ignored for n in range(token.start[0], token.end[0] + 1)}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            lines -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(lines)


def table(entered: dict[str, set[Path]]) -> str:
    """A Markdown table, a room a line."""
    kinds = (REPORT, LAUNCH, ORDER)
    modules = sources()
    lines = [f"| room | files | lines of code | {' | '.join(kinds)} |", "| --- " + "| ---: " * (2 + len(kinds)) + "|"]
    rooms = sorted({room_of(path) for path in modules}, key=lambda name: (name == "(top)", name))
    for room in (*rooms, None):
        own = [path for path in modules if room in {None, room_of(path)}]
        size = sum(code_lines((ROOT / path).read_text(encoding="utf-8")) for path in own)
        counts = [sum(room in {None, room_of(path)} for path in entered[kind]) for kind in kinds]
        lines.append(f"| {room or 'all'} | {len(own)} | {size:,} | {' | '.join(map(str, counts))} |")
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tools.rooms", description=__doc__)
    parser.add_argument("--files", action="store_true", help="name the files that a report, a launch, an order enters")
    options = parser.parse_args(arguments)
    entered = measured()
    sys.stdout.write(table(entered))
    if options.files:
        for kind, paths in entered.items():
            sys.stdout.write(f"\n{kind}: {len(paths)}\n" + "".join(f"  {path}\n" for path in sorted(paths)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
