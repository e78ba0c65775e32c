"""Population cells: from a raster or from unit totals, every resident kept and counted once."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from lifecircle import tables
from lifecircle.cells import as_cells, check_units, residential_land, unit_names, unit_pieces
from lifecircle.errors import Fault, GeometryError, InputError, TableError, warn
from lifecircle.grid import Grid, grid_over, near, outlines, sums
from lifecircle.sources.raster import PopulationRaster

Floats = npt.NDArray[np.float64]

_CONSERVED: Final = 1e-6
# A raster and a census that differ by more than this factor in a unit are worth a look. Ours.
_FAR: Final = 3.0


def cells_from_raster(
    raster: PopulationRaster,
    units: gpd.GeoDataFrame,
    *,
    residential: gpd.GeoDataFrame | None = None,
    boundary: BaseGeometry | None = None,
) -> gpd.GeoDataFrame:
    """Make population cells of a raster of counts, conserving its sum.

    Each raster cell becomes one row per unit that it touches, with persons = count x exact share
    of the cell in the unit; counts are never resampled.

    Parameters
    ----------
    raster
        Persons per pixel, in any CRS.
    units
        Table `lifecircle.tables.UNITS` in the county's metric CRS; they do not overlap.
    residential
        Polygons of residential land; None where it is not known.
    boundary
        The county, in the units' CRS; residents inside it but in no unit are then reported.

    Returns
    -------
    geopandas.GeoDataFrame
        Table `lifecircle.tables.CELLS` in the units' CRS, sorted by unit and grid cell. Its
        polygons are the raster's own cells, cut only at units' borders; (x, y) is the centre, or
        a point inside a cut cell. Cells with neither residents nor residential land are left
        out. ``residential_m2`` is NaN where no residential land is known in the county.

    Raises
    ------
    TableError, CRSError
        The units or the residential land break their schema.
    GeometryError
        A unit's polygon is invalid, or the cutting would lose residents.
    InputError
        The raster holds no resident in any unit.

    Warns
    -----
    DataWarning
        Units in which the raster has no resident; residents in no unit.

    Examples
    --------
    >>> import pyproj
    >>> from affine import Affine
    >>> raster = PopulationRaster(
    ...     np.array([[8.0, 4.0]]), Affine(100, 0, 0, 0, -100, 100), pyproj.CRS(32632)
    ... )
    >>> units = gpd.GeoDataFrame(
    ...     {"name": ["A"], "setting": ["rural"], "residents": [np.nan], "priority": [1.0]},
    ...     geometry=[shapely.box(50, 0, 200, 100)],
    ...     index=pd.Index(["a"], name="unit_id"),
    ...     crs=32632,
    ... )
    >>> cells_from_raster(raster, units)[["persons", "x", "y"]]
             persons      x     y
    cell_id
    0            4.0   75.0  50.0
    1            4.0  150.0  50.0
    """
    check_units(units)
    land = residential_land(residential, units)
    grid = _grid_of(raster)
    counts = np.nan_to_num(raster.values)
    wanted = (counts.ravel() > 0) | near(grid, land)
    pieces = unit_pieces(grid, units, land, wanted)
    pieces["persons"] = counts.ravel()[pieces["cell"]] * pieces["share"]
    _check_shared_out(pieces, grid, counts, units, raster.name)
    _warn_outside(grid, counts, units, boundary, raster.name)
    inhabited = np.bincount(pieces["unit"], pieces["persons"], minlength=len(units)) > 0
    if not inhabited.all():
        warn(f"{raster.name}: no resident in {unit_names(units[~inhabited])}; check these units")
    return as_cells(pieces, units, np.full(len(units), "raster", dtype=object))


def persons_within(raster: PopulationRaster, areas: gpd.GeoSeries) -> Floats:
    """Count the persons of a raster in each area, by exact shares of its cells.

    Parameters
    ----------
    raster
        Persons per pixel, in any CRS.
    areas
        Polygons in a metric CRS.

    Returns
    -------
    numpy.ndarray
        Persons, in the order of the areas.

    Examples
    --------
    >>> import pyproj
    >>> from affine import Affine
    >>> raster = PopulationRaster(
    ...     np.array([[8.0, 4.0]]), Affine(100, 0, 0, 0, -100, 100), pyproj.CRS(32632)
    ... )
    >>> persons_within(raster, gpd.GeoSeries([shapely.box(50, 0, 200, 100)], crs=32632))
    array([8.])
    """
    return sums(_grid_of(raster), np.nan_to_num(raster.values), areas)


def cells_from_totals(
    units: gpd.GeoDataFrame,
    evidence: pd.DataFrame | None = None,
    *,
    residential: gpd.GeoDataFrame | None = None,
    cell_m: float = 100.0,
) -> gpd.GeoDataFrame:
    """Spread each unit's residents over where people live, conserving its total exactly.

    In each unit: in proportion to the evidence's weights; where there is none, to residential
    land; where there is none either, evenly over the unit's area, with a warning.

    Parameters
    ----------
    units
        Table `lifecircle.tables.UNITS` in the county's metric CRS, with ``residents`` for all.
    evidence
        Table `lifecircle.tables.EVIDENCE`, as `lifecircle.dwelling_evidence` makes it.
    residential
        Polygons of residential land; None where it is not known.
    cell_m
        Side of a cell, m; the grid's lines are at multiples of it.

    Returns
    -------
    geopandas.GeoDataFrame
        Table `lifecircle.tables.CELLS`, as `cells_from_raster` gives it; (x, y) is the mean
        position of the evidence in the cell. ``placed_by`` tells what was used in the unit.

    Raises
    ------
    TableError, CRSError
        A table breaks its schema, residents are missing, or evidence names an unknown unit.
    GeometryError
        A unit's polygon is invalid, or the cutting would lose residents.

    Warns
    -----
    DataWarning
        Units without any evidence; evidence outside its unit.

    Examples
    --------
    >>> units = gpd.GeoDataFrame(
    ...     {"name": ["A"], "setting": ["rural"], "residents": [90.0], "priority": [1.0]},
    ...     geometry=[shapely.box(0, 0, 200, 100)],
    ...     index=pd.Index(["a"], name="unit_id"),
    ...     crs=32632,
    ... )
    >>> evidence = pd.DataFrame(
    ...     {"unit_id": "a", "placed_by": "streets", "weight": [2.0, 1.0], "x": [30.0, 120.0],
    ...      "y": [50.0, 50.0]},
    ...     index=pd.Index([0, 1], name="point_id"),
    ... )
    >>> cells_from_totals(units, evidence)[["persons", "x", "placed_by"]]
             persons      x placed_by
    cell_id
    0           60.0   30.0   streets
    1           30.0  120.0   streets
    """
    check_units(units)
    residents = _known_residents(units)
    land = residential_land(residential, units)
    grid = grid_over(units.total_bounds, cell_m, units.crs)
    points, placed_by = _points_by_cell(evidence, units, grid)
    bare = (placed_by == "") & (residents > 0)
    wanted = near(grid, land) | near(grid, units.geometry[bare])
    wanted[points["cell"]] = True
    pieces = _with_evidence(unit_pieces(grid, units, land, wanted), points)
    weight, placed_by = _weights(pieces, placed_by)
    unit = pieces["unit"].to_numpy()
    total = np.bincount(unit, weight, minlength=len(units))
    per_weight = np.divide(residents, total, out=np.zeros_like(total), where=total > 0)
    pieces["persons"] = weight * per_weight[unit]
    _check_placed(pieces, residents)
    spread = bare & (placed_by == "area")
    if spread.any():
        warn(
            f"unit totals: no street, building or residential land in {unit_names(units[spread])}; "
            "their residents are spread evenly over the area"
        )
    return as_cells(pieces, units, placed_by)


def reconcile(cells: gpd.GeoDataFrame, units: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Scale a raster's cells so that each unit's known residents are met exactly.

    Parameters
    ----------
    cells
        Table `lifecircle.tables.CELLS`, as `cells_from_raster` makes it.
    units
        Table `lifecircle.tables.UNITS`; a unit without ``residents`` stays as the raster has it.

    Returns
    -------
    geopandas.GeoDataFrame
        New cells, renumbered. A unit with residents in which the raster has none gets them
        spread over its residential land, or over its area.

    Raises
    ------
    TableError
        A table breaks its schema, or a cell names an unknown unit.
    InputError
        The totals leave nobody.

    Warns
    -----
    DataWarning
        Units in which the raster has no resident, or differs from the total by more than 3 times.

    Examples
    --------
    >>> units = gpd.GeoDataFrame(
    ...     {"name": ["A"], "setting": ["rural"], "residents": [6.0], "priority": [1.0]},
    ...     geometry=[shapely.box(0, 0, 200, 100)],
    ...     index=pd.Index(["a"], name="unit_id"),
    ...     crs=32632,
    ... )
    >>> cells = gpd.GeoDataFrame(
    ...     {"unit_id": "a", "setting": "rural", "persons": [1.0, 2.0], "residential_m2": np.nan,
    ...      "x": [50.0, 150.0], "y": 50.0},
    ...     geometry=[shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100)],
    ...     index=pd.Index([0, 1], name="cell_id"),
    ...     crs=32632,
    ... )
    >>> reconcile(cells, units)["persons"].tolist()
    [2.0, 4.0]
    """
    tables.check(cells, tables.CELLS)
    check_units(units)
    tables.check_crs(cells, units.crs, "cells")
    unit = units.index.get_indexer(cells["unit_id"])
    if (unit < 0).any():
        unknown = tables.first(cells["unit_id"][unit < 0].unique())
        raise TableError(Fault("cells", f"unknown units {unknown}", "use the units they came from"))
    residents = units["residents"].to_numpy(dtype=float, na_value=np.nan)
    before = np.bincount(unit, cells["persons"], minlength=len(units))
    fitted = ~np.isnan(residents) & ((before > 0) | (residents == 0))
    factor = np.ones(len(units))
    np.divide(residents, before, out=factor, where=fitted & (before > 0))
    _warn_far(units, factor)
    placed_by = np.where(fitted[unit], "raster_fitted", "raster")
    scaled = cells.assign(persons=cells["persons"] * factor[unit], placed_by=placed_by)
    lacking = ~np.isnan(residents) & ~fitted
    if lacking.any():
        warn(
            f"population raster: no resident in {unit_names(units[lacking])}; their "
            f"{residents[lacking].sum():,.0f} residents are spread over residential land or area"
        )
        scaled = _with_lacking(scaled, units[lacking])
    if not scaled["persons"].sum() > 0:
        raise InputError(
            Fault("units", "residents are 0 in every unit", "give the totals, or the raster alone")
        )
    kept = scaled[(scaled["persons"] > 0) | (scaled["residential_m2"] > 0)]
    return kept.reset_index(drop=True).rename_axis("cell_id")


