"""From the cells of a sheet, or of a text file, to a table: header, merged cells, rows of notes.

Ledgers are made for the eye: a title, a line of units, merged cells, totals and signatures at the
end. Row numbers are those that a spreadsheet shows; nothing but blank rows is left out unsaid.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lifecircle.errors import Fault, TableError
from lifecircle.sources.fields import known_names, measured_in, normal_name, plain
from lifecircle.tables import first

_SEARCHED: Final = 20  # filled rows among which the header is looked for
_TOTAL: Final = re.compile(
    r"(?:合计|总计|小计|共计|累计|总数|汇总|合计数|total|subtotal|grandtotal|sum):?(?:\(.*)?"
)
_NOTE: Final = re.compile(
    r"(?:注|备注|附注|说明|填表说明|填报说明|填表人|填报人|制表人|制表|审核人|审核|复核人|复核|经办人|负责人|单位负责人|"
    r"统计负责人|分管领导|主管领导|联系人|联系电话|填表日期|填报日期|填报单位|填报时间|填表单位|制表单位|制表日期|上报单位|"
    r"单位\(盖章\)|单位盖章|盖章|日期|截止日期|数据来源|notes?|remarks?)"
)
_HEADING: Final = re.compile(r"(?:\([一二三四五六七八九十]+\)|[一二三四五六七八九十]+[、.])")
_COUNTING: Final = "甲乙丙丁戊己庚辛壬癸"


@dataclass(frozen=True)
class Grid:
    """The cells of one sheet from its first row and column on.

    Parameters
    ----------
    cells
        Text, or None where empty; rows x columns.
    label, sheet
        What messages call the file and the sheet.
    merged
        First row, first column, last row, last column of merged blocks, counted from 0.
    widths
        Of a text file, how many cells each row has; None for a sheet.
    """

    cells: NDArray[np.object_]
    label: str
    sheet: str = ""
    merged: Sequence[tuple[int, int, int, int]] = ()
    widths: NDArray[np.int64] | None = field(default=None)

    def fault(self, what: str, remedy: str, **details: Any) -> Fault:
        """Describe a fault of this sheet."""
        return Fault(self.label, what, remedy, sheet=self.sheet, **details)


def column_letters(number: int) -> str:
    """Name a column, counted from 0, as spreadsheets do.

    Examples
    --------
    >>> column_letters(0), column_letters(27)
    ('A', 'AB')
    """
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def best_header(cells: NDArray[np.object_], names: Collection[str]) -> tuple[int, int]:
    """Find the row that holds the most names of fields, and how many.

    Parameters
    ----------
    cells
        As in `Grid`.
    names
        Names that count, in normal form.

    Returns
    -------
    row, count
        Row counted from 0. If none holds a name, the first of the fullest rows, and 0; -1 if
        there is no filled row at all.

    Examples
    --------
    >>> title = ["养老机构台账", None]
    >>> best_header(np.array([title, ["名称", "床位"]], dtype=object), known_names())
    (1, 2)
    """
    filled = np.asarray(~pd.isna(cells))
    rows = np.flatnonzero(filled.any(axis=1))[:_SEARCHED]
    if not len(rows):
        return -1, 0
    hits = [_hits(cells[row], names) for row in rows]
    # Of rows with as many names the fullest: a title may be a name by chance.
    best = int(np.argmax(np.array(hits) * (cells.shape[1] + 1) + filled[rows].sum(axis=1)))
    return int(rows[best]), hits[best]


def table_of(
    grid: Grid, *, names: Collection[str] = (), header: int | None = None
) -> tuple[pd.DataFrame, list[Fault]]:
    """Make a table of text out of the cells of a sheet.

    Parameters
    ----------
    grid
        The cells.
    names
        Column names beside those of `lifecircle.sources.fields` by which the header is known.
    header
        Row of the header as a spreadsheet counts; by default the row, among the first 20 that are
        filled, with the most names of fields.

    Returns
    -------
    table
        Index ``row``, as a spreadsheet shows it; text columns, empty cells missing. Every cell of
        a merged block has the block's value. Two header rows are joined; a row of units goes into
        the brackets of the names.
    faults
        Rows longer than the header; as warnings, what is left out: totals, notes, headings,
        repeated headers, columns without a name.

    Raises
    ------
    TableError
        There is no filled row below the header.

    Examples
    --------
    >>> rows = [["台账", None], ["名称", "面积"], [None, "亩"], ["甲村", "2"], ["合计", "2"]]
    >>> table, faults = table_of(Grid(np.array(rows, dtype=object), "a.xlsx"))
    >>> table
         名称 面积(亩)
    row
    4    甲村     2
    >>> print(faults[0])
    a.xlsx: totals, notes and headings are not read: row 5 '合计' -> keep them out of the table
    """
    if not grid.cells.size:
        raise TableError([grid.fault("holds no row", "give a header and at least one row")])
    known = known_names() | {normal_name(name) for name in names}
    top = _header_row(grid, known, header)
    filled = np.asarray(~pd.isna(grid.cells))
    cells, wide = _fill_merged(grid)
    head, start = _head(cells, filled, top, known)
    body = np.zeros(len(cells), dtype=bool)
    body[start:] = filled[start:].any(axis=1)
    faults = []
    aside, told = _aside(cells, filled, body, wide)
    if told:
        what, remedy = "totals, notes and headings are not read", "keep them out of the table"
        faults.append(grid.fault(what, remedy, severity="warning", rows=aside, values=told))
        body[np.array(aside) - 1] = False
    repeated = _repeats_head(cells, filled, cells[top]) & body
    if repeated.any():
        again = tuple((np.flatnonzero(repeated) + 1).tolist())
        what, remedy = "the header is repeated within the table", "delete these rows"
        faults.append(grid.fault(what, remedy, severity="warning", rows=again))
        body &= ~repeated
    if not body.any():
        lines = "no row" if not filled.any() else "no row below its header"
        raise TableError([grid.fault(f"holds {lines}", "give a header and at least one row")])
    kept, wrong = _columns(grid, head, filled, body, top)
    names_of = _unique({number: head[number] for number in kept})
    rows = np.flatnonzero(body)
    table = pd.DataFrame(
        {name: pd.Series(cells[rows, number], dtype="str") for number, name in names_of.items()}
    )
    table.index = pd.Index(rows + 1, name="row")
    return table, [*faults, *wrong]


def _hits(row: NDArray[np.object_], names: Collection[str]) -> int:
    """Count the names of fields in a row; long text is no name, a merged title counts once."""
    found = {normal_name(cell) for cell in row if cell is not None and len(cell) < 40}
    return len(found & set(names))


def _header_row(grid: Grid, known: Collection[str], header: int | None) -> int:
    if header is None:
        return max(best_header(grid.cells, known)[0], 0)
    if header > len(grid.cells) or pd.isna(grid.cells[header - 1]).all():
        what = f"header = {header} names a row that is empty"
        raise TableError(grid.fault(what, "give the row of the column names"))
    return header - 1


def _fill_merged(grid: Grid) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """Give every cell of a block its value; and the rows that one block fills by more than half."""
    cells = grid.cells.copy()
    n, m = cells.shape
    wide = np.zeros(n, dtype=bool)
    for top, left, bottom, right in grid.merged:
        if top >= n or left >= m or cells[top, left] is None:
            continue
        cells[top : bottom + 1, left : right + 1] = cells[top, left]
        if top == bottom and right - left + 1 >= max(3, (m + 1) // 2):
            wide[top] = True
    return cells, wide


def _head(
    cells: NDArray[np.object_], filled: NDArray[np.bool_], top: int, known: Collection[str]
) -> tuple[list[str], int]:
    """Give the columns' names, and the first row below the header."""
    head = [_name(cell) for cell in cells[top]]
    start = top + 1
    for upper, lower in ((top, top + 1), (top - 1, top)):
        if upper < 0 or lower >= len(cells):
            continue
        joined = [_join(*pair, known) for pair in zip(cells[upper], cells[lower], strict=True)]
        if _is_head(cells[upper], cells[lower], joined, known) and (
            _count(joined, known) > _count(head, known)
        ):
            head, start = joined, lower + 1
    while start < len(cells) and _is_legend(cells[start], filled[start]):
        units = [measured_in(cell) for cell in cells[start]]
        head = [f"{name}({u})" if name and u else name for name, u in zip(head, units, strict=True)]
        start += 1
    return head, start


