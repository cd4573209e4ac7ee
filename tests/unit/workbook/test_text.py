"""Text in a cell: dropped is what XML forbids, kept is everything else."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape

from bitrix_app.workbook.cells import TEXT_LIMIT, clean, cut, escape, is_special, runs, utf16_length

ANY_TEXT = st.text(st.characters(exclude_categories=()))
"""Lone surrogates, control characters and non-characters included."""


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("ООО «Ромашка»", "ООО «Ромашка»"),
        ("a\x00b\x08c\x1fd", "abcd"),
        ("tab\tand\nlines\r\n", "tab\tand\nlines\r\n"),
        ("half \ud83d of an emoji", "half  of an emoji"),
        ("\ufffe\uffff", ""),
        ("😀 \u202eправо-налево\u202c", "😀 \u202eправо-налево\u202c"),
        ("\x7f\x85\u2028", "\x7f\x85\u2028"),
    ],
)
def test_only_characters_that_xml_forbids_are_dropped(typed: str, kept: str) -> None:
    """Control characters, lone surrogates, U+FFFE and U+FFFF go; tabs, line breaks, emoji and marks stay."""
    assert clean(typed) == kept


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("a & b < c > d", ["a &amp; b &lt; c &gt; d"]),
        ("_x0041_", ["_", "x0041_"]),
        ("_x0041_x0042_", ["_", "x0041_", "x0042_"]),
        ("_x005F_x0041_", ["_", "x005F_", "x0041_"]),
        ("_x00\x0041_", ["_", "x0041_"]),
        ("_x41_ and x0041_", ["_x41_ and x0041_"]),
        ("\r", ["&#13;"]),
    ],
)
def test_markup_and_what_looks_like_an_escape_are_written_so_that_excel_shows_what_was_typed(
    typed: str, written: list[str]
) -> None:
    """``_x0041_`` would be shown as ``A``: it is cut after its underscore, twice where two escapes share one."""
    assert runs(typed) == written


@given(ANY_TEXT | st.from_regex("(_x[0-9A-Fa-f]{4}_?|[&<>_x0-9A-F\r\n])*", fullmatch=True))
def test_any_text_survives_xml_and_excels_unescaping(text: str) -> None:
    """Parsed as XML, the runs make what was typed less the forbidden characters, and Excel finds nothing to unescape
    in any of them."""
    parsed = [ElementTree.fromstring(f"<t>{run}</t>".encode()).text or "" for run in runs(text)]
    assert "".join(parsed) == clean(text)
    assert [unescape(run) for run in parsed] == parsed


@given(ANY_TEXT)
def test_a_text_that_is_not_special_stands_in_xml_as_it_is(text: str) -> None:
    """The short cut of the hot loop gives what the long way gives."""
    if not is_special(text):
        assert escape(text) == text


def test_a_text_is_cut_at_the_limit_without_halving_a_character() -> None:
    """32,767 units of UTF-16: the emoji that would lie across the edge is left out whole."""
    text = "а" * (TEXT_LIMIT - 1) + "😀"
    assert cut(text) == "а" * (TEXT_LIMIT - 1)
    assert utf16_length(text) == TEXT_LIMIT + 1
