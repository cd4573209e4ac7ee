"""Pages before reports in one process: whom a report's next step waits for, and for how long."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from io import BytesIO
from typing import Any

import pytest
from werkzeug.wsgi import FileWrapper

from bitrix_app.precedence import PagesFirst

LONG = 60.0
SOON = 10.0
"""Seconds: a report that still waits then waits ``LONG``."""


def hello(_environ: Any, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [])
    return [b"hello"]


def a_file(environ: Any, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [])
    body: Iterable[bytes] = environ["wsgi.file_wrapper"](BytesIO(b"a workbook"))
    return body


def broken(_environ: Any, _start_response: Any) -> Iterable[bytes]:
    raise RuntimeError("the page broke")


def asked(pages: PagesFirst, app: Any) -> Any:
    """The body of an answer, as a server gets it: not read and not closed yet."""
    return pages.around(app)({"wsgi.file_wrapper": FileWrapper}, lambda *_: None)


class Step:
    """A report's next step, which may have to wait."""

    def __init__(self, pages: PagesFirst) -> None:
        self._thread = threading.Thread(target=pages.give_way, daemon=True)
        self._thread.start()

    def waits(self) -> bool:
        """Whether it is not through after a while."""
        self._thread.join(0.05)
        return self._thread.is_alive()

    def gets_through(self) -> bool:
        """Whether it is through soon."""
        self._thread.join(SOON)
        return not self._thread.is_alive()


def test_a_report_waits_until_the_page_is_answered_to_the_last_byte() -> None:
    pages = PagesFirst(young=LONG, step=LONG)
    for _ in range(2):
        body = asked(pages, hello)
        step = Step(pages)
        assert b"".join(body) == b"hello"
        assert step.waits()
        body.close()
        assert step.gets_through()


def test_a_report_waits_for_every_page() -> None:
    pages = PagesFirst(young=LONG, step=LONG)
    first, second = asked(pages, hello), asked(pages, hello)
    step = Step(pages)
    first.close()
    assert step.waits()
    second.close()
    assert step.gets_through()


def test_nobody_is_waited_for_when_nobody_asks() -> None:
    pages = PagesFirst(young=LONG, step=LONG)
    assert Step(pages).gets_through()


def test_a_report_gets_through_however_many_pages_ask() -> None:
    """Its step is put off, not put away."""
    pages = PagesFirst(young=LONG, step=0.01)
    asked(pages, hello)
    assert Step(pages).gets_through()
    assert pages.busy


def test_a_request_that_itself_waits_for_somebody_holds_up_no_report() -> None:
    pages = PagesFirst(young=0.0, step=LONG)
    asked(pages, hello)
    assert Step(pages).gets_through()
    assert pages.busy


def test_a_file_goes_to_the_server_as_it_is_and_holds_up_no_report() -> None:
    """The server sends it by itself, for as long as the reader takes."""
    pages = PagesFirst(young=LONG, step=LONG)
    assert isinstance(asked(pages, a_file), FileWrapper)
    assert not pages.busy


def test_a_request_that_breaks_is_over() -> None:
    pages = PagesFirst(young=LONG, step=LONG)
    with pytest.raises(RuntimeError, match="the page broke"):
        asked(pages, broken)
    assert not pages.busy
