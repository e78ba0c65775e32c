"""Scores and minutes as rasters: Cloud Optimised GeoTIFFs on the grid of the cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import rasterio
import rasterio.warp
import shapely
from rasterio import Affine

from lifecircle.errors import Fault, GeometryError, InputError
from lifecircle.grid import Grid
from lifecircle.render.gis.frames import file_name, fitting_names
from lifecircle.render.gis.styles import raster_style
from lifecircle.render.gis.vector import Written
from lifecircle.render.gis.words import Field, clean, describe, labels
from lifecircle.standards import Lang

_NOTHING: Final = -1
_BLOCK: Final = 256  # pixels; small enough that a county's raster has overviews
_WHOLE: Final = 0.99  # a cell of so much of the usual area is not cut
_ALIGNED_M: Final = 0.01  # corners may be off the grid by so much
_ROWS: Final = 512  # pixel rows looked up at a time
_MOST: Final = 400_000_000  # pixels; ours

Ints = npt.NDArray[np.int32]


@dataclass(frozen=True)
class CellGrid:
    """Which cell each pixel shows.

    Parameters
    ----------
    cell
        Position of the cell by row and column; -1 where there is none.
    transform
        Of pixels to coordinates.
    crs
        Of the coordinates.
    """

    cell: Ints
    transform: Affine
    crs: pyproj.CRS


def cell_grid(cells: gpd.GeoDataFrame) -> CellGrid:
    """Lay a grid over cells and tell which cell each pixel shows.

    Parameters
    ----------
    cells
        Polygons: whole squares, and pieces of squares at borders; metric CRS.

    Returns
    -------
    CellGrid
        Where the cells lie on a grid of this CRS, one pixel per square; of several pieces in a
        square the largest shows. Where they come from a raster of another CRS and are aslant here,
        pixels of half a cell, each with the cell at its centre; a cell that no centre falls into
        shows in the pixel of its own centre, if that is free.

    Raises
    ------
    GeometryError
        The cells have no area.
    InputError
        The raster would be too large.

    Examples
    --------
    >>> squares = [shapely.box(0, 100, 100, 200), shapely.box(100, 0, 200, 100)]
    >>> cell_grid(gpd.GeoDataFrame(geometry=squares, crs=32632)).cell.tolist()
    [[0, -1], [-1, 1]]
    """
    shapes = cells.geometry.to_numpy()
    area = shapely.area(shapes)
    if not len(shapes) or not (area > 0).all():
        raise GeometryError(
            Fault("cells", "are points, or there are none", "a raster needs cells with an area")
        )
    large = np.flatnonzero(area >= _WHOLE * np.quantile(area, 0.9))
    box = shapely.bounds(shapes)
    size = box[:, 2:] - box[:, :2]
    step = np.median(size[large], axis=0)
    upright = np.isclose(size.prod(axis=1), area, rtol=1e-6)
    # A cut piece may be almost as large as a whole cell.
    whole = large[upright[large] & (np.abs(size[large] - step) <= _ALIGNED_M).all(axis=1)]
    if 2 * len(whole) > len(large):
        off = box[whole, :2] - box[whole[0], :2]
        off -= np.round(off / step) * step
        if (np.abs(off) <= _ALIGNED_M).all():
            anchor = box[whole[0], :2]
            sides = (float(step[0]), float(step[1]))
            return _aligned(shapes, box, area, sides, anchor, cells.crs)
    return _aslant(shapes, area, large, cells.crs)


def _grid(bounds: npt.NDArray[np.float64], step: tuple[float, float], crs: Any) -> Grid:
    west, south, east, north = (float(value) for value in bounds)
    columns = max(int(np.ceil((east - west) / step[0] - 1e-6)), 1)
    rows = max(int(np.ceil((north - south) / step[1] - 1e-6)), 1)
    if rows * columns > _MOST:
        raise InputError(
            Fault(
                "cells",
                f"span {columns:,} by {rows:,} pixels of {step[0]:g} m",
                "check for cells far away from the county",
            )
        )
    return Grid(west, north, step[0], step[1], rows=rows, columns=columns, crs=pyproj.CRS(crs))


def _aligned(
    shapes: npt.NDArray[np.object_],
    box: npt.NDArray[np.float64],
    area: npt.NDArray[np.float64],
    step: tuple[float, float],
    anchor: npt.NDArray[np.float64],
    crs: Any,
) -> CellGrid:
    size = np.array(step)
    low = anchor + np.floor((box[:, :2].min(axis=0) - anchor) / size + 1e-6) * size
    high = anchor + np.ceil((box[:, 2:].max(axis=0) - anchor) / size - 1e-6) * size
    grid = _grid(np.concatenate([low, high]), step, crs)
    inside = shapely.get_coordinates(shapely.point_on_surface(shapes))
    pixel = grid.cell_at(inside[:, 0], inside[:, 1])
    found = np.full(grid.size, _NOTHING, dtype=np.int32)
    smallest_first = np.argsort(area, kind="stable")
    found[pixel[smallest_first]] = smallest_first
    return _held(found, grid)


def _aslant(
    shapes: npt.NDArray[np.object_],
    area: npt.NDArray[np.float64],
    large: npt.NDArray[np.intp],
    crs: Any,
) -> CellGrid:
    boxed = shapely.oriented_envelope(shapes[large[:1000]])
    corners = shapely.get_coordinates(boxed).reshape(-1, 5, 2)
    sides = np.hypot(*np.moveaxis(np.diff(corners, axis=1), 2, 0))
    # At half the shorter side the pixel at a cell's centre has its own centre in the cell.
    step = float(np.median(sides.min(axis=1))) / 2.0
    step = float(np.floor(step + 1e-6)) if step >= 10.0 else step
    grid = _grid(shapely.total_bounds(shapes), (step, step), crs)
    found = np.full(grid.size, _NOTHING, dtype=np.int32)
    tree = shapely.STRtree(shapes)
    x = grid.west + (np.arange(grid.columns) + 0.5) * grid.dx
    for first in range(0, grid.rows, _ROWS):
        rows = np.arange(first, min(first + _ROWS, grid.rows))
        y = grid.north - (rows + 0.5) * grid.dy
        centres = shapely.points(np.tile(x, len(rows)), np.repeat(y, len(x)))
        at, cell = tree.query(centres, predicate="intersects")
        order = np.argsort(area[cell], kind="stable")  # on a shared side the larger cell shows
        found[first * grid.columns + at[order]] = cell[order]
    hidden = np.setdiff1d(np.arange(len(shapes)), found)
    hidden = hidden[np.argsort(area[hidden], kind="stable")]
    inside = shapely.get_coordinates(shapely.point_on_surface(shapes[hidden]))
    pixel = grid.cell_at(inside[:, 0], inside[:, 1])
    free = found[pixel] == _NOTHING
    found[pixel[free]] = hidden[free]
    return _held(found, grid)


def _held(found: Ints, grid: Grid) -> CellGrid:
    transform = Affine(grid.dx, 0.0, grid.west, 0.0, -grid.dy, grid.north)
    return CellGrid(found.reshape(grid.rows, grid.columns), transform, grid.crs)


def carried(grid: CellGrid, crs: pyproj.CRS) -> CellGrid:
    """Give a grid in another CRS; each pixel shows the cell of the nearest one.

    Parameters
    ----------
    grid
        As `cell_grid` gives it.
    crs
        The CRS wanted.
    """
    if grid.crs == crs:
        return grid
    rows, columns = grid.cell.shape
    west, north = grid.transform.c, grid.transform.f
    east, south = west + columns * grid.transform.a, north + rows * grid.transform.e
    transform, width, height = rasterio.warp.calculate_default_transform(
        grid.crs, crs, columns, rows, left=west, bottom=south, right=east, top=north
    )
    found = np.full((height, width), _NOTHING, dtype=np.int32)
    rasterio.warp.reproject(
        grid.cell,
        found,
        src_transform=grid.transform,
        src_crs=grid.crs,
        src_nodata=_NOTHING,
        dst_transform=transform,
        dst_crs=crs,
        dst_nodata=_NOTHING,
        resampling=rasterio.warp.Resampling.nearest,
    )
    return CellGrid(found, transform, crs)


def raster_fields(cells: pd.DataFrame, names: pd.DataFrame) -> dict[str, Field]:
    """Give the rasters that cells can be drawn as.

    Parameters
    ----------
    cells
        With ``score_CIRCLE`` and ``seconds_KIND``.
    names
        As `lifecircle.render.gis.words.name_table` gives them.

    Returns
    -------
    dict
        ``score_CIRCLE`` and ``minutes_KIND`` -> what it means.
    """
    wanted = [f"score_{key}" for key in labels(names, "circle", "en")]
    wanted += [f"minutes_{key}" for key in labels(names, "kind", "en")]
    there = [name for name in wanted if name.replace("minutes_", "seconds_", 1) in cells.columns]
    return {field.field: field for field in describe("cells", there, names)}


def write_rasters(
    folder: Path,
    cells: gpd.GeoDataFrame,
    fields: Mapping[str, Field],
    crs: pyproj.CRS,
    *,
    lang: Lang,
) -> list[Written]:
    """Write one Cloud Optimised GeoTIFF per score and per kind's minutes, with its QGIS style.

    Parameters
    ----------
    folder
        An empty folder.
    cells
        With exact seconds.
    fields
        Which rasters, of `raster_fields`.
    crs
        CRS of the rasters.
    lang
        Language of the bands' descriptions.

    Returns
    -------
    list of Written
        Its files: 32-bit floating point, NaN for no data, with overviews of the nearest pixel.
    """
    grid = carried(cell_grid(cells), crs)
    nothing = grid.cell == _NOTHING
    rows, columns = grid.cell.shape
    profile = {
        "driver": "COG",
        "width": columns,
        "height": rows,
        "count": 1,
        "dtype": "float32",
        "nodata": np.nan,
        "crs": grid.crs.to_wkt(),
        "transform": grid.transform,
        "compress": "DEFLATE",
        "predictor": "YES",
        "blocksize": _BLOCK,
        "overview_resampling": "NEAREST",
    }
    files = fitting_names(fields, file_name, 80)
    written = []
    for name, field in fields.items():
        values = _values(cells, name)[np.where(nothing, 0, grid.cell)]
        values[nothing] = np.nan
        path = folder / f"{files[name]}.tif"
        with rasterio.open(path, "w", **profile) as file:
            file.write(values, 1)
            file.set_band_description(1, clean(field.label(lang)))
            file.set_band_unit(1, field.unit)
            file.update_tags(1, zh=field.zh, en=field.en)
        path.with_suffix(".qml").write_text(raster_style(name), encoding="utf-8")
        written.append(Written(path.name, field.label(lang), (columns, rows), {"1": field}))
    return written


def _values(cells: pd.DataFrame, name: str) -> npt.NDArray[np.float32]:
    if name in cells.columns:
        return cells[name].to_numpy(dtype=np.float32)
    seconds = cells[name.replace("minutes_", "seconds_", 1)].to_numpy(dtype=np.float64)
    return (seconds / 60.0).astype(np.float32)
