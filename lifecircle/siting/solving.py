"""Four questions of siting, each answered with sites, a bound and what they do for residents."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
import pandas as pd

from lifecircle.errors import Fault, InputError
from lifecircle.kernels.graph import Floats, Longs
from lifecircle.siting.capacity import (
    fewest_serving,
    flow,
    most_served,
    residents_served,
    served_curve,
)
from lifecircle.siting.problem import Gains, SitingProblem, within
from lifecircle.siting.search import Found, ceilings, fewest, greedy, most, ordered, tighten

Objective = Literal["mclp", "lscp", "pmedian", "pcenter"]
"""Most newly covered residents, fewest sites, least total walking, shortest worst walk."""

OBJECTIVES: Final[tuple[Objective, ...]] = get_args(Objective)
_CLOSE: Final = 1e-9


@dataclass(frozen=True)
class Siting:
    """An answer; made by `solve_siting`.

    Parameters
    ----------
    objective
        What was asked.
    chosen
        Numbers of the candidates, in the order of greatest gain.
    found, bound
        What the sites achieve, and what no choice can better: residents newly covered (mclp),
        number of sites (lscp), person-seconds of walking (pmedian), s of the worst walk (pcenter).
    seconds
        How long the search took.
    sites
        One row a site, index ``rank``: ``candidate``, ``persons`` newly within their limit by it
        beside those before it, ``persons_total`` so far, ``covered_share`` of all residents, there
        being facilities too, ``person_minutes`` of walking saved, and so far ``mean_minutes`` (over
        those who reach something within the cutoff), ``worst_minutes`` (the same) and
        ``unreached`` (residents who reach nothing within it).
    curve
        What n sites can do, index ``count`` from 1: ``gained`` (newly covered residents;
        person-seconds saved for pmedian), ``marginal``, ``bound`` (no n sites gain more).
    site_of
        Rank of the site that newly covers each cell, the nearest one; 0 where none does. With
        capacities the one that serves most of its residents.
    newly
        Residents of each cell that are newly covered; with capacities it may be some of them.
    """

    objective: Objective
    chosen: Longs
    found: float
    bound: float
    seconds: float
    sites: pd.DataFrame
    curve: pd.DataFrame
    site_of: Longs
    newly: Floats

    @property
    def gap(self) -> float:
        """How far from the best the answer can be at most, as a share of it; 0 is proven best."""
        apart = abs(self.found - self.bound)
        if apart <= _CLOSE * max(abs(self.found), 1.0):
            return 0.0
        return apart / max(abs(self.found), abs(self.bound))


def solve_siting(
    problem: SitingProblem,
    objective: Objective = "mclp",
    *,
    count: int | None = None,
    share: float | None = None,
    capacity: float | Floats | None = None,
    time_limit: float = 60.0,
) -> Siting:
    """Choose sites among candidates, beside the facilities there are.

    Parameters
    ----------
    problem
        Residents, facilities and candidates.
    objective
        ``"mclp"``: the `count` sites that bring most residents newly within their limit.
        ``"lscp"``: the fewest sites that bring `share` of all residents within it.
        ``"pmedian"``: the `count` sites with the least total walking to the nearest facility or
        site; whoever reaches none within the cutoff counts with cutoff and penalty.
        ``"pcenter"``: the `count` sites with the shortest walk within which `share` of all
        residents (by default all) reach something.
    count
        How many sites at most.
    share
        Above 0, to 1.
    capacity
        Residents that each new site can serve at most, one number or one a candidate (mclp and
        lscp). Residents go to any site within their limit, and those of one cell may be shared out.
        ``sites`` then has ``served`` (by each site, all being built) and ``capacity``; ``persons``
        is how many more are served by the site beside those before it.
    time_limit
        Seconds for the search; what is best then is given, with its proven bound. HiGHS looks at
        its clock between its steps only: with millions of pairs it has taken as long again.

    Returns
    -------
    Siting

    Raises
    ------
    InputError
        `count` or `share` is missing or out of range, or the share is out of reach: the message
        says what is within it.

    References
    ----------
    Church & ReVelle 1974 (MCLP); Toregas et al. 1971 (LSCP); Hakimi 1964 (p-median, p-center);
    Elloumi, Labbé & Pochet 2004 (p-center by thresholds); Nemhauser, Wolsey & Fisher 1978 (greedy).

    Examples
    --------
    >>> problem = SitingProblem(  # two hamlets; the second candidate reaches both in time
    ...     persons=np.array([50.0, 30.0]), limit=np.full(2, 900.0), present=np.full(2, np.inf),
    ...     rows=np.array([0, 1, 3]), cell=np.array([0, 0, 1]),
    ...     seconds=np.array([60.0, 600.0, 840.0]), cutoff=1800.0,
    ... )
    >>> answer = solve_siting(problem, count=1)
    >>> answer.chosen, answer.found, answer.gap
    (array([1]), 80.0, 0.0)
    >>> solve_siting(problem, "pcenter", count=2).found  # a site in each direction: still 840 s
    840.0
    """
    number = _checked(objective, count, share)
    if capacity is not None:
        limits = _capacities(capacity, objective, problem.candidates)
        return _with_capacity(problem, objective, number, share, limits, time_limit)
    began = time.perf_counter()
    covered = problem.covering(problem.limit)
    gains = problem.saving() if objective == "pmedian" else covered
    if objective == "lscp":
        found = _fewest(problem, float(share or 0.0), time_limit)
        number = len(found.chosen)
    elif objective == "pcenter":
        found = _center(problem, number, 1.0 if share is None else share, time_limit)
    else:
        found = most(gains, number, time_limit=time_limit)
    value, bound = found.value, found.bound
    if objective == "pmedian":
        now = float((problem.persons * problem.now()).sum())
        value, bound = now - found.value, now - found.bound
    chosen = ordered(covered, found.chosen) if objective == "pcenter" else found.chosen
    sites, site_of = _effects(problem, chosen)
    least = found.bound if objective in {"mclp", "pmedian"} else math.inf
    curve = _curve(gains, chosen, number, least)
    took = time.perf_counter() - began
    newly = np.where(site_of > 0, problem.persons, 0.0)
    return Siting(objective, chosen, value, bound, took, sites, curve, site_of, newly)


def _capacities(capacity: float | Floats, objective: str, candidates: int) -> Floats:
    """Give the capacity of each candidate."""
    given = np.asarray(capacity, dtype=np.float64)
    if objective not in {"mclp", "lscp"}:
        raise InputError(Fault("siting", f"{objective} knows no capacity", "take mclp or lscp"))
    if given.ndim and given.shape != (candidates,):
        what = f"{given.size} capacities are given for {candidates} candidates"
        raise InputError(Fault("siting", what, "give one number, or one a candidate"))
    if not (np.isfinite(given) & (given > 0)).all():
        raise InputError(Fault("siting", f"capacity is {capacity}", "give residents, above 0"))
    return np.broadcast_to(given, (candidates,)).copy()


def _with_capacity(
    problem: SitingProblem,
    objective: Objective,
    count: int,
    share: float | None,
    capacity: Floats,
    time_limit: float,
) -> Siting:
    """Answer for sites that can serve so many residents and no more."""
    began = time.perf_counter()
    gains = problem.covering(problem.limit)
    if objective == "mclp":
        found = most_served(gains, capacity, count, time_limit=time_limit)
    else:
        need = float(share or 0.0) * problem.total - problem.served
        few = fewest_serving(gains, capacity, need, time_limit=time_limit)
        if few is None:
            every = flow(gains, np.arange(problem.candidates), capacity).value
            raise _too_few(problem, every, float(share or 0.0))
        found, count = few, len(few.chosen)
    chosen = found.chosen
    by_site, newly, site_of = residents_served(problem, chosen, capacity)
    most_of = found.bound if objective == "mclp" else math.inf
    gained, bound = served_curve(gains, capacity, chosen, count, most_of)
    sites, _ = _effects(problem, chosen)
    so_far = gained[: len(chosen)]
    sites = sites.assign(
        persons=np.diff(so_far, prepend=0.0),
        persons_total=so_far,
        covered_share=(problem.served + so_far) / problem.total,
        served=by_site,
        capacity=capacity[chosen],
    )
    curve = pd.DataFrame(
        {"gained": gained, "marginal": np.diff(gained, prepend=0.0), "bound": bound},
        index=pd.RangeIndex(1, count + 1, name="count"),
    )
    took = time.perf_counter() - began
    return Siting(objective, chosen, found.value, found.bound, took, sites, curve, site_of, newly)


def _checked(objective: str, count: int | None, share: float | None) -> int:
    if objective not in OBJECTIVES:
        raise InputError(
            Fault("siting", f"unknown objective {objective!r}", f"use one of {list(OBJECTIVES)}")
        )
    if objective != "lscp" and (count is None or count < 1):
        raise InputError(Fault("siting", f"count is {count}", "say how many sites, 1 or more"))
    if objective in {"lscp", "pcenter"} and not (share is None or 0 < share <= 1):
        raise InputError(Fault("siting", f"share is {share}", "give a share above 0, to 1"))
    if objective == "lscp" and share is None:
        raise InputError(Fault("siting", "share is missing", "say which share is to be covered"))
    return count or 0


def _fewest(problem: SitingProblem, share: float, time_limit: float) -> Found:
    gains = problem.covering(problem.limit)
    found = fewest(gains, share * problem.total - problem.served, time_limit=time_limit)
    if found is None:
        raise _too_few(problem, float(gains.weight.sum()), share)
    return found


def _too_few(problem: SitingProblem, every: float, share: float) -> InputError:
    able = (problem.served + every) / problem.total
    return InputError(
        Fault(
            "siting",
            f"all {problem.candidates} candidates together cover {_percent(able)} of the "
            f"residents, less than {_percent(share)}",
            "ask for a lower share, or give more candidates",
        )
    )


def _center(problem: SitingProblem, count: int, share: float, time_limit: float) -> Found:
    """Bisect the thresholds: the shortest one within which `count` sites reach enough residents."""
    reached = np.concatenate([problem.seconds, problem.present[problem.present <= problem.cutoff]])
    walks = np.unique(np.round(reached, 9))
    until = time.perf_counter() + time_limit
    best, _ = _within(problem, problem.cutoff, share, count, time_limit, programme=True)
    if best is None or not len(walks):
        raise _out_of_reach(problem, share, count, time_limit)
    # At `low` and below it is proven that they cannot; up to `unknown` nobody found out.
    low, high = -1, len(walks) - 1
    for programme in (False, True):  # quick tries first, to leave little to the programme
        unknown = low
        while high - unknown > 1 and (not programme or time.perf_counter() < until):
            middle = (unknown + high) // 2
            left = max(until - time.perf_counter(), 1.0) / math.log2(high - unknown + 1)
            chosen, impossible = _within(
                problem, float(walks[middle]), share, count, left, programme=programme
            )
            if chosen is not None:
                best, high = chosen, middle
            else:
                unknown = middle
                low = max(low, middle) if impossible else low
    return Found(best, float(walks[high]), float(walks[low + 1]))


def _within(
    problem: SitingProblem,
    walk: float,
    share: float,
    count: int,
    time_limit: float,
    *,
    programme: bool,
) -> tuple[Longs | None, bool]:
    """Find `count` sites that bring a share of residents within a walk; or prove there are none."""
    gains = problem.covering(walk)
    near = problem.persons[within(problem.present, walk)].sum()
    need = (share * problem.total - near) * (1 - _CLOSE)
    if need <= _CLOSE * problem.total:
        return np.zeros(0, np.int64), False
    start = greedy(gains, count, need)
    if gains.value(start) >= need:
        return start, False
    start, bounds, _ = tighten(gains, start, count, seconds=time_limit / 2)
    if gains.value(start) >= need:
        return start, False
    if bounds[-1] < need or not programme:
        return None, bool(bounds[-1] < need)
    found = fewest(gains, need, time_limit=time_limit / 2)
    if found is not None and found.value <= count:
        return found.chosen, False
    return None, found is None or found.bound > count


def _out_of_reach(
    problem: SitingProblem, share: float, count: int, time_limit: float
) -> InputError:
    gains = problem.covering(problem.cutoff)
    near = float(problem.persons[problem.present <= problem.cutoff].sum())
    found = fewest(gains, share * problem.total - near, time_limit=time_limit)
    minutes = f"{problem.cutoff / 60:g} min"
    if found is None:
        able = (near + gains.weight.sum()) / problem.total
        what = f"within {minutes} facilities and candidates reach {_percent(able)} of the residents"
        remedy = f"ask for a share below {_percent(able)}, or for a longer cutoff"
    else:
        what = f"{count} sites do not bring {_percent(share)} of the residents within {minutes}"
        remedy = f"ask for {found.value:.0f} sites, a lower share, or a longer cutoff"
    return InputError(Fault("siting", what, remedy))


def _percent(share: float) -> str:
    return f"{math.floor(share * 1000) / 10:g} %"


def _effects(problem: SitingProblem, chosen: Longs) -> tuple[pd.DataFrame, Longs]:
    """Tell what each site does beside those before it, and which one serves each cell."""
    persons, before = problem.persons, problem.walks(chosen[:0])
    base = float((persons * problem.now()).sum())
    rows = []
    gained = 0.0
    for rank in range(1, len(chosen) + 1):
        walk = problem.walks(chosen[:rank])
        reached = np.isfinite(walk)
        total = problem.gained(walk)
        far = np.where(reached, walk, problem.cutoff + problem.penalty)
        cost = float((persons * far).sum())
        alive = reached & (persons > 0)
        mean = np.average(walk[alive], weights=persons[alive]) / 60.0 if alive.any() else np.nan
        rows.append(
            {
                "candidate": int(chosen[rank - 1]),
                "persons": total - gained,
                "persons_total": total,
                "covered_share": (problem.served + total) / problem.total,
                "person_minutes": (base - cost) / 60.0,
                "mean_minutes": float(mean),
                "worst_minutes": float(walk[alive].max()) / 60.0 if alive.any() else np.nan,
                "unreached": float(persons[~reached].sum()),
            }
        )
        gained, base = total, cost
    columns = ["candidate", "persons", "persons_total", "covered_share", "person_minutes"]
    columns += ["mean_minutes", "worst_minutes", "unreached"]
    table = pd.DataFrame(rows, columns=columns)
    table.index = pd.RangeIndex(1, len(rows) + 1, name="rank")
    return table, _nearest_site(problem, chosen, before)


def _nearest_site(problem: SitingProblem, chosen: Longs, before: Floats) -> Longs:
    best = np.full(len(problem.persons), np.inf)
    site_of = np.zeros(len(best), np.int64)
    for rank, site in enumerate(chosen, start=1):
        pairs = slice(problem.rows[site], problem.rows[site + 1])
        cell, seconds = problem.cell[pairs], problem.seconds[pairs]
        near = within(seconds, problem.limit[cell])
        near &= (seconds < best[cell]) & (problem.persons[cell] > 0)
        near &= ~within(before[cell], problem.limit[cell])
        best[cell[near]], site_of[cell[near]] = seconds[near], rank
    return site_of


def _curve(gains: Gains, chosen: Longs, count: int, bound: float) -> pd.DataFrame:
    """Tell what 1, 2, ... sites gain: the better of greedy's and the answer's first n."""
    step = greedy(gains, count)
    gained = np.zeros(count)
    for n in range(1, count + 1):
        last = gained[n - 2] if n > 1 else 0.0
        gained[n - 1] = max(last, gains.value(step[:n]), gains.value(chosen[:n]))
    top = np.minimum(ceilings(gains, step, count), bound) if count else np.zeros(0)
    return pd.DataFrame(
        {
            "gained": gained,
            "marginal": np.diff(gained, prepend=0.0),
            "bound": np.maximum(top, gained),
        },
        index=pd.RangeIndex(1, count + 1, name="count"),
    )
