"""Roads built and closed: lattices that a person can measure, then laws."""

from dataclasses import dataclass, fields, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import scipy.sparse.csgraph
import shapely
from handmade import CRS, lattice_tables
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecircle.errors import InputError, TableError
from lifecircle.roadworks import split_at, with_roads, without_roads
from lifecircle.streets import Segments, cut_edges, trait

pytestmark = pytest.mark.filterwarnings("error")


def roads(*lines, **columns):
    names = [f"路{n}" for n in range(len(lines))]
    shapes = [shapely.LineString(line) if len(line) > 1 else shapely.Point(line) for line in lines]
    return gpd.GeoDataFrame({"name": names, **columns}, geometry=shapes, crs=CRS)


def lattice():
    return cut_edges(*lattice_tables())


def cut_in_two():
    """The lattice with a river between its second and its third row: y from 100 to 200."""
    nodes, edges = lattice_tables()
    crossing = (edges["u"] % 10 == 1) & (edges["v"] % 10 == 2)
    return cut_edges(nodes, edges[~crossing])


def walks(raw, to):
    """Metres of the shortest walk from the node `to` to every node, to a micrometre."""
    size = len(raw.x)
    # Of two segments between the same nodes the shorter; none may be 0, which means no segment.
    ends = np.sort([raw.u, raw.v], axis=0)
    table = pd.DataFrame({"u": ends[0], "v": ends[1], "m": np.maximum(raw.metres, 1e-9)})
    best = table.groupby(["u", "v"], as_index=False)["m"].min()
    graph = scipy.sparse.coo_array((best["m"], (best["u"], best["v"])), shape=(size, size)).tocsr()
    found = scipy.sparse.csgraph.dijkstra(graph, directed=False, indices=raw.ids.get_loc(to))
    return pd.Series(found.round(6), raw.ids)


def same(one, two):
    for each in fields(one):
        a, b = (getattr(raw, each.name) for raw in (one, two))
        if isinstance(a, np.ndarray | pd.Index):
            assert np.array_equal(a, b), each.name
        else:
            assert a == b, each.name


def test_a_bridge_over_the_river_shortens_a_walk_to_the_metre():
    before = cut_in_two()
    assert np.isinf(walks(before, 21)[22])
    after = with_roads(before, roads([(230, 95), (230, 205)]))
    # From (200, 100): 30 m along the street, 5 to the bridge's end, 110 over it, 5, and 30 back.
    assert walks(after, 21)[22] == pytest.approx(30 + 5 + 110 + 5 + 30)
    # Along the bank, and down again on the other side.
    assert walks(after, 1)[2] == pytest.approx(230 + 120 + 230)


def test_a_road_joins_at_its_ends_and_not_what_it_crosses():
    raw = lattice()
    after = with_roads(raw, roads([(50, 0), (50, 400)]))
    # It crosses three streets; only those at its ends are split: 2 parts more, and the road.
    assert len(after.u) == len(raw.u) + 2 + 1
    assert after.metres[-1] == 400.0
    assert walks(after, 0)[4] == 400.0  # as before: along the street
    assert walks(after, 4)[10] == 50 + 400 + 50


def test_a_split_street_keeps_its_length_in_proportion_and_its_traits():
    nodes = pd.DataFrame({"x": [0.0, 100.0], "y": [0.0, 0.0]}, index=[1, 2])
    edges = pd.DataFrame(
        {"u": [1], "v": [2], "length_m": [120.0], "highway": ["track"], "unpaved": [True]}
    )
    after = with_roads(cut_edges(nodes, edges), roads([(25, 10), (25, 60), (75, 60), (75, 0)]))
    assert after.metres.tolist() == [30.0, 60.0, 30.0, 50.0, 50.0, 60.0, 10.0]
    named = [after.highways[code] for code in after.highway]
    assert named == ["track"] * 3 + ["footway"] * 4
    assert (after.traits & trait("unpaved") > 0).tolist() == [True] * 3 + [False] * 4
    assert after.dropped["roads_built_m"] == 170


def test_a_node_within_a_metre_is_taken():
    raw = lattice()
    after = with_roads(raw, roads([(100.9, 100), (100.9, 150), (200, 150), (200, 199.5)]))
    # No street is split; three pieces, then 0.9 m and 0.5 m to the crossings.
    assert after.metres[len(raw.u) :] == pytest.approx([50.0, 99.1, 49.5, 0.9, 0.5])
    assert [raw.ids[node] for node in after.v[-2:]] == [11, 22]
    nearly = with_roads(raw, roads([(101.1, 100), (101.1, 150), (200, 150), (200, 200)]))
    assert len(nearly.u) == len(raw.u) + 1 + 3  # split 1.1 m from the crossing


