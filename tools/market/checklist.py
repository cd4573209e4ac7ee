"""The checklist of a publication: what a program has looked at, what tests prove, what is left to a person.

Pages of the rules: ``market/`` of bitrix-tools/b24-rest-docs, apidocs.bitrix24.ru.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from pathlib import Path

from tools.market.rules import CHECKLIST, REQUIREMENTS, Verdict, scopes
from tools.market.texts import ROOT

PUBLICATION, FAQ, ADDING = "publication-requirements.md", "faq.md", "how-to-add-app.md"
PROVED: Sequence[tuple[str, str, tuple[str, ...]]] = (
    (
        "Ссылки на приложение и на установку отвечают 200 на HEAD",
        FAQ,
        ("tests/integration/test_trust_pages.py::test_a_direct_link_leads_to_a_page_that_says_where_the_app_opens",),
    ),
    (
        "Установка показывает ход, кончается в приложении, повторяется без вреда",
        f"{REQUIREMENTS}, 2; {PUBLICATION}, 3.A",
        (
            "tests/browser/test_install.py::test_installation_ends_in_the_application",
            "tests/integration/test_trust_install.py::test_installing_again_is_harmless",
        ),
    ),
    (
        "Удаление стирает ключи доступа и данные портала",
        f"{PUBLICATION}, 3.A",
        ("tests/integration/test_uninstalling.py::test_a_genuine_uninstall_after_a_forged_one_counts_at_once",),
    ),
    (
        "Рядовой сотрудник пользуется, но не устанавливает",
        f"{PUBLICATION}, 3.B",
        ("tests/integration/test_trust_install.py::test_an_employee_cannot_install",),
    ),
    (
        "Соглашение и политика открываются в браузере и называют решение и лицензиара",
        f"{REQUIREMENTS}, 1.B, 12; {CHECKLIST}",
        (
            "tests/integration/test_legal_pages.py::test_it_names_the_publisher_in_both_languages",
            "tests/integration/test_legal_pages.py::test_it_is_there_for_a_look_in_advance",
        ),
    ),
    (
        "Журнал обращений к REST API хранится трое суток",
        f"{REQUIREMENTS}, 2",
        (
            "tests/unit/web/test_rest_log.py::test_there_is_a_file_a_day_and_three_whole_days_are_kept",
            "tests/unit/web/test_rest_log.py::test_an_error_is_kept_in_the_portals_words",
        ),
    ),
    (
        "Лимиты REST API соблюдаются, неверные запросы не повторяются",
        f"{REQUIREMENTS}, 2",
        ("tests/integration/test_fault_limits.py::test_a_quiet_portal_never_refuses_a_call",),
    ),
    (
        "У фрейма нет полос прокрутки",
        f"{REQUIREMENTS}, 2",
        ("tests/browser/test_access.py::test_frame_has_no_scroll_bars",),
    ),
)
"""What tests prove: rule, its page, the tests."""
_LINKS = "`APP_URL/legal/license?lang=ru` и `APP_URL/legal/privacy?lang=ru` (для английской карточки `lang=en`)"
FOR_A_PERSON: Sequence[tuple[str, str]] = (
    ("В «Настройках продаж» заведён контрагент: юридическое лицо, названное в MARKET_LICENSOR", ADDING),
    ("Подписан лицензионный договор: в России решения для Битрикс24 размещаются только по подписке", ADDING),
    ("Выбран регион публикации; английская карточка нужна для региона «Запад»", f"{REQUIREMENTS}, 1.А"),
    (
        "Адрес APP_URL открывается по https с действующим сертификатом; ссылка на приложение — `APP_URL/app`, "
        "на установку — `APP_URL/install`, обработчик событий установки — `APP_URL/events`",
        f"{REQUIREMENTS}, 1.C, 2",
    ),
    (
        f"В карточке версии отмечены права: {', '.join(f'`{each}`' for each in scopes())}, и никакие другие; "
        "пользователи — минимальный доступ",
        f"{REQUIREMENTS}, 1.C",
    ),
    (
        "Тип — «Использовать REST API»; отмечены пункт в главном меню, встраивание виджетов (места названы в "
        "описании) и BitrixMobile; «Может устанавливать любой пользователь» не отмечено",
        f"{REQUIREMENTS}, 1.C",
    ),
    (
        "Категории (не больше пяти; «Разное» — если нет подходящей) и теги для подборок (не больше пяти)",
        f"{REQUIREMENTS}, 1.B",
    ),
    (f"Ссылки на документы: {_LINKS}", f"{REQUIREMENTS}, 1.B, 12"),
    ("Ценовая политика: по подписке, без дополнительного платного функционала", f"{REQUIREMENTS}, 1.B"),
    (
        "Почта поддержки читается в названные часы; в английской карточке почта, сайт и телефон "
        "не на национальном домене",
        f"{REQUIREMENTS}, 1.А",
    ),
    ("Тексты прочитаны вслух: ни ошибок, ни обещаний, которых приложение не держит", f"{REQUIREMENTS}, 1.D"),
    ("Снимки просмотрены: всё заполнено, имена выдуманы, видно слайдер", f"{REQUIREMENTS}, 1.B, 11"),
    (
        "Приложение установлено кнопкой «Тестировать» на чистый Битрикс24, пройдено администратором и сотрудником, "
        "удалено и установлено снова — не там, где разрабатывалось",
        f"{PUBLICATION}, 3",
    ),
    ("Проверено на коробочном Битрикс24", f"{REQUIREMENTS}, 2"),
    ("Пройден сканер безопасности Маркетплейса", f"{REQUIREMENTS}, 2"),
    (
        "Доступ модератору: внешней системы нет, ключей не нужно; в «Тестовых данных» сказано, где открыть "
        "приложение и что на портале без счетов нужно создать хотя бы один",
        f"{PUBLICATION}, 4",
    ),
    ("Код решения проверен: после первой модерации он не меняется", FAQ),
    ("Нажато «На модерацию»; ответ читается в чате кабинета", f"{PUBLICATION}, 4"),
)
"""What no program can tick: what to do, and the page that asks for it."""


def missing_tests(names: Iterable[str], root: Path = ROOT) -> tuple[str, ...]:
    """Those of ``file::test`` that do not exist: a proof that was renamed or removed proves nothing."""
    gone = []
    for name in names:
        path, _, function = name.partition("::")
        try:
            tree = ast.parse((root / path).read_text(encoding="utf-8"))
        except FileNotFoundError:
            gone.append(name)
            continue
        if not any(isinstance(node, ast.FunctionDef) and node.name == function for node in ast.walk(tree)):
            gone.append(name)
    return tuple(gone)


def proofs() -> list[Verdict]:
    """What tests prove, as verdicts: wrong where such a test is no longer there."""
    return [
        Verdict(f"{rule}: {', '.join(f'`{each}`' for each in tests)}", source, missing_tests(tests))
        for rule, source, tests in PROVED
    ]


def write_checklist(verdicts: Sequence[Verdict], unset: Sequence[str], path: Path) -> None:
    """The Markdown page. ``unset``: settings that the texts want, which a person has to give."""
    given = [
        (f"Задана настройка {name}, тексты собраны заново (`make market`)", f"{REQUIREMENTS}, 1.B, 9 и 12")
        for name in unset
    ]
    parts = [
        "# Публикация в Битрикс24 Маркетплейс: список проверок\n",
        "Правила: `market/preparing-to-publish/` на apidocs.bitrix24.ru; рядом с каждой строкой — страница и раздел.\n",
        "## Проверила программа\n",
        *(_line(each) for each in verdicts),
        "\n## Доказывают тесты (`make test`)\n",
        *(_line(each) for each in proofs()),
        "\n## За человеком\n",
        *(f"- [ ] {rule} — {source}" for rule, source in (*given, *FOR_A_PERSON)),
    ]
    path.write_text("\n".join(parts) + "\n", encoding="utf-8")


def _line(verdict: Verdict) -> str:
    wrong = f" **Не так: {'; '.join(verdict.wrong)}.**" if verdict.wrong else ""
    return f"- [{' ' if verdict.wrong else 'x'}] {verdict.rule} — {verdict.source}{wrong}"
