"""A pair of tokens no longer keeps a REST address: every token goes to its portal's confirmed one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("user_token") as batch:
        batch.drop_column("client_endpoint")


def downgrade() -> None:
    with op.batch_alter_table("user_token") as batch:
        batch.add_column(sa.Column("client_endpoint", sa.Text(), nullable=False, server_default=""))
