"""A register compared with an earlier one, from the button to what the card says."""

from __future__ import annotations

from decimal import Decimal

from playwright.sync_api import expect

from demo_portal.portal import Portal
from tests.browser.conftest import Visitor
from tests.browser.stage import Person
from tests.browser.visit import press


def test_what_changed_is_one_button_away(visit: Visitor, portal: Portal, admin: Person) -> None:
    """The latest earlier register of the same conditions is offered; the card counts what changed and lists it."""
    admin.finished(admin.report("2020-01-01", "2029-12-30"))
    earlier = admin.report()
    admin.finished(earlier)
    admin.finished(admin.report())
    one, other = [each["invoice_id"] for each in admin.call("GET", f"/reports/{earlier}/rows?limit=2")["rows"]]
    portal.crm.invoices.change(one, opportunity=Decimal("123456.70"))
    portal.crm.remove_invoice(other)
    at = visit().open()
    at.done()
    press(at.grown().get("compare"))
    expect(at.get("compare-with")).to_be_focused()
    expect(at.get("compare-with")).to_have_value(earlier)
    press(at.get("compare-now"))
    expect(at.get("changes")).to_contain_text("С прошлого раза: добавлено 0, исчезло 1, изменилось 1", timeout=60_000)
    expect(at.get("change-changed")).to_contain_text("123 456,70")
    expect(at.get("change-gone")).to_have_count(1)
    number = at.get("change-changed").locator("a")
    path = f"/crm/type/31/details/{one}/"
    expect(number).to_have_attribute("href", f"{portal.url}{path}")
    number.press("Enter")
    expect(at.page.locator(f"iframe[src*='{path}']")).to_be_visible()
    newest = admin.call("GET", "/reports")["items"][0]
    assert newest["params"]["compare_with"] == earlier
    assert not at.errors


def test_without_an_earlier_one_the_report_itself_is_offered(visit: Visitor, admin: Person) -> None:
    """What has changed since it was built; then nothing has, and the card says so."""
    report = admin.report()
    admin.finished(report)
    at = visit().open()
    at.done()
    press(at.grown().get("compare"))
    expect(at.get("compare-with")).to_have_value(report)
    press(at.get("compare-now"))
    expect(at.get("changes")).to_contain_text("С прошлого раза ничего не изменилось", timeout=60_000)


def test_an_earlier_report_of_the_same_set_is_offered(visit: Visitor, admin: Person) -> None:
    """Where none has the same conditions: those of a set are of this month, then of the next."""
    july = admin.report("2026-07-01", "2026-07-31", set_name="Для 1С", columns=["number", "amount"])
    admin.finished(july)
    admin.finished(admin.report("2026-06-01", "2026-06-30"))
    admin.finished(admin.report("2026-01-01", "2026-12-31", set_name="Для 1С", columns=["number", "amount"]))
    at = visit().open()
    at.done()
    press(at.grown().get("compare"))
    expect(at.get("compare-with")).to_have_value(july)


def test_receivables_are_not_compared(visit: Visitor, admin: Person) -> None:
    """They tell by themselves what has changed since the day before."""
    made = admin.call("POST", "/reports", {"kind": "receivables", "as_of": "2026-03-31"})
    admin.finished(made["id"])
    at = visit().open()
    at.done()
    expect(at.get("compare")).to_have_count(0)


def test_a_report_is_compared_in_its_own_language(visit: Visitor, admin: Person) -> None:
    """Whoever looks at it: words of two languages would differ in every row. Those of the other are not offered."""
    russian = admin.report()
    admin.finished(russian)
    admin.finished(admin.report(lang="en"))
    admin.finished(admin.report())
    at = visit(lang="en").open()
    at.done()
    press(at.grown().get("compare"))
    expect(at.get("compare-with")).to_have_value(russian)
    press(at.get("compare-now"))
    expect(at.get("changes")).to_be_visible(timeout=60_000)
    newest = admin.call("GET", "/reports")["items"][0]["params"]
    assert (newest["compare_with"], newest.get("lang")) == (russian, None)