def test_ends_that_lie_on_a_crossing_need_no_connecting_piece():
    raw = lattice()
    after = with_roads(raw, roads([(0, 0), (100, 100)]))
    assert len(after.x) == len(raw.x)
    assert walks(after, 0)[11] == pytest.approx(np.hypot(100, 100))


def test_traits_of_a_new_road():
    lines = [(50, 0), (50, 100)], [(150, 0), (150, 100)], [(250, 0), (250, 100)]
    table = roads(*lines, highway=["steps", "residential", "steps"], bridge=[False, True, True])
    after = with_roads(lattice(), table)
    assert [after.highways[code] for code in after.highway[-3:]] == [
        "steps",
        "residential",
        "steps",
    ]
    steps, bridge = int(trait("steps")), int(trait("bridge"))
    assert after.traits[-3:].tolist() == [steps, bridge, steps | bridge]


def test_arrays_that_this_module_does_not_know_are_carried():
    @dataclass(frozen=True)
    class More(Segments):
        slope: np.ndarray
        seen: np.ndarray

    raw = lattice()
    count = len(raw.u)
    known = {each.name: getattr(raw, each.name) for each in fields(raw)}
    more = More(**known, slope=np.arange(count) / 2.0, seen=np.ones(count, np.bool_))
    after = with_roads(more, roads([(50, 0), (50, 60), (50, 100)]))
    assert np.isnan(after.slope[-2:]).all()
    assert not after.seen[-2:].any()
    assert sorted(after.slope[:-2])[:3] == [0.0, 0.0, 0.5]  # the first street is split
    left = without_roads(more, roads([(0, 0), (100, 0)]))
    assert left.slope.tolist() == more.slope[1:].tolist()


def test_roads_join_each_other_on_an_island_and_where_they_meet():
    banks = cut_in_two()
    # The first bridge ends on an island without streets, 4 m from where the second one begins.
    both = with_roads(banks, roads([(230, 100), (230, 148)], [(230, 152), (230, 200)]))
    assert walks(both, 21)[22] == pytest.approx(30 + 100 + 30)
    # Two that meet in one point, 0.5 m apart as drawn.
    met = with_roads(banks, roads([(230, 100), (230, 150)], [(230, 150.5), (230, 200)]))
    assert walks(met, 21)[22] == pytest.approx(30 + 100 + 30)
    # Far from each other, none leads anywhere; each is told.
    with pytest.raises(InputError) as told:
        with_roads(banks, roads([(230, 100), (230, 140)], [(230, 160), (230, 200)], join_m=[9, 9]))
    assert [fault.what for fault in told.value.faults] == [
        "the end of '路0' lies 40 m from the nearest street, farther than 9",
        "the start of '路1' lies 40 m from the nearest street, farther than 9",
    ]


def test_roads_that_only_lead_to_each_other_are_told():
    away = roads([(50, 500), (50, 600)], [(50, 600), (90, 600)], [(90, 600), (50, 500)])
    with pytest.raises(InputError) as told:
        with_roads(lattice(), away)
    assert len(told.value.faults) == 6
    assert str(told.value.faults[0]) == (
        "roads.add[0]: the start of '路0' lies 100 m from the nearest street, farther"
        " than 30 -> check its coordinates and datum, or set join_m"
    )


def test_a_short_road_is_not_joined_to_its_own_other_end():
    with pytest.raises(InputError, match="the end of '路0' lies 40 m"):
        with_roads(cut_in_two(), roads([(230, 120), (230, 140)]))


def test_closing_along_a_line_takes_the_street_and_leaves_what_crosses_it():
    raw = lattice()
    after = without_roads(raw, roads([(100, 102), (300, 98)]))
    assert len(after.u) == len(raw.u) - 2
    assert after.dropped["roads_closed_m"] == 200
    assert walks(after, 11)[21] == 300.0  # round the block
    assert walks(after, 20)[21] == 100.0  # the street that crosses is open


def test_a_street_beside_the_line_or_askew_stays():
    raw = lattice()
    nodes, edges = lattice_tables()
    nodes.loc[21, ["x", "y"]] = [190.0, 110.0]
    bent = cut_edges(nodes, edges)
    assert len(without_roads(bent, roads([(100, 100), (190, 110)])).u) == len(bent.u) - 1
    for line in ([(100, 116), (200, 116)], [(150, 60), (150, 140)]):
        with pytest.raises(InputError, match="no street runs along '路0' within 15 m"):
            without_roads(raw, roads(line))


def test_nobody_passes_near_a_closed_point():
    raw = lattice()
    after = without_roads(raw, roads([(150, 100)], within_m=[20.0]))
    assert after.dropped["roads_closed_m"] == 40
    assert after.metres.sum() == pytest.approx(raw.metres.sum() - 40)
    assert walks(after, 11)[21] == 300.0
    # At a crossing four streets end 20 m before it.
    crossing = without_roads(raw, roads([(200, 200)], within_m=[20.0]))
    assert crossing.dropped["roads_closed_m"] == 80
    assert np.isinf(walks(crossing, 0)[22])
    assert walks(crossing, 12)[32] == 400.0


