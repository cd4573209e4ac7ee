"""Fields for bodies from outside: a value is taken for what it is or refused, never converted into something alike."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from marshmallow import ValidationError, fields, validate

from bitrix_app.web.texts import to_translate
from bitrix_app.web.texts import translate as _

LARGEST_ID = 2**31 - 1
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
FIELD_NAME = r"[A-Za-z][A-Za-z0-9_]{0,99}\Z"
CURRENCY = r"[A-Z]{3}\Z"
STAGE_ID = r"[A-Za-z0-9_]{1,50}:[A-Za-z0-9_]{1,50}\Z"
MARSHMALLOW_SAYS = (
    to_translate("Unknown field."),
    to_translate("Missing data for required field."),
    to_translate("Field may not be null."),
    to_translate("Not a valid integer."),
    to_translate("Not a valid string."),
    to_translate("Not a valid list."),
    to_translate("Invalid input type."),
)
"""Marshmallow's own messages that a body can bring about, here for the catalogues."""
OUT_OF_BOUNDS = to_translate("The number is out of bounds.")
NOT_OFFERED = to_translate("Choose one of the offered values.")
NO_NAME = to_translate("This cannot be a name of a field.")
NO_CURRENCY = to_translate("This cannot be a currency.")
NO_STAGE = to_translate("This cannot be a stage.")
TOO_LONG = to_translate("The list is too long.")
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

    def _serialize(self, value: date | None, *args: Any, **kwargs: Any) -> str | None:  # noqa: ARG002 - see above
        return None if value is None else value.isoformat()


class StrictBoolean(fields.Field[bool]):
    """JSON's true or false; no 1, no "yes"."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> bool:  # noqa: ARG002 - marshmallow's signature
        if not isinstance(value, bool):
            raise ValidationError(_("This must be true or false."))
        return value


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


def whole_number(low: int, high: int, **kwargs: Any) -> fields.Integer:
    """A whole number between two bounds, both included."""
    return fields.Integer(strict=True, validate=validate.Range(min=low, max=high, error=OUT_OF_BOUNDS), **kwargs)


def one_of(choices: tuple[str, ...], **kwargs: Any) -> fields.String:
    """One word out of a few."""
    return fields.String(validate=validate.OneOf(choices, error=NOT_OFFERED), **kwargs)
