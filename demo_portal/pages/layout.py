"""The shell of every page: who looks, top bar, left menu, content."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from demo_portal.pages.words import WORDS
from demo_portal.server.http import Reply

if TYPE_CHECKING:
    from demo_portal.people import User
    from demo_portal.portal import Portal

APP_PATH = "/marketplace/app/5/"
INVOICES_PATH = "/crm/type/31/list/category/0/"
COMPANIES_PATH = "/crm/company/list/"
CONTACTS_PATH = "/crm/contact/list/"
DEALS_PATH = "/crm/deal/list/"
ANALYTICS_PATH = "/report/analytics/"
WIDGETS_PATH = "/devops/list/"
CHATS_PATH = "/online/"
DRIVE_PATH = "/docs/"
MARKET_PATH = "/marketplace/"
OWN_COMPANIES_PATH = "/crm/configs/mycompany/"
AUTOMATION_PATH = "/crm/deal/automation/0/"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks at the page: the user chosen in the top bar (``as``), the language, whether in a slider, and the host
    in the browser's address: a portal may have several names."""

    portal: Portal
    user: User
    lang: str
    path: str
    in_slider: bool = False
    host: str = ""

    def word(self, key: str) -> str:
        """A word of the interface, escaped."""
        return escape(WORDS[self.lang][key])

    def link(self, path: str, **query: Any) -> str:
        """An address inside the portal that keeps user and language, escaped for an attribute."""
        kept = {"as": self.user.id, "lang": self.lang, **({"IFRAME": "Y"} if self.in_slider else {}), **query}
        return escape(f"{path}?{urlencode(kept)}")

    def invoice(self, invoice_id: int) -> str:
        """The address of an invoice's card."""
        return self.link(f"/crm/type/31/details/{invoice_id}/")

    def company(self, company_id: int) -> str:
        """The address of a company's card."""
        return self.link(f"/crm/company/details/{company_id}/")

    def contact(self, contact_id: int) -> str:
        """The address of a contact's card."""
        return self.link(f"/crm/contact/details/{contact_id}/")

    def deal(self, deal_id: int) -> str:
        """The address of a deal's card."""
        return self.link(f"/crm/deal/details/{deal_id}/")


def e(value: Any) -> str:
    """A value as HTML text; nothing for None. Control characters are shown as a sign, not sent to the browser."""
    text = "" if value is None else str(value)
    return escape("".join(char if char >= " " or char in "\n\t" else "\N{SYMBOL FOR NULL}" for char in text))


def attribute_json(value: Any) -> str:
    """A value as JSON inside an attribute."""
    return escape(json.dumps(value, ensure_ascii=True))


def page(viewer: Viewer, title: str, body: str, *, head: str = "", status: int = 200) -> Reply:
    """A whole page; ``title`` as plain text, ``body`` and ``head`` (right of the title) as HTML."""
    inner = (
        f'<main class="content"><div class="page-head"><h1 class="page-title">{e(title)}</h1>'
        f'<div class="right">{head}</div></div>{body}</main>'
    )
    if not viewer.in_slider:
        inner = f'{_top(viewer)}<div class="frame">{_menu(viewer)}{inner}</div>'
    html = (
        f'<!doctype html><html lang="{viewer.lang}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{e(title)}</title>'
        '<link rel="icon" href="data:,"><link rel="stylesheet" href="/static/portal.css"></head>'
        f'<body class="{"in-slider" if viewer.in_slider else ""}">{inner}'
        f'<script type="application/json" id="viewer">{_script_json(viewer)}</script>'
        '<script src="/static/portal.js"></script></body></html>'
    )
    return Reply(status, html.encode("utf-8", "replace"), "text/html; charset=utf-8")


def _script_json(viewer: Viewer) -> str:
    words = WORDS[viewer.lang]
    data = {
        "user": viewer.user.id,
        "lang": viewer.lang,
        "admin": viewer.user.admin,
        "app": viewer.portal.world.app.title,
        "mobile": viewer.portal.ways.mobile,
        "fixedSliders": viewer.portal.ways.fixed_sliders,
        "words": {key: words[key] for key in ("close", "choose", "users", "slider")},
    }
    return json.dumps(data, ensure_ascii=True).replace("<", "\\u003c")


def _top(viewer: Viewer) -> str:
    return (
        f'<header class="top"><div class="brand">{e(viewer.portal.title)} <b>24</b></div>'
        f'<input class="search" placeholder="{viewer.word("search")}" aria-label="{viewer.word("search")}" disabled>'
        f'<div class="switches"><label>{viewer.word("user")} <select data-switch="as" id="user-switch">'
        f"{_user_options(viewer)}</select></label>"
        f'<label>{viewer.word("language")} <select data-switch="lang" id="lang-switch">{_languages(viewer)}</select>'
        "</label></div></header>"
    )


def _user_options(viewer: Viewer) -> str:
    return "".join(
        f'<option value="{user.id}"{" selected" if user.id == viewer.user.id else ""}>{e(user.full_name)} · '
        f"{_rights(viewer, user)}</option>"
        for user in viewer.portal.users.values()
    )


def _rights(viewer: Viewer, user: User) -> str:
    if user.admin:
        return viewer.word("administrator")
    return viewer.word("all_invoices" if user.sees == "all" else "own_invoices")


def _languages(viewer: Viewer) -> str:
    return "".join(
        f'<option value="{code}"{" selected" if code == viewer.lang else ""}>{name}</option>'
        for code, name in (("ru", "Русский"), ("en", "English"))
    )


def _menu(viewer: Viewer) -> str:
    entries = (
        ("messenger", (CHATS_PATH, "✉")),
        ("drive", (DRIVE_PATH, "▢")),
        ("crm", ()),
        ("invoices", (INVOICES_PATH, "₽")),
        ("deals", (DEALS_PATH, "◆")),
        ("companies", (COMPANIES_PATH, "▦")),
        ("contacts", (CONTACTS_PATH, "☺")),
        ("analytics", (ANALYTICS_PATH, "▥")),
        ("automation", (AUTOMATION_PATH, "⚡")),
        ("apps", ()),
        ("", (APP_PATH, "▤")),
        ("installed_apps", (WIDGETS_PATH, "⚙")),
    )
    html = []
    for key, entry in entries:
        if not entry:
            html.append(f'<div class="group">{viewer.word(key)}</div>')
            continue
        path, sign = entry
        name = viewer.word(key) if key else e(viewer.portal.world.app.title)
        here = ' class="here" aria-current="page"' if viewer.path == path else ""
        html.append(f'<a{here} href="{viewer.link(path)}"><span class="sign">{sign}</span><span>{name}</span></a>')
    return f'<nav class="menu">{"".join(html)}</nav>'
