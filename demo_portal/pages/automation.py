"""Automation rules: the robots of applications with their parameters, a button that runs one, and what came back."""

from __future__ import annotations

from typing import Any

from demo_portal.automation import Robot, Run, localized
from demo_portal.pages.layout import AUTOMATION_PATH, Viewer, e, page
from demo_portal.server.http import Reply, Request


def automation(viewer: Viewer, _: Request) -> Reply:
    """The robots and their runs."""
    robots = viewer.portal.installation().robots.values()
    body = "".join(_robot(viewer, each) for each in robots)
    if not body:
        body = f'<p class="muted">{viewer.word("no_robots")}</p>'
    runs = "".join(_run(each) for each in reversed(viewer.portal.automation.runs))
    if runs:
        table = f'<table class="grid"><tbody>{runs}</tbody></table>'
        body += f'<div class="card" id="runs"><h2>{viewer.word("runs")}</h2>{table}</div>'
    return page(viewer, viewer.word("automation"), body)


def _robot(viewer: Viewer, robot: Robot) -> str:
    fields = "".join(_field(viewer, name, each) for name, each in robot.properties.items())
    users = "".join(
        f'<option value="{user.id}"{" selected" if user.id == robot.user_id else ""}>{e(user.full_name)}</option>'
        for user in viewer.portal.users.values()
    )
    return (
        f'<form class="card" method="post" action="{viewer.link("/demo/run-robot")}" data-robot="{e(robot.code)}">'
        f"<h2>{e(robot.named(viewer.lang))}</h2>"
        f'<p class="muted">{e(localized(robot.fields.get("DESCRIPTION"), viewer.lang))}</p>{fields}'
        f'<p><label>{viewer.word("on_behalf_of")} <select name="user">{users}</select></label></p>'
        f'<input type="hidden" name="code" value="{e(robot.code)}">'
        f'<p><button class="button">{viewer.word("run_robot")}</button></p></form>'
    )


def _field(viewer: Viewer, name: str, parameter: dict[str, Any]) -> str:
    label, options = localized(parameter.get("Name"), viewer.lang), parameter.get("Options") or {}
    many = parameter.get("Multiple") == "Y"
    control = f'<input name="properties[{e(name)}]">'
    if parameter.get("Type") == "select":
        offered = "" if parameter.get("Required") == "Y" or many else '<option value=""></option>'
        offered += "".join(f'<option value="{e(key)}">{e(value)}</option>' for key, value in options.items())
        suffix, multiple = ("[]", " multiple") if many else ("", "")
        control = f'<select name="properties[{e(name)}]{suffix}"{multiple}>{offered}</select>'
    hint = e(localized(parameter.get("Description"), viewer.lang))
    return f'<p><label title="{hint}">{e(label)} {control}</label></p>'


def _run(run: Run) -> str:
    values = "<br>".join(f"{e(name)}: {e(value)}" for name, value in (run.values or {}).items())
    return (
        f'<tr data-run="{run.number}"><td>{run.number}</td><td>{e(run.code)}</td>'
        f"<td>{'✓' if run.done else '…'}</td><td>{values}</td><td>{e(run.log_message)}</td></tr>"
    )


def run_robot(viewer: Viewer, fields: dict[str, Any]) -> Reply:
    """The button: a document has reached the stage of the rule."""
    code, user = str(fields.get("code") or ""), viewer.portal.users.get(int(str(fields.get("user") or 0)))
    if code in viewer.portal.installation().robots:
        properties = fields.get("properties")
        viewer.portal.run_robot(code, properties if isinstance(properties, dict) else {}, user=user)
    return Reply(302, headers={"Location": viewer.link(AUTOMATION_PATH).replace("&amp;", "&")})
