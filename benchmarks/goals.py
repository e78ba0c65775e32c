"""Print the goals of performance side by side with what this machine does, peers in the same run.

Every engine answers the same question on the same streets; its answers are held against ours before
its time counts. Engines take turns, so that trust belongs to the ratios, not to the seconds. A peer
that is not installed, or far too slow at a size, is named with the reason.

    python benchmarks/goals.py [--osm porto.osm.pbf] [--quick] [--nodes N] [--only PART ...]
        [--page FILE.md] [--valhalla-tools FOLDER]

Parts: nearest, counts, osmnx, isochrones, valhalla, search, county, growth.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import logging
import platform
import subprocess
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import numba
import numpy as np
import peers
import psutil
import shapely
import synthetic
from measuring import exponent, in_turn, table, timed
from peers import AbsentError
from pyproj import Transformer
from scipy.sparse.csgraph import dijkstra

from lifecircle import WalkNetwork, isochrones
from lifecircle.isochrone import _Drawing, _snap_raster
from lifecircle.reach import nearest_seconds, pair_seconds, search_junctions, seconds_to_ends, take

CUTOFF = 900.0  # s: 15 minutes
DEMO = Path(__file__).parents[1] / "data/liechtenstein/liechtenstein-2013-08-03.osm.pbf"
COUNTIES = 2800
WORKERS = 64
EFFICIENCY = 0.93  # of two counties at once on two cores, measured


@dataclass
class Page:
    """Rows of the goals table, further tables, and who is absent."""

    goals: list[list[str]] = field(default_factory=list)
    sections: list[tuple[str, str]] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)

    def goal(self, against: str, wanted: str, got: str, agreement: str, reached: bool) -> None:  # noqa: FBT001
        """Add a row, and print it at once."""
        row = [against, wanted, got, "yes" if reached else "**no**", agreement]
        self.goals.append(row)
        print(" | ".join(row), flush=True)

    def missing(self, who: str, why: object) -> None:
        """Name a peer that took no part."""
        self.absent.append(f"{who}: {why}")
        print(f"absent: {self.absent[-1]}", flush=True)


@dataclass(frozen=True)
class Run:
    """What was asked."""

    osm: Path
    quick: bool
    tools: Path | None
    page: Page
    nodes: int | None = None

    @property
    def sizes(self) -> tuple[int, ...]:
        """Nodes of the synthetic counties."""
        return (20_000, 200_000) if self.quick else (20_000, 200_000, 1_000_000)

    @property
    def middle(self) -> int:
        """Nodes of the county on which peers are compared."""
        return self.nodes or (20_000 if self.quick else 200_000)


class Ours:
    """Our engine over the nodes of a network, so that peers that know only nodes can compare."""

    def __init__(self, network: WalkNetwork) -> None:
        self.network = network
        self.at = network.locate(network.node_places())

    def times(self, sources: peers.Ints) -> peers.Floats:
        """Seconds to the nearest source at every node; inf beyond the cutoff."""
        labels = np.zeros(len(sources), np.int32)
        found, _ = nearest_seconds(self.network, take(self.at, sources), labels, self.at, CUTOFF)
        return np.where(np.isnan(found), np.inf, found)

    def counts(self, sources: peers.Ints) -> peers.Floats:
        """Count the sources within the cutoff of every node."""
        number = len(sources)
        of = take(self.at, sources)
        _, node, _ = pair_seconds(self.network, of, np.arange(number), number, self.at, CUTOFF)
        return np.bincount(node, minlength=len(self.network.node_x)).astype(np.float64)


def apart(ours: peers.Floats, theirs: peers.Floats) -> str:
    """Say how far two answers differ: seconds where both reach, and nodes that only one reaches."""
    both = np.isfinite(ours) & np.isfinite(theirs)
    one = int((np.isfinite(ours) != np.isfinite(theirs)).sum())
    worst = float(np.abs(ours[both] - theirs[both]).max(initial=0.0))
    return f"times differ by at most {worst:.1e} s, {one} of {len(ours)} nodes reached by one only"


def nearest(run: Run) -> None:
    """Nearest facility at all nodes, 200 facilities a kind, within 15 minutes."""
    network = synthetic.network(run.middle)
    ours = Ours(network)
    random = np.random.default_rng(3)
    sources = random.choice(len(network.node_x), 200, replace=False)
    mine = ours.times(sources)
    nodes, edges = synthetic.streets(run.middle)
    _, build = timed(lambda: _prepared(nodes, edges))
    rows: list[list[str]] = []

    def against(name: str, make: Callable[[], Any], ask: Callable[[Any], peers.Floats]) -> Any:
        try:
            peer, setup = timed(make)
            agreement = apart(mine, ask(peer))
        except AbsentError as why:
            run.page.missing(name, why)
            return None
        spent = in_turn({"ours": lambda: ours.times(sources), name: lambda: ask(peer)})
        with_setup = (setup + 20 * spent[name]) / (build + 20 * spent["ours"])
        alone = spent[name] / spent["ours"]
        rows.append([name, f"{spent['ours'] * 1e3:.1f}", f"{spent[name] * 1e3:.1f}",
                     f"{alone:.1f}", f"{build:.2f}", f"{setup:.2f}", f"{with_setup:.1f}",
                     agreement])  # fmt: skip
        return alone, with_setup, agreement

    against(
        "scipy (raw nodes)",
        lambda: peers.csr(network),
        lambda g: dijkstra(g, indices=sources, min_only=True, limit=CUTOFF),
    )
    ids = network.node_ids.tolist()
    against(
        "networkx",
        network.to_networkx,
        lambda g: peers.networkx_times(g, ids, sources, CUTOFF),
    )
    found = against(
        "pandana",
        lambda: peers.pandana_network(network),
        lambda p: peers.pandana_times(p, network, sources, CUTOFF),
    )
    if found:
        alone, both, agreement = found
        reached = both >= 50 and alone >= 20
        run.page.goal("pandana nearest, with set-up (20 kinds) / query alone", ">= 50x / >= 20x",
                      f"{both:.0f}x / {alone:.0f}x", agreement, reached)  # fmt: skip
    metres = round(CUTOFF * 1.25)
    found = against(
        "cityseer (nearest and counts)",
        lambda: peers.cityseer_network(network),
        lambda p: peers.cityseer_times(p, network, sources, metres) / 1.25,
    )
    if found:
        both = in_turn({"ours": lambda: (ours.times(sources), ours.counts(sources))}, 3)["ours"]
        theirs = float(rows[-1][2]) / 1e3 / both
        run.page.goal("cityseer nearest + counts, query alone", ">= 100x", f"{theirs:.0f}x",
                      found[2], theirs >= 100)  # fmt: skip
    head = ["peer", "ours ms a kind", "peer ms a kind", "ratio", "our set-up s", "its set-up s",
            "ratio with set-up, 20 kinds", "answers"]  # fmt: skip
    title = f"Nearest facility at {len(network.node_x):,} nodes, synthetic"
    run.page.sections.append((title, table(head, rows)))


def _prepared(nodes: Any, edges: Any) -> WalkNetwork:
    """Build a network with everything that a first search needs."""
    network = WalkNetwork.from_tables(nodes, edges, crs=synthetic.CRS)
    _ = network.half_seconds, network.chain_ends
    return network


def counts(run: Run) -> None:
    """Facilities within 15 minutes of every node, against pandana's aggregate."""
    network = synthetic.network(run.middle)
    ours = Ours(network)
    sources = np.random.default_rng(4).choice(len(network.node_x), 875, replace=False)
    try:
        peer = peers.pandana_network(network)
        theirs = peers.pandana_counts(peer, sources, CUTOFF, len(network.node_x))
    except AbsentError as why:
        run.page.missing("pandana counts", why)
        return
    same = float((ours.counts(sources) == theirs).mean())
    spent = in_turn(
        {
            "ours": lambda: ours.counts(sources),
            "pandana": lambda: peers.pandana_counts(peer, sources, CUTOFF, len(network.node_x)),
        }
    )
    ratio = spent["pandana"] / spent["ours"]
    run.page.goal("pandana counts within 15 min", ">= 40x", f"{ratio:.0f}x",
                  f"counts equal at {same:.2%} of the nodes", ratio >= 40)  # fmt: skip


