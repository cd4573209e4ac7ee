"""fetch → process → export: from the portal's answers to the finished files, without a network."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook

from bitrix_app.errors import PaymentRequiredError, ReportCancelledError
from bitrix_app.processing import FieldMapping, ProblemLine, ProcessingContext, Stage
from bitrix_app.reports import ReportAssembly, ReportRequest, WorkflowOrchestrator
from bitrix_app.reports.exporting import Outcome
from bitrix_app.reports.fetching import FetchedPage
from bitrix_app.reports.kinds import REGISTER, ReportKind
from bitrix_app.reports.register import Register
from bitrix_app.reports.request import ReportCatalog, ReportParams, Selection, invoice_filter
from bitrix_app.reports.running import Progress, ProgressTracker, StopSignal
from demo_portal import PAID, SHIPPED, Fault, Portal, a_row
from tests.memory import Scene
from tests.unit.reports.watched import Watched

CATALOG = ReportCatalog(
    fields=FieldMapping(titles={"begindate": "Дата выставления"}),
    stages={
        "DT31_1:N": Stage("DT31_1:N", "Новый", "P", 1),
        "DT31_1:P": Stage("DT31_1:P", "Оплачен", "S", 1),
        "DT31_1:D": Stage("DT31_1:D", "Не оплачен", "F", 1),
    },
)


def build(
    scene: Scene,
    folder: Path,
    *,
    kind: ReportKind = REGISTER,
    watched: Any = None,
    stop: Any = None,
    catalog: ReportCatalog = CATALOG,
    **params: Any,
) -> Outcome:
    asked = ReportParams.from_json({"date_from": "2026-03-01", "date_to": "2026-03-31", "detailed": True, **params})
    assembly = ReportAssembly(
        kind=kind,
        portal=scene.client,
        request=ReportRequest(asked, "Иванова Анна", datetime(2026, 4, 1, 9, tzinfo=UTC), "https://p.ru/{}".format),
        catalog=catalog,
        progress=ProgressTracker(watched or Watched(), detailed=asked.detailed),
        stop=stop or StopSignal(),
    )
    with Register(folder) as register:
        return assembly.orchestrator(register, folder).run()


def sheet(outcome: Outcome, name: str) -> list[dict[str, Any]]:
    """The sheet's table as dicts, from its header row down."""
    workbook = load_workbook(next(each.path for each in outcome.files if each.format == "xlsx"))
    lines = list(workbook[name].iter_rows(values_only=True))
    start = next(number for number, line in enumerate(lines) if line[0] == "Номер")
    return [dict(zip(lines[start], line, strict=True)) for line in lines[start + 1 :]]


@pytest.fixture
def portal(scene: Scene) -> Portal:
    """Two good invoices, one with a sum that is none, and two without a date."""
    portal = scene.portal
    company = portal.crm.add_company("Ромашка")
    requisite = portal.crm.add_requisite(company_id=company, kpp="770701001", name="ООО «Ромашка»")
    for number, day in (("1", "2026-03-05"), ("2", "2026-03-01"), ("3", "2026-03-05")):
        portal.crm.add_invoice(
            number=number,
            date=day,
            stage="DT31_1:N",
            company_id=company if number != "3" else None,
            requisite_id=requisite if number != "3" else None,
            rows=[a_row(name="Болт", price="61", quantity="2", rate=22)],
        )
    portal.crm.invoices.change(2, begindate="2026-03-01T00:00:00+03:00")
    portal.crm.invoices.change(3, opportunity="x")
    for _ in range(2):
        portal.crm.add_invoice(number="4", date=None, stage="DT31_1:N")
    return portal


def test_a_report_becomes_a_workbook_and_a_table(scene: Scene, portal: Portal, tmp_path: Path) -> None:
    """Every invoice has its row in date order, the broken one too; the sums count what is known."""
    outcome = build(scene, tmp_path)
    brief = sheet(outcome, "Краткий")
    assert [line["Номер"] for line in brief[:3]] == ["2", "1", "3"]
    assert [line["Сумма"] for line in brief[:3]] == [122, 122, None]
    assert brief[0]["ИНН"] == "7707083893"
    assert [total["amount"] for total in outcome.summary["totals"]] == ["244.00"]
    assert outcome.summary["invoices"] == 3


