"""Pictures of every state of the page, in the demo portal, into docs/screenshots/: ``python -m tools.screenshots``.

Names given as arguments make only those pictures. Each picture is a scene: what the portal is like, who looks at it
how, and what they do before the picture is taken.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Route, expect

from demo_portal.faults import Fault
from demo_portal.portal import Portal
from tests.browser.chromium import chromium, find_chromium
from tests.browser.stage import Person, Stage, running_stage
from tests.browser.visit import Visit

FOLDER = Path(__file__).parents[1] / "docs" / "screenshots"
LINKS = "crm.requisite.link.list"
WIDE, NARROW = 1440, 360
HEIGHT, TALL = 820, 9000


@dataclass(frozen=True, slots=True)
class Scene:
    """``whole``: the portal around the frame is in the picture; ``alone``: there is no portal around the page; else
    the application's page in the frame is what is taken."""

    act: Callable[[Visit], Any]
    prepare: Callable[[Portal], Any] | None = None
    lang: str = "ru"
    scheme: Literal["light", "dark"] = "light"
    width: int = WIDE
    whole: bool = False
    alone: bool = False
    installed: bool = True


def main(names: list[str]) -> int:
    """Takes the pictures; 1 when there is no Chromium."""
    path = find_chromium()
    if path is None:
        sys.stderr.write("no Chromium was found: install chromium or set CHROMIUM_PATH\n")
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, running_stage(Path(folder)) as stage, chromium(path) as browser:
        for name in names or SCENES:
            take(browser, stage, name, SCENES[name])
            sys.stdout.write(f"docs/screenshots/{name}.png\n")
    return 0


def take(browser: Browser, stage: Stage, name: str, scene: Scene) -> None:
    """One picture."""
    portal = stage.portal(invoices=600, installed=scene.installed)
    if scene.prepare:
        scene.prepare(portal)
    context = browser.new_context(
        viewport={"width": scene.width, "height": HEIGHT if scene.whole else TALL},
        locale={"ru": "ru-RU", "en": "en-GB"}[scene.lang],
        timezone_id="Europe/Moscow",
        reduced_motion="reduce",
    )
    at = Visit(context, portal, lang=scene.lang).wear(scene.scheme)
    if not (scene.whole or scene.alone):
        at.page.add_init_script(ALONE)
    scene.act(at)
    at.page.mouse.move(1, 1)
    at.page.wait_for_timeout(100)  # the frame hears a little later that the mouse has left its button
    target = at.page if scene.whole else (at.page if scene.alone else at.app).locator("#page")
    target.screenshot(path=FOLDER / f"{name}.png", animations="disabled")
    context.close()
    portal.faults.clear()
    portal.stop()


# The frame over the whole of the portal's page: the picture shows the application at the width that is meant.
ALONE = """
addEventListener("DOMContentLoaded", () => {
  const sheet = new CSSStyleSheet();
  const size = "width: 100vw !important; height: 100vh !important";
  sheet.replaceSync(`* { border-radius: 0 !important }
    iframe.app-frame { position: fixed !important; inset: 0; z-index: 99; ${size} }`);
  if (window === top) document.adoptedStyleSheets = [sheet];
});
"""


# --- what is done before the picture -----------------------------------------------------------------------------


def opened(at: Visit) -> None:
    """The page has opened and counted."""
    at.open()
    expect(at.get("estimate").locator("strong, .notice")).to_be_visible(timeout=20_000)


def started(at: Visit) -> None:
    """A report over this year is being built."""
    opened(at)
    at.choose("period-this_year")
    at.get("detailed").check()
    expect(at.get("estimate-count")).to_be_visible(timeout=20_000)
    at.build()


def under_way(at: Visit) -> None:
    """The report reads requisites, which do not come."""
    started(at)
    expect(at.get("progress-words")).to_contain_text({"ru": " из ", "en": " of "}[at.lang], timeout=20_000)


def finished(at: Visit) -> None:
    """The report is ready."""
    started(at)
    at.done()


