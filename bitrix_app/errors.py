"""The tree of everything that can go wrong, named after the portal's own words.

AppError
├─ SettingsError                       a setting is missing or wrong: the start stops
├─ SettingsChangedError                two administrators at once: the second has to look again
├─ RejectedRequestError                a request that the web refuses (400 · 401 · 404 · 409 · 422 · 429 · 503)
├─ PortalBusyError                     a page would have to wait longer for its portal than it may
├─ MissingFieldError · MalformedFieldError · NotInstalledError · AdminRequiredError · ReportAccessError ·
│  ForeignEventError                   who is calling, and what they may do
├─ AuthorizationServerError            the authorization server said no, or said nothing
│   ├─ AuthorizationServerUnavailableError
│   ├─ ForeignTokenError               forged, expired, or another application's token
│   │   └─ PortalMismatchError         another portal's
│   └─ InvalidGrantError               the refresh token is spent or lapsed
├─ PortalError                         a REST call failed
│   ├─ QueryLimitExceededError         wait, go on
│   ├─ OperationTimeLimitError         wait until reset, go on
│   ├─ ExpiredTokenError               renew once, go on
│   ├─ PortalUnavailableError          no answer, 5xx, not JSON: a few times, then give up
│   ├─ PortalMovedError                answered with a redirect
│   └─ GiveUpError                     never retried; each child says why
│       ├─ AccessDeniedError · InsufficientScopeError · UserAccessError · PaymentRequiredError
│       ├─ PortalDeletedError · OverloadLimitError · InvalidTokenError · InvalidArgumentError
│       ├─ UnknownMethodError · UnexpectedAnswerError · PortalAddressError
├─ InvalidParametersError              a report was ordered with parameters that do not fit
├─ IdempotencyKeyReusedError           … with the key of another order
├─ TooManyReportsError · PortalQuotaError   … beyond what one tenant may have
├─ RobotSettingsError                  … by a robot that is not set up
├─ ReportError                         a report cannot go on, and it is not the portal's fault
│   ├─ StorageFullError · WorkbookLimitError · AppUninstalledError · WorkerLostError
│   ├─ ReportTooLongError · AnswersTooHeavyError · SheetsTooHeavyError   its budget is spent
│   ├─ ReceivablesDisagreeError          our own sums contradict each other
├─ DeliveryError                       a finished report does not reach its target
│   ├─ ChatUnavailableError · FolderUnavailableError · FileTooLargeError
├─ ReportCancelledError                the user said stop
└─ LeaseLostError                      another worker has this report now

``code`` is stable: it stands in the report's row, in the API and in the documents. The sentence a person reads
is made from the code by ``bitrix_app.web.messages`` in the reader's language. No error ever carries a token,
a body or a query string.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class AppError(Exception):
    """Root of our errors.

    ``code`` is stable and lower case; ``params`` are the plain values that the sentence for a person needs.
    """

    code: ClassVar[str] = "internal_error"

    def __init__(self, message: str = "", **params: Any) -> None:
        super().__init__(message or self.code)
        self.params: dict[str, Any] = params


class SettingsError(AppError):
    """A setting is missing or wrong; the message is one line that names the variable."""

    code = "settings_error"


class SettingsChangedError(AppError):
    """Another administrator has changed the portal's settings since they were read."""

    code = "settings_changed"


