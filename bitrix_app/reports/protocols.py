"""The portal as a report reads it, as Protocols; ``bitrix_app.bitrix24.Bitrix24Client`` implements them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any, ParamSpec, Protocol, TypeVar

from bitrix_app.processing import Raw

P = ParamSpec("P")
Q = TypeVar("Q")
A = TypeVar("A")


class Page(Protocol):
    """Some 50 records in the order of their ids; ``total`` only where the portal was asked to count."""

    @property
    def items(self) -> Sequence[dict[str, Any]]: ...

    @property
    def total(self) -> int | None: ...


class Run(Protocol):
    """How the questions of one look-up are asked: ``map`` asks one after another, a pool of threads several at once."""

    def __call__(self, ask: Callable[[Q], A], questions: Iterable[Q], /) -> Iterable[A]: ...


class Plan(Protocol):
    """What the portal's plan lets reports call (``storage.Plan``): ``background`` calls at once, then one each
    ``interval`` seconds."""

    @property
    def background(self) -> int: ...

    @property
    def interval(self) -> float: ...


class Crew(Protocol):
    """The tasks of one report, in pools of ``threads`` threads: one for single calls, one for chains of them. What they
    ask at the same time may go together."""

    @property
    def threads(self) -> tuple[int, int]: ...

    def start(
        self, pool: ThreadPoolExecutor, call: Callable[P, A], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[A]: ...

    def waits(self, future: Future[Any], /) -> AbstractContextManager[None]: ...


class PortalReader(Protocol):
    """What a report asks of the portal. Every method may raise children of PortalError."""

    def together(self) -> AbstractContextManager[Crew]: ...

    def invoices(self, *, filter: Mapping[str, Any], select: Sequence[str], outline: Any = None) -> Iterator[Page]: ...

    def invoice_page(self, *, filter: Mapping[str, Any], select: Sequence[str], counted: bool) -> Page: ...

    def count_invoices(self, filter: Mapping[str, Any]) -> int: ...

    def can_filter_by(self, field: str) -> bool: ...

    def visible_invoices(self, ids: Sequence[int]) -> Sequence[Raw]: ...

    def product_rows(self, invoice_ids: Sequence[int]) -> Iterator[Page]: ...

    def owners_together(self, rows: float, spread: float) -> int: ...

    def product_rows_of(self, invoice_id: int) -> Iterator[Page]: ...

    @property
    def owner_lists(self) -> bool | None: ...

    def learn_owner_lists(self, *, answered: bool) -> None: ...

    def latest_invoices(self, *, filter: Mapping[str, Any], select: Sequence[str]) -> Sequence[dict[str, Any]]: ...

    def payments(self, invoice_id: int) -> Sequence[Raw]: ...

    def requisite_links(self, invoice_ids: Sequence[int]) -> Sequence[Raw]: ...

    def requisites(self, ids: Sequence[int], run: Run) -> Sequence[Raw]: ...

    def company_requisites(self, company_ids: Sequence[int], run: Run = map) -> Sequence[Raw]: ...

    def contact_requisites(self, contact_ids: Sequence[int], run: Run) -> Sequence[Raw]: ...

    def companies(self, ids: Sequence[int], run: Run = map) -> Sequence[Raw]: ...

    def deals(self, ids: Sequence[int], run: Run) -> Sequence[Raw]: ...

    def contacts(self, ids: Sequence[int], run: Run) -> Sequence[Raw]: ...

    def users(self, ids: Sequence[int], run: Run = map) -> Sequence[Raw]: ...
