"""What helps to decide, on paper: tables, workbook and report say the same figures."""

from __future__ import annotations

import re
from dataclasses import replace

import openpyxl
import pandas as pd
import pytest
from synthetic_assessment import synthetic_assessment
from synthetic_decisions import all_decisions, moments, reconciled, sited, supplied, with_decisions

from lifecircle.config import WalkConfig
from lifecircle.errors import DataWarning
from lifecircle.render.decided_says import says, sited_says
from lifecircle.render.report.decided import decided as decided_chapter
from lifecircle.render.report.figures import Figures, draw_figures
from lifecircle.render.report.findings import findings
from lifecircle.render.report.model import Grid, Heading, Paragraph, Picture
from lifecircle.render.report.writing import build_report
from lifecircle.render.tables.decided import (
    FILES,
    curve_table,
    decided_names,
    decided_tables,
    kinds_of,
    site_table,
    supply_facility_table,
)
from lifecircle.render.tables.decided_words import csv_heads, decided_head, shown_table
from lifecircle.render.tables.readers import gaps_readers
from lifecircle.render.tables.sheets import gap_table
from lifecircle.render.tables.words import decided_file, decided_heads, figures, heads
from lifecircle.render.tables.workbook import write_workbook
from lifecircle.render.walking_words import walking_words
from lifecircle.render.writing import (
    ASKED,
    OUTPUTS,
    outputs_of,
    write_judgements,
    write_outputs,
)

QUICK = ("map", "report", "workbook", "layers")


@pytest.fixture(scope="module")
def invented():
    return synthetic_assessment(across=30)


@pytest.fixture(scope="module")
def decided(invented):
    return with_decisions(replace(invented), **all_decisions(invented))


@pytest.fixture(scope="module")
def out(decided, tmp_path_factory):
    folder = tmp_path_factory.mktemp("decided")
    write_outputs(decided, folder, without=QUICK)
    return folder


def read(folder, name):
    """Read one of the tables by the keys of its columns."""
    table = pd.read_csv(folder / FILES[name], encoding="utf-8-sig")
    return table.rename(columns=lambda head: head.split()[-1])


# --- files ------------------------------------------------------------------------------------


def test_nothing_more_is_written_where_nothing_was_asked_for(invented):
    assert outputs_of(invented) == list(OUTPUTS)
    assert decided_tables(invented) == {}
    assert decided_tables(with_decisions(replace(invented))) == {}


def test_what_was_asked_for_is_written_beside_the_other_tables(decided, out):
    asked = [name for name in ASKED if name != "completeness.csv"]  # not in the invented ones
    names = {path.name for path in out.iterdir()}
    assert names == set(outputs_of(decided, QUICK)) == {*asked, *outputs_of_bare(decided)}


def outputs_of_bare(decided):
    return outputs_of(with_decisions(replace(decided)), QUICK)


def test_the_tables_are_those_that_their_names_promise(decided):
    assert list(decided_tables(decided)) == decided_names(decided)


@pytest.mark.parametrize("part", ["moments", "supplied", "sited", "confidence", "reconciled"])
def test_each_part_alone_gives_its_tables_alone(invented, part):
    parts = all_decisions(invented)
    only = with_decisions(replace(invented), **{part: parts[part]})
    expected = {
        "moments": {"moments", "openings", "eight_hours"},
        "supplied": {"supply", "supply_facilities"},
        "sited": {"sites", "sites_curve"},
        "confidence": {
            "confidence",
            "confidence_coverage",
            "confidence_in_gaps",
            "confidence_settings",
            "edge",
        },
        "reconciled": {"reconcile"},
    }
    assert set(decided_tables(only)) == expected[part]


def test_tables_of_an_earlier_run_are_named_and_stay(invented, tmp_path):
    asked = with_decisions(replace(invented), supplied=(supplied(invented),))
    write_outputs(asked, tmp_path, without=QUICK)
    before = (tmp_path / "supply.csv").read_bytes()
    told = r"of an earlier run, not of this one: supply\.csv, supply_facilities\.csv"
    with pytest.warns(DataWarning, match=told):
        write_outputs(invented, tmp_path, without=QUICK)
    assert (tmp_path / "supply.csv").read_bytes() == before


