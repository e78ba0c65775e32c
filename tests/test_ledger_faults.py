"""Malformed ledgers: one clear list of faults with the rows that Excel shows, never a traceback."""

import io

import geopandas as gpd
import openpyxl
import pytest
import shapely
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lifecircle.config import Ledger
from lifecircle.datum import DATUMS, from_lonlat
from lifecircle.errors import InputError
from lifecircle.sources.facilities import ReadLedger, read_ledger
from lifecircle.sources.vector import read_vector
from lifecircle.standards import shared_kinds
from lifecircle.tables import FACILITIES, check

BOUNDS = (109.8, 26.2, 110.6, 27.1)
HEAD = "编号,类别,名称,经度,纬度,床位数,建筑面积,开放时间,建成年份,使用状态"
GOOD = "a1,邮政,长铺邮政所,110.16,26.58,,120,8:00-17:30,2001,在用"
NEXT = "a2,养老,寨市敬老院,110.30,26.40,50,900,全天,1998,在用"


def read(path, words=None, **fields):
    """Give the ledger, or none, and all faults, whether raised or handed back."""
    try:
        ledger = read_ledger(
            Ledger(path=path, **fields), words or {}, shared_kinds(), area_bounds=BOUNDS
        )
    except InputError as error:
        return None, error.faults
    if len(ledger.facilities):
        check(ledger.facilities, FACILITIES, crs=4326)
    return ledger, ledger.faults


def text(*lines, encoding="utf-8", end="\n"):
    return end.join(lines).encode(encoding)


def row(**cells):
    """Give a line of the good ledger with some cells replaced; `at` is the column's number."""
    parts = GOOD.split(",")
    for name, value in cells.items():
        parts[HEAD.split(",").index(name)] = value
    return ",".join(parts)


