"""The portal as a report reads it, as Protocols; ``bitrix_app.bitrix24.Bitrix24Client`` implements them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

Raw = Mapping[str, Any]


class Page(Protocol):
    """Up to 50 records in the order of their ids; ``total`` only where the portal was asked to count."""

    @property
    def items(self) -> Sequence[dict[str, Any]]: ...

    @property
    def total(self) -> int | None: ...


class PortalReader(Protocol):
    """The portal's methods that a report calls. Every method may raise children of PortalError."""

    def invoice_page(
        self,
        *,
        filter: Mapping[str, Any],
        select: Sequence[str],
        after_id: int | None,
        counted: bool,
    ) -> Page: ...

    def count_invoices(self, filter: Mapping[str, Any]) -> int: ...

    def product_row_page(self, invoice_ids: Sequence[int], *, after_id: int | None, counted: bool) -> Page: ...

    def requisite_links(self, invoice_ids: Sequence[int]) -> Sequence[Raw]: ...

    def requisites(self, ids: Sequence[int]) -> Sequence[Raw]: ...

    def requisites_of(self, entity_type_id: int, entity_ids: Sequence[int]) -> Sequence[Raw]: ...

    def companies(self, ids: Sequence[int]) -> Sequence[Raw]: ...

    def contacts(self, ids: Sequence[int]) -> Sequence[Raw]: ...

    def users(self, ids: Sequence[int]) -> Sequence[Raw]: ...
