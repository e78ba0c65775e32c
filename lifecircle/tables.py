"""Every table's index, columns, dtypes and units, and the one function that checks them.

Tables are plain pandas / GeoPandas frames, long rather than wide; the index is the identity.
Stages call `check` on what they are given, so that a fault is named where it enters.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.errors import CRSError, Fault, TableError

SETTINGS: Final = ("urban", "township", "rural")
"""The three settings of a unit: 城市社区, 乡镇 (town seats) and 农村."""

FLAGS: Final = ("confirmed", "secondary", "ours", "unverified")
"""How surely a threshold is known, the surest first: read in its source, in a secondary source
only, a choice of this project, recalled and not checked (未核实)."""

DENOMINATORS: Final = ("population", "residential_land", "communities")
"""What a coverage share can be taken of: persons, m2 of residential land, units."""

PLACED_BY: Final = (
    "raster",
    "raster_fitted",
    "buildings",
    "streets",
    "paths",
    "residential_land",
    "area",
)
"""What a unit's residents were placed by: a raster, one fitted to the unit's total, or evidence."""

SCOPE_COUNTY: Final = "county"
"""The scope of rows that speak of the whole county; other scopes are unit ids."""


@dataclass(frozen=True)
class Column:
    """One column: its kind of value and what it may hold.

    Parameters
    ----------
    dtype
        ``"number"``, ``"text"`` or ``"flag"``.
    meaning
        Meaning with unit.
    required
        False where a table may lack the column.
    missing
        Whether missing values (NaN, None) are allowed.
    minimum, maximum
        Smallest and largest allowed number.
    allowed
        Allowed words of a text column.
    """

    dtype: str
    meaning: str
    required: bool = True
    missing: bool = False
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Table:
    """The schema of one table."""

    name: str
    index: tuple[str, ...]
    columns: Mapping[str, Column]
    geometry: tuple[str, ...] = field(default=())


_LABEL: Final = Column("text", "name shown to people", missing=True)
_LIMIT_UNIT: Final = Column("text", "unit of limit", allowed=("minutes", "metres"))
_FLAG: Final = Column("text", "how surely the threshold is known", allowed=FLAGS)

FACILITY_STATUS: Final = ("in_use", "idle", "planned", "closed")
"""在用, 闲置, 在建 or 规划, 停用. Only facilities in use (or of unknown status) serve anybody."""


def _number(meaning: str) -> Column:
    return Column("number", meaning, required=False, missing=True, minimum=0.0)


def _place(meaning: str) -> Column:
    return Column("number", meaning, required=False, missing=True)


def _text(meaning: str) -> Column:
    return Column("text", meaning, required=False, missing=True)


def _yes(meaning: str) -> Column:
    """Describe a column of 1 (yes), 0 (no) or missing (not reported)."""
    return Column("number", meaning, required=False, missing=True, minimum=0.0, maximum=1.0)


FACILITIES: Final = Table(
    "facilities",
    ("facility_id",),
    {
        "kind": Column("text", "kind key of the standard"),
        "name": _LABEL,
        "source": Column("text", "dataset the facility comes from", missing=True),
        "capacity": _number("beds, places, doctors, ... as capacity_unit says"),
        "capacity_unit": _text("what capacity counts: beds, places, doctors, ..."),
        "hours": _text("opening hours as given"),
        "hours_per_day": _number("hours a day that it is open, mean over the days it opens"),
        "floor_m2": _number("floor area, m2"),
        "activity_m2": _number("of it for residents' activities, m2"),
        "land_m2": _number("land area, m2"),
        "year_built": _number("year of construction"),
        "status": Column(
            "text", "whether it serves", required=False, missing=True, allowed=FACILITY_STATUS
        ),
        "owner": _text("who owns or runs it"),
        "address": _text("address as given"),
        "unit_id": _text("unit that its ledger files it under"),
        "category": _text("the ledger's own word, or the narrower kind, behind kind"),
    },
    ("Point", "MultiPoint"),
)

UNIT_ATTRIBUTES: Final = {
    "households": _number("households"),
    "elderly": _number("residents of 60 years and more"),
    "street": _text("street or township that it belongs to"),
    "community_workers": _number("community workers"),
    "centre_m2": _number("floor area of its service centre, m2"),
    "activity_m2": _number("of it for residents' activities, m2"),
    "new_floor_m2": _number("total floor area, where newly built, m2"),
    "new_commercial_m2": _number("of it commercial and service floor area, m2"),
    "elder_land_m2": _number("land for community elder care, m2"),
    "volunteer_station": _yes("its service centre has a volunteer station"),
    "self_service": _yes("government self-service is at hand"),
    "social_work_rooms": _number("social-work rooms"),
    "hardship_elderly": _number("elderly people in special hardship"),
    "hardship_visited": _number("of them visited every month"),
    "has_5g": _yes("5G reaches it"),
    "has_broadband": _yes("broadband reaches it"),
    "rehab_lending": _yes("it lends rehabilitation aids"),
    "education_trial": _yes("it is a community education trial area"),
    "senior_universities": _number("good senior universities"),
    "disaster_officers": _number("disaster information officers"),
    "legal_service": _yes("legal services are at hand"),
    "mediation": _yes("mediation is at hand"),
    "survey": _yes("its satisfaction survey was held"),
    "resettlement": _yes("resettlement quarter (易地搬迁集中安置社区)"),
    "new_housing": _yes("new housing area (新建居住区)"),
    "old_quarter": _yes("old quarter (城镇老旧小区)"),
    "large_village": _yes("larger natural village (较大自然村)"),
}
"""What a county's own ledger of communities may say of each; missing is not reported, never 0."""


