"""The bodies of schedules (contract §7): what is ordered, over which period, when, and where it is delivered."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from bitrix_app.jobs import AS_OF_RUN, EVERY, LAST_DAY, RUN_PERIODS
from bitrix_app.texts import ENGLISH, LANGUAGES
from bitrix_app.web.api.order_body import TermsSchema
from bitrix_app.web.i18n import N_
from bitrix_app.web.i18n import translate as _
from bitrix_app.web.schemas import (
    NOT_OFFERED,
    TOO_LONG,
    PlainText,
    StrictBoolean,
    StrictSchema,
    identifier,
    one_of,
    whole_number,
)

TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]\Z"
CHAT = r"chat[1-9][0-9]{0,17}\Z"
MOST_TARGETS = 10
MISSING = "Missing data for required field."
NO_TIME = N_("Write a time as HH:MM.")
NO_CHAT = N_("A chat is named like “chat42”.")
ME = "me"
WANTS = {"notification": None, "chat": "chat_id", "disk": "folder_id"}
"""Ways of delivery, each with the field that says where to."""


class DayOfMonth(fields.Field[int | str]):
    """A number from 1 to 31, or ``last``."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> int | str:  # noqa: ARG002 - marshmallow's signature
        if value == LAST_DAY or (type(value) is int and 1 <= value <= 31):
            return value  # type: ignore[no-any-return] # one of the two
        raise ValidationError(_("A day is a number from 1 to 31, or “last”."))


class WhenSchema(StrictSchema):
    """When a schedule runs, in the portal's time zone."""

    every = one_of(EVERY, required=True)
    day = DayOfMonth(allow_none=True, load_default=None)
    weekday = whole_number(1, 7, allow_none=True, load_default=None)
    time = fields.String(required=True, validate=validate.Regexp(TIME, error=NO_TIME))

    @validates_schema
    def names_its_day(self, data: dict[str, Any], **kwargs: Any) -> None:  # noqa: ARG002 - marshmallow's signature
        """A month and a quarter have a day, a week has a day of the week, and nothing else has either."""
        wanted = {"week": "weekday", "month": "day", "quarter": "day"}.get(data["every"])
        wrong = {}
        for name in ("day", "weekday"):
            if name == wanted and data[name] is None:
                wrong[name] = [_(MISSING)]
            elif name != wanted and data[name] is not None:
                wrong[name] = [_("This does not go with how often it runs. Leave it out.")]
        if wrong:
            raise ValidationError(wrong)


class TargetSchema(StrictSchema):
    """Where a finished report is delivered."""

    to = one_of(tuple(WANTS), required=True)
    chat_id = fields.String(
        allow_none=True,
        load_default=None,
        validate=validate.Regexp(CHAT, error=NO_CHAT),
    )
    folder_id = identifier(allow_none=True, load_default=None)

    @validates_schema
    def says_where(self, data: dict[str, Any], **kwargs: Any) -> None:  # noqa: ARG002 - marshmallow's signature
        """A chat has its ``chat_id``, the Drive its ``folder_id``, a notification neither."""
        wanted = WANTS[data["to"]]
        wrong = {}
        for name in ("chat_id", "folder_id"):
            if name == wanted and data[name] is None:
                wrong[name] = [_(MISSING)]
            elif name != wanted and data[name] is not None:
                wrong[name] = [_("This does not go with the way of delivery. Leave it out.")]
        if wrong:
            raise ValidationError(wrong)


class RunSchema(TermsSchema):
    """What a schedule orders, and the language of its reports and messages."""

    lang = one_of(LANGUAGES, allow_none=True, load_default=None)


class ScheduleSchema(StrictSchema):
    """``POST /schedules``."""

    name = PlainText(200, required=True)
    params = fields.Nested(RunSchema(exclude=("period",)), required=True)
    period = one_of((AS_OF_RUN, *RUN_PERIODS), required=True)
    when = fields.Nested(WhenSchema, required=True)
    deliver = fields.List(
        fields.Nested(TargetSchema), validate=validate.Length(max=MOST_TARGETS, error=TOO_LONG), load_default=list
    )
    active = StrictBoolean(load_default=True)

    @validates_schema
    def delivers_once(self, data: dict[str, Any], **kwargs: Any) -> None:  # noqa: ARG002 - marshmallow's signature
        """Each target stands once."""
        targets = data["deliver"]
        if any(each in targets[:place] for place, each in enumerate(targets)):
            raise ValidationError(_("The same place stands twice."), "deliver")


class ChangedScheduleSchema(ScheduleSchema):
    """``PUT /schedules/{id}``: the whole object as it was read; what only the app writes is not looked at."""

    id = fields.Raw(load_default=None)
    owner = fields.Raw(load_default=None)
    next_run_at = fields.Raw(load_default=None)
    last_report_id = fields.Raw(load_default=None)
    last_run = fields.Raw(load_default=None)
    paused_reason = fields.Raw(load_default=None)


class TakeOverSchema(StrictSchema):
    """``PUT /schedules/{id}`` with nothing but its new owner."""

    owner = fields.String(required=True, validate=validate.OneOf([ME], error=NOT_OFFERED))


def content_of(body: dict[str, Any], given: Any, lang: str | None) -> dict[str, Any]:
    """The checked ``body`` as it is stored: of ``params``, ``when`` and targets only what was ``given``; ``lang`` where
    it names no language, and none where that is Russian."""
    params = {name: value for name, value in body["params"].items() if name in given["params"] and name != "lang"}
    chosen = body["params"]["lang"] or lang
    return {
        **{name: body[name] for name in ("name", "period", "active")},
        "params": {**params, "lang": ENGLISH} if chosen == ENGLISH else params,
        "when": {name: value for name, value in body["when"].items() if value is not None},
        "deliver": [{name: value for name, value in each.items() if value is not None} for each in body["deliver"]],
    }
