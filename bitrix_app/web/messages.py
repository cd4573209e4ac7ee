"""What a person reads: for a stable code what happened and what to do, and the self-check's answers.

Every code of ``bitrix_app.errors`` and every code of the web's own refusals has its line here; a test counts them.
``params`` of an error may fill a message; a value that is missing becomes an ellipsis, never a failure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bitrix_app.errors import AppError
from bitrix_app.portals import Check
from bitrix_app.web.i18n import N_
from bitrix_app.web.i18n import translate as _

LONGEST_VALUE = 200


@dataclass(frozen=True, slots=True)
class Message:
    """``text``: what happened. ``advice``: what to do about it."""

    text: str
    advice: str


def message_for(code: str, params: Mapping[str, Any] | None = None) -> Message:
    """The message of a code, its gaps filled from ``params``. An unknown code reads like ``internal_error``."""
    template = MESSAGES.get(code, MESSAGES[AppError.code])
    if template is MESSAGES["invalid_argument"] and params and params.get("field"):
        template = FIELD_REFUSED
    values = _Gaps({"module": module_of(str((params or {}).get("method") or "")), **(params or {})})
    return Message(_(template.text) % values, _(template.advice) % values)


def module_of(method: str) -> str:
    """The module of a self-hosted Bitrix24 that has this REST method (``on-premise/versions``)."""
    scope = method.partition(".")[0]
    return scope if scope in {"crm", "disk", "im"} else "intranet" if scope == "department" else "rest"


def reasons(fields: Mapping[str, str]) -> dict[str, list[str]]:
    """What is wrong with each field of an InvalidParametersError, as a problem's ``errors`` have it."""
    parted = {name: reason.partition(": ") for name, reason in fields.items()}
    return {name: [_(REASONS[code]) % {"value": value}] for name, (code, _sign, value) in parted.items()}


class _Gaps(dict[str, str]):
    """Interpolation values as short texts; a missing one reads as an ellipsis."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__({name: str(value)[:LONGEST_VALUE] for name, value in values.items()})

    def __missing__(self, name: str) -> str:
        return "…"


_REPEAT = N_("Try again in a minute. If that does not help, tell the administrator of the portal.")
_REOPEN = N_("Open the application in Bitrix24 again.")
_ASK_ADMIN = N_("Turn to the administrator of the portal.")

NO_COLUMN = N_("Invoices of this portal have no column %(value)s, or no table can show it. Take it out of the columns.")
COLUMN_REASONS: Mapping[str, str] = {
    "no_such_field": N_("Invoices of this portal have no such field."),
    "not_in_a_table": N_("A table cannot show fields of this type."),
}
"""Why a column cannot be chosen."""
REASONS: Mapping[str, str] = {
    "unknown_kind": N_("There is no such kind of report."),
    "unknown_date_field": N_("Invoices of this portal have no such date field."),
    "unknown_column": NO_COLUMN,
    "missing_day": N_("This day is missing."),
    "unknown_page": N_("There is no such page."),
    "after_last_day": N_("The first day is after the last day."),
    "later_than_today": N_("This day has not come yet. Choose today or an earlier day."),
    "not_of_receivables": N_("Receivables on a day do not take this condition. Leave it out."),
    "period_of_registers": N_("A register needs a period with two days; “as_of_run” is for receivables."),
    "period_of_receivables": N_("Receivables are of the day of the run: choose “as_of_run”."),
    "scope_not_granted": N_(
        "The portal has not granted the app the permission %(value)s that this delivery needs. "
        "The administrator of the portal can add it in the application's card and install it once more."
    ),
    "no_such_report": N_("You have no such report. Choose another one to compare with."),
    "report_not_finished": N_("This report is not ready, so there is nothing to compare with."),
    "not_a_register": N_("Only registers of a period can be compared. Choose another report."),
    "other_language": N_("That report is in the other language. Choose one in the language of this page."),
    "rows_not_kept": N_(
        "The rows of this report were not kept. Build it once more and compare with that one next time."
    ),
    "of_receivables_only": N_("This condition is for receivables on a day only. Leave it out."),
}
"""Why a parameter does not fit, by the code of an InvalidParametersError."""

FIELD_REFUSED = Message(
    N_("Bitrix24 did not accept a condition of the report on the field %(field)s: it may have been deleted."),
    N_("Check the fields in the settings and build the report again."),
)
"""What ``invalid_argument`` says where the portal names the field."""

MARKET_PATH = "/marketplace/"
"""Where a portal shows its applications and their payment (``sdk/bx24-js-sdk`` bx24-open-path)."""
MENDED_AT: Mapping[str, str] = {
    "invoices": "/crm/type/31/list/category/0/",
    "own_company": "/crm/configs/mycompany/",
    "clients": "/crm/company/list/",
    "payment": MARKET_PATH,
}
"""Pages of the portal, by the code of a check."""
PERIOD_ENDED = N_("The paid period of the application has ended.")
EXTEND = N_(
    "Bitrix24 lets it work for a while longer and then closes it. Extend it in the Market: reports, schedules and "
    "settings stay as they are."
)
PAYMENT_STATES: Mapping[str, str] = {
    "F": N_("The application is free"),
    "L": N_("The application is a local one: there is nothing to pay"),
    "D": N_("The application works as a demo version"),
    "T": N_("The application is in its trial period"),
    "P": N_("The application is paid for"),
    "S": N_("The application comes with the subscription to the Market"),
    "": N_("The portal does not tell whether the application is paid for"),
}
"""By the ``STATUS`` of the portal's ``app.info``."""

