"""The body that orders or estimates a report, of a period or of receivables on a day (contract §3 and §6), and the
saved set that keeps such a body."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from bitrix_app.errors import InvalidParametersError
from bitrix_app.jobs import DEFAULT_KIND, DUE_FROM, RECEIVABLES, refuse_others
from bitrix_app.texts import LANGUAGES
from bitrix_app.web.i18n import N_
from bitrix_app.web.i18n import translate as _
from bitrix_app.web.messages import reasons
from bitrix_app.web.schemas import (
    Borders,
    FiltersSchema,
    PlainText,
    StrictBoolean,
    StrictDate,
    StrictSchema,
    one_of,
    whole_number,
)

MOST_DUE_DAYS = 365
LONGEST_NAME = 80
"""Of a saved set."""
DUE_DAYS = N_("From 0 to 365 days.")


DueSchema = StrictSchema.from_dict(
    {
        "from": one_of(tuple(DUE_FROM), load_default="due_date"),
        "days": whole_number(0, MOST_DUE_DAYS, DUE_DAYS, load_default=0),
    },
    name="DueSchema",
)


class TermsSchema(FiltersSchema):
    """A report's body but for its days: filters, the kind, what receivables are reckoned by, and the name of the
    saved set that a register's columns come from, which it shows."""

    kind: fields.Field[str] = PlainText(40, load_default=DEFAULT_KIND)
    due = fields.Nested(DueSchema, allow_none=True, load_default=None)
    borders = Borders(allow_none=True, load_default=None)
    set_name = PlainText(LONGEST_NAME, allow_none=True, load_default=None)


class ReportSchema(TermsSchema):
    """``POST /reports``: the kind, the filters, the period (both dates included) or the day, and the id of
    an earlier report that this one is compared with; the language of its files. ``sample``: of
    invented invoices, whatever else is asked."""

    lang = one_of(LANGUAGES, allow_none=True, load_default=None)
    date_from = StrictDate(allow_none=True, load_default=None)
    date_to = StrictDate(allow_none=True, load_default=None)
    as_of = StrictDate(allow_none=True, load_default=None)
    compare_with = PlainText(40, allow_none=True, load_default=None)
    sample = StrictBoolean(load_default=False)

    @validates_schema
    def has_its_days(self, data: dict[str, Any], **kwargs: Any) -> None:  # noqa: ARG002 - marshmallow's signature
        """A register has both days of its period."""
        missing = [name for name in ("date_from", "date_to") if data[name] is None]
        if data["kind"] == DEFAULT_KIND and missing and not data["sample"]:
            raise ValidationError({name: [_("Missing data for required field.")] for name in missing})


class SavedParamsSchema(TermsSchema):
    """The conditions of a saved set; dates only where the period has no name. Receivables have no day: theirs is the
    day on which the set is used."""

    kind = one_of((DEFAULT_KIND, RECEIVABLES), load_default=DEFAULT_KIND)
    date_from = StrictDate(allow_none=True, load_default=None)
    date_to = StrictDate(allow_none=True, load_default=None)

    @validates_schema
    def is_of_one_kind(self, data: dict[str, Any], **kwargs: Any) -> None:  # noqa: ARG002 - marshmallow's signature
        """A set of receivables has nothing of registers, and the other way round."""
        try:
            refuse_others(data["kind"], data)
        except InvalidParametersError as error:
            raise ValidationError(reasons(error.fields)) from error


class SavedSetSchema(StrictSchema):
    """``POST /saved-sets``, ``PUT /saved-sets/{id}``."""

    name = PlainText(LONGEST_NAME, required=True)
    params = fields.Nested(SavedParamsSchema(exclude=("set_name",)), required=True)
    shared = StrictBoolean(load_default=False)
