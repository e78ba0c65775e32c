"""The one metric coordinate system of a county."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyproj
import pyproj.exceptions
import shapely
from shapely.geometry.base import BaseGeometry

from lifecircle.errors import CRSError, Fault

# CGCS2000 / 3-degree Gauss-Kruger: EPSG = 4534 + (central meridian - 75) / 3, without zone prefix.
_GK_FIRST_EPSG: Final = 4534
_GK_FIRST_MERIDIAN: Final = 75
_GK_LAST_MERIDIAN: Final = 135
# Box of the mainland within CGCS2000's area of use; abroad, `crs` in the county file decides.
_SCALE_ERROR: Final = 0.005  # a county in its own zone stays below 0.001
_CHINA_BOX: Final = (73.6, 18.0, 134.8, 53.6)


def metric_crs(area: shapely.Geometry) -> pyproj.CRS:
    """Choose the county's metric CRS: a CGCS2000 3-degree zone in China, UTM elsewhere.

    Parameters
    ----------
    area
        The county in lon/lat degrees (EPSG:4326 or 4490).

    Returns
    -------
    pyproj.CRS
        In metres. Lengths in it differ from ground lengths by less than 0.04 % (UTM) or
        0.02 % (3-degree zones) at sea level.

    Raises
    ------
    CRSError
        The area is not in degrees.

    References
    ----------
    EPSG registry: CGCS2000 / 3-degree Gauss-Kruger CM zones, 4534 + (cm - 75) / 3.

    Examples
    --------
    >>> metric_crs(shapely.box(109.8, 26.2, 110.6, 27.1)).to_epsg()  # Suining county
    4546
    >>> metric_crs(shapely.box(9.47, 47.05, 9.64, 47.27)).to_epsg()  # Liechtenstein
    32632
    """
    west, south, east, north = shapely.bounds(area)
    if not (-180.0 <= west <= east <= 180.0 and -90.0 <= south <= north <= 90.0):
        raise CRSError(
            Fault(
                "area",
                f"bounds {west:.6g} {south:.6g} {east:.6g} {north:.6g} are not degrees",
                "give lon/lat (EPSG:4326), or declare the file's CRS",
            )
        )
    lon, lat = (west + east) / 2.0, (south + north) / 2.0
    if _CHINA_BOX[0] <= lon <= _CHINA_BOX[2] and _CHINA_BOX[1] <= lat <= _CHINA_BOX[3]:
        meridian = min(max(3 * round(lon / 3.0), _GK_FIRST_MERIDIAN), _GK_LAST_MERIDIAN)
        return pyproj.CRS.from_epsg(_GK_FIRST_EPSG + (meridian - _GK_FIRST_MERIDIAN) // 3)
    zone = min(int((lon + 180.0) // 6.0) + 1, 60)
    return pyproj.CRS.from_epsg((32600 if lat >= 0 else 32700) + zone)


def check_scale(crs: pyproj.CRS, area: BaseGeometry, where: str) -> None:
    """Raise unless a projected CRS keeps lengths over an area to half a per cent.

    Parameters
    ----------
    crs
        Projected CRS.
    area
        The county in lon/lat degrees.
    where
        What to call the CRS's owner in the message.

    Raises
    ------
    CRSError
        Lengths in it are too long or too short somewhere in the area, as in web Mercator or in a
        zone of another longitude.

    Examples
    --------
    >>> county = shapely.box(109.8, 26.2, 110.6, 27.1)
    >>> check_scale(pyproj.CRS(4546), county, "crs")
    >>> check_scale(pyproj.CRS(3857), county, "crs")
    Traceback (most recent call last):
    ...
    lifecircle.errors.CRSError: crs: WGS 84 / Pseudo-Mercator makes lengths 12.3 % too long ...
    """
    west, south, east, north = area.bounds
    lon = np.array([west, west, east, east, (west + east) / 2.0])
    lat = np.array([south, north, south, north, (south + north) / 2.0])
    factors = pyproj.Proj(crs).get_factors(lon, lat)
    scales = np.concatenate([factors.meridional_scale, factors.parallel_scale])
    error = float(scales[np.argmax(np.abs(scales - 1.0))] - 1.0)
    if not abs(error) <= _SCALE_ERROR:
        raise CRSError(
            Fault(
                where,
                f"{crs.name} makes lengths {abs(error) * 100.0:.1f} % too "
                f"{'long' if error > 0 else 'short'} in the county",
                "use the local zone, or leave crs out",
            )
        )


def require_metric(crs: Any, where: str) -> pyproj.CRS:
    """Return the CRS if it is projected and in metres, else raise.

    Parameters
    ----------
    crs
        The CRS to check: whatever `pyproj.CRS.from_user_input` takes.
    where
        What to call its owner in the message.

    Raises
    ------
    CRSError
        It is unknown, geographic, or in another unit.
    """
    try:
        known = pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError as error:
        raise CRSError(
            Fault(where, f"{crs} is no known coordinate system", "use a code such as EPSG:4546")
        ) from error
    if not known.is_projected or known.axis_info[0].unit_name != "metre":
        raise CRSError(
            Fault(where, f"CRS {known.name} is not in metres", "use a projected CRS in metres")
        )
    return known
