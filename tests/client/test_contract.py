"""The methods against the demo portal over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from bitrix_app.bitrix24 import AuthorizationServer, Bitrix24Client, Page, Profile, Transport
from bitrix_app.errors import ForeignTokenError, InvalidArgumentError, InvalidGrantError
from demo_portal import DemoWorld, Fault, a_row
from demo_portal.portal import Portal
from tests.fakes import Surroundings
from tests.memory import PortalTokens

INVOICES = 120


@pytest.fixture
def portal() -> Iterator[Portal]:
    """A demo portal with invoices of one company that has a requisite, two product rows each."""
    with DemoWorld() as world:
        made = world.add_portal()
        company = made.crm.add_company("ООО «Ромашка»")
        requisite = made.crm.add_requisite(company_id=company)
        for _ in range(INVOICES):
            rows = [a_row(price="100.10"), a_row(price="3", rate=None)]
            made.crm.add_invoice(company_id=company, requisite_id=requisite, rows=rows)
        yield made


@pytest.fixture
def server(portal: Portal) -> Iterator[AuthorizationServer]:
    world = portal.world
    made = AuthorizationServer(
        roots=(world.oauth.url,),
        client_id=world.app.client_id,
        client_secret=world.app.client_secret,
        allow_http=True,
    )
    yield made
    made.close()


@pytest.fixture
def real(portal: Portal, server: AuthorizationServer) -> Iterator[Surroundings]:
    """A client that speaks HTTP to the demo portal."""
    transport = Transport(allow_http=True)
    yield Surroundings(portal=transport, tokens=PortalTokens(portal, server))
    transport.close()


@pytest.fixture
def client(real: Surroundings) -> Bitrix24Client:
    return real.client


def invoices(client: Bitrix24Client, after_id: int | None = None, *, counted: bool = False, **where: Any) -> Page:
    select = ["id", "opportunity", "companyId"]
    return client.invoice_page(filter=where, select=select, after_id=after_id, counted=counted)


def test_invoices_are_read_to_the_end(client: Bitrix24Client) -> None:
    """Three pages, the first with the total, each invoice once."""
    pages = list(client.invoices(filter={}, select=["id"]))

    assert [len(page.items) for page in pages] == [50, 50, 20]
    assert [page.total for page in pages] == [INVOICES, None, None]
    assert len({each["id"] for page in pages for each in page.items}) == INVOICES
    assert client.count_invoices({}) == INVOICES


def test_what_belongs_to_invoices_is_found(client: Bitrix24Client) -> None:
    """Links lead to requisites, requisites to companies; product rows come with their owners."""
    ids = [each["id"] for each in invoices(client).items]

    links = client.requisite_links(ids)
    requisites = client.requisites({int(link["REQUISITE_ID"]) for link in links})
    companies = client.companies([int(requisites[0]["ENTITY_ID"])])
    rows = next(client.product_rows(ids))

    assert len(links) == 50
    assert [each["RQ_INN"] for each in requisites] == ["7707083893"]
    assert [each["title"] for each in companies] == ["ООО «Ромашка»"]
    assert [each["ID"] for each in client.company_requisites([companies[0]["id"]])] == [requisites[0]["ID"]]
    assert (len(rows.items), rows.total) == (50, 100)
    assert {Decimal(each["price"]) for each in rows.items} == {Decimal("100.1"), Decimal(3)}


def test_the_portal_describes_itself(real: Surroundings) -> None:
    """Profile, licence, fields, funnels, stages, presets and users are read as the demo portal gives them."""
    client = real.client

    assert client.profile() == Profile(1, client.profile().name, is_admin=True, time_zone=client.profile().time_zone)
    assert client.app_info()["LICENSE_FAMILY"] == "std"
    assert client.invoice_fields()["begindate"]["type"] == "date"
    assert [each["id"] for each in client.categories()] == [2, 7]
    assert {each["STATUS_ID"] for each in client.stages([2])} >= {"DT31_2:N", "DT31_2:P"}
    assert {each["XML_ID"] for each in client.requisite_presets()} >= {"#CRM_REQUISITE_PRESET_DEF_RU_COMPANY#"}
    assert [each["ID"] for each in client.users([8, 1])] == ["1", "8"]
    assert client.my_companies() == []
    assert client.contacts([1]) == []


def test_handlers_are_bound_and_unbound(real: Surroundings) -> None:
    """Binding, also twice, and unbinding, also of nothing."""
    client, handler = real.client, "https://app.example/app"
    for _ in range(2):
        client.bind_placement("CRM_COMPANY_DETAIL_TAB", handler, title="Реестр", lang_all={"en": {"TITLE": "Register"}})
        client.bind_event("ONAPPUNINSTALL", handler)

    assert [(each["placement"], each["handler"]) for each in client.placements()] == [
        ("CRM_COMPANY_DETAIL_TAB", handler)
    ]
    assert [(each["event"], each["handler"]) for each in client.events()] == [("ONAPPUNINSTALL", handler)]

    for _ in range(2):
        client.unbind_placement("CRM_COMPANY_DETAIL_TAB", handler)
        client.unbind_event("ONAPPUNINSTALL", handler)
    assert client.placements() == client.events() == []


def test_a_lost_answer_of_a_binding_is_survived(portal: Portal, real: Surroundings) -> None:
    """The handler was bound, the answer got lost: the repeated call finds it bound."""
    portal.faults.at(1, Fault.drop_after(), method="event.bind")

    real.client.bind_event("ONAPPUNINSTALL", "https://app.example/events")

    assert len(portal.installation().events) == 1


def test_a_field_that_is_gone_is_named(real: Surroundings) -> None:
    """The portal's refusal of a filter names the field."""
    with pytest.raises(InvalidArgumentError) as caught:
        invoices(real.client, **{">=ufCrmGone": "2026-01-01"})

    assert caught.value.params["field"] == "UF_CRM_GONE"


