"""Measure the offline map at size: the demo, and synthetic counties of 100,000 and 1,000,000 cells.

For each: size of the file, seconds and peak memory to build it, and in headless Chromium without a
network the time from navigation to a map that is ready, to another indicator, to an answer to a
click, and to a repaint. The counties are synthetic: 25 kinds of 200 facilities each, walks along a
street grid with detours and access legs that miss as much of what neighbours foretell as those of
the demo do; four circles; some 200 units; residents in somewhat more than half of the cells.

    python benchmarks/map_scale.py [--sizes demo 100000 1000000] [--write benchmarks/map_scale.md]

A size may ask for finer minutes than the page would choose: 1000000/minutes, 1000000/tenths.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import multiprocessing
import os
import shutil
import statistics
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import geopandas as gpd
import numpy as np
import pandas as pd
import psutil
import shapely
from playwright.sync_api import Browser, sync_playwright
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

from lifecircle import assess, coverage, gaps, read_config, read_standard, scores, unit_scores
from lifecircle.config import CountyConfig
from lifecircle.grid import cut, grid_over
from lifecircle.render.web import cellpack
from lifecircle.render.web.maps import coverage_map, map_html
from lifecircle.standards import Standard, StandardChanges
from lifecircle.tables import code_index

CRS = 4546  # CGCS2000, central meridian 111 E
ORIGIN = (420_000.0, 2_900_000.0)
CELL_M = 100.0
KINDS = tuple(f"kind{number:02d}" for number in range(25))
FACILITIES = 200  # of each kind
UNITS = 250  # seeds; those beyond the border fall away
SPEED = 1.25  # m/s
DEMO = "data/liechtenstein/county.toml"


@dataclass(frozen=True)
class SyntheticCounty:
    """What a map is drawn from, all invented."""

    config: CountyConfig
    standard: Standard
    facilities: gpd.GeoDataFrame
    units: gpd.GeoDataFrame
    cells: gpd.GeoDataFrame
    access: pd.DataFrame
    isochrones: gpd.GeoDataFrame
    coverage: pd.DataFrame
    scores: pd.DataFrame
    unit_scores: pd.DataFrame
    gaps: gpd.GeoDataFrame
    generated: str = "2026-01-31"
    run: dict[str, Any] = field(default_factory=dict)


def synthetic_county(count: int, seed: int = 7) -> SyntheticCounty:
    """Invent a county of about `count` cells of 100 m."""
    random = np.random.default_rng(seed)
    side = CELL_M * np.sqrt(count / (np.pi / 4 * 0.85))
    config, standard = synthetic_config(), synthetic_standard()
    units = _units(random, side)
    cells = _cells(random, units, side)
    facilities = _facilities(random, side)
    access = _access(random, cells, facilities)
    judged = scores(cells, access, standard)
    return SyntheticCounty(
        config=config,
        standard=standard,
        facilities=facilities,
        units=units,
        cells=cells,
        access=access,
        isochrones=_isochrones(facilities),
        coverage=coverage(cells, access, units, standard),
        scores=judged,
        unit_scores=unit_scores(judged, cells, units),
        gaps=gaps(cells, access, units, standard, kinds=standard.gap_kinds),
    )


def synthetic_config() -> CountyConfig:
    """Invent the county's file; the datasets it names are never opened."""
    data = {"source": "synthetic", "date": "2025", "licence": "none"}
    return CountyConfig.model_validate(
        {
            "name": "synthetic",
            "zh": "合成县",
            "en": "Synthetic County",
            "notice_zh": "合成数据，全部虚构",
            "notice_en": "Synthetic data, all invented",
            "roads": {"osm": {**data, "path": "roads.osm.pbf"}},
            "units": {"file": {**data, "path": "units.gpkg"}},
            "population": {"totals": True, "cell_m": CELL_M},
            "path": Path("county.toml"),
        }
    )


