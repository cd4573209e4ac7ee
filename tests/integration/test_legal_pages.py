"""The pages that the Market asks for: open without a session, filled from settings, one with docs/privacy.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from tests.integration.house import House, open_house

PRIVACY = Path(__file__).resolve().parents[2] / "docs" / "privacy.md"
PUBLISHER = {
    "MARKET_APP_NAME": "Реестр счетов",
    "MARKET_LICENSOR": "ООО «Издатель» <b>",
    "MARKET_INN": "7707083893",
    "MARKET_ADDRESS": "119019, Москва, ул. Знаменка, 1",
    "MARKET_EMAIL": "help@publisher.example",
}
PAGES = ("license", "privacy")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("published")
    with open_house(folder, f"sqlite:///{folder}/app.db", **PUBLISHER) as house:
        yield house


def words(html: str) -> str:
    """The text of a page or of a Markdown document, without its marks."""
    plain = re.sub(r"<[^>]+>|\]\([^)]*\)|[*`#|\[\]\\-]", "", html)
    return re.sub(r"\s", "", unescape(plain))


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("lang", ["ru", "en"])
def test_it_names_the_publisher_in_both_languages(published: House, page: str, lang: str) -> None:
    answer = published.get(f"/legal/{page}?lang={lang}")
    assert answer.status_code == 200
    assert f'<html lang="{lang}"' in answer.text
    assert "<script" not in answer.text
    for each in PUBLISHER.values():
        assert each in unescape(answer.text)
    assert "<b>" not in answer.text


@pytest.mark.parametrize("page", PAGES)
def test_it_is_there_for_a_look_in_advance(published: House, page: str) -> None:
    """HEAD, no session, nothing to frame, no cookie."""
    answer = published.app.test_client().head(f"/legal/{page}")
    assert (answer.status_code, answer.data) == (200, b"")
    assert "script-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(("lang", "heading"), [("ru", "По-русски"), ("en", "In English")])
def test_it_says_of_data_what_the_document_says(published: House, lang: str, heading: str) -> None:
    """Sentence by sentence: the document is the only source."""
    document = PRIVACY.read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    shown = words(published.get(f"/legal/privacy?lang={lang}").text)
    missing = [line for line in map(words, document.splitlines()) if line and line not in shown]
    assert missing == []


def test_links_lead_to_no_document_that_is_not_served(published: House) -> None:
    links = re.findall(r'href="([^"]+)"', published.get("/legal/privacy?lang=ru").text)
    assert not [each for each in links if each.endswith(".md") or ".md#" in each]


@pytest.mark.parametrize("page", PAGES)
def test_without_the_settings_it_says_which_are_missing(house: House, page: str) -> None:
    answer = house.get(f"/legal/{page}")
    assert answer.status_code == 404
    assert "MARKET_LICENSOR" in answer.text