def test_what_is_wrong_is_listed_and_counted(scene: Scene, portal: Portal, tmp_path: Path) -> None:
    """``summary.problems`` is the number of lines on «Проблемы»; an undated invoice is one of them."""
    outcome = build(scene, tmp_path)
    problems = sheet(outcome, "Проблемы")
    assert len(problems) == outcome.summary["problems"]
    assert {"3", "4"} == {line["Номер"] for line in problems}
    assert outcome.summary["undated"] == 2


@pytest.mark.parametrize(
    ("count", "named", "more"),
    [(1, 1, None), (200, 200, None), (201, 200, "И ещё 1 счёт без даты"), (237, 200, "И ещё 37 счетов без даты")],
)
def test_undated_invoices_are_named_each_with_its_link(
    scene: Scene, tmp_path: Path, count: int, named: int, more: str | None
) -> None:
    """No period holds them: the first 200 by their ids, then how many more; one without a number has its link too."""
    ids = [scene.portal.crm.add_invoice(number=f"Б-{each}" if each else "", date=None) for each in range(count)]
    outcome = build(scene, tmp_path)
    table = load_workbook(outcome.files[0].path)["Проблемы"]
    links = [cell.hyperlink.target for row in table.iter_rows() for cell in row if cell.hyperlink]
    assert links == [f"https://p.ru/{each}" for each in ids[:named]]
    lines = sheet(outcome, "Проблемы")
    assert all("без даты в поле «Дата выставления»" in line["Проблема"] for line in lines)
    assert [line["Номер"] for line in lines[1:named]] == [f"Б-{each}" for each in range(1, named)]
    assert len(lines) == named + bool(more) == outcome.summary["problems"]
    assert lines[-1]["Проблема"].startswith(more or "Счёт без даты")
    assert outcome.summary["undated"] == count
    assert [each["invoice_id"] for each in outcome.summary["first_problems"]] == ids[:5]


def test_the_first_problems_are_the_first_lines_of_the_sheet(scene: Scene, portal: Portal, tmp_path: Path) -> None:
    """In the report's order, with what only the whole register shows: undated invoices, the same number twice."""
    for invoice in (1, 2):
        portal.crm.invoices.change(invoice, accountNumber="7")
    outcome = build(scene, tmp_path)
    first = outcome.summary["first_problems"]
    lines = [(line["Номер"], line["Поле"], line["Проблема"]) for line in sheet(outcome, "Проблемы")]
    assert [(each["number"], each["field"], each["message"]) for each in first] == lines[:5]
    assert [each["invoice_id"] for each in first] == [4, 5, 2, 1, 3]


def test_problems_are_told_by_field_with_their_first_lines(scene: Scene, tmp_path: Path) -> None:
    """All that stands on the sheet is counted; twenty lines of a field are enough for the page."""
    for number in range(25):
        scene.portal.crm.add_invoice(number=f"Б-{number}", date=None)
    outcome = build(scene, tmp_path)
    groups = {each["field"]: each for each in outcome.summary["problems_by_field"]}
    lines = [(line["Поле"], line["Проблема"]) for line in sheet(outcome, "Проблемы")]
    assert {field: each["count"] for field, each in groups.items()} == Counter(field for field, _ in lines)
    assert list(groups) == list(dict.fromkeys(field for field, _ in lines))
    undated = groups["Дата выставления"]
    assert (undated["count"], [each["number"] for each in undated["first"]]) == (25, [f"Б-{n}" for n in range(20)])


