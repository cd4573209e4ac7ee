"""Reports built as workers build them: real rows, real client, HTTP to demo portals, finished files.

Only time is not what it seems: everything that waits or looks at a clock (our bucket, client and report; the portals'
buckets, operating time and tokens) shares one clock. ``ManualClock`` moves only when somebody waits, so that waits take
no time; ``FastClock`` is the real one, several times faster, for what depends on the order of things in real time.
"""

from __future__ import annotations

import csv
import io
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol
from zipfile import ZipFile

from python_calamine import CalamineWorkbook

from bitrix_app.bitrix24 import AuthorizationServer, Bitrix24Client, CallRecord, Transport, Wait
from bitrix_app.jobs import ReportRun, RunReport, Timing
from bitrix_app.jobs.heartbeat import LatestProgress
from bitrix_app.jobs.job import Attempt, Delivery, Job
from bitrix_app.jobs.report_run import ANSWER_BYTES
from bitrix_app.portals import Bulkhead, Catalogs, PortalCache, PortalClients, Transports
from bitrix_app.reports import Progress, ProgressSink, StopSignal
from bitrix_app.settings import load_settings
from bitrix_app.storage import (
    Cipher,
    Database,
    Files,
    Lease,
    PortalBuckets,
    PortalRecord,
    Portals,
    PortalUsers,
    ReportLeases,
    ReportRecord,
    Reports,
    UserTokens,
)
from bitrix_app.wiring import build_services
from demo_portal import DemoWorld, Portal, User
from tests.integration.house import APP_URL, House
from tests.kept import kept_in

SECRET_KEY = "a key for tests that is long enough"
QUARTER = {"date_from": "2026-01-01", "date_to": "2026-03-31", "detailed": True}
LONG_LEASE = 10_000_000.0  # seconds of a clock that may jump