@cache
def _osmnx_graph(osm: Path) -> tuple[Any, float]:
    """Read with OSMnx once for both parts that need it; give the graph and its seconds."""
    with peers.scratch() as folder:
        return timed(lambda: peers.osmnx_graph(osm, Path(folder)))


def osmnx(run: Run) -> None:
    """OSM file to coverage of 25 kinds: OSMnx + networkx against ours, both in full."""
    script = Path(__file__).with_name("county.py")
    cells = 50_000 if run.quick else 500_000
    mine = json.loads(_python(script, run.osm, "--cells", cells, "--json"))
    stages = ("read", "network", "snap", "times", "coverage")
    ours = sum(mine["seconds"][name] for name in stages)
    try:
        nx = peers.need("networkx")
        graph, read = _osmnx_graph(run.osm)
    except AbsentError as why:
        run.page.missing("OSMnx", why)
        return
    network = WalkNetwork.from_osm(run.osm)
    random = np.random.default_rng(7)
    homes = synthetic.cells(network, cells, random)
    places = synthetic.facilities(network, synthetic.SIZES, random)
    nearest_nodes = peers.need("osmnx").distance.nearest_nodes
    graph_crs = graph.graph["crs"]

    def coverage() -> list[float]:
        at = homes.geometry.to_crs(graph_crs)
        home = nearest_nodes(graph, at.x.to_numpy(), at.y.to_numpy())
        at = places.geometry.to_crs(graph_crs)
        place = np.asarray(nearest_nodes(graph, at.x.to_numpy(), at.y.to_numpy()))
        persons = homes["persons"].to_numpy()
        shares = []
        for kind in synthetic.KINDS:
            sources = set(place[(places["kind"] == kind).to_numpy()].tolist())
            found = nx.multi_source_dijkstra_path_length(
                graph, sources, cutoff=CUTOFF, weight="seconds"
            )
            reached = np.fromiter((node in found for node in home), np.bool_, len(home))
            shares.append(float(persons[reached].sum() / persons.sum()))
        return shares

    shares, spent = timed(coverage)
    gap = np.abs(np.array(mine["coverage_by_kind"]) - np.array(shares)).max() * 100
    ratio = (read + spent) / ours
    run.page.goal(
        f"OSMnx + networkx, {run.osm.name} -> coverage of 25 kinds, {cells:,} cells",
        ">= 30x",
        f"{ratio:.0f}x ({ours:.1f} s : {read + spent:.0f} s)",
        f"coverage differs by at most {gap:.1f} points (OSMnx snaps to the nearest node)",
        ratio >= 30,
    )