PAUSES: Mapping[str, Message] = {
    "user_access_error": Message(
        N_("Bitrix24 has closed the application to the owner of the schedule, or they have been dismissed."),
        N_("An administrator can open it to them, or take the schedule over."),
    ),
    "not_allowed_to_build": Message(
        N_("The owner of the schedule may no longer build reports."),
        N_("An administrator can add them in the settings of the application, or take the schedule over."),
    ),
    "invalid_grant": Message(
        N_("The access of the schedule's owner to Bitrix24 has lapsed."),
        N_("The owner should open the application and switch the schedule on; an administrator can take it over."),
    ),
}
"""Why a schedule is paused, by the code of the error that paused it."""


def paused_reason(code: str) -> str:
    """Why a schedule is paused and what to do, in the reader's language."""
    message = PAUSES.get(code, PAUSES["invalid_grant"])
    return f"{_(message.text)} {_(message.advice)}"


MESSAGES: Mapping[str, Message] = {
    # --- the tree of errors
    "internal_error": Message(N_("Something went wrong on our side."), _REPEAT),
    "settings_error": Message(N_("The application is configured wrongly."), N_("Tell whoever looks after it.")),
    "authorization_server_error": Message(
        N_("The authorization server of Bitrix24 answered with an error."), N_("Try again in a minute.")
    ),
    "authorization_server_unavailable": Message(
        N_("The authorization server of Bitrix24 does not answer, so access cannot be confirmed."),
        N_("Try again in a minute."),
    ),
    "foreign_token": Message(
        N_("It is not confirmed that the request comes from your Bitrix24: the access token is wrong or has expired."),
        _REOPEN,
    ),
    "invalid_grant": Message(N_("Access to Bitrix24 has lapsed."), _REOPEN),
    "portal_error": Message(N_("Bitrix24 answered the call %(method)s with an error."), _REPEAT),
    "query_limit_exceeded": Message(
        N_("Bitrix24 asks for fewer calls."), N_("Wait a minute and try again: other applications are waiting too.")
    ),
    "operation_time_limit": Message(
        N_("Bitrix24 has limited calls of this kind for some minutes."), N_("Try again in ten minutes.")
    ),
    "expired_token": Message(N_("Access to Bitrix24 has lapsed."), _REOPEN),
    "portal_unavailable": Message(N_("Bitrix24 does not answer."), _REPEAT),
    "portal_moved": Message(
        N_("The address of your Bitrix24 has changed, and the new one is not confirmed yet."),
        N_("Open the application at the new address."),
    ),
    "portal_address": Message(
        N_("Your Bitrix24 stands in an inner network, to which this application is not allowed to connect."),
        N_("Whoever looks after the application can allow that network in the setting PORTAL_NETWORKS."),
    ),
    "access_denied": Message(
        N_("Bitrix24 does not show you these data: you lack the rights."),
        N_("Ask the administrator of the portal for the right to read invoices, companies and contacts in CRM."),
    ),
    "insufficient_scope": Message(
        N_("The application was not given a permission that this needs."),
        N_("The administrator of the portal can add permissions in the application's card and install it once more."),
    ),
    "user_access_error": Message(
        N_("The administrator of the portal has closed this application to you."), N_("Ask them to open it.")
    ),
    "payment_required": Message(
        N_("The paid or trial period of the application has ended, or the portal's plan has no access to REST."),
        N_(
            "The administrator of the portal should extend the application in the Market or check the plan. "
            "Reports, schedules and settings are kept: everything goes on as before after the payment."
        ),
    ),
    "portal_deleted": Message(N_("This Bitrix24 portal is gone or closed."), _ASK_ADMIN),
    "overload_limit": Message(
        N_("The support of Bitrix24 has closed REST to the portal for a while because of overload."),
        N_("The administrator of the portal should write to the support of Bitrix24."),
    ),
    "invalid_token": Message(N_("Bitrix24 does not know the access token any more."), _REOPEN),
    "invalid_argument": Message(
        N_("Bitrix24 did not accept a condition of the report: a field or a stage may have been deleted."),
        N_("Check the fields and stages in the settings and build the report again."),
    ),
    "unknown_method": Message(
        N_("This Bitrix24 does not know the call %(method)s: it may be an older self-hosted one."),
        N_(
            "The administrator of the portal should update the module %(module)s to its latest version "
            "(Settings → Product settings → Modules)."
        ),
    ),
    "unknown_placement": Message(N_("This Bitrix24 does not have that place for applications."), _REPEAT),
    "handler_address": Message(
        N_("Bitrix24 does not take the application's address: its host name has no dot."),
        N_("Whoever looks after the application should give it a full name such as invoices.example.ru in APP_URL."),
    ),
    "unexpected_answer": Message(
        N_("Bitrix24 answered the call %(method)s in another way than its documentation says."),
        N_("Try again later. If that does not help, tell us the code of the error."),
    ),
    "unreadable_secret": Message(
        N_("What was stored of the access to Bitrix24 cannot be read with the present key."), _REOPEN
    ),
    "report_error": Message(N_("The report could not be built."), N_("Build it once more.")),
    "storage_unavailable": Message(
        N_("There is no place to keep the finished file: it is full or out of reach."),
        N_("Tell whoever looks after the application, and build the report later."),
    ),
    "workbook_limit": Message(
        N_("The report does not fit into an Excel file: a sheet holds at most 1,048,576 rows."),
        N_("Choose a shorter period or leave out the product rows."),
    ),
    "report_too_long": Message(
        N_("The report was being built for four hours, which is as long as a report may take."),
        N_("Choose a shorter period or leave out the product rows, or build it when Bitrix24 answers more quickly."),
    ),
    "answers_too_heavy": Message(
        N_("Bitrix24 has sent more data for this report than one report may weigh."),
        N_("Choose a shorter period or leave out the product rows."),
    ),
    "receivables_disagree": Message(
        N_("The ranges of the debts do not add up to the remainders, so the file was not given out."),
        N_("Build the report again. If it happens again, tell the administrator of the app."),
    ),
    "sheets_too_heavy": Message(
        N_("The sheets of this report weigh more than those of one report may."),
        N_("Choose a shorter period or leave out the product rows."),
    ),
    "app_uninstalled": Message(
        N_("The application was removed from the portal while the report was being built."),
        N_("Install the application again."),
    ),
    "not_delivered": Message(
        N_("The report could not be delivered."), N_("It stays in the history; send it once more.")
    ),
    "chat_unavailable": Message(
        N_("The chat is gone, or you are no longer in it."), N_("Choose another chat, or ask to be added to this one.")
    ),
    "folder_unavailable": Message(
        N_("The folder of the Drive is gone, or you may not add files to it."),
        N_("Choose another folder, or ask its owner for the right to add files."),
    ),
    "file_too_large": Message(
        N_("The file is too large to be sent to Bitrix24."), N_("Download it from the list of reports.")
    ),
    "worker_lost": Message(
        N_("Building the report was begun several times, and each time the process was interrupted."),
        N_("Build a report over a shorter period, or try again later."),
    ),
    "cancelled": Message(N_("The report was cancelled."), N_("If you need it, build it again.")),
    "lease_lost": Message(N_("Another process is already building the report."), N_("Nothing needs to be done.")),
    # --- who is calling
    "missing_field": Message(
        N_("The request lacks the field %(field)s."),
        N_("Open the application from the menu of Bitrix24, not by a link."),
    ),
    "malformed_field": Message(
        N_("The field %(field)s of the request is damaged."),
        N_("Open the application from the menu of Bitrix24, not by a link."),
    ),
    "portal_mismatch": Message(N_("The request names one portal, but the access token belongs to another."), _REOPEN),
    "admin_required": Message(
        N_("Only an administrator of the portal can do this."), N_("Ask the administrator of the portal.")
    ),
    "settings_changed": Message(
        N_("Another administrator has changed the settings meanwhile."),
        N_("Look at them as they are now, and save your changes again."),
    ),
    "not_installed": Message(
        N_("The application is not installed in this portal."),
        N_("Ask the administrator of the portal to open the application and install it."),
    ),
    "not_allowed_to_build": Message(
        N_("The administrator of the portal has not put you among those who may build reports."),
        N_("Ask them to add you in the settings of the application."),
    ),
    "foreign_event": Message(N_("The event does not carry the application token."), N_("Nothing was changed.")),
    # --- sessions and links
    "session_required": Message(N_("There is no session token."), _REOPEN),
    "session_invalid": Message(N_("The session token is wrong."), _REOPEN),
    "session_expired": Message(N_("The session has ended."), _REOPEN),
    "link_invalid": Message(
        N_("There is no such link: it is damaged, or the report was deleted."),
        N_("Download the report from the list of reports."),
    ),
    "link_expired": Message(
        N_("The link worked for ten minutes and has expired."),
        N_("Download the report again from the list of reports."),
    ),
    # --- requests
    "bad_request": Message(N_("The request cannot be understood."), N_("Check it and try again.")),
    "bad_json": Message(
        N_("The body of the request cannot be read as JSON."),
        N_("Check the UTF-8 encoding, the quotes and repeated keys."),
    ),
    "not_found": Message(
        N_("There is no such thing here."), N_("Check the address, or go back to the list of reports.")
    ),
    "not_published": Message(
        N_("Whoever runs this server has not published the application in the Market, so there is no such document."),
        N_("The settings MARKET_APP_NAME, MARKET_LICENSOR, MARKET_INN, MARKET_ADDRESS and MARKET_EMAIL fill it in."),
    ),
    "method_not_allowed": Message(
        N_("This address does not take such a request."),
        N_("Open the application in your Bitrix24, not by its address."),
    ),
    "body_too_large": Message(N_("The request is too large."), N_("Make it smaller and try again.")),
    "unsupported_media_type": Message(
        N_("The request came in a format that is not read here."), N_("The format must be %(expected)s.")
    ),
    "validation_failed": Message(N_("Some values do not fit."), N_("Correct the marked fields and try again.")),
    "idempotency_key_reused": Message(
        N_("A report with other conditions has already been made with this idempotency key."), N_("Take a new key.")
    ),
    "too_many_reports": Message(
        N_("Too many reports wait or are being built: one user may have %(user)s of them, a portal %(portal)s."),
        N_("Wait until some are ready, or cancel those that are not needed."),
    ),
    "report_not_done": Message(N_("The report is not ready."), N_("Wait until it is ready.")),
    "rows_missing": Message(
        N_("The rows of this report were not kept: it was built by an earlier version of the application."),
        N_("Build it once more, or open the file."),
    ),
    "portal_quota": Message(
        N_(
            "The finished reports of this portal take %(stored)s MB, more than the %(quota)s MB that are kept for it. "
            "Yours take %(own)s MB."
        ),
        N_(
            "Delete finished reports that are no longer needed, those over long periods with product rows first. "
            "The administrator of the portal can shorten in the settings how long reports are kept."
        ),
    ),
    "too_many_schedules": Message(
        N_("There are too many active schedules: one user may have %(user)s of them, a portal %(portal)s."),
        N_("Pause or delete one that is not needed."),
    ),
    "robot_settings": Message(
        N_("The robot is not set up for a report."),
        N_("Choose a shared set, and where to send the report, in the settings of the automation rule."),
    ),
    "schedule_owner": Message(
        N_("The owner of the schedule may no longer build reports."),
        N_("Take the schedule over and start it again."),
    ),
    "too_many_requests": Message(N_("Too many requests in a row."), N_("Wait a little and try again.")),
    "too_many_sets": Message(
        N_("There are too many sets already."), N_("Delete those that are not needed and save again.")
    ),
    "portal_busy": Message(
        N_("Bitrix24 answers slowly, and other requests are waiting for it."), N_("Try again in a few seconds.")
    ),
    "service_unavailable": Message(N_("The application is out of reach for a while."), N_("Try again in a minute.")),
}