def _is_head(
    upper: NDArray[np.object_],
    lower: NDArray[np.object_],
    joined: list[str],
    known: Collection[str],
) -> bool:
    """Say whether a row continues the header: at least half of what it adds are names."""
    new = [
        normal_name(name) in known
        for over, under, name in zip(upper, lower, joined, strict=True)
        if under is not None and under != over
    ]
    return sum(new) * 2 >= len(new) > 0


def _name(cell: str | None) -> str:
    return "" if cell is None else re.sub(r"\s*\n\s*", "", cell).strip()


def _join(upper: str | None, lower: str | None, known: Collection[str]) -> str:
    """Name a column under two header rows: the lower word, or both where that is a field."""
    over, under = _name(upper), _name(lower)
    if not under or not over or over == under:
        return under or over
    both = [under, over + under, under + over]
    return next((name for name in both if normal_name(name) in known), over + under)


def _count(names: list[str], known: Collection[str]) -> int:
    return len({normal_name(name) for name in names} & set(known))


def _is_legend(row: NDArray[np.object_], filled: NDArray[np.bool_]) -> bool:
    """Say whether a row under the header numbers the columns or gives their units."""
    cells = [plain(cell) for cell in row[filled]]
    if not cells:
        return False
    if all(measured_in(cell) or cell in {"必填", "选填", "度", "文本", "-"} for cell in cells):
        return len(cells) > 1 or len(row) <= 3 or bool(measured_in(cells[0]))
    numbers = [cell for cell in cells if cell not in _COUNTING]
    counted = [cell.strip("()") for cell in numbers]
    return (
        len(cells) >= 4
        and len(counted) >= 2
        and counted in ([str(i + 1 + skip) for i in range(len(counted))] for skip in range(4))
    )


