"""What communities report of themselves: ledgers of the bureaus, joined to the units.

Whatever is not reported stays missing: no figure is a guess, and none is 0 unless 0 was written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from lifecircle.config import Dataset, Ledger
from lifecircle.errors import Fault, InputError, MissingFileError, Severity, TableError, warn
from lifecircle.sources.attributes import MISSING, Ledgered, read_numbers, without_spoilt
from lifecircle.sources.columns import as_text, label_of
from lifecircle.sources.fields import fields_of, not_read, recognise
from lifecircle.sources.naming import (
    JOINED_BY,
    cell_fault,
    match_units,
    plain_streets,
    plain_words,
    repeated,
)
from lifecircle.sources.vector import scan_table
from lifecircle.tables import UNIT_ATTRIBUTES, first

REPORTED: Final = ("residents", *UNIT_ATTRIBUTES)
"""What a ledger may say of a community: its attributes, and residents where the units have none."""

_WHERE: Final = "[units] ledgers"

# Persons and households are counted at several dates: up to this share is no contradiction (ours).
_TOLERANCE: Final = 0.01
_TOLERATED: Final = ("residents", "households")

_HAIR: Final = 1e-6  # 0.07 万 is 700.0000000000001 to a computer

# The first is a part of the second, or cannot outnumber it.
_PARTS: Final = (
    ("activity_m2", "centre_m2"),
    ("new_commercial_m2", "new_floor_m2"),
    ("hardship_visited", "hardship_elderly"),
    ("elderly", "residents"),
    ("households", "residents"),
)

_YES: Final = (
    *("是", "有", "已", "√", "✓", "✔", "☑", "1", "1.0", "yes", "y", "true"),
    *("已有", "已建", "已设", "已设立", "已开展", "已覆盖", "已通", "覆盖", "全覆盖"),
    *("具备", "开展"),
)
_NO: Final = (
    *("否", "无", "未", "×", "✗", "✘", "x", "☒", "0", "0.0", "no", "n", "false", "没有", "不是"),
    *("未建", "未设", "未设立", "未开展", "未覆盖", "未通", "不具备", "没"),
)
# 无 and 没有, which for a number are no number, are answers here.
_UNKNOWN: Final = MISSING.difference(_NO)
_ANSWERS: Final = {**dict.fromkeys(_YES, 1.0), **dict.fromkeys(_NO, 0.0)}


@dataclass(frozen=True)
class _Report:
    """One ledger, joined: its rows and values by unit_id."""

    ledger: Ledgered
    rows: pd.Series
    values: pd.DataFrame


def read_communities(ledgers: Sequence[Ledger], units: pd.DataFrame) -> pd.DataFrame:
    r"""Read what communities report, and join it to the units.

    Parameters
    ----------
    ledgers
        Tables with a column of codes or names, in any of the formats that vector files, text
        tables and workbooks have. Several complement one another: one per bureau.
    units
        Indexed by ``unit_id``, with ``name``; ``street`` tells equal names apart, ``residents``
        and other attributes are compared. No geometry is needed.

    Returns
    -------
    DataFrame
        One row per unit, in the order of `units`; the columns of
        `lifecircle.tables.UNIT_ATTRIBUTES` that some ledger has, and ``residents``. Yes is 1.0, no
        is 0.0, areas are m2; what is not reported is missing. Doubtful figures are `DataWarning`.

    Raises
    ------
    TableError
        All faults of all ledgers: rows of unknown, ambiguous or repeated communities, cells that
        are no number of the column's unit, and cells in which two sources differ.
    MissingFileError
        A ledger is not there.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "民政局.csv"
    >>> text = "村名,户数,志愿服务站\n枫 木 团,210,有\n长铺社区,,\n"
    >>> _ = path.write_text(text, encoding="gb18030")
    >>> index = pd.Index(["430527100001", "430527100002"], name="unit_id")
    >>> units = pd.DataFrame({"name": ["长铺社区", "枫木团"]}, index=index)
    >>> read_communities([Ledger(path=path)], units)
                  households  volunteer_station
    unit_id
    430527100001         NaN                NaN
    430527100002       210.0                1.0
    """
    require_files({f"{_WHERE}[{number}]": ledger for number, ledger in enumerate(ledgers)})
    table, faults = scan_communities(ledgers, units)
    wrong = [fault for fault in faults if fault.severity == "error"]
    if wrong:
        raise TableError(wrong)
    for fault in faults:
        warn(fault)
    return table


def scan_communities(
    ledgers: Sequence[Ledger], units: pd.DataFrame
) -> tuple[pd.DataFrame, list[Fault]]:
    """Read as `read_communities` does, but hand back all faults with the table.

    Parameters
    ----------
    ledgers, units
        As for `read_communities`.

    Returns
    -------
    table
        As from `read_communities`; without the cells and rows that have faults.
    faults
        Errors and warnings, ledger by ledger.
    """
    reports, faults = [], []
    for ledger in ledgers:
        report, wrong = _report(ledger, units)
        faults += wrong
        if report is not None:
            reports.append(report)
            faults += _against_units(report, units)
    table, owner, wrong = _combined(reports, units)
    faults += wrong
    faults += _inconsistent(table, owner, reports, units)
    return table, faults


def columns_read(ledger: Ledger) -> tuple[dict[str, str], int]:
    """Say how a ledger's columns are understood, and how many rows it has.

    Parameters
    ----------
    ledger
        As for `read_communities`.

    Returns
    -------
    columns, rows
        Field -> column, of those that are read.

    Raises
    ------
    MissingFileError, InputError
        It cannot be read as a table at all.
    """
    table, _ = scan_table(ledger, where=_WHERE)
    names = [name for name in table.columns if name != "geometry"]
    found, _ = recognise(names, "units", ledger.columns, label_of(ledger, _WHERE), "")
    read = {field: found[field] for field in (*JOINED_BY, *REPORTED) if field in found}
    return read, len(table)


def require_files(datasets: Mapping[str, Dataset]) -> None:
    """Raise one error that names every file that is not there.

    Parameters
    ----------
    datasets
        By what the county file calls them.

    Raises
    ------
    MissingFileError
        Some are not there.
    """
    missing = [
        Fault(where, f"there is no file {dataset.path}", "correct the path or add the file")
        for where, dataset in datasets.items()
        if not dataset.path.exists()
    ]
    if missing:
        raise MissingFileError(missing)


# --- one ledger ------------------------------------------------------------------------------


def _report(ledger: Ledger, units: pd.DataFrame) -> tuple[_Report | None, list[Fault]]:
    try:
        table, faults = scan_table(ledger, where=_WHERE)
    except InputError as error:
        return None, list(error.faults)
    label, sheet = label_of(ledger, _WHERE), str(table.attrs.get("sheet", ledger.layer or ""))
    table = table.drop(columns="geometry", errors="ignore")
    found, wrong = recognise(table.columns, "units", ledger.columns, label, sheet)
    faults += wrong
    if not {"unit_id", "name"} & set(found):
        told = first([str(name) for name in table.columns], 30)
        what = f"has neither codes nor names of communities; its columns: {told}"
        remedy = 'name one: columns = { name = ".." }'
        return None, [*faults, Fault(label, what, remedy, sheet=sheet)]
    filled, spoilt = without_spoilt(Ledgered(table, found, label, sheet, "units"))
    ids, wrong = match_units(filled, units)
    values, more = read_attributes(filled)
    faults += [*spoilt, *_unread(filled), *wrong, *repeated(ids, filled), *more]
    once = ids.notna() & ~ids.duplicated(keep=False)
    joined = pd.Index(ids[once], name="unit_id")
    rows = pd.Series(table.index[once], index=joined)
    return _Report(filled, rows, values[once].set_axis(joined)), faults


def _unread(ledger: Ledgered) -> list[Fault]:
    """Name the columns that mean nothing here, or that ledgers cannot set."""
    read = {ledger.fields.get(name) for name in (*JOINED_BY, *REPORTED)}
    return not_read(ledger.table.columns, read, ledger.label, ledger.sheet, "centre_m2")


def read_attributes(ledger: Ledgered, *, whole: bool = True) -> tuple[pd.DataFrame, list[Fault]]:
    """Read the attributes of communities as numbers: m2, counts, 1 for yes and 0 for no.

    Parameters
    ----------
    ledger
        A table; of `REPORTED` those fields are read that it has.
    whole
        Whether persons, households and the like must be whole numbers.

    Returns
    -------
    values
        On the table's index; what is not reported, or wrong, is missing.
    faults
        Cells that are no number of the field's unit, negative, not whole, or neither yes nor no.

    Examples
    --------
    >>> table = pd.DataFrame({"服务中心(亩)": ["0.6", None], "调解": ["有", "×"]}, index=[2, 3])
    >>> fields = {"centre_m2": "服务中心(亩)", "mediation": "调解"}
    >>> read_attributes(Ledgered(table, fields, "a.csv", kind="units"))[0]
       centre_m2  mediation
    2      400.0        1.0
    3        NaN        0.0
    """
    values = pd.DataFrame(index=ledger.table.index)
    faults: list[Fault] = []
    for name in (name for name in REPORTED if name in ledger.fields):
        kind = fields_of("units")[name].measure
        wrong: list[Fault] = []
        if kind == "":
            values[name] = as_text(ledger.column(name))
        elif kind == "yes":
            values[name], wrong = _answers(ledger, name)
        else:
            values[name], _, wrong = read_numbers(ledger, name)
            if kind == "count" and whole:
                values[name], more = _whole(values[name], ledger, name)
                wrong = [*wrong, *more]
        faults += wrong
    return values, faults


def _answers(ledger: Ledgered, name: str) -> tuple[pd.Series, list[Fault]]:
    words = plain_words(ledger.column(name))
    answers = words.map(_ANSWERS).astype("float64")
    wrong = words.notna() & answers.isna() & ~words.isin(_UNKNOWN)
    if not wrong.any():
        return answers, []
    remedy = "write 是 or 否, or leave it empty if unknown"
    return answers, [ledger.fault(name, "is neither yes nor no", remedy, wrong)]


def _whole(counts: pd.Series, ledger: Ledgered, name: str) -> tuple[pd.Series, list[Fault]]:
    whole = counts.round()
    broken = (counts - whole).abs() > _HAIR
    if not broken.any():
        return whole, []
    remedy = "count whole ones"
    return whole.mask(broken), [ledger.fault(name, "is not whole", remedy, broken)]


# --- all ledgers -----------------------------------------------------------------------------


def _against_units(report: _Report, units: pd.DataFrame) -> list[Fault]:
    """Compare a ledger with what the units' own file and totals say."""
    faults = []
    names = report.values.columns.intersection(units.columns)
    for name in names.drop("street", errors="ignore"):  # `match_units` has compared them
        own, other = units[name].reindex(report.rows.index), report.values[name]
        tolerance = _TOLERANCE if name in _TOLERATED else 0.0
        differ = own.notna() & other.notna() & ~_same(own, other, tolerance, name)
        if not differ.any():
            continue
        cells = _told(other[differ]) + " against " + _told(own[differ]) + " of the units"
        cells.index = pd.Index(report.rows[differ])
        what, remedy = f"{name} differs from the units' own", "agree on one, or empty a cell"
        severity: Severity = "warning" if name in _TOLERATED else "error"
        faults.append(cell_fault(report.ledger, what, remedy, cells, field=name, severity=severity))
    return faults


