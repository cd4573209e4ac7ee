"""Finished files over fsspec: a folder, or any address that fsspec knows (``s3://bucket/prefix``).

A file is whole or absent: in a folder it is written under a temporary name and moved; an object store shows an
object only when it is whole. Names are our own (report id, attempt, format), never a user's.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

import fsspec
import structlog
from fsspec.core import url_to_fs

from bitrix_app.errors import SettingsError, StorageFullError

NAME = re.compile(r"[0-9a-f-]{36}\.[0-9]{1,9}\.[a-z]{3,5}|\.part-[0-9a-f]{32}")
OBJECT_STORES = {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss"}
try:
    from botocore.exceptions import BotoCoreError  # type: ignore[import-untyped]  # botocore ships no types
except ImportError:  # requirements-s3.txt is not installed: no address needs it
    FAILURES: tuple[type[Exception], ...] = (OSError,)
else:
    FAILURES = (OSError, BotoCoreError)

log = structlog.get_logger("storage")


def file_name(report_id: str, attempt: int, kind: str) -> str:
    """The name of a report's file in the store: ``kind`` is its format (``xlsx``, ``csv``)."""
    return _checked(f"{report_id}.{attempt}.{kind}")


class Files:
    """The file store. Raises SettingsError for an address that fsspec cannot use, and for a folder that cannot be
    made or written to; an object store is not asked yet.

    Every name is checked: one that we did not make raises ValueError, so no name leads out of the store.
    """

    def __init__(self, url: str) -> None:
        try:
            self._fs, self._root = url_to_fs(url, use_listings_cache=False, skip_instance_cache=True)
        except ImportError as error:
            raise SettingsError(
                f"REPORTS_DIR: a library for this address is not installed ({error}); s3:// needs: "
                "pip install -r requirements-s3.txt"
            ) from error
        except ValueError as error:
            raise SettingsError(f"REPORTS_DIR: this address cannot be used: {error}") from error
        self._atomic = not OBJECT_STORES.isdisjoint(_protocols(self._fs))
        self._is_folder = "file" in _protocols(self._fs)
        if self._is_folder:
            _make_folder(self._root)

    def put(self, local: Path, name: str) -> int:
        """Copy a finished local file into the store under this name. → its size in bytes.

        Raises StorageFullError when the place is full, not writable or not reachable; nothing is left then.
        """
        target, size = self._path(name), local.stat().st_size
        with storing():
            if self._atomic:
                self._fs.put_file(str(local), target)
            else:
                self._put_and_move(local, target)
        return size

    def _put_and_move(self, local: Path, target: str) -> None:
        temporary = self._path(f".part-{uuid4().hex}")
        self._fs.makedirs(self._root, exist_ok=True)
        try:
            self._fs.put_file(str(local), temporary)
            if self._is_folder:
                _flush(temporary)
            self._fs.mv(temporary, target)
        except FAILURES:
            with contextlib.suppress(*FAILURES):
                self._fs.rm_file(temporary)
            raise

    def open(self, name: str) -> IO[bytes]:
        """The file, open for reading bytes. Raises FileNotFoundError; StorageFullError when the store is away."""
        with storing(looking=True):
            stream: IO[bytes] = self._fs.open(self._path(name), "rb")
            return stream

    def local(self, name: str) -> Path | None:
        """Where the file lies on this machine's disk; None in an object store."""
        return Path(self._path(name)) if self._is_folder else None

    def delete(self, name: str) -> None:
        """Remove a file; harmless when it is gone. Raises StorageFullError when it cannot be removed."""
        with storing(), contextlib.suppress(FileNotFoundError):
            self._fs.rm_file(self._path(name))

    def delete_all(self, names: Iterable[str]) -> list[str]:
        """Remove these files, which no row names any more. → those that could not be removed: the sweep takes them."""
        left = []
        for name in names:
            try:
                self.delete(name)
            except StorageFullError as error:
                log.warning("file_abandoned", name=name, error=str(error))
                left.append(name)
        return left

    def names(self, older_than: datetime | None = None) -> list[str]:
        """Names of our files in the store (temporary ones too), last changed before the moment ``older_than``.

        Foreign files in the same place are not ours to name.
        """
        with storing():
            return [name for name, changed in self._entries() if older_than is None or changed < older_than]

    def ping(self) -> None:
        """Write and remove a small file. Raises StorageFullError with what is wrong."""
        path = self._path(f".part-{uuid4().hex}")
        with storing():
            if self._is_folder:
                self._fs.makedirs(self._root, exist_ok=True)
            self._fs.pipe_file(path, b"ping")
            self._fs.rm_file(path)

    def _entries(self) -> Iterator[tuple[str, datetime]]:
        try:
            listed = self._fs.ls(self._root, detail=True)
        except FileNotFoundError:
            return
        for info in listed:
            name = str(info["name"]).rstrip("/").rsplit("/", 1)[-1]
            if NAME.fullmatch(name) and info.get("type") == "file":
                yield name, self._changed(info)

    def _changed(self, info: dict[str, Any]) -> datetime:
        changed = info.get("mtime") or info.get("LastModified") or self._fs.modified(info["name"])
        if isinstance(changed, datetime):
            return changed if changed.tzinfo else changed.replace(tzinfo=UTC)
        return datetime.fromtimestamp(float(changed), UTC)

    def _path(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{_checked(name)}"


@contextlib.contextmanager
def storing(*, looking: bool = False) -> Iterator[None]:
    """Translates the file store's errors into StorageFullError; ``looking``: a missing file stays FileNotFoundError."""
    try:
        yield
    except FAILURES as error:
        if looking and isinstance(error, FileNotFoundError):
            raise
        raise StorageFullError(f"the file store cannot be used: {error}") from error


def _checked(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ValueError("not a name of a stored file")
    return name


def _make_folder(path: str) -> None:
    """Raises SettingsError when there is none afterwards that we may write to."""
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
        usable = os.access(path, os.W_OK | os.X_OK)
    except OSError as error:
        raise SettingsError(f"REPORTS_DIR: the folder {path} cannot be made: {error.strerror}") from error
    if not usable:
        raise SettingsError(f"REPORTS_DIR: the folder {path} cannot be written to")


def _protocols(fs: fsspec.AbstractFileSystem) -> set[str]:
    return {fs.protocol} if isinstance(fs.protocol, str) else set(fs.protocol)


def _flush(path: str) -> None:
    """fsync: the bytes are on the disk before the file gets its name."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
