"""Communities' ledgers: joined by code or name, combined, and questioned; nothing is guessed."""

import math

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecircle.config import Dataset, Ledger, UnitsConfig
from lifecircle.errors import DataWarning, MissingFileError, TableError
from lifecircle.sources.communities import read_communities, scan_communities
from lifecircle.sources.fields import fields_of
from lifecircle.sources.units import read_units, scan_units
from lifecircle.tables import UNIT_ATTRIBUTES, UNITS, check

UNITS_OF_FIVE = pd.DataFrame(
    {
        "name": ["长铺社区", "枫木团村", "大元村", "大元村", "寨市社区"],
        "street": ["长铺镇", "长铺镇", "关峡苗族乡", "寨市镇", "寨市镇"],
        "residents": [5229.0, 430.0, np.nan, 812.0, np.nan],
    },
    index=pd.Index([f"43052710{n}001" for n in range(5)], name="unit_id"),
)
CODES = UNITS_OF_FIVE.index.tolist()


@pytest.fixture
def ledger(tmp_path):
    """Write one text ledger after another."""

    def write(text, name="civil.csv", encoding="utf-8-sig", **declared):
        path = tmp_path / name
        path.write_text(text, encoding=encoding)
        return Ledger(path=path, **declared)

    return write


@pytest.fixture
def workbook(tmp_path):
    """Write rows to a sheet; merged blocks are (first row, first column, last row, last column)."""

    def write(rows, name="civil.xlsx", sheet="台账", merged=(), **declared):
        path = tmp_path / name
        with xlsxwriter.Workbook(path) as book:
            page = book.add_worksheet(sheet)
            for number, row in enumerate(rows):
                page.write_row(number, 0, row)
            for block, value in merged:
                page.merge_range(*block, value)
        return Ledger(path=path, **declared)

    return write


def told(fault):
    """What is wrong, with its rows and what stands there; without the file and the remedy."""
    return str(fault).split(": ", 1)[1].rsplit(" -> ", 1)[0]


def errors(faults):
    return [told(fault) for fault in faults if fault.severity == "error"]


def findings(faults):
    return [told(fault) for fault in faults if fault.severity == "warning"]


def test_a_plain_ledger_by_code(ledger):
    text = (
        "编码,户数,60岁及以上人口,综合服务设施面积（㎡）,其中居民活动面积（㎡）,志愿服务站点,5G覆盖\n"
        f"{CODES[3]},260,150,120.5,80,是,√\n"
        f"{CODES[0]},1500,900,620,400,否,×\n"
    )
    table = read_communities([ledger(text)], UNITS_OF_FIVE)
    assert table.index.equals(UNITS_OF_FIVE.index)
    assert list(table.columns) == [
        "households",
        "elderly",
        "centre_m2",
        "activity_m2",
        "volunteer_station",
        "has_5g",
    ]
    assert table.loc[CODES[0]].tolist() == [1500.0, 900.0, 620.0, 400.0, 0.0, 0.0]
    assert table.loc[CODES[3]].tolist() == [260.0, 150.0, 120.5, 80.0, 1.0, 1.0]
    assert table.loc[[CODES[1], CODES[2], CODES[4]]].isna().all(axis=None)  # unknown, never 0


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_names_as_people_write_them(ledger, encoding):
    text = (
        "村名,所属乡镇,户数\n长　铺 社 区,长铺镇,１２０\n枫 木 团 村,长铺镇,210\n大元村,寨市镇,33\n"
    )
    table = read_communities([ledger(text, encoding=encoding)], UNITS_OF_FIVE)
    assert table["households"].dropna().to_dict() == {CODES[0]: 120, CODES[1]: 210, CODES[3]: 33}
    assert table["street"].isna().sum() == 2


def test_suffixes_differ_only_where_one_unit_can_be_meant(ledger):
    text = "名称,户数\n长铺居委会,120\n枫木团村村民委员会,210\n寨市,99\n"
    with pytest.warns(DataWarning, match="much like it: row 2 '长铺居委会 for 长铺社区', row 3"):
        table = read_communities([ledger(text)], UNITS_OF_FIVE)
    assert table["households"].dropna().tolist() == [120, 210, 99]


