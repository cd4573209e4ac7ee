"""For everybody: keyboard, names and roles, contrast, motion."""

from __future__ import annotations

from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Frame, Page, expect

from demo_portal.faults import Fault
from demo_portal.portal import Portal
from tests.browser.conftest import Visitor
from tests.browser.stage import Person, Stage
from tests.browser.test_administration import pick
from tests.browser.test_places import company_with_invoices
from tests.browser.test_under_way import add_waiting
from tests.browser.visit import FRAME, Visit, answer_to, press

TABS = ("report", "history", "schedules", "settings", "journal", "self-check")
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
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
    at = visit().wear(scheme)
    at.open_card(f"/crm/company/details/{company_with_invoices(portal)}/")
    expect(at.get("company-table")).to_be_visible()
    at.unfold("more")
    at.choose("period-own")
    press(at.get("set-save"))
    expect(at.get("estimate-count")).to_be_visible()
    for name in TABS:
        panel = at.tab(name)
        expect(panel.get_by_text("Загружаем…")).to_have_count(0)
        expect(panel.get_by_text("Проверяем…")).to_have_count(0)
        assert findings(at.frame) == []


def test_no_serious_finding_in_any_question_or_notice(portal: Portal, visit: Visitor, admin: Person) -> None:
    """In both themes axe finds nothing serious while something is asked, waited for, wrong, failed or cancelled."""
    admin.finished(admin.report())
    admin.call("POST", "/saved-sets", {"name": "Для всех", "params": {"period": "last_year"}, "shared": True})
    at = visit().open()
    for name, reach in STATES.items():
        reach(at)
        for scheme in SCHEMES:
            at.wear(scheme)
            assert findings(at.frame) == [], f"{name}, {scheme}"
    at.let_requests_fail()  # the browser itself reports the 422


def _ask_to_delete_the_set(at: Visit) -> None:
    at.get("saved-set").select_option(label="Для всех")
    press(at.get("set-delete"))
    expect(at.get("set-delete-confirm")).to_be_visible()


def _cross_the_dates(at: Visit) -> None:
    press(at.get("set-keep"))
    at.choose("period-own")
    at.get("date-from").fill("2026-02-01")
    at.get("date-to").fill("2026-01-01")
    at.build()
    expect(at.app.get_by_text("Последний день раньше первого")).to_be_visible()


def _find_nothing(at: Visit) -> None:
    at.get("date-from").fill("1999-01-01")
    at.get("date-to").fill("1999-01-31")
    at.get("date-to").blur()
    expect(at.get("estimate")).to_contain_text("За этот период нет счетов")


def _ask_to_delete_a_report(at: Visit) -> None:
    at.tab("history")
    press(at.get("history-delete"))
    expect(at.get("history-delete-confirm")).to_be_visible()


def _choose_builders(at: Visit) -> None:
    at.tab("settings")
    at.choose("builders-chosen")
    pick(at, "Бухгалтерия", "Все авторизованные пользователи")
    expect(at.app.get_by_text("Не добавлено")).to_be_visible()


def _be_told_what_is_wrong_in_the_settings(at: Visit) -> None:
    at.get("set-time-zone").fill("Europe/Nowhere")
    press(at.grown().get("settings-save"))
    expect(at.get("settings-note")).to_contain_text("Настройки не сохранены")


def _wait_for_the_portal(at: Visit) -> None:
    at.portal.faults.always(Fault.hang(), method="crm.requisite.link.list")
    add_waiting(at.page, "operating_time")
    at.tab("report")
    at.choose("period-this_year")
    at.build()
    expect(at.get("waiting")).to_be_visible()


def _cancel(at: Visit) -> None:
    press(at.get("cancel"))
    expect(at.get("cancelled")).to_be_visible()


def _fail(at: Visit) -> None:
    at.portal.faults.clear()
    at.portal.faults.always(Fault.error("insufficient_scope"), method="crm.requisite.link.list")
    press(at.get("repeat"))
    expect(at.get("failed")).to_be_visible()


