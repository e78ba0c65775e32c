"""One county from its TOML file to its assessment: the one place where the pipeline is spelled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, cast

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

from lifecircle.config import CountyConfig, Dataset
from lifecircle.crs import check_scale, metric_crs, require_metric
from lifecircle.dwelling import dwelling_evidence
from lifecircle.errors import Fault, InputError, warn
from lifecircle.gap import gaps
from lifecircle.indicator import coverage
from lifecircle.isochrone import isochrones
from lifecircle.network import WalkNetwork
from lifecircle.place import Places
from lifecircle.population import cells_from_raster, cells_from_totals, persons_within, reconcile
from lifecircle.reach import nearest_times
from lifecircle.record import (
    asked_record,
    people_record,
    uneven_land,
    unjudged,
    warn_off_network,
)
from lifecircle.runlog import Progress, RunLog
from lifecircle.score import scores, unit_scores
from lifecircle.setting import with_settings
from lifecircle.sources.boundary import adcode_dataset, read_boundary
from lifecircle.sources.facilities import read_facility_file
from lifecircle.sources.osm import OsmExtract, read_osm
from lifecircle.sources.overpass import read_overpass
from lifecircle.sources.raster import read_population
from lifecircle.sources.roadtables import read_road_tables
from lifecircle.sources.units import read_units
from lifecircle.standards import Standard, read_standard
from lifecircle.tables import FACILITIES, UNITS, check, first

_FEW: Final = 0.001  # of the residents: rounding of borders, not worth a warning. Ours.

STAGES: Final = (
    "area",
    "sources",
    "network",
    "population",
    "reach",
    "indicators",
    "gaps",
    "isochrones",
)
"""The stages of `assess`, in order."""


@dataclass(frozen=True)
class Assessment:
    """All that was measured and judged for one county; made by `assess`.

    Parameters
    ----------
    config, standard
        What was asked for, and what it is judged by.
    network
        The walk network, in the county's metric CRS.
    facilities, units, cells, access, isochrones, coverage, scores, unit_scores, gaps
        Tables per `lifecircle.tables`, geometry in the network's CRS.
    streets
        Lines of the network with their OSM class, for drawing.
    generated
        ISO date of the run.
    run
        Config, inputs, versions, stages, counts, population and warnings: the content of run.json.
    """

    config: CountyConfig
    standard: Standard
    network: WalkNetwork
    facilities: gpd.GeoDataFrame
    units: gpd.GeoDataFrame
    cells: gpd.GeoDataFrame
    access: pd.DataFrame
    isochrones: gpd.GeoDataFrame
    coverage: pd.DataFrame
    scores: pd.DataFrame
    unit_scores: pd.DataFrame
    gaps: gpd.GeoDataFrame
    streets: gpd.GeoDataFrame
    generated: str
    run: dict[str, Any]


def assess(config: CountyConfig, *, progress: Progress | None = None) -> Assessment:
    """Read, measure and judge one county.

    Parameters
    ----------
    config
        As `read_config` gives it.
    progress
        Told of each stage as it begins: its name, its number from 0, how many there are.

    Returns
    -------
    Assessment
        Everything in memory; nothing is written.

    Raises
    ------
    InputError
        A source is missing or wrong; all faults of that source are listed.
    OfflineError
        An online source was asked for and cannot be reached.

    Examples
    --------
    >>> from lifecircle.config import read_config
    >>> assess(read_config("data/liechtenstein/county.toml")).run["population"]["assessed"]
    36838.0
    """
    log = RunLog(STAGES, progress)
    config = _with_boundary_file(config)
    standard = read_standard(config.standard)
    with log.stage("area"):
        boundary, units, crs = read_area(config)
    with log.stage("sources"):
        area = walk_area(boundary, crs, config, standard)
        extract = _read_osm(config, standard, area)
        facilities = _facilities(config, standard, extract, area, crs)
    with log.stage("network"):
        network = _network(config, extract, crs)
        log.count(**network.counts)
    with log.stage("population"):
        cells, people = _cells(config, units, boundary, extract, network)
        log.count(settings_derived=int(units["setting"].isna().sum()))
        units, cells = with_settings(units, cells)
        log.note(*unjudged(cells, units, standard), *uneven_land(cells, units))
    with log.stage("reach"):
        cell_places, facility_places = network.snap(cells), network.snap(facilities)
        cells = cells.assign(access_m=_metres(cell_places))
        warn_off_network(facilities, facility_places, cells, cell_places, units)
        access = _access(network, standard, facilities, cells, facility_places, cell_places)
    asked = asked_record(config, standard, crs)
    judged = _judge(log, config, standard, network, facilities, units, cells, access)
    log.count(units=len(units), cells=len(cells), facilities=_by_kind(facilities))
    log.count(
        gaps=_by_kind(judged["gaps"]), islet_places_moved=_moved(cell_places, facility_places)
    )
    return Assessment(
        config=config,
        standard=standard,
        network=network,
        facilities=facilities,
        units=units,
        cells=cells,
        access=access,
        **judged,
        streets=network.streets(),
        generated=str(asked["generated"])[:10],
        run={
            **asked,
            **people_record(cells, cell_places, people),
            **log.summary(),
        },
    )


def _judge(
    log: RunLog,
    config: CountyConfig,
    standard: Standard,
    network: WalkNetwork,
    facilities: gpd.GeoDataFrame,
    units: gpd.GeoDataFrame,
    cells: gpd.GeoDataFrame,
    access: pd.DataFrame,
) -> dict[str, Any]:
    """Hold the measured times against the standard, and draw them."""
    with log.stage("indicators"):
        covered = coverage(cells, access, units, standard)
        scored = scores(cells, access, standard)
        by_unit = unit_scores(scored, cells, units)
    with log.stage("gaps"):
        lacking = gaps(cells, access, units, standard)
    with log.stage("isochrones"):
        drawn = isochrones(
            network,
            facilities,
            minutes=config.isochrones.minutes,
            metres=config.isochrones.metres,
            per_facility=config.isochrones.per_facility,
            raster_m=config.isochrones.raster_m,
            area=units.union_all(),
        )
    return {
        "coverage": covered,
        "scores": scored,
        "unit_scores": by_unit,
        "gaps": lacking,
        "isochrones": drawn,
    }


def read_area(config: CountyConfig) -> tuple[BaseGeometry, gpd.GeoDataFrame, pyproj.CRS]:
    """Read where the county is and what units it has, and choose its metric CRS.

    Parameters
    ----------
    config
        The county.

    Returns
    -------
    boundary, units, crs
        Boundary in lon/lat; units per `lifecircle.tables.UNITS` in `crs`. Without a boundary the
        units' union is the county; without units the county is one unit.

    Raises
    ------
    InputError
        A source is missing or wrong.
    """
    units = None if config.units is None else read_units(config.units)
    if config.boundary is not None:
        boundary = cast("BaseGeometry", read_boundary(config.boundary))
    elif units is not None:
        boundary = units.union_all()
    if units is None:
        units = gpd.GeoDataFrame(
            {"name": [config.zh], "setting": [None], "residents": [np.nan], "priority": [1.0]},
            index=pd.Index([config.name], name="unit_id"),
            geometry=[boundary],
            crs=4326,
        )
    crs = metric_crs(boundary)
    if config.crs is not None:
        crs = require_metric(config.crs, f"{config.path}: crs")
        check_scale(crs, boundary, f"{config.path}: crs")
    units = units.to_crs(crs)
    check(units, UNITS, crs=crs)
    return boundary, units, crs


def walk_area(
    boundary: BaseGeometry, crs: pyproj.CRS, config: CountyConfig, standard: Standard
) -> BaseGeometry:
    """Widen the county by the longest walk, so that border residents keep their neighbours' places.

    Parameters
    ----------
    boundary
        The county in lon/lat.
    crs
        Its metric CRS.
    config, standard
        Walking speed; thresholds and isochrones.

    Returns
    -------
    BaseGeometry
        Polygon in lon/lat.
    """
    minutes = max(standard.longest("minutes"), *config.isochrones.minutes, 0.0)
    metres = max(standard.longest("metres"), *config.isochrones.metres, 0.0)
    reach_m = max(minutes * config.walk.metres_per_minute, metres) + config.walk.snap_limit_m
    wide = gpd.GeoSeries([boundary], crs=4326).to_crs(crs).simplify(10.0).buffer(reach_m)
    return cast("BaseGeometry", wide.to_crs(4326).iloc[0])


def _with_boundary_file(config: CountyConfig) -> CountyConfig:
    """Name the file behind an adcode, so that outputs state the boundary's source."""
    if config.boundary is None or config.boundary.adcode is None:
        return config
    file = adcode_dataset(config.boundary.adcode)
    return config.model_copy(update={"boundary": config.boundary.model_copy(update={"file": file})})


