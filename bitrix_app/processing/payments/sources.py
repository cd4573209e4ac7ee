"""The sources of the paid amount: the payment date or stage, a field of the invoice, the portal's payments.

Sources: contract §6; the portal's pages ``crm-item-payment-list`` (``paid``, ``datePaid``, ``sum``, ``currency``) and
``crm-userfield-types`` (money comes as ``100.50|RUB``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from bitrix_app.processing.model import FieldMapping, Problem, ProcessingContext, Raw, Stage
from bitrix_app.processing.money import ZERO, money_in_words, money_of
from bitrix_app.processing.parsing import UnreadableError, date_of, moment_reader, text_in
from bitrix_app.texts import tr

BY_FIELD, BY_PAYMENTS = "field", "payments"
PAID_AMOUNT = "Оплачено"
"""The title that problems of the paid amount stand under."""
PAYMENT_FIELDS = ("paid", "datePaid", "sum", "currency")
"""What is read of a payment."""


@dataclass(slots=True)
class Paid:
    """What a source tells of one invoice: ``amount`` in its currency, ``None`` where it tells none and the payment date
    or stage decides; ``day``: of the last payment, where the source tells days. ``tells_day``: it does."""

    amount: Decimal | None = None
    day: date | None = None
    tells_day: bool = False
    problems: list[Problem] = field(default_factory=list)

    def covers(self, amount: Decimal | None) -> bool:
        """Whether that is all of the sum; of an unknown sum nobody knows."""
        return self.amount is not None and amount is not None and self.amount >= amount


def paid_of(raw: Raw, invoice_id: int | None, amount: Decimal | None, context: ProcessingContext) -> Paid:
    """What the source of this portal tells of one raw invoice of this sum. Raises nothing for what the portal may send.

    Into a sum below 0 (a correction) nothing is paid: the payment date or stage tells whether it is settled.
    """
    found = _told(raw, invoice_id, context)
    is_settled_by_date = amount is not None and amount < 0 and not found.amount
    return Paid(problems=found.problems) if is_settled_by_date else found


def _told(raw: Raw, invoice_id: int | None, context: ProcessingContext) -> Paid:
    mapping, currency = context.fields, text_in(raw, "currencyId")
    if mapping.payment_source == BY_FIELD and mapping.paid_amount_field:
        return _by_field(raw.get(mapping.paid_amount_field), currency)
    payments = context.payments.get(invoice_id) if invoice_id is not None else None
    if mapping.payment_source == BY_PAYMENTS and payments is not None:
        return _by_payments(payments, currency, context)
    return Paid()


def is_open(raw: Raw, mapping: FieldMapping, stages: Mapping[str, Stage], as_of: date | None = None) -> bool:
    """Whether payment date and stage leave an invoice open at the end of the day, so that its payments are asked for.

    A payment date that cannot be read counts as set, as in the register.
    """
    name = mapping.paid_field
    if not name:
        stage = stages.get(str(raw.get("stageId") or ""))
        return stage is None or stage.semantics != "S"
    read = moment_reader(mapping.zone) if name in mapping.datetime_fields else date_of
    try:
        day = read(raw.get(name))
    except UnreadableError:
        return False
    return day is None or (as_of is not None and day > as_of)


def _by_field(value: Any, currency: str | None) -> Paid:
    found = Paid(ZERO)
    for each in _listed(value):
        amount, _, own_currency = each.partition("|") if isinstance(each, str) else (each, "", "")
        _add(found, amount, own_currency.strip() or None, currency)
    return found


def _by_payments(payments: Iterable[Raw], currency: str | None, context: ProcessingContext) -> Paid:
    """Those that were made; for a past day those up to it. One whose day is not known counts as early enough."""
    found = Paid(ZERO, tells_day=True)
    read = moment_reader(context.fields.zone)
    for each in payments:
        if each.get("paid") != "Y":
            continue
        try:
            day = read(each.get("datePaid"))
        except UnreadableError as error:
            found.problems.append(
                Problem(
                    PAID_AMOUNT,
                    tr("Не читается дата оплаты {error}: оплата учтена. Проверьте её в карточке счёта.", error=error),
                )
            )
            day = None
        if day is not None and context.as_of is not None and day > context.as_of:
            continue
        if _add(found, each.get("sum"), text_in(each, "currency"), currency) and day is not None:
            found.day = max(found.day or day, day)
    return found


def _add(found: Paid, value: Any, own_currency: str | None, currency: str | None) -> bool:
    """Adds an amount; one of another currency is not counted, a negative one counts as 0. → whether it was counted."""
    try:
        amount = money_of(value)
    except UnreadableError as error:
        found.problems.append(
            Problem(
                PAID_AMOUNT,
                tr("Не читается оплаченная сумма {error}: она не учтена. Исправьте её в карточке счёта.", error=error),
            )
        )
        return False
    if amount is None or amount == 0:
        return False
    if own_currency is not None and own_currency != currency:
        figure = f"{money_in_words(amount)} {own_currency}"
        message = tr(
            "Оплата в другой валюте не учтена: {figure}, счёт — {currency}. Проверьте оплату.",
            figure=figure,
            currency=currency or tr("без валюты"),
        )
        found.problems.append(Problem(PAID_AMOUNT, message))
        return False
    if amount < 0:
        message = tr(
            "Отрицательная оплата {amount} считается за 0. Исправьте её в карточке счёта.",
            amount=money_in_words(amount),
        )
        found.problems.append(Problem(PAID_AMOUNT, message))
        return False
    found.amount = (found.amount or ZERO) + amount
    return True


def _listed(value: Any) -> Sequence[Any]:
    """The values of a field that may hold several; PHP sends a list with gaps as an object."""
    if isinstance(value, Mapping):
        return list(value.values())
    if value is None or value is False or value == "":
        return ()
    return value if isinstance(value, list | tuple) else (value,)
