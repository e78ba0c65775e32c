"""Walking times: by hand on the lattice, against networkx and scipy, and as laws."""

from itertools import pairwise

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import shapely
from handmade import CRS, cells_at, facilities_at, lattice_tables
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lifecircle.config import WalkProfile
from lifecircle.errors import TableError
from lifecircle.network import WalkNetwork
from lifecircle.reach import nearest_times, pair_times, travel_times
from lifecircle.tables import by_kind

METRE_A_SECOND = WalkProfile(speed_kph=3.6, snap_limit_m=1e4, islet_m=0.0)


def seconds(access, kind="post"):
    return access.xs(kind, level="kind")["seconds"].tolist()


class TestByHand:
    def test_along_the_street_and_both_access_legs(self, lattice):
        # Facility 10 m south of (100, 0); cell 20 m north of (350, 400): 10 + 250 + 400 + 20.
        access = nearest_times(lattice, facilities_at([(100, -10)]), cells_at([(350, 420)]))
        assert seconds(access) == [680.0]

    def test_both_on_one_edge_do_not_walk_round_by_a_crossing(self, lattice):
        access = nearest_times(lattice, facilities_at([(110, 0)]), cells_at([(140, 0), (190, 0)]))
        assert seconds(access) == [30.0, 80.0]

    def test_the_nearer_of_two_and_of_equals_the_first(self, lattice):
        facilities = facilities_at([(0, 0), (200, 0)])
        access = nearest_times(lattice, facilities, cells_at([(150, 0), (100, 0), (30, 0)]))
        assert access["facility_id"].tolist() == ["f1", "f0", "f0"]
        assert seconds(access) == [50.0, 100.0, 30.0]

    def test_each_kind_has_its_own_nearest(self, lattice):
        facilities = facilities_at([(0, 0), (400, 0)], kind=["post", "clinic"])
        access = nearest_times(lattice, facilities, cells_at([(100, 0)]))
        assert seconds(access, "post") == [100.0]
        assert seconds(access, "clinic") == [300.0]

    def test_a_kind_without_facility_is_not_reached(self, lattice):
        access = nearest_times(
            lattice, facilities_at([(0, 0)]), cells_at([(0, 0)]), kinds=["clinic", "post"]
        )
        assert np.isnan(access.loc[(0, "clinic"), "seconds"])
        assert pd.isna(access.loc[(0, "clinic"), "facility_id"])

    def test_off_the_network_is_never_zero(self, lattice):
        far = cells_at([(9000, 9000), (0, 0)])
        assert np.isnan(seconds(nearest_times(lattice, facilities_at([(0, 0)]), far))[0])
        access = nearest_times(lattice, facilities_at([(9000, 9000)]), far)
        assert np.isnan(seconds(access)).all()

    def test_a_cutoff(self, lattice):
        access = nearest_times(
            lattice, facilities_at([(0, 0)]), cells_at([(300, 0), (310, 0)]), cutoff_seconds=300.0
        )
        assert seconds(access)[0] == 300.0
        assert np.isnan(seconds(access)[1])

    def test_the_nearest_entrance_of_a_park_counts(self, lattice):
        park = facilities_at([(0, 0)])
        park = park.set_geometry([shapely.MultiPoint([(0, 0), (400, 400)])], crs=CRS)
        access = nearest_times(lattice, park, cells_at([(390, 400), (10, 0)]))
        assert seconds(access) == [10.0, 10.0]
        pairs = travel_times(lattice, park, cells_at([(390, 400), (10, 0)]), cutoff_seconds=900)
        assert sorted(pairs["seconds"]) == [10.0, 10.0]

    def test_pairs_within_a_cutoff_only(self, lattice):
        pairs = travel_times(
            lattice,
            facilities_at([(0, 0), (400, 400)]),
            cells_at([(100, 0), (400, 350), (9000, 0)]),
            cutoff_seconds=120.0,
        )
        assert pairs["seconds"].to_dict() == {("f0", 0): 100.0, ("f1", 1): 50.0}

    def test_row_by_row(self, lattice):
        start, end = cells_at([(0, 0), (9000, 0)]), cells_at([(400, 400), (0, 0)])
        assert pair_times(lattice, start, end).iloc[0] == 800.0
        assert np.isnan(pair_times(lattice, start, end).iloc[1])
        with pytest.raises(TableError, match="differ in length"):
            pair_times(lattice, start, end[:1])

    def test_metres_do_not_know_steps(self):
        nodes, edges = lattice_tables()
        profile = WalkProfile(speed_kph=3.6, steps_factor=2.0)
        network = WalkNetwork.from_tables(nodes, edges.assign(steps=True), crs=CRS, profile=profile)
        facilities, cells = facilities_at([(0, 0)]), cells_at([(150, 0)])
        assert seconds(nearest_times(network, facilities, cells)) == [300.0]
        assert seconds(nearest_times(network.by_length(), facilities, cells)) == [150.0]

    def test_bad_facilities(self, lattice):
        with pytest.raises(TableError, match="'kind' is missing"):
            nearest_times(lattice, facilities_at([(0, 0)]).drop(columns="kind"), cells_at([(0, 0)]))


