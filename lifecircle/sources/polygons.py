"""Polygons of what users give: mended where that changes next to nothing, else named."""

from __future__ import annotations

from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from lifecircle.errors import Fault, warn
from lifecircle.sources.columns import name_rows

# Mending a polygon that crosses itself may change its area by this share at most.
_MENDED_SHARE: Final = 0.01


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
    """
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

    def at(which: npt.NDArray[np.bool_]) -> str:
        return name_rows(geometry.index[which], None if ids is None else ids[which])

    faults = []
    if flat.any():
        faults.append(Fault(label, f"no area: {at(flat)}", "give polygons with an area"))
    if beyond.any():
        faults.append(
            Fault(
                label,
                f"polygon crosses itself: {at(beyond)}",
                "repair it in a GIS (fix geometries)",
            )
        )
    slight = broken & ~flat & ~beyond
    if slight.any():
        share = float((change[slight] / largest[slight]).max())
        warn(
            f"{label}: polygons that cross themselves were mended, area changed by at most "
            f"{share:.2%}: {at(slight)}"
        )
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
