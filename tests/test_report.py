"""The report, reopened: headings, tables and figures; both languages; templates; hostile names."""

import base64
import io
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import docx
import geopandas as gpd
import pytest
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml.ns import qn
from docx.shared import Cm
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lxml import etree
from PIL import Image
from shapely import Point
from synthetic_assessment import HOSTILE, synthetic_assessment

from lifecircle import assess, read_config
from lifecircle.config import ReportConfig
from lifecircle.county import judge
from lifecircle.errors import DataWarning, InputError, MissingFileError
from lifecircle.measuring import measure
from lifecircle.plan import empty_scorecard
from lifecircle.render.report.evidence import deciding
from lifecircle.render.report.figures import Figures, draw_figures
from lifecircle.render.report.findings import findings
from lifecircle.render.report.model import Grid, Heading, Paragraph, grid
from lifecircle.render.report.text import count, in_halves, plain
from lifecircle.render.report.writing import build_report, report_html, write_report
from lifecircle.render.tables.readers_shared import blanks
from lifecircle.render.tables.sheets import coverage_table

CHAPTERS = [
    "1  摘要",
    "2  方法与标准",
    "3  各单元生活圈",
    "4  邮政、零售、医疗卫生缺口",
    "5  规划指标对照",
    "6  数据质量与结论的把握",
    "7  图件",
    "8  附录：参数与数据来源",
]
PIXEL = io.BytesIO()
Image.new("RGB", (4, 4), "white").save(PIXEL, format="PNG")


@pytest.fixture(scope="module")
def demo():
    return assess(read_config("data/liechtenstein/county.toml"))


@pytest.fixture(scope="module", params=["zh", "en"])
def written(request, demo, tmp_path_factory):
    lang = request.param
    figures = draw_figures(demo, lang)
    path = tmp_path_factory.mktemp(lang) / "report.docx"
    write_report(path, demo, lang=lang, figures=figures)
    return lang, figures, path, report_html(demo, lang, figures=figures)


@pytest.fixture(scope="module")
def invented():
    return synthetic_assessment()


@pytest.fixture(scope="module")
def undrawn():
    return Figures("zh", ())


def lines(path):
    return [line.text for line in docx.Document(str(path)).paragraphs]


def cells(path):
    tables = docx.Document(str(path)).tables
    return [cell.text for table in tables for row in table.rows for cell in row.cells]


def test_the_chapters_are_numbered_headings(written):
    lang, _, path, html = written
    found = [p for p in docx.Document(str(path)).paragraphs if p.style.name == "Heading 1"]
    titles = [line.text for line in found]
    if lang == "zh":
        assert titles == CHAPTERS
    assert [title.partition("  ")[0] for title in titles] == list("12345678")
    assert re.findall(r"<h2[^>]*>(\d+) ", html) == list("12345678")


def test_the_three_findings_stand_in_the_summary(written, demo):
    lang, _, path, html = written
    told = findings(demo, lang)
    assert sum(finding.leads for finding in told) == 3
    for finding in told:
        assert any(finding.text in line for line in lines(path))
        assert finding.text.replace("'", "&#x27;") in html


def test_tables_repeat_their_heads_and_rows_stay_whole(written):
    _, _, path, html = written
    tables = docx.Document(str(path)).tables
    assert len(tables) > 10
    assert html.count("<table>") == len(tables)
    for table in tables:
        first, *rest = table._tbl.tr_lst
        assert first.trPr.find(qn("w:tblHeader")) is not None
        assert all(row.trPr.find(qn("w:cantSplit")) is not None for row in (first, *rest))
        total = sum(int(column.width) for column in table.columns)
        assert total == pytest.approx(Cm(16.0), rel=0.01)


