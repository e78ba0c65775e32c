"""The walk network as the map's page gets it: packed and read back."""

from __future__ import annotations

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from handmade import CRS
from unpacking import unpack

from lifecircle.config import WalkProfile
from lifecircle.network import WalkNetwork
from lifecircle.render.web.walking import fit_polynomial, pack_walk


def numbers(pack):
    return unpack(pack).astype(np.int64)


def unpacked(pack):
    """Vertices in m by chain, metres by segment, as unpackWalk in walk.js reads them."""
    jx, jy = (numbers(pack["junctions"][axis]) for axis in "xy")
    a = numbers(pack["chains"]["a"])
    b = a + numbers(pack["chains"]["onward"])
    dx, dy = (numbers(pack["segments"][axis]).tolist() for axis in "xy")
    over = numbers(pack["segments"]["over"]).tolist()
    chains, metres, inner = [], [], 0
    for k, count in enumerate(numbers(pack["chains"]["segments"]).tolist()):
        line = [(jx[a[k]], jy[a[k]])]
        for _ in range(count - 1):
            line.append((line[-1][0] + dx[inner], line[-1][1] + dy[inner]))
            inner += 1
        line.append((jx[b[k]], jy[b[k]]))
        chains.append(np.array(line) / 100.0 + pack["origin"])
        steps = np.hypot(*np.diff(chains[-1], axis=0).T) * 100.0
        metres += [
            (np.floor(step + 0.5) + over[len(metres) + i]) / 100.0 for i, step in enumerate(steps)
        ]
    assert inner == len(dx)
    return chains, np.array(metres)


def no_places():
    return gpd.GeoDataFrame(geometry=[], crs=CRS), pd.DataFrame({"x": [], "y": []})


def wiggly(count=400, crs=CRS, **profile):
    """One long street that bends by a metre, one that bends by fifty, and stairs in between."""
    along = np.arange(count) * 10.0
    x = np.concatenate([along, along, [0.0]]) + 418_000.25
    y = np.concatenate([np.arange(count) % 2, 50.0 * (np.arange(count) % 2) + 300.0, [-99.0]])
    nodes = pd.DataFrame({"x": x, "y": y + 2_940_000.5})
    u = np.concatenate([np.arange(count - 1), np.arange(count, 2 * count - 1), [0, count - 1, 0]])
    v = np.concatenate([u[:-3] + 1, [count, 2 * count - 1, 2 * count]])
    edges = pd.DataFrame({"u": u, "v": v, "steps": (u >= 100) & (u < 110)})
    return WalkNetwork.from_tables(nodes, edges, crs=crs, profile=WalkProfile(**profile))


def test_the_lattice_is_packed_as_it_is(lattice):
    pack = pack_walk(lattice, *no_places())
    chains, metres = unpacked(pack)
    assert pack["exact"]
    assert len(chains) == lattice.counts["chains"]
    assert metres.tolist() == [100.0] * lattice.counts["segments"]
    assert pack["metresPerSecond"] == 1.0
    for k, line in enumerate(chains):
        begin, end = lattice.chain_start[k : k + 2]
        nodes = [*lattice.segment_u[begin:end], lattice.segment_v[end - 1]]
        assert np.allclose(line, np.column_stack([lattice.node_x, lattice.node_y])[nodes])


def test_a_length_of_the_road_itself_is_kept():
    nodes = pd.DataFrame({"x": [0.0, 30.0], "y": [0.0, 40.0]}, index=[1, 2])
    edges = pd.DataFrame({"u": [1], "v": [2], "length_m": [61.234]})
    network = WalkNetwork.from_tables(nodes, edges, crs=CRS)
    _, metres = unpacked(pack_walk(network, *no_places()))
    assert metres.tolist() == [61.23]  # straight: 50 m


@pytest.mark.parametrize("exact", [True, False])
def test_a_simplified_network_keeps_lengths_and_stairs(exact):
    network = wiggly()
    pack = pack_walk(network, *no_places(), exact_nodes=10_000 if exact else 10)
    chains, metres = unpacked(pack)
    stairs = numbers(pack["segments"]["steps"]).astype(bool)
    assert pack["exact"] is exact
    assert (pack["tolerance"] == 0.0) is exact
    assert metres.sum() == pytest.approx(network.segment_m.sum(), abs=0.005 * len(metres))
    expected = network.segment_m[network.segment_steps].sum()
    assert metres[stairs].sum() == pytest.approx(expected, abs=0.005 * stairs.sum())
    whole = np.add.reduceat(network.segment_m, network.chain_start[:-1])
    counts = numbers(pack["chains"]["segments"])
    lengths = np.add.reduceat(metres, np.cumsum(counts) - counts)
    assert lengths == pytest.approx(whole, abs=0.005 * len(metres))
    if exact:
        assert len(metres) == len(network.segment_m)
        return
    assert len(metres) < 0.6 * len(network.segment_m)  # the street of small bends is nearly gone
    for k, line in enumerate(chains):
        begin, end = network.chain_start[k : k + 2]
        nodes = [*network.segment_u[begin:end], network.segment_v[end - 1]]
        true = shapely.LineString(np.column_stack([network.node_x, network.node_y])[nodes])
        assert shapely.hausdorff_distance(shapely.LineString(line), true) <= 5.01