STATES = {
    "a set is to be deleted": _ask_to_delete_the_set,
    "dates cross": _cross_the_dates,
    "nothing is found": _find_nothing,
    "a report is to be deleted": _ask_to_delete_a_report,
    "builders are chosen": _choose_builders,
    "a setting is wrong": _be_told_what_is_wrong_in_the_settings,
    "waiting for the portal": _wait_for_the_portal,
    "cancelled": _cancel,
    "failed": _fail,
}


def test_no_serious_finding_on_pages_that_refuse(stage: Stage, visit: Visitor) -> None:
    """axe finds nothing serious on pages that only say something, and each says what to do, with the code."""
    portal = stage.portal(installed=False)
    at = visit(at=portal)
    app = portal.world.app.url
    at.page.goto(app)
    assert findings(at.page.main_frame) == []
    employee, genuine = portal.launch_form(portal.accountant).body, portal.launch_form().body
    for path, fields, code in (
        ("/app", {}, "missing_field"),
        ("/app", {**genuine, "AUTH_ID": "forged"}, "foreign_token"),
        ("/install", employee, "admin_required"),
        ("/app", genuine, "not_installed"),
    ):
        _submit(at.page, f"{app}{path}", fields)
        _expect_refusal(at, code)
    for path, code in (("/events", "method_not_allowed"), ("/nowhere", "not_found"), ("/downloads/x", "link_invalid")):
        at.page.goto(f"{app}{path}")
        _expect_refusal(at, code)
    portal.world.oauth.faults.always(Fault.html(502), method="app.info")
    at.page.goto(app)
    _submit(at.page, f"{app}/app", genuine)
    _expect_refusal(at, "authorization_server_unavailable")
    portal.world.oauth.faults.clear()
    at.let_requests_fail()  # the browser itself reports the answers' status


def _submit(page: Page, address: str, fields: dict[str, str]) -> None:
    """Posts a form from the page that is open, as the portal does, and waits for the answer."""
    page.evaluate(
        """([action, fields]) => {
            const form = Object.assign(document.createElement("form"), { method: "post", action });
            for (const [name, value] of Object.entries(fields))
                form.append(Object.assign(document.createElement("input"), { name, value }));
            document.body.replaceChildren(form);
            form.submit();
        }""",
        [address, fields],
    )


def _expect_refusal(at: Visit, code: str) -> None:
    """The page names the code, has a sentence beside its title, and nothing grave for axe."""
    expect(at.page.get_by_test_id("code")).to_have_text(code)
    expect(at.page.get_by_role("heading", level=1)).not_to_be_empty()
    expect(at.page.get_by_test_id("advice")).not_to_be_empty()
    assert findings(at.page.main_frame) == []


def test_no_serious_finding_on_the_installation_page(stage: Stage, visit: Visitor) -> None:
    """axe finds nothing serious on the page of a failed installation."""
    portal = stage.portal(installed=False)
    portal.set_scopes("crm")
    at = visit(at=portal)
    at.page.goto(at.address())
    expect(at.get("install-outcome")).to_contain_text("Установка не завершена")
    assert findings(at.frame) == []
    at.let_requests_fail()  # the browser itself reports the answer's status


def focused(at: Visit) -> str:
    """The test id of what has the focus."""
    name: str = at.frame.evaluate("document.activeElement.dataset.testid ?? document.activeElement.tagName")
    return name


def enter_the_frame(at: Visit) -> None:
    """Tab from the portal's own controls into the application, whose frame lives in another process: until that has
    told the page of the focus, the page says that nothing has it."""
    for _ in range(30):
        at.page.keyboard.press("Tab")
        at.page.wait_for_function("document.activeElement !== document.body")
        if at.page.evaluate("document.activeElement.tagName") == "IFRAME":
            return expect(at.get("tab-report")).to_be_focused()
    raise AssertionError("the application's frame is not reached by Tab")


