"""Answer in → action or error out."""

from __future__ import annotations

import json
from typing import Any

import pytest
import responses

from bitrix_app import errors
from bitrix_app.errors import PortalError
from tests.fakes import ENDPOINT, Surroundings

METHOD = "crm.item.list"
GOOD = {"result": {"items": []}, "total": 0}


def error(code: Any, description: str = "") -> str:
    return json.dumps({"error": code, "error_description": description})


HTML = "<html><body><h1>502 Bad Gateway</h1></body></html>"

# status, body → the reason of the wait before the call is repeated ("" for none)
GOES_ON = [
    (503, error("QUERY_LIMIT_EXCEEDED"), ["query_limit"]),
    (503, error("query_limit_exceeded"), ["query_limit"]),
    (200, error("QUERY_LIMIT_EXCEEDED"), ["query_limit"]),
    (429, HTML, ["retry"]),
    (429, error("TOO_FAST"), ["query_limit"]),
    (429, error("OPERATION_TIME_LIMIT"), ["operating_time"]),
    (401, error("expired_token"), []),
    (401, error("EXPIRED_TOKEN"), []),
    (302, "", []),
    (308, error("ACCESS_DENIED"), []),
    (500, error("INTERNAL_SERVER_ERROR"), ["retry"]),
    (200, error("INTERNAL_SERVER_ERROR"), ["retry"]),
    (500, error("ERROR_UNEXPECTED_ANSWER"), ["retry"]),
    (500, error("SOMETHING_NEW"), ["retry"]),
    (503, HTML, ["retry"]),
    (502, "", ["retry"]),
    (200, HTML, ["retry"]),
    (404, HTML, ["retry"]),
    (200, '{"result": {"items": [', ["retry"]),
    (200, b'\xff\xfe{"result": []}', ["retry"]),
    (504, "[]", ["retry"]),
]


@pytest.mark.parametrize(("status", "body", "reasons"), GOES_ON)
def test_it_waits_as_the_answer_asks_and_goes_on(
    over_http: Surroundings, http: responses.RequestsMock, status: int, body: Any, reasons: list[str]
) -> None:
    """After such an answer the call is repeated, and its good answer is returned."""
    http.add(responses.POST, f"{ENDPOINT}{METHOD}", status=status, body=body)
    http.add(responses.POST, f"{ENDPOINT}{METHOD}", json=GOOD)
    http.add(responses.POST, f"{over_http.tokens.new_endpoint}{METHOD}", json=GOOD)

    assert over_http.client.call(METHOD).result == {"items": []}
    assert over_http.reasons == reasons
    assert len(http.calls) == 2


# status, body → the error at the first answer
GIVES_UP = [
    (403, error("ACCESS_DENIED", "Access denied!"), errors.AccessDeniedError),
    (400, error("access_denied"), errors.AccessDeniedError),
    (200, error("ACCESS_DENIED"), errors.AccessDeniedError),
    (400, error(0, "Access denied."), errors.AccessDeniedError),
    (400, error("Access denied."), errors.AccessDeniedError),
    (403, error("INVALID_CREDENTIALS"), errors.AccessDeniedError),
    (403, error("allowed_only_intranet_user"), errors.AccessDeniedError),
    (403, error("SOMETHING_NEW"), errors.AccessDeniedError),
    (403, error("ACCESS_DENIED", "REST API is available only on commercial plans"), errors.PaymentRequiredError),
    (402, error("PAYMENT_REQUIRED"), errors.PaymentRequiredError),
    (401, error("PAYMENT_REQUIRED"), errors.PaymentRequiredError),
    (403, error("insufficient_scope"), errors.InsufficientScopeError),
    (401, error("INSUFFICIENT_SCOPE"), errors.InsufficientScopeError),
    (403, error("user_access_error"), errors.UserAccessError),
    (500, error("PORTAL_DELETED"), errors.PortalDeletedError),
    (503, error("OVERLOAD_LIMIT"), errors.OverloadLimitError),
    (401, error("NO_AUTH_FOUND"), errors.InvalidTokenError),
    (401, error("invalid_token"), errors.InvalidTokenError),
    (401, error("SOMETHING_NEW"), errors.InvalidTokenError),
    (400, error("INVALID_ARG_VALUE", "Invalid filter"), errors.InvalidArgumentError),
    (200, error("ERROR_ARGUMENT"), errors.InvalidArgumentError),
    (400, error(100, "Could not find value for parameter"), errors.InvalidArgumentError),
    (404, error("ERROR_METHOD_NOT_FOUND"), errors.UnknownMethodError),
    (400, error("INVALID_REQUEST", "Https required"), errors.GiveUpError),
    (400, error({"a": 1}), errors.GiveUpError),
    (400, "{}", errors.GiveUpError),
    (400, '{"result": []}', errors.GiveUpError),
    (404, "[]", errors.GiveUpError),
    (401, "{}", errors.InvalidTokenError),
    (402, "{}", errors.PaymentRequiredError),
    (403, '{"result": {"items": []}}', errors.AccessDeniedError),
    (200, '{"result": 1, "error": "ACCESS_DENIED"}', errors.AccessDeniedError),
    (200, "[]", errors.UnexpectedAnswerError),
    (200, '"ok"', errors.UnexpectedAnswerError),
    (200, "{}", errors.UnexpectedAnswerError),
    (200, '{"result": {"items": [{"id": NaN}]}}', errors.UnexpectedAnswerError),
    (200, '{"result": {"opportunity": -Infinity}}', errors.UnexpectedAnswerError),
    (200, '{"result": 1e999999999}', errors.UnexpectedAnswerError),
    (200, '{"result": ' + "9" * 5000 + "}", errors.UnexpectedAnswerError),
    (200, '{"result": ' + "[" * 100_000 + "]" * 100_000 + "}", errors.UnexpectedAnswerError),
]


