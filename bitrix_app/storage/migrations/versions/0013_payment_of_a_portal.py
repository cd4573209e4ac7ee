"""What a portal tells of the application's payment is kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bitrix_app.storage.tables import CleanJson

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("portal", sa.Column("payment", CleanJson(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("portal", recreate="never") as batch:
        batch.drop_column("payment")
