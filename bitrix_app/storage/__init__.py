"""What is kept: portals, tokens, reports, files, the audit log.

Belongs here: rows, queries, encryption at rest, the file store. Does not: HTTP, Flask, what a report means.
Each class takes a ``Database`` and opens its own short transactions; none is open while anything else is waited for.
"""

from bitrix_app.storage.audit_log import AuditEntry, AuditFilter, AuditLog
from bitrix_app.storage.buckets import ENTERPRISE, ORDINARY, SELF_HOSTED, Plan, PortalBuckets, SharedBucket
from bitrix_app.storage.cipher import Cipher, UnreadableSecretError
from bitrix_app.storage.database import Database
from bitrix_app.storage.deliveries import Deliveries, DeliveryLease
from bitrix_app.storage.files import Files, file_name
from bitrix_app.storage.leases import ReportLeases
from bitrix_app.storage.maintenance import LONGEST_JOURNAL_DAYS, PeriodicTasks, Retention, Rotation
from bitrix_app.storage.portals import PortalRecord, Portals
from bitrix_app.storage.reports import (
    MEGABYTE,
    Beat,
    DeliveryRecord,
    Lease,
    ReportFile,
    ReportRecord,
    Reports,
    UserReports,
)
from bitrix_app.storage.robots import RobotRequest, RobotRun, RobotRuns
from bitrix_app.storage.saved_sets import SavedSet, SavedSets, UserSavedSets
from bitrix_app.storage.schedules import (
    DueRun,
    DueSchedules,
    MomentTaken,
    Planned,
    ScheduleContent,
    ScheduleRecord,
    Schedules,
    WriteBeside,
)
from bitrix_app.storage.tokens import INSTALL, USER, PairKey, RenewalLease, TokenPair, UserTokens
from bitrix_app.storage.uninstalls import PendingUninstall, Uninstalls
from bitrix_app.storage.users import ForgottenUser, PersonalData, PortalUsers, UserRecord

__all__ = [
    "ENTERPRISE",
    "INSTALL",
    "LONGEST_JOURNAL_DAYS",
    "MEGABYTE",
    "ORDINARY",
    "SELF_HOSTED",
    "USER",
    "AuditEntry",
    "AuditFilter",
    "AuditLog",
    "Beat",
    "Cipher",
    "Database",
    "Deliveries",
    "DeliveryLease",
    "DeliveryRecord",
    "DueRun",
    "DueSchedules",
    "Files",
    "ForgottenUser",
    "Lease",
    "MomentTaken",
    "PairKey",
    "PendingUninstall",
    "PeriodicTasks",
    "PersonalData",
    "Plan",
    "Planned",
    "PortalBuckets",
    "PortalRecord",
    "PortalUsers",
    "Portals",
    "RenewalLease",
    "ReportFile",
    "ReportLeases",
    "ReportRecord",
    "Reports",
    "Retention",
    "RobotRequest",
    "RobotRun",
    "RobotRuns",
    "Rotation",
    "SavedSet",
    "SavedSets",
    "ScheduleContent",
    "ScheduleRecord",
    "Schedules",
    "SharedBucket",
    "TokenPair",
    "Uninstalls",
    "UnreadableSecretError",
    "UserRecord",
    "UserReports",
    "UserSavedSets",
    "UserTokens",
    "WriteBeside",
    "file_name",
]
