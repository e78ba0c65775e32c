"""The journal of a batch: one SQLite file, written by the batch alone, whole after any crash.

It keeps SQLite's rollback journal rather than a write-ahead log, which network drives do not bear;
with one writer and a few rows per county nothing is gained by the other.
"""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

from lifecircle.batch.jobs import Job, settled, stamp
from lifecircle.config import Dataset
from lifecircle.errors import Fault, MissingFileError, OutputError

Status = Literal["waiting", "running", "done", "failed", "killed"]
STATUSES: Final[tuple[Status, ...]] = ("running", "waiting", "done", "failed", "killed")
FILE: Final = "batch.sqlite"
_LOCK: Final = "batch.lock"

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS counties (
  name TEXT PRIMARY KEY, zh TEXT NOT NULL, en TEXT NOT NULL, adcode TEXT NOT NULL,
  config TEXT NOT NULL, fingerprint TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('waiting', 'running', 'done', 'failed', 'killed')),
  attempts INTEGER NOT NULL DEFAULT 0, seconds REAL, peak_mb INTEGER, warnings INTEGER,
  error TEXT NOT NULL DEFAULT '', outputs TEXT NOT NULL DEFAULT '[]',
  software TEXT NOT NULL DEFAULT '', changed TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS history (at TEXT NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS inputs (
  path TEXT PRIMARY KEY, bytes INTEGER NOT NULL, changed_ns INTEGER NOT NULL, sha256 TEXT NOT NULL
) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Entry:
    """What the journal knows of one county.

    Parameters
    ----------
    name, zh, en, adcode, config, fingerprint
        As of its `Job`.
    status
        ``"waiting"``, ``"running"``, ``"done"``, ``"failed"``, or ``"killed"``: it took its
        worker down again and again.
    attempts
        How often it was begun since its inputs last changed.
    seconds, peak_mb, warnings
        Cost and findings of the last attempt that ended by itself; None before.
    error
        What went wrong and how to mend it; empty where nothing did.
    outputs
        Files below the batch's folder, with their sizes.
    software
        Version of lifecircle that assessed it.
    changed
        ISO time of the last change.
    """

    name: str
    zh: str
    en: str
    adcode: str
    config: str
    fingerprint: str
    status: Status
    attempts: int
    seconds: float | None
    peak_mb: int | None
    warnings: int | None
    error: str
    outputs: tuple[tuple[str, int], ...]
    software: str
    changed: str


_SELECT: Final = f"SELECT {', '.join(Entry.__dataclass_fields__)} FROM counties"  # noqa: S608


class Journal:
    """The journal in a batch's folder; open it with `opened`.

    Every change is one transaction that is on disk when the call returns.
    """

    def __init__(self, connection: sqlite3.Connection, folder: Path) -> None:
        self._connection = connection
        self.folder = folder
        self._hashed: dict[str, tuple[int, int, str]] = {}

    def entries(self) -> list[Entry]:
        """Give all counties by name."""
        with _told(self.folder):
            rows = self._connection.execute(f"{_SELECT} ORDER BY name").fetchall()
        return [_entry(row) for row in rows]

    def entry(self, name: str) -> Entry:
        """Give one county that is known to be there."""
        with _told(self.folder):
            row = self._connection.execute(f"{_SELECT} WHERE name = ?", (name,)).fetchone()
        return _entry(row)

    def add(self, jobs: Sequence[Job]) -> None:
        """Put counties in the queue, as if they were new."""
        with self._change() as connection:
            for job in jobs:
                row = (job.name, job.zh, job.en, job.adcode, str(job.config), job.fingerprint)
                connection.execute(
                    "INSERT OR REPLACE INTO counties "
                    "(name, zh, en, adcode, config, fingerprint, status, changed) "
                    "VALUES (?, ?, ?, ?, ?, ?, 'waiting', ?)",
                    (*row, _now()),
                )
                self._keep(connection, job.name, "waiting")

    def describe(self, jobs: Sequence[Job]) -> None:
        """Take over names, file and adcode of counties; their results do not depend on these."""
        with self._change() as connection:
            connection.executemany(
                "UPDATE counties SET zh = ?, en = ?, adcode = ?, config = ? WHERE name = ?",
                [(job.zh, job.en, job.adcode, str(job.config), job.name) for job in jobs],
            )

    def begin(self, name: str) -> None:
        """Note that a worker has begun a county."""
        with self._change() as connection:
            connection.execute(
                "UPDATE counties SET status = 'running', attempts = attempts + 1, changed = ? "
                "WHERE name = ?",
                (_now(), name),
            )
            self._keep(connection, name, "running")

    def end(self, name: str, status: Status, **what: Any) -> None:
        """Note how a county ended; `what` holds columns of the journal."""
        what = {"status": status, "error": "", **what, "changed": _now()}
        if "outputs" in what:
            what["outputs"] = json.dumps(what["outputs"], ensure_ascii=False)
        columns = ", ".join(f"{column} = ?" for column in what)
        with self._change() as connection:
            connection.execute(
                f"UPDATE counties SET {columns} WHERE name = ?",  # noqa: S608 - names of the code
                (*what.values(), name),
            )
            self._keep(connection, name, status)

    def release(self) -> None:
        """Put back what is said to be running and is not."""
        with self._change() as connection:
            connection.execute(
                "INSERT INTO history SELECT ?, name, 'waiting' FROM counties "
                "WHERE status = 'running'",
                (_now(),),
            )
            connection.execute("UPDATE counties SET status = 'waiting' WHERE status = 'running'")

    def sha256(self, data: Dataset) -> str:
        """Give a dataset's hash: remembered while its size and time of change stay the same."""
        path, seen = str(data.path), stamp(data.path)
        known = self._connection.execute(
            "SELECT bytes, changed_ns, sha256 FROM inputs WHERE path = ?", (path,)
        ).fetchone()
        if known is not None and known[:2] == seen:
            return str(known[2])
        fresh = self._hashed.get(path)
        if fresh is not None and fresh[:2] == seen:
            return fresh[2]
        told = data.sha256()
        if settled(seen[1]) and stamp(data.path) == seen:
            self._hashed[path] = (*seen, told)  # kept with the next change
        return told

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        with _told(self.folder), self._connection as connection:
            rows = [(path, *known) for path, known in self._hashed.items()]
            connection.executemany("INSERT OR REPLACE INTO inputs VALUES (?, ?, ?, ?)", rows)
            yield connection
        self._hashed.clear()

    @staticmethod
    def _keep(connection: sqlite3.Connection, name: str, status: str) -> None:
        connection.execute("INSERT INTO history VALUES (?, ?, ?)", (_now(), name, status))


@contextmanager
def opened(folder: Path, *, new: bool = True) -> Iterator[Journal]:
    """Open the journal of a batch.

    Parameters
    ----------
    folder
        The batch's folder.
    new
        Whether to make the folder and the journal where they are missing.

    Raises
    ------
    MissingFileError
        There is no journal, and none is to be made.
    OutputError
        It cannot be made, or what is there is no journal.
    """
    path = folder / FILE
    if not new and not path.is_file():
        fault = Fault(str(folder), "holds no batch", "give the --out of lifecircle batch")
        raise MissingFileError(fault)
    with _told(folder):
        folder.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=30.0)
    try:
        with _told(folder):
            connection.execute("PRAGMA synchronous = FULL")
            connection.executescript(_SCHEMA)
        yield Journal(connection, folder)
    finally:
        connection.close()


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep every other batch out of a folder; the system lets go of it whatever happens to us.

    Raises
    ------
    OutputError
        A batch is running there, or the folder cannot be written to.
    """
    with _told(folder):
        folder.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(folder / _LOCK, timeout=0.0, isolation_level=None)
    try:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise OutputError(
                f"{folder}: a batch is running there, or it cannot be locked ({error}) -> "
                "wait for it to end, or give another --out"
            ) from error
        yield
    finally:
        connection.close()


def is_held(folder: Path) -> bool:
    """Tell whether a batch is running in a folder."""
    try:
        with held(folder):
            return False
    except OutputError:
        return True


def batch_state(folder: Path) -> list[Entry]:
    """Tell how far a batch has come; what a batch that is gone left running is waiting.

    Parameters
    ----------
    folder
        The batch's folder.

    Raises
    ------
    MissingFileError
        It holds no batch.
    """
    with opened(folder, new=False) as journal:
        entries = journal.entries()
        if not any(entry.status == "running" for entry in entries) or is_held(folder):
            return entries
    return [replace(e, status="waiting") if e.status == "running" else e for e in entries]


def intact(entry: Entry, folder: Path) -> bool:
    """Tell whether all files of a county that is done are there, as large as they were."""
    return bool(entry.outputs) and all(
        (folder / name).exists() and size in (-1, (folder / name).stat().st_size)
        for name, size in entry.outputs
    )


def counts(entries: Sequence[Entry]) -> Mapping[Status, int]:
    """Count the counties by status."""
    return {status: sum(e.status == status for e in entries) for status in STATUSES}


def _entry(row: Sequence[Any]) -> Entry:
    values = dict(zip(Entry.__dataclass_fields__, row, strict=True))
    values["outputs"] = tuple((str(n), int(size)) for n, size in json.loads(values["outputs"]))
    return Entry(**values)


def _now() -> str:
    return dt.datetime.now().astimezone().isoformat(timespec="milliseconds")


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise OutputError(
            f"{folder}: the batch's journal cannot be used: {error} -> check that the folder is "
            "writable and the disk has room, then give the same command again: it goes on from here"
        ) from error
