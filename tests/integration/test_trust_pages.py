"""Pages and answers: who may frame them, what they may load, nothing kept; what comes from outside is data."""

from __future__ import annotations

import gzip
import json
import re
from typing import Any

import pytest
from werkzeug.test import TestResponse

from demo_portal import Fault, Portal
from tests.integration.house import QUARTER, House, Visitor, open_house

HOSTILE = '"><script>alert(1)</script></script><img src=x onerror=alert(1)>{{7*7}}${7*7}\r\nX-Evil: 1'
CONFIG = re.compile(r'<script type="application/json" id="config" nonce="([^"]+)">(.*?)</script>', re.DOTALL)


def policy(answer: TestResponse) -> dict[str, str]:
    directives = [part.strip().partition(" ") for part in answer.headers["Content-Security-Policy"].split(";")]
    return {name: value for name, _, value in directives}


def config(answer: TestResponse) -> dict[str, Any]:
    found = CONFIG.search(answer.text)
    assert found, answer.text
    parsed: dict[str, Any] = json.loads(found.group(2))
    return parsed


A_REPORT = "3f2b8f0e-8f6d-4a55-9c33-3d3c1e2f7a10"


@pytest.mark.parametrize("door", ["/install", "/app"])
def test_only_that_portal_may_frame_its_page(house: House, portal: Portal, door: str) -> None:
    answer = house.post(door, portal)
    assert policy(answer)["frame-ancestors"] == portal.url
    assert "X-Frame-Options" not in answer.headers


@pytest.mark.parametrize("door", ["/install", "/app"])
def test_the_page_links_into_the_portal_at_its_confirmed_address(house: House, portal: Portal, door: str) -> None:
    """With the portal's own scheme and port: a self-hosted one may be reached over plain http."""
    assert config(house.post(door, portal))["portal"]["origin"] == portal.url


def test_an_employee_who_may_not_install_reads_why_in_their_portal(house: House, portal: Portal) -> None:
    answer = house.post("/install", portal, portal.manager)
    assert policy(answer)["frame-ancestors"] == portal.url


@pytest.mark.parametrize("door", ["/install", "/app"])
def test_a_message_to_an_unconfirmed_caller_can_be_read_but_not_acted_on(
    house: House, portal: Portal, door: str
) -> None:
    """No script, no session, no name of the portal that the request claims."""
    answer = house.post(door, portal, AUTH_ID="forged0123456789")
    assert policy(answer)["script-src"] == "'none'"
    assert portal.domain not in answer.text + answer.headers["Content-Security-Policy"]
    assert "<script" not in answer.text
    assert "session-token" not in answer.text


@pytest.mark.parametrize("path", ["/", "/app", "/install"])
def test_a_direct_link_leads_to_a_page_that_says_where_the_app_opens(house: House, portal: Portal, path: str) -> None:
    """Framed by nobody, without a session, without a question to the authorization server."""
    asked = portal.world.oauth.calls.copy()
    answer = house.get(path)
    assert answer.status_code == 200
    assert policy(answer)["frame-ancestors"] == "'none'"
    assert "Битрикс24" in answer.text
    assert "session-token" not in answer.text
    assert house.app.test_client().head(path).status_code == 200
    assert portal.world.oauth.calls == asked


@pytest.mark.parametrize("door", ["/install", "/app"])
def test_scripts_run_by_a_nonce_that_is_never_the_same(house: House, portal: Portal, door: str) -> None:
    nonces = set()
    for _ in range(2):
        answer = house.post(door, portal)
        found = re.fullmatch(r"'nonce-([\w-]{20,})' (\S+)", policy(answer)["script-src"])
        assert found
        assert house.world.oauth.bx24_js_url.startswith(found.group(2))
        nonces.add(found.group(1))
        for tag in re.findall(r"<script[^>]*>", answer.text):
            assert f'nonce="{found.group(1)}"' in tag, tag
        assert not re.search(r"<[a-z][^>]*\son\w+=|<[a-z][^>]*\sstyle=|javascript:", answer.text)
    assert len(nonces) == 2