def test_every_figure_is_in_both_with_its_words(written):
    _, figures, path, html = written
    document = docx.Document(str(path))
    assert len(document.inline_shapes) == len(figures.drawings) == html.count("<img ")
    for shape in document.inline_shapes:
        assert shape._inline.docPr.get("descr")
        assert shape.width <= Cm(16.01)
    captions = [p.text for p in document.paragraphs if p.style.name == "Caption"]
    assert len(captions) == len(figures.drawings) + len(document.tables)


def test_the_tables_hold_the_figures_of_the_csv(written, demo):
    lang, _, path, _ = written
    county = coverage_table(demo)
    row = county[(county["scope"] == "county") & (county["kind"] == "clinic")].iloc[0]
    text = cells(path)
    assert f"{int(row['share'] * 1000 + 1e-7) / 10:.1f}%" in text
    for _, gap in demo.gaps[demo.gaps["rank"] == 1].iterrows():
        assert count(gap["persons"], lang) in text


def test_pages_are_a4_with_header_number_and_contents(written):
    lang, _, path, _ = written
    document = docx.Document(str(path))
    (section,) = document.sections
    assert section.page_width / Cm(1) == pytest.approx(21.0, abs=0.01)
    assert section.page_height / Cm(1) == pytest.approx(29.7, abs=0.01)
    county = {"zh": "列支敦士登", "en": "Liechtenstein"}[lang]
    assert county in section.header.paragraphs[0].text
    codes = [e.text.strip() for e in section.footer._element.iter(qn("w:instrText"))]
    assert codes == ["PAGE"]
    codes = [e.text for e in document.element.body.iter(qn("w:instrText"))]
    assert any(code.strip().startswith("TOC") for code in codes)
    marks = {e.get(qn("w:name")) for e in document.element.iter(qn("w:bookmarkStart"))}
    links = {e.get(qn("w:anchor")) for e in document.element.iter(qn("w:hyperlink"))}
    assert links == marks
    fonts = document.styles["Normal"].element.rPr.rFonts
    assert fonts.get(qn("w:eastAsia")) == "宋体"
    assert document.styles["Heading 1"].element.rPr.rFonts.get(qn("w:eastAsia")) == "黑体"


def test_the_page_loads_nothing(written):
    _, _, _, html = written
    assert "default-src &#x27;none&#x27;" in html
    assert "http-equiv" in html
    assert not re.search(r"""(src|href)=["'](?!data:|#)""", html)
    assert not re.search(r"<(script|link|iframe|object)|url\(|@import", html)
    for data in re.findall(r"data:image/png;base64,([^\"]+)", html):
        assert base64.b64decode(data, validate=True).startswith(b"\x89PNG")


def test_no_missing_value_is_printed(written):
    _, _, path, html = written
    words = " ".join([*lines(path), *cells(path)])
    assert not re.search(r"\b(nan|NaN|NaT|inf)\b|<NA>|\{\w+\}", words)
    assert "None" not in cells(path)
    assert not re.search(r">(nan|None|NaT)<", html)


def test_what_is_missing_is_a_dash_and_not_0(demo):
    table = demo.unit_scores.iloc[:1].assign(score=float("nan"), persons=float("nan"))
    from lifecircle.render.tables.words import with_headings

    named = with_headings(table.reset_index()[["score"]], "zh")
    assert grid(named, ["score"], "zh", "x").rows == (("–",),)


def test_long_tables_are_cut_with_a_sentence(demo):
    from lifecircle.render.tables.readers import units_table

    table = units_table(demo, "zh")
    shown = grid(table, ["unit_name"], "zh", "x", most=3)
    assert len(shown.rows) == 3
    assert shown.note == f"表中列出 3 行，全部 {len(table)} 行见工作簿 workbook.xlsx。"


