"""From the ways of an OSM file to nodes and segments: cut at gaps and barriers, never bridged."""

from __future__ import annotations

from array import array
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from lifecircle.sources.walkrule import TRAITS

Bools = npt.NDArray[np.bool_]
Longs = npt.NDArray[np.int64]

NOWHERE: Final = 2**31 - 1
"""What libosmium gives as the coordinate of a node that the file does not hold."""

_PER_DEGREE: Final = 1e7  # OSM stores coordinates as whole numbers of 1e-7 degrees


def _longs() -> array[int]:
    return array("q")


@dataclass
class RawWays:
    """Walked ways as they stand in a file, node by node, in compact arrays that grow.

    Ways have their OSM id; the rings of an area relation have minus the relation's id.
    """

    ids: array[int] = field(default_factory=_longs)
    sizes: array[int] = field(default_factory=_longs)
    nodes: array[int] = field(default_factory=_longs)  # id, x, y of one node after the other
    traits: bytearray = field(default_factory=bytearray)
    highway: list[str] = field(default_factory=list)

    def add(self, way_id: int, highway: str, nodes: Any, *, traits: int = 0) -> None:
        """Add a way or ring.

        Parameters
        ----------
        way_id
            OSM id of the way, or minus that of the relation.
        highway
            Value of the tag.
        nodes
            Sequence of references with locations, as pyosmium gives it.
        traits
            What it is beside its class, as `lifecircle.sources.walkrule.traits` gives it.
        """
        size = len(nodes)
        flat: list[int] = []
        for node in map(nodes.__getitem__, range(size)):
            location = node.location
            flat += (node.ref, location.x, location.y)
        self.nodes.fromlist(flat)
        self.ids.append(way_id)
        self.sizes.append(size)
        self.traits.append(traits)
        self.highway.append(highway)

    def extend(self, other: RawWays) -> None:
        """Add the ways of another after these."""
        self.ids.extend(other.ids)
        self.sizes.extend(other.sizes)
        self.nodes.extend(other.nodes)
        self.traits.extend(other.traits)
        self.highway.extend(other.highway)

    def table(self) -> Longs:
        """Give the nodes of all ways as rows of id, x and y; x is `NOWHERE` where it is missing."""
        return np.array(self.nodes, np.int64).reshape(-1, 3)

    def missing(self) -> set[int]:
        """Give the ids of nodes that ways name and that were not found."""
        places = self.table()
        return set(places[places[:, 1] == NOWHERE, 0].tolist())

    def bounds(self) -> tuple[float, float, float, float] | None:
        """Give west, south, east, north of all nodes in degrees; None if there is none."""
        places = self.table()
        places = places[places[:, 1] != NOWHERE, 1:]
        if not len(places):
            return None
        (west, south), (east, north) = places.min(axis=0), places.max(axis=0)
        return tuple(float(edge) / _PER_DEGREE for edge in (west, south, east, north))  # type: ignore[return-value]


def cut_segments(
    raw: RawWays, blocked: Collection[int], area: shapely.Geometry | None
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, int]]:
    """Cut ways into segments between consecutive nodes, and count what was left out.

    Parameters
    ----------
    raw
        The ways, each id once.
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
        Columns ``u``, ``v``, ``way_id``, ``highway`` (categorical), and a bool for each of
        `lifecircle.sources.walkrule.TRAITS`. Nodes at one place that a segment joins become one
        node; of segments between the same two nodes one is kept, rather one without steps.
    counts
        Ways and segments read, left out and cut.
    """
    refs, x, y = raw.table().T.copy()
    way = np.repeat(np.arange(len(raw.ids)), np.array(raw.sizes, np.int64))
    here = x != NOWHERE
    touching, counts = _choose_ways(raw, way, None if area is None else _inside(area, x, y, here))
    clipped = touching & (np.bincount(way[~here], minlength=len(touching)) > 0)
    counts["ways_clipped"] = int(clipped.sum())
    counts["nodes_missing"] = len(np.unique(refs[~here & touching[way]]))
    traits = _unpacked(raw.traits)
    # Neighbours in the list make a segment if they belong to one way and both have a place.
    first = np.flatnonzero((way[:-1] == way[1:]) & here[:-1] & here[1:] & touching[way[:-1]])
    ends = np.concatenate([first, first + 1])
    node, counts["barriers_blocked"] = _cut_at(blocked, refs[ends])
    node = _join_coincident(node, x[ends], y[ends])
    u, v = node[: len(first)], node[len(first) :]
    keep = _distinct(u, v, traits["steps"][way[first]])
    counts["segments_zero"] = int((u == v).sum())
    counts["segments_duplicate"] = len(first) - counts["segments_zero"] - len(keep)
    of = way[first[keep]]
    segments = pd.DataFrame(
        {
            "u": u[keep],
            "v": v[keep],
            "way_id": np.array(raw.ids, np.int64)[of],
            "highway": pd.Categorical(np.array(raw.highway, dtype=object)[of]),
            **{name: held[of] for name, held in traits.items()},
        }
    )
    used, at = np.unique(np.concatenate([u[keep], v[keep]]), return_index=True)
    at = ends[np.concatenate([keep, keep + len(first)])[at]]
    place = {"lon": x[at] / _PER_DEGREE, "lat": y[at] / _PER_DEGREE}
    return pd.DataFrame(place, index=pd.Index(used, name="node_id")), segments, counts


def _unpacked(traits: bytearray) -> dict[str, Bools]:
    """Give for each trait which ways have it."""
    held = np.frombuffer(traits, np.uint8)
    return {name: (held & (1 << bit)) > 0 for bit, name in enumerate(TRAITS)}


def _choose_ways(raw: RawWays, way: Longs, inside: Bools | None) -> tuple[Bools, dict[str, int]]:
    """Choose the ways that have a node inside, and count them and the others."""
    ids = np.array(raw.ids, np.int64)
    touching = np.ones(len(ids), np.bool_)
    if inside is not None:
        touching = np.bincount(way[inside], minlength=len(ids)) > 0
    return touching, {
        "ways_walkable": int((ids > 0).sum()),
        "ways_outside": int(((ids > 0) & ~touching).sum()),
        "areas_walked": len(np.unique(ids[(ids < 0) & touching])),
    }


def _inside(area: shapely.Geometry, x: Longs, y: Longs, here: Bools) -> Bools:
    west, south, east, north = (edge * _PER_DEGREE for edge in shapely.bounds(area))
    inside: Bools = here & (x >= west) & (x <= east) & (y >= south) & (y <= north)
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
    merged: Longs = np.where(ids[found] == node, chosen[group[found]], node)
    return merged


def _distinct(u: Longs, v: Longs, steps: Bools) -> Longs:
    """Give the rows to keep: no loop, and one for each pair of nodes, on the level if possible."""
    rows = np.flatnonzero(u != v)
    low, high = np.minimum(u[rows], v[rows]), np.maximum(u[rows], v[rows])
    order = np.lexsort((rows, steps[rows], high, low))
    low, high = low[order], high[order]
    new = np.ones(len(rows), np.bool_)
    new[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    return np.sort(rows[order[new]])
