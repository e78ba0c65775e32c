"""Sheets of workbooks as tables: headers found, merged cells filled, numbers kept exact."""

import datetime as dt
import zipfile

import numpy as np
import openpyxl
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from lifecircle.config import Dataset, Ledger
from lifecircle.errors import DataWarning, InputError, MissingFileError
from lifecircle.sources.sheet import Grid, column_letters, table_of
from lifecircle.sources.vector import read_table
from lifecircle.sources.workbook import is_workbook, read_sheet

WHERE = "file"


@pytest.fixture
def write(tmp_path):
    def make(rows, merged=(), name="台账"):
        path = tmp_path / "a.xlsx"
        with xlsxwriter.Workbook(path) as book:
            dates = book.add_format({"num_format": "yyyy-mm-dd"})
            sheet = book.add_worksheet(name)
            for y, row in enumerate(rows):
                for x, value in enumerate(row):
                    if isinstance(value, dt.date):
                        sheet.write_datetime(y, x, value, dates)
                    elif value is not None:
                        sheet.write(y, x, value)
            for block in merged:
                sheet.merge_range(*block)
        return path

    return make


def test_what_townships_send(write):
    path = write(
        [
            [],
            [None, "填报单位：民政局"],
            [],
            ["编号", "名称", "乡镇", "坐标", None, "面积"],
            [None, None, None, "经度", "纬度", None],
            [None, None, None, "度", "度", "亩"],
            [430527001001, "甲", None, 110.5, 26.5, 2],
            [430527001002, "乙", None, 110.25, 26.25, 3.5],
            [],
            [430527001003, "丙", "寨市乡", 110.1, 26.1, None],
            ["合计", None, None, None, None, 5.5],
            ["填表人：张三"],
        ],
        merged=[
            (0, 0, 0, 5, "绥宁县台账"),
            (3, 3, 3, 4, "坐标"),
            (3, 0, 4, 0, "编号"),
            (6, 2, 7, 2, "长铺镇"),
        ],
    )
    told = r"totals, notes and headings are not read: row 11 '合计', row 12 '填表人：张三'"
    with pytest.warns(DataWarning, match=told):
        table = read_sheet(Dataset(path=path), where=WHERE)
    assert table.columns.tolist() == ["编号", "名称", "乡镇", "经度", "纬度", "面积(亩)"]
    assert table.index.tolist() == [7, 8, 10]
    assert table["编号"].tolist() == ["430527001001", "430527001002", "430527001003"]
    assert table["乡镇"].tolist() == ["长铺镇", "长铺镇", "寨市乡"]
    assert table["面积(亩)"].tolist()[:2] == ["2", "3.5"]
    assert table.attrs["sheet"] == "台账"


def test_values_are_written_in_full(write):
    day = dt.date(2020, 5, 1)
    cells = [430527198001011, 0.1, 110.123456789012, True, day, "007", -5, 1e-7]
    table = read_sheet(Dataset(path=write([["名称", *"bcdefgh"], cells])), where=WHERE)
    assert table.loc[2].tolist() == [
        *("430527198001011", "0.1", "110.123456789012", "TRUE", "2020-05-01", "007", "-5", "1e-07"),
    ]


@given(st.lists(st.integers(-(10**15) + 1, 10**15 - 1) | st.floats(-1e9, 1e9), min_size=1))
def test_numbers_come_back_exactly(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("numbers") / "a.xlsx"
    book = openpyxl.Workbook()
    book.active.append(["名称", "人口"])
    for value in values:
        book.active.append(["x", value])
    book.save(path)
    table = read_sheet(Dataset(path=path), where=WHERE)
    expected = [float(f"{value:.16g}") for value in values]  # as openpyxl writes them
    assert table["人口"].astype(float).tolist() == expected


def test_times_and_durations(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["名称", "开放时间", "时刻", "时长"])
    moment = dt.datetime(2020, 5, 1, 8, 30)  # noqa: DTZ001
    book.active.append(["x", dt.time(8, 30), moment, dt.timedelta(hours=30)])
    book.save(tmp_path / "a.xlsx")
    table = read_sheet(Dataset(path=tmp_path / "a.xlsx"), where=WHERE)
    assert table.loc[2].tolist() == ["x", "08:30", "2020-05-01 08:30:00", "30:00"]


def test_errors_and_uncomputed_formulas_are_named(tmp_path):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["名称", "人口", "面积"])
        sheet.write_formula("A2", '="甲"', None, "甲")
        sheet.write_formula("B2", "=1/0", None, "#DIV/0!")
        sheet.write_formula("C2", '=""', None, "")
        sheet.write_formula("B3", "=2*21", None, 42)
    table = read_sheet(Dataset(path=path), where=WHERE)
    assert table["人口"].tolist() == ["#DIV/0!", "42"]
    book = openpyxl.Workbook()
    book.active.append(["名称", "人口"])
    book.active.append(["甲", "=SUM(C1:C9)"])
    book.save(path)
    assert read_sheet(Dataset(path=path), where=WHERE)["人口"].tolist() == ["=SUM(C1:C9)"]


def test_a_named_header_row(write):
    path = write([["名称", "人口"], ["甲方说法", "乙方说法"], ["张三", "李四"]])
    table = read_sheet(Ledger(path=path, header=2), where=WHERE)
    assert table.columns.tolist() == ["甲方说法", "乙方说法"]
    assert table.index.tolist() == [3]


