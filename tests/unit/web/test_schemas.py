"""What a body may hold: each bound at its edge, and what is absent or null."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from bitrix_app.errors import RejectedRequestError
from bitrix_app.web.api.order_body import ReportSchema, SavedSetSchema
from bitrix_app.web.schemas import BuildersSchema, SettingsSchema, StrictSchema, load

PERIOD = {"date_from": "2026-01-01", "date_to": "2026-03-31"}
FILTERS = ("date_field", "stages", "company_id", "invoice_id", "mycompany_id", "assigned_by_id", "currency", "paid")
LARGEST = 2_147_483_647
SETTINGS = {
    "date_field": "begindate",
    "shipped_field": None,
    "paid_field": None,
    "excluded_stages": [],
    "time_zone": "Europe/Moscow",
}


def wrong(schema: type[StrictSchema], body: Any) -> set[str]:
    """The fields that a body is refused for."""
    with pytest.raises(RejectedRequestError) as caught:
        load(schema, body)
    assert (caught.value.status, caught.value.code) == (422, "validation_failed")
    return set(caught.value.errors)


@pytest.mark.usefixtures("russian")
def test_a_period_is_enough_for_a_report() -> None:
    found = load(ReportSchema, PERIOD)
    assert (found["date_from"], found["date_to"]) == (date(2026, 1, 1), date(2026, 3, 31))
    assert (found["detailed"], found["kind"]) == (False, "register")
    assert [found[name] for name in (*FILTERS, "period")] == [None] * 9
    assert load(ReportSchema, PERIOD | dict.fromkeys((*FILTERS, "period"))) == found


@pytest.mark.usefixtures("russian")
@pytest.mark.parametrize("name", ["company_id", "invoice_id", "mycompany_id", "assigned_by_id"])
def test_an_id_is_a_positive_number_that_a_column_holds(name: str) -> None:
    for good in (1, LARGEST):
        assert load(ReportSchema, PERIOD | {name: good})[name] == good
    for bad in (0, -1, LARGEST + 1, "5", 5.0, True, [5]):
        assert wrong(ReportSchema, PERIOD | {name: bad}) == {name}


@pytest.mark.usefixtures("russian")
@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("date_from", "2028-02-29", "2026-02-29"),
        ("date_from", "2026-01-01", "2026-1-1"),
        ("date_to", "2026-03-31", "2026-03-31T00:00:00"),
        ("date_to", "2026-03-31", "٢٠٢٦-٠٣-٣١"),
        ("date_field", "u" * 100, "u" * 101),
        ("date_field", "ufCrm_1", "1ufCrm"),
        ("currency", "KZT", "KZTT"),
        ("currency", "RUB", "rub"),
        ("stages", ["DT31_2:N"] * 300, ["DT31_2:N"] * 301),
        ("detailed", True, None),
        ("paid", False, "false"),
        ("kind", "k" * 40, "k" * 41),
    ],
)
def test_a_value_is_taken_for_what_it_is_or_refused(name: str, good: Any, bad: Any) -> None:
    load(ReportSchema, PERIOD | {name: good})
    assert {each.partition(".")[0] for each in wrong(ReportSchema, PERIOD | {name: bad})} == {name}


@pytest.mark.usefixtures("russian")
def test_a_column_that_cannot_be_is_named_as_far_as_a_line_holds() -> None:
    """A hundred characters of it, whatever came."""
    for sent in (["?" * 100], ["?" * 101]):
        with pytest.raises(RejectedRequestError) as caught:
            load(ReportSchema, PERIOD | {"columns": sent})
        assert caught.value.errors["columns"] == [f"Это не может быть столбцом: {'?' * 100}."]


@pytest.mark.usefixtures("russian")
def test_what_is_missing_unknown_or_no_object_is_named() -> None:
    assert wrong(ReportSchema, {}) == {"date_from", "date_to"}
    assert wrong(ReportSchema, PERIOD | {"dates": 1}) == {"dates"}
    assert wrong(ReportSchema, []) == {"body"}
    assert wrong(SavedSetSchema, {"name": " ", "params": {"paid": 1}}) == {"name", "params.paid"}
    assert wrong(BuildersSchema, {"mode": "chosen", "users": [1, 0]}) == {"users.1"}


@pytest.mark.usefixtures("russian")
def test_a_name_of_a_set_is_trimmed_and_has_at_most_eighty_characters() -> None:
    body = {"name": f"  {'я' * 80} ", "params": {}}
    assert load(SavedSetSchema, body)["name"] == "я" * 80
    assert load(SavedSetSchema, body)["shared"] is False
    assert load(SavedSetSchema, body)["params"]["date_from"] is None
    assert wrong(SavedSetSchema, body | {"name": "я" * 81}) == {"name"}


@pytest.mark.usefixtures("russian")
@pytest.mark.parametrize(("name", "longest"), [("report_days", 3650), ("journal_days", 1095)])
def test_reports_are_kept_for_ten_years_at_most_and_the_journal_for_three(name: str, longest: int) -> None:
    for good in (1, longest):
        assert load(SettingsSchema, SETTINGS | {name: good})[name] == good
    for bad in (0, longest + 1, None, "30"):
        assert wrong(SettingsSchema, SETTINGS | {name: bad}) == {name}


@pytest.mark.usefixtures("russian")
def test_settings_are_written_whole_and_null_is_a_choice() -> None:
    assert wrong(SettingsSchema, {}) == set(SETTINGS)
    nothing = dict.fromkeys(("date_field", "shipped_field", "paid_field", "excluded_stages"))
    assert load(SettingsSchema, SETTINGS | nothing) == SETTINGS | nothing
    assert wrong(SettingsSchema, SETTINGS | {"time_zone": None}) == {"time_zone"}
    assert wrong(SettingsSchema, SETTINGS | {"time_zone": "Mars/Olympus"}) == {"time_zone"}
