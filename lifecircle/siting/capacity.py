"""Sites that can serve so many residents and no more: whom each one serves is a flow.

Residents within reach of several sites may go to any of them, and those of one cell may be shared
out. What a set of sites serves is then the greatest flow from residents to sites; another site
serves less the more there are, so greedy is good and its next step is found lazily. The bound comes
from the same question without capacities, from the largest capacities alone, and from the integer
programme (HiGHS, through SciPy) where it is not too large.
"""

from __future__ import annotations

import heapq
import time
from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy.sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from lifecircle.kernels.graph import Floats, Longs
from lifecircle.siting.problem import Gains, SitingProblem, within
from lifecircle.siting.search import Found, ceilings, fewest, most

PAIRS_UP_TO: Final = 200_000
"""Pairs of candidates and groups of cells up to which the integer programme is tried; ours: beyond,
it finds nothing within minutes, and greedy stands with its bound."""

_CLOSE: Final = 1e-6


@dataclass(frozen=True)
class Flow:
    """Whom some sites serve.

    Parameters
    ----------
    value
        Residents served together.
    by_site
        Of them by each site, in the order given.
    shares
        Of each entry of the sites (see `Gains`), which share of the element goes to the site.
    """

    value: float
    by_site: Floats
    shares: Floats


def flow(gains: Gains, chosen: Longs, capacity: Floats) -> Flow:
    """Share residents out among sites so that most are served.

    Parameters
    ----------
    gains
        Uniform gains: residents of each element, and which candidates they reach.
    chosen
        Numbers of the candidates.
    capacity
        Residents that each candidate can serve at most.

    Examples
    --------
    >>> rows, element = np.array([0, 2, 3]), np.array([0, 1, 1])
    >>> gains = Gains(rows, element, np.array([50.0, 30.0, 30.0]), 2, uniform=True)
    >>> flow(gains, np.array([0, 1]), np.array([60.0, 60.0])).by_site  # 30 go to the second site
    array([50., 30.])
    """
    some = gains.only(np.asarray(chosen, np.int64))
    if not len(some.element):
        return Flow(0.0, np.zeros(len(chosen)), np.zeros(0))
    site = some.row()
    group = _grouped(site, some.element)  # elements that the same sites reach are one
    reached = np.unique(some.element)
    persons = np.bincount(group[reached], gains.weight[reached])
    pair, back = np.unique(site * len(persons) + group[some.element], return_inverse=True)
    of_site, of_group = np.divmod(pair, len(persons))
    number = np.arange(len(pair))
    matrix = scipy.sparse.csr_array(
        (
            np.ones(2 * len(pair)),
            (np.concatenate([of_site, len(chosen) + of_group]), np.tile(number, 2)),
        ),
        shape=(len(chosen) + len(persons), len(pair)),
    )
    most_of = np.concatenate([capacity[chosen], persons])
    answer = linprog(-np.ones(len(pair)), A_ub=matrix, b_ub=most_of, method="highs")
    moved = np.maximum(answer.x, 0.0)
    by_site = np.bincount(of_site, moved, len(chosen)).astype(np.float64)
    shares = np.divide(
        moved, persons[of_group], out=np.zeros(len(pair)), where=persons[of_group] > 0
    )
    return Flow(float(by_site.sum()), by_site, shares[back])


def _grouped(site: Longs, element: Longs) -> Longs:
    """Give elements the number of the set of sites that reach them; -1 where none does."""
    order = np.lexsort((site, element))
    known, first = np.unique(element[order], return_index=True)
    ends = np.append(first, len(order))[1:]
    by_element = site[order].astype(np.int32)
    numbers: dict[bytes, int] = {}
    group = np.full(int(element.max()) + 1, -1, np.int64)
    group[known] = [
        numbers.setdefault(by_element[a:b].tobytes(), len(numbers))
        for a, b in zip(first, ends, strict=True)
    ]
    return group


def alone(gains: Gains, capacity: Floats) -> Floats:
    """Give what each candidate serves by itself: whom it reaches, up to its capacity.

    Parameters
    ----------
    gains, capacity
        As for `flow`.
    """
    reach = np.bincount(gains.row(), gains.gain, gains.candidates)
    return np.minimum(reach, capacity)


def greedy_flow(gains: Gains, capacity: Floats, count: int, need: float = np.inf) -> Longs:
    """Choose, again and again, the candidate with which most more are served.

    Parameters
    ----------
    gains, capacity
        As for `flow`.
    count
        How many to choose at most; fewer where nobody is left to serve.
    need
        Residents that are enough.

    Returns
    -------
    ndarray of int
        Candidates in the order of choice.
    """
    chosen: list[int] = []
    served = 0.0
    queue = [(-float(most), site) for site, most in enumerate(alone(gains, capacity)) if most > 0]
    heapq.heapify(queue)
    while queue and len(chosen) < count and served < need:
        _, site = queue[0]
        together = flow(gains, np.array([*chosen, site]), capacity).value
        more = together - served
        heapq.heapreplace(queue, (-more, site))
        if queue[0][1] != site:
            continue  # a gain never grows: another one may lead
        heapq.heappop(queue)
        if more <= _CLOSE * max(served, 1.0):
            break
        chosen.append(site)
        served = together
    return np.array(chosen, np.int64)


