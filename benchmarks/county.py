"""Time one county-sized job: OSM file -> walk network -> 25 kinds over 500,000 cells -> coverage.

Cells, residents and facilities are synthetic (seeded, strewn along the real streets); the streets
are those of the given OSM file. Prints seconds by stage, peak memory, and in the same run the time
of scipy's Dijkstra on the same junction graph, as a ratio.

    python benchmarks/county.py FILE.osm.pbf [--cells 500000] [--polygons]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import psutil
import scipy.sparse
import shapely
from scipy.sparse.csgraph import dijkstra

from lifecircle import WalkNetwork, coverage, isochrones, nearest_times, read_osm, read_standard
from lifecircle.reach import nearest_seconds, take
from lifecircle.standards import Standard, StandardChanges

KINDS = tuple(f"kind{n:02d}" for n in range(25))
SECONDS: dict[str, float] = {}


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Add the time of a block to a stage."""
    begin = time.perf_counter()
    yield
    SECONDS[name] = SECONDS.get(name, 0.0) + time.perf_counter() - begin


def synthetic_cells(network: WalkNetwork, count: int, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Strew cells within 70 m of street nodes; residents are lognormal."""
    node = rng.choice(len(network.node_x), count)
    x = network.node_x[node] + rng.uniform(-70, 70, count)
    y = network.node_y[node] + rng.uniform(-70, 70, count)
    return gpd.GeoDataFrame(
        {
            "unit_id": "county",
            "setting": "urban",
            "persons": rng.lognormal(2, 1, count),
            "residential_m2": 10_000.0,
            "x": x,
            "y": y,
        },
        geometry=gpd.points_from_xy(x, y),
        crs=network.crs,
        index=pd.RangeIndex(count, name="cell_id"),
    )


def synthetic_facilities(network: WalkNetwork, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Strew 10 to 5,000 facilities of each kind within 40 m of street nodes: 21,900 in all."""
    sizes = np.round(np.geomspace(10, 5000, len(KINDS))).astype(int)
    node = np.concatenate([rng.choice(len(network.node_x), n, replace=False) for n in sizes])
    x = network.node_x[node] + rng.uniform(-40, 40, len(node))
    y = network.node_y[node] + rng.uniform(-40, 40, len(node))
    return gpd.GeoDataFrame(
        {"kind": np.repeat(KINDS, sizes), "name": None, "source": "synthetic"},
        geometry=gpd.points_from_xy(x, y),
        crs=network.crs,
        index=pd.Index([f"s{n}" for n in range(len(node))], name="facility_id"),
    )


def synthetic_standard() -> Standard:
    """Require every kind within 15 minutes."""
    circle = {"zh": "合成", "en": "synthetic", "settings": ["urban"], "flag": "ours", "source": "-"}
    return read_standard(
        StandardChanges.model_validate(
            {
                "replace": True,
                "gap_kinds": [],
                "kinds": {kind: {"zh": kind, "en": kind} for kind in KINDS},
                "circles": {"synthetic": circle},
                "requirements": [{"circle": "synthetic", "kinds": KINDS, "minutes": 15}],
            }
        )
    )


def scipy_ratio(
    network: WalkNetwork, facilities: gpd.GeoDataFrame, cells: gpd.GeoDataFrame
) -> tuple[float, float]:
    """Time the nearest search of one kind against scipy's, which must agree; give both in ms."""
    places = network.locate(network.snap(facilities))
    homes = network.locate(network.snap(cells.iloc[:1000]))
    a, b = network.chain_ends
    size = len(network.junction_node)
    w = network.chain_seconds
    order = np.lexsort((w, b, a))
    first = np.unique(np.c_[a, b][order], axis=0, return_index=True)[1]
    keep = order[first]
    graph = scipy.sparse.coo_array(
        (np.r_[w[keep], w[keep]], (np.r_[a[keep], b[keep]], np.r_[b[keep], a[keep]])),
        shape=(size, size),
    ).tocsr()
    source = np.unique(a[places.chain])
    mine, scipys = [], []
    for _ in range(5):
        begin = time.perf_counter()
        dijkstra(graph, indices=source, min_only=True)
        scipys.append(time.perf_counter() - begin)
        begin = time.perf_counter()
        labels = np.zeros(len(places.chain), np.int32)
        nearest_seconds(network, take(places, np.arange(len(labels))), labels, homes)
        mine.append(time.perf_counter() - begin)
    return float(np.median(mine)) * 1e3, float(np.median(scipys)) * 1e3


def main() -> None:
    """Run the job twice, so that the second is free of compilation, and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("osm", type=Path)
    parser.add_argument("--cells", type=int, default=500_000)
    parser.add_argument("--polygons", action="store_true")
    asked = parser.parse_args()
    standard = synthetic_standard()
    for run in ("first run, with compilation", "second run"):
        SECONDS.clear()
        rng = np.random.default_rng(7)
        with stage("read"):
            extract = read_osm(asked.osm, dwellings=False)
        with stage("network"):
            network = WalkNetwork.from_osm(extract)
        cells = synthetic_cells(network, asked.cells, rng)
        facilities = synthetic_facilities(network, rng)
        units = gpd.GeoDataFrame(
            {"name": "synthetic", "setting": "urban", "residents": np.nan, "priority": 1.0},
            index=pd.Index(["county"], name="unit_id"),
            geometry=[shapely.box(*cells.total_bounds)],
            crs=network.crs,
        )
        with stage("snap"):
            homes, places = network.snap(cells), network.snap(facilities)
        with stage("times"):
            access = nearest_times(
                network, facilities, cells, kinds=KINDS, cell_places=homes, facility_places=places
            )
        with stage("coverage"):
            table = coverage(cells, access, units, standard)
        if asked.polygons:
            with stage("polygons"):
                isochrones(network, facilities, minutes=(5, 10, 15))
        peak = psutil.Process().memory_info()
        print(run, {**dict(network.counts)})
        print("  ", "  ".join(f"{k} {v:.2f} s" for k, v in SECONDS.items()))
        print(f"   total {sum(SECONDS.values()):.2f} s, resident {peak.rss / 2**20:.0f} MB")
        share = table.xs("population", level="denominator")["share"]
        print(f"   coverage {share.min():.3f} to {share.max():.3f}")
    mine, scipys = scipy_ratio(network, facilities[facilities["kind"] == KINDS[12]], cells)
    print(f"   nearest search {mine:.1f} ms, scipy {scipys:.1f} ms: ratio {mine / scipys:.2f}")


if __name__ == "__main__":
    main()
