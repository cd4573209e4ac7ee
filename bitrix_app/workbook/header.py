"""The title block above each table: what the report is, for whom, for which period, who built it and when."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from textwrap import shorten, wrap
from typing import NamedTuple

from bitrix_app.processing.model import ProblemLine
from bitrix_app.processing.parsing import date_in_words
from bitrix_app.texts import tr

SENTENCE_LINES = 4
"""Most lines of one sentence: a long filter must not push the table off the screen."""


class OwnCompany(NamedTuple):
    """The portal's own company that the report was narrowed to."""

    name: str
    inn: str | None = None


@dataclass(frozen=True, slots=True)
class RegisterHeader:
    """The report in words, for the title block, and what shapes the workbook.

    - ``title``: «Реестр счетов за октябрь 2026 г.»; ``company``: one's own company when one was chosen.
    - ``date_from``, ``date_to``: the period, both ends included; ``date_field_title``: the portal's title of the
      field that the period goes by («Дата отгрузки»); ``of_period``: false for one invoice, whenever it was;
      ``scope``: what is said in the place of a period.
    - ``filters``: how the report was narrowed, one sentence each; ``file_words``: the same in a word or
      two each, for the file's name.
    - ``built_by``: the user's name; ``partial``: the portal may not show them all invoices.
    - ``built_at``: aware, in the portal's time zone.
    - ``payment``: where the paid amount comes from, in words; ``None``: as usual.
    - ``columns``: in words, who has chosen the columns of the first sheet; ``None``: nobody.
    - ``invoice_url``: invoice id → address of its card in the portal; ``None`` leaves the links out.
    - ``detailed``: product rows were read: ``Полный`` and ``По ставкам НДС`` are written.
    - ``sample``: its invoices are invented; each sheet says so.
    - ``notes``: lines for ``Проблемы`` that no row of the report has: of the whole report, or of an invoice outside.
    """

    title: str
    company: OwnCompany | None
    date_from: date
    date_to: date
    date_field_title: str
    built_by: str
    built_at: datetime
    detailed: bool
    filters: tuple[str, ...] = ()
    columns: str | None = None
    invoice_url: Callable[[int], str] | None = None
    notes: tuple[ProblemLine, ...] = ()
    of_period: bool = True
    file_words: tuple[str, ...] = ()
    partial: bool = False
    scope: str | None = None
    payment: str | None = None
    sample: bool = False


def title_lines(
    header: RegisterHeader, about: str, width: int, sellers: Sequence[str] = (), legend: str | None = None
) -> Iterator[str]:
    """The lines of the block, the first one is its title; none is longer than ``width`` characters.

    ``about`` says what this sheet shows; ``sellers`` are the own companies that occur.
    """
    title = header.title.removesuffix(".") if about.startswith(".") else header.title  # a year ends with ``г.``
    yield shorten(title + about, width, placeholder="…")
    for sentence in (*_sentences(header, sellers), *([legend] if legend else [])):
        yield from wrap(sentence, width, max_lines=SENTENCE_LINES, placeholder=" …")


def _sentences(header: RegisterHeader, sellers: Sequence[str]) -> Iterator[str]:
    if header.sample:
        yield tr("Это пример: счета, компании и суммы вымышлены, из портала ничего не взято.")
    where = [*_seller(header.company, sellers), *([header.scope or _period(header)] if header.of_period else [])]
    if where:
        yield " · ".join(where)
    if header.filters:
        yield tr("Отбор: {filters}", filters="; ".join(each.rstrip(".") for each in header.filters))
    if header.payment:
        yield header.payment
    if header.columns:
        yield tr("Столбцы листа «Краткий»: {columns}", columns=header.columns)
    by = tr("По счетам, доступным тому, кто составил") if header.partial else tr("Составлено")
    yield f"{by}: {header.built_by}, {moment_text(header.built_at)}"


def _seller(company: OwnCompany | None, sellers: Sequence[str]) -> Iterator[str]:
    if company is not None:
        inn = tr(", ИНН {inn}", inn=company.inn) if company.inn else ""
        yield tr("Наша компания: {name}{inn}", name=company.name, inn=inn)
    elif sellers:
        names = ", ".join(sellers)
        yield (
            tr("Наша компания: {names}", names=names)
            if len(sellers) == 1
            else tr("Наши компании: {names}", names=names)
        )


def _period(header: RegisterHeader) -> str:
    first, last = date_in_words(header.date_from), date_in_words(header.date_to)
    return tr(
        "Период: с {first} по {last} включительно, по полю «{title}»",
        first=first,
        last=last,
        title=header.date_field_title,
    )


def moment_text(moment: datetime) -> str:
    """An aware moment as ``dd.mm.yyyy HH:MM (UTC+3)``."""
    offset = moment.utcoffset() or timedelta()
    sign = "-" if offset < timedelta() else "+"
    hours, minutes = divmod(abs(offset) // timedelta(minutes=1), 60)
    zone = f"UTC{sign}{hours}" + (f":{minutes:02}" if minutes else "")
    return f"{date_in_words(moment.date())} {moment:%H:%M} ({zone})"