@st.composite
def networks(draw):
    """Connected or not, with loops, parallel edges and rings; lengths longer than straight."""
    size = draw(st.integers(2, 14))
    xy = draw(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=size,
                       max_size=size, unique=True))  # fmt: skip
    ends = st.tuples(st.integers(0, size - 1), st.integers(0, size - 1))
    pairs = draw(st.lists(ends.filter(lambda e: e[0] != e[1]), min_size=1, max_size=30))
    stretch = draw(st.lists(st.floats(1.0, 3.0), min_size=len(pairs), max_size=len(pairs)))
    nodes = pd.DataFrame(np.array(xy, float) * 25.0, columns=["x", "y"])
    edges = pd.DataFrame(pairs, columns=["u", "v"])
    x, y = nodes["x"].to_numpy(), nodes["y"].to_numpy()
    straight = np.hypot(x[edges["u"]] - x[edges["v"]], y[edges["u"]] - y[edges["v"]])
    edges["length_m"] = straight * stretch
    return WalkNetwork.from_tables(nodes, edges, crs=CRS, profile=METRE_A_SECOND)


def split_graph(network, *groups):
    """The network as a networkx graph in which every place is a node, joined by its access leg."""
    graph = nx.MultiGraph()
    on_segment = {}
    for name, places in groups:
        for n in range(len(places)):
            if places.segment[n] >= 0:
                spot = on_segment.setdefault(int(places.segment[n]), [])
                spot.append((float(places.fraction[n]), (name, n)))
                graph.add_edge((name, n), (name, n, "street"), weight=float(places.access_m[n]))
    for s in range(len(network.segment_u)):
        stops = [(0.0, int(network.segment_u[s]))]
        stops += [(f, (*node, "street")) for f, node in sorted(on_segment.get(s, []))]
        stops += [(1.0, int(network.segment_v[s]))]
        for (f, a), (g, b) in pairwise(stops):
            graph.add_edge(a, b, weight=(g - f) * float(network.segment_seconds[s]))
    return graph


points = st.lists(st.tuples(st.floats(-100, 1100), st.floats(-100, 1100)), min_size=1, max_size=8)


class TestAgainstNetworkx:
    @settings(max_examples=150, deadline=None)
    @given(networks(), points, points)
    def test_places_on_random_graphs(self, network, at, homes):
        facilities, cells = facilities_at(at), cells_at(homes)
        sources, targets = network.snap(facilities), network.snap(cells)
        graph = split_graph(network, ("f", sources), ("c", targets))
        starts = [("f", n) for n in range(len(at))]
        expected = nx.multi_source_dijkstra_path_length(graph, starts)
        measured = seconds(nearest_times(network, facilities, cells))
        pairs = travel_times(network, facilities, cells, cutoff_seconds=np.inf)["seconds"]
        for n, value in enumerate(measured):
            if ("c", n) in expected:
                assert value == pytest.approx(expected["c", n], abs=1e-6)
                assert pairs.xs(n, level="cell_id").min() == pytest.approx(value, abs=1e-9)
            else:
                assert np.isnan(value)
        for n, start in enumerate(starts):
            single = nx.single_source_dijkstra_path_length(graph, start)
            row = pairs.xs(f"f{n}", level="facility_id") if f"f{n}" in pairs.index else {}
            reached = {m: t for (name, m, *rest), t in _tuples(single) if name == "c" and not rest}
            assert dict(row) == pytest.approx(reached, abs=1e-6)

    @settings(max_examples=60, deadline=None)
    @given(networks(), st.data())
    def test_nodes_equal_scipy(self, network, data):
        count = len(network.node_x)
        source = data.draw(st.integers(0, count - 1))
        places = network.node_places()
        u, v, w = network.segment_u, network.segment_v, network.segment_seconds
        dense = np.full((count, count), np.inf)
        np.minimum.at(dense, (u, v), w)
        np.minimum.at(dense, (v, u), w)
        dense[np.isinf(dense)] = 0.0
        expected = scipy.sparse.csgraph.dijkstra(scipy.sparse.csr_array(dense), indices=source)
        at = [(network.node_x[source], network.node_y[source])]
        facility = facilities_at(at)
        one = places.__class__(
            facility.index,
            places.segment[source : source + 1],
            places.fraction[source : source + 1],
            np.zeros(1),
            np.zeros(1, bool),
        )
        cells = pd.DataFrame(index=pd.RangeIndex(count))
        got = nearest_times(network, facility, cells, facility_places=one, cell_places=places)
        assert got["seconds"].fillna(np.inf).to_numpy() == pytest.approx(expected, abs=1e-9)


