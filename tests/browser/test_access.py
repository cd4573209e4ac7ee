"""For everybody: keyboard, names and roles, contrast, motion."""

from __future__ import annotations

from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Frame, expect

from demo_portal.portal import Portal
from tests.browser.conftest import Visitor
from tests.browser.stage import Person, Stage
from tests.browser.test_places import company_with_invoices
from tests.browser.visit import FRAME, Visit

TABS = ("report", "history", "settings", "journal", "self-check")
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def findings(frame: Frame) -> list[str]:
    """What axe finds serious or critical, with the elements concerned."""
    results = Axe().run(frame, options=RULES)  # type: ignore[arg-type]  # a frame evaluates as a page does
    grave = [each for each in results.response["violations"] if each["impact"] in {"serious", "critical"}]
    return [f"{each['id']}: {node['html'][:200]}" for each in grave for node in each["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_finding_on_any_tab(
    visit: Visitor, admin: Person, portal: Portal, scheme: Literal["light", "dark"]
) -> None:
    """axe finds nothing serious on any tab, in both themes, with a finished report and with all fields open."""
    admin.finished(admin.report(detailed=True))
    at = visit()
    at.page.emulate_media(color_scheme=scheme)
    at.open_card(f"/crm/company/details/{company_with_invoices(portal)}/")
    expect(at.get("chart")).to_be_visible()
    at.app.get_by_text("Ещё условия").click()
    at.choose("period-own")
    at.get("set-save").click()
    expect(at.get("preview-count")).to_be_visible()
    for name in TABS:
        panel = at.tab(name)
        expect(panel.get_by_text("Загружаем…")).to_have_count(0)
        expect(panel.get_by_text("Проверяем…")).to_have_count(0)
        assert findings(at.frame) == []


def test_no_serious_finding_on_the_installation_page(stage: Stage, visit: Visitor) -> None:
    """axe finds nothing serious on the page of a failed installation."""
    portal = stage.portal(installed=False)
    portal.set_scopes("crm")
    at = visit(at=portal)
    at.page.goto(at.address())
    expect(at.get("install-outcome")).to_contain_text("Установка не завершена")
    assert findings(at.frame) == []
    at.errors.clear()  # the browser itself reports the answer's status


def focused(at: Visit) -> str:
    """The test id of what has the focus."""
    name: str = at.frame.evaluate("document.activeElement.dataset.testid ?? document.activeElement.tagName")
    return name


def test_report_is_built_with_the_keyboard_alone(visit: Visitor) -> None:
    """From the tabs to the download everything is reached by Tab, arrows, space and Enter."""
    at = visit().open()
    at.get("tab-report").focus()
    keyboard = at.page.keyboard
    keyboard.press("ArrowRight")
    expect(at.app.locator("#panel-history")).to_be_visible()
    keyboard.press("Home")
    expect(at.app.locator("#panel-report")).to_be_visible()
    passed = []
    for _ in range(12):
        keyboard.press("Tab")
        passed.append(focused(at))
        if passed[-1].startswith("period-"):
            keyboard.press("ArrowRight")
        if passed[-1] == "detailed":
            keyboard.press("Space")
        if passed[-1] == "build":
            break
    assert passed[0] == "saved-set"
    assert passed[-1] == "build"
    expect(at.get("detailed")).to_be_checked()
    keyboard.press("Enter")
    at.done()


def test_focus_is_visible_everywhere(visit: Visitor) -> None:
    """Whatever has the focus by keyboard has an outline, on itself or on what stands for it."""
    at = visit().open()
    at.get("tab-report").focus()
    unseen = []
    for _ in range(15):
        at.page.keyboard.press("Tab")
        outlined = at.frame.evaluate(
            """() => [document.activeElement, document.activeElement.nextElementSibling].some((each) => {
                const { outlineStyle, outlineWidth } = each ? getComputedStyle(each) : { outlineStyle: "none" };
                return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
            })"""
        )
        if not outlined and focused(at) != "BODY":
            unseen.append(focused(at))
    assert unseen == []


def test_every_control_has_a_name(visit: Visitor) -> None:
    """Each field, button and link on the page has an accessible name in the reader's language."""
    at = visit().open()
    at.app.get_by_text("Ещё условия").click()
    tree = at.app.locator("#panel-report").aria_snapshot()
    bare = [
        line
        for line in tree.splitlines()
        if line.strip() in {"- button", "- combobox", "- checkbox", "- textbox", "- link"}
    ]
    assert bare == []


MOVING = """() => {
  const active = (rules) => [...rules].flatMap((rule) => !rule.cssRules ? [rule]
    : rule.media && !matchMedia(rule.media.mediaText).matches ? [] : [rule, ...active(rule.cssRules)]);
  return [...document.styleSheets].flatMap((sheet) => active(sheet.cssRules))
    .filter(({ style }) => style && (style.transition || style.animation || style.scrollBehavior)).length;
}"""


def test_reduced_motion_moves_nothing(visit: Visitor) -> None:
    """With reduced motion asked for, no rule that is in force moves anything; without, the bar glides."""
    at = visit().open()
    at.page.emulate_media(reduced_motion="no-preference")
    assert at.frame.evaluate(MOVING) > 0
    at.page.emulate_media(reduced_motion="reduce")
    assert at.frame.evaluate(MOVING) == 0


def test_frame_has_no_scroll_bars(visit: Visitor, admin: Person) -> None:
    """From 1280 px up the portal's frame is as high as the page: nothing scrolls inside it, whatever is open."""
    admin.finished(admin.report(detailed=True))
    at = visit().open()
    at.done()
    for name, width in zip(TABS * 2, [1280] * len(TABS) + [1440] * len(TABS), strict=True):
        at.page.set_viewport_size({"width": width, "height": 800})
        at.tab(name)
        _expect_fits(at)


def test_narrow_screen_shows_everything_without_sideways_scrolling(visit: Visitor, admin: Person) -> None:
    """At 360 px every tab fits the width."""
    admin.finished(admin.report(detailed=True))
    at = visit()
    at.page.set_viewport_size({"width": 360, "height": 800})
    at.open()
    at.page.evaluate(f"document.querySelector('{FRAME}').style.width = '360px'")
    at.done()
    for name in TABS:
        at.tab(name)
        at.frame.wait_for_function("document.documentElement.scrollWidth <= 360")


def _expect_fits(at: Visit) -> None:
    """The frame's own height reaches the content's."""
    at.frame.wait_for_function(
        """() => document.documentElement.scrollHeight <= innerHeight
            && document.documentElement.scrollWidth <= innerWidth
            && innerHeight - document.querySelector("#page").getBoundingClientRect().height < 8"""
    )