def _known_residents(units: gpd.GeoDataFrame) -> npt.NDArray[np.float64]:
    residents: npt.NDArray[np.float64] = units["residents"].to_numpy(float, na_value=np.nan)
    unknown = np.isnan(residents)
    if unknown.any():
        raise TableError(
            Fault("units", f"residents missing in {unit_names(units[unknown])}", "give every total")
        )
    if residents.sum() == 0:
        raise TableError(Fault("units", "residents are 0 in every unit", "give the totals"))
    return residents


def _grid_of(raster: PopulationRaster) -> Grid:
    west, _, _, north = raster.bounds
    rows, columns = raster.values.shape
    step = raster.transform
    return Grid(west, north, float(step.a), float(-step.e), rows, columns, raster.crs)


def _points_by_cell(
    evidence: pd.DataFrame | None, units: gpd.GeoDataFrame, grid: Grid
) -> tuple[pd.DataFrame, npt.NDArray[np.object_]]:
    """Add up evidence by unit and grid cell; name what each unit's evidence is ("" = none)."""
    placed_by = np.full(len(units), "", dtype=object)
    if evidence is None or evidence.empty:
        none = pd.DataFrame(columns=["unit", "cell", "weight", "x", "y", "points"], dtype=np.int64)
        return none, placed_by
    tables.check(evidence, tables.EVIDENCE)
    unit = units.index.get_indexer(evidence["unit_id"])
    if (unit < 0).any():
        unknown = tables.first(evidence["unit_id"][unit < 0].unique())
        raise TableError(Fault("evidence", f"unknown units {unknown}", "use ids of the units"))
    weight, x, y = (evidence[name].to_numpy(dtype=float) for name in ("weight", "x", "y"))
    table = pd.DataFrame({"unit": unit, "cell": grid.cell_at(x, y), "weight": weight})
    table = table.assign(x=x * weight, y=y * weight, points=1)
    within = table[(table["cell"] >= 0) & (table["weight"] > 0)]
    summed = within.groupby(["unit", "cell"], as_index=False).sum()
    summed[["x", "y"]] = summed[["x", "y"]].div(summed["weight"], axis=0)
    kinds = evidence["placed_by"].groupby(unit).first()
    has = np.unique(summed["unit"])
    placed_by[has] = kinds.loc[has]
    return summed, placed_by


