"""``GET /legal/license`` and ``/legal/privacy``: what the Market asks of a published application.

Source: the Market's common requirements (`market/common-requirements.md`, licence and privacy policy open in the
browser, without a session). What is said of data is ``docs/privacy.md`` itself.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask, render_template, request
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from bitrix_app.errors import RejectedRequestError
from bitrix_app.settings import Publisher
from bitrix_app.texts import ENGLISH, RUSSIAN
from bitrix_app.web.i18n import choose_language, current_language
from bitrix_app.web.pages import page_values
from bitrix_app.web.services import services

PRIVACY = Path(__file__).resolve().parents[3] / "docs" / "privacy.md"
PARTS = {RUSSIAN: "По-русски", ENGLISH: "In English"}
"""The headings of ``docs/privacy.md`` that a language's part stands under."""


def add_to(app: Flask) -> None:
    """Adds the addresses."""
    app.add_url_rule("/legal/license", endpoint="license", view_func=show_license)
    app.add_url_rule("/legal/privacy", endpoint="privacy", view_func=show_privacy)


def show_license() -> str:
    """The licence agreement. 404 where nobody publishes the application."""
    publisher = _publisher()
    _choose_language()
    return render_template("legal/license.html", **page_values(), publisher=publisher)


def show_privacy() -> str:
    """Which data the application holds, why, where, for how long. 404 as above."""
    publisher = _publisher()
    _choose_language()
    text = Markup(privacy_in(current_language()))  # noqa: S704  our own document, whose raw HTML is not passed on
    return render_template("legal/privacy.html", **page_values(), publisher=publisher, text=text)


@cache
def privacy_in(lang: str) -> str:
    """The part of ``docs/privacy.md`` in this language, as HTML; links that lead to other documents are plain text."""
    parts = re.split(r"^## (.+)$", PRIVACY.read_text(encoding="utf-8"), flags=re.MULTILINE)
    source = dict(zip(parts[1::2], parts[2::2], strict=True))[PARTS[lang]]
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(source)
    for token in tokens:
        if token.type == "table_open":
            token.attrSet("class", "table")
        token.children = _without_inner_links(token.children) if token.children else token.children
    return str(markdown.renderer.render(tokens, markdown.options, {}))


def _without_inner_links(tokens: list[Token]) -> list[Token]:
    kept, is_inner = [], False
    for token in tokens:
        if token.type == "link_open":
            is_inner = not urlsplit(str(token.attrGet("href"))).scheme
        if not (is_inner and token.type in {"link_open", "link_close"}):
            kept.append(token)
    return kept


def _publisher() -> Publisher:
    publisher = services().settings.publisher
    if publisher.missing:
        raise RejectedRequestError(404, "not_published")
    return publisher


def _choose_language() -> None:
    """``?lang=`` goes before the browser's."""
    if request.args.get("lang") in PARTS:
        choose_language(request.args["lang"])
