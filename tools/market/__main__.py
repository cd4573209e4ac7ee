"""``python -m tools.market``: everything for the Market's cabinet into ``dist/market/``, and the checklist.

Settings ``MARKET_…`` come from the environment or ``.env``, as the application's own. Exit code 1 where a rule is
broken or there is no Chromium.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from dotenv import dotenv_values
from playwright.sync_api import expect

from tests.browser.chromium import chromium, find_chromium
from tests.browser.stage import running_stage
from tools.market.checklist import proofs, write_checklist
from tools.market.pictures import PATIENCE, Picture, draw_icon, keep, take_pictures
from tools.market.rules import REQUIREMENTS, Verdict, check_card, check_icon, check_screenshot, check_words
from tools.market.texts import ROOT, page_words, read_card, write_card

FOLDER = ROOT / "dist" / "market"
LANGS = ("ru", "en")
KNOWN = {"ru": ("RUB", "USD", "EUR", "KZT", "Europe", "Moscow", "UTC", "batch"), "en": ()}
"""What stands in Latin letters in every language: currencies, time zones, a method of the portal."""


def main() -> int:
    """Makes the folder anew. → the exit code."""
    path = find_chromium()
    if path is None:
        sys.stderr.write("no Chromium was found: install chromium or set CHROMIUM_PATH\n")
        return 1
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    verdicts, unset = texts()
    expect.set_options(timeout=PATIENCE)
    with tempfile.TemporaryDirectory() as folder, chromium(path) as browser:
        icon = draw_icon(browser)
        verdicts.append(check_icon(icon))
        keep(icon, FOLDER / "icon.png")
        for lang in LANGS:
            with running_stage(Path(folder)) as stage:
                verdicts += [each for made in take_pictures(browser, stage, lang) for each in pictured(made)]
    write_checklist(verdicts, unset, FOLDER / "checklist.md")
    return told([*verdicts, *proofs()], unset)


def texts() -> tuple[list[Verdict], tuple[str, ...]]:
    """The cards, written and judged. → verdicts, settings that nobody gave."""
    given = {name: value or "" for name, value in {**dotenv_values(ROOT / ".env"), **os.environ}.items()}
    cards = [read_card(lang, given) for lang in LANGS]
    for card in cards:
        write_card(card, FOLDER / card.lang)
    verdicts = [
        each for card in cards for each in check_card(card, given.get("MARKET_APP_NAME", ""), page_words(card.lang))
    ]
    return verdicts, tuple(dict.fromkeys(name for card in cards for name in card.unset))


def pictured(made: Picture) -> list[Verdict]:
    """A screenshot, written and judged."""
    name = f"{made.lang}/{made.code}.png"
    keep(made.image, FOLDER / name)
    silent = Verdict(f"Снимок {name}: страница ни на что не жалуется", f"{REQUIREMENTS}, 2", made.complaints)
    return [
        check_screenshot(name, made.image),
        check_words(name, made.words, made.lang, KNOWN[made.lang]),
        silent,
    ]


def told(verdicts: Sequence[Verdict], unset: Sequence[str]) -> int:
    """Says what was made and what is wrong. → the exit code."""
    for path in sorted(each for each in FOLDER.rglob("*") if each.is_file()):
        sys.stdout.write(f"{path.relative_to(ROOT)}: {path.stat().st_size} bytes\n")
    broken = [each for each in verdicts if each.wrong]
    for each in broken:
        sys.stderr.write(f"broken: {each.rule} ({each.source}): {'; '.join(each.wrong)}\n")
    for name in unset:
        sys.stdout.write(f"{name} is not set: its place in the texts is marked\n")
    sys.stdout.write(f"{len(verdicts) - len(broken)} of {len(verdicts)} checks hold\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