def synthetic_standard() -> Standard:
    """Four circles over 25 kinds, with thresholds of 15, 30 and 60 minutes."""
    circles = {
        "urban_15": (["urban"], KINDS, 15),
        "township_15": (["township"], KINDS[:12], 15),
        "rural_30": (["rural"], KINDS[:10], 30),
        "all_60": (["urban", "township", "rural"], KINDS[:5], 60),
    }
    return read_standard(
        StandardChanges.model_validate(
            {
                "replace": True,
                "gap_kinds": list(KINDS[:3]),
                "kinds": {kind: {"zh": f"合成{kind[4:]}", "en": kind} for kind in KINDS},
                "circles": {
                    key: {"zh": key, "en": key, "settings": settings, "flag": "ours", "source": "-"}
                    for key, (settings, _, _) in circles.items()
                },
                "requirements": [
                    {"circle": key, "kinds": list(kinds), "minutes": minutes}
                    for key, (_, kinds, minutes) in circles.items()
                ],
            }
        )
    )


def _units(random: np.random.Generator, side: float) -> gpd.GeoDataFrame:
    middle = np.array(ORIGIN) + side / 2
    county = shapely.affinity.scale(shapely.Point(middle).buffer(side / 2, quad_segs=64), 1.0, 0.85)
    seeds = shapely.MultiPoint(np.array(ORIGIN) + random.uniform(0, side, (UNITS, 2)))
    parts = shapely.get_parts(shapely.voronoi_polygons(seeds, extend_to=county))
    parts = shapely.intersection(parts, county)
    parts = parts[~shapely.is_empty(parts)]
    off = shapely.distance(shapely.centroid(parts), shapely.Point(middle)) / (side / 2)
    setting = np.select([off < 0.25, off < 0.5], ["urban", "township"], "rural")
    names = [f"单元{number:03d}" for number in range(len(parts))]
    frame = {"name": names, "setting": setting, "residents": np.nan, "priority": 1.0}
    ids = pd.Index([f"{430500000 + n}" for n in range(len(parts))], name="unit_id")
    return gpd.GeoDataFrame(frame, geometry=parts, index=ids, crs=CRS)


def _cells(random: np.random.Generator, units: gpd.GeoDataFrame, side: float) -> gpd.GeoDataFrame:
    grid = grid_over(units.total_bounds, CELL_M, units.crs)
    pieces = cut(grid, units.geometry)
    shape = (grid.rows, grid.columns)
    dense = _bumps(random, shape, 0.02 * side / CELL_M) + 0.5 * _bumps(random, shape, 3)
    density = np.exp(1.3 * dense + 0.6 * random.standard_normal(shape)) * (dense > -0.2)
    persons = density.ravel()[pieces["cell"]] * pieces["share"].to_numpy()
    land = np.where(
        persons > 2.0, random.uniform(500, 9000, len(persons)) * pieces["share"], np.nan
    )
    return gpd.GeoDataFrame(
        {
            "unit_id": units.index[pieces["area"]],
            "setting": units["setting"].to_numpy()[pieces["area"]],
            "persons": persons,
            "residential_m2": land,
            "x": pieces["x"],
            "y": pieces["y"],
        },
        geometry=pieces["geometry"].to_numpy(),
        index=pd.RangeIndex(len(pieces), name="cell_id"),
        crs=units.crs,
    )


def _bumps(random: np.random.Generator, shape: tuple[int, int], width: float) -> np.ndarray:
    noise = gaussian_filter(random.standard_normal(shape), width)
    return np.asarray(noise / noise.std())


def _facilities(random: np.random.Generator, side: float) -> gpd.GeoDataFrame:
    count = FACILITIES * len(KINDS)
    at = np.array(ORIGIN) + (0.5 + 0.4 * random.uniform(-1, 1, (count, 2))) * side
    return gpd.GeoDataFrame(
        {"kind": np.repeat(KINDS, FACILITIES), "name": None, "source": "synthetic"},
        geometry=gpd.points_from_xy(at[:, 0], at[:, 1]),
        index=pd.Index([f"s{number:04d}" for number in range(count)], name="facility_id"),
        crs=CRS,
    )


