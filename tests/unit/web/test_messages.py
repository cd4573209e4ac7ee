"""Every code has its sentence, in both languages: what happened, and what to do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bitrix_app import errors
from bitrix_app.errors import AppError, RejectedRequestError
from bitrix_app.web.errors import CODE_BY_STATUS, status_of
from bitrix_app.web.messages import MESSAGES, message_for

PACKAGE = Path(errors.__file__).parent
CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)


SHOWN = ("bitrix_app.errors", "bitrix_app.storage", "bitrix_app.bitrix24")


def family(kind: type[AppError]) -> set[type[AppError]]:
    """The error and its children, as far as somebody may see them (a job's own signals never leave it)."""
    found = {kind}.union(*(family(child) for child in kind.__subclasses__()))
    return {each for each in found if each.__module__.startswith(SHOWN)}


def codes_of_refusals() -> set[str]:
    """Codes that the source gives to RejectedRequestError."""
    call = re.compile(r"RejectedRequestError\(\s*\d+,\s*\"(\w+)\"")
    return {code for path in PACKAGE.rglob("*.py") for code in call.findall(path.read_text(encoding="utf-8"))}


def test_every_error_of_the_tree_has_a_sentence() -> None:
    assert {kind.code for kind in family(AppError)} <= MESSAGES.keys()


def test_every_refusal_in_the_source_has_a_sentence() -> None:
    found = codes_of_refusals()
    assert {"session_expired", "link_invalid", "too_many_requests"} <= found
    assert found <= MESSAGES.keys()
    assert set(CODE_BY_STATUS.values()) <= MESSAGES.keys()


@pytest.mark.parametrize("code", sorted(MESSAGES))
def test_a_sentence_says_what_happened_and_what_to_do_in_the_readers_language(lang: str, code: str) -> None:
    sentence = message_for(code, {"method": "crm.item.list", "field": "AUTH_ID", "expected": "JSON", "limit": 5})
    for text in (sentence.text, sentence.advice):
        assert text.endswith((".", "…"))
        assert "%(" not in text
        assert bool(CYRILLIC.search(text)) == (lang == "ru"), text


def test_a_missing_value_is_an_ellipsis_and_never_a_failure(russian: None) -> None:
    assert message_for("portal_error").text == "Битрикс24 ответил ошибкой на запрос …."


@pytest.mark.parametrize("hostile", ["%(code)s %s %d %", "x" * 5000, None, 5, ["a"], {"b": 1}])
def test_values_are_data(russian: None, hostile: object) -> None:
    text = message_for("portal_error", {"method": hostile}).text
    assert len(text) < 300
    assert text.startswith("Битрикс24 ответил ошибкой на запрос")


def test_an_unknown_code_reads_like_a_failure_of_ours(russian: None) -> None:
    assert message_for("no_such_code") == message_for("internal_error")


@pytest.mark.parametrize("kind", sorted(family(AppError) - {RejectedRequestError}, key=lambda kind: kind.__name__))
def test_every_error_has_a_status(kind: type[AppError]) -> None:
    assert 400 <= status_of(kind()) < 600
