"""The workbook of an assessment: reopened, its text is text, its numbers are numbers."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
import re
import tempfile
import zipfile
from functools import cache

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet as Reopened
from synthetic_assessment import synthetic_assessment

from lifecircle import assess, read_config
from lifecircle.errors import OutputError
from lifecircle.render.tables import readers, workbook_cells
from lifecircle.render.tables.shown import as_shown
from lifecircle.render.tables.words import figures, heading, texts
from lifecircle.render.tables.workbook import write_workbook
from lifecircle.render.tables.workbook_cells import CELL_TEXT, plain_text, row_height

ZH = ["说明", "总览", "分单元评价", "设施清单", "覆盖率", "缺口清单", "计分卡", "数据问题"]
EN = ["Notes", "Overview", "Units", "Facilities", "Coverage", "Gaps", "Scorecard", "Data issues"]
TABLES = {
    "分单元评价": readers.units_table,
    "设施清单": readers.facilities_table,
    "覆盖率": readers.coverage_readers,
    "缺口清单": readers.gaps_readers,
    "计分卡": readers.scorecard_readers,
    "数据问题": readers.problems_table,
}
FORMATS = {
    "count": "#,##0",
    "persons": '[=0]0;[<1]"不足1";#,##0',
    "share": "0.0%",
    "minutes": "0.0",
    "degrees": "0.000000",
}
HOSTILE = (
    "=cmd|' /C calc'!A0",
    "+1",
    "-1+1",
    "@SUM(A1)",
    "＝1+1",
    "{=1}",
    "<script>alert(1)</script>",
    "<r><t>x</t></r>",
    "</t></is></c><c t='n'><v>1</v></c>",
    "http://example.invalid/#x",
    "mailto:a@example.invalid",
    "internal:'说明'!A1",
    "external:calc.exe",
    "_x0041_",
    "\u202e\u200fאב\u202c",
    "👨‍👩‍👧 🏥",
    "007",
    "1e5",
    "2024-01-01",
    "TRUE",
    "字" * 10_000,
    "\x00\x07\x0b\ufffe",
)


@pytest.fixture(scope="module")
def invented():
    return synthetic_assessment()


@pytest.fixture(scope="module")
def demo():
    return assess(read_config("data/liechtenstein/county.toml"))


@pytest.fixture(scope="module")
def book(demo, tmp_path_factory):
    path = tmp_path_factory.mktemp("book") / "workbook.xlsx"
    return openpyxl.load_workbook(write_workbook(path, demo))


def reopened(assessment, folder, **options):
    return openpyxl.load_workbook(write_workbook(folder / "book.xlsx", assessment, **options))


def heads(sheet: Reopened) -> list[str]:
    return [cell.value for cell in sheet[1]]


def under(sheet: Reopened, name: str) -> list[object]:
    column = heads(sheet).index(name) + 1
    return [row[0].value for row in sheet.iter_rows(2, min_col=column, max_col=column)]


def renamed(assessment, name):
    """The same county with one name everywhere where strangers type one."""
    units, facilities = assessment.units, assessment.facilities
    gaps = assessment.gaps.copy()
    gaps["priority_reasons"] = name
    standard = assessment.standard.model_copy(update={"excluded": {"gas": name}})
    config = assessment.config.model_copy(
        update={
            "zh": name,
            "notice_zh": name,
            "map": assessment.config.map.model_copy(update={"producer": name}),
        }
    )
    return dataclasses.replace(
        assessment,
        config=config,
        standard=standard,
        units=units.assign(name=name),
        facilities=facilities.assign(name=name, hours=name, source=name),
        gaps=gaps,
        run={"warnings": [name, f"{name}: {name} -> {name}"], "population_placed_by": {"a": name}},
    )


# --- what a reader finds ----------------------------------------------------------------------


def test_sheets_in_both_languages(book, demo, tmp_path):
    assert book.sheetnames == ZH
    assert reopened(demo, tmp_path, lang="en").sheetnames == EN


@pytest.mark.parametrize("name", TABLES)
def test_headings_stay_and_filter(book, name):
    sheet = book[name]
    rows, columns = sheet.max_row, sheet.max_column
    assert sheet.freeze_panes.endswith("2")
    assert sheet.auto_filter.ref == f"A1:{openpyxl.utils.get_column_letter(columns)}{rows}"
    assert sheet.print_title_rows == "$1:$1"
    assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
    assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert sheet.oddFooter.left.text == "内部工作用图，未经审核不得公开"


@pytest.mark.parametrize("name", TABLES)
def test_sheets_hold_their_tables(book, demo, name):
    table, sheet = as_shown(TABLES[name](demo), "zh"), book[name]
    if name == "设施清单":
        assert {*heads(sheet)} <= {*table.columns}
        table = table[heads(sheet)]
    assert heads(sheet) == [*table.columns]
    assert sheet.max_row == len(table) + 1
    for column in table.columns:
        found = under(sheet, column)
        if figures("zh")[column] in ("id", "text", "long"):
            expected = [None if pd.isna(value) else str(value) for value in table[column]]
            assert found == expected
        else:
            numbers = np.array([np.nan if value is None else value for value in found], float)
            np.testing.assert_allclose(numbers, table[column].to_numpy(float), rtol=1e-12)


def test_figures_are_numbers_with_their_formats(book):
    for name in TABLES:
        sheet = book[name]
        for cell in sheet[2]:
            kind = figures("zh")[heads(sheet)[cell.column - 1]]
            if kind in FORMATS and cell.value is not None:
                assert cell.data_type == "n"
                assert cell.number_format == FORMATS[kind], (name, cell.coordinate)


def test_the_overview_is_of_the_county(book, demo):
    cells = {cell.value: cell.row for cell in book["总览"]["A"]}
    row = cells["居民（各单元填报合计）"]
    assert book["总览"].cell(row, 2).value == 36838
    row = cells["城市社区15分钟生活圈"]
    score = demo.unit_scores.loc[("county", "urban_life_15"), "score"]
    assert book["总览"].cell(row, 4).value == math.floor(score * 10) / 10
    gaps = demo.gaps[demo.gaps["kind"] == "post"]
    assert book["总览"].cell(cells["邮政"], 2).value == len(gaps)
    assert book["总览"].cell(cells["邮政"], 3).value == round(gaps["persons"].sum())


def test_colours_say_the_same_everywhere(book):
    found = [
        rule.colorScale
        for name in ("总览", "分单元评价", "覆盖率")
        for rules in book[name].conditional_formatting
        for rule in rules.rules
    ]
    assert len(found) == 7  # score and share twice, and three shares of coverage
    assert len({tuple(colour.rgb for colour in scale.color) for scale in found}) == 1
    ends = {tuple(float(stop.val) for stop in scale.cfvo) for scale in found}
    assert ends == {(0.0, 50.0, 100.0), (0.0, 0.5, 1.0)}


def test_verdicts_are_marked_by_text_and_colour(book):
    sheet = book["计分卡"]
    column = heads(sheet).index("评价") + 1
    fills = {
        cell.value.partition("（")[0]: cell.fill.fgColor.rgb
        for (cell,) in sheet.iter_rows(2, min_col=column, max_col=column)
    }
    assert len({fills["达标"], fills["未达标"], fills["数据不足"]}) == 3
    assert fills["不评价"] == "00000000"  # not judged is no verdict


def test_links_lead_to_the_map_and_between_sheets(book, demo, tmp_path):
    gaps = book["缺口清单"]
    assert heads(gaps)[0] == "缺口编号"
    link = gaps["A2"].hyperlink
    assert (link.target, link.location) == ("map.html", f"gap={demo.gaps.index[0]}")
    unit = book["分单元评价"]["A2"].hyperlink
    assert (unit.target, unit.location) == ("map.html", "unit=7001")
    to_unit = gaps.cell(2, heads(gaps).index("单元") + 1)
    row = int(re.fullmatch(r"'分单元评价'!A(\d+)", to_unit.hyperlink.location)[1])
    assert book["分单元评价"].cell(row, 1).value == to_unit.value
    named = reopened(demo, tmp_path, map_name="地图.html")
    assert named["说明"]["A3"].hyperlink.target == "地图.html"


def test_properties_say_what_it_is(book, demo):
    found = book.properties
    assert found.title == "列支敦士登社区生活圈评估"
    assert found.description == "内部工作用图，未经审核不得公开"
    assert found.created.date() == dt.date.fromisoformat(demo.generated)


def test_the_same_assessment_gives_the_same_file(invented, tmp_path):
    one, two = (
        write_workbook(tmp_path / name, invented).read_bytes() for name in ("a.xlsx", "b.xlsx")
    )
    assert one == two


def test_nothing_is_cut_on_screen(book):
    """Columns are wide enough for numbers and for headings in three lines."""
    for name in TABLES:
        sheet = book[name]
        for cell in sheet[1]:
            width = sheet.column_dimensions[cell.column_letter].width
            lines = -(-workbook_cells.text_width(cell.value) // int(width))
            assert lines <= 3
            assert sheet.row_dimensions[1].height >= 14 * lines


# --- hostile and empty ------------------------------------------------------------------------


@cache
def small():
    return synthetic_assessment(across=40, facilities=12)


@settings(max_examples=12, deadline=None)
@given(
    name=st.sampled_from(HOSTILE)
    | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
)
@example(name=HOSTILE[0])
@example(name=HOSTILE[7])
@example(name=HOSTILE[-1])
@example(name=HOSTILE[-2])
def test_names_stay_text(name):
    with tempfile.TemporaryDirectory() as folder:
        path = write_workbook(f"{folder}/book.xlsx", renamed(small(), name))
        check_text(path, plain_text(name, "zh"))


def check_text(path, shown):
    with zipfile.ZipFile(path) as archive:
        sheets = [part for part in archive.namelist() if "/worksheets/sheet" in part]
        for part in sheets:
            assert b"<f>" not in archive.read(part)
        rels = b"".join(archive.read(p) for p in archive.namelist() if p.endswith(".rels"))
        external = re.findall(rb'Target="([^"]*)" TargetMode="External"', rels)
        assert {*external} == {b"map.html"}
    book = openpyxl.load_workbook(path)
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            assert all(cell.data_type != "f" for cell in row)
    # Excel reads _x0041_ as a letter, so it is written escaped, which openpyxl shows.
    shown = re.sub("(_x[0-9a-fA-F]{4}_)", r"_x005F\1", shown)
    found = under(book["设施清单"], "名称")
    assert set(found) == {shown if shown.strip() else found[0]}
    assert all(cell.data_type != "n" for cell in book["设施清单"]["A"][1:])


def test_names_that_look_like_numbers_are_no_numbers(invented, tmp_path):
    book = reopened(renamed(invented, "007"), tmp_path)
    assert {*under(book["设施清单"], "名称")} == {"007"}


def test_ids_become_part_of_links_only_encoded(invented, tmp_path):
    units = invented.units
    names = dict(zip(units.index, ["a b", 'x"#<', "村/1", "x" * 3000, "&=?", "6"], strict=True))
    county = dataclasses.replace(
        invented,
        units=units.rename(index=names),
        unit_scores=invented.unit_scores.rename(index=names, level="scope"),
        coverage=invented.coverage.rename(index=names, level="scope"),
        gaps=invented.gaps.assign(unit_id=invented.gaps["unit_id"].map(names)),
    )
    sheet = reopened(county, tmp_path)["分单元评价"]
    found = {
        row[-1].value: row[0].hyperlink.location if row[0].hyperlink else None
        for row in sheet.iter_rows(2)
    }
    assert found["a b"] == "unit=a%20b"
    assert found['x"#<'] == "unit=x%22%23%3C"
    assert found["村/1"] == "unit=%E6%9D%91%2F1"
    assert found["x" * 3000] is None  # longer than Excel takes


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_county_where_nothing_was_found(invented, tmp_path, lang):
    county = dataclasses.replace(
        invented,
        facilities=invented.facilities.iloc[:0],
        gaps=invented.gaps.iloc[:0],
        coverage=invented.coverage.iloc[:0],
        unit_scores=invented.unit_scores.iloc[:0],
    )
    book = reopened(county, tmp_path, lang=lang)
    names = texts("sheets", lang)
    for key in ("facilities", "gaps", "coverage", "scorecard"):
        assert book[names[key]]["A2"].value == texts("empty", lang)[key]
    assert len(under(book[names["units"]], heading("score", lang))) == len(invented.units)
    assert not any(under(book[names["units"]], heading("score", lang)))


def test_no_data_is_an_empty_cell_and_zero_is_zero(invented, tmp_path):
    facilities = invented.facilities.assign(capacity=[0.0] + [np.nan] * 39)
    table = reopened(dataclasses.replace(invented, facilities=facilities), tmp_path)["设施清单"]
    assert sorted(under(table, "容量"), key=str) == [0, *[None] * 39]


def test_what_has_no_records_is_said_in_words(invented, tmp_path):
    """No share, no colour of a share: the text says that there is no data."""
    some = invented.facilities[invented.facilities["kind"] != "post"]
    sheet = reopened(dataclasses.replace(invented, facilities=some), tmp_path)["覆盖率"]
    shares = under(sheet, heading("population_share", "zh"))
    post = [kind == "邮政" for kind in under(sheet, heading("kind", "zh"))]
    assert any(post)
    for share, silent in zip(shares, post, strict=True):
        assert (share == "– 无设施数据") == silent


def test_fewer_than_one_resident_is_no_zero(invented, tmp_path):
    gaps = invented.gaps.assign(persons=0.1)
    sheet = reopened(dataclasses.replace(invented, gaps=gaps), tmp_path)["缺口清单"]
    column = heads(sheet).index(heading("persons", "zh")) + 1
    cell = sheet.cell(2, column)
    assert (cell.value, cell.number_format) == (0.1, FORMATS["persons"])


def test_infinite_numbers_are_no_numbers(invented, tmp_path):
    scores = invented.unit_scores.assign(minutes_to_complete=np.inf)
    book = reopened(dataclasses.replace(invented, unit_scores=scores), tmp_path)
    assert not any(under(book["分单元评价"], heading("minutes_to_complete", "zh")))


# --- limits -----------------------------------------------------------------------------------


def test_a_sheet_that_is_full_says_so(invented, tmp_path, monkeypatch):
    monkeypatch.setattr(workbook_cells, "SHEET_ROWS", 20)
    sheet = reopened(invented, tmp_path)["设施清单"]
    assert sheet.max_row == 20
    assert sheet["A20"].value.startswith("共 40 行，本表只容纳前 18 行")
    assert sheet.auto_filter.ref.endswith("19")


def test_text_beyond_excels_limit_is_cut_with_a_mark():
    mark = texts("book", "zh")["cut_text"]
    assert plain_text("字" * CELL_TEXT, "zh") == "字" * CELL_TEXT
    cut = plain_text("字" * (CELL_TEXT + 1), "zh")
    assert cut.endswith(mark)
    assert len(cut) == CELL_TEXT
    # Excel counts an emoji as two; it is not cut in half.
    cut = plain_text("a" + "🏥" * 20_000, "zh")
    assert len(cut.encode("utf-16-le")) // 2 <= CELL_TEXT
    assert cut.removesuffix(mark).strip("a🏥") == ""


@given(st.text(st.characters()))
@example("\ud800\x00")
def test_what_a_cell_holds_can_be_written(text):
    shown = plain_text(text, "zh")
    shown.encode("utf-8")
    assert not re.search("[\x00-\x08\x0b-\x1f]", shown)


def test_links_stop_where_excel_stops(invented, tmp_path, monkeypatch):
    monkeypatch.setattr(workbook_cells, "LINKS", 3)
    sheet = reopened(invented, tmp_path)["缺口清单"]
    linked = [cell.hyperlink is not None for cell in sheet["A"][1:]]
    assert linked == [True] * 3 + [False] * (len(linked) - 3)


def test_a_large_table_is_plain(invented, tmp_path, monkeypatch):
    monkeypatch.setattr(workbook_cells, "_WRAPPED", 10)
    sheet = reopened(invented, tmp_path)["设施清单"]
    assert not sheet["A2"].alignment.wrap_text
    assert sheet["A2"].border.left.style is None
    column = heads(sheet).index(heading("lat", "zh")) + 1
    assert sheet.cell(2, column).number_format == FORMATS["degrees"]


def test_rows_are_as_high_as_their_text():
    assert row_height("一", 10) < row_height("一\n二", 10) == row_height("一二三四五六", 10)
    assert row_height("字" * 10_000, 10) == 409.0


def test_a_file_that_cannot_be_written_is_told(invented, tmp_path):
    (tmp_path / "book.xlsx").mkdir()
    with pytest.raises(OutputError, match="cannot be written"):
        write_workbook(tmp_path / "book.xlsx", invented)
    with pytest.raises(OutputError, match="cannot be written"):
        write_workbook(tmp_path / "nowhere" / "book.xlsx", invented)
    assert [path.name for path in tmp_path.iterdir()] == ["book.xlsx"]  # nothing is left behind


def test_units_stand_in_their_own_order(invented, tmp_path):
    mixed = invented.unit_scores.iloc[::-1]
    sheet = reopened(dataclasses.replace(invented, unit_scores=mixed), tmp_path)["分单元评价"]
    assert under(sheet, "单元编号") == invented.units.index.tolist()
