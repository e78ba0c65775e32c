"""Units: read, joined with their totals, and refused where people would be lost or doubled."""

import re

import geopandas as gpd
import numpy as np
import pytest
import shapely
import xlsxwriter

from lifecircle.config import BoundaryConfig, Dataset, Ledger, UnitsConfig
from lifecircle.datum import DATUMS, from_lonlat
from lifecircle.errors import CRSError, DataWarning, GeometryError, MissingFileError, TableError
from lifecircle.sources.boundary import read_boundary
from lifecircle.sources.units import read_units, scan_units
from lifecircle.tables import UNITS, check


def squares(count, step=0.01, side=0.01):
    return [shapely.box(110 + i * step, 26, 110 + i * step + side, 26.01) for i in range(count)]


@pytest.fixture
def units_from(tmp_path):
    """Write columns (and squares side by side) to a file and read them as units."""

    def read(columns, shapes=None, totals=None, encoding="utf-8-sig", **config):
        count = len(next(iter(columns.values())))
        path = tmp_path / "villages.gpkg"
        shapes = squares(count) if shapes is None else shapes
        gpd.GeoDataFrame(columns, geometry=shapes, crs=4326).to_file(path)
        if isinstance(totals, Dataset):
            config["totals"] = totals
        elif totals is not None:
            (tmp_path / "census.csv").write_text(totals, encoding=encoding)
            config["totals"] = Dataset(path=tmp_path / "census.csv")
        return read_units(UnitsConfig(file=Dataset(path=path), **config))

    return read


def faults(error):
    """What is wrong, with its rows and what stands there; without the file and the remedy."""
    return [told(fault) for fault in error.value.faults]


def told(fault):
    return str(fault).split(": ", 1)[1].rsplit(" -> ", 1)[0]


def test_a_plain_file(units_from):
    units = units_from(
        {
            "unit_id": [430527001, 430527002, 430527003],
            "name": ["长铺", "寨市", "枫木团"],
            "setting": ["urban", "Township", None],
            "residents": [5229, 430, None],
        }
    )
    check(units, UNITS, crs=4326)
    assert units.index.tolist() == ["430527001", "430527002", "430527003"]
    assert units["setting"].iloc[:2].tolist() == ["urban", "township"]
    assert units["setting"].isna().tolist() == [False, False, True]
    assert units["residents"].sum() == 5659
    assert units["priority"].tolist() == [1.0, 1.0, 1.0]
    assert "households" not in units


def test_chinese_columns_and_words(units_from):
    units = units_from(
        {
            "代码": ["01", "02", "03", "04"],
            "名称": ["甲", "乙", "丙", "丁"],
            "类型": ["城市", "乡镇", "农村", "乡村"],
            "人口": ["100", "200", "300", "400"],
            "户数": [30, 60, 90, 120],
            "优先": [2.0, None, 1.0, 1.0],
        },
        id="代码",
        name="名称",
        setting="类型",
        residents="人口",
        households="户数",
        priority="优先",
    )
    assert units.index.tolist() == ["01", "02", "03", "04"]
    assert units["setting"].tolist() == ["urban", "township", "rural", "rural"]
    assert units["residents"].tolist() == [100.0, 200.0, 300.0, 400.0]
    assert units["households"].sum() == 300
    assert units["priority"].tolist() == [2.0, 1.0, 1.0, 1.0]


def test_columns_are_recognised_by_their_chinese_names(units_from):
    units = units_from(
        {
            "统计用区划代码": [430527100001.0, 430527100002.0],
            "村名": ["枫 木 团", "长铺"],
            "城乡分类": ["220", "111"],
            "常住人口（万人）": ["0.43", "０.５２２９"],
            "总户数": ["1,210", "暂无"],
            "所属乡镇": ["长铺镇", "长铺镇"],
            "服务中心面积": [120.0, None],
            "老旧小区": ["否", "是"],
        }
    )
    assert units.index.tolist() == ["430527100001", "430527100002"]
    assert units["name"].tolist() == ["枫 木 团", "长铺"]
    assert units["setting"].tolist() == ["rural", "urban"]
    assert units["residents"].tolist() == [4300.0, 5229.0]
    assert units["households"].tolist()[0] == 1210.0
    assert units["households"].isna().tolist() == [False, True]
    assert units["street"].tolist() == ["长铺镇", "长铺镇"]
    assert units["centre_m2"].tolist()[0] == 120.0
    assert units["old_quarter"].tolist() == [0.0, 1.0]


