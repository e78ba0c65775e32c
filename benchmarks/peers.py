"""The peers, each as its own users run it; one that is not installed raises `AbsentError`."""

from __future__ import annotations

import importlib
import importlib.util
import json
import subprocess
import tempfile
import warnings
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse
import shapely

from lifecircle import WalkNetwork

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class AbsentError(Exception):
    """A peer cannot take part, and why."""


def need(module: str) -> Any:
    """Import a peer, or say that it is absent."""
    try:
        with warnings.catch_warnings(action="ignore"):
            return importlib.import_module(module)
    except Exception as error:
        raise AbsentError(f"does not import: {type(error).__name__}") from error


def csr(network: WalkNetwork) -> scipy.sparse.csr_array:
    """Give the street graph, node by node, for scipy; of parallel streets the shortest."""
    u, v = network.segment_u.astype(np.int64), network.segment_v.astype(np.int64)
    return shortest_csr(u, v, network.segment_seconds, len(network.node_x))


def shortest_csr(u: Ints, v: Ints, seconds: Floats, size: int) -> scipy.sparse.csr_array:
    """Give an undirected graph; of parallel edges the shortest."""
    row, column, w = np.r_[u, v], np.r_[v, u], np.r_[seconds, seconds]
    order = np.lexsort((w, column, row))
    row, column, w = row[order], column[order], w[order]
    first = np.r_[True, (np.diff(row) != 0) | (np.diff(column) != 0)]
    shape = (size, size)
    return scipy.sparse.coo_array((w[first], (row[first], column[first])), shape=shape).tocsr()


def networkx_times(graph: Any, ids: list[Any], sources: Ints, cutoff: float) -> Floats:
    """Seconds to the nearest source at every node, by networkx."""
    nx = need("networkx")
    found = nx.multi_source_dijkstra_path_length(
        graph, {ids[n] for n in sources}, cutoff=cutoff, weight="seconds"
    )
    return np.array([found.get(node, np.inf) for node in ids])


def pandana_network(network: WalkNetwork) -> Any:
    """Build pandana's contraction hierarchy over the nodes."""
    pandana = need("pandana")
    index = np.arange(len(network.node_x))
    return pandana.Network(
        pd.Series(network.node_x, index),
        pd.Series(network.node_y, index),
        pd.Series(network.segment_u.astype(np.int64)),
        pd.Series(network.segment_v.astype(np.int64)),
        pd.DataFrame({"seconds": network.segment_seconds}),
        twoway=True,
    )


def pandana_times(peer: Any, network: WalkNetwork, sources: Ints, cutoff: float) -> Floats:
    """Seconds to the nearest source at every node, by pandana."""
    x, y = network.node_x[sources], network.node_y[sources]
    peer.set_pois("kind", cutoff, 1, pd.Series(x), pd.Series(y))
    found = peer.nearest_pois(cutoff, "kind", num_pois=1, max_distance=1e9)[1].to_numpy()
    return np.where(found >= 1e9, np.inf, found)


def pandana_counts(peer: Any, sources: Ints, cutoff: float, size: int) -> Floats:
    """How many sources lie within the cutoff of every node, by pandana."""
    peer.set(pd.Series(sources), variable=pd.Series(np.ones(len(sources))), name="count")
    found = peer.aggregate(cutoff, type="count", decay="flat", name="count")
    return np.nan_to_num(found.reindex(np.arange(size)).to_numpy())


def cityseer_network(network: WalkNetwork) -> tuple[Any, Any]:
    """Build cityseer's structure over the nodes."""
    nx, io = need("networkx"), need("cityseer.tools.io")
    graph = nx.MultiGraph(crs=network.crs)
    for n, (x, y) in enumerate(zip(network.node_x.tolist(), network.node_y.tolist(), strict=True)):
        graph.add_node(str(n), x=x, y=y)
    u, v = network.segment_u, network.segment_v
    ends = np.stack([np.c_[network.node_x, network.node_y][n] for n in (u, v)], axis=1)
    for a, b, line in zip(u.tolist(), v.tolist(), shapely.linestrings(ends), strict=True):
        graph.add_edge(str(a), str(b), geom=line)
    nodes, _, structure = io.network_structure_from_nx(graph)
    return nodes, structure


