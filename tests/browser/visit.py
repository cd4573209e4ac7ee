"""A person at the portal with the application open in its frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlencode, urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Frame, FrameLocator, Locator, Page, Response, expect

from demo_portal.people import User
from demo_portal.portal import Portal

MENU = "/marketplace/app/5/"
FRAME = "iframe.app-frame"
FAILED_REQUEST = "Failed to load resource"
GROWN = (
    "() => !window.BX24 || innerHeight >= Math.floor(document.querySelector('#page').getBoundingClientRect().height)"
)
"""The portal has made its frame as high as the page in it."""
SEEN = """() => new Promise((resolve) => {
  const told = () => { observer.disconnect(); requestAnimationFrame(() => resolve(true)); };
  const observer = new IntersectionObserver(told);
  observer.observe(document.querySelector('#page') ?? document.body);
})"""
"""The browser has told its observers what is in sight: the bar of buttons, which follows it, has moved."""


def answer_to(method: str, path: str) -> Callable[[Response], bool]:
    """Whether a response answers this method at this path of the API and no other: of ``POST /reports``, not of
    ``POST /reports/preview``, which the form sends by itself."""

    def matches(response: Response) -> bool:
        return (response.request.method, urlsplit(response.url).path) == (method, f"/api/v1{path}")

    return matches


def press(control: Locator, key: str = "Enter") -> None:
    """Presses a button or follows a link by the keyboard, once it can be seen: the page may move under a pointer, and a
    key pressed on what is still hidden is lost."""
    expect(control).to_be_visible()
    expect(control).to_be_enabled()
    control.press(key)


def tick(control: Locator, *, checked: bool = True) -> None:
    """Chooses a box or a chip by the keyboard, or no longer chooses it."""
    press(control, "Space")
    expect(control).to_be_checked(checked=checked)


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
    _requests_may_fail: bool = False

    def __post_init__(self) -> None:
        self.page: Page = self.context.new_page()
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.uncaught.append(f"{error.name}: {error.message}"))

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.errors.append(f"{message.text} {message.location['url']}")

    def let_requests_fail(self) -> None:
        """Some are meant to: what the browser itself reports of them, which may come late, is no complaint."""
        self._requests_may_fail = True

    @property
    def complaints(self) -> list[str]:
        """What the console complained about and should not have."""
        return [each for each in self.errors if not (self._requests_may_fail and each.startswith(FAILED_REQUEST))]

    def wear(self, theme: Literal["light", "dark"]) -> Visit:
        """The application's theme, as its switch would leave it: in what is open and in what will be opened."""
        begun = f"() => {{ document.documentElement.dataset.theme ??= '{theme}'; }}"
        self.page.add_init_script(f"document.addEventListener('readystatechange', {begun}, {{ once: true }})")
        for frame in self.page.frames:
            frame.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        return self

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
        """Waits until the frame has its height and the bar its place: a click on its way while they move lands beside
        what it is meant for."""
        self.frame.wait_for_function(GROWN)
        self.frame.evaluate(SEEN)
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
        press(self.get(f"tab-{name}"))
        return self.app.locator(f"#panel-{name}")

    def choose(self, test_id: str) -> None:
        """Chooses a chip or a box by the keyboard."""
        tick(self.get(test_id))

    def unfold(self, test_id: str) -> None:
        """Opens a folded part of the form."""
        press(self.get(test_id).locator("summary"))
        expect(self.get(test_id)).to_have_attribute("open", "")

    def build(self) -> None:
        """Presses the one button."""
        press(self.get("build"))

    def done(self) -> Locator:
        """Waits for the finished report; what is said of it."""
        shown = self.get("done")
        expect(shown).to_be_visible(timeout=60_000)
        return shown
