"""Units: read, joined with their totals, and refused where people would be lost or doubled."""

import re

import geopandas as gpd
import pytest
import shapely

from lifecircle.config import Dataset, UnitsConfig
from lifecircle.errors import DataWarning, GeometryError, MissingFileError, TableError
from lifecircle.sources.units import read_units
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
        if totals is not None:
            (tmp_path / "census.csv").write_text(totals, encoding=encoding)
            config["totals"] = Dataset(path=tmp_path / "census.csv")
        return read_units(UnitsConfig(file=Dataset(path=path), **config))

    return read


def faults(error):
    return [fault.what for fault in error.value.faults]


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


def test_a_broad_word_is_read_as_urban_and_told(units_from):
    with pytest.warns(DataWarning, match=r"城镇 is read as urban in row 2 \(b\)"):
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
        units_from({"code": ["a"], "label": ["a"]}, residents="pop")
    assert faults(error) == [
        "has no column 'unit_id'; its columns: code, label",
        "has no column 'name'; its columns: code, label",
        "has no column 'pop'; its columns: code, label",
    ]
    assert "set residents under [units]" in str(error.value)


def test_ids_that_repeat_or_are_missing(units_from):
    with pytest.raises(TableError) as error:
        units_from({"unit_id": ["a", "b", "a", None], "name": ["1", "2", "3", "4"]})
    assert faults(error) == ["no id in row 4", "ids repeat: row 1 (a), row 3 (a)"]


def test_residents_that_are_no_numbers_or_negative(units_from):
    with pytest.raises(TableError) as error:
        units_from(
            {"unit_id": list("abc"), "name": list("abc"), "residents": ["many", "-5", "1,200"]}
        )
    assert faults(error) == [
        "residents is not a number: row 1 (a) 'many', row 3 (c) '1,200'",
        "residents is negative: row 2 (b) '-5'",
    ]


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
        "setting is suburb, 市区 in row 1 (a), row 2 (b)",
        "p is negative: row 1 (a) -1",
    ]


def test_all_faults_of_totals_at_once(units_from):
    with pytest.raises(TableError) as error:
        units_from(
            {"unit_id": list("abcd"), "name": list("abcd")},
            totals="unit_id,residents\na,10\na,11\nb,-3\nzz,5\n,7\nc,none\n",
        )
    assert faults(error) == [
        "no id in row 6",
        "ids repeat: row 2 (a), row 3 (a)",
        "residents is not a number: row 7 (c) 'none'",
        "residents is negative: row 4 (b) '-3'",
        "unknown units: row 5 (zz)",
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
            {"unit_id": ["a"], "name": ["a"]}, totals="code,people\na,1\n", households="homes"
        )
    assert faults(error) == [
        "has no column 'unit_id'; its columns: code, people",
        "has no column 'residents'; its columns: code, people",
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
        "ids repeat: row 3 (c), row 4 (c)",
        "geometry is empty in rows 2",
        "Point in row 3 (c)",
        "polygon crosses itself: row 1 (a)",
    ]


def test_units_that_overlap(units_from):
    shapes = [*squares(2, step=0.005), shapely.box(111, 26, 111.01, 26.01)]
    with pytest.raises(GeometryError) as error:
        units_from({"unit_id": list("abc"), "name": ["甲", "乙", "丙"]}, shapes=shapes)
    # At 26 N a degree is 100.1 km by 110.8 km, so that 0.005 by 0.01 degrees are 0.55 km2.
    (what,) = faults(error)
    assert re.fullmatch(
        r"units overlap: 甲 \(a\) and 乙 \(b\) share 0\.55\d km2 \(50% of the smaller\)", what
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
        pytest.raises(TableError, match="geometry is empty at b"),
    ):
        units_from({"unit_id": list("ab"), "name": list("ab")}, shapes=shapes, overlaps="first")


def test_slivers_between_neighbours_are_no_overlap(units_from):
    shapes = squares(2, step=0.00995)  # 0.5 % of each
    assert len(units_from({"unit_id": list("ab"), "name": list("ab")}, shapes=shapes)) == 2


def test_a_unit_within_another_is_counted_against_the_smaller(units_from):
    shapes = [shapely.box(110, 26, 110.1, 26.1), shapely.box(110.05, 26.05, 110.051, 26.051)]
    with pytest.raises(GeometryError, match="100% of the smaller"):
        units_from({"unit_id": list("ab"), "name": list("ab")}, shapes=shapes)