def _tuples(lengths):
    return [(node, t) for node, t in lengths.items() if isinstance(node, tuple)]


class TestLaws:
    @settings(max_examples=50, deadline=None)
    @given(networks(), points, points, st.tuples(st.floats(0, 1000), st.floats(0, 1000)))
    def test_another_facility_never_makes_a_walk_longer(self, network, at, homes, extra):
        cells = cells_at(homes)
        before = np.nan_to_num(seconds(nearest_times(network, facilities_at(at), cells)), nan=1e9)
        more = facilities_at([*at, extra])
        after = np.nan_to_num(seconds(nearest_times(network, more, cells)), nan=1e9)
        assert (after <= before).all()

    @settings(max_examples=30, deadline=None)
    @given(networks(), points)
    def test_there_as_long_as_back(self, network, at):
        assume(len(at) > 1)
        here, there = cells_at(at[:1]), cells_at(at[1:2])
        forth, back = pair_times(network, here, there), pair_times(network, there, here)
        assert forth.fillna(-1).item() == pytest.approx(back.fillna(-1).item(), abs=1e-9)

    def test_the_same_to_the_last_bit(self, lattice):
        rng = np.random.default_rng(5)
        facilities = facilities_at(rng.uniform(0, 400, (40, 2)))
        cells = cells_at(rng.uniform(-50, 450, (500, 2)))
        first = nearest_times(lattice, facilities, cells)
        again = WalkNetwork.from_tables(*lattice_tables(), crs=CRS, profile=lattice.profile)
        pd.testing.assert_frame_equal(
            first, nearest_times(again, facilities, cells), check_exact=True
        )


@pytest.mark.parametrize("name", ["liechtenstein", "monaco"])
def test_real_streets_against_networkx(name, shared):
    path = {
        "liechtenstein": "data/liechtenstein/liechtenstein-2013-08-03.osm.pbf",
        "monaco": shared / "monaco" / "monaco.osm.pbf",
    }[name]
    if not shared.is_dir() and name == "monaco":
        pytest.skip("the shared data sets are not here")
    network = WalkNetwork.from_osm(path)
    rng = np.random.default_rng(1)
    nodes = rng.choice(len(network.node_x), 30, replace=False)
    at = np.c_[network.node_x[nodes], network.node_y[nodes]]
    homes = rng.choice(len(network.node_x), 300, replace=False)
    where = np.c_[network.node_x[homes], network.node_y[homes]] + rng.normal(0, 40, (300, 2))
    facilities, cells = facilities_at(at, crs=network.crs), cells_at(where, crs=network.crs)
    sources, targets = network.snap(facilities), network.snap(cells)
    graph = split_graph_in_seconds(network, sources, targets)
    expected = nx.multi_source_dijkstra_path_length(graph, [("f", n) for n in range(30)])
    got = seconds(nearest_times(network, facilities, cells))
    wanted = [expected.get(("c", n), np.nan) for n in range(300)]
    assert np.isfinite(got).sum() > 250
    assert got == pytest.approx(wanted, abs=1e-6, nan_ok=True)


def split_graph_in_seconds(network, sources, targets):
    graph = split_graph(network, ("f", sources), ("c", targets))
    for a, b, data in graph.edges(data=True):
        legs = [n for n in (a, b) if isinstance(n, tuple) and len(n) == 2]
        if legs:  # access legs were given in metres
            data["weight"] /= network.profile.metres_per_second
    return graph


def test_by_kind_follows_the_cells(lattice):
    cells = cells_at([(0, 0), (100, 0)])
    access = nearest_times(lattice, facilities_at([(0, 0)]), cells)
    assert by_kind(access, "seconds", cells.index[::-1])["post"].tolist() == [100.0, 0.0]
    with pytest.raises(TableError, match="'clinic' was not measured"):
        by_kind(access, "seconds", cells.index)["clinic"]
    with pytest.raises(TableError, match="no column 'metres'"):
        by_kind(access, "metres", cells.index)