def test_thresholds_that_decide(invented):
    table = deciding(invented)
    assert (table["only"] <= table["beyond"]).all()
    assert (table["beyond"] <= table["judged"]).all()
    # By hand: the township circle's residents beyond the threshold of post, from the cells.
    judged = invented.cells[invented.cells["setting"].isin(["township", "rural"])]
    walk = invented.access["seconds"].xs("post", level="kind").reindex(judged.index)
    beyond = judged["persons"][~(walk <= 1800.0)].sum()
    row = table[table["kind"] == "post"].iloc[0]
    assert row["beyond"] == pytest.approx(beyond)
    rows = invented.coverage.loc[("county", "township_convenience", "post", "population")]
    assert row["beyond"] == pytest.approx(rows["total"] - rows["covered"])


def test_empty_gaps_and_no_scorecard(invented, undrawn, tmp_path):
    empty = replace(invented, gaps=invented.gaps.iloc[:0])
    report = build_report(empty, undrawn, "zh")
    said = [getattr(part, "text", "") for part in report.parts]
    assert "所用标准没有规划指标。" in said
    assert "邮政：没有居民在阈值之外。" in said
    write_report(tmp_path / "r.docx", empty, figures=undrawn)
    assert sum(isinstance(part, Heading) and part.level == 1 for part in report.parts) == 8


def test_a_scorecard_without_rows_is_no_scorecard(demo, undrawn):
    bare = replace(demo, scorecard=empty_scorecard())
    said = [getattr(part, "text", "") for part in build_report(bare, undrawn, "en").parts]
    assert "The standard has no targets of a plan." in said


def test_missed_targets_come_first(demo, undrawn):
    grids = [p for p in build_report(demo, undrawn, "en").parts if isinstance(p, Grid)]
    (card,) = [part for part in grids if part.caption.startswith("Scorecard")]
    verdicts = [row[1] for row in card.rows]
    missed = verdicts.count("not met")
    assert missed > 0
    assert verdicts[:missed] == ["not met"] * missed


# --- what is not known, not judged, not verified ---------------------------------------------


@pytest.fixture(scope="module")
def residential():
    """The demo by GB 50180: two units are judged, and of 13 kinds no facility is known."""
    config = read_config("data/liechtenstein/county.toml")
    with pytest.warns(DataWarning, match="no facility is known of"):
        measured = measure(config, standards=["gb50180-2018"])
    return judge(measured, measured.standards[0])


def grids(assessment, undrawn, lang="zh"):
    parts = build_report(assessment, undrawn, lang).parts
    return {part.caption: part for part in parts if isinstance(part, Grid)}


def said_by(assessment, undrawn, lang="zh"):
    parts = build_report(assessment, undrawn, lang).parts
    return [part.text for part in parts if isinstance(part, Paragraph)]


def test_the_first_paragraph_says_who_is_not_judged(residential, undrawn):
    first = said_by(residential, undrawn)[0]
    assert first.startswith("本报告评价列支敦士登 2 个单元、11,162 名居民到 21 类服务设施要走多久")
    assert "（成人步行，75 米/分钟；未提供高程，未计坡度）" in first
    assert "另有 9 个单元、25,676 名居民属乡镇、农村，本标准没有适用的生活圈，未评价。" in first
    english = said_by(residential, undrawn, "en")[0]
    assert "the 11,162 residents of 2 units of Liechtenstein" in english
    assert "9 more units with 25,676 residents (township, rural) are not judged" in english


def test_kinds_without_records_are_neither_0_nor_the_worst(residential, undrawn):
    tables = grids(residential, undrawn)
    rows = [row for name, part in tables.items() if "覆盖率" in name for row in part.rows]
    unknown = [row for row in rows if row[3] == "0"]
    assert len(unknown) == 14  # 13 kinds, of which one is asked for by two circles
    assert all(row[4:] == ("– 无设施数据",) * 3 for row in unknown)
    assert not any("– 无设施数据" in row for row in rows if row[3] != "0")
    worst = [row[4] for row in tables["各生活圈总体情况"].rows]
    assert worst == ["含 6 类无设施数据", "含 3 类无设施数据", "含 5 类无设施数据"]
    assert {row[6] for row in tables["分单元评价"].rows} == {*worst, "–"}
    assert not any("最缺" in line for line in said_by(residential, undrawn))


