"""What walking costs on each step of a street, as small arrays for the map's page.

Where a walk takes as long both ways and depends on length and steps alone, the page needs no more
than a speed and the factor of steps. Else each step has a pace (seconds per metre, of a short list;
none where it is barred), and on a slope what it takes longer or shorter than that, both ways, in
steps of `QUANTUM_S`: the seconds along a street are then off by at most half of that per chain.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import shapely

from lifecircle.kernels.graph import Bools, Floats, Longs
from lifecircle.network import WalkNetwork
from lifecircle.network.timing import segment_seconds
from lifecircle.render.web.packing import pack_array, pack_shorter

QUANTUM_S: Final = 0.05
"""Seconds of a slope go out in steps of so much, rounded along each chain, not step by step. Ours:
off by at most 0.025 s for each chain of a walk; a city of 330,000 nodes takes 0.96 MB of the page
for it, 1.2 MB in hundredths."""

BENT_S: Final = 1.0
"""In simplified streets, seconds inside a street stay this exact on a slope. Ours."""

_CLOSE: Final = 1e-9
_LONG: Final = 1e3  # m: stretches the streets so far that a distance from a line is one in seconds


@dataclass(frozen=True)
class Paces:
    """Seconds per metre on the level; made by `paces_of`.

    Parameters
    ----------
    table
        Different paces, s/m, rising; NaN, the last one, where nobody may go.
    code
        Position of each segment's pace.
    plain
        Whether all follow from one speed and the factor of steps, and none differs by direction.
    """

    table: Floats
    code: Longs
    plain: bool


def paces_of(network: WalkNetwork) -> Paces:
    """Find the paces of a network's segments.

    Parameters
    ----------
    network
        The walk network, for its profile.

    Returns
    -------
    Paces

    Examples
    --------
    >>> import pandas as pd
    >>> nodes = pd.DataFrame({"x": [0.0, 75.0, 150.0], "y": 0.0})
    >>> streets = pd.DataFrame({"u": [0, 1], "v": [1, 2], "steps": [False, True]})
    >>> network = WalkNetwork.from_tables(nodes, streets, crs="EPSG:4546")
    >>> paces = paces_of(network)
    >>> paces.table, paces.code, paces.plain
    (array([0.8, 1.6]), array([0, 1]), True)
    """
    profile, barred = network.profile, network.segment_barred
    usual = np.where(network.segment_steps, profile.steps_factor, 1.0) / profile.metres_per_second
    seconds = segment_seconds(replace(network, slope=None))[0]
    pace = np.divide(seconds, network.segment_m, out=usual.copy(), where=network.segment_m > 0)
    pace = np.where(barred, np.nan, np.round(pace, 12))
    table, code = np.unique(pace, return_inverse=True)
    plain = not barred.any() and not is_sloped(network)
    plain = plain and bool((np.abs(pace - usual) <= _CLOSE * usual).all())
    return Paces(table, code.astype(np.int64), plain)


def is_sloped(network: WalkNetwork) -> bool:
    """Tell whether walks differ by direction."""
    return network.segment_seconds is not network.segment_seconds_back


def pack_paces(
    network: WalkNetwork, paces: Paces, first: Longs | None, metres: Floats, counts: Longs
) -> dict[str, Any]:
    """Pack paces and, where streets are steep, what each step takes longer or shorter.

    Parameters
    ----------
    network
        The walk network.
    paces
        Of its segments.
    first
        First segment of each step; None where each segment is a step.
    metres
        Length of each step, m, as the page has it.
    counts
        Steps of each chain.

    Returns
    -------
    dict
        Ready for JSON, to stand beside the segments; empty where `paces` are plain.

    Notes
    -----
    ``paces`` s/m, None where barred; ``pace`` one code a step; ``quantum`` s, and ``ahead`` and
    ``back``: so many of them are added to a step's length times its pace.
    """
    if paces.plain:
        return {}
    code = paces.code if first is None else paces.code[first]
    table: list[float | None] = [None if np.isnan(pace) else float(pace) for pace in paces.table]
    packed = {"paces": table, "pace": pack_array(code, "u1" if len(table) <= 255 else "u2")}
    if not is_sloped(network):
        return {"timing": packed}
    level = np.nan_to_num(paces.table)[code] * metres
    ways = {}
    for name, seconds in _open_seconds(network).items():
        walked = seconds if first is None else np.add.reduceat(seconds, first)
        late = np.rint(_within(walked - level, counts) / QUANTUM_S).astype(np.int64)
        begins = np.zeros(len(late), np.bool_)
        begins[np.cumsum(counts) - counts] = True
        before = np.where(begins, 0, np.concatenate([[0], late[:-1]]))
        ways[name] = pack_shorter(late - before, "i4")
    return {"timing": {**packed, "quantum": QUANTUM_S, **ways}}


def _open_seconds(network: WalkNetwork) -> dict[str, Floats]:
    """Give the seconds of segments both ways, 0 where nobody may go."""
    both = {"ahead": network.segment_seconds, "back": network.segment_seconds_back}
    return {name: np.where(network.segment_barred, 0.0, way) for name, way in both.items()}


def _within(values: Floats, counts: Longs) -> Floats:
    """Sum values up along each chain, each with those before it."""
    total = np.cumsum(values)
    start = np.cumsum(counts) - counts
    before = np.concatenate([[0.0], total])[start]
    return np.asarray(total - np.repeat(before, counts))


def bent(network: WalkNetwork, piece_start: Longs, piece: Longs) -> Bools:
    """Find the vertices that the seconds inside simplified streets need on a slope.

    Parameters
    ----------
    network
        The walk network.
    piece_start
        First segment of each piece of a street, of one pace.
    piece
        Piece of each segment.

    Returns
    -------
    ndarray
        Which segments must begin a step, so that seconds between two kept vertices run as if
        they grew with the metres, within `BENT_S`.
    """
    needed = np.zeros(len(piece), np.bool_)
    if not is_sloped(network):
        return needed
    counts = np.diff(np.append(piece_start, len(piece)))
    metres = _within(network.segment_m, counts)
    vertex = np.arange(len(piece) + len(piece_start)).astype(float)
    heads = piece_start + np.arange(len(piece_start))
    inner = np.ones(len(vertex), np.bool_)
    inner[heads] = False
    owner = np.repeat(np.arange(len(piece_start)), counts + 1)
    for seconds in _open_seconds(network).values():
        at = np.zeros((len(vertex), 3))
        at[inner, 0], at[inner, 1] = metres * _LONG, _within(seconds, counts)
        at[:, 2] = vertex
        lines = shapely.linestrings(at, indices=owner)
        simple = shapely.simplify(lines, BENT_S, preserve_topology=False)
        kept = np.rint(shapely.get_coordinates(simple, include_z=True)[:, 2]).astype(np.int64)
        starts = kept - owner[kept]  # the segment that begins at the vertex
        last = np.isin(kept, np.append(heads[1:], len(vertex)) - 1)
        needed[starts[~last]] = True
    return needed
