"""What the portal, a browser and a monitor call (contract §2): pages, events, downloads, health.

Belongs here: taking a form apart, calling, choosing the page. Does not: who is believed (``portals``).
"""

from __future__ import annotations

from flask import Flask

from bitrix_app.web.views import downloads, events, launch, legal, public, robot


def add_views(app: Flask) -> None:
    """Adds all addresses outside the API."""
    for view in (public, legal, launch, events, robot, downloads):
        view.add_to(app)
