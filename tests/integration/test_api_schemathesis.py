"""schemathesis plays with the API by its own description: whatever it sends, no answer is a failure of ours."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.schemas import BaseSchema

from bitrix_app.web.api.openapi import describe
from tests.integration.house import APP_URL, House

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
OPERATIONS = [(method, path) for path, methods in describe(APP_URL)["paths"].items() for method in methods]


@pytest.fixture(scope="module")
def schema(module_house: House) -> BaseSchema:
    """The API as it describes itself, called in this process."""
    return schemathesis.openapi.from_wsgi(
        "/api/v1/openapi.json", module_house.app, headers={"Accept-Encoding": "identity"}
    )


@pytest.fixture(scope="module")
def headers(module_house: House) -> dict[str, str]:
    """The session of an administrator, who may do everything."""
    portal = module_house.portal(installed=False)
    portal.make_box()  # no limit of requests, whatever is asked in a second
    assert module_house.post("/install", portal).status_code == 200
    token = module_house.visitor(portal, portal.admin).token
    return {
        "Authorization": f"Bearer {token}",
        "Accept-Encoding": "identity",
    }  # a client in this process unpacks nothing


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("operation", OPERATIONS, ids=" ".join)
def test_no_request_breaks_the_api(
    schema: BaseSchema, headers: dict[str, str], operation: tuple[str, str], mode: GenerationMode
) -> None:
    """Good requests and bad ones: each answer has a described status, type and shape, and none is a 5xx."""
    method, path = operation
    cases = schema[path][method.upper()].as_strategy(generation_mode=mode)

    @given(case=cases)
    @settings(
        max_examples=8,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def play(case: Case) -> None:
        case.validate_response(case.call(headers=headers), checks=CHECKS)

    try:
        play()
    except Unsatisfiable:  # an operation that takes nothing cannot be asked wrongly
        assert (mode, path) == (GenerationMode.NEGATIVE, "/openapi.json")
