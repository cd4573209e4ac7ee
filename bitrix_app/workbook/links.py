"""Hyperlinks of one sheet, streamed to two small files: the elements, and the addresses they refer to."""

from __future__ import annotations

from html import escape
from pathlib import Path

from bitrix_app.workbook.text import clean

CELLS_LIMIT = 65_530
"""Hyperlinks that one sheet of Excel takes (Excel specifications and limits); later rows stay without one."""

ADDRESS_LIMIT = 2_079
"""Characters of an address that Excel follows."""

NAMESPACE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
)


class Links:
    """Links of the rows of one sheet, top down; neighbouring rows with the same address share one link."""

    def __init__(self, folder: Path, name: str) -> None:
        self.elements = folder / f"{name}.links"
        self.relations = folder / f"{name}.rels"
        self.cells = 0
        self._elements = self.elements.open("w", encoding="utf-8")
        self._relations = self.relations.open("w", encoding="utf-8")
        self._relations.write(_HEAD)
        self._number = 0
        self._open: tuple[str, str, int, int] | None = None

    def takes(self, address: str) -> bool:
        """False when Excel would not take one more link to ``address`` (not http, too long, too many links)."""
        return self.cells < CELLS_LIMIT and _is_followed(address)

    def add(self, letter: str, row: int, address: str) -> None:
        """Link one cell to an address that ``takes`` has agreed to."""
        self.cells += 1
        if self._open is not None and self._open[:2] == (letter, address) and self._open[3] == row - 1:
            self._open = (*self._open[:3], row)
        else:
            self._write_open()
            self._open = (letter, address, row, row)

    def close(self) -> None:
        """Write what is pending and end both files; harmless when repeated."""
        if self._elements.closed:
            return
        self._write_open()
        self._relations.write("</Relationships>")
        self._elements.close()
        self._relations.close()

    def _write_open(self) -> None:
        if self._open is None:
            return
        letter, address, first, last = self._open
        self._open = None
        self._number += 1
        cells = f"{letter}{first}" if first == last else f"{letter}{first}:{letter}{last}"
        self._elements.write(f'<hyperlink ref="{cells}" r:id="rId{self._number}"/>')
        self._relations.write(
            f'<Relationship Id="rId{self._number}" Type="{NAMESPACE}/hyperlink" '
            f'Target="{escape(address)}" TargetMode="External"/>'
        )


def _is_followed(address: str) -> bool:
    is_web = address.startswith(("https://", "http://"))
    return is_web and len(address) <= ADDRESS_LIMIT and clean(address) == address and len(address.split()) == 1
