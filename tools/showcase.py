"""The sample workbook, and the picture of it beside the page, from one report of a demo portal.

``python -m tools.showcase``: the report is ordered on the page; the file that the page gives is the sample, and
LibreOffice prints its first page.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from base64 import b64encode
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser.chromium import chromium, find_chromium
from tests.browser.stage import Stage, running_stage
from tests.browser.visit import Visit
from tools.screenshots import ALONE, TALL

DOCS = Path(__file__).parents[1] / "docs"
SAMPLE = DOCS / "sample" / "invoice-register.xlsx"
PICTURE = DOCS / "screenshots" / "excel-beside-page.png"
INVOICES = 800
"""Enough for a month that looks like an office's, few enough for a file of some tens of kilobytes."""


def main() -> int:
    """Makes both files; 1 when a program for it is missing."""
    path, office, painter = find_chromium(), shutil.which("soffice"), shutil.which("pdftoppm")
    if path is None or office is None or painter is None:
        sys.stderr.write("Chromium, LibreOffice (soffice) and poppler-utils (pdftoppm) are needed\n")
        return 1
    SAMPLE.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, running_stage(Path(folder)) as stage, chromium(path) as browser:
        page = report(browser, stage)
        picture(browser, page, printed(office, painter, Path(folder)))
    for made in (SAMPLE, PICTURE):
        sys.stdout.write(f"{made.relative_to(DOCS.parent)}: {made.stat().st_size // 1024} KB\n")
    return 0


def report(browser: Browser, stage: Stage) -> bytes:
    """Orders last month's register with product rows and keeps its workbook. → a picture of the page."""
    portal = stage.portal(invoices=INVOICES)
    context = browser.new_context(
        viewport={"width": 1040, "height": TALL}, locale="ru-RU", timezone_id="Europe/Moscow", reduced_motion="reduce"
    )
    at = Visit(context, portal)
    at.page.add_init_script(ALONE)
    at.open()
    for question in ("zone", "paid-right"):  # once asked of an administrator
        place = at.get(question)
        button = place.get_by_role("button").first if question == "zone" else place
        button.press("Enter")
        expect(button).to_be_hidden()
    expect(at.get("estimate").locator("strong, .notice")).to_be_visible(timeout=60_000)
    at.choose("period-last_month")
    at.get("detailed").check()
    expect(at.get("estimate-count")).to_be_visible(timeout=60_000)
    at.build()
    at.done()
    with at.page.expect_download() as download:
        at.get("download-xlsx").click()
    download.value.save_as(SAMPLE)
    at.page.mouse.move(1, 1)
    at.page.wait_for_timeout(200)  # the frame hears a little later that the mouse has left its button
    shot = at.app.locator("#page").screenshot(animations="disabled")
    context.close()
    portal.stop()
    return shot


def printed(office: str, painter: str, folder: Path) -> bytes:
    """The first page of the workbook as LibreOffice prints it."""
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    pdf = folder / f"{SAMPLE.stem}.pdf"
    for command in (
        [office, profile, "--headless", "--convert-to", "pdf", "--outdir", str(folder), str(SAMPLE)],
        [painter, "-png", "-r", "130", "-singlefile", str(pdf), str(pdf.with_suffix(""))],
    ):
        subprocess.run(command, check=True, capture_output=True, timeout=300)  # noqa: S603  # programs that were found
    return pdf.with_suffix(".png").read_bytes()


def picture(browser: Browser, page: bytes, sheet: bytes) -> None:
    """The workbook on the left, in front; the page beside it."""
    left, right = (f"data:image/png;base64,{b64encode(each).decode('ascii')}" for each in (sheet, page))
    context = browser.new_context(viewport={"width": 1600, "height": 760})
    tab = context.new_page()
    tab.set_content(
        f"""<style>
          body {{ margin: 0; padding: 24px; box-sizing: border-box; height: 760px; background: #eef2f5;
                  display: flex; gap: 24px; align-items: flex-start; }}
          div {{ height: 712px; overflow: hidden; border-radius: 6px; background: #fff; box-shadow: 0 2px 12px #0003 }}
          .sheet {{ flex: 0 0 800px }} .page {{ flex: 1; background: #eef2f5 }} img {{ display: block; width: 100% }}
          .sheet img {{ width: 1180px }}
        </style><div class="sheet"><img src="{left}"></div><div class="page"><img src="{right}"></div>"""
    )
    tab.wait_for_function("[...document.images].every((each) => each.complete)")
    tab.screenshot(path=PICTURE)
    context.close()


if __name__ == "__main__":
    sys.exit(main())