def test_the_table_for_1c_has_a_line_an_invoice(scene: Scene, portal: Portal, tmp_path: Path) -> None:
    """The second format holds the same rows."""
    outcome = build(scene, tmp_path)
    path = next(each.path for each in outcome.files if each.format == "csv")
    with path.open(encoding="utf-8-sig", newline="") as file:
        assert [line["Номер"] for line in csv.DictReader(file, delimiter=";")] == ["2", "1", "3"]


def test_invoices_that_a_typing_error_keeps_out_of_the_period_are_named(
    scene: Scene, portal: Portal, tmp_path: Path
) -> None:
    """The year 0206 or 2062 is in no period that anybody asks for: one line for all of them; others are not named."""
    for number, day in (("А-1", "0206-03-05"), ("А-2", "2062-03-05"), ("", "1926-03-05"), ("А-4", "2020-03-05")):
        portal.crm.add_invoice(number=number, date=day, stage="DT31_1:N")
    outcome = build(scene, tmp_path)
    [note] = [line["Проблема"] for line in sheet(outcome, "Проблемы") if "опечатку" in line["Проблема"]]
    named = "счёт № А-1 («0206-03-05T03:00:00+03:00»), счёт с ID 8 (05.03.1926), счёт № А-2 (05.03.2062)"
    assert note.startswith(f"Не попали в отчёт, год похож на опечатку: {named}. Исправьте дату")
    assert outcome.summary["invoices"] == 3


def test_a_mapped_field_that_is_gone_is_one_line_of_the_whole_report(
    scene: Scene, portal: Portal, tmp_path: Path
) -> None:
    gone = {"date_field": "ufCrmA", "shipped_field": "ufCrmB", "paid_field": "ufCrmC"}
    found = build(scene, tmp_path, catalog=replace(CATALOG, gone_fields=gone)).summary["first_problems"][:3]
    assert [each["field"] for each in found] == ["Дата периода", "Дата отгрузки", "Дата оплаты"]
    assert {each["invoice_id"] for each in found} == {None}
    assert "оплаченными считаются счета на успешной стадии" in found[2]["message"]


@pytest.mark.parametrize("place", ["America/New_York", "Europe/Moscow", "UTC", "Pacific/Kiritimati", "Etc/GMT+12"])
def test_a_report_has_the_dates_of_the_portal_wherever_its_server_stands(
    scene: Scene, tmp_path: Path, place: str
) -> None:
    """The first and the last day of the period, a day before and after it; a payment late on the last day."""
    for day in ("2026-02-28", "2026-03-01", "2026-03-31", "2026-04-01"):
        number = scene.portal.crm.add_invoice(number=day, date=day, shipped=day, stage="DT31_1:N")
        scene.portal.crm.invoices.change(number, **{PAID: f"{day}T23:30:00+03:00"})
    scene.portal.behave(server_zone=ZoneInfo(place))
    catalog = replace(
        CATALOG,
        fields=FieldMapping(
            shipped_field=SHIPPED, paid_field=PAID, datetime_fields=frozenset({PAID}), zone=ZoneInfo("Europe/Moscow")
        ),
    )
    for field in ("begindate", SHIPPED, PAID):
        table = sheet(build(scene, tmp_path, catalog=catalog, date_field=field), "Краткий")[:2]
        for title in ("Дата счёта", "Дата отгрузки", "Дата оплаты"):
            assert [line[title].date() for line in table] == [date(2026, 3, 1), date(2026, 3, 31)]
        assert [line["Номер"] for line in table] == ["2026-03-01", "2026-03-31"]


def test_invoices_outside_the_period_are_left_out_by_their_calendar_date(
    scene: Scene, portal: Portal, tmp_path: Path
) -> None:
    """An invoice that moved out of the period while it was read, or that a wider filter brought, is not shown."""
    other = {**portal.crm.invoices[1], "id": 9, "accountNumber": "9", "begindate": "2026-04-01T00:00:00+03:00"}
    portal.faults.when(
        lambda method, params: ">=begindate" in params.get("filter", {}),
        Fault.edit(lambda body: body["result"]["items"].append(other)),
    )
    outcome = build(scene, tmp_path)
    assert portal.faults.fired
    assert "9" not in [line["Номер"] for line in sheet(outcome, "Краткий")]


