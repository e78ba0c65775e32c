"""Empty ledgers for townships and bureaus: drop-down lists, checked numbers, a guide in Chinese."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final, Literal

import pandas as pd
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from lifecircle.sources.fields import Field, fields_of
from lifecircle.standards import shared_kinds

FILL_SHEET: Final = "填写"
GUIDE_SHEET: Final = "填表说明"
LIST_SHEET: Final = "选项"

ROWS: Final = 5000
"""Rows of a template that have lists and checks, the header apart."""

_FONT: Final = "微软雅黑"
_GROUPS_ZH: Final = {"utility": "公用设施", "commerce": "便民商业", "public": "公共服务"}
_STATUS_ZH: Final = ("在用", "闲置", "在建", "停用")
_YES_ZH: Final = ("是", "否")
_CAPACITY_ZH: Final = ("张", "人", "托位", "学位", "医生", "车位")
# Longitudes and latitudes of China, rounded outward.
_DEGREES: Final = {"lon": (73, 136), "lat": (3, 54)}
_DEGREES_ABROAD: Final = {"lon": (-180, 180), "lat": (-90, 90)}
_YEARS: Final = (1900, 2100)
_TITLE_MAX: Final = 32  # of a prompt's title in Excel
_MESSAGE_MAX: Final = 255  # of a prompt in Excel

Ledger = Literal["facilities", "units"]
Bounds = Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class Group:
    """Columns that stand together, under one colour."""

    title: str
    color: str
    fields: tuple[str, ...]


@cache
def file_name(ledger: Ledger) -> str:
    """Give the file name of a template.

    Examples
    --------
    >>> file_name("facilities")
    '设施台账.xlsx'
    """
    return str(_words()[ledger]["file"])


def groups_of(ledger: Ledger) -> list[Group]:
    """Give the columns of a template by group, in their order.

    Parameters
    ----------
    ledger
        ``"facilities"`` or ``"units"``.

    Returns
    -------
    list of Group
        Every field that a template shows and a ledger's reader reads, once; those that no group
        names come last.

    Examples
    --------
    >>> [group.title for group in groups_of("facilities")]
    ['基本信息', '位置', '规模', '开放与权属']
    """
    unread = _words()[ledger].get("unread", [])
    shown = [k for k, field in fields_of(ledger).items() if field.template and k not in unread]
    groups, left = [], dict.fromkeys(shown)
    for entry in _words()[ledger]["groups"]:
        keys = tuple(key for key in entry["fields"] if key in left)
        groups.append(Group(entry["title"], entry["color"], keys))
        left = {key: None for key in left if key not in keys}
    if left:
        other = _words()["other"]
        groups.append(Group(other["title"], other["color"], tuple(left)))
    return [group for group in groups if group.fields]


def write_ledger(
    path: Path, ledger: Ledger, *, abroad: bool = False, units: pd.DataFrame | None = None
) -> None:
    """Write an empty ledger as a workbook of three sheets.

    Parameters
    ----------
    path
        The file, ``.xlsx``.
    ledger
        ``"facilities"``: one row per facility; ``"units"``: one row per community or village.
    abroad
        Whether coordinates outside China are in order.
    units
        Per `lifecircle.tables.UNITS` (geometry is not needed). Their names become a list; the
        ledger of communities has a row for each, with what is known.

    Notes
    -----
    The sheet 填写 has one header row and nothing else, so that a program reads it as it stands.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "设施台账.xlsx"
    >>> write_ledger(path, "facilities")
    >>> pd.read_excel(path, sheet_name="填写", engine="calamine").columns[1:3].tolist()
    ['类别', '名称']
    """
    lists = _lists(ledger, units)
    bounds = _DEGREES_ABROAD if abroad else _DEGREES
    options: dict[str, Any] = {"strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        _write_fill(book, ledger, lists, bounds, units)
        _write_guide(book, ledger, lists, bounds)
        _write_lists(book, lists)


def _write_fill(
    book: Workbook,
    ledger: Ledger,
    lists: Mapping[str, Sequence[str]],
    bounds: Bounds,
    units: pd.DataFrame | None,
) -> None:
    sheet = book.add_worksheet(FILL_SHEET)
    fields, at = fields_of(ledger), 0
    for group in groups_of(ledger):
        for key in group.fields:
            field = fields[key]
            sheet.write_string(0, at, field.zh, _head(book, group.color, required=field.required))
            sheet.write_comment(0, at, _remark(group, field), {"x_scale": 1.6, "y_scale": 1.2})
            sheet.set_column(at, at, _width(key, field), _body(book, key, field))
            rule = _rule(key, field, lists, bounds)
            sheet.data_validation(1, at, ROWS, at, rule | _prompt(field))
            at += 1
    columns = [key for group in groups_of(ledger) for key in group.fields]
    sheet.set_row(0, 34)
    sheet.freeze_panes(1, columns.index("name") + 1)
    sheet.ignore_errors({"number_stored_as_text": f"A2:{xl_col_to_name(at - 1)}{ROWS + 1}"})
    sheet.set_landscape()
    sheet.set_paper(8)  # A3
    sheet.repeat_rows(0)
    sheet.fit_to_pages(1, 0)
    if ledger == "units" and units is not None:
        _fill_units(sheet, columns, units)


def _fill_units(sheet: Worksheet, columns: Sequence[str], units: pd.DataFrame) -> None:
    table = units.reset_index()
    for at, key in enumerate(columns):
        if key not in table.columns:
            continue
        for row, value in enumerate(table[key].tolist(), start=1):
            if isinstance(value, str):
                sheet.write_string(row, at, value)
            elif value is not None and math.isfinite(value):
                sheet.write_number(row, at, value)


def _rule(
    key: str, field: Field, lists: Mapping[str, Sequence[str]], bounds: Bounds
) -> dict[str, Any]:
    """Give what a column takes, as xlsxwriter's ``data_validation`` wants it."""
    chosen = _list_of(key, field, lists)
    if chosen:
        column = xl_col_to_name(list(lists).index(chosen))
        # A word of the township's own may be right: it is asked about, not refused.
        asked = chosen in ("类别", "能力单位", "社区（村）")
        return {
            "validate": "list",
            "source": f"='{LIST_SHEET}'!${column}$2:${column}${len(lists[chosen]) + 1}",
            "error_type": "warning" if asked else "stop",
            "error_title": "不在列表中",
            "error_message": f"“{field.zh}”请从下拉列表中选择。"
            + ("确实没有合适的，可以保留自己的写法。" if asked else "不清楚的请留空。"),
        }
    if key in bounds:
        low, high = bounds[key]
        return _between("decimal", low, high, f"{field.zh}是十进制度，应在 {low} 到 {high} 之间。")
    if field.measure == "year":
        low, high = _YEARS
        return _between("integer", low, high, f"{field.zh}请填四位年份，如 {field.example}。")
    if field.measure and key != "capacity":  # a capacity may bear its unit: 50张
        kind = "integer" if field.measure == "count" else "decimal"
        told = "整数" if kind == "integer" else "数字"
        return {
            "validate": kind,
            "criteria": ">=",
            "value": 0,
            "error_title": "请填数字",
            "error_message": f"“{field.zh}”请填不小于 0 的{told}，不带单位；不清楚的请留空。",
        }
    return {"validate": "any"}


