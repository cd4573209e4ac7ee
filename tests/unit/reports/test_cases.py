"""Small portals of the world, each through a whole report in memory: the rows and what is said of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from bitrix_app.portals.catalog import read_presets
from bitrix_app.reports import ReportAssembly, ReportRequest
from bitrix_app.reports.kinds import REGISTER
from bitrix_app.reports.register import Register
from bitrix_app.reports.request import ReportCatalog, ReportParams
from bitrix_app.reports.running import ProgressTracker, StopSignal
from tests.cases import fill_with_case
from tests.memory import Scene
from tests.unit.reports.watched import Watched

Told = Callable[[str], list[dict[str, Any]]]
"""The lines of a sheet by its name, keyed by their titles; empty where there is no such sheet."""


@pytest.fixture
def told(scene: Scene, tmp_path: Path) -> Callable[[str], Told]:
    """Runs a case through a detailed report of its period."""

    def run(case: str) -> Told:
        fill_with_case(scene.portal, case)
        presets = read_presets(scene.client)
        catalog = ReportCatalog(
            preset_xml_ids={each.id: each.xml_id for each in presets},
            preset_names={each.id: each.name for each in presets},
            preset_countries={each.id: each.country_id for each in presets},
        )
        params = ReportParams.from_json({"date_from": "2025-12-01", "date_to": "2026-03-31", "detailed": True})
        assembly = ReportAssembly(
            kind=REGISTER,
            portal=scene.client,
            request=ReportRequest(params, "Иванова", datetime(2026, 4, 1, 9, tzinfo=UTC), "https://p.ru/{}".format),
            catalog=catalog,
            progress=ProgressTracker(Watched(), detailed=True),
            stop=StopSignal(),
        )
        with Register(tmp_path) as register:
            outcome = assembly.orchestrator(register, tmp_path).run()
        workbook = load_workbook(next(each.path for each in outcome.files if each.format == "xlsx"))

        def sheet(name: str) -> list[dict[str, Any]]:
            if name not in workbook.sheetnames:
                return []
            lines = list(workbook[name].iter_rows(values_only=True))
            start = next(place for place, line in enumerate(lines) if {"Номер", "КПП"} & {*line})
            return [dict(zip(lines[start], line, strict=False)) for line in lines[start + 1 :] if line[0] or line[1]]

        return sheet

    return run


def numbers(told: Told) -> list[Any]:
    return [line["ИНН"] for line in told("Краткий") if line["Номер"]]


def names(told: Told) -> list[Any]:
    return [line["Контрагент"] for line in told("Краткий") if line["Номер"]]


def test_numbers_of_kazakhstan_stand_in_the_column_of_inn(told: Callable[[str], Told]) -> None:
    sheet = told("kz")
    assert numbers(sheet) == ["060140003721", "820101400016", "060140003721"]
    assert names(sheet) == ["ТОО «Степь»", "ИП Ахметова Алия", "ТОО «Жайлау»"]
    assert sheet("Проблемы") == []


def test_a_belarusian_number_is_right(told: Callable[[str], Told]) -> None:
    sheet = told("by")
    assert numbers(sheet) == ["190275968"] * 2
    assert sheet("Проблемы") == []


def test_head_office_and_branch_are_two_rows_of_counterparties(told: Callable[[str], Told]) -> None:
    lines = [line for line in told("branches")("По контрагентам") if line["КПП"]]
    assert [(line["ИНН"], line["КПП"], line["Сумма"]) for line in lines] == [
        ("7707083893", "770701001", 1220),
        ("7707083893", "519043001", 1220),
    ]


def test_rates_of_other_countries_are_not_judged_by_russian_law(told: Callable[[str], Told]) -> None:
    assert "Ставка НДС" not in {line["Поле"] for line in told("foreign_rates")("Проблемы")}


def test_a_rate_ahead_of_its_time_is_a_question(told: Callable[[str], Told]) -> None:
    (line,) = told("rate_ahead")("Проблемы")
    assert line["Проблема"] == (
        "Счёт от 15.12.2025, а ставка 22% действует с 01.01.2026. Отгрузка будет при этой ставке?"
    )


def test_a_sum_above_its_rows_makes_think_of_delivery(told: Callable[[str], Told]) -> None:
    (line,) = told("delivery")("Проблемы")
    assert (line["Поле"], line["Проблема"].replace("\N{NO-BREAK SPACE}", " ")) == (
        "Сумма",
        "Сумма счёта больше товаров: 1 570,00, а товаров в нём на 1 220,00. "
        "Возможно, в неё входит доставка, в товарах её нет.",
    )


def test_nobody_but_a_sole_trader_is_called_one_and_nobody_twice(told: Callable[[str], Told]) -> None:
    sheet = told("private_practice")
    assert names(sheet) == [
        "Нотариус Орлова Анна Павловна",
        "Адвокат Серов Пётр Ильич",
        "ИП Глава КФХ Пахомов Егор Ильич",
        "ИП Глава К(Ф)Х Пахомов Егор Ильич",
        "Самозанятый Лисин Олег",
    ]
    assert sheet("Проблемы") == []


def test_natural_persons_need_no_inn(told: Callable[[str], Told]) -> None:
    sheet = told("private_persons")
    assert names(sheet) == ["Орлова Анна", "Серов Анна", "Пахомов Анна"]
    assert sheet("Проблемы") == []
