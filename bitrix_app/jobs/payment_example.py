"""What an administrator is shown before choosing where the paid amount comes from."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from bitrix_app.jobs.report_run import report_catalog
from bitrix_app.portals import AMOUNT_FIELD, Bitrix24Client, PortalCatalog
from bitrix_app.reports import PaymentExample, ReportParams, payment_example
from bitrix_app.storage import PortalRecord


def example_of_source(
    client: Bitrix24Client, portal: PortalRecord, known: PortalCatalog, source: str, amount_field: str | None
) -> PaymentExample:
    """The portal's last invoices as its settings with this ``source`` would pay them. Raises PortalErrors."""
    chosen = {**portal.settings, "payment_source": source, AMOUNT_FIELD: amount_field}
    catalog = report_catalog(replace(portal, settings=chosen), known)
    return payment_example(client, ReportParams(date.min, date.max), catalog)
