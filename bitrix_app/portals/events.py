"""What the portal reports: the app was installed, the app was removed.

``ONAPPINSTALL`` brings an access token and is confirmed like any caller; every other event is believed by the
application token of its portal alone. Source: ``api-reference/events/safe-event-handlers``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from bitrix_app.errors import ForeignEventError
from bitrix_app.portals.identity import require_field
from bitrix_app.portals.install import Installer, InstallForm
from bitrix_app.storage import Portals

INSTALLED = "ONAPPINSTALL"
UNINSTALLED = "ONAPPUNINSTALL"


@dataclass(frozen=True, slots=True)
class Event:
    """An event as it came in. ``auth`` and ``data`` are the form's bracketed fields; nothing is believed yet."""

    name: str
    auth: Mapping[str, str] = field(repr=False)
    data: Mapping[str, str]

    @classmethod
    def from_form(cls, form: Mapping[str, str]) -> Event:
        """From the urlencoded form with its bracketed keys (``auth[member_id]``, ``data[CLEAN]``)."""
        return cls(form.get("event", "").strip().upper(), bracketed(form, "auth"), bracketed(form, "data"))


def bracketed(form: Mapping[str, str], name: str) -> dict[str, str]:
    """The fields ``name[key]`` of a form by their key; deeper brackets are left out."""
    opening = f"{name}["
    inside = {
        key[len(opening) : -1]: value for key, value in form.items() if key.startswith(opening) and key[-1] == "]"
    }
    return {key: value for key, value in inside.items() if "[" not in key and "]" not in key}


class PortalEvents:
    """Verifies events and carries them out. Idempotent: the same event twice is answered like the first time, whichever
    process it reaches."""

    def __init__(self, *, installer: Installer, portals: Portals) -> None:
        self._installer = installer
        self._portals = portals

    def receive(self, event: Event) -> list[str]:
        """Does what a genuine event asks. → names of files to delete from the file store.

        Raises MissingFieldError; ForeignEventError for an application token that is not the portal's.
        """
        require_field("event", event.name)
        member_id, token = event.auth.get("member_id", ""), event.auth.get("application_token", "")
        require_field("auth[member_id]", member_id)
        require_field("auth[application_token]", token)
        if not self._portals.has_application_token(member_id, token):
            if self._portals.was_erased(_digest(member_id, token)):
                return []
            raise ForeignEventError
        return self._uninstalled(member_id, token, event) if event.name == UNINSTALLED else []

    def install(self, event: Event, network: str) -> None:
        """Stores what an ``ONAPPINSTALL`` brings, whose token is confirmed in the turn of its ``network``.

        Raises MissingFieldError, and what Installer.confirm and Installer.store raise.
        """
        require_field("auth[application_token]", event.auth.get("application_token", ""))
        form = InstallForm(
            member_id=event.auth.get("member_id", ""),
            access_token=event.auth.get("access_token", ""),
            refresh_token=event.auth.get("refresh_token", ""),
            application_token=event.auth.get("application_token", ""),
            server_endpoint=event.auth.get("server_endpoint", ""),
        )
        self._installer.store(self._installer.confirm(form, network), form)

    def _uninstalled(self, member_id: str, token: str, event: Event) -> list[str]:
        if event.data.get("CLEAN") != "1":
            self._portals.uninstall(member_id)
            return []
        return erase_portal(self._portals, member_id, _digest(member_id, token))


def erase_portal(portals: Portals, member_id: str, digest: str | None = None) -> list[str]:
    """Ends the portal's sessions and running reports, then removes everything of it. → names of files to delete.

    ``digest``: of the event that asks for it, so that the same event once more is known as genuine.
    """
    portals.uninstall(member_id)
    return portals.erase(member_id, digest)


def _digest(member_id: str, token: str) -> str:
    return hashlib.sha256(f"{member_id}\n{token}".encode("utf-8", "replace")).hexdigest()
