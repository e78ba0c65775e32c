"""Whom every service covers when only what is open counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from lifecircle.indicator import within
from lifecircle.moment.asked import Moment, distinct
from lifecircle.moment.opening import open_bounds
from lifecircle.standards import Requirement, Standard
from lifecircle.tables import CELLS, FACILITIES, SCOPE_COUNTY, check

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

_COLUMNS: Final = (
    "limit",
    "limit_unit",
    "persons",
    "covered_any",
    "covered_low",
    "covered_high",
    "flag",
)


def coverage_at(
    moments: Iterable[Moment],
    facilities: gpd.GeoDataFrame,
    cells: gpd.GeoDataFrame,
    access_of: Callable[[gpd.GeoDataFrame], pd.DataFrame],
    units: gpd.GeoDataFrame,
    standard: Standard,
    *,
    access: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Measure whom every required service covers when only what is open counts.

    Parameters
    ----------
    moments
        When. A facility that is closed on one of a moment's days counts as closed.
    facilities
        Table per `lifecircle.tables.FACILITIES` of those that serve, under the kinds that the
        standard requires; opening hours in ``hours``.
    cells, units
        Tables per `lifecircle.tables.CELLS` and `lifecircle.tables.UNITS`.
    access_of
        Gives the table per `lifecircle.tables.ACCESS` of these cells for some of the facilities,
        with ``metres`` where a threshold is in metres. It is asked only for facilities of kinds of
        which some, but not all, are open, and for each such choice once.
    standard
        What is required, and where.
    access
        The access table of all the facilities; by default `access_of` is asked for it.

    Returns
    -------
    DataFrame
        Per `lifecircle.tables.MOMENTS`: index (moment, scope, circle, kind), scope being
        ``"county"`` or a unit_id; ``limit``, ``limit_unit``, and persons: ``persons`` (judged),
        ``covered_any`` whatever the hours, as `lifecircle.coverage` gives it, ``covered_low`` where
        facilities of unknown hours are closed, ``covered_high`` where they are open; ``flag``.

    Raises
    ------
    TableError
        A table breaks its schema, or a required kind was not measured.

    Examples
    --------
    >>> from lifecircle.moment import parse_moment
    >>> from lifecircle.standards import read_standard
    >>> standard = read_standard("mofcom-15min")
    >>> shop = gpd.GeoDataFrame(
    ...     {"kind": ["supermarket"], "name": ["超市"], "source": ["ledger"], "hours": ["8-20点"]},
    ...     index=pd.Index(["s"], name="facility_id"), geometry=gpd.points_from_xy([0.0], [0.0]))
    >>> units = pd.DataFrame(index=pd.Index(["u"], name="unit_id"))
    >>> cells = gpd.GeoDataFrame(
    ...     {"unit_id": ["u"], "setting": ["urban"], "persons": [9.0], "residential_m2": [1.0],
    ...      "x": [0.0], "y": [0.0]},
    ...     index=pd.Index([1], name="cell_id"), geometry=gpd.points_from_xy([0.0], [0.0]))
    >>> index = pd.MultiIndex.from_product([[1], ["supermarket"]], names=["cell_id", "kind"])
    >>> walk = pd.DataFrame({"seconds": [60.0], "facility_id": ["s"]}, index)
    >>> table = coverage_at([parse_moment("19:00"), parse_moment("21:00")], shop, cells,
    ...                     lambda some: walk, units, standard, access=walk)
    >>> shops = table.xs("supermarket", level="kind").droplevel("circle")
    >>> shops[["persons", "covered_any", "covered_low", "covered_high"]]
                          persons  covered_any  covered_low  covered_high
    moment        scope
    weekday 19:00 county      9.0          9.0          9.0           9.0
                  u           9.0          9.0          9.0           9.0
    weekday 21:00 county      9.0          9.0          0.0           0.0
                  u           9.0          9.0          0.0           0.0
    """
    check(cells, CELLS)
    check(facilities, FACILITIES)
    asked = distinct(moments)
    judged = _judged(cells, units, standard)
    requirements = [r for r in standard.requirements if r.circle in judged]
    kinds = list(dict.fromkeys(r.kind for r in requirements))
    served = facilities[facilities["kind"].isin(kinds)]
    choices = _choices(asked, served, kinds)
    covered = [np.zeros((len(choices[r.kind].chosen), len(units))) for r in requirements]
    for numbers, table in _measured(choices, served, access, access_of):
        for r, by_choice in zip(requirements, covered, strict=True):
            if r.kind in numbers:
                by_choice[numbers[r.kind]] = judged[r.circle].covered(within(table, cells, r))
    return _table(
        [
            _rows(asked, r, judged[r.circle], units.index, by_choice, choices[r.kind])
            for r, by_choice in zip(requirements, covered, strict=True)
        ]
    )


