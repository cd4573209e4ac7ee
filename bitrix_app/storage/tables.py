"""The tables and their column types. Tokens are stored encrypted (``Cipher``); moments are UTC.

A change here needs a migration in ``migrations/versions``; a test compares the two.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    MetaData,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, kept and given back in UTC (SQLite knows no zones: it keeps the UTC wall clock)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The moment in UTC. Raises ValueError for a naive one."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs its time zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 # the dialect is SQLAlchemy's signature
        """The moment, aware, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class CleanText(TypeDecorator[str]):
    """Text of any length without what PostgreSQL or UTF-8 cannot hold (NUL, lone surrogates)."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 # see above
        """The text, cleaned."""
        return None if value is None else clean_text(value)


class CleanJson(TypeDecorator[Any]):
    """JSON (JSONB on PostgreSQL) whose texts are cleaned as CleanText does; Python's None is SQL's NULL."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """JSONB on PostgreSQL, else JSON."""
        kind = JSONB(none_as_null=True) if dialect.name == "postgresql" else JSON(none_as_null=True)
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002 # see above
        """The value, its texts cleaned."""
        return clean_json(value)


def clean_text(value: str) -> str:
    """The text without NUL; a lone surrogate becomes «?»."""
    return value.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def clean_json(value: Any) -> Any:
    """The same JSON value with every text in it cleaned."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {clean_text(str(key)): clean_json(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean_json(each) for each in value]
    return value


NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
RUNNING = text("status = 'running'")
INSTALLED = "installed"


