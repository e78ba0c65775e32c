"""How long the streets within areas are: their metres shared out by where they lie."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

from lifecircle.kernels.graph import Floats
from lifecircle.network import WalkNetwork

Rows = npt.NDArray[np.intp]
Shapes = npt.NDArray[np.object_]

PATHS: Final = frozenset(
    {
        "bridleway",
        "bus_stop",
        "corridor",
        "cycleway",
        "elevator",
        "footway",
        "ladder",
        "path",
        "pedestrian",
        "platform",
        "service",
        "steps",
        "track",
        "via_ferrata",
    }
)
"""OSM classes of ways that official lengths of roads do not count. Ours; any other is a road."""

_PIECE_M: Final = 100.0  # pieces of streets this long cross a border once at most. Ours.
_SIDE_M: Final = 50.0  # side of a square of the index of areas; larger in a large county
_SQUARES: Final = 4_000_000
_HALVINGS: Final = 17  # of a piece at a border: below 1 mm


def lengths_within(network: WalkNetwork, areas: Shapes) -> tuple[Floats, Floats]:
    """Measure the streets of a network within areas, cut at their borders.

    Parameters
    ----------
    network
        The streets.
    areas
        Polygons in the network's CRS. What lies in several of them, or along the border of two,
        counts for the first.

    Returns
    -------
    roads, others
        Metres in each area: of roads, and of ways whose class is one of `PATHS`.

    Notes
    -----
    Streets are taken in pieces of 100 m at most, which are cut where they leave the area that they
    begin in. A piece that leaves it and comes back is not cut.

    Examples
    --------
    >>> import pandas as pd
    >>> nodes = pd.DataFrame({"x": [0.0, 100.0, 100.0], "y": [0.0, 0.0, 50.0]}, index=[1, 2, 3])
    >>> edges = pd.DataFrame({"u": [1, 2], "v": [2, 3], "highway": ["primary", "path"]})
    >>> network = WalkNetwork.from_tables(nodes, edges, crs="EPSG:4546")
    >>> west, east = shapely.box(-9, -9, 60, 9), shapely.box(60, -9, 200, 9)
    >>> roads, others = lengths_within(network, np.array([west, east]))
    >>> roads.round(2), others.round(2)
    (array([60., 40.]), array([0., 9.]))
    """
    x, y, begin, end, segment = _pieces(network)
    pieces = np.bincount(segment, minlength=len(network.segment_m))
    metres = (network.segment_m / np.maximum(pieces, 1))[segment]
    place = area_of(areas, x, y)
    one, two = place[begin], place[end]
    share = (one == two).astype(np.float64)  # of the piece, in the area that it begins in
    cut = np.flatnonzero(one != two)
    forth = one[cut] >= 0
    a, b = np.where(forth, begin[cut], end[cut]), np.where(forth, end[cut], begin[cut])
    left = _leaving(areas[place[a]], x[a], y[a], x[b], y[b])
    share[cut] = np.where(forth, left, 1.0 - left)
    path = np.isin(np.asarray(network.highways, dtype=object), list(PATHS))
    apart = path[network.segment_highway[segment]]
    found = []
    for which in (~apart, apart):
        total = np.zeros(len(areas))
        for at, part in ((one, share), (two, 1.0 - share)):
            rows = np.flatnonzero(which & (at >= 0))
            total += np.bincount(at[rows], metres[rows] * part[rows], len(areas))
        found.append(total)
    return found[0], found[1]


def area_of(areas: Shapes, x: Floats, y: Floats) -> Rows:
    """Find the area that each point lies in, its border included.

    Parameters
    ----------
    areas
        Polygons.
    x, y
        Points in the same CRS.

    Returns
    -------
    ndarray of int
        Position of the first such area; -1 for none.

    Examples
    --------
    >>> areas = np.array([shapely.box(0, 0, 9, 9), shapely.box(9, 0, 20, 9)])
    >>> area_of(areas, np.array([9.0, 10.0, 21.0]), np.array([1.0, 1.0, 1.0]))
    array([ 0,  1, -1])
    """
    west, south, east, north = shapely.total_bounds(areas)
    if not len(areas) or np.isnan(west):
        return np.full(len(x), -1, np.intp)
    side = max(_SIDE_M, float(np.sqrt((east - west) * (north - south) / _SQUARES)))
    west, south = west - 2.0 * side, south - 2.0 * side
    shape = (int((north - south) / side) + 3, int((east - west) / side) + 3)
    crossed = _crossed(areas, west, south, side, shape)
    known = _squares(areas, crossed, west, south, side)
    # Beyond the squares it is as in the outermost ones, which no area reaches.
    square = np.clip((y - south) / side, 0, shape[0] - 1).astype(np.int32) * np.int32(shape[1])
    square += np.clip((x - west) / side, 0, shape[1] - 1).astype(np.int32)
    found: Rows = known.ravel()[square]
    near = np.flatnonzero(crossed.ravel()[square])
    found[near] = _first(areas, x[near], y[near])
    return found


def _pieces(network: WalkNetwork) -> tuple[Floats, Floats, Rows, Rows, Rows]:
    """Cut long segments: points, and of each piece its two points and its segment."""
    x, y = network.node_x, network.node_y
    u, v = network.segment_u.astype(np.intp), network.segment_v.astype(np.intp)
    many = np.ceil(np.hypot(x[u] - x[v], y[u] - y[v]) / _PIECE_M).astype(np.intp)
    many = np.maximum(many, 1)
    if (many == 1).all():
        return x, y, u, v, np.arange(len(u))
    segment = np.repeat(np.arange(len(u)), many)
    step = np.arange(len(segment)) - np.repeat(np.cumsum(many) - many, many)
    first, last = step == 0, step == many[segment] - 1
    inner = np.flatnonzero(~last)  # each ends in a new point
    at, part = segment[inner], (step[inner] + 1) / many[segment[inner]]
    new = np.zeros(len(segment), np.intp)
    new[inner] = len(x) + np.arange(len(inner))
    begin = np.where(first, u[segment], np.roll(new, 1))
    end = np.where(last, v[segment], new)
    return (
        np.concatenate([x, x[u[at]] + part * (x[v[at]] - x[u[at]])]),
        np.concatenate([y, y[u[at]] + part * (y[v[at]] - y[u[at]])]),
        begin,
        end,
        segment,
    )


def _leaving(areas: Shapes, ax: Floats, ay: Floats, bx: Floats, by: Floats) -> Floats:
    """Find where lines from a, in their area, to b, beyond it, leave: from 0 to 1."""
    shapely.prepare(areas)
    low, high = np.zeros(len(areas)), np.ones(len(areas))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        inside = shapely.intersects_xy(areas, ax + middle * (bx - ax), ay + middle * (by - ay))
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    return (low + high) / 2.0


def _crossed(
    areas: Shapes, west: float, south: float, side: float, shape: tuple[int, int]
) -> npt.NDArray[np.bool_]:
    """Flag squares that a border may cross.

    Of two neighbouring points of a border, half a side apart at most, one lies in the row of every
    square that the border crosses between them: in the square or beside it.
    """
    x, y = shapely.get_coordinates(shapely.segmentize(shapely.boundary(areas), side / 2.0)).T
    flag = np.zeros(shape, np.bool_)
    flag[((y - south) / side).astype(np.intp), ((x - west) / side).astype(np.intp)] = True
    return flag | np.roll(flag, 1, axis=1) | np.roll(flag, -1, axis=1)


def _squares(
    areas: Shapes, crossed: npt.NDArray[np.bool_], west: float, south: float, side: float
) -> Rows:
    """Give the area of every square that no border crosses: of the first in a row of them."""
    before = np.roll(crossed, 1, axis=1)
    before[:, 0] = True
    row, column = (at.astype(np.float64) + 0.5 for at in np.nonzero(before & ~crossed))
    found = _first(areas, west + column * side, south + row * side)
    known = np.full(crossed.shape, -1, np.intp)
    run = np.cumsum((before & ~crossed).ravel()).reshape(crossed.shape) - 1
    known[~crossed] = found[run[~crossed]]
    return known


def _first(areas: Shapes, x: Floats, y: Floats) -> Rows:
    """Find the first area of each point with a tree."""
    area, point = shapely.STRtree(shapely.points(x, y)).query(areas, predicate="covers")
    first = np.full(len(x), len(areas), np.intp)
    np.minimum.at(first, point, area)
    return np.where(first == len(areas), -1, first)


__all__ = ["PATHS", "area_of", "lengths_within"]
