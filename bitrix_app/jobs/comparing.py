"""The earlier report that a new one is compared with: whether it can be, and its rows on this machine's disk."""

from __future__ import annotations

import shutil
from datetime import tzinfo
from pathlib import Path

from bitrix_app.errors import InvalidParametersError
from bitrix_app.jobs.rows import rows_of
from bitrix_app.reports import DEFAULT_KIND, ROWS, Earlier
from bitrix_app.storage import Files, UserReports
from bitrix_app.texts import RUSSIAN, tr

COMPARE_WITH = "compare_with"


def require_comparable(mine: UserReports, report_id: str, lang: str) -> None:
    """Raises InvalidParametersError unless ``report_id`` is a finished register of this user, in the language ``lang``,
    whose rows are kept."""
    report = mine.get(report_id)
    if report is None:
        raise InvalidParametersError(compare_with="no_such_report")
    if report.status != "done":
        raise InvalidParametersError(compare_with="report_not_finished")
    if (report.params.get("kind") or DEFAULT_KIND) != DEFAULT_KIND or report.params.get("sample"):
        raise InvalidParametersError(compare_with="not_a_register")
    if (report.params.get("lang") or RUSSIAN) != lang:
        raise InvalidParametersError(compare_with="other_language")
    if rows_of(report) is None:
        raise InvalidParametersError(compare_with="rows_not_kept")


def earlier_report(mine: UserReports, files: Files, report_id: str, folder: Path, zone: tzinfo) -> Earlier:
    """The report with its rows in ``folder``, a copy, for it may be deleted while the new one is built; without rows
    where that has happened already. Raises StorageFullError."""
    report = mine.get(report_id)
    name = rows_of(report) if report is not None else None
    if report is None or name is None:
        return Earlier(report_id, None)
    target = folder / f"earlier.{ROWS.name}"
    try:
        with files.open(name) as source, target.open("wb") as copy:
            shutil.copyfileobj(source, copy)
    except FileNotFoundError:
        return Earlier(report_id, None)
    title = (report.summary or {}).get("title")
    moment = (report.finished_at or report.created_at).astimezone(zone)
    return Earlier(
        report_id,
        target,
        tr("«{title}» от {moment:%d.%m.%Y %H:%M}", title=title, moment=moment)
        if title
        else tr("от {moment:%d.%m.%Y %H:%M}", moment=moment),
    )
