"""app.info, scope, server.time: what needs no scope."""

from __future__ import annotations

from datetime import datetime

from demo_portal.rest.context import Answer, Call

_ALL_SCOPES = ("crm", "department", "disk", "im", "placement", "user", "user_basic", "user_brief", "user.userfield")


def app_info(call: Call) -> Answer:
    """The portal's app.info: the licence and whether the application is installed."""
    portal, installation = call.portal, call.portal.installation(call.app)
    return Answer(
        {
            "ID": 5,
            "CODE": call.app.client_id,
            "VERSION": installation.version,
            "STATUS": installation.status or call.app.status,
            "INSTALLED": installation.installed,
            "PAYMENT_EXPIRED": "Y" if installation.payment_expired else "N",
            "DAYS": installation.days,
            "LANGUAGE_ID": "ru",
            "LICENSE": f"{portal.region}_{portal.license_type}",
            "LICENSE_TYPE": portal.license_type,
            "LICENSE_FAMILY": portal.license_family,
        }
    )


def scope(call: Call) -> Answer:
    """Scopes granted to the application, or all there are."""
    return Answer(list(_ALL_SCOPES) if call.flag("full") else sorted(call.scopes))


def server_time(call: Call) -> Answer:
    """The server's time."""
    now = datetime.fromtimestamp(call.portal.world.clock(), call.portal.zone)
    return Answer(now.isoformat(timespec="seconds"))
