"""The walk network as small arrays, from which the map's page finds walks by itself.

Coordinates go out in the county's metric CRS as whole centimetres: nearest streets and seconds in
the page are then those of `lifecircle.network`. A pair of polynomials leads from the map's plane to
that CRS and back. Chains and segments keep their order, so that the page breaks ties alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pyproj
import shapely

from lifecircle.config import WalkProfile
from lifecircle.kernels.graph import Bools, Floats, Ints, Longs
from lifecircle.network import WalkNetwork
from lifecircle.render.web.pacing import Paces, bent, paces_of, pack_paces
from lifecircle.render.web.packing import pack_array

EXACT_NODES: Final = 350_000
"""A network of up to so many nodes goes out as it is: a county with a city. Ours."""

SIMPLER_M: Final = 5.0
"""Streets of larger networks are drawn this exactly, m; their lengths stay exact. Ours."""

_PER_M: Final = 100.0  # centimetres
_DEGREES: Final = (2, 3, 4, 5, 6)
_GOOD_M: Final = 0.001  # of a polynomial; a higher degree is tried until it is as good as this
_GRID: Final = 24  # points per side that a polynomial is fitted to


@dataclass(frozen=True)
class Polynomial:
    """A map from one plane to another: polynomials of the place scaled to -1 to 1.

    Parameters
    ----------
    centre, half
        The place (x, y) is scaled to ``(place - centre) / half``.
    x, y
        Coefficients of ``u**i * v**j``, i + j up to the degree, in the order of `powers`.
    degree
        Highest i + j.
    error_m
        Largest distance to the true place, m, found on a grid twice as fine as the fitted one.
    """

    centre: tuple[float, float]
    half: tuple[float, float]
    x: tuple[float, ...]
    y: tuple[float, ...]
    degree: int
    error_m: float

    def __call__(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Map places.

        Parameters
        ----------
        x, y
            Coordinates in the first plane, m.

        Returns
        -------
        x, y
            Coordinates in the second plane, m.
        """
        terms = _terms(
            self.degree, (x - self.centre[0]) / self.half[0], (y - self.centre[1]) / self.half[1]
        )
        return np.asarray(terms @ np.asarray(self.x)), np.asarray(terms @ np.asarray(self.y))

    def packed(self) -> dict[str, Any]:
        """Give it for JSON, in the order of its fields."""
        return {
            "centre": list(self.centre),
            "half": list(self.half),
            "degree": self.degree,
            "x": list(self.x),
            "y": list(self.y),
            "error": self.error_m,
        }


def powers(degree: int) -> list[tuple[int, int]]:
    """List the exponents (i, j) of a polynomial's terms, as the page does.

    Parameters
    ----------
    degree
        Highest i + j.

    Examples
    --------
    >>> powers(2)
    [(0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2)]
    """
    return [(total - j, j) for total in range(degree + 1) for j in range(total + 1)]


def fit_polynomial(source: Any, target: Any, box: tuple[float, float, float, float]) -> Polynomial:
    """Fit the polynomial that maps one CRS to another within a box.

    Parameters
    ----------
    source, target
        Projected CRSs in metres.
    box
        West, south, east, north in `source`, m.

    Returns
    -------
    Polynomial
        Of the lowest degree whose error is below a millimetre, else of degree 6.

    Examples
    --------
    >>> found = fit_polynomial(3857, 32632, (1_050_000, 5_950_000, 1_080_000, 5_990_000))
    >>> found.degree, found.error_m < 0.001
    (3, True)
    """
    west, south, east, north = box
    centre = ((west + east) / 2.0, (south + north) / 2.0)
    half = (max((east - west) / 2.0, 1.0), max((north - south) / 2.0, 1.0))
    change = pyproj.Transformer.from_crs(source, target, always_xy=True)
    u, v, wanted = _sample(change, centre, half, _GRID)
    fine_u, fine_v, fine_wanted = _sample(change, centre, half, 2 * _GRID)
    middle = wanted.mean(axis=0)
    for degree in _DEGREES:
        terms = _terms(degree, u, v)
        found = np.linalg.lstsq(terms, wanted - middle)[0]
        found[0] += middle
        off = _terms(degree, fine_u, fine_v) @ found - fine_wanted
        error = float(np.hypot(off[:, 0], off[:, 1]).max())
        if error < _GOOD_M:
            break
    return Polynomial(
        centre, half, tuple(found[:, 0].tolist()), tuple(found[:, 1].tolist()), degree, error
    )


def _sample(
    change: pyproj.Transformer, centre: tuple[float, float], half: tuple[float, float], side: int
) -> tuple[Floats, Floats, Floats]:
    u, v = (part.ravel() for part in np.meshgrid(*2 * [np.linspace(-1.0, 1.0, side)]))
    x, y = change.transform(centre[0] + u * half[0], centre[1] + v * half[1])
    return u, v, np.column_stack([x, y])


