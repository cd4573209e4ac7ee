"""Alembic's door: it gets its connection (already in a transaction) from ``bitrix_app.storage.database``."""

from __future__ import annotations

from alembic import context

from bitrix_app.storage.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite alters a table by copying it
)
context.run_migrations()
