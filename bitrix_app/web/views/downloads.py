"""``GET /downloads/<token>``: a finished file as an attachment. The link is all the permission there is: it names one
file, lasts ten minutes, and stands or falls with the report and the portal."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from urllib.parse import quote

from flask import Flask, Response, request
from werkzeug.wsgi import wrap_file

from bitrix_app.errors import RejectedRequestError
from bitrix_app.jobs import FORMATS, file_title, told_in_log
from bitrix_app.storage import ReportFile, ReportRecord
from bitrix_app.web.headers import ATTACHMENT
from bitrix_app.web.limits import rate_limits
from bitrix_app.web.services import services
from bitrix_app.web.session import DownloadClaims, installed_portal, signed_tokens

MEDIA_TYPES: Mapping[str, str] = {each.name: each.media_type for each in FORMATS}
LONGEST_LINK = 2048


def add_to(app: Flask) -> None:
    """Adds the address."""
    app.add_url_rule("/downloads/<token>", endpoint="download", view_func=download)


def download(token: str) -> Response:
    """The whole file, streamed from wherever the store keeps it; parts of it (``Range``) are not offered."""
    if len(token) > LONGEST_LINK:
        raise RejectedRequestError(404, "link_invalid")
    claims = signed_tokens().read_download(token)
    rate_limits().request(claims.portal_id, claims.user_id)
    record, file = _found(claims)
    try:
        stream = services().files.open(file.name)
    except FileNotFoundError as error:
        raise RejectedRequestError(404, "link_invalid") from error
    with ExitStack() as unless_sent:
        unless_sent.callback(stream.close)
        if request.method != "HEAD" and rate_limits().is_noted_download(token):
            _note(record, file)
        response = Response(wrap_file(request.environ, stream), headers=_headers(record, file), direct_passthrough=True)
        unless_sent.pop_all()
    return response


def disposition(title: str) -> str:
    """``Content-Disposition`` of an attachment whose name may hold any character (RFC 6266, RFC 5987)."""
    suffix = title.rpartition(".")[2]
    return f"attachment; filename=\"report.{suffix}\"; filename*=UTF-8''{quote(title, safe='')}"


def _found(claims: DownloadClaims) -> tuple[ReportRecord, ReportFile]:
    portal = installed_portal(claims.portal_id, claims.epoch)
    record = services().reports.of(portal.id, claims.user_id).get(claims.report_id) if portal else None
    files = [file for file in record.files if file.format == claims.format] if record else []
    if record is None or not files or record.status != "done" or claims.format not in MEDIA_TYPES:
        raise RejectedRequestError(404, "link_invalid")
    return record, files[0]


def _headers(record: ReportRecord, file: ReportFile) -> dict[str, str]:
    return {
        "Content-Type": MEDIA_TYPES[file.format],
        "Content-Length": str(file.size),
        "Content-Disposition": disposition(file_title(record, file.format)),
        "Content-Security-Policy": ATTACHMENT,
    }


def _note(record: ReportRecord, file: ReportFile) -> None:
    details = {"format": file.format, **told_in_log(record.params, record.names)}
    services().audit_log.add(
        record.portal_id, record.user_id, record.user_name, "report_downloaded", record.id, details=details
    )
