"""Faults on demand: what a call is answered with instead of the truth, and when.

portal.faults.at(3, Fault.html(502))                                # the third call from now
portal.faults.at(2, Fault.drop(), method="crm.item.list", times=2)  # the 2nd and 3rd call of a method
portal.faults.always(Fault.error("OVERLOAD_LIMIT"))
portal.faults.last(Fault.cut(), method="crm.item.list")             # the page that ends a list
portal.faults.before(2, remove_an_invoice, method="crm.item.list")  # data that change while being read
portal.faults.clear()

A rule that names a method counts the commands of batches among its calls; one for any method counts requests.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from demo_portal.errors import PortalFault
from demo_portal.faults import corruption
from demo_portal.faults.exchange import Exchange
from demo_portal.server.http import Reply, json_reply


@dataclass(frozen=True, slots=True)
class Fault:
    """What to answer with. Made by the methods below."""

    name: str
    answer: Callable[[Exchange], Reply]

    @staticmethod
    def drop() -> Fault:
        """The connection is closed without an answer (the call was not carried out)."""
        return Fault("drop", lambda _: Reply(drop=True))

    @staticmethod
    def drop_after() -> Fault:
        """The call is carried out, but its answer is lost: the connection is closed."""
        return Fault("drop_after", lambda exchange: (exchange.truth(), Reply(drop=True))[1])

    @staticmethod
    def hang(seconds: float | None = None) -> Fault:
        """No answer until ``faults.release()`` (or ``seconds``), then the connection is closed."""

        def answer(exchange: Exchange) -> Reply:
            exchange.wait(seconds)
            return Reply(drop=True)

        return Fault("hang", answer)

    @staticmethod
    def slow(seconds: float) -> Fault:
        """The right answer, ``seconds`` late."""

        def answer(exchange: Exchange) -> Reply:
            exchange.wait(seconds)
            return exchange.truth()

        return Fault("slow", answer)

    @staticmethod
    def status(status: int, body: bytes = b"", content_type: str = "text/plain") -> Fault:
        """Any status with any body."""
        return Fault(f"status {status}", lambda _: Reply(status, body, content_type))

    @staticmethod
    def html(status: int = 502) -> Fault:
        """A proxy's HTML page: 502 by default, 200 for a page where JSON should be."""
        page = f"<html><head><title>{status}</title></head><body><center><h1>{status}</h1></center></body></html>"
        return Fault(f"html {status}", lambda _: Reply(status, page.encode(), "text/html; charset=utf-8"))

    @staticmethod
    def error(code: str, description: str = "", status: int | None = None) -> Fault:
        """An error in the portal's own form; the usual status of ``code`` unless one is given."""
        failure = PortalFault(code, description, status)
        body = {"error": failure.code, "error_description": failure.description}
        return Fault(f"error {code}", lambda _: json_reply(body, failure.status))

    @staticmethod
    def json(value: Any, status: int = 200) -> Fault:
        """Any JSON as the whole body: a wrong shape."""
        return Fault("json", lambda _: json_reply(value, status))

    @staticmethod
    def result(value: Any) -> Fault:
        """The right answer, but with ``value`` in the place of its ``result``."""
        return Fault("result", lambda exchange: json_reply({**(exchange.value() or {}), "result": value}))

    @staticmethod
    def edit(change: Callable[[dict[str, Any]], None]) -> Fault:
        """The right answer after ``change`` has altered it in place (a copy: the data stay as they are)."""
        return Fault("edit", lambda exchange: json_reply(corruption.edited(exchange.value(), change)))

    @staticmethod
    def cut(share: float = 0.5) -> Fault:
        """The right answer, of which only a part arrives before the connection closes."""
        return Fault("cut", lambda exchange: corruption.cut(exchange.truth(), share))

    @staticmethod
    def short_json(share: float = 0.5) -> Fault:
        """Half a JSON that pretends to be whole (its length is right)."""
        return Fault("short_json", lambda exchange: corruption.shortened(exchange.truth(), share))

    @staticmethod
    def huge(megabytes: int = 200, *, announced: bool = True) -> Fault:
        """A valid JSON of that size; ``announced=False`` sends no Content-Length."""
        return Fault("huge", lambda exchange: corruption.huge(exchange, megabytes, announced=announced))

    @staticmethod
    def drip(seconds: float = 0.5, size: int = 1) -> Fault:
        """The right answer, ``size`` bytes every ``seconds``."""
        return Fault("drip", lambda exchange: corruption.drip(exchange, seconds, size))

    @staticmethod
    def redirect(location: str, status: int = 302) -> Fault:
        """A redirect, as a portal that has moved gives."""
        return Fault("redirect", lambda _: Reply(status, b"", "text/html", {"Location": location}))

    @staticmethod
    def endless() -> Fault:
        """A list that never ends: every page is full, its ids always grow."""
        models: list[Any] = []
        return Fault(
            "endless",
            lambda exchange: json_reply(
                corruption.edited(exchange.value(), lambda it: corruption.fill(it, exchange.params, models))
            ),
        )

    @staticmethod
    def same_page() -> Fault:
        """A list that gives its first page again and again, whatever is asked."""
        kept: list[dict[str, Any]] = []

        def answer(exchange: Exchange) -> Reply:
            if not kept:
                kept.append(corruption.edited(exchange.value(), lambda value: corruption.fill(value, {}, [])))
            return json_reply(kept[0])

        return Fault("same_page", answer)


