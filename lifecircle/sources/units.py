"""The units: communities, villages or townships, with their residents and setting."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd

from lifecircle.config import Dataset, UnitsConfig
from lifecircle.errors import (
    Fault,
    GeometryError,
    InputError,
    Severity,
    TableError,
    warn,
)
from lifecircle.sources.attributes import Ledgered, plain_cells, read_numbers
from lifecircle.sources.columns import as_text, label_of
from lifecircle.sources.communities import (
    inconsistent,
    read_attributes,
    require_files,
    scan_communities,
)
from lifecircle.sources.fields import fields_of, normal_name, recognise
from lifecircle.sources.naming import cell_fault, clean_codes, match_units, plain_words, repeated
from lifecircle.sources.polygons import cut_overlaps, only_areas, overlaps
from lifecircle.sources.vector import scan_table, scan_vector
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

# 城乡分类代码 of statistics: 1xx is 城镇 (11x 城区, 12x 镇区), 2xx 乡村. They count 乡中心区, the
# seat of a 乡, as rural; that it is township here is ours: the township circle is for such seats.
_SEAT: Final = ("210", "乡中心区")
_CLASSES: Final = {
    "111": "urban",
    "主城区": "urban",
    "112": "urban",
    "城乡结合区": "urban",
    "121": "township",
    "镇中心区": "township",
    "122": "township",
    "镇乡结合区": "township",
    "123": "township",
    "特殊区域": "township",
    **dict.fromkeys(_SEAT, "township"),
    "220": "rural",
    "村庄": "rural",
}

# Keys of [units] -> fields of `lifecircle.sources.fields`.
_KEYS: Final = {
    "id": "unit_id",
    "name": "name",
    "setting": "setting",
    "residents": "residents",
    "households": "households",
    "priority": "priority",
}
_TOWN_SEATS: Final = "town seats that the township circle is meant for"
_FILE: Final = "[units] file"
_TOTALS: Final = "[units] totals"


def read_units(config: UnitsConfig) -> gpd.GeoDataFrame:
    """Read the units of a county, and join their totals and what communities report.

    Parameters
    ----------
    config
        The file of polygons, the names of its columns, a table of totals and the communities'
        ledgers. Columns that the county file does not name are recognised by their Chinese or
        English names; setting and residents may be absent. The totals' residents replace the
        file's; their other columns fill in those it lacks. What ledgers report fills in what
        both lack. The priority is 1 where none is given.

    Returns
    -------
    GeoDataFrame
        Per `lifecircle.tables.UNITS`, in EPSG:4326, in the order of the file.

    Raises
    ------
    TableError
        All faults of all tables: columns that are missing, ids that repeat or are missing,
        numbers that are none or negative, unknown setting words, totals of unknown units, units
        without total, and those of `lifecircle.sources.communities.read_communities`. Faults of
        geometry are listed with them.
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
    >>> import shapely
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "units.geojson"
    >>> village = {"代码": ["430527001"], "村名": ["枫木团"], "城乡分类": ["220"]}
    >>> square = gpd.GeoDataFrame(village, geometry=[shapely.box(110, 26, 111, 27)], crs=4326)
    >>> square.to_file(path)
    >>> read_units(UnitsConfig(file=Dataset(path=path)))[["name", "setting", "priority"]]
              name setting  priority
    unit_id
    430527001  枫木团   rural       1.0
    """
    require_files(_datasets(config))
    units, table, geometry = _scan(config)
    wrong = [
        [fault for fault in faults if fault.severity == "error"] for faults in (table, geometry)
    ]
    for fault in (*table, *geometry):
        if fault.severity == "warning":
            warn(fault)
    if wrong[0]:
        raise TableError([*wrong[0], *wrong[1]])
    if wrong[1]:
        raise GeometryError(wrong[1])
    return units


def scan_units(config: UnitsConfig) -> tuple[gpd.GeoDataFrame | None, list[Fault]]:
    """Read as `read_units` does, but hand back every fault and finding with the units.

    Parameters
    ----------
    config
        As for `read_units`.

    Returns
    -------
    units
        As from `read_units`; None where a fault is an error.
    faults
        Errors and warnings of the polygons, the totals and the ledgers.
    """
    try:
        units, *parts = _scan(config)
    except InputError as error:
        return None, list(error.faults)
    faults = [fault for part in parts for fault in part]
    return None if any(fault.severity == "error" for fault in faults) else units, faults


def _datasets(config: UnitsConfig) -> dict[str, Dataset]:
    named = {_FILE: config.file} | ({_TOTALS: config.totals} if config.totals else {})
    return named | {f"[units] ledgers[{n}]": ledger for n, ledger in enumerate(config.ledgers)}


def _scan(config: UnitsConfig) -> tuple[gpd.GeoDataFrame, list[Fault], list[Fault]]:
    """Give the units, the faults of their tables, and those of their geometry."""
    frame, geometry_faults = scan_vector(config.file, where=_FILE)
    table, faults = _recognised(frame, config, config.file, _FILE)
    faults += _lacking(table, config)
    if not {"unit_id", "name"} <= set(table.fields):
        raise TableError([*faults, *geometry_faults])
    ids, wrong = _ids(table)
    units, more = _described(table)
    faults += [*wrong, *more]
    geometry, wrong = _areas(frame.geometry, ids, units["name"], table, config)
    geometry_faults += wrong
    # Tables are joined to the units whose id is sound; the others have their fault already.
    sound = ids.notna() & ~ids.duplicated(keep=False)
    joined = units[sound].set_axis(pd.Index(ids[sound], name="unit_id"))
    joined, wrong = _with_totals(joined, config)
    faults += [*wrong, *inconsistent(joined.set_axis(frame.index[sound]), table)]
    reported, wrong = scan_communities(config.ledgers, joined)
    faults += wrong
    joined = joined.combine_first(reported).reindex(ids)
    for name, kind in (("setting", "str"), ("residents", "float64"), ("priority", "float64")):
        if name not in joined:
            joined[name] = pd.Series(np.nan, index=joined.index, dtype=kind)
    joined["priority"] = joined["priority"].fillna(1.0)
    done = gpd.GeoDataFrame(
        joined[[name for name in UNITS.columns if name in joined]],
        geometry=geometry.array,
        crs=frame.crs,
    )
    done.index = pd.Index(ids, name="unit_id")
    if not any(fault.severity == "error" for fault in (*faults, *geometry_faults)):
        check(done, UNITS, where=table.label)
    return done, faults, geometry_faults


def _recognised(
    table: pd.DataFrame, config: UnitsConfig, dataset: Dataset, where: str
) -> tuple[Ledgered, list[Fault]]:
    """Say which column holds what: as the county file names it, else by its name."""
    label, sheet = label_of(dataset, where), str(table.attrs.get("sheet", dataset.layer or ""))
    table = pd.DataFrame(table.drop(columns="geometry", errors="ignore"))
    columns = [str(name) for name in table.columns]
    mapping = {"priority": ""}  # a weight is read only where the county file asks for it
    for key, name in _KEYS.items():
        column = getattr(config, key)
        if column in columns:
            mapping[name] = column
        elif key in config.model_fields_set and where == _FILE:
            mapping[name] = ""  # told by `_lacking`; no other column is taken for the one it names
    found, faults = recognise(columns, "units", mapping, label, sheet)
    remedy = "name it under [units], or rename the other columns"
    faults = [replace(f, remedy=remedy) if f.severity == "error" else f for f in faults]
    setting = found.get("setting")
    if setting and "setting" not in mapping and _is_other(table[setting]):
        del found["setting"]
        what = f"column {setting!r} is not read as the setting: its words say something else"
        remedy = f"if it is meant, name it: setting = {setting!r}"
        faults.append(Fault(label, what, remedy, "warning", sheet=sheet, column=setting))
    return Ledgered(table, found, label, sheet, "units"), faults


def _is_other(cells: pd.Series) -> bool:
    """Say whether a column that is called as settings may be (type, 类型) says nothing of them."""
    weak = normal_name(cells.name) in fields_of("units")["setting"].weak
    return weak and not plain_words(cells).isin([*SETTING_WORDS, *_CLASSES]).any()


def _named(config: UnitsConfig, key: str) -> bool:
    """Say whether the county file itself names a column, rather than its default."""
    return key in config.model_fields_set and getattr(config, key) is not None


def _lacking(table: Ledgered, config: UnitsConfig) -> list[Fault]:
    """Miss id and name always; other columns only where the county file names them itself."""
    # What the file lacks may stand in the totals.
    keys = [key for key in _KEYS if config.totals is None and _named(config, key)]
    has = ", ".join(map(str, table.table.columns)) or "none"
    return [
        Fault(
            table.label,
            f"has no column {getattr(config, key)!r}; its columns: {has}",
            f"set {key} under [units] to the right one",
            sheet=table.sheet,
        )
        for key in dict.fromkeys(["id", "name", *keys])
        if _KEYS[key] not in table.fields
    ]


def _lacking_totals(table: Ledgered, units: pd.DataFrame, config: UnitsConfig) -> list[Fault]:
    has = ", ".join(map(str, table.table.columns))
    faults = [
        Fault(table.label, f"has no column {name!r}; its columns: {has}", "name it as in [units]")
        for name, fields in (
            (config.id, {"unit_id", "name"}),
            (config.residents or "residents", {"residents"}),
        )
        if not fields & set(table.fields)
    ]
    return faults + [
        Fault(label_of(config.file, _FILE), f"neither it nor the totals have {name!r}", "add it")
        for key, field in _KEYS.items()
        if _named(config, key) and field not in {"unit_id", "name", "residents"}
        for name in [getattr(config, key)]
        if field not in units.columns and field not in table.fields
    ]


def _ids(table: Ledgered) -> tuple[pd.Series, list[Fault]]:
    ids, faults = clean_codes(table)
    given = as_text(table.column("unit_id"))
    tests = (
        (given.isna(), "no id", "give every unit its code"),
        (ids == SCOPE_COUNTY, "this id stands for the whole in tables", "choose another id"),
        (
            ids.duplicated(keep=False) & ids.notna(),
            "ids repeat",
            "make them unique; dissolve parts of one unit",
        ),
    )
    faults += [
        cell_fault(table, what, remedy, ids[wrong], field="unit_id")
        for wrong, what, remedy in tests
        if wrong.any()
    ]
    return ids, faults


def _described(table: Ledgered) -> tuple[pd.DataFrame, list[Fault]]:
    """Read what a table says of units, by its own rows."""
    units, faults = read_attributes(table, whole=False)
    if "name" in table.fields:
        units["name"] = as_text(table.column("name"))
    if "setting" in table.fields:
        units["setting"], wrong = _settings(table)
        faults += wrong
    if "priority" in table.fields:
        units["priority"], _, wrong = read_numbers(table, "priority")
        faults += wrong
    return units, faults


def _settings(table: Ledgered) -> tuple[pd.Series, list[Fault]]:
    cells = table.column("setting")
    words = plain_words(cells)
    settings = words.map(SETTING_WORDS | _CLASSES).astype("str")
    tests: tuple[tuple[pd.Series, str, str, Severity], ...] = (
        (words == "城镇", "城镇 is read as urban", f"write 乡镇 for {_TOWN_SEATS}", "warning"),
        (
            words.isin(_SEAT),
            "乡中心区 is read as township, which statistics count as rural",
            f"write 农村 unless these are {_TOWN_SEATS}",
            "warning",
        ),
        (
            words.notna() & settings.isna(),
            "no setting that is known",
            f"use {', '.join(SETTING_WORDS)}, or leave it empty",
            "error",
        ),
    )
    return settings, [
        cell_fault(table, what, remedy, as_text(cells)[at], field="setting", severity=severity)
        for at, what, remedy, severity in tests
        if at.any()
    ]


def _with_totals(units: pd.DataFrame, config: UnitsConfig) -> tuple[pd.DataFrame, list[Fault]]:
    """Join the totals: their residents replace the file's, other columns fill in those it lacks."""
    if config.totals is None:
        return units, []
    try:
        read, faults = scan_table(config.totals, where=_TOTALS)
    except InputError as error:
        return units, list(error.faults)
    table, wrong = _recognised(read, config, config.totals, _TOTALS)
    faults += [*wrong, *_lacking_totals(table, units, config)]
    if "residents" not in table.fields or not {"unit_id", "name"} & set(table.fields):
        return units, faults
    ids, wrong = match_units(table, units)
    totals, more = _described(table)
    faults += [*wrong, *repeated(ids, table), *more]
    given = ids[plain_cells(table.column("residents")).notna()]
    lacking = units.index[~units.index.isin(given)]
    if len(lacking):
        what = f"no total for unit {first(lacking, 20)}"
        faults.append(Fault(table.label, what, "add their residents", sheet=table.sheet))
    once = ids.notna() & ~ids.duplicated(keep=False)
    totals = totals[once].set_axis(pd.Index(ids[once])).reindex(units.index)
    taken = ["residents", *totals.columns.difference(units.columns, sort=False)]
    return units.assign(**{name: totals[name] for name in taken}), faults


def _areas(
    geometry: gpd.GeoSeries,
    ids: pd.Series,
    names: pd.Series,
    table: Ledgered,
    config: UnitsConfig,
) -> tuple[gpd.GeoSeries, list[Fault]]:
    areas, faults = only_areas(geometry, table.label, ids=ids)
    shown = names.where(names.isna(), names + " (" + ids + ")").fillna(ids)
    shared = overlaps(areas, shown)
    if not any(fault.severity == "error" for fault in faults):
        before, areas = areas, cut_overlaps(areas)  # slivers too: nobody is counted twice
        lost = ids[areas.is_empty & ~before.is_empty]
        if len(lost) and config.overlaps == "first":
            what, remedy = "no ground of its own is left", "mend the polygons"
            faults.append(cell_fault(table, what, remedy, lost, field="unit_id"))
    if not len(shared):
        return areas, faults
    if config.overlaps == "first":
        what, remedy = "shared ground goes to the unit that stands first", "mend the polygons"
        return areas, [*faults, cell_fault(table, what, remedy, shared, severity="warning")]
    remedy = 'mend the polygons, or set overlaps = "first" under [units]'
    return areas, [*faults, cell_fault(table, "units overlap", remedy, shared)]
