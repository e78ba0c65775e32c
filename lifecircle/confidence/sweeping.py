"""The sweep: who has what within its threshold in each setting, measured as seldom as possible.

All seconds of a walker scale with the speed: a search serves every speed. The snap limit and the
source of facilities decide which entrances count: a search serves all settings in which these are
the same. So one kind takes as many searches as there are such sets, mostly one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from lifecircle.confidence.grounds import Ground
from lifecircle.confidence.joining import Joining, Streets
from lifecircle.kernels.graph import Bools, Floats, Longs
from lifecircle.place import Located
from lifecircle.reach import nearest_seconds, take
from lifecircle.standards import Requirement, Standard, Unit

Told = Callable[[int, int], None]
"""Called with how many kinds are done, and how many there are."""

CLOSE: Final = 5e-10
"""Seconds and metres are compared to the ninth decimal, as coverage does."""


@dataclass(frozen=True, eq=False)
class Tried:
    """Settings as the sweep needs them.

    Parameters
    ----------
    population, facilities
        Names of the sources of each setting.
    speed
        Each setting's speed as a multiple of the county's own.
    limit_m
        Each setting's snap limit; the first is the profile's own.
    counted
        Source of facilities -> which of them count.
    own_m_min
        Speed of the county's own profile, m/min.
    """

    population: np.ndarray
    facilities: np.ndarray
    speed: Floats
    limit_m: Floats
    counted: Mapping[str, Bools]
    own_m_min: float

    def on(self, streets: Streets) -> tuple[Floats, Floats]:
        """Give speed and snap limit for one profile: nobody drives as fast as they walk."""
        profile = streets.network.profile
        limit = self.limit_m.copy()
        limit[0] = profile.snap_limit_m
        if profile.vehicle:
            return np.ones(len(limit)), limit
        # A faster profile of one setting is not tried above the fastest that is drawn.
        fastest = max(float(self.speed.max()) * self.own_m_min / profile.metres_per_minute, 1.0)
        return np.minimum(self.speed, fastest), limit


@dataclass(frozen=True, eq=False)
class Found:
    """What the sweep found, one column per setting.

    Parameters
    ----------
    covered, judged
        Requirement by requirement: residents within the threshold, and all who are judged.
    lacking
        Kind -> residents beyond its threshold.
    still, people
        Gap by gap: its residents who are beyond the threshold, and all its residents.
    """

    covered: Floats
    judged: Floats
    lacking: Mapping[str, Floats]
    still: Floats
    people: Floats


def walks(ground: Ground, joining: Joining, entrances: Longs, unit: Unit, cutoff: float) -> Floats:
    """Measure the walk from every row of a ground's places to the nearest of some entrances.

    Parameters
    ----------
    ground
        Residents.
    joining
        How the facilities' entrances join the roads.
    entrances
        Which of them count.
    unit
        ``"minutes"``: seconds are given; ``"metres"``.
    cutoff
        Longer walks do not matter.

    Returns
    -------
    ndarray
        Without the residents' way to their road; inf where nothing is reached.
    """
    served = ground.served.joined
    on = entrances[joining.row[entrances] >= 0]
    at = take(served.located(unit), joining.row[on])
    way = served.streets.way(joining, unit)[on]
    sources = Located(at.chain, at.ahead, at.back, way)
    number = np.zeros(len(on), np.int32)
    walk, _ = nearest_seconds(
        ground.streets.of(unit), sources, number, ground.joined.located(unit), cutoff
    )
    return np.where(np.isnan(walk), np.inf, walk)


def with_way(ground: Ground, walk: Floats, joining: Joining, unit: Unit) -> Floats:
    """Add each cell's way to its road to the walk from there; inf where it is off the network.

    Parameters
    ----------
    ground, unit
        As for `walks`.
    walk
        As `walks` gives it.
    joining
        How the cells join the roads.
    """
    return np.where(joining.row < 0, np.inf, walk[joining.row] + ground.streets.way(joining, unit))


def threshold(requirement: Requirement) -> float:
    """Give a requirement's threshold in seconds or metres."""
    if requirement.unit == "metres":
        return requirement.limit
    return round(requirement.limit * 60.0, 9)


