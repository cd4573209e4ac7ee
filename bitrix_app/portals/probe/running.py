"""Running a probe: each question of the app once, in every spelling and with every fall-back, reading only.

For what no source settles: which spelling of a filter is taken, whether lists of owners are answered, where the server
stands. Its lines name nobody: methods, codes, times and numbers of records.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from bitrix_app.bitrix24 import Bitrix24Client, CallRecord, Page, Question, Wait
from bitrix_app.bitrix24.session import RETRIES
from bitrix_app.errors import AppError, PortalBusyError
from bitrix_app.portals.cache import PortalCache
from bitrix_app.portals.clients import PortalClients
from bitrix_app.portals.probe.inquiries import inquiries, read_sample
from bitrix_app.portals.probe.rows import Inquiry, Outcome, Reply, Row, Try
from bitrix_app.portals.waiting import Deadline, request_deadline
from bitrix_app.settings import OAUTH_ROOTS
from bitrix_app.storage import INSTALL, PortalRecord

MOST_REQUESTS = 60
TIME_LEFT = 5.0
"""Seconds of a web request that must be left for one more inquiry."""
COMMAND_SECONDS = 300.0
SAMPLE_SECONDS = 600.0


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
        self._samples = PortalCache(SAMPLE_SECONDS)

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
        sample = self._samples.get(portal, user_id, lambda: read_sample(client))
        client.habits.spellings.learn(sample.fields)
        return run(client, meter, inquiries(portal, user_id, sample), start, has_time)


def heading(portal: PortalRecord) -> str:
    """The first line of the text: what is known of the portal without asking it."""
    root = portal.oauth_root or ""
    server = urlsplit(root).hostname if root in OAUTH_ROOTS else "another" if root else "not known"
    return f"probe | authorization server: {server} | scopes: {', '.join(sorted(portal.scopes))}\n"


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
