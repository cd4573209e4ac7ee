"""Icon and screenshots for the card: the application in the portal's slider over the list of invoices.

Every scene is taken in every language; the words of the page are kept, so that they can be held against the rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, expect

from demo_portal.data.payments import PAID_AMOUNT
from demo_portal.pages.layout import INVOICES_PATH
from demo_portal.portal import Portal
from tests.browser.stage import Person, Stage
from tests.browser.visit import Visit
from tools.market.data import furnish
from tools.market.texts import ROOT

ICON = ROOT / "static" / "icon.svg"
ICON_SIZE = 512
WIDTH, HEIGHT = 1280, 720
INVOICES = 900
PATIENCE = 60_000
LOCALES = {"ru": "ru-RU", "en": "en-GB"}
CLEAN = """
addEventListener("DOMContentLoaded", () => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(".slider-path { display: none }");
  document.adoptedStyleSheets = [sheet];
});
"""
"""Without the demo portal's own remark in the slider's head."""
WORDS = """() => {
  const seen = (element) => element.checkVisibility({ checkVisibilityCSS: true, checkOpacity: true });
  const words = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const holder = node.parentElement;
    if (holder.closest("script, style, template, option, datalist") || !seen(holder)) continue;
    if (node.data.trim()) words.push(node.data.trim());
  }
  for (const field of document.querySelectorAll("input, textarea, select")) {
    if (!seen(field) || field.type === "hidden") continue;
    words.push(field.placeholder ?? "", field.localName === "select" ? field.selectedOptions[0]?.text ?? "" : "");
    if (!["checkbox", "radio"].includes(field.type) && field.localName !== "select") words.push(field.value);
  }
  return words.filter(Boolean).join("\\n");
}"""
"""What can be read in a document: texts, values and placeholders of fields, the chosen entry of a list."""


UNTOUCHED = """(lang) => {
  document.activeElement?.blur();
  for (const field of document.querySelectorAll("input[type=date]")) {
    const [year, month, day] = field.value.split("-");
    field.type = "text";
    field.value = lang === "ru" ? `${day}.${month}.${year}` : `${day}/${month}/${year}`;
  }
}"""
"""Nothing has the focus, and dates are as a browser in that language shows them: the one that takes the pictures may
know English alone."""
MONTHLY: Mapping[str, Any] = {
    "params": {"detailed": True},
    "period": "last_month",
    "when": {"every": "month", "day": 1, "time": "09:00"},
    "deliver": [{"to": "notification"}],
}
WEEKLY: Mapping[str, Any] = {
    "params": {"kind": "receivables"},
    "period": "as_of_run",
    "when": {"every": "week", "weekday": 1, "time": "08:30"},
    "deliver": [{"to": "notification"}],
}
SCHEDULES = {
    "ru": ("Реестр для бухгалтерии", "Долги по понедельникам"),
    "en": ("Register for accounting", "Debts on Mondays"),
}


@dataclass(frozen=True, slots=True)
class Scene:
    """What is done in the slider, and what an employee has had built before."""

    act: Callable[[Visit], Locator]
    prepare: Callable[[Person, str], None] | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """A screenshot and what can be read on it, in the portal's page and the application's. ``complaints``: of the
    console and of uncaught exceptions."""

    code: str
    lang: str
    image: bytes
    words: str
    complaints: tuple[str, ...]


def draw_icon(browser: Browser) -> bytes:
    """The SVG at 512 × 512; its rounded corners get the colour of its ground, so that nothing shines through."""
    svg = ICON.read_text(encoding="utf-8")
    ground = svg.partition('fill="')[2].partition('"')[0]
    page = browser.new_page(viewport={"width": ICON_SIZE, "height": ICON_SIZE})
    page.set_content(
        f"<style>html, body {{ margin: 0; background: {ground} }} svg {{ display: block; width: 100vw }}</style>{svg}"
    )
    image = page.screenshot()
    page.close()
    return image


def take_pictures(browser: Browser, stage: Stage, lang: str) -> list[Picture]:
    """All scenes in one language, each in a tab of its own over one portal."""
    portal = stage.portal(invoices=INVOICES)
    furnish(portal, lang)
    portal.set_scopes("crm", "placement", "user_brief", "department", "im", "disk")
    person = Person.of(portal, lang=lang)
    settings = person.call("GET", "/settings")
    person.call("PUT", "/settings", settings | {"payment_source": "field", "paid_amount_field": PAID_AMOUNT})
    made = []
    for code, scene in SCENES.items():
        if scene.prepare:
            scene.prepare(person, lang)
        made.append(_take(browser, portal, lang, code, scene))
    portal.stop()
    return made


def _take(browser: Browser, portal: Portal, lang: str, code: str, scene: Scene) -> Picture:
    context = browser.new_context(
        viewport={"width": WIDTH, "height": HEIGHT},
        locale=LOCALES[lang],
        timezone_id="Europe/Moscow",
        reduced_motion="reduce",
    )
    at = Visit(context, portal, lang=lang)
    at.page.add_init_script(CLEAN)
    in_slider(at)
    top = scene.act(at)
    for frame in at.page.frames:
        frame.evaluate(UNTOUCHED, lang)
    top.evaluate("(element) => element.scrollIntoView({ block: 'start' })")
    at.page.mouse.move(1, 1)
    at.page.wait_for_timeout(200)  # the frame hears a little later that the mouse has left its button
    image = at.page.screenshot(animations="disabled")
    words = "\n".join(frame.evaluate(WORDS) for frame in at.page.frames)
    context.close()
    return Picture(code, lang, image, words, (*at.errors, *at.uncaught))


# --- scenes: what has been built before, and what is done in the slider; each gives what shall stand at the top


def in_slider(at: Visit) -> None:
    """Opens the application from the menu above the list of invoices."""
    at.page.goto(at.address(INVOICES_PATH))
    at.page.locator("#list-toolbar").click()
    at.page.locator("[data-open-app]").click()
    expect(at.get("build")).to_be_visible(timeout=PATIENCE)
    expect(at.get("estimate").locator("strong, .notice")).to_be_visible(timeout=PATIENCE)


def press(place: Locator) -> None:
    """A control, by its key: a slider scrolls, and a click may land beside."""
    expect(place).to_be_visible(timeout=PATIENCE)
    place.press("Enter")


def last_quarter(person: Person, _: str) -> None:
    """A register of the last whole quarter, with product rows."""
    today = date.fromisoformat(person.call("GET", "/me")["today"])
    first = today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1)
    end = first - timedelta(days=1)
    begin = end.replace(month=end.month - 2, day=1)
    person.finished(person.report(begin.isoformat(), end.isoformat(), detailed=True))


def owed_today(person: Person, _: str) -> None:
    """Receivables of today."""
    today = person.call("GET", "/me")["today"]
    made = person.call("POST", "/reports", {"kind": "receivables", "as_of": today})
    person.finished(made["id"])


def two_schedules(person: Person, lang: str) -> None:
    """Schedules that have run."""
    for name, body in zip(SCHEDULES[lang], (MONTHLY, WEEKLY), strict=True):
        made = person.call("POST", "/schedules", {"name": name, "active": True, **body})
        person.finished(person.call("POST", f"/schedules/{made['id']}/run")["id"])


def register(at: Visit) -> Locator:
    """A finished register with its totals and problems; the form says the same period."""
    at.get("period-last_quarter").press("Space")
    at.get("detailed").check()
    expect(at.get("estimate-count")).to_be_visible(timeout=PATIENCE)
    at.done()
    return at.app.locator("body")


def rows(at: Visit) -> Locator:
    """Its rows on the page."""
    at.done()
    press(at.get("look"))
    expect(at.get("row").first).to_be_visible(timeout=PATIENCE)
    expect(at.app.locator("[data-testid^=months-]").first).to_be_visible(timeout=PATIENCE)
    return at.app.locator("#result-rows")


def receivables(at: Visit) -> Locator:
    """Who owes how much, by ranges of overdue days."""
    at.get("kind-receivables").press("Space")
    expect(at.get("estimate-count")).to_be_visible(timeout=PATIENCE)
    at.done()
    return at.app.locator("body")


def schedules(at: Visit) -> Locator:
    """Reports that come by themselves."""
    press(at.get("tab-schedules"))
    expect(at.get("schedule-row").first).to_be_visible(timeout=PATIENCE)
    return at.app.locator("body")


def settings(at: Visit) -> Locator:
    """What an administrator chooses."""
    press(at.get("tab-settings"))
    expect(at.app.locator("#set-date-field")).to_be_visible(timeout=PATIENCE)
    return at.app.locator("body")


SCENES: Mapping[str, Scene] = {
    "1-register": Scene(register, last_quarter),
    "2-rows": Scene(rows),
    "3-receivables": Scene(receivables, owed_today),
    "4-schedules": Scene(schedules, two_schedules),
    "5-settings": Scene(settings),
}


def keep(image: bytes, path: Path) -> Path:
    """Writes a picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(image)
    return path
