"""What the portal reports: the app was installed, the app was removed.

``ONAPPINSTALL`` brings an access token and is confirmed like any caller. ``ONAPPUNINSTALL`` brings the application
token of its portal alone. That goes through every employee's browser, so it only makes us ask (``maintenance``).
``ONAPPUPDATE`` brings an access token too, and is believed by that; ``ONAPPPAYMENT`` brings nothing, and makes us ask
the portal how things stand.
Source: ``api-reference/events/safe-event-handlers``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bitrix_app.errors import ForeignEventError, NotInstalledError
from bitrix_app.portals.identity import require_field
from bitrix_app.portals.install import Installer, InstallForm
from bitrix_app.portals.maintenance import PortalMaintenance, UninstallCheck
from bitrix_app.storage import Portals, Uninstalls

INSTALLED = "ONAPPINSTALL"
UPDATED = "ONAPPUPDATE"
UNINSTALLED = "ONAPPUNINSTALL"
PAYMENT = "ONAPPPAYMENT"


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
    """Verifies events and notes what they ask for. Idempotent: the same event twice is answered like the first time,
    whichever process it reaches."""

    def __init__(
        self,
        *,
        installer: Installer,
        portals: Portals,
        uninstalls: Uninstalls,
        uninstall_check: UninstallCheck,
        maintenance: PortalMaintenance,
    ) -> None:
        self._installer = installer
        self._portals = portals
        self._uninstalls = uninstalls
        self._uninstall_check = uninstall_check
        self._maintenance = maintenance

    def receive(self, event: Event) -> Callable[[], None] | None:
        """Notes what an event without an access token asks for. → what is left to do, which the periodic tasks do
        otherwise; None where there is nothing.

        Raises MissingFieldError; ForeignEventError for an application token that is not the portal's.
        """
        require_field("event", event.name)
        if event.name not in {UPDATED, UNINSTALLED, PAYMENT}:
            return None
        member_id, token = event.auth.get("member_id", ""), event.auth.get("application_token", "")
        require_field("auth[member_id]", member_id)
        if event.name == PAYMENT:
            portal = self._portals.by_member_id(member_id)
            return (lambda: self._maintenance.ask(portal)) if portal and portal.installed else None
        require_field("auth[application_token]", token)
        digest = hashlib.sha256(f"{member_id}\n{token}".encode("utf-8", "replace")).hexdigest()
        if not self._portals.has_application_token(member_id, token):
            if self._portals.was_erased(digest):
                return None
            raise ForeignEventError
        if event.name == UPDATED:
            return None  # without an access token there is nothing to be confirmed
        pending = self._uninstalls.note(member_id, clean=event.data.get("CLEAN") == "1", digest=digest)
        return (lambda: self._uninstall_check.ask(pending)) if pending else None

    def install(self, event: Event, network: str) -> None:
        """Stores what an ``ONAPPINSTALL`` brings, whose token is confirmed in the turn of its ``network``.

        Raises MissingFieldError, and what Installer.confirm and Installer.store raise.
        """
        form = _form(event)
        self._installer.store(self._installer.confirm(form, network), form)

    def update(self, event: Event, network: str) -> None:
        """Stores what an ``ONAPPUPDATE`` brings, as ``install``, and binds anew what the update has taken away.

        Raises NotInstalledError too, where the app was not there before.
        """
        form = _form(event)
        caller = self._installer.confirm(form, network)
        known = self._portals.by_member_id(caller.member_id)
        if known is None or known.removed:
            raise NotInstalledError
        self._installer.bind_again(caller, self._installer.store(caller, form, again=True).portal)


def _form(event: Event) -> InstallForm:
    require_field("auth[application_token]", event.auth.get("application_token", ""))
    return InstallForm(
        member_id=event.auth.get("member_id", ""),
        access_token=event.auth.get("access_token", ""),
        refresh_token=event.auth.get("refresh_token", ""),
        application_token=event.auth.get("application_token", ""),
        server_endpoint=event.auth.get("server_endpoint", ""),
    )
