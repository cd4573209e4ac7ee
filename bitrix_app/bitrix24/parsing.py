"""Reading answers that nobody vouches for: JSON text, numbers, shapes of records, schemas.

JSON keeps every digit of a number. The portal is PHP: an empty object may arrive as ``[]``, and a list with gaps as an
object with numbers for keys. Whatever has another shape is an UnexpectedAnswerError.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, validate

from bitrix_app.bitrix24.types import Answer
from bitrix_app.errors import UnexpectedAnswerError

_PLAIN_NUMBER = 20
_LONGEST_NUMBER = 60
_WIDEST_EXPONENT = 40
_ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_SURROGATE = re.compile("[\ud800-\udfff]")
REPLACED = "\ufffd"
DROPPED = ""


class NotJsonError(Exception):
    """The bytes are no JSON text: a proxy's page, a cut body."""


class UnsafeJsonError(Exception):
    """JSON that no portal writes and that may do harm: NaN, a number of a thousand digits, deep nesting."""


def parse_json(content: bytes, *, surrogates: str = REPLACED) -> Any:
    """The value of a JSON text in UTF-8; numbers with a fraction or exponent are Decimal, never float.

    ``surrogates`` stands in for half a surrogate pair, which no text that we write could hold. Where a text is compared
    with one that we trust it is REPLACED: dropped, it could make another text equal to ours.

    Raises NotJsonError, UnsafeJsonError.
    """
    try:
        value = json.loads(
            content.decode("utf-8-sig"), parse_float=_fraction, parse_int=_whole, parse_constant=_refuse_constant
        )
        return _mended(value, surrogates) if _ESCAPED_SURROGATE.search(content) else value
    except ValueError:
        problem: Exception = NotJsonError("not JSON")
    except RecursionError:
        problem = UnsafeJsonError("nested too deeply")
    raise problem


def _mended(value: Any, surrogates: str) -> Any:
    """The value with lone surrogates replaced (the parser has joined the pairs). Raises RecursionError."""
    if isinstance(value, str):
        return value if value.isascii() else _SURROGATE.sub(surrogates, value)
    if isinstance(value, list):
        return [_mended(each, surrogates) for each in value]
    if isinstance(value, dict):
        return {_mended(key, surrogates): _mended(each, surrogates) for key, each in value.items()}
    return value


def _fraction(digits: str) -> Decimal:
    number = Decimal(digits)
    if len(digits) <= _PLAIN_NUMBER and "e" not in digits and "E" not in digits:
        return number
    if len(digits) > _LONGEST_NUMBER or abs(number.adjusted()) > _WIDEST_EXPONENT:
        raise UnsafeJsonError("an absurd number")
    return number


def _whole(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise UnsafeJsonError("an absurd number")
    return int(digits)


def _refuse_constant(name: str) -> NoReturn:
    raise UnsafeJsonError(f"{name} is no JSON number")


def whole(value: Any) -> int | None:
    """A whole number that is not negative, given as a number or as text; None for anything else.

    Reads ids too. ``processing.id_of`` is the only other reader of them: that room may not import this one.
    """
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, Decimal) and value == value.to_integral_value():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63 else None


def number(value: Any) -> Decimal | None:
    """A number that is not negative, given as a number or as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, str, Decimal)):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() and 0 <= number < 2**63 else None


PAGE = 50
MOST_RECORDS = 500
"""In one answer. Lists come in fifties and the others are short: ten times as many is no portal's answer, and each
record costs memory long before anybody looks at it."""


def unexpected(method: str, what: str) -> UnexpectedAnswerError:
    """The error for an answer of ``method`` that is shaped otherwise than its page says."""
    return UnexpectedAnswerError(f"{method}: {what}", method=method)


def an_object(method: str, value: Any) -> dict[str, Any]:
    """``value`` as an object; ``[]`` is an empty one. Raises UnexpectedAnswerError."""
    if value == []:
        return {}
    if not isinstance(value, dict):
        raise unexpected(method, "an object was expected")
    return value


def records(method: str, answer: Answer, key: str | None = None) -> list[dict[str, Any]]:
    """The records of a list method: its result, or what stands in the result under ``key``.

    Raises UnexpectedAnswerError, also for more records than one answer may have.
    """
    value = answer.result
    if key is not None:
        holder = an_object(method, value)
        if holder and key not in holder:
            raise unexpected(method, f"{key} is missing")
        value = holder.get(key, [])
    if isinstance(value, dict) and all(each.isdigit() for each in value):
        value = list(value.values())
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise unexpected(method, "a list of records was expected")
    if len(value) > MOST_RECORDS:
        raise unexpected(method, "too many records in one answer")
    return value


def record_id(method: str, record: dict[str, Any], field: str) -> int:
    """The id of a record, given as a number or as text. Raises UnexpectedAnswerError when it has none."""
    found = whole(record.get(field))
    if not found:
        raise unexpected(method, f"a record without {field}")
    return found


def records_after(method: str, found: list[dict[str, Any]], field: str, after_id: int) -> list[dict[str, Any]]:
    """One page of a list that is read on by id: in rising order, each id once, only ids above ``after_id``.

    Raises UnexpectedAnswerError for a full page that repeats records: such a list has no end, and dropping the
    repeated ones would make the page look like the last.
    """
    by_id = {record_id(method, each, field): each for each in found}
    fresh = [by_id[each] for each in sorted(by_id) if each > after_id]
    if len(fresh) < PAGE <= len(found):
        raise unexpected(method, "a page repeats records that were read before")
    return fresh


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


def _text(value: Any) -> str:
    """A text; whatever is none counts as empty."""
    return value if isinstance(value, str) else ""


def _version(value: Any) -> str:
    """A number or a text, as a text of at most forty characters; whatever is neither counts as empty."""
    return str(value)[:40] if isinstance(value, (str, int)) and not isinstance(value, bool) else ""


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
    version = Parsed(_version, load_default="", allow_none=True)


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
    server_endpoint = Parsed(_text, load_default="", allow_none=True)
