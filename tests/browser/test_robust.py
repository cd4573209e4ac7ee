"""What goes wrong on the way and is not seen: double clicks, lost connections, spent sessions, closed doors."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Route, expect

from bitrix_app.web.session import SignedTokens
from demo_portal.faults import Fault
from demo_portal.portal import Portal
from tests.browser.conftest import Visitor
from tests.browser.stage import SECRET_KEY, Person

BLOCKED = """
const refuse = () => { throw new DOMException("blocked", "SecurityError"); };
for (const name of ["localStorage", "sessionStorage", "indexedDB", "caches"]) {
  Object.defineProperty(window, name, { get: refuse });
}
Object.defineProperty(Document.prototype, "cookie", { get: refuse, set: refuse });
"""

LISTEN = """() => {
  window.heard = [];
  const place = document.getElementById("connection");
  new MutationObserver(() => window.heard.push(place.textContent)).observe(place, { childList: true });
}"""


def test_double_click_starts_one_report(visit: Visitor, admin: Person) -> None:
    """A double click on the button is one report."""
    at = visit().open()
    at.get("build").dblclick()
    at.done()
    assert len(admin.call("GET", "/reports")["items"]) == 1


def test_lost_answer_does_not_start_a_second_report(visit: Visitor, admin: Person) -> None:
    """When the answer to a click is lost on the way, the repeated request finds the report that it has started."""
    at = visit()
    at.page.route("**/api/v1/reports", _lose_first(lambda route: route.request.method == "POST"))
    at.open().build()
    at.done()
    assert len(admin.call("GET", "/reports")["items"]) == 1
    at.let_requests_fail()  # the browser itself reports the lost answer


def _lose_first(matches: Callable[[Route], bool]) -> Callable[[Route], None]:
    lost: list[str] = []

    def handle(route: Route) -> None:
        if matches(route) and not lost:
            lost.append(route.request.url)
            route.fetch()
            route.abort("connectionreset")
        else:
            route.continue_()

    return handle


def test_lost_connection_is_said_and_comes_back(portal: Portal, visit: Visitor, context: BrowserContext) -> None:
    """Without a connection the page says so and keeps asking; with it the report is seen to its end."""
    portal.faults.always(Fault.hang(), method="crm.requisite.link.list")
    at = visit().open()
    at.build()
    expect(at.get("under-way")).to_be_visible()
    context.set_offline(True)
    expect(at.app.get_by_text("Связь потеряна")).to_be_visible()
    portal.faults.clear()
    context.set_offline(False)
    at.done()
    expect(at.app.get_by_text("Связь потеряна")).to_have_count(0)
    at.let_requests_fail()  # the browser itself reports what it could not reach


def test_delay_grows_while_the_connection_is_lost(visit: Visitor, portal: Portal) -> None:
    """Each further try waits longer than the one before."""
    portal.faults.always(Fault.hang(), method="crm.requisite.link.list")
    at = visit().open()
    at.page.route("**/api/v1/reports/*-*", lambda route: route.abort("connectionreset"))
    at.frame.evaluate(LISTEN)
    at.build()
    at.frame.wait_for_function("() => window.heard.some((each) => each.includes('через 4 секунды'))")
    heard = at.frame.evaluate("window.heard")
    assert re.findall(r"через (\d+) секунд", " ".join(heard))[:3] == ["1", "2", "4"]
    at.let_requests_fail()  # the browser itself reports what it could not reach


def test_expired_session_renews_itself_unseen(portal: Portal, visit: Visitor) -> None:
    """A page whose session has expired asks the portal for a new one, and the click just works."""
    at = visit()
    at.page.route("**/api/v1/**", _spend_session())
    at.open()
    at.build()
    at.done()
    expect(at.app.locator(".notice-danger")).to_have_count(0)
    assert {error.split(" http")[0] for error in at.errors} == {
        "Failed to load resource: the server responded with a status of 401 (UNAUTHORIZED)"
    }
    at.let_requests_fail()  # the browser itself reports the 401s


@pytest.mark.parametrize("minutes", [51, 120])
def test_session_is_renewed_before_it_is_refused(visit: Visitor, minutes: int) -> None:
    """A page that has been open long renews its session in time: not even the console hears of it."""
    at = visit()
    at.page.clock.install()
    at.open()
    with at.page.expect_request("**/api/v1/session"):
        at.page.clock.fast_forward(minutes * 60_000)
        at.build()
    at.done()


def test_expired_portal_token_is_renewed_for_the_session(portal: Portal, visit: Visitor) -> None:
    """The portal's own token has expired as well: BX24 renews it first, then the session is renewed."""
    at = visit().open()
    portal.expire_tokens()
    at.page.route("**/api/v1/**", _spend_session())
    at.build()
    at.done()
    at.let_requests_fail()  # the browser itself reports the 401s


def _spend_session() -> Callable[[Route], None]:
    """Until the page asks for a new session, the one it has is an hour too old, for all the server can see.

    A session renewed within the second in which the first was given is the same text: the token itself does not tell
    them apart.
    """
    renewed: list[str] = []

    def handle(route: Route) -> None:
        headers = dict(route.request.headers)
        if route.request.url.endswith("/api/v1/session"):
            renewed.append(route.request.url)
        elif not renewed and "authorization" in headers:
            headers["authorization"] = f"Bearer {_aged(headers['authorization'].removeprefix('Bearer '))}"
        route.continue_(headers=headers)

    return handle


def _aged(token: str) -> str:
    claims = SignedTokens([SECRET_KEY]).read_session(token)
    return SignedTokens([SECRET_KEY], clock=lambda: time.time() - 7200).session(claims)[0]


def test_page_works_with_storage_and_cookies_blocked(visit: Visitor, context: BrowserContext) -> None:
    """The page touches no cookie and no storage: where the browser refuses them, nothing changes."""
    context.add_init_script(BLOCKED)
    at = visit().open()
    at.build()
    at.done()
    assert context.cookies() == []


def test_page_works_without_the_portals_script(visit: Visitor) -> None:
    """Where BX24.js is blocked, reports are built all the same."""
    at = visit()
    at.page.route("**/bx24*.js*", lambda route: route.abort())
    at.page.route("**/api/v1/", lambda route: route.abort())
    at.open()
    at.build()
    at.done()
    at.let_requests_fail()  # the browser itself reports the blocked script


def test_no_inline_script_without_nonce_and_no_inline_style(visit: Visitor) -> None:
    """Every script block has the policy's nonce, and no element brings a style of its own."""
    at = visit()
    with at.page.expect_response("**/app?*") as answer:
        at.open()
    policy = answer.value.headers["content-security-policy"]
    html = answer.value.text()
    nonce = policy.partition("'nonce-")[2].partition("'")[0]
    assert nonce
    assert "unsafe" not in policy
    assert html.count("<script") == len(re.findall(f'<script[^>]* nonce="{nonce}"', html)) > 0
    assert "style=" not in html
    assert not [name for name in ("onclick=", "onload=", "javascript:") if name in html]


def test_a_rejection_that_nobody_catches_in_the_frame_is_heard(visit: Visitor) -> None:
    """Every test of a page fails for such a one: what is listened to hears the application's frame too."""
    at = visit().open()
    with at.page.expect_event("pageerror"):
        at.frame.evaluate("() => { Promise.reject(new Error('nobody catches this')); }")
    assert at.uncaught == ["Error: nobody catches this"]
    at.uncaught.clear()
