"""What a portal keeps of one application: installed or not, its placements, event handlers and robots."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from demo_portal.automation import Robot

PLACEMENTS: tuple[str, ...] = (
    "CRM_DEAL_LIST_TOOLBAR",
    "CRM_CONTACT_LIST_TOOLBAR",
    "CRM_COMPANY_LIST_TOOLBAR",
    "CRM_SMART_INVOICE_LIST_TOOLBAR",
    "CRM_SMART_INVOICE_LIST_MENU",
    "CRM_SMART_INVOICE_DETAIL_TAB",
    "CRM_SMART_INVOICE_DETAIL_TOOLBAR",
    "CRM_SMART_INVOICE_DETAIL_ACTIVITY",
    "CRM_COMPANY_DETAIL_TAB",
    "CRM_COMPANY_DETAIL_TOOLBAR",
    "CRM_CONTACT_DETAIL_TAB",
    "CRM_DEAL_DETAIL_TAB",
    "CRM_ANALYTICS_MENU",
    "CRM_ANALYTICS_TOOLBAR",
    "LEFT_MENU",
    "REST_APP_URI",
    "PAGE_BACKGROUND_WORKER",
)
"""Codes that a portal of today knows; ``Portal.known_placements`` is its own list, to be shortened."""


@dataclass(frozen=True, slots=True)
class Placement:
    """A registered widget handler; ``titles``: language → TITLE, DESCRIPTION, GROUP_NAME."""

    code: str
    handler: str
    title: str = ""
    description: str = ""
    titles: dict[str, dict[str, str]] = field(default_factory=dict)

    def title_in(self, lang: str) -> str:
        """Its name in a language, else the general one."""
        return self.titles.get(lang, {}).get("TITLE") or self.title or self.code

    def described(self) -> dict[str, Any]:
        """Its entry in the answer of placement.get. An empty object arrives as ``[]``."""
        return {
            "placement": self.code,
            "userId": 0,
            "handler": self.handler,
            "options": [],
            "title": self.title,
            "description": self.description,
            "langAll": {lang: dict(texts) for lang, texts in self.titles.items()} or [],
        }


@dataclass(frozen=True, slots=True)
class EventHandler:
    """A registered event handler; ``auth_type`` 0: on behalf of whoever caused the event."""

    event: str
    handler: str
    auth_type: int = 0

    def described(self) -> dict[str, Any]:
        """Its entry in the answer of event.get."""
        return {"event": self.event, "handler": self.handler, "auth_type": str(self.auth_type), "offline": 0}


@dataclass(slots=True)
class Installation:
    """One application in one portal.

    ``present`` until it is deleted; ``installed`` after installFinish; ``payment_expired``, ``days`` (left) and
    ``status`` (empty: the application's own) as the portal's app.info tells them.
    """

    application_token: str
    scopes: frozenset[str]
    present: bool = True
    installed: bool = False
    version: int = 1
    payment_expired: bool = False
    days: int | None = None
    status: str = ""
    placements: list[Placement] = field(default_factory=list)
    events: list[EventHandler] = field(default_factory=list)
    robots: dict[str, Robot] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OpenFrame:
    """A frame with the application in it: who opened it, and whether its installation is going on."""

    user_id: int
    installing: bool
