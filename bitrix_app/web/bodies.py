"""Reading what came in: size, type, encoding and shape are settled here, before anything else looks at a body."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from flask import Request

from bitrix_app.errors import RejectedRequestError

API_BYTES = 64 * 1024
FORM_BYTES = 256 * 1024
FORM_FIELDS = 200
LONGEST_INTEGER = 1000
FORM_TYPE = "application/x-www-form-urlencoded"
JSON_TYPE = "application/json"


def cap_body(request: Request, limit: int) -> None:
    """From now on the request gives no more than ``limit`` bytes; one that announces more is refused at once.

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