def _combined(
    reports: Sequence[_Report], units: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, list[Fault]]:
    """Put the ledgers' columns together; a cell that two of them fill differently is a fault.

    Gives the table, the number of the ledger that each cell is from, and the faults.
    """
    names = [name for name in REPORTED if any(name in report.values for report in reports)]
    table, owner = (pd.DataFrame(index=units.index) for _ in range(2))
    faults = []
    for name in names:
        text = fields_of("units")[name].measure == ""
        table[name] = pd.Series(np.nan, index=units.index, dtype="str" if text else "float64")
        owner[name] = -1
        for number, report in enumerate(reports):
            if name not in report.values:
                continue
            new = report.values[name].reindex(units.index)
            differ = new.notna() & table[name].notna() & ~_same(table[name], new, 0.0, name)
            for earlier in np.unique(owner.loc[differ, name]):
                at = differ & (owner[name] == earlier)
                faults.append(_contradiction(name, report, new[at], reports[earlier], table[name]))
            fresh = new.notna() & table[name].isna()
            owner.loc[fresh, name] = number
            table[name] = table[name].fillna(new)
    return table, owner, faults


def _contradiction(
    name: str, report: _Report, new: pd.Series, earlier: _Report, old: pd.Series
) -> Fault:
    rows = earlier.rows[new.index].astype("str")
    cells = _told(new) + " against " + _told(old[new.index]) + " in row " + rows
    cells.index = pd.Index(report.rows[new.index])
    what = f"{name} differs from {earlier.ledger.label}"
    remedy = "agree on one value, or empty a cell"
    return cell_fault(report.ledger, what, remedy, cells, field=name)