def test_the_standard_is_not_said_to_have_what_the_county_left(residential, undrawn):
    (line,) = [t for t in said_by(residential, undrawn) if t.startswith("评价依据")]
    assert "标准共 26 项，经本县调整后共 23 项阈值：已核实 3、未核实 20。" in line
    lines = said_by(residential, undrawn)
    assert "本标准要求的服务中，2 类由本县列为不评价：电信、老年人日间照料中心。" in lines


def test_clauses_are_in_the_language_of_the_report(residential, undrawn):
    for basis in (row[4] for row in grids(residential, undrawn)["评价的服务、阈值与依据"].rows):
        assert not re.search(r"level|radius|minutes", basis)
    english = grids(residential, undrawn, "en")["Services judged, their thresholds and clauses"]
    assert "radius 1000 m" in english.rows[0][4]


def test_records_of_all_kinds_are_said_of_those_that_are_judged(demo, undrawn):
    kinds = len(demo.standard.required())
    expected = f"纳入评价的 {kinds} 类服务在台账或地图中都有设施记录；有记录不等于齐全。"
    assert expected in said_by(demo, undrawn)


def test_targets_say_how_surely_each_is_known(demo, undrawn):
    rows = grids(demo, undrawn)["规划指标计分卡（全域）"].rows
    assert {row[6] for row in rows} <= {"已核实", "未核实", "本项目设定", "二手来源"}
    assert {"已核实", "未核实"} <= {row[6] for row in rows}
    values = [row[2] for row in rows]
    assert "88.8" in values  # 8 of 9 villages
    assert "88.89" not in values


def test_targets_of_the_city_are_not_among_those_left_out(demo, undrawn):
    (line,) = [t for t in said_by(demo, undrawn) if t.startswith("规划指标共")][:1]
    assert "另有 4 项由全市合计评价、4 项由本县列为不评价" in line


def test_no_id_stands_for_a_name(demo, undrawn):
    tables = grids(demo, undrawn)
    nearest = {row[4] for name, part in tables.items() if "缺口排序" in name for row in part.rows}
    assert "邮政（无名称）" in nearest
    assert not any(re.fullmatch(r"[nwr]\d+(#\w+)?", name) for name in nearest)


def test_a_place_of_several_kinds_is_blank_once():
    table = gpd.GeoDataFrame(
        {
            "kind": ["retail", "supermarket", "post", "post"],
            "name": ["Migros", "Migros", None, None],
            "hours": [None, "Mo-Fr", None, "Mo"],
        },
        geometry=[Point(n, 0) for n in range(4)],
        index=["n1", "n1#supermarket", "n2", "A#3"],
        crs=4546,
    )
    lacking = blanks(SimpleNamespace(inventory=table))
    assert lacking == {"name": 2, "hours": 1, "capacity": 3, "floor_m2": 3}


def test_blanks_of_the_demo_are_those_of_its_places(demo, undrawn):
    (table,) = [part for name, part in grids(demo, undrawn).items() if name == "数据问题"]
    counts = {row[-2] for row in table.rows if "未填写" in "".join(row)}
    assert "215" in counts  # no capacity is known of any of 215 places, listed in 269 entries
    assert "269" not in counts


def test_changes_name_kinds_and_targets_in_english(demo, undrawn):
    lines = said_by(demo, undrawn, "en")
    assert any(line.startswith("kinds Telecom, ") for line in lines)
    assert not any("supply_coop" in line or "day_care_urban" in line for line in lines)


def test_contents_have_no_dots_that_lead_nowhere(written):
    _, _, path, _ = written
    document = docx.Document(str(path))
    entries = [p for p in document.paragraphs if p.style.name.lower().startswith("toc ")]
    assert len(entries) > 10
    for entry in entries:
        assert entry._p.find(f".//{qn('w:tab')}") is None
    assert not any("F9" in line for line in lines(path))


