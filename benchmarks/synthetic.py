"""Synthetic counties, all invented and seeded: streets, residents, facilities, whole folders.

Streets look like those of a county: towns of skewed grids with missing links, sized by rank;
villages joined by a tree of winding roads with a few loops; dead ends everywhere; and most nodes
are bends of a street rather than crossings, as in OpenStreetMap. Nodes are shuffled, so that nobody
profits from their order.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import rasterio
import scipy.sparse as sp
import shapely
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree
from scipy.spatial import Delaunay, cKDTree

from lifecircle import WalkNetwork, read_standard
from lifecircle.standards import Standard, StandardChanges

CRS = "EPSG:4546"  # CGCS2000 / 3-degree Gauss-Kruger CM 111E: that of Shaoyang
KINDS = tuple(f"kind{number:02d}" for number in range(25))
SIZES = np.round(np.geomspace(10, 5000, len(KINDS))).astype(int)  # facilities of each kind: 21,900

_TOWN_M = 95.0  # between crossings in a town
_TOWN_BEND_M = 42.0  # between nodes of a street in a town
_VILLAGE_M = 700.0  # between villages
_VILLAGE_BEND_M = 26.0
_DEAD_ENDS = 0.22  # of the crossings
_URBAN = 0.55  # share of the nodes

Floats = npt.NDArray[np.float64]
Longs = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass
class _Sketch:
    """Crossings and the links between them, before links are bent."""

    x: Floats
    y: Floats
    urban: Bools
    links: Longs


def streets(count: int, seed: int = 7) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Invent the streets of a county.

    Parameters
    ----------
    count
        Nodes wanted; the result is within a few percent of it.
    seed
        The same seed gives the same county.

    Returns
    -------
    nodes, edges
        As `lifecircle.WalkNetwork.from_tables` reads them, in `CRS`.
    """
    random = np.random.default_rng(seed)
    wanted = int(count * 1.09)
    towns = _towns(int(wanted * _URBAN / 3.1), wanted, random)
    return _bent(_with_dead_ends(_with_villages(towns, wanted, random), random), random)


def _side(wanted: int) -> float:
    villages = max(20, int(wanted * (1 - _URBAN) / 38.0))
    return float(np.sqrt(villages) * _VILLAGE_M)


def _towns(crossings: int, wanted: int, random: np.random.Generator) -> _Sketch:
    """Place towns, their sizes by rank (Zipf), as grids turned at random with links left out."""
    side = _side(wanted)
    number = max(2, round(3 + np.sqrt(wanted / 20_000) * 2))
    share = 1.0 / np.arange(1, number + 1) ** 1.1
    parts, links, offset = [], [], 0
    for size in crossings * share / share.sum():
        edge = max(3, int(np.sqrt(size)))
        i, j = np.meshgrid(np.arange(edge), np.arange(edge), indexing="ij")
        at = (np.stack([i, j], -1) - edge / 2) * _TOWN_M
        at = (at + random.normal(0, 0.18 * _TOWN_M, at.shape)).reshape(-1, 2)
        turn = random.uniform(0, np.pi / 2)
        at = at @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        parts.append(at + random.uniform(0.1 * side, 0.9 * side, 2))
        number_at = np.arange(edge * edge).reshape(edge, edge)
        straight = np.r_[
            np.c_[number_at[:-1].ravel(), number_at[1:].ravel()],
            np.c_[number_at[:, :-1].ravel(), number_at[:, 1:].ravel()],
        ]
        across = np.c_[number_at[:-1, :-1].ravel(), number_at[1:, 1:].ravel()]
        links += [straight[random.random(len(straight)) > 0.22] + offset]
        links += [across[random.random(len(across)) < 0.04] + offset]
        offset += edge * edge
    at = np.concatenate(parts)
    return _Sketch(at[:, 0], at[:, 1], np.ones(len(at), np.bool_), np.concatenate(links))


