"""A tiny application for the demo portal's own tests: pages that load BX24.js, and a record of what was posted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from demo_portal.server.http import Reply, Request, Server

_PAGE = """<!doctype html><meta charset="utf-8"><title>app</title><body style="margin:0">
<div id="who">{title}</div><div style="height:900px;background:linear-gradient(#fff,#dde)"></div>
<script src="{bx24_js}"></script>
<script>
window.results = {{}};
BX24.init(function () {{
  document.getElementById('who').textContent = '{title} ' + BX24.getLang() + ' ' + BX24.placement.info().placement;
  document.body.dataset.ready = '1';
}});
</script>"""


@dataclass
class EmbeddedApp:
    """Listens on its own port; ``posts`` are ``(path, query, form)``; ``statuses`` forces an answer's status."""

    bx24_js: str = ""
    posts: list[tuple[str, dict[str, Any], dict[str, Any]]] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._server = Server(self._answer)
        self.url = self._server.url

    def __enter__(self) -> EmbeddedApp:
        self._server.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.stop()

    def posted(self, path: str) -> list[dict[str, Any]]:
        """Forms posted to one path."""
        return [form for posted_path, _, form in self.posts if posted_path == path]

    def _answer(self, request: Request) -> Reply:
        if request.method == "POST":
            self.posts.append((request.path, dict(request.query), request.fields()))
        title = {"/install": "INSTALL", "/app": "APP"}.get(request.path, "OTHER")
        page = _PAGE.format(title=title, bx24_js=self.bx24_js)
        return Reply(self.statuses.get(request.path, 200), page.encode(), "text/html; charset=utf-8")