# --- figures ----------------------------------------------------------------------------------


def test_moments_by_hand(out):
    county = read(out, "moments").iloc[0]
    assert county[["share_any", "share_low", "share_high"]].tolist() == [0.75, 0.3, 0.45]
    assert county[["moment_zh", "kind_zh", "unit_name"]].tolist() == [
        "工作日 18:30",
        "医疗卫生",
        "虚构县<i>",
    ]
    assert read(out, "openings").iloc[0][["open", "closed", "unknown"]].tolist() == [2, 3, 1]
    assert read(out, "eight_hours").iloc[0][["eight", "known"]].tolist() == [4, 5]


def test_supply_is_that_of_the_units(decided, out):
    units = decided.decisions.supplied[0].units
    table = read(out, "supply").set_index("scope")
    assert table.index[0] == "county"
    assert table["supply_per_1000"].tolist() == pytest.approx(units["supply"].tolist(), abs=5e-7)
    assert table["gini"].iloc[0] == pytest.approx(units["gini"].iloc[0], abs=5e-7)
    # Who has 2 per 1,000 and who has none share out the mean.
    assert 2.0 * (1.0 - table["unreached_share"].iloc[0]) == pytest.approx(
        table["supply_per_1000"].iloc[0], abs=1e-5
    )
    sites = read(out, "supply_facilities")
    assert sites["facility_id"].tolist() == decided.decisions.supplied[0].facilities.index.tolist()
    assert sites["lon"].between(105, 115).all()


def test_sites_of_two_askings_stand_in_one_table(out):
    table = read(out, "sites")
    assert table["persons"].tolist() == [300, 100, 300, 100]
    assert table["objective"].tolist() == ["mclp", "mclp", "pmedian", "pmedian"]
    # How far all walk is told only where walks beyond the limit were looked at.
    assert table["person_minutes"].isna().tolist() == [True, True, False, False]
    assert table["name"].tolist()[1] == "'=闲置校舍"
    curve = read(out, "sites_curve")
    assert curve["gained"].tolist() == [300, 400, 6000, 7500]
    assert curve["gain_in_zh"].tolist() == ["人", "人", "人·分钟", "人·分钟"]


def test_gaps_carry_how_sure_they_are(decided, invented, out):
    table = read(out, "confidence")
    assert table["verdict"].tolist()[:2] == ["robust", "robust"]
    robust = table[table["verdict"] == "robust"]
    assert robust["persons"].is_monotonic_decreasing
    first = table[table["gap_id"] == "g0"].iloc[0]
    assert (first["verdict_zh"], first["unmapped_share"]) == ("数据缺口（未标注道路）", 0.9)
    assert first["persons"] == pytest.approx(invented.gaps.loc["g0", "persons"])
    gaps = pd.read_csv(out / "gaps.csv").set_index("gap_id")
    assert gaps.loc["g1", ["verdict", "verdict_zh", "verdict_en"]].tolist() == [
        "sensitive",
        "敏感",
        "sensitive",
    ]
    assert "verdict" not in gap_table(invented)
    shown = gaps_readers(decided).set_index("缺口编号")
    assert shown.loc["g0", "可信度"] == "数据缺口（未标注道路）"
    assert "可信度" not in gaps_readers(invented)


def test_reconciled_in_words(out):
    table = read(out, "reconcile")
    assert table["verdict_zh"].tolist() == ["相符", "偏低", "无已知数"]
    assert table.loc[1, ["subject_zh", "key_zh", "known_from_zh"]].tolist() == [
        "设施数",
        "医疗卫生",
        "官方数",
    ]


# --- one definition ---------------------------------------------------------------------------


def test_the_commands_write_the_same_tables(invented, out):
    kinds = kinds_of(invented)
    for name, make in (("sites", site_table), ("sites_curve", curve_table)):
        alone = csv_heads(name, make(sited(), kinds))
        both = pd.read_csv(out / FILES[name]).columns.tolist()
        assert [head for head in both if head in {*alone.columns}] == alone.columns.tolist()


def test_every_column_is_described_in_both_languages(decided):
    for name, table in decided_tables(decided).items():
        for key in table.columns:
            base = str(key).removesuffix("_zh").removesuffix("_en")
            head = decided_head(name, base)
            assert head.zh != base, (name, key)
            assert head.en
        for lang in ("zh", "en"):
            shown = shown_table(name, table, lang, "县")
            assert shown.columns.is_unique
            assert len(shown) == len(table)