def _with_villages(towns: _Sketch, wanted: int, random: np.random.Generator) -> _Sketch:
    """Add villages, joined by the shortest tree, a tenth of other short roads, and the towns."""
    side = _side(wanted)
    number = int((side / _VILLAGE_M) ** 2)
    at = random.uniform(0, side, (number, 2))
    corners = Delaunay(at).simplices
    pairs = np.r_[corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]]
    pairs = np.unique(np.sort(pairs, axis=1), axis=0)
    metres = np.hypot(*(at[pairs[:, 0]] - at[pairs[:, 1]]).T)
    graph = sp.coo_array((metres, (pairs[:, 0], pairs[:, 1])), shape=(number, number))
    tree = minimum_spanning_tree(graph.tocsr()).tocoo()
    loops = pairs[(metres < 1.3 * _VILLAGE_M) & (random.random(len(pairs)) < 0.10)]
    roads = np.unique(np.sort(np.r_[np.c_[tree.row, tree.col], loops], axis=1), axis=0)
    first = len(towns.x)
    apart, nearest = cKDTree(np.c_[towns.x, towns.y]).query(at)
    beside = np.flatnonzero(apart < _VILLAGE_M)
    return _Sketch(
        np.r_[towns.x, at[:, 0]],
        np.r_[towns.y, at[:, 1]],
        np.r_[towns.urban, np.zeros(number, np.bool_)],
        np.r_[towns.links, roads + first, np.c_[beside + first, nearest[beside]]],
    )


def _with_dead_ends(sketch: _Sketch, random: np.random.Generator) -> _Sketch:
    number = int(len(sketch.x) * _DEAD_ENDS)
    base = random.integers(0, len(sketch.x), number)
    urban = sketch.urban[base]
    metres = random.gamma(3.0, np.where(urban, 20.0, 45.0))
    bearing = random.uniform(0, 2 * np.pi, number)
    return _Sketch(
        np.r_[sketch.x, sketch.x[base] + metres * np.cos(bearing)],
        np.r_[sketch.y, sketch.y[base] + metres * np.sin(bearing)],
        np.r_[sketch.urban, urban],
        np.r_[sketch.links, np.c_[base, len(sketch.x) + np.arange(number)]],
    )


