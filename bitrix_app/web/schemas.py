"""The bodies that the API takes. Unknown fields are refused, types are not converted. The OpenAPI description is made
from these."""

from __future__ import annotations

from datetime import date
from typing import Any, TypeVar
from zoneinfo import available_timezones

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from bitrix_app.errors import RejectedRequestError
from bitrix_app.portals import PERIODS
from bitrix_app.web.fields import (
    TOO_LONG,
    PlainText,
    StrictBoolean,
    StrictDate,
    currency_code,
    field_name,
    identifier,
    one_of,
    stage_ids,
    whole_number,
)
from bitrix_app.web.texts import translate as _

OWN_PERIOD = "own"
BUILDER_MODES = ("everybody", "chosen", "administrators")
S = TypeVar("S", bound=Schema)


class StrictSchema(Schema):
    """A JSON object of known fields."""

    class Meta:
        """Marshmallow's options."""

        unknown = RAISE


class ConditionsSchema(StrictSchema):
    """What a report can be narrowed by; every field may be absent or null."""

    period = one_of((*PERIODS, OWN_PERIOD), allow_none=True, load_default=None)
    date_field = field_name(allow_none=True, load_default=None)
    detailed = StrictBoolean(load_default=False)
    stages = stage_ids(allow_none=True, load_default=None)
    company_id = identifier(allow_none=True, load_default=None)
    invoice_id = identifier(allow_none=True, load_default=None)
    mycompany_id = identifier(allow_none=True, load_default=None)
    assigned_by_id = identifier(allow_none=True, load_default=None)
    currency = currency_code(allow_none=True, load_default=None)
    paid = StrictBoolean(allow_none=True, load_default=None)


class ReportSchema(ConditionsSchema):
    """``POST /reports``: the period (both dates included) and the conditions."""

    date_from = StrictDate(required=True)
    date_to = StrictDate(required=True)

    @validates_schema(skip_on_field_errors=True)
    def check_period(self, data: dict[str, Any], **kwargs: Any) -> None:  # noqa: ARG002 - marshmallow's signature
        """The first day is not after the last."""
        first: date = data["date_from"]
        last: date = data["date_to"]
        if first > last:
            raise ValidationError(_("The first day is after the last day."), "date_from")


class SavedParamsSchema(ConditionsSchema):
    """The conditions of a saved set; dates only where the period has no name."""

    date_from = StrictDate(allow_none=True, load_default=None)
    date_to = StrictDate(allow_none=True, load_default=None)


class SavedSetSchema(StrictSchema):
    """``POST /saved-sets``, ``PUT /saved-sets/{id}``."""

    name = PlainText(80, required=True)
    params = fields.Nested(SavedParamsSchema, required=True)
    shared = StrictBoolean(load_default=False)


class SessionSchema(StrictSchema):
    """``POST /session``: what ``BX24.getAuth()`` gives. With ``REFRESH_ID`` reports outlive the access token."""

    AUTH_ID = PlainText(2048, required=True)
    member_id = PlainText(200, required=True)
    REFRESH_ID = PlainText(2048, allow_none=True, load_default=None)


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


class SettingsSchema(StrictSchema):
    """``PUT /settings``: the whole object."""

    date_field = field_name(required=True)
    shipped_field = field_name(required=True, allow_none=True)
    paid_field = field_name(required=True, allow_none=True)
    excluded_stages = stage_ids(required=True)
    time_zone = fields.String(required=True, validate=validate.Length(max=64))
    default_period = one_of(PERIODS)
    builders = fields.Nested(BuildersSchema)
    report_days = whole_number(1, 3650)
    journal_days = whole_number(1, 3650)

    @validates_schema(skip_on_field_errors=True)
    def check_zone(self, data: dict[str, Any], **kwargs: Any) -> None:  # noqa: ARG002 - marshmallow's signature
        """The time zone is one that exists."""
        if data["time_zone"] not in available_timezones():
            raise ValidationError(_("There is no such time zone."), "time_zone")


def load(schema: type[S], body: Any) -> dict[str, Any]:
    """The body as the schema's values. Raises RejectedRequestError 422 with ``errors`` by field."""
    try:
        values: dict[str, Any] = schema().load(body)
    except ValidationError as error:
        raise RejectedRequestError(422, "validation_failed", errors=flat(error.messages_dict)) from error
    return values


def flat(messages: dict[Any, Any], prefix: str = "") -> dict[str, list[str]]:
    """Marshmallow's nested messages as ``{"builders.users.0": [message]}``; those of the whole body under ``body``.

    A name that came in as half a surrogate pair is named with a question mark: the answer must be text.
    """
    found: dict[str, list[str]] = {}
    for name, value in messages.items():
        key = f"{prefix}{'body' if name == '_schema' else str(name)[:100].encode(errors='replace').decode()}"
        if isinstance(value, dict):
            found.update(flat(value, f"{key}."))
        else:
            found[key] = [_(str(each)) for each in value]
    return found
