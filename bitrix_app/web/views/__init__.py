"""What the portal, a browser and a monitor call (contract §2): pages, events, downloads, health.

Belongs here: taking a form apart, calling, choosing the page. Does not: who is believed (``portals``).
"""

from __future__ import annotations

from flask import Flask

from bitrix_app.web.views import downloads, events, health, install, landing, launch


def add_views(app: Flask) -> None:
    """Adds all addresses outside the API."""
    for view in (landing, install, launch, events, downloads, health):
        view.add_to(app)
