"""Population cells: every resident kept, counted once, and placed where a person would say."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from affine import Affine
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecircle import cells as cells_module
from lifecircle import tables
from lifecircle.dwelling import dwelling_evidence
from lifecircle.errors import CRSError, DataWarning, GeometryError, InputError, TableError
from lifecircle.population import (
    cells_from_raster,
    cells_from_totals,
    persons_within,
    reconcile,
)
from lifecircle.sources.raster import PopulationRaster, read_population

SHARED = Path(__file__).parents[1].parent / "shared" / "data"
UTM = pyproj.CRS(32632)


def raster_of(values, west=0.0, north=300.0, side=100.0, crs=UTM):
    transform = Affine(side, 0, west, 0, -side, north)
    return PopulationRaster(np.array(values, dtype=float), transform, crs, "pop.tif")


def unit_table(*polygons, residents=np.nan, setting=None, crs=UTM, names=None):
    return gpd.GeoDataFrame(
        {"name": names, "setting": setting, "residents": residents, "priority": 1.0},
        geometry=list(polygons),
        index=pd.Index([f"u{i}" for i in range(len(polygons))], name="unit_id"),
        crs=crs,
    )


def land(*polygons):
    return gpd.GeoDataFrame(geometry=list(polygons), crs=UTM)


def evidence(*rows):
    """Rows of (unit, weight, x, y)."""
    frame = pd.DataFrame(rows, columns=["unit_id", "weight", "x", "y"]).assign(placed_by="streets")
    return frame.rename_axis("point_id")


def by_unit(cells):
    return cells.groupby("unit_id")["persons"].sum().to_dict()


NINE = raster_of([[1, 2, 3], [4, 5, 6], [7, 8, 9]])


# --- raster ---------------------------------------------------------------------------------


def test_whole_cells_keep_their_counts_and_centres():
    cells = cells_from_raster(NINE, unit_table(shapely.box(0, 0, 300, 300), setting="rural"))
    tables.check(cells, tables.CELLS, crs=UTM)
    assert cells["persons"].tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert cells["x"].tolist() == [50.0, 150.0, 250.0] * 3
    assert cells["y"].tolist() == [250.0] * 3 + [150.0] * 3 + [50.0] * 3
    assert cells.geometry[5].equals(shapely.box(200, 100, 300, 200))
    assert cells["setting"].unique().tolist() == ["rural"]
    assert cells["placed_by"].unique().tolist() == ["raster"]
    assert cells["residential_m2"].isna().all()
    assert cells.index.tolist() == list(range(9))


def test_a_half_covered_cell_gives_half_of_its_count():
    cells = cells_from_raster(
        raster_of([[8.0]], north=100), unit_table(shapely.box(50, 0, 90, 100))
    )
    assert cells["persons"].tolist() == pytest.approx([8 * 0.4])
    cells = cells_from_raster(
        raster_of([[8.0]], north=100), unit_table(shapely.box(50, 0, 900, 100))
    )
    assert cells["persons"].tolist() == [4.0]
    assert cells.geometry[0].equals(shapely.box(50, 0, 100, 100))
    assert 50 < cells["x"][0] < 100


def test_neighbouring_units_split_cells_exactly():
    left, right = shapely.box(0, 0, 130, 300), shapely.box(130, 0, 300, 300)
    cells = cells_from_raster(NINE, unit_table(left, right))
    # Column 2 (2 + 5 + 8 = 15) is split 30 : 70; column 1 holds 12, column 3 18.
    assert by_unit(cells) == pytest.approx({"u0": 12 + 0.3 * 15, "u1": 0.7 * 15 + 18}, rel=1e-7)
    assert len(cells) == 12
    assert cells["persons"].sum() == pytest.approx(45, rel=1e-9)
    inside = shapely.contains_xy(cells.geometry.to_numpy(), cells["x"], cells["y"])
    assert inside.all()


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.floats(0, 1e4), min_size=9, max_size=9).filter(lambda v: sum(v) > 1e-3),
    st.floats(0, 300).map(lambda metres: round(metres, 9)),
    st.floats(0, 300).map(lambda metres: round(metres, 9)),
)
@pytest.mark.filterwarnings("ignore::lifecircle.errors.DataWarning")
def test_any_cut_into_two_units_conserves_the_sum(values, top, bottom):
    """A slanted border from (top, 300) to (bottom, 0) loses nobody and doubles nobody."""
    left = shapely.Polygon(
        [(-50, -50), (bottom, -50), (bottom, 0), (top, 300), (top, 350), (-50, 350)]
    )
    right = shapely.box(-50, -50, 350, 350) - left
    cells = cells_from_raster(raster_of(np.reshape(values, (3, 3))), unit_table(left, right))
    assert cells["persons"].sum() == pytest.approx(sum(values), rel=1e-6)


def test_no_data_and_empty_cells_are_left_out():
    cells = cells_from_raster(
        raster_of([[np.nan, 0, 3], [0, 0, 0], [0, 0, 0]]), unit_table(shapely.box(0, 0, 300, 300))
    )
    assert cells[["persons", "x", "y"]].to_numpy().tolist() == [[3.0, 250.0, 250.0]]


def test_a_raster_in_degrees_agrees_with_a_plain_overlay():
    units = unit_table(
        shapely.box(500_000, 5_220_000, 502_000, 5_224_000),
        shapely.box(502_000, 5_220_000, 504_000, 5_224_000),
    )
    side = 1 / 1200
    values = np.random.default_rng(3).integers(1, 50, (60, 80)).astype(float)
    degrees = raster_of(values, west=8.99, north=47.18, side=side, crs=pyproj.CRS(4326))
    cells = cells_from_raster(degrees, units)
    assert cells.crs == UTM

    row, column = np.indices(values.shape).reshape(2, -1)
    west, south = 8.99 + column * side, 47.18 - (row + 1) * side
    pixels = gpd.GeoSeries(shapely.box(west, south, west + side, south + side), crs=4326)
    pixels = pixels.to_crs(UTM).to_numpy()
    for name, unit in units.geometry.items():
        part = shapely.area(shapely.intersection(pixels, unit)) / shapely.area(pixels)
        assert by_unit(cells)[name] == pytest.approx((part * values.ravel()).sum(), rel=1e-5)
    # The pieces tile the units, and a whole cell keeps its whole number of persons.
    assert cells.area.sum() == pytest.approx(16e6, rel=1e-6)
    whole = cells[cells.within(units.geometry.iloc[0].buffer(-1))]
    assert len(whole) > 1000
    assert (whole["persons"] % 1 == 0).all()


def test_residential_land_is_measured_within_each_piece():
    left, right = shapely.box(0, 0, 150, 300), shapely.box(150, 0, 300, 300)
    homes = land(shapely.box(120, 220, 180, 300), shapely.box(120, 220, 140, 300))  # overlap once
    cells = cells_from_raster(NINE, unit_table(left, right), residential=homes)
    found = cells[cells["residential_m2"] > 0].set_index("unit_id")["residential_m2"]
    assert found.to_dict() == pytest.approx({"u0": 30 * 80, "u1": 30 * 80})
    assert cells["residential_m2"].notna().all()


def test_residential_land_without_residents_is_kept():
    empty = raster_of([[0, 0, 3], [0, 0, 0], [np.nan, 0, 0]])
    cells = cells_from_raster(
        empty, unit_table(shapely.box(0, 0, 300, 300)), residential=land(shapely.box(0, 0, 50, 50))
    )
    assert cells[["persons", "residential_m2"]].to_numpy().tolist() == [[3.0, 0.0], [0.0, 2500.0]]


def test_residential_land_elsewhere_is_unknown_not_zero():
    far = land(shapely.box(9000, 9000, 9100, 9100))
    with pytest.warns(DataWarning, match="none of its polygons touches a unit"):
        cells = cells_from_raster(NINE, unit_table(shapely.box(0, 0, 300, 300)), residential=far)
    assert cells["residential_m2"].isna().all()
    cells = cells_from_raster(NINE, unit_table(shapely.box(0, 0, 300, 300)), residential=far[:0])
    assert cells["residential_m2"].isna().all()


def test_residents_in_no_unit_are_counted():
    with pytest.warns(DataWarning, match="18 residents live inside the boundary but in no unit"):
        cells_from_raster(
            NINE, unit_table(shapely.box(0, 0, 200, 300)), boundary=shapely.box(0, 0, 300, 300)
        )


def test_units_that_fill_the_boundary_do_not_warn():
    county = shapely.box(0, 0, 300, 300)
    assert len(cells_from_raster(NINE, unit_table(county), boundary=county)) == 9


def test_a_unit_without_residents_is_named():
    units = unit_table(
        shapely.box(0, 0, 300, 300), shapely.box(900, 0, 950, 50), names=["A", "深山村"]
    )
    with pytest.warns(DataWarning, match="no resident in 深山村"):
        cells_from_raster(NINE, units)


def test_units_where_nobody_lives_are_an_error():
    with pytest.raises(InputError, match=r"pop\.tif: no resident lies in any unit"):
        cells_from_raster(NINE, unit_table(shapely.box(900, 0, 950, 50)))


def test_a_unit_that_crosses_itself_is_an_error():
    bow = shapely.Polygon([(0, 0), (300, 300), (300, 0), (0, 300)])
    with pytest.raises(GeometryError, match="crosses itself in u0"):
        cells_from_raster(NINE, unit_table(bow))


def test_units_in_degrees_are_an_error():
    with pytest.raises(CRSError, match="not in metres"):
        cells_from_raster(NINE, unit_table(shapely.box(0, 0, 1, 1), crs=4326))


def test_residential_land_in_another_crs_is_an_error():
    other = land(shapely.box(0, 0, 50, 50)).set_crs(32633, allow_override=True)
    with pytest.raises(CRSError, match="residential land"):
        cells_from_raster(NINE, unit_table(shapely.box(0, 0, 300, 300)), residential=other)


def test_lost_residents_are_an_error(monkeypatch):
    sound = cells_module.cut
    monkeypatch.setattr(cells_module, "cut", lambda *args: sound(*args).iloc[:-1])
    with pytest.raises(GeometryError, match="9 of 45 residents would be lost"):
        cells_from_raster(NINE, unit_table(shapely.box(0, 0, 300, 300)))


# --- totals ---------------------------------------------------------------------------------


TWO = (shapely.box(0, 0, 150, 100), shapely.box(150, 0, 300, 100))


def test_residents_follow_the_evidence():
    units = unit_table(*TWO, residents=[30.0, 8.0])
    points = evidence(("u0", 2, 10, 40), ("u0", 4, 40, 70), ("u0", 3, 120, 50), ("u1", 1, 170, 50))
    cells = cells_from_totals(units, points)
    tables.check(cells, tables.CELLS, crs=UTM)
    found = cells[["unit_id", "persons", "x", "y"]].to_numpy().tolist()
    # (2 x 10 + 4 x 40) / 6 = 30 and (2 x 40 + 4 x 70) / 6 = 60.
    assert found[0] == ["u0", 20.0, 30.0, 60.0]
    assert found[1] == ["u0", 10.0, 120.0, 50.0]
    assert found[2] == ["u1", 8.0, 170.0, 50.0]
    assert [g.bounds for g in cells.geometry] == [
        (0, 0, 100, 100),
        (100, 0, 150, 100),
        (150, 0, 200, 100),
    ]
    assert cells["placed_by"].tolist() == ["streets"] * 3


def test_without_evidence_residential_land_is_used():
    homes = land(shapely.box(0, 0, 10, 10), shapely.box(100, 0, 130, 10))
    with pytest.warns(DataWarning, match="no street, building or residential land in u1"):
        cells = cells_from_totals(unit_table(*TWO, residents=[40.0, 15.0]), residential=homes)
    assert cells["persons"].tolist() == pytest.approx([10, 30, 5, 10])
    assert cells["placed_by"].tolist() == ["residential_land"] * 2 + ["area"] * 2
    assert cells["residential_m2"].tolist() == pytest.approx([100, 300, 0, 0])


def test_without_anything_residents_are_spread_evenly_and_named():
    units = unit_table(*TWO, residents=[30.0, 0.0], names=["A", "B"])
    with pytest.warns(DataWarning, match="residential land in A; their residents are spread"):
        cells = cells_from_totals(units)
    assert cells["persons"].tolist() == pytest.approx([20, 10])
    assert cells["unit_id"].unique().tolist() == ["u0"]


def test_residential_land_without_residents_is_kept_in_totals():
    units = unit_table(*TWO, residents=[30.0, 0.0])
    homes = land(shapely.box(200, 0, 220, 10))
    cells = cells_from_totals(units, evidence(("u0", 1, 10, 10)), residential=homes)
    assert cells[["persons", "residential_m2"]].to_numpy().tolist() == [[30, 0], [0, 200]]


def test_the_grid_is_aligned_to_the_cell_size():
    units = unit_table(shapely.box(1_030, 2_010, 1_990, 2_990), residents=[10.0])
    cells = cells_from_totals(units, evidence(("u0", 1, 1_300, 2_300)), cell_m=250)
    assert cells.geometry[0].bounds == (1_250, 2_250, 1_500, 2_500)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.floats(0, 1e6), min_size=4, max_size=4).filter(lambda r: sum(r) > 0),
    st.lists(
        st.tuples(st.floats(1e-3, 1e3), st.floats(1, 399), st.floats(1, 99)),
        min_size=1,
        max_size=20,
    ),
)
@pytest.mark.filterwarnings("ignore::lifecircle.errors.DataWarning")
def test_each_total_is_conserved(residents, points):
    strips = [shapely.box(100 * i, 0, 100 * (i + 1), 100) for i in range(4)]
    units = unit_table(*strips, residents=residents)
    rows = [(f"u{int(x // 100)}", weight, x, y) for weight, x, y in points]
    cells = cells_from_totals(units, evidence(*rows), cell_m=70)
    found = cells.groupby("unit_id")["persons"].sum().reindex(units.index, fill_value=0)
    assert found.to_numpy() == pytest.approx(residents, rel=1e-12)


def test_evidence_outside_its_unit_is_counted():
    units = unit_table(*TWO, residents=[30.0, 8.0])
    points = evidence(("u0", 1, 10, 10), ("u0", 1, 250, 50), ("u1", 1, 250, 50))
    with pytest.warns(DataWarning, match="1 points lie outside their unit"):
        cells = cells_from_totals(units, points)
    assert by_unit(cells) == {"u0": 30.0, "u1": 8.0}


def test_evidence_that_names_an_unknown_unit_is_an_error():
    with pytest.raises(TableError, match="unknown units u7"):
        cells_from_totals(unit_table(*TWO, residents=1.0), evidence(("u7", 1, 10, 10)))


def test_evidence_that_lies_wholly_elsewhere_is_an_error():
    units = unit_table(*TWO, residents=[30.0, 0.0])
    with (
        pytest.warns(DataWarning, match="outside their unit"),
        pytest.raises(GeometryError, match="30 of 30 residents find no place"),
    ):
        cells_from_totals(units, evidence(("u0", 1, 250, 50)))


@pytest.mark.parametrize(
    ("residents", "message"),
    [
        ([np.nan, 3.0], "residents missing in u0"),
        ([0.0, 0.0], "residents are 0 in every unit"),
        ([-1.0, 3.0], r"column 'residents' is -1 at u0"),
    ],
)
def test_totals_must_be_known(residents, message):
    with pytest.raises(TableError, match=message):
        cells_from_totals(unit_table(*TWO, residents=residents))


# --- reconcile ------------------------------------------------------------------------------


def test_each_known_total_is_met_and_unknown_ones_stay():
    halves = (shapely.box(0, 0, 100, 300), shapely.box(100, 0, 300, 300))
    cells = cells_from_raster(NINE, unit_table(*halves))
    units = unit_table(*halves, residents=[24.0, np.nan])
    fitted = reconcile(cells, units)
    assert fitted["persons"].tolist()[:3] == [2.0, 8.0, 14.0]
    assert by_unit(fitted) == {"u0": 24.0, "u1": 33.0}
    assert fitted.groupby("unit_id")["placed_by"].first().to_dict() == {
        "u0": "raster_fitted",
        "u1": "raster",
    }
    assert by_unit(cells) == {"u0": 12.0, "u1": 33.0}  # the input is not changed


@settings(deadline=None, max_examples=30)
@given(st.floats(1, 1e6), st.floats(1, 1e6))
@pytest.mark.filterwarnings("ignore::lifecircle.errors.DataWarning")
def test_any_totals_are_met(first, second):
    halves = (shapely.box(0, 0, 130, 300), shapely.box(130, 0, 300, 300))
    cells = cells_from_raster(NINE, unit_table(*halves))
    fitted = reconcile(cells, unit_table(*halves, residents=[first, second]))
    assert by_unit(fitted) == pytest.approx({"u0": first, "u1": second}, rel=1e-12)


def test_a_unit_that_the_raster_leaves_empty_gets_its_residents():
    thirds = tuple(shapely.box(100 * i, 0, 100 * (i + 1), 300) for i in range(3))
    raster = raster_of([[1, 0, 0], [4, 0, 0], [7, 0, np.nan]])
    homes = land(shapely.box(110, 0, 120, 30), shapely.box(110, 250, 120, 260))
    with pytest.warns(DataWarning, match="no resident in u1, u2"):
        cells = cells_from_raster(raster, unit_table(*thirds), residential=homes)
    units = unit_table(*thirds, residents=[12.0, 8.0, 9.0])
    with pytest.warns(DataWarning) as caught:
        fitted = reconcile(cells, units)
    words = " / ".join(str(warning.message) for warning in caught)
    assert "no resident in u1, u2; their 17 residents" in words
    assert "spread evenly over the area" in words
    assert by_unit(fitted) == pytest.approx({"u0": 12.0, "u1": 8.0, "u2": 9.0})
    on_land = fitted[fitted["unit_id"] == "u1"]
    assert on_land["persons"].tolist() == pytest.approx([2.0, 6.0])
    assert fitted.groupby("unit_id")["placed_by"].first().to_dict() == {
        "u0": "raster_fitted",
        "u1": "residential_land",
        "u2": "area",
    }
    assert fitted["residential_m2"].notna().all()
    tables.check(fitted, tables.CELLS, crs=UTM)


def test_a_total_of_zero_empties_a_unit():
    halves = (shapely.box(0, 0, 100, 300), shapely.box(100, 0, 300, 300))
    cells = cells_from_raster(NINE, unit_table(*halves))
    with pytest.warns(DataWarning, match="differs by more than 3 times"):
        fitted = reconcile(cells, unit_table(*halves, residents=[0.0, 33.0]))
    assert by_unit(fitted) == {"u1": 33.0}
    assert fitted.index.tolist() == list(range(6))


def test_cells_of_unknown_units_are_an_error():
    county = shapely.box(0, 0, 300, 300)
    cells = cells_from_raster(NINE, unit_table(county))
    with pytest.raises(TableError, match="unknown units other"):
        reconcile(cells.assign(unit_id="other"), unit_table(county, residents=[5.0]))


# --- real data ------------------------------------------------------------------------------


def las_palmas(name):
    frame = gpd.read_file(SHARED / "las_palmas" / name).to_crs(32628)
    return unit_table(*frame.geometry, crs=frame.crs)


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the shared data")
@pytest.mark.filterwarnings("ignore::lifecircle.errors.DataWarning")
def test_las_palmas_conserves_the_raster():
    path = SHARED / "las_palmas" / "ghs_pop_100m_subset.tif"
    city = las_palmas("boundary_municipality_cnig.geojson")
    around = unit_table(city.union_all().envelope.buffer(20_000), crs=city.crs)
    everyone = cells_from_raster(read_population(path, around.union_all(), around.crs), around)
    assert everyone["persons"].sum() == pytest.approx(371_312, abs=0.5)
    # Mollweide is equal-area: each cell is a hectare, but for UTM's scale of at most 0.1 %.
    assert everyone.area.to_numpy() == pytest.approx(10_000, rel=0.01)

    raster = read_population(path, city.union_all(), city.crs)
    inside = cells_from_raster(raster, city)
    assert 0.8 * 371_312 < inside["persons"].sum() < 371_312
    quarters = city.union_all().envelope
    west, south, east, north = quarters.bounds
    middle = (west + east) / 2 + 37.0
    split = unit_table(
        city.union_all() & shapely.box(west, south, middle, north),
        city.union_all() & shapely.box(middle, south, east, north),
        crs=city.crs,
    )
    assert cells_from_raster(raster, split)["persons"].sum() == pytest.approx(
        inside["persons"].sum(), rel=1e-6
    )


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the shared data")
@pytest.mark.filterwarnings("ignore::lifecircle.errors.DataWarning")
def test_las_palmas_districts_agree_with_a_plain_sum_over_pixel_centres():
    path = SHARED / "las_palmas" / "ghs_pop_100m_subset.tif"
    districts = las_palmas("zones_school_districts_gobcan.geojson")
    raster = read_population(path, districts.union_all(), districts.crs)
    exact = cells_from_raster(raster, districts)["persons"].sum()
    west, _, _, north = raster.bounds
    row, column = np.nonzero(raster.values > 0)
    pixels = gpd.GeoSeries(
        gpd.points_from_xy(west + 100 * column + 50, north - 100 * row - 50), crs=raster.crs
    ).to_crs(districts.crs)
    hits = pixels.sindex.query(districts.geometry, predicate="intersects")[1]
    rough = raster.values[row, column][hits].sum()
    assert exact == pytest.approx(rough, rel=0.01)


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the shared data")
@pytest.mark.filterwarnings("ignore::lifecircle.errors.DataWarning")
def test_las_palmas_districts_agree_with_exactextract():
    path = SHARED / "las_palmas" / "ghs_pop_100m_subset.tif"
    districts = las_palmas("zones_school_districts_gobcan.geojson")
    raster = read_population(path, districts.union_all(), districts.crs)
    cells = cells_from_raster(raster, districts)
    frame = gpd.GeoDataFrame(geometry=districts.geometry.segmentize(50).to_crs(raster.crs))
    source = NumPyRasterSource(
        raster.values, *raster.bounds, nodata=np.nan, srs_wkt=frame.crs.to_wkt()
    )
    expected = exact_extract(source, frame, ["sum"], output="pandas")["sum"]
    found = cells.groupby("unit_id")["persons"].sum().reindex(districts.index, fill_value=0)
    assert found.to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-5, abs=0.01)
    assert found.sum() == pytest.approx(expected.sum(), rel=1e-6)
    assert persons_within(raster, districts.geometry).sum() == pytest.approx(found.sum())


LIECHTENSTEIN = {
    "Vaduz": 5229,
    "Triesen": 4913,
    "Balzers": 4539,
    "Triesenberg": 2634,
    "Schaan": 5933,
    "Planken": 430,
    "Eschen": 4284,
    "Mauren": 4138,
    "Gamprin": 1636,
    "Ruggell": 2065,
    "Schellenberg": 1037,
}


def liechtenstein_layers():
    """Read municipalities, streets, buildings and residential land ad hoc."""
    osmium = pytest.importorskip("osmium")
    path = SHARED / "liechtenstein" / "liechtenstein-2013-08-03.osm.pbf"
    wkb = osmium.geom.WKBFactory()
    keys = osmium.filter.KeyFilter("highway", "building", "landuse", "admin_level")
    found = {"units": [], "streets": [], "buildings": [], "residential": []}
    for item in osmium.FileProcessor(str(path)).with_areas().with_filter(keys):
        tags = item.tags
        if item.is_way() and "highway" in tags and len(item.nodes) > 1:
            found["streets"].append((tags["highway"], wkb.create_linestring(item)))
        if not item.is_area():
            continue
        if tags.get("admin_level") == "8" and tags.get("name") in LIECHTENSTEIN:
            found["units"].append((tags["name"], wkb.create_multipolygon(item)))
        if "building" in tags:
            found["buildings"].append((tags["building"], wkb.create_multipolygon(item)))
        if tags.get("landuse") == "residential":
            found["residential"].append(("", wkb.create_multipolygon(item)))
    layers = {
        key: gpd.GeoDataFrame(
            {"tag": [row[0] for row in rows]},
            geometry=gpd.GeoSeries.from_wkb([row[1] for row in rows], crs=4326).to_crs(UTM),
        )
        for key, rows in found.items()
    }
    homes = ["yes", "house", "residential", "apartments", "farm"]
    layers["buildings"]["dwelling"] = layers["buildings"]["tag"].isin(homes)
    layers["streets"]["highway"] = layers["streets"]["tag"]
    return layers


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the shared data")
def test_liechtensteins_totals_are_placed_by_streets_where_buildings_are_patchy():
    layers = liechtenstein_layers()
    rows = layers["units"]
    units = gpd.GeoDataFrame(
        {
            "name": rows["tag"].to_numpy(),
            "setting": None,
            "residents": rows["tag"].map(LIECHTENSTEIN).to_numpy(dtype=float),
            "priority": 1.0,
        },
        geometry=rows.geometry.to_numpy(),
        index=pd.Index(rows["tag"].to_numpy(), name="unit_id"),
        crs=UTM,
    )
    points = dwelling_evidence(
        units,
        streets=layers["streets"],
        buildings=layers["buildings"],
        residential=layers["residential"],
    )
    cells = cells_from_totals(units, points, residential=layers["residential"])
    assert by_unit(cells) == pytest.approx(LIECHTENSTEIN, rel=1e-12)
    assert cells["persons"].sum() == pytest.approx(36_838)
    used = cells.groupby("unit_id")["placed_by"].first()
    # Balzers has 1,394 buildings for 4,539 residents, Planken 218 for 430; Vaduz 97 for 5,229.
    assert used[used == "buildings"].index.tolist() == ["Balzers", "Planken"]
    assert used.drop(["Balzers", "Planken"]).unique().tolist() == ["streets"]
    # Nobody is set on a mountain: the densest hectare is a village's, not a tower's.
    assert cells["persons"].max() < 100
    within = shapely.area(shapely.union_all(layers["residential"].geometry.to_numpy()))
    assert cells["residential_m2"].sum() <= within
