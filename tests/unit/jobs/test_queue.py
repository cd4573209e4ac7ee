"""The queue wakes workers and carries nothing; it may be down, and come back."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bitrix_app.errors import SettingsError
from bitrix_app.jobs import WakeQueue
from tests.live import until
from tests.own_servers import OwnRedis, own_redis


@pytest.fixture(params=["sqlite", pytest.param("redis", marks=pytest.mark.redis)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """Address and name of an empty queue of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/new/queue.db", "bitrixapp"
    return request.getfixturevalue("redis_server"), request.getfixturevalue("queue_name")


@pytest.fixture
def queue(place: tuple[str, str]) -> Iterator[WakeQueue]:
    with closing(WakeQueue(place[0], name=place[1])) as made:
        yield made


def test_a_file_that_was_taken_away_is_no_queue_that_answers(tmp_path: Path) -> None:
    """The open connection does not notice."""
    file = tmp_path / "queue.db"
    with closing(WakeQueue(f"sqlite:///{file}")) as queue:
        queue.ping()
        file.unlink()
        with pytest.raises(SettingsError, match=r"\AQUEUE_URL[^\n]+\Z"):
            queue.ping()


class Listening:
    """A consumer at work, and what it was called for."""

    def __init__(self, queue: WakeQueue) -> None:
        self.woken, self.periodic = threading.Event(), threading.Event()
        self._consumer = queue.consumer(woken=self.woken.set, periodic=self.periodic.set)

    def __enter__(self) -> Listening:
        self._consumer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.stop(graceful=True)


def test_a_wake_reaches_a_worker_in_another_process(place: tuple[str, str], queue: WakeQueue) -> None:
    with closing(WakeQueue(place[0], name=place[1])) as web, Listening(queue) as worker:
        web.wake()
        assert worker.woken.wait(60)


def test_maintenance_begins_when_a_worker_starts(queue: WakeQueue) -> None:
    with Listening(queue) as worker:
        assert worker.periodic.wait(60)


def test_wakes_that_nobody_took_are_still_there_for_the_next_worker(queue: WakeQueue) -> None:
    for _ in range(3):
        queue.wake()
    with Listening(queue) as worker:
        assert worker.woken.wait(60)


def test_what_lies_in_the_queue_is_a_name_and_nothing_else(place: tuple[str, str], queue: WakeQueue) -> None:
    queue.wake()
    [message] = queue._huey.storage.enqueued_items()
    assert b"bitrix_app.jobs.queue.wake" in bytes(message)
    assert len(bytes(message)) < 100


class Bomb:
    """Runs code when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (Path("exploded"),)


def test_what_others_put_into_the_queue_is_never_run(
    queue: WakeQueue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for message in (pickle.dumps(Bomb()), b"", b"[]", b'["id", "os.system"]', b'{"name": "wake"}'):
        queue._huey.storage.enqueue(message)
    queue.wake()
    with Listening(queue) as worker:
        assert worker.woken.wait(60)
        until(lambda: queue._huey.pending_count() == 0)
    assert not (tmp_path / "exploded").exists()


def test_a_consumer_can_be_started_and_stopped_off_the_main_thread(queue: WakeQueue) -> None:
    done = threading.Event()

    def elsewhere() -> None:
        with Listening(queue) as worker:
            queue.wake()
            if worker.woken.wait(60):
                done.set()

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join(60)
    assert done.is_set()


def test_waking_while_the_queue_is_down_is_logged() -> None:
    with closing(WakeQueue("redis://127.0.0.1:1/0")) as queue, capture_logs() as logs:
        queue.wake()
    assert [each["event"] for each in logs] == ["queue_down"]


def test_a_queue_that_is_down_says_so_in_one_line() -> None:
    with closing(WakeQueue("redis://:s3cret@127.0.0.1:1/0")) as queue:
        with pytest.raises(SettingsError, match=r"\AQUEUE_URL[^\n]+\Z") as caught:
            queue.ping()
        assert "s3cret" not in str(caught.value)


def test_a_queue_that_is_up_answers(queue: WakeQueue) -> None:
    queue.ping()


def test_a_place_where_the_embedded_queue_cannot_be_made_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(SettingsError, match="QUEUE_URL"):
        WakeQueue(f"sqlite:///{tmp_path}/file/queue.db")


@pytest.fixture
def mortal_redis(tmp_path: Path) -> Iterator[OwnRedis]:
    with own_redis(tmp_path) as server:
        yield server


@pytest.mark.redis
def test_workers_are_woken_again_when_the_queue_has_died_and_come_back(mortal_redis: OwnRedis) -> None:
    with closing(WakeQueue(mortal_redis.url)) as queue, Listening(queue) as worker:
        queue.wake()
        assert worker.woken.wait(60)
        mortal_redis.kill()
        queue.wake()
        mortal_redis.start()
        worker.woken.clear()
        until(lambda: queue.wake() or worker.woken.wait(0.1))
