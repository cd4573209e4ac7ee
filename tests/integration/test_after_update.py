"""After an update of the app: handlers are gone and the application token is another one, told by an event or not."""

from __future__ import annotations

import threading

import pytest
from structlog.testing import capture_logs

from demo_portal import Fault, Portal
from tests.integration.house import APP_URL, PATIENT, House
from tests.live import until

PLACES = 7
EVENTS = {"ONAPPUNINSTALL", "ONAPPUPDATE", "ONAPPPAYMENT"}


def bound(portal: Portal) -> tuple[int, set[str]]:
    there = portal.installation()
    return len(there.placements), {each.event for each in there.events}


def knows(house: House, portal: Portal, token: str = "") -> bool:
    """Whether events of the portal are heard by its present application token (or by ``token``)."""
    present = token or portal.installation().application_token
    return house.services.web.portals.has_application_token(portal.member_id, present)


def opened(house: House, portal: Portal) -> None:
    """An administrator opens the app, and everything is in its place."""
    house.visitor(portal, portal.admin)
    until(lambda: bound(portal) == (PLACES, EVENTS), PATIENT, "the handlers to be bound")


def test_the_next_launch_of_an_administrator_binds_and_stores_anew(house: House, portal: Portal) -> None:
    opened(house, portal)
    old = portal.installation().application_token
    portal.update_app(tell=False)
    assert (bound(portal), knows(house, portal)) == ((0, set()), False)
    opened(house, portal)
    assert (knows(house, portal), knows(house, portal, old)) == (True, False)
    assert {each.handler for each in portal.installation().placements} == {f"{APP_URL}/app"}


def test_another_version_alone_is_enough(house: House, portal: Portal) -> None:
    opened(house, portal)
    portal.update_app(tell=False, new_token=False)
    opened(house, portal)


def test_an_employees_launch_binds_and_stores_nothing(house: House, portal: Portal) -> None:
    opened(house, portal)
    old = portal.installation().application_token
    portal.update_app(tell=False)
    portal.reset_counters()
    house.visitor(portal, portal.manager)
    assert (bound(portal), knows(house, portal, old)) == ((0, set()), True)
    assert portal.calls.of("placement.get") == []