def _terms(degree: int, u: Floats, v: Floats) -> Floats:
    return np.stack([u**i * v**j for i, j in powers(degree)], axis=-1)


def pack_walk(
    network: WalkNetwork,
    facilities: gpd.GeoDataFrame,
    cells: gpd.GeoDataFrame,
    *,
    exact_nodes: int = EXACT_NODES,
) -> dict[str, Any]:
    """Pack a network, and the places that the page measures walks to, for the map's page.

    Parameters
    ----------
    network
        The walk network.
    facilities
        Points or MultiPoints (entrances) in the network's CRS; a facility's number is its row.
    cells
        Cells in the page's order, with the points ``x``, ``y`` that `WalkNetwork.snap` uses, or
        with Points as geometry.
    exact_nodes
        Networks of more nodes are simplified.

    Returns
    -------
    dict
        Ready for JSON; ``templates/walk.js`` reads it.

    Notes
    -----
    A network of more than `exact_nodes` nodes is simplified: vertices inside a street that lie
    within `SIMPLER_M` of the simplified street are left out. The length of every street stays
    exact, so that only the nearest point on a street moves, by at most that much; so do its
    seconds, and on a slope those inside a street are within `BENT_S`.
    """
    exact = len(network.node_x) <= exact_nodes
    paces = paces_of(network)
    lines = _lines(network, paces, None if exact else SIMPLER_M)
    origin = (float(np.floor(network.node_x.min())), float(np.floor(network.node_y.min())))
    profile = network.profile
    points, owner = shapely.get_coordinates(facilities.geometry.array, return_index=True)
    at = _cell_points(cells)
    return {
        "exact": exact,
        "nodes": len(network.node_x),
        "tolerance": 0.0 if exact else SIMPLER_M,
        "origin": list(origin),
        "metresPerSecond": profile.metres_per_second,
        "stepsFactor": profile.steps_factor,
        "snapLimit": profile.snap_limit_m,
        "isletDetour": profile.islet_detour_m,
        **_ways_beside(profile),
        **_packed_lines(lines, network, paces, origin),
        **_polynomials(network),
        "facilities": {
            **_packed_points(points[:, 0], points[:, 1], origin),
            "owner": pack_array(owner, "u4", "delta"),
        },
        "cells": _packed_points(at[:, 0], at[:, 1], origin),
    }


def _ways_beside(profile: WalkProfile) -> dict[str, Any]:
    """Tell of the way between a place and its road, where it is not as fast as the road."""
    ways: dict[str, Any] = {}
    if profile.access_metres_per_second != profile.metres_per_second:
        ways["accessMetresPerSecond"] = profile.access_metres_per_second
    if profile.offroad_limit_m > profile.snap_limit_m:
        speed = profile.offroad_kph / 3.6
        ways["offroad"] = {"limit": profile.offroad_limit_m, "metresPerSecond": speed}
    return ways


@dataclass(frozen=True)
class _Lines:
    """Chains as lines: chain k has the vertices ``vertex[start[k] : start[k + 1]]`` (nodes)."""

    start: Longs
    vertex: Ints
    metres: Floats  # one per step between two vertices of a chain
    steps: Bools
    first: Longs | None = None  # segment that each step begins with; None: each is a step


def _lines(network: WalkNetwork, paces: Paces, tolerance_m: float | None) -> _Lines:
    sizes = np.diff(network.chain_start)
    start = np.concatenate([[0], np.cumsum(sizes + 1)])
    ends = network.chain_start[1:]
    vertex = np.insert(network.segment_u, ends, network.segment_v[ends - 1])
    if tolerance_m is None:
        return _Lines(start, vertex, network.segment_m, network.segment_steps)
    kept = _kept(network, paces, vertex, start, tolerance_m)
    chain = np.repeat(np.arange(len(sizes)), sizes + 1)[kept]
    inner = np.diff(chain, append=-1) == 0  # a step begins here
    first = (kept - chain)[inner]  # its first segment: each chain has one more vertex than segments
    return _Lines(
        np.concatenate([[0], np.cumsum(np.bincount(chain, minlength=len(sizes)))]),
        vertex[kept],
        np.add.reduceat(network.segment_m, first),
        network.segment_steps[first],
        first,
    )


