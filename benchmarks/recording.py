"""A child that reads invoices from a demo portal with our own client and keeps the pages as they were fetched.

Order: ``{"portal": PortalSubprocess, "path": str}``; the pages are pickled to ``path``.
"""

from __future__ import annotations

import pickle
from datetime import date
from pathlib import Path

from benchmarks.measuring import answer, measured, told
from bitrix_app.bitrix24 import AccessToken, Bitrix24Client, Transport
from bitrix_app.bitrix24.types import CallRecord, Wait
from bitrix_app.portals.clients import UnsharedBucket
from bitrix_app.processing import FieldMapping, Stage
from bitrix_app.reports import KINDS, Progress, ProgressTracker, ReportCatalog, ReportParams, StopSignal
from bitrix_app.reports.fetching import FetchedPage, InvoiceSource
from demo_portal.subprocess import PortalSubprocess

STAGES = (Stage("DT31_2:P", "Оплачен", "S", 2), Stage("DT31_2:S", "Отправлен клиенту", "P", 2))


class Nobody:
    """Neither watches nor stops anything. A StopSignal, a CallObserver and a ProgressSink."""

    def check(self) -> None:
        """Go on."""

    def wait(self, seconds: float) -> None:
        """Go on at once."""

    def waited(self, wait: Wait) -> None:
        """Not of interest."""

    def answered(self, call: CallRecord) -> None:
        """Not of interest."""

    def update(self, progress: Progress) -> None:
        """Not of interest."""


class OneToken:
    """A token that never expires. A TokenSource."""

    def __init__(self, token: AccessToken) -> None:
        self._token = token

    def current(self) -> AccessToken:
        """The token."""
        return self._token

    def renew(self, spent: AccessToken) -> AccessToken:
        """The same."""
        return spent

    def moved(self, spent: AccessToken) -> AccessToken:
        """The same."""
        return spent


def fetched(portal: PortalSubprocess) -> list[FetchedPage]:
    """All pages of the portal's invoices, each with what belongs to it."""
    nobody, transport = Nobody(), Transport(allow_http=True)
    client = Bitrix24Client(
        transport=transport,
        tokens=OneToken(AccessToken(portal.access_token, portal.client_endpoint)),
        bucket=UnsharedBucket(),
        stop=nobody,
        observer=nobody,
    )
    source = InvoiceSource(
        kind=KINDS["register"],
        portal=client,
        params=ReportParams(date.fromisoformat(portal.first), date.fromisoformat(portal.last), detailed=True),
        catalog=ReportCatalog(FieldMapping(date_field="begindate"), stages={each.id: each for each in STAGES}),
        progress=ProgressTracker(nobody, detailed=True),
        stop=StopSignal(),
    )
    try:
        return list(source.pages())
    finally:
        transport.close()


if __name__ == "__main__":
    order = told()
    pages, cost = measured(lambda: fetched(PortalSubprocess(**order["portal"])))
    Path(order["path"]).write_bytes(pickle.dumps(pages))
    answer(cost, pages=len(pages))
