"""The portals as a process: each with its limits, tokens, notifications and Drive, all with the same invoices.

It says where they are, then answers each line of its input with what has reached each portal.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import date
from typing import Any

from benchmarks.morning.portals import FOLDER_ID, Arrived, Order
from demo_portal import DemoWorld
from demo_portal.crm.store import Crm
from demo_portal.data import scaled
from demo_portal.portal import Portal
from demo_portal.rest.calls import CallLog

SCOPES = ("crm", "placement", "im", "disk")


def serve(order: Order) -> None:
    """Answer until the parent lets go."""
    with DemoWorld(order.app_url) as world:
        world.tokens.lifetime = 24 * 3600
        crm = Crm()
        scaled.fill(crm, invoices=order.invoices, rows=order.rows, first=date.fromisoformat(order.first), days=28)
        made = [add_portal(world, crm, order) for _ in range(order.portals)]
        forms = {each.member_id: asdict(each.launch_form()) for each in made}
        say({"environment": world.environment(), "forms": forms})
        for _ in sys.stdin:
            say({each.member_id: asdict(arrived(each)) for each in made})


def add_portal(world: DemoWorld, crm: Crm, order: Order) -> Portal:
    """One more portal, over the invoices of all."""
    portal = world.add_portal()
    portal.crm, portal.calls = crm, CallLog(kept=0)
    portal.set_scopes(*SCOPES)
    portal.pace.latency, portal.pace.execution = order.latency, order.execution
    return portal


def arrived(portal: Portal) -> Arrived:
    """What has reached a portal."""
    kept = portal.collaboration
    return Arrived(
        notifications=len(kept.notifications),
        files=sum(not each.is_folder for each in kept.children(FOLDER_ID)),
        refused=portal.bucket.rejected + portal.operating.refused,
        peak=portal.bucket.peak,
        calls=len(portal.calls),
    )


def say(value: Any) -> None:
    """A line to the parent."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    serve(Order(**json.loads(sys.argv[1])))
