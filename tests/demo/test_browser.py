"""The look-alike in a browser: the installation, BX24.js in the frame, the slider."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Frame, Page, expect

from demo_portal import DemoWorld, Portal
from tests.browser.chromium import chromium, need_chromium
from tests.demo.embedded_app import EmbeddedApp

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium(need_chromium()) as found:
        yield found


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    page.set_default_timeout(10_000)
    yield page
    page.close()


@pytest.fixture
def app() -> Iterator[EmbeddedApp]:
    with EmbeddedApp() as app:
        yield app


@pytest.fixture
def portal(app: EmbeddedApp) -> Iterator[Portal]:
    with DemoWorld(app.url) as world:
        app.bx24_js = world.oauth.bx24_js_url
        portal = world.add_portal()
        portal.crm.add_invoice(number="17", company_id=portal.crm.add_company())
        yield portal


def opened(page: Page, app: EmbeddedApp, words: str) -> Frame:
    """The application's frame once it shows ``words``."""
    page.frame_locator("iframe.app-frame").get_by_text(words).wait_for()
    return next(frame for frame in reversed(page.frames) if frame.url.startswith(app.url))


def added_frame(page: Page, url: str, name: str = "") -> Frame:
    """A further frame in the page, which shows ``url``."""
    script = """([url, name]) => {
        const frame = Object.assign(document.createElement('iframe'), { name, src: url });
        document.body.append(frame);
        return frame;
    }"""
    element = page.evaluate_handle(script, [url, name]).as_element()
    found = element and element.content_frame()
    assert found
    found.wait_for_url(f"{url}**")
    return found


def call(frame: Frame, method: str, params: dict[str, Any]) -> Any:
    """BX24.callMethod from inside the frame."""
    script = "([method, params]) => new Promise(done => BX24.callMethod(method, params, answer => done(answer.answer)))"
    return frame.evaluate(script, [method, params])


def test_the_installation_page_opens_first_and_install_finish_brings_the_app(
    page: Page, app: EmbeddedApp, portal: Portal
) -> None:
    """Placements bound from the page appear in the CRM once BX24.installFinish() was called."""
    page.goto(portal.url)
    frame = opened(page, app, "INSTALL ru DEFAULT")
    place = {"PLACEMENT": "CRM_SMART_INVOICE_DETAIL_TAB", "HANDLER": f"{app.url}/app", "TITLE": "Реестр"}
    assert call(frame, "placement.bind", place)["result"] is True
    frame.evaluate("BX24.installFinish()")
    opened(page, app, "APP ru DEFAULT")
    page.goto(f"{portal.url}/crm/type/31/details/1/?as=8&lang=en")
    assert page.get_by_role("tab", name="Реестр").count() == 0  # the manager may not see this invoice
    page.select_option("#user-switch", "5")
    page.get_by_role("tab", name="Реестр").click()
    opened(page, app, "APP en CRM_SMART_INVOICE_DETAIL_TAB")
    form = app.posted("/app")[-1]
    assert form["PLACEMENT_OPTIONS"].startswith('{"ID": "1"')


def test_bx24_knows_the_user_and_renews_its_token(page: Page, app: EmbeddedApp, portal: Portal) -> None:
    """getAuth, isAdmin, getDomain; an expired token is renewed by callMethod itself."""
    portal.finish_install()
    page.goto(f"{portal.url}/?as=1")
    frame = opened(page, app, "APP ru")
    auth = frame.evaluate("BX24.getAuth()")
    assert set(auth) == {"access_token", "refresh_token", "expires_in", "member_id", "domain"}
    assert auth["member_id"] == portal.member_id
    assert frame.evaluate("[BX24.isAdmin(), BX24.getDomain(), BX24.getLang()]") == [True, portal.domain, "ru"]
    portal.expire_tokens()
    assert call(frame, "profile", {})["result"]["ID"] == "1"
    assert frame.evaluate("BX24.getAuth().access_token") != auth["access_token"]


def test_the_frame_grows_with_its_page(page: Page, app: EmbeddedApp, portal: Portal) -> None:
    """fitWindow sends the page's height to the portal; resizeWindow any."""
    portal.finish_install()
    page.goto(portal.url)
    frame = opened(page, app, "APP ru")
    height = frame.evaluate("BX24.fitWindow(), BX24.getScrollSize().scrollHeight")
    page.wait_for_function("height => document.querySelector('.app-frame').style.height === height + 'px'", arg=height)
    frame.evaluate("BX24.resizeWindow(700, 333)")
    page.wait_for_function("document.querySelector('.app-frame').style.height === '333px'")


def test_open_path_shows_a_portal_page_in_a_slider(page: Page, app: EmbeddedApp, portal: Portal) -> None:
    """The slider names the path; closing it calls back; an outer address is refused."""
    portal.finish_install()
    page.goto(portal.url)
    frame = opened(page, app, "APP ru")
    frame.evaluate("BX24.openPath('/crm/type/31/details/1/', answer => { window.results.path = answer; })")
    page.get_by_text("/crm/type/31/details/1/", exact=True).wait_for()
    page.frame_locator(".page-frame").get_by_role("heading", name="Счёт №17").wait_for()
    page.keyboard.press("Escape")
    frame.wait_for_function("window.results.path")
    assert frame.evaluate("window.results.path") == {"result": "close"}
    frame.evaluate("BX24.openPath('https://example.com/', answer => { window.results.outer = answer; })")
    frame.wait_for_function("window.results.outer")
    assert frame.evaluate("window.results.outer.errorCode") == "PATH_NOT_AVAILABLE"


