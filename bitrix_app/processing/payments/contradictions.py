"""What contradicts itself in the payment of an invoice, where a source tells an amount. Source: contract §6."""

from __future__ import annotations

from bitrix_app.processing.fields import FIELDS
from bitrix_app.processing.model import Problem, ProcessedInvoice
from bitrix_app.processing.money import money_in_words
from bitrix_app.processing.payments.amounts import outstanding, overpaid
from bitrix_app.processing.payments.sources import PAID_AMOUNT
from bitrix_app.texts import tr


def contradictions(invoice: ProcessedInvoice, *, succeeded: bool, dated: bool) -> list[Problem]:
    """Paid more than the sum; ``succeeded``: on a successful stage, with a remainder; ``dated``: with a payment date,
    and nothing paid. Nothing where payment date or stage alone decide: they cannot be at odds with an amount."""
    if invoice.paid_amount is None:
        return []
    found, left = [], outstanding(invoice)
    if more := overpaid(invoice):
        figures = tr(
            "{paid_amount} при сумме {amount}",
            paid_amount=money_in_words(invoice.paid_amount),
            amount=money_in_words(invoice.amount or more),
        )
        message = tr(
            "Оплачено больше суммы счёта: {figures}, переплата {more}.", figures=figures, more=money_in_words(more)
        )
        found.append(Problem(PAID_AMOUNT, tr("{message} Проверьте сумму счёта и оплату.", message=message)))
    if succeeded and left:
        message = tr(
            "Стадия успешная, а остаток {left}: счёт считается неоплаченным до конца.", left=money_in_words(left)
        )
        found.append(
            Problem(FIELDS["stage_id"].title, tr("{message} Проверьте оплату или исправьте стадию.", message=message))
        )
    if dated and left and not invoice.paid_amount:
        message = tr("Дата оплаты стоит, а ничего не оплачено: счёт считается неоплаченным.")
        found.append(
            Problem(FIELDS["paid_date"].title, tr("{message} Проверьте оплаченную сумму и дату.", message=message))
        )
    return found
