"""Between datums and lon/lat, vectorised: GCJ-02, BD-09 by formula, Gauss-Kruger by PROJ."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import numpy as np
import pyproj
import shapely
from numpy.typing import ArrayLike, NDArray

from lifecircle.datum.naming import BY_ZONE_EPSG, GK, Datum, Family
from lifecircle.errors import CRSError, Fault

Floats = NDArray[np.float64]
Pair = tuple[Floats, Floats]

# The published rule's rectangle around China, west, south, east, north. The rule drops the offset
# at once outside; a step has no inverse. Ours: it fades over the last half degree inside, abroad or
# at sea on all four sides (China ends at 73.5 E, 3.4 N, 135.1 E and 53.6 N).
BOX: Final = (72.004, 0.8293, 137.8347, 55.8271)
_FADE_DEG: Final = 0.5
# Krasovsky 1940, as the published rule has it.
_AXIS_M: Final = 6378245.0
_ECCENTRICITY2: Final = 0.00669342162296594323
_STEP_DEG: Final = 1e-11  # rounds shrink the error over 30 times: below 1e-12 degree after this
_ROUNDS: Final = 20  # 5 are enough for GCJ-02, 7 for BD-09
_CHUNK: Final = 8192  # points at a time: the dozen arrays of a formula stay in the cache

NORTHING_M: Final = (2.0e6, 6.0e6)  # all of the mainland and Hainan
EASTING_M: Final = (166_000.0, 834_000.0)
ZONES: Final = (25, 45)
SIX_DEGREE_ZONES: Final = (13, 23)  # of China; no number stands in both


def to_lonlat(x: ArrayLike, y: ArrayLike, datum: Datum) -> Pair:
    """Convert coordinates to lon/lat.

    Parameters
    ----------
    x, y
        Lon and lat in degrees of the datum; or metres, easting and northing in either order
        (Chinese tables call the northing X), told apart point by point by their size.
    datum
        What they are in.

    Returns
    -------
    lon, lat
        WGS 84 / CGCS2000 degrees in the shape of `x`; NaN where a coordinate is NaN.

    Raises
    ------
    CRSError
        ``cgcs2000-gk`` is declared and eastings carry no zone, or one of 6 degrees.

    References
    ----------
    GCJ-02: the approximation published as ``wgtochina_lb`` (EvilTransform and its descendants),
    on Krasovsky 1940. Inverse: fixed-point iteration, here and for BD-09.

    Examples
    --------
    >>> from lifecircle.datum import parse_datum
    >>> lon, lat = to_lonlat(3013000.0, 37410000.0, parse_datum("cgcs2000-gk-zone37"))
    >>> print(f"{lon:.4f} {lat:.4f}")
    110.0914 27.2260
    """
    x, y = floats(x, y)
    if datum == GK and (lacking := np.isfinite(x + y) & np.isnan(_zone(*ordered(x, y)))).any():
        raise CRSError(_no_zone(x, y, lacking, datum))
    return read_as(x, y, datum)


def _no_zone(x: Floats, y: Floats, lacking: NDArray[np.bool_], datum: Datum) -> Fault:
    """Say of which points the zone is not known, or known and of 6 degrees."""
    zones = six_degree_zone(x, y)
    wide = lacking & np.isfinite(zones)
    if wide.any():
        n, numbers = int(wide.sum()), ", ".join(f"{zone:.0f}" for zone in np.unique(zones[wide]))
        wide_m = f"{n} of {x.size} points are in metres of 6-degree zones ({numbers})"
        what = f"{wide_m}, which are not read"
        return Fault(datum.key, what, "convert them to a 3-degree zone, or to degrees")
    n = int(lacking.sum())
    return Fault(
        datum.key,
        f"the easting of {n} of {x.size} points has no zone number (37500000 is zone 37)",
        "declare the central meridian (中央经线), such as cgcs2000-gk-111",
    )


def from_lonlat(lon: ArrayLike, lat: ArrayLike, datum: Datum) -> Pair:
    """Convert lon/lat to a datum; the inverse of `to_lonlat`.

    Parameters
    ----------
    lon, lat
        WGS 84 / CGCS2000 degrees.
    datum
        What to give them in.

    Returns
    -------
    x, y
        Degrees, or easting and northing in metres; NaN where a coordinate is NaN.

    Raises
    ------
    CRSError
        ``cgcs2000-gk`` is asked for points outside its zones 25 to 45.

    Examples
    --------
    >>> from lifecircle.datum import parse_datum
    >>> lon, lat = from_lonlat(110.16, 26.58, parse_datum("gcj02"))
    >>> print(f"{lon:.6f} {lat:.6f}")
    110.164751 26.576656
    """
    lon, lat = floats(lon, lat)
    if datum.family == "lonlat":
        return lon.copy(), lat.copy()
    if datum.family == "gk":
        return _to_gk(lon, lat, datum)
    return _by_chunk(lon, lat, _OFFSETS[datum.family], _moved)


def geometry_to_lonlat(shapes: NDArray[Any], datum: Datum) -> NDArray[Any]:
    """Convert geometries to lon/lat, vertex by vertex.

    Parameters
    ----------
    shapes
        shapely geometries, or None.
    datum
        What their coordinates are in.

    Returns
    -------
    ndarray
        New geometries without heights.

    Raises
    ------
    CRSError
        As in `to_lonlat`.

    Examples
    --------
    >>> from lifecircle.datum import parse_datum
    >>> home = np.array([shapely.Point(500000.0, 3013000.0)])
    >>> print(geometry_to_lonlat(home, parse_datum("cgcs2000-gk-111"))[0].x)
    111.0
    """

    def convert(xy: Floats) -> Floats:
        return np.column_stack(to_lonlat(xy[:, 0], xy[:, 1], datum))

    return np.asarray(shapely.transform(np.asarray(shapes, dtype=object), convert))


def floats(x: ArrayLike, y: ArrayLike) -> Pair:
    """Give coordinates as float64."""
    return np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)


def read_as(x: Floats, y: Floats, datum: Datum) -> Pair:
    """Convert as `to_lonlat` does; NaN where the datum gives points no meaning."""
    if datum.family == "lonlat":
        return x.copy(), y.copy()
    if datum.family == "gk":
        return _from_gk(x, y, datum)
    return _by_chunk(x, y, _OFFSETS[datum.family][::-1], _moved_back)


Offset = Callable[[Floats, Floats], Pair]


def _by_chunk(
    x: Floats,
    y: Floats,
    offsets: tuple[Offset, ...],
    move: Callable[[Offset, Floats, Floats], Pair],
) -> Pair:
    """Move points by each of the offsets in turn."""
    shape = x.shape
    x, y = x.ravel().copy(), y.ravel().copy()
    for begin in range(0, x.size, _CHUNK):
        part = slice(begin, begin + _CHUNK)
        for offset in offsets:
            x[part], y[part] = move(offset, x[part], y[part])
    return x.reshape(shape), y.reshape(shape)


def _moved(offset: Offset, x: Floats, y: Floats) -> Pair:
    dx, dy = _faded(offset, x, y)
    return x + dx, y + dy


def _moved_back(offset: Offset, x: Floats, y: Floats) -> Pair:
    """Find the points that `_moved` moves to x, y: p = q - offset(p), until p rests."""
    dx, dy = _faded(offset, x, y)
    for _ in range(_ROUNDS):
        ex, ey = _faded(offset, x - dx, y - dy)
        moving = (np.abs(ex - dx) > _STEP_DEG) | (np.abs(ey - dy) > _STEP_DEG)
        dx, dy = ex, ey
        if not moving.any():  # NaN rests
            break
    return x - dx, y - dy


def _faded(offset: Offset, x: Floats, y: Floats) -> Pair:
    """Give the offset that applies: in full within the box, none outside."""
    west, south, east, north = BOX
    full = _FADE_DEG
    if (
        (x.min() >= west + full and x.max() <= east - full)  # False where there is a NaN
        and (y.min() >= south + full and y.max() <= north - full)
    ):
        return offset(x, y)
    inside = np.minimum(np.minimum(x - west, east - x), np.minimum(y - south, north - y))
    share = np.clip(inside / _FADE_DEG, 0.0, 1.0)
    dx, dy = offset(np.clip(x, west, east), np.clip(y, south, north))
    return dx * share, dy * share


def _gcj02_offset(lon: Floats, lat: Floats) -> Pair:
    """Give what GCJ-02 adds to lon and lat, in degrees."""
    x, y = lon - 105.0, lat - 35.0
    xy, root = 0.1 * x * y, np.sqrt(np.abs(x))
    twelfth, third, sine, cosine = _waves(np.pi * x)
    twice = 2.0 * sine * cosine
    both = 20.0 * (twice * (3.0 - 4.0 * twice * twice) + twice)  # sin(6 pi x) + sin(2 pi x)
    east_m = both + 20.0 * sine + 40.0 * third + 150.0 * twelfth
    east_m += 300.0 * np.sin((np.pi / 30.0) * x)
    twelfth, third, sine, _ = _waves(np.pi * y)
    north_m = both + 20.0 * sine + 40.0 * third + 160.0 * twelfth
    north_m += 320.0 * np.sin((np.pi / 30.0) * y)
    east_m *= 2.0 / 3.0
    north_m *= 2.0 / 3.0
    east_m += 300.0 + x + 2.0 * y + 0.1 * x * x + xy + 0.1 * root
    north_m += -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + xy + 0.2 * root
    sine2 = np.sin(np.radians(lat)) ** 2
    w2 = 1.0 - _ECCENTRICITY2 * sine2
    w = np.sqrt(w2)
    degrees_per_m = np.degrees(w) / _AXIS_M
    return (
        east_m * degrees_per_m / np.sqrt(1.0 - sine2),
        north_m * degrees_per_m * w2 / (1.0 - _ECCENTRICITY2),
    )


def _waves(t: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Give sin(t/12), sin(t/3), sin(t) and cos(t) for the price of one sine and one cosine."""
    sin12, cos12 = np.sin(t / 12.0), np.cos(t / 12.0)
    sin6, cos6 = 2.0 * sin12 * cos12, 1.0 - 2.0 * sin12 * sin12
    sin3, cos3 = 2.0 * sin6 * cos6, 1.0 - 2.0 * sin6 * sin6
    return sin12, sin3, sin3 * (3.0 - 4.0 * sin3 * sin3), cos3 * (4.0 * cos3 * cos3 - 3.0)