def yes_columns() -> tuple[str, ...]:
    """Name the columns of units that hold a yes or no.

    Examples
    --------
    >>> "resettlement" in yes_columns()
    True
    """
    return tuple(name for name, column in UNIT_ATTRIBUTES.items() if column.maximum == 1.0)


UNITS: Final = Table(
    "units",
    ("unit_id",),
    {
        "name": _LABEL,
        "setting": Column("text", "urban, township or rural", missing=True, allowed=SETTINGS),
        "residents": Column("number", "persons", missing=True, minimum=0.0),
        "priority": Column("number", "weight in ranking gaps, 1 = ordinary", minimum=0.0),
        "priority_reasons": _text("why its weight is not 1"),
        **UNIT_ATTRIBUTES,
    },
    ("Polygon", "MultiPolygon"),
)

CELLS: Final = Table(
    "cells",
    ("cell_id",),
    {
        "unit_id": Column("text", "unit that the cell lies in"),
        "setting": Column("text", "setting of its unit", missing=True, allowed=SETTINGS),
        "persons": Column("number", "residents", minimum=0.0),
        "residential_m2": Column("number", "residential land, m2", missing=True, minimum=0.0),
        "x": Column("number", "easting of where its residents live, m"),
        "y": Column("number", "northing of where its residents live, m"),
        "placed_by": Column(
            "text", "what placed its unit's residents", required=False, allowed=PLACED_BY
        ),
    },
    ("Polygon", "MultiPolygon", "Point"),
)

EVIDENCE: Final = Table(
    "evidence",
    ("point_id",),
    {
        "unit_id": Column("text", "unit that the point lies in"),
        "placed_by": Column("text", "what the point stands for", allowed=PLACED_BY),
        "weight": Column("number", "share of its unit's residents, relative", minimum=0.0),
        "x": Column("number", "easting, m"),
        "y": Column("number", "northing, m"),
    },
)

ACCESS: Final = Table(
    "access",
    ("cell_id", "kind"),
    {
        "seconds": Column("number", "walk to the nearest facility, s", missing=True, minimum=0.0),
        "facility_id": Column("text", "that facility", missing=True),
        "metres": Column("number", "shortest walk in m", required=False, missing=True, minimum=0.0),
    },
)

ISOCHRONES: Final = Table(
    "isochrones",
    ("origin", "limit"),
    {
        "kind": Column("text", "kind key"),
        "limit_unit": _LIMIT_UNIT,
    },
    ("Polygon", "MultiPolygon"),
)

