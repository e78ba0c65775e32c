"""Where people live within a unit, as far as the map tells: points with a weight.

The weights and thresholds here are ours: they order evidence by how closely it follows dwellings,
and only their ratio within one unit matters, since each unit's total is known.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from lifecircle import tables
from lifecircle.crs import require_metric
from lifecircle.errors import Fault, TableError

STREET_WEIGHTS: Final = {
    "residential": 1.0,
    "living_street": 1.0,
    "unclassified": 1.0,  # the ordinary village road of rural China
    "road": 0.5,
    "pedestrian": 0.5,
    "tertiary": 0.5,
    "secondary": 0.3,
    "service": 0.3,
    "primary": 0.2,
}
"""Residents per metre of street by OSM ``highway``, relative; all others 0. Ours."""

_NEVER: Final = ("motorway", "motorway_link", "trunk", "trunk_link")
# Buildings are mapped well where they reach this footprint per resident and line this share of
# the residential streets. Ours: towns of one to three storeys have 25 to 60 m2 a resident, so that
# a half-mapped one fails; a few large halls pass the footprint, but do not line the streets.
_FOOTPRINT_M2: Final = 15.0
_LINED_SHARE: Final = 2.0 / 3.0
_LINED_M: Final = 50.0
_HOME_STREETS: Final = ("residential", "living_street")
_STEP_M: Final = 20.0
_RESIDENTIAL_FACTOR: Final = 2.0


def dwelling_evidence(
    units: gpd.GeoDataFrame,
    *,
    streets: gpd.GeoDataFrame | None = None,
    buildings: gpd.GeoDataFrame | None = None,
    residential: gpd.GeoDataFrame | None = None,
) -> pd.DataFrame:
    """Gather points that show where each unit's residents live.

    The best evidence at hand is taken unit by unit (the rules are ours):

    1. ``buildings``: dwellings weighted by footprint, where they are mapped well: 15 m2 of
       footprint or more per resident, and a dwelling within 50 m along two thirds or more of the
       residential streets;
    2. ``streets``: a point every 20 m, weighted by `STREET_WEIGHTS`; double inside
       residential land;
    3. ``paths``: tracks, paths and other ways alike, where the unit has nothing better
       (never motorways and trunk roads).

    A unit with none of these gets no point; `lifecircle.cells_from_totals` then spreads its
    residents over its residential land, or its area.

    Parameters
    ----------
    units
        Table `lifecircle.tables.UNITS` in the county's metric CRS.
    streets
        Lines with the column ``highway`` (the OSM value).
    buildings
        Polygons with the column ``dwelling`` (True where people may live).
    residential
        Polygons of residential land.

    Returns
    -------
    pandas.DataFrame
        Table `lifecircle.tables.EVIDENCE`: one row per point, index ``point_id``.

    Raises
    ------
    TableError
        A column is missing, or geometry is of the wrong type.
    CRSError
        A layer is not in the units' CRS, or that is not metric.

    Examples
    --------
    >>> units = gpd.GeoDataFrame(
    ...     {"name": ["A"], "setting": ["rural"], "residents": [90.0], "priority": [1.0]},
    ...     geometry=[shapely.box(0, 0, 100, 100)],
    ...     index=pd.Index(["a"], name="unit_id"),
    ...     crs=32632,
    ... )
    >>> lane = gpd.GeoDataFrame(
    ...     {"highway": ["residential"]},
    ...     geometry=[shapely.LineString([(0, 50), (40, 50)])],
    ...     crs=32632,
    ... )
    >>> dwelling_evidence(units, streets=lane)[["placed_by", "weight", "x"]]
             placed_by  weight     x
    point_id
    0          streets    20.0  10.0
    1          streets    20.0  30.0
    """
    tables.check(units, tables.UNITS)
    require_metric(units.crs, "units")
    _check_layers(units, streets, buildings, residential)
    found = []
    open_units = np.ones(len(units), dtype=bool)
    if buildings is not None:
        homes = buildings.geometry[buildings["dwelling"].to_numpy(dtype=bool)].to_numpy()
        houses = _within(
            units.geometry.to_numpy(), shapely.point_on_surface(homes), shapely.area(homes)
        )
        footprint = np.bincount(houses["unit"], houses["weight"], minlength=len(units))
        residents = units["residents"].to_numpy(dtype=float, na_value=np.nan)
        well_mapped = (
            (footprint > 0)
            & (footprint >= _FOOTPRINT_M2 * residents)
            & (_lined_share(units, streets, homes) >= _LINED_SHARE)
        )
        found.append(houses[well_mapped[houses["unit"]]].assign(placed_by="buildings"))
        open_units &= ~well_mapped
    if streets is not None:
        for placed_by, lines, weight in _tiers(streets):
            points = _street_points(units, open_units, lines, weight, residential)
            found.append(points.assign(placed_by=placed_by))
            open_units[points["unit"]] = False
    return _as_evidence(found, units)


def _check_layers(
    units: gpd.GeoDataFrame,
    streets: gpd.GeoDataFrame | None,
    buildings: gpd.GeoDataFrame | None,
    residential: gpd.GeoDataFrame | None,
) -> None:
    lines, polygons = ("LineString", "MultiLineString"), ("Polygon", "MultiPolygon")
    faults = [
        *_layer_faults(streets, "streets", "highway", lines),
        *_layer_faults(buildings, "buildings", "dwelling", polygons),
        *_layer_faults(residential, "residential", None, polygons),
    ]
    if faults:
        raise TableError(faults)
    for label, layer in (
        ("streets", streets),
        ("buildings", buildings),
        ("residential", residential),
    ):
        if layer is not None:
            tables.check_crs(layer, units.crs, label)


def _layer_faults(
    layer: gpd.GeoDataFrame | None, label: str, column: str | None, types: tuple[str, ...]
) -> Iterable[Fault]:
    if layer is None:
        return
    if column is not None and column not in layer.columns:
        yield Fault(label, f"column {column!r} is missing", "add it")
    elif column is not None and layer[column].isna().any():
        at = tables.first(layer.index[layer[column].isna()])
        yield Fault(label, f"column {column!r} has no value at {at}", "fill it")
    wrong = ~layer.geom_type.isin(types)
    if wrong.any():
        at = tables.first(layer.index[wrong])
        found = layer.geom_type[wrong].iloc[0] or "missing"
        yield Fault(label, f"geometry is {found} at {at}", f"give {' or '.join(types)}")


def _lined_share(
    units: gpd.GeoDataFrame, streets: gpd.GeoDataFrame | None, homes: npt.NDArray[np.object_]
) -> npt.NDArray[np.float64]:
    """Give the share of each unit's residential streets that dwellings line; 1 if it has none."""
    share = np.ones(len(units))
    if streets is None:
        return share
    lanes = streets.geometry[streets["highway"].isin(_HOME_STREETS)].to_numpy()
    every = np.ones(len(units), dtype=bool)
    points = _street_points(units, every, lanes, np.ones(len(lanes)), None)
    near = shapely.STRtree(homes).query_nearest(
        shapely.points(points["x"], points["y"]), max_distance=_LINED_M, all_matches=False
    )[0]
    length = np.bincount(points["unit"], points["weight"], minlength=len(units))
    lined = points.iloc[near]
    lined_length = np.bincount(lined["unit"], lined["weight"], minlength=len(units))
    return np.divide(lined_length, length, out=share, where=length > 0)


