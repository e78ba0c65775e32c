"""The shared door for vector files and text tables: what it reads, and what it refuses."""

import json
import struct

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from lifecircle.config import Dataset
from lifecircle.errors import (
    CRSError,
    DataWarning,
    GeometryError,
    InputError,
    MissingFileError,
    TableError,
)
from lifecircle.sources.columns import as_numbers, as_text
from lifecircle.sources.polygons import mend_polygons
from lifecircle.sources.vector import read_table, read_text, read_vector, scan_vector

SQUARE = shapely.box(110.0, 26.0, 110.1, 26.1)
WHERE = "[test] file"


def read(path, **fields):
    return read_vector(Dataset(path=path, **fields), where=WHERE)


def frame_of(*shapes, crs=4326, **columns):
    names = [f"n{i}" for i in range(len(shapes))]
    return gpd.GeoDataFrame({"name": names, **columns}, geometry=list(shapes), crs=crs)


def write(path, *shapes, crs=4326, **options):
    frame_of(*shapes, crs=crs).to_file(path, **options)
    return path


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".shp", ".parquet"])
def test_every_format_comes_back_the_same(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    if suffix == ".parquet":
        frame_of(SQUARE).to_parquet(path)
    else:
        write(path, SQUARE)
    frame = read(path)
    assert frame.crs == "EPSG:4326"
    assert frame.index.name == "row"
    assert frame.index.tolist() == [1]
    assert frame["name"].tolist() == ["n0"]
    assert frame.geometry.iloc[0].normalize().equals_exact(SQUARE.normalize(), 1e-9)


def test_a_projected_file_is_brought_to_lonlat_and_the_third_dimension_dropped(tmp_path):
    metres = gpd.GeoSeries([SQUARE], crs=4326).to_crs(4546).iloc[0]
    path = tmp_path / "a.gpkg"
    high = shapely.force_3d(metres, 250.0)
    frame_of(high, crs=4546).to_file(path)
    back = read(path).geometry.iloc[0]
    assert not back.has_z
    assert back.bounds == pytest.approx(SQUARE.bounds, abs=1e-7)


def test_cgcs2000_keeps_its_numbers(tmp_path):
    path = write(tmp_path / "a.gpkg", SQUARE, crs=4490)
    assert read(path).geometry.iloc[0].bounds == pytest.approx(SQUARE.bounds, abs=1e-9)


def test_the_crs_member_of_an_old_geojson_is_honoured(tmp_path):
    projected = gpd.GeoSeries([SQUARE], crs=4326).to_crs(5635).iloc[0]
    feature = {
        "type": "Feature",
        "properties": {},
        "geometry": json.loads(shapely.to_geojson(projected)),
    }
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::5635"}}
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": [feature]}))
    assert read(path).geometry.iloc[0].bounds == pytest.approx(SQUARE.bounds, abs=1e-6)


def test_a_geojson_without_crs_is_wgs84(tmp_path):
    path = tmp_path / "a.geojson"
    path.write_text(shapely.to_geojson(SQUARE))
    assert read(path).geometry.iloc[0].bounds == SQUARE.bounds


@pytest.mark.shared
def test_las_palmas_districts_lie_on_gran_canaria(shared):
    path = shared / "las_palmas" / "zones_school_districts_gobcan.geojson"
    frame = read(path)
    assert len(frame) == 29
    # Within a few km of the municipality, whose own bounds are known in degrees.
    assert frame.total_bounds == pytest.approx([-15.527, 28.024, -15.395, 28.182], abs=0.005)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "gb18030"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_csv_in_the_encodings_of_spreadsheets(tmp_path, encoding, separator):
    path = tmp_path / "a.csv"
    rows = [["名称", "经度", "纬度"], ["长铺镇邮政所", "110.16", "26.58"]]
    path.write_text("\n".join(separator.join(row) for row in rows), encoding=encoding)
    frame = read(path)
    assert frame["名称"].tolist() == ["长铺镇邮政所"]
    assert (frame.geometry.x.iloc[0], frame.geometry.y.iloc[0]) == (110.16, 26.58)
    assert frame.index.tolist() == [2]  # as a spreadsheet counts: the header is row 1


def test_csv_keeps_cells_verbatim_and_counts_empty_rows(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('id,name,note\n007,NA,"a, b"\n\n , ,\n008,<script>,"two\nlines"\n009\n')
    table = read_text(Dataset(path=path), where=WHERE)
    assert table.index.tolist() == [2, 5, 6]
    assert table["id"].tolist() == ["007", "008", "009"]
    assert table["name"].iloc[:2].tolist() == ["NA", "<script>"]
    assert table["note"].iloc[:2].tolist() == ["a, b", "two\nlines"]
    assert table.loc[6].isna().tolist() == [False, True, True]


def test_a_gbk_shapefile_without_cpg_is_read(tmp_path):
    path = tmp_path / "old.shp"
    frame = frame_of(SQUARE)
    frame["name"] = ["绥宁县"]
    frame.to_file(path, encoding="GBK")
    (tmp_path / "old.cpg").unlink()
    table = tmp_path / "old.dbf"
    data = bytearray(table.read_bytes())
    data[29] = 0  # no code page, as old GIS leave it
    table.write_bytes(data)
    assert read(path)["name"].tolist() == ["绥宁县"]


def test_a_utf8_shapefile_without_cpg_is_read(tmp_path):
    path = tmp_path / "new.shp"
    frame = frame_of(SQUARE)
    frame["name"] = ["绥宁县"]
    frame.to_file(path, encoding="UTF-8")
    (tmp_path / "new.cpg").unlink()
    assert read(path)["name"].tolist() == ["绥宁县"]


def test_a_utf8_shapefile_whose_column_names_were_cut_within_a_character(tmp_path):
    """建筑面积 and 开放时间 are twelve bytes, of which a .dbf holds ten: 建筑面 and a byte."""
    path = tmp_path / "v.shp"
    names = ["名称", "建筑面积", "开放时间", "棋牌室座", "天地图纬度"]
    cells = dict(zip("abcde", ["甲所", 100.0, "8:00-17:00", "四", 26.05], strict=True))
    gpd.GeoDataFrame({k: [v] for k, v in cells.items()}, geometry=[SQUARE], crs=4326).to_file(
        path, encoding="UTF-8"
    )
    table = path.with_suffix(".dbf")
    data = bytearray(table.read_bytes())
    for number, name in enumerate(names, start=1):  # eleven bytes in each column's 32, the last 0
        data[32 * number : 32 * number + 11] = name.encode()[:10].ljust(11, b"\0")
    data[29] = 0  # no code page
    table.write_bytes(data)
    told = (
        "names of columns were cut at 10 bytes: 建筑面 = 建筑面积, 开放时 = 开放时间, 棋牌室, "
        "天地图 -> export it as GeoPackage"
    )
    for cpg in (True, False):
        if not cpg:
            path.with_suffix(".cpg").unlink()
        with pytest.warns(DataWarning, match=told):
            got = read(path)
        row = got.iloc[0]
        assert (row["名称"], row["建筑面积"], row["开放时间"]) == ("甲所", 100.0, "8:00-17:00")
        # What no field is called, or several are (天地图经度, 天地图纬度), stays as it was cut.
        assert (row["棋牌室"], row["天地图"]) == ("四", 26.05)


def test_a_gbk_shapefile_that_claims_to_be_utf8(tmp_path):
    path = tmp_path / "old.shp"
    frame = frame_of(SQUARE).rename(columns={"name": "机构名称"})
    frame["机构名称"] = ["绥宁县"]
    frame.to_file(path, encoding="GBK")
    path.with_suffix(".cpg").write_text("UTF-8")
    assert read(path)["机构名称"].tolist() == ["绥宁县"]


@pytest.mark.parametrize(
    ("lost", "what"),
    [
        ((".shx",), r"lacks a\.shx"),
        ((".dbf",), r"lacks a\.dbf"),
        ((".shx", ".dbf"), r"lacks a\.shx and a\.dbf"),
    ],
)
def test_a_shapefile_of_which_a_file_was_left_behind(tmp_path, lost, what):
    path = write(tmp_path / "a.shp", SQUARE)
    for part in lost:
        path.with_suffix(part).unlink()
    with pytest.raises(InputError, match=rf"{what} -> copy all files of the Shapefile"):
        read(path)


@pytest.mark.parametrize("crs", [4214, 4610, 2437, 2383, 4555])
def test_layers_of_older_national_datums_are_refused(tmp_path, crs):
    shape = SQUARE if pyproj.CRS(crs).is_geographic else shapely.box(5e5, 2.9e6, 5.1e5, 2.91e6)
    path = write(tmp_path / "a.gpkg", shape, crs=crs)
    with pytest.raises(CRSError, match=r"a\.gpkg: is in .*not published -> ask the natural res"):
        read(path)
    # What was converted and bears an old label is read as it is declared.
    if pyproj.CRS(crs).is_geographic:
        assert read(path, datum="cgcs2000").geometry.iloc[0].equals(SQUARE)
    else:
        assert read(path, datum="cgcs2000-gk-111").total_bounds[0] == pytest.approx(111.0)


def test_the_named_layer_is_read(tmp_path):
    path = write(tmp_path / "a.gpkg", SQUARE, layer="one")
    write(path, SQUARE, SQUARE, layer="two")
    assert len(read(path, layer="two")) == 2


def test_missing_file(tmp_path):
    with pytest.raises(MissingFileError, match=r"\[test\] file: there is no file .*nowhere.gpkg"):
        read(tmp_path / "nowhere.gpkg")
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "nowhere.csv")
    with pytest.raises(MissingFileError):
        read(tmp_path)  # a folder is no file
    with pytest.raises(MissingFileError):
        read_table(Dataset(path=tmp_path / "nowhere.parquet"), where=WHERE)


@pytest.mark.parametrize("name", ["a.gpkg", "a.geojson", "a.parquet", "a.dat"])
def test_not_a_vector_file(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"\x00\x01 this is nothing")
    with pytest.raises(InputError, match=f"{name}: is no readable vector file"):
        read(path)


def test_a_truncated_geojson(tmp_path):
    path = write(tmp_path / "a.geojson", SQUARE, SQUARE)
    path.write_text(path.read_text()[:-60])
    with pytest.raises(InputError, match=r"a\.geojson: is no readable vector file"):
        read(path)


def test_an_empty_layer(tmp_path):
    path = tmp_path / "a.gpkg"
    frame_of(SQUARE).iloc[:0].to_file(path, geometry_type="Polygon")
    with pytest.raises(InputError, match=r"a\.gpkg: holds no feature"):
        read(path)


def test_several_layers_and_an_unknown_one(tmp_path):
    path = write(tmp_path / "a.gpkg", SQUARE, layer="villages")
    write(path, SQUARE, layer="towns")
    with pytest.raises(InputError, match=r"has several layers: villages, towns -> name one"):
        read(path)
    with pytest.raises(InputError, match=r"has no layer 'town' -> use one of villages, towns"):
        read(path, layer="town")


def test_no_crs(tmp_path):
    path = write(tmp_path / "a.shp", SQUARE)
    (tmp_path / "a.prj").unlink()
    with pytest.raises(CRSError, match=r"a\.shp: has no coordinate system"):
        read(path)


def test_no_geometry(tmp_path):
    path = tmp_path / "a.parquet"
    pd.DataFrame({"unit_id": ["a"]}).to_parquet(path)
    with pytest.raises(InputError, match=r"a\.parquet: has no geometry"):
        read(path)


def test_metres_that_claim_to_be_degrees(tmp_path):
    path = write(tmp_path / "a.geojson", shapely.box(450_000, 2_900_000, 451_000, 2_901_000))
    with pytest.raises(GeometryError, match=r"not degrees in rows 1 .*looks like metres"):
        read(path)


def test_degrees_that_claim_to_be_metres(tmp_path):
    path = write(tmp_path / "a.gpkg", SQUARE, crs=4546)
    with pytest.raises(CRSError, match=r"claims CGCS2000 / 3-degree.*look like degrees"):
        read(path)


def test_swapped_lon_and_lat(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("lon,lat\n26.58,110.16\n110.2,26.6\n")
    with pytest.raises(GeometryError, match=r"rows 2 .*looks like swapped lon and lat"):
        read(path)


def test_all_faults_of_rows_at_once(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("lon,lat\n110.1,26.5\n110.1,\n,26.4\nabc,26.5\n110.1,N26\n500000,2900000\n")
    with pytest.raises(GeometryError) as error:
        read(path)
    assert [fault.what for fault in error.value.faults] == [
        "lon is not a number: row 5 'abc'",
        "lat is not a number: row 6 'N26'",
        "no coordinates in rows 3, 4",
        "coordinates are not degrees in rows 7 (the first at 500000, 2900000): looks like metres",
    ]


def test_missing_geometry_and_the_crs_are_told_together(tmp_path):
    path = tmp_path / "a.shp"
    frame_of(SQUARE, None).to_file(path)
    (tmp_path / "a.prj").unlink()
    with pytest.raises(CRSError) as error:
        read(path)
    assert [f.what for f in error.value.faults] == ["has no coordinate system", "geometry is empty"]
    assert error.value.faults[1].rows == (2,)


def test_scan_hands_back_what_read_raises(tmp_path):
    path = tmp_path / "a.gpkg"
    frame_of(SQUARE, None).to_file(path)
    frame, faults = scan_vector(Dataset(path=path), where=WHERE)
    assert len(frame) == 2
    with pytest.raises(GeometryError) as error:
        read(path)
    assert list(error.value.faults) == faults


def test_places_that_the_crs_cannot_hold(tmp_path):
    # Beyond the horizon of an orthographic projection there is no Earth.
    far = shapely.box(9_000_000, 9_000_000, 9_100_000, 9_100_000)
    path = write(tmp_path / "a.gpkg", far, crs="+proj=ortho +lat_0=0 +lon_0=0")
    with pytest.raises(GeometryError, match="rows 1 have no place on Earth"):
        read(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no row"),
        (b"lon,lat\n", "holds no row"),
        (b"lon,lat\n\n,\n", "holds no row"),
        (b"lon,lat,lon\n1,2,3\n", "columns repeat: lon"),
        (b"lon,lat\n1,2\n1,2,3\n", "rows longer than the header: row 3"),
        (b'lon,lat\n1,"2\n', r"line 2 is broken \(unexpected end of data\)"),
        (b'name,lon,lat\n"a"b,1,2\n', "line 2 is broken"),
        (b"\xff\xfel\x00o\x00n", "is no text in UTF-8 or GBK"),
        (b"PK\x03\x04\x00\x00\x00\x00", "is no text in UTF-8 or GBK"),
        (b"name,x,y\na,1,2\n", "has no lon and lat columns, only name, x, y"),
    ],
)
def test_broken_text_tables(tmp_path, content, message):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"\[test\] file a.csv: {message}"):
        read(path)


def test_faults_of_a_text_table_come_together(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("lon,lat,lon\n1,2,3,4\n")
    with pytest.raises(TableError) as error:
        read_text(Dataset(path=path), where=WHERE)
    assert len(error.value.faults) == 2


def test_gdals_own_warnings_are_passed_on(tmp_path):
    # A second .shp header record that claims more bytes than there are.
    path = write(tmp_path / "a.geojson", SQUARE)
    text = path.read_text().replace('"name": "n0"', '"name": "n0", "id": 1')
    twice = text.replace('{ "type": "Feature",', '{ "type": "Feature", "id": 7,')
    doc = json.loads(twice)
    doc["features"] *= 2
    path.write_text(json.dumps(doc))
    with pytest.warns(DataWarning, match=r"a.geojson: .*id"):
        assert len(read(path)) == 2


def test_as_text_gives_codes_whatever_their_type():
    assert as_text(pd.Series([430527, 1])).tolist() == ["430527", "1"]
    assert as_text(pd.Series([" 007 ", ""])).tolist()[0] == "007"
    assert as_text(pd.Series([" 007 ", "  ", None])).isna().tolist() == [False, True, True]
    assert as_text(pd.Series([1.5])).tolist() == ["1.5"]


def test_as_numbers_names_rows_ids_and_values():
    values = pd.Series(["12", " 7 ", "1,024", "-3", "inf", None], name="residents")
    ids = pd.Series(list("abcdef"))
    numbers, faults = as_numbers(values, "units.csv", ids=ids)
    assert numbers.iloc[:2].tolist() == [12.0, 7.0]
    assert np.isnan(numbers.iloc[5])
    assert [str(fault) for fault in faults] == [
        (
            "units.csv: residents is not a number: row 2 (c) '1,024', row 4 (e) 'inf' -> "
            "give plain numbers, without units or thousands separators"
        ),
        "units.csv: residents is negative: row 3 (d) '-3' -> give 0 or more",
    ]


@given(st.lists(st.floats(0, 1e9) | st.none(), min_size=1))
def test_numbers_survive_text(values):
    numbers, faults = as_numbers(
        pd.Series([None if v is None else repr(v) for v in values], dtype="str", name="n"), "t"
    )
    assert faults == []
    assert np.array_equal(numbers, np.array(values, float), equal_nan=True)


def square_with_hair(width):
    """A square of 1 x 1 with a bow-tie flap of the given width on its right side."""
    return shapely.Polygon(
        [(0, 0), (1, 0), (1, 0.4), (1 + width, 0.6), (1 + width, 0.4), (1, 0.6), (1, 1), (0, 1)]
    )


def test_a_sliver_that_crosses_is_mended_and_told():
    series = gpd.GeoSeries([SQUARE, square_with_hair(0.01)], index=[1, 2], crs=4326)
    with pytest.warns(DataWarning, match=r"t: polygons that cross.*row 2 'b'"):
        mended, faults = mend_polygons(series, "t", ids=pd.Series(["a", "b"], index=[1, 2]))
    assert faults == []
    assert mended.is_valid.all()
    assert mended.iloc[1].area == pytest.approx(1.0 + 2 * 0.5 * 0.2 * 0.01 / 2)
    assert mended.iloc[0] is SQUARE or mended.iloc[0].equals(SQUARE)


def test_a_figure_of_eight_is_refused():
    eight = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    _, faults = mend_polygons(gpd.GeoSeries([eight], index=[1]), "t")
    assert [(f.what, f.rows) for f in faults] == [("polygon crosses itself", (1,))]


def test_a_ring_that_winds_twice_is_refused():
    twice = shapely.Polygon([(0, 0), (4, 0), (4, 4), (1, 4), (1, 1), (3, 1), (3, 3), (0, 3)])
    assert not twice.is_valid
    _, faults = mend_polygons(gpd.GeoSeries([twice], index=[1]), "t")
    assert [(f.what, f.rows) for f in faults] == [("polygon crosses itself", (1,))]


def test_a_flat_polygon_is_refused():
    flat = shapely.Polygon([(0, 0), (1, 1), (2, 2)])
    _, faults = mend_polygons(gpd.GeoSeries([flat], index=[1]), "t")
    assert [(f.what, f.rows) for f in faults] == [("no area", (1,))]


def test_a_damaged_shapefile_header(tmp_path):
    path = write(tmp_path / "a.shp", SQUARE)
    data = bytearray(path.read_bytes())
    data[:4] = struct.pack(">i", 1)
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"a\.shp: is no readable vector file"):
        read(path)
