"""Receivables on a day, from the portal's answers to the workbook: scope, order, subtotals, ranges, what is named."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from openpyxl.workbook import Workbook

from bitrix_app.errors import ReceivablesDisagreeError
from bitrix_app.processing import FieldMapping, Stage
from bitrix_app.reports import ReportAssembly, ReportRequest
from bitrix_app.reports.estimate import estimate
from bitrix_app.reports.exporting import Outcome
from bitrix_app.reports.kinds import KINDS
from bitrix_app.reports.receivables import ReceivablesRegister
from bitrix_app.reports.request import ReportCatalog, ReportParams
from bitrix_app.reports.running import ProgressTracker, StopSignal
from bitrix_app.storage import ORDINARY
from demo_portal import PAID
from tests.memory import Scene
from tests.unit.reports.watched import Watched

OPEN, SUCCESS, FAILED = "DT31_1:N", "DT31_1:P", "DT31_1:D"
STAGES = {
    OPEN: Stage(OPEN, "Новый", "P", 1),
    SUCCESS: Stage(SUCCESS, "Оплачен", "S", 1),
    FAILED: Stage(FAILED, "Не оплачен", "F", 1),
}
BY_DATE = ReportCatalog(fields=FieldMapping(paid_field=PAID, datetime_fields=frozenset({PAID})), stages=STAGES)
BY_STAGE = ReportCatalog(stages=STAGES)
TODAY = "2026-04-01"
DEBTS, RANGES, PROBLEMS = "Задолженность", "По срокам", "Проблемы"


class Debtors:
    """A portal whose invoices are 100 roubles of one client unless told otherwise."""

    def __init__(self, scene: Scene) -> None:
        self.crm = scene.portal.crm
        self.clients: dict[str, int] = {}

    def client(self, name: str) -> int:
        if name not in self.clients:
            self.clients[name] = self.crm.add_company(name)
        return self.clients[name]

    def owes(self, number: str, client: str = "Ромашка", **told: Any) -> int:
        """An open invoice of 1 March, due on the 10th."""
        amount, currency = told.pop("amount", "100.00"), told.pop("currency", "RUB")
        usual = {"date": "2026-03-01", "due": "2026-03-10", "stage": OPEN}
        made: int = self.crm.add_invoice(number=number, company_id=self.client(client), **{**usual, **told})
        self.crm.invoices.change(made, opportunity=amount, currencyId=currency, isManualOpportunity="Y")
        return made


class Built:
    """A finished report."""

    def __init__(self, outcome: Outcome) -> None:
        self.summary = outcome.summary
        paths = {each.format: each.path for each in outcome.files}
        self.book: Workbook = load_workbook(paths["xlsx"])
        with paths["csv"].open(encoding="utf-8-sig", newline="") as file:
            self.csv = list(csv.DictReader(file, delimiter=";"))

    def lines(self, name: str) -> list[dict[str, Any]]:
        """The lines of a sheet from its header down, by title; empty ones left out, none where there is no sheet."""
        if name not in self.book.sheetnames:
            return []
        rows = list(self.book[name].iter_rows(values_only=True))
        start = next(place for place, row in enumerate(rows) if {"Номер", "Контрагент"} & {*row})
        return [dict(zip(rows[start], row, strict=True)) for row in rows[start + 1 :] if any(row)]

    def numbers(self) -> list[str]:
        return [line["Номер"] for line in self.lines(DEBTS) if line["Номер"]]

    def problems(self) -> list[tuple[Any, str]]:
        return [(line["Номер"], str(line["Проблема"])) for line in self.lines(PROBLEMS)]

    def named(self, words: str) -> list[Any]:
        """The numbers of the invoices of which ``Проблемы`` says this."""
        return [number for number, message in self.problems() if words in message]


@pytest.fixture
def debtors(scene: Scene) -> Debtors:
    return Debtors(scene)


@pytest.fixture
def build(scene: Scene, tmp_path: Path) -> Any:
    def run(as_of: str = "2026-03-31", catalog: ReportCatalog = BY_DATE, **asked: Any) -> Built:
        usual = {"kind": "receivables", "due": {"from": "due_date", "days": 0}, "borders": [30, 60, 90]}
        params = ReportParams.from_json({**usual, "as_of": as_of, **asked})
        kind, built_at = KINDS[params.kind], datetime.fromisoformat(f"{TODAY}T09:00:00").replace(tzinfo=UTC)
        assembly = ReportAssembly(
            kind=kind,
            portal=scene.client,
            request=ReportRequest(params, "Иванова Анна", built_at, "https://p.ru/{}".format),
            catalog=catalog,
            progress=ProgressTracker(Watched(), detailed=False),
            stop=StopSignal(),
        )
        with kind.register(tmp_path, params, built_at.date()) as register:
            return Built(assembly.orchestrator(register, tmp_path).run())

    return run


def test_a_debt_is_a_row_with_what_is_left_and_since_when(debtors: Debtors, build: Any) -> None:
    debtors.owes("1", amount="1220.50", due="2026-02-27")
    (line, *_) = build().lines(DEBTS)
    assert list(line) == [
        "Номер",
        "ИНН",
        "Контрагент",
        "Сумма",
        "Оплачено",
        "Остаток",
        "Валюта",
        "Дата счёта",
        "Срок оплаты",
        "Дней просрочки",
        "Стадия",
        "Ответственный",
    ]
    shown = [line[each] for each in ("Сумма", "Оплачено", "Остаток", "Валюта", "Дней просрочки")]
    assert shown == [1220.5, 0, 1220.5, "RUB", 32]


def test_who_is_in_scope_on_a_past_day(debtors: Debtors, build: Any) -> None:
    """Open ones of any age and those paid after the day; paid on the day is paid, whatever hour it was."""
    debtors.owes("old", date="2019-01-01", due="2019-02-01")
    debtors.owes("open")
    debtors.owes("on the day", date="2026-03-31")
    debtors.owes("a day later", date="2026-04-01")
    debtors.owes("failed", stage=FAILED)
    debtors.owes("paid before", stage=SUCCESS, paid="2026-03-30")
    debtors.owes("paid on the day", stage=SUCCESS, paid="2026-03-31T23:59:00+00:00")
    debtors.owes("paid the next day", stage=SUCCESS, paid="2026-04-01T00:10:00+00:00")
    debtors.owes("nothing to pay", amount="0.00")
    debtors.owes("less than nothing", amount="-5.00")
    assert sorted(build().numbers()) == ["old", "on the day", "open", "paid the next day"]


def test_today_asks_the_portal_for_open_invoices_alone(scene: Scene, debtors: Debtors, build: Any) -> None:
    debtors.owes("open")
    for each in range(120):
        debtors.owes(f"paid {each}", stage=SUCCESS, paid="2026-03-05")
    scene.portal.calls.clear()
    assert build(TODAY).numbers() == ["open"]
    assert len(scene.portal.calls.of("crm.item.list")) < 10


def test_an_estimate_counts_the_open_ones_and_those_paid_later(scene: Scene, debtors: Debtors) -> None:
    for number, paid in enumerate([None, None, "2026-03-31T10:00:00+00:00", "2026-03-05", "2026-04-02"]):
        debtors.owes(str(number), stage=SUCCESS if paid else OPEN, paid=paid)
    params = ReportParams.from_json(
        {"kind": "receivables", "as_of": "2026-03-31", "due": {"from": "date", "days": 0}, "borders": [30]}
    )
    assert estimate(scene.client, params, BY_DATE, ORDINARY).invoices == 4  # a moment may be off by a day
    assert estimate(scene.client, params, BY_STAGE, ORDINARY).invoices == 2


@pytest.mark.parametrize("catalog", [BY_DATE, BY_STAGE], ids=["payment field", "stages"])
def test_narrowed_to_stages_and_to_a_company(debtors: Debtors, build: Any, catalog: ReportCatalog) -> None:
    debtors.owes("1", "Ромашка")
    debtors.owes("2", "Берёза")
    debtors.owes("3", "Берёза", stage=FAILED)
    company = debtors.client("Берёза")
    assert build(catalog=catalog, company_id=company).numbers() == ["2"]
    assert build(catalog=catalog, company_id=company, stages=[FAILED]).numbers() == ["3"]


def test_grouped_by_currency_and_debtor_with_subtotals(debtors: Debtors, build: Any) -> None:
    """The largest overdue sum first, then the larger remainder, then the name; the longest overdue invoice first."""
    debtors.owes("u", "Ангара", currency="USD", amount="9999.00")
    debtors.owes("1", "Берёза", amount="50.00")
    debtors.owes("2", "Ангара", amount="70.00", due="2026-05-01")
    debtors.owes("3", "Волга", amount="80.00", due="2026-05-01")
    debtors.owes("4", "Ромашка", amount="10.00", due="2026-03-20")
    debtors.owes("5", "Ромашка", amount="90.00", due="2026-03-02")
    debtors.owes("6", "Ромашка", amount="1.00", due=None)
    built = build()
    shown = [(line["Номер"] or line["Контрагент"], line["Остаток"]) for line in built.lines(DEBTS)]
    assert shown == [
        *(("5", 90), ("4", 10), ("6", 1), ("Итого Ромашка", 101)),
        *(("1", 50), ("Итого Берёза", 50)),
        *(("3", 80), ("Итого Волга", 80)),
        *(("2", 70), ("Итого Ангара", 70)),
        *(("u", 9999), ("Итого Ангара", 9999)),
        *(("Всего", 301), ("Всего", 9999)),
    ]
    sheet = built.book[DEBTS]
    levels = {
        sheet.cell(row, 1).value or sheet.cell(row, 3).value: sheet.row_dimensions[row].outlineLevel
        for row in range(1, sheet.max_row + 1)
    }
    assert (levels["5"], levels["u"], levels["Итого Ромашка"], levels["Всего"]) == (1, 1, 0, 0)
    assert [line["Номер"] for line in built.csv] == ["5", "4", "6", "1", "3", "2", "u"]
    assert [line["Контрагент"] for line in built.lines(RANGES)[:5]] == [
        *("Ромашка", "Берёза", "Волга", "Ангара", "Ангара"),
    ]


def test_ranges_by_debtor_and_currency(debtors: Debtors, build: Any) -> None:
    for number, due in enumerate(["2026-03-31", "2026-03-30", "2026-03-01", "2026-02-28", "2025-12-30", None]):
        debtors.owes(str(number), amount=f"{10**number}.10", due=due)
    built = build()
    debtor, total, said = built.lines(RANGES)
    assert list(debtor) == [
        *("Контрагент", "ИНН", "Валюта", "Не наступил", "1–30", "31–60", "61–90", "Более 90", "Без срока"),
        *("Всего", "Самая долгая просрочка", "Ответственный"),
    ]
    figures = ["Не наступил", "1–30", "31–60", "61–90", "Более 90", "Без срока", "Всего"]
    expected = [1.1, 110.2, 1000.1, 0, 10000.1, 100000.1, 111111.6]
    assert [debtor[each] for each in figures] == [total[each] for each in figures] == expected
    assert (debtor["Самая долгая просрочка"], total["Контрагент"]) == (91, "Всего")
    assert (
        str(said["Контрагент"])
        .replace("\N{NO-BREAK SPACE}", "")
        .startswith("Проверено: суммы по срокам дают вместе 111111,60 RUB")
    )


def test_the_summary_tells_the_ranges(debtors: Debtors, build: Any) -> None:
    debtors.owes("1", amount="1220.50", due="2026-02-27")
    debtors.owes("2", amount="5.00", currency="USD", due="2026-04-20")
    assert build(borders=[31]).summary["receivables"] == [
        {
            "currency": "RUB",
            "total": "1220.50",
            "overdue": "1220.50",
            "oldest_days": 32,
            "ranges": {"not_due": "0.00", "1-31": "0.00", "31+": "1220.50", "no_due_date": "0.00"},
        },
        {
            "currency": "USD",
            "total": "5.00",
            "overdue": "0.00",
            "oldest_days": 0,
            "ranges": {"not_due": "5.00", "1-31": "0.00", "31+": "0.00", "no_due_date": "0.00"},
        },
    ]


def test_the_summary_names_the_ten_largest_debtors_of_each_currency(debtors: Debtors, build: Any) -> None:
    """By the whole remainder, with the card to look at; what several invoices of one debtor owe is one sum."""
    for number in range(1, 13):
        debtors.owes(str(number), amount=f"{number}.00", client=f"Фирма {number}", due="2026-03-30")
    debtors.owes("13", amount="100.00", client="Фирма 2", due="2026-04-20")
    debtors.owes("14", amount="5.00", client="Фирма 2", currency="USD", due="2026-04-20")
    named = build().summary["debtors"]
    assert [(each["currency"], each["total"]) for each in named[:2]] == [("RUB", "102.00"), ("RUB", "12.00")]
    assert [each["total"] for each in named[2:10]] == [f"{number}.00" for number in range(11, 3, -1)]
    assert [(each["currency"], each["overdue"], each["oldest_days"]) for each in named[10:]] == [("USD", "0.00", 0)]
    assert named[0]["company_id"] == named[10]["company_id"]
    assert named[0]["overdue"] == "2.00"


def test_nobody_owes_anything(build: Any) -> None:
    built = build()
    assert built.summary["receivables"] == []
    assert [line["Контрагент"] for line in (*built.lines(DEBTS), *built.lines(RANGES))] == [
        "Никто ничего не должен",
        "Никто ничего не должен",
    ]


def test_wrong_due_dates_are_named(debtors: Debtors, build: Any) -> None:
    debtors.owes("none", due=None)
    debtors.owes("before", due="2026-02-01")
    debtors.owes("right")
    built = build()
    assert built.named("Нет срока оплаты") == ["none"]
    assert built.named("раньше даты счёта") == ["before"]
    assert not built.named("right")


def test_a_successful_stage_on_a_past_day_without_payment_dates_is_paid_and_named(debtors: Debtors, build: Any) -> None:
    """Nobody knows when it was paid; of today it is known that it has been."""
    debtors.owes("open")
    debtors.owes("successful", stage=SUCCESS)
    debtors.owes("successful later", stage=SUCCESS, date="2026-04-01")
    past, today = build(catalog=BY_STAGE), build(TODAY, catalog=BY_STAGE)
    assert (past.numbers(), past.named("неизвестно, когда оплачен")) == (["open"], ["successful"])
    assert (today.numbers(), today.named("неизвестно, когда оплачен")) == (["open"], [])


def test_a_successful_stage_with_an_empty_payment_date_is_owed_and_named(debtors: Debtors, build: Any) -> None:
    debtors.owes("empty", stage=SUCCESS)
    debtors.owes("later", stage=SUCCESS, paid="2026-04-01")
    built = build()
    assert built.numbers() == ["empty", "later"]
    assert built.named("Стадия успешная, а дата оплаты пуста") == ["empty"]


@pytest.mark.parametrize("catalog", [BY_STAGE, BY_DATE], ids=["unknown when", "empty date"])
def test_two_hundred_are_named_and_the_others_counted(debtors: Debtors, build: Any, catalog: ReportCatalog) -> None:
    for number in range(203):
        debtors.owes(str(number), stage=SUCCESS)
    named = build(catalog=catalog).named("Стадия успешная")
    assert named == [*map(str, range(200)), None]


@pytest.mark.parametrize(
    ("due", "said"), [(None, "Нет срока оплаты"), ("2026-02-01", "раньше даты счёта")], ids=["no due date", "early"]
)
def test_two_hundred_wrong_due_dates_are_named_and_the_others_counted(
    debtors: Debtors, build: Any, due: str | None, said: str
) -> None:
    for number in range(203):
        debtors.owes(str(number), due=due)
    built = build()
    assert built.named(said) == [*map(str, range(200)), None]
    assert built.named("И ещё 3 таких счетов") == [None]


def test_an_open_invoice_of_an_unknown_sum_is_named(debtors: Debtors, build: Any) -> None:
    debtors.owes("broken", amount="x")
    debtors.owes("paid", amount="x", stage=SUCCESS, paid="2026-03-02")
    assert build().named("долг не посчитан") == ["broken"]


def test_an_open_invoice_without_a_date_is_named(debtors: Debtors, build: Any) -> None:
    debtors.owes("undated", date=None)
    debtors.owes("undated and paid", date=None, stage=SUCCESS, paid="2026-03-02")
    built = build()
    assert (built.numbers(), built.summary["undated"]) == ([], 1)
    assert built.named("Счёт без даты") == ["undated"]


def test_an_invoice_paid_while_the_report_reads_stands_there_once(debtors: Debtors, scene: Scene, build: Any) -> None:
    """It is on the list of open ones, and a moment later on that of those paid after the day."""
    paid = debtors.owes("1")
    for number in range(60):
        debtors.owes(f"other {number}")
    ask = scene.client.invoices

    def pay_meanwhile(**asked: Any) -> Any:
        for page in ask(**asked):
            scene.portal.crm.invoices.change(paid, **{PAID: "2026-04-01T08:00:00+00:00", "stageId": SUCCESS})
            yield page

    scene.client.invoices = pay_meanwhile  # type: ignore[method-assign]
    assert build().numbers().count("1") == 1


def test_a_report_whose_ranges_disagree_is_not_given_out(debtors: Debtors, build: Any, tmp_path: Path) -> None:
    debtors.owes("1")
    params = ReportParams.from_json(
        {"kind": "receivables", "as_of": TODAY, "due": {"from": "date", "days": 0}, "borders": [30]}
    )
    with ReceivablesRegister(tmp_path, params) as register:
        register.seal()
        with pytest.raises(ReceivablesDisagreeError):
            register.totals.compare({"RUB": Decimal("0.01")})  # type: ignore[attr-defined]