def most_served(gains: Gains, capacity: Floats, count: int, *, time_limit: float) -> Found:
    """Find the `count` sites that serve most residents together.

    Parameters
    ----------
    gains, capacity
        As for `flow`.
    count
        How many sites.
    time_limit
        Seconds.

    Returns
    -------
    Found
        ``value`` and ``bound`` in residents.
    """
    began = time.perf_counter()
    if (np.bincount(gains.row(), gains.gain, gains.candidates) <= capacity).all():
        return most(gains, count, time_limit=time_limit)  # nobody is ever turned away
    start = greedy_flow(gains, capacity, count)
    value = flow(gains, start, capacity).value
    bound = min(
        top(gains, capacity, count)[-1], most(gains, count, time_limit=time_limit / 4).bound
    )
    if bound > value * (1 + _CLOSE) and len(gains.element) <= PAIRS_UP_TO:
        programme = _Programme(gains, capacity)
        rows = [*programme.rows(), programme.sites(-np.inf, count)]
        left = time_limit - (time.perf_counter() - began)
        chosen, proven = programme.solve(-programme.served(), rows, left)
        if proven is not None:
            bound = min(bound, max(-proven, value))
        if chosen is not None and (better := flow(gains, chosen, capacity).value) > value:
            start, value = chosen, better
    bound = max(bound, value)
    if bound <= value * (1 + _CLOSE):
        bound = value
    return Found(_in_order(gains, start, capacity), value, bound)


def fewest_serving(
    gains: Gains, capacity: Floats, need: float, *, time_limit: float
) -> Found | None:
    """Find the fewest sites that serve as many residents as are needed.

    Parameters
    ----------
    gains, capacity
        As for `flow`.
    need
        Residents; met to a millionth.
    time_limit
        Seconds.

    Returns
    -------
    Found or None
        ``value`` and ``bound`` in sites; None where all candidates together do not serve them.
    """
    if need <= 0:
        return Found(np.zeros(0, np.int64), 0.0, 0.0)
    if (np.bincount(gains.row(), gains.gain, gains.candidates) <= capacity).all():
        return fewest(gains, need, time_limit=time_limit)
    began = time.perf_counter()
    need *= 1 - _CLOSE
    start = greedy_flow(gains, capacity, gains.candidates, need)
    if flow(gains, start, capacity).value < need:
        return None
    free = fewest(gains, need, time_limit=time_limit / 4)
    enough = np.flatnonzero(top(gains, capacity, len(start)) >= need * (1 - 1e-12))
    bound = max(int(enough[0]) + 1, 0 if free is None else int(free.bound))
    if bound < len(start) and len(gains.element) <= PAIRS_UP_TO:
        programme = _Programme(gains, capacity)
        rows = [
            *programme.rows(),
            programme.sites(bound, len(start)),
            LinearConstraint(scipy.sparse.csr_array(programme.served()[None] / need), 1.0, np.inf),
        ]
        left = time_limit - (time.perf_counter() - began)
        chosen, proven = programme.solve(programme.counted(), rows, left)
        if proven is not None:
            bound = min(max(bound, int(np.ceil(proven - _CLOSE))), len(start))
        if chosen is not None and len(chosen) < len(start):
            good = flow(gains, chosen, capacity).value >= need * (1 - _CLOSE)
            start = chosen if good else start
    return Found(
        _in_order(gains, start, capacity), float(len(start)), float(min(bound, len(start)))
    )


def top(gains: Gains, capacity: Floats, count: int) -> Floats:
    """Bound what 1, 2, ..., `count` sites serve by the largest that serve by themselves.

    Parameters
    ----------
    gains, capacity
        As for `flow`.
    count
        Longest number of sites asked for.
    """
    most_of = np.zeros(count)
    greatest = -np.sort(-alone(gains, capacity))[:count]
    most_of[: len(greatest)] = greatest
    return np.asarray(np.minimum(np.cumsum(most_of), gains.weight.sum()), dtype=np.float64)


def served_curve(
    gains: Gains, capacity: Floats, chosen: Longs, count: int, bound: float
) -> tuple[Floats, Floats]:
    """Tell what 1, 2, ... sites serve, and what no n sites exceed.

    Parameters
    ----------
    gains, capacity
        As for `flow`.
    chosen
        The answer, in order.
    count
        How many sites.
    bound
        What no `count` sites exceed.
    """
    served = np.zeros(count)
    for n in range(1, count + 1):
        last = served[n - 2] if n > 1 else 0.0
        served[n - 1] = max(
            last, flow(gains, chosen[:n], capacity).value if n <= len(chosen) else 0.0
        )
    free = ceilings(gains, chosen, count) if count else np.zeros(0)
    limits = np.minimum(np.minimum(top(gains, capacity, count), free), bound)
    return served, np.maximum(limits, served)


