"""The words: what is asked of the portal, and what becomes of answers of every shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from bitrix_app.bitrix24 import Bitrix24Client, Page, Profile
from bitrix_app.errors import (
    AccessDeniedError,
    GiveUpError,
    InvalidArgumentError,
    UnexpectedAnswerError,
    UserAccessError,
)
from demo_portal import a_row
from tests.fakes import Surroundings
from tests.memory import Scene


def invoices(*ids: Any) -> list[dict[str, Any]]:
    return [{"id": each, "begindate": "2026-02-01T00:00:00+03:00"} for each in ids]


def read_page(around: Surroundings | Scene, after_id: int | None = None, *, counted: bool = False) -> Page:
    period = {">=begindate": "2026-01-01"}
    return around.client.invoice_page(filter=period, select=["id"], after_id=after_id, counted=counted)


@pytest.fixture
def scene() -> Scene:
    """A client of a demo portal in memory."""
    return Scene()


def fill(scene: Scene, count: int) -> None:
    """So many invoices of the period, from id 1 on."""
    for _ in range(count):
        scene.portal.crm.add_invoice(date="2026-02-01")


def answer(around: Surroundings, *results: Any, method: str = "crm.item.list") -> None:
    """Answers the calls of a method with these results, the last one for ever."""
    left = list(results)
    around.portal.answers[method] = lambda _: {"result": left.pop(0) if len(left) > 1 else left[0]}


# --- lists that are read on by id ---------------------------------------------------------------------------------


def test_the_first_page_is_counted_and_the_others_read_on_by_id(scene: Scene) -> None:
    """start=0 tells the total once; then start=-1 and ``>id`` in the order of ids, within the report's filter."""
    fill(scene, 60)

    first = read_page(scene, counted=True)
    second = read_page(scene, 50)

    assert ([each["id"] for each in first.items], first.total) == (list(range(1, 51)), 60)
    assert ([each["id"] for each in second.items], second.total) == (list(range(51, 61)), None)
    assert scene.params("crm.item.list") == [
        {
            "entityTypeId": 31,
            "select": ["id"],
            "filter": {">=begindate": "2026-01-01", **more},
            "order": {"id": "ASC"},
            "start": start,
        }
        for more, start in (({}, 0), ({">id": 50}, -1))
    ]


def test_a_total_that_was_not_asked_for_is_unknown(around: Surroundings) -> None:
    """With start=-1 some portals say ``total: 0``: that is no total."""
    around.portal.answers["crm.item.list"] = {"result": {"items": invoices(1)}, "total": 0}

    assert read_page(around).total is None


@pytest.mark.parametrize(
    ("items", "ids"),
    [
        (invoices(3, 1, 2), [1, 2, 3]),
        (invoices("7", 8, "9"), ["7", 8, "9"]),
        (invoices(4, 4, 5, 5), [4, 5]),
        (invoices(*range(1, 121)), list(range(1, 121))),
        ({"0": {"id": 1}, "2": {"id": 5}}, [1, 5]),
        ([], []),
    ],
)
def test_an_untidy_page_is_tidied(around: Surroundings, items: Any, ids: list[Any]) -> None:
    """Rising order, each id once, numbers or texts, longer than fifty, or PHP's list with gaps."""
    answer(around, {"items": items})

    assert [each["id"] for each in read_page(around).items] == ids


@pytest.mark.parametrize("empty", [[], {}])
def test_an_empty_object_may_arrive_as_an_empty_list(around: Surroundings, empty: Any) -> None:
    """PHP writes an empty object as ``[]``: no records."""
    answer(around, empty)

    assert read_page(around).items == []


WRONG_SHAPES = [
    None,
    True,
    "items",
    [1],
    {"elements": []},
    {"items": None},
    {"items": "many"},
    {"items": {"one": {"id": 1}}},
    {"items": [1, 2]},
    {"items": [[{"id": 1}]]},
    {"items": [{}]},
    {"items": [{"id": None}]},
    {"items": [{"id": 0}]},
    {"items": [{"id": -5}]},
    {"items": [{"id": True}]},
    {"items": [{"id": "1; DROP TABLE"}]},
    {"items": [{"id": [1]}]},
    {"items": [{"id": 2**63}]},
]


