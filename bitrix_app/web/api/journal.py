"""``GET /journal``: who built, downloaded, deleted what; for administrators."""

from __future__ import annotations

import re

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from bitrix_app.errors import RejectedRequestError
from bitrix_app.web.pages import address
from bitrix_app.web.present import journal_entry
from bitrix_app.web.services import services
from bitrix_app.web.session import session
from bitrix_app.web.texts import translate as _

BEFORE = re.compile(r"[0-9]{1,9}")


def add_to(api: Blueprint) -> None:
    """Adds the address."""
    api.add_url_rule("/journal", view_func=read_journal)


def read_journal() -> ResponseReturnValue:
    """The portal's journal, newest first."""
    portal = session().portal
    services().access.require_admin(portal, session().user_id)
    before = request.args.get("before")
    if before is not None and not BEFORE.fullmatch(before):
        raise RejectedRequestError(422, "validation_failed", errors={"before": [_("There is no such page.")]})
    entries, following = services().journal.page(portal.id, int(before) if before else None)
    return {
        "items": [journal_entry(each) for each in entries],
        "next": address(f"/api/v1/journal?before={following}") if following else None,
    }