def press_until(at: Visit, key: str, wanted: str, most: int = 40) -> list[str]:
    """Presses ``key`` until ``wanted`` has the focus. → what had it on the way."""
    passed: list[str] = []
    for _ in range(most):
        at.frame.evaluate("() => { window.before = document.activeElement; }")
        at.page.keyboard.press(key)
        at.frame.wait_for_function("() => document.activeElement !== window.before")
        passed.append(focused(at))
        if passed[-1] == wanted:
            return passed
    raise AssertionError(f"{wanted} is not reached by {key}: {passed}")


def test_whole_job_is_done_with_the_keyboard_alone(visit: Visitor) -> None:
    """From the portal's page to the file and an invoice with a problem: Tab, arrows, space and Enter do it all."""
    at = visit().open()
    keyboard = at.page.keyboard
    enter_the_frame(at)
    keyboard.press("ArrowRight")
    expect(at.app.locator("#panel-history")).to_be_visible()
    keyboard.press("Home")
    expect(at.app.locator("#panel-report")).to_be_visible()
    press_until(at, "Tab", "saved-set", most=5)  # the questions about the time zone and what is paid come first
    press_until(at, "Tab", "period-last_month")
    for _ in range(3):
        keyboard.press("ArrowRight")
    expect(at.get("period-this_year")).to_be_focused()
    expect(at.get("period-this_year")).to_be_checked()
    press_until(at, "Tab", "detailed")
    keyboard.press("Space")
    expect(at.get("detailed")).to_be_checked()
    press_until(at, "Tab", "build")
    keyboard.press("Enter")
    at.done()
    expect(at.get("build")).to_be_focused()
    press_until(at, "Tab", "download-xlsx", most=1)
    with at.page.expect_download() as download:
        keyboard.press("Enter")
    assert download.value.suggested_filename.endswith(".xlsx")
    press_until(at, "Tab", "problem")
    keyboard.press("Enter")
    expect(at.page.locator(".slider-path")).to_contain_text("/crm/type/31/details/")


def test_focus_is_kept_when_what_had_it_goes_away(portal: Portal, visit: Visitor) -> None:
    """A cancelled report takes its button along: the focus stays at the card, from where Tab leads on."""
    portal.faults.always(Fault.hang(), method="crm.requisite.link.list")
    at = visit().open()
    at.build()
    at.get("cancel").focus()
    at.page.keyboard.press("Enter")
    expect(at.get("cancelled")).to_be_visible()
    expect(at.get("result")).to_be_focused()
    press_until(at, "Tab", "repeat", most=1)
    at.page.keyboard.press("Enter")
    expect(at.get("under-way")).to_be_visible()
    expect(at.get("result")).to_be_focused()


def test_focus_is_kept_in_the_history(visit: Visitor, admin: Person) -> None:
    """Deleting a report by keyboard: the question has the focus, then the next row; keeping it leads back."""
    for day in ("2026-01-01", "2026-01-02"):
        admin.finished(admin.report(day, day))
    at = visit().open()
    at.tab("history")
    at.get("history-delete").first.focus()
    keyboard = at.page.keyboard
    keyboard.press("Enter")
    expect(at.get("history-delete-confirm")).to_be_focused()
    keyboard.press("Tab")
    keyboard.press("Enter")
    expect(at.get("history-delete").first).to_be_focused()
    keyboard.press("Enter")
    expect(at.get("history-delete-confirm")).to_be_focused()
    keyboard.press("Enter")
    expect(at.get("history-row")).to_have_count(1)
    expect(at.get("history-download-xlsx")).to_be_focused()


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
    at.unfold("more")
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


