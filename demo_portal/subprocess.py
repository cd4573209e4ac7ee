"""A portal of any size in a process of its own, so that a benchmark does not share its interpreter.

with portal_subprocess(invoices=1000, rows=5, latency=0.1) as portal:
    portal.client_endpoint, portal.access_token, portal.webhook_url
    portal.stats()["calls"]
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import requests

from demo_portal.data import scaled
from demo_portal.ways import parsed
from demo_portal.world import DemoWorld

_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Options:
    """What the portal is like: its size, seconds of latency and of work a call, limits on or off, genuine ways as
    texts (``filter_keys=on``)."""

    invoices: int = 1000
    rows: int = 5
    latency: float = 0.0
    execution: float = 0.02
    limits: bool = True
    enterprise: bool = False
    app_url: str = "http://127.0.0.1:8080"
    ways: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PortalSubprocess:
    """Addresses and tokens (of the administrator) of the portal, and what the generator says of its data."""

    url: str
    client_endpoint: str
    webhook_url: str
    member_id: str
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    environment: dict[str, str] = field(repr=False)
    invoices: int
    rows: int
    first: str
    last: str
    amount: str
    vat: str

    def stats(self) -> dict[str, Any]:
        """Counters since the last reset: ``calls``, ``by_method``, ``errors``, ``rejected``, ``peak``, ``refused``,
        ``peak_in_flight``."""
        answer: dict[str, Any] = requests.get(f"{self.url}/demo/stats", timeout=30).json()
        return answer

    def reset(self) -> None:
        """Empty the bucket, forget counters and operating time."""
        requests.post(f"{self.url}/demo/reset", timeout=30).raise_for_status()


@contextmanager
def portal_subprocess(**options: Any) -> Iterator[PortalSubprocess]:
    """Start a portal (keywords of ``Options``) and stop it at the end."""
    chosen = json.dumps(asdict(Options(**options)))
    with subprocess.Popen(
        [sys.executable, "-m", "demo_portal.subprocess", chosen],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield PortalSubprocess(**json.loads(process.stdout.readline()))
        finally:
            process.stdin.close()  # the child lives as long as we hold this


def serve(options: Options) -> None:
    """The child: fill a portal, say where it is, live until the parent lets go."""
    with DemoWorld(options.app_url) as world:
        portal = world.add_portal(**parsed(options.ways))
        made = scaled.fill(portal.crm, invoices=options.invoices, rows=options.rows)
        portal.pace.latency, portal.pace.execution = options.latency, options.execution
        portal.bucket.enabled = portal.operating.enabled = options.limits
        if options.enterprise:
            portal.make_enterprise()
        pair = portal.issue_tokens()
        started = PortalSubprocess(
            url=portal.url,
            client_endpoint=portal.client_endpoint,
            webhook_url=portal.webhook_url(),
            member_id=portal.member_id,
            access_token=pair.access_token,
            refresh_token=pair.refresh_token,
            environment=world.environment(),
            invoices=made.invoices,
            rows=made.rows,
            first=made.first.isoformat(),
            last=made.last.isoformat(),
            amount=str(made.amount),
            vat=str(made.vat),
        )
        sys.stdout.write(json.dumps(asdict(started)) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    serve(Options(**json.loads(sys.argv[1])))