@pytest.mark.parametrize("result", WRONG_SHAPES)
def test_a_wrong_shape_is_an_error_that_names_the_method(around: Surroundings, result: Any) -> None:
    """Whatever else the portal answers ends in one kind of error, and is asked once."""
    answer(around, result)

    with pytest.raises(UnexpectedAnswerError) as caught:
        read_page(around)

    assert caught.value.method == "crm.item.list"
    assert around.portal.counts["crm.item.list"] == 1


def test_a_page_that_does_not_move_on_has_no_end(around: Surroundings) -> None:
    """A portal that gives its first page again and again is found out at the second."""
    answer(around, {"items": invoices(*range(1, 51))})
    read_page(around)

    with pytest.raises(UnexpectedAnswerError, match="repeats"):
        read_page(around, 50)


def test_a_full_page_with_repeated_ids_has_no_end(around: Surroundings) -> None:
    """Dropping the repeated ones would make a full page look like the last one."""
    answer(around, {"items": invoices(*range(1, 26), *range(1, 26))})

    with pytest.raises(UnexpectedAnswerError, match="repeats"):
        read_page(around)


def test_a_list_of_requisites_without_an_end_ends(around: Surroundings) -> None:
    """Pages that always are full and always move on end after more records than are kept in memory."""
    around.portal.answers["crm.requisite.list"] = lambda params: {
        "result": [{"ID": str(params["filter"].get(">ID", 0) + each)} for each in range(1, 51)]
    }

    with pytest.raises(UnexpectedAnswerError, match="no end"):
        around.client.company_requisites([1])

    assert around.portal.counts["crm.requisite.list"] == 50_000 / 50 + 1


def test_counting_asks_for_ids_only(scene: Scene) -> None:
    """How many there are is one counted call."""
    fill(scene, 60)

    assert scene.client.count_invoices({">=begindate": "2026-01-01"}) == 60
    assert scene.params("crm.item.list")[0]["select"] == ["id"]


@pytest.mark.parametrize("total", [None, "many", -1, 1.5, []])
def test_counting_needs_a_total(around: Surroundings, total: Any) -> None:
    """Without a readable total there is no count."""
    around.portal.answers["crm.item.list"] = {"result": {"items": []}, "total": total}

    with pytest.raises(UnexpectedAnswerError):
        around.client.count_invoices({})


def test_product_rows_are_read_for_many_invoices_by_the_ids_of_the_rows(scene: Scene) -> None:
    """One call asks for the rows of a list of invoices; the owner's type is the smart invoice's."""
    for _ in range(2):
        scene.portal.crm.add_invoice(rows=[a_row()] * 35)

    first, second = scene.client.product_rows([1, 2])

    assert (len(first.items), first.total, len(second.items), second.total) == (50, 70, 20, None)
    assert scene.params("crm.item.productrow.list")[1] == {
        "filter": {"=ownerType": "SI", "=ownerId": [1, 2], ">id": 50},
        "order": {"id": "ASC"},
        "start": -1,
    }


def test_an_invoice_that_may_not_be_read_denies_the_whole_list(around: Surroundings) -> None:
    """ACCESS_DENIED comes through as it is: the caller asks again without that invoice."""
    around.portal.faults["crm.item.productrow.list", 1] = (400, {"error": "ACCESS_DENIED"})

    with pytest.raises(AccessDeniedError):
        list(around.client.product_rows([1, 2]))


# --- look-ups by key ----------------------------------------------------------------------------------------------

