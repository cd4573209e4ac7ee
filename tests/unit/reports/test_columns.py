"""Chosen columns of a register: what stands in `Краткий` and the CSV, in which order, and what is asked for it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from bitrix_app.jobs.columns import custom_fields
from bitrix_app.portals.catalog import read_fields
from bitrix_app.processing import Stage, invoice_columns
from bitrix_app.reports import ReportAssembly, ReportRequest
from bitrix_app.reports.kinds import REGISTER
from bitrix_app.reports.register import Register
from bitrix_app.reports.request import FieldMapping, ReportCatalog, ReportParams
from bitrix_app.reports.running import ProgressTracker, StopSignal
from demo_portal import Fault, a_row
from demo_portal.crm.fields import custom_field
from tests.memory import Scene
from tests.unit.reports.watched import Watched

MARCH = {"date_from": "2026-03-01", "date_to": "2026-03-31"}
PROJECT = "ufCrm_SMART_INVOICE_1"


@dataclass
class Built:
    """A finished report: the lines of each sheet, and those of the CSV."""

    sheets: dict[str, list[tuple[Any, ...]]]
    lines: list[list[str]]
    sheet: Any = None

    def table(self, name: str = "Краткий") -> list[tuple[Any, ...]]:
        """The header and what follows down to the names for signing, cut behind the header's last column."""
        header = list(self.lines[0]) if name == "Краткий" else ["Номер", "Поле", "Проблема"]
        lines = [line[: len(header)] for line in self.sheets[name]]
        end = next((place for place, line in enumerate(lines) if str(line[0]).startswith("Составил ")), len(lines))
        return lines[lines.index(tuple(header)) : end]

    def said(self, field: str) -> list[str]:
        """Problems under this field."""
        return [line[2] for line in self.table("Проблемы")[1:] if line[1] == field]


Build = Callable[..., Built]


@pytest.fixture
def build(scene: Scene, tmp_path: Path) -> Build:
    """Builds a register of March with these columns."""

    def run(*columns: str, catalog: dict[str, Any] | None = None, **params: Any) -> Built:
        fields = read_fields(scene.client)
        scene.portal.calls.clear()
        known = ReportCatalog(
            fields=FieldMapping(zone=ZoneInfo("Europe/Moscow")),
            knows_users=True,
            custom_fields=custom_fields(fields),
            field_names=fields.names,
        )
        asked = ReportParams.from_json({**MARCH, **params, "columns": list(columns) or None})
        assembly = ReportAssembly(
            kind=REGISTER,
            portal=scene.client,
            request=ReportRequest(asked, "Иванова", datetime(2026, 4, 1, 9, tzinfo=UTC), "https://p.ru/{}".format),
            catalog=replace(known, **(catalog or {})),
            progress=ProgressTracker(Watched(), detailed=asked.reads_rows),
            stop=StopSignal(),
        )
        with Register(tmp_path) as register:
            outcome = assembly.orchestrator(register, tmp_path).run()
        paths = {each.format: each.path for each in outcome.files}
        workbook = load_workbook(paths["xlsx"])
        table = io.StringIO(paths["csv"].read_text(encoding="utf-8-sig"))
        return Built(
            {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in workbook},
            list(csv.reader(table, delimiter=";")),
            workbook["Краткий"],
        )

    return run


def test_without_a_choice_the_columns_are_the_usual_ones(scene: Scene, build: Build) -> None:
    scene.portal.crm.add_invoice(date="2026-03-10", opportunity=120)
    assert build().lines[0] == [each.title for each in invoice_columns(with_rows=False)]
    assert build(detailed=True).lines[0] == [each.title for each in invoice_columns(with_rows=True)]


def test_workbook_and_csv_have_the_chosen_columns_in_their_order(scene: Scene, build: Build) -> None:
    scene.portal.crm.add_invoice(number="17", date="2026-03-10", opportunity="120.10", comments="Срочно", title="Счёт")
    built = build("comment", "amount", "title", "number", "created")
    assert built.lines == [
        ["Комментарий", "Сумма", "Тема", "Номер", "Дата создания"],
        ["Срочно", "120,10", "Счёт", "17", "10.03.2026"],
    ]
    created = datetime(2026, 3, 10)  # noqa: DTZ001 - a cell knows no zone
    assert built.table()[1] == ("Срочно", pytest.approx(120.10), "Счёт", "17", created)


