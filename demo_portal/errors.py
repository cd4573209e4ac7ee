"""The portal's errors: a code and a status, as the method's page gives them."""

from __future__ import annotations

STATUSES: dict[str, tuple[int, str]] = {
    "QUERY_LIMIT_EXCEEDED": (503, "Too many requests"),
    "OVERLOAD_LIMIT": (503, "REST API is blocked due to overload"),
    "OPERATION_TIME_LIMIT": (429, "Method is blocked due to operation time limit"),
    "INTERNAL_SERVER_ERROR": (500, "Internal server error"),
    "ERROR_UNEXPECTED_ANSWER": (500, "Server returned an unexpected response"),
    "PORTAL_DELETED": (500, "Portal was deleted"),
    "PAYMENT_REQUIRED": (402, "Payment required"),
    "expired_token": (401, "The access token provided has expired"),
    "invalid_token": (401, "Unable to get application by token"),
    "NO_AUTH_FOUND": (401, "Wrong authorization data"),
    "insufficient_scope": (403, "The request requires higher privileges than provided by the access token"),
    "user_access_error": (403, "The user does not have access to the application"),
    "INVALID_CREDENTIALS": (403, "Invalid request credentials"),
    "WRONG_AUTH_TYPE": (403, "Current authorization type is denied for this method"),
    "ACCESS_DENIED": (403, "Access denied!"),
    "ERROR_METHOD_NOT_FOUND": (404, "Method not found!"),
    "ERROR_BATCH_METHOD_NOT_ALLOWED": (405, "Method is not allowed for batch usage"),
    "ERROR_BATCH_LENGTH_EXCEEDED": (400, "Max batch length exceeded"),
    "REQUIRED_ARG_MISSING": (400, "Required argument is missing"),
    "INVALID_ARG_VALUE": (400, "Invalid value"),
    "INVALID_REQUEST": (400, "Https required"),
    "NOT_FOUND": (400, "Not found"),
}
"""Code → usual status and description (error-codes.md, limits.md, settings/oauth/error-codes.md)."""


class PortalFault(Exception):  # noqa: N818  # the portal's answer, not an error of this program
    """An error answer of the portal: ``code`` and ``description`` in the body, ``status`` of HTTP."""

    def __init__(self, code: str, description: str = "", status: int | None = None) -> None:
        usual, words = STATUSES.get(code, (400, code))
        self.code = code
        self.description = description or words
        self.status = usual if status is None else status
        super().__init__(f"{self.status} {code}: {self.description}")


class InvalidArgument(PortalFault):
    """A field, value or direction that the method does not take."""

    def __init__(self, description: str) -> None:
        super().__init__("INVALID_ARG_VALUE", description)
