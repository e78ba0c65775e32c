"""Roads from two plain tables: nodes, and the edges between them."""

from __future__ import annotations

from typing import Any, Final, cast

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from lifecircle.config import Dataset
from lifecircle.errors import CRSError, Fault, TableError, warn
from lifecircle.sources.columns import (
    LAT_NAMES,
    LON_NAMES,
    as_numbers,
    as_text,
    label_of,
    name_rows,
    pick,
)
from lifecircle.sources.edgetraits import EDGE_TAGS, edge_traits
from lifecircle.sources.vector import read_table

_NODES: Final = "[roads] nodes"
_EDGES: Final = "[roads] edges"
# osmnx's names come second.
_ID_NAMES: Final = ("node_id", "osmid", "id")
_LENGTH_NAMES: Final = ("length_m", "length")
_FLAGGED: Final = ("steps", "unpaved", "wheelchair_no")
_FLAGS: Final = {
    **dict.fromkeys(("1", "1.0", "true", "yes", "是"), True),
    **dict.fromkeys(("0", "0.0", "false", "no", "否", ""), False),
}


def read_road_tables(
    nodes: Dataset, edges: Dataset, *, crs: Any | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    r"""Read a network from a table of nodes and a table of edges.

    Parameters
    ----------
    nodes
        CSV, Parquet or a layer with ``node_id`` (or osmnx's ``osmid``) and either points with a
        CRS, or ``lon`` and ``lat``, or ``x`` and ``y`` in metres of the county's CRS.
    edges
        The same formats, with ``u``, ``v``; optional ``length_m`` (or ``length``), ``highway``,
        lines with a CRS, and the `lifecircle.sources.walkrule.TRAITS` ``steps``, ``unpaved``,
        ``bridge`` and ``wheelchair_no``: 1 or 0 (true, yes, 是; false, no, 否, or empty). Of
        osmnx's columns ``surface``, ``tracktype``, ``bridge``, ``tunnel`` and ``wheelchair`` are
        read where these are not there.
    crs
        The county's CRS in metres. Without it the lines of edges are only measured.

    Returns
    -------
    nodes
        Index ``node_id`` (text). Columns ``x``, ``y`` in `crs`; without `crs`, ``lon``, ``lat`` in
        degrees, or ``x``, ``y`` as they stand.
    edges
        Columns ``u``, ``v`` (text), ``highway``, ``steps`` (where they are not given, by the
        class) and what else of the traits is given; ``length_m`` where it is given or measured;
        ``geometry`` in `crs`. As `lifecircle.WalkNetwork.from_tables` takes them.

    Raises
    ------
    TableError
        All faults of both tables: columns that are missing, ids that repeat or are missing,
        numbers that are none, negative lengths, traits that are neither 1 nor 0, edges that name
        unknown nodes.
    CRSError
        ``x`` and ``y`` look like degrees; lines or points have no CRS.
    MissingFileError, InputError
        As `lifecircle.sources.vector.read_vector`.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "nodes.csv").write_text("node_id,lon,lat\n1,110.1,26.5\n2,110.2,26.5\n")
    >>> _ = (folder / "edges.csv").write_text("u,v,highway\n1,2,footway\n")
    >>> files = [Dataset(path=folder / name) for name in ("nodes.csv", "edges.csv")]
    >>> read_road_tables(*files)[1]
         u  v  highway  steps
    row
    2    1  2  footway  False
    """
    points, node_faults = _nodes(read_table(nodes, where=_NODES), label_of(nodes, _NODES), crs)
    lines, edge_faults = _edges(read_table(edges, where=_EDGES), label_of(edges, _EDGES), crs)
    faults = [*node_faults, *edge_faults]
    if points is not None and lines is not None:
        faults += _unknown_nodes(lines, points.index, label_of(edges, _EDGES))
    if faults or points is None or lines is None:
        raise TableError(faults)
    loops = lines["u"] == lines["v"]
    if loops.any():
        warn(
            f"{label_of(edges, _EDGES)}: {int(loops.sum())} edges run from a node to itself "
            f"({name_rows(lines.index[loops])}); they count only where a line shows their way"
        )
    return points, lines


def _nodes(
    table: pd.DataFrame, label: str, crs: Any | None
) -> tuple[pd.DataFrame | None, list[Fault]]:
    column = pick(table.columns, _ID_NAMES)
    faults = [] if column else [_lacking(label, "node_id", table)]
    located, wrong = _located(table, label)
    faults += wrong
    if column is None or located is None:
        return None, faults
    ids = as_text(table[column])
    if ids.isna().any():
        rows = name_rows(ids.index[ids.isna()])
        faults.append(Fault(label, f"no {column} in {rows}", "give every node an id"))
    twice = ids.duplicated(keep=False) & ids.notna()
    if twice.any():
        rows = name_rows(ids.index[twice], ids[twice])
        faults.append(Fault(label, f"{column} repeats: {rows}", "make ids unique"))
    absent = located.isna().any(axis=1)
    if absent.any() and not wrong:
        rows = name_rows(ids.index[absent], ids[absent])
        faults.append(Fault(label, f"no coordinates in {rows}", "give both, or drop the node"))
    if crs is not None and "lon" in located:
        move = pyproj.Transformer.from_crs(4326, crs, always_xy=True)
        x, y = move.transform(located["lon"].to_numpy(), located["lat"].to_numpy())
        located = pd.DataFrame({"x": x, "y": y}, index=table.index)
    return located.set_axis(pd.Index(ids, name="node_id"), axis=0), faults


def _located(table: pd.DataFrame, label: str) -> tuple[pd.DataFrame | None, list[Fault]]:
    """Give lon and lat in degrees, or x and y in the county's CRS."""
    if isinstance(table, gpd.GeoDataFrame):
        points = np.asarray(_lonlat(table, label))
        centre = shapely.point_on_surface(points)
        lonlat = {"lon": shapely.get_x(centre), "lat": shapely.get_y(centre)}
        return pd.DataFrame(lonlat, index=table.index), []
    names = {"lon": pick(table.columns, LON_NAMES), "lat": pick(table.columns, LAT_NAMES)}
    if None in names.values():
        names = {name: pick(table.columns, (name,)) for name in ("x", "y")}
    found = {name: column for name, column in names.items() if column is not None}
    if len(found) < 2:
        return None, [_lacking(label, "lon, lat (or x, y)", table)]
    located, faults = {}, []
    for name, column in found.items():
        located[name], wrong = as_numbers(table[column], label, minimum=None)
        faults += wrong
    frame = pd.DataFrame(located)
    limit = np.array([180.0, 90.0])
    inside = frame.abs().le(limit) | frame.isna()
    if "lon" in frame and not inside.all(axis=None):
        rows = name_rows(table.index[~inside.all(axis=1)])
        faults.append(Fault(label, f"lon, lat are not degrees in {rows}", "name metres x and y"))
    if "x" in frame and inside.all(axis=None) and not faults:
        raise CRSError(Fault(label, "x and y look like degrees", "name the columns lon and lat"))
    return frame, faults


def _edges(
    table: pd.DataFrame, label: str, crs: Any | None
) -> tuple[pd.DataFrame | None, list[Fault]]:
    faults = [_lacking(label, name, table) for name in ("u", "v") if name not in table.columns]
    if faults:
        return None, faults
    edges = pd.DataFrame({name: as_text(table[name]) for name in ("u", "v")})
    for name in ("u", "v"):
        if edges[name].isna().any():
            rows = name_rows(edges.index[edges[name].isna()])
            faults.append(Fault(label, f"no {name} in {rows}", "give both nodes of every edge"))
    lines = _lonlat(table, label) if isinstance(table, gpd.GeoDataFrame) else None
    column = pick(table.columns, _LENGTH_NAMES)
    if column is not None:
        edges["length_m"], wrong = as_numbers(table[column], label)
        faults += wrong
        absent = table[column].isna()
        if absent.any():
            rows = name_rows(edges.index[absent])
            faults.append(Fault(label, f"no {column} in {rows}", "fill it in or drop the column"))
    elif lines is not None and crs is None:
        edges["length_m"] = _lengths(lines)
    edges["highway"] = as_text(table["highway"]) if "highway" in table.columns else np.nan
    edges["highway"] = edges["highway"].astype("str")
    traits, wrong = _traits(table, label)
    faults += wrong
    edges["steps"] = edges["highway"] == "steps"
    edges = edges.assign(**traits)
    if lines is not None and crs is not None:
        simple = lines.isna() | (lines.geom_type == "LineString")
        if not simple.all():
            rows = name_rows(edges.index[~simple])
            faults.append(Fault(label, f"no single line in {rows}", "give one line per edge"))
        edges["geometry"] = np.asarray(lines.to_crs(crs), dtype=object)
    return edges, faults


def _traits(table: pd.DataFrame, label: str) -> tuple[dict[str, pd.Series], list[Fault]]:
    """Read the traits that a table of edges gives; of bridges also OSM's words (viaduct)."""
    keys = ("highway", *(key for tags in EDGE_TAGS.values() for key in tags))
    tagged = table[[key for key in keys if key in table.columns]]
    told = edge_traits(cast("list[dict[str, Any]]", tagged.to_dict("records")))
    traits = {name: pd.Series(has, table.index) for name, has in told.items()}
    faults = []
    for name in _FLAGGED:
        if name not in table.columns:
            continue
        words = table[name].astype("str").str.strip().str.casefold().mask(table[name].isna(), "")
        flags = words.map(_FLAGS)
        wrong = flags.isna()
        if wrong.any():
            rows = name_rows(table.index[wrong], table.loc[wrong, name])
            what = f"{name} is neither 1 nor 0 in {rows}"
            faults.append(Fault(label, what, "write 1 or 0, or leave it empty"))
        traits[name] = flags.eq(other=True)
    return traits, faults


def _unknown_nodes(edges: pd.DataFrame, known: pd.Index, label: str) -> list[Fault]:
    faults = []
    for name in ("u", "v"):
        unknown = edges[name].notna() & ~edges[name].isin(known)
        if unknown.any():
            rows = name_rows(edges.index[unknown], edges.loc[unknown, name])
            faults.append(
                Fault(
                    label,
                    f"{name} names nodes that are not there, {int(unknown.sum())} times: {rows}",
                    "add them to the nodes, or drop these edges",
                )
            )
    return faults


def _lengths(lines: gpd.GeoSeries) -> npt.NDArray[np.float64]:
    """Measure lines in lon/lat along the ellipsoid, m."""
    points, line = shapely.get_coordinates(np.asarray(lines), return_index=True)
    within = line[1:] == line[:-1]
    _, _, metres = pyproj.Geod(ellps="WGS84").inv(
        points[:-1, 0], points[:-1, 1], points[1:, 0], points[1:, 1]
    )
    summed = np.bincount(line[1:][within], weights=metres[within], minlength=len(lines))
    return np.asarray(summed, dtype=np.float64)


def _lonlat(table: gpd.GeoDataFrame, label: str) -> gpd.GeoSeries:
    if table.crs is None:
        raise CRSError(Fault(label, "has no coordinate system", "set the CRS of the layer"))
    return table.geometry.to_crs("EPSG:4326")


def _lacking(label: str, name: str, table: pd.DataFrame) -> Fault:
    has = ", ".join(str(column) for column in table.columns if column != "geometry")
    return Fault(label, f"has no column {name}; its columns: {has or 'none'}", "add it")
