"""The portal's pages: what a person sees, and what the page around the frame is told."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from demo_portal import DemoWorld, Portal, a_row
from demo_portal.installation import Placement
from tests.demo.embedded_app import EmbeddedApp


@pytest.fixture
def app(world: DemoWorld) -> Iterator[EmbeddedApp]:
    with EmbeddedApp(world.oauth.bx24_js_url) as app:
        world.set_app_url(app.url)
        yield app


@pytest.fixture
def filled(portal: Portal) -> Portal:
    """A company with one invoice, and another's invoice."""
    company = portal.crm.add_company("ООО «Ромашка & Ко»")
    portal.crm.add_requisite(company_id=company, name="ООО «Ромашка»", kpp="770701001")
    portal.crm.add_invoice(number="<b>17</b>", company_id=company, assigned_by=8, rows=[a_row(price="1200.5")])
    portal.crm.add_invoice(number="18", assigned_by=1, opportunity="5")
    return portal


def get(portal: Portal, path: str, **query: Any) -> requests.Response:
    return requests.get(f"{portal.url}{path}", params=query, timeout=60)


def launch(portal: Portal, **query: Any) -> dict[str, Any]:
    body = {"placement": "DEFAULT", "options": {}}
    answer: dict[str, Any] = requests.post(f"{portal.url}/demo/launch", params=query, json=body, timeout=60).json()
    return answer


def test_the_first_address_leads_to_the_application(portal: Portal) -> None:
    """The one address that is printed opens the app."""
    answer = get(portal, "/")
    assert answer.status_code == 200
    assert 'data-embed="DEFAULT"' in answer.text


def test_the_list_shows_what_the_chosen_user_may_see(filled: Portal) -> None:
    """All for the administrator, own invoices for the manager; nothing of the data becomes markup."""
    path = "/crm/type/31/list/category/0/"
    everything, own = get(filled, path).text, get(filled, path, **{"as": 8}).text
    assert re.findall(r'data-invoice="(\d+)"', everything) == ["2", "1"]
    assert re.findall(r'data-invoice="(\d+)"', own) == ["1"]
    assert "&lt;b&gt;17&lt;/b&gt;" in own
    assert "ООО «Ромашка &amp; Ко»" in own


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/crm/type/31/details/1/", 200, ["1\N{NO-BREAK SPACE}200,50", "31.03.2026", "Товары"]),
        ("/crm/company/list/", 200, ["ООО «Ромашка &amp; Ко»", "7707083893"]),
        ("/crm/company/details/1/", 200, ["770701001", "Счета"]),
        ("/report/analytics/", 200, ["Приложения"]),
        ("/devops/list/", 200, ["приложение ещё не установлено"]),
        ("/crm/type/31/details/99/", 404, ["Страница не найдена"]),
        ("/nowhere/", 404, ["Страница не найдена"]),
    ],
)
def test_pages_show_their_subject(filled: Portal, path: str, status: int, words: list[str]) -> None:
    """Cards, lists, analytics, and a page for what does not exist."""
    answer = get(filled, path)
    assert answer.status_code == status
    assert [word for word in words if word not in answer.text] == []


def test_a_card_of_anothers_invoice_is_closed(filled: Portal) -> None:
    """The manager may not open it."""
    assert get(filled, "/crm/type/31/details/2/", **{"as": 8}).status_code == 403


def test_placements_show_only_after_the_installation_and_in_the_readers_language(filled: Portal) -> None:
    """Until installFinish nothing appears, although it is registered."""
    titles = {"ru": {"TITLE": "Реестр"}, "en": {"TITLE": "Register"}}
    for code in ("CRM_SMART_INVOICE_LIST_TOOLBAR", "CRM_COMPANY_DETAIL_TAB"):
        filled.installation().placements.append(Placement(code, "http://127.0.0.1:1/app", "R", titles=titles))
    path = "/crm/type/31/list/category/0/"
    assert "data-open-app" not in get(filled, path).text
    filled.installation().installed = True
    assert ">Реестр</button>" in get(filled, path).text
    assert ">Register</button>" in get(filled, path, lang="en").text
    assert 'data-placement-tab="CRM_COMPANY_DETAIL_TAB"' in get(filled, "/crm/company/details/1/").text


def test_an_employee_cannot_open_an_app_that_is_not_fully_installed(portal: Portal, app: EmbeddedApp) -> None:
    """The administrator gets the installation page, employees are told to ask the administrator."""
    assert "не установлено полностью" in launch(portal, **{"as": 5})["refused"]
    opened = launch(portal)
    assert opened["action"].startswith(f"{app.url}/install?DOMAIN=")
    assert (opened["installing"], opened["origin"]) == (True, app.url)
    assert opened["frame"] == f"{portal.domain}|0|{opened['sid']}"


def test_install_finish_counts_from_the_installation_page_alone(portal: Portal, app: EmbeddedApp) -> None:
    """A made-up session finishes nothing; the frame of the installer does."""
    address = f"{portal.url}/demo/install-finish"
    assert requests.post(address, json={"sid": "made up"}, timeout=60).json() == {"installed": False}
    sid = launch(portal)["sid"]
    assert requests.post(address, json={"sid": sid}, timeout=60).json() == {"installed": True}
    assert launch(portal, **{"as": 5})["action"].startswith(f"{app.url}/app?")


def test_a_frame_gets_fresh_tokens_for_its_own_user(portal: Portal, app: EmbeddedApp) -> None:
    """BX24.refreshAuth: a new pair of whoever opened the frame."""
    portal.finish_install()
    opened = launch(portal, **{"as": 8})
    fresh = requests.post(f"{portal.url}/demo/refresh", json={"sid": opened["sid"]}, timeout=60).json()
    assert fresh["access_token"] != opened["auth"]["access_token"]
    pair = portal.world.tokens.by_access(fresh["access_token"])
    assert pair is not None
    assert pair.user_id == 8


def test_only_an_administrator_can_delete_the_application(portal: Portal, app: EmbeddedApp) -> None:
    """The button's request by an employee changes nothing."""
    portal.finish_install()
    for user_id, installed in ((5, True), (1, False)):
        answer = requests.post(f"{portal.url}/demo/uninstall", params={"as": user_id}, json={"clean": 1}, timeout=60)
        assert json.loads(answer.text) == {"installed": installed}
