"""The page's scripts and its templates name the same modules and sentences."""

from __future__ import annotations

import re

from bitrix_app.web.app import ROOT

USED = re.compile(r'i18n\.(t|count)\("([a-z._]+)"')


def test_every_module_is_preloaded() -> None:
    """The page names all its modules at once, so that they come in one round trip instead of one after another."""
    page = (ROOT / "templates/app.html").read_text(encoding="utf-8")
    listed = re.search(r"for name in \[([^\]]+)\]", page)
    assert listed
    preloaded = set(re.findall(r'"([a-z0-9-]+)"', listed[1]))
    assert preloaded == {script.stem for script in (ROOT / "static/js").glob("*.js")} - {"app", "install"}


def test_every_sentence_of_the_scripts_is_in_the_templates() -> None:
    """What a script says by key stands in the block of messages that the server translates."""
    messages = (ROOT / "templates/app/messages.html").read_text(encoding="utf-8")
    known = set(re.findall(r'"([a-z._]+)":', messages))
    scripts = (ROOT / "static/js").glob("*.js")
    used = {found[1] for script in scripts for found in USED.findall(script.read_text(encoding="utf-8"))}
    assert len(used) > 60
    assert used - known == set()
