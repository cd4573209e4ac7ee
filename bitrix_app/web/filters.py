"""Filter labels: what narrows a report, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from bitrix_app.jobs import PARTLY, REMAINDER
from bitrix_app.web.i18n import translate as _
from bitrix_app.web.i18n import translate_many as ngettext

STAGES_BY_NAME = 3


def filter_labels(
    params: Mapping[str, Any], titles: Mapping[str, str], names: Mapping[str, Any] | None = None
) -> list[str]:
    """One label for each filter in a report's stored ``params``; the period is not among them.

    ``titles``: names of fields and stages as far as they are at hand; ``names``: those of the report's record. Where
    there is none the portal's own id stands for it.
    """
    names = names or {}
    field = params.get("date_field")
    sentences = [
        _("Sample: nothing of it is from your portal") if params.get("sample") else "",
        _("By the date: %(field)s", field=titles.get(field, field)) if field and field != "begindate" else "",
        _("With product rows") if params.get("detailed") else "",
        _columns(params.get("set_name"), params.get("columns")),
        _stages(params.get("stages"), titles),
        _named(_("Company: %(name)s"), names.get("company"), params.get("company_id")),
        _invoice(names.get("invoice"), params.get("invoice_id")),
        _named(_("Own company: %(name)s"), names.get("mycompany"), params.get("mycompany_id")),
        _named(_("Responsible person: %(name)s"), names.get("assigned_by"), params.get("assigned_by_id")),
        _("Currency: %(currency)s", currency=params["currency"]) if params.get("currency") else "",
        _paid(params.get("paid")),
    ]
    return [sentence for sentence in sentences if sentence]


def _columns(set_name: str | None, columns: Sequence[str] | None) -> str:
    if set_name:
        return _("Columns of the set “%(name)s”", name=set_name)
    return ngettext("%(num)d chosen column", "%(num)d chosen columns", len(columns)) if columns else ""


def _paid(asked: bool | str | None) -> str:
    words: Mapping[bool | str | None, str] = {
        True: _("Paid only"),
        False: _("Unpaid only"),
        PARTLY: _("Paid in part only"),
        REMAINDER: _("With a remainder only"),
    }
    return words.get(asked, "")


def _stages(stages: list[str] | None, titles: Mapping[str, str]) -> str:
    if not stages:
        return ""
    if len(stages) > STAGES_BY_NAME or not all(stage in titles for stage in stages):
        return ngettext("%(num)d stage", "%(num)d stages", len(stages))
    return _("Stages: %(names)s", names=", ".join(titles[stage] for stage in stages))


def _named(template: str, name: str | None, number: int | None) -> str:
    return template.replace("%(name)s", name or f"ID {number}") if number is not None else ""


def _invoice(name: Mapping[str, Any] | None, number: int | None) -> str:
    if number is None:
        return ""
    if not name or not name.get("number"):
        return _("Invoice with id %(id)s", id=number)
    if not name.get("date"):
        return _("Invoice %(number)s", number=name["number"])
    return _("Invoice %(number)s of %(date)s", number=name["number"], date=_day(name["date"]))


def _day(written: str) -> str:
    return f"{date.fromisoformat(written):%d.%m.%Y}"
