"""What is said with a delivered report, and its file's name, in the report's language."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from bitrix_app.dates import period_in_words
from bitrix_app.jobs.receivables import days_in
from bitrix_app.storage import ReportRecord
from bitrix_app.texts import RUSSIAN, decimal_mark, speaking, thousands_mark, tr, tr_many

LONGEST_TITLE = 120
LONGEST_MESSAGE = 2000
SIGNS: Mapping[str, str] = {"RUB": "₽", "BYN": "Br", "KZT": "₸", "USD": "$", "EUR": "€"}
AGO: Mapping[int, str] = {1: "днём раньше", 7: "неделю назад"}
"""Days between two reports → when the earlier one was; else its day."""
_YEAR = " г."
_NOT_IN_NAMES = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f]+')
"""What Windows takes in no file's name."""
_MARKUP = str.maketrans({"[": "(", "]": ")", "\n": " ", "\r": " "})
"""Names of the portal may not become BB codes of a message."""


def file_title(record: ReportRecord, format: str) -> str:
    """«Реестр счетов за октябрь 2026 г, неоплаченные.xlsx»: the name under which a report's file is saved and sent."""
    params: Mapping[str, Any] = record.params
    with _its_language(record):
        title = _file_title(params, record.summary or {})
    return f"{_NOT_IN_NAMES.sub(' ', title)[:LONGEST_TITLE].strip(' .')}.{format}"


def _file_title(params: Mapping[str, Any], summary: Mapping[str, Any]) -> str:
    days = " — ".join(days_in(params).values())
    usual = tr("Задолженность на {days}", days=days) if params.get("as_of") else tr("Реестр счетов {days}", days=days)
    return str(summary.get("file_title") or usual)


def message(record: ReportRecord, earlier: ReportRecord | None, address: str) -> str:
    """The result in a line, and a link to the report where there is an address. ``earlier``: an older report of the
    same conditions, for receivables."""
    told = (record.summary or {}).get("receivables")
    with _its_language(record):
        line = _register(record) if told is None else _receivables(record, earlier)
        return _with_link(line, address, tr("Открыть отчёт"))


def in_one_line(record: ReportRecord) -> str:
    """The result of a finished report in a line, without a link."""
    return message(record, None, "")


def failure(record: ReportRecord, address: str) -> str:
    """That a report was not built, and a link to where the reason is told."""
    with _its_language(record):
        line = tr(
            "{title}: не построен после нескольких попыток. Причина и что делать сказано в приложении",
            title=_title(record),
        )
        return _with_link(line, address, tr("Посмотреть причину"))


def _its_language(record: ReportRecord) -> AbstractContextManager[None]:
    return speaking(record.params.get("lang") or RUSSIAN)


def _with_link(line: str, address: str, said: str) -> str:
    text = line.translate(_MARKUP)[:LONGEST_MESSAGE]
    return f"{text}\n[URL={address}]{said}[/URL]" if address else text


def _register(record: ReportRecord) -> str:
    """«Реестр за ноябрь 2026: 214 счетов, 3 412 500,00 ₽, замечаний 3»."""
    summary = record.summary or {}
    count = int(summary.get("invoices") or 0)
    sums = _sums((each.get("currency"), each.get("amount")) for each in summary.get("totals") or ())
    return f"{_title(record)}: {', '.join((_invoices(count), *sums, *_problems(summary)))}"


def _receivables(record: ReportRecord, earlier: ReportRecord | None) -> str:
    """«Задолженность на 30.11.2026: просрочено 480 000,00 ₽, на 120 000,00 больше, чем неделю назад (23.11.2026)»."""
    summary = record.summary or {}
    debts = {each.get("currency"): each for each in summary["receivables"]}
    then = {
        each.get("currency"): each
        for each in ((earlier.summary or {}).get("receivables") or () if earlier is not None else ())
    }
    parts = [
        tr("просрочено {sum}", sum=_sum(currency, each.get("overdue")))
        + (_compared(each, then.get(currency), record, earlier) if earlier is not None else "")
        for currency, each in debts.items()
    ]
    debts_told = "; ".join(parts) or tr("никто не должен")
    return f"{_title(record)}: {', '.join((debts_told, *_problems(summary)))}"


def _compared(
    now: Mapping[str, Any], then: Mapping[str, Any] | None, record: ReportRecord, earlier: ReportRecord
) -> str:
    difference = _decimal(now.get("overdue")) - _decimal((then or {}).get("overdue"))
    day, before = date.fromisoformat(record.params["as_of"]), date.fromisoformat(earlier.params["as_of"])
    ago = AGO.get((day - before).days)
    when = f"{tr(ago)} ({before:%d.%m.%Y})" if ago else tr("на {day:%d.%m.%Y}", day=before)
    if not difference:
        return tr(", столько же, сколько {when}", when=when)
    figure = _figure(abs(difference))
    return (
        tr(", на {figure} больше, чем {when}", figure=figure, when=when)
        if difference > 0
        else tr(", на {figure} меньше, чем {when}", figure=figure, when=when)
    )


def _title(record: ReportRecord) -> str:
    """The period and what narrows the report, shorter than on the sheet: «Реестр за ноябрь 2026, неоплаченные»."""
    params, summary = record.params, record.summary or {}
    whole = str(summary.get("title") or "")
    narrowed = str(summary.get("file_title") or "")[len(whole.rstrip(".")) :]
    if params.get("invoice_id") or params.get("as_of"):
        return (
            whole or tr("Задолженность на {days}", days=f"{date.fromisoformat(params['as_of']):%d.%m.%Y}")
        ) + narrowed
    days = [date.fromisoformat(params[each]) for each in ("date_from", "date_to")]
    period = period_in_words(days[0], days[1]).removesuffix(_YEAR)
    return tr("Реестр {period}{narrowed}", period=period, narrowed=narrowed)


def _invoices(count: int) -> str:
    return f"{_grouped(str(count))} {tr_many(count, 'счёт', 'счёта', 'счетов')}"


def _problems(summary: Mapping[str, Any]) -> tuple[str, ...]:
    count = int(summary.get("problems") or 0)
    return (tr("замечаний {count}", count=_grouped(str(count))),) if count else ()


def _sums(sums: Iterable[tuple[Any, Any]]) -> list[str]:
    return [_sum(currency, amount) for currency, amount in sums]


def _sum(currency: Any, amount: Any) -> str:
    return f"{_figure(_decimal(amount))} {SIGNS.get(str(currency), str(currency or ''))}".strip()


def _decimal(value: Any) -> Decimal:
    try:
        found = Decimal(str(value or 0))
    except InvalidOperation:
        return Decimal(0)
    return found if found.is_finite() else Decimal(0)


def _figure(amount: Decimal) -> str:
    whole, _, kopecks = f"{amount:.2f}".partition(".")
    return f"{_grouped(whole)}{decimal_mark()}{kopecks}"


def _grouped(digits: str) -> str:
    return f"{int(digits):,}".replace(",", thousands_mark()) if digits.lstrip("-").isdigit() else digits