def _same(left: pd.Series, right: pd.Series, tolerance: float, name: str) -> pd.Series:
    if fields_of("units")[name].measure == "":
        return plain_streets(left) == plain_streets(right)
    larger = left.abs().where(left.abs() > right.abs(), right.abs())
    return (left - right).abs() <= max(tolerance, 1e-9) * larger


def _told(values: pd.Series) -> pd.Series:
    if pd.api.types.is_float_dtype(values):
        return values.map("{:.10g}".format).astype("str")
    return values.astype("str")


def inconsistent(values: pd.DataFrame, ledger: Ledgered) -> list[Fault]:
    """Question figures of one row that cannot both hold: a part that is larger than its whole.

    Parameters
    ----------
    values
        Attributes, indexed by row.
    ledger
        The table that they are from.

    Returns
    -------
    list
        Findings of severity ``"warning"``.

    Examples
    --------
    >>> values = pd.DataFrame({"activity_m2": [90.0], "centre_m2": [60.0]}, index=[4])
    >>> print(inconsistent(values, Ledgered(values, {}, "a.csv"))[0])
    a.csv: activity_m2 is more than centre_m2: row 4 '90 > 60' -> check both figures
    """
    faults = []
    for part, whole in _PARTS:
        if part in values and whole in values:
            more = values[part] > values[whole]
            cells = _told(values.loc[more, part]) + " > " + _told(values.loc[more, whole])
            faults += [_beyond(part, whole, cells, ledger)] if len(cells) else []
    return faults