@pytest.mark.parametrize("door", ["/install", "/app"])
def test_a_page_loads_nothing_from_elsewhere(house: House, portal: Portal, door: str) -> None:
    rules = policy(house.post(door, portal))
    assert rules["default-src"] == rules["base-uri"] == rules["object-src"] == "'none'"
    assert rules["style-src"] == rules["connect-src"] == rules["form-action"] == "'self'"
    assert rules["img-src"] == "'self' data:"


def test_every_answer_carries_the_headers_of_a_careful_app(house: House, portal: Portal, visitor: Visitor) -> None:
    answers = [
        house.post("/app", portal),
        house.post("/app", portal, AUTH_ID=""),
        house.get("/"),
        house.get("/nothing"),
        house.get("/healthz"),
        visitor.call("GET", "/me"),
        visitor.call("GET", "/nothing"),
        visitor.call("POST", "/me"),
    ]
    for answer in answers:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Strict-Transport-Security"].startswith("max-age=")
        assert answer.headers["X-Request-Id"]
        assert "Permissions-Policy" in answer.headers
        assert "Content-Security-Policy" in answer.headers


def test_plain_http_promises_no_https(house: House) -> None:
    folder = house.folder / "plain"
    folder.mkdir(exist_ok=True)
    with open_house(folder, str(house.services.database.url), APP_URL="http://127.0.0.1:1") as plain:
        assert "Strict-Transport-Security" not in plain.get("/").headers


