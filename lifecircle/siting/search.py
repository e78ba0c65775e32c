"""The search for sites: greedy first, then an integer programme, and a bound on every answer.

What sites gain together is submodular: another site gains less the more there are. So the gains
that are left beside any set of sites bound what any number of sites can gain, at once and without
a solver (`ceilings`). Prices that elements are charged tighten that bound (`tighten`) and prove of
most candidates that no better choice holds them; the integer programme (HiGHS, through SciPy) then
closes what is left of the gap if time allows.
"""

from __future__ import annotations

import heapq
import time
from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy.sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from lifecircle.kernels.graph import Floats, Longs
from lifecircle.siting.problem import Gains, undominated

_LOOKED_AT: Final = 200_000_000  # entries that `ceilings` sums up at most
_CLOSE: Final = 1e-6  # HiGHS keeps constraints to this
_ROUNDS: Final = 600  # of prices
_STUCK: Final = 12  # rounds without a better bound, and prices move half as far


@dataclass(frozen=True)
class Found:
    """Sites, and how far from the best they can be.

    Parameters
    ----------
    chosen
        Numbers of the candidates; in the order of greatest gain.
    value
        What they gain (`most`), or how many they are (`fewest`).
    bound
        What no choice can exceed (`most`) or undercut (`fewest`).
    """

    chosen: Longs
    value: float
    bound: float


def greedy(gains: Gains, count: int, need: float = np.inf) -> Longs:
    """Choose, again and again, the candidate that gains most beside those chosen.

    A candidate's gain never grows, so it is summed up again only when it leads (lazy greedy). Of
    equal candidates the first one is chosen.

    Parameters
    ----------
    gains
        What each candidate gains of each element.
    count
        How many to choose at most; fewer where nothing is left to gain.
    need
        Gain that is enough.

    Returns
    -------
    ndarray of int
        Candidates in the order of choice.

    Examples
    --------
    >>> rows, element = np.array([0, 2, 4, 5]), np.array([0, 1, 1, 2, 3])
    >>> gains = Gains(rows, element, np.array([4.0, 3.0, 3.0, 2.0, 3.0]), 4, uniform=True)
    >>> greedy(gains, 2)  # beside the first, the second gains 2 and the third 3
    array([0, 2])
    """
    best = np.zeros(gains.count)
    alone = np.bincount(gains.row(), gains.gain, gains.candidates)
    queue = [(-float(gain), int(site)) for site, gain in enumerate(alone) if gain > 0]
    heapq.heapify(queue)
    chosen: list[int] = []
    reached = 0.0
    while queue and len(chosen) < count and reached < need:
        _, site = queue[0]
        entries = slice(gains.rows[site], gains.rows[site + 1])
        at, gain = gains.element[entries], gains.gain[entries]
        now = float(np.maximum(gain - best[at], 0.0).sum())
        heapq.heapreplace(queue, (-now, site))
        if queue[0][1] != site:
            continue
        heapq.heappop(queue)
        if now <= 0.0:
            break
        chosen.append(site)
        reached += now
        best[at] = np.maximum(best[at], gain)
    return np.array(chosen, np.int64)


def ceilings(gains: Gains, chosen: Longs, count: int) -> Floats:
    """Bound what 1, 2, ..., `count` sites can gain, without a solver.

    Beside any set of sites, n further ones gain at most the n greatest gains that are left.

    Parameters
    ----------
    gains
        What each candidate gains of each element.
    chosen
        Sites beside which to look: each beginning of the list.
    count
        Longest number of sites asked for.

    Returns
    -------
    ndarray of shape (count,)
        No choice of n sites gains more than entry n - 1.
    """
    bound = np.full(count, gains.weight.sum())
    best, row = np.zeros(gains.count), gains.row()
    step = 1 + (len(chosen) + 1) * len(row) // _LOOKED_AT
    for done in range(len(chosen) + 1):
        if done % step == 0 or done == len(chosen):
            left = np.bincount(row, np.maximum(gains.gain - best[gains.element], 0.0))
            top = np.zeros(count)
            greatest = -np.sort(-left)[:count]
            top[: len(greatest)] = greatest
            bound = np.minimum(bound, best.sum() + np.cumsum(top))
        if done < len(chosen):
            entries = slice(gains.rows[chosen[done]], gains.rows[chosen[done] + 1])
            at = gains.element[entries]
            best[at] = np.maximum(best[at], gains.gain[entries])
    return bound


