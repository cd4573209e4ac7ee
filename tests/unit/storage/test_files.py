"""The file store: a folder or S3, whole files or none, and no name that leads elsewhere."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import boto3
import pytest
from moto.server import ThreadedMotoServer

from bitrix_app.errors import SettingsError, StorageFullError
from bitrix_app.storage import Files, file_name

NAME = file_name("043f04c0-2aa7-4788-ac3e-1c2d3fbb12cc", 1, "xlsx")
OTHER = file_name("59bf54b9-1d8b-4031-9c1c-df211da02081", 2, "csv")


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """Address of a stand-in for S3."""
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["folder", "s3"])
def address(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """REPORTS_DIR of each kind, empty."""
    if request.param == "folder":
        return str(tmp_path / "var" / "reports")
    endpoint: str = request.getfixturevalue("s3_server")
    for name, value in (
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(name, value)
    bucket = f"reports-{uuid4().hex[:8]}"
    client = boto3.client("s3", endpoint_url=endpoint)
    client.create_bucket(Bucket=bucket)
    client.close()
    return f"s3://{bucket}/some/prefix"


@pytest.fixture
def files(address: str) -> Files:
    return Files(address)


@pytest.fixture
def local(tmp_path: Path) -> Path:
    path = tmp_path / "built.xlsx"
    path.write_bytes(b"workbook" * 1000)
    return path


def test_a_file_comes_back_as_it_was_put(files: Files, local: Path) -> None:
    assert files.put(local, NAME) == 8000
    assert NAME in files.names()
    with files.open(NAME) as stream:
        assert stream.read() == local.read_bytes()


def test_nothing_but_the_whole_file_is_left_in_the_store(files: Files, local: Path) -> None:
    files.put(local, NAME)
    assert files.names() == [NAME]


def test_a_folder_that_was_taken_away_is_made_again(tmp_path: Path, local: Path) -> None:
    """A report that is finished is not lost for want of a folder."""
    files = Files(str(tmp_path / "reports"))
    (tmp_path / "reports").rmdir()
    files.put(local, NAME)
    with files.open(NAME) as file:
        assert file.read() == local.read_bytes()


def test_a_deleted_file_is_gone_and_deleting_is_harmless(files: Files, local: Path) -> None:
    files.put(local, NAME)
    files.delete(NAME)
    files.delete(NAME)
    assert NAME not in files.names()
    with pytest.raises(FileNotFoundError), files.open(NAME) as stream:
        stream.read()


def test_names_can_be_asked_by_age(files: Files, local: Path) -> None:
    assert files.names() == []
    files.put(local, NAME)
    files.put(local, OTHER)
    now = datetime.now(UTC)
    assert sorted(files.names(now + timedelta(minutes=5))) == sorted([NAME, OTHER])
    assert files.names(now - timedelta(minutes=5)) == []


def test_a_store_that_can_be_written_to_answers_a_ping(files: Files) -> None:
    files.ping()
    assert files.names() == []


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "a.xlsx", f"../{NAME}", f"{NAME}/..", f"{NAME}\n", "", f"{NAME}\0"]
)
def test_a_name_that_we_did_not_make_is_refused(files: Files, local: Path, name: str) -> None:
    for step in (files.open, files.delete, lambda each: files.put(local, each)):
        with pytest.raises(ValueError, match="not a name of a stored file"):
            step(name)


def test_a_name_cannot_be_made_of_anything_but_our_own_ids() -> None:
    with pytest.raises(ValueError, match="not a name of a stored file"):
        file_name("../../etc/passwd", 1, "xlsx")


def test_foreign_files_in_the_folder_are_left_alone(tmp_path: Path, local: Path) -> None:
    (tmp_path / "reports" / "folder").mkdir(parents=True)
    (tmp_path / "reports" / "readme.txt").write_text("not ours")
    files = Files(str(tmp_path / "reports"))
    files.put(local, NAME)
    assert files.names() == [NAME]


def test_an_interrupted_copy_is_found_by_the_sweep(tmp_path: Path) -> None:
    (tmp_path / ".part-0123456789abcdef0123456789abcdef").write_bytes(b"half")
    assert Files(str(tmp_path)).names(datetime.now(UTC) + timedelta(minutes=1)) == [
        ".part-0123456789abcdef0123456789abcdef"
    ]


def test_a_place_that_cannot_be_written_to_is_told_apart(tmp_path: Path, local: Path) -> None:
    files = Files(str(tmp_path / "reports"))
    (tmp_path / "reports").rmdir()
    (tmp_path / "reports").write_text("a file where the folder should be")
    with pytest.raises(StorageFullError):
        files.put(local, NAME)
    with pytest.raises(StorageFullError):
        files.ping()


@pytest.mark.parametrize("address", ["s3"], indirect=True)
@pytest.mark.usefixtures("address")
def test_a_bucket_that_is_not_there_is_told_apart(local: Path) -> None:
    """A folder is made when it is missing, a bucket is not."""
    with pytest.raises(StorageFullError):
        Files("s3://no-such-bucket/prefix").ping()
    with pytest.raises(StorageFullError):
        Files("s3://no-such-bucket/prefix").put(local, NAME)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 kB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no right to mount a small disk: the full disk is left out")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_told_apart_and_no_half_file_stays(small_disk: Path, tmp_path: Path) -> None:
    large = tmp_path / "large.xlsx"
    large.write_bytes(os.urandom(200_000))
    files = Files(str(small_disk))
    with pytest.raises(StorageFullError):
        files.put(large, NAME)
    assert list(small_disk.iterdir()) == []
    small = tmp_path / "small.xlsx"
    small.write_bytes(b"fits")
    assert files.put(small, NAME) == 4


def test_a_folder_that_cannot_be_used_stops_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the start, not with the first report that is ready."""
    (tmp_path / "file").write_text("a file where the folder should be")
    for place in (tmp_path / "file", tmp_path / "file" / "reports"):
        with pytest.raises(SettingsError, match=r"\AREPORTS_DIR[^\n]+\Z"):
            Files(str(place))
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(SettingsError, match=r"\AREPORTS_DIR[^\n]+written to\Z"):
        Files(str(tmp_path))


def test_an_address_that_nobody_knows_stops_the_start() -> None:
    with pytest.raises(SettingsError, match="REPORTS_DIR"):
        Files("nosuchscheme://bucket")
