"""Attributes of facilities in ledgers: numbers with units, years, states, capacity, hours."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd

from lifecircle.errors import Fault, Severity
from lifecircle.sources.fields import (
    capacity_units,
    fields_of,
    measure,
    own_unit,
    plain,
    scale_of,
    unit_of,
)
from lifecircle.sources.hours import hours_per_day
from lifecircle.sources.states import state_of

MISSING: Final = frozenset(
    [
        *(
            "",
            "-",
            "--",
            "---",
            "—",
            "——",
            "/",
            "\\",
            "?",
            "n/a",
            "na",
            "null",
            "none",
            "nan",
            "nil",
        ),
        *(
            "无",
            "暂无",
            "没有",
            "不详",
            "未知",
            "不清楚",
            "未统计",
            "未填",
            "待定",
            "待补",
            "空",
            "unknown",
        ),
    ]
)
"""What stands in a cell, in plain form, for a number that is not known."""

_ABOUT: Final = re.compile(r"^(?:大约|约为|约|大概|~|≈)|(?:左右)$")
_NUMBER: Final = re.compile(r"([+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?(?:e[+-]?\d{1,3})?)(.*)")
_SPOILT: Final = re.compile(
    r"#(?:n/a|ref!|div/0!|value!|name\?|num!|null!|spill!|calc!|getting_data|n/a!)", re.IGNORECASE
)
_FIRST_YEAR: Final = 1850
_TIME: Final = (
    r"(?:t?(?:[上下]午)?\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?(?:am|pm|z)?)?"  # blanks are gone
)
_YEAR: Final = re.compile(
    rf"(\d{{4}})(?:年?|年\d{{1,2}}月?(?:\d{{1,2}}日?{_TIME})?|\d\d(?:\d\d)?"
    rf"|[-/.]\d{{1,2}}(?:[-/.]\d{{1,2}})?{_TIME})(?:建成|竣工|建|投用)?"
)
_COUNTED: Final = ("beds", "places", "doctors", "parking_spaces", "persons")


@dataclass(frozen=True)
class Ledgered:
    """A ledger as text: its table, which column holds which field, and what messages call it.

    Parameters
    ----------
    table
        Index ``row``; text columns.
    fields
        Field -> column, as `lifecircle.sources.fields.recognise` finds them.
    label, sheet
        What to call the file and its sheet.
    kind
        ``"facilities"`` or ``"units"``: whose fields they are.
    others
        Columns of the file that hold no field.
    """

    table: pd.DataFrame
    fields: Mapping[str, str]
    label: str
    sheet: str = ""
    kind: str = "facilities"
    others: tuple[str, ...] = ()

    @property
    def all_columns(self) -> list[str]:
        """Give the names of all columns of the file, whether they are read or not."""
        read = [str(name) for name in self.table.columns if name != "geometry"]
        return [*read, *(name for name in self.others if name not in read)]

    def column(self, field: str) -> pd.Series:
        """Give a field's column."""
        return self.table[self.fields[field]]

    def fault(
        self,
        field: str,
        what: str,
        remedy: str,
        which: pd.Series | None = None,
        severity: Severity = "error",
    ) -> Fault:
        """Describe a fault of a field's column, with all its rows and what stands there."""
        column = self.fields.get(field, "")
        details: dict[str, Any] = {"severity": severity, "sheet": self.sheet, "column": column}
        if which is not None:
            rows = which.index[which.to_numpy(bool)]
            details["rows"] = tuple(int(row) for row in rows)
            if column:
                cells = self.table.loc[rows, column].astype(object)
                details["values"] = tuple("" if pd.isna(cell) else str(cell) for cell in cells)
        return Fault(self.label, f"{column or field} {what}", remedy, **details)


def without_spoilt(ledger: Ledgered) -> tuple[Ledgered, list[Fault]]:
    """Empty the cells that hold an error of the spreadsheet or a formula without a value.

    Parameters
    ----------
    ledger
        The ledger; only columns of recognised fields are looked at.

    Returns
    -------
    ledger, faults
        A ledger without these cells, and one fault per column and reason.

    Examples
    --------
    >>> table = pd.DataFrame({"面积": ["#REF!", "12", "=B2*2"]}, index=[2, 3, 4])
    >>> for fault in without_spoilt(Ledgered(table, {"floor_m2": "面积"}, "a.xlsx"))[1]:
    ...     print(fault.what, fault.rows, fault.values)
    面积 holds an error of the spreadsheet (2,) ('#REF!',)
    面积 holds a formula without a value (4,) ('=B2*2',)
    """
    faults = []
    cleaned: dict[str, pd.Series] = {}
    for field, name in ledger.fields.items():
        cells = ledger.table[name]
        if not pd.api.types.is_string_dtype(cells):
            continue
        marked = cells.loc[cells.str.startswith(("#", "=")).fillna(value=False).to_numpy(bool)]
        if marked.empty:
            continue
        error = marked.str.strip().str.fullmatch(_SPOILT.pattern, flags=re.IGNORECASE).astype(bool)
        formula = marked.str.startswith("=").astype(bool)
        for which, what, remedy in (
            (error, "holds an error of the spreadsheet", "mend the formula, or type the value"),
            (
                formula,
                "holds a formula without a value",
                "open it in Excel, let it compute, and save",
            ),
        ):
            if which.any():
                faults.append(ledger.fault(field, what, remedy, which))
                cleaned[name] = cleaned.get(name, cells).drop(which.index[which])
    table = ledger.table.assign(**{n: c.reindex(ledger.table.index) for n, c in cleaned.items()})
    return replace(ledger, table=table), faults


