"""The web: pages in the portal's frame, the JSON API of the page, events, downloads, health.

Belongs here: requests and answers, headers, sessions, words. Does not: what is believed of a portal, SQL, reports.
``create_app(services)`` makes the application; ``Services`` says what it needs.
"""

from bitrix_app.web.app import create_app
from bitrix_app.web.services import Services

__all__ = ["Services", "create_app"]
