"""Reports in English: no Russian letter of ours in any file, whatever is wrong in the portal."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile
from zoneinfo import ZoneInfo

import pytest
from openpyxl import Workbook, load_workbook

from bitrix_app.bitrix24.http import HttpResponse
from bitrix_app.jobs.columns import custom_fields
from bitrix_app.portals.catalog import read_categories, read_fields, read_presets, read_stages
from bitrix_app.processing import CHOICE, FieldMapping, Stage
from bitrix_app.reports import ROWS, Earlier, ReportAssembly, ReportRequest
from bitrix_app.reports.exporting import Outcome
from bitrix_app.reports.kinds import KINDS
from bitrix_app.reports.request import ReportCatalog, ReportParams
from bitrix_app.reports.running import ProgressTracker, StopSignal
from bitrix_app.texts import speaking
from demo_portal import PAID, SHIPPED
from demo_portal.data.sample import fill
from tests.memory import MemoryHttp, Scene
from tests.unit.reports.watched import Watched

CYRILLIC = re.compile("[А-Яа-яЁё]")
LETTERS = dict(zip("абвгдеёжзийклмнопрстуфхцчшщъыьэюя", "abvgdeezzijklmnoprstufhccss_y_eua", strict=True))
LATIN = str.maketrans(LETTERS | {each.upper(): letter.upper() for each, letter in LETTERS.items()})
NOW = datetime(2026, 4, 1, 9, tzinfo=UTC)
PERIOD = {"date_from": "2025-01-01", "date_to": "2026-03-31"}
DEBTS = {"kind": "receivables", "as_of": "2026-03-31", "due": {"from": "due_date", "days": 5}, "borders": [30, 60]}


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    """The sample portal with all that is wrong in it; whatever it answers is in Latin letters."""
    scene = Scene()
    fill(scene.portal.crm, today=date(2026, 4, 1), invoices=200)
    ask = MemoryHttp.request

    def request(self: MemoryHttp, *args: Any, **given: Any) -> HttpResponse:
        answer = ask(self, *args, **given)
        return HttpResponse(answer.status, answer.content.decode().translate(LATIN).encode())

    monkeypatch.setattr(MemoryHttp, "request", request)
    return scene


@dataclass
class Built:
    """A finished report."""

    outcome: Outcome
    folder: Path

    @property
    def book(self) -> Workbook:
        return load_workbook(self.path("xlsx"))

    def path(self, format: str) -> Path:
        return next(each.path for each in self.outcome.files if each.format == format)

    def texts(self) -> dict[str, str]:
        """Every part of every file, and the summary, as text."""
        with ZipFile(self.path("xlsx")) as package:
            parts = {name: package.read(name).decode() for name in package.namelist()}
        rows = self.path(ROWS.name).read_bytes().decode("utf-8", errors="replace")
        summary = json.dumps(self.outcome.summary, ensure_ascii=False)
        return {**parts, "csv": self.path("csv").read_text(encoding="utf-8-sig"), "rows": rows, "summary": summary}

    def header(self, name: str, first: str) -> list[Any]:
        rows = [list(row) for row in self.book[name].iter_rows(values_only=True)]
        return next([each for each in row if each] for row in rows if row[0] == first)


Build = Callable[..., Built]


@pytest.fixture
def build(scene: Scene, tmp_path: Path) -> Build:
    fields = read_fields(scene.client)
    mapping = FieldMapping(
        shipped_field=SHIPPED,
        paid_field=PAID,
        titles={each.name: each.title for each in fields.dates},
        datetime_fields=frozenset({PAID}),
        zone=ZoneInfo("Europe/Moscow"),
    )
    stages = read_stages(scene.client, read_categories(scene.client))
    presets = read_presets(scene.client)
    catalog = ReportCatalog(
        fields=mapping,
        stages={each.id: Stage(each.id, each.title, each.semantics, each.category_id) for each in stages},
        preset_xml_ids={each.id: each.xml_id for each in presets},
        preset_names={each.id: each.name for each in presets},
        preset_countries={each.id: each.country_id for each in presets},
        knows_users=True,
        custom_fields=custom_fields(fields),
        field_names=fields.names,
    )

    def run(
        folder: str, params: Mapping[str, Any], *, earlier: Earlier | None = None, lang: str = "en", **known: Any
    ) -> Built:
        place = tmp_path / folder
        place.mkdir()
        asked = ReportParams.from_json({**params, "lang": lang})
        kind = KINDS[asked.kind]
        request = ReportRequest(asked, "Anna Smith", NOW, "https://p.example/{}".format, partial=True, earlier=earlier)
        assembly = ReportAssembly(
            kind=kind,
            portal=scene.client,
            request=request,
            catalog=replace(catalog, **known),
            progress=ProgressTracker(Watched(), detailed=asked.reads_rows),
            stop=StopSignal(),
        )
        with speaking(asked.lang), kind.register(place, asked, NOW.date()) as register:
            return Built(assembly.orchestrator(register, place).run(), place)

    return run


def no_word_is_russian(built: Built) -> None:
    for name, text in built.texts().items():
        found = CYRILLIC.search(text)
        assert found is None, f"{name}: {text[max(found.start() - 60, 0) : found.end() + 60]}"


def test_a_register_with_product_rows_is_english_throughout(build: Build) -> None:
    built = build("register", {**PERIOD, "detailed": True})
    no_word_is_russian(built)
    assert built.book.sheetnames == [
        "Invoices",
        "By counterparty",
        "By responsible person",
        "Product rows",
        "By VAT rate",
        "Problems",
    ]
    assert built.outcome.summary["problems"] > 20
    assert built.book.properties.language == "en-US"
    assert built.book.properties.title == "Invoice register from 01.01.2025 to 31.03.2026"
    assert built.header("Invoices", "Number")[:8] == [
        "Number",
        "INN",
        "Counterparty",
        "Amount",
        "VAT",
        "Invoice date",
        "Shipping date",
        "Payment date",
    ]
    assert built.header("Problems", "Number") == ["Number", "Field", "Problem"]


def test_every_column_that_can_be_chosen_is_english(build: Build) -> None:
    built = build("chosen", {**PERIOD, "columns": list(CHOICE)})
    no_word_is_russian(built)
    titles = built.header("Invoices", "Number")
    assert len({*titles}) == len(titles) == len(CHOICE)


@pytest.mark.parametrize("known", [{}, {"payments": True}], ids=["by the date", "by payments"])
def test_receivables_are_english_throughout(build: Build, known: dict[str, Any]) -> None:
    built = build("debts", DEBTS, **({"fields": replace(FieldMapping(), payment_source="payments")} if known else {}))
    no_word_is_russian(built)
    assert built.book.sheetnames == ["Receivables", "Ageing", "Problems"]
    assert built.header("Receivables", "Number")[3:6] == ["Amount", "Paid", "Outstanding balance"]
    assert "Over 60" in built.header("Ageing", "Counterparty")


def test_a_comparison_is_english_throughout(scene: Scene, build: Build) -> None:
    earlier = build("earlier", PERIOD)
    invoice = next(iter(scene.portal.crm.invoices))["id"]
    scene.portal.crm.invoices.change(invoice, opportunity="1.00", begindate="2026-03-01")
    scene.portal.crm.add_invoice(number="new", date="2026-03-02")
    built = build("later", PERIOD, earlier=Earlier("1", earlier.path(ROWS.name), "of 01.04.2026"))
    no_word_is_russian(built)
    assert built.header("Changes", "Number")[:4] == ["Number", "What changed", "Counterparty", "Field"]


def test_what_is_missing_is_said_in_english(build: Build) -> None:
    gone = dict.fromkeys(("date_field", "shipped_field", "paid_field", "paid_amount_field"), "ufCrmGone")
    built = build(
        "gone", {**PERIOD, "columns": ["number", "ufCrmGone"], "paid": False, "stages": None}, gone_fields=gone
    )
    no_word_is_russian(built)
    assert "The portal no longer has the field “ufCrmGone”" in built.texts()["summary"]


def test_the_table_is_written_as_english_readers_have_it(build: Build) -> None:
    with build("csv", PERIOD).path("csv").open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    assert all(re.fullmatch(r"-?[0-9]+(\.[0-9]+)?|", line["Amount"]) for line in lines)
    assert all(re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|", line["Invoice date"]) for line in lines)


def test_codes_and_figures_are_those_of_the_russian_report(build: Build) -> None:
    """JSON does not change with the language: only what a person reads does."""
    said = {"title", "file_title", "first_problems", "problems_by_field"}
    english, russian = build("one", PERIOD), build("other", PERIOD, lang="ru")
    assert {name: each for name, each in english.outcome.summary.items() if name not in said} == {
        name: each for name, each in russian.outcome.summary.items() if name not in said
    }
    assert russian.book.sheetnames[0] == "Краткий"


def test_reports_of_both_languages_are_built_side_by_side(build: Build) -> None:
    """Each thread of a report speaks its report's language, whoever is built beside it."""
    with ThreadPoolExecutor(2) as pool:
        english, russian = pool.map(lambda lang: build(lang, {**PERIOD, "detailed": True}, lang=lang), ("en", "ru"))
    no_word_is_russian(english)
    assert "Problems" not in russian.book.sheetnames