LOOK_UPS: list[tuple[str, str, Callable[[Bitrix24Client, list[int]], Any]]] = [
    ("crm.requisite.list", "ID", lambda client, ids: client.requisites(ids)),
    ("crm.requisite.list", "ENTITY_ID", lambda client, ids: client.company_requisites(ids)),
    ("crm.requisite.link.list", "ENTITY_ID", lambda client, ids: client.requisite_links(ids)),
    ("crm.item.list", "id", lambda client, ids: client.companies(ids)),
    ("crm.item.list", "id", lambda client, ids: client.contacts(ids)),
    ("user.get", "ID", lambda client, ids: client.users(ids)),
]


@pytest.mark.parametrize(("method", "key", "ask"), LOOK_UPS)
def test_look_ups_take_fifty_keys_a_call(
    around: Surroundings, method: str, key: str, ask: Callable[[Bitrix24Client, list[int]], Any]
) -> None:
    """120 keys are three calls of 50, 50 and 20, and each record comes back once."""

    def keys(params: Mapping[str, Any]) -> list[int]:
        found: list[int] = (params.get("filter") or params["FILTER"])[f"@{key}"]
        return found

    def found(params: Mapping[str, Any]) -> dict[str, Any]:
        records = [{"ID": str(each), "id": each, key: each} for each in keys(params)]
        return {"result": {"items": records} if method == "crm.item.list" else records, "total": len(records)}

    around.portal.answers[method] = found

    records = ask(around.client, list(range(1, 121)))

    assert [len(keys(params)) for params in around.portal.asked(method)] == [50, 50, 20]
    assert [int(each[key]) for each in records] == list(range(1, 121))


def test_an_owner_with_many_requisites_is_read_to_the_end(scene: Scene) -> None:
    """An owner that has more than fifty requisites is read on by id; another's are left out."""
    crm = scene.portal.crm
    owners = [crm.add_company(), crm.add_company()]
    made = [crm.add_requisite(company_id=owners[number % 2]) for number in range(130)]

    found = scene.client.company_requisites(owners[:1])

    assert [int(each["ID"]) for each in found] == made[::2]
    assert len(scene.params("crm.requisite.list")) == 2


def test_look_ups_of_many_keys_are_no_list_without_an_end(around: Surroundings) -> None:
    """Thousands of short lists are not taken for one that goes on and on."""
    around.portal.answers["crm.requisite.link.list"] = {"result": []}

    assert around.client.requisite_links(range(1, 100_001)) == []

    assert around.portal.counts["crm.requisite.link.list"] == 2_000


def test_empty_pages_without_an_end_are_given_up(around: Surroundings) -> None:
    """A list by number that has nothing on its pages and always a next one."""
    around.portal.answers["crm.currency.list"] = lambda params: {"result": [], "next": params["start"] + 50}

    with pytest.raises(UnexpectedAnswerError, match="no end"):
        around.client.currencies()

    assert around.portal.counts["crm.currency.list"] == 50_000 / 50 + 2


def test_requisites_are_asked_for_by_name(around: Surroundings) -> None:
    """Only the fields that name a counterparty are asked for."""
    around.portal.answers["crm.requisite.list"] = {"result": []}

    around.client.requisites([1])

    select = around.portal.asked("crm.requisite.list")[0]["select"]
    assert {"ID", "ENTITY_ID", "PRESET_ID", "SORT", "RQ_INN", "RQ_KPP", "RQ_COMPANY_NAME", "RQ_LAST_NAME"} <= {*select}
    assert "*" not in select


