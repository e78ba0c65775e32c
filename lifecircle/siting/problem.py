"""What siting decides over: who would walk how long to which candidate; sparse throughout."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import scipy.sparse

from lifecircle.errors import Fault, InputError
from lifecircle.kernels.graph import Bools, Floats, Ints, Longs

_AT_ONCE: Final = 5_000_000  # entries compared at once: some 100 MB
_DIGITS: Final = 9  # seconds are compared to the nanosecond, as `lifecircle.indicator` does


@dataclass(frozen=True)
class SitingProblem:
    """Residents, the facilities they have, and the candidates they could walk to.

    Parameters
    ----------
    persons
        Residents of each cell.
    limit
        Longest walk within which a cell counts as served, s.
    present
        Walk of each cell to the nearest facility there is, s; inf where there is none. Facilities
        there are stay: whom they serve is gained by no site.
    rows, cell, seconds
        Cells within the cutoff of each candidate, as compressed sparse rows: row starts, cell
        numbers, walks in s. Pairs that are absent are beyond the cutoff.
    cutoff
        Longest walk that was searched, s.
    penalty
        What is added to the cutoff for a resident who reaches nothing within it, s.

    Examples
    --------
    >>> problem = SitingProblem(
    ...     persons=np.array([5.0, 3.0]), limit=np.full(2, 900.0), present=np.array([np.inf, 60.0]),
    ...     rows=np.array([0, 2]), cell=np.array([0, 1]), seconds=np.array([600.0, 0.0]),
    ...     cutoff=1800.0,
    ... )
    >>> problem.served, problem.covering(problem.limit).weight  # the second cell has a facility
    (3.0, array([5.]))
    """

    persons: Floats
    limit: Floats
    present: Floats
    rows: Longs
    cell: Ints
    seconds: Floats
    cutoff: float
    penalty: float = 0.0

    def __post_init__(self) -> None:
        known = np.isfinite(self.persons) & (self.persons >= 0)
        if not known.all():
            at = int(np.flatnonzero(~known)[0])
            what = f"persons of cell {at} are {self.persons[at]}"
            raise InputError(Fault("siting", what, "give 0 or more"))
        if len(self.seconds) and not self.seconds.max() <= self.cutoff:
            what = f"a walk of {self.seconds.max():.0f} s is beyond the cutoff"
            raise InputError(Fault("siting", what, "leave out pairs beyond the cutoff"))

    @property
    def candidates(self) -> int:
        """How many candidates there are."""
        return len(self.rows) - 1

    @property
    def total(self) -> float:
        """All residents that are judged."""
        return float(self.persons.sum())

    @property
    def served(self) -> float:
        """Residents whom a facility there is serves already."""
        return float(self.persons[within(self.present, self.limit)].sum())

    def row(self) -> Longs:
        """Give the candidate of each pair."""
        return np.repeat(np.arange(self.candidates), np.diff(self.rows))

    def covering(self, limit: Floats | float) -> Gains:
        """Give whom each candidate would newly bring within a limit.

        Parameters
        ----------
        limit
            Longest walk of each cell, or of all, s.

        Returns
        -------
        Gains
            Cells that the same candidates would serve are one element: nothing is lost by it.
        """
        limits = np.broadcast_to(np.asarray(limit, dtype=np.float64), self.persons.shape)
        lacking = (self.persons > 0) & ~within(self.present, limits)
        kept = lacking[self.cell] & within(self.seconds, limits[self.cell])
        return _merged(self.row()[kept], self.cell[kept], self.persons, self.candidates)

    def saving(self) -> Gains:
        """Give the person-seconds that each candidate would save each cell."""
        kept = self.seconds < self.now()[self.cell]
        kept &= self.persons[self.cell] > 0
        cells, element = np.unique(self.cell[kept], return_inverse=True)
        gain = self.persons[self.cell] * (self.now()[self.cell] - self.seconds)
        rows = _starts(self.row()[kept], self.candidates)
        return Gains(rows, element.astype(np.int64), gain[kept], len(cells), uniform=False)

    def now(self) -> Floats:
        """Give the walk of each cell as it is, s; cutoff and penalty where nothing is reached."""
        return np.where(self.present <= self.cutoff, self.present, self.cutoff + self.penalty)

    def walks(self, chosen: Longs) -> Floats:
        """Give the walk of each cell once some candidates are built, s.

        Parameters
        ----------
        chosen
            Numbers of the candidates.

        Returns
        -------
        ndarray
            inf where neither a facility nor a site is within the cutoff.
        """
        walk = np.where(self.present <= self.cutoff, self.present, np.inf)
        for site in chosen:
            pairs = slice(self.rows[site], self.rows[site + 1])
            np.minimum.at(walk, self.cell[pairs], self.seconds[pairs])
        return walk

    def gained(self, walk: Floats) -> float:
        """Add up the residents whom walks newly bring within their limit.

        Parameters
        ----------
        walk
            As `walks` gives it.
        """
        new = within(walk, self.limit) & ~within(self.present, self.limit)
        return float(self.persons[new].sum())


@dataclass(frozen=True)
class Gains:
    """What each candidate would gain of each element; of several sites the best one counts.

    Parameters
    ----------
    rows, element, gain
        Elements of each candidate, as compressed sparse rows, with what is gained of each.
    count
        How many elements there are.
    uniform
        Whether an element is gained in full or not at all, so that all its gains are equal.
    """

    rows: Longs
    element: Longs
    gain: Floats
    count: int
    uniform: bool

    @property
    def candidates(self) -> int:
        """How many candidates there are."""
        return len(self.rows) - 1

    @property
    def weight(self) -> Floats:
        """The most that can be gained of each element."""
        most = np.zeros(self.count)
        np.maximum.at(most, self.element, self.gain)
        return most

    def row(self) -> Longs:
        """Give the candidate of each entry."""
        return np.repeat(np.arange(self.candidates), np.diff(self.rows))

    def value(self, chosen: Longs) -> float:
        """Add up what some candidates gain together.

        Parameters
        ----------
        chosen
            Numbers of the candidates.
        """
        best = np.zeros(self.count)
        for site in chosen:
            entries = slice(self.rows[site], self.rows[site + 1])
            np.maximum.at(best, self.element[entries], self.gain[entries])
        return float(best.sum())

    def only(self, kept: Longs) -> Gains:
        """Give some of the candidates, in the order given; elements stay.

        Parameters
        ----------
        kept
            Numbers of the candidates.
        """
        sizes = np.diff(self.rows)[kept]
        rows = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        within = np.arange(rows[-1]) - np.repeat(rows[:-1], sizes)
        entry = np.repeat(self.rows[kept], sizes) + within
        return replace(self, rows=rows, element=self.element[entry], gain=self.gain[entry])


def undominated(gains: Gains) -> Longs:
    """Find the candidates that no other one replaces: one that serves all they serve, and more.

    Of candidates that serve the same the first one stays. An answer over those that stay is as good
    as one over all.

    Parameters
    ----------
    gains
        Uniform gains.

    Returns
    -------
    ndarray of int
        Numbers of the candidates, ascending.

    Examples
    --------
    >>> rows, element = np.array([0, 1, 3, 5]), np.array([0, 0, 1, 0, 1])
    >>> undominated(Gains(rows, element, np.ones(5), 2, uniform=True))
    array([1])
    """
    size = np.diff(gains.rows)
    matrix = scipy.sparse.csr_array(
        (np.ones(len(gains.element), np.int32), gains.element, gains.rows),
        shape=(gains.candidates, gains.count),
    )
    # Whoever serves all that a candidate serves also serves the element that fewest serve.
    often = np.bincount(gains.element, minlength=gains.count)
    row = gains.row()
    order = np.lexsort((often[gains.element], row))
    some = np.flatnonzero(size > 0)
    rarest = gains.element[order[gains.rows[some]]]
    by_element = matrix.T.tocsr()
    served_by = np.diff(by_element.indptr)[rarest]
    low = np.repeat(some, served_by)
    first = np.repeat(by_element.indptr[rarest] - np.cumsum(served_by) + served_by, served_by)
    high = by_element.indices[first + np.arange(len(low))].astype(np.int64)
    asked = (size[high] > size[low]) | ((size[high] == size[low]) & (high < low))
    low, high = low[asked], high[asked]
    beaten = np.zeros(gains.candidates, np.bool_)
    part = (np.cumsum(size[low] + size[high]) // _AT_ONCE).astype(np.int64)
    for pairs in np.split(np.arange(len(low)), np.flatnonzero(np.diff(part)) + 1):
        both = matrix[low[pairs]].multiply(matrix[high[pairs]]).sum(axis=1)
        beaten[low[pairs][np.asarray(both).ravel() == size[low[pairs]]]] = True
    return np.flatnonzero((size > 0) & ~beaten)


def within(seconds: Floats, limit: Floats | float) -> Bools:
    """Tell which walks are within a limit, to the nanosecond.

    Parameters
    ----------
    seconds, limit
        Walks and their limits, s.

    Examples
    --------
    >>> within(np.array([0.1 + 0.2, np.inf]), 0.3)
    array([ True, False])
    """
    return np.asarray(np.round(seconds, _DIGITS) <= np.round(limit, _DIGITS))


def _starts(row: Longs, count: int) -> Longs:
    """Give the row starts of sorted row numbers."""
    return np.searchsorted(row, np.arange(count + 1)).astype(np.int64)


def _merged(row: Longs, cell: Ints, persons: Floats, candidates: int) -> Gains:
    """Make one element of all cells that the same candidates serve."""
    order = np.argsort(cell, kind="stable")
    by_cell = row[order].astype(np.int32)
    cells, first = np.unique(cell[order], return_index=True)
    ends = np.append(first, len(order))[1:]
    numbers: dict[bytes, int] = {}
    served_by = (by_cell[a:b].tobytes() for a, b in zip(first, ends, strict=True))
    element = np.array([numbers.setdefault(key, len(numbers)) for key in served_by], np.int64)
    weight = np.bincount(element, persons[cells], len(numbers)).astype(np.float64)
    once = np.unique(element, return_index=True)[1]  # the first cell of each element stands for it
    number = np.full(len(persons), -1, np.int64)
    number[cells[once]] = np.arange(len(once))
    kept = number[cell] >= 0
    found = number[cell[kept]]
    return Gains(_starts(row[kept], candidates), found, weight[found], len(once), uniform=True)
