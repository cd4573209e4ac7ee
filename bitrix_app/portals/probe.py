"""Probing a portal: each question of the app once, in every spelling and with every fall-back, reading only.

For what no source settles: which spelling of a filter is taken, whether lists of owners are answered, where the server
stands. What is found is remembered where reports look for it, and told in lines that name nobody: methods, codes,
times and numbers of records.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

from bitrix_app.bitrix24 import (
    PAGE,
    TRIED,
    Bitrix24Client,
    CallRecord,
    Habits,
    Page,
    Profile,
    Question,
    Raw,
    Spelling,
    Wait,
    Written,
    crm,
    needs_spelling,
    portal_methods,
    whole,
    written,
)
from bitrix_app.bitrix24.session import RETRIES
from bitrix_app.errors import (
    AccessDeniedError,
    AppError,
    InvalidArgumentError,
    PortalBusyError,
    PortalError,
)
from bitrix_app.portals.cache import TtlCache
from bitrix_app.portals.catalog import FIELD_NAME, RECURRING, USER_SCOPES
from bitrix_app.portals.clients import PortalClients
from bitrix_app.portals.preferences import MAPPED_FIELDS, complete_settings
from bitrix_app.portals.waiting import Deadline, request_deadline
from bitrix_app.settings import OAUTH_ROOTS
from bitrix_app.storage import INSTALL, PortalRecord

MOST_REQUESTS = 60
CUSTOM_FIELDS = 5
"""Custom date fields that are asked for: those of the settings first."""
TIME_LEFT = 5.0
"""Seconds of a web request that must be left for one more inquiry."""
COMMAND_SECONDS = 300.0
SAMPLE_SECONDS, SAMPLES = 600.0, 1000
_OFFSET = re.compile(r"(Z|[+-]\d\d:\d\d)$")
_VERSION = re.compile(r"\d{1,9}(\.\d{1,9}){0,3}")


class Outcome(Enum):
    """What the app does because of an answer: its code, and the sentence in Russian and English."""

    USED = ("used", "Работает, так и будет спрашивать", "Works, and is asked so")
    NOT_NEEDED = ("not_needed", "Тоже можно, но не понадобится", "Would do too, but is not needed")
    NOT_SO = ("not_so", "Так спрашивать не будет", "Is not asked so")
    READ_ALL = (
        "read_all",
        "Прочитает счета без этого условия и отберёт сама",
        "Reads without this condition, and cuts",
    )
    ONE_BY_ONE = ("one_by_one", "Товары спросит счёт за счётом", "Asks for product rows invoice by invoice")
    WITHOUT = ("without", "Обойдётся без этих данных", "Does without these data")
    UNDECIDED = ("undecided", "Неясно: спросит снова, когда понадобится", "Not settled: asks again when needed")
    STOPPED = ("stopped", "Без этого отчёт не собрать", "No report can be built without this")
    NOT_ASKED = ("not_asked", "Не спрашивали: не о чем", "Not asked: there is nothing to ask about")
    NO_ROOM = ("no_room", "Не спрашивали: запросов и так много", "Not asked: there were requests enough")

    def __init__(self, code: str, ru: str, en: str) -> None:
        self.code, self.ru, self.en = code, ru, en


@dataclass(frozen=True, slots=True)
class Try:
    """One way to ask; ``question`` is None where the portal has nothing to ask about."""

    method: str
    way: str
    question: Question[Any] | None


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a try: ``value``, or ``error``; ``status`` and ``seconds`` of its last exchange."""

    value: Any = None
    error: AppError | None = None
    status: int | None = None
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether it was answered well."""
        return self.error is None

    @property
    def code(self) -> str:
        """The portal's code of a refusal, else ours; empty for a good answer."""
        told = self.error.portal_code if isinstance(self.error, PortalError) else ""
        return told or (self.error.code if self.error else "")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the probe. ``found`` is what else the answer tells of the portal, never of people or invoices."""

    method: str
    way: str
    outcome: Outcome
    ok: bool = False
    status: int | None = None
    code: str = ""
    milliseconds: int | None = None
    rows: int | None = None
    found: str = ""

    @property
    def line(self) -> str:
        """The row as text, to be pasted into a report of a fault."""
        parts = [self.method, self.way, "" if self.status is None else str(self.status), self.code]
        parts += ["" if self.milliseconds is None else f"{self.milliseconds} ms"]
        parts += ["" if self.rows is None else f"{self.rows} rows", self.found, self.outcome.code]
        return " | ".join(part for part in parts if part)


Conclude = Callable[[Sequence[Reply], Habits], Sequence[Outcome]]


@dataclass(frozen=True, slots=True)
class Inquiry:
    """Tries that are judged together; ``conclude`` says what follows from their replies, and remembers it."""

    tries: tuple[Try, ...]
    conclude: Conclude
    found: Callable[[Any], str] = lambda _value: ""


@dataclass(frozen=True, slots=True)
class Sample:
    """What of the portal the questions are about."""

    fields: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    category_ids: tuple[int, ...] = ()
    invoice_ids: tuple[int, ...] = ()
    company_ids: tuple[int, ...] = ()
    contact_ids: tuple[int, ...] = ()
    requisite_ids: tuple[int, ...] = ()


class Meter:
    """Counts the exchanges, and keeps the last one. A CallObserver."""

    def __init__(self, spent: int = 0) -> None:
        self.spent = spent
        self.last: CallRecord | None = None

    def waited(self, wait: Wait) -> None:
        """A wait is no request."""

    def answered(self, call: CallRecord) -> None:
        """One more."""
        self.spent += 1
        self.last = call

    def has_room(self, questions: int) -> bool:
        """Whether so many questions fit, even when each is repeated as often as the session would."""
        return self.spent + questions * (1 + RETRIES) <= MOST_REQUESTS


@dataclass(frozen=True, slots=True)
class Step:
    """Part of a probe: its rows; ``following`` inquiry, None after the last; requests ``spent`` so far."""

    rows: tuple[Row, ...]
    following: int | None
    spent: int

    @property
    def text(self) -> str:
        """The rows as lines."""
        return "".join(f"{row.line}\n" for row in self.rows)


def read_sample(client: Bitrix24Client) -> Sample:
    """A few records of each kind. What the portal refuses is empty here, and told by the inquiry about it."""
    fields: Mapping[str, Mapping[str, Any]] = _or_none(client.invoice_fields) or {}
    categories = _or_none(client.categories) or []
    page = _or_none(lambda: client.ask(_some_invoices()))
    invoices = page.items if page else []
    ids = _numbers(invoices, "id")
    links = _or_none(lambda: client.ask(crm.requisite_links(ids)[0].page())) if ids else None
    return Sample(
        fields=fields,
        category_ids=_numbers(categories, "id"),
        invoice_ids=ids,
        company_ids=_numbers(invoices, "companyId"),
        contact_ids=_numbers(invoices, "contactId"),
        requisite_ids=_numbers(links.items if links else [], "REQUISITE_ID"),
    )


def inquiries(portal: PortalRecord, user_id: int, sample: Sample) -> list[Inquiry]:
    """All that the app ever asks of a portal without changing it, in a fixed order."""
    first_stages = portal_methods.stages(sample.category_ids[:1])
    return [
        _optional(portal_methods.app_info(), found=_version),
        _needed(portal_methods.profile(), found=_right),
        _needed(portal_methods.invoice_fields()),
        _optional(portal_methods.categories()),
        _one("crm.status.list", first_stages[0].page() if first_stages else None, refused=Outcome.STOPPED),
        _optional(portal_methods.requisite_presets().page()),
        _optional(portal_methods.currencies().page()),
        _one("user.get", portal_methods.users([user_id])[0].page() if portal.scopes & USER_SCOPES else None),
        _optional(crm.my_companies().page(), "own companies"),
        _optional(portal_methods.placements()),
        _optional(portal_methods.events()),
        _needed(_some_invoices(), "uncounted", found=_offset),
        _needed(crm.invoices(Written({}, ["id"])).page(counted=True), "counted"),
        _needed(crm.invoices(written({"=id": 1, ">=begindate": "9999-12-31"}, ["id"], {}, {})).page(), "by begindate"),
        _one(
            "crm.item.list",
            _invoices_alone() if RECURRING in sample.fields else None,
            "without templates",
            refused=Outcome.STOPPED,
        ),
        *(_spelled(*each, sample.fields) for each in enumerate(custom_date_fields(portal, sample.fields), 1)),
        _rows(sample.invoice_ids),
        _looked_up("crm.item.list", "invoices by id", crm.invoices_by_id(sample.invoice_ids)),
        _looked_up("crm.requisite.link.list", "", [each.page() for each in crm.requisite_links(sample.invoice_ids)]),
        _looked_up("crm.requisite.list", "by id", crm.requisites(sample.requisite_ids)),
        _owned("of companies", crm.COMPANY, sample.company_ids),
        _owned("of contacts", crm.CONTACT, sample.contact_ids),
        _looked_up("crm.item.list", "companies by id", crm.companies(sample.company_ids)),
        _looked_up("crm.item.list", "contacts by id", crm.contacts(sample.contact_ids)),
    ]


def custom_date_fields(portal: PortalRecord, fields: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Those whose spelling matters, the ones of the settings first; so many as a probe asks for."""
    settings = complete_settings(portal.settings)
    chosen = [settings[name] for name in MAPPED_FIELDS]
    dates = [name for name, each in fields.items() if each.get("type") in {"date", "datetime"}]
    usable = [name for name in dates if needs_spelling(name) and FIELD_NAME.fullmatch(name)]
    return sorted(usable, key=lambda name: name not in chosen)[:CUSTOM_FIELDS]


