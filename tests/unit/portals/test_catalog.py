"""What is known of a portal: its fields, funnels, stages, companies, people; read once for each user, for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from bitrix_app.bitrix24 import Bitrix24Client, Spellings
from bitrix_app.errors import UnexpectedAnswerError
from bitrix_app.portals import Catalogs, DateField, Named, PortalCache, PortalStage, Preset
from bitrix_app.portals.catalog import (
    read_assignees,
    read_categories,
    read_currencies,
    read_fields,
    read_my_companies,
    read_presets,
    read_stages,
)
from bitrix_app.storage import PortalRecord
from demo_portal import ManualClock
from tests.fakes import Surroundings
from tests.unit.portals.answers import REFUSED, around, refusing


def test_date_fields_are_single_dates_with_a_name_that_can_be_asked() -> None:
    fields = {
        "begindate": {"type": "date", "title": "Дата выставления"},
        "ufCrmPaid": {"type": "date", "title": "", "formLabel": "Дата оплаты"},
        "createdTime": {"type": "datetime", "title": "Создан"},
        "ufCrmMany": {"type": "date", "isMultiple": True, "title": "Даты"},
        "opportunity": {"type": "double", "title": "Сумма"},
        "bad name": {"type": "date", "title": "Плохое"},
        "ufCrmNameless": {"type": "date"},
    }
    scene = around(crm__item__fields={"fields": fields})
    assert read_fields(scene.client).dates == (
        DateField("begindate", "Дата выставления", "date"),
        DateField("ufCrmPaid", "Дата оплаты", "date"),
        DateField("createdTime", "Создан", "datetime"),
        DateField("ufCrmNameless", "ufCrmNameless", "date"),
    )


def test_stages_tell_their_meaning_wherever_the_portal_puts_it() -> None:
    rows = [
        {"ID": "1", "STATUS_ID": "DT31_2:N", "NAME": "Новый", "ENTITY_ID": "SMART_INVOICE_STAGE_2", "SEMANTICS": None},
        {"ID": "2", "STATUS_ID": "DT31_2:P", "NAME": "Оплачен", "ENTITY_ID": "SMART_INVOICE_STAGE_2", "SEMANTICS": "S"},
        {
            "ID": "3",
            "STATUS_ID": "DT31_2:D",
            "NAME": "",
            "ENTITY_ID": "SMART_INVOICE_STAGE_2",
            "SEMANTICS": "",
            "EXTRA": {"SEMANTICS": "failure"},
        },
        {"ID": "4", "STATUS_ID": "", "NAME": "Без кода", "ENTITY_ID": "SMART_INVOICE_STAGE_2"},
    ]
    scene = around(crm__status__list=rows)
    assert read_stages(scene.client, [Named(2, "Счета")]) == (
        PortalStage("DT31_2:N", "Новый", "P", 2),
        PortalStage("DT31_2:P", "Оплачен", "S", 2),
        PortalStage("DT31_2:D", "DT31_2:D", "F", 2),
    )


def test_categories_without_a_number_are_left_out() -> None:
    scene = around(crm__category__list={"categories": [{"id": 2, "name": "Счета"}, {"id": 7, "name": ""}, {"id": "x"}]})
    assert read_categories(scene.client) == (Named(2, "Счета"), Named(7, "ID 7"))


def test_a_user_who_may_not_read_companies_has_none() -> None:
    assert read_my_companies(refusing("crm.item.list").client) == ()


def test_assignees_are_asked_for_only_with_a_scope_of_users() -> None:
    scene = around(user__get=[{"ID": "5", "NAME": "Мария", "LAST_NAME": "Кузнецова"}, {"ID": None}, "odd"])
    assert read_assignees(scene.client, frozenset({"crm"})) == ()
    assert scene.portal.seen == []
    assert read_assignees(scene.client, frozenset({"user_brief"})) == (Named(5, "Кузнецова Мария"),)
    active_by_name = {"FILTER": {"ACTIVE": True}, "sort": "LAST_NAME", "order": "ASC", "start": 0}
    assert scene.portal.asked("user.get") == [active_by_name]


def test_assignees_are_read_to_the_end_of_a_list_and_no_further_than_four_pages() -> None:
    pages = [{"result": [{"ID": str(number)}], "next": 50} for number in range(1, 6)]
    scene = around()
    scene.portal.answers["user.get"] = lambda params: pages[params["start"] // 50]
    assert read_assignees(scene.client, frozenset({"user"})) == tuple(Named(each, f"ID {each}") for each in range(1, 5))
    assert [each["start"] for each in scene.portal.asked("user.get")] == [0, 50, 100, 150]
    del pages[1]["next"]
    assert [each.id for each in read_assignees(scene.client, frozenset({"user"}))] == [1, 2]


def test_a_user_who_may_not_read_people_or_presets_has_none() -> None:
    assert read_assignees(refusing("user.get").client, frozenset({"user"})) == ()
    assert read_presets(refusing("crm.requisite.preset.list").client) == ()


def test_presets_keep_what_tells_them_apart() -> None:
    rows = [{"ID": "3", "NAME": "ИП", "XML_ID": "#IP#"}, {"ID": "4", "NAME": None}]
    scene = around(crm__requisite__preset__list=rows)
    assert read_presets(scene.client) == (Preset(3, "ИП", "#IP#"), Preset(4, "", ""))


@pytest.mark.parametrize(
    ("rows", "codes"),
    [
        ([{"CURRENCY": "RUB"}, {"CURRENCY": "USD"}, {"CURRENCY": "RUB"}, {"CURRENCY": "bad code"}], ("RUB", "USD")),
        (
            [{"CURRENCY": "RUB", "BASE": "N"}, {"CURRENCY": "USD"}, {"CURRENCY": "BYN", "BASE": "Y"}],
            ("BYN", "RUB", "USD"),
        ),
        ([], ("RUB",)),
    ],
)
def test_currencies_are_the_portals_the_base_one_first_or_roubles(
    rows: list[dict[str, Any]], codes: tuple[str, ...]
) -> None:
    assert read_currencies(around(crm__currency__list=rows).client) == codes


# --- kept for a while ---------------------------------------------------------------------------------------------

PORTAL = PortalRecord(
    id=1,
    member_id="m",
    client_endpoint="https://romashka.bitrix24.ru/rest/",
    domain="romashka.bitrix24.ru",
    status="installed",
    scopes=frozenset({"crm"}),
    license_family=None,
    installed_by=1,
    settings={},
    epoch=1,
)
ALICE, BOB = 7, 8
ANSWERS: dict[str, Any] = {
    "crm__item__fields": {"fields": {"begindate": {"type": "date", "title": "Дата счёта"}}},
    "crm__category__list": {"categories": [{"id": 2, "name": "Счета"}]},
    "crm__status__list": [{"STATUS_ID": "DT31_2:N", "NAME": "Новый", "ENTITY_ID": "SMART_INVOICE_STAGE_2"}],
    "crm__requisite__preset__list": [],
}


@dataclass
class OneClient:
    """In place of PortalClients: every interactive client is this one."""

    scene: Surroundings

    @contextmanager
    def interactive(self, _portal: PortalRecord, _user_id: int) -> Iterator[Bitrix24Client]:
        yield self.scene.client


@dataclass
class Shelf:
    """Catalogs on a clock moved by hand."""

    scene: Surroundings
    clock: ManualClock
    catalogs: Catalogs

    def asked(self) -> list[str]:
        """What the portal was asked since the last time."""
        found = [method for method, _ in self.scene.portal.seen]
        self.scene.portal.seen.clear()
        return found


@pytest.fixture
def shelf() -> Shelf:
    scene, clock = around(**ANSWERS), ManualClock()
    clients: Any = OneClient(scene)
    return Shelf(scene, clock, Catalogs(clients, PortalCache(300, clock=clock)))


def test_what_is_known_is_asked_for_once_in_five_minutes(shelf: Shelf) -> None:
    for _ in range(2):
        assert shelf.catalogs.categories(PORTAL, ALICE) == (Named(2, "Счета"),)
    assert shelf.asked() == ["crm.category.list"]
    shelf.clock.advance(300)
    shelf.catalogs.categories(PORTAL, ALICE)
    assert shelf.asked() == ["crm.category.list"]


@pytest.mark.parametrize("who", [(PORTAL, BOB), (replace(PORTAL, id=2), ALICE), (replace(PORTAL, epoch=2), ALICE)])
def test_each_user_of_each_installation_sees_what_the_portal_shows_them(
    shelf: Shelf, who: tuple[PortalRecord, int]
) -> None:
    shelf.catalogs.categories(PORTAL, ALICE)
    shelf.catalogs.categories(*who)
    assert shelf.asked() == ["crm.category.list"] * 2


@pytest.mark.parametrize(("funnels", "times"), [([{"id": 2, "name": "Счета"}], 1), ([], 2)])
def test_who_sees_the_same_funnels_shares_the_fields_of_invoices(
    shelf: Shelf, funnels: list[dict[str, Any]], times: int
) -> None:
    """Who sees none shares with nobody: they may not see invoices at all."""
    shelf.scene.portal.answers["crm.category.list"] = {"result": {"categories": funnels}}
    for user_id in (ALICE, BOB):
        assert shelf.catalogs.date_fields(PORTAL, user_id) == (DateField("begindate", "Дата счёта", "date"),)
    assert shelf.asked().count("crm.item.fields") == times


def test_a_user_who_may_not_read_currencies_takes_them_from_no_colleague(shelf: Shelf) -> None:
    """Those of the invoices for them; the colleague who asks next has the portal's own."""
    invoices = [{"id": 1, "currencyId": "USD"}, {"id": 2, "currencyId": "KZT"}, {"id": 3, "currencyId": "KZT"}]
    shelf.scene.portal.answers["crm.item.list"] = {"result": {"items": invoices}}
    shelf.scene.portal.answers["crm.currency.list"] = {"result": [{"CURRENCY": "BYN"}, {"CURRENCY": "RUB"}]}
    shelf.scene.portal.faults["crm.currency.list", 1] = (403, REFUSED)
    assert shelf.catalogs.currencies(PORTAL, ALICE) == ("KZT", "USD")
    assert shelf.catalogs.currencies(PORTAL, BOB) == ("BYN", "RUB")


