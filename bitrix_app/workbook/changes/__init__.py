"""What has changed since an earlier report: two files of rows compared, and the sheet that shows it."""

from bitrix_app.workbook.changes.comparison import Change, ChangesFound, Comparison
from bitrix_app.workbook.changes.sheet import CHANGES, changes_sheet

__all__ = ["CHANGES", "Change", "ChangesFound", "Comparison", "changes_sheet"]