def run(
    client: Bitrix24Client, meter: Meter, asked: Sequence[Inquiry], start: int, has_time: Callable[[], bool]
) -> Step:
    """The inquiries from ``start`` on, for as long as there is time; at least one. An error is a row.

    ``meter`` observes ``client``. Raises PortalBusyError when not even one question could be sent.
    """
    rows: list[Row] = []
    for place in range(start, len(asked)):
        if rows and not has_time():
            return Step(tuple(rows), place, meter.spent)
        try:
            rows += _answered(client, meter, asked[place], is_first=not rows)
        except PortalBusyError:
            if not rows:
                raise
            return Step(tuple(rows), place, meter.spent)
    return Step(tuple(rows), None, meter.spent)


class Probe:
    """Probes portals: for a page step by step, for a command at once. What the steps are about is kept meanwhile."""

    def __init__(self, clients: PortalClients) -> None:
        self._clients = clients
        self._samples = TtlCache(SAMPLE_SECONDS, SAMPLES)

    def step(self, portal: PortalRecord, user_id: int, start: int, spent: int) -> Step:
        """As many inquiries from ``start`` on as the web request has time for, ``spent`` requests having been made.

        Raises what an interactive client raises before the first question.
        """
        meter, deadline = Meter(spent), request_deadline()
        with self._clients.interactive(portal, user_id, meter) as client:
            return self._run(
                client, meter, portal, user_id, start=start, has_time=lambda: deadline.remaining() > TIME_LEFT
            )

    def whole(self, portal: PortalRecord) -> Step:
        """All inquiries, with the rights of the administrator who has installed the app."""
        meter, user_id = Meter(), portal.installed_by or 0
        deadline = Deadline(COMMAND_SECONDS)
        client = self._clients.within(deadline, portal, user_id, kind=INSTALL, observer=meter)
        return self._run(client, meter, portal, user_id, start=0, has_time=lambda: True)

    def _run(
        self,
        client: Bitrix24Client,
        meter: Meter,
        portal: PortalRecord,
        user_id: int,
        *,
        start: int,
        has_time: Callable[[], bool],
    ) -> Step:
        sample = self._samples.get((portal.id, portal.epoch, user_id), lambda: read_sample(client))
        client.habits.spellings.learn(sample.fields)
        return run(client, meter, inquiries(portal, user_id, sample), start, has_time)


