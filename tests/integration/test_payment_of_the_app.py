"""Whether the application is paid for: what the portal says of it is kept, and said to those whom it concerns."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from bitrix_app.portals import PortalMaintenance
from bitrix_app.portals.maintenance import DAY_SECONDS
from bitrix_app.storage import Cipher, UserTokens
from bitrix_app.storage.tables import Portal as PortalRow
from bitrix_app.storage.tables import Report
from demo_portal import Portal
from demo_portal.people import User
from tests.integration.house import PATIENT, House, Time
from tests.live import until

NOTICE = re.compile(r'data-testid="payment">(.*?)</div>', re.DOTALL)


def kept(house: House, portal: Portal) -> dict[str, object]:
    """What is stored of the payment, without when it was told."""
    record = house.services.web.portals.by_member_id(portal.member_id)
    assert record is not None
    return {name: value for name, value in (record.payment or {}).items() if name != "told_at"}


def ask_all(house: House, clock: Time | None = None) -> None:
    """The maintenance of portals runs, at ``clock``."""
    tokens = UserTokens(house.services.database, Cipher(house.services.settings.secret_keys))
    web = house.services.web
    PortalMaintenance(web.clients, web.portals, tokens, clock or house.clock).run()


def said(house: House, portal: Portal, user: User, lang: str = "ru") -> str:
    """The notice on the page that opens for this user; empty where there is none."""
    answer = house.post("/app", portal, user, lang=lang)
    assert answer.status_code == 200
    found = NOTICE.search(answer.text)
    return " ".join(re.sub(r"<[^>]+>", " ", found.group(1)).split()) if found else ""


def told(house: House, portal: Portal, *, expired: bool, days: int | None, status: str = "P") -> None:
    """The portal's word has come, by the way that costs nothing extra: an administrator has opened the page."""
    portal.change_payment(expired=expired, days=days, status=status)
    record = house.services.web.portals.by_member_id(portal.member_id)
    assert record is not None
    house.services.web.installer._looked_after.renew(record, "seen", lambda: None)  # two minutes later
    house.visitor(portal, portal.admin)
    wanted = {"status": status, "expired": expired, "days": days}
    until(lambda: kept(house, portal) == wanted, PATIENT, "the payment to be stored")


def test_an_installation_keeps_what_the_portal_says(house: House) -> None:
    portal = house.portal()
    assert kept(house, portal) == {"status": "L", "expired": False, "days": None}
    assert said(house, portal, portal.admin) == ""


def test_a_payment_event_brings_the_new_state(house: House, portal: Portal) -> None:
    told(house, portal, expired=True, days=-2)
    portal.change_payment(expired=False, days=30)
    assert house.event(portal, "ONAPPPAYMENT", application_token=None).status_code == 200
    until(lambda: kept(house, portal) == {"status": "P", "expired": False, "days": 30}, PATIENT, "the payment")
    assert said(house, portal, portal.admin) == ""


def test_administrators_read_a_week_before_that_the_period_ends_and_employees_nothing(
    house: House, portal: Portal
) -> None:
    told(house, portal, expired=False, days=8)
    assert said(house, portal, portal.admin) == ""
    house.clock.ahead = 3 * DAY_SECONDS
    notice = said(house, portal, portal.admin)
    house.clock.ahead = 0.0
    assert "закончится через 5 дней" in notice
    assert "Открыть Маркет" in notice
    assert said(house, portal, portal.accountant) == ""


def test_a_trial_is_called_a_trial(house: House, portal: Portal) -> None:
    told(house, portal, expired=False, days=1, status="T")
    assert "Пробный период приложения закончится через 1 день." in said(house, portal, portal.admin)
    told(house, portal, expired=True, days=-1, status="T")
    assert "The trial period of the application has ended." in said(house, portal, portal.admin, lang="en")


def test_of_an_unpaid_app_administrators_read_what_to_do_and_employees_whom_to_ask(
    house: House, portal: Portal
) -> None:
    told(house, portal, expired=True, days=-3)
    administrator, employee = said(house, portal, portal.admin), said(house, portal, portal.accountant)
    assert "Продлите приложение в Маркете" in administrator
    assert f"{portal.url}/marketplace/" in house.post("/app", portal, portal.admin).text
    assert f"например {portal.admin.last_name} {portal.admin.name}" in employee
    assert "отчёты сохраняются" in employee
    assert "Открыть Маркет" not in employee