def test_a_name_in_part_does_not_take_the_unit_of_the_whole_name(ledger):
    _, faults = scan_communities([ledger("名称,户数\n长铺社区,120\n长铺村,80\n")], UNITS_OF_FIVE)
    assert errors(faults) == ["unknown name: row 3 '长铺村'"]


def test_equal_names_need_their_township(ledger):
    text = "名称,乡镇,户数\n大元村,,1\n大元村,关峡乡,2\n大元,寨市镇,3\n"
    table, faults = scan_communities([ledger(text)], UNITS_OF_FIVE)
    assert errors(faults) == ["name fits several communities: row 2 '大元村'"]
    assert "所属乡镇" in faults[0].remedy
    assert table.loc[[CODES[2], CODES[3]], "households"].tolist() == [2, 3]
    assert findings(faults) == ["name is taken for one much like it: row 4 '大元 for 大元村'"]


def test_a_village_of_another_township_is_questioned(ledger):
    text = "名称,乡镇,户数\n枫木团村,关峡乡,210\n"
    with pytest.warns(DataWarning, match="street is not its unit's: row 2 '关峡乡 for 长铺'"):
        table = read_communities([ledger(text)], UNITS_OF_FIVE)
    assert table.loc[CODES[1], "households"] == 210


def test_a_code_beside_the_name_of_another(ledger):
    text = f"编码,名称,户数\n{CODES[1]},寨市社区,210\n,长铺社区,9\n"
    with pytest.warns(DataWarning, match="name is not its unit's: row 2 '寨市社区 for 枫木团村'"):
        table = read_communities([ledger(text)], UNITS_OF_FIVE)
    assert table["households"].dropna().to_dict() == {CODES[0]: 9, CODES[1]: 210}


def test_all_faults_of_a_ledger_at_once(ledger):
    text = (
        "编码,名称,户数,社区工作者,服务中心面积,志愿服务站\n"
        f"{CODES[0]},,many,-3,60%,也许\n"
        f"{CODES[0]},,1,1,1,有\n"
        "430527999001,,12.5,,3间,\n"
        "4.30527E+11,长铺社区,,,,\n"
        ",枫木困村,,,#REF!,\n"
        ",,7,,,\n"
    )
    civil = ledger(text)
    table, faults = scan_communities([civil], UNITS_OF_FIVE)
    assert errors(faults) == [
        "服务中心面积 holds an error of the spreadsheet: row 6 '#REF!'",
        "code is rounded by the spreadsheet: row 5 '4.30527E+11'",
        "unknown code: row 4 '430527999001'",
        "unknown name: row 6 '枫木困村'",
        "no code and no name: row 7",
        f"community stands in several rows: row 2 '{CODES[0]}', row 3 '{CODES[0]}'",
        "户数 is not a number: row 2 'many'",
        "户数 is not whole: row 4 '12.5'",
        "社区工作者 is negative: row 2 '-3'",
        "服务中心面积 is not a number: row 2 '60%', row 4 '3间'",
        "志愿服务站 is neither yes nor no: row 2 '也许'",
    ]
    assert table.isna().all(axis=None)
    wrong = next(fault for fault in faults if "not a number" in fault.what and fault.rows[1:])
    assert (wrong.column, wrong.rows, wrong.values) == ("服务中心面积", (2, 4), ("60%", "3间"))
    guess = next(fault for fault in faults if fault.what == "unknown name")
    assert guess.remedy.endswith("perhaps 枫木团村 for 枫木困村")
    with pytest.raises(TableError) as error:
        read_communities([civil], UNITS_OF_FIVE)
    assert len(error.value.faults) == 11


def test_units_of_measure(ledger):
    text = (
        "名称,常住人口（万人）,养老用地（亩）,服务中心面积\n"
        "长铺社区,0.5229,0.3,0.06公顷\n枫木团村,0.043,,120㎡\n"
    )
    table = read_communities([ledger(text)], UNITS_OF_FIVE)
    assert table["residents"].dropna().tolist() == [5229.0, 430.0]
    assert table.loc[CODES[0], "elder_land_m2"] == pytest.approx(200.0)
    assert table["centre_m2"].dropna().tolist() == [600.0, 120.0]


