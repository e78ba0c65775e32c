"""The grid: numbers, exact shares and cuts that a person can recompute."""

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecircle.grid import Grid, cut, grid_over, near, outlines, overlap_m2, sums

UTM = pyproj.CRS(32632)
LATTICE = Grid(0, 300, 100, 100, rows=3, columns=3, crs=UTM)


def series(*polygons):
    return gpd.GeoSeries(list(polygons), crs=UTM)


def test_cells_are_numbered_by_rows_from_the_north_west():
    assert LATTICE.cell_at([1, 299, 1, 150], [299, 299, 1, 150]).tolist() == [0, 2, 6, 4]
    assert LATTICE.cell_at([-1, 300, 50], [50, 50, 301]).tolist() == [-1, -1, -1]


def test_grid_lines_lie_at_multiples_of_the_cell_size():
    grid = grid_over([-130, 20, 90, 260], 100, UTM)
    assert grid.bounds == (-200.0, 0.0, 100.0, 300.0)
    assert (grid.rows, grid.columns) == (3, 3)


def test_a_diamond_covers_half_of_the_corner_cells():
    diamond = shapely.Polygon([(150, 0), (300, 150), (150, 300), (0, 150)])
    found = cut(LATTICE, series(diamond)).set_index("cell")["share"]
    # A corner cell holds a triangle with legs of 50 m; an edge cell lacks two of these.
    assert found[[0, 2, 6, 8]].tolist() == pytest.approx([0.125] * 4)
    assert found[[1, 3, 5, 7]].tolist() == pytest.approx([0.75] * 4)
    assert found[4] == 1
    assert found.sum() * 1e4 == pytest.approx(diamond.area)


def test_unwanted_cells_are_left_out():
    wanted = np.zeros(9, dtype=bool)
    wanted[[0, 4]] = True
    assert cut(LATTICE, series(shapely.box(0, 0, 300, 300)), wanted)["cell"].tolist() == [0, 4]


def test_an_area_off_the_grid_covers_nothing():
    assert cut(LATTICE, series(shapely.box(900, 900, 950, 950))).empty
    assert cut(LATTICE, series(shapely.box(300, 0, 400, 300))).empty  # touches only


def test_sums_weigh_by_share_and_skip_missing_values():
    values = np.array([[1.0, 2.0, np.nan], [4.0, 8.0, 6.0], [7.0, 8.0, 9.0]])
    areas = series(shapely.box(50, 100, 300, 300), shapely.box(900, 900, 950, 950))
    assert sums(LATTICE, values, areas).tolist() == [0.5 * 1 + 2 + 0.5 * 4 + 8 + 6, 0.0]


def test_outlines_are_drawn_in_another_crs():
    degrees = Grid(9.0, 47.2, 0.001, 0.001, rows=1, columns=2, crs=pyproj.CRS(4326))
    quads, middle = outlines(degrees, np.array([0, 1]), UTM)
    # 0.001 degrees at 47.2 N: 111.2 m north, 111.2 m x cos 47.2 east (UTM: 0.04 % less).
    width = 111_320 * np.cos(np.radians(47.1995)) * 0.001
    assert shapely.area(quads) == pytest.approx([width * 111.2] * 2, rel=2e-3)
    assert middle[1, 0] - middle[0, 0] == pytest.approx(width, rel=2e-3)
    assert shapely.touches(quads[0], quads[1])


def test_a_cut_cell_keeps_its_area_and_a_point_inside():
    pieces = cut(LATTICE, series(shapely.box(0, 0, 130, 300)))
    border = pieces[pieces["share"] < 1]
    assert shapely.area(border["geometry"].to_numpy()) == pytest.approx([3000.0] * 3)
    inside = shapely.contains_xy(border["geometry"].to_numpy(), border["x"], border["y"])
    assert inside.all()
    whole = pieces[pieces["share"] == 1]
    assert whole["x"].tolist() == [50.0] * 3


