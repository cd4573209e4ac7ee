"""The texts of the application's card: read from ``docs/market/``, filled from the settings, written field by field.

A document has one second-level heading a field, named as the developer's cabinet names it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from babel.messages.pofile import read_po

from bitrix_app.jobs import FORMATS

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "docs" / "market"
CATALOGUE = ROOT / "bitrix_app" / "web" / "translations" / "ru" / "LC_MESSAGES" / "messages.po"
FIELDS: Mapping[str, Mapping[str, str]] = {
    "ru": {
        "name": "Название",
        "slogan": "Маркетинговый слоган",
        "description": "Полное описание",
        "keywords": "Ключевые слова",
        "installation": "Описание процесса установки",
        "support": "Информация о поддержке и обратной связи",
        "news": "Что нового в приложении",
    },
    "en": {
        "name": "Name",
        "slogan": "Marketing slogan",
        "description": "Full description",
        "keywords": "Keywords",
        "installation": "Installation",
        "support": "Support",
        "news": "What's new",
    },
}
"""Field → its heading. Source: market/preparing-to-publish/common-requirements.md, 1.B and 1.C."""
_HEADING = re.compile(r"^## (.+)\n", re.MULTILINE)
_SETTING = re.compile(r"\{(MARKET_[A-Z_]+)\}")


class TextsError(Exception):
    """A document that lacks a field, or has one that the cabinet does not."""


@dataclass(frozen=True, slots=True)
class Card:
    """The texts in one language: ``fields`` by their codes, Markdown without the heading; ``unset`` are settings that
    the texts want and nobody gave, which stand in them by name."""

    lang: str
    fields: Mapping[str, str]
    unset: tuple[str, ...] = ()

    def __getitem__(self, field: str) -> str:
        return self.fields[field]


def read_card(lang: str, settings: Mapping[str, str], folder: Path = SOURCES) -> Card:
    """The card of ``<lang>.md``, with the settings ``MARKET_…`` put in. Raises TextsError."""
    document = (folder / f"{lang}.md").read_text(encoding="utf-8")
    _, *parts = _HEADING.split(document)
    found = dict(zip(parts[::2], map(str.strip, parts[1::2]), strict=True))
    headings = FIELDS[lang]
    strange = [*(set(found) ^ set(headings.values()))]
    if strange:
        raise TextsError(f"docs/market/{lang}.md: a heading is missing or unknown: {', '.join(sorted(strange))}")
    wanted = dict.fromkeys(_SETTING.findall(document.split("\n## ", 1)[1]))
    unset = tuple(name for name in wanted if not settings.get(name))
    given = {name: settings[name] for name in wanted if name not in unset}
    filled = {
        field: _SETTING.sub(lambda each: given.get(each[1], each[0]), found[heading])
        for field, heading in headings.items()
    }
    return Card(lang, filled, unset)


def page_words(lang: str) -> frozenset[str]:
    """Everything that the application's pages say in one piece: what a text may quote from them."""
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="ru")
    said = {each.string if lang == "ru" else each.id for each in catalogue}
    words = {each for each in said if isinstance(each, str)}
    return frozenset(words | {each.replace("{format}", known.label) for each in words for known in FORMATS})


def plain(markdown: str) -> str:
    """Text as it is pasted into the cabinet: lines of a paragraph joined, signs of Markdown gone, lists with dots."""
    lines: list[str] = []
    for line in markdown.splitlines():
        begins = re.match(r"(#{3} |- |\d+\. )", line)
        if line.startswith((" ", "\t")) or (line and not begins and lines and lines[-1]):
            lines[-1] += f" {line.strip()}"
        else:
            lines.append(line)
    text = "\n".join(lines)
    return re.sub(r"^### ", "", re.sub(r"^- ", "• ", text, flags=re.MULTILINE), flags=re.MULTILINE).replace("`", "")


def write_card(card: Card, folder: Path) -> list[Path]:
    """One text file a field, numbered as the cabinet orders them. → the files."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for number, field in enumerate(FIELDS[card.lang], start=1):
        made.append(folder / f"{number}-{field}.txt")
        made[-1].write_text(plain(card[field]) + "\n", encoding="utf-8")
    return made