def test_users_are_chosen_in_the_portals_dialog(page: Page, app: EmbeddedApp, portal: Portal) -> None:
    """selectUsers gives back whom the person chose: ids as numbers, and names."""
    portal.finish_install()
    page.goto(portal.url)
    frame = opened(page, app, "APP ru")
    frame.evaluate("BX24.selectUsers(users => { window.results.users = users; })")
    page.locator("dialog").get_by_role("button", name="Мария Кузнецова").click()
    page.locator("dialog").get_by_role("button", name="Выбрать").click()
    frame.wait_for_function("window.results.users")
    assert frame.evaluate("window.results.users") == [{"id": 5, "name": "Мария Кузнецова"}]


def test_rights_are_chosen_in_the_portals_dialog(page: Page, app: EmbeddedApp, portal: Portal) -> None:
    """selectAccess gives back rights by their codes, without those that were blocked; it takes no title."""
    portal.finish_install()
    page.goto(portal.url)
    frame = opened(page, app, "APP ru")
    frame.evaluate("BX24.selectAccess(['U5'], rights => { window.results.rights = rights; })")
    dialog = page.locator("dialog")
    expect(dialog.get_by_role("button", name="Ольга Смирнова")).to_be_visible()
    expect(dialog.get_by_role("button", name="Мария Кузнецова")).to_have_count(0)
    dialog.get_by_role("button", name="Бухгалтерия").click()
    dialog.get_by_role("button", name="Выбрать").click()
    frame.wait_for_function("window.results.rights")
    assert frame.evaluate("window.results.rights") == [{"id": "DR2", "name": "Бухгалтерия"}]
    refused = "() => { try { BX24.selectAccess('title', () => {}); return false; } catch { return true; } }"
    assert frame.evaluate(refused)


def test_the_mobile_application_refuses_to_open_a_path(page: Page, app: EmbeddedApp, portal: Portal) -> None:
    portal.behave(mobile=True)
    page.goto(portal.url)
    frame = opened(page, app, "INSTALL ru")
    frame.evaluate("BX24.openPath('/crm/type/31/details/1/', answer => { window.results.path = answer; })")
    frame.wait_for_function("window.results.path")
    refused = {"result": "error", "errorCode": "METHOD_NOT_SUPPORTED_ON_DEVICE"}
    assert frame.evaluate("window.results.path") == refused
    expect(page.locator(".slider")).to_have_count(0)


@pytest.mark.parametrize(("fixed", "grows"), [(True, False), (False, True)])
def test_a_frame_in_a_slider_may_keep_its_height(
    page: Page, app: EmbeddedApp, portal: Portal, fixed: bool, grows: bool
) -> None:
    portal.behave(fixed_sliders=fixed)
    portal.installation().installed = True
    page.goto(portal.url)
    opened(page, app, "APP ru").evaluate("BX24.openApplication({})")
    page.locator(".slider iframe.app-frame").wait_for()
    inner = page.frame_locator(".slider iframe.app-frame")
    inner.locator("body[data-ready]").wait_for()
    inner.locator("body").evaluate("() => new Promise(done => BX24.resizeWindow('100%', 2345, done))")
    inner.locator("body").evaluate("() => new Promise(done => BX24.refreshAuth(done))")  # answered after it, in order
    height = page.locator(".slider iframe.app-frame").evaluate("frame => frame.offsetHeight")
    assert (height == 2345) is grows


def unanswered(page: Page, frame: Frame, sid: str | None) -> bool:
    """Whether the portal leaves a message from ``frame`` about the session ``sid`` without an answer."""
    page.evaluate("window.seen = 0; window.addEventListener('message', () => { window.seen += 1; })")
    frame.evaluate("window.answers = 0; window.addEventListener('message', () => { window.answers += 1; })")
    message = "sid => window.parent.postMessage(JSON.stringify({bx24: 'getInitData', id: 1, sid: sid}), '*')"
    frame.evaluate(message, sid)
    page.wait_for_function("window.seen")  # the portal's own listener stands before this one: it has answered by now
    answers: int = frame.evaluate("window.answers")
    return answers == 0


def test_a_session_is_answered_in_its_own_frame_alone(page: Page, app: EmbeddedApp, portal: Portal) -> None:
    """Another frame of the same application gets no tokens for it; the frame itself does."""
    page.goto(portal.url)
    own = opened(page, app, "INSTALL ru")
    sid = page.get_attribute(".app-frame", "data-sid")
    assert not unanswered(page, own, sid)
    assert unanswered(page, added_frame(page, app.url), sid)


def test_a_frame_that_left_the_application_is_not_answered(page: Page, app: EmbeddedApp, portal: Portal) -> None:
    """The same window, but a page of another origin: no tokens for it."""
    with EmbeddedApp("about:blank") as stranger:
        page.goto(portal.url)
        frame = opened(page, app, "INSTALL ru")
        sid = page.get_attribute(".app-frame", "data-sid")
        frame.goto(stranger.url)
        assert unanswered(page, frame, sid)


def test_bx24_believes_its_own_portal_alone(page: Page, app: EmbeddedApp, portal: Portal) -> None:
    """A page that embeds the application under the portal's name cannot hand it anything."""
    with EmbeddedApp("about:blank") as stranger:
        page.goto(stranger.url)
        frame = added_frame(page, app.url, name=f"{portal.domain}|0|session")
        frame.wait_for_function("window.BX24")
        frame.evaluate("window.seen = 0; window.addEventListener('message', () => { window.seen += 1; })")
        page.evaluate(
            """() => window.frames[0].postMessage(
                JSON.stringify({bx24reply: 1, sid: 'session', value: {lang: 'xx', auth: {expires_in: 9}}}), '*')"""
        )
        frame.wait_for_function("window.seen")
        assert frame.evaluate("[BX24.getAuth(), BX24.getLang()]") == [False, ""]