def _python(script: Path, *words: object) -> str:
    """Run a script in a process of its own, so that its memory is its own."""
    command = [sys.executable, str(script), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout


def _exact(network: WalkNetwork, at: Any, node: int, limit: float) -> shapely.Geometry:
    """Give the reachable streets, each cut exactly where the time runs out, 50 m wide."""
    found, _ = nearest_seconds(
        network, take(at, np.array([node])), np.zeros(1, np.int32), at, limit
    )
    left = np.where(np.isnan(found), -1.0, limit - found)
    u, v, w = network.segment_u, network.segment_v, network.segment_seconds
    x, y = network.node_x, network.node_y
    lines = []
    for a, b in ((u, v), (v, u)):
        on = np.flatnonzero(left[a] > 0)
        share = np.minimum(left[a[on]] / np.maximum(w[on], 1e-9), 1.0)
        ends = np.stack([x[a[on]], y[a[on]]], -1)
        far = np.stack([x[b[on]], y[b[on]]], -1)
        lines.append(np.stack([ends, ends + share[:, None] * (far - ends)], axis=1))
    pieces = shapely.linestrings(np.concatenate(lines))
    return shapely.union_all(shapely.buffer(pieces, 50.0, quad_segs=4))


def _iou(one: shapely.Geometry, other: shapely.Geometry) -> float:
    one, other = shapely.make_valid(one), shapely.make_valid(other)
    return float(one.intersection(other).area / one.union(other).area)


def isochrone_recipe(run: Run) -> None:
    """Three isochrones of a facility: ours at 20 m against OSMnx's published recipe."""
    network = WalkNetwork.from_osm(run.osm)
    try:
        graph, _ = _osmnx_graph(run.osm)
    except AbsentError as why:
        run.page.missing("OSMnx isochrones", why)
        return
    at = network.locate(network.node_places())
    known = {node: n for n, node in enumerate(network.node_ids.tolist())}
    both = [node for node in graph.nodes if node in known]
    chosen = [both[n] for n in np.random.default_rng(5).choice(len(both), 12, replace=False)]
    ours_many = _facilities_at(network, [known[node] for node in chosen])
    drawn = isochrones(network, ours_many, minutes=(5, 10, 15), per_facility=True, access_m=50)
    to_ours = Transformer.from_crs(graph.graph["crs"], network.crs, always_xy=True)
    quality: list[tuple[float, float]] = []
    spent = []
    for n, node in enumerate(chosen):
        shapes, seconds = timed(
            lambda node=node: [peers.osmnx_isochrone(graph, node, m * 60.0) for m in (5, 10, 15)]
        )
        spent.append(seconds)
        for minutes, theirs in zip((5, 10, 15), shapes, strict=True):
            truth = _exact(network, at, known[node], minutes * 60.0)
            carried = shapely.transform(theirs, to_ours.transform, interleaved=False)
            mine = drawn["geometry"][f"s{n}", minutes]
            quality.append((_iou(mine, truth), _iou(carried, truth)))
    each = _seconds_each(network, run)
    mine, theirs = np.median(quality, axis=0)
    ratio = float(np.median(spent)) / each
    run.page.goal(
        "OSMnx's isochrone recipe, 3 thresholds, no worse IoU",
        ">= 100x",
        f"{ratio:.0f}x ({each * 1e3:.2f} ms : {np.median(spent) * 1e3:.0f} ms)",
        f"IoU with exactly cut streets, 50 m wide: ours {mine:.3f}, OSMnx {theirs:.3f}",
        ratio >= 100 and mine >= theirs,
    )


def _facilities_at(network: WalkNetwork, nodes: list[int]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"kind": "kind00", "name": None, "source": "synthetic"},
        index=[f"s{n}" for n in range(len(nodes))],
        geometry=gpd.points_from_xy(network.node_x[nodes], network.node_y[nodes]),
        crs=network.crs,
    ).rename_axis("facility_id")


