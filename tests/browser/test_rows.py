"""The register on the page: its rows, their order, search, and the pictures; nothing is asked of the portal again."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import Visitor
from tests.browser.stage import Stage
from tests.browser.visit import FRAME, Visit, press


def looking(stage: Stage, visit: Visitor, invoices: int = 260) -> Visit:
    """A finished report of all time whose rows are shown."""
    portal = stage.portal(invoices=invoices)
    at = visit(at=portal).open()
    at.choose("period-all_time")
    expect(at.get("estimate-count")).to_be_visible()
    at.build()
    at.done()
    press(at.get("look"))
    expect(at.get("row").first).to_be_visible()
    return at


def test_rows_are_looked_at_searched_and_put_in_order(stage: Stage, visit: Visitor) -> None:
    at = looking(stage, visit)
    expect(at.get("row")).to_have_count(200)
    asked = len(at.portal.calls)
    at.get("rows").evaluate("box => { box.scrollTop = box.scrollHeight; }")
    expect(at.get("row").nth(220)).to_be_attached()

    press(at.get("sort-amount"))
    expect(at.app.locator("th[aria-sort=ascending]")).to_contain_text("Сумма")
    with at.page.expect_response(lambda answer: "desc=true" in answer.url):
        press(at.get("sort-amount"))
    expect(at.app.locator("th[aria-sort=descending]")).to_contain_text("Сумма")

    first = at.get("row").first.locator("th a").inner_text()
    at.get("rows-search").fill(first)
    expect(at.get("rows-count")).not_to_contain_text("26")
    expect(at.get("row").first.locator("th a")).to_have_text(first)
    at.get("rows-search").fill("нет такого текста нигде")
    expect(at.get("rows-count")).to_have_text("Ничего не найдено.")
    assert len(at.portal.calls) == asked


def test_what_is_found_is_added_up(stage: Stage, visit: Visitor) -> None:
    """Beside its number: each currency, and what of it is paid."""
    at = looking(stage, visit)
    count = at.get("rows-count")
    expect(count).to_contain_text("₽, из них оплачено")
    whole = count.inner_text()
    at.get("rows").evaluate("box => { box.scrollTop = box.scrollHeight; }")
    expect(at.get("row").nth(220)).to_be_attached()
    expect(count).to_have_text(whole)
    press(at.get("rows-problems"), "Space")
    expect(at.get("row").filter(has_not_text="⚠")).to_have_count(0)
    expect(count).to_contain_text("₽, из них оплачено")
    expect(count).not_to_have_text(whole)


def test_only_invoices_with_problems_are_shown(stage: Stage, visit: Visitor) -> None:
    at = looking(stage, visit)
    press(at.get("rows-problems"), "Space")
    expect(at.get("row").first).to_contain_text("⚠")
    expect(at.get("row").filter(has_not_text="⚠")).to_have_count(0)


def test_unpaid_rows_say_so_and_the_number_opens_the_invoice(stage: Stage, visit: Visitor) -> None:
    """In words, not by colour alone."""
    at = looking(stage, visit)
    unpaid = at.app.locator("tr.unpaid").first
    expect(unpaid).to_contain_text("не оплачен")
    number = unpaid.locator("th a")
    path = f"/crm/type/31/details/{unpaid.get_attribute('data-id')}/"
    expect(number).to_have_attribute("href", f"{at.portal.url}{path}")
    number.press("Enter")
    expect(at.page.locator(f"iframe[src*='{path}']")).to_be_visible()


def test_pictures_stand_beside_their_figures(stage: Stage, visit: Visitor) -> None:
    at = looking(stage, visit)
    expect(at.get("months-RUB")).to_contain_text("Выставлено и оплачено по месяцам")
    expect(at.get("months-RUB").locator("tbody tr").first.locator(".bar.paid")).to_be_attached()
    largest = at.get("largest-RUB").locator("tbody tr")
    expect(largest.first).to_be_attached()
    assert largest.count() <= 10


def test_the_pictures_fit_a_telephone(stage: Stage, visit: Visitor) -> None:
    """Both sums of a month are in sight, and no name runs into its sum."""
    at = looking(stage, visit, invoices=60)
    at.page.set_viewport_size({"width": 360, "height": 800})
    at.page.evaluate(f"document.querySelector('{FRAME}').style.width = '360px'")
    at.frame.wait_for_function("() => innerWidth === 360")
    months = at.get("months-RUB")
    assert months.locator(".scroll").evaluate("box => box.scrollWidth <= box.clientWidth")
    assert months.locator("tbody th > .month > :first-child").evaluate_all(
        "all => all.every(e => !/г\\.$/.test(e.textContent))"
    )
    names = at.get("largest-RUB").locator("tbody th > .month > :first-child")
    assert names.evaluate_all(
        "all => all.every(e => e.getBoundingClientRect().right <= e.closest('th').getBoundingClientRect().right)"
    )


def test_rows_are_closed_again(stage: Stage, visit: Visitor) -> None:
    at = looking(stage, visit)
    press(at.get("look"))
    expect(at.get("rows")).to_have_count(0)
    expect(at.get("look")).to_have_attribute("aria-expanded", "false")
    press(at.get("look"))
    expect(at.get("row").first).to_be_visible()
