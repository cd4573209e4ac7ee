"""The page's scripts and styles as few files as may be: bundled when the application starts, compressed once, kept by
browsers for ever under names that change with what is in them. Developers need no build step.

A bundle is the modules that one needs, each in a function of its own in the order of their imports: it has the names
that it exports, and nothing else is seen from outside.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flask import Flask, Response, abort, request

FOREVER = "public, max-age=31536000, immutable"
SMALLEST = 1024
"""Bytes below which compressing costs more than it saves."""
COMPRESSIBLE = {"text/html", "application/json", "application/problem+json", "text/javascript", "text/css"}
ASSETS = "invoice_register_assets"
BUNDLES = ("app", "install", "send", "schedules", "rows", "compare")
"""The page's, the installation's, and what ``on-demand.js`` loads when it is wanted."""

_IMPORT = re.compile(r'^import (?:\{ (?P<names>[^}]+) \} from )?"\./(?P<module>[a-z0-9-]+)\.js";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:class|function|const) (?P<name>\w+))", re.MULTILINE)
_COMMENT = re.compile(r"^[ \t]*/\*\*.*?\*/\n", re.MULTILINE | re.DOTALL)
"""A comment that stands in lines of its own: readers of the source need it, browsers do not."""
_PICTURE = re.compile(r'url\("(?P<name>[a-z0-9-]+\.svg)"\)')


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent, plain and compressed."""

    content: bytes
    compressed: bytes
    mimetype: str


class Assets:
    """Bundles of a folder of static files; ``addresses`` tells the path of each, ``app.js`` among them."""

    def __init__(self, folder: Path, path: str) -> None:
        """``path``: where the application stands, empty or ``/prefix``."""
        self.addresses: dict[str, str] = {}
        self._files: dict[str, Asset] = {}
        for name in BUNDLES:
            self._add(path, f"{name}.js", bundle(folder / "js", name), "text/javascript")
        styles = "".join((folder / name).read_text(encoding="utf-8") for name in ("tokens.css", "page.css"))
        self._add(path, "page.css", _PICTURE.sub(lambda found: _inline(folder / found["name"]), styles), "text/css")

    def get(self, name: str) -> Asset | None:
        """The file of this fingerprinted name."""
        return self._files.get(name)

    def _add(self, path: str, name: str, text: str, mimetype: str) -> None:
        content = text.encode()
        stem, _, suffix = name.partition(".")
        fingerprinted = f"{stem}-{hashlib.sha256(content).hexdigest()[:16]}.{suffix}"
        self.addresses[name] = f"{path}/assets/{fingerprinted}"
        self._files[fingerprinted] = Asset(content, gzip.compress(content, 9, mtime=0), mimetype)


def _inline(picture: Path) -> str:
    return f'url("data:image/svg+xml;base64,{base64.b64encode(picture.read_bytes()).decode()}")'


def bundle(folder: Path, name: str) -> str:
    """One script of the module ``name`` and all that it needs. Raises ValueError where modules need each other."""
    done: dict[str, str] = {}
    _gather(folder, name, done, ())
    return "".join(["const modules = {};\n", *done.values()])


def _gather(folder: Path, name: str, done: dict[str, str], waiting: tuple[str, ...]) -> None:
    if name in done:
        return
    if name in waiting:
        raise ValueError(f"modules need each other: {', '.join(waiting)}")
    source = _COMMENT.sub("", (folder / f"{name}.js").read_text(encoding="utf-8"))
    for needed in _IMPORT.finditer(source):
        _gather(folder, needed["module"], done, (*waiting, name))
    exported = ", ".join(each["name"] for each in _EXPORT.finditer(source))
    body = _EXPORT.sub("", _IMPORT.sub(_taken, source))
    done[name] = f'modules["{name}"] = (() => {{\n{body}return {{ {exported} }};\n}})();\n'


def _taken(found: re.Match[str]) -> str:
    return f'const {{ {found["names"]} }} = modules["{found["module"]}"];' if found["names"] else ""


def install_assets(app: Flask, folder: Path, path: str) -> Mapping[str, str]:
    """Serves the bundles of ``folder`` and compresses texts for browsers that take it. → the bundles' addresses."""
    assets = Assets(folder, path)

    @app.get("/assets/<name>")
    def asset(name: str) -> Response:
        found = assets.get(name)
        if found is None:
            abort(404)
        takes = request.accept_encodings["gzip"] > 0
        answer = Response(found.compressed if takes else found.content, mimetype=found.mimetype)
        answer.headers["Cache-Control"] = FOREVER
        answer.vary.add("Accept-Encoding")
        if takes:
            answer.headers["Content-Encoding"] = "gzip"
        return answer

    @app.after_request
    def compress(response: Response) -> Response:
        if response.mimetype not in COMPRESSIBLE or response.is_streamed or "Content-Encoding" in response.headers:
            return response
        response.vary.add("Accept-Encoding")
        if request.accept_encodings["gzip"] > 0 and (response.content_length or 0) >= SMALLEST:
            response.set_data(gzip.compress(response.get_data(), 6, mtime=0))
            response.headers["Content-Encoding"] = "gzip"
        return response

    return assets.addresses
