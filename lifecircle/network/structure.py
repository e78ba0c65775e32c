"""What a network's streets are, whoever moves on them: chains, junctions, connected pieces."""

from __future__ import annotations

from functools import cached_property
from typing import Final, TypeVar

import numpy as np
import pandas as pd
import scipy.sparse

from lifecircle.kernels.graph import Floats, Ints, Longs, incidence
from lifecircle.place import Places, SegmentIndex

Network = TypeVar("Network", bound="Structure")
_SHARED: Final = (
    "segment_chain",
    "chain_ends",
    "junction_graph",
    "_halves",
    "chain_component",
    "component_m",
    "segment_index",
)


class Structure:
    """Arrays that follow from a network's segments and chains alone, made at first use.

    A part of `lifecircle.WalkNetwork`, which holds the arrays that these are made of.
    """

    node_ids: pd.Index
    node_x: Floats
    node_y: Floats
    segment_u: Ints
    segment_v: Ints
    segment_m: Floats
    chain_start: Longs
    junction_node: Ints

    def shared_with(self, other: Network) -> Network:
        """Hand what was already worked out on to a network of the same streets.

        Parameters
        ----------
        other
            Equal in all arrays that the structure is made of.
        """
        for name in _SHARED:
            if name in vars(self):
                vars(other)[name] = vars(self)[name]
        return other

    @cached_property
    def segment_chain(self) -> Ints:
        """Chain of each segment."""
        sizes = np.diff(self.chain_start)
        return np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)

    @cached_property
    def chain_ends(self) -> tuple[Ints, Ints]:
        """Junctions at the first and the second end of each chain."""
        number = np.full(len(self.node_x), -1, np.int32)
        number[self.junction_node] = np.arange(len(self.junction_node), dtype=np.int32)
        first_node = self.segment_u[self.chain_start[:-1]]
        last_node = self.segment_v[self.chain_start[1:] - 1]
        return number[first_node], number[last_node]

    @cached_property
    def junction_graph(self) -> tuple[Longs, Ints, Ints]:
        """Half-edges of the junctions: row starts, junction led to, and chain."""
        a, b = self.chain_ends
        ptr, half = self._halves
        chain = (half >> 1).astype(np.int32)
        to = np.where(half & 1, a[chain], b[chain]).astype(np.int32)
        return ptr, to, chain

    @cached_property
    def _halves(self) -> tuple[Longs, Longs]:
        """Row starts of the junctions, and for each half-edge twice its chain, plus 1 at b."""
        return incidence(len(self.junction_node), *self.chain_ends)

    @cached_property
    def chain_component(self) -> Ints:
        """Connected component of each chain; component 0 is the longest, then by length."""
        a, b = self.chain_ends
        size = len(self.junction_node)
        graph = scipy.sparse.coo_array((np.ones(len(a), np.int8), (a, b)), shape=(size, size))
        _, label = scipy.sparse.csgraph.connected_components(graph.tocsr(), directed=False)
        metres = np.bincount(label[a], weights=self._chain_m, minlength=label.max(initial=-1) + 1)
        rank = np.empty(len(metres), np.int32)
        rank[np.argsort(-metres, kind="stable")] = np.arange(len(metres), dtype=np.int32)
        return np.asarray(rank[label[a]], dtype=np.int32)

    @cached_property
    def component_m(self) -> Floats:
        """Length of the streets of each connected component, m, longest first."""
        return np.bincount(self.chain_component, self._chain_m).astype(np.float64)

    @property
    def _chain_m(self) -> Floats:
        return np.add.reduceat(self.segment_m, self.chain_start[:-1])

    @cached_property
    def segment_index(self) -> SegmentIndex:
        """The grid over the segments that `snap` searches."""
        u, v = self.segment_u, self.segment_v
        x, y = self.node_x, self.node_y
        return SegmentIndex.build(x[u], y[u], x[v], y[v])

    def node_places(self) -> Places:
        """Give every node as a place of its own, with no access leg.

        Returns
        -------
        Places
            In the order of ``node_ids``.
        """
        count = len(self.node_x)
        segment = np.empty(count, np.int32)
        fraction = np.empty(count)
        numbers = np.arange(len(self.segment_u), dtype=np.int32)
        segment[self.segment_v], fraction[self.segment_v] = numbers, 1.0
        segment[self.segment_u], fraction[self.segment_u] = numbers, 0.0
        none = np.zeros(count, np.bool_)
        return Places(self.node_ids, segment, fraction, np.zeros(count), none)