@dataclass(frozen=True)
class _Judged:
    """Whom a circle judges."""

    unit: Rows  # of each cell
    persons: Floats  # of each cell; unknown and not judged are none
    present: Rows  # units with cells that are judged
    total: Floats  # persons by unit

    def covered(self, near: Bools) -> Floats:
        """Add up the persons of each unit that are near."""
        sums = np.bincount(self.unit, np.where(near, self.persons, 0.0), len(self.total))
        return sums.astype(np.float64)


def _judged(cells: gpd.GeoDataFrame, units: pd.DataFrame, standard: Standard) -> dict[str, _Judged]:
    unit = units.index.get_indexer(cells["unit_id"])
    setting, settings = pd.factorize(cells["setting"].to_numpy(dtype=object))
    persons = np.nan_to_num(cells["persons"].to_numpy(dtype=np.float64))
    found = {}
    for name, circle in standard.circles.items():
        meant = np.isin(settings, circle.settings)[setting]
        if meant.any():
            judged = np.where(meant, persons, 0.0)
            total = np.bincount(unit, judged, len(units)).astype(np.float64)
            found[name] = _Judged(unit, judged, np.unique(unit[meant]), total)
    return found


@dataclass(frozen=True)
class _Choices:
    """Which facilities of a kind are counted: every choice that some moment asks for, once."""

    rows: Rows  # of the facilities
    chosen: Bools  # by choice and facility
    every: int  # the choice of all of them
    low: Rows  # of each moment, the choice of those open for sure
    high: Rows  # and of those open perhaps


def _choices(
    moments: Sequence[Moment], served: gpd.GeoDataFrame, kinds: Iterable[str]
) -> dict[str, _Choices]:
    sure, perhaps = open_bounds(moments, served)
    whole = np.ones((1, len(served)), np.bool_)
    asked = np.vstack([whole, sure, perhaps])
    found = {}
    for kind in kinds:
        rows = np.flatnonzero(served["kind"] == kind)
        if len(rows):
            chosen, number = np.unique(asked[:, rows], axis=0, return_inverse=True)
        else:
            chosen, number = whole[:, rows], np.zeros(len(asked), np.intp)
        low, high = number[1:].reshape(2, -1)
        found[kind] = _Choices(rows, chosen, int(number[0]), low, high)
    return found


def _measured(
    choices: Mapping[str, _Choices],
    served: gpd.GeoDataFrame,
    access: pd.DataFrame | None,
    access_of: Callable[[gpd.GeoDataFrame], pd.DataFrame],
) -> Iterator[tuple[dict[str, int], pd.DataFrame]]:
    """Give tables of access, and of each the choice that it holds of every kind in it.

    Nothing is measured of no facility, nor again of all: one call holds a choice of each kind that
    still has one.
    """
    if len(served):
        every = {kind: choice.every for kind, choice in choices.items() if len(choice.rows)}
        yield every, access_of(served) if access is None else access
    waiting = []
    for kind, choice in choices.items():
        some = choice.chosen.any(axis=1) & ~choice.chosen.all(axis=1)
        waiting.append([(kind, int(number)) for number in np.flatnonzero(some)])
    for together in zip_longest(*waiting):
        numbers = dict(pair for pair in together if pair is not None)
        rows = [choices[kind].rows[choices[kind].chosen[n]] for kind, n in numbers.items()]
        yield numbers, access_of(served.iloc[np.sort(np.concatenate(rows))])


def _rows(
    moments: Sequence[Moment],
    required: Requirement,
    judged: _Judged,
    units: pd.Index,
    covered: Floats,
    choices: _Choices,
) -> pd.DataFrame:
    """Give the rows of one requirement: of each moment the county, and its units."""

    def spread(by_unit: Floats) -> Floats:
        """Set the county before the units, and all moments behind one another."""
        total = [float(row.sum()) for row in by_unit]
        return np.column_stack([total, by_unit[:, judged.present]]).ravel()

    count = len(moments)
    scopes = [SCOPE_COUNTY, *units[judged.present]]
    return pd.DataFrame(
        {
            "moment": np.repeat([moment.key for moment in moments], len(scopes)),
            "scope": scopes * count,
            "circle": required.circle,
            "kind": required.kind,
            "limit": required.limit,
            "limit_unit": required.unit,
            "persons": np.tile(spread(judged.total[None]), count),
            "covered_any": np.tile(spread(covered[[choices.every]]), count),
            "covered_low": spread(covered[choices.low]),
            "covered_high": spread(covered[choices.high]),
            "flag": required.flag,
        }
    )


def _table(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    index = ["moment", "scope", "circle", "kind"]
    table = pd.concat(parts) if parts else pd.DataFrame(columns=[*index, *_COLUMNS])
    return table.set_index(index).sort_index(kind="stable")[[*_COLUMNS]]


__all__ = ["coverage_at"]
