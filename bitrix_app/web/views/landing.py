"""``GET /``: what this is, for somebody who comes by."""

from __future__ import annotations

from flask import Flask, render_template

from bitrix_app.web.pages import page_values
from bitrix_app.web.texts import translate as _


def add_to(app: Flask) -> None:
    """Adds the address."""
    app.add_url_rule("/", endpoint="landing", view_func=landing)


def landing() -> str:
    """A page that says what this is and that it opens inside Bitrix24."""
    return render_template(
        "message.html",
        **page_values(),
        title=_("Invoice register"),
        text=_("This application makes an Excel register of the invoices in your Bitrix24."),
        advice=_("It opens inside Bitrix24: in the left menu, above the list of invoices, in the card of a company."),
        code=None,
    )
