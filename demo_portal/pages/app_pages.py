"""The application's own page, the list of its widgets, and the small API that the page around the frame uses."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from demo_portal.installation import OpenFrame
from demo_portal.pages.layout import Viewer, attribute_json, e, page
from demo_portal.server.http import Reply, Request, json_reply


def app_page(viewer: Viewer, _: Request) -> Reply:
    """The application, opened from the left menu."""
    return page(viewer, viewer.portal.world.app.title, '<div data-embed="DEFAULT" id="app"></div>')


def launch(viewer: Viewer, fields: dict[str, Any]) -> Reply:
    """What is needed to open the application in a frame: handler, form, and what BX24.init asks for."""
    portal, app = viewer.portal, viewer.portal.world.app
    installation = portal.installation(app)
    installing = not installation.installed
    if installing and not viewer.user.admin:
        return json_reply({"refused": viewer.word("incomplete")})
    placement, options = str(fields.get("placement") or "DEFAULT"), dict(fields.get("options") or {})
    form = portal.launch_form(viewer.user, placement, options, viewer.lang, host=viewer.host)
    known = {each.handler for each in installation.placements}
    given = str(fields.get("handler") or "")
    handler = app.install_url if installing else given if given in known else app.handler_url
    sid = form.query["APP_SID"]
    portal.frames[sid] = OpenFrame(viewer.user.id, installing)
    origin = urlsplit(handler)
    return json_reply(
        {
            "sid": sid,
            "frame": f"{form.query['DOMAIN']}|{form.query['PROTOCOL']}|{sid}",
            "action": form.url(handler),
            "origin": f"{origin.scheme}://{origin.netloc}",
            "body": form.body,
            "auth": _auth(form.body),
            "placement": placement,
            "options": options,
            "installing": installing,
        }
    )


def _auth(body: dict[str, str]) -> dict[str, Any]:
    return {
        "access_token": body["AUTH_ID"],
        "refresh_token": body["REFRESH_ID"],
        "expires_in": int(body["AUTH_EXPIRES"]),
        "member_id": body["member_id"],
    }


def refresh(viewer: Viewer, fields: dict[str, Any]) -> Reply:
    """A fresh pair for the user of a frame."""
    portal = viewer.portal
    frame = portal.frames.get(str(fields.get("sid")))
    if frame is None:
        return json_reply({"error": "unknown frame"}, 404)
    return json_reply(_auth(portal.launch_form(portal.users[frame.user_id]).body))


def finish(viewer: Viewer, fields: dict[str, Any]) -> Reply:
    """BX24.installFinish(): only from a frame in which the installation page is open."""
    portal = viewer.portal
    frame = portal.frames.get(str(fields.get("sid")))
    if frame is not None and frame.installing:
        portal.finish_install()
    return json_reply({"installed": portal.installation().installed})


def uninstall(viewer: Viewer, fields: dict[str, Any]) -> Reply:
    """The button that deletes the application."""
    if viewer.user.admin:
        viewer.portal.uninstall(clean=bool(fields.get("clean")))
    return json_reply({"installed": viewer.portal.installation().installed})


def users(viewer: Viewer) -> Reply:
    """Employees for BX24.selectUsers."""
    return json_reply(
        [
            {"id": user.id, "name": user.full_name, "hint": user.position}
            for user in viewer.portal.users.values()
            if user.active
        ]
    )


def access(viewer: Viewer) -> Reply:
    """Rights for BX24.selectAccess: employees, departments with what is below them, everybody."""
    people = [(f"U{user.id}", user.full_name, user.position) for user in viewer.portal.users.values() if user.active]
    departments = [
        (f"DR{department.id}", department.name, viewer.word("department")) for department in viewer.portal.departments
    ]
    everybody = [("AU", viewer.word("everybody"), "")]
    rows = [*people, *departments, *everybody]
    return json_reply([{"id": right, "name": name, "hint": hint} for right, name, hint in rows])


def stats(viewer: Viewer) -> Reply:
    """The portal's counters, for whoever runs it in a process of its own."""
    return json_reply(viewer.portal.stats())


def reset(viewer: Viewer, _: dict[str, Any]) -> Reply:
    """Forget the counters."""
    viewer.portal.reset_counters()
    return json_reply(viewer.portal.stats())


def widgets(viewer: Viewer, _: Request) -> Reply:
    """What the application has registered, and the buttons that delete it."""
    installation = viewer.portal.installation()
    state = viewer.word("is_installed" if installation.installed else "not_installed")
    status = f'<div class="card"><h2>{e(viewer.portal.world.app.title)}</h2><p id="app-state">{state}</p>'
    if viewer.user.admin and installation.installed:
        status += "".join(
            f'<button class="button danger" type="button" data-post="/demo/uninstall" id="{name}" '
            f'data-value="{attribute_json({"clean": clean})}">{viewer.word(name)}</button> '
            for name, clean in (("uninstall", False), ("uninstall_clean", True))
        )
    status += "</div>"
    shown = _grid(
        viewer,
        ("placement", "title", "handler"),
        [(each.code, each.title_in(viewer.lang), each.handler) for each in installation.placements],
    )
    events = _grid(viewer, ("event", "handler"), [(each.event, each.handler) for each in installation.events])
    return page(viewer, viewer.word("installed_apps"), status + shown + events + _stats(viewer))


def _grid(viewer: Viewer, names: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    head = "".join(f"<th>{viewer.word(name)}</th>" for name in names)
    body = "".join(f"<tr>{''.join(f'<td>{e(cell)}</td>' for cell in row)}</tr>" for row in rows)
    if not rows:
        body = f'<tr><td colspan="{len(names)}" class="muted">{viewer.word("nothing")}</td></tr>'
    return f'<div class="card"><table class="grid"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _stats(viewer: Viewer) -> str:
    calls, bucket = viewer.portal.calls, viewer.portal.bucket
    methods = "".join(
        f"<dt><code>{e(name)}</code></dt><dd>{count}</dd>" for name, count in calls.by_method.most_common()
    )
    summary = (
        f"{len(calls)} {viewer.word('calls')}, {bucket.rejected} {viewer.word('rejected')}, "
        f"{viewer.word('peak')}: {bucket.peak:.0f} / {bucket.capacity:.0f}"
    )
    return f'<div class="card"><h2>{viewer.word("limits")}</h2><p>{summary}</p><dl class="facts">{methods}</dl></div>'
