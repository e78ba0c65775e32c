"""Urban, township or rural: the degree of urbanisation, where a unit's setting is not declared."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy import ndimage

from lifecircle import tables
from lifecircle.crs import require_metric
from lifecircle.errors import Fault, TableError
from lifecircle.grid import Grid, cut, grid_over

# Eurostat et al. (2021): persons per km2, and persons together.
_CLUSTER_DENSITY: Final = 300.0
_CLUSTER_PERSONS: Final = 5_000.0
_CENTRE_DENSITY: Final = 1_500.0
_CENTRE_PERSONS: Final = 50_000.0
_SQUARE_M: Final = 1000.0
# JRC, GHSL Data Package 2023: gaps of less than 15 km2 in a centre are filled.
_GAP_SQUARES: Final = 15
# Ours: where less of a square lies in the county, a few residents at the border would count as a
# town.
_LEAST_SHARE: Final = 0.1
_ROUNDING: Final = 1e-9

_SIDES: Final = ndimage.generate_binary_structure(2, 1)
_SIDES_AND_CORNERS: Final = ndimage.generate_binary_structure(2, 2)


def degree_of_urbanisation(cells: gpd.GeoDataFrame, units: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Class the county's 1 km squares as urban centre, urban cluster or rural.

    A centre is a group of squares of at least 1,500 persons/km2 that share sides and hold 50,000
    persons together, its gaps of less than 15 km2 filled; a cluster is a group of at least
    300 persons/km2 that share sides or corners and hold 5,000 together; all else is rural.
    Density is per km2 of the square's area inside the units.

    Parameters
    ----------
    cells
        Table `lifecircle.tables.CELLS`; residents count in the square of their (x, y).
    units
        Table `lifecircle.tables.UNITS` in the same metric CRS.

    Returns
    -------
    geopandas.GeoDataFrame
        Index ``square_id`` (north and east of the lower left corner in km); columns ``persons``,
        ``persons_per_km2``, ``degree`` (``centre``, ``cluster`` or ``rural``) and geometry. One
        row per square that touches a unit or holds a resident, north row first.

    Raises
    ------
    TableError, CRSError
        A table breaks its schema.

    Notes
    -----
    Three simplifications: the squares are those of the county's metric CRS, not of the European
    grid; the smoothing of a centre's edge by the majority rule is left out; residents beyond the
    county's border do not count, so that a town cut by it may fall short of the 5,000 or 50,000.

    References
    ----------
    Eurostat, FAO, UN-Habitat, OECD, World Bank (2021). Applying the Degree of Urbanisation: a
    methodological manual to define cities, towns and rural areas for international comparisons.
    https://doi.org/10.2785/706535

    Examples
    --------
    >>> units = gpd.GeoDataFrame(
    ...     {"name": ["A"], "setting": [None], "residents": [np.nan], "priority": [1.0]},
    ...     geometry=[shapely.box(0, 0, 3000, 1000)],
    ...     index=pd.Index(["a"], name="unit_id"),
    ...     crs=32632,
    ... )
    >>> cells = gpd.GeoDataFrame(
    ...     {"unit_id": "a", "setting": None, "persons": [4900.0, 300.0, 200.0],
    ...      "residential_m2": np.nan, "x": [500.0, 1500.0, 2500.0], "y": 500.0},
    ...     geometry=gpd.points_from_xy([500, 1500, 2500], [500, 500, 500]),
    ...     index=pd.RangeIndex(3, name="cell_id"),
    ...     crs=32632,
    ... )
    >>> degree_of_urbanisation(cells, units)["degree"].tolist()
    ['cluster', 'cluster', 'rural']
    """
    _check(cells, units)
    grid = _squares(cells, units)
    persons, share = _filled(grid, cells, units)
    density = persons / np.maximum(share, _LEAST_SHARE)
    cluster = _groups(persons, density, _CLUSTER_DENSITY, _CLUSTER_PERSONS, _SIDES_AND_CORNERS)
    centre = _without_gaps(_groups(persons, density, _CENTRE_DENSITY, _CENTRE_PERSONS, _SIDES))
    degree = np.select([centre, cluster], ["centre", "cluster"], "rural")
    row, column = np.nonzero((share > 0) | (persons > 0))
    west = grid.west + column * _SQUARE_M
    south = grid.north - (row + 1) * _SQUARE_M
    ids = [f"N{n:.0f}E{e:.0f}" for n, e in zip(south / 1000, west / 1000, strict=True)]
    return gpd.GeoDataFrame(
        {
            "persons": persons[row, column],
            "persons_per_km2": density[row, column],
            "degree": degree[row, column],
        },
        geometry=shapely.box(west, south, west + _SQUARE_M, south + _SQUARE_M),
        index=pd.Index(ids, name="square_id", dtype="str"),
        crs=units.crs,
    )


