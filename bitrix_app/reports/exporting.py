"""Export: the sealed register as files of all formats under a title block, in a folder of this report.

The title block tells the report's parameters in words of its language.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from bitrix_app.dates import period_in_words
from bitrix_app.errors import StorageFullError
from bitrix_app.processing import (
    COMPANY_FIELDS,
    REQUISITE_FIELDS,
    ProblemLine,
    ProcessedInvoice,
    Stage,
    date_in_words,
    name_in,
)
from bitrix_app.reports.changes import Earlier, changes_since, lost
from bitrix_app.reports.lookups import Known, id_in, people, user_name
from bitrix_app.reports.payments import source_in_words
from bitrix_app.reports.protocols import PortalReader
from bitrix_app.reports.receivables import terms_in_words
from bitrix_app.reports.register import Register
from bitrix_app.reports.request import PARTLY, REMAINDER, ReportCatalog, ReportParams, ReportRequest
from bitrix_app.reports.running import ProgressTracker
from bitrix_app.texts import quoted, tr
from bitrix_app.workbook import FORMATS, ROWS, WORKBOOK, Format, OwnCompany, ProblemLines, RegisterHeader, Sheet


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A finished file on this machine's disk; ``format`` is the name of one of ``FORMATS``, or of ``ROWS``."""

    format: str
    path: Path


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a report came to: ``summary`` as the API shows it (money as texts), and its files."""

    summary: dict[str, Any]
    files: tuple[LocalFile, ...]


class Exporter(Protocol):
    """Makes an Outcome of a sealed register."""

    def export(self, register: Register, *, undated: int, notes: tuple[ProblemLine, ...]) -> Outcome: ...


class FileExporter:
    """Writes a report in every format of ``FORMATS``, and the rows that the page shows."""

    def __init__(
        self,
        *,
        folder: Path,
        sheets: Sequence[Sheet[Any]],
        header: RegisterHeader,
        progress: ProgressTracker,
        check: Callable[[], None],
        earlier: Earlier | None = None,
    ) -> None:
        """``sheets`` are those of the report's kind; ``earlier``: the report that this one is compared with."""
        self._folder = folder
        self._sheets = sheets
        self._header = header
        self._progress = progress
        self._check = check
        self._earlier = earlier

    def export(self, register: Register, *, undated: int, notes: tuple[ProblemLine, ...]) -> Outcome:
        """Writes the files; ``notes`` are the first lines of ``Проблемы``, ``undated`` is told in the summary.

        Raises StorageFullError, WorkbookLimitError and what ``check`` raises.
        """
        header = replace(self._header, notes=(*self._header.notes, *lost(self._earlier), *notes))
        if not header.of_period:
            header = replace(header, title=_invoice_title(next(register.invoices(with_rows=False), None), header.title))
        paths = {each: self._folder / f"register.{each.name}" for each in (ROWS, *FORMATS)}
        try:
            self._write(ROWS, paths[ROWS], register, header, self._sheets)
            sheets, changes = changes_since(self._earlier, paths[ROWS], self._sheets)
            written = [self._write(each, paths[each], register, header, sheets) for each in FORMATS]
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS}:
                raise StorageFullError("the folder for temporary files is full or not writable") from error
            raise
        problems = next(lines for lines in written if lines is not None)
        summary = {
            **register.totals.to_summary(),
            "problems": problems.count,
            "first_problems": [each._asdict() for each in problems.first],
            "problems_by_field": [
                {"field": field, "count": count, "first": [each._asdict() for each in first]}
                for field, (count, first) in problems.by_field.items()
            ],
            "undated": undated,
            **changes,
            "title": header.title,
            "file_title": ", ".join((header.title.rstrip("."), *header.file_words)),
        }
        return Outcome(summary, tuple(LocalFile(each.name, paths[each]) for each in (*FORMATS, ROWS)))

    def _write(
        self, format: Format, path: Path, register: Register, header: RegisterHeader, sheets: Sequence[Sheet[Any]]
    ) -> ProblemLines | None:
        total = register.totals.invoices

        def tell(done: int) -> None:
            if format is WORKBOOK:  # takes nearly all the time; counters that began anew would go backwards
                self._progress.write(done, total)

        return format.write(path, register, header, sheets, progress=tell, check=self._check)