def test_totals_stand_below_only_where_they_have_their_three_columns(scene: Scene, build: Build) -> None:
    scene.portal.crm.add_invoice(number="17", date="2026-03-10", opportunity=120)
    below = build("currency", "amount", "counterparty").table()[2:]
    assert ("RUB", 120, "Всего счетов на сумму") in below
    assert all(len(build(*codes).table()) == 2 for codes in (("number", "amount", "currency"), ("inn",)))


@pytest.mark.parametrize("codes", [("counterparty", "amount", "currency"), ("amount",), ("currency", "amount")])
def test_figures_above_take_the_columns_that_they_need(scene: Scene, build: Build, codes: tuple[str, ...]) -> None:
    """In a column of currencies a sum of millions would be a row of hashes."""
    scene.portal.crm.add_invoice(number="17", date="2026-03-10", opportunity="123456789.10", tax="12345678.90")
    sheet = build(*codes).sheet
    figures = [cell for row in sheet.iter_rows(max_row=12) for cell in row if cell.value in {123456789.10, 12345678.90}]
    merged = {each.coord.partition(":")[0]: each.size["columns"] for each in sheet.merged_cells.ranges}
    assert figures[:2]
    for figure in figures[:2]:
        letters = range(figure.column, figure.column + merged.get(figure.coordinate, 1))
        widths = [sheet.column_dimensions[get_column_letter(each)].width for each in letters]
        assert sum(widths) >= len("123 456 789,10")


def test_an_empty_register_says_so_whatever_its_columns(build: Build) -> None:
    assert build("comment", "amount").table()[-1][0] == "Счетов по условиям отчёта нет"


def test_payment_columns_follow_the_payment_date(scene: Scene, build: Build) -> None:
    """Paid is the whole sum, else nothing; a status only where there is something to pay."""
    crm = scene.portal.crm
    for number, (stage, amount) in enumerate([("P", "100"), ("N", "100"), ("N", "0"), ("N", "-5")], start=1):
        crm.add_invoice(number=str(number), date="2026-03-10", opportunity=amount, stage=f"DT31_2:{stage}")
    stages = {"stages": _stages(scene)}
    built = build("number", "paid_amount", "outstanding", "payment_status", catalog=stages)
    assert built.lines[0] == ["Номер", "Оплачено", "Остаток", "Статус оплаты"]
    assert built.lines[1:] == [
        ["1", "100,00", "0,00", "оплачен"],
        ["2", "0,00", "100,00", "не оплачен"],
        ["3", "0,00", "0,00", ""],
        ["4", "0,00", "0,00", ""],
    ]


def _stages(scene: Scene) -> dict[str, Any]:
    return {
        each["STATUS_ID"]: Stage(each["STATUS_ID"], each["NAME"], each["SEMANTICS"] or "P", 2)
        for each in scene.portal.crm.statuses
    }


def test_deal_own_company_and_its_number_are_told_by_name(scene: Scene, build: Build) -> None:
    """The linked own requisite goes before the own company's first."""
    crm = scene.portal.crm
    own = crm.add_company("ООО «Наша»", isMyCompany="Y")
    crm.add_requisite(company_id=own, inn="7736207543", name="ООО «Наша»", SORT=1)
    linked = crm.add_requisite(company_id=own, inn="7707083893", name="ООО «Наша»", SORT=2)
    deal = crm.add_deal("Поставка бумаги")
    first = crm.add_invoice(number="1", date="2026-03-10", opportunity=1, mycompany_id=own, parentId2=deal)
    crm.link(first, 0, linked)
    crm.add_invoice(number="2", date="2026-03-11", opportunity=1, mycompany_id=own, parentId2=999)
    crm.add_invoice(number="3", date="2026-03-12", opportunity=1)
    built = build("number", "my_company", "my_company_inn", "deal")
    assert built.lines[0] == ["Номер", "Наша компания", "ИНН нашей компании", "Сделка"]
    assert built.lines[1:] == [
        ["1", "ООО «Наша»", "7707083893", "Поставка бумаги"],
        ["2", "ООО «Наша»", "7736207543", ""],
        ["3", "", "", ""],
    ]
    assert [each["filter"]["@id"] for each in scene.params("crm.item.list", entityTypeId=2)] == [[deal, 999]]


def test_deals_that_may_not_be_read_are_said_once(scene: Scene, build: Build) -> None:
    scene.portal.crm.add_invoice(date="2026-03-10", opportunity=1, parentId2=scene.portal.crm.add_deal("Поставка"))
    scene.portal.faults.when(lambda _, params: params.get("entityTypeId") == 2, Fault.error("ACCESS_DENIED"))
    built = build("number", "deal")
    assert len(built.said("Сделка")) == 1


