"""Schedules with real processes, over PostgreSQL and Redis and on the embedded queue: whoever is killed wherever, a
planned moment is one report, and it arrives once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from bitrix_app.dates import period_in_words
from bitrix_app.storage import PortalRecord
from bitrix_app.storage.database import rows_touched
from bitrix_app.storage.tables import AuditRow, DeliveryRow, Report, ScheduleRow, ScheduleRunRow
from demo_portal import Portal
from demo_portal.collaboration import DiskObject
from demo_portal.data import scaled
from tests.integration.crew import Crew, open_works
from tests.integration.house import House, Visitor
from tests.integration.test_works import held_at
from tests.live import until
from tests.own_servers import own_redis

BELL, CHAT, FOLDER = {"to": "notification"}, {"to": "chat", "chat_id": "chat42"}, {"to": "disk", "folder_id": 12}
MOSCOW = ZoneInfo("Europe/Moscow")
DAY = timedelta(days=1)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
OWNER, INVOICES = "profile", "crm.item.list"
BELLS, UPLOADS = "im.notify.system.add", "im.v2.file.upload"
LOOK, SAVE = "disk.folder.getchildren", "disk.folder.uploadfile"


@dataclass
class Works:
    """The application, and those who work for it."""

    house: House
    crew: Crew

    def morning(self) -> None:
        """The moment of all schedules has come."""
        with self.house.services.database.transaction() as session:
            for row in session.scalars(select(ScheduleRow).where(ScheduleRow.active)):
                assert row.next_run_at is not None
                row.next_run_at -= DAY
                row.due_at = LONG_AGO

    def schedules_due_again(self) -> bool:
        """Whoever has taken schedules and has not ordered their reports yet has been too slow. → whether there were
        any."""
        with self.house.services.database.transaction() as session:
            due = ScheduleRow.active, ScheduleRow.next_run_at <= datetime.now(UTC)
            return rows_touched(session, update(ScheduleRow).where(*due).values(due_at=LONG_AGO)) > 0

    def leases_run_out(self) -> None:
        """Whoever has taken something has been silent for too long."""
        self.schedules_due_again()
        with self.house.services.database.transaction() as session:
            run = update(ScheduleRunRow).where(ScheduleRunRow.due_at.is_not(None))
            session.execute(run.values(due_at=LONG_AGO))
            for table in (Report, DeliveryRow):
                taken = update(table).where(table.lease_until.is_not(None))
                session.execute(taken.values(lease_until=LONG_AGO))


@pytest.fixture(params=["embedded", pytest.param("servers", marks=[pytest.mark.postgres, pytest.mark.redis])])
def works(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Works]:
    """An application that nobody works for yet."""
    with ExitStack() as opened:
        addresses = f"sqlite:///{tmp_path}/app.db", f"sqlite:///{tmp_path}/queue.db"
        if request.param == "servers":
            database_url = request.getfixturevalue("postgres_database")
            addresses = database_url, opened.enter_context(own_redis(tmp_path)).url
        yield Works(*opened.enter_context(open_works(tmp_path, *addresses)))


class Client:
    """A portal whose accountant wants last month's register each day, sent to three places."""

    def __init__(self, works: Works, *targets: dict[str, Any]) -> None:
        self.house = works.house
        self.portal: Portal = self.house.portal(installed=False)
        self.portal.set_scopes("crm", "placement", "im", "disk")
        assert self.house.post("/install", self.portal).status_code == 200
        self.visitor: Visitor = self.house.visitor(self.portal)
        self.targets = targets or (BELL, CHAT, FOLDER)
        body = {
            "name": "Реестр за прошлый месяц",
            "params": {},
            "period": "last_month",
            "when": {"every": "day", "time": f"{datetime.now(MOSCOW) + DAY / 2:%H}:00"},
            "deliver": self.targets,
        }
        made = self.visitor.call("POST", "/schedules", json=body)
        assert made.status_code == 201, made.text
        self.schedule_id = int((made.json or {})["id"])
        moment = self.schedule_row().next_run_at
        assert moment is not None
        day = moment.astimezone(MOSCOW).date() - DAY
        self.last_day = day.replace(day=1) - DAY
        scaled.fill(self.portal.crm, invoices=10, rows=1, first=self.last_day.replace(day=1), days=28)
        self.portal.calls.clear()

    @property
    def record(self) -> PortalRecord:
        found = self.house.services.web.portals.by_member_id(self.portal.member_id)
        assert found is not None
        return found

    def schedule_row(self) -> ScheduleRow:
        """The schedule as it stands."""
        with self.house.services.database.reading() as session:
            return session.get_one(ScheduleRow, self.schedule_id)

    def reports(self) -> list[Report]:
        """All reports of the portal, with what is known of their deliveries."""
        with self.house.services.database.reading() as session:
            return list(session.scalars(select(Report).where(Report.portal_id == self.record.id)))

    def states(self) -> list[tuple[str, str | None]]:
        """How each delivery stands."""
        rows = [row for report in self.reports() for row in report.deliveries]
        return [(row.state, row.error_code) for row in sorted(rows, key=lambda row: row.id)]

    def arrived(self) -> bool:
        """Whether all that was ordered has been sent."""
        return [state for state, _ in self.states()] == ["done"] * len(self.targets)

    def files(self) -> list[DiskObject]:
        """In the folder that reports go to."""
        return [each for each in self.portal.collaboration.children(12) if not each.is_folder]

    def expect_one_report_everywhere_once(self, planned_at: datetime | None = None) -> None:
        """One report of one planned moment (this one), one line about it, and one of each thing sent."""
        (report,) = self.reports()
        assert (report.status, report.summary and report.summary["invoices"]) == ("done", 10)
        with self.house.services.database.reading() as session:
            own = ScheduleRunRow.schedule_id == self.schedule_id
            (run,) = session.scalars(select(ScheduleRunRow).where(own)).all()
            noted = AuditRow.report_id == report.id, AuditRow.action == "report_created"
            assert len(session.scalars(select(AuditRow).where(*noted)).all()) == 1
        assert run.report_id == report.id
        assert planned_at in {None, run.planned_at}
        (told,) = self.portal.collaboration.notifications
        assert report.id in told.text
        (message,) = self.portal.collaboration.chats[42].messages
        (file,) = self.files()
        workbook = next(each for each in report.files if each.format == "xlsx")
        with self.house.services.web.files.open(workbook.name) as stored:
            assert [message.file and message.file.content, file.content] == [stored.read()] * 2


