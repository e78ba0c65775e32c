"""One county of a batch, as a worker does it: assess, write, and keep a log of its own."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import time
import traceback
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lifecircle import __version__
from lifecircle.batch.jobs import Job, Options
from lifecircle.errors import InputError, LifecircleError
from lifecircle.runlog import Progress, RunLog

if TYPE_CHECKING:
    from lifecircle.county import Assessment

BEGUN: Final = "begun"
"""What is told before the first stage."""

WRITING: Final = "writing"
"""The last stage: results take the place of earlier ones."""

_BEGIN: Final = "begin"

Tell = Callable[[str], None]
"""Told the name of each stage as it begins."""


@dataclass(frozen=True)
class Outcome:
    """How a county ended by itself, well or not.

    Parameters
    ----------
    seconds, peak_mb, warnings
        What it took, and how much was found; peak memory is None where it failed.
    error
        Empty if it is done.
    outputs
        Its files below the batch's folder, with their sizes; -1 for a folder.
    software
        Version of lifecircle in the worker.
    """

    seconds: float
    peak_mb: int | None
    warnings: int
    error: str
    outputs: tuple[tuple[str, int], ...]
    software: str = __version__


def assess_county(job: Job, options: Options, out: Path, tell: Tell) -> Outcome:
    """Assess one county and write its results into its own folder; no error leaves this function.

    Parameters
    ----------
    job
        The county.
    options
        Options of the batch.
    out
        The batch's folder.
    tell
        Told of each stage.

    Returns
    -------
    Outcome
        What went wrong stands in it, and with its traceback in the county's log.
    """
    log, run, begun = _Log(log_path(out, job.name)), RunLog(("county",)), time.perf_counter()
    log.line(f"{_BEGIN} {job.config} lifecircle {__version__} pid {os.getpid()}")

    def heard(stage: str, *_: int) -> None:
        log.line(stage)
        tell(stage)

    written: list[Path] = []
    noted: list[str] = []
    error = ""
    with warnings.catch_warnings(record=True) as caught:  # they stand in the log, not on the screen
        warnings.simplefilter("default")
        try:
            with run.stage("county"):
                judged, written = _assess(job, options, out, heard)
            noted = [text for done in judged for text in done.run["warnings"]]
        except Exception as failure:  # noqa: BLE001 - whatever it is, it may cost no other county
            error = told(failure, job.name)
            log.line(f"error {error}\n{''.join(traceback.format_exception(failure))}")
    found = list(dict.fromkeys([*noted, *run.warnings]))
    others = [str(w.message) for w in caught if str(w.message) not in found]
    for text in [*found, *dict.fromkeys(others)]:
        log.line(f"warning {text}")
    seconds = round(time.perf_counter() - begun, 3)
    log.line(f"{'failed' if error else 'done'} in {seconds:.1f} s")
    return Outcome(
        seconds=seconds,
        peak_mb=run.peak_mb.get("county"),
        warnings=len(found),
        error=error,
        outputs=tuple(_sized(path, out) for path in written),
    )


def on_worker(job: Job, options: Options, out: Path, topic: str) -> Outcome:
    """Do `assess_county` in a worker of Dask, and tell the stages to whoever follows the topic."""
    from distributed import get_worker

    worker = get_worker()
    return assess_county(
        job, options, out, lambda stage: worker.log_event(topic, (job.name, stage))
    )


def warm_up(*, compiled: bool) -> str:
    """Load what every county needs, so that the first one does not pay for it.

    Parameters
    ----------
    compiled
        Whether to run the kernels too, which compiles them if this machine has not done so yet.

    Returns
    -------
    str
        lifecircle's version in this worker.
    """
    import lifecircle.county
    import lifecircle.render.writing  # noqa: F401

    if compiled:
        _compile()
    return __version__


def log_path(out: Path, name: str) -> Path:
    """Give the log of a county."""
    plain = "".join(c if c.isalnum() or c in "-_." else "_" for c in name)
    return out / "logs" / f"{plain.strip('_')[-120:]}.log"


def times_begun(out: Path, name: str) -> int:
    """Count in a county's log how often a worker has taken it.

    A worker that dies at once has no time to tell; its log has the line all the same.
    """
    path = log_path(out, name)
    if not path.exists():
        return 0
    with path.open(encoding="utf-8", errors="replace") as lines:
        return sum(line.split(" ", 2)[1:2] == [_BEGIN] for line in lines)


def told(error: BaseException, name: str) -> str:
    """Say what went wrong and how to mend it, in one line per fault."""
    if isinstance(error, InputError | LifecircleError):
        return str(error)
    if isinstance(error, MemoryError):
        return f"{name}: out of memory -> give more with --memory, or fewer --workers"
    if isinstance(error, OSError):
        return f"{name}: {error} -> check that files can be reached and the disk has room"
    return (
        f"{name}: {type(error).__name__}: {error} -> an error of the software, please report it "
        f"with the county's log"
    )


def _assess(
    job: Job, options: Options, out: Path, tell: Progress
) -> tuple[list[Assessment], list[Path]]:
    from lifecircle.config import read_config
    from lifecircle.county import assess_profiles
    from lifecircle.render.writing import check_writable, write_judgements

    tell(BEGUN, 0, 0)
    county, folder = read_config(job.config), out / job.name
    check_writable(folder)
    _sweep(folder)
    judged = assess_profiles(county, options.standards, progress=tell)
    tell(WRITING, 0, 0)
    lang = options.lang or county.map.lang
    return judged, write_judgements(judged, folder, lang=lang, without=options.without)


def _sweep(folder: Path) -> None:
    """Remove what an attempt that was killed left half-written."""
    for place in [*folder.glob(".writing-*"), *folder.glob("*/.writing-*")]:
        shutil.rmtree(place, ignore_errors=True)


def _sized(path: Path, out: Path) -> tuple[str, int]:
    return path.relative_to(out).as_posix(), -1 if path.is_dir() else path.stat().st_size


def _compile() -> None:
    """Walk a street of two crossings, drawn too: every kernel of an assessment runs once."""
    import geopandas as gpd
    import pandas as pd
    import shapely

    from lifecircle.config import WalkProfile
    from lifecircle.isochrone import isochrones
    from lifecircle.network import WalkNetwork
    from lifecircle.reach import nearest_times

    crs, x = "EPSG:4546", [500_000.0, 500_100.0, 500_200.0]
    points = [shapely.Point(east, 3_000_000.0) for east in x]
    nodes = pd.DataFrame({"x": x, "y": 3_000_000.0}, index=[1, 2, 3])
    edges = pd.DataFrame({"u": [1, 2], "v": [2, 3]})
    network = WalkNetwork.from_tables(nodes, edges, crs=crs, profile=WalkProfile())
    stops = gpd.GeoDataFrame(
        {"kind": ["post"], "name": ["-"], "source": ["-"]},
        geometry=points[:1],
        index=pd.Index(["p"], name="facility_id"),
        crs=crs,
    )
    squares = [point.buffer(50.0, cap_style="square") for point in points]
    cells = gpd.GeoDataFrame(
        {
            "unit_id": "u",
            "setting": "urban",
            "persons": 1.0,
            "residential_m2": 1.0,
            "x": x,
            "y": 3_000_000.0,
        },
        geometry=squares,
        index=pd.RangeIndex(3, name="cell_id"),
        crs=crs,
    )
    nearest_times(network, stops, cells, kinds=["post"])
    area = shapely.union_all(squares)
    isochrones(network, stops, minutes=(5.0,), area=area)


class _Log:
    """Lines with their time, appended; a full disk costs lines, never the county."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def line(self, text: str) -> None:
        now = dt.datetime.now().astimezone().isoformat(timespec="milliseconds")
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(f"{now} {text.rstrip()}\n")
