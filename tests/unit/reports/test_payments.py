"""Paid amounts in reports: the three sources tell the same story alike, and each costs what it must."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from bitrix_app.processing import FieldMapping, Stage
from bitrix_app.reports import ReportAssembly, ReportRequest
from bitrix_app.reports.estimate import estimate
from bitrix_app.reports.exporting import Outcome
from bitrix_app.reports.kinds import KINDS
from bitrix_app.reports.request import ReportCatalog, ReportParams
from bitrix_app.reports.running import ProgressTracker, StopSignal
from bitrix_app.storage import ORDINARY
from demo_portal import PAID, Fault, Portal
from demo_portal.crm.fields import custom_field
from demo_portal.data.payments import PAID_AMOUNT
from demo_portal.data.sample import fill
from tests.memory import Scene
from tests.unit.reports.test_receivables import OPEN, STAGES, SUCCESS, Debtors
from tests.unit.reports.watched import Watched

SUM = "ufCrmPaidSum"
DATE = FieldMapping(paid_field=PAID, datetime_fields=frozenset({PAID}), titles={SUM: "Оплачено по счёту"})
BY_DATE = ReportCatalog(fields=DATE, stages=STAGES)
BY_FIELD = replace(BY_DATE, fields=replace(DATE, payment_source="field", paid_amount_field=SUM))
BY_PAYMENTS = replace(BY_DATE, fields=replace(DATE, payment_source="payments"))
SOURCES = {"date": BY_DATE, "field": BY_FIELD, "payments": BY_PAYMENTS}
METHOD = "crm.item.payment.list"


@pytest.fixture
def scene() -> Scene:
    scene = Scene()
    scene.portal.crm.add_custom_field(custom_field("UF_CRM_PAID_SUM", "money", "Оплачено по счёту"))
    return scene


@pytest.fixture
def debtors(scene: Scene) -> Debtors:
    return Debtors(scene)


def run(
    scene: Scene, folder: Path, catalog: ReportCatalog, *, batches: bool = False, user: Any = None, **asked: Any
) -> Outcome:
    """A register of March, or receivables where ``as_of`` is asked for."""
    usual: dict[str, Any] = {"date_from": "2026-03-01", "date_to": "2026-03-31"}
    if "as_of" in asked:
        usual = {"kind": "receivables", "due": {"from": "due_date", "days": 0}, "borders": [30, 60, 90]}
    params = ReportParams.from_json({**usual, **asked})
    kind, built_at = KINDS[params.kind], datetime(2026, 4, 1, 9, tzinfo=UTC)
    assembly = ReportAssembly(
        kind=kind,
        portal=scene.client_of(user or scene.portal.admin, batches=batches),
        request=ReportRequest(params, "Иванова Анна", built_at, "https://p.ru/{}".format),
        catalog=catalog,
        progress=ProgressTracker(Watched(), detailed=False),
        stop=StopSignal(),
    )
    folder.mkdir(exist_ok=True)
    with kind.register(folder, params, built_at.date()) as register:
        return assembly.orchestrator(register, folder).run()


def table(outcome: Outcome, name: str) -> list[dict[str, Any]]:
    """The lines of a sheet from its header down, by title; empty ones left out, none where there is no sheet."""
    book = load_workbook(next(each.path for each in outcome.files if each.format == "xlsx"))
    if name not in book.sheetnames:
        return []
    rows = list(book[name].iter_rows(values_only=True))
    start = next(place for place, row in enumerate(rows) if {"Номер", "Контрагент"} & {*row})
    return [dict(zip(rows[start], row, strict=True)) for row in rows[start + 1 :] if any(row)]


def numbers(outcome: Outcome, name: str = "Краткий") -> list[str]:
    return [line["Номер"] for line in table(outcome, name) if line.get("Номер")]


def above(outcome: Outcome) -> str:
    """What stands above the first table."""
    book = load_workbook(next(each.path for each in outcome.files if each.format == "xlsx"))
    return " ".join(str(row[0]) for row in book.worksheets[0].iter_rows(max_row=6, values_only=True))


def one_story(debtors: Debtors) -> None:
    """Invoices paid in full or not at all, so told by date, field and payments alike."""
    crm = debtors.crm
    for place in range(1, 13):
        is_paid = place % 3 == 0
        paid = f"2026-03-{10 + place}T12:00:00+03:00" if is_paid else None
        amount = f"{place}00.10"
        made = debtors.owes(
            str(place),
            f"Фирма {place % 4}",
            amount=amount,
            due="2026-03-05",
            paid=paid,
            currency="RUB" if place < 9 else "USD",
        )
        currency = crm.invoices[made]["currencyId"]
        crm.invoices.change(made, **{SUM: f"{amount}|{currency}" if is_paid else None})
        if is_paid:
            crm.add_payment(made, amount, currency=currency, datePaid=paid)
        else:
            crm.add_payment(made, amount, currency=currency, paid="N")


@pytest.mark.parametrize("as_of", ["2026-03-31", "2026-04-01"])
def test_the_three_sources_tell_the_same_story_alike(
    scene: Scene, debtors: Debtors, tmp_path: Path, as_of: str
) -> None:
    one_story(debtors)
    told = {}
    for name, catalog in SOURCES.items():
        outcome = run(scene, tmp_path / name, catalog, as_of=as_of)
        told[name] = (outcome.summary["receivables"], table(outcome, "Задолженность"), table(outcome, "По срокам"))
    assert told["date"] == told["field"] == told["payments"]
    assert [each["currency"] for each in told["date"][0]] == ["RUB", "USD"]


def test_payments_alone_pay_an_invoice_and_lower_a_debt(scene: Scene, debtors: Debtors, tmp_path: Path) -> None:
    scene.portal.crm.add_payment(debtors.owes("paid"), "100")
    scene.portal.crm.add_payment(debtors.owes("partly"), "30.50")
    debtors.owes("open")
    outcome = run(scene, tmp_path, BY_PAYMENTS, as_of="2026-04-01")
    lines = {line["Номер"]: line for line in table(outcome, "Задолженность")}
    assert [lines["partly"][each] for each in ("Сумма", "Оплачено", "Остаток")] == [100, 30.5, 69.5]
    assert "paid" not in lines
    assert lines["open"]["Остаток"] == 100


def test_a_past_day_knows_the_payments_up_to_it(scene: Scene, debtors: Debtors, tmp_path: Path) -> None:
    """An invoice whose payment date came later had its first part already."""
    made = debtors.owes("1", paid="2026-03-25T12:00:00+03:00")
    scene.portal.crm.add_payment(made, "40", datePaid="2026-03-10T12:00:00+03:00")
    scene.portal.crm.add_payment(made, "60", datePaid="2026-03-25T12:00:00+03:00")
    left = {}
    for day in ("2026-03-09", "2026-03-10", "2026-03-24"):
        outcome = run(scene, tmp_path / day, BY_PAYMENTS, as_of=day)
        left[day] = [line["Остаток"] for line in table(outcome, "Задолженность")][:1]
    assert left == {"2026-03-09": [100], "2026-03-10": [60], "2026-03-24": [60]}
    assert run(scene, tmp_path / "after", BY_PAYMENTS, as_of="2026-03-25").summary["receivables"] == []


def test_a_field_counts_whatever_the_day_is_and_the_sheet_says_so(
    scene: Scene, debtors: Debtors, tmp_path: Path
) -> None:
    made = debtors.owes("1", paid="2026-03-25T12:00:00+03:00")
    scene.portal.crm.invoices.change(made, **{SUM: "100|RUB"})
    partly = debtors.owes("2", stage=SUCCESS)
    scene.portal.crm.invoices.change(partly, **{SUM: "10|RUB"})
    outcome = run(scene, tmp_path, BY_FIELD, as_of="2026-03-02")
    assert numbers(outcome, "Задолженность") == ["2"]
    assert "по полю «Оплачено по счёту», сколько в нём стоит сейчас" in above(outcome)


def test_an_overpayment_lowers_no_other_debt_and_is_named(scene: Scene, debtors: Debtors, tmp_path: Path) -> None:
    scene.portal.crm.add_payment(debtors.owes("too much"), "150")
    debtors.owes("open")
    outcome = run(scene, tmp_path, BY_PAYMENTS, as_of="2026-04-01")
    assert outcome.summary["receivables"][0]["total"] == "100.00"
    assert [line["Номер"] for line in table(outcome, "Проблемы") if "больше суммы" in str(line["Проблема"])] == [
        "too much"
    ]


def test_only_invoices_left_open_are_asked_for_their_payments(scene: Scene, debtors: Debtors, tmp_path: Path) -> None:
    for place in range(5):
        debtors.owes(f"paid {place}", paid="2026-03-05T12:00:00+03:00")
        debtors.owes(f"open {place}")
    for catalog, asked in ((BY_PAYMENTS, 5), (BY_DATE, 0), (BY_FIELD, 0)):
        scene.portal.calls.clear()
        run(scene, tmp_path, catalog)
        assert len(scene.portal.calls.of(METHOD)) == asked


def test_a_register_has_true_sums_and_a_column_of_overpayments_where_there_is_any(
    scene: Scene, debtors: Debtors, tmp_path: Path
) -> None:
    scene.portal.crm.add_payment(debtors.owes("partly"), "30")
    scene.portal.crm.add_payment(debtors.owes("too much"), "150")
    debtors.owes("open", "Василёк")
    outcome = run(scene, tmp_path, BY_PAYMENTS)
    ours = next(line for line in table(outcome, "По контрагентам") if line["Контрагент"] == "Ромашка")
    figures = ("Сумма", "Оплачено", "Не оплачено", "Просрочено", "Переплата")
    assert [ours[each] for each in figures] == [200, 180, 70, 70, 50]
    (total,) = outcome.summary["totals"]
    assert [total[each] for each in ("amount", "paid", "unpaid", "overpaid")] == ["300.00", "180.00", "170.00", "50.00"]
    assert "Оплачено: целиком, где" in above(outcome)
    assert "этого дня" not in above(outcome)
    by_field = above(run(scene, tmp_path / "field", BY_FIELD))
    assert "Оплачено: по полю «Оплачено по счёту»" in by_field
    assert "сейчас" not in by_field
    usual = run(scene, tmp_path / "date", BY_DATE)
    assert "Переплата" not in table(usual, "По контрагентам")[0]
    assert "overpaid" not in usual.summary["totals"][0]


PAYMENTS_OF: Mapping[str, tuple[str, ...]] = {"none": (), "part": ("40",), "whole": ("40", "60"), "more": ("150",)}


WANTED: Mapping[Any, list[str]] = {
    None: ["dated", "more", "none", "part", "whole"],
    True: ["dated", "more", "whole"],
    False: ["none"],
    "partly": ["part"],
    "remainder": ["none", "part"],
}


@pytest.mark.parametrize("paid", WANTED)
@pytest.mark.parametrize("catalog", [BY_FIELD, BY_PAYMENTS])
def test_a_register_is_narrowed_by_payment(
    scene: Scene, debtors: Debtors, tmp_path: Path, catalog: ReportCatalog, paid: Any
) -> None:
    """Where the portal cannot be asked for it, as many as were counted are an upper bound."""
    for number, amounts in PAYMENTS_OF.items():
        made = debtors.owes(number)
        for each in amounts:
            scene.portal.crm.add_payment(made, each)
        scene.portal.crm.invoices.change(made, **{SUM: f"{sum(map(int, amounts))}|RUB"})
    scene.portal.crm.invoices.change(debtors.owes("dated", paid="2026-03-05"), **{SUM: "100|RUB"})
    assert sorted(numbers(run(scene, tmp_path, catalog, paid=paid))) == WANTED[paid]
    params = ReportParams.from_json({"date_from": "2026-03-01", "date_to": "2026-03-31", "paid": paid})
    counted = estimate(scene.client, params, catalog, ORDINARY)
    assert counted.at_most is (paid is not None)
    assert counted.invoices >= len(WANTED[paid])


@pytest.mark.parametrize(("paid", "expected"), [("partly", []), ("remainder", ["open"]), (False, ["open"])])
def test_by_the_date_nothing_is_paid_in_part(
    scene: Scene, debtors: Debtors, tmp_path: Path, paid: Any, expected: list[str]
) -> None:
    debtors.owes("open")
    debtors.owes("paid", paid="2026-03-05")
    assert numbers(run(scene, tmp_path, BY_DATE, paid=paid)) == expected


@pytest.mark.parametrize("catalog", SOURCES)
def test_an_invoice_of_nothing_has_no_remainder(scene: Scene, debtors: Debtors, tmp_path: Path, catalog: str) -> None:
    """Nobody has paid it, and there is nothing to pay."""
    debtors.owes("nothing", amount="0")
    debtors.owes("open")
    assert numbers(run(scene, tmp_path, SOURCES[catalog], paid="remainder")) == ["open"]


def test_the_estimate_counts_a_call_for_each_open_invoice(scene: Scene, debtors: Debtors) -> None:
    for place in range(30):
        debtors.owes(f"open {place}")
        debtors.owes(f"paid {place}", paid="2026-03-05T12:00:00+03:00")
    params = ReportParams.from_json({"date_from": "2026-03-01", "date_to": "2026-03-31"})
    calls = {name: estimate(scene.client, params, each, ORDINARY).calls for name, each in SOURCES.items()}
    assert calls["payments"] - calls["date"] == 30
    assert calls["field"] == calls["date"]


@pytest.mark.parametrize(
    "fault",
    [
        Fault.error("ACCESS_DENIED", status=403),
        Fault.error("0", "Insufficient permissions", 400),
        Fault.error("ERROR_METHOD_NOT_FOUND"),
        Fault.error("insufficient_scope"),
    ],
)
def test_payments_that_are_refused_cost_that_part_and_are_said_once(
    scene: Scene, debtors: Debtors, tmp_path: Path, fault: Fault
) -> None:
    scene.portal.crm.add_payment(debtors.owes("1"), "100")
    debtors.owes("2", paid="2026-03-05T12:00:00+03:00")
    scene.portal.faults.always(fault, method=METHOD)
    outcome = run(scene, tmp_path, BY_PAYMENTS)
    (total,) = outcome.summary["totals"]
    assert (total["paid"], total["unpaid"]) == ("100.00", "100.00")
    assert len([line for line in table(outcome, "Проблемы") if "не показал оплаты" in str(line["Проблема"])]) == 1


@pytest.mark.parametrize("fault", [Fault.error("ACCESS_DENIED", status=403), Fault.error("NOT_FOUND", status=400)])
def test_an_invoice_whose_payments_alone_are_not_shown_costs_itself(
    scene: Scene, debtors: Debtors, tmp_path: Path, fault: Fault
) -> None:
    """It may have been deleted since it was read."""
    for number in ("1", "2", "3"):
        scene.portal.crm.add_payment(debtors.owes(number), "100")
    scene.portal.faults.at(2, fault, method=METHOD)
    outcome = run(scene, tmp_path, BY_PAYMENTS)
    assert outcome.summary["totals"][0]["paid"] == "200.00"
    said = [str(line["Проблема"]) for line in table(outcome, "Проблемы")]
    assert len([each for each in said if "оплаты некоторых счетов, их 1:" in each]) == 1


def test_a_portal_that_shows_no_payments_is_not_asked_for_thousands(
    scene: Scene, debtors: Debtors, tmp_path: Path
) -> None:
    for place in range(60):
        debtors.owes(str(place))
    scene.portal.faults.always(Fault.error("ACCESS_DENIED", status=403), method=METHOD)
    scene.portal.calls.clear()
    run(scene, tmp_path, BY_PAYMENTS)
    assert 20 <= len(scene.portal.calls.of(METHOD)) < 30


@pytest.mark.parametrize("fault", [Fault.html(502), Fault.error("QUERY_LIMIT_EXCEEDED"), Fault.drop()])
def test_a_passing_fault_of_payments_changes_nothing(
    scene: Scene, debtors: Debtors, tmp_path: Path, fault: Fault
) -> None:
    for place in range(4):
        scene.portal.crm.add_payment(debtors.owes(str(place)), "30")
    quiet = run(scene, tmp_path / "quiet", BY_PAYMENTS).summary
    scene.portal.faults.at(2, fault, method=METHOD)
    assert run(scene, tmp_path / "faulty", BY_PAYMENTS).summary == quiet


def test_fast_fetching_packs_payments_and_gives_the_same_report(scene: Scene, debtors: Debtors, tmp_path: Path) -> None:
    for place in range(120):
        made = debtors.owes(str(place), f"Фирма {place % 7}")
        if place % 2:
            scene.portal.crm.add_payment(made, f"{place}.50")
    outcomes = []
    for batches in (False, True):
        scene.portal.calls.clear()
        outcomes.append(run(scene, tmp_path / str(batches), BY_PAYMENTS, batches=batches))
        if batches:
            assert len(scene.portal.calls.of("batch")) < 20
    listed, packed = outcomes
    assert listed.summary == packed.summary
    for sheet in ("Краткий", "По контрагентам", "Проблемы"):
        assert table(listed, sheet) == table(packed, sheet)


def test_a_user_with_the_right_to_their_own_invoices_sees_their_payments(
    scene: Scene, debtors: Debtors, tmp_path: Path
) -> None:
    portal: Portal = scene.portal
    mine = debtors.owes("mine", assigned_by=portal.manager.id)
    debtors.owes("another's", assigned_by=portal.admin.id)
    portal.crm.add_payment(mine, "100")
    outcome = run(scene, tmp_path, BY_PAYMENTS, user=portal.manager)
    assert outcome.summary["totals"][0]["paid"] == "100.00"
    assert numbers(outcome) == ["mine"]


def test_an_invoice_of_a_deleted_stage_is_open(scene: Scene, debtors: Debtors, tmp_path: Path) -> None:
    catalog = replace(BY_PAYMENTS, fields=replace(BY_PAYMENTS.fields, paid_field=None))
    scene.portal.crm.add_payment(debtors.owes("1", stage="DT31_1:GONE"), "100")
    debtors.owes("2", stage=SUCCESS)
    debtors.owes("3", stage=OPEN)
    (total,) = run(scene, tmp_path, catalog).summary["totals"]
    assert (total["paid"], total["unpaid"]) == ("200.00", "100.00")


def left_of(portal: Portal, source: str) -> dict[str, Decimal]:
    """What is left of the open invoices on 1 April 2026, currency → sum, straight from the portal's tables."""
    crm, sums = portal.crm, defaultdict[str, Decimal](Decimal)
    for invoice_id in crm.invoices.ids:
        invoice = crm.invoices[invoice_id]
        amount, currency = invoice["opportunity"] or Decimal(0), invoice["currencyId"]
        if invoice["stageId"].endswith(":D") or not invoice["begindate"] or amount <= 0:
            continue
        told = [str(invoice.get(PAID_AMOUNT) or "0|").split("|")]
        if source == "payments":
            made = [each for each in crm.payments.with_value("ownerId", invoice_id) if each["paid"] == "Y"]
            told = [[each["sum"], each["currency"]] for each in made]
            if invoice[PAID]:
                continue
        paid = sum((max(Decimal(some), Decimal(0)) for some, named in told if named == currency), Decimal(0))
        sums[currency] += max(amount - paid, Decimal(0))
    return {currency: left for currency, left in sums.items() if left}