def tighten(
    gains: Gains, start: Longs, count: int, *, seconds: float
) -> tuple[Longs, Floats, Longs]:
    """Bring bound and answer together by prices: Lagrangian relaxation, by subgradients.

    Every element is charged a price; a site then gains what exceeds it. All prices, and the n
    greatest such gains, bound what n sites can gain, whatever the prices. Sites with the greatest
    ones are tried as an answer, and prices rise where several serve an element and fall where none.

    Parameters
    ----------
    gains
        What each candidate gains of each element.
    start
        An answer: sites that are known.
    count
        Number of sites that is asked for; at least 1.
    seconds
        When to stop, at the latest.

    Returns
    -------
    chosen
        The best answer seen.
    bound : ndarray of shape (count,)
        As `ceilings`.
    kept
        Candidates that a better answer could hold: all others are proven out.
    """
    until = time.perf_counter() + seconds
    bound, row = ceilings(gains, start, count), gains.row()
    price, most_of = _held(gains, start), gains.weight
    chosen, value = start, gains.value(start)
    low, pace, stuck = bound[-1], 1.0, 0
    kept = np.ones(gains.candidates, np.bool_)
    for _ in range(_ROUNDS):
        beyond = np.maximum(gains.gain - price[gains.element], 0.0)
        left = np.bincount(row, beyond, gains.candidates)
        order = np.argsort(-left, kind="stable")
        top = np.zeros(count)
        top[: min(count, len(order))] = left[order[:count]]
        here = price.sum() + np.cumsum(top)
        bound = np.minimum(bound, here)
        # Whatever holds a candidate gains at most this: it takes the place of the last one.
        kept &= here[-1] - top[-1] + np.minimum(left, top[-1]) > value * (1 - 1e-12)
        stuck = 0 if here[-1] < low - _CLOSE * low else stuck + 1
        low = min(low, here[-1])
        tried = order[:count]
        if (new := gains.value(tried)) > value:
            chosen, value = tried.astype(np.int64), new
        if low <= value * (1 + 1e-12) or pace < 1e-3 or time.perf_counter() > until:
            break
        if stuck >= _STUCK:
            pace, stuck = pace / 2.0, 0
        taken = np.zeros(gains.candidates, np.bool_)
        taken[tried] = True
        times = np.bincount(gains.element[taken[row] & (beyond > 0)], minlength=gains.count)
        slope = 1.0 - times
        slope[(price <= 0) & (slope > 0)] = 0.0
        norm = float((most_of * slope**2).sum())  # prices move in proportion to weights
        if norm <= 0:
            break
        move = pace * (here[-1] - value) / norm * most_of * slope
        price = np.clip(price - move, 0.0, most_of)
    return chosen, bound, np.flatnonzero(kept)


def _held(gains: Gains, chosen: Longs) -> Floats:
    """Give what some candidates gain of each element."""
    best = np.zeros(gains.count)
    for site in chosen:
        entries = slice(gains.rows[site], gains.rows[site + 1])
        np.maximum.at(best, gains.element[entries], gains.gain[entries])
    return best


def most(gains: Gains, count: int, *, time_limit: float) -> Found:
    """Find the `count` sites that gain most together.

    Parameters
    ----------
    gains
        What each candidate gains of each element.
    count
        How many sites; fewer are given where more would gain nothing.
    time_limit
        Seconds for prices and integer programme together.

    Returns
    -------
    Found
        ``value`` and ``bound`` in the unit of the gains.
    """
    began = time.perf_counter()
    start = greedy(gains, count)
    start, bounds, kept = tighten(gains, start, count, seconds=time_limit / 2)
    value, bound = gains.value(start), float(bounds[-1])
    if bound > value * (1 + 1e-12) and len(kept):
        if gains.uniform:
            kept = kept[undominated(gains.only(kept))]
        tiers = _Tiers.of(gains.only(kept))
        rows = [tiers.constraint(), tiers.sites(-np.inf, count)]
        left = time_limit - (time.perf_counter() - began)
        chosen, proven = _solve(tiers.maximised(), rows, tiers, left)
        if proven is not None:  # of candidates that are proven out none betters `value`
            bound = min(bound, max(-proven, value))
        if chosen is not None and gains.value(kept[chosen]) > value:
            start = kept[chosen]
            value = gains.value(start)
    return Found(ordered(gains, start), value, max(bound, value))


def fewest(gains: Gains, need: float, *, time_limit: float) -> Found | None:
    """Find the fewest sites that gain what is needed.

    Parameters
    ----------
    gains
        What each candidate gains of each element.
    need
        Gain that is needed; it counts as met to a millionth.
    time_limit
        Seconds for prices and integer programme together.

    Returns
    -------
    Found or None
        ``value`` and ``bound`` in sites; None where all candidates together do not gain it.
    """
    if need <= 0:
        return Found(np.zeros(0, np.int64), 0.0, 0.0)
    began = time.perf_counter()
    need *= 1 - _CLOSE
    if gains.weight.sum() < need:
        return None
    start = greedy(gains, gains.candidates, need)
    bound = _least(ceilings(gains, start, len(start)), need)
    tried = len(start) - 1  # can one site less do? if not, how many are too few?
    while bound <= tried:
        left = time_limit / 2 - (time.perf_counter() - began)
        fewer, bounds, _ = tighten(gains, start[:tried], tried, seconds=left)
        bound = max(bound, _least(bounds, need))
        if gains.value(fewer) >= need:
            start = ordered(gains, fewer)
            start = start[: int(np.argmax(_running(gains, start) >= need)) + 1]
            tried = len(start) - 1
        else:
            tried = (bound + tried) // 2 if tried > bound and left > 0 else bound - 1
    if bound < len(start):
        kept = undominated(gains) if gains.uniform else np.flatnonzero(np.diff(gains.rows) > 0)
        tiers = _Tiers.of(gains.only(kept))
        rows = [tiers.constraint(), tiers.gain(need), tiers.sites(bound, len(start))]
        left = time_limit - (time.perf_counter() - began)
        chosen, proven = _solve(tiers.counted(), rows, tiers, left)
        if proven is not None:
            bound = max(bound, int(np.ceil(proven - _CLOSE)))
        if chosen is not None and len(chosen) < len(start):
            better = kept[chosen]
            start = better if gains.value(better) >= need * (1 - _CLOSE) else start
    return Found(ordered(gains, start), float(len(start)), float(min(bound, len(start))))