class Clock(Protocol):
    """Tells Unix seconds; ``sleep`` lets so many of them pass."""

    def __call__(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class FastClock:
    """The real time, ``speed`` times faster."""

    def __init__(self, speed: float) -> None:
        self.speed = speed
        self._ahead = 0.0
        self._began, self._ticks = time.time(), time.monotonic()

    def __call__(self) -> float:
        return self._began + self._ahead + (time.monotonic() - self._ticks) * self.speed

    def sleep(self, seconds: float) -> None:
        """Waits that many seconds of this clock."""
        threading.Event().wait(seconds / self.speed)

    def advance(self, seconds: float) -> None:
        """Nothing happens for so long."""
        self._ahead += seconds


class ClockedStop(StopSignal):
    """A job's stop signal that waits by the workshop's clock."""

    def __init__(self, stop: StopSignal, clock: Clock) -> None:
        super().__init__()
        self._job = stop
        self._clock = clock

    def check(self) -> None:
        self._job.check()
        super().check()

    def wait(self, seconds: float) -> None:
        self.check()
        self._clock.sleep(seconds)
        self.check()


class ClockedClients(PortalClients):
    """The app's own clients on the workshop's clock, without chance in their pauses."""

    def __init__(self, clock: Clock, **collaborators: Any) -> None:
        super().__init__(**collaborators)
        self._clock = clock

    def _client(self, *args: Any, **options: Any) -> Bitrix24Client:
        client = super()._client(*args, **options)
        client._session._clock = self._clock
        client._session._jitter = lambda: 0.5
        return client


@dataclass
class Watch:
    """Remembers what the clients do. A CallObserver."""

    waits: list[Wait] = field(default_factory=list)
    calls: list[CallRecord] = field(default_factory=list)

    def waited(self, wait: Wait) -> None:
        self.waits.append(wait)

    def answered(self, call: CallRecord) -> None:
        self.calls.append(call)

    def seconds(self, reason: str) -> float:
        """How long was waited for this reason."""
        return sum(wait.seconds for wait in self.waits if wait.reason == reason)


class NobodyListens:
    """A JobObserver."""

    def report_finished(self, status: str, seconds: float) -> None:
        """Nothing is counted."""


@dataclass(frozen=True)
class Ended:
    """A report that has ended, and its files."""

    record: ReportRecord
    files: Files

    @property
    def outcome(self) -> str:
        """``done``, or the code of the error."""
        return self.record.error_code or self.record.status

    @property
    def table(self) -> str:
        """The finished CSV."""
        with self.files.open(self._named("csv")) as file:
            return str(file.read().decode("utf-8-sig"))

    @property
    def parts(self) -> dict[str, str]:
        """What the files hold, by name, as digests; the moment when a workbook was saved is a part of its own and left
        out."""
        found = {"csv": sha256(self.table.encode()).hexdigest()}
        with self.files.open(self._named("xlsx")) as file, ZipFile(io.BytesIO(file.read())) as workbook:
            names = [each for each in workbook.namelist() if each != "docProps/core.xml"]
            return found | {each: sha256(workbook.read(each)).hexdigest() for each in names}

    @property
    def lines(self) -> list[dict[str, str]]:
        """The rows of the CSV."""
        return list(csv.DictReader(io.StringIO(self.table), delimiter=";"))

    @property
    def numbers(self) -> list[str]:
        """Numbers of the invoices in the report, as they stand there."""
        return [line["Номер"] for line in self.lines]

    def sheet(self, name: str) -> list[dict[str, Any]]:
        """The table of a sheet of the workbook, from its header down to the first empty row."""
        with self.files.open(self._named("xlsx")) as file:
            workbook = CalamineWorkbook.from_filelike(io.BytesIO(file.read()))
        if name not in workbook.sheet_names:
            return []
        lines = workbook.get_sheet_by_name(name).to_python()
        start = next(number for number, line in enumerate(lines) if line[0] == "Номер")
        rows = itertools.takewhile(lambda line: any(cell != "" for cell in line), lines[start + 1 :])
        return [dict(zip(lines[start], row, strict=True)) for row in rows]

    def rubles(self, figure: str = "amount") -> Decimal:
        """A total in roubles."""
        assert self.record.summary is not None
        totals = self.record.summary["totals"]
        return sum((Decimal(each[figure]) for each in totals if each["currency"] == "RUB"), Decimal(0))

    def _named(self, kind: str) -> str:
        assert self.record.status == "done", self.record
        return next(each.name for each in self.record.files if each.format == kind)


@dataclass
class Process:
    """What one worker process has of its own: connections, clients, the catalogs it keeps."""

    database: Database
    run: RunReport
    watch: Watch
    closers: tuple[Any, ...]

    def close(self) -> None:
        for each in (*self.closers, self.database):
            each.close()


class Workshop:
    """Builds reports; hands out processes and portals."""

    def __init__(self, house: House, clock: Clock, database_url: str, folder: Path) -> None:
        self.house = house
        self.world = house.world
        self.clock = clock
        self.folder = folder
        self.files = Files(str(folder / "reports"))
        self._database_url = database_url
        self._processes: list[Process] = []

    def process(
        self,
        transport: Transport | None = None,
        *,
        catalog_seconds: float = 0.0,
        answer_bytes: int = ANSWER_BYTES,
        built_at: datetime | None = None,
    ) -> Process:
        """A process of its own; its ``transport`` is as patient as in production unless another is given.
        ``built_at``: the moment that reports say they were made at, so that two of them can be compared."""
        database = Database(self._database_url, clock=lambda: datetime.fromtimestamp(self.clock(), UTC))
        cipher, watch = Cipher([SECRET_KEY]), Watch()
        transport = transport or Transport(allow_http=True)
        server = AuthorizationServer(
            roots=(self.world.oauth.url,),
            client_id=self.world.app.client_id,
            client_secret=self.world.app.client_secret,
            allow_http=True,
            clock=self.clock,
        )
        clients = ClockedClients(
            self.clock,
            transports=Transports(transport, transport),
            tokens=UserTokens(database, cipher),
            portals=Portals(database, cipher),
            buckets=PortalBuckets(database),
            authorization_server=server,
            observer=watch,
            bulkhead=Bulkhead(total=16),
        )
        now = lambda: built_at or datetime.fromtimestamp(self.clock(), UTC)  # noqa: E731 - two words
        run = ReportRun(
            portals=Portals(database, cipher),
            reports=Reports(database),
            users=PortalUsers(database),
            clients=clients,
            catalogs=Catalogs(clients, PortalCache(catalog_seconds)),
            files=self.files,
            now=now,
            answer_bytes=answer_bytes,
        )
        made = Process(database, self._on_the_clock(run), watch, (transport, server))
        self._processes.append(made)
        return made

    def _on_the_clock(self, run: ReportRun) -> RunReport:
        def clocked(lease: Lease, stop: StopSignal, progress: ProgressSink, folder: Path) -> Any:
            return run(lease, ClockedStop(stop, self.clock), progress, folder)

        return clocked

    def close(self) -> None:
        for each in self._processes:
            each.close()

    def portal(self, user: User | None = None) -> Portal:
        """A portal in which the app is installed and opened by the accountant (or ``user``), a while ago: its bucket
        is empty again. (What the pages call goes by the real time, which is not the workshop's.)"""
        portal = self.house.portal()
        self.house.visitor(portal, user)
        portal.reset_counters()
        return portal

    def record(self, portal: Portal) -> PortalRecord:
        """What we keep of a portal."""
        found = self.house.services.web.portals.by_member_id(portal.member_id)
        assert found is not None
        return found

    def queue(self, process: Process, portal: Portal, user: User | None = None, **params: Any) -> ReportRecord:
        """A report of the accountant (or ``user``) that waits for a worker."""
        mine = Reports(process.database).of(self.record(portal).id, (user or portal.accountant).id)
        record, _ = mine.create({**QUARTER, **params}, "Мария Кузнецова")
        return record

    def build(
        self,
        process: Process,
        portal: Portal,
        user: User | None = None,
        *,
        sink: Callable[[Progress], None] | None = None,
        **params: Any,
    ) -> Ended:
        """A report from its row to its end, in this thread. ``sink`` sees its progress."""
        queued = self.queue(process, portal, user, **params)
        return self.work_on(process, queued.id, portal, user, sink=sink)

    def work_on(
        self,
        process: Process,
        report_id: str,
        portal: Portal,
        user: User | None = None,
        *,
        sink: Callable[[Progress], None] | None = None,
    ) -> Ended:
        """Takes up the next report, which must be this one, and works on it to its end."""
        leases = ReportLeases(process.database)
        lease = leases.claim("this thread", LONG_LEASE)
        assert lease is not None
        assert lease.report.id == report_id
        self._job(process, lease, leases, sink).run()
        return self.ended(process, lease.report)

    def build_beside(self, process: Process, portal: Portal, user: User | None = None, **params: Any) -> Ended:
        """A report that runs though another one of its portal does: taken up past the queue."""
        queued = self.queue(process, portal, user, **params)
        lease = Lease(replace(queued, attempt=1), 1, "past the queue", LONG_LEASE)
        with TemporaryDirectory() as folder:
            finished = process.run(lease, StopSignal(), LatestProgress(), Path(folder))
            files = Delivery(self.files).put(lease, finished.files)
        return Ended(replace(queued, status="done", summary=dict(finished.summary), files=files), self.files)

    def _job(
        self, process: Process, lease: Lease, leases: ReportLeases, sink: Callable[[Progress], None] | None
    ) -> Job:
        delivery = Delivery(self.files)
        run = _told_to(process.run, sink) if sink else process.run
        return Job(
            lease=lease,
            leases=leases,
            attempt=Attempt(run, delivery, self.folder / "work"),
            delivery=delivery,
            timing=Timing(),
            observer=NobodyListens(),
        )

    def record_of(self, report: ReportRecord) -> ReportRecord:
        """The report's row as it stands now."""
        found = self.house.services.web.reports.of(report.portal_id, report.user_id).get(report.id)
        assert found is not None
        return found

    def ended(self, process: Process, report: ReportRecord) -> Ended:
        """The report as it stands now."""
        found = Reports(process.database).of(report.portal_id, report.user_id).get(report.id)
        assert found is not None
        assert not found.open, found
        return Ended(found, self.files)


def _told_to(run: RunReport, sink: Callable[[Progress], None]) -> RunReport:
    class Both:
        def __init__(self, progress: ProgressSink) -> None:
            self._progress = progress

        def update(self, progress: Progress) -> None:
            self._progress.update(progress)
            sink(progress)

    return lambda lease, stop, progress, folder: run(lease, stop, Both(progress), folder)


@contextmanager
def open_workshop(folder: Path, database_url: str, clock: Clock) -> Iterator[Workshop]:
    """A workshop with its files in ``folder``, over a database that has its tables."""
    with DemoWorld(app_url=APP_URL, clock=clock, sleep=clock.sleep) as world:
        world.tokens.lifetime = 10_000_000
        settings = load_settings(
            {
                **world.environment(),
                "SECRET_KEY": SECRET_KEY,
                **kept_in(folder),
                "DATABASE_URL": database_url,
            }
        )
        services = build_services(settings)
        workshop = Workshop(House(world, services, folder), clock, database_url, folder)
        try:
            yield workshop
        finally:
            workshop.close()
            services.close()