def plain_cells(values: pd.Series) -> pd.Series:
    """Bring cells to plain form (NFKC, small letters, no blanks); what stands for nothing is NaN.

    Examples
    --------
    >>> plain_cells(pd.Series(["１２０ 张", "暂无", None])).tolist()
    ['120张', nan, nan]
    """
    text = values.astype("str")
    told = {word: plain(word) for word in text.dropna().unique()}
    known = {word: form for word, form in told.items() if form not in MISSING}
    return text.map(known).astype("str")


def read_numbers(ledger: Ledgered, field: str) -> tuple[pd.Series, pd.Series, list[Fault]]:
    """Read a field's numbers, in the unit of the field.

    Parameters
    ----------
    ledger
        The ledger.
    field
        A field with a measure; ``1,200㎡``, ``约300`` and ``2亩`` are read.

    Returns
    -------
    numbers
        float64 in the field's unit; NaN where missing or wrong.
    units
        The unit that stands in the cell, or missing.
    faults
        Cells that are no number, or negative.

    Examples
    --------
    >>> table = pd.DataFrame({"占地（亩）": ["3", "１,２００㎡", "约300平方米", "三间"]})
    >>> ledger = Ledgered(table, {"land_m2": "占地（亩）"}, "a.csv")
    >>> numbers, _, faults = read_numbers(ledger, "land_m2")
    >>> numbers.round().tolist(), str(faults[0])[:40]
    ([2000.0, 1200.0, 300.0, nan], "a.csv: 占地（亩） is not a number: row 3 '三间'")
    """
    cells = plain_cells(ledger.column(field))
    sizes = measure(fields_of(ledger.kind)[field].measure)
    scale = scale_of(ledger.fields[field], ledger.kind, field)
    known = {cell: _number(cell, sizes, scale) for cell in cells.dropna().unique()}
    numbers = cells.map({cell: found[0] for cell, found in known.items()}).astype("float64")
    units = cells.map({cell: found[1] for cell, found in known.items()}).astype("str")
    faults = []
    wrong = cells.notna() & ~np.isfinite(numbers)
    if wrong.any():
        kind = fields_of(ledger.kind)[field].measure
        own = own_unit(ledger.fields[field], ledger.kind, field)
        if not own and kind != "count":  # persons are no unit of beds
            own = next(iter(sizes), "")
        remedy = f"give one plain number{f' in {own}' if own else ''}, or leave it empty"
        faults.append(ledger.fault(field, "is not a number", remedy, wrong))
    low = numbers < 0
    if low.any():
        faults.append(ledger.fault(field, "is negative", "give 0 or more, or empty", low))
    return numbers.where(np.isfinite(numbers) & ~low), units, faults


def _number(cell: str, sizes: Mapping[str, float], scale: float) -> tuple[float, str | None]:
    """Read one cell: number and unit; NaN where that is not certain."""
    found = _NUMBER.fullmatch(_ABOUT.sub("", _ABOUT.sub("", cell)))
    if found is None:
        return np.nan, None
    unit = found[2].strip("()")
    if unit and unit not in sizes:
        return np.nan, None
    number = float(found[1].replace(",", ""))
    return number * (sizes[unit] if unit else scale), unit or None


def read_years(ledger: Ledgered, planned: pd.Series) -> tuple[pd.Series, list[Fault]]:
    """Read years of construction: ``1990``, ``1990年5月``, ``1990-05-01``.

    Parameters
    ----------
    ledger
        The ledger, with the field ``year_built``.
    planned
        True where it is yet to be built; there the year may lie ahead.

    Returns
    -------
    years, faults
        NaN where missing or wrong.
    """
    cells = plain_cells(ledger.column("year_built"))
    known = {cell: _year(cell) for cell in cells.dropna().unique()}
    years = cells.map(known).astype("float64")
    faults = []
    unread = cells.notna() & years.isna()
    if unread.any():
        remedy = "give four digits, such as 2016, or leave it empty"
        faults.append(ledger.fault("year_built", "is no year", remedy, unread))
    odd = (years < _FIRST_YEAR) | ((years > dt.datetime.now(tz=dt.UTC).year) & ~planned)
    if odd.any():
        what = f"is before {_FIRST_YEAR} or in the future"
        faults.append(ledger.fault("year_built", what, "check the year", odd))
    return years.where(~odd), faults