def test_own_fields_are_asked_for_only_when_chosen(scene: Scene, build: Build) -> None:
    crm = scene.portal.crm
    crm.add_custom_field(custom_field("UF_CRM_SMART_INVOICE_1", "enumeration", "Проект", items={"45": "Альфа"}))
    crm.add_invoice(number="1", date="2026-03-10", opportunity=1, **{PROJECT: 45})
    build("number")
    assert not any(PROJECT in each["select"] for each in scene.params("crm.item.list", entityTypeId=31))
    assert build("number", PROJECT).lines == [["Номер", "Проект"], ["1", "Альфа"]]
    assert all(PROJECT in each["select"] for each in scene.params("crm.item.list", entityTypeId=31) if "title" in each)


def test_words_are_asked_for_fifty_keys_a_call_each_once(scene: Scene, build: Build) -> None:
    crm = scene.portal.crm
    crm.add_custom_field(
        custom_field("UF_CRM_SMART_INVOICE_1", "crm", "Заказчик", settings={"COMPANY": "Y", "CONTACT": "N"})
    )
    companies = [crm.add_company(f"Заказчик {number}") for number in range(60)]
    for company in companies * 2:
        crm.add_invoice(number="1", date="2026-03-10", opportunity=1, **{PROJECT: f"CO_{company}"})
    lines = build(PROJECT).lines
    assert sorted(line[0] for line in lines[1:]) == sorted(f"Заказчик {number}" for number in range(60) for _ in "12")
    asked = [each["filter"]["@id"] for each in scene.params("crm.item.list", entityTypeId=4) if "@id" in each["filter"]]
    assert sorted(map(len, asked)) == [10, 50]


def test_the_column_of_rates_brings_the_product_rows_along(scene: Scene, build: Build) -> None:
    """Their sheets stay those of a detailed report."""
    scene.portal.crm.add_invoice(number="1", date="2026-03-10", rows=[a_row(rate=22), a_row(rate=None)])
    built = build("number", "vat_rates")
    assert built.lines == [["Номер", "Ставка НДС"], ["1", "22% / Без НДС"]]
    assert "Полный" not in built.sheets


def test_a_title_that_stands_twice_is_numbered(scene: Scene, build: Build) -> None:
    for place in (1, 2):
        scene.portal.crm.add_custom_field(custom_field(f"UF_CRM_SMART_INVOICE_{place}", "string", "Номер"))
    scene.portal.crm.add_invoice(number="1", date="2026-03-10", opportunity=1)
    built = build("ufCrm_SMART_INVOICE_1", "number", "ufCrm_SMART_INVOICE_2")
    assert built.lines[0] == ["Номер", "Номер (2)", "Номер (3)"]


def test_a_field_that_is_gone_costs_its_column_and_one_line(scene: Scene, build: Build) -> None:
    scene.portal.crm.add_invoice(number="1", date="2026-03-10", opportunity=1)
    built = build("number", PROJECT, "amount")
    assert built.lines[0] == ["Номер", "Сумма"]
    assert len(built.said(PROJECT)) == 1


def test_a_report_all_of_whose_columns_are_gone_has_the_usual_ones(scene: Scene, build: Build) -> None:
    scene.portal.crm.add_invoice(number="1", date="2026-03-10", opportunity=1)
    assert build(PROJECT).lines[0] == [each.title for each in invoice_columns(with_rows=False)]


def test_chosen_columns_are_told_in_the_title_block(scene: Scene, build: Build) -> None:
    scene.portal.crm.add_invoice(number="1", date="2026-03-10", opportunity=1)

    def told(*columns: str, set_name: str | None = None, **catalog: Any) -> list[str]:
        built = build(*columns, catalog=catalog, set_name=set_name)
        lines = [str(line[0]) for line in built.sheets["Краткий"]]
        return [" ".join(lines).partition("Столбцы листа «Краткий»: ")[2].partition(" Составлено")[0]]

    two = ("number", "amount")
    assert told() == [""]
    assert told(*two) == ["выбраны для этого отчёта, 2 шт."]
    assert told(*two, set_name="Для 1С") == ["набор «Для 1С», 2 шт."]
    assert told(*two, usual_columns=two) == ["как в настройках приложения"]
    assert told(*two, set_name="Для 1С", usual_columns=two) == ["как в настройках приложения, набор «Для 1С»"]
    assert told(set_name="За месяц") == ["обычные, набор «За месяц»"]
