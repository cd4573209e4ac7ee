"""From a stable code to what a person reads: what happened, and what to do. In the reader's language.

Every code of ``bitrix_app.errors`` and every code of the web's own refusals has its line here; a test counts them.
``params`` of an error may fill a sentence; a value that is missing becomes an ellipsis, never a failure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _

from bitrix_app.errors import AppError

LONGEST_VALUE = 200


@dataclass(frozen=True, slots=True)
class Sentence:
    """``text``: what happened. ``advice``: what to do about it."""

    text: str
    advice: str


def sentence_for(code: str, params: Mapping[str, Any] | None = None) -> Sentence:
    """The sentence of a code, its gaps filled from ``params``. An unknown code reads like ``internal_error``."""
    template = SENTENCES.get(code, SENTENCES[AppError.code])
    values = _Gaps(params or {})
    return Sentence(str(template.text) % values, str(template.advice) % values)


class _Gaps(dict[str, str]):
    """Values for the gaps of a sentence, as short texts."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__({name: str(value)[:LONGEST_VALUE] for name, value in values.items()})

    def __missing__(self, name: str) -> str:
        return "…"


_REPEAT = _("Try again in a minute. If that does not help, tell the administrator of the portal.")
_REOPEN = _("Open the application in Bitrix24 again.")
_ASK_ADMIN = _("Turn to the administrator of the portal.")

