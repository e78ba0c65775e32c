"""Sheets of workbooks: XLSX, XLS and ODS, as tables of text with the rows that Excel shows."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import python_calamine as calamine
from numpy.typing import NDArray

from lifecircle.config import Dataset
from lifecircle.errors import Fault, InputError, MissingFileError, warn
from lifecircle.sources.columns import label_of
from lifecircle.sources.fields import known_names, normal_name, plain
from lifecircle.sources.sheet import Grid, best_header, table_of
from lifecircle.sources.textfile import TEXTS, file_bytes

WORKBOOKS: Final = (".xlsx", ".xlsm", ".xls", ".ods", ".xlsb", ".et")
_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0"
_GUIDE: Final = re.compile(r"说明|指南|选项|字典|代码表|下拉|guide|readme|options|lists?$")
_CELLS_MAX: Final = 60_000_000
# What zipfile raises on damaged archives beside its own error.
_UNREADABLE: Final = (OSError, ValueError, RuntimeError, NotImplementedError, EOFError)
_OPEN_AGAIN: Final = "open it in Excel or WPS and save it as .xlsx"

# What a sheet's XML tells and calamine does not: errors, and formulas without a value.
_ERROR_CELL: Final = re.compile(
    rb'<(?:\w+:)?c\b(?=[^>]*\bt="e")[^>]*\br="([A-Z]+)(\d+)"[^>]*>.*?<(?:\w+:)?v>([^<]*)<'
)
_EMPTY_FORMULA: Final = re.compile(
    rb'<(?:\w+:)?c\b(?![^>]*\bt="str")[^>]*\br="([A-Z]+)(\d+)"[^>]*><(?:\w+:)?f\b[^>]*?'
    rb"(?:/>|>([^<]*)</(?:\w+:)?f>)(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?</"
)
_FAR_CELL: Final = re.compile(rb'"([A-Z]{3})(\d+)"')
_LAST_ROW: Final = re.compile(rb'<(?:\w+:)?row\b[^>]*\br="(\d+)"')


def is_workbook(path: Path) -> bool:
    """Say whether a file is a workbook, by its ending or by its first bytes.

    Examples
    --------
    >>> is_workbook(Path("台账.xlsx")), is_workbook(Path("ledger.csv"))
    (True, False)
    """
    if path.suffix.lower() in WORKBOOKS:
        return True
    if path.suffix.lower() not in TEXTS or not path.is_file():
        return False
    return file_bytes(path, path.name)[:4] in (_ZIP, _OLE)


def read_sheet(dataset: Dataset, *, where: str, names: Collection[str] = ()) -> pd.DataFrame:
    """Read one sheet of a workbook as a table of text.

    Parameters
    ----------
    dataset
        The workbook, with its sheet where several hold data; a `lifecircle.config.Ledger` may
        name the header's row.
    where
        What the county file calls it, for messages.
    names
        Column names beside the known ones by which the header is recognised.

    Returns
    -------
    DataFrame
        As from `lifecircle.sources.sheet.table_of`. Numbers are written in full, dates as ISO
        text, an error as ``#N/A``, a formula without a value as ``=A1+B1``.

    Raises
    ------
    MissingFileError, InputError
        It is not there, is no workbook, is protected by a password, has no such sheet or several.
    TableError
        The sheet has no row, or other faults.

    Warns
    -----
    DataWarning
        Rows and columns that are not read.

    Examples
    --------
    >>> import tempfile, xlsxwriter
    >>> path = Path(tempfile.mkdtemp()) / "a.xlsx"
    >>> with xlsxwriter.Workbook(path) as book:
    ...     sheet = book.add_worksheet("台账")
    ...     _ = sheet.write_row(2, 0, ["编码", "名称"])
    ...     _ = sheet.write_row(3, 0, [430527001001, "甲村"])
    >>> read_sheet(Dataset(path=path), where="file")
                   编码  名称
    row
    4    430527001001  甲村
    """
    table, faults = scan_sheet(dataset, where=where, names=names)
    errors = [fault for fault in faults if fault.severity == "error"]
    if errors:
        raise InputError(errors)
    for fault in faults:
        warn(fault)
    return table


def scan_sheet(
    dataset: Dataset, *, where: str, names: Collection[str] = ()
) -> tuple[pd.DataFrame, list[Fault]]:
    """Read as `read_sheet` does, but hand back the faults of rows with the table.

    Parameters
    ----------
    dataset, where, names
        As for `read_sheet`.

    Returns
    -------
    table, faults
        ``table.attrs["sheet"]`` is the sheet's name.

    Raises
    ------
    MissingFileError, InputError, TableError
        As `read_sheet`, for what spoils the whole sheet.
    """
    label = label_of(dataset, where)
    if not dataset.path.is_file():
        what = f"there is no file {dataset.path}"
        raise MissingFileError(Fault(where, what, "correct the path or add the file"))
    data = file_bytes(dataset.path, label)
    mapped = getattr(dataset, "columns", {}).values()
    known = known_names() | {normal_name(name) for name in [*names, *mapped]}
    with _open(data, label) as book:
        parts = _Parts(book, data, label)
        name, faults = _choose(parts, dataset, known)
        grid = _grid(parts, name)
    table, wrong = table_of(grid, names=[*names, *mapped], header=getattr(dataset, "header", None))
    table.attrs["sheet"] = name
    return table, [*faults, *wrong, *_inexact(table, label, name)]


def _open(data: bytes, label: str) -> calamine.CalamineWorkbook:
    head = data[:512].lstrip().lower()
    if not data:
        raise InputError(Fault(label, "is empty (0 bytes)", "copy or export it again"))
    if not data.startswith((_ZIP, _OLE)):
        told = "a web page" if head.startswith((b"<", b"\xef\xbb\xbf<")) else "no workbook"
        raise InputError(Fault(label, f"is {told}, whatever its ending says", _OPEN_AGAIN))
    try:
        return calamine.load_workbook(io.BytesIO(data))
    except calamine.PasswordError as error:
        raise InputError(_locked(label)) from error
    except (calamine.CalamineError, OSError, ValueError) as error:
        fault = Fault(label, f"is no readable workbook ({error})", _OPEN_AGAIN)
        raise InputError(_locked(label) if _is_locked(data) else fault) from error


def _locked(label: str) -> Fault:
    remedy = "remove the password (另存为, 工具, 常规选项)"
    return Fault(label, "is protected by a password", remedy)


def _is_locked(data: bytes) -> bool:
    """Say whether a file that cannot be read is encrypted: in an OLE container, or as ODS."""
    if "EncryptedPackage".encode("utf-16-le") in data:
        return True
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return b"encryption-data" in archive.read("META-INF/manifest.xml")
    except (zipfile.BadZipFile, zlib.error, KeyError, *_UNREADABLE):
        return False


def _choose(parts: _Parts, dataset: Dataset, known: Collection[str]) -> tuple[str, list[Fault]]:
    """Choose the sheet: the named one, else the only one that looks like a ledger."""
    label = parts.label
    sheets = [m for m in parts.book.sheets_metadata if m.typ == calamine.SheetTypeEnum.WorkSheet]
    listed = ", ".join(sheet.name for sheet in sheets) or "none"
    if dataset.layer is not None:
        wanted = {plain(sheet.name): sheet.name for sheet in sheets}.get(plain(dataset.layer))
        if wanted is None:
            what = f"has no sheet {dataset.layer!r}; its sheets: {listed}"
            raise InputError(Fault(label, what, "correct sheet = .."))
        return wanted, []
    hits = {
        sheet.name: _looks(parts, sheet.name, known)
        for sheet in sheets
        if not _GUIDE.search(plain(sheet.name))
    }
    hidden = {s.name for s in sheets if s.visible != calamine.SheetVisibleEnum.Visible}
    filled = [name for name, count in hits.items() if count >= 0]
    ledgers = [name for name in filled if hits[name] >= 2] or filled
    seen = [name for name in ledgers if name not in hidden] or ledgers
    if not seen:
        raise InputError(Fault(label, f"holds no row; its sheets: {listed}", "fill in one sheet"))
    if len(seen) > 1:
        what = f"has several sheets with data: {', '.join(seen)}"
        raise InputError(Fault(label, what, f'name one: sheet = "{seen[0]}"'))
    passed = [name for name in ledgers if name != seen[0]]
    if not passed:
        return seen[0], []
    what = f"hidden sheets with data are not read: {', '.join(passed)}"
    return seen[0], [Fault(label, what, "show or delete them", severity="warning", sheet=seen[0])]


def _looks(parts: _Parts, name: str, known: Collection[str]) -> int:
    """Count the names of fields in a sheet's best row; -1 for a sheet without cells."""
    sheet = parts.sheet(name)
    if sheet.start is None:
        return -1
    row, count = best_header(_as_text(sheet.to_python(skip_empty_area=False, nrows=60)), known)
    return count if row >= 0 or sheet.total_height > 60 else -1