def test_an_expired_pair_is_renewed_in_the_middle(portal: Portal, real: Surroundings) -> None:
    """The pair expires between two pages: reading goes on with the new one, one refresh token is spent."""
    invoices(real.client)
    portal.expire_tokens()

    assert len(invoices(real.client, 50).items) == 50
    assert portal.world.oauth.renewals.total() == 1


def test_a_revoked_pair_ends_reading(portal: Portal, real: Surroundings, server: AuthorizationServer) -> None:
    """A spent refresh token is invalid_grant, a revoked access token is foreign."""
    portal.expire_tokens()
    portal.world.tokens.spend(real.tokens.refresh_token)
    with pytest.raises(InvalidGrantError):
        invoices(real.client)

    portal.revoke_tokens()
    with pytest.raises(ForeignTokenError):
        server.confirm(real.tokens.current().value)


def test_a_portal_that_moves_is_read_on(portal: Portal, real: Surroundings) -> None:
    """The portal redirects from its old address: the confirmed one is read, the redirect is not followed."""
    invoices(real.client)
    portal.move()

    assert len(invoices(real.client, 50).items) == 50
    assert {call.auth_in for call in portal.calls.records} == {"body"}


def test_the_authorization_server_confirms_a_caller(portal: Portal, server: AuthorizationServer) -> None:
    """app.info of the demo world names portal, address and user of a genuine token."""
    owner = server.confirm(portal.issue_tokens(portal.manager).access_token)

    assert (owner.member_id, owner.client_endpoint, owner.domain, owner.user_id) == (
        portal.member_id,
        portal.client_endpoint,
        portal.domain,
        portal.manager.id,
    )
    assert "crm" in owner.scopes
    with pytest.raises(ForeignTokenError):
        server.confirm(portal.issue_tokens(app=portal.world.add_app("local.other")).access_token)


def test_a_full_bucket_is_waited_out(portal: Portal, real: Surroundings) -> None:
    """A bucket that others have filled is waited for, and the page comes."""
    portal.bucket.fill()

    def let_it_leak(seconds: float) -> None:
        portal.bucket.fill(max(0.0, portal.bucket.level - 2 * seconds))

    real.stop.wait = let_it_leak  # type: ignore[method-assign]  # time passes for the portal

    assert len(invoices(real.client).items) == 50
    assert real.bucket.penalties == [1]
