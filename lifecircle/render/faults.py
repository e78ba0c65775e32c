"""The faults of a county's inputs as one table: on screen, and as a workbook to hand back."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable
from itertools import chain, repeat
from pathlib import Path, PureWindowsPath
from typing import Final

import pandas as pd
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from lifecircle.errors import Fault, OutputError
from lifecircle.render.faultwords import catalogue, in_chinese
from lifecircle.render.tables.workbook_cells import plain_text
from lifecircle.sources.fields import fields_of
from lifecircle.standards import Lang

COLUMNS: Final = (
    "severity",
    "file",
    "sheet",
    "row",
    "column",
    "value",
    "what",
    "remedy",
    "place",
)
"""Columns of `fault_table`."""

# Heading and width in characters; the widths fit a landscape page.
_HEAD: Final = {
    "severity": ("级别", 7),
    "file": ("文件", 26),
    "sheet": ("工作表", 12),
    "row": ("行号", 8),
    "column": ("列名", 18),
    "value": ("填写内容", 24),
    "what": ("问题", 42),
    "remedy": ("修改办法", 46),
    "place": ("配置文件中的位置", 20),
}
_SEVERITY_ZH: Final = {"error": "错误", "warning": "提醒"}
_WORDS: Final[dict[str, dict[str, str]]] = {
    "zh": {
        "error": "错误",
        "warning": "提醒",
        "comma": "，",
        "colon": "：",
        "row": "第{row}行",
        "cell": "{row}“{value}”",
        "more": "等，另有{more}行",
        "line": "{severity}：{place}：{what}{rows}。{remedy}",
        "total": "共 {errors} 个错误，{warnings} 个提醒",
        "facilities": "{file}：采用 {rows} 条设施；各列读作：{columns}",
        "units": "{file}：社区（村）台账，共 {rows} 行；各列读作：{columns}",
        "unmapped": "{file}：类别“{word}”（{count} 条）不在类别表中，未采用",
    },
    "en": {
        "error": "error",
        "warning": "warning",
        "comma": ", ",
        "colon": ": ",
        "row": "row {row}",
        "cell": "{row} '{value}'",
        "more": " and {more} more",
        "line": "{severity}: {place}: {what}{rows} -> {remedy}",
        "total": "{errors} error{e}, {warnings} warning{w}",
        "facilities": "{file}: {rows} facilities read; columns: {columns}",
        "units": "{file}: a ledger of communities, {rows} rows; columns: {columns}",
        "unmapped": "{file}: category {word!r} ({count} rows) is no known kind and left out",
    },
}
_KEYED: Final = re.compile(r"(\[\[?[^\]]+\]\]?(?: \w+)?) (.+\.\w+)")  # [units] file 单元.gpkg
_WITHIN: Final = re.compile(r"(.+\.toml): (.+)")  # county.toml: [boundary]
_SUFFIX: Final = re.compile(r"[^\s.\]]\.\w{1,9}$")
_SHOWN: Final = 5  # rows that a line spells out
_HEAD_HEIGHT: Final = 24  # points
_SHEET_ROWS: Final = 1_048_575  # what Excel holds below a header


def fault_table(faults: Iterable[Fault], *, lang: Lang = "zh") -> pd.DataFrame:
    """Make one table of faults, one line for each row of a file that has one.

    Parameters
    ----------
    faults
        Faults of any files; one that names no row gives one line.
    lang
        Language of ``what`` and ``remedy``; a message without a Chinese text stays English.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`: errors before warnings, then in the order given, rows ascending; ``row``
        (Int64) as the spreadsheet counts, missing where a whole file is meant; ``place`` is where
        the county file names the file.

    Examples
    --------
    >>> fault = Fault("[facilities] files a.csv", "lon is missing", "give it", rows=(3, 7))
    >>> fault_table([fault], lang="en")[["file", "row", "what", "place"]]
        file  row            what               place
    0  a.csv    3  lon is missing  [facilities] files
    1  a.csv    7  lon is missing  [facilities] files
    """
    ordered = _ordered(faults, lang)
    size = [max(len(fault.rows), 1) for fault in ordered]

    def spread(values: Iterable[str]) -> list[str]:
        return list(chain.from_iterable(map(repeat, values, size)))

    located = [_file_and_place(fault.where, lang) for fault in ordered]
    rows: list[int | None] = [row for fault in ordered for row in fault.rows or (None,)]
    values = (fault.values or repeat("", count) for fault, count in zip(ordered, size, strict=True))
    table = pd.DataFrame(
        {
            "severity": spread(fault.severity for fault in ordered),
            "file": spread(file for file, _ in located),
            "sheet": spread(fault.sheet for fault in ordered),
            "row": pd.array(rows, dtype="Int64"),
            "column": spread(fault.column for fault in ordered),
            "value": list(chain.from_iterable(values)),
            "what": spread(fault.what for fault in ordered),
            "remedy": spread(fault.remedy for fault in ordered),
            "place": spread(place for _, place in located),
        },
        columns=list(COLUMNS),
    )
    number = pd.Series(range(len(ordered)), dtype="int64").repeat(size)
    order = table.assign(number=number.to_numpy()).sort_values(["number", "row"], kind="stable")
    return table.loc[order.index].reset_index(drop=True)


def _ordered(faults: Iterable[Fault], lang: Lang) -> list[Fault]:
    """Put errors before warnings, in the language asked for."""
    ordered = sorted(faults, key=lambda fault: fault.severity != "error")
    return [in_chinese(fault) for fault in ordered] if lang == "zh" else ordered


def _file_and_place(where: str, lang: Lang) -> tuple[str, str]:
    """Split what a fault calls its place into the file's own name and the county file's key."""
    place, file = "", where
    if keyed := _KEYED.fullmatch(where):
        place, file = keyed.groups()
    elif found := _WITHIN.fullmatch(where):
        file, place = found.groups()
    if _SUFFIX.search(file):
        path = PureWindowsPath(file)  # takes / and \\ alike
        # 长铺镇/台账.csv: where several files share a name, the path within the county tells.
        return path.as_posix() if keyed and not path.anchor else path.name, place
    return (catalogue().places.get(where, where) if lang == "zh" else where), ""


def fault_lines(faults: Iterable[Fault], *, lang: Lang = "zh", warnings: bool = True) -> list[str]:
    r"""Tell the faults line by line, each with its first rows, and how many there are.

    Parameters
    ----------
    faults
        Faults of any files.
    lang
        Language of the sentences.
    warnings
        Whether warnings are told beside the errors.

    Examples
    --------
    >>> fault = Fault("a.csv", "lon is missing", "give lon and lat", column="经度", rows=(3, 7))
    >>> print(*fault_lines([fault], lang="en"), sep="\n")
    error: a.csv, 经度: lon is missing: row 3, row 7 -> give lon and lat
    1 error, 0 warnings
    """
    words = _WORDS[lang]
    ordered = _ordered(faults, lang)
    lines = []
    for fault in ordered:
        if fault.severity == "error" or warnings:
            file = _file_and_place(fault.where, lang)[0] if lang == "zh" else fault.where
            where = (file, fault.sheet, fault.column)
            lines.append(
                words["line"].format(
                    severity=words[fault.severity],
                    place=words["comma"].join(part for part in where if part),
                    what=fault.what,
                    rows=f"{words['colon']}{_rows(fault, words)}" if fault.rows else "",
                    remedy=fault.remedy,
                )
            )
    errors = sum(fault.severity == "error" for fault in ordered)
    count = {"errors": errors, "warnings": len(ordered) - errors}
    plural = {key: "" if number == 1 else "s" for key, number in count.items()}
    total = words["total"].format(**count, e=plural["errors"], w=plural["warnings"])
    return [*lines, total]


def ledger_lines(ledgers: pd.DataFrame, unmapped: pd.DataFrame, *, lang: Lang = "zh") -> list[str]:
    """Tell how the ledgers' columns were read, and which categories are no known kind.

    Parameters
    ----------
    ledgers
        Columns ``file``, ``of``, ``rows``, ``columns``, as `lifecircle.checking.Check` has them.
    unmapped
        Columns ``file``, ``word``, ``count``.
    lang
        Language of the sentences.
    """
    words = _WORDS[lang]
    lines = [
        words[of].format(
            file=file, rows=rows, columns=_fields_zh(columns, of) if lang == "zh" else columns
        )
        for file, of, rows, columns in zip(
            ledgers["file"], ledgers["of"], ledgers["rows"], ledgers["columns"], strict=True
        )
    ]
    lines += [
        words["unmapped"].format(file=file, word=word, count=count)
        for file, word, count in zip(
            unmapped["file"], unmapped["word"], unmapped["count"], strict=True
        )
    ]
    return lines


def _fields_zh(columns: str, table: str) -> str:
    """Tell ``name = 机构全称, beds = 床位`` in Chinese, by the names of a table's fields."""
    fields = fields_of(table)
    pairs = [pair.partition(" = ") for pair in columns.split(", ")]
    return "，".join(
        f"{fields[field].zh if field in fields else field}←{column}" if column else field
        for field, _, column in pairs
    )


def _rows(fault: Fault, words: dict[str, str]) -> str:
    shown = [words["row"].format(row=row) for row in fault.rows[:_SHOWN]]
    if fault.values:
        cells = zip(shown, fault.values, strict=False)
        shown = [words["cell"].format(row=row, value=value) for row, value in cells]
    more = len(fault.rows) - len(shown)
    return words["comma"].join(shown) + (words["more"].format(more=more) if more else "")


def write_faults(faults: Iterable[Fault], path: str | Path) -> Path:
    """Write the faults as a workbook in Chinese, for the township that filled the ledger.

    Parameters
    ----------
    faults
        What was found.
    path
        The .xlsx file; one that is there is replaced, once the new one is whole.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".xlsx":
        raise OutputError(
            f"{path}: the table of faults is an Excel workbook -> name it .xlsx\n"
            f"{path}：问题清单是 Excel 工作簿，请将文件名的后缀改为 .xlsx"
        )
    table = fault_table(faults)
    table["severity"] = table["severity"].map(_SEVERITY_ZH)
    partial = path.with_name(f".{path.name}.writing")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(table, partial)
        partial.replace(path)
    except (OSError, xlsxwriter.exceptions.FileCreateError) as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise OutputError(
            f"{path}: cannot be written: {error} -> close it in other programs, and check that "
            "the folder is writable\n"
            f"{path}：无法写入，请关闭正在使用该文件的程序，并确认文件夹可以写入"
        ) from error
    return path


def _write(table: pd.DataFrame, path: Path) -> None:
    # Text is text: what a ledger holds never becomes a formula or a link.
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(path, options) as book:
        _summary(book, table)
        _list(book, table.head(_SHEET_ROWS))


def _looks(book: xlsxwriter.Workbook) -> dict[str, Format]:
    """Give the formats: head, text, centred text, errors and warnings."""
    plain = {"font_name": "微软雅黑", "font_size": 10, "valign": "top"}
    cell = plain | {"border": 1, "border_color": "#bfbfbf", "text_wrap": True}
    centred = cell | {"align": "center"}
    looks = {
        "head": centred
        | {"bold": True, "valign": "vcenter", "bg_color": "#1f4e79", "font_color": "#ffffff"},
        "title": plain | {"bold": True, "font_size": 14},
        "note": plain,
        "text": cell,
        "centred": centred,
        "错误": centred | {"bold": True, "font_color": "#9c0006", "bg_color": "#ffc7ce"},
        "提醒": centred | {"font_color": "#7f6000", "bg_color": "#fff2cc"},
    }
    return {name: book.add_format(look) for name, look in looks.items()}


def _list(book: xlsxwriter.Workbook, table: pd.DataFrame) -> None:
    looks = _looks(book)
    sheet = book.add_worksheet("问题清单")
    _page(sheet, head_row=0)
    sheet.freeze_panes(1, 0)
    sheet.set_row(0, _HEAD_HEIGHT)
    for column, (name, width) in enumerate(_HEAD.values()):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, name, looks["head"])
    for number, values in enumerate(table.itertuples(index=False), start=1):
        for column, value in enumerate(values):
            if value is pd.NA:
                sheet.write_blank(number, column, None, looks["centred"])
            elif isinstance(value, str):
                look = looks[value if column == 0 else "text"]
                sheet.write_string(number, column, plain_text(value, "zh"), look)
            else:
                sheet.write_number(number, column, int(value), looks["centred"])
    sheet.autofilter(0, 0, max(len(table), 1), len(_HEAD) - 1)


def _page(sheet: Worksheet, *, head_row: int) -> None:
    """Set a sheet up for A4, landscape, as wide as the page, the heading on every page."""
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(head_row)
    sheet.set_footer("&C第 &P 页，共 &N 页")


def _summary(book: xlsxwriter.Workbook, table: pd.DataFrame) -> None:
    looks = _looks(book)
    sheet = book.add_worksheet("汇总")
    _page(sheet, head_row=2)
    sheet.set_column(0, 0, 48)
    sheet.set_column(1, 2, 12)
    sheet.write_string(0, 0, "数据检查结果", looks["title"])
    sheet.set_row(2, _HEAD_HEIGHT)
    for column, name in enumerate(("文件", "错误", "提醒")):
        sheet.write_string(2, column, name, looks["head"])
    counts = pd.crosstab(table["file"], table["severity"])
    counts = counts.reindex(columns=list(_SEVERITY_ZH.values()), fill_value=0)
    counts = counts.sort_values(list(counts.columns), ascending=False, kind="stable")
    lines = [*counts.itertuples(), ("合计", *counts.sum())]
    for row, (file, *numbers) in enumerate(lines, start=3):
        sheet.write_string(row, 0, plain_text(file, "zh"), looks["text"])
        for column, number in enumerate(numbers, start=1):
            sheet.write_number(row, column, int(number), looks["centred"])
    told = [
        "表中数字是有问题的处数，逐条见“问题清单”。",
        "“错误”必须改正，否则该文件不能用于评估；“提醒”请核对，确认无误可不改。",
        "行号与 Excel 左侧的行号一致。请在原台账中修改后重新提交，不要在本表中修改。",
    ]
    if table.empty:
        told = ["没有发现问题。"]
    if len(table) > _SHEET_ROWS:
        told.append(f"问题共 {len(table)} 处，“问题清单”只列出前 {_SHEET_ROWS} 处。")
    for row, text in enumerate(told, start=4 + len(lines)):
        sheet.write_string(row, 0, text, looks["note"])
