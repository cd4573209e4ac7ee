"""What a report keeps of look-ups and product rows: the fields that are used, and no more than memory is kept for."""

from __future__ import annotations

from typing import Any

import pytest

from bitrix_app.bitrix24.crm import _REQUISITE_FIELDS
from bitrix_app.errors import AnswersTooHeavyError
from bitrix_app.processing import COMPANY_FIELDS, REQUISITE_FIELDS
from bitrix_app.reports.lookups import KEPT_TEXT, KeptRecords, Known
from bitrix_app.reports.product_rows import ProductRowReader
from tests.memory import Scene
from tests.unit.reports.test_fetching import fill


class Companies:
    """A portal whose companies have more than was asked for."""

    def asked(self, ids: list[int], run: Any) -> list[dict[str, Any]]:
        return [
            {"id": str(each), "title": "Р" * 100_000, "comments": "x" * 1_000_000, "address": ["y" * 1000] * 1000}
            for each in ids
        ]


def test_only_fields_that_are_used_are_kept_and_texts_are_short() -> None:
    known = Known(Companies().asked, "id", COMPANY_FIELDS)
    known.learn(map, [5, 6])
    assert known.first() == {each: {"id": str(each), "title": "Р" * KEPT_TEXT} for each in (5, 6)}


def test_look_ups_that_take_too_much_memory_end_the_report() -> None:
    known = Known(Companies().asked, "id", COMPANY_FIELDS, kept=KeptRecords(most=100_000))
    known.learn(map, range(1, 11))
    with pytest.raises(AnswersTooHeavyError):
        known.learn(map, range(11, 100))


def test_all_that_is_asked_of_a_requisite_is_kept() -> None:
    assert set(REQUISITE_FIELDS) == set(_REQUISITE_FIELDS)


def test_product_rows_are_let_go_when_they_have_been_used(scene: Scene) -> None:
    """A report holds the rows of a few pages at a time, however many it reads."""
    ids = fill(scene.portal, 10, rows=5)
    once = KeptRecords()
    reader = ProductRowReader(scene.client, lambda done: None, once)
    before = once._left
    owned = reader.read(ids)
    taken = before - once._left
    assert taken > 0
    reader.release(owned)
    assert once._left == before
    tight = ProductRowReader(scene.client, lambda done: None, KeptRecords(most=taken + taken // 2))
    for _ in range(5):
        tight.release(tight.read(ids))
    tight.read(ids)
    with pytest.raises(AnswersTooHeavyError):
        tight.read(ids)
