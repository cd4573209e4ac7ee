"""A portal keeps which authorization server serves it; NULL until one has confirmed or renewed a token of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("portal", sa.Column("oauth_root", sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("portal", recreate="never") as batch:
        batch.drop_column("oauth_root")
