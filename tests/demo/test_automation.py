"""Robots of automation rules, as their pages say: errors, what the handler is sent, and which answers count."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import requests

from demo_portal import Portal
from tests.demo.conftest import Rest

ROBOT: dict[str, Any] = {
    "CODE": "register",
    "HANDLER": "https://register.example/robot",
    "AUTH_USER_ID": 1,
    "USE_SUBSCRIPTION": "Y",
    "NAME": {"ru": "Сформировать реестр", "en": "Build the register"},
    "PROPERTIES": {"set": {"Name": "Набор", "Type": "select", "Options": {"set1": "Мой"}, "Default": "set1"}},
    "RETURN_PROPERTIES": {"link": {"Name": "Ссылка", "Type": "string"}},
}


@pytest.fixture(autouse=True)
def granted(portal: Portal) -> None:
    portal.set_scopes("crm", "placement", "bizproc")


def test_without_the_scope_the_methods_are_refused(rest: Rest, portal: Portal) -> None:
    portal.set_scopes("crm")
    for method in ("bizproc.robot.list", "bizproc.robot.add", "bizproc.event.send"):
        assert rest(method)[1]["error"] == "insufficient_scope"


def test_a_robot_is_registered_once_changed_and_removed(rest: Rest) -> None:
    assert rest("bizproc.robot.add", **ROBOT)[1]["result"] is True
    assert rest("bizproc.robot.add", **ROBOT)[1]["error"] == "ERROR_ACTIVITY_ALREADY_INSTALLED"
    assert rest("bizproc.robot.list")[1]["result"] == ["register"]
    assert rest("bizproc.robot.update", CODE="register", FIELDS={"NAME": "Иначе"})[1]["result"] is True
    assert rest("bizproc.robot.update", CODE="register", FIELDS={})[1]["error_description"] == "No fields to update"
    assert rest("bizproc.robot.update", CODE="other", FIELDS={"NAME": "a"})[1]["error"] == "ERROR_ACTIVITY_NOT_FOUND"
    assert rest("bizproc.robot.delete", CODE="register")[1]["result"] is True
    assert rest("bizproc.robot.delete", CODE="register")[1]["error"] == "ERROR_ACTIVITY_NOT_FOUND"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"CODE": ""}, "ERROR_ACTIVITY_VALIDATION_FAILURE"),
        ({"CODE": "мой робот"}, "ERROR_ACTIVITY_VALIDATION_FAILURE"),
        ({"NAME": ""}, "ERROR_ACTIVITY_VALIDATION_FAILURE"),
        ({"HANDLER": "https://localhost/robot"}, "ERROR_WRONG_HANDLER_URL"),
        ({"HANDLER": "ftp://register.example/"}, "ERROR_UNSUPPORTED_PROTOCOL"),
        ({"PROPERTIES": "set"}, "ERROR_ACTIVITY_VALIDATION_FAILURE"),
        ({"PROPERTIES": {"1st": {"Name": "a"}}}, "ERROR_ACTIVITY_VALIDATION_FAILURE"),
        ({"RETURN_PROPERTIES": {"link": {"Type": "string"}}}, "ERROR_ACTIVITY_VALIDATION_FAILURE"),
        ({"FILTER": "b24"}, "ERROR_ACTIVITY_VALIDATION_FAILURE"),
        ({"DOCUMENT_TYPE": ["crm"]}, "ERROR_ACTIVITY_VALIDATION_FAILURE"),
    ],
)
def test_what_cannot_be_registered_is_refused(rest: Rest, wrong: dict[str, Any], code: str) -> None:
    assert rest("bizproc.robot.add", **{**ROBOT, **wrong})[1]["error"] == code
    assert rest("bizproc.robot.list")[1]["result"] == []


def test_robots_are_for_administrators_and_applications(rest: Rest, portal: Portal) -> None:
    assert rest("bizproc.robot.add", portal.accountant, **ROBOT)[1]["error"] == "ACCESS_DENIED"
    portal.world.app = replace(portal.world.app, scopes=frozenset({"bizproc"}))
    hook = requests.post(f"{portal.webhook_url()}bizproc.robot.list", json={}, timeout=60).json()
    assert hook["error_description"] == "Access denied! Application context required"


def test_the_first_answer_counts_and_what_is_not_registered_is_dropped(rest: Rest, portal: Portal) -> None:
    rest("bizproc.robot.add", **ROBOT)
    run = portal.begin_run("register")
    assert (run.properties, run.user_id, run.done) == ({"set": "set1"}, 1, False)
    for link in ("first", "second"):
        _, answer = rest(
            "bizproc.event.send",
            portal.manager,
            event_token=run.token,
            return_values={"LINK": link, "other": 1},
            log_message="готово",
        )
        assert answer["result"] is True
    assert (run.values, run.log_message, run.answers) == ({"link": "first"}, "готово", 2)


def test_a_token_that_the_portal_has_not_signed_is_refused(rest: Rest, portal: Portal) -> None:
    rest("bizproc.robot.add", **ROBOT)
    run = portal.begin_run("register")
    for token in ("", "a|b|c.d", f"{run.token}0", run.token.replace("|A1|", "|A2|")):
        status, answer = rest("bizproc.event.send", EVENT_TOKEN=token, RETURN_VALUES={"link": "x"})
        assert (status, answer["error"]) == (403, "ACCESS_DENIED")
    assert run.values is None


def test_the_handler_is_sent_the_pair_of_the_chosen_user(rest: Rest, portal: Portal) -> None:
    rest("bizproc.robot.add", **ROBOT)
    fields = portal.run_fields(portal.begin_run("register", user=portal.accountant))
    pair = portal.world.tokens.by_access(fields["auth[access_token]"])
    assert pair is not None
    assert pair.user_id == portal.accountant.id
    assert fields["properties[set]"] == "set1"
    assert fields["auth[application_token]"] == portal.installation().application_token
    assert {"workflow_id", "code", "event_token", "use_subscription", "document_id[2]", "ts"} <= fields.keys()


def test_robots_go_with_an_update_and_with_the_application(rest: Rest, portal: Portal) -> None:
    rest("bizproc.robot.add", **ROBOT)
    portal.update_app(tell=False)
    assert rest("bizproc.robot.list")[1]["result"] == []


def test_the_page_of_automation_rules_shows_a_robot_and_runs_it(rest: Rest, portal: Portal) -> None:
    rest("bizproc.robot.add", **{**ROBOT, "HANDLER": "http://127.0.0.1:9/robot"})
    address = f"{portal.url}/crm/deal/automation/0/"
    assert "Сформировать реестр" in requests.get(address, timeout=60).text
    pressed = {"code": "register", "user": "5", "properties[set]": "set1"}
    shown = requests.post(f"{portal.url}/demo/run-robot", data=pressed, timeout=60)
    assert shown.url.startswith(address)
    assert 'data-run="1"' in shown.text
    (run,) = portal.automation.runs
    assert (run.user_id, run.properties, run.statuses) == (5, {"set": "set1"}, [0])
