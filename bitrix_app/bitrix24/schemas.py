"""Schemas at the odd doors: answers that are read once and decide whom we trust."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, validate

from bitrix_app.bitrix24.decisions import whole

_NAMED = validate.Length(min=1, max=2048)
_PRINTABLE = validate.Regexp(re.compile(r"[\x21-\x7e]+\Z"))


class _Answer(Schema):
    class Meta:
        unknown = EXCLUDE


class Parsed(fields.Field[Any]):
    """A value that ``parse`` reads; its ValueError, TypeError or OverflowError makes the value wrong."""

    def __init__(self, parse: Callable[[Any], Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._parse = parse

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        try:
            return self._parse(value)
        except (ValueError, TypeError, OverflowError):
            raise ValidationError("has another shape") from None


def _id(value: Any) -> int:
    """A positive whole number, or the same as text."""
    found = whole(value)
    if not found:
        raise ValueError("no id")
    return found


def _flag(value: Any) -> bool:
    """JSON's true or false and nothing that resembles them."""
    if not isinstance(value, bool):
        raise TypeError("no boolean")
    return value


def _scopes(value: Any) -> frozenset[str]:
    """Scopes, as a list or a text with commas."""
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        raise TypeError("no scopes")
    return frozenset(each.strip() for each in names if each.strip())


def _moment(value: Any) -> int:
    """Unix seconds from a number, the same as text, or an ISO date (UTC where it names no offset)."""
    seconds = whole(value)
    if seconds is not None:
        return seconds
    moment = datetime.fromisoformat(value)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


class ProfileSchema(_Answer):
    """``profile``'s result, as the arguments of Profile."""

    id = Parsed(_id, required=True, data_key="ID")
    is_admin = Parsed(_flag, required=True, data_key="ADMIN")
    name = fields.String(load_default="", data_key="NAME", allow_none=True)
    last_name = fields.String(load_default="", data_key="LAST_NAME", allow_none=True)
    time_zone = fields.String(load_default="", data_key="TIME_ZONE", allow_none=True)

    @post_load
    def _one_name(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        parts = [(data.pop(each) or "").strip() for each in ("last_name", "name")]
        return {**data, "name": " ".join(filter(None, parts)), "time_zone": data["time_zone"] or ""}


class InstallSchema(_Answer):
    """The portal in which the application is installed."""

    member_id = fields.String(required=True, validate=[_NAMED, _PRINTABLE])
    client_endpoint = fields.String(required=True, validate=_NAMED)
    domain = fields.String(load_default="", allow_none=True)
    scope = Parsed(_scopes, load_default=None, allow_none=True)


class AppInfoSchema(_Answer):
    """The ``result`` of the authorization server's ``app.info``."""

    client_id = fields.String(required=True)
    user_id = Parsed(_id, required=True)
    scope = Parsed(_scopes, load_default=None, allow_none=True)
    expires = Parsed(_moment, load_default=None, allow_none=True)
    install = fields.Nested(InstallSchema, required=True)


class RenewalSchema(_Answer):
    """A new pair of tokens."""

    access_token = fields.String(required=True, validate=[_NAMED, _PRINTABLE])
    refresh_token = fields.String(required=True, validate=[_NAMED, _PRINTABLE])
    member_id = fields.String(required=True, validate=[_NAMED, _PRINTABLE])
    user_id = Parsed(_id, required=True)
    client_endpoint = fields.String(required=True, validate=_NAMED)
    expires = Parsed(_moment, load_default=None, allow_none=True)
    expires_in = Parsed(whole, load_default=None, allow_none=True)