def _with_evidence(pieces: pd.DataFrame, points: pd.DataFrame) -> pd.DataFrame:
    """Give each piece its evidence's weight, and move its (x, y) to where the evidence is."""
    joined = pieces.merge(points, how="left", on=["unit", "cell"], suffixes=("", "_seen"))
    seen = joined["weight"].notna()
    lost = points["points"].sum() - joined["points"].sum()
    if lost > 0:
        warn(f"evidence: {lost:.0f} points lie outside their unit and are left out; check them")
    return pieces.assign(
        weight=joined["weight"].fillna(0.0),
        x=joined["x_seen"].where(seen, joined["x"]),
        y=joined["y_seen"].where(seen, joined["y"]),
    )


def _weights(
    pieces: pd.DataFrame, placed_by: npt.NDArray[np.object_]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.object_]]:
    """Weigh pieces by evidence, in a unit without by residential land, or by area."""
    unit = pieces["unit"].to_numpy()
    land = pieces["residential_m2"].fillna(0.0).to_numpy()
    bare = placed_by == ""
    on_land = bare & (np.bincount(unit, land, minlength=len(bare)) > 0)
    weight = np.where(on_land[unit], land, pieces["weight"])
    by_area = (bare & ~on_land)[unit]
    weight[by_area] = shapely.area(pieces["geometry"].to_numpy()[by_area])
    named = np.select([on_land, bare], ["residential_land", "area"], placed_by)
    return weight, named.astype(object)