@pytest.mark.parametrize(
    ("ask", "method", "asked"),
    [
        (
            lambda client: client.companies([7]),
            "crm.item.list",
            {"entityTypeId": 4, "select": ["id", "title"], "filter": {"@id": [7]}, "order": {"id": "ASC"}, "start": -1},
        ),
        (
            lambda client: client.contacts([7]),
            "crm.item.list",
            {
                "entityTypeId": 3,
                "select": ["id", "lastName", "name", "secondName"],
                "filter": {"@id": [7]},
                "order": {"id": "ASC"},
                "start": -1,
            },
        ),
        (
            lambda client: client.my_companies(),
            "crm.item.list",
            {
                "entityTypeId": 4,
                "select": ["id", "title"],
                "filter": {"=isMyCompany": "Y"},
                "order": {"id": "ASC"},
                "start": 0,
            },
        ),
        (
            lambda client: client.visible_invoices([7]),
            "crm.item.list",
            {"entityTypeId": 31, "select": ["id"], "filter": {"@id": [7]}, "order": {"id": "ASC"}, "start": -1},
        ),
        (
            lambda client: client.requisite_links([7]),
            "crm.requisite.link.list",
            {
                "select": ["ENTITY_TYPE_ID", "ENTITY_ID", "REQUISITE_ID", "MC_REQUISITE_ID"],
                "filter": {"=ENTITY_TYPE_ID": 31, "@ENTITY_ID": [7]},
                "start": 0,
            },
        ),
        (
            lambda client: client.users([7]),
            "user.get",
            {
                "FILTER": {"@ID": [7]},
                "sort": "ID",
                "order": "ASC",
                "select": ["ID", "NAME", "LAST_NAME"],
                "start": 0,
            },
        ),
        (
            lambda client: client.requisite_presets(),
            "crm.requisite.preset.list",
            {"select": ["ID", "NAME", "XML_ID", "COUNTRY_ID"], "filter": {}, "order": {"ID": "ASC"}, "start": 0},
        ),
        (lambda client: client.currencies(), "crm.currency.list", {"order": {"SORT": "ASC"}, "start": 0}),
        (
            lambda client: client.stages([7]),
            "crm.status.list",
            {"filter": {"ENTITY_ID": "SMART_INVOICE_STAGE_7"}, "order": {"SORT": "ASC"}, "start": 0},
        ),
    ],
)
def test_what_is_asked_is_what_the_portals_pages_say(
    around: Surroundings, ask: Callable[[Bitrix24Client], Any], method: str, asked: dict[str, Any]
) -> None:
    """Fields, filter and order by their names there, and nothing that is not needed."""
    around.portal.answers[method] = {"result": []}

    assert ask(around.client) == []

    assert around.portal.asked(method) == [asked]


@pytest.mark.parametrize("entity_type_id", [3, 4])
def test_requisites_are_asked_for_by_their_owner(around: Surroundings, entity_type_id: int) -> None:
    """Companies and contacts have requisites under the same ids."""
    around.portal.answers["crm.requisite.list"] = {"result": []}
    client = around.client

    (client.contact_requisites if entity_type_id == 3 else client.company_requisites)([7])

    asked = around.portal.asked("crm.requisite.list")[0]
    assert asked["filter"] == {"=ENTITY_TYPE_ID": entity_type_id, "@ENTITY_ID": [7]}
    assert (asked["order"], asked["start"]) == ({"ID": "ASC"}, 0)


def test_nothing_is_asked_for_no_keys(around: Surroundings) -> None:
    """Without keys there is no call."""
    client = around.client

    assert client.requisites([]) == client.requisite_links([]) == client.companies([]) == client.users([]) == []
    assert list(client.product_rows([])) == []
    assert around.portal.seen == []


def test_links_without_ids_are_read_page_after_page(around: Surroundings) -> None:
    """A list whose records have no id is read on by ``next``."""

    def page(params: Mapping[str, Any]) -> dict[str, Any]:
        start = params["start"]
        rows = [{"ENTITY_TYPE_ID": "31", "ENTITY_ID": "1", "n": each} for each in range(start, min(start + 50, 120))]
        return {"result": rows, "total": 120} | ({"next": start + 50} if start + 50 < 120 else {})

    around.portal.answers["crm.requisite.link.list"] = page

    assert [each["n"] for each in around.client.requisite_links([1])] == list(range(120))
    assert [each["start"] for each in around.portal.asked("crm.requisite.link.list")] == [0, 50, 100]


