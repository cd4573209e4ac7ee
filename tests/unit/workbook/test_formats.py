"""The table of formats: each line is enough to write a report in that format."""

from __future__ import annotations

from pathlib import Path

import pytest

from bitrix_app.processing.model import Problem
from bitrix_app.workbook import FORMATS, REGISTER_SHEETS, WORKBOOK, Format
from tests.unit.workbook.builders import a_header, a_register, an_invoice

SEVERAL = [an_invoice(id=each) for each in range(1, 121)]


@pytest.mark.parametrize("format", FORMATS, ids=lambda each: each.name)
def test_every_format_writes_a_whole_file_and_tells_how_far_it_is(tmp_path: Path, format: Format) -> None:
    """The file appears under its name, nothing stands beside it; progress ends with the last invoice."""
    told: list[int] = []
    path = tmp_path / f"register.{format.name}"
    format.write(path, a_register(SEVERAL), a_header(), REGISTER_SHEETS, progress=told.append)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    assert told == [50, 100, 120]


def test_the_lines_of_problems_come_from_the_workbook_alone(tmp_path: Path) -> None:
    """The report's summary counts what stands on that sheet."""
    register = a_register([an_invoice(problems=(Problem("ИНН", "Проверьте ИНН."),))])
    lines = {each: each.write(tmp_path / each.name, register, a_header(), REGISTER_SHEETS) for each in FORMATS}
    assert {each for each, found in lines.items() if found is not None} == {WORKBOOK}


def test_no_two_formats_share_a_name_or_a_label() -> None:
    """The name tells files and links apart, the label buttons."""
    assert len({each.name for each in FORMATS}) == len({each.label for each in FORMATS}) == len(FORMATS)
