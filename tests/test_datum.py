"""Datums: names, exact inverses, coordinates as people write them, and questions."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecircle.datum import (
    BD09,
    CGCS2000,
    DATUMS,
    GCJ02,
    GK,
    WGS84,
    doubts,
    from_lonlat,
    geometry_to_lonlat,
    likelier_datum,
    parse_datum,
    parse_degrees,
    refuse_older,
    split_pair,
    to_lonlat,
)
from lifecircle.errors import CRSError

GEOD = pyproj.Geod(ellps="GRS80")
ZONES = range(25, 46)
SUINING = (109.8, 26.2, 110.6, 27.1)
CHINA = st.lists(
    st.tuples(st.floats(73.5, 135.1), st.floats(3.4, 53.6)), min_size=1, max_size=50
).map(np.array)


def apart_m(lon, lat, lon2, lat2):
    return GEOD.inv(lon, lat, lon2, lat2)[2]


# --- names -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("wgs84", "wgs84"),
        ("WGS 84", "wgs84"),
        ("WGS-84", "wgs84"),
        ("wgs_1984", "wgs84"),
        ("EPSG:4326", "wgs84"),
        ("urn:ogc:def:crs:EPSG::4326", "wgs84"),
        ("cgcs2000", "cgcs2000"),
        ("CGCS 2000", "cgcs2000"),
        ("2000国家大地坐标系", "cgcs2000"),
        ("国家2000", "cgcs2000"),
        ("国家大地2000坐标系", "cgcs2000"),
        ("大地2000", "cgcs2000"),
        ("天地图", "cgcs2000"),
        ("epsg:4490", "cgcs2000"),
        ("gcj02", "gcj02"),
        ("GCJ-02", "gcj02"),
        ("ＧＣＪ－０２", "gcj02"),
        ("火星坐标", "gcj02"),
        ("火星坐标系", "gcj02"),
        ("高德", "gcj02"),
        ("腾讯", "gcj02"),
        ("bd09", "bd09"),
        ("BD-09", "bd09"),
        ("百度坐标", "bd09"),
        ("百度", "bd09"),
        ("cgcs2000-gk", "cgcs2000-gk"),
        ("CGCS2000-GK-111", "cgcs2000-gk-111"),
        ("cgcs2000-gk-75", "cgcs2000-gk-75"),
        ("cgcs2000-gk-zone37", "cgcs2000-gk-zone37"),
        ("CGCS2000 / 3-degree Gauss-Kruger CM 111E", "cgcs2000-gk-111"),
        ("CGCS2000 / 3-degree Gauss-Kruger zone 37", "cgcs2000-gk-zone37"),
        ("CGCS2000_3_Degree_GK_CM_111E", "cgcs2000-gk-111"),
        ("CGCS2000_3_Degree_GK_Zone_37", "cgcs2000-gk-zone37"),
        ("国家2000 3度带 高斯-克吕格 中央经线111度", "cgcs2000-gk-111"),
        (" EPSG:4546 ", "cgcs2000-gk-111"),
        ("4525", "cgcs2000-gk-zone37"),
    ],
)
def test_spellings(text, key):
    assert parse_datum(text).key == key


def test_every_key_names_itself_and_every_epsg_code_its_datum():
    for key, datum in DATUMS.items():
        assert parse_datum(key) == parse_datum(key.upper()) == datum
        if datum.epsg:
            assert parse_datum(f"EPSG:{datum.epsg}") == datum
    assert len(DATUMS) == 5 + 2 * 21


@pytest.mark.parametrize(
    "text",
    ["", "gcj03", "cgcs2000-gk-112", "cgcs2000-gk-72", "cgcs2000-gk-zone46", "EPSG:3857", "gk-111"],
)
def test_unknown_words_are_refused_with_the_allowed_ones(text):
    with pytest.raises(
        CRSError, match=r"county\.toml: .*wgs84, cgcs2000, gcj02, bd09, cgcs2000-gk"
    ):
        parse_datum(text, "county.toml")


@pytest.mark.parametrize("text", ["西安80", "Xian 1980", "北京54", "Beijing_1954"])
def test_older_national_datums_need_the_bureau(text):
    with pytest.raises(CRSError, match=r"convert it to CGCS2000"):
        parse_datum(text)


@pytest.mark.parametrize("zone", ZONES)
def test_epsg_rule_of_the_21_zones(zone):
    meridian = 3 * zone
    plain, prefixed = DATUMS[f"cgcs2000-gk-{meridian}"], DATUMS[f"cgcs2000-gk-zone{zone}"]
    assert pyproj.CRS(plain.epsg).name == f"CGCS2000 / 3-degree Gauss-Kruger CM {meridian}E"
    assert pyproj.CRS(prefixed.epsg).name == f"CGCS2000 / 3-degree Gauss-Kruger zone {zone}"
    # on the central meridian the easting is the false one
    assert from_lonlat(meridian, 30.0, plain)[0] == pytest.approx(500_000.0, abs=1e-6)
    for datum in (prefixed, GK):
        x, y = from_lonlat(meridian, 30.0, datum)
        assert x == pytest.approx(zone * 1e6 + 500_000.0, abs=1e-6)
        for order in ((x, y), (y, x)):
            assert to_lonlat(*order, datum) == pytest.approx((meridian, 30.0), abs=1e-10)
    # to the zone's edge
    lon, lat = np.array([meridian - 1.4, meridian + 1.4]), np.array([18.2, 53.5])
    for datum in (plain, prefixed, GK):
        x, y = from_lonlat(lon, lat, datum)
        assert np.max(apart_m(lon, lat, *to_lonlat(x, y, datum))) < 1e-6
        assert np.max(apart_m(lon, lat, *to_lonlat(y, x, datum))) < 1e-6


# --- conversion ------------------------------------------------------------------------------


def test_published_pairs():
    # the worked example that the published implementations share
    wgs = (116.404, 39.915)
    gcj = (116.41024449916938, 39.91640428150164)
    assert from_lonlat(*wgs, GCJ02) == pytest.approx(gcj, abs=1e-12)
    assert to_lonlat(*gcj, GCJ02) == pytest.approx(wgs, abs=1e-12)
    # and, from GCJ-02 to BD-09, of the same figures
    bd = (116.41036949371029, 39.92133699351021)
    lon, lat = map(float, to_lonlat(*wgs, GCJ02))
    assert from_lonlat(lon, lat, BD09) == pytest.approx(bd, abs=1e-12)
    assert to_lonlat(*bd, BD09) == pytest.approx((lon, lat), abs=1e-12)


def published(x, y):
    """The published rule, written as it is published; offset in degrees."""
    pi, x, y, lat = np.pi, x - 105.0, y - 35.0, np.radians(y)
    sin, root = np.sin, np.sqrt(abs(x))
    both = (20 * sin(6 * x * pi) + 20 * sin(2 * x * pi)) * 2 / 3
    a = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + both
    a += (20 * sin(y * pi) + 40 * sin(y / 3 * pi)) * 2 / 3
    a += (160 * sin(y / 12 * pi) + 320 * sin(y * pi / 30)) * 2 / 3
    b = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + both
    b += (20 * sin(x * pi) + 40 * sin(x / 3 * pi)) * 2 / 3
    b += (150 * sin(x / 12 * pi) + 300 * sin(x / 30 * pi)) * 2 / 3
    ee = 0.00669342162296594323
    magic = 1 - ee * sin(lat) ** 2
    a = a * 180 / ((6378245.0 * (1 - ee)) / (magic * np.sqrt(magic)) * pi)
    return b * 180 / (6378245.0 / np.sqrt(magic) * np.cos(lat) * pi), a


@given(CHINA)
def test_gcj02_is_the_published_rule_all_over_china(points):
    lon, lat = points.T
    dlon, dlat = published(lon, lat)
    x, y = from_lonlat(lon, lat, GCJ02)
    assert np.max(np.abs([x - lon - dlon, y - lat - dlat])) < 1e-12


@given(CHINA)
def test_bd09_is_the_published_rule_after_gcj02(points):
    x, y = from_lonlat(*points.T, GCJ02)
    rate = np.pi * 3000 / 180
    z = np.sqrt(x * x + y * y) + 0.00002 * np.sin(y * rate)
    theta = np.arctan2(y, x) + 0.000003 * np.cos(x * rate)
    expected = z * np.cos(theta) + 0.0065, z * np.sin(theta) + 0.006
    assert np.max(np.abs(np.subtract(from_lonlat(*points.T, BD09), expected))) < 1e-12


@given(CHINA, st.sampled_from([WGS84, CGCS2000, GCJ02, BD09, GK]))
def test_there_and_back_differs_by_less_than_a_millimetre(points, datum):
    lon, lat = points.T
    assert np.max(apart_m(lon, lat, *to_lonlat(*from_lonlat(lon, lat, datum), datum))) < 1e-6


@given(CHINA, st.sampled_from([GCJ02, BD09]))
def test_back_and_there_as_well(points, datum):
    x, y = points.T
    assert np.max(apart_m(x, y, *from_lonlat(*to_lonlat(x, y, datum), datum))) < 1e-6


@given(st.floats(71.0, 139.0), st.floats(0.0, 57.0), st.sampled_from([GCJ02, BD09]))
def test_the_inverse_is_one_across_the_border_of_the_box(lon, lat, datum):
    assert apart_m(lon, lat, *to_lonlat(*from_lonlat(lon, lat, datum), datum)) < 1e-6
    assert apart_m(lon, lat, *from_lonlat(*to_lonlat(lon, lat, datum), datum)) < 1e-6


@pytest.mark.parametrize("datum", [GCJ02, BD09])
def test_coordinates_never_turn_back_at_the_border_of_the_box(datum):
    step = np.linspace(-0.6, 0.6, 5001)
    for edge in (72.004, 137.8347):
        assert np.all(np.diff(from_lonlat(edge + step, np.full(5001, 30.0), datum)[0]) > 0.0)
    for edge in (0.8293, 55.8271):
        assert np.all(np.diff(from_lonlat(np.full(5001, 110.0), edge + step, datum)[1]) > 0.0)


@pytest.mark.parametrize("datum", [GCJ02, BD09])
def test_abroad_nothing_moves(datum):
    lon = np.array([9.5, -8.6, 72.004, 137.8347, 0.0, 110.0, 110.0])
    lat = np.array([47.2, 41.1, 30.0, 30.0, 0.0, 0.8293, 90.0])
    for convert in (to_lonlat, from_lonlat):
        assert np.array_equal(convert(lon, lat, datum), (lon, lat))


def test_the_offset_in_suining_is_hundreds_of_metres():
    assert 400.0 < apart_m(110.16, 26.58, *from_lonlat(110.16, 26.58, GCJ02)) < 800.0
    assert 1000.0 < apart_m(110.16, 26.58, *from_lonlat(110.16, 26.58, BD09)) < 1500.0


@pytest.mark.parametrize("datum", [WGS84, GCJ02, BD09, GK, DATUMS["cgcs2000-gk-111"]])
def test_nan_passes_and_shapes_are_kept(datum):
    lon, lat = np.array([[110.0, np.nan, 111.0]]), np.array([[26.0, 26.0, np.nan]])
    x, y = from_lonlat(lon, lat, datum)
    assert x.shape == (1, 3)
    back = np.array(to_lonlat(x, y, datum))
    assert back[:, 0, 0] == pytest.approx([110.0, 26.0], abs=1e-10)
    assert np.isnan(back.sum(axis=0)[0, 1:]).all()
    assert lon[0, 0] == 110.0  # the input is not changed
    assert to_lonlat(np.empty(0), np.empty(0), datum)[0].shape == (0,)


def test_many_points_cross_chunks():
    lon, lat = np.linspace(74.0, 134.0, 20_001), np.linspace(18.0, 53.0, 20_001)
    x, y = from_lonlat(lon, lat, BD09)
    assert from_lonlat(lon[12_345], lat[12_345], BD09) == pytest.approx(
        (x[12_345], y[12_345]), abs=1e-13
    )


def test_zones_are_told_point_by_point_and_lacking_ones_are_an_error():
    lon, lat = to_lonlat([37_500_000.0, 2_943_000.0], [2_943_000.0, 38_500_000.0], GK)
    assert lon == pytest.approx([111.0, 114.0], abs=1e-10)
    assert lat[0] == pytest.approx(lat[1], abs=1e-10)
    with pytest.raises(CRSError, match=r"1 of 2 points .*declare the central meridian"):
        to_lonlat([37_500_000.0, 500_000.0], [2_943_000.0, 2_943_000.0], GK)
    with pytest.raises(CRSError, match=r"1 of 1 points lie in none of the zones"):
        from_lonlat([9.5], [47.2], GK)


def test_zones_of_6_degrees_are_named_and_not_read():
    with pytest.raises(
        CRSError, match=r"2 of 3 points are in metres of 6-degree zones \(18, 19\), which are not"
    ):
        to_lonlat([19_715_000.0, 2_943_000.0, 37_410_000.0], [2_943_000.0, 18_500_000.0, 2_943_000.0], GK)  # fmt: skip  # noqa: E501


@pytest.mark.parametrize("crs", [4214, 4555, 4610, 2383, 2437])
def test_coordinate_systems_of_older_national_datums_are_refused(crs):
    for told in (pyproj.CRS(crs), pyproj.CRS(pyproj.CRS(crs).to_wkt("WKT1_ESRI"))):
        with pytest.raises(CRSError, match="whose shift to CGCS2000 is not published"):
            refuse_older(told, "a.shp")


@pytest.mark.parametrize("crs", [4326, 4490, 4546, 32649, 3857])
def test_other_coordinate_systems_pass(crs):
    refuse_older(pyproj.CRS(crs), "a.shp")


def test_geometry():
    square = shapely.box(110.0, 26.0, 110.1, 26.1)
    there = shapely.transform(square, lambda xy: np.column_stack(from_lonlat(*xy.T, GCJ02)))
    back, none = geometry_to_lonlat(np.array([there, None]), GCJ02)
    assert none is None
    assert shapely.equals_exact(back, square, 1e-10)
    assert not shapely.equals_exact(there, square, 1e-3)


# --- as people write them --------------------------------------------------------------------

DMS = 110 + 30 / 60 + 15 / 3600


@pytest.mark.parametrize(
    ("text", "degrees"),
    [
        ("110.16", 110.16),
        (" 110.16 ", 110.16),
        ("110. 16", 110.16),
        ("１１０．１６", 110.16),
        ("110.5°", 110.5),
        ("110.5E", 110.5),
        ("110.5 E", 110.5),
        ("E 110.5", 110.5),
        ("东经110.5度", 110.5),
        ("东经：110.5", 110.5),
        ("经度:110.5", 110.5),
        ("110°30′", 110.5),
        ("110°30'", 110.5),
        ("110°30", 110.5),
        ("110º30’", 110.5),
        ("110°30.5′", 110 + 30.5 / 60),
        ("110度30分", 110.5),
        ("E110°30′", 110.5),
        ("110°30′E", 110.5),
        ("110°30′15″", DMS),
        ("110°30′15.5″", 110 + 30 / 60 + 15.5 / 3600),
        ("110°30'15''", DMS),
        ("110°30’15”", DMS),
        ("110° 30′ 15″", DMS),
        ("１１０°３０′１５″", DMS),
        ("110度30分15秒", DMS),
        ("东经110度30分15秒", DMS),
        ("110-30-15", DMS),
        ("110 30 15", DMS),
        ("110:30:15", DMS),
        ("-8.5", -8.5),
        ("W8°30′", -8.5),
        ("8.5S", -8.5),
        ("3 013 000.5", 3_013_000.5),
        ("37,410,000", 37_410_000.0),
        ("410,000", 410_000.0),
        (110, 110.0),
        (110.5, 110.5),
    ],
)
def test_degrees_as_written(text, degrees):
    numbers, unread = parse_degrees(pd.Series([text, None], dtype=object))
    assert numbers[0] == pytest.approx(degrees, abs=1e-12)
    assert unread.tolist() == [False, False]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "路口",
            "N/A",
            "-",
            "nan",
            "inf",
            "110,302",
            "110-30",
            "110.5.5",
            "110°70′",
            "110°30′60″",
        ),
        *("110.5°30′", "110°30.5′15″", "E110.5N", "1 2", "°", "30′", "110.16,26.58", "--110"),
    ],
)
def test_what_cannot_be_read_is_told(text):
    numbers, unread = parse_degrees(pd.Series([text, "110.5"], index=["a", "b"]))
    assert np.isnan(numbers["a"])
    assert unread.to_dict() == {"a": True, "b": False}


def test_blank_cells_are_not_given():
    numbers, unread = parse_degrees(pd.Series(["", "  ", None, np.nan, "　"], dtype=object))
    assert numbers.isna().all()
    assert not unread.any()


@pytest.mark.parametrize("dtype", ["float64", "Int64", "str", "object"])
def test_every_dtype_of_column_is_read(dtype):
    numbers, unread = parse_degrees(pd.Series([110, None], dtype=dtype))
    assert (numbers.dtype, unread.dtype) == (np.dtype("float64"), np.dtype("bool"))
    assert numbers[0] == 110.0
    assert not unread.any()
    assert parse_degrees(pd.Series([], dtype=dtype))[0].empty
    assert split_pair(pd.Series([110, None], dtype=dtype)).isna().all(axis=None)


@given(st.integers(0, 179), st.integers(0, 59), st.integers(0, 599), st.sampled_from("EW"))
def test_degrees_minutes_seconds_law(degrees, minutes, tenths, side):
    text = f"{degrees}°{minutes:02d}′{tenths / 10}″{side}"
    expected = (degrees + minutes / 60 + tenths / 36000) * (1 if side == "E" else -1)
    assert parse_degrees(pd.Series([text]))[0][0] == pytest.approx(expected, abs=1e-12)


@settings(deadline=None)
@given(st.lists(st.text(max_size=20), max_size=5))
def test_no_text_breaks_the_reading(texts):
    values = pd.Series(texts, dtype=object)
    numbers, unread = parse_degrees(values)
    assert not (unread & numbers.notna()).any()
    pairs = split_pair(values)
    assert (pairs["x"].isna() == pairs["y"].isna()).all()


@pytest.mark.parametrize(
    "text",
    [
        *("110.5,26.25", "110.5，26.25", "110.5、26.25", "110.5;26.25", "110.5 26.25"),
        *("110.5\t26.25", "26.25,110.5", "26.25 110.5", "(110.5, 26.25)", "【110.5，26.25】"),
        *("POINT (110.5 26.25)", "POINT(110.5 26.25)", "POINT Z (110.5 26.25 300)"),
        *("110°30′, 26°15′", "110°30′ 26°15′", "110° 30′ 26° 15′", "26°15′00″，110°30′00″"),
        *("110° 30′ 0″ 26° 15′ 0″", "110 30 00 26 15 00", "110-30-00, 26-15-00"),
        *("E110°30′N26°15′", "N26°15′E110°30′", "110.5E26.25N", "110.5 E, 26.25 N"),
        *("东经110.5度北纬26.25度", "北纬26度15分 东经110度30分", "经度:110.5 纬度:26.25"),
        *("纬度：26.25，经度：110.5", "lat 26.25, lng 110.5", "１１０．５，２６．２５"),
    ],
)
def test_pairs_as_written(text):
    assert split_pair(pd.Series([text])).to_numpy()[0] == pytest.approx([110.5, 26.25], abs=1e-12)


def test_pairs_of_metres_and_of_other_countries():
    texts = ["3013000.5,37410000", "410,000 3,013,000", "N47.2 E9.5", "9.5,47.2", "W8.6,N41.1"]
    expected = [[37_410_000, 3_013_000.5], [410_000, 3_013_000], [9.5, 47.2], [9.5, 47.2]]
    assert split_pair(pd.Series(texts)).to_numpy().tolist() == [*expected, [-8.6, 41.1]]


@pytest.mark.parametrize("text", ["", "110.5", "x,y", "110.5,26.25,300", "110.5,", "110 30 15"])
def test_what_is_no_pair_is_nan(text):
    assert split_pair(pd.Series([text])).isna().all(axis=None)


# --- questions -------------------------------------------------------------------------------


def told(x, y, datum):
    codes, found = doubts(np.array([x]), np.array([y]), datum, SUINING)
    if codes[0] == 0:
        assert not found
        return None
    doubt = found[0]
    assert doubt.rows.tolist() == [0]
    assert doubt.zh.startswith("1 行")
    assert doubt.en.startswith("1 row ")
    assert "{" not in doubt.zh + doubt.en
    return doubt.reason, doubt.datum and doubt.datum.key


@pytest.mark.parametrize(
    ("x", "y", "datum", "doubt"),
    [
        (110.1, 26.6, None, None),
        (110.1, 26.6, "gcj02", None),
        (np.nan, 26.6, None, None),
        (110.2, 26.7, "bd09", None),
        (410_000.0, 2_943_000.0, "cgcs2000-gk-111", None),
        (2_943_000.0, 410_000.0, "cgcs2000-gk-111", None),
        (2_943_000.0, 37_410_000.0, "cgcs2000-gk", None),
        (26.6, 110.1, None, ("swapped", None)),
        (26.6, 110.1, "gcj02", ("swapped", None)),
        (1_100_615.0, 263_620.0, None, ("packed", None)),
        (1_100_615.5, 26.6, "gcj02", ("packed", None)),
        (263_620.0, 1_100_615.0, None, ("packed", None)),
        (1_107_015.0, 263_620.0, None, ("outside", None)),  # 70 minutes
        (37_410_000.0, 2_943_000.0, None, ("metres", "cgcs2000-gk-zone37")),
        (2_943_000.0, 37_410_000.0, "gcj02", ("metres", "cgcs2000-gk-zone37")),
        (410_000.0, 2_943_000.0, None, ("metres", "cgcs2000-gk-111")),
        (710_000.0, 2_943_000.0, None, ("metres", "cgcs2000-gk-108")),
        (410_000.0, 2_943_000.0, "cgcs2000-gk-114", ("metres", "cgcs2000-gk-111")),
        (410_000.0, 2_943_000.0, "cgcs2000-gk", ("metres", "cgcs2000-gk-111")),
        (37_410_000.0, 2_943_000.0, "cgcs2000-gk-111", ("metres", "cgcs2000-gk-zone37")),
        (410_000.0, 5_000_000.0, None, ("metres", None)),
        (19_715_000.0, 2_943_000.0, None, ("six", None)),
        (2_943_000.0, 19_715_000.0, "cgcs2000-gk", ("six", None)),
        (19_415_000.0, 2_943_000.0, "cgcs2000-gk-111", ("six", None)),
        (24_415_000.0, 2_943_000.0, None, ("outside", None)),  # a zone of neither width
        (110.1, 26.6, "cgcs2000-gk-111", ("degrees", "cgcs2000")),
        (110.1, 26.6, "cgcs2000-gk", ("degrees", "cgcs2000")),
        (0.0, 0.0, None, ("zero", None)),
        (112.9, 28.2, None, ("outside", None)),
        (1e300, -1e300, "bd09", ("outside", None)),
    ],
)
def test_doubts_of_one_row(x, y, datum, doubt):
    assert told(x, y, datum and DATUMS[datum]) == doubt


def test_doubts_by_row():
    x = [110.1, 26.6, 110.2, 26.7, 410_000.0, 112.9, np.nan, 37_410_000.0]
    y = [26.6, 110.1, 26.7, 110.2, 2_943_000.0, 28.2, np.nan, 2_943_000.0]
    codes, found = doubts(x, y, GCJ02, SUINING)
    assert codes.dtype == np.int8
    assert codes.tolist() == [0, 1, 0, 1, 3, 4, 0, 2]
    assert [doubt.reason for doubt in found] == ["swapped", "metres", "metres", "outside"]
    assert found[0].zh == "2 行的经度和纬度填反了"
    assert found[0].en == "2 rows with lon and lat swapped"
    assert 'datum = "cgcs2000-gk-zone37"' in found[1].zh
    assert 'datum = "cgcs2000-gk-111"' in found[2].en
    for number, doubt in enumerate(found, start=1):
        assert np.array_equal(np.flatnonzero(codes == number), doubt.rows)


ROADS = shapely.multilinestrings(  # a road every 2 km or so, north-south and east-west
    [[(110 + 0.02 * n, 26.2), (110 + 0.02 * n, 26.8)] for n in range(21)]
    + [[(110, 26.2 + 0.02 * n), (110.4, 26.2 + 0.02 * n)] for n in range(31)]
)


def to_road_m(lon, lat):
    # degrees of latitude: longer than the truth on east-west legs, and alike for all datums
    return shapely.distance(shapely.points(lon, lat), ROADS) * 110_800.0


def facilities(count, seed=7):
    """Points along the roads, some 15 m off."""
    rng = np.random.default_rng(seed)
    at = shapely.line_interpolate_point(
        shapely.get_parts(ROADS)[rng.integers(0, 52, count)], rng.uniform(0.05, 0.35, count)
    )
    return shapely.get_coordinates(at).T + rng.normal(0.0, 1.5e-4, (2, count))


@pytest.mark.parametrize("true", [WGS84, GCJ02, BD09])
@pytest.mark.parametrize("declared", [None, WGS84, CGCS2000, GCJ02, BD09])
def test_the_true_datum_is_likelier(true, declared):
    x, y = from_lonlat(*facilities(200), true)
    question = likelier_datum(x, y, declared, to_road_m)
    if (declared or WGS84).family == true.family:
        assert question is None
        return
    assert question.likelier == true
    assert question.declared == (declared or WGS84)
    assert question.points == 200
    assert question.likelier_m < 20.0
    assert question.declared_m > 100.0
    assert question.closer > 150
    for sentence in (question.zh, question.en):
        assert all(word in sentence for word in (true.key, question.declared.key, "200"))


def test_few_points_and_metres_and_chance_raise_no_question():
    x, y = from_lonlat(*facilities(200), GCJ02)
    assert likelier_datum(x[:19], y[:19], WGS84, to_road_m) is None
    assert likelier_datum(x[:20], y[:20], WGS84, to_road_m) is not None
    assert likelier_datum(x, y, GK, to_road_m) is None
    rng = np.random.default_rng(3)
    x, y = rng.uniform(110.0, 110.4, 500), rng.uniform(26.2, 26.8, 500)
    assert likelier_datum(x, y, WGS84, to_road_m) is None


def test_points_of_unknown_residual_are_not_counted():
    x, y = from_lonlat(*facilities(200), GCJ02)

    def partly_known(lon, lat):
        return np.where(np.arange(len(lon)) < 50, to_road_m(lon, lat), np.nan)

    assert likelier_datum(x, y, WGS84, partly_known).points == 50


# --- real data -------------------------------------------------------------------------------


@pytest.mark.shared
def test_amap_counties_fit_tianditu_better_once_converted(shared):
    folder = shared / "shaoyang_boundaries"
    amap, tianditu = (
        gpd.read_file(folder / f"shaoyang_12_{name}.geojson").set_index("adcode").geometry
        for name in ("amap_GCJ02_raw", "tianditu_cgcs2000")
    )
    assert len(amap) == len(tianditu) == 12
    converted = gpd.GeoSeries(geometry_to_lonlat(amap.values, GCJ02), index=amap.index, crs=4326)
    truth = tianditu.to_crs(4546)

    def overlap(counties):
        counties = counties.to_crs(4546)
        return counties.intersection(truth).area / counties.union(truth).area

    before, after = overlap(amap), overlap(converted)
    for adcode in amap.index:
        assert after[adcode] > before[adcode], adcode
