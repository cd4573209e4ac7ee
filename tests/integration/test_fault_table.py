"""Every fault of a portal, at the first, a middle and the last call of every method that a report uses, call by call
and by the portal's ``batch``, where a method's calls are commands.

A fault is either survived, and then the report is the very one that a quiet portal would have given, to the byte in
both ways, call by call each failed call asked once more and nothing else; or it ends the report with its code, and the
portal is not asked again. Calls are counted by the portal.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle
from typing import Any

import pytest

from bitrix_app.bitrix24 import Transport, questions
from demo_portal import Fault, ManualClock, Portal, a_row
from demo_portal.data.inn import kpp, legal_entity_inn
from tests.integration.workshop import Ended, Process, Workshop, open_workshop

INVOICES = 110
CALLS = {
    "crm.item.fields": 1,
    "crm.category.list": 1,
    "crm.status.list": 2,
    "crm.requisite.preset.list": 1,
    "crm.item.list": 8,
    "crm.requisite.link.list": 3,
    "crm.requisite.list": 4,
    "crm.item.productrow.list": 3,
    "user.get": 1,
}
"""What the report of this portal costs when nothing goes wrong, call by call."""
COMMANDS = {**CALLS, "crm.item.list": 13, "crm.item.productrow.list": 11}
"""And in commands of batches: ranges of invoices, what comes after them, how many there are and where they lie."""
LIST, BATCH = "list", "batch"
LISTS = ("crm.item.list", "crm.requisite.link.list", "crm.requisite.list", "crm.item.productrow.list")
PLACES = ("first", "middle", "last")


def nth(method: str, place: str) -> int:
    """Which call of a method is its first, a middle or its last one; 0 where it has no such call."""
    calls = CALLS[method]
    return {"first": 1, "middle": calls // 2 + 1 if calls > 2 else 0, "last": calls if calls > 1 else 0}[place]


WHERE = [(method, place) for method in CALLS for place in PLACES if nth(method, place)]
WHERE_LISTS = [(method, place) for method, place in WHERE if method in LISTS]
AT_FIRST = [(method, "first") for method in CALLS]
AROUND = [
    ("crm.item.list", "first"),
    ("crm.requisite.link.list", "middle"),
    ("crm.requisite.list", "last"),
    ("crm.item.list", "last"),
    ("crm.item.productrow.list", "middle"),
    ("crm.requisite.link.list", "first"),
]
"""Places all over a report, for faults that are met alike wherever they come."""


def fill(portal: Portal) -> None:
    """Invoices of all sorts: the counterparty linked, its company's, its contact's, or a bare name of either."""
    crm = portal.crm
    for n in range(1, INVOICES + 1):
        rows = [a_row(price=f"{100 + n}.{n % 100:02}", quantity="1.5", rate=22, name=f"Товар {n}")]
        made: dict[str, Any] = {"number": f"С-{n}", "date": f"2026-0{1 + n % 3}-{1 + n % 28:02}", "rows": rows}
        kind = n % 10
        person = crm.add_contact() if kind in {8, 9} else None
        company = None if person else crm.add_company(f"ООО «Фирма {n}»")
        inn = {"inn": legal_entity_inn("7701", n), "kpp": kpp("7701"), "name": f"ООО «Фирма {n}»"}
        requisite = None
        if kind not in {7, 9}:
            requisite = crm.add_requisite(company_id=company, contact_id=person, **inn)
        linked = requisite if kind < 6 else None
        crm.add_invoice(company_id=company, contact_id=person, requisite_id=linked, **made)


@dataclass
class Bench:
    """One portal, one process, and the report that a quiet portal gives."""

    shop: Workshop
    portal: Portal
    process: Process
    hasty: Process
    mode: str
    quiet: Ended

    @property
    def in_batches(self) -> bool:
        return self.mode == BATCH

    def choose(self) -> None:
        """The portal's setting, which other tests of the module change."""
        portals = self.shop.house.services.web.portals
        portals.save_settings(self.shop.record(self.portal).id, {"fetch_mode": self.mode})

    def nth(self, method: str, place: str) -> int:
        """As ``nth``, of what the method is asked in this way."""
        if not self.in_batches:
            return nth(method, place)
        return {"first": 1, "middle": COMMANDS[method] // 2 + 1, "last": COMMANDS[method]}[place]

    def build(self, process: Process | None = None) -> Ended:
        return self.shop.build(process or self.process, self.portal)

    def is_right(self, ended: Ended) -> bool:
        """Whether the report is the one that nothing has disturbed."""
        assert ended.outcome == "done"
        return (ended.parts, ended.record.summary) == (self.quiet.parts, self.quiet.record.summary)

    def plan(self, fault: Fault, *where: tuple[str, str]) -> None:
        """The fault once at each of these places."""
        for method, place in where:
            self.portal.faults.at(self.nth(method, place), fault, method=method)

    @property
    def calls(self) -> int:
        return len(self.portal.calls)

    @property
    def fired(self) -> int:
        return len(self.portal.faults.fired)

    def most_asked(self, method: str) -> int:
        """How often the same thing was asked of a method at most."""
        asked = [str(call.params) for call in self.portal.calls.asked(method)]
        return max(map(asked.count, asked))

    def asked(self) -> dict[str, int]:
        """How often each method was asked, in calls or commands."""
        calls = self.portal.calls
        return {each: count for each, count in (calls.by_method + calls.commands_by_method).items() if each != BATCH}


@pytest.fixture(scope="module", params=[LIST, BATCH])
def made(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, sqlite_template: Any
) -> Iterator[Bench]:
    """``quiet`` is the report call by call in both ways."""
    folder = tmp_path_factory.mktemp("faults")
    shutil.copy(sqlite_template, folder / "app.db")
    with open_workshop(folder, f"sqlite:///{folder}/app.db", ManualClock(time.time())) as shop:
        portal = shop.portal()
        fill(portal)
        built_at = datetime.fromtimestamp(shop.clock(), UTC)
        process = shop.process(built_at=built_at)
        hasty = shop.process(Transport(allow_http=True, read_timeout=1.0, total_timeout=2.0), built_at=built_at)
        bench = Bench(shop, portal, process, hasty, request.param, shop.build(process, portal))
        bench.choose()
        yield bench


@pytest.fixture
def bench(made: Bench) -> Iterator[Bench]:
    """The bench with a quiet portal and empty counters; calls that an earlier report left under way are over."""
    for each in threading.enumerate():
        if each.name.startswith("portal-"):
            each.join(30)
            assert not each.is_alive(), each.name
    made.portal.server.settle()
    made.portal.reset_counters()
    yield made
    made.portal.faults.clear()
    made.portal.faults.fired.clear()


def test_the_quiet_report_costs_what_the_table_says(bench: Bench) -> None:
    """The places in the tables below are real ones: first, middle and last are counted from these figures."""
    assert bench.is_right(bench.build())
    assert bench.asked() == (COMMANDS if bench.in_batches else CALLS)
    assert (BATCH in bench.portal.calls.by_method) is bench.in_batches
    assert len(bench.quiet.lines) == len(set(bench.quiet.numbers)) == INVOICES
    assert bench.quiet.rubles() == sum(each["opportunity"] for each in bench.portal.crm.invoices)
    assert sum(line["ИНН"] != "" for line in bench.quiet.lines) == INVOICES * 8 // 10


# --- survived -----------------------------------------------------------------------------------------------------

SURVIVED = {
    "dropped": Fault.drop(),
    "dropped after it was carried out": Fault.drop_after(),
    "500": Fault.status(500),
    "502 with a page": Fault.html(502),
    "200 with a page": Fault.html(200),
    "cut": Fault.cut(),
    "half a JSON": Fault.short_json(),
    "QUERY_LIMIT_EXCEEDED": Fault.error("QUERY_LIMIT_EXCEEDED"),
    "OPERATION_TIME_LIMIT": Fault.error("OPERATION_TIME_LIMIT"),
    "expired_token": Fault.error("expired_token"),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", SURVIVED)
def test_a_passing_fault_leaves_no_trace_in_the_report(bench: Bench, name: str, place: str) -> None:
    """At the first, a middle or the last call of every method: the call is repeated once, the report is right. A batch
    of which a command has taken everything with it is asked anew, but never the same question three times over."""
    where = [(method, at) for method, at in WHERE if at == place]
    bench.plan(SURVIVED[name], *where)
    assert bench.is_right(bench.build())
    assert bench.fired == len(where)
    if not bench.in_batches:
        assert bench.calls == sum(CALLS.values()) + len(where)


WHOLE = {
    "dropped": Fault.drop(),
    "dropped after it was carried out": Fault.drop_after(),
    "502 with a page": Fault.html(502),
    "504 at the time limit": Fault.html(504),
    "cut": Fault.cut(),
    "half a JSON": Fault.short_json(),
    "half of the answers": Fault.edit(lambda body: halve(body["result"]["result"])),
    "null": Fault.json(None),
    "another shape": Fault.result([1, 2]),
    "QUERY_LIMIT_EXCEEDED": Fault.error("QUERY_LIMIT_EXCEEDED"),
    "expired_token": Fault.error("expired_token"),
}


def halve(found: Any) -> None:
    """The later half does not come."""
    for key in list(found)[len(found) // 2 :]:
        del found[key]


@pytest.mark.parametrize("request_", [1, 2, 3, 4])
@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_batch_that_fails_leaves_no_trace_either(bench: Bench, name: str, request_: int) -> None:
    """The catalog, the stages, the invoices or what belongs to them. Call by call no batch is ever sent."""
    bench.portal.faults.at(request_, WHOLE[name], method=BATCH)
    assert bench.is_right(bench.build())
    assert bench.fired == bench.in_batches


def test_batches_that_the_portal_ends_at_its_time_limit_are_made_smaller(bench: Bench) -> None:
    """Twenty seconds a command and a limit of sixty: what comes of each is half an answer."""
    bench.portal.pace.execution, bench.portal.pace.half_answers, bench.portal.operating.enabled = 20.0, True, False
    try:
        assert bench.is_right(bench.build())
    finally:
        bench.portal.pace.execution, bench.portal.pace.half_answers, bench.portal.operating.enabled = 0.0, False, True


@pytest.mark.parametrize(
    ("fault", "place"),
    [*((Fault.hang(), place) for place in PLACES), (Fault.drip(0.02, 1), "first")],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_a_call_that_takes_too_long_is_asked_again(bench: Bench, fault: Fault, place: str) -> None:
    """Silence, and an answer byte by byte, end at the time-outs; the next try succeeds."""
    where = [(method, at) for method, at in WHERE_LISTS if at == place]
    bench.plan(fault, *where)
    assert bench.is_right(bench.build(bench.hasty))
    assert bench.fired == len(where)


def test_a_slow_answer_is_waited_for(bench: Bench) -> None:
    """A portal may take its time: an answer that comes within the time-out is taken, and nothing is asked twice."""
    bench.plan(Fault.slow(0.2), ("crm.item.list", "middle"), ("crm.requisite.list", "first"))
    assert bench.is_right(bench.build())
    assert sum(bench.asked().values()) == sum((COMMANDS if bench.in_batches else CALLS).values())


@pytest.mark.parametrize(("method", "place"), [each for each in WHERE if each[0] == "crm.item.productrow.list"])
def test_rows_that_are_refused_once_are_asked_for_again(bench: Bench, method: str, place: str) -> None:
    """ACCESS_DENIED for a list of owners, of all of whom the user sees, after lists were answered."""
    bench.plan(Fault.error("ACCESS_DENIED", status=400), (method, place))
    assert bench.is_right(bench.build())


@pytest.mark.parametrize("error", ["ACCESS_DENIED", "insufficient_scope", "ERROR_METHOD_NOT_FOUND"])
def test_names_of_people_that_the_portal_does_not_tell_are_done_without(bench: Bench, error: str) -> None:
    """Who is responsible is good to know: where the portal does not tell, the number of the user stands there."""
    bench.portal.faults.always(Fault.error(error), method="user.get")
    ended = bench.build()
    assert ended.numbers == bench.quiet.numbers
    assert {line["Ответственный"] for line in ended.lines} == {"ID 1"}
    assert bench.most_asked("user.get") == 1


def test_presets_that_the_user_may_not_read_are_done_without(bench: Bench) -> None:
    """Presets only tell a person's requisite from a company's: their refusal costs no report."""
    bench.portal.faults.always(Fault.error("ACCESS_DENIED"), method="crm.requisite.preset.list")
    assert bench.build().numbers == bench.quiet.numbers


# --- the patience ends --------------------------------------------------------------------------------------------

LASTING = {
    "dropped": Fault.drop(),
    "500": Fault.status(500),
    "502 with a page": Fault.html(502),
    "200 with a page": Fault.html(200),
    "cut": Fault.cut(),
    "half a JSON": Fault.short_json(),
}


@pytest.mark.parametrize(
    ("name", "where"),
    [(name, each) for name, each in zip(LASTING, AROUND, strict=True)]
    + [("502 with a page", each) for each in AT_FIRST],
    ids=str,
)
def test_a_lasting_fault_ends_the_report_after_five_tries(bench: Bench, name: str, where: tuple[str, str]) -> None:
    """A portal that stays broken is asked four times more, then the report says that it does not answer. In batches so
    does each question alone, after the batches that it was in were split."""
    method, place = where
    bench.portal.faults.always(LASTING[name], method=method, after=bench.nth(method, place) - 1)
    ended = bench.build()
    assert ended.outcome == "portal_unavailable"
    assert ended.record.error_params["method"] == method
    assert 5 <= bench.most_asked(method) <= (5 if not bench.in_batches else 5 * 7)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault.error("QUERY_LIMIT_EXCEEDED"), "query_limit_exceeded"),
        (Fault.error("OPERATION_TIME_LIMIT"), "operation_time_limit"),
    ],
    ids=["QUERY_LIMIT_EXCEEDED", "OPERATION_TIME_LIMIT"],
)
@pytest.mark.parametrize("method", ["crm.item.list", "crm.item.productrow.list"])
def test_a_limit_that_never_ends_is_not_waited_for_for_ever(bench: Bench, fault: Fault, code: str, method: str) -> None:
    """A quarter of an hour for the bucket, half an hour for a method's operating time, with ever longer pauses."""
    bench.portal.faults.always(fault, method=method)
    began = bench.shop.clock()
    ended = bench.build()
    assert ended.outcome == code
    assert bench.shop.clock() - began > 10 * 60
    assert bench.most_asked(method) < 30


@pytest.mark.parametrize("method", CALLS)
def test_a_fresh_token_that_is_expired_too_ends_the_report(bench: Bench, method: str) -> None:
    """One renewal a call: a portal that calls every token expired does not use up refresh tokens. What was asked at the
    same time in a batch may not come to its second try."""
    bench.portal.faults.always(Fault.error("expired_token"), method=method)
    assert bench.build().outcome == "invalid_token"
    assert bench.most_asked(method) in ({1, 2} if bench.in_batches else {2})


# --- never asked again --------------------------------------------------------------------------------------------

FATAL = {
    "OVERLOAD_LIMIT": "overload_limit",
    "PORTAL_DELETED": "portal_deleted",
    "PAYMENT_REQUIRED": "payment_required",
    "user_access_error": "user_access_error",
    "insufficient_scope": "insufficient_scope",
    "ACCESS_DENIED": "access_denied",
    "NO_AUTH_FOUND": "invalid_token",
    "INVALID_ARG_VALUE": "invalid_argument",
    "ERROR_METHOD_NOT_FOUND": "unknown_method",
    "SOMETHING_NEW": "portal_error",
}


@pytest.mark.parametrize(
    ("error", "method", "place"),
    [(error, *each) for error in FATAL for each in AROUND[:3] if error != "ACCESS_DENIED" or each == AROUND[0]]
    + [(error, *each) for error in ("OVERLOAD_LIMIT", "PORTAL_DELETED") for each in WHERE if each not in AROUND[:3]],
)
def test_a_refusal_ends_the_report_at_once(bench: Bench, error: str, method: str, place: str) -> None:
    """One such answer is enough: the call is not repeated, and the report fails with the reason. (A command's unknown
    code tells nothing without its status: that question is asked once more, alone.)"""
    bench.plan(Fault.error(error), (method, place))
    ended = bench.build()
    assert bench.fired == 1
    if bench.in_batches and error == "SOMETHING_NEW" and ended.outcome == "done":
        assert bench.is_right(ended)
    else:
        assert ended.outcome == FATAL[error]
        assert bench.most_asked(method) == 1


@pytest.mark.parametrize("error", ["OVERLOAD_LIMIT", "PORTAL_DELETED"])
@pytest.mark.parametrize(("method", "place"), AROUND[:3])
def test_a_blocked_portal_is_not_hammered(bench: Bench, error: str, method: str, place: str) -> None:
    """From then on everything is refused: only calls that were under way already get to hear it."""
    before = bench.nth(method, place) - 1
    bench.portal.faults.always(Fault.error(error), method=method, after=before)
    assert bench.build().outcome == FATAL[error]
    assert bench.fired >= 1
    assert bench.in_batches or bench.fired <= 3
    assert bench.most_asked(method) == 1


SHAPES = {
    "null": Fault.json(None),
    "a list": Fault.json([1, 2]),
    "a text": Fault.json("x"),
    "an empty object": Fault.json({}),
    "result null": Fault.result(None),
    "result a text": Fault.result("x"),
    "result a number": Fault.result(5),
    "result true": Fault.result(True),
    "result a list of numbers": Fault.result([1, 2]),
    "result a list of nulls": Fault.result([None]),
    "result a list of lists": Fault.result([[]]),
    "result another object": Fault.result({"x": {"y": 1}}),
    "12 MB": Fault.edit(lambda body: body.update(filler="x" * 12 * 2**20)),
    "12 MB, unannounced": Fault.huge(12, announced=False),
    "NaN": Fault.status(200, b'{"result": NaN}', "application/json"),
}


@pytest.mark.parametrize(
    ("name", "method", "place"),
    [(name, *each) for name, each in zip(SHAPES, cycle(AROUND), strict=False)]
    + [(name, *each) for name in ("null", "result null", "result a text") for each in AT_FIRST if each not in AROUND],
)
def test_an_answer_of_another_shape_ends_the_report(bench: Bench, name: str, method: str, place: str) -> None:
    """What is shaped otherwise than its method's page says is neither guessed at nor asked for again. (Where it stands
    in the place of a whole batch, that is split and asked again.)"""
    bench.plan(SHAPES[name], (method, place))
    ended = bench.build()
    if bench.in_batches and ended.outcome == "done":
        assert bench.is_right(ended)
        return
    assert ended.outcome == "unexpected_answer"
    assert ended.record.error_params["method"] == method
    assert bench.most_asked(method) == 1


def without(key: str) -> Fault:
    """The first record of the answer lacks ``key``."""

    def spoil(body: dict[str, Any]) -> None:
        result = body["result"]
        records = result if isinstance(result, list) else next(iter(result.values()))
        for record in records:
            del record[key]

    return Fault.edit(spoil)


def under(key: str, value: Any) -> Fault:
    """``value`` stands in the result under ``key``."""
    return Fault.edit(lambda body: body["result"].update({key: value}))


@pytest.mark.parametrize(
    ("method", "fault"),
    [
        ("crm.item.list", under("items", None)),
        ("crm.item.list", under("items", "x")),
        ("crm.item.list", under("items", [1])),
        ("crm.item.list", without("id")),
        ("crm.item.productrow.list", under("productRows", None)),
        ("crm.item.productrow.list", under("productRows", {"a": 1})),
        ("crm.item.productrow.list", without("id")),
        ("crm.requisite.list", without("ID")),
        ("crm.item.fields", under("fields", [1])),
        ("crm.item.fields", under("fields", {"begindate": None})),
        ("crm.category.list", under("categories", None)),
        ("crm.category.list", under("categories", [None])),
    ],
)
def test_records_of_another_shape_end_the_report(bench: Bench, method: str, fault: Fault) -> None:
    """A list that is none, a record that is none or has no id."""
    bench.portal.faults.at(2, fault, method=method)
    bench.portal.faults.at(1, fault, method=method)
    assert bench.build().outcome == "unexpected_answer"


def pages_of(method: str) -> Callable[[str, Any], bool]:
    """Calls that read a list; the question how many invoices have no date is none."""
    return lambda name, params: name == method and "=begindate" not in (params.get("filter") or {})


@pytest.mark.parametrize("method", LISTS)
def test_a_list_that_repeats_its_first_page_is_given_up(bench: Bench, method: str) -> None:
    """Records that were read before are no next page."""
    bench.portal.faults.when(pages_of(method), Fault.same_page(), times=None)
    assert bench.build().outcome == "unexpected_answer"


@pytest.mark.parametrize("method", ["crm.item.list", "crm.requisite.link.list", "crm.status.list", "user.get"])
def test_a_list_without_an_end_is_given_up(bench: Bench, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invoices far beyond their counted number, and pages by number far beyond any list, are read no further."""
    monkeypatch.setattr(questions, "LIST_RECORDS", 1_500)
    bench.portal.faults.when(pages_of(method), Fault.endless(), times=None)
    ended = bench.build()
    assert ended.outcome == "unexpected_answer"
    assert ended.record.error_params["method"] == method
    assert len(bench.portal.calls.asked(method)) < 120


def shortened(records: int) -> Fault:
    """A page of which only the first records come."""

    def spoil(body: dict[str, Any]) -> None:
        key, found = next(iter(body["result"].items()))
        body["result"] = {key: found[:records]}

    return Fault.edit(spoil)


@pytest.mark.parametrize("fault", [Fault.result([]), shortened(7)], ids=["[]", "seven"])
@pytest.mark.parametrize(
    ("method", "place"), [each for each in WHERE if each[0] in {"crm.item.list", "crm.item.productrow.list"}]
)
def test_a_page_that_comes_short_costs_no_invoice(bench: Bench, method: str, place: str, fault: Fault) -> None:
    """A page with too few records is not taken for the last one: what is missing is read on."""
    bench.plan(fault, (method, place))
    ended = bench.build()
    assert ended.numbers == bench.quiet.numbers
    assert method == "crm.item.list" or bench.is_right(ended)
