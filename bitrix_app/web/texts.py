"""flask-babel's functions with types: a text of the catalogues in the reader's language."""

from __future__ import annotations

from typing import Any

import flask_babel


def translate(text: str, **values: Any) -> str:
    """The text with its ``%(name)s`` filled."""
    return str(flask_babel.gettext(text, **values))


def translate_many(one: str, many: str, number: int) -> str:
    """The form for ``number`` things, ``%(num)d`` being the number."""
    return str(flask_babel.ngettext(one, many, number))


def to_translate(text: str) -> str:
    """The text as it is: marks what is translated later, where the reader is known."""
    return text
