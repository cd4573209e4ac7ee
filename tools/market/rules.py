"""The Market's rules that a program can hold a card against, each with the page it stands on.

Pages: ``market/preparing-to-publish/`` of bitrix-tools/b24-rest-docs. A rule gives what breaks it. Where the rules
name no number and lists cut what is long, the bound is ours, and the rule says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bitrix_app.portals.collaboration import SCOPES
from bitrix_app.portals.embedding import NEEDED_SCOPES, PLACEMENTS, TITLE_EN, TITLE_RU
from bitrix_app.portals.embedding.robot import SCOPE as ROBOT
from tools.market.texts import Card

REQUIREMENTS = "common-requirements.md"
CHECKLIST = "checklist.md"
MARKETING = "../promoting-and-analytics/index.md"
PEOPLE = "user_brief"
"""The smallest permission that shows people: the wider ones are refused where it is enough (1.C)."""
NAME_LENGTH, SLOGAN_LENGTH, KEYWORDS_LENGTH = 30, 160, 2000
STEM = 5
SECTIONS = {
    "ru": (
        "Какие задачи решает",
        "Что умеет",
        "Где находится",
        "Тариф и оплата",
        "Какие права нужны приложению и зачем",
        "Какие права нужны сотрудникам",
        "Что ещё понадобится",
        "Ограничения",
    ),
    "en": (
        "What it is for",
        "What it does",
        "Where it stands",
        "Plan and price",
        "Permissions of the application, and why",
        "Rights of employees",
        "What else is needed",
        "Limits",
    ),
}
"""What a full description must say, in the order of 1.B, 4."""
LATIN = frozenset({"API", "CRM", "CSV", "Excel", "REST", "csv", "xlsx"})
"""Words that Russian texts and pages write in Latin letters."""
_LATIN = re.compile(r"[A-Za-z]{2,}")
_CYRILLIC = re.compile(r"[А-Яа-яЁё]+")
_BRANDS = re.compile(r"битрикс|bitrix|1[сc]\b|excel|microsoft|google|яндекс", re.IGNORECASE)
_CONTACT = re.compile(r"\S+@\S+|https?://\S+|\+\d[\d ()-]{8,}")
_BARGAIN = re.compile(r"\bскидк\w*|\bакци[яию]\w*|\bраспродаж\w*|discount\w*|special offer\w*|\bsale\b", re.IGNORECASE)
_MISNAMED = re.compile(r"битрикс(?!24)\w*|битрикс24[. ]?маркет(?!плейс)|bitrix(?!24)\w*", re.IGNORECASE)
_NATIONAL = re.compile(r"\.(?:ru|by|kz|рф)\b", re.IGNORECASE)
_HOURS = re.compile(r"\d{1,2}:\d{2}\s*[–-]\s*\d{1,2}:\d{2}")
_QUOTED = {"ru": re.compile(r"«(.+?)»"), "en": re.compile(r"“(.+?)”")}
_PORTALS = {"ru": {"Установить", "Создать поле", "Дата"}, "en": {"Install", "Create field", "Date"}}
"""What installation texts quote from the portal's own pages."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A rule in words, the page and section it stands in, and what breaks it."""

    rule: str
    source: str
    wrong: tuple[str, ...] = ()


def scopes() -> tuple[str, ...]:
    """The permissions that the application uses: what the version's card ticks, and nothing for later (1.C)."""
    return tuple(dict.fromkeys((*NEEDED_SCOPES, PEOPLE, *SCOPES.values(), ROBOT)))


def foreign_words(text: str, lang: str, known: Iterable[str] = LATIN) -> tuple[str, ...]:
    """Words of the other language: Cyrillic in English, Latin in Russian save ``known`` ones."""
    found = _CYRILLIC.findall(text) if lang == "en" else _LATIN.findall(text)
    return tuple(dict.fromkeys(word for word in found if lang == "en" or word not in known))