def test_a_share_is_no_area(ledger):
    text = "名称,服务中心面积,活动面积(%)\n长铺社区,620,60\n"
    _, faults = scan_communities([ledger(text)], UNITS_OF_FIVE)
    assert any("活动面积" in str(fault) for fault in faults)


@pytest.mark.parametrize(
    ("yes", "no"),
    [
        *[("是", "否"), ("有", "无"), ("√", "×"), ("1", "0"), ("已设立", "未设立"), ("Yes", "no")],
        *[("TRUE", "FALSE"), ("１", "０"), (" 是 ", "没有"), ("已通", "未"), ("1.0", "0.0")],
    ],
)
def test_yes_and_no(ledger, yes, no):
    text = f"名称,法律服务,人民调解\n长铺社区,{yes},{no}\n枫木团村,不详,/\n"
    table = read_communities([ledger(text)], UNITS_OF_FIVE)
    assert table.loc[CODES[0]].tolist() == [1.0, 0.0]
    assert table.loc[CODES[1]].isna().all()


def test_ledgers_of_several_bureaus(ledger):
    civil = ledger("名称,乡镇,户数,社区工作者\n长铺社区,,1500,20\n枫木团村,,210,\n", "civil.csv")
    law = ledger(f"编码,法律服务,户数\n{CODES[0]},是,1500\n{CODES[3]},否,\n", "law.csv")
    table = read_communities([civil, law], UNITS_OF_FIVE)
    assert table["households"].dropna().to_dict() == {CODES[0]: 1500, CODES[1]: 210}
    assert table["legal_service"].dropna().to_dict() == {CODES[0]: 1, CODES[3]: 0}
    assert table["community_workers"].dropna().to_dict() == {CODES[0]: 20}


def test_ledgers_that_contradict_each_other(ledger):
    one = ledger("名称,户数,调解\n枫木团村,210,是\n长铺社区,1500,\n", "civil.csv")
    two = ledger("名称,户数\n长铺社区,1501\n枫木团村,210\n", "housing.csv")
    three = ledger("名称,调解\n枫木团村,否\n", "law.csv")
    _, faults = scan_communities([one, two, three], UNITS_OF_FIVE)
    assert [fault.where for fault in faults] == [
        "[units] ledgers housing.csv",
        "[units] ledgers law.csv",
    ]
    assert errors(faults) == [
        "households differs from [units] ledgers civil.csv: row 2 '1501 against 1500 in row 3'",
        "mediation differs from [units] ledgers civil.csv: row 2 '0 against 1 in row 2'",
    ]


def test_residents_fill_in_what_the_units_lack_and_are_compared(ledger):
    text = (
        "名称,乡镇,常住人口\n长铺社区,,5270\n枫木团村,,436\n大元村,关峡乡,77\n大元村,寨市镇,812\n"
    )
    table, faults = scan_communities([ledger(text)], UNITS_OF_FIVE)
    # 41 of 5,270 is 0.8 %; 6 of 436 is 1.4 %.
    assert [told(fault) for fault in faults] == [
        "residents differs from the units' own: row 3 '436 against 430 of the units'"
    ]
    assert faults[0].severity == "warning"
    assert table.loc[CODES[2], "residents"] == 77


def test_other_figures_of_the_units_may_not_be_contradicted(ledger):
    units = UNITS_OF_FIVE.assign(centre_m2=60.0, households=200.0)
    text = "名称,户数,服务中心面积\n枫木团村,201,61\n长铺社区,260,60\n"
    _, faults = scan_communities([ledger(text)], units)
    assert errors(faults) == [
        "centre_m2 differs from the units' own: row 2 '61 against 60 of the units'"
    ]
    assert findings(faults) == [
        "households differs from the units' own: row 3 '260 against 200 of the units'"
    ]


