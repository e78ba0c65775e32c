"""Questions about a datum: rows that do not fit the county, roads that fit another datum better."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lifecircle.datum.convert import (
    EASTING_M,
    NORTHING_M,
    ZONES,
    Floats,
    floats,
    ordered,
    read_as,
    six_degree_zone,
    within,
)
from lifecircle.datum.naming import BD09, CGCS2000, GCJ02, WGS84, Datum, by_meridian, by_zone

Bounds = tuple[float, float, float, float]
Reason = Literal["swapped", "packed", "metres", "six", "degrees", "zero", "outside"]

Test = Callable[[Floats, Floats], NDArray[np.bool_]]

_SENTENCES: Final[dict[Reason, tuple[str, str]]] = {
    "swapped": ("{n} 行的经度和纬度填反了", "{rows} with lon and lat swapped"),
    "packed": (
        "{n} 行的度分秒连写成了一个数（如 1103015 即 110°30′15″）",
        "{rows} with degrees, minutes and seconds packed into one number (1103015: 110°30′15″)",
    ),
    "metres": (
        '{n} 行是平面坐标（米），按 {key}（{zh}）读取则落在本县；请声明 datum = "{key}"',
        '{rows} in metres that lie in the county if read as {key}; declare datum = "{key}"',
    ),
    "six": (
        "{n} 行是 6 度带的平面坐标（米），不能读取；请换算到 3 度带或经纬度",
        (
            "{rows} in metres of a 6-degree zone, which is not read; "
            "convert to a 3-degree zone, or to degrees"
        ),
    ),
    "degrees": (
        '{n} 行是经纬度（度），不是所声明的平面坐标（米）；请声明 datum = "{key}"',
        '{rows} in degrees, not the metres declared; declare datum = "{key}"',
    ),
    "zero": ("{n} 行的坐标是 0, 0，应视为缺失", "{rows} at 0, 0, which stands for missing"),
    "outside": (
        "{n} 行落在本县范围以外，请核对坐标和坐标系",
        "{rows} outside the county however they are read; check the coordinates and the datum",
    ),
}
_METRES_ANYWHERE: Final = (
    "{n} 行是平面坐标（米），按各 3 度带读取都不在本县；请核对坐标系和带号",
    "{rows} in metres that lie outside the county in every 3-degree zone; check the datum",
)


@dataclass(frozen=True, eq=False)
class Doubt:
    """Rows whose coordinates do not fit the county as declared, and what would explain them.

    Parameters
    ----------
    reason
        ``"swapped"``, ``"packed"`` (1103015 for 110°30′15″), ``"metres"`` (Gauss-Kruger in another
        zone, or not declared), ``"six"`` (in a 6-degree zone), ``"degrees"`` (lon/lat where metres
        are declared), ``"zero"``, or ``"outside"``: no reading explains them.
    rows
        Their positions, from 0.
    datum
        The declaration that puts them into the county, where that is what is wrong.
    """

    reason: Reason
    rows: NDArray[np.intp]
    datum: Datum | None = None

    @property
    def zh(self) -> str:
        """Say it in Chinese."""
        return self._say(0)

    @property
    def en(self) -> str:
        """Say it in English."""
        return self._say(1)

    def _say(self, language: int) -> str:
        words = _SENTENCES[self.reason]
        if self.reason == "metres" and self.datum is None:
            words = _METRES_ANYWHERE
        n = len(self.rows)
        key, zh = (self.datum.key, self.datum.zh) if self.datum else ("", "")
        return words[language].format(n=n, rows=f"{n} row{'s' * (n != 1)}", key=key, zh=zh)


def doubts(
    x: ArrayLike, y: ArrayLike, datum: Datum | None, bounds: Bounds
) -> tuple[NDArray[np.int8], list[Doubt]]:
    """Question coordinates that do not lie in the county as declared.

    Parameters
    ----------
    x, y
        One-dimensional, as read: meant as lon and lat, or as metres.
    datum
        As declared; None reads them as WGS 84.
    bounds
        West, south, east and north of the county in lon/lat, wide by the longest walk.

    Returns
    -------
    codes, found
        Per row 0, or the number from 1 of its doubt in `found`. Rows without coordinates are 0.

    Examples
    --------
    >>> codes, found = doubts([110.1, 26.6, 37410000.0], [26.6, 110.1, 2943000.0], None,
    ...                       (109.8, 26.2, 110.6, 27.1))
    >>> codes.tolist(), [doubt.reason for doubt in found], found[1].datum.key
    ([0, 1, 2], ['swapped', 'metres'], 'cgcs2000-gk-zone37')
    >>> print(found[0].zh)
    1 行的经度和纬度填反了
    """
    x, y = floats(x, y)
    codes, found = np.zeros(x.shape, np.int8), list[Doubt]()
    datum = datum or WGS84
    rows = np.flatnonzero(np.isfinite(x + y))
    rows = rows[~_fits(datum, bounds)(x[rows], y[rows])]
    for reason, better, test in _readings(datum, bounds):
        if not rows.size:
            break
        hit = test(x[rows], y[rows])
        if hit.any():
            found.append(Doubt(reason, rows[hit], better))
            codes[rows[hit]] = len(found)
            rows = rows[~hit]
    return codes, found


def _fits(datum: Datum, bounds: Bounds) -> Test:
    west, south, east, north = bounds

    def fits(x: Floats, y: Floats) -> NDArray[np.bool_]:
        lon, lat = read_as(x, y, datum)
        return within(lon, (west, east)) & within(lat, (south, north))

    return fits


def _readings(datum: Datum, bounds: Bounds) -> Iterator[tuple[Reason, Datum | None, Test]]:
    """Give the other readings of a row, the surest first; the last takes all."""
    degrees = CGCS2000 if datum.family == "gk" else datum
    fits = _fits(degrees, bounds)
    yield "zero", None, lambda x, y: (x == 0.0) & (y == 0.0)
    if datum.family == "gk":
        yield "degrees", degrees, lambda x, y: fits(x, y) | fits(y, x)
    yield "swapped", None, lambda x, y: fits(y, x)

    def packed(x: Floats, y: Floats) -> NDArray[np.bool_]:
        a, b = _unpacked(x), _unpacked(y)
        return fits(a, b) | fits(b, a)

    yield "packed", None, packed
    yield "six", None, lambda x, y: np.isfinite(six_degree_zone(x, y))
    for zone in _zones_near(bounds):
        for other in (by_zone(zone), by_meridian(3 * zone)):
            if other != datum:
                yield "metres", other, _fits(other, bounds)
    yield "metres", None, _metric
    yield "outside", None, lambda x, _: np.full(x.shape, fill_value=True)


def _zones_near(bounds: Bounds) -> list[int]:
    """Give the zones within one zone of the county, the county's own first."""
    middle = (bounds[0] + bounds[2]) / 6.0
    zones = range(max(ZONES[0], round(middle) - 1), min(ZONES[1], round(middle) + 1) + 1)
    return sorted(zones, key=lambda zone: abs(zone - middle))