@dataclass(slots=True)
class _Rule:
    method: str | None
    first: int
    times: int | None
    fault: Fault | None = None
    do: Callable[[], object] | None = None
    last: bool = False
    when: Callable[[str, Mapping[str, Any]], bool] | None = None
    seen: int = 0

    def fires(self, method: str, params: Mapping[str, Any], *, in_batch: bool = False) -> bool:
        """Count this call; whether the rule applies to it. A command of a batch is none of "any" calls."""
        if self.method not in {None, method} or (self.when and not self.when(method, params)):
            return False
        if in_batch and self.method is None and self.when is None:
            return False
        self.seen += 1
        return self.seen >= self.first and (self.times is None or self.seen < self.first + self.times)


@dataclass(slots=True)
class FaultPlan:
    """The faults of one portal (or of the authorization server). Calls are counted from when a rule is added."""

    fired: list[tuple[str, str]] = field(default_factory=list)
    """``(fault, method)`` for each fault that was given, in order."""
    _rules: list[_Rule] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _held: threading.Event = field(default_factory=threading.Event)

    def at(self, call: int, fault: Fault, *, method: str | None = None, times: int = 1) -> None:
        """The ``call``-th call (1 is the next one) of ``method`` (None: of any) and the ``times`` - 1 after it."""
        self._add(_Rule(method, call, times, fault))

    def always(self, fault: Fault, *, method: str | None = None, after: int = 0) -> None:
        """Every call, once ``after`` calls have gone well."""
        self._add(_Rule(method, after + 1, None, fault))

    def when(
        self, test: Callable[[str, Mapping[str, Any]], bool], fault: Fault, *, call: int = 1, times: int | None = 1
    ) -> None:
        """The ``call``-th call for which ``test(method, params)`` holds; ``times`` None: and all later ones."""
        self._add(_Rule(None, call, times, fault, when=test))

    def last(self, fault: Fault, *, method: str | None = None, times: int = 1) -> None:
        """The call whose answer ends a list (fewer than 50 records, no ``next``)."""
        self._add(_Rule(method, 1, times, fault, last=True))

    def before(self, call: int, do: Callable[[], object], *, method: str | None = None, times: int | None = 1) -> None:
        """Run ``do()`` just before the ``call``-th call is answered (``times`` None: and before all later ones)."""
        self._add(_Rule(method, call, times, do=do))

    def clear(self) -> None:
        """Forget all rules and let go of calls that hang."""
        with self._lock:
            self._rules.clear()
        self.release()

    def release(self) -> None:
        """Let go of every call that hangs, drips or is slow."""
        self._held.set()
        self._held = threading.Event()

    def _add(self, rule: _Rule) -> None:
        with self._lock:
            self._rules.append(rule)

    def answer(
        self,
        method: str,
        params: Mapping[str, Any],
        truth: Callable[[], Reply],
        value: Callable[[], dict[str, Any] | None],
    ) -> Reply:
        """The answer to a call: ``truth()``, unless a rule says otherwise."""
        return self.instead(method, params, truth, value) or truth()

    def instead(
        self,
        method: str,
        params: Mapping[str, Any],
        truth: Callable[[], Reply],
        value: Callable[[], dict[str, Any] | None],
        *,
        in_batch: bool = False,
    ) -> Reply | None:
        """What a rule has in the place of the answer to a call, or to a command of a batch; None for the truth."""
        if not self._rules:
            return None
        with self._lock:
            due = [rule for rule in self._rules if not rule.last and rule.fires(method, params, in_batch=in_batch)]
            last = [rule for rule in self._rules if rule.last]
        for rule in due:
            if rule.do is not None:
                rule.do()
        fault = next((rule.fault for rule in due if rule.fault is not None), None)
        if fault is None and last and corruption.ends_list(value()):
            with self._lock:
                fault = next((rule.fault for rule in last if rule.fires(method, params, in_batch=in_batch)), None)
        if fault is None:
            return None
        held = self._held  # before it is told: whoever hears of it may let go at once
        self.fired.append((fault.name, method))
        return fault.answer(Exchange(method, params, truth, value, held))
