"""Facilities of two runs: those added, closed and moved."""

from __future__ import annotations

from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

SAME_PLACE_M: Final = 100.0
"""Facilities of one kind and name this near to each other are one, whatever their ids, m; ours."""

MOVED_M: Final = 10.0
"""A facility that is this far from where it was has moved, m; ours."""

STATES: Final = ("same", "added", "closed", "moved")


def compare_facilities(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Tell which facilities are new, gone or elsewhere.

    Parameters
    ----------
    before, after
        Index: id; columns ``kind``, ``name`` and points, in one metric CRS. An id may occur once a
        kind.

    Returns
    -------
    GeoDataFrame
        Those of the run after, then those that are closed: ``kind``, ``name``, ``state`` (one of
        `STATES`), geometry, and ``was`` (where a moved one stood, else empty). A facility is the
        same one by kind and id, if its name is the same or it stands within `SAME_PLACE_M` (rows of
        ledgers are numbered anew each year), or by kind and name within that distance.

    Examples
    --------
    >>> import geopandas as gpd
    >>> points = gpd.points_from_xy([0.0, 900.0], [0.0, 0.0])
    >>> kinds = {"kind": ["clinic", "clinic"], "name": ["甲", "乙"]}
    >>> both = gpd.GeoDataFrame(kinds, index=["a", "b"], geometry=points, crs=4546)
    >>> compare_facilities(both[:1], both)["state"].tolist()
    ['same', 'added']
    """
    old, new = (_numbered(table) for table in (before, after))
    by_id = old.merge(new, on=["id", "kind"], suffixes=("_before", "_after"))
    named = by_id["name_before"].fillna("") == by_id["name_after"].fillna("")
    by_id = by_id[named | (_apart(by_id) <= SAME_PLACE_M)]
    left, right = (
        table[~table["row"].isin(by_id[f"row_{side}"])]
        for table, side in ((old, "before"), (new, "after"))
    )
    left, right = (table[table["name"].fillna("") != ""] for table in (left, right))
    by_name = left.merge(right, on=["kind", "name"], suffixes=("_before", "_after"))
    by_name = by_name.assign(apart=_apart(by_name))
    by_name = by_name[by_name["apart"] <= SAME_PLACE_M].sort_values("apart", kind="stable")
    by_name = by_name.drop_duplicates("row_before").drop_duplicates("row_after")
    pairs = pd.concat([by_id, by_name])
    at_before = pairs["row_before"].to_numpy(dtype=np.int64)
    at_after = pairs["row_after"].to_numpy(dtype=np.int64)
    state = np.full(len(after), "added", dtype=object)
    state[at_after] = np.where(_apart(pairs) > MOVED_M, "moved", "same")
    was = np.full(len(after), shapely.Point(), dtype=object)
    moved = state[at_after] == "moved"
    was[at_after[moved]] = before.geometry.to_numpy()[at_before[moved]]
    gone = np.setdiff1d(np.arange(len(before)), at_before)
    table = pd.concat(
        [_plain(after, state, was), _plain(before.iloc[gone], "closed", shapely.Point())]
    )
    return gpd.GeoDataFrame(table, geometry="geometry", crs=after.crs)


def _numbered(table: gpd.GeoDataFrame) -> pd.DataFrame:
    shapes = table.geometry
    columns = {"id": table.index.astype("str"), "kind": table["kind"], "name": table["name"]}
    return pd.DataFrame(
        {**{name: np.asarray(values, dtype=object) for name, values in columns.items()}}
    ).assign(row=np.arange(len(table)), x=shapes.x.to_numpy(), y=shapes.y.to_numpy())


def _apart(pairs: pd.DataFrame) -> npt.NDArray[np.float64]:
    dx, dy = (pairs[f"{axis}_after"] - pairs[f"{axis}_before"] for axis in "xy")
    return np.asarray(np.hypot(dx.to_numpy(dtype=np.float64), dy.to_numpy(dtype=np.float64)))


def _plain(table: gpd.GeoDataFrame, state: Any, was: Any) -> pd.DataFrame:
    columns = {"kind": table["kind"], "name": table["name"].fillna("")}
    plain = pd.DataFrame({**columns, "state": state, "was": was}, index=table.index)
    return plain.assign(geometry=table.geometry.to_numpy())
