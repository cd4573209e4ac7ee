"""The portal's ``batch``: what goes into one, how a list is read in ranges, and what is done when something fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from bitrix_app.bitrix24 import Bitrix24Client, Habits, Page, Question
from bitrix_app.bitrix24.batch import crew
from bitrix_app.bitrix24.batch.commands import command
from bitrix_app.bitrix24.batch.ranges import id_ranges
from bitrix_app.errors import InsufficientScopeError, OverloadLimitError, PortalUnavailableError, ReportCancelledError
from demo_portal import Fault
from tests.memory import Scene

ITEMS, COMPANIES = "crm.item.list", 4
ALL = {">=begindate": "2026-01-01"}


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture
def client(scene: Scene) -> Bitrix24Client:
    return scene.client_of(scene.portal.admin, batches=True)


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine, everything that is asked together is waited for."""
    monkeypatch.setattr(crew, "GRACE_SECONDS", 30.0)


def fill(scene: Scene, ids: Sequence[int]) -> None:
    for each in ids:
        scene.portal.crm.add_invoice(id=each, date="2026-01-15")


def read(client: Bitrix24Client) -> list[int]:
    """Ids of all invoices, as a report reads them."""
    with client.together():
        return [each["id"] for page in client.invoices(filter=ALL, select=["id"]) for each in page.items]


@contextmanager
def threads(client: Bitrix24Client) -> Iterator[Any]:
    """Asks many questions at the same time, each in a task of its own."""
    with client.together() as tasks, ThreadPoolExecutor(tasks.threads[0]) as pool:

        def ask(questions: Sequence[Question[Any]]) -> list[Any]:
            started = [tasks.start(pool, client.ask, each) for each in questions]
            found = []
            for each in started:
                with tasks.waits(each):
                    each.exception()
                found.append(each.exception() or each.result())
            return found

        yield ask


def companies(count: int) -> list[Question[Any]]:
    """So many questions, each for a company of its own."""
    where = [{"entityTypeId": COMPANIES, "filter": {"=id": each}} for each in range(1, count + 1)]
    return [Question(ITEMS, each, lambda answer: answer.result["items"][0]["id"]) for each in where]


@pytest.fixture
def portal(scene: Scene) -> Any:
    for number in range(1, 121):
        scene.portal.crm.add_company(f"ООО «{number}»", id=number)
    return scene.portal


# --- what a command can say -----------------------------------------------------------------------------------------


def test_a_command_is_the_question_urlencoded_once() -> None:
    """Nested names in brackets, numbers as texts; an empty object is as good as none."""
    asked = Question(ITEMS, {"filter": {"@id": [5, 7]}, "select": {}, "start": -1}, print)
    assert command(asked) == "crm.item.list?filter%5B%40id%5D%5B0%5D=5&filter%5B%40id%5D%5B1%5D=7&start=-1"


@pytest.mark.parametrize("value", [None, True, [], 1.5, "$result[q0]", {"x": None}])
def test_what_a_text_cannot_say_goes_alone(value: Any) -> None:
    """null, true, an empty list, a fraction, what would be read as a reference."""
    assert command(Question(ITEMS, {"filter": {">x": value}}, print)) is None


@pytest.mark.parametrize("key", ["=begindate", "!=begindate"])
def test_null_in_a_condition_of_equality_is_an_empty_text(key: str) -> None:
    """The portal takes both for the question whether there is a value."""
    asked = Question(ITEMS, {"filter": {key: None}}, print)
    assert command(asked) == command(Question(ITEMS, {"filter": {key: ""}}, print)) is not None
    assert asked.params == {"filter": {key: None}}


def test_where_an_empty_text_is_refused_null_goes_alone(scene: Scene, client: Bitrix24Client) -> None:
    """By a portal that tells the two apart."""
    fill(scene, [1])
    refused = Fault.error("INVALID_ARG_VALUE")
    scene.portal.faults.when(lambda _name, params: (params.get("filter") or {}).get("=begindate") == "", refused)
    empty = [Question(ITEMS, {"entityTypeId": 31, "filter": {"=begindate": None}}, lambda answer: answer.total)] * 2
    with threads(client) as ask:
        assert ask(empty) == [0, 0]
    assert [each.params["filter"] for each in scene.portal.calls.of(ITEMS)] == [{"=begindate": None}]