@pytest.mark.parametrize(("status", "body", "kind"), GIVES_UP)
def test_it_gives_up_at_once_with_the_reason(
    over_http: Surroundings, http: responses.RequestsMock, status: int, body: str, kind: type[PortalError]
) -> None:
    """Such an answer is not asked for again; the error names the method, the status and the reason."""
    http.add(responses.POST, f"{ENDPOINT}{METHOD}", status=status, body=body)

    with pytest.raises(kind) as caught:
        over_http.client.call(METHOD)

    assert type(caught.value) is kind
    assert (caught.value.method, caught.value.status) == (METHOD, status)
    assert len(http.calls) == 1
    assert over_http.reasons == []


def test_an_unknown_field_is_named(over_http: Surroundings, http: responses.RequestsMock) -> None:
    """Which field the portal does not know any more is told with the error."""
    said = error("INVALID_ARG_VALUE", "Invalid filter: field '>=ufCrm_1700000001' is not allowed in filter")
    http.add(responses.POST, f"{ENDPOINT}{METHOD}", status=400, body=said)

    with pytest.raises(errors.InvalidArgumentError) as caught:
        over_http.client.call(METHOD)

    assert caught.value.params["field"] == "ufCrm_1700000001"


@pytest.mark.parametrize("falsy", ["", 0, None, False, [], {}])
def test_an_empty_error_beside_a_result_is_none(
    over_http: Surroundings, http: responses.RequestsMock, falsy: object
) -> None:
    """An answer with a result is good, though it carries an empty ``error``."""
    http.add(responses.POST, f"{ENDPOINT}{METHOD}", json={"result": [1], "error": falsy})

    assert over_http.client.call(METHOD).result == [1]


def test_a_good_answer_is_read_with_every_digit(over_http: Surroundings, http: responses.RequestsMock) -> None:
    """Money keeps its digits; total, next and operating time are read, as numbers or as texts."""
    body = """{"result": {"opportunity": 120000.10, "tax": 99999999999999.99}, "total": "480", "next": 50,
        "time": {"operating": 3.3076241016387939, "operating_reset_at": 1790000600}}"""
    http.add(responses.POST, f"{ENDPOINT}{METHOD}", body=body)

    answer = over_http.client.call(METHOD)

    assert {name: str(value) for name, value in answer.result.items()} == {
        "opportunity": "120000.10",
        "tax": "99999999999999.99",
    }
    assert (answer.total, answer.next, str(answer.operating), answer.operating_reset_at) == (
        480,
        50,
        "3.3076241016387939",
        1790000600,
    )


@pytest.mark.parametrize("time", [None, [], "soon", {"operating": True, "operating_reset_at": -1}, {"operating": "x"}])
def test_an_odd_time_is_no_time(over_http: Surroundings, http: responses.RequestsMock, time: object) -> None:
    """What cannot be read in ``time`` is unknown and does no harm."""
    http.add(responses.POST, f"{ENDPOINT}{METHOD}", json={"result": [], "time": time, "total": -3, "next": "soon"})

    answer = over_http.client.call(METHOD)

    assert (answer.total, answer.next, answer.operating, answer.operating_reset_at) == (None, None, None, None)
