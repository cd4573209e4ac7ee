"""Where the paid amount comes from, in the words of the title block."""

from __future__ import annotations

from bitrix_app.processing.payments import BY_FIELD, BY_PAYMENTS
from bitrix_app.reports.request import ReportCatalog
from bitrix_app.texts import tr


def source_in_words(catalog: ReportCatalog, *, of_past_day: bool = False) -> str | None:
    """A sentence on the source; ``None`` for the usual one. ``of_past_day``: the report is of a day that has passed,
    and an amount in a field is what it is today."""
    fields = catalog.fields
    if fields.payment_source == BY_FIELD:
        title = fields.titles.get(fields.paid_amount_field or "") or fields.paid_amount_field
        today = tr(", сколько в нём стоит сейчас, а не на этот день") if of_past_day else ""
        return tr("Оплачено: по полю «{title}»{today}", title=title, today=today)
    if fields.payment_source == BY_PAYMENTS:
        name = fields.paid_field
        date_or_stage = (
            tr("поле «{title}» заполнено", title=fields.titles.get(name) or name) if name else tr("стадия успешная")
        )
        upto = tr(" не позже этого дня") if of_past_day else ""
        return tr(
            "Оплачено: целиком, где {date_or_stage}, иначе по оплатам счёта в Битрикс24{upto}",
            date_or_stage=date_or_stage,
            upto=upto,
        )
    return None
