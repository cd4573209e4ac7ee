"""The bodies that the API takes: size, type, encoding, shape, then marshmallow's schemas.

A value is taken for what it is or refused, never converted into something alike; unknown fields are refused. The
OpenAPI description is made from these schemas.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from typing import Any, NoReturn, TypeVar
from zoneinfo import available_timezones

from flask import Request
from marshmallow import RAISE, Schema, ValidationError, fields, validate

from bitrix_app.errors import RejectedRequestError
from bitrix_app.jobs import MOST_COLUMNS, PARTLY, REMAINDER
from bitrix_app.portals import FETCH_MODES, PAYMENT_SOURCES, PERIODS, TABS
from bitrix_app.storage import LONGEST_JOURNAL_DAYS
from bitrix_app.web.i18n import N_
from bitrix_app.web.i18n import translate as _

API_BYTES = 64 * 1024
FORM_BYTES = 256 * 1024
FORM_FIELDS = 200
LONGEST_INTEGER = 1000
FORM_TYPE = "application/x-www-form-urlencoded"
JSON_TYPE = "application/json"


def cap_body(request: Request, limit: int) -> None:
    """Size limit of a body: no more than ``limit`` bytes are read; a larger Content-Length is refused at once.

    Raises RejectedRequestError 413 ``body_too_large``.
    """
    request.max_content_length = limit
    request.max_form_memory_size = limit
    request.max_form_parts = FORM_FIELDS
    if (request.content_length or 0) > limit:
        raise RejectedRequestError(413, "body_too_large", limit=limit)


def json_body(request: Request) -> Any:
    """The JSON of the body, strictly read: UTF-8, no duplicate keys, no NaN, no endless numbers.

    Raises RejectedRequestError: 415 ``unsupported_media_type``, 400 ``bad_json``.
    """
    if request.mimetype != JSON_TYPE:
        raise RejectedRequestError(415, "unsupported_media_type", expected=JSON_TYPE)
    try:
        return json.loads(
            request.get_data(cache=False).decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_int=_integer,
        )
    except (ValueError, RecursionError) as error:  # a wrong encoding is a ValueError too
        raise RejectedRequestError(400, "bad_json") from error


def form_body(request: Request) -> Mapping[str, str]:
    """The fields of an urlencoded body; of a field that is there twice, the first.

    Raises RejectedRequestError: 415 ``unsupported_media_type`` for a body of another type.
    """
    if request.mimetype not in {FORM_TYPE, ""}:
        raise RejectedRequestError(415, "unsupported_media_type", expected=FORM_TYPE)
    return request.form.to_dict(flat=True)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _integer(digits: str) -> int:
    if len(digits) > LONGEST_INTEGER:
        raise ValueError("a number is too long")
    return int(digits)


PAID_WORDS = (PARTLY, REMAINDER)
LARGEST_ID = 2**31 - 1
MOST_BORDERS = 5
LAST_BORDER = 3650
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
FIELD_NAME = r"[A-Za-z][A-Za-z0-9_]{0,99}\Z"
COLUMN = r"[A-Za-z][A-Za-z0-9_]{0,99}"
CURRENCY = r"[A-Z]{3}\Z"
STAGE_ID = r"[A-Za-z0-9_]{1,50}:[A-Za-z0-9_]{1,50}\Z"
MARSHMALLOW_SAYS = (
    N_("Unknown field."),
    N_("Missing data for required field."),
    N_("Field may not be null."),
    N_("Not a valid integer."),
    N_("Not a valid string."),
    N_("Not a valid list."),
    N_("Invalid input type."),
)
"""Marshmallow's own messages that a body can bring about, here for the catalogues."""
OUT_OF_BOUNDS = N_("The number is out of bounds.")
NOT_OFFERED = N_("Choose one of the offered values.")
NO_NAME = N_("This cannot be a name of a field.")
NO_CURRENCY = N_("This cannot be a currency.")
NO_STAGE = N_("This cannot be a stage.")
TOO_LONG = N_("The list is too long.")
DAYS_OF_REPORTS = N_("From 1 to 3650 days.")
DAYS_OF_JOURNAL = N_("From 1 to 1095 days.")
NO_ZONE = N_("There is no such time zone.")
CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


class StrictDate(fields.Field[date]):
    """A calendar date written ``YYYY-MM-DD`` in ASCII digits."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> date:  # noqa: ARG002 - marshmallow's signature
        if not isinstance(value, str) or not DATE.fullmatch(value):
            raise ValidationError(_("Write a date as YYYY-MM-DD."))
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise ValidationError(_("There is no such day.")) from error


class StrictBoolean(fields.Field[bool]):
    """JSON's true or false; no 1, no "yes"."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> bool:  # noqa: ARG002 - marshmallow's signature
        if not isinstance(value, bool):
            raise ValidationError(_("This must be true or false."))
        return value