def derive_settings(cells: gpd.GeoDataFrame, units: gpd.GeoDataFrame) -> pd.Series:
    """Derive each unit's setting from the degree of urbanisation of where its residents live.

    At least half of the residents in urban centres: ``urban``; else at least half in rural
    squares: ``rural``; else ``township``. A unit without residents is ``rural``.

    Parameters
    ----------
    cells
        Table `lifecircle.tables.CELLS`.
    units
        Table `lifecircle.tables.UNITS` in the same metric CRS.

    Returns
    -------
    pandas.Series
        ``setting`` by ``unit_id``, in the units' order.

    Raises
    ------
    TableError, CRSError
        A table breaks its schema, or a cell names an unknown unit.

    References
    ----------
    As `degree_of_urbanisation`. Eurostat's wording puts a unit that is exactly half rural and
    half cluster among towns.

    Examples
    --------
    >>> units = gpd.GeoDataFrame(
    ...     {"name": ["A"], "setting": [None], "residents": [np.nan], "priority": [1.0]},
    ...     geometry=[shapely.box(0, 0, 1000, 1000)],
    ...     index=pd.Index(["a"], name="unit_id"),
    ...     crs=32632,
    ... )
    >>> cells = gpd.GeoDataFrame(
    ...     {"unit_id": "a", "setting": None, "persons": [5000.0], "residential_m2": np.nan,
    ...      "x": [500.0], "y": 500.0},
    ...     geometry=gpd.points_from_xy([500], [500]),
    ...     index=pd.RangeIndex(1, name="cell_id"),
    ...     crs=32632,
    ... )
    >>> derive_settings(cells, units)
    unit_id
    a    township
    Name: setting, dtype: str
    """
    squares = degree_of_urbanisation(cells, units)
    unit = units.index.get_indexer(cells["unit_id"])
    grid = _squares(cells, units)
    degree = np.full(grid.size, "rural", dtype=object)
    middle = squares.geometry.centroid
    degree[grid.cell_at(middle.x, middle.y)] = squares["degree"]
    lives = degree[grid.cell_at(cells["x"], cells["y"])]
    persons = cells["persons"].to_numpy(dtype=float)
    total, centre, rural = (
        np.bincount(unit[chosen], persons[chosen], minlength=len(units))
        for chosen in (np.ones(len(cells), dtype=bool), lives == "centre", lives == "rural")
    )
    half = total * (0.5 - _ROUNDING)
    words = np.select(
        [total == 0, centre >= half, rural >= half], ["rural", "urban", "rural"], "township"
    )
    return pd.Series(words, index=units.index, name="setting", dtype="str")


