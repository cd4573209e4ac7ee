"""The installation page."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import Visitor
from tests.browser.stage import Stage


def test_installation_shows_its_steps_and_where_the_application_is(stage: Stage, visit: Visitor) -> None:
    """The page lists what was done, tells the portal that it is finished, and shows where the application is."""
    at = visit(at=stage.portal(installed=False))
    at.page.route("**/demo/install-finish*", lambda route: route.fulfill(json={"installed": False}))
    told: list[str] = []
    at.page.on("request", lambda request: told.append(request.url) if "install-finish" in request.url else None)
    at.page.route("**/static/portal.js", _without_reload)
    with at.page.expect_request("**/demo/install-finish*"):
        at.page.goto(at.address())
    expect(at.get("install-outcome")).to_contain_text("Приложение установлено")
    expect(at.get("install-steps").locator("li.ok")).to_have_count(6)
    expect(at.app.get_by_role("img", name="Страница портала")).to_be_visible()
    expect(at.app.get_by_text("В CRM ничего не меняет")).to_be_visible()
    assert len(told) == 1


def _without_reload(route: object) -> None:
    """The portal's page stays as it is after the installation, so that we can look at it."""
    response = route.fetch()  # type: ignore[attr-defined]  # Playwright's Route
    route.fulfill(response=response, body=response.text().replace("window.location.reload()", "undefined"))  # type: ignore[attr-defined]  # as above


def test_installation_ends_in_the_application(stage: Stage, visit: Visitor) -> None:
    """After the installation the portal opens the application, which says where it will be found."""
    portal = stage.portal(installed=False)
    at = visit(at=portal).open()
    assert portal.installation().installed
    at.app.get_by_text("Где найти приложение").click()
    expect(at.app.get_by_role("img", name="Страница портала")).to_be_visible()


def test_failed_installation_says_what_to_do(stage: Stage, visit: Visitor) -> None:
    """Without the right to add tabs the installation is not finished; the page names the step and the way out."""
    portal = stage.portal(installed=False)
    portal.set_scopes("crm")
    at = visit(at=portal)
    at.page.goto(at.address())
    expect(at.get("install-outcome")).to_contain_text("Установка не завершена")
    expect(at.get("install-steps").locator("li.failed .sub")).not_to_be_empty()
    expect(at.get("finish-step")).to_have_count(0)
    assert not portal.installation().installed
    at.let_requests_fail()  # the browser itself reports the answer's status
