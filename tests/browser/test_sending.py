"""Sending a finished report: the form, what arrives in the portal, and the way back by a link."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from demo_portal.portal import Portal
from tests.browser.conftest import Visitor
from tests.browser.stage import Person
from tests.browser.visit import Visit, press

FOLDER = 12


@pytest.fixture
def granting(portal: Portal) -> Portal:
    """A portal that grants the messenger and the Drive."""
    portal.set_scopes("crm", "placement", "user_brief", "department", "im", "disk")
    return portal


def with_report(visit: Visitor, portal: Portal) -> tuple[Visit, str]:
    """The accountant at a finished report. → its id."""
    person = Person.of(portal, portal.accountant)
    report_id = person.report("2026-01-01", "2026-12-31")
    person.finished(report_id)
    at = visit(user=portal.accountant).open()
    at.done()
    return at, report_id


def open_form(at: Visit) -> None:
    press(at.grown().get("send"))
    expect(at.get("send-form")).to_be_visible()


def test_a_report_goes_to_notifications_a_chat_and_a_folder(visit: Visitor, granting: Portal) -> None:
    """Chosen on the page, delivered in the background, seen in the portal; the link opens the report."""
    at, report_id = with_report(visit, granting)
    open_form(at)
    expect(at.get("send-chat-hint")).to_contain_text("Кто есть в чате, увидит файл")
    for target in ("notification", "chat", "disk"):
        press(at.get(f"send-{target}"), "Space")
    at.get("send-chat-id").select_option(label="Бухгалтерия")
    at.get("send-folder").select_option(label="Общий диск")
    expect(at.get("send-path")).to_contain_text("Общий диск")
    at.get("send-folder").select_option(label="Отчёты")
    expect(at.get("send-path")).to_contain_text("Общий диск / Отчёты")
    press(at.get("send-now"))
    for target in ("notification", "chat", "disk"):
        expect(at.get(f"delivery-{target}")).to_have_attribute("data-state", "done")
    at.page.goto(at.address("/docs/", folder=FOLDER))
    expect(at.page.locator("#drive")).to_contain_text("Реестр счетов за 2026 год.xlsx")
    at.page.goto(at.address("/online/"))
    chat = at.page.locator('[data-chat="chat42"]')
    expect(chat.locator("[data-file]")).to_have_text("Реестр счетов за 2026 год.xlsx")
    told = at.page.locator("#notifications")
    expect(told).to_contain_text("Реестр за 2026 год:")
    press(told.get_by_role("link", name="Открыть отчёт"))
    at.ready()
    at.done()
    expect(at.get("delivery-disk")).to_have_attribute("data-state", "done")
    assert (
        at.frame.evaluate("JSON.parse(document.getElementById('config').textContent).placement.report_id") == report_id
    )


def test_a_link_leads_to_its_report_even_when_there_are_newer_ones(visit: Visitor, granting: Portal) -> None:
    at, report_id = with_report(visit, granting)
    person = Person.of(granting, granting.accountant)
    person.finished(person.report("2026-02-01", "2026-02-28"))
    path = "/marketplace/view/local.demo/"
    at.page.goto(at.address(path, **{"params[report]": report_id}))
    at.ready()
    at.done()
    expect(at.get("about")).to_contain_text("31 декабря 2026 г.")
    stranger = visit(user=granting.manager)
    stranger.page.goto(stranger.address(path, **{"params[report]": report_id}))
    stranger.ready()
    expect(stranger.get("missing")).to_contain_text("Такого отчёта у вас нет")
    stranger.let_requests_fail()


def test_what_the_portal_does_not_grant_is_greyed_with_the_reason(visit: Visitor, portal: Portal) -> None:
    at, _ = with_report(visit, portal)
    open_form(at)
    for target, scope in (("notification", "im"), ("chat", "im"), ("disk", "disk")):
        expect(at.get(f"send-{target}")).to_be_disabled()
        expect(at.get(f"send-{target}-hint")).to_contain_text(f"право «{scope}»")
    press(at.get("send-now"))
    expect(at.get("send-form")).to_contain_text("Выберите, куда отправить отчёт")


def test_a_failed_delivery_is_told_in_words_and_can_be_sent_again(visit: Visitor, granting: Portal) -> None:
    at, _ = with_report(visit, granting)
    open_form(at)
    press(at.get("send-chat"), "Space")
    at.get("send-chat-id").select_option(label="Бухгалтерия")
    granting.collaboration.chats[42].members.discard(granting.accountant.id)
    press(at.get("send-now"))
    failed = at.get("delivery-chat")
    expect(failed).to_have_attribute("data-state", "failed")
    expect(failed).to_contain_text("Чата больше нет")
    granting.collaboration.chats[42].members.add(granting.accountant.id)
    open_form(at)
    press(at.get("send-chat"), "Space")
    at.get("send-chat-id").select_option(label="Бухгалтерия")
    press(at.get("send-now"))
    expect(failed).to_have_attribute("data-state", "done")
