"""The card for the Market: its texts keep the rules, a rule notices what breaks it, a proof is a test that exists."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from bitrix_app.jobs.heartbeat import Timing
from bitrix_app.portals.catalog import USER_SCOPES
from bitrix_app.portals.embedding import TITLE_RU
from bitrix_app.portals.preferences import complete_settings
from bitrix_app.settings import Settings
from bitrix_app.storage.reports import OPEN_OF_PORTAL, OPEN_OF_USER
from bitrix_app.storage.schedules.rows import ACTIVE_OF_PORTAL, ACTIVE_OF_USER
from bitrix_app.workbook.pages import EXCEL
from tools.market.checklist import FOR_A_PERSON, PROVED, missing_tests, write_checklist
from tools.market.rules import (
    KEYWORDS_LENGTH,
    NAME_LENGTH,
    SLOGAN_LENGTH,
    Verdict,
    check_card,
    check_icon,
    check_screenshot,
    check_words,
    foreign_words,
    scopes,
)
from tools.market.texts import FIELDS, Card, TextsError, page_words, plain, read_card, write_card

GIVEN = {"MARKET_EMAIL": "help@publisher.example", "MARKET_LICENSOR": "ООО «Издатель»"}
GIVEN_EN = {**GIVEN, "MARKET_LICENSOR": "Publisher Ltd"}
LANGS = ("ru", "en")


def card(lang: str) -> Card:
    return read_card(lang, GIVEN if lang == "ru" else GIVEN_EN)


def broken(made: Card, app_name: str = "") -> dict[str, tuple[str, ...]]:
    """Rule → what breaks it, of those that are broken."""
    return {each.rule: each.wrong for each in check_card(made, app_name, page_words(made.lang)) if each.wrong}


def with_text(lang: str, field: str, text: str) -> Card:
    good = card(lang)
    return replace(good, fields={**good.fields, field: text})


# --- the texts as they are


@pytest.mark.parametrize("lang", LANGS)
def test_the_texts_keep_every_rule(lang: str) -> None:
    assert broken(card(lang), TITLE_RU) == {}


@pytest.mark.parametrize("lang", LANGS)
def test_every_rule_names_its_page(lang: str) -> None:
    assert all(".md" in each.source for each in check_card(card(lang), "", ()))


@pytest.mark.parametrize("lang", LANGS)
def test_what_nobody_gave_is_named_and_breaks_no_rule(lang: str) -> None:
    made = read_card(lang, {})
    assert made.unset == ("MARKET_EMAIL", "MARKET_LICENSOR")
    assert broken(made) == {}


@pytest.mark.parametrize("lang", LANGS)
def test_limits_that_are_told_are_the_ones_that_hold(lang: str) -> None:
    """Figures of the description that come from defaults and limits of the code."""
    quota = Settings.__dataclass_fields__["portal_quota_mb"].default // 1024
    days, hours = complete_settings({})["report_days"], round(Timing().longest / 3600)
    assert hours == 4
    told = {
        "ru": (
            "не дольше четырёх часов",
            f"{EXCEL.rows:,} строк".replace(",", " "),
            f"не больше {OPEN_OF_USER} отчётов, у портала — {OPEN_OF_PORTAL};",
            f"включённых расписаний — {ACTIVE_OF_USER} и {ACTIVE_OF_PORTAL}.",
            f"отведено {quota} ГБ; отчёты хранятся {days} дней",
        ),
        "en": (
            "within four hours",
            f"{EXCEL.rows:,} rows",
            f"most {OPEN_OF_USER} reports of an employee and {OPEN_OF_PORTAL} of a portal",
            f"most {ACTIVE_OF_USER} and {ACTIVE_OF_PORTAL} schedules",
            f"has {quota} GB for its files; reports are kept for {days} days",
        ),
    }
    text = plain(card(lang)["description"])
    assert [each for each in told[lang] if each not in text] == []


# --- what breaks a rule


@pytest.mark.parametrize(
    ("lang", "field", "text", "said"),
    [
        ("ru", "news", "", "news"),
        ("ru", "name", "Р" * (NAME_LENGTH + 1), f"{NAME_LENGTH + 1} знаков"),
        ("ru", "name", "Тестовое приложение", "Тестовое приложение"),
        ("ru", "slogan", "С" * SLOGAN_LENGTH + ".", f"{SLOGAN_LENGTH + 1} знаков"),
        ("ru", "slogan", "Одно. Два. Три.", "не одно и не два предложения"),
        ("ru", "slogan", "Ваш реестр счетов.", "Реестр счетов"),
        ("en", "slogan", "An Invoice Register for you.", "Invoice register"),
        (
            "ru",
            "keywords",
            "счета, " * (KEYWORDS_LENGTH // 7) + "счета за месяц",
            f"{KEYWORDS_LENGTH // 7 * 7 + 14} знаков",
        ),
        ("ru", "keywords", "счета, счета", "счета"),
        (
            "ru",
            "keywords",
            "счета за месяц отчёт по счетам реестр счетов",
            "счета за месяц отчёт по счетам реестр счетов",
        ),
        ("ru", "keywords", "счета, Битрикс24", "Битрикс"),
        ("ru", "keywords", "счета, рассылка", "рассылка"),
        ("ru", "installation", "Нажмите «Установить».", "нет пронумерованных действий"),
        ("ru", "installation", "1. Нажмите «Установить».\n2. Нажмите «Пуск».", "Пуск"),
        ("en", "installation", "1. Press “Install”.\n2. Press “Go”.", "Go"),
        ("ru", "support", "Пишите на a@b.example. Рабочие дни: 10:00–18:00.", "время реакции"),
        ("ru", "support", "Рабочие дни: 10:00–18:00. Время реакции: день.", "почта"),
        ("ru", "support", "Пишите на a@b.example. Рабочие дни. Время реакции: день.", "рабочие часы"),
        ("en", "support", "Write to a@b.example, 10:00–18:00. Response time: a day.", "рабочие дни"),
        ("ru", "news", "Пишите на a@b.example.", "news: a@b.example."),
        ("ru", "news", "Звоните: +7 495 000-00-00.", "news: +7 495 000-00-00"),
        ("ru", "news", "До конца месяца скидка.", "news: скидка"),
        ("en", "news", "A special offer.", "news: special offer"),
        ("ru", "news", "Первая версия для Битрикс 24.", "Битрикс"),
        ("ru", "news", "Первая версия в Битрикс24.Маркете.", "Битрикс24.Маркет"),
        ("ru", "news", "Первая release версия.", "release"),
        ("en", "news", "The first версия.", "версия"),
        ("en", "news", "See bitrix24.ru.", ".ru"),
    ],
)
def test_a_rule_notices_what_breaks_it(lang: str, field: str, text: str, said: str) -> None:
    found = [each for wrong in broken(with_text(lang, field, text)).values() for each in wrong]
    assert said in found


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ("(`disk`)", "", "disk"),
        ("(`disk`)", "(`disk`) (`task`)", "task"),
        ("(`CRM_ANALYTICS_MENU`)", "", "CRM_ANALYTICS_MENU"),
        ("(`CRM_ANALYTICS_MENU`)", "(`CRM_ANALYTICS_MENU`) (`CRM_LEAD_DETAIL_TAB`)", "CRM_LEAD_DETAIL_TAB"),
    ],
)
def test_permissions_and_places_are_those_of_the_application(lang: str, was: str, now: str, said: str) -> None:
    found = broken(with_text(lang, "description", card(lang)["description"].replace(was, now)))
    assert (said,) in found.values()


@pytest.mark.parametrize(("lang", "heading"), [("ru", "Тариф и оплата"), ("en", "Limits")])
def test_a_description_lacks_no_part(lang: str, heading: str) -> None:
    found = broken(
        with_text(lang, "description", card(lang)["description"].replace(f"### {heading}", f"### {heading}!"))
    )
    assert (heading,) in found.values()


def test_the_card_and_the_licence_have_one_name() -> None:
    assert ("Счета и точка",) in broken(card("ru"), "Счета и точка").values()


def test_the_smallest_permission_to_see_people_is_asked_for() -> None:
    assert set(scopes()) & USER_SCOPES == {"user_brief"}


# --- reading and writing


def test_a_document_without_a_field_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "ru.md").write_text("# Карточка\n\n## Название\n\nРеестр\n", encoding="utf-8")
    with pytest.raises(TextsError, match="Ключевые слова"):
        read_card("ru", {}, tmp_path)


def test_what_is_pasted_has_no_markdown() -> None:
    made = plain("Один\nабзац.\n\n### Права\n\n- CRM (`crm`): читать\n  счета.\n- Диск.\n\n1. Раз\n   и два.\n")
    assert made == "Один абзац.\n\nПрава\n\n• CRM (crm): читать счета.\n• Диск.\n\n1. Раз и два."


def test_each_field_is_a_file_with_the_settings_in_it(tmp_path: Path) -> None:
    made = write_card(card("ru"), tmp_path)
    assert [path.name.split("-")[1] for path in made] == [f"{field}.txt" for field in FIELDS["ru"]]
    support = made[5].read_text(encoding="utf-8")
    assert "help@publisher.example" in support
    assert "ООО «Издатель»" in support


# --- pictures


def png(width: int, height: int, colour: int = 2, extra: bytes = b"") -> bytes:
    """A PNG of which only the header matters."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        (png(512, 512), ()),
        (png(250, 250), ()),
        (png(650, 650), ()),
        (png(249, 249), ("249×249",)),
        (png(651, 651), ("651×651",)),
        (png(512, 500), ("512×500",)),
        (png(512, 512, colour=6), ("прозрачность",)),
        (png(512, 512, colour=4), ("прозрачность",)),
        (png(512, 512, extra=b"\0\0\0\0tRNS\0\0\0\0"), ("прозрачность",)),
    ],
)
def test_an_icon_is_a_square_without_transparency(data: bytes, wrong: tuple[str, ...]) -> None:
    assert check_icon(data).wrong == wrong


