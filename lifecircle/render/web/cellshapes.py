"""Cells as shapes: a centre each, one model for regular ones' corners, rings for the rest.

This is how up to some 20,000 cells go into the page, and any cells that lie on no lattice: the
corners of a regular cell follow from its place by one linear model (squares of a metric grid,
pixels in degrees and sheared pixels alike); a clipped cell has its rings. More cells are rows and
columns of a `Lattice`.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely

from lifecircle.render.web.lattice import Lattice
from lifecircle.render.web.packing import Floats, pack_array, pack_lines, to_plane

_UNITS_PER_M: Final = 10.0  # decimetres
_SAMPLE: Final = 4000  # cells that the corners' model is fitted to
_CORNER_TOLERANCE: Final = 4.0  # decimetres between a regular cell's corners and the model's


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
        "x": pack_array(centre[:, 0], "i4", "delta"),
        "y": pack_array(centre[:, 1], "i4", "delta"),
        "at": at.tolist(),
        "corners": [[round(c, 9) for c in row] for row in model.T.tolist()],
        "piece": pack_array(piece, "u4", "delta"),
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


def pack_lattice(lattice: Lattice, geometry: npt.ArrayLike, crs: Any) -> dict[str, Any]:
    """Pack cells that are rows and columns of a lattice.

    Parameters
    ----------
    lattice
        Of the cells, which are in the order of its rows, then columns.
    geometry
        (Multi)Polygons in `crs`.
    crs
        A metric CRS.

    Returns
    -------
    dict
        ``rows``, ``columns`` (how many), ``row``, ``column`` (of each cell), ``toPlane``,
        ``toGrid`` (polynomials), ``piece`` (positions of cut cells) and ``rings`` (of these, as
        `pack_lines` gives them).
    """
    piece = np.flatnonzero(~lattice.regular)
    shapes = np.asarray(geometry, dtype=object)[piece]
    return {
        "rows": int(lattice.row.max()) + 1,
        "columns": int(lattice.column.max()) + 1,
        "row": pack_array(lattice.row, "u4", "delta"),
        "column": pack_array(lattice.column, "u4", "delta"),
        "toPlane": lattice.to_plane.packed(),
        "toGrid": lattice.to_grid.packed(),
        "piece": pack_array(piece, "u4", "delta"),
        "rings": pack_lines(shapes, crs, tolerance_m=0.0) if len(piece) else None,
    }
