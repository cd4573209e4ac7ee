"""Реестр счетов: ``python app.py [--host 127.0.0.1] [--port 8080]``, or ``gunicorn 'app:app'`` for many processes.

The first serves the app with a production WSGI server and, on the embedded queue, builds reports in the same process.
"""

from __future__ import annotations

import argparse
import atexit
import functools
import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from typing import Any

from flask import Flask
from waitress import wasyncore
from waitress.server import create_server

from bitrix_app.__main__ import WORKER_BROKE, WRONG_SETTING, keep_files_private, listen, prepare_tables, stop_on_signals
from bitrix_app.errors import SettingsError
from bitrix_app.logs import set_up_logging
from bitrix_app.settings import Settings, load_settings
from bitrix_app.wiring import Services, build_services

SWITCH_SECONDS = 0.0001
"""How long a report's thread may keep the interpreter from a waiting page: a fiftieth of Python's default."""

BODY_BYTES = 12 * 2**20
"""The server keeps a body on the disk before the app sees it. The app's own caps are lower and answer in its words."""
CONNECTIONS = 500
ANSWER_SECONDS = 20.0
"""How long after the signal to stop the requests that are being served may still be answered."""
IDLE_SECONDS = 75
"""Whoever only holds connections open does not keep others out, nor uses up the usual 1024 open files; idle ones are
kept longer than a proxy in front keeps its side open."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT. → exit code: 0; 1 when something broke; 2 with one line for a wrong setting."""
    given = parser().parse_args(arguments)
    try:
        with closing(start()) as services:
            return serve(services, given.host, given.port)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return WRONG_SETTING


def parser() -> argparse.ArgumentParser:
    """The options."""
    options = argparse.ArgumentParser(description="Реестр счетов · the invoice register")
    options.add_argument("--host", default="127.0.0.1", help="адрес, на котором слушать · address to listen on")
    options.add_argument("--port", default=8080, type=int, help="порт · port")
    return options


def start() -> Services:
    """Settings read, logs set up, tables ready. Raises SettingsError."""
    keep_files_private()
    settings = load_settings()
    set_up_logging(settings.log_level, settings.log_format)
    services = build_services(settings)
    prepare_tables(services.database, settings)
    return services


def serve(services: Services, host: str, port: int) -> int:
    """The web server in threads of its own, the worker beside it on the embedded queue; ends on a signal, after the
    requests that are being served. → 0, or 1 with a message when the worker or the server broke.

    Raises SettingsError when the address cannot be listened on.
    """
    stopped = stop_on_signals()
    server: Any = create_server(services.flask_app(), sockets=[listen(host, port)], **server_options(services.settings))
    web = threading.Thread(target=server.run, name="web", daemon=True)
    if services.settings.embedded_queue:
        share_the_interpreter()
        services.jobs.start()
    web.start()
    while not services.jobs.broken and web.is_alive() and not stopped.wait(1.0):
        pass
    broken, died = services.jobs.broken, not web.is_alive()
    wasyncore.dispatcher.close(server)  # listens no more, and goes on serving
    deadline = time.monotonic() + ANSWER_SECONDS
    if services.settings.embedded_queue:
        services.jobs.stop()
    while is_serving(server) and web.is_alive() and time.monotonic() < deadline:
        time.sleep(0.05)
    server.close()
    if broken:
        print(WORKER_BROKE, file=sys.stderr)
    return 1 if broken or died else 0


def is_serving(server: Any) -> bool:
    """Whether a request has come whose answer has not gone out yet."""
    return any(each.requests or each.total_outbufs_len for each in list(server.active_channels.values()))


def share_the_interpreter() -> None:
    """Pages and reports run in one process: neither a report's thread nor garbage collection keeps a page waiting."""
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.freeze()  # what is here to stay is not gone through again and again


def server_options(settings: Settings) -> dict[str, Any]:
    """What the web server is told."""
    return {
        "threads": settings.web_threads,
        "ident": None,
        "clear_untrusted_proxy_headers": settings.proxy_hops == 0,
        "max_request_body_size": BODY_BYTES,
        "connection_limit": CONNECTIONS,
        "channel_timeout": IDLE_SECONDS,
        "asyncore_use_poll": True,
    }


@functools.cache
def application() -> Flask:
    """The WSGI application of this process. On the embedded queue the process builds reports too.

    A wrong setting ends the process with one line.
    """
    try:
        services = start()
    except SettingsError as error:
        raise SystemExit(str(error)) from error
    if services.settings.embedded_queue:
        share_the_interpreter()
        services.jobs.start()
        atexit.register(services.jobs.stop)
        threading.Thread(target=end_with_worker, args=(services,), name="end-with-worker", daemon=True).start()
    return services.flask_app()


def end_with_worker(services: Services, *, pause: float = 1.0) -> None:
    """Waits until the worker breaks, then tells the WSGI server to end this process, whose master starts another."""
    while not services.jobs.broken:
        time.sleep(pause)
    print(WORKER_BROKE, file=sys.stderr)
    os.kill(os.getpid(), signal.SIGTERM)


def __getattr__(name: str) -> Any:
    """``app:app`` is made when a WSGI server asks for it, so that importing this module starts nothing."""
    if name == "app":
        return application()
    raise AttributeError(name)


if __name__ == "__main__":
    sys.exit(main())
