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
SUSPENDED = "suspended"
UNINSTALLED = "uninstalled"


class Base(DeclarativeBase):
    """Root of the tables."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: CleanText,
        datetime: UtcDateTime,
        dict[str, Any]: CleanJson,
        list[str]: CleanJson,
        list[dict[str, Any]]: CleanJson,
    }


def portal_key(*, primary: bool = False) -> Mapped[int]:
    """The column that ties a row to its portal and removes it together with the portal."""
    return mapped_column(ForeignKey("portal.id", ondelete="CASCADE"), primary_key=primary)


class Portal(Base):
    """An installed portal. ``origins``: names under which administrators have opened it, the latest last;
    ``habits``: what was learnt of how it takes questions, name → [value, moment]; ``payment``: what it has told of the
    application's payment (``portals.Payment``);
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
    payment: Mapped[dict[str, Any] | None] = mapped_column(CleanJson)
    installed_by: Mapped[int | None] = mapped_column(BigInteger)
    application_token: Mapped[str | None]
    oauth_root: Mapped[str | None]
    origins: Mapped[list[str]] = mapped_column(CleanJson, server_default=text("'[]'"))
    settings: Mapped[dict[str, Any]]
    habits: Mapped[dict[str, Any]] = mapped_column(CleanJson, server_default=text("'{}'"))
    epoch: Mapped[int] = mapped_column(BigInteger)
    served_at: Mapped[datetime | None]
    installed_at: Mapped[datetime]
    uninstalled_at: Mapped[datetime | None]


class PendingUninstallRow(Base):
    """An ``ONAPPUNINSTALL`` that is not verified yet. ``next_at``: when it is asked for again, for the time after
    ``rounds`` answers; ``stamp`` grows with each event and each confirmed launch, so that an answer which they have
    overtaken is not acted upon; ``digest`` as in Erasure."""

    __tablename__ = "pending_uninstall"

    portal_id: Mapped[int] = portal_key(primary=True)
    clean: Mapped[bool]
    digest: Mapped[str]
    noted_at: Mapped[datetime]
    next_at: Mapped[datetime]
    rounds: Mapped[int]
    stamp: Mapped[int] = mapped_column(BigInteger)


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
    workers that were lost with it; ``suspect``: it may have cost one its life."""

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
    names: Mapped[dict[str, Any]] = mapped_column(CleanJson, server_default=text("'{}'"))
    idempotency_key: Mapped[str | None]
    status: Mapped[str]
    stage: Mapped[str | None]
    done: Mapped[int] = mapped_column(BigInteger)
    total: Mapped[int | None] = mapped_column(BigInteger)
    waiting: Mapped[dict[str, Any] | None] = mapped_column(CleanJson)
    attempt: Mapped[int]
    losses: Mapped[int]
    suspect: Mapped[bool] = mapped_column(default=False)
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
    deliveries: Mapped[list[DeliveryRow]] = relationship(
        order_by="DeliveryRow.id", lazy="selectin", passive_deletes=True, cascade="all, delete-orphan"
    )


class ReportFileRow(Base):
    """A finished file: ``name`` in the file store, ``size`` in bytes."""

    __tablename__ = "report_file"

    id: Mapped[int] = mapped_column(primary_key=True)
    report_id: Mapped[str] = mapped_column(ForeignKey("report.id", ondelete="CASCADE"), index=True)
    format: Mapped[str]
    name: Mapped[str] = mapped_column(unique=True)
    size: Mapped[int] = mapped_column(BigInteger)


class DeliveryRow(Base):
    """One target of a report: ``key`` names it within the report, ``target`` is its entry of ``deliver``.

    ``sending`` is written before the portal is asked, with ``known``: ids of files that lay there already (null: it was
    not asked, or has refused). ``fence``
    grows with each taking up; ``lease_until`` is how long nobody else takes it up."""

    __tablename__ = "report_delivery"
    __table_args__ = (
        UniqueConstraint("report_id", "key"),
        Index("ix_report_delivery_state_next_at", "state", "next_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    report_id: Mapped[str] = mapped_column(ForeignKey("report.id", ondelete="CASCADE"), index=True)
    key: Mapped[str]
    target: Mapped[dict[str, Any]]
    state: Mapped[str]
    tries: Mapped[int]
    fence: Mapped[int]
    known: Mapped[list[int] | None] = mapped_column(CleanJson)
    next_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    error_code: Mapped[str | None]
    error_params: Mapped[dict[str, Any] | None] = mapped_column(CleanJson)


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


class ScheduleRow(Base):
    """A report that is ordered by the clock. ``plan``: when, ``{every, day, weekday, time}``; ``deliver``: where to.

    ``next_run_at``: the planned moment, None while inactive; ``due_at``: when it is to be looked at, later than planned
    where starts are spread or a worker has just taken it. ``paused``: the code of the error that paused it.
    """

    __tablename__ = "schedule"
    __table_args__ = (
        Index("ix_schedule_portal_id_user_id", "portal_id", "user_id"),
        Index("ix_schedule_due_at", "due_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    portal_id: Mapped[int] = portal_key()
    user_id: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str]
    params: Mapped[dict[str, Any]]
    names: Mapped[dict[str, Any]]
    period: Mapped[str]
    plan: Mapped[dict[str, Any]]
    deliver: Mapped[list[dict[str, Any]]]
    active: Mapped[bool]
    next_run_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    last_report_id: Mapped[str | None] = mapped_column(ForeignKey("report.id", ondelete="SET NULL"), index=True)
    paused: Mapped[str | None]
    created_at: Mapped[datetime]


class ScheduleRunRow(Base):
    """A report that a schedule has ordered: for a planned moment at most one, however many workers there are;
    ``planned_at`` None: it was asked for by hand.

    ``failures``: so often it has failed; ``due_at``: when its end is to be looked at, None once all is done.
    """

    __tablename__ = "schedule_run"
    __table_args__ = (
        UniqueConstraint("schedule_id", "planned_at"),
        Index("ix_schedule_run_due_at", "due_at"),
    )

    report_id: Mapped[str] = mapped_column(ForeignKey("report.id", ondelete="CASCADE"), primary_key=True)
    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedule.id", ondelete="CASCADE"))
    planned_at: Mapped[datetime | None]
    deliver: Mapped[list[dict[str, Any]]]
    failures: Mapped[int]
    due_at: Mapped[datetime | None]


class RobotRunRow(Base):
    """A run of the robot, known by the ``digest`` of its event token: one report at most, however often it is sent.

    ``secret``: event token, access and refresh token as encrypted JSON, None once all is done; ``asked``: the robot's
    properties; ``waits``: the portal's process waits for the answer; ``user_id``: whose confirmed token came with it;
    ``failures`` of the report, ``tries`` of the answer; ``due_at``: when it is to be looked at, None once all is done.
    """

    __tablename__ = "robot_run"
    __table_args__ = (
        UniqueConstraint("portal_id", "digest"),
        Index("ix_robot_run_portal_id_state", "portal_id", "state"),
        Index("ix_robot_run_due_at", "due_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    portal_id: Mapped[int] = portal_key()
    digest: Mapped[str]
    secret: Mapped[str | None]
    asked: Mapped[dict[str, Any]]
    waits: Mapped[bool]
    state: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(BigInteger)
    report_id: Mapped[str | None] = mapped_column(ForeignKey("report.id", ondelete="SET NULL"), index=True)
    deliver: Mapped[list[dict[str, Any]]]
    failures: Mapped[int]
    tries: Mapped[int]
    received_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    error_code: Mapped[str | None]
    error_params: Mapped[dict[str, Any] | None] = mapped_column(CleanJson)


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
