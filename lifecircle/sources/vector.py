"""The one door for vector files and text tables: opened, checked and brought to lon/lat.

Rows are counted as people see them: in a text table the header is row 1, elsewhere the first
feature is row 1. The index of every frame read here is that ``row``.
"""

from __future__ import annotations

import csv
import io
import warnings
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyogrio
import shapely

from lifecircle.config import Dataset
from lifecircle.errors import (
    CRSError,
    Fault,
    GeometryError,
    InputError,
    MissingFileError,
    TableError,
    warn,
)
from lifecircle.sources.columns import LAT_NAMES, LON_NAMES, as_numbers, label_of, pick
from lifecircle.tables import first

_LONLAT: Final = "EPSG:4326"
_TEXT: Final = (".csv", ".tsv", ".txt")
_PARQUET: Final = (".parquet", ".geoparquet")
# What pyogrio, pyarrow and shapely raise on broken files: GDAL's, decoding and geometry errors.
_BROKEN: Final = (RuntimeError, ValueError, OSError, shapely.errors.GEOSException)


def read_vector(dataset: Dataset, *, where: str) -> gpd.GeoDataFrame:
    r"""Read GeoJSON, GeoPackage, Shapefile, GeoParquet, or CSV with lon and lat columns.

    Parameters
    ----------
    dataset
        The file; `layer` where it holds several.
    where
        What the county file calls it, for messages: ``"[units] file"``.

    Returns
    -------
    GeoDataFrame
        Index ``row``, all columns of the file, 2D geometry in EPSG:4326 as lon, lat.

    Raises
    ------
    MissingFileError
        There is no such file.
    InputError
        It is no vector file, holds no feature, or several layers of which none is named.
    CRSError
        Its coordinate system is not given, or contradicts the coordinates.
    GeometryError
        Geometries are missing or lie outside lon/lat bounds. All rows concerned are counted.

    References
    ----------
    RFC 7946, section 4: GeoJSON without a ``crs`` member is in WGS 84 lon/lat.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "posts.csv"
    >>> _ = path.write_text("name,lon,lat\n邮政所,110.16,26.58\n", encoding="utf-8-sig")
    >>> read_vector(Dataset(path=path), where="file")
         name              geometry
    row
    2     邮政所  POINT (110.16 26.58)
    """
    frame, faults = scan_vector(dataset, where=where)
    if faults:
        raise GeometryError(faults)
    return frame


def scan_vector(dataset: Dataset, *, where: str) -> tuple[gpd.GeoDataFrame, list[Fault]]:
    """Read as `read_vector` does, but hand back the faults of single rows with the frame.

    So a caller can list them beside its own. Faults of the whole file are raised.

    Parameters
    ----------
    dataset, where
        As for `read_vector`.

    Returns
    -------
    frame
        As from `read_vector`; rows with faults are still in it.
    faults
        Geometries that are missing or out of bounds.

    Raises
    ------
    MissingFileError, InputError, CRSError
        As `read_vector`.
    """
    label = label_of(dataset, where)
    _require_file(dataset, where)
    if dataset.path.suffix.lower() in _TEXT:
        frame, faults = _points(read_text(dataset, where=where), label)
    else:
        frame, faults = _layer(dataset, label)
    faults += _degree_faults(frame, label)
    frame = frame.to_crs(_LONLAT)
    lost = ~np.isfinite(frame.geometry.bounds.to_numpy()).all(axis=1)
    if lost.any() and not faults:
        faults.append(
            Fault(label, f"rows {first(frame.index[lost])} have no place on Earth", "check its CRS")
        )
    return frame, faults


def read_table(dataset: Dataset, *, where: str) -> pd.DataFrame:
    """Read a table from CSV, Parquet or a layer, with or without geometry.

    Parameters
    ----------
    dataset, where
        As for `read_vector`.

    Returns
    -------
    DataFrame
        Index ``row``. Text columns from CSV; a GeoDataFrame in the file's own CRS if the file
        holds geometry. A named index of a Parquet file becomes a column.

    Raises
    ------
    MissingFileError, InputError
        As `read_vector`.
    """
    _require_file(dataset, where)
    if dataset.path.suffix.lower() in _TEXT:
        return read_text(dataset, where=where)
    return _read(dataset, label_of(dataset, where))


