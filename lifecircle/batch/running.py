"""Running a batch: what is due, one county per worker at a time, all of it in the journal."""

from __future__ import annotations

import signal
import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, Protocol

from lifecircle.batch.cluster import Crew, Hands, check_crew, connected
from lifecircle.batch.jobs import Job, Options, fingerprint, read_jobs
from lifecircle.batch.journal import Entry, Journal, held, intact, opened
from lifecircle.batch.summary import write_summary
from lifecircle.batch.work import BEGUN, WRITING, Outcome, on_worker, times_begun
from lifecircle.config import load_config
from lifecircle.errors import Fault, InputError

if TYPE_CHECKING:
    from distributed import Client, Future

STRIKES: Final = 3
"""A county that took its worker down so often is marked killed."""

_BYSTANDER: Final = 10  # deaths of workers that a county sees without having begun, until we stop
_GRACE_SECONDS: Final = 20.0  # for results that are being written when the batch is stopped
_TICK_SECONDS: Final = 0.5

_KILLED: Final = (
    "took its worker down {} times, most likely for want of memory -> give more with --memory or "
    "fewer --workers, look into its log, then use --retry-failed"
)


class Watcher(Protocol):
    """Follows a batch."""

    def start(self, entries: Sequence[Entry], due: int) -> None:
        """See all counties, and how many of them are to be done now."""

    def stage(self, name: str, stage: str) -> None:
        """See that a county has come to a stage."""

    def ended(self, entry: Entry) -> None:
        """See how a county ended, or that it was put back."""


@dataclass(frozen=True)
class Report:
    """How a batch ended.

    Parameters
    ----------
    entries
        What the journal holds of its counties.
    skipped
        How many were done before.
    interrupted
        Whether it was stopped from outside; what was unfinished waits.
    files
        Tables of the whole.
    """

    entries: list[Entry]
    skipped: int
    interrupted: bool
    files: list[Path]

    @property
    def failures(self) -> list[Entry]:
        """Counties that failed or took their workers down."""
        return [e for e in self.entries if e.status in ("failed", "killed")]


def run_batch(
    configs: Sequence[Path],
    out: Path,
    *,
    options: Options | None = None,
    crew: Crew | None = None,
    retry_failed: bool = False,
    watcher: Watcher,
) -> Report:
    """Assess many counties, each by itself, and add them up.

    Parameters
    ----------
    configs
        Their TOML files.
    out
        Folder of the batch: a folder per county, the journal, logs, and the summary.
    options
        What holds for every county.
    crew
        Who does the work.
    retry_failed
        Try again what failed with the same inputs.
    watcher
        Told of all that happens.

    Returns
    -------
    Report
        What was done before with the same inputs, options and version, and whose files are there,
        is not done again.

    Raises
    ------
    InputError
        Counties share a name, or what was asked for cannot be; nothing was begun.
    OutputError
        The folder cannot be used, or another batch uses it.
    OfflineError
        The cluster cannot be reached, or was lost; the same command goes on from there.
    """
    options, crew = options or Options(), crew or Crew()
    check_crew(crew)
    with stopping() as stop, held(out), opened(out) as journal:
        journal.release()
        jobs = read_jobs(configs, options, journal.sha256)
        due = _due(journal, jobs, retry_failed=retry_failed)
        names = {job.name for job in jobs}
        watcher.start([e for e in journal.entries() if e.name in names], len(due))
        if due and not stop.is_set():
            with connected(crew, len(due)) as client:
                _Dispatch(client, journal, options, watcher, stop).run(due)
        entries = [e for e in journal.entries() if e.name in names]
        lang = options.lang or "zh"
        files = [] if stop.is_set() else write_summary(out, journal.entries(), lang=lang)
    return Report(entries, len(jobs) - len(due), stop.is_set(), files)


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """Turn Ctrl-C and SIGTERM into an event; a second one interrupts at once."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop  # signals are the main thread's
        return

    def handle(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _due(journal: Journal, jobs: Sequence[Job], *, retry_failed: bool) -> list[Job]:
    """Put in the queue what is to be done; what cannot be done is noted as failed at once."""
    known = {entry.name: entry for entry in journal.entries()}
    _check_moved(jobs, known)
    due: list[Job] = []
    new: list[Job] = []
    failed: list[Job] = []
    for job in jobs:
        entry = known.get(job.name)
        same = entry is not None and entry.fingerprint == job.fingerprint
        over = same and entry is not None and entry.status in ("failed", "killed")
        if same and entry is not None and entry.status == "done" and intact(entry, journal.folder):
            continue
        if over and not retry_failed:
            continue
        if entry is None or not same or entry.status != "waiting":
            new.append(job)
        (failed if job.fault else due).append(job)
    journal.add(new)
    for job in failed:
        journal.end(job.name, "failed", error=job.fault)
    journal.describe(jobs)
    seconds = {name: entry.seconds or 0.0 for name, entry in known.items()}
    # The longest first, so that none is left alone at the end.
    return sorted(due, key=lambda job: (-seconds.get(job.name, 0.0), -job.bytes, job.name))


def _check_moved(jobs: Sequence[Job], known: dict[str, Entry]) -> None:
    """Refuse a county whose results would take the place of another county's."""
    faults = []
    for job in jobs:
        entry = known.get(job.name)
        if entry is None or entry.config == str(job.config):
            continue
        if Path(entry.config).is_file() and entry.fingerprint != job.fingerprint:
            what = f"the name {job.name!r} is that of {entry.config} in this batch"
            faults.append(Fault(str(job.config), what, "give it another name, or another --out"))
    if faults:
        raise InputError(faults)