def test_figures_that_cannot_both_hold_are_questioned(ledger):
    one = ledger(
        "名称,户数,服务中心面积,活动面积\n枫木团村,431,60,90\n长铺社区,1500,60,60\n", "a.csv"
    )
    two = ledger(
        "名称,60岁以上人口,特殊困难老年人,探访人数\n枫木团村,431,5,6\n寨市社区,90,1,0\n", "b.csv"
    )
    _, faults = scan_communities([one, two], UNITS_OF_FIVE)
    assert [fault.where[-5:] for fault in faults] == ["a.csv", "b.csv", "b.csv", "a.csv"]
    assert findings(faults) == [
        "activity_m2 is more than centre_m2: row 2 '90 > 60'",
        "hardship_visited is more than hardship_elderly: row 2 '6 > 5'",
        "elderly is more than residents: row 2 '431 > 430'",
        "households is more than residents: row 2 '431 > 430'",
    ]
    assert faults[0].column == "活动面积"


def test_a_part_from_one_ledger_and_the_whole_from_another(ledger):
    one = ledger("名称,活动面积\n枫木团村,90\n", "a.csv")
    two = ledger("名称,服务中心面积\n长铺社区,1\n枫木团村,60\n", "b.csv")
    _, faults = scan_communities([two, one], UNITS_OF_FIVE)
    assert [fault.where.rsplit(" ", 1)[1] for fault in faults] == ["a.csv"]
    assert (faults[0].rows, faults[0].values) == ((2,), ("90 > 60",))


def test_columns_that_are_not_read_are_named(ledger):
    text = "序号,名称,户数,联系电话,党员数\n1,枫木团村,210,0739,12\n"
    with pytest.warns(DataWarning, match=r"columns that are not read: 党员数 -> "):
        read_communities([ledger(text)], UNITS_OF_FIVE)


def test_columns_may_be_named_in_the_county_file(ledger):
    text = "小区,房子\n枫木团村,210\n"
    declared = {"name": "小区", "households": "房子"}
    table = read_communities([ledger(text, columns=declared)], UNITS_OF_FIVE)
    assert table.loc[CODES[1], "households"] == 210


def test_a_ledger_that_names_no_community(ledger):
    _, faults = scan_communities([ledger("户数,调解\n3,是\n")], UNITS_OF_FIVE)
    assert errors(faults) == ["has neither codes nor names of communities; its columns: 户数, 调解"]


def test_a_layer_with_numbers_and_flags(tmp_path):
    frame = gpd.GeoDataFrame(
        {
            "名称": ["枫木团村", "寨市社区", "长铺社区"],
            "户数": [210, 99, None],
            "服务中心面积": [60.5, None, 620.0],
            "调解": [True, False, True],
            "满意度调查": [1.0, None, 0.0],
        },
        geometry=[shapely.Point(110, 26)] * 3,
        crs=4326,
    )
    frame.to_file(tmp_path / "civil.gpkg", layer="社区台账")
    ledger = Ledger(path=tmp_path / "civil.gpkg", layer="社区台账")
    table = read_communities([ledger], UNITS_OF_FIVE)
    assert table.loc[CODES[1]].tolist() == [210.0, 60.5, 1.0, 1.0]
    assert table["mediation"].sum() == 2
    assert table.loc[CODES[4], ["centre_m2", "survey"]].isna().all()
    frame.loc[0, "名称"] = "枫木困村"
    frame.to_file(tmp_path / "civil.gpkg", layer="社区台账")
    _, faults = scan_communities([ledger], UNITS_OF_FIVE)
    assert [(fault.sheet, fault.rows) for fault in faults] == [("社区台账", (1,))]


def test_no_ledger_and_no_file(tmp_path):
    assert read_communities([], UNITS_OF_FIVE).shape == (5, 0)
    missing = Ledger(path=tmp_path / "none.csv")
    _, faults = scan_communities([missing], UNITS_OF_FIVE)
    assert errors(faults)[0].startswith("there is no file")
    with pytest.raises(MissingFileError):
        read_communities([missing], UNITS_OF_FIVE)