def check_card(card: Card, app_name: str, words: Iterable[str]) -> list[Verdict]:
    """All rules of the texts. ``app_name`` is the setting MARKET_APP_NAME, empty where it is not given; ``words`` are
    those of the application's pages in the card's language."""
    said = {*words} | _PORTALS[card.lang]
    rules: Sequence[tuple[str, str, Callable[[], Iterable[str]]]] = (
        (
            "Ни одно поле карточки не пусто",
            f"{REQUIREMENTS}, 1.D",
            lambda: (f for f, v in card.fields.items() if not v),
        ),
        (
            f"Название краткое (наш предел {NAME_LENGTH} знаков: в правилах числа нет) и то же, что в приложении",
            f"{REQUIREMENTS}, 1.B; {MARKETING}",
            lambda: _name(card),
        ),
        (
            "Название то же, что в лицензионном соглашении (MARKET_APP_NAME)",
            f"{REQUIREMENTS}, 1.B, 12; {CHECKLIST}",
            lambda: [app_name] if app_name and card.lang == "ru" and app_name != card["name"] else [],
        ),
        (
            f"Слоган: одно-два предложения без названия (наш предел {SLOGAN_LENGTH} знаков: в правилах числа нет)",
            f"{REQUIREMENTS}, 1.B, 2–3",
            lambda: _slogan(card),
        ),
        (
            "Полное описание называет задачи, возможности, тариф, доплаты, права, программы, ограничения",
            f"{REQUIREMENTS}, 1.B, 4–5",
            lambda: _sections(card),
        ),
        (
            "Описание называет каждое право приложения, и ни одного лишнего",
            f"{REQUIREMENTS}, 1.C; {CHECKLIST}",
            lambda: set(scopes()) ^ set(re.findall(r"\(`([a-z_]+)`\)", card["description"])),
        ),
        (
            "Описание называет каждое место встройки, и ни одного лишнего",
            CHECKLIST,
            lambda: set(PLACEMENTS) ^ set(re.findall(r"\(`([A-Z_]+)`\)", card["description"])),
        ),
        (
            f"Ключевые слова: до {KEYWORDS_LENGTH} знаков, через запятую, без повторов и имён, о том, что в описании",
            f"{REQUIREMENTS}, 1.B, 7",
            lambda: _keywords(card),
        ),
        (
            "Установка: пронумерованные действия, настройки названы словами страницы",
            f"{REQUIREMENTS}, 1.B, 8",
            lambda: _installation(card, said),
        ),
        ("Поддержка: почта, рабочие дни и часы, время реакции", f"{REQUIREMENTS}, 1.B, 9", lambda: _support(card)),
        (
            "Контакты стоят только в поддержке; скидок и акций нет нигде",
            f"{REQUIREMENTS}, 1.D",
            lambda: _out_of_place(card),
        ),
        (
            "Имена Битрикс24 и Битрикс24 Маркетплейс написаны верно",
            f"{REQUIREMENTS}, 1.B, 6",
            lambda: _MISNAMED.findall("\n".join(card.fields.values())),
        ),
        (
            "Тексты на языке карточки",
            f"{REQUIREMENTS}, 1.D",
            lambda: foreign_words(_readable("\n".join(card.fields.values())), card.lang),
        ),
        (
            "В английской карточке нет национальных доменов",
            f"{REQUIREMENTS}, 1.А",
            lambda: _NATIONAL.findall("\n".join(card.fields.values())) if card.lang == "en" else [],
        ),
    )
    return [Verdict(f"{rule} ({card.lang})", source, tuple(map(str, broken()))) for rule, source, broken in rules]


def _readable(markdown: str) -> str:
    """Without codes, settings that are not given, and e-mail addresses, which have no language."""
    return re.sub(r"`[^`]*`|\{MARKET_[A-Z_]+\}|\S+@\S+", "", markdown)


def _name(card: Card) -> Iterable[str]:
    if len(card["name"]) > NAME_LENGTH:
        yield f"{len(card['name'])} знаков"
    if card["name"] != (TITLE_RU if card.lang == "ru" else TITLE_EN):
        yield card["name"]


def _slogan(card: Card) -> Iterable[str]:
    slogan = card["slogan"]
    if len(slogan) > SLOGAN_LENGTH:
        yield f"{len(slogan)} знаков"
    if not 1 <= len(re.findall(r"[.!?](?:\s|$)", slogan)) <= 2:
        yield "не одно и не два предложения"
    if card["name"].lower() in slogan.lower():
        yield card["name"]


