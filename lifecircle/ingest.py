"""A large OSM file becomes one store per county, in one pass; counties then never touch the file.

A store is written under a temporary name and renamed; one that is whole and was made from the same
file, area and rules is not made again. An interrupted run goes on where it stopped: before the
pass over the file is done at its start, after that at the first county that lacks.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import math
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args

import geopandas as gpd
import pandas as pd
import psutil
from shapely.geometry.base import BaseGeometry

from lifecircle.config import Dataset, IsochronesConfig, WalkProfile
from lifecircle.crs import metric_crs
from lifecircle.errors import CRSError, Fault, InputError, MissingFileError, OutputError
from lifecircle.sources.countylist import read_counties
from lifecircle.sources.extractstore import SUFFIX
from lifecircle.sources.osmcache import file_sha256
from lifecircle.sources.osmparts import PARTIAL, code_digest
from lifecircle.sources.osmpass import spill_osm
from lifecircle.sources.osmspill import Spilled
from lifecircle.sources.osmstore import (
    area_text,
    county_key,
    county_meta,
    kept_rules,
    rules_text,
    walk_rule_digest,
    write_county,
)
from lifecircle.standards import Unit, read_standard, standard_names

Progress = Callable[[str, int, int], None]
"""Told of a step (``digest``, ``pass``, ``counties``), how far it is, and of how many (0: open)."""

MANIFEST: Final = "manifest.json"

_MARGIN_M: Final = (
    500.0  # beyond the longest walk: boundaries of two sources differ a little (ours)
)
_SPILL: Final = ".spill-"
_EMPTY: Final = "holds no walkable way"


@dataclass(frozen=True)
class Ingested:
    """What `ingest` did.

    Parameters
    ----------
    manifest
        The list of all counties of the folder, as JSON; also of those that earlier runs made, of
        other files or areas, each with the number of its entry in ``ingests``.
    counties
        Index ``county_id``; ``name``, ``file``, ``status`` (``whole``; ``empty``: without any
        way), the ``date`` of the data, and how many ``ways``, ``places``, ... are held.
    written
        How many of the stores this run made; the others were whole already.
    faults
        What is wrong with single counties: those with an error have no store.
    """

    manifest: Path
    counties: pd.DataFrame
    written: int
    faults: tuple[Fault, ...]


def longest_walk_m() -> float:
    """Give how far beyond its border a county needs roads and places, m.

    It is the longest walk of any shipped standard and of the default isochrones at the default
    speed, and the distance to the nearest road.

    Examples
    --------
    >>> longest_walk_m()
    3250.0
    """
    shipped = [read_standard(name) for name in standard_names()]
    limits = {unit: max(s.longest(unit) for s in shipped) for unit in get_args(Unit)}
    drawn, walk = IsochronesConfig(), WalkProfile()
    minutes = max(limits["minutes"], *drawn.minutes)
    metres = max(limits["metres"], *drawn.metres, 0.0)
    return max(minutes * walk.metres_per_minute, metres) + walk.snap_limit_m


def ingest(  # noqa: PLR0913 - an option each
    source: str | Path,
    counties: str | Path,
    out: str | Path,
    *,
    columns: tuple[str | None, str | None] = (None, None),
    layer: str | None = None,
    buffer_km: float | None = None,
    tags: Sequence[str] = (),
    workers: int = 1,
    progress: Progress | None = None,
) -> Ingested:
    """Make one store per county from one OSM file.

    Parameters
    ----------
    source
        ``.osm.pbf`` (or another OSM file) sorted by type and id.
    counties
        Polygons of the counties: GeoPackage, GeoJSON, Shapefile, FileGDB. Several rows of one id
        are one county.
    out
        Folder of the stores: ``ID.lcx`` each, and ``manifest.json``.
    columns
        Names of the columns of ids (file names) and of names; recognised by default.
    layer
        Layer, where the file has several.
    buffer_km
        How far beyond its border a county is kept, km; by default `longest_walk_m` and half a
        kilometre, rounded up to whole kilometres.
    tags
        Keys of further objects that may become facilities, beside those of
        `lifecircle.sources.osmstore.kept_rules`.
    workers
        So many processes read the file and write stores; the stores are the same. With more than
        one, a script that calls this needs ``if __name__ == "__main__":``.
    progress
        Told how far it is.

    Returns
    -------
    Ingested

    Raises
    ------
    MissingFileError, InputError
        A file is not there or wrong as a whole; stores that were finished stay whole.
    OutputError
        The folder cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> file = "data/liechtenstein/liechtenstein-2013-08-03.osm.pbf"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     done = ingest(file, "data/liechtenstein/units.geojson", folder)
    >>> len(done.counties), set(done.counties["status"])
    (11, {'whole'})
    """
    source, out = Path(source), Path(out)
    tell = progress or (lambda *_: None)
    if not source.is_file():
        raise MissingFileError(Fault(str(source), "there is no such file", "check the path"))
    buffer_m = _buffer_m(buffer_km)
    dataset = Dataset(path=Path(counties), layer=layer)
    table, faults = read_counties(dataset, columns)
    rules = kept_rules(tags)
    try:
        out.mkdir(parents=True, exist_ok=True)
        _sweep(out)
        tell("digest", 0, 0)
        stamp = _stamp(source)
        sha256 = file_sha256(source, None)
        plan = _planned(table, buffer_m, out, f"{sha256} {rules_text(rules)} {code_digest()}")
        head = {
            "source": {"name": source.name, "sha256": sha256, "bytes": source.stat().st_size},
            "buffer_m": buffer_m,
            "rules": list(rules),
            "walk_rule": walk_rule_digest(),
        }
        try:
            written = _fill(source, stamp, plan, out, head, tell, workers)
        finally:
            manifest, listed = _list(plan, out, head, faults)
    except OSError as error:
        if isinstance(error, InputError):
            raise
        reason = error.strerror or str(error)
        raise OutputError(
            f"{out}: cannot be written ({reason}) -> make room, or choose another folder"
        ) from error
    empty = listed.index[listed["status"] == "empty"]
    faults += [_warning(str(out / f"{county}{SUFFIX}"), _EMPTY) for county in empty]
    return Ingested(manifest, listed, written, tuple(faults))


def _warning(where: str, what: str) -> Fault:
    remedy = "check the boundary and the extract"
    return Fault(where, what, remedy, severity="warning")


def _buffer_m(buffer_km: float | None) -> float:
    if buffer_km is None:
        return math.ceil((longest_walk_m() + _MARGIN_M) / 1000.0) * 1000.0
    if not 0.0 <= buffer_km <= 100.0:
        raise InputError(Fault("--buffer-km", "is not between 0 and 100", "give kilometres"))
    return buffer_km * 1000.0


@dataclass(frozen=True)
class _County:
    """One county to make: its id, name, store, the area that is kept, and the store's key."""

    id: str
    name: str
    file: Path
    area: BaseGeometry
    key: str


