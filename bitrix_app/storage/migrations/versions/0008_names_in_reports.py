"""A report keeps what the portal called the company, invoice and people that it is narrowed to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bitrix_app.storage.tables import CleanJson

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("report", sa.Column("names", CleanJson(), nullable=False, server_default=sa.text("'{}'")))


def downgrade() -> None:
    with op.batch_alter_table("report", recreate="never") as batch:
        batch.drop_column("names")
