"""The coordinate system of what is handed over: as in the run, CGCS2000, its zone, or any other."""

from __future__ import annotations

import math
from typing import Final

import pyproj
import pyproj.exceptions

from lifecircle.datum import parse_datum
from lifecircle.datum.naming import BY_MERIDIAN_EPSG, BY_ZONE_EPSG, MERIDIANS
from lifecircle.errors import CRSError, Fault, warn

Bounds = tuple[float, float, float, float]
_ALLOWED: Final = (
    "cgcs2000, cgcs2000-gk-cm (3-degree zone chosen from the data), cgcs2000-gk (eastings with "
    "its number), or a code such as EPSG:4546"
)
_HALF: Final = 1.5  # degrees from the central meridian to the edge of a 3-degree zone
_ROUNDING: Final = 0.05  # degrees beyond an edge that are not worth a warning; ours


def export_crs(wanted: str | None, own: pyproj.CRS, bounds: Bounds) -> pyproj.CRS:
    """Find the coordinate system that an export is to be in.

    Parameters
    ----------
    wanted
        ``None``: the run's own. ``"cgcs2000"``: geographic, EPSG:4490. ``"cgcs2000-gk-cm"``: the
        3-degree Gauss-Kruger zone of the data, eastings without its number; with the number,
        ``"cgcs2000-gk"``. A zone by name (``cgcs2000-gk-111``, ``cgcs2000-gk-zone37``), or an
        EPSG code.
    own
        The run's metric CRS.
    bounds
        West, south, east, north of the county, degrees.

    Returns
    -------
    pyproj.CRS
        Projected or geographic.

    Raises
    ------
    CRSError
        It is not known, has no plane or geographic coordinates, or no zone of China's covers the
        data.

    Warns
    -----
    DataWarning
        The data reach beyond the zone, or lie outside the area that the system is meant for.

    Examples
    --------
    >>> own = pyproj.CRS(4546)
    >>> suining = (109.8, 26.2, 110.6, 27.1)
    >>> [export_crs(w, own, suining).to_epsg() for w in (None, "cgcs2000", "cgcs2000-gk-cm")]
    [4546, 4490, 4546]
    >>> export_crs("cgcs2000-gk", own, suining).to_epsg()
    4525
    """
    word = (wanted or "").strip().casefold().replace("_", "-")
    if not word:
        return own
    if word in ("cgcs2000-gk-cm", "cgcs2000-gk"):
        return _zone(bounds, numbered=word == "cgcs2000-gk")
    crs = _named(word)
    _warn_outside(crs, bounds)
    return crs


def central_meridian(lon: float) -> int:
    """Give the central meridian of the 3-degree zone that a longitude lies in.

    Parameters
    ----------
    lon
        Degrees east.

    Returns
    -------
    int
        A multiple of 3. On the edge of two zones the eastern one.

    Examples
    --------
    >>> [central_meridian(lon) for lon in (109.49, 109.5, 111.0, 112.49, 112.5)]
    [108, 111, 111, 111, 114]
    """
    return 3 * math.floor(lon / 3.0 + 0.5)


def _zone(bounds: Bounds, *, numbered: bool) -> pyproj.CRS:
    west, south, east, north = bounds
    meridian = central_meridian((west + east) / 2.0)
    if meridian not in MERIDIANS or north < 0:
        place = f"{west:.2f} to {east:.2f} E, {south:.2f} to {north:.2f} N"
        raise CRSError(
            Fault(
                "crs",
                f"the data lie at {place}: no CGCS2000 3-degree zone (75 to 135 E) covers them",
                "take cgcs2000 (geographic), or a local code such as EPSG:25832",
            )
        )
    if west < meridian - _HALF - _ROUNDING or east > meridian + _HALF + _ROUNDING:
        warn(
            f"the data reach from {west:.2f} to {east:.2f} E, beyond the 3-degree zone of "
            f"{meridian} E ({meridian - _HALF:g} to {meridian + _HALF:g} E); lengths there are "
            "less exact: for a wide area cgcs2000 (geographic) is safer"
        )
    first = BY_ZONE_EPSG if numbered else BY_MERIDIAN_EPSG
    return pyproj.CRS.from_epsg(first + (meridian - MERIDIANS[0]) // 3)


def _named(word: str) -> pyproj.CRS:
    try:
        datum = parse_datum(word, "crs")
        given = f"EPSG:{datum.epsg}" if datum.epsg else ""
    except CRSError:
        given = f"EPSG:{word}" if word.isdigit() else word
    if not given:
        raise CRSError(Fault("crs", f"{word!r} is no system for layers", f"take {_ALLOWED}"))
    try:
        crs = pyproj.CRS.from_user_input(given)
    except pyproj.exceptions.CRSError as error:
        raise CRSError(
            Fault("crs", f"{word!r} is no known coordinate system", f"take {_ALLOWED}")
        ) from error
    if not (crs.is_projected or crs.is_geographic):
        raise CRSError(Fault("crs", f"{crs.name} has no place on a map", f"take {_ALLOWED}"))
    return crs.to_2d()


def _warn_outside(crs: pyproj.CRS, bounds: Bounds) -> None:
    meant = crs.area_of_use
    if meant is None or meant.west > meant.east:  # across the date line
        return
    west, south, east, north = bounds
    slack = _ROUNDING
    if (
        west < meant.west - slack
        or east > meant.east + slack
        or south < meant.south - slack
        or north > meant.north + slack
    ):
        warn(
            f"{crs.name} is meant for {meant.west:g} to {meant.east:g} E, {meant.south:g} to "
            f"{meant.north:g} N, and the data reach beyond that ({west:.2f} to {east:.2f} E, "
            f"{south:.2f} to {north:.2f} N)"
        )