# name, content, fields of the ledger, what the messages say with the rows they name, rows kept
CSV = [
    ("empty file", b"", {}, [("holds no row", ())], 0),
    ("blank lines only", b"\n\n,,\n", {}, [("holds no row", ())], 0),
    ("header only", text(HEAD), {}, [("no row below its header", ())], 0),
    ("a web page", b"<html><body>404</body></html>\n<p>", {}, [("is a web page", ())], 0),
    ("binary", bytes(range(256)) * 4, {}, [("is no text in UTF-8 or GBK", ())], 0),
    (
        "no coordinates at all",
        b"kind,name\npost,a\n",
        {},
        [("has no columns of coordinates", ())],
        0,
    ),
    ("no category", b"name,lon,lat\na,110,26.5\n", {}, [("no column of categories", ())], 0),
    ("only latitude", b"kind,lat\npost,26.5\n", {}, [("has no columns of coordinates", ())], 0),
    ("UTF-8 twice marked", b"\xef\xbb\xbf" * 2 + text(HEAD, GOOD), {}, [], 1),
    ("GBK", text(HEAD, GOOD, NEXT, encoding="gb18030"), {}, [], 2),
    ("UTF-16", text(HEAD, GOOD, NEXT, encoding="utf-16"), {}, [], 2),
    (
        "UTF-8 and GBK mixed",
        text(HEAD, GOOD) + b"\n" + NEXT.encode("gb18030"),
        {},
        [("mixes UTF-8 (lines 1, 2) and GBK (lines 3)", ())],
        2,
    ),
    ("CR only", text(HEAD, GOOD, NEXT, end="\r"), {}, [], 2),
    ("CR LF with blank rows", text(HEAD, "", GOOD, ",,,,", NEXT, end="\r\n"), {}, [], 2),
    ("NUL bytes", text(HEAD, GOOD.replace("长铺", "长\0铺")), {}, [("control characters", ())], 1),
    ("semicolons", text(HEAD, GOOD).replace(b",", b";"), {}, [], 1),
    ("tabs", text(HEAD, GOOD).replace(b",", b"\t"), {}, [], 1),
    ("Chinese commas", text(HEAD.replace(",", "，"), GOOD.replace(",", "，")), {}, [], 1),
    ("sep= line", text("sep=,", HEAD, GOOD), {}, [], 1),
    ("title and reporter", text("绥宁县台账", "填报单位：民政局", HEAD, GOOD), {}, [], 1),
    ("declared header", text("名称,类别,经度,纬度", HEAD, GOOD), {"header": 2}, [], 1),
    (
        "header beyond the file",
        text(HEAD, GOOD),
        {"header": 9},
        [("header = 9 names a row", ())],
        0,
    ),
    (
        "two header rows",
        text("类别,名称,坐标,,面积", ",,经度,纬度,建筑", "邮政,甲,110.2,26.5,80"),
        {},
        [],
        1,
    ),
    (
        "a row of units",
        text("类别,名称,经度,纬度,占地面积", ",,度,度,亩", "邮政,甲,110.2,26.5,3"),
        {},
        [],
        1,
    ),
    ("numbered columns", text(HEAD, "1,2,3,4,5,6,7,8,9,10", GOOD), {}, [], 1),
    ("header again in the middle", text(HEAD, GOOD, HEAD, NEXT), {}, [("repeated", (3,))], 2),
    (
        "totals and signatures",
        text(HEAD, GOOD, "合计,,,,,50", "填表人：张三,,审核人：李四"),
        {},
        [("totals, notes and headings are not read", (3, 4))],
        1,
    ),
    (
        "a section's heading",
        text(HEAD, "一、长铺镇,,,", GOOD),
        {},
        [("totals, notes and headings are not read", (2,))],
        1,
    ),
    ("a long row", text(HEAD, GOOD + ",,x", NEXT), {}, [("more cells than the header", (2,))], 1),
    ("a short row", text(HEAD, "a1,邮政,甲"), {}, [("no coordinates", (2,))], 0),
    ("an unpaired quote", text(HEAD, GOOD, '"a2,养老,乙'), {}, [("is broken", ())], 0),
    ("a quote within", text(HEAD, row(名称='"甲"乙')), {}, [("line 2 is broken", ())], 0),
    (
        "a column without name",
        text(HEAD + ",", GOOD + ",x"),
        {},
        [("columns without a name are not read: K", ())],
        1,
    ),
    ("blank columns", text("," + HEAD + ",,", "," + GOOD + ",,"), {}, [], 1),
    (
        "two columns for one field",
        text(HEAD + ",机构名称", GOOD + ",乙"),
        {},
        [("two columns for name: 名称, 机构名称", ())],
        0,
    ),
    (
        "one column name twice",
        text(HEAD + ",名称", GOOD + ",乙"),
        {},
        [("two columns for name: 名称, 名称 (K)", ())],
        0,
    ),
    (
        "two columns, one declared",
        text(HEAD + ",机构名称", GOOD + ",乙"),
        {"columns": {"name": "机构名称"}},
        [],
        1,
    ),
    (
        "a declared column that is not there",
        text(HEAD, GOOD),
        {"columns": {"owner": "产权方"}},
        [("has no column '产权方' for owner", ())],
        0,
    ),
    (
        "a declared field that is none",
        text(HEAD, GOOD),
        {"columns": {"colour": "名称"}},
        [("columns names 'colour', which is no field", ())],
        0,
    ),
    ("ids that repeat", text(HEAD, GOOD, NEXT, GOOD), {}, [("编号 repeats", (2, 4))], 1),
    ("an empty category", text(HEAD, GOOD, row(编号="b", 类别="")), {}, [("is empty", (3,))], 1),
    (
        "a category of no kind",
        text(HEAD, GOOD, row(编号="b", 类别="棋牌室"), row(编号="c", 类别="棋牌室")),
        {},
        [("categories of no kind, which are left out: 棋牌室 (2)", (3, 4))],
        1,
    ),
    (
        "no category is known",
        text(HEAD, row(类别="棋牌室")),
        {},
        [("left out: 棋牌室 (1)", (2,)), ("no row is of a known kind", ())],
        0,
    ),
    ("several kinds", text(HEAD, row(类别="邮政、养老")), {}, [("names several kinds", (2,))], 0),
    ("a bracketed category", text(HEAD, row(类别="邮政（乡镇级）")), {}, [], 1),
    (
        "a kind that is none",
        text(HEAD, GOOD),
        {"kind": "pub"},
        [("kind = 'pub' is no kind", ())],
        0,
    ),
    ("a file of one kind", b"name,lon,lat\na,110.2,26.5\n", {"kind": "post"}, [], 1),
    ("full-width digits", text(HEAD, row(经度="１１０．１６", 床位数="５０张")), {}, [], 1),
    ("degrees and minutes", text(HEAD, row(经度="110°30′", 纬度="北纬26度30分")), {}, [], 1),
    ("lon and lat in one cell", text("类别,经纬度", 'post,"110.16，26.58"'), {}, [], 1),
    ("both under lon", text("类别,经度", 'post,"110.16,26.58"'), {}, [], 1),
    ("a half pair", text("类别,经纬度", "post,110.16"), {}, [("经纬度 is no coordinate", (2,))], 0),
    ("WKT", text("类别,geometry", "post,POINT (110.2 26.5)"), {}, [], 1),
    ("broken WKT", text("类别,geometry", "post,POINT (110"), {}, [("is no coordinate", (2,))], 0),
    ("lon is a word", text(HEAD, row(经度="路口")), {}, [("经度 is no coordinate", (2,))], 0),
    ("lon is missing", text(HEAD, row(经度="")), {}, [("no coordinates", (2,))], 0),
    ("zero", text(HEAD, row(经度="0", 纬度="0")), {}, [("coordinates are 0, 0", (2,))], 0),
    (
        "swapped",
        text(HEAD, GOOD, row(编号="b", 经度="26.58", 纬度="110.16")),
        {},
        [("lon and lat are swapped", (3,))],
        1,
    ),
    (
        "metres in the lon column",
        text(HEAD, GOOD, row(编号="b", 经度="37410000", 纬度="2943000")),
        {},
        [('declare datum = "cgcs2000-gk-zone37"', (3,))],
        1,
    ),
    (
        "metres without a zone",
        text(HEAD, row(经度="500000", 纬度="3500000")),
        {},
        [("metres of no zone near", (2,))],
        0,
    ),
    (
        "metres as declared",
        text(HEAD, row(经度="37410000", 纬度="2943000")),
        {"datum": "cgcs2000-gk"},
        [],
        1,
    ),
    (
        "northing first",
        text("类别,X,Y", "post,2943000,410000"),
        {"datum": "cgcs2000-gk-111"},
        [],
        1,
    ),
    (
        "metres whose zone is not said",
        text(HEAD, row(经度="410000", 纬度="2943000")),
        {"datum": "cgcs2000-gk"},
        [('declare datum = "cgcs2000-gk-111"', (2,))],
        0,
    ),
    (
        "degrees where metres are declared",
        text(HEAD, GOOD),
        {"datum": "cgcs2000-gk-111"},
        [("degrees, not metres as declared", (2,))],
        0,
    ),
    (
        "packed degrees",
        text(HEAD, row(经度="1101630", 纬度="263000")),
        {},
        [("written as one", (2,))],
        0,
    ),
    (
        "elsewhere",
        text(HEAD, row(经度="113.0", 纬度="28.2")),
        {},
        [("outside the county", (2,))],
        1,
    ),
    ("off the Earth", text(HEAD, row(经度="1e9")), {}, [("coordinates are not degrees", (2,))], 0),
    (
        "infinite",
        text(HEAD, row(经度="inf", 纬度="1e309")),
        {},
        [("经度 is no coordinate", (2,)), ("纬度 is no coordinate", (2,))],
        0,
    ),
    (
        "Baidu's column, undeclared",
        text(HEAD.replace("经度", "百度经度"), GOOD),
        {},
        [("says bd09, and no datum is declared", ())],
        1,
    ),
    (
        "numbers that are none",
        text(
            HEAD,
            row(床位数="若干"),
            row(编号="b", 床位数="5O"),
            row(编号="c", 建筑面积="2019-05-01"),
        ),
        {},
        [("床位数 is not a number", (2, 3)), ("建筑面积 is not a number", (4,))],
        0,
    ),
    ("a range", text(HEAD, row(床位数="20-30")), {}, [("床位数 is not a number", (2,))], 0),
    ("more or less", text(HEAD, row(床位数="50多张")), {}, [("is not a number", (2,))], 0),
    ("infinite beds", text(HEAD, row(床位数="1e309")), {}, [("is not a number", (2,))], 0),
    ("below zero", text(HEAD, row(建筑面积="-1")), {}, [("建筑面积 is negative", (2,))], 0),
    ("unknown numbers", text(HEAD, row(床位数="不详", 建筑面积="/")), {}, [], 1),
    ("a decimal comma", text(HEAD, row(建筑面积='"12,5"')), {}, [("is not a number", (2,))], 0),
    (
        "a unit of another sort",
        text(HEAD, row(建筑面积="30人")),
        {},
        [("is not a number", (2,))],
        0,
    ),
    (
        "a column in another unit",
        text(HEAD.replace("建筑面积", "建筑面积（人）"), GOOD),
        {},
        [("floor_m2 is in 人, which is no unit of area", ())],
        0,
    ),
    (
        "an unknown unit",
        text(HEAD.replace("建筑面积", "建筑面积（坪）"), GOOD),
        {},
        [("'坪' is no unit that is known", ())],
        1,
    ),
    (
        "hours that say nothing",
        text(HEAD, row(开放时间="看情况")),
        {},
        [("cannot be read as hours", (2,))],
        1,
    ),
    (
        "half-day clock",
        text(HEAD, row(开放时间="8:00-5:30")),
        {},
        [("cannot be read as hours", (2,))],
        1,
    ),
    ("a year ago", text(HEAD, row(建成年份="1066")), {}, [("is before 1850", (2,))], 0),
    ("a year ahead", text(HEAD, row(建成年份="2999")), {}, [("in the future", (2,))], 0),
    ("ahead, but planned", text(HEAD, row(建成年份="2999", 使用状态="在建")), {}, [], 1),
    ("no year", text(HEAD, row(建成年份="九十年代")), {}, [("建成年份 is no year", (2,))], 0),
    ("an unknown state", text(HEAD, row(使用状态="尚可")), {}, [("使用状态 is unknown", (2,))], 1),
    (
        "spoilt cells",
        text(HEAD, row(床位数="#REF!")),
        {},
        [("an error of the spreadsheet", (2,))],
        0,
    ),
    (
        "a bare formula",
        text(HEAD, row(床位数="=B2*2")),
        {},
        [("a formula without a value", (2,))],
        0,
    ),
]


