"""The compiled loops: outlines against contourpy, snapped rasters, what is kept compiled."""

import os
import subprocess
import sys
from itertools import pairwise

import contourpy
import numpy as np
import pytest
import shapely
from handmade import CRS, facilities_at, lattice_tables
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecircle.isochrone import _snap_raster, isochrones
from lifecircle.kernels import cold, raster
from lifecircle.kernels.graph import group
from lifecircle.network import WalkNetwork


def outlined(levels, limit=0.0):
    """Outline the zero lines of a small grid of levels, a step of 1 from (0, 0)."""
    rows, columns = levels.shape
    canvas = np.full((rows + 2, columns + 2), np.inf)
    canvas[1:-1, 1:-1] = levels
    beside = np.where(np.isinf(canvas), np.inf, -np.inf)
    row, column = np.nonzero(canvas - limit < raster.NEAR)
    box = np.array([row.min(), row.max(), column.min(), column.max()])
    points, rings, polygons = raster.outline(
        canvas.ravel(), beside.ravel(), columns + 2, box, -1.0, -1.0, 1.0, limit, 1.0
    )
    return shapely.from_ragged_array(shapely.GeometryType.POLYGON, points, (rings, polygons))


def test_one_point_inside_is_a_diamond_half_way_to_its_neighbours():
    levels = np.ones((3, 3))
    levels[1, 1] = -1.0
    (diamond,) = outlined(levels)
    assert diamond.equals(shapely.Polygon([(0.5, 1), (1, 0.5), (1.5, 1), (1, 1.5)]))


def test_a_ring_of_points_has_one_hole_and_what_lies_in_the_hole_is_another_polygon():
    levels = -np.ones((5, 5))
    levels[1:4, 1:4] = 1.0
    levels[2, 2] = -1.0
    ring, island = outlined(levels)
    assert [len(ring.interiors), len(island.interiors)] == [1, 0]
    assert shapely.Polygon(ring.interiors[0]).contains(island)


@pytest.mark.parametrize(("strength", "polygons"), [(0.2, 2), (1.0, 1)])
def test_points_across_belong_together_if_the_square_is_inside_on_average(strength, polygons):
    assert len(outlined(np.array([[-strength, 0.5], [0.5, -strength]]))) == polygons


@settings(max_examples=150, deadline=None)
@given(st.integers(2, 9), st.integers(2, 9), st.integers(0, 2**32 - 1), st.floats(0.2, 0.8))
def test_law_outlines_are_those_of_contourpy(rows, columns, seed, share):
    levels = np.random.default_rng(seed).uniform(-share, 1.0 - share, (rows, columns))
    levels[np.abs(levels) < 0.01] = 0.01
    levels[0, 0] = -0.5
    framed = np.full((rows + 2, columns + 2), 1.0)
    framed[1:-1, 1:-1] = levels
    x, y = np.arange(-1.0, columns + 1), np.arange(-1.0, rows + 1)
    drawing = contourpy.contour_generator(x, y, framed, fill_type="OuterOffset")
    theirs = [
        shapely.Polygon(part[at[0] : at[1]], [part[a:b] for a, b in pairwise(at[1:])])
        for part, at in zip(*drawing.filled(-np.inf, 0.0), strict=True)
    ]
    ours = outlined(levels)
    assert shapely.is_valid(ours).all()
    assert len(ours) == len(theirs)
    assert shapely.get_num_interior_rings(ours).sum() == sum(len(t.interiors) for t in theirs)
    apart = shapely.union_all(ours).symmetric_difference(shapely.union_all(theirs))
    assert apart.area < 1e-9


@pytest.mark.parametrize("detour", [0.0, 40.0])
def test_the_raster_snaps_as_every_place_does(detour):
    nodes, edges = lattice_tables(4, 130.0)
    nodes.loc[900] = (170.0, 55.0)  # an islet between the streets
    nodes.loc[901] = (215.0, 61.0)
    edges.loc[len(edges)] = (900, 901)
    network = WalkNetwork.from_tables(nodes, edges, crs=CRS)
    profile = network.profile.model_copy(update={"islet_detour_m": detour})
    network = network.with_profile(profile)
    made = _snap_raster(network, 7.0, 80.0, None)
    row, column = np.divmod(made.at, made.stride)
    x, y = made.x0 + column * made.step, made.y0 + row * made.step
    single = network.snap_points(x, y, limit_m=94.0)
    assert np.abs(single.access_m - made.places.access_m).max() < 1e-9
    (islet,) = np.flatnonzero(network.islet_chain[network.segment_chain])
    assert ((single.segment == islet) == (made.places.segment == islet)).all()
    assert (single.segment == islet).any()
    # Nothing within the limit is left out.
    every = np.setdiff1d(np.arange(made.rows * made.stride), made.at)
    row, column = np.divmod(every, made.stride)
    rim = (row == 0) | (row == made.rows - 1) | (column == 0) | (column == made.stride - 1)
    x, y = made.x0 + column[~rim] * made.step, made.y0 + row[~rim] * made.step
    assert network.snap_points(x, y, limit_m=94.0).off_network.all()


def test_strips_are_sewn_together(monkeypatch, lattice):
    facilities = facilities_at([(130, 0), (390, 210)])
    whole = isochrones(lattice, facilities, minutes=[2, 4])
    monkeypatch.setattr("lifecircle.isochrone._STRIP", 50)
    assert (
        isochrones(lattice, facilities, minutes=[2, 4])
        .geometry.geom_equals_exact(whole.geometry, 0.0)
        .all()
    )


def test_single_and_dissolved_polygons_of_one_facility_are_the_same_bit_by_bit(lattice):
    facilities = facilities_at([(130, 0)])
    one = isochrones(lattice, facilities, minutes=[1, 3], metres=[200], per_facility=True)
    again = isochrones(lattice, facilities, minutes=[1, 3], metres=[200])
    assert one.geometry.to_wkb().tolist() == again.geometry.to_wkb().tolist()


def test_group_keeps_the_order_within_each_code():
    ptr, order = group(np.array([2, 0, 2, 0, 3], np.int32), 5)
    assert ptr.tolist() == [0, 2, 2, 4, 5, 5]
    assert order.tolist() == [1, 3, 0, 2, 4]


def test_a_first_run_knows_that_it_must_compile(tmp_path, lattice):
    isochrones(lattice, facilities_at([(0, 0)]), minutes=[1])
    asking = "from lifecircle.kernels import cold; raise SystemExit(10 + cold())"
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    run = subprocess.run([sys.executable, "-c", asking], env=environment, check=False)
    assert run.returncode == 11
    assert cold() in (True, False)
