"""Text tables as counties send them: CSV in UTF-8, GBK or both, with whatever separator."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from lifecircle.config import Dataset
from lifecircle.errors import Fault, InputError, MissingFileError, TableError, warn
from lifecircle.sources.columns import label_of
from lifecircle.sources.fields import known_names, normal_name
from lifecircle.sources.sheet import Grid, best_header, table_of
from lifecircle.tables import first

TEXTS: Final = (".csv", ".tsv", ".txt")
"""Endings of text tables."""

_SEPARATORS: Final = (",", "\t", ";", "，", "；", "|")
_BOM: Final = b"\xef\xbb\xbf"
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
_MARKUP: Final = re.compile(r"\s*<(?:!doctype|html|table|head|body|\?xml)", re.IGNORECASE)
_HEAD: Final = 60  # lines by which the separator is found
_CJK: Final = 0x2E80
_SAVE: Final = "save it as CSV UTF-8"


def scan_text(
    dataset: Dataset, *, where: str, names: Collection[str] = ()
) -> tuple[pd.DataFrame, list[Fault]]:
    r"""Read a text table, and hand back the faults of its rows with it.

    Parameters
    ----------
    dataset
        CSV or TSV; a `lifecircle.config.Ledger` may name the header's row.
    where
        What the county file calls it, for messages.
    names
        Column names beside the known ones by which the header is recognised.

    Returns
    -------
    table, faults
        As from `lifecircle.sources.sheet.table_of`.

    Raises
    ------
    MissingFileError, InputError, TableError
        There is no such file; it is no text; its quotation marks do not pair; it holds no row.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = path.write_bytes("名称;经度\n".encode("utf-8") + "甲村;110.1\n".encode("gb18030"))
    >>> table, faults = scan_text(Dataset(path=path), where="file")
    >>> table
         名称     经度
    row
    2    甲村  110.1
    >>> print(faults[0])
    file a.csv: mixes UTF-8 (lines 1) and GBK (lines 2) -> save it as CSV UTF-8
    """
    label = label_of(dataset, where)
    if not dataset.path.is_file():
        what = f"there is no file {dataset.path}"
        raise MissingFileError(Fault(where, what, "correct the path or add the file"))
    text, faults = _decode(file_bytes(dataset.path, label), label)
    mapped = getattr(dataset, "columns", {}).values()
    known = known_names() | {normal_name(name) for name in [*names, *mapped]}
    rows = _split(text, _separator(text, known), label)
    widths = np.array([len(row) for row in rows] or [0], dtype=np.int64)
    cells = np.full((len(rows), int(widths.max())), None, dtype=object)
    for number, row in enumerate(rows):
        cells[number, : len(row)] = row
    grid = Grid(cells, label, widths=widths)
    table, wrong = table_of(grid, names=[*names, *mapped], header=getattr(dataset, "header", None))
    return table, [*faults, *wrong]


def read_text(dataset: Dataset, *, where: str) -> pd.DataFrame:
    """Read a text table whose header is its first row.

    Parameters
    ----------
    dataset, where
        As for `scan_text`.

    Returns
    -------
    DataFrame
        Index ``row`` (the header is row 1), every column as text, empty cells missing.

    Raises
    ------
    MissingFileError, InputError
        It is not there, is no text, holds no row, or rows that do not fit the header.

    Warns
    -----
    DataWarning
        UTF-8 and GBK are mixed, or control characters were left out.
    """
    label = label_of(dataset, where)
    if not dataset.path.is_file():
        what = f"there is no file {dataset.path}"
        raise MissingFileError(Fault(where, what, "correct the path or add the file"))
    text, doubts = _decode(file_bytes(dataset.path, label), label)
    for doubt in doubts:
        warn(doubt)
    head, *rows = _split(text, max(_SEPARATORS, key=text.partition("\n")[0].count), label) or [[]]
    header = [(name or "").strip() for name in head]
    while header and not header[-1]:
        header.pop()
    width = len(header)
    filled = {number: row for number, row in enumerate(rows, 2) if any(row)}
    faults = []
    if not filled or not header:
        faults.append(Fault(label, "holds no row", "give a header and at least one row"))
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        faults.append(Fault(label, f"columns repeat: {first(repeated)}", "rename all but one"))
    long = tuple(number for number, row in filled.items() if any(row[width:]))
    if long:
        what, remedy = "rows longer than the header", "quote cells that hold the separator"
        faults.append(Fault(label, what, remedy, rows=long))
    if faults:
        raise TableError(faults)
    cells = [[*row[:width], *[None] * (width - len(row))] for row in filled.values()]
    return pd.DataFrame(cells, columns=header, index=pd.Index(filled, name="row"), dtype="str")


def file_bytes(path: Path, label: str) -> bytes:
    """Read a whole file.

    Parameters
    ----------
    path
        The file.
    label
        What to call it.

    Raises
    ------
    InputError
        It may not be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        what = f"cannot read {path} ({error.strerror or error})"
        remedy = "close it elsewhere, and check that you may read it"
        raise InputError(Fault(label, what, remedy)) from error