def test_nobodys_page_may_call_the_api_from_another_origin(visitor: Visitor) -> None:
    answer = visitor.call("GET", "/me", headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("field", ["PLACEMENT", "PLACEMENT_OPTIONS", "status", "SERVER_ENDPOINT", "AUTH_EXPIRES"])
def test_hostile_fields_are_data(house: House, portal: Portal, field: str) -> None:
    answer = house.post("/app", portal, **{field: HOSTILE})
    assert answer.status_code == 200
    assert "alert(1)" not in answer.text
    assert "X-Evil" not in answer.headers


def test_hostile_names_from_the_portal_are_data(house: House, portal: Portal) -> None:
    """A user's name breaks out of neither the page's HTML nor its JSON."""
    portal.manager.name = HOSTILE
    answer = house.post("/app", portal, portal.manager)
    assert "<script>alert" not in answer.text
    assert HOSTILE.split("\r", maxsplit=1)[0] in config(answer)["user"]["name"]
    assert house.visitor(portal, portal.manager).get("/me")["user"]["name"] == config(answer)["user"]["name"]


@pytest.mark.parametrize(
    ("lang", "ours"),
    [
        ("ru", "ru"),
        ("by", "ru"),
        ("kz", "ru"),
        ("en", "en"),
        ("de", "en"),
        (HOSTILE, "en"),
        ("../../x", "en"),
        ("", "ru"),
    ],
)
def test_lang_chooses_one_of_two_languages_and_nothing_else(house: House, portal: Portal, lang: str, ours: str) -> None:
    answer = house.post("/app", portal, lang=lang)
    assert f'<html lang="{ours}">' in answer.text
    assert config(answer)["lang"] == ours


@pytest.mark.parametrize(
    ("placement", "options", "found"),
    [
        ("CRM_COMPANY_DETAIL_TAB", '{"ID": "12"}', {"company_id": 12}),
        ("CRM_COMPANY_DETAIL_TAB", '{"ID": 12}', {"company_id": 12}),
        ("CRM_SMART_INVOICE_DETAIL_TAB", '{"ID": "345", "URI": "/x"}', {"invoice_id": 345}),
        ("CRM_DEAL_DETAIL_TAB", '{"ID": "3473"}', {"deal_id": 3473}),
        ("CRM_CONTACT_DETAIL_TAB", '{"ID": "13037"}', {"contact_id": 13037}),
        ("DEFAULT", '{"ID": "12"}', {}),
        ("CRM_COMPANY_DETAIL_TAB", '{"ID": "12; DROP"}', {}),
        ("CRM_COMPANY_DETAIL_TAB", '{"ID": -5}', {}),
        ("CRM_COMPANY_DETAIL_TAB", '{"ID": true}', {}),
        ("CRM_COMPANY_DETAIL_TAB", '{"ID": ["1"]}', {}),
        ("CRM_COMPANY_DETAIL_TAB", '{"ID": 99999999999999999999}', {}),
        ("CRM_COMPANY_DETAIL_TAB", "[" * 5000, {}),
        ("CRM_COMPANY_DETAIL_TAB", "no json", {}),
        ("CRM_COMPANY_DETAIL_TAB", "", {}),
        ("CRM_COMPANY_DETAIL_TAB", "[]", {}),
        ("REST_APP_URI", f'{{"report": "{A_REPORT}", "URI": "/online/"}}', {"report_id": A_REPORT}),
        ("DEFAULT", f'{{"report": "{A_REPORT}"}}', {}),
        ("REST_APP_URI", '{"report": "../settings"}', {}),
        ("REST_APP_URI", '{"report": ["1"]}', {}),
    ],
)
def test_where_it_was_opened_is_told_in_plain_numbers(
    house: House, portal: Portal, placement: str, options: str, found: dict[str, Any]
) -> None:
    told = config(house.post("/app", portal, PLACEMENT=placement, PLACEMENT_OPTIONS=options))["placement"]
    nowhere = dict.fromkeys(("company_id", "invoice_id", "deal_id", "contact_id", "report_id"))
    assert told == {"name": placement} | nowhere | found


def test_under_a_path_all_links_keep_it(house: House, portal: Portal) -> None:
    """APP_URL with a path works behind a proxy that cuts the path off, and behind one that passes it on."""
    folder = house.folder / "prefix"
    folder.mkdir(exist_ok=True)
    url = "https://apps.example/register"
    with open_house(folder, str(house.services.database.url), APP_URL=url) as prefixed:
        stranger = prefixed.world.add_portal()
        for path in ("/install", "/register/install"):
            answer = prefixed.post(path, stranger)
            assert answer.status_code == 200
            assert 'href="/register/static/' in answer.text
            assert config(answer)["api"] == "/register/api/v1"
        assert {each.handler for each in stranger.installation().placements} == {f"{url}/app"}
        report = prefixed.visitor(stranger).call("POST", "/reports", json=QUARTER)
        assert report.headers["Location"].startswith(f"{url}/api/v1/reports/")


def test_a_page_without_the_portals_word_about_the_user_is_nobodys_administrator(house: House, portal: Portal) -> None:
    portal.faults.always(Fault.error("ACCESS_DENIED"), method="profile")
    stranger = portal.users[8]
    found = config(house.post("/app", portal, stranger))["user"]
    assert found == {"id": 8, "name": "", "is_admin": False}


def test_only_what_exists_may_be_kept_by_a_browser(house: House) -> None:
    """A missing style or script is an answer like any other: a proxy must not remember it over an upgrade."""
    with house.get("/static/page.css") as found:
        assert "no-store" not in found.headers.get("Cache-Control", "")
    assert house.get("/static/missing.css").headers["Cache-Control"] == "no-store"


def test_bundles_are_kept_for_ever_and_texts_are_compressed_for_those_who_take_it(house: House, portal: Portal) -> None:
    form = portal.launch_form()
    client = house.app.test_client()
    page = client.post("/app", query_string=form.query, data=form.body, headers={"Accept-Encoding": "gzip"})
    assert (page.headers["Content-Encoding"], page.headers["Cache-Control"]) == ("gzip", "no-store")
    found = re.search(r'src="(/assets/app-[0-9a-f]+\.js)"', gzip.decompress(page.data).decode())
    assert found is not None
    plain, packed = house.get(found[1]), house.get(found[1], headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(packed.data) == plain.data
    assert {each.headers["Cache-Control"] for each in (plain, packed)} == {"public, max-age=31536000, immutable"}
    assert {each.headers["Vary"] for each in (plain, packed)} == {"Accept-Encoding"}
    assert "Content-Encoding" not in plain.headers
    assert house.get("/assets/app-0000000000000000.js").status_code == 404