def _bd09_offset(x: Floats, y: Floats) -> Pair:
    """Give what BD-09 adds to GCJ-02's lon and lat, in degrees.

    The published rule adds `dr` to the radius r of (x, y) and `turn` to its angle, then (0.0065,
    0.006). A turn of at most 3e-6 needs no arc tangent: sine and cosine are exact to 1e-17 here.
    """
    rate = np.pi * 3000.0 / 180.0
    grow = 0.00002 * np.sin(y * rate) / np.hypot(x, y)
    turn = 0.000003 * np.cos(x * rate)
    less = -0.5 * turn * turn
    return (
        grow * x + (1.0 + grow) * (less * x - turn * y) + 0.0065,
        grow * y + (1.0 + grow) * (less * y + turn * x) + 0.006,
    )


_OFFSETS: Final[dict[Family, tuple[Offset, ...]]] = {
    "gcj02": (_gcj02_offset,),
    "bd09": (_gcj02_offset, _bd09_offset),
}


@lru_cache
def _gauss_kruger(epsg: int) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(4490, epsg, always_xy=True)


def _project(x: Floats, y: Floats, epsg: int, *, back: bool) -> Pair:
    direction = "INVERSE" if back else "FORWARD"
    x, y = _gauss_kruger(epsg).transform(x, y, direction=direction)
    lost = ~np.isfinite(x + y)  # infinite where PROJ gives up
    return np.where(lost, np.nan, x), np.where(lost, np.nan, y)