@pytest.mark.parametrize(
    ("content", "fields", "expected", "kept"),
    [case[1:] for case in CSV],
    ids=[case[0] for case in CSV],
)
def test_text_ledgers(tmp_path, content, fields, expected, kept):
    path = tmp_path / "ledger.csv"
    path.write_bytes(content)
    ledger, faults = read(path, **fields)
    _same(ledger, faults, expected, kept)


def _same(ledger, faults, expected, kept):
    told = [str(fault) for fault in faults]
    assert len(faults) == len(expected), told
    for needle, rows in expected:
        assert any(needle in str(f) and f.rows == rows for f in faults), (needle, rows, told)
    assert (0 if ledger is None else len(ledger.facilities)) == kept, told


def workbook(rows, *, merged=(), sheets=(), hidden=(), formulas=()):
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True, "nan_inf_to_errors": True})
    for name, cells in [("台账", rows), *sheets]:
        sheet = book.add_worksheet(name)
        for number, line in enumerate(cells):
            for column, value in enumerate(line):
                if value not in (None, ""):
                    sheet.write(number, column, value)
        if name in hidden:
            sheet.hide()
        if name == "台账":
            for first, left, last, right, value in merged:
                sheet.merge_range(first, left, last, right, value)
            for place, formula, value in formulas:
                sheet.write_formula(place, formula, None, value)
    book.close()
    return stream.getvalue()