def test_declared_names_find_the_header(write):
    path = write([["title"], ["机构全名", "数"], ["甲", 1]])
    ledger = Ledger(path=path, columns={"name": "机构全名", "capacity": "数"})
    assert read_sheet(ledger, where=WHERE).index.tolist() == [3]
    assert read_sheet(Dataset(path=path), where=WHERE, names=["数"]).index.tolist() == [3]


def test_sheets_are_chosen_or_listed(tmp_path):
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    book.active.title = "填表说明"
    book.active.append(["名称", "类别"])
    book.active.append(["请填写全称", "从列表选"])
    for title in ("设施", "村"):
        sheet = book.create_sheet(title)
        sheet.append(["名称", "类别"])
        sheet.append([title, "x"])
    book.save(path)
    with pytest.raises(InputError, match=r'with data: 设施, 村 -> name one: sheet = "设施"'):
        read_sheet(Dataset(path=path), where=WHERE)
    assert read_sheet(Dataset(path=path, sheet=" 村 "), where=WHERE)["名称"].tolist() == ["村"]
    book["村"].sheet_state = "hidden"
    book.save(path)
    with pytest.warns(DataWarning, match="hidden sheets with data are not read: 村"):
        assert read_sheet(Dataset(path=path), where=WHERE)["名称"].tolist() == ["设施"]
    assert read_table(Dataset(path=path, layer="村"), where=WHERE)["名称"].tolist() == ["村"]


def test_a_stray_cell_far_away_is_refused(tmp_path):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["名称", "类别"])
        sheet.write("XFD1048576", "x")
    with pytest.raises(InputError, match=r"cells far off its table \(column 16384, row 1048576\)"):
        read_sheet(Dataset(path=path), where=WHERE)


def ods(path, rows, *, key=False):
    """Write the least that is an OpenDocument sheet."""
    cells = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="float" office:value="{value}"/>'
            if isinstance(value, float)
            else '<table:table-cell office:value-type="string">'
            f"<text:p>{value}</text:p></table:table-cell>"
            for value in row
        )
        + "</table:table-row>"
        for row in rows
    )
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    content = (
        f"<office:document-content {spaces}><office:body><office:spreadsheet>"
        f'<table:table table:name="Sheet1">{cells}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    entry = '<manifest:file-entry manifest:full-path="content.xml">{}</manifest:file-entry>'
    locked = '<manifest:encryption-data manifest:checksum="x"/>' if key else ""
    space = 'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"'
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr(
            "META-INF/manifest.xml",
            f"<manifest:manifest {space}>{entry.format(locked)}</manifest:manifest>",
        )
    return path


def test_an_opendocument_sheet(tmp_path):
    path = ods(tmp_path / "a.ods", [["台账"], ["名称", "人口"], ["甲", 430527001001.0]])
    table = read_sheet(Dataset(path=path), where=WHERE)
    assert table.loc[3].tolist() == ["甲", "430527001001"]


def test_a_password(tmp_path):
    path = ods(tmp_path / "a.ods", [["名称"], ["甲"]], key=True)
    with pytest.raises(InputError, match="is protected by a password -> remove the password"):
        read_sheet(Dataset(path=path), where=WHERE)
    locked = tmp_path / "a.xlsx"
    locked.write_bytes(b"\xd0\xcf\x11\xe0" + bytes(600) + "EncryptedPackage".encode("utf-16-le"))
    with pytest.raises(InputError, match="is protected by a password"):
        read_sheet(Dataset(path=locked), where=WHERE)


def test_a_workbook_is_known_by_its_first_bytes(write, tmp_path):
    path = write([["名称", "人口"], ["甲", 1]])
    renamed = tmp_path / "a.csv"
    renamed.write_bytes(path.read_bytes())
    assert is_workbook(renamed)
    assert read_table(Dataset(path=renamed), where=WHERE)["人口"].tolist() == ["1"]
    old = tmp_path / "a.xls"
    old.write_bytes(path.read_bytes())
    assert len(read_sheet(Dataset(path=old), where=WHERE)) == 1


def test_what_is_not_there(tmp_path):
    with pytest.raises(MissingFileError, match="there is no file"):
        read_sheet(Dataset(path=tmp_path / "a.xlsx"), where=WHERE)


def grid(*rows, **fields):
    width = max(len(row) for row in rows)
    cells = np.array([[*row, *[None] * (width - len(row))] for row in rows], dtype=object)
    return Grid(cells, "a", **fields)


def test_a_header_of_unknown_names_is_the_first_of_the_fullest_rows():
    table, _ = table_of(grid(["台账"], ["甲", "乙"], ["1", "2"]))
    assert table.columns.tolist() == ["甲", "乙"]


def test_names_that_repeat_are_told_apart_by_their_letters():
    table, _ = table_of(grid(["名称", "备注", "备注"], ["a", "b", "c"]))
    assert table.columns.tolist() == ["名称", "备注", "备注 (C)"]


def test_a_tick_in_the_first_row_is_no_header():
    table, _ = table_of(grid(["名称", "人口", "备注"], ["甲", "1", "x"], ["乙", "2", "X"]))
    assert table["备注"].tolist() == ["x", "X"]


def test_letters_of_columns():
    assert [column_letters(n) for n in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]


@given(st.integers(0, 30), st.integers(0, 30))
def test_blank_rows_and_columns_change_nothing_but_the_numbers(above, left):
    blank = [[None]] * above
    rows = [[*[None] * left, *row] for row in (["名称", "人口"], ["甲", "1"], ["乙", "2"])]
    table, faults = table_of(grid(*blank, *rows))
    assert not faults
    assert table.index.tolist() == [above + 2, above + 3]
    assert table.to_numpy().tolist() == [["甲", "1"], ["乙", "2"]]