def heading(portal: PortalRecord) -> str:
    """The first line of the text: what is known of the portal without asking it."""
    root = portal.oauth_root or ""
    server = urlsplit(root).hostname if root in OAUTH_ROOTS else "another" if root else "not known"
    return f"probe | authorization server: {server} | scopes: {', '.join(sorted(portal.scopes))}\n"


def shape_of(name: str) -> str:
    """How a field's name is built, without the name: ``ufCrm_SMART_INVOICE_1689252229`` is ``ufCrm_A_A_9``."""
    known, rest = (name[:5], name[5:]) if name[:5].lower() == "ufcrm" else ("", name)
    return known + re.sub("[0-9]+", "9", re.sub("[a-z]+", "a", re.sub("[A-Z]+", "A", rest)))


def _answered(client: Bitrix24Client, meter: Meter, inquiry: Inquiry, *, is_first: bool) -> list[Row]:
    """Raises PortalBusyError when time ran out, unless it is the first inquiry, which another request would not have
    more time for, and something was sent."""
    questions = [each.question for each in inquiry.tries if each.question is not None]
    if len(questions) < len(inquiry.tries):
        return [Row(each.method, each.way, Outcome.NOT_ASKED) for each in inquiry.tries]
    if not meter.has_room(len(questions)):
        return [Row(each.method, each.way, Outcome.NO_ROOM) for each in inquiry.tries]
    replies: list[Reply] = []
    for question in questions:
        reply, was_sent = _reply(client, meter, question)
        if isinstance(reply.error, PortalBusyError) and not (is_first and (was_sent or replies)):
            raise reply.error
        replies.append(reply)
    outcomes = inquiry.conclude(replies, client.habits)
    return [_row(*each, inquiry) for each in zip(inquiry.tries, replies, outcomes, strict=True)]