# --- ranges of ids --------------------------------------------------------------------------------------------------

LAYOUTS: dict[str, Sequence[int]] = {
    "none": [],
    "one": [7],
    "a full page": range(1, 51),
    "51": range(1, 52),
    "without gaps": range(1, 1001),
    "every third": range(1, 3000, 3),
    "two clouds far apart": [*range(1, 300), *range(100_000, 100_300)],
    "the last one far away": [*range(1, 700), 1_000_000],
    "thick at the end": [*range(1, 20_000, 200), *range(20_000, 20_900)],
}


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.usefixtures("patience")
def test_a_list_read_in_ranges_has_each_record_once(scene: Scene, client: Bitrix24Client, name: str) -> None:
    """However the ids lie, and with few requests where they lie evenly."""
    fill(scene, LAYOUTS[name])
    assert read(client) == list(LAYOUTS[name])
    pages = len(LAYOUTS[name]) // 50 + 1
    assert len(scene.portal.calls) <= 3 + pages
    if name in {"without gaps", "every third"}:
        assert len(scene.portal.calls) <= 4
        assert scene.portal.calls.commands_by_method[ITEMS] <= 1.4 * pages + 4


def test_ranges_hold_a_page_as_a_rule() -> None:
    """Fifty ids where all are the list's; fewer records than fifty on the average where some are not."""
    assert id_ranges(50, 1000, 950)[0] == (50, 100)
    start, end = id_ranges(0, 10_000, 1_000)[0]
    assert 35 <= (end - start) / 10 <= 42


def test_a_page_that_comes_half_full_loses_nothing(scene: Scene, client: Bitrix24Client) -> None:
    """Fewer came than there are: what is left of each range is asked for once more."""
    fill(scene, range(1, 301))
    halved = Fault.edit(lambda body: body["result"].update(items=body["result"]["items"][:20]))
    scene.portal.faults.when(lambda name, params: str((params.get("filter") or {}).get(">id")) == "100", halved)
    assert sorted(read(client)) == list(range(1, 301))


@pytest.mark.usefixtures("patience")
def test_what_goes_meanwhile_costs_one_question_more(scene: Scene, client: Bitrix24Client) -> None:
    """Counted anew, nothing is missing."""
    fill(scene, range(1, 301))
    scene.portal.faults.before(3, lambda: scene.portal.crm.remove_invoice(299), method=ITEMS)
    assert read(client) == [each for each in range(1, 301) if each != 299]
    assert scene.portal.calls.commands_by_method[ITEMS] + scene.portal.calls.by_method[ITEMS] == 9


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.usefixtures("patience")
def test_a_list_with_an_outline_has_each_record_once(scene: Scene, client: Bitrix24Client, name: str) -> None:
    """What was asked ahead saves a round, and the first page tells the total all the same."""
    fill(scene, LAYOUTS[name])
    with client.together():
        outline = client.invoices_outline({})
        scene.portal.reset_counters()
        pages = list(client.invoices(filter=ALL, select=["id"], outline=outline))
    assert [each["id"] for page in pages for each in page.items] == list(LAYOUTS[name])
    assert [page.total for page in pages if page.total is not None] == [len(LAYOUTS[name])]
    if name in {"without gaps", "every third"}:
        assert len(scene.portal.calls) <= 2


@pytest.mark.parametrize("ids", [range(1, 60), range(500, 700), [1, 2, *range(400, 1200)], []])
@pytest.mark.usefixtures("patience")
def test_an_outline_of_other_records_loses_none(scene: Scene, client: Bitrix24Client, ids: Sequence[int]) -> None:
    """Records below, above and between the ones that it was made of."""
    fill(scene, range(300, 400))
    with client.together():
        outline = client.invoices_outline({})
        assert outline is not None
        for each in range(300, 400):
            scene.portal.crm.remove_invoice(each)
        fill(scene, ids)
        pages = list(client.invoices(filter=ALL, select=["id"], outline=outline))
    assert sorted(each["id"] for page in pages for each in page.items) == list(ids)


def test_where_pages_are_read_one_by_one_no_outline_is_asked_for(scene: Scene) -> None:
    """It would cost calls and gain nothing."""
    fill(scene, range(1, 101))
    plain = scene.client_of(scene.portal.admin)
    with plain.together():
        assert plain.invoices_outline(ALL) is None
    assert len(scene.portal.calls) == 0


