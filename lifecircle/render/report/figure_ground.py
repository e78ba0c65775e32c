"""What all static maps of a county share: cells, borders, streets and names, made ready once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.path import Path

from lifecircle.render.mappable import Mappable
from lifecircle.render.report.figure_text import short

Floats = npt.NDArray[np.float64]
Classes = npt.NDArray[np.int8]

NO_DATA: Final = "#b4babf"
GOOD_TO_BAD: Final = ("#fde725", "#7ad151", "#22a884", "#2a788e", "#414487", "#440154")
"""Colours of classes, the best first: those of the interactive map (templates/cells.js)."""

MISSING: Final[int] = -1

_MANY_CELLS: Final = 20_000  # more are painted pixel by pixel: as fast as the page is large
_PIXELS: Final = 2400  # along the longer side of that image
_PAPER_MM: Final = 150.0  # the longer side of a map on paper
_FINE_MM: Final = 0.06  # what is simplified away cannot be seen
_WIDE_M: Final = 40_000.0  # a county wider than this is shown without its smallest streets
_STREETS: Final = {
    **dict.fromkeys(("motorway", "trunk", "primary"), 0),
    **dict.fromkeys(("secondary", "tertiary"), 1),
}
_STREET_LOOKS: Final = (("#8a9096", 0.8), ("#a3a9ae", 0.5), ("#c3c8cc", 0.25))
_NAME_COLUMNS: Final = 20


@dataclass(frozen=True)
class Ground:
    """A county's geometry as its maps need it, in metres of its CRS.

    Parameters
    ----------
    bounds
        West, south, east, north of all units.
    rings
        Borders of the units.
    streets
        Lines by class, from main roads to paths.
    names
        x, y, name and residents of each unit, the most residents first.
    cells
        Their shapes; places without an area are squares.
    persons
        Residents of each cell.
    """

    bounds: tuple[float, float, float, float]
    rings: list[Floats]
    streets: list[list[Floats]]
    names: list[tuple[float, float, str]]
    cells: npt.NDArray[np.object_]
    persons: Floats
    cell_m: float

    @property
    def across(self) -> float:
        """The county's longer side, m."""
        west, south, east, north = self.bounds
        return max(east - west, north - south)


def ground_of(assessment: Mappable) -> Ground:
    """Make a county's geometry ready to be drawn.

    Parameters
    ----------
    assessment
        Checked tables.
    """
    units, cells = assessment.units, assessment.cells
    west, south, east, north = (float(side) for side in units.total_bounds)
    fine = max(east - west, north - south) * _FINE_MM / _PAPER_MM
    cell_m = float(assessment.config.population.cell_m)
    return Ground(
        bounds=(west, south, east, north),
        rings=_lines(shapely.boundary(units.geometry.to_numpy()), fine),
        streets=_streets(getattr(assessment, "streets", None), fine, east - west),
        names=_names(units),
        cells=_areas(cells, cell_m),
        persons=cells["persons"].to_numpy(dtype=np.float64),
        cell_m=cell_m,
    )


def draw_ground(axes: Axes, ground: Ground) -> None:
    """Draw streets and unit borders.

    Parameters
    ----------
    axes
        With metres of the county's CRS.
    ground
        What to draw.
    """
    for lines, (color, thick) in reversed(list(zip(ground.streets, _STREET_LOOKS, strict=True))):
        streets = LineCollection(lines, colors=color, linewidths=thick, zorder=2)
        streets.set_rasterized(True)
        axes.add_collection(streets, autolim=False)
    borders = LineCollection(ground.rings, colors="#30363b", linewidths=0.7, zorder=4)
    axes.add_collection(borders, autolim=False)


def draw_cells(
    axes: Axes, ground: Ground, classes: Classes, colours: tuple[str, ...] = GOOD_TO_BAD
) -> None:
    """Draw the inhabited cells in the colours of their classes.

    Parameters
    ----------
    axes
        With metres of the county's CRS.
    ground
        Holds the cells.
    classes
        Position of each cell's colour; `MISSING` is grey.
    colours
        By position.
    """
    rows = np.flatnonzero(ground.persons > 0)
    palette = np.array([*(_rgb(colour) for colour in colours), _rgb(NO_DATA)], dtype=np.uint8)
    if len(rows) > _MANY_CELLS:
        _paint(axes, ground, rows, classes, palette)
        return
    parts, of = shapely.get_parts(ground.cells[rows], return_index=True)
    rings = shapely.get_exterior_ring(parts)
    corners, ring = shapely.get_coordinates(rings, return_index=True)
    outlines = np.split(corners, np.flatnonzero(np.diff(ring)) + 1) if len(ring) else []
    colour = palette[classes[rows][of]] / 255.0
    drawn = PolyCollection(outlines, facecolors=colour, linewidths=0, antialiaseds=False, zorder=1)
    drawn.set_rasterized(True)
    axes.add_collection(drawn, autolim=False)


def path_of(shapes: Iterable[Any]) -> Path:
    """Give areas with their holes as one path, to be hatched.

    Parameters
    ----------
    shapes
        Polygons; other geometry is left out.
    """
    parts = shapely.get_parts(np.asarray(list(shapes), dtype=object))
    flat = shapely.normalize(parts[shapely.get_dimensions(parts) == 2])  # holes turn the other way
    corners, ring = shapely.get_coordinates(shapely.get_rings(flat), return_index=True)
    if not len(corners):
        return Path(np.empty((0, 2)), np.empty(0, np.uint8))
    codes = np.full(len(corners), Path.LINETO, np.uint8)
    starts = np.flatnonzero(np.diff(ring, prepend=-1))
    codes[starts] = Path.MOVETO
    codes[np.append(starts[1:], len(corners)) - 1] = Path.CLOSEPOLY
    return Path(corners, codes)


