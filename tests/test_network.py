"""The walk network: contraction, places on edges, islets, and doors to networkx and osmnx."""

from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from handmade import CRS, lattice_tables
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecircle.config import WalkProfile
from lifecircle.errors import CRSError, DataWarning, InputError, MissingFileError, TableError
from lifecircle.kernels.graph import hilbert_order
from lifecircle.network import WalkNetwork
from lifecircle.sources.graphs import read_graph

METRE_A_SECOND = WalkProfile(speed_kph=3.6)


def line(xs, ids=None):
    nodes = pd.DataFrame({"x": np.asarray(xs, float), "y": 0.0}, index=ids)
    return nodes, pd.DataFrame({"u": nodes.index[:-1], "v": nodes.index[1:]})


def test_a_street_without_crossings_is_one_chain():
    network = WalkNetwork.from_tables(*line([0, 100, 250, 400]), crs=CRS, profile=METRE_A_SECOND)
    assert network.counts["segments"] == 3
    assert network.counts["junctions"] == 2
    assert network.counts["chains"] == 1
    assert network.chain_seconds.tolist() == [400.0]
    assert sorted(network.segment_m) == [100.0, 150.0, 150.0]


def test_the_lattice_has_a_chain_round_each_corner(lattice):
    # 25 crossings; the 4 corners have two streets each, so they are inside chains.
    assert lattice.counts["nodes"] == 25
    assert lattice.counts["segments"] == 40
    assert lattice.counts["junctions"] == 21
    assert lattice.counts["chains"] == 36
    assert lattice.counts["components"] == 1
    assert lattice.counts["street_km"] == 4
    assert sorted(lattice.chain_seconds)[-4:] == [200.0] * 4


def test_a_ring_without_crossings_is_kept():
    nodes = pd.DataFrame({"x": [0.0, 100.0, 100.0, 0.0], "y": [0.0, 0.0, 100.0, 100.0]})
    edges = pd.DataFrame({"u": [0, 1, 2, 3], "v": [1, 2, 3, 0]})
    network = WalkNetwork.from_tables(nodes, edges, crs=CRS)
    assert network.counts["chains"] == 1
    assert network.counts["junctions"] == 1
    assert network.segment_m.sum() == 400.0


def test_steps_take_the_profiles_factor():
    nodes, edges = line([0, 100, 200])
    edges["steps"] = [False, True]
    slow = WalkProfile(speed_kph=3.6, steps_factor=3.0)
    network = WalkNetwork.from_tables(nodes, edges, crs=CRS, profile=slow)
    assert network.chain_seconds.tolist() == [400.0]
    assert network.by_length().chain_seconds.tolist() == [200.0]
    assert network.with_profile(METRE_A_SECOND).chain_seconds.tolist() == [300.0]


def test_a_given_length_is_shared_out_along_the_geometry():
    nodes = pd.DataFrame({"x": [0.0, 100.0], "y": [0.0, 0.0]}, index=["a", "b"])
    bend = shapely.LineString([(100, 0), (100, 100), (0, 100), (0, 0)])  # drawn from b to a
    edges = pd.DataFrame({"u": ["a"], "v": ["b"], "length_m": [600.0], "geometry": [bend]})
    network = WalkNetwork.from_tables(nodes, edges, crs=CRS, profile=METRE_A_SECOND)
    assert network.segment_m.tolist() == [200.0, 200.0, 200.0]
    assert network.chain_seconds.tolist() == [600.0]