def _year(cell: str) -> float:
    found = _YEAR.fullmatch(cell.removesuffix(".0"))
    return float(found[1]) if found else np.nan


def read_status(ledger: Ledgered) -> tuple[pd.Series, list[Fault]]:
    """Read whether facilities are in use, idle, planned or closed.

    Parameters
    ----------
    ledger
        The ledger, with the field ``status``.

    Returns
    -------
    status, faults
        Words of `lifecircle.tables.FACILITY_STATUS`; missing, with a warning, where unknown.

    Examples
    --------
    >>> table = pd.DataFrame({"状态": ["正常使用", "未使用", "在建", "停止使用", "在用/闲置"]})
    >>> read_status(Ledgered(table, {"status": "状态"}, "a.csv"))[0].tolist()
    ['in_use', 'idle', 'planned', 'closed', nan]
    """
    cells = plain_cells(ledger.column("status"))
    known = {cell: state_of(cell) for cell in cells.dropna().unique()}
    status = cells.map(known).astype("str")
    unread = cells.notna() & status.isna()
    if not unread.any():
        return status, []
    what, remedy = "is unknown and counts as in use", "write 在用, 闲置, 在建 or 停用"
    return status, [ledger.fault("status", what, remedy, unread, "warning")]


def read_capacity(ledger: Ledgered) -> tuple[dict[str, pd.Series], list[Fault]]:
    """Read capacity, and what it counts: by the column, by the cell's unit, or by its own column.

    Parameters
    ----------
    ledger
        The ledger.

    Returns
    -------
    columns
        ``capacity`` and ``capacity_unit``, or none where the ledger has no such column.
    faults
        Numbers that are wrong; as a warning, rows with two capacities, of which the first counts.
    """
    given = [field for field in (*_COUNTED, "capacity") if field in ledger.fields]
    if not given:
        return {}, []
    index = ledger.table.index
    capacity = pd.Series(np.nan, index=index)
    unit = pd.Series(None, index=index, dtype="str")
    twice = pd.Series(data=False, index=index)
    faults: list[Fault] = []
    for field in given:
        numbers, units, wrong = read_numbers(ledger, field)
        faults += wrong
        counted = _counted(ledger, units) if field == "capacity" else pd.Series(field, index=index)
        twice |= capacity.notna() & numbers.notna() & (capacity != numbers)
        taken = capacity.isna() & numbers.notna()
        capacity = capacity.where(~taken, numbers)
        unit = unit.where(~taken, counted)
    if twice.any():
        told = ", ".join(ledger.fields[field] for field in given)
        what = f"is one of several capacities ({told}); the first that is filled counts"
        remedy = f'map one: columns = {{ capacity = "{ledger.fields[given[0]]}" }}'
        faults.append(ledger.fault(given[0], what, remedy, twice, "warning"))
    return {"capacity": capacity, "capacity_unit": unit}, faults


def _counted(ledger: Ledgered, units: pd.Series) -> pd.Series:
    """Say what a plain capacity counts."""
    words = capacity_units()
    counted = units.map(words).astype("str")
    if "capacity_unit" in ledger.fields:
        cells = plain_cells(ledger.column("capacity_unit"))
        counted = counted.fillna(cells.map(words).astype("str").fillna(cells))
    head = words.get(unit_of(ledger.fields["capacity"]) or "")
    return counted if head is None else counted.fillna(head)


def read_hours(ledger: Ledgered) -> tuple[dict[str, pd.Series], list[Fault]]:
    """Read opening hours as given, and the hours a day that they make.

    Parameters
    ----------
    ledger
        The ledger.

    Returns
    -------
    columns
        ``hours`` and ``hours_per_day``, as far as the ledger has them.
    faults
        As a warning, hours that cannot be read; more than 24 hours a day.
    """
    columns: dict[str, pd.Series] = {}
    faults: list[Fault] = []
    if "hours_per_day" in ledger.fields:
        numbers, _, faults = read_numbers(ledger, "hours_per_day")
        high = numbers > 24
        if high.any():
            faults.append(ledger.fault("hours_per_day", "is over 24", "give hours a day", high))
        columns["hours_per_day"] = numbers.where(~high)
    if "hours" in ledger.fields:
        cells = plain_cells(ledger.column("hours"))
        columns["hours"] = ledger.column("hours").astype("str").where(cells.notna())
        read = hours_per_day(columns["hours"])
        told = columns.get("hours_per_day", pd.Series(np.nan, index=read.index))
        unread = cells.notna() & read.isna() & told.isna()
        if unread.any():
            what, remedy = "cannot be read as hours", "write 周一至周五 8:30-17:30, or 全天"
            faults.append(ledger.fault("hours", what, remedy, unread, "warning"))
        columns["hours_per_day"] = told.fillna(read)
    return columns, faults


__all__ = [
    "MISSING",
    "Ledgered",
    "plain_cells",
    "read_capacity",
    "read_hours",
    "read_numbers",
    "read_status",
    "read_years",
    "without_spoilt",
]
