"""Faults seen from the page, through the whole running application."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from demo_portal import DemoWorld, Fault, Portal, a_row
from tests.live import LiveApp, live_app, until

ROWS = "crm.item.productrow.list"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveApp]:
    with DemoWorld() as world, live_app(world, tmp_path_factory.mktemp("live")) as app:
        yield app


@pytest.fixture
def portal(app: LiveApp) -> Portal:
    portal = app.world.add_portal()
    portal.install(app.url)
    for n in range(1, 61):
        portal.crm.add_invoice(number=str(n), date="2026-03-05", rows=[a_row(price=n)])
    return portal


def test_a_report_survives_a_bad_minute_of_the_portal(app: LiveApp, portal: Portal, tmp_path: Path) -> None:
    """Dropped, 502, half a JSON: the user sees a finished report."""
    portal.faults.at(1, Fault.drop(), method="crm.item.list")
    portal.faults.at(1, Fault.html(502), method="crm.requisite.link.list")
    portal.faults.at(1, Fault.short_json(), method=ROWS)
    report = app.page(portal).build(detailed=True)
    assert report["summary"]["invoices"] == 60
    assert len(portal.faults.fired) == 3


@pytest.mark.parametrize(
    ("error", "russian", "english"),
    [
        ("OVERLOAD_LIMIT", "Администратору портала нужно написать в поддержку", "should write to the support"),
        ("PORTAL_DELETED", "Обратитесь к администратору портала", "Turn to the administrator of the portal"),
    ],
)
def test_a_blocked_portal_is_asked_once_and_the_page_says_why(
    app: LiveApp, portal: Portal, error: str, russian: str, english: str
) -> None:
    """Blocked in the middle of a report: one call, one sentence, in the reader's language."""
    page = app.page(portal)
    portal.faults.always(Fault.error(error), method=ROWS)
    failed = page.ended(page.start(detailed=True))
    assert (failed["status"], failed["error"]["code"]) == ("failed", error.lower())
    assert russian in failed["error"]["message"]
    assert english in app.page(portal, lang="en").get(f"/reports/{failed['id']}")["error"]["message"]
    assert len(portal.faults.fired) == 1


def test_the_page_shows_until_when_the_portal_asks_to_wait(app: LiveApp, portal: Portal) -> None:
    """A method over its operating time: the progress names the reason and the moment, then the report goes on."""
    page = app.page(portal)
    portal.operating.window = 6.0
    resets: list[int] = []
    portal.faults.before(2, lambda: resets.append(portal.operating.add(ROWS, 481).reset_at), method=ROWS)
    report = page.start(detailed=True)
    waiting = until(lambda: page.get(f"/reports/{report['id']}")["progress"]["waiting"])
    assert waiting["reason"] == "operating_time"
    assert datetime.fromisoformat(waiting["until"]).timestamp() >= resets[0]
    ended = page.ended(report)
    assert (ended["status"], ended["progress"]["waiting"]) == ("done", None)
    assert portal.operating.refused == 1


def test_after_invalid_grant_the_user_opens_the_app_again_and_repeats(app: LiveApp, portal: Portal) -> None:
    """The access has lapsed for good: the page says to open the app again, and then the same report works."""
    page = app.page(portal)
    for pair in app.world.tokens.pairs(portal.member_id, portal.accountant.id):
        app.world.tokens.spend(pair.refresh_token)
    portal.expire_tokens(portal.accountant)
    failed = page.ended(page.start(detailed=True))
    assert failed["error"] == {
        "code": "invalid_grant",
        "message": "Срок доступа к Битрикс24 истёк. Откройте приложение в Битрикс24 заново.",
    }
    again = app.page(portal).build(**{name: value for name, value in failed["params"].items() if value is not None})
    assert (again["id"] != failed["id"], again["summary"]["invoices"]) == (True, 60)
    statuses = [each["status"] for each in page.get("/reports")["items"]]
    assert statuses == ["done", "failed"]
