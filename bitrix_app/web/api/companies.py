"""A company's card: what was invoiced and paid by month, as figures and as a drawing."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from bitrix_app.portals import CompanyOverview, company_overview, complete_settings
from bitrix_app.web.chart import draw_chart
from bitrix_app.web.language import current_language
from bitrix_app.web.periods import today_in
from bitrix_app.web.present import money
from bitrix_app.web.services import services
from bitrix_app.web.session import session

ID = "<number:company_id>"


def add_to(api: Blueprint) -> None:
    """Adds the addresses."""
    api.add_url_rule(f"/companies/{ID}/overview", view_func=read_overview)
    api.add_url_rule(f"/companies/{ID}/chart", view_func=read_chart)


def read_overview(company_id: int) -> dict[str, Any]:
    """The months as figures, money as text."""
    found = _overview(company_id)
    months = [
        {"month": each.month, "invoiced": money(each.invoiced), "paid": money(each.paid)} for each in found.months
    ]
    return {"currency": found.currency, "months": months, "complete": found.complete}


def read_chart(company_id: int) -> Response:
    """The months as an SVG drawing."""
    return Response(draw_chart(_overview(company_id).months, current_language()), mimetype="image/svg+xml")


def _overview(company_id: int) -> CompanyOverview:
    portal, user_id = session().portal, session().user_id
    settings = complete_settings(portal.settings)
    stages = services().catalogs.stages(portal, user_id)
    won = frozenset(each.id for each in stages if each.semantics == "S")
    today = today_in(settings["time_zone"], services().clock())

    def read() -> CompanyOverview:
        with services().clients.interactive(portal, user_id) as client:
            return company_overview(
                client, company_id, today=today, paid_field=settings["paid_field"], success_stages=won
            )

    return services().overviews.get((portal.id, portal.epoch, user_id, company_id, settings["paid_field"]), read)