class TestPlaces:
    def test_a_place_is_on_the_edge_not_at_a_node(self, lattice):
        places = lattice.snap_points(np.array([130.0]), np.array([10.0]))
        here = lattice.locate(places)
        assert places.access_m.tolist() == [10.0]
        u, v = lattice.segment_u[places.segment[0]], lattice.segment_v[places.segment[0]]
        x = lattice.node_x[u] + places.fraction[0] * (lattice.node_x[v] - lattice.node_x[u])
        assert x == 130.0
        assert here.access.tolist() == [10.0]

    def test_beyond_the_limit_is_off_the_network(self, lattice):
        places = lattice.snap_points(np.array([-1000.0, -1000.1]), np.array([0.0, 0.0]))
        assert places.off_network.tolist() == [False, True]
        assert np.isinf(places.access_m[1])
        assert lattice.locate(places).chain[1] == -1

    def test_far_outside_the_index_is_found_too(self, lattice):
        places = lattice.snap_points(np.array([5000.0]), np.array([200.0]), limit_m=5000.0)
        assert places.access_m.tolist() == [4600.0]

    def test_entrances_repeat_the_id(self, lattice):
        park = gpd.GeoDataFrame(
            index=pd.Index(["park"]), geometry=[shapely.MultiPoint([(0, 50), (400, 50)])], crs=CRS
        )
        assert lattice.snap(park).ids.tolist() == ["park", "park"]

    def test_another_crs_is_refused(self, lattice):
        with pytest.raises(CRSError, match="CRS"):
            lattice.snap(gpd.GeoDataFrame(geometry=[shapely.Point(0, 0)], crs=4326))

    def test_a_polygon_is_no_place(self, lattice):
        with pytest.raises(TableError, match="no point at 0"):
            lattice.snap(gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1, 1)], crs=CRS))

    @settings(max_examples=60, deadline=None)
    @given(
        st.lists(st.tuples(st.floats(-900, 1300), st.floats(-900, 1300)), min_size=1, max_size=40)
    )
    def test_law_the_nearest_edge_is_that_of_shapely(self, points):
        network = WalkNetwork.from_tables(*lattice_tables(), crs=CRS)
        x, y = np.array(points, float).T
        places = network.snap_points(x, y, limit_m=5000.0)
        streets = shapely.union_all(network.streets().geometry.array)
        expected = shapely.distance(shapely.points(x, y), streets)
        assert places.access_m == pytest.approx(expected, abs=1e-9)


class TestIslets:
    """A 90 m yard path beside, not joined to, a 3 km road."""

    @pytest.fixture
    def network(self):
        nodes = pd.DataFrame({"x": [0.0, 3000.0, 1000.0, 1090.0], "y": [0.0, 0.0, 200.0, 200.0]})
        edges = pd.DataFrame({"u": [0, 2], "v": [1, 3]})
        return WalkNetwork.from_tables(nodes, edges, crs=CRS, profile=METRE_A_SECOND)

    def test_the_piece_is_counted(self, network):
        assert network.counts["components"] == 2
        assert network.counts["islets"] == 1
        assert network.component_m.tolist() == [3000.0, 90.0]

    def test_a_place_prefers_the_connected_road(self, network):
        places = network.snap_points(np.array([1050.0]), np.array([210.0]))
        assert places.access_m.tolist() == [210.0]
        assert places.moved.tolist() == [True]

    def test_unless_that_is_too_much_further(self, network):
        near = network.with_profile(WalkProfile(speed_kph=3.6, islet_detour_m=100.0))
        places = near.snap_points(np.array([1050.0]), np.array([210.0]))
        assert places.access_m.tolist() == [10.0]
        assert places.moved.tolist() == [False]

    def test_the_largest_piece_is_never_an_islet(self):
        network = WalkNetwork.from_tables(*line([0, 100]), crs=CRS)
        assert not network.islet_chain.any()


