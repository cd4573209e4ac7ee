"""The probe of a portal over HTTP: the operator's command, and the page's steps."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bitrix_app.__main__ import main
from demo_portal import Fault, Portal, a_row
from tests.integration.house import House, Visitor, open_house
from tests.kept import kept_in


def test_the_command_prints_what_the_portal_answered_and_names_nobody(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    database_url = f"sqlite:///{tmp_path}/app.db"
    with open_house(tmp_path, database_url) as house:
        house.services.database.migrate()
        portal = house.portal()
        portal.crm.add_invoice(company_id=portal.crm.add_company("ООО «Тайна»"), rows=[a_row(name="Секрет")])
        given = {**house.world.environment(), "SECRET_KEY": "a key for tests that is long enough", **kept_in(tmp_path)}
        for name, value in {**given, "DATABASE_URL": database_url}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("bitrix_app.__main__.set_up_logging", lambda *_: None)  # pytest's own logging stays
        portal.bucket.enabled = False
        portal.calls.clear()
        assert main(["probe", portal.member_id]) == 0
        said = capsys.readouterr().out
        assert "authorization server: another" in said
        assert "crm.item.productrow.list | list of owners | 200" in said
        assert f"Requests: {len(portal.calls)}." in said
        assert [each for each in (portal.domain, portal.member_id, "Тайна", "Секрет") if each in said] == []
        assert main(["probe", "nobody"]) == 1


@pytest.fixture
def at_the_command_line(house: House, portal: Portal, monkeypatch: pytest.MonkeyPatch) -> Portal:
    """The portal, and the settings of its application in the environment."""
    given = {**house.world.environment(), "SECRET_KEY": "a key for tests that is long enough", **kept_in(house.folder)}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("bitrix_app.__main__.set_up_logging", lambda *_: None)  # pytest's own logging stays
    portal.bucket.enabled = False
    return portal


@pytest.mark.parametrize(("refused", "code"), [("app.info", 0), ("crm.item.productrow.list", 0), ("crm.item.list", 1)])
def test_the_command_ends_with_an_error_where_no_report_can_be_built(
    refused: str, code: int, at_the_command_line: Portal, capsys: pytest.CaptureFixture[str]
) -> None:
    """Reports do without the plan, and ask for rows in another way; without invoices they are nothing."""
    at_the_command_line.faults.always(Fault.error("ACCESS_DENIED", status=403), method=refused)
    assert main(["probe", at_the_command_line.member_id]) == code
    said = capsys.readouterr().out
    assert ("No report can be built without this" in said) == (code == 1)
    assert said.splitlines()[-1].startswith("Запросов: ")


def test_the_command_ends_with_an_error_where_there_is_no_time_for_one_question(
    at_the_command_line: Portal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bitrix_app.portals.probe.running.COMMAND_SECONDS", 0.0)
    assert main(["probe", at_the_command_line.member_id]) == 1
    caught = capsys.readouterr()
    assert caught.err == "Портал не ответил: portal_busy. · The portal did not answer: portal_busy.\n"
    assert caught.out == ""


def test_the_page_goes_on_from_step_to_step(house: House, administrator: Visitor) -> None:
    body, text, rows, steps = {"from": 0, "spent": 0}, "", [], 0
    house.be_impatient(4.0)
    while True:
        answer = administrator.call("POST", "/probe", json=body)
        assert answer.status_code == 200, answer.text
        said = answer.json
        text, rows, steps = text + said["text"], rows + said["rows"], steps + 1
        if said["next"] is None:
            break
        assert said["next"] > body["from"]
        body = {"from": said["next"], "spent": said["spent"]}
    assert steps > 1
    assert said["spent"] <= 60
    assert text.startswith("probe | authorization server: ")
    assert len(text.splitlines()) == len(rows) + 1
    assert {"method": "app.info", "ok": True, "outcome": "used"}.items() <= rows[0].items()
    assert "Работает" in rows[0]["therefore"]
    ways = {row["way"] for row in rows}
    assert {"список счетов", "без подсчёта"} <= ways
    assert [way for way in ways if re.search("[a-z]", re.sub(r"\(.*?\)", "", way))] == []


def test_steps_that_cannot_be_are_refused(administrator: Visitor) -> None:
    for body in ({"from": -1}, {"from": "0"}, {"spent": 1001}, {"more": 1}):
        assert administrator.call("POST", "/probe", json=body).status_code == 422
    assert administrator.call("POST", "/probe", json={"from": 900}).json["rows"] == []


def test_probes_are_few(administrator: Visitor) -> None:
    answers = {administrator.call("POST", "/probe", json={"from": 900}).status_code for _ in range(61)}
    assert answers == {200, 429}