@pytest.mark.parametrize(
    ("size", "wrong"), [((1280, 720), ()), ((1281, 720), ("1281×720",)), ((1280, 721), ("1280×721",))]
)
def test_a_screenshot_fits(size: tuple[int, int], wrong: tuple[str, ...]) -> None:
    assert check_screenshot("x", png(*size)).wrong == wrong


def test_what_is_no_png_is_no_picture() -> None:
    with pytest.raises(ValueError, match="PNG"):
        check_icon(b"\xff\xd8\xff\xe0")


def test_a_picture_speaks_one_language() -> None:
    assert foreign_words("Total 12 RUB, сумма и НДС, сумма", "en") == ("сумма", "и", "НДС")
    assert foreign_words("Скачать Excel, sum 12 RUB", "ru") == ("sum", "RUB")
    assert check_words("x", "12 RUB", "ru", ["RUB"]).wrong == ()
    assert check_words("x", "Счёт 12 RUB", "en", ["RUB"]).wrong == ("Счёт",)


# --- the checklist


def test_a_proof_is_a_test_that_exists(tmp_path: Path) -> None:
    assert missing_tests([test for _, _, tests in PROVED for test in tests]) == ()
    (tmp_path / "test_a.py").write_text("class Some:\n    def test_here(self): ...\n", encoding="utf-8")
    names = ["test_a.py::test_here", "test_a.py::test_gone", "test_b.py::test_here"]
    assert missing_tests(names, tmp_path) == ("test_a.py::test_gone", "test_b.py::test_here")


def test_the_checklist_ticks_what_holds_and_says_what_does_not(tmp_path: Path) -> None:
    verdicts = [Verdict("Верно", "a.md, 1"), Verdict("Неверно", "b.md, 2", ("это", "то"))]
    write_checklist(verdicts, ["MARKET_EMAIL"], tmp_path / "list.md")
    lines = (tmp_path / "list.md").read_text(encoding="utf-8").splitlines()
    assert "- [x] Верно — a.md, 1" in lines
    assert "- [ ] Неверно — b.md, 2 **Не так: это; то.**" in lines
    left = lines[lines.index("## За человеком") :]
    assert sum(line.startswith("- [ ] ") for line in left) == len(FOR_A_PERSON) + 1
    assert "MARKET_EMAIL" in "".join(left)