def read_text(dataset: Dataset, *, where: str) -> pd.DataFrame:
    """Read a CSV file in UTF-8 or GB 18030 (GBK), split at commas, semicolons or tabs.

    Parameters
    ----------
    dataset, where
        As for `read_vector`.

    Returns
    -------
    DataFrame
        Index ``row`` (the header is row 1), every column as text, empty cells missing.

    Raises
    ------
    MissingFileError, InputError
        It is not there, is no text, holds no row, or rows that do not fit the header.
    """
    _require_file(dataset, where)
    label = label_of(dataset, where)
    head, *rows = _split(_decode(_bytes(dataset.path, label), label), label)
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
    long = [number for number, row in filled.items() if any(row[width:])]
    if long:
        faults.append(
            Fault(label, f"rows longer than the header: {first(long)}", "quote cells with commas")
        )
    if faults:
        raise TableError(faults)
    cells = [[*row[:width], *[None] * (width - len(row))] for row in filled.values()]
    return pd.DataFrame(cells, columns=header, index=pd.Index(filled, name="row"), dtype="str")


def _bytes(path: Path, label: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        remedy = "close it elsewhere, and check that you may read it"
        raise InputError(Fault(label, f"cannot read {path} ({reason})", remedy)) from error


def _require_file(dataset: Dataset, where: str) -> None:
    if not dataset.path.is_file():
        raise MissingFileError(
            Fault(where, f"there is no file {dataset.path}", "correct the path or add the file")
        )


def _decode(data: bytes, label: str) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise InputError(Fault(label, "is no text in UTF-8 or GBK", "save it as CSV UTF-8"))


def _split(text: str, label: str) -> list[list[str | None]]:
    head = text.partition("\n")[0]
    separator = max(",;\t", key=head.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        rows = [[cell if cell.strip() else None for cell in line] for line in lines]
    except csv.Error as error:
        raise InputError(
            Fault(label, f"line {lines.line_num} is broken ({error})", "check its quotation marks")
        ) from error
    return rows or [[]]


def _points(table: pd.DataFrame, label: str) -> tuple[gpd.GeoDataFrame, list[Fault]]:
    found = (pick(table.columns, LON_NAMES), pick(table.columns, LAT_NAMES))
    names = [name for name in found if name is not None]
    if len(names) < 2:
        has = ", ".join(table.columns)
        raise TableError(Fault(label, f"has no lon and lat columns, only {has}", "name them so"))
    faults: list[Fault] = []
    lonlat: list[npt.NDArray[np.float64]] = []
    for name in names:
        numbers, wrong = as_numbers(table[name], label, minimum=None)
        lonlat.append(numbers.to_numpy())
        faults += wrong
    absent = table[names].isna().any(axis=1)
    if absent.any():
        rows = first(table.index[absent])
        faults.append(Fault(label, f"no coordinates in rows {rows}", "give lon and lat"))
    finite = np.isfinite(lonlat).all(axis=0)
    points = np.full(len(table), None, dtype=object)
    points[finite] = shapely.points(lonlat[0][finite], lonlat[1][finite])
    return gpd.GeoDataFrame(table.drop(columns=names), geometry=points, crs=_LONLAT), faults


def _layer(dataset: Dataset, label: str) -> tuple[gpd.GeoDataFrame, list[Fault]]:
    frame = _read(dataset, label)
    if not isinstance(frame, gpd.GeoDataFrame):
        raise InputError(Fault(label, "has no geometry", "give a layer with geometry"))
    frame = frame.set_geometry(shapely.force_2d(np.asarray(frame.geometry)), crs=frame.crs)
    faults = []
    shapes = np.asarray(frame.geometry)
    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    if empty.any():
        rows = first(frame.index[empty])
        faults.append(Fault(label, f"geometry is empty in rows {rows}", "draw or remove it"))
    if frame.crs is None:
        unknown = Fault(label, "has no coordinate system", "add its .prj file, or set its CRS")
        raise CRSError([unknown, *faults])
    if frame.active_geometry_name != "geometry":
        frame = frame.rename_geometry("geometry")
    return frame, faults


def _read(dataset: Dataset, label: str) -> pd.DataFrame:
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            frame: pd.DataFrame
            if dataset.path.suffix.lower() in _PARQUET:
                frame = _read_parquet(dataset.path)
            else:
                frame = pyogrio.read_dataframe(
                    dataset.path,
                    layer=_layer_name(dataset, label),
                    encoding=_shapefile_encoding(dataset.path, label),
                )
    except InputError:
        raise
    except _BROKEN as error:
        raise InputError(
            Fault(label, f"is no readable vector file ({error})", "check or export it again")
        ) from error
    for message in dict.fromkeys(str(item.message) for item in caught):
        warn(f"{label}: {message}")
    if not len(frame):
        raise InputError(Fault(label, "holds no feature", "check the export, or name its layer"))
    frame.index = pd.RangeIndex(1, len(frame) + 1, name="row")
    return frame


def _read_parquet(path: Path) -> pd.DataFrame:
    frame: pd.DataFrame
    try:
        frame = gpd.read_parquet(path)
    except ValueError:  # plain Parquet, without the metadata of GeoParquet
        frame = pd.read_parquet(path)
    return frame if frame.index.names == [None] else frame.reset_index()


def _layer_name(dataset: Dataset, label: str) -> str | None:
    layers = pyogrio.list_layers(dataset.path)
    names = [str(name) for name in layers[:, 0]]
    if dataset.layer is not None:
        if dataset.layer not in names:
            has = ", ".join(names)
            raise InputError(Fault(label, f"has no layer {dataset.layer!r}", f"use one of {has}"))
        return dataset.layer
    drawn = [name for name, kind in zip(names, layers[:, 1], strict=True) if kind is not None]
    if len(drawn) > 1 or (not drawn and len(names) > 1):
        raise InputError(
            Fault(label, f"has several layers: {', '.join(drawn or names)}", "name one: layer = ..")
        )
    return next(iter(drawn or names), None)


def _shapefile_encoding(path: Path, label: str) -> str | None:
    """Guess what old GIS leave unsaid: a .dbf with neither .cpg nor code page is UTF-8 or GBK."""
    table = path.with_suffix(".dbf")
    if path.suffix.lower() != ".shp" or path.with_suffix(".cpg").exists() or not table.exists():
        return None
    data = _bytes(table, label)
    if len(data) < 32 or data[29]:
        return None
    try:
        data[int.from_bytes(data[8:10], "little") :].decode("utf-8")
    except UnicodeDecodeError:
        return "GB18030"
    return "UTF-8"


def _degree_faults(frame: gpd.GeoDataFrame, label: str) -> list[Fault]:
    bounds = shapely.bounds(np.asarray(frame.geometry.array, dtype=object))
    given = np.asarray(~np.isnan(bounds).all(axis=1))
    if not given.any():
        return []
    limit = np.array([180.0, 90.0, 180.0, 90.0])
    inside = np.asarray((np.abs(bounds) <= limit).all(axis=1))
    if not frame.crs.is_geographic:
        if inside[given].all():
            raise CRSError(
                Fault(
                    label,
                    f"claims {frame.crs.name}, yet its coordinates look like degrees",
                    "declare EPSG:4326 or EPSG:4490, or reproject it",
                )
            )
        return []
    wrong = given & ~inside
    if not wrong.any():
        return []
    x, y = bounds[wrong][0][:2]
    swapped = bool(np.all(np.abs(bounds[wrong]) <= limit[[1, 0, 3, 2]]))
    guess = "swapped lon and lat" if swapped else "metres"
    return [
        Fault(
            label,
            f"coordinates are not degrees in rows {first(frame.index[wrong])} (the first at "
            f"{x:.8g}, {y:.8g}): looks like {guess}",
            "swap the columns" if swapped else "declare the CRS that they are in",
        )
    ]