def test_a_report_takes_what_is_at_hand_and_reads_the_rest_with_its_own_client(shelf: Shelf) -> None:
    stages = shelf.catalogs.stages(PORTAL, ALICE)
    shelf.asked()
    own = around(**ANSWERS)
    whole = shelf.catalogs.whole(PORTAL, ALICE, own.client)
    assert (whole.stages, whole.fields.dates, whole.presets) == (
        stages,
        (DateField("begindate", "Дата счёта", "date"),),
        (),
    )
    assert sorted(method for method, _ in own.portal.seen) == ["crm.item.fields", "crm.requisite.preset.list"]
    assert shelf.asked() == []
    assert shelf.catalogs.date_fields(PORTAL, ALICE) == whole.fields.dates
    assert shelf.asked() == []


def test_titles_are_told_as_far_as_they_are_at_hand_without_asking(shelf: Shelf) -> None:
    assert shelf.catalogs.known_titles(PORTAL, ALICE) == {}
    assert shelf.asked() == []
    shelf.catalogs.whole(PORTAL, ALICE, shelf.scene.client)
    assert shelf.catalogs.known_titles(PORTAL, ALICE) == {"begindate": "Дата счёта", "DT31_2:N": "Новый"}


# --- more than any portal has ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("read", "answers"),
    [
        (read_fields, {"crm__item__fields": {"fields": {f"f{each}": {"type": "date"} for each in range(1001)}}}),
        (read_categories, {"crm__category__list": {"categories": [{"id": each} for each in range(1, 202)]}}),
        (read_currencies, {"crm__currency__list": [{"CURRENCY": "RUB"}] * 201}),
        (
            lambda client: read_stages(client, [Named(2, "Счета")]),
            {"crm__status__list": [{"STATUS_ID": "x" * 101, "NAME": "Новый"}]},
        ),
    ],
    ids=["fields", "funnels", "currencies", "id of a stage"],
)
def test_a_portal_that_tells_more_than_any_has_is_not_believed(read: Any, answers: dict[str, Any]) -> None:
    with pytest.raises(UnexpectedAnswerError):
        read(around(**answers).client)