class PaidFilter(fields.Field[bool | str]):
    """Which invoices by payment: JSON's true (paid) or false (nothing is), or one of two words."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> bool | str:  # noqa: ARG002 - marshmallow's signature
        if isinstance(value, bool) or (isinstance(value, str) and value in PAID_WORDS):
            return value
        raise ValidationError(_("This must be true, false, partly or remainder."))


class PlainText(fields.Field[str]):
    """Text without control characters that every database can hold, trimmed, of at most ``longest`` characters."""

    def __init__(self, longest: int, *, shortest: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.longest = longest
        self.shortest = shortest

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:  # noqa: ARG002 - marshmallow's signature
        if not isinstance(value, str):
            raise ValidationError(_("This must be text."))
        if CONTROL.search(value):
            raise ValidationError(_("The text holds characters that cannot be shown."))
        text = value.strip()
        if not self.shortest <= len(text) <= self.longest:
            raise ValidationError(_("The text is empty or too long."))
        return text


class ColumnCodes(fields.Field[list[str]]):
    """Codes of columns in their order: 1 to 40, each once. What is wrong is said of the whole list, naming the code."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> list[str]:  # noqa: ARG002 - marshmallow's signature
        if not isinstance(value, list):
            raise ValidationError(_("Not a valid list."))
        if not value:
            raise ValidationError(_("Choose at least one column."))
        for place, each in enumerate(value):
            if not isinstance(each, str) or not re.fullmatch(COLUMN, each):
                raise ValidationError(_("This cannot be a column: %(value)s.") % {"value": _shown(each)})
            if each in value[:place]:
                raise ValidationError(_("The column %(value)s stands twice.") % {"value": each})
            if place == MOST_COLUMNS:
                raise ValidationError(
                    _("At most %(most)s columns can be chosen; %(value)s is one too many.")
                    % {"most": MOST_COLUMNS, "value": each}
                )
        return list(value)


class Borders(fields.Field[list[int]]):
    """The last days of the ranges: one to five whole numbers that grow. What is wrong is said of the whole list."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> list[int]:  # noqa: ARG002 - marshmallow's signature
        if not isinstance(value, list):
            raise ValidationError(_("Not a valid list."))
        if not 1 <= len(value) <= MOST_BORDERS:
            raise ValidationError(_("Name one to %(most)s borders of ranges.") % {"most": MOST_BORDERS})
        if not all(type(each) is int and 1 <= each <= LAST_BORDER for each in value):
            raise ValidationError(_("A border is a whole number of days from 1 to %(most)s.") % {"most": LAST_BORDER})
        if any(later <= earlier for earlier, later in pairwise(value)):
            raise ValidationError(_("Each border must be greater than the one before it."))
        return list(value)


def _shown(value: Any) -> str:
    return str(value)[:100].encode(errors="replace").decode()


def identifier(**kwargs: Any) -> fields.Integer:
    """A positive number of something in the portal."""
    return fields.Integer(strict=True, validate=validate.Range(min=1, max=LARGEST_ID, error=OUT_OF_BOUNDS), **kwargs)


def field_name(**kwargs: Any) -> fields.String:
    """The name of a field as ``crm.item.fields`` gives it."""
    return fields.String(validate=validate.Regexp(FIELD_NAME, error=NO_NAME), **kwargs)


def currency_code(**kwargs: Any) -> fields.String:
    """A currency as the portal calls it: ``RUB``."""
    return fields.String(validate=validate.Regexp(CURRENCY, error=NO_CURRENCY), **kwargs)


def stage_ids(**kwargs: Any) -> fields.List[str]:
    """A list of stage ids."""
    stage = fields.String(validate=validate.Regexp(STAGE_ID, error=NO_STAGE))
    return fields.List(stage, validate=validate.Length(max=300, error=TOO_LONG), **kwargs)


def whole_number(low: int, high: int, wrong: str | None = None, **kwargs: Any) -> fields.Integer:
    """A whole number between two bounds, both included. ``wrong``: what is said of anything else."""
    told: dict[str, str | list[Any] | dict[Any, Any]] | None = {"invalid": wrong, "null": wrong} if wrong else None
    bounds = validate.Range(min=low, max=high, error=wrong or OUT_OF_BOUNDS)
    return fields.Integer(strict=True, validate=bounds, error_messages=told, **kwargs)


def one_of(choices: tuple[str, ...], **kwargs: Any) -> fields.String:
    """One word out of a few."""
    return fields.String(validate=validate.OneOf(choices, error=NOT_OFFERED), **kwargs)


OWN_PERIOD = "own"
BUILDER_MODES = ("everybody", "chosen", "administrators")
S = TypeVar("S", bound=Schema)


class StrictSchema(Schema):
    """A JSON object of known fields."""

    class Meta:
        """Marshmallow's options."""

        unknown = RAISE