@pytest.mark.parametrize("following", [0, 50])
def test_a_next_page_that_lies_behind_has_no_end(around: Surroundings, following: int) -> None:
    """``next`` must grow."""
    around.portal.answers["crm.requisite.link.list"] = {"result": [], "next": following}

    with pytest.raises(UnexpectedAnswerError):
        around.client.requisite_links([1])

    assert around.portal.counts["crm.requisite.link.list"] <= 2


# --- the portal itself --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "profile"),
    [
        (
            {"ID": "1", "ADMIN": True, "NAME": "Анна", "LAST_NAME": "Иванова", "TIME_ZONE": "Asia/Omsk", "NEW": 1},
            Profile(1, "Иванова Анна", is_admin=True, time_zone="Asia/Omsk"),
        ),
        (
            {"ID": 7, "ADMIN": False, "NAME": None, "LAST_NAME": " ", "TIME_ZONE": None},
            Profile(7, "", is_admin=False, time_zone=""),
        ),
        ({"ID": 7, "ADMIN": False}, Profile(7, "", is_admin=False, time_zone="")),
    ],
)
def test_the_profile_tells_who_is_calling(around: Surroundings, result: Any, profile: Profile) -> None:
    """Id, name, administrator or not, time zone."""
    answer(around, result, method="profile")

    assert around.client.profile() == profile


@pytest.mark.parametrize("admin", ["Y", "true", 1, None, [], "N"])
def test_nobody_becomes_an_administrator_by_an_odd_answer(around: Surroundings, admin: Any) -> None:
    """Only JSON's own true makes an administrator; whatever resembles it is a wrong shape."""
    answer(around, {"ID": "1", "ADMIN": admin}, method="profile")

    with pytest.raises(UnexpectedAnswerError):
        around.client.profile()


@pytest.mark.parametrize(
    "result",
    [{"ADMIN": True}, {"ID": "0", "ADMIN": True}, "me", {"ID": [1], "ADMIN": True}, {"ID": "1", "NAME": "Анна"}],
)
def test_a_profile_that_leaves_out_who_or_what_somebody_is_has_a_wrong_shape(around: Surroundings, result: Any) -> None:
    """A user without an id is nobody, and one of whom it is not said whether they administer is nothing."""
    answer(around, result, method="profile")

    with pytest.raises(UnexpectedAnswerError):
        around.client.profile()


@pytest.mark.parametrize("empty", [[], {}])
def test_a_dismissed_user_has_no_access(around: Surroundings, empty: Any) -> None:
    """For a user who is not active the portal gives an empty object."""
    answer(around, empty, method="profile")

    with pytest.raises(UserAccessError):
        around.client.profile()


def test_fields_come_by_name(around: Surroundings) -> None:
    """Fields of invoices: name → what it is."""
    answer(around, {"fields": {"begindate": {"type": "date", "title": "Дата"}, "odd": []}}, method="crm.item.fields")

    assert around.client.invoice_fields() == {"begindate": {"type": "date", "title": "Дата"}, "odd": {}}
    assert around.portal.asked("crm.item.fields") == [{"entityTypeId": 31}]


@pytest.mark.parametrize("result", [{}, {"fields": "many"}, {"fields": {"begindate": "date"}}, [1]])
def test_fields_of_another_shape_are_an_error(around: Surroundings, result: Any) -> None:
    """Without fields nothing can be built on them."""
    answer(around, result, method="crm.item.fields")

    with pytest.raises(UnexpectedAnswerError):
        around.client.invoice_fields()


def test_stages_are_asked_for_funnel_by_funnel(around: Surroundings) -> None:
    """Each funnel has its own list of stages."""
    around.portal.answers["crm.status.list"] = lambda params: {"result": [{"ENTITY_ID": params["filter"]["ENTITY_ID"]}]}

    assert [each["ENTITY_ID"] for each in around.client.stages([2, 7])] == [
        "SMART_INVOICE_STAGE_2",
        "SMART_INVOICE_STAGE_7",
    ]