def _lines(shapes: npt.NDArray[np.object_], fine: float) -> list[Floats]:
    return _split(shapely.simplify(shapely.get_parts(shapes), fine))


def _split(lines: npt.NDArray[np.object_]) -> list[Floats]:
    corners, line = shapely.get_coordinates(lines, return_index=True)
    return np.split(corners, np.flatnonzero(np.diff(line)) + 1) if len(line) else []


def _streets(streets: gpd.GeoDataFrame | None, fine: float, wide: float) -> list[list[Floats]]:
    if streets is None or streets.empty:
        return [[], [], []]
    level = streets["highway"].astype(str).str.removesuffix("_link").map(_STREETS)
    levels = level.fillna(2).to_numpy(int)
    shapes = streets.geometry.to_numpy()
    shown = []
    for number in range(3):
        some = shapes[levels == number] if number < 2 or wide <= _WIDE_M else shapes[:0]
        merged = shapely.line_merge(shapely.multilinestrings(shapely.get_parts(some)))
        shown.append(_lines(np.array([merged], dtype=object), fine))
    return shown


def _names(units: gpd.GeoDataFrame) -> list[tuple[float, float, str]]:
    order = units["residents"].fillna(0.0).to_numpy(dtype=float).argsort(kind="stable")[::-1]
    shapes = units.geometry.to_numpy()
    simple = shapely.simplify(shapes, 20.0)
    simple = np.where(shapely.is_empty(simple), shapes, simple)
    spots = shapely.get_point(shapely.maximum_inscribed_circle(simple, tolerance=25.0), 0)
    named = units["name"].astype(object).where(units["name"].notna(), units.index.to_series())
    x, y = shapely.get_x(spots), shapely.get_y(spots)
    told = [short(name, _NAME_COLUMNS) for name in named]
    return [(float(x[n]), float(y[n]), told[n]) for n in order]


def _areas(cells: gpd.GeoDataFrame, size: float) -> npt.NDArray[np.object_]:
    shapes = cells.geometry.to_numpy()
    points = shapely.get_type_id(shapes) == shapely.GeometryType.POINT
    if not points.any():
        return np.asarray(shapes, dtype=object)
    x, y, half = shapely.get_x(shapes), shapely.get_y(shapes), size / 2.0
    squares = shapely.box(x - half, y - half, x + half, y + half)
    return np.asarray(np.where(points, squares, shapes), dtype=object)


def _rgb(colour: str) -> tuple[int, int, int]:
    return tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))  # type: ignore[return-value]


def _paint(
    axes: Axes,
    ground: Ground,
    rows: npt.NDArray[np.intp],
    classes: Classes,
    palette: npt.NDArray[np.uint8],
) -> None:
    """Paint the cells' boxes into one image, whole ones over those that a border cuts."""
    west, south, east, north = ground.bounds
    step = ground.across / _PIXELS
    wide, high = int((east - west) / step) + 2, int((north - south) / step) + 2
    box = shapely.bounds(ground.cells[rows])
    area = shapely.area(ground.cells[rows])
    order = np.argsort(area, kind="stable")
    left = np.clip(((box[order, 0] - west) / step).round().astype(int), 0, wide - 1)
    low = np.clip(((box[order, 1] - south) / step).round().astype(int), 0, high - 1)
    across = np.clip(((box[order, 2] - west) / step).round().astype(int), left + 1, wide) - left
    up = np.clip(((box[order, 3] - south) / step).round().astype(int), low + 1, high) - low
    image = np.zeros((high, wide, 4), np.uint8)
    colour = np.column_stack(
        [palette[classes[rows][order]], np.full(len(rows), 255, dtype=np.uint8)]
    )
    for dy in range(int(up.max(initial=0))):
        for dx in range(int(across.max(initial=0))):
            inside = (dx < across) & (dy < up)
            image[low[inside] + dy, left[inside] + dx] = colour[inside]
    extent = (west, west + wide * step, south, south + high * step)
    axes.imshow(image, extent=extent, origin="lower", interpolation="nearest", zorder=1)


def score_classes(scores: pd.Series, cells: pd.Index) -> Classes:
    """Give the class of each cell's score: 0 only for a full 100.

    Parameters
    ----------
    scores
        By cell_id, of one circle.
    cells
        The cells, in the order of the answer; a cell without a score is `MISSING`.
    """
    value = scores.reindex(cells).to_numpy(dtype=np.float64)
    tenths = np.floor(np.nan_to_num(value) * 10.0 + 1e-7) / 10.0
    lower = 5 - np.minimum(4, np.floor(tenths / 20.0))
    return np.where(np.isnan(value), MISSING, np.where(tenths >= 100.0, 0, lower)).astype(np.int8)


def minute_classes(seconds: pd.Series, cells: pd.Index, breaks: tuple[float, ...]) -> Classes:
    """Give the class of each cell's walk: how many of the breaks lie below it.

    Parameters
    ----------
    seconds
        By cell_id, to the nearest of one kind.
    cells
        The cells, in the order of the answer; a cell that reaches none is `MISSING`.
    breaks
        Rising, min.
    """
    value = seconds.reindex(cells).to_numpy(dtype=np.float64) / 60.0
    place = np.searchsorted(np.asarray(breaks), np.ceil(np.nan_to_num(value) * 10 - 1e-7) / 10)
    return np.where(np.isnan(value), MISSING, place).astype(np.int8)
