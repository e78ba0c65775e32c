"""osmnx graphs and their GraphML files, read into tables of nodes and edges."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import networkx as nx
import numpy as np
import pandas as pd
import pyproj
import pyproj.exceptions
import shapely

from lifecircle.crs import metric_crs
from lifecircle.errors import CRSError, Fault, InputError, MissingFileError
from lifecircle.sources.edgetraits import edge_traits, flag_of


def read_graph(graph: Any, crs: Any | None = None) -> tuple[pd.DataFrame, pd.DataFrame, pyproj.CRS]:
    """Turn an osmnx graph, or a GraphML file of one, into tables in metres.

    Parameters
    ----------
    graph
        A networkx graph as osmnx makes them, or the path of a GraphML file.
    crs
        Projected CRS in metres; the graph's own if it is projected, else chosen from its nodes.

    Returns
    -------
    nodes, edges, crs
        As `lifecircle.WalkNetwork.from_tables` takes them, each with ``length_m``: what an edge
        does not say is measured. An edge of a directed graph and its reverse count once. Edges have
        ``steps``, and of the other `lifecircle.sources.walkrule.TRAITS` what
        `lifecircle.sources.edgetraits.edge_traits` finds.

    Raises
    ------
    MissingFileError, InputError
        The file is not there, or is no GraphML of a street graph; or there is no edge.
    CRSError
        The graph does not say its CRS, or says an unknown one; or `crs` is unknown.

    Examples
    --------
    >>> graph = nx.MultiDiGraph(crs="EPSG:32632")
    >>> graph.add_node(1, x=0.0, y=0.0); graph.add_node(2, x=75.0, y=0.0)
    >>> _ = graph.add_edge(1, 2, length=80.0); _ = graph.add_edge(2, 1, length=80.0)
    >>> read_graph(graph)[1][["u", "v", "length_m"]].to_numpy().tolist()
    [[1.0, 2.0, 80.0]]
    """
    where = str(graph) if isinstance(graph, str | Path) else "graph"
    if isinstance(graph, str | Path):
        graph = _load(Path(graph))
    if graph.graph.get("crs") is None:
        raise CRSError(Fault(where, "the graph has no 'crs'", "set graph.graph['crs']"))
    nodes = pd.DataFrame.from_dict(dict(graph.nodes(data=True)), orient="index")
    if graph.number_of_edges() == 0 or not {"x", "y"} <= set(nodes.columns):
        raise InputError(
            Fault(where, "there is no edge, or no x and y on nodes", "check the graph")
        )
    edges = _edges(graph)
    source = _known(graph.graph["crs"], where)
    target = _target(source, nodes, crs)
    if source != target:
        move = pyproj.Transformer.from_crs(source, target, always_xy=True)
        x, y = move.transform(nodes["x"].to_numpy(), nodes["y"].to_numpy())
        nodes = nodes.assign(x=x, y=y)
        if "geometry" in edges:
            lines = np.asarray(edges["geometry"], dtype=object)
            to_metres = cast("Any", move.transform)
            edges["geometry"] = shapely.transform(lines, to_metres, interleaved=False)
    nodes = nodes[["x", "y"]].astype(float)
    return nodes, _measured(nodes, edges), target


def _load(path: Path) -> Any:
    import osmnx

    if not path.is_file():
        raise MissingFileError(Fault(str(path), "there is no such file", "check [roads] graphml"))
    try:
        return osmnx.load_graphml(path)
    except (ValueError, KeyError, SyntaxError, TypeError, nx.NetworkXError) as error:
        raise InputError(
            Fault(str(path), f"is no GraphML of a street graph ({error})", "save it with osmnx")
        ) from error


def _known(crs: Any, where: str) -> pyproj.CRS:
    try:
        return pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError as error:
        raise CRSError(
            Fault(where, f"{crs} is no known coordinate system", "use a code such as EPSG:4326")
        ) from error


def _target(source: pyproj.CRS, nodes: pd.DataFrame, crs: Any | None) -> pyproj.CRS:
    if crs is not None:
        return _known(crs, "crs")
    if source.is_projected:
        return source
    low, high = nodes[["x", "y"]].min(), nodes[["x", "y"]].max()
    return metric_crs(shapely.box(low["x"], low["y"], high["x"], high["y"]))


def _edges(graph: Any) -> pd.DataFrame:
    rows = [(u, v, data) for u, v, data in graph.edges(data=True)]
    names = [_one(row[2].get("highway")) for row in rows]
    edges = pd.DataFrame(
        {
            "u": [row[0] for row in rows],
            "v": [row[1] for row in rows],
            "length_m": np.array([row[2].get("length") for row in rows], dtype=np.float64),
            "highway": names,
        }
    )
    data = [row[2] for row in rows]
    edges["steps"] = [_is_steps(tags, name) for tags, name in zip(data, names, strict=True)]
    edges = edges.assign(**edge_traits(data))
    if any("geometry" in row[2] for row in rows):
        edges["geometry"] = pd.Series([row[2].get("geometry") for row in rows], dtype=object)
    return _one_way(edges) if graph.is_directed() else edges


def _one_way(edges: pd.DataFrame) -> pd.DataFrame:
    """Keep one of an edge and its reverse: same nodes, length to the centimetre, and line."""
    codes, _ = pd.factorize(pd.concat([edges["u"], edges["v"]]))
    u, v = codes[: len(edges)], codes[len(edges) :]
    length = edges["length_m"].round(2)
    key = pd.DataFrame({"low": np.minimum(u, v), "high": np.maximum(u, v), "length": length})
    if "geometry" in edges:
        # The normal form of a line is that of its reverse; 1e-7 degrees are a centimetre.
        given = np.asarray(edges["geometry"], dtype=object)
        lines = shapely.transform(given, lambda xy: np.round(xy, 7) + 0.0)  # no minus zero
        key["line"] = shapely.to_wkb(shapely.normalize(lines))
    return edges[~key.duplicated().to_numpy()].reset_index(drop=True)


def _measured(nodes: pd.DataFrame, edges: pd.DataFrame) -> pd.DataFrame:
    """Fill lengths that are not given: along the line, else straight between the nodes."""
    unknown = edges["length_m"].isna().to_numpy()
    if not unknown.any():
        return edges
    ends = [nodes.loc[edges.loc[unknown, name], ["x", "y"]].to_numpy() for name in "uv"]
    metres = np.hypot(*(ends[1] - ends[0]).T)
    if "geometry" in edges:
        lines = np.asarray(edges.loc[unknown, "geometry"], dtype=object)
        plain = shapely.is_missing(lines) | shapely.is_empty(lines)
        metres = np.where(plain, metres, shapely.length(lines))
    length = edges["length_m"].to_numpy(copy=True)
    length[unknown] = metres
    return edges.assign(length_m=length)


def _is_steps(data: dict[str, Any], highway: str) -> bool:
    """Take the word of ``steps``, which GraphML turns to text, before that of the class."""
    said = flag_of(data.get("steps"))
    return highway == "steps" if said is None else said


def _one(highway: object) -> str:
    """Give the first of several classes that osmnx merges into one edge."""
    if isinstance(highway, list):
        return str(highway[0]) if highway else ""
    return "" if highway is None else str(highway)