def within(values: Floats, limits: tuple[float, float]) -> NDArray[np.bool_]:
    """Tell which values lie between two limits, these included."""
    return (values >= limits[0]) & (values <= limits[1])


def ordered(x: Floats, y: Floats) -> Pair:
    """Put easting first, northing second."""
    easting = within(y, EASTING_M) | within(y // 1e6, ZONES)
    turned = within(x, NORTHING_M) & easting
    return np.where(turned, y, x), np.where(turned, x, y)


def six_degree_zone(x: Floats, y: Floats) -> Floats:
    """Give the 6-degree zone before eastings (19715000 is zone 19), in either order; else NaN."""
    zones = [
        np.where(
            within(easting // 1e6, SIX_DEGREE_ZONES)
            & within(easting % 1e6, EASTING_M)
            & within(northing, NORTHING_M),
            easting // 1e6,
            np.nan,
        )
        for easting, northing in ((x, y), (y, x))
    ]
    return np.fmax(*zones)


def _zone(easting: Floats, northing: Floats) -> Floats:
    """Give the zone before eastings; NaN where there is none, or no northing."""
    zone = easting // 1e6
    return np.where(within(zone, ZONES) & np.isfinite(northing), zone, np.nan)


def _from_gk(x: Floats, y: Floats, datum: Datum) -> Pair:
    easting, northing = ordered(x, y)
    if datum.epsg is not None:
        return _project(easting, northing, datum.epsg, back=True)
    zone = _zone(easting, northing)
    lon, lat = np.full(zone.shape, np.nan), np.full(zone.shape, np.nan)
    for number in np.unique(zone[np.isfinite(zone)]).astype(int):
        here = zone == number
        epsg = BY_ZONE_EPSG + int(number) - 25
        lon[here], lat[here] = _project(easting[here], northing[here], epsg, back=True)
    return lon, lat


def _to_gk(lon: Floats, lat: Floats, datum: Datum) -> Pair:
    if datum.epsg is not None:
        return _project(lon, lat, datum.epsg, back=False)
    zone = np.floor((lon + 1.5) / 3.0)
    if (beyond := np.isfinite(lon + lat) & ~within(zone, ZONES)).any():
        what = f"{int(beyond.sum())} of {lon.size} points lie in none of the zones 25 to 45"
        raise CRSError(Fault(datum.key, what, "give lon/lat between 73.5 and 136.5 E"))
    x, y = np.full(zone.shape, np.nan), np.full(zone.shape, np.nan)
    for number in np.unique(zone[np.isfinite(zone)]).astype(int):
        here = zone == number
        epsg = BY_ZONE_EPSG + int(number) - 25
        x[here], y[here] = _project(lon[here], lat[here], epsg, back=False)
    return x, y