COVERAGE: Final = Table(
    "coverage",
    ("scope", "circle", "kind", "denominator"),
    {
        "limit": Column("number", "threshold", minimum=0.0),
        "limit_unit": _LIMIT_UNIT,
        "covered": Column("number", "amount within the threshold", minimum=0.0),
        "total": Column("number", "amount judged", minimum=0.0),
        "share": Column("number", "covered / total, 0 to 1", missing=True, minimum=0.0),
        "flag": _FLAG,
    },
)

SCORES: Final = Table(
    "scores",
    ("cell_id", "circle"),
    {
        "score": Column("number", "weighted share of services reached, 0 to 100", minimum=0.0),
        "complete": Column("flag", "every service reached within its threshold"),
        "worst_kind": Column("text", "service furthest beyond, if any", missing=True),
        "minutes_to_complete": Column("number", "walk that reaches all, min", missing=True),
        "flag": Column("text", "how surely the threshold that decides is known", allowed=FLAGS),
    },
)

UNIT_SCORES: Final = Table(
    "unit_scores",
    ("scope", "circle"),
    {
        "persons": Column("number", "residents judged", minimum=0.0),
        "score": Column("number", "residents' mean, 0 to 100", missing=True, minimum=0.0),
        "complete_share": Column("number", "residents that have it all, 0 to 1", missing=True),
        "worst_kind": Column("text", "what most residents lack, if any", missing=True),
        "minutes_to_complete": Column("number", "median over residents, min", missing=True),
        "unverified_share": Column(
            "number",
            "residents whose verdict an unverified threshold decides, 0 to 1",
            missing=True,
            minimum=0.0,
        ),
    },
)

GAPS: Final = Table(
    "gaps",
    ("gap_id",),
    {
        "kind": Column("text", "kind that is lacking"),
        "unit_id": Column("text", "unit that the gap lies in"),
        "setting": Column("text", "setting of that unit", allowed=SETTINGS),
        "limit": Column("number", "threshold", minimum=0.0),
        "limit_unit": _LIMIT_UNIT,
        "flag": _FLAG,
        "area_m2": Column("number", "area of its cells, m2", minimum=0.0),
        "persons": Column("number", "residents beyond the threshold", minimum=0.0),
        "nearest_facility_id": Column("text", "nearest facility of most residents", missing=True),
        "nearest_minutes": Column("number", "mean walk to the nearest, min", missing=True),
        "priority": Column("number", "weight of the unit", minimum=0.0),
        "priority_reasons": _text("why its weight is not 1"),
        "rank": Column("number", "1 = most urgent within its kind", minimum=1.0),
        "x": _place("easting of where its residents live most densely, m"),
        "y": _place("northing of where its residents live most densely, m"),
    },
    ("Polygon", "MultiPolygon", "Point", "MultiPoint"),
)


def check(
    frame: pd.DataFrame,
    table: Table,
    *,
    crs: Any | None = None,
    where: str | None = None,
) -> None:
    """Raise one error that lists all faults of a table, or return None.

    Parameters
    ----------
    frame
        The table; a GeoDataFrame where the schema has geometry. It is not changed.
    table
        The schema.
    crs
        Where given, the CRS that the geometry must have.
    where
        What to call the table in messages; its name by default.

    Raises
    ------
    TableError
        A column or index is missing, duplicated, of the wrong type or out of range.
    CRSError
        The geometry has no CRS, or another than `crs`.

    Examples
    --------
    >>> frame = pd.DataFrame({"unit_id": ["a"]}, index=pd.Index([1], name="cell_id"))
    >>> check(frame, CELLS)
    Traceback (most recent call last):
    ...
    lifecircle.errors.TableError: cells: column 'setting' is missing -> add it: setting of its unit
    cells: column 'persons' is missing -> add it: residents
    ...
    """
    label = where or table.name
    faults = [*_index_faults(frame, table, label)]
    for name, column in table.columns.items():
        if name in frame.columns:
            faults.extend(_column_faults(frame[name], column, label))
        elif column.required:
            faults.append(Fault(label, f"column {name!r} is missing", f"add it: {column.meaning}"))
    if table.geometry:
        faults.extend(_geometry_faults(frame, table, label))
    if faults:
        raise TableError(faults)
    if table.geometry and crs is not None and isinstance(frame, gpd.GeoDataFrame):
        check_crs(frame, crs, label)


