"""How numbers and cells go into the page: there and back, and what a person can check by hand."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from synthetic_assessment import CRS, synthetic_assessment, synthetic_config
from unpacking import raw_bytes, stream, unpack, unpack_rings

from lifecircle import read_standard
from lifecircle.errors import TableError
from lifecircle.render.web.before import check_same_cells
from lifecircle.render.web.cellpack import (
    Arrangement,
    arrange,
    levels_up,
    pack_persons,
    pack_table,
    precision_of,
)
from lifecircle.render.web.contents import page_data
from lifecircle.render.web.lattice import find_lattice
from lifecircle.render.web.maps import coverage_map
from lifecircle.render.web.packing import (
    DIGITS,
    codes,
    north_of,
    pack_array,
    tenths_up,
    to_plane,
    to_text,
)
from lifecircle.render.web.page import json_text

STANDARD = read_standard(synthetic_config().standard)
INTEGERS = ("u1", "u2", "u4", "i2", "i4")


def planes(pack: dict) -> list[int]:
    return list(stream(pack))


# --- numbers: by hand ------------------------------------------------------------------------


def test_bytes_are_spread_lowest_first():
    assert planes(pack_array([1, 0x0203], "u2")) == [1, 3, 0, 2]


def test_high_bytes_that_are_all_0_are_left_out():
    assert pack_array([7, 8], "u4")["planes"] == 1


def test_steps_of_both_signs_are_small_numbers():
    assert planes(pack_array([-1, 1], "i2")) == [1, 2]
    # Half a byte each: 15 (a longer one, 200), 2, 3, 0.
    pack = pack_array([100, 101, 99, 99], "u2", "delta")
    assert pack["halves"] == 1
    assert planes(pack) == [0x2F, 0x03, 200]


def test_a_slope_is_foreseen():
    # Two rows, 20 18 16 14 and 25 23 21 19: north-west lies between west and north.
    row, column = np.repeat([0, 1], 4), np.tile(np.arange(4), 2)
    pack = pack_array(20 - 2 * column + 5 * row, "u1", "plane", north=north_of(row, column))
    assert planes(pack) == [0x3F, 0x33, 0x0F, 0x00, 40, 22]  # 40 3 3 3, 22 0 0 0


def test_an_edge_is_kept():
    # 9 9 1 above 9 9 1: what stood above the edge stands below it.
    row, column = np.repeat([0, 1], 3), np.tile(np.arange(3), 2)
    pack = pack_array([9, 9, 1] * 2, "u1", "plane", north=north_of(row, column))
    # The very first place is never taken for a northern neighbour: 16.
    assert planes(pack) == [18, 0, 15, 16, 0, 0]


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="do not fit u1"):
        pack_array([256], "u1")
    with pytest.raises(ValueError, match="do not fit u2"):
        pack_array([-1], "u2")
    with pytest.raises(ValueError, match="not predicted"):
        pack_array([0.5], "f4", "delta")
    with pytest.raises(ValueError, match="northern neighbour"):
        pack_array([1, 2], "u1", "plane")


def test_nothing_is_packed_as_nothing():
    for dtype in INTEGERS:
        assert unpack(pack_array([], dtype, "delta")).tolist() == []


def test_the_digits_need_no_escape():
    assert len(set(DIGITS)) == 85
    assert json_text(DIGITS) == f'"{DIGITS}"'


# --- numbers: laws ---------------------------------------------------------------------------


@st.composite
def on_a_grid(draw):
    """Draw places of a grid with holes, perhaps some twice, and numbers of a type for them."""
    dtype = draw(st.sampled_from(INTEGERS))
    places = sorted(draw(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 6)), max_size=40)))
    limits = np.iinfo(np.dtype(dtype))
    any_number = st.integers(int(limits.min), int(limits.max))
    number = st.one_of(any_number, st.integers(0, 9), st.just(int(limits.max)))
    values = draw(st.lists(number, min_size=len(places), max_size=len(places)))
    row, column = np.array(places, dtype=np.int64).reshape(-1, 2).T
    return dtype, np.array(values, dtype=dtype), north_of(row, column)


@given(on_a_grid(), st.sampled_from(["none", "delta", "plane"]))
def test_integers_come_back_as_they_were(case, predictor):
    dtype, values, north = case
    back = unpack(pack_array(values, dtype, predictor, north=north), north)
    assert back.dtype == values.dtype
    assert back.tolist() == values.tolist()


@given(st.binary(max_size=50))
def test_bytes_come_back_from_text(raw):
    text = to_text(raw)
    assert len(text) == 5 * -(-len(raw) // 4)
    assert raw_bytes(text)[: len(raw)] == raw


@given(st.lists(st.floats(width=32)))
def test_floats_come_back_bit_by_bit(values):
    given_ = np.array(values, dtype="<f4")
    assert unpack(pack_array(given_, "f4")).tobytes() == given_.tobytes()


@given(st.sets(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=1))
def test_the_northern_neighbour_is_the_one_above(places):
    order = sorted(places)
    row, column = np.array(order, dtype=np.int64).T
    north = north_of(row, column)
    for i, (r, c) in enumerate(order):
        assert (order[north[i]] if north[i] >= 0 else None) == (
            (r - 1, c) if (r - 1, c) in places else None
        )


# --- the lattice -----------------------------------------------------------------------------


def raster(source, size=40):
    """Cells of a raster near Suining county, in the plane of the map (decimetres), and in CRS."""
    step = 1 / 1200 if source == 4326 else 100.0
    corner = gpd.GeoSeries([shapely.Point(110.2, 26.6)], crs=4326).to_crs(source).iloc[0]
    x, y = np.meshgrid(np.arange(size) * step + corner.x, corner.y - np.arange(size) * step)
    pixels = shapely.box(x.ravel(), y.ravel() - step, x.ravel() + step, y.ravel())
    cells = gpd.GeoSeries(pixels, crs=source).to_crs(CRS).to_numpy()
    return shapely.transform(to_plane(cells, CRS), lambda metres: metres * 10.0)


@pytest.mark.parametrize("source", [CRS, 4326, "ESRI:54009"])
def test_rows_and_columns_of_rasters_are_found(source):
    plane = raster(source)
    plane[5] = shapely.centroid(plane[5]).buffer(300.0)  # cut, within its place
    found = find_lattice(plane)
    assert found.row.tolist() == np.repeat(np.arange(40), 40).tolist()
    assert found.column.tolist() == np.tile(np.arange(40), 40).tolist()
    assert np.flatnonzero(~found.regular).tolist() == [5]
    x, y = found.to_plane(found.column.astype(float), found.row.astype(float))
    middle = shapely.get_coordinates(shapely.centroid(plane))
    assert np.abs(np.column_stack([x, y]) - middle)[found.regular].max() < 2.0  # 0.2 m
    column, row = found.to_grid(middle[:, 0], middle[:, 1])
    assert np.abs(np.column_stack([column - found.column, row - found.row])).max() < 0.01


def test_what_is_on_no_lattice_is_not_forced_onto_one():
    random = np.random.default_rng(1)
    x, y = random.uniform(0, 1e6, (2, 500))
    assert find_lattice(shapely.box(x, y, x + 1000, y + 1000)) is None
    assert find_lattice(shapely.Point(0, 0).buffer(np.arange(1.0, 9.0))) is None
    twice = np.concatenate([raster(CRS, 8)] * 2)
    assert find_lattice(twice) is None


# --- precision -------------------------------------------------------------------------------


def test_thresholds_are_among_the_steps():
    standard = STANDARD
    for values in (6_000_000, 30_000_000):
        precision = precision_of(values, standard)
        assert {150, 300} <= set(precision.minutes)
        assert 2000 in precision.metres
        assert len(precision.minutes) <= 255
        assert len(precision.metres) <= 255
    assert precision_of(5_000_000, standard).minutes is None


@given(st.floats(0, 5_000, allow_nan=False), st.sampled_from([6_000_000, 30_000_000]))
def test_steps_never_change_a_verdict(minutes, values):
    precision = precision_of(values, STANDARD)
    tenths = tenths_up(np.array([minutes]))
    rounded = precision.minutes[levels_up(tenths, precision.minutes)[0]]
    for limit in (150, 300):
        assert (rounded <= limit) == (tenths[0] <= limit)
    assert rounded >= tenths[0] or rounded == precision.minutes[-1]


def test_residents_are_rounded_to_tenths_but_never_away():
    few = Arrangement(np.arange(4), np.array([]))
    pack = pack_persons(np.array([0.0, 0.001, 0.07, 12.34]), few, precision_of(10**8))
    assert unpack(pack["values"]).tolist() == [0, 1, 7, 132]  # 0, 0.01, 0.07, 12.3


# --- a county whose cells are a lattice ------------------------------------------------------


@pytest.fixture(scope="module")
def county():
    return synthetic_assessment(across=180)


def test_cells_of_the_page_are_those_of_the_tables(county):
    arrangement = arrange(county)
    lattice = arrangement.lattice
    cells = county.cells.iloc[arrangement.order]
    precision = precision_of(10**8, county.standard)
    pack = pack_table(county, arrangement, precision)
    assert (
        unpack(pack["unit"], arrangement.north).tolist()
        == codes(cells["unit_id"], county.units.index, 65535).tolist()
    )
    kind = list(county.standard.kinds).index("post")
    column = pack["kinds"][kind]
    minutes = np.array([*precision.minutes, *[0] * 256])[
        unpack(column["minutes"], arrangement.north)
    ]
    walk = county.access.xs("post", level="kind").reindex(cells.index)
    for limit in (15.0, 30.0):
        within = (minutes <= limit * 10) & (unpack(column["minutes"], arrangement.north) != 255)
        assert within.tolist() == (walk["seconds"] <= limit * 60.0).tolist()
    nearest = unpack(column["nearest"]["known"])[unpack(column["nearest"]["at"], arrangement.north)]
    names = np.array([None, *county.facilities.index], dtype=object)[nearest]
    expected = walk["facility_id"].astype(object)
    assert names.tolist() == expected.where(expected.notna(), None).tolist()
    # Cut cells have their rings, and lie in their place.
    assert unpack(pack["lattice"]["piece"]).tolist() == np.flatnonzero(~lattice.regular).tolist()
    rings = unpack_rings(pack["lattice"]["rings"])
    cut = to_plane(arrangement.shapes[~lattice.regular], CRS)
    for drawn, true in zip(rings[:40], cut[:40], strict=True):
        assert shapely.hausdorff_distance(shapely.Polygon(drawn[0]), true) < 0.1


def test_the_order_is_north_first_then_west_to_east(county):
    lattice = arrange(county).lattice
    place = lattice.row * 10_000 + lattice.column
    assert (np.diff(place) >= 0).all()


def test_ids_that_only_count_go_without_saying(county):
    arrangement = arrange(county)
    unit = codes(county.cells["unit_id"], county.units.index, -1)[arrangement.order]
    ids = np.empty(len(unit), int)
    ids[np.argsort(unit, kind="stable")] = np.arange(len(unit))
    cells = county.cells.copy()
    cells.index = pd.Index(ids[np.argsort(arrangement.order)], name="cell_id")
    counted = replace(county, cells=cells)
    precision = precision_of(1, county.standard)
    assert pack_table(counted, arrangement, precision)["id"] == {"counted": True}
    assert "number" in pack_table(county, arrangement, precision)["id"]


# --- before and after ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small():
    return synthetic_assessment(across=48)


def test_the_same_cells_in_another_order_are_the_same(small):
    shuffled = replace(small, cells=small.cells.sample(frac=1.0, random_state=1))
    data = page_data(small, before=shuffled)
    column, other = (data[key]["kinds"][0] for key in ("cells", "before"))
    assert column["minutes"] == other["minutes"]
    assert "nearest" not in other
    assert data["before"]["generated"] == "2026-01-31"
    assert page_data(small).get("before") is None


def test_other_cells_are_refused_and_named(small):
    fewer = replace(small, cells=small.cells.iloc[1:])
    with pytest.raises(TableError, match="before: 1 cells of the run after are not in it: 0"):
        coverage_map(small, before=fewer)
    with pytest.raises(TableError, match="before: 1 of its cells are not in the run after: 0"):
        coverage_map(fewer, before=small)
    moved = small.cells.copy()
    moved.loc[[7], "geometry"] = moved.geometry.loc[[7]].translate(1.5)
    with pytest.raises(TableError, match=r"1 cells lie elsewhere, by up to 1\.5 m: 7"):
        coverage_map(small, before=replace(small, cells=moved))
    near = small.cells.set_geometry(small.cells.translate(0.5))
    assert coverage_map(small, before=replace(small, cells=near))
    with pytest.raises(TableError, match="its CRS is"):
        check_same_cells(small.cells, small.cells.to_crs(4547))


def test_what_the_run_before_lacks_is_none(small):
    access = small.access.drop(index="park", level="kind")
    access.index = access.index.remove_unused_levels()
    data = page_data(small, before=replace(small, access=access))
    kind = list(small.standard.kinds).index("park")
    assert data["cells"]["kinds"][kind] is not None
    assert data["before"]["kinds"][kind] is None