class _Parts:
    """An open workbook, each sheet of which is read once, and only if it fits into memory."""

    def __init__(self, book: calamine.CalamineWorkbook, data: bytes, label: str) -> None:
        self.book, self.label = book, label
        self._data = data
        self._sheets: dict[str, calamine.CalamineSheet] = {}
        self._xml: dict[str, bytes] = {}

    def xml(self, name: str) -> bytes:
        """Give the XML of a sheet; nothing for formats other than .xlsx."""
        if name not in self._xml:
            self._xml[name] = _sheet_xml(self._data, name)
        return self._xml[name]

    def sheet(self, name: str) -> calamine.CalamineSheet:
        """Give a sheet's cells."""
        if name not in self._sheets:
            _refuse_far_cells(self.xml(name), self.label, name)
            try:
                self._sheets[name] = self.book.get_sheet_by_name(name)
            except (calamine.CalamineError, OSError, ValueError) as error:
                what = f"has a broken sheet ({error})"
                raise InputError(Fault(self.label, what, _OPEN_AGAIN, sheet=name)) from error
        return self._sheets[name]


def _grid(parts: _Parts, name: str) -> Grid:
    sheet, xml = parts.sheet(name), parts.xml(name)
    rows: list[list[Any]] = sheet.to_python(skip_empty_area=False)
    cells = _as_text(rows)
    # To look for a plain word first is ten times as fast as to look for the pattern.
    for word, pattern, mark in ((b't="e"', _ERROR_CELL, ""), (b"<f", _EMPTY_FORMULA, "=")):
        for letters, number, value in pattern.findall(xml) if word in xml else ():
            row, column = int(number) - 1, _column_number(letters.decode())
            if row < cells.shape[0] and column < cells.shape[1]:
                cells[row, column] = mark + value.decode("utf-8", "replace")
    merged = [(*begin, *end) for begin, end in sheet.merged_cell_ranges or ()]
    return Grid(cells, parts.label, name, merged)


