"""The page's bundles: what a module exports is what the others get, under names that change with what is in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bitrix_app.web.assets import Assets, bundle

STATIC = Path(__file__).parents[3] / "static"


def write(folder: Path, **modules: str) -> Path:
    for name, source in modules.items():
        (folder / f"{name}.js").write_text(source, encoding="utf-8")
    return folder


def test_modules_stand_in_the_order_of_their_imports_each_once(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        app='import { a } from "./left.js";\nimport "./right.js";\na();\n',
        left='import { B } from "./right.js";\nexport function a() { return B; }\n',
        right="const own = 1;\nexport const B = own;\nexport async function c() {}\n",
    )
    text = bundle(folder, "app")
    places = [text.index(f'modules["{name}"] = ') for name in ("right", "left", "app")]
    assert places == sorted(places)
    assert 'const { B } = modules["right"];' in text
    assert "return { B, c };" in text
    assert "import" not in text.replace("imports", "")
    assert "export" not in text


def test_modules_that_need_each_other_are_refused(tmp_path: Path) -> None:
    folder = write(tmp_path, app='import { a } from "./app.js";\nexport const a = 1;\n')
    with pytest.raises(ValueError, match="app"):
        bundle(folder, "app")


@pytest.mark.parametrize("name", ["app", "install", "send", "schedules", "rows", "compare"])
def test_nothing_of_the_modules_own_syntax_is_left(name: str) -> None:
    """A form of import or export that the bundler does not know would break the page: here it is seen before."""
    lines = bundle(STATIC / "js", name).splitlines()
    assert [line for line in lines if line.startswith(("import ", "export "))] == []


def test_a_bundles_name_changes_with_what_is_in_it(tmp_path: Path) -> None:
    for name in ("tokens.css", "page.css"):
        (tmp_path / name).write_text("", encoding="utf-8")
    (tmp_path / "js").mkdir()
    write(tmp_path / "js", app="const a = 1;\n", install="", send="", schedules="", rows="", compare="")
    before = Assets(tmp_path, "/prefix").addresses
    assert before == Assets(tmp_path, "/prefix").addresses
    write(tmp_path / "js", app="const a = 2;\n")
    after = Assets(tmp_path, "/prefix").addresses
    assert before["app.js"] != after["app.js"]
    assert before["install.js"] == after["install.js"]
    assert after["app.js"].startswith("/prefix/assets/app-")
