"""The self-check's answers in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bitrix_app.portals import Check
from bitrix_app.web.sentences import sentence_for
from bitrix_app.web.texts import translate as _


def check_in_words(check: Check) -> dict[str, Any]:
    """``{code, ok, title, advice}``; the advice is empty where all is well."""
    if check.error is not None:
        sentence = sentence_for(check.error, check.params)
        return {"code": check.code, "ok": False, "title": sentence.text, "advice": sentence.advice}
    title, advice = _words(check)
    return {"code": check.code, "ok": check.ok, "title": title, "advice": "" if check.ok else advice}


def _words(check: Check) -> tuple[str, str]:
    params = check.params
    words: Mapping[str, Callable[[], tuple[str, str]]] = {
        "scopes": lambda: (
            _("The application has the permissions it needs")
            if check.ok
            else _("Permissions are missing: %(missing)s", missing=params["missing"]),
            _("Add them in the application's card and install it once more."),
        ),
        "invoices": lambda: (
            _("Invoices can be read; you see %(count)s", count=params["count"]),
            "",
        ),
        "embedding": lambda: (
            _("The application stands in its places and hears when it is removed")
            if check.ok
            else _("Missing from the portal: %(missing)s", missing=_places(params["missing"])),
            _("Install the application once more: that is harmless."),
        ),
        "fields": lambda: (
            _("The chosen fields are there")
            if check.ok
            else _("Chosen fields that the portal has no more: %(missing)s", missing=params["missing"]),
            _("Choose other fields in the settings."),
        ),
        "time_zone": lambda: (
            _("Time zone of the settings: %(zone)s", zone=params["zone"])
            if check.ok
            else _("The settings say %(zone)s, your profile %(user_zone)s", **params),
            _("If the portal is in your zone, choose it in the settings: it tells when a day begins."),
        ),
        "limits": lambda: (
            _("The portal's limits leave room for reports")
            if check.ok
            else _("The portal's limit is nearly used up: %(operating)s s of 480", operating=params["operating"]),
            _("Reports wait until the portal lets them go on; build large ones at another time."),
        ),
    }
    return words[check.code]()


def _places(codes: str) -> str:
    """The codes of places and events, given in one text, as the installation page calls them."""
    titles = {
        "CRM_SMART_INVOICE_LIST_TOOLBAR": _("the menu above the list of invoices"),
        "CRM_SMART_INVOICE_DETAIL_TAB": _("the tab in an invoice's card"),
        "CRM_COMPANY_DETAIL_TAB": _("the tab in a company's card"),
        "CRM_ANALYTICS_MENU": _("the menu item in CRM analytics"),
        "ONAPPUNINSTALL": _("the message that the application is removed"),
    }
    return ", ".join(titles.get(code, code) for code in codes.split(", "))