def test_codes_as_spreadsheets_hold_them(workbook):
    rows = [
        ["编码", "户数"],
        [430527100001, 12],
        ["４３０５２７１０１００１", 13],
        ["430527102001.0", 14],
    ]
    table = read_communities([workbook(rows)], UNITS_OF_FIVE)
    assert table["households"].tolist()[:3] == [12.0, 13.0, 14.0]


def test_merged_townships_titles_and_totals(workbook):
    rows = [
        ["绥宁县社区台账"],
        ["乡镇", "村名", "户数", "志愿服务站"],
        ["", "枫木团村", 210, "有"],
        ["", "长铺社区", 1500, "无"],
        ["", "大元村", 33, "有"],
        ["合计", "", 1743, ""],
    ]
    merged = [((2, 0, 3, 0), "长铺镇"), ((0, 0, 0, 3), "绥宁县社区台账")]
    rows[4][0] = "关峡苗族乡"
    book = workbook(rows, merged=merged)
    with pytest.warns(DataWarning, match="totals"):
        table = read_communities([book], UNITS_OF_FIVE)
    assert table["households"].dropna().to_dict() == {CODES[0]: 1500, CODES[1]: 210, CODES[2]: 33}
    assert table.loc[[CODES[0], CODES[1]], "street"].tolist() == ["长铺镇", "长铺镇"]


def test_faults_of_a_workbook_name_its_sheet_and_excel_rows(workbook):
    rows = [["台账"], [], ["村名", "户数"], ["枫木团村", "很多"], [], ["大圆村", 3]]
    _, faults = scan_communities([workbook(rows)], UNITS_OF_FIVE)
    assert [(f.sheet, f.column, f.rows, f.values) for f in faults] == [
        ("台账", "村名", (6,), ("大圆村",)),
        ("台账", "户数", (4,), ("很多",)),
    ]


@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_the_order_of_rows_and_columns_means_nothing(data, tmp_path_factory):
    count = st.none() | st.integers(0, 400)
    names = ["households", "centre_m2", "mediation", "street"]
    rows = [
        [
            name,
            data.draw(count),
            data.draw(st.none() | st.floats(0, 1e6).map(lambda m2: round(m2, 2))),
            data.draw(st.sampled_from([None, "是", "否"])),
            street,
        ]
        for name, street in zip(UNITS_OF_FIVE["name"], UNITS_OF_FIVE["street"], strict=True)
    ]
    plain = pd.DataFrame(rows, columns=["name", *names])
    mixed = plain.sample(frac=1, random_state=data.draw(st.integers(0, 99)))
    mixed = mixed[data.draw(st.permutations(list(plain.columns)))]
    mixed["name"] = [data.draw(st.sampled_from([n, " ".join(n), f"{n} "])) for n in mixed["name"]]
    folder = tmp_path_factory.mktemp("ledgers")
    tables = []
    for number, frame in enumerate([plain, mixed]):
        path = folder / f"{number}.csv"
        frame.to_csv(path, index=False, encoding="utf-8-sig")
        tables.append(
            scan_communities([Ledger(path=path)], UNITS_OF_FIVE.drop(columns="residents"))
        )
    (left, none), (right, still_none) = tables
    assert none == still_none == []
    pd.testing.assert_frame_equal(left, right)
    for row, name in zip(rows, CODES, strict=True):
        for value, field in zip(row[1:3], names, strict=False):
            read = left.loc[name, field]
            assert math.isnan(read) if value is None else read == pytest.approx(value)


CELLS = st.one_of(
    st.none(),
    st.text(max_size=6),
    st.integers(-5, 10**13).map(str),
    st.floats().map(repr),
    st.sampled_from(
        [
            *[*UNITS_OF_FIVE["name"], *CODES, "合计", "大元", "村", "社区", "60%", "1.2万", "3亩"],
            *["#N/A", "=A1", "一百", "√", "4.30527E+11", "　", "\u200b", "12．5", "-", "无"],
            *["'430527100001", "1e400"],
        ]
    ),
)


