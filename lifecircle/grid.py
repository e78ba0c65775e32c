"""A regular grid, and the exact pieces of its cells within polygons.

Cells are cut by GEOS. exactextract 0.3 is faster and agrees to its single precision, but where a
border passes a corner of the grid within rounding, as borders drawn along the grid do, it gives
or takes whole cells, or crashes; the tests hold both against each other on ordinary borders.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

# A straight border of 100 m bends by less than 1 mm between the projections in use.
_BEND_M: Final = 100.0
# A smaller share of a cell is rounding: 0.1 cm2 of a hectare.
_SLIVER: Final = 1e-9


@dataclass(frozen=True)
class Grid:
    """A north-up grid; its cells are numbered from 0 along the rows, north row first.

    Parameters
    ----------
    west, north
        The outer corner, in the CRS's unit.
    dx, dy
        Width and height of a cell, both positive.
    rows, columns
        Number of cells down and across.
    crs
        Any.

    Examples
    --------
    >>> grid = Grid(0, 200, 100, 100, rows=2, columns=3, crs=pyproj.CRS(32632))
    >>> grid.cell_at([50, 250, 999], [150, 50, 50]).tolist()  # -1 = outside
    [0, 5, -1]
    """

    west: float
    north: float
    dx: float
    dy: float
    rows: int
    columns: int
    crs: pyproj.CRS

    @property
    def size(self) -> int:
        """Number of cells."""
        return self.rows * self.columns

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north."""
        return (
            self.west,
            self.north - self.rows * self.dy,
            self.west + self.columns * self.dx,
            self.north,
        )

    def cell_at(self, x: npt.ArrayLike, y: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Find the number of the cell that each point lies in; -1 outside the grid."""
        column = np.floor((np.asarray(x, dtype=float) - self.west) / self.dx).astype(np.int64)
        row = np.floor((self.north - np.asarray(y, dtype=float)) / self.dy).astype(np.int64)
        inside = (row >= 0) & (row < self.rows) & (column >= 0) & (column < self.columns)
        return np.where(inside, row * self.columns + column, -1)

    def centres(self, cells: npt.NDArray[np.int64], crs: pyproj.CRS) -> npt.NDArray[np.float64]:
        """Give the centres of cells in a CRS, shape (n, 2)."""
        row, column = np.divmod(cells, self.columns)
        x, y = self.west + (column + 0.5) * self.dx, self.north - (row + 0.5) * self.dy
        if self.crs != crs:
            carry = pyproj.Transformer.from_crs(self.crs, crs, always_xy=True)
            x, y = carry.transform(x, y)
        return np.column_stack([x, y])


def grid_over(bounds: npt.ArrayLike, cell_m: float, crs: pyproj.CRS) -> Grid:
    """Lay a grid over bounds, its lines at whole multiples of the cell size.

    Parameters
    ----------
    bounds
        West, south, east, north, m.
    cell_m
        Side of a cell, m.
    crs
        Metric CRS of the bounds.

    Returns
    -------
    Grid
        The smallest that covers the bounds.

    Examples
    --------
    >>> grid_over([120, 30, 310, 80], 100, pyproj.CRS(32632)).bounds
    (100.0, 0.0, 400.0, 100.0)
    """
    west, south, east, north = (float(value) for value in np.asarray(bounds, dtype=float))
    left, top = math.floor(west / cell_m), math.ceil(north / cell_m)
    return Grid(
        west=left * float(cell_m),
        north=top * float(cell_m),
        dx=float(cell_m),
        dy=float(cell_m),
        rows=max(top - math.floor(south / cell_m), 1),
        columns=max(math.ceil(east / cell_m) - left, 1),
        crs=crs,
    )


def near(grid: Grid, areas: gpd.GeoSeries) -> npt.NDArray[np.bool_]:
    """Flag the grid cells within areas' bounding boxes, with a cell to spare.

    Parameters
    ----------
    grid
        The grid, in any CRS.
    areas
        Polygons in a metric CRS.

    Returns
    -------
    numpy.ndarray
        Flag by cell number; a quick choice before `cut`.

    Examples
    --------
    >>> grid = Grid(0, 100, 100, 100, rows=1, columns=5, crs=pyproj.CRS(32632))
    >>> near(grid, gpd.GeoSeries([shapely.box(50, 10, 60, 20)], crs=32632)).tolist()
    [True, True, False, False, False]
    """
    drawn = areas[~(areas.is_empty | areas.isna())]
    bent = drawn if areas.crs == grid.crs else drawn.segmentize(_BEND_M).to_crs(grid.crs)
    west, south, east, north = shapely.bounds(bent.to_numpy()).reshape(-1, 4).T
    left, right = (west - grid.west) / grid.dx - 1, (east - grid.west) / grid.dx + 2
    top, bottom = (grid.north - north) / grid.dy - 1, (grid.north - south) / grid.dy + 2
    first_column, end_column = (np.clip(v, 0, grid.columns).astype(int) for v in (left, right))
    first_row, end_row = (np.clip(v, 0, grid.rows).astype(int) for v in (top, bottom))
    # Boxes are opened and closed at their corners; running sums then count boxes by cell.
    boxes = np.zeros((grid.rows + 1, grid.columns + 1), dtype=np.int32)
    for rows, columns, step in (
        (first_row, first_column, 1),
        (first_row, end_column, -1),
        (end_row, first_column, -1),
        (end_row, end_column, 1),
    ):
        np.add.at(boxes, (rows, columns), step)
    flag: npt.NDArray[np.bool_] = boxes.cumsum(axis=0).cumsum(axis=1)[:-1, :-1] > 0
    return flag.ravel()


def outlines(
    grid: Grid, cells: npt.NDArray[np.int64], crs: pyproj.CRS
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.float64]]:
    """Draw grid cells in another CRS.

    Parameters
    ----------
    grid
        The grid.
    cells
        Cell numbers, length n.
    crs
        CRS to draw them in.

    Returns
    -------
    tuple of numpy.ndarray
        n polygons of four corners, and their centres, shape (n, 2).

    Examples
    --------
    >>> grid = Grid(0, 100, 100, 100, rows=1, columns=2, crs=pyproj.CRS(32632))
    >>> outlines(grid, np.array([1]), grid.crs)[1].tolist()
    [[150.0, 50.0]]
    """
    row, column = np.divmod(cells, grid.columns)
    wide = grid.columns + 1
    ring = np.stack(
        [
            row * wide + column,
            row * wide + column + 1,
            (row + 1) * wide + column + 1,
            (row + 1) * wide + column,
        ],
        axis=1,
    )
    # Neighbours share corners: each is carried once.
    corner, at = np.unique(ring, return_inverse=True)
    corner_row, corner_column = np.divmod(corner, wide)
    xy = np.column_stack([grid.west + corner_column * grid.dx, grid.north - corner_row * grid.dy])
    if grid.crs != crs:
        carry = pyproj.Transformer.from_crs(grid.crs, crs, always_xy=True)
        xy = np.column_stack(carry.transform(xy[:, 0], xy[:, 1]))
    corners = xy[at.reshape(ring.shape)]
    rings = corners[:, [0, 1, 2, 3, 0]].reshape(-1, 2)
    offsets = np.arange(len(cells) + 1)
    quads = shapely.from_ragged_array(shapely.GeometryType.POLYGON, rings, (5 * offsets, offsets))
    return quads, np.asarray(corners.mean(axis=1), dtype=np.float64)


def cut(
    grid: Grid, areas: gpd.GeoSeries, wanted: npt.NDArray[np.bool_] | None = None
) -> pd.DataFrame:
    """Cut grid cells at the borders of areas.

    Parameters
    ----------
    grid
        The grid, in any CRS.
    areas
        Polygons in a metric CRS.
    wanted
        Flag by cell number; cells without it are left out.

    Returns
    -------
    pandas.DataFrame
        One row per area and cell that it covers in part, sorted by both: ``area`` (position in
        `areas`), ``cell``, ``share`` (of the cell, 0 to 1), the piece's ``geometry`` in the
        areas' CRS, and a point (``x``, ``y``) of it: the cell's centre, or a point inside where
        the cell is cut.

    Examples
    --------
    >>> grid = Grid(0, 100, 100, 100, rows=1, columns=2, crs=pyproj.CRS(32632))
    >>> cut(grid, gpd.GeoSeries([shapely.box(50, 0, 200, 100)], crs=32632)).drop(columns="geometry")
       area  cell  share      x     y
    0     0     0    0.5   75.0  50.0
    1     0     1    1.0  150.0  50.0
    """
    cells = _chosen(grid, areas, wanted)
    quads, centres = outlines(grid, cells, areas.crs)
    area, at, share, border, parts = _shares(grid, areas, cells, quads, centres)
    geometry, xy = quads[at], centres[at]
    geometry[border] = parts
    partial = border[shapely.area(parts) > 0]
    xy[partial] = shapely.get_coordinates(shapely.point_on_surface(geometry[partial]))
    order = np.lexsort((at, area))
    pieces = pd.DataFrame({"area": area[order], "cell": cells[at[order]], "share": share[order]})
    return pieces.assign(geometry=geometry[order], x=xy[order, 0], y=xy[order, 1])


def _chosen(
    grid: Grid, areas: gpd.GeoSeries, wanted: npt.NDArray[np.bool_] | None
) -> npt.NDArray[np.int64]:
    chosen = near(grid, areas)
    return np.flatnonzero(chosen if wanted is None else chosen & wanted)


def _shares(
    grid: Grid,
    areas: gpd.GeoSeries,
    cells: npt.NDArray[np.int64],
    quads: npt.NDArray[np.object_],
    centres: npt.NDArray[np.float64],
) -> tuple[
    npt.NDArray[np.intp],
    npt.NDArray[np.intp],
    npt.NDArray[np.float64],
    npt.NDArray[np.intp],
    npt.NDArray[np.object_],
]:
    """Give areas, positions in `cells` and shares of all pieces, and the pieces that are cut.

    Only cells that a border may cross are held against the areas as polygons, so that `quads` need
    hold no other. Of the rest the centre tells, and only of the first in a row: no border lies
    between it and the next, or a crossed cell would.
    """
    around = _valid(areas)
    crossed = _crossed(grid, around, areas.crs)
    run = (np.cumsum(crossed) + np.arange(len(crossed)) // grid.columns)[cells]
    whole, edge = np.flatnonzero(~crossed[cells]), np.flatnonzero(crossed[cells])
    run = run[whole]
    begin = np.flatnonzero(np.diff(run, prepend=-1))
    length = np.diff(begin, append=len(run))
    points = shapely.points(centres[whole[begin]])
    run_area, inside = shapely.STRtree(points).query(around, "contains")
    many = length[inside]
    whole_area = np.repeat(run_area, many)
    step = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
    inside = np.repeat(begin[inside], many) + step
    tree = shapely.STRtree(quads[edge])
    area, at = tree.query(around, "intersects")
    full_area, full = tree.query(around, "contains")
    size = len(edge)
    cut_here = ~np.isin(area * size + at, full_area * size + full)
    cut_area, cut_at = area[cut_here], edge[at[cut_here]]
    parts = polygonal(shapely.intersection(quads[cut_at], around[cut_area]))
    share = shapely.area(parts) / shapely.area(quads[cut_at])
    kept = share > _SLIVER
    area = np.concatenate([whole_area, full_area, cut_area[kept]])
    at = np.concatenate([whole[inside], edge[full], cut_at[kept]])
    uncut = len(whole_area) + len(full_area)
    shares = np.concatenate([np.ones(uncut), share[kept]])
    return area, at, shares, np.arange(uncut, len(area)), parts[kept]


def _crossed(grid: Grid, areas: npt.NDArray[np.object_], crs: pyproj.CRS) -> npt.NDArray[np.bool_]:
    """Flag by cell number those that a border may cross, with half a cell to spare."""
    lines = gpd.GeoSeries(shapely.boundary(areas), crs=crs)
    bent = lines if crs == grid.crs else lines.segmentize(_BEND_M).to_crs(grid.crs)
    # No two points of a border are further apart than a cell, so one of them is in the cell or
    # beside it.
    steps = shapely.segmentize(bent.to_numpy(), min(grid.dx, grid.dy))
    x, y = shapely.get_coordinates(steps).T
    flag = np.zeros((grid.rows + 2, grid.columns + 2), np.bool_)
    row = np.clip(np.floor((grid.north - y) / grid.dy), -1, grid.rows).astype(np.int64) + 1
    column = np.clip(np.floor((x - grid.west) / grid.dx), -1, grid.columns).astype(np.int64) + 1
    flag[row, column] = True
    wide = flag.copy()
    for down in (-1, 0, 1):
        for across in (-1, 0, 1):
            wide |= np.roll(flag, (down, across), axis=(0, 1))
    return wide[1:-1, 1:-1].ravel()


def sums(
    grid: Grid, values: npt.NDArray[np.float64], areas: gpd.GeoSeries
) -> npt.NDArray[np.float64]:
    """Add up grid values within areas, each cell by the share that is covered.

    Parameters
    ----------
    grid
        The grid, in any CRS.
    values
        Shape (rows, columns); NaN counts as nothing.
    areas
        Polygons in a metric CRS.

    Returns
    -------
    numpy.ndarray
        One sum per area.

    Examples
    --------
    >>> grid = Grid(0, 100, 100, 100, rows=1, columns=2, crs=pyproj.CRS(32632))
    >>> area = gpd.GeoSeries([shapely.box(50, 0, 200, 100)], crs=32632)
    >>> sums(grid, np.array([[8.0, 4.0]]), area).tolist()
    [8.0]
    """
    known = np.nan_to_num(values).ravel()
    cells = _chosen(grid, areas, known != 0)
    crossed = _crossed(grid, _valid(areas), areas.crs)[cells]
    quads = np.full(len(cells), None, dtype=object)
    quads[crossed], _ = outlines(grid, cells[crossed], areas.crs)
    centres = grid.centres(cells, areas.crs)
    area, at, share, _, _ = _shares(grid, areas, cells, quads, centres)
    amount = known[cells[at]] * share
    return np.bincount(area, amount, minlength=len(areas)).astype(np.float64)


def polygonal(geometry: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """Keep the polygons of each geometry; a point or line is no area.

    Parameters
    ----------
    geometry
        Of any type.

    Returns
    -------
    numpy.ndarray
        Polygons and multipolygons, empty where there was no area.

    Examples
    --------
    >>> touching = shapely.intersection(shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1))
    >>> polygonal(np.array([touching]))[0].wkt
    'POLYGON EMPTY'
    """
    mixed = ~np.isin(shapely.get_type_id(geometry), (3, 6))
    kept = geometry.copy()
    kept[mixed] = shapely.buffer(geometry[mixed], 0)
    return kept


def overlap_m2(
    polygons: npt.NDArray[np.object_], land: npt.NDArray[np.object_]
) -> npt.NDArray[np.float64]:
    """Give the exact area of land within each polygon.

    Parameters
    ----------
    polygons
        Many small polygons, metric CRS.
    land
        Polygons that do not overlap each other, same CRS.

    Returns
    -------
    numpy.ndarray
        m2 per polygon.

    Examples
    --------
    >>> cells = np.array([shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100)])
    >>> overlap_m2(cells, np.array([shapely.box(0, 0, 130, 100)])).tolist()
    [10000.0, 3000.0]
    """
    tree = shapely.STRtree(polygons)
    whole_land, whole = tree.query(land, "contains")
    part, touched = tree.query(land, "intersects")
    # Polygons wholly within the land need no cutting.
    border = ~np.isin(part * len(polygons) + touched, whole_land * len(polygons) + whole)
    part, touched = part[border], touched[border]
    area = shapely.area(shapely.intersection(polygons[touched], land[part]))
    total = np.bincount(touched, area, minlength=len(polygons))
    total += np.bincount(whole, shapely.area(polygons[whole]), minlength=len(polygons))
    return np.asarray(total, dtype=np.float64)


def _valid(areas: gpd.GeoSeries) -> npt.NDArray[np.object_]:
    """Mend what crosses itself: slivers do when they are carried from another projection."""
    shapes = np.array(areas.to_numpy(), dtype=object)
    crossed = ~shapely.is_valid(shapes)
    if crossed.any():
        mended = shapely.make_valid(shapes[crossed], method="structure", keep_collapsed=False)
        shapes[crossed] = mended
    return polygonal(shapes)