def check_message(check: Check, origin: str) -> dict[str, Any]:
    """``{code, ok, title, advice, link}``; the advice is empty where all is well. ``link``: the page of the portal at
    ``origin`` where it is mended, ``{url, title}``, or None."""
    if check.error is not None:
        message = message_for(check.error, check.params)
        return {"code": check.code, "ok": False, "title": message.text, "advice": message.advice, "link": None}
    title, advice = _words(check)
    if check.ok:
        return {"code": check.code, "ok": True, "title": title, "advice": "", "link": None}
    path = MENDED_AT.get(check.code)
    link = {"url": f"{origin}{path}", "title": _("Open in the portal")} if path else None
    return {"code": check.code, "ok": False, "title": title, "advice": advice, "link": link}


def _words(check: Check) -> tuple[str, str]:
    params = check.params
    words: Mapping[str, Callable[[], tuple[str, str]]] = {
        "scopes": lambda: (
            _("The application has the permissions it needs")
            if check.ok
            else _("Permissions are missing: %(missing)s", missing=params["missing"]),
            _("Add them in the application's card and install it once more."),
        ),
        "invoices": lambda: (
            _("Invoices can be read; you see %(count)s", count=params["count"])
            if check.ok
            else _("The portal has no invoices yet, or shows you none"),
            _("Make one in CRM, “Invoices”. Until then “Show on a sample” on the tab “Report” shows what a report is."),
        ),
        "own_company": lambda: (
            _("Your own company and its requisites are there")
            if check.ok
            else _("Your own company has no requisites")
            if params["companies"]
            else _("The portal has no company details of your own"),
            _("Without them reports show no seller with its ИНН. Add them in the settings of CRM."),
        ),
        "clients": lambda: (
            _("There are companies to be billed") if check.ok else _("The portal has no companies yet"),
            _("Add the companies that you bill, with their requisites: they give reports names, ИНН and КПП."),
        ),
        "embedding": lambda: (
            _embedding_title(check),
            _("Install the application once more: that is harmless."),
        ),
        "fields": lambda: (
            _("The chosen fields are there")
            if check.ok
            else _("Chosen fields that the portal has no more: %(missing)s", missing=params["missing"]),
            _("Choose other fields in the settings."),
        ),
        "time_zone": lambda: (
            _("Time zone of the settings: %(zone)s", zone=params["zone"])
            if check.ok
            else _("The settings say %(zone)s, your profile %(user_zone)s", **params),
            _("If the portal is in your zone, choose it in the settings: it tells when a day begins."),
        ),
        "batch": lambda: (
            _("The portal takes questions in packets: fast fetching works")
            if check.ok
            else _("The portal refuses questions in packets: reports are fetched call by call"),
            _("Reports are right all the same, only slower; fast fetching can be switched off in the settings."),
        ),
        "payments": lambda: (
            _("The portal shows its payments")
            if check.ok
            else _("The portal does not show its payments: payment goes by the payment date or the stage"),
            _("Choose in the settings another source of the paid amount, or ask for the right to read payments."),
        ),
        "payment": lambda: (_payment_title(check), _(EXTEND)),
        "robot": lambda: (
            _robot_title(check),
            _("Install the application once more: that is harmless."),
        ),
        "limits": lambda: (
            _("The portal's limits leave room for reports")
            if check.ok
            else _(
                "The portal's limit of work is nearly used up: %(operating)s s in ten minutes",
                operating=params["operating"],
            ),
            _("Reports wait until the portal lets them go on; build large ones at another time."),
        ),
    }
    return words[check.code]()


