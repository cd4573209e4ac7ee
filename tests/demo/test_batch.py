"""The portal's ``batch`` as its rest module carries it out."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from demo_portal import Fault, ManualClock, Portal
from tests.demo.conftest import Rest

LIST = "crm.item.list?entityTypeId=31&order[id]=ASC&start=-1"
NOWHERE = f"{LIST}&filter[>id]=$result[page][items][49][id]"


def asked(rest: Rest, commands: Any, **more: Any) -> dict[str, Any]:
    return rest("batch", cmd=commands, **more)[1]["result"]


def test_one_request_for_the_bucket_and_each_command_on_its_methods_account(
    portal: Portal, rest: Rest, clock: ManualClock
) -> None:
    """Commands run one after another: their execution times add up, each counted for its own method."""
    portal.pace.execution = lambda method: 2.0 if method == "crm.item.list" else 0.5
    portal.bucket.enabled = True
    before = clock()
    found = asked(rest, {"a": LIST, "b": LIST, "c": "profile"})
    assert clock() - before == 4.5
    assert portal.bucket.admitted == 1
    assert [found["result_time"][key]["operating"] for key in "abc"] == [2.0, 4.0, 0.5]
    assert portal.calls.by_method == {"batch": 1}
    assert portal.calls.commands_by_method == {"crm.item.list": 2, "profile": 1}


def test_empty_parts_and_parts_numbered_from_0_are_lists_as_php_writes_them(rest: Rest) -> None:
    """An object without members is ``[]``; keys 0, 1, 2… make a list, a gap makes an object."""
    one = asked(rest, ["profile", "server.time"])
    assert isinstance(one["result"], list)
    assert one["result_error"] == one["result_next"] == []
    other = asked(rest, ["profile", "crm.nothing", "server.time"])
    assert set(other["result"]) == {"0", "2"}
    assert set(other["result_error"]) == {"1"}


def test_commands_beyond_50_nested_batches_and_what_is_no_text(rest: Rest) -> None:
    """Refused one by one; a command that is no text is skipped without a word."""
    found = asked(rest, {f"k{place}": "profile" for place in range(52)})
    assert len(found["result"]) == 50
    assert {each["error"] for each in found["result_error"].values()} == {"ERROR_BATCH_LENGTH_EXCEEDED"}
    odd = asked(rest, {"nested": "batch?cmd[0]=profile", "object": {"method": "profile"}})
    assert odd["result_error"]["nested"]["error"] == "ERROR_BATCH_METHOD_NOT_ALLOWED"
    assert odd["result"] == []


def test_halt_ends_the_batch_with_the_first_error(rest: Rest) -> None:
    """Without it the others are carried out."""
    commands = {"bad": "crm.nothing", "good": "profile"}
    assert asked(rest, commands, halt=1)["result"] == []
    assert set(asked(rest, commands, halt=0)["result"]) == {"good"}


def test_a_reference_that_leads_nowhere(portal: Portal, rest: Rest) -> None:
    """Replaced by the array that is there, which a comparison refuses; or left empty: the list begins again."""
    portal.crm.add_invoice()
    found = asked(rest, {"page": LIST, "next": NOWHERE})
    assert found["result_error"]["next"]["error"] == "INVALID_ARG_VALUE"
    portal.behave(lost_references="empty")
    again = asked(rest, {"page": LIST, "next": NOWHERE})
    assert again["result"]["next"] == again["result"]["page"]


def test_an_error_fault_of_a_method_is_the_commands_own(portal: Portal, rest: Rest) -> None:
    """A rule that names a method counts commands too; one for any method counts requests."""
    portal.faults.at(2, Fault.error("OPERATION_TIME_LIMIT"), method="crm.item.list")
    portal.faults.at(2, Fault.error("QUERY_LIMIT_EXCEEDED"))
    found = asked(rest, {"a": LIST, "b": LIST, "c": LIST})
    assert set(found["result"]) == {"a", "c"}
    assert found["result_error"]["b"]["error"] == "OPERATION_TIME_LIMIT"
    assert rest("batch", cmd={"a": LIST})[1]["error"] == "QUERY_LIMIT_EXCEEDED"


def test_what_breaks_a_command_breaks_the_whole(portal: Portal, rest: Rest) -> None:
    """A proxy's page or a lost connection in the middle is all that comes."""
    portal.faults.at(2, Fault.drop(), method="crm.item.list")
    with pytest.raises(requests.ConnectionError):
        rest("batch", cmd={"a": LIST, "b": LIST})


def test_a_batch_is_ended_after_the_time_limit(portal: Portal, rest: Rest) -> None:
    """A gateway's page, or half a JSON; what was carried out has cost its time."""
    portal.pace.execution, portal.pace.time_limit = 25.0, 60.0
    commands = dict.fromkeys("abcd", LIST)
    with pytest.raises(json.JSONDecodeError):  # requests' own is one
        rest("batch", cmd=commands)
    portal.pace.half_answers = True
    with pytest.raises(json.JSONDecodeError):
        rest("batch", cmd=commands)
    assert portal.operating.add("crm.item.list", 0).spent == 4 * 25.0