def with_settings(
    units: gpd.GeoDataFrame, cells: gpd.GeoDataFrame
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Fill in the settings that units do not declare, and pass them on to the cells.

    Parameters
    ----------
    units
        Table `lifecircle.tables.UNITS`; a declared ``setting`` is kept.
    cells
        Table `lifecircle.tables.CELLS` of these units.

    Returns
    -------
    tuple of geopandas.GeoDataFrame
        New units and new cells, every ``setting`` filled in.

    Raises
    ------
    TableError, CRSError
        A table breaks its schema, or a cell names an unknown unit.

    Examples
    --------
    >>> units = gpd.GeoDataFrame(
    ...     {"name": ["A"], "setting": [None], "residents": [np.nan], "priority": [1.0]},
    ...     geometry=[shapely.box(0, 0, 1000, 1000)],
    ...     index=pd.Index(["a"], name="unit_id"),
    ...     crs=32632,
    ... )
    >>> cells = gpd.GeoDataFrame(
    ...     {"unit_id": "a", "setting": None, "persons": [200.0], "residential_m2": np.nan,
    ...      "x": [500.0], "y": 500.0},
    ...     geometry=gpd.points_from_xy([500], [500]),
    ...     index=pd.RangeIndex(1, name="cell_id"),
    ...     crs=32632,
    ... )
    >>> units, cells = with_settings(units, cells)
    >>> cells["setting"].tolist()
    ['rural']
    """
    _check(cells, units)
    declared = units["setting"].notna()
    setting = units["setting"].astype("str")
    if not declared.all():
        setting = setting.where(declared, derive_settings(cells, units))
    return (
        units.assign(setting=setting),
        cells.assign(setting=cells["unit_id"].map(setting)),
    )


def _check(cells: gpd.GeoDataFrame, units: gpd.GeoDataFrame) -> None:
    tables.check(units, tables.UNITS)
    require_metric(units.crs, "units")
    tables.check(cells, tables.CELLS, crs=units.crs)
    unknown = cells["unit_id"][~cells["unit_id"].isin(units.index)].unique()
    if len(unknown):
        raise TableError(
            Fault("cells", f"unknown units {tables.first(unknown)}", "use the units they came from")
        )


def _squares(cells: gpd.GeoDataFrame, units: gpd.GeoDataFrame) -> Grid:
    west, south, east, north = units.total_bounds
    x, y = cells["x"], cells["y"]
    bounds = [
        np.fmin(west, x.min()),
        np.fmin(south, y.min()),
        # A resident on the last line would otherwise fall outside.
        np.fmax(east, x.max()) + 1.0,
        np.fmax(north, y.max()) + 1.0,
    ]
    return grid_over(bounds, _SQUARE_M, units.crs)


def _filled(
    grid: Grid, cells: gpd.GeoDataFrame, units: gpd.GeoDataFrame
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Give persons, and the share inside the units, of every square."""
    square = grid.cell_at(cells["x"], cells["y"])
    persons = np.bincount(square, cells["persons"], minlength=grid.size).astype(np.float64)
    covered = cut(grid, units.geometry)
    share = np.bincount(covered["cell"], covered["share"], minlength=grid.size)
    shape = (grid.rows, grid.columns)
    return persons.reshape(shape), np.minimum(share.reshape(shape), 1.0)


def _groups(
    persons: npt.NDArray[np.float64],
    density: npt.NDArray[np.float64],
    least_density: float,
    least_persons: float,
    contiguity: npt.NDArray[np.bool_],
) -> npt.NDArray[np.bool_]:
    """Flag contiguous squares that are dense enough and hold enough persons together."""
    # Sums of split cells miss a round threshold by rounding only.
    dense = density >= least_density * (1 - _ROUNDING)
    label, count = ndimage.label(dense, structure=contiguity)
    together = np.bincount(label.ravel(), persons.ravel(), minlength=count + 1)
    enough = together >= least_persons * (1 - _ROUNDING)
    enough[0] = False
    flag: npt.NDArray[np.bool_] = enough[label]
    return flag


def _without_gaps(centre: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    gaps, _ = ndimage.label(ndimage.binary_fill_holes(centre) & ~centre, structure=_SIDES)
    small = np.bincount(gaps.ravel()) < _GAP_SQUARES
    small[0] = False
    filled: npt.NDArray[np.bool_] = centre | small[gaps]
    return filled