# --- failures -------------------------------------------------------------------------------------------------------

WHOLE = {
    "dropped": Fault.drop(),
    "502": Fault.html(502),
    "504": Fault.html(504),
    "half a JSON": Fault.short_json(),
    "half the answer, cut": Fault.cut(),
    "expired": Fault.error("expired_token"),
    "the bucket": Fault.error("QUERY_LIMIT_EXCEEDED"),
    "another shape": Fault.result(None),
    "too heavy": Fault.huge(12),
}
INSIDE = {
    "limited": Fault.error("OPERATION_TIME_LIMIT"),
    "expired": Fault.error("expired_token"),
    "the bucket": Fault.error("QUERY_LIMIT_EXCEEDED"),
    "broken": Fault.error("INTERNAL_SERVER_ERROR"),
    "dropped": Fault.drop(),
    "half a JSON": Fault.short_json(),
}


@pytest.mark.parametrize("batch", [1, 2, 3])
@pytest.mark.parametrize("name", WHOLE)
def test_a_batch_that_fails_as_a_whole_is_repeated_or_split(
    portal: Any, client: Bitrix24Client, name: str, batch: int
) -> None:
    """The first, a middle or the last batch: every question has its own answer."""
    portal.faults.at(batch, WHOLE[name], method="batch")
    with threads(client) as ask:
        assert ask(companies(120)) == list(range(1, 121))
    assert portal.faults.fired


@pytest.mark.parametrize("place", [1, 60, 120])
@pytest.mark.parametrize("name", INSIDE)
def test_a_command_that_fails_is_repeated_alone_or_with_others(
    portal: Any, client: Bitrix24Client, name: str, place: int
) -> None:
    """The first, a middle or the last command: the others are not asked again for an error of one."""
    portal.faults.at(place, INSIDE[name], method=ITEMS)
    with threads(client) as ask:
        assert ask(companies(120)) == list(range(1, 121))
    if name in {"limited", "expired", "the bucket", "broken"}:
        asked = portal.calls.commands_by_method[ITEMS] + portal.calls.by_method[ITEMS]
        assert asked == 121


