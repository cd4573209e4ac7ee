"""A portal questioned: what is asked, what is made of the answers and remembered, and that no line names anybody."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from bitrix_app.bitrix24 import Bitrix24Client, Spelling
from bitrix_app.errors import PortalBusyError
from bitrix_app.portals.probe import (
    MOST_REQUESTS,
    Meter,
    Outcome,
    Row,
    Sample,
    Step,
    inquiries,
    read_sample,
    run,
    shape_of,
)
from bitrix_app.storage import PortalRecord
from demo_portal import Fault, User, a_row
from demo_portal.crm.fields import custom_field
from tests.memory import PortalTokens, Scene, memory_transport

NUMBERED, MIXED = "ufCrm_SMART_INVOICE_1689252229", "ufCrm_626D6ABE98692"
RECORD = PortalRecord(
    id=1,
    member_id="m",
    client_endpoint="",
    domain="",
    status="installed",
    scopes=frozenset({"crm", "placement", "user_brief"}),
    license_family=None,
    installed_by=1,
    settings={"shipped_field": NUMBERED},
)
READING = re.compile(r"(app\.info|profile|.+\.(list|fields|get))")


class Questioning:
    """A demo portal with invoices, and a client whose requests are counted."""

    def __init__(self, **ways: Any) -> None:
        self.scene = Scene()
        self.portal = self.scene.portal
        self.portal.behave(**ways)
        crm = self.portal.crm
        crm.add_custom_field(custom_field("UF_CRM_SMART_INVOICE_1689252229", "date", "Дата отгрузки"))
        crm.add_custom_field(custom_field("UF_CRM_626D6ABE98692", "date", "Дата акта"))
        company, contact = crm.add_company("ООО «Секретное»"), crm.add_contact()
        requisite = crm.add_requisite(inn="7707083893", company_id=company)
        for _ in range(3):
            crm.add_invoice(company_id=company, contact_id=contact, rows=[a_row(name="Тайный товар", price="77123.45")])
        crm.add_invoice(company_id=company, rows=[a_row(name="Тайный товар", price="77123.45")], requisite_id=requisite)
        self.use(self.portal.admin)

    def use(self, user: User) -> None:
        self.meter = Meter()
        self.client = Bitrix24Client(
            transport=memory_transport(self.scene.world),
            tokens=PortalTokens(self.portal, self.scene.authorization_server, user),
            bucket=self.scene.bucket,
            stop=self.scene.stop,
            observer=self.meter,
            clock=self.scene.clock,
        )
        self.user = user
        self.sample: Sample | None = None

    def probe(self, start: int = 0, **options: Any) -> Step:
        self.sample = self.sample or read_sample(self.client)
        asked = inquiries(RECORD, self.user.id, self.sample)
        return run(self.client, self.meter, asked, start, **{"has_time": lambda: True, **options})

    def outcomes(self, **wanted: str) -> dict[str, Outcome]:
        return {row.way.en: row.outcome for row in self.probe().rows if row.method == wanted["method"]}


def spelled(found: dict[str, Outcome], name: str) -> list[Outcome]:
    return [
        outcome
        for way, outcome in found.items()
        if f"({shape_of(name)})" in way and way.startswith("by custom date 1 ") is (name == NUMBERED)
    ]


@pytest.mark.parametrize("version", ["24.300", "26.250"])
def test_everything_is_asked_within_sixty_requests_and_nothing_is_written(version: str) -> None:
    scene = Questioning(version=version)
    found = scene.probe()
    assert found.following is None
    assert found.spent == len(scene.portal.calls) <= MOST_REQUESTS
    assert {call.method for call in scene.portal.calls.records if not READING.fullmatch(call.method)} == set()
    good = {Outcome.USED, Outcome.NOT_NEEDED, Outcome.NOT_SO, Outcome.READ_ALL}
    left_out = [row.way.en for row in found.rows if row.outcome not in good]
    assert left_out == (["without templates"] if version == "24.300" else [])
    assert "offset +03:00" in found.text


@pytest.mark.parametrize(
    ("version", "mixed", "remembered"),
    [
        ("24.300", [Outcome.READ_ALL] * 3, Spelling.NONE),
        ("26.250", [Outcome.NOT_SO, Outcome.USED, Outcome.NOT_SO], Spelling.ORIGINAL),
    ],
)
def test_each_spelling_is_tried_and_the_one_that_is_taken_remembered(
    version: str, mixed: list[Outcome], remembered: Spelling
) -> None:
    scene = Questioning(version=version)
    found = scene.outcomes(method="crm.item.list")
    assert spelled(found, NUMBERED)[0] is Outcome.USED
    assert spelled(found, MIXED) == mixed
    assert scene.client.habits.spellings.found[NUMBERED] is Spelling.LOWER
    assert scene.client.habits.spellings.found[MIXED] is remembered
    before, is_taken = len(scene.portal.calls), remembered is not Spelling.NONE
    assert scene.client.can_filter_by(MIXED) is is_taken
    assert len(scene.portal.calls) - before == is_taken  # what is remembered is confirmed by one call


@pytest.mark.parametrize(
    ("ways", "lists", "outcomes"),
    [
        ("each", True, [Outcome.USED, Outcome.NOT_NEEDED]),
        ("refused", False, [Outcome.NOT_SO, Outcome.ONE_BY_ONE]),
    ],
)
def test_lists_of_owners_are_tried_and_the_answer_remembered(ways: str, lists: bool, outcomes: list[Outcome]) -> None:
    scene = Questioning(owner_lists=ways)
    assert list(scene.outcomes(method="crm.item.productrow.list").values()) == outcomes
    assert scene.client.owner_lists is lists


def test_no_line_names_anybody_or_tells_a_number_of_the_portal() -> None:
    scene = Questioning()
    text = scene.probe().text
    crm = scene.portal.crm
    told = [scene.portal.domain, scene.portal.member_id, "Секретное", "Тайный", "77123", "7707083893", "1689252229"]
    told += [part for user in scene.portal.users.values() for part in (user.name, user.last_name) if part]
    told += [each["title"] for each in crm.companies if each.get("title")]
    assert [each for each in told if each in text] == []
    assert shape_of(NUMBERED) == "ufCrm_A_A_9"


def test_refusals_are_rows_with_their_codes_and_say_what_is_done() -> None:
    scene = Questioning()
    for method, code in {"crm.requisite.preset.list": "ACCESS_DENIED", "crm.item.fields": "INSUFFICIENT_SCOPE"}.items():
        scene.portal.faults.always(Fault.error(code, status=403), method=method)
    rows: dict[str, Row] = {row.method: row for row in scene.probe().rows}
    preset, fields = rows["crm.requisite.preset.list"], rows["crm.item.fields"]
    assert (preset.status, preset.code, preset.outcome) == (403, "ACCESS_DENIED", Outcome.WITHOUT)
    assert (fields.ok, fields.code, fields.outcome) == (False, "INSUFFICIENT_SCOPE", Outcome.STOPPED)


def test_a_fault_of_the_portals_settles_nothing() -> None:
    """Only a refusal for what a question says is remembered; a server that broke is asked again."""
    scene = Questioning()
    scene.portal.faults.always(Fault.status(500), method="crm.item.productrow.list")
    assert set(scene.outcomes(method="crm.item.productrow.list").values()) == {Outcome.UNDECIDED}
    assert scene.client.owner_lists is None


def test_an_empty_portal_is_not_asked_about_what_it_has_not() -> None:
    scene = Questioning()
    for number in [each["id"] for each in scene.portal.crm.invoices]:
        scene.portal.crm.remove_invoice(number)
    rows = scene.probe().rows
    assert {row.outcome for row in rows if row.method == "crm.item.productrow.list"} == {Outcome.NOT_ASKED}


def test_a_portal_that_fails_again_and_again_is_not_asked_more_than_sixty_times() -> None:
    scene = Questioning()
    scene.portal.faults.always(Fault.status(500))
    found = scene.probe()
    assert found.spent <= MOST_REQUESTS
    assert Outcome.NO_ROOM in {row.outcome for row in found.rows}


def test_steps_go_on_where_the_last_one_ended() -> None:
    whole = [replace(row, milliseconds=None) for row in Questioning().probe().rows]
    scene, rows, place = Questioning(), [], 0
    while True:
        step = scene.probe(place, has_time=lambda: False)
        rows += [replace(row, milliseconds=None) for row in step.rows]
        if step.following is None:
            break
        assert step.following == place + 1
        place = step.following
    assert rows == whole


def test_without_time_for_one_question_the_page_has_to_come_again() -> None:
    scene = Questioning()
    asked = inquiries(RECORD, 1, read_sample(scene.client))
    scene.scene.stop.stopped = PortalBusyError()
    with pytest.raises(PortalBusyError):
        run(scene.client, scene.meter, asked, 0, lambda: True)
