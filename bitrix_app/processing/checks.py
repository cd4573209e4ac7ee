"""What counts as a problem: two tables of checks, each a small function from one examined invoice to its problems.

A new rule is a new function and a line in ``CHECKS`` (the invoice itself) or in ``ROW_CHECKS`` (its product rows).
What no invoice shows by itself is found in ``across.py``.
A message says what is wrong and what to do in the portal. Source: contract §4.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from bitrix_app.dates import is_thinkable
from bitrix_app.processing.columns import AMOUNT, COUNTERPARTY, CURRENCY, INN, KPP, NUMBER, STAGE, VAT
from bitrix_app.processing.counterparty import Counterparty, Preset
from bitrix_app.processing.countries import NUMBER_TITLES, RUSSIA, kpp_fault, number_fault
from bitrix_app.processing.fields import DUE_DATE, FIELDS, INVOICE_DATE, PRODUCT, RATE
from bitrix_app.processing.model import Field, Problem, ProcessedInvoice
from bitrix_app.processing.money import (
    CHANGED_RATES,
    REDUCED_RATES,
    ZERO,
    RateInForce,
    money_in_words,
    rate_in_words,
    smallest_unit,
)
from bitrix_app.processing.parsing import date_in_words, shown
from bitrix_app.texts import tr


@dataclass(frozen=True, slots=True)
class Examined:
    """An invoice as it was read, with what the checks must know beyond its row.

    - ``counterparty``: whom it bills, and what is known of their requisite.
    - ``sellers_country``: the own company's, by its requisite; ``None`` is unknown.
    - ``unreadable``: codes of the fields that could not be read, which is a problem of its own already.
    - ``date_field``: the field that the chosen date is read from.
    - ``amount_by_hand``: the portal's ``isManualOpportunity``: the sum does not follow the product rows.
    - ``rows_asked`` and ``rows_refused``: product rows belong to this report; the portal did not show them.
    - ``today``: the report's day.
    - ``clients_refused``: requisites or cards of its client were not shown, which is said of the whole report.
    - ``stage_missing``: its stage is not among the stages of this portal.
    """

    invoice: ProcessedInvoice
    counterparty: Counterparty
    sellers_country: int | None = None
    unreadable: Collection[str] = ()
    date_field: Field = INVOICE_DATE
    amount_by_hand: bool = False
    rows_asked: bool = False
    rows_refused: bool = False
    clients_refused: bool = False
    stage_missing: bool = False
    today: date | None = None


Check = Callable[[Examined], list[Problem]]


def has_id(examined: Examined) -> list[Problem]:
    """Reports a missing id: requisites and product rows of the invoice cannot be found without it."""
    if examined.invoice.id is not None:
        return []
    return [
        Problem(NUMBER.title, tr("Портал не назвал ID счёта: реквизиты и товары не найти. Сформируйте отчёт снова."))
    ]


def has_number(examined: Examined) -> list[Problem]:
    """Reports a missing number."""
    if examined.invoice.number is not None or NUMBER.code in examined.unreadable:
        return []
    return [Problem(NUMBER.title, tr("Нет номера. Заполните номер в карточке счёта."))]


def has_counterparty(examined: Examined) -> list[Problem]:
    """Reports a missing client, a client without requisite, a requisite without name."""
    name = examined.invoice.counterparty
    counterparty = examined.counterparty
    if counterparty.requisite_has_name:
        message = ""
    elif counterparty.has_requisite:
        instead = "" if name is None else tr(", показано название из карточки клиента")
        message = tr("В реквизитах нет названия{instead}. Заполните его в реквизитах клиента.", instead=instead)
    elif counterparty.has_buyer and (examined.clients_refused or counterparty.is_hidden):
        message = ""
    elif name is not None or counterparty.has_buyer:
        message = tr("Нет реквизитов. Добавьте реквизиты в карточку клиента и выберите их в счёте.")
    else:
        message = tr("Не указан клиент. Выберите в счёте компанию или контакт с реквизитами.")
    return [Problem(COUNTERPARTY.title, message)] if message else []


def inn_is_right(examined: Examined) -> list[Problem]:
    """Reports a requisite without its country's number (ИНН, УНП, БИН) where its owner must have one, and a number of
    the wrong form or with wrong check digits."""
    counterparty, inn = examined.counterparty, examined.invoice.inn
    known = NUMBER_TITLES.get(RUSSIA if counterparty.country is None else counterparty.country)
    if known is None:
        return []
    title = tr(known)
    if inn is None:
        needed = counterparty.has_requisite and counterparty.preset is not Preset.PERSON
        message = tr("В реквизитах нет {title}. Заполните {title} в реквизитах клиента.", title=title) if needed else ""
    else:
        fault = number_fault(inn, counterparty.country)
        message = (
            tr(
                "Неверный {title} {inn}: {fault}. Исправьте {title} в реквизитах клиента.",
                title=title,
                inn=shown(inn),
                fault=fault,
            )
            if fault
            else ""
        )
    return [Problem(INN.title, message)] if message else []


def kpp_is_right(examined: Examined) -> list[Problem]:
    """Reports a КПП of the wrong form where there must be one, of a Russian legal entity; a requisite may have none."""
    if not (examined.counterparty.is_russian and examined.counterparty.is_legal_entity):
        return []
    kpp = examined.invoice.kpp
    fault = kpp_fault(kpp) if kpp is not None else None
    if fault is None:
        return []
    return [
        Problem(
            KPP.title,
            tr("Неверный КПП {kpp}: {fault}. Исправьте КПП в реквизитах клиента.", kpp=shown(kpp), fault=fault),
        )
    ]


def has_amount(examined: Examined) -> list[Problem]:
    """Reports a missing sum; 0 is a sum."""
    if examined.invoice.amount is not None or AMOUNT.code in examined.unreadable:
        return []
    return [Problem(AMOUNT.title, tr("Нет суммы: в итогах она считается за 0. Заполните сумму в карточке счёта."))]


def has_currency(examined: Examined) -> list[Problem]:
    """Reports a missing currency."""
    if examined.invoice.currency is not None or CURRENCY.code in examined.unreadable:
        return []
    return [Problem(CURRENCY.title, tr("Нет валюты: счёт попал в отдельный итог. Выберите валюту в карточке счёта."))]


def has_dates(examined: Examined) -> list[Problem]:
    """Reports a missing date of the invoice, and a missing date of the field that the period goes by."""
    dates = {INVOICE_DATE.code: (INVOICE_DATE, examined.invoice.invoice_date)}
    dates[examined.date_field.code] = (examined.date_field, examined.invoice.date)
    empty = (field for field, day in dates.values() if day is None and field.code not in examined.unreadable)
    return [Problem(field.title, tr("Нет даты. Заполните это поле в карточке счёта.")) for field in empty]


def years_are_thinkable(examined: Examined) -> list[Problem]:
    """Reports dates whose year is a typing error (0206, 2062): long before any invoice, or far from today."""
    invoice = examined.invoice
    dates = {
        examined.date_field.title: invoice.date,
        INVOICE_DATE.title: invoice.invoice_date,
        FIELDS["shipped_date"].title: invoice.shipped_date,
        FIELDS["paid_date"].title: invoice.paid_date,
        DUE_DATE.title: invoice.due_date,
    }
    return [
        Problem(title, tr("Год похож на опечатку: {day}. Исправьте дату в карточке счёта.", day=date_in_words(day)))
        for title, day in dates.items()
        if day is not None and not is_thinkable(day, examined.today)
    ]


def stage_is_known(examined: Examined) -> list[Problem]:
    """Reports a stage that the portal no longer has."""
    if not examined.stage_missing:
        return []
    stage = shown(examined.invoice.stage_id)
    return [
        Problem(
            STAGE.title, tr("Стадия {stage} не найдена: её удалили. Выберите стадию в карточке счёта.", stage=stage)
        )
    ]


CHECKS: tuple[Check, ...] = (
    has_id,
    has_number,
    inn_is_right,
    has_counterparty,
    has_amount,
    has_currency,
    has_dates,
    years_are_thinkable,
    stage_is_known,
    kpp_is_right,
)


def rows_are_shown(examined: Examined) -> list[Problem]:
    """Reports product rows that the user has no right to read."""
    if not examined.rows_refused:
        return []
    message = tr("Портал не показал товары счёта: нет права их читать. Попросите администратора CRM дать доступ.")
    return [Problem(PRODUCT.title, message)]


def has_rows(examined: Examined) -> list[Problem]:
    """Reports an invoice without product rows, where they were read."""
    if not examined.rows_asked or examined.rows_refused or examined.invoice.product_rows:
        return []
    return [Problem(PRODUCT.title, tr("В счёте нет товаров. Добавьте товары в карточке счёта."))]


def amount_agrees_with_rows(examined: Examined) -> list[Problem]:
    """Reports a sum that differs from its product rows by more than rounding explains.

    Above its rows it may hold delivery, which the portal adds and the rows don't tell; taxes by location too.
    """
    amount, rows = examined.invoice.amount, examined.invoice.product_rows
    amounts = [row.amount for row in rows if row.amount is not None]
    if amount is None or not rows or len(amounts) < len(rows):
        return []
    total = sum(amounts, ZERO)
    by_location = (examined.invoice.vat or ZERO) if _taxed_by_location(examined.invoice) else ZERO
    if min(abs(amount - total), abs(amount - total - by_location)) <= _rounding(examined.invoice):
        return []
    figures = tr("{amount}, а товаров в нём на {total}", amount=money_in_words(amount), total=money_in_words(total))
    if amount > total >= ZERO:
        begin = tr("Сумма задана вручную") if examined.amount_by_hand else tr("Сумма счёта больше товаров")
        return [
            Problem(
                AMOUNT.title,
                tr(
                    "{begin}: {figures}. Возможно, в неё входит доставка, в товарах её нет.",
                    begin=begin,
                    figures=figures,
                ),
            )
        ]
    if examined.amount_by_hand:
        return [
            Problem(
                AMOUNT.title, tr("Сумма задана вручную: {figures}. Проверьте, что так и задумано.", figures=figures)
            )
        ]
    advice = tr("Пересохраните товары или исправьте сумму в карточке счёта.")
    return [
        Problem(
            AMOUNT.title, tr("Сумма счёта не сходится с товарами: {figures}. {advice}", figures=figures, advice=advice)
        )
    ]


def vat_agrees_with_rows(examined: Examined) -> list[Problem]:
    """Reports VAT that differs from its product rows by more than rounding explains; without VAT counts as 0.

    The VAT of delivery in the sum, and taxes by location, are not held against the rows.
    """
    invoice, rows = examined.invoice, examined.invoice.product_rows
    if not rows or (invoice.vat is None and not invoice.without_vat):
        return []
    if any(row.amount is None or row.tax_rate_unknown for row in rows) or _taxed_by_location(invoice):
        return []
    vat, total = invoice.vat or ZERO, sum((row.vat or ZERO for row in rows), ZERO)
    if abs(vat - total) <= _rounding(invoice):
        return []
    delivery = (invoice.amount or ZERO) - sum((row.amount or ZERO for row in rows), ZERO)
    if total < vat < total + delivery:
        return []
    in_invoice = tr("счёт без НДС") if invoice.without_vat else tr("в счёте {vat}", vat=money_in_words(vat))
    figures = tr("{in_invoice}, по товарам {total}", in_invoice=in_invoice, total=money_in_words(total))
    return [
        Problem(
            VAT.title,
            tr("НДС не сходится с товарами: {figures}. Проверьте ставки и пересохраните товары.", figures=figures),
        )
    ]


def _rounding(invoice: ProcessedInvoice) -> Decimal:
    """How much rounding can explain: half a unit of the currency's last decimal for each piece, whose price may have
    been rounded before it was multiplied, and for each row."""
    pieces = sum((abs(row.quantity or ZERO) for row in invoice.product_rows), ZERO)
    return (pieces + len(invoice.product_rows)) * smallest_unit(invoice.currency) / 2


def _taxed_by_location(invoice: ProcessedInvoice) -> bool:
    """Whether the portal reckons taxes by the client's location: the invoice has tax, none of its rows has a rate."""
    rows = invoice.product_rows
    return bool(invoice.vat and rows) and not any(row.tax_rate or row.tax_rate_unknown for row in rows)