def _read_osm(config: CountyConfig, standard: Standard, area: BaseGeometry) -> OsmExtract | None:
    roads, kinds = config.roads, standard.kinds
    dwellings = config.population.totals and config.population.raster is None
    if roads.overpass:
        cache = config.path.parent / ".cache"
        return read_overpass(area, kinds=kinds, cache=cache, dwellings=dwellings)
    if roads.osm is None:
        return None
    return read_osm(roads.osm.path, area=area, kinds=kinds, dwellings=dwellings)


def _facilities(
    config: CountyConfig,
    standard: Standard,
    extract: OsmExtract | None,
    area: BaseGeometry,
    crs: pyproj.CRS,
) -> gpd.GeoDataFrame:
    parts = [
        _within(read_facility_file(dataset, standard.kinds), area, dataset)
        for dataset in config.facilities.files
    ]
    if config.facilities.osm is True and extract is not None:
        parts.append(extract.facilities)
    elif not isinstance(config.facilities.osm, bool):
        path = config.facilities.osm.path
        other = read_osm(path, area=area, kinds=standard.kinds, roads=False, dwellings=False)
        parts.append(other.facilities)
    if not parts:
        raise InputError(
            Fault(
                str(config.path),
                "no source of facilities is named",
                "name files under [facilities], or roads from OSM",
            )
        )
    every = gpd.GeoDataFrame(pd.concat(parts), crs=4326)
    required = {r.kind for r in standard.requirements}
    every = every[every["kind"].isin(required)].to_crs(crs)
    check(every, FACILITIES, crs=crs)
    lacking = [kind for kind in sorted(required) if kind not in set(every["kind"])]
    if len(lacking) == len(required):
        raise InputError(
            Fault(
                "facilities",
                f"none is of a required kind ({first(sorted(required), 6)})",
                "check the sources, their area and the standard's OSM tags",
            )
        )
    if lacking:
        warn(
            f"no facility is known of: {', '.join(lacking)}; these services count as not reached. "
            "If they exist but are not mapped, name them under [standard.exclude] with the reason"
        )
    return every


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