def test_a_cell_cut_in_two_parts_stays_one_piece():
    u_shape = shapely.box(0, 0, 100, 300) | shapely.box(200, 0, 300, 300)
    wide = Grid(0, 300, 300, 300, rows=1, columns=1, crs=UTM)
    pieces = cut(wide, series(u_shape))
    assert pieces["geometry"][0].geom_type == "MultiPolygon"
    assert pieces["geometry"][0].area == 60_000


def test_overlap_counts_land_on_both_sides():
    cells = np.array([shapely.box(0, 0, 100, 100), shapely.box(500, 0, 600, 100)])
    land = np.array([shapely.box(-50, -50, 20, 150), shapely.box(80, 0, 90, 50)])
    assert overlap_m2(cells, land).tolist() == [20 * 100 + 10 * 50, 0.0]


def test_an_area_that_crosses_itself_when_bent_is_still_measured_right():
    """In another projection a needle of a hole may cross itself."""
    needle = shapely.Polygon([(20, 250), (150, 50), (280, 20), (150.0001, 50)])
    area = shapely.box(0, 0, 300, 300).difference(needle)
    bow = shapely.Polygon([(0, 0), (300, 300), (300, 0), (0, 300)])  # two triangles of 22,500 m2
    found = sums(LATTICE, np.ones((3, 3)), series(area, bow))
    assert found == pytest.approx([area.area / 1e4, 4.5], rel=1e-5)


def test_an_empty_area_holds_nothing():
    assert sums(LATTICE, np.ones((3, 3)), series(shapely.Polygon())).tolist() == [0.0]


def test_near_cells_hold_all_that_is_touched():
    grid = Grid(0, 1000, 100, 100, rows=10, columns=10, crs=UTM)
    speck = series(shapely.box(520, 520, 530, 530))
    flag = near(grid, speck).reshape(10, 10)
    assert np.argwhere(flag).min(axis=0).tolist() == [3, 4]
    assert np.argwhere(flag).max(axis=0).tolist() == [5, 6]
    assert not near(grid, series(shapely.Polygon())).any()


def corner_hull(points):
    """The convex hull of points at corners of the grid and up to a few roundings off."""
    xy = np.array([(500_000 + 100 * c, 5_000_000 - 100 * r) for c, r, _, _ in points], dtype=float)
    off = np.array([(i, j) for _, _, i, j in points]) * np.spacing(5e6)
    return shapely.convex_hull(shapely.multipoints(xy + off))


corners = st.tuples(st.integers(-1, 9), st.integers(-1, 9), st.integers(-2, 2), st.integers(-2, 2))


@settings(deadline=None, max_examples=150)
@given(st.lists(corners, min_size=3, max_size=7).map(corner_hull).filter(lambda g: g.area > 1))
def test_borders_through_the_grids_corners_keep_their_area(area):
    grid = Grid(500_000, 5_000_000, 100, 100, rows=8, columns=8, crs=UTM)
    inside = area.intersection(shapely.box(*grid.bounds)).area
    assert cut(grid, series(area))["share"].sum() * 1e4 == pytest.approx(inside, abs=1e-3)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32 - 1))
def test_shares_agree_with_exactextract_on_ordinary_borders(seed):
    rng = np.random.default_rng(seed)
    grid = Grid(500_000, 5_000_000, 100, 100, rows=8, columns=8, crs=UTM)
    points = rng.random((6, 2)) * [1000, -1000] + [499_900, 5_000_100]
    area = series(shapely.convex_hull(shapely.multipoints(points)))
    raster = NumPyRasterSource(np.zeros((8, 8)), *grid.bounds, srs_wkt=area.crs.to_wkt())
    frame = gpd.GeoDataFrame(geometry=area)
    found = exact_extract(raster, frame, ["cell_id", "coverage"], output="pandas").iloc[0]
    expected = np.zeros(64)
    expected[found["cell_id"]] = found["coverage"]
    pieces = cut(grid, area)
    shared = np.zeros(64)
    shared[pieces["cell"]] = pieces["share"]
    assert shared == pytest.approx(expected, abs=1e-6)