def test_narrow_screen_shows_everything_without_sideways_scrolling(
    portal: Portal, visit: Visitor, admin: Person
) -> None:
    """At 360 px every tab fits the width, with all that can be opened in it open, and so does a company's card."""
    admin.finished(admin.report(detailed=True))
    at = visit()
    at.page.set_viewport_size({"width": 360, "height": 800})
    at.open_card(f"/crm/company/details/{company_with_invoices(portal)}/")
    at.page.evaluate(f"document.querySelector('{FRAME}').style.width = '360px'")
    expect(at.get("company-table")).to_be_visible()
    at.choose("period-own")
    at.unfold("more")
    press(at.get("set-save"))
    _expect_narrow(at)
    at.open()
    at.page.evaluate(f"document.querySelector('{FRAME}').style.width = '360px'")
    at.done()
    for name in TABS:
        panel = at.tab(name)
        expect(panel.get_by_text("Загружаем…")).to_have_count(0)
        if name == "history":
            press(at.get("history-delete"))
        if name == "settings":
            at.choose("builders-chosen")
        _expect_narrow(at)


def _expect_narrow(at: Visit) -> None:
    """Nothing in the frame is wider than 360 px."""
    at.frame.wait_for_function("() => innerWidth === 360 && document.documentElement.scrollWidth <= 360")


def _expect_fits(at: Visit) -> None:
    """The frame's own height reaches the content's."""
    at.frame.wait_for_function(
        """() => document.documentElement.scrollHeight <= innerHeight
            && document.documentElement.scrollWidth <= innerWidth
            && innerHeight - document.querySelector("#page").getBoundingClientRect().height < 8"""
    )


def test_theme_is_light_whatever_the_computer_prefers_and_dark_by_a_switch(visit: Visitor) -> None:
    """The frame stands in the portal's light page. A browser may keep nothing for a page in a frame: the server
    remembers the switch."""
    at = visit()
    at.page.emulate_media(color_scheme="dark")
    at.open()
    page = "rgb(238, 242, 244)"
    assert at.frame.evaluate("getComputedStyle(document.body).backgroundColor") == page
    with at.page.expect_response(answer_to("PUT", "/theme")):
        press(at.get("theme"))
    expect(at.get("theme")).to_have_attribute("aria-pressed", "true")
    assert at.frame.evaluate("getComputedStyle(document.body).backgroundColor") != page
    at.build()
    at.done()
    at.frame.evaluate("() => { try { localStorage.clear(); } catch { /* there is none */ } }")
    at.open()
    expect(at.get("theme")).to_have_attribute("aria-pressed", "true")


SMALLEST = """() => {
  const targets = "button, summary, select, a.button, .check, .chip, input:not([type=radio], [type=checkbox])"
    + (matchMedia("(pointer: coarse)").matches ? ", .row > a" : "");
  const boxes = [...document.querySelectorAll(targets)].filter((each) => each.checkVisibility());
  const small = (each) => Math.min(each.getBoundingClientRect().width, each.getBoundingClientRect().height);
  return boxes.map((each) => [small(each), each.outerHTML.slice(0, 80)]).sort(([one], [other]) => one - other)[0];
}"""


@pytest.mark.parametrize(("touch", "smallest"), [(False, 24), (True, 40)])
def test_targets_are_large_enough_for_a_pointer_and_for_a_finger(
    browser: Browser, portal: Portal, admin: Person, touch: bool, smallest: int
) -> None:
    """24 px (WCAG 2.5.8), 40 px where one touches."""
    admin.finished(admin.report(detailed=True))
    size = {"width": 1280, "height": 900}
    context = browser.new_context(viewport=size, locale="ru-RU", has_touch=touch, is_mobile=touch)
    at = Visit(context, portal).open()
    at.done()
    at.unfold("more")
    for name in TABS:
        expect(at.tab(name).get_by_text("Загружаем…")).to_have_count(0)
        assert at.frame.evaluate("matchMedia('(pointer: coarse)').matches") is touch
        found = at.frame.evaluate(SMALLEST)
        assert found[0] >= smallest, (name, found)
    context.close()
