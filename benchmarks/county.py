"""Profile one county by stage, seconds and peak memory: the engine, or a whole assessment.

The streets are those of an OSM file; residents, units and facilities are synthetic (25 kinds,
21,900 facilities). The engine: OSM file -> walk network -> 25 kinds over all cells -> coverage ->
counts within 15 minutes from sparse times -> 75 dissolved polygons. The assessment: everything that
``lifecircle assess`` does, tables and GIS layers written. Compilation is done before.

    python benchmarks/county.py FILE.osm.pbf [--cells 500000] [--assess] [--json]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import psutil
import shapely
import synthetic
from measuring import Stages, table

from lifecircle import (
    WalkNetwork,
    assess,
    coverage,
    isochrones,
    nearest_times,
    read_config,
    read_osm,
)
from lifecircle.place import Places
from lifecircle.reach import pair_seconds, take
from lifecircle.render.writing import write_outputs

CUTOFF = 900.0


def engine(osm: Path, cells: int) -> dict[str, object]:
    """Run the engine's stages, and hold all pairs against the nearest times."""
    random = np.random.default_rng(7)
    log = Stages()
    with log.stage("read"):
        extract = read_osm(osm, dwellings=False)
    with log.stage("network"):
        network = WalkNetwork.from_osm(extract)
    homes = synthetic.cells(network, cells, random)
    places = synthetic.facilities(network, synthetic.SIZES, random)
    units = gpd.GeoDataFrame(
        {"name": "synthetic", "setting": "urban", "residents": np.nan, "priority": 1.0},
        index=["county"],
        geometry=[shapely.box(*homes.total_bounds)],
        crs=network.crs,
    ).rename_axis("unit_id")
    with log.stage("snap"):
        at_home, at_place = network.snap(homes), network.snap(places)
    with log.stage("times"):
        access = nearest_times(
            network, places, homes, kinds=synthetic.KINDS,
            cell_places=at_home, facility_places=at_place,
        )  # fmt: skip
    with log.stage("coverage"):
        covered = coverage(homes, access, units, synthetic.standard())
    nearest = access["seconds"].to_numpy().reshape(len(synthetic.KINDS), cells)
    pairs, apart = _count_pairs(log, network, places, at_place, at_home, nearest)
    with log.stage("polygons"):
        drawn = isochrones(network, places, minutes=(5, 10, 15))
    share = covered.xs("population", level="denominator")["share"]
    return {
        "seconds": log.seconds,
        "peak_mb": log.peak_mb,
        "nodes": len(network.node_x),
        "pairs": pairs,
        "polygons": len(drawn),
        "coverage": [float(share.min()), float(share.max())],
        "coverage_by_kind": share.groupby(level="kind").first().to_list(),
        "pairs_against_nearest_s": apart,
    }


def _count_pairs(
    log: Stages,
    network: WalkNetwork,
    places: gpd.GeoDataFrame,
    at_place: Places,
    at_home: Places,
    nearest: synthetic.Floats,
) -> tuple[int, float]:
    """Count facilities within the cutoff by cell; the least of the pairs is the nearest."""
    sources, targets = network.locate(at_place), network.locate(at_home)
    kinds = places["kind"].to_numpy()
    total, apart = 0, 0.0
    for k, kind in enumerate(synthetic.KINDS):
        chosen = np.flatnonzero((kinds == kind) & ~at_place.off_network)
        with log.stage("sparse pairs"):
            of = take(sources, chosen)
            _, cell, seconds = pair_seconds(
                network, of, np.arange(len(chosen)), len(chosen), targets, CUTOFF
            )
            np.bincount(cell, minlength=nearest.shape[1])
        total += len(cell)
        least = np.full(nearest.shape[1], np.inf)
        np.minimum.at(least, cell, seconds)
        in_time = np.where(nearest[k] <= CUTOFF, nearest[k], np.inf)
        both = np.isfinite(least) & np.isfinite(in_time)
        apart = max(apart, float(np.abs(least[both] - in_time[both]).max(initial=0.0)))
    return total, apart


def assessment(osm: Path, cells: int) -> dict[str, object]:
    """Assess a synthetic county on these streets, and write tables and layers."""
    log = Stages()
    with tempfile.TemporaryDirectory() as folder:
        file = synthetic.write_county(Path(folder), osm, WalkNetwork.from_osm(osm), cells)
        with warnings.catch_warnings(action="ignore"):
            done = assess(read_config(file))
            with log.stage("writing tables and layers"):
                write_outputs(done, Path(folder) / "out", without=("map", "workbook", "report"))
    stages = done.run["stages"]
    return {
        "seconds": {name: cost["seconds"] for name, cost in stages.items()} | log.seconds,
        "peak_mb": {name: cost["peak_mb"] for name, cost in stages.items()} | log.peak_mb,
        "cells": len(done.cells),
    }


def warm(osm: Path) -> None:
    """Compile everything on a few streets first."""
    with warnings.catch_warnings(action="ignore"):
        engine(osm, 100)


def main() -> None:
    """Profile, and print the stages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("osm", type=Path)
    parser.add_argument("--cells", type=int, default=500_000)
    parser.add_argument("--assess", action="store_true", help="a whole assessment")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    demo = Path(__file__).parents[1] / "data/liechtenstein/liechtenstein-2013-08-03.osm.pbf"
    warm(demo)
    done = (assessment if asked.assess else engine)(asked.osm, asked.cells)
    done["peak_process_mb"] = max(done["peak_mb"].values())  # type: ignore[attr-defined]
    done["resident_mb"] = round(psutil.Process().memory_info().rss / 2**20)
    if asked.json:
        print(json.dumps(done))
        return
    seconds, peak = done.pop("seconds"), done.pop("peak_mb")
    rows = [[name, f"{value:.2f}", peak[name]] for name, value in seconds.items()]  # type: ignore[attr-defined, index]
    print(table(["stage", "s", "peak MB"], rows))
    print(f"total {sum(seconds.values()):.2f} s", done)  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
