"""Download links: one file, ten minutes, no header needed, worthless without the report or the portal."""

from __future__ import annotations

from typing import IO
from urllib.parse import quote

import pytest
from sqlalchemy.exc import OperationalError

from bitrix_app.storage import Files
from demo_portal import Portal
from tests.integration.house import APP_URL, House, Visitor

TITLE = "Реестр счетов 2026-01-01 — 2026-03-31.xlsx"


@pytest.fixture
def link(house: House, visitor: Visitor) -> str:
    """The download link of a finished report."""
    return finished(house, visitor)["download_url"]


def finished(house: House, visitor: Visitor) -> dict[str, str]:
    report = visitor.start()
    house.finish(report["id"], b"PK the workbook")
    done: dict[str, str] = visitor.get(f"/reports/{report['id']}")
    return done


def test_a_browser_follows_the_link_without_a_header(house: House, link: str) -> None:
    assert link.startswith(f"{APP_URL}/downloads/")
    answer = house.get(link)
    assert (answer.status_code, answer.data) == (200, b"PK the workbook")
    assert answer.mimetype == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert answer.headers["Content-Length"] == "15"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Disposition"] == (
        f"attachment; filename=\"report.xlsx\"; filename*=UTF-8''{quote(TITLE)}"
    )


def test_a_part_of_the_file_is_not_promised_and_not_sent(house: House, link: str) -> None:
    answer = house.app.test_client().get(link.removeprefix(APP_URL), headers={"Range": "bytes=3-5"})
    assert (answer.status_code, answer.data) == (200, b"PK the workbook")
    assert "Accept-Ranges" not in answer.headers


def test_a_file_is_closed_when_its_download_cannot_be_noted(
    house: House, link: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, opened = house.services.web.files, []
    really_open = type(files).open

    def watched(self: Files, name: str) -> IO[bytes]:
        opened.append(really_open(self, name))
        return opened[-1]

    def refuse(*args: object, **kwargs: object) -> None:
        raise OperationalError("insert", {}, Exception("the disk is full"))

    monkeypatch.setattr(type(files), "open", watched)
    monkeypatch.setattr(type(house.services.web.audit_log), "add", refuse)
    assert house.get(link).status_code == 503
    assert [each.closed for each in opened] == [True]


def test_a_link_lasts_ten_minutes(house: House, link: str) -> None:
    house.clock.ahead = 590
    assert house.get(link).status_code == 200
    house.clock.ahead = 601
    answer = house.get(link)
    assert (answer.status_code, answer.mimetype) == (410, "text/html")
    assert "link_expired" in answer.text


@pytest.mark.parametrize("where", [-9, -60, len(f"{APP_URL}/downloads/") + 3])
def test_a_tampered_link_is_404(house: House, link: str, where: int) -> None:
    letters = list(link)
    letters[where] = "A" if letters[where] != "A" else "B"
    answer = house.get("".join(letters))
    assert (answer.status_code, answer.mimetype) == (404, "text/html")


def test_a_session_token_is_no_link(house: House, visitor: Visitor) -> None:
    assert house.get(f"/downloads/{visitor.token}").status_code == 404


@pytest.mark.parametrize("path", ["..%2f..%2fapp.db", "%00", "a" * 4000, "..", "%ff%fe"])
def test_a_link_is_no_path(house: House, path: str) -> None:
    assert house.get(f"/downloads/{path}").status_code == 404


def test_a_link_dies_with_its_report(house: House, visitor: Visitor) -> None:
    report = finished(house, visitor)
    assert visitor.call("DELETE", f"/reports/{report['id']}").status_code == 204
    assert house.get(report["download_url"]).status_code == 404


def test_a_link_dies_with_the_portal(house: House, portal: Portal, link: str) -> None:
    house.uninstall(portal, clean=0)
    assert house.get(link).status_code == 404


def test_a_file_that_is_gone_is_404(house: House, visitor: Visitor) -> None:
    report = visitor.start()
    name = house.finish(report["id"])
    house.services.web.files.delete(name)
    assert house.get(visitor.get(f"/reports/{report['id']}")["download_url"]).status_code == 404


def test_a_download_is_in_the_journal_and_a_head_request_is_not(house: House, portal: Portal, link: str) -> None:
    assert house.app.test_client().head(link.removeprefix(APP_URL)).headers["Content-Length"] == "15"
    assert house.get(link).status_code == 200
    items = house.visitor(portal, portal.admin).get("/journal")["items"]
    downloads = [item for item in items if item["action"] == "report_downloaded"]
    assert [item["details"]["format"] for item in downloads] == ["xlsx"]
    assert downloads[0]["user"]["name"]


def test_a_link_that_is_followed_again_and_again_is_one_line(
    house: House, visitor: Visitor, administrator: Visitor
) -> None:
    """A download manager asks for the same file a dozen times; another link is another download."""
    report = finished(house, visitor)
    house.clock.ahead = 1
    other = visitor.get(f"/reports/{report['id']}")["download_url"]
    assert other != report["download_url"]
    for link in (report["download_url"], report["download_url"], other, other, report["download_url"]):
        assert house.get(link).status_code == 200
    actions = [item["action"] for item in administrator.get("/journal")["items"]]
    assert actions.count("report_downloaded") == 2
