"""Puts one report together: source, processor, register, exporter, orchestrator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from bitrix_app.processing import DataProcessor, FieldMapping, Problem
from bitrix_app.reports.calls import AbortableStop
from bitrix_app.reports.dictionary import ReportDictionary
from bitrix_app.reports.exporting import FileExporter
from bitrix_app.reports.fetching import InvoiceSource, user_name
from bitrix_app.reports.lookups import COMPANY, key, people
from bitrix_app.reports.orchestrator import WorkflowOrchestrator
from bitrix_app.reports.params import ReportParams
from bitrix_app.reports.ports import PortalReader
from bitrix_app.reports.progress import ProgressTracker
from bitrix_app.reports.query import Selection
from bitrix_app.reports.register import Register
from bitrix_app.reports.words import filters_in_words, undated_in_words
from bitrix_app.workbook import OwnCompany, RegisterHeader

TITLE = "Реестр счетов"


@dataclass(frozen=True, slots=True)
class Order:
    """Who asked for which report and when (``built_at`` is aware, in the portal's time zone); ``invoice_url`` makes
    the address of an invoice's card of its id."""

    params: ReportParams
    built_by: str
    built_at: datetime
    invoice_url: Callable[[int], str]


class ReportAssembly:
    """Builds the objects of one report over one portal client."""

    def __init__(
        self,
        *,
        portal: PortalReader,
        order: Order,
        dictionary: ReportDictionary,
        progress: ProgressTracker,
        stop: AbortableStop,
    ) -> None:
        self._portal = portal
        self._order = order
        mapping = replace(dictionary.fields, date_field=order.params.date_field)
        self._dictionary = replace(dictionary, fields=mapping)
        self._progress = progress
        self._stop = stop

    def orchestrator(self, register: Register, folder: Path) -> WorkflowOrchestrator:
        """The workflow of this report; its files will lie in ``folder``. Asks the portal for the names that the
        title block needs (own company, company, responsible), so it may raise PortalErrors."""
        params = self._order.params
        selection = Selection(params.date_from, params.date_to, params.paid)
        return WorkflowOrchestrator(
            source=InvoiceSource(
                portal=self._portal,
                params=params,
                dictionary=self._dictionary,
                progress=self._progress,
                stop=self._stop,
            ),
            processor=DataProcessor,
            select=selection.of,
            register=register,
            exporter=FileExporter(
                folder=folder, header=self._header(), progress=self._progress, check=self._stop.check
            ),
        )

    def _header(self) -> Callable[[int], RegisterHeader]:
        params, fields = self._order.params, self._dictionary.fields
        title = field_title(fields, params.date_field)
        header = RegisterHeader(
            title=TITLE,
            company=self._own_company(params.mycompany_id),
            date_from=params.date_from,
            date_to=params.date_to,
            date_field_title=title,
            date_field=params.date_field,
            built_by=self._order.built_by,
            built_at=self._order.built_at,
            detailed=params.detailed,
            filters=self._filters(),
            invoice_url=self._order.invoice_url,
        )
        paid_asked = params.paid is not None
        return lambda undated: replace(header, notes=undated_note(undated, title, paid_asked=paid_asked))

    def _filters(self) -> tuple[str, ...]:
        params = self._order.params
        return filters_in_words(
            params,
            self._dictionary.stages,
            left_out_stages=self._dictionary.left_out_stages,
            company=self._company_title(params.company_id),
            responsible=self._responsible(params.assigned_by_id),
        )

    def _company_title(self, company_id: int | None) -> str | None:
        companies = self._portal.companies([company_id]) if company_id else ()
        return next((str(each.get("title") or "") for each in companies), "") or None

    def _responsible(self, user_id: int | None) -> str | None:
        users = people(self._portal, [user_id]) if user_id and self._dictionary.knows_users else ()
        return next((user_name(each) for each in users), None)

    def _own_company(self, company_id: int | None) -> OwnCompany | None:
        if not company_id:
            return None
        requisites = sorted(
            self._portal.requisites_of(COMPANY, [company_id]), key=lambda each: (key(each.get("SORT")), key(each["ID"]))
        )
        inn = next((str(each["RQ_INN"]) for each in requisites if each.get("RQ_INN")), None)
        return OwnCompany(self._company_title(company_id) or f"ID {company_id}", inn)


def field_title(fields: FieldMapping, name: str) -> str:
    """The portal's title of a field, else its name."""
    return fields.titles.get(name) or name


def undated_note(count: int, title: str, *, paid_asked: bool = False) -> tuple[Problem, ...]:
    """The line of «Проблемы» about invoices that no period holds; none where there are none."""
    return (Problem(title, undated_in_words(count, title, paid_asked=paid_asked)),) if count else ()
