"""Tables and geometry as small typed arrays that the map's page reads.

Coordinates go out in EPSG:3857 decimetres, the map's own plane, so that the page only scales and
shifts them. Rings and lines are a start (int32) and steps (int16). Cells are a centre each: the
corners of a regular cell follow from its place by one linear model (squares of a metric grid,
pixels in degrees and sheared pixels alike); a clipped cell has its rings.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any, Final, cast

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

MISSING_16: Final = 65535
"""What stands for "no value" in a uint16 array."""

MISSING_8: Final = 255
"""What stands for "no value" in a uint8 array."""

Floats = npt.NDArray[np.float64]

_UNITS_PER_M: Final = 10.0  # decimetres
_LONGEST_STEP_M: Final = 3000.0  # int16 holds 3,276.7 m
_SAMPLE: Final = 4000  # cells that the corners' model is fitted to
_CORNER_TOLERANCE: Final = 4.0  # decimetres between a regular cell's corners and the model's


def to_base64(values: npt.ArrayLike, dtype: str) -> str:
    """Encode numbers as base64 text of a little-endian array.

    Parameters
    ----------
    values
        The numbers.
    dtype
        ``"u1"``, ``"u2"``, ``"i2"``, ``"i4"``, ``"u4"`` or ``"f4"``.

    Returns
    -------
    str

    Examples
    --------
    >>> to_base64([1, 256], "u2")
    'AQAAAQ=='
    """
    return base64.b64encode(np.asarray(values).astype(f"<{dtype}").tobytes()).decode("ascii")


def tenths_up(values: Floats) -> npt.NDArray[np.uint16]:
    """Round numbers up to tenths, as uint16; missing becomes `MISSING_16`.

    Rounding up keeps every comparison with a threshold of whole tenths as it is: 15.01 minutes
    must not be shown as reached within 15.0.

    Parameters
    ----------
    values
        Numbers of 0 or more, NaN where missing.

    Returns
    -------
    numpy.ndarray
        At most 65534, which stands for 6,553.4 and all above.

    Examples
    --------
    >>> tenths_up(np.array([15.0, 15.01, np.nan]))
    array([  150,   151, 65535], dtype=uint16)
    """
    # A hair below, so that 0.1 * 3 = 0.30000000000000004 stays 3 tenths.
    tenths = np.ceil(np.minimum(np.nan_to_num(values), 6553.4) * 10.0 - 1e-7)
    return np.where(np.isnan(values), MISSING_16, tenths).astype(np.uint16)


def runs(values: npt.NDArray[np.integer[Any]]) -> dict[str, str]:
    """Encode numbers that repeat as run lengths and the value of each run.

    Parameters
    ----------
    values
        Numbers from 0 to 2**32 - 1.

    Returns
    -------
    dict
        ``length`` and ``value`` as base64 text of uint32 arrays.

    Examples
    --------
    >>> runs(np.array([7, 7, 7, 8]))
    {'length': 'AwAAAAEAAAA=', 'value': 'BwAAAAgAAAA='}
    """
    first = np.flatnonzero(np.diff(values, prepend=-1) != 0)
    length = np.diff(np.append(first, len(values)))
    return {"length": to_base64(length, "u4"), "value": to_base64(values[first], "u4")}


def to_plane(geometry: npt.ArrayLike, crs: Any) -> npt.NDArray[np.object_]:
    """Project geometries to EPSG:3857, in m.

    Parameters
    ----------
    geometry
        Geometries in `crs`.
    crs
        Their CRS.

    Returns
    -------
    numpy.ndarray
        The geometries in the map's plane.
    """
    return np.asarray(gpd.GeoSeries(np.asarray(geometry), crs=crs).to_crs(3857).array)


def pack_lines(geometry: npt.ArrayLike, crs: Any, *, tolerance_m: float) -> dict[str, Any]:
    """Pack lines or polygons as rings of small steps; for display only.

    Parameters
    ----------
    geometry
        (Multi)LineStrings or (Multi)Polygons in `crs`, one per feature.
    crs
        A metric CRS.
    tolerance_m
        Vertices that lie this close to the simplified line are left out, m.

    Returns
    -------
    dict
        ``rings`` (count of rings per feature), ``length`` (vertices per ring), ``start`` (x, y of
        each ring's first vertex) and ``steps`` (dx, dy to each further vertex), base64 arrays in
        EPSG:3857 decimetres. Polygons are to be filled even-odd, so that holes are holes.
    """
    shapes = np.asarray(geometry, dtype=object)
    if tolerance_m > 0:
        simpler = shapely.simplify(shapes, tolerance_m)
        shapes = np.where(shapely.is_empty(simpler), shapes, simpler)
    shapes = shapely.segmentize(to_plane(shapes, crs), _LONGEST_STEP_M)
    parts, part_of = shapely.get_parts(shapes, return_index=True)
    polygonal = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    if polygonal.any():
        parts, ring_of = shapely.get_rings(parts, return_index=True)
        part_of = part_of[ring_of]
    coordinates, ring = shapely.get_coordinates(parts, return_index=True)
    points = np.rint(coordinates * _UNITS_PER_M).astype(np.int64)
    first = np.diff(ring, prepend=-1) != 0
    steps = np.diff(points, axis=0, prepend=points[:1])[~first]
    return {
        "rings": to_base64(np.bincount(part_of, minlength=len(shapes)), "u4"),
        "length": to_base64(np.bincount(ring, minlength=len(parts)), "u4"),
        "start": to_base64(points[first], "i4"),
        "steps": to_base64(steps, "i2"),
    }


def pack_points(geometry: npt.ArrayLike, crs: Any) -> dict[str, str]:
    """Pack points as ``x`` and ``y``, base64 int32 arrays in EPSG:3857 decimetres.

    Parameters
    ----------
    geometry
        Points in `crs`.
    crs
        Their CRS.

    Returns
    -------
    dict
    """
    points = np.rint(shapely.get_coordinates(to_plane(geometry, crs)) * _UNITS_PER_M)
    return {"x": to_base64(points[:, 0], "i4"), "y": to_base64(points[:, 1], "i4")}


def map_order(geometry: npt.ArrayLike, size: float) -> npt.NDArray[np.intp]:
    """Order cells row by row, so that neighbours, which share their nearest facility, are runs.

    Parameters
    ----------
    geometry
        Polygons in a metric CRS.
    size
        Height of a row, m.

    Returns
    -------
    numpy.ndarray
        Positions, north first, then from west to east.
    """
    box = shapely.bounds(np.asarray(geometry))
    row = np.floor((box[:, 1] + box[:, 3]) / 2.0 / size)
    return np.lexsort((box[:, 0] + box[:, 2], -row))


def pack_cells(geometry: npt.ArrayLike, crs: Any) -> dict[str, Any]:
    """Pack cells: a centre each, one model for the corners of regular cells, rings for the rest.

    Parameters
    ----------
    geometry
        (Multi)Polygons in `crs`, at least one.
    crs
        A metric CRS.

    Returns
    -------
    dict
        ``x``, ``y`` (centres), ``corners`` (4 corners, each dx and dy, each the coefficients of
        ``1, x - at[0], y - at[1]``), ``at``, ``piece`` (positions of irregular cells), ``rings``
        (as `pack_lines` gives them, one feature per piece) and ``reach`` (largest half extent).

    Notes
    -----
    A clipped cell is drawn as clipped; nothing is drawn beyond the county's border.
    """
    shapes = np.asarray(geometry, dtype=object)
    plane = to_plane(shapes, crs)
    box = shapely.bounds(plane) * _UNITS_PER_M
    centre = np.rint((box[:, :2] + box[:, 2:]) / 2.0)
    at = centre.mean(axis=0).round()
    model, regular = _corner_model(plane, centre, at)
    piece = np.flatnonzero(~regular)
    return {
        "x": to_base64(centre[:, 0], "i4"),
        "y": to_base64(centre[:, 1], "i4"),
        "at": at.tolist(),
        "corners": [[round(c, 9) for c in row] for row in model.T.tolist()],
        "piece": to_base64(piece, "u4"),
        "rings": pack_lines(shapes[piece], crs, tolerance_m=0.0) if len(piece) else None,
        "reach": float(np.ceil((box[:, 2:] - box[:, :2]).max() / 2.0)) + 1.0,
    }


def _corner_model(
    plane: npt.NDArray[np.object_], centre: Floats, at: Floats
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Fit the corners of the cells that have four; say which cells the fit holds for."""
    regular = np.zeros(len(plane), dtype=bool)
    single = shapely.get_num_geometries(plane) == 1
    whole = shapely.get_geometry(plane, 0)
    quads = single & (shapely.get_num_coordinates(plane) == 5)
    quads &= shapely.get_num_interior_rings(whole) == 0
    if not quads.any():
        return np.zeros((3, 8)), regular
    area = shapely.area(plane)
    # Clipped cells are smaller: the median of the larger half is a whole cell's area.
    usual = np.median(area[quads][area[quads] >= np.median(area[quads])])
    rows = np.flatnonzero(quads & (np.abs(area / usual - 1.0) < 0.02))
    corners = shapely.get_coordinates(shapely.orient_polygons(whole[rows])) * _UNITS_PER_M
    corners = corners.reshape(-1, 5, 2)[:, :4] - centre[rows, None, :]
    southwest = np.argmin(corners.sum(axis=2), axis=1)
    turned = (southwest[:, None] + np.arange(4)) % 4
    offsets = np.take_along_axis(corners, turned[:, :, None], axis=1).reshape(-1, 8)
    place = np.column_stack([np.ones(len(rows)), (centre - at)[rows]])
    model: Floats = np.zeros((3, 8))
    fits = np.ones(len(rows), dtype=bool)
    for _ in range(2):  # the second fit is free of the outliers that the first one found
        some = np.flatnonzero(fits)[:: max(1, int(fits.sum()) // _SAMPLE)]
        model = np.asarray(np.linalg.lstsq(place[some], offsets[some])[0], dtype=np.float64)
        fits = np.abs(place @ model - offsets).max(axis=1) <= _CORNER_TOLERANCE
        if not fits.any():
            return model, regular
    regular[rows[fits]] = True
    return model, regular


def cell_matrix(
    values: pd.Series, cells: pd.Index, keys: Sequence[str], *, fill: float = np.nan
) -> Floats:
    """Spread a long column to one row per key and one column per cell.

    Parameters
    ----------
    values
        Numeric column of a table whose index is (cell_id, key), as of access and scores.
    cells
        Cells in the order wanted.
    keys
        Keys in the order wanted; others are left out.
    fill
        What stands where the table has no row.

    Returns
    -------
    numpy.ndarray
        float64, shape (keys, cells).

    Examples
    --------
    >>> index = pd.MultiIndex.from_tuples([("b", "post"), ("a", "post")])
    >>> cell_matrix(pd.Series([5.0, 7.0], index), pd.Index(["a", "b"]), ["post", "clinic"])
    array([[ 7.,  5.],
           [nan, nan]])
    """
    index = cast("pd.MultiIndex", values.index)
    column = cells.get_indexer(index.levels[0])[index.codes[0]]
    row = pd.Index(keys).get_indexer(index.levels[1])[index.codes[1]]
    numbers = values.to_numpy(dtype=float, na_value=np.nan)
    matrix = np.full((len(keys), len(cells)), fill)
    known = (column >= 0) & (row >= 0)
    matrix[row[known], column[known]] = numbers[known]
    return matrix
