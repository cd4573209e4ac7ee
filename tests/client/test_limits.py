"""A hostile portal cannot fill our memory: answers have a size, lists a length, all answers together a weight."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from bitrix_app.bitrix24 import session
from bitrix_app.bitrix24.crm import PRODUCT_ROWS
from bitrix_app.bitrix24.parsing import MOST_RECORDS
from bitrix_app.bitrix24.questions import LIST_RECORDS
from bitrix_app.bitrix24.transport import Exchange
from bitrix_app.bitrix24.types import AccessToken
from bitrix_app.errors import UnexpectedAnswerError
from tests.fakes import ScriptedTransport, Surroundings


def test_an_answer_has_no_more_records_than_a_portal_would_send(around: Surroundings) -> None:
    """One answer of four megabytes can hold half a million records of nothing but an id."""
    around.portal.answers["crm.category.list"] = {"result": {"categories": [{"id": 1}] * (MOST_RECORDS + 1)}}
    with pytest.raises(UnexpectedAnswerError, match="too many records"):
        around.client.categories()


def test_a_long_answer_of_an_unpaged_method_is_taken(around: Surroundings) -> None:
    around.portal.answers["crm.category.list"] = {"result": {"categories": [{"id": 1}] * MOST_RECORDS}}
    assert len(around.client.categories()) == MOST_RECORDS


@pytest.mark.parametrize("total", [None, 10**12])
def test_a_list_that_is_kept_whole_is_not_kept_for_ever(around: Surroundings, total: int | None) -> None:
    def page(params: Mapping[str, Any]) -> dict[str, Any]:
        first = params["filter"].get(">id", 0)
        return {"result": {"items": [{"id": first + each + 1} for each in range(MOST_RECORDS)]}, "total": total}

    around.portal.answers["crm.item.list"] = page
    with pytest.raises(UnexpectedAnswerError, match="no end"):
        around.client.my_companies()
    assert around.portal.counts["crm.item.list"] == LIST_RECORDS / MOST_RECORDS + 1


def test_the_longest_list_that_is_kept_whole_is_kept(around: Surroundings) -> None:
    """Fifty thousand records, in as many pages as they need."""

    def page(params: Mapping[str, Any]) -> dict[str, Any]:
        first = params["filter"].get(">id", 0)
        return {"result": {"items": [{"id": first + each + 1} for each in range(MOST_RECORDS)]}, "total": 50_000}

    around.portal.answers["crm.item.list"] = page
    assert len(around.client.my_companies()) == 50_000


def test_stages_of_many_funnels_are_one_list(around: Surroundings) -> None:
    """Five hundred funnels of fifty thousand stages each would be a list too."""
    stages = [{"STATUS_ID": "DT31_1:N"}] * MOST_RECORDS
    around.portal.answers["crm.status.list"] = {"result": stages}
    with pytest.raises(UnexpectedAnswerError, match="no end"):
        around.client.stages(range(1, 501))
    assert around.portal.counts["crm.status.list"] == LIST_RECORDS / MOST_RECORDS + 1


@pytest.mark.parametrize("total", [None, 2**62])
def test_product_rows_without_an_end_are_given_up(around: Surroundings, total: int | None) -> None:
    """They are in memory together, whatever total the portal tells."""

    def page(params: Mapping[str, Any]) -> dict[str, Any]:
        first = params["filter"].get(">id", 0)
        rows = [{"id": first + each + 1, "ownerId": 1} for each in range(MOST_RECORDS)]
        return {"result": {"productRows": rows}, "total": total}

    around.portal.answers["crm.item.productrow.list"] = page
    with pytest.raises(UnexpectedAnswerError, match="no end"):
        list(around.client.product_rows([1]))
    assert around.portal.counts["crm.item.productrow.list"] == PRODUCT_ROWS / MOST_RECORDS + 1


def test_invoices_without_an_end_are_given_up(around: Surroundings, monkeypatch: pytest.MonkeyPatch) -> None:
    """More pages than a workbook can hold end the reading, list or no list."""
    monkeypatch.setattr(session, "ANSWERS_A_METHOD", 30)
    around.portal.answers["crm.item.list"] = {"result": {"items": [{"id": 1}]}}
    for _ in range(30):
        around.client.invoice_page(filter={}, select=["id"])
    with pytest.raises(UnexpectedAnswerError, match="no end"):
        around.client.invoice_page(filter={}, select=["id"])


class HeavyPortal(ScriptedTransport):
    """Whose every answer came in at ``weight`` bytes."""

    weight = 0

    def send(self, token: AccessToken, method: str, params: Mapping[str, Any], watch: Any = None) -> Exchange:
        return replace(super().send(token, method, params, watch), received_bytes=self.weight)


def heavy(weight: int) -> Surroundings:
    portal = HeavyPortal(answers={"profile": {"result": {"ID": "1", "ADMIN": False}}})
    portal.weight = weight
    return Surroundings(portal=portal)


def test_a_few_heavy_answers_are_no_harm() -> None:
    scene = heavy(4 * 2**20)
    assert all(scene.client.profile().id == 1 for _ in range(4))


@pytest.mark.parametrize(("weight", "answers"), [(1_000_000, 200), (4 * 2**20, 5)])
def test_heavy_answers_without_end_are_given_up(weight: int, answers: int) -> None:
    scene = heavy(weight)
    with pytest.raises(UnexpectedAnswerError, match="too much in all") as caught:
        deque((scene.client.profile() for _ in range(answers)), maxlen=0)
    assert (caught.value.method, caught.value.status) == ("profile", 200)


@pytest.mark.parametrize("weight", [50_000, 128 * 1024])
def test_answers_of_the_usual_weight_go_on_for_ever(weight: int) -> None:
    """A full page is 20 to 50 KB: a long report reads thousands of them."""
    scene = heavy(weight)
    assert all(scene.client.profile().id == 1 for _ in range(2_000))