def test_a_missing_answer_is_asked_for_again(portal: Any, client: Bitrix24Client) -> None:
    """Half of the commands were not carried out, and no error says so."""

    def halve(body: dict[str, Any]) -> None:
        found = body["result"]["result"]
        body["result"]["result"] = dict(list(found.items())[: len(found) // 2])

    portal.faults.at(1, Fault.edit(halve), method="batch")
    with threads(client) as ask:
        assert ask(companies(40)) == list(range(1, 41))


def test_a_refused_command_is_refused_to_its_own_question(portal: Any, client: Bitrix24Client) -> None:
    """By the same table as a call of its own, the unknown code with its HTTP status."""
    portal.faults.at(3, Fault.error("insufficient_scope"), method=ITEMS)
    portal.faults.at(5, Fault.error("SOMETHING_NEW", status=503), method=ITEMS)
    with threads(client) as ask:
        found = ask(companies(20))
    assert sum(isinstance(each, InsufficientScopeError) for each in found) == 1
    assert sum(isinstance(each, int) for each in found) == 19


def test_a_blocked_portal_is_not_hammered(portal: Any, client: Bitrix24Client) -> None:
    """What is said of the whole batch is said to each question in it, and the batch is not split."""
    portal.faults.always(Fault.error("OVERLOAD_LIMIT"))
    with threads(client) as ask:
        found = ask(companies(40))
    assert {type(each) for each in found} == {OverloadLimitError}
    assert len(portal.calls) <= 2


def test_a_portal_that_is_down_is_given_up(portal: Any, client: Bitrix24Client) -> None:
    """Down to plain calls, each with its own patience."""
    portal.faults.always(Fault.html(502))
    with threads(client) as ask:
        found = ask(companies(3))
    assert {type(each) for each in found} == {PortalUnavailableError}


@pytest.mark.parametrize("error", ["ACCESS_DENIED", "insufficient_scope", "ERROR_METHOD_NOT_FOUND"])
def test_where_batch_is_refused_it_goes_on_call_by_call(scene: Scene, portal: Any, error: str) -> None:
    """And is not tried again, by the next client either."""
    habits, kept = Habits(), []
    habits.keep = lambda *learnt: kept.append(learnt)
    portal.faults.always(Fault.error(error), method="batch")
    for _ in range(2):
        with threads(scene.client_of(portal.admin, batches=True, habits=habits)) as ask:
            assert ask(companies(60)) == list(range(1, 61))
    assert portal.calls.by_method["batch"] <= 2  # those that were under way
    assert kept == [("batch", "refused")]


# --- manners --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.usefixtures("patience")
def test_batches_stay_far_from_the_portals_time_limit(portal: Any, client: Bitrix24Client, half: bool) -> None:
    """One that is ended is split; from what commands have cost the next ones learn their size."""
    portal.pace.execution, portal.pace.half_answers, portal.operating.enabled = 4.0, half, False
    with threads(client) as ask:
        assert ask(companies(120)) == list(range(1, 121))
        ended = portal.calls.by_method["batch"]
        assert ask(companies(120)) == list(range(1, 121))
    assert {len(each.params["cmd"]) for each in portal.calls.of("batch")[ended:]} <= {2, 3}


def test_the_operating_time_is_eased_off_before_it_is_spent(portal: Any, client: Bitrix24Client) -> None:
    """However many questions wait: none is refused for it."""
    portal.pace.execution = 8.0
    with threads(client) as ask:
        assert ask(companies(20)) == list(range(1, 21))
        assert ask(companies(120)) == list(range(1, 121))
    assert portal.operating.refused == 0


@pytest.mark.parametrize("at_first", [12, 1])
@pytest.mark.usefixtures("patience")
def test_each_request_takes_one_place_in_the_bucket(
    scene: Scene, portal: Any, client: Bitrix24Client, at_first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fifty commands at most in each, fewer while the credit is whole; the cost of a method is tried with twenty."""
    monkeypatch.setattr(crew, "AT_FIRST", at_first)
    with threads(client) as ask:
        ask(companies(20))
        taken = scene.bucket.taken
        ask(companies(100))
    requests = 3 if at_first > 1 else 2
    assert scene.bucket.taken - taken == requests == portal.calls.by_method["batch"] - 1


@pytest.mark.usefixtures("patience")
def test_what_few_ask_goes_before_what_many_ask(portal: Any, client: Bitrix24Client) -> None:
    """In a shorter request of its own, so that what follows from it goes while the many are answered."""
    few = [Question("crm.category.list", {"entityTypeId": 31}, lambda answer: 0) for _ in range(28)]
    with threads(client) as ask:
        ask([*companies(20), *few])
        portal.reset_counters()
        ask([*companies(60), *few])
    sent = [call.params["cmd"].values() for call in portal.calls.of("batch")]
    methods = [sorted({each.split("?")[0] for each in commands}) for commands in sent]
    assert sorted(methods) == [["crm.category.list"], [ITEMS], [ITEMS]]


def test_a_cancelled_work_ends(scene: Scene, portal: Any, client: Bitrix24Client) -> None:
    """Every task that waits for an answer hears of it."""
    portal.faults.before(2, lambda: setattr(scene.stop, "stopped", ReportCancelledError()), method=ITEMS)
    portal.faults.at(2, Fault.error("QUERY_LIMIT_EXCEEDED"), method=ITEMS)
    with threads(client) as ask:
        found = ask(companies(20))
    assert any(isinstance(each, ReportCancelledError) for each in found)


@pytest.mark.usefixtures("patience")
def test_no_task_outlives_a_work_that_failed(portal: Any, client: Bitrix24Client) -> None:
    """The opener leaves with an error while questions wait for company; nobody has stopped the work."""
    pool = ThreadPoolExecutor(8)
    started: list[Future[Any]] = []
    with suppress(LookupError), client.together() as tasks:
        started += [tasks.start(pool, client.ask, each) for each in companies(8)]
        raise LookupError
    assert wait(started, timeout=60).not_done == set()
    assert {type(each.exception()) for each in started} == {CancelledError}


def test_outside_of_a_crew_calls_are_plain(portal: Any, client: Bitrix24Client) -> None:
    """A single question gains nothing by a batch."""
    assert isinstance(client.invoice_page(filter=ALL, select=["id"]), Page)
    assert "batch" not in portal.calls.by_method
