"""Facilities from files: a county's own ledgers and GIS layers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.config import Dataset
from lifecircle.errors import Fault, GeometryError, TableError
from lifecircle.sources.columns import as_numbers, as_text, label_of, name_rows
from lifecircle.sources.vector import scan_vector
from lifecircle.standards import Kind
from lifecircle.tables import FACILITIES, check

_WHERE: Final = "[facilities] files"


def read_facility_file(dataset: Dataset, kinds: Mapping[str, Kind]) -> gpd.GeoDataFrame:
    r"""Read the facilities of one file.

    Parameters
    ----------
    dataset
        GeoJSON, GeoPackage, Shapefile, or CSV with lon and lat (UTF-8 or GBK). Needs a column
        ``kind``: a kind's key, or its Chinese or English name. Optional: ``facility_id`` (by
        default the file's name, a mark of its folder and layer, and the row), ``name``,
        ``capacity``, ``hours``.
    kinds
        The standard's kinds, by key.

    Returns
    -------
    GeoDataFrame
        Per `lifecircle.tables.FACILITIES`, in EPSG:4326. Of lines and polygons a point within
        stands for them; text is passed on as it stands.

    Raises
    ------
    TableError
        No column ``kind``, kinds that are unknown or missing, ids that repeat, a capacity that is
        no number or negative. All faults, with those of coordinates.
    GeometryError
        Coordinates are missing or out of range.
    MissingFileError, InputError, CRSError
        As `lifecircle.sources.vector.read_vector`.

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
    frame, geometry_faults = scan_vector(dataset, where=_WHERE)
    label = label_of(dataset, _WHERE)
    if "kind" not in frame.columns:
        has = ", ".join(str(name) for name in frame.columns if name != "geometry") or "none"
        missing = Fault(label, f"has no column 'kind'; its columns: {has}", "add it")
        raise TableError([missing, *geometry_faults])
    ids, faults = _ids(frame, dataset, label)
    keys, wrong = _kinds(as_text(frame["kind"]), kinds, label)
    faults += wrong
    columns: dict[str, object] = {
        "kind": keys,
        "name": _verbatim(frame, "name"),
        "source": dataset.source or dataset.path.name,
    }
    if "capacity" in frame.columns:
        columns["capacity"], wrong = as_numbers(frame["capacity"], label, ids=ids)
        faults += wrong
    if "hours" in frame.columns:
        columns["hours"] = _verbatim(frame, "hours")
    if faults:
        raise TableError([*faults, *geometry_faults])
    if geometry_faults:
        raise GeometryError(geometry_faults)
    facilities = gpd.GeoDataFrame(columns, geometry=_spots(frame.geometry), crs=frame.crs)
    facilities.index = pd.Index(ids, name="facility_id")
    check(facilities, FACILITIES, where=label)
    return facilities


def _ids(frame: gpd.GeoDataFrame, dataset: Dataset, label: str) -> tuple[pd.Series, list[Fault]]:
    rows = pd.Series(frame.index, index=frame.index).astype("str")
    ids = f"{dataset.path.stem}-{_mark(dataset)}/" + rows
    if "facility_id" in frame.columns:
        ids = as_text(frame["facility_id"]).fillna(ids)
    twice = ids.duplicated(keep=False)
    if not twice.any():
        return ids, []
    told = name_rows(frame.index[twice], ids[twice])
    return ids, [Fault(label, f"facility_id repeats: {told}", "make ids unique")]


def _mark(dataset: Dataset) -> str:
    """Tell files of one name, and layers of one file, apart: in six hexadecimal digits.

    Only the nearest folder counts, so that ids are the same wherever the county's folder lies.
    """
    place = "/".join([dataset.path.parent.name, dataset.path.name, dataset.layer or ""])
    return hashlib.sha256(place.encode()).hexdigest()[:6]


def _kinds(
    words: pd.Series, kinds: Mapping[str, Kind], label: str
) -> tuple[pd.Series, list[Fault]]:
    # A key comes before a name: it says most surely what is meant.
    known = {kind.en.casefold(): key for key, kind in kinds.items()}
    known |= {kind.zh: key for key, kind in kinds.items()}
    known |= {key.casefold(): key for key in kinds}
    keys = words.str.casefold().map(known).astype("str")
    faults = []
    if words.isna().any():
        rows = name_rows(words.index[words.isna()])
        faults.append(Fault(label, f"no kind in {rows}", "say what the facility is"))
    for word, group in words[words.notna() & keys.isna()].groupby(words, sort=True):
        faults.append(
            Fault(
                label,
                f"unknown kind {word!r}, {len(group)} times: {name_rows(group.index)}",
                f"use one of {', '.join(kinds)}; or add it under [standard.kinds.KEY]",
            )
        )
    return keys, faults


def _verbatim(frame: gpd.GeoDataFrame, name: str) -> pd.Series:
    if name not in frame.columns:
        return pd.Series(np.nan, index=frame.index, dtype="str")
    values: pd.Series = frame[name]
    return values.astype("str").mask(values.isna())


def _spots(geometry: gpd.GeoSeries) -> gpd.GeoSeries:
    shapes = np.array(geometry, dtype=object)
    large = ~geometry.geom_type.isin(FACILITIES.geometry).to_numpy()
    shapes[large] = shapely.point_on_surface(shapes[large])
    return gpd.GeoSeries(shapes, index=geometry.index, crs=geometry.crs)