def test_no_heading_of_a_file_stands_twice(decided):
    for name, table in decided_tables(decided).items():
        assert csv_heads(name, table).columns.is_unique


def test_one_heading_means_one_way_of_writing_here_too():
    for lang in ("zh", "en"):
        for head in [*heads().values(), *decided_heads()]:
            assert figures(lang)[head.label(lang)] == head.figure


def test_every_table_has_columns_and_is_shown():
    assert set(decided_file()["tables"]) == set(FILES)
    for entry in decided_file()["tables"].values():
        assert {*entry["shown"]} <= {key.removesuffix("_zh") for key in entry["columns"]}


def test_hours_that_nobody_asked_about_are_no_table(invented):
    bare = replace(moments(), labels={})
    assert decided_names(with_decisions(replace(invented), moments=bare)) == []


def test_residents_that_agree_by_their_making_are_no_table(invented):
    table = reconciled().assign(known_from="units")
    agreeing = table[table["verdict"] != "low"]
    assert decided_names(with_decisions(replace(invented), reconciled=agreeing)) == []
    assert decided_names(with_decisions(replace(invented), reconciled=table)) == ["reconcile"]


# --- workbook ---------------------------------------------------------------------------------


def sheets_of(assessment, folder, lang="zh"):
    book = openpyxl.load_workbook(write_workbook(folder / "book.xlsx", assessment, lang=lang))
    return {sheet.title: [[cell.value for cell in row] for row in sheet.rows] for sheet in book}


def below(rows, *heads):
    """Give the rows below some headings, up to the first empty one, by heading."""
    at = next(n for n, row in enumerate(rows) if all(head in row for head in heads))
    found = []
    for row in rows[at + 1 :]:
        if row[0] is None:
            break
        found.append(dict(zip(rows[at], row, strict=True)))
    return found


@pytest.fixture(scope="module")
def book(decided, tmp_path_factory):
    return sheets_of(decided, tmp_path_factory.mktemp("book"))


def test_only_sheets_that_were_asked_for_are_there(invented, book, tmp_path):
    more = ["可信度", "供给", "选址", "时段", "核对"]
    bare = sheets_of(invented, tmp_path)
    assert [name for name in book if name not in bare] == more
    names = [row[0] for row in book["说明"]]
    assert set(more) <= set(names)
    assert not set(more) & {row[0] for row in bare["说明"]}
    english = sheets_of(with_decisions(replace(invented), sited=(sited(),)), tmp_path, "en")
    assert "Sites" in english
    assert "Supply" not in english


def test_the_front_says_how_people_move(book):
    told = {row[0]: row[1] for row in book["说明"] if row[0]}
    assert told["出行方式与时间"].startswith("成人步行，75 米/分钟；未提供高程，未计坡度；")


def test_the_sheet_of_supply_holds_the_figures_of_its_table(decided, book):
    units = decided.decisions.supplied[0].units
    rows = below(book["供给"], "单元", "每千人供给")
    assert [row["每千人供给"] for row in rows] == pytest.approx(
        units["supply"].round(3).tolist(), abs=1e-9
    )
    assert rows[0]["单元"] == "虚构县<i>"
    assert rows[0]["基尼系数"] == round(units["gini"].iloc[0], 3)
    assert rows[5]["单元"] == "430527104"  # it has no name


def test_the_sheet_of_sites_tells_gains_and_gap(book):
    rows = below(book["选址"], "名次", "新增覆盖居民（人）")
    assert [row["新增覆盖居民（人）"] for row in rows] == [300, 100]
    assert rows[1]["名称"] == "=闲置校舍"  # text, no formula
    said = " ".join(str(row[0]) for row in book["选址"])
    assert "由 500 人（50.0%）增至 900 人（90.0%），新增 400 人" in said
    assert "与最优至多相差 9.1%（任何选法都不会好过 新增 440 人）" in said


