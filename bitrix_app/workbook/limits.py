"""What Excel holds, and what we therefore never exceed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """``rows``: rows of a sheet (Excel specifications and limits); beyond them a second sheet goes on.
    ``sheet_bytes``: length of one sheet's rows in the file; Excel reads no sheet of 4 GiB, and a quarter of that is
    a sheet that still opens. ``sheets``: how many sheets we write before saying that the report is too large."""

    rows: int = 1_048_576
    sheet_bytes: int = 1 << 30
    sheets: int = 64


EXCEL = Limits()
