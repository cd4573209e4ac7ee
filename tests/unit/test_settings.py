"""The settings: what is missing or wrong stops the start with one line that names it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from bitrix_app.errors import SettingsError
from bitrix_app.portals import Places
from bitrix_app.settings import LEAST_WEB_THREADS, REQUIRED, load_settings

STRONG = "kU2vQx9-wLr7_nTb4Zs8Yc1Hd6Gf3Ja5"
MINIMAL = {
    "BITRIX_CLIENT_ID": "local.1",
    "BITRIX_CLIENT_SECRET": "hush-hush",
    "APP_URL": "https://invoices.example.ru/",
    "SECRET_KEY": f"first-{STRONG}, second-{STRONG}",
}


def test_four_settings_are_enough() -> None:
    """Everything else has a default; addresses lose the slash at their end."""
    settings = load_settings(MINIMAL)
    assert settings.app_url == "https://invoices.example.ru"
    assert settings.secret_keys == (f"first-{STRONG}", f"second-{STRONG}")
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
        ("APP_URL", "http://invoices.example.ru"),
        ("BITRIX_OAUTH_URL", "http://oauth.example"),
        ("BX24_JS_URL", "http://api.example/api/v1/"),
        ("BITRIX_OAUTH_URL", "nowhere"),
        ("BX24_JS_URL", "javascript:alert(1)"),
        ("SECRET_KEY", " , "),
        ("QUEUE_URL", "amqp://queue"),
        ("SECRET_KEY", "changeme"),
        ("SECRET_KEY", STRONG[:31]),
        ("SECRET_KEY", "abcdefghijk" * 3),
        ("SECRET_KEY", f"{STRONG},old"),
        ("METRICS_TOKEN", "fifteen-letters"),
        ("PORTAL_NETWORKS", "the office"),
        ("PORTAL_NETWORKS", "10.1.2.3/8"),
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
    file.write_text("LOG_LEVEL=DEBUG\nLOG_FORMAT=text\nMETRICS_TOKEN=pa${ss}word-in-all\n")
    settings = load_settings(dotenv=file)
    assert (settings.log_level, settings.log_format) == ("DEBUG", "json")
    assert settings.metrics_token == "pa${ss}word-in-all"


def test_the_file_is_dotenv_of_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to name it."""
    for name, value in MINIMAL.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("LOG_LEVEL", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("LOG_LEVEL=DEBUG\n")
    assert load_settings().log_level == "DEBUG"


def test_secrets_may_come_as_a_credential_of_the_service_manager(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then they stand in no process's environment; commands by hand name the folder."""
    for name, value in MINIMAL.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("SECRET_KEY")
    (tmp_path / ".env").write_text(f"SECRET_KEY=of-the-file-{STRONG}\n")
    (tmp_path / "secrets").write_text(f"SECRET_KEY=of-the-credential-{STRONG}\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert load_settings(dotenv=tmp_path / ".env").secret_keys == (f"of-the-credential-{STRONG}",)


def test_secrets_do_not_show() -> None:
    """A settings object in a traceback or a log tells no secret."""
    shown = repr(
        load_settings(
            {**MINIMAL, "DATABASE_URL": "postgresql://u:pass-word@db/x", "METRICS_TOKEN": "metrics-token-of-24"}
        )
    )
    assert not any(secret in shown for secret in ("hush-hush", "first", "second", "pass-word", "metrics-token"))


@pytest.mark.parametrize(
    "url",
    [
        "redis://:hush/bird@queue/0",
        "redis://:hush#bird@queue/0",
        "redis://:hush?bird@queue/0",
        "redis://:hush:bird@queue:port/0",
        "redis://:7411#bird@queue/0",
        "redis://:7411/bird@queue/0",
        "redis://:hushbird@",
        "rediss://[hushbird",
        "hushbird://queue",
    ],
)
def test_no_part_of_a_malformed_queue_address_is_shown(url: str) -> None:
    """It may hold a password, and the line goes into logs; a client would tell what it misreads as host or port."""
    with pytest.raises(SettingsError) as caught:
        load_settings({**MINIMAL, "QUEUE_URL": url})
    assert re.findall("hush|bird|7411", str(caught.value)) == []


@pytest.mark.parametrize(
    "url",
    ["redis://queue", "rediss://user:p%40ss:w@queue.internal:6380/2?ssl_cert_reqs=required", "redis://[::1]:6379/0"],
)
def test_usual_queue_addresses_are_accepted(url: str) -> None:
    assert load_settings({**MINIMAL, "QUEUE_URL": url}).queue_url == url


@pytest.mark.parametrize("name", ["APP_URL", "BITRIX_OAUTH_URL", "BX24_JS_URL"])
def test_plain_http_is_for_tests_alone(name: str) -> None:
    """With BITRIX_ALLOW_HTTP=1 everything may be reached by it."""
    assert load_settings({**MINIMAL, "BITRIX_ALLOW_HTTP": "1", name: "http://127.0.0.1:8080"})


def test_secrets_that_may_be_guessed_are_only_noticed_in_tests() -> None:
    """With BITRIX_ALLOW_HTTP=1 the log and the doctor say so."""
    guessed = {"SECRET_KEY": "changeme", "METRICS_TOKEN": "open sesame", "BITRIX_ALLOW_HTTP": "1"}
    assert load_settings(MINIMAL).weak_secrets == ()
    assert load_settings({**MINIMAL, **guessed}).weak_secrets == (
        "SECRET_KEY",
        "METRICS_TOKEN",
    )


def test_a_weak_key_can_still_be_rotated_away() -> None:
    """``rotate-keys`` alone reads what is encrypted with it: SECRET_KEY=new,weak."""
    assert load_settings({**MINIMAL, "SECRET_KEY": f"{STRONG},weak"}, weak_secrets=True).secret_keys == (STRONG, "weak")


def test_networks_of_portals_are_read() -> None:
    """CIDR, by commas; one address is a network of its own."""
    given = load_settings({**MINIMAL, "PORTAL_NETWORKS": "10.0.0.0/8, fd00::/8,192.168.1.5"}).portal_networks
    assert [str(each) for each in given] == ["10.0.0.0/8", "fd00::/8", "192.168.1.5/32"]
