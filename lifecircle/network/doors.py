"""Doors of the walk network: built from segments; given away to osmnx and as lines."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pyproj
import shapely

from lifecircle.config import WalkProfile
from lifecircle.crs import metric_crs
from lifecircle.errors import Fault, InputError, warn
from lifecircle.kernels.graph import contract, hilbert_order, incidence
from lifecircle.streets import Segments

if TYPE_CHECKING:
    from lifecircle.network.graph import WalkNetwork
    from lifecircle.network.slope import Slope


def build(
    cls: type[WalkNetwork],
    raw: Segments,
    crs: pyproj.CRS,
    profile: WalkProfile,
    slope: Slope | None = None,
) -> WalkNetwork:
    """Make the network of segments: nodes along a curve, segments along their chains.

    Parameters
    ----------
    cls
        The network's class.
    raw
        Segments and their nodes, as `lifecircle.streets.cut_edges` gives them.
    crs
        Projected CRS in metres, that of the nodes.
    profile
        How people walk.
    slope
        Slope of the segments, in the order of `raw`, where it is known already.

    Returns
    -------
    WalkNetwork
        With ``counts``. Nodes that no segment touches are left out, and counted.
    """
    used = np.zeros(len(raw.x), np.bool_)
    used[raw.u] = used[raw.v] = True
    lone = len(used) - int(used.sum())
    kept = np.flatnonzero(used)
    order = kept[hilbert_order(raw.x[kept], raw.y[kept])]
    place = np.full(len(raw.x), -1, np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    u, v = place[raw.u], place[raw.v]
    ptr, half = incidence(len(order), u, v)
    start, edges, backward, junction = contract(ptr, half, u, v)
    network = cls(
        crs=crs,
        profile=profile,
        node_ids=raw.ids[order],
        node_x=raw.x[order],
        node_y=raw.y[order],
        segment_u=np.where(backward, v[edges], u[edges]),
        segment_v=np.where(backward, u[edges], v[edges]),
        segment_m=raw.metres[edges],
        segment_traits=raw.traits[edges],
        segment_highway=raw.highway[edges],
        highways=raw.highways,
        chain_start=start,
        junction_node=np.flatnonzero(junction).astype(np.int32),
        slope=None if slope is None else slope.taken(edges, backward),
    )
    counts = {
        **raw.dropped,
        "lone_nodes_dropped": lone,
        "nodes": len(order),
        "segments": len(u),
        "junctions": len(network.junction_node),
        "chains": len(start) - 1,
        "components": len(network.component_m),
        "islets": int((network.component_m[1:] < profile.islet_m).sum()),
        "street_km": round(float(network.segment_m.sum()) / 1000.0),
    }
    if counts.get("loops_dropped"):
        warn(f"network: {counts['loops_dropped']} edges from a node to itself are left out")
    return replace(network, counts=counts)


def without_barred(network: WalkNetwork) -> WalkNetwork:
    """Leave out the streets that a network's profile may not use.

    Parameters
    ----------
    network
        All streets.

    Returns
    -------
    WalkNetwork
        Contracted anew; ``whole`` is what was given. Itself where nothing is barred.

    Raises
    ------
    InputError
        Everything is barred.
    """
    keep = np.flatnonzero(~network.segment_barred)
    if len(keep) == len(network.segment_m):
        return network
    if not len(keep):
        profile = network.profile.profile
        raise InputError(
            Fault("roads", f"no road is open to the profile {profile}", "choose another")
        )
    raw = Segments(
        network.node_ids,
        network.node_x,
        network.node_y,
        network.segment_u[keep],
        network.segment_v[keep],
        network.segment_m[keep],
        network.segment_traits[keep],
        network.segment_highway[keep],
        network.highways,
        {},
    )
    known = None if network.slope is None else network.slope.taken(keep, np.zeros(len(keep), bool))
    opened = build(type(network), raw, network.crs, network.profile, known)
    return replace(opened, whole=network, counts={**network.counts, **opened.counts})


def projected(nodes: pd.DataFrame, crs: Any | None) -> tuple[pd.DataFrame, pyproj.CRS]:
    """Give nodes in lon/lat in a metric CRS.

    Parameters
    ----------
    nodes
        Columns ``lon``, ``lat``, in degrees of WGS 84.
    crs
        Projected CRS in metres; chosen from the nodes where None.

    Returns
    -------
    nodes, crs
        The same index; columns ``x``, ``y``, m.

    Examples
    --------
    >>> nodes, crs = projected(pd.DataFrame({"lon": [9.0], "lat": [0.0]}, index=[7]), 32632)
    >>> crs.to_epsg(), nodes.round(3).loc[7].tolist()
    (32632, [500000.0, 0.0])
    """
    lon = nodes["lon"].to_numpy()
    lat = nodes["lat"].to_numpy()
    if crs is None:
        crs = metric_crs(shapely.box(lon.min(), lat.min(), lon.max(), lat.max()))
    target = pyproj.CRS.from_user_input(crs)
    x, y = pyproj.Transformer.from_crs(4326, target, always_xy=True).transform(lon, lat)
    return pd.DataFrame({"x": x, "y": y}, index=nodes.index), target


def to_networkx(network: WalkNetwork) -> nx.MultiGraph:
    """Give a network as a networkx MultiGraph; see `WalkNetwork.to_networkx`."""
    graph = nx.MultiGraph(crs=network.crs)
    ids = network.node_ids.tolist()
    places = zip(ids, network.node_x.tolist(), network.node_y.tolist(), strict=True)
    graph.add_nodes_from((node, {"x": x, "y": y}) for node, x, y in places)
    names = np.asarray(network.highways, dtype=object)[network.segment_highway]
    edges = {
        "length": network.segment_m,
        "seconds": network.segment_seconds,
        "seconds_back": network.segment_seconds_back,
        "highway": names,
        "steps": network.segment_steps,
    }
    keep = np.flatnonzero(~network.segment_barred)
    columns = [values[keep].tolist() for values in (network.segment_u, network.segment_v)]
    columns += [values[keep].tolist() for values in edges.values()]
    graph.add_edges_from(
        (ids[u], ids[v], dict(zip(edges, values, strict=True)))
        for u, v, *values in zip(*columns, strict=True)
    )
    return graph


def street_lines(network: WalkNetwork) -> gpd.GeoDataFrame:
    """Give a network's streets as lines; see `WalkNetwork.streets`."""
    change = np.diff(network.segment_highway, prepend=-1) != 0
    change[network.chain_start[:-1]] = True
    start = np.flatnonzero(change)
    end = np.append(start[1:], len(change))
    sizes = end - start
    owner = np.repeat(np.arange(len(start)), sizes + 1)
    nodes = np.insert(network.segment_u, end, network.segment_v[end - 1])
    lines = shapely.linestrings(network.node_x[nodes], network.node_y[nodes], indices=owner)
    names = np.asarray(network.highways, dtype=object)[network.segment_highway[start]]
    index = pd.RangeIndex(len(start), name="street")
    return gpd.GeoDataFrame({"highway": names}, geometry=lines, crs=network.crs, index=index)