XHEAD = ["编号", "类别", "名称", "经度", "纬度", "床位数", "乡镇"]
XGOOD = [430527001001, "邮政", "长铺邮政所", 110.16, 26.58, None, "长铺镇"]
XNEXT = [430527001002, "养老", "敬老院", 110.3, 26.4, 50, None]
XLSX = [
    ("plain", workbook([XHEAD, XGOOD, XNEXT]), {}, [], 2),
    ("no cell", workbook([]), {}, [("holds no row", ())], 0),
    ("header only", workbook([XHEAD]), {}, [("no row below its header", ())], 0),
    (
        "a title over all",
        workbook([[], [], XHEAD, XGOOD], merged=[(0, 0, 0, 6, "台账")]),
        {},
        [],
        1,
    ),
    ("merged body", workbook([XHEAD, XGOOD, XNEXT], merged=[(1, 6, 2, 6, "长铺镇")]), {}, [], 2),
    (
        "merged heading in the body",
        workbook([XHEAD, [], XGOOD], merged=[(1, 0, 1, 6, "城区")]),
        {},
        [("totals, notes and headings are not read", (2,))],
        1,
    ),
    (
        "two header rows, merged",
        workbook(
            [
                ["类别", "名称", None, None],
                [None, None, "经度", "纬度"],
                ["邮政", "甲", 110.2, 26.5],
            ],
            merged=[(0, 0, 1, 0, "类别"), (0, 1, 1, 1, "名称"), (0, 2, 0, 3, "坐标")],
        ),
        {},
        [],
        1,
    ),
    (
        "an error cell",
        workbook([XHEAD, XGOOD, XNEXT], formulas=[("F3", "=1/0", "#DIV/0!")]),
        {},
        [("an error of the spreadsheet", (3,))],
        1,
    ),
    (
        "an error in a column that is not read",
        workbook([[*XHEAD, "备注"], XGOOD], formulas=[("H2", "=NA()", "#N/A")]),
        {},
        [],
        1,
    ),
    ("a formula's value", workbook([XHEAD, XGOOD], formulas=[("F2", "=2*25", 50)]), {}, [], 1),
    ("a guide sheet", workbook([XHEAD, XGOOD], sheets=[("填表说明", [XHEAD, XGOOD])]), {}, [], 1),
    (
        "two sheets",
        workbook([XHEAD, XGOOD], sheets=[("二", [XHEAD, XNEXT])]),
        {},
        [("has several sheets with data: 台账, 二", ())],
        0,
    ),
    (
        "two sheets, named",
        workbook([XHEAD, XGOOD], sheets=[("二", [XHEAD, XNEXT])]),
        {"layer": "二"},
        [],
        1,
    ),
    (
        "a sheet that is not there",
        workbook([XHEAD, XGOOD]),
        {"layer": "三"},
        [("has no sheet '三'; its sheets: 台账", ())],
        0,
    ),
    (
        "a hidden sheet",
        workbook([XHEAD, XGOOD], sheets=[("旧", [XHEAD, XNEXT])], hidden=["旧"]),
        {},
        [("hidden sheets with data are not read: 旧", ())],
        1,
    ),
    (
        "a date for a number",
        workbook([XHEAD, XGOOD, [*XNEXT[:5], "2019-05-01", None]]),
        {},
        [("床位数 is not a number", (3,))],
        1,
    ),
    (
        "rounded ids",
        workbook([XHEAD, [430527198001011200, *XGOOD[1:]]]),
        {},
        [("more than 15 digits", (2,))],
        1,
    ),
    (
        "numbers as text",
        workbook([XHEAD, ["007", "邮政", "甲", "110.16", "26.58", "50", None]]),
        {},
        [],
        1,
    ),
    ("a web page", b"<table><tr><td>1</td></tr></table>", {}, [("is a web page", ())], 0),
    ("renamed text", text(HEAD, GOOD), {}, [("is no workbook", ())], 0),
    ("0 bytes", b"", {}, [("is empty (0 bytes)", ())], 0),
    ("cut off", workbook([XHEAD, XGOOD])[:2000], {}, [("is no readable workbook", ())], 0),
    ("a bare zip", b"PK\x03\x04" + bytes(60), {}, [("is no readable workbook", ())], 0),
    ("a bare OLE", b"\xd0\xcf\x11\xe0" + bytes(600), {}, [("is no readable workbook", ())], 0),
]


