"""What the workbook's tests share: a function that writes a register and opens the file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from openpyxl.workbook import Workbook

from bitrix_app.processing.model import ProcessedInvoice
from bitrix_app.workbook import REGISTER_SHEETS, write_workbook
from tests.unit.workbook.builders import a_header, a_register
from tests.unit.workbook.reading import opened

Write = Callable[..., Workbook]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the workbook is written."""
    return tmp_path / "register.xlsx"


@pytest.fixture
def write(path: Path) -> Write:
    """Writes these invoices under a header with these changes, and opens the workbook."""

    def write_and_open(invoices: Iterable[ProcessedInvoice], **header: Any) -> Workbook:
        write_workbook(path, a_register(invoices), a_header(**header), REGISTER_SHEETS)
        return opened(path)

    return write_and_open
