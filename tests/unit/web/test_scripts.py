"""The page's scripts and its templates name the same modules and sentences."""

from __future__ import annotations

import re
from collections import Counter

from bitrix_app.web.app import ROOT

USED = re.compile(r'i18n\.(t|count)\("([a-z._]+)"')


def test_every_sentence_of_the_scripts_is_in_the_templates() -> None:
    """What a script says by key stands in the block of messages that the server translates."""
    messages = (ROOT / "templates/app/messages.html").read_text(encoding="utf-8")
    known = set(re.findall(r'"([a-z._]+)":', messages))
    scripts = (ROOT / "static/js").glob("*.js")
    used = {found[1] for script in scripts for found in USED.findall(script.read_text(encoding="utf-8"))}
    assert len(used) > 60
    assert used - known == set()


def test_a_key_of_the_scripts_has_one_sentence() -> None:
    """A key that is given twice has the words of the last one wherever the first is meant."""
    messages = (ROOT / "templates/app/messages.html").read_text(encoding="utf-8")
    counted = Counter(re.findall(r'"([a-z._]+)": _\(', messages))
    assert [key for key, count in counted.items() if count > 1] == []