class TestExchange:
    def test_there_and_back_through_networkx(self, lattice):
        again = WalkNetwork.from_osmnx(lattice.to_networkx(), profile=lattice.profile)
        assert again.counts["segments"] == lattice.counts["segments"]
        assert again.counts["chains"] == lattice.counts["chains"]
        assert sorted(again.chain_seconds) == sorted(lattice.chain_seconds)
        assert set(again.node_ids) == set(lattice.node_ids)

    def test_both_directions_of_an_osmnx_edge_count_once(self):
        graph = nx.MultiDiGraph(crs="EPSG:4326")
        graph.add_node(1, x=110.0, y=27.0)
        graph.add_node(2, x=110.001, y=27.0)
        for u, v in ((1, 2), (2, 1)):
            graph.add_edge(u, v, length=99.3, highway=["steps", "footway"])
        network = WalkNetwork.from_osmnx(graph)
        assert network.crs.to_epsg() == 4546
        assert network.segment_m.tolist() == [99.3]
        assert network.segment_steps.tolist() == [True]

    def test_parallel_edges_of_different_length_both_stay(self):
        graph = nx.MultiDiGraph(crs=CRS)
        graph.add_node(1, x=0.0, y=0.0)
        graph.add_node(2, x=100.0, y=0.0)
        bow = shapely.LineString([(0, 0), (50, 80), (100, 0)])
        graph.add_edge(1, 2, length=100.0)
        graph.add_edge(1, 2, length=bow.length, geometry=bow)
        network = WalkNetwork.from_osmnx(graph)
        assert network.counts["segments"] == 3
        assert network.segment_m.sum() == pytest.approx(100.0 + bow.length)

    def test_parallel_arcs_of_one_length_both_stay(self):
        # Round a pond, north and south: as long as each other, and each drawn both ways.
        graph = nx.MultiDiGraph(crs=CRS)
        graph.add_node(1, x=0.0, y=0.0)
        graph.add_node(2, x=60.0, y=0.0)
        for y in (40.0, -40.0):
            arc = shapely.LineString([(0, 0), (30, y), (60, 0)])
            graph.add_edge(1, 2, length=100.0, geometry=arc)
            graph.add_edge(2, 1, length=100.0, geometry=arc.reverse())
        network = WalkNetwork.from_osmnx(graph)
        assert network.segment_m.tolist() == [50.0] * 4
        assert sorted(network.node_y) == [-40.0, 0.0, 0.0, 40.0]

    @pytest.mark.parametrize("lacking", [{}, {"length": None}])
    def test_only_lengths_that_are_not_given_are_measured(self, lacking):
        graph = nx.MultiDiGraph(crs=CRS)
        for node, x in ((1, 0.0), (2, 60.0), (3, 160.0)):
            graph.add_node(node, x=x, y=0.0)
        arc = shapely.LineString([(0, 0), (30, 40), (60, 0)])
        graph.add_edge(1, 2, length=77.0)
        graph.add_edge(1, 2, geometry=arc, **lacking)
        graph.add_edge(2, 3, **lacking)
        edges = read_graph(graph)[1]
        assert edges["length_m"].tolist() == [77.0, 100.0, 100.0]
        assert sorted(WalkNetwork.from_osmnx(graph).segment_m) == [50.0, 50.0, 77.0, 100.0]

    def test_lengths_of_a_graph_in_degrees_are_measured_in_metres(self):
        graph = nx.MultiDiGraph(crs="EPSG:4326")
        for node, x in ((1, 110.0), (2, 110.001)):
            graph.add_node(node, x=x, y=27.0)
        graph.add_edge(1, 2)
        graph.add_edge(1, 2, geometry=shapely.LineString([(110.0, 27.0), (110.001, 27.0)]))
        # 0.001 degrees of the parallel at 27 degrees north, stretched in the zone of 111 E.
        ground = pyproj.Geod(ellps="GRS80").inv(110.0, 27.0, 110.001, 27.0)[2]
        assert read_graph(graph)[1]["length_m"].tolist() == pytest.approx([ground] * 2, rel=3e-4)

    def test_edges_of_an_undirected_graph_all_stay(self):
        graph = nx.MultiGraph(crs=CRS)
        graph.add_node(1, x=0.0, y=0.0)
        graph.add_node(2, x=60.0, y=0.0)
        graph.add_edge(1, 2, length=60.0)
        graph.add_edge(2, 1, length=60.0)
        assert WalkNetwork.from_osmnx(graph).segment_m.tolist() == [60.0, 60.0]

    def test_steps_come_back_from_networkx_and_graphml(self, tmp_path):
        osmnx = pytest.importorskip("osmnx")
        nodes, edges = line([0, 100, 200, 300])
        edges["steps"] = [True, False, False]
        edges["highway"] = ["footway", "steps", "footway"]
        network = WalkNetwork.from_tables(nodes, edges, crs=CRS)
        graph = network.to_networkx()
        osmnx.save_graphml(nx.MultiDiGraph(graph), tmp_path / "graph.graphml")
        for source in (graph, tmp_path / "graph.graphml"):
            again = WalkNetwork.from_osmnx(source)
            at = again.node_x[again.segment_u] + again.node_x[again.segment_v]
            assert at[again.segment_steps].tolist() == [100.0]
            assert again.chain_seconds.sum() == network.chain_seconds.sum()

    @pytest.mark.parametrize("crs", ["foo:1", "EPSG:999999"])
    def test_a_graph_with_an_unknown_crs(self, crs):
        graph = nx.MultiDiGraph(crs=crs)
        graph.add_node(1, x=0.0, y=0.0)
        graph.add_node(2, x=60.0, y=0.0)
        graph.add_edge(1, 2)
        with pytest.raises(CRSError, match=f"graph: {crs} is no known coordinate system"):
            WalkNetwork.from_osmnx(graph)
        graph.graph["crs"] = CRS
        with pytest.raises(CRSError, match=f"crs: {crs} is no known coordinate system"):
            WalkNetwork.from_osmnx(graph, crs=crs)

    def test_graphml_of_osmnx(self, lattice, tmp_path):
        osmnx = pytest.importorskip("osmnx")
        path = tmp_path / "graph.graphml"
        osmnx.save_graphml(nx.MultiDiGraph(lattice.to_networkx()), path)
        again = WalkNetwork.from_osmnx(path)
        assert again.segment_m.sum() == 4000.0

    @pytest.mark.parametrize("name", ["roads.osm", "道路.osm"])
    def test_an_osm_file_that_may_not_be_read(self, tmp_path, monkeypatch, name):
        path = tmp_path / name
        path.write_text("<osm version='0.6'/>", encoding="utf-8")

        def refuse(self, *_args, **_more):
            raise PermissionError(13, "Permission denied", str(self))

        monkeypatch.setattr(Path, "open", refuse)
        with pytest.raises(InputError, match=rf"{name}: cannot be read \(Permission denied\)"):
            WalkNetwork.from_osm(path)

    def test_a_graph_without_crs(self):
        with pytest.raises(CRSError, match="no 'crs'"):
            WalkNetwork.from_osmnx(nx.MultiDiGraph())

    def test_a_graph_without_edges(self):
        with pytest.raises(InputError, match="no edge"):
            WalkNetwork.from_osmnx(nx.MultiDiGraph(crs=CRS))

    def test_missing_and_broken_graphml(self, tmp_path):
        with pytest.raises(MissingFileError, match="no such file"):
            WalkNetwork.from_osmnx(tmp_path / "none.graphml")
        broken = tmp_path / "broken.graphml"
        broken.write_text("<graphml", encoding="utf-8")
        with pytest.raises(InputError, match="no GraphML"):
            WalkNetwork.from_osmnx(broken)


