"""The robot of automation rules: a run becomes one report and one answer, whoever sends, works, dies or stands still.

The clock of what is stored moves by hand; runs are sent as the portal's queue server sends them, and looked at when a
test says so.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from bitrix_app.jobs import RobotRunner, RobotWork
from bitrix_app.storage import PortalRecord, ReportLeases, ReportRecord, SavedSets
from demo_portal import Fault, Portal, User
from demo_portal.automation import Run
from tests.integration.house import PATIENT, House, Visitor, open_house
from tests.live import until

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
ROBOT = "build_register"
SCOPES = ("crm", "placement", "im", "disk", "bizproc")
SET = {"name": "Прошлый месяц", "shared": True, "params": {"period": "last_month"}}


class Office:
    """A portal with a shared set and the robot, which works as the accountant."""

    def __init__(self, house: House, *, scopes: tuple[str, ...] = SCOPES) -> None:
        self.house = house
        self.now = NOON
        house.services.database._clock = lambda: self.now
        self.portal = self.add_portal(scopes)
        self.administrator = house.visitor(self.portal, self.portal.admin)
        self.set_id = self.save_set(self.administrator)

    def add_portal(self, scopes: tuple[str, ...] = SCOPES) -> Portal:
        portal = self.house.portal(installed=False)
        portal.set_scopes(*scopes)
        portal.make_box()
        assert self.house.post("/install", portal).status_code == 200
        self.now += MINUTE  # what the installation has asked is forgiven
        return portal

    def save_set(self, visitor: Visitor, **changes: Any) -> int:
        answer = visitor.call("POST", "/saved-sets", json={**SET, **changes})
        assert answer.status_code == 201, answer.text
        return int(answer.json["id"])

    @property
    def record(self) -> PortalRecord:
        found = self.house.services.web.portals.by_member_id(self.portal.member_id)
        assert found is not None
        return found

    @property
    def work(self) -> RobotWork:
        """What one process does about runs."""
        runner = next(each for each in self.house.services.jobs._beside if isinstance(each, RobotRunner))
        return runner.work

    def begin(self, portal: Portal | None = None, user: User | None = None, **properties: Any) -> Run:
        of = portal or self.portal
        usual = {"set": f"set{self.set_id}", "deliver": "", "chat_id": "", "folder_id": ""}
        return of.begin_run(ROBOT, {**usual, **properties}, user=user or of.accountant)

    def post(self, run: Run, portal: Portal | None = None, fields: dict[str, str] | None = None, **auth: Any) -> int:
        return self.sent((portal or self.portal).run_fields(run, **auth) if fields is None else fields).status_code

    def sent(self, fields: dict[str, str]) -> TestResponse:
        return self.house.app.test_client().post("/robot", data=fields)

    def start(self, **properties: Any) -> Run:
        """A run that has come in."""
        run = self.begin(**properties)
        assert self.post(run) == 200
        return run

    def look(self, after: timedelta = timedelta()) -> None:
        """So much later some process looks for what is due."""
        self.now += after
        self.work.run()

    def reports(self, user: User | None = None, portal: Portal | None = None) -> list[ReportRecord]:
        """What was ordered, oldest first."""
        web = self.house.services.web
        record = web.portals.by_member_id((portal or self.portal).member_id)
        assert record is not None
        mine, found, before = web.reports.of(record.id, (user or self.portal.accountant).id), [], None
        while True:
            page, before = mine.page(before)
            found += page
            if before is None:
                return found[::-1]

    def failed(self, code: str, report: ReportRecord | None = None) -> None:
        lease = self.house.lease((report or self.reports()[-1]).id)
        ReportLeases(self.house.services.database).failed(lease, code)

    def states(self) -> list[str]:
        return [row[0] for row in self.house.select("SELECT state FROM robot_run ORDER BY id")]


@contextmanager
def opened(folder: Path, url: str, **options: Any) -> Iterator[Office]:
    with open_house(folder, url) as house:
        yield Office(house, **options)


@pytest.fixture
def office(tmp_path: Path, database_url: str) -> Iterator[Office]:
    with opened(tmp_path, database_url) as office:
        yield office


# --- a run, from its beginning to its answer ------------------------------------------------------------------------


def test_a_run_becomes_a_report_and_its_number_sum_and_link_go_back(office: Office) -> None:
    run = office.start()
    office.look()
    (report,) = office.reports()
    assert (report.params["date_from"], report.params["date_to"]) == ("2026-02-01", "2026-02-28")
    office.look(MINUTE)
    assert run.values is None
    office.house.finish(report.id)
    office.look()
    link = f"{office.portal.url}/marketplace/view/local.demo/?params%5Breport%5D={report.id}"
    assert run.values == {
        "status": "done",
        "invoices": 2,
        "sum": "120.1",
        "currency": "RUB",
        "sums": "Реестр за февраль 2026: 2 счёта, 120,10 ₽, замечаний 1",
        "link": link,
        "error": "",
    }
    office.look(DAY)
    assert (run.answers, office.states()) == (1, ["ended"])


def test_nothing_of_its_tokens_is_kept_once_it_is_answered(office: Office) -> None:
    run = office.start()
    (stored,) = office.house.select("SELECT secret FROM robot_run")
    assert run.token not in stored[0]
    office.look()
    office.house.finish(office.reports()[0].id)
    office.look()
    assert office.house.select("SELECT secret FROM robot_run") == [(None,)]


def test_a_report_goes_where_the_robot_says(office: Office) -> None:
    run = office.start(deliver=["notification", "chat", "disk"], chat_id="chat42", folder_id="12")
    office.look()
    (report,) = office.reports()
    office.house.finish(report.id)
    office.look()
    (record,) = office.reports()
    targets = [{"to": "notification"}, {"to": "chat", "chat_id": "chat42"}, {"to": "disk", "folder_id": 12}]
    assert [each.target for each in record.deliveries] == targets
    assert run.values is not None


def test_a_process_that_does_not_wait_gets_no_answer(office: Office) -> None:
    run = office.begin()
    run.waits = False
    assert office.post(run) == 200
    office.look()
    office.house.finish(office.reports()[0].id)
    office.look()
    assert (run.answers, office.states()) == (0, ["ended"])


@pytest.mark.parametrize("named", ["прошлый месяц", "Прошлый месяц"])
def test_a_variable_of_the_process_may_name_the_set(office: Office, named: str) -> None:
    office.start(set=named)
    office.look()
    assert len(office.reports()) == 1


def test_receivables_are_of_the_day_of_the_run(office: Office) -> None:
    number = office.save_set(office.administrator, name="Долги", params={"kind": "receivables"})
    office.start(set=f"set{number}")
    office.look()
    assert office.reports()[0].params["as_of"] == "2026-03-10"


def test_a_set_with_days_of_its_own_keeps_them(office: Office) -> None:
    days = {"period": "own", "date_from": "2026-01-05", "date_to": "2026-01-20"}
    number = office.save_set(office.administrator, name="Свои дни", params=days)
    office.start(set=f"set{number}")
    office.look()
    params = office.reports()[0].params
    assert (params["date_from"], params["date_to"]) == ("2026-01-05", "2026-01-20")


# --- once -----------------------------------------------------------------------------------------------------------


def test_a_run_that_is_sent_twice_is_one_report(office: Office) -> None:
    run = office.begin()
    fields = office.portal.run_fields(run)
    with ThreadPoolExecutor(4) as pool:
        answers = [each.status_code for each in pool.map(office.sent, [fields] * 8)]
    assert answers == [200] * 8
    office.look()
    office.house.finish(office.reports()[0].id)
    office.look()
    assert office.sent(fields).status_code == 200
    office.look(DAY)
    assert (len(office.reports()), run.answers) == (1, 1)


def test_workers_at_the_same_moment_order_one_report_a_run(office: Office) -> None:
    for _ in range(3):
        office.start()
    together = threading.Barrier(4)

    def look() -> None:
        together.wait()
        office.work.run()

    with ThreadPoolExecutor(4) as pool:
        for each in [pool.submit(look) for _ in range(4)]:
            each.result()
    assert len(office.reports()) == 3


def test_who_took_a_run_too_late_orders_nothing(office: Office) -> None:
    """The lease ran out under a slow worker: both go on to order."""
    office.start()
    (taken,) = office.work.runs.take(10, MINUTE)
    office.look(2 * MINUTE)
    office.work._order(office.record, taken)
    assert len(office.reports()) == 1


def test_a_worker_that_dies_leaves_the_run_to_the_next(office: Office) -> None:
    office.start()
    assert len(office.work.runs.take(10, 2 * MINUTE)) == 1
    office.look()
    assert office.reports() == []
    office.look(2 * MINUTE)
    assert len(office.reports()) == 1


@pytest.mark.parametrize("fault", [Fault.drop_after(), Fault.error("OVERLOAD_LIMIT")], ids=["lost", "refused"])
def test_an_answer_that_does_not_come_through_is_given_again_and_counts_once(office: Office, fault: Fault) -> None:
    run = office.start()
    office.look()
    office.house.finish(office.reports()[0].id)
    office.portal.faults.always(fault, method="bizproc.event.send")
    office.look()
    assert office.states() == ["ordered"]
    office.portal.faults.clear()
    office.look(MINUTE)
    assert run.values is not None
    assert run.values["status"] == "done"
    assert office.states() == ["ended"]


def test_a_process_that_was_ended_meanwhile_is_asked_no_more(office: Office) -> None:
    run = office.start()
    office.look()
    office.house.finish(office.reports()[0].id)
    office.portal.faults.always(Fault.error("ACCESS_DENIED"), method="bizproc.event.send")
    office.look()
    office.portal.faults.clear()
    office.look(DAY)
    assert (run.answers, office.states()) == (0, ["ended"])
    assert office.reports()[0].status == "done"


# --- hundreds at once -----------------------------------------------------------------------------------------------


def test_hundreds_at_once_become_one_report_each_and_wait_in_turn(office: Office) -> None:
    other = office.add_portal()
    runs = [office.begin() for _ in range(120)]
    fields = [office.portal.run_fields(each) for each in runs]
    with ThreadPoolExecutor(8) as pool:
        assert {each.status_code for each in pool.map(office.sent, fields)} == {200}
    beside = office.save_set(office.house.visitor(other, other.admin))
    late = office.begin(other, set=f"set{beside}")
    assert office.post(late, other) == 200
    office.look()
    assert len(office.reports()) == 5
    assert len(office.reports(portal=other)) == 1
    by_hand = office.house.visitor(office.portal).start()
    assert by_hand["status"] == "queued"
    while not all(each.done for each in runs):
        ended = [each for each in office.reports() if each.status == "queued" and each.id != by_hand["id"]]
        assert 0 < len(ended) <= 5
        for each in ended:
            finish(office, each)
        office.look()
    assert len(office.reports()) == 121
    assert {each.answers for each in runs} == {1}
    assert len({each.values["link"] for each in runs if each.values}) == 120


def finish(office: Office, report: ReportRecord) -> None:
    """The report becomes done, past the queue, so that what else waits stays there."""
    with office.house.services.database.engine.begin() as connection:
        done = "UPDATE report SET status = 'done', finished_at = created_at, summary = '{}' WHERE id = "
        connection.exec_driver_sql(f"{done}'{report.id}'")


# --- whose run it is ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spoiled", "status"),
    [
        ({"application_token": "f0rged0123456789"}, 403),
        ({"member_id": "nobody"}, 403),
        ({"application_token": None}, 400),
        ({"member_id": None}, 400),
        ({"access_token": None}, 400),
        ({"refresh_token": "with a blank"}, 400),
    ],
)
def test_a_run_that_does_not_know_the_portals_token_is_not_stored(
    office: Office, spoiled: dict[str, str | None], status: int
) -> None:
    assert office.post(office.begin(), **spoiled) == status
    assert office.states() == []


def test_a_run_without_its_token_is_refused(office: Office) -> None:
    fields = office.portal.run_fields(office.begin())
    del fields["event_token"]
    assert office.sent(fields).status_code == 400
    assert office.house.app.test_client().post("/robot").status_code == 400
    assert office.house.app.test_client().get("/robot").status_code == 405


def test_a_pair_that_is_nobodys_orders_nothing_and_says_nothing(office: Office) -> None:
    """Every employee can learn the application token; whose pair comes with it decides."""
    other = office.add_portal()
    foreign = other.issue_tokens(other.admin)
    forged = {"access_token": "forged0123456789", "refresh_token": "forged0123456789"}
    strange = {"access_token": foreign.access_token, "refresh_token": foreign.refresh_token}
    runs = [office.begin(), office.begin()]
    assert [office.post(run, **each) for run, each in zip(runs, (forged, strange), strict=True)] == [200, 200]
    office.look()
    assert office.reports() == []
    assert [each.answers for each in runs] == [0, 0]
    assert office.states() == ["ended"] * 2


def test_who_claims_to_be_somebody_else_gets_their_own_rights(office: Office) -> None:
    own = office.portal.issue_tokens(office.portal.manager)
    pair = {"access_token": own.access_token, "refresh_token": own.refresh_token, "user_id": "1"}
    assert office.post(office.begin(), **pair) == 200
    office.look()
    assert len(office.reports(office.portal.manager)) == 1
    assert office.reports(office.portal.admin) == []


def test_a_pair_that_has_expired_while_the_run_waited_is_renewed(office: Office) -> None:
    office.start()
    office.portal.expire_tokens()
    office.look()
    (report,) = office.reports()
    assert report.user_name == "Кузнецова Мария"


def test_an_authorization_server_that_is_silent_is_asked_again(office: Office) -> None:
    run = office.start()
    office.house.world.oauth.dead = True
    office.look()
    assert office.states() == ["received"]
    office.house.world.oauth.dead = False
    office.look(MINUTE)
    assert len(office.reports()) == 1
    assert run.values is None


def test_what_could_not_be_begun_for_a_day_is_told(office: Office) -> None:
    run = office.start()
    office.portal.faults.always(Fault.error("OVERLOAD_LIMIT"), method="profile")
    office.look()
    office.look(DAY)
    office.look()
    assert run.values is not None
    assert "За сутки" in run.values["error"]


# --- what keeps it from a report ------------------------------------------------------------------------------------


def told(run: Run) -> str:
    """The reason that the process was told."""
    assert run.values is not None
    assert run.values["status"] == "failed"
    assert run.log_message == run.values["error"]
    return str(run.values["error"])


def test_a_set_that_is_gone_is_named(office: Office) -> None:
    run = office.start()
    office.administrator.call("DELETE", f"/saved-sets/{office.set_id}")
    office.look()
    office.look()
    assert "больше нет среди общих" in told(run)
    assert office.reports() == []
    line = office.house.services.web.audit_log.page(office.record.id)[0][0]
    assert (line.action, line.details) == ("robot_failed", {"code": "robot_settings"})


def test_a_set_of_ones_own_is_not_the_robots(office: Office) -> None:
    number = office.save_set(office.house.visitor(office.portal), shared=False)
    run = office.start(set=f"set{number}")
    office.look()
    assert "больше нет среди общих" in told(run)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"set": ""}, "не выбран набор"),
        ({"deliver": ["chat"]}, "не указан чат"),
        ({"deliver": "disk", "folder_id": "Отчёты"}, "не указан номер папки"),
        ({"deliver": "post"}, "неизвестное место"),
    ],
)
def test_settings_that_order_nothing_are_explained(office: Office, settings: dict[str, Any], words: str) -> None:
    run = office.start(**settings)
    office.look()
    assert words in told(run)
    assert office.reports() == []


def test_a_place_that_the_portal_does_not_grant_is_explained(office: Office) -> None:
    office.portal.set_scopes("crm", "placement", "bizproc")
    office.house.visitor(office.portal)
    run = office.start(deliver="notification")
    office.look()
    assert "«im»" in told(run)


def test_a_set_that_the_portal_has_outgrown_is_explained(office: Office) -> None:
    number = office.save_set(office.administrator, name="Старый", params={"date_field": "ufCrmGone"})
    run = office.start(set=f"set{number}")
    office.look()
    office.look()
    assert "«Старый»" in told(run)
    assert "date_field" in told(run)


def test_who_may_not_build_reports_is_told(office: Office) -> None:
    office.house.services.web.portals.save_settings(office.record.id, {"builders": {"mode": "administrators"}})
    run = office.start()
    office.look()
    assert "не разрешил строить" in told(run)
    assert office.reports() == []


def test_a_user_who_was_dismissed_is_answered_for_by_the_portals_own_pair(office: Office) -> None:
    run = office.start()
    office.portal.accountant.active = False
    with office.house.services.database.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM portal_user")
    office.look()
    assert "уволен" in told(run)


# --- when the report ends otherwise ---------------------------------------------------------------------------------


def test_a_report_that_fails_is_built_three_times_and_then_told(office: Office) -> None:
    run = office.start()
    office.look()
    for pause in (timedelta(minutes=1), timedelta(minutes=5)):
        office.failed("portal_unavailable")
        office.look()
        assert run.values is None
        office.look(pause)
        assert office.reports()[0].status == "queued"
    office.failed("portal_unavailable")
    office.look()
    assert "portal_unavailable" in told(run)
    assert len(office.reports()) == 1
    assert run.values is not None
    assert office.reports()[0].id in run.values["link"]


@pytest.mark.parametrize(("code", "words"), [("invalid_grant", "истёк"), ("workbook_limit", "workbook_limit")])
def test_a_report_that_no_repetition_helps_is_told_at_once(office: Office, code: str, words: str) -> None:
    run = office.start()
    office.look()
    office.failed(code)
    office.look()
    assert words in told(run)


@pytest.mark.parametrize(("call", "words"), [("cancel", "отменён"), ("delete", "удалён")])
def test_a_report_that_is_cancelled_or_deleted_in_the_app_is_told(office: Office, call: str, words: str) -> None:
    run = office.start()
    office.look()
    visitor, number = office.house.visitor(office.portal), office.reports()[0].id
    if call == "cancel":
        assert visitor.call("POST", f"/reports/{number}/cancel").status_code == 202
    else:
        assert visitor.call("DELETE", f"/reports/{number}").status_code == 204
    office.look()
    assert words in told(run)


def test_an_app_that_is_removed_in_between_orders_and_answers_nothing(office: Office) -> None:
    waiting, ordered = office.begin(), office.start()
    office.look()
    assert office.post(waiting) == 200
    office.house.services.web.portals.uninstall(office.portal.member_id)
    assert office.house.select("SELECT secret, error_code FROM robot_run") == [(None, "app_uninstalled")] * 2
    assert office.post(waiting) == 403
    office.look(MINUTE)
    assert office.house.post("/install", office.portal).status_code == 200
    office.look(MINUTE)
    assert (waiting.answers, ordered.answers, len(office.reports())) == (0, 0, 1)


# --- where it is registered -----------------------------------------------------------------------------------------


@pytest.fixture
def one(tmp_path: Path, sqlite_template: Path) -> Iterator[Office]:
    (tmp_path / "app.db").write_bytes(sqlite_template.read_bytes())
    with opened(tmp_path, f"sqlite:///{tmp_path}/app.db") as office:
        yield office


def options(portal: Portal, name: str = "set") -> dict[str, str]:
    found: dict[str, str] = portal.installation().robots[ROBOT].properties[name]["Options"]
    return found


def offers(portal: Portal, wanted: dict[str, str]) -> None:
    until(lambda: options(portal) == wanted, PATIENT, f"the robot to offer {wanted}")


def test_it_is_registered_at_the_installation_and_works_as_the_administrator(one: Office) -> None:
    robot = one.portal.installation().robots[ROBOT]
    assert robot.fields["HANDLER"] == "https://register.example/robot"
    assert (robot.user_id, robot.waits) == (one.portal.admin.id, True)
    assert set(options(one.portal, "deliver")) == {"notification", "chat", "disk"}
    assert one.house.post("/install", one.portal).status_code == 200
    assert len(one.portal.calls.of("bizproc.robot.add")) == 1


def test_it_offers_the_shared_sets_as_they_are_now(one: Office) -> None:
    offers(one.portal, {f"set{one.set_id}": "Прошлый месяц"})
    one.administrator.call("PUT", f"/saved-sets/{one.set_id}", json={**SET, "name": "Февраль"})
    offers(one.portal, {f"set{one.set_id}": "Февраль"})
    one.administrator.call("DELETE", f"/saved-sets/{one.set_id}")
    offers(one.portal, {"": "Нет общих наборов: сохраните условия отчёта для всех"})
    before = len(one.portal.calls)
    one.save_set(one.house.visitor(one.portal), shared=False)
    assert one.portal.calls.of("bizproc.robot.list")[before:] == []


def test_a_set_that_changes_while_the_portal_is_told_of_it_is_offered_as_it_is_then(one: Office) -> None:
    offers(one.portal, {f"set{one.set_id}": "Прошлый месяц"})
    sets = SavedSets(one.house.services.database).of(one.record.id, one.portal.admin.id)

    def rename() -> None:
        sets.update(one.set_id, name="Март", params=SET["params"], shared=True)

    one.portal.faults.before(1, rename, method="bizproc.robot.update")
    one.administrator.call("PUT", f"/saved-sets/{one.set_id}", json={**SET, "name": "Февраль"})
    offers(one.portal, {f"set{one.set_id}": "Март"})


def test_it_is_registered_again_after_an_update(one: Office) -> None:
    one.portal.update_app(tell=False)
    assert one.portal.installation().robots == {}
    assert one.house.event(one.portal, "ONAPPUPDATE", {"VERSION": "2"}).status_code == 200
    offers(one.portal, {f"set{one.set_id}": "Прошлый месяц"})
    one.start()
    one.look()
    assert len(one.reports()) == 1


def test_an_update_that_nobody_told_is_made_up_at_an_administrators_launch(one: Office) -> None:
    one.portal.update_app(tell=False)
    one.house.visitor(one.portal, one.portal.admin)
    until(lambda: ROBOT in one.portal.installation().robots, PATIENT, "the robot to be registered")


def test_a_portal_that_refuses_it_is_installed_all_the_same(one: Office) -> None:
    portal = one.house.portal(installed=False)
    portal.set_scopes(*SCOPES)
    portal.faults.always(Fault.error("ACCESS_DENIED"), method="bizproc.robot.list")
    assert one.house.post("/install", portal).status_code == 200


def test_without_the_permission_everything_works_and_the_self_check_says_how_to_grant_it(one: Office) -> None:
    def robot(portal: Portal) -> dict[str, Any]:
        checks = one.house.visitor(portal, portal.admin).get("/self-check")["checks"]
        return next(each for each in checks if each["code"] == "robot")

    assert robot(one.portal)["ok"] is True
    portal = one.add_portal(("crm", "placement"))
    assert portal.installation().robots == {}
    said = robot(portal)
    assert said["ok"] is True
    assert "«bizproc»" in said["title"]
    assert "карточка приложения" in said["title"]
    one.portal.installation().robots.clear()
    assert robot(one.portal)["ok"] is False
