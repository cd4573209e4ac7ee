"""What is kept: portals, tokens, reports, files, the audit log.

Belongs here: rows, queries, encryption at rest, the file store. Does not: HTTP, Flask, what a report means.
Each class takes a ``Database`` and opens its own short transactions; none is open while anything else is waited for.
"""

from bitrix_app.storage.audit_log import AuditEntry, AuditLog
from bitrix_app.storage.buckets import ENTERPRISE, ORDINARY, SELF_HOSTED, Plan, PortalBuckets, SharedBucket
from bitrix_app.storage.cipher import Cipher, UnreadableSecretError
from bitrix_app.storage.database import Database
from bitrix_app.storage.files import Files, file_name
from bitrix_app.storage.leases import ReportLeases
from bitrix_app.storage.maintenance import PeriodicTasks, Retention, Rotation
from bitrix_app.storage.portals import PortalRecord, Portals
from bitrix_app.storage.reports import Beat, Lease, ReportFile, ReportRecord, Reports, UserReports
from bitrix_app.storage.saved_sets import SavedSet, SavedSets, UserSavedSets
from bitrix_app.storage.tokens import INSTALL, USER, PairKey, RenewalLease, TokenPair, UserTokens
from bitrix_app.storage.users import PortalUsers, UserRecord

__all__ = [
    "ENTERPRISE",
    "INSTALL",
    "ORDINARY",
    "SELF_HOSTED",
    "USER",
    "AuditEntry",
    "AuditLog",
    "Beat",
    "Cipher",
    "Database",
    "Files",
    "Lease",
    "PairKey",
    "PeriodicTasks",
    "Plan",
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
    "Rotation",
    "SavedSet",
    "SavedSets",
    "SharedBucket",
    "TokenPair",
    "UnreadableSecretError",
    "UserRecord",
    "UserReports",
    "UserSavedSets",
    "UserTokens",
    "file_name",
]
