"""A report under way: what is said, waiting explained, cancelling, failing, being found again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from demo_portal.faults import Fault
from demo_portal.portal import Portal
from tests.browser.conftest import Visitor
from tests.browser.stage import Person
from tests.browser.visit import press

SLOW = "crm.requisite.link.list"


@pytest.fixture
def held(portal: Portal) -> Iterator[Portal]:
    """The portal does not answer about requisites until ``held.faults.clear()``."""
    portal.faults.always(Fault.hang(), method=SLOW)
    yield portal
    portal.faults.clear()


def test_progress_is_said_in_words_with_counts(held: Portal, visit: Visitor) -> None:
    """While a report is built the page says what is done and how far it is, and that the tab may be closed."""
    at = visit().open()
    at.choose("period-this_year")
    at.build()
    expect(at.get("progress-words")).to_contain_text("Читаем реквизиты")
    expect(at.get("under-way")).to_contain_text("Вкладку можно закрыть")
    expect(at.get("result-said")).to_have_text("Читаем реквизиты")
    assert at.get("progress").get_attribute("aria-labelledby") == "progress-words"
    held.faults.clear()
    at.done()
    expect(at.get("result-said")).to_have_text("Отчёт готов")
    expect(at.get("result")).to_contain_text("сегодня, ")


def test_reload_in_mid_report_shows_it(held: Portal, visit: Visitor) -> None:
    """After a reload the report under way is there, and its end is seen."""
    at = visit().open()
    at.build()
    expect(at.get("under-way")).to_be_visible()
    at.open()
    expect(at.get("under-way")).to_be_visible()
    held.faults.clear()
    at.done()


def test_report_goes_on_without_the_tab(held: Portal, visit: Visitor) -> None:
    """A report whose tab was closed is found finished when the application is opened again."""
    first = visit().open()
    first.build()
    expect(first.get("under-way")).to_be_visible()
    first.page.close()
    held.faults.clear()
    second = visit().open()
    second.done()


def test_cancel_stops_the_report(held: Portal, visit: Visitor, admin: Person) -> None:
    """Cancel stops a running report within seconds, and the page offers to repeat it."""
    at = visit().open()
    at.build()
    expect(at.get("progress-words")).to_contain_text("Читаем реквизиты")
    press(at.get("cancel"))
    expect(at.get("cancelled")).to_be_visible()
    expect(at.get("repeat")).to_be_visible()
    assert admin.call("GET", "/reports")["items"][0]["status"] == "cancelled"


def test_failure_says_what_happened_what_to_do_and_the_code(portal: Portal, visit: Visitor) -> None:
    """A report that fails names the reason in plain words, with the code for support, and can be repeated."""
    portal.faults.always(Fault.error("insufficient_scope"), method=SLOW)
    at = visit().open()
    at.choose("period-this_year")
    at.build()
    failed = at.get("failed")
    expect(failed).to_contain_text("insufficient_scope")
    assert len(failed.inner_text()) > 60
    portal.faults.clear()
    press(at.get("repeat"))
    at.done()


def test_waiting_is_explained(held: Portal, visit: Visitor) -> None:
    """When the portal makes a report wait, the page says why and until when."""
    at = visit()
    add_waiting(at.page, "operating_time")
    at.open().build()
    expect(at.get("waiting")).to_contain_text("время, которое он отводит на такие запросы, исчерпано")
    expect(at.get("waiting")).to_contain_text("Следующая попытка в")


SHOWN = """async (reason) => {
  const { ProgressView } = await import("/js/report-card.js");
  const has = (key) => !key.endsWith("unheard_of");
  const i18n = { t: (key) => key, has, number: String, time: String, clock: () => "UTC+3" };
  const view = new ProgressView({ i18n, onCancel() {} });
  const waiting = { reason, until: "2030-01-01T10:00:00Z" };
  view.show({ status: "running", params: {}, progress: { stage: "invoices", done: 50, total: 100, waiting } });
  return view.element.querySelector(".notice")?.textContent ?? null;
}"""


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("operating_time", "waiting_operating_time waiting_until"),
        ("query_limit", "waiting_query_limit waiting_until"),
        ("retry", "waiting_retry waiting_until"),
        ("unheard_of", "waiting_retry waiting_until"),
        ("bucket", None),
    ],
)
def test_each_reason_to_wait_has_its_sentence(scripts: Page, reason: str, shown: str | None) -> None:
    """Each reason has its own words; our own evenly spaced calls are no reason to worry anybody."""
    assert scripts.evaluate(SHOWN, reason) == shown


SHARE = """async (report) => Math.round((await import("/js/report-card.js")).share(report))"""


@pytest.mark.parametrize(
    ("progress", "detailed", "percent"),
    [
        (("invoices", 0, 0), True, 0),
        (("invoices", 50, 100), True, 13),
        (("requisites", 100, 100), True, 45),
        (("requisites", 100, 100), False, 82),
        (("products", 100, 100), True, 90),
        (("workbook", 200, 100), True, 100),
    ],
)
def test_bar_grows_stage_by_stage(scripts: Page, progress: tuple[str, int, int], detailed: bool, percent: int) -> None:
    """The bar's share adds up over the stages; product rows take a share only when they are read."""
    report = {
        "params": {"detailed": detailed},
        "progress": dict(zip(("stage", "done", "total"), progress, strict=True)),
    }
    assert scripts.evaluate(SHARE, report) == percent


def add_waiting(page: Page, reason: str) -> None:
    """The server's answers about reports say that it waits for ``reason``."""

    def answer(route: object) -> None:
        response = route.fetch()  # type: ignore[attr-defined]  # Playwright's Route
        report = response.json()
        if report.get("progress") and report["status"] == "running":
            report["progress"]["waiting"] = {"reason": reason, "until": "2030-01-01T10:00:00Z"}
        route.fulfill(response=response, json=report)  # type: ignore[attr-defined]  # Playwright's Route

    page.route("**/api/v1/reports/*-*", answer)
