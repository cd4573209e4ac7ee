"""A report no longer keeps a language: its files are in Russian, and pages are in their reader's.

The column goes in place: where SQLite makes a table anew, the files of its reports go with the old one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("report", recreate="never") as batch:
        batch.drop_column("lang")


def downgrade() -> None:
    with op.batch_alter_table("report", recreate="never") as batch:
        batch.add_column(sa.Column("lang", sa.Text(), nullable=False, server_default="ru"))