def _seconds_each(network: WalkNetwork, run: Run, raster_m: float = 20.0) -> float:
    """Give our seconds per facility for three limits; the raster is snapped once, told apart."""
    many = 200 if run.quick else 1000
    nodes = np.random.default_rng(6).choice(len(network.node_x), many + 1, replace=False)
    places = _facilities_at(network, nodes.tolist())

    # Timed alone: taking the raster's snapping off a whole run would leave mostly noise.
    raster = _snap_raster(network, raster_m, 100.0, None)
    limits = np.array([5.0, 10.0, 15.0]) * 60.0
    drawing = _Drawing.prepare(network, raster, limits, 100.0)
    origins = network.locate(network.snap(places))

    def draw() -> None:
        for n in range(len(places)):
            list(drawing.around(take(origins, np.array([n])), single=True))

    draw()
    return in_turn({"all": draw})["all"] / len(places)


def valhalla(run: Run) -> None:
    """Three isochrones of a facility against Valhalla, whose answer is only the request's time."""
    network = WalkNetwork.from_osm(run.osm)
    with peers.scratch() as folder:
        try:
            peer = peers.Valhalla(run.osm, Path(folder), run.tools)
        except AbsentError as why:
            run.page.missing("Valhalla", why)
            return
        nodes = np.random.default_rng(6).choice(len(network.node_x), 200, replace=False)
        there = Transformer.from_crs(network.crs, 4326, always_xy=True)
        back = Transformer.from_crs(4326, network.crs, always_xy=True)
        lon, lat = there.transform(network.node_x[nodes], network.node_y[nodes])
        at = network.locate(network.node_places())
        places = _facilities_at(network, nodes[:30].tolist())
        drawn = isochrones(network, places, minutes=(5, 10, 15), per_facility=True, access_m=50)
        quality, spent = [], []
        for n in range(len(nodes)):
            try:
                _, seconds = timed(lambda n=n: peer.ask(lon[n], lat[n], (5, 10, 15)))
            except RuntimeError:  # no edge that it thinks walkable is near
                continue
            spent.append(seconds)
            if n < len(places):
                for minutes, shape in peer.isochrones(lon[n], lat[n], (5, 10, 15)).items():
                    truth = _exact(network, at, int(nodes[n]), minutes * 60.0)
                    carried = shapely.transform(shape, back.transform, interleaved=False)
                    if (f"s{n}", minutes) in drawn.index:
                        mine = drawn["geometry"][f"s{n}", minutes]
                        quality.append((_iou(mine, truth), _iou(carried, truth)))
        each = {step: _seconds_each(network, run, step) for step in (20.0, 10.0)}
    theirs = float(np.median(spent))
    got = [theirs / each[step] for step in (20.0, 10.0)]
    mine_iou, their_iou = np.median(quality, axis=0)
    run.page.goal(
        "Valhalla's isochrones, ours at 20 m / 10 m",
        ">= 2x / >= 1x",
        f"{got[0]:.1f}x / {got[1]:.1f}x ({each[20.0] * 1e3:.2f} / {each[10.0] * 1e3:.2f} ms : "
        f"{theirs * 1e3:.2f} ms)",
        f"IoU with exactly cut streets: ours {mine_iou:.3f}, Valhalla {their_iou:.3f}; "
        f"{len(nodes) - len(spent)} places that it refused",
        got[0] >= 2 and got[1] >= 1,
    )


