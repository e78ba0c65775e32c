"""Isochrones: measured by hand on one road, nested, holed, and in step with the cells' times."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import shapely
from handmade import CRS, cells_at, facilities_at, lattice_tables
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecircle.config import WalkProfile
from lifecircle.errors import InputError
from lifecircle.isochrone import isochrones
from lifecircle.network import WalkNetwork
from lifecircle.reach import nearest_times

METRE_A_SECOND = WalkProfile(speed_kph=3.6)


@pytest.fixture
def road():
    nodes = pd.DataFrame({"x": [0.0, 4000.0], "y": [0.0, 0.0]})
    edges = pd.DataFrame({"u": [0], "v": [1]})
    return WalkNetwork.from_tables(nodes, edges, crs=CRS, profile=METRE_A_SECOND)


def test_the_road_is_cut_where_the_time_runs_out(road):
    areas = isochrones(road, facilities_at([(2000, 0)]), minutes=[5, 10])
    for minutes, reach in ((5, 300.0), (10, 600.0)):
        west, south, east, north = areas.loc[("post", minutes), "geometry"].bounds
        assert west == pytest.approx(2000 - reach, abs=1.0)
        assert east == pytest.approx(2000 + reach, abs=1.0)
        assert (south, north) == pytest.approx((-100.0, 100.0), abs=1.0)


def test_the_outline_is_the_level_set_of_time_and_access(road):
    # |x - 2000| + |y| <= 300 and |y| <= 100: a diamond of half-axis 300 cut at y = +-100.
    area = isochrones(road, facilities_at([(2000, 0)]), minutes=[5]).geometry.iloc[0]
    expected = shapely.Polygon(
        [(1700, 0), (1800, 100), (2200, 100), (2300, 0), (2200, -100), (1800, -100)]
    )
    assert area.symmetric_difference(expected).area < 0.02 * expected.area
    assert area.area == pytest.approx(100_000.0, rel=0.01)


def test_metres_are_lengths_whatever_the_speed(road):
    slow = road.with_profile(WalkProfile(speed_kph=1.8))
    areas = isochrones(slow, facilities_at([(2000, 0)]), minutes=[10], metres=[600])
    assert areas.loc[("post", 600.0), "limit_unit"] == "metres"
    assert areas.loc[("post", 600.0), "geometry"].bounds[0] == pytest.approx(1400.0, abs=1.0)
    assert areas.loc[("post", 10.0), "geometry"].bounds[0] == pytest.approx(1700.0, abs=1.0)


def test_a_block_that_is_too_large_leaves_a_hole():
    network = WalkNetwork.from_tables(*lattice_tables(2, 1000.0), crs=CRS, profile=METRE_A_SECOND)
    area = isochrones(network, facilities_at([(0, 0)]), minutes=[60]).geometry.iloc[0]
    assert len(area.interiors) == 1
    assert shapely.Polygon(area.interiors[0]).area == pytest.approx(800.0**2, rel=0.02)


def test_dissolved_is_the_union_of_single_ones(road):
    both = facilities_at([(1000, 0), (1500, 0)])
    single = isochrones(road, both, minutes=[5], per_facility=True)
    assert [origin for origin, _ in single.index] == ["f0", "f1"]
    together = isochrones(road, both, minutes=[5]).geometry.iloc[0]
    union = shapely.union_all(single.geometry.array)
    assert together.symmetric_difference(union).area < 0.02 * union.area


def test_a_window_gives_the_same_polygon_as_the_whole_raster(lattice):
    facilities = facilities_at([(130, 0)])
    one = isochrones(lattice, facilities, minutes=[3], per_facility=True).geometry.iloc[0]
    whole = isochrones(lattice, facilities, minutes=[3]).geometry.iloc[0]
    assert one.equals(whole)


def test_an_area_cuts_the_drawing(road):
    areas = isochrones(
        road, facilities_at([(2000, 0)]), minutes=[30], area=shapely.box(1900, -50, 2100, 50)
    )
    west, _, east, _ = areas.geometry.iloc[0].bounds
    assert 1700 <= west <= 1900
    assert 2100 <= east <= 2300


def test_off_the_network_and_nothing_at_all(road):
    assert len(isochrones(road, facilities_at([(0, 5000)]), minutes=[5])) == 0
    assert len(isochrones(road, facilities_at([]), minutes=[5])) == 0
    assert isochrones(road, facilities_at([]), minutes=[5]).crs == road.crs


def test_a_limit_of_zero_is_refused(road):
    with pytest.raises(InputError, match="not above 0"):
        isochrones(road, facilities_at([(0, 0)]), minutes=[0])


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-50, 450), st.floats(-50, 450)), min_size=1, max_size=4),
    st.lists(st.floats(0.5, 12), min_size=2, max_size=4, unique=True),
)
def test_law_smaller_limits_lie_inside_larger_ones(places, limits):
    network = WalkNetwork.from_tables(*lattice_tables(), crs=CRS, profile=METRE_A_SECOND)
    areas = isochrones(network, facilities_at(places), minutes=sorted(limits))
    shapes = areas.geometry.tolist()
    assert areas.geometry.is_valid.all()
    for inner, outer in pairwise(shapes):
        assert inner.difference(outer).area < 1e-6 * inner.area


def test_real_streets_nested_valid_and_in_step_with_the_cells():
    """Within the drawn access leg, cells inside the polygon and in time are the same to 1 %."""
    network = WalkNetwork.from_osm("data/liechtenstein/liechtenstein-2013-08-03.osm.pbf")
    rng = np.random.default_rng(3)
    nodes = rng.choice(len(network.node_x), 12, replace=False)
    at = np.c_[network.node_x[nodes], network.node_y[nodes]]
    facilities = facilities_at(at, crs=network.crs)
    areas = isochrones(network, facilities, minutes=[5, 10, 15, 30])
    assert areas.geometry.is_valid.all()
    shapes = areas.geometry.tolist()
    for inner, outer in pairwise(shapes):
        assert inner.difference(outer).area < 1e-6 * inner.area
    homes = rng.choice(len(network.node_x), 20_000)
    where = np.c_[network.node_x[homes], network.node_y[homes]] + rng.uniform(-90, 90, (20_000, 2))
    cells = cells_at(where, crs=network.crs)
    drawn = np.flatnonzero(network.snap(cells).access_m <= 100.0)
    times = nearest_times(network, facilities, cells)["seconds"].to_numpy()[drawn]
    for minutes, shape in zip((5, 10, 15, 30), shapes, strict=True):
        inside = shapely.contains_xy(shape, *where[drawn].T)
        in_time = times <= minutes * 60.0
        assert (inside == in_time).mean() > 0.99
        assert abs(inside.mean() - in_time.mean()) < 0.003
