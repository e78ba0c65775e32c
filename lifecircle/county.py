"""One county from its TOML file to its assessment: the one place where the pipeline is spelled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
from shapely.geometry.base import BaseGeometry

from lifecircle.config import CountyConfig
from lifecircle.dwelling import dwelling_evidence
from lifecircle.errors import Fault, InputError, warn
from lifecircle.gap import gaps
from lifecircle.indicator import coverage
from lifecircle.isochrone import isochrones
from lifecircle.network import WalkNetwork
from lifecircle.place import Places
from lifecircle.population import cells_from_raster, cells_from_totals, persons_within, reconcile
from lifecircle.reach import nearest_times
from lifecircle.reading import (
    read_area,
    read_extract,
    read_facilities,
    walk_area,
    with_boundary_file,
    with_osm_date,
)
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
from lifecircle.sources.osm import OsmExtract
from lifecircle.sources.raster import read_population
from lifecircle.sources.roadtables import read_road_tables
from lifecircle.standards import Standard, read_standard

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
    config = with_boundary_file(config)
    standard = read_standard(config.standard)
    with log.stage("area"):
        boundary, units, crs = read_area(config)
    with log.stage("sources"):
        area = walk_area(boundary, crs, config, standard)
        extract = read_extract(config, standard, area)
        config = with_osm_date(config, extract)
        facilities = read_facilities(config, standard, extract, area, crs)
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
