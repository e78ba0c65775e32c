"""The counties that a large OSM file is cut into: their polygons, ids and names from a file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.config import Dataset
from lifecircle.errors import Fault, TableError
from lifecircle.sources.polygons import only_areas
from lifecircle.sources.vector import read_vector

_IDS: Final = ("adcode", "code", "id", "unit_id", "osm_id", "gb")
_NAMES: Final = ("name", "NAME", "名称", "zh")
_SAFE: Final = re.compile(r"[0-9A-Za-z\u4e00-\u9fff][0-9A-Za-z_.\-\u4e00-\u9fff]{0,63}")
_CHINA: Final = re.compile(r"156(\d{6})")  # GB/T 2659 before an adcode, as Tianditu writes it


def read_counties(
    dataset: Dataset, columns: tuple[str | None, str | None] = (None, None)
) -> tuple[gpd.GeoDataFrame, list[Fault]]:
    """Read the polygons of counties, one row each, and the faults of those that are left out.

    Parameters
    ----------
    dataset
        Polygons in any CRS; several rows of one id are one county.
    columns
        Names of the columns of ids and of names; recognised by default.

    Returns
    -------
    tuple
        Index ``county_id``, column ``name``, polygons in lon/lat (EPSG:4326); and what is wrong
        with single counties.

    Raises
    ------
    InputError
        The file cannot be read.
    TableError
        A column or every county is missing, or ids differ only in capitals.

    Examples
    --------
    >>> from pathlib import Path
    >>> table, faults = read_counties(Dataset(path=Path("data/liechtenstein/units.geojson")))
    >>> table["name"].iloc[0], len(table), faults
    ('Vaduz', 11, [])
    """
    label = str(dataset.path)
    frame = read_vector(dataset, where="--counties")
    id_column = _column(frame, columns[0], _IDS, label, "--id")
    name_column = _column(frame, columns[1], _NAMES, label, "--name", needed=False)
    ids = frame[id_column].map(_text)
    names = ids if name_column is None else frame[name_column].map(_text)
    safe = ids.map(lambda text: bool(_SAFE.fullmatch(text)))
    faults = []
    if not safe.all():
        what = "id is empty or cannot be the name of a file"
        remedy = "give codes of letters, digits, - and _"
        faults.append(_of_rows(label, what, remedy, ids[~safe]))
    areas, wrong = only_areas(frame.geometry, label, ids=ids)
    drawn = ~(shapely.is_missing(np.asarray(areas)) | shapely.is_empty(np.asarray(areas)))
    if (lacking := ~drawn & ~_told(wrong, areas.index)).any():
        wrong.append(_of_rows(label, "no geometry", "draw the county", ids[lacking]))
    faults += wrong
    good = safe & drawn & ~_told(wrong, areas.index)
    if not good.any():
        raise TableError(faults or Fault(label, "holds no county", "give polygons of counties"))
    # A county with one part that is wrong is left out as a whole.
    faulty = set(ids[~good & safe])
    good &= ~ids.isin(faulty)
    parts = gpd.GeoDataFrame({"county_id": ids, "name": names}, geometry=areas, crs=frame.crs)[good]
    one = parts.dissolve(by="county_id", aggfunc="first", sort=True)
    folded = one.index.to_series().str.casefold()
    if (twice := folded.duplicated(keep=False)).any():
        what = f"ids differ only in capitals: {', '.join(one.index[twice])}"
        raise TableError(Fault(label, what, "give each county a code of its own"))
    return one, faults


def _told(faults: Sequence[Fault], index: pd.Index) -> pd.Series:
    rows = {row for fault in faults if fault.severity == "error" for row in fault.rows}
    return pd.Series([row in rows for row in index], index=index)


def _of_rows(label: str, what: str, remedy: str, values: pd.Series) -> Fault:
    rows = tuple(int(row) for row in values.index)
    return Fault(label, what, remedy, rows=rows, values=tuple(values))


def _text(value: Any) -> str:
    """Give a code as text: 430527.0 and 156430527 are 430527."""
    if value is None or value != value:  # noqa: PLR0124
        return ""
    text = str(value).strip().removesuffix(".0")
    match = _CHINA.fullmatch(text)
    return match.group(1) if match else text


def _column(
    frame: gpd.GeoDataFrame,
    asked: str | None,
    known: Sequence[str],
    label: str,
    option: str,
    *,
    needed: bool = True,
) -> str | None:
    found = next((name for name in ([asked] if asked else known) if name in frame.columns), None)
    if found is None and (asked or needed):
        there = ", ".join(str(name) for name in frame.columns if name != frame.geometry.name)
        what = f"has no column {asked}" if asked else "has no column of ids that is recognised"
        raise TableError(Fault(label, what, f"give {option} one of: {there}"))
    return found