@dataclass
class _Flight:
    """One county with the cluster."""

    job: Job
    future: Future
    before: int
    begun: int = 0
    stage: str = ""


@dataclass
class _Dispatch:
    """Keeps every worker at one county, until none is left or the batch is stopped."""

    client: Client
    journal: Journal
    options: Options
    watcher: Watcher
    stop: threading.Event
    flying: dict[str, _Flight] = field(default_factory=dict)
    strikes: Counter[str] = field(default_factory=Counter)
    bystander: Counter[str] = field(default_factory=Counter)
    news: SimpleQueue[tuple[str, str, Any]] = field(default_factory=SimpleQueue)

    def run(self, jobs: Sequence[Job]) -> None:
        waiting, topic = deque(jobs), f"lifecircle-{uuid.uuid4().hex}"
        self.client.subscribe_topic(topic, lambda event: self.news.put(("stage", *event[1])))
        try:
            hands = Hands(self.client)
            room, looked = hands.count(), time.monotonic()
            while (waiting or self.flying) and not self.stop.is_set():
                if time.monotonic() - looked > _TICK_SECONDS:
                    room, looked = hands.count(), time.monotonic()
                while waiting and len(self.flying) < room:
                    self._submit(waiting.popleft(), topic)
                waiting.extend(self._hear())
            self._finish_writing()
        finally:
            for name, flight in self.flying.items():
                self.client.cancel([flight.future], force=True)
                self.watcher.stage(name, "")
            self.client.unsubscribe_topic(topic)
            self.journal.release()

    def _submit(self, job: Job, topic: str) -> None:
        before = times_begun(self.journal.folder, job.name)
        future = self.client.submit(
            on_worker,
            job,
            self.options,
            self.journal.folder.resolve(),
            topic,
            key=f"{job.name}-{uuid.uuid4().hex}",
            pure=False,
        )
        self.flying[job.name] = _Flight(job, future, before)
        future.add_done_callback(lambda ended: self.news.put(("ended", job.name, ended)))

    def _hear(self) -> list[Job]:
        """Take in what has happened; give the counties that have to be tried again."""
        try:
            what, name, value = self.news.get(timeout=_TICK_SECONDS)
        except Empty:
            return []
        flight = self.flying.get(name)
        if flight is None:  # given up, or a late word of an attempt that is over
            return []
        if what == "stage":
            self._on_stage(flight, value)
            return []
        if value is not flight.future:
            return []
        del self.flying[name]
        return self._on_end(flight)

    def _on_stage(self, flight: _Flight, stage: str) -> None:
        if stage == BEGUN:
            flight.begun += 1
            self.journal.begin(flight.job.name)
        flight.stage = stage
        self.watcher.stage(flight.job.name, stage)

    def _on_end(self, flight: _Flight) -> list[Job]:
        from distributed import KilledWorker

        name, future = flight.job.name, flight.future
        if future.status == "finished":
            self._keep(flight.job, future.result())
            return []
        failure = future.exception() if future.status == "error" else None
        if isinstance(failure, KilledWorker) or failure is None:  # None: cancelled with its worker
            logged = times_begun(self.journal.folder, name) - flight.before
            for _ in range(logged - flight.begun):  # it had no time to tell
                self.journal.begin(name)
            flight.begun = max(flight.begun, logged)
            self.strikes[name] += flight.begun
            self.bystander[name] += not flight.begun
            if self.strikes[name] < STRIKES and self.bystander[name] < _BYSTANDER:
                self.watcher.stage(name, "")
                return [flight.job]
            times = self.strikes[name] + self.bystander[name]
            self.journal.end(name, "killed", error=f"{name}: {_KILLED.format(times)}")
        else:  # `assess_county` raises nothing: the worker could not even take the county
            error = f"{name}: {failure} -> check that all workers have the same software"
            self.journal.end(name, "failed", error=error)
        self._tell(name)
        return []

    def _keep(self, job: Job, outcome: Outcome) -> None:
        self.journal.end(
            job.name,
            "failed" if outcome.error else "done",
            error=outcome.error,
            seconds=outcome.seconds,
            peak_mb=outcome.peak_mb,
            warnings=outcome.warnings,
            outputs=outcome.outputs,
            software=outcome.software,
            fingerprint=self._still(job),
        )
        self._tell(job.name)

    def _still(self, job: Job) -> str:
        """Give the fingerprint of what was assessed, or none if inputs changed meanwhile."""
        try:
            now, _ = fingerprint(load_config(job.config)[0], self.options, self.journal.sha256)
        except (InputError, OSError):
            return ""
        return now if now == job.fingerprint else ""

    def _tell(self, name: str) -> None:
        self.watcher.ended(self.journal.entry(name))

    def _finish_writing(self) -> None:
        """After a stop, let results that are being put in place come to their end."""
        until = time.monotonic() + _GRACE_SECONDS
        while time.monotonic() < until and any(
            flight.stage == WRITING for flight in self.flying.values()
        ):
            self._hear()