def test_the_sheet_of_moments_gives_a_range(book):
    row = below(book["时段"], "时刻", "评价居民（人）")[0]
    assert row["评价居民（人）"] == 200
    shares = [value for head, value in row.items() if str(head).startswith("覆盖率")]
    assert shares == [0.75, 0.3, 0.45]
    assert row["阈值核实情况"] == "已核实"


def test_the_sheet_of_confidence_counts_what_it_lists(decided, book):
    rows = below(book["可信度"], "可信度", "缺口编号")
    listed = pd.Series([row["可信度"] for row in rows]).value_counts()
    assert listed["敏感"] == listed["数据缺口（未标注道路）"] == 1
    assert listed["稳健"] == len(decided.gaps) - 2
    said = [str(row[0]) for row in book["可信度"]]
    persons = decided.gaps["persons"].iloc[2:].sum()
    assert f"稳健缺口 {len(decided.gaps) - 2} 处，居民 {persons:,.0f} 人" in said[2]
    gaps = below(book["缺口清单"], "缺口编号", "可信度")
    assert {row["缺口编号"]: row["可信度"] for row in gaps}["g1"] == "敏感"


def test_the_sheet_of_reconciliation(book):
    rows = below(book["核对"], "核对结果", "已知数")
    assert [row["核对结果"] for row in rows] == ["相符", "偏低", "无已知数"]
    assert [row["已知数"] for row in rows] == [1000, 6, None]


# --- report -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def drawn(decided):
    return {lang: draw_figures(decided, lang) for lang in ("zh", "en")}


def parts_of(assessment, lang="zh", figures=None):
    return build_report(assessment, figures or Figures(lang, ()), lang).parts


def headings(parts, level):
    return [part.text for part in parts if isinstance(part, Heading) and part.level == level]


def said_in(parts):
    return [part.text for part in parts if isinstance(part, Paragraph)]


def test_the_chapter_is_there_only_where_something_was_asked_for(invented, decided):
    bare, full = headings(parts_of(invented), 1), headings(parts_of(decided), 1)
    assert [name for name in full if name not in bare] == ["辅助决策"]
    assert full.index("辅助决策") == full.index("规划指标对照") + 1
    only = with_decisions(replace(invented), sited=(sited(),))
    assert "新建选址" in headings(parts_of(only), 2)
    assert "供给水平与公平" not in headings(parts_of(only), 2)


def test_the_summary_leads_with_robust_gaps(decided):
    said = said_in(parts_of(decided))
    assert said[1].startswith("先看稳健缺口")
    gaps = decided.gaps.drop(["g0", "g1"])
    sums = gaps.groupby("kind")["persons"].sum().sort_values(ascending=False)
    first = decided.standard.kinds[sums.index[0]].zh
    assert said[2].startswith(f"{first}：稳健缺口 ")
    assert f"居民 {sums.iloc[0]:,.0f} 人" in said[2]
    assert not any("没有做可信度扫描" in text for text in said)
    doubtful = next(text for text in said if text.startswith("另有敏感缺口 1 处"))
    assert f"{decided.gaps.loc['g1', 'persons']:,.0f} 人" in doubtful
    assert f"{decided.gaps.loc['g0', 'persons']:,.0f} 人" in doubtful


def test_without_a_sweep_the_summary_says_so_once(invented):
    for lang, words in (("zh", "没有做可信度扫描"), ("en", "No sweep over settings was made")):
        said = said_in(parts_of(invented, lang))
        assert sum(words in text for text in said) == 1
        assert not any("先看稳健" in text or "First the robust" in text for text in said)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_report_and_tables_say_the_same(decided, drawn, lang):
    parts = parts_of(decided, lang, drawn[lang])
    grids = {part.caption: part for part in parts if isinstance(part, Grid)}
    supply = next(part for name, part in grids.items() if "2SFCA" in name)
    units = decided.decisions.supplied[0].units
    column = [row[2] for row in supply.rows]
    assert column == [f"{value:.3f}" for value in units["supply"]]
    sites = next(p for n, p in grids.items() if "建议选址" in n or "proposed sites" in n)
    assert [row[sites.head.index(sites.head[3])] for row in sites.rows] == ["300", "100"]
    said = " ".join(said_in(parts))
    for figure in ("50.0%", "90.0%", "9.1%"):  # before, after, and how far from the best
        assert figure in said