def test_a_long_notice_is_broken_at_a_stop():
    notice = "演示数据：道路与设施为2013年8月的 OpenStreetMap，人口为2012年底；不代表现状。"
    assert in_halves(notice, 72) == [
        "演示数据：道路与设施为2013年8月的 OpenStreetMap，",
        "人口为2012年底；不代表现状。",
    ]
    assert in_halves("", 72) == []
    assert in_halves("没有停顿" * 30, 72) == ["没有停顿" * 30]


# --- templates -------------------------------------------------------------------------------


def template(path, *, place=False, landscape=False):
    document = docx.Document()
    section = document.sections[0]
    section.page_width, section.page_height = Cm(18.0), Cm(26.0)
    section.left_margin = section.right_margin = Cm(3.0)
    section.header.paragraphs[0].text = "某县自然资源局文件"
    document.styles["Heading 1"].font.name = "Bureau"
    document.styles.add_style("公文正文", WD_STYLE_TYPE.PARAGRAPH)
    document.add_paragraph("前言")
    if place:
        document.add_paragraph("{{lifecircle}}")
        document.add_paragraph("附件")
    if landscape:
        document.add_section()
    document.save(str(path))
    return path


def test_a_template_lends_styles_page_and_header(invented, undrawn, tmp_path):
    own = template(tmp_path / "t.docx")
    write_report(tmp_path / "r.docx", invented, template=own, figures=undrawn)
    document = docx.Document(str(tmp_path / "r.docx"))
    section = document.sections[0]
    assert section.page_width / Cm(1) == pytest.approx(18.0, abs=0.01)
    assert section.header.paragraphs[0].text == "某县自然资源局文件"
    assert document.styles["Heading 1"].font.name == "Bureau"
    assert document.paragraphs[0].text == "前言"
    assert document.paragraphs[1].text.endswith("社区生活圈评估报告")
    total = sum(int(column.width) for column in document.tables[0].columns)
    assert total == pytest.approx(Cm(12.0), rel=0.01)


def test_a_place_in_the_template_is_filled(invented, undrawn, tmp_path):
    own = template(tmp_path / "t.docx", place=True, landscape=True)
    write_report(tmp_path / "r.docx", invented, template=own, figures=undrawn)
    document = docx.Document(str(tmp_path / "r.docx"))
    text = [line.text for line in document.paragraphs]
    assert text[0] == "前言"
    assert "附件" in text
    assert "{{lifecircle}}" not in text
    assert text.index("附件") > text.index("8  附录：参数与数据来源")
    body = list(document.element.body)
    last = max(n for n, e in enumerate(body) if e.tag == qn("w:tbl"))
    assert last < next(n for n, e in enumerate(body) if "附件" in "".join(e.itertext()))


def test_headings_that_number_themselves_are_not_numbered_twice(invented, undrawn, tmp_path):
    document = docx.Document(str(template(tmp_path / "t.docx")))
    style = document.styles["Heading 1"].element
    number = style.get_or_add_pPr().get_or_add_numPr()
    number.get_or_add_numId().val = 1
    document.save(str(tmp_path / "t.docx"))
    write_report(tmp_path / "r.docx", invented, template=tmp_path / "t.docx", figures=undrawn)
    found = docx.Document(str(tmp_path / "r.docx")).paragraphs
    assert next(p.text for p in found if p.style.name == "Heading 1") == "摘要"