def residents_served(
    problem: SitingProblem, chosen: Longs, capacity: Floats
) -> tuple[Floats, Floats, Longs]:
    """Share the residents of a problem out among chosen sites.

    Parameters
    ----------
    problem
        Residents, facilities and candidates.
    chosen
        Numbers of the candidates.
    capacity
        Of each candidate.

    Returns
    -------
    by_site, by_cell, site_of
        Residents served by each site; newly served residents of each cell; and the number, from 1,
        of the site that serves most of them (0: nobody). It is one of many ways to share them out.
    """
    lacking = (problem.persons > 0) & ~within(problem.present, problem.limit)
    kept = lacking[problem.cell] & within(problem.seconds, problem.limit[problem.cell])
    rows = np.searchsorted(problem.row()[kept], np.arange(problem.candidates + 1)).astype(np.int64)
    cell = problem.cell[kept].astype(np.int64)
    cells = Gains(rows, cell, problem.persons[cell], len(problem.persons), uniform=True)
    shared = flow(cells, chosen, capacity)
    some = cells.only(np.asarray(chosen, np.int64))
    persons = shared.shares * some.gain
    by_cell = np.bincount(some.element, persons, len(problem.persons)).astype(np.float64)
    order = np.lexsort((persons, some.element))
    site_of = np.zeros(len(problem.persons), np.int64)
    site_of[some.element[order]] = some.row()[order] + 1  # the last one, with most, stays
    site_of[by_cell <= 0] = 0
    return shared.by_site, by_cell, site_of


def _in_order(gains: Gains, chosen: Longs, capacity: Floats) -> Longs:
    """Put sites in the order of how many more they serve."""
    known = np.sort(chosen)
    first = known[greedy_flow(gains.only(known), capacity[known], len(known))]
    return np.concatenate([first, np.setdiff1d(known, first)])


class _Programme:
    """Variables: a site each, then of each entry the share of the element that goes there."""

    def __init__(self, gains: Gains, capacity: Floats) -> None:
        self._gains, self._capacity = gains, capacity
        self._row = gains.row()
        self._pairs = len(gains.element)

    def counted(self) -> Floats:
        return np.concatenate([np.ones(self._gains.candidates), np.zeros(self._pairs)])

    def served(self) -> Floats:
        return np.concatenate([np.zeros(self._gains.candidates), self._gains.gain])

    def sites(self, least: float, greatest: float) -> LinearConstraint:
        return LinearConstraint(scipy.sparse.csr_array(self.counted()[None]), least, greatest)

    def rows(self) -> list[LinearConstraint]:
        """Say that an element goes somewhere once, to sites that are built, within capacity."""
        gains, pairs, sites = self._gains, self._pairs, self._gains.candidates
        number, column = np.arange(pairs), sites + np.arange(pairs)
        whole = _matrix(np.ones(pairs), gains.element, column, gains.count, sites + pairs)
        scale = np.maximum(self._capacity, 1e-9)
        full = _matrix(
            np.concatenate([gains.gain / scale[self._row], -np.ones(sites)]),
            np.concatenate([self._row, np.arange(sites)]),
            np.concatenate([column, np.arange(sites)]),
            sites,
            sites + pairs,
        )
        built = _matrix(
            np.concatenate([np.ones(pairs), -np.ones(pairs)]),
            np.concatenate([number, number]),
            np.concatenate([column, self._row]),
            pairs,
            sites + pairs,
        )
        return [
            LinearConstraint(whole, -np.inf, 1.0),
            LinearConstraint(full, -np.inf, 0.0),
            LinearConstraint(built, -np.inf, 0.0),
        ]

    def solve(
        self, cost: Floats, rows: list[LinearConstraint], time_limit: float
    ) -> tuple[Longs | None, float | None]:
        """Run HiGHS: the sites that it found, and the least cost that it proved possible."""
        sites = self._gains.candidates
        whole = np.zeros(len(cost), np.int8)
        whole[:sites] = 1
        unit = 1.0 if np.abs(cost).max(initial=0.0) <= 1.0 else self._gains.weight.sum() / 1e3
        answer = milp(
            cost / unit,
            integrality=whole,
            bounds=Bounds(0.0, 1.0),
            constraints=rows,
            options={"time_limit": max(float(time_limit), 0.1), "mip_rel_gap": 0.0},
        )
        chosen = None if answer.x is None else np.flatnonzero(answer.x[:sites] > 0.5)
        proven = getattr(answer, "mip_dual_bound", None)
        if proven is None or not np.isfinite(proven):
            return chosen, None
        return chosen, float(proven) * unit


def _matrix(
    values: Floats, row: Longs, column: Longs, rows: int, columns: int
) -> scipy.sparse.csr_array:
    return scipy.sparse.csr_array((values, (row, column)), shape=(rows, columns))
