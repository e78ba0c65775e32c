"""A county's facilities: its ledgers and OSM read, matched, and questioned about their datum."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

from lifecircle.config import CountyConfig, Dataset
from lifecircle.datum import likelier_datum
from lifecircle.errors import Fault, InputError, TableError, warn
from lifecircle.matching import MatchRules, merge_facilities, no_merges
from lifecircle.network import WalkNetwork
from lifecircle.scenario import Scenario, with_facilities
from lifecircle.service import known_kinds, serving
from lifecircle.sources.coordinates import named_datum
from lifecircle.sources.facilities import ReadLedger, read_ledger
from lifecircle.sources.osm import OsmExtract
from lifecircle.sources.osmcache import read_cached
from lifecircle.standards import Standard
from lifecircle.tables import FACILITIES, check, first

LedgerPairs = Sequence[tuple[Dataset, ReadLedger]]
"""Each ledger as the county file names it, with what was read of it."""


@dataclass(frozen=True)
class Inventory:
    """Every facility that is known in the county and its walks, and how it came to be known.

    Parameters
    ----------
    places
        Table per `lifecircle.tables.FACILITIES`, each facility under its own kind, in the county's
        metric CRS; also idle and planned ones.
    merges
        What stood in a ledger and in OSM, as `lifecircle.matching.merge_facilities` tells it.
    ledgers
        The ledgers as they were read, for questions about their datum.
    """

    places: gpd.GeoDataFrame
    merges: pd.DataFrame
    ledgers: LedgerPairs


def read_inventory(
    config: CountyConfig,
    standards: Sequence[Standard],
    extract: OsmExtract | None,
    area: BaseGeometry,
    crs: pyproj.CRS,
    *,
    scenario: Scenario | None = None,
) -> Inventory:
    """Read the county's facilities from its ledgers and from OSM; what stands in both is one.

    Parameters
    ----------
    config, standards
        The county, and what it is judged by.
    extract
        What was read of the roads' OSM file, if that is where they are from.
    area
        The county and its walks in lon/lat; facilities beyond are left out by name.
    crs
        The county's metric CRS.
    scenario
        Facilities added, closed and moved.

    Returns
    -------
    Inventory
        Facilities of every kind that the ledgers name; of OSM those of `known_kinds`. An id that
        several files use gets its file's number; one that is an OSM row's stands for that row.

    Raises
    ------
    InputError
        There is no source, it holds no facility of a required kind, or a file is named twice;
        the scenario names what is not there.
    """
    files, repeated = ledger_files(config)
    if repeated:
        raise InputError(repeated)
    words, known, home = config.facilities.words, standards[0].known, config.path.parent
    read = [
        (file, read_ledger(file, words, known, area_bounds=area.bounds, home=home, called=called))
        for file, called in files
    ]
    faults = [fault for _, ledger in read for fault in ledger.faults]
    for fault in faults:
        if fault.severity == "warning":
            warn(fault)
    wrong = [fault for fault in faults if fault.severity == "error"]
    if wrong:
        raise TableError(wrong)
    parts = [_within(ledger.facilities, area, file) for file, ledger in read]
    ledger = _together(distinct(parts), crs)
    osm = _osm_facilities(config, standards, extract, area)
    if ledger is None and osm is None:
        raise InputError(
            Fault(
                str(config.path),
                "no source of facilities is named",
                "name files under [facilities], or roads from OSM",
            )
        )
    places, merges = _merged(ledger, osm, config, standards[0], crs)
    if scenario is not None:
        kinds = known_kinds(standards)
        places = with_facilities(places, scenario, kinds=kinds, area=area)
    check(places, FACILITIES, crs=crs)
    required = {r.kind for standard in standards for r in standard.requirements}
    _warn_lacking(set(serving(places, standards)["kind"]), required)
    return Inventory(places, merges, tuple(read))


def _osm_facilities(
    config: CountyConfig,
    standards: Sequence[Standard],
    extract: OsmExtract | None,
    area: BaseGeometry,
) -> gpd.GeoDataFrame | None:
    if isinstance(config.facilities.osm, Dataset):
        kept = config.path.parent / ".cache" if config.roads.cache else None
        return read_cached(
            config.facilities.osm.path,
            cache=kept,
            name=f"{config.name}-facilities",
            area=area,
            kinds=known_kinds(standards),
            roads=False,
            dwellings=False,
        ).facilities
    if config.facilities.osm is True and extract is not None:
        return extract.facilities
    return None


def _merged(
    ledger: gpd.GeoDataFrame | None,
    osm: gpd.GeoDataFrame | None,
    config: CountyConfig,
    standard: Standard,
    crs: pyproj.CRS,
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    matched = config.facilities.match
    if ledger is None or osm is None or not (matched or osm.index.isin(ledger.index).any()):
        places = _together([part for part in (ledger, osm) if part is not None], crs)
        return cast("gpd.GeoDataFrame", places), no_merges()
    family = {kind: standard.wider(kind) for kind in standard.known}
    rules = MatchRules() if matched else None
    return merge_facilities(ledger, osm.to_crs(crs), family=family, rules=rules)


def _together(parts: list[gpd.GeoDataFrame], crs: pyproj.CRS) -> gpd.GeoDataFrame | None:
    if not parts:
        return None
    return gpd.GeoDataFrame(pd.concat([part.to_crs(crs) for part in parts]), crs=crs)


def _warn_lacking(found: set[str], required: set[str]) -> None:
    lacking = sorted(required - found)
    if len(lacking) == len(required):
        raise InputError(
            Fault(
                "facilities",
                f"none is of a required kind ({first(lacking, 6)})",
                "check the sources, their area and the standard's OSM tags",
            )
        )
    if lacking:
        warn(
            f"no facility is known of: {', '.join(lacking)}; circles and scores count them as not "
            "reached, the scorecard as unknown. "
            "If they exist but are not mapped, name them under [standard.exclude] with the reason"
        )


def distinct(parts: Sequence[gpd.GeoDataFrame]) -> list[gpd.GeoDataFrame]:
    """Put the file's number before ids that two files use: two bureaus both count from 1.

    Parameters
    ----------
    parts
        Facilities of each file, whose own ids are unique.

    Examples
    --------
    >>> index = [pd.Index(ids, name="facility_id") for ids in (["1", "2"], ["2", "3"])]
    >>> [part.index.to_list() for part in distinct([gpd.GeoDataFrame(index=i) for i in index])]
    [['1', '1:2'], ['2:2', '3']]
    """
    ids = _ids(parts)
    for repeated in (set(), set(ids[ids.duplicated()]), set(ids)):  # 1:2 may be an id of its own
        told = [_numbered(part, n, repeated) for n, part in enumerate(parts, start=1)]
        if _ids(told).is_unique:
            break
    return told


def _ids(parts: Sequence[gpd.GeoDataFrame]) -> pd.Index:
    ids: pd.Index = pd.Index([i for part in parts for i in part.index], dtype="str")
    return ids.rename("facility_id")


def _numbered(part: gpd.GeoDataFrame, number: int, which: Collection[str]) -> gpd.GeoDataFrame:
    ids = [f"{number}:{i}" if i in which else i for i in part.index]
    return part.set_axis(pd.Index(ids, dtype=part.index.dtype, name="facility_id"))


def ledger_files(config: CountyConfig) -> tuple[list[tuple[Dataset, str]], list[Fault]]:
    """Give each ledger and what to call it: its name, or its path where townships' share one.

    Parameters
    ----------
    config
        The county.

    Returns
    -------
    files
        Each file once; one may be named again for another sheet, kind or other columns.
    faults
        Files that are named twice, and would count twice.
    """
    home, files = config.path.parent, config.facilities.files
    told: dict[tuple[object, ...], tuple[Dataset, str]] = {}
    faults: dict[str, Fault] = {}
    for file in files:
        shared = len({other.path for other in files if other.path.name == file.path.name}) > 1
        called = _from(home, file.path) if shared else file.path.name
        read = (getattr(file, "kind", None), getattr(file, "header", None))
        key = (file.path, file.layer, *read, *sorted(getattr(file, "columns", {}).items()))
        if key in told:
            remedy = "leave one of its entries under [[facilities.files]]"
            faults[called] = Fault(str(config.path), f"{called} is named twice", remedy)
        told.setdefault(key, (file, called))
    return list(told.values()), list(faults.values())


def _from(home: Path, path: Path) -> str:
    return path.relative_to(home).as_posix() if path.is_relative_to(home) else str(path)


def _within(places: gpd.GeoDataFrame, area: BaseGeometry, dataset: Dataset) -> gpd.GeoDataFrame:
    """Leave out a file's facilities beyond the county and its walks, by name; all is an error."""
    far = ~places.intersects(area)
    if not far.any():
        return places
    lonlat = shapely.get_coordinates(shapely.centroid(np.asarray(places.geometry[far])))
    swapped = shapely.contains_xy(area, lonlat[:, 1], lonlat[:, 0]).any()
    hint = "its lon and lat are swapped" if swapped else "check their coordinates and datum"
    called = places["name"].where(places["name"].notna(), places.index.to_series())[far]
    told = f"{int(far.sum())} of {len(places)} facilities lie outside the county and its walks"
    if far.all():
        raise InputError(Fault(str(dataset.path), f"{told}: {first(called)}", hint))
    warn(f"{dataset.path.name}: {told} and are left out: {first(called, 5)}; {hint}")
    return places[~far]


