"""Count what was measured of a target: rows for each unit, and the row of their county."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from lifecircle.plan.evidence import Bools, Evidence, Floats, Measured, Rows, measure
from lifecircle.plan.verdict import SUMS, Block, aim_of, bounds_of, criterion, verdict_of
from lifecircle.standards.targets import (
    Attribute,
    Complete,
    Coverage,
    Near,
    Present,
    Ratio,
    Target,
)
from lifecircle.tables import SCOPE_COUNTY

Numbers = Mapping[str, Floats | float]


def tally(target: Target, known: Evidence) -> list[Block]:
    """Count one target, for the county and for each unit that it is meant for.

    Parameters
    ----------
    target
        The target.
    known
        What is known of the county.

    Returns
    -------
    list of Block
        Rows for `lifecircle.plan.verdict.judge_rows`, the county's first.
    """
    if target.exclude is not None:
        return [Block(target, "county", [SCOPE_COUNTY], no_report(target), aim_of(target))]
    found = measure(target, known)
    in_setting = np.isin(known.units["setting"].to_numpy(dtype=object), target.settings)
    if target.scope == "streets":
        return _streets(target, found, known, in_setting)
    judged, silent = _asked(target, found, known, in_setting)
    things = found.take(judged[found.row])
    if target.scope in ("communities", "facilities"):
        return _each(target, things, known, silent)
    rows = _amounts(target, things)
    county: dict[str, Floats | float] = {
        name: _total(np.atleast_1d(numbers)) for name, numbers in rows.items()
    }
    county["unsure"] = float(things.unsure.any())
    if not len(things.row):
        county |= dict.fromkeys(("least", "most", "known", "total", "silent", "unsure"), 0.0)
    return _blocks(target, found, known, county, known.units.index[things.row], rows)


def _blocks(
    target: Target,
    found: Measured,
    known: Evidence,
    county: Numbers,
    ids: pd.Index,
    rows: Numbers,
) -> list[Block]:
    each = target.scope in ("facilities", "streets")
    unit = aim_of(target) if each else criterion(target, known.standard)
    words = (found.data, found.datasets)
    return [
        Block(target, "county", [SCOPE_COUNTY], county, aim_of(target), *words),
        Block(target, "unit", list(ids), rows, unit, *words),
    ]


def _total(numbers: Floats) -> float:
    """Add up what is known; NaN where nothing is."""
    known = numbers[~np.isnan(numbers)]
    return float(known.sum()) if len(known) else np.nan


def _asked(
    target: Target, found: Measured, known: Evidence, in_setting: Bools
) -> tuple[Bools, int]:
    """Tell which units are judged, and how many of the setting do not say whether they are."""
    judged = in_setting.copy()
    silent = 0
    if target.only:
        said = np.column_stack([known.column(name) for name in target.only])
        silent = int((in_setting & np.isnan(said).all(axis=1)).sum())
        judged &= (said > 0).any(axis=1)
    if target.unless is not None:
        judged &= known.column(target.unless) != 0
    if isinstance(target.measure, Coverage | Complete):
        judged &= known.residents != 0
    if isinstance(target.measure, Ratio) and target.scope == "communities":
        judged &= found.base_most != 0  # nothing to take a share of
    return judged, silent


def _each(target: Target, things: Measured, known: Evidence, silent: int) -> list[Block]:
    """Judge each thing by itself, and the county by the share of them that meet the target."""
    op, value, per = criterion(target, known.standard)
    low, high = bounds_of(things.least, things.most, things.base_least, things.base_most, per)
    verdict = verdict_of(low, high, op, value)
    certain = ~np.isnan(verdict)
    unsure = things.unsure & certain
    county = _shares(1, np.zeros(len(verdict), np.intp), verdict)
    county |= {"silent": float(silent), "unsure": float(unsure.any())}
    if target.scope == "facilities":
        if isinstance(target.measure, Near | Attribute) and not known.knows(target.measure.kinds):
            county = no_report(target)  # nobody listed any: there may be some all the same
        present, row = np.unique(things.row, return_inverse=True)
        rows = _shares(len(present), row, verdict)
        return _blocks(target, things, known, county, known.units.index[present], rows)
    rows = _amounts(target, things)
    rows |= {"known": certain.astype(float), "unsure": unsure.astype(float)}
    over, over_of = things.overall, things.overall_of
    if over is None or over_of is None:
        over_of = np.where(certain, known.residents[things.row], np.nan)
        over = verdict * over_of
    both = ~(np.isnan(over) | np.isnan(over_of))
    county["overall_numerator"] = _total(over[both])
    county["overall_denominator"] = _total(over_of[both])
    return _blocks(target, things, known, county, known.units.index[things.row], rows)


def _streets(target: Target, found: Measured, known: Evidence, in_setting: Bools) -> list[Block]:
    """Judge each street by the communities on it; one that names none may be on any other."""
    names = pd.Series(None, known.units.index, dtype=object)
    if "street" in known.units.columns:
        names = known.units["street"].astype(object)
    named = names.notna().to_numpy(dtype=bool)
    endings = target.measure.not_ending if isinstance(target.measure, Present) else ()
    town = np.array([isinstance(name, str) and name.endswith(endings) for name in names], np.bool_)
    judged = in_setting & ~town
    streets = pd.Index(names[judged & named].unique())
    street = np.where(named, streets.get_indexer(names), -1)
    on = street >= 0
    has = np.bincount(street[on], found.least[on] > 0, len(streets)) > 0
    sure = (found.least == found.most).all() and not (~named & (found.least > 0)).any()
    verdict = np.where(has, 1.0, 0.0 if sure else np.nan)
    silent = int((judged & ~named).sum())
    county = _shares(1, np.zeros(len(streets), np.intp), verdict)
    # In the best and in the worst case every silent community has a street of its own.
    county |= {name: county[name] + silent for name in ("most", "base_least", "base_most")}
    own = np.append(verdict, np.nan)[street[judged]]  # street -1 is the NaN at the end
    county |= {"known": float((~np.isnan(own)).sum()), "total": float(judged.sum())}
    ids = known.units.index[judged]
    rows = _shares(len(ids), np.arange(len(ids)), own)
    return _blocks(target, found, known, county, ids, rows)


def _shares(size: int, row: Rows, verdict: Floats) -> dict[str, Floats | float]:
    """Count, for each of so many scopes, its things that meet the target, do not, and may."""
    total = np.bincount(row, minlength=size).astype(float)
    known = np.bincount(row, ~np.isnan(verdict), size)
    good = np.bincount(row, verdict == 1.0, size)
    return {
        "numerator": np.where(known > 0, good, np.nan),
        "denominator": known,
        "overall_numerator": np.nan,
        "overall_denominator": np.nan,
        "least": good,
        "most": good + total - known,
        "base_least": total,
        "base_most": total,
        "known": known,
        "total": total,
        "silent": 0.0,
        "unsure": 0.0,
    }


def _amounts(target: Target, things: Measured) -> dict[str, Floats | float]:
    """Give each unit's own amounts."""
    counted = isinstance(target.measure, Ratio | Coverage | Complete)
    known = (things.least == things.most) & (things.base_least == things.base_most)
    nothing = np.full(len(known), np.nan)
    return {
        "numerator": np.where(known, things.least, np.nan),
        "denominator": np.where(known, things.base_least, np.nan) if counted else nothing,
        "overall_numerator": np.nan,
        "overall_denominator": np.nan,
        "least": things.least,
        "most": things.most,
        "base_least": things.base_least if counted else nothing,
        "base_most": things.base_most if counted else nothing,
        "known": known.astype(float),
        "total": np.ones(len(known)),
        "silent": 0.0,
        "unsure": things.unsure.astype(float),
    }


def no_report(target: Target) -> dict[str, Floats | float]:
    """Give the numbers of a county that says nothing: anything is possible.

    Parameters
    ----------
    target
        The target that it is silent about.

    Examples
    --------
    >>> from lifecircle.standards.targets import read_targets
    >>> no_report(read_targets("shaoyang-2025")[0])["most"]
    inf
    """
    summed = target.scope == "city"
    return {
        **dict.fromkeys(SUMS, np.nan),
        "least": 0.0,
        "most": np.inf,
        "base_least": np.nan if summed else 0.0,
        "base_most": np.nan if summed else np.inf,
        "known": 0.0,
        "total": 0.0,
        "silent": 1.0,
        "unsure": 0.0,
    }