def sweep(
    grounds: Sequence[Ground],
    tried: Tried,
    standard: Standard,
    gaps: pd.DataFrame,
    told: Told | None = None,
) -> Found:
    """Measure every setting.

    Parameters
    ----------
    grounds
        Residents by each source and profile.
    tried
        The settings.
    standard
        Thresholds.
    gaps
        Gaps in the county's own setting, with their ``kind``.
    told
        Told of each kind that is done.

    Returns
    -------
    Found
        Rows in the order of the standard's requirements, and of the gaps.
    """
    asked, many = standard.requirements, len(tried.speed)
    kinds = list(dict.fromkeys(r.kind for r in asked))
    gap_kinds = dict.fromkeys((*standard.gap_kinds, *gaps["kind"].unique()))
    found = Found(
        covered=np.zeros((len(asked), many)),
        judged=np.zeros((len(asked), many)),
        lacking={kind: np.zeros(many) for kind in gap_kinds if kind in kinds},
        still=np.zeros((len(gaps), many)),
        people=np.zeros((len(gaps), many)),
    )
    for number, kind in enumerate(kinds):
        if told is not None:
            told(number, len(kinds))
        for ground in grounds:
            _Kind(ground, tried, kind, asked, found).measure()
    return found


@dataclass(frozen=True, eq=False)
class _Kind:
    """One kind for the residents of one ground."""

    ground: Ground
    tried: Tried
    kind: str
    asked: Sequence[Requirement]
    found: Found

    def measure(self) -> None:
        """Add up what each setting gives."""
        ground, tried, found = self.ground, self.tried, self.found
        at = np.flatnonzero(tried.population == ground.population)
        rows = [n for n, r in enumerate(self.asked) if r.kind == self.kind]
        for n in rows:
            meant = ground.judged[self.asked[n].circle]
            found.judged[n, at] += ground.persons.sum(where=meant)
        gap, cell = ground.members.get(self.kind, _NOBODY)
        people = np.bincount(gap, ground.persons[cell], minlength=len(found.people))
        found.people[:, at] += people[:, None]
        speed, limit = tried.on(ground.streets)
        for settings, joining, entrances in self._alike(at, limit):
            fastest = float(speed[settings].max())
            cutoffs: dict[Unit, float] = {}
            for n in rows:
                unit = self.asked[n].unit
                cutoffs[unit] = max(cutoffs.get(unit, 0.0), self._limit(n, fastest))
            walk = {
                unit: walks(ground, joining, entrances, unit, cutoff)
                for unit, cutoff in cutoffs.items()
            }
            self._judge(settings, walk, rows, speed, limit)

    def _limit(self, row: int, speed: float) -> float:
        """Give the threshold as it is at the county's own speed, for those who walk at another."""
        limit = threshold(self.asked[row]) + CLOSE
        return limit * speed if self.asked[row].unit == "minutes" else limit

    def _alike(self, settings: Longs, limit: Floats) -> list[tuple[Longs, Joining, Longs]]:
        """Give the settings in which the same entrances count and join the same roads."""
        groups: dict[tuple[bytes, ...], tuple[list[int], Joining, Longs]] = {}
        served = self.ground.served
        for k in settings:
            joining = served.joined.at(limit[k])
            counted = self.tried.counted[self.tried.facilities[k]]
            entrances = served.counting(self.kind, counted)
            on = entrances[joining.row[entrances] >= 0]
            key = (on.tobytes(), joining.row[on].tobytes(), joining.across[on].tobytes())
            groups.setdefault(key, ([], joining, on))[0].append(int(k))
        return [(np.array(some), joining, on) for some, joining, on in groups.values()]

    def _judge(
        self,
        settings: Longs,
        walk: Mapping[Unit, Floats],
        rows: Sequence[int],
        speed: Floats,
        limit: Floats,
    ) -> None:
        ground, found = self.ground, self.found
        gap, cell = ground.members.get(self.kind, _NOBODY)
        weight = ground.persons[cell]
        last, whole = None, {}
        for k in settings:
            joining = ground.joined.at(limit[k])
            if joining is not last:
                whole = {unit: with_way(ground, w, joining, unit) for unit, w in walk.items()}
                last = joining
            lacking = np.zeros(len(ground.persons), np.bool_)
            for n in rows:
                meant = ground.judged[self.asked[n].circle]
                near = whole[self.asked[n].unit] <= self._limit(n, speed[k])
                found.covered[n, k] += ground.persons.sum(where=near & meant)
                lacking |= meant & ~near
            if self.kind in found.lacking:
                found.lacking[self.kind][k] += ground.persons.sum(where=lacking)
            found.still[:, k] += np.bincount(
                gap, weight * lacking[cell], minlength=len(found.still)
            )


_NOBODY: Final = (np.empty(0, np.int64), np.empty(0, np.int64))