def test_the_county_file_names_the_template(invented, undrawn, tmp_path):
    own = template(tmp_path / "t.docx")
    settings = ReportConfig.model_validate({"template": str(own)})
    config = invented.config.model_copy(update={"report": settings})
    write_report(tmp_path / "r.docx", replace(invented, config=config), figures=undrawn)
    assert lines(tmp_path / "r.docx")[0] == "前言"


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 broken", "zip"])
def test_a_bad_template_gives_one_error(invented, undrawn, tmp_path, content):
    bad = tmp_path / "bad.docx"
    if content == "zip":
        with zipfile.ZipFile(bad, "w") as archive:
            archive.writestr("a.txt", "a")
    else:
        bad.write_bytes(content)
    with pytest.raises(InputError, match=r"save it in Word as \.docx") as error:
        write_report(tmp_path / "r.docx", invented, template=bad, figures=undrawn)
    assert len(error.value.faults) == 1
    assert not (tmp_path / "r.docx").exists()


def test_a_missing_template_is_named(invented, undrawn, tmp_path):
    with pytest.raises(MissingFileError, match=re.escape("gone.docx")):
        write_report(
            tmp_path / "r.docx", invented, template=tmp_path / "gone.docx", figures=undrawn
        )


def test_a_template_of_the_county_file_is_found_beside_it(tmp_path):
    source = Path("data/liechtenstein/county.toml").read_text(encoding="utf-8")
    here = Path("data/liechtenstein").resolve().as_posix()
    source = source.replace('path = "', f'path = "{here}/')
    county = tmp_path / "county.toml"
    county.write_text(source + '\n[report]\ntemplate = "t.docx"\n', encoding="utf-8")
    with pytest.raises(MissingFileError, match=r"report\.template names"):
        read_config(county)
    own = template(tmp_path / "t.docx")
    assert read_config(county).report.template.path == own.resolve()


# --- hostile text ----------------------------------------------------------------------------


def test_hostile_names_are_inert(invented, undrawn, tmp_path):
    write_report(tmp_path / "r.docx", invented, figures=undrawn)
    html = report_html(invented, figures=undrawn)
    assert HOSTILE[0] not in html
    assert "<img src=x" not in html
    assert "&lt;/script&gt;" in html
    assert any("</script>" in cell for cell in cells(tmp_path / "r.docx"))


HARD = st.text(
    alphabet=st.one_of(
        st.characters(codec="utf-8"),  # pandas keeps text as UTF-8: no table holds half a pair
        st.sampled_from("\x00\x08\x0b\x1f\ufffe\uffff\u202e\u200f<>&\"'=+@]😀"),
    ),
    max_size=60,
)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(names=st.lists(HARD | HARD.map(lambda text: text * 500), min_size=6, max_size=6))
def test_no_name_breaks_word_file_or_page(invented, undrawn, tmp_path_factory, names):
    units = invented.units.assign(name=names)
    places = invented.facilities.assign(
        name=[names[n % 6] for n in range(len(invented.facilities))]
    )
    hostile = replace(invented, units=units, facilities=places, run={"warnings": names})
    path = tmp_path_factory.mktemp("hostile") / "r.docx"
    write_report(path, hostile, figures=undrawn)
    assert max(map(len, cells(path))) < 1000
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            if name.endswith((".xml", ".rels")):
                etree.fromstring(archive.read(name))
            assert b'TargetMode="External"' not in archive.read(name)
    html = report_html(hostile, figures=undrawn)
    html.encode("utf-8")
    assert not set(html) & set("\x00\x0b\u202e\ufffe")
    body = re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)
    assert {tag.lower() for tag in re.findall(r"</?([a-zA-Z0-9]+)", body)} <= {
        *("html", "head", "meta", "title", "body", "header", "h1", "h2", "h3", "p", "nav", "ul"),
        *("li", "a", "main", "table", "caption", "colgroup", "col", "thead", "tr", "th", "tbody"),
        *("td", "footer", "figure", "img", "figcaption"),
    }


@example("0\r\x1b\r0")
@given(st.text())
def test_plain_text_is_one_short_line(text):
    shown = plain(text, 20)
    assert len(shown) <= 20
    assert "\n" not in shown
    assert plain(shown, 20) == shown
