"""The moving pictures of the README: installation, report, workbook, in half a minute: ``python -m tools.film``.

Every frame is a screenshot of the demo portal, or a page of the workbook that was downloaded on the way; captions and
the pointer are drawn over them. Needs Chromium, LibreOffice and poppler-utils.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Locator, expect

from demo_portal.portal import Portal
from tests.browser.chromium import chromium, find_chromium
from tests.browser.stage import Person, Stage, running_stage
from tests.browser.visit import Visit
from tools.market.data import furnish
from tools.market.pictures import LOCALES

DOCS = Path(__file__).parents[1] / "docs"
WIDTH, HEIGHT, STRIP = 1280, 720, 56
SHOWN = 960
"""Pixels of the film's width: text stays readable, and the file below MOST_BYTES."""
MOST_BYTES = 3 * 2**20
COLOURS = 128
FOLD = HEIGHT - 90
"""What lies deeper is under the form's button, or out of sight."""
LOW = {"y": float(HEIGHT)}
INVOICES = 600
PATIENCE = 60_000
PROGRESS_FRAMES = 5
CAPTIONS: Mapping[str, Mapping[str, str]] = {
    "ru": {
        "install": "Установка: приложение само встаёт на свои места в портале",
        "form": "Выберите период — видно, сколько в нём счетов",
        "progress": "Отчёт собирается в фоне: вкладку можно закрыть",
        "done": "Готово: итоги по валютам и проблемы со ссылками на счета",
        "rows": "Строки можно посмотреть до скачивания",
        "workbook": "Скачанный файл: реестр с итогами",
        "counterparties": "…по контрагентам: оплачено, не оплачено, просрочено",
        "problems": "…и чего не хватает в счетах и что с этим делать",
    },
    "en": {
        "install": "Installation: the application takes its places in the portal",
        "form": "Choose a period: it says how many invoices there are",
        "progress": "The report is built in the background: the tab may be closed",
        "done": "Done: totals by currency, problems with links to the invoices",
        "rows": "The rows can be looked at before the download",
        "workbook": "The downloaded file: the register with its totals",
        "counterparties": "…by counterparty: paid, unpaid, overdue",
        "problems": "…and what the invoices lack, and what to do about it",
    },
}
POINTER = (
    "<svg width='26' height='34' viewBox='0 0 13 17'><path d='M1 1v13l3.4-3.1L6.6 16l2.2-1-2.2-4.9H11z' fill='#fff' "
    "stroke='#111' stroke-width='1'/></svg>"
)


@dataclass
class Film:
    """Frames and how long each is shown, in milliseconds."""

    browser: Browser
    lang: str
    frames: list[Image.Image] = field(default_factory=list)
    times: list[int] = field(default_factory=list)

    def add(self, image: bytes, caption: str, milliseconds: int, pointer: tuple[float, float] | None = None) -> None:
        """A picture with its caption and, where something is pressed, the pointer."""
        page = self.browser.new_page(viewport={"width": WIDTH, "height": HEIGHT + STRIP})
        place = f"left: {pointer[0]}px; top: {pointer[1]}px" if pointer else "display: none"
        page.set_content(
            f"""<style>
              body {{ margin: 0; background: #16324a; font: 25px/{STRIP}px "Open Sans", "DejaVu Sans", sans-serif }}
              img {{ display: block; width: {WIDTH}px; height: {HEIGHT}px }}
              img {{ object-fit: none; object-position: top left; background: #fff }}
              p {{ margin: 0; padding: 0 28px; color: #fff }} div {{ position: absolute; {place} }}
            </style><img src="data:image/png;base64,{b64encode(image).decode("ascii")}">
            <p>{CAPTIONS[self.lang][caption]}</p><div>{POINTER}</div>"""
        )
        page.wait_for_function("document.images[0].complete")
        shot = Image.open(BytesIO(page.screenshot())).convert("RGB")
        page.close()
        height = round(shot.height * SHOWN / shot.width)
        self.frames.append(shot.resize((SHOWN, height), Image.Resampling.LANCZOS))
        self.times.append(milliseconds)

    def save(self, path: Path) -> None:
        """The film as a GIF that begins again at its end. Raises ValueError where it is too large for a README."""
        sheet = Image.new("RGB", (SHOWN, sum(each.height for each in self.frames)))
        top = 0
        for each in self.frames:
            sheet.paste(each, (0, top))
            top += each.height
        palette = sheet.quantize(COLOURS, method=Image.Quantize.MEDIANCUT)
        drawn = [each.quantize(palette=palette, dither=Image.Dither.NONE) for each in self.frames]
        drawn[0].save(path, save_all=True, append_images=drawn[1:], duration=self.times, loop=0, optimize=True)
        if path.stat().st_size > MOST_BYTES:
            raise ValueError(f"{path.name}: {path.stat().st_size} bytes, more than {MOST_BYTES}")


