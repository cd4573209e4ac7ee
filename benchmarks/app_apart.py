"""``app.py`` as a process of its own, with our own bucket taken away (the demo portal's limits are off as well).

``python -m benchmarks.app_apart PORT SWITCH_SECONDS``; the settings come from the environment.
"""

from __future__ import annotations

import sys

import app
from benchmarks.ways.ours import unpace

if __name__ == "__main__":
    port, switch_seconds = sys.argv[1:]
    unpace()
    app.SWITCH_SECONDS = float(switch_seconds)
    sys.exit(app.main(["--port", port]))