@numba.njit
def _sweep(ptr: Any, to: Any, seconds: Any, best: Any) -> None:
    """Relax every edge once, in the order of storage: less no search can do."""
    for x in range(len(ptr) - 1):
        least = best[x]
        for h in range(ptr[x], ptr[x + 1]):
            t = best[to[h]] + seconds[h]
            least = min(least, t)
        best[x] = least


def search(run: Run) -> None:
    """Hold the search over junctions against its lower bound, and against scipy's."""
    network = synthetic.network(run.middle)
    ptr, to, _ = network.junction_graph
    weights = network.half_seconds
    at = network.locate(network.node_places())
    node = np.random.default_rng(8).choice(len(network.node_x), 200, replace=False)
    start, seconds = seconds_to_ends(network, take(at, node))
    a, b = network.chain_ends
    size = len(network.junction_node)
    graph = peers.shortest_csr(a.astype(np.int64), b.astype(np.int64), network.chain_seconds, size)
    sources = np.unique(start)
    mine = search_junctions(network, sources, np.zeros(len(sources)), None, CUTOFF)[0]
    theirs = dijkstra(graph, indices=sources, min_only=True, limit=CUTOFF)
    best = np.ones(size)
    labels = np.zeros(len(start), np.int32)
    _sweep(ptr, to, weights, best)
    spent = in_turn(
        {
            "sweep": lambda: _sweep(ptr, to, weights, best),
            "times": lambda: search_junctions(network, start, seconds, None, CUTOFF),
            "labels": lambda: search_junctions(network, start, seconds, labels, CUTOFF),
            "scipy": lambda: dijkstra(graph, indices=sources, min_only=True, limit=CUTOFF),
        },
        15,
    )
    ratio = spent["times"] / spent["sweep"]
    run.page.goal(
        f"sweep of all edges once, search of {size:,} junctions",
        "<= 4x",
        f"{ratio:.1f}x times alone, {spent['labels'] / spent['sweep']:.1f}x with the nearest's "
        f"name; {spent['times'] / spent['scipy']:.2f} of scipy",
        apart(mine, theirs),
        ratio <= 4.0,
    )


