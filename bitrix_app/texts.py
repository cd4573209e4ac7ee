"""The texts of a report in its language: written in Russian where they are needed, English from a catalogue of gettext
(``translations/en``).

The language belongs to the work that is being done, as it does in gettext's other users: a context variable, so that
reports of both languages are built side by side. A thread that works for a report is told it (``speak``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

RUSSIAN, ENGLISH = "ru", "en"
LANGUAGES = (RUSSIAN, ENGLISH)
DOMAIN = "report"
TRANSLATIONS = Path(__file__).parent / "translations"

_language: ContextVar[str] = ContextVar("language", default=RUSSIAN)


def language() -> str:
    """The language of the work that is being done: one of LANGUAGES, Russian where nobody has said."""
    return _language.get()


def speak(lang: str) -> None:
    """From now on this thread's texts are in ``lang``; an initializer of a pool's threads."""
    _language.set(lang if lang in LANGUAGES else RUSSIAN)


@contextmanager
def speaking(lang: str) -> Iterator[None]:
    """Texts within are in ``lang``."""
    before = _language.set(lang if lang in LANGUAGES else RUSSIAN)
    try:
        yield
    finally:
        _language.reset(before)


def tr(text: str, /, **values: object) -> str:
    """The text in the language of the work, its ``{places}`` filled. What the catalogue does not know stays as it is:
    titles of a portal's own fields pass through here too."""
    said = _catalogue(_language.get()).gettext(text)
    return said.format(**values) if values else said


def tr_many(count: int, one: str, few: str, many: str, /) -> str:
    """The form for ``count`` things (1 счёт, 2 счёта, 5 счетов), its ``{count}`` filled; English has the first and the
    last."""
    if _language.get() == ENGLISH:
        return tr(one if count == 1 else many, count=count)
    if count % 10 == 1 and count % 100 != 11:
        return tr(one, count=count)
    return tr(few if count % 10 in {2, 3, 4} and count % 100 not in {12, 13, 14} else many, count=count)


def quoted(text: object) -> str:
    """The text in quotation marks."""
    return tr("«{text}»", text=text)


def decimal_mark() -> str:
    """What stands before kopecks."""
    return "." if _language.get() == ENGLISH else ","


def thousands_mark() -> str:
    """What stands between groups of three digits."""
    return "," if _language.get() == ENGLISH else "\N{NO-BREAK SPACE}"


@cache
def _catalogue(lang: str) -> NullTranslations:
    if lang == RUSSIAN:
        return NullTranslations()
    with (TRANSLATIONS / lang / "LC_MESSAGES" / f"{DOMAIN}.mo").open("rb") as file:
        return GNUTranslations(file)
