"""Problems that no invoice shows by itself: numbers that stand twice, clients that the portal did not show.

Each is a gatherer: ``add`` every invoice of the register, then ask ``problems_of`` for each.
"""

from __future__ import annotations

import re

from bitrix_app.processing.columns import COUNTERPARTY, NUMBER
from bitrix_app.processing.model import Problem, ProcessedInvoice
from bitrix_app.processing.parsing import shown
from bitrix_app.texts import tr

NAMED = 5
"""How many other invoices a problem names."""
LONGEST_NUMBER = 100
"""Characters of an invoice's number in the portal's table; longer ones are not compared, for all are in memory."""


class HiddenClients:
    """Says once of all invoices that their clients' cards were not shown: the first that was added says it."""

    def __init__(self) -> None:
        self._first: int | None = None
        self._others: list[str] = []
        self._more = 0

    def add(self, invoice: ProcessedInvoice) -> None:
        """Notes an invoice whose client was not shown; one without id is left out."""
        if not invoice.client_hidden or invoice.id is None:
            return
        if self._first is None:
            self._first = invoice.id
        elif len(self._others) < NAMED:
            self._others.append(shown(invoice.number) if invoice.number else f"ID {invoice.id}")
        else:
            self._more += 1

    def problems_of(self, invoice: ProcessedInvoice) -> tuple[Problem, ...]:
        """The problem, where this invoice is the first of them."""
        if self._first is None or invoice.id != self._first:
            return ()
        more = tr(" и ещё {count}", count=self._more) if self._more else ""
        others = (
            tr(" То же у счетов: {others}{more}.", others=", ".join(self._others), more=more) if self._others else ""
        )
        message = tr(
            "Портал не показал карточку клиента: нет права её видеть или её удалили, реквизиты неизвестны. "
            "Попросите администратора CRM дать доступ; если карточки больше нет, выберите клиента в счёте "
            "заново.{others}",
            others=others,
        )
        return (Problem(COUNTERPARTY.title, message),)


_CYRILLIC_TWINS = str.maketrans("ABCEHKMOPTXYaceopxy", "АВСЕНКМОРТХУасеорху")
_LEADING_ZEROS = re.compile(r"(?<![0-9])0+(?=[0-9])")

_Series = tuple[int | None, int | None]
"""Own company and year of the invoice's date: numbers begin anew each year, so the same one a year later is right."""


class DuplicateNumbers:
    """Finds numbers that stand on several invoices of one own company in one year, also written a little otherwise.

    Numbers look alike that differ in spaces, leading zeros, letters that Cyrillic and Latin share in looks.
    First ``add`` every invoice of the register, then ask ``problems_of`` for each: 100,000 invoices take about 20 MB.
    """

    def __init__(self) -> None:
        self._first: dict[_Series, dict[str, int]] = {}
        self._repeated: dict[tuple[_Series, str], list[int]] = {}
        self._written: dict[int, str] = {}

    def add(self, invoice: ProcessedInvoice) -> None:
        """Adds ``invoice`` to the index of numbers; without number or id it is left out, and with one that no portal
        holds."""
        number = _number(invoice)
        if number is None or invoice.id is None or len(number) > LONGEST_NUMBER:
            return
        series, looks = _series(invoice), _looks(number)
        if number != looks:
            self._written[invoice.id] = number
        first = self._first.setdefault(series, {}).setdefault(looks, invoice.id)
        if first != invoice.id:
            self._repeated.setdefault((series, looks), [first]).append(invoice.id)

    def problems_of(self, invoice: ProcessedInvoice) -> tuple[Problem, ...]:
        """The problems that name the other invoices with this number, and with one that looks like it; none when it
        stands alone."""
        number = _number(invoice)
        if number is None or not self._repeated:
            return ()
        looks = _looks(number)
        written = {
            each: self._written.get(each, looks)
            for each in self._repeated.get((_series(invoice), looks), ())
            if each != invoice.id
        }
        same = [f"ID {each}" for each, other in written.items() if other == number]
        alike = [f"{shown(other)} (ID {each})" for each, other in written.items() if other != number]
        messages = []
        if same:
            messages.append(
                tr(
                    "Такой же номер у других счетов: {same}. Оставьте номер одному счёту, другим дайте новые.",
                    same=_first_of(same),
                )
            )
        if alike:
            messages.append(
                tr(
                    "Похожий номер у других счетов: {alike}. Разница только в пробелах, нулях в начале или похожих "
                    "буквах: проверьте, не один ли это номер.",
                    alike=_first_of(alike),
                )
            )
        return tuple(Problem(NUMBER.title, message) for message in messages)


def _series(invoice: ProcessedInvoice) -> _Series:
    return invoice.mycompany_id, invoice.invoice_date.year if invoice.invoice_date else None


def _first_of(twins: list[str]) -> str:
    more = tr(" и ещё {count}", count=len(twins) - NAMED) if len(twins) > NAMED else ""
    return ", ".join(twins[:NAMED]) + more


def _looks(number: str) -> str:
    """What a number looks like: without spaces and leading zeros, letters of one alphabet."""
    return _LEADING_ZEROS.sub("", "".join(number.split()).translate(_CYRILLIC_TWINS))


def _number(invoice: ProcessedInvoice) -> str | None:
    return invoice.number.strip() if invoice.number is not None else None
