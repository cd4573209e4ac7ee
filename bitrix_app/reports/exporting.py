"""Export: the sealed register as files of all formats under a title block, in a folder of this report.

The title block tells the report's parameters in words (Russian, as the workbook is).
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from bitrix_app.errors import StorageFullError
from bitrix_app.processing import FieldMapping, Problem, Stage
from bitrix_app.reports.fetching import user_name
from bitrix_app.reports.lookups import Known, id_in, people
from bitrix_app.reports.protocols import PortalReader
from bitrix_app.reports.register import Register
from bitrix_app.reports.request import ReportCatalog, ReportParams, ReportRequest
from bitrix_app.reports.running import ProgressTracker
from bitrix_app.workbook import FORMATS, WORKBOOK, Format, OwnCompany, ProblemLines, RegisterHeader, Sheet


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A finished file on this machine's disk; ``format`` is the name of one of ``FORMATS``."""

    format: str
    path: Path


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a report came to: ``summary`` as the API shows it (money as texts), and its files."""

    summary: dict[str, Any]
    files: tuple[LocalFile, ...]


class Exporter(Protocol):
    """Makes an Outcome of a sealed register."""

    def export(self, register: Register, *, undated: int, notes: tuple[Problem, ...]) -> Outcome: ...


class FileExporter:
    """Writes a report in every format of ``FORMATS``."""

    def __init__(
        self,
        *,
        folder: Path,
        sheets: Sequence[Sheet[Any]],
        header: Callable[[int], RegisterHeader],
        progress: ProgressTracker,
        check: Callable[[], None],
    ) -> None:
        """``sheets`` are those of the report's kind; ``header`` makes the title block, given the number of invoices
        that have no date."""
        self._folder = folder
        self._sheets = sheets
        self._header = header
        self._progress = progress
        self._check = check

    def export(self, register: Register, *, undated: int, notes: tuple[Problem, ...]) -> Outcome:
        """Writes the files; ``notes`` stand among the problems.

        Raises StorageFullError, WorkbookLimitError and what ``check`` raises.
        """
        header = self._header(undated)
        header = replace(header, notes=(*notes, *header.notes))
        files = tuple(LocalFile(each.name, self._folder / f"register.{each.name}") for each in FORMATS)
        try:
            written = [
                self._write(each, file.path, register, header) for each, file in zip(FORMATS, files, strict=True)
            ]
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS}:
                raise StorageFullError("the folder for temporary files is full or not writable") from error
            raise
        problems = next(lines for lines in written if lines is not None)
        summary = {
            **register.totals.to_summary(),
            "problems": problems.count,
            "first_problems": [each._asdict() for each in problems.first],
            "undated": undated,
        }
        return Outcome(summary, files)

    def _write(self, format: Format, path: Path, register: Register, header: RegisterHeader) -> ProblemLines | None:
        total = register.totals.invoices

        def tell(done: int) -> None:
            if format is WORKBOOK:  # takes nearly all the time; counters that began anew would go backwards
                self._progress.write(done, total)

        return format.write(path, register, header, self._sheets, progress=tell, check=self._check)


class TitleBlock:
    """Makes the title block of one report; names that it shows are looked up in the portal."""

    def __init__(self, title: str, portal: PortalReader, request: ReportRequest, catalog: ReportCatalog) -> None:
        self._title = title
        self._portal = portal
        self._request = request
        self._catalog = catalog

    def read(self) -> Callable[[int], RegisterHeader]:
        """Looks up own company, company and responsible. → the title block for a number of undated invoices.

        Raises PortalErrors.
        """
        params, fields = self._request.params, self._catalog.fields
        title = field_title(fields, params.date_field)
        header = RegisterHeader(
            title=self._title,
            company=self._own_company(params.mycompany_id),
            date_from=params.date_from,
            date_to=params.date_to,
            date_field_title=title,
            built_by=self._request.built_by,
            built_at=self._request.built_at,
            detailed=params.detailed,
            filters=self._filters(),
            invoice_url=self._request.invoice_url,
        )
        paid_asked = params.paid is not None
        gone = gone_notes(self._catalog.gone_fields)
        return lambda undated: replace(header, notes=(*gone, *undated_note(undated, title, paid_asked=paid_asked)))

    def _filters(self) -> tuple[str, ...]:
        params = self._request.params
        return filters_in_words(
            params,
            self._catalog.stages,
            left_out_stages=self._catalog.left_out_stages,
            company=self._company_title(params.company_id),
            responsible=self._responsible(params.assigned_by_id),
        )

    def _company_title(self, company_id: int | None) -> str | None:
        known = Known(self._portal.companies, "id")
        known.learn(map, [company_id] if company_id else [])
        return next((str(each.get("title") or "") for each in known.first().values()), "") or None

    def _responsible(self, user_id: int | None) -> str | None:
        users = people(self._portal, [user_id]) if user_id and self._catalog.knows_users else ()
        return next((user_name(each) for each in users), None)

    def _own_company(self, company_id: int | None) -> OwnCompany | None:
        if not company_id:
            return None
        known = Known(self._portal.company_requisites, "ENTITY_ID")
        known.learn(map, [company_id])
        requisites = sorted(known.all()[company_id], key=lambda each: (id_in(each, "SORT"), id_in(each, "ID")))
        inn = next((str(each["RQ_INN"]) for each in requisites if each.get("RQ_INN")), None)
        return OwnCompany(self._company_title(company_id) or f"ID {company_id}", inn)


def field_title(fields: FieldMapping, name: str) -> str:
    """The portal's title of a field, else its name."""
    return fields.titles.get(name) or name