@pytest.mark.parametrize("source", ["field", "payments"])
def test_the_sample_is_reckoned_to_the_kopeck_by_each_source(tmp_path: Path, source: str) -> None:
    """Six hundred invoices, paid in part, too much, in other currencies: sheet, summary and the portal agree."""
    scene = Scene()
    made = fill(scene.portal.crm, today=date(2026, 4, 1))
    stages = {
        f"DT31_{category}:{code}": Stage(code, code, semantics, category)
        for category in (2, 7)
        for code, semantics in (("P", "S"), ("D", "F"))
    }
    stages = {key: replace(each, id=key) for key, each in stages.items()}
    fields = replace(DATE, payment_source=source, paid_amount_field=PAID_AMOUNT)
    outcome = run(scene, tmp_path, ReportCatalog(fields=fields, stages=stages), as_of="2026-04-01")
    expected = left_of(scene.portal, source)
    assert {each["currency"]: Decimal(each["total"]) for each in outcome.summary["receivables"]} == expected
    lines = [line for line in table(outcome, "Задолженность") if line["Стадия"] or line["Дата счёта"]]
    sums = defaultdict[str, Decimal](Decimal)
    for line in lines:
        sums[line["Валюта"]] += Decimal(str(line["Остаток"]))
    assert sums == expected
    shown = {line["Номер"]: line for line in lines}
    for kind, is_open in (("in part", True), ("in two parts", False), ("too much", False), ("planned", True)):
        numbers_of = [scene.portal.crm.invoices[each]["accountNumber"] for each in made.payments[kind]]
        assert [each in shown for each in numbers_of] == [is_open] * 3, kind
