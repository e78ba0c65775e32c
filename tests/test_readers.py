"""Tables as planners read them: figures by hand, missing stays missing, both languages."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from importlib import resources

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from synthetic_assessment import CRS, ORIGIN, synthetic_assessment

from lifecircle import assess, read_config
from lifecircle.errors import Fault
from lifecircle.matching import no_merges
from lifecircle.render.faultwords import read_sentences
from lifecircle.render.tables import readers
from lifecircle.render.tables.findingwords import read_finding
from lifecircle.render.tables.readers_shared import main_points
from lifecircle.render.tables.shown import as_shown
from lifecircle.render.tables.words import figures, heading, heads, texts, word
from lifecircle.standards import read_standard
from lifecircle.tables import DENOMINATORS

TABLES = [getattr(readers, name) for name in readers.__all__]
NUMBERS = ("count", "persons", "share", "score", "minutes", "degrees", "number", "hectares")


@pytest.fixture(scope="module")
def invented():
    return synthetic_assessment()


@pytest.fixture(scope="module")
def demo():
    return assess(read_config("data/liechtenstein/county.toml"))


def column(table, key, lang="zh"):
    return table[heading(key, lang)]


def by_hand(invented):
    """A county of one urban unit with 1,000 residents, and one that nothing is known of."""
    units = invented.units.iloc[:2].assign(
        name=["甲社区", None], setting=["urban", None], residents=[1000.0, np.nan]
    )
    units.index = pd.Index(["a", "b"], name="unit_id")
    index = pd.MultiIndex.from_tuples(
        [("county", "urban_life_15"), ("a", "urban_life_15")], names=["scope", "circle"]
    )
    scores = pd.DataFrame(
        {
            "persons": [1000.0, 1000.0],
            "score": [62.5, 62.5],
            "complete_share": [0.25, 1.0],
            "worst_kind": ["post", None],
            "minutes_to_complete": [21.5, np.nan],
            "unverified_share": [0.0, np.nan],
        },
        index,
    )
    rows = [
        ("county", "urban_life_15", "post", name, 15.0, "minutes", covered, total)
        for name, covered, total in (
            ("population", 250.0, 1000.0),
            ("residential_land", 0.0, 0.0),
            ("communities", 0.0, 1.0),
        )
    ]
    names = ["scope", "circle", "kind", "denominator", "limit", "limit_unit", "covered", "total"]
    coverage = pd.DataFrame(rows, columns=names).set_index(names[:4])
    coverage["share"] = coverage["covered"] / coverage["total"].where(coverage["total"] > 0)
    coverage["flag"] = "confirmed"
    x, y = ORIGIN
    gaps = gpd.GeoDataFrame(
        {
            "kind": ["post"],
            "unit_id": ["a"],
            "setting": ["urban"],
            "limit": [15.0],
            "limit_unit": ["minutes"],
            "flag": ["unverified"],
            "area_m2": [20_000.0],
            "persons": [750.0],
            "persons_unreached": [50.0],
            "nearest_facility_id": [None],
            "nearest_minutes": [np.nan],
            "priority": [2.0],
            "priority_reasons": ["易地搬迁集中安置社区（×2）"],
            "rank": [1],
        },
        geometry=[shapely.box(x, y, x + 200, y + 100)],
        index=pd.Index(["post-1"], name="gap_id"),
        crs=CRS,
    )
    return dataclasses.replace(
        invented,
        units=units,
        unit_scores=scores,
        coverage=coverage,
        gaps=gaps,
        standard=invented.standard.model_copy(update={"priorities": read_standard().priorities}),
    )


# --- by hand ----------------------------------------------------------------------------------


def test_units_by_hand(invented):
    table = readers.units_table(by_hand(invented))
    assert column(table, "unit_name").tolist() == ["甲社区", "b"]
    assert column(table, "residents").tolist()[0] == 1000.0
    assert np.isnan(column(table, "residents")[1])
    assert column(table, "score").tolist()[0] == 62.5
    assert column(table, "worst_kind")[0] == "无"  # everybody has it all: nothing is lacking
    # Nothing is known of the second unit, and nothing is 0.
    shown = table.iloc[1].drop([heading("unit_id", "zh"), heading("unit_name", "zh")])
    assert shown.isna().all()


def test_the_overview_by_hand(invented):
    table = readers.overview_table(by_hand(invented), "en")
    assert table["Circle"].tolist() == [
        "Urban 15-minute life circle",
        "Township convenience circle",
    ]
    assert table["Residents who have it all"].tolist()[0] == 0.25
    assert table["Most lacking"].tolist()[0] == "Post"
    assert table.iloc[1, 2:].isna().all()


def test_coverage_by_hand(invented):
    table = readers.coverage_readers(by_hand(invented))
    assert len(table) == 1
    row = table.iloc[0]
    assert row["单元"] == "虚构县<i>"
    assert pd.isna(row["单元编号"])
    assert (row["阈值"], row["阈值核实情况"]) == ("15 分钟", "已核实")
    assert (row["覆盖居民（人）"], row["评价居民（人）"], row["居民覆盖率"]) == (250, 1000, 0.25)
    assert (row["达标社区（个）"], row["社区覆盖率"]) == (0, 0.0)
    assert np.isnan(row["居住用地覆盖率"])  # no land is known: not a share of 0


def test_gaps_by_hand(invented):
    zh, en = (readers.gaps_readers(by_hand(invented), lang).iloc[0] for lang in ("zh", "en"))
    assert zh["排序理由"] == "阈值外居民 750 人 × 权重 2：易地搬迁集中安置社区（×2）"
    assert en["Why here in the order"] == (
        "750 residents beyond the threshold x weight 2: Resettlement quarters (x2)"
    )
    assert zh["缺口面积（公顷）"] == 2.0
    assert (zh["单元"], zh["其中步行不可达（人）"]) == ("甲社区", 50.0)
    assert pd.isna(zh["最近设施"])
    assert pd.isna(zh["平均步行（分钟）"])
    assert zh["经度（WGS 84）"] == pytest.approx(110.176, abs=5e-3)
    assert zh["纬度（WGS 84）"] == pytest.approx(26.57, abs=5e-3)


def test_gaps_are_summed_by_kind(invented):
    table = readers.gap_summary_table(by_hand(invented))
    assert column(table, "gap_count").tolist() == [1, 0, 0]
    assert column(table, "persons").tolist() == [750.0, 0.0, 0.0]


def test_an_unknown_number_of_unreached_stays_unknown(invented):
    table = readers.gap_summary_table(invented)  # its gaps do not say
    assert column(table, "persons_unreached").isna().all()


def test_facilities_by_hand(invented):
    x, y = ORIGIN
    half = invented.units.index[0]
    inside = invented.units.geometry[half].representative_point()
    inventory = gpd.GeoDataFrame(
        {
            "kind": ["village_clinic", "post", "clinic"],
            "name": ["卫生室", None, "=1+1"],
            "source": ["ledger.csv", "OpenStreetMap", None],
            "status": ["in_use", "idle", None],
            "capacity": [4.0, np.nan, 0.0],
            "floor_m2": [60.5, np.nan, np.nan],
        },
        geometry=[inside, shapely.Point(x - 9e3, y), inside],
        index=pd.Index(["c", "p", "k"], name="facility_id"),
        crs=CRS,
    )

    @dataclasses.dataclass(frozen=True)
    class WithInventory(type(invented)):
        inventory: gpd.GeoDataFrame | None = None

    county = WithInventory(**{**vars(invented), "inventory": inventory})
    table = readers.facilities_table(county).set_index("设施编号")
    assert table.loc["c", "计入评价的类别"] == "医疗卫生"  # a village clinic counts as a clinic
    assert table.loc["c", "设施类别"] == "村卫生室"
    assert table.loc["p", "计入评价的类别"] == "未在用，不计入"
    assert table.loc["p", "单元"] == "界外"
    assert table.loc["c", "单元"] == invented.units.loc[half, "name"]
    assert table.loc["p", "名称"] == "邮政（无名称）"
    assert table.loc["k", "名称"] == "=1+1"  # whoever writes a sheet sees to that
    assert pd.isna(table.loc["k", "使用状态"])
    assert table.loc["k", "容量"] == 0.0
    assert np.isnan(table.loc["p", "容量"])


def test_the_main_entrance_is_the_one_nearest_the_middle():
    places = np.array([shapely.MultiPoint([(0, 0), (9, 0), (30, 0)]), shapely.Point(1, 2)])
    assert [point.wkt for point in main_points(places)] == ["POINT (9 0)", "POINT (1 2)"]
    assert len(main_points(np.array([], dtype=object))) == 0


def test_totals_by_hand(invented):
    table = readers.totals_table(by_hand(invented)).set_index("项目")["数值"]
    assert table["居民（各单元填报合计）"] == 1000.0
    assert (table["单元"], table["其中没有适用生活圈的单元"]) == (2, 1)
    assert table["已知设施"] == 40
    assert table["标准要求而本县不评价的设施类别"] == 1
    off = table["其中距道路过远的居民（按“未到达”计）"]
    assert np.isnan(off)  # the cells do not say: not 0


def test_only_those_are_judged_who_have_a_circle(invented):
    cells = invented.cells.iloc[:3].assign(
        setting=["urban", "rural", "rural"], persons=[40.0, 50.0, 7.5]
    )
    circles = {"urban_life_15": invented.standard.circles["urban_life_15"]}
    asked = [r for r in invented.standard.requirements if r.circle == "urban_life_15"]
    standard = invented.standard.model_copy(
        update={"circles": circles, "requirements": tuple(asked)}
    )
    county = dataclasses.replace(invented, cells=cells, standard=standard)
    table = readers.totals_table(county).set_index("项目")["数值"]
    assert table["分布到格网的居民"] == 97.5
    assert table["其中有生活圈评价的居民"] == 40.0
    assert table["其中没有生活圈评价的居民"] == 57.5


def test_a_place_of_several_kinds_is_one(invented):
    """A supermarket with a post counter: three entries, one place."""
    x, y = ORIGIN
    here = shapely.Point(x, y)
    facilities = gpd.GeoDataFrame(
        {
            "kind": ["retail", "supermarket", "post", "post"],
            "name": ["大超市", "大超市", "大超市", None],
            "source": ["OpenStreetMap"] * 4,
            "hours": [None, "08:00-20:00", None, None],
        },
        geometry=[here, here, here, shapely.Point(x + 100, y)],
        index=pd.Index(["n5", "n5#supermarket", "n5#post", "n6"], name="facility_id"),
        crs=CRS,
    )
    county = dataclasses.replace(invented, facilities=facilities)
    table = readers.facilities_table(county).set_index("设施编号")
    assert table.index.tolist() == ["n6", "n5"]  # by kind: post stands before retail
    assert table["设施类别"].tolist() == ["邮政", "零售、邮政"]
    assert table.loc["n5", "细类"] == "综合超市"
    assert pd.isna(table.loc["n6", "细类"])
    assert table.loc["n5", "计入评价的类别"] == "零售、邮政"
    assert table["名称"].tolist() == ["邮政（无名称）", "大超市"]
    assert table.loc["n5", "开放时间"] == "08:00-20:00"
    totals = readers.totals_table(county).set_index("项目")["数值"]
    assert totals["已知设施"] == 2
    issues = readers.problems_table(county)
    blank = issues[issues["问题类别"] == "设施属性未填"]
    assert blank["数量"].tolist() == [1.0, 1.0, 2.0, 2.0]  # name, hours, capacity, floor area


def test_a_kind_without_records_is_no_lack_and_no_zero(invented):
    county = by_hand(invented)
    some = county.facilities[county.facilities["kind"] != "post"]
    county = dataclasses.replace(county, facilities=some)
    row = readers.coverage_readers(county).iloc[0]
    assert row["已知设施数"] == 0
    assert row[["覆盖居民（人）", "居民覆盖率", "达标社区（个）", "社区覆盖率"]].isna().all()
    assert row["评价居民（人）"] == 1000.0
    assert column(readers.overview_table(county), "worst_kind")[0] == "含 1 类无设施数据"
    assert column(readers.gaps_readers(county), "nearest")[0] == "– 无设施数据"
    assert as_shown(readers.coverage_readers(county), "zh")["居民覆盖率"][0] == "– 无设施数据"


def test_gaps_are_where_their_residents_live(invented):
    county = by_hand(invented)
    x, y = ORIGIN
    gaps = county.gaps.assign(x=[x + 10.0], y=[y + 20.0], nearest_facility_id=["f0"])
    facilities = county.facilities.iloc[:1].assign(name=None)
    facilities.index = pd.Index(["f0"], name="facility_id")
    county = dataclasses.replace(county, gaps=gaps, facilities=facilities)
    row = readers.gaps_readers(county).iloc[0]
    there = gpd.GeoSeries([shapely.Point(x + 10.0, y + 20.0)], crs=CRS).to_crs(4326)[0]
    assert (row["经度（WGS 84）"], row["纬度（WGS 84）"]) == (round(there.x, 6), round(there.y, 6))
    assert row["最近设施"] == "邮政（无名称）"  # never its id
    unknown = dataclasses.replace(county, gaps=gaps.assign(x=np.nan))
    assert readers.gaps_readers(unknown).iloc[0]["经度（WGS 84）"] != row["经度（WGS 84）"]


def test_fewer_than_one_resident_is_said(invented):
    county = by_hand(invented)
    gaps = county.gaps.assign(persons=[0.1], priority=[1.0], priority_reasons=[None])
    row = readers.gaps_readers(dataclasses.replace(county, gaps=gaps)).iloc[0]
    assert row["排序理由"] == "阈值外居民 不足1 人"
    assert as_shown(row.to_frame().T, "zh")["阈值外居民（人）"].tolist() == [0.1]


def test_figures_are_shown_by_one_rule():
    full = pd.DataFrame(
        {
            "得分（0–100）": [42.79, 58.0, np.nan],
            "居民覆盖率": [0.12869, 0.9999, np.nan],
            "平均步行（分钟）": [117.21, 15.0, np.nan],
            "评价居民（人）": [9724.5, 0.0, np.nan],
            "数值": [88.8889, 88.8889, np.nan],
            "单位": ["%", "人", "%"],
        }
    )
    shown = as_shown(full, "zh")
    assert shown.iloc[0].tolist() == [42.7, 0.128, 117.3, 9725.0, 88.8, "%"]
    assert shown.iloc[1].tolist() == [58.0, 0.999, 15.0, 0.0, 88.89, "人"]
    assert shown.iloc[2, :5].isna().all()
    assert full["数值"][0] == 88.8889


@pytest.mark.parametrize("table", TABLES, ids=[table.__name__ for table in TABLES])
def test_each_language_holds_to_its_own(demo, table):
    """No clause, note or dataset in the other language; names of places are as they are."""
    own = {"name", "unit_name", "scope_name", "file", "nearest", "about", "what", "source"}
    own |= {"licence"}
    titles = {"basis", "told"}  # an English clause quotes the title and term of a Chinese standard
    for lang, other in (("en", "[一-鿿]"), ("zh", r"\b(?:plan|action|ours|units)\b")):
        shown, free = table(demo, lang), own | (titles if lang == "en" else set())
        for key, head in heads().items():
            if key not in free and head.label(lang) in shown.columns:
                told = shown[head.label(lang)].astype("str")
                assert not told.str.contains(other, na=False).any(), (key, lang)


def test_sources_and_thresholds_by_hand(invented):
    sources = readers.sources_table(invented)
    assert sources["用途"].tolist() == ["路网、设施", "设施", "单元、人口"]
    assert sources["文件"].tolist() == ["roads.osm.pbf", "ledger.csv", "units.gpkg"]
    asked = readers.thresholds_table(invented, "en")
    assert len(asked) == len(invented.standard.requirements)
    assert asked["Threshold"].tolist()[-1] == "2000 m"


def test_what_is_unknown_of_a_county_without_any_facility(invented):
    none = dataclasses.replace(invented, facilities=invented.facilities.iloc[:0])
    issues = readers.problems_table(none)
    unknown = issues[issues["问题类别"] == "无已知设施的类别"]
    assert unknown["对象"].tolist()[:2] == ["邮政", "零售"]
    assert (column(readers.coverage_readers(none), "known_facilities") == 0).all()
    assert len(readers.facilities_table(none)) == 0


def test_issues_by_hand(invented):
    run = {
        "warnings": [
            "off network: 2 facilities far from any road: 甲 (post), 乙 (post)",
            (
                "no facility is known of: gas; circles and scores count them as not reached, the "
                "scorecard as unknown. If they exist but are not mapped, name them under "
                "[standard.exclude] with the reason"
            ),
            "a sentence that nobody catalogued",
        ],
        "population_placed_by": {"a": "streets", "b": "streets", "c": "area"},
        "counts": {"settings_derived": 3},
    }
    merges = no_merges()
    merges.loc["l1"] = ["w9", "post", "post", "甲邮政所", None, 12.0, 1.0, "same"]

    @dataclasses.dataclass(frozen=True)
    class Merged(type(invented)):
        merges: pd.DataFrame | None = None

    county = Merged(**{**vars(invented), "run": run, "merges": merges})
    issues = readers.problems_table(county)
    by_kind = issues.groupby("问题类别", sort=False)
    found = by_kind.get_group("路网之外")["情况"].tolist()
    assert found == ["2 处设施离所有道路过远，未接入路网，不计入步行时间：甲 (post)、乙 (post)"]
    assert not issues["情况"].str.contains("no facility is known").any()
    assert "a sentence that nobody catalogued" in by_kind.get_group("运行提示")["情况"].tolist()
    assert by_kind.get_group("居民分布为估算")["数量"].tolist() == [2.0, 1.0]
    assert by_kind.get_group("不评价的类别")["情况"].tolist() == ["no <i>ledger</i>"]
    merged = by_kind.get_group("台账与地图合并").iloc[0]
    assert (merged["对象"], merged["情况"]) == (
        "甲邮政所",
        "与 OSM 的“w9”视为同一设施，以台账为准",
    )
    units = by_kind.get_group("单元")
    assert units["数量"].tolist() == [1.0, 3.0]  # one without residents, three without setting
    assert units["对象"].tolist()[0] == "寨市乡"


def test_notes_say_that_a_map_without_approval_is_internal(invented):
    notes = readers.notes_table(invented).set_index("项目")["内容"]
    assert notes["使用范围"] == "内部工作用图，未经审核不得公开"
    approved = invented.config.model_copy(
        update={"map": invented.config.map.model_copy(update={"approval_number": "湘S(2026)1号"})}
    )
    notes = readers.notes_table(dataclasses.replace(invented, config=approved)).set_index("项目")
    assert notes.loc["使用范围", "内容"] == "审图号：湘S(2026)1号"


# --- findings ---------------------------------------------------------------------------------


def test_a_fault_among_the_findings_is_told_with_its_rows():
    fault = Fault("a.csv", "lon is missing", "give lon and lat", "warning", rows=(3, 4))
    zh, en = (read_finding(str(fault), lang, {}) for lang in ("zh", "en"))
    assert (zh.about, zh.remedy) == ("a.csv", "请填写经度和纬度")
    assert zh.what.endswith("：第3行、第4行")
    assert (en.what, en.remedy) == ("lon is missing: row 3, row 4", "give lon and lat")


def test_kinds_and_flags_are_named():
    finding = (
        "clinic: 3 of 5 facilities whose floor area is known measure less than 60 m2 "
        "(unverified); coverage counts them all the same"
    )
    kinds = read_standard().known
    assert read_finding(finding, "zh", kinds).what == (
        "医疗卫生：已知建筑面积的 5 处设施中有 3 处不足 60 m²（未核实）；覆盖率照常计入"
    )
    assert read_finding(finding, "en", kinds).what.startswith(kinds["clinic"].en)


def test_who_walks_across_country_is_told_in_chinese():
    finding = (
        "across country: 1,234 residents in 56 cells live more than 300 m from any road and are "
        "taken to walk there straight, at 3 km/h; map their roads"
    )
    told = read_finding(finding, "zh", {})
    assert told.issue == "issue_off_network"
    assert told.what.startswith(
        "1,234 名居民（56 个格网）住处距所有道路超过 300 米，按 3 公里/小时"
    )


def test_very_long_findings_stay_as_they_are():
    assert read_finding("off network: " + "x" * 50_000, "zh", {}).what.startswith("off network: x")


def test_every_finding_of_the_code_is_catalogued():
    """Literal pieces of each catalogued sentence stand in the code, so that none is out of date."""
    package = resources.files("lifecircle")
    code = "".join(
        re.sub(r'"\s*\n\s*f?"', "", path.read_text(encoding="utf-8"))
        for path in [
            *package.iterdir(),
            *(package / "sources").iterdir(),
            *(package / "siting").iterdir(),
        ]
        if path.name.endswith(".py")
    )
    file = package / "render" / "tables" / "templates" / "findings.toml"
    for entries in tomllib.loads(file.read_text(encoding="utf-8")).values():
        for entry in read_sentences(entries):
            pieces = [part for part in re.split(r"\{\w+\}", entry.en) if len(part) > 12]
            pieces = [piece.replace("floor", "").replace("land area", "area") for piece in pieces]
            assert any(piece.strip()[:30] in code for piece in pieces), entry.en


# --- laws -------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", TABLES, ids=[table.__name__ for table in TABLES])
def test_both_languages_hold_the_same_figures(demo, table):
    zh, en = table(demo, "zh"), table(demo, "en")
    assert zh.shape == en.shape
    for left, right in zip(zh.columns, en.columns, strict=True):
        if figures("zh")[left] in NUMBERS:
            pd.testing.assert_series_equal(zh[left], en[right], check_names=False)
    assert not {*zh.columns} & {*heads()}  # headings, no keys
    for name in en.columns:
        assert not en[name].isin(["nan", "None", "<NA>"]).any()


@pytest.mark.parametrize("table", TABLES, ids=[table.__name__ for table in TABLES])
def test_tables_do_not_change_what_they_are_made_of(invented, table):
    before = {name: frame.copy() for name, frame in vars(invented).items() if hasattr(frame, "loc")}
    table(invented)
    for name, frame in before.items():
        pd.testing.assert_frame_equal(pd.DataFrame(frame), pd.DataFrame(getattr(invented, name)))


def test_one_heading_means_one_way_of_writing():
    for lang in ("zh", "en"):
        for head in heads().values():
            assert figures(lang)[head.label(lang)] == head.figure


def test_every_text_stands_in_both_languages_with_the_same_places():
    for group in ("totals", "notes", "sheets", "contents", "empty", "book", "issues", "placed"):
        zh, en = texts(group, "zh"), texts(group, "en")
        for key in zh:
            places = [sorted(re.findall(r"\{\w+\}", text[key])) for text in (zh, en)]
            assert places[0] == places[1], key
            assert zh[key].count("|") == en[key].count("|"), key
    assert word("comma", "zh") == "、"


# --- the demo, end to end ---------------------------------------------------------------------


def test_the_demos_coverage_is_the_coverage(demo):
    table = readers.coverage_readers(demo)
    for name in DENOMINATORS:
        some = demo.coverage.xs(name, level="denominator")
        assert len(some) == len(table)
        for part in ("covered", "total"):
            assert column(table, f"{name}_{part}").sum() == pytest.approx(some[part].sum())
        shares = column(table, f"{name}_share").dropna()
        assert shares.between(0.0, 1.0).all()
        assert len(shares) == some["share"].notna().sum()


def test_the_demos_units_add_up(demo):
    table = readers.units_table(demo)
    assert len(table) == (demo.unit_scores.index.get_level_values("scope") != "county").sum()
    once = table.drop_duplicates(heading("unit_id", "zh"))
    assert column(once, "residents").sum() == 36838.0
    circle = table[column(table, "circle") == "城市社区15分钟生活圈"]
    assert column(circle, "judged").sum() == pytest.approx(11162.0)
    mean = (column(circle, "judged") * column(circle, "score")).sum() / 11162.0
    overview = readers.overview_table(demo)
    assert column(overview, "score")[0] == pytest.approx(mean)


def test_the_demos_gaps_and_facilities(demo):
    gaps = readers.gaps_readers(demo)
    assert column(gaps, "persons").sum() == pytest.approx(demo.gaps["persons"].sum())
    first = gaps.groupby(heading("lacking", "zh"), sort=False)[heading("rank", "zh")].first()
    assert (first == 1).all()
    table = readers.facilities_table(demo)
    assert len(table) == demo.inventory.index.str.partition("#").get_level_values(0).nunique()
    inside = demo.units.to_crs(4326).union_all().buffer(1e-6)
    located = shapely.contains_xy(inside, column(table, "lon"), column(table, "lat"))
    assert (located == (column(table, "unit_name") != "界外").to_numpy()).all()


def test_the_demos_scorecard_keeps_its_verdicts(demo):
    zh, en = readers.scorecard_readers(demo, "zh"), readers.scorecard_readers(demo, "en")
    assert len(zh) == len(demo.scorecard)
    met = (demo.scorecard["status"] == "met").to_numpy()
    assert ((zh["评价"] == "达标").to_numpy() == met).all()
    assert ((en["Verdict"] == "met").to_numpy() == met).all()
    assert zh["数值"].isna().sum() == demo.scorecard["value"].isna().sum()
    county = readers.verdicts_table(demo)
    assert (
        county["数量"].sum() == (demo.scorecard.index.get_level_values("scope") == "county").sum()
    )


def test_the_demos_issues_name_what_decides(demo):
    issues = readers.problems_table(demo)
    kinds = issues["问题类别"].unique().tolist()
    assert {"未核实的数值", "指标缺少填报", "不评价的类别", "与标准的差异"} <= {*kinds}
    land = issues[issues["问题类别"] == "居住用地"]["情况"].item()
    assert land.startswith("居住用地可能没有画全")
    assert readers.problems_table(demo, "en")["Kind of issue"].notna().all()