def main(langs: list[str]) -> int:
    """Makes ``docs/screenshots/film-<lang>.gif``; 1 when a program for it is missing."""
    path, programs = find_chromium(), [shutil.which(name) for name in ("soffice", "pdftoppm", "pdftotext")]
    if path is None or not all(programs):
        sys.stderr.write("Chromium, LibreOffice (soffice) and poppler-utils (pdftoppm, pdftotext) are needed\n")
        return 1
    with tempfile.TemporaryDirectory() as folder, running_stage(Path(folder)) as stage, chromium(path) as browser:
        for lang in langs or CAPTIONS:
            film = Film(browser, lang)
            workbook = Path(folder) / f"{lang}.xlsx"
            act(film, stage, workbook)
            leaf_through(film, workbook, [str(each) for each in programs])
            made = DOCS / "screenshots" / f"film-{lang}.gif"
            film.save(made)
            sys.stdout.write(f"{made.relative_to(DOCS.parent)}: {made.stat().st_size // 1024} KB, ")
            sys.stdout.write(f"{sum(film.times) / 1000:.0f} seconds, {len(film.frames)} frames\n")
    return 0


# --- what happens in the portal


def act(film: Film, stage: Stage, workbook: Path) -> None:
    """Installs the application in a fresh portal, builds a report, looks at it and downloads it."""
    portal = stage.portal(invoices=INVOICES, installed=False)
    furnish(portal, film.lang)
    context = film.browser.new_context(
        viewport={"width": WIDTH, "height": HEIGHT},
        locale=LOCALES[film.lang],
        timezone_id="Europe/Moscow",
        reduced_motion="reduce",
    )
    at = Visit(context, portal, lang=film.lang)
    install(film, at)
    settle(portal, film.lang)
    at.open()
    choose(film, at)
    portal.pace.latency = 0.6  # long enough to see the progress
    build(film, at)
    portal.pace.latency = 0.0
    show(film, at, workbook)
    context.close()
    portal.stop()


def install(film: Film, at: Visit) -> None:
    """The installation page with its steps ticked."""
    at.page.route("**/demo/install-finish*", lambda route: route.abort())
    at.page.goto(at.address())
    expect(at.get("install-outcome").locator(".notice")).to_be_visible(timeout=PATIENCE)
    film.add(at.page.screenshot(), "install", 3500)
    at.page.unroute_all()
    at.page.goto(at.address())
    at.ready()


def settle(portal: Portal, lang: str) -> None:
    """Saves the settings as they were guessed, so that nothing is asked once more."""
    person = Person.of(portal, lang=lang)
    person.call("PUT", "/settings", person.call("GET", "/settings"))