def _least(bounds: Floats, need: float) -> int:
    """Give the smallest number of sites whose bound does not rule out what is needed."""
    enough = np.flatnonzero(bounds >= need * (1 - 1e-12))
    return int(enough[0]) + 1 if len(enough) else len(bounds) + 1


def _running(gains: Gains, chosen: Longs) -> Floats:
    """Give what the first 1, 2, ... sites gain."""
    return np.array([gains.value(chosen[: n + 1]) for n in range(len(chosen))])


def ordered(gains: Gains, chosen: Longs) -> Longs:
    """Put sites in the order of greatest gain beside those before them.

    Parameters
    ----------
    gains
        What each candidate gains of each element.
    chosen
        Numbers of the candidates.
    """
    best = greedy(gains.only(np.sort(chosen)), len(chosen))
    first = np.sort(chosen)[best]
    return np.concatenate([first, np.setdiff1d(chosen, first)])


@dataclass(frozen=True)
class _Tiers:
    """The programme's variables: a site each, then each level of gain of each element.

    A level is gained if a site of that level is built, or one of the level above it. So pairs stay
    as many as they are, where one row for each pair of element and level would square them.
    """

    candidate: Longs  # of each entry
    tier: Longs  # of each entry
    above: Longs  # of each tier; -1 for the highest of its element
    step: Floats  # gain of each tier beyond the next lower one
    candidates: int

    @classmethod
    def of(cls, gains: Gains) -> _Tiers:
        order = np.lexsort((-gains.gain, gains.element))
        element, gain = gains.element[order], gains.gain[order]
        new = np.ones(len(order), np.bool_)
        new[1:] = (element[1:] != element[:-1]) | (gain[1:] != gain[:-1])
        tier = np.cumsum(new) - 1
        of, level = element[new], gain[new]
        same = of[1:] == of[:-1]
        above = np.full(len(of), -1, np.int64)
        above[1:][same] = np.flatnonzero(same)
        step = level.copy()
        step[:-1][same] -= level[1:][same]
        return cls(gains.row()[order], tier, above, step, gains.candidates)

    def constraint(self) -> LinearConstraint:
        """Say that a tier is gained only through a site or the tier above."""
        tiers = np.arange(len(self.step))
        lower = np.flatnonzero(self.above >= 0)
        row = np.concatenate([tiers, lower, self.tier])
        column = np.concatenate(
            [self.candidates + tiers, self.candidates + self.above[lower], self.candidate]
        )
        sign = np.concatenate([np.ones(len(tiers)), -np.ones(len(lower) + len(self.tier))])
        shape = (len(tiers), self.candidates + len(tiers))
        matrix = scipy.sparse.csr_array((sign, (row, column)), shape=shape)
        return LinearConstraint(matrix, -np.inf, 0.0)

    def counted(self) -> Floats:
        return np.concatenate([np.ones(self.candidates), np.zeros(len(self.step))])

    def maximised(self) -> Floats:
        return np.concatenate([np.zeros(self.candidates), -self.step])

    def sites(self, least: float, greatest: float) -> LinearConstraint:
        return LinearConstraint(scipy.sparse.csr_array(self.counted()[None]), least, greatest)

    def gain(self, need: float) -> LinearConstraint:
        row = scipy.sparse.csr_array(-self.maximised()[None] / need)
        return LinearConstraint(row, 1.0, np.inf)


def _solve(
    cost: Floats, rows: list[LinearConstraint], tiers: _Tiers, time_limit: float
) -> tuple[Longs | None, float | None]:
    """Run HiGHS: the sites that it found, and the least cost that it proved possible."""
    whole = np.zeros(len(cost), np.int8)
    whole[: tiers.candidates] = 1
    scale = max(float(np.abs(cost).sum()), 1.0) if len(tiers.step) else 1.0
    # Gaps are compared with 1e-6 of a unit: in thousandths of the whole, not in person-seconds.
    unit = 1.0 if np.abs(cost).max(initial=0.0) <= 1.0 else scale / 1e3
    answer = milp(
        cost / unit,
        integrality=whole,
        bounds=Bounds(0.0, 1.0),
        constraints=rows,
        options={"time_limit": max(float(time_limit), 0.1), "mip_rel_gap": 0.0},
    )
    sites = None if answer.x is None else np.flatnonzero(answer.x[: tiers.candidates] > 0.5)
    proven = getattr(answer, "mip_dual_bound", None)
    if proven is None or not np.isfinite(proven):
        return sites, None
    return sites, float(proven) * unit
