"""Small readers of what comes from outside: language, placement, origins, forms, prefixes."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, request

from bitrix_app.errors import RejectedRequestError
from bitrix_app.web.app import Prefix
from bitrix_app.web.headers import origin_of
from bitrix_app.web.i18n import language_of
from bitrix_app.web.pages import Placement, read_placement
from bitrix_app.web.schemas import cap_body, form_body, json_body


@pytest.mark.parametrize(
    ("lang", "ours"),
    [
        ("ru", "ru"),
        ("RU", "ru"),
        ("ru_RU", "ru"),
        ("ru-RU", "ru"),
        ("by", "ru"),
        ("kz", "ru"),
        ("", "ru"),
        (None, "ru"),
        ("en", "en"),
        ("de", "en"),
        ("la", "en"),
        ("russian", "en"),
        ("../../etc", "en"),
        ("<script>", "en"),
        ("\0", "en"),
        ("r" * 10_000, "en"),
    ],
)
def test_lang_is_compared_and_nothing_else(lang: str | None, ours: str) -> None:
    assert language_of(lang) == ours


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://x.bitrix24.ru/rest/", "https://x.bitrix24.ru"),
        ("https://x.bitrix24.ru:8443/rest/?a#b", "https://x.bitrix24.ru:8443"),
        ("https://user:pass@x.bitrix24.ru/rest/", "https://x.bitrix24.ru"),
        ("http://[::1]:80/rest/", "http://[::1]:80"),
        ("https://портал.рф/rest/", "https://xn--80awhdgm.xn--p1ai"),
        ("https://x.ru; script-src *//", ""),
        ("https://x.ru\r\nX: y/", ""),
        ("https://*/", ""),
        ("https://x.ru,https://y.ru/", ""),
        ("javascript:alert(1)", ""),
        ("https://x.ru:99999/", ""),
        ("https://" + "a" * 300 + ".ru/", ""),
        ("", ""),
    ],
)
def test_an_origin_never_brings_a_second_directive(address: str, origin: str) -> None:
    found = origin_of(address)
    assert found == origin or (not origin and not set(found) & set("; ,*\r\n"))


@pytest.mark.parametrize("name", ["", "default", "<b>", "CRM TAB", "X" * 65, "CRM\0", "CRM;DROP"])
def test_a_placement_that_is_none_is_the_left_menu(name: str) -> None:
    assert read_placement(name, '{"ID": 5}') == Placement()


@pytest.mark.parametrize(
    ("options", "company"),
    [
        ('{"ID": "12"}', 12),
        ('{"ID": 0}', None),
        ('{"ID": 1.5}', None),
        ('{"ID": "１２"}', None),
        ('{"ID": "2147483648"}', None),
        ('{"ID": null}', None),
        ("{" * 20_000, None),
        ('{"ID": ' + "9" * 5000 + "}", None),
        ("\0", None),
    ],
)
def test_an_id_is_a_plain_positive_number(options: str, company: int | None) -> None:
    assert read_placement("CRM_COMPANY_DETAIL_TAB", options).company_id == company


def parsed(app: Flask, body: bytes, kind: str = "application/json") -> Any:
    with app.test_request_context("/", method="POST", data=body, content_type=kind):
        return json_body(request)


def test_json_is_read_with_whole_numbers_and_any_letters(app: Flask) -> None:
    assert parsed(app, '{"a": [1, -2, 1.5, null, true, "ж"]}'.encode()) == {"a": [1, -2, 1.5, None, True, "ж"]}
    assert parsed(app, b"{}", "application/json; charset=utf-8") == {}


@pytest.mark.parametrize("body", [b'{"a":1,"a":1}', b"1" * 1001, b"-Infinity", b"\xff", b"[" * 100_000, b""])
def test_json_that_two_readers_may_read_differently_is_refused(app: Flask, body: bytes) -> None:
    with pytest.raises(RejectedRequestError) as refused:
        parsed(app, body)
    assert (refused.value.status, refused.value.code) == (400, "bad_json")


def test_a_body_is_capped_whether_it_says_its_length_or_not(app: Flask) -> None:
    with app.test_request_context("/", method="POST", data=b"x" * 11), pytest.raises(RejectedRequestError) as refused:
        cap_body(request, 10)
    assert refused.value.status == 413
    with app.test_request_context("/", method="POST", data=b"x" * 10):
        cap_body(request, 10)
        assert request.get_data() == b"x" * 10


def test_of_a_field_that_is_there_twice_the_first_counts(app: Flask) -> None:
    kind = "application/x-www-form-urlencoded"
    with app.test_request_context("/", method="POST", data=b"a=1&a=2&b=%D0%B6", content_type=kind):
        assert form_body(request) == {"a": "1", "b": "ж"}


@pytest.mark.parametrize(
    ("app_url", "path", "seen"),
    [
        ("https://x.ru", "/app", ("", "/app")),
        ("https://x.ru/register", "/register/app", ("/register", "/app")),
        ("https://x.ru/register", "/app", ("/register", "/app")),
        ("https://x.ru/register", "/register", ("/register", "/")),
        ("https://x.ru/register", "/registers/app", ("/register", "/registers/app")),
        ("https://x.ru/register/", "/register/app", ("/register", "/app")),
    ],
)
def test_a_prefix_is_taken_off_whether_the_proxy_did_or_not(app_url: str, path: str, seen: tuple[str, str]) -> None:
    found: list[tuple[str, str]] = []

    def inner(environ: Any, start_response: Any) -> list[bytes]:
        found.append((environ.get("SCRIPT_NAME", ""), environ["PATH_INFO"]))
        return []

    Prefix(inner, app_url)({"PATH_INFO": path}, lambda *_: lambda _: None)
    assert found == [seen]
