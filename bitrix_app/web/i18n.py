"""The reader's language, and texts in it: flask-babel's functions with types.

What the portal or a browser says about the language is only compared with what we have, never used.
"""

from __future__ import annotations

from typing import Any

import flask_babel
from flask import g, has_request_context, request

from bitrix_app.texts import ENGLISH, LANGUAGES, RUSSIAN

READS_RUSSIAN = frozenset({"ru", "by", "be", "kz", "kk", "uz", "ky", "kg", "tj", "tg", "hy", "am", "az"})


def language_of(lang: str | None) -> str:
    """Our language for the portal's ``LANG``: Russian where it is widely read, and where nothing is said."""
    if not lang:
        return RUSSIAN
    return RUSSIAN if lang.strip().lower()[:5].replace("_", "-").split("-")[0] in READS_RUSSIAN else ENGLISH


def browser_language() -> str:
    """Our language for the browser's ``Accept-Language``."""
    return request.accept_languages.best_match(LANGUAGES, default=RUSSIAN) or RUSSIAN


def choose_language(lang: str) -> None:
    """From now on this request is answered in ``lang`` (one of LANGUAGES)."""
    g.lang = lang


def current_language() -> str:
    """The language of this request's answer."""
    if not has_request_context():
        return RUSSIAN
    chosen: str | None = g.get("lang")
    return chosen or browser_language()


def translate(text: str, **values: Any) -> str:
    """The text with its ``%(name)s`` filled."""
    return str(flask_babel.gettext(text, **values))


def translate_many(one: str, many: str, number: int) -> str:
    """The form for ``number`` things, ``%(num)d`` being the number."""
    return str(flask_babel.ngettext(one, many, number))


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for it, which pybabel knows
    """The text as it is: marks what is translated later, where the reader is known."""
    return text
