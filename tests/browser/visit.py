"""A person at the portal with the application open in its frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Frame, FrameLocator, Locator, Page, Response, expect

from demo_portal.people import User
from demo_portal.portal import Portal

MENU = "/marketplace/app/5/"
FRAME = "iframe.app-frame"
GROWN = (
    "() => !window.BX24 || innerHeight >= Math.floor(document.querySelector('#page').getBoundingClientRect().height)"
)
"""The portal has made its frame as high as the page in it."""


def answer_to(method: str, path: str) -> Callable[[Response], bool]:
    """Whether a response answers this method at this path of the API and no other: of ``POST /reports``, not of
    ``POST /reports/preview``, which the form sends by itself."""

    def matches(response: Response) -> bool:
        return (response.request.method, urlsplit(response.url).path) == (method, f"/api/v1{path}")

    return matches


@dataclass
class Visit:
    """One tab of the browser. ``errors``: what the console complained about. ``uncaught``: exceptions and rejected
    promises that no script has caught."""

    context: BrowserContext
    portal: Portal
    user: User | None = None
    lang: str = "ru"
    errors: list[str] = field(default_factory=list)
    uncaught: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page: Page = self.context.new_page()
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.uncaught.append(f"{error.name}: {error.message}"))

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.errors.append(f"{message.text} {message.location['url']}")

    def leave(self) -> None:
        """Lets go of requests that a test still holds, and closes the tab."""
        if not self.page.is_closed():
            self.page.unroute_all(behavior="ignoreErrors")
            self.page.close()

    def address(self, path: str = MENU, **query: Any) -> str:
        """A page of the portal, looked at by this person."""
        asked = {"as": (self.user or self.portal.admin).id, "lang": self.lang, **query}
        return f"{self.portal.url}{path}?{urlencode(asked)}"

    def open(self, path: str = MENU) -> Visit:
        """Opens the application from the left menu (or another page of the portal that embeds it)."""
        self.page.goto(self.address(path))
        return self.ready()

    def open_card(self, path: str) -> Visit:
        """Opens a card of the portal and the application's tab in it."""
        self.page.goto(self.address(path))
        self.page.locator("[data-tab]").last.click()
        return self.ready()

    def ready(self) -> Visit:
        """Waits until the form can be used."""
        expect(self.get("build")).to_be_visible()
        return self.grown()

    def grown(self) -> Visit:
        """Waits until the frame has its height: a click on its way while it grows lands beside what it is meant for."""
        self.frame.wait_for_function(GROWN)
        return self

    @property
    def app(self) -> FrameLocator:
        """The application's frame."""
        return self.page.frame_locator(FRAME)

    @property
    def frame(self) -> Frame:
        """The same as a frame that scripts can be run in."""
        handle = self.page.locator(FRAME).element_handle()
        found = handle.content_frame()
        assert found is not None
        return found

    def get(self, test_id: str) -> Locator:
        """A control of the application by its test id."""
        return self.app.get_by_test_id(test_id)

    def tab(self, name: str) -> Locator:
        """Opens a tab of the application; its panel."""
        self.get(f"tab-{name}").click()
        return self.app.locator(f"#panel-{name}")

    def choose(self, test_id: str) -> None:
        """Chooses a chip, once it can be seen."""
        expect(self.get(test_id)).to_be_visible()
        self.grown().get(test_id).check()

    def build(self) -> None:
        """Clicks the one button."""
        self.grown().get("build").click()

    def done(self) -> Locator:
        """Waits for the finished report; what is said of it."""
        shown = self.get("done")
        expect(shown).to_be_visible(timeout=60_000)
        return shown
