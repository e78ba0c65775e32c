"""Coordinates of ledgers: from whatever columns hold them to lon/lat, questioned on the way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from lifecircle.datum import WGS84, Datum, Doubt, doubts, parse_degrees, split_pair, to_lonlat
from lifecircle.errors import Fault, InputError, Severity
from lifecircle.sources.attributes import Ledgered
from lifecircle.sources.fields import plain
from lifecircle.tables import first

Floats = NDArray[np.float64]
Bounds = tuple[float, float, float, float]

EMPTY: Final = "empty"
"""What is said to stand in a cell where nothing does."""

_PAIRS: Final = (("lon", "lat"), ("east", "north"), ("x", "y"))
_WORLD: Final = (-180.0, -90.0, 180.0, 90.0)
_REASONS: Final[dict[str, tuple[str, str, Severity]]] = {
    "swapped": ("lon and lat are swapped", "swap the columns of these rows", "error"),
    "packed": (
        "degrees, minutes and seconds are written as one number",
        "give decimal degrees (110.5042)",
        "error",
    ),
    "metres": ("metres, not degrees as read", 'declare datum = "{key}" for this file', "error"),
    "six": (
        "metres of a 6-degree zone, which is not read",
        "convert them to a 3-degree zone, or to degrees",
        "error",
    ),
    "degrees": (
        "degrees, not metres as declared",
        'declare datum = "{key}" for this file',
        "error",
    ),
    "zero": ("coordinates are 0, 0", "give the place, or leave the cells empty", "error"),
    "outside": ("lies outside the county", "check the coordinates and the datum", "warning"),
}
_HINTS: Final = {
    **dict.fromkeys(("百度", "bd09", "baidu"), "bd09"),
    **dict.fromkeys(("高德", "腾讯", "火星", "gcj02", "amap"), "gcj02"),
    **dict.fromkeys(("cgcs2000", "国家2000", "2000国家", "天地图"), "cgcs2000"),
    **dict.fromkeys(("wgs84", "wgs1984"), "wgs84"),
}


@dataclass(frozen=True)
class Places:
    """Where the rows of a ledger lie.

    Parameters
    ----------
    lon, lat
        WGS 84 degrees; NaN where there is none.
    raw
        Columns x, y as the file has them, in `datum`; index ``row``.
    datum
        As declared; None where the file declares none and is read as WGS 84.
    faults
        Coordinates that are missing, no numbers, or not where they should be.
    columns
        Those of the file that hold them; none of a layer, whose geometry does.
    """

    lon: Floats
    lat: Floats
    raw: pd.DataFrame
    datum: Datum | None
    faults: list[Fault]
    columns: tuple[str, ...] = ()


def places_in_columns(ledger: Ledgered, datum: Datum | None, bounds: Bounds | None) -> Places:
    """Read the coordinates that stand in the columns of a ledger.

    Parameters
    ----------
    ledger
        The ledger, with any of: lon and lat, lonlat, east and north, x and y, wkt.
    datum
        As declared.
    bounds
        West, south, east, north of where places may lie, lon/lat; None for anywhere.

    Returns
    -------
    Places

    Examples
    --------
    >>> table = pd.DataFrame({"坐标": ["110.16，26.58", "E110°30′ N26°30′", "路口"]})
    >>> places = places_in_columns(Ledgered(table, {"lonlat": "坐标"}, "a.csv"), None, None)
    >>> places.lon.tolist(), places.lat.tolist()
    ([110.16, 110.5, nan], [26.58, 26.5, nan])
    >>> print(places.faults[0])
    a.csv: 坐标 is no coordinate: row 2 '路口' -> give decimal degrees, such as 110.156
    """
    index = ledger.table.index
    xy = pd.DataFrame({"x": np.nan, "y": np.nan}, index=index)
    unread = pd.Series(data=False, index=index)
    faults: list[Fault] = []
    sources = list(_sources(ledger))
    if not sources:
        return Places(*_nowhere(len(index)), xy, datum, [_no_columns(ledger)])
    for found, wrong, told in sources:
        lacking = xy["x"].isna() | xy["y"].isna()
        xy = xy.where(~lacking, found)
        unread |= wrong & lacking
        faults += told
    xy = xy.where(xy.notna().all(axis=1))
    absent = xy["x"].isna() & ~unread
    columns = _columns(ledger)
    if absent.any():
        faults.append(_absent(ledger, columns, absent))
    faults += _hints(ledger, datum)
    placed = place(xy, datum, bounds, ledger, columns)
    return replace(placed, faults=[*faults, *placed.faults])


def _columns(ledger: Ledgered) -> tuple[str, ...]:
    """Give the columns that coordinates are read from, as `_sources` goes through them."""
    has = ledger.fields
    pairs = [field for pair in _PAIRS if set(pair) <= set(has) for field in pair]
    whole = ["lon"] if "lon" in has and not {"lat", "lonlat"} & set(has) else []
    single = [field for field in ("lonlat", "wkt") if field in has]
    return tuple(dict.fromkeys(has[field] for field in (*pairs, *whole, *single)))


def _absent(ledger: Ledgered, columns: tuple[str, ...], absent: pd.Series) -> Fault:
    """Name the rows without coordinates, with what stands there: one of the two, or nothing."""
    cells = ledger.table.loc[absent, list(columns)].astype(object)
    cells = cells.where(cells.notna() & (cells.astype("str") != ""), EMPTY)
    values = tuple(
        EMPTY if set(row) == {EMPTY} else ", ".join(map(str, row)) for row in cells.to_numpy()
    )
    return Fault(
        ledger.label,
        "no coordinates",
        "give lon and lat",
        sheet=ledger.sheet,
        column=", ".join(columns),
        rows=tuple(int(row) for row in cells.index),
        values=values,
    )


def _told(doubt: Doubt, datum: Datum | None, bounds: Bounds | None) -> tuple[str, str, Severity]:
    """Say what is wrong, how to mend it, and how much that matters."""
    what, remedy, severity = _REASONS[doubt.reason]
    if doubt.reason == "metres" and datum is not None and datum.family == "gk":
        what = "metres of another zone than declared"
    if doubt.reason == "metres" and doubt.datum is None:
        what = "metres, not degrees" if bounds is None else "metres of no zone near the county"
        remedy = 'declare their datum, such as datum = "cgcs2000-gk-111"'
    return what, remedy, severity


def place(
    xy: pd.DataFrame,
    datum: Datum | None,
    bounds: Bounds | None,
    ledger: Ledgered,
    columns: tuple[str, ...] = (),
) -> Places:
    """Bring coordinates to lon/lat, and question those that do not fit.

    Parameters
    ----------
    xy
        Columns x, y as the file has them; index ``row``.
    datum, bounds
        As for `places_in_columns`.
    ledger
        What messages speak of.
    columns
        Those that hold the coordinates, if any do.

    Returns
    -------
    Places
    """
    x, y = xy["x"].to_numpy(np.float64), xy["y"].to_numpy(np.float64)
    codes, found = doubts(x, y, datum, bounds or _WORLD)
    faults: list[Fault] = []
    sound = np.isfinite(x + y)
    for number, doubt in enumerate(found, start=1):
        what, remedy, severity = _told(doubt, datum, bounds)
        which = codes == number
        if doubt.reason == "outside":
            lost = which & ~_on_earth(x, y, datum)
            if lost.any():
                wrong = "coordinates are not degrees"
                faults.append(_at(xy, lost, wrong, remedy, "error", ledger, columns))
                sound, which = sound & ~lost, which & ~lost
            if not which.any():
                continue
        if severity == "error":
            sound &= ~which
        remedy = remedy.format(key=doubt.datum.key if doubt.datum else "")
        faults.append(_at(xy, which, what, remedy, severity, ledger, columns))
    if bounds is None:
        zero = sound & (x == 0.0) & (y == 0.0)
        if zero.any():
            faults.append(_at(xy, zero, *_REASONS["zero"], ledger, columns))
            sound &= ~zero
    lon, lat = _nowhere(len(x))
    try:
        lon[sound], lat[sound] = to_lonlat(x[sound], y[sound], datum or WGS84)
    except InputError as error:
        faults += [
            Fault(ledger.label, fault.what, fault.remedy, sheet=ledger.sheet)
            for fault in error.faults
        ]
        sound &= False
    lost = sound & ~(np.isfinite(lon + lat))
    if lost.any():
        what, remedy = "no place on Earth as declared", "check the coordinates and the datum"
        faults.append(_at(xy, lost, what, remedy, "error", ledger, columns))
    return Places(lon, lat, xy, datum, faults, columns)


def _nowhere(count: int) -> tuple[Floats, Floats]:
    return np.full(count, np.nan), np.full(count, np.nan)


def _on_earth(x: Floats, y: Floats, datum: Datum | None) -> NDArray[np.bool_]:
    """Say which of these are degrees at all; metres are judged when they are converted."""
    if datum is not None and datum.family == "gk":
        return np.ones(len(x), dtype=bool)
    return np.asarray((np.abs(x) <= 180.0) & (np.abs(y) <= 90.0))


def _at(
    xy: pd.DataFrame,
    which: NDArray[np.bool_],
    what: str,
    remedy: str,
    severity: Severity,
    ledger: Ledgered,
    columns: tuple[str, ...],
) -> Fault:
    rows = xy[which]
    return Fault(
        ledger.label,
        what,
        remedy,
        severity,
        sheet=ledger.sheet,
        column=", ".join(columns),
        rows=tuple(int(row) for row in rows.index),
        values=tuple(f"{x:.10g}, {y:.10g}" for x, y in rows.to_numpy()),
    )


def _sources(ledger: Ledgered) -> Iterator[tuple[pd.DataFrame, pd.Series, list[Fault]]]:
    """Read each pair of columns, or column of pairs: x and y, which cells are unread, faults."""
    has = ledger.fields
    for across, up in _PAIRS:
        if across in has and up in has:
            yield _two(ledger, across, up)
        elif across in has and across == "lon" and "lonlat" not in has:
            yield _one(ledger, "lon")  # both in one column, whatever its name
    if "lonlat" in has:
        yield _one(ledger, "lonlat")
    if "wkt" in has:
        yield _shapes(ledger)


def _two(ledger: Ledgered, across: str, up: str) -> tuple[pd.DataFrame, pd.Series, list[Fault]]:
    cells = [ledger.column(field) for field in (across, up)]
    numbers, unread = zip(*(parse_degrees(column) for column in cells), strict=True)
    read = pd.DataFrame({"x": numbers[0], "y": numbers[1]})
    wrong = pd.DataFrame({across: unread[0], up: unread[1]})
    # What a map copies, 110.16,26.58, is pasted whole into one of the two cells.
    empty = [column.isna() | (column.astype("str").str.strip() == "") for column in cells]
    for column, this, other in ((cells[0], unread[0], empty[1]), (cells[1], unread[1], empty[0])):
        whole = this & other
        if whole.any():
            pairs = split_pair(column[whole]).dropna()
            read.loc[pairs.index] = pairs
            wrong.loc[pairs.index] = False
    faults = [_unread(ledger, field, wrong[field]) for field in (across, up) if wrong[field].any()]
    return read, wrong.any(axis=1), faults


def _one(ledger: Ledgered, field: str) -> tuple[pd.DataFrame, pd.Series, list[Fault]]:
    cells = ledger.column(field)
    pairs = split_pair(cells)
    given = cells.notna() & (cells.astype("str").str.strip() != "")
    wrong = given & pairs["x"].isna()
    return pairs, wrong, [_unread(ledger, field, wrong)] if wrong.any() else []


def _shapes(ledger: Ledgered) -> tuple[pd.DataFrame, pd.Series, list[Fault]]:
    cells = ledger.column("wkt")
    shapes = shapely.from_wkt(cells.astype(object).where(cells.notna(), None), on_invalid="ignore")
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    xy = np.full((len(cells), 2), np.nan)
    xy[there] = shapely.get_coordinates(shapely.point_on_surface(shapes[there]))
    wrong = pd.Series(~there, index=cells.index) & cells.notna()
    faults = [_unread(ledger, "wkt", wrong)] if wrong.any() else []
    return pd.DataFrame(xy, columns=["x", "y"], index=cells.index), wrong, faults


def _unread(ledger: Ledgered, field: str, wrong: pd.Series) -> Fault:
    remedy = "give decimal degrees, such as 110.156"
    return ledger.fault(field, "is no coordinate", remedy, wrong)


def _no_columns(ledger: Ledgered) -> Fault:
    has = first(ledger.all_columns or ["none"], 30)
    what = f"has no columns of coordinates (经度, 纬度; lon, lat); its columns: {has}"
    remedy = 'add them, or name them: columns = { lon = "..", lat = ".." }'
    return Fault(ledger.label, what, remedy, sheet=ledger.sheet)


def _hints(ledger: Ledgered, datum: Datum | None) -> list[Fault]:
    """Ask about columns that name a datum which the county file does not declare."""
    faults = []
    for field in ("lon", "lonlat", "x"):
        hint = named_datum(ledger.fields.get(field, ""))
        if hint in ("gcj02", "bd09") and datum is None:
            what = f"says {hint}, and no datum is declared: read as WGS 84"
            remedy = f'declare datum = "{hint}" for this file'
            faults.append(ledger.fault(field, what, remedy, severity="warning"))
    return faults


def named_datum(column: str) -> str | None:
    """Find the datum that a column's name speaks of; None if it names none.

    Parameters
    ----------
    column
        As the file calls it.

    Examples
    --------
    >>> named_datum("经度（BD-09）"), named_datum("lon_wgs84"), named_datum("经度")
    ('bd09', 'wgs84', None)
    """
    name = re.sub(r"[\W_]+", "", plain(column))
    return next((key for word, key in _HINTS.items() if word in name), None)


__all__ = ["EMPTY", "Places", "named_datum", "place", "places_in_columns"]