def _planned(table: gpd.GeoDataFrame, buffer_m: float, out: Path, made_by: str) -> list[_County]:
    plan = []
    for county, name, boundary in zip(table.index, table["name"], table.geometry, strict=True):
        area = _widened(boundary, buffer_m)
        key = hashlib.sha256(f"{made_by} {area_text(area)}".encode()).hexdigest()
        plan.append(_County(county, name, out / f"{county}{SUFFIX}", area, key))
    return plan


def _widened(boundary: BaseGeometry, buffer_m: float) -> BaseGeometry:
    """Widen a county as `lifecircle.reading.walk_area` does it."""
    try:
        crs = metric_crs(boundary)
    except CRSError:  # wider than any projection suits; then about the equator's degrees
        return boundary.buffer(buffer_m / 50_000.0)
    wide = gpd.GeoSeries([boundary], crs=4326).to_crs(crs).simplify(10.0).buffer(buffer_m)
    area: BaseGeometry = wide.to_crs(4326).iloc[0]
    return area


def _fill(
    source: Path,
    stamp: tuple[int, int],
    plan: Sequence[_County],
    out: Path,
    head: Mapping[str, Any],
    tell: Progress,
    workers: int,
) -> int:
    """Write the stores that lack, and give their number."""
    todo = [county for county in plan if county_key(county.file) != county.key]
    if not todo:
        return 0
    folder = _spilled(source, stamp, todo, out, head, tell, workers)
    spilled = Spilled(folder)

    def write(county: _County) -> None:
        _write(county, spilled, head)

    tell("counties", 0, len(todo))
    with _threads(workers) as apply:
        for done, _ in enumerate(apply(write, todo), start=1):
            if done < len(todo):
                tell("counties", done, len(todo))
    spilled.close()  # on Windows a file that is mapped cannot be removed
    shutil.rmtree(folder, ignore_errors=True)
    return len(todo)


