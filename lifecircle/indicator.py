"""What is: how much of the people, the residential land and the communities has a service near.

Three denominators stand side by side, because standards, papers and bureaus use different ones.
"""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from lifecircle.standards import Requirement, Standard
from lifecircle.tables import CELLS, DENOMINATORS, SCOPE_COUNTY, by_kind, check

Floats = npt.NDArray[np.float64]

_Row = tuple[str, str, str, str, float, str, str, float, float]

_DIGITS: Final = 9  # seconds and metres are compared to the nanosecond, so that 900 s is 15 min


def within(
    access: pd.DataFrame, cells: pd.DataFrame, requirement: Requirement
) -> npt.NDArray[np.bool_]:
    """Tell for every cell whether a required service lies within its threshold.

    Parameters
    ----------
    access
        Table per `lifecircle.tables.ACCESS`; for thresholds in metres with column ``metres``.
    cells
        The cells, in the order of the answer.
    requirement
        Kind and threshold.

    Returns
    -------
    ndarray of bool
        False where the service is not reached at all.

    Raises
    ------
    TableError
        The kind was not measured, or not in the unit of the threshold.
    """
    return np.asarray(excess(access, cells, requirement) <= 1.0)


def excess(access: pd.DataFrame, cells: pd.DataFrame, requirement: Requirement) -> Floats:
    """Give for every cell the walk to a required service as a multiple of its threshold.

    Parameters
    ----------
    access, cells, requirement
        As for `within`.

    Returns
    -------
    ndarray of float
        1 is just within; inf where the service is not reached.
    """
    column, limit = (
        ("seconds", round(requirement.limit * 60.0, _DIGITS))
        if requirement.unit == "minutes"
        else ("metres", requirement.limit)
    )
    walk = by_kind(access, column, cells.index)[requirement.kind]
    return np.where(np.isnan(walk), np.inf, np.round(walk, _DIGITS) / limit)


def coverage(
    cells: gpd.GeoDataFrame,
    access: pd.DataFrame,
    units: gpd.GeoDataFrame,
    standard: Standard,
) -> pd.DataFrame:
    """Measure the coverage of every required service, for the county and for each unit.

    Each requirement is measured over the cells whose setting its circle is meant for. A community
    (unit) counts as covered when the standard's share of its residents is within the threshold.

    Parameters
    ----------
    cells
        Table per `lifecircle.tables.CELLS`.
    access
        Table per `lifecircle.tables.ACCESS` of these cells.
    units
        Table per `lifecircle.tables.UNITS`.
    standard
        What is required, and where.

    Returns
    -------
    DataFrame
        Index (scope, circle, kind, denominator); scope is ``"county"`` or a unit_id, denominator is
        ``population`` (persons), ``residential_land`` (m2) or ``communities`` (units). Columns
        ``limit``, ``limit_unit``, ``covered``, ``total``, ``share`` (0 to 1; NaN where the
        total is 0 or unknown), ``flag`` (how surely the threshold is known).

    Raises
    ------
    TableError
        A table breaks its schema, or a required kind was not measured.

    References
    ----------
    TD/T 1063-2021 divides by residential land; the plan judges by community; see the standards.
    """
    check(cells, CELLS)
    unit_of = units.index.get_indexer(cells["unit_id"])
    setting = cells["setting"].to_numpy(dtype=object)
    persons = cells["persons"].to_numpy(dtype=np.float64)
    land = cells["residential_m2"].to_numpy(dtype=np.float64)
    rows: list[_Row] = []
    for r in standard.requirements:
        judged = np.isin(setting, standard.circles[r.circle].settings)
        if not judged.any():
            continue
        near = within(access, cells, r)
        present = np.flatnonzero(np.bincount(unit_of[judged], minlength=len(units)))
        people = _sums(unit_of, judged, near, persons, len(units))
        lived = people[1] > 0
        enough = standard.community.share * people[1] * (1.0 - 1e-12)
        met = lived & (people[0] >= enough)
        by_unit = (
            people,
            _sums(unit_of, judged, near, land, len(units)),
            (met.astype(float), lived.astype(float)),
        )
        for denominator, (covered, total) in zip(DENOMINATORS, by_unit, strict=True):
            key = (r.circle, r.kind, denominator, r.limit, r.unit, r.flag)
            rows.append((SCOPE_COUNTY, *key, float(covered.sum()), float(total.sum())))
            rows.extend((units.index[u], *key, float(covered[u]), float(total[u])) for u in present)
    return _table(rows)


def _table(rows: list[_Row]) -> pd.DataFrame:
    index = ["scope", "circle", "kind", "denominator"]
    columns = [*index, "limit", "limit_unit", "flag", "covered", "total"]
    frame = pd.DataFrame(rows, columns=columns)
    frame = frame.set_index(index).sort_index(kind="stable")
    # A sum in another order may exceed the total by its last bit: a share never exceeds 1.
    share = (frame["covered"] / frame["total"].where(frame["total"] > 0)).clip(upper=1.0)
    return frame.assign(share=share)[["limit", "limit_unit", "covered", "total", "share", "flag"]]


def _sums(
    unit_of: npt.NDArray[np.intp],
    judged: npt.NDArray[np.bool_],
    near: npt.NDArray[np.bool_],
    amount: Floats,
    units: int,
) -> tuple[Floats, Floats]:
    """Add up per unit what is covered and what is judged; unknown amounts (NaN) count as none."""
    weight = np.where(judged & np.isfinite(amount), amount, 0.0)
    covered: Floats = np.bincount(unit_of, np.where(near, weight, 0.0), units).astype(float)
    total: Floats = np.bincount(unit_of, weight, units).astype(float)
    return covered, total
