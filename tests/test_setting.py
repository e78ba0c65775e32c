"""The degree of urbanisation on hand-made squares of 1 km."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecircle import tables
from lifecircle.errors import CRSError, TableError
from lifecircle.population import cells_from_raster
from lifecircle.setting import degree_of_urbanisation, derive_settings, with_settings
from lifecircle.sources.raster import read_population

SHARED = Path(__file__).parents[1].parent / "shared" / "data"


def unit_table(*boxes, setting=None):
    return gpd.GeoDataFrame(
        {"name": None, "setting": setting, "residents": np.nan, "priority": 1.0},
        geometry=[shapely.box(*(1000 * np.array(box))) for box in boxes],
        index=pd.Index([f"u{i}" for i in range(len(boxes))], name="unit_id"),
        crs=32632,
    )


def cells_on(grid, units):
    """One cell in the middle of each square; the grid's first row is the northernmost."""
    grid = np.array(grid, dtype=float)
    row, column = np.nonzero(grid > 0)
    x, y = column * 1000 + 500.0, (len(grid) - 1 - row) * 1000 + 500.0
    points = gpd.GeoSeries(gpd.points_from_xy(x, y), crs=units.crs)
    unit = points.sindex.query(units.geometry, predicate="contains")
    owner = pd.Series(units.index[unit[0]], index=unit[1]).sort_index()
    return gpd.GeoDataFrame(
        {
            "unit_id": owner.to_numpy(),
            "setting": None,
            "persons": grid[row, column],
            "residential_m2": np.nan,
            "x": x,
            "y": y,
        },
        geometry=points.to_numpy(),
        index=pd.RangeIndex(len(x), name="cell_id"),
        crs=units.crs,
    )