def test_names_in_the_county_file_come_before_those_that_are_recognised(units_from):
    columns = {"code": ["x"], "id2": ["a"], "name": ["全"], "简称": ["短"], "人口": [5], "pop": [7]}
    units = units_from(columns, id="id2", name="简称", residents="pop")
    assert units["name"].to_dict() == {"a": "短"}
    assert units["residents"].tolist() == [7.0]


def test_columns_may_be_left_out(units_from):
    columns = {"unit_id": ["a"], "name": ["a"], "setting": ["农村"], "residents": [5]}
    units = units_from(columns, setting=None, residents=None)
    assert units["setting"].isna().all()
    assert units["residents"].isna().all()


def test_two_columns_of_one_meaning_are_a_question(units_from):
    with pytest.raises(TableError) as error:
        units_from({"代码": ["a"], "区划代码": ["b"], "name": ["a"]})
    assert faults(error) == ["two columns for unit_id: 代码, 区划代码"]
    assert "under [units]" in error.value.faults[0].remedy


def test_a_type_that_is_no_setting_is_let_be_and_told(units_from):
    with pytest.warns(DataWarning, match="column 'type' is not read as the setting"):
        units = units_from({"unit_id": ["a"], "name": ["a"], "type": ["boundary"]})
    assert units["setting"].isna().all()


@pytest.mark.parametrize(
    ("code", "word", "setting"),
    [
        (111, "主城区", "urban"),
        (112, "城乡结合区", "urban"),
        (121, "镇中心区", "township"),
        (122, "镇乡结合区", "township"),
        (123, "特殊区域", "township"),
        (220, "村庄", "rural"),
    ],
)
def test_classes_of_the_statistics(units_from, code, word, setting):
    columns = {"unit_id": ["a", "b"], "name": ["a", "b"]}
    assert set(units_from({**columns, "setting": [code, None]})["setting"].dropna()) == {setting}
    assert set(units_from({**columns, "setting": [word, str(code)]})["setting"]) == {setting}


def test_the_seat_of_a_rural_township_is_a_choice_that_is_told(units_from):
    columns = {"unit_id": ["a", "b"], "name": ["a", "b"], "setting": ["210", "乡中心区"]}
    with pytest.warns(DataWarning, match="row 1 '210', row 2 '乡中心区'"):
        units = units_from(columns)
    assert units["setting"].tolist() == ["township", "township"]


def test_codes_that_a_spreadsheet_has_rounded(units_from):
    columns = {"unit_id": ["4.30527E+11", "4.30527E+5", "430528.0"], "name": list("abc")}
    with pytest.raises(TableError) as error:
        units_from(columns)
    assert faults(error) == ["code is rounded by the spreadsheet: row 1 '4.30527E+11'"]
    columns["unit_id"][0] = "430000"
    assert units_from(columns).index.tolist() == ["430000", "430527", "430528"]


def test_doubtful_figures_of_the_units_themselves(units_from):
    columns = {"unit_id": ["a"], "name": ["a"], "人口": [10], "户数": [12]}
    with pytest.warns(DataWarning, match="households is more than residents: row 1 '12 > 10'"):
        units_from(columns)


def test_totals_that_do_not_fit_the_file_are_questioned(units_from):
    columns = {"unit_id": ["a", "b"], "name": ["a", "b"], "户数": [3, 12]}
    with pytest.warns(DataWarning, match=r"villages.* row 2 '12 > 10'"):
        units_from(columns, totals="unit_id,residents\na,10\nb,10\n")


def test_a_broad_word_is_read_as_urban_and_told(units_from):
    with pytest.warns(DataWarning, match="城镇 is read as urban: row 2 '城镇'"):
        units = units_from({"unit_id": ["a", "b"], "name": ["a", "b"], "setting": ["乡村", "城镇"]})
    assert units["setting"].tolist() == ["rural", "urban"]


