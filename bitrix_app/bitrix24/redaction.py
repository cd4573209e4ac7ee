"""Keeps query strings out of logs: the authorization server takes tokens and the client secret in its addresses."""

from __future__ import annotations

import logging
import re

_QUERY = re.compile(r"\?[^\s'\")]*")
_LOGGERS = ("urllib3.connection", "urllib3.connectionpool", "urllib3.util.retry")


class _QueryFilter(logging.Filter):
    """Cuts the query off every address, and all that an unreadable answer said, in a record of urllib3."""

    def filter(self, record: logging.LogRecord) -> bool:
        told = "an answer whose headers cannot be read" if record.exc_info else record.getMessage()
        record.msg, record.args, record.exc_info = _QUERY.sub("?…", told), None, None
        return True


_FILTER = _QueryFilter()


def keep_queries_out_of_logs() -> None:
    """Makes urllib3 log addresses without their query, at any level. Harmless to repeat."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_FILTER)