def undeclared_datums(ledgers: LedgerPairs) -> Iterator[Fault]:
    """Say of which ledgers nobody says what their coordinates are in.

    Parameters
    ----------
    ledgers
        Ledgers as they were read. Layers say it themselves, and so do columns such as 百度经度.

    Yields
    ------
    Fault
        A warning: the file is read as WGS 84.
    """
    for _, ledger in ledgers:
        silent = not any(named_datum(column) for column in ledger.located)
        if ledger.datum is None and ledger.located and silent and len(ledger.facilities):
            yield Fault(
                ledger.label,
                "no datum is declared: read as WGS 84",
                'declare it, even if that is right: datum = "wgs84", "cgcs2000", "gcj02" or "bd09"',
                severity="warning",
                sheet=ledger.sheet,
                column=", ".join(ledger.located),
            )


def datum_questions(ledgers: LedgerPairs, network: WalkNetwork) -> Iterator[Fault]:
    """Ask of each ledger whether its facilities lie closer to the roads under another datum.

    Parameters
    ----------
    ledgers
        Ledgers as they were read, with the coordinates that they give.
    network
        The walk network.

    Yields
    ------
    Fault
        A warning; its remedy names the datum to declare.
    """
    to_metres = pyproj.Transformer.from_crs(4326, network.crs, always_xy=True)

    def to_road_m(
        lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        x, y = to_metres.transform(lon, lat)
        places = network.snap_points(x, y)
        far = network.profile.snap_limit_m
        return np.where(places.off_network, far, places.access_m)

    for _, ledger in ledgers:
        given = ledger.raw[["x", "y"]].dropna()
        question = likelier_datum(given["x"], given["y"], ledger.datum, to_road_m)
        if question is not None:
            yield Fault(
                ledger.label,
                question.en,
                f'declare datum = "{question.likelier.key}" for this file, if that is where its '
                "coordinates are from",
                severity="warning",
                sheet=ledger.sheet,
            )