def test_columns_that_only_have_a_default_name_may_be_absent(units_from):
    units = units_from({"unit_id": ["a"], "name": ["a"]})
    assert units["setting"].isna().all()
    assert units["residents"].isna().all()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_totals_are_joined_by_id(units_from, encoding):
    units = units_from(
        {"unit_id": [1, 2], "name": ["甲", "乙"], "residents": [7, 7]},
        totals="unit_id,名称,residents,setting,households\n2,乙,20,农村,6\n1,甲,10,城市,3\n",
        encoding=encoding,
        households="households",
    )
    assert units["residents"].tolist() == [10.0, 20.0]  # the totals come before the file's own
    assert units["setting"].tolist() == ["urban", "rural"]  # and fill in what it lacks
    assert units["households"].tolist() == [3.0, 6.0]
    assert units["name"].tolist() == ["甲", "乙"]


def test_totals_of_a_workbook_are_joined_by_name_and_township(tmp_path, units_from):
    path = tmp_path / "census.xlsx"
    rows = [["普查结果"], ["乡镇", "村名", "人口（人）", "户数"]]
    rows += [["长铺镇", "大元村", 10, 3], ["寨市乡", "大 元 村", 20, 6], ["合计", "", 30, 9]]
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    columns = {"unit_id": ["a", "b"], "name": ["大元村", "大元村"], "乡镇": ["寨市", "长铺镇"]}
    with pytest.warns(DataWarning, match="totals"):
        units = units_from(columns, totals=Dataset(path=path))
    assert units["residents"].tolist() == [20.0, 10.0]
    assert units["households"].tolist() == [6.0, 3.0]


def test_polygons_in_the_datum_that_is_declared(tmp_path):
    square = shapely.box(110.15, 26.57, 110.16, 26.58)
    moved = from_lonlat(*shapely.get_coordinates(square).T, DATUMS["gcj02"])
    frame = gpd.GeoDataFrame(
        {"代码": ["430527"], "名称": ["绥宁"]},
        geometry=[shapely.Polygon(np.transpose(moved))],
        crs=4326,
    )
    path = tmp_path / "units.shp"
    frame.to_file(path, encoding="GBK")
    path.with_suffix(".prj").unlink()
    with pytest.raises(CRSError, match="no coordinate system"):
        read_units(UnitsConfig(file=Dataset(path=path)))
    units = read_units(UnitsConfig(file=Dataset(path=path, datum="gcj02")))
    assert shapely.equals_exact(units.geometry.iloc[0].normalize(), square.normalize(), 1e-8)
    boundary = read_boundary(BoundaryConfig(file=Dataset(path=path, datum="gcj02")))
    assert shapely.hausdorff_distance(boundary, square) < 1e-8


def test_units_of_a_file_geodatabase(tmp_path):
    frame = gpd.GeoDataFrame(
        {"代码": ["a", "b"], "名称": ["甲", "乙"]}, geometry=squares(2), crs=4490
    )
    path = tmp_path / "units.gdb"
    frame.to_file(path, driver="OpenFileGDB", layer="社区")
    units = read_units(UnitsConfig(file=Dataset(path=path, layer="社区")))
    assert units["name"].to_dict() == {"a": "甲", "b": "乙"}


def test_a_scan_hands_back_what_reading_raises(tmp_path, units_from):
    columns = {
        "unit_id": ["a", "a", "b"],
        "name": ["甲", "乙", "丙"],
        "setting": ["城镇", None, "?"],
    }
    (tmp_path / "civil.csv").write_text("名称,户数\n甲,1\n丙,x\n丁,2\n", encoding="utf-8")
    ledgers = (Ledger(path=tmp_path / "civil.csv"), Ledger(path=tmp_path / "none.csv"))
    with pytest.raises(MissingFileError, match=r"none\.csv"):
        units_from(columns, ledgers=ledgers)
    config = UnitsConfig(
        file=Dataset(path=tmp_path / "villages.gpkg"),
        totals=Dataset(path=tmp_path / "lost.csv"),
        ledgers=ledgers,
    )
    units, found = scan_units(config)
    assert units is None
    assert [told(fault) for fault in found if fault.rows] == [
        "ids repeat: row 1 'a', row 2 'a'",
        "城镇 is read as urban: row 1 '城镇'",
        "no setting that is known: row 3 '?'",
        "unknown name: row 2 '甲', row 4 '丁'",
        "户数 is not a number: row 3 'x'",
    ]
    lost = [fault.where for fault in found if fault.what.startswith("there is no file")]
    assert lost == ["[units] totals", "[units] ledgers"]


