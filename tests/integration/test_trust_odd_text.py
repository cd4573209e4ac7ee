"""Text that no encoding can hold: half a surrogate pair, from a visitor or from a portal, never becomes a failure."""

from __future__ import annotations

from typing import Any

import pytest

from demo_portal import Fault, Portal
from tests.integration.house import QUARTER, House, Visitor

HALF = "a\ud800b"
SHOWN = "ab"


@pytest.mark.parametrize("path", ["/reports", "/reports/preview", "/session", "/saved-sets"])
def test_a_key_that_is_no_text_is_422(visitor: Visitor, path: str) -> None:
    """What is refused is named in the answer, and the answer must be text."""
    answer = visitor.call("POST", path, data='{"\\ud800": 1}', content_type="application/json")
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json"), answer.text
    assert answer.json["errors"]["?"]


def test_a_key_deep_in_a_body_is_422(visitor: Visitor) -> None:
    body = '{"name": "set", "params": {"\\udfff": {}}}'
    answer = visitor.call("POST", "/saved-sets", data=body, content_type="application/json")
    assert answer.status_code == 422
    assert "params.?" in answer.json["errors"]


@pytest.mark.parametrize(
    ("method", "result", "where"),
    [
        ("crm.item.fields", {"fields": {"ufCrmOdd": {"type": "date", "title": HALF}}}, "date_fields"),
        ("crm.category.list", {"categories": [{"id": 1, "name": HALF}]}, "categories"),
        ("crm.status.list", [{"STATUS_ID": "DT31_1:N", "NAME": HALF}], "stages"),
        ("crm.item.list", {"items": [{"id": 1, "title": HALF}]}, "my_companies"),
    ],
)
def test_a_title_that_is_no_text_is_shown_as_far_as_it_is(
    portal: Portal, visitor: Visitor, method: str, result: Any, where: str
) -> None:
    portal.faults.always(Fault.result(result), method=method)
    assert SHOWN in {each["title"] for each in visitor.get("/options")[where]}


def test_a_report_by_a_field_with_an_odd_title_can_be_listed(portal: Portal, visitor: Visitor) -> None:
    odd = {"fields": {"ufCrmOdd": {"type": "date", "title": HALF}}}
    portal.faults.always(Fault.result(odd), method="crm.item.fields")
    visitor.get("/options")
    assert visitor.call("POST", "/reports", json=QUARTER | {"date_field": "ufCrmOdd"}).status_code == 202
    assert SHOWN in visitor.get("/reports")["items"][0]["filters"][0]


def test_a_user_with_an_odd_name_has_their_page(house: House, portal: Portal) -> None:
    portal.manager.name = HALF
    answer = house.post("/app", portal, portal.manager)
    assert answer.status_code == 200
    assert SHOWN in house.visitor(portal, portal.manager).get("/me")["user"]["name"]
