"""Two runs on one map: the cells of a run before beside those of the run that is drawn."""

from __future__ import annotations

from typing import Any, Final

import geopandas as gpd
import numpy as np
import shapely

from lifecircle.errors import Fault, TableError
from lifecircle.render.mappable import Mappable
from lifecircle.render.web.cellpack import Arrangement, Precision, pack_columns, pack_persons
from lifecircle.render.web.frame import both
from lifecircle.tables import first

SAME_M: Final = 1.0
"""Cells whose bounds differ by more than this are not the same cells, m."""


def check_same_cells(after: gpd.GeoDataFrame, before: gpd.GeoDataFrame) -> None:
    """Make sure that two tables of cells hold the same cells, in any order.

    Parameters
    ----------
    after, before
        Tables per `lifecircle.tables.CELLS`.

    Raises
    ------
    TableError
        The CRS, the ids, or the bounds of some cells by more than `SAME_M`, differ.

    Examples
    --------
    >>> squares = gpd.GeoSeries(shapely.box([0, 100], 0, [100, 200], 100), crs=4546)
    >>> check_same_cells(squares.to_frame("geometry"), squares[:1].to_frame("geometry"))
    Traceback (most recent call last):
    ...
    lifecircle.errors.TableError: before: 1 cells of the run after are not in it: 1 -> ...
    """
    remedy = "compare runs of the same cells: assess both with the same population and units"
    faults = []
    if after.crs != before.crs:
        known = [crs.name if (crs := table.crs) else "none" for table in (before, after)]
        raise TableError(Fault("before", f"its CRS is {known[0]}, not {known[1]}", remedy))
    for more, fewer, what in (
        (after, before, "cells of the run after are not in it"),
        (before, after, "of its cells are not in the run after"),
    ):
        lacking = more.index.difference(fewer.index)
        if len(lacking):
            faults.append(Fault("before", f"{len(lacking)} {what}: {first(lacking)}", remedy))
    if faults:
        raise TableError(faults)
    other = before.geometry.reindex(after.index)
    off = np.abs(shapely.bounds(other.to_numpy()) - shapely.bounds(after.geometry.to_numpy()))
    moved = ~(off.max(axis=1, initial=0.0) <= SAME_M)
    if moved.any():
        some = first(after.index[moved])
        far = float(np.nanmax(off))
        what = f"{int(moved.sum())} cells lie elsewhere, by up to {far:,.1f} m: {some}"
        raise TableError(Fault("before", what, remedy))


def pack_before(
    before: Mappable, after: Mappable, arrangement: Arrangement, precision: Precision
) -> dict[str, Any]:
    """Pack what the cells were like before, for the page of the run after.

    Parameters
    ----------
    before, after
        Checked tables of the same cells.
    arrangement, precision
        Of the run after.

    Returns
    -------
    dict
        Columns for the kinds and circles of the run after, None for those that the run before did
        not have; its residents; and what to call it.
    """
    ids = after.cells.index[arrangement.order]
    persons = before.cells["persons"].reindex(ids).to_numpy(float)
    return {
        **label(before),
        "persons": pack_persons(persons, arrangement, precision),
        **pack_columns(
            before, ids, arrangement, precision, standard=after.standard, facilities=False
        ),
    }


def label(assessment: Mappable) -> dict[str, Any]:
    """Say which run this is: county, standard, scenario and date.

    Parameters
    ----------
    assessment
        The run.

    Returns
    -------
    dict
        ``county``, ``standard`` and ``scenario`` (None: as it is) in both languages, ``generated``
        (ISO date, "" if unknown).
    """
    scenario = getattr(assessment, "run", {}).get("scenario")
    return {
        "scenario": scenario and {"zh": scenario["zh"], "en": scenario["en"] or scenario["zh"]},
        "county": both(assessment.config),
        "standard": both(assessment.standard),
        "generated": str(getattr(assessment, "generated", "") or ""),
    }
