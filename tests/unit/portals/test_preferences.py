"""Settings nobody has chosen, and the guesses of a first install."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bitrix_app.portals import complete_settings, default_settings
from bitrix_app.portals.preferences import (
    PAID_TITLES,
    SHIPPED_TITLES,
    guess_field,
    guess_zone,
    guessed_settings,
    guessed_zone,
)


@pytest.mark.parametrize(
    ("titles", "shipped"),
    [
        ({"ufCrm1": "Дата отгрузки"}, "ufCrm1"),
        ({"ufCrm1": " дата ОТГРУЗКИ "}, "ufCrm1"),
        ({"ufCrm1": "Дата отгрузки (план)", "ufCrm2": "Дата отгрузки"}, "ufCrm2"),
        ({"ufCrm1": "Дата отгрузки товара"}, "ufCrm1"),
        ({"ufCrm1": "Shipping date"}, "ufCrm1"),
        ({"ufCrm1": "Плановая дата отгрузки"}, None),
        ({"ufCrm1": "Дата доставки"}, None),
        ({"begindate": "Дата отгрузки"}, None),
        ({}, None),
    ],
)
def test_the_shipping_date_is_guessed_by_a_custom_fields_title(titles: dict[str, str], shipped: str | None) -> None:
    assert guess_field(titles, SHIPPED_TITLES) == shipped


def test_a_date_until_which_is_to_be_paid_is_no_payment_date() -> None:
    assert guess_field({"ufCrm1": "Плановая дата оплаты", "ufCrm2": "Срок оплаты"}, PAID_TITLES) is None
    assert guess_field({"ufCrm1": "Дата оплаты"}, PAID_TITLES) == "ufCrm1"


@pytest.mark.parametrize(
    ("profile", "hours", "zone"),
    [
        ("Asia/Omsk", 3, "Asia/Omsk"),
        ("", 3, "Europe/Moscow"),
        ("", 10, "Asia/Vladivostok"),
        ("Mars/Olympus", 5, "Asia/Yekaterinburg"),
        ("", 0, "UTC"),
        ("", 1, "Etc/GMT-1"),
        ("", -5, "Etc/GMT+5"),
        ("", 5.5, "Europe/Moscow"),
        ("", None, "Europe/Moscow"),
    ],
)
def test_the_portals_time_zone_is_guessed(profile: str, hours: float | None, zone: str) -> None:
    """By the administrator's profile, else by the offset of the portal's answers, where one zone fits it."""
    assert guess_zone(profile, None if hours is None else timedelta(hours=hours)) == zone


def test_a_guessed_time_zone_is_told_until_settings_are_saved() -> None:
    stored = guessed_settings({}, "Asia/Omsk")
    assert (guessed_zone(stored), guessed_zone(complete_settings(stored)), guessed_zone({})) == (
        "Asia/Omsk",
        None,
        None,
    )


def test_missing_settings_have_defaults_and_foreign_keys_are_dropped() -> None:
    complete = complete_settings({"date_field": "closedate", "secret": 1})
    assert complete == default_settings() | {"date_field": "closedate"}


def test_defaults_are_made_anew_each_time() -> None:
    default_settings()["builders"]["users"].append(1)
    assert default_settings()["builders"]["users"] == []


def test_a_journal_that_was_to_be_kept_for_ten_years_is_kept_for_three() -> None:
    """So that an administrator can save the other settings as they are shown."""
    assert complete_settings({"journal_days": 3650})["journal_days"] == 1095
    assert complete_settings({"journal_days": 30})["journal_days"] == 30
