"""Uninstalls that wait to be verified."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pending_uninstall",
        sa.Column("portal_id", sa.Integer(), nullable=False),
        sa.Column("clean", sa.Boolean(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rounds", sa.Integer(), nullable=False),
        sa.Column("stamp", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["portal_id"], ["portal.id"], name="fk_pending_uninstall_portal_id_portal", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("portal_id", name="pk_pending_uninstall"),
    )


def downgrade() -> None:
    op.drop_table("pending_uninstall")
