"""The grid that cells were cut from, found again from their outlines.

Population cells are squares of a metric grid or pixels of a raster, seen in the map's plane as a
slightly bent lattice. Where it is found, a cell is a row and a column: the page needs no
coordinates for it, predicts its figures from its neighbours, and finds a place without a search.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

from lifecircle.render.web.packing import Floats, Longs
from lifecircle.render.web.walking import Polynomial, powers

Bools = npt.NDArray[np.bool_]

CORNER_DM: Final = 4.0
"""How far a cell's corners may lie from the lattice's, decimetres of the map's plane."""

_SAME_AREA: Final = 0.02
_DEGREES: Final = (1, 2, 3, 4, 5)
_SAMPLE: Final = 5_000  # places that polynomials are fitted to
_GOOD_DM: Final = 0.1  # of the map's plane: a better fit needs no higher degree
_GOOD: Final = 1e-4  # of a cell
_OFF: Final = 0.25  # of a cell, while the lattice is being followed; it ends near 0
_SLACK: Final = 0.01  # of a cell, by which a cut cell may stick out of its place


@dataclass(frozen=True)
class Lattice:
    """Rows and columns of cells.

    Parameters
    ----------
    row, column
        Place of each cell, from 0; rows count from the north, columns from the west.
    regular
        Which cells fill their place; the others are cut, and may share one.
    to_plane
        (column, row) to the map's plane, EPSG:3857 decimetres; whole numbers are centres.
    to_grid
        The way back.
    """

    row: Longs
    column: Longs
    regular: Bools
    to_plane: Polynomial
    to_grid: Polynomial


def find_lattice(plane: npt.NDArray[np.object_]) -> Lattice | None:
    """Find the lattice of cells.

    Parameters
    ----------
    plane
        (Multi)Polygons in the map's plane, EPSG:3857 decimetres.

    Returns
    -------
    Lattice or None
        None where cells are not those of one grid, whole or cut.

    Examples
    --------
    >>> squares = shapely.box([0, 100, 0], [0, 0, 100], [100, 200, 100], [100, 100, 200])
    >>> found = find_lattice(squares)
    >>> found.row.tolist(), found.column.tolist()
    ([1, 1, 0], [0, 1, 0])
    """
    whole = _whole(plane)
    if not whole.any():
        return None
    corners = _corners(plane[whole])
    centre = corners.mean(axis=1)
    steps = (corners[:, 1] - corners[:, 0], corners[:, 0] - corners[:, 3])  # east, south
    numbers = _follow(centre, steps)
    if numbers is None:
        return None
    to_grid = _fit(centre, numbers, _GOOD)
    index = np.rint(_at(to_grid, _inner_points(plane))).astype(np.int64)
    index[whole] = numbers.astype(np.int64)
    first = index.min(axis=0)
    index -= first
    offsets = np.array([[-0.5, 0.5], [0.5, 0.5], [0.5, -0.5], [-0.5, -0.5]])
    places = index[whole].astype(float)
    to_plane = _fit((places[:, None] + offsets).reshape(-1, 2), corners.reshape(-1, 2), _GOOD_DM)
    to_grid = _fit(centre, places, _GOOD)
    regular = np.zeros(len(plane), np.bool_)
    drawn = _at(to_plane, (places[:, None] + offsets).reshape(-1, 2)).reshape(-1, 4, 2)
    regular[whole] = np.abs(drawn - corners).max(axis=(1, 2)) <= CORNER_DM
    found = Lattice(index[:, 1], index[:, 0], regular, to_plane, to_grid)
    return found if _holds(found, plane) else None


