"""The audit log in words of the reader's language: what was done, what was changed from what to what, which filters a
report had. What is stored holds ids and counts; names of people are not among it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bitrix_app.storage import AuditEntry
from bitrix_app.web.filters import filter_labels
from bitrix_app.web.i18n import N_
from bitrix_app.web.i18n import translate as _
from bitrix_app.web.i18n import translate_many as ngettext

ACTIONS = {
    "report_created": N_("Started a report"),
    "report_done": N_("Report ready"),
    "report_failed": N_("Report not built"),
    "report_cancelled": N_("Cancelled a report"),
    "report_deleted": N_("Deleted a report"),
    "report_downloaded": N_("Downloaded a report"),
    "report_sent": N_("Sent a report"),
    "settings_changed": N_("Changed the settings"),
    "installed": N_("Installed the application"),
    "uninstalled": N_("Removed the application"),
    "schedule_created": N_("Made a schedule"),
    "schedule_changed": N_("Changed a schedule"),
    "schedule_deleted": N_("Deleted a schedule"),
    "schedule_taken_over": N_("Took a schedule over"),
    "schedule_paused": N_("The schedule was paused"),
    "robot_failed": N_("The robot built no report"),
    "user_forgotten": N_("An employee's data were erased"),
    "uninstall_unverified": N_("Reported as removed; Bitrix24 has not confirmed it yet"),
    "uninstall_forged": N_("False report of a removal; nothing was changed"),
}
KINDS = {
    "reports": ("report_", "robot_"),
    "schedules": ("schedule_",),
    "settings": ("settings_",),
    "application": ("installed", "uninstall", "user_"),
}
"""Kinds of lines to choose from → how their actions begin."""
PERIODS = {
    "this_month": N_("This month"),
    "last_month": N_("Last month"),
    "this_quarter": N_("This quarter"),
    "last_quarter": N_("Last quarter"),
    "this_year": N_("This year"),
    "last_year": N_("Last year"),
    "all_time": N_("All time"),
}
SOURCES = {
    "date": N_("the payment date or the stage"),
    "field": N_("a field of the invoice"),
    "payments": N_("the portal's payments"),
}
MODES = {"everybody": N_("Everybody"), "administrators": N_("Administrators")}
Titles = Mapping[str, str]
COUNTED = {"excluded_stages", "columns", "tabs_off"}


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Settings that differ, each before and after, as the audit log keeps them: long lists as their length, employees
    and departments as their number."""
    changed = [name for name in after if after[name] != before[name]]
    return {name: [_kept(name, before[name]), _kept(name, after[name])] for name in changed}


def _kept(name: str, value: Any) -> Any:
    if name == "builders":
        return {"mode": value["mode"], **{kind: len(value.get(kind, ())) for kind in ("users", "departments")}}
    return len(value) if name in COUNTED and value is not None else value


def title_of(entry: AuditEntry) -> str:
    """What was done; an action of another version as it is called."""
    return _(ACTIONS[entry.action]) if entry.action in ACTIONS else entry.action


def words_of(entry: AuditEntry, titles: Titles, people: Mapping[int, str]) -> list[str]:
    """What is told beside the action and the days: filters of a report, changes of settings. ``titles`` and ``people``
    (number → name) as far as they are at hand."""
    details, filters = entry.details, entry.details.get("filters") or {}
    names = {**(details.get("names") or {}), "assigned_by": people.get(filters.get("assigned_by_id", 0))}
    said = filter_labels(filters, titles, names)
    changed = details.get("changes") or {}
    for name in sorted(changed, key=list({**SETTINGS, **changed}).index):
        (before, after), (label, value) = changed[name], SETTINGS.get(name, (name, _plain))
        old, new = value(before, titles), value(after, titles)
        said.append(f"{_(label)}: {old} → {new}" if old != new else f"{_(label)}: {new}")
    if not details.get("changes") and details.get("fields"):  # lines of earlier versions
        said += [_(SETTINGS[name][0]) if name in SETTINGS else name for name in str(details["fields"]).split(", ")]
    return said


def _plain(value: Any, titles: Titles) -> str:  # noqa: ARG001 - one shape for all values
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _field(value: Any, titles: Titles) -> str:
    return titles.get(value, value) if value else _("Not chosen")


def _days(value: Any, titles: Titles) -> str:  # noqa: ARG001 - see _plain
    return ngettext("%(num)d day", "%(num)d days", value)


def _stages(value: Any, titles: Titles) -> str:  # noqa: ARG001 - see _plain
    return ngettext("%(num)d stage", "%(num)d stages", value) if value else _("none")


def _columns(value: Any, titles: Titles) -> str:  # noqa: ARG001 - see _plain
    return ngettext("%(num)d chosen column", "%(num)d chosen columns", value) if value else _("the usual ones")


def _builders(value: Any, titles: Titles) -> str:  # noqa: ARG001 - see _plain
    if value["mode"] in MODES:
        return _(MODES[value["mode"]])
    people = ngettext("%(num)d employee", "%(num)d employees", value["users"]) if value["users"] else ""
    rooms = ngettext("%(num)d department", "%(num)d departments", value["departments"]) if value["departments"] else ""
    return ", ".join(filter(None, (people, rooms))) or _("nobody")


def _switch(value: Any, titles: Titles) -> str:  # noqa: ARG001 - see _plain
    return _("on") if value == "batch" else _("off")


def _one_of(words: Mapping[str, str]) -> Callable[[Any, Titles], str]:
    return lambda value, _titles: _(words[value]) if value in words else str(value)


SETTINGS: Mapping[str, tuple[str, Callable[[Any, Titles], str]]] = {
    "date_field": (N_("Date for the period"), _field),
    "shipped_field": (N_("Date of shipping"), _field),
    "paid_field": (N_("Date of payment"), _field),
    "excluded_stages": (N_("Stages left out"), _stages),
    "time_zone": (N_("Time zone of the portal"), _plain),
    "default_period": (N_("Period chosen first"), _one_of(PERIODS)),
    "columns": (N_("Columns of a register"), _columns),
    "builders": (N_("Who may build reports"), _builders),
    "report_days": (N_("How long reports are kept"), _days),
    "journal_days": (N_("How long the journal is kept"), _days),
    "fetch_mode": (N_("Fast fetching"), _switch),
    "payment_source": (N_("Where the paid amount comes from"), _one_of(SOURCES)),
    "paid_amount_field": (N_("Field of the paid amount"), _field),
    "tabs_off": (N_("Tabs switched off in cards"), _plain),
    "receivables_borders": (N_("Receivables: ranges of overdue days end at"), _plain),
}
