"""What was learnt of the portals' ways, for a while: an update of a portal, or a right given there, is met anew."""

from __future__ import annotations

from bitrix_app.bitrix24 import Habits, Spellings
from bitrix_app.portals.cache import TtlCache
from bitrix_app.storage import PortalRecord

SECONDS = 3600.0
MOST = 5000


class KnownHabits:
    """Habits of many portals and their users; one instance an app. Use from several threads."""

    def __init__(self) -> None:
        self._of_users = TtlCache(SECONDS, MOST)
        self._of_portals = TtlCache(SECONDS, MOST)

    def of(self, portal: PortalRecord, user_id: int) -> Habits:
        """Those of the portal towards this user."""
        spellings = self._of_portals.get((portal.id, portal.epoch), Spellings)
        return self._of_users.get((portal.id, portal.epoch, user_id), lambda: Habits(spellings=spellings))
