"""``python -m demo_portal``: one command starts everything, one Ctrl-C stops it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).parents[2]
STUB = """
import http.server, json, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({name: os.environ[name] for name in ("APP_URL", "BITRIX_OAUTH_URL", "DATABASE_URL")}).encode()
        self.send_response(200); self.end_headers(); self.wfile.write(body)
port = int(sys.argv[sys.argv.index("--port") + 1])
http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


def demo(folder: Path, app: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "demo_portal", "--var", str(folder), "--app", str(app), "--invoices", "20"]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_printed_address_opens_and_an_interrupt_stops_both(tmp_path: Path) -> None:
    """The portal answers at the address; the application has its settings; nothing is left behind."""
    app = tmp_path / "stub.py"
    app.write_text(STUB, encoding="utf-8")
    with demo(tmp_path / "var", app) as process:
        assert process.stdout is not None
        address = next(found[0] for line in process.stdout if (found := re.search(r"http://localhost:\d+/", line)))
        page = requests.get(address, timeout=60).text
        assert 'data-embed="DEFAULT"' in page
        launch = requests.post(f"{address}demo/launch", json={}, timeout=60).json()
        settings = requests.get(launch["origin"], timeout=60).json()
        assert settings["APP_URL"] == launch["origin"]
        assert str(tmp_path / "var") in settings["DATABASE_URL"]
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    for address in (settings["BITRIX_OAUTH_URL"], launch["origin"]):
        with pytest.raises(requests.ConnectionError):
            requests.get(address, timeout=2)


def test_an_application_that_does_not_start_is_told_with_its_own_words(tmp_path: Path) -> None:
    """Exit status 1 and the end of the application's log."""
    app = tmp_path / "broken.py"
    app.write_text("raise SystemExit('SECRET_KEY is not set')", encoding="utf-8")
    with demo(tmp_path / "var", app) as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "SECRET_KEY is not set" in errors
