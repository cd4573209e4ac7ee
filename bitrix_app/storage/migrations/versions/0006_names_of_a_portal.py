"""A portal keeps the names under which administrators have opened it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bitrix_app.storage.tables import CleanJson

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("portal", sa.Column("origins", CleanJson(), nullable=False, server_default=sa.text("'[]'")))


def downgrade() -> None:
    with op.batch_alter_table("portal", recreate="never") as batch:
        batch.drop_column("origins")