def rates_are_in_force(examined: Examined) -> list[Problem]:
    """Reports rates of a Russian seller that were not in force on the shipping date; where it is unknown, on the
    invoice date, as a question within three months of the change: the goods may be shipped beyond it."""
    invoice = examined.invoice
    day = invoice.shipped_date or invoice.invoice_date
    if day is None or not _under_russian_law(examined):
        return []
    found = [each for each in CHANGED_RATES if each.rate in (invoice.tax_rates or ()) and not each.holds(day)]
    return [Problem(RATE.title, _not_in_force(each, day, shipped=invoice.shipped_date is not None)) for each in found]


def reduced_rate_stands_alone(examined: Examined) -> list[Problem]:
    """Reports 5 % or 7 % beside another rate than 0 % and «без НДС»: Russian law makes them a seller's only rate."""
    if not _under_russian_law(examined):
        return []
    rates = [rate for rate in examined.invoice.tax_rates or () if rate]
    if len(rates) < 2 or not REDUCED_RATES.intersection(rates):
        return []
    mixed = tr(" и ").join(map(rate_in_words, rates))
    message = tr(
        "В одном счёте ставки {mixed}: 5% и 7% с другими не сочетаются. Исправьте ставки товаров в счёте.", mixed=mixed
    )
    return [Problem(RATE.title, message)]


def _under_russian_law(examined: Examined) -> bool:
    """Whether the seller is Russian, or, where that is unknown, bills in roubles."""
    country = examined.sellers_country
    return country == RUSSIA or (country is None and examined.invoice.currency == "RUB")


def _not_in_force(changed: RateInForce, day: date, *, shipped: bool) -> str:
    when = tr("Отгрузка {day}", day=date_in_words(day)) if shipped else tr("Счёт от {day}", day=date_in_words(day))
    if not shipped and changed.is_near(day):
        law = tr("{when}, а ставка {rate} {held}", when=when, rate=rate_in_words(changed.rate), held=changed.in_words)
        shipping = tr("будет") if day < changed.first else tr("была")
        return tr("{law}. Отгрузка {shipping} при этой ставке?", law=law, shipping=shipping)
    return tr(
        "{when}, а ставка {rate} {held}. Исправьте ставку товаров в счёте.",
        when=when,
        rate=rate_in_words(changed.rate),
        held=changed.in_words,
    )


ROW_CHECKS: tuple[Check, ...] = (
    rows_are_shown,
    has_rows,
    amount_agrees_with_rows,
    vat_agrees_with_rows,
    rates_are_in_force,
    reduced_rate_stands_alone,
)
