"""Receivables: who owes how much on a day, and since when. Pure arithmetic on processed invoices.

``ageing`` is about one invoice, ``totals`` about all of them, ``columns`` about the tables' columns.
"""

from bitrix_app.processing.receivables.ageing import DUE_FROM, EARLY_DUE_DAY, NO_DUE_DAY, Terms, due_in_words, with_debt
from bitrix_app.processing.receivables.totals import DebtorTotal, DebtTotal, ReceivablesTotals, debtor_key

__all__ = [
    "DUE_FROM",
    "EARLY_DUE_DAY",
    "NO_DUE_DAY",
    "DebtTotal",
    "DebtorTotal",
    "ReceivablesTotals",
    "Terms",
    "debtor_key",
    "due_in_words",
    "with_debt",
]
