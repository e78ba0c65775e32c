"""Facilities from files: a county's own ledgers and GIS layers."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.config import Dataset
from lifecircle.datum import WGS84, Datum, geometry_to_lonlat, parse_datum
from lifecircle.errors import Fault, TableError, warn
from lifecircle.sources.attributes import (
    Ledgered,
    read_capacity,
    read_hours,
    read_numbers,
    read_status,
    read_years,
    without_spoilt,
)
from lifecircle.sources.categories import Kinds, read_kinds
from lifecircle.sources.columns import as_text, label_of
from lifecircle.sources.coordinates import Bounds, Places, place, places_in_columns
from lifecircle.sources.fields import not_read, recognise
from lifecircle.sources.vector import declared_coordinates, layer_of, scan_table
from lifecircle.standards import Kind
from lifecircle.tables import FACILITIES, check

_WHERE: Final = "[facilities] files"
_AREAS: Final = ("floor_m2", "activity_m2", "land_m2")
_TEXTS: Final = ("owner", "address", "unit_id")


@dataclass(frozen=True)
class ReadLedger:
    """What was read of one ledger, and what is wrong with it.

    Parameters
    ----------
    facilities
        Per `lifecircle.tables.FACILITIES`, in EPSG:4326: the rows without error; no row where an
        error concerns the whole file.
    faults
        Errors and warnings, each with all its rows.
    columns
        Field -> column, as they were understood.
    unmapped
        Category word that no kind knows -> count of its rows, which are left out.
    raw
        Columns x, y as the file has them, of the rows of `facilities`; index ``row``.
    datum
        What `raw` is in, as declared; None where the file declares none.
    rows
        Row in the file, per facility_id.
    label, sheet
        What faults call the file, and its sheet or layer.
    located
        Columns that hold the coordinates; none of a layer, whose geometry does.
    """

    facilities: gpd.GeoDataFrame
    faults: tuple[Fault, ...]
    columns: Mapping[str, str]
    unmapped: pd.Series
    raw: pd.DataFrame
    datum: Datum | None
    rows: pd.Series
    label: str = ""
    sheet: str = ""
    located: tuple[str, ...] = ()

    @property
    def errors(self) -> tuple[Fault, ...]:
        """The faults that stop a run."""
        return tuple(fault for fault in self.faults if fault.severity == "error")


def read_ledger(
    dataset: Dataset,
    words: Mapping[str, str],
    kinds: Mapping[str, Kind],
    *,
    area_bounds: Bounds | None = None,
    home: Path | None = None,
    called: str | None = None,
) -> ReadLedger:
    r"""Read a ledger of facilities in whatever form the county has it, and list all its faults.

    Parameters
    ----------
    dataset
        CSV, XLSX, XLS, ODS, GeoPackage, Shapefile, GeoJSON, FileGDB or GeoParquet. Columns are
        recognised by their Chinese or English names (`lifecircle.sources.fields`); a
        `lifecircle.config.Ledger` may name them, the header's row, and the kind of all rows.
    words
        The county's own category words -> kind; an empty kind: rows of this category are not
        meant.
    kinds
        The standard's kinds, by key.
    area_bounds
        West, south, east, north of where facilities may lie, lon/lat; beyond is questioned.
    home
        The county file's folder. Ids of rows without one bear a mark of the file's path from there.
    called
        What faults call the file; its name by default.

    Returns
    -------
    ReadLedger

    Raises
    ------
    MissingFileError, InputError
        The file is not there, or cannot be read as a table or a layer at all.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from lifecircle.config import Ledger
    >>> from lifecircle.standards import shared_kinds
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "ledger.csv"
    >>> text = "机构名称,类别,经度,纬度,床位数\n甲,邮政,110°30′,26.5,\n乙,养老,110.2,26.6,5O\n"
    >>> _ = path.write_text(text, encoding="gb18030")
    >>> ledger = read_ledger(Ledger(path=path), {}, shared_kinds())
    >>> ledger.facilities["name"].tolist(), ledger.columns["beds"]
    (['甲'], '床位数')
    >>> [(fault.what, fault.rows, fault.values) for fault in ledger.faults]
    [('床位数 is not a number', (3,), ('5O',))]
    """
    label = label_of(dataset, _WHERE) if called is None else f"{_WHERE} {called}"
    table, faults = scan_table(dataset, where=_WHERE)
    sheet = str(table.attrs.get("sheet", ""))
    datum = None if dataset.datum is None else parse_datum(dataset.datum, label)
    layer, wrong = _layer(table, datum, label, faults)
    faults = [*faults, *wrong]
    names = [name for name in table.columns if layer is None or name != table.geometry.name]
    fields, wrong = recognise(names, "facilities", getattr(dataset, "columns", {}), label, sheet)
    others = tuple(str(name) for name in names if name not in fields.values())
    told = Ledgered(_texts(table, fields), fields, label, sheet, others=others)
    ledger, spoilt = without_spoilt(told)
    kinds_found = read_kinds(ledger, getattr(dataset, "kind", None), words, kinds)
    faults += [*wrong, *spoilt, *kinds_found.faults]
    faults += not_read(others, (), label, sheet, "floor_m2")
    meant = ~kinds_found.left_out
    if not meant.any():
        what, remedy = "no row is of a known kind", "map its categories under [facilities.words]"
        faults.append(Fault(label, what, remedy, sheet=sheet))
    ledger = replace(ledger, table=ledger.table[meant])
    ids, wrong = _ids(ledger, dataset, home)
    columns, odd = _columns(ledger, kinds_found, dataset)
    faults += [*wrong, *odd]
    if layer is None:
        places = places_in_columns(ledger, datum, area_bounds)
        geometry = gpd.GeoSeries.from_xy(places.lon, places.lat, index=meant.index[meant], crs=4326)
    else:
        geometry, places = _in_layer(layer[meant], datum, area_bounds, ledger)
    faults += places.faults
    frame = gpd.GeoDataFrame(columns, geometry=geometry, crs=4326)
    return _gathered(frame, ids, faults, ledger, kinds_found.unmapped, places)


def _gathered(
    frame: gpd.GeoDataFrame,
    ids: pd.Series,
    faults: list[Fault],
    ledger: Ledgered,
    unmapped: pd.Series,
    places: Places,
) -> ReadLedger:
    """Keep the rows that no error names."""
    errors = [fault for fault in faults if fault.severity == "error"]
    bad = {row for fault in errors for row in fault.rows}
    whole = any(not fault.rows for fault in errors)
    good = np.full(len(frame), not whole) & ~frame.index.isin(list(bad))
    rows = pd.Series(frame.index[good], index=pd.Index(ids[good], name="facility_id"), name="row")
    facilities = frame[good].set_axis(rows.index)
    if len(facilities):
        check(facilities, FACILITIES, where=ledger.label)
    return ReadLedger(
        facilities,
        tuple(faults),
        ledger.fields,
        unmapped,
        places.raw[good],
        places.datum,
        rows,
        ledger.label,
        ledger.sheet,
        places.columns,
    )


def read_facility_file(
    dataset: Dataset, kinds: Mapping[str, Kind], *, words: Mapping[str, str] | None = None
) -> gpd.GeoDataFrame:
    r"""Read the facilities of one file that must be without error.

    Parameters
    ----------
    dataset, kinds
        As for `read_ledger`. Without a column ``facility_id`` ids are the file's name, a mark of
        its folder and layer, and the row.
    words
        As for `read_ledger`; none by default.

    Returns
    -------
    GeoDataFrame
        Per `lifecircle.tables.FACILITIES`, in EPSG:4326. Of lines and polygons a point within
        stands for them; names and hours are passed on as they stand.

    Raises
    ------
    TableError
        All errors of the file.
    MissingFileError, InputError, CRSError
        As `read_ledger`.

    Warns
    -----
    DataWarning
        What does not stop the run: categories of no kind, rows of totals, unreadable hours, ...

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from lifecircle.standards import shared_kinds
    >>> folder = pathlib.Path(tempfile.mkdtemp()) / "posts"
    >>> folder.mkdir()
    >>> path = folder / "ledger.csv"
    >>> text = "kind,name,lon,lat\n邮政,长铺邮政所,110.16,26.58\n"
    >>> _ = path.write_text(text, encoding="gb18030")
    >>> read_facility_file(Dataset(path=path), shared_kinds())[["kind", "name", "source"]]
                     kind   name      source
    facility_id
    ledger-29c2ee/2  post  长铺邮政所  ledger.csv
    """
    ledger = read_ledger(dataset, words or {}, kinds)
    if ledger.errors:
        raise TableError(ledger.errors)
    for fault in ledger.faults:
        warn(fault)
    return ledger.facilities


def _texts(table: pd.DataFrame, fields: Mapping[str, str]) -> pd.DataFrame:
    """Give the columns that are read as text: as they stand, numbers in full."""
    texts = {}
    for name in fields.values():
        values = table[name]
        if pd.api.types.is_string_dtype(values) and not pd.api.types.is_object_dtype(values):
            texts[name] = values.astype("str").mask(values.str.strip() == "")
        else:
            texts[name] = as_text(values)
    return pd.DataFrame(texts, index=table.index)


def _columns(
    ledger: Ledgered, kinds: Kinds, dataset: Dataset
) -> tuple[dict[str, pd.Series | str], list[Fault]]:
    """Read all that a ledger says of its facilities, but for where they are."""
    index = ledger.table.index
    faults: list[Fault] = []
    columns: dict[str, pd.Series | str] = {
        "kind": kinds.keys[index],
        "name": ledger.column("name") if "name" in ledger.fields else _none(index),
        "source": pd.Series(dataset.source or dataset.path.name, index=index, dtype="str"),
    }
    for read in (read_capacity, read_hours):
        found, wrong = read(ledger)
        columns |= found
        faults += wrong
    for field in _AREAS:
        if field in ledger.fields:
            columns[field], _, wrong = read_numbers(ledger, field)
            faults += wrong
    status = _none(index)
    if "status" in ledger.fields:
        status, wrong = read_status(ledger)
        columns["status"] = status
        faults += wrong
    if "year_built" in ledger.fields:
        columns["year_built"], wrong = read_years(ledger, status == "planned")
        faults += wrong
    columns |= {f: as_text(ledger.column(f)) for f in _TEXTS if f in ledger.fields}
    words = kinds.words[index]
    if "category" in ledger.fields:
        words = as_text(ledger.column("category")).fillna(words)
    columns["category"] = words
    spare = [name for name in ("capacity_unit", "category") if name in columns]
    for name in spare:
        if pd.Series(columns[name]).isna().all():
            del columns[name]
    return columns, faults


def _none(index: pd.Index) -> pd.Series:
    return pd.Series(np.nan, index=index, dtype="str")


def _ids(ledger: Ledgered, dataset: Dataset, home: Path | None) -> tuple[pd.Series, list[Fault]]:
    rows = pd.Series(ledger.table.index, index=ledger.table.index).astype("str")
    ids = f"{dataset.path.stem}-{_mark(dataset, home)}/" + rows
    if "facility_id" in ledger.fields:
        ids = as_text(ledger.column("facility_id")).fillna(ids)
    twice = ids.duplicated(keep=False)
    if not twice.any():
        return ids, []
    column = ledger.fields.get("facility_id", "")
    fault = Fault(
        ledger.label,
        f"{column or 'facility_id'} repeats",
        "make ids unique",
        sheet=ledger.sheet,
        column=column,
        rows=tuple(int(row) for row in ids.index[twice]),
        values=tuple(ids[twice]),
    )
    return ids, [fault]


def _mark(dataset: Dataset, home: Path | None) -> str:
    """Tell files of one name, and layers of one file, apart: in six hexadecimal digits.

    The path counts from the county file's folder, so that ids are the same wherever that lies;
    where it is not known, or on another drive, the nearest folder alone.
    """
    spot = f"{dataset.path.parent.name}/{dataset.path.name}"
    if home is not None and home.anchor == dataset.path.anchor:
        spot = Path(os.path.relpath(dataset.path, home)).as_posix()
    return hashlib.sha256(f"{spot}/{dataset.layer or ''}".encode()).hexdigest()[:6]


def _layer(
    table: pd.DataFrame, datum: Datum | None, label: str, faults: list[Fault]
) -> tuple[gpd.GeoSeries | None, list[Fault]]:
    """Give the geometry of a layer, one place per feature, in the numbers of its datum."""
    if not isinstance(table, gpd.GeoDataFrame) or table.active_geometry_name is None:
        return None, []
    frame, empty = layer_of(table, label)
    frame, wrong = declared_coordinates(frame, datum, label, [*faults, *empty])
    return _spots(frame.geometry), [*empty, *wrong]


def _spots(geometry: gpd.GeoSeries) -> gpd.GeoSeries:
    shapes = np.array(geometry, dtype=object)
    large = ~geometry.geom_type.isin(FACILITIES.geometry).to_numpy()
    shapes[large] = shapely.point_on_surface(shapes[large])
    return gpd.GeoSeries(shapes, index=geometry.index, crs=geometry.crs)


def _in_layer(
    layer: gpd.GeoSeries, datum: Datum | None, bounds: Bounds | None, ledger: Ledgered
) -> tuple[gpd.GeoSeries, Places]:
    """Bring a layer's places to lon/lat; of several gates the centre is questioned."""
    shapes = np.asarray(layer)
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    xy = np.full((len(shapes), 2), np.nan)
    xy[there] = shapely.get_coordinates(shapely.centroid(shapes[there]))
    raw = pd.DataFrame(xy, columns=["x", "y"], index=layer.index)
    places = place(raw, datum, bounds, ledger)
    sound = np.isfinite(places.lon)
    moved = np.full(len(shapes), None, dtype=object)
    moved[sound] = geometry_to_lonlat(shapes[sound], datum or WGS84)
    return gpd.GeoSeries(moved, index=layer.index, crs=4326), places


__all__ = ["ReadLedger", "read_facility_file", "read_ledger"]
