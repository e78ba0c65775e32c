"""What is, of each target of a plan: amounts per community, facility or street, never guessed.

What nobody reported is not 0: every amount is a pair of bounds, the least and the most that the
missing reports leave possible. Where both are equal the amount is known.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from lifecircle.plan.siting import houses, unit_positions
from lifecircle.service import in_use
from lifecircle.standards import Standard
from lifecircle.standards.targets import (
    Amount,
    Attribute,
    Complete,
    Count,
    Coverage,
    Near,
    Present,
    Ratio,
    Target,
    Yes,
)

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.intp]

COMMUNITY_LEDGER: Final = "units"
"""What a scorecard calls the communities' own reports among its datasets."""


@dataclass(frozen=True)
class Evidence:
    """All that the targets of one county are measured from; made by `evidence`.

    Parameters
    ----------
    units
        Table per `lifecircle.tables.UNITS`.
    residents
        Persons per unit, NaN where unknown.
    used
        Facilities in use, one row per object and kind.
    unit_of
        Position of each one's unit; -1 outside of all.
    listed
        Kinds of which a facility of the county is known, in use or not. Those beyond its border
        say nothing of what the county itself has.
    coverage, unit_scores, standard
        As for `lifecircle.plan.scorecard`.
    """

    units: gpd.GeoDataFrame
    residents: Floats
    used: gpd.GeoDataFrame
    unit_of: Rows
    listed: frozenset[str]
    coverage: pd.DataFrame
    unit_scores: pd.DataFrame
    standard: Standard

    def column(self, name: str) -> Floats:
        """Give a column of the units, NaN where not reported."""
        if name == "residents":
            return self.residents
        return _numbers(self.units, name)

    def of(self, kinds: Iterable[str]) -> Rows:
        """Give the rows of `used` of these kinds and narrower ones, each object in a unit once."""
        rows = self.anywhere(kinds)
        rows = rows[self.unit_of[rows] >= 0]
        return rows[np.sort(np.unique(self._things[rows], return_index=True)[1])]

    def anywhere(self, kinds: Iterable[str]) -> Rows:
        """Give the rows of `used` of these kinds and narrower ones, in a unit or not."""
        code, names = self._kinds
        wanted = names.isin(list(self.narrower(kinds)))
        return np.flatnonzero(wanted[code])

    @cached_property
    def _kinds(self) -> tuple[Rows, pd.Index]:
        code, names = pd.factorize(self.used["kind"])
        return code, pd.Index(names)

    @cached_property
    def _things(self) -> Rows:
        """Number the objects behind the rows: ``w12`` and ``w12#culture`` are one."""
        names = self.used.index.to_numpy(dtype=object)
        pairs = zip(names, self.used["kind"].to_numpy(dtype=object), strict=True)
        own = [str(name).removesuffix(f"#{kind}") for name, kind in pairs]
        numbers: Rows = pd.factorize(np.array(own, dtype=object))[0]
        return numbers

    def knows(self, kinds: Iterable[str]) -> bool:
        """Tell whether any facility of these kinds is known in the county, in use or not."""
        return bool(self.narrower(kinds) & self.listed)

    def narrower(self, kinds: Iterable[str]) -> frozenset[str]:
        """Give these kinds and those that count for them: a village clinic is a clinic."""
        wanted = frozenset(kinds)
        return wanted | {key for key in self.standard.known if wanted & self.standard.wider(key)}

    def counted(self, rows: Rows) -> Floats:
        """Count rows of `used` per unit."""
        return np.bincount(self.unit_of[rows], minlength=len(self.units)).astype(float)

    def datasets(self, kinds: Iterable[str]) -> str:
        """Name the datasets that facilities of these kinds come from."""
        code, names = self._sources
        found = np.unique(code[self.of(kinds)])
        return "; ".join(sorted(str(names[number]) for number in found if number >= 0))

    @cached_property
    def _sources(self) -> tuple[Rows, pd.Index]:
        code, names = pd.factorize(self.used["source"])
        return code, pd.Index(names)

    @cached_property
    def reach(self) -> pd.DataFrame:
        """Coverage of residents, index (scope, circle, kind)."""
        people = self.coverage.index.get_level_values("denominator") == "population"
        return self.coverage[people].droplevel("denominator")

    @cached_property
    def addresses(self) -> Rows:
        """Number the houses that addresses name; -1 where one names none."""
        return houses(self.used, self.unit_of)


