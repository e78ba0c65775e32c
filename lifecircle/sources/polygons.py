"""Polygons of what users give: mended where that changes next to nothing, else named."""

from __future__ import annotations

from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from lifecircle.errors import Fault, Severity, warn

# Mending a polygon that crosses itself may change its area by this share at most.
_MENDED_SHARE: Final = 0.01
# Units that share more than this part of the smaller one would count its people twice.
_OVERLAP: Final = 0.01
_POLYGONS: Final = ("Polygon", "MultiPolygon")


def only_areas(
    geometry: gpd.GeoSeries, label: str, *, ids: pd.Series
) -> tuple[gpd.GeoSeries, list[Fault]]:
    """Keep polygons, mended as `mend_polygons` does it; refuse points and lines.

    Parameters
    ----------
    geometry
        Any geometries; missing and empty ones become missing, and are not told of here.
    label
        What to call their table.
    ids
        Shown in messages beside the row, on the same index.

    Returns
    -------
    areas
        On the same index; missing where there is no polygon.
    faults
        Geometries of another type; those that cannot be mended, and as warnings those that were.
    """
    given = np.asarray(geometry)
    present = ~(shapely.is_missing(given) | shapely.is_empty(given))
    drawn = present & geometry.geom_type.isin(_POLYGONS).to_numpy()
    faults = []
    if (other := present & ~drawn).any():
        kinds = ", ".join(sorted(geometry.geom_type[other].unique()))
        what = f"{kinds} instead of a polygon"
        faults.append(_fault(label, what, "give every unit as a polygon", ids[other]))
    mended, wrong = _mend(geometry[drawn], label, ids[drawn])
    return mended.reindex(geometry.index), [*faults, *wrong]


def mend_polygons(
    geometry: gpd.GeoSeries, label: str, *, ids: pd.Series | None = None
) -> tuple[gpd.GeoSeries, list[Fault]]:
    """Make polygons valid where that changes their area by 1 % at most; else name them.

    Parameters
    ----------
    geometry
        Polygons or MultiPolygons; only areas are compared, so that degrees will do.
    label
        What to call their table.
    ids
        Shown in messages beside the row, on the same index.

    Returns
    -------
    mended
        The same rows, only polygons. A `DataWarning` names those that were mended.
    faults
        Polygons without area, and those that cross themselves beyond repair.

    Examples
    --------
    >>> flat = shapely.Polygon([(0, 0), (1, 1), (2, 2)])
    >>> _, faults = mend_polygons(gpd.GeoSeries([flat], index=[1]), "units.shp")
    >>> print(faults[0])
    units.shp: no area: row 1 -> give polygons with an area
    """
    mended, faults = _mend(geometry, label, ids)
    for fault in faults:
        if fault.severity == "warning":
            warn(fault)
    return mended, [fault for fault in faults if fault.severity == "error"]


def _mend(
    geometry: gpd.GeoSeries, label: str, ids: pd.Series | None
) -> tuple[gpd.GeoSeries, list[Fault]]:
    given = np.asarray(geometry.array, dtype=object)
    broken = ~shapely.is_valid(given)
    mended = given.copy()
    mended[broken] = [only_polygons(g) for g in shapely.make_valid(given[broken])]
    before, after = shapely.area(given), shapely.area(mended)
    # A ring that winds twice over an area counts it twice; mending by structure shows that.
    other = after.copy()
    other[broken] = shapely.area(shapely.make_valid(given[broken], method="structure"))
    largest = np.maximum.reduce([before, after, other])
    change = np.maximum(largest - after, np.maximum(after - before, 0.0))
    flat = largest <= 0.0
    beyond = broken & ~flat & (change > _MENDED_SHARE * largest)
    slight = broken & ~flat & ~beyond
    named = pd.Series("", index=geometry.index) if ids is None else ids
    faults = []
    if flat.any():
        faults.append(_fault(label, "no area", "give polygons with an area", named[flat]))
    if beyond.any():
        remedy = "repair it in a GIS (fix geometries)"
        faults.append(_fault(label, "polygon crosses itself", remedy, named[beyond]))
    if slight.any():
        share = float((change[slight] / largest[slight]).max())
        what = f"polygons that cross themselves were mended, area changed by at most {share:.2%}"
        faults.append(_fault(label, what, "look at them in a GIS", named[slight], "warning"))
    return gpd.GeoSeries(mended, index=geometry.index, crs=geometry.crs), faults


def only_polygons(geometry: Any) -> Any:
    """Give the areas of a geometry: what mending or cutting leaves of lines and points is none.

    Parameters
    ----------
    geometry
        One geometry of any type.
    """
    parts = shapely.get_parts(shapely.get_parts(geometry))
    return shapely.union_all(parts[shapely.get_dimensions(parts) == 2])


def overlaps(polygons: gpd.GeoSeries, named: pd.Series) -> pd.Series:
    """Tell in words which polygons overlap by more than slivers, the worst first.

    Parameters
    ----------
    polygons
        Valid, in lon/lat; missing and empty ones overlap with nothing.
    named
        What to call each, on the same index.

    Returns
    -------
    Series
        One text per pair that shares more than 1 % of the smaller; the index is the earlier one's
        row.

    Examples
    --------
    >>> squares = gpd.GeoSeries([shapely.box(110, 26, 111, 27), shapely.box(110.9, 26, 112, 27)])
    >>> overlaps(squares, pd.Series(["甲", "乙"])).tolist()
    ['甲 and 乙 share 1.1e+03 km2 (10% of the smaller)']
    """
    drawn = np.asarray(polygons)
    sound = polygons[~(shapely.is_missing(drawn) | shapely.is_empty(drawn))]
    shapes, called = np.asarray(sound), named[sound.index].to_numpy()
    left, right = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    left, right = left[left < right], right[left < right]
    shared = shapely.intersection(shapes[left], shapes[right])
    area = shapely.area(shapes)
    share = shapely.area(shared) / np.minimum(area[left], area[right])
    worst = np.flatnonzero(share > _OVERLAP)
    worst = worst[np.argsort(-share[worst], kind="stable")]
    ellipsoid = pyproj.Geod(ellps="WGS84")
    told = [
        f"{called[left[i]]} and {called[right[i]]} share "
        f"{abs(ellipsoid.geometry_area_perimeter(shared[i])[0]) / 1e6:.3g} km2 "
        f"({share[i]:.0%} of the smaller)"
        for i in worst
    ]
    return pd.Series(told, index=sound.index[left[worst]], dtype="str")


def cut_overlaps(polygons: gpd.GeoSeries) -> gpd.GeoSeries:
    """Take from each polygon what an earlier one holds; those that only touch stay as they are.

    Parameters
    ----------
    polygons
        Valid polygons.
    """
    shapes = np.asarray(polygons).copy()
    later, earlier = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    shared = shapely.area(shapely.intersection(shapes[later], shapes[earlier])) > 0
    later, earlier = later[shared], earlier[shared]
    for unit in np.unique(later[earlier < later]):
        before = shapes[earlier[(later == unit) & (earlier < unit)]]
        shapes[unit] = only_polygons(shapely.difference(shapes[unit], shapely.union_all(before)))
    return gpd.GeoSeries(shapes, index=polygons.index, crs=polygons.crs)


def _fault(
    label: str, what: str, remedy: str, ids: pd.Series, severity: Severity = "error"
) -> Fault:
    values = tuple(ids.fillna("").astype("str"))
    return Fault(
        label,
        what,
        remedy,
        severity=severity,
        rows=tuple(ids.index.tolist()),
        values=values if any(values) else (),
    )