def looking(at: Visit) -> None:
    """Its rows are shown, with the pictures."""
    finished(at)
    at.get("look").press("Enter")
    expect(at.get("row").first).to_be_visible(timeout=20_000)
    expect(at.get("months-RUB")).to_be_visible(timeout=20_000)


def who_owes(at: Visit) -> None:
    """Receivables of today are ready."""
    opened(at)
    at.choose("kind-receivables")
    expect(at.get("estimate-count")).to_be_visible(timeout=20_000)
    at.build()
    at.done()


def failed(at: Visit) -> None:
    """The report has failed."""
    started(at)
    expect(at.get("failed")).to_be_visible(timeout=20_000)


def waiting(at: Visit) -> None:
    """The portal asks for a pause."""
    at.page.route("**/api/v1/reports/*-*", _waiting)
    started(at)
    expect(at.get("waiting")).to_be_visible(timeout=20_000)


def _waiting(route: Route) -> None:
    response = route.fetch()
    report = response.json()
    if report.get("progress"):
        report["progress"]["waiting"] = {"reason": "operating_time", "until": report["created_at"]}
    route.fulfill(response=response, json=report)


def choosing_a_set(at: Visit) -> None:
    """A set is chosen and is being changed."""
    opened(at)
    at.get("saved-set").select_option(label="Неоплаченные")
    expect(at.get("estimate").locator("strong, .notice")).to_be_visible(timeout=20_000)
    at.get("set-edit").click()


def choosing_builders(at: Visit) -> None:
    """The settings, with some employees and a department who may build reports."""
    at.open()
    at.tab("settings")
    at.choose("builders-chosen")
    at.get("builders-pick").click()
    for name in (at.portal.accountant.full_name, "Отдел продаж"):
        at.page.locator("dialog .user-row", has_text=name).click()
    at.page.locator("dialog > .button").click()
    expect(at.get("builders-list").locator("li")).to_have_count(2)


def refused(at: Visit) -> None:
    """The address of the application, opened outside of the portal."""
    at.page.goto(f"{at.portal.world.app.url}/app")


def conditions(at: Visit) -> None:
    """All conditions are open."""
    opened(at)
    at.app.locator("#more > summary").click()


def company(at: Visit) -> None:
    """The application in a company's card."""
    companies = [int(each["companyId"]) for each in at.portal.crm.invoices if each["companyId"]]
    at.open_card(f"/crm/company/details/{max(companies, key=companies.count)}/")
    expect(at.get("company-table")).to_be_visible(timeout=20_000)
    expect(at.get("estimate").locator("strong, .notice")).to_be_visible(timeout=20_000)


def invoice(at: Visit) -> None:
    """The application in an invoice's card."""
    wanted = next(each for each in at.portal.crm.invoices if each["companyId"] and each["begindate"])
    at.open_card(f"/crm/type/31/details/{wanted['id']}/")
    expect(at.get("scope-company")).to_be_visible(timeout=20_000)
    expect(at.get("estimate").locator("strong, .notice")).to_be_visible(timeout=20_000)


def tab(name: str, sign: str) -> Callable[[Visit], None]:
    """A tab has opened: ``sign`` is seen in it."""

    def act(at: Visit) -> None:
        at.open()
        expect(at.tab(name).locator(sign).first).to_be_visible(timeout=20_000)

    return act


def installing(at: Visit) -> None:
    """The installation page; the portal's page stays as it is."""
    at.page.route("**/demo/install-finish*", lambda route: route.abort())
    at.page.goto(at.address())
    expect(at.get("install-outcome").locator(".notice")).to_be_visible(timeout=20_000)


# --- what the portal is like -------------------------------------------------------------------------------------


def silent(portal: Portal) -> None:
    """Requisites do not come."""
    portal.faults.always(Fault.hang(), method=LINKS)


def without_scope(portal: Portal) -> None:
    """The application lacks a right."""
    portal.faults.always(Fault.error("insufficient_scope"), method=LINKS)


def without_placements(portal: Portal) -> None:
    """The application may not add tabs."""
    portal.set_scopes("crm")