def test_lists_of_many_pages_are_bounded_too() -> None:
    scene = around()
    scene.portal.answers["crm.status.list"] = lambda params: (
        {
            "result": [{"STATUS_ID": f"{params['start'] + each}"} for each in range(50)],
            "next": params["start"] + 50,
        }
        if params["start"] < 2000
        else {"result": [{"STATUS_ID": "last"}]}
    )
    with pytest.raises(UnexpectedAnswerError):
        read_stages(scene.client, [Named(2, "Счета")])
    scene.portal.answers["crm.item.list"] = lambda params: (
        {"result": {"items": [{"id": params["filter"].get(">id", 0) + each} for each in range(1, 51)]}}
        if params["filter"].get(">id", 0) < 2000
        else {"result": {"items": [{"id": 9999}]}}
    )
    with pytest.raises(UnexpectedAnswerError):
        read_my_companies(scene.client)


def test_names_that_are_kept_are_short() -> None:
    long = "я" * 10_000
    fields = {"begindate": {"type": "date", "title": long}, "u" * 101: {"type": "string"}}
    scene = around(
        crm__item__fields={"fields": fields},
        crm__category__list={"categories": [{"id": 2, "name": long}]},
        crm__status__list=[{"STATUS_ID": "N", "NAME": long}],
        crm__requisite__preset__list=[{"ID": "3", "NAME": long, "XML_ID": long}],
    )
    found = read_fields(scene.client)
    assert found.names == {"begindate"}
    (funnel,), (stage,) = read_categories(scene.client), read_stages(scene.client, [Named(2, "Счета")])
    (preset,) = read_presets(scene.client)
    titles = [found.dates[0].title, funnel.title, stage.title, preset.name, preset.xml_id]
    assert [len(each) for each in titles] == [255] * 5


def test_a_portal_whose_names_of_fields_are_endless_fills_no_memory() -> None:
    spellings = Spellings()
    spellings.learn({f"ufCrm{each}": {"upperName": f"UF_CRM_{each}"} for each in range(5000)})
    assert len(spellings.upper_names) == 1000
    spellings.learn({"ufCrm" + "x" * 500: {"upperName": "UF"}, "title": {"upperName": "TITLE"}})
    assert spellings.upper_names == {}