def _between(kind: str, low: int, high: int, message: str) -> dict[str, Any]:
    return {
        "validate": kind,
        "criteria": "between",
        "minimum": low,
        "maximum": high,
        "error_title": "超出范围",
        "error_message": message,
    }


def _prompt(field: Field) -> dict[str, str]:
    must = "必填。" if field.required else ""
    return {
        "input_title": field.zh[:_TITLE_MAX],
        "input_message": f"{must}{field.help_zh}"[:_MESSAGE_MAX],
    }


def _list_of(key: str, field: Field, lists: Mapping[str, Sequence[str]]) -> str:
    """Name the list that a column draws from; empty where it takes what is written."""
    named = {
        "kind": "类别",
        "status": "状态",
        "capacity_unit": "能力单位",
        "unit_id": "社区（村）",
    }
    name = "是否" if field.measure == "yes" else named.get(key, "")
    return name if name in lists else ""


def _lists(ledger: Ledger, units: pd.DataFrame | None) -> dict[str, list[str]]:
    if ledger == "units":
        return {"是否": [*_YES_ZH]}
    kinds = [k for group in _GROUPS_ZH for k in shared_kinds().values() if k.group == group]
    lists = {
        "类别": [kind.zh for kind in kinds],
        "类别所属": [_GROUPS_ZH[kind.group] for kind in kinds],  # for the eye
        "状态": [*_STATUS_ZH],
        "能力单位": [*_CAPACITY_ZH],
    }
    if units is not None and len(units):
        names = units["name"].tolist()
        unique = len(set(names)) == len(names) and all(isinstance(name, str) for name in names)
        lists["社区（村）"] = names if unique else [str(code) for code in units.index]
    return lists


def _write_lists(book: Workbook, lists: Mapping[str, Sequence[str]]) -> None:
    """Write one list per column, in their order: `_rule` counts on it."""
    sheet = book.add_worksheet(LIST_SHEET)
    head, text = _head(book, "#444444", required=True), _text(book)
    for at, (name, words) in enumerate(lists.items()):
        sheet.set_column(at, at, 24)
        sheet.write_string(0, at, name, head)
        for row, word in enumerate(words, start=1):
            sheet.write_string(row, at, word, text)
    sheet.freeze_panes(1, 0)


