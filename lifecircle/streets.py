"""Edge tables cut into straight segments: the last table before the network's arrays."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from lifecircle.errors import Fault, InputError, TableError
from lifecircle.kernels.graph import Floats, Ints
from lifecircle.sources.walkrule import TRAITS
from lifecircle.tables import first

Bytes = npt.NDArray[np.uint8]


def trait(name: str) -> np.uint8:
    """Give the bit of one of `TRAITS`."""
    return np.uint8(1 << TRAITS.index(name))


@dataclass(frozen=True)
class Segments:
    """Straight pieces of street between nodes, in the order of the input.

    Parameters
    ----------
    ids, x, y
        Nodes; vertices inside an edge's geometry follow with ids that no node has: -1, -2, ... or
        from below the smallest id; ``vertex1``, ... beside ids that are text.
    u, v
        Node positions of each segment.
    metres, traits, highway
        Length in m, what it is beside its class (bits of `TRAITS`), OSM class as a code into
        ``highways``.
    dropped
        What was left out, by reason.
    """

    ids: pd.Index
    x: Floats
    y: Floats
    u: Ints
    v: Ints
    metres: Floats
    traits: Bytes
    highway: Ints
    highways: tuple[str, ...]
    dropped: Mapping[str, int]


def cut_edges(nodes: pd.DataFrame, edges: pd.DataFrame) -> Segments:
    """Check a table of nodes and one of edges, and cut the edges into straight segments.

    Parameters
    ----------
    nodes
        Index: node id. Columns ``x``, ``y`` in metres.
    edges
        Columns ``u``, ``v``; optional ``length_m``, ``highway``, ``geometry`` and `TRAITS` (bool;
        missing is False). A length that is given is shared out along the geometry.

    Returns
    -------
    Segments

    Raises
    ------
    TableError
        All faults of both tables.
    InputError
        There is no edge, or none that leads anywhere.

    Examples
    --------
    >>> nodes = pd.DataFrame({"x": [0.0, 30.0], "y": [0.0, 40.0]}, index=[1, 2])
    >>> cut_edges(nodes, pd.DataFrame({"u": [1], "v": [2]})).metres
    array([50.])
    """
    _check_tables(nodes, edges)
    segments = _straight(nodes, edges) if "geometry" not in edges else _exploded(nodes, edges)
    if not len(segments.u):
        raise InputError(Fault("edges", "every edge is a loop on its node", "check u and v"))
    return segments


def _check_tables(nodes: pd.DataFrame, edges: pd.DataFrame) -> None:
    faults = [
        Fault(where, f"column {name!r} is missing", "add it")
        for where, table, names in (("nodes", nodes, "xy"), ("edges", edges, "uv"))
        for name in names
        if name not in table.columns
    ]
    if faults:
        raise TableError(faults)
    if not len(edges):
        raise InputError(Fault("edges", "there is no edge", "check what was read"))
    if not nodes.index.is_unique:
        repeated = nodes.index[nodes.index.duplicated()].unique()
        faults.append(Fault("nodes", f"ids repeat: {first(repeated)}", "make ids unique"))
    else:
        ends = pd.Index(pd.unique(pd.concat([edges["u"], edges["v"]])))
        unknown = ends[~ends.isin(nodes.index)]
        if len(unknown):
            faults.append(Fault("edges", f"unknown nodes: {first(unknown)}", "add them to nodes"))
    xy = nodes[["x", "y"]].to_numpy(dtype=np.float64)
    if not np.isfinite(xy).all():
        at = first(nodes.index[~np.isfinite(xy).all(axis=1)])
        faults.append(Fault("nodes", f"x or y is not a number at {at}", "give metres"))
    if "length_m" in edges:
        length = edges["length_m"].to_numpy(dtype=np.float64)
        wrong = ~(np.isfinite(length) & (length >= 0))
        if wrong.any():
            at = first(edges.index[wrong])
            faults.append(Fault("edges", f"length_m is not a number >= 0 at {at}", "give metres"))
    if faults:
        raise TableError(faults)


def _columns(edges: pd.DataFrame) -> tuple[Bytes, Ints, tuple[str, ...]]:
    traits = np.zeros(len(edges), np.uint8)
    for name in TRAITS:
        if name in edges:
            has = edges[name].astype("boolean").fillna(value=False).to_numpy(dtype=np.bool_)
            traits |= np.where(has, trait(name), np.uint8(0))
    if "highway" not in edges:
        return traits, np.zeros(len(edges), np.int32), ("",)
    words = edges["highway"].astype("category")
    codes = words.cat.codes.to_numpy(dtype=np.int32)
    names = (*(str(name) for name in words.cat.categories), "")
    return traits, np.where(codes < 0, len(names) - 1, codes).astype(np.int32), names


def _straight(nodes: pd.DataFrame, edges: pd.DataFrame) -> Segments:
    x, y = (nodes[name].to_numpy(dtype=np.float64) for name in ("x", "y"))
    u, v = (nodes.index.get_indexer(pd.Index(edges[name])).astype(np.int32) for name in "uv")
    metres = (
        edges["length_m"].to_numpy(dtype=np.float64)
        if "length_m" in edges
        else np.hypot(x[u] - x[v], y[u] - y[v])
    )
    traits, highway, highways = _columns(edges)
    loops = u == v  # a straight edge from a node to itself leads nowhere
    keep = ~loops
    dropped = {"loops_dropped": int(loops.sum())}
    return Segments(
        nodes.index,
        x,
        y,
        u[keep],
        v[keep],
        metres[keep],
        traits[keep],
        highway[keep],
        highways,
        dropped,
    )


def _exploded(nodes: pd.DataFrame, edges: pd.DataFrame) -> Segments:
    x, y = (nodes[name].to_numpy(dtype=np.float64) for name in ("x", "y"))
    u, v = (nodes.index.get_indexer(pd.Index(edges[name])).astype(np.int32) for name in "uv")
    given = np.asarray(edges["geometry"], dtype=object)
    plain = shapely.is_missing(given) | shapely.is_empty(given)
    ends = np.stack([np.c_[x[u], y[u]], np.c_[x[v], y[v]]], axis=1)
    straight = np.asarray(shapely.linestrings(ends), dtype=object)
    lines = np.where(plain, straight, given)
    starts = shapely.get_coordinates(shapely.get_point(lines, 0))
    far = np.hypot(*(starts - ends[:, 0]).T) > np.hypot(*(starts - ends[:, 1]).T)
    lines = np.where(far, shapely.reverse(lines), lines)
    points, owner = shapely.get_coordinates(lines, return_index=True)
    begin = np.flatnonzero(np.diff(owner, prepend=-1))
    end = np.append(begin[1:], len(owner)) - 1
    inner = np.ones(len(points), np.bool_)
    inner[begin] = inner[end] = False
    node = np.empty(len(points), np.int32)
    node[inner] = len(x) + np.arange(inner.sum(), dtype=np.int32)
    node[begin], node[end] = u, v
    starting = np.ones(len(points), np.bool_)
    starting[end] = False
    i = np.flatnonzero(starting)
    metres = np.hypot(*(points[i + 1] - points[i]).T)
    if "length_m" in edges:
        drawn = np.bincount(owner[i], weights=metres, minlength=len(edges))
        wanted = edges["length_m"].to_numpy(dtype=np.float64)
        stretch = np.divide(wanted, drawn, out=np.ones(len(edges)), where=drawn > 0)
        metres = metres * stretch[owner[i]]
    traits, highway, highways = _columns(edges)
    su, sv = node[i], node[i + 1]
    keep = su != sv
    return Segments(
        nodes.index.append(_vertex_ids(nodes.index, int(inner.sum()))),
        np.concatenate([x, points[inner, 0]]),
        np.concatenate([y, points[inner, 1]]),
        su[keep],
        sv[keep],
        metres[keep],
        traits[owner[i]][keep],
        highway[owner[i]][keep],
        highways,
        {"loops_dropped": int((~keep).sum())},
    )


def _vertex_ids(ids: pd.Index, count: int) -> pd.Index:
    """Make ids that no node has: numbers below all others, or text beside text."""
    if pd.api.types.is_numeric_dtype(ids.dtype):
        lowest = min(0, int(np.floor(ids.min())))
        return pd.Index(lowest - 1 - np.arange(count, dtype=np.int64))
    taken = set(ids)
    free = (name for number in itertools.count(1) if (name := f"vertex{number}") not in taken)
    return pd.Index(list(itertools.islice(free, count)), dtype=object)
