"""What counts as a problem: a table of checks, each a small function from one examined invoice to its problems.

A new rule is a new function and a line in ``CHECKS`` (the invoice itself) or in ``checks_of_rows.ROW_CHECKS`` (its
product rows). A message says what is wrong and what to do in the portal. Source of the list: contract §4 and the issue
on the workbook.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bitrix_app.processing import words
from bitrix_app.processing.inn import inn_fault, kpp_fault
from bitrix_app.processing.model import Problem, ProcessedInvoice
from bitrix_app.processing.reading import shown


@dataclass(frozen=True, slots=True)
class Examined:
    """An invoice as it was read, with what the checks must know beyond its row.

    - ``has_requisite``: its ИНН and КПП come from a requisite, its name too if ``requisite_has_name``; ``has_buyer``:
      it names a company or contact.
    - ``complained``: columns whose value could not be read, which is a problem of its own already.
    - ``date_column``: where the chosen date stands, in the workbook's words.
    - ``amount_by_hand``: the portal's ``isManualOpportunity``: the sum does not follow the product rows.
    - ``rows_asked`` and ``rows_refused``: product rows belong to this report; the portal did not show them.
    - ``stage_missing``: its stage is not among the stages of this portal.
    """

    invoice: ProcessedInvoice
    has_requisite: bool = False
    requisite_has_name: bool = False
    has_buyer: bool = False
    complained: frozenset[str] = frozenset()
    date_column: str = words.INVOICE_DATE
    amount_by_hand: bool = False
    rows_asked: bool = False
    rows_refused: bool = False
    stage_missing: bool = False


Check = Callable[[Examined], list[Problem]]


def has_id(examined: Examined) -> list[Problem]:
    """The portal names every invoice by an id; without one nothing that belongs to it can be found."""
    if examined.invoice.id is not None:
        return []
    return [Problem(words.NUMBER, "Портал не назвал ID счёта: реквизиты и товары не найти. Сформируйте отчёт снова.")]


def has_number(examined: Examined) -> list[Problem]:
    """An invoice has a number."""
    if examined.invoice.number is not None or words.NUMBER in examined.complained:
        return []
    return [Problem(words.NUMBER, "Нет номера. Заполните номер в карточке счёта.")]


def has_counterparty(examined: Examined) -> list[Problem]:
    """There is somebody to bill, with a requisite and a name."""
    name = examined.invoice.counterparty
    if examined.requisite_has_name:
        message = ""
    elif examined.has_requisite:
        instead = "" if name is None else ", показано название из карточки клиента"
        message = f"В реквизитах нет названия{instead}. Заполните его в реквизитах клиента."
    elif name is not None or examined.has_buyer:
        message = "Нет реквизитов. Добавьте реквизиты в карточку клиента и выберите их в счёте."
    else:
        message = "Не указан клиент. Выберите в счёте компанию или контакт с реквизитами."
    return [Problem(words.COUNTERPARTY, message)] if message else []


def inn_is_right(examined: Examined) -> list[Problem]:
    """A requisite has an ИНН of 10 or 12 digits with right check digits."""
    inn = examined.invoice.inn
    if inn is None:
        message = "В реквизитах нет ИНН. Заполните ИНН в реквизитах клиента." if examined.has_requisite else ""
    else:
        fault = inn_fault(inn)
        message = f"Неверный ИНН {shown(inn)}: {fault}. Исправьте ИНН в реквизитах клиента." if fault else ""
    return [Problem(words.INN, message)] if message else []


def kpp_is_right(examined: Examined) -> list[Problem]:
    """A КПП, where there is one, has its form."""
    kpp = examined.invoice.kpp
    fault = kpp_fault(kpp) if kpp is not None else None
    if fault is None:
        return []
    return [Problem(words.KPP, f"Неверный КПП {shown(kpp)}: {fault}. Исправьте КПП в реквизитах клиента.")]


def has_amount(examined: Examined) -> list[Problem]:
    """An invoice has a sum, 0 included."""
    if examined.invoice.amount is not None or words.AMOUNT in examined.complained:
        return []
    return [Problem(words.AMOUNT, "Нет суммы: в итогах она считается за 0. Заполните сумму в карточке счёта.")]


def has_currency(examined: Examined) -> list[Problem]:
    """A sum has a currency."""
    if examined.invoice.currency is not None or words.CURRENCY in examined.complained:
        return []
    return [Problem(words.CURRENCY, "Нет валюты: счёт попал в отдельный итог. Выберите валюту в карточке счёта.")]


def has_dates(examined: Examined) -> list[Problem]:
    """The date that the period goes by is set, and so is the date of the invoice."""
    dates = {words.INVOICE_DATE: examined.invoice.invoice_date, examined.date_column: examined.invoice.date}
    empty = (column for column, day in dates.items() if day is None and column not in examined.complained)
    return [Problem(column, "Нет даты. Заполните это поле в карточке счёта.") for column in empty]


def stage_is_known(examined: Examined) -> list[Problem]:
    """The invoice stands in a stage of this portal."""
    if not examined.stage_missing:
        return []
    stage = shown(examined.invoice.stage_id)
    return [Problem(words.STAGE, f"Стадия {stage} не найдена: её удалили. Выберите стадию в карточке счёта.")]


CHECKS: tuple[Check, ...] = (
    has_id,
    has_number,
    inn_is_right,
    has_counterparty,
    has_amount,
    has_currency,
    has_dates,
    stage_is_known,
    kpp_is_right,
)