@dataclass(frozen=True)
class Measured:
    """One target's amounts, one entry per thing judged (community, street or facility).

    Parameters
    ----------
    row
        Position of the thing's unit.
    least, most
        Bounds of its numerator.
    base_least, base_most
        Bounds of its denominator.
    overall, overall_of
        Second reading, to be summed: persons covered and persons, or the ratio's two amounts.
        NaN where unknown; `overall` missing: residents of what meets the target.
    unsure
        Whether a threshold flagged unverified decides.
    data, datasets
        ``measured``, ``facilities`` or ``ledger``, and their names.
    """

    row: Rows
    least: Floats
    most: Floats
    base_least: Floats
    base_most: Floats
    unsure: Bools
    data: str
    datasets: str
    overall: Floats | None = None
    overall_of: Floats | None = None

    def take(self, keep: Bools) -> Measured:
        """Keep some of the things."""
        arrays: dict[str, Any] = {
            name: value[keep] for name, value in vars(self).items() if isinstance(value, np.ndarray)
        }
        return replace(self, **arrays)


def evidence(
    units: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    coverage: pd.DataFrame,
    unit_scores: pd.DataFrame,
    standard: Standard,
    cells: pd.DataFrame | None = None,
) -> Evidence:
    """Find every facility's unit and every unit's residents.

    A facility belongs to the unit that its ledger files it under by id or name, else (or where no
    unit is called so) to the one it stands in, on a shared border to the one whose id sorts first.
    Residents that a unit does not report are those of its cells.

    Parameters
    ----------
    units, facilities, coverage, unit_scores, standard, cells
        As for `lifecircle.plan.scorecard`.
    """
    residents = _numbers(units, "residents")
    if cells is not None:
        persons = cells.groupby(cells["unit_id"].to_numpy())["persons"].sum()
        there = persons.reindex(units.index, fill_value=0.0).to_numpy(dtype=np.float64)
        residents = np.where(np.isnan(residents), there, residents)
    unit_of = unit_positions(facilities, units)
    used = in_use(facilities)
    return Evidence(
        units=units,
        residents=residents,
        used=used,
        unit_of=unit_of[facilities.index.get_indexer(used.index)],
        listed=frozenset(facilities["kind"][unit_of >= 0]),
        coverage=coverage,
        unit_scores=unit_scores,
        standard=standard,
    )


def measure(target: Target, known: Evidence) -> Measured:
    """Measure one target for every unit (or every facility) of a county.

    Parameters
    ----------
    target
        What to measure; of scope ``streets``: presence in each community.
    known
        What is known of the county.

    Returns
    -------
    Measured
        Units outside of the target's settings are in it too; facilities outside of all units not.
    """
    how = target.measure
    if isinstance(how, Coverage):
        return _coverage(how, known)
    if isinstance(how, Complete):
        return _circle(how, known)
    if isinstance(how, Present):
        return _yes(_present(known, how.kinds), known, "facilities", known.datasets(how.kinds))
    if isinstance(how, Ratio):
        return _ratio(how, known)
    if isinstance(how, Yes | Count):
        return _reported(how, known)
    return _near(how, known) if isinstance(how, Near) else _attribute(how, known)


