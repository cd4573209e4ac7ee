"""Which columns the table of invoices of a report has: those that were chosen, else its kind's."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from bitrix_app.processing import (
    CHOICE,
    Column,
    Entity,
    Field,
    ProblemLine,
    ProcessedInvoice,
    custom_column,
    extra_fields,
)
from bitrix_app.reports.kinds import ReportKind
from bitrix_app.reports.request import ReportCatalog, ReportParams
from bitrix_app.texts import tr


@dataclass(frozen=True, slots=True)
class ReportColumns:
    """The columns of one report. ``chosen``: somebody has chosen them, so none comes or goes by itself; ``gone`` are
    codes of chosen ones that the portal no longer has, or has as something that no table can show."""

    columns: tuple[Column[ProcessedInvoice], ...]
    chosen: bool = False
    gone: tuple[str, ...] = ()

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields that these columns ask for beyond those of the rules."""
        return extra_fields(self.columns)

    @property
    def entities(self) -> frozenset[Entity]:
        """What has to be looked up for their sake."""
        return frozenset(entity for field in self.fields for entity in field.entities)

    @property
    def notes(self) -> tuple[ProblemLine, ...]:
        """A line of ``Проблемы`` for each column that is missing."""
        return tuple(ProblemLine.of_report(_title_of(each), _gone(each)) for each in self.gone)


def report_columns(kind: ReportKind, params: ReportParams, catalog: ReportCatalog) -> ReportColumns:
    """The columns of a report; those of its kind where none was chosen, or none of the chosen ones is left."""
    usual = tuple(kind.columns(with_rows=params.reads_rows))
    if params.columns is None or not kind.chooses_columns:
        return ReportColumns(usual)
    offered = offered_columns(catalog)
    found = [offered[each] for each in params.columns if each in offered]
    gone = tuple(each for each in params.columns if each not in offered)
    if not found:
        return ReportColumns(usual, gone=gone)
    return ReportColumns(_told_apart(found), chosen=True, gone=gone)


def offered_columns(catalog: ReportCatalog) -> Mapping[str, Column[ProcessedInvoice]]:
    """All columns of invoices that this portal can fill, by code."""
    own = {each.name: custom_column(each, catalog.fields.zone) for each in catalog.custom_fields}
    known = catalog.field_names
    return {
        **{code: column for code, column in CHOICE.items() if known is None or _is_known(column, known)},
        **{name: column for name, column in own.items() if column is not None},
    }


def _is_known(column: Column[ProcessedInvoice], names: Collection[str]) -> bool:
    return all(field.name in names for field in column.fields)


def _told_apart(columns: Sequence[Column[ProcessedInvoice]]) -> tuple[Column[ProcessedInvoice], ...]:
    """The chosen columns, each title once: a second «Дата» is «Дата (2)»."""
    taken: set[str] = set()
    told: list[Column[ProcessedInvoice]] = []
    for column in columns:
        title, number = tr(column.title), 1
        while title.casefold() in taken:
            number += 1
            title = f"{tr(column.title)} ({number})"
        taken.add(title.casefold())
        told.append(replace(column, title=title, needs_rows=False))
    return tuple(told)


def _title_of(code: str) -> str:
    return tr(CHOICE[code].title) if code in CHOICE else code


def _gone(code: str) -> str:
    return tr(
        "Столбца «{title}» нет в отчёте: такого поля на портале больше нет, или оно теперь такого типа, "
        "который в таблице не показать. Уберите столбец из набора или из настроек приложения.",
        title=_title_of(code),
    )