class RejectedRequestError(AppError):
    """A request that the web refuses: ``status`` is the HTTP status, ``code`` tells why, ``errors`` names fields."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str = "",
        *,
        errors: Mapping[str, list[str]] | None = None,
        retry_after: int | None = None,
        **params: Any,
    ) -> None:
        super().__init__(message or code, **params)
        self.status = status
        self.code = code  # type: ignore[misc]  # one class for all refusals: the code belongs to the instance
        self.errors = dict(errors or {})
        self.retry_after = retry_after


class PortalBusyError(AppError):
    """A page would have to wait longer for its portal than it may; it may come again after ``retry_after`` seconds."""

    code = "portal_busy"

    def __init__(self, *, retry_after: int = 5) -> None:
        super().__init__()
        self.retry_after = retry_after


# --- who is calling, and what they may do -------------------------------------------------------------------------


class MissingFieldError(AppError):
    """A form or an event lacks the ``field`` that it is believed by."""

    code = "missing_field"


class MalformedFieldError(AppError):
    """The ``field`` of a form cannot be a token at all."""

    code = "malformed_field"


class NotInstalledError(AppError):
    """No administrator of the portal has installed the app there."""

    code = "not_installed"


class AdminRequiredError(AppError):
    """The portal says that this user is no administrator of it."""

    code = "admin_required"


class ReportAccessError(AppError):
    """The administrator does not let this user order reports."""

    code = "not_allowed_to_build"


class ForeignEventError(AppError):
    """The application token of an event is not that of its portal."""

    code = "foreign_event"


# --- the authorization server -------------------------------------------------------------------------------------


class AuthorizationServerError(AppError):
    """The authorization server answered with an error we have no other name for."""

    code = "authorization_server_error"


class AuthorizationServerUnavailableError(AuthorizationServerError):
    """The authorization server did not answer, or answered something that is no answer."""

    code = "authorization_server_unavailable"


class ForeignTokenError(AuthorizationServerError):
    """The access token is forged, expired, or belongs to another application."""

    code = "foreign_token"


class PortalMismatchError(ForeignTokenError):
    """The access token is genuine, but belongs to another portal than the request names."""

    code = "portal_mismatch"


class InvalidGrantError(AuthorizationServerError):
    """The refresh token is spent or has lapsed: the user must open the app again."""

    code = "invalid_grant"


# --- the portal ---------------------------------------------------------------------------------------------------


class PortalError(AppError):
    """A REST call failed: which method, with which HTTP status (None: no answer) and the portal's own error code."""

    code = "portal_error"

    def __init__(
        self,
        message: str = "",
        *,
        method: str = "",
        status: int | None = None,
        portal_code: str = "",
        **params: Any,
    ) -> None:
        super().__init__(message or f"{method}: {portal_code or self.code} ({status})", method=method, **params)
        self.method = method
        self.status = status
        self.portal_code = portal_code


class QueryLimitExceededError(PortalError):
    """503 QUERY_LIMIT_EXCEEDED: the bucket is empty; wait, with growing delay, and go on."""

    code = "query_limit_exceeded"


class OperationTimeLimitError(PortalError):
    """429 OPERATION_TIME_LIMIT: this method rests until the reset told by its last good answer."""

    code = "operation_time_limit"


class ExpiredTokenError(PortalError):
    """401 expired_token: renew the pair once and repeat the call."""

    code = "expired_token"


class PortalUnavailableError(PortalError):
    """No answer, a 5xx, a cut or unreadable body: worth a few more tries."""

    code = "portal_unavailable"


class PortalMovedError(PortalError):
    """The portal redirects: its domain may have changed. The new address is asked of the authorization server."""

    code = "portal_moved"


class GiveUpError(PortalError):
    """An answer that no repetition will change."""


class AccessDeniedError(GiveUpError):
    """The user may not read this."""

    code = "access_denied"


class InsufficientScopeError(GiveUpError):
    """The application was not given the scope that this method needs."""

    code = "insufficient_scope"


class UserAccessError(GiveUpError):
    """The administrator has closed the application to this user."""

    code = "user_access_error"


class PaymentRequiredError(GiveUpError):
    """The portal's plan has no REST, or the application is not paid."""

    code = "payment_required"


class PortalDeletedError(GiveUpError):
    """The portal is gone or closed."""

    code = "portal_deleted"


class OverloadLimitError(GiveUpError):
    """REST is blocked by hand because of overload: not to be hammered."""

    code = "overload_limit"


class InvalidTokenError(GiveUpError):
    """401 without expired_token: the portal does not know this access token any more."""

    code = "invalid_token"


class InvalidArgumentError(GiveUpError):
    """The portal does not accept an argument: a field that was deleted, a filter it does not know."""

    code = "invalid_argument"


class UnknownMethodError(GiveUpError):
    """The portal does not have this method: a self-hosted one may be older than it."""

    code = "unknown_method"


class UnknownPlacementError(GiveUpError):
    """The portal's version does not have this placement."""

    code = "unknown_placement"


