"""What is: how much of the people, the residential land and the communities has a service near.

Three denominators stand side by side, because standards, papers and bureaus use different ones.
"""

from __future__ import annotations

from dataclasses import dataclass
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

    Examples
    --------
    Of 40 residents of a village 30 walk to the post office in 10 minutes, 10 in 20.

    >>> from lifecircle.standards import StandardChanges, read_standard
    >>> circle = {"zh": "邻里", "en": "near", "settings": ["rural"]}
    >>> standard = read_standard(
    ...     StandardChanges(
    ...         replace=True,
    ...         circles={"near": {**circle, "flag": "ours", "source": "ours"}},
    ...         requirements=[{"circle": "near", "kinds": ["post"], "minutes": 15}],
    ...     )
    ... )
    >>> cells = gpd.GeoDataFrame(
    ...     {"unit_id": "v", "setting": "rural", "persons": [30.0, 10.0], "residential_m2": 50.0,
    ...      "x": [0.0, 100.0], "y": 0.0},
    ...     index=pd.Index([1, 2], name="cell_id"),
    ...     geometry=gpd.points_from_xy([0.0, 100.0], [0.0, 0.0]), crs="EPSG:4546",
    ... )
    >>> access = pd.DataFrame(
    ...     {"seconds": [600.0, 1200.0], "facility_id": "p"},
    ...     index=pd.MultiIndex.from_tuples(
    ...         [(1, "post"), (2, "post")], names=["cell_id", "kind"]
    ...     ),
    ... )
    >>> units = gpd.GeoDataFrame(
    ...     {"name": ["某村"], "setting": ["rural"], "residents": [40.0], "priority": [1.0]},
    ...     index=pd.Index(["v"], name="unit_id"),
    ...     geometry=gpd.points_from_xy([50.0], [0.0]).buffer(200), crs="EPSG:4546",
    ... )
    >>> found = coverage(cells, access, units, standard).loc[("county", "near", "post")]
    >>> found[["covered", "total", "share"]]
                      covered  total  share
    denominator
    communities           0.0    1.0   0.00
    population           30.0   40.0   0.75
    residential_land     50.0  100.0   0.50
    """
    check(cells, CELLS)
    unit_of = units.index.get_indexer(cells["unit_id"])
    setting, settings = pd.factorize(cells["setting"].to_numpy(dtype=object))
    persons = cells["persons"].to_numpy(dtype=np.float64)
    land = cells["residential_m2"].to_numpy(dtype=np.float64)
    meant = {
        name: np.isin(settings, circle.settings)[setting]
        for name, circle in standard.circles.items()
    }
    bases = {
        name: [_Base.of(unit_of, judged, amount, len(units)) for amount in (persons, land)]
        for name, judged in meant.items()
        if judged.any()
    }
    rows: list[_Row] = []
    for r in standard.requirements:
        if r.circle not in bases:
            continue
        near = within(access, cells, r)
        lived_in, on_land = bases[r.circle]
        present = np.flatnonzero(lived_in.cells)
        people = lived_in.covered(near), lived_in.total
        lived = people[1] > 0
        enough = standard.community.share * people[1] * (1.0 - 1e-12)
        met = lived & (people[0] >= enough)
        by_unit = (
            people,
            (on_land.covered(near), on_land.total),
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


@dataclass(frozen=True)
class _Base:
    """What coverage by a circle is measured over: an amount of each cell that is judged."""

    unit: npt.NDArray[np.intp]  # of each cell
    amount: Floats  # of each cell; unknown (NaN) and not judged are none
    total: Floats  # by unit
    cells: npt.NDArray[np.intp]  # judged cells by unit

    @classmethod
    def of(
        cls,
        unit: npt.NDArray[np.intp],
        judged: npt.NDArray[np.bool_],
        amount: Floats,
        units: int,
    ) -> _Base:
        counted = np.where(judged & np.isfinite(amount), amount, 0.0)
        total = np.bincount(unit, counted, units).astype(float)
        return cls(unit, counted, total, np.bincount(unit[judged], minlength=units))

    def covered(self, near: npt.NDArray[np.bool_]) -> Floats:
        """Add up per unit what is near."""
        sums = np.bincount(self.unit, np.where(near, self.amount, 0.0), len(self.total))
        return sums.astype(np.float64)