def _metric(x: Floats, y: Floats) -> NDArray[np.bool_]:
    easting, northing = ordered(x, y)
    prefixed = within(easting // 1e6, ZONES)
    return within(northing, NORTHING_M) & (within(easting, EASTING_M) | prefixed)


def _unpacked(values: Floats) -> Floats:
    """Read 1103015 as 110°30′15″; what is no such number stays."""
    degrees, rest = np.divmod(values, 10_000.0)
    minutes, seconds = np.divmod(rest, 100.0)
    is_packed = (values >= 10_000.0) & (degrees <= 180.0) & (minutes < 60.0) & (seconds < 60.0)
    return np.where(is_packed, degrees + minutes / 60.0 + seconds / 3600.0, values)


# Ours: when another datum is worth a question. A facility lies within metres of a road, and a wrong
# datum moves it by hundreds; but in a dense town some road is near everywhere.
_LEAST_POINTS: Final = 20
_SHARE: Final = 0.5  # the other median is at most half of the declared one's
_GAIN_M: Final = 15.0  # and smaller by at least this: points are no better than that
_SIGNS_Z: Final = 3.0  # and of the points that differ, many more come closer (sign test, p < 0.002)


@dataclass(frozen=True)
class DatumQuestion:
    """A datum that fits the roads much better than the declared one.

    Parameters
    ----------
    declared, likelier
        As declared, and what to ask for.
    declared_m, likelier_m
        Median distance to the nearest road under each, in metres.
    points, closer
        How many points were compared, and how many come closer to a road.
    """

    declared: Datum
    likelier: Datum
    declared_m: float
    likelier_m: float
    points: int
    closer: int

    @property
    def zh(self) -> str:
        """Say it in Chinese."""
        return (
            f"坐标系声明为 {self.declared.key}（{self.declared.zh}），{self.points} "
            f"个点到最近道路的距离中位数为 {self.declared_m:.0f} 米；"
            f"按 {self.likelier.key}（{self.likelier.zh}）读取则为 {self.likelier_m:.0f} 米，"
            f"{self.closer} 个点更近。请核对坐标系"
        )

    @property
    def en(self) -> str:
        """Say it in English."""
        return (
            f"declared {self.declared.key}: the median of {self.points} points lies "
            f"{self.declared_m:.0f} m from a road; read as {self.likelier.key} it is "
            f"{self.likelier_m:.0f} m, and {self.closer} points come closer. Check the datum"
        )


def likelier_datum(
    x: ArrayLike,
    y: ArrayLike,
    declared: Datum | None,
    residual_m: Callable[[Floats, Floats], Floats],
) -> DatumQuestion | None:
    """Ask whether points lie closer to the roads under another datum.

    Parameters
    ----------
    x, y
        Degrees as read from the file, not converted.
    declared
        As declared; None stands for WGS 84. Metres are not questioned: no other datum has them.
    residual_m
        From lon/lat (WGS 84) to metres to the nearest road, one per point; NaN where unknown.

    Returns
    -------
    DatumQuestion or None
        None where the declared datum stands: under 20 points, or no other datum halves the median
        distance, makes it 15 m less and brings clearly more points closer (ours).

    Examples
    --------
    >>> from lifecircle.datum import GCJ02, WGS84, from_lonlat
    >>> lon, lat = np.linspace(110.0, 110.3, 50), np.full(50, 26.5)  # along a road on 26.5 N
    >>> def to_road(lon, lat):
    ...     return np.abs(lat - 26.5) * 110_800.0
    >>> question = likelier_datum(*from_lonlat(lon, lat, GCJ02), WGS84, to_road)
    >>> question.likelier.key, question.closer
    ('gcj02', 50)
    """
    x, y = floats(x, y)
    declared = declared or WGS84
    if declared.family == "gk":
        return None
    here_m = np.asarray(residual_m(*read_as(x, y, declared)))
    best: DatumQuestion | None = None
    for other in (WGS84, GCJ02, BD09):
        if other.family == declared.family:
            continue
        there_m = np.asarray(residual_m(*read_as(x, y, other)))
        known = ~(np.isnan(here_m) | np.isnan(there_m))
        asked = _compared(declared, other, here_m[known], there_m[known])
        if asked and (best is None or asked.likelier_m < best.likelier_m):
            best = asked
    return best


def _compared(
    declared: Datum, other: Datum, here_m: Floats, there_m: Floats
) -> DatumQuestion | None:
    if here_m.size < _LEAST_POINTS:
        return None
    here, there = float(np.median(here_m)), float(np.median(there_m))
    closer, farther = int((there_m < here_m).sum()), int((there_m > here_m).sum())
    clear = closer - farther >= _SIGNS_Z * np.sqrt(closer + farther)
    if not (clear and there <= _SHARE * here and here - there >= _GAIN_M):
        return None
    return DatumQuestion(declared, other, here, there, here_m.size, closer)