def degrees(grid, units=None):
    """The degree of every square as a grid of first letters, or two: ce, cl, ru."""
    height, width = np.shape(grid)
    units = unit_table((0, 0, width, height)) if units is None else units
    squares = degree_of_urbanisation(cells_on(grid, units), units)
    out = np.full((height, width), "--")
    middle = squares.geometry.centroid
    column = (middle.x // 1000).astype(int)
    row = height - 1 - (middle.y // 1000).astype(int)
    out[row, column] = squares["degree"].str[:2]
    return out


def block(height, width, persons):
    grid = np.zeros((height + 2, width + 2))
    grid[1:-1, 1:-1] = persons
    return grid


def test_a_block_of_84000_is_a_centre():
    found = degrees(block(7, 8, 1500))
    assert (found[1:-1, 1:-1] == "ce").all()
    assert np.count_nonzero(found == "ce") == 56
    assert np.count_nonzero(found == "ru") == 9 * 10 - 56


def test_one_person_per_km2_less_is_a_cluster():
    found = degrees(block(7, 8, 1499))
    assert np.count_nonzero(found == "cl") == 56
    assert not (found == "ce").any()


@pytest.mark.parametrize(("last", "degree"), [(2000, "ce"), (1999, "cl")])
def test_a_centre_holds_50000_together(last, degree):
    grid = block(5, 5, 2000)
    grid[5, 5] = last
    assert (degrees(grid)[1:-1, 1:-1] == degree).all()


@pytest.mark.parametrize(("persons", "degree"), [(500, "cl"), (499, "ru")])
def test_a_cluster_holds_5000_together(persons, degree):
    assert (degrees(block(2, 5, persons))[1:-1, 1:-1] == degree).all()


@pytest.mark.parametrize(("persons", "degree"), [(300, "cl"), (299, "ru")])
def test_a_cluster_is_dense_enough(persons, degree):
    assert (degrees(block(4, 5, persons))[1:-1, 1:-1] == degree).all()


def test_corners_join_a_cluster_but_not_a_centre():
    diagonal = np.zeros((4, 4))
    diagonal[0:2, 0:2] = diagonal[2:4, 2:4] = 700
    assert np.count_nonzero(degrees(diagonal) == "cl") == 8  # 5,600 together, 2,800 apart
    large = np.zeros((8, 8))
    large[0:4, 0:4] = large[4:8, 4:8] = 1600
    found = degrees(large)  # 25,600 each: 51,200 only across the corner
    assert not (found == "ce").any()
    assert np.count_nonzero(found == "cl") == 32


def test_small_gaps_in_a_centre_are_filled_large_ones_are_not():
    ring = block(6, 6, 3000)
    ring[3:5, 3:5] = 10  # a park of 4 km2
    assert np.count_nonzero(degrees(ring) == "ce") == 36
    wide = block(6, 6, 3000)
    wide[2:6, 2:6] = 10  # 16 km2: the ring of 20 squares holds 60,000
    assert np.count_nonzero(degrees(wide) == "ce") == 20
    just = block(5, 7, 3000)
    just[2:5, 2:6] = 10  # 12 km2
    assert np.count_nonzero(degrees(just) == "ce") == 35


def test_density_is_taken_of_the_area_inside_the_units():
    half = unit_table((0, 0, 20, 0.5))
    persons = [[250.0] * 20]  # 250 on half a square: 500 per km2, 5,000 together
    cells = cells_on(persons, unit_table((0, 0, 20, 1)))
    squares = degree_of_urbanisation(cells.assign(y=250.0), half)
    assert squares["persons_per_km2"].tolist() == pytest.approx([500.0] * 20)
    assert squares["degree"].unique().tolist() == ["cluster"]


def test_a_sliver_of_a_square_is_no_town():
    sliver = unit_table((0, 0, 20, 0.001))
    persons = [[25.0] * 20]  # 25,000 per km2 of the sliver
    cells = cells_on(persons, unit_table((0, 0, 20, 1))).assign(y=0.5)
    squares = degree_of_urbanisation(cells, sliver)
    assert squares["persons_per_km2"].tolist() == pytest.approx([250.0] * 20)


def test_squares_are_named_by_their_corner_and_tile_the_county():
    units = unit_table((0, 0, 3, 2))
    squares = degree_of_urbanisation(cells_on([[1, 2, 3], [4, 5, 6]], units), units)
    assert squares.index.tolist() == ["N1E0", "N1E1", "N1E2", "N0E0", "N0E1", "N0E2"]
    assert squares.index.name == "square_id"
    assert squares["persons"].tolist() == [1, 2, 3, 4, 5, 6]
    assert squares.geometry["N0E2"].bounds == (2000, 0, 3000, 1000)


def test_units_take_the_degree_of_most_residents():
    grid = np.zeros((8, 30))
    grid[1:7, 1:7] = 2000  # a centre of 72,000 in u0
    grid[1:3, 12:17] = 600  # a town of 6,000 in u1
    grid[5, 11:19] = 250  # 2,000 in its villages
    grid[4, 21:29] = 299  # villages alone in u2
    units = unit_table((0, 0, 10, 8), (10, 0, 20, 8), (20, 0, 30, 8), (30, 0, 31, 8))
    found = derive_settings(cells_on(grid, units), units)
    assert found.to_dict() == {"u0": "urban", "u1": "township", "u2": "rural", "u3": "rural"}
    assert found.index.name == "unit_id"


@pytest.mark.parametrize(
    ("village", "setting"), [(250.0, "rural"), (249.0, "township"), (299.0, "rural")]
)
def test_half_rural_is_rural(village, setting):
    grid = np.zeros((5, 22))
    grid[0, 0:10] = 500  # a town of 5,000
    grid[3, 0:20] = village  # 20 village squares: 5,000 at 250 each
    units = unit_table((0, 0, 22, 5))
    assert derive_settings(cells_on(grid, units), units)["u0"] == setting


def test_half_in_a_centre_is_urban():
    grid = np.zeros((20, 20))
    grid[1:6, 1:6] = 2000  # 50,000
    grid[8:18, 0:20] = 250  # 200 squares: 50,000
    units = unit_table((0, 0, 20, 20))
    assert derive_settings(cells_on(grid, units), units)["u0"] == "urban"
    grid[19, 0] = 250
    assert derive_settings(cells_on(grid, units), units)["u0"] == "rural"


def test_declared_settings_are_kept_and_missing_ones_filled():
    units = unit_table((0, 0, 5, 5), (5, 0, 10, 5), setting=["urban", None])
    cells = cells_on(np.full((5, 10), 20), units)
    new_units, new_cells = with_settings(units, cells)
    assert new_units["setting"].tolist() == ["urban", "rural"]
    assert new_cells.groupby("unit_id")["setting"].unique().map(list).to_dict() == {
        "u0": ["urban"],
        "u1": ["rural"],
    }
    assert units["setting"].tolist()[0] == "urban"
    assert cells["setting"].isna().all()
    tables.check(new_units, tables.UNITS)
    tables.check(new_cells, tables.CELLS)


@pytest.mark.parametrize("missing", [None, np.nan])
def test_nothing_declared_and_everything_declared(missing):
    units = unit_table((0, 0, 5, 5), setting=[missing])
    cells = cells_on(np.full((5, 5), 20), units)
    assert with_settings(units, cells)[0]["setting"].tolist() == ["rural"]
    declared = units.assign(setting="township")
    assert with_settings(declared, cells)[1]["setting"].unique().tolist() == ["township"]


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.integers(0, 4000), min_size=36, max_size=36),
    st.integers(0, 35),
    st.integers(1, 4000),
)
def test_more_residents_never_make_a_square_less_urban(persons, where, more):
    rank = {"ru": 0, "cl": 1, "ce": 2}
    before = np.repeat(np.reshape(persons, (6, 6)), 2, axis=1).astype(float) + 1
    after = before.copy()
    after[where // 6, 2 * (where % 6)] += more
    ranks = [np.vectorize(rank.get)(degrees(grid)) for grid in (before, after)]
    assert (ranks[1] >= ranks[0]).all()


def test_bad_tables_are_errors():
    units = unit_table((0, 0, 5, 5))
    cells = cells_on(np.full((5, 5), 20), units)
    with pytest.raises(TableError, match="unknown units other"):
        derive_settings(cells.assign(unit_id="other"), units)
    with pytest.raises(TableError, match="column 'persons' is missing"):
        degree_of_urbanisation(cells.drop(columns="persons"), units)
    with pytest.raises(CRSError, match="cells: is in"):
        degree_of_urbanisation(cells.set_crs(32633, allow_override=True), units)
    with pytest.raises(CRSError, match="not in metres"):
        degree_of_urbanisation(cells, units.set_crs(4326, allow_override=True))


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the shared data")
@pytest.mark.filterwarnings("ignore::lifecircle.errors.DataWarning")
def test_las_palmas_is_a_city():
    folder = SHARED / "las_palmas"
    city = gpd.read_file(folder / "boundary_municipality_cnig.geojson").to_crs(32628)
    units = unit_table((0, 0, 1, 1)).set_crs(32628, allow_override=True)
    units = units.set_geometry(city.geometry.to_numpy(), crs=city.crs)
    raster = read_population(folder / "ghs_pop_100m_subset.tif", city.union_all(), city.crs)
    cells = cells_from_raster(raster, units)
    squares = degree_of_urbanisation(cells, units)
    persons = squares.groupby("degree")["persons"].sum()
    assert persons.sum() == pytest.approx(cells["persons"].sum())
    # GHS-UCDB has an urban centre here; most of the city lives in it.
    assert persons["centre"] > 0.8 * persons.sum()
    assert derive_settings(cells, units)["u0"] == "urban"