def _access(
    random: np.random.Generator, cells: gpd.GeoDataFrame, facilities: gpd.GeoDataFrame
) -> pd.DataFrame:
    """Invent walks: along a street grid, plus what all of a cell share, plus each way's own."""
    x, y = cells["x"].to_numpy(), cells["y"].to_numpy()
    column = ((x - x.min()) / CELL_M).astype(int)
    row = ((y - y.min()) / CELL_M).astype(int)
    shape = (int(row.max()) + 1, int(column.max()) + 1)
    shared = 70 * np.abs(random.standard_normal(shape)) + 140 * _bumps(random, shape, 2)
    shared += 350 * _bumps(random, shape, 15) + 500
    ways = np.stack(
        [70 * _bumps(random, shape, 2) + 150 * _bumps(random, shape, 8) for _ in "abcdef"]
    )
    own = 35 * random.standard_normal(shape)
    seconds, nearest = [], []
    for kind in KINDS:
        of_kind = np.flatnonzero((facilities["kind"] == kind).to_numpy())
        at = shapely.get_coordinates(facilities.geometry.array[of_kind])
        metres, which = cKDTree(at).query(np.column_stack([x, y]), k=3, p=1)
        metres += ways[which % len(ways), row[:, None], column[:, None]]
        best = np.argmin(metres, axis=1)
        walk = metres[np.arange(len(x)), best] + (shared + own)[row, column]
        walk += 20 * random.standard_normal(len(x))
        seconds.append(np.maximum(walk, 5.0) / SPEED)
        nearest.append(of_kind[which[np.arange(len(x)), best]])
    index = code_index(
        {"cell_id": cells.index, "kind": pd.Index(KINDS)},
        np.tile(np.arange(len(x), dtype=np.int32), len(KINDS)),
        np.repeat(np.arange(len(KINDS), dtype=np.int8), len(x)),
    )
    names = pd.Categorical.from_codes(np.concatenate(nearest), categories=facilities.index)
    columns = {"seconds": np.concatenate(seconds), "facility_id": names.astype("str")}
    return pd.DataFrame(columns, index=index)