def county(run: Run) -> None:
    """Profile a county by stage: the engine alone, and a whole assessment."""
    script = Path(__file__).with_name("county.py")
    few, many = (20_000, 100_000) if run.quick else (100_000, 500_000)
    head = ["stage", "s", "peak MB"]
    done = json.loads(_python(script, run.osm, "--cells", many, "--json"))
    total = sum(done["seconds"].values())
    _stages(run, f"Engine alone, {run.osm.name}, {many:,} synthetic cells", done, head)
    run.page.goal(
        f"engine of a county: 25 kinds, {many:,} cells, coverage, all pairs, 75 polygons",
        "(part of the next)",
        f"{total:.1f} s, {done['peak_process_mb'] / 1024:.1f} GiB",
        f"least of {done['pairs'] / 1e6:.0f}M pairs = nearest, "
        f"to {done['pairs_against_nearest_s']:.0e} s",
        total <= 12 and done["peak_process_mb"] <= 2048,
    )
    took = {}
    for size in (few, many):
        done = json.loads(_python(script, run.osm, "--cells", size, "--assess", "--json"))
        took[size] = sum(done["seconds"].values())
        _stages(run, f"Whole assessment, {run.osm.name}, {size:,} synthetic cells", done, head)
        run.page.goal(
            f"a county, 25 kinds, polygons, gaps, scores, all tables; {size:,} cells",
            "<= 12 s, <= 2 GiB",
            f"{took[size]:.1f} s, {done['peak_process_mb'] / 1024:.1f} GiB",
            "-",
            took[size] <= 12 and done["peak_process_mb"] <= 2048,
        )
    minutes = [each * COUNTIES / WORKERS / EFFICIENCY / 60 for each in took.values()]
    run.page.goal(
        f"all China, {COUNTIES} counties on {WORKERS} cores after one ingest",
        "<= 15 min",
        f"{minutes[0]:.0f} min with counties of {few:,} cells, {minutes[1]:.0f} min of {many:,}; "
        "calculated",
        f"assumes the seconds above for every county, efficiency {EFFICIENCY}, disks that keep up",
        minutes[0] <= 15,
    )


def _stages(run: Run, title: str, done: dict[str, Any], head: list[str]) -> None:
    rows = [[k, f"{v:.2f}", str(done["peak_mb"][k])] for k, v in done["seconds"].items()]
    rows.append(["total", f"{sum(done['seconds'].values()):.2f}", str(done["peak_process_mb"])])
    run.page.sections.append((title, table(head, rows)))