def cityseer_times(
    peer: tuple[Any, Any], network: WalkNetwork, sources: Ints, metres: int
) -> Floats:
    """Metres to the nearest source at every node (and counts), by cityseer."""
    layers = need("cityseer.metrics.layers")
    at = gpd.points_from_xy(network.node_x[sources], network.node_y[sources])
    places = gpd.GeoDataFrame({"use": ["kind"] * len(at)}, geometry=at, crs=network.crs)
    found = layers.compute_accessibilities(
        places, "use", ["kind"], *peer, distances=[metres], max_netw_assign_dist=20
    )
    found = found[0] if isinstance(found, tuple) else found
    column = next(name for name in found.columns if "kind" in name and "nearest" in name)
    times = np.full(len(network.node_x), np.inf)
    times[found.index.astype(int)] = found[column].fillna(np.inf).to_numpy()
    return times


def osmnx_graph(osm: Path, folder: Path) -> Any:
    """Read an OSM file as OSMnx does: XML of its highways, simplified, projected, with seconds.

    OSMnx reads no PBF; pyosmium writes the highways as XML first.
    """
    osmium, osmnx, nx = need("osmium"), need("osmnx"), need("networkx")
    xml = folder / "highways.osm"
    xml.unlink(missing_ok=True)
    writer = osmium.BackReferenceWriter(str(xml), ref_src=str(osm), overwrite=True)
    with writer:
        for way in osmium.FileProcessor(str(osm), osmium.osm.WAY):
            if "highway" in way.tags:
                writer.add(way)
    with warnings.catch_warnings(action="ignore"):
        graph = osmnx.graph_from_xml(xml, bidirectional=True, simplify=True, retain_all=False)
        graph = osmnx.project_graph(graph)
    edges = graph.edges(keys=True, data="length")
    nx.set_edge_attributes(graph, {(a, b, k): m / 1.25 for a, b, k, m in edges}, "seconds")
    return graph


def osmnx_isochrone(graph: Any, node: Any, seconds: float) -> shapely.Geometry:
    """Draw one isochrone by OSMnx's published recipe: ego graph, buffered nodes and edges."""
    nx = need("networkx")
    near = nx.ego_graph(graph, node, radius=seconds, distance="seconds")
    points = {n: shapely.Point(d["x"], d["y"]) for n, d in near.nodes(data=True)}
    lines = []
    for a, b in near.edges():
        straight = shapely.LineString([points[a], points[b]])
        lines.append(graph.get_edge_data(a, b)[0].get("geometry", straight))
    parts = [*gpd.GeoSeries(list(points.values())).buffer(50)]
    return gpd.GeoSeries([*parts, *gpd.GeoSeries(lines).buffer(25)]).union_all()


class Valhalla:
    """Valhalla's isochrones of people on foot, without smoothing."""

    def __init__(self, osm: Path, folder: Path, tools: Path | None) -> None:
        valhalla = need("valhalla")
        tools = tools or Path(valhalla.__file__).parent / "bin"
        build = tools / "valhalla_build_tiles"
        if not build.exists():
            raise AbsentError("this wheel has no valhalla_build_tiles (see --valhalla-tools)")
        config = valhalla.get_config(tile_extract="", tile_dir=str(folder / "tiles"), verbose=False)
        config["mjolnir"]["concurrency"] = 1
        config["mjolnir"]["tile_extract"] = ""
        file = folder / "valhalla.json"
        file.write_text(json.dumps(config), encoding="utf-8")
        command = [str(build), "-c", str(file), "-j", "1", str(osm)]
        if subprocess.run(command, capture_output=True, check=False).returncode:  # noqa: S603
            raise AbsentError("could not build tiles")
        self.actor = valhalla.Actor(config)

    def isochrones(self, lon: float, lat: float, minutes: tuple[float, ...]) -> dict[float, Any]:
        """Give the polygons in lon/lat; the caller times `ask` alone."""
        answer = self.ask(lon, lat, minutes)
        answer = json.loads(answer) if isinstance(answer, str) else answer
        return {
            float(feature["properties"]["contour"]): shapely.geometry.shape(feature["geometry"])
            for feature in answer["features"]
        }

    def ask(self, lon: float, lat: float, minutes: tuple[float, ...]) -> Any:
        """Answer one request for all contours of one place."""
        options = {"walking_speed": 4.5, "service_penalty": 0, "step_penalty": 0}
        request = {
            "locations": [{"lon": lon, "lat": lat}],
            "costing": "pedestrian",
            "costing_options": {"pedestrian": options},
            "contours": [{"time": m} for m in minutes],
            "polygons": True,
            "denoise": 0,
            "generalize": 0,
        }
        return self.actor.isochrone(json.dumps(request))


def scratch() -> tempfile.TemporaryDirectory[str]:
    """Give a folder for what peers write."""
    return tempfile.TemporaryDirectory()
