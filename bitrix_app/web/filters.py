"""Filter labels: what narrows a report, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bitrix_app.web.i18n import translate as _
from bitrix_app.web.i18n import translate_many as ngettext

STAGES_BY_NAME = 3


def filter_labels(params: Mapping[str, Any], titles: Mapping[str, str]) -> list[str]:
    """One label for each filter in a report's stored ``params``; the period is not among them.

    ``titles``: names of fields and stages as far as they are at hand; else the portal's own ids stand for them.
    """
    field = params.get("date_field")
    sentences = [
        _("By the date: %(field)s", field=titles.get(field, field)) if field and field != "begindate" else "",
        _("With product rows") if params.get("detailed") else "",
        _stages(params.get("stages"), titles),
        _numbered(_("Company: ID %(id)s"), params.get("company_id")),
        _numbered(_("Invoice: ID %(id)s"), params.get("invoice_id")),
        _numbered(_("Own company: ID %(id)s"), params.get("mycompany_id")),
        _numbered(_("Responsible person: ID %(id)s"), params.get("assigned_by_id")),
        _("Currency: %(currency)s", currency=params["currency"]) if params.get("currency") else "",
        {True: _("Paid only"), False: _("Unpaid only")}.get(params.get("paid"), ""),  # type: ignore[arg-type]  # None has no sentence
    ]
    return [sentence for sentence in sentences if sentence]


def _stages(stages: list[str] | None, titles: Mapping[str, str]) -> str:
    if not stages:
        return ""
    if len(stages) > STAGES_BY_NAME or not all(stage in titles for stage in stages):
        return ngettext("%(num)d stage", "%(num)d stages", len(stages))
    return _("Stages: %(names)s", names=", ".join(titles[stage] for stage in stages))


def _numbered(template: str, number: int | None) -> str:
    return template.replace("%(id)s", str(number)) if number is not None else ""
