"""How gunicorn serves the app: ``gunicorn --config deploy/gunicorn.conf.py 'app:app'``.

WEB_CONCURRENCY (gunicorn's own) is the number of processes, WEB_THREADS the threads of each; ``--bind`` overrides
``bind``. A request waits for portals most of its time, so threads are what counts. No access log: the app writes a
line a request itself, and gunicorn's would hold download links. No preloading: threads do not survive a fork.
"""

from __future__ import annotations

import os

bind = "127.0.0.1:8080"
worker_class = "gthread"
threads = int(os.environ.get("WEB_THREADS") or 48)
timeout = 60
graceful_timeout = 20
keepalive = 75
worker_tmp_dir = "/dev/shm"  # noqa: S108 # a heartbeat file that must not wait for a disk
control_socket_disable = True
