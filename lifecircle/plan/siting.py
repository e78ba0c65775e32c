"""Where facilities belong: to which unit, and at which address."""

from __future__ import annotations

import re
import unicodedata

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

Rows = npt.NDArray[np.intp]


def houses(facilities: pd.DataFrame, unit: Rows) -> Rows:
    """Give every house that an address names a number: a village's mere name is no address.

    Parameters
    ----------
    facilities
        Table per `lifecircle.tables.FACILITIES`.
    unit
        Position of each one's unit; -1 outside of all.

    Returns
    -------
    ndarray of int
        One number per unit and address with a figure in it; -1 where there is none.

    Examples
    --------
    >>> table = pd.DataFrame({"address": ["东街 12 号", "东街１２号", "丁村", None]})
    >>> houses(table, np.zeros(4, np.intp))
    array([ 0,  0, -1, -1])
    """
    found = np.full(len(facilities), -1, np.intp)
    if "address" not in facilities.columns:
        return found
    code, texts = pd.factorize(facilities["address"])
    words = ["".join(unicodedata.normalize("NFKC", str(t)).split()) for t in texts.tolist()]
    number = pd.factorize(np.array(words, dtype=object))[0]
    named = np.array([re.search(r"\d", word) is not None for word in words], np.bool_)
    rows = np.flatnonzero((code >= 0) & (unit >= 0))
    rows = rows[named[code[rows]]]
    pairs = unit[rows] * (len(words) + 1) + number[code[rows]]
    found[rows] = np.unique(pairs, return_inverse=True)[1]
    return found


def unit_positions(facilities: gpd.GeoDataFrame, units: gpd.GeoDataFrame) -> Rows:
    """Find every facility's unit.

    It is the one that its ledger files it under by id or name, else (or where no unit is called
    so) the one it stands in, on a shared border the one whose id sorts first.

    Parameters
    ----------
    facilities
        Table per `lifecircle.tables.FACILITIES`, in the units' CRS.
    units
        Table per `lifecircle.tables.UNITS`.

    Returns
    -------
    ndarray of int
        Position of the unit; -1 outside of all.
    """
    filed = np.full(len(facilities), -1, np.intp)
    if "unit_id" in facilities.columns:
        named = facilities["unit_id"].notna().to_numpy(dtype=bool)
        words = facilities["unit_id"][named]
        filed[named] = units.index.get_indexer(words)
        once = units.loc[~units["name"].duplicated(keep=False), "name"].dropna()
        by_name = units.index.get_indexer(words.map(pd.Series(once.index, once.to_numpy())))
        filed[named] = np.where(filed[named] < 0, by_name, filed[named])
    rest = np.flatnonzero(filed < 0)
    order = np.argsort(units.index.astype(str).to_numpy(), kind="stable")
    points = shapely.point_on_surface(np.asarray(facilities.geometry)[rest])
    point, place = shapely.STRtree(np.asarray(units.geometry)[order]).query(
        points, predicate="intersects"
    )
    first = np.full(len(rest), len(units), np.intp)
    np.minimum.at(first, point, place)
    inside = first < len(units)
    filed[rest[inside]] = order[first[inside]]
    return filed
