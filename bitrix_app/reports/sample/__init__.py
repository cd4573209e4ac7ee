"""The sample: a source of invented invoices in the place of a portal's, so that an empty portal shows what a report is.

It is processed and exported like any report; the portal is not asked.
"""

from __future__ import annotations

from collections.abc import Generator
from datetime import date, tzinfo

from bitrix_app.processing import FieldMapping, ProblemLine, ProcessingContext, Stage
from bitrix_app.reports.fetching import FetchedPage
from bitrix_app.reports.request import ReportCatalog
from bitrix_app.reports.running import ProgressTracker
from bitrix_app.reports.sample import records
from bitrix_app.reports.sample.records import DAYS
from bitrix_app.texts import tr

SAMPLE_DAYS = DAYS
"""The period of a sample report, in days up to its own."""


def sample_catalog(zone: tzinfo) -> ReportCatalog:
    """Fields, stages and presets of the portal that the sample is of."""
    titles = {
        "begindate": tr("Дата счёта"),
        records.SHIPPED_FIELD: tr("Дата отгрузки"),
        records.PAID_FIELD: tr("Дата оплаты"),
    }
    mapping = FieldMapping(shipped_field=records.SHIPPED_FIELD, paid_field=records.PAID_FIELD, titles=titles, zone=zone)
    return ReportCatalog(
        fields=mapping,
        stages={each: Stage(each, tr(title), semantics, 1) for each, (title, semantics) in records.STAGES.items()},
        preset_xml_ids={1: "#CRM_REQUISITE_PRESET_DEF_RU_COMPANY#"},
        preset_names={1: tr("Организация")},
        preset_countries={1: 1},
        knows_users=False,
    )


class SampleSource:
    """The sample's invoices up to a day, all on one page. A Source."""

    undated = 0
    notes: tuple[ProblemLine, ...] = ()

    def __init__(self, catalog: ReportCatalog, today: date, progress: ProgressTracker) -> None:
        self._catalog = catalog
        self._today = today
        self._progress = progress

    def pages(self) -> Generator[FetchedPage, None, None]:
        """The page and what belongs to it."""
        invoices = [
            each for each in records.invoices(self._today) if each["stageId"] not in self._catalog.left_out_stages
        ]
        for stage in ("invoices", "requisites", "products"):
            self._progress.advance(stage, len(invoices))
        self._progress.all_read()
        ids = {each["id"] for each in invoices}
        rows = {owner: rows for owner, rows in records.product_rows(self._today).items() if owner in ids}
        yield FetchedPage(
            invoices,
            ProcessingContext(
                fields=self._catalog.fields,
                today=self._today,
                requisite_links=records.links(),
                own_requisite_links=dict.fromkeys(ids, records.OWN_REQUISITE),
                requisites=records.requisites(),
                company_titles={each.id: tr(each.title) for each in records.BUYERS}
                | {records.OWN_COMPANY: tr(records.OWN)},
                preset_xml_ids=self._catalog.preset_xml_ids,
                preset_names=self._catalog.preset_names,
                preset_countries=self._catalog.preset_countries,
                product_rows=rows,
                stages=self._catalog.stages,
                users={each: tr(name) for each, name in records.PEOPLE.items()},
            ),
        )
