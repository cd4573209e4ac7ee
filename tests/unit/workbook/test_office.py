"""Other programs than ours judge the file: LibreOffice opens and prints it, a validator reads it by its schemas."""

from __future__ import annotations

import csv
import shutil
import subprocess
from pathlib import Path

import pytest
from openxml_audit import OpenXmlValidator, ValidationError

from bitrix_app.processing.model import Problem
from bitrix_app.workbook import REGISTER_SHEETS, write_workbook
from bitrix_app.workbook.cells import clean
from tests.unit.workbook.builders import a_header, a_register, an_invoice
from tests.unit.workbook.test_hostile import HOSTILE

SOFFICE = shutil.which("soffice")
needs_office = pytest.mark.skipif(SOFFICE is None, reason="left out: LibreOffice (soffice) is not installed")
CSV = "csv:Text - txt - csv (StarCalc):59,34,76,1,,0,false,true,false,false,false,1"
"""Semicolons, quotes, UTF-8, the first sheet, values as they are shown."""


def converted(path: Path, target: str) -> list[Path]:
    """The files that LibreOffice makes of the workbook, with a profile of its own."""
    profile = f"-env:UserInstallation={(path.parent / 'profile').as_uri()}"
    command = [str(SOFFICE), profile, "--headless", "--convert-to", target, "--outdir", str(path.parent), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return sorted(path.parent.glob(f"*.{target.partition(':')[0]}"))


@needs_office
def test_libreoffice_prints_every_sheet_with_numbered_pages(path: Path) -> None:
    """A PDF with a page for each of the five sheets at least."""
    invoices = [an_invoice(id=each, problems=(Problem("ИНН", "Проверьте."),)) for each in range(100)]
    write_workbook(path, a_register(invoices), a_header(), REGISTER_SHEETS)
    (pdf,) = converted(path, "pdf")
    content = pdf.read_bytes()
    assert content.startswith(b"%PDF")
    assert content.count(b"/Type/Page/") + content.count(b"/Type /Page\n") >= 5


@needs_office
def test_libreoffice_shows_hostile_names_as_typed(path: Path) -> None:
    """No formula runs, no escape is eaten, the sums after them stand."""
    names = [name for name in HOSTILE if not set(name) & set("\n\r")]
    write_workbook(
        path, a_register([an_invoice(counterparty=name) for name in names]), a_header(detailed=False), REGISTER_SHEETS
    )
    (table,) = converted(path, CSV)
    rows = list(csv.reader(table.read_text("utf-8").splitlines(), delimiter=";"))
    shown = [row[2] for row in rows if row[1] == "7707083893"]
    assert shown == [clean(name) for name in names]


def is_weighed(found: ValidationError) -> bool:
    """openpyxl's order of a font's properties: the validator wants a sequence, ECMA-376 (CT_Font) leaves a choice."""
    return found.part_uri == "/xl/styles.xml" and "/font[" in found.path


@pytest.mark.parametrize("detailed", [False, True])
def test_the_file_is_valid_by_its_schemas(path: Path, detailed: bool) -> None:
    """All sheets, links, problems, and names of every sort."""
    named = [an_invoice(id=place, counterparty=name) for place, name in enumerate(HOSTILE, 1)]
    invoices = [*named, an_invoice(id=999, problems=(Problem("ИНН", "Проверьте."),))]
    write_workbook(path, a_register(invoices), a_header(detailed=detailed), REGISTER_SHEETS)
    assert [str(each) for each in OpenXmlValidator().validate(path).errors if not is_weighed(each)] == []