class TitleBlock:
    """Makes the title block of one report; names that it shows are looked up in the portal."""

    def __init__(self, title: str, portal: PortalReader, request: ReportRequest, catalog: ReportCatalog) -> None:
        self._title = title
        self._portal = portal
        self._request = request
        self._catalog = catalog

    def read(self) -> RegisterHeader:
        """Looks up own company, company and responsible. Raises PortalErrors."""
        params, fields = self._request.params, self._catalog.fields
        own_company = self._own_company(params.mycompany_id)
        company, responsible = self._company_title(params.company_id), self._responsible(params.assigned_by_id)
        return RegisterHeader(
            title=self._whole_title(),
            of_period=params.invoice_id is None,
            scope=None if params.terms is None else terms_in_words(params.terms, self._catalog),
            company=own_company,
            date_from=params.date_from if params.terms is None else params.date_to,
            date_to=params.date_to,
            date_field_title=fields.titles.get(params.date_field) or params.date_field,
            built_by=self._request.built_by,
            built_at=self._request.built_at,
            partial=self._request.partial,
            detailed=params.detailed,
            filters=filters_in_words(
                params,
                self._catalog.stages,
                left_out_stages=self._catalog.left_out_stages,
                company=company,
                responsible=responsible,
            ),
            file_words=file_words(params, company, responsible, own_company.name if own_company else None),
            columns=self._columns(),
            payment=None if params.terms else source_in_words(self._catalog),
            invoice_url=self._request.invoice_url,
            notes=gone_notes(self._catalog.gone_fields),
            sample=self._request.sample,
        )

    def _columns(self) -> str | None:
        columns, set_name = self._request.params.columns, self._request.params.set_name
        if columns is None:
            return tr("обычные, набор «{name}»", name=set_name) if set_name else None
        if columns == self._catalog.usual_columns:
            usual = tr("как в настройках приложения")
            return f"{usual}, {tr('набор «{name}»', name=set_name)}" if set_name else usual
        if set_name:
            return tr("набор «{name}», {count} шт.", name=set_name, count=len(columns))
        return tr("выбраны для этого отчёта, {count} шт.", count=len(columns))

    def _whole_title(self) -> str:
        params = self._request.params
        if params.terms is not None:
            return tr("{title} на {day}", title=tr(self._title), day=date_in_words(params.terms.as_of))
        if params.invoice_id is not None:
            return tr("Счёт с ID {invoice_id}", invoice_id=params.invoice_id)
        title = f"{tr(self._title)} {period_in_words(params.date_from, params.date_to)}"
        return tr("ПРИМЕР. {title}", title=title) if self._request.sample else title

    def _company_title(self, company_id: int | None) -> str | None:
        known = Known(self._portal.companies, "id", COMPANY_FIELDS)
        known.learn(map, [company_id] if company_id else [])
        return next((name_in(each, "title") for each in known.first().values()), None)

    def _responsible(self, user_id: int | None) -> str | None:
        users = people(self._portal, [user_id]) if user_id and self._catalog.knows_users else ()
        return next((user_name(each) for each in users), None)

    def _own_company(self, company_id: int | None) -> OwnCompany | None:
        if not company_id:
            return None
        known = Known(self._portal.company_requisites, "ENTITY_ID", REQUISITE_FIELDS)
        known.learn(map, [company_id])
        requisites = sorted(known.all()[company_id], key=lambda each: (id_in(each, "SORT"), id_in(each, "ID")))
        inn = next((str(each["RQ_INN"]) for each in requisites if each.get("RQ_INN")), None)
        return OwnCompany(self._company_title(company_id) or f"ID {company_id}", inn)


GONE = {
    "date_field": ("Дата периода", "счета отобраны по дате счёта"),
    "shipped_field": ("Дата отгрузки", "столбец «Дата отгрузки» пуст"),
    "paid_field": ("Дата оплаты", "оплаченными считаются счета на успешной стадии"),
    "paid_amount_field": ("Оплачено", "оплата считается по дате оплаты или стадии: счёт оплачен целиком или никак"),
}
"""What stands in place of a mapped field: the words for it, and what the report does without it (contract §4)."""


