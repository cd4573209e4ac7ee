"""The REST log: calls with their parameters, nobody's data, a file a day, three days kept."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bitrix_app.bitrix24 import CallRecord, Told, Wait
from bitrix_app.bitrix24.records import record_of
from bitrix_app.bitrix24.transport import Exchange, Failure
from bitrix_app.rest_log import LONGEST_LIST, RestLog, masked, masked_command
from demo_portal import ManualClock
from tests.live import until

TOKEN = "9d4c7166007e9c94001e30ba00000001f0f107e28b5a4310c7f6d9b3025ea814"
CALL = CallRecord(
    "crm.item.list",
    200,
    "",
    0.1234,
    Decimal("0.5"),
    100,
    5000,
    "id-1",
    params={"entityTypeId": 31, "filter": {">id": 7, "%title": "Ромашка"}, "start": -1},
    told=Told(50, 120, 50),
    member_id="member-1",
)


def written(folder: Path, call: CallRecord) -> dict[str, Any]:
    """The line that the log writes of a call."""
    rest = RestLog(folder / "rest.log")
    rest.answered(call)
    rest.close()
    (file,) = folder.glob("rest.log.*")
    line: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return line


def test_a_line_says_which_portal_was_asked_what_and_what_it_told(tmp_path: Path) -> None:
    line = written(tmp_path, CALL)
    assert line == {
        "at": line["at"],
        "portal": "member-1",
        "method": "crm.item.list",
        "params": {"entityTypeId": 31, "filter": {">id": 7, "%title": "***"}, "start": -1},
        "status": 200,
        "code": "",
        "rows": 50,
        "total": 120,
        "next": 50,
        "seconds": 0.123,
        "operating": 0.5,
        "sent": 100,
        "received": 5000,
        "request_id": "id-1",
    }


def test_an_error_is_written_in_full_without_the_token_it_names(tmp_path: Path) -> None:
    told = Told(error=f"INVALID_ARG_VALUE: Неверное поле 'title', token {TOKEN}")
    line = written(tmp_path, replace(CALL, status=400, portal_code="INVALID_ARG_VALUE", told=told))
    assert line["error"] == "INVALID_ARG_VALUE: Неверное поле 'title', token ***"


def test_a_call_without_an_answer_says_so(tmp_path: Path) -> None:
    line = written(tmp_path, replace(CALL, status=None, failure="no_answer", told=Told()))
    assert (line["failure"], line["status"], line["rows"]) == ("no_answer", None, None)


def test_a_batch_is_written_with_its_commands_and_what_each_was_told(tmp_path: Path) -> None:
    commands = {"q0": "crm.item.list?entityTypeId=4&filter[%25title]=%D0%A0", "q1": "profile?"}
    call = replace(
        CALL,
        method="batch",
        commands=("crm.item.list", "profile"),
        params={"halt": 0, "cmd": commands},
        parts={"q0": Told(3, 3), "q1": Told(error="ACCESS_DENIED")},
    )
    line = written(tmp_path, call)
    assert line["params"] == {"halt": 0}
    assert line["commands"] == {
        "q0": {
            "command": "crm.item.list?entityTypeId=4&filter[%title]=***",
            "rows": 3,
            "total": 3,
            "next": None,
        },
        "q1": {"command": "profile?", "rows": None, "total": None, "next": None, "error": "ACCESS_DENIED"},
    }


@pytest.mark.parametrize(
    "params",
    [
        {"select": ["id", "title", "ufCrm_1", "RQ_INN"], "order": {"id": "ASC"}, "start": "-1"},
        {"filter": {"@id": [1, 2, 3], "=isMyCompany": "N", ">=begindate": "2026-01-31", "@stageId": ["DT31_2:P"]}},
        {"filter": {"=ownerType": "SI", "=ownerId": [5]}, "cursor": None},
        {"FILTER": {"@ID": ["7"]}, "sort": "ID", "order": "ASC"},
        {"filter": {">=updatedTime": "2026-01-31T00:00:00+03:00", "parentId2": 4}},
        {"PLACEMENT": "CRM_DEAL_DETAIL_TAB", "HANDLER": "https://app.example/launch"},
        {"DIALOG_ID": "chat42", "LIMIT": 50, "filter": {"TYPE": "file"}},
    ],
)
def test_what_tells_how_it_was_asked_stays(params: dict[str, Any]) -> None:
    assert masked(params) == params


@pytest.mark.parametrize(
    "value",
    [
        {"%title": "ООО Ромашка"},
        {"=%RQ_INN": "7701%"},
        {"RQ_INN": "7701234567"},
        {"RQ_INN": 77},
        {"RQ_VAT_ID": "DE1"},
        {"ufCrmPassportId": "123456"},
        {"companyId": "770123456789"},
        {"BIRTHDATE": "1980-01-31"},
        {"MESSAGE": "Отчёт готов"},
        {"email": "a@b.example"},
        {"id": "a@b.example"},
        {"AUTH_ID": TOKEN},
        {"HANDLER": f"https://app.example/?token={TOKEN}"},
        {"opportunity": 1500.5},
    ],
)
def test_personal_values_are_masked_and_their_keys_stay(value: dict[str, Any]) -> None:
    (key,) = value
    assert masked(value) == {key: "***"}


def test_a_files_content_is_masked_entry_by_entry() -> None:
    assert masked({"id": 5, "fileContent": ["Иванов.xlsx", "UEsDBBQ="]}) == {"id": 5, "fileContent": ["***", "***"]}


def test_a_key_that_is_no_name_is_masked() -> None:
    assert masked({"Иванов Иван": "1"}) == {"***": "***"}


def test_a_long_list_tells_how_many_entries_are_left_out() -> None:
    shown = masked({"@id": list(range(LONGEST_LIST + 7))})["@id"]
    assert (len(shown), shown[-1]) == (LONGEST_LIST + 1, "7 more")


def test_a_command_is_written_decoded_with_its_lists_together() -> None:
    command = "crm.item.list?entityTypeId=31&select%5B0%5D=id&select%5B1%5D=title&filter%5B%40id%5D%5B0%5D=1"
    assert (
        masked_command(f"{command}&filter%5B%40id%5D%5B1%5D=2&filter%5B%25title%5D=x")
        == "crm.item.list?entityTypeId=31&select=id,title&filter[@id]=1,2&filter[%title]=***"
    )


def test_there_is_a_file_a_day_and_three_whole_days_are_kept(tmp_path: Path) -> None:
    clock = ManualClock(1_790_000_000.0)
    rest = RestLog(tmp_path / "log" / "rest.log", clock=clock)
    foreign = tmp_path / "log" / "rest.log.old"
    for _ in range(6):
        rest.answered(CALL)
        rest.answered(CALL)
        clock.advance(86_400)
    foreign.write_text("somebody else's")
    rest.answered(CALL)
    rest.close()
    days = sorted(path.name for path in (tmp_path / "log").glob("rest.log.????-??-??"))
    assert len(days) == 4  # three whole days and today
    assert len((tmp_path / "log" / days[0]).read_text().splitlines()) == 2
    assert foreign.exists()


def test_old_days_go_also_where_nobody_calls(tmp_path: Path) -> None:
    clock = ManualClock(1_790_000_000.0)
    rest = RestLog(tmp_path / "rest.log", clock=clock)
    rest.answered(CALL)
    clock.advance(3 * 86_400)
    rest.drop_old()
    assert list(tmp_path.glob("rest.log.*"))
    clock.advance(86_400)
    rest.start()
    until(lambda: not list(tmp_path.glob("rest.log.*")))
    rest.close()


def test_a_rest_log_that_cannot_be_written_stops_no_call(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    rest = RestLog(tmp_path / "file" / "rest.log")
    rest.answered(CALL)
    rest.waited(Wait("bucket", 1.0, "crm.item.list"))
    rest.close()


def test_half_a_character_stops_no_call(tmp_path: Path) -> None:
    assert written(tmp_path, replace(CALL, told=Told(error="x\ud800")))["error"].startswith("x")


@pytest.mark.parametrize(
    ("result", "rows"),
    [
        ([{"id": 1}, {"id": 2}], 2),
        ({"items": [{"id": 1}]}, 1),
        ({"7": {}, "9": {}}, 2),
        ([], 0),
        ({"ID": 1}, None),
        ({"messages": [], "users": []}, None),
        (True, None),
    ],
)
def test_an_answer_is_counted_and_not_kept(result: Any, rows: int | None) -> None:
    told = record_of(Exchange("m", 200, body={"result": result, "total": 9, "next": 50}), {}).told
    assert told == Told(rows, 9, 50)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"error": "ACCESS_DENIED", "error_description": "Доступ запрещён."}, "ACCESS_DENIED: Доступ запрещён."),
        ({"error": 0, "error_description": "Access denied."}, "Access denied."),
        ({"error": {"code": "E", "message": "no such field"}}, "E no such field"),
        ({"result": [], "error": ""}, ""),
    ],
)
def test_an_error_is_kept_in_the_portals_words(body: dict[str, Any], error: str) -> None:
    assert record_of(Exchange("m", 400, body=body), {}).told.error == error


def test_an_exchange_without_a_body_says_why() -> None:
    record = record_of(Exchange("m", None, failure=Failure.NO_ANSWER), {})
    assert (record.failure, record.told) == ("no_answer", Told())


def test_each_command_of_a_batch_has_its_part() -> None:
    result = {
        "result": {"a": [{"id": 1}]},
        "result_total": {"a": 4},
        "result_next": {"a": 1},
        "result_error": {"b": {"error": "ACCESS_DENIED", "error_description": "no"}, "c": "lost"},
        "result_time": [],
    }
    commands = {"a": "x.list?start=0", "b": "y.get?id=1", "c": "y.get?id=2", "d": "y.get?id=3"}
    record = record_of(Exchange("batch", 200, body={"result": result}), {"halt": 0, "cmd": commands})
    assert record.commands == ("x.list", "y.get")
    assert record.parts == {
        "a": Told(1, 4, 1),
        "b": Told(error="ACCESS_DENIED: no"),
        "c": Told(error="lost"),
        "d": Told(),
    }


def test_a_record_does_not_show_what_was_asked() -> None:
    record = record_of(Exchange("m", 200, body={"result": []}), {"filter": {"%title": "Romashka"}})
    assert "Romashka" not in repr(record)