def test_every_asking_has_its_chart(decided, drawn):
    for charts in drawn.values():
        assert [d.subject for d in charts.of("supply")] == ["0"]
        assert [d.subject for d in charts.of("siting")] == ["0", "1"]
        assert len(charts.of("confidence")) == 1
        for drawing in charts.of("supply", "siting", "confidence"):
            assert drawing.alt
            assert charts.png(drawing, 60).startswith(b"\x89PNG")
    parts = parts_of(decided, "zh", drawn["zh"])
    shown = [p.drawing.kind for p in parts if isinstance(p, Picture)]
    assert shown.count("siting") == 2
    assert shown.count("supply") == shown.count("confidence") == 1


def test_charts_draw_the_figures_of_the_tables(decided, drawn):
    lorenz = drawn["zh"].of("supply")[0].figure.axes[0].lines[-1]
    curve = decided.decisions.supplied[0].lorenz
    assert lorenz.get_xdata().tolist() == curve["people"].tolist()
    assert lorenz.get_ydata().tolist() == curve["supply"].tolist()
    gain = drawn["zh"].of("siting")[0].figure.axes[0]
    tops = [bar.get_y() + bar.get_height() for bar in gain.patches]
    assert tops == pytest.approx([0.0, 300.0, 300.0, 400.0])
    span = drawn["en"].of("confidence")[0].figure.axes[0]
    assert sorted(bar.get_x() for bar in span.patches) == pytest.approx([0.4, 0.55])
    said = [text.get_text() for text in span.texts]
    assert {"40.0%–52.0%", "55.0%–70.0%"} <= set(said)


def test_the_edge_is_stated(decided):
    said = " ".join(said_in(parts_of(decided)))
    assert "覆盖率由 50.0% 降到 45.0%，50 名居民只靠界外设施覆盖" in said
    assert "边界附近有 90 名居民未覆盖" in said


def test_what_differs_is_told(decided):
    said = " ".join(said_in(parts_of(decided)))
    assert "共核对 2 项有已知数的：相符 1 项，偏低 1 项，偏高 0 项；另有 1 项没有已知数" in said
    assert "设施数 · 医疗卫生（全域）：采用 3，已知 6，偏低" in said


def test_the_first_page_says_how_people_move(invented):
    for lang in ("zh", "en"):
        report = build_report(invented, Figures(lang, ()), lang)
        told = walking_words(invented.config, invented.run, lang)
        assert told.replace(" ", "") in "".join(report.facts).replace(" ", "")  # on two lines


def test_every_sentence_is_in_both_languages():
    zh, en = says("zh"), says("en")
    for key in zh:
        places = [set(re.findall(r"{(\w+)}", text[key])) for text in (zh, en)]
        assert places[0] == places[1], key
        assert not re.search("[一-鿿]", en[key]), key


def test_slope_is_told_in_report_and_workbook_where_it_counted(invented, tmp_path):
    elevation = {"given": True, "counted": True, "known_share": 0.98}
    sloped = replace(invented, run={**invented.run, "elevation": elevation})
    said = " ".join(said_in(parts_of(sloped)))
    assert "成人步行，75 米/分钟；按高程计坡度（覆盖道路 98%）" in said
    assert "坡度按 Tobler 步行函数折算" in said
    front = {row[0]: row[1] for row in sheets_of(sloped, tmp_path)["说明"]}
    assert "按高程计坡度（覆盖道路 98%）" in front["出行方式与时间"]
    assert "Tobler" not in " ".join(said_in(parts_of(invented)))


def test_other_profiles_of_the_run_are_named(invented, tmp_path):
    walk = WalkConfig(also=["elderly", "wheelchair"])
    several = replace(invented, config=invented.config.model_copy(update={"walk": walk}))
    told = "老年人步行，60 米/分钟；轮椅，50 米/分钟"
    assert any(told in text for text in said_in(parts_of(several)))
    front = {row[0]: row[1] for row in sheets_of(several, tmp_path)["说明"]}
    assert front["同一次运行另评价"] == told


def test_a_capacity_that_was_set_is_told(invented):
    found = sited()
    asked = {**found.asked, "capacity_per_site": 250.0}
    told = " ".join(sited_says(invented, replace(found, asked=asked), "zh"))
    assert "每处至多服务 250 人" in told
    assert "每处至多服务" not in " ".join(sited_says(invented, found, "zh"))


