"""How gunicorn serves the app: ``gunicorn --config deploy/gunicorn.conf.py 'app:app'``.

WEB_CONCURRENCY (gunicorn's own) is the number of processes, WEB_THREADS the threads of each; ``--bind`` overrides
``bind``. A request waits for portals most of its time, so threads are what counts. No access log: the app writes a
line a request itself, and gunicorn's would hold download links. No preloading: threads do not survive a fork.
The processes add up their counters for /metrics in a folder that lasts as long as gunicorn does.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from typing import Any

bind = "127.0.0.1:8080"
worker_class = "gthread"
threads = int(os.environ.get("WEB_THREADS") or 96)
timeout = 60
graceful_timeout = 20
keepalive = 75
worker_tmp_dir = "/dev/shm"  # noqa: S108 # a heartbeat file that must not wait for a disk
control_socket_disable = True

COUNTERS = "PROMETHEUS_MULTIPROC_DIR"
"""Read by prometheus_client when a process loads the app; whoever sets it looks after that folder."""

_made: list[str] = []


def on_starting(server: Any) -> None:  # noqa: ARG001 - gunicorn's signature
    """Once, before there are any processes."""
    if not os.environ.get(COUNTERS):
        _made.append(tempfile.mkdtemp(prefix="invoice-register-", dir=worker_tmp_dir))
        os.environ[COUNTERS] = _made[0]


def on_exit(server: Any) -> None:  # noqa: ARG001 - gunicorn's signature
    """Once, when all processes have ended."""
    for folder in _made:
        shutil.rmtree(folder, ignore_errors=True)
