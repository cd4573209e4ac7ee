"""What was learnt of how a portal takes questions is kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bitrix_app.storage.tables import CleanJson

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("portal", sa.Column("habits", CleanJson(), nullable=False, server_default=sa.text("'{}'")))


def downgrade() -> None:
    with op.batch_alter_table("portal", recreate="never") as batch:
        batch.drop_column("habits")