def _decode(data: bytes, label: str) -> tuple[str, list[Fault]]:
    """Read UTF-8 or GBK, line by line where a file mixes them; control characters are told."""
    faults: list[Fault] = []
    if data.startswith(_UTF16):
        text = _utf16(data, label)
    else:
        while data.startswith(_BOM):
            data = data[len(_BOM) :]
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            text, faults = _decode_lines(data, label)
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\ufeff", "")
    if _MARKUP.match(text):
        raise InputError(Fault(label, "is a web page or XML, whatever its ending says", _SAVE))
    strange = sum(text.count(chr(code)) for code in range(32) if chr(code) not in "\t\n")
    if not strange:
        return text, faults
    if strange * 10 > len(text):
        raise InputError(Fault(label, "is no text in UTF-8 or GBK", _SAVE))
    lines = [n for n, line in enumerate(text.split("\n"), 1) if _is_strange(line)]
    what = f"holds control characters in lines {first(lines)}, which are left out"
    faults.append(Fault(label, what, "check these lines", severity="warning"))
    return "".join(c for c in text if c in "\t\n" or ord(c) >= 32), faults


def _is_strange(line: str) -> bool:
    return any(ord(character) < 32 and character != "\t" for character in line)


def _utf16(data: bytes, label: str) -> str:
    try:
        return data.decode("utf-16")
    except UnicodeDecodeError as error:
        raise InputError(Fault(label, "is no text in UTF-8 or GBK", _SAVE)) from error


def _decode_lines(data: bytes, label: str) -> tuple[str, list[Fault]]:
    lines, encodings = [], []
    for line in data.split(b"\n"):
        text, encoding = _decode_line(line)
        lines.append(text)
        encodings.append(encoding)
    numbers = {
        name: [n for n, encoding in enumerate(encodings, 1) if encoding == name]
        for name in ("UTF-8", "GBK", "")
    }
    faults = []
    if len(numbers[""]) * 2 > len(lines):
        raise InputError(Fault(label, "is no text in UTF-8 or GBK", _SAVE))
    if numbers[""]:
        what = f"lines {first(numbers[''])} are no text in UTF-8 or GBK; � stands for what is lost"
        faults.append(Fault(label, what, "type these lines again", severity="warning"))
    if numbers["UTF-8"] and numbers["GBK"]:
        told = [f"{name} (lines {first(numbers[name])})" for name in ("UTF-8", "GBK")]
        what = f"mixes {told[0]} and {told[1]}"
        faults.append(Fault(label, what, _SAVE, severity="warning"))
    return "\n".join(lines), faults


def _decode_line(line: bytes) -> tuple[str, str]:
    """Decode one line: as UTF-8 where that gives Chinese, else as GBK; ASCII is either."""
    if line.isascii():
        return line.decode("ascii"), "ASCII"
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    # Short words in GBK can be UTF-8 by chance, of other scripts (联通 is the known one).
    if any(ord(character) >= _CJK for character in text):
        return text, "UTF-8"
    try:
        return line.decode("gb18030"), "GBK"
    except UnicodeDecodeError:
        return line.decode("utf-8" if text else "gb18030", "replace"), ""


def _separator(text: str, known: Collection[str]) -> str:
    """Choose the separator that shows the most names of fields, or else stands most often."""
    lines = text.split("\n", _HEAD)[:_HEAD]

    def worth(separator: str) -> tuple[int, int]:
        rows = [
            [cell.strip().strip('"') or None for cell in line.split(separator)] for line in lines
        ]
        width = max(len(row) for row in rows)
        cells = np.array([[*row, *[None] * (width - len(row))] for row in rows], dtype=object)
        return best_header(cells, known)[1], sum(len(row) - 1 for row in rows)

    return max(_SEPARATORS, key=worth)


def _split(text: str, separator: str, label: str) -> list[list[str | None]]:
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        return [[cell if cell.strip() else None for cell in line] for line in lines]
    except csv.Error as error:
        what = f"line {lines.line_num} is broken ({error})"
        raise InputError(Fault(label, what, "check its quotation marks")) from error


__all__ = ["TEXTS", "file_bytes", "read_text", "scan_text"]