def test_only_unpaid_invoices_on_request(scene: Scene, portal: Portal, tmp_path: Path) -> None:
    """Without a payment date field a successful stage means paid."""
    portal.crm.invoices.change(1, stageId="DT31_1:P")
    outcome = build(scene, tmp_path, paid=False)
    assert [line["Номер"] for line in sheet(outcome, "Краткий")[:2]] == ["2", "3"]
    assert outcome.summary["invoices"] == 2


def title_block(outcome: Outcome) -> str:
    book = load_workbook(outcome.files[0].path)
    lines = book["Краткий"].iter_rows(max_row=8, values_only=True)
    return "\n".join(str(cell) for line in lines for cell in line if cell)


@pytest.mark.parametrize(("paid", "told"), [(None, False), (True, True), (False, True)])
def test_undated_invoices_are_named_paid_or_not(
    scene: Scene, portal: Portal, tmp_path: Path, paid: bool | None, told: bool
) -> None:
    """The portal cannot tell which of them are paid; who asked for one kind must not read the lines as theirs."""
    (note, *_) = build(scene, tmp_path, paid=paid).summary["first_problems"]
    assert ("(оплачен он или нет, здесь не различается)" in note["message"]) is told


def test_the_title_block_names_the_stages_that_are_left_out(scene: Scene, portal: Portal, tmp_path: Path) -> None:
    """Failed stages are left out without being asked; who names stages gets those."""
    assert "Отбор: Без проваленных счетов (стадии «Не оплачен»)\n" in title_block(build(scene, tmp_path))
    assert "Отбор: Стадии: Новый\n" in title_block(build(scene, tmp_path, stages=["DT31_1:N"]))


def test_a_report_of_one_invoice_is_called_by_it(scene: Scene, portal: Portal, tmp_path: Path) -> None:
    """In the workbook and in the file's name; no period that somebody would have to understand."""
    invoice = next(iter(portal.crm.invoices))
    summary = build(scene, tmp_path, invoice_id=invoice["id"]).summary
    day = "{2}.{1}.{0}".format(*str(invoice["begindate"])[:10].split("-"))
    assert summary["title"] == summary["file_title"] == f"Счёт № {invoice['accountNumber']} от {day}"


def test_the_title_block_names_the_own_company(scene: Scene, portal: Portal, tmp_path: Path) -> None:
    """Who narrows the report to an own company reads its name and ИНН above the table."""
    above = title_block(build(scene, tmp_path, mycompany_id=1))
    assert "Ромашка" in above
    assert "7707083893" in above
    assert "Дата выставления" in above


def test_entities_of_html_are_decoded_in_the_names_above_the_table(scene: Scene, tmp_path: Path) -> None:
    company = scene.portal.crm.add_company("ООО &quot;Ромашка&quot;")
    above = title_block(build(scene, tmp_path, mycompany_id=company, company_id=company))
    assert above.count('ООО "Ромашка"') == 2
    assert "&quot;" not in above


def test_an_empty_report_is_a_workbook_too(scene: Scene, tmp_path: Path) -> None:
    """No invoices is an answer, not an error."""
    outcome = build(scene, tmp_path)
    assert outcome.summary["invoices"] == 0
    assert {each.format for each in outcome.files} == {"xlsx", "csv", "rows"}


def test_progress_ends_with_all_invoices_written(scene: Scene, portal: Portal, tmp_path: Path) -> None:
    """The last thing told is the workbook, complete."""
    watched = Watched()
    build(scene, tmp_path, watched=watched)
    last = watched.told[-1]
    assert (last.stage, last.done, last.total) == ("workbook", 3, 3)