def _isochrones(facilities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    rows = [
        (kind, minutes, kind, "minutes", group.buffer(minutes * 60 * SPEED / 1.3).union_all())
        for kind, group in facilities.groupby("kind")
        for minutes in (5.0, 10.0, 15.0, 30.0)
    ]
    frame = pd.DataFrame(rows, columns=["origin", "limit", "kind", "limit_unit", "geometry"])
    return gpd.GeoDataFrame(frame.set_index(["origin", "limit"]), geometry="geometry", crs=CRS)


class Peak:
    """Highest resident memory of this process while a block runs, MB."""

    def __enter__(self) -> Self:
        self.megabytes = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        process = psutil.Process()
        while not self._done.wait(0.05):
            self.megabytes = max(self.megabytes, process.memory_info().rss / 2**20)


def page_path(folder: Path, size: str) -> Path:
    """Where the map of a size is left."""
    return folder / f"{size.replace('/', '-')}.html"


def build(size: str, folder: str) -> dict[str, Any]:
    """Build one map, and say what it took."""
    count, _, finer = size.partition("/")
    if finer:  # in a process of its own
        cellpack.MINUTES_UP_TO = 10**12
    if finer == "tenths":
        cellpack.TENTHS_UP_TO = 10**12
    county = assess(read_config(DEMO)) if count == "demo" else synthetic_county(int(count))
    tables = psutil.Process().memory_info().rss / 2**20
    begin = time.perf_counter()
    with Peak() as peak:
        html = map_html(coverage_map(county))
    path = page_path(Path(folder), size)
    path.write_text(html, encoding="utf-8")
    data = json.loads(html.split('id="lifecircle-data">')[1].split("</script>")[0])
    parts = {key: len(json.dumps(value)) / 1e6 for key, value in data.items() if value}
    inside = {key: len(json.dumps(value)) / 1e6 for key, value in data["cells"].items() if value}
    steps = data["cells"]["steps"]
    return {
        "map": "demo" if size == "demo" else f"synthetic {size.partition('/')[2]}".strip(),
        "cells": len(county.cells),
        "kinds": sum(column is not None for column in data["cells"]["kinds"]),
        "minutes": "tenths" if not steps else ", ".join(f"{s} to {to}" for to, s in steps),
        "file_mb": path.stat().st_size / 1e6,
        "build_s": time.perf_counter() - begin,
        "tables_mb": tables,
        "peak_mb": peak.megabytes,
        "parts": {**parts, **{f"cells.{key}": value for key, value in inside.items()}},
    }


READY = """
new MutationObserver((_, watcher) => {
  if (!document.querySelector("[data-ready=true]")) return;
  watcher.disconnect();
  window.readyAt = performance.now();
}).observe(document, { childList: true, subtree: true, attributeFilter: ["data-ready"] });
"""
SWITCH = """
(key) => new Promise((resolve) => {
  const select = document.querySelector(".lc-layers option[value=own]").closest("select");
  const begin = performance.now();
  select.value = key;
  select.dispatchEvent(new Event("change"));
  requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - begin)));
})
"""
ANSWER = """
() => {
  const centre = map_lifecircle.latLngToContainerPoint(map_lifecircle.getCenter());
  for (let turn = 0; turn < 400; turn++) { // from the middle outwards, until there is a cell
    const at = centre.add([turn * Math.cos(turn), turn * Math.sin(turn)]);
    const begin = performance.now();
    map_lifecircle.fire("click", { latlng: map_lifecircle.containerPointToLatLng(at) });
    const spent = performance.now() - begin;
    if (document.querySelector(".leaflet-popup-content .lc-services caption + tbody .lc-verdict")
      && document.querySelector(".leaflet-popup-content h3 small")) return spent;
  }
  throw Error("no cell found");
}
"""
REPAINT = """
(zoom) => {
  map_lifecircle.setZoom(zoom, { animate: false });
  const begin = performance.now();
  for (let i = 0; i < 5; i++) map_lifecircle.fire("moveend");
  return (performance.now() - begin) / 5;
}
"""


def watch(browser: Browser, path: Path) -> dict[str, Any]:
    """Open a map with the network blocked, and time what a reader does."""
    context = browser.new_context(viewport={"width": 1366, "height": 768}, offline=True)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.add_init_script(READY)
    page.goto(path.as_uri())
    page.wait_for_function("window.readyAt", timeout=120_000)
    opened = page.evaluate("window.readyAt") / 1e3
    kinds = page.evaluate(
        """() => [...document.querySelectorAll(".lc-layers option")].map((o) => o.value)
          .filter((value) => value.startsWith("kind:"))"""
    )
    page.locator(".lc-toggle", has_text="仅显示有居民的格网").click()
    page.click(".lc-chips legend button >> nth=1")  # no facility in the way of the click
    first = page.evaluate(SWITCH, kinds[0]) / 1e3
    cold = page.evaluate(ANSWER) / 1e3
    page.wait_for_timeout(6_000)
    page.evaluate("map_lifecircle.closePopup()")
    further = statistics.median(page.evaluate(SWITCH, key) / 1e3 for key in kinds[1:6])
    warm = page.evaluate(ANSWER) / 1e3
    least = page.evaluate("map_lifecircle.getMinZoom() + 2")
    repaint = [page.evaluate(REPAINT, least + step) / 1e3 for step in (0, 2, 4)]
    context.close()
    if complaints:
        raise RuntimeError(complaints)
    return {
        "open_s": opened,
        "first_switch_s": first,
        "switch_s": further,
        "first_click_s": cold,
        "click_s": warm,
        "repaint_s": max(repaint),
    }


NOTES = """Synthetic counties: invented units, residents and walks, seeded; 25 kinds of 200
facilities each, four circles, some 200 units. Their walks are as hard to foretell from those of the
cells around as the demo's (5.9 bits per walk in tenths of minutes, 2.7 in whole ones; the demo,
which is Liechtenstein: 5.9 and 2.8). Open is from navigation to a map that is ready; first switch
is the first change of the indicator, whose figures have yet to be unpacked; click at once is the
first click on a cell after that, which unpacks all figures; click later comes after the page has
unpacked them by itself; repaint is the slowest of three zooms. The network is blocked.

More than 5 million values (cells times kinds measured) are said in whole minutes, more than 20
million in coarser ones, so that a file stays below 12 MB; thresholds are always among the steps,
and the page says what they are. "Minutes" and "tenths" behind a synthetic county are the same with
finer minutes than the page would choose: what that would cost."""

COLUMNS = {
    "map": ("map", "{}"),
    "cells": ("cells", "{:,}"),
    "kinds": ("kinds", "{}"),
    "minutes": ("minutes in steps of", "{}"),
    "file_mb": ("file, MB", "{:.2f}"),
    "build_s": ("build, s", "{:.1f}"),
    "tables_mb": ("memory before, MB", "{:,.0f}"),
    "peak_mb": ("peak, MB", "{:,.0f}"),
    "open_s": ("open, s", "{:.2f}"),
    "first_switch_s": ("first switch, s", "{:.3f}"),
    "switch_s": ("switch, s", "{:.3f}"),
    "first_click_s": ("click at once, s", "{:.3f}"),
    "click_s": ("click later, s", "{:.3f}"),
    "repaint_s": ("repaint, s", "{:.3f}"),
}


def table(rows: list[dict[str, Any]]) -> str:
    """Write the measurements as a Markdown table, one column per map."""
    lines = [
        f"| {head} | " + " | ".join(form.format(row[key]) for row in rows) + " |"
        for key, (head, form) in COLUMNS.items()
    ]
    return "\n".join([lines[0], "|---" * (len(rows) + 1) + "|", *lines[1:]])


def largest(row: dict[str, Any]) -> str:
    """Name what takes most of a file."""
    parts = sorted(row["parts"].items(), key=lambda part: -part[1])
    return ", ".join(f"{key} {size:.2f}" for key, size in parts if key != "cells" and size > 0.05)


def main() -> None:
    """Build and open each map, and print or write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", nargs="*", default=["demo", "100000", "1000000"])
    parser.add_argument("--write", type=Path)
    parser.add_argument("--keep", type=Path, help="folder to leave the maps in")
    asked = parser.parse_args()
    rows = []
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with tempfile.TemporaryDirectory() as own, sync_playwright() as playwright:
        folder = asked.keep or Path(own)
        for size in asked.sizes:
            # A process of its own, so that memory is not that of the map before.
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                row = pool.apply(build, (size, str(folder)))
            browser = playwright.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
            )
            row |= watch(browser, page_path(folder, size))
            version = browser.version
            browser.close()
            rows.append(row)
            print(json.dumps(row, ensure_ascii=False))
    memory = psutil.virtual_memory().total / 2**30
    machine = f"{os.cpu_count()} cores, {memory:.0f} GB, Chromium {version}, headless, no GPU"
    text = f"{NOTES}\n\n{table(rows)}\n\n{dt.datetime.now(tz=dt.UTC):%Y-%m-%d}; {machine}.\n"
    text += "".join(
        f"\nLargest parts, {row['cells']:,} cells, MB: {largest(row)}.\n" for row in rows
    )
    print(text)
    if asked.write:
        head = (
            "# The map at size\n\n`python benchmarks/map_scale.py --write benchmarks/map_scale.md`"
        )
        asked.write.write_text(f"{head}\n\n{text}", encoding="utf-8")


if __name__ == "__main__":
    main()