SENTENCES: Mapping[str, Sentence] = {
    # --- the tree of errors
    "internal_error": Sentence(_("Something went wrong on our side."), _REPEAT),
    "settings_error": Sentence(_("The application is configured wrongly."), _("Tell whoever looks after it.")),
    "authorization_server_error": Sentence(
        _("The authorization server of Bitrix24 answered with an error."), _("Try again in a minute.")
    ),
    "authorization_server_unavailable": Sentence(
        _("The authorization server of Bitrix24 does not answer, so access cannot be confirmed."),
        _("Try again in a minute."),
    ),
    "foreign_token": Sentence(
        _("It is not confirmed that the request comes from your Bitrix24: the access token is wrong or has expired."),
        _REOPEN,
    ),
    "invalid_grant": Sentence(_("Access to Bitrix24 has lapsed."), _REOPEN),
    "portal_error": Sentence(_("Bitrix24 answered the call %(method)s with an error."), _REPEAT),
    "query_limit_exceeded": Sentence(
        _("Bitrix24 asks for fewer calls."), _("Wait a minute and try again: other applications are waiting too.")
    ),
    "operation_time_limit": Sentence(
        _("Bitrix24 has limited calls of this kind for some minutes."), _("Try again in ten minutes.")
    ),
    "expired_token": Sentence(_("Access to Bitrix24 has lapsed."), _REOPEN),
    "portal_unavailable": Sentence(_("Bitrix24 does not answer."), _REPEAT),
    "portal_moved": Sentence(
        _("The address of your Bitrix24 has changed, and the new one is not confirmed yet."),
        _("Open the application at the new address."),
    ),
    "access_denied": Sentence(
        _("Bitrix24 does not show you these data: you lack the rights."),
        _("Ask the administrator of the portal for the right to read invoices, companies and contacts in CRM."),
    ),
    "insufficient_scope": Sentence(
        _("The application was not given a permission that this needs."),
        _("The administrator of the portal can add permissions in the application's card and install it once more."),
    ),
    "user_access_error": Sentence(
        _("The administrator of the portal has closed this application to you."), _("Ask them to open it.")
    ),
    "payment_required": Sentence(
        _("The portal's plan has no access to REST, or is not paid."),
        _("The administrator of the portal should check the plan and the subscription in Bitrix24."),
    ),
    "portal_deleted": Sentence(_("This Bitrix24 portal is gone or closed."), _ASK_ADMIN),
    "overload_limit": Sentence(
        _("The support of Bitrix24 has closed REST to the portal for a while because of overload."),
        _("The administrator of the portal should write to the support of Bitrix24."),
    ),
    "invalid_token": Sentence(_("Bitrix24 does not know the access token any more."), _REOPEN),
    "invalid_argument": Sentence(
        _("Bitrix24 did not accept a condition of the report: a field or a stage may have been deleted."),
        _("Check the fields and stages in the settings and build the report again."),
    ),
    "unknown_method": Sentence(
        _("This Bitrix24 does not know the call %(method)s: it may be an older self-hosted one."),
        _("The administrator of the portal should update Bitrix24."),
    ),
    "unexpected_answer": Sentence(
        _("Bitrix24 answered the call %(method)s in another way than its documentation says."),
        _("Try again later. If that does not help, tell us the code of the error."),
    ),
    "unreadable_secret": Sentence(
        _("What was stored of the access to Bitrix24 cannot be read with the present key."), _REOPEN
    ),
    "report_error": Sentence(_("The report could not be built."), _("Build it once more.")),
    "storage_unavailable": Sentence(
        _("There is no place to keep the finished file: it is full or out of reach."),
        _("Tell whoever looks after the application, and build the report later."),
    ),
    "workbook_limit": Sentence(
        _("The report does not fit into an Excel file: a sheet holds at most 1,048,576 rows."),
        _("Choose a shorter period or leave out the product rows."),
    ),
    "app_uninstalled": Sentence(
        _("The application was removed from the portal while the report was being built."),
        _("Install the application again."),
    ),
    "worker_lost": Sentence(
        _("Building the report was begun several times, and each time the process was interrupted."),
        _("Build a report over a shorter period, or try again later."),
    ),
    "cancelled": Sentence(_("The report was cancelled."), _("If you need it, build it again.")),
    "lease_lost": Sentence(_("Another process is already building the report."), _("Nothing needs to be done.")),
    # --- who is calling
    "missing_field": Sentence(
        _("The request lacks the field %(field)s."), _("Open the application from the menu of Bitrix24, not by a link.")
    ),
    "malformed_field": Sentence(
        _("The field %(field)s of the request is damaged."),
        _("Open the application from the menu of Bitrix24, not by a link."),
    ),
    "portal_mismatch": Sentence(_("The request names one portal, but the access token belongs to another."), _REOPEN),
    "admin_required": Sentence(
        _("Only an administrator of the portal can do this."), _("Ask the administrator of the portal.")
    ),
    "not_installed": Sentence(
        _("The application is not installed in this portal."),
        _("Ask the administrator of the portal to open the application and install it."),
    ),
    "not_allowed_to_build": Sentence(
        _("The administrator of the portal has not put you among those who may build reports."),
        _("Ask them to add you in the settings of the application."),
    ),
    "foreign_event": Sentence(_("The event does not carry the application token."), _("Nothing was changed.")),
    # --- sessions and links
    "session_required": Sentence(_("There is no session token."), _REOPEN),
    "session_invalid": Sentence(_("The session token is wrong."), _REOPEN),
    "session_expired": Sentence(_("The session has ended."), _REOPEN),
    "link_invalid": Sentence(
        _("There is no such link: it is damaged, or the report was deleted."),
        _("Download the report from the list of reports."),
    ),
    "link_expired": Sentence(
        _("The link worked for ten minutes and has expired."), _("Download the report again from the list of reports.")
    ),
    # --- requests
    "bad_request": Sentence(_("The request cannot be understood."), _("Check it and try again.")),
    "bad_json": Sentence(
        _("The body of the request cannot be read as JSON."),
        _("Check the UTF-8 encoding, the quotes and repeated keys."),
    ),
    "not_found": Sentence(
        _("There is no such thing here."), _("Check the address, or go back to the list of reports.")
    ),
    "method_not_allowed": Sentence(
        _("This address does not take such a request."),
        _("Open the application in your Bitrix24, not by its address."),
    ),
    "body_too_large": Sentence(_("The request is too large."), _("Make it smaller and try again.")),
    "unsupported_media_type": Sentence(
        _("The request came in a format that is not read here."), _("The format must be %(expected)s.")
    ),
    "validation_failed": Sentence(_("Some values do not fit."), _("Correct the marked fields and try again.")),
    "idempotency_key_reused": Sentence(
        _("A report with other conditions has already been made with this idempotency key."), _("Take a new key.")
    ),
    "too_many_requests": Sentence(_("Too many requests in a row."), _("Wait a little and try again.")),
    "too_many_sets": Sentence(
        _("There are too many sets already."), _("Delete those that are not needed and save again.")
    ),
    "portal_busy": Sentence(
        _("Bitrix24 answers slowly, and other requests are waiting for it."), _("Try again in a few seconds.")
    ),
    "service_unavailable": Sentence(_("The application is out of reach for a while."), _("Try again in a minute.")),
}