GONE = {
    "date_field": ("Дата периода", "счета отобраны по дате счёта"),
    "shipped_field": ("Дата отгрузки", "столбец «Дата отгрузки» пуст"),
    "paid_field": ("Дата оплаты", "оплаченными считаются счета на успешной стадии"),
}
"""What stands in place of a mapped field: the words for it, and what the report does without it (contract §4)."""


def gone_notes(gone_fields: Mapping[str, str]) -> tuple[Problem, ...]:
    """A line of «Проблемы» for each mapped field that the portal no longer has."""
    return tuple(
        Problem(
            title,
            f"Поля «{gone_fields[setting]}», которое выбрано как «{title}», на портале больше нет: {instead}. "
            "Попросите администратора приложения выбрать другое поле в настройках.",
        )
        for setting, (title, instead) in GONE.items()
        if setting in gone_fields
    )


def undated_note(count: int, title: str, *, paid_asked: bool = False) -> tuple[Problem, ...]:
    """The line of «Проблемы» about invoices that no period holds; none where there are none."""
    return (Problem(title, undated_in_words(count, title, paid_asked=paid_asked)),) if count else ()


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
        params.stages is not None and f"Стадии: {_titles(params.stages, stages)}",
        params.company_id is not None and f"Компания: {company or f'ID {params.company_id}'}",
        params.invoice_id is not None and f"Только счёт с ID {params.invoice_id}",
        params.assigned_by_id is not None and f"Ответственный: {responsible or f'ID {params.assigned_by_id}'}",
        params.currency is not None and f"Валюта: {params.currency}",
        params.paid is not None and ("Только оплаченные" if params.paid else "Только неоплаченные"),
        params.stages is None and _left_out(left_out_stages, stages),  # may be long: what was asked for comes first
    )
    return tuple(sentence for sentence in sentences if sentence)


def undated_in_words(count: int, field_title: str, *, paid_asked: bool = False) -> str:
    """«37 счетов без даты в поле … не попали в отчёт»: such invoices are in no period.

    ``paid_asked``: the report was narrowed to paid or to unpaid invoices. The portal counts both.
    """
    one = count == 1
    both = " (оплачены они или нет, здесь не различается)" if paid_asked else ""
    return (
        f"{count} {_plural(count, 'счёт', 'счёта', 'счетов')} без даты в поле «{field_title}»{both} не "
        f"{_plural(count, 'попал', 'попали', 'попали')} в отчёт: такой счёт нельзя отнести к периоду. "
        f"Заполните поле «{field_title}» в {'карточке этого счёта' if one else 'карточках этих счетов'} "
        "и сформируйте отчёт снова."
    )


def _left_out(ids: Collection[str], stages: Mapping[str, Stage]) -> str:
    in_order = [*(each for each in stages if each in ids), *sorted(set(ids) - stages.keys())]
    return f"Кроме стадий: {_titles(in_order, stages)}" if in_order else ""


def _titles(ids: Collection[str], stages: Mapping[str, Stage]) -> str:
    return ", ".join(dict.fromkeys(stages[each].title if each in stages else each for each in ids))


def _plural(count: int, one: str, few: str, many: str) -> str:
    if count % 10 == 1 and count % 100 != 11:
        return one
    return few if count % 10 in {2, 3, 4} and count % 100 not in {12, 13, 14} else many