@pytest.mark.parametrize(
    ("content", "fields", "expected", "kept"),
    [case[1:] for case in XLSX],
    ids=[case[0] for case in XLSX],
)
def test_workbooks(tmp_path, content, fields, expected, kept):
    path = tmp_path / "台账.xlsx"
    path.write_bytes(content)
    ledger, faults = read(path, **fields)
    _same(ledger, faults, expected, kept)


def test_a_formula_that_was_never_computed(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(XHEAD)
    book.active.append([*XGOOD[:5], "=2*25"])
    book.save(tmp_path / "a.xlsx")
    ledger, faults = read(tmp_path / "a.xlsx")
    _same(ledger, faults, [("a formula without a value: row 2 '=2*25'", (2,))], 0)


def layer(*shapes, crs=4326, **columns):
    names = {"类别": ["邮政"] * len(shapes), "名称": [f"n{i}" for i in range(len(shapes))]}
    return gpd.GeoDataFrame({**names, **columns}, geometry=list(shapes), crs=crs)


HERE = shapely.Point(110.16, 26.58)


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".shp", ".parquet", ".gdb"])
def test_layers(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    places = layer(HERE, shapely.Point(26.58, 110.16 - 40), shapely.Point(0, 0))
    if suffix == ".parquet":
        places.to_parquet(path)
    elif suffix == ".gdb":
        places.to_file(path, driver="OpenFileGDB", engine="pyogrio")
    else:
        places.to_file(path, encoding="GBK" if suffix == ".shp" else None)
    ledger, faults = read(path)
    expected = [("coordinates are 0, 0", (3,)), ("lies outside the county", (2,))]
    _same(ledger, faults, expected, 2)
    assert ledger.rows.tolist() == [1, 2]
    assert ledger.facilities["name"].tolist() == ["n0", "n1"]


def test_layers_with_faults_of_all_sorts(tmp_path):
    path = tmp_path / "a.gpkg"
    places = layer(HERE, None, shapely.Point(26.58, 89.0), 床位数=["5", "x", "-3"])
    places.to_file(path)
    ledger, faults = read(path)
    expected = [
        ("geometry is empty", (2,)),
        ("床位数 is not a number", (2,)),
        ("床位数 is negative", (3,)),
        ("lies outside the county", (3,)),
    ]
    _same(ledger, faults, expected, 1)


@pytest.mark.parametrize(
    ("datum", "crs"),
    [
        *[("gcj02", 4326), ("gcj02", None), ("bd09", 4490), ("cgcs2000", None), ("cgcs2000", 4490)],
        *[("cgcs2000-gk-111", None), ("cgcs2000-gk-111", 4546), ("cgcs2000-gk-zone37", None)],
    ],
)
def test_the_declared_datum_goes_before_the_files_own(tmp_path, datum, crs):
    path = tmp_path / "a.shp"
    point = [float(value) for value in from_lonlat(110.16, 26.58, DATUMS[datum])]
    layer(shapely.Point(point), crs=crs or 4326).to_file(path)
    if crs is None:
        path.with_suffix(".prj").unlink()
    ledger, faults = read(path, datum=datum)
    assert not faults
    assert shapely.distance(ledger.facilities.geometry.iloc[0], HERE) < 1e-8
    assert ledger.datum.key == datum
    assert ledger.raw.iloc[0].tolist() == pytest.approx(point, abs=1e-6)
    both = read_vector(Ledger(path=path, datum=datum), where="file")
    assert shapely.distance(both.geometry.iloc[0], HERE) < 1e-8


def test_a_layer_without_crs_and_datum(tmp_path):
    path = tmp_path / "a.shp"
    layer(HERE).to_file(path)
    path.with_suffix(".prj").unlink()
    ledger, faults = read(path)
    _same(ledger, faults, [('declare datum = ".."', ())], 0)


def test_faults_of_coordinates_name_their_columns_and_what_stands_there(tmp_path):
    path = tmp_path / "a.csv"
    head = "类别,名称,X坐标,Y坐标"
    rows = ["邮政,甲,,", "邮政,乙,110.2,", "邮政,丙,0,0", "邮政,丁,26.58,110.16"]
    rows += ["邮政,戊,1103015,263020", "邮政,己,37410000,2943000", "邮政,庚,19715000,2943000"]
    path.write_bytes(text(head, *rows, "邮政,辛,112.9,28.2"))
    _, faults = read(path)
    told = {fault.what: (fault.column, fault.rows, fault.values) for fault in faults}
    here = "X坐标, Y坐标"
    assert told == {
        "no coordinates": (here, (2, 3), ("empty", "110.2, empty")),
        "coordinates are 0, 0": (here, (4,), ("0, 0",)),
        "lon and lat are swapped": (here, (5,), ("26.58, 110.16",)),
        "degrees, minutes and seconds are written as one number": (
            here,
            (6,),
            ("1103015, 263020",),
        ),
        "metres, not degrees as read": (here, (7,), ("37410000, 2943000",)),
        "metres of a 6-degree zone, which is not read": (here, (8,), ("19715000, 2943000",)),
        "lies outside the county": (here, (9,), ("112.9, 28.2",)),
    }
    path.write_bytes(text("类别,名称,位置坐标", "邮政,甲,"))
    (fault,) = read(path)[1]
    assert (fault.column, fault.values) == ("位置坐标", ("empty",))


def test_all_that_a_good_ledger_says(tmp_path):
    path = tmp_path / "ledger.csv"
    head = HEAD + ",占地面积（亩）,产权单位,地址,所属社区,服务能力单位"
    path.write_bytes(text(head, NEXT + ",3,县民政局,人民路1号,430527001001,", encoding="gb18030"))
    ledger, faults = read(path)
    assert not faults
    found = ledger.facilities.iloc[0]
    assert ledger.facilities.index.tolist() == ["a2"]
    assert found["kind"] == "elder_care" or found["kind"].startswith("elder")
    assert (found["capacity"], found["capacity_unit"]) == (50.0, "beds")
    assert (found["floor_m2"], found["land_m2"]) == (900.0, pytest.approx(2000.0))
    assert (found["hours"], found["hours_per_day"], found["year_built"]) == ("全天", 24.0, 1998.0)
    assert (found["status"], found["owner"], found["address"]) == (
        "in_use",
        "县民政局",
        "人民路1号",
    )
    assert found["unit_id"] == "430527001001"
    assert ledger.columns["land_m2"] == "占地面积（亩）"
    assert ledger.rows.to_dict() == {"a2": 2}


def test_the_countys_words_go_first_and_may_leave_rows_out(tmp_path):
    path = tmp_path / "ledger.csv"
    lines = [row(编号="b", 类别="棋牌室"), row(编号="c", 类别="茶馆", 经度="x"), GOOD]
    path.write_bytes(text(HEAD, *lines))
    ledger, faults = read(path, words={"棋牌室": "culture", "茶馆": "", "邮政": "finance"})
    assert not faults
    assert ledger.facilities["kind"].to_dict() == {"b": "culture", "a1": "finance"}
    assert ledger.facilities["category"].to_dict()["b"] == "棋牌室"
    assert ledger.unmapped.empty


def test_a_word_for_a_kind_that_is_none(tmp_path):
    path = tmp_path / "ledger.csv"
    path.write_bytes(text(HEAD, GOOD))
    ledger, faults = read(path, words={"棋牌室": "pub"})
    _same(ledger, faults, [("'棋牌室' is 'pub', which is no kind", ())], 0)


def test_one_fault_carries_all_its_rows(tmp_path):
    path = tmp_path / "ledger.csv"
    lines = [row(编号=f"r{i}", 床位数="x" if i % 2 else "5") for i in range(1000)]
    path.write_bytes(text(HEAD, *lines))
    ledger, (fault,) = read(path)
    assert fault.rows == tuple(range(3, 1003, 2))
    assert fault.values == ("x",) * 500
    assert (fault.column, fault.severity) == ("床位数", "error")
    assert len(ledger.facilities) == 500


CELLS = [
    *("", " ", "0", "-1", "1e309", "inf", "nan", "NaN", "TRUE", "１２", "1,2", "12,345", "1.2.3"),
    *(
        "110°30′",
        "26.58,110.16",
        "POINT (1 2)",
        "E110",
        "2020-01-01",
        "#N/A",
        "=A1",
        "=1+",
        "'",
        "合计",
    ),
    *(
        "注：",
        "全天",
        "8:00",
        "周一",
        "邮政",
        "邮政、养老",
        "a1",
        "\ufeff",
        "\u200b",
        "�",
        "x" * 500,
    ),
    *(
        "8:00-99:00",
        "9999999999999999999999",
        "-0",
        "1e-320",
        "（）",
        "㎡",
        "10㎡",
        "1亩",
        "²",
        "①",
        "½",
        "٣",
    ),
]
cells = st.sampled_from(CELLS) | st.text(max_size=12)


@st.composite
def mutated(draw):
    """Draw a good ledger whose cells, rows and columns are spoilt, as text and as cells."""
    table = [line.split(",") for line in (HEAD, GOOD, NEXT, row(编号="a3"), row(编号="a4"))]
    for _ in range(draw(st.integers(1, 6))):
        y = draw(st.integers(0, len(table) - 1))
        x = draw(st.integers(0, 9))
        change = draw(
            st.sampled_from(["cell", "cell", "cell", "row", "drop", "column", "swap", "cut"])
        )
        if change == "cell":
            table[y] = [*table[y][:x], draw(cells), *table[y][x + 1 :]]
        elif change == "row":
            table.insert(y, draw(st.lists(cells, max_size=14)))
        elif change == "drop" and len(table) > 1:
            table.pop(y)
        elif change == "column":
            word = draw(cells)
            table = [[*line[:x], word, *line[x:]] for line in table]
        elif change == "swap":
            table[0], table[y] = table[y], table[0]
        else:
            table[y] = table[y][:x]
    return table


def _demand(ledger, faults, height):
    assert isinstance(ledger, ReadLedger) or faults
    for fault in faults:
        assert str(fault)
        assert fault.what
        assert fault.remedy
        assert all(1 <= number <= height for number in fault.rows)
        assert not fault.values or len(fault.values) == len(fault.rows)
    if ledger is not None:
        bad = {n for fault in faults if fault.severity == "error" for n in fault.rows}
        assert not bad & set(ledger.rows)
        assert len(ledger.rows) == len(ledger.facilities) == len(ledger.raw)


SLOW = settings(
    deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@SLOW
@given(
    table=mutated(),
    separator=st.sampled_from([",", ";", "\t", "，"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]),
    cut=st.integers(0, 30),
    noise=st.binary(max_size=3),
)
def test_whatever_a_text_ledger_holds(tmp_path, table, separator, end, encoding, cut, noise):
    data = end.join(separator.join(line) for line in table).encode(encoding, "replace")
    data = data[: len(data) - cut] + noise
    path = tmp_path / "ledger.csv"
    path.write_bytes(data)
    ledger, faults = read(path)
    _demand(ledger, faults, 1 + sum(data.count(byte) for byte in (b"\n", b"\r")))


@SLOW
@given(
    table=mutated(), block=st.tuples(*[st.integers(0, 6)] * 4) | st.none(), as_text=st.booleans()
)
def test_whatever_a_workbook_holds(tmp_path, table, block, as_text):
    def cell(word):
        try:
            return word if as_text else float(word)
        except ValueError:
            return word

    book = openpyxl.Workbook()
    illegal = openpyxl.cell.cell.ILLEGAL_CHARACTERS_RE
    for y, line in enumerate(table, 1):
        for x, word in enumerate(line, 1):
            value = cell(illegal.sub("", word).replace("\ufffe", "").replace("\uffff", ""))
            if isinstance(value, float) and not abs(value) < 1e300:
                value = word
            book.active.cell(y, x).value = value
    if block is not None and block[:2] != block[2:]:
        y0, x0, y1, x1 = (n + 1 for n in block)
        book.active.merge_cells(None, min(y0, y1), min(x0, x1), max(y0, y1), max(x0, x1))
    path = tmp_path / "ledger.xlsx"
    book.save(path)
    ledger, faults = read(path)
    _demand(ledger, faults, max(len(table), 7))


@SLOW
@given(at=st.integers(0, 5000), junk=st.binary(min_size=1, max_size=40))
def test_whatever_happens_to_a_workbooks_bytes(tmp_path, at, junk):
    data = bytearray(workbook([XHEAD, XGOOD, XNEXT]))
    at %= len(data)
    data[at : at + len(junk)] = junk
    path = tmp_path / "ledger.xlsx"
    path.write_bytes(data)
    ledger, faults = read(path)
    _demand(ledger, faults, 1_048_576)