def press(film: Film, at: Visit, caption: str, place: Locator, milliseconds: int = 900) -> None:
    """Shows the pointer at a control, then presses it."""
    expect(place).to_be_visible(timeout=PATIENCE)
    if (place.bounding_box() or LOW)["y"] > FOLD:
        place.evaluate("(each) => each.scrollIntoView({ block: 'center' })")
    box = place.bounding_box()
    if box is not None:
        where = (box["x"] + min(box["width"] * 0.6, 120), box["y"] + box["height"] * 0.55)
        film.add(at.page.screenshot(), caption, milliseconds, where)
    place.press("Space" if place.get_attribute("type") in {"radio", "checkbox"} else "Enter")


def choose(film: Film, at: Visit) -> None:
    """The period, and product rows."""
    counted = at.get("estimate").locator("strong, .notice")
    expect(counted).to_be_visible(timeout=PATIENCE)
    film.add(at.page.screenshot(), "form", 1800)
    press(film, at, "form", at.get("period-last_quarter"))
    press(film, at, "form", at.get("detailed"))
    expect(at.get("estimate-count")).to_be_visible(timeout=PATIENCE)
    film.add(at.page.screenshot(), "form", 1600)


def build(film: Film, at: Visit) -> None:
    """The button, and the progress."""
    press(film, at, "form", at.get("build"))
    at.page.evaluate("scrollTo(0, 0)")
    words, done = at.get("progress-words"), at.get("done")
    expect(words.or_(done).first).to_be_visible(timeout=PATIENCE)
    said: set[str] = set()
    while len(said) < PROGRESS_FRAMES and not done.is_visible():
        image, now = at.page.screenshot(), " ".join(words.all_inner_texts())
        if now and now not in said:
            said.add(now)
            film.add(image, "progress", 900)


def show(film: Film, at: Visit, workbook: Path) -> None:
    """The finished report: totals, problems, rows, the file."""
    at.done()
    at.grown()
    at.page.evaluate("scrollTo(0, 0)")
    film.add(at.page.screenshot(), "done", 2800)
    at.get("problem").first.evaluate("(each) => each.scrollIntoView({ block: 'center' })")
    film.add(at.page.screenshot(), "done", 2200)
    press(film, at, "rows", at.get("look"))
    expect(at.app.locator("[data-testid^=months-]").first).to_be_visible(timeout=PATIENCE)
    at.grown()
    at.app.locator("#result-rows").evaluate("(each) => each.scrollIntoView({ block: 'start' })")
    film.add(at.page.screenshot(), "rows", 3000)
    at.page.evaluate("scrollTo(0, 0)")
    with at.page.expect_download() as download:
        press(film, at, "workbook", at.get("download-xlsx"), 1400)
    download.value.save_as(workbook)


# --- the workbook


def leaf_through(film: Film, workbook: Path, programs: list[str]) -> None:
    """Its first page, that of the counterparties and that of the problems, as LibreOffice prints them."""
    office, painter, reader = programs
    profile = f"-env:UserInstallation={(workbook.parent / 'profile').as_uri()}"
    pdf = workbook.with_suffix(".pdf")
    _run([office, profile, "--headless", "--convert-to", "pdf", "--outdir", str(workbook.parent), str(workbook)])
    pages = _run([reader, "-layout", str(pdf), "-"]).split("\f")
    for caption, sheet in zip(("workbook", "counterparties", "problems"), SHEETS[film.lang], strict=True):
        number = next(place for place, text in enumerate(pages, start=1) if re.search(sheet, text))
        picture = pdf.with_name(f"{caption}-{film.lang}")
        _run([painter, "-png", "-r", "150", "-singlefile", "-f", str(number), str(pdf), str(picture)])
        film.add(picture.with_suffix(".png").read_bytes(), caption, 2800)


SHEETS = {"ru": ("", "По контрагентам", "Проблемы: "), "en": ("", "By counterparty", "Problems: ")}
"""What the first page of each sheet says; the register is the first page of all."""


def _run(command: list[str]) -> str:
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)  # noqa: S603  # found programs
    return done.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