class FiltersSchema(StrictSchema):
    """Filters of a report; each may be absent or null."""

    period = one_of((*PERIODS, OWN_PERIOD), allow_none=True, load_default=None)
    date_field = field_name(allow_none=True, load_default=None)
    detailed = StrictBoolean(load_default=False)
    stages = stage_ids(allow_none=True, load_default=None)
    company_id = identifier(allow_none=True, load_default=None)
    invoice_id = identifier(allow_none=True, load_default=None)
    mycompany_id = identifier(allow_none=True, load_default=None)
    assigned_by_id = identifier(allow_none=True, load_default=None)
    currency = currency_code(allow_none=True, load_default=None)
    paid = PaidFilter(allow_none=True, load_default=None)
    columns = ColumnCodes(allow_none=True, load_default=None)


class SessionSchema(StrictSchema):
    """``POST /session``: what ``BX24.getAuth()`` gives. With ``REFRESH_ID`` reports outlive the access token."""

    AUTH_ID = PlainText(2048, required=True)
    member_id = PlainText(200, required=True)
    REFRESH_ID = PlainText(2048, allow_none=True, load_default=None)


class ThemeSchema(StrictSchema):
    """``PUT /theme``."""

    theme = one_of(("light", "dark"), required=True)


class ProbeSchema(StrictSchema):
    """``POST /probe``: with which inquiry to go on, and how many requests the probe has made so far; both are what the
    last step answered."""

    start = whole_number(0, 1000, data_key="from", load_default=0)
    spent = whole_number(0, 1000, load_default=0)


class BuildersSchema(StrictSchema):
    """Who may build reports."""

    mode = one_of(BUILDER_MODES, required=True)
    users = fields.List(identifier(), validate=validate.Length(max=500, error=TOO_LONG), load_default=list)
    departments = fields.List(identifier(), validate=validate.Length(max=500, error=TOO_LONG), load_default=list)
    names = fields.Dict(
        keys=fields.String(validate=validate.Regexp(r"[UD][0-9]{1,18}\Z")),
        values=PlainText(255),
        validate=validate.Length(max=1000, error=TOO_LONG),
        load_default=dict,
        metadata={"description": "What the portal called the chosen ones: U5 is an employee, D3 a department."},
    )


def _is_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(NO_ZONE)


class SettingsSchema(StrictSchema):
    """``PUT /settings``: the whole object."""

    date_field = field_name(required=True, allow_none=True)
    shipped_field = field_name(required=True, allow_none=True)
    paid_field = field_name(required=True, allow_none=True)
    excluded_stages = stage_ids(required=True, allow_none=True)
    time_zone = fields.String(required=True, validate=_is_zone, error_messages={"null": NO_ZONE})
    default_period = one_of(PERIODS)
    columns = ColumnCodes(allow_none=True)
    receivables_borders = Borders()
    tabs_off = fields.List(one_of(TABS), validate=validate.Length(max=len(TABS), error=TOO_LONG))
    builders = fields.Nested(BuildersSchema)
    report_days = whole_number(1, 3650, DAYS_OF_REPORTS)
    journal_days = whole_number(1, LONGEST_JOURNAL_DAYS, DAYS_OF_JOURNAL)
    fetch_mode = one_of(FETCH_MODES)
    payment_source = one_of(PAYMENT_SOURCES)
    paid_amount_field = field_name(allow_none=True)


def load(schema: type[S], body: Any) -> dict[str, Any]:
    """The body as the schema's values. Raises RejectedRequestError 422 with ``errors`` by field."""
    try:
        values: dict[str, Any] = schema().load(body)
    except ValidationError as error:
        raise RejectedRequestError(422, "validation_failed", errors=flat(error.messages_dict)) from error
    return values


def flat(messages: dict[Any, Any], prefix: str = "") -> dict[str, list[str]]:
    """Flattened marshmallow messages: ``{"builders.users.0": [message]}``; those of a whole object under its name, of
    the whole body under ``body``.

    A name that came in as half a surrogate pair is named with a question mark: the answer must be text.
    """
    found: dict[str, list[str]] = {}
    for name, value in messages.items():
        shown = str(name)[:100].encode(errors="replace").decode()
        key = (prefix[:-1] or "body") if name == "_schema" else f"{prefix}{shown}"
        if isinstance(value, dict):
            found.update(flat(value, f"{key}."))
        else:
            found[key] = [_(str(each)) for each in value]
    return found