def _tiers(
    streets: gpd.GeoDataFrame,
) -> list[tuple[str, npt.NDArray[np.object_], npt.NDArray[np.float64]]]:
    """Split ways into streets and the paths that stand in where there is no street."""
    lines = streets.geometry.to_numpy()
    weight = streets["highway"].map(STREET_WEIGHTS).fillna(0.0).to_numpy(dtype=float)
    street = weight > 0
    path = ~street & ~streets["highway"].isin(_NEVER).to_numpy()
    return [
        ("streets", lines[street], weight[street]),
        ("paths", lines[path], np.ones(np.count_nonzero(path))),
    ]


def _street_points(
    units: gpd.GeoDataFrame,
    chosen: npt.NDArray[np.bool_],
    ways: npt.NDArray[np.object_],
    per_metre: npt.NDArray[np.float64],
    residential: gpd.GeoDataFrame | None,
) -> pd.DataFrame:
    """Set points along the chosen units' ways, each standing for the stretch around it."""
    areas = units.geometry.to_numpy().copy()
    areas[~chosen] = None
    near = np.unique(shapely.STRtree(ways).query(areas, "intersects")[1])
    lines, way = shapely.get_parts(ways[near], return_index=True)
    length = shapely.length(lines)
    count = np.ceil(length / _STEP_M).astype(np.int64)
    line = np.repeat(np.arange(len(lines)), count)
    place = np.arange(len(line)) - np.repeat(np.cumsum(count) - count, count)
    step = length[line] / count[line]
    points = shapely.line_interpolate_point(lines[line], (place + 0.5) * step)
    weight = per_metre[near][way][line] * step
    if residential is not None:
        land = residential.geometry.to_numpy()
        weight[np.unique(shapely.STRtree(points).query(land, "intersects")[1])] *= (
            _RESIDENTIAL_FACTOR
        )
    return _within(areas, points, weight)


def _within(
    areas: npt.NDArray[np.object_],
    points: npt.NDArray[np.object_],
    weight: npt.NDArray[np.float64],
) -> pd.DataFrame:
    """Give each point to its unit. One on a common border speaks for both: only ratios count."""
    unit, point = shapely.STRtree(points).query(areas, "intersects")
    order = np.lexsort((point, unit))
    unit, point = unit[order], point[order]
    xy = shapely.get_coordinates(points[point])
    return pd.DataFrame({"unit": unit, "weight": weight[point], "x": xy[:, 0], "y": xy[:, 1]})


def _as_evidence(found: list[pd.DataFrame], units: gpd.GeoDataFrame) -> pd.DataFrame:
    columns = list(tables.EVIDENCE.columns)
    if not found:
        empty = {
            name: pd.Series(dtype=object if i < 2 else float) for i, name in enumerate(columns)
        }
        return pd.DataFrame(empty).rename_axis("point_id")
    joined = pd.concat(found, ignore_index=True).sort_values("unit", kind="stable")
    joined["unit_id"] = units.index[joined["unit"]]
    return joined[columns].reset_index(drop=True).rename_axis("point_id")