@pytest.mark.parametrize("objective", ["mclp", "lscp", "pmedian", "pcenter"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_objective_can_be_told(invented, objective, lang):
    found = sited(objective)
    for gap in (0.0, 0.05):
        told = " ".join(
            sited_says(invented, replace(found, asked={**found.asked, "gap": gap}), lang)
        )
        assert "{" not in told
        assert ("5.0%" in told) == (gap > 0)


def test_a_facility_that_the_standard_does_not_judge_has_no_place(invented):
    supplied_to = supplied(invented)
    others = invented.facilities[invented.facilities["kind"] != "clinic"]
    table = supply_facility_table(supplied_to, others, kinds_of(invented))
    assert len(table) == len(supplied_to.facilities)
    assert table["lon"].isna().all()


def test_nobody_is_said_to_walk_who_rides(invented, tmp_path):
    walk = WalkConfig(settings={"rural": "e-bike"})
    ridden = replace(invented, config=invented.config.model_copy(update={"walk": walk}))
    for assessment, word in ((invented, "步行 15 分钟以内"), (ridden, "出行 15 分钟以内")):
        assert any(word in finding.text for finding in findings(assessment))
    said = " ".join(said_in(parts_of(ridden)))
    assert "平均步行" not in said
    assert "平均用时" in said
    english = " ".join(said_in(parts_of(ridden, "en")))
    assert "a mean trip of" in english
    assert "on foot:" not in english
    heads = [h for p in parts_of(ridden) if isinstance(p, Grid) for h in p.head]
    assert "平均用时（分钟）" in heads
    assert not any("步行" in head for head in heads)
    assert "平均用时（分钟）" in sheets_of(ridden, tmp_path)["缺口清单"][0]
    assert "平均步行（分钟）" in sheets_of(invented, tmp_path)["缺口清单"][0]


def test_tables_follow_the_order_of_the_standard(invented):
    parts = all_decisions(invented)
    found = parts["confidence"]
    turned = replace(found, coverage=found.coverage[::-1], edge=found.edge[::-1])
    for sure in (found, turned):
        tables = decided_tables(with_decisions(replace(invented), confidence=sure))
        for name in ("confidence_coverage", "edge"):
            assert tables[name]["kind"].tolist() == ["post", "clinic"]


def test_of_many_units_those_with_most_unreached_are_printed(invented):
    found = supplied(invented)
    county = found.units.iloc[:1]
    many = pd.concat(
        [
            county,
            *(
                found.units.iloc[1:2].assign(unreached=float(n), unit_name=f"u{n}")
                for n in range(30)
            ),
        ]
    )
    many.index = pd.Index(["county", *(f"u{n}" for n in range(30))], name="scope")
    asked = with_decisions(replace(invented), supplied=(replace(found, units=many),))
    table = next(p for p in decided_chapter(asked, Figures("zh", ()), "zh") if isinstance(p, Grid))
    assert [row[0] for row in table.rows[:3]] == ["虚构县<i>", "u29", "u28"]
    assert len(table.rows) == 20
    assert "20 行，全部 31 行" in table.note


def test_several_profiles_are_set_side_by_side_in_a_file_with_heads(invented, tmp_path):
    slow = invented.config.model_copy(update={"walk": WalkConfig(profile="elderly")})
    judged = [invented, replace(invented, config=slow)]
    written = write_judgements(judged, tmp_path, without=QUICK)
    assert {path.name for path in tmp_path.iterdir()} == {"adult", "elderly", "profiles.csv"}
    assert written[-1] == tmp_path / "profiles.csv"
    table = pd.read_csv(written[-1], encoding="utf-8-sig")
    assert table.columns[:4].tolist() == [
        "出行方式代码 profile",
        "出行方式 profile_zh",
        "出行方式（英文） profile_en",
        "速度（米/分钟） metres_per_minute",
    ]
    speeds = table.groupby("出行方式 profile_zh")["速度（米/分钟） metres_per_minute"].unique()
    assert {name: list(values) for name, values in speeds.items()} == {
        "成人步行": [75.0],
        "老年人步行": [60.0],
    }
    assert table.columns.is_unique
