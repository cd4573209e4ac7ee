"""What applications have sent to people: notifications, chats with their files, the Drive, and the way back into the
application by a link in a message."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

from demo_portal.collaboration import ChatMessage, DiskObject
from demo_portal.pages.layout import DRIVE_PATH, Viewer, attribute_json, e, page
from demo_portal.pages.parts import placements
from demo_portal.server.http import Reply, Request

APP_LINK = "REST_APP_URI"
_LINK = re.compile(r"\[URL=(?P<address>[^\]]+)\](?P<text>.*?)\[/URL\]", re.DOTALL | re.IGNORECASE)


def messenger(viewer: Viewer, _: Request) -> Reply:
    """The viewer's notifications, and their chats with the files in them."""
    kept = viewer.portal.collaboration
    with kept.lock:
        own = [each for each in reversed(kept.notifications) if each.user_id == viewer.user.id]
        chats = [each for each in kept.chats.values() if viewer.user.id in each.members]
    notices = "".join(f'<li data-notification="{each.id}">{rich(viewer, each.text)}</li>' for each in own)
    nothing = f'<p class="muted">{viewer.word("nothing")}</p>'
    body = f'<div class="card" id="notifications"><h2>{viewer.word("notifications")}</h2>'
    body += f"<ul>{notices}</ul>" if own else nothing
    body += "</div>"
    for chat in chats:
        names = ", ".join(e(viewer.portal.users[each].full_name) for each in sorted(chat.members))
        said = "".join(_message(viewer, each) for each in chat.messages)
        body += f'<div class="card" data-chat="chat{chat.id}"><h2>{e(chat.title)}</h2><p class="muted">{names}</p>'
        body += f"<ul>{said}</ul></div>" if said else f"{nothing}</div>"
    return page(viewer, viewer.word("messenger"), body)


def _message(viewer: Viewer, message: ChatMessage) -> str:
    author = viewer.portal.users[message.author_id].full_name
    file = f"<br><b data-file>{e(message.file.name)}</b> {_size(message.file.content)}" if message.file else ""
    return f'<li data-message="{message.id}"><b>{e(author)}</b>: {rich(viewer, message.text)}{file}</li>'


def drive(viewer: Viewer, request: Request) -> Reply:
    """A folder of the Drive, or the storages."""
    kept = viewer.portal.collaboration
    chosen = str(request.query.get("folder", ""))
    folder = kept.objects.get(int(chosen)) if chosen.isdigit() else None
    if folder is None:
        roots = [kept.objects[each.root_id] for each in kept.storages.values()]
        return page(viewer, viewer.word("drive"), _listed(viewer, roots))
    if not folder.read_by(viewer.user.id):
        return page(viewer, viewer.word("drive"), f'<div class="notice">{viewer.word("no_rights")}</div>')
    return page(viewer, folder.name, _listed(viewer, kept.children(folder.id)))


def _listed(viewer: Viewer, objects: list[DiskObject]) -> str:
    rows = ""
    for each in objects:
        if not each.read_by(viewer.user.id):
            continue
        name = e(each.name)
        if each.content is None:
            name = f'<a href="{viewer.link(DRIVE_PATH, folder=each.id)}">{name}</a>'
        rows += f'<tr data-object="{each.id}"><td>{name}</td><td>{_size(each.content)}</td></tr>'
    if not rows:
        rows = f'<tr><td colspan="2" class="muted">{viewer.word("nothing")}</td></tr>'
    return f'<div class="card"><table class="grid" id="drive"><tbody>{rows}</tbody></table></div>'


def _size(content: bytes | None) -> str:
    return "" if content is None else f"{max(1, len(content) // 1024)} КБ"


def rich(viewer: Viewer, text: str) -> str:
    """A message's text as HTML: its links lead into the portal where they lead to it, line breaks stay."""
    shown, place = "", 0
    for link in _LINK.finditer(text):
        shown += e(text[place : link.start()])
        shown += f'<a href="{_address(viewer, link["address"])}">{e(link["text"])}</a>'
        place = link.end()
    return (shown + e(text[place:])).replace("\n", "<br>")


def _address(viewer: Viewer, address: str) -> str:
    parts = urlsplit(address)
    if parts.netloc and f"{parts.scheme}://{parts.netloc}" != viewer.portal.url:
        return e(address)
    return viewer.link(parts.path, **dict(parse_qsl(parts.query)))


def app_by_link(viewer: Viewer, request: Request, code: str) -> Reply:
    """``/marketplace/view/CODE/?params[…]=…``: the application's handler of REST_APP_URI gets the parameters; without
    one the slider stays empty."""
    app, bound = viewer.portal.world.app, placements(viewer, APP_LINK)
    if code != app.client_id:
        return page(viewer, viewer.word("not_found"), "", status=404)
    if not bound:
        return page(viewer, app.title, "")
    given = request.query.get("params")
    options = given if isinstance(given, dict) else {}
    body = (
        f'<div data-embed="{APP_LINK}" id="app" data-options="{attribute_json(options)}" '
        f'data-handler="{e(bound[0].handler)}"></div>'
    )
    return page(viewer, app.title, body)