def test_what_closes_no_street_is_told_with_all_others():
    table = roads([(150, 150)], [(150, 100)], [(450, 0), (450, 400)])
    with pytest.raises(InputError) as told:
        without_roads(lattice(), table)
    assert [fault.where for fault in told.value.faults] == ["roads.close[0]", "roads.close[2]"]
    assert [fault.what for fault in told.value.faults] == [
        "no street runs along '路0' within 15 m; the nearest lies 50 m away",
        "no street runs along '路2' within 15 m; the nearest lies 50 m away",
    ]


def test_closing_all_is_told():
    nodes = pd.DataFrame({"x": [0.0, 100.0], "y": [0.0, 0.0]}, index=[1, 2])
    street = cut_edges(nodes, pd.DataFrame({"u": [1], "v": [2]}))
    with pytest.raises(InputError, match="every street is closed"):
        without_roads(street, roads([(0, 0), (100, 0)]))


def test_a_table_without_names_or_of_other_shapes_is_refused():
    raw = lattice()
    with pytest.raises(TableError, match="column 'name' is missing"):
        with_roads(raw, roads([(0, 0), (50, 50)]).drop(columns="name"))
    with pytest.raises(TableError, match="geometry is no LineString at 0"):
        with_roads(raw, roads([(0, 0)]))
    with pytest.raises(TableError, match="geometry is no LineString at 1"):
        with_roads(raw, roads([(0, 0), (50, 50)], [(0, 0), (50, np.inf)]))


def test_the_streets_of_before_are_left_as_they_were():
    raw, kept = lattice(), lattice()
    with_roads(raw, roads([(50, 0), (150, 150), (350, 400)]))
    without_roads(raw, roads([(50, 0)], [(100, 100), (200, 100)]))
    same(raw, kept)


def test_ids_of_new_nodes_are_nobody_s():
    raw = lattice()
    table = roads([(50, 10), (150, 150), (350, 410)])
    numbers = with_roads(raw, table).ids
    assert numbers.is_unique
    assert numbers[: len(raw.ids)].equals(raw.ids)
    text = replace(raw, ids=pd.Index([f"road{n}" for n in range(len(raw.x))], dtype=object))
    assert with_roads(text, table).ids.is_unique


def test_splits_at_the_same_place_are_one():
    raw = lattice()
    split, nodes = split_at(raw, np.array([3, 0, 3, 3, 0]), np.array([0.5, 0.2, 0.25, 0.5, 1.0]))
    assert nodes[0] == nodes[3]
    assert nodes[4] == raw.v[0]
    assert split.metres[:6].tolist() == [20.0, 80.0, 100.0, 100.0, 25.0, 25.0]
    assert (split.x[nodes[1]], split.y[nodes[1]]) == (20.0, 0.0)


points = st.tuples(st.floats(0, 400), st.floats(0, 400))
lines = st.lists(points, min_size=2, max_size=4, unique=True)
tables = st.lists(lines, min_size=1, max_size=4)


@settings(max_examples=60, deadline=None)
@given(tables)
def test_a_new_road_never_lengthens_a_walk(several):
    raw = lattice()
    after = with_roads(raw, roads(*several, join_m=[60.0] * len(several)))
    for node in (0, 22, 43):
        before, now = walks(raw, node), walks(after, node)
        assert (now[raw.ids] <= before + 1e-6).all()
    # What a street had, its parts have: nothing is lost.
    street = after.metres.sum() - after.dropped["roads_built_m"]
    assert street == pytest.approx(raw.metres.sum(), abs=1.0)


@settings(max_examples=60, deadline=None)
@given(st.lists(points, min_size=1, max_size=4), st.floats(1, 90))
def test_closing_never_shortens_a_walk(spots, within):
    raw = lattice()
    try:
        after = without_roads(raw, roads(*[[spot] for spot in spots], within_m=within))
    except InputError:  # no street near one of them
        return
    for node in (0, 22):
        assert (walks(after, node)[raw.ids] >= walks(raw, node) - 1e-6).all()
    closed = raw.metres.sum() - after.metres.sum()
    assert closed == pytest.approx(after.dropped["roads_closed_m"], abs=0.5)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 3), st.floats(5, 395), st.floats(5, 395))
def test_a_road_that_is_built_and_closed_changes_no_walk(row, start, end):
    raw = lattice()
    line = [(start, 100.0 * row), (233.0, 100.0 * row + 41.0), (end, 100.0 * (row + 1))]
    built = with_roads(raw, roads(line))
    closed = without_roads(built, roads(line, within_m=[0.4]))
    for node in (0, 22):
        before = walks(raw, node)
        assert walks(closed, node)[raw.ids].to_numpy() == pytest.approx(before.to_numpy(), abs=1e-6)
