"""Settings nobody has chosen, and the guesses of a first install."""

from __future__ import annotations

import pytest

from bitrix_app.portals import complete_settings, default_settings
from bitrix_app.portals.preferences import PAID_TITLES, SHIPPED_TITLES, guess_field, guessed_settings


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


def test_a_first_install_takes_the_administrators_time_zone() -> None:
    assert guessed_settings({}, "Asia/Omsk")["time_zone"] == "Asia/Omsk"
    assert guessed_settings({}, "")["time_zone"] == "Europe/Moscow"


def test_missing_settings_have_defaults_and_foreign_keys_are_dropped() -> None:
    complete = complete_settings({"date_field": "closedate", "secret": 1})
    assert complete == default_settings() | {"date_field": "closedate"}


def test_defaults_are_made_anew_each_time() -> None:
    default_settings()["builders"]["users"].append(1)
    assert default_settings()["builders"]["users"] == []
