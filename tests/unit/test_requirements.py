"""The requirement files: everything pinned with hashes, no address of a registry, S3's libraries apart."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(path.name for path in ROOT.glob("requirements*.txt"))
NAME = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)", re.MULTILINE)
WITHOUT_S3 = """
import sys
for name in ("s3fs", "botocore", "aiobotocore"):
    sys.modules[name] = None
from bitrix_app.errors import SettingsError
from bitrix_app.storage import Files
try:
    Files("s3://bucket")
except SettingsError as error:
    print(error)
"""


def pinned(name: str) -> dict[str, set[str]]:
    """Package → versions (one for each kind of machine)."""
    found: dict[str, set[str]] = {}
    for package, version in re.findall(r"^([a-z0-9._-]+)(?:\[[a-z,]+\])?==(\S+)", _text(name), re.MULTILINE):
        found.setdefault(package, set()).add(version)
    return found


def _text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def named(name: str) -> set[str]:
    """The packages of a short source file."""
    return {each.lower().replace("_", "-") for each in NAME.findall(_text(name))}


@pytest.mark.parametrize("name", FILES)
def test_every_package_is_pinned_with_hashes_and_no_registry_is_named(name: str) -> None:
    """pip then takes nothing else, wherever it gets the files from."""
    text = _text(name)
    packages = [part for part in re.split(r"\n(?=\S)", text) if not part.startswith("#")]
    assert packages
    for package in packages:
        assert re.match(r"[a-z0-9._\[\],-]+==\S+ ", package), package
        assert "--hash=sha256:" in package, package
    assert not re.search(r"https?:|index|find-links|@ ", text)


@pytest.mark.parametrize("name", FILES)
def test_what_the_source_names_is_there(name: str) -> None:
    """``make requirements`` was run after the last change."""
    assert named(name.replace(".txt", ".in")) <= set(pinned(name)) | {"r"}


@pytest.mark.parametrize("name", [each for each in FILES if each != "requirements-dev.txt"])
def test_all_files_agree_with_what_the_tests_run_on(name: str) -> None:
    tested = pinned("requirements-dev.txt")
    assert [each for each, versions in pinned(name).items() if versions != tested.get(each, versions)] == []


def test_the_libraries_of_object_stores_are_an_extra() -> None:
    """A folder needs none of them; whoever names s3:// is told what to install."""
    assert {"s3fs", "botocore", "aiohttp"} & set(pinned("requirements.txt")) == set()
    said = subprocess.run([sys.executable, "-c", WITHOUT_S3], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "requirements-s3.txt" in said.stdout, said.stderr