def _sections(card: Card) -> Iterable[str]:
    parts = re.split(r"^### (.+)\n", card["description"], flags=re.MULTILINE)
    found = dict(zip(parts[1::2], map(str.strip, parts[2::2]), strict=True))
    yield from (each for each in SECTIONS[card.lang] if not found.get(each))


def _keywords(card: Card) -> Iterable[str]:
    text = re.sub(r"\s+", " ", card["keywords"])
    if len(text) > KEYWORDS_LENGTH:
        yield f"{len(text)} знаков"
    phrases = [each.strip() for each in text.split(",")]
    yield from (each for each in phrases if not each or len(each.split()) > 6)
    yield from {each for each in phrases if phrases.count(each) > 1}
    yield from _BRANDS.findall(text)
    description = card["description"].lower()
    words = {word.lower() for word in re.findall(r"\w{4,}", text)}
    yield from sorted(word for word in words if word[:STEM] not in description)


def _installation(card: Card, said: set[str]) -> Iterable[str]:
    text = re.sub(r"\s+", " ", card["installation"])
    if not re.search(r"^1\. .+\n(?:.*\n)*2\. ", card["installation"], re.MULTILINE):
        yield "нет пронумерованных действий"
    yield from (each for each in _QUOTED[card.lang].findall(text) if each not in said)


def _support(card: Card) -> Iterable[str]:
    text = card["support"]
    wanted = {
        "почта": r"\S+@\S+|\{MARKET_EMAIL\}",
        "рабочие часы": _HOURS.pattern,
        "рабочие дни": r"[Рр]абочие дни|[Ww]orking days",
        "время реакции": r"[Вв]ремя реакции|[Rr]esponse time",
    }
    yield from (name for name, pattern in wanted.items() if not re.search(pattern, text))


def _out_of_place(card: Card) -> Iterable[str]:
    for field, text in card.fields.items():
        if field != "support":
            yield from (f"{field}: {each}" for each in _CONTACT.findall(text))
        yield from (f"{field}: {each}" for each in _BARGAIN.findall(text))


# --- pictures


@dataclass(frozen=True, slots=True)
class Png:
    """What a PNG's header says: size in pixels, whether it may let the background through."""

    width: int
    height: int
    transparent: bool


def read_png(data: bytes) -> Png:
    """The header of a PNG; colour types 4 and 6 have an alpha channel, ``tRNS`` lets the others through. Raises
    ValueError where it is none."""
    if data[:8] != b"\x89PNG\r\n\x1a\n" or data[12:16] != b"IHDR":
        raise ValueError("not a PNG")
    width, height = int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    before_pixels = data.partition(b"IDAT")[0]
    return Png(width, height, data[25] in {4, 6} or b"tRNS" in before_pixels)


def check_icon(data: bytes) -> Verdict:
    """Square, 250 to 650 pixels, without transparency."""
    png = read_png(data)
    wrong = []
    if png.width != png.height or not 250 <= png.width <= 650:
        wrong.append(f"{png.width}×{png.height}")
    if png.transparent:
        wrong.append("прозрачность")
    rule = "Иконка: PNG без прозрачности, квадрат от 250×250 до 650×650"
    return Verdict(rule, f"{REQUIREMENTS}, 1.B, 10; {CHECKLIST}", tuple(wrong))


def check_screenshot(name: str, data: bytes) -> Verdict:
    """At most 1280 × 720."""
    png = read_png(data)
    wrong = () if png.width <= 1280 and png.height <= 720 else (f"{png.width}×{png.height}",)
    return Verdict(f"Снимок {name}: PNG не больше 1280×720", f"{REQUIREMENTS}, 1.B, 11", wrong)


def check_words(name: str, text: str, lang: str, known: Iterable[str]) -> Verdict:
    """No word of the other language on a page that is photographed."""
    rule = f"Снимок {name}: ни слова на другом языке"
    return Verdict(rule, f"{REQUIREMENTS}, 1.B, 11", foreign_words(text, lang, {*LATIN, *known}))