def _check_placed(pieces: pd.DataFrame, residents: npt.NDArray[np.float64]) -> None:
    placed = np.bincount(pieces["unit"], pieces["persons"], minlength=len(residents))
    lost = np.abs(placed - residents).sum()
    if lost > _CONSERVED * residents.sum():
        raise GeometryError(
            Fault(
                "unit totals",
                f"{lost:.6g} of {residents.sum():.6g} residents find no place in their unit",
                "check that the evidence lies in its unit",
            )
        )


def _check_shared_out(
    pieces: pd.DataFrame,
    grid: Grid,
    counts: npt.NDArray[np.float64],
    units: gpd.GeoDataFrame,
    where: str,
) -> None:
    """Check that each raster cell that lies within the units is wholly shared out to them."""
    total = pieces["persons"].sum()
    if total == 0:
        raise InputError(
            Fault(where, "no resident lies in any unit", "check the units' place and CRS")
        )
    shared = np.bincount(pieces["cell"], pieces["share"], minlength=grid.size)
    open_cells = (counts.ravel() > 0) & (shared < 1 - _CONSERVED) & near(grid, units.geometry)
    cells = np.flatnonzero(open_cells)
    whole = shapely.union_all(units.geometry.to_numpy())
    shapely.prepare(whole)
    inside = cells[shapely.contains(whole, outlines(grid, cells, units.crs)[0])]
    lost = (counts.ravel()[inside] * (1 - shared[inside])).sum()
    if lost > _CONSERVED * total:
        raise GeometryError(
            Fault(
                where,
                f"{lost:.6g} of {total + lost:.6g} residents would be lost in cutting",
                "mend the units' polygons",
            )
        )


def _warn_outside(
    grid: Grid,
    counts: npt.NDArray[np.float64],
    units: gpd.GeoDataFrame,
    boundary: BaseGeometry | None,
    where: str,
) -> None:
    if boundary is None:
        return
    rest = shapely.difference(boundary, shapely.union_all(units.geometry.to_numpy()))
    if rest.is_empty:
        return
    outside = float(sums(grid, counts, gpd.GeoSeries([rest], crs=units.crs))[0])
    if outside >= 1:
        warn(
            f"{where}: {outside:,.0f} residents live inside the boundary but in no unit and are "
            "not assessed; add the missing units, or correct their borders"
        )


def _warn_far(units: gpd.GeoDataFrame, factor: npt.NDArray[np.float64]) -> None:
    far = (factor > _FAR) | (factor < 1 / _FAR)
    if far.any():
        warn(
            f"population raster: differs by more than {_FAR:g} times from the residents of "
            f"{unit_names(units[far])}; check their totals and borders"
        )


def _with_lacking(cells: gpd.GeoDataFrame, lacking: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Place the residents of units in which a raster has none."""
    land = cells["residential_m2"].where(cells["unit_id"].isin(lacking.index), 0.0).fillna(0.0)
    by_unit = land.groupby(cells["unit_id"]).transform("sum")
    residents = cells["unit_id"].map(lacking["residents"])
    persons = (residents * land / by_unit).where(land > 0, cells["persons"])
    placed_by = cells["placed_by"].where(land == 0, "residential_land")
    placed = cells.assign(persons=persons, placed_by=placed_by)
    rest = lacking[~lacking.index.isin(cells.loc[land > 0, "unit_id"])]
    if rest.empty:
        return placed
    side = float(np.clip(np.sqrt(np.median(cells.area)), 50.0, 1000.0))
    added = cells_from_totals(rest, cell_m=side)
    if cells["residential_m2"].notna().any():
        added = added.assign(residential_m2=0.0)
    return pd.concat([placed, added])