class HandlerAddressError(GiveUpError):
    """The portal takes no handler at this address: its host name has no dot."""

    code = "handler_address"


class PortalAddressError(GiveUpError):
    """The portal's host stands in a network that is not called (PORTAL_NETWORKS)."""

    code = "portal_address"


class UnexpectedAnswerError(GiveUpError):
    """The answer has another shape than its method's page says, is too large, or has no end."""

    code = "unexpected_answer"


# --- the order of a report ----------------------------------------------------------------------------------------


class InvalidParametersError(AppError):
    """There is no report, or page of reports, for these parameters: ``fields`` tells for each wrong one why, as a
    stable code: ``unknown_kind``, ``unknown_date_field``, ``missing_day``, ``after_last_day``, ``unknown_page``,
    ``unknown_column: CODE``, ``later_than_today``, ``not_of_receivables``, ``of_receivables_only``,
    ``period_of_registers``, ``period_of_receivables``, ``scope_not_granted: SCOPE``."""

    code = "validation_failed"

    def __init__(self, **fields: str) -> None:
        super().__init__(", ".join(f"{name}: {reason}" for name, reason in fields.items()))
        self.fields: Mapping[str, str] = fields


class IdempotencyKeyReusedError(AppError):
    """An earlier order with the same idempotency key had other parameters."""

    code = "idempotency_key_reused"


class TooManyReportsError(AppError):
    """So many reports of the user, or of the portal, are open that another one has to wait."""

    code = "too_many_reports"


class PortalQuotaError(AppError):
    """The portal's finished files take more than they may: ``stored`` of ``quota``, ``own`` the user's (in MB)."""

    code = "portal_quota"


class TooManySchedulesError(AppError):
    """The user, or the portal, has as many active schedules as they may have."""

    code = "too_many_schedules"


class RobotSettingsError(AppError):
    """The robot of automation rules is set up so that no report can be ordered; ``reason``: set_not_chosen, set_gone
    (``name``: which), chat_not_chosen, folder_not_chosen, target_unknown."""

    code = "robot_settings"


class ScheduleOwnerError(AppError):
    """The owner of a schedule can no longer run it: dismissed, closed out, or without a valid pair."""

    code = "schedule_owner"


# --- the report ---------------------------------------------------------------------------------------------------


class ReportError(AppError):
    """A report cannot go on, and the portal is not to blame."""

    code = "report_error"


class StorageFullError(ReportError):
    """The place for finished files is full or not writable."""

    code = "storage_unavailable"


class WorkbookLimitError(ReportError):
    """The report does not fit into what Excel can hold."""

    code = "workbook_limit"


class AppUninstalledError(ReportError):
    """The application was removed from the portal while the report ran."""

    code = "app_uninstalled"


class ReportTooLongError(ReportError):
    """The report has run longer than any report may."""

    code = "report_too_long"


class AnswersTooHeavyError(ReportError):
    """The portal has sent more for one report than any report may weigh."""

    code = "answers_too_heavy"


class SheetsTooHeavyError(ReportError):
    """The sheets of one report weigh more than those of any report may."""

    code = "sheets_too_heavy"


class ReceivablesDisagreeError(ReportError):
    """The ranges of receivables do not add up to the remainders: such a file is not given out."""

    code = "receivables_disagree"


class DeliveryError(AppError):
    """A finished report could not be delivered to a target, and another try would not help."""

    code = "not_delivered"


class ChatUnavailableError(DeliveryError):
    """The chat is gone, or the user is not in it any more."""

    code = "chat_unavailable"


class FolderUnavailableError(DeliveryError):
    """The folder is gone, or the user may not add files to it."""

    code = "folder_unavailable"


class FileTooLargeError(DeliveryError):
    """The file is larger than is sent to a portal."""

    code = "file_too_large"


class WorkerLostError(ReportError):
    """The worker was lost as often as we allow."""

    code = "worker_lost"


class ReportCancelledError(AppError):
    """The user cancelled the report; raised inside a running report, never shown."""

    code = "cancelled"


class LeaseLostError(AppError):
    """Another worker has taken this report over: stop at once and touch nothing."""

    code = "lease_lost"
