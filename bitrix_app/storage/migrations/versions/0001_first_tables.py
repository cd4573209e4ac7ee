"""The first tables.

Revision: 0001.
"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql


revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

RUNNING = sa.text("status = 'running'")
JSON_VALUE = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "chore",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_chore"),
    )
    op.create_table(
        "portal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Text(), nullable=False),
        sa.Column("client_endpoint", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("scopes", JSON_VALUE, nullable=False),
        sa.Column("license_family", sa.Text(), nullable=True),
        sa.Column("installed_by", sa.BigInteger(), nullable=True),
        sa.Column("application_token", sa.Text(), nullable=True),
        sa.Column("settings", JSON_VALUE, nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("served_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("installed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uninstalled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_portal"),
        sa.UniqueConstraint("member_id", name="uq_portal_member_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "journal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("portal_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("report_id", sa.Text(), nullable=True),
        sa.Column("details", JSON_VALUE, nullable=False),
        sa.ForeignKeyConstraint(["portal_id"], ["portal.id"], name="fk_journal_portal_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_journal"),
    )
    op.create_index("ix_journal_at", "journal", ["portal_id", "at"])
    op.create_index("ix_journal_portal_id_id", "journal", ["portal_id", "id"])

    op.create_table(
        "portal_bucket",
        sa.Column("portal_id", sa.Integer(), nullable=False),
        sa.Column("tat", sa.Double(), nullable=False),
        sa.Column("pace", sa.Double(), nullable=False),
        sa.Column("penalized_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["portal_id"], ["portal.id"], name="fk_portal_bucket_portal_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("portal_id", name="pk_portal_bucket"),
    )
    op.create_table(
        "portal_user",
        sa.Column("portal_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_admin", sa.Boolean(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_choice", JSON_VALUE, nullable=True),
        sa.ForeignKeyConstraint(["portal_id"], ["portal.id"], name="fk_portal_user_portal_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("portal_id", "user_id", name="pk_portal_user"),
    )
    op.create_table(
        "report",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("portal_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("lang", sa.Text(), nullable=False),
        sa.Column("params", JSON_VALUE, nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=True),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("waiting", JSON_VALUE, nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("losses", sa.Integer(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("summary", JSON_VALUE, nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_params", JSON_VALUE, nullable=True),
        sa.ForeignKeyConstraint(["portal_id"], ["portal.id"], name="fk_report_portal_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_report"),
        sa.UniqueConstraint(
            "portal_id", "user_id", "idempotency_key", name="uq_report_portal_id_user_id_idempotency_key"
        ),
    )
    op.create_index("ix_report_page", "report", ["portal_id", "user_id", "created_at", "id"])
    op.create_index("ix_report_queue", "report", ["portal_id", "status", "created_at", "id"])
    op.create_index("ix_report_status", "report", ["status", "lease_until"])
    op.create_index(
        "uq_report_running", "report", ["portal_id"], unique=True, sqlite_where=RUNNING, postgresql_where=RUNNING
    )

    op.create_table(
        "saved_set",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("portal_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("params", JSON_VALUE, nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["portal_id"], ["portal.id"], name="fk_saved_set_portal_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_saved_set"),
    )
    op.create_index("ix_saved_set_portal_id_user_id", "saved_set", ["portal_id", "user_id"])

    op.create_table(
        "user_token",
        sa.Column("portal_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("access_token", sa.Text(), nullable=False),
        sa.Column("refresh_token", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("client_endpoint", sa.Text(), nullable=False),
        sa.Column("renewal_owner", sa.Text(), nullable=True),
        sa.Column("renewal_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["portal_id"], ["portal.id"], name="fk_user_token_portal_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("portal_id", "user_id", "kind", name="pk_user_token"),
    )
    op.create_table(
        "report_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("report_id", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name="fk_report_file_report_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_report_file"),
        sa.UniqueConstraint("name", name="uq_report_file_name"),
    )
    op.create_index("ix_report_file_report_id", "report_file", ["report_id"])


def downgrade() -> None:
    for table in (
        "report_file",
        "user_token",
        "saved_set",
        "report",
        "portal_user",
        "portal_bucket",
        "journal",
        "portal",
        "chore",
    ):
        op.drop_table(table)
