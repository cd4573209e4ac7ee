"""DATABASE_URL: read it, and say in one line why it does not work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from bitrix_app.errors import SettingsError

DRIVERS = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg", "sqlite": "sqlite"}
ALLOWED = {"sqlite", "sqlite+pysqlite", "postgresql+psycopg"}


def parse_address(url: str) -> URL:
    """DATABASE_URL as SQLAlchemy's address, with our driver. Raises SettingsError (never showing the password)."""
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        raise SettingsError(
            "DATABASE_URL must be sqlite:///path or postgresql://user:password@host/name: it cannot be read"
        ) from None
    address = address.set(drivername=DRIVERS.get(address.drivername, address.drivername))
    if address.drivername not in ALLOWED:
        raise SettingsError(f"DATABASE_URL must begin with sqlite:/// or postgresql://, not {address.drivername}://")
    if address.get_backend_name() == "sqlite" and address.database in {None, "", ":memory:"}:
        raise SettingsError("DATABASE_URL must name a file (sqlite:///var/app.db): threads and processes share it")
    return address


@contextmanager
def explained(address: URL) -> Iterator[None]:
    """Turns what the driver raises into a SettingsError of one line."""
    try:
        yield
    except (DBAPIError, OSError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        reason = " ".join(str(cause).split())
        shown = address.render_as_string(hide_password=True)
        raise SettingsError(f"DATABASE_URL: the database {shown} cannot be used: {reason}") from error
