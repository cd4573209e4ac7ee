"""The comparison is provable and says the same in both languages; the front pages show a film that is light enough."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
LINK = re.compile(r"\]\(([^)]+)\)")
CODE = re.compile(r"`([A-Za-z_]+)`")
PLAIN = {"нет", "да", "писать", "cron", "no", "yes", "to be written"}
"""Marks of the other two ways that say only that there is nothing, or that it is for the reader to write."""
MOST_BYTES = 3 * 2**20


def tables() -> list[list[list[str]]]:
    """Rows of both tables, without their heads, as cells."""
    text = (DOCS / "compare.md").read_text(encoding="utf-8")
    parts = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    return [
        [[cell.strip() for cell in row.strip("| ").split(" | ")] for row in part.splitlines()[2:]] for part in parts
    ]


def test_both_languages_prove_the_same_by_the_same() -> None:
    """Row by row the same links and the same places in the portal's code; only documentation has two sites."""
    russian, english = tables()
    assert len(russian) == len(english) > 12

    def proofs(rows: list[list[str]]) -> list[list[str]]:
        return [
            [
                each.replace("bitrix24.com", "bitrix24.ru")
                for cell in row
                for each in LINK.findall(cell) + CODE.findall(cell)
            ]
            for row in rows
        ]

    assert proofs(russian) == proofs(english)


@pytest.mark.parametrize("language", [0, 1])
def test_every_mark_of_ours_has_a_proof(language: int) -> None:
    """A link, or the plain word that we cannot do it; the others' marks have a proof or claim nothing of them."""
    for what, export, script, ours in tables()[language]:
        assert LINK.search(ours) or ours.startswith(("нет", "no")), what
        assert LINK.search(script) or script.rstrip(",: ").split(",")[0].split(":")[0] in PLAIN, (what, script)
        assert CODE.search(export) or export.split(",")[0].split(":")[0] in PLAIN | {
            "портал делает это у себя",
            "the portal does it in its own house",
            "без REST",
            "without REST",
        }, (what, export)


def test_figures_are_those_that_were_measured() -> None:
    """Requests and seconds of the comparison stand in benchmarks/results.md."""
    measured = (ROOT / "benchmarks" / "results.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (ours[^|]*|one call[^|]*|`fast-bitrix24`[^|]*)\| ([\d,]+) \|(.*)$", measured, re.MULTILINE)
    seconds = {
        (way.strip(), calls): [float(each.replace(",", "")) for each in re.findall(r"[\d,]+\.\d", rest)]
        for way, calls, rest in rows
    }
    told = {"151": 53.6, "9": 3.5, "4,020": 2010.9, "29": 4.1}
    for calls, wanted in told.items():
        assert any(wanted in values for (_, found), values in seconds.items() if found == calls), calls
    for row in (next(each for each in table if "5" in each[0] and "000" in each[0]) for table in tables()):
        line = " ".join(row).replace("\N{NO-BREAK SPACE}", " ")
        for calls in told:
            assert calls.replace(",", " ") in line or calls in line, (calls, line)


@pytest.mark.parametrize("lang", ["ru", "en"])
def test_the_film_of_a_front_page_is_light(lang: str) -> None:
    page = {"ru": "README.ru.md", "en": "README.md"}[lang]
    assert f"(docs/screenshots/film-{lang}.gif)" in (ROOT / page).read_text(encoding="utf-8")
    data = (DOCS / "screenshots" / f"film-{lang}.gif").read_bytes()
    assert data[:6] == b"GIF89a"
    assert len(data) <= MOST_BYTES