def test_the_launch_does_not_wait_for_it(house: House, portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    answered, installer = threading.Event(), type(house.services.web.installer)
    usual = installer.bind_again

    def slow(*args: object) -> None:
        assert answered.wait(PATIENT)
        usual(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(installer, "bind_again", slow)
    house.visitor(portal, portal.admin)
    assert bound(portal)[1] == {"ONAPPUNINSTALL"}
    answered.set()
    until(lambda: bound(portal) == (PLACES, EVENTS), PATIENT, "the handlers to be bound")


def test_what_is_in_order_is_not_looked_at_again_at_once(
    house: House, portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[object] = []
    monkeypatch.setattr(type(house.services.web.installer), "_look_after", lambda *given: looks.append(given))
    for _ in range(3):
        house.visitor(portal, portal.admin)
    until(lambda: looks, PATIENT, "the first look")
    assert len(looks) == 1


def test_what_failed_is_tried_at_the_next_launch(house: House, portal: Portal) -> None:
    portal.faults.always(Fault.error("OVERLOAD_LIMIT"), method="placement.get")
    with capture_logs() as logs:
        house.visitor(portal, portal.admin)
        until(lambda: "app_not_looked_after" in {line["event"] for line in logs}, PATIENT, "the failure to be logged")
    portal.faults.clear()
    opened(house, portal)


def test_a_portal_that_does_not_know_these_events_has_the_rest(house: House, portal: Portal) -> None:
    portal.faults.always(Fault.error("ERROR_EVENT_NOT_FOUND", "Event not found", 400), method="event.bind")
    portal.installation().placements.clear()
    house.visitor(portal, portal.admin)
    until(lambda: bound(portal) == (PLACES, {"ONAPPUNINSTALL"}), PATIENT, "the placements to be bound")
    until(lambda: portal.calls.of("app.info"), PATIENT, "the last question")


def test_an_app_that_is_removed_meanwhile_does_not_come_back(
    house: House, portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed, installer = threading.Event(), type(house.services.web.installer)
    usual = installer._keep

    def late(*args: object, **values: object) -> object:
        assert removed.wait(PATIENT)
        return usual(*args, **values)  # type: ignore[arg-type]

    portal.update_app(tell=False)
    token = house.select(f"SELECT application_token FROM portal WHERE member_id = '{portal.member_id}'")
    monkeypatch.setattr(installer, "_keep", late)
    with capture_logs() as logs:
        house.visitor(portal, portal.admin)
        house.services.web.portals.uninstall(portal.member_id)
        removed.set()
        until(lambda: "app_not_looked_after" in {line["event"] for line in logs}, PATIENT, "the refusal to be logged")
    record = house.services.web.portals.by_member_id(portal.member_id)
    assert record is not None
    assert record.status == "uninstalled"
    stored = house.select(f"SELECT application_token FROM portal WHERE member_id = '{portal.member_id}'")
    assert stored == token


# --- the events --------------------------------------------------------------------------------------------------


def test_an_update_event_of_an_administrator_stores_the_token_and_binds_anew(house: House, portal: Portal) -> None:
    portal.update_app(tell=False)
    assert house.event(portal, "ONAPPUPDATE", {"VERSION": "2"}).status_code == 200
    until(lambda: bound(portal) == (PLACES, EVENTS), PATIENT, "the handlers to be bound")
    assert knows(house, portal)
    assert house.event(portal, "ONAPPUPDATE", {"VERSION": "2"}).status_code == 200


@pytest.mark.parametrize(
    ("spoiled", "status"),
    [
        ({"access_token": "forged0123456789"}, 401),
        ({"access_token": None}, 403),
        ({"access_token": None, "refresh_token": None}, 403),
        ({"refresh_token": None}, 400),
    ],
)
def test_an_update_event_that_is_not_confirmed_changes_nothing(
    house: House, portal: Portal, spoiled: dict[str, str | None], status: int
) -> None:
    planted = {"application_token": "planted0123456789", **spoiled}
    assert house.event(portal, "ONAPPUPDATE", **planted).status_code == status
    assert knows(house, portal)


def test_an_update_event_of_an_employee_changes_nothing(house: House, portal: Portal) -> None:
    answer = house.event(portal, "ONAPPUPDATE", user=portal.manager, application_token="planted0123456789")
    assert answer.status_code == 403
    assert knows(house, portal)


def test_an_update_event_without_an_access_token_is_heard_and_changes_nothing(house: House, portal: Portal) -> None:
    assert house.event(portal, "ONAPPUPDATE", with_tokens=False).status_code == 200
    assert knows(house, portal)


def test_an_update_event_brings_no_removed_app_back(house: House, portal: Portal) -> None:
    house.uninstall(portal)
    assert house.event(portal, "ONAPPUPDATE").status_code == 403
    assert house.post("/app", portal).status_code == 403


def test_a_payment_event_makes_us_ask_the_portal(house: House, portal: Portal) -> None:
    """It brings no token of any kind, so nothing that it says is believed."""
    portal.make_enterprise()
    assert house.event(portal, "ONAPPPAYMENT", {"PAYMENT_EXPIRED": "N"}, application_token=None).status_code == 200
    record = house.services.web.portals.by_member_id

    def family() -> str | None:
        found = record(portal.member_id)
        return found.license_family if found else None

    until(lambda: family() == "ent", PATIENT, "the plan to be stored")


def test_a_payment_event_for_nobody_is_ignored(house: House, portal: Portal) -> None:
    fields = {"event": "ONAPPPAYMENT", "auth[member_id]": "nobody"}
    assert house.app.test_client().post("/events", data=fields).status_code == 200
    assert house.app.test_client().post("/events", data={"event": "ONAPPPAYMENT"}).status_code == 400


def test_payment_events_of_strangers_do_not_spend_the_portals_credit(
    house: House, portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bitrix_app.web.limits.EVENTS_OF_PORTAL", "1 per minute")
    portal.reset_counters()
    for _ in range(5):
        assert house.event(portal, "ONAPPPAYMENT", application_token=None).status_code == 200
    until(lambda: portal.calls.of("app.info"), PATIENT, "the one question")
    assert len(portal.calls.of("app.info")) == 1


def test_an_event_that_we_do_not_know_is_ignored_whoever_sends_it(house: House) -> None:
    fields = {"event": "ONCRMDEALADD", "auth[member_id]": "nobody", "auth[application_token]": "f0rged"}
    assert house.app.test_client().post("/events", data=fields).status_code == 200
    assert house.app.test_client().post("/events", data={"event": "ONCRMDEALADD"}).status_code == 200