def check_crs(frame: gpd.GeoDataFrame, crs: Any, where: str) -> None:
    """Raise `CRSError` unless a frame is in the given CRS.

    Parameters
    ----------
    frame
        The frame to look at.
    crs
        What `pyproj.CRS.from_user_input` takes.
    where
        What to call the frame in messages.

    Raises
    ------
    CRSError
        The frame has no CRS, or another one.
    """
    if frame.crs is None:
        raise CRSError(Fault(where, "has no coordinate system", "set its CRS (set_crs)"))
    if frame.crs != crs:
        raise CRSError(
            Fault(where, f"is in {frame.crs.name}, not in the county's CRS", "reproject (to_crs)")
        )


def by_kind(access: pd.DataFrame, column: str, cells: pd.Index) -> Mapping[str, np.ndarray]:
    """Give one column of the access table as one array per kind, in the order of the cells.

    Parameters
    ----------
    access
        Table per `ACCESS`.
    column
        ``"seconds"``, ``"metres"`` or ``"facility_id"``.
    cells
        Index of the cells.

    Returns
    -------
    Mapping
        Kind -> array as long as `cells`; cells that the table lacks give a missing value.

    Raises
    ------
    TableError
        The column was not measured. A kind that was not measured raises where it is looked up.

    Examples
    --------
    >>> index = pd.MultiIndex.from_product([[7, 8], ["post"]], names=["cell_id", "kind"])
    >>> access = pd.DataFrame({"seconds": [60.0, 90.0]}, index)
    >>> by_kind(access, "seconds", pd.Index([8, 7]))["post"]
    array([90., 60.])
    """
    if column not in access.columns:
        raise TableError(Fault("access", f"has no column {column!r}", "measure it (nearest_times)"))
    return _ByKind(access, column, cells)


class _ByKind(Mapping[str, np.ndarray]):
    """One array per kind, made when it is asked for: a county holds millions of rows."""

    def __init__(self, access: pd.DataFrame, column: str, cells: pd.Index) -> None:
        index = cast("pd.MultiIndex", access.index)
        self._ids, self._kinds = index.levels
        self._cell, self._kind = (np.asarray(code) for code in index.codes)
        self._values = access[column].array
        self._cells = cells

    def __getitem__(self, kind: str) -> np.ndarray:
        if kind not in self._kinds:
            known = ", ".join(self) or "none"
            raise TableError(
                Fault("access", f"kind {kind!r} was not measured (measured: {known})", "measure it")
            )
        number = int(np.flatnonzero(self._kinds == kind)[0])
        rows: Any = slice(number * len(self._cells), (number + 1) * len(self._cells))
        if (
            len(self._kind) != len(self._cells) * len(self._kinds)
            or (self._kind[rows] != number).any()
        ):
            rows = np.flatnonzero(self._kind == number)
        found = self._ids[self._cell[rows]]
        if found.equals(self._cells):
            return np.asarray(self._values[rows])
        return pd.Series(self._values[rows], index=found).reindex(self._cells).to_numpy()

    def __iter__(self) -> Iterator[str]:
        return iter(str(kind) for kind in self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)


def code_index(levels: Mapping[str, pd.Index], *codes: np.ndarray) -> pd.MultiIndex:
    """Make a MultiIndex from level values and positions in them, without hashing each row.

    Parameters
    ----------
    levels
        Level name -> its values.
    codes
        For each level, the position of every row's value.

    Examples
    --------
    >>> code_index({"a": pd.Index([7, 8]), "b": pd.Index(["x"])}, np.array([1]), np.array([0]))
    MultiIndex([(8, 'x')],
               names=['a', 'b'])
    """
    make = cast("Any", pd.MultiIndex)  # its stub asks for lists of Python values
    index = make(levels=[*levels.values()], codes=[*codes], names=[*levels], verify_integrity=False)
    return cast("pd.MultiIndex", index)