def test_progress_tells_of_the_workbook_while_it_is_written(scene: Scene, portal: Portal, tmp_path: Path) -> None:
    """It takes nearly all the time of writing; rows and CSV tell nothing, so that no counter begins anew."""
    finished: list[list[str]] = []

    class Sink(Watched):
        def update(self, progress: Progress) -> None:
            super().update(progress)
            if progress.stage == "workbook" and progress.done:
                finished.append([each.name for each in tmp_path.iterdir() if each.suffix in {".xlsx", ".csv"}])

    build(scene, tmp_path, watched=Sink())
    assert finished
    assert finished == [[]] * len(finished)


def test_a_portal_that_gives_up_leaves_no_file(scene: Scene, portal: Portal, tmp_path: Path) -> None:
    """An error ends the report with its reason; nothing half done lies about."""
    portal.faults.always(Fault.error("PAYMENT_REQUIRED"), method="crm.requisite.list")
    with pytest.raises(PaymentRequiredError):
        build(scene, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_kind_of_report_is_a_value_that_names_its_parts(scene: Scene, portal: Portal, tmp_path: Path) -> None:
    """Another scope, selection and title, other sheets: nothing else has to know of a new kind."""
    kind = replace(
        REGISTER,
        name="without_the_first",
        title="Счета первого дня, кроме первого",
        scope=lambda params, catalog: {"!=id": 1, **invoice_filter(params, catalog)},
        select=lambda params, catalog: Selection(params.date_from, params.date_from),
        sheets=lambda params: REGISTER.sheets(params)[:1],
    )
    outcome = build(scene, tmp_path, kind=kind)
    workbook = load_workbook(next(each.path for each in outcome.files if each.format == "xlsx"))
    assert workbook.sheetnames == ["Краткий", "Проблемы"]
    assert str(workbook["Краткий"].cell(1, 1).value).startswith("Счета первого дня, кроме первого")
    assert outcome.summary["invoices"] == 1
    first = replace(kind, scope=lambda params, catalog: {"=id": 1, **invoice_filter(params, catalog)})
    assert build(scene, tmp_path, kind=first).summary["invoices"] == 0


def test_cancelling_while_the_workbook_is_written_stops_it(scene: Scene, portal: Portal, tmp_path: Path) -> None:
    """The stop is looked at in every stage."""
    watched = Watched()

    class StopAtWorkbook(StopSignal):
        def check(self) -> None:
            if watched.told and watched.told[-1].stage == "workbook":
                raise ReportCancelledError

    with pytest.raises(ReportCancelledError):
        build(scene, tmp_path, watched=watched, stop=StopAtWorkbook())
    assert list(tmp_path.iterdir()) == []


def test_dates_are_calendar_dates(scene: Scene, portal: Portal, tmp_path: Path) -> None:
    """``2026-03-01T00:00:00+03:00`` is 1 March wherever the server stands."""
    outcome = build(scene, tmp_path)
    assert sheet(outcome, "Краткий")[0]["Дата счёта"].date() == date(2026, 3, 1)


class NoExporter:
    """An exporter that is not come to."""

    def export(self, register: Register, *, undated: int, notes: tuple[ProblemLine, ...]) -> Outcome:
        raise AssertionError("there is nothing to export")


class KeptPages:
    """A source that somebody else still holds when the workflow is over."""

    undated = 0
    notes = ()

    def __init__(self) -> None:
        self.is_closed = False
        self._given = self._pages()

    def pages(self) -> Any:
        return self._given

    def _pages(self) -> Any:
        try:
            yield FetchedPage([], ProcessingContext())
        finally:
            self.is_closed = True


def test_what_fails_while_pages_are_processed_ends_the_reading(tmp_path: Path) -> None:
    """The calls in flight end at once, not when the pages are forgotten."""

    def broken(context: ProcessingContext) -> Any:
        raise OSError("no space left")

    source, whole = KeptPages(), lambda invoices: invoices
    with Register(tmp_path) as register, pytest.raises(OSError, match="no space"):
        WorkflowOrchestrator(
            source=source, processor=broken, select=whole, register=register, exporter=NoExporter()
        ).run()

    assert source.is_closed
