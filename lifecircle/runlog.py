"""What a run did: seconds and peak memory by stage, counts, and every warning. Kept in run.json."""

from __future__ import annotations

import importlib.metadata
import platform
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import psutil

from lifecircle.errors import DataWarning

Progress = Callable[[str, int, int], None]
"""Called at the start of each stage with its name, its number from 0, and how many there are."""

LIBRARIES: Final = (
    "lifecircle",
    "folium",
    "geopandas",
    "numba",
    "numpy",
    "osmium",
    "pandas",
    "pyogrio",
    "pyproj",
    "rasterio",
    "scipy",
    "shapely",
)
_SAMPLE_SECONDS: Final = 0.02


@dataclass
class RunLog:
    """Collects what a run did, stage by stage.

    Parameters
    ----------
    stages
        Names of the stages to come, in order.
    progress
        Told of each stage as it begins.

    Examples
    --------
    >>> log = RunLog(("read", "draw"))
    >>> with log.stage("read"):
    ...     log.count(nodes=3)
    >>> log.counts
    {'nodes': 3}
    """

    stages: tuple[str, ...]
    progress: Progress | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    peak_mb: dict[str, int] = field(default_factory=dict)
    counts: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def count(self, **counts: Any) -> None:
        """Note counts by name."""
        self.counts.update(counts)

    def note(self, *findings: str) -> None:
        """Keep findings beside the warnings, without issuing a warning."""
        self.warnings.extend(findings)

    def fork(self) -> RunLog:
        """Give a log that goes on from here by itself: one measurement, several judgements."""
        return RunLog(
            self.stages,
            self.progress,
            seconds=dict(self.seconds),
            peak_mb=dict(self.peak_mb),
            counts=dict(self.counts),
            warnings=list(self.warnings),
        )

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage, watch its memory and keep its `DataWarning` messages.

        Other warnings are passed on as they are; data warnings are issued again at its end, so that
        a notebook shows them too.
        """
        if self.progress is not None:
            self.progress(name, self.stages.index(name), len(self.stages))
        begin = time.perf_counter()
        caught: list[Any] = []
        try:
            with warnings.catch_warnings(record=True) as caught, _peak_memory() as peak:
                warnings.simplefilter("always", DataWarning)
                yield
        finally:  # of a stage that fails, what it found before counts all the more
            self._pass_on(caught)
        self.seconds[name] = round(time.perf_counter() - begin, 3)
        self.peak_mb[name] = round(max(peak) / 2**20)

    def _pass_on(self, caught: list[Any]) -> None:
        for warning in caught:
            if issubclass(warning.category, DataWarning):
                self.warnings.append(str(warning.message))
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )

    def summary(self) -> dict[str, Any]:
        """Give all that was collected, with the versions of what computed it.

        Returns
        -------
        dict
            Keys ``software``, ``seconds``, ``stages`` (seconds, peak_mb), ``counts``, ``warnings``.
        """
        versions = {name: importlib.metadata.version(name) for name in LIBRARIES}
        return {
            "software": {"python": platform.python_version(), **versions},
            "seconds": round(sum(self.seconds.values()), 3),
            "stages": {
                name: {"seconds": seconds, "peak_mb": self.peak_mb[name]}
                for name, seconds in self.seconds.items()
            },
            "counts": self.counts,
            "warnings": self.warnings,
        }


@contextmanager
def _peak_memory() -> Iterator[list[int]]:
    """Sample the process's resident memory in the background; the list holds the readings."""
    process = psutil.Process()
    readings = [process.memory_info().rss]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_SAMPLE_SECONDS):
            readings.append(max(readings.pop(), process.memory_info().rss))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield readings
    finally:
        done.set()
        watcher.join()
        readings.append(process.memory_info().rss)
