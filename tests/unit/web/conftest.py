"""A bare Flask application with the catalogues, for what only needs a request and a language."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask_babel import Babel

from bitrix_app.web.app import TRANSLATIONS
from bitrix_app.web.i18n import choose_language, current_language


@pytest.fixture
def app() -> Flask:
    """The application."""
    made = Flask("test")
    Babel(
        made,
        default_locale="en",
        default_translation_directories=str(TRANSLATIONS),
        locale_selector=current_language,
    )
    return made


@pytest.fixture(params=["ru", "en"])
def lang(request: pytest.FixtureRequest, app: Flask) -> Iterator[str]:
    """A request answered in this language."""
    with app.test_request_context("/"):
        choose_language(request.param)
        yield request.param


@pytest.fixture
def russian(app: Flask) -> Iterator[None]:
    """A request answered in Russian."""
    with app.test_request_context("/"):
        choose_language("ru")
        yield