def _aside(
    cells: NDArray[np.object_],
    filled: NDArray[np.bool_],
    body: NDArray[np.bool_],
    wide: NDArray[np.bool_],
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Find rows of totals, notes and headings: their numbers as people count, and what they say."""
    rows = np.flatnonzero(body)
    firsts = cells[rows, np.argmax(filled[rows], axis=1)]
    # Few cells begin so; only these are looked at one by one.
    short = pd.Series(firsts, dtype="str").str.replace(r"\s+", "", regex=True)
    short = short.str.normalize("NFKC").str.casefold()
    total = short.str.fullmatch(_TOTAL.pattern).to_numpy(bool)
    count = filled[rows].sum(axis=1)
    note = short.str.match(_NOTE.pattern).to_numpy(bool)
    colon = short.str.match(_NOTE.pattern + ":").to_numpy(bool)
    heading = short.str.match(_HEADING.pattern).to_numpy(bool) & (count == 1)
    aside = total | colon | (note & (count == 1)) | heading | (wide[rows] & (count == 1))
    return tuple((rows[aside] + 1).tolist()), tuple(firsts[aside].tolist())


def _repeats_head(
    cells: NDArray[np.object_], filled: NDArray[np.bool_], head: NDArray[np.object_]
) -> NDArray[np.bool_]:
    named = ~pd.isna(head)
    same = ((cells == head) & filled & named).sum(axis=1)
    return np.asarray((same >= 2) & (same * 2 >= filled.sum(axis=1)))


def _columns(
    grid: Grid, head: list[str], filled: NDArray[np.bool_], body: NDArray[np.bool_], top: int
) -> tuple[list[int], list[Fault]]:
    """Choose the columns that have a name, and tell of cells outside them."""
    faults = []
    width = len(head) if grid.widths is None else int(grid.widths[top])
    long = filled[:, width:].any(axis=1) & body
    if long.any():
        rows = tuple((np.flatnonzero(long) + 1).tolist())
        what, remedy = "more cells than the header has", "quote cells that hold the separator"
        faults.append(grid.fault(what, remedy, rows=rows))
    nameless = [c for c in range(width) if not head[c] and filled[body, c].any()]
    if nameless:
        told = first([column_letters(c) for c in nameless])
        what, remedy = f"columns without a name are not read: {told}", "name or empty them"
        faults.append(grid.fault(what, remedy, severity="warning"))
    return [c for c in range(width) if head[c]], faults


def _unique(names: dict[int, str]) -> dict[int, str]:
    """Tell columns of one name apart by their letter: ``名称 (C)``."""
    seen: set[str] = set()
    unique = {}
    for number, name in names.items():
        unique[number] = f"{name} ({column_letters(number)})" if name in seen else name
        seen.add(unique[number])
    return unique
