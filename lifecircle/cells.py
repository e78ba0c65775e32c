"""Population cells as pieces of a grid that are cut at the borders of units."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from lifecircle import tables
from lifecircle.crs import require_metric
from lifecircle.errors import Fault, GeometryError, warn
from lifecircle.grid import Grid, cut, overlap_m2, polygonal


def check_units(units: gpd.GeoDataFrame) -> None:
    """Raise unless units can be cut: a sound table, in metres, no polygon crossing itself.

    Parameters
    ----------
    units
        Table `lifecircle.tables.UNITS`.

    Raises
    ------
    TableError, CRSError
        The table breaks its schema, or is not in metres.
    GeometryError
        A polygon is invalid; all are named.

    Examples
    --------
    >>> bow = shapely.Polygon([(0, 0), (300, 300), (300, 0), (0, 300)])
    >>> units = gpd.GeoDataFrame(
    ...     {"name": ["A"], "setting": ["rural"], "residents": [9.0], "priority": [1.0]},
    ...     geometry=[bow],
    ...     index=pd.Index(["a"], name="unit_id"),
    ...     crs=32632,
    ... )
    >>> check_units(units)
    Traceback (most recent call last):
    ...
    lifecircle.errors.GeometryError: units: polygon crosses itself in A -> mend it
    """
    tables.check(units, tables.UNITS)
    require_metric(units.crs, "units")
    broken = ~units.is_valid
    if broken.any():
        raise GeometryError(
            Fault("units", f"polygon crosses itself in {unit_names(units[broken])}", "mend it")
        )


def unit_names(units: gpd.GeoDataFrame) -> str:
    """Name the first few units for a message: by name, or by id where it has none.

    Parameters
    ----------
    units
        Table `lifecircle.tables.UNITS`.

    Returns
    -------
    str
        As `lifecircle.tables.first`.

    Examples
    --------
    >>> unit_names(pd.DataFrame({"name": ["A", None]}, index=["a", "b"]))
    'A, b'
    """
    named = units["name"].where(units["name"].notna(), units.index.to_series())
    return tables.first(named.tolist())


def residential_land(
    residential: gpd.GeoDataFrame | None, units: gpd.GeoDataFrame
) -> gpd.GeoSeries:
    """Dissolve residential land, so that overlaps count once.

    Parameters
    ----------
    residential
        Polygons of residential land; None where it is not known.
    units
        Table `lifecircle.tables.UNITS`.

    Returns
    -------
    geopandas.GeoSeries
        Polygons that touch a unit; none where nothing is known there.

    Raises
    ------
    CRSError
        The land is not in the units' CRS.

    Warns
    -----
    DataWarning
        Land is given, and none of it touches a unit.

    Examples
    --------
    >>> units = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 100, 100)], crs=32632)
    >>> land = gpd.GeoDataFrame(
    ...     geometry=[shapely.box(0, 0, 20, 20), shapely.box(10, 0, 30, 20)], crs=32632
    ... )
    >>> residential_land(land, units).area.tolist()
    [600.0]
    """
    nothing = gpd.GeoSeries([], crs=units.crs)
    if residential is None or residential.empty:
        return nothing
    tables.check_crs(residential, units.crs, "residential land")
    whole = shapely.union_all(shapely.make_valid(residential.geometry.to_numpy()))
    parts = shapely.get_parts(polygonal(np.array([whole], dtype=object)))
    touching = np.unique(shapely.STRtree(parts).query(units.geometry.to_numpy(), "intersects")[1])
    if touching.size == 0:
        warn("residential land: none of its polygons touches a unit; it is left out")
        return nothing
    return gpd.GeoSeries(parts[touching], crs=units.crs)


def unit_pieces(
    grid: Grid, units: gpd.GeoDataFrame, land: gpd.GeoSeries, wanted: npt.NDArray[np.bool_]
) -> pd.DataFrame:
    """Cut the wanted grid cells at the units' borders, and measure residential land in them.

    Parameters
    ----------
    grid
        The grid, in any CRS.
    units
        Table `lifecircle.tables.UNITS` in a metric CRS.
    land
        As `residential_land` gives it.
    wanted
        Flag by cell number.

    Returns
    -------
    pandas.DataFrame
        As `lifecircle.grid.cut`, with ``unit`` (position in `units`) for ``area`` and with
        ``residential_m2``: NaN throughout where no land is known.

    Examples
    --------
    >>> units = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 60, 100)], crs=32632)
    >>> land = gpd.GeoSeries([shapely.box(50, 0, 90, 100)], crs=32632)
    >>> grid = Grid(0, 100, 100, 100, rows=1, columns=1, crs=units.crs)
    >>> unit_pieces(grid, units, land, np.array([True]))[["unit", "cell", "residential_m2"]]
       unit  cell  residential_m2
    0     0     0          1000.0
    """
    pieces = cut(grid, units.geometry, wanted).rename(columns={"area": "unit"})
    known = np.nan if land.empty else overlap_m2(pieces["geometry"].to_numpy(), land.to_numpy())
    return pieces.assign(residential_m2=known)


def as_cells(
    pieces: pd.DataFrame, units: gpd.GeoDataFrame, placed_by: npt.NDArray[np.object_]
) -> gpd.GeoDataFrame:
    """Make the table of cells from pieces that hold residents or residential land.

    Parameters
    ----------
    pieces
        As `unit_pieces`, with ``persons``.
    units
        Table `lifecircle.tables.UNITS` that the pieces were cut by.
    placed_by
        What placed each unit's residents, in the units' order.

    Returns
    -------
    geopandas.GeoDataFrame
        Table `lifecircle.tables.CELLS`, numbered from 0.

    Examples
    --------
    >>> pieces = pd.DataFrame(
    ...     {"unit": [0, 0], "persons": [3.0, 0.0], "residential_m2": [0.0, 0.0],
    ...      "x": [50.0, 150.0], "y": 50.0,
    ...      "geometry": [shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100)]}
    ... )
    >>> units = gpd.GeoDataFrame(
    ...     {"setting": ["rural"]}, geometry=[shapely.box(0, 0, 200, 100)], index=["a"], crs=32632
    ... )
    >>> as_cells(pieces, units, np.array(["raster"], dtype=object))[["unit_id", "persons"]]
            unit_id  persons
    cell_id
    0             a      3.0
    """
    kept = pieces[(pieces["persons"] > 0) | (pieces["residential_m2"] > 0)]
    unit = kept["unit"].to_numpy()
    return gpd.GeoDataFrame(
        {
            "unit_id": units.index.take(unit),
            "setting": units["setting"].array.take(unit),
            "persons": kept["persons"].to_numpy(),
            "residential_m2": kept["residential_m2"].to_numpy(),
            "x": kept["x"].to_numpy(),
            "y": kept["y"].to_numpy(),
            "placed_by": placed_by[unit],
        },
        geometry=kept["geometry"].to_numpy(),
        index=pd.RangeIndex(len(kept), name="cell_id"),
        crs=units.crs,
    )