BINDINGS: list[tuple[str, str, dict[str, str], Callable[[Bitrix24Client], None]]] = [
    (
        "placement.bind",
        "placement.get",
        {"placement": "CRM_ANALYTICS_MENU", "handler": "https://app.example/app"},
        lambda client: client.bind_placement(
            "CRM_ANALYTICS_MENU", "https://app.example/app", title="Реестр", lang_all={"ru": {"TITLE": "Реестр"}}
        ),
    ),
    (
        "event.bind",
        "event.get",
        {"event": "ONAPPUNINSTALL", "handler": "https://app.example/events"},
        lambda client: client.bind_event("OnAppUninstall", "https://app.example/events"),
    ),
]


@pytest.mark.parametrize(("bind", "get", "row", "do"), BINDINGS)
def test_binding_what_is_bound_is_harmless(
    around: Surroundings, bind: str, get: str, row: dict[str, str], do: Callable[[Bitrix24Client], None]
) -> None:
    """The first answer got lost, the repeated call is refused: the handler is bound, and that was the wish."""
    around.portal.answers[bind] = {"error": "ERROR_CORE", "error_description": "Handler already binded"}
    around.portal.answers[get] = {"result": [row]}

    do(around.client)

    assert around.portal.counts[get] == 1


def test_a_condition_on_a_field_that_is_gone_is_asked_as_it_is_written(scene: Scene) -> None:
    """No spelling is sought for it; the portal refuses it."""
    with pytest.raises(InvalidArgumentError):
        scene.client.count_invoices({">=ufCrm_626D6ABE98692": "2026-01-01"})
    assert [list(each["filter"]) for each in scene.params("crm.item.list")] == [[">=ufCrm_626D6ABE98692"]]


def test_a_placement_is_bound_with_its_title_in_each_language(scene: Scene) -> None:
    """``TITLE`` is for the languages that ``LANG_ALL`` leaves out."""
    scene.client.bind_placement(
        "CRM_ANALYTICS_MENU", "https://app.example/app", title="Register", lang_all={"ru": {"TITLE": "Реестр"}}
    )
    [asked] = scene.params("placement.bind")
    assert asked == {
        "PLACEMENT": "CRM_ANALYTICS_MENU",
        "HANDLER": "https://app.example/app",
        "TITLE": "Register",
        "LANG_ALL": {"ru": {"TITLE": "Реестр"}},
    }


@pytest.mark.parametrize(("bind", "get", "row", "do"), BINDINGS)
def test_a_binding_that_fails_is_told(
    around: Surroundings, bind: str, get: str, row: dict[str, str], do: Callable[[Bitrix24Client], None]
) -> None:
    """Refused and not bound: the refusal is raised."""
    around.portal.answers[bind] = {"error": "ERROR_CORE", "error_description": "Wrong handler"}
    around.portal.answers[get] = {"result": []}

    with pytest.raises(GiveUpError):
        do(around.client)


def test_an_employee_may_not_bind(around: Surroundings) -> None:
    """ACCESS_DENIED is not looked into."""
    around.portal.faults["event.bind", 1] = (403, {"error": "ACCESS_DENIED"})

    with pytest.raises(AccessDeniedError):
        around.client.bind_event("ONAPPUNINSTALL", "https://app.example/events")

    assert around.portal.counts["event.get"] == 0


def test_the_portals_own_batch_is_never_used(around: Surroundings) -> None:
    """However much is asked for, each call is a plain one."""
    around.portal.answers |= {each: {"result": []} for each in ("crm.requisite.list", "crm.requisite.link.list")}
    around.portal.answers["crm.item.list"] = {"result": {"items": []}}
    keys = range(1, 301)
    for word in (around.client.requisites, around.client.requisite_links, around.client.companies):
        word(keys)

    assert "batch" not in around.portal.counts
    assert around.portal.counts.total() == 18
