"""Periodic maintenance of portals: their plan is asked for once a month, lapsed tokens are forgotten.

The portal's own pair (kept from the install) has this one use. An access token that has expired is renewed when the
portal says so (``settings/oauth/auto-renewal``), as everywhere, and so the refresh token, which lives for 180 days,
never lapses while the app is in use there. Where nobody builds reports any more it is left to lapse.
"""

from __future__ import annotations

from datetime import timedelta

import structlog

from bitrix_app.errors import AppError
from bitrix_app.portals.clients import PortalClients, license_family
from bitrix_app.portals.waiting import Deadline
from bitrix_app.storage import PairKey, Portals, UserTokens

log = structlog.get_logger("portals")

REFRESH_TOKEN_LIVES = timedelta(days=180)
ASK_AFTER = timedelta(days=30)
IN_USE = timedelta(days=150)
"""A report was taken up within this time. From then on a pair that is not renewed any more has thirty days left."""


class PortalMaintenance:
    """Looks after all portals; it is run once however many workers there are."""

    def __init__(self, clients: PortalClients, portals: Portals, tokens: UserTokens) -> None:
        self._clients = clients
        self._portals = portals
        self._tokens = tokens

    def run(self) -> None:
        """Forget what has lapsed; ask each portal in use that has not been asked for a month.

        What fails with one portal is logged and left for the next run; the others have their turn.
        """
        self._tokens.forget_lapsed(REFRESH_TOKEN_LIVES)
        for key in self._tokens.idle_own(ASK_AFTER, used_within=IN_USE):
            try:
                self._ask(key)
            except AppError as error:
                log.warning("portal_not_asked", portal_id=key.portal_id, code=error.code)

    def _ask(self, key: PairKey) -> None:
        """Note the portal's plan: it decides how fast the portal may be asked."""
        portal = self._portals.by_id(key.portal_id)
        if portal is None or not portal.installed:
            return
        client = self._clients.within(Deadline(), portal, key.user_id, kind=key.kind)
        family = license_family(client.app_info())
        self._portals.set_license(portal.id, family)