def _reply(client: Bitrix24Client, meter: Meter, question: Question[Any]) -> tuple[Reply, bool]:
    """→ what came of it, and whether anything was sent."""
    meter.last = None
    try:
        value, error = client.ask(question), None
    except AppError as refused:
        value, error = None, refused
    last: CallRecord | None = meter.last
    reply = Reply(value, error, last.status if last else None, last.duration if last else 0.0)
    return reply, last is not None


def _row(asked: Try, reply: Reply, outcome: Outcome, inquiry: Inquiry) -> Row:
    return Row(
        asked.method,
        asked.way,
        outcome,
        ok=reply.ok,
        status=reply.status,
        code=reply.code,
        milliseconds=round(reply.seconds * 1000),
        rows=_count(reply.value),
        found=inquiry.found(reply.value) if reply.ok else "",
    )


def _count(value: Any) -> int | None:
    if isinstance(value, Page):
        return len(value.items)
    return len(value) if isinstance(value, list | dict) else None


# --- what follows from the replies --------------------------------------------------------------------------------


def _alone(refused: Outcome) -> Conclude:
    return lambda replies, _habits: [Outcome.USED if each.ok else refused for each in replies]


def _of_spellings(name: str) -> Conclude:
    """Remembers the first that was taken; that none is, only when each was refused for what it says."""

    def conclude(replies: Sequence[Reply], habits: Habits) -> Sequence[Outcome]:
        taken = [spelling for spelling, reply in zip(TRIED, replies, strict=True) if reply.ok]
        if taken:
            habits.spellings.found[name] = taken[0]
        elif all(isinstance(each.error, InvalidArgumentError) for each in replies):
            habits.spellings.found[name] = Spelling.NONE
            return [Outcome.READ_ALL] * len(replies)
        else:
            return [Outcome.UNDECIDED] * len(replies)
        used = [spelling for spelling in TRIED if spelling in taken[:1]]
        good = {each: Outcome.USED if each in used else Outcome.NOT_NEEDED for each in taken}
        return [good.get(each, Outcome.NOT_SO) for each in TRIED]

    return conclude


