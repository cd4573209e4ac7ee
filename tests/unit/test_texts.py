"""The texts of reports: each one that the sources say in Russian has its English, which says as much."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from bitrix_app.texts import DOMAIN, TRANSLATIONS, language, speaking, tr, tr_many

APP = Path(__file__).parents[2] / "bitrix_app"
SAID_IN = ("processing", "reports", "workbook", "jobs/delivery", "dates.py", "jobs/comparing.py", "texts.py")
CYRILLIC = re.compile("[А-Яа-яЁё]")
PLACES = re.compile(r"\{[^}]*\}")
NOT_SAID = {
    "_SAYS_SOLE_TRADER",
    "_SAYS_PRIVATE_PRACTICE",
    "_SOLE_TRADERS_PRESET",
    "_PERSONS_PRESET",
    "_UNP",
    "_CYRILLIC_TWINS",
    "_GLYPHS",
    "_YEAR",
}
"""Constants that something is recognized or measured by; nobody reads them."""


def sources() -> Iterator[Path]:
    for place in SAID_IN:
        yield from [APP / place] if place.endswith(".py") else sorted((APP / place).rglob("*.py"))


def is_said(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and CYRILLIC.search(node.value) is not None


def texts_in(node: ast.AST) -> Iterator[str]:
    """Every Russian text beneath, docstrings left out."""
    for each in ast.iter_child_nodes(node):
        if isinstance(each, ast.Assign | ast.AnnAssign):
            target = each.targets[0] if isinstance(each, ast.Assign) else each.target
            if isinstance(target, ast.Name) and target.id in NOT_SAID:
                continue
        if isinstance(each, ast.Constant):
            if is_said(each) and not isinstance(node, ast.Expr):
                yield each.value
        else:
            yield from texts_in(each)


def said() -> set[str]:
    return {text for path in sources() for text in texts_in(ast.parse(path.read_text(encoding="utf-8")))}


def catalogue(kind: str) -> dict[str, str]:
    path = TRANSLATIONS / "en" / "LC_MESSAGES" / f"{DOMAIN}.{kind}"
    with path.open("rb") as file:
        found = read_po(file, locale="en") if kind == "po" else read_mo(file)
    return {str(each.id): str(each.string) for each in found if each.id}


def test_everything_that_a_report_says_has_its_english() -> None:
    """A new column, sentence or sheet without it fails here."""
    known, texts = catalogue("po"), said()
    assert len(texts) > 200
    assert sorted(text for text in texts if not known.get(text)) == []


def test_the_catalogue_has_nothing_that_is_no_longer_said() -> None:
    assert sorted(text for text in catalogue("po").keys() - said() if CYRILLIC.search(text)) == []


def test_english_is_english_and_fills_the_same_places() -> None:
    for text, english in catalogue("po").items():
        assert not CYRILLIC.search(english), text
        assert set(PLACES.findall(english)) == set(PLACES.findall(text)), text


def test_what_is_compiled_is_what_is_written() -> None:
    """`make translations` was run after the last change."""
    assert catalogue("mo") == catalogue("po")


def test_a_text_with_places_is_filled_after_it_is_translated() -> None:
    """A sentence that Python fills first would be in no catalogue."""
    wrong = [
        f"{path.name}:{node.lineno}"
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.JoinedStr) and any(map(is_said, node.values))
    ]
    assert wrong == []


def untranslated(node: ast.AST, *, inside: bool = False) -> Iterator[ast.Constant]:
    """Texts of functions that go past ``tr``: in Russian they would stand in an English report."""
    if isinstance(node, ast.Constant):
        if inside and is_said(node):
            yield node
        return
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    translates = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"tr", "tr_many"}
    for each in ast.iter_child_nodes(node):
        if not (translates and isinstance(each, ast.Constant)):
            yield from untranslated(each, inside=inside or isinstance(node, ast.FunctionDef | ast.Lambda))


def test_a_function_says_nothing_past_the_catalogue() -> None:
    wrong = [
        f"{path.name}:{found.lineno}: {found.value}"
        for path in sources()
        for found in untranslated(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert wrong == []


def test_russian_is_what_the_source_says() -> None:
    assert language() == "ru"
    assert [tr(text) for text in sorted(said())] == sorted(said())


def test_a_text_is_in_the_language_of_the_work_around_it() -> None:
    with speaking("en"):
        assert tr("Контрагент") == "Counterparty"
        with speaking("ru"):
            assert tr("Контрагент") == "Контрагент"
    assert tr("Контрагент") == "Контрагент"


@pytest.mark.parametrize(
    ("count", "russian", "english"),
    [(1, "счёт", "invoice"), (2, "счёта", "invoices"), (5, "счетов", "invoices"), (11, "счетов", "invoices"),
     (21, "счёт", "invoices"), (112, "счетов", "invoices")],
)  # fmt: skip
def test_things_are_counted_as_each_language_counts(count: int, russian: str, english: str) -> None:
    forms = ("счёт", "счёта", "счетов")
    assert tr_many(count, *forms) == russian
    with speaking("en"):
        assert tr_many(count, *forms) == english
