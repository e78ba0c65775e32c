"""From the ways of an OSM file to nodes and segments: cut at gaps and barriers, never bridged."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Bools = npt.NDArray[np.bool_]
Longs = npt.NDArray[np.int64]

NOWHERE: Final = 2**31 - 1
"""What libosmium gives as the coordinate of a node that the file does not hold."""

_PER_DEGREE: Final = 1e7  # OSM stores coordinates as whole numbers of 1e-7 degrees


def _longs() -> array[int]:
    return array("q")


@dataclass
class RawWays:
    """Ways as they stand in a file, node by node, in compact arrays that grow.

    Ways that the walk rule refuses are kept without nodes, so that a later copy of a way that is
    refused also replaces an earlier one.
    """

    ids: array[int] = field(default_factory=_longs)
    serial: array[int] = field(default_factory=_longs)
    sizes: array[int] = field(default_factory=_longs)
    walked: bytearray = field(default_factory=bytearray)
    steps: bytearray = field(default_factory=bytearray)
    area: bytearray = field(default_factory=bytearray)
    highway: list[str] = field(default_factory=list)
    refs: array[int] = field(default_factory=_longs)
    x: array[int] = field(default_factory=_longs)
    y: array[int] = field(default_factory=_longs)

    def add(self, way_id: int, highway: str, nodes: Iterable[Any], *, steps: bool = False) -> None:
        """Add one copy of a way that is walked.

        Parameters
        ----------
        way_id
            OSM id.
        highway
            Value of the tag.
        nodes
            References with locations, as pyosmium gives them.
        steps
            Whether it is climbed step by step.
        """
        size = self._add_nodes(nodes)
        self._close(way_id, self._next(), highway, size, walked=True, steps=steps, area=False)

    def add_area(self, relation_id: int, highway: str, rings: Iterable[Iterable[Any]]) -> None:
        """Add one copy of an area relation whose rings are walked; its way id is minus its own."""
        serial = self._next()
        for ring in rings:
            size = self._add_nodes(ring)
            self._close(-relation_id, serial, highway, size, walked=True, steps=False, area=True)

    def refuse(self, way_id: int, highway: str) -> None:
        """Note one copy of a way that is not walked."""
        self._close(way_id, self._next(), highway, 0, walked=False, steps=False, area=False)

    def missing_share(self) -> float:
        """Give the share of walked nodes that have no location, 0 to 1."""
        gone = np.array(self.x, np.int64) == NOWHERE
        return float(gone.mean()) if len(gone) else 0.0

    def bounds(self) -> tuple[float, float, float, float] | None:
        """Give west, south, east, north of all walked nodes in degrees; None if there is none."""
        x, y = np.array(self.x, np.int64), np.array(self.y, np.int64)
        here = x != NOWHERE
        if not here.any():
            return None
        low, high = (x[here].min(), y[here].min()), (x[here].max(), y[here].max())
        return tuple(float(c) / _PER_DEGREE for c in (*low, *high))  # type: ignore[return-value]

    def _next(self) -> int:
        return self.serial[-1] + 1 if self.serial else 0

    def _add_nodes(self, nodes: Iterable[Any]) -> int:
        before = len(self.refs)
        for node in nodes:
            location = node.location
            self.refs.append(node.ref)
            self.x.append(location.x)
            self.y.append(location.y)
        return len(self.refs) - before

    def _close(
        self,
        way_id: int,
        serial: int,
        highway: str,
        size: int,
        *,
        walked: bool,
        steps: bool,
        area: bool,
    ) -> None:
        self.ids.append(way_id)
        self.serial.append(serial)
        self.sizes.append(size)
        self.walked.append(walked)
        self.steps.append(steps)
        self.area.append(area)
        self.highway.append(highway)


def cut_segments(
    raw: RawWays, blocked: Collection[int], area: shapely.Geometry | None
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, int]]:
    """Cut ways into segments between consecutive nodes, and count what was left out.

    Parameters
    ----------
    raw
        The ways. Of several copies of one way the last is kept.
    blocked
        Ids of nodes that cannot be passed: every segment that ends there gets an end of its own,
        with a new negative id.
    area
        Polygon in lon/lat; a way with no node inside is dropped, any other is kept whole.

    Returns
    -------
    nodes
        Index ``node_id``, columns ``lon``, ``lat`` in degrees; only nodes that segments use.
    segments
        Columns ``u``, ``v``, ``way_id``, ``highway`` (categorical), ``steps`` (bool). Nodes at one
        place that a segment joins become one node; of segments between the same two nodes one is
        kept, rather one without steps.
    counts
        Ways and segments read, left out and cut.
    """
    refs, x, y = (np.array(values, np.int64) for values in (raw.refs, raw.x, raw.y))
    way = np.repeat(np.arange(len(raw.ids)), np.array(raw.sizes, np.int64))
    here = x != NOWHERE
    inside = here if area is None else _inside(area, x, y, here)
    touching, counts = _choose_ways(raw, way, inside)
    cut = touching & (np.bincount(way[~here], minlength=len(touching)) > 0)
    counts["ways_clipped"] = int(cut.sum())
    counts["nodes_missing"] = len(np.unique(refs[~here & touching[way]]))
    # Neighbours in the list make a segment if they belong to one way and both have a place.
    first = np.flatnonzero((way[:-1] == way[1:]) & here[:-1] & here[1:] & touching[way[:-1]])
    ends = np.concatenate([first, first + 1])
    node, counts["barriers_blocked"] = _cut_at(blocked, refs[ends])
    node = _join_coincident(node, x[ends], y[ends])
    u, v = node[: len(first)], node[len(first) :]
    keep = _distinct(u, v, np.array(raw.steps, np.bool_)[way[first]])
    counts["segments_zero"] = int((u == v).sum())
    counts["segments_duplicate"] = len(first) - counts["segments_zero"] - len(keep)
    of = way[first[keep]]
    segments = pd.DataFrame(
        {
            "u": u[keep],
            "v": v[keep],
            "way_id": np.array(raw.ids, np.int64)[of],
            "highway": pd.Categorical(np.array(raw.highway, dtype=object)[of]),
            "steps": np.array(raw.steps, np.bool_)[of],
        }
    )
    used, at = np.unique(np.concatenate([u[keep], v[keep]]), return_index=True)
    at = ends[np.concatenate([keep, keep + len(first)])[at]]
    place = {"lon": x[at] / _PER_DEGREE, "lat": y[at] / _PER_DEGREE}
    return pd.DataFrame(place, index=pd.Index(used, name="node_id")), segments, counts


def _choose_ways(raw: RawWays, way: Longs, inside: Bools) -> tuple[Bools, dict[str, int]]:
    """Choose the last copy of each walked way that has a node inside, and count the others."""
    ids, serial = np.array(raw.ids, np.int64), np.array(raw.serial, np.int64)
    _, number = np.unique(ids, return_inverse=True)
    latest = np.zeros(len(ids), np.int64)
    np.maximum.at(latest, number, serial)
    last = serial == latest[number]
    walked = last & np.array(raw.walked, np.bool_)
    touching = walked & (np.bincount(way[inside], minlength=len(ids)) > 0)
    line = ~np.array(raw.area, np.bool_)
    counts = {
        "ways_read": int((last & line).sum()),
        "ways_walkable": int((walked & line).sum()),
        "ways_refused": int((last & line & ~walked).sum()),
        "ways_outside": int((walked & line & ~touching).sum()),
        "ways_duplicate": int((~last & line).sum()),
        "areas_walked": len(np.unique(ids[touching & ~line])),
    }
    return touching, counts


def _inside(area: shapely.Geometry, x: Longs, y: Longs, here: Bools) -> Bools:
    west, south, east, north = (edge * _PER_DEGREE for edge in shapely.bounds(area))
    inside = here & (x >= west) & (x <= east) & (y >= south) & (y <= north)
    shapely.prepare(area)
    lon, lat = x[inside] / _PER_DEGREE, y[inside] / _PER_DEGREE
    inside[inside] = shapely.contains_xy(area, lon, lat)
    return inside


def _cut_at(blocked: Collection[int], ends: Longs) -> tuple[Longs, int]:
    """Give each segment end at a blocked node an id of its own: -1, -2, ... (or below all ids)."""
    hit = np.isin(ends, np.fromiter(blocked, np.int64, len(blocked)))
    node = ends.copy()
    node[hit] = min(0, int(ends.min(initial=0))) - 1 - np.arange(hit.sum())
    return node, len(np.unique(ends[hit]))


def _join_coincident(node: Longs, x: Longs, y: Longs) -> Longs:
    """Make nodes at one place that a segment joins one node, so that dropping it parts nothing."""
    half = len(node) // 2
    u, v = node[:half], node[half:]
    zero = (u != v) & (x[:half] == x[half:]) & (y[:half] == y[half:])
    if not zero.any():
        return node
    ids, code = np.unique(np.concatenate([u[zero], v[zero]]), return_inverse=True)
    count = int(zero.sum())
    pairs = coo_array((np.ones(count), (code[:count], code[count:])), shape=(len(ids), len(ids)))
    groups, group = connected_components(pairs, directed=False)
    # The largest id stands for all: an id of OSM's own rather than one made at a barrier.
    chosen = np.full(groups, ids.min())
    np.maximum.at(chosen, group, ids)
    found = np.searchsorted(ids, node).clip(max=len(ids) - 1)
    return np.where(ids[found] == node, chosen[group[found]], node)


def _distinct(u: Longs, v: Longs, steps: Bools) -> Longs:
    """Give the rows to keep: no loop, and one for each pair of nodes, on the level if possible."""
    rows = np.flatnonzero(u != v)
    low, high = np.minimum(u[rows], v[rows]), np.maximum(u[rows], v[rows])
    order = np.lexsort((rows, steps[rows], high, low))
    low, high = low[order], high[order]
    new = np.ones(len(rows), np.bool_)
    new[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    return np.sort(rows[order[new]])