def _write(county: _County, spilled: Spilled, head: Mapping[str, Any]) -> None:
    tables = spilled.county(spilled.facts.counties.index(county.key))
    counts = {name: table.num_rows for name, table in tables.items()}
    meta = {
        **head,
        "key": county.key,
        "id": county.id,
        "name": county.name,
        "area": area_text(county.area),
        "date": spilled.facts.date,
        "counts": counts,
        "areas_broken": len(spilled.facts.broken),
    }
    write_county(county.file, meta, tables)


@contextlib.contextmanager
def _threads(workers: int) -> Iterator[Callable[..., Iterator[Any]]]:
    """Give a `map` that works in several threads; what is not begun is dropped with an error."""
    if workers <= 1:
        yield map
        return
    with ThreadPoolExecutor(workers) as pool:
        try:
            yield pool.map
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _spilled(
    source: Path,
    stamp: tuple[int, int],
    todo: Sequence[_County],
    out: Path,
    head: Mapping[str, Any],
    tell: Progress,
    workers: int,
) -> Path:
    """Give a finished spill that holds these counties: of an interrupted run, or made now."""
    needed = {county.key for county in todo}
    for folder in sorted(out.glob(f"{_SPILL}*")):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            if needed <= set(Spilled(folder).facts.counties):
                return folder
    name = hashlib.sha256("".join(sorted(needed)).encode()).hexdigest()[:16]
    part = out / f"{_SPILL}{name}.{os.getpid()}{PARTIAL}"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        tell("pass", 0, 0)
        spill_osm(
            source,
            [county.area for county in todo],
            [county.key for county in todo],
            part,
            rules=head["rules"],
            told=lambda seen, of: tell("pass", seen, of),
            workers=workers,
        )
        if _stamp(source) != stamp:
            what = "was changed while it was read"
            raise InputError(Fault(str(source), what, "run it again when the file is whole"))
        folder = out / f"{_SPILL}{name}"
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def _stamp(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


def _sweep(out: Path) -> None:
    """Remove the spills of runs that were killed."""
    for part in out.glob(f"{_SPILL}*{PARTIAL}"):
        pid = part.name.removesuffix(PARTIAL).rpartition(".")[2]
        if not (pid.isdigit() and psutil.pid_exists(int(pid))):
            shutil.rmtree(part, ignore_errors=True)


def _list(
    plan: Sequence[_County], out: Path, head: Mapping[str, Any], faults: Sequence[Fault]
) -> tuple[Path, pd.DataFrame]:
    """Write the manifest from the stores that are there, and give the table of this run's.

    Stores of earlier runs are listed too, each with the number of the ingest that it is of: what
    was read, how far around, and by which rules.
    """
    rows, ingests = list(_rows(plan)), [dict(head)]
    listed = [{**row, "ingest": 0} for row in rows]
    planned = {county.file.name for county in plan}
    for file in sorted(out.glob(f"*{SUFFIX}")):
        meta = county_meta(file)
        if meta is None or file.name in planned:
            continue
        of = {name: meta.get(name) for name in head}
        if of not in ingests:
            ingests.append(of)
        row = {"county_id": meta["id"], "name": meta["name"], "file": file.name}
        listed.append({**row, **_held(meta), "ingest": ingests.index(of)})
    manifest = out / MANIFEST
    told = {
        "format": "lifecircle-store",
        "made": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        **head,
        "ingests": ingests,
        "counties": sorted(listed, key=lambda row: row["county_id"]),
        "faults": [str(fault) for fault in faults],
    }
    part = manifest.with_name(f".{MANIFEST}.{os.getpid()}{PARTIAL}")
    try:
        part.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
        part.replace(manifest)
    finally:
        part.unlink(missing_ok=True)
    return manifest, pd.DataFrame(rows).set_index("county_id")


def _rows(plan: Sequence[_County]) -> Iterator[dict[str, Any]]:
    for county in plan:
        row = {"county_id": county.id, "name": county.name, "file": county.file.name}
        meta = county_meta(county.file)
        if meta is None or meta["key"] != county.key:
            yield {**row, "status": "lacking"}
        else:
            yield {**row, **_held(meta)}


def _held(meta: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a store holds."""
    counts = meta["counts"]
    return {"status": "whole" if counts["ways"] else "empty", "date": meta["date"], **counts}