def _of_rows(replies: Sequence[Reply], habits: Habits) -> Sequence[Outcome]:
    """A list is refused for no fault of its owners, all of which this user has just been shown."""
    lists, alone = replies
    if lists.ok:
        habits.owner_lists = True
        return [Outcome.USED, Outcome.NOT_NEEDED if alone.ok else Outcome.NOT_SO]
    if not isinstance(lists.error, AccessDeniedError | InvalidArgumentError):
        return [Outcome.UNDECIDED, Outcome.UNDECIDED]
    if alone.ok:
        habits.owner_lists = False
        return [Outcome.NOT_SO, Outcome.ONE_BY_ONE]
    return [Outcome.NOT_SO, Outcome.WITHOUT if isinstance(alone.error, AccessDeniedError) else Outcome.STOPPED]


# --- inquiries ----------------------------------------------------------------------------------------------------


def _one(
    method: str,
    question: Question[Any] | None,
    way: str = "",
    *,
    refused: Outcome = Outcome.WITHOUT,
    found: Callable[[Any], str] = lambda _value: "",
) -> Inquiry:
    return Inquiry((Try(method, way, question),), _alone(refused), found)


def _needed(question: Question[Any], way: str = "", found: Callable[[Any], str] = lambda _value: "") -> Inquiry:
    return _one(question.method, question, way, refused=Outcome.STOPPED, found=found)


def _optional(question: Question[Any], way: str = "", found: Callable[[Any], str] = lambda _value: "") -> Inquiry:
    return _one(question.method, question, way, found=found)


def _looked_up(method: str, way: str, questions: Sequence[Question[Page]]) -> Inquiry:
    return _one(method, questions[0] if questions else None, way)


def _owned(way: str, entity_type_id: int, ids: Sequence[int]) -> Inquiry:
    return _looked_up("crm.requisite.list", way, [each.page() for each in crm.requisites_of(entity_type_id, ids)])


def _spelled(place: int, name: str, fields: Mapping[str, Mapping[str, Any]]) -> Inquiry:
    upper_names = {each: str(about["upperName"]) for each, about in fields.items() if about.get("upperName")}
    way = f"by custom date {place} ({shape_of(name)})"
    tries = (
        Try("crm.item.list", f"{way}, {each.name.lower()}", crm.tries_spelling(name, each, upper_names))
        for each in TRIED
    )
    return Inquiry(tuple(tries), _of_spellings(name))


def _rows(invoice_ids: Sequence[int]) -> Inquiry:
    method = "crm.item.productrow.list"
    lists = crm.product_rows(list(invoice_ids)).page() if invoice_ids else None
    alone = crm.product_rows(invoice_ids[-1]).page() if invoice_ids else None
    return Inquiry((Try(method, "list of owners", lists), Try(method, "one owner", alone)), _of_rows)


def _invoices_alone() -> Question[Page]:
    return crm.invoices(Written({f"!={RECURRING}": "Y"}, ["id"])).page()


def _some_invoices() -> Question[Page]:
    return crm.invoices(Written({}, ["id", "companyId", "contactId", "createdTime"])).page()


# --- reading ------------------------------------------------------------------------------------------------------


def _or_none(ask: Callable[[], Any]) -> Any:
    """The answer; None for a refusal. Raises PortalBusyError: there may be an answer in the next request."""
    try:
        return ask()
    except PortalBusyError:
        raise
    except AppError:
        return None


def _numbers(records: Iterable[Raw], name: str) -> tuple[int, ...]:
    """Those above 0, each once, no more than a question may hold."""
    found = dict.fromkeys(whole(each.get(name)) for each in records)
    return tuple(number for number in found if number)[:PAGE]


def _version(info: Mapping[str, Any]) -> str:
    version = str(info.get("VERSION") or "")
    kind = "box" if str(info.get("LICENSE") or "").endswith("_selfhosted") else "cloud"
    return f"{kind}, version {version if _VERSION.fullmatch(version) else 'not told'}"


def _right(profile: Profile) -> str:
    return "administrator" if profile.is_admin else "no administrator"


def _offset(page: Page) -> str:
    told = [_OFFSET.search(str(each.get("createdTime") or "")) for each in page.items]
    return ", ".join(sorted({f"offset {each.group()}" for each in told if each}))