def _coverage(how: Coverage, known: Evidence) -> Measured:
    asked = {r.circle: r.flag for r in known.standard.requirements if r.kind == how.kind}
    circles = [circle for circle in how.circles if circle in asked]
    settings = [s for circle in circles for s in known.standard.circles[circle].settings]
    timed = np.isin(known.units["setting"].to_numpy(dtype=object), settings)
    base = np.where(known.residents > 0, known.residents, 1.0)
    least = np.where(timed, np.nan, _present(known, (how.kind,)) * base)
    unsure = np.zeros(len(base), np.bool_)
    share = np.full(len(base), np.inf)
    for circle in circles:
        rows = _unit_rows(known, circle, how.kind)
        found = rows["share"].to_numpy(dtype=np.float64)
        worse = found < share  # where two circles ask for the kind, the stricter decides
        share = np.where(worse, found, share)
        least = np.where(worse, rows["covered"].to_numpy(dtype=np.float64), least)
        base = np.where(worse, rows["total"].to_numpy(dtype=np.float64), base)
        unsure = np.where(worse, asked[circle] == "unverified", unsure)
    # A county that lists none may have some; whom a neighbour's serves is served all the same.
    no = np.isnan(least) | (not known.knows((how.kind,)))
    least = np.nan_to_num(least) * (len(known.anywhere((how.kind,))) > 0)
    people = ~no & (timed | (known.residents > 0))
    return Measured(
        row=np.arange(len(base)),
        least=least,
        most=np.where(no, base, least),
        base_least=base,
        base_most=base,
        unsure=unsure,
        data="measured" if circles else "facilities",
        datasets=known.datasets((how.kind,)),
        overall=np.where(people, least, np.nan),
        overall_of=np.where(people, base, np.nan),
    )


def _circle(how: Complete, known: Evidence) -> Measured:
    """Bound the residents that have the whole circle.

    A kind of which the inventory knows nothing at all may be there all the same: then at most those
    residents have the whole circle who reach each of the other kinds.
    """
    kinds = [r.kind for r in known.standard.for_circle(how.circle)]
    rows = known.unit_scores[known.unit_scores.index.get_level_values("circle") == how.circle]
    rows = rows.droplevel("circle").reindex(known.units.index)
    persons = rows["persons"].to_numpy(dtype=np.float64)
    share = rows["complete_share"].to_numpy(dtype=np.float64)
    no = ~(persons > 0) | np.isnan(share)
    least = most = np.where(no, 0.0, share)
    if not all(known.knows((kind,)) for kind in kinds):
        most = np.ones(len(share))
        for kind in kinds:
            if known.knows((kind,)):
                reach = _unit_rows(known, how.circle, kind)["share"].to_numpy(dtype=np.float64)
                most = np.fmin(most, reach)
        most = np.maximum(most, least)
    base = np.where(no, 1.0, persons)
    sure = ~no & (least == most)
    unsure = rows["unverified_share"].to_numpy(dtype=np.float64) > 0
    return Measured(
        row=np.arange(len(share)),
        least=least * base,
        most=np.where(no, 1.0, most) * base,
        base_least=base,
        base_most=base,
        unsure=unsure,
        data="measured",
        datasets=known.datasets(kinds),
        overall=np.where(sure, least * base, np.nan),
        overall_of=np.where(sure, base, np.nan),
    )


def _ratio(how: Ratio, known: Evidence) -> Measured:
    least, most = _amount(known, how.numerator)
    base_least, base_most = _amount(known, how.denominator)
    both = (least == most) & (base_least == base_most)
    kinds = (*how.numerator.kinds, *how.denominator.kinds)
    sources = known.datasets(kinds) if kinds else ""
    own = ~np.isnan(known.column(how.numerator.column)).all()
    return Measured(
        row=np.arange(len(least)),
        least=least,
        most=most,
        base_least=base_least,
        base_most=base_most,
        unsure=np.zeros(len(least), np.bool_),
        data="ledger" if own or not sources else "facilities",
        datasets="; ".join(part for part in (COMMUNITY_LEDGER, sources) if part),
        overall=np.where(both, least, np.nan),
        overall_of=np.where(both, base_least, np.nan),
    )


def _reported(how: Yes | Count, known: Evidence) -> Measured:
    values = known.column(how.column)
    own = not np.isnan(values).all()
    sources = ""
    if how.kinds:
        there = known.counted(known.of(how.kinds))
        said = np.minimum(there, 1.0) if isinstance(how, Yes) else there
        values = np.where(np.isnan(values) & (there > 0), said, values)
        sources = known.datasets(how.kinds)
    data = "ledger" if own or not sources else "facilities"
    names = "; ".join(part for part in (COMMUNITY_LEDGER, sources) if part)
    most = 1.0 if isinstance(how, Yes) else np.inf
    return _yes(values, known, data, names, most)