def test_an_unpaid_app_loses_nothing_and_works_as_long_as_the_portal_lets_it(house: House, portal: Portal) -> None:
    visitor = house.visitor(portal)
    report = visitor.start()
    house.finish(report["id"])
    told(house, portal, expired=True, days=-3)
    visitor = house.visitor(portal)
    assert house.get(visitor.get(f"/reports/{report['id']}")["download_url"]).data == b"PK workbook"
    assert visitor.start()["status"] == "queued"


def test_the_self_check_asks_anew_and_keeps_what_it_hears(house: House, portal: Portal) -> None:
    administrator = house.visitor(portal, portal.admin)

    def payment() -> dict[str, object]:
        return next(each for each in administrator.get("/self-check")["checks"] if each["code"] == "payment")

    assert payment() == {
        "code": "payment", "ok": True, "title": "Приложение локальное: платить не за что", "advice": "", "link": None
    }  # fmt: skip
    portal.change_payment(expired=False, days=12, status="S")
    assert payment()["title"] == "Приложение доступно по подписке на Маркет. Осталось дней: 12"
    portal.change_payment(expired=True, days=-1)
    found = payment()
    assert (found["ok"], found["title"]) == (False, "Оплаченный период приложения закончился")
    assert "Продлите приложение в Маркете" in str(found["advice"])
    assert kept(house, portal) == {"status": "S", "expired": True, "days": -1}


def in_use(house: House, portal: Portal) -> None:
    """A report of the portal has been taken up, and its own pair is no administrator's from a page."""
    house.finish(house.visitor(portal).start()["id"])


def test_a_period_that_ends_soon_is_asked_for_each_day_and_another_is_not(house: House, portal: Portal) -> None:
    in_use(house, portal)
    told(house, portal, expired=False, days=9)
    portal.reset_counters()
    ask_all(house, Time(ahead=DAY_SECONDS))
    assert portal.calls.of("app.info") == []
    portal.change_payment(expired=True, days=-1)
    ask_all(house, Time(ahead=9 * DAY_SECONDS))
    assert kept(house, portal)["expired"] is True
    asked = len(portal.calls.of("app.info"))
    ask_all(house, Time(ahead=9 * DAY_SECONDS + 60))
    assert len(portal.calls.of("app.info")) == asked == 1


def test_a_portal_where_nobody_builds_reports_is_not_asked_each_day(house: House, portal: Portal) -> None:
    in_use(house, portal)
    told(house, portal, expired=True, days=-1)
    long_ago = datetime.now(UTC) - timedelta(days=151)
    with house.services.database.transaction() as session:
        here = PortalRow.member_id == portal.member_id
        session.execute(update(PortalRow).where(here).values(served_at=long_ago))
        session.execute(update(Report).values(created_at=long_ago))
    portal.reset_counters()
    ask_all(house, Time(ahead=2 * DAY_SECONDS))
    assert portal.calls.of("app.info") == []


def test_refused_renewals_tell_that_the_period_has_ended(house: House, portal: Portal) -> None:
    """The authorization server gives no tokens for an app that is not paid for: the pair stays for later."""
    in_use(house, portal)
    told(house, portal, expired=False, days=1)
    portal.expire_tokens()
    house.world.oauth.payment_required = True
    ask_all(house, Time(ahead=DAY_SECONDS))
    house.world.oauth.payment_required = False
    assert kept(house, portal) == {"status": "P", "expired": True, "days": 1}
    portal.change_payment(expired=False, days=30)
    ask_all(house, Time(ahead=2 * DAY_SECONDS))
    assert kept(house, portal) == {"status": "P", "expired": False, "days": 30}


@pytest.mark.parametrize("days", ["soon", True, [], {}, "1e9", 10**30, -(10**30), float("inf")])
def test_a_number_of_days_that_is_none_breaks_nothing(house: House, portal: Portal, days: object) -> None:
    portal.installation().days = days  # type: ignore[assignment]
    administrator = house.visitor(portal, portal.admin)
    assert administrator.call("GET", "/self-check").status_code == 200
    assert house.post("/app", portal, portal.admin).status_code == 200


def test_an_old_portal_that_does_not_tell_is_no_fault(house: House, portal: Portal) -> None:
    portal.installation().status = "?"
    checks = house.visitor(portal, portal.admin).get("/self-check")["checks"]
    found = next(each for each in checks if each["code"] == "payment")
    assert (found["ok"], found["title"]) == (True, "Портал не сообщает, оплачено ли приложение")
