"""The Russian catalogue is whole; English needs none, for every message is its own English text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from flask import Flask
from flask_babel import gettext, ngettext

from bitrix_app.web.app import ROOT, TRANSLATIONS
from bitrix_app.web.i18n import choose_language

METHODS = [("bitrix_app/web/**.py", "python"), ("templates/**.html", "jinja2")]
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}
PLACES = re.compile(r"%\(\w+\)[sd]|\{\w+\}")
Id = str | tuple[str, ...]


def said() -> Iterator[Id]:
    """Everything that is said, as the sources mark it."""
    for method in METHODS:
        for _file, _line, message, _comments, _context in extract_from_dir(ROOT, [method], keywords=KEYWORDS):
            yield message if isinstance(message, str) else tuple(message)


def catalogue(kind: str) -> Catalog:
    path = Path(TRANSLATIONS) / "ru" / "LC_MESSAGES" / f"messages.{kind}"
    with path.open("rb") as file:
        return read_po(file, locale="ru") if kind == "po" else read_mo(file)


def key(message: Id) -> str:
    return message if isinstance(message, str) else message[0]


def texts_of(known: Catalog, message: str) -> list[str]:
    """The translation: one text, or one for each plural form; empty when there is none."""
    found = known.get(message)
    if found is None:
        return []
    return [found.string] if isinstance(found.string, str) else list(found.string)


def test_everything_that_is_said_is_translated() -> None:
    known = catalogue("mo")
    messages = set(said())
    assert len(messages) > 200
    assert [message for message in messages if not all(texts_of(known, key(message)) or [""])] == []


def test_what_is_compiled_is_what_is_written() -> None:
    """`make translations` was run after the last change."""
    written, compiled = catalogue("po"), catalogue("mo")
    ids = [key(message.id) for message in written if message.id]
    assert [each for each in ids if texts_of(compiled, each) != texts_of(written, each)] == []


def test_a_translation_fills_the_same_places() -> None:
    known = catalogue("po")
    for message in known:
        wanted = set(PLACES.findall(key(message.id))) if message.id else set()
        for text in texts_of(known, key(message.id)) if message.id else ():
            assert set(PLACES.findall(text)) == wanted, message.id


def test_russian_has_its_three_plurals() -> None:
    plurals = [message for message in catalogue("po") if isinstance(message.id, tuple)]
    assert plurals
    assert all(len(message.string) == 3 for message in plurals)


def test_english_is_what_the_source_says(app: Flask) -> None:
    """No catalogue stands between an English reader and the messages, plural forms among them."""
    messages = set(said())
    with app.test_request_context("/"):
        choose_language("en")
        for message in messages:
            if isinstance(message, str):
                assert gettext(message) == message
            else:
                one, many = message[:2]
                values = dict.fromkeys(re.findall(r"%\((\w+)\)s", many), "…")
                assert [ngettext(one, many, number, **values) for number in (1, 5)] == [
                    one % {"num": 1, **values},
                    many % {"num": 5, **values},
                ]