def _payment_title(check: Check) -> str:
    if not check.ok:
        return _(PERIOD_ENDED).rstrip(".")
    state, days = _(PAYMENT_STATES[check.params["status"]]), check.params["days"]
    return state if days is None else f"{state}. {_('Days left: %(days)s', days=days)}"


def _robot_title(check: Check) -> str:
    if not check.ok:
        return _("The robot for automation rules is not registered")
    if not check.params["missing"]:
        return _("The robot “Build the register” stands among the automation rules")
    return _(
        "The robot for automation rules is off, all else works: the portal does not grant “%(scope)s”. "
        "An administrator can grant it: Developer resources (or the Market) — the application's card — permissions — "
        "tick “%(scope)s”, save, press “Reinstall” and open the application.",
        scope=check.params["missing"],
    )


def _embedding_title(check: Check) -> str:
    title = (
        _("The application stands in its places and hears when it is removed")
        if check.ok
        else _("Missing from the portal: %(missing)s", missing=_places(check.params["missing"]))
    )
    unknown = check.params.get("unknown")
    return f"{title}. {_('This Bitrix24 does not have: %(places)s.', places=_places(unknown))}" if unknown else title


def place_titles(codes: Iterable[str]) -> str:
    """The codes of places and events as pages call them."""
    return _places(", ".join(codes))


def _places(codes: str) -> str:
    """The codes of places and events, given in one text, as pages call them."""
    titles = {
        "CRM_SMART_INVOICE_LIST_TOOLBAR": _("the menu above the list of invoices"),
        "CRM_SMART_INVOICE_DETAIL_TAB": _("the tab in an invoice's card"),
        "CRM_COMPANY_DETAIL_TAB": _("the tab in a company's card"),
        "CRM_DEAL_DETAIL_TAB": _("the tab in a deal's card"),
        "CRM_CONTACT_DETAIL_TAB": _("the tab in a contact's card"),
        "CRM_ANALYTICS_MENU": _("the menu item in CRM analytics"),
        "REST_APP_URI": _("links from messages to a report"),
        "ONAPPUNINSTALL": _("the message that the application is removed"),
    }
    return ", ".join(titles.get(code, code) for code in codes.split(", "))