class Base(DeclarativeBase):
    """Root of the tables."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: CleanText,
        datetime: UtcDateTime,
        dict[str, Any]: CleanJson,
        list[str]: CleanJson,
    }


def portal_key(*, primary: bool = False) -> Mapped[int]:
    """The column that ties a row to its portal and removes it together with the portal."""
    return mapped_column(ForeignKey("portal.id", ondelete="CASCADE"), primary_key=primary)


class Portal(Base):
    """An installed portal. ``origins``: names under which administrators have opened it, the latest last;
    ``served_at``: when a report of it was last taken up (portals in turn).

    ``epoch`` grows with each uninstall and the install after it, and starts at the clock, so that no session token of
    an earlier life of the portal is ever valid again.
    """

    __tablename__ = "portal"
    __table_args__ = ({"sqlite_autoincrement": True},)  # a number is never given again

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[str] = mapped_column(unique=True)
    client_endpoint: Mapped[str]
    domain: Mapped[str]
    status: Mapped[str]
    scopes: Mapped[list[str]]
    license_family: Mapped[str | None]
    installed_by: Mapped[int | None] = mapped_column(BigInteger)
    application_token: Mapped[str | None]
    oauth_root: Mapped[str | None]
    origins: Mapped[list[str]] = mapped_column(CleanJson, server_default=text("'[]'"))
    settings: Mapped[dict[str, Any]]
    epoch: Mapped[int] = mapped_column(BigInteger)
    served_at: Mapped[datetime | None]
    installed_at: Mapped[datetime]
    uninstalled_at: Mapped[datetime | None]


class UserToken(Base):
    """A pair of OAuth tokens. ``kind``: ``user`` from launches, ``install`` the portal's own.

    ``renewal_owner`` and ``renewal_until`` are the lease of whoever is renewing the pair now.
    """

    __tablename__ = "user_token"

    portal_id: Mapped[int] = portal_key(primary=True)
    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    access_token: Mapped[str]
    refresh_token: Mapped[str | None]
    expires_at: Mapped[int | None] = mapped_column(BigInteger)
    renewal_owner: Mapped[str | None]
    renewal_until: Mapped[datetime | None]
    updated_at: Mapped[datetime]


class PortalUser(Base):
    """What the portal last said about a user, and what the user last chose in the form."""

    __tablename__ = "portal_user"

    portal_id: Mapped[int] = portal_key(primary=True)
    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    name: Mapped[str]
    is_admin: Mapped[bool]
    time_zone: Mapped[str]
    checked_at: Mapped[datetime]
    last_choice: Mapped[dict[str, Any] | None] = mapped_column(CleanJson)


class PortalBucket(Base):
    """The GCRA row of a portal: ``tat`` theoretical arrival time, ``pace`` learnt slowness (1 = full speed).

    All three are seconds since 1970 or a factor, as floats: a microsecond is kept for centuries to come.
    """

    __tablename__ = "portal_bucket"

    portal_id: Mapped[int] = portal_key(primary=True)
    tat: Mapped[float]
    pace: Mapped[float]
    penalized_at: Mapped[float]


class Report(Base):
    """A report: the truth about a job. ``attempt`` fences late workers and only grows; ``losses`` counts the
    workers that were lost with it."""

    __tablename__ = "report"
    __table_args__ = (
        UniqueConstraint("portal_id", "user_id", "idempotency_key"),
        Index("ix_report_page", "portal_id", "user_id", "created_at", "id"),
        Index("ix_report_queue", "portal_id", "status", "created_at", "id"),
        Index("ix_report_status", "status", "lease_until"),
        Index("uq_report_running", "portal_id", unique=True, sqlite_where=RUNNING, postgresql_where=RUNNING),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    portal_id: Mapped[int] = portal_key()
    user_id: Mapped[int] = mapped_column(BigInteger)
    user_name: Mapped[str]
    params: Mapped[dict[str, Any]]
    idempotency_key: Mapped[str | None]
    status: Mapped[str]
    stage: Mapped[str | None]
    done: Mapped[int] = mapped_column(BigInteger)
    total: Mapped[int | None] = mapped_column(BigInteger)
    waiting: Mapped[dict[str, Any] | None] = mapped_column(CleanJson)
    attempt: Mapped[int]
    losses: Mapped[int]
    worker: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    summary: Mapped[dict[str, Any] | None] = mapped_column(CleanJson)
    error_code: Mapped[str | None]
    error_params: Mapped[dict[str, Any] | None] = mapped_column(CleanJson)
    files: Mapped[list[ReportFileRow]] = relationship(
        order_by="ReportFileRow.id", lazy="selectin", passive_deletes=True, cascade="all, delete-orphan"
    )


class ReportFileRow(Base):
    """A finished file: ``name`` in the file store, ``size`` in bytes."""

    __tablename__ = "report_file"

    id: Mapped[int] = mapped_column(primary_key=True)
    report_id: Mapped[str] = mapped_column(ForeignKey("report.id", ondelete="CASCADE"), index=True)
    format: Mapped[str]
    name: Mapped[str] = mapped_column(unique=True)
    size: Mapped[int] = mapped_column(BigInteger)


class SavedSetRow(Base):
    """A named set of report parameters, a user's own or shared with the whole portal."""

    __tablename__ = "saved_set"
    __table_args__ = (Index("ix_saved_set_portal_id_user_id", "portal_id", "user_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    portal_id: Mapped[int] = portal_key()
    user_id: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str]
    params: Mapped[dict[str, Any]]
    shared: Mapped[bool]
    created_at: Mapped[datetime]


class AuditRow(Base):
    """Who did what with which report, when."""

    __tablename__ = "journal"
    __table_args__ = (Index("ix_journal_portal_id_id", "portal_id", "id"), Index("ix_journal_at", "portal_id", "at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    portal_id: Mapped[int] = portal_key()
    at: Mapped[datetime]
    user_id: Mapped[int] = mapped_column(BigInteger)
    user_name: Mapped[str]
    action: Mapped[str]
    report_id: Mapped[str | None]
    details: Mapped[dict[str, Any]]


class PeriodicTaskRow(Base):
    """When a periodic task was last taken up, so that it runs once however many workers there are."""

    __tablename__ = "chore"

    name: Mapped[str] = mapped_column(primary_key=True)
    taken_at: Mapped[datetime]


class Erasure(Base):
    """That a portal was erased by an event: the event's digest, so that the same event once more is known as genuine.

    Nothing of the portal can be told from it.
    """

    __tablename__ = "erasure"

    digest: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