def test_a_scan_of_what_is_no_file_at_all(tmp_path):
    units, found = scan_units(UnitsConfig(file=Dataset(path=tmp_path / "none.gpkg")))
    assert units is None
    assert [fault.where for fault in found] == ["[units] file"]


@pytest.mark.shared
def test_las_palmas_districts(shared):
    path = shared / "las_palmas" / "zones_school_districts_gobcan.geojson"
    columns = {"id": "Codigo", "name": "Denominaci"}
    with pytest.raises(GeometryError, match=r"IES ANA LUISA BENÍTEZ .* share 0\.116 km2"):
        read_units(UnitsConfig(file=Dataset(path=path), **columns))
    with pytest.warns(DataWarning, match="shared ground goes to the unit that stands first"):
        units = read_units(UnitsConfig(file=Dataset(path=path), overlaps="first", **columns))
    assert len(units) == 29
    # No ground is left in two units beyond slivers: the parts add up to the whole.
    assert shapely.area(units.geometry.array).sum() == pytest.approx(
        units.union_all().area, rel=1e-6
    )
    assert units.loc["35002972", "name"] == "IES ALONSO QUESADA"
    assert units.is_valid.all()


@pytest.mark.shared
def test_the_counties_of_shaoyang(shared):
    path = shared / "shaoyang_boundaries" / "shaoyang_12_tianditu_cgcs2000.geojson"
    units = read_units(UnitsConfig(file=Dataset(path=path), id="adcode"))
    assert units.loc["430527", "name"] == "绥宁县"


def test_missing_files(tmp_path, units_from):
    with pytest.raises(MissingFileError, match=r"\[units\] file"):
        read_units(UnitsConfig(file=Dataset(path=tmp_path / "none.gpkg")))
    units_from({"unit_id": ["a"], "name": ["a"]})
    file, totals = (Dataset(path=tmp_path / name) for name in ("villages.gpkg", "none.csv"))
    with pytest.raises(MissingFileError, match=r"\[units\] totals"):
        read_units(UnitsConfig(file=file, totals=totals))


def test_missing_columns_are_listed_with_those_there_are(units_from):
    with pytest.raises(TableError) as error:
        units_from({"key": ["a"], "label": ["a"]}, residents="pop")
    assert faults(error) == [
        "has no column 'unit_id'; its columns: key, label",
        "has no column 'name'; its columns: key, label",
        "has no column 'pop'; its columns: key, label",
    ]
    assert "set residents under [units]" in str(error.value)


def test_ids_that_repeat_or_are_missing(units_from):
    with pytest.raises(TableError) as error:
        units_from({"unit_id": ["a", "b", "a", None], "name": ["1", "2", "3", "4"]})
    assert faults(error) == ["no id: row 4", "ids repeat: row 1 'a', row 3 'a'"]


def test_residents_that_are_no_numbers_or_negative(units_from):
    with pytest.raises(TableError) as error:
        units_from(
            {"unit_id": list("abc"), "name": list("abc"), "residents": ["many", "-5", "1,20"]}
        )
    assert faults(error) == [
        "residents is not a number: row 1 'many', row 3 '1,20'",
        "residents is negative: row 2 '-5'",
    ]
    fault = error.value.faults[0]
    assert (fault.column, fault.rows, fault.values) == ("residents", (1, 3), ("many", "1,20"))


def test_negative_priority_and_unknown_setting(units_from):
    with pytest.raises(TableError) as error:
        units_from(
            {
                "unit_id": list("ab"),
                "name": list("ab"),
                "setting": ["suburb", "市区"],
                "p": [-1, 1],
            },
            priority="p",
        )
    assert faults(error) == [
        "no setting that is known: row 1 'suburb', row 2 '市区'",
        "p is negative: row 1 '-1'",
    ]


