"""What an osmnx graph says of its edges beside their class."""

import networkx as nx
import pytest

from lifecircle.sources.graphs import read_graph
from lifecircle.sources.walkrule import TRAITS


def chain(*edges, graph=nx.MultiDiGraph):
    """Give a graph of edges in a row, 100 m each."""
    made = graph(crs="EPSG:32632")
    for number in range(len(edges) + 1):
        made.add_node(number, x=500_000.0 + 100.0 * number, y=5_200_000.0)
    for number, data in enumerate(edges):
        made.add_edge(number, number + 1, length=100.0, **data)
    return made


def traits_of(graph):
    edges = read_graph(graph)[1].sort_values("u")
    return {name: edges[name].tolist() for name in TRAITS if name in edges}


def test_what_no_edge_says_is_no_column():
    assert traits_of(chain({"highway": "path"}, {"highway": "steps"})) == {"steps": [False, True]}
    # osmnx's own list of tags has bridges and tunnels, but no surface.
    assert traits_of(chain({"highway": "path", "bridge": "yes"}, {"tunnel": "culvert"}, {})) == {
        "steps": [False] * 3,
        "bridge": [True, True, False],
    }
    assert traits_of(chain({"highway": "track"}, {"highway": "path"})) == {
        "steps": [False, False],
        "unpaved": [True, False],
    }


def test_tags_are_read_by_the_rules_of_osm():
    assert traits_of(
        chain(
            {"highway": "track", "tracktype": "grade1", "wheelchair": "no"},
            {"highway": "path", "surface": "gravel", "bridge": "no"},
            {"highway": "track", "surface": "asphalt", "wheelchair": "limited"},
        )
    ) == {
        "steps": [False] * 3,
        "unpaved": [False, True, False],
        "bridge": [False] * 3,
        "wheelchair_no": [True, False, False],
    }


def test_of_several_ways_in_one_edge():
    assert traits_of(
        chain(
            {"highway": ["track", "path"], "surface": ["asphalt", "gravel"]},
            {"highway": ["path", "track"], "surface": ["sand", "asphalt"]},
            {"bridge": ["no", "yes"], "wheelchair": ["yes", "no"]},
        )
    ) == {
        "steps": [False] * 3,
        "unpaved": [False, True, False],
        "bridge": [False, False, True],
        "wheelchair_no": [False, False, True],
    }


def test_what_is_missing_says_nothing():
    edges = [{"surface": None, "bridge": float("nan"), "wheelchair": ""}, {"tunnel": [None]}]
    assert traits_of(chain(*edges)) == {"steps": [False, False]}


@pytest.mark.parametrize("flag", [bool, str, int])
def test_flags_of_the_traits_own_names_come_first(flag):
    given = {"surface": "asphalt", "unpaved": flag(True), "steps": flag(False)}
    assert traits_of(
        chain(
            {**given, "highway": "steps", "bridge": flag(True)},
            {"highway": "track", "unpaved": flag(False), "bridge": flag(False)},
        )
    ) == {"steps": [False, False], "unpaved": [True, False], "bridge": [True, False]}


@pytest.mark.parametrize("flag", [bool, str])
def test_traits_come_through_graphml(tmp_path, flag):
    osmnx = pytest.importorskip("osmnx")
    graph = chain(
        {"osmid": 1, "highway": ["path", "track"], "surface": ["sand", "asphalt"]},
        {"osmid": 2, "bridge": flag(False), "wheelchair_no": flag(True)},
        {"osmid": 3, "bridge": "viaduct", "wheelchair": "yes"},
    )
    path = tmp_path / "graph.graphml"
    osmnx.save_graphml(graph, path)
    assert traits_of(path) == traits_of(graph)
    assert traits_of(path) == {
        "steps": [False] * 3,
        "unpaved": [True, False, False],
        "bridge": [False, False, True],
        "wheelchair_no": [False, True, False],
    }
