"""The units: communities, villages or townships, with their residents and setting."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from lifecircle.config import Dataset, UnitsConfig
from lifecircle.errors import Fault, GeometryError, TableError, warn
from lifecircle.sources.columns import as_numbers, as_text, label_of, name_rows
from lifecircle.sources.polygons import mend_polygons, only_polygons
from lifecircle.sources.vector import read_table, scan_vector
from lifecircle.tables import SCOPE_COUNTY, UNITS, check, first

# 城镇 in official statistics is the whole of 城区 and 镇区, the counterpart of 乡村.
SETTING_WORDS: Final = {
    "urban": "urban",
    "township": "township",
    "rural": "rural",
    "城市": "urban",
    "城镇": "urban",
    "乡镇": "township",
    "农村": "rural",
    "乡村": "rural",
}

_OPTIONAL: Final = ("setting", "residents", "households", "priority")
_FILE: Final = "[units] file"
_TOTALS: Final = "[units] totals"
# Units that share more than this part of the smaller one would count its people twice.
_OVERLAP: Final = 0.01


def read_units(config: UnitsConfig) -> gpd.GeoDataFrame:
    """Read the units of a county and join their totals.

    Parameters
    ----------
    config
        The file of polygons, the names of its columns, and a table of totals joined by id. The
        totals replace the file's residents; their other columns fill in those it lacks. Columns
        that only have their default name may be absent, except id and name: then setting and
        residents are missing. The priority is 1 where none is given.

    Returns
    -------
    GeoDataFrame
        Per `lifecircle.tables.UNITS`, in EPSG:4326, in the order of the file.

    Raises
    ------
    TableError
        All faults of both tables: columns that are missing, ids that repeat or are missing,
        numbers that are none or negative, unknown setting words, totals of unknown units, units
        without total. Faults of geometry are listed with them.
    GeometryError
        Polygons are empty, cross themselves, or overlap by more than 1 % of the smaller.
    MissingFileError, InputError, CRSError
        As `lifecircle.sources.vector.read_vector`.

    References
    ----------
    统计上划分城乡的规定 (国函〔2008〕60号): 城镇 comprises 城区 and 镇区.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "units.geojson"
    >>> village = {"unit_id": ["430527001"], "name": ["枫木团"], "setting": ["农村"]}
    >>> square = gpd.GeoDataFrame(village, geometry=[shapely.box(110, 26, 111, 27)], crs=4326)
    >>> square.to_file(path)
    >>> read_units(UnitsConfig(file=Dataset(path=path)))[["name", "setting", "priority"]]
              name setting  priority
    unit_id
    430527001  枫木团   rural       1.0
    """
    frame, geometry_faults = scan_vector(config.file, where=_FILE)
    label = label_of(config.file, _FILE)
    faults = _column_faults(frame, config)
    if faults:
        raise TableError([*faults, *geometry_faults])
    ids = as_text(frame[config.id])
    faults += _id_faults(ids, label)
    if config.totals is not None:
        frame, wrong = _join_totals(frame, ids, config, config.totals)
        faults += wrong
    units, wrong = _columns(frame, ids, config, label)
    faults += wrong
    geometry, wrong = _polygons(frame, ids, label)
    overlaps = _overlaps(geometry, ids, units["name"])
    if not wrong:
        geometry = _cut_overlaps(geometry)  # slivers too: nobody is counted twice
    if overlaps and config.overlaps == "first":
        warn(f"{label}: shared ground goes to the unit that stands first: {first(overlaps)}")
    elif overlaps:
        remedy = 'mend the polygons, or set overlaps = "first" under [units]'
        wrong.append(Fault(label, f"units overlap: {first(overlaps)}", remedy))
    geometry_faults += wrong
    if faults:
        raise TableError([*faults, *geometry_faults])
    if geometry_faults:
        raise GeometryError(geometry_faults)
    units = gpd.GeoDataFrame(units, geometry=geometry, crs=frame.crs)
    units.index = pd.Index(ids, name="unit_id")
    check(units, UNITS, where=label)
    return units


def _column_faults(frame: pd.DataFrame, config: UnitsConfig) -> list[Fault]:
    """Miss id and name always; other columns only where the county file names them itself."""
    keys = ["id", "name"]
    if config.totals is None:  # else what the file lacks may stand there
        keys += [key for key in _OPTIONAL if _named(config, key)]
    has = ", ".join(str(name) for name in frame.columns if name != "geometry") or "none"
    return [
        Fault(
            label_of(config.file, _FILE),
            f"has no column {getattr(config, key)!r}; its columns: {has}",
            f"set {key} under [units] to the right one",
        )
        for key in keys
        if getattr(config, key) not in frame.columns
    ]


def _named(config: UnitsConfig, key: str) -> bool:
    """Say whether the county file itself names a column, rather than its default."""
    return key in config.model_fields_set and getattr(config, key) is not None


def _id_faults(ids: pd.Series, label: str) -> list[Fault]:
    faults = []
    if ids.isna().any():
        rows = name_rows(ids.index[ids.isna()])
        faults.append(Fault(label, f"no id in {rows}", "give every unit its code"))
    if (ids == SCOPE_COUNTY).any():
        faults.append(
            Fault(label, f"id {SCOPE_COUNTY!r} stands for the whole in tables", "choose another id")
        )
    twice = ids.duplicated(keep=False) & ids.notna()
    if twice.any():
        rows = name_rows(ids.index[twice], ids[twice])
        faults.append(
            Fault(label, f"ids repeat: {rows}", "make them unique; dissolve parts of one unit")
        )
    return faults


def _join_totals(
    frame: gpd.GeoDataFrame, ids: pd.Series, config: UnitsConfig, dataset: Dataset
) -> tuple[gpd.GeoDataFrame, list[Fault]]:
    table = read_table(dataset, where=_TOTALS)
    label = label_of(dataset, _TOTALS)
    residents = config.residents or "residents"
    faults = [
        Fault(
            label,
            f"has no column {name!r}; its columns: {', '.join(map(str, table.columns))}",
            "name it as in [units]",
        )
        for name in (config.id, residents)
        if name not in table.columns
    ]
    faults += [
        Fault(label_of(config.file, _FILE), f"neither it nor the totals have {name!r}", "add it")
        for key in _OPTIONAL
        if key != "residents" and _named(config, key)
        for name in [getattr(config, key)]
        if name not in frame.columns and name not in table.columns
    ]
    if faults:
        return frame, faults
    keys = as_text(table[config.id])
    faults += _id_faults(keys, label)
    numbers, wrong = as_numbers(table[residents], label, ids=keys)
    faults += wrong
    unknown = keys.notna() & ~keys.isin(ids)
    if unknown.any():
        faults.append(
            Fault(
                label,
                f"unknown units: {name_rows(table.index[unknown], keys[unknown])}",
                f"use the ids of {config.file.path.name}",
            )
        )
    known = keys[numbers.notna() | table[residents].notna()]
    lacking = ids[ids.notna() & ~ids.isin(known)]
    if len(lacking):
        faults.append(
            Fault(label, f"no total for unit {first(lacking.tolist())}", "add their residents")
        )
    # A number that is wrong is told of once, here, and not again as the unit's.
    usable = table.assign(**{residents: numbers.where(numbers >= 0)})[
        keys.notna() & ~keys.duplicated()
    ]
    usable.index = pd.Index(keys[usable.index])
    taken = [residents, *(name for name in table.columns if name not in frame.columns)]
    joined = {name: usable[name].reindex(ids).to_numpy() for name in dict.fromkeys(taken)}
    return frame.assign(**joined), faults


def _columns(
    frame: gpd.GeoDataFrame, ids: pd.Series, config: UnitsConfig, label: str
) -> tuple[pd.DataFrame, list[Fault]]:
    units = pd.DataFrame({"name": as_text(frame[config.name])}, index=frame.index)
    units["setting"], faults = _settings(frame, ids, config, label)
    residents = config.residents or ("residents" if config.totals is not None else None)
    for name, column in (
        ("residents", residents),
        ("households", config.households),
        ("priority", config.priority),
    ):
        if column is not None and column in frame.columns:
            units[name], wrong = as_numbers(frame[column].rename(column), label, ids=ids)
            faults += wrong
    if "residents" not in units:
        units["residents"] = np.nan
    units["priority"] = units["priority"].fillna(1.0) if "priority" in units else 1.0
    return units[[name for name in UNITS.columns if name in units]], faults


def _settings(
    frame: gpd.GeoDataFrame, ids: pd.Series, config: UnitsConfig, label: str
) -> tuple[pd.Series, list[Fault]]:
    if config.setting is None or config.setting not in frame.columns:
        return pd.Series(np.nan, index=frame.index, dtype="str"), []
    words = as_text(frame[config.setting]).str.lower()
    settings = words.map(SETTING_WORDS).astype("str")
    broad = words == "城镇"
    if broad.any():
        warn(
            f"{label}: 城镇 is read as urban in {name_rows(ids.index[broad], ids[broad])}; "
            "write 乡镇 for town seats that the township circle is meant for"
        )
    unknown = words.notna() & settings.isna()
    if not unknown.any():
        return settings, []
    cells = name_rows(ids.index[unknown], ids[unknown])
    found = first(words[unknown].unique().tolist())
    return settings, [
        Fault(
            label,
            f"{config.setting} is {found} in {cells}",
            f"use {', '.join(SETTING_WORDS)}, or leave it empty",
        )
    ]


def _polygons(
    frame: gpd.GeoDataFrame, ids: pd.Series, label: str
) -> tuple[gpd.GeoSeries, list[Fault]]:
    given = frame.geometry
    array = np.asarray(given)
    present = ~(shapely.is_missing(array) | shapely.is_empty(array))
    drawn = present & given.geom_type.isin(UNITS.geometry)
    faults = []
    other = present & ~drawn
    if other.any():
        kinds = first(given.geom_type[other].unique().tolist())
        rows = name_rows(ids.index[other], ids[other])
        faults.append(Fault(label, f"{kinds} in {rows}", "give every unit as a polygon"))
    mended, wrong = mend_polygons(given[drawn], label, ids=ids[drawn])
    faults += wrong
    return mended.reindex(frame.index), faults


def _overlaps(polygons: gpd.GeoSeries, ids: pd.Series, names: pd.Series) -> list[str]:
    """Tell in words which units overlap by more than slivers, the worst first."""
    drawn = np.asarray(polygons)
    sound = polygons[~(shapely.is_missing(drawn) | shapely.is_empty(drawn))]
    ids, names = ids[sound.index], names[sound.index]
    shapes = np.asarray(sound)
    left, right = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    left, right = left[left < right], right[left < right]
    shared = shapely.intersection(shapes[left], shapes[right])
    area = shapely.area(shapes)
    share = shapely.area(shared) / np.minimum(area[left], area[right])
    worst = np.flatnonzero(share > _OVERLAP)
    worst = worst[np.argsort(-share[worst], kind="stable")]
    ellipsoid = pyproj.Geod(ellps="WGS84")

    def told(unit: int) -> str:
        name = names.iloc[unit]
        return str(ids.iloc[unit]) if pd.isna(name) else f"{name} ({ids.iloc[unit]})"

    return [
        f"{told(left[i])} and {told(right[i])} share "
        f"{abs(ellipsoid.geometry_area_perimeter(shared[i])[0]) / 1e6:.3g} km2 "
        f"({share[i]:.0%} of the smaller)"
        for i in worst
    ]


def _cut_overlaps(polygons: gpd.GeoSeries) -> gpd.GeoSeries:
    """Take from each unit what an earlier one holds; those that only touch stay as they are."""
    shapes = np.asarray(polygons).copy()
    later, earlier = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    shared = shapely.area(shapely.intersection(shapes[later], shapes[earlier])) > 0
    later, earlier = later[shared], earlier[shared]
    for unit in np.unique(later[earlier < later]):
        before = shapes[earlier[(later == unit) & (earlier < unit)]]
        shapes[unit] = only_polygons(shapely.difference(shapes[unit], shapely.union_all(before)))
    return gpd.GeoSeries(shapes, index=polygons.index, crs=polygons.crs)
