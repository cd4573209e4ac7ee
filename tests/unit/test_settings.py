"""The settings: what is missing or wrong stops the start with one line that names it."""

from __future__ import annotations

from pathlib import Path

import pytest
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from bitrix_app.errors import SettingsError
from bitrix_app.portals import Places
from bitrix_app.settings import LEAST_WEB_THREADS, REQUIRED, load_settings

MINIMAL = {
    "BITRIX_CLIENT_ID": "local.1",
    "BITRIX_CLIENT_SECRET": "hush-hush",
    "APP_URL": "https://invoices.example.ru/",
    "SECRET_KEY": "first, second",
}


def test_four_settings_are_enough() -> None:
    """Everything else has a default; addresses lose the slash at their end."""
    settings = load_settings(MINIMAL)
    assert settings.app_url == "https://invoices.example.ru"
    assert settings.secret_keys == ("first", "second")
    assert settings.embedded_queue


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_missing_setting_is_named(name: str, value: str | None) -> None:
    """One line says which."""
    given = {key: text for key, text in MINIMAL.items() if key != name} | ({} if value is None else {name: value})
    with pytest.raises(SettingsError, match=rf"^{name} is not set[^\n]*$"):
        load_settings(given)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("APP_URL", "invoices.example.ru"),
        ("APP_URL", "ftp://invoices.example.ru"),
        ("APP_URL", "https://[broken"),
        ("APP_URL", "https://example.ru/?a=b"),
        ("APP_URL", "https://exam ple.ru"),
        ("APP_URL", "https://example.ru:port"),
        ("APP_URL", "https://example.ru:99999"),
        ("APP_URL", "https://example.ru:0"),
        ("APP_URL", "https://:8080"),
        ("APP_URL", "https://user:word@example.ru"),
        ("APP_URL", "https://example.ru;x"),
        ("BITRIX_OAUTH_URL", "nowhere"),
        ("BX24_JS_URL", "javascript:alert(1)"),
        ("SECRET_KEY", " , "),
        ("QUEUE_URL", "amqp://queue"),
        ("BITRIX_ALLOW_HTTP", "yes"),
        ("LOG_LEVEL", "LOUD"),
        ("LOG_FORMAT", "xml"),
        ("WEB_THREADS", "0"),
        ("WEB_THREADS", "39"),
        ("CA_BUNDLE", "/nowhere/ca.pem"),
        ("CA_BUNDLE", __file__),
        ("PROXY_HOPS", "-1"),
        ("WORKER_CONCURRENCY", "many"),
        ("WORKER_CONCURRENCY", "٤"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    """One line says which and what it should be."""
    with pytest.raises(SettingsError, match=rf"^{name} [^\n]*$"):
        load_settings({**MINIMAL, name: value})


def test_a_password_in_an_address_is_not_shown() -> None:
    """The line goes into logs."""
    with pytest.raises(SettingsError, match="APP_URL") as caught:
        load_settings({**MINIMAL, "APP_URL": "https://user:pass-word@example.ru"})
    assert "pass-word" not in str(caught.value)


def test_threads_are_left_when_all_places_before_slow_servers_are_taken() -> None:
    """The least number of threads that is accepted leaves some for pages that need no portal."""
    places = Places.of(LEAST_WEB_THREADS)
    assert LEAST_WEB_THREADS - places.portals - places.callers >= 4
    assert min(places.portals, places.callers) >= 8
    assert load_settings({**MINIMAL, "WEB_THREADS": str(LEAST_WEB_THREADS)}).web_threads == LEAST_WEB_THREADS


def test_a_file_of_certificates_is_accepted() -> None:
    """A PEM file; that it can be read is seen at the start, not at the first call."""
    assert load_settings({**MINIMAL, "CA_BUNDLE": DEFAULT_CA_BUNDLE_PATH}).ca_bundle == DEFAULT_CA_BUNDLE_PATH


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``.env`` fills in what the environment does not say."""
    for name, value in MINIMAL.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("LOG_LEVEL", raising=False)
    monkeypatch.setenv("LOG_FORMAT", "json")
    file = tmp_path / ".env"
    file.write_text("LOG_LEVEL=DEBUG\nLOG_FORMAT=text\nMETRICS_TOKEN=pa${ss}word\n")
    settings = load_settings(dotenv=file)
    assert (settings.log_level, settings.log_format) == ("DEBUG", "json")
    assert settings.metrics_token == "pa${ss}word"


def test_secrets_do_not_show() -> None:
    """A settings object in a traceback or a log tells no secret."""
    shown = repr(
        load_settings({**MINIMAL, "DATABASE_URL": "postgresql://u:pass-word@db/x", "METRICS_TOKEN": "m-token"})
    )
    assert not any(secret in shown for secret in ("hush-hush", "first", "second", "pass-word", "m-token"))


@pytest.mark.parametrize(("keys", "weak"), [("k" * 32, False), ("k" * 31, True), (f"{'k' * 32},old", True)])
def test_a_key_that_may_be_guessed_is_noticed(keys: str, weak: bool) -> None:
    """It stops nobody, but the log and the doctor say so."""
    assert load_settings({**MINIMAL, "SECRET_KEY": keys}).weak_secret_key is weak