def gone_notes(gone_fields: Mapping[str, str]) -> tuple[ProblemLine, ...]:
    """A line of «Проблемы» for each mapped field that the portal no longer has."""
    return tuple(
        ProblemLine.of_report(
            title,
            tr(
                "Поля «{name}», которое выбрано как «{title}», на портале больше нет: {instead}. "
                "Попросите администратора приложения выбрать другое поле в настройках.",
                name=gone_fields[setting],
                title=tr(title),
                instead=tr(instead),
            ),
        )
        for setting, (title, instead) in GONE.items()
        if setting in gone_fields
    )


_PAID_WORDS: Mapping[bool | str, str] = {
    True: "оплаченные",
    False: "неоплаченные",
    PARTLY: "оплаченные частично",
    REMAINDER: "с остатком",
}


def filters_in_words(
    params: ReportParams,
    stages: Mapping[str, Stage],
    *,
    left_out_stages: Collection[str] = (),
    company: str | None = None,
    responsible: str | None = None,
) -> tuple[str, ...]:
    """What narrows the report, a sentence each; empty where nothing does.

    ``left_out_stages`` are those that a report leaves out unless it names its stages. ``company`` and ``responsible``
    are names where they could be looked up; else ids stand for them.
    """
    sentences = (
        params.stages is not None and tr("Стадии: {stages}", stages=_titles(params.stages, stages)),
        params.company_id is not None and tr("Компания: {company}", company=company or f"ID {params.company_id}"),
        params.assigned_by_id is not None
        and tr("Ответственный: {responsible}", responsible=responsible or f"ID {params.assigned_by_id}"),
        params.currency is not None and tr("Валюта: {currency}", currency=params.currency),
        params.paid is not None and tr("Только {paid}", paid=tr(_PAID_WORDS[params.paid])),
        params.stages is None and _left_out(left_out_stages, stages),  # may be long: what was asked for comes first
    )
    return tuple(sentence for sentence in sentences if sentence)


def file_words(
    params: ReportParams, company: str | None, responsible: str | None, own_company: str | None
) -> tuple[str, ...]:
    """What narrows the report, in a word or two each, as far as names are known: for the file's name."""
    words = (
        params.paid is not None and tr(_PAID_WORDS[params.paid]),
        company,
        own_company,
        responsible,
        params.currency,
        params.stages is not None and tr("выбранные стадии"),
    )
    return tuple(word for word in words if word)


def _left_out(ids: Collection[str], stages: Mapping[str, Stage]) -> str:
    """«Не оплачен» is the name of a failed stage: the words say that it is a stage, and a failed one."""
    failed = {each for each in ids if each in stages and stages[each].semantics == "F"}
    others = [*(each for each in stages if each in ids and each not in failed), *sorted(set(ids) - stages.keys())]
    sentences = (
        failed
        and tr(
            "Без проваленных счетов (стадии {stages})",
            stages=_quoted([each for each in stages if each in failed], stages),
        ),
        others and tr("Без счетов на стадиях {stages}", stages=_quoted(others, stages)),
    )
    return "; ".join(sentence for sentence in sentences if sentence)


def _quoted(ids: Collection[str], stages: Mapping[str, Stage]) -> str:
    return ", ".join(dict.fromkeys(quoted(stages[each].title if each in stages else each) for each in ids))


def _invoice_title(invoice: ProcessedInvoice | None, title: str) -> str:
    """«Счёт № 528 от 29.08.2026»; ``title`` where there is no number."""
    if invoice is None or not invoice.number:
        return title
    day = invoice.invoice_date
    return tr("Счёт № {number}", number=invoice.number) + (tr(" от {day}", day=date_in_words(day)) if day else "")


def _titles(ids: Collection[str], stages: Mapping[str, Stage]) -> str:
    return ", ".join(dict.fromkeys(stages[each].title if each in stages else each for each in ids))
