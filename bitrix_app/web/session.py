"""The session of an API call: whose it is, and whether it still holds."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g, request

from bitrix_app.errors import RejectedRequestError
from bitrix_app.storage import PortalRecord, UserReports, UserSavedSets
from bitrix_app.web.language import LANGUAGES, choose_language
from bitrix_app.web.present import ReportPresenter
from bitrix_app.web.services import services, signed_tokens
from bitrix_app.web.tokens import SessionClaims

SCHEME = "bearer "


@dataclass(frozen=True, slots=True)
class Session:
    """A user at an open page. Everything that belongs to somebody is reached through it."""

    portal: PortalRecord
    user_id: int
    lang: str

    @property
    def reports(self) -> UserReports:
        """This user's reports, and nobody else's."""
        return services().reports.of(self.portal.id, self.user_id)

    @property
    def saved_sets(self) -> UserSavedSets:
        """This user's saved sets and the portal's shared ones."""
        return services().saved_sets.of(self.portal.id, self.user_id)

    @property
    def name(self) -> str:
        """The user's name as far as we know it."""
        known = services().users.get(self.portal.id, self.user_id)
        return known.name if known else ""

    @property
    def presenter(self) -> ReportPresenter:
        """Makes report objects for this user."""
        return ReportPresenter(signed_tokens(), self.portal, self.user_id)

    def note(self, action: str, report_id: str | None = None, **details: object) -> None:
        """Writes a line into the portal's journal."""
        services().journal.add(self.portal.id, self.user_id, self.name, action, report_id, details=details)


def new_session(portal: PortalRecord, user_id: int, lang: str) -> tuple[str, int]:
    """A session token for a user of a portal. → the token and when it expires (seconds since 1970)."""
    return signed_tokens().session(SessionClaims(portal.id, portal.epoch, user_id, lang))


def require_session() -> None:
    """Before each API call: the caller's session, or RejectedRequestError 401."""
    header = request.headers.get("Authorization", "")
    if header[: len(SCHEME)].lower() != SCHEME or not header[len(SCHEME) :].strip():
        raise RejectedRequestError(401, "session_required")
    claims = signed_tokens().read_session(header[len(SCHEME) :].strip())
    portal = standing_portal(claims.portal_id, claims.epoch)
    if portal is None:
        raise RejectedRequestError(401, "session_expired")
    choose_language(claims.lang if claims.lang in LANGUAGES else LANGUAGES[0])
    g.session = Session(portal, claims.user_id, claims.lang)


def standing_portal(portal_id: int, epoch: int) -> PortalRecord | None:
    """The portal of a token; None once the app was removed from it or installed anew since."""
    portal = services().portals.by_id(portal_id)
    return portal if portal is not None and portal.installed and portal.epoch == epoch else None


def session() -> Session:
    """The session of this API call."""
    found: Session = g.session
    return found
