"""The one door for vector files and tables of all formats: opened, checked, brought to lon/lat.

Rows are counted as people see them: in a text table the header is row 1, elsewhere the first
feature is row 1. The index of every frame read here is that ``row``.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyogrio
import shapely

from lifecircle.config import Dataset, Ledger
from lifecircle.datum import Datum, geometry_to_lonlat, parse_datum, refuse_older
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
from lifecircle.sources.shapefile import encoding_of, is_shapefile, read_cut, require_parts
from lifecircle.sources.textfile import TEXTS, read_text, scan_text
from lifecircle.sources.workbook import is_workbook, scan_sheet
from lifecircle.tables import first

_LONLAT: Final = "EPSG:4326"
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
    datum = None if dataset.datum is None else parse_datum(dataset.datum, label)
    if dataset.path.suffix.lower() in TEXTS:
        frame, faults = _points(read_text(dataset, where=where), label)
    else:
        frame, faults = layer_of(_read(dataset, label), label)
    frame, wrong = declared_coordinates(frame, datum, label, faults)
    faults += wrong
    if datum is not None and datum.family != "lonlat":
        shapes = geometry_to_lonlat(np.asarray(frame.geometry), datum)
        frame = frame.set_geometry(shapes, crs=_LONLAT)
    shapes = np.asarray(frame.geometry)
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    lost = there & ~np.isfinite(shapely.bounds(shapes)).all(axis=1)
    if lost.any() and not faults:
        faults.append(
            Fault(label, f"rows {first(frame.index[lost])} have no place on Earth", "check its CRS")
        )
    return frame, faults


def declared_coordinates(
    frame: gpd.GeoDataFrame, datum: Datum | None, label: str, faults: list[Fault]
) -> tuple[gpd.GeoDataFrame, list[Fault]]:
    """Bring a layer to the numbers that its declared datum speaks of; that goes before its CRS.

    Parameters
    ----------
    frame
        The layer in its own CRS, or without one.
    datum
        As declared; None for what the layer itself says.
    label
        What to call it.
    faults
        Those known already, to be raised with a missing CRS.

    Returns
    -------
    frame
        Lon/lat in WGS 84 or as the datum has it; or metres, where the datum is Gauss-Kruger.
    faults
        Coordinates that are no degrees.

    Raises
    ------
    CRSError
        There is neither a CRS nor a datum, or the CRS contradicts the coordinates, or it is one of
        Beijing 1954 or Xi'an 1980, whose shift to CGCS2000 is not published.
    """
    if datum is not None and datum.family == "gk":
        return frame.set_crs(None, allow_override=True), []
    # Degrees that are declared to be CGCS2000 bear an old label; metres would go through it.
    if frame.crs is not None and (datum is None or not frame.crs.is_geographic):
        refuse_older(frame.crs, label)
    if frame.crs is None and datum is None:
        remedy = 'add its .prj file, set its CRS, or declare datum = ".."'
        raise CRSError([Fault(label, "has no coordinate system", remedy), *faults])
    if frame.crs is None:
        frame = frame.set_crs(_LONLAT)
    wrong = _degree_faults(frame, label)
    return frame.to_crs(_LONLAT), wrong


def read_table(dataset: Dataset, *, where: str) -> pd.DataFrame:
    """Read a table from CSV, a workbook, Parquet or a layer, with or without geometry.

    Parameters
    ----------
    dataset, where
        As for `read_vector`.

    Returns
    -------
    DataFrame
        Index ``row``. Text columns from CSV and workbooks; a GeoDataFrame in the file's own CRS
        if the file holds geometry. A named index of a Parquet file becomes a column.

    Raises
    ------
    MissingFileError, InputError
        As `read_vector`.

    Warns
    -----
    DataWarning
        Rows and columns of a ledger that are not read.
    """
    frame, faults = scan_table(dataset, where=where)
    errors = [fault for fault in faults if fault.severity == "error"]
    if errors:
        raise TableError(errors)
    for fault in faults:
        warn(fault)
    return frame


def scan_table(dataset: Dataset, *, where: str) -> tuple[pd.DataFrame, list[Fault]]:
    """Read as `read_table` does, but hand back the faults of single rows with the table.

    Parameters
    ----------
    dataset
        A `lifecircle.config.Ledger` is searched for its header, where other text files have it in
        their first row.
    where
        As for `read_vector`.

    Returns
    -------
    table
        ``table.attrs["sheet"]`` names the sheet or layer, if any.
    faults
        Errors and warnings.

    Raises
    ------
    MissingFileError, InputError
        As `read_vector`.
    """
    _require_file(dataset, where)
    if is_workbook(dataset.path):
        return scan_sheet(dataset, where=where)
    if dataset.path.suffix.lower() not in TEXTS:
        frame = _read(dataset, label_of(dataset, where))
        frame.attrs["sheet"] = dataset.layer or ""
        return frame, []
    if isinstance(dataset, Ledger):
        return scan_text(dataset, where=where)
    return read_text(dataset, where=where), []


def _require_file(dataset: Dataset, where: str) -> None:
    geodatabase = dataset.path.suffix.lower() == ".gdb" and dataset.path.is_dir()
    if not (dataset.path.is_file() or geodatabase):
        raise MissingFileError(
            Fault(where, f"there is no file {dataset.path}", "correct the path or add the file")
        )


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


def layer_of(frame: pd.DataFrame, label: str) -> tuple[gpd.GeoDataFrame, list[Fault]]:
    """Take a table as a layer: its geometry flat and named ``geometry``, and what it lacks.

    Parameters
    ----------
    frame
        As from `scan_table`.
    label
        What to call it.

    Raises
    ------
    InputError
        It has no geometry.
    """
    if not isinstance(frame, gpd.GeoDataFrame):
        raise InputError(Fault(label, "has no geometry", "give a layer with geometry"))
    layer: gpd.GeoDataFrame = frame.set_geometry(
        shapely.force_2d(np.asarray(frame.geometry)), crs=frame.crs
    )
    faults = []
    shapes = np.asarray(layer.geometry)
    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    if empty.any():
        rows = tuple(int(row) for row in layer.index[empty])
        faults.append(Fault(label, "geometry is empty", "draw or remove it", rows=rows))
    if layer.active_geometry_name != "geometry":
        layer = layer.rename_geometry("geometry")
    return layer, faults


def _read(dataset: Dataset, label: str) -> pd.DataFrame:
    if dataset.path.is_file() and not dataset.path.stat().st_size:
        raise InputError(Fault(label, "is empty (0 bytes)", "copy or export it again"))
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            if dataset.path.suffix.lower() in _PARQUET:
                frame, lost = _read_parquet(dataset.path), list[Fault]()
            else:
                frame, lost = _read_layer(dataset, label)
    except InputError:
        raise
    except _BROKEN as error:
        told = str(error).partition("; It might help")[0]  # advice on drivers helps nobody here
        raise InputError(
            Fault(label, f"is no readable vector file ({told})", "check or export it again")
        ) from error
    for message in dict.fromkeys(str(item.message) for item in caught):
        warn(f"{label}: {message}")
    for fault in lost:
        warn(fault)
    if not len(frame):
        raise InputError(Fault(label, "holds no feature", "check the export, or name its layer"))
    frame.index = pd.RangeIndex(1, len(frame) + 1, name="row")
    return frame


def _read_layer(dataset: Dataset, label: str) -> tuple[pd.DataFrame, list[Fault]]:
    """Read a layer by GDAL, and say what was lost on the way to us."""
    shapefile = is_shapefile(dataset.path)
    if shapefile:
        require_parts(dataset.path, label)
    layer = _layer_name(dataset, label)
    encoding = encoding_of(dataset.path, label) if shapefile else None
    try:
        return pyogrio.read_dataframe(dataset.path, layer=layer, encoding=encoding), []
    except UnicodeDecodeError:
        if not shapefile:
            raise
        return read_cut(dataset.path, label)


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
