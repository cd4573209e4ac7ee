"""What is kept of a portal's answers, and for how long: as the process is put together."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bitrix_app.portals import PortalCache
from bitrix_app.portals.waiting import INTERACTIVE_SECONDS
from bitrix_app.wiring import build_transports
from demo_portal import ManualClock, Portal
from tests.integration.house import House

FIVE_MINUTES, MINUTE = 300.0, 60.0


def of_options(house: House) -> PortalCache:
    return house.services.web.catalogs._cache


def of_overviews(house: House) -> PortalCache:
    return house.services.web.overviews


def of_debts(house: House) -> PortalCache:
    return house.services.web.client_debts


@pytest.mark.parametrize(
    ("of", "path", "method", "seconds"),
    [
        (of_options, "/options", "crm.currency.list", FIVE_MINUTES),
        (of_overviews, "/companies/{company}/overview", "crm.item.list", MINUTE),
        (of_debts, "/companies/{company}/debts", "crm.item.list", FIVE_MINUTES),
    ],
)
def test_a_page_opened_again_asks_the_portal_anew_after_a_while_and_not_before(
    of: Callable[[House], PortalCache],
    path: str,
    method: str,
    seconds: float,
    *,
    house: House,
    portal: Portal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = ManualClock(1000.0)
    monkeypatch.setattr(of(house), "_clock", clock)
    address = path.format(company=portal.crm.add_company("ООО «Заря»"))
    visitor = house.visitor(portal)

    def asked() -> int:
        portal.calls.clear()
        visitor.get(address)
        return len(portal.calls.of(method))

    first = asked()
    assert first > 0
    clock.advance(seconds - 1)
    assert asked() == 0
    clock.advance(1)
    assert asked() > 0


def test_a_page_waits_for_one_answer_no_longer_than_for_all_and_a_report_for_as_long_as_a_portal_may_compute(
    house: House,
) -> None:
    """Bitrix24 ends a call of its own after a minute; a page would have given up by then."""
    transports = build_transports(house.services.settings)
    of_page, of_report = (each._http._limits for each in (transports.interactive, transports.background))
    transports.interactive.close()
    transports.background.close()
    assert of_page.connect < of_page.read == of_page.total == INTERACTIVE_SECONDS
    assert of_report.total > of_report.read > 60.0
