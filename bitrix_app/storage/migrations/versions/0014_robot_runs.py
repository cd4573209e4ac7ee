"""Runs of the robot of automation rules."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "robot_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("portal_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=True),
        sa.Column("asked", JSON, nullable=False),
        sa.Column("waits", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("report_id", sa.Text(), nullable=True),
        sa.Column("deliver", JSON, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_params", JSON, nullable=True),
        sa.ForeignKeyConstraint(["portal_id"], ["portal.id"], name="fk_robot_run_portal_id_portal", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["report_id"], ["report.id"], name="fk_robot_run_report_id_report", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_robot_run"),
        sa.UniqueConstraint("portal_id", "digest", name="uq_robot_run_portal_id_digest"),
    )
    op.create_index("ix_robot_run_portal_id_state", "robot_run", ["portal_id", "state"])
    op.create_index("ix_robot_run_due_at", "robot_run", ["due_at"])
    op.create_index("ix_robot_run_report_id", "robot_run", ["report_id"])


def downgrade() -> None:
    op.drop_table("robot_run")
