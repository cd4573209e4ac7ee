"""Cases from the world, all the way from a portal's answers to the finished workbook."""

from __future__ import annotations

from typing import Any

from demo_portal import User
from tests.cases import SELLER, fill_with_case
from tests.integration.workshop import Ended, Process, Workshop

PERIOD: dict[str, Any] = {"date_from": "2025-12-01", "date_to": "2026-03-31"}


def built(shop: Workshop, process: Process, case: str, **params: Any) -> Ended:
    """The detailed report of a case, seen by its administrator or by ``user_id``."""
    user_id = params.pop("user_id", 1)
    portal = shop.house.portal()
    fill_with_case(portal, case)
    user: User = portal.users[user_id]
    shop.house.visitor(portal, user)
    portal.reset_counters()
    return shop.build(process, portal, user, **PERIOD, **params)


def test_a_seller_gets_the_product_rows_of_their_own_invoices(shop: Workshop, process: Process) -> None:
    """Though the portal judges a list of owners by invoice 1, which is not theirs."""
    ended = built(shop, process, "rows_few", user_id=SELLER)
    assert [line["Номер"] for line in ended.sheet("Полный")] == ["СЧ-1", "СЧ-2", "СЧ-3"]
    assert ended.sheet("Проблемы") == []
