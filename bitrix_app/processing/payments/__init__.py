"""What has been paid of an invoice: reckoned once, by the source that the portal has chosen, for register and
receivables alike.

``amounts`` is what follows for one processed invoice, ``sources`` how each source is read of the raw one.
"""

from bitrix_app.processing.payments.amounts import (
    is_paid,
    is_partly_paid,
    outstanding,
    overpaid,
    paid_amount,
    payment_status,
)
from bitrix_app.processing.payments.sources import (
    BY_FIELD,
    BY_PAYMENTS,
    PAID_AMOUNT,
    PAYMENT_FIELDS,
    Paid,
    is_open,
    paid_of,
)

__all__ = [
    "BY_FIELD",
    "BY_PAYMENTS",
    "PAID_AMOUNT",
    "PAYMENT_FIELDS",
    "Paid",
    "is_open",
    "is_paid",
    "is_partly_paid",
    "outstanding",
    "overpaid",
    "paid_amount",
    "paid_of",
    "payment_status",
]