def _inconsistent(
    table: pd.DataFrame, owner: pd.DataFrame, reports: Sequence[_Report], units: pd.DataFrame
) -> list[Fault]:
    """Question figures that ledgers, or a ledger and the units, hold of one community."""
    values = units[[name for name in REPORTED if name in units]].combine_first(table)
    none = pd.Series(-1, index=units.index)
    faults = []
    for part, whole in _PARTS:
        if part not in values or whole not in values:
            continue
        by = owner.get(part, none)
        by = by.where(by >= 0, owner.get(whole, none))
        more = values[part] > values[whole]
        for number in np.unique(by[more & (by >= 0)]):
            at = more & (by == number)
            cells = _told(values.loc[at, part]) + " > " + _told(values.loc[at, whole])
            cells.index = pd.Index(reports[number].rows[cells.index])
            faults.append(_beyond(part, whole, cells, reports[number].ledger))
    return faults


def _beyond(part: str, whole: str, cells: pd.Series, ledger: Ledgered) -> Fault:
    what, remedy = f"{part} is more than {whole}", "check both figures"
    named = part if part in ledger.fields or whole not in ledger.fields else whole
    return cell_fault(ledger, what, remedy, cells, field=named, severity="warning")


__all__ = [
    "REPORTED",
    "columns_read",
    "inconsistent",
    "read_attributes",
    "read_communities",
    "require_files",
    "scan_communities",
]