def _whole(plane: npt.NDArray[np.object_]) -> Bools:
    """Flag single quadrilaterals of the usual area of their surroundings."""
    one: Bools = (shapely.get_num_geometries(plane) == 1) & (
        shapely.get_num_coordinates(plane) == 5
    )
    one &= shapely.get_num_interior_rings(shapely.get_geometry(plane, 0)) == 0
    area = shapely.area(plane)
    if not one.any():
        return one
    # The plane's scale grows with latitude: an area is held against those at its own height.
    height = shapely.bounds(plane)[:, 1]
    order = np.argsort(height[one], kind="stable")
    usual = np.zeros(len(plane))
    some = np.flatnonzero(one)[order]
    for part in np.array_split(some, max(1, min(64, len(some) // 64))):
        top = area[part][area[part] >= np.median(area[part])]
        usual[part] = np.median(top)
    whole: Bools = one & (np.abs(area - usual) < _SAME_AREA * usual)
    return whole


def _corners(quads: npt.NDArray[np.object_]) -> Floats:
    """Give corners from the south-west one on, counter-clockwise; shape (cells, 4, 2)."""
    single = shapely.orient_polygons(shapely.get_geometry(quads, 0))
    corners = shapely.get_coordinates(single).reshape(-1, 5, 2)[:, :4]
    southwest = np.argmin((corners - corners.mean(axis=1, keepdims=True)).sum(axis=2), axis=1)
    turned = (southwest[:, None] + np.arange(4)) % 4
    return np.asarray(np.take_along_axis(corners, turned[:, :, None], axis=1))


def _follow(centre: Floats, steps: tuple[Floats, Floats]) -> Floats | None:
    """Give cells column and row, from the middle one outwards; None if they are on no lattice."""
    away = np.hypot(*(centre - np.median(centre, axis=0)).T)
    seed = int(np.argmin(away))
    basis = np.column_stack([steps[0][seed], steps[1][seed]])
    if abs(np.linalg.det(basis)) < 1.0:
        return None
    place = np.linalg.solve(basis, (centre - centre[seed]).T).T  # cells, if nothing were bent
    distance = np.abs(place).max(axis=1)
    guess, reach = place, 32.0
    while True:
        near = distance <= reach
        numbers = np.rint(guess)
        if np.abs(guess - numbers)[near].max() > _OFF:
            return None
        if near.all():
            return numbers
        fitted = _fit(centre[near], numbers[near], _GOOD)
        guess, reach = _at(fitted, centre), 2.0 * reach


def _fit(source: Floats, target: Floats, good: float) -> Polynomial:
    """Fit a polynomial, of the lowest degree that is good or that a higher one hardly betters."""
    low, high = source.min(axis=0), source.max(axis=0)
    centre, half = (low + high) / 2.0, np.maximum((high - low) / 2.0, 1.0)
    some = np.random.default_rng(0).permutation(len(source))[:_SAMPLE]
    u, v = ((source[some] - centre) / half).T
    middle, wanted = target[some].mean(axis=0), target[some]
    best: Polynomial | None = None
    for degree in _DEGREES:
        terms = np.stack([u**i * v**j for i, j in powers(degree)], axis=-1)
        if best is not None and terms.shape[1] * 4 > len(terms):
            break
        found = np.linalg.lstsq(terms, wanted - middle)[0]
        found[0] += middle
        error = float(np.abs(terms @ found - wanted).max())
        if best is not None and error > 0.8 * best.error_m:
            break
        best = Polynomial(
            (float(centre[0]), float(centre[1])),
            (float(half[0]), float(half[1])),
            tuple(found[:, 0].tolist()),
            tuple(found[:, 1].tolist()),
            degree,
            error,
        )
        if error <= good:
            break
    if best is None:  # there is always the first degree
        raise ValueError("no polynomial")
    return best


def _at(polynomial: Polynomial, places: Floats) -> Floats:
    return np.column_stack(polynomial(places[:, 0], places[:, 1]))


def _inner_points(plane: npt.NDArray[np.object_]) -> Floats:
    box = shapely.bounds(plane)
    points = (box[:, :2] + box[:, 2:]) / 2.0
    return np.asarray(points)


def _holds(lattice: Lattice, plane: npt.NDArray[np.object_]) -> bool:
    """Say whether whole cells have a place of their own, and cut ones lie within theirs."""
    wide = int(lattice.column.max()) + 1
    place = lattice.row * wide + lattice.column
    alone = np.unique(place[lattice.regular]).size == int(lattice.regular.sum())
    cut = np.flatnonzero(~lattice.regular)
    if not alone or len(cut) > len(plane) / 2:
        return False
    at, of = shapely.get_coordinates(plane[cut], return_index=True)
    off = np.abs(_at(lattice.to_grid, at) - np.column_stack([lattice.column, lattice.row])[cut][of])
    return bool(off.max(initial=0.0) <= 0.5 + _SLACK)