def test_places_are_the_points_that_are_snapped(lattice):
    x0, y0 = lattice.node_x.min(), lattice.node_y.min()
    places = gpd.GeoDataFrame(
        geometry=[
            shapely.Point(x0 + 1.004, y0 - 70.0),
            shapely.MultiPoint([(x0, y0 + 5.0), (x0 + 9.0, y0)]),
        ],
        crs=CRS,
    )
    cells = pd.DataFrame({"x": [x0 + 50.0, np.nan, x0], "y": [y0 + 50.5, y0, y0]})
    pack = pack_walk(lattice, places, cells)
    metres = {axis: numbers(pack["facilities"][axis]) / 100.0 for axis in "xy"}
    origin = np.array(pack["origin"]) - (x0, y0)
    assert (metres["x"] + origin[0]).round(2).tolist() == [1.0, 0.0, 9.0]
    assert (metres["y"] + origin[1]).round(2).tolist() == [-70.0, 5.0, 0.0]
    assert numbers(pack["facilities"]["owner"]).tolist() == [0, 1, 1]
    across = numbers(pack["cells"]["x"]) / 100.0 + origin[0]
    assert across[[0, 2]].round(2).tolist() == [50.0, 0.0]
    assert across[1] < -900_000  # a place that is not known is nowhere near a street


@pytest.mark.parametrize(
    ("crs", "box"),
    [
        (4546, (418_000, 2_940_000, 520_000, 3_040_000)),  # 100 km wide, near Shaoyang
        (4527, (39_350_000, 4_400_000, 39_450_000, 4_500_000)),  # eastings with the zone's number
        (32632, (530_000, 5_210_000, 550_000, 5_240_000)),
    ],
)
def test_polynomials_lead_there_and_back(crs, box):
    there = fit_polynomial(crs, 3857, box)
    plane = pyproj.Transformer.from_crs(crs, 3857, always_xy=True)
    back = fit_polynomial(3857, crs, plane.transform_bounds(*box))
    assert there.error_m < 0.05
    assert back.error_m < 0.05
    rng = np.random.default_rng(4)
    x, y = rng.uniform(box[0], box[2], 5_000), rng.uniform(box[1], box[3], 5_000)
    off = np.hypot(*(np.array(there(x, y)) - plane.transform(x, y)))
    assert off.max() <= there.error_m * 1.1 + 1e-6
    again = np.array(back(*plane.transform(x, y))) - (x, y)
    assert np.hypot(*again).max() <= back.error_m * 1.1 + 1e-6


@pytest.mark.shared
def test_a_county_of_300_000_nodes_fits_the_page(shared):
    network = WalkNetwork.from_osm(shared / "porto" / "porto.osm.pbf")
    pack = pack_walk(network, *no_places())
    assert pack["exact"]
    assert network.counts["nodes"] > 300_000

    assert len(json.dumps(pack)) < 2_000_000


def timing_of(network):
    pack = pack_walk(network, *no_places())
    return pack, pack.get("timing")


def test_one_speed_and_the_factor_of_steps_need_no_paces():
    assert timing_of(wiggly(steps_factor=3.0))[1] is None
    assert timing_of(wiggly(unpaved_factor=2.0))[1] is None  # of which there are none
    assert timing_of(wiggly(slope=False).with_elevation(lambda x, _: x))[1] is None


def test_speeds_by_class_and_barred_ways_are_paces_by_hand():
    nodes = pd.DataFrame({"x": [0.0, 100.0, 200.0, 300.0], "y": 0.0})
    edges = pd.DataFrame({"u": [0, 1, 2], "v": [1, 2, 3], "highway": ["path", "primary", "path"]})
    edges["unpaved"] = [False, False, True]
    profile = WalkProfile(
        speed_kph=3.6, speeds_kph={"path": 1.8}, barred=("primary",), unpaved_factor=1.5
    )
    network = WalkNetwork.from_tables(nodes, edges, crs=CRS, profile=profile)
    timing = timing_of(network)[1]
    pace = np.array(timing["paces"], dtype=float)[numbers(timing["pace"])]
    assert sorted(pace[:3].round(6).tolist(), key=str) == [
        2.0,
        3.0,
        pytest.approx(np.nan, nan_ok=True),
    ]
    assert set(timing) == {"paces", "pace"}  # alike both ways


def test_seconds_of_a_slope_are_within_half_a_step_along_each_chain():
    network = wiggly(600).with_elevation(lambda x, y: 30.0 * np.sin(x / 150.0) + y / 20.0)
    pack, timing = timing_of(network)
    _, metres = unpacked(pack)
    counts = numbers(pack["chains"]["segments"])
    pace = np.array(timing["paces"])[numbers(timing["pace"])]
    for name, seconds in (
        ("ahead", network.segment_seconds),
        ("back", network.segment_seconds_back),
    ):
        own = metres * pace + timing["quantum"] * numbers(timing[name])
        for k, begin in enumerate(np.cumsum(counts) - counts):
            part = slice(begin, begin + counts[k])
            off = np.cumsum(own[part]) - np.cumsum(seconds[part])
            assert np.abs(off).max() <= timing["quantum"] / 2 + 1e-9
    assert np.abs(network.segment_seconds - network.segment_seconds_back).max() > 1.0


def test_the_way_beside_the_road_is_told_where_it_is_another():
    assert "offroad" not in pack_walk(wiggly(), *no_places())
    pack = pack_walk(wiggly(offroad_limit_m=3000.0, access_kph=3.6), *no_places())
    assert pack["offroad"] == {"limit": 3000.0, "metresPerSecond": pytest.approx(3.0 / 3.6)}
    assert pack["accessMetresPerSecond"] == 1.0
