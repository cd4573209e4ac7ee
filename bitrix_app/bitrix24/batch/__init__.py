"""Sending questions by the portal's ``batch``: what a piece of work asks at the same time goes in one request.

Each task asks as it always does, one question after another; the session hands the question to the crew, and the crew
sends what has gathered as soon as all its tasks wait. So errors, retries and paging are those of plain calls. Sources:
``settings/how-to-call-rest-api/batch`` (fifty commands), ``limits`` (operating time counts for each command).
"""

from bitrix_app.bitrix24.batch.session import BatchSession

__all__ = ["BatchSession"]