def growth(run: Run) -> None:
    """How the engine's parts grow with the network."""
    names = ("build network", "nearest, a kind at all nodes", "snap 100k places",
             "counts, 200 facilities", "isochrones, one kind, 3 limits")  # fmt: skip
    rows: dict[str, list[float]] = {name: [] for name in names}
    sizes = []
    for size in run.sizes:
        nodes, edges = synthetic.streets(size)
        network, build = timed(lambda n=nodes, e=edges: _prepared(n, e))
        ours = Ours(network)
        random = np.random.default_rng(9)
        sources = random.choice(len(network.node_x), 200, replace=False)
        homes = synthetic.cells(network, 100_000, random)
        places = _facilities_at(network, sources.tolist())
        work: dict[str, Callable[[], object]] = {
            names[1]: lambda o=ours, s=sources: o.times(s),
            names[2]: lambda w=network, h=homes: w.snap(h),
            names[3]: lambda o=ours, s=sources: o.counts(s),
            names[4]: lambda w=network, p=places: isochrones(w, p, minutes=(5, 10, 15)),
        }
        for part in work.values():
            part()
        sizes.append(len(network.node_x))
        rows[names[0]].append(build)
        for name, seconds in in_turn(work).items():
            rows[name].append(seconds)
    head = ["part (s)", *(f"{n:,} nodes" for n in sizes), "exponent"]
    lines = [
        [name, *(f"{v:.4g}" for v in values), f"{exponent(sizes, values):.2f}"]
        for name, values in rows.items()
    ]
    run.page.sections.append(
        ("Growth, synthetic counties: s = c x nodes ^ exponent", table(head, lines))
    )
    print(table(head, lines), flush=True)


PARTS: dict[str, Callable[[Run], None]] = {
    "nearest": nearest,
    "counts": counts,
    "osmnx": osmnx,
    "isochrones": isochrone_recipe,
    "valhalla": valhalla,
    "search": search,
    "county": county,
    "growth": growth,
}


def text(page: Page, asked: argparse.Namespace) -> str:
    """Give the page as Markdown; the machine is described, not named."""
    cores, memory = psutil.cpu_count(), psutil.virtual_memory().total / 2**30
    load = psutil.getloadavg()[1] if hasattr(psutil, "getloadavg") else float("nan")
    about = (
        f"{cores} cores ({platform.machine()}), {memory:.0f} GiB, Python "
        f"{platform.python_version()}, numba {numba.__version__}; load of the machine in the last "
        f"five minutes {load:.1f}. Streets: {asked.osm.name}; counties named synthetic are "
        "invented (`synthetic.py`, seeded). Ratios are the peer's time divided by ours, engines "
        "in turn in one run; above 1 we are faster. Answers are compared before times. Isochrones "
        "are timed with the raster snapped before, once for all facilities, as Valhalla's tiles "
        "are built before."
    )
    lines = [
        f"# Performance, {dt.date.today().isoformat()}",  # noqa: DTZ011
        "",
        about,
        "",
        "## Goals",
        "",
        table(["against", "goal", "here", "reached", "answers"], page.goals),
    ]
    for title, body in page.sections:
        lines += ["", f"## {title}", "", body]
    if page.absent:
        lines += ["", "## Absent", "", *(f"- {line}" for line in page.absent)]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run the parts that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--osm", type=Path, default=DEMO, help="streets; the demo by default")
    parser.add_argument("--quick", action="store_true", help="smaller counties")
    parser.add_argument("--nodes", type=int, help="of the county on which peers are compared")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--valhalla-tools", type=Path, help="folder of valhalla_build_tiles")
    parser.add_argument("--page", type=Path, help="write the tables to this Markdown file")
    asked = parser.parse_args()
    page = Page()
    run = Run(asked.osm, asked.quick, asked.valhalla_tools, page, asked.nodes)
    logging.getLogger().setLevel(logging.WARNING)
    with warnings.catch_warnings(action="ignore"):
        for part in asked.only:
            print(f"-- {part}", flush=True)
            try:
                PARTS[part](run)
            except Exception as error:  # noqa: BLE001 - one part that fails costs no other
                page.missing(part, f"failed: {type(error).__name__}: {error}")
    result = text(page, asked)
    print(result)
    if asked.page:
        asked.page.write_text(result, encoding="utf-8")


if __name__ == "__main__":
    main()