class TestVertexIds:
    @pytest.mark.parametrize(
        ("ids", "new"),
        [
            ([1, 2], [-1, -2]),
            ([-1, 2], [-2, -3]),
            ([-7.0, -2.0], [-8, -9]),
            (["a", "vertex1"], ["vertex2", "vertex3"]),
            ([7, "b"], ["vertex1", "vertex2"]),
        ],
    )
    def test_no_vertex_takes_the_id_of_a_node(self, ids, new):
        nodes = pd.DataFrame({"x": [0.0, 100.0], "y": 0.0}, index=ids)
        bow = shapely.LineString([(0, 0), (30, 40), (70, 40), (100, 0)])
        edges = pd.DataFrame({"u": ids[:1], "v": ids[1:], "geometry": [bow]})
        network = WalkNetwork.from_tables(nodes, edges, crs=CRS)
        assert set(network.node_ids) == {*ids, *new}
        graph = network.to_networkx()
        assert (len(graph), graph.size()) == (4, 3)


class TestBadTables:
    def test_all_faults_at_once(self):
        nodes = pd.DataFrame({"x": [0.0, np.nan], "y": [0.0, 0.0]}, index=[1, 2])
        edges = pd.DataFrame({"u": [1], "v": [3], "length_m": [-1.0]})
        with pytest.raises(TableError) as caught:
            WalkNetwork.from_tables(nodes, edges, crs=CRS)
        assert len(caught.value.faults) == 3
        assert "unknown nodes: 3" in str(caught.value)

    def test_missing_columns(self):
        with pytest.raises(TableError, match=r"'y' is missing.*\n.*'v' is missing"):
            WalkNetwork.from_tables(pd.DataFrame({"x": []}), pd.DataFrame({"u": []}), crs=CRS)

    def test_repeated_nodes(self):
        nodes = pd.DataFrame({"x": [0.0, 1.0], "y": [0.0, 1.0]}, index=[1, 1])
        with pytest.raises(TableError, match="ids repeat: 1"):
            WalkNetwork.from_tables(nodes, pd.DataFrame({"u": [1], "v": [1]}), crs=CRS)

    def test_no_edge_and_only_loops(self):
        nodes, edges = line([0, 100])
        with pytest.raises(InputError, match="no edge"):
            WalkNetwork.from_tables(nodes, edges[:0], crs=CRS)
        with pytest.raises(InputError, match="loop"):
            WalkNetwork.from_tables(nodes, pd.DataFrame({"u": [0], "v": [0]}), crs=CRS)

    def test_a_loop_is_dropped_and_told(self):
        nodes, edges = line([0, 100])
        edges.loc[1] = [0, 0]
        with pytest.warns(DataWarning, match="1 edges from a node to itself"):
            network = WalkNetwork.from_tables(nodes, edges, crs=CRS)
        assert network.counts["loops_dropped"] == 1

    def test_degrees_are_no_metres(self):
        with pytest.raises(CRSError, match="not in metres"):
            WalkNetwork.from_tables(*line([0, 1]), crs=4326)


def test_hilbert_order_is_a_permutation_and_keeps_neighbours_near():
    x, y = (a.ravel().astype(float) for a in np.meshgrid(np.arange(64), np.arange(64)))
    order = hilbert_order(x, y, bits=6)
    assert sorted(order.tolist()) == list(range(4096))
    steps = np.abs(np.diff(x[order])) + np.abs(np.diff(y[order]))
    assert steps.max() == 1.0