def test_whoever_is_killed_wherever_each_report_arrives_once(works: Works) -> None:
    """Six portals, one at each step of the way, and one process that dies with all six in its hands; what it has asked
    of them they do all the same."""
    clients = {method: Client(works) for method in (INVOICES, BELLS, UPLOADS, LOOK, SAVE)}
    works.morning()
    with ExitStack() as holding:
        held = [holding.enter_context(held_at(each.portal, method)) for method, each in clients.items()]
        unlucky = works.crew.hire(concurrency=6)
        for asked, _ in held:
            assert asked.wait(60)
        ordering = clients[OWNER] = Client(works)
        with held_at(ordering.portal, OWNER) as (asked, _):
            works.morning()
            assert asked.wait(60)
            works.crew.lose(unlucky)
    until(lambda: all(each.portal.calls.by_method[method] for method, each in clients.items()))
    works.leases_run_out()
    works.crew.hire(concurrency=6)
    for each in clients.values():
        until(each.arrived)
        each.expect_one_report_everywhere_once()


def test_after_a_standstill_two_processes_at_once_make_up_the_latest_of_three_moments(works: Works) -> None:
    """They take the same schedules again and again before either has ordered them: whoever comes second orders
    nothing."""
    clients = [Client(works) for _ in range(4)]
    planned = [each.schedule_row().next_run_at for each in clients]
    for each in clients:
        each.portal.pace.latency = 0.3
    for _ in range(3):
        works.morning()
    hands = [works.crew.hire(concurrency=2) for _ in range(2)]
    until(lambda: not works.schedules_due_again())
    until(lambda: all(each.arrived() for each in clients))
    until(lambda: sum(len(each.events("schedule_run")) for each in hands) >= len(clients))
    assert sum(len(each.events("schedule_run")) for each in hands) == len(clients)
    for each, moment in zip(clients, planned, strict=True):
        assert moment is not None
        each.expect_one_report_everywhere_once(moment - DAY)
        assert each.schedule_row().next_run_at == moment
    assert [each.alive for each in hands] == [True, True]


def test_a_morning_on_which_each_portal_has_another_misfortune(works: Works) -> None:
    """Each costs its own schedule or its own delivery, is told with its reason, and holds up nobody."""
    well = Client(works)
    dismissed, forbidden = Client(works), Client(works)
    chatless, closed, taken = Client(works, CHAT), Client(works, {"to": "disk", "folder_id": 14}), Client(works, FOLDER)
    removed, removed_later = Client(works), Client(works, FOLDER)
    dismissed.portal.accountant.active = False
    web = works.house.services.web
    web.portals.save_settings(forbidden.record.id, {"builders": {"mode": "administrators"}})
    chatless.portal.collaboration.chats.pop(42)
    somebodys = put_in_the_way(taken)
    works.morning()
    with (
        held_at(removed.portal, INVOICES) as (building, go_on),
        held_at(removed_later.portal, LOOK) as (sending, send_on),
    ):
        for _ in range(2):
            works.crew.hire(concurrency=4)
        assert building.wait(60)
        assert sending.wait(60)
        for each, go in ((removed, go_on), (removed_later, send_on)):
            assert works.house.uninstall(each.portal).status_code == 200
            go.set()
    until(lambda: well.arrived() and taken.arrived())
    until(lambda: [state for each in (chatless, closed) for state, _ in each.states()] == ["failed"] * 2)
    until(lambda: [each.schedule_row().active for each in (dismissed, forbidden)] == [False] * 2)
    until(lambda: all(row.finished_at for each in (removed, removed_later) for row in each.reports()))
    well.expect_one_report_everywhere_once()
    for each, why in ((dismissed, "user_access_error"), (forbidden, "not_allowed_to_build")):
        assert (each.reports(), each.schedule_row().paused) == ([], why)
    assert chatless.states() == [("failed", "chat_unavailable")]
    assert closed.states() == [("failed", "folder_unavailable")]
    assert [report.status for each in (chatless, closed) for report in each.reports()] == ["done", "done"]
    (ours,) = (each for each in taken.files() if each is not somebodys)
    assert somebodys.content == b"theirs"
    assert ours.name.startswith(somebodys.name.removesuffix("xlsx").rstrip("."))
    for each in (removed, removed_later):
        assert (each.portal.collaboration.notifications, each.files()) == ([], [])


def put_in_the_way(client: Client) -> DiskObject:
    """A file of somebody else, under the name that the report's will have."""
    kept = client.portal.collaboration
    folder = kept.objects[12]
    name = f"Реестр счетов {period_in_words(client.last_day.replace(day=1), client.last_day)}xlsx"
    file = DiskObject(kept.new_id(), name, folder.storage_id, folder.id, client.portal.admin.id, 0.0, b"theirs")
    kept.objects[file.id] = file
    return file
