"""Schedules, and the reports that they have ordered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    op.create_table(
        "schedule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("portal_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("params", json, nullable=False),
        sa.Column("names", json, nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("plan", json, nullable=False),
        sa.Column("deliver", json, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("next_run_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_report_id", sa.Text(), nullable=True),
        sa.Column("paused", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["portal_id"], ["portal.id"], name="fk_schedule_portal_id_portal", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["last_report_id"], ["report.id"], name="fk_schedule_last_report_id_report", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_schedule"),
    )
    op.create_index("ix_schedule_portal_id_user_id", "schedule", ["portal_id", "user_id"])
    op.create_index("ix_schedule_due_at", "schedule", ["due_at"])
    op.create_index("ix_schedule_last_report_id", "schedule", ["last_report_id"])
    op.create_table(
        "schedule_run",
        sa.Column("report_id", sa.Text(), nullable=False),
        sa.Column("schedule_id", sa.Integer(), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deliver", json, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["report_id"], ["report.id"], name="fk_schedule_run_report_id_report", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["schedule_id"], ["schedule.id"], name="fk_schedule_run_schedule_id_schedule", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("report_id", name="pk_schedule_run"),
        sa.UniqueConstraint("schedule_id", "planned_at", name="uq_schedule_run_schedule_id_planned_at"),
    )
    op.create_index("ix_schedule_run_due_at", "schedule_run", ["due_at"])


def downgrade() -> None:
    op.drop_table("schedule_run")
    op.drop_table("schedule")