def _write_guide(
    book: Workbook, ledger: Ledger, lists: Mapping[str, Sequence[str]], bounds: Bounds
) -> None:
    sheet = book.add_worksheet(GUIDE_SHEET)
    sheet.hide_gridlines(2)
    for column, width in enumerate((30, 18, 46, 34, 30)):
        sheet.set_column(column, column, width)
    words = _words()[ledger]
    title = _style(book, bold=True, font_size=16)
    sheet.write_string(0, 0, f"{words['title']}填表说明（{words['row']}）", title)
    row = _write_lines(book, sheet, 2, "先看这里", words["intro"])
    row = _write_table(book, sheet, row, "各列怎么填", _field_table(ledger, lists, bounds))
    for section in _words()["guide"]:
        if ledger not in section["for"]:
            continue
        if "table" in section:
            row = _write_table(book, sheet, row, section["title"], section["table"])
            row = _write_lines(book, sheet, row - 1, "", section["lines"])
        else:
            row = _write_lines(book, sheet, row, section["title"], section["lines"])
    row = _write_table(book, sheet, row, "填报信息（请填写）", _sender(ledger))
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)


def _field_table(
    ledger: Ledger, lists: Mapping[str, Sequence[str]], bounds: Bounds
) -> list[list[str]]:
    rows = [["列名", "是否必填", "说明", "可以填什么", "示例（虚构）"]]
    fields = fields_of(ledger)
    for group in groups_of(ledger):
        for key in group.fields:
            field = fields[key]
            must = "必填" if field.required else ""
            rows.append(
                [field.zh, must, field.help_zh, _takes(key, field, lists, bounds), field.example]
            )
    return rows


def _takes(key: str, field: Field, lists: Mapping[str, Sequence[str]], bounds: Bounds) -> str:
    chosen = _list_of(key, field, lists)
    if chosen:
        words = lists[chosen]
        return "、".join(words) if len(words) < 10 else f"下拉列表，见“{LIST_SHEET}”一页"
    if key in bounds:
        return "{} 到 {} 的数字".format(*bounds[key])
    if key == "capacity":
        return "数字，可带单位"
    told = {"": "文字", "year": "四位年份", "count": "不小于 0 的整数"}
    return told.get(field.measure, "不小于 0 的数字")


def _sender(ledger: Ledger) -> list[list[str]]:
    items = ["填报单位", "填报人", "联系电话", "数据截止日期"]
    if ledger == "facilities":
        items.insert(3, "坐标系（见上）")
    return [["项目", "填写"], *([item, ""] for item in items)]


def _write_lines(
    book: Workbook, sheet: Worksheet, row: int, title: str, lines: Sequence[str]
) -> int:
    if title:
        sheet.write_string(row, 0, title, _style(book, bold=True, font_size=12))
        row += 1
    for line in lines:
        sheet.write_string(row, 0, f"· {line}", _style(book))
        row += 1
    return row + 1


def _write_table(
    book: Workbook, sheet: Worksheet, row: int, title: str, table: Sequence[Sequence[str]]
) -> int:
    sheet.write_string(row, 0, title, _style(book, bold=True, font_size=12))
    head, text = _head(book, "#444444", required=True), _text(book)
    for number, cells in enumerate(table, start=1):
        for at, cell in enumerate(cells):
            style = head if number == 1 else text
            if cell:
                sheet.write_string(row + number, at, cell, style)
            else:
                sheet.write_blank(row + number, at, None, style)
    return row + len(table) + 2


def _remark(group: Group, field: Field) -> str:
    must = "必填" if field.required else "选填"
    return f"【{group.title}】{must}\n{field.help_zh}\n例：{field.example}"


def _width(key: str, field: Field) -> float:
    wide = {"name": 26, "address": 32, "hours": 28, "owner": 26, "unit_id": 20, "kind": 18}
    # A Chinese character is two digits wide.
    return max(wide.get(key, 11), min(2.0 * len(field.zh) + 2, 24))


def _body(book: Workbook, key: str, field: Field) -> Format:
    """Give a column its number format: text for words, so that codes keep their digits."""
    if key in _DEGREES:
        return _style(book, num_format="0.000000")
    if field.measure in ("", "yes") or key == "capacity":
        return _style(book, num_format="@")
    return _style(book, num_format="0" if field.measure in ("year", "count") else "0.##")


def _head(book: Workbook, color: str, *, required: bool) -> Format:
    return _style(
        book,
        bold=required,
        font_color="#FFFFFF" if required else "#1A1A1A",
        bg_color=color if required else _pale(color),
        align="center",
        text_wrap=True,
        border=1,
        border_color="#BFBFBF",
    )


def _text(book: Workbook) -> Format:
    return _style(book, text_wrap=True, border=1, border_color="#BFBFBF", num_format="@")


def _style(book: Workbook, **properties: Any) -> Format:
    base = {"font_name": _FONT, "font_size": 10, "valign": "vcenter"}
    return book.add_format({**base, **properties})


def _pale(color: str) -> str:
    """Mix a colour with four parts of white."""
    parts = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{round(0.2 * part + 0.8 * 255):02X}" for part in parts)


@cache
def _words() -> dict[str, Any]:
    text = (resources.files(__package__) / "ledgers.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
