"""Column types: what goes in comes out the same on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy.exc import StatementError

from bitrix_app.storage import Cipher, Database, Portals, Reports
from bitrix_app.storage.tables import PeriodicTaskRow
from tests.seed import ALICE, install_portal


def test_moments_come_back_aware_and_in_utc(db: Database) -> None:
    moscow = datetime(2026, 3, 31, 3, 0, 0, 123456, tzinfo=timezone(timedelta(hours=3)))
    with db.transaction() as session:
        session.add(PeriodicTaskRow(name="a", taken_at=moscow))
    with db.reading() as session:
        row = session.get(PeriodicTaskRow, "a")
        assert row is not None
        assert row.taken_at == moscow
        assert row.taken_at.tzinfo is UTC


def test_a_moment_without_a_zone_is_refused(db: Database) -> None:
    with pytest.raises(StatementError, match="needs its time zone"), db.transaction() as session:
        session.add(PeriodicTaskRow(name="a", taken_at=datetime(2026, 3, 31)))  # noqa: DTZ001 # the naive one is the point


@pytest.mark.parametrize(("given", "kept"), [("a\0b", "ab"), ("a\ud800b", "a?b"), ("Ёлка 🎄 «»", "Ёлка 🎄 «»")])
def test_texts_that_a_database_cannot_hold_are_cleaned_everywhere(
    db: Database, cipher: Cipher, given: str, kept: str
) -> None:
    portal = install_portal(db, cipher)
    record, _ = Reports(db).of(portal.id, ALICE).create({given: [given, {"deep": given}]}, given, given)
    assert record.user_name == kept
    assert record.params == {kept: [kept, {"deep": kept}]}


def test_json_keeps_numbers_nulls_and_nesting(db: Database, cipher: Cipher) -> None:
    portal = install_portal(db, cipher)
    settings = {"a": None, "b": [1, 2.5, True], "c": {"d": "e"}}
    Portals(db, cipher).save_settings(portal.id, settings)
    assert Portals(db, cipher).settings(portal.id) == settings
