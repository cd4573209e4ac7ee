"""The catalogues are whole: whatever the web and the templates say is there in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from bitrix_app.web.app import ROOT, TRANSLATIONS

METHODS = [("bitrix_app/web/**.py", "python"), ("templates/**.html", "jinja2")]
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}
PLACES = re.compile(r"%\(\w+\)[sd]|\{\w+\}")
Id = str | tuple[str, ...]


def said() -> Iterator[Id]:
    """Everything that is said, as the sources mark it."""
    for method in METHODS:
        for _file, _line, message, _comments, _context in extract_from_dir(ROOT, [method], keywords=KEYWORDS):
            yield message if isinstance(message, str) else tuple(message)


def catalogue(lang: str, kind: str) -> Catalog:
    path = Path(TRANSLATIONS) / lang / "LC_MESSAGES" / f"messages.{kind}"
    with path.open("rb") as file:
        return read_po(file, locale=lang) if kind == "po" else read_mo(file)


def key(message: Id) -> str:
    return message if isinstance(message, str) else message[0]


def texts_of(known: Catalog, message: str) -> list[str]:
    """The translation: one text, or one for each plural form; empty when there is none."""
    found = known.get(message)
    if found is None:
        return []
    return [found.string] if isinstance(found.string, str) else list(found.string)


@pytest.mark.parametrize("lang", ["ru", "en"])
def test_everything_that_is_said_is_translated(lang: str) -> None:
    known = catalogue(lang, "mo")
    messages = set(said())
    assert len(messages) > 200
    assert [message for message in messages if not all(texts_of(known, key(message)) or [""])] == []


@pytest.mark.parametrize("lang", ["ru", "en"])
def test_what_is_compiled_is_what_is_written(lang: str) -> None:
    """`make translations` was run after the last change."""
    written, compiled = catalogue(lang, "po"), catalogue(lang, "mo")
    ids = [key(message.id) for message in written if message.id]
    assert [each for each in ids if texts_of(compiled, each) != texts_of(written, each)] == []


@pytest.mark.parametrize("lang", ["ru", "en"])
def test_a_translation_fills_the_same_places(lang: str) -> None:
    known = catalogue(lang, "po")
    for message in known:
        wanted = set(PLACES.findall(key(message.id))) if message.id else set()
        for text in texts_of(known, key(message.id)) if message.id else ():
            assert set(PLACES.findall(text)) == wanted, message.id


def test_russian_has_its_three_plurals() -> None:
    plurals = [message for message in catalogue("ru", "po") if isinstance(message.id, tuple)]
    assert plurals
    assert all(len(message.string) == 3 for message in plurals)
