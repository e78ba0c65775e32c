"""Slope: how much longer a street takes uphill and downhill than on the level."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import scipy.sparse
import scipy.sparse.csgraph
import scipy.sparse.linalg

from lifecircle.kernels.graph import Bools, Floats, Ints, Longs
from lifecircle.streets import trait

if TYPE_CHECKING:
    from lifecircle.network.graph import WalkNetwork

Elevations = Callable[[Floats, Floats], Floats]
"""Gives elevations, m, at points in the network's CRS; NaN where none is known."""

PIECE_M: Final = 50.0
"""A segment is measured in pieces of at most this length, so that no hill hides inside it. Ours."""

_GENTLE: Final = 0.05  # Tobler: walkers are fastest down this slope
_DECAY: Final = 3.5
_GRADE_LIMIT: Final = 1.0  # 45 degrees; steeper is a fault of the elevations, not a street. Ours.


@dataclass(frozen=True, eq=False)
class Slope:
    """What slope does to each segment of a network; made by `slope_of`.

    Parameters
    ----------
    ahead, back
        Seconds along the segment and against it, as a multiple of the seconds on the level.
    steepest
        The steepest of its pieces, as a ratio; both ways alike.
    known
        Share of the streets' length whose elevation is known, 0 to 1.
    """

    ahead: Floats
    back: Floats
    steepest: Floats
    known: float

    def taken(self, rows: Longs | Ints, backward: Bools) -> Slope:
        """Give the slope of some segments, of which some are turned round.

        Parameters
        ----------
        rows
            Positions to take, in order.
        backward
            Which of them run the other way from now on.
        """
        ahead, back = self.ahead[rows], self.back[rows]
        return Slope(
            np.where(backward, back, ahead),
            np.where(backward, ahead, back),
            self.steepest[rows],
            self.known,
        )


def tobler(grade: Floats) -> Floats:
    """Give seconds on a slope as a multiple of seconds on the level.

    Parameters
    ----------
    grade
        Rise over run in the direction of walking; negative downhill.

    Returns
    -------
    ndarray
        1 on the level, least at -0.05: ``exp(3.5 (|grade + 0.05| - 0.05))``.

    References
    ----------
    Tobler (1993), Three presentations on geographical analysis and modeling, NCGIA Technical Report
    93-1: 6 exp(-3.5 |grade + 0.05|) km/h. Only its shape is taken, not its 5 km/h on the level.

    Examples
    --------
    >>> tobler(np.array([0.0, 0.1, -0.1, -0.05])).round(3).tolist()
    [1.0, 1.419, 1.0, 0.839]
    """
    return np.asarray(np.exp(_DECAY * (np.abs(grade + _GENTLE) - _GENTLE)))


def slope_of(network: WalkNetwork, elevation: Elevations) -> Slope:
    """Measure the slope of every segment, in pieces of at most 50 m.

    Steps have a factor of their own in a profile and count as level here. Bridges and tunnels run
    straight between their ends, whatever the ground does. Where an elevation is not known the
    street counts as level.

    Parameters
    ----------
    network
        The streets.
    elevation
        Gives elevations at points.

    Returns
    -------
    Slope
        In the order of the segments.
    """
    count = len(network.segment_m)
    x, y = network.node_x, network.node_y
    u, v = network.segment_u, network.segment_v
    drawn = np.hypot(x[v] - x[u], y[v] - y[u])
    pieces = np.maximum(np.ceil(drawn / PIECE_M), 1).astype(np.int64)
    bridge = (network.segment_traits & trait("bridge")) > 0
    pieces[bridge] = 1  # nothing is known of the deck but its ends
    node_z = _decks(network, bridge, np.asarray(elevation(x, y), np.float64))
    segment = np.repeat(np.arange(count), pieces + 1)
    first = np.concatenate([[0], np.cumsum(pieces + 1)])[:-1]
    part = (np.arange(len(segment)) - first[segment]) / pieces[segment]
    px = x[u][segment] + part * (x[v] - x[u])[segment]
    py = y[u][segment] + part * (y[v] - y[u])[segment]
    z = np.asarray(elevation(px, py), np.float64)
    z[first], z[first + pieces] = node_z[u], node_z[v]
    return _per_segment(network, z, first, pieces)


def _per_segment(network: WalkNetwork, z: Floats, first: Longs, pieces: Longs) -> Slope:
    inner = np.ones(len(z), np.bool_)
    inner[first + pieces] = False
    at = np.flatnonzero(inner)
    of = np.repeat(np.arange(len(pieces)), pieces)
    run = (network.segment_m / pieces)[of]
    rise = z[at + 1] - z[at]
    known = np.isfinite(rise)
    grade = np.divide(rise, run, out=np.zeros(len(rise)), where=known & (run > 0))
    grade = np.clip(grade, -_GRADE_LIMIT, _GRADE_LIMIT)
    grade[(network.segment_traits[of] & trait("steps")) > 0] = 0.0

    def mean(values: Floats) -> Floats:
        return np.bincount(of, values, minlength=len(pieces)) / pieces

    starts = np.concatenate([[0], np.cumsum(pieces)])[:-1]
    total = float(run.sum())
    return Slope(
        mean(tobler(grade)),
        mean(tobler(-grade)),
        np.maximum.reduceat(np.abs(grade), starts),
        float(run[known].sum()) / total if total > 0 else 1.0,
    )


def _decks(network: WalkNetwork, bridge: Bools, z: Floats) -> Floats:
    """Lay the nodes within bridges and tunnels on their decks, whatever the ground does.

    A node where two or more of their segments meet is within: also where stairs come up to it. Its
    height follows from those of the ends, in proportion to length; where several bridges meet,
    it is the mean of the ways to the ends, weighed by nearness (a harmonic interpolation).
    """
    if not bridge.any():
        return z
    u, v = network.segment_u[bridge], network.segment_v[bridge]
    metres = network.segment_m[bridge]
    nodes, at = np.unique(np.concatenate([u, v]), return_inverse=True)
    count, half = len(nodes), len(u)
    weight = 1.0 / np.maximum(metres, 1e-3)
    joined = scipy.sparse.coo_array((weight, (at[:half], at[half:])), shape=(count, count))
    joined = (joined + joined.T).tocsr()
    ends = (np.bincount(at, minlength=count) == 1) & np.isfinite(z[nodes])
    _, piece = scipy.sparse.csgraph.connected_components(joined, directed=False)
    within = ~ends & np.isin(piece, piece[ends])  # a ring without an end keeps the ground's height
    if not within.any():
        return z
    pull = scipy.sparse.diags_array(np.asarray(joined.sum(axis=1)).ravel()) - joined
    inner, outer = np.flatnonzero(within), np.flatnonzero(ends)
    system = pull[inner][:, inner].tocsc()
    wanted = -(pull[inner][:, outer] @ z[nodes[outer]])
    laid = z.copy()
    laid[nodes[inner]] = scipy.sparse.linalg.spsolve(system, wanted)
    return laid