@given(rows=st.lists(st.lists(CELLS, min_size=7, max_size=7), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
@pytest.mark.filterwarnings("error")
def test_whatever_stands_in_the_cells_is_read_or_told(rows, tmp_path_factory):
    columns = ["编码", "名称", "所属乡镇", "常住人口", "户数", "服务中心面积", "人民调解"]
    path = tmp_path_factory.mktemp("ledger") / "a.csv"
    pd.DataFrame(rows, columns=columns).to_csv(path, index=False, encoding="utf-8-sig")
    table, faults = scan_communities([Ledger(path=path)], UNITS_OF_FIVE)
    assert table.index.equals(UNITS_OF_FIVE.index)
    check(units_with(table), UNITS)
    for fault in faults:
        assert all(2 <= row <= _lines(path) for row in fault.rows)
        assert not fault.values or len(fault.values) == len(fault.rows)
        assert "\n" not in fault.what
    counted = table.reindex(columns=["residents", "households"])
    assert (counted.isna() | (counted % 1 == 0)).all(axis=None)


def units_with(table):
    """The table as units, to be held against their schema."""
    frame = table.assign(name="x", setting=None, priority=1.0)
    frame["residents"] = table.get("residents", np.nan)
    return gpd.GeoDataFrame(frame, geometry=[shapely.box(0, 0, 1, 1)] * len(frame), crs=4326)


def _lines(path):
    return path.read_text(encoding="utf-8-sig").count("\n") + 1


def test_every_attribute_of_units_can_be_reported():
    known = fields_of("units")
    assert set(UNIT_ATTRIBUTES) <= set(known)
    for name, column in UNIT_ATTRIBUTES.items():
        assert (column.maximum == 1.0) == (known[name].measure == "yes"), name
        assert (column.dtype == "text") == (known[name].measure == ""), name


def test_from_a_shapefile_in_gbk_and_a_workbook_to_units(tmp_path, workbook):
    frame = gpd.GeoDataFrame(
        {
            "代码": CODES,
            "村名": UNITS_OF_FIVE["name"].tolist(),
            "乡镇": ["长铺镇", "长铺镇", "关峡乡", "寨市镇", "寨市镇"],
            "城乡分类": ["111", "220", "220", "122", "210"],
            "户数": [1500, 200, None, None, 300],
        },
        geometry=[shapely.box(110 + i / 100, 26, 110.01 + i / 100, 26.01) for i in range(5)],
        crs=4490,
    )
    path = tmp_path / "units.shp"
    frame.to_file(path, encoding="GBK")
    path.with_suffix(".cpg").unlink(missing_ok=True)
    rows = [
        [
            "乡镇",
            "村（社区）名称",
            "常住人口",
            "户数",
            "60岁以上人口",
            "服务中心面积（㎡）",
            "5G覆盖",
        ],
        ["关峡苗族乡", "大 元 村", 77, 30, 20, 60, "是"],
        ["寨市镇", "大元村", 812, 260, 150, "", "否"],
        ["长铺镇", "长铺社区", 5229, 1500, 900, 620, "是"],
    ]
    book = workbook(rows, columns={"name": "村（社区）名称"})
    config = UnitsConfig(file=Dataset(path=path), ledgers=(book,))
    with pytest.warns(DataWarning, match="乡中心区 is read as township.*row 5 '210'"):
        units = read_units(config)
    check(units, UNITS, crs=4326)
    assert units.index.tolist() == CODES
    assert units["setting"].tolist() == ["urban", "rural", "rural", "township", "township"]
    assert units["residents"].tolist()[0::2][:2] == [5229.0, 77.0]
    assert units["households"].tolist() == [1500, 200, 30, 260, 300]
    assert units["has_5g"].tolist()[:1] == [1.0]
    assert units["centre_m2"].isna().tolist() == [False, True, False, True, True]
    again = read_communities([book], units)  # the same figures once more, beside polygons
    assert again["households"].dropna().to_dict() == {CODES[0]: 1500, CODES[2]: 30, CODES[3]: 260}
    scanned, faults = scan_units(config)
    assert [fault.severity for fault in faults] == ["warning"]
    pd.testing.assert_frame_equal(scanned.drop(columns="geometry"), units.drop(columns="geometry"))