def _kept(
    network: WalkNetwork, paces: Paces, vertex: Ints, start: Longs, tolerance_m: float
) -> Longs:
    """Give the vertices to keep: junctions, where the pace changes, what shape and slope need."""
    chain = network.segment_chain
    cut = np.diff(chain, prepend=-1) != 0
    for trait in (network.segment_steps, paces.code):
        cut[1:] |= trait[1:] != trait[:-1]
    first = np.flatnonzero(cut)
    cut |= bent(network, first, np.cumsum(cut) - 1)
    first = np.flatnonzero(cut)
    last = np.append(first[1:], len(chain)) - 1
    begin, end = first + chain[first], last + chain[last] + 1  # vertices of each piece
    size = end - begin + 1
    piece = np.repeat(np.arange(len(first)), size)
    place = np.arange(len(piece)) - np.repeat(np.cumsum(size) - size, size) + begin[piece]
    at = np.column_stack([network.node_x[vertex[place]], network.node_y[vertex[place]], place])
    # The third coordinate carries each vertex's number through the simplification.
    simple = shapely.simplify(
        shapely.linestrings(at, indices=piece), tolerance_m, preserve_topology=False
    )
    numbers = shapely.get_coordinates(simple, include_z=True)[:, 2]
    ends = np.concatenate([start[:-1], start[1:] - 1])
    return np.union1d(np.rint(numbers).astype(np.int64), ends)


def _packed_lines(
    lines: _Lines, network: WalkNetwork, paces: Paces, origin: tuple[float, float]
) -> dict[str, Any]:
    x, y = _centimetres(network.node_x, origin[0]), _centimetres(network.node_y, origin[1])
    a, b = network.chain_ends
    step = np.ones(len(lines.vertex), np.bool_)  # one step leads on from each vertex ...
    step[lines.start[1:] - 1] = False  # ... but the last of a chain
    begin = np.flatnonzero(step)
    dx = x[lines.vertex[begin + 1]] - x[lines.vertex[begin]]
    dy = y[lines.vertex[begin + 1]] - y[lines.vertex[begin]]
    straight = np.floor(np.sqrt((dx * dx + dy * dy).astype(float)) + 0.5)
    over = np.floor(lines.metres * _PER_M + 0.5) - straight
    inner = np.ones(len(begin), np.bool_)
    counts = np.diff(lines.start) - 1
    inner[np.cumsum(counts) - 1] = False  # the last step leads to a junction, which is known
    junction = network.junction_node
    return {
        "junctions": {
            "x": pack_array(x[junction], "i4", "delta"),
            "y": pack_array(y[junction], "i4", "delta"),
        },
        "chains": {
            "a": pack_array(a, "i4", "delta"),
            "onward": pack_array(b.astype(np.int64) - a, "i4"),  # from a to b: most are near
            "segments": pack_array(counts, "u4"),
            "islet": pack_array(network.islet_chain, "u1"),
        },
        "segments": {
            "x": pack_array(dx[inner], "i4"),
            "y": pack_array(dy[inner], "i4"),
            # Centimetres that a segment is longer than it is straight: a road's own length.
            "over": pack_array(over, "i4"),
            "steps": pack_array(lines.steps, "u1"),
        },
        **pack_paces(network, paces, lines.first, (straight + over) / _PER_M, counts),
    }


def _packed_points(x: Floats, y: Floats, origin: tuple[float, float]) -> dict[str, Any]:
    """Pack points as centimetres from the origin; a missing coordinate is far off every road."""
    far = -1e6
    return {
        axis: pack_array(
            _centimetres(np.where(np.isfinite(values), values, low + far), low), "i4", "delta"
        )
        for axis, values, low in (("x", x, origin[0]), ("y", y, origin[1]))
    }


def _centimetres(values: Floats, origin: float) -> Longs:
    return np.floor((values - origin) * _PER_M + 0.5).astype(np.int64)


def _cell_points(cells: gpd.GeoDataFrame) -> Floats:
    """Give the points that `WalkNetwork.snap` uses for cells."""
    if {"x", "y"} <= set(cells.columns):
        return np.asarray(cells[["x", "y"]].to_numpy(dtype=np.float64))
    return np.asarray(shapely.get_coordinates(cells.geometry.array))


def _polynomials(network: WalkNetwork) -> dict[str, Any]:
    """Fit the way between the map's plane and the metric CRS, in both directions, m."""
    reach = network.profile.furthest_m + 100.0
    x, y = network.node_x, network.node_y
    box = (x.min() - reach, y.min() - reach, x.max() + reach, y.max() + reach)
    to_plane = fit_polynomial(network.crs, 3857, box)
    corners = pyproj.Transformer.from_crs(network.crs, 3857, always_xy=True)
    plane = corners.transform_bounds(*box, densify_pts=21)
    to_metric = fit_polynomial(3857, network.crs, plane)
    return {"toPlane": to_plane.packed(), "toMetric": to_metric.packed()}
