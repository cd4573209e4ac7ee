"""``app.py`` as a process of its own, with our own bucket taken away (the demo portal's limits are off as well), and
with no limit on a user's calls: the page of these benchmarks asks more often than any real one.

``python -m benchmarks.app_subprocess PORT SECONDS``; SECONDS of the switch interval, or ``own`` for what
``app.py`` sets. The settings come from the environment.
"""

from __future__ import annotations

import sys

import app
from benchmarks.ways.ours import unpace
from bitrix_app.web import limits

if __name__ == "__main__":
    port, interval = sys.argv[1:]
    unpace()
    limits.REQUESTS_OF_USER = "1000000 per minute"
    if interval != "own":
        app.SWITCH_SECONDS = float(interval)
    sys.exit(app.main(["--port", port]))
