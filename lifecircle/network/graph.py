"""The walk network as searches need it: compact arrays, and one definition of a place.

Streets are cut into straight *segments* between consecutive nodes. Runs of segments without a
choice are *chains* between *junctions*; searches run over junctions, and exact times inside a chain
come from the seconds summed along it. Nodes stand in Hilbert order, segments in chain order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pyproj
import shapely

from lifecircle.config import WalkProfile
from lifecircle.crs import require_metric
from lifecircle.errors import Fault, TableError
from lifecircle.kernels.graph import Bools, Floats, Ints, Longs
from lifecircle.network.doors import (
    build,
    projected,
    street_lines,
    to_networkx,
    without_barred,
)
from lifecircle.network.slope import Elevations, Slope, slope_of
from lifecircle.network.structure import Structure
from lifecircle.network.timing import LATEST, along_chains, barred_segments, segment_seconds
from lifecircle.place import Located, Places
from lifecircle.sources.graphs import read_graph
from lifecircle.streets import Bytes, Segments, cut_edges, trait
from lifecircle.tables import check_crs, first

Change = Callable[[Segments], Segments]
"""What is done to the streets before they become a network."""


@dataclass(frozen=True)
class WalkNetwork(Structure):
    """A walk network as compact arrays; made by `from_osm`, `from_osmnx` or `from_tables`.

    Parameters
    ----------
    crs
        Projected CRS in metres.
    profile
        How people walk; `with_profile` changes it without reading again.
    node_ids, node_x, node_y
        Nodes in Hilbert order; ids are those of the input (a geometry's vertices: new ones).
    segment_u, segment_v
        Node positions of each segment, oriented and ordered along its chain.
    segment_m, segment_traits, segment_highway
        Length in m, what it is beside its class (bits of `lifecircle.sources.walkrule.TRAITS`), and
        its OSM class (codes into ``highways``).
    highways
        OSM classes of road that occur.
    chain_start
        Chain k holds the segments ``chain_start[k] : chain_start[k + 1]``.
    junction_node
        Node position of each junction.
    counts
        What was read, dropped and found; goes into ``run.json``.
    metric
        Whether it stands for lengths: metres wherever seconds are spoken of.
    slope
        Slope of the segments; None while no elevation is known (`with_elevation`).
    whole
        All streets, where a vehicle's profile left some of them out.

    Examples
    --------
    >>> nodes = pd.DataFrame({"x": [0.0, 90.0, 180.0], "y": [0.0, 0.0, 0.0]}, index=[1, 2, 3])
    >>> edges = pd.DataFrame({"u": [1, 2], "v": [2, 3]})
    >>> network = WalkNetwork.from_tables(nodes, edges, crs="EPSG:32632")
    >>> network.counts["segments"], network.counts["junctions"], network.counts["chains"]
    (2, 2, 1)
    """

    crs: pyproj.CRS
    profile: WalkProfile
    node_ids: pd.Index
    node_x: Floats
    node_y: Floats
    segment_u: Ints
    segment_v: Ints
    segment_m: Floats
    segment_traits: Bytes
    segment_highway: Ints
    highways: tuple[str, ...]
    chain_start: Longs
    junction_node: Ints
    counts: Mapping[str, int] = field(default_factory=dict)
    metric: bool = False
    slope: Slope | None = None
    whole: WalkNetwork | None = None

    # -- ways in ---------------------------------------------------------------------------------

    @classmethod
    def from_tables(
        cls,
        nodes: pd.DataFrame,
        edges: pd.DataFrame,
        *,
        crs: Any,
        profile: WalkProfile | None = None,
        change: Change | None = None,
    ) -> WalkNetwork:
        """Build a network from a table of nodes and a table of edges.

        Parameters
        ----------
        nodes
            Index: node id. Columns ``x``, ``y`` in metres of `crs`.
        edges
            Columns ``u``, ``v`` (node ids); optional ``length_m``, ``highway`` (text),
            ``geometry`` (LineString in `crs`, in either direction), and ``steps``, ``unpaved``,
            ``bridge``, ``wheelchair_no`` (bool). Walked both ways.
        crs
            Projected CRS in metres.
        profile
            How people walk.
        change
            Roads that are built or closed first: streets in, streets out (`lifecircle.roadworks`).

        Returns
        -------
        WalkNetwork

        Raises
        ------
        TableError
            A column is missing, an edge names an unknown node, a length is negative, an id repeats.
        CRSError
            `crs` is not in metres.
        InputError
            There is no edge.

        Examples
        --------
        >>> nodes = pd.DataFrame({"x": [0.0, 75.0], "y": [0.0, 0.0]}, index=[7, 8])
        >>> edges = pd.DataFrame({"u": [7], "v": [8], "steps": [True]})
        >>> WalkNetwork.from_tables(nodes, edges, crs="EPSG:4546").segment_seconds
        array([120.])
        """
        metric = require_metric(crs, "crs")
        streets = cut_edges(nodes, edges)
        if change is not None:
            streets = change(streets)
        network = build(cls, streets, metric, profile or WalkProfile())
        return without_barred(network) if network.profile.vehicle else network

    @classmethod
    def from_osm(
        cls,
        source: Any,
        *,
        crs: Any | None = None,
        area: shapely.Geometry | None = None,
        profile: WalkProfile | None = None,
        change: Change | None = None,
    ) -> WalkNetwork:
        """Build a network from an OSM file (.osm.pbf, .osm, .osm.bz2) or from what was read of it.

        Parameters
        ----------
        source
            Path of the file, or the `lifecircle.sources.osm.OsmExtract` of an earlier reading.
        crs
            Projected CRS in metres; chosen from the nodes by default.
        area
            Polygon in lon/lat: only ways that touch it are kept. Make it wider than the county by
            the longest walk.
        profile
            How people walk.
        change
            Roads that are built or closed first: streets in, streets out (`lifecircle.roadworks`).

        Returns
        -------
        WalkNetwork

        Raises
        ------
        InputError
            The file is missing, is not OSM data, or holds no walkable way in the area.

        Examples
        --------
        >>> path = "data/liechtenstein/liechtenstein-2013-08-03.osm.pbf"
        >>> WalkNetwork.from_osm(path).crs.to_epsg()
        32632
        """
        from lifecircle.sources.osm import OsmExtract, read_osm

        extract = (
            source
            if isinstance(source, OsmExtract)
            else read_osm(Path(source), area=area, dwellings=False)
        )
        nodes, target = projected(extract.nodes, crs)
        network = cls.from_tables(
            nodes, extract.segments, crs=target, profile=profile, change=change
        )
        return replace(network, counts={**extract.counts, **network.counts})

    @classmethod
    def from_osmnx(
        cls,
        graph: Any,
        *,
        crs: Any | None = None,
        profile: WalkProfile | None = None,
        change: Change | None = None,
    ) -> WalkNetwork:
        """Build a network from an osmnx graph, projected or in lon/lat, or from its GraphML file.

        Parameters
        ----------
        graph
            A networkx (Multi)(Di)Graph with ``x``, ``y`` on nodes, ``crs`` on the graph and
            optional ``length``, ``highway``, ``steps``, ``geometry`` on edges; or the path of a
            GraphML file. An edge and its reverse count once: people walk both ways.
        crs
            Projected CRS in metres; the graph's own if projected, else chosen from its nodes.
        profile
            How people walk.
        change
            Roads that are built or closed first: streets in, streets out (`lifecircle.roadworks`).

        Returns
        -------
        WalkNetwork

        Raises
        ------
        InputError
            The graph has no CRS or no edge, or the GraphML cannot be read.

        Examples
        --------
        >>> import networkx as nx
        >>> graph = nx.MultiDiGraph(crs="EPSG:32632")
        >>> graph.add_node(1, x=0.0, y=0.0); graph.add_node(2, x=75.0, y=0.0)
        >>> _ = graph.add_edge(1, 2, length=80.0); _ = graph.add_edge(2, 1, length=80.0)
        >>> WalkNetwork.from_osmnx(graph).segment_m
        array([80.])
        """
        nodes, edges, target = read_graph(graph, crs)
        return cls.from_tables(nodes, edges, crs=target, profile=profile, change=change)

    def to_networkx(self) -> nx.MultiGraph:
        """Give the network as a networkx MultiGraph that osmnx understands.

        Returns
        -------
        networkx.MultiGraph
            Nodes are the input's ids with ``x``, ``y``; edges carry ``length`` (m), ``seconds``
            (from the edge's first node to its second) and ``seconds_back``, ``highway`` and
            ``steps``; ``graph["crs"]`` is the metric CRS. What the profile bars is left out.

        Examples
        --------
        >>> nodes = pd.DataFrame({"x": [0.0, 75.0], "y": [0.0, 0.0]}, index=[7, 8])
        >>> edges = pd.DataFrame({"u": [7], "v": [8]})
        >>> network = WalkNetwork.from_tables(nodes, edges, crs="EPSG:4546")
        >>> network.to_networkx().get_edge_data(7, 8)[0]["seconds"]
        60.0
        """
        return to_networkx(self)

    def with_profile(self, profile: WalkProfile) -> WalkNetwork:
        """Give the same streets for another way of moving.

        Parameters
        ----------
        profile
            Speed, steps, slope, what is barred, and snapping. For a vehicle the streets that it
            may not use are left out, so that places join others.

        Raises
        ------
        InputError
            No street is open to a vehicle.
        """
        whole = self.whole or self
        network = whole.shared_with(replace(whole, profile=profile, metric=False, whole=None))
        return without_barred(network) if profile.vehicle else network

    def with_elevation(self, elevation: Elevations) -> WalkNetwork:
        """Give the same streets with their slope.

        Parameters
        ----------
        elevation
            Gives elevations, m, at x, y of the network's CRS; NaN where none is known.

        Examples
        --------
        >>> nodes = pd.DataFrame({"x": [0.0, 75.0], "y": [0.0, 0.0]}, index=[7, 8])
        >>> edges = pd.DataFrame({"u": [7], "v": [8]})
        >>> level = WalkNetwork.from_tables(nodes, edges, crs="EPSG:4546")
        >>> uphill = level.with_elevation(lambda x, y: x / 10.0)
        >>> uphill.segment_seconds.round(1), uphill.segment_seconds_back.round(1)
        (array([85.1]), array([60.]))
        """
        whole = self.whole or self
        sloped = whole.shared_with(replace(whole, slope=slope_of(whole, elevation), whole=None))
        again = sloped.with_profile(self.profile)
        return again.by_length() if self.metric else again

    def by_length(self) -> WalkNetwork:
        """Give the same streets with metres for seconds: searches then find shortest walks."""
        return self.shared_with(replace(self, metric=True))

    # -- derived arrays, made at first use ---------------------------------------------------------

    @property
    def metres_per_second(self) -> float:
        """Speed of the access leg: the profile's, or 1 where seconds stand for metres."""
        return 1.0 if self.metric else self.profile.access_metres_per_second

    @property
    def segment_steps(self) -> Bools:
        """Which segments are climbed step by step."""
        return np.asarray((self.segment_traits & trait("steps")) > 0)

    @cached_property
    def segment_barred(self) -> Bools:
        """Which segments the profile may not use."""
        return barred_segments(self, self.profile)

    @cached_property
    def _seconds(self) -> tuple[Floats, Floats]:
        return segment_seconds(self)

    @property
    def segment_seconds(self) -> Floats:
        """Seconds along each segment, from ``segment_u`` to ``segment_v``."""
        return self._seconds[0]

    @property
    def segment_seconds_back(self) -> Floats:
        """Seconds along each segment the other way."""
        return self._seconds[1]

    @cached_property
    def segment_ahead(self) -> Floats:
        """Seconds from the start of its chain to the start of each segment."""
        return along_chains(self.segment_seconds, self.chain_start, self.segment_chain)

    @cached_property
    def segment_back(self) -> Floats:
        """Seconds from the start of each segment back to the start of its chain."""
        if self.segment_seconds_back is self.segment_seconds:
            return self.segment_ahead
        return along_chains(self.segment_seconds_back, self.chain_start, self.segment_chain)

    @cached_property
    def chain_seconds(self) -> Floats:
        """Seconds along each whole chain, from its first end to its second."""
        last = self.chain_start[1:] - 1
        return np.asarray(self.segment_ahead[last] + self.segment_seconds[last])

    @cached_property
    def chain_seconds_back(self) -> Floats:
        """Seconds along each whole chain the other way."""
        if self.segment_back is self.segment_ahead:
            return self.chain_seconds
        last = self.chain_start[1:] - 1
        return np.asarray(self.segment_back[last] + self.segment_seconds_back[last])

    @cached_property
    def half_seconds(self) -> Floats:
        """Seconds over each half-edge of `junction_graph`, walked towards its junction.

        A search for those who walk *to* a place runs against their steps. inf where it is barred.
        """
        return self._half_seconds(self.chain_seconds_back, self.chain_seconds)

    @cached_property
    def half_seconds_from(self) -> Floats:
        """Seconds over each half-edge, walked away from its junction."""
        if self.chain_seconds_back is self.chain_seconds:
            return self.half_seconds
        return self._half_seconds(self.chain_seconds, self.chain_seconds_back)

    def _half_seconds(self, at_first: Floats, at_second: Floats) -> Floats:
        """Give seconds of half-edges, from those of chains at their first and second ends."""
        half = self._halves[1]
        chain = half >> 1
        seconds = np.where(half & 1, at_second[chain], at_first[chain])
        return np.where(seconds < LATEST, seconds, np.inf)

    @cached_property
    def islet_chain(self) -> Bools:
        """Which chains belong to an islet: a piece shorter than the profile's ``islet_m``."""
        islet = self.component_m < self.profile.islet_m
        islet[0] = False
        return np.asarray(islet[self.chain_component])

    # -- places ------------------------------------------------------------------------------------

    def snap(self, frame: gpd.GeoDataFrame, *, limit_m: float | None = None) -> Places:
        """Find the nearest point on a street for each row of a table.

        Parameters
        ----------
        frame
            Table in the network's CRS. Columns ``x``, ``y`` are used where there are any; else
            Points, or MultiPoints whose points are entrances.
        limit_m
            Farthest a street may lie; by default the profile's ``snap_limit_m``, or its
            ``offroad_limit_m`` if that is further.

        Returns
        -------
        Places
            One place per row, or per entrance.

        Raises
        ------
        CRSError
            The table is in another CRS.
        TableError
            A geometry is not a Point or MultiPoint.
        """
        if {"x", "y"} <= set(frame.columns):
            x = frame["x"].to_numpy(dtype=np.float64)
            y = frame["y"].to_numpy(dtype=np.float64)
            return self.snap_points(x, y, frame.index, limit_m=limit_m)
        check_crs(frame, self.crs, "places")
        wrong = ~frame.geom_type.isin(["Point", "MultiPoint"])
        if wrong.any():
            at = first(frame.index[wrong])
            raise TableError(Fault("places", f"geometry is no point at {at}", "give points"))
        points, owner = shapely.get_coordinates(frame.geometry.array, return_index=True)
        return self.snap_points(points[:, 0], points[:, 1], frame.index[owner], limit_m=limit_m)

    def snap_points(
        self, x: Floats, y: Floats, ids: pd.Index | None = None, *, limit_m: float | None = None
    ) -> Places:
        """Find the nearest point on a street for coordinates in the network's CRS.

        Parameters
        ----------
        x, y
            Coordinates, m.
        ids
            Identities; numbers from 0 by default.
        limit_m
            Farthest a street may lie; by default the profile's ``snap_limit_m``, or its
            ``offroad_limit_m`` if that is further.

        Returns
        -------
        Places
            In the order given.
        """
        return self.segment_index.snap(
            x,
            y,
            pd.RangeIndex(len(x)) if ids is None else ids,
            self.islet_chain[self.segment_chain],
            limit_m=self.profile.furthest_m if limit_m is None else limit_m,
            detour_m=self.profile.islet_detour_m,
        )

    def locate(self, places: Places) -> Located:
        """Turn places into seconds along their chains, for this network's profile.

        Parameters
        ----------
        places
            As given by `snap` of this network or of one with another profile.

        Returns
        -------
        Located
            ``chain`` -1 and ``access`` inf where off network, or on a barred street.
        """
        segment = np.where(places.segment < 0, 0, places.segment)
        part = places.fraction
        closed = self.segment_barred[segment] & (part > 0.0) & (part < 1.0)
        off = (places.segment < 0) | closed
        chain = self.segment_chain[segment]
        ahead = self.segment_ahead[segment] + part * self.segment_seconds[segment]
        ahead = np.minimum(ahead, self.chain_seconds[chain])
        back = ahead
        if self.chain_seconds_back is not self.chain_seconds:
            back = self.segment_back[segment] + part * self.segment_seconds_back[segment]
            back = np.minimum(back, self.chain_seconds_back[chain])
        access = np.where(off, np.inf, places.access_m) / self.metres_per_second
        if not self.metric and self.profile.offroad_limit_m > 0:
            far = places.access_m > self.profile.snap_limit_m
            access = np.where(far, places.access_m * 3.6 / self.profile.offroad_kph, access)
            access[off] = np.inf
        return Located(np.where(off, -1, chain).astype(np.int32), ahead, back, access)

    def streets(self) -> gpd.GeoDataFrame:
        """Give the streets as lines: one per run of segments of one chain and one OSM class.

        Returns
        -------
        GeoDataFrame
            Index ``street``; columns ``highway`` and ``geometry`` (LineString, the network's CRS).
        """
        return street_lines(self)