def test_all_faults_of_totals_at_once(units_from):
    with pytest.raises(TableError) as error:
        units_from(
            {"unit_id": list("abcd"), "name": list("abcd")},
            totals="unit_id,residents\na,10\na,11\nb,-3\nzz,5\n,7\nc,some\n",
        )
    assert faults(error) == [
        "unknown code: row 5 'zz'",
        "no code: row 6",
        "community stands in several rows: row 2 'a', row 3 'a'",
        "residents is not a number: row 7 'some'",
        "residents is negative: row 4 '-3'",
        "no total for unit d",
    ]


def test_a_unit_whose_total_is_empty_has_none(units_from):
    with pytest.raises(TableError, match="no total for unit b"):
        units_from(
            {"unit_id": list("ab"), "name": list("ab")}, totals="unit_id,residents\na,1\nb,\n"
        )


def test_totals_without_their_columns(units_from):
    with pytest.raises(TableError) as error:
        units_from(
            {"unit_id": ["a"], "name": ["a"]}, totals="key,people\na,1\n", households="homes"
        )
    assert faults(error) == [
        "has no column 'unit_id'; its columns: key, people",
        "has no column 'residents'; its columns: key, people",
        "neither it nor the totals have 'homes'",
    ]


def test_faults_of_table_and_geometry_come_together(units_from):
    eight = shapely.Polygon([(110, 26), (110.1, 26.1), (110.1, 26), (110, 26.1)])
    with pytest.raises(TableError) as error:
        units_from(
            {"unit_id": list("abcc"), "name": list("abcd")},
            shapes=[eight, None, shapely.Point(1, 1), shapely.box(0, 0, 1, 1)],
        )
    assert faults(error) == [
        "ids repeat: row 3 'c', row 4 'c'",
        "geometry is empty: row 2",
        "Point instead of a polygon: row 3 'c'",
        "polygon crosses itself: row 1 'a'",
    ]


def test_units_that_overlap(units_from):
    shapes = [*squares(2, step=0.005), shapely.box(111, 26, 111.01, 26.01)]
    with pytest.raises(GeometryError) as error:
        units_from({"unit_id": list("abc"), "name": ["甲", "乙", "丙"]}, shapes=shapes)
    # At 26 N a degree is 100.1 km by 110.8 km, so that 0.005 by 0.01 degrees are 0.55 km2.
    (what,) = faults(error)
    assert re.fullmatch(
        r"units overlap: row 1 '甲 \(a\) and 乙 \(b\) share 0\.55\d km2 \(50% of the smaller\)'",
        what,
    )


def test_shared_ground_may_go_to_the_first(units_from):
    columns = {"unit_id": list("abc"), "name": list("abc")}
    shapes = [*squares(2, step=0.005), shapely.box(111, 26, 111.01, 26.01)]
    with pytest.warns(DataWarning, match=r"a \(a\) and b \(b\) share .*50% of the smaller"):
        units = units_from(columns, shapes=shapes, overlaps="first")
    assert shapely.area(units.geometry.array).tolist() == pytest.approx([1e-4, 0.5e-4, 1e-4])


def test_a_unit_that_loses_all_its_ground_is_named(units_from):
    shapes = [shapely.box(110, 26, 110.1, 26.1), shapely.box(110.05, 26.05, 110.06, 26.06)]
    with (
        pytest.warns(DataWarning, match="shared ground"),
        pytest.raises(GeometryError, match="no ground of its own is left: row 2 'b'"),
    ):
        units_from({"unit_id": list("ab"), "name": list("ab")}, shapes=shapes, overlaps="first")


def test_slivers_between_neighbours_are_no_overlap(units_from):
    shapes = squares(2, step=0.00995)  # 0.5 % of each
    assert len(units_from({"unit_id": list("ab"), "name": list("ab")}, shapes=shapes)) == 2


def test_a_unit_within_another_is_counted_against_the_smaller(units_from):
    shapes = [shapely.box(110, 26, 110.1, 26.1), shapely.box(110.05, 26.05, 110.051, 26.051)]
    with pytest.raises(GeometryError, match="100% of the smaller"):
        units_from({"unit_id": list("ab"), "name": list("ab")}, shapes=shapes)
