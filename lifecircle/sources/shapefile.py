"""What Shapefiles leave unsaid or lose: their encoding, half a character, a file of the set."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import geopandas as gpd
import pandas as pd
import pyogrio

from lifecircle.errors import Fault, InputError
from lifecircle.sources.fields import fields_of
from lifecircle.sources.textfile import file_bytes
from lifecircle.tables import first

# One character per byte: text comes through as its bytes, whatever it is encoded in.
_BYTES: Final = "ISO-8859-1"
_NAME_BYTES: Final = 10  # of a column's name in a .dbf
_PARTS: Final = (".shx", ".dbf")
_OF_THE_SET: Final = "copy all files of the Shapefile together (.shp, .shx, .dbf, .prj)"


def is_shapefile(path: Path) -> bool:
    """Say whether a path is a Shapefile, by its ending."""
    return path.suffix.lower() == ".shp"


def require_parts(path: Path, label: str) -> None:
    """Refuse a Shapefile of which a part was left behind.

    Parameters
    ----------
    path
        The .shp file.
    label
        What to call it.

    Raises
    ------
    InputError
        The .shx (where each shape begins) or the .dbf (the table) is not beside it.
    """
    lacking = [part for part in _PARTS if not _beside(path, part)]
    if lacking:
        what = f"lacks {' and '.join(path.stem + part for part in lacking)}"
        raise InputError(Fault(label, what, _OF_THE_SET))


def encoding_of(path: Path, label: str) -> str | None:
    """Guess what old GIS leave unsaid: a .dbf with neither .cpg nor code page is UTF-8 or GBK.

    Parameters
    ----------
    path
        The .shp file.
    label
        What to call it.
    """
    table = path.with_suffix(".dbf")
    if path.with_suffix(".cpg").exists() or not table.exists():
        return None
    data = file_bytes(table, label)
    if len(data) < 32 or data[29]:
        return None
    try:
        data[int.from_bytes(data[8:10], "little") :].decode("utf-8")
    except UnicodeDecodeError:
        return "GB18030"
    return "UTF-8"


def read_cut(path: Path, label: str) -> tuple[pd.DataFrame, list[Fault]]:
    """Read a Shapefile whose text cannot be decoded as it claims: names cut within a character.

    A .dbf holds ten bytes of a name, and GDAL cuts UTF-8 there: of 建筑面积 three characters and a
    byte are left. A name that the rest can only be is taken for it.

    Parameters
    ----------
    path
        The .shp file.
    label
        What to call it.

    Returns
    -------
    frame
        The layer, decoded as UTF-8, or as GBK if it is no UTF-8.
    faults
        Warnings: names and cells that were cut.

    Raises
    ------
    InputError
        It is neither.
    """
    frame = pyogrio.read_dataframe(path, encoding=_BYTES)
    for encoding in ("utf-8", "gb18030"):
        try:
            return _decoded(frame, encoding, label)
        except UnicodeDecodeError:
            continue
    what = "its text is neither UTF-8 nor GBK"
    raise InputError(Fault(label, what, "export it again as GeoPackage, or as Shapefile in GBK"))


def _beside(path: Path, part: str) -> bool:
    return any(path.with_suffix(ending).exists() for ending in (part, part.upper()))


def _decoded(frame: pd.DataFrame, encoding: str, label: str) -> tuple[pd.DataFrame, list[Fault]]:
    geometry = frame.geometry.name if isinstance(frame, gpd.GeoDataFrame) else None
    names, cut = {}, {}
    for name in (str(column) for column in frame.columns if column != geometry):
        text, whole = _text(name, encoding)
        names[name] = text
        if not whole:
            cut[name] = text
    kept = [text for name, text in names.items() if name not in cut]
    for name in cut:
        found = _meant(name.encode(_BYTES), encoding)
        if found is not None and found not in kept:
            names[name] = found
            kept.append(found)
    told = [
        text if names[name] == text else f"{text} = {names[name]}" for name, text in cut.items()
    ]
    halves = 0
    table = frame.copy()
    for name in names:
        if pd.api.types.is_string_dtype(frame[name]) or frame[name].dtype == object:
            cells = frame[name].map(lambda cell: _cell(cell, encoding), na_action="ignore")
            table[name] = cells.map(lambda pair: pair[0], na_action="ignore")
            halves += int(cells.map(lambda pair: not pair[1], na_action="ignore").eq(True).sum())
    return table.rename(columns=names), _told_cut(told, halves, label)


def _told_cut(names: Sequence[str], halves: int, label: str) -> list[Fault]:
    faults = []
    if names:
        what = f"names of columns were cut at {_NAME_BYTES} bytes: {first(list(names), 20)}"
        remedy = "export it as GeoPackage, or as Shapefile in GBK, which holds five characters"
        faults.append(Fault(label, what, remedy, severity="warning"))
    if halves:
        what = f"{halves} cells of text were cut within a character"
        faults.append(Fault(label, what, "export it as GeoPackage", severity="warning"))
    return faults


def _text(value: str, encoding: str) -> tuple[str, bool]:
    """Decode bytes that may end within a character, which is left out; say if they are whole."""
    data = value.encode(_BYTES)
    text = codecs.getincrementaldecoder(encoding)().decode(data, final=False)
    return text, text.encode(encoding) == data


def _cell(value: object, encoding: str) -> tuple[object, bool]:
    return _text(value, encoding) if isinstance(value, str) else (value, True)


def _meant(left: bytes, encoding: str) -> str | None:
    """Find the known name that a cut one was; None where it may have been of several fields."""
    fields: dict[str, set[str]] = {}
    for table in ("facilities", "units"):
        for key, field in fields_of(table).items():
            for name in (*field.names, *field.weak):
                if len(left) >= _NAME_BYTES - 1 and name.encode(encoding).startswith(left):
                    fields.setdefault(name, set()).add(key)
    if not fields or not set.intersection(*fields.values()):
        return None
    return min(fields, key=lambda name: (len(name), name))