def _as_text(rows: list[list[Any]]) -> NDArray[np.object_]:
    """Write every cell as text, None where it is empty."""
    if not rows or not rows[0]:
        return np.empty((0, 0), dtype=object)
    cells = np.empty((len(rows), len(rows[0])), dtype=object)
    for number, column in enumerate(zip(*rows, strict=True)):
        cells[:, number] = [
            (value if value.strip() else None) if type(value) is str else _text(value)
            for value in column
        ]
    return cells


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e21 else repr(value)
    return str(value) if isinstance(value, int) else _moment(value)


def _moment(value: object) -> str:
    """Write dates in ISO form, times and durations in hours and minutes."""
    if isinstance(value, dt.datetime):
        return value.isoformat(" ", "seconds").removesuffix(" 00:00:00")
    if isinstance(value, dt.time):
        return value.isoformat("seconds" if value.second else "minutes")
    if isinstance(value, dt.timedelta):
        minutes = round(value.total_seconds() / 60)
        return f"{minutes // 60}:{minutes % 60:02d}"
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def _sheet_xml(data: bytes, name: str) -> bytes:
    """Give the XML of a sheet of an .xlsx; nothing for other formats."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            book = ET.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314
            links = ET.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
            targets = {link.get("Id"): link.get("Target", "") for link in links}
            for sheet in book.iter():
                if sheet.tag.endswith("}sheet") and sheet.get("name") == name:
                    key = next((v for k, v in sheet.items() if k.endswith("}id")), None)
                    target = targets.get(key, "").removeprefix("/xl/")
                    return archive.read(f"xl/{target}")
    except (zipfile.BadZipFile, zlib.error, KeyError, ET.ParseError, *_UNREADABLE):
        return b""
    return b""


def _refuse_far_cells(xml: bytes, label: str, sheet: str) -> None:
    """Refuse a sheet whose stray cells span billions of empty ones."""
    far = [(_column_number(letters.decode()), int(row)) for letters, row in _FAR_CELL.findall(xml)]
    if not far:
        return
    last = max(int(row) for row in _LAST_ROW.findall(xml) or [b"1"])
    column, row = max(far)
    if (column + 1) * max(last, row) > _CELLS_MAX:
        what = f"has cells far off its table (column {column + 1}, row {row})"
        raise InputError(Fault(label, what, "delete the stray cells and save", sheet=sheet))


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _inexact(table: pd.DataFrame, label: str, sheet: str) -> list[Fault]:
    """Warn of whole numbers of more than 15 digits that a spreadsheet has rounded to zeros."""
    faults = []
    for name in table.columns:
        long = table.loc[table[name].str.len().to_numpy() > 15, name]
        rounded = long.str.fullmatch(r"\d{15,20}0").to_numpy(bool)
        if rounded.any():
            rows = tuple(int(row) for row in long.index[rounded])
            what = "numbers of more than 15 digits may have lost their last digits"
            faults.append(
                Fault(
                    label,
                    what,
                    "format the column as text before typing them",
                    severity="warning",
                    sheet=sheet,
                    column=str(name),
                    rows=rows,
                    values=tuple(long[rounded]),
                )
            )
    return faults


__all__ = ["WORKBOOKS", "is_workbook", "read_sheet", "scan_sheet"]
