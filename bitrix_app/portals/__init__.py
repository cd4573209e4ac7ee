"""Portals: who is calling, installing and removing the app, a user's tokens and rights, the portal's catalog.

Belongs here: what is believed of a request and why. Does not: Flask, HTML, what a report means.
"""

from bitrix_app.bitrix24 import Bitrix24Client, CallRecord, Wait
from bitrix_app.portals.access import Access, SeenUser
from bitrix_app.portals.cache import TtlCache
from bitrix_app.portals.catalog import (
    Catalogs,
    DateField,
    InvoiceFields,
    Named,
    PortalCatalog,
    PortalStage,
    Preset,
)
from bitrix_app.portals.clients import Observers, PortalClients, Transports, plan_of
from bitrix_app.portals.embedding import Check, Embedding, self_check
from bitrix_app.portals.events import Event, PortalEvents
from bitrix_app.portals.identity import Caller, CallerCheck
from bitrix_app.portals.install import Installation, Installer, InstallForm, InstallStep
from bitrix_app.portals.launch import Launch, Launcher, LaunchForm
from bitrix_app.portals.maintenance import PortalMaintenance
from bitrix_app.portals.overview import CompanyOverview, MonthSums, OverviewRules, company_overview
from bitrix_app.portals.preferences import (
    MAPPED_FIELDS,
    PERIODS,
    complete_settings,
    default_settings,
    gone_fields,
    settings_in_force,
)
from bitrix_app.portals.probe import Probe
from bitrix_app.portals.renewal import PortalTokens
from bitrix_app.portals.waiting import Bulkhead, Deadline, FairQueue, Places, begin_request, end_request

__all__ = [
    "MAPPED_FIELDS",
    "PERIODS",
    "Access",
    "Bitrix24Client",
    "Bulkhead",
    "CallRecord",
    "Caller",
    "CallerCheck",
    "Catalogs",
    "Check",
    "CompanyOverview",
    "DateField",
    "Deadline",
    "Embedding",
    "Event",
    "FairQueue",
    "InstallForm",
    "InstallStep",
    "Installation",
    "Installer",
    "InvoiceFields",
    "Launch",
    "LaunchForm",
    "Launcher",
    "MonthSums",
    "Named",
    "Observers",
    "OverviewRules",
    "Places",
    "PortalCatalog",
    "PortalClients",
    "PortalEvents",
    "PortalMaintenance",
    "PortalStage",
    "PortalTokens",
    "Preset",
    "Probe",
    "SeenUser",
    "Transports",
    "TtlCache",
    "Wait",
    "begin_request",
    "company_overview",
    "complete_settings",
    "default_settings",
    "end_request",
    "gone_fields",
    "plan_of",
    "self_check",
    "settings_in_force",
]
