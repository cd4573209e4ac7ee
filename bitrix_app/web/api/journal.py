"""The portal's audit log for administrators: page by page, filtered, and as CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from bitrix_app.errors import RejectedRequestError
from bitrix_app.jobs import csv_text
from bitrix_app.portals import complete_settings
from bitrix_app.storage import AuditEntry, AuditFilter
from bitrix_app.web.api.journal_words import KINDS, title_of, words_of
from bitrix_app.web.i18n import translate as _
from bitrix_app.web.pages import address
from bitrix_app.web.present import audit_entry
from bitrix_app.web.schemas import DATE
from bitrix_app.web.services import services
from bitrix_app.web.session import session

NUMBER = re.compile(r"-?[0-9]{1,9}")
MOST_LINES = 20_000
"""Lines of one CSV; a narrower filter gives the rest."""
BATCH = 1000


def add_to(api: Blueprint) -> None:
    """Adds the addresses."""
    api.add_url_rule("/journal", view_func=read_journal)
    api.add_url_rule("/journal.csv", view_func=export_journal)


def read_journal() -> ResponseReturnValue:
    """Lines newest first, as ``user``, ``kind``, ``from`` and ``to`` (days of the portal, both included) narrow them;
    with the first page the ``people`` to choose from."""
    portal = session().portal
    services().access.require_admin(portal, session().user_id)
    before = _number("before", _("There is no such page."))
    wanted = _filter()
    entries, following = services().audit_log.page(portal.id, before, wanted=wanted)
    say, people = _teller()
    asked = {name: value for name, value in request.args.items() if name in {"user", "kind", "from", "to"}}
    found: dict[str, Any] = {
        "items": [{**audit_entry(each), "title": title_of(each), "words": say(each)} for each in entries],
        "next": address(f"/api/v1/journal?{urlencode({**asked, 'before': following})}") if following else None,
    }
    if before is None:
        found["people"] = [{"id": number, "name": name} for number, name in people.items()]
    return found


def export_journal() -> Response:
    """The same lines as CSV, of all pages: what would run as a formula gets an apostrophe, as in a report's CSV."""
    portal = session().portal
    services().access.require_admin(portal, session().user_id)
    wanted, (say, _people) = _filter(), _teller()
    zone = ZoneInfo(complete_settings(portal.settings)["time_zone"])
    text = io.StringIO(newline="")
    table = csv.writer(text, delimiter=";", lineterminator="\r\n")
    table.writerow([_("When"), _("Time zone"), _("Who"), _("What"), _("Days"), _("Details")])
    before, written = None, 0
    while written < MOST_LINES:
        entries, before = services().audit_log.page(portal.id, before, BATCH, wanted=wanted)
        table.writerows([csv_text(cell) for cell in _row(each, zone, say(each))] for each in entries)
        written += len(entries)
        if before is None:
            break
    answer = Response(text.getvalue().encode("utf-8-sig"), mimetype="text/csv")
    answer.headers["Content-Disposition"] = 'attachment; filename="journal.csv"'
    return answer


def _teller() -> tuple[Callable[[AuditEntry], list[str]], dict[int, str]]:
    """What is told of a line, with titles as far as they are at hand; the people of the log by number."""
    portal, user_id = session().portal, session().user_id
    titles, people = services().catalogs.known_titles(portal, user_id), dict(services().audit_log.people(portal.id))
    return (lambda entry: words_of(entry, titles, people)), people


def _row(entry: AuditEntry, zone: ZoneInfo, words: list[str]) -> list[str]:
    at = entry.at.astimezone(zone)
    days = [str(entry.details[name]) for name in ("date_from", "date_to", "as_of") if entry.details.get(name)]
    said = [str(entry.details[name]) for name in ("name", "format", "code") if entry.details.get(name)]
    return [
        f"{at:%d.%m.%Y %H:%M:%S}",
        zone.key,
        entry.user_name,
        title_of(entry),
        " - ".join(days),
        "; ".join([*said, *words]),
    ]


def _filter() -> AuditFilter:
    """What the query narrows to. Raises RejectedRequestError 422 naming all that is wrong."""
    kind, days, wrong = request.args.get("kind") or None, {}, {}
    if kind is not None and kind not in KINDS:
        wrong["kind"] = [_("Choose one of the offered values.")]
    for name in ("from", "to"):
        if value := request.args.get(name):
            try:
                days[name] = date.fromisoformat(value if DATE.fullmatch(value) else "")
            except ValueError:
                wrong[name] = [_("Write a date as YYYY-MM-DD.")]
    if wrong:
        raise RejectedRequestError(422, "validation_failed", errors=wrong)
    user_id = _number("user", _("Choose one of the offered values."))
    since, until = days.get("from"), days.get("to")
    return AuditFilter(
        user_id=user_id,
        actions=KINDS[kind] if kind else (),
        since=_midnight(since) if since else None,
        until=_midnight(until + timedelta(days=1)) if until and until < date.max else None,
    )


def _midnight(day: date) -> datetime:
    zone = ZoneInfo(complete_settings(session().portal.settings)["time_zone"])
    try:
        return datetime.combine(day, time.min, zone).astimezone(UTC)
    except OverflowError:  # the first and last days that there are
        return datetime.combine(day, time.min, UTC)


def _number(name: str, wrong: str) -> int | None:
    value = request.args.get(name)
    if value is None:
        return None
    if not NUMBER.fullmatch(value):
        raise RejectedRequestError(422, "validation_failed", errors={name: [wrong]})
    return int(value)
