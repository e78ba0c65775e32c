"""Which facilities are open, and how many hours a day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from lifecircle.moment.asked import Moment, distinct
from lifecircle.sources.hours import hours_per_day, open_when
from lifecircle.standards import Standard, read_standard
from lifecircle.standards.targets import Attribute, Target

Bools = npt.NDArray[np.bool_]


def openings(moments: Iterable[Moment], facilities: pd.DataFrame) -> pd.DataFrame:
    """Count the facilities that are open at some moments, by kind.

    Parameters
    ----------
    moments
        When.
    facilities
        Table with columns ``kind`` and ``hours`` (opening hours as written), as
        `lifecircle.tables.FACILITIES`; without the latter nothing is known.

    Returns
    -------
    DataFrame
        Per `lifecircle.tables.OPENINGS`: index (moment, kind), columns ``open``, ``closed`` (on one
        of the moment's days at least) and ``unknown``, each a number of facilities.

    Examples
    --------
    >>> from lifecircle.moment import parse_moment
    >>> shops = pd.DataFrame({"kind": "retail", "hours": ["8:00-20:00", "周一至周五9-17点", None]})
    >>> openings([parse_moment("18:30"), parse_moment("周末10:00")], shops)
                          open  closed  unknown
    moment        kind
    weekday 18:30 retail     1       1        1
    weekend 10:00 retail     1       1        1
    """
    asked = distinct(moments)
    code, kinds = pd.factorize(facilities["kind"], sort=True)
    sure, perhaps = open_bounds(asked, facilities)
    counts = [
        np.bincount(code[chosen], minlength=len(kinds))
        for at in range(len(asked))
        for chosen in (sure[at], ~perhaps[at], perhaps[at] & ~sure[at])
    ]
    names = ["moment", "kind"]
    index = pd.MultiIndex.from_product([[moment.key for moment in asked], kinds], names=names)
    by_moment = np.array(counts, np.int64).reshape(len(asked), 3, len(kinds))
    table = by_moment.transpose(0, 2, 1).reshape(-1, 3)
    return pd.DataFrame(table, index, columns=["open", "closed", "unknown"])


def open_bounds(moments: Sequence[Moment], facilities: pd.DataFrame) -> tuple[Bools, Bools]:
    """Tell which facilities are open for sure at some moments, and which perhaps.

    Parameters
    ----------
    moments
        When; open is what is open on all days of a moment.
    facilities
        As for `openings`.

    Returns
    -------
    sure, perhaps
        Arrays of bool, a row per moment, a column per facility; they differ where it is unknown.

    Examples
    --------
    >>> from lifecircle.moment import parse_moment
    >>> shops = pd.DataFrame({"hours": ["8:00-20:00", None]})
    >>> open_bounds([parse_moment("18:30")], shops)
    (array([[ True, False]]), array([[ True,  True]]))
    """
    asked = [(day, moment.minute) for moment in moments for day in moment.days]
    if not asked:
        return np.zeros((0, len(facilities)), np.bool_), np.zeros((0, len(facilities)), np.bool_)
    hours = facilities.get("hours", pd.Series(pd.NA, facilities.index, dtype="str"))
    found = open_when(hours, asked)
    first = np.cumsum([0, *(len(moment.days) for moment in moments)])[:-1]
    bounds = []
    for unknown in (False, True):
        held = found.fillna(unknown).to_numpy(np.bool_).T
        bounds.append(np.logical_and.reduceat(held, first, axis=0))
    return bounds[0], bounds[1]


def eight_hours(facilities: pd.DataFrame, standard: Standard | None = None) -> pd.DataFrame:
    """Count the facilities that serve as many hours a day as the plan asks for, by kind.

    Parameters
    ----------
    facilities
        Table with column ``kind``, as `lifecircle.tables.FACILITIES`. Hours a day are those of
        ``hours_per_day``; where it has none, those that ``hours`` makes.
    standard
        Whose target on hours a day holds, 8 of the plan unless a county changed it; the plan's own
        where it has none.

    Returns
    -------
    DataFrame
        Index ``kind``; ``facilities``, of these ``known`` and ``unknown``, ``eight`` (with so many
        hours a day), ``share_of_known`` (NaN if none is known), ``judged`` (whether the target is
        meant for the kind). Counts of facilities.

    References
    ----------
    The plan [14]; its target ``service_hours`` (`lifecircle.standards.targets`) holds the figure.

    Examples
    --------
    >>> centres = {"kind": "community_centre", "hours": ["8:00-17:00", "14:00-17:00", None]}
    >>> eight_hours(pd.DataFrame(centres)).iloc[0].to_dict()
    {'facilities': 3, 'known': 2, 'unknown': 1, 'eight': 1, 'share_of_known': 0.5, 'judged': True}
    """
    judge = read_standard() if standard is None else standard
    target = _target(judge) or _target(read_standard())
    hours = pd.Series(np.nan, facilities.index)
    if "hours_per_day" in facilities.columns:
        hours = facilities["hours_per_day"].astype("float64")
    if "hours" in facilities.columns:
        hours = hours.fillna(hours_per_day(facilities["hours"]))
    least = np.nan if target is None or target.value is None else target.value
    frame = pd.DataFrame(
        {"kind": facilities["kind"], "known": hours.notna(), "eight": hours >= least}
    )
    by_kind = frame.groupby("kind", observed=True)
    table = by_kind.agg(
        facilities=("known", "size"), known=("known", "sum"), eight=("eight", "sum")
    )
    meant = set() if target is None else set(target.kinds())
    known = judge.known or judge.kinds
    judged = [
        kind in meant or (kind in known and not meant.isdisjoint(judge.wider(kind)))
        for kind in table.index
    ]
    unknown = table["facilities"] - table["known"]
    share = table["eight"] / table["known"].where(table["known"] > 0)
    table = table.assign(unknown=unknown, share_of_known=share, judged=np.array(judged, np.bool_))
    return table[["facilities", "known", "unknown", "eight", "share_of_known", "judged"]]


def _target(standard: Standard) -> Target | None:
    """Find the target on hours a day of each facility."""
    for target in standard.targets:
        if isinstance(target.measure, Attribute) and target.measure.column == "hours_per_day":
            return target
    return None


__all__ = ["eight_hours", "open_bounds", "openings"]