def _yes(values: Floats, known: Evidence, data: str, datasets: str, most: float = 1.0) -> Measured:
    """Give amounts of one each: the values, or from 0 to `most` where there is none."""
    ones = np.ones(len(values))
    return Measured(
        row=np.arange(len(known.units)),
        least=np.where(np.isnan(values), 0.0, values),
        most=np.where(np.isnan(values), most, values),
        base_least=ones,
        base_most=ones,
        unsure=np.zeros(len(values), np.bool_),
        data=data,
        datasets=datasets,
    )


def _near(how: Near, known: Evidence) -> Measured:
    rows = known.of(how.kinds)
    others = known.anywhere(how.to)
    shapes = np.asarray(known.used.geometry)
    mine, other = shapely.STRtree(shapes[others]).query(
        shapes[rows], predicate="dwithin", distance=how.metres
    )
    apart = rows[mine] != others[other]
    near = np.isin(np.arange(len(rows)), mine[apart]).astype(float)
    address = known.addresses
    same = np.bincount(address[others][address[others] >= 0], minlength=len(address) + 1)
    own = np.isin(rows, others).astype(int)
    shared = (address[rows] >= 0) & (same[address[rows]] > own)
    near = np.maximum(near, shared)
    if not known.knows(how.to):  # the county lists none: another may stand next to it all the same
        near = np.where(near > 0, near, np.nan)
    return _each_facility(known, rows, near, 1.0, known.datasets((*how.kinds, *how.to)), "measured")


def _attribute(how: Attribute, known: Evidence) -> Measured:
    rows = known.of(how.kinds)
    values = _numbers(known.used, how.column)[rows]
    return _each_facility(known, rows, values, np.inf, known.datasets(how.kinds), "facilities")


def _each_facility(
    known: Evidence, rows: Rows, values: Floats, most: float, datasets: str, data: str
) -> Measured:
    ones = np.ones(len(rows))
    return Measured(
        row=known.unit_of[rows],
        least=np.where(np.isnan(values), 0.0, values),
        most=np.where(np.isnan(values), most, values),
        base_least=ones,
        base_most=ones,
        unsure=np.zeros(len(rows), np.bool_),
        data=data,
        datasets=datasets,
    )


def _present(known: Evidence, kinds: Collection[str]) -> Floats:
    """Tell by 1 or 0 whether a unit has one of the kinds; NaN where nobody listed any."""
    if not known.knows(kinds):
        return np.full(len(known.units), np.nan)
    return np.minimum(known.counted(known.of(kinds)), 1.0)


def _amount(known: Evidence, amount: Amount) -> tuple[Floats, Floats]:
    values = known.column(amount.column)
    no = np.isnan(values)
    least, most = np.where(no, 0.0, values), np.where(no, np.inf, values)
    if amount.facility_column is None:
        return least, most
    rows = known.of(amount.kinds)
    parts = _numbers(known.used, amount.facility_column)[rows]
    unit, units = known.unit_of[rows], len(known.units)
    total = np.bincount(unit, np.nan_to_num(parts), units)
    open_ends = np.bincount(unit, np.isnan(parts), units) > 0
    some = no & (known.counted(rows) > 0)
    most = np.where(some, np.where(open_ends, np.inf, total), most)
    return np.where(some, total, least), most


def _unit_rows(known: Evidence, circle: str, kind: str) -> pd.DataFrame:
    """Give the residents' coverage of a kind in a circle, in the order of the units."""
    rows = known.reach
    here = (rows.index.get_level_values("circle") == circle) & (
        rows.index.get_level_values("kind") == kind
    )
    return rows[here].droplevel(["circle", "kind"]).reindex(known.units.index)


def _numbers(frame: pd.DataFrame, name: str) -> Floats:
    if name not in frame.columns:
        return np.full(len(frame), np.nan)
    return frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
