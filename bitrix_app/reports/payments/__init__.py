"""The portal's payments in a report: reading them, and saying where the paid amount comes from."""

from bitrix_app.reports.payments.reading import PaymentReader
from bitrix_app.reports.payments.words import source_in_words

__all__ = ["PaymentReader", "source_in_words"]