def _bent(sketch: _Sketch, random: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Bend the links, keep the largest connected part, and shuffle the nodes."""
    x, y, (u, v) = sketch.x, sketch.y, sketch.links.T
    town = sketch.urban[u] & sketch.urban[v]
    metres = np.hypot(x[u] - x[v], y[u] - y[v])
    spacing = np.where(town, _TOWN_BEND_M, _VILLAGE_BEND_M)
    pieces = np.maximum(np.round(metres / spacing * random.uniform(0.7, 1.3, len(u))), 1)
    pieces = pieces.astype(np.int64)
    link = np.repeat(np.arange(len(u)), pieces + 1)
    step = np.arange(len(link)) - np.repeat(np.cumsum(pieces + 1) - pieces - 1, pieces + 1)
    along = step / pieces[link]
    sway = np.where(town[link], 2.0, 18.0) * np.sin(np.pi * along) * 0.4
    bend_x = x[u][link] * (1 - along) + x[v][link] * along + random.normal(0, 1, len(link)) * sway
    bend_y = y[u][link] * (1 - along) + y[v][link] * along + random.normal(0, 1, len(link)) * sway
    inner = (step > 0) & (step < pieces[link])
    node = np.where(step == 0, u[link], v[link])
    node[inner] = len(x) + np.arange(inner.sum())
    all_x, all_y = np.r_[x, bend_x[inner]], np.r_[y, bend_y[inner]]
    starts = np.flatnonzero(step < pieces[link])
    a, b = node[starts], node[starts + 1]
    graph = sp.coo_array((np.ones(len(a)), (a, b)), shape=(len(all_x), len(all_x)))
    _, part = connected_components(graph.tocsr(), directed=False)
    kept = part == np.bincount(part).argmax()
    number = np.full(len(all_x), -1)
    number[kept] = random.permutation(int(kept.sum()))
    nodes = pd.DataFrame({"x": all_x[kept], "y": all_y[kept]}, index=number[kept]).sort_index()
    nodes["x"] += 400_000.0
    nodes["y"] += 3_000_000.0
    whole = kept[a] & (a != b)
    return nodes, pd.DataFrame({"u": number[a[whole]], "v": number[b[whole]]})


def network(count: int, seed: int = 7) -> WalkNetwork:
    """Invent the streets of a county, as a walk network."""
    nodes, edges = streets(count, seed)
    return WalkNetwork.from_tables(nodes, edges, crs=CRS)


def cells(of: WalkNetwork, count: int, random: np.random.Generator) -> gpd.GeoDataFrame:
    """Strew cells within 70 m of street nodes; residents are lognormal."""
    node = random.choice(len(of.node_x), count)
    x = of.node_x[node] + random.uniform(-70, 70, count)
    y = of.node_y[node] + random.uniform(-70, 70, count)
    return gpd.GeoDataFrame(
        {
            "unit_id": "county",
            "setting": "urban",
            "persons": random.lognormal(2, 1, count),
            "residential_m2": 10_000.0,
            "x": x,
            "y": y,
        },
        geometry=gpd.points_from_xy(x, y),
        crs=of.crs,
        index=pd.RangeIndex(count, name="cell_id"),
    )


def facilities(
    of: WalkNetwork, sizes: npt.ArrayLike, random: np.random.Generator, *, beside_m: float = 40.0
) -> gpd.GeoDataFrame:
    """Strew facilities of each kind within some metres of street nodes; 0 puts them on nodes."""
    counts = np.asarray(sizes)
    node = np.concatenate([random.choice(len(of.node_x), n, replace=False) for n in counts])
    x = of.node_x[node] + random.uniform(-beside_m, beside_m, len(node))
    y = of.node_y[node] + random.uniform(-beside_m, beside_m, len(node))
    return gpd.GeoDataFrame(
        {"kind": np.repeat(KINDS[: len(counts)], counts), "name": None, "source": "synthetic"},
        geometry=gpd.points_from_xy(x, y),
        crs=of.crs,
        index=pd.Index([f"s{n}" for n in range(len(node))], name="facility_id"),
    )


def standard_changes() -> dict[str, object]:
    """Require every kind within 15 minutes, of everyone, as `[standard]` of a county's file."""
    settings = ["urban", "township", "rural"]
    words = {"zh": "合成", "en": "synthetic", "flag": "ours", "source": "-"}
    return {
        "replace": True,
        "gap_kinds": list(KINDS[12:15]),  # three, as in the default standard
        "kinds": {kind: {"zh": kind, "en": kind} for kind in KINDS},
        "circles": {"synthetic": {**words, "settings": settings}},
        "requirements": [
            {"circle": "synthetic", "kinds": list(KINDS), "minutes": 15, "flag": "ours"}
        ],
    }


def standard() -> Standard:
    """Give `standard_changes` as a standard."""
    return read_standard(StandardChanges.model_validate(standard_changes()))


def write_county(folder: Path, osm: Path, of: WalkNetwork, count: int, seed: int = 7) -> Path:
    """Write the folder of a county on real streets: synthetic residents, units and facilities.

    Parameters
    ----------
    folder
        Is made.
    osm
        The OSM file of the streets.
    of
        Its walk network.
    count
        Cells with residents: pixels of a raster, as small as it takes.
    seed
        The same seed gives the same county.

    Returns
    -------
    Path
        ``county.toml``.
    """
    random = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    _write_residents(folder / "residents.tif", of, count, random)
    _write_units(folder / "units.gpkg", of)
    places = facilities(of, SIZES, random)
    at = places.to_crs(4326).geometry
    ledger = pd.DataFrame(
        {"名称": places.index, "类别": places["kind"], "经度": at.x, "纬度": at.y}
    )
    ledger.to_csv(folder / "facilities.csv", index=False)
    about = 'source = "synthetic", date = "2025", licence = "none"'
    rules = standard_changes()
    lines = [
        'name = "synthetic"\nzh = "合成县"\nen = "Synthetic County"',
        'notice_zh = "合成数据，居民、单元与设施全部虚构"',
        'notice_en = "Synthetic data: residents, units and facilities are all invented"',
        f'crs = "EPSG:{of.crs.to_epsg()}"',
        f"[roads]\nosm = {{ path = {json.dumps(str(osm.resolve()))}, {about} }}",
        "cache = false",
        '[facilities]\nosm = false\n[[facilities.files]]\npath = "facilities.csv"',
        'datum = "wgs84"\nsource = "synthetic"',
        f'[units]\nfile = {{ path = "units.gpkg", {about} }}\nsetting = "setting"',
        f'[population]\nraster = {{ path = "residents.tif", {about} }}',
        "[isochrones]\nminutes = [5, 10, 15]",
        f"[standard]\nreplace = true\ngap_kinds = {json.dumps(rules['gap_kinds'])}",
        *(f'[standard.kinds.{k}]\nzh = "{k}"\nen = "{k}"\nwords = ["{k}"]' for k in KINDS),
        '[standard.circles.synthetic]\nzh = "合成"\nen = "synthetic"\nflag = "ours"\nsource = "-"',
        'settings = ["urban", "township", "rural"]',
        f'[[standard.requirements]]\ncircle = "synthetic"\nkinds = {json.dumps(KINDS)}',
        'minutes = 15\nflag = "ours"\nsource = "-"',
    ]
    (folder / "county.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "county.toml"


def _write_residents(path: Path, of: WalkNetwork, count: int, random: np.random.Generator) -> None:
    """Strew residents along the streets, in pixels just so small that `count` hold some."""
    node = random.choice(len(of.node_x), 4 * count)
    x = of.node_x[node] + random.uniform(-70, 70, len(node))
    y = of.node_y[node] + random.uniform(-70, 70, len(node))
    west, north = x.min() - 1.0, y.max() + 1.0
    low, high = 5.0, 400.0
    for _ in range(20):
        size = (low + high) / 2
        columns = int((x.max() - west) / size) + 2
        pixel = ((north - y) // size).astype(np.int64) * columns + ((x - west) // size).astype(int)
        held = np.unique(pixel)
        low, high = (size, high) if len(held) > count else (low, size)
    rows = int((north - y.min()) / size) + 2
    persons = np.zeros(rows * columns, np.float32)
    persons[held] = random.lognormal(2, 1, len(held))
    profile = {"driver": "GTiff", "height": rows, "width": columns, "count": 1, "nodata": -1.0}
    transform = rasterio.Affine(size, 0.0, west, 0.0, -size, north)
    with rasterio.open(
        path, "w", dtype="float32", crs=of.crs.to_wkt(), transform=transform, **profile
    ) as file:
        file.write(persons.reshape(rows, columns), 1)


def _write_units(path: Path, of: WalkNetwork, across: int = 16) -> None:
    """Cut the county into squares: 256 units."""
    margin = 500.0
    xs = np.linspace(of.node_x.min() - margin, of.node_x.max() + margin, across + 1)
    ys = np.linspace(of.node_y.min() - margin, of.node_y.max() + margin, across + 1)
    i, j = np.divmod(np.arange(across * across), across)
    names = [f"u{n:03d}" for n in range(across * across)]
    setting = np.array(["urban", "township", "rural"])[np.arange(len(names)) % 3]
    units = gpd.GeoDataFrame(
        {"unit_id": names, "name": names, "setting": setting},
        geometry=shapely.box(xs[i], ys[j], xs[i + 1], ys[j + 1]),
        crs=of.crs,
    )
    units.to_file(path, layer="units", driver="GPKG")