def _network(config: CountyConfig, extract: OsmExtract | None, crs: pyproj.CRS) -> WalkNetwork:
    roads, walk = config.roads, config.walk
    if extract is not None:
        return WalkNetwork.from_osm(extract, crs=crs, profile=walk)
    if roads.graphml is not None:
        return WalkNetwork.from_osmnx(roads.graphml.path, crs=crs, profile=walk)
    if roads.nodes is None or roads.edges is None:  # refused by RoadsConfig already
        raise InputError(Fault(str(config.path), "no source of roads is named", "add [roads]"))
    nodes, edges = read_road_tables(roads.nodes, roads.edges, crs=crs)
    return WalkNetwork.from_tables(nodes, edges, crs=crs, profile=walk)


def _cells(
    config: CountyConfig,
    units: gpd.GeoDataFrame,
    boundary: BaseGeometry,
    extract: OsmExtract | None,
    network: WalkNetwork,
) -> tuple[gpd.GeoDataFrame, dict[str, float]]:
    """Give the population cells, and what went in: all of it, and what of it is not in cells."""
    settings = config.population
    residential = None if extract is None else extract.residential.to_crs(network.crs)
    if settings.raster is not None:
        county = gpd.GeoSeries([boundary], crs=4326).to_crs(network.crs)
        united = gpd.GeoSeries([units.union_all()], crs=network.crs)
        both = county.union(united).iloc[0]
        raster = read_population(settings.raster.path, both, network.crs)
        cells = cells_from_raster(raster, units, residential=residential, boundary=county.iloc[0])
        people = {
            "in": float(persons_within(raster, county)[0]),
            "in_no_unit": float(persons_within(raster, county.difference(united))[0]),
            "beyond_boundary": float(persons_within(raster, united.difference(county))[0]),
        }
        if people["beyond_boundary"] > _FEW * people["in"]:
            warn(
                f"units reach beyond the boundary, with {people['beyond_boundary']:,.0f} residents "
                "there that are assessed too; correct their borders if that is not meant"
            )
        if not settings.totals:
            return cells, people
        counted = cells.groupby("unit_id")["persons"].sum().reindex(units.index, fill_value=0.0)
        wanted = float(units["residents"].fillna(counted).sum())
        record = {"in": wanted, **{f"raster_{name}": count for name, count in people.items()}}
        return reconcile(cells, units), record
    evidence = dwelling_evidence(
        units,
        streets=network.streets(),
        buildings=None if extract is None else extract.buildings.to_crs(network.crs),
        residential=residential,
    )
    cells = cells_from_totals(units, evidence, residential=residential, cell_m=settings.cell_m)
    return cells, {"in": float(units["residents"].sum())}


def _access(
    network: WalkNetwork,
    standard: Standard,
    facilities: gpd.GeoDataFrame,
    cells: gpd.GeoDataFrame,
    facility_places: Places,
    cell_places: Places,
) -> pd.DataFrame:
    def measure(on: WalkNetwork) -> pd.DataFrame:
        return nearest_times(
            on,
            facilities,
            cells,
            kinds=list(dict.fromkeys(r.kind for r in standard.requirements)),
            facility_places=facility_places,
            cell_places=cell_places,
        )

    access = measure(network)
    if standard.longest("metres") > 0:
        shortest = measure(network.by_length())
        access = access.assign(metres=shortest["seconds"])
    return access


def _by_kind(table: pd.DataFrame) -> dict[str, int]:
    return {str(kind): int(count) for kind, count in table["kind"].value_counts().items()}


def _moved(*places: Places) -> int:
    """Count the places that left an islet for a connected road."""
    return sum(int(group.moved.sum()) for group in places)


def _metres(places: Places) -> np.ndarray:
    return np.where(places.off_network, np.nan, places.access_m)