def without_dates(portal: Portal) -> None:
    """Nothing was invoiced lately, or nobody wrote down when."""
    for number, each in enumerate(list(portal.crm.invoices)):
        portal.crm.invoices.change(each["id"], begindate=None if number < 37 else "2019-03-31")


def without_a_place(portal: Portal) -> None:
    """One of the application's places has vanished."""
    portal.installation().placements.pop()


def with_sets(portal: Portal) -> None:
    """There are saved sets."""
    person = Person.of(portal)
    for name, params, shared in (
        ("Реестр для 1С", {"period": "last_month", "detailed": True}, True),
        ("Неоплаченные", {"period": "this_quarter", "paid": False}, False),
    ):
        person.call("POST", "/saved-sets", {"name": name, "params": params, "shared": shared})


def overtaken(at: Visit) -> None:
    """Another administrator has saved the settings meanwhile."""
    tab("settings", "#set-date-field")(at)
    admin = Person.of(at.portal)
    admin.call("PUT", "/settings", admin.call("GET", "/settings") | {"report_days": 33})
    at.get("settings-save").click()
    expect(at.get("settings_mine")).to_be_visible(timeout=20_000)


def with_history(portal: Portal) -> None:
    """Some reports have been built before."""
    person = Person.of(portal)
    year = int(person.call("GET", "/me")["today"][:4])
    made = [
        person.report(f"{year - 1}-01-01", f"{year - 1}-12-31", detailed=True),
        person.report(f"{year}-01-01", f"{year}-03-31", paid=False),
        person.report(f"{year}-04-01", f"{year}-06-30", detailed=True, currency="RUB"),
    ]
    for each in made:
        person.finished(each)


SCENES = {
    "install": Scene(installing, installed=False),
    "install-dark-en-360": Scene(installing, lang="en", scheme="dark", width=NARROW, installed=False),
    "install-failed-en-360": Scene(installing, without_placements, lang="en", width=NARROW, installed=False),
    "refused-360": Scene(refused, width=NARROW, alone=True),
    "portal": Scene(finished, whole=True),
    "start": Scene(opened),
    "conditions-en": Scene(conditions, lang="en"),
    "sets-dark": Scene(choosing_a_set, with_sets, scheme="dark"),
    "nothing-360": Scene(opened, without_dates, width=NARROW),
    "under-way": Scene(under_way, silent),
    "under-way-dark-en": Scene(under_way, silent, lang="en", scheme="dark"),
    "waiting-dark-360": Scene(waiting, silent, scheme="dark", width=NARROW),
    "done": Scene(finished),
    "done-dark": Scene(finished, scheme="dark"),
    "done-en-360": Scene(finished, lang="en", width=NARROW),
    "rows": Scene(looking),
    "rows-dark-en-360": Scene(looking, lang="en", scheme="dark", width=NARROW),
    "debts": Scene(who_owes),
    "debts-dark-en-360": Scene(who_owes, lang="en", scheme="dark", width=NARROW),
    "failed": Scene(failed, without_scope),
    "failed-dark-en-360": Scene(failed, without_scope, lang="en", scheme="dark", width=NARROW),
    "history": Scene(tab("history", "tbody tr"), with_history),
    "history-dark-360": Scene(tab("history", "tbody tr"), with_history, scheme="dark", width=NARROW),
    "history-empty-en": Scene(tab("history", ".empty"), lang="en"),
    "company": Scene(company),
    "company-dark-en-360": Scene(company, lang="en", scheme="dark", width=NARROW),
    "invoice": Scene(invoice),
    "settings": Scene(choosing_builders),
    "settings-en-dark-360": Scene(tab("settings", "#set-date-field"), lang="en", scheme="dark", width=NARROW),
    "settings-changed-360": Scene(overtaken, width=NARROW),
    "journal": Scene(tab("journal", "tbody tr"), with_history),
    "journal-en-360": Scene(tab("journal", "tbody tr"), with_history, lang="en", width=NARROW),
    "self-check-dark": Scene(tab("self-check", "li"), scheme="dark"),
    "self-check-failed-en-360": Scene(tab("self-check", "li"), without_a_place, lang="en", width=NARROW),
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