def first(values: Sequence[object] | pd.Index | np.ndarray, count: int = 3) -> str:
    """Name the first few of many for a message.

    Parameters
    ----------
    values
        What to name.
    count
        How many to spell out.

    Returns
    -------
    str
        ``"a, b, c and 4 more"``.

    Examples
    --------
    >>> first(["a", "b", "c", "d"])
    'a, b, c and 1 more'
    """
    head = ", ".join(str(value) for value in list(values[:count]))
    return head if len(values) <= count else f"{head} and {len(values) - count} more"


def _range(column: Column) -> str:
    low = "" if column.minimum is None else f">= {column.minimum:g} and "
    high = "" if column.maximum is None else f"<= {column.maximum:g} and "
    return f"must be {low}{high}finite"


def _index_faults(frame: pd.DataFrame, table: Table, label: str) -> Iterator[Fault]:
    names = tuple(frame.index.names)
    if names != table.index:
        yield Fault(label, f"index is {names}, not {table.index}", "set_index to these names")
    elif not _unique(frame.index):
        repeated = frame.index[frame.index.duplicated()].unique()
        yield Fault(label, f"{table.index[0]} repeats: {first(repeated)}", "make ids unique")


def _unique(index: pd.Index) -> bool:
    """Tell whether labels are unique; pairs by counting them, as millions take long to hash."""
    if not isinstance(index, pd.MultiIndex) or index.nlevels != 2:
        return bool(index.is_unique)
    (one, other), codes = index.levels, [np.asarray(code, np.int64) for code in index.codes]
    possible = len(one) * len(other)
    fit = len(index) <= possible <= 4 * len(index) + 1000
    if not (fit and one.is_unique and other.is_unique and all((c >= 0).all() for c in codes)):
        return bool(index.is_unique)
    return not len(index) or int(np.bincount(codes[0] * len(other) + codes[1]).max()) == 1


def _column_faults(values: pd.Series, column: Column, label: str) -> Iterator[Fault]:
    name = values.name
    absent = values.isna()
    if absent.any() and not column.missing:
        ids = values.index[absent]
        yield Fault(label, f"column {name!r} has no value at {first(ids)}", column.meaning)
    if column.dtype == "number":
        if not (pd.api.types.is_numeric_dtype(values) or absent.all()):
            yield Fault(label, f"column {name!r} is not numeric", f"give numbers: {column.meaning}")
            return
        numbers = values.to_numpy(dtype=float, na_value=np.nan)
        bad = np.isinf(numbers)
        if column.minimum is not None:
            bad |= numbers < column.minimum
        if column.maximum is not None:
            bad |= numbers > column.maximum
        if bad.any():
            at = first(values.index[bad])
            example = numbers[bad][0]
            yield Fault(label, f"column {name!r} is {example:g} at {at}", _range(column))
    if column.allowed is not None:
        wrong = ~absent & ~values.isin(column.allowed)
        if wrong.any():
            words = first(values[wrong].unique())
            at = first(values.index[wrong])
            yield Fault(
                label, f"column {name!r} is {words!r} at {at}", f"use {', '.join(column.allowed)}"
            )


def _geometry_faults(frame: pd.DataFrame, table: Table, label: str) -> Iterator[Fault]:
    if not isinstance(frame, gpd.GeoDataFrame) or frame.active_geometry_name is None:
        yield Fault(label, "has no geometry", "give a GeoDataFrame")
        return
    types = frame.geom_type
    shapes = np.asarray(frame.geometry)
    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    if empty.any():
        yield Fault(label, f"geometry is empty at {first(frame.index[empty])}", "give or drop it")
    wrong = ~empty & ~types.isin(table.geometry)
    if wrong.any():
        found = first(types[wrong].unique())
        at = first(frame.index[wrong])
        yield Fault(label, f"geometry is {found} at {at}", f"give {' or '.join(table.geometry)}")
