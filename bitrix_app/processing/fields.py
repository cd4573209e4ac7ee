"""The fields of one raw invoice, each read on its own: a bad date does not cost the sum.

Source: the portal's page ``api-reference/crm/universal/object-fields`` (invoice).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from bitrix_app.processing import words
from bitrix_app.processing.dates import date_of, is_set
from bitrix_app.processing.model import Problem, Raw
from bitrix_app.processing.money import money_of
from bitrix_app.processing.reading import UnreadableError, id_of, text_of

T = TypeVar("T")


class InvoiceFields:
    """What one raw invoice says. ``None`` is empty or unreadable; ``problems`` names the unreadable ones.

    ``vat`` is money above or below 0; ``without_vat`` is a ``taxValue`` that is empty or 0. ``dates`` are keyed by
    the invoice's field.
    """

    def __init__(self, raw: Raw, date_columns: Mapping[str, str]) -> None:
        self._raw = raw
        self.problems: list[Problem] = []
        self.id = id_of(raw.get("id"))
        self.number = self._read(words.NUMBER, text_of, "accountNumber")
        self.amount = self._read(words.AMOUNT, money_of, "opportunity")
        self.vat = self._read(words.VAT, money_of, "taxValue") or None
        self.without_vat = self.vat is None and words.VAT not in self.complained()
        self.currency = self._read(words.CURRENCY, text_of, "currencyId")
        self.stage_id = self._read(words.STAGE, text_of, "stageId")
        self.dates = {field: self._read(column, date_of, field) for field, column in date_columns.items()}
        self.responsible_id = id_of(raw.get("assignedById"))
        self.mycompany_id = id_of(raw.get("mycompanyId"))
        self.amount_by_hand = raw.get("isManualOpportunity") == "Y"

    def is_set(self, date_field: str) -> bool:
        """Whether a date field holds anything at all, readable or not."""
        return is_set(self._raw.get(date_field))

    def complained(self) -> frozenset[str]:
        """The columns whose value could not be read."""
        return frozenset(problem.field for problem in self.problems)

    def _read(self, column: str, read: Callable[[Any], T | None], field: str) -> T | None:
        try:
            return read(self._raw.get(field))
        except UnreadableError as error:
            self.problems.append(Problem(column, f"Не читается значение {error}. Исправьте это поле в карточке счёта."))
            return None
