"""The log: no token passes, no value begins a line."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator

import pytest
import structlog

from bitrix_app.logs import LONGEST_VALUE, mask, set_up_logging
from bitrix_app.web.session import SessionClaims, SignedTokens

TOKEN = "9d4c7166007e9c94001e30ba00000001f0f107e28b5a4310c7f6d9b3025ea814"


@pytest.mark.parametrize(
    "line",
    [
        f"AUTH_ID={TOKEN}&member_id=x",
        f"auth[access_token]={TOKEN}",
        f'{{"refresh_token": "{TOKEN}"}}',
        f"{{'auth': '{TOKEN}'}}",
        f"Authorization: Bearer {TOKEN}",
        f"bearer {TOKEN}",
        f"GET /rest/app.info?auth={TOKEN} HTTP/1.1",
        f"a bare {TOKEN} in a sentence",
        f"client_secret={TOKEN[:12]}",
        f"REFRESH_ID: {TOKEN}",
        f"application_token => {TOKEN} token={TOKEN}",
        f"postgresql://app:{TOKEN}@db/app",
        f"redis://:{TOKEN[:9]}@queue/0",
        f"SECRET_KEY={TOKEN[:10]}",
    ],
)
def test_what_looks_like_a_secret_is_masked(line: str) -> None:
    masked = mask(line)
    assert TOKEN[:9] not in masked
    assert "***" in masked


def test_our_own_tokens_are_masked() -> None:
    token, _ = SignedTokens(["key"]).session(SessionClaims(1, 1_790_000_000, 5, "ru"))
    assert token not in mask(f"GET /downloads/{token}")
    assert token.split(".")[-1] not in mask(token)


@pytest.mark.parametrize(
    "line",
    [
        "report 715e9f84-bf3d-41ad-9490-6db8041ce69f done in 12.5 s",
        "crm.item.productrow.list answered 503 QUERY_LIMIT_EXCEEDED",
        "ONAPPUNINSTALL of portal 17",
        "https://portal.bitrix24.ru/rest/ has moved",
        "settings_changed_by_an_administrator_of_the_portal",
    ],
)
def test_what_is_no_secret_stays_readable(line: str) -> None:
    assert mask(line) == line


@pytest.mark.parametrize("piece", ["a", "a-", "a+", "auth ", "://", "://a:", "bearer  ", "x=", "token = "])
def test_masking_takes_time_in_proportion_to_the_text(piece: str) -> None:
    """A megabyte that a stranger made takes a moment: where time grows with the square, this test takes minutes."""
    assert mask(piece * (2**20 // len(piece)))


@pytest.fixture(params=["text", "json"])
def log(request: pytest.FixtureRequest) -> Iterator[tuple[str, io.StringIO]]:
    """A log of each form, at INFO."""
    stream = io.StringIO()
    root = logging.getLogger()
    before, level, configuration = root.handlers[:], root.level, structlog.get_config()
    set_up_logging("INFO", request.param, stream)
    yield request.param, stream
    root.handlers[:] = before
    root.setLevel(level)
    structlog.configure(**configuration)


def test_a_line_has_its_event_and_values(log: tuple[str, io.StringIO]) -> None:
    form, stream = log
    structlog.get_logger("web").info("request", route="/app", status=200)
    line = stream.getvalue()
    assert line.count("\n") == 1
    if form == "json":
        found = json.loads(line)
        assert (found["event"], found["route"], found["status"], found["level"]) == ("request", "/app", 200, "info")
    else:
        assert "request" in line
        assert "route=/app" in line


def test_no_value_begins_a_line_of_its_own(log: tuple[str, io.StringIO]) -> None:
    """A name from a portal cannot forge a line, nor colour the terminal."""
    _, stream = log
    structlog.get_logger("web").info("event", name="x\n2026-01-01 [info] all is well\x1b[31m\u2028")
    logging.getLogger("library").warning("from\r\na library")
    lines = stream.getvalue().splitlines()
    assert len(lines) == 2
    assert "\x1b" not in stream.getvalue()


@pytest.mark.parametrize("unseen", ["\x85", "\x9b31m", "\x7f", "\t", "\u202e", "\u2066", "\u2029"])
def test_what_cannot_be_seen_is_shown(log: tuple[str, io.StringIO], unseen: str) -> None:
    """Nothing turns the line around, breaks it for another reader, or speaks to the terminal."""
    _, stream = log
    structlog.get_logger("web").info("event", name=f"x{unseen}y")
    written = stream.getvalue()
    assert unseen[0] not in written
    assert f"{ord(unseen[0]):02x}" in written
    assert len(written.splitlines()) == 1


def test_an_errors_words_begin_no_line(log: tuple[str, io.StringIO]) -> None:
    """A traceback has many lines; none of them looks like one of ours."""
    _, stream = log
    error = ValueError("x\n2026-01-01T00:00:00Z [info] all is well\r\x1b[31m")
    structlog.get_logger("web").error("crash", exc_info=error)
    assert not re.search(r"^2026-01-01", stream.getvalue(), re.MULTILINE)
    assert "\x1b" not in stream.getvalue()
    assert "all is well" in stream.getvalue()


def test_a_traceback_is_told_without_secrets(log: tuple[str, io.StringIO]) -> None:
    _, stream = log
    try:
        int(f"POST https://x/rest/profile auth={TOKEN}")
    except ValueError:
        structlog.get_logger("web").exception("crash")
        logging.getLogger("library").exception("crash too")
    assert "ValueError" in stream.getvalue()
    assert TOKEN not in stream.getvalue()


def test_a_long_line_is_cut_before_it_is_masked_and_no_piece_of_a_token_is_left(log: tuple[str, io.StringIO]) -> None:
    """Whatever kind of value is long: a text, a list, a traceback's words; its end stays readable JSON."""
    form, stream = log
    cut_within_a_token = "." * (LONGEST_VALUE - 21) + f" {TOKEN}"
    try:
        int("y" * 100_000)
    except ValueError:
        structlog.get_logger("web").exception("crash", name=cut_within_a_token, many=["z" * 50_000])
    line = stream.getvalue()
    assert len(line) < 40_000
    assert TOKEN[:12] not in line
    assert "ValueError" in line
    if form == "json":
        assert json.loads(line)["event"] == "crash"


def test_what_is_below_the_level_is_not_written(log: tuple[str, io.StringIO]) -> None:
    _, stream = log
    structlog.get_logger("web").debug("whisper")
    logging.getLogger("urllib3").info("chatter")
    assert stream.getvalue() == ""
